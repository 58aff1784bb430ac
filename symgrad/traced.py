r"""Numbers that stand for names: `h_1 = \sigma(-0.05)` where -0.05 is the value that `z_1` came out as.

A sheet in numbers may never write the formulas that it follows, and then derives by its names. A name that is only computed from numbers,
each of which is the value of one name or entry before it, is given the formula in those names too; where a number may be of two, none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction

from symgrad import syntax as sx
from symgrad.constant import constant_of, is_numeric
from symgrad.heads import as_call
from symgrad.literals import has_many_digits, is_worked, literal_rows
from symgrad.loss_of_numbers import NamedLoss, is_label
from symgrad.meaning import is_loss, stem
from symgrad.naming import numbers_of, plain_name
from symgrad.parts import heads
from symgrad.read.document import Sheet, Statement
from symgrad.syntax import Node

# `w_{12}`, `h_1`.
_NUMBERED = re.compile(r"_\{?(\d)(?:, ?)?(\d)?\}?$")


@dataclass(frozen=True)
class _Value:
    """A name, or an entry of one, with its value and the numbers that it has below."""

    node: Node
    value: Fraction
    at: tuple[int, ...] = ()
    is_calculated: bool = False


def traced(sheet: Sheet) -> Sheet:
    """The sheet with the formulas that its numbers follow, where something is differentiated."""
    if not any(isinstance(n, sx.Derivative) for s in sheet.statements for n in sx.walk(s.node)):
        return sheet
    formulas = {name for s in sheet.statements for name, expression in heads(s) if not _is_worked_out(expression)}
    asked = {plain_name(by) or "" for s in sheet.statements for n in sx.walk(s.node) if isinstance(n, sx.Derivative) for by in n.wrt}
    # `a_t`, which is written out later, by its formula or as what an activation is applied to.
    general = {name.partition("_")[0] for name in formulas | asked if re.search(r"_\{?[i-nt](?![a-z])", name)}
    every = [name for s in sheet.statements for name, expression in heads(s) if literal_rows(expression) is None or is_worked(expression)]
    formulas |= {name for name in every if every.count(name) > 1}  # computed anew for other values
    inputs = _Inputs(sheet)
    known: list[_Value] = []
    out: list[Statement] = []
    for statement in sheet.statements:
        node = statement.node
        named = [name for name, expression in heads(statement) if literal_rows(expression) is None or is_worked(expression)]
        is_step = any(_of_what(value) in named for value in known)  # `b = 0.3 - 0.5`, of a b that has a value
        if isinstance(node, sx.Relation) and named and not is_step and not {named[0], named[0].partition("_")[0]} & (formulas | general):
            loss = _loss(known).of(node.sides[1]) if is_loss(named[0]) else None
            formula = loss or _formula(node.sides[1], node.sides[0], known) or inputs.formula(node.sides[1])
            if formula is not None:
                node = replace(node, sides=(node.sides[0], formula, *node.sides[1:]), operators=("=", *node.operators))
        out.append(replace(statement, node=node))
        known = [*known, *_values(statement)]
    return replace(sheet, statements=out)


def _of_what(value: _Value) -> str | None:
    """The name that has a value, or an entry with one."""
    match value.node:
        case sx.Scripted(base=sx.Group(body=whole)):
            return plain_name(whole)
    return plain_name(value.node)


def _loss(known: list[_Value]) -> NamedLoss:
    """What a loss of numbers may be of: scalars that were computed, of two of one value the later, and labels that were given."""
    scalars = [v for v in known if not v.at or plain_name(v.node) is not None]
    outputs = {v.value: v.node for v in scalars if v.is_calculated}
    return NamedLoss(outputs, {v.value: v.node for v in scalars if not v.is_calculated and is_label(v.node)})


def _is_worked_out(expression: Node) -> bool:
    """Whether it is made of numbers, perhaps by a function of the sheet: `s(0.1)`."""
    called = as_call(expression)
    return is_numeric(expression) or (called is not expression and isinstance(called, sx.Call) and all(map(is_numeric, called.args)))


class _Inputs:
    r"""What a sheet differentiates by and gives as numbers, found again in `\sigma(0.5 \cdot 1 + 0.2 \cdot 0.4)` beside x = 1 and h = 0.4.

    In all such products of a sheet the inputs are behind their weights, or all of them are before.
    """

    def __init__(self, sheet: Sheet) -> None:
        derivatives = [n for s in sheet.statements for n in sx.walk(s.node) if isinstance(n, sx.Derivative) and n.order is None]
        asked = {plain_name(by) for n in derivatives for by in n.wrt}
        given = {
            name: _Value(s.node.sides[0], rows[0][0])
            for s in sheet.statements
            for name, expression in heads(s)
            if name in asked and isinstance(s.node, sx.Relation) and (rows := literal_rows(expression)) and len(rows) == len(rows[0]) == 1
        }
        self._by_value = {value.value: value.node for value in given.values()}
        self._is_clear = len(self._by_value) == len(given) > 0
        products = [p for s in sheet.statements for _, e in heads(s) if _is_weighted(e) for p in _products(e)]
        fitting = [k for k in (0, 1) if products and all(constant_of(p.factors[k]) in self._by_value for p in products)]
        self._place = fitting[0] if len(fitting) == 1 else None

    def formula(self, node: Node) -> Node | None:
        """The expression with the names of inputs for their values; None where it is no such expression, or that is not clear."""
        place = self._place
        if place is None or not self._is_clear or not _is_weighted(node):
            return None
        products = {id(p) for p in _products(node)}

        def named(inner: Node) -> Node:
            if not isinstance(inner, sx.Product) or id(inner) not in products:
                return inner
            name = replace(self._by_value[constant_of(inner.factors[place]) or Fraction(0)], span=inner.factors[place].span)
            return replace(inner, factors=(*inner.factors[:place], name, *inner.factors[place + 1 :]))

        return sx.mapped(node, named)


def _is_weighted(node: Node) -> bool:
    """Whether it is a function of a sum of numbers, with products of two among them."""
    return isinstance(node, sx.Call) and len(node.args) == 1 and is_numeric(node.args[0]) and bool(_products(node))


def _products(node: Node) -> list[sx.Product]:
    """The products of two numbers in a sum that a function is applied to."""
    inside = node.args[0] if isinstance(node, sx.Call) else node
    terms = inside.terms if isinstance(inside, sx.Sum) else (inside,)
    return [t for t in terms if isinstance(t, sx.Product) and len(t.factors) == 2]


def _values(statement: Statement) -> Iterator[_Value]:
    """What a statement says the value of: a number, or each entry of a vector or matrix."""
    node = statement.node
    rows = literal_rows(node.sides[-1]) if isinstance(node, sx.Relation) and heads(statement) else None
    if rows is None or not isinstance(node, sx.Relation):
        return
    head = node.sides[0]
    if len(rows) == len(rows[0]) == 1:
        found = _NUMBERED.search(plain_name(head) or "")
        yield _Value(head, rows[0][0], tuple(int(k) for k in found.groups() if k) if found else (), len(node.sides) > 2)
        return
    for i, row in enumerate(rows, 1):
        for j, value in enumerate(row, 1):
            at = (i,) if len(row) == 1 else (j,) if len(rows) == 1 else (i, j)
            if plain_name(head) is not None:
                drawn = (1, *at) if len(rows) == 1 and stem(plain_name(head) or "").isupper() else at  # a matrix of one row
                places = tuple(sx.Number(head.span, str(k)) for k in drawn)
                sub = places[0] if len(places) == 1 else sx.Listing(head.span, places, (",",))
                yield _Value(sx.Scripted(head.span, sx.Group(head.span, "(", ")", head), sub), value, at)  # no name of its own


def _formula(node: Node, head: Node, known: list[_Value]) -> Node | None:
    """The expression with names for all of its numbers; None where one has no name, or may have two."""
    found = re.search(r"_\{?(\d)\}?$", plain_name(head) or "")
    number = int(found[1]) if found else None
    match as_call(node):
        case sx.Call(function=sx.Name(), args=(inside,)) as called:
            # What a function is applied to was calculated before, where a value that is given is the same by accident.
            meant = _one(inside, Fraction(1), number, [v for v in known if v.is_calculated]) or _one(inside, Fraction(1), number, known)
            return None if meant is None else replace(called, args=(meant,))
        case sx.Sum(terms=terms, signs=signs) as total:
            made = [_term(term, Fraction(-1 if sign == "-" else 1), number, known) for term, sign in zip(terms, signs, strict=True)]
            kept = tuple(term for term in made if term is not None)
            return _with_inner_products(total, kept, known) if len(kept) == len(terms) else None
        case sx.Product():
            return _term(node, Fraction(1), number, known)
        case sx.Frac():
            return _with_a_long_number(node, [v for v in known if v.is_calculated])
    return None


def _with_a_long_number(node: Node, known: list[_Value]) -> Node | None:
    r"""The `\frac{1}{1 + e^{-0.3775}}` with the name that was calculated to be that number; no other has so many digits."""
    numbers = [n for n in sx.walk(node) if isinstance(n, sx.Number) and has_many_digits(n)]
    alike = {_shown(v): v for v in known for n in numbers if abs(v.value) == n.value}
    if len(numbers) != 1 or len(alike) != 1:
        return None
    ((found,),) = (tuple(alike.values()),)
    name = found.node if found.value > 0 else sx.Prefix(numbers[0].span, "-", found.node)
    return sx.mapped(node, lambda n: name if n is numbers[0] else n)


def _with_inner_products(total: sx.Sum, terms: tuple[Node, ...], known: list[_Value]) -> Node:
    """The sum; products of all the entries of two vectors in it, or of a matrix of one row and a vector, are their inner product."""
    pairs = [p for term in terms if (p := _entries_of(term)) is not None]
    bases = {(plain_name(a), plain_name(b)) for (a, _), (b, _) in pairs}
    places = [(i[-1:], j[-1:]) for (_, i), (_, j) in pairs]
    if len(bases) == 1 and len(set(places)) == len(places) > 1 and all(i == j for i, j in places):
        ((first, at), (second, _)), *_ = pairs
        if all(_count(base, known) == len(places) for base in (first, second)):
            turned = first if len(at) == 2 else sx.Scripted(first.span, first, None, sx.Mark(first.span, "\\top"))
            product = sx.Product(total.span, (turned, second), ("",))
            terms = (product, *(term for term in terms if _entries_of(term) is None))
    return replace(total, terms=terms, signs=("", *("+",) * (len(terms) - 1))) if len(terms) > 1 else terms[0]


def _entries_of(term: Node) -> tuple[tuple[Node, tuple[int, ...]], tuple[Node, tuple[int, ...]]] | None:
    """The two vectors, with the places of their entries, where it is the product of entries of a vector or a row."""
    match term:
        case sx.Product(factors=(sx.Scripted(base=sx.Group(body=first), sub=i), sx.Scripted(base=sx.Group(body=second), sub=j))):
            places = numbers_of(i), numbers_of(j)
            if places[0] and places[1] and (len(places[0]) == 1 or places[0][0] == 1) and len(places[1]) == 1:
                return (first, places[0]), (second, places[1])
    return None


def _count(base: Node, known: list[_Value]) -> int:
    """How many entries it has."""
    return sum(isinstance(v.node, sx.Scripted) and isinstance(v.node.base, sx.Group) and v.node.base.body is base for v in known)


def _term(node: Node, sign: Fraction, number: int | None, known: list[_Value]) -> Node | None:
    """A product of two numbers, or one number, in names."""
    if not (isinstance(node, sx.Product) and len(node.factors) == 2 and set(node.operators) <= {"", "cdot", "times", "*"}):
        return _one(node, sign, number, known)
    first, second = (constant_of(factor) for factor in node.factors)
    if not first or not second:
        return None
    pairs = [
        (_rank(a.at, b.at, number), a, b)
        for a in known
        if abs(a.value) == abs(first)
        for b in known
        if b is not a and a.value * b.value == sign * first * second
    ]
    best = max((rank for rank, _, _ in pairs), default=0)
    likely = {(_shown(a), _shown(b)): (a, b) for rank, a, b in pairs if rank == best}
    if not best or len(likely) != 1:
        return None
    ((a, b),) = likely.values()
    return replace(node, factors=(a.node, b.node))


def _rank(first: tuple[int, ...], second: tuple[int, ...], number: int | None) -> int:
    """How usual a product is: of an entry of a matrix and the entry of a vector that it meets, in the row of what is computed."""
    matrix, vector = (first, second) if len(first) > len(second) else (second, first)
    if len(matrix) == 2 and len(vector) == 1:
        return 3 if matrix == (number, vector[0]) else 2 if matrix == (vector[0], number) else 0
    return 2 if len(first) == len(second) == 1 and first == second else 1 if not first or not second else 0


def _one(node: Node, sign: Fraction, number: int | None, known: list[_Value]) -> Node | None:
    """A number by itself: the value with the number of what is computed, else one that has none; any name's, of what has no number."""
    value = constant_of(node)
    # A zero may be anything's, but for one that was calculated.
    known = known if value else [v for v in known if v.is_calculated]
    if value is None or isinstance(node, (sx.Sum, sx.Frac)):
        return None
    alike = [v for v in known if v.value == sign * value]
    likely = {_shown(v): v for v in alike if v.at in ((number,), ()) or (number is None and plain_name(v.node) is not None)}
    numbered = [v for v in likely.values() if v.at]
    found = numbered or list(likely.values())
    return found[0].node if len(found) == 1 else None


def _shown(value: _Value) -> str:
    return " ".join(plain_name(n) or "" for n in sx.walk(value.node)) + str(value.at)
