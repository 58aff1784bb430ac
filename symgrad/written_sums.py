r"""Sums that are written term by term beside formulas for every j: `v_1 h_1 + v_2 h_2` where `h_j = \tanh(z_j)`.

With the formula for all j the h_j are entries of a vector, and the sum is one over its entries.
"""

from __future__ import annotations

import re
from dataclasses import replace

from symgrad import syntax as sx
from symgrad.ellipses import common
from symgrad.enumerating import LETTERS
from symgrad.naming import letters_of, plain_name
from symgrad.parts import heads
from symgrad.read.document import Sheet
from symgrad.step_letters import counting
from symgrad.syntax import Node


def over_entries(sheet: Sheet) -> Sheet:
    """The sheet with such sums as sums over the entries of a vector."""
    general, single, most = _named_for_all(sheet), _named_singly(sheet), _numbers(sheet)
    bases = {base: letter for base, letter in general.items() if base not in single}
    if not bases:
        return sheet

    def summed(node: Node) -> Node:
        if not isinstance(node, sx.Sum):
            return node
        at, last = 0, len(node.terms)
        while at < last and _numbered_bases(node.terms[at]).keys().isdisjoint(bases):
            at += 1
        while last > at and _numbered_bases(node.terms[last - 1]).keys().isdisjoint(bases):
            last -= 1
        terms = node.terms[at:last]
        term = common(terms[:-1], terms[-1:]) if len(terms) > 1 and {sign or "+" for sign in node.signs[at:last]} == {"+"} else None
        if term is None or term.first.text != "1" or not isinstance(term.last, sx.Number):
            return node
        met = [base for n in terms for base in _numbered_bases(n)]
        letter = next(bases[base] for base in met if base in bases)
        if any(most[base] != len(terms) for base in met) or _said_to_end_at(sheet, letter) not in (None, len(terms)):
            return node
        span = terms[0].span.to(terms[-1].span)
        index = replace(term.index, base=letter)
        body = sx.replaced(term.body, lambda n: index if n == term.index else None)
        total = sx.BigOp(span, "sum", index, None, sx.Group(span, "(", ")", body))
        rest = (*node.terms[:at], sx.Group(span, "(", ")", total), *node.terms[last:])
        return total if len(rest) == 1 else replace(node, terms=rest, signs=(*node.signs[: at + 1], *node.signs[last:]))

    return replace(sheet, statements=[replace(s, node=sx.mapped(s.node, summed)) for s in sheet.statements])


def _named_for_all(sheet: Sheet) -> dict[str, str]:
    """The h and the j of `h_j = …`."""
    letters, found = LETTERS - counting(sheet), dict[str, str]()
    for statement in sheet.statements:
        head = statement.node.sides[0] if isinstance(statement.node, sx.Relation) and heads(statement) else None
        if (
            isinstance(head, sx.Scripted)
            and head.sup is None
            and (index := letters_of(head.sub))
            and len(index) == 1
            and index[0] in letters
        ):
            found[plain_name(head.base) or ""] = index[0]
    return found


def _named_singly(sheet: Sheet) -> set[str]:
    """The h of `h_1 = …`, a formula of its own and not of numbers alone."""
    found: set[str] = set()
    for statement in sheet.statements:
        for _, formula in heads(statement):
            head = statement.node.sides[0] if isinstance(statement.node, sx.Relation) else statement.node
            if any(isinstance(n, sx.Name) and n.base not in ("e", "exp") for n in sx.walk(formula)) and not isinstance(formula, sx.Call):
                found |= _numbered_bases(head).keys()
    return found


def _numbers(sheet: Sheet) -> dict[str, int]:
    """The highest number that a letter has below it."""
    found: dict[str, int] = {}
    for statement in sheet.statements:
        for base, number in _numbered_bases(statement.node).items():
            found[base] = max(number, found.get(base, 0))
    return found


def _numbered_bases(node: Node) -> dict[str, int]:
    found: dict[str, int] = {}
    for n in sx.walk(node):
        if (
            isinstance(n, sx.Scripted)
            and isinstance(n.sub, sx.Number)
            and n.sub.text.isdigit()
            and (base := plain_name(n.base)) is not None
        ):
            found[base] = max(int(n.sub.text), found.get(base, 0))
    return found


def _said_to_end_at(sheet: Sheet, letter: str) -> int | None:
    """The 3 of `j = 1, 2, 3`."""
    told = re.search(
        rf"(?<![\w\\]){letter}\s*(?:=|\\in)\s*(?:\\?\{{)?\s*1(?:\s*,(?:\\[,;: ])?\s*(?:\\[lc]?dots\s*,\s*)?\d)*,?(?:\\[,;: ])?\s*(\d)",
        sheet.source.text,
    )
    return None if told is None else int(told[1])
