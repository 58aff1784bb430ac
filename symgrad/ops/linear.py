"""Sums, products and transposes of matrices, and the constants 0, 1 and I.

Source of the tensor forms: Laue, Mitterreiter, Giesen, *A Simple and Efficient Tensor Calculus* (AAAI 2020), Table 1.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from symgrad import names
from symgrad.dims import Dim, Shape, show
from symgrad.errors import ShapeError
from symgrad.op import Infix, Notation, Op, Prec, Writer, side_by_side
from symgrad.tensor import Node, Params, add, broadcast, constant, einsum, eye, power, transpose


def broadcast_shape(shapes: tuple[Shape, ...], what: str) -> Shape:
    """The common shape under NumPy's broadcasting; only axes of size 1, and missing leading axes, are repeated.

    >>> n, k = Dim.of("n"), Dim.of("k")
    >>> show(broadcast_shape(((n, k), (Dim.of(1), k), ()), "a sum"))
    'n×k'
    """
    rank = max(map(len, shapes))
    result: list[Dim] = [Dim.of(1)] * rank
    for shape in shapes:
        for axis, dim in enumerate(shape, start=rank - len(shape)):
            if result[axis].is_one:
                result[axis] = dim
            elif not dim.is_one and dim is not result[axis]:
                raise ShapeError(f"{what} of {' and '.join(map(show, shapes))}: {result[axis]} is not {dim}")
    return tuple(result)


def _matrix(shape: Shape, what: str) -> Shape:
    if len(shape) != 2:
        raise ShapeError(f"{what} of a {show(shape)}: it needs a matrix (two axes)")
    return shape


def _matmul_shape(shapes: tuple[Shape, ...], _: Params) -> Shape:
    for shape in shapes:
        _matrix(shape, "a matrix product")
    for left, right in pairwise(shapes):
        if left[1] is not right[0]:
            raise ShapeError(f"a matrix product of {show(left)} and {show(right)}: {left[1]} columns do not meet {right[0]} rows")
    return shapes[0][0], shapes[-1][1]


def _matmul(nodes: tuple[Node, ...], _: Params) -> Node:
    n = len(nodes)
    shape = (nodes[0].shape[0], nodes[-1].shape[1])
    return einsum([(node, (i, i + 1)) for i, node in enumerate(nodes)], (0, n), shape)


def _matmul_numpy(writer: Writer, form: Any) -> tuple[str, Prec]:
    """A chain that ends in a column is multiplied from the right: every product is then with a vector.

    An inverse that is only applied is a `solve`.
    """
    head, rest = form.args[0], form.args[1:]
    turned = head.op == "transpose" and head.args[0].op == "inverse"
    if head.op == "inverse" or turned:
        matrix = writer.write(head.args[0].args[0] if turned else head.args[0], Prec.ATOM if turned else Prec.SUM)
        applied = " @ ".join(writer.write(arg, Prec.PREFIX if len(rest) > 1 else Prec.SUM) for arg in rest)
        return f"np.linalg.solve({matrix}{'.T' if turned else ''}, {applied})", Prec.ATOM
    last = form.args[-1]
    if last.op == "inverse":
        applied = " @ ".join(writer.write(arg, Prec.PREFIX) for arg in form.args[:-1])
        applied = f"({applied})" if len(form.args) > 2 else applied
        column = applied.removesuffix(".T") if applied.endswith(".T") else f"{applied}.T"
        return f"np.linalg.solve({writer.write(last.args[0], Prec.ATOM)}.T, {column}).T", Prec.ATOM
    parts = [writer.write(arg, Prec.PRODUCT if i == 0 and arg.op == "matmul" else Prec.PREFIX) for i, arg in enumerate(form.args)]
    first, last = form.args[0].shape[0], form.args[-1].shape[1]
    if len(parts) > 2 and last.is_one and not first.is_one:
        chain = parts[-1]
        for part in reversed(parts[1:-1]):
            chain = f"({part} @ {chain})"
        return f"{parts[0]} @ {chain}", Prec.PRODUCT
    return " @ ".join(parts), Prec.PRODUCT


def is_negative(form: Any) -> bool:
    lead = form.args[0] if form.op == "scale" else form
    return bool(lead.op == "number" and lead.value < 0)


def _is_minus_one(form: Any) -> bool:
    return bool(form.op == "number" and form.value == -1 and not form.sizes)


def _write_add(writer: Writer, form: Any) -> tuple[str, Prec]:
    out = ""
    for i, term in enumerate(form.args):
        negative = is_negative(term)
        if i and writer.mode == "numpy" and term.op == "scale" and len(term.args) == 2 and _is_minus_one(term.args[0]):
            out += f" - {writer.write(term.args[1], Prec.PRODUCT)}"
            continue
        # A scaled sum shows its own parentheses, so a leading minus may simply become the sign between terms.
        shown = writer.write(term, Prec.SUM if i == 0 or negative else Prec.PRODUCT)
        if i == 0:
            out = shown
        elif negative:
            out += f" - {shown.removeprefix('-').removeprefix('−').lstrip()}"
        else:
            out += f" + {shown}"
    return out.replace(" - ", " − ") if writer.mode == "text" else out, Prec.SUM


def _write_scale(writer: Writer, form: Any) -> tuple[str, Prec]:
    *scalars, body = form.args
    sign = ""
    if _is_minus_one(scalars[0]):
        sign = "−" if writer.mode == "text" else "-"
        scalars = scalars[1:]
    if writer.mode == "numpy":
        parts = [writer.write(s, Prec.PREFIX if i or s.op != "number" else Prec.PRODUCT) for i, s in enumerate(scalars)]
        # −(A B), not (−A) B: a number goes to the product, which is mostly smaller than a factor.
        parts.append(writer.write(body, Prec.QUOTIENT if parts or body.op == "matmul" else Prec.PRODUCT))
        return sign + " * ".join(parts), Prec.PRODUCT
    parts = [writer.write(s, Prec.PREFIX if s.op != "number" else Prec.PRODUCT) for s in scalars]
    tail = writer.write(body, Prec.PRODUCT if body.op != "scale" else Prec.PREFIX)
    return sign + side_by_side(writer, [*scalars, body], [*parts, tail]), Prec.PRODUCT


def _scale(nodes: tuple[Node, ...], _: Params) -> Node:
    labels = tuple(range(len(nodes[-1].shape)))
    return einsum([*((n, (0,) * len(n.shape)) for n in nodes[:-1]), (nodes[-1], labels)], labels, nodes[-1].shape)


def _scale_shape(shapes: tuple[Shape, ...], _: Params) -> Shape:
    for shape in shapes[:-1]:
        if not all(dim.is_one for dim in shape):
            raise ShapeError(f"a factor of {show(shape)} where a scalar is needed")
    return shapes[-1]


def _hadamard(nodes: tuple[Node, ...], _: Params) -> Node:
    shape = broadcast_shape(tuple(n.shape for n in nodes), "a Hadamard product")
    rank = len(shape)
    return einsum([(n, tuple(range(rank - len(n.shape), rank))) for n in nodes], tuple(range(rank)), shape)


def _quotient(nodes: tuple[Node, ...], _: Params) -> Node:
    return _hadamard((nodes[0], power(nodes[1], -1)), ())


def _write_quotient(writer: Writer, form: Any) -> tuple[str, Prec]:
    top, below = form.args
    if writer.mode == "numpy":
        return f"{writer.write(top, Prec.PRODUCT)} / {writer.write(below, Prec.PREFIX)}", Prec.PRODUCT
    scalar = all(dim.is_one for dim in below.shape)
    if writer.mode == "latex" and scalar:
        return rf"\frac{{{writer.write(top, Prec.SUM)}}}{{{writer.write(below, Prec.SUM)}}}", Prec.POSTFIX
    sign = "/" if scalar else r"\oslash" if writer.mode == "latex" else "⊘"
    spaced = sign if sign == "/" else f" {sign} "
    return f"{writer.write(top, Prec.QUOTIENT)}{spaced}{writer.write(below, Prec.PREFIX)}", Prec.PRODUCT


def _write_transpose(writer: Writer, form: Any) -> tuple[str, Prec]:
    (body,) = form.args
    if writer.mode == "latex" and body.op == "symbol":
        name = names.latex(body.name)
        return _joined_transpose(rf"\left({name}\right)" if name.startswith(r"\frac") else name), Prec.POSTFIX
    if body.op == "inverse" and writer.mode != "numpy":
        mark = {"latex": r"^{-\top}", "text": "⁻ᵀ"}[writer.mode]
        return writer.write(body.args[0], Prec.ATOM) + mark, Prec.POSTFIX
    mark = {"latex": r"^{\top}", "text": "ᵀ", "numpy": ".T"}[writer.mode]
    if writer.mode == "text" and body.op == "symbol":
        name = names.text(body.name)
        return (f"({name})" if "/" in name or " " in name else name) + mark, Prec.POSTFIX
    if body.op in ("ones", "zeros") and body.shape[-1].is_one and writer.mode != "numpy":
        return writer.write(body, Prec.POSTFIX) + mark, Prec.POSTFIX
    return writer.write(body, Prec.ATOM) + mark, Prec.ATOM if writer.mode == "numpy" else Prec.POSTFIX


def _joined_transpose(name: str) -> str:
    r"""`W^{(h)}` transposed is `W^{(h)\top}`: one superscript, since TeX takes no second.

    >>> _joined_transpose("W^{(h)}_{1}"), _joined_transpose("h_{1}"), _joined_transpose(r"\hat{y}")
    ('W^{(h)\\top}_{1}', 'h_{1}^{\\top}', '\\hat{y}^{\\top}')
    """
    depth = 0
    for i, char in enumerate(name):
        if char == "^" and depth == 0:
            level = 0
            for j in range(i + 1, len(name)):
                level += (name[j] == "{") - (name[j] == "}")
                if level == 0:
                    return name[:j] + r"\top}" + name[j + 1 :] if name[i + 1] == "{" else rf"{{{name}}}^{{\top}}"
        depth += (char == "{") - (char == "}")
    return name + r"^{\top}"


def _transposed(shapes: tuple[Shape, ...], _: Params) -> Shape:
    rows, columns = _matrix(shapes[0], "the transpose")
    return columns, rows


def _square_shape(shape: Shape, what: str) -> Shape:
    rows, columns = _matrix(shape, what)
    if rows is not columns:
        raise ShapeError(f"{what} of a {show(shape)}: it needs a square matrix")
    return shape


def _repeated_shape(shapes: tuple[Shape, ...], params: Params) -> Shape:
    if broadcast_shape((shapes[0], params), "a repetition") != params:
        raise ShapeError(f"{show(shapes[0])} does not broadcast to {show(params)}")
    return params


def _write_repeated(writer: Writer, form: Any) -> tuple[str, Prec]:
    """What is repeated: a row that is added to every row is written so."""
    if writer.mode != "numpy":
        return writer.written(form.args[0])
    sizes = ", ".join(writer.write(dim, Prec.SUM) for dim in form.params)
    return f"np.broadcast_to({writer.write(form.args[0], Prec.SUM)}, ({sizes}))", Prec.ATOM


def _trace_shape(shapes: tuple[Shape, ...], _: Params) -> Shape:
    _square_shape(shapes[0], "the trace")
    return ()


def _trace_numpy(writer: Writer, form: Any) -> tuple[str, Prec]:
    """tr(AB) = Σ A ⊙ Bᵀ: the product is never formed in full."""
    (body,) = form.args
    if body.op != "matmul":
        return f"np.trace({writer.write(body, Prec.SUM)})", Prec.ATOM
    left = " @ ".join(writer.write(arg, Prec.PREFIX) for arg in body.args[:-1])
    right = body.args[-1]
    turned = writer.write(right.args[0], Prec.PREFIX) if right.op == "transpose" else writer.write(right, Prec.ATOM) + ".T"
    return f"np.sum({f'({left})' if len(body.args) > 2 else left} * {turned})", Prec.ATOM


def _diag_shape(shapes: tuple[Shape, ...], _: Params) -> Shape:
    shape = shapes[0]
    if len(shape) == 1 or (len(shape) == 2 and (shape[1].is_one or shape[0].is_one)):
        size = shape[0] if not shape[0].is_one else shape[-1]
        return size, size
    raise ShapeError(f"diag of a {show(shape)}: it needs a vector")


def _diag(nodes: tuple[Node, ...], params: Params) -> Node:
    shape = _diag_shape((nodes[0].shape,), params)
    labels = tuple(0 for _ in nodes[0].shape)
    return einsum([(nodes[0], labels), (eye(shape[0]), (0, 1))], (0, 1), shape)


def _diagonal_shape(shapes: tuple[Shape, ...], _: Params) -> Shape:
    rows, _columns = _square_shape(shapes[0], "the diagonal")
    return rows, Dim.of(1)


def _diagonal(nodes: tuple[Node, ...], _: Params) -> Node:
    return einsum([(nodes[0], (0, 0))], (0, 1), (nodes[0].shape[0], Dim.of(1)))


def _constant(value: int, latex: str, text: str, numpy: str) -> Op:
    """A matrix filled with one number; its parameters are its shape."""

    def write(mark: str) -> Any:
        def spelled(writer: Writer, form: Any) -> tuple[str, Prec]:
            if writer.mode == "numpy":
                sizes = ", ".join(writer.write(dim, Prec.SUM) for dim in form.params)
                return f"{mark}(({sizes}{',' * (len(form.params) == 1)}))", Prec.ATOM
            long = [dim for dim in form.params if not dim.is_one] or [Dim.of(1)]
            if writer.mode == "latex":
                below = r" \times ".join(d.latex for d in (form.params if len(long) > 1 else long))
                row = len(form.params) == 2 and form.params[0].is_one and not form.params[1].is_one
                return f"{mark}_{{{below}}}" + (r"^{\top}" if row else ""), Prec.POSTFIX
            if len(long) > 1:
                return f"{mark}[{show(form.params)}]", Prec.ATOM
            if " " in str(long[0]):
                return f"{mark}[{long[0]}]" + ("ᵀ" if form.params[0].is_one else ""), Prec.POSTFIX
            row = len(form.params) == 2 and form.params[0].is_one and not form.params[1].is_one
            return names.text(f"{mark}_{{{long[0]}}}") + ("ᵀ" if row else ""), Prec.POSTFIX

        return spelled

    return Op(
        "ones" if value else "zeros", 0, lambda _, params: params, lambda _, params: constant(value, params),
        write(latex), write(text), write(numpy),
    )  # fmt: skip


def _write_eye(writer: Writer, form: Any) -> tuple[str, Prec]:
    (dim,) = form.params
    if writer.mode == "numpy":
        return f"np.eye({writer.write(dim, Prec.SUM)})", Prec.ATOM
    return (f"I_{{{dim.latex}}}" if writer.mode == "latex" else f"I[{dim}]"), Prec.ATOM


RECORDS: tuple[Op, ...] = (
    Op("add", None, lambda shapes, _: broadcast_shape(shapes, "a sum"),
       lambda nodes, _: add([broadcast(n, broadcast_shape(tuple(m.shape for m in nodes), "a sum")) for n in nodes]),
       _write_add, _write_add, _write_add),
    Op("scale", None, _scale_shape, _scale, _write_scale, _write_scale, _write_scale),
    Op("matmul", None, _matmul_shape, _matmul,
       Infix(" ", Prec.PRODUCT, Prec.PREFIX), Infix(" ", Prec.PRODUCT, Prec.PREFIX), _matmul_numpy),
    Op("hadamard", None, lambda shapes, _: broadcast_shape(shapes, "a Hadamard product"), _hadamard,
       Infix(r" \odot ", Prec.PRODUCT, Prec.QUOTIENT), Infix(" ⊙ ", Prec.PRODUCT, Prec.QUOTIENT),
       Infix(" * ", Prec.PRODUCT, Prec.QUOTIENT)),
    Op("divide", 2, lambda shapes, _: broadcast_shape(shapes, "a quotient"), _quotient,
       _write_quotient, _write_quotient, _write_quotient),
    Op("transpose", 1, _transposed, lambda nodes, _: transpose(nodes[0]),
       _write_transpose, _write_transpose, _write_transpose),
    Op("trace", 1, _trace_shape, lambda nodes, _: einsum([(nodes[0], (0, 0))], (), ()),
       Notation(r"\operatorname{{tr}}\left({0}\right)"), Notation("tr({0})"), _trace_numpy),
    Op("diag", 1, _diag_shape, _diag,
       Notation(r"\operatorname{{diag}}\left({0}\right)"), Notation("diag({0})"), Notation("np.diagflat({0})")),
    Op("diagonal", 1, _diagonal_shape, _diagonal,
       Notation(r"\operatorname{{diagonal}}\left({0}\right)"), Notation("diagonal({0})"), Notation("np.diagonal({0})[:, None]")),
    Op("broadcast", 1, _repeated_shape, lambda nodes, params: broadcast(nodes[0], params),
       _write_repeated, _write_repeated, _write_repeated),
    _constant(1, r"\mathbf{1}", "1", "np.ones"),
    _constant(0, r"\mathbf{0}", "0", "np.zeros"),
    Op("eye", 0, lambda _, params: (params[0], params[0]), lambda _, params: eye(params[0]),
       _write_eye, _write_eye, _write_eye),
)  # fmt: skip
