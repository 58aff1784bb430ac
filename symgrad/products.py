r"""A formula as the products that it adds up: `16 (3 \cdot 9 + 1)` is $16 \cdot 3 \cdot 9$ and $16$; in names, `2df + f` as well."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import product

from symgrad import syntax as sx
from symgrad.constant import constant_of
from symgrad.layers import Terms, normal
from symgrad.naming import plain_name
from symgrad.syntax import Node


def formula(node: Node) -> Node | None:
    """What is worked out in a statement: the first of its sides that is of numbers alone."""
    if isinstance(node, sx.Relation):
        if set(node.operators) != {"="} or all(constant_of(side) is None for side in node.sides):
            return None
        return next((side for side in node.sides if _is_worked_out(side)), None)
    is_sum = isinstance(node, (sx.Sum, sx.Product)) and "times" not in getattr(node, "operators", ())
    return node if is_sum and constant_of(node) is not None else None


def _is_worked_out(side: Node) -> bool:
    """Whether a side is of numbers, or a polynomial in names."""
    return constant_of(side) is not None or (isinstance(side, (sx.Sum, sx.Product, sx.Call)) and terms_of(side) is not None)


def terms_of(node: Node) -> Terms | None:
    """A sum as products of the factors that are written, multiplied out; None for one that is no such sum."""
    match node:
        case sx.Number():
            value = constant_of(node)
            if value is None or value.denominator != 1:
                return None
            return Counter({(int(value),): 1})
        case sx.Name() | sx.Scripted(sup=None):
            name = plain_name(node)
            return None if name is None else Counter({(name,): 1})
        case sx.Group(open="(" | "[" | "{", body=body):
            return terms_of(body)
        case sx.List(items=(item,)):
            return terms_of(item)
        case sx.Sum(terms=parts, signs=signs) if not set(signs) - {"", "+"}:
            total: Terms = Counter()
            for part in parts:
                terms = terms_of(part)
                if terms is None:
                    return None
                total += terms
            return normal(total)
        case sx.Product(factors=factors, operators=operators) if not set(operators) - {"", "cdot", "times", "*"}:
            return _multiplied([terms_of(factor) for factor in factors])
        case sx.Scripted(base=base, sub=None, sup=sx.Number(text=power)) if power in ("2", "3"):
            return _multiplied([terms_of(base)] * int(power))
        case sx.Call(function=sx.Number() as factor, args=(body,)):
            return _multiplied([terms_of(factor), terms_of(body)])
    value = constant_of(node)
    return normal(Counter({(int(value),): 1})) if value is not None and value.denominator == 1 and value > 1 else None


def _multiplied(factors: Sequence[Terms | None]) -> Terms | None:
    made: Terms = Counter({(): 1})
    for factor in factors:
        if factor is None or len(made) * len(factor) > 50:
            return None
        out: Terms = Counter()
        for (a, m), (b, n) in product(made.items(), factor.items()):
            out[(*a, *b)] += m * n
        made = out
    return normal(made)
