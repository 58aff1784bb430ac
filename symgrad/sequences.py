"""What there is one of at every time step, `h_t` and `h_{t-1}`, is of one shape: said before anything is typed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from itertools import pairwise

from symgrad.dims import Dim
from symgrad.shapes import Shapes

_STEP = re.compile(r"(.+)_(?:t|\{t[+-]1\})")


def steps_among(names: Iterable[str]) -> frozenset[frozenset[str]]:
    """The names of the same thing at a step and at its neighbours.

    >>> [sorted(names) for names in steps_among(["h_t", "h_{t-1}", "W", "x_t"])]
    [['h_t', 'h_{t-1}']]
    """
    found: dict[str, set[str]] = {}
    for name in names:
        if step := _STEP.fullmatch(name):
            found.setdefault(step[1], set()).add(name)
    return frozenset(frozenset(group) for group in found.values() if len(group) > 1)


def of_one_shape(shapes: Shapes, sequences: Iterable[frozenset[str]], shape: Callable[[str], tuple[Dim, Dim]]) -> Shapes:
    """The sizes under which the names of every sequence have one shape, as far as nothing else is said."""
    for names in sorted(map(sorted, sequences)):
        for (rows, cols), (rows_after, cols_after) in pairwise(map(shape, names)):
            shapes = shapes.together((rows, rows_after), (cols, cols_after)) or shapes
    return shapes
