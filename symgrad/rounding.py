"""Rounded numbers that a sheet goes on with: what half a unit in the last digit of each may change.

Only numbers that came out of a calculation and were rounded count; a number that is given is exact as it stands.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from fractions import Fraction

from symgrad import syntax as sx
from symgrad.syntax import Node

Rows = tuple[tuple[Fraction, ...], ...]
_MOST = 40
# A number of so many decimals that nobody gave was computed and rounded, wherever that was done.
_LONG = 3


class Rounding:
    """The rounded numbers met so far, and the names whose values they are."""

    def __init__(self, given: Iterable[Node] = ()) -> None:
        numbers = [number for node in given for number in _numbers(node)]
        # The 0.1 beside a rate of 0.9 is exact too.
        self._given = {n.text for n in numbers} | {f"{float(1 - n.value):.{n.decimals}f}" for n in numbers}
        self._texts: set[str] = set()
        self._units: dict[str, int] = {}

    def learn(self, result: Node, names: Iterable[str], rounded: bool) -> None:
        """Take note of a result: one that was rounded, or was computed after something was, as far as it is seen."""
        if not rounded and not self._texts:
            return
        is_step = any(isinstance(n, (sx.Product, sx.Sum, sx.Frac)) for n in sx.walk(result))
        rates = {
            f.text for n in sx.walk(result) if isinstance(n, sx.Product) for f in n.factors if isinstance(f, sx.Number) and f.decimals == 1
        }
        for number in _numbers(result):
            # What is calculated with may be given, and so is a rate such as the 0.1 of `0.1 \cdot 0.303`.
            if number.decimals and not (is_step and number.text in self._given | rates):
                self._texts.add(number.text)
        digits = max((n.decimals for n in _numbers(result)), default=0)
        if digits:  # whole numbers are exact
            self._units |= dict.fromkeys(names, digits)

    def is_exact(self, side: Node, behind: Iterable[str]) -> bool:
        """Whether no rounded number stands in a formula or behind the names of it."""
        return not self.has_numbers(side) and self._units.keys().isdisjoint(behind)

    def forget(self, names: Iterable[str]) -> None:
        """Names that have a new value, which is exact."""
        for name in names:
            self._units.pop(name, None)

    def has_numbers(self, side: Node) -> bool:
        """Whether a number that was computed stands in a formula."""
        return any(self._computed(n) for n in _numbers(side))

    def _computed(self, number: sx.Number) -> bool:
        return number.text in self._texts or (number.decimals >= _LONG and number.text not in self._given)

    def nudged(self, side: Node) -> Iterator[Node]:
        """The side once for every rounded number in it, with half a unit added to that number's last digit."""
        places = [n for n in _numbers(side) if self._computed(n)][:_MOST]
        for place in places:
            yield sx.mapped(side, lambda n, place=place: replace(n, text=n.text + "5") if n is place else n)  # type: ignore[misc]

    def nudged_values(self, names: set[str], values: Mapping[str, Rows]) -> Iterator[tuple[str, Rows]]:
        """Each rounded value among the names, with half a unit added to one entry at a time."""
        for name in sorted(names & self._units.keys() & values.keys()):
            half = Fraction(1, 2 * 10 ** self._units[name])
            rows = values[name]
            for i, row in enumerate(rows[:6]):
                for j in range(min(len(row), 6)):
                    yield name, tuple(tuple(x + half * (k == i and m == j) for m, x in enumerate(r)) for k, r in enumerate(rows))


def _numbers(node: Node) -> list[sx.Number]:
    return [n for n in sx.walk(node) if isinstance(n, sx.Number)]
