"""The functions that people write networks with, each of them one op on SymPy matrix expressions."""

from __future__ import annotations

import builtins
from collections.abc import Callable
from fractions import Fraction
from typing import Any

from symgrad.errors import ShapeError
from symgrad.ops.elementwise import ELEMENTWISE
from symgrad.sympyforms import dim_of, shape_from
from symgrad.sympyops import Product, as_matrix, operation


def _elementwise(name: str) -> Callable[..., Any]:
    record = ELEMENTWISE[name]

    def function(*operands: Any) -> Any:
        return operation(name, operands)

    function.__name__ = name
    function.__doc__ = f"{record.text.template.format('x', 'y') if hasattr(record.text, 'template') else name}, entry by entry."
    return function


relu = _elementwise("relu")
sigmoid = _elementwise("sigmoid")
tanh = _elementwise("tanh")
softplus = _elementwise("softplus")
silu = _elementwise("silu")
gelu = _elementwise("gelu")
erf = _elementwise("erf")
gamma = _elementwise("gamma")
gammaln = _elementwise("gammaln")
exp = _elementwise("exp")
log = _elementwise("log")
log1p = _elementwise("log1p")
sqrt = _elementwise("sqrt")
abs = _elementwise("abs")
sign = _elementwise("sign")
floor = _elementwise("floor")
square = _elementwise("square")
sin = _elementwise("sin")
cos = _elementwise("cos")
sinh = _elementwise("sinh")
cosh = _elementwise("cosh")
arctan = _elementwise("arctan")
arctanh = _elementwise("arctanh")
arcsin = _elementwise("arcsin")
arccos = _elementwise("arccos")
selu = _elementwise("selu")
tan = _elementwise("tan")
hard_tanh = _elementwise("hard_tanh")
hard_sigmoid = _elementwise("hard_sigmoid")
hard_swish = _elementwise("hard_swish")
relu6 = _elementwise("relu6")
softsign = _elementwise("softsign")
log_sigmoid = _elementwise("log_sigmoid")
mish = _elementwise("mish")
step = _elementwise("step")
maximum = _elementwise("maximum")
minimum = _elementwise("minimum")
masked = _elementwise("masked")


def _exact(value: Any) -> Fraction:
    return Fraction(str(value)) if isinstance(value, float) else Fraction(value)


def leaky_relu(x: Any, slope: Any = Fraction(1, 100)) -> Any:
    """x where positive, slope · x elsewhere."""
    return operation("leaky_relu", [x], (_exact(slope),))


def elu(x: Any, alpha: Any = 1) -> Any:
    """x where positive, α (eˣ − 1) elsewhere."""
    return operation("elu", [x], (_exact(alpha),))


def huber(x: Any, delta: Any = 1) -> Any:
    """x²/2 up to δ and δ (|x| − δ/2) beyond, entry by entry."""
    return operation("huber", [x], (_exact(delta),))


def digamma(x: Any) -> Any:
    """The slope of log Γ, entry by entry."""
    return polygamma(x)


def polygamma(x: Any, order: int = 0) -> Any:
    """The slope of log Γ, differentiated so many times more, entry by entry."""
    return operation("polygamma", [x], (Fraction(order),))


def power(x: Any, exponent: Any) -> Any:
    """Every entry to that power."""
    return operation("power", [x], (_exact(exponent),))


def hadamard(*factors: Any) -> Any:
    """The entrywise product, in the order written."""
    return operation("hadamard", factors)


def divide(x: Any, y: Any) -> Any:
    """The entrywise quotient."""
    return operation("divide", [x, y])


def sum(x: Any, axis: int | None = None) -> Any:
    """The sum of all entries (1×1), or along an axis that stays with size 1."""
    return operation("sum", [x], (axis,))


def mean(x: Any, axis: int | None = None) -> Any:
    """The mean of all entries (1×1), or along an axis that stays with size 1."""
    return operation("mean", [x], (axis,))


def max(x: Any, axis: int | None = None) -> Any:
    """The largest of all entries (1×1), or along an axis that stays with size 1."""
    return operation("max", [x], (axis,))


