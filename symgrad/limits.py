r"""Sums written again without their limits: after `\sum_{i:\, m_i < 1} y_i x_i`, a `\sum y_i x_i` is the same sum."""

from __future__ import annotations

from dataclasses import replace

from symgrad import syntax as sx
from symgrad.naming import letters_of
from symgrad.read.document import Sheet
from symgrad.read.written import sexpr
from symgrad.syntax import Node


def with_limits(sheet: Sheet) -> Sheet:
    """The sheet with the limits of a sum also where it is written again without them; the last ones count."""
    below: dict[str, sx.BigOp] = {}

    def limited(node: Node) -> Node:
        if not isinstance(node, sx.BigOp) or node.operator != "sum" or node.body is None:
            return node
        if node.below is not None:
            below[sexpr(node.body)] = node
            return node
        known = below.get(sexpr(node.body)) if _has_index(node.body) else None
        return node if known is None else replace(node, below=known.below, above=known.above)

    return replace(sheet, statements=[replace(s, node=sx.mapped(s.node, limited)) for s in sheet.statements])


def _has_index(node: Node) -> bool:
    return any(isinstance(n, sx.Scripted) and letters_of(n.sub) for n in sx.walk(node))
