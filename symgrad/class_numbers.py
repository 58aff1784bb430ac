r"""The one-hot vector of a class that is told by its number: y = 1 beside the rows $w_1, w_2, w_3$ of the weights is (1, 0, 0).

Only vectors that are given from the first on say how many classes there are, and that they are counted from 1.

"Let $z = (2, 1, 0)$ and let the second class be correct" gives the vector t of the targets, or y, where nothing else does.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from symgrad import syntax as sx
from symgrad.constant import is_numeric
from symgrad.datapoints import numbers_of_head
from symgrad.literals import literal_cells
from symgrad.naming import letters_of, plain_name
from symgrad.parts import heads, mentions
from symgrad.read.document import Sheet, Statement
from symgrad.span import Span
from symgrad.syntax import Node

_ORDINALS = ("first", "second", "third", "fourth", "fifth")
_TOLD = re.compile(
    rf"(?i)\b(?:(?P<order>{'|'.join(_ORDINALS)}) class (?:be|is|was)(?: the)? (?:correct|right|true|target)(?: one)?"
    r"|(?:correct|right|true|target) class (?:be|is|was) (?:class |number |no\. ?)*\$?(?P<number>[1-9])\$?"
    r"|class \$?(?P<other>[1-9])\$? (?:be|is|was)(?: the)? (?:correct|right|true|target)(?: (?:one|class))?)\b"
)
_TARGETS = ("t", "y")


def with_told_classes(sheet: Sheet) -> Sheet:
    """The sheet with the targets of the class that is told to be right, behind the scores that are given before that."""
    text = sheet.source.text
    told = list(_TOLD.finditer(text))
    spoken = [name for name in _TARGETS if any(name in mentions(s.node) for s in sheet.statements)]
    given = {name for s in sheet.statements for name, value in heads(s) if literal_cells(value) is not None or is_numeric(value)}
    if len(told) != 1 or len(spoken) != 1 or spoken[0] in given:
        return sheet
    found = told[0]
    number = _ORDINALS.index(found["order"].lower()) + 1 if found["order"] else int(found["number"] or found["other"])
    paragraph = text.rfind("\n\n", 0, found.start())
    for i in range(len(sheet.statements) - 1, -1, -1):
        statement = sheet.statements[i]
        cells = [literal_cells(value) or () for _, value in heads(statement)]
        if paragraph <= statement.span.start < found.start() and cells and len(cells[0]) >= max(number, 2):
            nowhere = Span(statement.span.end, statement.span.end)
            node = sx.Relation(nowhere, (sx.Name(nowhere, spoken[0]), _one_hot(nowhere, number, len(cells[0]))), ("=",))
            made = replace(statement, node=node, span=nowhere, words="", words_after="")
            return replace(sheet, statements=[*sheet.statements[: i + 1], made, *sheet.statements[i + 1 :]])
    return sheet


def _one_hot(at: Span, number: int, count: int) -> Node:
    return sx.Matrix(at, tuple((sx.Number(at, str(int(k == number))),) for k in range(1, count + 1)), "pmatrix")


def with_class_numbers(sheet: Sheet) -> Sheet:
    """The sheet with such vectors given, behind the number and the rows."""
    counted = list(_rows(sheet)) if sheet.one_hot else []
    if not counted:
        return sheet
    last, count = counted[-1]
    made: dict[int, list[Statement]] = {}
    for i, statement in enumerate(sheet.statements):
        for name, value in heads(statement):
            number = int(value.text) if isinstance(value, sx.Number) and value.text.isdigit() else 0
            if f"\\mathrm{{e_{name}}}" in sheet.one_hot and 1 <= number <= count:
                at = max(i, last)
                nowhere = replace(sheet.statements[at].span, start=sheet.statements[at].span.end)
                node = sx.Relation(nowhere, (sx.Name(nowhere, f"e_{name}"), _one_hot(nowhere, number, count)), ("=",))
                made.setdefault(at, []).append(replace(statement, node=node, span=nowhere, words="", words_after=""))
    out: list[Statement] = []
    for i, statement in enumerate(sheet.statements):
        out += [statement, *made.get(i, ())]
    return replace(sheet, statements=out)


def _rows(sheet: Sheet) -> Iterator[tuple[int, int]]:
    """Where the last of the vectors of all classes is given, and how many there are."""
    by_letter = {plain_name(n.base) for s in sheet.statements for n in sx.walk(s.node) if isinstance(n, sx.Scripted) and letters_of(n.sub)}
    found: dict[str, dict[int, int]] = {}
    for i, statement in enumerate(sheet.statements):
        number, named = numbers_of_head(statement.node), heads(statement)
        if number is not None and len(number) == 1 and named and len(literal_cells(named[0][1]) or ()) > 1:
            found.setdefault(named[0][0].rpartition("_")[0], {}).setdefault(number[0], i)
    for base, places in found.items():
        if base in by_letter and sorted(places) == list(range(1, len(places) + 1)) and len(places) > 1:
            yield max(places.values()), len(places)
