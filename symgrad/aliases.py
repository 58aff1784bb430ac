r"""Functions under names of the sheet's own: after `h = \tanh`, `u\,h(w^T z + b)` has a call of the hyperbolic tangent, and `h'` its slope.

Letters that nearly always are functions (f, g, \phi, \sigma) are read as such anyway.
"""

from __future__ import annotations

import re
from dataclasses import replace

from symgrad import syntax as sx
from symgrad.naming import plain_name
from symgrad.read import functions as fn
from symgrad.read.document import Sheet, Statement
from symgrad.syntax import Node


def with_own_functions(sheet: Sheet) -> Sheet:
    """The sheet with the functions themselves where it calls them by its own names for them."""
    named = {name: word for s in sheet.statements for name, word in [_named(s.node), _told(s)] if name and word is not None}
    if not named:
        return sheet

    def called(function: Node, group: Node) -> Node | None:
        bare = function.base if isinstance(function, sx.Scripted) and function.sub is None and function.sup is None else function
        word = named.get(plain_name(bare) or "")
        if word is None or not isinstance(group, sx.Group) or group.open not in ("(", "["):
            return None
        itself = replace(function, base=word) if isinstance(function, sx.Scripted) else word
        return sx.Call(function.span.to(group.span), itself, (group.body,))

    def written(node: Node) -> Node:
        if isinstance(node, sx.Call):
            group = sx.Group(node.span, "(", ")", node.args[0]) if len(node.args) == 1 else node
            return called(node.function, group) or node
        if not isinstance(node, sx.Product):
            return node
        factors, operators = list(node.factors), list(node.operators)
        for k in range(len(factors) - 2, -1, -1):
            made = called(factors[k], factors[k + 1]) if not operators[k] else None
            if made is not None:
                factors[k : k + 2] = [made]
                del operators[k]
        return factors[0] if len(factors) == 1 else replace(node, factors=tuple(factors), operators=tuple(operators))

    changed = []
    for statement in sheet.statements:
        word = _named(statement.node)[1]
        changed.append(replace(statement, node=sx.mapped(statement.node, written) if word is None else word))
    return replace(sheet, statements=changed)


def _named(node: Node) -> tuple[str, sx.Name | None]:
    r"""The h and the tanh of `h = \tanh`."""
    match node:
        case sx.Relation(sides=(sx.Name() as head, sx.Name(base=word) as function), operators=("=" | ":=" | "equiv",)):
            is_free = head.base not in fn.UNNAMED and head.base != "\\sigma" and not head.accents
            if is_free and fn.word_of(head.base) not in fn.WORDS and fn.word_of(word) in fn.ELEMENTWISE_WORDS:
                return plain_name(head) or "", function
    return "", None


# `$\Lambda$ is the logistic cdf`.
_IS = re.compile(
    r"(?i)^\W*(?:is|denotes|stands for|means|be)\W+(?:the\W+|a\W+)?(?:usual\W+|standard\W+)?"
    r"(logistic|sigmoid|tanh|hyperbolic tangent|relu|softplus|gelu|silu|swish)\b"
)


def _told(statement: Statement) -> tuple[str, sx.Name | None]:
    """A letter that words say to be a function."""
    node, found = statement.node, _IS.match(statement.words_after)
    if found is None or not isinstance(node, sx.Name) or node.base in fn.UNNAMED or node.base == "\\sigma" or node.accents:
        return "", None
    return plain_name(node) or "", sx.Name(node.span, found[1].lower().replace("hyperbolic tangent", "tanh"))
