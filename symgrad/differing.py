r"""Claims for indices that differ, or agree: `\frac{\partial p_i}{\partial z_k} = -p_i p_k` for `i \ne k`.

So are claims for an index that is not a number: `\nabla_{k_j} L = p_j q` for `j \ne 1`.
Both sides are taken times `1 - \mathbb{1}[i = k]`, which is 0 where the claim says nothing; for `i = k`, times `\mathbb{1}[i = k]`.
"""

from __future__ import annotations

import re
from dataclasses import replace

from symgrad import syntax as sx
from symgrad.naming import letters_of
from symgrad.read.document import Sheet, Statement
from symgrad.syntax import Node

# What stands between a claim and a condition behind it: "…, for $i \ne k$"; one that begins a sentence is for what follows.
BEHIND = re.compile(
    r"(?i)^[\s,(&\\]*(?:quad|qquad)?[\s,(]*(?:for|if|when|whenever|where|wenn|falls|für|si|pour|para|se|per|если|при|当)?[\s,(]*$"
)


def of_differing(sheet: Sheet) -> Sheet:
    """The sheet with such claims about derivatives as claims for all indices."""
    statements = list(sheet.statements)
    for i, statement in enumerate(sheet.statements):
        told = _told(statement.node)
        at = None if told is None else _claim(sheet.statements, i, told[:2])
        if told is None or at is None:
            continue
        one, other, differ = told
        claim = statements[at].node
        assert isinstance(claim, sx.Relation)
        sides = tuple(side if isinstance(side, sx.Blank) else _where(side, one, other, differ) for side in claim.sides)
        statements[at] = replace(statements[at], node=replace(claim, sides=sides))
        statements[i] = replace(statement, node=sx.Listing(statement.node.span, (one, other), (",",)))
    return replace(sheet, statements=statements)


def _told(node: Node) -> tuple[sx.Name, sx.Name | sx.Number, bool] | None:
    """The two indices of a condition, or an index and the number that it is not, and whether they differ."""
    inner = node.body if isinstance(node, sx.Group) else node
    match inner:
        case sx.Relation(sides=(sx.Name() as one, sx.Name() as other), operators=("ne" | "=" as operator,)):
            if letters_of(one) and letters_of(other) and one.base != other.base:
                return one, other, operator == "ne"
        case sx.Relation(sides=(sx.Name() as one, sx.Number() as other), operators=("ne",)):
            if letters_of(one) and other.text.isdigit():
                return one, other, True
    return None


def _claim(statements: list[Statement], i: int, letters: tuple[sx.Name, sx.Name | sx.Number]) -> int | None:
    """Where the claim stands that a condition is for: the one before it where it follows that, else the next."""
    follows = i > 0 and BEHIND.match(statements[i].words) is not None
    for at in (i - 1,) if follows and _is_for(statements[i - 1].node, letters) else (i + 1,):
        if at < len(statements) and _is_for(statements[at].node, letters):
            return at
    return None


def _is_for(node: Node, letters: tuple[sx.Name, sx.Name | sx.Number]) -> bool:
    if not isinstance(node, sx.Relation) or set(node.operators) != {"="} or not isinstance(node.sides[0], sx.Derivative):
        return False
    scripts = {letter for n in sx.walk(node) if isinstance(n, sx.Scripted) for letter in letters_of(n.sub) or ()}
    return {letter.base for letter in letters if isinstance(letter, sx.Name)} <= scripts


def _where(side: Node, one: sx.Name, other: sx.Name | sx.Number, differ: bool) -> Node:
    same: Node = sx.Indicator(one.span, sx.Number(one.span, "1"), sx.Relation(one.span, (one, other), ("=",)))
    if differ:
        same = sx.Group(one.span, "(", ")", sx.Sum(one.span, (sx.Number(one.span, "1"), same), ("", "-")))
    return sx.Product(side.span, (same, sx.Group(side.span, "(", ")", side)), ("",))
