"""Numbers that do not come of the formula they stand behind: the mistake with which they do."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from symgrad import syntax as sx
from symgrad.literals import is_worked
from symgrad.mistakes.case import Case, Diagnosis
from symgrad.mistakes.made import MADE
from symgrad.mistakes.notation import Notation, pieces
from symgrad.mistakes.numbers import rows_text
from symgrad.syntax import Node

# What changes every entry.
_OF_THE_WHOLE = frozenset({"missing_chain_term", "missing_factor"})


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
                if case.comes_out(_with(case.source, piece, new)) is not None:
                    message = f"expected {rows_text(case.ruling.expected)}; with {mistake.name} it comes out as written"
                    yield Diagnosis(mistake.cause, case.span, message, rows_text(case.ruling.expected))


def _with(formula: Node, piece: Node, new: Node) -> Node:
    return sx.mapped(formula, lambda node: new if node is piece else node)
