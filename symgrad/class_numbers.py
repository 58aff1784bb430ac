r"""The one-hot vector of a class that is told by its number: y = 1 beside the rows $w_1, w_2, w_3$ of the weights is (1, 0, 0).

Only vectors that are given from the first on say how many classes there are, and that they are counted from 1.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from symgrad import syntax as sx
from symgrad.datapoints import numbers_of_head
from symgrad.literals import literal_cells
from symgrad.naming import letters_of, plain_name
from symgrad.parts import heads
from symgrad.read.document import Sheet, Statement


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
                cells = tuple((sx.Number(nowhere, str(int(k == number))),) for k in range(1, count + 1))
                node = sx.Relation(nowhere, (sx.Name(nowhere, f"e_{name}"), sx.Matrix(nowhere, cells, "pmatrix")), ("=",))
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
