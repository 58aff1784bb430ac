"""Our nodes behave as SymPy matrix expressions: shape, doit, subs, latex, transposes, entries; and they keep what was written."""

import re

import numpy as np
import pytest
import sympy as sp
from evaluating import close, differences, function
from sympy.matrices.expressions.hadamard import HadamardPower
from sympy.matrices.expressions.special import OneMatrix
from test_ops import ROWS

import symgrad
from symgrad import Network, derive, dimensions
from symgrad.errors import ShapeError, Unsupported
from symgrad.form import walk
from symgrad.ops import OPS
from symgrad.ops.elementwise import ELEMENTWISE
from symgrad.sympyforms import to_form
from symgrad.sympyops import Operation, Product, Sum, Symbol, operation, to_sympy
from symgrad.typeset import text

n, m, k = dimensions("n m k")
A, B, C = Symbol("A", n, m), Symbol("B", n, m), Symbol("C", m, k)
S, b, c, s = Symbol("S", n, n), Symbol("b", 1, m), Symbol("c", n, 1), sp.Symbol("s")

# ── what an expression is ────────────────────────────────────────────────────────────────────────────────────────────

EXPRESSIONS = [
    # expression, shape, text, LaTeX
    (A + B, (n, m), "A + B", "A + B"),
    (B - A, (n, m), "B − A", "B - A"),
    (A - (A + B), (n, m), "A − (A + B)", r"A - \left(A + B\right)"),
    (A + A, (n, m), "A + A", "A + A"),
    (A + b, (n, m), "A + b", "A + b"),
    (1 - A, (n, m), "1 − A", "1 - A"),
    (A * C, (n, k), "A C", "A C"),
    (A @ C + 1, (n, k), "A C + 1", "A C + 1"),
    (s * A, (n, m), "s A", "s A"),
    (A / 2, (n, m), "1/2 A", r"\frac{1}{2} A"),
    (A / B, (n, m), "A ⊘ B", r"A \oslash B"),
    (-A, (n, m), "−A", "-A"),
    (A.T * B, (m, m), "Aᵀ B", r"A^{\top} B"),
    (sp.Inverse(S), (n, n), "S⁻¹", "S^{-1}"),
    (symgrad.relu(A), (n, m), "ReLU(A)", r"\mathrm{ReLU}\left(A\right)"),
    (symgrad.leaky_relu(A, 0.1), (n, m), "LeakyReLU[1/10](A)", r"\mathrm{LeakyReLU}_{1/10}\left(A\right)"),
    (symgrad.power(A, 3), (n, m), "A^∘3", r"A^{\odot 3}"),
    (symgrad.hadamard(A, B, A), (n, m), "A ⊙ B ⊙ A", r"A \odot B \odot A"),
    (symgrad.hadamard(A + B, c), (n, m), "(A + B) ⊙ c", r"\left(A + B\right) \odot c"),
    (symgrad.maximum(A, 0), (n, m), "max(A, 0)", r"\max\left(A, 0\right)"),
    (symgrad.sum(A), (1, 1), "Σ A", r"\sum A"),
    (symgrad.sum(A, 0), (1, m), "1ᵀ A", r"\mathbf{1}^{\top} A"),
    (symgrad.mean(A, 1), (n, 1), "mean_columns(A)", r"\operatorname{mean}_{\text{columns}}\left(A\right)"),
    (symgrad.norm(c), (1, 1), "‖c‖", r"\left\lVert c \right\rVert_2"),
    (symgrad.squared_norm(A), (1, 1), "‖A‖²", r"\left\lVert A \right\rVert_F^2"),
    (symgrad.softmax(A, 1), (n, m), "softmax_rows(A)", r"\mathrm{softmax}_{\text{rows}}\left(A\right)"),
    (symgrad.softmax(c), (n, 1), "softmax(c)", r"\mathrm{softmax}\left(c\right)"),
    (symgrad.logsumexp(b), (1, 1), "logsumexp(b)", r"\operatorname{logsumexp}\left(b\right)"),
    (symgrad.logdet(S), (1, 1), "log det(S)", r"\log\det\left(S\right)"),
    (symgrad.columns(A, c), (n, m + 1), "[A  c]", r"\begin{bmatrix} A & c \end{bmatrix}"),
    (symgrad.rows(A, b), (n + 1, m), "[A; b]", r"\begin{bmatrix} A \\ b \end{bmatrix}"),
    (symgrad.column_slice(A, 0, 2), (n, 2), "A[:, 1:2]", "A_{:,1:2}"),
    (symgrad.row_slice(A, 1, n), (n - 1, m), "A[2:n, :]", "A_{2:n,:}"),
    (symgrad.unfold(A, 3, 1), (n - 2, 3 * m), "unfold[3, 1](A)", r"\operatorname{unfold}_{3,1}\left(A\right)"),
    (symgrad.reshape(A, m, n), (m, n), "reshape[m×n](A)", r"\operatorname{reshape}_{m \times n}\left(A\right)"),
    (symgrad.diag(c), (n, n), "diag(c)", r"\operatorname{diag}\left(c\right)"),
    (symgrad.ones(n), (n, 1), "1ₙ", r"\mathbf{1}_{n}"),
]  # fmt: skip

