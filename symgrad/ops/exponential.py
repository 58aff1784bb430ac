"""The exponential of a matrix, and its derivative along a direction.

`dexpm(A, E)` is the Fréchet derivative ∫₀¹ exp(sA) E exp((1 − s)A) ds, the upper right block of the exponential of [[A, E], [0, A]]; it is
linear in E, with the transpose `dexpm(Aᵀ, ·)`. Being a block of an exponential, it has a derivative of the same kind.
Source: Higham, *Functions of Matrices* (2008), §10.1 and theorem 4.12.
"""

from __future__ import annotations

from collections.abc import Sequence

from symgrad.dims import Dim, Shape, show
from symgrad.errors import ShapeError
from symgrad.op import Function, Notation, Op
from symgrad.ops.arrange import concat_nodes, slice_node
from symgrad.tensor import Func, Node, Params, add, constant, func, transpose


def expm(x: Node) -> Node:
    return func("expm", [x], (), x.shape)


def along(x: Node, direction: Node) -> Node:
    """The derivative of the exponential at x, along a direction."""
    return func("dexpm", [x, direction], (), x.shape)


def _square(shapes: tuple[Shape, ...], _: Params) -> Shape:
    shape = shapes[0]
    if len(shape) != 2 or shape[0] is not shape[1]:
        raise ShapeError(f"the exponential of a {show(shape)}: it needs a square matrix")
    if any(other != shape for other in shapes):
        raise ShapeError(f"the derivative of the exponential of a {show(shape)} along a {show(shapes[-1])}")
    return shape


def _triangular(x: Node, corner: Node) -> Node:
    """[[X, C], [0, X]]."""
    rows = [concat_nodes((x, corner), 1), concat_nodes((constant(0, x.shape), x), 1)]
    return concat_nodes((rows[0], rows[1]), 0)


def _block(x: Node, row: int, column: int, size: Dim) -> Node:
    for axis, place in enumerate((row, column)):
        start = size * place if place else Dim.of(0)
        x = slice_node(x, (axis, start, start + size, 1))
    return x


def _along_pull(node: Func, g: Node) -> tuple[Node, ...]:
    """What the block's cotangent is for the two places of X, and dexpm(Xᵀ, G)."""
    x, direction = node.operands
    size = x.shape[0]
    pulled = along(transpose(_triangular(x, direction)), _triangular(constant(0, x.shape), g))
    return add([_block(pulled, 0, 0, size), _block(pulled, 1, 1, size)]), along(transpose(x), g)


def _along_push(node: Func, tangents: Sequence[Node | None]) -> Node:
    x, direction = node.operands
    dx, de = tangents
    if dx is None:
        assert de is not None
        return along(x, de)
    moved = _triangular(dx, constant(0, x.shape) if de is None else de)
    return _block(along(_triangular(x, direction), moved), 0, 1, x.shape[0])


def _expm_push(node: Func, tangents: Sequence[Node | None]) -> Node:
    (tangent,) = tangents
    assert tangent is not None
    return along(node.operands[0], tangent)


FUNCTIONS: tuple[Function, ...] = (
    Function("expm", lambda node, g: (along(transpose(node.operands[0]), g),), _expm_push, source="Higham (2008), §10.1"),
    Function("dexpm", _along_pull, _along_push, source="Higham (2008), theorem 4.12"),
)  # fmt: skip


def _op(name: str, arity: int, latex: str, text: str, numpy: str, source: str) -> Op:
    def lower(nodes: tuple[Node, ...], params: Params) -> Node:
        return func(name, nodes, params, _square(tuple(n.shape for n in nodes), params))

    return Op(name, arity, _square, lower, Notation(latex), Notation(text), Notation(numpy), source=source)


RECORDS: tuple[Op, ...] = (
    _op("expm", 1, r"\operatorname{{expm}}\left({0}\right)", "expm({0})", "_expm({0})", "Higham (2008), §10.3"),
    _op("dexpm", 2, r"\operatorname{{dexpm}}\left({0}, {1}\right)", "dexpm({0}, {1})", "_dexpm({0}, {1})", "Higham (2008), (10.13)"),
)  # fmt: skip
