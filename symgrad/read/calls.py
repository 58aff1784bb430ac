"""The functions that an expression may call, by the words that NumPy and people have for them.

Functions of every entry come from the records of `symgrad.ops` and the words of `symgrad.read.functions`; the others are here, one
function each, from a call to a typed array. A vector is a column or a row, and sums keep their axes.
"""

from __future__ import annotations

import ast
import difflib
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Protocol

from symgrad.dims import ONE, Dim, show
from symgrad.errors import InvalidExpression, ShapeError, SymgradError, Unsupported
from symgrad.form import Form, apply
from symgrad.ops.elementwise import ELEMENTWISE
from symgrad.ops.window import places
from symgrad.read import functions
from symgrad.read.arrays import Array, Refused, Typing, literal
from symgrad.shapes import Shapes
from symgrad.span import Span

_LARGEST_POWER = 16
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_FRONT = "nctu"
_LARGEST_WINDOW = 1000


class Reading(Protocol):
    """What a function may ask of the expression that it stands in."""

    typing: Typing

    def array(self, node: ast.expr) -> Array: ...
    def size(self, node: ast.expr) -> Dim: ...
    def span(self, node: ast.AST) -> Span: ...


@dataclass(frozen=True)
class Call:
    """A call: its word, its arguments (the object of a method first), and the expression that it stands in."""

    spelled: str
    args: Sequence[ast.expr]
    keywords: Mapping[str, ast.expr]
    span: Span
    reader: Reading

    @property
    def word(self) -> str:
        """What the function is looked up by."""
        return functions.word_of(self.spelled)

    @property
    def typing(self) -> Typing:
        return self.reader.typing

    def refused(self, message: str, node: ast.AST | None = None, kind: type[SymgradError] = InvalidExpression) -> Refused:
        return Refused(kind, message, self.span if node is None else self.reader.span(node))

    def arrays(self, least: int, most: int | None = None, tensors: bool = False) -> list[Array]:
        """Its arguments as arrays; their number is checked, and that they are matrices unless `tensors` may have more axes."""
        most = most or least
        if not least <= len(self.args) <= most:
            wanted = str(least) if least == most else f"{least} to {most}"
            raise self.refused(f"{self.word} takes {wanted} argument{'s' * (most > 1)}, not {len(self.args)}")
        return [self.array(arg, tensors) for arg in self.args]

    def array(self, node: ast.expr, tensors: bool = False) -> Array:
        """An argument as an array, of two axes unless `tensors` says so."""
        array = self.reader.array(node)
        if array.lead and not tensors:
            raise self.refused(f"{self.word} is of a matrix, and this is {self.typing.shown(array)}", node, Unsupported)
        return array

    def axes(self, array: Array, position: int = 1) -> list[int] | None:
        """The axes that are asked for; None for all entries."""
        node = self.keywords.get("axis", self.keywords.get("dim", self.args[position] if len(self.args) > position else None))
        if node is None or (isinstance(node, ast.Constant) and node.value is None):
            return None
        items = node.elts if isinstance(node, (ast.Tuple, ast.List)) and node.elts else [node]
        return sorted({self.place(item, len(array.shape)) for item in items})

    def axis(self, array: Array, position: int = 1) -> int | None:
        """The one axis that is asked for; None for all entries."""
        found = self.axes(array, position)
        if found is not None and len(found) > 1:
            raise self.refused(f"{self.word} is along one axis")
        return None if found is None else found[0]

    def place(self, node: ast.expr, rank: int) -> int:
        """An axis by its number; a negative one counts from the end."""
        value = whole(node)
        if value is None or not -rank <= value < rank:
            numbers = "0 or 1" if rank == 2 else f"from 0 to {rank - 1}"
            raise self.refused(f"an axis is {numbers}, not {ast.unparse(node)}", node)
        return value % rank

    def keeps(self) -> bool:
        """Whether axes that are summed stay with size 1."""
        node = self.keywords.get("keepdims", self.keywords.get("keepdim"))
        return isinstance(node, ast.Constant) and node.value is True

    def exactly(self, value: int | Fraction) -> Array:
        return literal(Fraction(value), self.span)


