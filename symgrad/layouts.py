r"""Layouts of Jacobians: lines that do not keep to the layout of the others.

A gradient of a scalar is written in either shape by its own right, though a ∇ is a column unless a sheet has all of them as rows;
between two vectors, ∂y/∂x has a row for each entry of y (numerator layout) or for each entry of x (denominator layout), and a sheet that
changes from one to the other has slipped.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from symgrad import syntax as sx
from symgrad.errors import SymgradError
from symgrad.judge import Judge
from symgrad.mistakes import Diagnosis
from symgrad.raising import raise_form
from symgrad.rewrite import simplify
from symgrad.rules import SIMPLIFY
from symgrad.ruling import Ruling
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
        about = "other derivatives of the sheet are laid out the other way round"
        cause = "missing_transpose" if is_one_matrix else "wrong_layout"
        yield ruling, Diagnosis(cause, ruling.link.right.span, about, text(raise_form(turned, facts)))


def _odd_ones(judge: Judge, rulings: Iterable[Ruling]) -> list[Ruling]:
    """The Jacobians in the layout that fewer of them have, of as many the later ones; and a ∇ that is a row."""
    by_layout: dict[str, list[Ruling]] = {}
    for ruling in rulings:
        layout = _layout(judge, ruling)
        if layout:
            by_layout.setdefault(layout, []).append(ruling)
    rows, columns = by_layout.pop(_ROW, []), by_layout.pop(_COLUMN, [])
    return (rows if columns or len(rows) == 1 else []) + (min(reversed(list(by_layout.values())), key=len) if len(by_layout) > 1 else [])


_ROW, _COLUMN = "row", "column"


def _layout(judge: Judge, ruling: Ruling) -> str:
    """The layout of the derivative matrix in a line that holds in this one only; "" where there is none."""
    pair = ruling.pair
    if ruling.verdict != "holds" or pair is None or ruling.numeric or len(pair.left_node.shape) != 2:
        return ""
    left, (rows, cols) = pair.left.term, pair.left_node.shape
    if left.op == "jacobian_matrix":
        found = {str(t.params[0]) for side in (left, pair.right.term) for t in walk(side) if t.op == "jacobian_matrix"}
        layout = found.pop() if len(found) == 1 else ""
    else:
        is_nabla = isinstance(ruling.link.left, sx.Derivative) and ruling.link.left.kind == "nabla" and rows is not cols
        is_turned = left.op == "transpose" and left.args[0].op == "jacobian_flat" and rows.is_one
        is_own = left.op in ("gradient", "jacobian_flat") and cols.is_one
        layout = "" if not is_nabla else _ROW if is_turned else _COLUMN if is_own else ""
    if layout and rows is cols:
        turned = einsum([(pair.left_node, (0, 1))], (1, 0), (cols, rows))
        try:
            if (ruling.by or judge).lab.equal(turned, pair.right_node).holds:
                return ""
        except SymgradError:
            return ""
    return layout
