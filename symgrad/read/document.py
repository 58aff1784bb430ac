r"""Documents → statements with their places and the words around them.

Markdown (`$…$`, `$$…$$`, `\(…\)`, `\[…\]`, fenced math, bare environments) and LaTeX. Code, comments, tables and figures are passed
over. Mathematics that is never closed is unread to the end of its paragraph, and reading goes on after it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import accumulate

from symgrad import syntax as sx
from symgrad.allowance import Allowance
from symgrad.read import vocabulary as voc
from symgrad.read.grids import Grid, grids
from symgrad.read.latex import parse
from symgrad.read.lexer import Macro
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


@dataclass
class Sheet:
    """A document read: its statements in order, and where a heading or the number of a problem stands."""

    source: Source
    statements: list[Statement] = field(default_factory=list)
    headings: list[int] = field(default_factory=list)
    arguments: dict[str, tuple[str, ...]] = field(default_factory=dict)
    scalars: Mapping[str, frozenset[int]] = field(default_factory=dict)  # arguments that are numbers, and under which headings
    one_hot: frozenset[str] = frozenset()  # vectors made for the labels of classes
    macros: dict[str, Macro] = field(default_factory=dict)
    allowance: Allowance = field(default_factory=Allowance)
    code: Span | None = None  # the first block of code that computes something
    sequences: frozenset[frozenset[str]] = frozenset()  # names of the same thing at every time step


@dataclass(frozen=True)
class Piece:
    """A stretch of mathematics: its inside, whether it is closed, and what it says where that is known already."""

    inside: Span
    outside: Span
    display: bool
    closed: bool = True
    node: Node | None = None


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
        for node in parse(_within(shown, piece), piece.inside, sheet.macros):
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
        pieces = sorted([*pieces, *_bare(masked, pieces)], key=lambda p: p.outside.start)
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
        text = _TABLE_ROW.sub(blank, text) if tables else text
        text = _INLINE_CODE.sub(lambda m: m[0] if _is_mathematics(m[2]) else blank(m), text)
    return _without_definitions(text)


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


def _is_mathematics(code: str) -> bool:
    """Whether what stands between backticks is an equation that somebody typed."""
    if code.startswith("$") and code.endswith("$"):
        return True
    words = [w for w in _WORDLIKE.findall(code) if not _is_mathematical(w)]
    return bool(_MATHLIKE.search(code)) and not words and not re.search(r"[\[\]{}\"#:;]", code)


def _is_mathematical(word: str) -> bool:
    """Whether a word stands in formulas: a function, a quantity, a constant."""
    return word in voc.FUNCTIONS or word in voc.WORDS or word in voc.CONSTANTS


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
        if _is_mathematics(match[2]) and not match[2].startswith("$"):
            yield Piece(Span(match.start(2), match.end(2)), Span(match.start(), match.end()), False)


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


_WORDLIKE = re.compile(r"[A-Za-z]{3,}")
_MATHLIKE = re.compile(r"[=≈].*[∂∇α-ωΑ-Ω⊙∘⊗ᵀŷŶẑẐ·×−½‖√²³₀-₉ₐ-ₜᵢ-ᵪⱼ\^_*@]|[∂∇α-ωΑ-Ω⊙∘⊗ᵀŷŶẑẐ·×−½‖√²³₀-₉ₐ-ₜᵢ-ᵪⱼ\^_*@].*[=≈]")
_EQUATION = re.compile(r"[A-Za-z]\w{0,8}'?(?:\s*=\s*[^=:;,\"`]+)+")
# `y - t = -0.5328`, `h1(1-h1) = 0.2494`, `dL/dc = -0.1`: what is computed of short names.
_COMPUTED = re.compile(r"(?!.*[A-Za-z]{3})(?=.*[A-Za-z])(?:[-+\w\s().,*/^']+=)+[-+\w\s().,*/^']*\d[-+\w\s().,*/^']*")
# `number of parameters: 3*2 + 3 = 9`: arithmetic behind what it is of.
_WORKED = re.compile(r"[A-Za-z][^=:$`]{1,60}:\s+(?=[-\d(])([-+*/().\d\s^·×=≈,]*=[-+*/().\d\s^·×=≈,]*?)\.?")
# `x -> a = W x + b -> h = relu(a)`: a network, layer by layer.
_ARROW = re.compile(r"\s(?:-+>|=+>|→|⟶|⇒)\s")
# `target t = [0, 1]`, `new weights, w = …`: what is given is said before its name.
_LABEL = re.compile(r"(?:[A-Za-z][a-z]{2,} )+(?=[A-Za-zα-ω](?:_?\w)? ?=)")
_LIST_MARK = re.compile(r"[ \t]*(?:[-*+]|\d+[.)]|\([a-z]\)|[-=]+>|[⇒→∴]|\*\*[^*\n]{1,40}\*\*:?)?[ \t]+")


def _bare(text: str, pieces: list[Piece]) -> Iterator[Piece]:
    """Lines of Markdown that are equations typed without dollars: `∂L/∂W = hᵀ(ŷ − y)`."""
    taken = [(p.outside.start, p.outside.end) for p in pieces]
    at = 0
    offset = 0
    for line in text.splitlines(keepends=True):
        start, end = offset, offset + len(line.rstrip(" \t\n:"))  # `dh = W^T dz:`, which what follows is computed by
        offset += len(line)
        while at < len(taken) and taken[at][1] <= start:
            at += 1
        if at < len(taken) and taken[at][0] < end:
            continue
        lead = _LIST_MARK.match(line)
        first = start + (lead.end() if lead else 0)
        body = text[first:end]
        if len(body) > 400 or body.startswith(("#", ">", "|")):
            continue
        worked = _WORKED.fullmatch(body)
        layers = list(_between_arrows(body))
        apart = list(_apart(body))
        if worked is not None:
            apart = [(worked.start(1) + a, worked.start(1) + b) for a, b in _apart(worked[1])]
        elif len(layers) > 1:
            apart = layers
        equations = [(a, b) for a, b in apart if "=" in body[a:b]]
        is_known = worked is not None or len(layers) > 1
        are_alone = bool(equations) and (is_known or (len(apart) > 1 and all(_ALONE.fullmatch(body[a:b]) for a, b in equations)))
        is_said = (
            _MATHLIKE.search(body)
            or _EQUATION.fullmatch(body)
            or _COMPUTED.fullmatch(body)
            or any(_is_told(run[1]) for run in _TOLD.finditer(body))
        )
        if not (is_said or are_alone):
            yield from _declarations(body, first)
            continue
        if are_alone:
            spans = [Span(first + a, first + b) for a, b in equations]
            yield from (Piece(span, span, True) for span in spans)
            continue
        said = _labelled(body)
        first, body = first + said, body[said:]
        words = [w for w in _WORDLIKE.findall(body) if not _is_mathematical(w)]
        if not words:
            yield Piece(Span(first, end), Span(first, end), True)
            continue
        runs = [
            (run.start(1) + _behind_so(run[1]), run.start(1) + _before_words(run[1])) for run in _TOLD.finditer(body) if _is_told(run[1])
        ]
        told = [Span(first + a, first + b) for a, b in (_balanced(body, a, b) for a, b in runs)]
        yield from (Piece(span, span, False) for span in told)
        yield from (p for p in _declarations(body, first) if not any(p.inside.start < t.end and t.start < p.inside.end for t in told))


# Letters, numbers and brackets, and one sign of equality.
_ALONE = re.compile(r"(?!.*[A-Za-z]{3})[A-Za-zα-ω]\w{0,3}'?(?: ?= ?(?:\[[^\[\]]*\]|[^=:;$])+)+")


# `x ∈ R³`, `W1, W2 ∈ ℝ^{n×d}`, `M in {0,1}^{n×d}`; `W1 (4×3)`, `b: d×1`, `W is 2x3`.
_SCRIPT = r"(?:_\{\w+\}|_\w|[₀-₉ₐ-ₜ]+|\d)"
_SYMBOL = rf"[A-Za-zÀ-ÿα-ωΑ-ΩŵŴŷŶẑẐ][\u0300-\u036f]*{_SCRIPT}?'?"
_SETS = r"(?:[ℝR]|\{0, ?1\}|\[0, ?1\])(?:[⁰¹²³⁴-⁹ᵃ-ᶻᴬ-ᵂⁿˣ]+|\^\{[^{}\n]*\}|\^\([^()\n]*\)|\^\w+(?: ?[×x] ?\w+)*)?(?![\w^])"
_MEMBER = re.compile(rf"(?<![^\s(,;:])({_SYMBOL}(?:, ?{_SYMBOL})* ?(?:∈|\bin\b) ?{_SETS})")
_LENGTH = rf"(?:\d+|[A-Za-z]{_SCRIPT}?)"
_SIZED = re.compile(rf"(?<![^\s(,;])({_SYMBOL})(?: is |: ?| ?\(|: \()({_LENGTH} ?× ?{_LENGTH}|\d+ ?x ?\d+)(?=[\s),.;]|$)")


def _declarations(body: str, at: int) -> Iterator[Piece]:
    """What is told of names without dollars: the set that they are in, or their size."""
    for run in (*_MEMBER.finditer(body), *_SIZED.finditer(body)):
        for k in range(1, len(run.groups()) + 1):
            span = Span(at + run.start(k), at + run.end(k))
            yield Piece(span, span, False)


def _apart(body: str) -> Iterator[tuple[int, int]]:
    """Where the equations of `w = [1, 2]   (k = 2),  bias b = 0.5` stand: what is set apart, without its brackets and its label.

    Space in square brackets sets nothing apart: `[ 0.5   1 ; -1  2 ]` is a matrix.
    """
    levels = list(accumulate((c == "[") - (c == "]") for c in body))
    gaps = [(m.start(), m.end()) for m in re.finditer(r"\s{2,}|\t", body) if levels[m.start()] <= 0]
    for start, end in zip([0, *(g[1] for g in gaps)], [*(g[0] for g in gaps), len(body)], strict=True):
        end = start + len(body[start:end].rstrip(",; "))
        if start >= end:
            continue
        if body[start] + body[end - 1] in ("()", "[]") and "=" in body[start:end]:
            start, end = start + 1, end - 1
        yield start + _labelled(body[start:end]), end


def _between_arrows(body: str) -> Iterator[tuple[int, int]]:
    """Where the equations of `x -> a = W x + b -> h = relu(a), loss L = |h - y|^2` stand, if there are two of them or more."""
    arrows = list(_ARROW.finditer(body))
    levels = list(accumulate((c in "([{") - (c in ")]}") for c in body))
    cuts = sorted([*(m.span() for m in arrows), *(m.span() for m in re.finditer(r"[,;]\s+", body) if levels[m.start()] <= 0)])
    found = []
    for start, end in zip([0, *(stop for _, stop in cuts)], [*(start for start, _ in cuts), len(body)], strict=True):
        start += len(body[start:end]) - len(body[start:end].lstrip())
        start += _labelled(body[start:end])
        end = start + len(body[start:end].rstrip(" ."))
        words = [w for w in _WORDLIKE.findall(body[start:end]) if not _is_mathematical(w)]
        if _EQUATION.fullmatch(body[start:end]) and not words:
            found.append((start, end))
    if len(arrows) > 1 and len(found) > 1:
        yield from found


def _labelled(body: str) -> int:
    """Where an equation begins behind words that are no functions."""
    label = _LABEL.match(body)
    return 0 if label is None or any(word in voc.FUNCTIONS for word in label[0].split()) else label.end()


# An equation told in a sentence without dollars: `Let V = W ⊙ M be …`. It ends where a word, a comma or the sentence does.
_PLAIN_WORDS = "is be of to we or an as at by in on so if it and the for are a with where then that let put write take get from".split()
# Also what a function is called with, `max(s, 0)²`, of names and no words.
_LIST = r"(?:\[[^\[\]\n=]*\]|\([^()\nA-Za-z=]*,[^()\nA-Za-z=]*\)|(?<=[A-Za-z])\((?:(?![A-Za-z]{3})[^()\n=])*\))"
_TOKEN = rf"(?:(?!(?:{'|'.join(_PLAIN_WORDS)})\b)(?!\([A-Za-z]{{2,}}[\s,])(?:{_LIST}|(?!\*\*)[^\s,;:.]|(?<=\d)\.(?=\d)|\.\.+(?=\w))+)"
_SUM = r"(?:[Σ∑Π∏][^\s,;:.=]{0,6} (?:[^\s,;:.=]{1,12} )*?)?"  # what is summed may stand apart: `Σⱼ xⱼ gⱼ = 0`
_TOLD = re.compile(rf"(?<![^\s(,;:])({_SUM}[A-Za-zÀ-ɏΑ-ωḀ-ỿ∂∇ℓ][^\s,;:.=]{{0,12}} ?(?:=|←|<-) ?{_TOKEN}(?: {_TOKEN})*)")
_CALLED = re.compile(r"\b([A-Za-z]+)'?\(")
# `dL/db = …`, a derivative; and a formula of short names, with a sign between two of them, or two that are multiplied.
_SLOPE = re.compile(r"\bd[A-Za-z]\w{0,2} ?/ ?d[A-Za-z]\w{0,2}\b")
_SHORT = r"(?:[A-Za-zα-ωΑ-Ω]\w?(?:_\w+)?'?|\d+(?:\.\d+)?|\([^()]*\)|\[[^\[\]]*\])"
_FORMULA = re.compile(rf"[^=←]*(?:=|←|<-) ?-?{_SHORT}(?: ?[-+*/@^=] ?-?{_SHORT}| {_SHORT})+")


def _balanced(body: str, start: int, end: int) -> tuple[int, int]:
    """Where an equation stands whose brackets open before it, `Σᵢ(xᵢ − μ) = 0`, or that stands in brackets itself."""
    level = lowest = 0
    for c in body[start : max(start, body.find("=", start, end))]:
        level += (c == "(") - (c == ")")
        lowest = min(lowest, level)
    while lowest < 0 and start > 0:
        start -= 1
        lowest += (body[start] == "(") - (body[start] == ")")
        while not lowest and start > 0 and not body[start - 1].isspace():
            start -= 1
    while end > start and body[end - 1] == ")" and body.count(")", start, end) > body.count("(", start, end):
        end -= 1
    return start, end


def _behind_so(told: str) -> int:
    """Where the equation begins of `so = (1/r)(x − r x̂) = 0`: a word that joins it to what was said is no side of it."""
    joined = re.match(r"(?:so|and|thus|hence|then|or) ?= ?(?=[^=]*=)", told)
    return joined.end() if joined else 0


def _before_words(told: str) -> int:
    """Where the sentence goes on: `δp = Jᵀ δh agrees`, `d = dL/da (a is what …`."""
    words = re.finditer(r"(?<=\S) ([a-z]{4,})(?= |$)", told)
    goes_on = next((word for word in words if not _is_mathematical(word[1])), None)
    end = len(told) if goes_on is None else goes_on.start()
    aside = told.rfind(" (", 0, end)
    return aside if aside > 0 and ")" not in told[aside:end] else end


def _is_told(told: str) -> bool:
    if _MATHLIKE.search(told) or "←" in told or "<-" in told or _SLOPE.search(told):
        return True
    is_formula = _FORMULA.fullmatch(told) is not None and re.search(r"[A-Za-zα-ω]", told.partition("=")[2]) is not None
    return is_formula or any(word in voc.FUNCTIONS for word in _CALLED.findall(told))


# What begins a part of a sheet: a heading, the number of a problem, also where it stands inside a display.
_PART = re.compile(
    r"^(?:#{1,6}[ \t]"
    r"|[ \t*_]*(?i:problem|question|exercise|example|task|part|section|q)[ .]*(?:\d+|[IVX]+)\b"
    r"|[ \t*_]*\d+[.)](?:[ \t*_]|$)"
    r"|\*\*[^*\n]{2,60}\*\*"
    r"|[ \t]*\\textbf\{[^{}\n]{2,60}\}"
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
