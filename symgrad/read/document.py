r"""Documents → statements with their places and the words around them.

Markdown (`$…$`, `$$…$$`, `\(…\)`, `\[…\]`, fenced math, bare environments) and LaTeX. Code, comments, figures, and tables but for rows of
equations are passed over. Mathematics that is never closed is unread to the end of its paragraph, and reading goes on after it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from symgrad import syntax as sx
from symgrad.allowance import Allowance
from symgrad.read import vocabulary as voc
from symgrad.read.grids import Grid, grids
from symgrad.read.latex import parse
from symgrad.read.lexer import Macro
from symgrad.read.plain import equations, is_typed
from symgrad.span import Source, Span
from symgrad.syntax import Node

_MOST_STATEMENTS = 20_000


@dataclass(frozen=True)
class Statement:
    """One statement: its tree, its place, the piece of mathematics it is from, and the words around it."""

    node: Node
    span: Span
    block: int
    display: bool
    words: str = ""
    words_after: str = ""
    label: str = ""
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Apart:
    """A statement that says nothing of the rest of the sheet, and what became of it by itself, at how many points."""

    span: Span
    verdict: str
    reason: str = ""
    cause: str = ""
    suggestion: str = ""
    points: int = 0


@dataclass
class Sheet:
    """A document read: its statements in order, and where a heading or the number of a problem stands."""

    source: Source
    statements: list[Statement] = field(default_factory=list)
    headings: list[int] = field(default_factory=list)
    arguments: dict[str, tuple[str, ...]] = field(default_factory=dict)
    scalars: Mapping[str, frozenset[int]] = field(default_factory=dict)  # arguments that are numbers, and under which headings
    one_hot: frozenset[str] = frozenset()  # vectors made for the labels of classes
    rows: frozenset[str] = frozenset()  # the p that is one row of P by itself, and not the family of its rows
    macros: dict[str, Macro] = field(default_factory=dict)
    allowance: Allowance = field(default_factory=Allowance)
    code: Span | None = None  # the first block of code that computes something
    apart: tuple[Apart, ...] = ()  # what was judged by itself, and is none of the statements any more
    sequences: frozenset[frozenset[str]] = frozenset()  # names of the same thing at every time step


@dataclass(frozen=True)
class Piece:
    """A stretch of mathematics: its inside, whether it is closed, what it says where that is known, and whether it is typed as text."""

    inside: Span
    outside: Span
    display: bool
    closed: bool = True
    node: Node | None = None
    typed: bool = False


def read_document(source: Source) -> Sheet:
    """The statements of a sheet, in the order they stand in.

    >>> sheet = read_document(Source("Let $x = 1$.\\n\\n$$y = 2x$$\\n", "a.md"))
    >>> [source.slice(s.span) for source in [sheet.source] for s in sheet.statements]
    ['x = 1', 'y = 2x']
    """
    sheet = Sheet(source, macros=definitions(source))
    sheet.code = _code(source)
    masked = _masked(source.text, is_latex(source))
    drawn, masked = _without_grids(source, masked, sheet.macros)
    shown = replace(source, text=masked)
    pieces = _all_pieces(masked, is_latex(source))
    pieces = pieces if is_latex(source) else list(_with_heads(masked, pieces))
    pieces = sorted([*pieces, *(Piece(g.node.span, g.node.span, True, node=g.node) for g in drawn)], key=lambda p: p.outside.start)
    sheet.headings = [match.start() for match in _PART.finditer(masked)]
    for block, piece in enumerate(pieces):
        before = pieces[block - 1].outside.end if block else 0
        after = pieces[block + 1].outside.start if block + 1 < len(pieces) else len(masked)
        words = _words(masked[before : piece.outside.start])
        words_after = _words(masked[piece.outside.end : after], first=True)
        if piece.node is not None:
            sheet.statements.append(Statement(piece.node, piece.node.span, block, True, words, words_after))
            continue
        if not piece.closed:
            node: Node = sx.Unread(piece.outside, "mathematics that is opened and never closed")
            sheet.statements.append(Statement(node, piece.outside, block, piece.display, words, words_after))
            continue
        for node in parse(_within(shown, piece), piece.inside, sheet.macros, piece.typed):
            span = _span_of(source, node, piece.inside)
            remarks = tuple(re.findall(r"\\text(?:rm|bf|it)?\{([^{}]*)\}", source.slice(piece.inside)))
            sheet.statements.append(Statement(node, span, block, piece.display, words, words_after, "", remarks))
            if len(sheet.statements) > _MOST_STATEMENTS:
                raise sx.Unreadable(span, f"{source.name}: more than {_MOST_STATEMENTS} statements")
    return sheet


def is_latex(source: Source) -> bool:
    """Whether the sheet is LaTeX; it is Markdown otherwise."""
    text = source.text
    return source.name.endswith((".tex", ".ltx", ".latex")) or "\\begin{document}" in text or "\\documentclass" in text


def definitions(source: Source) -> dict[str, Macro]:
    """The commands that the author defined."""
    return dict(_definitions(source.text))


def mathematics(source: Source) -> list[Piece]:
    """Where mathematics stands in a sheet, in order, also what is passed over in tables."""
    found = is_latex(source)
    return _all_pieces(_masked(source.text, found, tables=False), found)


def visible(source: Source) -> str:
    """What a reader sees, every character in its place: without the author's definitions, of LaTeX without preamble and comments."""
    return _masked(source.text, True) if is_latex(source) else _without_definitions(source.text)


