r"""The one-hot vector of a class that is told by its number: y = 1 beside the rows $w_1, w_2, w_3$ of the weights is (1, 0, 0).

Only vectors that are given from the first on say how many classes there are, and that they are counted from 1. The one-hot matrix of the
labels $y = (0, 1)$ of a batch is given with them, where `y_i \in \{0, \dots, C - 1\}` and `C = 2` say how many there are.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from symgrad import syntax as sx
from symgrad.datapoints import numbers_of_head
from symgrad.literals import literal_cells, literal_rows
from symgrad.naming import letters_of, plain_name
from symgrad.parts import heads
from symgrad.read.document import Sheet, Statement


def with_class_numbers(sheet: Sheet) -> Sheet:
    """The sheet with such vectors and matrices given, behind the number and the rows."""
    sheet = _with_matrix(sheet) if sheet.one_hot else sheet
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


def _with_matrix(sheet: Sheet) -> Sheet:
    """The sheet with the one-hot matrix of labels that are listed."""
    sets = [found for s in sheet.statements if (found := _classes(s.node)) is not None]
    numbers = ((name, value.text) for s in sheet.statements for name, value in heads(s) if isinstance(value, sx.Number))
    counts = {name: int(text) for name, text in numbers if text.isdigit()}
    out: list[Statement] = []
    for statement in sheet.statements:
        out.append(statement)
        for name, value in heads(statement):
            of = next(((first, counts[size] - (first == 0)) for letter, first, size in sets if letter == name and size in counts), None)
            matrix = next((m for m in sheet.one_hot if m.lower() == name != m), None)
            cells = [int(x) for row in literal_rows(value) or () for x in row if x.denominator == 1]
            if of is None or matrix is None or len(cells) < 2 or not all(of[0] <= x <= of[1] for x in cells):
                continue
            nowhere = replace(statement.span, start=statement.span.end)
            rows = tuple(tuple(sx.Number(nowhere, str(int(k == x))) for k in range(of[0], of[1] + 1)) for x in cells)
            node = sx.Relation(nowhere, (sx.Name(nowhere, matrix), sx.Matrix(nowhere, rows, "pmatrix")), ("=",))
            out.append(replace(statement, node=node, span=nowhere, words="", words_after=""))
    return replace(sheet, statements=out)


def _classes(node: sx.Node) -> tuple[str, int, str] | None:
    r"""The letter of labels, the number of the first class, and the letter that says how many: `y_i \in \{0, \dots, C - 1\}`."""
    match node:
        case sx.Relation(
            sides=(sx.Scripted(base=sx.Name() as letter), sx.Group(body=sx.Listing(items=(sx.Number() as first, *_, last)))),
            operators=("in",),
        ):
            pass
        case _:
            return None
    match last:
        case sx.Sum(terms=(size, sx.Number(text="1")), signs=("", "-")) if first.text == "0":
            return plain_name(letter) or "", 0, plain_name(size) or ""
        case _ if first.text == "1":
            return plain_name(letter) or "", 1, plain_name(last) or ""
    return None


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
