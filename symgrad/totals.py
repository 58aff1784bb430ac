r"""Sums told in words: `$e^1 = 2.72$, $e^2 = 7.39$, and their sum is $10.11$`.

The number after the words becomes an equality with the sum of what the same sentence has worked out before. `mean = 0.632` behind
`g \odot h = (1.2, 0.4)` is the mean of that, and no name.
"""

from __future__ import annotations

import re
from dataclasses import replace

from symgrad import syntax as sx
from symgrad.constant import constant_of
from symgrad.literals import literal_cells
from symgrad.read import functions as fn
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
        statement = _of_the_last(out[-1], statement) if out else statement
        terms = _before(out) if constant_of(statement.node) is not None and _IS_THE_SUM.match(statement.words) else []
        if len(terms) > 1 and not statement.display:
            total = sx.Sum(statement.span, tuple(terms), ("", *("+",) * (len(terms) - 1)))
            statement = replace(statement, node=sx.Relation(statement.span, (total, statement.node), ("=",)))
        out.append(statement)
    return replace(sheet, statements=out)


def _of_the_last(before: Statement, statement: Statement) -> Statement:
    """`mean = 0.632` as the mean of what the equation before it is about; of anything else it says nothing."""
    match statement.node, before.node:
        case sx.Relation(sides=(sx.Name(base=word, accents=()) as function, value)), sx.Relation(sides=(about, *_)):
            if fn.word_of(word) in fn.SUMS | fn.MEANS | fn.MAXIMA | fn.MINIMA and constant_of(value) is not None:
                called = sx.Call(statement.span, function, (about,))
                return replace(statement, node=replace(statement.node, sides=(called, value)))
    return statement


def _before(statements: list[Statement]) -> list[Node]:
    """The results that stand in the sentence so far, where there is nothing else in it."""
    found: list[Node] = []
    for statement in reversed(statements):
        node = statement.node
        value = node.sides[-1] if isinstance(node, sx.Relation) else node
        if not found and isinstance(node, sx.Relation) and (entries := literal_cells(value)) is not None:
            return entries  # `$e^z = (7.389, 2.718)$, the sum is $10.107$`
        if statement.display or constant_of(value) is None:
            break
        found.insert(0, value)
        if not _IN_ONE_SENTENCE.match(statement.words):
            break
    return found
