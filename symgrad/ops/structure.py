"""vec, Kronecker products, and matrices made of their free parameters: triangular, symmetric, Toeplitz.

Every rearrangement is linear and stands beside its transpose (⟨A x, g⟩ = ⟨x, Aᵀ g⟩), so a derivative is one more record of
this table: vec ↔ unvec, lower ↔ vech, toeplitz ↔ sums along diagonals. `vec` stacks columns, `vech` the columns of the lower triangle.
A triangle of a matrix is its product, entry by entry, with a matrix `tri` of ones on and below the diagonal and zeros above.
Sources: Magnus & Neudecker, *Matrix Differential Calculus* (2019), chapters 2 and 3; Matrix Cookbook (2012), §2.8 and §10.2.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from symgrad.dims import ONE, Dim, Shape, show
from symgrad.errors import ShapeError, Unsupported
from symgrad.op import Function, Infix, Notation, Op, Prec, Spelling, Writer
from symgrad.tensor import Func, Node, Params, add, constant, einsum, eye, func, multiply, transpose


def _matrix(shapes: tuple[Shape, ...], what: str) -> Shape:
    if len(shapes[0]) != 2:
        raise ShapeError(f"{what} of a {show(shapes[0])}: it needs a matrix")
    return shapes[0]


def _vec(shapes: tuple[Shape, ...], _: Params) -> Shape:
    rows, columns = _matrix(shapes, "vec")
    return rows * columns, ONE


def _column(shapes: tuple[Shape, ...], length: Any, what: str) -> None:
    if shapes[0] != (length, ONE):
        raise ShapeError(f"{what} needs a column of {length} entries, not a {show(shapes[0])}")


def _unvec(shapes: tuple[Shape, ...], params: Params) -> Shape:
    rows, columns = params
    _column(shapes, rows * columns, f"a {show(params)} matrix")
    return rows, columns


def _kron(shapes: tuple[Shape, ...], _: Params) -> Shape:
    left, right = _matrix(shapes, "a Kronecker product"), _matrix(shapes[1:], "a Kronecker product")
    return left[0] * right[0], left[1] * right[1]


def _vech(shapes: tuple[Shape, ...], _: Params) -> Shape:
    rows, columns = _matrix(shapes, "vech")
    if rows is not columns:
        raise ShapeError(f"vech of a {show(shapes[0])}: it needs a square matrix")
    return rows * (rows + 1) / 2, ONE


def _triangle(shapes: tuple[Shape, ...], params: Params) -> Shape:
    (size,) = params
    _column(shapes, size * (size + 1) / 2, f"the lower triangle of a {show((size, size))} matrix")
    return size, size


def _toeplitz(shapes: tuple[Shape, ...], params: Params) -> Shape:
    rows, columns = params
    _column(shapes, rows + columns - 1, f"a {show(params)} Toeplitz matrix")
    return rows, columns


def _diagonal_sums(shapes: tuple[Shape, ...], _: Params) -> Shape:
    rows, columns = _matrix(shapes, "the sums along the diagonals")
    return rows + columns - 1, ONE


def _one_hot(shapes: tuple[Shape, ...], params: Params) -> Shape:
    """A row for each place; the axis of size 1 of a column of places is the one that the rows are along."""
    *lead, last = shapes[0] or (ONE,)
    return (*lead, *params) if last.is_one else (*lead, last, *params)


def _no_slope(node: Func, g: Node) -> tuple[Node, ...]:
    raise Unsupported("symgrad has no derivative of what is taken from places by the places, which are whole numbers")


def _commutation(_: tuple[Shape, ...], params: Params) -> Shape:
    rows, columns = params
    return rows * columns, rows * columns


_SHAPES = {
    "vec": _vec, "unvec": _unvec, "kron": _kron, "lower": _triangle, "vech": _vech, "symmetric": _triangle,
    "toeplitz": _toeplitz, "diagonal_sums": _diagonal_sums, "one_hot": _one_hot,
}  # fmt: skip


def made(name: str, operands: Sequence[Node], params: Params = ()) -> Node:
    """One of the functions of this table, by name; vec and unvec undo each other."""
    shape = _SHAPES[name](tuple(o.shape for o in operands), params)
    inner = operands[0]
    if isinstance(inner, Func) and {name, inner.fn} == {"vec", "unvec"} and inner.operands[0].shape == shape:
        return inner.operands[0]
    return func(name, operands, params, shape)


def _again(node: Func, tangents: Any) -> Node:
    return made(node.fn, tangents, node.params)


def _kron_vjp(node: Func, g: Node) -> tuple[Node, ...]:
    """Block (i, j) of A ⊗ B is A_ij B, so ∂A_ij is that block of the cotangent against B."""
    a, b = node.operands
    blocks = func("reshape", [g], (a.shape[0], b.shape[0], a.shape[1], b.shape[1]), (a.shape[0], b.shape[0], a.shape[1], b.shape[1]))
    return (
        einsum([(blocks, (0, 1, 2, 3)), (b, (1, 3))], (0, 2), a.shape),
        einsum([(blocks, (0, 1, 2, 3)), (a, (0, 2))], (1, 3), b.shape),
    )


def _kron_jvp(node: Func, tangents: Sequence[Node | None]) -> Node:
    a, b = node.operands
    da, db = tangents
    return add([made("kron", pair) for pair in ((da, b), (a, db)) if None not in pair])  # type: ignore[arg-type]


def tri(shape: Shape) -> Node:
    """Ones on and below the diagonal, zeros above."""
    return func("tri", (), shape, shape)


def counting(size: Dim) -> Node:
    """1, 2, …, n, a column."""
    return func("counting", (), (size,), (size, ONE))


def _upper(node: Node) -> Node:
    return multiply(node, transpose(tri(node.shape[::-1])))


def _symmetric_vjp(node: Func, g: Node) -> tuple[Node, ...]:
    """vech(G + Gᵀ − G ⊙ I): an entry off the diagonal stands twice (Cookbook 138)."""
    diagonal = einsum([(g, (0, 1)), (eye(g.shape[0]), (0, 1))], (0, 1), g.shape)
    return (made("vech", [g + transpose(g) - diagonal]),)


FUNCTIONS: tuple[Function, ...] = (
    Function("vec", lambda node, g: (made("unvec", [g], node.operands[0].shape),), _again),
    Function("unvec", lambda node, g: (made("vec", [g]),), _again),
    Function("kron", _kron_vjp, _kron_jvp, source="Magnus & Neudecker (2019), §3.15"),
    Function("lower", lambda node, g: (made("vech", [g]),), _again),
    Function("vech", lambda node, g: (made("lower", [g], (node.operands[0].shape[0],)),), _again),
    Function("symmetric", _symmetric_vjp, _again, source="Matrix Cookbook (138)"),
    Function("toeplitz", lambda node, g: (made("diagonal_sums", [g]),), _again, source="Matrix Cookbook (143)"),
    Function("one_hot", _no_slope, lambda node, t: _no_slope(node, node)[0], domain="places"),
    Function("tri", lambda node, g: (), lambda node, t: constant(0, node.shape)),
    Function("counting", lambda node, g: (), lambda node, t: constant(0, node.shape)),
    Function("diagonal_sums", lambda node, g: (made("toeplitz", [g], node.operands[0].shape),), _again),
)  # fmt: skip


def _named(latex: str, text: str, numpy: str, shown: bool = False) -> Spelling:
    """`name(x)`; `shown` ones say the size of what they make. NumPy gets the parameters too."""

    def write(writer: Writer, form: Any) -> tuple[str, Prec]:
        inside = writer.write(form.args[0], Prec.SUM)
        if writer.mode == "numpy":
            return numpy.format(inside, *(writer.write(p, Prec.SUM) for p in form.params)), Prec.ATOM
        if writer.mode == "latex":
            below = r" \times ".join(dim.latex for dim in form.params)
            return latex + (f"_{{{below}}}" if shown else "") + rf"\left({inside}\right)", Prec.ATOM
        return text + (f"[{show(form.params)}]" if shown else "") + f"({inside})", Prec.ATOM

    return write


def _write_tri(writer: Writer, form: Any) -> tuple[str, Prec]:
    """The lower triangle of ones."""
    if writer.mode == "numpy":
        return f"np.tri({', '.join(writer.write(dim, Prec.SUM) for dim in form.shape)})", Prec.ATOM
    if writer.mode == "latex":
        size = r" \times ".join(dim.latex for dim in form.shape)
        return rf"\operatorname{{tril}}\left(\mathbf{{1}}_{{{size}}}\right)", Prec.ATOM
    return f"tril(1[{show(form.shape)}])", Prec.ATOM


def _write_counting(writer: Writer, form: Any) -> tuple[str, Prec]:
    (size,) = form.params
    if writer.mode == "numpy":
        return f"np.arange(1, {writer.write(size + 1, Prec.SUM)})[:, None]", Prec.ATOM
    if writer.mode == "latex":
        return rf"\begin{{bmatrix}} 1 & \cdots & {size.latex} \end{{bmatrix}}^{{\top}}", Prec.POSTFIX
    return f"[1; …; {size}]", Prec.ATOM


def _write_one_hot(writer: Writer, form: Any) -> tuple[str, Prec]:
    """The rows of zeros with a 1 at each place; NumPy counts places from 0."""
    (places,) = form.args
    inside = writer.write(places, Prec.SUM)
    if writer.mode == "numpy":
        size, axes = writer.write(form.params[0], Prec.SUM), len(form.shape) - 1
        if axes == 1:
            return f"_one_hot({inside}, {size})", Prec.ATOM
        return f"(1.0 * ({writer.write(places, Prec.ATOM)}[{':, ' * axes}None] == np.arange({size})))", Prec.ATOM
    return (rf"\operatorname{{onehot}}\left({inside}\right)" if writer.mode == "latex" else f"onehot({inside})"), Prec.ATOM


def _commute(_: tuple[Node, ...], params: Params) -> Node:
    """δ_kk' δ_ll' with rows (k, l) and columns (l', k')."""
    rows, columns = params
    split: Shape = (rows, columns, columns, rows)
    shape = _commutation((), params)
    return func("reshape", [einsum([(eye(rows), (0, 3)), (eye(columns), (1, 2))], (0, 1, 2, 3), split)], shape, shape)


def _write_commutation(writer: Writer, form: Any) -> tuple[str, Prec]:
    rows, columns = (writer.write(p, Prec.SUM) for p in form.params)
    if writer.mode == "numpy":
        entries = f"np.eye({rows} * {columns}).reshape({columns}, {rows}, -1)"
        return f"{entries}.transpose(1, 0, 2).reshape({rows} * {columns}, -1)", Prec.ATOM
    return (f"K_{{{rows},{columns}}}" if writer.mode == "latex" else f"K[{rows}×{columns}]"), Prec.ATOM


def _op(name: str, spelling: Spelling) -> Op:
    return Op(
        name, 1, _SHAPES[name], lambda nodes, params: made(name, nodes, params), spelling, spelling, spelling,
        source=next(f.source for f in FUNCTIONS if f.name == name),
    )  # fmt: skip


RECORDS: tuple[Op, ...] = (
    _op("vec", _named(r"\operatorname{vec}", "vec", "np.reshape({0}, (-1, 1), order='F')")),
    _op("unvec", _named(r"\operatorname{vec}^{-1}", "vec⁻¹", "np.reshape({0}, ({1}, {2}), order='F')", shown=True)),
    Op("kron", 2, _kron, lambda nodes, _: made("kron", nodes),
       Infix(r" \otimes ", Prec.PRODUCT, Prec.QUOTIENT), Infix(" ⊗ ", Prec.PRODUCT, Prec.QUOTIENT), Notation("np.kron({0}, {1})")),
    Op("commutation", 0, _commutation, _commute, _write_commutation, _write_commutation, _write_commutation,
       source="Magnus & Neudecker (2019), §3.7"),
    _op("lower", _named(r"\operatorname{lower}", "lower", "_lower({0}, {1})")),
    _op("vech", _named(r"\operatorname{vech}", "vech", "_vech({0})")),
    _op("symmetric", _named(r"\operatorname{vech}^{-1}", "vech⁻¹", "_symmetric({0}, {1})")),
    _op("toeplitz", _named(r"\operatorname{Toeplitz}", "Toeplitz", "_toeplitz({0}, {1}, {2})")),
    Op("one_hot", 1, _one_hot, lambda nodes, params: made("one_hot", nodes, params), _write_one_hot, _write_one_hot, _write_one_hot),
    Op("tri", 0, lambda _, params: params, lambda _, params: tri(params), _write_tri, _write_tri, _write_tri),
    Op("counting", 0, lambda _, params: (*params, ONE), lambda _, params: counting(*params),
       _write_counting, _write_counting, _write_counting),
    Op("tril", 1, lambda shapes, _: _matrix(shapes, "a triangle"), lambda nodes, _: multiply(nodes[0], tri(nodes[0].shape)),
       Notation(r"\operatorname{{tril}}\left({0}\right)"), Notation("tril({0})"), Notation("np.tril({0})")),
    Op("triu", 1, lambda shapes, _: _matrix(shapes, "a triangle"), lambda nodes, _: _upper(nodes[0]),
       Notation(r"\operatorname{{triu}}\left({0}\right)"), Notation("triu({0})"), Notation("np.triu({0})")),
    _op("diagonal_sums", _named(r"\operatorname{diagonals}", "diagonals", "_diagonal_sums({0})")),
)  # fmt: skip
