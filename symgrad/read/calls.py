"""The functions that an expression may call, by the words that NumPy and people have for them.

Functions of every entry come from the records of `symgrad.ops` and the words of `symgrad.read.functions`; the others are here, one
function each, from a call to a typed array. A vector is a column or a row, and sums keep their axes.
"""

from __future__ import annotations

import ast
import difflib
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from functools import reduce
from itertools import accumulate
from operator import mul

from symgrad.dims import ONE, Dim, show
from symgrad.errors import ShapeError, Unsupported
from symgrad.form import Form, apply
from symgrad.ops.elementwise import ELEMENTWISE
from symgrad.read import choosing, functions, gradients, losses, shaping
from symgrad.read.arrays import RATE, Array, Refused, Typing, sized, squeezed
from symgrad.read.call import Call, first, listed, whole
from symgrad.read.norms import norm, normalized, nuclear_norm
from symgrad.read.special import SPECIAL
from symgrad.read.windows import convolution, convolved, pooling
from symgrad.shapes import Shapes
from symgrad.span import Span

_LARGEST_POWER = 16
_LETTERS = "abcdefghijklmnopqrstuvwxyz"


# ── sums ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _reduction(op: str) -> Callable[[Call], Array]:
    def reduce(call: Call) -> Array:
        chosen = choosing.reduced(op, call, first(call))
        if chosen is not None:
            return chosen
        array = call.array(first(call), tensors=True)
        return call.typing.reduced(op, array, call.axes(array), call.keeps(), call.span)

    return reduce


def _variance(call: Call) -> Array:
    t, array = call.typing, call.array(first(call), tensors=True)
    axes = call.axes(array)
    centred = t.add([array, t.negative(t.reduced("mean", array, axes, True, call.span), call.span)], call.span)
    squares, less = t.elementwise("square", [centred], call.span), _correction(call)
    if not less:
        return t.reduced("mean", squares, axes, call.keeps(), call.span)
    count = reduce(mul, (t.shapes.resolve(dim) for i, dim in enumerate(array.shape) if axes is None or i in axes))
    return t.over(t.reduced("sum", squares, axes, call.keeps(), call.span), sized(count - less, call.span), call.span)


def _correction(call: Call) -> int:
    """What the number of entries is less by: `ddof=1`, `unbiased=True`, `correction=1`; PyTorch's own functions say 1, NumPy 0."""
    for name in ("ddof", "correction", "unbiased"):
        node = call.keywords.get(name)
        if node is not None:
            value = node.value if isinstance(node, ast.Constant) else None
            if value not in (0, 1):
                raise call.refused(f"{name} is 0 or 1", node)
            return int(value == 1)
    return int(call.spelled.startswith("torch."))


def _deviation(call: Call) -> Array:
    return call.typing.elementwise("sqrt", [_variance(call)], call.span)


def _along(op: str) -> Callable[[Call], Array]:
    """A function along an axis: a vector's own; of a matrix each row, of more axes the last, unless an axis is named."""

    def along(call: Call) -> Array:
        t, array = call.typing, call.array(first(call), tensors=True)
        axis = call.axis(array)
        if axis is None and op == "logsumexp" and not t.is_vector(array):
            # As in SciPy: over all entries.
            exps = t.elementwise("exp", [array], call.span)
            return t.elementwise("log", [t.reduced("sum", exps, None, True, call.span)], call.span)
        if axis is None:
            axis = len(array.lead) + (0 if t.is_vector(array) and t.shapes.is_one(array.cols) else 1)
        if op == "softmax" and array.masked is not None and axis == 1:
            return _causal_softmax_of(call, array.masked)
        return along_axis(call, op, array, axis)

    return along


def along_axis(call: Call, op: str, array: Array, axis: int) -> Array:
    if op == "logsumexp":
        return call.typing.reduced(op, array, [axis], call.keeps(), call.span)
    made = call.typing.one(op, array, array.rows, array.cols, call.span, lambda _: (axis,), array.lead)
    return replace(made, bare=array.bare, ends=array.ends)


def _causal_softmax(call: Call) -> Array:
    """The softmax of each row, up to the diagonal."""
    (array,) = call.arrays(1)
    return _causal_softmax_of(call, array)


def _causal_softmax_of(call: Call, array: Array) -> Array:
    call.typing.square(array, "the causal softmax", call.span)
    return call.typing.one("causal_softmax", array, array.rows, array.cols, call.span)


