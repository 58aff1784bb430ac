"""Expressions typed on a command line: what they are read as, the gradients printed, and what is refused, with its place.

The gradients, as the NumPy of the JSON, are held against differences of the expression itself, run by plain NumPy.
"""

import json
import math
from pathlib import Path

import numpy as np
import pytest
import sympy
from evaluating import close, differences

from symgrad.dims import show
from symgrad.emit.json import emit
from symgrad.errors import SymgradError
from symgrad.formulas import is_formula, network_of_text
from symgrad.pipeline import derive
from symgrad.read.declared import read_shapes

DATA = Path(__file__).parent / "data"


def blocks(text):
    """The lines that begin at the margin, each with the indented lines under it."""
    found = []
    for line in text.splitlines():
        if line.startswith(" "):
            found[-1][1].append(line.strip())
        elif line and not line.startswith("#"):
            found.append((line, []))
    return found


def read(block):
    """What is declared with it, the expression in plain NumPy, the shapes of its inputs, the printed gradients."""
    head, (shapes, *gradients) = block
    expression, dims, plain, assumed = ([part.strip() for part in head.split(" | ")] + ["", "", ""])[:4]
    return (expression.replace(r"\n", "\n"), dims, assumed), plain or expression, shapes, gradients


CASES = [
    read(block)
    for name in ("expressions.txt", "formulas.txt", "assumed.txt", "tensors.txt")
    for block in blocks((DATA / name).read_text(encoding="utf-8"))
]
each_case = pytest.mark.parametrize("asked, plain, shapes, gradients", CASES, ids=[" | ".join(case[0]) for case in CASES])

# ── what is read, and what is printed ────────────────────────────────────────────────────────────────────────────────


def wanted(gradients):
    return [line.split(" = ")[0].partition("/∂")[2] for line in gradients]


def derived(asked, gradients):
    expression, dims, assumed = asked
    network = network_of_text(expression, dims, assumed=assumed)
    return derive(network, [network.resolve(name) for name in wanted(gradients)], check=False)


@each_case
def test_the_shapes_are_inferred_and_the_gradients_printed(asked, plain, shapes, gradients):
    derivation = derived(asked, gradients)
    assert ", ".join(f"{name}: {show(item.shape)}" for name, item in derivation.network.inputs.items()) == shapes
    assert [repr(derivation[name]) for name in wanted(gradients)] == gradients


# ── what it is worth ─────────────────────────────────────────────────────────────────────────────────────────────────


def keeping(function):
    return lambda x, axis=None: function(np.asarray(x), axis=axis, keepdims=axis is not None)


def softmax(x, axis=None):
    axis = (0 if x.shape[1] == 1 else 1) if axis is None else axis
    shifted = np.exp(x - x.max(axis=axis, keepdims=True))
    return shifted / shifted.sum(axis=axis, keepdims=True)


def erf(x):
    return np.vectorize(math.erf)(x)


def above_zero(function):
    """Not a number elsewhere, as a logarithm is."""
    return np.vectorize(lambda x: float(function(x)) if x > 0 else math.nan, otypes=[float])


def of_eigenvalues(function):
    def made(a):
        values, vectors = np.linalg.eig(np.asarray(a, dtype=complex))
        return (vectors * function(values) @ np.linalg.inv(vectors)).real

    return made


gammaln = above_zero(math.lgamma)


class NumPy:
    """NumPy, in which sums along an axis keep it."""

    sum, mean, var = (staticmethod(keeping(getattr(np, name))) for name in ("sum", "mean", "var"))

    def __getattr__(self, name):
        return getattr(np, name)


FUNCTIONS = {
    name: getattr(np, name)
    for name in "exp log sqrt tanh sign maximum minimum where trace hstack vstack eye ones kron outer einsum".split()
}


