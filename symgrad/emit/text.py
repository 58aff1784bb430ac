"""A document for a terminal: 80 columns, aligned, matrices in brackets."""

from __future__ import annotations

import textwrap
import unicodedata
from typing import Any

from symgrad import names
from symgrad.derivation import Step, Term, Value
from symgrad.dims import Dim, show
from symgrad.families import Span
from symgrad.form import Form
from symgrad.pictures.picture import Picture
from symgrad.solution import Block, Document, Drawing, Equations, Inline, Letters, Prose, Table
from symgrad.typeset import text

WIDTH = 80
_INDENT = 2


def emit(document: Document, shapes: bool = False) -> str:
    """The document as text, ending in a newline."""
    out = [document.title, "═" * min(columns(document.title), WIDTH)]
    for section in document.sections:
        out += ["", section.title, ("─" if section.level == 1 else "┄") * min(columns(section.title), WIDTH)]
        for i, block in enumerate(section.blocks):
            if i:
                out.append("")
            out += _block(block, shapes)
    return "\n".join(line.rstrip() for line in out) + "\n"


def _block(block: Block, shapes: bool) -> list[str]:
    if isinstance(block, Prose):
        return _prose(block)
    if isinstance(block, Table):
        return _table(block)
    if isinstance(block, Drawing):
        return [*_picture(block.picture), " " * _INDENT + block.caption]
    return _equations(block, shapes)


def _inline(part: Inline) -> str:
    if isinstance(part, str):
        return part
    if isinstance(part, Letters):
        return part.of
    if isinstance(part.of, Form):
        return text(part.of)
    return str(part.of) if isinstance(part.of, Dim) else show(part.of)


def _prose(block: Prose) -> list[str]:
    # A formula is one word: it is not broken.
    words = "".join(_inline(p) if isinstance(p, str) else _inline(p).replace(" ", "\u00a0") for p in block.parts)
    indent = " " * _INDENT
    lines = textwrap.wrap(words, WIDTH, initial_indent=indent, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)
    return [line.replace("\u00a0", " ") for line in lines]


def columns(line: str) -> int:
    """How many columns a line takes: an accent that combines takes none.

    >>> columns("h\u0303 = 1")
    5
    """
    return sum(not unicodedata.combining(c) for c in line)


def _padded(cell: str, width: int) -> str:
    return cell + " " * (width - columns(cell))


def _table(block: Table) -> list[str]:
    rows = [tuple(block.head), *(tuple("".join(map(_inline, cell)) for cell in row) for row in block.rows)]
    widths = [max(columns(row[i]) for row in rows) for i in range(len(block.head))]
    lines = [" " * _INDENT + "   ".join(_padded(cell, w) for cell, w in zip(row, widths, strict=True)) for row in rows]
    return [lines[0], " " * _INDENT + "   ".join("─" * w for w in widths), *lines[1:]]


# ── equations ────────────────────────────────────────────────────────────────────────────────────────────────────────


def _equations(block: Equations, shapes: bool) -> list[str]:
    margin = max(len(f"({step.number})") for step in block.steps)
    out: list[str] = []
    for step in block.steps:
        out += _step(step, margin, shapes)
    return out


def _step(step: Step, margin: int, shapes: bool) -> list[str]:
    number = f"({step.number})".rjust(margin + _INDENT)
    left = written(step.terms[0], shapes)
    rights = [_lines_of(term, WIDTH - len(number) - columns(left) - 5, shapes) for term in step.terms[1:]]
    lines: list[str] = []
    for k, right in enumerate(rights):
        # A formula begins on the line of its sign; a matrix has the sign at its middle.
        at = (len(right) - 1) // 2 if isinstance(step.terms[k + 1], Value) else 0
        for i, piece in enumerate(right):
            opens = k == 0 and i == at
            head, name = (number, left) if opens else (" " * len(number), " " * columns(left))
            lines.append(f"{head} {name}{' = ' if i == at else '   '}{piece}")
    if step.shape is not None:
        note = show(step.shape) + (f",  {step.span}" if step.span else "")
    else:
        note = f"for {step.span}" if step.span else ""
    if step.kind in ("definition", "value"):
        return _beside(lines, note if step.kind == "definition" else "")
    rule = step.rule + (f", {_references(step.uses)}" if step.uses else "")
    return _beside(lines, "  ".join(part for part in (note, f"[{rule}]") if part))


def _references(uses: tuple[int, ...]) -> str:
    shown = [f"({n})" for n in uses]
    return " ".join(shown) if len(shown) <= 4 else f"{shown[0]}–{shown[-1]}"


def _beside(lines: list[str], note: str) -> list[str]:
    """A note at the right margin: behind the last line where it fits, else below."""
    if not note:
        return lines
    room = WIDTH - columns(lines[-1]) - columns(note)
    if room >= 2:
        return [*lines[:-1], lines[-1] + " " * room + note]
    return [*lines, " " * (WIDTH - columns(note)) + note]


def _lines_of(term: Term, width: int, shapes: bool) -> list[str]:
    return grid(term) if isinstance(term, Value) else broken(written(term, shapes), max(width, 30))


