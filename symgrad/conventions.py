r"""What a layout is told with: "for columns $y \in \mathbb{R}^m$ and $x \in \mathbb{R}^n$ $\partial y/\partial x$ is m×n".

Its names stand for any, and are not those that the sheet has elsewhere: they get letters of their own.
"""

from __future__ import annotations

import re
from dataclasses import replace

from symgrad import syntax as sx
from symgrad.conditions import one_sentence
from symgrad.naming import plain_name
from symgrad.read.document import Sheet
from symgrad.syntax import Node

_FOR_ANY = re.compile(
    r"(?i)\b(?:for|für|pour|para|per)\W+(?:an?|any|every|two|some|arbitrary|general|eine?n?|une?|una?|unos?)?\W*(?:\w+\W*){0,2}$"
)
_CONVENTION = re.compile(r"(?i)\b(?:layouts?|conventions?|Konvention\w*|convenci\w+|convenzion\w+|disposition)\b")
_LETTERS = "qrstvwpabcdefghklu"
_MOST = 4


def with_own_letters_for_any(sheet: Sheet) -> Sheet:
    """The sheet with other letters where a layout is told of columns that stand for any."""
    statements = list(sheet.statements)
    taken = {n.base for s in statements for n in sx.walk(s.node) if isinstance(n, sx.Name)}
    for i, statement in enumerate(statements):
        names: list[str] = []
        for k in range(i, min(i + _MOST, len(statements))):
            node = statements[k].node
            name = _member(node)
            if name is not None and (k > i or _FOR_ANY.search(statement.words)):
                names.append(name)
                continue
            is_of_them = isinstance(node, sx.Derivative) and node.of is not None and {*map(plain_name, (node.of, *node.wrt))} == {*names}
            told = sheet.source.text[max(0, statement.span.start - 200) : statements[k].span.start]
            if len(names) == 2 and is_of_them and one_sentence(sheet, i, k) and _CONVENTION.search(told):
                own = dict(zip(names, (letter for letter in _LETTERS if letter not in taken), strict=False))
                for at in range(i, k + 1):
                    statements[at] = replace(statements[at], node=sx.mapped(statements[at].node, lambda n, own=own: _renamed(n, own)))  # type: ignore[misc]
            break
    return replace(sheet, statements=statements)


def _member(node: Node) -> str | None:
    r"""The y of `y \in \mathbb{R}^m`."""
    return plain_name(node.sides[0]) if isinstance(node, sx.Relation) and node.operators == ("in",) else None


def _renamed(node: Node, own: dict[str, str]) -> Node:
    return sx.Name(node.span, own[node.base]) if isinstance(node, sx.Name) and plain_name(node) in own and node.base in own else node
