r"""Cross-correlations told by a star, `Z = X * K + c` ("valid" cross-correlation, the filter is not flipped), by their entries.

And the order in which a matrix is flattened, where the words say "row by row": `\mathrm{vec}(A)` goes by columns.
"""

from __future__ import annotations

import re
from dataclasses import replace

from symgrad import syntax as sx
from symgrad.literals import literal_rows
from symgrad.naming import plain_name
from symgrad.parts import heads, mentions
from symgrad.read.document import Sheet, Statement
from symgrad.read.functions import word_of
from symgrad.read.latex import parse
from symgrad.span import Source, Span
from symgrad.syntax import Node

_CORRELATES = re.compile(r"(?i)\bcross-?\s?correlat\w*|\b(?:not|never|without|no)\W+(?:\w+\W+)?flip\w*|\bunflipped\b")
_WIDER = re.compile(r"(?i)\bfull\b|\bsame\b|\bpad\w*|\bstrides?\W+(?:of\W+)?(?!1\b)\d|\bdilat\w*")
_SENTENCE = re.compile(r"[.;](?=\s|$)")
_BY_ROWS = re.compile(r"(?i)^\W*(?:row[- ]by[- ]row|by rows|row[- ](?:wise|major)|rows? (?:first|after row))\b")
_KERNELS = frozenset({"K", "W", "F", "k", "w", "f", "h"})


def by_entries(sheet: Sheet) -> Sheet:
    """The sheet with its cross-correlations as sums over the window, and with what is flattened by rows."""
    flat = [replace(s, node=_by_rows(s.node)) if _BY_ROWS.search(s.words_after) else s for s in sheet.statements]
    two = {name for s in flat for name, value in heads(s) if len(literal_rows(value) or ()) > 1} | {
        name for s in flat for name in mentions(s.node) if len(name) == 1 and name.isupper()
    }
    return replace(sheet, statements=[_correlated(s, two) if _is_told(s) else s for s in flat])


def _is_told(statement: Statement) -> bool:
    """Whether the words of its sentence say that it is a cross-correlation, of nothing but what is there."""
    said = f"{_SENTENCE.split(statement.words)[-1]} {_SENTENCE.split(statement.words_after.replace('i.e.', ''))[0]}"
    return _CORRELATES.search(said) is not None and _WIDER.search(said) is None


def _correlated(statement: Statement, matrices: set[str]) -> Statement:
    match statement.node:
        case sx.Relation(sides=(sx.Name() as head, side), operators=("=" | ":=",)):
            terms = side.terms if isinstance(side, sx.Sum) else (side,)
            signs = side.signs if isinstance(side, sx.Sum) else ("",)
        case _:
            return statement
    written = []
    for sign, term in zip(signs, terms, strict=True):
        names = [plain_name(n) for n in (term.factors if isinstance(term, sx.Product) else (term,))]
        if None in names or (len(names) > 1 and (not isinstance(term, sx.Product) or term.operators != ("*",) or len(names) > 2)):
            return statement
        if len(names) == 1 and names[0] in matrices:
            return statement  # a bias for every place
        written.append(f"{sign} {_window(names[0], names[1], matrices) if len(names) > 1 else names[0]}")
    if not any("sum" in term for term in written):
        return statement
    places = "ij" if plain_name(head) in matrices else "i"
    return replace(statement, node=_read(f"{plain_name(head)}_{{{places}}} = {' '.join(written)}", statement.node.span))


def _window(first: str | None, second: str | None, matrices: set[str]) -> str:
    kernel, data = (first, second) if first in _KERNELS and second not in _KERNELS else (second, first)
    if kernel in matrices:
        return rf"\sum_{{u,v}} {kernel}_{{uv}} {data}_{{i+u-1,j+v-1}}"
    return rf"\sum_u {kernel}_u {data}_{{i+u-1}}"


def _by_rows(node: Node) -> Node:
    r"""`\mathrm{vec}(A^\top)` for `\mathrm{vec}(A)`."""

    def turned(inner: Node) -> Node:
        match inner:
            case sx.Call(function=sx.Name(base=base), args=(argument,)) if word_of(base) in ("vec", "flatten"):
                return replace(inner, args=(sx.Scripted(argument.span, argument, None, sx.Mark(argument.span, "\\top")),))
        return inner

    return sx.mapped(node, turned)


def _read(text: str, span: Span) -> Node:
    """What is written so, all of it at one place."""
    (node,) = parse(Source(text, ""), Span(0, len(text)))
    return sx.mapped(node, lambda inner: replace(inner, span=span))
