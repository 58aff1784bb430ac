r"""Probabilities worked out of logits without a formula: "logits $z = (2, 1, 0)$", `e^z = (7.389, 2.718, 1)`, `p = (0.665, 0.245, 0.09)`.

They are the softmax of the logits where all of them but one at most come out so; that one is then wrong.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import replace

from symgrad import syntax as sx
from symgrad.literals import literal_rows
from symgrad.naming import plain_name
from symgrad.parts import heads
from symgrad.read.document import Sheet, Statement
from symgrad.span import Span

_WORDS = re.compile(r"(?i)\b(?:logits?|softmax|scores?)\b")
# How far a probability may be from the softmax to be recognised as one.
_NEAR = 0.006


def with_softmax(sheet: Sheet) -> Sheet:
    """The sheet with the formula of such probabilities in front of their numbers."""
    if _WORDS.search(sheet.source.text) is None and not any(_exponentials(s.node) for s in sheet.statements):
        return sheet
    formulas = {name for s in sheet.statements for name, formula in heads(s) if literal_rows(formula) is None}
    vectors: dict[str, tuple[sx.Node, list[float]]] = {}
    out: list[Statement] = []
    for statement in sheet.statements:
        for name, head, entries in _vectors(statement):
            found = None if name in formulas or name in vectors else _softmax_of(entries, vectors)
            if found is not None:
                nowhere = Span(statement.span.start, statement.span.start)
                call = sx.Call(nowhere, sx.Name(nowhere, "softmax"), (found,))
                made = sx.Relation(nowhere, (replace(head, span=nowhere), call), ("=",))
                out.append(replace(statement, node=made, span=nowhere, words="", words_after=""))
            vectors[name] = (head, entries)
        out.append(statement)
    return replace(sheet, statements=out)


def _vectors(statement: Statement) -> Iterator[tuple[str, sx.Node, list[float]]]:
    """A name that is given as a vector of numbers."""
    for name, formula in heads(statement):
        rows = literal_rows(formula)
        if rows is not None and 1 in (len(rows), len(rows[0])) and len(rows) * len(rows[0]) > 1 and isinstance(statement.node, sx.Relation):
            yield name, statement.node.sides[0], [float(x) for row in rows for x in row]


def _softmax_of(entries: list[float], vectors: dict[str, tuple[sx.Node, list[float]]]) -> sx.Node | None:
    """The name of the logits that numbers are the softmax of."""
    if not all(0.0 < x < 1.0 for x in entries):
        return None
    for head, logits in reversed(vectors.values()):
        if len(logits) != len(entries) or max(map(abs, logits)) > math.log(1e9):
            continue
        total = sum(map(math.exp, logits))
        far = sum(abs(math.exp(z) / total - p) > _NEAR for z, p in zip(logits, entries, strict=True))
        if far == 0 or (far == 1 and len(entries) > 2):
            return head
    return None


def _exponentials(node: sx.Node) -> bool:
    """`e^z = (7.389, …)`, where z is a name."""
    match node:
        case sx.Relation(sides=(sx.Scripted(base=sx.Name(base="e"), sup=sup), *_)) if sup is not None:
            return plain_name(sup) is not None
    return False
