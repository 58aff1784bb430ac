"""Pictures of networks: what there is to see in one (`picture_of`), and where its lines run (`scene.drawn`)."""

from __future__ import annotations

from collections.abc import Sequence

from symgrad.network import Network
from symgrad.pictures.backwards import with_gradients
from symgrad.pictures.layer import masked_layer
from symgrad.pictures.layered import layered
from symgrad.pictures.picture import MORE, Label, Link, Node, Picture
from symgrad.pictures.quantities import quantities
from symgrad.pictures.recurrence import recurrence

_MOST = 40
_FIRST, _LAST = 14, 10


def picture_of(network: Network, gradients: bool = False) -> Picture | None:
    """A masked layer neuron by neuron, a recurrence step by step, anything else as the graph of its quantities.

    With `gradients` those that flow back are drawn too; they flow through quantities, so a masked layer is then a graph like any other.
    None for a network that defines nothing.
    """
    if gradients:
        forwards = _quantities(network)
        return with_gradients(network, forwards) if forwards else None
    for definition in network.definitions.values():
        layer = masked_layer(network, definition)
        if layer is not None:
            return layer
    return _quantities(network)


def _quantities(network: Network) -> Picture | None:
    if not network.definitions:
        return None
    nodes, links = quantities(network)
    found = recurrence(network, nodes, links)
    if found is not None:
        return found
    omitted = ""
    if len(nodes) > _MOST:
        nodes, links, omitted = _summary(nodes, links)
    placed, lines, down = layered(nodes, links)
    return Picture("graph", network.title, tuple(placed), tuple(lines), omitted, down)


def _summary(nodes: Sequence[Node], links: Sequence[Link]) -> tuple[list[Node], list[Link], str]:
    """The first and the last nodes in the order of definition; one node stands for those between."""
    last = len(nodes) - _LAST
    shown = [*nodes[:_FIRST], Node(MORE, "more", Label(r"\cdots", "⋯")), *nodes[last:]]
    place = [i if i < _FIRST else _FIRST if i < last else i - last + _FIRST + 1 for i in range(len(nodes))]
    lines: dict[tuple[int, int], Link] = {}
    for link in links:
        start, end = place[link.start], place[link.end]
        if start != end:
            between = _FIRST in (start, end)
            lines.setdefault((start, end), Link(start, end, None if between else link.label, link.names))
    return shown, list(lines.values()), f"{last - _FIRST} of {len(nodes)} quantities"
