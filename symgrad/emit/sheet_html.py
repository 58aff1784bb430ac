"""A verification as one file of HTML: the sheet itself, its mathematics drawn, with what was found in the margin beside the line."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any
from zlib import crc32

from symgrad.emit.mathml import Style, closing, converted, mathml
from symgrad.emit.page import fragment, page
from symgrad.emit.report import COUNTED, reading_of
from symgrad.findings import BY_CODE
from symgrad.read.document import Piece, definitions, is_latex, mathematics, visible
from symgrad.read.lexer import Macro
from symgrad.span import Source, Span
from symgrad.verification import Claim, Finding, Verification

_SIGNS = {"holds": "✓", "fails": "✗", "given": "•", "undecided": "?", "unread": "⊘", "error": "✗", "warning": "!", "note": "i"}
_SEVERITIES = ("error", "warning", "note")


@dataclass(frozen=True)
class _Written:
    """A sheet as its reader sees it, with the commands that it defines and what is underlined in its mathematics."""

    source: Source
    text: str
    macros: dict[str, Macro]
    marks: tuple[tuple[Span, str], ...]

    def line(self, span: Span) -> int:
        return self.source.place(span.start)[0]


def _written(verification: Verification) -> _Written:
    """Errors are underlined before warnings, so that where both are the error shows."""
    source = verification.source
    marks = [(f.span, f.severity) for f in verification.findings if f.severity in ("error", "warning")]
    ordered = sorted(marks, key=lambda mark: (_SEVERITIES.index(mark[1]), mark[0]))
    return _Written(source, visible(source), definitions(source), tuple(ordered))


def emit(verifications: Sequence[Verification]) -> str:
    """One file for the sheets, ending in a newline."""
    title = verifications[0].source.name if len(verifications) == 1 else f"{len(verifications)} sheets"
    return page(title, "\n".join(_sheet(v, f"s{i}-" if i else "") for i, v in enumerate(verifications)))


def inside(verification: Verification) -> str:
    """The sheet for a place in another page."""
    # Several stand on one page, so the anchors of each are its own.
    return fragment(_sheet(verification, f"s{crc32(verification.source.text.encode()):x}-"))


def finding_inside(finding: Finding) -> str:
    """A finding by itself, for a place in another page."""
    return fragment(_card(finding, "", finding.cause.replace("_", " ")))


def _sheet(verification: Verification, prefix: str) -> str:
    written = _written(verification)
    blocks = "".join(_blocks(verification, written, prefix))
    return f'{_summary(verification, written, prefix)}\n<article class="sheet">\n{blocks}</article>'


# ── what is said first ───────────────────────────────────────────────────────────────────────────────────────────────


def _summary(verification: Verification, written: _Written, prefix: str) -> str:
    """The verdict, the counts, the first wrong step with a link to its line; the other remarks folded."""
    first = _first_wrong(verification)
    total = len(verification.claims)
    if first is not None:
        line = written.line(first.span)
        kind, said = "fails", f"✗ The first wrong step is in line {line}"
        about = _first_step(verification, written, first, prefix)
    elif not total:
        kind, said, about = "open", "? Nothing on this sheet was read as a claim", ""
    else:
        loose = verification.count("unread") + verification.count("undecided")
        kind, said = ("holds", "✓ No step is wrong") if not loose else ("open", "✓ No step that could be judged is wrong")
        about = _first_remark(verification, written, prefix)
    counts = "".join(
        f'<li class="{verdict}">{_SIGNS[verdict]} {verification.count(verdict)} {word}</li>'
        for verdict, word in COUNTED
        if verification.count(verdict)
    )
    file = escape(verification.source.name)
    return (
        f'<header class="verdict {kind}"><p class="file">{file}</p><h1>{said}</h1>{about}<ul class="counts">'
        f"<li>{total} claim{'' if total == 1 else 's'}</li>{counts}</ul>{_remarks(verification, written, prefix)}</header>"
    )


def _first_wrong(verification: Verification) -> Finding | None:
    """The first error; of a claim that fails without one, the claim itself as a finding."""
    errors = [f for f in verification.findings if f.severity == "error"]
    failing = [Finding("SG299", "error", c.span, c.reason or "it does not hold") for c in verification.claims if c.verdict == "fails"]
    covered = [c for c in failing if not any(f.span.start < c.span.end and c.span.start < f.span.end for f in errors)]
    return min([*errors, *covered], key=lambda f: f.span.start, default=None)


def _first_step(verification: Verification, written: _Written, finding: Finding, prefix: str) -> str:
    line = written.line(finding.span)
    claim = next((c for c in verification.claims if c.span.start <= finding.span.start and finding.span.end <= c.span.end), None)
    shown = _formula(written, claim.span if claim else finding.span)
    mend = f'<p class="mend"><b>mend</b> {escape(finding.suggestion)}</p>' if finding.suggestion else ""
    link = f'<a href="#{prefix}line-{line}">Go to line {line}</a>'
    return f'<p class="message">{escape(finding.message)}</p><div class="wide">{shown}</div>{mend}<p>{link}</p>'


def _first_remark(verification: Verification, written: _Written, prefix: str) -> str:
    """Where nothing is wrong, the first warning."""
    warning = next((f for f in verification.findings if f.severity == "warning"), None)
    if warning is None:
        return ""
    line = written.line(warning.span)
    return (
        f'<p class="message">The first thing to look at is in <a href="#{prefix}line-{line}">line {line}</a>: {escape(warning.message)}</p>'
    )


def _remarks(verification: Verification, written: _Written, prefix: str) -> str:
    rows = []
    for finding in verification.findings:
        line = written.line(finding.span)
        rows.append(
            f'<li>{_sign(finding)} <a href="#{prefix}line-{line}">line {line}</a> {escape(finding.message)} '
            f"<code>{escape(finding.code)}</code></li>"
        )
    if not rows:
        return ""
    numbers = ((s, sum(f.severity == s for f in verification.findings)) for s in _SEVERITIES)
    counted = ", ".join(f"{n} {s}{'' if n == 1 else 's'}" for s, n in numbers if n)
    return f"<details><summary>{counted}</summary><ul>{''.join(rows)}</ul></details>"


def _sign(finding: Finding) -> str:
    return f'<b class="sign {finding.severity}">{_SIGNS[finding.severity]} {finding.severity}</b>'


# ── the sheet, block by block ────────────────────────────────────────────────────────────────────────────────────────


@dataclass
class _Block:
    """A paragraph, heading, table or code block as HTML, the line that it begins in, and what is said of its lines."""

    html: str
    line: int
    claims: list[Claim] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)


def _blocks(verification: Verification, written: _Written, prefix: str) -> Iterator[str]:
    """Markup between blocks as it is, each block with the notes of its lines; a note before the first block is the first one's."""
    rendered = list(_rendered(written))
    blocks = [b for b in rendered if isinstance(b, _Block)] or [_Block("", 1)]
    starts = [block.line for block in blocks]
    for claim in verification.claims:
        _of_line(blocks, starts, written.line(claim.span)).claims.append(claim)
    for finding in verification.findings:
        _of_line(blocks, starts, written.line(finding.span)).findings.append(finding)
    for piece in rendered if any(isinstance(b, _Block) for b in rendered) else [*rendered, *blocks]:
        yield _with_notes(verification, written, piece, prefix) if isinstance(piece, _Block) else piece


