"""Random points at which a network is tested: sizes, then values.

Sizes are distinct for distinct dimensions, so that a missing transpose cannot hide in a square matrix, and meet the
network's conditions; values have both signs, except where a declared property or a function's domain says otherwise.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from math import prod
from typing import Any

import numpy as np

from symgrad.dims import Condition, Dim
from symgrad.errors import Unsupported
from symgrad.network import Input, Network
from symgrad.ops import FUNCTIONS
from symgrad.ops.elementwise import ELEMENTWISE
from symgrad.tensor import Einsum, Func, Map, Node, Var, topological, variables

_TRIES = 4000
_LARGEST = 9
# As many entries as show that something holds for any number of them.
_FEW = 3
MOST_ENTRIES = 4_000_000
# So many sizes are never all different, and further tries hardly better.
_MANY, _TRIES_OF_MANY = 16, 200


def draw_sizes(network: Network, rng: np.random.Generator, equal: bool = False) -> dict[str, int]:
    """A size for every dimension's name: all different where that can be, or all alike if `equal`.

    Raises `Unsupported` when no sizes are found that meet the network's conditions.
    """
    dims = [dim for dim in network.dims if not dim.is_one]
    conditions = network.conditions
    must_be_whole = [dim for dim in (*dims, *_rooms(network)) if dim.name is None and (dim.number is None or dim.number < 1)]
    symbols = sorted({name for dim in (*dims, *_counts(network)) for name in dim.symbols} | _names(conditions))
    if not symbols:
        return {}
    # What holds for two entries, or for an even number of them, need not hold for all: a layer norm of two has no gradient.
    least = int(rng.integers(_FEW, _FEW + 3))
    # In a deep network of narrow layers some layer is all dead ReLUs, and nothing is tested; so deep ones are wide.
    wide = least + 2 * max(0, len(network.definitions).bit_length() - 4)
    best: tuple[int, int, int, int, dict[str, int]] | None = None
    for attempt in range(_TRIES if len(symbols) <= _MANY else _TRIES_OF_MANY):
        low = wide if attempt % 2 else least if attempt % 4 else 2
        drawn = [low + attempt % 8] * len(symbols) if equal else rng.integers(low, low + 4 + attempt % _LARGEST, len(symbols)).tolist()
        sizes: dict[str, int] = dict(zip(symbols, drawn, strict=True))
        if not _possible(conditions, must_be_whole, sizes):
            continue
        values = [sizes[dim.name] if dim.name is not None else dim.number or dim.evaluate(sizes) for dim in dims]
        clashes = len(values) - len(set(values))
        narrow = sum(value < wide for value in values)
        score = (clashes, sum(value < _FEW for value in values), narrow, int(sum(values)))
        if best is None or score < best[:4]:
            best = (*score, sizes)
        if (equal and not narrow) or (clashes == 0 and attempt > 60):
            break
    if best is None:
        raise Unsupported("no sizes up to 13 meet the conditions: " + "; ".join(map(str, conditions)))
    return best[4]


def _rooms(network: Network) -> list[Dim]:
    """What must be at least 1 for every slice to lie inside its axis, and for columns to be orthonormal."""
    found = {dim: None for definition in network.definitions.values() for dim in _rooms_in(definition.node)}
    for item in network.inputs.values():
        if "orthonormal" in item.properties and len(item.shape) == 2:
            found[item.shape[0] - item.shape[1] + 1] = None  # more columns than rows cannot be orthonormal
    return [dim for dim in found if dim.symbols]


@lru_cache(maxsize=4096)
def _rooms_in(whole: Node) -> tuple[Dim, ...]:
    found: list[Dim] = []
    for node in topological([whole]):
        if isinstance(node, Func) and node.fn == "slice":
            axis, start, stop, _ = node.params
            found += [start + 1, node.operands[0].shape[axis] - stop + 1]
    return tuple(found)


def _counts(network: Network) -> list[Dim]:
    """The sizes that are factors: the m of `m Σ x`, that nothing may have so many of."""
    return [dim for definition in network.definitions.values() for dim in _counts_in(definition.node)]


@lru_cache(maxsize=4096)
def _counts_in(whole: Node) -> tuple[Dim, ...]:
    return tuple(dim for node in topological([whole]) if isinstance(node, Einsum) for dim, _ in node.sizes)


def _names(conditions: Iterable[Condition]) -> set[str]:
    return {n for c in conditions for dim in (c.left, c.right) if dim is not None for n in dim.symbols}


def _possible(conditions: Iterable[Condition], dims: Iterable[Dim], sizes: Mapping[str, int]) -> bool:
    if not all(condition.holds(sizes) for condition in conditions):
        return False
    return all((value := dim.evaluate(sizes)) >= 1 and value.denominator == 1 for dim in dims)


def draw_values(network: Network, sizes: Mapping[str, int], rng: np.random.Generator, positive: bool) -> dict[str, Any]:
    """A value for every input. With `positive`, inputs are drawn from (½, 1½), for functions such as the logarithm."""
    given = {item.name: _draw(item, sizes, rng, positive) for item in network.inputs.values()}
    for name, ends in _places(network).items():
        end = min(int(dim.evaluate(sizes)) for dim in ends)
        given[name] = rng.integers(0, end, np.shape(given[name])).astype(float)
    return given


def _places(network: Network) -> dict[str, list[Dim]]:
    """The inputs that are places of an axis, and how long the axes are."""
    found: dict[str, list[Dim]] = {}
    for definition in network.definitions.values():
        for name, end in _places_in(definition.node):
            found.setdefault(name, []).append(end)
    return found


@lru_cache(maxsize=4096)
def _places_in(whole: Node) -> tuple[tuple[str, Dim], ...]:
    nodes = (n for n in topological([whole]) if isinstance(n, Func) and n.fn == "one_hot")
    return tuple((place.name, n.params[0]) for n in nodes for place in variables(n.operands[0]))


def _draw(item: Input, sizes: Mapping[str, int], rng: np.random.Generator, positive: bool) -> Any:
    shape = tuple(int(dim.evaluate(sizes)) for dim in item.shape)
    if prod(shape) > MOST_ENTRIES:
        raise Unsupported(f"{item.name} has {prod(shape)} entries, too many to draw")
    if "mask" in item.properties and not any(known.startswith("one_hot") for known in item.properties):
        return _with_both((rng.random(shape) < 0.6).astype(float), 1.0, 0.0)
    if "signs" in item.properties:
        return _with_both(rng.choice([-1.0, 1.0], shape), 1.0, -1.0)
    for known in item.properties:
        kind, _, axis = known.partition(":")
        if kind == "one_hot":
            moved = np.moveaxis(np.zeros(shape), int(axis), -1)
            hot = np.eye(moved.shape[-1])[rng.integers(0, moved.shape[-1], moved.shape[:-1])]
            return np.moveaxis(hot, -1, int(axis))
    for known in item.properties:
        kind, _, axis = known.partition(":")
        if kind == "distribution":
            weights = rng.uniform(0.2, 1.0, shape)
            return weights / weights.sum(axis=int(axis), keepdims=True)
    values = rng.uniform(0.5, 1.5, shape) if positive or "positive" in item.properties else rng.standard_normal(shape)
    if item.role == "parameter" and not positive:
        # Weights of the size that keeps a layer's outputs near 1: a saturated tanh has no gradient to compare.
        values = values * (2 / max(shape, default=1)) ** 0.5
    if len(shape) >= 2 and shape[-2] == shape[-1] and positive:
        values = values + shape[-1] * np.eye(shape[-1])
    for known, made in _MADE:
        if known in item.properties:
            return made(values)
    return values


def _with_both(values: Any, first: float, last: float) -> Any:
    """Values of two kinds, with one of each kind at the ends."""
    if values.size > 1:
        values.flat[0], values.flat[-1] = first, last
    return values


def _positive_definite(values: Any) -> Any:
    size = values.shape[-1]
    return values @ np.swapaxes(values, -1, -2) / size + 0.5 * np.eye(size)


def _diagonal(values: Any) -> Any:
    return np.diag(np.diag(values))


def _symmetric(values: Any) -> Any:
    return (values + np.swapaxes(values, -1, -2)) / 2


def _orthonormal(values: Any) -> Any:
    return np.linalg.qr(values)[0]


# What makes values have a property; the first that is declared implies those of it that come later.
_MADE: tuple[tuple[str, Callable[[Any], Any]], ...] = (
    ("orthonormal", _orthonormal),
    ("diagonal", _diagonal),
    ("positive_definite", _positive_definite),
    ("symmetric", _symmetric),
)


_CONES = frozenset(("positive", "symmetric", "diagonal", "positive_definite"))
"""The properties that a positive multiple keeps."""


def _may_be_scaled(item: Input) -> bool:
    return item.properties <= _CONES


def at_other_scales(network: Network, values: Mapping[str, Any], rng: np.random.Generator) -> dict[str, Any]:
    """The same values, each made smaller by a factor of its own: log(b − A x) is defined where A x is small beside b."""
    return {item.name: values[item.name] * 10 ** -rng.uniform(0, 2 if _may_be_scaled(item) else 0) for item in network.inputs.values()}


_LEAST, _MOST = 1e-1, 1e3
"""The size of entries that is left as it is: the steps of differences are short beside it, and its powers are finite."""

_STEEPEST, _SCALINGS = 1e3, 8
"""By how much one scaling changes an array at most, and how many there are."""


def balanced(network: Network, values: Mapping[str, Any], run: Callable[[Mapping[str, Any]], Mapping[str, Any]]) -> dict[str, Any]:
    """The same values with weights scaled, layer by layer, so that no array on the way runs off to 0 or ∞.

    Forty gated layers, each of degree three, would else be compared where all is 0. `run` gives the definitions' values.
    """
    values = dict(values)
    seen: set[str] = set()
    found = run(values)
    for name, definition in network.definitions.items():
        used = [n.name for n in topological([definition.node]) if isinstance(n, Var) and n.name in network.inputs]
        fresh = [n for n in used if n not in seen and _may_be_scaled(network.inputs[n])]
        seen.update(used)
        if not fresh or np.size(found[name]) == 1:
            continue
        for _ in range(_SCALINGS):
            size = _size(found[name])
            if _LEAST <= size <= _MOST or not 0 < size < np.inf:
                break
            factor = float(np.clip(size, 1 / _STEEPEST, _STEEPEST)) ** (-1 / len(fresh))
            trial = values | {n: factor * values[n] for n in fresh}
            found = run(trial)
            if not abs(np.log(_size(found[name]))) < abs(np.log(size)):
                found = run(values)  # a gate that is shut, say, is no better for it
                break
            values = trial
    return values


def _size(value: Any) -> float:
    """The root of the mean square of the entries."""
    return float(np.sqrt(np.mean(np.square(np.asarray(value, dtype=float)))))


def needs_positive(network: Network) -> bool:
    """Whether some function of the network is not defined for all real numbers."""
    for definition in network.definitions.values():
        for node in topological([definition.node]):
            if isinstance(node, Map) and _restricted(node):
                return True
            if isinstance(node, Func) and node.fn in FUNCTIONS and FUNCTIONS[node.fn].domain not in ("real", "places"):
                return True
    return False


def _restricted(node: Map) -> bool:
    if node.fn == "power":
        exponent = node.params[0]
        return bool(exponent.denominator != 1 or exponent < 0)
    return ELEMENTWISE[node.fn].domain not in ("real", "a mask")
