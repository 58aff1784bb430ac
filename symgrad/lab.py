"""Where two readings are compared: exactly where both have one normal form, else at random points of random sizes.

A false identity falls at the first point; what survives eight points, with signs on both sides of every kink and all sizes different,
is called equal by identity test. Values that are given are put in exactly, as fractions, where the functions allow it.
Source: Schwartz, *Fast probabilistic algorithms for verification of polynomial identities* (1980).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache, partial
from itertools import chain, islice
from typing import Any
from zlib import crc32

import numpy as np

from symgrad import names
from symgrad.conditions import Condition
from symgrad.differences import Check, check_gradients, kinks_in
from symgrad.dims import Dim, solve
from symgrad.errors import SymgradError, Unsupported, Vanishing
from symgrad.form import Form
from symgrad.gradient import Gradient, gradients
from symgrad.implied import is_made_up
from symgrad.meaning import Meaning
from symgrad.naming import without_argument_names
from symgrad.network import Definition, Input, Network, Rows
from symgrad.points import Point, Singular
from symgrad.raising import raise_form
from symgrad.reverse import pullback
from symgrad.rewrite import simplify
from symgrad.rules import SIMPLIFY
from symgrad.sampling import draw_sizes, draw_values, needs_positive
from symgrad.shapes import is_unknown
from symgrad.tensor import Add, Func, Map, Node, Var, constant, einsum, resized, substitute, topological, var, variables

POINTS = 8
TOLERANCE = 1e-7
_VANISHES = 1e-9
_ENOUGH = 4
# How many points are drawn for each that is wanted, where only some meet a condition; and after how many without one nothing is hoped for.
_TRIES = 24
_HOPELESS = 3
_MOST_MISSES = 24  # searches for a point of rest that come to nothing, each of which takes long
_SPARE = 24
VANISHING = "both sides vanish as they are understood, which shows nothing"
_SEED = 19580731
_SQUASHING = frozenset({"sigmoid", "softmax", "tanh"})
_SATURATED = 1e-7
_HALVINGS = 6
_FARTHER = (2.0, 4.0, 8.0)
_COTANGENT = "c\u2063"
_NEGLIGIBLE = ("\\epsilon", "\\varepsilon")
_NOTHING = ((Fraction(0),),)
_NUMERIC_POINTS = 64


def _largest_term(point: Point, node: Node) -> float:
    """How large a term of a sum is at a point."""
    terms = node.operands if isinstance(node, Add) else (node,)
    return max(float(np.max(np.abs(np.asarray(point.array(term), dtype=float)), initial=0.0)) for term in terms)


@dataclass(frozen=True)
class Evidence:
    """How two things were compared, and what came out."""

    method: str
    holds: bool
    error: float = 0.0
    points: int = 0


@dataclass(frozen=True)
class _Drawn:
    """A point by its values; `is_as_drawn` where it was not drawn nearer to zero."""

    values: dict[str, Any]
    sizes: dict[str, int]
    is_as_drawn: bool


class Lab:
    """One meaning of a sheet, with points to try it at."""

    def __init__(self, meaning: Meaning, sizes: Mapping[str, int] | None = None) -> None:
        self.meaning = meaning
        self._sizes = sizes or {}  # those that all points have
        self.network: Network = meaning.network
        self.stated: dict[tuple[str, str], Node] = {}
        self._gradients: dict[tuple[str, str], Gradient] = {}
        self._opened_gradients: dict[Node, Node] = {}
        self._points: list[Point] | None = None
        self._stream: Iterator[Point] = iter(())
        self._spare: list[Point] = []
        self._general: Lab | None = None
        self._conditions: tuple[Condition, ...] = ()
        self._numeric: dict[Any, tuple[Mapping[str, Rows], Point]] = {}

    def under(self, conditions: Iterable[Condition]) -> Lab:
        """The same meaning, tried only where conditions hold."""
        made = Lab(self.meaning)
        made.stated, made._gradients, made._conditions, made._general = self.stated, self._gradients, tuple(conditions), self
        return made

    def in_sizes(self, sizes: Mapping[str, int]) -> Lab:
        """The same meaning, tried only in sizes that are given; those of other dimensions are drawn."""
        made = Lab(self.meaning, sizes)
        made.stated, made._gradients = self.stated, self._gradients
        return made

    # ── values of names ──────────────────────────────────────────────────────────────────────────────────────────────

    def supply(self, wanted: Var, point: Point) -> Any:
        """The value of a name that was not drawn: a definition, a gradient, a Jacobian."""
        name = wanted.name
        definition = self.network.definitions.get(name)
        if definition is not None:
            return point.array(definition.node)
        if name in self.meaning.derived:
            return point.array(self.meaning.derived[name])
        match = names.gradient_of(name)
        if match:
            return self._gradient_value(match["of"], match["wrt"], point)
        if name in self.meaning.jacobians:
            return self._jacobian_value(*self.meaning.jacobians[name], point)
        raise Unsupported("nothing says what the loss is" if is_made_up(name) else f"{names.text(name)} has no value")

    def _supply_or_draw(self, wanted: Var, point: Point, attempt: int = 0) -> Any:
        """As `supply`; a name that the sheet only uses is drawn too, in the shape that it has in this claim."""
        name = wanted.name
        known = (self.network.definitions, self.meaning.derived, self.meaning.jacobians)
        if names.gradient_of(name) or any(name in held for held in known):
            return self.supply(wanted, point)
        rng = np.random.default_rng([_SEED, crc32(name.encode()), len(point.values), attempt])
        return rng.standard_normal(point.shape(wanted.shape))

    def gradient(self, of: str, wrt: str) -> Gradient:
        """The gradient in named quantities. Raises `Unsupported` for names that are not the network's."""
        if of not in self.network.definitions or wrt not in self.network or of == wrt:
            raise Unsupported(f"the derivative of {names.text(of)} by {names.text(wrt)}")
        if (of, wrt) not in self._gradients:
            self._gradients |= {(of, name): found for name, found in gradients(self.network, of, [wrt]).items()}
        return self._gradients[of, wrt]

    def state(self, of: str, wrt: str, node: Node) -> None:
        """Take a gradient as the sheet states it, from here on."""
        self.stated[of, wrt] = node
        self._opened_gradients.clear()
        for point in (*(self._points or ()), *self._spare):
            point.forget()
        self._numeric.clear()

    def gradient_node(self, of: str, wrt: str) -> Node:
        """The gradient in named quantities: the one that the sheet states of a loss that it does not define, else the one derived."""
        return self.stated.get((of, wrt)) or self.gradient(of, wrt).node

    def _gradient_value(self, of: str, wrt: str, point: Point) -> Any:
        if of == wrt:
            return np.ones((1, 1))
        if wrt in self.meaning.derived or wrt not in self.network:
            raise Unsupported(f"the derivative by {names.text(wrt)}")
        return point.array(self.gradient_node(of, wrt))

    def _jacobian_value(self, of: Node, name: str, mode: str, point: Point) -> Any:
        """One row for each entry of what is differentiated, by as many sweeps, in the sizes of the point."""

        def settled(node: Node) -> Node:
            return resized(node, lambda dim: Dim.of(point.shape((dim,))[0]))

        held = self.meaning.derived.get(name)
        target = settled(self.network.variables[name] if held is None else var(name, held.shape))
        while (named := self.open_gradients(self._open_jacobians(of))) is not of:  # of a gradient: the Hessian
            of = named
        opened = self._opened(settled(of), name, mode, settled)
        cotangent = var(_COTANGENT, opened.shape)
        found = pullback(opened, cotangent, [target]).get(target, constant(0, target.shape))
        shape = point.shape(opened.shape)
        rows = []
        for i in range(int(np.prod(shape))):
            basis = np.zeros(int(np.prod(shape)), dtype=object if point.exact else float)
            basis[i] = Fraction(1) if point.exact else 1.0
            # What the point drew itself, a change `dX`, has the same value there.
            inner = Point({**point.values, _COTANGENT: basis.reshape(shape)}, point.sizes, lambda v, _: point.array(v), point.exact)
            rows.append(inner.array(found))
        return np.stack(rows).reshape(*shape, *point.shape(target.shape))

    def _open_jacobians(self, node: Node) -> Node:
        """The node with derivatives of scalars written out as the gradients that they are."""
        values: dict[Node, Node] = {}
        for v in variables(node):
            if v.name not in self.meaning.jacobians:
                continue
            of, name, mode = self.meaning.jacobians[v.name]
            if mode != "total" or not all(dim.is_one for dim in of.shape):
                raise Unsupported("a derivative of a Jacobian")
            target = self.network.variables[name]
            opened = self._opened(self._open_jacobians(of), name, mode, lambda inner: inner)
            found = pullback(opened, constant(1, opened.shape), [target]).get(target, constant(0, target.shape))
            values[v] = einsum([(found, (2, 3))], (0, 1, 2, 3), v.shape)
        return substitute(node, values) if values else node

    def _opened(self, of: Node, name: str, mode: str, settled: Callable[[Node], Node]) -> Node:
        """The node with definitions written out, down to the name; or, for a direct dependence, one step only."""
        node = of
        for _ in range(len(self.network.definitions) + len(self.meaning.derived) + 1):
            inside = {v for v in variables(node) if v.name in self.network.definitions and v.name != name}
            derived = {v: self.meaning.derived[v.name] for v in variables(node) if v.name in self.meaning.derived and v.name != name}
            if derived and mode != "direct":
                node = substitute(node, {v: settled(held) for v, held in derived.items()})
                continue
            if mode == "direct":
                inside &= {of} if isinstance(of, Var) else set()
            if not inside:
                return node
            node = substitute(node, {v: settled(self.network.definitions[v.name].node) for v in inside})
            if mode == "direct":
                return node
        return node

    def open_gradients(self, node: Node) -> Node:
        """The node with the gradients of the network in the named quantities of their chain rule."""
        if node not in self._opened_gradients:
            values: dict[Node, Node] = {}
            for v in variables(node):
                match = names.gradient_of(v.name)
                if match and match["wrt"] in self.network and match["of"] != match["wrt"]:
                    values[v] = self.gradient_node(match["of"], match["wrt"])
            opened = simplify(substitute(node, values), self.network.facts, SIMPLIFY) if values else node
            self._opened_gradients[node] = opened
        return self._opened_gradients[node]

    def fully_opened(self, node: Node) -> Node:
        """Gradients and then definitions written out, down to the inputs."""
        for _ in range(2 * len(self.network.definitions) + 2):
            opened = self.open_gradients(node)
            inside: dict[Node, Node] = {
                v: self.network.definitions[v.name].node for v in variables(opened) if v.name in self.network.definitions
            }
            inside |= {v: self.meaning.derived[v.name] for v in variables(opened) if v.name in self.meaning.derived}
            if opened is node and not inside:
                return node
            node = simplify(substitute(opened, inside), self.network.facts, SIMPLIFY) if inside else opened
        return node

    def in_own_names(self, node: Node) -> Node:
        """A formula, or a gradient, without the names of ours that activations are applied to."""
        found: dict[Node, Node] = {}
        for v in (v for v in variables(node) if without_argument_names(v.name) != v.name or "∂" in v.name):
            match = names.gradient_of(v.name)
            if match and without_argument_names(match["wrt"]) != match["wrt"]:
                found[v] = self.in_own_names(self.gradient(match["of"], match["wrt"]).node)
            elif match is None and v.name in self.network.definitions:
                found[v] = self.network.definitions[v.name].node
        return substitute(node, found) if found else node

    def as_written(self, definition: Definition) -> Form:
        """The formula of a definition in the author's names: what has none stands there itself."""
        node = self.in_own_names(definition.node)
        return definition.form if node is definition.node else raise_form(node, self.network.facts)

    # ── points ───────────────────────────────────────────────────────────────────────────────────────────────────────

    @property
    def points(self) -> list[Point]:
        """Random points of distinct sizes, at which every definition has a finite value."""
        if self._points is None:
            self._stream = self._drawn()
            self._points = self._on_both_sides(list(islice(self._stream, POINTS)))
        return self._points

    def _on_both_sides(self, points: list[Point]) -> list[Point]:
        """The points with some drawn farther out, where a kink would have all of them on one side: `max(0, 1 - z)` with z near 0."""
        kinks = [] if self._conditions else list(dict.fromkeys(k for d in self.network.definitions.values() for k in kinks_in(d.node)))
        for kink in kinks:
            sides = {side for point in points for side in _sides(point, kink)}
            if len(sides) != 1:
                continue
            far = (self._scaled(point, factor) for factor in _FARTHER for point in points)
            across = next((p for p in far if _sides(p, kink) - sides and self._is_finite(p)), None)
            points = points if across is None else [across, *points[: POINTS - 1]]
        return points

    def _is_finite(self, point: Point) -> bool:
        """Whether every definition has a finite value there."""
        return all(_finite(point, d.node) for d in self.network.definitions.values())

    def _scaled(self, point: Point, factor: float) -> Point:
        """The point with its inputs so many times as far from zero, but for those that have properties."""
        free = [name for name, item in self.network.inputs.items() if not item.properties and name in point.values]
        return Point({**point.values, **{name: point.values[name] * factor for name in free}}, point.sizes, self._supply_or_draw)

    @property
    def spare_points(self) -> Iterator[Point]:
        """Further points, for where a claim itself has no value at some of the others: an inverse that only wide matrices have."""
        yield from self._spare
        for _ in range(_SPARE - len(self._spare)):
            point = next(self._stream, None)
            if point is None:
                return
            self._spare.append(point)
            yield point

    def _drawn(self) -> Iterator[Point]:
        """Points as they are drawn, as long as drawing is worth while."""
        rng = np.random.default_rng(_SEED)
        positive = needs_positive(self.network)
        found = 0
        known = [point.sizes for point in self._general.points] if self._general is not None else []
        at_rest = any(condition.vanishes for condition in self._conditions)
        if at_rest:  # a wide X has no single point of rest, and a tall one has: sizes of each kind come first
            known = [*{tuple(sorted(sizes.items())): sizes for sizes in known}.values(), *known]
        for attempt in range(POINTS * (_TRIES if self._conditions else 6)):
            if not self._conditions:
                drawn = self._draw(rng, positive, attempt)
                if drawn is not None:
                    yield drawn
                continue
            if at_rest and attempt == _HOPELESS and not found:
                return  # a gradient that vanishes at no single point does so nowhere
            if at_rest and attempt - found > _MOST_MISSES:
                return
            sizes = known[attempt % len(known)] if known else draw_sizes(self.network, rng)
            values: dict[str, Any] | None = draw_values(self.network, sizes, rng, positive and attempt % 2 == 1)
            for condition in self._conditions:
                values = condition.adjusted(values) if values is not None else None
                values = condition.at_rest(values, sizes, self.supply) if values is not None else None
            if values is None:
                continue
            point = Point(values, sizes, partial(self._supply_or_draw, attempt=attempt))
            if not all(condition.chosen(point) for condition in self._conditions):
                continue
            if self._is_finite(point):
                found += 1
                yield point

    def _draw(self, rng: np.random.Generator, positive: bool, attempt: int) -> Point | None:
        """The point that is drawn next; None where a definition has no finite value there.

        The ways in which sheets can be understood often lead to one network, whose points are the same each time.
        """
        state: Any = rng.bit_generator.state
        known = _draws(self.network.content)
        key = (state["state"]["state"], state["has_uint32"], state["uinteger"], positive, attempt, *sorted(self._sizes.items()))
        supply = partial(self._supply_or_draw, attempt=attempt)
        if key in known:
            made, rng.bit_generator.state = known[key]
            return None if made is None else Point(made.values, made.sizes, supply if made.is_as_drawn else self._supply_or_draw)
        sizes = {**draw_sizes(self.network, rng), **self._sizes}
        drawn = Point(draw_values(self.network, sizes, rng, positive and attempt % 2 == 1), sizes, supply)
        point = self._unsaturated(drawn)
        is_finite = self._is_finite(point)
        known[key] = _Drawn(dict(point.values), sizes, point is drawn) if is_finite else None, rng.bit_generator.state
        return point if is_finite else None

    def _unsaturated(self, point: Point) -> Point:
        """The point drawn nearer to zero, until nothing is so near the end of its range that `log(1 - a)` or a slope has no digits."""
        for _ in range(_HALVINGS):
            if not any(_is_saturated(point, d.node) for d in self.network.definitions.values()):
                break
            point = self._scaled(point, 0.5)
        return point

    def small_points(self) -> Iterator[Point]:
        """Points of small whole numbers, for a counter-example that can be checked by hand."""
        rng = np.random.default_rng(_SEED)
        symbols = sorted({s for dim in self.network.dims for s in dim.symbols})
        for attempt in range(12):
            sizes = {s: 2 + (i + attempt) % 2 for i, s in enumerate(symbols)}
            shapes = {
                name: tuple(int(d.evaluate(sizes)) for d in item.shape)
                for name, item in self.network.inputs.items()
                if not is_made_up(name)
            }
            choices = [1, 2, 3] if attempt > 8 else [-2, -1, 1, 2, 3]
            drawn = {name: _small(self.network.inputs[name], shape, choices, rng) for name, shape in shapes.items()}
            point = Point(drawn, sizes, self.supply)
            if self._is_finite(point):
                yield point

    def numeric_point(self, exact: bool, given: Mapping[str, Rows]) -> Point:
        """The point of the values that a sheet gives, in fractions or in floats. Raises `Unsupported` where their sizes clash."""
        # Nobody gives a value to what only keeps a quotient from being 0/0.
        rows_of = {**{name: _NOTHING for name in _NEGLIGIBLE if name in self.network.inputs}, **given}
        key = (exact, len(self.network.inputs), *((name, id(rows)) for name, rows in rows_of.items()))
        if key in self._numeric:  # the readings of a line are tried at one point, with all that was computed there
            return self._numeric[key][1]
        sizes = sizes_from(self.meaning, {name: rows for name, rows in rows_of.items() if "∂" not in name})
        values = {}
        for name, rows in rows_of.items():
            written = np.array([[x if exact else float(x) for x in row] for row in rows], dtype=object if exact else float)
            shape = self.meaning.shape(name) if written.shape == (1, 1) else None
            settled = shape is not None and all(symbol in sizes for dim in shape for symbol in dim.symbols)
            # One number for a vector is that of every entry.
            values[name] = np.full([int(dim.evaluate(sizes)) for dim in shape], written[0, 0]) if shape is not None and settled else written
        if len(self._numeric) == _NUMERIC_POINTS:
            self._numeric.clear()
        point = Point(values, sizes, self.supply, exact)
        self._numeric[key] = rows_of, point  # which keeps the rows, and so their identity
        return point

    # ── comparing ────────────────────────────────────────────────────────────────────────────────────────────────────

    def is_fixed(self, node: Node) -> bool:
        """Whether it comes to the same entries, whatever the values of the names: `∂z/∂b` of `z = w x + b`."""
        met = set()
        for point in self.points:
            self._settle(point, (node, node))
            met.add(tuple(np.unique(np.round(np.asarray(point.array(node), dtype=float), 9))))
        return len(met) == 1

    def equal(self, left: Node, right: Node) -> Evidence:
        """Whether two tensors are one and the same function of the names."""
        if left.shape != right.shape:
            return Evidence("shapes", False)
        if left is right:
            return Evidence("exact", True)
        worst, tried, largest = 0.0, 0, 0.0
        for point in chain(self.points, self.spare_points):
            if tried == POINTS:
                break
            beside = self._settle(point, (left, right))
            try:
                with np.errstate(all="ignore"):
                    a, b = np.asarray(point.array(left), dtype=float), np.asarray(point.array(right), dtype=float)
            except Singular:
                continue
            if not (np.all(np.isfinite(a)) and np.all(np.isfinite(b))):
                continue
            tried += 1
            largest = max(largest, float(np.max(np.abs(a), initial=0.0)), float(np.max(np.abs(b), initial=0.0)))
            scale = max(float(np.max(np.abs(a), initial=0.0)), float(np.max(np.abs(b), initial=0.0)), 1e-6)
            gap = float(np.max(np.abs(a - b), initial=0.0))
            if gap > TOLERANCE * scale:  # of what cancels, `A - A = 0`, the terms say how large rounding is
                scale = max(scale, *(_largest_term(point, side) for side in (left, right)))
            worst = max(worst, gap / scale)
            if worst > TOLERANCE:
                if beside is not None:  # it may be a size of something that is known
                    raise Unsupported(f"the size {beside} is not settled")
                return Evidence("identity_test", False, worst, tried)
        if tried and largest < _VANISHES and variables(left) and variables(right):
            raise Vanishing(VANISHING)
        if self.open_gradients(left) is self.open_gradients(right):
            return Evidence("exact", True)
        if tried < _ENOUGH:
            raise Unsupported(f"both sides have a value at {tried} of {POINTS} points only, which shows too little")
        return Evidence("identity_test", True, worst, tried)

    def _settle(self, point: Point, sides: Iterable[Node]) -> str | None:
        """Draw the sizes that only names have of which the sheet says nothing: `tr(A B) = tr(B A)`, also where A is known from elsewhere.

        Each is another, as far as there are small ones. One is returned that stands beside names that are known: nothing is refuted by it.
        """
        used = [v for side in sides for v in variables(side)]
        known = {*self.network.inputs, *self.network.definitions, *self.meaning.derived, *self.meaning.jacobians}
        of_known = [v for v in used if v.name in known or names.gradient_of(v.name)]
        if len(of_known) == len(used) or any(is_unknown(symbol) for v in of_known for dim in v.shape for symbol in dim.symbols):
            return None
        drawn = dict.fromkeys(symbol for v in used if v not in of_known for dim in v.shape for symbol in sorted(dim.symbols))
        for symbol in (s for s in drawn if is_unknown(s) and s not in point.sizes):
            taken = {*point.sizes.values()}
            point.sizes = {**point.sizes, symbol: next((n for n in (3, 4, 2, 5) if n not in taken), 3)}
        return next(filter(is_unknown, drawn), None) if of_known else None

    def differences(self, of: str, wrt: str) -> Check:
        """The gradient of the network against finite differences, at random points."""
        known = _differences(self.network.content)
        if (of, wrt) not in known:
            facts = self.network.facts
            forms = {found.name: raise_form(found.node, facts) for name, found in gradients(self.network, of, [wrt]).items() if name != of}
            name = names.gradient(of, wrt)
            report = check_gradients(self.network, of, {wrt: [forms[name]]}, list(forms.items()))
            known[of, wrt] = report.checks[wrt]
        return known[of, wrt]