def legible(source: Source) -> str:
    """The text with its tables and without code and comments, every character in its place."""
    return _masked(source.text, is_latex(source), tables=False)


def told_in_code(source: Source) -> str:
    """As `legible`, with what stands between backticks: a layer may be told as the call that makes it."""
    if is_latex(source):
        return legible(source)
    held = legible(source)
    for code in _INLINE_CODE.finditer(_FENCE.sub(lambda m: _blank(m[0]), source.text)):
        held = held[: code.start(2)] + code[2] + held[code.end(2) :]
    return held


def prose(source: Source) -> str:
    """The words of a sheet, every character in its place, with all its mathematics blank."""
    is_tex = is_latex(source)
    _, text = _without_grids(source, _masked(source.text, is_tex), definitions(source))
    for piece in _all_pieces(text, is_tex):
        text = text[: piece.outside.start] + _blank(source.slice(piece.outside)) + text[piece.outside.end :]
    return text


def _without_grids(source: Source, masked: str, macros: Mapping[str, Macro]) -> tuple[list[Grid], str]:
    """What the drawn matrices of a sheet say, and the text with them blank."""
    drawn = [] if is_latex(source) else list(grids(source, masked, macros))
    for place in (place for grid in drawn for place in grid.taken):
        masked = masked[: place.start] + _blank(masked[place.start : place.end]) + masked[place.end :]
    return drawn, masked


def _blank(text: str) -> str:
    return re.sub(r"[^\n]", " ", text)


def _all_pieces(masked: str, is_tex: bool) -> list[Piece]:
    pieces = list(_pieces(masked, is_tex))
    if not is_tex:
        quoted = [
            p for p in _quoted(masked) if not any(q.outside.start < p.outside.end and p.outside.start < q.outside.end for q in pieces)
        ]
        pieces = sorted([*pieces, *quoted], key=lambda p: p.outside.start)
        pieces = sorted(
            [*pieces, *(Piece(span, span, display, typed=True) for span, display in equations(masked, [p.outside for p in pieces]))],
            key=lambda p: p.outside.start,
        )
    return pieces


# `X = $\begin{bmatrix} 1 & 2 \end{bmatrix}$`: the name stands before the dollar; a word there (`bias = $2 d$`) is none.
_HEAD = re.compile(r"(?<![^\s(,;:])(?:d?[A-Za-z]_?\d{0,2}'?|[Α-Ωα-ωŶŷẐẑℓ]) ?= ?$")


def _with_heads(text: str, pieces: list[Piece]) -> Iterator[Piece]:
    """The pieces, each with the name and the sign that stand right before its dollar."""
    end = 0
    for piece in pieces:
        head = _HEAD.search(text, end, piece.outside.start) if text[piece.outside.start] == "$" else None
        start = piece.inside.start if head is None else head.start()
        end = piece.outside.end
        yield piece if head is None else replace(piece, inside=Span(start, piece.inside.end), outside=Span(start, end))


def _within(source: Source, piece: Piece) -> Source:
    """The text in which a piece is read: a dollar behind its head is blank."""
    if piece.inside.start > piece.outside.start:
        return source
    inside = source.slice(piece.inside)
    return replace(source, text=source.text[: piece.inside.start] + inside.replace("$", " ") + source.text[piece.inside.end :])


