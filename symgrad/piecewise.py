r"""Functions given by cases in words: `$\phi(u) = u$ for $u > 0$ and $\phi(u) = 0.1 u$ otherwise`, as one equation with cases."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from symgrad import syntax as sx
from symgrad.cases import indicator
from symgrad.conditions import one_sentence
from symgrad.read.document import Sheet, Statement
from symgrad.span import Span
from symgrad.syntax import Node

_IF = re.compile(r"(?i)\b(?:if|for|when|where|whenever|si|se|wenn|falls|für|pour|quando|cuando)\s*$")
_ELSE = re.compile(
    r"(?i)^\W*(?:otherwise|else|elsewhere|in (?:all )?other cases|sonst|andernfalls|ansonsten|sinon|autrement|altrimenti"
    r"|(?:en|de) (?:otro caso|lo contrario|caso contrario)|caso contrário|senão|si no)\b"
)


def joined(sheet: Sheet) -> Sheet:
    """The sheet with several equations for one name, each for a case of its own, as one."""
    out: list[Statement] = []
    i = 0
    while i < len(sheet.statements):
        found = _cases_from(sheet, i)
        if found is None:
            out.append(sheet.statements[i])
            i += 1
            continue
        node, stop = found
        span = sheet.statements[i].span.to(sheet.statements[stop - 1].span)
        out.append(replace(sheet.statements[i], node=node, span=span, words_after=sheet.statements[stop - 1].words_after))
        i = stop
    return replace(sheet, statements=out)


def _cases_from(sheet: Sheet, start: int) -> tuple[Node, int] | None:
    """The equation with cases that begins at a statement, and where what it is made of ends."""
    first = sheet.statements[start].node
    if not isinstance(first, sx.Relation) or len(first.sides) != 2 or first.operators[0] not in ("=", ":="):
        return None
    rows: list[sx.Case] = []
    i = start
    for row, following in _rows(sheet, start, first):
        rows.append(row)
        i = following
    if len(rows) < 2:
        return None
    span: Span = rows[0].span.to(rows[-1].span)
    return sx.Relation(first.span.to(span), (first.sides[0], sx.Cases(span, tuple(rows))), first.operators), i


def _rows(sheet: Sheet, start: int, first: sx.Relation) -> Iterator[tuple[sx.Case, int]]:
    i = start
    while i < len(sheet.statements):
        statement = sheet.statements[i]
        node = statement.node
        same = isinstance(node, sx.Relation) and len(node.sides) == 2 and node.sides[0] == first.sides[0]
        if not same or statement.display or (i > start and not one_sentence(sheet, start, i)):
            return
        assert isinstance(node, sx.Relation)
        if i > start and _ELSE.search(statement.words_after):
            yield sx.Case(node.sides[1].span, node.sides[1], None), i + 1
            return
        after = sheet.statements[i + 1] if i + 1 < len(sheet.statements) else None
        is_condition = after is not None and indicator(after.node) is not None and _IF.search(after.words) is not None
        if after is None or not is_condition or not one_sentence(sheet, i, i + 1):
            return
        yield sx.Case(node.sides[1].span, node.sides[1], after.node), i + 2
        i += 2