# ── matrices ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def _of_a_matrix(op: str, what: str, scalar: bool) -> Callable[[Call], Array]:
    def function(call: Call) -> Array:
        (array,) = call.arrays(1, tensors=op not in _OF_ONE_MATRIX)
        call.typing.square(array, what, call.span)
        if op == "expm":  # the t of expm(t*A) is a number
            call.typing.blame(RATE, array.scales)
            call.typing.beside_scalars |= array.scales
        if op == "inverse" and call.typing.is_scalar(array):
            return call.typing.over(call.exactly(1), array, call.span)
        if not scalar:
            return call.typing.one(op, array, array.rows, array.cols, call.span, lead=array.lead)
        *lead, rows, cols = (*array.lead, *[ONE] * (2 - len(array.lead)))[: max(2, len(array.lead))]
        return replace(call.typing.one(op, array, rows, cols, call.span, lead=tuple(lead)), flat=len(array.lead) == 1)

    return function


def _slogdet(call: Call) -> Array:
    raise call.refused("slogdet gives two numbers; write slogdet(A)[1], or logdet(A)")


def _transposed(call: Call) -> Array:
    """`transpose(X)`, and the axes in another order: `X.transpose(0, 2, 1)`, `transpose(X, (0, 2, 1))`."""
    array, order = call.array(first(call), tensors=True), list(call.args[1:])
    if "axes" in call.keywords:
        order.append(call.keywords["axes"])
    if len(order) == 1 and isinstance(order[0], (ast.Tuple, ast.List)):
        order = list(order[0].elts)
    if not order:
        return call.typing.transpose(array, call.span)
    rank = len(array.shape)
    places = [call.place(node, rank) for node in order]
    if len(places) == 2 and rank > 2:
        return _exchanged(call, array, *places)  # as PyTorch has it
    if sorted(places) != list(range(rank)):
        raise call.refused(f"the axes of {call.typing.shown(array)} are {', '.join(map(str, range(rank)))}, each once, in another order")
    return call.typing.permuted(array, places, call.span)


def _exchanged(call: Call, array: Array, one: int, other: int) -> Array:
    order = list(range(len(array.shape)))
    order[one], order[other] = other, one
    return call.typing.permuted(array, order, call.span)


def _swapped(call: Call) -> Array:
    """Two axes exchanged: `swapaxes(X, 1, 2)`."""
    if len(call.args) != 3:
        raise call.refused(f"{call.word} takes an array and two axes")
    array = call.array(call.args[0], tensors=True)
    return _exchanged(call, array, *(call.place(node, len(array.shape)) for node in call.args[1:]))


def _dot(call: Call) -> Array:
    """A matrix product; of two columns or two rows their inner product."""
    left, right = call.array(first(call), tensors=True), call.arrays(2, tensors=True)[1]
    t = call.typing
    if right.lead:
        raise call.refused("dot with more than two axes on the right sums over the last but one; write @ or einsum", call.args[1])
    if t.is_scalar(left) or t.is_scalar(right):
        return t.times(left, right, call.span)
    if t.is_vector(left) and t.is_vector(right):
        return t.matmul(t.transpose(t.column(left, left.span), left.span), t.column(right, right.span), call.span)
    return t.matmul(left, right, call.span)


def _matmul(call: Call) -> Array:
    left, right = call.arrays(2, tensors=True)
    t = call.typing
    turned = [isinstance(node, ast.Constant) and node.value is True for node in map(call.keywords.get, ("transpose_a", "transpose_b"))]
    left, right = (_exchanged(call, a, -2, -1) if turn else a for a, turn in zip((left, right), turned, strict=True))
    return t.matmul(left, right, call.span)


def _outer(call: Call) -> Array:
    left, right = call.arrays(2)
    t = call.typing
    if not (t.is_vector(left) and t.is_vector(right)):
        raise t.clash("outer is of two vectors", call.span, left, right)
    row = t.transpose(t.column(right, right.span), right.span)
    return t.matmul(t.column(left, left.span), row, call.span)


def _solve(call: Call) -> Array:
    """A⁻¹ B."""
    left, right = call.arrays(2, tensors=True)
    t = call.typing
    t.square(left, "solve", call.span)
    return t.matmul(t.one("inverse", left, left.rows, left.cols, left.span, lead=left.lead), right, call.span)


def _pseudoinverse(call: Call) -> Array:
    """(Xᵀ X)⁻¹ Xᵀ, of a matrix with independent columns."""
    (array,) = call.arrays(1)
    t = call.typing
    turned = t.transpose(array, call.span)
    gram = t.matmul(turned, array, call.span)
    return t.matmul(t.one("inverse", gram, gram.rows, gram.cols, call.span), turned, call.span)


