r"""Subscripts that pick out: `x_i`, `W_{ij}`, `W_{1:d,:}`, and Kronecker's delta."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from symgrad import syntax as sx
from symgrad.constant import constant_of
from symgrad.dims import ONE, Dim
from symgrad.errors import ShapeError
from symgrad.naming import letters_of, numbers_of, script_text
from symgrad.ops import op_named
from symgrad.origins import beside_of
from symgrad.readings.shifted import shifted
from symgrad.shapes import Shapes
from symgrad.syntax import Node
from symgrad.terms import Term
from symgrad.typing_rules import Reading, transposed

if TYPE_CHECKING:
    from symgrad.readings.reader import Reader


def entries(reader: Reader, term: Term, sub: Node, reading: Reading) -> list[Reading]:
    """`x_i`, `W_{ij}`, `x_3`: an entry, or a row."""
    shapes = reading.shapes
    places = sub.items if isinstance(sub, sx.Listing) else (sub,)
    if any(isinstance(place, sx.Range) for place in places):
        return _slices(reader, reading.with_term(term), places)
    at_sums = shifted(reader, reading.with_term(term), sub)
    if at_sums is not None:
        return at_sums
    if (beside := _beside(reader, term, sub, reading)) is not None:
        return beside
    letters = letters_of(sub)
    column, row = shapes.is_one(term.cols), shapes.is_one(term.rows)
    found: list[Reading] = []
    if letters is not None and not term.free:
        if len(letters) == 2 and not column and not row:
            found += indexed(reader, reading, (letters[0], letters[1]), 0.0)
        if len(letters) == 1 and (column or row):
            found += indexed(reader, reading, (letters[0], None) if column else (None, letters[0]), 0.0)
        elif len(letters) == 1:
            # The x_i of vectors x_1, …, x_n are columns, as those are.
            is_family = term.op == "symbol" and reader.names.is_family(term.params[0])
            found += indexed(reader, reading, (letters[0], None, "column"), 0.0 if is_family else 1.0)
            if not (is_family and reader.names.is_collected(term.params[0])) or reader.names.has_rows:
                found += indexed(reader, reading, (letters[0], None), 1.5)
                found += indexed(reader, reading, (None, letters[0]), 2.0)
        return found
    numbers = numbers_of(sub)
    if numbers is not None:
        if len(numbers) == 1 and numbers[0] > 9 and not (column or row):
            numbers = (numbers[0] // 10, numbers[0] % 10)
        at: tuple[int | None, int | None] | None = None
        origin = reader.names.counting.of(term.params[0]) if term.op == "symbol" else 1
        if len(numbers) == 2:
            at = (numbers[0] - origin, numbers[1] - origin)
        elif column or row:
            at = (numbers[0] - origin, None) if column else (None, numbers[0] - origin)
        if at is not None and all(n is None or n >= 0 for n in at):
            rows = term.rows if at[0] is None else ONE
            cols = term.cols if at[1] is None else ONE
            found.append(reading.plus(0.5, shapes, Term("pick", (term,), at, rows, cols)))
        if at is None and term.op == "symbol" and reader.names.is_family(term.params[0]) and numbers[0] >= origin:
            member = Term("pick", (term,), (numbers[0] - origin, None), ONE, term.cols)  # k_1 of the keys k_j is a column, as those are
            found.append(reading.plus(0.5, shapes, transposed(member)))
    return found


def _beside(reader: Reader, term: Term, sub: Node, reading: Reading) -> list[Reading] | None:
    """`x_{i+1}`, `A_{i,j-1}` where a sum runs over i: what stands beside the entry; None where the subscript is another."""
    places = [beside_of(place) for place in (sub.items if isinstance(sub, sx.Listing) else (sub,))]
    told = [at for at in places if at is not None and at[0] in reader.running]
    if len(told) < len(places) or not any(by for _, by in told) or term.free or len(told) > 2:
        return None
    shapes, at = reading.shapes, tuple((letter, by) if by else letter for letter, by in told)
    cost, params, rows, cols = 0.0, (*at, None)[:2], ONE, term.cols if len(at) == 1 else ONE
    if len(at) == 1 and not shapes.is_one(term.cols):
        if shapes.is_one(term.rows):
            params, rows, cols = (None, *at), term.rows, ONE
        else:  # the x_i are the rows of x, and columns by themselves
            is_family = term.op == "symbol" and reader.names.is_family(str(term.params[0]))
            cost, params, rows, cols = 0.0 if is_family else 1.0, (*at, None, "column"), term.cols, ONE
    met: Shapes | None = shapes
    for one, size in zip(params, (term.rows, term.cols), strict=False):
        if isinstance(one, str) and met is not None:
            met = met.unify(reader.index(one), size)
    free = tuple(sorted({letter for letter, _ in told}))
    return [] if met is None else [reading.plus(cost, met, Term("beside", (term,), params, rows, cols, free))]


def _slices(reader: Reader, reading: Reading, places: tuple[Node, ...]) -> list[Reading]:
    """`W_{1:d,:}`, `V_{:,1}`: rows or columns, counted from 1, both ends taken; `X_{i,:}` is a row for an index that runs."""
    if len(places) != 2 or reading.term.free:
        return []
    for axis, place in enumerate(places):
        letters, other = letters_of(place) or (), places[1 - axis]
        if len(letters) == 1 and letters[0] in reader.indices and other == sx.Range(other.span):
            return indexed(reader, reading, (letters[0], None) if axis == 0 else (None, letters[0]), 0.0)
    term = reading.term
    for axis, place in enumerate(places):
        taken = stretch(reader, place)
        if taken is None:
            if place == sx.Range(place.span):
                continue
            return []
        shape = tuple(map(reading.shapes.resolve, (term.rows, term.cols)))
        try:
            rows, cols = op_named("slice").shape((shape,), (axis, *taken))
        except ShapeError:
            return []
        term = Term("function", (term,), ("slice", axis, *taken), rows, cols)
    return [reading.with_term(term)]


def stretch(reader: Reader, place: Node) -> tuple[Dim, Dim, int] | None:
    """Where a stretch of places begins, counted from 0, where it ends, and its step."""
    if not isinstance(place, sx.Range):
        one = reader.size(place)
        return None if one is None else (one - 1, one, 1)
    step = Fraction(1) if place.step is None else constant_of(place.step)
    first = None if place.start is None else reader.size(place.start)
    last = None if place.stop is None else reader.size(place.stop)
    if first is None or last is None or step is None or step.denominator != 1 or step < 1:
        return None
    return first - 1, last, int(step)


def indexed(reader: Reader, reading: Reading, at: tuple[Any, ...], cost: float) -> list[Reading]:
    shapes: Shapes | None = reading.shapes
    term = reading.term
    sizes = [term.rows, term.cols]
    for axis, letter in enumerate(at[:2]):
        if letter is not None and shapes is not None:
            shapes = shapes.unify(reader.index(letter), sizes[axis])
            sizes[axis] = ONE
    if shapes is None:
        return []
    if len(at) == 3:
        sizes.reverse()
    free = tuple(sorted({letter for letter in at[:2] if letter is not None}))
    return [reading.plus(cost, shapes, Term("entry", (term,), at, sizes[0], sizes[1], free))]


def kronecker(reader: Reader, i: str, j: str, shapes: Shapes) -> Iterator[Reading]:
    met = shapes.unify(reader.index(i), reader.index(j))
    if met is not None:
        yield Reading(0.0, met, Term("delta", (), (i, j), ONE, ONE, tuple(sorted({i, j}))))


def label_and_index(sub: Node | None, indices: set[str]) -> tuple[Node, Node] | None:
    """A subscript such as `2,k` or `t,k` taken apart, where k is an index and what stands before it is none."""
    items = sub.items if isinstance(sub, sx.Listing) else sub.factors if isinstance(sub, sx.Product) else ()
    if sub is None or len(items) != 2:
        return None
    label, letter = items
    bound = letters_of(letter)
    return (
        (label, letter) if bound and set(bound) <= indices and script_text(label) and not set(letters_of(label) or ()) & indices else None
    )


def as_entry(term: Term) -> Term | None:
    r"""An entry, also where a function is written of the entry: `\log p_k` is an entry of `\log p`."""
    if term.op == "entry" and len(term.params) == 2 and not term.args[0].free:
        return term
    inner = as_entry(term.args[0]) if term.op in ("elementwise", "scale") and len(term.args) == 1 else None
    if inner is None:
        return None
    (base,) = inner.args
    return replace(inner, args=(replace(term, args=(base,), rows=base.rows, cols=base.cols, free=()),))
