r"""The values of a matrix by its rows, where the sheet speaks of X: `x_1 = (1, 0)^T`, `x_2 = (1, 1)^T`, or `n = 4`, `x_i = (1, i - 1)^T`.

Only a matrix that has no value and no formula of its own gets one, and only where the sheet has its rows `x_i`. So are points that are told
with their labels, `points $(1, 2)$ with $y = 1$ and $(1, -1)$ with $y = 0$`, the values of what the sheet has `x_{ij}` and `y_i` for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from functools import partial

from symgrad import syntax as sx
from symgrad.constant import constant_of, numeral
from symgrad.literals import as_list, literal_cells
from symgrad.naming import letters_of, numbers_of, plain_name, superscript
from symgrad.parts import heads, mentions
from symgrad.read.document import Sheet, Statement
from symgrad.syntax import Node

_MOST = 30
# The examples are the columns there, if no word says that they are rows.
_COLUMNS = re.compile(r"(?i)\b(?:columns?|spalten?|colonnes?|columnas?|colonne)\b")
_ROWS = re.compile(r"(?i)\b(?:rows?|zeilen?|lignes?|filas?|righe)\b")
_POINTS = re.compile(
    r"(?i)\b(?:points?|examples?|samples?|observations?|inputs?|data|punkten?|beispielen?|puntos?|ejemplos?|exemples?|exemplos?)\W*$"
)
_LABELLED = re.compile(r"(?i)^\W*(?:with|has|having|mit|con|avec|com)?(?:\s+(?:the\s+)?(?:label|target|class|value|output))?\W*$")
_AND = re.compile(r"(?i)^\W*(?:and|und|y|et|e)?\W*$")


def with_data(sheet: Sheet) -> Sheet:
    """The sheet with the matrices that it gives row by row."""
    sheet = _with_shared_labels(_with_points(sheet))
    defined = {name for s in sheet.statements for name, _ in heads(s)}
    spoken = {name for s in sheet.statements for name in mentions(s.node)}
    wanted = {name.lower() for name in spoken - defined if len(name) == 1 and name.isupper()} - defined
    if _COLUMNS.search(sheet.source.text):
        wanted = {name for name in wanted if _are_rows(sheet, name)}
    if not wanted:
        return sheet
    for base, at, cells in list(_given(sheet, wanted)):
        widths = {len(row) for row in cells}
        if len(cells) < 2 or len(widths) != 1:
            continue
        here = sheet.statements[at]
        matrix = sx.Matrix(here.span, tuple(tuple(row) for row in cells), "pmatrix")
        node = sx.Relation(here.span, (sx.Name(here.span, base.upper()), matrix), ("=",))
        own = [] if numbers_of_head(here.node) is None else [here]
        sheet = replace(sheet, statements=[*sheet.statements[:at], *own, replace(here, node=node), *sheet.statements[at + 1 :]])
    return sheet


def _are_rows(sheet: Sheet, base: str) -> bool:
    """Whether the words before a vector of this letter, in its sentence, call it a row: "row $k$ is $w_k^T$", "rows $w_1 = …$"."""
    for i, statement in enumerate(sheet.statements):
        head = statement.node.sides[0] if isinstance(statement.node, sx.Relation) else statement.node
        if isinstance(head, sx.Scripted) and plain_name(head.base) == base:
            before = sheet.statements[i - 1].words if i and not isinstance(sheet.statements[i - 1].node, sx.Relation) else ""
            said = re.split(r"[.;]", f"{before} {statement.words}")[-1]
            if _ROWS.search(said):
                return _COLUMNS.search(said) is None
    return False


def _with_points(sheet: Sheet) -> Sheet:
    """The sheet with the values of all points, where they are told one after the other with their labels."""
    statements = sheet.statements
    formulas = (s.node for s in statements for _, formula in heads(s) if constant_of(formula) is None)
    defined = {name for node in formulas if isinstance(node, sx.Relation) for name in mentions(node.sides[0])} | {"\\delta"}
    scripted = [n for s in statements for n in sx.walk(s.node) if isinstance(n, sx.Scripted)]
    axes = {(name, len(letters_of(n.sub) or ())) for n in scripted if (name := plain_name(n.base)) is not None}
    for i, statement in enumerate(statements):
        if not _POINTS.search(statement.words):
            continue
        rows, labels, k = list[list[Node]](), list[Node](), i
        label = ""
        while k + 1 < len(statements) and (k == i or _AND.search(statements[k].words)):
            point, told = literal_cells(statements[k].node), heads(statements[k + 1])
            if point is None or len(told) != 1 or constant_of(told[0][1]) is None or not _LABELLED.search(statements[k + 1].words):
                break
            if label not in ("", told[0][0]) or (rows and len(point) != len(rows[0])):
                break
            label, k = told[0][0], k + 2
            rows.append(point)
            labels.append(told[0][1])
        wholes = [name for name, many in sorted(axes) if many == 2 and name not in defined]
        if len(rows) < 2 or len(wholes) != 1 or (label, 1) not in axes or label in defined:
            continue
        span = statement.span.to(statements[k - 1].span)
        made = [(wholes[0], rows), (label, [[value] for value in labels])]
        base = {plain_name(n.base): n.base for n in scripted}
        given = [
            replace(statement, node=sx.Relation(span, (base[name], sx.Matrix(span, tuple(map(tuple, cells)), "pmatrix")), ("=",)))
            for name, cells in made
        ]
        return replace(sheet, statements=[*statements[:i], *(replace(s, span=span) for s in given), *statements[k:]])
    return sheet


def _with_shared_labels(sheet: Sheet) -> Sheet:
    """The sheet with a label for each point, where several have one: `x_1 = (2, 1)`, `x_2 = (1, -2)` with `y = +1`."""
    out: list[Statement] = []
    points: list[int] = []
    for statement in sheet.statements:
        named = heads(statement)
        number = numbers_of_head(statement.node)
        is_label = len(named) == 1 and constant_of(named[0][1]) is not None and number is None and _LABELLED.search(statement.words)
        if points and is_label and statement.words.strip():
            assert isinstance(statement.node, sx.Relation)
            head, *rest = statement.node.sides
            for k in points:
                own = sx.Scripted(head.span, head, sx.Number(head.span, str(k)))
                out.append(replace(statement, node=replace(statement.node, sides=(own, *rest))))
            points = []
            continue
        is_point = number is not None and len(number) == 1 and len(named) == 1 and literal_cells(named[0][1]) is not None
        points = [*points, number[0]] if number is not None and is_point else []
        out.append(statement)
    return replace(sheet, statements=out)


def _given(sheet: Sheet, wanted: set[str]) -> Iterator[tuple[str, int, list[list[Node]]]]:
    """The letter of what is given one by one, or by its formula in i, where the last is said, and the entries of each."""
    by_letter = {plain_name(n.base) for s in sheet.statements for n in sx.walk(s.node) if isinstance(n, sx.Scripted) and letters_of(n.sub)}
    for base in sorted(wanted & {name for name in by_letter if name is not None}):
        rows: dict[int, tuple[int, list[Node]]] = {}
        for i, statement in enumerate(sheet.statements):
            node = statement.node
            head = node.sides[0] if isinstance(node, sx.Relation) and node.operators == ("=",) else None
            if not isinstance(node, sx.Relation) or not isinstance(head, sx.Scripted) or plain_name(head.base) != base or head.sup:
                continue
            number, letters = numbers_of(head.sub), letters_of(head.sub)
            cells = literal_cells(node.sides[1])
            if number is not None and len(number) == 1 and cells is not None:
                rows.setdefault(number[0], (i, cells))
            elif letters is not None and len(letters) == 1 and not rows:
                count = _count(sheet, i)
                made = None if count is None else _by_formula(node.sides[1], letters[0], count)
                if made is not None:
                    yield base, i, made
                    break
        else:
            if rows and sorted(rows) == list(range(1, len(rows) + 1)):
                yield base, max(i for i, _ in rows.values()), [rows[k][1] for k in sorted(rows)]


def numbers_of_head(node: Node) -> tuple[int, ...] | None:
    """The 2 of `x_2 = …`."""
    head = node.sides[0] if isinstance(node, sx.Relation) else None
    return numbers_of(head.sub) if isinstance(head, sx.Scripted) else None


def _count(sheet: Sheet, i: int) -> int | None:
    """How many examples there are: the last `n = 4` before a statement."""
    for statement in reversed(sheet.statements[: i + 1]):
        for name, value in heads(statement):
            if name in ("n", "m", "N", "M") and (count := constant_of(value)) is not None and count.denominator == 1 and 1 < count <= _MOST:
                return int(count)
    return None


def _by_formula(node: Node, letter: str, count: int) -> list[list[Node]] | None:
    """The entries of `(1, i - 1)^T` for each i."""
    inner = node.base if isinstance(node, sx.Scripted) and superscript(node.sup).transposed else node
    inner = as_list(inner)
    items = (
        inner.items if isinstance(inner, sx.List) else tuple(c for row in inner.rows for c in row) if isinstance(inner, sx.Matrix) else ()
    )
    made: list[list[Node]] = []
    for k in range(1, count + 1):
        numbered = [sx.replaced(item, partial(_put, letter, k)) for item in items]
        values = [constant_of(item) for item in numbered]
        if len(values) < 2 or None in values:
            return None
        made.append([numeral(value or Fraction(0), item.span) for item, value in zip(numbered, values, strict=True)])
    return made


def _put(letter: str, number: int, node: Node) -> Node | None:
    """The number where the letter stands."""
    return sx.Number(node.span, str(number)) if node == sx.Name(node.span, letter) else None
