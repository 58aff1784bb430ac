"""Places for an acyclic graph in layers, from left to right or from the top down.

After Sugiyama, Tagawa, Toda, *Methods for visual understanding of hierarchical system structures* (1981): every node goes to the
layer behind the last node that it depends on, links that pass layers get a place in each, layers are put in an order
with few crossings, and places are chosen near the neighbours, in that order (least squares, by pooling adjacent violators).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations, pairwise

from symgrad.pictures.picture import HEIGHT, Link, Node

_APART = 1.0
_LANE = 0.4
_ARROW = 2.4
_ROOM = 1.4
_SWEEPS = 12
_DEEPEST = 9


@dataclass
class _Cell:
    """What has a place in a layer: a node, or a link on its way (node is None)."""

    node: int | None
    layer: int
    across: float
    along: float
    before: list[int]
    after: list[int]
    at: float = 0.0


def layered(nodes: Sequence[Node], links: Sequence[Link]) -> tuple[list[Node], list[Link], bool]:
    """The same nodes and links with their places, and whether they go down, as deep graphs do; others go to the right."""
    layer = _layers(len(nodes), links)
    depth = max(layer, default=0) + 1
    down = depth > _DEEPEST
    cells, lanes = _cells(nodes, links, layer, down)
    rows = _ordered(cells, depth)
    _place(cells, rows)
    starts = _along(cells, links, layer, depth, down)

    def point(along: float, across: float) -> tuple[float, float]:
        return (across, along) if down else (along, across)

    middle = [starts[k] + max((cells[i].along for i in row), default=0.0) / 2 for k, row in enumerate(rows)]
    placed = []
    for i, node in enumerate(nodes):
        x, y = point(middle[layer[i]], cells[i].at)
        placed.append(replace(node, x=x, y=y))
    routed = []
    for k, link in enumerate(links):
        via = []
        for i in lanes.get(k, ()):
            half = max(cells[j].along for j in rows[cells[i].layer]) / 2
            centre = middle[cells[i].layer]
            via += [point(centre - half, cells[i].at), point(centre + half, cells[i].at)]
        routed.append(replace(link, via=tuple(via)))
    return placed, routed, down


def _layers(count: int, links: Sequence[Link]) -> list[int]:
    """Nodes come in an order in which every link goes forward; what depends on nothing stands right before its first user."""
    layer = [0] * count
    for end in range(count):
        layer[end] = max((layer[link.start] + 1 for link in links if link.end == end), default=0)
    depends = {link.end for link in links}
    for i in range(count):
        users = [layer[link.end] for link in links if link.start == i]
        if i not in depends and users:
            layer[i] = min(users) - 1
    return layer


def _cells(nodes: Sequence[Node], links: Sequence[Link], layer: Sequence[int], down: bool) -> tuple[list[_Cell], dict[int, list[int]]]:
    cells = [_Cell(i, layer[i], node.width if down else HEIGHT, HEIGHT if down else node.width, [], []) for i, node in enumerate(nodes)]
    lanes: dict[int, list[int]] = {}
    for k, link in enumerate(links):
        last = link.start
        for at in range(layer[link.start] + 1, layer[link.end]):
            cells.append(_Cell(None, at, _LANE, 0.0, [], []))
            lanes.setdefault(k, []).append(len(cells) - 1)
            _join(cells, last, len(cells) - 1)
            last = len(cells) - 1
        _join(cells, last, link.end)
    return cells, lanes


def _join(cells: list[_Cell], start: int, end: int) -> None:
    cells[start].after.append(end)
    cells[end].before.append(start)


def _ordered(cells: list[_Cell], depth: int) -> list[list[int]]:
    """Each layer in an order with few crossings: sweeps by the mean of the neighbours, the best one kept."""
    rows: list[list[int]] = [[] for _ in range(depth)]
    for i, cell in enumerate(cells):
        rows[cell.layer].append(i)
    best, fewest = [list(row) for row in rows], _crossings(cells, rows)
    for sweep in range(_SWEEPS):
        forward = sweep % 2 == 0
        for row in rows[1:] if forward else rows[-2::-1]:
            level = cells[row[0]].layer + (-1 if forward else 1) if row else 0
            place = {i: k for k, i in enumerate(rows[level])} if row else {}

            def mean(i: int, place: dict[int, int] = place, row: list[int] = row, forward: bool = forward) -> float:
                near = [place[j] for j in (cells[i].before if forward else cells[i].after) if j in place]
                return sum(near) / len(near) if near else row.index(i)

            row[:] = [i for _, _, i in sorted((mean(i), k, i) for k, i in enumerate(row))]
        crossings = _crossings(cells, rows)
        if crossings < fewest:
            best, fewest = [list(row) for row in rows], crossings
    return best


def _crossings(cells: list[_Cell], rows: list[list[int]]) -> int:
    total = 0
    for left, right in pairwise(rows):
        place = {i: k for k, i in enumerate(right)}
        ends = [(k, place[j]) for k, i in enumerate(left) for j in cells[i].after]
        total += sum((a - c) * (b - d) < 0 for (a, b), (c, d) in combinations(ends, 2))
    return total


def _place(cells: list[_Cell], rows: list[list[int]]) -> None:
    for row in rows:
        _settle(cells, row, [0.0] * len(row), [1.0] * len(row))
    for sweep in range(2 * _SWEEPS):
        for row in rows if sweep % 2 == 0 else reversed(rows):
            wanted, weights = [], []
            for i in row:
                near = [(cells[j].at, _stiffness(cells[i], cells[j])) for j in (*cells[i].before, *cells[i].after)]
                total = sum(weight for _, weight in near)
                wanted.append(sum(at * weight for at, weight in near) / total if near else cells[i].at)
                weights.append(total or 0.1)
            _settle(cells, row, wanted, weights)


def _stiffness(one: _Cell, other: _Cell) -> float:
    """Links on their way are kept straighter than others, and data give way to definitions."""
    passing = (one.node is None) + (other.node is None)
    leaf = not one.before or not other.before
    return (1.0, 2.0, 6.0)[passing] * (0.05 if leaf else 1.0)


def _settle(cells: list[_Cell], row: list[int], wanted: list[float], weights: list[float]) -> None:
    """The places nearest to those wanted that keep the order and the distances."""
    shift, total = [], 0.0
    for k, i in enumerate(row):
        if k:
            total += (cells[row[k - 1]].across + cells[i].across) / 2 + _APART
        shift.append(total)
    blocks: list[tuple[float, float, int]] = []
    for want, weight, by in zip(wanted, weights, shift, strict=True):
        mean, mass, count = want - by, weight, 1
        while blocks and blocks[-1][0] > mean:
            earlier, heavy, many = blocks.pop()
            mean, mass, count = (earlier * heavy + mean * mass) / (heavy + mass), heavy + mass, many + count
        blocks.append((mean, mass, count))
    places = [mean for mean, _, count in blocks for _ in range(count)]
    for i, mean, by in zip(row, places, shift, strict=True):
        cells[i].at = mean + by


def _along(cells: list[_Cell], links: Sequence[Link], layer: Sequence[int], depth: int, down: bool) -> list[float]:
    """Where each layer begins: the widest node of the one before, and room for an arrow with its label."""
    starts, at = [], 0.0
    for k in range(depth):
        starts.append(at)
        at += max((cell.along for cell in cells if cell.layer == k), default=0.0)
        labels = [link.label for link in links if link.label and layer[link.start] <= k < layer[link.end]]
        at += max((_ROOM + (0.9 if down else label.width) for label in labels), default=0.0) or (_ROOM if down else _ARROW)
    return starts
