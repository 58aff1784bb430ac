"""Ops that are neither multilinear nor elementwise: softmax and its kin, inverse and determinants.

Sources: Goodfellow et al., *Deep Learning* (2016), §6.2.2.3 (softmax); Petersen & Pedersen, *The Matrix Cookbook* (2012),
(59) inverse, (49) determinant, (57) log-determinant; Murray, *Differentiation of the Cholesky decomposition* (2016).
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from symgrad.dims import ONE, Shape, show
from symgrad.errors import ShapeError
from symgrad.op import Function, Notation, Op, Prec, Writer, decimal
from symgrad.ops.reduce import along, mean, reduced, reduced_shape, total
from symgrad.tensor import UNIT, Func, Node, Params, add, broadcast, constant, einsum, eye, func, multiply, power, scale, transpose

HALF = Fraction(1, 2)
Tangents = Sequence[Node | None]


def _along(node: Func, g: Node) -> Node:
    """Σ along the op's axis, repeated to the operand's shape."""
    return broadcast(total(g, node.params[0]), node.operands[0].shape)


def _softmax_pull(node: Func, g: Node) -> Node:
    """Y ⊙ (G − Σ G ⊙ Y); the Jacobian diag(y) − y yᵀ is symmetric, so it pushes tangents forward too."""
    return multiply(node, g - _along(node, multiply(g, node)))


def _softmax_of(node: Func) -> Node:
    return func("softmax", node.operands, node.params, node.operands[0].shape)


def _stacked(node: Node, *labels: int) -> tuple[Node, tuple[int, ...]]:
    """A stack of matrices with these labels for rows and columns; the axes before them have labels of their own."""
    return node, (*range(10, 8 + len(node.shape)), *labels)


def _inverse_pull(node: Func, g: Node) -> Node:
    """−Yᵀ G Yᵀ, of each matrix of a stack."""
    out = _stacked(node, 1, 3)[1]
    return einsum([_stacked(node, 0, 1), _stacked(g, 0, 2), _stacked(node, 3, 2)], out, node.shape, -1)


def _inverse_push(node: Func, v: Node) -> Node:
    """−Y V Y."""
    out = _stacked(node, 0, 3)[1]
    return einsum([_stacked(node, 0, 1), _stacked(v, 1, 2), _stacked(node, 2, 3)], out, node.shape, -1)


def _halved_triangle(p: Node) -> Node:
    """The lower triangle, its diagonal halved."""
    dim = p.shape[0]
    return multiply(p, func("tri", (), p.shape, p.shape) - scale(HALF, eye(dim)))


def _cholesky_pull(node: Func, g: Node) -> Node:
    """½ L⁻ᵀ (Φ + Φᵀ) L⁻¹, where Φ is the lower triangle of Lᵀ G, its diagonal halved."""
    below = _halved_triangle(einsum([(node, (0, 1)), (g, (0, 2))], (1, 2), node.shape))
    inverse = func("inverse", [node], (), node.shape)
    return einsum([(inverse, (0, 1)), (below + transpose(below), (0, 2)), (inverse, (2, 3))], (1, 3), node.shape, HALF)


def _cholesky_push(node: Func, v: Node) -> Node:
    """L Φ(L⁻¹ V L⁻ᵀ), of the symmetric part of V."""
    inverse = func("inverse", [node], (), node.shape)
    inside = einsum([(inverse, (0, 1)), (scale(HALF, v + transpose(v)), (1, 2)), (inverse, (3, 2))], (0, 3), node.shape)
    return einsum([(node, (0, 1)), (_halved_triangle(inside), (1, 2))], (0, 2), node.shape)


def _inverse_transposed(x: Node) -> Node:
    return einsum([_stacked(func("inverse", [x], (), x.shape), 1, 0)], _stacked(x, 0, 1)[1], x.shape)


def _of_each(x: Node, value: Node) -> tuple[Node, tuple[int, ...]]:
    """One number for each matrix of a stack: of one matrix a scalar, of b of them a column."""
    lead = _stacked(x)[1]
    return value, (*lead, UNIT) if len(lead) == 1 else lead


def _times(g: Node, x: Node) -> Node:
    return einsum([_of_each(x, g), _stacked(x, 0, 1)], _stacked(x, 0, 1)[1], x.shape)


def _inner(a: Node, b: Node) -> Node:
    return einsum([_stacked(a, 0, 1), _stacked(b, 0, 1)], _of_each(a, a)[1], _for_each((a.shape,)))


def _for_each(shapes: tuple[Shape, ...]) -> Shape:
    """The shape of one number for each matrix."""
    lead = shapes[0][:-2]
    return (*lead, ONE) if len(lead) == 1 else lead


def _causal_pull(node: Func, g: Node) -> Node:
    """The softmax's, with the rows of Y, which are 0 where an entry takes no part."""
    return multiply(node, g - broadcast(total(multiply(g, node), 1), node.shape))


