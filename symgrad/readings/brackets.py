"""Brackets, lists, matrices written out, norms, determinants, inner products."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from symgrad import syntax as sx
from symgrad.constant import constant_of
from symgrad.dims import ONE, Dim
from symgrad.naming import script_text, superscript
from symgrad.shapes import Shapes
from symgrad.syntax import Node, Unreadable
from symgrad.terms import Term, free_of, is_jacobian, mapped, to_the_power, total
from symgrad.typing_rules import Note, Reading, is_scalar, is_vector, transposed

if TYPE_CHECKING:
    from symgrad.readings.reader import Reader, Variants

_MOST_CELLS = 40_000
_OF_ENTRIES = frozenset({"", "F", "\\mathrm{F}", "Fro", "fro"})
_NUCLEAR = frozenset({"*", "\\ast", "\\mathrm{tr}", "\\mathrm{nuc}"})
_OF_THE_LARGEST = frozenset({"op", "\\mathrm{op}", "spec", "\\mathrm{spec}", "\\sigma"})
# A matrix that weighs a norm, or the inverse of one. \|x\|_Σ is xᵀ Σ x to some and xᵀ Σ⁻¹ x to others.
_IS_A_MATRIX = re.compile(r"[A-EG-HJ-Z]|(?:\\Sigma|\\Lambda|[A-Z])\^\{-1\}|\\Lambda")
_IS_AN_ORDER = re.compile("[pqr]")
SPECTRAL_OR_NOT = "spectral_or_not"
_SAY_WHICH_LARGEST = (
    r"‖·‖_∞ of a matrix is the largest sum of a row to some and the largest entry to others; in NumPy, norm(X, inf) is the former"
)
_SAY_WHICH_ORDER = "a norm of this order of a matrix may be of its entries or of its singular values; write the sum that is meant"
_SAY_WHICH = r"‖·‖₂² of a matrix is \sigma_{\max}(·)^2 to some and \|·\|_F^2 to others; write which of them is meant"


def group(reader: Reader, node: sx.Group, shapes: Shapes) -> Variants:
    if (node.open, node.close) == ("\\lfloor", "\\rfloor"):
        for reading in reader.read(node.body, shapes):
            yield reading.with_term(mapped("floor", reading.term))
        return
    if (node.open, node.close) not in (("(", ")"), ("[", "]"), ("\\{", "\\}"), ("{", "}"), ("", "")):
        raise Unreadable(node.span, f"brackets {node.open} {node.close}")
    if isinstance(node.body, sx.Listing) and set(node.body.separators) == {","}:
        yield from listed(reader, sx.List(node.span, node.body.items), shapes)  # `(0.5, -1)` is a vector
        return
    if isinstance(node.body, sx.Relation) and len(node.body.sides) == 2:
        # `dA * (Z > 0)` as NumPy has it
        yield from reader.read(sx.Indicator(node.span, node, node.body), shapes)
        return
    yield from reader.read(node.body, shapes)


def listed(reader: Reader, node: sx.List, shapes: Shapes) -> Variants:
    rows: list[tuple[Node, ...]]
    if all(isinstance(item, sx.List) for item in node.items):
        rows = [item.items for item in node.items if isinstance(item, sx.List)]
        yield from _cells(reader, rows, node, shapes)
        return
    if len(node.items) == 1:
        yield from reader.read(node.items[0], shapes)
    else:
        yield from _cells(reader, [(item,) for item in node.items], node, shapes)
    for reading in _cells(reader, [tuple(node.items)], node, shapes):
        yield reading.plus(0.3 if len(node.items) > 1 else 0.0, reading.shapes, reading.term)


def matrix(reader: Reader, node: sx.Matrix, shapes: Shapes) -> Variants:
    rows = [tuple(cell for cell in row if not isinstance(cell, sx.Blank)) for row in node.rows]
    found = list(_cells(reader, [row for row in rows if row], node, shapes))
    if node.kind in ("vmatrix", "vmatrix*"):
        for reading in found:
            yield reading.with_term(Term("function", (reading.term,), ("det",)))
        return
    yield from found


def _cells(reader: Reader, rows: list[tuple[Node, ...]], node: Node, shapes: Shapes) -> Iterator[Reading]:
    if not rows or len({len(row) for row in rows}) != 1:
        raise Unreadable(node.span, "a matrix whose rows have different lengths")
    if len(rows) * len(rows[0]) > _MOST_CELLS:
        raise Unreadable(node.span, f"a matrix of more than {_MOST_CELLS} entries")
    if (counting := _counting(reader, [cell for row in rows for cell in row])) is not None and 1 in (len(rows), len(rows[0])):
        yield Reading(0.0, shapes, counting if len(rows) > 1 else transposed(counting))
        return
    numbers = [[constant_of(cell) for cell in row] for row in rows]
    if all(x is not None for row in numbers for x in row):
        exact = tuple(tuple(x for x in row if x is not None) for row in numbers)
        term = Term("literal", (), (exact,), Dim.of(len(rows)), Dim.of(len(rows[0])))
        if len(rows) == len(rows[0]) == 1:
            term = Term("number", (), (exact[0][0],))
        yield Reading(0.0, shapes, term)
        return
    for cost, now, terms, notes in reader.each([cell for row in rows for cell in row], shapes):
        made = _block(now, terms, len(rows[0]))
        if made is not None:
            yield Reading(cost, made[0], made[1], notes)


def _counting(reader: Reader, cells: list[Node]) -> Term | None:
    r"""`1, \dots, n`: the numbers up to a size."""
    match cells:
        case [sx.Number(text="1"), sx.Dots(), last] if (size := reader.size(last)) is not None:
            return Term("function", (), ("counting", size), size, ONE)
    return None


def prescripted(reader: Reader, node: sx.Prescripted, shapes: Shapes) -> Variants:
    script = superscript(node.sup)
    for reading in reader.read(node.base, shapes):
        yield reading.with_term(transposed(reading.term)) if script.transposed or _is_t(node.sup) else reading


def annotated(reader: Reader, node: sx.Annotated, shapes: Shapes) -> Variants:
    yield from reader.read(node.body, shapes)


def norm(reader: Reader, node: sx.Norm, shapes: Shapes, sub: Node | None = None, sup: Node | None = None) -> Variants:
    kind = script_text(sub)
    if sub is not None and _IS_AN_ORDER.fullmatch(kind):
        yield from _of_any_order(reader, node, sub, sup, shapes)
        return
    power = constant_of(sup) if sup is not None else Fraction(1)
    if power is None:
        raise Unreadable(node.span, "a power of a norm that is no number")
    order = constant_of(sub) if sub is not None else None
    found = False
    for cost, now, (inner,), notes in reader.each([node.body], shapes):
        for further, made, also in _norms(kind, order, inner, power, is_vector(now, inner), is_scalar(now, inner), node):
            found = True
            yield Reading(cost + further, now, made, (*notes, *also))
    if not found and sub is not None and _IS_A_MATRIX.fullmatch(kind):
        yield from _weighted(reader, node, sub, power, shapes)
    elif not found:
        raise Unreadable(node.span, f"the norm with index {kind}")


def _of_any_order(reader: Reader, node: sx.Norm, order: Node, sup: Node | None, shapes: Shapes) -> Variants:
    r"""`\|x\|_p` of a vector, (Σ |x|^p)^{1/p}; its p-th power is the sum by itself."""
    power = sup if sup is not None else sx.Number(node.span, "1")
    for cost, now, (inner, exponent, outer), notes in reader.each([node.body, order, power], shapes):
        if is_scalar(now, exponent) and is_scalar(now, outer):
            made = total(to_the_power(mapped("abs", inner), exponent))
            if outer != exponent:
                over = Term("elementwise", (exponent,), ("power", Fraction(-1)), ONE, ONE, exponent.free)
                made = to_the_power(made, Term("hadamard", (outer, over), (), ONE, ONE, free_of(outer, over)))
            either = () if is_vector(now, inner) else (Note(SPECTRAL_OR_NOT, node.span, _SAY_WHICH_ORDER),)
            yield Reading(cost, now, made, (*notes, *either))


def _weighted(reader: Reader, node: sx.Norm, weight: Node, power: Fraction, shapes: Shapes) -> Variants:
    r"""`\|x\|_M^2` is xᵀ M x."""
    for cost, now, (inner, matrix), notes in reader.each([node.body, weight], shapes):
        met = now.together((matrix.rows, inner.rows), (matrix.cols, inner.rows), (inner.cols, ONE))
        if met is not None:
            turned = Term("matmul", (transposed(inner), matrix), (), ONE, inner.rows, free_of(inner, matrix))
            square = Term("matmul", (turned, inner), (), ONE, ONE, turned.free)
            made = _raised(square, power / 2) if power % 2 == 0 else _raised(mapped("sqrt", square), power)
            yield Reading(cost, met, made, notes)


def _norms(
    kind: str, order: Fraction | None, inner: Term, power: Fraction, vector: bool, scalar: bool, node: sx.Norm
) -> Iterator[tuple[float, Term, tuple[Note, ...]]]:
    """The norms that may be meant by an index, to a power, each with what it costs and what there is to say of it."""
    square = Term("inner", (inner, inner), (), ONE, ONE, inner.free)
    of_entries = _raised(square, power / 2) if power % 2 == 0 else _raised(mapped("sqrt", square), power)
    if kind in _OF_ENTRIES or (kind == "2" and (vector or scalar)):
        yield 0.0, of_entries, ()
    elif kind == "2":
        # The largest singular value; but people write it of the entries too, and nearly always where it is squared. What is derived must
        # be plain, and a sheet has other lines to tell by.
        either = Note(SPECTRAL_OR_NOT, node.span, _SAY_WHICH)
        yield 0.0, of_entries, (either,)
        yield 1.0, _raised(Term("function", (inner,), ("spectral_norm",)), power), (either,) if power % 2 == 0 else ()
    elif (other := _other_norm(kind, order, inner, vector)) is not None:
        yield 0.0, _raised(other, power), ()
    elif kind == "\\infty":
        sums = Term("sum", (mapped("abs", inner),), (1,), inner.rows, ONE, inner.free)
        either = Note(SPECTRAL_OR_NOT, node.span, _SAY_WHICH_LARGEST)
        yield 0.0, _raised(Term("function", (sums,), ("max", None)), power), (either,)
    elif order is not None and order > 1:
        made = _raised(total(_raised(mapped("abs", inner), order)), power / order)
        yield 0.0, made, (Note(SPECTRAL_OR_NOT, node.span, _SAY_WHICH_ORDER),)


def _other_norm(kind: str, order: Fraction | None, inner: Term, vector: bool) -> Term | None:
    """The sum of the sizes of entries, the largest of them, that of their powers; of a matrix the sum of its singular values."""
    if kind in ("1", "1,1"):
        return total(mapped("abs", inner))
    if kind in _NUCLEAR:
        return Term("function", (inner,), ("nuclear_norm",))
    if kind in _OF_THE_LARGEST and not vector:
        return Term("function", (inner,), ("spectral_norm",))
    if kind == "2,1" and not vector:
        # The lengths of the rows, added up: groups are rows (Nie et al. 2010).
        squares = Term("sum", (_raised(inner, Fraction(2)),), (1,), inner.rows, ONE, inner.free)
        return total(mapped("sqrt", squares))
    if kind == "\\infty" and vector:
        return Term("function", (mapped("abs", inner),), ("max", None))
    if order is not None and order > 1 and vector:
        is_even = order.denominator == 1 and order % 2 == 0
        return _raised(total(_raised(inner if is_even else mapped("abs", inner), order)), 1 / order)
    return None


def _raised(term: Term, power: Fraction) -> Term:
    return term if power == 1 else Term("elementwise", (term,), ("power", power), term.rows, term.cols, term.free)


def absolute(reader: Reader, node: sx.Abs, shapes: Shapes) -> Variants:
    for cost, now, (inner,), notes in reader.each([node.body], shapes):
        if is_scalar(now, inner):
            yield Reading(cost, now, mapped("abs", inner), notes)
            continue
        square = now.unify(inner.rows, inner.cols)
        if square is not None and not now.is_one(inner.cols):
            yield Reading(cost, square, Term("function", (inner,), ("det",), ONE, ONE, inner.free), notes)
        yield Reading(cost + 1.0, now, mapped("abs", inner), notes)


def angle(reader: Reader, node: sx.Angle, shapes: Shapes) -> Variants:
    if len(node.items) != 2:
        raise Unreadable(node.span, "angle brackets that are no inner product")
    for cost, now, (a, b), notes in reader.each(node.items, shapes):
        met = now.together((a.rows, b.rows), (a.cols, b.cols))
        if met is not None:
            yield Reading(cost, met, Term("inner", (a, b), (), ONE, ONE, free_of(a, b)), notes)


def _block(shapes: Shapes, terms: tuple[Term, ...], width: int) -> tuple[Shapes, Term] | None:
    """Cells put together; heights agree along a row, widths along a column."""
    rows = [terms[i : i + width] for i in range(0, len(terms), width)]
    if any(is_jacobian(t) or t.free for t in terms):
        return None
    now: Shapes | None = shapes
    for row in rows:
        for cell in row[1:]:
            now = now.unify(row[0].rows, cell.rows) if now is not None else None
    for j in range(width):
        for row in rows[1:]:
            now = now.unify(rows[0][j].cols, row[j].cols) if now is not None else None
    if now is None:
        return None
    height, length = Dim.of(0), Dim.of(0)
    for row in rows:
        height = height + now.resolve(row[0].rows)
    for cell in rows[0]:
        length = length + now.resolve(cell.cols)
    return now, Term("block", terms, (width,), height, length)


def _is_t(node: Node | None) -> bool:
    return isinstance(node, sx.Name) and node.base == "t"


READERS: dict[type[Node], Callable[[Reader, Any, Shapes], Variants]] = {
    sx.Group: group,
    sx.List: listed,
    sx.Matrix: matrix,
    sx.Prescripted: prescripted,
    sx.Annotated: annotated,
    sx.Norm: norm,
    sx.Abs: absolute,
    sx.Angle: angle,
}
