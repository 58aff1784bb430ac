r"""What sums leave unsaid: `\sum (y_i - w^\top x_i)^2` is over i, and the i of `\frac1n \sum_i` runs to n."""

from __future__ import annotations

from collections.abc import Container, Iterator
from dataclasses import replace
from itertools import pairwise

from symgrad import syntax as sx
from symgrad.naming import letters_of, plain_name
from symgrad.origins import letters_that_run
from symgrad.read.document import Sheet
from symgrad.syntax import Node

_INDICES = frozenset("ijklmnt")


def with_indices(sheet: Sheet) -> Sheet:
    """The sheet with an index under every sum or product that has entries behind it."""
    return replace(sheet, statements=[replace(s, node=_with_indices(s.node, _of_the_head(s.node))) for s in sheet.statements])


def _of_the_head(node: Node) -> frozenset[str]:
    """The i of `z_i = …`, which is that of the equation."""
    return _indices_in(node.sides[0], frozenset()) if isinstance(node, sx.Relation) else frozenset()


def _with_indices(node: Node, bound: frozenset[str]) -> Node:
    if isinstance(node, sx.BigOp) and node.body is not None:
        if node.below is None and node.above is None and (letters := sorted(_indices_in(node.body, bound))):
            names = tuple(sx.Name(node.span, letter) for letter in letters)
            node = replace(node, below=names[0] if len(names) == 1 else sx.Listing(node.span, names, (",",) * (len(names) - 1)))
        bound |= letters_that_run(node)
    return sx.replaced(node, lambda inner: None if inner is node else _with_indices(inner, bound))


def _indices_in(node: Node, bound: frozenset[str]) -> frozenset[str]:
    """The letters of entries that no sum inside runs over."""
    bound = bound | letters_that_run(node) if isinstance(node, sx.BigOp) else bound
    is_entry = isinstance(node, sx.Scripted) and isinstance(node.base, sx.Name)
    own = frozenset(letters_of(node.sub) or ()) & _INDICES if is_entry and isinstance(node, sx.Scripted) else frozenset()
    return frozenset().union(own - bound, *(_indices_in(child, bound) for child in sx.children(node)))


def with_ends(sheet: Sheet, known: Container[str] = ()) -> Sheet:
    r"""The sheet with `\sum_{i=1}^n` for the sum of `\frac1n \sum_i`, where that n stands nowhere else, and is no known quantity."""
    nodes = [n for s in sheet.statements for n in sx.walk(s.node)]
    spoken = [n.base for n in nodes if isinstance(n, sx.Name)]
    means = [pair for n in nodes for pair in _means(n)]
    ends = {letter for letter, _ in means if letter not in known and spoken.count(letter) == sum(one == letter for one, _ in means)}
    told = {id(total): letter for letter, total in means if letter in ends}

    def ended(node: Node) -> Node | None:
        if not isinstance(node, sx.BigOp) or node.below is None or id(node) not in told:
            return None
        first = sx.Relation(node.below.span, (node.below, sx.Number(node.below.span, "1")), ("=",))
        return replace(node, below=first, above=sx.Name(node.below.span, told[id(node)]))

    return replace(sheet, statements=[replace(s, node=sx.replaced(s.node, ended)) for s in sheet.statements])


def _means(node: Node) -> Iterator[tuple[str, sx.BigOp]]:
    r"""The n and the sum of `\frac1n \sum_i`, of `\frac{1}{2n} \sum_i`."""
    for first, second in pairwise(node.factors if isinstance(node, sx.Product) else ()):
        if isinstance(first, sx.Frac) and isinstance(second, sx.BigOp) and second.operator == "sum" and second.above is None:
            below = first.below.factors if isinstance(first.below, sx.Product) else (first.below,)
            letters = [name for part in below if not isinstance(part, sx.Number) for name in [plain_name(part)]]
            if len(letters) == 1 and letters[0] is not None and len(letters[0]) == 1 and isinstance(second.below, sx.Name):
                yield letters[0], second
