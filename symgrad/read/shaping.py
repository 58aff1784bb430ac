"""Arrays that are made of others, or of sizes: filled, counted, repeated, joined, shifted, in order, in triangles, added up."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction
from functools import reduce
from operator import mul

from symgrad.dims import ONE, Dim
from symgrad.errors import Unsupported
from symgrad.form import Form, apply, matrix
from symgrad.read.arrays import Array, Refused, literal, sized
from symgrad.read.call import Call, first, listed, whole
from symgrad.read.typing import Typing
from symgrad.shapes import Shapes
from symgrad.span import Span

_MOST_COPIES = 16
_MOST_NUMBERS = 64


def along(call: Call, array: Array, position: int, usual: int = -1) -> int:
    """The axis that is meant: of a vector of one axis its own, else the one that is named, else the usual one."""
    if array.flat:
        return len(array.shape) - (2 if call.typing.shapes.is_one(array.cols) else 1)
    named = call.axis(array, position)
    return usual % len(array.shape) if named is None else named


def _flat(call: Call, arrays: Sequence[Array]) -> bool:
    """Whether they are vectors of one axis, or scalars among such."""
    return all(a.flat or call.typing.is_scalar(a) for a in arrays)


# ── numbers in order, and blocks ─────────────────────────────────────────────────────────────────────────────────────


def counted(call: Call) -> Array:
    """`arange(n)`: 0, 1, …, n − 1; `arange(1, n + 1)` of a size."""
    if len(call.args) in (1, 2) and whole(call.args[-1]) is None:
        return _up_to(call)
    values = [whole(arg) for arg in call.args]
    if not 1 <= len(values) <= 3 or None in values:
        raise call.refused(f"{call.word} takes whole numbers, as in {call.word}(3)")
    return _numbers(call, [Fraction(i) for i in range(*(value for value in values if value is not None))])


def _up_to(call: Call) -> Array:
    """The numbers up to a size, not with it."""
    t = call.typing
    first = Dim.of(0) if len(call.args) == 1 else Dim.of(n) if (n := whole(call.args[0])) is not None else call.reader.size(call.args[0])
    size = call.reader.size(call.args[-1]) - first
    numbers = Array(size, ONE, lambda shapes: apply("counting", (), shapes.shape(size)), call.span)
    before = first - 1
    if before.number == 0:
        return replace(numbers, flat=True)
    beside = literal(Fraction(before.number), call.span) if before.number is not None else sized(before, call.span)
    return replace(t.add([numbers, beside], call.span), flat=True)


def evenly(call: Call) -> Array:
    """`linspace(0, 1, 5)`."""
    if len(call.args) != 3:
        raise call.refused(f"{call.word} takes where it begins, where it ends, and how many numbers there are")
    start, stop = (call.array(arg).literal for arg in call.args[:2])
    count = whole(call.args[2])
    if start is None or stop is None or count is None or count < 2:
        raise call.refused(f"{call.word} takes numbers")
    return _numbers(call, [start + (stop - start) * i / (count - 1) for i in range(min(count, _MOST_NUMBERS + 1))])


def _numbers(call: Call, values: Sequence[Fraction]) -> Array:
    if not 1 <= len(values) <= _MOST_NUMBERS:
        raise call.refused(f"{call.word} of 1 to {_MOST_NUMBERS} numbers")
    form = matrix([[value] for value in values])
    return Array(Dim.of(len(values)), ONE, lambda _: form, call.span, flat=True)


def filled(op: str) -> Callable[[Call], Array]:
    """`ones((n, d))` and `zeros(n)`, of the sizes that are given."""

    def function(call: Call) -> Array:
        args = list(call.args)
        if len(args) == 1 and isinstance(args[0], (ast.Tuple, ast.List)):
            args = list(args[0].elts)
        if not args:
            raise call.refused(f"{call.word} takes a shape, as in {call.word}((n, 1))")
        sizes = [call.reader.size(arg) for arg in args]
        made = call.typing.filled(op, tuple(sizes) if len(sizes) > 1 else (sizes[0], ONE), call.span)
        return replace(made, flat=len(sizes) == 1)

    return function


def filled_like(op: str) -> Callable[[Call], Array]:
    """Ones or zeros in the shape of an array."""

    def function(call: Call) -> Array:
        (array,) = call.arrays(1, tensors=True)
        return call.typing.filled(op, array.shape, call.span)

    return function


def identity(call: Call) -> Array:
    """`eye(n)`."""
    if len(call.args) != 1:
        raise call.refused(f"{call.word} takes one size, as in {call.word}(n)")
    size = call.reader.size(call.args[0])
    return call.typing.filled("eye", (size, size), call.span)


def filled_with(call: Call) -> Array:
    """`full((n, 1), 2.0)`."""
    if len(call.args) != 2:
        raise call.refused(f"{call.word} takes a shape and a number")
    node = call.args[0]
    sizes = [call.reader.size(size) for size in (node.elts if isinstance(node, (ast.Tuple, ast.List)) else [node])]
    ones = call.typing.filled("ones", tuple(sizes) if len(sizes) > 1 else (sizes[0], ONE), call.span)
    return replace(call.typing.times(call.array(call.args[1]), ones, call.span), flat=len(sizes) == 1)


def joined(axis: int | None) -> Callable[[Call], Array]:
    """Arrays one after the other along an axis; without one, along that which the call names."""

    def function(call: Call) -> Array:
        arrays = [call.array(item, tensors=axis is None) for item in listed(call, first(call))]
        along = axis if axis is not None else call.axis(arrays[0]) or 0
        flat = axis is None and all(a.flat or call.typing.is_scalar(a) for a in arrays) and call.typing.shapes.is_one(arrays[0].cols)
        return replace(call.typing.joined(arrays, along, call.span), flat=flat)

    return function


def blocks(call: Call) -> Array:
    """`block([[A, B], [C, D]])`."""
    rows = [[call.array(item) for item in listed(call, row)] for row in listed(call, first(call))]
    return of_blocks(call.typing, rows, call.span)


def of_blocks(t: Typing, rows: Sequence[Sequence[Array]], span: Span) -> Array:
    """Rows of matrices side by side, on top of each other."""
    joined = [t.joined(row, 1, span) if len(row) > 1 else row[0] for row in rows]
    return t.joined(joined, 0, span) if len(joined) > 1 else joined[0]


# ── repeated, stacked, shifted ───────────────────────────────────────────────────────────────────────────────────────


def broadcast_to(call: Call) -> Array:
    """`broadcast_to(b, (n, d))`."""
    if len(call.args) != 2:
        raise call.refused(f"{call.word} takes an array and a shape")
    array = call.array(call.args[0], tensors=True)
    sizes = [call.reader.size(node) for node in listed(call, call.args[1])]
    shape = tuple(sizes) if len(sizes) > 1 else (sizes[0], ONE)
    return call.typing.times(array, call.typing.filled("ones", shape, call.span), call.span)


def tiled(call: Call) -> Array:
    """`tile(x, (1, 3))`: copies side by side and on top of each other."""
    if len(call.args) != 2:
        raise call.refused(f"{call.word} takes an array and how often it is repeated")
    array = call.array(call.args[0], tensors=True)
    node = call.args[1]
    # tile(x, (n, 1)) is n rows x.
    as_rows = array.flat and isinstance(node, (ast.Tuple, ast.List)) and len(node.elts) == 2 and whole(node.elts[1]) == 1
    array = call.typing.transpose(call.typing.column(array, array.span), array.span) if as_rows else array
    counts = list(node.elts) if isinstance(node, (ast.Tuple, ast.List)) else [node]
    if len(counts) == 1 and array.flat:
        return _copied(call, call.typing.column(array, call.span), 0, counts[0])
    if len(counts) > len(array.shape):
        raise call.refused(f"{call.word}: {len(counts)} counts, and an array of {len(array.shape)} axes", node)
    for axis, count in enumerate(counts, start=len(array.shape) - len(counts)):
        array = _copied(call, array, axis, count)
    return array


def repeated(call: Call) -> Array:
    """`repeat(x, 3, axis=1)` along an axis of size 1."""
    if len(call.args) < 2:
        raise call.refused(f"{call.word} takes an array and how often it is repeated")
    array = call.array(call.args[0], tensors=True)
    axis = call.axis(array, 2)
    if axis is None or not call.typing.shapes.is_one(array.shape[axis]):
        raise call.refused(f"symgrad has {call.word} along an axis of size 1; kron(x, ones((k, 1))) repeats entries", kind=Unsupported)
    return _copied(call, array, axis, call.args[1])


def _copied(call: Call, array: Array, axis: int, node: ast.expr) -> Array:
    """So many copies along an axis; any number along one of size 1, a few along others."""
    t = call.typing
    count = whole(node)
    if count == 1:
        return array
    if t.shapes.is_one(array.shape[axis]):
        shape = list(array.shape)
        shape[axis] = call.reader.size(node)
        return t.times(array, t.filled("ones", tuple(shape), call.span), call.span)
    if count is None or not 1 <= count <= _MOST_COPIES:
        raise call.refused(f"{call.word} takes a whole number of copies, up to {_MOST_COPIES}", node)
    return t.joined([array] * count, axis, call.span)


def stacked(call: Call) -> Array:
    """`stack([x, y])`: a new axis, along which the arrays stand one after the other."""
    arrays = [call.array(item, tensors=True) for item in listed(call, first(call))]
    t = call.typing
    node = call.keywords.get("axis", call.keywords.get("dim", call.args[1] if len(call.args) > 1 else None))
    at = 0 if node is None else whole(node)
    flat = _flat(call, arrays)
    rank = (0 if all(map(t.is_scalar, arrays)) else 1) if flat else len(arrays[0].shape)
    if at is None or not -rank - 1 <= at <= rank:
        raise call.refused(f"{call.word} takes a list of arrays and where the new axis stands")
    at %= rank + 1
    if not flat:
        return t.joined([t.with_axis(a, at, call.span) for a in arrays], at, call.span)
    if rank == 0:
        return replace(t.joined(arrays, 0, call.span), flat=True)
    columns = [t.column(a, call.span) for a in arrays]
    return t.joined(columns, 1, call.span) if at == 1 else t.joined([t.transpose(c, call.span) for c in columns], 0, call.span)


def rolled(call: Call) -> Array:
    """`roll(x, 1)`: the last entry comes to the front; of a matrix along axes, or of its entries row after row."""
    by = call.keywords.get("shift", call.keywords.get("shifts", call.args[1] if len(call.args) > 1 else None))
    if by is None:
        raise call.refused(f"{call.word} takes an array and by how many places")
    array, t = call.array(first(call), tensors=True), call.typing
    along_axes = call.keywords.get(
        "axis", call.keywords.get("dims", call.keywords.get("dim", call.args[2] if len(call.args) > 2 else None))
    )
    shifts = [_places(call, node) for node in (by.elts if isinstance(by, (ast.Tuple, ast.List)) else [by])]
    if array.flat:
        return t.rolled(array, along(call, array, 2), sum(shifts), call.span)
    if along_axes is None or (isinstance(along_axes, ast.Constant) and along_axes.value is None):
        entries = t.reshaped(array, (reduce(mul, map(t.shapes.resolve, array.shape)), ONE), call.span)
        return t.reshaped(t.rolled(entries, 0, sum(shifts), call.span), array.shape, call.span)
    axes = [call.place(n, len(array.shape)) for n in (along_axes.elts if isinstance(along_axes, (ast.Tuple, ast.List)) else [along_axes])]
    shifts = shifts * len(axes) if len(shifts) == 1 else shifts
    if len(axes) != len(shifts):
        raise call.refused(f"{call.word} has {len(shifts)} shifts, and {len(axes)} axes", along_axes)
    for axis, shift in zip(axes, shifts, strict=True):
        array = t.rolled(array, axis, shift, call.span)
    return array


def _places(call: Call, node: ast.expr) -> int:
    shift = whole(node)
    if shift is None:
        raise call.refused(f"{call.word} moves by a whole number of places", node, Unsupported)
    return shift


def padded(call: Call) -> Array:
    """`np.pad(X, ((1, 1), (0, 0)))`, `np.pad(x, 1)`: zeros around; `F.pad(X, (1, 1))` counts from the last axis."""
    array, t = call.array(first(call), tensors=True), call.typing
    node = call.keywords.get("pad_width", call.args[1] if len(call.args) > 1 else None)
    mode = call.keywords.get("mode", call.args[2] if len(call.args) > 2 else ast.Constant("constant"))
    filled = [call.keywords[name] for name in ("value", "constant_values") if name in call.keywords]
    if node is None or not isinstance(mode, ast.Constant) or mode.value != "constant" or any(whole(v) != 0 for v in filled):
        raise call.refused(f"symgrad has {call.word} with zeros around, as in {call.word}(x, 1)", kind=Unsupported)
    axes = [len(array.shape) - (2 if t.shapes.is_one(array.cols) else 1)] if array.flat else list(range(len(array.shape)))
    widths = _widths(call, node, axes)
    for axis, (before, behind) in widths.items():
        if before or behind:
            array = t.padded(array, axis, before, behind, call.span)
    return array


def _widths(call: Call, node: ast.expr, axes: list[int]) -> dict[int, tuple[int, int]]:
    """How many zeros stand before and behind along each axis."""
    items = list(node.elts) if isinstance(node, (ast.Tuple, ast.List)) else [node]
    pairs = [list(item.elts) if isinstance(item, (ast.Tuple, ast.List)) else [item] for item in items]
    counts = [[whole(count) for count in pair] for pair in pairs]
    if any(count is None or count < 0 for pair in counts for count in pair) or any(len(pair) not in (1, 2) for pair in counts):
        raise call.refused(f"{call.word} takes whole numbers of zeros", node)
    if call.spelled.startswith(("F.", "torch.", "nn.")):
        flat = [count or 0 for pair in counts for count in pair]
        last = axes[::-1][: len(flat) // 2]
        return {axis: (flat[2 * k], flat[2 * k + 1]) for k, axis in enumerate(last)}
    both = [((pair[0] or 0), (pair[-1] or 0)) for pair in counts]
    if all(len(pair) == 1 for pair in counts) and len(counts) == 2:
        both = [(both[0][0], both[1][0])]  # np.pad(x, (1, 2)): the same along each axis
    if len(both) not in (1, len(axes)):
        raise call.refused(f"{call.word} of {len(axes)} axes takes a pair for each", node)
    return dict(zip(axes, both * len(axes) if len(both) == 1 else both, strict=False))


def flipped(axis: int | None) -> Callable[[Call], Array]:
    """`flip(x)`, `flip(X, axis=1)`, `flipud(X)`: along an axis, or along each."""

    def function(call: Call) -> Array:
        array = call.array(first(call), tensors=True)
        if axis is not None:
            axes = [axis]
        elif array.flat or call.axis(array, 1) is not None:
            axes = [along(call, array, 1)]
        else:
            axes = list(range(len(array.shape)))
        if max(axes) >= len(array.shape):
            raise call.refused(f"{call.word} of an array with too few axes")
        for one in axes:
            array = call.typing.flipped(array, one, call.span)
        return array

    return function


def in_order(call: Call) -> Array:
    """`sort(x)`: the entries of a vector, the smallest first."""
    array, t = call.array(first(call), tensors=True), call.typing
    if not t.is_vector(array):
        said = f"symgrad sorts vectors, and this is {t.shown(array)}; all of its entries are {call.word}(X.ravel())"
        raise Refused(Unsupported, said, call.span, array.names)
    is_row = t.shapes.is_one(array.rows) and not t.shapes.is_one(array.cols)
    column = t.column(array, call.span)
    made = t.one("sort", column, column.rows, ONE, call.span)
    return replace(t.transpose(made, call.span) if is_row else made, flat=array.flat)


def median(call: Call) -> Array:
    """The entry in the middle, or half the sum of the two that are there."""
    if call.spelled.startswith("torch."):
        raise call.refused("torch.median is the lower of the two in the middle; np.median is half their sum", kind=Unsupported)
    array = call.array(first(call), tensors=True)
    axes = call.axes(array)
    if axes is not None and 1 < len(axes) < len(array.shape):
        raise call.refused(f"{call.word} is along one axis, or of all entries", kind=Unsupported)
    return call.typing.reduced("median", array, axes, call.keeps(), call.span)


def gated(call: Call) -> Array:
    """`F.glu(x)`: the first half, by the logistic function of the second."""
    array = call.array(first(call), tensors=True)
    axis = along(call, array, 1)
    length = call.typing.shapes.resolve(array.shape[axis])
    if length.number is not None and length.number % 2:
        raise call.refused(f"{call.word} is of an even number of entries", kind=Unsupported)
    value, gate = _part(call, array, axis, Dim.of(0), length / 2), _part(call, array, axis, length / 2, length)
    gate = call.typing.elementwise("sigmoid", [gate], call.span)
    return replace(call.typing.times(value, gate, call.span), flat=array.flat)


def difference(call: Call) -> Array:
    """`diff(x)`: each entry less the one before it; `diff(x, n=2)`: the differences of these."""
    node = call.keywords.get("n", call.args[1] if len(call.args) > 1 else None)
    times = 1 if node is None else whole(node)
    if times is None or not 0 <= times <= _MOST_COPIES:
        raise call.refused(f"{call.word} is taken a whole number of times, up to {_MOST_COPIES}", node)
    array = call.array(first(call), tensors=True)
    flat, axis = array.flat, along(call, array, 2)
    for _ in range(times):
        length = call.typing.shapes.resolve(array.shape[axis])
        later, earlier = _part(call, array, axis, Dim.of(1), length), _part(call, array, axis, Dim.of(0), length - 1)
        array = replace(call.typing.add([later, call.typing.negative(earlier, call.span)], call.span), flat=flat)
    return array


def _part(call: Call, array: Array, axis: int, start: Dim, stop: Dim) -> Array:
    return call.typing.sliced(array, axis, start, stop, 1, call.span)


# ── triangles ────────────────────────────────────────────────────────────────────────────────────────────────────────


def triangle(lower: bool) -> Callable[[Call], Array]:
    """`tril(A)`, `triu(A, 1)`: the diagonal counts, or not."""

    def function(call: Call) -> Array:
        t, array = call.typing, call.array(first(call))
        node = call.keywords.get("k", call.keywords.get("diagonal", call.args[1] if len(call.args) > 1 else None))
        offset = 0 if node is None else whole(node)
        strict = -1 if lower else 1
        if offset not in (0, strict):
            raise call.refused(f"symgrad has {call.word} with its diagonal, or with k={strict} without it", node, Unsupported)
        if not offset:
            made = _like(call, "tril" if lower else "triu", array)
            return replace(made, mask=array.mask, causal=lower and array.mask)
        other = t.negative(_like(call, "triu" if lower else "tril", array), call.span)
        made = t.add([array, other], call.span)
        return replace(made, mask=array.mask, anticausal=not lower and array.mask)

    return function


def _like(call: Call, op: str, array: Array) -> Array:
    return call.typing.one(op, array, array.rows, array.cols, call.span)


def triangular_ones(call: Call) -> Array:
    """`tri(n, m)`."""
    sizes = [call.reader.size(arg) for arg in call.args[:2]]
    if not sizes:
        raise call.refused(f"{call.word} takes a size, as in {call.word}(n)")
    return _tri(call, sizes[0], sizes[-1])


def _tri(call: Call, rows: Dim, cols: Dim) -> Array:
    def make(shapes: Shapes) -> Form:
        return apply("tri", (), shapes.shape(rows, cols))

    return Array(rows, cols, make, call.span, mask=True, causal=True)


def cumulated(call: Call) -> Array:
    """`cumsum(x)`: the sums of the first entries, a product with a triangle of ones."""
    array, axis = _counting_along(call)
    t = call.typing
    size = array.shape[axis]
    ones = _tri(call, size, size)
    made = t.matmul(ones, array, call.span) if axis == 0 else t.matmul(array, t.transpose(ones, call.span), call.span)
    return replace(made, flat=array.flat)


def multiplied_up(call: Call) -> Array:
    """`cumprod(x)`: the products of the first entries."""
    array, axis = _counting_along(call)
    return replace(call.typing.one("cumprod", array, array.rows, array.cols, call.span, lambda _: (axis,)), flat=array.flat)


def _counting_along(call: Call) -> tuple[Array, int]:
    """What is counted together and the axis along which; a vector has one."""
    array = call.array(first(call))
    t = call.typing
    if not array.flat and call.axis(array) is None and not t.is_vector(array):
        raise call.refused(f"{call.word} of a matrix is along an axis; write axis=0 or axis=1")
    return array, along(call, array, 1, 0 if t.shapes.is_one(array.cols) else 1)