def _mean_along(node: Func, g: Node) -> Node:
    """The mean along the op's axis, repeated to the operand's shape."""
    return broadcast(mean(g, node.params[0]), node.operands[0].shape)


def _scatter(node: Func) -> Node:
    """The operand's standard deviation; a second operand is what is added to the variance where that is no number."""
    axis, _ = node.params
    return func("std", node.operands, node.params, reduced_shape((node.operands[0].shape,), (axis,)))


def _standardize_slope(node: Func, g: Node) -> Node:
    """(G − mean(G) − Y ⊙ mean(G ⊙ Y)) / s, symmetric as the softmax's Jacobian is."""
    below = broadcast(power(_scatter(node), -1), node.shape)
    return multiply(below, g - _mean_along(node, g) - multiply(node, _mean_along(node, multiply(g, node))))


def _standardize_pull(node: Func, g: Node) -> tuple[Node, ...]:
    """The slope by X; by ε it is −Y / (2 s²)."""
    by_added = [_sum_to(multiply(multiply(g, node), broadcast(power(_scatter(node), -2), node.shape)), e, -HALF) for e in node.operands[1:]]
    return (_standardize_slope(node, g), *by_added)


def _standardize_push(node: Func, tangents: Tangents) -> Node:
    v, *added = tangents
    terms = [] if v is None else [_standardize_slope(node, v)]
    below = broadcast(power(_scatter(node), -2), node.shape)
    terms += [scale(-HALF, multiply(multiply(node, below), _spread(e, node.shape))) for e in added if e is not None]
    return add(terms)


def _sum_to(node: Node, scalar: Node, factor: Fraction) -> Node:
    """The sum of all entries, in the shape of a scalar."""
    return einsum([(node, tuple(range(len(node.shape))))], tuple(range(10, 10 + len(scalar.shape))), scalar.shape, factor)


def _spread(scalar: Node, shape: Shape) -> Node:
    """A scalar for every entry."""
    return einsum([(scalar, (UNIT,) * len(scalar.shape))], tuple(range(len(shape))), shape)


def _std_share(node: Func) -> Node:
    """∂s/∂X = Y/d: the standardised operand over the number of entries."""
    x = node.operands[0]
    made = func("standardize", node.operands, node.params, x.shape)
    sizes = [(dim, -1) for i, dim in enumerate(x.shape) if node.params[0] in (None, i)]
    return scale(1, made, sizes)


def _std_pull(node: Func, g: Node) -> tuple[Node, ...]:
    """Y/d by X, 1/(2 s) by ε."""
    by_added = [_sum_to(multiply(g, power(node, -1)), e, HALF) for e in node.operands[1:]]
    return (multiply(broadcast(g, node.operands[0].shape), _std_share(node)), *by_added)


def _std_push(node: Func, tangents: Tangents) -> Node:
    v, *added = tangents
    terms = [] if v is None else [total(multiply(_std_share(node), v), node.params[0])]
    terms += [scale(HALF, multiply(power(node, -1), _spread(e, node.shape))) for e in added if e is not None]
    return add(terms)


def _largest(node: Func) -> Node:
    """1 where the largest entry is, 0 elsewhere."""
    return func("is_max", node.operands, node.params, node.operands[0].shape)


def _max_pull(node: Func, g: Node) -> Node:
    return multiply(_largest(node), broadcast(g, node.operands[0].shape))


