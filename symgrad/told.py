"""Values told in plain words: `word vectors of size d = 50`, `I start at a = 0`, `the residuals are e = (-1, 2)`.

A number is told only of a name that the mathematics of the sheet speaks of and gives no formula, before it gives it another value; `h = 3`
in words is a size where `h = Wx` is a layer. A list of numbers is no size, so it is read of any such name.
"""

from __future__ import annotations

import re

from symgrad import syntax as sx
from symgrad.constant import is_numeric
from symgrad.naming import plain_name
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
    sheet.statements = sorted([*sheet.statements, *extra], key=lambda s: s.span.start) if extra else sheet.statements
    return sheet
