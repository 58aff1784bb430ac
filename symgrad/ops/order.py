"""What depends on the order of entries: the sorted vector and the median.

Where no two entries are equal, sort(x) = perm(x) x with the matrix of a permutation that stays as x moves a little, and the median is one
of the entries, or half the sum of two (then 1[x = median(x)] is ½ at both). So both are linear there, with a kink where entries change
places.
Source: Blondel, Teboul, Berthet, Djolonga, *Fast Differentiable Sorting and Ranking* (2020), §2.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from symgrad.dims import Shape, show
from symgrad.errors import ShapeError
from symgrad.op import Function, Notation, Op, Prec, Writer
from symgrad.ops.reduce import along, reduced_shape, total
from symgrad.tensor import Func, Node, Params, broadcast, constant, einsum, func, multiply

_QUARTER = Fraction(1, 4)


def _column(shapes: tuple[Shape, ...], _: Params) -> Shape:
    shape = shapes[0]
    if len(shape) != 2 or not shape[1].is_one:
        raise ShapeError(f"the entries of a {show(shape)} in order: that needs a column")
    return shape


def _of_each_pair(shapes: tuple[Shape, ...], params: Params) -> Shape:
    rows, _ = _column(shapes, params)
    return rows, rows


def _permutation(node: Func) -> Node:
    return func("perm", node.operands, (), _of_each_pair((node.shape,), ()))


def _sort_pull(node: Func, g: Node) -> tuple[Node, ...]:
    """perm(x)ᵀ G."""
    return (einsum([(_permutation(node), (0, 1)), (g, (0, 2))], (1, 2), node.shape),)


def _sort_push(node: Func, tangents: Any) -> Node:
    (v,) = tangents
    return einsum([(_permutation(node), (0, 1)), (v, (1, 2))], (0, 2), node.shape)


def _in_the_middle(node: Func) -> Node:
    """1 at the median, ½ at each of two."""
    return func("is_median", node.operands, node.params, node.operands[0].shape)


def _median_pull(node: Func, g: Node) -> tuple[Node, ...]:
    return (multiply(_in_the_middle(node), broadcast(g, node.operands[0].shape)),)


def _median_push(node: Func, tangents: Any) -> Node:
    (v,) = tangents
    return total(multiply(_in_the_middle(node), v), node.params[0])


def _no_pull(node: Func, _: Node) -> tuple[Node, ...]:
    return (constant(0, node.operands[0].shape),)


def _no_push(node: Func, _: Any) -> Node:
    return constant(0, node.shape)


def _between_values(node: Node) -> tuple[Node, ...]:
    """What changes its sign where an entry of 0, ½ and 1 changes."""
    return (node - _QUARTER, node - 3 * _QUARTER)


FUNCTIONS: tuple[Function, ...] = (
    Function("sort", _sort_pull, _sort_push, kinks=lambda node: _between_values(_permutation(node))),
    Function("perm", _no_pull, _no_push, kinks=_between_values),
    Function("median", _median_pull, _median_push, kinks=lambda node: _between_values(_in_the_middle(node))),
    Function("is_median", _no_pull, _no_push, kinks=_between_values),
)  # fmt: skip


def _median(writer: Writer, form: Any) -> tuple[str, Prec]:
    """`median(x)`, `median_rows(X)`."""
    (body,), axis = form.args, form.params[0]
    inside = writer.write(body, Prec.SUM)
    if writer.mode == "numpy":
        along_it = "" if axis is None else f", axis={axis}, keepdims=True"
        return f"np.median({inside}{along_it})", Prec.ATOM
    below, behind = along(axis, body.shape)
    if writer.mode == "latex":
        return rf"\operatorname{{median}}{below}\left({inside}\right)", Prec.ATOM
    return f"median{behind}({inside})", Prec.ATOM


def _is_median(writer: Writer, form: Any) -> tuple[str, Prec]:
    """`1[x = median(x)]`."""
    inside = writer.write(form.args[0], Prec.SUM)
    if writer.mode == "numpy":
        return f"_is_median({inside}, {form.params[0]})", Prec.ATOM
    equation = f"{inside} = {_median(writer, form)[0]}"
    return rf"\mathbb{{1}}\left[{equation}\right]" if writer.mode == "latex" else f"1[{equation}]", Prec.ATOM


def _op(name: str, shape: Any, *spellings: Any) -> Op:
    def lower(nodes: tuple[Node, ...], params: Params) -> Node:
        return func(name, nodes, params, shape(tuple(n.shape for n in nodes), params))

    return Op(name, 1, shape, lower, *spellings)


def _same(shapes: tuple[Shape, ...], params: Params) -> Shape:
    reduced_shape(shapes, params)
    return shapes[0]


RECORDS: tuple[Op, ...] = (
    _op("sort", _column, Notation(r"\operatorname{{sort}}\left({0}\right)"), Notation("sort({0})"), Notation("np.sort({0}, axis=0)")),
    _op("perm", _of_each_pair, Notation(r"\operatorname{{perm}}\left({0}\right)"), Notation("perm({0})"), Notation("_perm({0})")),
    _op("median", reduced_shape, _median, _median, _median),
    _op("is_median", _same, _is_median, _is_median, _is_median),
)  # fmt: skip
