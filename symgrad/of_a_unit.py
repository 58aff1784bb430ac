r"""Values of one unit, by words: `z_1 = -0.8` behind "unit 2 had" is about the second entry of z_1, where that is a vector."""

from __future__ import annotations

import re
from dataclasses import replace

from symgrad import syntax as sx
from symgrad.constant import constant_of
from symgrad.literals import literal_rows
from symgrad.naming import plain_name
from symgrad.parts import heads
from symgrad.read.document import Sheet, Statement

_KIND = r"(?:hidden |output |input )?(?:unit|neuron|component|entry|coordinate)"
_UNIT = re.compile(
    rf"(?i)\b{_KIND}\s+(?:number\s+|no\.\s*|#)?(\d)\b[^.;:]*$|\b(?:(?:the|its)\s+)(first|second|third|fourth)\s+{_KIND}\b[^.;:]*$"
)
_ORDINALS = {"first": 1, "second": 2, "third": 3, "fourth": 4}


def of_a_unit(sheet: Sheet) -> Sheet:
    """The sheet with an entry for the whole vector, where a single number is said of it and the words say which unit is meant."""
    vectors: dict[str, int] = {}
    for statement in sheet.statements:
        rows = literal_rows(statement.node.sides[-1]) if isinstance(statement.node, sx.Relation) else None
        shape = (len(rows), len(rows[0])) if rows is not None else (0, 0)
        for name, _ in heads(statement) if 1 in shape else ():
            vectors[name] = max(*shape, vectors.get(name, 0))
    return replace(sheet, statements=[_of_its_unit(s, vectors) for s in sheet.statements])


def _of_its_unit(statement: Statement, vectors: dict[str, int]) -> Statement:
    told = _UNIT.search(statement.words)
    match statement.node:
        case sx.Relation(sides=(head, number)) as node if told and constant_of(number) is not None:
            unit = int(told[1]) if told[1] else _ORDINALS[told[2].lower()]
            if unit <= vectors.get(plain_name(head) or "", 0) > 1:
                entry = sx.Scripted(head.span, sx.Group(head.span, "(", ")", head), sx.Number(head.span, str(unit)))
                return replace(statement, node=replace(node, sides=(entry, number)))
    return statement
