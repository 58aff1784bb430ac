"""A document as one file of HTML: mathematics as MathML, steps that fold, shapes on hover. Nothing is fetched."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from html import escape
from zlib import crc32

from symgrad import names
from symgrad.derivation import Chain, Step, Term
from symgrad.dims import Dim, latex_shape, show
from symgrad.emit import svg
from symgrad.emit.latex import written
from symgrad.emit.mathml import mathml
from symgrad.emit.page import fragment, page
from symgrad.form import Form, symbols
from symgrad.network import Network
from symgrad.solution import Block, Document, Drawing, Equations, Inline, Letters, Prose, Section, Table
from symgrad.typeset import latex


def emit(document: Document, shapes: bool = False) -> str:
    """The document as a file, ending in a newline."""
    return page(document.title, _body(document, shapes))


def inside(document: Document) -> str:
    """The document for a place in another page."""
    # Several stand on one page, so the anchors of each are its own.
    return fragment(_body(document, False, f"d{crc32(document.title.encode()):x}-"))


def network_inside(network: Network) -> str:
    """A network for a place in another page: its picture, and its definitions with their shapes."""
    rows = "".join(
        f'<div class="step"><span class="number"></span><span class="equation">{_large(f"{names.latex(d.name)} = {latex(d.form)}")}</span>'
        f'<span class="aside">{mathml(latex_shape(d.shape))}</span></div>'
        for d in network.definitions.values()
    )
    title = f"<h3>{escape(network.title)}</h3>" if network.title else ""
    return fragment(f'{title}<div class="wide">{svg.svg(network)}</div><div class="steps">{rows}</div>')


@dataclass
class _Part:
    """The sections of one derivation: a name for what refers to its steps, and the steps that are shown."""

    name: str
    steps: dict[int, Step] = field(default_factory=dict)
    shapes: bool = False


def _body(document: Document, shapes: bool, prefix: str = "") -> str:
    problems = [s for s in document.sections if s.level == 1]
    is_paper = any(s.level > 1 for s in document.sections)
    out = [f"<header><h1>{escape(document.title)}</h1>{_contents(problems, prefix) if is_paper else ''}</header>"]
    for number, sections in enumerate(_parts(document.sections) if is_paper else [list(document.sections)]):
        part = _Part(f"{prefix}p{number}", {step.number: step for step in _steps(sections)}, shapes)
        if is_paper:
            head = sections.pop(0)
            blocks = "".join(_block(block, part) for block in head.blocks)
            out.append(f'<h2 class="problem" id="{part.name}">{escape(head.title)}</h2>{blocks}')
        out += [_section(section, part) for section in sections]
    return "\n".join(out)


def _contents(problems: Sequence[Section], prefix: str) -> str:
    links = "".join(f'<li><a href="#{prefix}p{i}">{escape(section.title)}</a></li>' for i, section in enumerate(problems))
    return f'<nav aria-label="Contents"><ol>{links}</ol></nav>'


def _parts(sections: Sequence[Section]) -> Iterator[list[Section]]:
    """Each section of the first level with those under it."""
    part: list[Section] = []
    for section in sections:
        if section.level == 1 and part:
            yield part
            part = []
        part.append(section)
    if part:
        yield part


def _steps(sections: Sequence[Section]) -> Iterator[Step]:
    for section in sections:
        for block in section.blocks:
            if isinstance(block, Equations):
                yield from block.steps


def _section(section: Section, part: _Part) -> str:
    level = section.level + 1
    blocks = "\n".join(filter(None, (_block(block, part) for block in section.blocks)))
    if not blocks:
        return ""
    return f'<details class="section" open><summary><h{level}>{escape(section.title)}</h{level}></summary>\n{blocks}\n</details>'


def _block(block: Block, part: _Part) -> str:
    if isinstance(block, Prose):
        return f"<p>{''.join(map(_inline, block.parts))}</p>"
    if isinstance(block, Table):
        return _table(block)
    if isinstance(block, Drawing):
        return _picture(block)
    if all(step.kind == "value" for step in block.steps):
        return f'<div class="values">{"".join(_value(step, part) for step in block.steps)}</div>'
    return f'<div class="steps">{"".join(_step(step, part) for step in block.steps)}</div>'


_SMALL_NUMBER = re.compile(r"\b(\d\.\d)e([+-]\d+)\b")


def _inline(part: Inline) -> str:
    if isinstance(part, str):
        return _SMALL_NUMBER.sub(lambda m: f"{m[1]}·10<sup>{int(m[2])}</sup>".replace("-", "−"), escape(part))
    if isinstance(part, Letters):
        return f'<span class="letters">{escape(part.of)}</span>'
    if isinstance(part.of, Form):
        title = f' title="{escape(_shape_of(part.of))}"' if part.of.shape else ""
        return f"<span{title}>{mathml(latex(part.of))}</span>"
    return mathml(part.of.latex if isinstance(part.of, Dim) else latex_shape(part.of))


_VERDICTS = {"agrees": '<span class="holds">✓ agrees</span>', "disagrees": '<span class="fails">✗ disagrees</span>'}


def _table(block: Table) -> str:
    head = "".join(f"<th>{escape(cell)}</th>" for cell in block.head)
    rows = ("".join(f"<td>{_VERDICTS.get(str(cell[0])) or ''.join(map(_inline, cell))}</td>" for cell in row) for row in block.rows)
    return f'<div class="wide"><table><tr>{head}</tr>{"".join(f"<tr>{row}</tr>" for row in rows)}</table></div>'


def _picture(drawing: Drawing) -> str:
    picture = svg.element(drawing.picture)
    return f'<figure><div class="wide">{picture}</div><figcaption>{escape(drawing.caption)}</figcaption></figure>'


# ── steps ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _step(step: Step, part: _Part) -> str:
    """The equation in a line; what opens is the way to it: the chain rule, the steps that it follows from, the shapes."""
    way = [term for term in step.terms[1:-1] if isinstance(term, Chain)]
    shown = [term for term in step.terms if term not in way]
    line = f'<span class="number">({step.number})</span><span class="equation">{_equation(shown, step, part)}</span>'
    if step.kind == "definition":
        aside = mathml(latex_shape(step.shape)) if step.shape is not None else ""
        return f'<div class="step" {_place(step, part)}>{line}<span class="aside">{aside}</span></div>'
    aside = f'<span class="aside">{escape(step.rule)}</span>'
    return (
        f'<details class="step" {_place(step, part)}><summary>{line}{aside}</summary>'
        f'<div class="way">{_way(step, way, part)}</div></details>'
    )


def _place(step: Step, part: _Part) -> str:
    shapes = _shapes(step)
    return f'id="{_anchor(step.number, part)}"' + (f' title="{escape(shapes)}"' if shapes else "")


def _anchor(number: int, part: _Part) -> str:
    return f"{part.name}-{number}"


def _equation(terms: Sequence[Term], step: Step, part: _Part) -> str:
    """The terms with equal signs; each term is a piece that a narrow screen may put on a line of its own."""
    first, *rest = (written(term, part.shapes) for term in terms)
    pieces = [first, *(f"= {term}" for term in rest)]
    span = f'<span class="span">for {mathml(step.span.latex)}</span>' if step.span else ""
    return "".join(f"<span>{_large(piece)}</span>" for piece in pieces) + span


def _large(latex: str) -> str:
    return mathml(latex, "large")


def _way(step: Step, way: Sequence[Term], part: _Part) -> str:
    out = []
    if way:
        left = written(step.terms[0])
        out.append(f"<p>By the chain rule {_large(' = '.join([left, *map(written, way)]))}</p>")
    before = [part.steps[n] for n in step.uses if n in part.steps]
    rows = "".join(
        f'<li><a href="#{_anchor(s.number, part)}">({s.number})</a> {_equation([s.terms[0], s.terms[-1]], s, part)}</li>'
        for s in before[:_MOST_SHOWN]
    )
    if before:
        more = f"<li>and {len(before) - _MOST_SHOWN} more</li>" if len(before) > _MOST_SHOWN else ""
        out.append(f"<p>It follows from</p><ul>{rows}{more}</ul>")
    shapes = _shapes(step)
    if shapes:
        out.append(f'<p class="shapes">{escape(shapes)}</p>')
    return "".join(out)


_MOST_SHOWN = 12


def _shapes(step: Step) -> str:
    """The shape of every name in a step."""
    found = {f.name: f for term in step.terms if isinstance(term, Form) for f in symbols(term)}
    return ";  ".join(f"{names.text(name)} is {_shape_of(form)}" for name, form in found.items() if not names.is_tangent(name))


def _shape_of(form: Form) -> str:
    return show(form.shape)


def _value(step: Step, part: _Part) -> str:
    return (
        f'<div class="value" id="{_anchor(step.number, part)}"><span class="number">({step.number})</span>'
        f"{_large(' = '.join(map(written, step.terms)))}</div>"
    )
