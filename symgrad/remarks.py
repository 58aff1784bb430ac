"""How a reader is told that what is written in one way by all is meant in two: the norm of a matrix with a 1 below it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from symgrad.network import Network
from symgrad.tensor import Einsum, Func, Map, Node, topological

_LATEX_1 = re.compile(r"(?:\\\||‖|\\[rl]?Vert|\\rVert)\s*_\s*\{?\s*1\s*\}?(?![\d,])|‖₁")
_NUMPY_1 = re.compile(r"\bnorm\([^()]*(?:\([^()]*\)[^()]*)*,\s*(?:ord\s*=\s*)?1\s*\)")


def told(text: str, network: Network) -> Iterator[str]:
    """What is said of the way in which a text was read."""
    nodes = topological([d.node for d in network.definitions.values()])
    if _LATEX_1.search(text) and any(map(_is_sum_of_moduli, nodes)):
        yield "The 1-norm of a matrix is read as the sum of the absolute values of its entries; the largest sum of a column is norm(X, 1)"
    if _NUMPY_1.search(text) and any(isinstance(n, Func) and n.fn == "max" and any(map(_is_of_moduli, n.operands)) for n in nodes):
        yield "norm(X, 1) of a matrix is the largest sum of a column, as in NumPy; the sum of all entries is sum(abs(X))"


def _is_of_moduli(node: Node) -> bool:
    """Whether sums of absolute values of the entries of a matrix are taken."""
    return isinstance(node, Einsum) and any(isinstance(n, Map) and n.fn == "abs" and _is_matrix(n) for n, _ in node.factors)


def _is_sum_of_moduli(node: Node) -> bool:
    return _is_of_moduli(node) and all(dim.is_one for dim in node.shape)


def _is_matrix(node: Node) -> bool:
    return len(node.shape) == 2 and not any(dim.is_one for dim in node.shape)
