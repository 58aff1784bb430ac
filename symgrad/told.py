"""Values told in plain words: `word vectors of size d = 50`, `a batch of N = 2 examples`.

Only of a name that the mathematics of the sheet speaks of and says nothing of by itself; `h = 3` in words is a size where `h = Wx` is a
layer.
"""

from __future__ import annotations

import re

from symgrad import syntax as sx
from symgrad.naming import plain_name
from symgrad.parts import heads, mentions
from symgrad.read.document import Sheet, Statement, prose
from symgrad.read.latex import parse
from symgrad.span import Span

_LETTER = r"(?:[A-Za-zα-ωΑ-Ω]_?\w{0,2})"
_NUMBER = r"[-−]?\d+(?:[.,]\d+)?"
_TOLD = re.compile(rf"(?<![\w$\\^_{{}}(=+*/])({_LETTER})\s?=\s?({_NUMBER})(?![\w(^]|[.,]\d|\s?[-+*/=×·%])")


def told(sheet: Sheet) -> Sheet:
    """The sheet with the values that its words give, in their places."""
    spoken = {name for s in sheet.statements for name in mentions(s.node)}
    settled = {name for s in sheet.statements for name, _ in heads(s)}
    extra: list[Statement] = []
    block = max((s.block for s in sheet.statements), default=0)
    text = prose(sheet.source)
    for found in _TOLD.finditer(text):
        nodes = parse(sheet.source, Span(*found.span()), sheet.macros)
        node = nodes[0] if len(nodes) == 1 else None
        name = plain_name(node.sides[0]) if isinstance(node, sx.Relation) else None
        if node is not None and name in spoken - settled:
            block += 1
            extra.append(Statement(node, Span(*found.span()), block, False))
    sheet.statements = sorted([*sheet.statements, *extra], key=lambda s: s.span.start) if extra else sheet.statements
    return sheet
