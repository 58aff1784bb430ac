r"""Networks told by what is changed in them: `If the factor $1/\sqrt k$ is replaced by a learned scalar $\tau$, then …`.

Every definition that has the piece is put again with the other in its place, as the beginning of another network.
"""

from __future__ import annotations

import re
from dataclasses import replace

from symgrad import syntax as sx
from symgrad.constant import is_numeric
from symgrad.parts import heads
from symgrad.read.document import Sheet, Statement
from symgrad.syntax import Node

_REPLACED = re.compile(
    r"(?i)\b(?:(?:is|are|was|were|be|being|gets?)\s+(?:now\s+)?(?:replaced|exchanged|substituted)\s+(?:by|with|for)"
    r"|(?:wird|werden)\s+durch|est remplacée?\s+par|se (?:re(?:e)?mplaza|sustituye) por)\b[^.;]*$"
)
_BY = re.compile(r"(?i)\b(?:by|with|durch|par|por|con)\b[^.;]*$")
_SUPPOSING = re.compile(r"(?i)\b(?:if|when|once|suppose|let|wenn|falls|wird|si|se|cuando)\b[^.;]*$")
_REPLACING = re.compile(
    r"(?i)\b(?:replac(?:e|es|ing)|exchang(?:e|ing)|swap(?:ping)?|ersetz\w+|remplac\w+|re(?:e)?mplaz\w+|sustitu\w+)\b[^.;]*$"
)
OTHERWISE = "if it were"  # by these words what follows is about another network


def with_replaced(sheet: Sheet) -> Sheet:
    """The sheet with the definitions of the network that words make by replacing a piece of another."""
    out: list[Statement] = []
    for i, statement in enumerate(sheet.statements):
        others = _made_otherwise(sheet, i) if is_replaced(sheet, i) else []
        out += others or [statement]
    return replace(sheet, statements=out)


def is_replaced(sheet: Sheet, i: int) -> bool:
    """Whether words put what a statement says in the place of what the one before it says."""
    if not i:
        return False
    before, after = sheet.statements[i - 1], sheet.statements[i]
    if any(isinstance(s.node, sx.Relation) for s in (before, after)) or after.block == before.block:
        return False
    if _REPLACED.search(after.words):
        return _SUPPOSING.search(before.words) is not None
    return bool(_REPLACING.search(before.words) and _BY.search(after.words))


def _made_otherwise(sheet: Sheet, i: int) -> list[Statement]:
    """The last definitions of names with the piece that statement `i - 1` says, with that of statement `i` instead."""
    piece, other = sheet.statements[i - 1].node, sheet.statements[i].node
    known: dict[str, tuple[Node, Node]] = {}
    for statement in sheet.statements[: i - 1]:
        for name, formula in heads(statement):
            assert isinstance(statement.node, sx.Relation)
            if not is_numeric(formula) and not isinstance(formula, sx.Derivative):
                known.setdefault(name, (statement.node.sides[0], formula))

    def put(node: Node) -> Node | None:
        return other if node == piece else None

    made = [(head, formula, sx.replaced(formula, put)) for head, formula in known.values()]
    here = sheet.statements[i]
    return [
        replace(here, node=sx.Relation(here.span, (head, changed), ("=",)), words=OTHERWISE)
        for head, formula, changed in made
        if changed != formula
    ]
