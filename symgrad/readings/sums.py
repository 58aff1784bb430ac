r"""Sums, products and extrema over indices: `\sum_{i=1}^n`, `\prod_i`, `\max_j`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from symgrad import syntax as sx
from symgrad.dims import ONE
from symgrad.naming import letters_of
from symgrad.readings.runs import Run, beside, count, limited, run_of
from symgrad.shapes import Shapes
from symgrad.syntax import Node, Unreadable
from symgrad.terms import Term, masked, total
from symgrad.typing_rules import Note, Reading, is_scalar, negated

if TYPE_CHECKING:
    from symgrad.readings.reader import Reader, Variants


AGAIN = "sum_of_nothing"
"""The kind of note for a sum over an index that stands nowhere, and of which nothing says how often it runs."""

# What makes one of all entries beside a sum; a minimum is read as −max(−x).
_REDUCED = {"prod": "prod", "max": "max", "min": "max"}


def big(reader: Reader, node: sx.BigOp, shapes: Shapes) -> Variants:
    if node.operator in _REDUCED and node.body is not None and node.below is not None:
        yield from _reduced(reader, node, shapes)
        return
    if node.operator not in ("sum", "\\sum") or node.body is None:
        raise Unreadable(node.span, f"{node.operator} is not read here")
    node = of_all(node)
    run, is_read = run_of(reader, node), False
    for reading in _bodies(reader, node, run, shapes):
        term = reading.term
        if run is None:
            yield reading if is_scalar(reading.shapes, term) else reading.with_term(total(term))
        elif any(letter in term.free for letter in run.letters) or run.beside:
            for one, letters in limited(reader, node, run, reading):
                is_read = True
                yield from _series(reader, node, run, one, letters)
        elif is_scalar(reading.shapes, term):
            yield _times(reader, node, run, run.letters, reading, 0.5)
        else:
            yield reading.plus(1.0, reading.shapes, total(term))
    if run is not None and run.problem is not None and not is_read:
        raise run.problem


def _bodies(reader: Reader, node: sx.BigOp, run: Run | None, shapes: Shapes) -> list[Reading]:
    """What is summed, read where the letters run."""
    assert node.body is not None
    letters = () if run is None else run.letters
    inside, outer = set(letters) - reader.indices, reader.running
    reader.indices |= inside
    reader.running = outer | {letter: run.origin(letter) for letter in letters if run is not None}
    try:
        return reader.plain(node.body, shapes)
    finally:
        reader.indices -= inside
        reader.running = outer


def _series(reader: Reader, node: sx.BigOp, run: Run, reading: Reading, letters: tuple[str, ...]) -> Iterator[Reading]:
    """The sum over the letters that stand in what is summed, as often as the others run."""
    term = reading.term
    bound = tuple(letter for letter in letters if letter in term.free)
    rest = tuple(letter for letter in term.free if letter not in bound)
    reading = reading.with_term(Term("series", (term,), bound, term.rows, term.cols, rest))
    others = tuple(letter for letter in letters if letter not in term.free)
    yield _times(reader, node, run, others, reading, 0.0) if others else reading


def _times(reader: Reader, node: sx.BigOp, run: Run, letters: tuple[str, ...], reading: Reading, cost: float) -> Reading:
    """What is added up again and again, times how often."""
    term, counts = reading.term, [count(reader, run, letter) for letter in letters]
    sizes = tuple(Term("size", (), (size,)) for size in counts if size is not None)
    if len(sizes) < len(letters):
        return reading.plus(3.0, reading.shapes, term, Note(AGAIN, node.span, "nothing says how often an index runs that stands nowhere"))
    return reading.plus(cost, reading.shapes, Term("hadamard", (*sizes, term), (), term.rows, term.cols, term.free))


def _reduced(reader: Reader, node: sx.BigOp, shapes: Shapes) -> Variants:
    """The product or the largest of what an index runs through; a second index that is free stays one."""
    run = run_of(reader, node)
    if run is None or any((operator, by) != ("ne", 0) for _, operator, _, by in run.beside):
        raise Unreadable(node.span, f"what the {node.operator} runs over")
    is_read = False
    for body in _bodies(reader, node, run, shapes):
        if not set(run.letters) <= set(body.term.free) or len(body.term.free) > 2 or not is_scalar(body.shapes, body.term):
            continue
        if node.operator == "prod" and run.beside:
            raise Unreadable(node.span, f"what the {node.operator} runs over")
        apart, run.beside = run.beside, []
        for reading, letters in limited(reader, node, run, body):
            is_read, term = True, negated(reading.term) if node.operator == "min" else reading.term
            for i, _, j, _ in apart:
                reading = replace(reading, shapes=reading.shapes.unify(reader.index(i), reader.index(j)) or reading.shapes)
                term = masked(term, Term("entry", (beside(reader, i, j),), (i, j), ONE, ONE, tuple(sorted({i, j}))))
            others = tuple(letter for letter in term.free if letter not in letters)
            places = (*others, *letters)
            rows, cols = [*map(reader.index, places), ONE][:2]
            entries = Term("collect", (term,), places, rows, cols)
            axis = 1 if others else None
            one = Term("function", (entries,), (_REDUCED[node.operator], axis), rows if others else ONE, ONE)
            one = Term("entry", (one,), (others[0], None), ONE, ONE, others) if others else one
            yield reading.with_term(negated(one) if node.operator == "min" else one)
    if not is_read:
        raise run.problem or Unreadable(node.span, f"the {node.operator} of what no index runs through")


def of_all(node: sx.BigOp) -> sx.BigOp:
    r"""`\sum_{i:\, m_i < 1} x_i` as the sum over all i of what is counted where the condition holds."""
    match node.below:
        case sx.Relation(sides=(_, *sides), operators=(":", *_)) if len(sides) == 2 and all(letters_of(side) for side in sides):
            return node
        case sx.Relation(sides=(index, *sides), operators=(":", *operators)) if len(sides) == 2:
            condition: Node = sx.Relation(node.below.span, tuple(sides), tuple(operators))
        case sx.Listing(items=(index, sx.Relation() as condition), separators=("|",)):
            pass
        case _:
            return node
    assert node.body is not None
    counted = sx.Indicator(condition.span, sx.Number(condition.span, "1"), condition)
    return replace(node, below=index, body=sx.Product(node.span, (counted, node.body), ("",)))


READERS: dict[type[Node], Callable[[Reader, Any, Shapes], Variants]] = {
    sx.BigOp: big,
}