def _matrix_power(call: Call) -> Array:
    if len(call.args) != 2:
        raise call.refused("matrix_power takes a matrix and a whole number")
    array, exponent = call.reader.array(call.args[0]), whole(call.args[1])
    if exponent is None or abs(exponent) > _LARGEST_POWER:
        raise call.refused(f"the power of a matrix is a whole number from -{_LARGEST_POWER} to {_LARGEST_POWER}", call.args[1])
    t = call.typing
    t.square(array, "a power", call.span)
    if exponent == 0:
        return t.filled("eye", (array.rows, array.rows), call.span)
    base = t.one("inverse", array, array.rows, array.cols, call.span) if exponent < 0 else array
    made = base
    for _ in range(abs(exponent) - 1):
        made = t.matmul(made, base, call.span)
    return made


def _diag(call: Call) -> Array:
    """The diagonal matrix of a vector; of a matrix its diagonal, a column."""
    (array,) = call.arrays(1)
    return _diagonal_matrix(call, array) if call.typing.is_vector(array) else _diagonal_of(call, array)


def _diagonal_matrix(call: Call, array: Array) -> Array:
    vector = call.typing.column(array, array.span)
    return call.typing.one("diag", vector, vector.rows, vector.rows, call.span)


def _diagonal_of(call: Call, array: Array) -> Array:
    call.typing.square(array, "the diagonal", call.span)
    return replace(call.typing.one("diagonal", array, array.rows, ONE, call.span), flat=True)


def _diagonal(call: Call) -> Array:
    (array,) = call.arrays(1)
    return _diagonal_of(call, array)


def _kron(call: Call) -> Array:
    left, right = call.arrays(2)

    def make(shapes: Shapes) -> Form:
        return apply("kron", [squeezed(left.make(shapes)), squeezed(right.make(shapes))])

    return Array(left.rows * right.rows, left.cols * right.cols, make, call.span, left.names | right.names, flat=left.flat and right.flat)


def _vec(call: Call) -> Array:
    """The columns on top of each other."""
    (array,) = call.arrays(1)
    made = call.typing.one("vec", array, array.rows * array.cols, ONE, call.span)
    return replace(made, stacked=array.shape)


def _ravel(call: Call) -> Array:
    """The entries one after the other, as a column."""
    (array,) = call.arrays(1, tensors=True)
    if call.typing.is_vector(array):
        return call.typing.column(array, call.span)
    return replace(call.typing.reshaped(array, (_entries(call, array), ONE), call.span), flat=True)


def _entries(call: Call, array: Array) -> Dim:
    """How many entries there are."""
    total = ONE
    for dim in array.shape:
        total = total * call.typing.shapes.resolve(dim)
    return total


def _reshape(call: Call) -> Array:
    """`reshape(X, (b, t, h, d//h))`; the one size that is written −1 is what the others leave."""
    array = call.array(first(call), tensors=True)
    sizes = list(call.args[1:])
    if len(sizes) == 1 and isinstance(sizes[0], (ast.Tuple, ast.List)):
        sizes = list(sizes[0].elts)
    if not sizes:
        raise call.refused("reshape takes a shape, as in reshape(X, (n, 1))")
    free = [i for i, size in enumerate(sizes) if whole(size) == -1]
    known = [ONE if i in free else call.reader.size(size) for i, size in enumerate(sizes)]
    if len(free) > 1:
        raise call.refused("only one size of a shape can be left open by a -1", call.args[-1])
    if free:
        known[free[0]] = _left_over(call, _entries(call, array), [dim for i, dim in enumerate(known) if i not in free])
    t = call.typing
    if len(known) == 2 and array.flat and any(map(t.shapes.is_one, known)):
        column = t.column(array, call.span)
        return replace(column if t.shapes.is_one(known[1]) else t.transpose(column, call.span), flat=False, upright=True)
    if not free and not array.flat:
        _met(t, array, known)
    return t.reshaped(array, tuple(known) if len(known) > 1 else (known[0], ONE), call.span)


def _met(t: Typing, array: Array, sizes: list[Dim]) -> None:
    """What the new shape tells of the old one: of Q.reshape(n, h, d) that it has n rows, and h·d columns."""
    left, shapes = [t.shapes.resolve(size) for size in sizes], t.shapes
    for axis, dim in enumerate(array.shape):
        if axis == len(array.shape) - 1:
            taken = len(left)
        elif shapes.is_open(dim):
            taken = 1
        else:
            sums = list(accumulate(left, mul))
            taken = next((k + 1 for k, size in enumerate(sums) if size is shapes.resolve(dim)), 1)
        met = shapes.unify(dim, reduce(mul, left[:taken], ONE)) if left else None
        if met is None:
            return
        shapes, left = met, left[taken:]
    t.shapes = shapes if not left else t.shapes