def prod(x: Any, axis: int | None = None) -> Any:
    """The product of all entries (1×1), or along an axis that stays with size 1."""
    return operation("prod", [x], (axis,))


def cumprod(x: Any, axis: int | None = None) -> Any:
    """The products of the first entries of a vector, or along an axis."""
    return operation("cumprod", [x], (_axis(x, axis, "cumprod"),))


def standardize(x: Any, axis: int | None = None, eps: Any = 0) -> Any:
    """(x − mean) / √(variance + ε) over all entries or along an axis: layer norm (`axis=1` for rows) and batch norm (`axis=0`)."""
    return operation("standardize", [x], (axis, _exact(eps)))


def std(x: Any, axis: int | None = None, eps: Any = 0) -> Any:
    """√(variance + ε) over all entries (1×1), or along an axis that stays with size 1."""
    return operation("std", [x], (axis, _exact(eps)))


def squared_norm(x: Any) -> Any:
    """The sum of the squares of all entries (1×1)."""
    return operation("squared_norm", [x])


def norm(x: Any) -> Any:
    """The Euclidean norm of a vector, the Frobenius norm of a matrix (1×1)."""
    return operation("norm", [x])


def softmax(x: Any, axis: int | None = None) -> Any:
    """exp(x) over its sum along the axis; a vector's own axis, or `axis=1` for each row of a matrix."""
    return operation("softmax", [x], (_axis(x, axis, "softmax"),))


def causal_softmax(x: Any) -> Any:
    """The softmax of each row over the entries up to the diagonal; what lies above it is 0."""
    return operation("causal_softmax", [x])


def log_softmax(x: Any, axis: int | None = None) -> Any:
    """The logarithm of the softmax along the axis."""
    return operation("log_softmax", [x], (_axis(x, axis, "log_softmax"),))


def logsumexp(x: Any, axis: int | None = None) -> Any:
    """log Σ exp(x) along the axis, which stays with size 1."""
    return operation("logsumexp", [x], (_axis(x, axis, "logsumexp"),))


def _axis(x: Any, axis: int | None, name: str) -> int:
    if axis is not None:
        return axis
    rows, columns = shape_from(x)
    if columns.is_one:
        return 0
    if rows.is_one:
        return 1
    raise ShapeError(f"{name} of a matrix needs its axis: axis=1 for each row, axis=0 for each column")


def rows(*parts: Any) -> Any:
    """Matrices stacked on top of each other."""
    return operation("concat", parts, (0,))


def columns(*parts: Any) -> Any:
    """Matrices side by side: `[x h]`."""
    return operation("concat", parts, (1,))


def row_slice(x: Any, start: Any, stop: Any, step: int = 1) -> Any:
    """Rows `start` up to but not with `stop`, counted from 0."""
    return operation("slice", [x], (0, dim_of(start), dim_of(stop), step))


def column_slice(x: Any, start: Any, stop: Any, step: int = 1) -> Any:
    """Columns `start` up to but not with `stop`, counted from 0."""
    return operation("slice", [x], (1, dim_of(start), dim_of(stop), step))


def unfold(x: Any, width: int, stride: int = 1) -> Any:
    """The windows of `width` rows, `stride` apart, one a row: what a one-dimensional convolution multiplies (im2col)."""
    return operation("unfold", [x], (width, stride))


def reshape(x: Any, *shape: Any) -> Any:
    """The same entries, row after row, in another shape."""
    return operation("reshape", [x], tuple(map(dim_of, shape)))


def trace(x: Any) -> Any:
    """The sum of the diagonal (1×1)."""
    return operation("trace", [x])


def inv(x: Any) -> Any:
    """The inverse of a square matrix."""
    return operation("inverse", [x])


def det(x: Any) -> Any:
    """The determinant (1×1)."""
    return operation("det", [x])


def logdet(x: Any) -> Any:
    """The logarithm of the determinant (1×1)."""
    return operation("logdet", [x])


def matrix_power(x: Any, exponent: int) -> Any:
    """The product of that many equal matrices; of inverses when the exponent is negative, the identity for 0."""
    if exponent == 0:
        return eye(as_matrix(x).shape[0])
    return Product(*[inv(x) if exponent < 0 else x] * builtins.abs(exponent))


