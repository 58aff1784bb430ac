r"""Numbers of which the formula was written for another: `e_2 = 0.24` beside `e_1 = o_1 - y_1 = -0.08`.

The formula is taken over where it comes to the number that is written, by the numbers that are written for what stands in it.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from symgrad import syntax as sx
from symgrad.constant import constant_of
from symgrad.naming import plain_name
from symgrad.parts import heads
from symgrad.read.document import Sheet
from symgrad.syntax import Node


def with_formulas_of_others(sheet: Sheet) -> Sheet:
    """The sheet with such formulas between the name and its number."""
    formulas: dict[str, list[Node]] = {}
    values: dict[str, Fraction] = {}
    for node in (s.node for s in sheet.statements if isinstance(s.node, sx.Relation) and set(s.node.operators) <= {"=", ":=", "approx"}):
        head, number = node.sides[0], constant_of(node.sides[-1])
        if number is not None and (name := plain_name(head)) is not None:
            values.setdefault(name, number)
        numbered = _numbered(head)
        if numbered is not None and len(node.sides) > 2 and number is not None and _is_all_of(node.sides[1], numbered[1]):
            formulas.setdefault(numbered[0], []).append(node.sides[1])
    defined = {name for s in sheet.statements for name, formula in heads(s) if constant_of(formula) is None}

    def completed(node: Node) -> Node:
        match node:
            case sx.Relation(sides=(sx.Scripted() as head, last), operators=("=" | "approx",)):
                numbered, number = _numbered(head), constant_of(last)
                known = formulas.get(numbered[0], []) if numbered is not None and number is not None else []
                if numbered is None or number is None or not known or plain_name(head) in defined:
                    return node
                formula = _moved(known[0], numbered[1], head)
                reached = constant_of(sx.replaced(formula, lambda n: _value(n, values)))
                if reached is not None and abs(reached - number) <= _last_digit(last):
                    return replace(node, sides=(head, formula, last), operators=("=", *node.operators))
        return node

    return replace(sheet, statements=[replace(s, node=completed(s.node)) for s in sheet.statements]) if formulas else sheet


def _numbered(node: Node) -> tuple[str, str] | None:
    """The name and the number of `e_2`."""
    match node:
        case sx.Scripted(base=sx.Name() as base, sub=sx.Number(text=text), sup=None, primes=0) if (name := plain_name(base)) is not None:
            return name, text
    return None


def _is_all_of(formula: Node, number: str) -> bool:
    """Whether names stand in a formula, all with this number."""
    numbered = [n for n in sx.walk(formula) if isinstance(n, sx.Scripted)]
    names = [n for n in sx.walk(formula) if isinstance(n, sx.Name)]
    return bool(names) and len(names) == len(numbered) and all((_numbered(n) or ("", ""))[1] == number for n in numbered)


def _moved(formula: Node, other: str, head: Node) -> Node:
    """A formula with another number below its names, at the place of what it is for."""

    def put(node: Node) -> Node | None:
        return replace(node, sub=sx.Number(head.span, other)) if isinstance(node, sx.Scripted) and _numbered(node) else None

    return sx.replaced(formula, put)


def _value(node: Node, values: dict[str, Fraction]) -> Node | None:
    """The number of a name in a formula."""
    value = values.get(plain_name(node) or "") if isinstance(node, sx.Scripted) else None
    if value is None:
        return None
    number = sx.Frac(node.span, sx.Number(node.span, str(abs(value.numerator))), sx.Number(node.span, str(value.denominator)))
    return sx.Group(node.span, "(", ")", number if value >= 0 else sx.Prefix(node.span, "-", number))


def _last_digit(node: Node) -> Fraction:
    """What the last digit of a number stands for; nothing of a whole number, which is not rounded."""
    digits = max((len(n.text.partition(".")[2]) for n in sx.walk(node) if isinstance(n, sx.Number)), default=0)
    return Fraction(1, 10**digits) if digits else Fraction(0)