def _left_over(call: Call, total: Dim, others: list[Dim]) -> Dim:
    """The size that makes a product with the others the number of entries."""
    entries = total
    for dim in others:
        quotient = total.over(dim)
        if quotient is None:
            raise call.refused(
                f"{entries} entries are not known to be a multiple of {show(tuple(others))}; write the size out instead of -1",
                call.args[-1],
            )
        total = quotient
    return total


def _filled(op: str) -> Callable[[Call], Array]:
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


def _filled_like(op: str) -> Callable[[Call], Array]:
    def function(call: Call) -> Array:
        (array,) = call.arrays(1, tensors=True)
        return call.typing.filled(op, array.shape, call.span)

    return function


def _eye(call: Call) -> Array:
    if len(call.args) != 1:
        raise call.refused(f"{call.word} takes one size, as in {call.word}(n)")
    size = call.reader.size(call.args[0])
    return call.typing.filled("eye", (size, size), call.span)


def _joined(axis: int | None) -> Callable[[Call], Array]:
    def function(call: Call) -> Array:
        arrays = [call.array(item, tensors=axis is None) for item in listed(call, first(call))]
        along = axis if axis is not None else call.axis(arrays[0]) or 0
        flat = axis is None and all(a.flat or call.typing.is_scalar(a) for a in arrays) and call.typing.shapes.is_one(arrays[0].cols)
        return replace(call.typing.joined(arrays, along, call.span), flat=flat)

    return function


def _spelled_out(left: str, out: str, arrays: list[Array]) -> tuple[str, str]:
    """Letters in the place of an ellipsis: as many as the operand with the most axes has more than its own."""
    letters = left.split(",")
    more = max((len(a.shape) - len(own.replace("...", "")) for own, a in zip(letters, arrays, strict=False) if "..." in own), default=0)
    spare = "".join(c for c in _LETTERS if c not in left)[: max(more, 0)]
    for k, (own, array) in enumerate(zip(letters, arrays, strict=False)):
        missing = len(array.shape) - len(own.replace("...", ""))
        letters[k] = own.replace("...", spare[len(spare) - missing :] if missing > 0 else "")
    return ",".join(letters), out.replace("...", spare)


def _einsum(call: Call) -> Array:
    """`einsum("ij,jk->ik", A, B)`; a vector has one letter or two."""
    spec = first(call)
    if not isinstance(spec, ast.Constant) or not isinstance(spec.value, str):
        raise call.refused('einsum begins with its letters in quotes, as in einsum("ij,jk->ik", A, B)', spec)
    left, arrow, out = spec.value.replace(" ", "").partition("->")
    arrays = [call.array(arg, tensors=True) for arg in call.args[1:]]
    left, out = _spelled_out(left, out, arrays)
    letters = left.split(",")
    if not all(c in _LETTERS for c in left.replace(",", "") + out):
        raise call.refused("the letters of einsum are a to z", spec)
    if len(letters) != len(arrays):
        raise call.refused(f"einsum has letters for {len(letters)} operands, and {len(arrays)} are given")
    if not arrow:
        every = left.replace(",", "")
        out = "".join(sorted(c for c in set(every) if every.count(c) == 1))
    if len(set(out)) != len(out) or not set(out) <= set(left):
        raise call.refused(f"a result with the letters {out!r}: each is an operand's, and there once", spec)
    spare = [c for c in reversed(_LETTERS) if c not in left]
    t = call.typing
    sizes: dict[str, Dim] = {}
    spelled = []
    for own, array in zip(letters, arrays, strict=True):
        if len(own) == 1 and t.is_vector(array):
            own = own + spare.pop() if t.shapes.is_one(array.cols) else spare.pop() + own
        if len(own) != len(array.shape):
            many = "two" if len(array.shape) == 2 else len(array.shape)
            blamed = frozenset((array.bare,)) if array.bare in t.met else frozenset()
            raise Refused(ShapeError, f"einsum gives {own!r} to an operand with {many} axes", call.reader.span(spec), blamed)
        for letter, dim in zip(own, array.shape, strict=True):
            met = t.shapes.unify(sizes.setdefault(letter, dim), dim)
            if met is None:
                known = t.shapes.resolve(sizes[letter])
                raise t.clash(f"the index {letter} of einsum runs over {known} and over {t.shapes.resolve(dim)}", call.span, *arrays)
            t.shapes = met
        spelled.append(own)
    return t.index_product(f"{','.join(spelled)}->{out}", arrays, [sizes[c] for c in out], call.span)


