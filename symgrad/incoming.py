r"""One step of a recurrent cell, with the gradients that come back to it: `dh` from above, `dc⁺` or `dc_next` from the step after.

Nothing says what the loss is. It goes up with each thing that the cell hands on by what comes back for that: `L = dh · h + dc⁺ · c`, of
which `dc = dc⁺ + dh ⊙ o ⊙ (1 − τ²)` is the gradient by c.
"""

from __future__ import annotations

from collections.abc import Container
from dataclasses import replace

from symgrad import syntax as sx
from symgrad.constant import is_numeric
from symgrad.meaning import is_loss
from symgrad.naming import letters_of, plain_name
from symgrad.parts import heads, mentions
from symgrad.read.document import Apart, Sheet
from symgrad.signs import UNNAMED_LOSS
from symgrad.syntax import Node

_OUTSIDE = {"+": "next"} | {word: word for word in ("next", "ext", "up", "above", "out")}
_FEW = 2
_STEP = "t"


def with_incoming(sheet: Sheet) -> Sheet:
    """The sheet with such a loss, and what comes back as names of its own."""
    formulas = {
        name: formula
        for s in sheet.statements
        for name, formula in heads(s)
        if not is_numeric(formula) and not any(isinstance(n, (sx.Differential, sx.Derivative)) for n in sx.walk(formula))
    }
    slopes = [n for s in sheet.statements for n in sx.walk(s.node) if isinstance(n, sx.Differential) and n.sign == "d" and n.order is None]
    back = {found: n for n in slopes if (found := _from_outside(n)) is not None and found[0] in formulas}
    if not back or any(is_loss(name) for name in formulas) or _counts_steps(sheet):
        return sheet
    computed = {plain_name(of) for s in sheet.statements if (of := _computed(s.node)) is not None}
    inside = {name for formula in formulas.values() for name in mentions(formula)}
    last = {name: n.of for n in slopes if (name := plain_name(n.of)) in formulas and name not in inside | computed}
    wholes = {name: of for name, of in last.items() if name is not None and name not in {base for base, _ in back}}
    if not wholes and len(back) < _FEW:
        return sheet

    def put(node: Node) -> Node | None:
        if not isinstance(node, sx.Differential) or node.sign != "d" or node.order is not None:
            return None
        return _named(node) if _from_outside(node) in back or plain_name(node.of) in wholes else None

    first = next(i for i, s in enumerate(sheet.statements) if any(isinstance(n, sx.Differential) for n in sx.walk(s.node)))
    at = replace(sheet.statements[first].span, end=sheet.statements[first].span.start)
    parts = [(_named(sx.Differential(at, "d", of)), of) for of in wholes.values()]
    parts += [(_named(n), n.of.base) for n in back.values() if isinstance(n.of, sx.Scripted)]
    products = [sx.Call(at, sx.Name(at, "sum"), (sx.Product(at, parts_of, ("odot",)),)) for parts_of in parts]
    loss = sx.Relation(at, (_loss(sheet), sx.Sum(at, tuple(products), ("", *("+",) * (len(products) - 1)))), ("=",))
    told = [i for i, s in enumerate(sheet.statements) if _is_told(s.node, wholes)]
    kept = [replace(s, node=sx.replaced(s.node, put)) for i, s in enumerate(sheet.statements) if i not in told]
    first -= sum(i < first for i in told)
    kept.insert(first, replace(sheet.statements[first], node=loss, span=at, words="", words_after=""))
    return replace(sheet, statements=kept, apart=(*sheet.apart, *(Apart(sheet.statements[i].span, "given") for i in told)))


def _from_outside(node: Node) -> tuple[str, str] | None:
    """The c and the mark of `dc⁺` and `dc_next`."""
    match node:
        case sx.Differential(sign="d", of=sx.Scripted(base=sx.Name() as base, sub=sub, sup=sup, primes=0)) if (sub is None) != (
            sup is None
        ):
            mark, name = sup if sub is None else sub, plain_name(base)
            return (name, mark.text) if isinstance(mark, (sx.Mark, sx.Text)) and mark.text in _OUTSIDE and name is not None else None
    return None


def _named(node: sx.Differential) -> Node:
    """`dh` and `dc⁺` as names of their own."""
    of = node.of.base if isinstance(node.of, sx.Scripted) else node.of
    base = sx.Name(node.span, "d" + (of.base if isinstance(of, sx.Name) else "").removeprefix("\\"))
    found = _from_outside(node)
    return base if found is None else sx.Scripted(node.span, base, sx.Text(node.span, _OUTSIDE[found[1]]))


def _computed(node: Node) -> Node | None:
    """The x of `dx = …`, where a formula follows."""
    match node:
        case sx.Relation(sides=(sx.Differential(sign="d", of=of), side, *_), operators=("=" | ":=", *_)):
            return None if is_numeric(side) or isinstance(side, sx.Derivative) else of
    return None


def _is_told(node: Node, wholes: Container[str | None]) -> bool:
    """Whether it says of what comes back that it is a derivative."""
    match node:
        case sx.Relation(sides=(sx.Differential(sign="d", of=of) as head, sx.Derivative()), operators=("=" | ":=",)):
            return _from_outside(head) is not None or plain_name(of) in wholes
    return False


def _counts_steps(sheet: Sheet) -> bool:
    """Whether there are names of every step."""
    return any(isinstance(n, sx.Scripted) and _STEP in (letters_of(n.sub) or ()) for s in sheet.statements for n in sx.walk(s.node))


def _loss(sheet: Sheet) -> Node:
    """What the sheet differentiates, or else a loss that nobody names."""
    for statement in sheet.statements:
        for n in sx.walk(statement.node):
            if isinstance(n, sx.Derivative) and n.of is not None and is_loss(plain_name(n.of) or ""):
                return n.of
    return sx.Name(sheet.statements[0].span, UNNAMED_LOSS)
