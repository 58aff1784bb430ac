"""What several definitions make together: with E = exp(Z), P = E ⊘ (E 1) is softmax(Z).

A definition is opened there, unless somebody asks for the gradient by the name that then leaves it.
"""

from __future__ import annotations

from collections.abc import Container

from symgrad.network import Network
from symgrad.rewrite import Facts, simplify
from symgrad.rules import exponentials, standard
from symgrad.tensor import Map, Node, Var, substitute, topological


def through_names(network: Network, asked: Container[str]) -> Network:
    """The network in which functions that are written by named exponentials, and what is standardised step by step, are those functions."""
    for name, definition in network.definitions.items():
        made = simplify(definition.node, Facts(), standard.RULES)
        if made is not definition.node:
            network = network.with_node(name, made, definition.form)
            continue
        below: dict[Node, Node] = {
            v: network.definitions[v.name].node
            for v in topological([definition.node])
            if isinstance(v, Var) and v.name in network.definitions and v.name not in asked
        }
        below = {v: node for v, node in below.items() if _is_exponential(node)}
        if below:
            opened = simplify(substitute(definition.node, below), Facts(), exponentials.RULES)
            if not any(map(_is_exponential, topological([opened]))):
                network = network.with_node(name, opened, definition.form)
    return network


def _is_exponential(node: Node) -> bool:
    return isinstance(node, Map) and node.fn == "exp" and not node.order