def _span_of(source: Source, node: Node, inside: Span) -> Span:
    """The place of a statement, within its piece of mathematics."""
    spans = [n.span for n in sx.walk(node) if inside.start <= n.span.start and n.span.end <= inside.end]
    if not spans:
        return inside
    start, end = min(s.start for s in spans), max(s.end for s in spans)
    if isinstance(node, sx.Relation) and isinstance(node.sides[0], sx.Blank):
        # The sign that the row begins with belongs to it.
        lead = source.text.rfind("=", inside.start, start)
        start = lead if lead >= 0 and not source.text[lead + 1 : start].strip(" &\n\t{}_\\") else start
    return Span(start, end)


# ── what is not mathematics ──────────────────────────────────────────────────────────────────────────────────────────

# A fence with what it says of its language, up to the fence that closes it.
_FENCE = re.compile(r"^(```+|~~~+)([^\n]*)\n(.*?)(?:^\1[ \t]*$|\Z)", re.MULTILINE | re.DOTALL)
_OF_MATHEMATICS = re.compile(r"\s*\{?\.?(?:math|latex|tex|katex)\b")
_ASSIGNMENT = re.compile(r"^[ \t]*([A-Za-z_][\w.\[\]]*[ \t]*[-+*/@]?=(?!=)[^\n]*\S)", re.MULTILINE)
_INLINE_CODE = re.compile(r"(?<!`)(`+)(?!`)([^`\n]*)\1(?!`)")
# With an attribute in quotes; `<a>` and `<sub>` may be mathematics, which is never left out in silence.
_HTML_TAG = re.compile(r"<[A-Za-z][\w-]*\s[^<>$]*=\s*[\"'][^<>$]*>")
_QUOTED_LINES = re.compile(r"(?:^[ \t]*>[^\n]*\n?)+", re.MULTILINE)
_COLOUR = re.compile(r"\\definecolor(?:\{[^{}]*\}){3}")
_HTML_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
# The line below the head of a table.
_RULE = re.compile(r"^[ \t]*\|(?:[ \t:-]*-[ \t:-]*\|)+[ \t]*$", re.MULTILINE)
_BAR = re.compile(r"(?<!\\)\|")
# A cell that is an equation in letters.
_EQUATION = re.compile(r"\s*\$[^$=]+=[^$]*[A-Za-z][^$]*\$\s*")
_TABLE_ROW = re.compile(r"^[ \t]*\|.*\|[ \t]*$", re.MULTILINE)
_TEX_COMMENT = re.compile(r"(?<!\\)((?:\\\\)*)(%[^\n]*)")
_TEX_CODE = re.compile(r"\\begin\{(verbatim|lstlisting|minted)\*?\}([^\n]*)\n(.*?)\\end\{\1\*?\}", re.DOTALL)
_TEX_SKIPPED = re.compile(r"\\begin\{(verbatim|lstlisting|tikzpicture|minted|comment)\*?\}.*?\\end\{\1\*?\}", re.DOTALL)
_TEX_TABLE = re.compile(r"\\begin\{(tabular[x*]?)\}.*?\\end\{\1\}", re.DOTALL)


def _code(source: Source) -> Span | None:
    """The first line of the first block of code with an assignment in it."""
    for block in (_TEX_CODE if is_latex(source) else _FENCE).finditer(source.text):
        line = _ASSIGNMENT.search(source.text, block.start(3), block.end(3))
        if line is not None and not _OF_MATHEMATICS.match(block[2]):
            return Span(*line.span(1))
    return None


def _masked(text: str, is_tex: bool, tables: bool = True) -> str:
    """The text with what is passed over made blank, every character in its place; `tables` are passed over or not."""

    def blank(match: re.Match[str]) -> str:
        return re.sub(r"[^\n]", " ", match[0])

    if is_tex:
        text = _TEX_COMMENT.sub(lambda m: m[1] + " " * len(m[2]), text)
        start = text.find("\\begin{document}")
        if start >= 0:
            text = re.sub(r"[^\n]", " ", text[:start]) + text[start:]
        text = _TEX_SKIPPED.sub(blank, text)
        text = _TEX_TABLE.sub(blank, text) if tables else text
    else:
        text = _HTML_COMMENT.sub(blank, text)
        text = _HTML_TAG.sub(blank, text)
        text = _QUOTED_LINES.sub(lambda m: re.sub(r"(?m)^[ \t]*>", blank, m[0]) if _quotes_mathematics(m[0]) else m[0], text)
        text = _FENCE.sub(lambda m: m[0] if _OF_MATHEMATICS.match(m[2]) else blank(m), text)
        text = _without_tables(text) if tables else text
        text = _INLINE_CODE.sub(lambda m: m[0] if is_typed(m[2]) else blank(m), text)
    return _without_definitions(text)


