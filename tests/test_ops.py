"""Every op of the catalogue keeps its obligations; the table has an independent NumPy reference for each.

The suite walks the catalogue, so an op without a row fails.
"""

import math
import re
from dataclasses import dataclass
from fractions import Fraction
from statistics import NormalDist

import numpy as np
import pytest
import sympy
from evaluating import close, differences, dims, function, lengths

from symgrad.dims import Dim
from symgrad.errors import ShapeError, Unsupported
from symgrad.form import apply, number, symbol
from symgrad.lowering import lower
from symgrad.ops import ELEMENTWISE, FUNCTIONS, OPS
from symgrad.reverse import pullback, pushforward
from symgrad.tensor import Func, Map, add, constant, contract, topological, var, variables
from symgrad.typeset import latex, text

# ── the table ────────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Row:
    """An op at operands of these shapes (letters as in `evaluating.SIZES`) with these parameters.

    `reference` is a function of the operands' arrays; operands are drawn from `domain`.
    """

    op: str
    shapes: tuple
    reference: object
    params: tuple = ()
    domain: str = "real"

    @property
    def symbols(self):
        return [symbol(name, shape) for name, shape in zip("ABCDE", self.shapes, strict=False)]

    @property
    def form(self):
        return apply(self.op, self.symbols, self.params)

    @property
    def variables(self):
        return [var(s.name, s.shape) for s in self.symbols]

    @property
    def node(self):
        return lower(self.form)


def row(op, shapes, reference, params=(), domain="real"):
    return Row(op, tuple(dims(s) if isinstance(s, str) else s for s in shapes), reference, params, domain)


def mapped(op, reference, params=(), domain="real", shapes=("n m",)):
    """A row of an elementwise op."""
    return row(op, shapes, reference, params, domain)


def softmax(x, axis):
    e = np.exp(x)
    return e / e.sum(axis, keepdims=True)


def folded(g, width, stride, positions):
    channels = g.shape[1] // width
    out = np.zeros((positions, channels))
    for i, window in enumerate(g):
        out[i * stride : i * stride + width] += window.reshape(width, channels)
    return out


def unfolded(x, width, stride):
    return np.array([x[i : i + width].ravel() for i in range(0, len(x) - width + 1, stride)])


def placed(g, axis, start, step, size):
    out = np.zeros(tuple(size if i == axis else length for i, length in enumerate(g.shape)))
    np.moveaxis(out, axis, 0)[start : start + step * g.shape[axis] : step] = np.moveaxis(g, axis, 0)
    return out


def triangle(v):
    """The lower triangle of 3×3, column after column."""
    a, b, c, d, e, f = v
    return np.array([[a, 0, 0], [b, d, 0], [c, e, f]])


def eigenvectors(a):
    values, vectors = np.linalg.eig((a + a.T) / 2)
    vectors = vectors[:, np.argsort(values)].real
    return vectors * np.sign(vectors.sum(0))


def leading(a):
    """Of the largest eigenvalue of A Aᵀ: u uᵀ A over the singular value."""
    values, vectors = np.linalg.eigh(a @ a.T)
    return vectors[:, -1:] @ vectors[:, -1:].T @ a / np.sqrt(values[-1])


def root(a):
    values, vectors = np.linalg.eigh(a)
    return vectors @ np.diag(np.sqrt(values)) @ vectors.T


def scattered(a, axis):
    """Standardised along the axis, and the standard deviation, with 0.1 added to the variance."""
    mean = a.mean(axis, keepdims=True)
    deviation = np.sqrt((a * a).mean(axis, keepdims=True) - mean**2 + 0.1)
    return (a - mean) / deviation, deviation


def slope_of_mish(x):
    """The quotient form of Misra (2019), section 2."""
    e = np.exp(x)
    return e * (4 * (x + 1) + 4 * e**2 + e**3 + e * (4 * x + 6)) / (2 * e + e**2 + 2) ** 2


def exponential(a):
    """The series."""
    return sum(np.linalg.matrix_power(a, i) / math.factorial(i) for i in range(40))


def moved_exponential(a, e):
    powers = [np.linalg.matrix_power(a, i) for i in range(40)]
    return sum(powers[i] @ e @ powers[j] / math.factorial(i + j + 1) for i in range(20) for j in range(20))


def of_eigenvalues(function):
    def made(a):
        values, vectors = np.linalg.eig(a.astype(complex))
        return (vectors * function(values) @ np.linalg.inv(vectors)).real

    return made


def moved_eigenvalues(function, slope):
    """By the differences of the function between eigenvalues."""

    def made(a, e):
        values, vectors = np.linalg.eig(a.astype(complex))
        gaps = values[:, None] - values + np.eye(len(a))
        divided = (function(values)[:, None] - function(values)) / gaps + np.diag(slope(values))
        back = np.linalg.inv(vectors)
        return (vectors @ (divided * (back @ e @ vectors)) @ back).real

    return made


def logistic(x):
    return (1 + np.tanh(x / 2)) / 2