@lru_cache(maxsize=64)
def _draws(content: tuple[Any, ...]) -> dict[tuple[Any, ...], tuple[_Drawn | None, Any]]:
    """The points that were drawn in a network, by the state of the generator, and the state after it."""
    return {}


@lru_cache(maxsize=64)
def _differences(content: tuple[Any, ...]) -> dict[tuple[str, str], Check]:
    """The gradients of a network that were held against differences."""
    return {}


def _small(item: Input, shape: tuple[int, ...], choices: list[int], rng: np.random.Generator) -> Any:
    """Small whole numbers that have the properties of an input; what sums to one is one-hot."""
    values = rng.choice(choices, shape).astype(float)
    if "mask" in item.properties:
        return (values > 1).astype(float)
    if "signs" in item.properties:
        return np.where(values > 0, 1.0, -1.0)
    if "symmetric" in item.properties:
        return np.triu(values) + np.triu(values, 1).T
    for known in item.properties:
        kind, _, axis = known.partition(":")
        if kind in ("one_hot", "distribution"):
            largest = values == values.max(int(axis), keepdims=True)
            return (largest & (np.cumsum(largest, int(axis)) == 1)).astype(float)
    return np.abs(values) if "positive" in item.properties else values


def _is_saturated(point: Point, node: Node) -> bool:
    """Whether a value is at an end of its range but for its last digits."""
    squashed = [n for n in topological([node]) if isinstance(n, (Map, Func)) and n.fn in _SQUASHING]
    if not squashed or not _finite(point, node):
        return False
    return any(float(np.max(np.abs(point.array(n)), initial=0.0)) > 1 - _SATURATED for n in squashed)