every_expression = pytest.mark.parametrize("expr, shape, plain, latex", EXPRESSIONS, ids=[plain for _, _, plain, _ in EXPRESSIONS])


@every_expression
def test_an_expression_is_a_matrix_expression_that_prints_as_written(expr, shape, plain, latex):
    assert isinstance(expr, sp.MatrixExpr) and expr.is_Matrix
    assert tuple(sp.simplify(have - want) for have, want in zip(expr.shape, shape, strict=True)) == (0, 0)
    assert text(to_form(expr)) == plain
    if not isinstance(expr, sp.Inverse):
        assert (str(expr), sp.latex(expr)) == (plain, latex)


@every_expression
def test_an_expression_is_rebuilt_from_its_arguments_and_its_form(expr, shape, plain, latex):
    assert expr.func(*expr.args) == expr
    assert to_form(to_sympy(to_form(expr))) is to_form(expr)


@every_expression
def test_transposing_swaps_the_shape_and_twice_is_nothing(expr, shape, plain, latex):
    assert expr.T.shape == expr.shape[::-1]
    assert expr == expr.T.T


@every_expression
def test_symbols_and_sizes_are_substituted(expr, shape, plain, latex):
    written = {f.name for f in walk(to_form(expr)) if f.op == "symbol"}
    assert {str(x) for x in expr.free_symbols - {n, m, k}} == written
    if "A" in written:
        D = Symbol("D", n, m)
        other = expr.subs(A, D)
        assert other.has(D) and not other.has(A)
        assert text(to_form(other)) == plain.replace("A", "D")
        assert other.subs(D, A) == expr


# ── values ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def explicit(rows, columns, seed=0, low=-4):
    """A matrix of distinct exact numbers, none of them a kink."""
    steps = np.random.default_rng(seed).permutation(rows * columns)
    return sp.ImmutableMatrix(rows, columns, [sp.Rational(int(x) + low, 2) + sp.Rational(1, 8) for x in steps])


def floats(matrix):
    return np.array(matrix.evalf().tolist(), dtype=float)


PARAMETERS = {row.op: row.params for row in reversed(ROWS) if row.op in ELEMENTWISE}


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_explicit_entries_of_an_elementwise_op_are_those_of_numpy(name):
    record, params = ELEMENTWISE[name], PARAMETERS.get(name, ())
    low = 0 if record.domain == "positive" else -4
    symbols = [Symbol("XY"[i], 2, 3) for i in range(record.arity)]
    values = [explicit(2, 3, seed, low) for seed in range(record.arity)]
    values = [value / 10 for value in values] if record.domain == "unit" else values
    expr = operation(name, symbols, params)
    known = dict(zip(symbols, values, strict=True))
    at = {x.name: floats(value) for x, value in known.items()}
    form = to_form(expr)
    expected = function(form, [f for f in walk(form) if f.op == "symbol"])(at)
    evaluated = expr.subs(known).doit()
    assert isinstance(evaluated, sp.MatrixBase)
    close(floats(evaluated), expected)
    close(float(expr.subs(known)[1, 2].evalf()), expected[1, 2])


