r"""Indices that are sums, as those of convolutions are, and where such a sheet begins to count: `x_{i+j}` from 0, `x_{i+j-1}` from 1.

A name counts from 0 where it has an entry 0, else from where a sum over its index does, or from 1; and where words say so.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from symgrad import syntax as sx
from symgrad.constant import constant_of
from symgrad.naming import letters_of, numbers_of, plain_name
from symgrad.syntax import Node


@dataclass(frozen=True)
class Place:
    """An index that is a sum: the letters that are added, those taken away, a number, and how far apart each letter's places are."""

    plus: tuple[str, ...]
    minus: tuple[str, ...]
    offset: int
    apart: tuple[int, ...] = (1, 1)

    @property
    def letters(self) -> tuple[str, ...]:
        return self.plus + self.minus


def place_of(node: Node | None) -> Place | None:
    """The place that an index such as `i+j-1`, `2i+k` or `m-i` says; None for anything but a sum of numbers and two letters."""
    found = linear(node) if isinstance(node, sx.Sum) else None
    if found is None:
        return None
    by, offset = found
    plus, minus = (tuple(letter for letter, times in by.items() if times * sign > 0) for sign in (1, -1))
    return Place(plus, minus, offset, tuple(abs(by[letter]) for letter in plus + minus)) if len(plus + minus) == 2 and plus else None


def linear(node: Node | None) -> tuple[dict[str, int], int] | None:
    """What an index adds up, `2(i - 1) + k`: how many times each letter, and a number; None for anything else and a letter twice."""
    number = None if node is None else constant_of(node)
    if number is not None:
        return ({}, int(number)) if number.denominator == 1 else None
    match node:
        case sx.Name():
            letters = letters_of(node)
            return None if letters is None else ({letters[0]: 1}, 0)
        case sx.Group(body=body):
            return linear(body)
        case sx.Prefix(sign="-", body=body):
            return _times(linear(body), -1)
        case sx.Product(factors=(first, second)):
            for one, other in ((first, second), (second, first)):
                times = constant_of(one)
                if times is not None and times.denominator == 1:
                    return _times(linear(other), int(times))
        case sx.Sum():
            by: dict[str, int] = {}
            offset = 0
            for term, sign in zip(node.terms, node.signs, strict=True):
                part = _times(linear(term), -1 if sign == "-" else 1)
                if part is None or by.keys() & part[0].keys():
                    return None
                by |= part[0]
                offset += part[1]
            return by, offset
    return None


def _times(found: tuple[dict[str, int], int] | None, factor: int) -> tuple[dict[str, int], int] | None:
    return None if found is None else ({letter: factor * times for letter, times in found[0].items()}, factor * found[1])


def beside_of(node: Node | None) -> tuple[str, int] | None:
    """An index and the number beside it: `i`, `i + 1`, `i - 2`; None for anything else."""
    terms, signs = (node.terms, node.signs) if isinstance(node, sx.Sum) else ((node,), ("",))
    letter, beside = "", 0
    for term, sign in zip(terms, signs, strict=True):
        letters = letters_of(term) if isinstance(term, sx.Name) else None
        number = None if letters is not None or term is None else constant_of(term)
        if letters is not None and sign != "-" and not letter:
            letter = letters[0]
        elif number is not None and number.denominator == 1:
            beside += -int(number) if sign == "-" else int(number)
        else:
            return None
    return (letter, beside) if letter else None


def places_of(sub: Node | None) -> tuple[Place | str, ...] | None:
    r"""The indices of `X_{i+a,\, j}`, one for each axis: a place or a letter; None where none of them is a place."""
    found: list[Place | str] = []
    for item in sub.items if isinstance(sub, sx.Listing) else (sub,):
        place, letters = place_of(item), letters_of(item)
        if place is None and (letters is None or len(letters) != 1):
            return None
        found.append(place if place is not None else (letters or ("",))[0])
    return tuple(found) if len(found) < 3 and any(isinstance(one, Place) for one in found) else None


def index_letters(sub: Node | None) -> tuple[str, ...]:
    """The letters of a subscript that are indices, also where it has sums of them."""
    places = places_of(sub)
    if places is None:
        return letters_of(sub) or ()
    return tuple(letter for one in places for letter in (one.letters if isinstance(one, Place) else (one,)))


@dataclass(frozen=True)
class Origins:
    """Where names and letters begin to count, on a sheet with sums for indices; nothing on another."""

    names: dict[str, int] = field(default_factory=dict)
    letters: dict[str, int] = field(default_factory=dict)
    rest: int = 1
    indexed: frozenset[str] = frozenset()  # the names that stand with such indices, or beside them with a letter

    def of(self, name: str) -> int:
        return self.names.get(name, self.rest)

    def start(self, letter: str) -> int:
        return self.letters.get(letter, self.rest)


_FROM_ZERO = re.compile(
    r"(?i)\b(?:count\w*|number\w*|ind(?:ex(?:es|ed|ing)?|ices)|classes|labels|entries)\b[^.;]{0,30}"
    r"\b(?:from|at|with) (?:0|zero)\b(?!\.\d)|\b(?:zero|0)-(?:based|indexed)|\b(?:ab|von|bei) (?:0|null) (?:gezählt|beginn\w*)"
)


def counts_from_zero(text: str) -> bool:
    """Whether a sheet says that it does: `classes counted from 0`, `zero-based`."""
    return _FROM_ZERO.search(text) is not None