def _of_line(blocks: list[_Block], starts: list[int], line: int) -> _Block:
    return blocks[max(bisect_right(starts, line) - 1, 0)]


def _with_notes(verification: Verification, written: _Written, block: _Block, prefix: str) -> str:
    if not block.claims and not block.findings:
        return block.html
    lines = sorted({written.line(span) for span in [*(c.span for c in block.claims), *(f.span for f in block.findings)]})
    anchors = "".join(f'<span id="{prefix}line-{line}"></span>' for line in lines)
    worst = min((f.severity for f in block.findings), key=_SEVERITIES.index, default="")
    notes = "".join(_note(verification, written, f) for f in sorted(block.findings, key=lambda f: (_SEVERITIES.index(f.severity), f.span)))
    return (
        f'<div class="line {worst}">{anchors}<span class="at" title="line {min(lines)}">{min(lines)}</span>'
        f'<div class="said">{block.html}</div><aside class="notes">{_claims(written, block.claims)}{notes}</aside></div>\n'
    )


def _note(verification: Verification, written: _Written, finding: Finding) -> str:
    return _card(finding, f"line {written.line(finding.span)}", "", reading_of(verification, finding))


def _card(finding: Finding, where: str, cause: str, reading: str = "") -> str:
    kind = BY_CODE.get(finding.code)
    rows = [("cause", cause), ("read as", reading), ("mend", finding.suggestion), ("try", finding.example)]
    more = "".join(f"<p><b>{name}</b> {escape(said)}</p>" for name, said in rows if said)
    title = f' title="{escape(f"{kind.title}: {kind.meaning}")}"' if kind else ""
    return (
        f'<div class="finding {finding.severity}"><p class="head">{_sign(finding)} <span>{where}</span> '
        f"<code{title}>{escape(finding.code)}</code></p><p>{escape(finding.message)}</p>{more}</div>"
    )


