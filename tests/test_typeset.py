"""What is written out: names as the user wrote them, brackets where precedence asks for them, pages of 80 columns."""

import re
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import sympy
from evaluating import close, dims, lengths
from hypothesis import given, settings
from hypothesis import strategies as st

import symgrad
from symgrad import derive, dimensions, names
from symgrad.derivation import Value
from symgrad.emit import text as page
from symgrad.form import apply, number, symbol
from symgrad.library import load, parts_of, shipped
from symgrad.op import Prec
from symgrad.solution import document, paper_document
from symgrad.sympyforms import to_form
from symgrad.sympyops import Symbol
from symgrad.typeset import Typesetter, fraction_latex, latex, text

n, m, k = dimensions("n m k")
SYMBOLS = {"A": (n, m), "B": (n, m), "C": (m, k), "S": (n, n), "R": (n, n), "u": (n, 1), "v": (n, 1), "y": (n, 1), "q": (1, 1)}
SPACE = {name: getattr(symgrad, name) for name in symgrad.__all__} | {name: Symbol(name, *shape) for name, shape in SYMBOLS.items()}
SPACE |= {name: getattr(sympy, name) for name in ("Inverse", "Rational", "Float", "Trace", "Matrix", "Identity")}
SPACE |= {"n": n, "m": m, "a": sympy.Symbol("a"), "b": sympy.Symbol("b"), "c": Symbol("W^2", 1, 1)}
SPACE |= {"W": Symbol("W^{(h)}", n, n), "h": Symbol("h_{t-1}", n, 1), "yh": Symbol(r"\hat{y}", n, 1)}

LINES = (Path(__file__).parent / "data" / "typeset.txt").read_text(encoding="utf-8").splitlines()
CASES = [tuple(part.strip() for part in line.split("=>")) for line in LINES if line and not line.startswith("#")]


@pytest.mark.parametrize("source, plain, tex", CASES, ids=[source for source, _, _ in CASES])
def test_an_expression_is_written_as_a_textbook_writes_it(source, plain, tex):
    form = to_form(eval(source, dict(SPACE)), sizes=frozenset("nmk"))
    assert text(form) == plain
    assert latex(form) == tex


def test_a_differential_keeps_its_distance_in_latex():
    """dh W^o would read as d(h W^o)."""
    d = dims("n k m")
    x, h, W = symbol("x", d[:2]), symbol(names.tangent("h"), d[:2]), symbol("W", d[1:])
    dW = symbol(names.tangent("W"), d[1:])
    assert latex(apply("matmul", [h, W])) == r"\mathrm{d}h \, W"
    assert latex(apply("matmul", [x, dW])) == r"x \, \mathrm{d}W"
    assert latex(apply("scale", [number(2), dW])) == r"2 \, \mathrm{d}W"
    assert latex(apply("matmul", [x, W])) == "x W" and text(apply("matmul", [h, W])) == "dh W"


# ── names ────────────────────────────────────────────────────────────────────────────────────────────────────────────

NAMES = [
    # name, text, transposed, squared, LaTeX, transposed, squared
    ("W", "W", "Wᵀ", "W^∘2", "W", r"W^{\top}", r"W^{\odot 2}"),
    ("W^E", "W^E", "W^Eᵀ", "(W^E)^∘2", "W^{E}", r"W^{E\top}", r"\left(W^{E}\right)^{\odot 2}"),
    ("W^{(h)}", "W^(h)", "W^(h)ᵀ", "(W^(h))^∘2", "W^{(h)}", r"W^{(h)\top}", r"\left(W^{(h)}\right)^{\odot 2}"),
    ("W^{(l)}_{ij}", "W^(l)ᵢⱼ", "W^(l)ᵢⱼᵀ", "(W^(l)ᵢⱼ)^∘2", "W^{(l)}_{ij}", r"W^{(l)\top}_{ij}", r"\left(W^{(l)}_{ij}\right)^{\odot 2}"),
    ("h_{t-1}", "hₜ₋₁", "hₜ₋₁ᵀ", "hₜ₋₁^∘2", "h_{t-1}", r"h_{t-1}^{\top}", r"h_{t-1}^{\odot 2}"),
    ("h^{(l-1)}", "h^(l−1)", "h^(l−1)ᵀ", "(h^(l−1))^∘2", "h^{(l-1)}", r"h^{(l-1)\top}", r"\left(h^{(l-1)}\right)^{\odot 2}"),
    (r"\hat{y}", "ŷ", "ŷᵀ", "ŷ^∘2", r"\hat{y}", r"\hat{y}^{\top}", r"\hat{y}^{\odot 2}"),
    (r"\mathcal{L}", "L", "Lᵀ", "L^∘2", r"\mathcal{L}", r"\mathcal{L}^{\top}", r"\mathcal{L}^{\odot 2}"),
    ("W_beta", "W_β", "W_βᵀ", "W_β^∘2", r"W_{\beta}", r"W_{\beta}^{\top}", r"W_{\beta}^{\odot 2}"),
    ("h'", "h'", "h'ᵀ", "h'^∘2", "h'", r"h'^{\top}", r"h'^{\odot 2}"),
    ("∂L/∂h_1", "∂L/∂h₁", "(∂L/∂h₁)ᵀ", "(∂L/∂h₁)^∘2", r"\frac{\partial L}{\partial h_{1}}",
     r"\left(\frac{\partial L}{\partial h_{1}}\right)^{\top}", r"\left(\frac{\partial L}{\partial h_{1}}\right)^{\odot 2}"),
]  # fmt: skip