VALUES = [
    (symgrad.sum(A), lambda a, b, c: a.sum().reshape(1, 1)),
    (symgrad.sum(A, 0), lambda a, b, c: a.sum(0, keepdims=True)),
    (symgrad.sum(A, 1), lambda a, b, c: a.sum(1, keepdims=True)),
    (symgrad.mean(A), lambda a, b, c: a.mean().reshape(1, 1)),
    (symgrad.mean(A, 0), lambda a, b, c: a.mean(0, keepdims=True)),
    (symgrad.mean(A, 1), lambda a, b, c: a.mean(1, keepdims=True)),
    (symgrad.squared_norm(A), lambda a, b, c: (a**2).sum().reshape(1, 1)),
    (symgrad.norm(A), lambda a, b, c: np.sqrt((a**2).sum()).reshape(1, 1)),
    (symgrad.softmax(A, 0), lambda a, b, c: np.exp(a) / np.exp(a).sum(0)),
    (symgrad.softmax(A, 1), lambda a, b, c: np.exp(a) / np.exp(a).sum(1, keepdims=True)),
    (symgrad.log_softmax(A, 1), lambda a, b, c: a - np.log(np.exp(a).sum(1, keepdims=True))),
    (symgrad.logsumexp(A, 0), lambda a, b, c: np.log(np.exp(a).sum(0, keepdims=True))),
    (symgrad.rows(A, b), lambda a, b, c: np.vstack([a, b])),
    (symgrad.columns(A, c), lambda a, b, c: np.hstack([a, c])),
    (symgrad.hadamard(A, A, A), lambda a, b, c: a**3),
    (symgrad.divide(A, symgrad.exp(A)), lambda a, b, c: a / np.exp(a)),
    (A + b, lambda a, b, c: a + b),
    (c - A, lambda a, b, c: c - a),
    (A + b - c + 1, lambda a, b, c: a + b - c + 1),
    (2 * A.T * c, lambda a, b, c: 2 * a.T @ c),
    (symgrad.tanh(A * b.T + c), lambda a, b, c: np.tanh(a @ b.T + c)),
    ((A + b).T, lambda a, b, c: (a + b).T),
    ((A * b.T).T, lambda a, b, c: (a @ b.T).T),
    (symgrad.hadamard(A, b), lambda a, b, c: a * b),
    (symgrad.divide(A, c), lambda a, b, c: a / c),
    (symgrad.maximum(A, b), lambda a, b, c: np.maximum(a, b)),
    (symgrad.maximum(A, 0), lambda a, b, c: np.maximum(a, 0)),
]


@pytest.mark.parametrize("expr, reference", VALUES, ids=[str(expr) for expr, _ in VALUES])
def test_doit_on_explicit_matrices_is_numpy(expr, reference):
    values = {Symbol("A", 2, 3): explicit(2, 3), Symbol("b", 1, 3): explicit(1, 3, 1), Symbol("c", 2, 1): explicit(2, 1, 2)}
    evaluated = expr.subs({n: 2, m: 3}).subs(values).doit()
    assert isinstance(evaluated, sp.MatrixBase)
    close(floats(evaluated), reference(*map(floats, values.values())))


def test_doit_of_symbols_leaves_sympys_own_expressions():
    assert (A + A).doit() == 2 * sp.MatrixSymbol("A", n, m) or (A + A).doit() == sp.MatAdd(A, A).doit()
    assert symgrad.relu(A + A).doit().operands[0] == (A + A).doit()
    assert Sum(A, b).doit().shape == (n, m)


def test_an_op_without_entries_in_sympy_says_so():
    with pytest.raises(Unsupported, match="unfold"):
        symgrad.unfold(Symbol("X", 4, 2), 2)[0, 0]


# ── what is refused ──────────────────────────────────────────────────────────────────────────────────────────────────

CLASHES = [
    (lambda: A + C, "n×m and m×k"),
    (lambda: A - A.T, "n×m and m×n"),
    (lambda: A * B, "n×m and n×m"),
    (lambda: A + c.T, "n×m and 1×n"),
    (lambda: symgrad.hadamard(A, C), "n×m and m×k"),
    (lambda: symgrad.maximum(A, A.T), "n×m and m×n"),
    (lambda: A / C, "n×m and m×k"),
    (lambda: symgrad.rows(A, C), "n×m and m×k: they must have the same number of columns"),
    (lambda: symgrad.columns(A, C), "n×m and m×k: they must have the same number of rows"),
    (lambda: symgrad.softmax(A), "axis=1 for each row"),
    (lambda: symgrad.logdet(A), "square"),
    (lambda: symgrad.reshape(A, n, k), "number of entries"),
    (lambda: symgrad.diag(A), "vector"),
]  # fmt: skip


@pytest.mark.parametrize("build, message", CLASHES, ids=[message for _, message in CLASHES])
def test_shapes_that_clash_are_refused_as_soon_as_they_are_written(build, message):
    with pytest.raises(ShapeError, match=re.escape(message)):
        build()


def test_a_clash_names_the_operands():
    with pytest.raises(ShapeError, match="where A is n×m, B is n×m"):
        A * B


# ── SymPy's own expressions ──────────────────────────────────────────────────────────────────────────────────────────

P, Q, R = sp.MatrixSymbol("P", n, m), sp.MatrixSymbol("Q", n, m), sp.MatrixSymbol("R", n, n)

