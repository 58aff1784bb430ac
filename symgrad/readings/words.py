r"""Functions called by a word: `\operatorname{tr}`, `np.sum`, `diag`, `max`."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from symgrad import syntax as sx
from symgrad.constant import constant_of
from symgrad.dims import ONE, Dim
from symgrad.errors import ShapeError
from symgrad.naming import script_text
from symgrad.ops import op_named
from symgrad.read import functions as fn
from symgrad.readings.entries import stretch
from symgrad.shapes import unknown
from symgrad.syntax import Node
from symgrad.terms import Term, free_of, mapped, masked
from symgrad.typing_rules import Reading, is_scalar, multiply, negated, squared

if TYPE_CHECKING:
    from symgrad.readings.reader import Reader

# Along which axis a function works that is said to work on rows or columns, on each or on all.
AXES = dict.fromkeys(("row", "rows", "rowwise"), 1) | dict.fromkeys(("col", "cols", "column", "columns", "columnwise"), 0)
# A mean of the rows is down each column; the row mean is of each.
_OF_ALL = {"rows": 0, "columns": 1}


CallRule = Callable[["Reader", Reading, tuple[Term, ...], dict[str, Node], sx.Call], Iterable[Reading]]


def _axis(keywords: dict[str, Node]) -> int | None:
    value = constant_of(keywords["axis"]) if "axis" in keywords else None
    return None if value is None else int(value) % 2


def _call_sum(reader: Reader, r: Reading, terms: tuple[Term, ...], keywords: dict[str, Node], node: sx.Call) -> Iterable[Reading]:
    yield from _summed(r, terms, _axis(keywords))


def _summed(r: Reading, terms: tuple[Term, ...], axis: int | None) -> Iterable[Reading]:
    (x, *_) = terms
    rows = ONE if axis in (None, 0) else x.rows
    cols = ONE if axis in (None, 1) else x.cols
    yield r.with_term(Term("sum", (x,), (axis,), rows, cols, x.free))


def _call_sums_along(axis: int) -> CallRule:
    def rule(reader: Reader, r: Reading, terms: tuple[Term, ...], keywords: dict[str, Node], node: sx.Call) -> Iterable[Reading]:
        x = terms[0]
        yield r.with_term(Term("sum", (x,), (axis,), ONE if axis == 0 else x.rows, ONE if axis == 1 else x.cols, x.free))

    return rule


def _call_vec(reader: Reader, r: Reading, terms: tuple[Term, ...], keywords: dict[str, Node], node: sx.Call) -> Iterable[Reading]:
    x = terms[0]
    yield r.with_term(Term("function", (x,), ("vec",), x.rows * x.cols, ONE))


def _below(node: sx.Call) -> Node | None:
    """What stands at the lower right of the function's name."""
    return node.function.sub if isinstance(node.function, sx.Scripted) else None


def _word_below(node: sx.Call) -> str:
    return word_of_axis(_below(node))


def word_of_axis(below: Node | None) -> str:
    r"""The word in `\mathrm{softmax}_{\text{row-wise}}`, without what parts its letters."""
    text = script_text(below).removeprefix("\\mathrm{").removesuffix("}")
    return "".join(text.replace("-", " ").split())