def _without_tables(text: str) -> str:
    r"""The text without its tables but for rows of equations, `| BP1 | $\delta^L = \nabla_a C \odot \sigma'(z^L)$ |`.

    Where two begin alike they are cases, one for each row, and no line of a derivation.
    """
    rows = {row.start(): [cell for cell in _BAR.split(row[0]) if "$" in cell] for row in _TABLE_ROW.finditer(text)}
    rows = {start: cells for start, cells in rows.items() if cells and all(map(_EQUATION.fullmatch, cells))}
    begun = [cell.partition("=")[0].strip() for cells in rows.values() for cell in cells]
    kept = rows if _RULE.search(text) and len(begun) == len({*begun}) else {}

    def equations(row: re.Match[str]) -> str:
        if row.start() not in kept:
            return _blank(row[0])
        return " ".join(cell if "$" in cell else _blank(cell) for cell in _BAR.split(row[0]))

    return _TABLE_ROW.sub(equations, text)


def _quotes_mathematics(lines: str) -> bool:
    r"""Whether lines that begin with `>` hold mathematics whole; else the sign may be one of a display that they stand in."""
    displays, inline = lines.count("$$"), lines.replace("$$", "").count("$")
    return ("$" in lines or "\\[" in lines) and not displays % 2 and not inline % 2


def _without_definitions(text: str) -> str:
    """The text with the author's own commands blank where they are defined."""
    for match in reversed(list(_DEFINITION.finditer(text))):
        end = _closing(text, match.end())
        if end is not None:
            text = text[: match.start()] + _blank(text[match.start() : end + 1]) + text[end + 1 :]
    return _COLOUR.sub(lambda m: _blank(m[0]), text)


_DEFINITION = re.compile(
    r"\\(?:(?:re)?newcommand|providecommand)\*?\s*\{?\s*(\\[A-Za-z]+)\s*\}?\s*(?:\[(\d)\])?\s*(?:\[[^\]]*\])?\s*(?=\{)"
    r"|\\DeclareMathOperator\*?\s*\{?\s*(\\[A-Za-z]+)\s*\}?\s*(?=\{)"
    r"|\\def\s*(\\[A-Za-z]+)((?:#\d)*)\s*(?=\{)"
)


