r"""The `u_i` of `u_i^\top v_j` beside a U that nothing else is said of: they are its rows, and no other letter."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

from symgrad import syntax as sx
from symgrad.naming import letters_of, superscript
from symgrad.parts import heads
from symgrad.read.document import Sheet
from symgrad.syntax import Node


def with_rows_of_capitals(sheet: Sheet) -> Sheet:
    """The sheet with `U_i` for every `u_i` that is a vector by how it stands, where U is a matrix of its own and u is not."""
    nodes = [n for s in sheet.statements for n in sx.walk(s.node)]
    scripted = [n for n in nodes if isinstance(n, sx.Scripted) and isinstance(n.base, sx.Name) and n.sub is not None]
    indexed = [n.base.base for n in scripted if isinstance(n.base, sx.Name) and len(letters_of(n.sub) or ()) == 1]
    every = [n.base for n in nodes if isinstance(n, sx.Name)]
    defined = {name.partition("_")[0] for s in sheet.statements for name, _ in heads(s)}
    with_scripts = {n.base.base for n in scripted if isinstance(n.base, sx.Name)}
    vectors = {name for n in nodes for name in vectors_by_place(n)}
    rows = {
        name
        for name in vectors
        if len(name) == 1 and name.islower() and every.count(name) == indexed.count(name)
        and name.upper() in every and not {name, name.upper()} & defined and name.upper() not in with_scripts
    }  # fmt: skip
    if not rows:
        return sheet

    def written(node: Node) -> Node:
        return replace(node, base=node.base.upper()) if isinstance(node, sx.Name) and node.base in rows and not node.accents else node

    return replace(sheet, statements=[replace(s, node=sx.mapped(s.node, written)) for s in sheet.statements])


def vectors_by_place(node: Node) -> Iterator[str]:
    r"""What is a vector by its place: the u of `u_i^\top`, the v of `u_i^\top v_j`, the z of `\|z_i - W x_i\|`."""
    match node:
        case sx.Scripted(base=sx.Name(base=name)) if _is_transposed(node):
            yield name
        case sx.Product(factors=factors):
            for first, second in pairwise(factors):
                if _is_transposed(first) and isinstance(second, sx.Scripted) and isinstance(second.base, sx.Name):
                    yield second.base.base
        case sx.Norm(body=body):
            for term in body.terms if isinstance(body, sx.Sum) else (body,):
                if isinstance(term, sx.Scripted) and isinstance(term.base, sx.Name):
                    yield term.base.base


def _is_transposed(node: Node) -> bool:
    return isinstance(node, sx.Scripted) and node.sup is not None and superscript(node.sup).transposed
