r"""Shapes and sizes as they are written: `\mathbb{R}^{n \times d}`, `(N, D)`, `2d + 1`."""

from __future__ import annotations

from symgrad import syntax as sx
from symgrad.constant import constant_of
from symgrad.dims import Dim
from symgrad.naming import plain_name
from symgrad.syntax import Node


def space(node: Node) -> tuple[Dim, Dim] | None:
    r"""The shape of `\mathbb{R}^{n \times d}` and of `\{0, 1\}^d`; None for another set."""
    if not (isinstance(node, sx.Scripted) and _is_a_set(node.base)) or node.sup is None:
        return (Dim.of(1), Dim.of(1)) if isinstance(node, sx.Name) and node.base == "R" else None
    return shape_of_node(node.sup, column=True)


def _is_a_set(node: Node) -> bool:
    """The real numbers, or a set or an interval of some."""
    match node:
        case sx.Name(base="R" | "C" | "Z" | "N", style="mathbb") | sx.Name(base="R"):
            return True
        case sx.Group(open="\\{" | "[" | "(", body=sx.Listing(items=items)) | sx.List(items=items):
            return all(constant_of(item) is not None for item in items)
    return False


def shape_of_node(node: Node, column: bool = False) -> tuple[Dim, Dim] | None:
    """`n \\times d`, `(N, D)`, `d`: sizes as they are written."""
    if isinstance(node, sx.Group):
        return shape_of_node(node.body, column)
    if isinstance(node, sx.Product) and "times" in node.operators:
        at = node.operators.index("times")
        parts = [
            _size_product(node.factors[: at + 1], node.operators[:at]),
            _size_product(node.factors[at + 1 :], node.operators[at + 1 :]),
        ]
    elif isinstance(node, sx.Listing) and len(node.items) == 2:
        parts = [size_of_node(item) for item in node.items]
    elif column:
        parts = [size_of_node(node), Dim.of(1)]
    else:
        return None
    rows, cols = parts
    return None if rows is None or cols is None else (rows, cols)


def _size_product(factors: tuple[Node, ...], operators: tuple[str, ...]) -> Dim | None:
    return None if "times" in operators else _product(factors)


def _product(factors: tuple[Node, ...]) -> Dim | None:
    total = Dim.of(1)
    for factor in factors:
        size = size_of_node(factor)
        if size is None:
            return None
        total = total * size
    return total


def size_of_node(node: Node) -> Dim | None:
    """A size as a polynomial in names: `2d + 1`, `\\frac{k m}{2}`."""
    match node:
        case sx.Number(text=text) if text.isdigit() and len(text) < 10:
            return Dim.of(int(text))
        case sx.Name() | sx.Scripted():
            name = plain_name(node)
            return None if name is None else Dim.of(name)
        case sx.Group(body=body):
            return size_of_node(body)
        case sx.Frac(above=above, below=below):
            top, number = size_of_node(above), constant_of(below)
            return top * (1 / number) if top is not None and number else None
        case sx.Product(factors=factors, operators=operators) if all(o in ("", "cdot", "times", "*") for o in operators):
            return _product(factors)
        case sx.Sum(terms=terms, signs=signs):
            total = Dim.of(0)
            for term, sign in zip(terms, signs, strict=True):
                size = size_of_node(term)
                if size is None:
                    return None
                total = total - size if sign == "-" else total + size
            return total
    return None