@pytest.mark.parametrize("name, plain, turned, squared, tex, tex_turned, tex_squared", NAMES, ids=[row[0] for row in NAMES])
def test_a_name_takes_a_transpose_and_a_power(name, plain, turned, squared, tex, tex_turned, tex_squared):
    x = symbol(name, dims("n m"))
    forms = [x, apply("transpose", [x]), apply("square", [x])]
    assert [text(form) for form in forms] == [plain, turned, squared]
    assert [latex(form) for form in forms] == [tex, tex_turned, tex_squared]


def test_a_gradient_is_in_parentheses_beside_factors_only():
    g, x = symbol("∂L/∂z", dims("n 1")), symbol("x", dims("m 1"))
    assert text(apply("matmul", [g, apply("transpose", [x])])) == "(∂L/∂z) xᵀ"
    assert text(apply("hadamard", [g, g])) == "∂L/∂z ⊙ ∂L/∂z"
    assert text(apply("add", [g, g])) == "∂L/∂z + ∂L/∂z"
    assert latex(apply("hadamard", [g, g])) == r"\frac{\partial L}{\partial z} \odot \frac{\partial L}{\partial z}"


def test_shapes_stand_beside_symbols_and_their_transposes():
    x = symbol("x", dims("n m"))
    form = apply("matmul", [apply("transpose", [x]), x])
    assert text(form, shapes=True) == "xᵀ⟨m×n⟩ x⟨n×m⟩"
    assert latex(form, shapes=True) == r"\underset{m \times n}{x^{\top}} \underset{n \times m}{x}"


# ── numbers ──────────────────────────────────────────────────────────────────────────────────────────────────────────

D, N = dims("d")[0], dims("n")[0]
NUMBERS = [
    (number(2), "2", "2"),
    (number(-3), "−3", "-3"),
    (number(Fraction(-1, 2)), "−1/2", r"-\frac{1}{2}"),
    (number(1, ((N, 1),)), "n", "n"),
    (number(1, ((N, -1),)), "1/n", r"\frac{1}{n}"),
    (number(Fraction(-2, 3), ((N, -1),)), "−2/(3·n)", r"-\frac{2}{3 \, n}"),
    (number(1, ((D + 1, 1), (N, -2))), "(d + 1)/n^2", r"\frac{d + 1}{n^{2}}"),
    (number(2, ((D + 1, 1), (N + 2, -1))), "2·(d + 1)/(n + 2)", r"\frac{2 \, (d + 1)}{n + 2}"),
    (number(1, ((D + 1, -1), (N + 2, -1))), "1/((d + 1)·(n + 2))", r"\frac{1}{(d + 1) \, (n + 2)}"),
    (number(1, ((D + 1, -2),)), "1/(d + 1)^2", r"\frac{1}{(d + 1)^{2}}"),
]  # fmt: skip


@pytest.mark.parametrize("form, plain, tex", NUMBERS, ids=[plain for _, plain, _ in NUMBERS])
def test_a_number_with_sizes(form, plain, tex):
    assert (text(form), latex(form)) == (plain, tex)


def test_fractions_in_a_matrix_are_small():
    assert [fraction_latex(Fraction(x)) for x in ("3", "-2", "1/2", "-3/4")] == ["3", "-2", r"\tfrac{1}{2}", r"-\tfrac{3}{4}"]


# ── precedence ───────────────────────────────────────────────────────────────────────────────────────────────────────

PYTHON = Typesetter("numpy", str, str)
leaf = st.sampled_from("xyz").map(lambda name: symbol(name, dims("n n")))