def _claims(written: _Written, claims: Sequence[Claim]) -> str:
    """How many hold, fail, are given; what opens is each with its reading and its evidence."""
    if not claims:
        return ""
    counts = ((v, word, sum(c.verdict == v for c in claims)) for v, word in COUNTED)
    said = " ".join(f'<span class="{v}">{_SIGNS[v]} {f"{n} " if n > 1 else ""}{word}</span>' for v, word, n in counts if n)
    rows = "".join(f"<li>{_claim(written, claim)}</li>" for claim in claims)
    return f'<details class="claims"><summary>{said}</summary><ul>{rows}</ul></details>'


def _claim(written: _Written, claim: Claim) -> str:
    line = written.line(claim.span)
    shown = escape(claim.reading) if claim.reading else _formula(written, claim.span)
    why = [claim.reason, *map(_evidence, claim.evidence)]
    return f'<b class="{claim.verdict}">{_SIGNS[claim.verdict]}</b> line {line}: {shown}' + "".join(
        f"<br><i>{escape(said)}</i>" for said in why if said
    )


def _evidence(evidence: dict[str, Any]) -> str:
    said = str(evidence["method"]).replace("_", " ")
    if evidence.get("points"):
        said += f", {evidence['points']} random points"
    if evidence.get("max_relative_error"):
        said += f", largest relative error {evidence['max_relative_error']:.1e}"
    return said


# ── the document ─────────────────────────────────────────────────────────────────────────────────────────────────────

# A piece of mathematics on its way through Markdown: its number between two letters that no text has.
_OPEN, _CLOSE = "\ue000", "\ue001"
_PLACED = re.compile(f"{_OPEN}(\\d+){_CLOSE}")


def _rendered(written: _Written) -> Iterator[_Block | str]:
    """The document's blocks in order, and the markup between them (of lists and quotations)."""
    source = written.source
    pieces = mathematics(source)
    placed, origin = _placed(written, pieces)
    drawn = [_piece(written, piece) for piece in pieces]
    markdown = _markdown(drawn)
    tokens = markdown.parse(_from_latex(placed) if is_latex(source) else placed)

    def html(part: Sequence[Any]) -> str:
        # What is left stood in code or in an address, where mathematics is text.
        shown = markdown.renderer.render(part, markdown.options, {})
        return _PLACED.sub(lambda m: escape(source.slice(pieces[int(m[1])].outside)), shown)

    i = 0
    while i < len(tokens):
        token = tokens[i]
        if token.type in _WHOLE:
            last = next(k for k in range(i, len(tokens)) if tokens[k].type == _WHOLE[token.type] and tokens[k].level == token.level)
            if token.type == "heading_open":
                token.tag = tokens[last].tag = f"h{min(int(token.tag[1]) + 1, 6)}"
            yield _Block(html(tokens[i : last + 1]), origin[min(token.map[0], len(origin) - 1)])
            i = last
        else:
            yield html([token])
        i += 1


_WHOLE = {"paragraph_open": "paragraph_close", "heading_open": "heading_close", "table_open": "table_close", "fence": "fence"}


def _markdown(drawn: Sequence[str]) -> Any:
    """Markdown without HTML, images and indented code; its text has the mathematics put back."""
    from markdown_it import MarkdownIt

    markdown = MarkdownIt("commonmark", {"html": False}).enable("table").disable(["code", "image", "html_block", "html_inline"])

    def text(_: Any, tokens: Sequence[Any], at: int, *__: Any) -> str:
        parts = _PLACED.split(tokens[at].content)
        return "".join(drawn[int(part)] if k % 2 else escape(part, quote=False) for k, part in enumerate(parts))

    markdown.add_render_rule("text", text)
    return markdown


def _placed(written: _Written, pieces: Sequence[Piece]) -> tuple[str, list[int]]:
    """The text with a sign for each piece of mathematics, and for each of its lines the line of the sheet that it begins in."""
    text = written.text.replace(_OPEN, "\ufffd").replace(_CLOSE, "\ufffd")
    out, origin, at = [], [1], 0
    stops = [*((p.outside, f"{_OPEN}{i}{_CLOSE}", p.display) for i, p in enumerate(pieces)), (Span(len(text), len(text)), "", False)]
    for outside, sign, display in stops:
        between = text[at : outside.start].replace("\r\n", " \n").replace("\r", "\n")
        origin += [written.source.place(at + k + 1)[0] for k, c in enumerate(between) if c == "\n"]
        if display and _stands_alone(text, outside):
            sign = f"\n\n{sign}\n\n"
            origin += [written.line(outside)] * 2 + [written.line(Span(outside.end, outside.end))] * 2
        out += [between, sign]
        at = max(at, outside.end)
    return "".join(out), origin


_IN_LIST = re.compile(r"(?:^|\n)[ \t]*(?:[-*+>|#]|\d+[.)]|\\item\b)")


def _stands_alone(text: str, span: Span) -> bool:
    """Whether a display can be a paragraph of its own: a list or a quotation would end with it."""
    before = re.split(r"\n[ \t]*\n", text[max(0, span.start - _FARTHEST) : span.start])[-1]
    return not _IN_LIST.search(before) and before[:1] not in (" ", "\t")