def _sides(point: Point, kink: Node) -> set[bool]:
    """On which sides of a kink the entries of a point lie."""
    with np.errstate(all="ignore"):
        try:
            values = np.asarray(point.array(kink), dtype=float)
        except (SymgradError, ValueError):
            return set()
    return {bool(x > 0) for x in values.flat if np.isfinite(x)}


def _finite(point: Point, node: Node) -> bool:
    """Whether there is a value, and a finite one; an entry may lie beyond the sizes that were drawn."""
    with np.errstate(all="ignore"):
        try:
            point.array(node)
        except (SymgradError, ValueError):
            return False
        return bool(np.all(np.isfinite(np.asarray(point.array(node), dtype=float))))


def sizes_from(meaning: Meaning, given: Mapping[str, Any]) -> dict[str, int]:
    """The sizes that given values settle; a clash raises `Unsupported`."""
    sizes: dict[str, int] = {}
    settling: list[tuple[str, str, Dim, int]] = []
    single: list[Dim] = []
    for name, rows in given.items():
        if meaning.is_size(name) and len(rows) == len(rows[0]) == 1 and rows[0][0].denominator == 1 and rows[0][0] > 0:
            sizes.setdefault(name, int(rows[0][0]))
        shape = meaning.shape(name)
        if shape is None:
            continue
        if len(rows) == len(rows[0]) == 1:
            single += shape
            continue
        for dim, size in zip(shape, (len(rows), len(rows[0])), strict=True):
            settling.append((name, f"{len(rows)}×{len(rows[0])}", dim, size))
    # What is a sum of sizes settles one of them once the others are known.
    for name, written, dim, size in sorted(settling, key=lambda item: len(item[2].symbols)):
        if not solve(dim, size, sizes):
            raise Unsupported(f"{names.text(name)} is {written}, which does not fit {dim}")
    # A single number may be that of every entry; where nothing else settles how many there are, there is one.
    for dim in single:
        if not all(symbol in sizes for symbol in dim.symbols):
            solve(dim, 1, sizes)
    return sizes