def _call_rearranged(op: str) -> CallRule:
    """What stands in another shape; a size that is written nowhere is left to what is done with it."""

    def rule(reader: Reader, r: Reading, terms: tuple[Term, ...], keywords: dict[str, Node], node: sx.Call) -> Iterable[Reading]:
        x, sizes = terms[0], reader.sizes(_below(node))
        left_open = tuple(unknown(f"{op}:{axis}:{reader.statement}:{node.span.start}") for axis in ("rows", "cols"))
        if op == "flip":
            axis = {"row": 0, "column": 1}.get(_word_below(node).rstrip("s"), int(r.shapes.is_one(x.rows)))
            yield r.with_term(Term("function", (x,), (op, axis), x.rows, x.cols))
            return
        if op == "roll":
            yield from _rolled(r, x, _below(node))
            return
        if op == "pad":
            yield from _padded(reader, r, x, _below(node), left_open)
            return
        if op in _OF_UNKNOWN_SIZE:
            params: tuple[Any, ...] = left_open[: _OF_UNKNOWN_SIZE[op]]
            yield r.with_term(Term("function", (x,), (op, *params), params[0], params[-1]))
            return
        if op in ("unfold", "fold"):
            counts = [size.number for size in sizes or ()]
            if len(counts) != 2 or None in counts:
                return
            params = tuple(int(count) for count in counts if count is not None)
            if op == "fold":
                yield r.with_term(Term("function", (x,), (op, *params, left_open[0]), left_open[0], r.shapes.resolve(x.cols) / params[0]))
                return
        else:
            params = () if op == "diagonal_sums" else tuple(sizes or ())
        try:
            rows, cols = op_named(op).shape((r.shapes.shape(x.rows, x.cols),), params)
        except (ShapeError, ValueError):
            return
        yield r.with_term(Term("function", (x,), (op, *params), rows, cols))

    return rule


# How many sizes of the result are written nowhere.
_OF_UNKNOWN_SIZE = {"lower": 1, "symmetric": 1, "toeplitz": 2}


def _padded(reader: Reader, r: Reading, x: Term, below: Node | None, sizes: tuple[Dim, ...]) -> Iterable[Reading]:
    """`pad_{rows 2:2:2n, columns 1:3}(X)`: at these places of an axis, zeros at the others."""
    parts = below.items if isinstance(below, sx.Listing) else () if below is None else (below,)
    items = [item for part in parts for item in (part.factors if isinstance(part, sx.Product) else (part,))]
    if not items or len(items) % 2:
        return
    # The innermost comes first when the frames are put around.
    for axis, place in reversed(list(zip(items[::2], items[1::2], strict=True))):
        along = script_text(axis).removeprefix("\\mathrm{").removesuffix("}").rstrip("s")
        taken = stretch(reader, place)
        if along not in ("row", "column") or taken is None:
            return
        number, size = int(along != "row"), sizes[along != "row"]
        shape = (size, x.cols) if along == "row" else (x.rows, size)
        x = Term("function", (x,), ("pad", number, taken[0], taken[2], size), *shape)
    yield r.with_term(x)


def _rolled(r: Reading, x: Term, below: Node | None) -> Iterable[Reading]:
    """`roll_{rows 2}(X)`: the places of an axis moved on, the last ones to the front; a vector has one axis."""
    place: Node | None = below
    axis = int(r.shapes.is_one(x.rows))
    match below:
        case sx.Listing(items=(word, place)) | sx.Product(factors=(word, place), operators=("",)):
            named = {"row": 0, "column": 1}.get(script_text(word).removeprefix("\\mathrm{").removesuffix("}").rstrip("s"))
            if named is None:
                return
            axis = named
    shift = None if place is None else constant_of(place)
    if shift is not None and shift.denominator == 1:
        yield r.with_term(Term("function", (x,), ("roll", axis, int(shift)), x.rows, x.cols))


def _call_scattered(op: str) -> CallRule:
    """Standard deviations and standardised values, with what is added to the variance: `std(X; ε = 1/1000)`."""

    def rule(reader: Reader, r: Reading, terms: tuple[Term, ...], keywords: dict[str, Node], node: sx.Call) -> Iterable[Reading]:
        x = terms[0]
        added = next((keywords[e] for e in ("\\varepsilon", "\\epsilon", "eps") if e in keywords), None)
        eps = Fraction(0) if added is None else constant_of(added)
        operands: tuple[Term, ...] = (x,)
        if eps is None and added is not None:
            found = next((a for a in reader.plain(added, r.shapes) if is_scalar(a.shapes, a.term)), None)
            if found is None:
                return
            r, eps, operands = r.plus(0.0, found.shapes, x), Fraction(0), (x, found.term)
        vector = r.shapes.is_one(x.rows) or r.shapes.is_one(x.cols)
        axis = None if vector else AXES.get(_word_below(node))
        sizes = (x.rows, x.cols)
        if op == "std":
            sizes = (ONE if axis in (None, 0) else x.rows, ONE if axis in (None, 1) else x.cols)
        yield r.with_term(Term("function", operands, (op, axis, eps), *sizes))

    return rule


