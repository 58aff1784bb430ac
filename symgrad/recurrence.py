"""A network of T steps, or of L equal layers, with a symbol for how many there are: every recurrence is one definition.

    recurrence ::= input* definition*                    input ::= role name shape [t = a, …, b]
    definition ::= name = form [t = a, …, b]             over `h_{t-1}`, `x_{t}`, `h_{T}` and sums over t

It is made of the network written out for several lengths, which have to be one network in T, and `at` writes it out for any length.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from symgrad import names
from symgrad.derivation import Chain, Step, Term
from symgrad.dims import Dim, Shape, show
from symgrad.errors import InvalidNetwork, ShapeError, UnknownName, Unsupported, nearest
from symgrad.families import LETTER, End, Span
from symgrad.form import Form, apply, number, rewrite_bottom_up, symbol, symbols
from symgrad.form import rename as renamed_form
from symgrad.lifting import (
    LENGTH,
    NotAlikeError,
    form_at,
    lifted_end,
    lifted_name,
    lifted_shape,
    lifted_steps,
    name_at,
    shape_at,
    values_at,
)
from symgrad.network import Network
from symgrad.steps import derivation_steps
from symgrad.tensor import Add, Einsum, Node, add, scale
from symgrad.typeset import text

LENGTHS = (5, 6, 7)
"""The lengths that are compared: long enough that every sum and every line has three terms, which it takes to be folded."""


@dataclass(frozen=True)
class Family:
    """An input, or one for every t of a span."""

    name: str
    shape: Shape
    role: str
    properties: frozenset[str]
    span: Span | None


@dataclass(frozen=True)
class Rule:
    """A definition, or one for every t of a span."""

    name: str
    form: Form
    span: Span | None
    about: str = ""

    @property
    def shape(self) -> Shape:
        return self.form.shape


@dataclass(frozen=True)
class Recurrence:
    """Inputs and definitions in `h_{t}` and `h_{T}`; `letter` and `top` are what t and T are called when they are printed."""

    title: str
    letter: str
    top: str
    inputs: tuple[Family, ...]
    definitions: tuple[Rule, ...]

    def at(self, length: int) -> Network:
        """The network written out for one length. Raises `InvalidNetwork` for a length that it does not exist for."""
        try:
            own = self.instance(length)
        except (NotAlikeError, ShapeError):
            raise InvalidNetwork(f"there is no such network for {self.top} = {length}") from None
        return _renamed(own, {name: self.spelled(name) for name in (*own.inputs, *own.definitions)})

    def instance(self, length: int) -> Network:
        """The network for one length, in the names that the lines have. Raises `NotAlikeError`, `ShapeError` where there is none."""
        network = Network(self.title)
        for item in self.inputs:
            for t in values_at(item.span, length):
                network.declare(name_at(item.name, length, t), shape_at(item.shape, length), item.role, item.properties)
        waiting = {
            name_at(rule.name, length, t): (form_at(rule.form, length, t if rule.span else None), rule.about)
            for rule in self.definitions
            for t in values_at(rule.span, length)
        }
        while waiting:
            ready = next((n for n, (form, _) in waiting.items() if not any(s.name in waiting for s in symbols(form))), None)
            if ready is None:
                raise NotAlikeError
            form, about = waiting.pop(ready)
            if any(s.name not in network for s in symbols(form)):
                raise NotAlikeError
            network.define_form(ready, form, about)
        return network

    def resolve(self, name: str) -> str:
        """The recurrence's own name for one in any spelling, as it is printed."""
        known = {self.spelled(found): found for found in [*(i.name for i in self.inputs), *(d.name for d in self.definitions)]}
        if name in known:
            return known[name]
        for spelled in (names.identifier, names.text):
            same = [own for shown, own in known.items() if spelled(shown) == spelled(name)]
            if len(same) == 1:
                return same[0]
        raise UnknownName(f"the network has no {name}; {nearest(name, map(names.text, known))}")

    def members(self, name: str, length: int) -> list[str]:
        """The names at one length that a name stands for."""
        spans = {item.name: item.span for item in self.inputs} | {rule.name: rule.span for rule in self.definitions}
        return [name_at(name, length, t) for t in values_at(spans[name], length)]

    def __str__(self) -> str:
        lines = [self.title] if self.title else []
        for item in self.inputs:
            lines.append(
                f"  {names.text(self.spelled(item.name))}  {item.role}  {show(self.spelled_shape(item.shape))}{self._for(item.span)}"
            )
        for rule in self.definitions:
            said = f"{names.text(self.spelled(rule.name))} = {text(self.spelled_form(rule.form))}"
            lines.append(f"  {said}  {show(self.spelled_shape(rule.shape))}{self._for(rule.span)}")
        return "\n".join(lines)

    def _for(self, span: Span | None) -> str:
        return f"  for {self.spelled_span(span)}" if span else ""

    # ── as it is printed ─────────────────────────────────────────────────────────────────────────────────────────────

    def spelled(self, name: str) -> str:
        r"""A name as it was written: `W^{(*)}_{t-1}` of a stack of L layers is `W^{(l-1)}`."""

        name = re.sub(rf"_\{{({LETTER}|{LENGTH})([+-]\d+)?\}}", lambda m: f"_{{{self._letter(m[1])}{m[2] or ''}}}", name)
        name = re.sub(r"\^\{([(\[]?)\*([)\]]?)\}_(?:\{([^{}]*)\}|(\d))", lambda m: f"^{{{m[1]}{m[3] or m[4]}{m[2]}}}", name)
        return name.replace(_STILL, "")

    def _letter(self, own: str) -> str:
        return self.top if own == LENGTH else self.letter

    def spelled_form(self, form: Form) -> Form:
        """The form in the names, and with the letters, that are printed."""

        def change(f: Form) -> Form:
            if f.op == "symbol":
                return symbol(self.spelled(f.name), self.spelled_shape(f.shape))
            if f.op == "number":
                return number(f.value, tuple((self.spelled_dim(dim), power) for dim, power in f.sizes))
            if f.op == "series":
                return apply("series", f.args, (self.letter, *map(self._end, f.params[1:])))
            params = tuple(self.spelled_dim(p) if isinstance(p, Dim) else p for p in f.params)
            return f if params == f.params else apply(f.op, f.args, params)

        return rewrite_bottom_up(form, change)

    def spelled_dim(self, dim: Dim) -> Dim:
        """The dimension with the letters that are printed."""
        letters = {LENGTH: self.top, LETTER: self.letter}
        return Dim({tuple(sorted((letters.get(n, n), p) for n, p in monomial)): c for monomial, c in dim.terms})

    def spelled_shape(self, shape: Shape) -> Shape:
        return tuple(map(self.spelled_dim, shape))

    def spelled_span(self, span: Span | None) -> Span | None:
        return None if span is None else Span(self._end(span.first), self._end(span.last), self.letter)

    def _end(self, end: End) -> End:
        return end if isinstance(end, int) else end.replace(LENGTH, self.top)

    def spelled_step(self, step: Step) -> Step:
        """The step as it is printed."""
        shape = None if step.shape is None else self.spelled_shape(step.shape)
        return replace(step, terms=tuple(map(self._term, step.terms)), span=self.spelled_span(step.span), shape=shape)

    def _term(self, term: Term) -> Term:
        if isinstance(term, Chain):
            through = tuple(map(self.spelled, term.through))
            return Chain(self.spelled(term.of), self.spelled(term.wrt), through, self.spelled_span(term.span))
        return self.spelled_form(term) if isinstance(term, Form) else term


