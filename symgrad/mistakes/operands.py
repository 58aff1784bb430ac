"""The pieces of what is written, how to put another in the place of each, and what may stand there: a transpose, a product, a name."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from symgrad import syntax as sx
from symgrad.naming import MEANT, superscript, without_transpose
from symgrad.span import Span
from symgrad.syntax import Node

Put = Callable[[Node], Node]


def pieces(node: Node, put: Put = lambda made: made) -> Iterator[tuple[Node, Put]]:
    """Every operand of what is written, and how to put another in its place; scripts and names are not taken apart."""
    yield node, put
    for name in _OPERANDS.get(type(node), ()):
        value = getattr(node, name)
        if isinstance(value, Node):
            yield from pieces(value, _in_field(node, name, put))
        elif isinstance(value, tuple):
            for i, item in enumerate(value):
                yield from pieces(item, _in_tuple(node, name, value, i, put))
    if isinstance(node, sx.Matrix):
        for i, row in enumerate(node.rows):
            for j, cell in enumerate(row):
                yield from pieces(cell, in_cell(node, i, j, put))
    if isinstance(node, sx.Product):
        last = len(node.factors)
        for start, end in (run for i in range(1, last - 1) for run in ((0, i + 1), (i, last))):
            yield _run(node, start, end), _in_run(node, start, end, put)


def _in_field(node: Node, name: str, put: Put) -> Put:
    changed: Callable[..., Node] = replace  # the field has the type of a node, whichever it is
    return lambda made: put(changed(node, **{name: made}))


def _in_tuple(node: Node, name: str, items: tuple[Node, ...], i: int, put: Put) -> Put:
    changed: Callable[..., Node] = replace
    return lambda made: put(changed(node, **{name: (*items[:i], made, *items[i + 1 :])}))


def in_cell(node: sx.Matrix, i: int, j: int, put: Put) -> Put:
    """How to put another in the place of one entry of a matrix."""
    row = node.rows[i]
    return lambda made: put(replace(node, rows=(*node.rows[:i], (*row[:j], made, *row[j + 1 :]), *node.rows[i + 1 :])))


def _in_run(node: sx.Product, start: int, end: int, put: Put) -> Put:
    def made(new: Node) -> Node:
        factors = (*node.factors[:start], in_brackets(new), *node.factors[end:])
        return put(sx.Product(node.span, factors, (*node.operators[:start], *node.operators[end - 1 :])))

    return made


_OPERANDS: dict[type[Node], tuple[str, ...]] = {
    sx.Sum: ("terms",),
    sx.Product: ("factors",),
    sx.Prefix: ("body",),
    sx.Group: ("body",),
    sx.Frac: ("above", "below"),
    sx.Root: ("body",),
    sx.Call: ("args",),
    sx.Norm: ("body",),
    sx.BigOp: ("body",),
    sx.Annotated: ("body",),
    sx.Scripted: ("base",),
    sx.Indicator: ("condition",),
    sx.Relation: ("sides",),
    sx.List: ("items",),
}


def _run(node: sx.Product, start: int, end: int) -> sx.Product:
    """Some factors of a product that stand together."""
    span = node.factors[start].span.to(node.factors[end - 1].span)
    return sx.Product(span, node.factors[start:end], node.operators[start : end - 1])


def in_brackets(node: Node) -> Node:
    """A sum, a product or what has a sign, in brackets."""
    return sx.Group(node.span, "(", ")", node) if isinstance(node, (sx.Sum, sx.Product, sx.Prefix)) else node


def transposed(node: Node) -> Node:
    """The transpose."""
    if isinstance(node, sx.Scripted) and superscript(node.sup).transposed:
        return untransposed(node)
    return sx.Scripted(node.span, sx.Group(node.span, "(", ")", node), None, sx.Mark(node.span, "\\top"))


def untransposed(node: sx.Scripted) -> Node:
    """Without its transpose; of `A^{-T}` the inverse."""
    if superscript(node.sup).inverse:
        one = sx.Number(node.span, "1")
        return replace(node, sup=sx.Prefix(node.span, "-", one))
    return without_transpose(node)


def meant_name(name: str, span: Span) -> Node:
    """A quantity of the sheet by its name, whatever is written for it."""
    return sx.Name(span, MEANT + name)


def times(node: Node, factor: Node, operator: str) -> Node:
    """A product with one more factor, joined on by an operator."""
    return sx.Product(node.span, (in_brackets(node), factor), (operator,))


def without_factor(node: sx.Product, i: int) -> Node:
    """The product without one factor, and without the sign that joined it on."""
    factors = (*node.factors[:i], *node.factors[i + 1 :])
    at = i - 1 if i else 0
    operators = (*node.operators[:at], *node.operators[at + 1 :])
    return factors[0] if len(factors) == 1 else sx.Product(node.span, factors, operators)


def renamed(node: Node, other: str) -> Node:
    """Another quantity in its place, transposed if it is."""
    meant = meant_name(other, node.span)
    return transposed(meant) if isinstance(node, sx.Scripted) and superscript(node.sup).transposed else meant
