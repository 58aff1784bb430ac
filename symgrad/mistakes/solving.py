r"""A number of a formula that is another: the 46 for which `(w - 2)^2 + (2w - 3)^2 = 14 w^2 - 40 w + 38` holds, which is solved for."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import numpy as np

from symgrad import syntax as sx
from symgrad.constant import numeral
from symgrad.errors import SymgradError
from symgrad.literals import Rows
from symgrad.mistakes.case import Case, Diagnosis
from symgrad.syntax import Node

_MOST_NUMBERS, _MOST_STEPS, _LARGEST_BELOW, _NEAR = 16, 12, 100, 1e-6


def solved(case: Case) -> Iterator[Diagnosis]:
    """One number of a formula is another; also where the formula has the numbers of data, and no names of them."""
    points = [] if case.pair is None else case.judge.arithmetic.drawn_beside(case.pair, case.ruling.values)
    written = [n for n in sx.walk(case.formula) if isinstance(n, sx.Number)] if points else []
    for number in written[:_MOST_NUMBERS]:
        meant = _meant(case, number, points[0])
        found = None if meant is None else case.holds_as_written(_with(case.formula, number, meant))
        if found is not None and meant is not None:
            shown = str(meant).replace("-", "−")
            yield case.diagnosis("arithmetic_slip", f"{shown} belongs here, and not {number.text}", found.right_node, number.span)


def _meant(case: Case, number: sx.Number, values: dict[str, Rows]) -> Fraction | None:
    """The number for which the sides are equal at one point, by the secant method; None where there is no short one."""

    def gap(value: Fraction) -> Any:
        return case.gap(_with(case.formula, number, value), values)

    try:
        before, now = number.value, number.value + 1
        gaps = [gap(before), gap(now)]
        if any(found is None for found in gaps) or np.shape(gaps[0]) != np.shape(gaps[1]):
            return None
        at = int(np.argmax(np.abs(gaps[1] - gaps[0])))
        left, right = (float(found.ravel()[at]) for found in gaps)
        for _ in range(_MOST_STEPS):
            if abs(right) < _NEAR or abs(right - left) < _NEAR**2 or not np.isfinite(right):
                break
            before, now = now, Fraction(float(now) - right * float(now - before) / (right - left))
            found = gap(now)
            if found is None or found.shape != gaps[0].shape:
                return None
            left, right = right, float(found.ravel()[at])
    except (SymgradError, ValueError, OverflowError):
        return None
    meant = now.limit_denominator(_LARGEST_BELOW)
    return meant if abs(meant - now) < _NEAR and meant != number.value else None


def _with(formula: Node, number: sx.Number, value: Fraction) -> Node:
    made = numeral(value, number.span)
    made = sx.Group(number.span, "(", ")", made) if value < 0 or value.denominator > 1 else made
    return sx.replaced(formula, lambda node: made if node is number else None)