# ── from several lengths ─────────────────────────────────────────────────────────────────────────────────────────────


def recurrence_of(networks: Mapping[int, Network], letter: str, top: str) -> Recurrence:
    """The recurrence that the networks of several lengths are instances of. Raises `Unsupported` where they are not."""
    try:
        own = _in_step_names(networks)
        steps = lifted_steps({length: derivation_steps(network, None, {}, {}, {}, []) for length, network in own.items()})
        rules = tuple(_rule(step) for step in steps)
        made = Recurrence(next(iter(networks.values())).title, letter, top, _families(own), rules)
        for length, network in own.items():
            _same(made.instance(length), network)
    except NotAlikeError:
        raise Unsupported(not_general(top)) from None
    return made


def not_general(top: str) -> str:
    """What is said where the equations of several lengths are no one equation."""
    return f"this has no one form for every {top}; --set {top}=5 writes it out for one"


def _rule(step: Step) -> Rule:
    left, form = step.terms[:2]
    if not isinstance(left, Form) or not isinstance(form, Form) or left is form:
        raise NotAlikeError
    return Rule(left.name, form, step.span, "" if step.rule == "definition" else step.rule)


def _same(made: Network, network: Network) -> None:
    """Raises `NotAlikeError` unless the two have the same names with the same shapes and tensors."""
    if {n: i.shape for n, i in made.inputs.items()} != {n: i.shape for n, i in network.inputs.items()}:
        raise NotAlikeError
    if {n: _spread(d.node) for n, d in made.definitions.items()} != {n: _spread(d.node) for n, d in network.definitions.items()}:
        raise NotAlikeError


def _spread(node: Node) -> Node:
    """a (x + y) as a x + a y: a line has the number that is common to all terms before the sum over t."""
    if not isinstance(node, Einsum) or len(node.factors) != 1:
        return node
    ((inner, labels),) = node.factors
    if not isinstance(inner, Add) or labels != node.out or inner.shape != node.shape:
        return node
    return add([scale(node.coefficient, term, node.sizes) for term in inner.operands])