def _call_mean(reader: Reader, r: Reading, terms: tuple[Term, ...], keywords: dict[str, Node], node: sx.Call) -> Iterable[Reading]:
    below = _word_below(node)
    axis = _OF_ALL.get(below, AXES[below]) if below in AXES else _axis(keywords)
    for summed in _summed(r, terms, axis):
        count = Term("count", (terms[0],), (axis,))
        yield summed.with_term(Term("hadamard", (count, summed.term), (), summed.term.rows, summed.term.cols, summed.term.free))


def _is_of_entries(r: Reading, term: Term, node: sx.Call) -> bool:
    r"""Whether the `A^2` of `\operatorname{tr}(A^2)` was read as the squares of the entries, which nobody takes the trace of."""
    is_power = term.op == "elementwise" and term.params[0] == "power" and not is_scalar(r.shapes, term)
    return is_power and isinstance(node.args[0], sx.Scripted) and isinstance(node.args[0].sup, sx.Number)


def _call_trace(reader: Reader, r: Reading, terms: tuple[Term, ...], keywords: dict[str, Node], node: sx.Call) -> Iterable[Reading]:
    met = None if _is_of_entries(r, terms[0], node) else squared(r.shapes, terms[0])
    if terms[0].op == "elementwise" and terms[0].params[0] == "exp" and not is_scalar(r.shapes, terms[0]):
        # Of the exponentials of entries nobody takes the trace.
        (x,) = terms[0].args
        terms = (Term("function", (x,), ("expm",), x.rows, x.cols),)
    if met is not None:
        yield r.plus(0.0, met, Term("trace", (terms[0],), (), ONE, ONE, terms[0].free))


_OF_ONE_NUMBER = 2.0  # nobody makes a diagonal matrix of a number


def _call_diag(reader: Reader, r: Reading, terms: tuple[Term, ...], keywords: dict[str, Node], node: sx.Call) -> Iterable[Reading]:
    (x,) = terms[:1]
    if r.shapes.is_one(x.cols) or r.shapes.is_one(x.rows):
        size = x.rows if r.shapes.is_one(x.cols) else x.cols
        yield r.plus(_OF_ONE_NUMBER if is_scalar(r.shapes, x) else 0.0, r.shapes, Term("diag", (x,), (), size, size, x.free))
    else:
        met = r.shapes.unify(x.rows, x.cols)
        if met is not None:
            yield r.plus(0.0, met, Term("diagonal", (x,), (), x.rows, ONE, x.free))


def _call_dot(reader: Reader, r: Reading, terms: tuple[Term, ...], keywords: dict[str, Node], node: sx.Call) -> Iterable[Reading]:
    if len(terms) == 2:
        yield from multiply(Reading(0, r.shapes, terms[0]), replace(r, term=terms[1]), "cdot", node.span, False)  # code runs or does not


def _call_outer(reader: Reader, r: Reading, terms: tuple[Term, ...], keywords: dict[str, Node], node: sx.Call) -> Iterable[Reading]:
    if len(terms) == 2:
        yield from multiply(Reading(0, r.shapes, terms[0]), replace(r, term=terms[1]), "otimes", node.span, reader.charity)


def _call_prod(reader: Reader, r: Reading, terms: tuple[Term, ...], keywords: dict[str, Node], node: sx.Call) -> Iterable[Reading]:
    if len(terms) == 1:
        yield r.with_term(_reduced("prod", r, terms[0], node))


def _reduced(op: str, r: Reading, x: Term, node: sx.Call) -> Term:
    """All entries of a term, or those along the axis that stands below the word, as one."""
    axis = None if is_scalar(r.shapes, x) else AXES.get(_word_below(node))
    return Term("function", (x,), (op, axis), ONE if axis in (None, 0) else x.rows, ONE if axis in (None, 1) else x.cols)


