r"""Rules for gradients said of letters of their own: `if $C = AB$ then $dA = dC\,B^T$`, on a sheet where A is something else.

The result of such a rule is spoken of in its sentence alone, and what it is made of elsewhere too. There it is a letter of its own, with an
accent that sheets hardly have. So is the x of `f(x) = w^T x + b` on a sheet that has nothing but `x_1`, `x_2` and `x_i` besides.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Set
from dataclasses import replace
from functools import partial

from symgrad import syntax as sx
from symgrad.conditions import one_sentence
from symgrad.naming import numbers_of, plain_name
from symgrad.parts import heads, mentions
from symgrad.read.document import Sheet, Statement
from symgrad.syntax import Node

_IF = re.compile(
    r"(?i)\b(?:if|for|from|when|whenever|with|given|wenn|falls|für|aus|si|pour|para|se)(?:\s+(?:we have|you have|always))?\W*$"
)
_OWN = "check"


def with_letters_of_their_own(sheet: Sheet) -> Sheet:
    """The sheet with other letters in the rules that it recalls."""
    statements = list(sheet.statements)
    rules = [(i, {i, *own}) for i, own in _rules(sheet)]
    defined = {name for j, s in enumerate(statements) if heads(s) and not any(j in here for _, here in rules) for name in mentions(s.node)}
    for i, here in rules:
        (head, formula), *_ = heads(statements[i])
        elsewhere = {name for j, s in enumerate(sheet.statements) if j not in here for name in mentions(s.node)}
        if head not in elsewhere and {*mentions(formula)} & defined:
            own_letters = partial(_with_accent, {head, *mentions(formula)})
            for j in here:
                statements[j] = replace(statements[j], node=sx.mapped(statements[j].node, own_letters))
    return replace(sheet, statements=[_with_own_argument(s, statements) for s in statements])


def _with_own_argument(statement: Statement, statements: list[Statement]) -> Statement:
    """A function with another letter for its argument, where that is elsewhere the letter of examples that are numbered."""
    head = statement.node.sides[0] if isinstance(statement.node, sx.Relation) else None
    letter = head.args[0] if isinstance(head, sx.Call) and len(head.args) == 1 else None
    if not isinstance(letter, sx.Name):
        return statement
    others = [s.node for s in statements if s is not statement]
    every = [n for node in others for n in sx.walk(node)]
    numbered = [n.base for n in every if isinstance(n, sx.Scripted) and n.sup is None and numbers_of(n.sub) is not None]
    scripted = {id(n.base) for n in every if isinstance(n, sx.Scripted) and n.sub is not None}
    alone = any(n == letter and id(n) not in scripted for n in every)
    if alone or letter not in numbered:
        return statement
    return replace(statement, node=sx.mapped(statement.node, partial(_with_accent, {plain_name(letter) or ""})))


def _rules(sheet: Sheet) -> Iterator[tuple[int, list[int]]]:
    """The definitions that such rules begin with, and the rest of their sentence: gradients by what they are made of, and nothing else."""
    for i, statement in enumerate(sheet.statements):
        named = heads(statement)
        if len(named) != 1 or not _IF.search(statement.words):
            continue
        inputs, own = {*mentions(named[0][1])}, list[int]()
        for j in range(i + 1, len(sheet.statements)):
            if not one_sentence(sheet, i, j):
                break
            own.append(j)
        if own and all(_by_which(sheet.statements[j].node) in inputs for j in own):
            yield i, own


def _by_which(node: Node) -> str | None:
    r"""The A of `dA = …` and `\partial L/\partial A = …`."""
    head = node.sides[0] if isinstance(node, sx.Relation) else None
    match head:
        case sx.Differential(sign="d", of=of, order=None):
            return plain_name(of)
        case sx.Derivative(of=sx.Node(), wrt=(of,), order=None):
            return plain_name(of)
    return None


def _with_accent(letters: Set[str], node: Node) -> Node:
    is_one = isinstance(node, sx.Name) and plain_name(replace(node, accents=())) in letters
    return replace(node, accents=(*node.accents, _OWN)) if isinstance(node, sx.Name) and is_one else node
