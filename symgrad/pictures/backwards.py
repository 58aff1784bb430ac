"""The way back: beside every arrow that a gradient flows along, one against it with the local derivative on it."""

from __future__ import annotations

from dataclasses import replace

from symgrad import names
from symgrad.network import Network
from symgrad.pictures.picture import Label, Link, Picture

_ROOM = 1.6
_MOST_LABELLED = 24
_BESIDE = 0.6


def with_gradients(network: Network, picture: Picture) -> Picture:
    """The picture with more room and a link back for each that leads from a definition or parameter to the loss."""
    reaching = {i for i, node in enumerate(picture.nodes) if node.role == "loss"}
    for _ in picture.nodes:
        reaching |= {link.start for link in picture.links if link.end in reaching}
    differentiated = {i for i, node in enumerate(picture.nodes) if node.name in network.definitions or node.role in ("parameter", "more")}
    flowing = [link for link in picture.links if link.end in reaching and link.start in differentiated]
    wide = [replace(node, x=node.x * _ROOM, y=node.y * _ROOM) for node in picture.nodes]
    links = [replace(link, via=tuple((x * _ROOM, y * _ROOM) for x, y in link.via)) for link in picture.links]
    back = [_back(picture, link, len(flowing) <= _MOST_LABELLED) for link in flowing]
    return replace(picture, nodes=tuple(wide), links=(*links, *back))


def _back(picture: Picture, link: Link, labelled: bool) -> Link:
    start, end = picture.nodes[link.start], picture.nodes[link.end]
    dx, dy = (_BESIDE, 0.0) if picture.down else (0.0, _BESIDE)
    via = tuple((x * _ROOM + dx, y * _ROOM + dy) for x, y in reversed(link.via))
    local = None
    if labelled and "more" not in (start.role, end.role):
        above, below = names.latex(end.name), names.latex(start.name)
        local = Label(rf"\partial {above} / \partial {below}", f"∂{end.label.text}/∂{start.label.text}")
    return Link(link.end, link.start, local, back=True, via=via)