# ── entry by entry ───────────────────────────────────────────────────────────────────────────────────────────────────


def _two(name: str) -> Callable[[Call], Array]:
    def function(call: Call) -> Array:
        left, right = call.arrays(2, tensors=True)
        t = call.typing
        if name == "subtract":
            return t.add([left, t.negative(right, right.span)], call.span)
        return {"add": lambda: t.add([left, right], call.span), "multiply": lambda: t.times(left, right, call.span)}.get(
            name, lambda: t.over(left, right, call.span)
        )()

    return function


_OF_AN_AXIS = ("max", "amax", "reducemax", "min", "amin", "reducemin")


def _extreme(op: str) -> Callable[[Call], Array]:
    def function(call: Call) -> Array:
        t = call.typing
        # X.max(1) and np.max(X, 1) are along an axis; max(x, 1) is Python's, of two numbers.
        of_an_array = (call.is_method or "." in call.spelled) and len(call.args) == 2 and _is_axes(call.args[1])
        along = of_an_array or len(call.args) == 1 or {"axis", "dim"} & set(call.keywords)
        if call.word in _OF_AN_AXIS and along:
            array = call.array(first(call), tensors=True)
            if op == "maximum":
                return t.reduced("max", array, call.axes(array), call.keeps(), call.span)
            return t.negative(t.reduced("max", t.negative(array, call.span), call.axes(array), call.keeps(), call.span), call.span)
        if len(call.args) != 2:
            raise call.refused(f"{call.word} takes two arrays, entry by entry", None)
        left, right = call.arrays(2, tensors=True)
        for zero, other in ((left, right), (right, left)):
            if op == "maximum" and zero.literal == 0 and other.literal is None:
                return t.elementwise("relu", [other], call.span)
        return t.elementwise(op, [left, right], call.span)

    return function


def _is_axes(node: ast.expr) -> bool:
    return whole(node) is not None or isinstance(node, (ast.Tuple, ast.List)) or (isinstance(node, ast.Constant) and node.value is None)


def _clip(call: Call) -> Array:
    """`clip(x, 0, 1)`; one of the bounds may be None or left out."""
    if not 1 <= len(call.args) <= 3:
        raise call.refused(f"{call.word} takes an array and its bounds")
    array, t = call.array(call.args[0], tensors=True), call.typing
    given = dict(enumerate(call.args[1:]))
    for place, (op, names) in enumerate((("maximum", ("min", "a_min")), ("minimum", ("max", "a_max")))):
        node = next((call.keywords[name] for name in names if name in call.keywords), given.get(place))
        if node is None or (isinstance(node, ast.Constant) and node.value is None):
            continue
        bound = call.array(node, tensors=True)
        is_relu = op == "maximum" and bound.literal == 0
        array = t.elementwise("relu", [array], call.span) if is_relu else t.elementwise(op, [array, bound], call.span)
    return array


def _where(call: Call) -> Array:
    """c ⊙ a + (1 − c) ⊙ b, with c 0 or 1."""
    if len(call.args) != 3:
        raise call.refused(f"{call.word} takes three arguments, not {len(call.args)}")
    condition = call.reader.condition(call.args[0])
    if not condition.mask:
        raise call.refused("where begins with a comparison, as in where(Z > 0, Z, 0), or a mask", call.args[0])
    t = call.typing
    infinite = [_is_minus_infinity(node) for node in call.args[1:]]
    branches = [None if out else call.array(node, tensors=True) for node, out in zip(call.args[1:], infinite, strict=True)]
    kept = next((b for b, c in zip(branches, (condition.causal, condition.anticausal), strict=True) if c and b is not None), None)
    other = branches[1] if kept is branches[0] else branches[0]
    if kept is not None and not kept.lead and (other is None or (other.literal is not None and other.literal <= -_LEFT_OUT)):
        return replace(kept, masked=kept, bare=None, span=call.span)
    chosen, otherwise = branches
    if chosen is None or otherwise is None:
        at = call.args[1 + infinite.index(True)]
        raise call.refused("an infinite entry, but for a causal mask below a softmax; write a large number, as in -1e9", at, Unsupported)
    rest = condition.opposite or t.add([call.exactly(1), t.negative(condition, call.span)], call.span)
    return t.add([t.times(condition, chosen, call.span), t.times(rest, otherwise, call.span)], call.span)


# What stands where a softmax takes no part is no larger than this.
_LEFT_OUT = 10**4