def convolved(x, kernel, stride=(1, 1), padding=(0, 0), dilation=(1, 1)):
    """Examples × channels × height × width, window by window."""
    kernel, x = np.asarray(kernel), np.pad(np.asarray(x), [(0, 0), (0, 0), *((around, around) for around in padding)])
    high, wide = (step * (length - 1) + 1 for step, length in zip(dilation, kernel.shape[2:], strict=True))
    rows, columns = (range(0, length - room + 1, step) for length, room, step in zip(x.shape[2:], (high, wide), stride, strict=True))
    patches = [[x[:, :, r : r + high : dilation[0], c : c + wide : dilation[1]] for c in columns] for r in rows]
    return np.array([[np.tensordot(patch, kernel, ((1, 2, 3), (1, 2, 3))) for patch in row] for row in patches]).transpose(2, 3, 0, 1)


def pooled(x, size, stride, what):
    """The mean or the maximum over the windows along the last two axes."""
    x, over = np.asarray(x), {"mean": np.mean, "max": np.max}[what]
    rows, columns = (range(0, length - s + 1, step) for length, s, step in zip(x.shape[-2:], size, stride, strict=True))
    found = [[over(x[..., r : r + size[0], c : c + size[1]], axis=(-2, -1)) for c in columns] for r in rows]
    return np.moveaxis(np.array(found), (0, 1), (-2, -1))


FUNCTIONS |= {"convolved": convolved, "pooled": pooled}
FUNCTIONS |= {name: keeping(getattr(np, name)) for name in ("sum", "mean", "var")}
FUNCTIONS |= {name: getattr(np.linalg, name) for name in ("inv", "det", "matrix_power")}
FUNCTIONS |= {
    "norm": lambda x, order=None, axis=None: np.abs(x).sum() if order == 1 else np.sqrt(keeping(np.sum)(x * x, axis)),
    "relu": lambda x: np.maximum(x, 0),
    "leaky_relu": lambda x, slope: np.where(x > 0, x, slope * x),
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "silu": lambda x: x / (1 + np.exp(-x)),
    "gelu": lambda x: x * (1 + erf(x / 2**0.5)) / 2,
    "erf": erf,
    "gammaln": gammaln,
    "gamma": lambda x: np.exp(gammaln(x)),
    "digamma": above_zero(sympy.digamma),
    "expm": lambda x: sum(np.linalg.matrix_power(x, i) / math.factorial(i) for i in range(60)),
    "sqrtm": of_eigenvalues(np.sqrt),
    "logm": of_eigenvalues(np.log),
    "softmax": softmax,
    "logsumexp": lambda x, axis: np.log(np.exp(x).sum(axis=axis, keepdims=True)),
    "logdet": lambda x: np.linalg.slogdet(x)[1],
    "diag": lambda x: np.diagflat(x) if x.shape[1] == 1 else np.diagonal(x).reshape(-1, 1),
    "vec": lambda x: x.T.reshape(-1, 1),
    "np": NumPy(),
}


class Array(np.ndarray):
    """An array of two axes that stays one, where the method of NumPy would drop an axis."""

    def mean(self, axis=None):
        return np.asarray(self).mean(axis=axis, keepdims=axis is not None).view(Array)

    def __getitem__(self, at):
        at = at if isinstance(at, tuple) else (at,)
        return np.asarray(self)[tuple(slice(i, i + 1 or None) if isinstance(i, int) else i for i in at)].view(Array)


def point(network, seed=3):
    """Values of distinct sizes; square matrices are far from singular and have a positive determinant."""
    symbols = sorted({name for dim in network.dims for name in dim.symbols})
    sizes = dict(zip(symbols, (3, 4, 5, 2, 6, 7), strict=False))
    rng = np.random.default_rng(seed)
    values = {}
    for name, item in network.inputs.items():
        shape = tuple(int(dim.evaluate(sizes)) for dim in item.shape)
        value = rng.uniform(0.3, 1.2, shape) * rng.choice([-1, 1], shape) if shape else rng.uniform(0.5, 1.5)
        square = len(shape) > 1 and shape[-2] == shape[-1] > 1
        values[name] = having(item.properties, value + 3 * np.eye(shape[-1]) if square else value)
    return values