def _others(node: Func) -> Node:
    """For each entry the product of the others: the whole product over it."""
    x = node.operands[0]
    return multiply(broadcast(node, x.shape), power(x, -1))


def _counted(g: Node, axis: int, to_the_end: bool) -> Node:
    """The sums of the first entries along an axis, or of the last."""
    labels = tuple(range(len(g.shape)))
    inside = tuple(len(labels) if k == axis else label for k, label in enumerate(labels))
    ends = (len(labels), axis) if to_the_end else (axis, len(labels))
    square = (g.shape[axis], g.shape[axis])
    return einsum([(func("tri", (), square, square), ends), (g, inside)], labels, g.shape)


def _cumulated_pull(node: Func, g: Node) -> Node:
    """Every product from x_i on has x_i as a factor: the sums of G ⊙ Y to the end, over X."""
    return multiply(_counted(multiply(g, node), node.params[0], True), power(node.operands[0], -1))


def _cumulated_push(node: Func, v: Node) -> Node:
    return multiply(node, _counted(multiply(v, power(node.operands[0], -1)), node.params[0], False))


def _no_slope(node: Func, _: Any) -> Node:
    return constant(0, node.operands[0].shape)


FUNCTIONS: tuple[Function, ...] = (
    Function("softmax", lambda node, g: (_softmax_pull(node, g),), lambda node, t: _softmax_pull(node, _only(t)),
             source="Goodfellow et al. (2016), §6.2.2.3"),
    Function("log_softmax", lambda node, g: (g - multiply(_softmax_of(node), _along(node, g)),),
             lambda node, t: _only(t) - _along(node, multiply(_softmax_of(node), _only(t)))),
    Function("logsumexp", lambda node, g: (multiply(_softmax_of(node), broadcast(g, node.operands[0].shape)),),
             lambda node, t: total(multiply(_softmax_of(node), _only(t)), node.params[0])),
    Function("causal_softmax", lambda node, g: (_causal_pull(node, g),), lambda node, t: _causal_pull(node, _only(t)),
             source="Vaswani et al. (2017), §3.2.3"),
    Function("standardize", _standardize_pull, _standardize_push, source="Ba, Kiros, Hinton (2016); Ioffe & Szegedy (2015)"),
    Function("std", _std_pull, _std_push),
    Function("max", lambda node, g: (_max_pull(node, g),), lambda node, t: total(multiply(_largest(node), _only(t)), node.params[0]),
             kinks=lambda node: (_largest(node) - HALF,)),
    Function("prod", lambda node, g: (multiply(broadcast(g, node.operands[0].shape), _others(node)),),
             lambda node, t: total(multiply(_others(node), _only(t)), node.params[0])),
    Function("cumprod", lambda node, g: (_cumulated_pull(node, g),), lambda node, t: _cumulated_push(node, _only(t))),
    Function("is_max", lambda node, g: (_no_slope(node, g),), _no_slope, kinks=lambda node: (node - HALF,)),
    Function("inverse", lambda node, g: (_inverse_pull(node, g),), lambda node, t: _inverse_push(node, _only(t)),
             domain="well_conditioned", source="Matrix Cookbook (59)"),
    Function("det", lambda node, g: (_times(multiply(g, node), _inverse_transposed(node.operands[0])),),
             lambda node, t: multiply(node, _inner(_inverse_transposed(node.operands[0]), _only(t))),
             domain="well_conditioned", source="Matrix Cookbook (49)"),
    Function("logdet", lambda node, g: (_times(g, _inverse_transposed(node.operands[0])),),
             lambda node, t: _inner(_inverse_transposed(node.operands[0]), _only(t)),
             domain="positive_definite", source="Matrix Cookbook (57)"),
    Function("cholesky", lambda node, g: (_cholesky_pull(node, g),), lambda node, t: _cholesky_push(node, _only(t)),
             domain="positive_definite", source="Murray (2016), (8)–(10)"),
    Function("pi", lambda node, g: (), lambda node, t: constant(0, ())),
)  # fmt: skip


def _only(tangents: Tangents) -> Node:
    """The tangent of an op's one operand (an op is not pushed forward when all its tangents are zero)."""
    (tangent,) = tangents
    assert tangent is not None
    return tangent