def _is_minus_infinity(node: ast.expr) -> bool:
    return ast.unparse(node) in ("-np.inf", "-numpy.inf", "-math.inf", "-inf", "float('-inf')", "-float('inf')", "-torch.inf", "-jnp.inf")


def _log_of_a_sum(call: Call) -> Array:
    """log(exp a + exp b) = a + softplus(b − a)."""
    a, b = call.arrays(2, tensors=True)
    t = call.typing
    if b.literal == 0:
        a, b = b, a
    if a.literal == 0:
        return t.elementwise("softplus", [b], call.span)
    return t.add([a, t.elementwise("softplus", [t.add([b, t.negative(a, a.span)], call.span)], call.span)], call.span)


def _hypot(call: Call) -> Array:
    squares = [call.typing.elementwise("square", [array], call.span) for array in call.arrays(2, tensors=True)]
    return call.typing.elementwise("sqrt", [call.typing.add(squares, call.span)], call.span)


def _log_to(base: int) -> Callable[[Call], Array]:
    """log x / log b."""

    def function(call: Call) -> Array:
        (array,) = call.arrays(1, tensors=True)
        t = call.typing
        below = t.elementwise("log", [call.exactly(base)], call.span)
        return t.over(t.elementwise("log", [array], call.span), below, call.span)

    return function


def _minus_one(call: Call) -> Array:
    (array,) = call.arrays(1, tensors=True)
    t = call.typing
    return t.add([t.elementwise("exp", [array], call.span), call.exactly(-1)], call.span)


def _power_of_two(call: Call) -> Array:
    (array,) = call.arrays(1, tensors=True)
    return powered(call.typing, call.exactly(2), array, call.span)


def powered(t: Typing, base: Array, exponent: Array, span: Span) -> Array:
    """b^x = exp(x log b), of positive b."""
    if base.literal is not None and base.literal <= 0:
        raise Refused(Unsupported, "a power of a number that is not above 0 needs a whole exponent", span)
    return t.elementwise("exp", [t.times(exponent, t.elementwise("log", [base], span), span)], span)


def _eigenvalues(call: Call) -> Array:
    (array,) = call.arrays(1)
    call.typing.square(array, "the eigenvalues", call.span)
    return replace(call.typing.one("eigenvalues", array, array.rows, ONE, call.span), flat=True)


def _power(call: Call) -> Array:
    if len(call.args) != 2:
        raise call.refused("power takes an array and a number")
    return call.reader.array(ast.copy_location(ast.BinOp(call.args[0], ast.Pow(), call.args[1]), call.args[0]))


def _negative(call: Call) -> Array:
    (array,) = call.arrays(1, tensors=True)
    return call.typing.negative(array, call.span)


def _reciprocal(call: Call) -> Array:
    (array,) = call.arrays(1, tensors=True)
    return call.typing.over(call.exactly(1), array, call.span)


def _heaviside(call: Call) -> Array:
    array, *_ = call.arrays(1, 2, tensors=True)
    return call.typing.elementwise("step", [array], call.span)


def _same(call: Call) -> Array:
    return call.array(first(call), tensors=True)


def _with_slope(op: str, usual: Fraction) -> Callable[[Call], Array]:
    """An activation with a number of its own: `leaky_relu(x, 0.1)`."""

    def function(call: Call) -> Array:
        array, *slope = call.arrays(1, 2, tensors=True)
        if slope and slope[0].literal is None:
            raise call.refused(f"the second argument of {call.word} is a number", call.args[1])
        return call.typing.elementwise(op, [array], call.span, (slope[0].literal if slope and slope[0].literal is not None else usual,))

    return function


def _entrywise(op: str, params: tuple[Fraction, ...]) -> Callable[[Call], Array]:
    def function(call: Call) -> Array:
        (array,) = call.arrays(1, tensors=True)
        if op == "power" and params[0] == 2:
            return call.typing.elementwise("square", [array], call.span)
        return call.typing.elementwise(op, [array], call.span, params)

    return function