def having(properties, value):
    """The value made to have what is declared of it."""
    if "places" in properties:
        return (np.asarray(value) > 0).astype(float)
    if "mask" in properties:
        return (value > 0).astype(float)
    if "orthonormal" in properties:
        return np.linalg.qr(value)[0]
    if "diagonal" in properties:
        return value * np.eye(len(value))
    if "symmetric" in properties:
        turned = np.swapaxes(value, -1, -2)
        return value @ turned if "positive_definite" in properties else value + turned
    for axis in (0, 1):
        if f"one_hot:{axis}" in properties:
            return (np.abs(value) == np.abs(value).max(axis=axis, keepdims=True)).astype(float)
        if f"distribution:{axis}" in properties:
            return np.abs(value) / np.abs(value).sum(axis=axis, keepdims=True)
    return value


@each_case
def test_the_gradients_are_the_slopes_of_the_expression(asked, plain, shapes, gradients):
    derivation = derived(asked, gradients)
    data = json.loads(emit([derivation]))
    at = point(derivation.network)
    spelled = {item["name"]: item["identifier"] for item in data["inputs"]}

    def loss(values):
        arrays = {spelled[name]: np.asarray(value).view(Array) if np.ndim(value) else value for name, value in values.items()}
        return np.asarray(eval(plain, FUNCTIONS | arrays), dtype=float).item()

    with np.errstate(invalid="ignore"):
        if not np.isfinite(loss(at)):
            at = {name: np.abs(value) for name, value in at.items()}
    for gradient in data["gradients"]:
        if gradient["wanted"]:
            name = gradient["wrt"]
            value = np.asarray(eval(gradient["numpy"], {"np": np, **{spelled[n]: v for n, v in at.items()}}), dtype=float)
            slopes = differences(loss, {n: np.asarray(v, dtype=float) for n, v in at.items()}, name)
            close(value.reshape(slopes.shape) if value.size == 1 else value, slopes)


def test_an_exponential_that_is_asked_for_keeps_its_gradient():
    network = network_of_text("E = exp(Z); P = E/sum(E, axis=1); L = sum(P*Y)")
    assert repr(derive(network, ["Z"])["Z"]) == "∂L/∂Z = P ⊙ (Y − ((Y ⊙ P) 1) 1_dᵀ)"
    assert repr(derive(network, ["E"])["E"]) == "∂L/∂E = diag(1 ⊘ (E 1)) Y − (((Y ⊙ E) 1) ⊘ (E 1)^∘2) 1_dᵀ"


@pytest.mark.parametrize(
    "text, words",
    [
        (r"\|X\|_1", "sum of the absolute values"), ("‖X − B‖₁", "sum of the absolute values"), (r"\|Xw - y\|_1", ""),
        ("norm(X, 1)", "largest sum of a column"), ("norm(X - B.T, ord=1)", "largest sum of a column"), ("norm(x, 1)", ""),
    ],
)  # fmt: skip
def test_which_norm_was_read_is_told(text, words):
    remarks = network_of_text(text).remarks
    assert words in remarks[0] if words else not remarks


# ── what is refused ──────────────────────────────────────────────────────────────────────────────────────────────────

WRONG = [
    (*[part.strip() for part in (head + " |  | ").split(" | ")][:3], "\n".join(lines))
    for head, lines in blocks((DATA / "expression_errors.txt").read_text(encoding="utf-8"))
]


@pytest.mark.parametrize("expression, dims, assumed, message", WRONG, ids=[" | ".join(wrong[:3]) for wrong in WRONG])
def test_what_cannot_be_is_refused_with_its_place(expression, dims, assumed, message):
    with pytest.raises(SymgradError) as refused:
        derive(network_of_text(expression, dims, assumed=assumed))
    assert "\n".join(line.strip() for line in str(refused.value).splitlines()) == message


