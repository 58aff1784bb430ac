r"""Names that a sheet differentiates and never defines: `∂L/∂h_2 = ∂L/∂h_3 · ∂h_3/∂h_2` with no line for `h_3`.

What depends on what is read off the derivatives themselves, and each such name becomes a function of what it depends on that no sheet
means (`tanh` of a random linear map): a chain rule holds for it when it holds for all.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Set

from symgrad import syntax as sx
from symgrad.dims import Shape
from symgrad.naming import plain_name
from symgrad.syntax import Node
from symgrad.tensor import Node as Tensor
from symgrad.tensor import add, einsum, elementwise, var

_MADE_UP = "\u2063"
_PART = "P" + _MADE_UP


class Dependences:
    """Which names are differentiated by which, in the places that count as local and in the heads of claims."""

    def __init__(self) -> None:
        self.inside: dict[str, dict[str, None]] = {}
        self.asked: dict[str, dict[str, None]] = {}

    def read(self, node: Node, styled: frozenset[str], arguments: Mapping[str, tuple[str, ...]]) -> None:
        r"""Take note of every derivative of a name by a name in a statement; `\nabla J` is by the one argument of `J(\theta)`."""
        head = node.sides[0] if isinstance(node, sx.Relation) else node  # one that stands alone is spoken of, and in no chain
        for found in sx.walk(node):
            if isinstance(found, sx.Derivative) and found.of is not None and len(found.wrt) < 2:
                of = plain_name(found.of, styled)
                by = [plain_name(wrt, styled) for wrt in found.wrt] or arguments.get(of or "", ())
                wrt = by[0] if len(by) == 1 else None
                if of is not None and wrt is not None and of != wrt:
                    into = self.asked if found is head else self.inside
                    into.setdefault(of, {})[wrt] = None

    def rest(self, name: str, below: Iterable[str]) -> None:
        r"""Take note of what a name is said to be some function of: `L = \\ell(o, y)`."""
        self.inside.setdefault(name, {}).update(dict.fromkeys(below))

    @property
    def variables(self) -> set[str]:
        """All that something is differentiated by."""
        return {wrt for held in (self.inside, self.asked) for below in held.values() for wrt in below}

    @property
    def subjects(self) -> set[str]:
        """All that is differentiated."""
        return {*self.inside, *self.asked}

    def direct(self, defined: Mapping[str, Iterable[str]], is_weight: Iterable[str]) -> dict[str, list[str]]:
        """For every name without a definition what it depends on directly; what is reached through another name is left out."""
        weights = set(is_weight)
        known = {*defined, *(used for below in defined.values() for used in below)}
        for held in (self.inside, self.asked):
            for of in list(held):
                by = {_whole(wrt, known): None for wrt in held.pop(of)}
                held.setdefault(_whole(of, known), {}).update(by)
        wanted = {name for name in (*self.inside, *self.asked) if name not in defined}
        every = {name: [*self.inside.get(name, {}), *(w for w in self.asked.get(name, {}) if w not in weights)] for name in wanted}
        for name in wanted:
            every[name] = every[name] or list(self.asked.get(name, {}))
        rests: dict[str, list[str]] = {n: list(used) for n, used in defined.items()}
        for name in wanted:
            inside = self.inside.get(name, {})
            if inside:
                # Beside what stands inside a chain, a defined name is asked for only where it lies between that and the loss.
                every[name] = [b for b in every[name] if b in inside or b not in rests or _meets(rests, b, inside)]
        graph: dict[str, list[str]] = {**rests, **every}

        kept: dict[str, list[str]] = {}
        for name in wanted:
            own = list(dict.fromkeys(every[name]))
            local = self.inside.get(name, {})
            for b in own:
                # `\partial h/\partial W` behind something by h is local; by W alone, it is all that rests on W.
                is_used_here = b in weights and b in local and name in self.variables
                is_reached = any(c != b and _meets(graph, c, [b]) for c in own)
                if not _meets(graph, b, [name]) and (is_used_here or not is_reached):
                    kept.setdefault(name, []).append(b)
        return {name: below for name, below in kept.items() if below}


def _whole(name: str, defined: Set[str]) -> str:
    """The vector that an entry such as `z_i` is of, where the sheet defines it or computes with it."""
    match = re.fullmatch(r"(.+)_(?:[a-z]|\{[a-z]{2}\})", name)
    return match[1] if match and name not in defined and match[1] in defined else name


def _meets(graph: Mapping[str, Iterable[str]], start: str, goals: Iterable[str]) -> bool:
    """Whether a name rests on one of the goals."""
    wanted, seen, stack = set(goals), {start}, [start]
    while stack:
        for below in graph.get(stack.pop(), ()):
            if below in wanted:
                return True
            if below not in seen:
                seen.add(below)
                stack.append(below)
    return False


def function_of(name: str, shape: Shape, below: Mapping[str, Shape]) -> Tensor:
    """A function of these names that nothing is known of: tanh of a linear map with a part for each."""
    parts = []
    for other, size in below.items():
        linear = var(f"{_PART}{name}\u2063{other}", (*shape, *size))
        parts.append(einsum([(linear, (0, 1, 2, 3)), (var(other, size), (2, 3))], (0, 1), shape))
    return elementwise("tanh", [add(parts) if len(parts) > 1 else parts[0]])


def is_made_up(name: str) -> bool:
    """Whether a name, or a text with names in it, has one that stands for a random map or a Jacobian and is not the author's."""
    return _MADE_UP in name
