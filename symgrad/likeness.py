"""Whether the network of a sheet is that of a key: the same loss of the same inputs, whatever they and what lies between are called.

Both are tried at points where the key's inputs are drawn. A name of the sheet has the value of the key's name that is meant, transposed
where only that fits; a batch is taken as one example where only that fits. Inputs under other names are matched where there is one way
alone in which the losses agree.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import islice, permutations
from typing import Any

import numpy as np

from symgrad.dims import Shape, solve
from symgrad.errors import SymgradError
from symgrad.judge import Judge
from symgrad.meaning import is_loss
from symgrad.network import Network
from symgrad.points import Point
from symgrad.sampling import draw_sizes, draw_values, needs_positive
from symgrad.spellings import matched
from symgrad.tensor import Var, variables

_SEED = 19580731
_POINTS = 3
_AGREES = 1e-7
_MOST_UNMATCHED = 5
_MOST_TURNINGS = 16
_LARGEST_FACTOR = 100


@dataclass
class Likeness:
    """The names of a key for those of a sheet, and the definitions that differ, with the factor where it is but one."""

    called: dict[str, str]
    differing: dict[str, str] = field(default_factory=dict)


def likeness(judge: Judge, theirs: Judge) -> Likeness:
    """How the network of a sheet and that of a key go together."""
    own, other = judge.lab.network, theirs.lab.network
    called = {here: there for there, here in matched((*own.inputs, *own.definitions), (*other.inputs, *other.definitions)).items()}
    losses = [_loss(network, called) for network in (own, other)]
    if None not in losses and losses[0] not in called and losses[1] not in called.values():
        called[str(losses[0])] = str(losses[1])
    points = list(_points(other))
    loss = next((name for name in reversed(own.definitions) if is_loss(name) and name in called), None)
    inputs = {here: there for here, there in called.items() if here in own.inputs}
    if loss is not None:
        below = _inputs_below(own, loss)
        missing, spare = sorted(below - inputs.keys()), sorted(_inputs_below(other, called[loss]) - set(inputs.values()))
        ways = [inputs] if not missing else _ways(inputs, missing, spare)
        same = [way for way in ways if _Pair(own, loss, other, called[loss], way).factors(points) == [1.0]]
        if len(same) == 1:
            return Likeness({**called, **same[0]})
    found = Likeness(called)
    for here in (name for name in own.definitions if name in called and called[name] in other.definitions):
        values = {name: there for name, there in called.items() if name != here}
        factors = _Pair(own, here, other, called[here], values).factors(points)
        if factors is not None and factors != [1.0]:
            found.differing[here] = _shown(factors)
    return found


def _loss(network: Network, called: Mapping[str, str]) -> str | None:
    """The last definition with the name of a loss, else the last scalar."""
    scalars = [d.name for d in network.definitions.values() if all(dim.is_one for dim in d.shape)]
    named = [name for name in scalars if is_loss(name)]
    return next(iter(reversed(named or scalars)), None)


def _inputs_below(network: Network, name: str) -> set[str]:
    found, waiting = set[str](), [name]
    seen = set[str]()
    while waiting:
        current = waiting.pop()
        if current in seen:
            continue
        seen.add(current)
        definition = network.definitions.get(current)
        if definition is None:
            found.add(current)
        else:
            waiting += [v.name for v in variables(definition.node)]
    return found


def _ways(inputs: Mapping[str, str], missing: list[str], spare: list[str]) -> Iterator[dict[str, str]]:
    """Every way to match the inputs that are left over."""
    if len(missing) == len(spare) <= _MOST_UNMATCHED:
        for order in permutations(spare):
            yield {**inputs, **dict(zip(missing, order, strict=True))}


def _points(network: Network) -> Iterator[tuple[Point, ...]]:
    """Points of distinct sizes, and then points at which one of the sizes is 1."""
    rng = np.random.default_rng(_SEED)
    try:
        sizes = draw_sizes(network, rng)
    except SymgradError:
        return
    positive, supply = needs_positive(network), _supply_of(network)
    for alone in (None, *sizes):
        drawn = sizes if alone is None else {**sizes, alone: 1}
        yield tuple(Point(draw_values(network, drawn, rng, positive), drawn, supply) for _ in range(_POINTS))


def _supply_of(network: Network) -> Callable[[Var, Point], Any]:
    return lambda wanted, point: point.array(network.definitions[wanted.name].node)


@dataclass(frozen=True)
class _Pair:
    """A definition of the sheet and one of the key, with the key's names for those that the sheet's rests on."""

    own: Network
    here: str
    theirs: Network
    there: str
    called: Mapping[str, str]

    def factors(self, points: Iterable[tuple[Point, ...]]) -> list[float] | None:
        """How many times the key's value the sheet's is at each point; `[1.0]` where they agree, nan where it is no multiple.

        None where they cannot be compared: the sheet's rests on a name that the key has not, or the sizes do not go together.
        """
        needed = self._needed()
        if needed is None:
            return None
        found: list[float] | None = None
        for several in points:
            if not self._has_values(several[0], needed):
                continue
            for turned in islice(self._turnings(needed, several[0]), _MOST_TURNINGS):
                factors = self._at(several, turned)
                if factors == [1.0]:
                    return factors
                found = found or factors
            if found is not None:
                break
        return found

    def _has_values(self, point: Point, needed: list[str]) -> bool:
        try:
            return all(self._given(point, name) is not None for name in needed)
        except (SymgradError, ValueError):
            return False

    def _at(self, several: tuple[Point, ...], turned: Mapping[str, bool]) -> list[float] | None:
        try:
            return sorted({_factor(*self._values(point, turned)) for point in several})
        except (SymgradError, ValueError):
            return None

    def _needed(self) -> list[str] | None:
        """The matched names that the definition rests on; None where it rests on another input too."""
        found: dict[str, None] = {}
        waiting = [self.here]
        while waiting:
            name = waiting.pop()
            if name in self.called and name != self.here:
                found[name] = None
            elif name in self.own.definitions:
                waiting += [v.name for v in variables(self.own.definitions[name].node)]
            else:
                return None
        return list(found)

    def _turnings(self, needed: list[str], point: Point) -> Iterator[dict[str, bool]]:
        """For each name whether it has the transposed value: every way in which the sizes go together."""

        def settled(k: int, sizes: dict[str, int], turned: dict[str, bool]) -> Iterator[dict[str, bool]]:
            if k == len(needed):
                yield turned
                return
            value = self._given(point, needed[k])
            for is_turned in (False, True):
                trial = dict(sizes)
                if _fits(value.T if is_turned else value, self.own.symbol_shape(needed[k]) or (), trial):
                    yield from settled(k + 1, trial, {**turned, needed[k]: is_turned})

        yield from settled(0, {}, {})

    def _given(self, point: Point, name: str) -> Any:
        return np.asarray(point.array(self.theirs.variables[self.called[name]]), dtype=float)

    def _values(self, point: Point, turned: Mapping[str, bool]) -> tuple[Any, Any]:
        sizes: dict[str, int] = {}
        values: dict[str, Any] = {}
        for name, is_turned in turned.items():
            value = self._given(point, name)
            values[name] = value.T if is_turned else value
            if not _fits(values[name], self.own.symbol_shape(name) or (), sizes):
                raise ValueError(name)
        mine = Point(values, sizes, _supply_of(self.own)).array(self.own.definitions[self.here].node)
        return np.asarray(mine, dtype=float), np.asarray(point.array(self.theirs.variables[self.there]), dtype=float)


def _fits(value: Any, shape: Shape, sizes: dict[str, int]) -> bool:
    return len(value.shape) == len(shape) and all(solve(dim, size, sizes) for dim, size in zip(shape, value.shape, strict=True))


def _factor(mine: Any, theirs: Any) -> float:
    """By what number the one is the other multiplied; nan where it is no multiple of it."""
    if mine.shape != theirs.shape:
        theirs = theirs.T
    if mine.shape != theirs.shape:
        return float("nan")
    scale = max(float(np.max(np.abs(theirs), initial=0.0)), 1e-9)
    if float(np.max(np.abs(mine - theirs), initial=0.0)) < _AGREES * scale:
        return 1.0
    ratio = float(np.sum(mine * theirs) / np.sum(theirs * theirs)) if np.any(theirs) else float("nan")
    return round(ratio, 9) if float(np.max(np.abs(mine - ratio * theirs))) < _AGREES * scale else float("nan")


def _shown(factors: list[float]) -> str:
    """The factor as a fraction, where it is one at all points."""
    known = Fraction(factors[0]).limit_denominator(_LARGEST_FACTOR) if len(factors) == 1 and factors[0] == factors[0] else None
    return str(known) if known is not None and abs(known - Fraction(factors[0])) < _AGREES else ""
