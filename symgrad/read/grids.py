r"""Matrices drawn over several lines of plain text, one row in brackets on each.

    W = [ 0.5   1 ]     b = [ 1 ]          [ 1·2   3 ]   [ 2  3 ]
        [ 2    -1 ]         [ 0 ]   and    [ 0     4 ] = [ 0  4 ]

Rows belong together where their brackets stand below each other. What a matrix is called stands before it, on any of its lines, or on
the line above, which then ends with `=`, `←` or a colon.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from symgrad import syntax as sx
from symgrad.read import vocabulary as voc
from symgrad.read.latex import parse
from symgrad.read.lexer import Macros
from symgrad.span import Source, Span
from symgrad.syntax import Node

# In round brackets only numbers: others are the arguments of functions.
_ROW = re.compile(r"[\[⎡⎢⎣]([^\[\]⎡⎢⎣⎤⎥⎦\n]*)[\]⎤⎥⎦]|[(⎛⎜⎝]([-−+\d./ ]*)[)⎞⎟⎠]")
_APART = 2  # how far brackets of one matrix may be from standing right below each other
_HEAD = re.compile(r"([^\s,;][^,;\n]*?)\s*(=|←|:=|<-|≈)\s*$")
_ABOVE = re.compile(r"(\S[^\n]*?)\s*(=|←|:=|<-|:)\s*$")
_RELATION = re.compile(r"\s*(=|≈)\s*")
_SIGNS = {"<-": "gets", ":": "=", "≈": "approx", "←": "gets"}


@dataclass(frozen=True)
class Grid:
    """A statement that is made of drawn matrices, and all the places that it takes up."""

    node: Node
    taken: tuple[Span, ...]


@dataclass(frozen=True)
class _Line:
    start: int
    end: int
    rows: tuple[re.Match[str], ...]


def grids(source: Source, text: str, macros: Macros) -> Iterator[Grid]:
    """The statements about drawn matrices in a text that has the places of the source."""
    lines = [_Line(m.start(), m.end(), tuple(_ROW.finditer(text, m.start(), m.end()))) for m in re.finditer(r"[^\n]+|(?<=\n)(?=\n)", text)]
    i = 0
    while i < len(lines):
        stop = i + 1
        while stop < len(lines) and _goes_on(text, lines[i], lines[stop]):
            stop += 1
        if lines[i].rows and stop > i + 1:
            yield from _read(source, text, macros, lines[i:stop], lines[:i])
        i = stop


def _goes_on(text: str, first: _Line, line: _Line) -> bool:
    """Whether a line has a further row of every matrix of the first, and names nothing that begins anew."""
    if not first.rows or len(first.rows) != len(line.rows):
        return False
    below = all(abs((a.start() - first.start) - (b.start() - line.start)) <= _APART for a, b in zip(first.rows, line.rows, strict=True))
    named = [_HEAD.search(text, one.start, one.rows[0].start()) for one in (first, line)]
    return below and not all(named)


def _read(source: Source, text: str, macros: Macros, lines: list[_Line], before: list[_Line]) -> Iterator[Grid]:
    """The statements of one block of lines, from left to right; none where a cell or what stands between matrices is not read."""
    shown = Source(text, source.name)
    sides: list[Node] = []
    operators: list[str] = []
    taken: list[Span] = []
    made: list[Grid] = []

    def finish() -> None:
        if len(sides) > 1:
            whole = sides[0].span.to(sides[-1].span)
            made.append(Grid(sx.Relation(whole, tuple(sides), tuple(operators)), tuple(taken)))
        sides.clear()
        operators.clear()
        taken.clear()

    for k in range(len(lines[0].rows)):
        matrix = _matrix(shown, macros, [line.rows[k] for line in lines])
        if matrix is None:
            return
        gaps = [Span(line.rows[k - 1].end() if k else line.start, line.rows[k].start()) for line in lines]
        said = [gap for gap in gaps if text[gap.start : gap.end].strip()]
        if len(said) > 1:
            return
        sign = _RELATION.fullmatch(text, said[0].start, said[0].end) if said and k else None
        if sign is not None and sides:
            operators.append(_SIGNS.get(sign[1], "="))
        else:
            head = _headed(shown, text, macros, said[0] if said else None) if said or k else _above(shown, text, macros, before)
            if head is None and (said or k):
                return
            finish()
            if head is not None:
                sides += head[0]
                operators += head[1]
                taken.append(head[2])
        sides.append(matrix)
        taken += [Span(*line.rows[k].span()) for line in lines]
        taken += said
    finish()
    yield from made


def _matrix(source: Source, macros: Macros, rows: list[re.Match[str]]) -> Node | None:
    """The matrix of these rows; None where they are not equally long, or a cell is not read."""
    cells = []
    for row in rows:
        inside, start = row[row.lastindex or 0], row.start(row.lastindex or 0)
        wide = list(re.finditer(r"\S+(?: \S+)*", inside))
        narrow = list(re.finditer(r"[^\s,]+", inside)) if "," not in inside else list(re.finditer(r"[^,]*[^\s,]", inside))
        found = narrow if all(re.fullmatch(r"\s*[-−+]?[\w./]+", cell[0]) for cell in narrow) else wide
        places = [Span(start + cell.end() - len(cell[0].lstrip()), start + cell.end()) for cell in found]
        cells.append([_one(source, place, macros) for place in places])
    if len({len(row) for row in cells}) != 1 or not cells[0] or any(cell is None for row in cells for cell in row):
        return None
    span = Span(rows[0].start(), rows[-1].end())
    return sx.Matrix(span, tuple(tuple(cell for cell in row if cell is not None) for row in cells))


def _one(source: Source, span: Span, macros: Macros) -> Node | None:
    """The expression in a place."""
    nodes = parse(source, span, macros)
    return nodes[0] if len(nodes) == 1 and not any(isinstance(n, (sx.Unread, sx.Blank)) for n in sx.walk(nodes[0])) else None


Headed = tuple[list[Node], list[str], Span]


def _headed(source: Source, text: str, macros: Macros, gap: Span | None) -> Headed | None:
    """What stands before a matrix on its lines: sides of an equation, and the sign behind each."""
    found = None if gap is None else _HEAD.search(text, gap.start, gap.end)
    return None if found is None or text[gap.start : found.start()].strip() else _sides(source, macros, found)  # type: ignore[union-attr]


def _above(source: Source, text: str, macros: Macros, before: list[_Line]) -> Headed | None:
    """What the last line above says of a matrix that stands alone: `W ←`, `dL/dW = d hᵀ:`."""
    line = next((line for line in reversed(before[-2:]) if text[line.start : line.end].strip()), None)
    found = None if line is None else _ABOVE.match(text, line.start + len(_lead(text, line)), line.end)
    return None if found is None or _words(found[1]) else _sides(source, macros, found)


def _lead(text: str, line: _Line) -> str:
    """The mark of a list and the space that a line begins with."""
    found = re.compile(r"[ \t]*(?:[-*+]|\d+[.)]|\([a-z]\))?[ \t]*").match(text, line.start, line.end)
    return found[0] if found else ""


def _words(written: str) -> bool:
    return any(word not in voc.FUNCTIONS and word not in voc.WORDS for word in re.findall(r"[A-Za-z]{3,}", written))


def _sides(source: Source, macros: Macros, found: re.Match[str]) -> Headed | None:
    node = _one(source, Span(*found.span(1)), macros)
    if node is None or _words(found[1]):
        return None
    last, taken = _SIGNS.get(found[2], "="), Span(*found.span())
    return ([*node.sides], [*node.operators, last], taken) if isinstance(node, sx.Relation) else ([node], [last], taken)
