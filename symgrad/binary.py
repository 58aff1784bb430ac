r"""The cross-entropy of one example with its label put in: `L = -\log a` where y = 1 is given, and then `\partial L/\partial z = a - y`.

As the loss is that of this label, a gradient that speaks of the label is read with its value.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from functools import partial

from symgrad import syntax as sx
from symgrad.constant import constant_of, numeral
from symgrad.meaning import is_loss
from symgrad.naming import plain_name
from symgrad.parts import heads, mentions
from symgrad.read.document import Sheet
from symgrad.syntax import Node

_LABELS = ("y", "t")
_LOGARITHMS = frozenset({"log", "ln", "\\log", "\\ln"})


def with_the_label(sheet: Sheet) -> Sheet:
    """The sheet with the value of such a label wherever a line that defines nothing speaks of it."""
    given = {(name, constant_of(value)) for s in sheet.statements for name, value in heads(s) if name in _LABELS}
    every = [head for s in sheet.statements for head in heads(s)]
    known = {name for name, _ in every}
    formulas = [(name, formula) for name, formula in every if constant_of(formula) is None and not _is_gradient(name, known)]
    for label, value in sorted(given, key=str):
        is_one_value = value in (0, 1) and [name for name, _ in given].count(label) == 1
        is_of_it = any(is_loss(name) and _is_a_cross_entropy(formula, value == 1) for name, formula in formulas)
        if value is None or not is_one_value or not is_of_it or any(label in mentions(formula) for _, formula in formulas):
            continue
        made = [
            replace(s, node=sx.replaced(s.node, partial(_put, label, value)))
            if all(_is_gradient(name, known) for name, _ in heads(s))
            else s
            for s in sheet.statements
        ]
        return replace(sheet, statements=made)
    return sheet


def _is_gradient(name: str, known: set[str]) -> bool:
    """Whether a name is that of a gradient, `dz` beside a z or a δ, whose line defines nothing."""
    return (name[:1] == "d" and name[1:] in known) or name.startswith("\\delta")


def _put(label: str, value: Fraction, node: Node) -> Node | None:
    """The value where the label stands."""
    return numeral(value, node.span) if isinstance(node, sx.Name) and plain_name(node) == label else None


def _is_a_cross_entropy(node: Node, is_positive: bool) -> bool:
    r"""Whether it is `-\log a`, or `-\log(1 - a)` for the other label."""
    match node:
        case sx.Prefix(sign="-", body=sx.Call(function=sx.Name(base=word), args=(inside,))) if word in _LOGARITHMS:
            inner = inside.body if isinstance(inside, sx.Group) else inside
            match inner:
                case sx.Sum(terms=(sx.Number(text="1"), output), signs=(_, "-")):
                    return not is_positive and plain_name(output) is not None
            return is_positive and isinstance(inner, sx.Name | sx.Scripted) and plain_name(inner) is not None
    return False
