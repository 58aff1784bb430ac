r"""Vectors whose entries are calculated one by one: `z_1 = 0.1`, `z_2 = 0.55`, and then `\partial L/\partial z` or `v \cdot h`.

The entries become those of the vector, which gets their formulas as its own, so that it can be differentiated by. Layers that are called
`h_1` and `h_2` are no entries: the second is made of the first, and neither comes out as a number.
"""

from __future__ import annotations

from dataclasses import replace

from symgrad import syntax as sx
from symgrad.heads import slope_of
from symgrad.literals import literal_rows
from symgrad.members import alone
from symgrad.naming import letters_of, plain_name, superscript
from symgrad.parts import heads
from symgrad.read.document import Sheet, Statement
from symgrad.syntax import Node

_MOST = 8


def with_vectors(sheet: Sheet) -> Sheet:
    """The sheet with such vectors defined, where the last of their entries is, and a later value of an entry as an update."""
    spoken = {name for s in sheet.statements if slope_of(s.node) is None for name in alone(s.node, frozenset())}
    given = {name for s in sheet.statements for name, _ in heads(s)} | {name for s in sheet.statements for name in _families(s.node)}
    found: dict[str, dict[int, int]] = {}  # of a name the statements in which its entries are calculated first
    for i, statement in enumerate(sheet.statements):
        entry = _entry(statement.node.sides[0]) if isinstance(statement.node, sx.Relation) and heads(statement) else None
        if entry is not None and entry[0] in spoken and _is_number(statement):
            found.setdefault(entry[0], {}).setdefault(entry[1], i)
    made = {name: places for name, places in found.items() if name not in given and _is_whole(sheet, name, places)}
    updated = _valued(sheet, found.keys() & given)
    if not made and not updated:
        return sheet

    def as_entry(node: Node) -> Node | None:
        """`(z)_1`, an entry of z and no name of its own."""
        if not isinstance(node, sx.Scripted) or (_entry(node) or ("", 0))[0] not in made:
            return None
        return replace(node, base=sx.Group(node.base.span, "(", ")", node.base))

    out: list[Statement] = []
    last = {max(places.values()): name for name, places in made.items()}
    for i, statement in enumerate(sheet.statements):
        node = sx.replaced(statement.node, as_entry)
        entry = _entry(node.sides[0]) if isinstance(node, sx.Relation) and heads(statement) else None
        if isinstance(node, sx.Relation) and entry is not None and entry[0] in updated:
            node = replace(node, operators=("gets", *node.operators[1:]))
        out.append(replace(statement, node=node))
        if i in last:
            rows = [sheet.statements[at].node for _, at in sorted(made[last[i]].items())]
            cells = tuple((sx.replaced(row.sides[1], as_entry),) for row in rows if isinstance(row, sx.Relation))
            first = rows[0]
            assert isinstance(first, sx.Relation) and isinstance(first.sides[0], sx.Scripted)
            nowhere = replace(statement.span, end=statement.span.start)
            vector = sx.Relation(nowhere, (first.sides[0].base, sx.Matrix(nowhere, cells, "pmatrix")), ("=",))
            out.append(replace(statement, node=vector, span=nowhere, words="", words_after=""))
    return replace(sheet, statements=out)


def name_of_entry(node: Node) -> str | None:
    """The name of `z_1`, also where it stands as `(z)_1`."""
    match node:
        case sx.Scripted(base=sx.Group(open="(", body=sx.Name() as base)):
            return plain_name(replace(node, base=base))
    return plain_name(node)


def _families(node: Node) -> list[str]:
    """The s of `s_i = q \\cdot k_i`, which has a formula for every entry."""
    match node:
        case sx.Relation(sides=(sx.Scripted(base=sx.Name() as base, sub=sub, sup=None), *_)) if len(letters_of(sub) or ()) == 1:
            name = plain_name(base)
            return [] if name is None else [name]
    return []


def _entry(node: Node) -> tuple[str, int] | None:
    """The name and the number of `z_1`."""
    if not isinstance(node, sx.Scripted) or not isinstance(node.base, sx.Name) or superscript(node.sup).label or node.primes:
        return None
    number = node.sub.text if isinstance(node.sub, sx.Number) else ""
    name = plain_name(node.base)
    return (name, int(number)) if name is not None and name[:1].islower() and number.isdigit() and len(number) == 1 else None


def _is_number(statement: Statement) -> bool:
    """Whether what is calculated comes out as one number."""
    assert isinstance(statement.node, sx.Relation)
    rows = literal_rows(statement.node.sides[-1])
    return rows is not None and len(rows) == len(rows[0]) == 1


def _is_whole(sheet: Sheet, name: str, places: dict[int, int]) -> bool:
    """Whether all entries are there, none made of another."""
    if not 1 < len(places) <= _MOST or set(places) != set(range(1, len(places) + 1)):
        return False
    formulas = (side for i in places.values() if isinstance(node := sheet.statements[i].node, sx.Relation) for side in node.sides[1:])
    return not any((_entry(n) or ("", 0))[0] == name for side in formulas for n in sx.walk(side))


def _valued(sheet: Sheet, names: set[str]) -> set[str]:
    """The vectors that have a value before a gradient by one of their entries; what an entry is set to later is an update of it."""
    wide = {
        name: i
        for i, statement in enumerate(sheet.statements)
        for name, formula in heads(statement)
        if name in names and len(rows := literal_rows(formula) or ()) * len(rows[0] if rows else ()) > 1
    }
    asked = {
        entry[0]: i
        for i, statement in enumerate(sheet.statements)
        for n in sx.walk(statement.node)
        if isinstance(n, sx.Derivative)
        for by in n.wrt
        if (entry := _entry(by)) is not None
    }
    first = {
        name: min(i for i, s in enumerate(sheet.statements) for head, _ in heads(s) if head.startswith(f"{name}_"))
        for name in wide.keys() & asked.keys()
    }
    return {name for name, at in first.items() if wide[name] < asked[name] < at}
