r"""Equations up to a constant: `\ell(\Sigma) = -\frac N2 \log\det\Sigma + \text{const}`.

What a name is defined to be is read without the constant, which no derivative speaks of. Of what is known already such an equation
claims less than an equality, so it is not judged. The steps that an equation is for are no factor: `A_\ell = \phi(Z_\ell)\ (\ell < L)`.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import replace

from symgrad import syntax as sx
from symgrad.heads import as_call
from symgrad.naming import plain_name
from symgrad.read import vocabulary as voc
from symgrad.read.document import Sheet
from symgrad.syntax import Node


def up_to_constants(sheet: Sheet) -> Sheet:
    """The sheet with definitions free of constants that are not named, and claims up to one unread."""
    known: set[tuple[str, int]] = set()
    changed = []
    for statement in (replace(s, node=_without_steps(s.node)) for s in sheet.statements):
        problem = bisect_right(sheet.headings, statement.span.start)
        if isinstance(statement.node, sx.Relation):
            head = as_call(statement.node.sides[0])
            name = plain_name(head.function if isinstance(head, sx.Call) else head)
            if any(map(_has_constant, statement.node.sides)):
                is_new = name is not None and (name, problem) not in known and len(statement.node.sides) == 2
                statement = replace(statement, node=sx.mapped(statement.node, _without if is_new else _unread))
            known |= {(name, problem)} if name is not None else set()
        changed.append(statement)
    return replace(sheet, statements=changed)


def _without_steps(node: Node) -> Node:
    """An equation without the steps in brackets behind it that it is said for."""
    match node:
        case sx.Relation(
            sides=(head, *between, sx.Product(factors=(*factors, sx.Group(open="(", body=said)), operators=(*operators, "")) as side)
        ):
            scripts = [script for n in sx.walk(head) if isinstance(n, sx.Scripted) for script in (n.sub, n.sup) if script is not None]
            letters = [n for script in scripts for n in sx.walk(script) if isinstance(n, sx.Name)]
            if isinstance(said, sx.Relation) and set(said.operators) <= _ORDERS and any(letter in letters for letter in said.sides):
                rest = replace(side, factors=tuple(factors), operators=tuple(operators)) if len(factors) > 1 else factors[0]
                return replace(node, sides=(head, *between, rest))
    return node


_ORDERS = frozenset({"<", ">", "le", "ge", "ne"})


def _has_constant(side: Node) -> bool:
    return isinstance(side, sx.Sum) and any(map(_is_constant, side.terms))


def _is_constant(node: Node) -> bool:
    return isinstance(node, sx.Name) and node.base.rstrip(".") in voc.CONSTANTS


def _without(node: Node) -> Node:
    """A sum without the constants that are added to it."""
    if not (isinstance(node, sx.Sum) and _has_constant(node)):
        return node
    kept = [(term, sign) for term, sign in zip(node.terms, node.signs, strict=True) if not _is_constant(term)]
    if len(kept) != 1:
        return replace(node, terms=tuple(term for term, _ in kept), signs=tuple(sign for _, sign in kept)) if kept else node
    ((term, sign),) = kept
    return sx.Prefix(node.span, "-", term) if sign == "-" else term


def _unread(node: Node) -> Node:
    if not (isinstance(node, sx.Relation) and any(map(_has_constant, node.sides))):
        return node
    sides = tuple(sx.Unread(side.span, "it is claimed up to a constant") if _has_constant(side) else side for side in node.sides)
    return replace(node, sides=sides)