def as_told(found: Origins, text: str) -> Origins:
    """Where a sheet begins to count that says so."""
    return replace(found, names={}, rest=0) if counts_from_zero(text) else found


def origins(nodes: Iterable[Node], styled: frozenset[str]) -> Origins:
    """Where the sheet begins to count."""
    nodes = list(nodes)
    indexed = frozenset(name for node in nodes for name in _beside_places(node, styled))
    if not indexed:
        return Origins()
    nodes = [n for node in nodes for n in sx.walk(node)]
    scripted = list(_scripted(nodes, styled))
    letters = dict(start for n in nodes for start in _starts(n))
    letters |= {letter: 0 for letter in added_letters(nodes) - letters.keys() if any(_is_zero(n, letter) for n in nodes)}
    met = {(name, letter) for name, sub in scripted for letter in letters_of(sub) or ()}
    numbers: dict[str, set[int]] = {}
    for name, sub in scripted:
        if name in indexed:
            numbers.setdefault(name, set()).update(numbers_of(sub) or ())
    names = {name: 0 for name, held in numbers.items() if 0 in held}
    for name, letter in sorted(met):
        if name not in names and letter in letters:
            names[name] = letters[letter]
    for name, first in _first_places(scripted, letters):
        names.setdefault(name, first)
    names = {name: 1 for name, held in numbers.items() if held} | names
    for name, letter in sorted(met):
        if letter not in letters and name in names:
            letters[letter] = names[name]
    rest = 0 if 0 in names.values() or (not names and 0 in letters.values()) else 1
    return Origins(names, letters, rest, indexed)


def _is_zero(node: Node, letter: str) -> bool:
    """Whether it is the `i = 0` of `for i = 0, 1, 2`."""
    match node:
        case sx.Relation(sides=(sx.Name() as index, first), operators=("=",)):
            return letters_of(index) == (letter,) and constant_of(first) == 0
    return False


def _first_places(scripted: Iterable[tuple[str, Node | None]], letters: dict[str, int]) -> Iterator[tuple[str, int]]:
    """Where the x of `x_{i+k}` begins, where both letters say where they do."""
    for name, sub in scripted:
        place = place_of(sub)
        if place is not None and not place.minus and place.plus and set(place.plus) <= letters.keys():
            first = place.offset + sum(apart * letters[letter] for letter, apart in zip(place.plus, place.apart, strict=False))
            if first in (0, 1):
                yield name, first


def _scripted(nodes: Iterable[Node], styled: frozenset[str]) -> Iterator[tuple[str, Node | None]]:
    """The names with a subscript, and what it is."""
    for n in nodes:
        if isinstance(n, sx.Scripted) and isinstance(n.base, sx.Name):
            yield plain_name(n.base, styled) or "", n.sub


def _beside_places(node: Node, styled: frozenset[str]) -> Iterator[str]:
    """The names of a formula that stand with indices, where one of these is a sum."""
    scripted = list(_scripted(sx.walk(node), styled))
    if any(places_of(sub) is not None for _, sub in scripted):
        yield from (name for name, sub in scripted if index_letters(sub))


def letters_inside(node: Node | None) -> set[str]:
    """The letters that stand in subscripts, alone or beside others and numbers."""
    subs = [n.sub for n in sx.walk(node) if isinstance(n, sx.Scripted)] if node is not None else []
    items = [item for sub in subs for item in (sub.items if isinstance(sub, sx.Listing) else (sub,))]
    beside = {at[0] for item in items if (at := beside_of(item)) is not None}
    return beside | {letter for sub in subs for letter in index_letters(sub)}


def letters_that_run(total: sx.BigOp) -> set[str]:
    r"""The letters that a sum runs over: the i of `i = 1`, the i and j of `i < j`; not the n of `i \le n`, that stands below nothing."""
    below = total.below
    if not isinstance(below, sx.Relation):
        return set(letters_of(below) or ())
    if {"=", "in"} & set(below.operators):
        return set(letters_of(below.sides[0]) or ())
    return {letter for side in below.sides for letter in letters_of(side) or ()} & letters_inside(total.body)


def convolved(nodes: Iterable[Node]) -> frozenset[str]:
    """The names that are indexed in formulas with sums of indices."""
    return frozenset(name for node in nodes for name in _beside_places(node, frozenset()))


def added_letters(nodes: Iterable[Node]) -> set[str]:
    """The letters that stand in sums of indices, and so count entries."""
    subs = [n.sub for node in nodes for n in sx.walk(node) if isinstance(n, sx.Scripted)]
    places = [place for sub in subs for place in places_of(sub) or ()]
    return {letter for place in places if isinstance(place, Place) for letter in place.letters}


def _starts(node: Node) -> Iterator[tuple[str, int]]:
    r"""The 0 of `\sum_{j=0}^{2}`, of `i = 0, \dots, n-k` and of `j \in \{0, 1, 2\}`."""
    below = node.below if isinstance(node, sx.BigOp) else node
    match below:
        case sx.Relation(sides=(sx.Name() as index, first, *_), operators=("=" | "in", *_)):
            items = first
            while isinstance(items, sx.Group):
                items = items.body
            start = constant_of(items.items[0] if isinstance(items, (sx.List, sx.Listing)) and items.items else items)
            letters = letters_of(index)
            if start in (0, 1) and letters is not None and (below is not node or items is not first or isinstance(items, sx.Listing)):
                yield letters[0], int(start or 0)
