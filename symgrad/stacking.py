r"""Batches told in words: `$X$ … tokens as rows, denote by $U$, $\Gamma$ the stacked $u$, $g$`, where u and g have formulas for one token.

With examples as rows `u = A x` becomes `U = X A^T`, what is applied entry by entry stays so, and what is added is added to every row.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

from symgrad import syntax as sx
from symgrad.naming import plain_name
from symgrad.parts import heads
from symgrad.read.document import Sheet, Statement
from symgrad.span import Span
from symgrad.syntax import Node

_STACKED = re.compile(r"(?i)\b(?:the|for the|of) (?:row-?wise )?stacked\W*$")
_LISTED = re.compile(r"(?i)^[\s,]*(?:and|und|et|y)?[\s,]*$")
_AS_ROWS = re.compile(r"(?i)\b(?:as|in) rows\b|\brow-?wise\b|\bper row\b|\bthe rows\b")


def stacked(sheet: Sheet) -> Sheet:
    """The sheet with the formulas that such words give to batches."""
    formulas: dict[str, Node] = {}
    for name, formula in (item for s in sheet.statements for item in heads(s)):
        formulas.setdefault(name, formula)
    out = list(sheet.statements)
    for j in range(len(out) - 1, 0, -1):
        if not _STACKED.search(out[j].words) or not _AS_ROWS.search(sheet.source.text[: out[j].span.start][-400:]):
            continue
        small, large = list(_names(out, j, 1)), list(_names(out, j - 1, -1))[::-1]
        if len(small) != len(large):
            continue
        own = {plain_name(one): many for one, many in zip(small, large, strict=True)}
        spoken = [n for s in out[:j] for n in sx.walk(s.node) if isinstance(n, sx.Name) and n.base.isupper() and not n.accents]
        batches = {name: many for name, many in own.items() if name is not None}
        inputs = [n for n in spoken if n.base == "X" and "x" not in batches and "X" not in formulas]
        batches |= {"x": inputs[0]} if inputs else {}
        nowhere = Span(out[j + len(small) - 1].span.end, out[j + len(small) - 1].span.end)
        made = [
            replace(out[j], node=sx.Relation(nowhere, (many, whole), ("=",)), span=nowhere, words="", words_after="")
            for name, many in own.items()
            if name in formulas and plain_name(many) not in formulas and (whole := _of_all(formulas[name], batches)) is not None
        ]
        out[j + len(small) : j + len(small)] = made
    return replace(sheet, statements=out) if len(out) > len(sheet.statements) else sheet


def _names(statements: list[Statement], start: int, step: int) -> Iterator[Node]:
    """The names that are listed from a statement on, or back from it."""
    i = start
    while 0 <= i < len(statements):
        node = statements[i].node
        head = node.sides[0] if isinstance(node, sx.Relation) and set(node.operators) == {"in"} else node
        if not isinstance(head, sx.Name):
            return
        yield head
        between = statements[i].words if step < 0 else statements[i].words_after
        if not _LISTED.match(between):
            return
        i += step


def _of_all(node: Node, batches: Mapping[str, Node]) -> Node | None:
    """A formula for one example, for all of them as rows; None where it is not known how."""
    if not _has(node, batches):
        turned = isinstance(node, sx.Name)
        return sx.Scripted(node.span, node, None, sx.Mark(node.span, "\\top")) if turned else None
    match node:
        case sx.Name():
            return batches.get(plain_name(node) or "")
        case sx.Group(body=body):
            inner = _of_all(body, batches)
            return None if inner is None else replace(node, body=inner)
        case sx.Call(args=(argument,)):
            inner = _of_all(argument, batches)
            return None if inner is None else replace(node, args=(inner,))
        case sx.Sum(terms=terms):
            each = [_of_all(term, batches) for term in terms]
            return None if None in each else replace(node, terms=tuple(x for x in each if x is not None))
        case sx.Product(factors=(matrix, vector), operators=("",)) if not _has(matrix, batches):
            inner = _of_all(vector, batches)
            turned_matrix = sx.Scripted(matrix.span, matrix, None, sx.Mark(matrix.span, "\\top"))
            return None if inner is None or not isinstance(matrix, sx.Name) else replace(node, factors=(inner, turned_matrix))
        case sx.Product(factors=factors, operators=operators) if set(operators) == {"odot"} and all(_has(f, batches) for f in factors):
            each = [_of_all(factor, batches) for factor in factors]
            return None if None in each else replace(node, factors=tuple(x for x in each if x is not None))
    return None


def _has(node: Node, batches: Mapping[str, Node]) -> bool:
    return any(isinstance(n, sx.Name) and plain_name(n) in batches for n in sx.walk(node))