def grown(inner):
    pair = st.tuples(inner, inner)
    return st.one_of(
        *(pair.map(lambda two, op=op: apply(op, two)) for op in ("add", "hadamard", "matmul")),
        st.tuples(st.sampled_from([2, -1, Fraction(1, 3)]), inner).map(lambda two: apply("scale", [number(two[0]), two[1]])),
        *(inner.map(lambda one, op=op: apply(op, [one])) for op in ("transpose", "square", "tanh")),
    )


forms = st.recursive(leaf, grown, max_leaves=8)


MEANING = {
    "add": np.add, "hadamard": np.multiply, "matmul": np.matmul, "scale": np.multiply,
    "transpose": np.transpose, "square": np.square, "tanh": np.tanh,
}  # fmt: skip


def value(form, at):
    if form.op == "symbol":
        return at[form.name]
    return float(form.value) if form.op == "number" else MEANING[form.op](*(value(arg, at) for arg in form.args))


@settings(deadline=None, derandomize=True, max_examples=300)
@given(forms)
def test_numpy_read_back_is_what_was_written(form):
    """Parentheses are right when Python, reading the line, computes what the form is."""
    rng = np.random.default_rng(6)
    at = {name: rng.uniform(-1, 1, lengths(dims("n n"))) for name in "xyz"}
    line = PYTHON.write(form)
    close(eval(line, {"np": np, **at}), value(form, at))


@settings(deadline=None, derandomize=True, max_examples=300)
@given(forms)
def test_parentheses_balance_and_the_whole_can_be_an_atom(form):
    for typesetter, opening, closing in ((text, "(", ")"), (latex, r"\left(", r"\right)")):
        line = typesetter(form)
        depths = np.cumsum([(line[i:].startswith(opening)) - (line[i:].startswith(closing)) for i in range(len(line))])
        assert depths.min(initial=0) == 0 and depths[-1] == 0
    whole = PYTHON.write(form, Prec.ATOM)
    assert whole in (PYTHON.write(form), f"({PYTHON.write(form)})")
    assert not re.search(r"\(\(([^()]*)\)\)", text(form))


# ── pages ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def printed(name, shapes=False, layout="denominator", **settings):
    found = load(name, settings)
    worked = [(part, derive(part.network, part.wrt, part.of, layout=layout, check=False)) for part in parts_of(found)]
    made = paper_document(found.title, worked) if hasattr(found, "parts") else document(worked[0][1])
    return page.emit(made, shapes)


@pytest.mark.parametrize("name", shipped())
@pytest.mark.parametrize("options", [{}, {"shapes": True}, {"layout": "numerator"}], ids=str)
def test_a_page_is_80_columns_wide(name, options):
    lines = printed(name, **options).splitlines()
    assert max(map(page.columns, lines)) <= 80
    assert all(line == line.rstrip() for line in lines)


def test_a_long_network_is_80_columns_wide():
    assert max(map(page.columns, printed("rnn", T=12).splitlines())) <= 80


GRIDS = [
    ([[1, -7], [18, 0]], "⎡ 1  −7⎤\n⎣18   0⎦"),
    ([[1], [Fraction(-1, 2)], [100]], "⎡   1⎤\n⎢−1/2⎥\n⎣ 100⎦"),
    ([[1, 2, 3]], "[1  2  3]"),
    ([[5]], "5"),
    ([[0.1 + 0.2, 12345.678]], "[0.3  12345.7]"),
]


@pytest.mark.parametrize("rows, shown", GRIDS, ids=[shown for _, shown in GRIDS])
def test_a_matrix_is_aligned_in_columns(rows, shown):
    assert "\n".join(page.grid(Value(tuple(map(tuple, rows))))) == shown


def test_a_matrix_has_its_sign_at_its_middle():
    lines = printed("relu-layer").splitlines()
    middle = next(i for i, line in enumerate(lines) if re.search(r" = ⎢", line))
    column = lines[middle].index("⎢")
    assert lines[middle - 1][column] == "⎡" and lines[middle + 1][column] in "⎢⎣"


BREAKS = [
    ("a + b", 10, ["a + b"]),
    ("alpha b + c d (e + f)", 16, ["alpha b", "+ c d (e + f)"]),
    ("f(alpha + beta) (gamma + delta)", 20, ["f(alpha + beta)", "(gamma + delta)"]),
    ("alphabetagamma", 5, ["alphabetagamma"]),
]


@pytest.mark.parametrize("line, width, pieces", BREAKS, ids=[line for line, _, _ in BREAKS])
def test_a_formula_is_broken_at_its_outermost_level(line, width, pieces):
    assert page.broken(line, width) == pieces


def test_a_column_is_a_letter_with_its_accents():
    assert page.columns("h̃₃") == 2 and page.columns("ŷ") == 1
