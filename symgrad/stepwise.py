"""Writing a recurrence in SymPy: one definition for all t, with a symbol for how many steps there are."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from symgrad.errors import InvalidNetwork
from symgrad.form import Form, apply, number, rewrite_bottom_up, symbols
from symgrad.form import rename as renamed
from symgrad.network import Network
from symgrad.recurrence import Recurrence, recurrence_of

_COMPARED = (4, 6)


@dataclass(frozen=True)
class _Place:
    """Where a symbol stands: its name with `*` for the number, and that number counted from t, from T, or from 0."""

    pattern: str
    letter: str
    offset: int


class Sequence:
    """One quantity for each step: `h[t]`, `h[t - 1]`, `h[0]`, `h[T]`."""

    def __init__(self, steps: Steps, pattern: str, shape: tuple[Any, ...]) -> None:
        self._steps, self._pattern, self._shape = steps, pattern, shape

    def __getitem__(self, index: Any) -> Any:
        return self._steps.symbol_at(self._pattern, self._shape, index)

    def __iter__(self) -> Any:
        raise TypeError("the steps of a recurrence have no end to iterate to; write h[t]")


@dataclass(frozen=True)
class Total:
    """A sum over all steps, as the whole of a definition."""

    of: Any


class Steps:
    r"""A network of T steps, or of L layers, each recurrence being one definition.

    >>> from symgrad import Steps, derive, dimensions, squared_norm, tanh
    >>> d, p, T = dimensions("d p T")
    >>> net = Steps("A recurrent network", T)
    >>> t, W, U = net.t, net.parameter("W", d, d), net.parameter("U", d, p)
    >>> x, y, h = net.data_at_each("x", p, 1), net.data_at_each("y", d, 1), net.state("h", d, 1)
    >>> _ = net.define(h[t], tanh(W * h[t - 1] + U * x[t]))
    >>> _ = net.define("L", net.total(squared_norm(h[t] - y[t])))
    >>> derive(net)["W"]
    ∂L/∂W = Σ[t=1..T] (∂L/∂hₜ ⊙ (1 − hₜ ⊙ hₜ)) hₜ₋₁ᵀ
    """

    def __init__(self, title: str, T: Any, t: str = "t") -> None:
        from symgrad.sympyforms import dimensions

        self.title, self._top, self._letter = title, str(T), t
        self.t: Any = dimensions(t)
        self._network = Network(title)
        self._each: list[str] = []
        self._places: dict[str, _Place] = {}
        self._definitions: list[tuple[str, Form, bool]] = []
        if self._top == t:
            raise InvalidNetwork(f"{t} counts the steps, and the number of steps needs another letter")

    def parameter(self, name: str, *shape: Any, **properties: Any) -> Any:
        """A parameter that all steps share."""
        return self._network.parameter(name, *shape, **properties)

    def data(self, name: str, *shape: Any, **properties: Any) -> Any:
        """Data that there is one of."""
        return self._network.data(name, *shape, **properties)

    def parameter_at_each(self, name: str, *shape: Any, **properties: Any) -> Sequence:
        """A parameter for each step: `W = net.parameter_at_each("W^{(l)}", n, n)`, then `W[l]`."""
        return self._at_each("parameter", name, shape, properties)

    def data_at_each(self, name: str, *shape: Any, **properties: Any) -> Sequence:
        """Data for each step: the input x[t], the target y[t]."""
        return self._at_each("data", name, shape, properties)

    def state(self, name: str, *shape: Any) -> Sequence:
        """What is defined for each step; where it begins, h[0], is data unless it is defined."""
        return Sequence(self, self._pattern(name), shape)

    def _at_each(self, role: str, name: str, shape: tuple[Any, ...], properties: Mapping[str, Any]) -> Sequence:
        sequence = Sequence(self, self._pattern(name), shape)
        own = str(sequence[self.t].name)
        (self._network.parameter if role == "parameter" else self._network.data)(own, *shape, **properties)
        self._each.append(own)
        return sequence

    def _pattern(self, name: str) -> str:
        """The name with `*` where the number goes: what is in the name already, or a subscript."""
        found, count = re.subn(rf"(?<=[{{(\[]){re.escape(self._letter)}(?=[)\]}}])", "*", name)
        return found if count else f"{name}_{{*}}"

    def symbol_at(self, pattern: str, shape: tuple[Any, ...], index: Any) -> Any:
        """The symbol of a sequence at `t`, `t - 1`, `T` or a number."""
        from symgrad.sympyops import Symbol

        spelled = str(index).replace(" ", "")
        match = re.fullmatch(rf"({re.escape(self._letter)}|{re.escape(self._top)})?([+-]?\d+)?", spelled)
        if match is None or not spelled:
            raise InvalidNetwork(f"[{index}]: a step is {self._letter}, {self._letter} - 1, {self._top} or a number")
        name = pattern.replace("*", spelled)
        self._places[name] = _Place(pattern, match[1] or "", int(match[2] or 0))
        return Symbol(name, *shape)

    def total(self, expression: Any) -> Total:
        """Σ over t = 1, …, T, as the whole of a definition: `net.define("L", net.total(…))`."""
        return Total(expression)

    def define(self, name: Any, expression: Any) -> Any:
        """Name an expression: `h[t]` for every step, `h[0]`, or a plain name. Returns the symbol to write on with."""
        from symgrad import sympyforms

        total = isinstance(expression, Total)
        given = expression.of if isinstance(expression, Total) else expression
        form = sympyforms.to_form(given, sizes=frozenset({self._top}))
        own = name if isinstance(name, str) else str(name.name)
        place = self._places.get(own)
        free = {s.name for s in symbols(form) if (at := self._places.get(s.name)) is not None and at.letter == self._letter}
        if place is not None and place.letter == self._letter and place.offset:
            raise InvalidNetwork(f"{own}: define what stands at {self._letter}")
        if free and not total and (place is None or place.letter != self._letter):
            raise InvalidNetwork(f"{own} is defined once, and {min(free)} there is one of for each step; add them up with total(…)")
        self._definitions.append((own, form, total))
        return self._network._symbol(own, form.shape) if isinstance(name, str) else name

    # ── any number of steps ──────────────────────────────────────────────────────────────────────────────────────────

    def at(self, length: int) -> Network:
        """The network written out for that many steps."""
        network = Network(self.title)
        for item in self._network.inputs.values():
            for t in range(1, length + 1) if item.name in self._each else (0,):
                network.declare(self._name(item.name, t, length), item.shape, item.role, item.properties)
        waiting: dict[str, Form] = {}
        general = [(name, form) for name, form, _ in self._definitions if self._steps_through(name)]
        for name, form, total in self._definitions:
            if not self._steps_through(name):
                steps = range(1, length + 1) if total else (0,)
                terms = [self._form(form, t, length) for t in steps]
                waiting[self._name(name, 0, length)] = apply("add", terms) if len(terms) > 1 else terms[0]
        starts = set(waiting)
        for t in range(1, length + 1):
            waiting |= {own: self._form(form, t, length) for name, form in general if (own := self._name(name, t, length)) not in starts}
        for used in (s for form in waiting.values() for s in symbols(form)):
            if used.name not in waiting and used.name not in network:
                network.declare(used.name, used.shape, "data")
        while waiting:
            ready = next((name for name, form in waiting.items() if not any(s.name in waiting for s in symbols(form))), None)
            if ready is None:
                raise InvalidNetwork(f"{min(waiting)} is defined by itself")
            network.define_form(ready, waiting.pop(ready))
        return network

    def recurrence(self) -> Recurrence:
        """The network for any number of steps."""
        return recurrence_of({length: self.at(length) for length in _COMPARED}, self._letter, self._top)

    def _steps_through(self, name: str) -> bool:
        place = self._places.get(name)
        return place is not None and place.letter == self._letter

    def _name(self, name: str, t: int, length: int) -> str:
        place = self._places.get(name)
        if place is None:
            return name
        step = place.offset + {self._letter: t, self._top: length, "": 0}[place.letter]
        if not 0 <= step <= length:
            raise InvalidNetwork(f"{name} is step {step} of {length}")
        return place.pattern.replace("*", str(step))

    def _form(self, form: Form, t: int, length: int) -> Form:
        def settled(f: Form) -> Form:
            if f.op != "number":
                return f
            value, rest = f.value, []
            for dim, power in f.sizes:
                if dim.symbols == {self._top}:
                    value *= dim.evaluate({self._top: length}) ** power
                else:
                    rest.append((dim, power))
            return number(value, tuple(rest))

        return rewrite_bottom_up(renamed(form, lambda name: self._name(name, t, length)), settled)
