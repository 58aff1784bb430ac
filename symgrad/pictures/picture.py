"""The picture of a network as data: quantities with places and sizes, and links between them. Emitters draw it.

    picture ::= kind, node*, link*, what is left out       kind: layer, recurrence or graph

Lengths are in em, the size of the letters; x grows to the right and y downwards.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from symgrad import names
from symgrad.form import Form
from symgrad.typeset import latex as form_latex
from symgrad.typeset import text as form_text

HEIGHT = 2.1
"""Of a node, and the width of one with a short label: a circle."""

MORE = "⋯"
"""The name of a node that stands for those that are left out."""


@dataclass(frozen=True)
class Label:
    """What is written at a node or a link, as LaTeX and as text."""

    latex: str
    text: str

    @property
    def width(self) -> float:
        """In em, estimated; a little more than what is drawn (see tests/test_pictures.py)."""
        return _width(self.latex)


@dataclass(frozen=True)
class Node:
    """A quantity around (x, y). `role` is data, parameter, mask, input, definition, loss or more; a dropped one is `faint`."""

    name: str
    role: str
    label: Label
    x: float = 0.0
    y: float = 0.0
    faint: bool = False

    @property
    def width(self) -> float:
        return max(HEIGHT, self.label.width + 0.9)


@dataclass(frozen=True)
class Link:
    """An arrow from one node to another, by their places; `label` is what multiplies on the way, `names` the names in it.

    `via` are places between nodes that it goes through. A dropped connection is `faint`; along a link `back` a gradient flows.
    """

    start: int
    end: int
    label: Label | None = None
    names: tuple[str, ...] = ()
    faint: bool = False
    back: bool = False
    via: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True)
class Picture:
    """`omitted` says in words what is left out, if anything is; in one that is `down`, arrows flow from the top down."""

    kind: str
    title: str
    nodes: tuple[Node, ...]
    links: tuple[Link, ...]
    omitted: str = ""
    down: bool = False


def name_label(name: str) -> Label:
    """A name as a label.

    >>> name_label("W^{(h)}")
    Label(latex='W^{(h)}', text='W^(h)')
    """
    return Label(names.latex(name), names.text(name))


def entry_label(name: str, *index: int) -> Label:
    """An entry of a vector or matrix as a label.

    >>> entry_label("h^{(l-1)}", 2).latex, entry_label("h_1", 2).latex, entry_label("W", 1, 3).text
    ('h^{(l-1)}_{2}', '(h_{1})_{2}', 'W[1, 3]')
    """
    shown = names.latex(name)
    below = " ".join(map(str, index)) if max(index) < 10 else ", ".join(map(str, index))
    body = f"({shown})" if "_" in shown else shown
    return Label(f"{body}_{{{below}}}", f"{names.text(name)}[{', '.join(map(str, index))}]")


def forms_label(forms: Sequence[Form]) -> Label:
    """Several forms with commas between them."""
    return Label(", ".join(map(form_latex, forms)), ", ".join(map(form_text, forms)))


_TOKEN = re.compile(r"\\[A-Za-z]+ ?|\\.|.")
_LETTERS = frozenset(
    {"mathrm", "mathbf", "mathcal", "mathit", "mathsf", "mathbb", "boldsymbol", "operatorname", "text", "hat", "tilde", "bar"}
)
_NARROW = "()[]|.,'/ijlt1:;! "
_WIDE = "mwMWOQ+-=<>"


def _width(latex: str) -> float:
    """Scripts above each other count once; a command that takes letters, or brackets that grow, counts nothing."""
    return _row(iter(_TOKEN.findall(latex)), "")


def _row(tokens: Iterator[str], until: str) -> float:
    total, scripts = 0.0, [0.0, 0.0]
    for token in tokens:
        if token == until:
            break
        if token in "_^":
            following = next(tokens, "")
            width = _row(tokens, "}") if following == "{" else _token(following)
            scripts["_^".index(token)] = 0.72 * width
            continue
        total += max(scripts)
        scripts = [0.0, 0.0]
        total += _row(tokens, "}") if token == "{" else _token(token)
    return total + max(scripts)


def _token(token: str) -> float:
    if token.startswith("\\"):
        name = token[1:].strip()
        if name in _LETTERS or name in ("left", "right", ",", "quad", "}"):
            return {",": 0.2, "hat": 0.3, "tilde": 0.3}.get(name, 0.0)
        return 0.55 * len(name) if name in ("tanh", "exp", "log", "max", "min", "sin", "cos", "det") else 0.95
    return 0.95 if token in _WIDE else 0.36 if token in _NARROW else 0.78 if token.isupper() else 0.6
