r"""What dots stand for: `w_1 x_1 + \dots + w_n x_n` is a sum over i, `diag(p_1 (1 - p_1), \dots, p_n (1 - p_n))` has every entry.

The first and the last term, and those between that are written, must be one formula with nothing but a number in its scripts that
differs; where they are not, the dots stay and what they stand in says nothing to compute.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from symgrad import syntax as sx
from symgrad.naming import plain_name, superscript
from symgrad.read.document import Sheet
from symgrad.syntax import Node

_LETTERS = "ijkpqs"
_MOST_WRITTEN = 3


def without_dots(sheet: Sheet) -> Sheet:
    """The sheet with sums, diagonals and vectors that leave out what is between the first and the last in general form."""
    return replace(sheet, statements=[replace(s, node=_by_entry(sx.mapped(s.node, _general))) for s in sheet.statements])


@dataclass(frozen=True)
class _Term:
    """What the terms have in common, for an index from a number to the last."""

    body: Node
    index: sx.Name
    first: sx.Number
    last: Node


def _general(node: Node) -> Node:
    match node:
        case sx.Sum(terms=terms, signs=signs):
            at = next((i for i, term in enumerate(terms) if isinstance(term, sx.Dots)), 0)
            for count in range(min(at, _MOST_WRITTEN), 0, -1):
                joined = {sign or "+" for sign in signs[at - count : at + 2]}
                term = common(terms[at - count : at], terms[at + 1 :]) if joined == {"+"} else None
                if term is not None:
                    return _with_total(node, at - count, at + 2, term)
        case sx.Call(function=sx.Name(base="diag" | "Diag"), args=args):
            term = _listed(args)
            if term is not None:
                entry = term.body
                return replace(node, args=(entry.base if isinstance(entry, sx.Scripted) and entry.sub == term.index else entry,))
    return node


def _with_total(node: sx.Sum, start: int, stop: int, term: _Term) -> Node:
    """The sum with one over all for the terms that are written and left out."""
    span = node.terms[start].span.to(node.terms[stop - 1].span)
    below = sx.Relation(span, (term.index, term.first), ("=",))
    total = sx.BigOp(span, "sum", below, term.last, sx.Group(span, "(", ")", term.body))
    whole = sx.Group(span, "(", ")", total)
    terms = (*node.terms[:start], whole, *node.terms[stop:])
    return total if len(terms) == 1 else replace(node, terms=terms, signs=(*node.signs[: start + 1], *node.signs[stop:]))


def _by_entry(node: Node) -> Node:
    r"""`h = (\sigma(z_1), \dots, \sigma(z_m))^T` as `h_i = \sigma(z_i)`."""
    match node:
        case sx.Relation(sides=(sx.Name() as head, side), operators=("=" | ":=",)):
            term = _listed(tuple(_items(side)))
            if term is not None and plain_name(term.body) is None and term.first.text == "1":
                return replace(node, sides=(sx.Scripted(head.span, head, term.index), term.body))
    return node


def _items(node: Node) -> Iterator[Node]:
    """The items of a list, a column or a row, transposed or not."""
    match node:
        case sx.Scripted(base=base, sub=None, sup=sup) if superscript(sup).transposed:
            yield from _items(base)
        case sx.Group(body=sx.Listing(items=items)) | sx.List(items=items):
            yield from items
        case sx.Matrix(rows=rows) if len(rows) == 1 or all(len(row) == 1 for row in rows):
            yield from (cell for row in rows for cell in row)


def _listed(items: Sequence[Node]) -> _Term | None:
    at = next((i for i, item in enumerate(items) if isinstance(item, sx.Dots)), 0)
    return common(items[:at], items[at + 1 :]) if len(items) == at + 2 else None


def common(written: Sequence[Node], after: Sequence[Node]) -> _Term | None:
    """The term that those written and the first after the dots are for their numbers."""
    if not written or not after:
        return None
    used = {n.base for n in sx.walk(written[0]) if isinstance(n, sx.Name)}
    index = sx.Name(written[0].span, next(letter for letter in _LETTERS if letter not in used))
    differing: list[tuple[Node, Node]] = []
    body = _unified(written[0], after[0], index, differing)
    if body is None or not differing or any(pair != differing[0] for pair in differing):
        return None
    first, last = differing[0]
    if not isinstance(first, sx.Number) or first.text not in ("0", "1"):
        return None
    for k, other in enumerate(written[1:], int(first.text) + 1):
        between: list[tuple[Node, Node]] = []
        if _unified(written[0], other, index, between) != body or any(pair != (first, sx.Number(first.span, str(k))) for pair in between):
            return None
    return _Term(body, index, first, last)


def _unified(one: Node, other: Node, index: sx.Name, differing: list[tuple[Node, Node]], in_script: bool = False) -> Node | None:
    """What two trees have in common, with an index for the numbers in scripts that differ; None where anything else does."""
    if one == other:
        return one
    if in_script and isinstance(one, sx.Number) and isinstance(other, (sx.Number, sx.Name, sx.Sum)):
        differing.append((one, other))
        return replace(index, span=one.span)
    if type(one) is not type(other):
        return None
    changed: dict[str, object] = {}
    for name in sx.field_names(type(one)):
        a, b = getattr(one, name), getattr(other, name)
        within = in_script or (isinstance(one, sx.Scripted) and name in ("sub", "sup"))
        made: object
        if isinstance(a, Node) and isinstance(b, Node):
            made = _unified(a, b, index, differing, within)
        elif isinstance(a, tuple) and isinstance(b, tuple) and len(a) == len(b) and all(isinstance(x, Node) for x in (*a, *b)):
            items = [_unified(x, y, index, differing, within) for x, y in zip(a, b, strict=True)]
            made = None if any(item is None for item in items) else tuple(items)
        else:
            made = a if a == b else None
        if made is None and a is not None:
            return None
        changed[name] = made
    return replace(one, **changed)  # type: ignore[arg-type]
