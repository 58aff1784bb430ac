r"""A document as LaTeX: a complete one for pdflatex, or a fragment to `\input` in one's own.

The packages are amsmath, amssymb, graphicx and, for pictures, tikz; the preamble is in `PREAMBLE`. A line that is too
long for the page is scaled to fit it by `\fit`, which the fragment brings along.
"""

from __future__ import annotations

import re
from itertools import zip_longest
from typing import Any

from symgrad import names
from symgrad.derivation import Step, Term, Value
from symgrad.dims import Dim, latex_shape
from symgrad.emit import tikz
from symgrad.emit.text import written as as_text
from symgrad.form import Form
from symgrad.solution import Block, Document, Drawing, Equations, Inline, Letters, Prose, Table
from symgrad.typeset import fraction_latex, latex

PREAMBLE = r"""\documentclass[11pt]{article}
\usepackage[T1]{fontenc}
\usepackage[utf8]{inputenc}
\usepackage{lmodern}
\usepackage[margin=2.5cm]{geometry}
\usepackage[fleqn]{amsmath}
\usepackage{amssymb,graphicx}
\usepackage{tikz}
\setlength{\parindent}{0pt}
\setlength{\parskip}{4pt plus 2pt}
\setcounter{MaxMatrixCols}{30}
\allowdisplaybreaks
\raggedbottom
"""

_FIT = (
    r"\providecommand{\fit}[1]{\sbox0{$\displaystyle #1$}\ifdim\wd0>0.74\linewidth"
    r"\resizebox{0.74\linewidth}{!}{\usebox0}\else\usebox0\fi}"
)
_SMALL_NUMBER = re.compile(r"\b(\d\.\d)e([+-]\d+)\b")
_MATHEMATICS = re.compile(r"\$([^$]*)\$")
_LONG = 44
_LINE = 78


def emit(document: Document, fragment: bool = False, shapes: bool = False) -> str:
    """The document as LaTeX source, ending in a newline."""
    body = [_FIT]
    for section in document.sections:
        command = r"\section*" if section.level == 1 else r"\subsection*"
        body += ["", f"{command}{{{escape(section.title)}}}"]
        kept = False
        for block, after in zip_longest(section.blocks, section.blocks[1:]):
            keep = isinstance(block, Prose) and isinstance(after, Table)
            body += [r"\begin{samepage}", *_block(block, shapes)] if keep else _block(block, shapes)
            body += [r"\end{samepage}"] if isinstance(block, Table) and kept else []
            kept = keep
    if fragment:
        return "\n".join(body) + "\n"
    title = [r"\begin{document}", r"\begin{center}\Large\bfseries", escape(document.title), r"\end{center}"]
    return PREAMBLE + "\n".join([*title, *body, r"\end{document}"]) + "\n"


_SPECIAL = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "%": r"\%", "_": r"\_",
    "^": r"\textasciicircum{}", "~": r"\textasciitilde{}",
    "′": "$'$", "·": r"$\cdot$", "→": r"$\to$", "×": r"$\times$", "−": "$-$", "α": r"$\alpha$", "±": r"$\pm$",
    "⊙": r"$\odot$", "Σ": r"$\Sigma$", "σ": r"$\sigma$", "∂": r"$\partial$", "…": r"\dots{}", "≤": r"$\le$", "≥": r"$\ge$",
    "ᵀ": r"$^{\top}$", "⟨": r"$\langle$", "⟩": r"$\rangle$",
}  # fmt: skip


def escape(prose: str) -> str:
    r"""Text for LaTeX; letters outside Latin-1 that have a command get it.

    >>> escape("50% of W_1")
    '50\\% of W\\_1'
    """
    greek = {letter: rf"$\{name}$" for name, letter in names.GREEK.items()}
    return "".join(_SPECIAL.get(c) or greek.get(c) or c for c in prose)


def _inline(part: Inline) -> str:
    if isinstance(part, str):
        return _SMALL_NUMBER.sub(lambda m: rf"${m[1]} \cdot 10^{{{int(m[2])}}}$", escape(part))
    if isinstance(part, Letters):
        return "$" + _MATHEMATICS.sub(r"\1 ", escape(part.of)).strip() + "$"
    if isinstance(part.of, Form):
        return f"${latex(part.of)}$"
    return f"${part.of.latex if isinstance(part.of, Dim) else latex_shape(part.of)}$"


def _block(block: Block, shapes: bool) -> list[str]:
    if isinstance(block, Prose):
        return ["", "".join(map(_inline, block.parts)), ""]
    if isinstance(block, Table):
        return _table(block)
    if isinstance(block, Drawing):
        return [
            "",
            r"\begin{center}",
            *tikz.lines(block.picture),
            r"\par\smallskip\small " + escape(block.caption),
            r"\end{center}",
        ]
    return _equations(block, shapes)


