r"""Indices with a prime: the k' of `p_k = e^{z_k} / \sum_{k'} e^{z_{k'}}` is another index than k, and gets a letter of its own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from symgrad import syntax as sx
from symgrad.read.document import Sheet
from symgrad.syntax import Node

_LETTERS = "jlkmqrsuvwabcdefgh"


def with_letters_for_primes(sheet: Sheet) -> Sheet:
    """The sheet with a letter that it does not have for each index that is told from another by a prime."""
    primed = dict.fromkeys(found for s in sheet.statements for found in _primed(s.node))
    if not primed:
        return sheet
    taken = {n.base for s in sheet.statements for n in sx.walk(s.node) if isinstance(n, sx.Name)}
    free = [letter for letter in _LETTERS if letter not in taken]
    own = dict(zip(primed, free, strict=False))

    def put(node: Node) -> Node | None:
        index = _index(node)
        return None if index is None or index not in own else sx.Name(node.span, own[index])

    return replace(sheet, statements=[replace(s, node=sx.replaced(s.node, put)) for s in sheet.statements])


def _primed(node: Node) -> Iterator[tuple[str, int]]:
    """The indices with a prime that a sum runs over."""
    for n in sx.walk(node):
        below = n.below if isinstance(n, sx.BigOp) else None
        index = _index(below.sides[0] if isinstance(below, sx.Relation) else below)
        if index is not None:
            yield index


def _index(node: Node | None) -> tuple[str, int] | None:
    """The letter of `k'`, and how many primes it has."""
    match node:
        case sx.Scripted(base=sx.Name(base=letter, accents=()), sub=None, sup=None, primes=primes) if primes and len(letter) == 1:
            return letter, primes
    return None