def _same(shapes: tuple[Shape, ...], params: Params) -> Shape:
    reduced_shape(shapes, params)
    return shapes[0]


def _square(shapes: tuple[Shape, ...], what: str) -> Shape:
    shape = shapes[0]
    if len(shape) != 2 or shape[0] is not shape[1]:
        raise ShapeError(f"{what} of a {show(shape)}: it needs a square matrix")
    return shape


def _squares(shapes: tuple[Shape, ...], what: str) -> Shape:
    """A square matrix, or a stack of such."""
    shape = shapes[0]
    if len(shape) < 2 or shape[-1] is not shape[-2]:
        raise ShapeError(f"{what} of a {show(shape)}: it needs a square matrix")
    return shape


# What they are along an axis with one place.
_OF_ONE_ENTRY = {"softmax": 1, "log_softmax": 0}


def _lowered(name: str) -> Any:
    def lower(nodes: tuple[Node, ...], params: Params) -> Node:
        along = dict.fromkeys(("softmax", "log_softmax", "is_max", "standardize", "cumprod"), _same)
        shapes = along | dict.fromkeys(("logsumexp", "max", "prod", "std"), reduced_shape)
        shape = shapes[name]((nodes[0].shape,), params) if name in shapes else nodes[0].shape
        if name in _OF_ONE_ENTRY and (all(dim.is_one for dim in nodes[0].shape) or nodes[0].shape[params[0]].is_one):
            return constant(_OF_ONE_ENTRY[name], shape)
        return func(name, nodes, params, _for_each((nodes[0].shape,)) if name in ("det", "logdet") else shape)

    return lower


def _write_along(latex: str, text: str, numpy: str) -> Any:
    def write(writer: Writer, form: Any) -> tuple[str, Prec]:
        (body,), (axis,) = form.args, form.params
        inside = writer.write(body, Prec.SUM)
        if writer.mode == "numpy":
            return numpy.format(x=inside, axis=axis), Prec.ATOM
        below, behind = along(axis, body.shape)
        if writer.mode == "latex":
            return rf"{latex}{below}\left({inside}\right)", Prec.ATOM
        return f"{text}{behind}({inside})", Prec.ATOM

    return write


def _write_is_max(writer: Writer, form: Any) -> tuple[str, Prec]:
    (body,), (axis,) = form.args, form.params
    inside = writer.write(body, Prec.SUM)
    if writer.mode == "numpy":
        return f"_is_max({inside}, {axis})", Prec.ATOM
    below, behind = along(axis, body.shape)
    word = "max"
    if body.op == "scale" and len(body.args) == 2 and body.args[0].op == "number" and body.args[0].value == -1 and not body.args[0].sizes:
        # The largest of −A is where A is smallest.
        word, inside = "min", writer.write(body.args[1], Prec.SUM)
    if writer.mode == "latex":
        return rf"\mathbb{{1}}\left[{inside} = \{word}{below}\left({inside}\right)\right]", Prec.ATOM
    return f"1[{inside} = {word}{behind}({inside})]", Prec.ATOM


def _reduced_op(name: str, latex: str) -> Op:
    """All entries, or those along an axis, as one: their largest, their product."""

    def write(writer: Writer, form: Any) -> tuple[str, Prec]:
        (body,), (axis,) = form.args, form.params
        inside = writer.write(body, Prec.SUM)
        if writer.mode == "numpy":
            return reduced(writer, name, body, axis), Prec.ATOM
        below, behind = along(axis, body.shape)
        if writer.mode == "latex":
            return rf"{latex}{below}\left({inside}\right)", Prec.ATOM
        return f"{name}{behind}({inside})", Prec.ATOM

    return Op(name, 1, reduced_shape, _lowered(name), write, write, write)


