r"""Vectors of ones in plain digits: the `11ᵀ` of `I − (1/D) 11ᵀ`, and the `μ1` of `c = x − μ1`, where the sheet has μ and no `μ_1`.

A `1ᵀ`, and a 1 among the factors of a product, are read as they are met; here are those that were taken for something else. Where a mean is
written with them, `μ = (1/D) 1ᵀx`, there are D entries.
"""

from __future__ import annotations

from collections.abc import Container, Iterator
from dataclasses import replace

from symgrad import syntax as sx
from symgrad.naming import numbers_of, plain_name, superscript
from symgrad.parts import declared, heads, mentions
from symgrad.read.document import Sheet, Statement
from symgrad.span import Span
from symgrad.syntax import Node


def with_ones(sheet: Sheet) -> Sheet:
    """The sheet with its vectors of ones set apart."""
    scripted = [n for s in sheet.statements for n in sx.walk(s.node) if isinstance(n, sx.Scripted)]
    if not any(_is_of_ones(n.base) and superscript(n.sup).transposed for n in scripted):
        return sheet
    defined = {name for s in sheet.statements for name, _ in heads(s)}
    numbered = [(plain_name(n.base), numbers) for n in scripted if (numbers := numbers_of(n.sub)) is not None]
    several = {base for base, numbers in numbered if numbers != (1,)}

    def put(node: Node) -> Node:
        if not isinstance(node, sx.Scripted):
            return node
        one = sx.Name(node.span, "1", (), "mathbf")
        if isinstance(node.base, sx.Number) and node.base.text == "11" and superscript(node.sup).transposed:
            return sx.Product(node.span, (one, replace(node, base=one)), ("",))
        base = plain_name(node.base)
        if numbers_of(node.sub) != (1,) or node.sup is not None or base not in defined - several or plain_name(node) in defined:
            return node
        written = sheet.source.slice(node.span)
        is_typed = written.endswith("1") and "_" not in written
        return sx.Product(node.span, (node.base, one), ("",)) if is_typed else node

    made = [replace(s, node=sx.mapped(s.node, put)) for s in sheet.statements]
    said = {name for s in made for name in declared(s)}
    return replace(sheet, statements=[one for s in made for one in (*_length(s, said), s)])


def _length(statement: Statement, said: Container[str]) -> Iterator[Statement]:
    r"""The `x \in \mathbb{R}^D` that a mean `μ = (1/D) 1ᵀx` tells, where nothing else says of what space x is."""
    for _, formula in heads(statement):
        over = [n for n in sx.walk(formula) if isinstance(n, sx.Frac)]
        factors = [f for n in sx.walk(formula) if isinstance(n, sx.Product) for f in zip(n.factors, n.factors[1:], strict=False)]
        summed = [b for a, b in factors if isinstance(a, sx.Scripted) and _is_of_ones(a.base) and superscript(a.sup).transposed]
        if len(over) != 1 or len(summed) != 1 or not isinstance(over[0].below, sx.Name):
            continue
        name, size = plain_name(summed[0]), over[0].below
        if name is not None and name not in said and name[:1].islower() and mentions(formula).count(name) == 1:
            space = sx.Scripted(size.span, sx.Name(size.span, "R", (), "mathbb"), None, size)
            told = sx.Relation(statement.span, (summed[0], space), ("in",))
            yield replace(statement, node=told, span=Span(statement.span.start, statement.span.start))
            return


def _is_of_ones(node: Node) -> bool:
    return isinstance(node, (sx.Number, sx.Name)) and (node.text if isinstance(node, sx.Number) else node.base) in ("1", "11")
