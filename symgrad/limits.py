r"""Sums without limits: after `\sum_{i:\, m_i < 1} y_i x_i`, `\sum y_i x_i` is the same sum; others are over their one index."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from symgrad import syntax as sx
from symgrad.naming import letters_of
from symgrad.read.document import Sheet
from symgrad.read.written import sexpr
from symgrad.syntax import Node


def with_limits(sheet: Sheet) -> Sheet:
    """The sheet with the limits of a sum also where it is written again without them; the last ones count."""
    below: dict[str, sx.BigOp] = {}

    def limited(whole: Node, node: Node) -> Node:
        if not isinstance(node, sx.BigOp) or node.operator != "sum" or node.body is None:
            return node
        if node.below is not None:
            below[sexpr(node.body)] = node
            return node
        known = below.get(sexpr(node.body)) if any(_indices(node.body)) else None
        if known is not None:
            return replace(node, below=known.below, above=known.above)
        inside = Counter(_indices(node.body))
        (letter, times), *others = [*inside.items(), ("", 0)]
        is_bound = times and others == [("", 0)] and Counter(_indices(whole))[letter] == times
        return replace(node, below=sx.Name(node.span, letter)) if is_bound else node

    return replace(sheet, statements=[replace(s, node=sx.mapped(s.node, partial(limited, s.node))) for s in sheet.statements])


def _indices(node: Node) -> Iterator[str]:
    """The letters of all indices in a formula."""
    for n in sx.walk(node):
        if isinstance(n, sx.Scripted):
            yield from letters_of(n.sub) or ()