def _call_reduced(op: str) -> CallRule:
    def rule(reader: Reader, r: Reading, terms: tuple[Term, ...], keywords: dict[str, Node], node: sx.Call) -> Iterable[Reading]:
        yield r.with_term(_reduced(op, r, terms[0], node))

    return rule


def _call_in_order(op: str) -> CallRule:
    def rule(reader: Reader, r: Reading, terms: tuple[Term, ...], keywords: dict[str, Node], node: sx.Call) -> Iterable[Reading]:
        (x,) = terms[:1]
        if r.shapes.is_one(x.cols):
            yield r.with_term(Term("function", (x,), (op,), x.rows, x.cols if op == "sort" else x.rows))

    return rule


def _call_extremum(op: str) -> CallRule:
    def rule(reader: Reader, r: Reading, terms: tuple[Term, ...], keywords: dict[str, Node], node: sx.Call) -> Iterable[Reading]:
        if len(terms) == 1:
            smallest = op == "minimum"
            found = _reduced("max", r, negated(terms[0]) if smallest else terms[0], node)
            yield r.with_term(negated(found) if smallest else found)
            return
        if len(terms) < 2:
            return
        if len(terms) > 2:
            first, *rest = terms
            for other in rest:  # of several numbers
                if not (is_scalar(r.shapes, first) and is_scalar(r.shapes, other)):
                    return
                first = Term("elementwise", (first, other), (op,), ONE, ONE, free_of(first, other))
            yield r.with_term(first)
            return
        a, b = terms
        zero = [t for t in terms if t.op == "number" and t.params[0] == 0]
        if zero and op == "maximum":
            yield r.with_term(mapped("relu", b if a is zero[0] else a))
            return
        wide = b if is_scalar(r.shapes, a) else a
        yield r.with_term(Term("elementwise", (a, b), (op,), wide.rows, wide.cols, free_of(a, b)))

    return rule


def _call_masked(reader: Reader, r: Reading, terms: tuple[Term, ...], keywords: dict[str, Node], node: sx.Call) -> Iterable[Reading]:
    if len(terms) == 2:
        x, mask = terms
        met = r.shapes.together((x.rows, mask.rows), (x.cols, mask.cols))
        if met is not None:
            yield r.plus(0.0, met, masked(x, mask))


def _call_triangle(op: str) -> CallRule:
    def rule(reader: Reader, r: Reading, terms: tuple[Term, ...], keywords: dict[str, Node], node: sx.Call) -> Iterable[Reading]:
        (x,) = terms[:1]
        yield r.with_term(Term("function", (x,), (op,), x.rows, x.cols, x.free))

    return rule


def _call_extreme_eigenvalue(which: str) -> CallRule:
    """The largest eigenvalue, or the smallest."""

    def rule(reader: Reader, r: Reading, terms: tuple[Term, ...], keywords: dict[str, Node], node: sx.Call) -> Iterable[Reading]:
        met = squared(r.shapes, terms[0])
        if met is None:
            return
        values = Term("function", (terms[0],), ("eigenvalues",), terms[0].rows, ONE)
        found = Term("function", (negated(values) if which == "min" else values,), ("max", None), ONE, ONE)
        yield r.plus(0.0, met, negated(found) if which == "min" else found)

    return rule


def _call_function(op: str) -> CallRule:
    def rule(reader: Reader, r: Reading, terms: tuple[Term, ...], keywords: dict[str, Node], node: sx.Call) -> Iterable[Reading]:
        x = terms[0]
        met = None if _is_of_entries(r, x, node) else squared(r.shapes, x)
        if met is not None:
            shape = {
                "inverse": (x.rows, x.cols), "eigenvectors": (x.rows, x.cols), "eigenvalues": (x.rows, ONE),
                "cholesky": (x.rows, x.cols), "expm": (x.rows, x.cols), "sqrtm": (x.rows, x.cols), "logm": (x.rows, x.cols),
                "vech": (x.rows * (x.rows + 1) / 2, ONE),
            }.get(op, (ONE, ONE))  # fmt: skip
            yield r.plus(0.0, met, Term("function", (x,), (op,), *shape, x.free))

    return rule


