"""Finite differences: every printed gradient is held against them.

Five-point central differences in float64 (error O(h⁴), so h ≈ ε^(1/5)), along random directions at several random points
of distinct sizes, kinks stepped around; entry by entry when a direction disagrees, to name the entry that is wrong.
Source: Fornberg, *Generation of finite difference formulas on arbitrarily spaced grids* (1988), Table 1.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from symgrad import names
from symgrad.errors import CheckFailed, Unsupported
from symgrad.evaluate import Compiled, compiled
from symgrad.form import Form
from symgrad.network import Network
from symgrad.numpycode import Program
from symgrad.ops import FUNCTIONS
from symgrad.ops.elementwise import ELEMENTWISE
from symgrad.raising import raise_form
from symgrad.sampling import at_other_scales, balanced, draw_sizes, draw_values, needs_positive
from symgrad.tensor import Func, Map, Node, topological

TOLERANCE = 1e-6
_EPSILON: float = float(np.finfo(float).eps)
_STEP: float = _EPSILON**0.2
_SHORTER = tuple(4.0**-k for k in range(1, 9))
_STENCIL = ((1, 8 / 12), (-1, -8 / 12), (2, -1 / 12), (-2, 1 / 12))
_POINTS = 4
_DIRECTIONS = 2
_GROUPS = 40
_REDRAWS = 60
_DIRECTION_REDRAWS = 32
_SEED = 20240229


_SIZE_REDRAWS = 40
_SINGULAR_DRAWS = 4
_WORST_CONDITION = 1e6


# What takes no part of entries that are −∞.
_TAKE_NO_PART_OF_WHAT_IS_OUT = frozenset({"softmax", "log_softmax", "logsumexp", "max", "is_max"})


class _NotSmoothError(Exception):
    """Every direction tried from a point crosses a kink or leaves the domain."""


class _SingularError(Exception):
    """With these sizes a matrix that is inverted is singular whatever its entries, as Xᵀ X of a wide X is."""


@dataclass
class Check:
    """What the comparison of one gradient found, and at how many of the points it agreed."""

    wrt: str
    method: str = "finite_differences"
    max_relative_error: float = 0.0
    points: int = 0
    agreed: int = 0
    worst: str = ""

    @property
    def holds(self) -> bool:
        return self.points > 0 and bool(self.max_relative_error <= TOLERANCE)


@dataclass
class Report:
    """The checks of all gradients of a derivation, and where they were made."""

    checks: dict[str, Check] = field(default_factory=dict)
    sizes: list[dict[str, int]] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        return all(check.holds for check in self.checks.values())

    @property
    def max_relative_error(self) -> float:
        return max((check.max_relative_error for check in self.checks.values()), default=0.0)


def check_gradients(network: Network, of: str, claimed: Mapping[str, Sequence[Form]], statements: Sequence[tuple[str, Form]]) -> Report:
    """Compare every claimed form of every gradient with finite differences of `of`.

    `claimed` has, for each name, forms over the network's names and gradients' names; `statements` compute the latter.
    """
    forward = Program(
        {name: item.shape for name, item in network.inputs.items()},
        tuple((d.name, d.form) for d in network.definitions.values()),
        asking=True,
    )
    kinks = tuple((f"kink {i}", form) for i, form in enumerate(_kinks(network)))
    inverted = tuple((f"inverted {i}", form) for i, form in enumerate(_inverted(network)))
    watch = replace(forward, statements=(*forward.statements, *kinks, *inverted))
    labels = {(name, i): f"claim {name} {i}" for name, forms in claimed.items() for i in range(len(forms))}
    extra = tuple((labels[name, i], form) for name, forms in claimed.items() for i, form in enumerate(forms))
    backward = replace(forward, statements=(*forward.statements, *statements, *extra), facts=network.facts)
    backward = backward.shared().reusing([name for name, _ in backward.statements])
    lab = _Lab(network, of, compiled(watch), compiled(backward), [name for name, _ in kinks], [name for name, _ in inverted])
    report = Report({name: Check(name) for name in claimed})
    rng = np.random.default_rng(_SEED)
    for point in range(_POINTS):
        for _ in range(_SIZE_REDRAWS):
            try:
                sizes = draw_sizes(network, rng, equal=point == _POINTS - 1)
            except Unsupported:
                if point < _POINTS - 1:
                    raise
                break  # sizes that are all alike cannot meet the conditions: the distinct ones were tried
            try:
                lab.at_point(sizes, rng, report, labels)
            except _SingularError:
                continue
            if point < _POINTS - 1 or sizes:
                report.sizes.append(sizes)
            break
        else:
            raise Unsupported("no sizes were found with which the matrices that are inverted are not singular; --assume says what they are")
    return report


def _kinks(network: Network) -> list[Form]:
    """What crosses zero where the network is not differentiable."""
    found = (raise_form(kink, network.facts) for d in network.definitions.values() for kink in kinks_in(d.node))
    return list(dict.fromkeys(found))


def kinks_in(whole: Node) -> Iterator[Node]:
    """What crosses zero where an expression is not differentiable."""
    for node in topological([whole]):
        if isinstance(node, Map) and (kinks := ELEMENTWISE[node.fn].kinks) is not None:
            yield from kinks(node.operands, node.params)
        elif isinstance(node, Func) and (marks := FUNCTIONS[node.fn].kinks) is not None:
            yield from marks(node)


def _inverted(network: Network) -> list[Form]:
    """The matrices that must not be singular."""
    found: dict[Form, None] = {}
    for definition in network.definitions.values():
        for node in topological([definition.node]):
            if isinstance(node, Func) and node.fn in FUNCTIONS and FUNCTIONS[node.fn].domain in ("well_conditioned", "positive_definite"):
                found[raise_form(node.operands[0], network.facts)] = None
    return list(found)


class _Lab:
    """One network compiled, to be tried at many points."""

    def __init__(self, network: Network, of: str, forward: Compiled, backward: Compiled, kinks: list[str], inverted: list[str]) -> None:
        self.network, self.of = network, of
        self.forward, self.backward, self.kinks, self.inverted = forward, backward, kinks, inverted
        self.positive = needs_positive(network)
        nodes = topological([d.node for d in network.definitions.values()])
        left_out = {node for node in nodes if isinstance(node, Map) and node.fn == "masked"}
        self.has_masks = bool(left_out)
        if any(left_out & set(n.operands) for n in nodes if not (isinstance(n, Func) and n.fn in _TAKE_NO_PART_OF_WHAT_IS_OUT)):
            raise Unsupported("what a mask leaves out is −∞, and only a softmax, a logsumexp or a maximum takes no part of it")

    def at_point(self, sizes: Mapping[str, int], rng: Any, report: Report, labels: Mapping[tuple[str, int], str]) -> None:
        """Draw a point where the network is defined and smooth, and compare every gradient there."""
        singular, steep = 0, 0
        for attempt in range(_REDRAWS):
            given = draw_values(self.network, sizes, rng, self.positive and attempt >= _REDRAWS // 4)
            if self.positive and attempt >= _REDRAWS // 2:
                given = at_other_scales(self.network, given, rng)
            given |= {name: sizes[name] for name in (*self.forward.asked, *self.backward.asked)}
            try:
                with np.errstate(all="ignore"):
                    given = balanced(self.network, given, lambda values: self.forward.run(values, {}))
                    base = self.forward.run(given, {})
                    well = all(np.all(np.linalg.cond(base[name]) < _WORST_CONDITION) for name in self.inverted)
                    values = self.backward.run(given, {}) if well else {}
            except np.linalg.LinAlgError:
                well = False
            if not well:
                singular += 1
                if singular == attempt + 1 == _SINGULAR_DRAWS:
                    raise _SingularError
                continue
            if not all(map(self._is_defined, (*base.values(), *values.values()))) or not np.all(np.isfinite(base[self.of])):
                continue
            try:
                found = self._compare(sizes, given, base, values, rng, report, labels)
            except (_NotSmoothError, np.linalg.LinAlgError):
                steep += 1
                continue  # a step beside the point led off the domain
            for name, error, worst in found:
                check = report.checks[name]
                check.points += 1
                check.agreed += bool(error <= TOLERANCE)
                check.worst = check.worst or worst
                if not error <= check.max_relative_error:
                    check.max_relative_error = error
            return
        if steep == _REDRAWS:
            said = "no point was found where finite differences can be taken"
            raise Unsupported(f"{said}; it may be too steep for them, and --no-check leaves them out")
        raise Unsupported("no point was found where the network is defined and smooth; declare domains such as positive=True")

    def _is_defined(self, value: Any) -> bool:
        """Whether all entries are finite, but for those that a mask leaves out."""
        found = np.asarray(value, dtype=float)
        return bool(np.all(np.isfinite(found) | (self.has_masks & (found == -np.inf))))

    def _compare(
        self,
        sizes: Mapping[str, int],
        given: Mapping[str, Any],
        base: Mapping[str, Any],
        values: Mapping[str, Any],
        rng: Any,
        report: Report,
        labels: Mapping[tuple[str, int], str],
    ) -> list[tuple[str, float, str]]:
        """For every name the error at this point and, where it is too large, the entry that is wrong."""
        claims: dict[str, list[Any]] = {n: [] for n in report.checks}
        found: list[tuple[str, float, str]] = []
        for (name, _), label in labels.items():
            shape = self._shape(name, sizes)
            value = np.asarray(values[label], dtype=float)
            if value.size == 1 and all(size == 1 for size in shape):
                value = value.reshape(shape)  # a scalar may be of shape () or 1×1
            if value.shape != shape:
                found.append((name, float("inf"), f"its formula has shape {value.shape}, the variable {shape}"))
                value = np.full(shape, np.nan)
            claims[name].append(value)
        every = list(report.checks)
        size = max(1, -(-len(every) // _GROUPS))
        for start in range(0, len(every), size):
            group = every[start : start + size]
            error = self._group_error(group, given, base, claims, rng)
            singly = len(group) > 1 and not error <= TOLERANCE
            for name in group:
                own = self._group_error([name], given, base, claims, rng) if singly else error
                known = own <= TOLERANCE or report.checks[name].worst  # one entry of one point is enough, and entries cost
                worst = "" if known else self._worst_entry(name, given, base, claims[name])
                found.append((name, own, worst))
        return found

    def _shape(self, name: str, sizes: Mapping[str, int]) -> tuple[int, ...]:
        shape = self.network.symbol_shape(name)
        assert shape is not None
        return tuple(int(dim.evaluate(sizes)) for dim in shape)

    def _moved(self, given: Mapping[str, Any], moves: Mapping[str, Any], by: float) -> dict[str, Any]:
        inputs = dict(given)
        inner = {}
        for name, direction in moves.items():
            if name in inputs:
                inputs[name] = inputs[name] + by * direction
            else:
                inner[name] = by * direction
        with np.errstate(all="ignore"):
            return self.forward.run(inputs, inner)

    def _noise(self, names: Iterable[str], given: Mapping[str, Any], base: Mapping[str, Any]) -> float:
        """By how much rounding may move the loss: by its last digits, or by those of the names where what follows is ill-conditioned."""
        rng = np.random.default_rng(_SEED)
        values = {name: given[name] if name in given else base[name] for name in names}
        last_digits = {name: _EPSILON * np.abs(value) * rng.choice((-1, 1), np.shape(value)) for name, value in values.items()}
        moved = abs(_number(self._moved(given, last_digits, 1.0)[self.of]) - _number(base[self.of]))
        return max(_EPSILON, _EPSILON * abs(_number(base[self.of])), moved if np.isfinite(moved) else 0.0)

    def _smooth(self, base: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
        return all(np.array_equal(np.sign(base[k]), np.sign(other[k])) for k in self.kinks)

    def _longest(self, base: Mapping[str, Any]) -> float:
        """The more kinks there are, the shorter the steps that stay clear of all of them."""
        entries = sum(np.size(base[kink]) for kink in self.kinks)
        return _STEP / min(1024.0, max(1.0, float(entries) / 256.0))

    def _slope(
        self, given: Mapping[str, Any], base: Mapping[str, Any], moves: Mapping[str, Any], longest: float
    ) -> tuple[float, float] | None:
        """The derivative of the loss along the moves and how much of it may be rounding; None at a kink or off the domain.

        The step is chosen without looking at what is claimed: the longest whose estimate a shorter one confirms, else
        that of the two that agree best. Where no two agree the loss bends more than the steps are short: None too.
        """
        rounding = 10 * self._noise(moves, given, base) / longest
        before = self._quotient(given, base, moves, longest)
        if before is None:
            return None
        best = (before, rounding)
        least = float("inf")
        for shrink in _SHORTER:
            now = self._quotient(given, base, moves, longest * shrink)
            if now is None:
                return None
            gap = abs(now - before)
            if gap < least:
                least = gap
                best = (before, rounding) if shrink == _SHORTER[0] else (now, rounding / shrink)
            if gap <= max(1e-9 * abs(now), rounding / shrink):
                break
            before = now
        return best if least <= max(TOLERANCE * abs(best[0]), 10 * best[1]) else None

    def _quotient(self, given: Mapping[str, Any], base: Mapping[str, Any], moves: Mapping[str, Any], step: float) -> float | None:
        total = 0.0
        for multiple, weight in _STENCIL:
            values = self._moved(given, moves, multiple * step)
            if not self._smooth(base, values):
                return None
            total += weight * _number(values[self.of])
        return total / step if np.isfinite(total) else None

    def _group_error(
        self, group: list[str], given: Mapping[str, Any], base: Mapping[str, Any], claims: Mapping[str, list[Any]], rng: Any
    ) -> float:
        """The largest relative error along random directions in which every member of the group moves.

        Each member's direction is scaled by the size of its gradient, so that none hides behind a larger one.
        """
        worst = 0.0
        for _ in range(_DIRECTIONS):
            for attempt in range(_DIRECTION_REDRAWS):
                moves, scale = {}, 0.0
                for name in group:
                    gradient = claims[name][0]
                    unit = rng.standard_normal(gradient.shape)
                    if attempt % 2:
                        # Small entries may sit at the edge of a domain (log p): move each in proportion to itself.
                        unit = unit * np.abs(given[name] if name in given else base[name])
                    unit = unit / (np.linalg.norm(unit) or 1.0)
                    length = 1.0 if len(group) == 1 else 1.0 / (1.0 + float(np.linalg.norm(gradient)))
                    moves[name] = length * unit
                    scale += length * float(np.linalg.norm(gradient)) / max(1.0, gradient.size**0.5)
                found = self._slope(given, base, moves, self._longest(base) * 4.0 ** -(attempt // 8))
                if found is not None:
                    break
            else:
                raise _NotSmoothError
            slope, rounding = found
            for i in range(max(len(claims[name]) for name in group)):
                along = sum(float(np.sum(claims[n][min(i, len(claims[n]) - 1)] * moves[n])) for n in group)
                # A slope so small that its rounding exceeds the tolerance cannot be told to the tolerance.
                floor = max(scale, rounding / TOLERANCE)
                error = abs(slope - along) / max(abs(slope), abs(along), floor)
                worst = error if not error <= worst else worst
        return worst

    def _worst_entry(self, name: str, given: Mapping[str, Any], base: Mapping[str, Any], forms: list[Any]) -> str:
        """The entry that disagrees most, with both numbers."""
        found = ("", 0.0)
        for gradient in forms:
            for at in list(np.ndindex(gradient.shape))[:400]:
                move = np.zeros(gradient.shape)
                move[at] = 1.0
                found_slope = self._slope(given, base, {name: move}, self._longest(base))
                if found_slope is None:
                    continue
                slope = found_slope[0]
                gap = abs(slope - gradient[at])
                if not gap <= found[1]:
                    place = ", ".join(str(i + 1) for i in at)
                    found = (f"entry [{place}] is {gradient[at]:.6g}, finite differences say {slope:.6g}", gap)
        return found[0]


def _number(value: Any) -> float:
    return float(np.asarray(value, dtype=float).reshape(-1)[0])


def insist(report: Report, of: str) -> None:
    """Raise `CheckFailed`, naming every gradient that disagrees, unless all hold."""
    if report.holds:
        return
    lines = [
        f"  {names.text(names.gradient(of, check.wrt))}: largest relative error {check.max_relative_error:.1e}; {check.worst}"
        for check in report.checks.values()
        if not check.holds
    ]
    raise CheckFailed(
        "symgrad itself is wrong here: its gradients disagree with finite differences. No solution is printed.\n"
        + "\n".join(lines)
        + "\nPlease report the network."
    )
