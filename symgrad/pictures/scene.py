"""A picture drawn: outlines, lines and labels with all their coordinates, for emitters that only print them.

Lines end at the borders of nodes, go round the nodes that they do not mean, and leave room for their labels.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import hypot

from symgrad.pictures.curves import Curve, Point, at, bent, end_of, flowing, parameters, part, sampled, straight, tangent
from symgrad.pictures.picture import HEIGHT, Label, Link, Node, Picture

_CLEAR = 0.25
_HEAD = 0.5
_TALL = 1.15
_SMALL = 0.85
_BENDS = (0.12, -0.12, 0.2, -0.2, 0.3, -0.3, 0.42, -0.42)
_PLACES = (0.5, *(0.5 + sign * step / 100 for step in range(5, 40, 5) for sign in (-1, 1)))
_MARGIN = 0.6


@dataclass(frozen=True)
class Outline:
    """A node's border: a circle, or a box of that width and height with corners of that radius (0: none is drawn)."""

    x: float
    y: float
    width: float
    height: float
    corner: float
    role: str
    faint: bool


@dataclass(frozen=True)
class Stroke:
    """A line along a curve; `style` is "link", "faint", "cross" or "gradient"."""

    curve: Curve
    style: str


@dataclass(frozen=True)
class Head:
    """The three corners of an arrow head."""

    corners: tuple[Point, Point, Point]
    style: str


@dataclass(frozen=True)
class Written:
    """A label around (x, y); `style` is "node", "faint", "link", "note" or "gradient", `size` in em."""

    x: float
    y: float
    label: Label
    style: str
    size: float = 1.0


@dataclass(frozen=True)
class Scene:
    """Everything there is to draw, in a frame from `(left, top)`; `said` tells the picture in words."""

    title: str
    said: str
    left: float
    top: float
    width: float
    height: float
    outlines: tuple[Outline, ...]
    strokes: tuple[Stroke, ...]
    heads: tuple[Head, ...]
    written: tuple[Written, ...]


def drawn(picture: Picture) -> Scene:
    """The scene of a picture."""
    nodes = picture.nodes
    curves = [_route(picture, link) for link in picture.links]
    strokes: list[Stroke] = []
    heads: list[Head] = []
    written = [_at_node(node) for node in nodes]
    boxes = [_box(w.x, w.y, w.label.width, _TALL) for w in written]
    lines = [(sampled(curve), 1.0 if link.faint else 10.0) for link, curve in zip(picture.links, curves, strict=True)]
    # A short line has the fewest places for its label, so it chooses first.
    gaps: dict[int, list[tuple[float, float]]] = {}
    for k in sorted(range(len(curves)), key=lambda k: (_length(curves[k]), k)):
        label = picture.links[k].label
        if label:
            box = _label_place(label, curves[k], k, lines, nodes, boxes)
            boxes.append(box)
            written.append(
                Written((box[0] + box[2]) / 2, (box[1] + box[3]) / 2, label, "gradient" if picture.links[k].back else "link", _SMALL)
            )
            gaps[k] = [_inside(curves[k], box)]
    for k, (link, curve) in enumerate(zip(picture.links, curves, strict=True)):
        style = "faint" if link.faint else "gradient" if link.back else "link"
        strokes += [Stroke(piece, style) for piece in _pieces(curve, gaps.get(k, ()), picture.kind != "layer")]
        if picture.kind != "layer":
            heads.append(_head(curve, style))
    strokes += [Stroke(straight(*ends), "cross") for node in nodes if node.faint for ends in _cross(node)]
    if picture.omitted:
        written.append(_note(picture, written))
    return _framed(picture, tuple(map(_outline, nodes)), tuple(strokes), tuple(heads), tuple(written))


def _at_node(node: Node) -> Written:
    return Written(node.x, node.y, node.label, "faint" if node.faint else "node")


def _note(picture: Picture, written: Sequence[Written]) -> Written:
    """What is left out, below everything and from the left."""
    said = f"not drawn: {picture.omitted}"
    label = Label(rf"\text{{{said}}}", said)
    left = min(node.x - node.width / 2 for node in picture.nodes)
    return Written(left + label.width * _SMALL / 2, max(w.y for w in written) + HEIGHT, label, "note", _SMALL)


def _outline(node: Node) -> Outline:
    corner = {"more": 0.0, "parameter": 0.0, "mask": 0.0, "loss": 0.35}.get(node.role, HEIGHT / 2)
    return Outline(node.x, node.y, node.width, HEIGHT, corner, node.role, node.faint)


