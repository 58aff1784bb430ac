r"""Values to start from: the `w_0` of a sheet whose formulas speak of `w` is the value of w.

`J(w) = …`, `w_0 = (0, 1)^T`, `\nabla J(w_0) = …`, `w_1 = w_0 - \eta \nabla J(w_0)`: one name with a value, and the name of its next value.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from symgrad import syntax as sx
from symgrad.naming import is_value_of, letters_of, plain_name
from symgrad.parts import heads, mentions
from symgrad.read.document import Sheet
from symgrad.sheet import literal_rows
from symgrad.syntax import Node

_LABELS = frozenset({"new", "old", "neu", "alt", "updated", "nouveau", "nuevo"})


def _labelled(node: Node) -> Node:
    """`w_5(new)` as the name that it is."""
    match node:
        case sx.Product(factors=(sx.Name() | sx.Scripted(sup=None) as name, sx.Group(open="(", body=body)), operators=("",)):
            letters = body.factors if isinstance(body, sx.Product) and not any(body.operators) else (body,)
            word = "".join(n.base for n in letters if isinstance(n, sx.Name))
            if word in _LABELS and len(letters) in (1, len(word)):
                known = name if isinstance(name, sx.Scripted) else sx.Scripted(name.span, name)
                return replace(known, span=node.span, sup=sx.Text(body.span, word))
    return node


def started(sheet: Sheet) -> Sheet:
    """The sheet with `w` written for the value that it starts from."""
    sheet = replace(sheet, statements=[replace(s, node=sx.mapped(s.node, _labelled)) for s in sheet.statements])
    starts = dict(_starts(sheet))
    if not starts:
        return sheet

    def put(node: Node) -> Node:
        return node.base if isinstance(node, sx.Scripted) and plain_name(node) in starts else node

    return replace(sheet, statements=[replace(s, node=sx.mapped(s.node, put)) for s in sheet.statements])


def _starts(sheet: Sheet) -> Iterator[tuple[str, str]]:
    spoken = {name for s in sheet.statements for name in mentions(s.node)}
    given = {name: expression for s in sheet.statements for name, expression in heads(s)}
    scripted = [n for s in sheet.statements for n in sx.walk(s.node) if isinstance(n, sx.Scripted)]
    stepped = {plain_name(n.base) for n in scripted if letters_of(n.sub) or _speaks_of_steps(n)}
    for name, value in given.items():
        for known in spoken - given.keys() - stepped:
            if name in (f"{known}_0", f"{known}^{{(0)}}") and literal_rows(value) is not None and _is_the_first(sheet, given, name, known):
                yield name, known


def _is_the_first(sheet: Sheet, given: dict[str, Node], name: str, known: str) -> bool:
    """Whether the numbered names are values and no entries, of which one follows from the first and nothing from that one."""
    sides = [side for s in sheet.statements if isinstance(s.node, sx.Relation) for side in s.node.sides if side is not _named(s.node)]
    used = {n for side in sides for n in mentions(side)}
    others = {other for other in (*given, *used) if other != name and is_value_of(other, known)}
    return not others & used and all(name in mentions(given[other]) for other in others)


def _named(node: sx.Relation) -> Node | None:
    """The name that an equation is for."""
    return node.sides[0] if plain_name(node.sides[0]) is not None else None


def _speaks_of_steps(node: sx.Scripted) -> bool:
    return any(isinstance(n, sx.Sum) for script in (node.sub, node.sup) if script is not None for n in sx.walk(script))
