"""A network as nodes and links without places: its definitions and data, the parameters on the arrows.

A parameter or mask that multiplies a quantity is written on that quantity's arrow, so that a shared weight shows on every arrow
it is on. One that does not (a bias) is a node of its own beside each definition that uses it.
"""

from __future__ import annotations

from symgrad.form import Form, cost, symbols, walk
from symgrad.network import Definition, Network
from symgrad.pictures.picture import Link, Node, forms_label, name_label
from symgrad.tensor import Var, topological

_MULTIPLYING = frozenset({"matmul", "hadamard", "scale", "conv"})
_LONGEST = 4


def quantities(network: Network) -> tuple[list[Node], list[Link]]:
    """The nodes in the order of definition, data before what uses them first; links refer to nodes by their place."""
    nodes: list[Node] = []
    links: list[Link] = []
    place: dict[str, int] = {}
    loss = network.default_of()

    def node(name: str, role: str) -> int:
        nodes.append(Node(name, role, name_label(name)))
        return len(nodes) - 1

    for definition in network.definitions.values():
        used = _used(definition)
        shown = [name for name in used if name in network.definitions or not _on_arrow(network, name)]
        weights = _weights(network, definition, shown)
        written = {s.name for forms in weights.values() for form in forms for s in symbols(form)}
        for name in shown:
            if name not in place:
                place[name] = node(name, network.inputs[name].role)
        beside = [node(name, network.inputs[name].role) for name in used if name not in shown and name not in written]
        at = place[definition.name] = node(definition.name, "loss" if definition.name == loss else "definition")
        for name in shown:
            forms = weights.get(name, ())
            on_it = tuple(s.name for form in forms for s in symbols(form))
            links.append(Link(place[name], at, forms_label(forms) if forms else None, on_it))
        links += [Link(start, at) for start in beside]
    return nodes, links


def _on_arrow(network: Network, name: str) -> bool:
    return network.inputs[name].role in ("parameter", "mask")


def _used(definition: Definition) -> list[str]:
    """The names that a definition uses, as they appear in it. A tensor that no form prints still has its names."""
    in_tensor = [n.name for n in topological([definition.node]) if isinstance(n, Var)]
    in_form = [s.name for s in symbols(definition.form) if s.name != definition.name]
    return list(dict.fromkeys([*in_form, *in_tensor]))


def _weights(network: Network, definition: Definition, shown: list[str]) -> dict[str, list[Form]]:
    """For every quantity the factors made of parameters and masks that multiply it."""

    def is_weight(form: Form) -> bool:
        inside = symbols(form)
        return bool(inside) and all(s.name in network.inputs and _on_arrow(network, s.name) for s in inside)

    found: dict[str, list[Form]] = {}
    for product in (f for f in walk(definition.form) if f.op in _MULTIPLYING):
        factors = [arg for arg in product.args if is_weight(arg)]
        others = dict.fromkeys(s.name for arg in product.args if arg not in factors for s in symbols(arg))
        for name in others:
            if name in shown:
                found.setdefault(name, []).extend(f for f in factors if f not in found.get(name, ()))
    return {name: forms for name, forms in found.items() if forms and sum(map(cost, forms)) <= _LONGEST}
