r"""Values to start from: the `w_0` of a sheet whose formulas speak of `w` is the value of w, and `w_1` its next one.

`J(w) = …`, `w_0 = (0, 1)^T`, `\nabla J(w_0) = …`, `w_1 = w_0 - \eta \nabla J(w_0) = (0.1, 0.8)^T`, `J(w_1) = …`: one name, with one value
after the other.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import pairwise

from symgrad import syntax as sx
from symgrad.literals import literal_rows
from symgrad.naming import is_value_of, letters_of, plain_name, superscript, without_transpose
from symgrad.parts import heads, mentions
from symgrad.read.document import Sheet, Statement
from symgrad.syntax import Node

_LABELS = frozenset({"new", "old", "neu", "alt", "updated", "nouveau", "nuevo"})
# The number of a step, as it is written of one alone: `w^{(2)}`.
_STEP = re.compile(r"\^\{\((\d+)\)\}$")


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
    """The sheet with `w` written for the value that it starts from, and for each value that it has next."""
    sheet = replace(sheet, statements=[replace(s, node=sx.mapped(s.node, _labelled)) for s in sheet.statements])
    for known, values in _values(sheet):
        sheet = _in_turn(sheet, known, values) or sheet
    return sheet


def _values(sheet: Sheet) -> Iterator[tuple[str, list[str]]]:
    """The names that stand for a quantity and its values, and those in order: w, and w^{(0)}, w^{(1)}, w^{(2)}."""
    spoken = {name for s in sheet.statements for name in mentions(s.node)}
    given = {name: expression for s in sheet.statements for name, expression in _told(s)}
    ends = {name: s.node.sides[-1] for s in sheet.statements if isinstance(s.node, sx.Relation) for name, _ in _told(s)}
    scripted = [n for s in sheet.statements for n in sx.walk(s.node) if isinstance(n, sx.Scripted)]
    stepped = {plain_name(n.base) for n in scripted if letters_of(n.sub) or _speaks_of_steps(n)}
    for name, value in given.items():
        for known in spoken - given.keys() - stepped:
            if name in (f"{known}_0", f"{known}^{{(0)}}") and literal_rows(value) is not None:
                values = [name, *(other for other in given if other != name and is_value_of(other, known))]
                # Numbered names are values and no entries where each follows from the one before.
                if all(_follows(given, ends, before, after) for before, after in pairwise(values)):
                    yield known, values


def _told(statement: Statement) -> Iterator[tuple[str, Node]]:
    r"""The names at the head of a statement and what they are; also of `w^{(2)} \approx (0.2, 0.7)^\top`, where a step is only told of."""
    yield from heads(statement)
    match statement.node:
        case sx.Relation(sides=(sx.Scripted() as head, value), operators=("approx",)) if literal_rows(value) is not None:
            name = plain_name(head)
            if name is not None:
                yield name, value


def _follows(given: Mapping[str, Node], ends: Mapping[str, Node], before: str, after: str) -> bool:
    """Whether a value is computed from the one before: by its name, or in numbers as a sum that begins with it."""
    rows, step = literal_rows(ends[before]), given[after]
    begins = step.terms[0] if isinstance(step, sx.Sum) else None
    if before in mentions(step) or (begins is not None and rows is not None and literal_rows(begins) == rows):
        return True
    counts = [_STEP.search(name) for name in (before, after)]
    is_next = all(counts) and int(counts[0][1]) + 1 == int(counts[1][1])  # type: ignore[index]
    return is_next and not before.endswith("{(0)}") and rows is not None and literal_rows(step) is not None


def _in_turn(sheet: Sheet, known: str, values: list[str]) -> Sheet | None:
    """The sheet in one name for all of its values, which has the next one from where that is spoken of; None where it looks back."""
    out: list[Statement] = []
    computed: dict[str, Statement] = {}
    now = values[0]
    for statement in sheet.statements:
        node, named = statement.node, next((name for name, _ in _told(statement)), None)
        head = node.sides[0] if isinstance(node, sx.Relation) and named in values[1:] else None
        sides = node.sides[1:] if head is not None and isinstance(node, sx.Relation) else (node,)
        met = {name for side in sides for name in mentions(side)} & set(values)
        for name in met - {now}:
            if name not in computed or now in met:
                return None
            now = name
            out.append(computed.pop(name))

        def put(inner: Node, head: Node | None = head, now: str = now) -> Node:
            if not isinstance(inner, sx.Scripted) or inner is head:
                return inner
            if plain_name(inner) == now:
                return inner.base
            bare = without_transpose(inner) if superscript(inner.sup).transposed else inner
            if bare is not inner and isinstance(bare, sx.Scripted) and plain_name(bare) == now:
                return sx.Scripted(inner.span, bare.base, None, sx.Mark(inner.span, "T"))
            is_power = inner.sup is not None and plain_name(replace(inner, sup=None)) == now
            return replace(inner, sub=None) if is_power else inner

        out.append(replace(statement, node=sx.mapped(node, put)))
        if (
            named is not None
            and isinstance(node, sx.Relation)
            and isinstance(head, sx.Scripted)
            and literal_rows(node.sides[-1]) is not None
        ):
            said = replace(node, span=node.sides[-1].span, sides=(head.base, node.sides[-1]), operators=("=",))
            computed[named] = replace(statement, node=said, span=said.span, words="", words_after="")
            # Before it is spoken of by its name, "at the new point" what comes of it may be said: it counts where a line holds with it.
            out.append(replace(computed[named], node=replace(said, operators=("gets",))))
    return replace(sheet, statements=out)


def _speaks_of_steps(node: sx.Scripted) -> bool:
    return any(isinstance(n, sx.Sum) for script in (node.sub, node.sup) if script is not None for n in sx.walk(script))