def _cross(node: Node) -> list[tuple[Point, Point]]:
    a, b = node.width / 2 * 0.8, HEIGHT / 2 * 0.8
    x, y = node.x, node.y
    return [((x - a, y - b), (x + a, y + b)), ((x - a, y + b), (x + a, y - b))]


# ── where lines run ──────────────────────────────────────────────────────────────────────────────────────────────────


def _route(picture: Picture, link: Link) -> Curve:
    """The first line that meets no other node, the straight one before all; else the one that meets fewest."""
    start, end = picture.nodes[link.start], picture.nodes[link.end]
    a, b = (start.x, start.y), (end.x, end.y)
    if link.via:
        tries = [flowing([a, *link.via, b], picture.down)]
    else:
        ways = () if picture.kind == "layer" else _BENDS[2:] if link.back else _BENDS
        tries = [*([] if link.back else [straight(a, b)]), *(bent(a, b, by) for by in ways)]
    others = [node for i, node in enumerate(picture.nodes) if i not in (link.start, link.end)]
    best, fewest = tries[0], len(others) + 1
    for curve in tries:
        cut = _clipped(curve, start, end)
        met = _met(cut, others)
        if met < fewest:
            best, fewest = cut, met
        if not met:
            break
    return best


def _clipped(curve: Curve, start: Node, end: Node) -> Curve:
    """From the border of one node to the border of the other."""
    first = next((t for t in parameters(curve) if not _within(at(curve, t), start)), 0.0)
    last = next((t for t in reversed(list(parameters(curve))) if not _within(at(curve, t), end)), end_of(curve))
    if first >= last:
        return curve
    return part(curve, _border(curve, first, -1, start), _border(curve, last, 1, end))


def _border(curve: Curve, outside: float, towards: int, node: Node) -> float:
    """Where the curve crosses the border, by halving between a parameter outside and the next one inside."""
    inside = min(max(outside + towards / 24, 0.0), end_of(curve))
    for _ in range(20):
        middle = (inside + outside) / 2
        if _within(at(curve, middle), node):
            inside = middle
        else:
            outside = middle
    return outside


def _within(point: Point, node: Node, clear: float = 0.0) -> bool:
    """Inside the node's outline: a box that ends in half circles, or one with corners."""
    dx, dy = abs(point[0] - node.x), abs(point[1] - node.y)
    if node.role in ("more", "parameter", "mask", "loss"):
        return dx < node.width / 2 + clear and dy < HEIGHT / 2 + clear
    flat = (node.width - HEIGHT) / 2
    return hypot(max(dx - flat, 0.0), dy) < HEIGHT / 2 + clear


def _met(curve: Curve, nodes: Sequence[Node]) -> int:
    """How many nodes the curve passes too near."""
    points = sampled(curve)
    around = _around(points)
    near = [n for n in nodes if _overlap(around, _box(n.x, n.y, n.width + 2 * _CLEAR, HEIGHT + 2 * _CLEAR))]
    return sum(any(_within(point, node, _CLEAR) for point in points) for node in near)


# ── labels ───────────────────────────────────────────────────────────────────────────────────────────────────────────

_Box = tuple[float, float, float, float]


def _box(x: float, y: float, width: float, height: float) -> _Box:
    return x - width / 2, y - height / 2, x + width / 2, y + height / 2


def _around(points: Sequence[Point]) -> _Box:
    xs, ys = [p[0] for p in points], [p[1] for p in points]
    return min(xs) - 1e-6, min(ys) - 1e-6, max(xs) + 1e-6, max(ys) + 1e-6


def _overlap(a: _Box, b: _Box) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def _label_place(
    label: Label, curve: Curve, number: int, lines: Sequence[tuple[Sequence[Point], float]], nodes: Sequence[Node], boxes: Sequence[_Box]
) -> _Box:
    """The box of a link's label where it covers least: on its line, or beside it where that is better."""
    best: tuple[float, _Box] | None = None
    own = _around(sampled(curve))
    wide, tall = label.width * _SMALL + 0.35, _TALL * _SMALL + 0.1
    reach = own[0] - wide, own[1] - tall, own[2] + wide, own[3] + tall
    near = [(line, weight) for k, (line, weight) in enumerate(lines) if k != number and _overlap(_around(line), reach)]
    solid = [*boxes, *(_box(n.x, n.y, n.width, HEIGHT) for n in nodes)]
    for beside in (0.0, 1.0, -1.0):
        for place in _PLACES:
            x, y = at(curve, _share(curve, place))
            box = _box(x + beside * (wide / 2 + 0.1), y, wide, tall)
            cost = 100.0 * sum(_overlap(box, other) for other in solid) + 2.0 * abs(beside)
            cost += sum(weight for line, weight in near if any(_in(p, box) for p in line))
            if best is None or cost < best[0]:
                best = cost, box
        if best is not None and best[0] < 5.0:
            break
    assert best is not None
    return best[1]