_ENTRYWISE: dict[str, Callable[[Call], Array]] = {
    **{name.replace("_", ""): _entrywise(name, ()) for name, record in ELEMENTWISE.items() if record.arity == 1 and name != "power"},
    **{word: _entrywise(op, params) for word, (op, params) in functions.ELEMENTWISE_WORDS.items()},
    **{
        word: _with_slope(op, params[0])
        for word, (op, params) in functions.ELEMENTWISE_WORDS.items()
        if params and ELEMENTWISE[op].arity == 1 and op != "power"
    },
    "huber": _with_slope("huber", Fraction(1)),
    "sigma": _entrywise("sigmoid", ()),
    "absolute": _entrywise("abs", ()),
    "atan": _entrywise("arctan", ()),
    "atanh": _entrywise("arctanh", ()),
    "asin": _entrywise("arcsin", ()),
    "acos": _entrywise("arccos", ()),
    "heaviside": _heaviside,
    "reciprocal": _reciprocal,
    "negative": _negative,
    "power": _power,
    "pow": _power,
    "floatpower": _power,
    "clip": _clip,
    "clamp": _clip,
    "logaddexp": _log_of_a_sum,
    "hypot": _hypot,
    "log2": _log_to(2),
    "log10": _log_to(10),
    "exp2": _power_of_two,
    "expm1": _minus_one,
    "where": _where,
    "copy": _same,
    "astype": _same,
    "bool": _same,
    "asarray": _same,
    "array": _same,
    **{name: _two(name) for name in ("add", "subtract", "multiply", "divide")},
    **{short: _two(name) for short, name in (("sub", "subtract"), ("mul", "multiply"), ("div", "divide"))},
    **dict.fromkeys(functions.MAXIMA, _extreme("maximum")),
    **dict.fromkeys(functions.MINIMA, _extreme("minimum")),
}

_MATRIX_WORDS = {
    "inverse": "the inverse",
    "det": "the determinant",
    "logdet": "the log-determinant",
    "cholesky": "the Cholesky factor",
    "expm": "the exponential",
}
_OF_ONE_MATRIX = ("cholesky", "expm")

