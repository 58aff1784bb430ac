"""What several definitions make together: with E = exp(Z), P = E ⊘ (E 1) is softmax(Z); with μ and s, (X − μ) ⊘ s is X standardised.

A definition is opened there, unless somebody asks for the gradient by the name that then leaves it.
"""

from __future__ import annotations

from collections.abc import Callable, Container

from symgrad.network import Network
from symgrad.rewrite import Facts, simplify
from symgrad.rules import exponentials, inverses, standard
from symgrad.tensor import Add, Einsum, Func, Map, Node, Var, substitute, topological

_RULES = (*standard.RULES, *(rule for rule in inverses.RULES if rule.name == "cholesky-diagonal"))
_MOST_OPENED = 4
"""How many definitions stand behind each other in what is standardised step by step: the mean, what is left, the variance, its root."""


def through_names(network: Network, asked: Container[str]) -> Network:
    """The network in which functions that are written by named exponentials, and what is standardised step by step, are those functions."""
    for name in network.definitions:
        definition = network.definitions[name]
        for recognise in (_standardised, _of_exponentials, _of_cholesky_factors):
            made = recognise(network, definition.node, asked)
            if made is not None and made is not definition.node:
                network = network.with_node(name, made, definition.form)
                break
    return network


def _standardised(network: Network, node: Node, asked: Container[str]) -> Node | None:
    """The node as it is, or through the names of means and deviations, where something is standardised in it."""
    facts = Facts(network.facts.properties)
    made = simplify(node, facts, _RULES)
    if _holds(made, "standardize"):
        return made
    opened = node
    for _ in range(_MOST_OPENED):
        opened = _opened(network, opened, asked, _is_statistic)
    opened = simplify(opened, facts, _RULES)
    told = _holds(opened, "standardize") or standard.is_variance(opened) or any(_is(n, "std") for n in (opened, *opened.operands))
    return opened if told else made


def _of_exponentials(network: Network, node: Node, asked: Container[str]) -> Node | None:
    opened = _opened(network, node, asked, _is_exponential)
    if opened is node:
        return None
    opened = simplify(opened, Facts(), exponentials.RULES)
    return None if any(map(_is_exponential, topological([opened]))) else opened


def _of_cholesky_factors(network: Network, node: Node, asked: Container[str]) -> Node | None:
    """Σ log diagonal(L), with L = chol(K), as half a determinant."""
    opened = simplify(_opened(network, node, asked, lambda n: _is(n, "cholesky")), Facts(network.facts.properties), _RULES)
    return opened if _holds(opened, "logdet") and not _holds(opened, "cholesky") else None


def _opened(network: Network, node: Node, asked: Container[str], is_meant: Callable[[Node], bool]) -> Node:
    """The node with the definitions of that kind in the place of their names."""
    below: dict[Node, Node] = {
        v: network.definitions[v.name].node
        for v in topological([node])
        if isinstance(v, Var) and v.name in network.definitions and v.name not in asked and is_meant(network.definitions[v.name].node)
    }
    return substitute(node, below) if below else node


def _holds(node: Node, fn: str) -> bool:
    return any(isinstance(n, Func) and n.fn == fn for n in topological([node]))


def _is_exponential(node: Node) -> bool:
    return isinstance(node, Map) and node.fn == "exp" and not node.order


def _is(node: Node, fn: str) -> bool:
    return isinstance(node, Func) and node.fn == fn


def _is_statistic(node: Node) -> bool:
    """A mean, what is left without one, a variance, its root, or one over it: what has a mean in it, and no product of two names."""
    held = topological([node])
    products = [n for n in held if isinstance(n, Einsum) and len(n.factors) > 1]
    means = [n for n in held if isinstance(n, Einsum) and any(power < 0 for _, power in n.sizes)]
    return not products and (bool(means) or _holds(node, "std") or (isinstance(node, (Add, Map)) and len(held) <= _MOST_PIECES))


_MOST_PIECES = 8
