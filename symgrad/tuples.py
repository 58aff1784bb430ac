r"""Several names given at once: `(x_0, y_0) = (3, 1)`, `[x_1; y_1] = … = [2.4; 0.4]` say what each name is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from symgrad import syntax as sx
from symgrad.naming import plain_name
from symgrad.read.document import Sheet, Statement
from symgrad.span import Span
from symgrad.syntax import Node


def separated(sheet: Sheet) -> Sheet:
    """The sheet with a statement of its own, without a place, for every name that is given among others.

    So again where they are computed anew: by one step of descent, then from the same start by another method.
    """
    spoken: set[str] = set()
    out: list[Statement] = []
    for statement in sheet.statements:
        nowhere = Span(statement.span.start, statement.span.start)
        for name, entry in _given(statement.node):
            spelled = plain_name(name)
            is_computed = isinstance(statement.node, sx.Relation) and len(statement.node.sides) > 2
            if spelled is not None and (spelled not in spoken or is_computed):
                made = sx.Relation(nowhere, (name, entry), ("=",))
                out.append(replace(statement, node=made, span=nowhere, words="", words_after=""))
        out.append(statement)
        if isinstance(statement.node, sx.Relation):
            spoken |= {n for n in map(plain_name, statement.node.sides) if n is not None}
            spoken |= {n for name, _ in _given(statement.node) if (n := plain_name(name)) is not None}
    return replace(sheet, statements=out)


def _given(node: Node) -> list[tuple[Node, Node]]:
    """The names and the numbers that they are given."""
    if not isinstance(node, sx.Relation) or len(node.sides) < 2 or set(node.operators) - {"=", ":=", "approx"}:
        return []
    names, values = list(_cells(node.sides[0])), list(_cells(node.sides[-1]))
    if len(names) < 2 or len(names) != len(values) or any(plain_name(n) is None for n in names):
        return []
    numeric = all(not isinstance(n, (sx.Name, sx.Dots, sx.Blank, sx.Unread)) for value in values for n in sx.walk(value))
    return list(zip(names, values, strict=True)) if numeric else []


def _cells(node: Node) -> Iterator[Node]:
    """The entries of a list, a tuple or a matrix."""
    match node:
        case sx.Group(body=sx.Listing(items=items)) | sx.List(items=items):
            yield from items
        case sx.Matrix(rows=rows):
            yield from (cell for row in rows for cell in row if not isinstance(cell, sx.Blank))
