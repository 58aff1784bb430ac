"""Definitions that rest on one another though each is written out: `p = σ(Xw)` rests on `z = Xw`, though z is named later.

A part may have another form than the name that it has, as the `v · h + c` in `y = σ(v · h + c)` beside `a = v_1 h_1 + v_2 h_2 + c`: where
something is differentiated by a name that no other definition uses, the part is looked for that has its value wherever both are computed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

import numpy as np

from symgrad.errors import SymgradError
from symgrad.network import Definition, Network
from symgrad.points import Point
from symgrad.sampling import draw_sizes, draw_values
from symgrad.tensor import Node, substitute, topological, variables

_SEED, _POINTS = 7, 2
_MOST = 6


def by_form(network: Network) -> Network:
    """The network with definitions written by means of each other."""
    named = {d.node: d.name for d in reversed(network.definitions.values()) if d.node.operands}
    nodes: dict[str, Node] = {}
    for name, definition in network.definitions.items():
        inside = [n for n in topological([definition.node])[:-1] if n in named and named[n] != name]
        values = {n: network.variables[named[n]] for n in inside if n is not definition.node}
        nodes[name] = substitute(definition.node, dict(values)) if values else definition.node
    if all(nodes[name] is d.node for name, d in network.definitions.items()):
        return network
    return by_form(_rewritten(network, nodes))  # `h = relu(a)` is seen once `a = W x` is


def by_value(network: Network, asked: Collection[str]) -> Network:
    """The network in which definitions use the names that are asked for, where a part of them has their value."""
    used = {v.name for d in network.definitions.values() for v in variables(d.node)}
    idle = [d for d in network.definitions.values() if d.name in asked and d.name not in used and d.node.operands]
    points = list(_points(network)) if 0 < len(idle) <= _MOST else []
    for definition in idle if len(points) == _POINTS else ():
        found = _found_in(network, definition, points)
        network = _rewritten(network, {name: d.node for name, d in network.definitions.items()} | found) if found else network
    return network


def _rewritten(network: Network, nodes: Mapping[str, Node]) -> Network:
    """The network with other tensors for its definitions, each behind what it uses."""
    made = Network()
    for item in network.inputs.values():
        made.declare(item.name, item.shape, item.role, item.properties)

    def define(name: str) -> None:
        if name in made.definitions:
            return
        for v in variables(nodes[name]):
            if v.name in nodes:
                define(v.name)
        made.define_node(name, nodes[name])

    for name in nodes:
        define(name)
    return made


def _points(network: Network) -> Iterator[Point]:
    rng = np.random.default_rng(_SEED)
    for _ in range(_POINTS):
        try:
            sizes = draw_sizes(network, rng)
            yield Point(draw_values(network, sizes, rng, False), sizes, lambda v, p: p.array(network.definitions[v.name].node))
        except (SymgradError, KeyError):
            return


def _found_in(network: Network, definition: Definition, points: list[Point]) -> dict[str, Node]:
    """The definitions with the name for the part that has its value, of all that it is not made of itself."""
    below = _below(network, definition.name) | {definition.name}
    found: dict[str, Node] = {}
    for other in (d for d in network.definitions.values() if d.name not in below):
        parts = (n for n in reversed(topological([other.node])) if n.operands and n.shape == definition.node.shape)
        part = next((n for n in parts if _same(n, definition.node, points)), None)
        if part is not None:
            found[other.name] = substitute(other.node, {part: network.variables[definition.name]})
    return found


def _below(network: Network, name: str) -> set[str]:
    """What a definition is made of."""
    found, waiting = set[str](), [name]
    while waiting:
        definition = network.definitions.get(waiting.pop())
        new = {v.name for v in variables(definition.node)} - found if definition is not None else set()
        found |= new
        waiting += new
    return found


def _same(part: Node, whole: Node, points: list[Point]) -> bool:
    try:
        pairs = [(np.asarray(p.array(part), dtype=float), np.asarray(p.array(whole), dtype=float)) for p in points]
    except SymgradError:
        return False
    varies = not np.allclose(pairs[0][1].ravel()[:1], pairs[1][1].ravel()[:1])
    return varies and all(a.shape == b.shape and np.allclose(a, b, rtol=1e-9, atol=1e-12) for a, b in pairs)