CALLS: dict[str, Callable[[Call], Array]] = {
    **losses.LOSSES,
    **_ENTRYWISE,
    **SPECIAL,
    **{word: _along(op) for word, op in functions.ALONG_AN_AXIS.items()},
    **{word: _of_a_matrix(op, _MATRIX_WORDS[op], op in ("det", "logdet")) for word, op in functions.OF_A_MATRIX.items()},
    **dict.fromkeys(functions.SUMS, _reduction("sum")),
    **dict.fromkeys(functions.MEANS, _reduction("mean")),
    **dict.fromkeys(functions.PRODUCTS_OF_ENTRIES, _reduction("prod")),
    **dict.fromkeys(functions.TRACES, lambda call: _of_a_matrix("trace", "the trace", True)(call)),
    **dict.fromkeys(functions.DIAGONALS, _diag),
    "diagflat": _diag,
    "diagonal": _diagonal,
    **dict.fromkeys(("matmul", "mm", "mv", "bmm"), _matmul),
    "dot": _dot,
    "inner": shaping.inner,
    "vdot": shaping.vdot,
    "tensordot": shaping.tensordot,
    "multidot": shaping.multiplied,
    **dict.fromkeys(functions.OUTERS, _outer),
    "transpose": _transposed,
    "permute": _transposed,
    "swapaxes": _swapped,
    "amax": _extreme("maximum"),
    "amin": _extreme("minimum"),
    "reducemax": _extreme("maximum"),
    "reducemin": _extreme("minimum"),
    "reducesum": _reduction("sum"),
    "reducemean": _reduction("mean"),
    "reduceprod": _reduction("prod"),
    "reducelogsumexp": _along("logsumexp"),
    "average": lambda call: losses.average(call, _reduction("mean")),
    "pad": shaping.padded,
    "huberloss": lambda call: losses.huber(call, _ENTRYWISE["huber"]),
    "arange": shaping.counted,
    "linspace": shaping.evenly,
    "full": shaping.filled_with,
    "block": shaping.blocks,
    "solve": _solve,
    "grad": gradients.gradient,
    "jacobian": gradients.jacobian,
    "hessian": gradients.hessian,
    "slogdet": _slogdet,
    "matrixexp": lambda call: CALLS["expm"](call),
    "matrixpower": _matrix_power,
    "norm": norm,
    "normalize": normalized,
    "nuclearnorm": nuclear_norm,
    "pinv": _pseudoinverse,
    "convolve": convolved,
    "var": _variance,
    "std": _deviation,
    "eigvalsh": _eigenvalues,
    "eigenvalues": _eigenvalues,
    "causalsoftmax": _causal_softmax,
    "expanddims": shaping.expanded,
    "unsqueeze": shaping.expanded,
    "squeeze": shaping.squeezed,
    "item": shaping.scalar,
    "float": shaping.scalar,
    "moveaxis": shaping.moved,
    "broadcastto": shaping.broadcast_to,
    "tile": shaping.tiled,
    "repeat": shaping.repeated,
    "stack": shaping.stacked,
    "flip": shaping.flipped(None),
    "flipud": shaping.flipped(0),
    "fliplr": shaping.flipped(1),
    "roll": shaping.rolled,
    **dict.fromkeys(("sort", "sorted"), shaping.in_order),
    "median": shaping.median,
    "diff": shaping.difference,
    "tril": shaping.triangle(True),
    "triu": shaping.triangle(False),
    "tri": shaping.triangular_ones,
    "cumsum": shaping.cumulated,
    "cumprod": shaping.multiplied_up,
    "kron": _kron,
    "vec": _vec,
    "ravel": _ravel,
    "flatten": _ravel,
    "reshape": _reshape,
    "view": _reshape,
    "eye": _eye,
    "identity": _eye,
    "ones": _filled("ones"),
    "zeros": _filled("zeros"),
    "oneslike": _filled_like("ones"),
    "zeroslike": _filled_like("zeros"),
    "hstack": _joined(1),
    "vstack": _joined(0),
    "columnstack": _joined(1),
    "concatenate": _joined(None),
    "einsum": _einsum,
    "conv1d": convolution(1),
    "conv2d": convolution(2),
    "maxpool1d": pooling(1, "max"),
    "maxpool2d": pooling(2, "max"),
    "avgpool1d": pooling(1, "mean"),
    "avgpool2d": pooling(2, "mean"),
}
_NOT_HERE = {
    "dropout": "what it drops is drawn at random; multiply by a mask M that is declared as one",
    **dict.fromkeys(("quantile", "percentile"), "the entries it is between depend on how many there are; np.median is there"),
    **dict.fromkeys(("svd", "svdvals"), "norm(A, 'nuc') is the sum of the singular values, and eigvalsh(A.T@A) has their squares"),
    **dict.fromkeys(("argmax", "argmin", "argsort"), "where an entry stands has no slope"),
    **dict.fromkeys(("qr", "eig"), "its factors are known up to signs only; write what is made of them, as in logdet or eigvalsh"),
}
"""Functions that people ask for, and what to write in their place."""
METHODS = (
    "sum", "mean", "max", "prod", "min", "dot", "trace", "diagonal", "reshape", "view", "ravel", "flatten", "transpose", "permute",
    "swapaxes", "var", "std", "copy", "clip", "squeeze", "repeat", "cumsum", "cumprod",
)  # fmt: skip
"""The functions that an array has as methods."""
TENSOR_METHODS = frozenset(
    "abs add astype bool clamp clampmax clampmin cos det diag digamma div exp flip inverse item lgamma log logdet logsumexp logsoftmax "
    "maskedfill matmul mm mul mv norm pow relu roll sigmoid sin softmax sort sqrt square sub tanh tril triu unsqueeze".split()
)
"""What PyTorch has as methods too."""
SIZED = {
    **dict.fromkeys(("arange", "eye", "identity", "full", "ones", "zeros", "tri"), slice(None)),
    **dict.fromkeys(("reshape", "view"), slice(1, None)),
    **dict.fromkeys(("layernorm", "rmsnorm"), slice(1, 2)),
}
"""The functions of which these arguments are sizes."""


def called(call: Call) -> Array:
    """The array that a call is. Raises `Refused` for a word that is no function."""
    function = CALLS.get(call.word)
    if function is None:
        if call.word in _NOT_HERE:
            raise Refused(Unsupported, f"symgrad has no {call.spelled}: {_NOT_HERE[call.word]}", call.span)
        close = difflib.get_close_matches(call.word, CALLS, n=1)
        raise Refused(Unsupported, f"symgrad has no function {call.spelled}{f'; did you mean {close[0]}?' if close else ''}", call.span)
    odd = [name for name in call.keywords if name not in losses.KEYWORDS.get(call.word, _KEYWORDS)]
    if odd:
        raise call.refused(f"{call.word} has no argument {odd[0]} here", call.keywords[odd[0]])
    return function(call)


_KEYWORDS = frozenset(
    {
        "axis",
        "dim",
        "mode",
        "keepdims",
        "keepdim",
        "axes",
        "stride",
        "padding",
        "dilation",
        "bias",
        "kernel_size",
        "ord",
        "optimize",
        "dtype",
        "k",
        "diagonal",
        "n",
        "pad_width",
        "value",
        "constant_values",
        "ddof",
        "correction",
        "unbiased",
        "min",
        "max",
        "a_min",
        "a_max",
        "shift",
        "shifts",
        "dims",
        "create_graph",
        "retain_graph",
        "transpose_a",
        "transpose_b",
    }
)
