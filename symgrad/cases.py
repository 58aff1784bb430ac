r"""Cases as sums: each value times the indicator of its condition.

`\begin{cases} x & x > 0 \\ 0 & \text{otherwise} \end{cases}` is `x \mathbb 1[x > 0]`. Cases told apart by anything but comparisons of
quantities, or of two indices, have no such form.
"""

from __future__ import annotations

from symgrad import syntax as sx
from symgrad.naming import letters_of
from symgrad.syntax import Node

_OPPOSITE = {">": "le", "<": "ge", "ge": "<", "le": ">", "geq": "<", "leq": ">", "=": "ne", "ne": "=", "neq": "="}


def as_sum(node: sx.Cases) -> Node | None:
    """The sum; what comes last without a condition holds where nothing before did. None where there is no such form."""
    terms: list[Node] = []
    before: list[Node] = []
    for row in node.rows:
        condition = row.condition
        if condition is None:
            if row is not node.rows[-1] or not before:
                return None
            factors = [made for c in before if (made := indicator(c, opposite=True)) is not None]
            if len(factors) != len(before):
                return None
        else:
            made = indicator(condition)
            if made is None:
                return None
            factors = [made]
            before.append(condition)
        value = row.value
        if isinstance(value, sx.Number) and value.value == 0:
            continue
        if isinstance(value, sx.Number) and value.value == 1:
            terms.append(factors[0] if len(factors) == 1 else sx.Product(row.span, tuple(factors), ("odot",) * (len(factors) - 1)))
            continue
        grouped = sx.Group(value.span, "(", ")", value) if isinstance(value, (sx.Sum, sx.Prefix)) else value
        terms.append(sx.Product(row.span, (grouped, *factors), ("odot",) * len(factors)))
    if not terms:
        return sx.Number(node.span, "0")
    return terms[0] if len(terms) == 1 else sx.Sum(node.span, tuple(terms), ("", *("+",) * (len(terms) - 1)))


def indicator(condition: Node, opposite: bool = False) -> Node | None:
    """The indicator of a comparison, or of its opposite; None for what is no comparison of quantities or of two indices."""
    if not isinstance(condition, sx.Relation) or len(condition.sides) != 2 or condition.operators[0] not in _OPPOSITE:
        return None
    operator = _OPPOSITE[condition.operators[0]] if opposite else condition.operators[0]
    operator = {"geq": "ge", "leq": "le", "neq": "ne"}.get(operator, operator)
    left, right = condition.sides
    one = sx.Number(condition.span, "1")
    if operator in ("=", "ne"):
        letters = letters_of(left), letters_of(right)
        if not all(found is not None and len(found) == 1 for found in letters):
            return None
        same = sx.Indicator(condition.span, one, sx.Relation(condition.span, condition.sides, ("=",)))
        return same if operator == "=" else sx.Group(condition.span, "(", ")", sx.Sum(condition.span, (one, same), ("", "-")))
    return sx.Indicator(condition.span, one, sx.Relation(condition.span, (left, right), (operator,)))
