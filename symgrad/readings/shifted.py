r"""Entries at a sum of indices: the `x_{i+j}` of a convolution, `X_{i+a-1,\, j+b-1}`, the `w_{m-i}` of its gradient.

With windows `window[h, i, j]`, which is 1 where h = i + j, the entry is `Σ_h x_h window[h, i, j]`, so that h runs over one less than i and
j together do; at `x_{2i+j}` the windows are two places apart. Outside of the axis there are zeros.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from symgrad.dims import ONE, Dim
from symgrad.origins import Place, places_of
from symgrad.shapes import Shapes
from symgrad.syntax import Node
from symgrad.terms import Term, spanned
from symgrad.typing_rules import Reading

if TYPE_CHECKING:
    from symgrad.readings.reader import Reader

# What an axis is taken at: a letter, or two, whether the second is taken away, the padding, how far beside, and how far apart each goes.
_At = str | tuple[str, str, bool, int, int, tuple[int, ...]] | None
# What it costs that a place lies beside its axis.
_BESIDE = 1.0
_CUT = 2.0


def shifted(reader: Reader, reading: Reading, sub: Node) -> list[Reading] | None:
    """The readings of such an entry; None where the subscript is no sum of indices."""
    places, term = places_of(sub), reading.term
    if places is None or term.free or term.op != "symbol":
        return None
    if len(places) == 1:
        column = reading.shapes.is_one(term.cols) or not reading.shapes.is_one(term.rows)
        met = reading.shapes.unify(term.cols if column else term.rows, ONE)
        each: tuple[Place | str | None, ...] = (places[0], None) if column else (None, places[0])
    else:
        met, each = reading.shapes, places
    states: list[tuple[float, Shapes, tuple[_At, ...]]] = [] if met is None else [(reading.cost, met, ())]
    for one, dim in zip(each, (term.rows, term.cols), strict=True):
        states = [
            (cost + more, shapes, (*params, param))
            for cost, before, params in states
            for more, shapes, param in _at(reader, before, one, dim, term.params[0])
        ]
    found = []
    for cost, shapes, params in states:
        free = {letter for param in params if param is not None for letter in ((param,) if isinstance(param, str) else param[:2])}
        entry = Term("shifted", (term,), params, ONE, ONE, tuple(sorted(free)))
        found.append(Reading(cost, shapes, entry, reading.notes))
    return found


def _at(reader: Reader, shapes: Shapes, one: Place | str | None, dim: Dim, name: str) -> list[tuple[float, Shapes, _At]]:
    """What an axis may be taken at, with the cost and the sizes that it asks for."""
    if one is None:
        return [(0.0, shapes, None)]
    if isinstance(one, str):
        met = shapes.unify(reader.index(one), dim)
        return [] if met is None else [(0.0, met, one)]
    first, second = one.letters
    sizes, is_turned = (reader.index(first), reader.index(second)), bool(one.minus)
    if is_turned and one.apart[0] != 1:
        return []  # w_{2m-i} has every second place only
    origins = reader.names.counting
    starts = [times * origins.start(letter) for letter, times in zip(one.letters, one.apart, strict=True)]
    beside = one.offset - origins.of(name) + (starts[0] - starts[1] if is_turned else sum(starts))
    # x_{i+j}: x has one place less than i and j together; w_{m-i}: so has m, of i and w.
    whole, parts = (sizes[0], (sizes[1], dim)) if is_turned else (dim, sizes)
    natural = spanned(parts, (one.apart[1], 1) if is_turned else one.apart)
    found: list[tuple[float, Shapes, _At]] = []
    padding = max(0, -beside) if not is_turned else 0
    met = shapes.balanced(whole, natural - 2 * padding)
    if met is not None and padding:
        found.append((0.0, met, (first, second, is_turned, padding, 0, one.apart)))
    at = (first, second, is_turned, 0, beside, one.apart)
    met = shapes.balanced(whole, natural)
    if met is not None:
        found.append((_BESIDE * (beside != 0), met, at))
    # Where a sheet that defines a convolution has sizes that do not go together, what is beyond the end of an axis counts as zero.
    return found if met is shapes or not reader.names.convolves else [*found, (_CUT, shapes, at)]