@pytest.mark.parametrize(
    "expression",
    [
        "x" + " + x" * 4000, "(" * 150 + "x" + ")" * 150, "-" * 300 + "x", "sum(" * 90 + "x" + ")" * 90, "x[" * 60 + "0" + "]" * 60,
        "x*" + "9" * 100, "x*1e999", "x**1e9", "x**(2**30)", "2**64**2*x", "x.T" * 500, "\0", "x\ud800", "eye(10**9)", "",
        ";" * 50, "=", "x = = y", "x == y", "x := 3", "f'{x}'", "x if y else z", "not x", "*x", "[x for x in y]", "x.__class__",
        "(lambda: 0)()", "x()", "x;y", "sum(*x)", "sum(**x)", "x[0:1:0]", "x[::2, None]", "...", "x[...]", "print(x)", "await x",
        "\\", "^", "\\frac", "\\frac{x}", "x^", "{}^{}", "\\|x", "\\sum", "$$", "\\begin{bmatrix}", "x^" * 200, "\\frac{" * 200, "‖",
        "A^{-1}",
        "\\|x\\|; \\|y\\|", "L = x^T x; L = y^T y", "\\def\\a{\\a\\a}\\a", "x^{9^{9^9}}", "|Xw - y|^2", "g(x) h(y)",
        "h(y) + 3x^2", "\\|f(x)\\|^2", "\\nabla L", "f(x)^2",
    ],
)  # fmt: skip
def test_nothing_that_is_typed_ends_in_a_traceback(expression):
    with pytest.raises(SymgradError) as refused:
        network_of_text(expression)
    assert str(refused.value)


@pytest.mark.parametrize(
    "text, formula",
    [
        (r"\|x\|", True),
        ("x^2", True),
        ("xᵀ A x", True),
        ("2 A x", True),
        ("x'Ax", True),
        ("x.T@A@x", False),
        ("sum(x", False),
        ("δ*x", False),
    ],
)
def test_what_is_no_numpy_is_a_formula(text, formula):
    assert is_formula(text) is formula


def test_shapes_are_declared_in_several_spellings():
    shapes = read_shapes("X: n,d; w: (d, 1)\nA: 3×k; b: [m]; k: scalar; c: n x 2; beta: 1,1;")
    assert {name: show(shape) for name, shape in shapes.items()} == {
        "X": "n×d", "w": "d×1", "A": "3×k", "b": "m", "k": "scalar", "c": "n×2", "beta": "1×1",
    }  # fmt: skip


@pytest.mark.parametrize("dims", ["X", "X:", "X: n,", "X: n,*k", "X: 0,2", "X: -1", "X: n; X: m", "1: n", "X: 99999999", "X: n+", ":"])
def test_a_shape_that_cannot_be_is_refused(dims):
    with pytest.raises(SymgradError, match="--dims:1:"):
        read_shapes(dims)


@pytest.mark.parametrize(
    "given, shape", [({}, "column"), ({"b": (1, 3)}, "row"), ({"b": (3, 1)}, "column")], ids=["nothing", "a row", "a column"]
)
def test_the_shape_of_a_given_value_says_what_a_vector_is(given, shape):
    rows, cols = network_of_text("sum(A + 2*b) + sum(b*b)" if given else "sum(b)", given=given).inputs["b"].shape
    assert (rows.is_one, cols.is_one) == (shape == "row", shape == "column")


def test_a_deep_network_is_read_in_the_time_of_its_size():
    layers = "; ".join(f"h{i} = tanh(W{i}@{'x' if i == 1 else f'h{i - 1}'} + b{i})" for i in range(1, 13))
    network = network_of_text(f"{layers}; sum((h12 - y)**2)")
    assert all(network.inputs[f"b{i}"].shape[1].is_one for i in range(1, 13))
