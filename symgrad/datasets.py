r"""Data sets of pairs: `D = \{(1, 3), (2, 5)\}`, "the points $(1, 3), (2, 5)$", and sums over them, `\sum_{(x, y) \in D} (w x - y)^2`.

A sum over pairs is one over their numbers i, with `x_i` for the x of a pair and `\hat y_i` for what is made of it; pairs that are
written out are the values of what the sheet numbers, x and y. Where it has not two such names, the pairs are left as they are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from symgrad import syntax as sx
from symgrad.constant import constant_of
from symgrad.literals import literal_cells, literal_rows
from symgrad.naming import letters_of, plain_name
from symgrad.parts import heads, mentions
from symgrad.read.document import Sheet, Statement
from symgrad.span import Span
from symgrad.syntax import Node

Point = tuple[Node, ...]

_MOST, _PAIR = 60, 2
# What numbers the pairs, and how many there are: the first that the sheet has no other use for.
_LETTERS, _COUNTS = ("i", "j", "k", "n", "s"), ("n", "N", "m", "M")
# What is predicted, where a sheet does not say which of a pair comes last.
_TARGETS = ("y", "t", "d", "r")
_POINTS = re.compile(
    r"(?i)(?<!for )\b(?:points?|pairs?|examples?|samples?|observations?|(?:data|training|test)[ -]?(?:set|data)?|measurements?"
    r"|punkte?n?|beispiele?n?|daten|puntos?|ejemplos?|datos"
    r"|exemples?|données|exemplos?|dados)\W*$"
)
_BETWEEN = re.compile(r"(?i)^\W*(?:and|und|y|et|e)?\W*$")


# ── sums over pairs ──────────────────────────────────────────────────────────────────────────────────────────────────


def over_pairs(sheet: Sheet) -> Sheet:
    r"""The sheet with its sums over pairs `(x, y) \in D` as sums over their number."""
    drawn = [pair for s in sheet.statements for n in sx.walk(s.node) if (pair := _drawn(n)) is not None]
    if not drawn:
        return sheet
    members = {name for names, _ in drawn for name in names}
    wholes = {whole for _, whole in drawn}
    spoken = {name for s in sheet.statements for name in mentions(s.node)}
    letter = next((c for c in _LETTERS if c not in spoken), _LETTERS[0])
    count = next((c for c in _COUNTS if c not in spoken), _COUNTS[0])
    formulas = {name: formula for s in sheet.statements for name, formula in heads(s)}
    made = _made_of(members, formulas)

    def written(node: Node) -> Node:
        if isinstance(node, sx.Abs) and plain_name(node.body) in wholes:
            return sx.Name(node.span, count)
        if not isinstance(node, sx.BigOp) or _drawn(node) is None or node.body is None or node.below is None:
            return node
        index = sx.Name(node.below.span, letter)
        below = sx.Relation(node.below.span, (index, sx.Number(node.below.span, "1")), ("=",))
        return replace(node, below=below, above=sx.Name(node.below.span, count), body=_numbered(node.body, index, members | made))

    return replace(sheet, statements=[replace(s, node=sx.mapped(s.node, written)) for s in sheet.statements])


def _drawn(node: Node) -> tuple[tuple[str, ...], str] | None:
    r"""The x, y and the D of `\sum_{(x, y) \in D}`."""
    match node:
        case sx.BigOp(
            operator="sum", below=sx.Relation(sides=(sx.Group(body=sx.Listing(items=pair)), whole), operators=("in",)), body=body
        ):
            names, name = [plain_name(item) for item in pair if isinstance(item, sx.Name)], plain_name(whole)
            # The i and j of `\sum_{(i,j) \in E} (x_i - x_j)^2` are indices and no data.
            below = {letter for n in sx.walk(body or node) if isinstance(n, sx.Scripted) for letter in letters_of(n.sub) or ()}
            is_of_data = len(names) == len(pair) and name is not None and below.isdisjoint(n for n in names if n)
            return (tuple(n for n in names if n), name) if is_of_data and name is not None else None
    return None


def _made_of(members: set[str], formulas: dict[str, Node]) -> set[str]:
    """The names whose formulas rest on the x or y of a pair that is not summed over there."""
    found: set[str] = set()
    while True:
        more = {
            name
            for name, formula in formulas.items()
            if name not in found and set(_free(formula)) & (members | found) and name not in members
        }
        if not more:
            return found
        found |= more


def _free(node: Node) -> Iterator[str]:
    """The names in a formula, without those of its sums over pairs."""
    if _drawn(node) is not None:
        return
    if (name := plain_name(node)) is not None:
        yield name
        return
    for child in sx.children(node):
        yield from _free(child)


def _numbered(node: Node, index: Node, members: set[str]) -> Node:
    """The body of a sum with the number of the pair at all that is of one pair."""

    def at(inner: Node) -> Node | None:
        if isinstance(inner, sx.Call):
            return replace(inner, args=tuple(sx.replaced(arg, at) for arg in inner.args))
        if isinstance(inner, sx.Derivative):
            return replace(inner, of=None if inner.of is None else sx.replaced(inner.of, at))
        if isinstance(inner, sx.Name) and plain_name(inner) in members:
            return sx.Scripted(inner.span, inner, index)
        if isinstance(inner, sx.Scripted) and plain_name(inner.base) in members:
            if inner.sub is None:
                return replace(inner, sub=index)
            return replace(inner, sub=sx.Listing(inner.sub.span, (index, inner.sub), (",",))) if letters_of(inner.sub) else inner
        return None

    return sx.replaced(node, at)


# ── pairs written out ────────────────────────────────────────────────────────────────────────────────────────────────


def with_pairs(sheet: Sheet) -> Sheet:
    """The sheet with the values of x and y where it writes out pairs of them."""
    statements = sheet.statements
    for i, statement in enumerate(statements):
        run = _run(statements, i)
        if run is None:
            continue
        points, stop, names = run
        if len(points) < 2 or len({tuple(len(_cells(entry)) for entry in point) for point in points}) != 1:
            continue
        names = names or _numbered_names(sheet, points[0])
        if not names and (target := _beside_a_matrix(sheet, points)) is not None:
            names, points = (target,), [point[-1:] for point in points]
        if len(names) != len(points[0]):
            continue
        whole_set = [s for s in statements[i:stop] if isinstance(s.node, sx.Relation)]
        named = [replace(s, node=replace(s.node, operators=("in",))) for s in whole_set if isinstance(s.node, sx.Relation)]
        whole = statement.span.to(statements[stop - 1].span)
        made = [_value(name, [point[k] for point in points]) for k, name in enumerate(names)]
        given = [replace(statement, node=node, span=whole) for node in made]
        columns = frozenset(name for name in map(plain_name, names) if name is not None)
        alike = {columns} if all(len(_cells(entry)) == 1 for entry in points[0]) else set[frozenset[str]]()
        numbers = [replace(statement, node=node, span=node.span) for node in _numbers(statements)] if alike else []
        kept = [*statements[:i], *numbers, *given, *named, *statements[stop:]]
        return replace(sheet, statements=kept, sequences=sheet.sequences | alike)
    return sheet


def _run(statements: Sequence[Statement], i: int) -> tuple[list[Point], int, tuple[Node, ...]] | None:
    """The points from a statement on, where they end, and what a tuple of names before them calls their entries."""
    statement = statements[i]
    if isinstance(statement.node, sx.Relation):
        head, body = statement.node.sides[0], statement.node.sides[-1]
        points = _points(body) if len(statement.node.sides) == 2 and statement.node.operators[0] in ("=", "in") else []
        names = (_names(head) or _drawn_from(statements, plain_name(head))) if points else ()
        is_set = isinstance(body, sx.Group) and body.open == "\\{"
        # `(x, y) = (0, 1), \\ (1, 3)`
        points, stop = _with_more(statements, points, i + 1) if names and not is_set else (points, i + 1)
        return (points, stop, names) if points and (is_set or (names and len(points) > 1)) else None
    names = _names(statements[i - 1].node) if i else ()
    if not names and not _POINTS.search(statement.words):
        return None
    points, stop = _with_more(statements, _points(statement.node), i + 1)
    return (points, stop, names) if points else None


def _with_more(statements: Sequence[Statement], points: list[Point], stop: int) -> tuple[list[Point], int]:
    """The points with those that are listed from a statement on, and where these end."""
    while points and stop < len(statements) and _BETWEEN.match(statements[stop].words) and (more := _points(statements[stop].node)):
        points, stop = points + more, stop + 1
    return points[:_MOST], stop


def _points(node: Node) -> list[Point]:
    r"""The points of `(1, 3)`, `(1, 3), (2, 5)` and `\{(1, 3), (2, 5)\}`; none of anything else."""
    match node:
        case sx.Group(open="\\{", body=sx.Listing() as body):
            return _points(body)
        case sx.Group(open="(", body=sx.Listing(items=items)) if all(_cells(item) for item in items):
            return [items]
        case sx.Listing(items=items):
            found = [point for item in items for point in (_points(item) if isinstance(item, sx.Group) and item.open == "(" else [])]
            return found if len(found) == len(items) <= _MOST else []
    return []


def _cells(entry: Node) -> list[Node]:
    """The entries of the x of a pair: the number, or those of a vector."""
    return [entry] if constant_of(entry) is not None else literal_cells(entry) or []


def _names(node: Node) -> tuple[Node, ...]:
    r"""The names of `(x, y)`, `(x_i, y_i)` and `\{(x_i, y_i)\}_{i=1}^n`, without their index."""
    match node:
        case sx.Scripted(base=sx.Group(open="\\{", body=body)) | sx.Group(open="\\{", body=body):
            return _names(body)
        case sx.Group(open="(", body=sx.Listing(items=items)):
            bases = [item.base if isinstance(item, sx.Scripted) else item for item in items]
            is_named = all(plain_name(base) is not None and not isinstance(base, sx.Number) for base in bases)
            return tuple(bases) if is_named and all(_is_bare(item) for item in items) else ()
    return ()


def _is_bare(item: Node) -> bool:
    """Whether a name has no script, or a letter that numbers it."""
    return isinstance(item, sx.Name) or (isinstance(item, sx.Scripted) and len(letters_of(item.sub or _inside(item.sup)) or ()) == 1)


def _inside(node: Node | None) -> Node | None:
    return node.body if isinstance(node, sx.Group) else node


def _drawn_from(statements: Sequence[Statement], name: str | None) -> tuple[Node, ...]:
    r"""The x and y of `\sum_{(x, y) \in D}`, for the D."""
    for statement in statements:
        for node in sx.walk(statement.node):
            if (
                name is not None
                and isinstance(node, sx.BigOp)
                and isinstance(node.below, sx.Relation)
                and plain_name(node.below.sides[-1]) == name
            ):
                return _names(node.below.sides[0])
    return ()


def _numbered_names(sheet: Sheet, point: Point) -> tuple[Node, ...]:
    """The two names that a sheet numbers by a letter and does not define, the target last."""
    defined = {name for s in sheet.statements for name, formula in heads(s) if literal_rows(formula) is None}
    scripted = [n for s in sheet.statements for n in sx.walk(s.node) if isinstance(n, sx.Scripted) and _is_bare(n)]
    found = {
        name: n.base for n in scripted if (name := plain_name(n.base)) is not None and name not in defined and not name.startswith("\\")
    }
    targets = [name for name in _TARGETS if name in found]
    if set(found) == set(targets[:1]) and "x" not in defined:  # only the targets have a number: `\\hat y = w x + b`
        x = next((n for s in sheet.statements for n in sx.walk(s.node) if isinstance(n, sx.Name) and plain_name(n) == "x"), None)
        found |= {} if x is None else {"x": x}
    others = [name for name in found if name not in targets[:1]]
    others = ["x"] if "x" in others else others
    return (found[others[0]], found[targets[0]]) if len(point) == 2 and len(targets) >= 1 and len(others) == 1 else ()


def _beside_a_matrix(sheet: Sheet, points: list[Point]) -> Node | None:
    """The y without a value of a sheet that gives X itself, with the first of each pair in one of its columns."""
    first = tuple(constant_of(point[0]) for point in points)
    known = {name for s in sheet.statements for name, _ in heads(s)}
    matrices = (rows for s in sheet.statements for _, value in heads(s) if (rows := literal_rows(value)) is not None)
    columns = {column for rows in matrices if len(rows) == len(first) for column in zip(*rows, strict=True)}
    if len(points[0]) != _PAIR or first not in columns:
        return None
    spoken = {plain_name(n): n for s in sheet.statements for n in sx.walk(s.node) if isinstance(n, sx.Name)}
    return next((spoken[name] for name in _TARGETS if name in spoken and name not in known), None)


def _numbers(statements: Sequence[Statement]) -> Iterator[Node]:
    """What is given as a number is one: beside columns of data even a 0 is no vector."""
    for statement in statements:
        match statement.node:
            case sx.Relation(sides=(head, value), operators=("=",)) if plain_name(head) is not None and constant_of(value) is not None:
                nowhere = Span(statement.span.start, statement.span.start)
                yield sx.Relation(nowhere, (replace(head, span=nowhere), sx.Name(nowhere, "R", style="mathbb")), ("in",))


def _value(name: Node, entries: list[Node]) -> Node:
    """A column of numbers, or a matrix whose rows are vectors."""
    span = entries[0].span.to(entries[-1].span)
    return sx.Relation(span, (name, sx.Matrix(span, tuple(tuple(_cells(entry)) for entry in entries))), ("=",))