def _write_scattered(latex: str, text: str, numpy: str) -> Any:
    """`std(X)` and `standardize(X)`, with what is added to the variance where there is something."""

    def write(writer: Writer, form: Any) -> tuple[str, Prec]:
        (body, *more), (axis, eps) = form.args, form.params
        inside = writer.write(body, Prec.SUM)
        added = writer.write(more[0], Prec.SUM) if more else (decimal(eps) or str(eps)) if eps else ""
        if writer.mode == "numpy":
            return f"{numpy}({inside}, {axis}, {added if more else float(eps)})", Prec.ATOM
        below, behind = along(axis, body.shape)
        if writer.mode == "latex":
            behind = rf"; \varepsilon = {added}" if added else ""
            return rf"{latex}{below}\left({inside}{behind}\right)", Prec.ATOM
        return f"{text}{behind}({inside}{f'; ε = {added}' if added else ''})", Prec.ATOM

    return write


def _scattered_op(name: str, shape: Any, latex: str) -> Op:
    write = _write_scattered(latex, name, f"_{name}")
    return Op(name, None, shape, _lowered(name), write, write, write)


def _along_an_axis(name: str, shape: Any, latex: str, text: str, numpy: str) -> Op:
    write = _write_along(latex, text, numpy)
    return Op(name, 1, shape, _lowered(name), write, write, write)


def _number_of_each(numpy: str) -> Any:
    """NumPy has the numbers of a stack along its axes; those along one axis are a column here."""

    def write(writer: Writer, form: Any) -> tuple[str, Prec]:
        behind = "[:, None]" if len(form.args[0].shape) == 3 else ""
        return numpy.format(writer.write(form.args[0], Prec.SUM)) + behind, Prec.ATOM

    return write


RECORDS: tuple[Op, ...] = (
    _along_an_axis("softmax", _same, r"\mathrm{softmax}", "softmax", "_softmax({x}, {axis})"),
    _along_an_axis("log_softmax", _same, r"\log \mathrm{softmax}", "log softmax", "_log_softmax({x}, {axis})"),
    _along_an_axis("logsumexp", reduced_shape, r"\operatorname{logsumexp}", "logsumexp",
                   "_logsumexp({x}, {axis})"),
    Op("causal_softmax", 1, lambda shapes, _: _square(shapes, "the causal softmax"),
       lambda nodes, params: func("causal_softmax", nodes, params, nodes[0].shape),
       Notation(r"\mathrm{{softmax}}_{{\text{{causal}}}}\left({0}\right)"), Notation("softmax_causal({0})"),
       Notation("_causal_softmax({0})"), source="Vaswani et al. (2017), §3.2.3"),
    _along_an_axis("cumprod", _same, r"\operatorname{cumprod}", "cumprod", "np.cumprod({x}, axis={axis})"),
    _scattered_op("standardize", _same, r"\operatorname{standardize}"),
    _scattered_op("std", reduced_shape, r"\operatorname{std}"),
    _reduced_op("max", r"\max"),
    _reduced_op("prod", r"\operatorname{prod}"),
    Op("is_max", 1, _same, _lowered("is_max"), _write_is_max, _write_is_max, _write_is_max),
    Op("inverse", 1, lambda shapes, _: _squares(shapes, "the inverse"), _lowered("inverse"),
       Notation("{0}^{{-1}}", Prec.POSTFIX, Prec.ATOM), Notation("{0}⁻¹", Prec.POSTFIX, Prec.ATOM), Notation("np.linalg.inv({0})")),
    Op("det", 1, lambda shapes, _: _for_each((_squares(shapes, "the determinant"),)), _lowered("det"),
       Notation(r"\det\left({0}\right)"), Notation("det({0})"), _number_of_each("np.linalg.det({0})")),
    Op("logdet", 1, lambda shapes, _: _for_each((_squares(shapes, "the log-determinant"),)), _lowered("logdet"),
       Notation(r"\log\det\left({0}\right)"), Notation("log det({0})"), _number_of_each("np.linalg.slogdet({0})[1]")),
    Op("cholesky", 1, lambda shapes, _: _square(shapes, "the Cholesky factor"), _lowered("cholesky"),
       Notation(r"\operatorname{{chol}}\left({0}\right)"), Notation("chol({0})"), Notation("_cholesky({0})"), source="Murray (2016)"),
    Op("pi", 0, lambda shapes, _: (), lambda nodes, _: func("pi", (), (), ()), Notation(r"\pi"), Notation("π"), Notation("np.pi")),
)  # fmt: skip
