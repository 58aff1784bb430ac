"""Functions of matrices: products, powers, inverses, diagonals, determinants, eigenvalues."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import replace

from symgrad.dims import ONE
from symgrad.form import Form, apply
from symgrad.read.arrays import Array, squeezed
from symgrad.read.axes import exchanged
from symgrad.read.call import Call, first, listed, whole
from symgrad.read.sizes import RATE
from symgrad.shapes import Shapes

_LARGEST_POWER = 16
_OF_ONE_MATRIX = ("cholesky", "expm", "sqrtm", "logm")


def of_a_matrix(op: str, what: str, scalar: bool) -> Callable[[Call], Array]:
    """A function of a square matrix, which is a scalar or a matrix of its size; `what` is how a message calls it."""

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


def slogdet(call: Call) -> Array:
    """No array: its second part is taken where it stands."""
    raise call.refused("slogdet gives two numbers; write slogdet(A)[1], or logdet(A)")


def dot(call: Call) -> Array:
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


def product(call: Call) -> Array:
    """`matmul(A, B)`; TensorFlow's may transpose either."""
    left, right = call.arrays(2, tensors=True)
    t = call.typing
    turned = [isinstance(node, ast.Constant) and node.value is True for node in map(call.keywords.get, ("transpose_a", "transpose_b"))]
    left, right = (exchanged(call, a, -2, -1) if turn else a for a, turn in zip((left, right), turned, strict=True))
    return t.matmul(left, right, call.span)


def multiplied(call: Call) -> Array:
    """`multi_dot([A, B, C])`."""
    made, *rest = [call.array(item) for item in listed(call, first(call))]
    for array in rest:
        made = call.typing.matmul(made, array, call.span)
    return made


def outer(call: Call) -> Array:
    """x yᵀ of two vectors."""
    left, right = call.arrays(2)
    t = call.typing
    if not (t.is_vector(left) and t.is_vector(right)):
        raise t.clash("outer is of two vectors", call.span, left, right)
    row = t.transpose(t.column(right, right.span), right.span)
    return t.matmul(t.column(left, left.span), row, call.span)


def solved(call: Call) -> Array:
    """A⁻¹ B."""
    left, right = call.arrays(2, tensors=True)
    t = call.typing
    t.square(left, "solve", call.span)
    return t.matmul(t.one("inverse", left, left.rows, left.cols, left.span, lead=left.lead), right, call.span)


def pseudoinverse(call: Call) -> Array:
    """(Xᵀ X)⁻¹ Xᵀ, of a matrix with independent columns."""
    (array,) = call.arrays(1)
    t = call.typing
    turned = t.transpose(array, call.span)
    gram = t.matmul(turned, array, call.span)
    return t.matmul(t.one("inverse", gram, gram.rows, gram.cols, call.span), turned, call.span)


def power(call: Call) -> Array:
    """A product of a matrix with itself, or of its inverse."""
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


def diagonal_or_its_matrix(call: Call) -> Array:
    """The diagonal matrix of a vector; of a matrix its diagonal, a column."""
    (array,) = call.arrays(1)
    return _diagonal_matrix(call, array) if call.typing.is_vector(array) else _diagonal_of(call, array)


def _diagonal_matrix(call: Call, array: Array) -> Array:
    vector = call.typing.column(array, array.span)
    return call.typing.one("diag", vector, vector.rows, vector.rows, call.span)


def _diagonal_of(call: Call, array: Array) -> Array:
    call.typing.square(array, "the diagonal", call.span)
    return replace(call.typing.one("diagonal", array, array.rows, ONE, call.span), flat=True)


def diagonal(call: Call) -> Array:
    """The diagonal of a matrix, a column."""
    (array,) = call.arrays(1)
    return _diagonal_of(call, array)


def kronecker(call: Call) -> Array:
    """A ⊗ B."""
    left, right = call.arrays(2)

    def make(shapes: Shapes) -> Form:
        return apply("kron", [squeezed(left.make(shapes)), squeezed(right.make(shapes))])

    return Array(left.rows * right.rows, left.cols * right.cols, make, call.span, left.names | right.names, flat=left.flat and right.flat)


def eigenvalues(call: Call) -> Array:
    """Those of a symmetric matrix, as a column."""
    (array,) = call.arrays(1)
    call.typing.square(array, "the eigenvalues", call.span)
    return replace(call.typing.one("eigenvalues", array, array.rows, ONE, call.span), flat=True)
