r"""What is said of the parameters that data are fitted by: `4b + 10w = 16` and `w = 1.4`, where points are given and gradients set to zero.

The parameters are those that gradients are asked by and that have no value; they are found where the gradients vanish for the data.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence, Set

import numpy as np

from symgrad import names
from symgrad import syntax as sx
from symgrad.arithmetic import tolerance
from symgrad.conditions import Condition
from symgrad.constant import is_numeric
from symgrad.errors import SymgradError
from symgrad.lab import Lab
from symgrad.ledger import Ledger
from symgrad.naming import plain_name
from symgrad.points import Point
from symgrad.ruling import Pair, Ruling
from symgrad.sheet import Link

# Coefficients that were rounded move an equation by as much.
_EXACT, _ROUNDED = 1e-7, 5e-3


def at_the_fit(
    link: Link, pairs: Iterable[Pair], lab: Lab, ledger: Ledger, losses: Sequence[str], asked: Set[str], solved: Set[str]
) -> Ruling | None:
    """The ruling where the gradients of the last loss vanish for the data; None where there are no data, or no such point is found.

    The values of parameters that were `solved` for are not relied upon.
    """
    found = _fit(link, lab, ledger, losses, asked, solved)
    if found is None:
        return None
    point, under = found
    has_decimals = any(isinstance(n, sx.Number) and n.decimals for side in (link.left, link.right) for n in sx.walk(side))
    failed: Ruling | None = None
    try:
        for pair in pairs:
            left, right = (np.asarray(point.array(node), dtype=float) for node in (pair.left_node, pair.right_node))
            scale = max(1.0, float(np.max(np.abs(left), initial=0.0)), float(np.max(np.abs(right), initial=0.0)))
            gap = np.abs(left - right)
            holds = bool(np.all(gap <= tolerance(link, np.shape(right)) + scale * (_ROUNDED if has_decimals else _EXACT)))
            evidence = {"method": "numeric", "holds": holds, "max_error": float(np.max(gap, initial=0.0)), "under": under}
            is_value = is_numeric(link.right)
            verdict = "holds" if holds else "fails"
            ruling = Ruling(link, verdict, [evidence], pair, list(pair.notes), numeric=is_value, expected=left, found=right)
            if holds:
                return ruling
            failed = failed or ruling
    except SymgradError:
        return None
    return failed


def _fit(link: Link, lab: Lab, ledger: Ledger, losses: Sequence[str], asked: Set[str], solved: Set[str]) -> tuple[Point, str] | None:
    """The values of the data, with the parameters where the gradients vanish, and which they are."""
    unknown = {*solved, plain_name(link.left, lab.meaning.styled)}
    values = {name: rows for name, rows in ledger.values.items() if name not in unknown}
    by_loss = ((loss, {name for name in lab.network.inputs if lab.meaning.rests_on(loss, name)}) for loss in reversed(losses))
    loss, inputs = next(((loss, inputs) for loss, inputs in by_loss if inputs & asked), ("", set[str]()))
    free = [name for name in lab.network.inputs if name in inputs & asked and name not in values]
    data = inputs - {*free}
    if not free or not data <= values.keys():
        return None
    try:
        here = lab.numeric_point(False, values)
        start = {name: np.zeros(here.shape(lab.network.variables[name].shape)) for name in free}
        slopes = tuple((lab.fully_opened(lab.gradient_node(loss, name)), name) for name in free)
        under = " and ".join(names.text(names.gradient(loss, name)) for name in free) + (" vanishes" if len(free) == 1 else " vanish")
        rest = Condition(link.statement, under, vanishes=slopes).at_rest({**here.values, **start}, here.sizes, lab.supply)
    except SymgradError:
        return None
    return None if rest is None else (Point(rest, here.sizes, lab.supply), f"{under} for the data")