def _call_of_singular_values(op: str) -> CallRule:
    def rule(reader: Reader, r: Reading, terms: tuple[Term, ...], keywords: dict[str, Node], node: sx.Call) -> Iterable[Reading]:
        yield r.with_term(Term("function", (terms[0],), (op,)))

    return rule


def _call_cofactors(is_turned: bool) -> CallRule:
    r"""The adjugate, `\det(X) X^{-1}`, and the cofactors, which are it transposed."""

    def rule(reader: Reader, r: Reading, terms: tuple[Term, ...], keywords: dict[str, Node], node: sx.Call) -> Iterable[Reading]:
        x = terms[0]
        met = squared(r.shapes, x)
        if met is not None:
            inverse = Term("function", (x,), ("inverse",), x.rows, x.cols)
            body = Term("transpose", (inverse,), (), x.cols, x.rows) if is_turned else inverse
            yield r.plus(0.0, met, Term("hadamard", (Term("function", (x,), ("det",)), body), (), body.rows, body.cols))

    return rule


def _call_along(op: str) -> CallRule:
    def rule(reader: Reader, r: Reading, terms: tuple[Term, ...], keywords: dict[str, Node], node: sx.Call) -> Iterable[Reading]:
        if len(terms) != 2:
            return
        x, direction = terms
        met = r.shapes.together((x.rows, x.cols), (x.rows, direction.rows), (x.cols, direction.cols))
        if met is not None:
            yield r.plus(0.0, met, Term("function", terms, (op,), x.rows, x.cols))

    return rule


RULES: dict[str, CallRule] = {
    **dict.fromkeys(fn.SUMS, _call_sum),
    **dict.fromkeys(fn.SUMS_OF_ROWS, _call_sums_along(1)),
    **dict.fromkeys(fn.SUMS_OF_COLUMNS, _call_sums_along(0)),
    **dict.fromkeys(fn.COLUMNS_STACKED, _call_vec),
    **dict.fromkeys(fn.MEANS, _call_mean),
    **dict.fromkeys(fn.TRACES, _call_trace),
    **dict.fromkeys(fn.DIAGONALS, _call_diag),
    **dict.fromkeys(fn.PRODUCTS, _call_dot),
    **dict.fromkeys(fn.OUTERS, _call_outer),
    **dict.fromkeys(fn.MAXIMA, _call_extremum("maximum")),
    **dict.fromkeys(fn.PRODUCTS_OF_ENTRIES, _call_prod),
    **dict.fromkeys(fn.MINIMA, _call_extremum("minimum")),
    **dict.fromkeys(fn.LEFT_OUT, _call_masked),
    **{word: _call_function(op) for word, op in (fn.OF_A_MATRIX | fn.OF_A_SYMMETRIC_MATRIX).items()},
    **{word: _call_of_singular_values(op) for word, op in fn.OF_SINGULAR_VALUES.items()},
    **{word: _call_cofactors(is_turned) for word, is_turned in fn.COFACTORS.items()},
    **{word: _call_along(op) for word, op in fn.ALONG_A_MATRIX.items()},
    **{word: _call_extreme_eigenvalue(which) for word, which in fn.EXTREME_EIGENVALUES.items()},
    **{word: _call_rearranged(op) for word, op in fn.REARRANGEMENTS.items()},
    **{word: _call_triangle(op) for word, op in fn.TRIANGLES.items()},
    **{op: _call_rearranged(op) for op in fn.INVERSES.values()},
    **{word: _call_in_order(op) for word, op in fn.ORDERS.items()},
    **dict.fromkeys(fn.MEDIANS, _call_reduced("median")),
    **{word: _call_scattered(op) for word, op in fn.SCATTERS.items()},
}
