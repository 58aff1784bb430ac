"""A name in its three spellings: LaTeX, terminal text, Python."""

import keyword
import re
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from symgrad import names

SPELLINGS = [
    # name, LaTeX, text, Python
    ("x", "x", "x", "x"),
    ("W1", "W_{1}", "W1", "W1"),
    ("W_1", "W_{1}", "W₁", "W_1"),
    ("h_12", "h_{12}", "h₁₂", "h_12"),
    ("h₁", "h_{1}", "h₁", "h1"),
    ("W^E", "W^{E}", "W^E", "W_E"),
    ("W^{(h)}", "W^{(h)}", "W^(h)", "W_h"),
    ("W_{hy}", "W_{hy}", "W_hy", "W_hy"),
    ("h_{t-1}", "h_{t-1}", "hₜ₋₁", "h_t_1"),
    ("alpha", r"\alpha", "α", "alpha"),
    ("δ", r"\delta", "δ", "delta"),
    (r"\delta_2", r"\delta_{2}", "δ₂", "delta_2"),
    ("lambda", r"\lambda", "λ", "lambda_"),
    (r"\hat{y}", r"\hat{y}", "ŷ", "y_hat"),
    ("ŷ", r"\hat{y}", "ŷ", "y_hat"),
    ("y_hat", r"\hat{y}", "ŷ", "y_hat"),
    ("loss", r"\mathrm{loss}", "loss", "loss"),
    (r"\mathcal{L}", r"\mathcal{L}", "L", "L"),
    (r"\mathbf{W}_1", r"\mathbf{W}_{1}", "W₁", "W_1"),
    ("class", r"\mathrm{class}", "class", "class_"),
    ("np", r"\mathrm{np}", "np", "np_"),
    ("∂L/∂h_1", r"\frac{\partial L}{\partial h_{1}}", "∂L/∂h₁", "dL_dh_1"),
    (names.tangent("h_1"), r"\mathrm{d}h_{1}", "dh₁", "dh_1"),
]


@pytest.mark.parametrize("name, latex, text, python", SPELLINGS)
def test_spellings(name, latex, text, python):
    assert (names.latex(name), names.text(name)) == (latex, text)
    if not name.startswith(names.tangent("")):
        assert names.identifier(name) == python


HEADS = st.sampled_from(
    ["W", "x", "h", "loss", "alpha", "δ", r"\delta", r"\hat{y}", "ŷ", "y_hat", "class", "np", r"\mathbf{z}", "ell", "é"]
)
SCRIPTS = st.sampled_from(["", "_1", "_12", "^E", "^{(h)}", "_{t-1}", "_{hy}", "1", "₂", "_{i,j}", "^{\\prime}"])
written = st.tuples(HEADS, SCRIPTS).map("".join)
fixed = settings(deadline=None, derandomize=True)


def balanced(text):
    depth = 0
    for char in re.sub(r"\\[{}]", "", text):
        depth += (char == "{") - (char == "}")
        if depth < 0:
            return False
    return depth == 0


@fixed
@given(written, written)
def test_every_name_has_all_three(name, other):
    for each in (name, names.gradient(name, other), names.tangent(name)):
        assert names.latex(each) and balanced(names.latex(each))
        assert names.text(each) and "\\" not in names.text(each) and "{" not in names.text(each)
    for each in (name, names.gradient(name, other)):
        python = names.identifier(each)
        assert python.isidentifier() and not keyword.iskeyword(python) and python != "np"


@fixed
@given(st.text(min_size=1, max_size=8))
def test_any_text_has_an_identifier(name):
    python = names.identifier(name)
    assert python.isidentifier() and not keyword.iskeyword(python)


@fixed
@given(st.lists(written, unique=True, max_size=12))
def test_distinct_names_have_distinct_identifiers(listed):
    chosen = names.identifiers(listed)
    assert list(chosen) == listed
    assert len({unicodedata.normalize("NFKC", python) for python in chosen.values()}) == len(listed)
    assert all(python.isidentifier() for python in chosen.values())


@fixed
@given(st.lists(st.text(min_size=1, max_size=3), unique=True, max_size=6))
def test_distinct_texts_are_distinct_to_python(listed):
    chosen = names.identifiers(listed)
    assert len({unicodedata.normalize("NFKC", python) for python in chosen.values()}) == len(listed)


def test_letters_that_python_takes_for_one_are_kept_apart():
    assert names.identifiers(["x", "𝐱", "ﬁ", "fi"]) == {"x": "x", "𝐱": "x_2", "ﬁ": "fi", "fi": "fi_2"}


def test_a_clash_gets_a_number_that_is_free():
    assert names.identifiers(["W^o", "W_o", "W_o_2"]) == {"W^o": "W_o", "W_o": "W_o_2", "W_o_2": "W_o_2_2"}


def test_a_gradient_is_taken_apart():
    name = names.gradient("L", r"\hat{y}")
    assert names.gradient_of(name).groupdict() == {"of": "L", "wrt": r"\hat{y}"}
    assert names.gradient_of("L") is None
    assert names.latex(names.gradient("L", "W^E")) == r"\frac{\partial L}{\partial W^{E}}"


@pytest.mark.parametrize("name, found", [("h_3", ("h_{}", 3)), ("h_{12}", ("h_{}", 12)), ("h", None), ("h_t", None), ("W_{hy}", None)])
def test_the_step_of_a_name(name, found):
    assert names.step_index(name) == found


@pytest.mark.parametrize("name", ["h_3", r"\hat{y}_3", "∂L/∂h_3", names.tangent("h_3")])
def test_a_step_is_put_back(name):
    stem, number = names.step_index(name)
    assert names.latex(names.at_step(stem, str(number))) == names.latex(name)
    assert names.at_step(stem, "t-1").endswith("_{t-1}")
