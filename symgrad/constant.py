"""Expressions in numbers alone, and what they are, exactly."""

from __future__ import annotations

from fractions import Fraction
from math import ceil, floor

from symgrad import syntax as sx
from symgrad.naming import superscript
from symgrad.span import Span
from symgrad.syntax import Node

# How long a power of a number may be, in binary digits.
_MOST_BITS = 4096


def is_too_long(value: Fraction, power: Fraction) -> bool:
    """Whether a power of a number is longer than is computed exactly: `2^{10^9}`, but not `0.9^{50}`."""
    return abs(power) * max(abs(value.numerator).bit_length(), value.denominator.bit_length()) > _MOST_BITS


def constant_of(node: Node) -> Fraction | None:
    """The value of an expression in numbers alone, exactly."""
    match node:
        case sx.Number():
            return node.value
        case sx.Group(open="\\lfloor" | "\\lceil" as bracket, body=body):
            inner = constant_of(body)
            return None if inner is None else Fraction(floor(inner) if bracket == "\\lfloor" else ceil(inner))
        case sx.Group(body=body) | sx.Annotated(body=body):
            return constant_of(body)
        case sx.List(items=(item,)):
            return constant_of(item)
        case sx.Prefix(sign=sign, body=body) if sign in ("+", "-"):
            inner = constant_of(body)
            return None if inner is None else -inner if sign == "-" else inner
        case sx.Frac(above=above, below=below):
            top, bottom = constant_of(above), constant_of(below)
            return top / bottom if top is not None and bottom else None
        case sx.Sum(terms=terms, signs=signs):
            total = Fraction(0)
            for term, sign in zip(terms, signs, strict=True):
                value = constant_of(term)
                if value is None or sign not in ("", "+", "-"):
                    return None
                total += -value if sign == "-" else value
            return total
        case sx.Product(factors=factors, operators=operators):
            result = constant_of(factors[0])
            for operator, factor in zip(operators, factors[1:], strict=True):
                value = constant_of(factor)
                if value is None or result is None:
                    return None
                if operator in ("/", "div"):
                    if not value:
                        return None
                    result /= value
                elif operator in ("", "cdot", "times", "*", "star"):
                    result *= value
                else:
                    return None
            return result
        case sx.Scripted(base=base, sub=None, sup=sup, primes=0) if sup is not None:
            value, power = constant_of(base), constant_of(sup)
            if value is None or power is None or power.denominator != 1 or (not value and power < 0):
                return None
            return None if is_too_long(value, power) else value ** int(power)
        case sx.Call(function=function, args=(arg,)) if isinstance(function, sx.Group):
            outer, inner = constant_of(function), constant_of(arg)
            return None if outer is None or inner is None else outer * inner
    return None


def numeral(value: Fraction, span: Span) -> Node:
    """A number as it would be written at a place: `3`, `-3/4`."""
    above = sx.Number(span, str(abs(value.numerator)))
    whole: Node = above if value.denominator == 1 else sx.Frac(span, above, sx.Number(span, str(value.denominator)))
    return sx.Prefix(span, "-", whole) if value < 0 else whole


def is_numeric(node: Node) -> bool:
    r"""Whether an expression is of numbers alone, and of functions of them: `\tanh(0.5)`, `\frac{1}{1 + e^{-0.5}}`."""
    match node:
        case sx.Call(function=sx.Name() | sx.Scripted(base=sx.Name()), args=args):
            return all(map(is_numeric, args))
        case sx.Scripted(base=sx.Name(base="e"), sub=None, sup=sup) if sup is not None:
            return is_numeric(sup)
        case sx.Scripted(base=base, sub=None, sup=sup) if sup is not None and superscript(sup).transposed:
            return is_numeric(base)
        case sx.Scripted(base=sx.Name(), sub=sx.Node()):
            return False  # `\\pi_1` is an entry of a π
        case sx.Name(base=base):
            return base == "\\pi"
    return all(map(is_numeric, sx.children(node)))


def numbers_by_themselves(node: Node) -> list[sx.Number]:
    """The numbers in a formula that are no scripts: the 1 of `y_5 (1 - y_5)`, and not the 5."""
    if isinstance(node, sx.Number):
        return [node]
    inside = (node.base,) if isinstance(node, sx.Scripted) and isinstance(node.base, sx.Name) else sx.children(node)
    return [number for child in inside for number in numbers_by_themselves(child)]
