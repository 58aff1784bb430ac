r"""Strides that are letters: the `x_{si+k}` of a convolution, tried where `s` is a number.

What is the same for all entries can be told from an index: no sum runs over it, and it never stands alone below a name. A factor of an
index goes in steps of three, of another one beside it in steps of two, and what is only added moves by one (the padding); where the sheet
gives its value, it is that.

`With stride $s$ the index changes: $\partial L/\partial K_a = \sum_i D_i X_{si+a}$` is said of another convolution: there the definitions
that have `X_{i+a}` are put again with the other index, and behind it as they were.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial

from symgrad import syntax as sx
from symgrad.constant import constant_of
from symgrad.naming import letters_of, plain_name
from symgrad.origins import letters_that_run, linear, place_of
from symgrad.parts import heads
from symgrad.read.document import Sheet, Statement
from symgrad.replacing import OTHERWISE
from symgrad.syntax import Node

# By these words an index is of another convolution: which of its letters then go in longer steps, and whether it is moved.
_STRIDED = re.compile(r"(?i)\b(?:strides?|strided|schrittweite|pas|paso|passo)\b[^.;]*$")
_DILATED = re.compile(r"(?i)\b(?:dilat\w+|atrous)\b[^.;]*$")


def with_strides(sheet: Sheet) -> Sheet:
    """The sheet with numbers for the strides, dilations and paddings in its indices."""
    nodes = [sx.mapped(s.node, _with_products) for s in sheet.statements]
    letters = _constant(nodes)
    if letters:
        nodes = _in_numbers(nodes, letters, dict(_values(sheet, letters)))
        sheet = replace(sheet, statements=[replace(s, node=node) for s, node in zip(sheet.statements, nodes, strict=True)])
    out: list[Statement] = []
    for i, statement in enumerate(sheet.statements):
        others = _strided_otherwise(sheet, i)
        out += [*(other for other, _ in others), statement, *(before for _, before in others)]
    return replace(sheet, statements=out) if len(out) > len(sheet.statements) else sheet


def _with_products(node: Node) -> Node:
    """An index `i + dk` as a sum with a product in it, and no differential."""

    def put(inner: Node) -> Node:
        if not isinstance(inner, sx.Differential) or inner.sign != "d" or inner.order is not None:
            return inner
        return sx.Product(inner.span, (sx.Name(inner.span, "d"), inner.of), ("",))

    return replace(node, sub=sx.mapped(node.sub, put)) if isinstance(node, sx.Scripted) and node.sub is not None else node


def _sums(node: Node) -> Iterator[sx.Sum]:
    """The sums that stand as an index."""
    for n in sx.walk(node):
        if isinstance(n, sx.Scripted) and n.sub is not None:
            yield from (item for item in _items(n.sub) if isinstance(item, sx.Sum))


def _terms(total: sx.Sum) -> Iterator[tuple[str, ...]]:
    """The letters of each term of an index: `s` and `i` of `s(i - 1)`."""
    for term in total.terms:
        yield tuple(letter for n in sx.walk(term) if isinstance(n, sx.Name) for letter in letters_of(n) or ())


def _constant(nodes: Iterable[Node]) -> frozenset[str]:
    """The letters beside the indices of entries that are the same for all of them."""
    nodes = list(nodes)
    sums = [total for node in nodes for total in _sums(node)]
    crowded = [list(_terms(total)) for total in sums]
    within = {letter for many in crowded if sum(map(len, many)) > 2 for letters in many for letter in letters}
    if not within:
        return frozenset()
    runs = {letter for node in nodes for n in sx.walk(node) if isinstance(n, sx.BigOp) for letter in letters_that_run(n)}
    alone = {
        letter
        for node in nodes
        for n in sx.walk(node)
        if isinstance(n, sx.Scripted) and n.sub is not None
        for item in _items(n.sub)
        for letter in letters_of(item) or ()
    }
    return frozenset(within - runs - alone)


def _values(sheet: Sheet, letters: frozenset[str]) -> Iterator[tuple[str, int]]:
    """The whole numbers that the sheet gives for such letters."""
    for statement in sheet.statements:
        for name, value in heads(statement):
            number = constant_of(value)
            if name in letters and number is not None and number.denominator == 1 and number > 0:
                yield name, int(number)


def _in_numbers(nodes: list[Node], letters: frozenset[str], values: Mapping[str, int]) -> list[Node]:
    """The formulas with numbers for the letters in their indices."""
    factors = sorted({x for node in nodes for t in _sums(node) for found in _terms(t) if len(found) > 1 for x in found if x in letters})
    numbers = {x: 3 if x == factors[0] else 2 for x in factors} | dict.fromkeys(letters - set(factors), 1) | dict(values)

    def put(node: Node) -> Node:
        letter = letters_of(node) if isinstance(node, sx.Name) else None
        return node if letter is None or letter[0] not in letters else sx.Number(node.span, str(numbers[letter[0]]))

    def in_index(node: Node) -> Node:
        made = sx.mapped(node, put)
        return made if place_of(made) is not None else node

    def written(node: Node) -> Node:
        if not isinstance(node, sx.Scripted) or node.sub is None:
            return node
        if isinstance(node.sub, sx.Listing):
            return replace(node, sub=replace(node.sub, items=tuple(map(in_index, node.sub.items))))
        return replace(node, sub=in_index(node.sub))

    return [sx.mapped(node, written) for node in nodes]


def _strided_otherwise(sheet: Sheet, i: int) -> list[tuple[Statement, Statement]]:
    """The definitions of the other convolution that a statement is about, and those of the one before."""
    here = sheet.statements[i]
    is_strided, is_dilated = (said.search(here.words) is not None for said in (_STRIDED, _DILATED))
    if not (is_strided or is_dilated) or not any(isinstance(n, sx.Derivative) for n in sx.walk(here.node)):
        return []
    own = dict(_indices(here.node))
    found = []
    for statement in sheet.statements[:i]:
        for name, formula in heads(statement):
            assert isinstance(statement.node, sx.Relation)
            known = dict(_indices(formula))
            head = statement.node.sides[0]
            outer = set(letters_of(head.sub) or ()) if isinstance(head, sx.Scripted) else set()
            if not any(_is_another(known[base], own[base], outer, is_strided, is_dilated) for base in known.keys() & own.keys()):
                continue
            changed = sx.mapped(formula, partial(_with_index, known, own))
            # Each begins a part of its own, as a piece of mathematics would.
            made = ((changed, here.block), (formula, -1))
            other, before = (
                replace(here, node=sx.Relation(here.span, (head, side), ("=",)), words=OTHERWISE, block=block) for side, block in made
            )
            found.append((name, other, before))
    latest = {name: (other, before) for name, other, before in found}
    return list(latest.values())


def _with_index(known: Mapping[str, Node], own: Mapping[str, Node], node: Node) -> Node:
    """An entry at the index that it has in the other convolution."""
    base = plain_name(node.base) if isinstance(node, sx.Scripted) else None
    other = own.get(base or "")
    return replace(node, sub=other) if isinstance(node, sx.Scripted) and other is not None and base in known else node


def _indices(node: Node) -> Iterator[tuple[str, Node]]:
    """The names with sums for indices, and these."""
    for n in sx.walk(node):
        if isinstance(n, sx.Scripted) and n.sub is not None and any(place_of(item) for item in _items(n.sub)):
            yield plain_name(n.base) or "", n.sub


def _items(sub: Node) -> tuple[Node, ...]:
    return sub.items if isinstance(sub, sx.Listing) else (sub,)


def _is_another(known: Node, own: Node, outer: set[str], is_strided: bool, is_dilated: bool) -> bool:
    """Whether the second index is the first with all the letters that the result has going in longer steps, or all others (dilation)."""
    one, other = ([linear(item) for item in _items(sub)] for sub in (known, own))
    steps: dict[bool, set[int]] = {True: set(), False: set()}
    for before, after in zip(one, other, strict=False):
        if before is None or after is None or before[0].keys() != after[0].keys() or before[1] != after[1]:
            return False
        for letter, times in after[0].items():
            if times % before[0][letter]:
                return False
            steps[letter in outer].add(times // before[0][letter])
    wanted = steps[True] != {1}, steps[False] != {1}
    return len(one) == len(other) and all(len(found) == 1 for found in steps.values()) and wanted == (is_strided, is_dilated)
