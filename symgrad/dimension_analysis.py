r"""`(D \times N)(N \times M) = (D \times M)`, `(n, m)(m, k) \to n \times k`: the sizes of a product, and no arithmetic."""

from __future__ import annotations

from itertools import pairwise

from symgrad import syntax as sx
from symgrad.dims import Shape, show
from symgrad.spaces import shape_of_node
from symgrad.syntax import Node


def is_of_sizes(left: Node, right: Node) -> bool | None:
    """Whether sizes go together as an equation says; None for an equation of anything else."""
    worked, result = _result(left), _result(right)
    if worked is not None and worked == result:
        return True  # `(3-2+1) \\times (3-2+1) = 2 \\times 2`
    one, other = _factors(left), _factors(right)
    if one is not None and len(one) > 1:
        other = other or _result(right)
    elif other is not None and len(other) > 1:
        one = one or _result(left)
    if one is None or other is None or len(one) + len(other) < 3:
        return None
    first, second = _product(one), _product(other)
    return first is not None and first == second


def what_it_is(left: Node, right: Node) -> str:
    """What is to be said of sizes that do not go together."""
    shapes = [shapes for side in (left, right) if (shapes := _factors(side)) is not None and len(shapes) > 1]
    for factors in shapes:
        for a, b in pairwise(factors):
            if a[1] != b[0]:
                return f"{show(a)} and {show(b)} do not conform"
    return " and ".join(f"the product is {show(shape)}" for factors in shapes if (shape := _product(factors)) is not None)


def _factors(node: Node) -> list[Shape] | None:
    """The shapes in brackets that a side is written with; None where it is made of anything else."""
    pieces = node.factors if isinstance(node, sx.Product) and not set(node.operators) - {"", "cdot"} else (node,)
    shapes = [_bracketed(piece) for piece in pieces]
    return None if None in shapes else [shape for shape in shapes if shape is not None]


def _bracketed(node: Node) -> Shape | None:
    if isinstance(node, sx.List) and len(node.items) == 1:
        node = sx.Group(node.span, "[", "]", node.items[0])
    return shape_of_node(node) if isinstance(node, sx.Group) and isinstance(node.body, (sx.Product, sx.Listing)) else None


def _result(node: Node) -> list[Shape] | None:
    r"""The `m \times n` that a product is said to come to, without brackets."""
    shape = shape_of_node(node) if isinstance(node, sx.Product) and node.operators == ("times",) else None
    return None if shape is None else [shape]


def _product(shapes: list[Shape]) -> Shape | None:
    """The shape of a matrix product; None where the sizes between do not agree."""
    if any(a[1] != b[0] for a, b in pairwise(shapes)):
        return None
    return shapes[0][0], shapes[-1][1]
