"""Numbers and entries written out: their values, their cells, the digits that they are written with."""

from __future__ import annotations

from fractions import Fraction

from symgrad import syntax as sx
from symgrad.constant import constant_of
from symgrad.naming import superscript
from symgrad.syntax import Node

Rows = tuple[tuple[Fraction, ...], ...]

_MANY_DIGITS = 3


def is_worked(node: Node) -> bool:
    """Whether numbers are calculated with, and not only stated."""
    steps = [n for n in sx.walk(node) if isinstance(n, (sx.Product, sx.Sum, sx.Frac))]
    return any(sum(isinstance(m, sx.Number) for m in sx.walk(step)) > 1 for step in steps)


def literal_rows(node: Node) -> Rows | None:
    """The entries of a number, a matrix or a list of numbers; a list is a row here."""
    node = as_list(node)
    if isinstance(node, (sx.Group, sx.Prescripted, sx.Annotated)):
        return literal_rows(node.body if not isinstance(node, sx.Prescripted) else node.base)
    if isinstance(node, sx.Scripted) and isinstance(as_list(node.base), (sx.Matrix, sx.List)) and node.sub is None:
        script = superscript(node.sup)
        rows = literal_rows(node.base)
        if rows is not None and script.transposed != (node.primes == 1) and not script.power and not script.label:
            return tuple(zip(*rows, strict=True))
        return None
    if isinstance(node, sx.Matrix):
        cells = [[c for c in row if not isinstance(c, sx.Blank)] for row in node.rows]
    elif isinstance(node, sx.List) and node.items and all(isinstance(item, sx.List) for item in node.items):
        cells = [list(item.items) for item in node.items if isinstance(item, sx.List)]
    elif isinstance(node, sx.List) and len(node.items) > 1:
        cells = [list(node.items)]
    else:
        value = constant_of(node)
        return None if value is None else ((value,),)
    cells = [row for row in cells if row]
    values = [[constant_of(cell) for cell in row] for row in cells]
    if not values or any(x is None for row in values for x in row) or len({len(row) for row in values}) != 1:
        return None
    return tuple(tuple(x for x in row if x is not None) for row in values)


def literal_cells(node: Node) -> list[Node] | None:
    """The entries of a vector of numbers as they are written; None for anything else."""
    rows = literal_rows(node)
    if rows is None or len(rows) * len(rows[0]) < 2 or 1 not in (len(rows), len(rows[0])):
        return None
    inner = as_list(node.base if isinstance(node, sx.Scripted) else node)
    cells = (cell for row in inner.rows for cell in row) if isinstance(inner, sx.Matrix) else getattr(inner, "items", ())
    return [cell for cell in cells if not isinstance(cell, sx.Blank)]


def has_many_digits(node: Node) -> bool:
    """Whether a number has so many digits behind its point that it came out of a calculation, and is no coefficient."""
    return isinstance(node, sx.Number) and len(node.text.partition(".")[2]) >= _MANY_DIGITS


def masked_entries(node: Node) -> str:
    """The mask of a matrix of names and zeros, as `[1 0; 0 1]`; "" for any other."""
    if not isinstance(node, sx.Matrix):
        return ""
    cells = [[c for c in row if not isinstance(c, sx.Blank)] for row in node.rows]
    kept = [["0" if constant_of(c) == 0 else "1" if constant_of(c) is None else "" for c in row] for row in cells if row]
    found = {entry for row in kept for entry in row}
    return "[" + "; ".join(" ".join(row) for row in kept) + "]" if found == {"0", "1"} else ""


def as_list(node: Node) -> Node:
    """`(1, 2)` as the list that it is."""
    if isinstance(node, sx.Group) and node.open == "(" and isinstance(node.body, sx.Listing) and set(node.body.separators) == {","}:
        return sx.List(node.span, node.body.items)
    return node


def decimals(node: Node) -> list[list[int | None]]:
    """For every entry of a literal how many decimals it is written with; None for one that is exact."""
    node = as_list(node)
    if isinstance(node, sx.Prescripted):
        return decimals(node.base)
    if isinstance(node, (sx.Group, sx.Annotated)):
        return decimals(node.body)
    if isinstance(node, sx.Scripted) and isinstance(as_list(node.base), (sx.Matrix, sx.List)):
        inner = decimals(node.base)
        return [list(column) for column in zip(*inner, strict=True)]
    if isinstance(node, sx.Matrix):
        return [[_digits(c) for c in row if not isinstance(c, sx.Blank)] for row in node.rows if row]
    if isinstance(node, sx.List) and node.items and all(isinstance(item, sx.List) for item in node.items):
        return [[_digits(c) for c in item.items] for item in node.items if isinstance(item, sx.List)]
    if isinstance(node, sx.List) and len(node.items) > 1:
        return [[_digits(c) for c in node.items]]
    return [[_digits(node)]]


def _digits(node: Node) -> int | None:
    """Decimals of a number written with a point; a sum of products is exact as it stands."""
    if isinstance(node, sx.Number):
        return _written(node)
    if isinstance(node, sx.Prefix):
        return _digits(node.body)
    if isinstance(node, sx.Group):
        return _digits(node.body)
    if isinstance(node, sx.Product) and len(node.factors) == 2 and isinstance(node.factors[0], sx.Number):
        power = node.factors[1]
        if isinstance(power, sx.Scripted) and isinstance(power.base, sx.Number) and power.base.text == "10" and power.sup is not None:
            exponent = constant_of(power.sup)
            own = _written(node.factors[0])
            return None if exponent is None else (own or 0) - int(exponent)
    return None


def _written(node: sx.Number) -> int | None:
    text = node.text.lower()
    exponent = int(text.partition("e")[2] or 0) if "e" in text else 0
    return node.decimals - exponent if node.decimals or exponent else None
