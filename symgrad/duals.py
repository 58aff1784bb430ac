r"""Formulas in one letter as numbers with slopes, exactly: `\max(0, 1 - m)` at m = 1/2 is 1/2, and falls by 1.

Only what has rational values is worked out: sums, products, quotients, powers, `\max`, `\min`, absolute values, cases.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction

from symgrad import syntax as sx
from symgrad.naming import plain_name
from symgrad.syntax import Node

_COMPARED: Mapping[str, Callable[[Fraction, Fraction], bool]] = {
    "<": lambda a, b: a < b,
    ">": lambda a, b: a > b,
    "le": lambda a, b: a <= b,
    "ge": lambda a, b: a >= b,
    "=": lambda a, b: a == b,
    "ne": lambda a, b: a != b,
}
_CHOICES = {"max": max, "\\max": max, "min": min, "\\min": min}
_MOST_POWER = 8


@dataclass(frozen=True)
class Dual:
    """A value, and how fast it grows with the letter."""

    value: Fraction
    slope: Fraction = Fraction(0)


def is_so(condition: Node, at: Mapping[str, Dual]) -> bool | None:
    """Whether a comparison holds; None for what is none, or cannot be worked out."""
    inner = condition.body if isinstance(condition, sx.Group) else condition
    if not isinstance(inner, sx.Relation) or not set(inner.operators) <= _COMPARED.keys():
        return None
    values = [dual(side, at) for side in inner.sides]
    found = []
    for one, other, operator in zip(values, values[1:], inner.operators, strict=False):
        if one is None or other is None:
            return None
        found.append(_COMPARED[operator](one.value, other.value))
    return all(found)


def dual(node: Node, at: Mapping[str, Dual]) -> Dual | None:
    """The value and the slope of a formula; None where it has none of them here."""
    match node:
        case sx.Number():
            return None if node.value is None else Dual(Fraction(node.value))
        case sx.Name() | sx.Scripted(sup=None, primes=0) if (known := at.get(plain_name(node) or "")) is not None:
            return known
        case sx.Group(open="(" | "[" | "\\{" | "{", body=body):
            return dual(body, at)
        case sx.List(items=(item,)):
            return dual(item, at)
        case sx.Prefix(sign="+" | "-", body=body):
            inner = dual(body, at)
            return None if inner is None else _times(inner, Dual(Fraction(-1 if node.sign == "-" else 1)))
        case sx.Abs(body=body):
            inner = dual(body, at)
            if inner is None or (not inner.value and inner.slope):
                return None
            return _times(inner, Dual(Fraction(-1 if inner.value < 0 else 1)))
        case sx.Frac(above=above, below=below):
            return _over(dual(above, at), dual(below, at))
        case sx.Sum(terms=terms, signs=signs) if set(signs) <= {"", "+", "-"}:
            total = Dual(Fraction(0))
            for term, sign in zip(terms, signs, strict=True):
                if (found := dual(term, at)) is None:
                    return None
                weight = -1 if sign == "-" else 1
                total = Dual(total.value + weight * found.value, total.slope + weight * found.slope)
            return total
        case sx.Product(factors=(first, *rest), operators=operators):
            result = dual(first, at)
            for operator, factor in zip(operators, rest, strict=True):
                found = dual(factor, at)
                if operator not in ("", "cdot", "times", "*", "/", "div"):
                    return None
                result = _over(result, found) if operator in ("/", "div") else _product(result, found)
            return result
        case sx.Scripted(base=base, sub=None, sup=sx.Number(text=text), primes=0) if text.isdigit() and int(text) <= _MOST_POWER:
            result, found = Dual(Fraction(1)), dual(base, at)
            for _ in range(int(text)):
                made = _product(result, found)
                if made is None:
                    return None
                result = made
            return result
        case sx.Call(function=sx.Name(base=word), args=args) if word in _CHOICES and len(args) > 1:
            held = [dual(arg, at) for arg in args]
            found_all = [h for h in held if h is not None]
            if len(found_all) < len(held):
                return None
            best = _CHOICES[word](h.value for h in found_all)
            slopes = {h.slope for h in found_all if h.value == best}
            return Dual(best, slopes.pop()) if len(slopes) == 1 else None
        case sx.Cases(rows=rows):
            for row in rows:
                if row.condition is None:
                    return dual(row.value, at)
                holds = is_so(row.condition, at)
                if holds is None:
                    return None
                if holds:
                    return dual(row.value, at)
    return None


def letters_in(node: Node) -> set[str]:
    """The names in a formula that numbers are put for."""
    if isinstance(node, (sx.Name, sx.Scripted)) and (isinstance(node, sx.Name) or (node.sup is None and not node.primes)):
        name = plain_name(node)
        return set() if name is None else {name}
    if isinstance(node, sx.Call):
        return {name for arg in node.args for name in letters_in(arg)}
    return {name for child in sx.children(node) for name in letters_in(child)}


def _times(one: Dual, other: Dual) -> Dual:
    return Dual(one.value * other.value, one.slope * other.value + one.value * other.slope)


def _product(one: Dual | None, other: Dual | None) -> Dual | None:
    return None if one is None or other is None else _times(one, other)


def _over(above: Dual | None, below: Dual | None) -> Dual | None:
    if above is None or below is None or not below.value:
        return None
    return Dual(above.value / below.value, (above.slope * below.value - above.value * below.slope) / below.value**2)
