"""The exponential, the square root and the logarithm of a matrix, and their derivatives along a direction.

`dexpm(A, E)` is the Fréchet derivative ∫₀¹ exp(sA) E exp((1 − s)A) ds, the upper right block of the exponential of [[A, E], [0, A]]; it is
linear in E, with the transpose `dexpm(Aᵀ, ·)`. Being a block of an exponential, it has a derivative of the same kind. So it is with the
principal square root and the principal logarithm, where no eigenvalue is a negative number or 0.
Source: Higham, *Functions of Matrices* (2008), theorems 3.6 and 4.12, §6.2, §10.1 and §11.1.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction

from symgrad.dims import Dim, Shape, show
from symgrad.errors import ShapeError
from symgrad.op import Function, Notation, Op
from symgrad.ops.arrange import concat_nodes, slice_node
from symgrad.tensor import Func, Node, Params, add, constant, func, transpose


def expm(x: Node) -> Node:
    return func("expm", [x], (), x.shape)


def along(x: Node, direction: Node, fn: str = "expm") -> Node:
    """The derivative of such a function at x, along a direction."""
    return func(f"d{fn}", [x, direction], (), x.shape)


def _inverse(x: Node) -> Node:
    return func("inverse", [x], (), x.shape)


SLOPES: dict[str, Callable[[Node, Node], Node]] = {
    "expm": lambda x, value: value,
    "sqrtm": lambda x, value: _inverse(value) * Fraction(1, 2),
    "logm": lambda x, value: _inverse(x),
}
"""The derivative that each function has for a number, of a matrix and of the value at it."""


def _square(shapes: tuple[Shape, ...], _: Params) -> Shape:
    shape = shapes[0]
    if len(shape) != 2 or shape[0] is not shape[1]:
        raise ShapeError(f"a function of a {show(shape)} as a matrix: it needs a square one")
    if any(other != shape for other in shapes):
        raise ShapeError(f"the derivative at a {show(shape)} along a {show(shapes[-1])}")
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


def _of(fn: str, domain: str, source: str, source_along: str) -> tuple[Function, Function]:
    """The function and its derivative along a direction, with their derivatives."""

    def pull(node: Func, g: Node) -> tuple[Node, ...]:
        return (along(transpose(node.operands[0]), g, fn),)

    def push(node: Func, tangents: Sequence[Node | None]) -> Node:
        (tangent,) = tangents
        assert tangent is not None
        return along(node.operands[0], tangent, fn)

    def pull_along(node: Func, g: Node) -> tuple[Node, ...]:
        """What the block's cotangent is for the two places of X, and that of the transpose."""
        x, direction = node.operands
        size = x.shape[0]
        pulled = along(transpose(_triangular(x, direction)), _triangular(constant(0, x.shape), g), fn)
        return add([_block(pulled, 0, 0, size), _block(pulled, 1, 1, size)]), along(transpose(x), g, fn)

    def push_along(node: Func, tangents: Sequence[Node | None]) -> Node:
        x, direction = node.operands
        dx, de = tangents
        if dx is None:
            assert de is not None
            return along(x, de, fn)
        moved = _triangular(dx, constant(0, x.shape) if de is None else de)
        return _block(along(_triangular(x, direction), moved, fn), 0, 1, x.shape[0])

    return (
        Function(fn, pull, push, domain=domain, source=source),
        Function(f"d{fn}", pull_along, push_along, domain=domain, source=source_along),
    )


FUNCTIONS: tuple[Function, ...] = (
    *_of("expm", "real", "Higham (2008), §10.1", "Higham (2008), theorem 4.12"),
    *_of("sqrtm", "positive_definite", "Higham (2008), theorem 3.6", "Higham (2008), theorem 3.6"),
    *_of("logm", "positive_definite", "Higham (2008), theorem 3.6", "Higham (2008), theorem 3.6"),
)


def _op(name: str, arity: int, latex: str, text: str, numpy: str, source: str) -> Op:
    def lower(nodes: tuple[Node, ...], params: Params) -> Node:
        return func(name, nodes, params, _square(tuple(n.shape for n in nodes), params))

    return Op(name, arity, _square, lower, Notation(latex), Notation(text), Notation(numpy), source=source)


def _ops(fn: str, source: str, source_along: str) -> tuple[Op, Op]:
    latex = rf"\operatorname{{{{{fn}}}}}\left({{0}}\right)", rf"\operatorname{{{{d{fn}}}}}\left({{0}}, {{1}}\right)"
    return (
        _op(fn, 1, latex[0], f"{fn}({{0}})", f"_{fn}({{0}})", source),
        _op(f"d{fn}", 2, latex[1], f"d{fn}({{0}}, {{1}})", f"_d{fn}({{0}}, {{1}})", source_along),
    )


RECORDS: tuple[Op, ...] = (
    *_ops("expm", "Higham (2008), §10.3", "Higham (2008), (10.13)"),
    *_ops("sqrtm", "Higham (2008), (6.29)", "Higham (2008), theorem 3.6"),
    *_ops("logm", "Higham (2008), §11.5", "Higham (2008), theorem 3.6"),
)
