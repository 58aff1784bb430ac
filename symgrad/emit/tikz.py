r"""A picture in TikZ: one `tikzpicture`, scaled to the line and the page where it is larger; the package is tikz."""

from __future__ import annotations

from collections.abc import Sequence

from symgrad.pictures.curves import Curve, Point
from symgrad.pictures.picture import Picture
from symgrad.pictures.scene import Outline, Written, drawn

_STROKE = {"link": "", "faint": "[black!25,dashed]", "cross": "[black!60]", "gradient": "[red!70!black,dashed]"}
_INK = {"faint": "text=black!45,", "gradient": "text=red!70!black,"}


def emit(title: str, pictures: Sequence[tuple[str, Picture]]) -> str:
    """Pictures for a document of one's own, one after the other; it ends in a newline."""
    out = [f"% {_comment(title)}", r"% needs \usepackage{amsmath,amssymb,graphicx,tikz}"]
    for name, picture in pictures:
        out += ["", f"% {_comment(name)}", *lines(picture)]
    return "\n".join(out) + "\n"


def _comment(title: str) -> str:
    """A title on one line of a comment."""
    return " ".join(title.split())


def lines(picture: Picture) -> list[str]:
    """The lines of the picture's source."""
    scene = drawn(picture)
    out = [r"\sbox0{\begin{tikzpicture}[x=1em,y=-1em]"]
    corner = scene.left + scene.width, scene.top + scene.height
    out.append(rf"  \useasboundingbox {_point((scene.left, scene.top))} rectangle {_point(corner)};")
    out += [_outline(outline) for outline in scene.outlines if outline.role not in ("more", "parameter", "mask")]
    out += [rf"  \draw{_STROKE[stroke.style]} {_path(stroke.curve)};" for stroke in scene.strokes]
    for head in scene.heads:
        colour = "[red!70!black]" if head.style == "gradient" else ""
        out.append(rf"  \fill{colour} {' -- '.join(map(_point, head.corners))} -- cycle;")
    out += [_written(written) for written in scene.written]
    out.append(r"\end{tikzpicture}}\ifdim\wd0>\linewidth\sbox0{\resizebox{\linewidth}{!}{\usebox0}}\fi")
    out.append(r"\ifdim\ht0>0.8\textheight\sbox0{\resizebox{!}{0.8\textheight}{\usebox0}}\fi\usebox0")
    return out


def _outline(outline: Outline) -> str:
    style = [*(["black!40,dashed"] if outline.faint else []), *(["fill=black!8"] if outline.role in ("data", "input") else [])]
    x, y = outline.width / 2, outline.height / 2
    corners = f"{_point((outline.x - x, outline.y - y))} rectangle {_point((outline.x + x, outline.y + y))}"
    return rf"  \draw[{','.join([*style, f'rounded corners={_n(outline.corner)}em'])}] {corners};"


def _written(written: Written) -> str:
    small = r"font=\small," if written.size < 1 else ""
    return rf"  \node[{_INK.get(written.style, '')}{small}inner sep=0pt] at {_point((written.x, written.y))} {{${written.label.latex}$}};"


def _path(curve: Curve) -> str:
    pieces = [f" .. controls {_point(curve[i])} and {_point(curve[i + 1])} .. {_point(curve[i + 2])}" for i in range(1, len(curve), 3)]
    return _point(curve[0]) + "".join(pieces)


def _point(point: Point) -> str:
    return f"({_n(point[0])},{_n(point[1])})"


def _n(x: float) -> str:
    """A length with at most three decimals; no negative zero, no exponent."""
    return f"{round(x, 3) + 0.0:.3f}".rstrip("0").rstrip(".")
