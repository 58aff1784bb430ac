r"""Sums, products and extrema over indices: `\sum_{i=1}^n`, `\prod_i`, `\max_j`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from symgrad import syntax as sx
from symgrad.constant import constant_of
from symgrad.dims import ONE, Dim
from symgrad.naming import letters_of
from symgrad.shapes import Shapes, is_unknown
from symgrad.syntax import Node, Unreadable
from symgrad.terms import Term, total, walk
from symgrad.typing_rules import Note, is_scalar, negated

if TYPE_CHECKING:
    from symgrad.readings.reader import Reader, Variants


# What makes one of all entries beside a sum; a minimum is read as −max(−x).
_REDUCED = {"prod": "prod", "max": "max", "min": "max"}


def big(reader: Reader, node: sx.BigOp, shapes: Shapes) -> Variants:
    if node.operator in _REDUCED and node.body is not None and node.below is not None:
        yield from _reduced(reader, node, shapes)
        return
    if node.operator not in ("sum", "\\sum") or node.body is None:
        raise Unreadable(node.span, f"{node.operator} is not read here")
    node = of_all(node)
    assert node.body is not None
    letters = _bound(node.below)
    if node.below is not None and letters is None:
        raise Unreadable(node.below.span, "what is summed over")
    inside = set(letters or ()) - reader.indices
    reader.indices |= inside
    try:
        found = reader.plain(node.body, shapes)
    finally:
        reader.indices -= inside
    count = _limit(reader, node)
    for reading in found:
        if letters is not None and len(letters) == 1 and letters[0] in reading.term.free and count is not None:
            # The letter runs to m, so m is how many entries there are, where nothing else says so.
            reading = replace(reading, shapes=_counted(reading.shapes, reader.index(letters[0]), count) or reading.shapes)
        term = reading.term
        bound = [letter for letter in letters or () if letter in term.free]
        if letters is not None and bound:
            if _leaves_out(reader, node) and not any(t.op == "shifted" for t in walk(term)):
                raise Unreadable(node.span, "a sum that leaves out some of what its index runs through")
            rest = tuple(letter for letter in term.free if letter not in bound)
            size = _limit(reader, node)
            met = None if size is None else _counted(reading.shapes, reader.index(bound[0]), size)
            # A limit that is no size of what is summed is left to what is summed.
            cost, now = (0.0, met) if met is not None else (0.2 * (size is not None), reading.shapes)
            yield reading.plus(cost, now, Term("series", (term,), tuple(bound), term.rows, term.cols, rest))
            if len(bound) < len(letters):
                continue
        elif letters is not None and is_scalar(reading.shapes, term):
            size = _limit(reader, node)
            if size is None:
                yield reading.plus(3.0, reading.shapes, term, Note("sum_of_nothing", node.span))
            else:
                yield reading.plus(0.5, reading.shapes, Term("hadamard", (Term("size", (), (size,)), term), (), ONE, ONE, term.free))
        elif not is_scalar(reading.shapes, term):
            yield reading.plus(0.0 if letters is None else 1.0, reading.shapes, total(term))
        else:
            yield reading


def _reduced(reader: Reader, node: sx.BigOp, shapes: Shapes) -> Variants:
    """The product or the largest of what an index runs through, all of it; a second index that is free stays one."""
    letters = _bound(node.below)
    if letters is None or not _is_of_all(reader, node):
        raise Unreadable(node.span, f"what the {node.operator} runs over")
    assert node.body is not None
    inside = set(letters) - reader.indices
    reader.indices |= inside
    try:
        found = reader.plain(node.body, shapes)
    finally:
        reader.indices -= inside
    is_read = False
    for reading in found:
        term = reading.term
        others = tuple(letter for letter in term.free if letter not in letters)
        if not set(letters) <= set(term.free) or len(term.free) > 2 or not is_scalar(reading.shapes, term):
            continue
        count = _limit(reader, node)
        met = reading.shapes if count is None else _counted(reading.shapes, reader.index(letters[0]), count)
        if met is None:
            continue
        is_read = True
        places = (*others, *letters)
        rows, cols = [*map(reader.index, places), ONE][:2]
        entries = Term("collect", (negated(term) if node.operator == "min" else term,), places, rows, cols)
        axis = 1 if others else None
        one = Term("function", (entries,), (_REDUCED[node.operator], axis), rows if others else ONE, ONE)
        one = Term("entry", (one,), (others[0], None), ONE, ONE, others) if others else one
        yield reading.plus(0.0, met, negated(one) if node.operator == "min" else one)
    if not is_read:
        raise Unreadable(node.span, f"the {node.operator} of what no index runs through")


def _is_of_all(reader: Reader, node: sx.BigOp) -> bool:
    """Whether an index runs from the first to the last: `i`, `i=1` to n or 3, `i=0` to n − 1."""
    first = _start(node) if isinstance(node.below, sx.Relation) else Fraction(1)
    if first not in (0, 1):
        return False
    match node.above:
        case None | sx.Number():
            return True
        case sx.Name(base=base):
            return base not in reader.indices
        case sx.Sum(terms=(sx.Name(), sx.Number(text="1")), signs=(_, "-")):
            return first == 0
    return False


def _start(node: sx.BigOp) -> Fraction | None:
    """The 2 of `i=2`."""
    is_told = isinstance(node.below, sx.Relation) and node.below.operators == ("=",)
    return constant_of(node.below.sides[1]) if is_told and isinstance(node.below, sx.Relation) else None


def _leaves_out(reader: Reader, node: sx.BigOp) -> bool:
    """Whether a sum begins behind the first, `i=2`, or ends where another index is."""
    start = _start(node)
    return (start is not None and start > 1) or (isinstance(node.above, sx.Name) and node.above.base in reader.indices)


def _counted(shapes: Shapes, dim: Dim, count: Dim) -> Shapes | None:
    """The sizes with as many terms; a number settles no size that is known by name, which stands for any number."""
    known = shapes.resolve(dim)
    is_general = bool(known.symbols) and not any(map(is_unknown, known.symbols))
    return None if is_general and count.number is not None else shapes.unify(dim, count)


def _limit(reader: Reader, node: sx.BigOp) -> Dim | None:
    """How many terms there are: up to the limit, with one more where the sum begins at 0."""
    above = node.above
    from_zero = isinstance(node.below, sx.Relation) and constant_of(node.below.sides[-1]) == 0
    if from_zero and isinstance(above, (sx.Sum, sx.Number)):
        last = reader.size(above)
        return None if last is None else last + 1
    if isinstance(above, sx.Number) and above.text.isdigit():
        return Dim.of(int(above.text))
    if isinstance(above, sx.Name) and reader.names.is_size(above.base):
        return Dim.of(above.base)
    return None


def of_all(node: sx.BigOp) -> sx.BigOp:
    r"""`\sum_{i:\, m_i < 1} x_i` as the sum over all i of what is counted where the condition holds."""
    match node.below:
        case sx.Relation(sides=(index, *sides), operators=(":", *operators)) if len(sides) == 2:
            condition: Node = sx.Relation(node.below.span, tuple(sides), tuple(operators))
        case sx.Listing(items=(index, sx.Relation() as condition), separators=("|",)):
            pass
        case _:
            return node
    assert node.body is not None
    counted = sx.Indicator(condition.span, sx.Number(condition.span, "1"), condition)
    return replace(node, below=index, body=sx.Product(node.span, (counted, node.body), ("",)))


def _bound(node: Node | None) -> tuple[str, ...] | None:
    """The letters that a sum runs over: `i`, `i=1`, `i,j`, `i \\in S`."""
    if isinstance(node, sx.Relation):
        return None if "notin" in node.operators else _bound(node.sides[0])
    return letters_of(node)


READERS: dict[type[Node], Callable[[Reader, Any, Shapes], Variants]] = {
    sx.BigOp: big,
}
