r"""Layouts of Jacobians: lines that do not keep to the layout of the others.

A gradient of a scalar is written in either shape by its own right; between two vectors, ∂y/∂x has a row for each entry of y (numerator
layout) or for each entry of x (denominator layout), and a sheet that changes from one to the other has slipped.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from symgrad.errors import SymgradError
from symgrad.judge import Judge, Ruling
from symgrad.mistakes import Diagnosis
from symgrad.raising import raise_form
from symgrad.rewrite import simplify
from symgrad.rules import SIMPLIFY
from symgrad.tensor import einsum
from symgrad.terms import walk
from symgrad.typeset import text


def against_the_others(judge: Judge, rulings: Iterable[Ruling]) -> Iterator[tuple[Ruling, Diagnosis]]:
    """The lines that are laid out the other way round than the others, with the transpose that would mend them."""
    for ruling in _odd_ones(judge, rulings):
        assert ruling.pair is not None
        facts, (rows, cols) = judge.lab.network.facts, ruling.pair.right_node.shape
        turned = simplify(einsum([(ruling.pair.right_node, (0, 1))], (1, 0), (cols, rows)), facts, SIMPLIFY)
        term = ruling.pair.right.term
        is_one_matrix = term.op == "symbol" or (term.op == "transpose" and term.args[0].op == "symbol")
        about = "other Jacobians of the sheet are laid out the other way round"
        cause = "missing_transpose" if is_one_matrix else "wrong_layout"
        yield ruling, Diagnosis(cause, ruling.link.right.span, about, text(raise_form(turned, facts)))


def _odd_ones(judge: Judge, rulings: Iterable[Ruling]) -> list[Ruling]:
    """The lines that hold in the layout that fewer of the lines have; of as many, the later ones."""
    by_layout: dict[str, list[Ruling]] = {}
    for ruling in rulings:
        layout = _layout(judge, ruling)
        if layout:
            by_layout.setdefault(layout, []).append(ruling)
    if len(by_layout) < 2:
        return []
    return min(reversed(list(by_layout.values())), key=len)


def _layout(judge: Judge, ruling: Ruling) -> str:
    """The layout of the Jacobian matrix in a line that holds in this one only; "" where there is none."""
    pair = ruling.pair
    if ruling.verdict != "holds" or pair is None or ruling.numeric:
        return ""
    found = {str(t.params[0]) for side in (pair.left.term, pair.right.term) for t in walk(side) if t.op == "jacobian_matrix"}
    if len(found) != 1 or pair.left.term.op != "jacobian_matrix":
        return ""
    rows, cols = pair.left_node.shape
    if rows is cols:
        turned = einsum([(pair.left_node, (0, 1))], (1, 0), (cols, rows))
        try:
            if (ruling.by or judge).lab.equal(turned, pair.right_node).holds:
                return ""
        except SymgradError:
            return ""
    return found.pop()