def whole(node: ast.expr) -> int | None:
    """A whole number that is written out."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        inside = whole(node.operand)
        return None if inside is None else -inside
    return node.value if isinstance(node, ast.Constant) and type(node.value) is int else None


def listed(call: Call, node: ast.expr) -> list[ast.expr]:
    if isinstance(node, (ast.List, ast.Tuple)) and node.elts:
        return list(node.elts)
    raise call.refused(f"{call.word} takes a list of matrices, as in {call.word}([A, B])", node)


# ── sums ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _reduction(op: str) -> Callable[[Call], Array]:
    def reduce(call: Call) -> Array:
        array = call.array(first(call), tensors=True)
        return call.typing.reduced(op, array, call.axes(array), call.keeps(), call.span)

    return reduce


def first(call: Call) -> ast.expr:
    if not call.args:
        raise call.refused(f"{call.word} takes an argument")
    return call.args[0]


def _variance(call: Call) -> Array:
    t, array = call.typing, call.array(first(call), tensors=True)
    axes = call.axes(array)
    centred = t.add([array, t.negative(t.reduced("mean", array, axes, True, call.span), call.span)], call.span)
    return t.reduced("mean", t.elementwise("square", [centred], call.span), axes, call.keeps(), call.span)


def _deviation(call: Call) -> Array:
    return call.typing.elementwise("sqrt", [_variance(call)], call.span)


def _norm(call: Call) -> Array:
    t, array = call.typing, call.array(first(call), tensors=True)
    order = call.keywords.get("ord", call.args[1] if len(call.args) > 1 else None)
    written = None if order is None or (isinstance(order, ast.Constant) and order.value is None) else ast.unparse(order)
    axes = call.axes(array, 2)
    vector = t.is_vector(array) or (axes is not None and len(axes) == 1)
    if written == "1" and vector:
        return t.reduced("sum", t.elementwise("abs", [array], call.span), axes, call.keeps(), call.span)
    if written not in (None, "'fro'") and not (written == "2" and vector):
        raise call.refused(f"symgrad has no norm of order {written} of a {t.shown(array)}; there are 2, 1 (of a vector) and 'fro'", order)
    if axes is not None:
        squares = t.reduced("sum", t.elementwise("square", [array], call.span), axes, call.keeps(), call.span)
        return t.elementwise("sqrt", [squares], call.span)
    made = t.one("norm", array, ONE, ONE, call.span)
    return Array(ONE, ONE, made.make, call.span, made.names, norm_of=array)


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
        return along_axis(call, op, array, axis)

    return along


def along_axis(call: Call, op: str, array: Array, axis: int) -> Array:
    if op == "logsumexp":
        return call.typing.reduced(op, array, [axis], call.keeps(), call.span)
    made = call.typing.one(op, array, array.rows, array.cols, call.span, lambda _: (axis,), array.lead)
    return replace(made, bare=array.bare, ends=array.ends)


# ── matrices ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def _of_a_matrix(op: str, what: str, scalar: bool) -> Callable[[Call], Array]:
    def function(call: Call) -> Array:
        (array,) = call.arrays(1)
        call.typing.square(array, what, call.span)
        if op == "inverse" and call.typing.is_scalar(array):
            return call.typing.over(call.exactly(1), array, call.span)
        shape = (ONE, ONE) if scalar else (array.rows, array.cols)
        return call.typing.one(op, array, *shape, call.span)

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
    return call.typing.matmul(left, right, call.span)


def _inner(call: Call) -> Array:
    left, right = call.arrays(2)
    if not (call.typing.is_vector(left) and call.typing.is_vector(right)):
        raise call.typing.clash(f"{call.word} is of two vectors", call.span, left, right)
    return _dot(call)


def _outer(call: Call) -> Array:
    left, right = call.arrays(2)
    t = call.typing
    if not (t.is_vector(left) and t.is_vector(right)):
        raise t.clash("outer is of two vectors", call.span, left, right)
    row = t.transpose(t.column(right, right.span), right.span)
    return t.matmul(t.column(left, left.span), row, call.span)


def _solve(call: Call) -> Array:
    """A⁻¹ B."""
    left, right = call.arrays(2)
    t = call.typing
    t.square(left, "solve", call.span)
    return t.matmul(t.one("inverse", left, left.rows, left.cols, left.span), right, call.span)


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
    made = call.typing.index_product("ij,kl->ikjl", [left, right], (left.rows, right.rows, left.cols, right.cols), call.span)
    return call.typing.reshaped(made, (left.rows * right.rows, left.cols * right.cols), call.span)


def _vec(call: Call) -> Array:
    """The columns on top of each other."""
    (array,) = call.arrays(1)
    turned = call.typing.transpose(array, call.span)
    return call.typing.reshaped(turned, (array.rows * array.cols, ONE), call.span)


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
    return call.typing.reshaped(array, tuple(known) if len(known) > 1 else (known[0], ONE), call.span)


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
        return call.typing.filled(op, tuple(sizes) if len(sizes) > 1 else (sizes[0], ONE), call.span)

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
        return call.typing.joined(arrays, along, call.span)

    return function


def _einsum(call: Call) -> Array:
    """`einsum("ij,jk->ik", A, B)`; a vector has one letter or two."""
    spec = first(call)
    if not isinstance(spec, ast.Constant) or not isinstance(spec.value, str):
        raise call.refused('einsum begins with its letters in quotes, as in einsum("ij,jk->ik", A, B)', spec)
    left, arrow, out = spec.value.replace(" ", "").partition("->")
    letters = left.split(",")
    arrays = [call.array(arg, tensors=True) for arg in call.args[1:]]
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


# ── windows ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def _option(call: Call, name: str, position: int, axes: int, usual: int, least: int) -> list[int]:
    """A whole number for every axis with windows on it: `stride=2`, `padding=(1, 0)`."""
    node = call.keywords.get(name, call.args[position] if len(call.args) > position else None)
    if node is None or (isinstance(node, ast.Constant) and node.value is None):
        return [usual] * axes
    items = list(node.elts) if isinstance(node, (ast.Tuple, ast.List)) else [node] * axes
    values = [whole(item) for item in items]
    if len(values) != axes or any(value is None or not least <= value <= _LARGEST_WINDOW for value in values):
        raise call.refused(f"{name} is a whole number from {least}{', or one for each axis' if axes > 1 else ''}", node)
    return [value for value in values if value is not None]


def _padding(call: Call, position: int, widths: Sequence[Dim], dilations: Sequence[int]) -> list[int]:
    """The zeros around; "same" where windows of an odd width are to be as many as the entries."""
    node = call.keywords.get("padding", call.args[position] if len(call.args) > position else None)
    if isinstance(node, ast.Constant) and node.value in ("same", "valid"):
        around = [0 if node.value == "valid" or w.number is None else (w.number - 1) * d for w, d in zip(widths, dilations, strict=True)]
        if node.value == "same" and any(w.number is None or n % 2 for w, n in zip(widths, around, strict=True)):
            raise call.refused('padding="same" is for kernels of an odd width that is a number; write the padding as a number', node)
        return [n // 2 for n in around]
    return _option(call, "padding", position, len(widths), 0, 0)


@dataclass(frozen=True)
class _Windows:
    """The windows along an axis, and their form."""

    length: Dim
    width: Dim
    stride: int
    dilation: int
    padding: int

    def many(self, call: Call) -> Dim:
        length, width = (call.typing.shapes.resolve(dim) for dim in (self.length, self.width))
        try:
            return places(length, width, self.stride, self.dilation, self.padding)
        except SymgradError as error:
            raise call.refused(f"{call.word}: {error}", kind=type(error)) from None

    def array(self, call: Call) -> Array:
        many = self.many(call)

        def make(shapes: Shapes) -> Form:
            return apply("window", (), (*shapes.shape(self.length, many, self.width), self.stride, self.dilation, self.padding))

        return Array(many, self.width, make, call.span, lead=(self.length,))


def _convolution(axes: int) -> Callable[[Call], Array]:
    """`conv2d(X, K, bias, stride, padding, dilation)` as PyTorch has it: X is examples × channels × height × width.

    K is channels out × channels in × its own size. X may lack the examples, and both the channels. The kernel is not turned round.
    """

    def function(call: Call) -> Array:
        t = call.typing
        if len(call.args) < 2:
            raise call.refused(f"{call.word} takes what is convolved and a kernel, as in {call.word}(X, K)")
        x, kernel = (call.array(arg, tensors=True) for arg in call.args[:2])
        ranks = len(x.shape), len(kernel.shape)
        flat = axes == 1 and ranks == (2, 2) and t.is_vector(x) and t.is_vector(kernel)
        shapes = {(axes + 2, axes + 2): "ncX,ocK->noP", (axes + 1, axes + 2): "cX,ocK->oP", (axes, axes): "X,K->P"}
        spec = "Xu,Ku->Pu" if flat else shapes.get(ranks)
        if spec is None:
            what = ("length", "height × width")[axes - 1]
            raise t.clash(f"{call.word} is of examples × channels × {what} and a kernel out × in × its own", call.span, x, kernel)
        if flat:
            x, kernel = t.column(x, x.span), t.column(kernel, kernel.span)
        if "o" in spec and t.shapes.unify(x.shape[spec.index("c")], kernel.shape[1]) is None:
            channels = [t.shapes.resolve(dim) for dim in (x.shape[spec.index("c")], kernel.shape[1])]
            raise t.clash(f"{call.word}: {channels[0]} channels do not meet a kernel of {channels[1]}", call.span, x, kernel)
        if "o" in spec:
            t.shapes = t.shapes.unify(x.shape[spec.index("c")], kernel.shape[1]) or t.shapes
        first, behind = spec.index("X"), spec.partition(",")[2].index("K")
        lengths, widths = x.shape[first : first + axes], [t.shapes.resolve(dim) for dim in kernel.shape[behind : behind + axes]]
        strides, dilations = _option(call, "stride", 3, axes, 1, 1), _option(call, "dilation", 5, axes, 1, 1)
        paddings = _padding(call, 4, widths, dilations)
        windows = [_Windows(*each) for each in zip(lengths, widths, strides, dilations, paddings, strict=True)]
        made = _windowed(call, spec, [x, kernel], windows)
        bias = call.keywords.get("bias", call.args[2] if len(call.args) > 2 else None)
        if bias is None or (isinstance(bias, ast.Constant) and bias.value is None):
            return made
        return t.add([made, _for_each_channel(call, bias, kernel.shape[0], axes)], call.span)

    return function


def _for_each_channel(call: Call, node: ast.expr, channels: Dim, axes: int) -> Array:
    """A vector with one entry for every channel that comes out."""
    t, bias = call.typing, call.array(node)
    column = t.column(bias, call.span)
    met = t.shapes.together((column.rows, channels), (column.cols, ONE))
    if met is None:
        raise t.clash(f"{call.word}: the bias is a vector with an entry for each of {t.shapes.resolve(channels)} channels", call.span, bias)
    t.shapes = met
    ones = t.filled("ones", (ONE,) * max(axes, 2), call.span)
    letters = "abc"[: len(ones.shape)]
    return t.index_product(f"oz,{letters}->o{letters[:axes]}", [column, ones], (channels, *(ONE,) * axes), call.span)


def _windowed(call: Call, spec: str, arrays: Sequence[Array], windows: Sequence[_Windows]) -> Array:
    """The product of arrays in which X stands for the axes with windows, K for those of the entries of a window, P for the windows."""
    axes = len(windows)
    spec = spec.replace("X", "hwd"[:axes]).replace("K", "ijk"[:axes]).replace("P", "pqr"[:axes])
    spec = spec.replace("B", "".join(pair for pair in ("pi", "qj", "rk")[:axes]))
    left, _, out = spec.partition("->")
    sizes = {c: dim for array, letters in zip(arrays, left.split(","), strict=True) for c, dim in zip(letters, array.shape, strict=True)}
    made = []
    for whole_axis, many, entry, window in zip("hwd", "pqr", "ijk", windows, strict=False):
        sizes |= {many: window.many(call), entry: window.width}
        made.append((window.array(call), whole_axis + many + entry))
    parts = [(arrays[0], left.split(",")[0]), *made, *zip(arrays[1:], left.split(",")[1:], strict=True)]
    return call.typing.index_product(f"{','.join(s for _, s in parts)}->{out}", [a for a, _ in parts], [sizes[c] for c in out], call.span)


def _pooling(axes: int, op: str) -> Callable[[Call], Array]:
    """`max_pool2d(X, 2)` and `avg_pool2d(X, kernel_size, stride, padding)`: windows along the last axes, by default side by side."""

    def function(call: Call) -> Array:
        t, x = call.typing, call.array(first(call), tensors=True)
        if len(x.shape) < axes or len(x.shape) - axes > len(_FRONT):
            raise call.refused(f"{call.word} of a {t.shown(x)}: it needs {axes} axes at least", call.args[0])
        widths = _option(call, "kernel_size", 1, axes, 0, 1)
        if 0 in widths:
            raise call.refused(f"{call.word} takes the size of its windows, as in {call.word}(X, 2)")
        strides = _option(call, "stride", 2, axes, 0, 1)
        paddings, dilations = _option(call, "padding", 3, axes, 0, 0), _option(call, "dilation", 4, axes, 1, 1)
        if op == "max" and any(paddings):
            raise call.refused("symgrad has no maximum over windows with padding, which is of −∞ there", kind=Unsupported)
        lengths, front = x.shape[len(x.shape) - axes :], _FRONT[: len(x.shape) - axes]
        every = zip(lengths, widths, strides, dilations, paddings, strict=True)
        windows = [_Windows(dim, Dim.of(w), s or w, d, p) for dim, w, s, d, p in every]
        if op == "mean":
            total = _windowed(call, f"{front}X->{front}P", [x], windows)
            return t.over(total, call.exactly(math.prod(widths)), call.span)
        spread = _windowed(call, f"{front}X->{front}B", [x], windows)
        entries = [len(front) + 2 * axis + 1 for axis in range(axes)]
        return t.reduced("max", spread, [axis for axis, w in zip(entries, widths, strict=True) if w > 1] or entries, False, call.span)

    return function


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


def _extreme(op: str) -> Callable[[Call], Array]:
    def function(call: Call) -> Array:
        if call.word in ("max", "amax") and (len(call.args) == 1 or {"axis", "dim"} & set(call.keywords)):
            array = call.array(first(call), tensors=True)
            return call.typing.reduced("max", array, call.axes(array), call.keeps(), call.span)
        if len(call.args) != 2:
            raise call.refused(f"symgrad has {call.word} of two operands, entry by entry, and no {call.word} over the entries of one", None)
        left, right = call.arrays(2, tensors=True)
        for zero, other in ((left, right), (right, left)):
            if op == "maximum" and zero.literal == 0 and other.literal is None:
                return call.typing.elementwise("relu", [other], call.span)
        return call.typing.elementwise(op, [left, right], call.span)

    return function


def _clip(call: Call) -> Array:
    array, low, high = call.arrays(3, tensors=True)
    t = call.typing
    return t.elementwise("minimum", [t.elementwise("maximum", [array, low], call.span), high], call.span)


def _where(call: Call) -> Array:
    """c ⊙ a + (1 − c) ⊙ b, with c 0 or 1."""
    condition, chosen, otherwise = call.arrays(3, tensors=True)
    if not isinstance(call.args[0], ast.Compare):
        raise call.refused("where begins with a comparison, as in where(Z > 0, Z, 0)", call.args[0])
    t = call.typing
    rest = t.add([call.exactly(1), t.negative(condition, call.span)], call.span)
    return t.add([t.times(condition, chosen, call.span), t.times(rest, otherwise, call.span)], call.span)


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
    "sigma": _entrywise("sigmoid", ()),
    "absolute": _entrywise("abs", ()),
    "atan": _entrywise("arctan", ()),
    "heaviside": _heaviside,
    "reciprocal": _reciprocal,
    "negative": _negative,
    "power": _power,
    "pow": _power,
    "clip": _clip,
    "where": _where,
    "copy": _same,
    "asarray": _same,
    "array": _same,
    **{name: _two(name) for name in ("add", "subtract", "multiply", "divide")},
    **dict.fromkeys(functions.MAXIMA, _extreme("maximum")),
    **dict.fromkeys(functions.MINIMA, _extreme("minimum")),
}

_MATRIX_WORDS = {"inverse": "the inverse", "det": "the determinant", "logdet": "the log-determinant"}

CALLS: dict[str, Callable[[Call], Array]] = {
    **_ENTRYWISE,
    **{word: _along(op) for word, op in functions.ALONG_AN_AXIS.items()},
    **{word: _of_a_matrix(op, _MATRIX_WORDS[op], op != "inverse") for word, op in functions.OF_A_MATRIX.items()},
    **dict.fromkeys(functions.SUMS, _reduction("sum")),
    **dict.fromkeys(functions.MEANS, _reduction("mean")),
    **dict.fromkeys(functions.TRACES, lambda call: _of_a_matrix("trace", "the trace", True)(call)),
    **dict.fromkeys(functions.DIAGONALS, _diag),
    "diagflat": _diag,
    "diagonal": _diagonal,
    "matmul": _matmul,
    "dot": _dot,
    "inner": _inner,
    "vdot": _inner,
    **dict.fromkeys(functions.OUTERS, _outer),
    "transpose": _transposed,
    "permute": _transposed,
    "swapaxes": _swapped,
    "amax": _extreme("maximum"),
    "solve": _solve,
    "slogdet": _slogdet,
    "matrixpower": _matrix_power,
    "norm": _norm,
    "var": _variance,
    "std": _deviation,
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
    "conv1d": _convolution(1),
    "conv2d": _convolution(2),
    "maxpool1d": _pooling(1, "max"),
    "maxpool2d": _pooling(2, "max"),
    "avgpool1d": _pooling(1, "mean"),
    "avgpool2d": _pooling(2, "mean"),
}
METHODS = (
    "sum", "mean", "max", "dot", "trace", "diagonal", "reshape", "view", "ravel", "flatten", "transpose", "permute", "swapaxes", "var",
    "std", "copy", "clip",
)  # fmt: skip
"""The functions that an array has as methods."""
SIZED = ("eye", "identity", "ones", "zeros", "reshape", "view")
"""The functions whose arguments, the first of `reshape` aside, are sizes."""


def called(call: Call) -> Array:
    """The array that a call is. Raises `Refused` for a word that is no function."""
    function = CALLS.get(call.word)
    if function is None:
        close = difflib.get_close_matches(call.word, CALLS, n=1)
        raise Refused(Unsupported, f"symgrad has no function {call.spelled}{f'; did you mean {close[0]}?' if close else ''}", call.span)
    odd = [name for name in call.keywords if name not in _KEYWORDS]
    if odd:
        raise call.refused(f"{call.word} has no argument {odd[0]} here", call.keywords[odd[0]])
    return function(call)


_KEYWORDS = frozenset(
    {"axis", "dim", "keepdims", "keepdim", "axes", "stride", "padding", "dilation", "bias", "kernel_size", "ord", "optimize", "dtype"}
)
