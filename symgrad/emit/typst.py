"""A document as Typst source, for the PDF that needs no TeX (typst.app; the `typst` wheel has the compiler and its fonts).

Prose is written as string literals, which Typst does not read as markup; mathematics is that of `emit.latex`, rewritten.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from symgrad.derivation import Step, Value
from symgrad.dims import Dim, latex_shape
from symgrad.emit import latex, svg
from symgrad.emit.text import written as as_text
from symgrad.emit.typstmath import math
from symgrad.form import Form
from symgrad.pictures.picture import Picture
from symgrad.solution import Block, Document, Drawing, Equations, Inline, Letters, Prose, Table
from symgrad.typeset import latex as form_latex

_PREAMBLE = """#set document(title: {title}, date: none)
#set page(paper: "a4", margin: 2.5cm, numbering: "1")
#set text(font: "New Computer Modern", size: 11pt)
#set par(justify: true)
#set heading(numbering: none)
#show heading: set block(above: 1.4em, below: 0.9em, sticky: true)
#show math.equation.where(block: true): set align(left)
#show math.equation.where(block: true): set block(breakable: true)
#let fit(body) = context {{
  let wide = measure(body).width
  if wide > 330pt {{ box(baseline: 40%, scale(100% * (330pt / wide), reflow: true, body)) }} else {{ body }}
}}
#let values(body) = {{
  set text(top-edge: "bounds", bottom-edge: "bounds")
  par(justify: false, body)
}}
#align(center, text(size: 1.3em, weight: "bold", {title}))
"""
_SMALL_NUMBER = re.compile(r"\b(\d\.\d)e([+-]\d+)\b")
_LONG = 44
_LINE = 78
_LONG_TABLE = 24
_EM = 11 / 16


def emit(document: Document, shapes: bool = False) -> str:
    """The document as Typst source, ending in a newline."""
    body = [_PREAMBLE.format(title=_string(document.title))]
    for section in document.sections:
        body.append(f"#heading(level: {section.level}, {_string(section.title)})")
        body += [line for block in section.blocks for line in (*_block(block, shapes), "")]
    return "\n".join(body).rstrip("\n") + "\n"


def emit_pictures(title: str, pictures: Sequence[tuple[str, Picture]]) -> str:
    """Pictures one after the other, each under its title, on a page as large as they are."""
    out = [f"#set document(title: {_string(title)}, date: none)", "#set page(width: auto, height: auto, margin: 6pt)"]
    out.append('#set text(font: "New Computer Modern", size: 11pt)')
    for name, picture in pictures:
        out += [f"#{_string(name)}", ""] if len(pictures) > 1 else []
        out += [_image(picture), ""]
    return "\n".join(out)


def _string(text: str) -> str:
    """Text as a literal."""
    return json.dumps(text, ensure_ascii=False)


def _formula(source: str) -> str:
    return f"${math(source)}$"


def _inline(part: Inline) -> str:
    if isinstance(part, str):
        pieces = _SMALL_NUMBER.split(part)
        out = f"#{_string(pieces[0])};" if pieces[0] else ""
        for number, exponent, after in zip(pieces[1::3], pieces[2::3], pieces[3::3], strict=True):
            out += f"${number} ⋅ 10^({int(exponent)})$" + (f"#{_string(after)};" if after else "")
        return out
    if isinstance(part, Letters):
        return _formula(_letters(part.of))
    if isinstance(part.of, Form):
        return _formula(form_latex(part.of))
    return _formula(part.of.latex if isinstance(part.of, Dim) else latex_shape(part.of))


def _letters(letters: str) -> str:
    """Mathematics that is only letters and signs, as LaTeX."""
    return re.sub(r"ᵀ", r"^{\\top}", letters)


def _block(block: Block, shapes: bool) -> list[str]:
    if isinstance(block, Prose):
        return ["".join(map(_inline, block.parts))]
    if isinstance(block, Table):
        return _table(block)
    if isinstance(block, Drawing):
        return [f"#align(center)[{_image(block.picture)}", "", f"  #text(size: 0.9em, {_string(block.caption)})]"]
    return _equations(block, shapes)


def _image(picture: Picture) -> str:
    """The picture at the size of the text, smaller where the page is."""
    element = svg.element(picture)
    width, height = (float(x) * _EM for x in re.findall(r' (?:width|height)="([\d.]+)"', element)[:2])
    shown = f'image(bytes({_string(element)}), format: "svg", width: {width:.2f}pt)'
    small = min(1.0, 450 / width, 600 / height)
    return f"#{shown}" if small == 1.0 else f"#scale({small * 100:.1f}%, reflow: true, {shown})"


def _table(block: Table) -> list[str]:
    cells = [f"[*#{_string(head)}*]" for head in block.head]
    for row in block.rows:
        cells += [f"[{''.join(map(_inline, cell))}]" for cell in row]
    rule = "table.hline(y: 1, stroke: 0.5pt)"
    whole = "true" if len(block.rows) > _LONG_TABLE else "false"
    made = f"table(columns: {len(block.head)}, align: left, stroke: none, {rule}, {', '.join(cells)})"
    return [f"#align(center, block(breakable: {whole}, {made}))"]


def _equations(block: Equations, shapes: bool) -> list[str]:
    if all(isinstance(step.terms[1], Value) for step in block.steps):
        return ["#values[", *map(_value, block.steps), "]"]
    rows = [row for step in block.steps for row in _rows(step, shapes)]
    return ["$ " + " \\\n  ".join(rows) + " $"]


def _value(step: Step) -> str:
    """A matrix of numbers in a box, so that as many stand side by side as a line takes."""
    left, right = (math(latex.written(term)) for term in step.terms[:2])
    return f"  #box[({step.number})~~$display({left} = {right})$]#h(2em, weak: true)"


def _rows(step: Step, shapes: bool) -> list[str]:
    """Number, left side, and the terms with their signs under each other; the rule in small print behind the last, or below it.

    Typst sets what stands between `&` to the right and to the left by turns.
    """
    terms = [math(latex.written(term, shapes)) for term in step.terms]
    lengths = [len(as_text(term, shapes)) for term in step.terms]
    if sum(lengths) <= _LONG:
        rows = [" = ".join(terms[1:])]
    else:
        rows = [f"#fit($display({term})$)" if length > _LONG else term for term, length in zip(terms[1:], lengths[1:], strict=True)]
        lengths = lengths[-1:]
    aside, said = _aside(step)
    signs = [f"= {row}" for row in rows]
    if aside and sum(lengths) + said <= _LINE:
        signs[-1] += f" {aside}"
    elif aside:
        signs.append(aside)
    return [f"#[({step.number})] quad & & {terms[0]} & {signs[0]}", *(f"& & & {sign}" for sign in signs[1:])]


def _aside(step: Step) -> tuple[str, int]:
    """The span of t, and the shape or the rule, as mathematics, with the width it takes in letters."""
    out, said = "", 0
    if step.span is not None:
        out += f"quad {math(step.span.latex)} "
        said += 3 + len(str(step.span))
    if step.kind == "definition" and step.shape is not None:
        out += f"quad #text(size: 0.9em, {_formula(latex_shape(step.shape))})"
        said += 3 + len(latex_shape(step.shape))
    elif step.kind != "definition":
        rule = (step.rule + latex.rests_on(step)).replace("--", "–")
        out += f'quad #text(size: 0.9em, style: "italic", {_string(rule)})'
        said += 3 + len(rule)
    return out, said