def _length(curve: Curve) -> float:
    return round(sum(hypot(b[0] - a[0], b[1] - a[1]) for a, b in pairwise(sampled(curve))), 6)


def _share(curve: Curve, share: float) -> float:
    """The parameter behind which this share of the length lies."""
    points = sampled(curve)
    steps = [hypot(b[0] - a[0], b[1] - a[1]) for a, b in pairwise(points)]
    wanted, done = share * sum(steps), 0.0
    for t, length in zip(parameters(curve), steps, strict=False):
        if done + length >= wanted:
            return t + (wanted - done) / (length or 1.0) / 24
        done += length
    return end_of(curve)


def _in(point: Point, box: _Box) -> bool:
    return box[0] < point[0] < box[2] and box[1] < point[1] < box[3]


def _inside(curve: Curve, box: _Box) -> tuple[float, float]:
    """From where to where the curve is under the box."""
    fine = [k / 240 for k in range(round(end_of(curve)) * 240 + 1)]
    under = [t for t in fine if _in(at(curve, t), box)]
    return (under[0], under[-1]) if under else (0.0, 0.0)


def _pieces(curve: Curve, gaps: Sequence[tuple[float, float]], arrow: bool) -> list[Curve]:
    """The curve without its gaps; of one with a head the end under the head is left off."""
    last = end_of(curve)
    if arrow:
        low, (x, y) = 0.0, curve[-1]
        for _ in range(24):
            middle = (low + last) / 2
            far = hypot(at(curve, middle)[0] - x, at(curve, middle)[1] - y) > _HEAD * 0.6
            low, last = (middle, last) if far else (low, middle)
    out, start = [], 0.0
    for low, high in gaps:
        out.append(part(curve, start, low))
        start = high
    out.append(part(curve, start, last))
    return [piece for piece in out if piece]


def _head(curve: Curve, style: str) -> Head:
    (x, y), (dx, dy) = curve[-1], tangent(curve)
    back = x - _HEAD * dx, y - _HEAD * dy
    side = _HEAD * 0.36
    return Head(((x, y), (back[0] - side * dy, back[1] + side * dx), (back[0] + side * dy, back[1] - side * dx)), style)


# ── the frame ────────────────────────────────────────────────────────────────────────────────────────────────────────


def _framed(
    picture: Picture, outlines: tuple[Outline, ...], strokes: tuple[Stroke, ...], heads: tuple[Head, ...], written: tuple[Written, ...]
) -> Scene:
    boxes = [_box(o.x, o.y, o.width, o.height) for o in outlines]
    boxes += [_box(w.x, w.y, w.label.width * w.size, _TALL * w.size) for w in written]
    boxes += [(*p, *p) for s in strokes for p in sampled(s.curve)]
    left, top = min(b[0] for b in boxes) - _MARGIN, min(b[1] for b in boxes) - _MARGIN
    right, bottom = max(b[2] for b in boxes) + _MARGIN, max(b[3] for b in boxes) + _MARGIN
    return Scene(picture.title, said(picture), left, top, right - left, bottom - top, outlines, strokes, heads, written)


def said(picture: Picture) -> str:
    """The picture in words: every arrow with what is on it."""
    by_start: dict[int, list[str]] = {}
    for link in picture.links:
        if not link.faint and not link.back:
            on = f" by {link.label.text}" if link.label else ""
            by_start.setdefault(link.start, []).append(picture.nodes[link.end].label.text + on)
    parts = [f"{picture.nodes[start].label.text} → {', '.join(ends)}" for start, ends in by_start.items()]
    gone = [node.label.text for node in picture.nodes if node.faint]
    if gone:
        parts.append(f"dropped: {', '.join(gone)}")
    back = [f"{picture.nodes[k.start].label.text} → {picture.nodes[k.end].label.text}" for k in picture.links if k.back]
    if back:
        parts.append(f"gradients flow back: {', '.join(back)}")
    if picture.omitted:
        parts.append(f"not drawn: {picture.omitted}")
    return "; ".join(parts)