SYMPY = [
    (P * Q.T, "P Qᵀ"),
    (2 * P, "2 P"),
    (R**2, "R R"),
    (R**-1, "R⁻¹"),
    (R.inv() * P, "R⁻¹ P"),
    (sp.HadamardProduct(P, Q), "P ⊙ Q"),
    (sp.KroneckerProduct(P, Q, R), "(P ⊗ Q) ⊗ R"),
    (HadamardPower(P, 2), "P^∘2"),
    (sp.Trace(R), "tr(R)"),
    (sp.Determinant(R), "det(R)"),
    (sp.Identity(n) + R, "I[n] + R"),
    (OneMatrix(n, m) + P, "P + 1[n×m]"),
    (P.applyfunc(sp.sin), "sin(P)"),
    (P.applyfunc(sp.Lambda(s, s**2 + 1)), "1 + P^∘2"),
    (sp.BlockMatrix([[P, Q]]), "[P  Q]"),
    (sp.BlockMatrix([[P], [Q]]), "[P; Q]"),
    (P[:, 0:2], "P[:, 1:2]"),
    (P[0, 1], "P[1, :][:, 2]"),
    (sp.ImmutableMatrix([[1, 2], [3, sp.Rational(1, 2)]]), "[1  2; 3  1/2]"),
    (sp.diag(1, 2) * Symbol("x", 2, 1), "[1  0; 0  2] x"),
    (A + P, "A + P"),
    (P + A, "P + A"),
    (P - A, "P − A"),
    (P.T * A, "Pᵀ A"),
    (symgrad.relu(P + Q), "ReLU(P + Q)"),
]


@pytest.mark.parametrize("expr, expected", SYMPY, ids=[expected for _, expected in SYMPY])
def test_sympys_own_classes_are_understood_and_mix_with_ours(expr, expected):
    assert text(to_form(expr)) == expected


@pytest.mark.parametrize("expr", [R**s, P.applyfunc(sp.zeta), sp.Inverse(R).diff(R)], ids=str)
def test_what_symgrad_does_not_know_is_refused_by_name(expr):
    with pytest.raises(Unsupported, match=r"does not know|no exact form"):
        to_form(expr)


# ── names of functions ───────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_every_elementwise_op_has_a_function_of_its_name(name):
    made = getattr(symgrad, name)(A, B) if ELEMENTWISE[name].arity == 2 else getattr(symgrad, name)(A, *PARAMETERS.get(name, ()))
    assert isinstance(made, Operation) and made.name == name and made.shape == (n, m)
    assert made.params == PARAMETERS.get(name, ())


@pytest.mark.parametrize("name", symgrad.__all__)
def test_every_public_name_is_there_and_documented(name):
    assert getattr(symgrad, name).__doc__
    assert name in dir(symgrad)


def test_an_unknown_public_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="symgrad has no rleu"):
        symgrad.rleu  # noqa: B018


def test_a_scalar_of_an_op_is_one_by_one():
    for name in ("sum", "mean", "norm", "squared_norm"):
        assert operation(name, [A], (None,) if name in ("sum", "mean") else ()).shape == (1, 1)
    assert OPS["norm"].shape((), ()) == ()


def test_products_keep_their_order_and_their_brackets():
    assert isinstance(A * C, Product) and (A * C).args == (A, C)
    assert (A + B).args == (A, B) and (B + A).args == (B, A)
    assert str((A + B) * C) == "(A + B) C"


# ── gradients come back as SymPy ─────────────────────────────────────────────────────────────────────────────────────


def layer():
    net = Network("a layer")
    x, y = net.data("x", n, m), net.data("y", n, k)
    w, bias = net.parameter("W", m, k), net.parameter("b", 1, k)
    h = net.define("h", symgrad.tanh(x * w + bias))
    net.define("L", symgrad.mean(symgrad.square(y - h)))
    return derive(net, check=False), x, y, h


@pytest.mark.parametrize("name, shape", [("W", (m, k)), ("b", (1, k))])
def test_a_gradient_is_a_sympy_expression_in_the_users_own_symbols(name, shape):
    derivation, x, y, h = layer()
    gradient = derivation[name].sympy
    assert isinstance(gradient, sp.MatrixExpr) and gradient.shape == shape
    assert gradient.free_symbols - {n, m, k} == ({x, y, h} if name == "W" else {y, h})


def test_a_gradient_in_sympy_has_the_value_of_its_differences():
    derivation, *symbols = layer()
    sizes, rng = {n: 2, m: 3, k: 4}, np.random.default_rng(5)
    x, y, w, bias = (rng.standard_normal(shape) for shape in ((2, 3), (2, 4), (3, 4), (1, 4)))

    def loss(point):
        return np.mean((y - np.tanh(x @ point["W"] + point["b"])) ** 2)

    at = {s.subs(sizes): sp.ImmutableMatrix(value) for s, value in zip(symbols, (x, y, np.tanh(x @ w + bias)), strict=True)}
    for name in ("W", "b"):
        found = derivation[name].sympy.subs(sizes).subs(at).doit()
        close(floats(found), differences(loss, {"W": w, "b": bias}, name), 1e-7)
