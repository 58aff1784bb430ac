r"""Sums whose brackets are left out: `-\sum_i y_i \log p_i + (1 - y_i) \log(1 - p_i)` is one of all that has the index i.

What stands behind a sum and has its index means nothing by itself, so the sum goes on; that it was read so is told.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from symgrad import syntax as sx
from symgrad.naming import letters_of
from symgrad.origins import letters_that_run
from symgrad.read.document import Sheet
from symgrad.syntax import Node

READ_ON = "A sum is read as one of all the terms behind it that have its index"


def with_brackets(sheet: Sheet) -> Sheet:
    """The sheet with sums that go on as far as their index does."""
    return replace(sheet, statements=[replace(s, node=sx.mapped(s.node, _read_on)) for s in sheet.statements])


def _read_on(node: Node) -> Node:
    if not isinstance(node, sx.Sum):
        return node
    terms: list[Node] = []
    signs: list[str] = []
    for term, sign in zip(node.terms, node.signs, strict=True):
        longer = _longer(terms[-1], term, sign) if terms and free_letters(term) else None
        if longer is None:
            terms.append(term)
            signs.append(sign)
        else:
            terms[-1] = longer
    return node if len(terms) == len(node.terms) else terms[0] if len(terms) == 1 and not signs[0] else _sum(node, terms, signs)


def _sum(node: sx.Sum, terms: list[Node], signs: list[str]) -> Node:
    return sx.Prefix(node.span, signs[0], terms[0]) if len(terms) == 1 else replace(node, terms=tuple(terms), signs=tuple(signs))


def _longer(total: Node, term: Node, sign: str) -> Node | None:
    """A sum, or a number times one, with one more term; None where the term has another index."""
    match total:
        case sx.Product(factors=(*others, sx.BigOp() as last)):
            longer = _longer(last, term, sign)
            return None if longer is None else replace(total, factors=(*others, longer))
        case sx.BigOp(operator="sum", body=sx.BigOp() as inner) if (longer := _longer(inner, term, sign)) is not None:
            return replace(total, body=longer)
        case sx.BigOp(operator="sum", body=sx.Node() as body) if free_letters(body) & letters_that_run(total) & free_letters(term):
            inside = body.body if isinstance(body, sx.Group) and body.open == "" else body
            terms, signs = (inside.terms, inside.signs) if isinstance(inside, sx.Sum) else ((inside,), ("",))
            return replace(total, body=sx.Group(body.span, "(", ")", sx.Sum(body.span.to(term.span), (*terms, term), (*signs, sign))))
    return None


def free_letters(node: Node, bound: frozenset[str] = frozenset()) -> frozenset[str]:
    """The indices of names over which no sum in a piece runs."""
    return frozenset(_free(node, bound))


def _free(node: Node, bound: frozenset[str]) -> Iterator[str]:
    bound = bound | letters_that_run(node) if isinstance(node, sx.BigOp) else bound
    if isinstance(node, sx.Scripted) and isinstance(node.base, sx.Name):
        yield from set(letters_of(node.sub) or ()) - bound
    for child in sx.children(node):
        yield from _free(child, bound)