def _families(networks: Mapping[int, Network]) -> tuple[Family, ...]:
    """The inputs of every length, those that differ in their number as one."""
    lengths = tuple(networks)
    grouped = [_grouped(network) for network in networks.values()]
    if len({tuple(groups) for groups in grouped}) > 1:
        raise NotAlikeError
    found = []
    for stem in grouped[0]:
        members = [groups[stem] for groups in grouped]
        of = [[network.inputs[name] for name in own] for network, own in zip(networks.values(), members, strict=True)]
        if len({(i.role, i.properties) for items in of for i in items}) > 1:
            raise NotAlikeError
        if any(len({i.shape for i in items}) > 1 for items in of) or any(i.value is not None for items in of for i in items):
            raise NotAlikeError
        shape, item = lifted_shape(lengths, [items[0].shape for items in of]), of[0][0]
        if all(len(own) == 1 for own in members):
            found.append(Family(lifted_name(lengths, [own[0] for own in members]), shape, item.role, item.properties, None))
            continue
        numbers = [[step[1] for name in own if (step := names.step_index(name))] for own in members]
        if any(len(own) != own[-1] - own[0] + 1 for own in numbers):
            raise NotAlikeError
        span = Span(lifted_end(lengths, [own[0] for own in numbers]), lifted_end(lengths, [own[-1] for own in numbers]))
        found.append(Family(names.at_step(stem, LETTER), shape, item.role, item.properties, span))
    return tuple(found)


def _grouped(network: Network) -> dict[str, list[str]]:
    """The inputs by what they are without their number, in the order of the numbers."""
    groups: dict[str, list[tuple[int, str]]] = {}
    for name in network.inputs:
        stem, count = names.step_index(name) or (name, 0)
        groups.setdefault(stem, []).append((count, name))
    return {stem: [name for _, name in sorted(members)] for stem, members in groups.items()}


# ── names that count steps ───────────────────────────────────────────────────────────────────────────────────────────

# A number in a script, in whichever brackets; and what a subscript has behind it that does not count steps.
_SLOT = re.compile(r"(?P<mark>[_^])(?:\{(?P<open>[(\[]?)(?P<number>\d+)(?P<close>[)\]]?)\}|(?P<digit>\d))")
_STILL = "\u2060"


def _in_step_names(networks: Mapping[int, Network]) -> dict[int, Network]:
    """The networks in names whose subscripts count steps, and only those do: `W^{(3)}` of a layer becomes `W^{(*)}_3`."""
    numbers: dict[tuple[str, str, str], dict[int, set[int]]] = {}
    for length, network in networks.items():
        for name in (*network.inputs, *network.definitions):
            for slot in _SLOT.finditer(name):
                numbers.setdefault(_around(name, slot), {}).setdefault(length, set()).add(_number(slot))
    counting = {
        around
        for around, found in numbers.items()
        if found.keys() == networks.keys() and len({max(own) - length for length, own in found.items()}) == 1
    }
    return {length: _respelled(network, counting) for length, network in networks.items()}


def _around(name: str, slot: re.Match[str]) -> tuple[str, str, str]:
    return name[: slot.start()] + slot["mark"], f"{slot['open'] or ''}*{slot['close'] or ''}", name[slot.end() :]


def _number(slot: re.Match[str]) -> int:
    return int(slot["number"] or slot["digit"])


def _respelled(network: Network, counting: set[tuple[str, str, str]]) -> Network:
    return _renamed(network, {name: _in_steps(name, counting) for name in (*network.inputs, *network.definitions)})


def _renamed(network: Network, spell: Mapping[str, str]) -> Network:
    new = Network(network.title)
    for name, item in network.inputs.items():
        new.declare(spell[name], item.shape, item.role, item.properties, item.value)
    for name, definition in network.definitions.items():
        if definition.form.op == "symbol" and definition.form.name == name:
            raise Unsupported(f"{names.text(name)} has no form that could be written for every length")
        new.define_form(spell[name], renamed_form(definition.form, lambda n: spell[n]), definition.about)
    return new


def _in_steps(name: str, counting: set[tuple[str, str, str]]) -> str:
    moving = [slot for slot in _SLOT.finditer(name) if _around(name, slot) in counting]
    if len(moving) > 1:
        raise NotAlikeError
    if not moving:
        return _quiet(name)
    (slot,) = moving
    before, bracket, after = _around(name, slot)
    digits = str(_number(slot)) if _number(slot) < 10 else f"{{{_number(slot)}}}"
    inside = f"^{{{bracket}}}" if slot["mark"] == "^" else ""
    return f"{_quiet(before[:-1])}{inside}_{digits}{_quiet(after)}"


def _quiet(part: str) -> str:
    """A piece of a name in which no subscript counts steps."""
    return re.sub(
        rf"_(?:(\d|[{LETTER}{LENGTH}])(?!\w)|\{{(\d+|[{LETTER}{LENGTH}](?:[+-]\d+)?)\}})", lambda m: f"_{{{m[1] or m[2]}{_STILL}}}", part
    )
