"""Numbers that do not come of the formula they stand behind: the mistake with which they do."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

import numpy as np

from symgrad import syntax as sx
from symgrad.constant import numeral
from symgrad.literals import is_worked
from symgrad.mistakes.case import Case, Diagnosis
from symgrad.mistakes.made import MADE
from symgrad.mistakes.notation import Notation, pieces
from symgrad.mistakes.numbers import rows_text
from symgrad.naming import plain_name
from symgrad.parts import mentions
from symgrad.syntax import Node

# What changes every entry.
_OF_THE_WHOLE = frozenset({"missing_chain_term", "missing_factor"})
# With these a product may have no meaning but for the sizes of the numbers that are put in: those of a square matrix.
_OF_SQUARES = frozenset({"missing_transpose", "wrong_order"})


def followed(case: Case) -> Iterator[Diagnosis]:
    """Each mistake made in the formula, as far as the numbers come out with it."""
    if not (case.is_followed or (case.ruling.numeric and is_worked(case.link.right))):
        return
    notation = Notation.of([s.node for s in case.judge.gathered.sheet.statements], case.judge.meaning.styled)
    # Of several entries one short number that differs is rather a slip in it than what another formula comes to there.
    unlikely = _OF_THE_WHOLE if case.is_slight and np.size(case.ruling.expected) > 1 else frozenset()
    for mistake in (m for m in MADE if m.of == "formula" and (m.usual or not case.is_slight) and m.cause not in unlikely):
        for piece in pieces(case.source):
            for new in mistake.make(piece, notation):
                made = _with(case.source, piece, new)
                tried = [made, _in_numbers(made, case)] if mistake.cause in _OF_SQUARES else [made]
                if any(one is not None and case.comes_out(one) is not None for one in tried):
                    message = f"expected {rows_text(case.ruling.expected)}; with {mistake.name} it comes out as written"
                    yield Diagnosis(mistake.cause, case.span, message, rows_text(case.ruling.expected))


def _with(formula: Node, piece: Node, new: Node) -> Node:
    return sx.mapped(formula, lambda node: new if node is piece else node)


def _in_numbers(formula: Node, case: Case) -> Node | None:
    """The formula with the matrices that its names stand for; None where a name has no value."""

    def value(node: Node) -> Node | None:
        rows = case.ruling.values.get(plain_name(node, case.judge.meaning.styled) or "")
        cells = None if rows is None else tuple(tuple(numeral(Fraction(cell), node.span) for cell in row) for row in rows)
        return None if cells is None else sx.Matrix(node.span, cells, "pmatrix")

    made = sx.replaced(formula, value)
    return None if mentions(made) else made
