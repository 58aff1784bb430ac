"""Small whole numbers for which a wrong claim is seen to be wrong."""

from __future__ import annotations

from typing import Any

import numpy as np

from symgrad import names
from symgrad.errors import SymgradError
from symgrad.judge import Judge
from symgrad.mistakes.numbers import rows_text
from symgrad.ruling import Ruling

_MOST_NAMES, _MOST_ENTRIES = 4, 9


def counterexample(judge: Judge, ruling: Ruling) -> str:
    """Values for which the two sides differ, to be checked by hand; "" where they would not be small."""
    pair = ruling.pair
    if pair is None or ruling.numeric or judge.meaning.implied or judge.gathered.sheet.allowance.is_spent:
        return ""
    behind = judge.arithmetic.numbers_behind(judge.lab.open_gradients(pair.left_node)) | judge.arithmetic.numbers_behind(pair.right_node)
    used = [name for name in judge.lab.network.inputs if name in behind]
    for point in judge.lab.small_points():
        try:
            left, right = (np.asarray(point.array(node), dtype=float) for node in (pair.left_node, pair.right_node))
        except (SymgradError, ValueError):
            return ""
        if not 0 < len(used) <= _MOST_NAMES or left.ndim > 2 or max(left.size, *(np.size(point.values[n]) for n in used)) > _MOST_ENTRIES:
            return ""
        if not np.allclose(left, right):
            given = ", ".join(f"{names.text(name)} = {rows_text(_plain(point.values[name]))}" for name in used)
            return f"{given}: the left is {rows_text(_plain(left))}, the right {rows_text(_plain(right))}"
    return ""


def _plain(values: Any) -> Any:
    return np.round(values).astype(int) if np.allclose(values, np.round(values)) else np.round(values, 4)
