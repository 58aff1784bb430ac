"""A picture as SVG: one element that stands alone or inside a page, with its labels drawn as glyphs (no font is needed).

Everything is drawn in `currentColor`, so that a page's own colours hold inside it; a file of its own brings light and dark colours.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from html import escape
from xml.etree import ElementTree as ET

from symgrad.network import Network
from symgrad.pictures import picture_of
from symgrad.pictures.curves import Curve
from symgrad.pictures.picture import Picture
from symgrad.pictures.scene import Outline, Scene, Written, drawn

_EM = 16.0
_PAGE = 60.0
_GAP = 1.5
_TITLE = 1.8
_LETTER = 0.6
_PROSE = 'font-family="sans-serif" font-size="16" fill="currentColor"'
_COLOURS = (
    ".symgrad-picture{color:#1b1b1b;background:#fff}@media(prefers-color-scheme:dark){.symgrad-picture{color:#e6e6e6;background:#16181d}}"
)
_BACK = "#d9480f"
_STROKE = {
    "link": "",
    "faint": ' stroke-opacity="0.25" stroke-dasharray="3 3"',
    "cross": ' stroke-opacity="0.6"',
    "gradient": f' stroke="{_BACK}" stroke-dasharray="5 3"',
}
_FILL = {"data": "0.08", "input": "0.08"}


def svg(network: Network, gradients: bool = False) -> str:
    """The picture of a network as one `<svg>` element for a page; "" for a network that defines nothing."""
    picture = picture_of(network, gradients)
    return element(picture) if picture else ""


def emit(title: str, pictures: Sequence[tuple[str, Picture]]) -> str:
    """Pictures with their titles as one file, side by side as far as a page goes; it ends in a newline."""
    if len(pictures) == 1:
        return element(pictures[0][1], style=f"<style>{_COLOURS}</style>") + "\n"
    x, y, high, wide = 0.0, 0.0, 0.0, 0.0
    body = []
    for name, picture in pictures:
        scene = drawn(picture)
        width = max(scene.width, _LETTER * len(name) + 1.0)
        if x and x + width > _PAGE:
            x, y, high = 0.0, y + high + _GAP, 0.0
        place = f'x="{_n(x * _EM)}" y="{_n((y + _TITLE) * _EM)}"'
        body.append(f'<text x="{_n((x + 0.6) * _EM)}" y="{_n((y + 1.2) * _EM)}" {_PROSE}>{escape(name)}</text>')
        body.append(element(picture, place))
        high, wide = max(high, scene.height + _TITLE), max(wide, x + width)
        x += width + _GAP
    size = f'width="{_n(wide * _EM)}" height="{_n((y + high) * _EM)}"'
    frame = f'viewBox="0 0 {_n(wide * _EM)} {_n((y + high) * _EM)}"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" class="symgrad-picture" {size} {frame}>'
    return "\n".join([head, f"<title>{escape(title)}</title><style>{_COLOURS}</style>", *body, "</svg>"]) + "\n"


def element(picture: Picture, place: str = "", style: str = "") -> str:
    """The `<svg>` element of a picture; `place` is where it stands in another."""
    scene = drawn(picture)
    width, height = _n(scene.width * _EM), _n(scene.height * _EM)
    frame = f"{_n(scene.left * _EM)} {_n(scene.top * _EM)} {width} {height}"
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="symgrad-picture" role="img"{place and " " + place}'
        f' width="{width}" height="{height}" viewBox="{frame}">',
        f"<title>{escape(scene.title or 'Picture of the network')}</title><desc>{escape(scene.said)}</desc>{style}",
        *_drawing(scene),
        "</svg>",
    ]
    return "\n".join(out)


def _drawing(scene: Scene) -> list[str]:
    out = ['<g fill="none" stroke="currentColor" stroke-width="1.1">']
    out += [_outline(outline) for outline in scene.outlines if outline.role not in ("more", "parameter", "mask")]
    out += [f'<path d="{_path(stroke.curve)}"{_STROKE[stroke.style]}/>' for stroke in scene.strokes]
    out += ["</g>", '<g fill="currentColor">']
    for head in scene.heads:
        colour = f' fill="{_BACK}"' if head.style == "gradient" else ""
        out.append(f'<path d="M{" L".join(_point(p) for p in head.corners)}Z"{colour}/>')
    return [*out, *map(_written, scene.written), "</g>"]


def _outline(outline: Outline) -> str:
    x, y = (outline.x - outline.width / 2) * _EM, (outline.y - outline.height / 2) * _EM
    fill = f' fill="currentColor" fill-opacity="{_FILL[outline.role]}"' if outline.role in _FILL else ""
    pale = ' stroke-opacity="0.4" stroke-dasharray="3 3"' if outline.faint else ""
    size = f'width="{_n(outline.width * _EM)}" height="{_n(outline.height * _EM)}" rx="{_n(outline.corner * _EM)}"'
    return f'<rect x="{_n(x)}" y="{_n(y)}" {size}{fill}{pale}/>'


def _written(written: Written) -> str:
    """A label around its place; `data-tex` has what its glyphs say."""
    ink = {"faint": ' fill-opacity="0.45"', "gradient": f' fill="{_BACK}"'}.get(written.style, "")
    place = f'transform="translate({_point((written.x, written.y))})"'
    return f'<g {place} data-tex="{escape(written.label.latex)}"{ink}>{_glyphs(written.label.latex, written.size * _EM)}</g>'


@lru_cache(maxsize=1024)
def _glyphs(latex: str, size: float) -> str:
    """Mathematics as shapes around the origin."""
    from ziamath import Latex, config

    config.svg2 = False
    canvas = ET.Element("g")
    Latex(latex, size=size, inline=True).drawon(canvas, 0.0, 0.0, halign="center", valign="center")
    return "".join(_shape(found) for found in canvas.iter() if found.tag in ("path", "rect"))


def _shape(found: ET.Element) -> str:
    kept = {key: value for key, value in found.attrib.items() if key not in ("fill", "stroke", "stroke-width")}
    return f"<{found.tag}{''.join(f' {key}={chr(34)}{escape(value)}{chr(34)}' for key, value in kept.items())}/>"


def _path(curve: Curve) -> str:
    pieces = [f"C{' '.join(_point(p) for p in curve[i : i + 3])}" for i in range(1, len(curve), 3)]
    return f"M{_point(curve[0])}{''.join(pieces)}"


def _point(point: tuple[float, float]) -> str:
    return f"{_n(point[0] * _EM)} {_n(point[1] * _EM)}"


def _n(x: float) -> str:
    """A length with at most two decimals; no negative zero."""
    return f"{round(x, 2) + 0.0:g}"
