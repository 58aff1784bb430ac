r"""Networks told by what is changed in them: `If the factor $1/\sqrt k$ is replaced by a learned scalar $\tau$, then …`.

Every definition that has the piece is put again with the other in its place, as the beginning of another network. So is a loss that
something is added to: `Ridge: add $\frac{\lambda}{2}\|w\|^2$ to $J$`.
"""

from __future__ import annotations

import re
from dataclasses import replace

from symgrad import syntax as sx
from symgrad.constant import is_numeric
from symgrad.heads import as_call
from symgrad.meaning import is_loss
from symgrad.naming import plain_name
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
_ADDING = re.compile(r"(?i)\b(?:add(?:s|ed|ing)?|addieren|ajout\w+|añad\w+|sum\w+|aggiung\w+)\b[^.;]*$")
_TO = re.compile(
    r"(?i)^\W*(?:(?:is|are|being|was) added )?(?:to|zu|à|a|al)(?:\W+(?:the|our|la|le|el|die|der|dem))?"
    r"(?:\W+(?:loss|cost|objective|risk)(?: function)?)?\W*$"
)
OTHERWISE = "if it were"  # by these words what follows is about another network


def with_replaced(sheet: Sheet) -> Sheet:
    """The sheet with the definitions of the network that words make by replacing a piece of another."""
    out: list[Statement] = []
    for i, statement in enumerate(sheet.statements):
        others = _made_otherwise(sheet, i) if is_replaced(sheet, i) else _made_larger(sheet, i)
        out += others or [statement]
    return replace(sheet, statements=out)


def is_replaced(sheet: Sheet, i: int) -> bool:
    """Whether words put what a statement says in the place of what the one before it says."""
    if not i:
        return False
    before, after = sheet.statements[i - 1], sheet.statements[i]
    is_said = isinstance(before.node, sx.Relation) or (isinstance(after.node, sx.Relation) and _named(after.node) is None)
    if is_said or after.block == before.block:
        return False
    if _REPLACED.search(after.words):
        return _SUPPOSING.search(before.words) is not None
    return bool(_REPLACING.search(before.words) and _BY.search(after.words))


def _made_otherwise(sheet: Sheet, i: int) -> list[Statement]:
    """The last definitions of names with the piece that statement `i - 1` says, with that of statement `i` instead."""
    piece, here = sheet.statements[i - 1].node, sheet.statements[i]
    named = _named(here.node)
    other = here.node if named is None else named
    known: dict[str, tuple[Node, Node]] = {}
    for statement in sheet.statements[: i - 1]:
        for name, formula in heads(statement):
            assert isinstance(statement.node, sx.Relation)
            if not is_numeric(formula) and not isinstance(formula, sx.Derivative):
                known.setdefault(name, (statement.node.sides[0], formula))

    def put(node: Node) -> Node | None:
        return other if node == piece else None

    made = [(head, formula, sx.replaced(formula, put)) for head, formula in known.values()]
    changed = [
        replace(here, node=sx.Relation(here.span, (head, other_formula), ("=",)), words=OTHERWISE)
        for head, formula, other_formula in made
        if other_formula != formula
    ]
    return [here, *(replace(s, block=-1) for s in changed)] if named is not None else changed


def _named(node: Node) -> Node | None:
    r"""The ỹ of "replace $y$ by $\tilde y_i = (1 - \varepsilon) y_i + \varepsilon/K$"."""
    match node:
        case sx.Relation(sides=(head, _), operators=("=" | ":=",)):
            name = head.base if isinstance(head, sx.Scripted) else head
            return name if isinstance(name, sx.Name) else None
    return None


def _made_larger(sheet: Sheet, i: int) -> list[Statement]:
    """The loss that statement `i` says with the term that words add to it, which stands before."""
    if not i:
        return []
    term, here = sheet.statements[i - 1], sheet.statements[i]
    name = plain_name(here.node)
    is_told = not isinstance(term.node, (sx.Relation, sx.Name, sx.Number)) and here.block != term.block and _TO.search(here.words)
    if not is_told or name is None or not is_loss(name) or not _ADDING.search(f"{term.words} {here.words}"):
        return []
    for statement in sheet.statements[: i - 1]:
        match statement.node:
            case sx.Relation(sides=(head, formula, *_), operators=("=" | ":=", *_)) if _called(head) == name and not is_numeric(formula):
                larger = sx.Sum(here.span, (formula, term.node), ("", "+"))
                return [replace(here, node=sx.Relation(here.span, (head, larger), ("=",)), words=OTHERWISE)]
    return []


def _called(head: Node) -> str | None:
    """The J of `J`, and of `J(w)`."""
    call = as_call(head)
    return plain_name(call.function if isinstance(call, sx.Call) else call)
