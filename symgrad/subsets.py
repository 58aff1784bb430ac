r"""Sums over some of the examples: `\frac{1}{|S|} \sum_{i \in S} \ell_i`, with $m$ the indicator of $S$.

The number of them is a number that nothing else is said of, and where a vector of zeros and ones tells which they are, the terms of the
others are taken times 0.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

from symgrad import syntax as sx
from symgrad.naming import plain_name
from symgrad.read.document import Sheet
from symgrad.syntax import Node

_IS_OF = re.compile(
    r"(?i)^\W*(?:be|is|denotes?)?\W*(?:the\W+)?(?:\w+\W+)?(?:indicator|mask|characteristic)\b(?:\W+(?:vector|function))?\W*(?:of|for)?\W*$"
)


def of_subsets(sheet: Sheet) -> Sheet:
    """The sheet with the number of a subset as a name, and sums over one that has an indicator as sums over all."""
    sets = {name for s in sheet.statements for name in _summed_over(s.node)}
    if not sets:
        return sheet
    indicators = dict(_indicators(sheet, sets))

    def written(node: Node) -> Node:
        match node:
            case sx.Abs(body=body) | sx.Norm(body=body) if plain_name(body) in sets:
                return sx.Name(node.span, _count(plain_name(body) or ""))
            case sx.BigOp(operator="sum", below=sx.Relation(sides=(sx.Name() as index, over), operators=("in",)), body=sx.Node() as body):
                indicator = indicators.get(plain_name(over) or "")
                if indicator is not None:
                    factors = (sx.Scripted(node.span, indicator, index), sx.Group(node.span, "(", ")", body))
                    return replace(node, below=index, body=sx.Product(node.span, factors, ("",)))
        return node

    everywhere = frozenset(range(len(sheet.headings) + 1))
    counts = {_spelled(name): everywhere for name in sets}
    changed = [replace(s, node=sx.mapped(s.node, written)) for s in sheet.statements]
    return replace(sheet, statements=changed, scalars={**sheet.scalars, **counts})


def _count(name: str) -> str:
    return f"|{name}|"


def _spelled(name: str) -> str:
    return f"\\mathrm{{{_count(name)}}}"


def _summed_over(node: Node) -> Iterator[str]:
    """The S of `\\sum_{i \\in S}`."""
    for n in sx.walk(node):
        match n:
            case sx.BigOp(operator="sum", below=sx.Relation(sides=(_, sx.Name() as over), operators=("in",))):
                yield plain_name(over) or ""


def _indicators(sheet: Sheet, sets: set[str]) -> Iterator[tuple[str, sx.Name]]:
    r"""`$m \in \{0, 1\}^N$ the indicator of $S$`: the set, and the vector that tells which examples are in it."""
    for before, statement in pairwise(sheet.statements):
        subject = before.node.sides[0] if isinstance(before.node, sx.Relation) and before.node.operators == ("in",) else before.node
        name = plain_name(statement.node)
        if name in sets and isinstance(subject, sx.Name) and _IS_OF.match(statement.words):
            yield name or "", subject
