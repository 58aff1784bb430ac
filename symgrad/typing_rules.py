"""Typing: how readings combine. Every function takes typed readings and gives all ways to put them together, cheapest first.

A reading costs what it asks of the reader's charity: 0 for what a textbook would mean, about 1 for a usual looser custom, `CHARITY`
and more for what has to be explained to the author (a note goes with it).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction

from symgrad.dims import ONE, Dim
from symgrad.shapes import Shapes
from symgrad.span import Span
from symgrad.terms import Term, free_of, is_jacobian, names_in

CHARITY = 8.0
WIDTH = 10


@dataclass(frozen=True, slots=True)
class Note:
    """Why a reading is not the plain one: a kind of charity, and the part of the text it is about."""

    kind: str
    span: Span
    text: str = ""


@dataclass(slots=True)
class Reading:
    """A term, the sizes under which it is well typed, what it costs and why. Like a term it never changes."""

    cost: float
    shapes: Shapes
    term: Term
    notes: tuple[Note, ...] = ()

    def plus(self, cost: float, shapes: Shapes, term: Term, *notes: Note) -> Reading:
        return Reading(self.cost + cost, shapes, term, self.notes + notes)

    def with_term(self, term: Term) -> Reading:
        return Reading(self.cost, self.shapes, term, self.notes)

    @property
    def is_scalar(self) -> bool:
        return is_scalar(self.shapes, self.term)


def is_scalar(shapes: Shapes, term: Term) -> bool:
    return not is_jacobian(term) and shapes.is_one(term.rows) and shapes.is_one(term.cols)


def best(readings: Iterable[Reading], width: int = WIDTH) -> list[Reading]:
    """The cheapest readings, without repetitions."""
    kept: list[Reading] = []
    seen: set[tuple[Term, frozenset[tuple[str, Dim]]]] = set()
    for reading in sorted(readings, key=lambda r: r.cost):
        key = (reading.term, reading.shapes.key)
        if key not in seen:
            seen.add(key)
            kept.append(reading)
            if len(kept) == width:
                break
    return kept


# ── products ─────────────────────────────────────────────────────────────────────────────────────────────────────────

# What an operator means: cost of a matrix product, of a Hadamard product, of an outer product of two columns (None: never).
_MEANINGS: dict[str, tuple[float | None, float | None, float | None]] = {
    "": (0.0, None, None),
    "cdot": (0.1, 1.5, CHARITY),
    "times": (0.1, 2.0, CHARITY),
    "*": (1.0, 0.2, CHARITY),
    "star": (1.0, 0.2, CHARITY),
    "odot": (None, 0.0, None),
    "circ": (None, 0.0, None),
    "otimes": (CHARITY, 0.5, 0.3),
    "@": (0.0, None, None),
}


_SPREAD_OVER_A_NEW_NAME = 3.0
_NUMBER_FOR_EACH = 0.3
_BESIDE_AN_IDENTITY = 2.0
# The inner product of two vectors that lie alike, with a dot between them or without.
_DOT, _INNER = 1.2, 2.5
# `a (1 - a)`, without the sign of a product of entries.
_SLOPE = 0.3
# A ⊗ between matrices is the Kronecker product, where it is not written for the product of entries.
_KRONECKER = 0.3
# A sign for the product of entries behind or before a number.
_BY_A_NUMBER = 1.5
_NUMBER_BEHIND = 3.0
_SCALES = ("\\gamma", "\\beta", "\\alpha", "\\sigma", "\\lambda")
# The γ of `γ \\hat x`, a vector in Greek that scales each entry.
_ROW_IN_GREEK = 3.0


def multiply(left: Reading, right: Reading, operator: str, span: Span, charity: bool) -> Iterator[Reading]:
    """All meanings of two factors with an operator between them; the right one's sizes build on the left one's."""
    shapes, a, b = right.shapes, left.term, right.term
    cost, notes = left.cost + right.cost, left.notes + right.notes
    base = Reading(cost, shapes, a, notes)
    if is_jacobian(a) or is_jacobian(b):
        yield from _chained(base, a, b, span)
        return
    product, hadamard, outer = _MEANINGS.get(operator, (None, None, None))
    free = free_of(a, b)
    if _is_of_an_example(a) and _is_of_an_example(b) and product is not None:
        # The `y^{(i)} \log a^{(i)}` of a Y that nothing says more of may be a product of numbers.
        numbers = shapes.together((a.rows, ONE), (a.cols, ONE), (b.rows, ONE), (b.cols, ONE))
        if numbers is not None and not (is_scalar(shapes, a) and is_scalar(shapes, b)):
            yield base.plus(_NUMBER_FOR_EACH, numbers, Term("hadamard", (a, b), (), ONE, ONE, free))
    if is_scalar(shapes, a) or is_scalar(shapes, b):
        body = b if is_scalar(shapes, a) else a
        # A sign that is never a product of scalars is still one of a scalar and a matrix.
        odd = 0.0 if hadamard is None or product is not None else _BY_A_NUMBER
        # In wᵀ x_i and W x_i nobody means a row or a matrix times one number.
        behind = body is a and b.op == "entry" and (a.op == "transpose" or _is_matrix(shapes, a)) and not is_scalar(shapes, a)
        yield base.plus(odd + _NUMBER_BEHIND * behind, shapes, _scaled(shapes, a, b, body, free))
        return
    if operator == "" and _is_scale(shapes, a) and _is_matrix(shapes, b):
        for extra, same, rows, cols in spread(shapes, a, b):
            yield base.plus(extra, same, Term("hadamard", (a, b), (), rows, cols, free))
        product = _ROW_IN_GREEK
    if product is not None:
        met = _meeting(shapes, a, b)
        # What stands before an identity is a number, as in `s I`; a product of matrices would leave it out.
        product += _BESIDE_AN_IDENTITY if "eye" in (a.op, b.op) else 0.0
        if met is not None:
            yield base.plus(product, met, Term("matmul", (a, b), (), a.rows, b.cols, free))
    if hadamard is not None:
        for extra, same, rows, cols in spread(shapes, a, b):
            yield base.plus(hadamard + extra, same, Term("hadamard", (a, b), (), rows, cols, free))
    elif operator == "" and _make_a_slope(a, b):
        same_shape = shapes.together((a.rows, b.rows), (a.cols, b.cols))
        if same_shape is not None:
            yield base.plus(_SLOPE, same_shape, Term("hadamard", (a, b), (), a.rows, a.cols, free))
    if operator == "otimes" and not (is_vector(shapes, a) and is_vector(shapes, b)):
        yield base.plus(_KRONECKER, shapes, Term("function", (a, b), ("kron",), a.rows * b.rows, a.cols * b.cols, free))
    if outer is not None and (operator == "otimes" or charity):
        yield from _outer(base, a, b, outer, span, free)
    if operator in ("", "cdot", "times", "*") and product is not None:
        yield from _inner(base, a, b, free, _DOT if operator == "cdot" else _INNER)


def _is_scale(shapes: Shapes, term: Term) -> bool:
    """A vector with a Greek letter: nobody writes a matrix product with it at the left of a batch."""
    return term.op == "symbol" and term.params[0].startswith(_SCALES) and is_vector(shapes, term)


def _make_a_slope(a: Term, b: Term) -> bool:
    """`a (1 - a)`, `(1 + h)(1 - h)`, `a (1 - a)(1 - 2a)`: a quantity, and one less it, which are multiplied entry by entry as nothing else
    makes sense.
    """
    if any(_is_one_and(x, y) for x, y in ((b, a), (a, b))):
        return True
    is_slope = [_is_one_and(x) or (x.op == "hadamard" and len(x.args) == 2 and _make_a_slope(*x.args)) for x in (a, b)]
    return all(is_slope) and names_in(a) == names_in(b)


def _is_one_and(term: Term, other: Term | None = None) -> bool:
    """Whether a term is one more or less something: `other`, or a name."""
    if term.op != "add" or term.args[0] != Term("number", (), (Fraction(1),)):
        return False
    rest = term.args[1].args[0] if term.args[1].op == "scale" else term.args[1]
    return rest == other if other is not None else rest.op == "symbol"


def _meeting(shapes: Shapes, a: Term, b: Term) -> Shapes | None:
    """The sizes under which a matrix product goes together; (A ⊗ B) vec(X) is vec(B X Aᵀ), which says what each of them is.

    The matrices of vec(A)ᵀ vec(B) have one shape, and not only as many entries.
    """
    if a.op == "transpose" and is_function(a.args[0], "vec") and is_function(b, "vec"):
        return _of_one_shape(shapes, a.args[0].args[0], b.args[0])
    met = shapes.unify(a.cols, b.rows)
    if met is not None:
        return met
    last = a.args[-1] if a.op == "matmul" else a
    if is_function(last, "kron") and is_function(b, "vec"):
        (x,) = b.args
        return shapes.together((last.args[0].cols, x.cols), (last.args[1].cols, x.rows))
    if a.op == "transpose" and is_function(a.args[0], "vec") and is_function(b, "kron"):
        (x,) = a.args[0].args
        return shapes.together((x.cols, b.args[0].rows), (x.rows, b.args[1].rows))
    return None


def _of_one_shape(shapes: Shapes, a: Term, b: Term) -> Shapes | None:
    return shapes.together((a.rows, b.rows), (a.cols, b.cols))


def squared(shapes: Shapes, term: Term) -> Shapes | None:
    """The sizes under which a matrix is square; A ⊗ B is where both of them are, unless they say otherwise."""
    met = shapes.unify(term.rows, term.cols)
    if met is None and is_function(term, "kron"):
        return shapes.together(*((factor.rows, factor.cols) for factor in term.args))
    return met


def is_function(term: Term, name: str) -> bool:
    return term.op == "function" and term.params[0] == name


def _is_of_an_example(term: Term) -> bool:
    """An entry by an index, or a function of one."""
    return term.op == "entry" or (term.op == "elementwise" and len(term.args) == 1 and _is_of_an_example(term.args[0]))


def _scaled(shapes: Shapes, a: Term, b: Term, body: Term, free: tuple[str, ...]) -> Term:
    other = a if body is b else b
    if other.op == "number" and not free and body.op != "number":
        return Term("scale", (body,), other.params, body.rows, body.cols, free)
    return Term("hadamard", (a, b), (), body.rows, body.cols, free)


def spread(shapes: Shapes, a: Term, b: Term) -> Iterator[tuple[float, Shapes, Dim, Dim]]:
    """Sizes under which two terms go together entry by entry: the same shape, or one repeated along an axis of size 1."""
    same = shapes.together((a.rows, b.rows), (a.cols, b.cols))
    if same is not None:
        yield 0.0, same, a.rows, a.cols
    for one, other in ((a, b), (b, a)):
        if one.op != "ones" and (shapes.is_one(other.rows) or shapes.is_one(other.cols)):
            continue  # what is repeated over the entries of a vector is a number, and no vector of one entry
        if shapes.is_one(one.cols) and not shapes.is_one(one.rows) and not shapes.is_one(other.cols):
            met = shapes.unify(one.rows, other.rows)
            if met is not None:
                yield 1.0, met, other.rows, other.cols
        if shapes.is_one(one.rows) and not shapes.is_one(one.cols) and not shapes.is_one(other.rows):
            met = shapes.unify(one.cols, other.cols)
            if met is not None:
                yield 1.0, met, other.rows, other.cols


def _outer(base: Reading, a: Term, b: Term, cost: float, span: Span, free: tuple[str, ...]) -> Iterator[Reading]:
    """Two vectors, one after the other, as the matrix of all products; in either order where neither is said."""
    shapes = base.shapes
    if not (is_vector(shapes, a) and is_vector(shapes, b)):
        return
    for first, second, extra in ((a, b, 0.0), (b, a, 1.0)):
        column, row = _as_column(shapes, first), _as_column(shapes, second)
        if extra and cost < CHARITY:
            continue
        note = () if cost < CHARITY else (Note("outer_product", span),)
        yield base.plus(cost + extra, shapes, Term("outer", (column, row), (), column.rows, row.rows, free), *note)


def _is_matrix(shapes: Shapes, term: Term) -> bool:
    return not shapes.is_one(term.rows) and not shapes.is_one(term.cols)


def is_vector(shapes: Shapes, term: Term) -> bool:
    return shapes.is_one(term.rows) != shapes.is_one(term.cols)


def _as_column(shapes: Shapes, term: Term) -> Term:
    return transposed(term) if shapes.is_one(term.rows) else term


def _inner(base: Reading, a: Term, b: Term, free: tuple[str, ...], cost: float) -> Iterator[Reading]:
    """`w · x` of two columns, or of two rows, is their inner product."""
    shapes = base.shapes
    if not is_vector(shapes, a) or shapes.is_one(a.rows) != shapes.is_one(b.rows):
        return
    a, b = _as_column(shapes, a), _as_column(shapes, b)
    if not (shapes.is_one(a.cols) and shapes.is_one(b.cols)):
        return
    met = shapes.unify(a.rows, b.rows)
    if met is not None and not met.is_one(a.rows):
        yield base.plus(cost, met, Term("inner", (a, b), (), ONE, ONE, free))


def transposed(term: Term) -> Term:
    if term.op == "transpose":
        return term.args[0]
    return Term("transpose", (term,), (), term.cols, term.rows, term.free)


# ── Jacobians in a chain ─────────────────────────────────────────────────────────────────────────────────────────────


def _chained(base: Reading, a: Term, b: Term, span: Span) -> Iterator[Reading]:
    """Factors of a chain rule, in the order that people write them, whichever that is."""
    shapes = base.shapes
    if is_jacobian(a) and is_jacobian(b):
        for first, second in ((a, b), (b, a)):
            if _wrt(first) == _of(second):
                shape = (first.rows, first.cols)
                yield base.plus(0.0, shapes, Term("compose", (first, second), second.params, *shape))
        return
    jacobian, other = (a, b) if is_jacobian(a) else (b, a)
    wrt_rows, wrt_cols = jacobian.params[2:4]
    if is_scalar(shapes, other) and not (shapes.is_one(jacobian.rows) and shapes.is_one(jacobian.cols)):
        yield base.plus(0.0, shapes, scaled_jacobian(jacobian, other))
        return
    met = shapes.together((other.rows, jacobian.rows), (other.cols, jacobian.cols))
    if met is not None:
        yield base.plus(0.0, met, Term("vjp", (other, jacobian), (), wrt_rows, wrt_cols))
    turned = shapes.together((other.cols, jacobian.rows), (other.rows, jacobian.cols))
    if turned is not None and met is None:
        yield base.plus(1.0, turned, Term("vjp", (transposed(other), jacobian), (), wrt_rows, wrt_cols))
    forward = shapes.together((other.rows, wrt_rows), (other.cols, wrt_cols))
    if forward is not None:
        yield base.plus(3.0, forward, Term("jvp", (jacobian, other), (), jacobian.rows, jacobian.cols))


def scaled_jacobian(jacobian: Term, scalar: Term) -> Term:
    return Term("scaled_jacobian", (jacobian, scalar), jacobian.params, jacobian.rows, jacobian.cols)


def _of(jacobian: Term) -> str | None:
    """The name that a Jacobian is of, when it is of a name."""
    inner = jacobian.args[0]
    if jacobian.op != "jacobian":
        return _of(inner)
    return str(inner.params[0]) if inner.op == "symbol" else None


def _wrt(jacobian: Term) -> str:
    return str(jacobian.params[0])


def settle(reading: Reading) -> Iterator[Reading]:
    """A Jacobian that stands by itself, as a matrix or in the shape of what is not a scalar."""
    term, shapes = reading.term, reading.shapes
    if not is_jacobian(term):
        yield reading
        return
    wrt_rows, wrt_cols = term.params[2:4]
    of = (term.rows, term.cols)
    scalar_of = all(map(shapes.is_one, of))
    if scalar_of or (shapes.is_one(wrt_rows) and shapes.is_one(wrt_cols)):
        shape = (wrt_rows, wrt_cols) if scalar_of else of
        flat = Term("jacobian_flat", (term,), (), *shape)
        yield reading.plus(0.0, shapes, flat)
        if any(map(shapes.is_one, shape)):  # of a matrix it would be another layout, which a sheet keeps to or does not
            yield reading.plus(1.0, shapes, transposed(flat))
        return
    same = shapes.together((term.rows, wrt_rows), (term.cols, wrt_cols))
    if same is not None:
        yield reading.plus(0.5, same, Term("jacobian_diagonal", (term,), (), term.rows, term.cols))
    if any(map(shapes.is_one, of)) and (shapes.is_one(wrt_rows) or shapes.is_one(wrt_cols)):
        p = term.cols if shapes.is_one(term.rows) else term.rows
        q = wrt_cols if shapes.is_one(wrt_rows) else wrt_rows
        yield reading.plus(0.0, shapes, Term("jacobian_matrix", (term,), ("numerator",), p, q))
        yield reading.plus(0.6, shapes, Term("jacobian_matrix", (term,), ("denominator",), q, p))


# ── sums ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def add(left: Reading, right: Reading, negative: bool, weights: Callable[[Dim], bool]) -> Iterator[Reading]:
    """Two terms of a sum; a bias is repeated over the examples, along the axis that the weights do not have."""
    shapes, a, b = right.shapes, left.term, right.term
    if is_jacobian(a) or is_jacobian(b):
        return
    second = negated(b) if negative else b
    base = Reading(left.cost + right.cost, shapes, a, left.notes + right.notes)
    free = free_of(a, b)
    if is_scalar(shapes, a) or is_scalar(shapes, b):
        body = b if is_scalar(shapes, a) else a
        lone = a if body is b else b
        plain = is_scalar(shapes, body) or lone.op in ("number", "scale")
        # The b of `w^T x + b` and the y of `y - w^T x` are numbers: nobody adds one number to every entry of a vector met here first.
        is_open = _is_of_one_name(body) and any(map(shapes.is_open, (body.rows, body.cols)))
        is_new = is_open and (body is b or lone.op in ("matmul", "inner"))
        yield base.plus(
            0.0 if plain else _SPREAD_OVER_A_NEW_NAME if is_new else 1.5, shapes, Term("add", (a, second), (), body.rows, body.cols, free)
        )
        return
    if is_function(a, "vec") and is_function(b, "vec") and (alike := _of_one_shape(shapes, a.args[0], b.args[0])) is not None:
        yield base.plus(0.0, alike, Term("add", (a, second), (), a.rows, a.cols, free))
        return
    for extra, met, rows, cols in spread(shapes, a, b):
        repeated = 0.0
        if extra:
            thin = a if met.is_one(a.rows) or met.is_one(a.cols) else b
            own = thin.rows if met.is_one(thin.cols) else thin.cols
            repeated = 0.2 if weights(met.resolve(own)) or _is_scale(shapes, thin) else 3.0
        yield base.plus(repeated, met, Term("add", (a, second), (), rows, cols, free))
    is_one_output = a.op == "matmul" and shapes.is_one(a.rows) and _is_row_of_weights(a.args[0])
    if not negative and is_one_output and b.op == "symbol" and shapes.is_one(b.cols):
        single = shapes.unify(b.rows, ONE)  # the one output of `w^T X + b` has one bias
        if single is not None:
            yield base.plus(0.2, single, Term("add", (a, second), (), a.rows, a.cols, free))
    for thin, wide in ((b, a), (a, b)):
        # A bias declared a column, added to rows of examples.
        if shapes.is_one(thin.cols) and not shapes.is_one(thin.rows) and not shapes.is_one(wide.rows):
            across = shapes.unify(thin.rows, wide.cols)
            if across is not None:
                turned = transposed(second) if thin is b else transposed(a)
                pair = (a, turned) if thin is b else (turned, second)
                cost = 2.0 if weights(across.resolve(thin.rows)) else 5.0
                yield base.plus(cost, across, Term("add", pair, (), wide.rows, wide.cols, free))


def _is_row_of_weights(term: Term) -> bool:
    r"""The `w^T` of `w^T X + b`, or a w that is a row; the x of `x W + b` is an example, with a bias for each output."""
    return term.op == "transpose" or (term.op == "symbol" and term.params[0][:1] in ("w", "v", "u"))


def _is_of_one_name(term: Term) -> bool:
    """A name, a function or a multiple of it."""
    return term.op == "symbol" or (term.op in ("elementwise", "scale") and len(term.args) == 1 and _is_of_one_name(term.args[0]))


def negated(term: Term) -> Term:
    if is_jacobian(term):
        return scaled_jacobian(term, Term("number", (), (Fraction(-1),)))
    if term.op == "number":
        return replace(term, params=(-term.params[0],))
    if term.op == "scale":
        return replace(term, params=(-term.params[0],))
    return Term("scale", (term,), (Fraction(-1),), term.rows, term.cols, term.free)
