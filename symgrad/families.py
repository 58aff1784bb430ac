"""Families of steps: equations that are one equation with `t` moved along, and sums that are Σ_t.

A network over time is written out step by step, and so is its derivation; a textbook prints one line for all of them:
`h_t = tanh(W h_{t−1} + U x_t)` for t = 1, …, T, and `∂L/∂W = Σ_t δ_t h_{t−1}ᵀ`. This module finds such lines, by names that
differ only in their number.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from symgrad import names
from symgrad.dims import Dim
from symgrad.form import Form, apply, rewrite_bottom_up, symbol, symbols
from symgrad.textbook import scaled, without_scalars
from symgrad.textbook_sums import sum_of

LETTER = "t"
_FEWEST_TERMS = 3

End = int | str
"""An end of a span or a sum: a number, or where the length is a symbol, one that is counted from it, as in `T-1`."""


@dataclass(frozen=True)
class Span:
    """The values of t that a line stands for, in the order in which they are worked out."""

    first: End
    last: End
    letter: str = LETTER

    @property
    def descends(self) -> bool:
        """Whether the last value comes first; a length is larger than any number."""
        if isinstance(self.first, int) and isinstance(self.last, int):
            return self.last < self.first
        return isinstance(self.first, str)

    def values(self) -> list[int]:
        """Every value of t; of a span between numbers."""
        assert isinstance(self.first, int)
        assert isinstance(self.last, int)
        step = -1 if self.descends else 1
        return list(range(self.first, self.last + step, step))

    def written(self, dots: str) -> str:
        if isinstance(self.first, str) or isinstance(self.last, str):
            return f"{self.first}, {dots}, {self.last}"
        values = self.values()
        shown = values if len(values) <= 3 else [values[0], dots, values[-1]]
        return ", ".join(map(str, shown))

    def __str__(self) -> str:
        return f"{self.letter} = {self.written('…')}".replace("-", "−")

    @property
    def latex(self) -> str:
        return f"{self.letter} = {self.written(chr(92) + 'dots')}"


def relative(name: str, base: int, letter: str = LETTER) -> str:
    """The name with its number counted from `base`: `h_2` from 3 is `h_{t-1}`.

    >>> relative("h_2", 3), relative("x_3", 3), relative("W", 3)
    ('h_{t-1}', 'x_{t}', 'W')
    """
    found = names.step_index(name)
    if found is None:
        return name
    stem, number = found
    offset = number - base
    return names.at_step(stem, letter if offset == 0 else f"{letter}{offset:+d}")


def base_of(found: Sequence[str]) -> int | None:
    """The largest number among the names, which is what `t` stands for."""
    numbers = [step[1] for name in found if (step := names.step_index(name)) is not None]
    return max(numbers, default=None)


def general(forms: Sequence[Form]) -> tuple[tuple[Form, ...], int] | None:
    """The forms with numbers counted from the largest of them, and that number; None when no name has one."""
    base = base_of([s.name for form in forms for s in symbols(form)])
    if base is None:
        return None
    return tuple(_shifted(form, base) for form in forms), base


def _shifted(form: Form, base: int) -> Form:
    """The form in t: numbers in names, and the places of single rows and columns, counted from `base`."""

    def change(f: Form) -> Form:
        if f.op == "symbol":
            return symbol(relative(f.name, base), f.shape)
        if f.op in ("slice", "pad") and (place := _single(f)) is not None:
            start = Dim.of(LETTER) + (place - base)
            rest = (start + 1, 1) if f.op == "slice" else f.params[2:]
            return apply(f.op, f.args, (f.params[0], start, *rest))
        return f

    return rewrite_bottom_up(form, change)


def _single(form: Form) -> int | None:
    """The place, from 0, of the one row or column that a slice takes out or a pad puts back."""
    axis, start = form.params[:2]
    piece = form if form.op == "slice" else form.args[0]
    return start.number if piece.shape[axis].is_one else None


def fold_sums(form: Form) -> Form:
    """Every sum of at least three terms that are one term with t moved along, as a series.

    >>> from symgrad.dims import shape_of; from symgrad.form import symbol; from symgrad.typeset import text
    >>> g = [apply("matmul", [symbol(f"g_{t}", shape_of("ab")), symbol(f"x_{t - 1}", shape_of("bc"))]) for t in (1, 2, 3)]
    >>> text(fold_sums(apply("add", g)))
    'Σ[t=1..3] gₜ xₜ₋₁'
    """
    return rewrite_bottom_up(form, lambda f: _folded(f) if f.op == "add" else f)


def _folded(form: Form) -> Form:
    """The terms that are one term with t moved along, as a series where the first of them stands; what does not fold stays as it is."""
    alike: dict[Form, dict[int, int]] = {}
    for place, term in enumerate(form.args):
        if (found := general([term])) is not None:
            alike.setdefault(found[0][0], {}).setdefault(found[1], place)
    runs: dict[tuple[int, int], dict[int, Form]] = {}
    gone: set[int] = set()
    for body, places in alike.items():
        for first, last in _runs(sorted(places)):
            if last - first + 1 >= _FEWEST_TERMS:
                folded = [places[t] for t in range(first, last + 1)]
                runs.setdefault((first, last), {})[min(folded)] = body
                gone |= set(folded)
    if not runs:
        return form
    series: dict[int, Form] = {}
    for ends, bodies in runs.items():
        scalars, body = without_scalars(sum_of(list(bodies.values()), form.shape))
        outside = [s for s in scalars if s.op == "number"]
        inside = scaled([s for s in scalars if s not in outside], body)
        series[min(bodies)] = scaled(outside, apply("series", [inside], (LETTER, *ends)))
    rest = [series.get(place, term) for place, term in enumerate(form.args) if place in series or place not in gone]
    return rest[0] if len(rest) == 1 else apply("add", rest)


def _runs(numbers: Sequence[int]) -> list[tuple[int, int]]:
    """The ends of every run of numbers that follow each other.

    >>> _runs([1, 2, 3, 5])
    [(1, 3), (5, 5)]
    """
    runs: list[tuple[int, int]] = []
    for number in numbers:
        if runs and runs[-1][1] == number - 1:
            runs[-1] = runs[-1][0], number
        else:
            runs.append((number, number))
    return runs


def expand(form: Form) -> Form:
    """Every series written out as its terms again."""

    def opened(f: Form) -> Form:
        if f.op != "series":
            return f
        letter, first, last = f.params
        return apply("add", [_at(f.args[0], letter, t) for t in range(first, last + 1)])

    return rewrite_bottom_up(form, opened)


def _at(form: Form, letter: str, value: int) -> Form:
    def change(f: Form) -> Form:
        if f.op == "symbol":
            return symbol(at(f.name, letter, value), f.shape)
        if f.op in ("slice", "pad") and letter in f.params[1].symbols:
            start = f.params[1] - Dim.of(letter) + value
            rest = (start + 1, 1) if f.op == "slice" else f.params[2:]
            return apply(f.op, f.args, (f.params[0], start, *rest))
        return f

    return rewrite_bottom_up(form, change)


def at(name: str, letter: str, value: int) -> str:
    """`h_{t-1}` at t = 3 is `h_2`.

    >>> at("h_{t-1}", "t", 3), at("∂L/∂h_{t}", "t", 2)
    ('h_2', '∂L/∂h_2')
    """

    def number(match: re.Match[str]) -> str:
        return "_" + _digits(value + int(match[1] or 0))

    return re.sub(rf"_\{{{letter}([+-]\d+)?\}}", number, name)


def _digits(value: int) -> str:
    return str(value) if value < 10 else f"{{{value}}}"