def _table(block: Table) -> list[str]:
    out = ["", r"\begin{center}", rf"\begin{{tabular}}{{{'l' * len(block.head)}}}"]
    out += [" & ".join(map(escape, block.head)) + r" \\ \hline"]
    for cells in ([_cell(cell) for cell in row] for row in block.rows):
        strut = r"\rule[-1.4ex]{0pt}{4ex}" if any(r"\tfrac" in cell for cell in cells) else r"\rule{0pt}{2.6ex}"
        out.append(strut + " & ".join(cells) + r" \\")
    return [*out, r"\end{tabular}", r"\end{center}"]


def _cell(cell: tuple[Inline, ...]) -> str:
    return "".join(map(_inline, cell)).replace(r"\frac", r"\tfrac")


def _equations(block: Equations, shapes: bool) -> list[str]:
    if all(isinstance(step.terms[1], Value) for step in block.steps):
        return _values(block.steps)
    rows: list[str] = []
    for step in block.steps:
        rows += _rows(step, shapes)
    return [r"\begin{alignat*}{2}", (r" \\" + "\n").join(rows), r"\end{alignat*}"]


def _values(steps: tuple[Step, ...]) -> list[str]:
    """Matrices of numbers side by side, as many as a line takes."""
    shown = [rf"\mbox{{({s.number})\enspace $\displaystyle {written(s.terms[0])} = {written(s.terms[1])}$}}" for s in steps]
    return ["", r"{\raggedright\lineskip=6pt\lineskiplimit=3pt", "\\qquad\n".join(shown), r"\par}"]


def _rows(step: Step, shapes: bool) -> list[str]:
    """The terms with their signs under each other; the span and the rule in small print behind the last, or below it."""
    left = written(step.terms[0], shapes)
    lengths = [len(as_text(term, shapes)) for term in step.terms]
    if sum(lengths) <= _LONG:
        rows = [" = ".join(written(term, shapes) for term in step.terms[1:])]
    else:
        rows = [
            rf"\fit{{{written(term, shapes)}}}" if length > _LONG else written(term, shapes)
            for term, length in zip(step.terms[1:], lengths[1:], strict=True)
        ]
        lengths = lengths[-1:]
    aside, said = _aside(step)
    if aside and sum(lengths) + len(said) <= _LINE:
        rows[-1] += aside
    elif aside:
        rows.append(rf"\phantom{{=}}{aside}")
    signs = [("&= " if i < len(rows) - (rows[-1].startswith(r"\phantom")) else "& ") + row for i, row in enumerate(rows)]
    return [rf"\text{{({step.number})}}\quad && {left} {signs[0]}", *(f"&& {row}" for row in signs[1:])]


def _aside(step: Step) -> tuple[str, str]:
    """The span of t, and the shape or the rule, as LaTeX and as text to measure."""
    pieces, said = [], ""
    if step.span is not None:
        pieces.append(rf"\quad {step.span.latex}")
        said += f"   {step.span}"
    if step.kind == "definition" and step.shape is not None:
        pieces.append(rf"\quad\text{{\small ${latex_shape(step.shape)}$}}")
        said += f"   {latex_shape(step.shape)}"
    elif step.kind != "definition":
        rule = step.rule + rests_on(step)
        pieces.append(rf"\quad\text{{\small\itshape {escape(rule)}}}")
        said += f"   {rule}"
    return "".join(pieces), said


def rests_on(step: Step) -> str:
    """The steps that a step follows from: ", from (3), (5)"."""
    uses = ", ".join(f"({n})" for n in step.uses) if len(step.uses) <= 4 else f"({step.uses[0]})--({step.uses[-1]})"
    return f", from {uses}" if uses else ""


def written(term: Term, shapes: bool = False) -> str:
    """A term as LaTeX."""
    if isinstance(term, Form):
        return latex(term, shapes)
    if isinstance(term, Value):
        return _value(term)
    of, wrt = names.latex(term.of), names.latex(term.wrt)
    links = [
        rf"\frac{{\partial^{{+}} {of}}}{{\partial {wrt}}}"
        if u == term.of
        else rf"\frac{{\partial {of}}}{{\partial {names.latex(u)}}} \cdot \frac{{\partial {names.latex(u)}}}{{\partial {wrt}}}"
        for u in term.through
    ]
    if term.span:
        return rf"\sum_{{{term.span.letter}={term.span.first}}}^{{{term.span.last}}} {links[0]}"
    return " + ".join(links)


def _value(value: Value) -> str:
    if len(value.rows) == 1 and len(value.rows[0]) == 1:
        return _entry(value.rows[0][0])
    body = r" \\ ".join(" & ".join(map(_entry, row)) for row in value.rows)
    return rf"\begin{{bmatrix}} {body} \end{{bmatrix}}"


def _entry(x: Any) -> str:
    return f"{x:.6g}" if isinstance(x, float) else fraction_latex(x) if hasattr(x, "denominator") else str(x)


def equation(step: Step) -> str:
    """A step as one LaTeX equation, with its span."""
    joined = " = ".join(map(written, step.terms))
    return joined + (rf", \quad {step.span.latex}" if step.span else "")