def written(term: Term, shapes: bool = False) -> str:
    """A term in one line."""
    if isinstance(term, Form):
        return text(term, shapes)
    if isinstance(term, Value):
        return "; ".join(grid(term))
    of, wrt = names.text(term.of), names.text(term.wrt)
    links = [f"∂⁺{of}/∂{wrt}" if u == term.of else f"∂{of}/∂{names.text(u)} · ∂{names.text(u)}/∂{wrt}" for u in term.through]
    return f"{summed(term.span)} {links[0]}" if term.span else " + ".join(links)


def summed(span: Span) -> str:
    """The sign of a sum over a span: `Σ[t=1..T−1]`."""
    return f"Σ[{span.letter}={span.first}..{span.last}]".replace("-", "−")


def broken(line: str, width: int) -> list[str]:
    """A formula over several lines, broken before an operator at the outermost level that is near enough the margin.

    >>> broken("alpha b + c d (e + f)", 16)
    ['alpha b', '+ c d (e + f)']
    """
    lines = []
    while len(line) > width:
        depth, best = 0, None
        for i, char in enumerate(line[: width + 1]):
            depth += (char in "([") - (char in ")]")
            if char == " " and i > 4:
                after = line[i + 1 : i + 3]
                grade = (depth, 0 if after in ("+ ", "− ", "· ") else 1 if after == "⊙ " else 2)
                if line[i - 1] not in "+−⊙·=" and (best is None or grade <= best[0]):
                    best = (grade, i)
        if best is None:
            break
        lines.append(line[: best[1]])
        line = line[best[1] + 1 :]
    return [*lines, line]


def entry(x: Any) -> str:
    """A number as people write it: exact, or to six digits.

    >>> from fractions import Fraction
    >>> entry(Fraction(-1, 2)), entry(-7), entry(0.1 + 0.2)
    ('−1/2', '−7', '0.3')
    """
    shown = f"{x:.6g}" if isinstance(x, float) else str(x)
    return shown.replace("-", "−")


def grid(value: Value) -> list[str]:
    """A matrix in brackets over several lines.

    >>> print("\\n".join(grid(Value(((1, -7), (18, 0))))))
    ⎡ 1  −7⎤
    ⎣18   0⎦
    """
    cells = [[entry(x) for x in row] for row in value.rows]
    widths = [max(len(row[j]) for row in cells) for j in range(len(cells[0]))]
    rows = ["  ".join(cell.rjust(w) for cell, w in zip(row, widths, strict=True)) for row in cells]
    if len(rows) == 1:
        return [rows[0] if len(cells[0]) == 1 else f"[{rows[0]}]"]
    left = ["⎡", *["⎢"] * (len(rows) - 2), "⎣"]
    right = ["⎤", *["⎥"] * (len(rows) - 2), "⎦"]
    return [f"{a}{row}{b}" for a, row, b in zip(left, rows, right, strict=True)]


# ── pictures ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def _picture(picture: Picture) -> list[str]:
    lines = _layer(picture) if picture.kind == "layer" else _graph(picture)
    return [*lines, *([" " * _INDENT + f"not drawn: {picture.omitted}"] if picture.omitted else [])]


def _layer(picture: Picture) -> list[str]:
    """Rows are the layer's outputs, columns its inputs: ● a connection, · a dropped one."""
    targets = [i for i, node in enumerate(picture.nodes) if node.x > 0]
    sources = [i for i, node in enumerate(picture.nodes) if node.x == 0]
    marks = {(link.end, link.start): "·" if link.faint else "●" for link in picture.links}
    labels = [picture.nodes[j].label.text for j in sources]
    side = max(columns(picture.nodes[i].label.text) for i in targets)
    lines = [" " * (side + 4) + "  ".join(labels)]
    for i in targets:
        row = [marks.get((i, j), "⋯").center(columns(label)) for j, label in zip(sources, labels, strict=True)]
        lines.append(f"  {_padded(picture.nodes[i].label.text, side)}  " + "  ".join(row))
    return lines


def _graph(picture: Picture) -> list[str]:
    """The longest path on one line, then every other arrow, grouped by where it starts."""
    after: dict[int, list[int]] = {}
    for k, link in enumerate(picture.links):
        after.setdefault(link.start, []).append(k)
    best: dict[int, list[int]] = {}
    for i in reversed(range(len(picture.nodes))):
        options = [[k, *best.get(picture.links[k].end, [])] for k in after.get(i, [])]
        best[i] = max(options, key=len, default=[])
    path = max(best.values(), key=len, default=[])
    drawn = set(path)
    out = _chain(picture, path)
    for start in dict.fromkeys(link.start for link in picture.links):
        for k in after[start]:
            if k not in drawn:
                out += _chain(picture, [k])
    return out


def _chain(picture: Picture, path: list[int]) -> list[str]:
    if not path:
        return []
    pieces = [picture.nodes[picture.links[path[0]].start].label.text]
    for k in path:
        link = picture.links[k]
        pieces.append(f" ─{link.label.text if link.label else '─'}─▶ {picture.nodes[link.end].label.text}")
    lines, current = [], " " * _INDENT
    for piece in pieces:
        if len(current) + len(piece) > WIDTH:
            lines.append(current)
            current = " " * (2 * _INDENT)
        current += piece
    return [*lines, current]