_FARTHEST = 4000


def _piece(written: _Written, piece: Piece) -> str:
    text, begin = written.text, piece.outside.start
    if not piece.closed or piece.inside == piece.outside or text[begin] == "`":
        # Typed without dollars, it is no LaTeX; what is never closed may be anything.
        shown = _typed(written, piece.inside if piece.closed else piece.outside)
    else:
        shown = _formula(written, piece.outside if text.startswith("\\begin", begin) else piece.inside, piece.display)
    return f'<span class="display">{shown}</span>' if piece.display else shown


def _typed(written: _Written, span: Span) -> str:
    """As it was typed, with the first thing that is meant marked."""
    meant, severity = next((m for m in written.marks if span.start <= m[0].start and m[0].end <= span.end), (Span(span.end, span.end), ""))
    places = ((span.start, meant.start), (meant.start, meant.end), (meant.end, span.end))
    before, inside, after = (escape(written.text[a:b]) for a, b in places)
    marked = f'<mark class="mark-{severity}">{inside}</mark>' if inside else ""
    return f'<code class="typed">{before}{marked}{after}</code>'


def _formula(written: _Written, span: Span, display: bool = False) -> str:
    """A stretch of mathematics; what is meant is marked where it is a piece that TeX would take for one."""
    text = written.text
    span = _whole(text, span)
    out, at = [], span.start
    for meant, severity in sorted((_whole(text, mark), severity) for mark, severity in written.marks):
        if at <= meant.start and meant.end <= span.end and _is_one(text[meant.start : meant.end]):
            out.append(rf"{text[at : meant.start]}\class{{mark-{severity}}}{{{text[meant.start : meant.end]}}}")
            at = meant.end
    style: Style = "block" if display else "inline"
    marked = converted("".join([*out, text[at : span.end]]), style, written.macros)
    return marked or mathml(text[span.start : span.end], style, written.macros)


def _whole(text: str, span: Span) -> Span:
    """With the name of the environment that it ends with."""
    if text[span.start : span.end].endswith("\\end") and text[span.end : span.end + 1] == "{":
        return Span(span.start, (closing(text, span.end) or span.end) + 1)
    return span


_STRUCTURE = re.compile(r"\\\\|\\begin\{|\\end\{|\\left(?![A-Za-z])|\\right(?![A-Za-z])|\\.|[{}&]", re.DOTALL)
_OPENS = {"{": 1, "}": -1, "\\begin{": 2, "\\end{": 0, "\\left": 1, "\\right": -1}


def _is_one(latex: str) -> bool:
    """Whether braces can be put around it: what is opened in it is closed in it, and no cell or row ends in it."""
    level = 0
    for match in _STRUCTURE.finditer(latex):
        level += _OPENS.get(match[0], 0)
        if level < 0 or (level == 0 and match[0] in ("&", "\\\\")):
            return False
    return level == 0 and bool(latex.strip())


# Text of LaTeX as Markdown, line by line.
_LATEX = (
    (re.compile(r"^[ \t]+|[ \t]+$", re.MULTILINE), ""),
    (re.compile(r"\\textbf\{([^{}\n]*)\}"), r"**\1**"),
    (re.compile(r"\\(?:emph|textit)\{([^{}\n]*)\}"), r"*\1*"),
    (re.compile(r"\\(?:begin|end)\{[A-Za-z]+\*?\}(?:\[([^\]\n]*)\])?"), r"\1"),
    (re.compile(r"^\\(?:chapter|section)\*?\{([^{}\n]*)\}", re.MULTILINE), r"## \1"),
    (re.compile(r"^\\(?:sub)*(?:section|paragraph)\*?\{([^{}\n]*)\}", re.MULTILINE), r"### \1"),
    (re.compile(r"\\item\b[ \t]*(?:\[([^\]\n]*)\])?"), r"- \1 "),
    (re.compile(r"\\(?:texttt|textrm|textsf|underline|title|author|date)\{([^{}\n]*)\}"), r"\1"),
    (re.compile(r"\\(?:maketitle|newpage|clearpage|noindent|bigskip|medskip|smallskip|centering|par)\b[ \t]*"), ""),
    (re.compile(r"\\label\{[^{}\n]*\}"), ""),
    (re.compile(r"\\([%&$#_])"), r"\1"),
    (re.compile(r"(?<!\\)~"), "\u00a0"),
    (re.compile("``|''"), '"'),
    (re.compile("---"), "—"),
    (re.compile("(?<!-)--(?!-)"), "–"),
)  # fmt: skip


def _from_latex(text: str) -> str:
    """Every line in its place."""
    for pattern, markdown in _LATEX:
        text = pattern.sub(markdown, text)
    return text
