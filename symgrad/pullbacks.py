r"""Rules for gradients said of letters of their own: `if $C = AB$ then $dA = dC\,B^T$`, on a sheet where A is something else.

The result of such a rule is spoken of in its sentence alone, and what it is made of elsewhere too. There it is a letter of its own, with an
accent that sheets hardly have. So is the x of `f(x) = w^T x + b` on a sheet that has nothing but `x_1`, `x_2` and `x_i` besides, and so are
the letters of what a sheet recalls before it begins: that `tr(AB) = tr(BA)`, and how a gradient is read off a differential.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Set
from dataclasses import replace
from functools import partial

from symgrad import syntax as sx
from symgrad.conditions import one_sentence
from symgrad.heads import as_call
from symgrad.names import GREEK
from symgrad.naming import numbers_of, plain_name
from symgrad.parts import heads, mentions
from symgrad.read.document import Sheet, Statement
from symgrad.syntax import Node

_IF = re.compile(
    r"(?i)\b(?:if|for|from|when|whenever|with|given|wenn|falls|für|aus|si|pour|para|se)(?:\s+(?:we have|you have|always))?\W*$"
)
_OWN = "check"
_OTHERS = ("check", "breve", "acute", "grave")  # of one sentence after the other
# Words of a passage that recalls what is true of anything.
_RECALLS = re.compile(
    r"(?i)\b(?:we|always)(?: \w+)? (?:use|need)\b|\busing\b|\brecall\w*|\bidentit\w+|\brules?\b|\bfacts?\b|\bfreely\b|\bas well as\b"
    r"|\brecipe\b|\bread(?:ing)? off\b|\bthe form\b|\bwell[- ]known\b"
)


def with_letters_of_their_own(sheet: Sheet) -> Sheet:
    """The sheet with other letters in the rules that it recalls."""
    sheet = replace(sheet, statements=_recalled(sheet))
    statements = list(sheet.statements)
    rules = [(i, {i, *own}) for i, own in _rules(sheet)]
    defined = {name for j, s in enumerate(statements) if heads(s) and not any(j in here for _, here in rules) for name in mentions(s.node)}
    for i, here in rules:
        (head, formula), *_ = heads(statements[i])
        elsewhere = {name for j, s in enumerate(sheet.statements) if j not in here for name in mentions(s.node)}
        changes = any(_is_changed(head, n) for j in here for n in sx.walk(sheet.statements[j].node))
        if changes and head not in elsewhere and {*mentions(formula)} & defined:
            own_letters = partial(_with_accent, {head, *mentions(formula)})
            for j in here:
                statements[j] = replace(statements[j], node=sx.mapped(statements[j].node, own_letters))
    return replace(sheet, statements=[_with_own_argument(s, statements) for s in statements])


def _is_changed(name: str, node: Node) -> bool:
    """Whether it is `dC` or a derivative by C: without, the C of `with C = AB` is a name like any other."""
    if isinstance(node, sx.Derivative):
        return any(plain_name(by) == name for by in node.wrt)
    return isinstance(node, sx.Differential) and plain_name(node.of) == name


def _recalled(sheet: Sheet) -> list[Statement]:
    r"""The statements, with letters of their own in identities that are recalled before anything is defined, and in a recipe for gradients.

    `df = tr(A^T dX)`, from which `\partial f/\partial X = A` is read off, is a claim about the function `f = tr(A^T X)`.
    """
    defined = [_defined(s) for s in sheet.statements]
    begun = next((i for i, name in enumerate(defined) if name is not None), 0)
    later = {name for name in defined if name is not None}
    out = list(sheet.statements)
    words, sentences = "", 0
    for i in range(begun):
        node = out[i].node
        goes_on = i > 0 and one_sentence(sheet, i - 1, i)
        words, sentences = f"{words} {out[i].words}" if goes_on else out[i].words, sentences + (not goes_on)
        passage = f"{words} {out[i].words_after}"
        if not isinstance(node, sx.Relation) or set(node.operators) != {"="} or not _RECALLS.search(passage):
            continue
        match node.sides[0]:
            case sx.Differential(of=sx.Name() as of, order=None) if len(node.sides) == 2 and plain_name(of) in later:
                function = sx.mapped(node.sides[1], _as_variable)
                if function != node.sides[1]:
                    node = replace(node, sides=(of, function))
        letters = {name for name in (*mentions(node), *_changing(node)) if len(name) == 1 or name[1:] in GREEK}
        own = partial(_with_accent, letters, accent=_OTHERS[sentences % len(_OTHERS)])
        out[i] = replace(out[i], node=sx.mapped(node, own))
    return out


def _defined(statement: Statement) -> str | None:
    """The name that a statement gives a formula, also as a function of others."""
    head = as_call(statement.node.sides[0]) if isinstance(statement.node, sx.Relation) else None
    named = [] if isinstance(head, (sx.Differential, sx.Derivative)) else heads(statement)
    if named:
        return named[0][0]
    is_own = isinstance(head, sx.Call) and all(isinstance(arg, (sx.Name, sx.Scripted)) for arg in head.args)
    name = plain_name(head.function) if isinstance(head, sx.Call) and is_own else None
    return name if name is not None and len(name.lstrip("\\")) == 1 else None


def _as_variable(node: Node) -> Node:
    return node.of if isinstance(node, sx.Differential) and isinstance(node.of, sx.Name) else node


def _changing(node: Node) -> set[str]:
    """The names whose differentials are taken, and those that derivatives are of and by."""
    found = {plain_name(n.of) for n in sx.walk(node) if isinstance(n, (sx.Differential, sx.Derivative)) and n.of is not None}
    return {name for name in (*found, *(plain_name(w) for n in sx.walk(node) if isinstance(n, sx.Derivative) for w in n.wrt)) if name}


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


def _with_accent(letters: Set[str], node: Node, accent: str = _OWN) -> Node:
    is_one = isinstance(node, sx.Name) and plain_name(replace(node, accents=())) in letters
    return replace(node, accents=(*node.accents, accent)) if isinstance(node, sx.Name) and is_one else node
