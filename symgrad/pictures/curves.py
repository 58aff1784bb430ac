"""Lines as chains of cubic Bézier curves: points p₀, then two controls and an end for each curve."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from math import hypot

Point = tuple[float, float]
Curve = tuple[Point, ...]
_PIECES = 24


def straight(a: Point, b: Point) -> Curve:
    return a, _between(a, b, 1 / 3), _between(a, b, 2 / 3), b


def bent(a: Point, b: Point, by: float) -> Curve:
    """From a to b, `by` of their distance to the left of the straight line at its middle."""
    dx, dy = b[0] - a[0], b[1] - a[1]
    off = dy * by * 4 / 3, -dx * by * 4 / 3
    c, d = _between(a, b, 0.25), _between(a, b, 0.75)
    return a, (c[0] + off[0], c[1] + off[1]), (d[0] + off[0], d[1] + off[1]), b


def flowing(points: Sequence[Point], down: bool) -> Curve:
    """Through the points, along the direction of flow at each of them."""
    out: list[Point] = [points[0]]
    for a, b in pairwise(points):
        if down:
            middle = (a[1] + b[1]) / 2
            out += [(a[0], middle), (b[0], middle), b]
        else:
            middle = (a[0] + b[0]) / 2
            out += [(middle, a[1]), (middle, b[1]), b]
    return tuple(out)


def at(curve: Curve, t: float) -> Point:
    """The point at t, from 0 to the number of its pieces."""
    i = min(int(t), len(curve) // 3 - 1)
    a, b, c, d = curve[3 * i : 3 * i + 4]
    s = t - i
    r = 1 - s
    w = r * r * r, 3 * r * r * s, 3 * r * s * s, s * s * s
    return w[0] * a[0] + w[1] * b[0] + w[2] * c[0] + w[3] * d[0], w[0] * a[1] + w[1] * b[1] + w[2] * c[1] + w[3] * d[1]


def end_of(curve: Curve) -> float:
    return float(len(curve) // 3)


def sampled(curve: Curve) -> list[Point]:
    """Points along the curve, both ends among them."""
    pieces = len(curve) // 3
    return [at(curve, k / _PIECES) for k in range(pieces * _PIECES + 1)]


def parameters(curve: Curve) -> Iterator[float]:
    """The parameters of `sampled`."""
    yield from (k / _PIECES for k in range(len(curve) // 3 * _PIECES + 1))


def part(curve: Curve, start: float, stop: float) -> Curve:
    """The curve between two parameters."""
    out: list[Point] = []
    pieces = len(curve) // 3
    for i in range(pieces):
        low, high = max(start - i, 0.0), min(stop - i, 1.0)
        if low >= high:
            continue
        piece = curve[3 * i : 3 * i + 4]
        cut = _split(_split(piece, high)[0], low / high)[1] if low > 0 else _split(piece, high)[0]
        out += cut if not out else cut[1:]
    return tuple(out)


def _split(piece: Curve, t: float) -> tuple[Curve, Curve]:
    """De Casteljau."""
    a, b, c, d = piece
    ab, bc, cd = _between(a, b, t), _between(b, c, t), _between(c, d, t)
    abc, bcd = _between(ab, bc, t), _between(bc, cd, t)
    middle = _between(abc, bcd, t)
    return (a, ab, abc, middle), (middle, bcd, cd, d)


def _between(a: Point, b: Point, t: float) -> Point:
    return a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t


def tangent(curve: Curve) -> Point:
    """The direction in which the curve ends, of length 1."""
    end = curve[-1]
    for before in reversed(curve[:-1]):
        length = hypot(end[0] - before[0], end[1] - before[1])
        if length > 1e-9:
            return (end[0] - before[0]) / length, (end[1] - before[1]) / length
    return 1.0, 0.0
