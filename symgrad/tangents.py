"""Forward through a network: how every equation of it moves when one quantity does.

The equations are its definitions, then, for second derivatives, its gradients from the loss backwards, each in earlier names.
Two sweeps: `push` keeps the movement as a direction (∇(∇L · v), Pearlmutter, *Fast Exact Multiplication by the Hessian*, 1994),
`spread` keeps the whole derivative as one tensor.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from symgrad import names
from symgrad.coefficient import Terms, coefficient, composed, identity, terms_of
from symgrad.dims import Shape
from symgrad.form import cost
from symgrad.network import Network
from symgrad.opening import LONGEST_ON_THE_WAY
from symgrad.raising import raise_form
from symgrad.reverse import pushforward
from symgrad.rewrite import Facts, simplify
from symgrad.rules import SIMPLIFY
from symgrad.tensor import Einsum, Node, add, constant, var, variables

Equation = tuple[str, Node]


def equations(network: Network, of: str | None = None, found: Mapping[str, Node] | None = None) -> list[Equation]:
    """The definitions and then the gradients of `of` by name, in an order in which each uses earlier names only."""
    definitions = [(d.name, d.node) for d in network.definitions.values()]
    return definitions + [(names.gradient(str(of), name), node) for name, node in (found or {}).items()]


@dataclass(frozen=True)
class Moved:
    """What `push` found: the tangent of each name that moves, and the tangents that kept their names, in order."""

    tangents: dict[str, Node]
    named: tuple[Equation, ...]

    def of(self, name: str, spelled: Callable[[str], str], shape: Shape) -> Node:
        """The tangent of a name, by its formula; zero where it does not move."""
        return dict(self.named).get(spelled(name), self.tangents.get(name, constant(0, shape)))

    def behind(self, node: Node) -> tuple[Equation, ...]:
        """The named tangents that a tensor uses, with those that they use."""
        wanted = {v.name for v in variables(node)}
        kept: list[Equation] = []
        for name, inner in reversed(self.named):
            if name in wanted:
                kept.append((name, inner))
                wanted |= {v.name for v in variables(inner)}
        return tuple(reversed(kept))


def push(found: Sequence[Equation], moves: Mapping[str, Node], facts: Facts, spelled: Callable[[str], str]) -> Moved:
    """The tangent of every equation when these names move so; `spelled` names the tangent of a name.

    A tangent longer than anybody reads is used by its name, so the work is linear in the network.
    """
    tangents = dict(moves)
    named: list[Equation] = []
    for name, node in found:
        uses: dict[Node, Node] = {v: tangents[v.name] for v in variables(node) if v.name in tangents}
        if name in moves or not uses:
            continue
        moved = simplify(pushforward(node, uses), facts, SIMPLIFY)
        if is_zero(moved):
            continue
        tangents[name] = moved
        if cost(raise_form(moved, facts)) > LONGEST_ON_THE_WAY:
            named.append((spelled(name), moved))
            tangents[name] = var(spelled(name), node.shape)
    return Moved(tangents, tuple(named))


def spread(found: Sequence[Equation], by: str, shape: Shape, facts: Facts) -> dict[str, Terms]:
    """The derivative of every equation by one name, as the terms of a tensor: first the axes of the equation, then of `by`.

    Raises `Unsupported` where that is no tensor of a few terms.
    """
    derivatives: dict[str, Terms] = {by: (identity(shape),)}
    for name, node in found:
        used = [v for v in variables(node) if v.name in derivatives]
        if name == by or not used:
            continue
        uses: dict[Node, Node] = {v: var(names.tangent(v.name), v.shape) for v in used}
        moved = simplify(pushforward(node, uses), facts, SIMPLIFY)
        terms: list[Node] = []
        for v in used:
            local = coefficient(moved, {uses[v]: (identity(v.shape),)}, v.shape)
            terms += local if v.name == by else composed(local, derivatives[v.name], node.shape, v.shape, shape)
        kept = terms_of(add(terms)) if terms else ()
        if kept:
            derivatives[name] = kept
    return derivatives


def is_zero(node: Node) -> bool:
    """Whether a tensor is the constant 0."""
    return isinstance(node, Einsum) and node.is_zero


def held(network: Network, name: str) -> Network:
    """The network in which a definition is an input: what it is made of is forgotten, so that it can be moved by itself."""
    if name not in network.definitions:
        return network
    new = Network(network.title)
    for item in network.inputs.values():
        new.inputs[item.name] = item
    new.declare(name, network.definitions[name].shape)
    for definition in network.definitions.values():
        if definition.name != name:
            new.definitions[definition.name] = definition
    return new
