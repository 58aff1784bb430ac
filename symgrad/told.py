"""Values told in plain words: `word vectors of size d = 50`, `I start at a = 0`, `the residuals are e = (-1, 2)`.

A number is told only of a name that the mathematics of the sheet speaks of and gives no formula, before it gives it another value; `h = 3`
in words is a size where `h = Wx` is a layer. A list of numbers is no size, so it is read of any such name.
"""

from __future__ import annotations

import re

from symgrad import syntax as sx
from symgrad.constant import is_numeric
from symgrad.naming import letters_of, plain_name
from symgrad.parts import heads, mentions
from symgrad.read.document import Sheet, Statement, prose
from symgrad.read.latex import parse
from symgrad.read.plain import strokes
from symgrad.span import Span

_LETTER = r"(?:[A-Za-zα-ωΑ-Ω]_?\w{0,2})"
_NUMBER = r"[-−]?\d+(?:[.,]\d+)?"
_LIST = rf"\(\s?{_NUMBER}(?:\s?[,;]\s?{_NUMBER})+\s?\)|\[\s?{_NUMBER}(?:\s?[,;]\s?{_NUMBER})+\s?\]"
_TOLD = re.compile(
    rf"(?<![\w$\\^_{{}}(=+*/·×⊙@])(?<![-−+*/=·×⊙@] )"
    rf"({_LETTER})[ \t\n]{{0,4}}=[ \t\n]{{0,4}}({_NUMBER}|{_LIST})(?![\w(^]|[.,]\d|\s?[-+*/=×·%])"
)
# `both biases zero`, said of every b of the sheet.
_ZERO_BIASES = re.compile(
    r"(?i)\b(?:(?:both|all|the|with) )?bias(?:es|[- ]vectors)?(?: \w+){0,2}?"
    r"(?: (?:are|is|set to|initiali[sz]ed (?:to|with)|start at|of|=))* (?:zeros?|0)\b(?!\.)"
    r"|\b(?:zero|zeroed|vanishing) biases\b|\ball-zero biases\b"
)


def told(sheet: Sheet) -> Sheet:
    """The sheet with the values that its words give, in their places."""
    spoken = {name for s in sheet.statements for name in mentions(s.node)}
    settled: dict[str, int] = {}  # up to where a number told of it would be the first thing said
    for statement in sheet.statements:
        for head, expression in heads(statement):
            settled[head] = min(settled.get(head, statement.span.start), statement.span.start if is_numeric(expression) else 0)
    extra: list[Statement] = []
    block = max((s.block for s in sheet.statements), default=0)
    text = prose(sheet.source)
    for at in strokes(sheet.source.text):
        text = text[:at] + ";" + text[at + 1 :]
    for found in _TOLD.finditer(text):
        nodes = parse(sheet.source, Span(*found.span()), sheet.macros)
        node = nodes[0] if len(nodes) == 1 else None
        name = plain_name(node.sides[0]) if isinstance(node, sx.Relation) else None
        is_list = found[2][0] in "(["
        if node is not None and name is not None and name in spoken and (is_list or found.start() < settled.get(name, len(text))):
            block += 1
            extra.append(Statement(node, Span(*found.span()), block, False))
    said = _ZERO_BIASES.search(text.replace("\n", " "))
    if said is not None:
        nowhere = Span(said.end(), said.end())
        zeros = (sx.Relation(nowhere, (bias, sx.Number(nowhere, "0")), ("=",)) for bias in _biases(sheet))
        extra += [Statement(node, nowhere, block + k, False) for k, node in enumerate(zeros, 1)]
    sheet.statements = sorted([*sheet.statements, *extra], key=lambda s: s.span.start) if extra else sheet.statements
    return sheet


def _biases(sheet: Sheet) -> list[sx.Node]:
    """Each b, `b_1` or `b^{[2]}` that a formula adds to something, once."""
    found: dict[str, sx.Node] = {}
    for term in (term for s in sheet.statements for n in sx.walk(s.node) if isinstance(n, sx.Sum) for term in n.terms):
        base = term.base if isinstance(term, sx.Scripted) and letters_of(term.sub) is None else term
        name = plain_name(term) if isinstance(base, sx.Name) and base.base == "b" else None
        if name is not None:
            found.setdefault(name, term)
    return list(found.values())
