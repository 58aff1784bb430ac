r"""Values of all steps in one list: beside `y_t = v h_t` for three steps, `y = (0.3, 0.1, 0.3)` and `1 - h^2 = (0.6, 0.9, 0.7)`."""

from __future__ import annotations

from dataclasses import replace

from symgrad import syntax as sx
from symgrad.constant import is_numeric
from symgrad.parts import heads
from symgrad.read.document import Sheet, Statement
from symgrad.step_letters import steps_of
from symgrad.syntax import Node
from symgrad.tuples import cells

_EQUAL = frozenset({"=", ":=", "approx"})


def listed(sheet: Sheet) -> Sheet:
    """The sheet with such a list entry by entry, each at its step; only of names that have a formula for a step, and none for all."""
    steps = steps_of(sheet)
    if steps is None or len(steps.letters) != 1:
        return sheet
    (letter,) = steps.letters
    numbers = [sx.Number(s.span, str(i)) for s in sheet.statements[:1] for i in range(1, steps.last + 1)]
    stepped = {name for s in sheet.statements if (name := _of_a_step(s.node, letter)) is not None}
    stepped -= {name for s in sheet.statements for name, value in heads(s) if not list(cells(value))}
    out: list[Statement] = []
    for statement in sheet.statements:
        made = [_at(statement.node, number, k, len(numbers), stepped) for k, number in enumerate(numbers)]
        nodes = [node for node in made if node is not None]
        # Each is a claim of its own, at the place of its number.
        out += [replace(statement, node=node, span=node.span) for node in nodes] if nodes else [statement]
    return replace(sheet, statements=out)


def _of_a_step(node: Node, letter: str) -> str | None:
    """The letter of what has a formula for every step."""
    match node:
        case sx.Relation(sides=(sx.Scripted(base=sx.Name(base=name), sub=sx.Name(base=index), sup=None), value, *_), operators=(sign, *_)):
            return name if index == letter and sign in _EQUAL and not is_numeric(value) else None
    return None


def _at(node: Node, number: sx.Number, k: int, count: int, stepped: set[str]) -> sx.Relation | None:
    """The equation at one step; None where its sides are no lists of as many numbers, and expressions in names of steps."""
    if not isinstance(node, sx.Relation) or not set(node.operators) <= _EQUAL:
        return None
    lists = [list(cells(side)) for side in node.sides]
    if not any(lists) or any(found and (len(found) != count or not all(map(is_numeric, found))) for found in lists):
        return None
    formulas = [list(sx.walk(side)) for side, found in zip(node.sides, lists, strict=True) if not found]
    named = [{n.base for n in nodes if isinstance(n, sx.Name)} for nodes in formulas]
    is_indexed = any(isinstance(n, sx.Scripted) and n.sub is not None for nodes in formulas for n in nodes)
    if is_indexed or not any(named) or not all(names <= stepped for names in named):
        return None

    def numbered(inner: Node) -> Node:
        return sx.Scripted(inner.span, inner, number) if isinstance(inner, sx.Name) and inner.base in stepped else inner

    def put(inner: Node) -> Node:
        match inner:
            case sx.Scripted(base=sx.Scripted(base=sx.Name(), sub=sub, sup=None, primes=0) as name, sub=None) if sub is number:
                return replace(inner, base=name.base, sub=number)
        return inner

    sides = [found[k] if found else sx.mapped(sx.mapped(side, numbered), put) for side, found in zip(node.sides, lists, strict=True)]
    return replace(node, sides=tuple(sides), span=next(found[k].span for found in lists if found))