def _definitions(text: str) -> Iterator[tuple[str, Macro]]:
    r"""The author's own commands: `\newcommand`, `\def`, `\DeclareMathOperator`."""
    for match in _DEFINITION.finditer(text):
        end = _closing(text, match.end())
        if end is None:
            continue
        body = text[match.end() + 1 : end]
        if match[1]:
            yield match[1], Macro(int(match[2] or 0), body)
        elif match[3]:
            yield match[3], Macro(0, rf"\operatorname{{{body}}}")
        elif match[4]:
            yield match[4], Macro(len(match[5]) // 2, body)


def _closing(text: str, start: int, limit: int = 4000) -> int | None:
    """The place of the brace that closes the one at `start`."""
    level = 0
    for i in range(start, min(len(text), start + limit)):
        if text[i] == "\\":
            continue
        if text[i] in "{}" and text[i - 1] != "\\":
            level += 1 if text[i] == "{" else -1
            if level == 0:
                return i
    return None


# ── where mathematics stands ─────────────────────────────────────────────────────────────────────────────────────────

_DISPLAYS = "|".join(re.escape(name) for name in sorted(voc.DISPLAYS, key=len, reverse=True))
_OPENING = re.compile(rf"(?<!\\)\$\$|(?<![\\$])\$|\\\[|\\\(|\\begin\{{({_DISPLAYS})\}}")
# Some processors of Markdown want the backslash doubled: `\\\\( x \\\\)`.
_OPENING_IN_MARKDOWN = re.compile(r"\\\\\(|\\\\\[|" + _OPENING.pattern)
_COLUMNS = re.compile(r"\s*\{\d+\}")  # `\begin{alignat}{2}`
_CLOSES = str.maketrans("([", ")]")
_PARAGRAPH = re.compile(r"\n[ \t]*\n")
_MONEY = re.compile(r"\$\d[\d.,]*(?=[\s.,;:)]|$)")


def _quoted(text: str) -> Iterator[Piece]:
    """Equations between backticks; what else stood there is blank already."""
    for match in _INLINE_CODE.finditer(text):
        if is_typed(match[2]) and not match[2].startswith("$"):
            yield Piece(Span(match.start(2), match.end(2)), Span(match.start(), match.end()), False, typed=True)


def _pieces(text: str, is_tex: bool) -> Iterator[Piece]:
    i = 0
    opens = _OPENING if is_tex else _OPENING_IN_MARKDOWN
    fences = [(m.start(), m.end(), m.start(3), m.end(3)) for m in _FENCE.finditer(text)]
    while match := opens.search(text, i):
        while fences and fences[0][1] <= match.start():
            start, end, first, last = fences.pop(0)
            yield Piece(Span(first, last), Span(start, end), True)
        if fences and fences[0][0] <= match.start():
            start, end, first, last = fences.pop(0)
            yield Piece(Span(first, last), Span(start, end), True)
            i = end
            continue
        opening = match[0]
        if match[1]:
            closing = f"\\end{{{match[1]}}}"
            end = text.find(closing, match.end())
            columns = _COLUMNS.match(text, match.end(), end) if match[1].startswith("alignat") else None
            inside = Span(columns.end() if columns else match.end(), end)
        else:
            closing = opening.translate(_CLOSES)
            end = _close(text, match.end(), closing)
            inside = Span(match.end(), end)
        is_money = end < 0 and not _opens_mathematics(text, match.end())
        if opening == "$" and (is_money or _MONEY.match(text, match.start())) and not _looks_closed(text, match.start(), end):
            i = match.end()
            continue
        if end < 0:
            stop = _PARAGRAPH.search(text, match.end())
            end = stop.start() if stop else len(text)
            yield Piece(Span(match.end(), end), Span(match.start(), end), opening != "$", False)
            i = end
            continue
        yield Piece(inside, Span(match.start(), end + len(closing)), opening not in ("$", "\\(", "\\\\("))
        i = end + len(closing)
    for start, end, first, last in fences:
        yield Piece(Span(first, last), Span(start, end), True)


def _close(text: str, start: int, closing: str) -> int:
    """Where mathematics is closed: inline mathematics before the paragraph ends, a display after at most one blank line."""
    i = start
    while True:
        i = text.find(closing, i)
        if i < 0:
            return -1
        if text[i - 1] == "\\" and closing.startswith("$"):
            i += 1
            continue
        gap = _PARAGRAPH.search(text, start, i)
        if gap and closing in ("$", "\\)", "\\\\)"):
            return -1
        is_environment = text[start:i].lstrip().startswith("\\begin{") and text[start:i].rstrip().endswith("}")
        if closing == "$$" and gap and text[start:i].strip() and not is_environment and _PARAGRAPH.search(text, gap.end(), i):
            return -1
        return i


def _opens_mathematics(text: str, start: int) -> bool:
    """Whether mathematics follows a dollar that nothing closes, and no price."""
    stop = _PARAGRAPH.search(text, start)
    rest = text[start : stop.start() if stop else len(text)]
    return not re.match(r"\d", rest) and re.search(r"[\\=^_]", rest) is not None


def _looks_closed(text: str, start: int, end: int) -> bool:
    """`$5 and $6` is money; `$2 \\cdot d$` is not."""
    if end < 0:
        return False
    inside = text[start + 1 : end]
    return bool(inside.strip()) and not (inside[-1:].isspace() and re.match(r"\d", inside) and not re.search(r"[\\=^_{}+*<>]", inside))


# What begins a part of a sheet: a heading, the number of a problem, also where it stands inside a display.
_PART = re.compile(
    r"^(?:#{1,6}[ \t]"
    r"|[ \t*_]*(?i:problem|question|exercise|example|task|part|section|q)[ .]*(?:\d+|[IVX]+)\b"
    r"|[ \t*_]*\d+[.)](?:[ \t*_]|$)"
    r"|\*\*[^*\n]{2,60}\*\*"
    r"|[ \t]*(?:\\(?:(?:small|med|big)skip|noindent|par|newpage|clearpage)\b[ \t]*)*\\textbf\{[^{}\n]{2,60}\}"
    r"|[ \t]*\\(?:sub)*(?:section|paragraph)\*?\{"
    r"|[ \t]*\\begin\{(?:problem|exercise|question|example|solution)\}"
    r"|[ \t]*(?:\$\$|\\\[)\s*\d+\.)",
    re.MULTILINE,
)

_HEADING = re.compile(r"[#*>`_]+")


def _words(text: str, first: bool = False) -> str:
    """The words beside a piece of mathematics, of the same paragraph."""
    parts = _PARAGRAPH.split(text)
    part = parts[0] if first else parts[-1]
    return " ".join(_HEADING.sub(" ", part).split())[:400]
