r"""`(D \times N)(N \times M) = (D \times M)`, `(n, m)(m, k) = (n, k)`: the sizes of a product, and no arithmetic."""

from __future__ import annotations

from itertools import pairwise

from symgrad import syntax as sx
from symgrad.dims import Shape
from symgrad.spaces import shape_of_node
from symgrad.syntax import Node


def is_of_sizes(left: Node, right: Node) -> bool | None:
    """Whether sizes go together as an equation says; None for an equation of anything else."""
    first, second = _factors(left), _factors(right)
    if first is None or second is None or len(first) + len(second) < 3:
        return None
    one, other = _product(first), _product(second)
    return one is not None and one == other


def _factors(node: Node) -> list[Shape] | None:
    """The shapes that a side is written with; None where it is made of anything else."""
    pieces = node.factors if isinstance(node, sx.Product) and not set(node.operators) - {"", "cdot"} else (node,)
    shapes = [shape_of_node(p) if isinstance(p, sx.Group) and isinstance(p.body, (sx.Product, sx.Listing)) else None for p in pieces]
    return None if None in shapes else [shape for shape in shapes if shape is not None]


def _product(shapes: list[Shape]) -> Shape | None:
    """The shape of a matrix product; None where the sizes between do not agree."""
    if any(a[1] != b[0] for a, b in pairwise(shapes)):
        return None
    return shapes[0][0], shapes[-1][1]
