r"""Sums told in words: `$e^1 = 2.72$, $e^2 = 7.39$, and their sum is $10.11$`.

The number after the words becomes an equality with the sum of what the same sentence has worked out before.
"""

from __future__ import annotations

import re
from dataclasses import replace

from symgrad import syntax as sx
from symgrad.constant import constant_of
from symgrad.read.document import Sheet, Statement
from symgrad.syntax import Node

_IS_THE_SUM = re.compile(
    r"(?i)^[^.$]*\b(?:sum|total|suma|somme|summe|soma|somma)\W+(?:is|are|of|to|up to|es|est|ist|é|è|vaut|vale|ergibt|=|:)?\W*$"
)
_IN_ONE_SENTENCE = re.compile(r"^[^.:;]*$")


def totalled(sheet: Sheet) -> Sheet:
    """The sheet with the sums that its words tell written as such."""
    out: list[Statement] = []
    for statement in sheet.statements:
        terms = _before(out) if constant_of(statement.node) is not None and _IS_THE_SUM.match(statement.words) else []
        if len(terms) > 1 and not statement.display:
            total = sx.Sum(statement.span, tuple(terms), ("", *("+",) * (len(terms) - 1)))
            statement = replace(statement, node=sx.Relation(statement.span, (total, statement.node), ("=",)))
        out.append(statement)
    return replace(sheet, statements=out)


def _before(statements: list[Statement]) -> list[Node]:
    """The results that stand in the sentence so far, where there is nothing else in it."""
    found: list[Node] = []
    for statement in reversed(statements):
        node = statement.node
        value = node.sides[-1] if isinstance(node, sx.Relation) else node
        if statement.display or constant_of(value) is None:
            break
        found.insert(0, value)
        if not _IN_ONE_SENTENCE.match(statement.words):
            break
    return found
