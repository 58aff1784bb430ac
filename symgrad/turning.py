r"""A small t for the transpose: `f(x) = \frac12 x^t A x - b^t x`.

It is one where the sheet has the letter nowhere else, so that no time passes, where nothing so marked is defined, and where it stands in a
product before something that is not marked.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from symgrad import syntax as sx
from symgrad.read.document import Sheet
from symgrad.syntax import Node


def turned(sheet: Sheet) -> Sheet:
    """The sheet with the sign of the transpose for such a t."""
    nodes = [s.node for s in sheet.statements]
    marked = [n for node in nodes for n in sx.walk(node) if _is_marked(n)]
    letters = [n for node in nodes for n in sx.walk(node) if isinstance(n, sx.Name) and n.base == "t"]
    heads = [n.sides[0] for n in nodes if isinstance(n, sx.Relation)]
    if len(letters) != len(marked) or any(map(_is_marked, heads)) or not any(True for node in nodes for _ in _before_others(node)):
        return sheet
    return replace(sheet, statements=[replace(s, node=sx.mapped(s.node, _turned)) for s in sheet.statements])


def _is_marked(node: Node) -> bool:
    return isinstance(node, sx.Scripted) and isinstance(node.sup, sx.Name) and node.sup == sx.Name(node.sup.span, "t")


def _before_others(node: Node) -> Iterator[Node]:
    """What is marked, and stands in a product before what is not."""
    for product in (n for n in sx.walk(node) if isinstance(n, sx.Product)):
        yield from (a for a, b in zip(product.factors, product.factors[1:], strict=False) if _is_marked(a) and not _is_marked(b))


def _turned(node: Node) -> Node:
    if _is_marked(node) and isinstance(node, sx.Scripted) and node.sup is not None:
        return replace(node, sup=sx.Mark(node.sup.span, "\\top"))
    return node
