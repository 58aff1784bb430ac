r"""Sums over pairs of indices in a set, `\sum_{(i,j) \in \Omega} (R_{ij} - u_i v_j)^2`: over all pairs, times a mask of its name.

So is its projection, `P_\Omega(R - U V^\top)`, which keeps the entries of the set, and `|\Omega|` counts the ones of the mask.
Source: Candès, Recht, *Exact Matrix Completion via Convex Optimization* (2009), for the projection.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import pairwise

from symgrad import syntax as sx
from symgrad.naming import letters_of, plain_name
from symgrad.read.document import Sheet
from symgrad.syntax import Node


def masks(sheet: Sheet) -> dict[str, sx.Name]:
    """The sets of pairs by their names, but those whose names stand for something else too."""
    found = {plain_name(s) or "": s for statement in sheet.statements for n in sx.walk(statement.node) if (s := _set_of(n)) is not None}
    elsewhere = {plain_name(n) for statement in sheet.statements for n in _besides_sets(statement.node)}
    return {name: mask for name, mask in found.items() if name and name not in elsewhere}


def with_masks(sheet: Sheet) -> Sheet:
    """The sheet with masks in the places of sets of pairs."""
    found = masks(sheet)
    return replace(sheet, statements=[replace(s, node=sx.mapped(s.node, lambda n: _masked(n, found))) for s in sheet.statements])


def _set_of(node: Node) -> sx.Name | None:
    r"""The Ω of `\sum_{(i,j) \in \Omega}` and of `P_\Omega(\dots)`."""
    match node:
        case sx.BigOp(operator="sum", below=sx.Relation(sides=(pair, sx.Name() as whole), operators=("in",)), body=Node() as body):
            letters = _pair(pair)
            indices = {letter for n in sx.walk(body) if isinstance(n, sx.Scripted) for letter in letters_of(n.sub) or ()}
            return whole if letters is not None and not indices.isdisjoint(letters) else None
        case sx.Product(factors=factors):
            projections = (_projected_on(p) for p, behind in pairwise(factors) if isinstance(behind, sx.Group))
            return next((whole for whole in projections if whole is not None), None)
    return None


def _pair(node: Node) -> tuple[str, str] | None:
    """The i and j of `(i, j)`, `i, j` and `ij`."""
    body = node.body if isinstance(node, sx.Group) and node.open == "(" else node
    letters = letters_of(body) or ()
    return (letters[0], letters[1]) if len(letters) == 2 and letters[0] != letters[1] else None


def _projected_on(node: Node) -> sx.Name | None:
    match node:
        case sx.Scripted(base=sx.Name(base="P", accents=()), sub=sx.Name(base=base) as whole, sup=None) if base in ("\\Omega", "\\Lambda"):
            return whole
    return None


def _besides_sets(node: Node) -> Iterator[Node]:
    """The names of a tree, but where they are sets of pairs or their sizes."""
    match node:
        case sx.BigOp(below=sx.Relation(sides=(_, sx.Name()), operators=("in",))):
            if node.body is not None:
                yield from _besides_sets(node.body)
        case sx.Abs(body=sx.Name()):
            return
        case _ if _projected_on(node) is not None:
            return
        case sx.Name():
            yield node
        case _:
            for child in sx.children(node):
                yield from _besides_sets(child)


def _masked(node: Node, found: Mapping[str, sx.Name]) -> Node:
    match node:
        case sx.BigOp(below=sx.Relation(sides=(pair, sx.Name() as whole))) if _set_of(node) is whole and plain_name(whole) in found:
            below = pair.body if isinstance(pair, sx.Group) else pair
            assert node.body is not None
            entry = sx.Scripted(whole.span, whole, below, None, 0)
            body = sx.Group(node.body.span, "(", ")", node.body) if isinstance(node.body, (sx.Sum, sx.Prefix)) else node.body
            return replace(node, below=below, body=sx.Product(node.body.span, (entry, body), ("",)))
        case sx.Abs(body=sx.Name() as whole) if plain_name(whole) in found:
            return sx.Call(node.span, sx.Name(node.span, "sum", (), "mathrm"), (whole,))
        case sx.Product(factors=factors, operators=operators) if (kept := _set_of(node)) is not None and plain_name(kept) in found:
            projections = [_projected_on(f) for f in factors]
            signs = tuple("odot" if p is not None else sign for p, sign in zip(projections, operators, strict=False))
            return replace(node, factors=tuple(p or f for p, f in zip(projections, factors, strict=True)), operators=signs)
    return node