def kron(x: Any, y: Any) -> Any:
    """The Kronecker product: block (i, j) is x_ij y."""
    return operation("kron", [x, y])


def vec(x: Any) -> Any:
    """The columns of a matrix below each other."""
    return operation("vec", [x])


def unvec(x: Any, n: Any, m: Any) -> Any:
    """The n×m matrix whose columns stand below each other in x."""
    return operation("unvec", [x], (dim_of(n), dim_of(m)))


def vech(x: Any) -> Any:
    """The columns of the lower triangle below each other."""
    return operation("vech", [x])


def lower_triangular(x: Any, n: Any) -> Any:
    """The lower triangular n×n matrix with these n (n + 1) / 2 entries, column after column."""
    return operation("lower", [x], (dim_of(n),))


def symmetric(x: Any, n: Any) -> Any:
    """The symmetric n×n matrix with these n (n + 1) / 2 free parameters, its lower triangle column after column."""
    return operation("symmetric", [x], (dim_of(n),))


def toeplitz(x: Any, n: Any, m: Any = None) -> Any:
    """The n×m Toeplitz matrix (square without m) of n + m − 1 free parameters, from its last column's diagonal to its first's."""
    return operation("toeplitz", [x], (dim_of(n), dim_of(n if m is None else m)))


def tri(n: Any, m: Any = None) -> Any:
    """The n×m matrix (square without m) of ones on and below the diagonal, and zeros above."""
    return operation("tri", [], (dim_of(n), dim_of(n if m is None else m)))


def sort(x: Any) -> Any:
    """The entries of a column, the smallest first."""
    return operation("sort", [x])


def median(x: Any, axis: int | None = None) -> Any:
    """The entry in the middle, or half the sum of two, of all (1×1) or along an axis that stays with size 1."""
    return operation("median", [x], (axis,))


def expm(x: Any) -> Any:
    """The exponential of a square matrix."""
    return operation("expm", [x])


def cholesky(x: Any) -> Any:
    """The lower triangular L with L Lᵀ = X, of the symmetric part of a matrix that is positive definite."""
    return operation("cholesky", [x])


def flip(x: Any, axis: int = 0) -> Any:
    """The rows (or, along axis 1, the columns) in the opposite order."""
    return operation("flip", [x], (axis,))


def roll(x: Any, shift: int, axis: int = 0) -> Any:
    """The rows (or, along axis 1, the columns) moved on by so many places, the last ones to the front."""
    return operation("roll", [x], (axis, shift))


def counting(n: Any) -> Any:
    """The column of the numbers from 1 to n."""
    return operation("counting", [], (dim_of(n),))


def tril(x: Any) -> Any:
    """The lower triangle of a matrix, its diagonal included, with zeros above."""
    return operation("tril", [x])


def triu(x: Any) -> Any:
    """The upper triangle of a matrix, its diagonal included, with zeros below."""
    return operation("triu", [x])


def eigenvalues(x: Any) -> Any:
    """The eigenvalues of a symmetric matrix in ascending order, a column."""
    return operation("eigenvalues", [x])


def eigenvectors(x: Any) -> Any:
    """The eigenvectors of a symmetric matrix as columns, in the order of the eigenvalues, each with a positive sum."""
    return operation("eigenvectors", [x])


def nuclear_norm(x: Any) -> Any:
    """The sum of the singular values (1×1); smooth where the matrix has full rank."""
    return operation("nuclear_norm", [x])


def spectral_norm(x: Any) -> Any:
    """The largest singular value (1×1); smooth where no other is as large."""
    return operation("spectral_norm", [x])


def eye(n: Any) -> Any:
    """The identity matrix."""
    return operation("eye", [], (dim_of(n),))


def ones(n: Any, m: Any = 1) -> Any:
    """A matrix of ones."""
    return operation("ones", [], (dim_of(n), dim_of(m)))


def diag(x: Any) -> Any:
    """The diagonal matrix of a vector."""
    return operation("diag", [x])
