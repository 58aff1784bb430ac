r"""Shapes written as if they were values, `X = 4×2 (one observation per row)`, `W = d \times k`; `3dm` of the sizes d and m; large sizes.

A large number that is a size and nothing else, as in `X \in \mathbb{R}^{60000 \times 784}`, is a name: no matrix is that large in a check.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction

from symgrad import syntax as sx
from symgrad.constant import constant_of
from symgrad.literals import literal_rows
from symgrad.naming import plain_name
from symgrad.read.document import Sheet
from symgrad.spaces import space
from symgrad.syntax import Node

# Letters of sizes, where nothing else says what they are.
_SIZES = frozenset("nmdkphbclrqNMDKHBV")
_LARGE = 100


def sized(sheet: Sheet) -> Sheet:
    r"""The sheet with `X \in \mathbb{R}^{4 \times 2}` for what is a shape and no product."""
    sizes = {
        (plain_name(s.node.sides[0]), Fraction(len(rows)), Fraction(len(rows[0])))
        for s in sheet.statements
        if isinstance(s.node, sx.Relation)
        for rows in map(literal_rows, s.node.sides[1:])
        if rows is not None and (len(rows), len(rows[0])) != (1, 1)
    }

    def put(node: Node) -> Node:
        match node:
            case sx.Relation(sides=(head, sx.Product(factors=(rows, cols), operators=("times",)) as product), operators=("=",)):
                counts = constant_of(rows), constant_of(cols)
                name = plain_name(head)
                is_value = name is not None and None not in counts and (name, *counts) in sizes
                is_letters = {plain_name(rows), plain_name(cols)} <= _SIZES and name is not None and name[:1].isupper()
                if is_value or is_letters:
                    space = sx.Scripted(product.span, sx.Name(product.span, "R", (), "mathbb"), None, product)
                    return replace(node, sides=(head, space), operators=("in",))
        return node

    letters = {letter for s in sheet.statements for letter in _letters_of_sizes(s.node)}

    def multiplied(node: Node) -> Node:
        match node:
            case sx.Differential(sign="d", of=sx.Name(base=base, accents=()) as of, order=None) if {"d", base} <= letters:
                return sx.Product(node.span, (sx.Name(node.span, "d"), of), ("",))
            case sx.Frac(below=below) if "d" in letters:  # nothing is divided by a differential
                return replace(node, below=sx.mapped(below, _as_product))
        return node

    return replace(sheet, statements=[replace(s, node=sx.mapped(put(s.node), multiplied)) for s in sheet.statements])


def _as_product(node: Node) -> Node:
    r"""The `d\,\sigma` of `\frac{x - \mu}{d\,\sigma}`."""
    match node:
        case sx.Differential(sign="d", of=of, order=None):
            return sx.Product(node.span, (sx.Name(node.span, "d"), of), ("",))
    return node


def _letters_of_sizes(node: Node) -> Iterator[str]:
    r"""The n and d of `\mathbb{R}^{n \times d}` and `n \times d`."""
    for n in sx.walk(node):
        match n:
            case sx.Scripted(base=sx.Name(base="R", style="mathbb"), sup=sx.Node() as sup):
                yield from (inner.base for inner in sx.walk(sup) if isinstance(inner, sx.Name))
            case sx.Product(factors=factors, operators=operators) if set(operators) == {"times"}:
                yield from (factor.base for factor in factors if isinstance(factor, sx.Name) and factor.base in _SIZES)


def with_large_sizes(sheet: Sheet) -> Sheet:
    """The sheet with large numbers that are sizes and nothing else as names of sizes: what holds for every size holds for these."""
    nodes = [n for s in sheet.statements for n in sx.walk(s.node)]
    spaces = [n.sup for n in nodes if isinstance(n, sx.Scripted) and n.sup is not None and space(n) is not None]
    as_sizes = [n for sup in spaces for n in sx.walk(sup) if isinstance(n, sx.Number)]
    every = [n.text for n in nodes if isinstance(n, sx.Number)]
    sizes = {n.text for n in as_sizes if n.text.isdigit() and int(n.text[:9]) >= _LARGE}
    sizes = {text for text in sizes if every.count(text) == sum(n.text == text for n in as_sizes)}
    if not sizes:
        return sheet

    def put(node: Node) -> Node:
        if isinstance(node, sx.Scripted) and space(node) is not None and node.sup is not None:
            return replace(
                node, sup=sx.mapped(node.sup, lambda n: sx.Name(n.span, n.text) if isinstance(n, sx.Number) and n.text in sizes else n)
            )
        return node

    return replace(sheet, statements=[replace(s, node=sx.mapped(s.node, put)) for s in sheet.statements])
