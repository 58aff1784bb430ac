"""Derivatives that hold, held against finite differences of the loss: in general, and for numbers at the values that the sheet gives."""

from __future__ import annotations

from typing import Any

import numpy as np

from symgrad import names
from symgrad.arithmetic import tolerance
from symgrad.errors import SymgradError
from symgrad.judge import Judge
from symgrad.literals import literal_rows
from symgrad.ruling import Ruling

_MOST_ENTRIES = 64
_STEP = 1e-4
_AGREES = 1e-5


def differenced(judge: Judge, ruling: Ruling) -> dict[str, Any] | None:
    """The evidence of finite differences; None where there is nothing to difference."""
    label = judge.gradients.get(ruling.link.head.span)
    match = names.gradient_of(label) if ruling.numeric and label else None if ruling.pair is None else ruling.pair.gradient
    if match is None or match["of"] == match["wrt"]:
        return None
    of, wrt = match["of"], match["wrt"]
    network = judge.lab.network
    if wrt not in network or of not in network.definitions or any(stated == of for stated, _ in judge.lab.stated):
        return None  # of a loss that nobody defined there is nothing to difference
    try:
        return _of_numbers(judge, ruling, of, wrt) if ruling.numeric else _in_general(judge, of, wrt)
    except (SymgradError, ValueError):
        return None


def _in_general(judge: Judge, of: str, wrt: str) -> dict[str, Any]:
    check = judge.lab.differences(of, wrt)
    # A saturated loss has too few digits to difference; a wrong gradient agrees nowhere.
    confirmed = check.points > 0 and check.agreed >= check.points / 2
    return {"method": "finite_differences", "holds": confirmed, "max_relative_error": check.max_relative_error}


def _of_numbers(judge: Judge, ruling: Ruling, of: str, wrt: str) -> dict[str, Any] | None:
    """The numbers against central differences at the values given; None where there are none, or at a kink."""
    rows, given = literal_rows(ruling.link.right), ruling.values.get(wrt)
    if rows is None or given is None or len(given) * len(given[0]) > _MOST_ENTRIES:
        return None
    at = np.array([[float(x) for x in row] for row in given])
    others = {n: v for n, v in ruling.values.items() if n != wrt and "∂" not in n and not judge.meaning.rests_on(n, wrt)}

    def loss(values: Any) -> float:
        moved = tuple(map(tuple, values))
        return float(np.sum(judge.lab.numeric_point(False, {**others, wrt: moved}).array(judge.lab.network.variables[of])))

    found = np.zeros(at.shape)
    for place in np.ndindex(at.shape):
        step = np.zeros(at.shape)
        step[place] = _STEP * max(1.0, abs(float(at[place])))
        found[place] = (loss(at + step) - loss(at - step)) / (2 * step[place])
    written = np.array([[float(x) for x in row] for row in rows])
    if written.shape != found.shape:
        found = found.T
    if written.shape != found.shape:
        return None
    scale = max(1.0, float(np.max(np.abs(written))))
    gap = np.maximum(np.abs(found - written) - tolerance(ruling.link, written.shape), 0.0)
    error = float(np.max(gap)) / scale
    return {"method": "finite_differences", "holds": True, "max_relative_error": error} if error < _AGREES else None