normal = NormalDist()
gamma, loggamma = (np.vectorize(lambda x, f=f: float(f(x))) for f in (sympy.gamma, sympy.loggamma))
polygamma = np.vectorize(lambda n, x: float(sympy.polygamma(n, x)))
erf, cdf, pdf = np.vectorize(math.erf), np.vectorize(normal.cdf), np.vectorize(normal.pdf)
n, m, k, d, p = dims("n m k d p")
ZERO, ONE, TWO = Dim.of(0), Dim.of(1), Dim.of(2)
TENTH, HALF = Fraction(1, 10), Fraction(1, 2)
WINDOWS = (p - 3) / 2 + 1

ROWS = (
    row("add", ["n m", "n m"], lambda a, b: a + b),
    row("add", ["n m", "1 m", "n 1", ""], lambda a, b, c, d: a + b + c + d),
    row("scale", ["", "n m"], lambda a, b: a * b),
    row("scale", ["1 1", "", "n m"], lambda a, b, c: a * b * c),
    row("matmul", ["n m", "m k"], lambda a, b: a @ b),
    row("matmul", ["n m", "m k", "k 1"], lambda a, b, c: a @ b @ c),
    row("matmul", ["1 m", "m k", "k d"], lambda a, b, c: a @ b @ c),
    row("hadamard", ["n m", "n m", "n m"], lambda a, b, c: a * b * c),
    row("hadamard", ["n m", "n 1"], lambda a, b: a * b),
    row("divide", ["n m", "n m"], lambda a, b: a / b, domain="positive"),
    row("divide", ["n m", ""], lambda a, b: a / b, domain="positive"),
    row("broadcast", ["1 m"], lambda a: np.stack([np.repeat(a, 3, 0)] * 5), (k, n, m)),
    row("broadcast", ["n 1"], lambda a: np.repeat(a, 4, 1), (n, m)),
    row("transpose", ["n m"], lambda a: a.T),
    row("trace", ["n n"], np.trace),
    row("diag", ["n 1"], lambda a: np.diag(a[:, 0])),
    row("diag", ["1 n"], lambda a: np.diag(a[0])),
    row("diagonal", ["n n"], lambda a: np.diag(a)[:, None]),
    row("ones", [], lambda: np.ones((3, 4)), (n, m)),
    row("zeros", [], lambda: np.zeros((3, 4)), (n, m)),
    row("eye", [], lambda: np.identity(3), (n,)),
    row("commutation", [], lambda: np.array([[int((a // 4, a % 4) == (b % 3, b // 3)) for b in range(12)] for a in range(12)]), (n, m)),
    row("pi", [], lambda: np.array(math.pi)),
    row("sum", ["n m"], lambda a: a.sum(), (None,)),
    row("sum", ["n m"], lambda a: a.sum(0, keepdims=True), (0,)),
    row("sum", ["n m"], lambda a: a.sum(1, keepdims=True), (1,)),
    row("mean", ["n m"], lambda a: a.sum() / 12, (None,)),
    row("mean", ["n m"], lambda a: a.sum(0, keepdims=True) / 3, (0,)),
    row("mean", ["n m"], lambda a: a.sum(1, keepdims=True) / 4, (1,)),
    row("sum", ["n m k"], lambda a: a.sum(1, keepdims=True), (1,)),
    row("sum", ["n m k"], lambda a: a.sum(2, keepdims=True), (2,)),
    row("mean", ["n m k"], lambda a: a.sum(0, keepdims=True) / 3, (0,)),
    row("squared_norm", ["n m k"], lambda a: (a * a).sum()),
    row("squared_norm", ["n m"], lambda a: (a * a).sum()),
    row("norm", ["n m"], lambda a: math.sqrt((a * a).sum())),
    row("norm", ["n 1"], lambda a: math.hypot(*a[:, 0])),
    row("concat", ["n m", "d m", "k m"], lambda *xs: np.concatenate(xs, 0), (0,)),
    row("concat", ["n m", "n d"], lambda *xs: np.concatenate(xs, 1), (1,)),
    row("slice", ["k m"], lambda a: a[1:4], (0, ONE, Dim.of(4), 1)),
    row("slice", ["n k"], lambda a: a[:, 2:], (1, TWO, k, 1)),
    row("slice", ["p m"], lambda a: a[1::2], (0, ONE, p - 1, 2)),
    row("flip", ["n m"], lambda a: np.array([a[len(a) - 1 - i] for i in range(len(a))]), (0,)),
    row("roll", ["n m"], lambda a: np.concatenate([a[:, -2:], a[:, :-2]], 1), (1, 2)),
    row("roll", ["n"], lambda a: np.concatenate([a[1:], a[:1]]), (0, -1)),
    row("roll", ["n m k"], lambda a: np.roll(a, 1, 1), (1, 1)),
    row("flip", ["n m k"], lambda a: np.flip(a, 1), (1,)),
    row("pad", ["n m"], lambda a: placed(a, 0, 1, 1, 7), (0, ONE, 1, p)),
    row("pad", ["n m"], lambda a: placed(a, 1, 2, 1, 7), (1, TWO, 1, p)),
    row("pad", ["n m"], lambda a: placed(a, 0, 1, 2, 7), (0, ONE, 2, p)),
    row("pad", ["m n"], lambda a: placed(a, 1, 0, 3, 7), (1, ZERO, 3, p)),
    row("unfold", ["p d"], lambda a: unfolded(a, 3, 2), (3, 2)),
    row("unfold", ["k d"], lambda a: unfolded(a, 2, 1), (2, 1)),
    row("fold", [(WINDOWS, 3 * d)], lambda a: folded(a, 3, 2, 7), (3, 2, p)),
    row("fold", [(n, 2 * d)], lambda a: folded(a, 2, 2, 6), (2, 2, 2 * n)),
    row("reshape", ["n m"], lambda a: a.reshape(4, 3), (m, n)),
    row("reshape", ["n m"], lambda a: a.reshape(12), (n * m,)),
    row("reshape", ["n m k"], lambda a: a.reshape(3, 20), (n, m * k)),
    row("concat", ["n m d", "n m k"], lambda *xs: np.concatenate(xs, 2), (2,)),
    row("slice", ["n m k"], lambda a: a[:, :, 1:4], (2, ONE, Dim.of(4), 1)),
    row("pad", ["n d m"], lambda a: placed(a, 2, 2, 1, 7), (2, TWO, 1, p)),
    row("pad", ["n m d"], lambda a: placed(a, 1, 0, 2, 7), (1, ZERO, 2, p)),
    row("softmax", ["n m k"], lambda a: softmax(a, 2), (2,)),
    row("softmax", ["n m k"], lambda a: softmax(a, 1), (1,)),
    row("log_softmax", ["n m k"], lambda a: np.log(softmax(a, 2)), (2,)),
    row("logsumexp", ["n m k"], lambda a: np.log(np.exp(a).sum(2, keepdims=True)), (2,)),
    row("standardize", ["n m k"], lambda a: scattered(a, 2)[0], (2, TENTH)),
    row("std", ["n m k"], lambda a: scattered(a, 1)[1], (1, TENTH)),
    row("max", ["n m k"], lambda a: np.sort(a, 2)[:, :, -1:], (2,)),
    row("is_max", ["n m k"], lambda a: 1.0 * (a >= np.sort(a, 1)[:, -1:]), (1,)),
    row("hadamard", ["n m k", "m 1", "1 k"], lambda a, b, c: a * b * c),
    row("einsum", ["d n m", "m k"], lambda a, b: np.stack([x @ b for x in a]), ("abc,cd->abd",)),
    row("softmax", ["n m"], lambda a: softmax(a, 0), (0,)),
    row("softmax", ["n m"], lambda a: softmax(a, 1), (1,)),
    row("softmax", ["n 1"], lambda a: softmax(a, 0), (0,)),
    row("log_softmax", ["n m"], lambda a: np.log(softmax(a, 1)), (1,)),
    row("log_softmax", ["n m"], lambda a: np.log(softmax(a, 0)), (0,)),
    row("logsumexp", ["n m"], lambda a: np.log(np.exp(a).sum(1, keepdims=True)), (1,)),
    row("logsumexp", ["n m"], lambda a: np.log(np.exp(a).sum(0, keepdims=True)), (0,)),
    row("causal_softmax", ["n n"], lambda a: np.tril(np.exp(a)) / np.tril(np.exp(a)).sum(1, keepdims=True)),
    row("standardize", ["n m"], lambda a: (a - a.mean()) / math.sqrt((a * a).mean() - a.mean() ** 2 + 0.1), (None, TENTH)),
    row("standardize", ["n m"], lambda a: scattered(a, 1)[0], (1, TENTH)),
    row("standardize", ["n m"], lambda a: scattered(a, 0)[0], (0, TENTH)),
    row("std", ["n m"], lambda a: scattered(a, 1)[1], (1, TENTH)),
    row("std", ["n m"], lambda a: scattered(a, 0)[1], (0, TENTH)),
    row("std", ["n m"], lambda a: math.sqrt((a * a).mean() - a.mean() ** 2 + 0.1), (None, TENTH)),
    row("max", ["n m"], lambda a: np.sort(a.ravel())[-1], (None,)),
    row("max", ["n m"], lambda a: np.sort(a, 0)[-1:], (0,)),
    row("max", ["n m"], lambda a: np.sort(a, 1)[:, -1:], (1,)),
    row("cumprod", ["n m"], lambda a: np.cumprod(a, 0), (0,)),
    row("cumprod", ["n m"], lambda a: np.cumprod(a, 1), (1,)),
    row("cumprod", ["n m k"], lambda a: np.cumprod(a, 1), (1,)),
    row("prod", ["n m k"], lambda a: np.multiply.reduce(a, 2)[:, :, None], (2,)),
    row("prod", ["n m"], lambda a: np.multiply.reduce(a.ravel()), (None,)),
    row("prod", ["n m"], lambda a: np.multiply.reduce(a, 0)[None, :], (0,)),
    row("prod", ["n m"], lambda a: np.multiply.reduce(a, 1)[:, None], (1,)),
    row("is_max", ["n m"], lambda a: (np.argsort(np.argsort(a, 1), 1) == 3) * 1.0, (1,)),
    row("is_max", ["n m"], lambda a: (np.argsort(np.argsort(a, 0), 0) == 2) * 1.0, (0,)),
    row("is_max", ["n m"], lambda a: 1.0 * (a >= np.sort(a.ravel())[-1]), (None,)),
    row("inverse", ["n n"], lambda a: np.linalg.solve(a, np.identity(3)), domain="well_conditioned"),
    row("det", ["n n"], lambda a: np.dot(a[0], np.cross(a[1], a[2])), domain="well_conditioned"),
    row("logdet", ["n n"], lambda a: math.log(np.dot(a[0], np.cross(a[1], a[2]))), domain="positive_definite"),
    row("cholesky", ["n n"], lambda a: np.linalg.cholesky((a + a.T) / 2), domain="positive_definite"),
    row("expm", ["n n"], exponential),
    row("dexpm", ["n n", "n n"], moved_exponential),
    row("sqrtm", ["n n"], of_eigenvalues(np.sqrt), domain="positive_definite"),
    row("dsqrtm", ["n n", "n n"], moved_eigenvalues(np.sqrt, lambda x: 0.5 / np.sqrt(x)), domain="positive_definite"),
    row("logm", ["n n"], of_eigenvalues(np.log), domain="positive_definite"),
    row("dlogm", ["n n", "n n"], moved_eigenvalues(np.log, lambda x: 1 / x), domain="positive_definite"),
    row("sort", ["n 1"], lambda a: np.array(sorted(a.tolist()))),
    row("perm", ["n 1"], lambda a: np.array([[float(sum(a < b)[0] == i) for b in a] for i in range(3)])),
    row("median", ["n m"], lambda a: np.sort(a.ravel())[5:7].sum() / 2, (None,)),
    row("median", ["n m"], lambda a: np.sort(a, 0)[1:2], (0,)),
    row("median", ["n m k"], lambda a: np.sort(a, 2)[:, :, 2:3], (2,)),
    row("is_median", ["n m"], lambda a: (np.argsort(np.argsort(a, 0), 0) == 1) * 1.0, (0,)),
    row("is_median", ["n m"], lambda a: 0.5 * (np.abs(np.argsort(np.argsort(a, 1), 1) - 1.5) < 1), (1,)),
    row("is_median", ["n m"], lambda a: 0.5 * (np.abs(a - np.median(a)) <= np.sort(np.abs(a - np.median(a)).ravel())[1]), (None,)),
    row("vec", ["n m"], lambda a: np.concatenate([a[:, j : j + 1] for j in range(4)])),
    row("unvec", [(n * m, ONE)], lambda a: a.reshape(4, 3).T, (n, m)),
    row("kron", ["n m", "d k"], lambda a, b: np.block([[x * b for x in line] for line in a])),
    row("kron", ["n 1", "1 k"], lambda a, b: a @ b),
    row("vech", ["n n"], lambda a: np.concatenate([a[j:, j] for j in range(3)])[:, None]),
    row("lower", [(n * (n + 1) / 2, ONE)], lambda v: triangle(v[:, 0]), (n,)),
    row("symmetric", [(n * (n + 1) / 2, ONE)], lambda v: triangle(v[:, 0]) + np.tril(triangle(v[:, 0]), -1).T, (n,)),
    row("tri", [], lambda: np.array([[float(i >= j) for j in range(4)] for i in range(3)]), (n, m)),
    row("counting", [], lambda: np.array([[1.0], [2.0], [3.0]]), (n,)),
    row("tril", ["n m"], lambda a: np.array([[x * (i >= j) for j, x in enumerate(r)] for i, r in enumerate(a)])),
    row("triu", ["n m"], lambda a: np.array([[x * (i <= j) for j, x in enumerate(r)] for i, r in enumerate(a)])),
    row("one_hot", ["n 1"], lambda a: np.array([[float(i == j) for j in range(4)] for i in a[:, 0]]), (m,), "places"),
    row("one_hot", ["n k"], lambda a: np.array([[[float(i == j) for j in range(4)] for i in each] for each in a]), (m,), "places"),
    row("toeplitz", [(n + m - 1, ONE)], lambda t: np.array([[t[i - j + 3, 0] for j in range(4)] for i in range(3)]), (n, m)),
    row("toeplitz", [(2 * n - 1, ONE)], lambda t: np.array([t[2 - i : 5 - i, 0] for i in range(3)]).T, (n, n)),
    row("diagonal_sums", ["n m"], lambda a: np.array([[np.trace(a, k)] for k in (3, 2, 1, 0, -1, -2)])),
    row("eigenvalues", ["n n"], lambda a: np.sort(np.linalg.eigvals((a + a.T) / 2).real)[:, None]),
    row("eigenvectors", ["n n"], eigenvectors),
    row("nuclear_norm", ["n m"], lambda a: np.sqrt(np.maximum(np.linalg.eigvalsh(a @ a.T), 0)).sum()),
    row("polar", ["m n"], lambda a: a @ np.linalg.inv(root(a.T @ a))),
    row("spectral_norm", ["n m"], lambda a: np.sqrt(np.linalg.eigvalsh(a @ a.T).max())),
    row("leading", ["n m"], leading),
    row("einsum", ["n m", "n k", "m 1"], lambda a, b, c: a.T @ b * c, ("ab,ac,bd->bc",)),
    row("einsum", ["n m", "m k", "n k"], lambda a, b, c: np.sum((a @ b) * c), ("ab,bc,ac->",)),
    row("einsum", ["n n", "n m"], lambda a, b: np.diag(a)[:, None] * b, ("aa,ab->ab",)),
    row("window", [], lambda: np.array([[[float(h == 2 * p + 2 * i - 1) for i in range(2)] for p in range(4)] for h in range(7)]),
        (p, (p + 1) / 2, TWO, 2, 2, 1)),
    row("entries", ["n m"], lambda a: a, (1,)),
    mapped("relu", lambda x: (x + np.abs(x)) / 2),
    mapped("relu'", lambda x: (1 + np.sign(x)) / 2),
    mapped("step", lambda x: (1 + np.sign(x)) / 2),
    mapped("leaky_relu", lambda x: np.maximum(x, x / 10), (TENTH,)),
    mapped("leaky_relu", lambda x: np.maximum(x, 0), (Fraction(0),)),
    mapped("leaky_relu'", lambda x: 0.55 + 0.45 * np.sign(x), (TENTH,)),
    mapped("elu", lambda x: np.maximum(x, 0) + np.minimum(np.exp(x) - 1, 0) / 2, (HALF,)),
    mapped("elu'", lambda x: np.select([x > 0, x < 0], [1 + 0 * x, np.exp(x) / 2]), (HALF,)),
    mapped("sigmoid", logistic),
    mapped("sigmoid'", lambda x: logistic(x) * logistic(-x)),
    mapped("tanh", lambda x: 1 - 2 / (np.exp(2 * x) + 1)),
    mapped("tanh'", lambda x: 4 / (np.exp(x) + np.exp(-x)) ** 2),
    mapped("softplus", lambda x: np.log(1 + np.exp(x))),
    mapped("silu", lambda x: x * logistic(x)),
    mapped("silu'", lambda x: logistic(x) + x * logistic(x) * logistic(-x)),
    mapped("gelu", lambda x: x * cdf(x)),
    mapped("gelu'", lambda x: cdf(x) + x * pdf(x)),
    mapped("erf", erf),
    mapped("gamma", gamma, domain="positive"),
    mapped("gammaln", loggamma, domain="positive"),
    mapped("polygamma", lambda x: polygamma(0, x), (Fraction(0),), "positive"),
    mapped("polygamma", lambda x: polygamma(1, x), (Fraction(1),), "positive"),
    mapped("polygamma", lambda x: polygamma(3, x), (Fraction(3),), "positive"),
    mapped("exp", lambda x: np.e**x),
    mapped("log", lambda x: np.log2(x) * math.log(2), domain="positive"),
    mapped("log1p", lambda x: np.log(1 + x), domain="positive"),
    mapped("sqrt", lambda x: np.exp(np.log(x) / 2), domain="positive"),
    mapped("abs", lambda x: np.maximum(x, -x)),
    mapped("sign", lambda x: x / np.abs(x)),
    mapped("floor", lambda x: x - x % 1),
    mapped("square", lambda x: x * x),
    mapped("power", lambda x: x * x * x, (Fraction(3),), "positive"),
    mapped("power", lambda x: np.cbrt(x) ** 5, (Fraction(5, 3),), "positive"),
    mapped("power", lambda x: 1 / x, (Fraction(-1),), "positive"),
    mapped("power", lambda x: 1 / (x * np.sqrt(x)), (Fraction(-3, 2),), "positive"),
    mapped("sin", lambda x: np.exp(1j * x).imag),
    mapped("cos", lambda x: np.exp(1j * x).real),
    mapped("sinh", lambda x: (np.exp(x) - np.exp(-x)) / 2),
    mapped("cosh", lambda x: (np.exp(x) + np.exp(-x)) / 2),
    mapped("tan", lambda x: np.sin(x) / np.cos(x)),
    mapped("arctan", lambda x: np.angle(1 + 1j * x)),
    mapped("hard_tanh", lambda x: (np.abs(x + 1) - np.abs(x - 1)) / 2),
    mapped("hard_tanh'", lambda x: 1.0 * (x * x < 1)),
    mapped("hard_sigmoid", lambda x: (np.abs(x + 3) - np.abs(x - 3)) / 12 + 0.5),
    mapped("hard_sigmoid'", lambda x: (x * x < 9) / 6),
    mapped("hard_swish", lambda x: x * ((np.abs(x + 3) - np.abs(x - 3)) / 12 + 0.5)),
    mapped("hard_swish'", lambda x: (np.abs(x + 3) - np.abs(x - 3)) / 12 + 0.5 + x * (x * x < 9) / 6),
    mapped("relu6", lambda x: (np.abs(x) - np.abs(x - 6)) / 2 + 3),
    mapped("relu6'", lambda x: 1.0 * (x > 0) * (x < 6)),
    mapped("arctanh", lambda x: np.log((1 + x) / (1 - x)) / 2, domain="unit"),
    mapped("arcsin", lambda x: np.angle(np.sqrt(1 - x * x) + 1j * x), domain="unit"),
    mapped("arccos", lambda x: np.angle(x + 1j * np.sqrt(1 - x * x)), domain="unit"),
    mapped("selu", lambda x: 1.0507009873554805 * np.where(x > 0, x, 1.6732632423543772 * (np.exp(x) - 1))),
    mapped("selu'", lambda x: 1.0507009873554805 * np.where(x > 0, 1, 1.6732632423543772 * np.exp(x))),
    mapped("softsign", lambda x: x / (1 + np.sqrt(x * x))),
    mapped("softsign'", lambda x: 1 / (1 + np.sqrt(x * x)) ** 2),
    mapped("log_sigmoid", lambda x: np.log(logistic(x))),
    mapped("mish", lambda x: x * ((1 + np.exp(x)) ** 2 - 1) / ((1 + np.exp(x)) ** 2 + 1)),
    mapped("mish'", lambda x: slope_of_mish(x)),
    mapped("huber", lambda x: np.where(x * x < 1 / 4, x * x / 2, np.abs(x) / 2 - 1 / 8), (HALF,)),
    mapped("huber", lambda x: np.where(x * x < 1, x * x / 2, np.abs(x) - 1 / 2), (Fraction(1),)),
    mapped("maximum", lambda x, y: (x + y + np.abs(x - y)) / 2, shapes=("n m", "n m")),
    mapped("maximum", lambda x, y: np.where(x > y, x, y), shapes=("n m", "1 m")),
    mapped("masked", lambda x, m: np.where(m > 0, x, -np.inf), domain="a mask", shapes=("n m", "n m")),
    mapped("minimum", lambda x, y: (x + y - np.abs(x - y)) / 2, shapes=("n m", "n m")),
)  # fmt: skip

WITHOUT_TENSOR = {"series", "applied", "at", "stack", "over", "entry", "most", "total", "same", "tensor"}
"""A series is written out before it becomes a tensor or NumPy; a derivative applied to a direction stands on the left; places of a
tensor have letters only in print."""

ONLY_ONCE = ("nuclear_norm", "spectral_norm")

WITHOUT_DERIVATIVE = {"polar", "leading", "one_hot"}
"""The derivatives of the nuclear and of the spectral norm; there are no second ones."""

every_row = pytest.mark.parametrize("row", ROWS, ids=lambda r: f"{r.op}-{','.join(map(str, r.shapes))}-{r.params}")


@pytest.mark.parametrize("name", sorted({*OPS, *ELEMENTWISE, *FUNCTIONS}))
def test_an_op_has_a_row_and_a_row_an_op(name):
    assert name in OPS
    assert (name in {row.op for row in ROWS}) != (name in WITHOUT_TENSOR)


def test_the_domain_of_a_row_is_the_one_of_the_record():
    for row in ROWS:
        record = ELEMENTWISE.get(row.op) or FUNCTIONS.get(row.op)
        assert record is None or record.domain == row.domain, row.op


# ── points ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def drawn(shape, domain, rng):
    x = rng.standard_normal(shape)
    if domain in ("positive", "a mask"):
        return rng.uniform(0.5, 1.5, shape)
    if domain == "places":
        return rng.integers(0, 4, shape).astype(float)
    if domain == "unit":
        return rng.uniform(-0.9, 0.9, shape)
    if domain == "well_conditioned":
        return x + 3 * np.identity(len(x))
    return x @ x.T + np.identity(len(x)) if domain == "positive_definite" else x


def kinks_of(node):
    """What vanishes where some part of the tensor is not differentiable."""
    for part in topological([node]):
        if isinstance(part, Map) and ELEMENTWISE[part.fn].kinks:
            yield from ELEMENTWISE[part.fn].kinks(part.operands, part.params)
        if isinstance(part, Func) and FUNCTIONS[part.fn].kinks:
            yield from FUNCTIONS[part.fn].kinks(part)


def point_of(row, seed=1):
    """Values of the operands, no kink near."""
    rng = np.random.default_rng(seed)
    near = [function(kink, row.variables) for kink in kinks_of(row.node)]
    while True:
        point = {x.name: drawn(lengths(x.shape), row.domain, rng) for x in row.variables}
        if all(np.abs(kink(point)).min() > 0.05 for kink in near):
            return point


def rest_of(row, seed=2):
    """A cotangent of the output, and a tangent of every operand, as variables and as values."""
    rng = np.random.default_rng(seed)
    shapes = {"G": row.form.shape, **{f"V{x.name}": x.shape for x in row.variables}}
    made = {name: var(name, shape) for name, shape in shapes.items()}
    return made, {name: rng.standard_normal(lengths(shape)) for name, shape in shapes.items()}


# ── values and spellings ─────────────────────────────────────────────────────────────────────────────────────────────


@every_row
@pytest.mark.parametrize("shared", [False, True], ids=["as written", "broadcasting"])
def test_emitted_numpy_is_the_reference(row, shared):
    point = point_of(row)
    expected = np.asarray(row.reference(*point.values()), dtype=float)
    close(function(row.form, row.symbols, shared)(point), expected)
    close(function(row.node, row.symbols, shared)(point), expected)


@every_row
def test_emitted_numpy_keeps_its_parentheses(row):
    """Every operand a sum, and the op itself under a sign, a power, a product, a quotient, a transpose."""
    halves = [symbol(f"{x.name}2", x.shape) for x in row.symbols]
    inputs = [*row.symbols, *halves]
    whole = point_of(row)
    expected = np.asarray(row.reference(*whole.values()), dtype=float)
    point = {**{name: 0.75 * x for name, x in whole.items()}, **{f"{name}2": 0.25 * x for name, x in whole.items()}}
    form = apply(row.op, [apply("add", pair) for pair in zip(row.symbols, halves, strict=True)], row.params)
    minus = apply("scale", [number(-1), form])
    contexts = [
        (minus, -expected),
        (apply("add", [form, minus]), 0 * expected),
        (apply("add", [form, form]), 2 * expected),
        (apply("add", [apply("hadamard", [form, form]), apply("hadamard", [form, form])]), 2 * expected**2),
        (apply("square", [form]), expected**2),
        (apply("power", [apply("exp", [form])], (Fraction(-2),)), np.exp(-2 * expected)),
        (apply("divide", [form, apply("exp", [form])]), expected / np.exp(expected)),
        (apply("divide", [number(1), apply("divide", [number(1), apply("exp", [form])])]), np.exp(expected)),
    ]
    if expected.ndim == 2:
        contexts += [
            (apply("transpose", [form]), expected.T),
            (apply("matmul", [apply("transpose", [form]), form]), expected.T @ expected),
        ]
    for context, value in contexts:
        for shared in (False, True):
            close(function(context, inputs, shared)(point), value)


def balanced(written):
    depth = []
    for mark in re.findall(r"\\[{}]|[{}()\[\]]", written):
        if mark in "{([":
            depth.append(mark)
        elif mark in "})]" and (not depth or depth.pop() + mark not in ("{}", "()", "[]")):
            return False
    return not depth


@pytest.mark.parametrize("row", [*ROWS, row("series", ["n m"], None, ("t", 1, "T"))], ids=lambda r: f"{r.op}{r.params}")
def test_spellings_are_balanced(row):
    nested = apply(row.op, [apply("add", [x, x]) for x in row.symbols], row.params)
    for form in (row.form, nested):
        shown, plain = latex(form), text(form)
        assert shown and balanced(shown), shown
        assert shown.count(r"\left") == shown.count(r"\right")
        assert re.findall(r"\\begin\{(\w+)\}", shown) == re.findall(r"\\end\{(\w+)\}", shown)
        assert plain and balanced(plain) and "\\" not in plain, plain
        assert all(x.name in shown and x.name in plain for x in row.symbols)


def test_a_series_is_written_out_first():
    form = apply("series", [symbol("A", (n, m))], ("t", 1, "T"))
    with pytest.raises(Unsupported):
        lower(form)
    with pytest.raises(Unsupported):
        function(form, [symbol("A", (n, m))])


CLASHES = [
    ("add", ["n m", "m n"]), ("scale", ["n m", "n m"]), ("matmul", ["n m", "n m"]), ("matmul", ["n m", ""]),
    ("hadamard", ["n m", "n k"]), ("divide", ["n m", "n k"]), ("transpose", [""]), ("trace", ["n m"]), ("diag", ["n m"]),
    ("diagonal", ["n m"]), ("inverse", ["n m"]), ("det", ["n m"]), ("logdet", ["n m"]), ("maximum", ["n m", "m n"]),
    ("sum", ["n m"], 2), ("softmax", ["n m"], 2), ("concat", ["n m", "n k"], 0), ("concat", ["n m", "d m"], 1),
    ("slice", ["3 m"], 0, ONE, Dim.of(4), 1), ("slice", ["n m"], 0, TWO, TWO, 1), ("unfold", ["4 d"], 3, 2), ("unfold", ["2 d"], 3, 1),
    ("unvec", ["k 1"], n, m), ("kron", ["n m", ""]), ("vech", ["n m"]), ("lower", ["k 1"], n), ("symmetric", ["n n"], n),
    ("causal_softmax", ["n m"]), ("max", ["n m"], 2),
    ("toeplitz", ["k 1"], n, m), ("eigenvalues", ["n m"]), ("eigenvectors", ["n m"]), ("nuclear_norm", [""]), ("spectral_norm", [""]),
    ("vec", [""]),
    ("broadcast", ["n m"], k, n), ("window", [], p, m, d, 2, 3, 1), ("window", [], d, ONE, n, 1, 1, 0), ("broadcast", ["n m"], k),
    ("reshape", ["n m"], n, k), ("einsum", ["n m", "n k"], "ab,bc->ac"), ("einsum", ["n m"], "a->a"), ("relu", ["n m", "n m"]),
]  # fmt: skip


@pytest.mark.parametrize("op, shapes, params", [(op, shapes, tuple(params)) for op, shapes, *params in CLASHES])
def test_shapes_that_clash_are_refused(op, shapes, params):
    with pytest.raises(ShapeError):
        apply(op, [symbol(name, dims(s)) for name, s in zip("AB", shapes, strict=False)], params)


# ── derivatives ──────────────────────────────────────────────────────────────────────────────────────────────────────

DIFFERENTIABLE = [row for row in ROWS if row.shapes and row.op not in WITHOUT_DERIVATIVE]
differentiable = pytest.mark.parametrize("row", DIFFERENTIABLE, ids=lambda r: f"{r.op}-{len(r.shapes)}-{r.params}")
twice = pytest.mark.parametrize(
    "row", [row for row in DIFFERENTIABLE if row.op not in ONLY_ONCE], ids=lambda r: f"{r.op}-{len(r.shapes)}-{r.params}"
)


def gradient(output, cotangent, x):
    return pullback(output, cotangent, [x]).get(x, constant(0, x.shape))


@differentiable
def test_vjp_is_finite_differences(row):
    """⟨G, f⟩ differentiated by every entry of every operand, f being the reference."""
    point, (made, values) = point_of(row), rest_of(row)

    def paired(at):
        return np.sum(values["G"] * row.reference(*at.values()))

    for x in row.variables:
        vjp = function(gradient(row.node, made["G"], x), [*row.variables, made["G"]])
        close(vjp({**point, **values}), differences(paired, point, x.name), 1e-7)


@differentiable
def test_pullback_is_the_transpose_of_pushforward(row):
    """⟨G, J V⟩ = ⟨Jᵀ G, V⟩, all operands moving at once."""
    point, (made, values) = point_of(row), rest_of(row)
    everything, at = [*row.variables, *made.values()], {**point, **values}
    tangents = {x: made[f"V{x.name}"] for x in row.variables}
    pushed = contract(made["G"], pushforward(row.node, tangents))
    pulled = add([contract(gradient(row.node, made["G"], x), tangents[x]) for x in row.variables])
    close(function(pushed, everything)(at), function(pulled, everything)(at))


@pytest.mark.parametrize("row", [row for row in ROWS if row.op in WITHOUT_DERIVATIVE], ids=lambda r: r.op)
def test_what_has_no_derivative_says_so(row):
    (x,), (made, _) = row.variables, rest_of(row)
    with pytest.raises(Unsupported, match="no derivative of"):
        gradient(row.node, made["G"], x)
    with pytest.raises(Unsupported, match="no derivative of"):
        pushforward(row.node, {x: made[f"V{x.name}"]})


@twice
def test_second_derivative_is_finite_differences(row):
    """The contraction Σ ⟨Jᵀ G, V⟩ of the gradient differentiated once more."""
    point, (made, values) = point_of(row), rest_of(row)
    everything, at = [*row.variables, *made.values()], {**point, **values}
    slope = add([contract(gradient(row.node, made["G"], x), made[f"V{x.name}"]) for x in row.variables])
    numeric = function(slope, everything)
    for x in row.variables:
        second = function(gradient(slope, constant(1, ()), x), everything)(at)
        close(second, differences(numeric, at, x.name), 1e-6)


@differentiable
def test_a_gradient_has_only_names_that_occur(row):
    made, _ = rest_of(row)
    known = {x.name for x in row.variables} | {"G"}
    for x in row.variables:
        assert {v.name for v in variables(gradient(row.node, made["G"], x))} <= known


@pytest.mark.parametrize("row", [row for row in ROWS if OPS[row.op].scalar], ids=lambda r: f"{r.op}{r.params}")
def test_scalar_value_is_the_reference(row):
    for seed in range(5):
        entries = [float(np.ravel(x)[0]) for x in point_of(row, seed).values()]
        value = OPS[row.op].scalar(sympy, *map(sympy.Float, entries), *row.params)
        close(float(value), float(row.reference(*map(np.array, entries))))


# ── kinks ────────────────────────────────────────────────────────────────────────────────────────────────────────────

KINKS = {
    # op: parameters, operands at a kink, the derivative by each operand there
    "relu": [((), (0,), (0,))],
    "step": [((), (0,), (0,))],
    "leaky_relu": [((TENTH,), (0,), (0.1,)), ((Fraction(0),), (0,), (0,))],
    "elu": [((HALF,), (0,), (0.5,))],
    "selu": [((), (0,), (1.0507009873554805 * 1.6732632423543772,))],
    "abs": [((), (0,), (0,))],
    "hard_sigmoid": [((), (3,), (0,)), ((), (-3,), (0,))],
    "hard_swish": [((), (3,), (1,)), ((), (-3,), (0,))],
    "relu6": [((), (0,), (0,)), ((), (6,), (0,))],
    "sign": [((), (0,), (0,))],
    "hard_tanh": [((), (1,), (0,)), ((), (-1,), (0,))],
    "maximum": [((), (2, 2), (0, 1))],
    "minimum": [((), (2, 2), (1, 0))],
}


@pytest.mark.parametrize("name", [name for name, record in ELEMENTWISE.items() if record.kinks])
def test_the_derivative_at_a_kink_is_the_one_stated(name):
    record = ELEMENTWISE[name]
    assert record.convention
    for params, at, slopes in KINKS[name]:
        xs = [var(letter, dims("1 1")) for letter in "AB"[: len(at)]]
        point = {x.name: np.array([[float(value)]]) for x, value in zip(xs, at, strict=True)}
        assert any(function(kink, xs)(point) == 0 for kink in record.kinks(xs, params))
        node = OPS[name].lower(tuple(xs), params)
        for x, slope in zip(xs, slopes, strict=True):
            assert function(gradient(node, constant(1, x.shape), x), xs)(point) == slope
        if record.primed:
            formula = record.derivative(xs, node, params)[0]
            assert function(formula, xs)(point) == slopes[0]


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_an_operand_is_computed_once(name):
    record = ELEMENTWISE[name]
    for source in (record.numpy, record.numpy_prime):
        template = getattr(source, "template", source) or ""
        assert all(len(re.findall(rf"\{{t?{k}[:}}]", template)) <= 1 for k in range(record.arity)), template


def test_values_at_a_kink():
    zero = np.zeros((3, 4))
    for name in ("relu", "step", "abs", "sign"):
        row = next(row for row in ROWS if row.op == name)
        close(function(row.form, row.symbols)({"A": zero}), zero)
