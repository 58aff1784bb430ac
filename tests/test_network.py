"""A network: what is declared and defined, which shapes go together, what sizes must meet, and what is given."""

import re
from fractions import Fraction

import numpy as np
import pytest
import sympy as sp

from symgrad import Network, derive, dimensions, hadamard, mean, relu, reshape, softmax, square, sum, tanh, unfold
from symgrad.dims import show
from symgrad.emit import text
from symgrad.errors import InvalidGiven, InvalidNetwork, ShapeError, UnknownName, Unsupported
from symgrad.library import load
from symgrad.solution import document, entries

n, m, k, d = dimensions("n m k d")
A, B = sp.MatrixSymbol("A", n, m), sp.MatrixSymbol("B", n, m)


def layer():
    """Least squares behind one layer: parameters W and b, data X and y."""
    net = Network("a layer")
    X, y = net.data("X", n, d), net.data("y", n, 1)
    W, b = net.parameter("W", d, 1), net.parameter("b")
    h = net.define("h", tanh(X * W), about="the hidden units")
    net.define("L", mean(square(y - b * h)))
    return net


def refused(error, message):
    return pytest.raises(error, match=f"^{re.escape(message)}$")


# ── definitions and roles ────────────────────────────────────────────────────────────────────────────────────────────


def test_a_network_prints_as_its_inputs_and_definitions():
    assert str(layer()).splitlines() == [
        "a layer",
        "  X  data       n×d",
        "  y  data       n×1",
        "  W  parameter  d×1",
        "  b  parameter  scalar",
        "  h = tanh(X W)  n×1",
        "  L = mean((y − b h)^∘2)  scalar",
    ]


def test_a_network_shows_itself_as_latex():
    assert layer()._repr_latex_().startswith(r"$\begin{aligned}h &= \tanh\left(X W\right) \\ L &= ")


def test_the_parameters_are_wanted_and_the_last_scalar_is_the_loss():
    net = layer()
    assert net.default_wrt() == ["W", "b"] == [item.name for item in net.parameters]
    assert net.default_of() == "L"
    assert net.definitions["h"].about == "the hidden units"
    net.define("z", 2 * net.sympy("X"))
    assert net.default_of() is None
    assert Network().default_of() is None


def test_without_roles_every_input_is_wanted_but_masks():
    plain = Network("plain", {"Z": A + B, "L": sum(square(A * B.T))})
    assert plain.default_wrt() == ["A", "B"]
    assert {item.role for item in plain.inputs.values()} == {"input"}
    masked = Network()
    M, x = masked.mask("M", n, m), masked.data("x", n, m)
    masked.define("L", sum(hadamard(M, x)))
    assert masked.default_wrt() == ["x"]
    assert masked.inputs["M"].properties == {"mask"}


def test_every_name_knows_who_uses_it():
    assert layer().uses == {"X": ["h"], "y": ["L"], "W": ["h"], "b": ["L"], "h": ["L"], "L": []}


def test_what_is_known_of_inputs_and_of_definitions_is_a_fact():
    net = Network()
    S, p = net.data("S", n, n, symmetric=True, positive=False), net.data("p", n, k, distribution=1)
    q = net.define("q", softmax(S * p, 1))
    net.define("L", sum(hadamard(p, q)))
    assert net.facts.properties["S"] == {"symmetric"}
    assert net.facts.properties["p"] == net.facts.properties["q"] == {"distribution:1"}


@pytest.mark.parametrize("spelling", ["W^E", "W_E", "W^{E}"])
def test_a_name_is_found_in_another_spelling(spelling):
    net = Network()
    net.parameter("W^E", n, m)
    assert net.resolve(spelling) == "W^E"


def test_a_name_of_two_spellings_is_not_guessed():
    net = Network()
    net.parameter("W^o", n, m), net.parameter("W_{o}", n, m)
    assert net.resolve("W^o") == "W^o"
    with pytest.raises(UnknownName):
        net.resolve("Wo")


@pytest.mark.parametrize(
    "change, error, message",
    [
        (lambda net: net.define("h", A), InvalidNetwork, "h is defined twice; a definition is written once"),
        (lambda net: net.data("W", n), InvalidNetwork, "W is defined twice; a definition is written once"),
        (lambda net: net.define("", A), InvalidNetwork, "'' cannot be a name"),
        (lambda net: net.define("∂L/∂W", A), InvalidNetwork, "'∂L/∂W' cannot be a name"),
        (lambda net: net.define("W^{(h", A), InvalidNetwork, "'W^{(h' cannot be a name"),
        (lambda net: net.define("z", 3), InvalidNetwork, "a definition needs a SymPy expression, not 3"),
        (lambda net: net.define("z", "X"), InvalidNetwork, "a definition needs a SymPy expression, not 'X'"),
        (lambda net: net.data("z", n, symetric=True), InvalidNetwork, "symgrad knows no property 'symetric'; did you mean symmetric?"),
        (lambda net: net.data("z", 0, n), InvalidNetwork, "z cannot be 0×n: a size is a whole number, at least 1"),
        (lambda net: net.data("z", n, -2), InvalidNetwork, "z cannot be n×-2: a size is a whole number, at least 1"),
        (lambda net: net.data("z", n - n), InvalidNetwork, "z cannot be 0: a size is a whole number, at least 1"),
        (lambda net: net.data("z", sp.Rational(1, 2)), InvalidNetwork, "z cannot be 1/2: a size is a whole number, at least 1"),
        (lambda net: net.data("z", sp.pi), Unsupported, "a dimension must be a polynomial in sizes, not pi"),
        (lambda net: net.resolve("w_"), UnknownName, "the network has no w_; did you mean W?"),
        (lambda net: derive(net, of="W"), UnknownName, "the network has no W; there are: h, L"),
        (lambda net: derive(Network()), InvalidNetwork, "the network has no definitions"),
    ],
)
def test_a_network_that_cannot_be_is_refused_and_left_as_it_was(change, error, message):
    net = layer()
    before = str(net)
    with refused(error, message):
        change(net)
    assert str(net) == before


# ── clashes ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "expression, message",
    [
        (A * B, "a matrix product of n×m and n×m: m columns do not meet n rows\n  where A is n×m, B is n×m"),
        (sp.MatAdd(A, B.T), "a sum of n×m and m×n: n is not m\n  where A is n×m, Bᵀ is m×n"),
        (sp.HadamardProduct(A.T, B), "a Hadamard product of m×n and n×m: m is not n\n  where Aᵀ is m×n, B is n×m"),
        (sp.MatrixSymbol("W", n, m), "W is used as n×m, it is d×1"),
    ],
    ids=["product", "sum", "hadamard", "symbol"],
)
def test_a_clash_names_the_definition_the_operands_and_their_shapes(expression, message):
    with refused(ShapeError, f"in the definition of z: {message}"):
        layer().define("z", expression)


# ── shapes and sizes ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_definition_has_the_shape_of_its_expression():
    net = load("cnn-rnn")
    shapes = {name: show(net.symbol_shape(name)) for name in ("X_i", "C", "c_2", "h_3", "W^{(h)}", "L")}
    assert shapes == {"X_i": "k·m×d", "C": "(k·m/2)×32", "c_2": "1×32", "h_3": "1×d", "W^{(h)}": "(d + 32)×d", "L": "1×1"}
    assert net.symbol_shape("nothing") is None


def test_what_sizes_must_meet_comes_from_the_shapes_and_from_what_is_required():
    conditions = load("cnn-rnn").conditions
    assert [str(c) for c in conditions] == ["k·m is even", "k·m/2 = 3"]
    assert [c.because for c in conditions] == ["", "the recurrence takes one step a row of `C`"]
    even, three = conditions
    assert even.holds({"k": 2, "m": 5}) and not even.holds({"k": 3, "m": 5})
    assert three.holds({"k": 2, "m": 3}) and not three.holds({"k": 2, "m": 5})


@pytest.mark.parametrize(
    "width, stride, rows, condition", [(2, 2, "k·m/2", "k·m is even"), (2, 1, "k·m - 1", None), (3, 3, "k·m/3", "k·m is divisible by 3")]
)
def test_a_convolution_asks_for_sizes_that_it_divides(width, stride, rows, condition):
    net = Network()
    words = net.define("X_i", reshape(net.data("X", m, k, d), m * k, d))
    C = net.define("C", relu(unfold(words, width, stride) * net.parameter("F", width * d, 32)))
    assert show(net.symbol_shape("C")) == (f"({rows})×32")
    assert sp.expand(C.shape[0] - sp.sympify(rows.replace("·", "*"))).subs({"k": k, "m": m}) == 0
    assert [str(c) for c in net.conditions] == ([condition] if condition else [])


def test_given_values_settle_sizes_through_what_is_written_of_them():
    net = Network()
    net.data("x", 2 * n + 1, m * k, value=np.ones((7, 12)))
    assert net.sizes == {"n": 3}
    net.data("y", k, 1, value=[1, 2, 3])
    assert net.sizes == {"n": 3, "k": 3}
    net.data("z", m * k, 1, value=[[i] for i in range(12)])
    assert net.sizes == {"n": 3, "k": 3, "m": 4}


def test_what_is_required_settles_sizes():
    net = layer()
    net.require(n, 5, because="five rows are written out")
    assert net.sizes == {"n": 5}


# ── parameter counts ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_parameters_are_counted_and_a_layer_with_its_bias_together():
    page = text.emit(document(derive(load("cnn-rnn"), check=False)))
    table = page.partition("  parameter   shape ")[2].partition("\n\n")[0].splitlines()[2:]
    counts = {cells[0]: cells[-1] for cells in (re.split(r" {3,}", line.strip()) for line in table)}
    assert counts["F"] == "64d"
    assert counts["β"] == "32"
    assert counts["W^(h)"] == "d² + 32d"
    assert counts["F and β"] == "64d + 32 = 32(2d + 1)"
    assert counts["total"] == "d² + 97d + 32"


def test_the_count_of_entries_is_the_product_of_the_sizes():
    net = layer()
    assert [str(entries(item.shape)) for item in net.parameters] == ["d", "1"]


# ── given values ─────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "value, rows",
    [
        ([[1, 2], [3, 4]], ((1, 2), (3, 4))),
        ([[0.1, "2/3"]], ((Fraction(1, 10), Fraction(2, 3)),)),
        (np.array([[1, 2]]), ((1, 2),)),
        (sp.Matrix([[1, sp.Rational(1, 3)]]), ((1, Fraction(1, 3)),)),
        (((1, 2),), ((1, 2),)),
    ],
)
def test_a_value_is_kept_exactly(value, rows):
    net = Network()
    net.data("x", n, 2, value=value)
    assert net.inputs["x"].value == rows


def test_a_plain_list_is_a_column_and_a_plain_number_a_scalar():
    net = Network()
    net.data("x", n, 1, value=[1, 2, 3]), net.parameter("s", value=0.5)
    assert net.inputs["x"].value == ((1,), (2,), (3,))
    assert net.inputs["s"].value == ((Fraction(1, 2),),)


WRONG = [
    ([[1, 2], [3]], "the value given for x needs rows of one length"),
    ([1, [2]], "the value given for x has an entry that is no number"),
    ([], "the value given for x is empty"),
    ([[]], "the value given for x needs rows of one length"),
    ("many", "the value given for x has an entry that is no number"),
    ([[True]], "the value given for x has an entry that is no number"),
    ([[1j]], "the value given for x has an entry that is no number"),
    ([[float("nan")]], "the value given for x has an entry that is no number"),
    ([["1/0"]], "the value given for x has an entry that is no number"),
    ([[1, 2, 3]], "the value given for x is 1×3, but x is n×2"),
    ([[1, 2]], "the value given for x is 1×2, but x is n×2 with n = 3"),
]


@pytest.mark.parametrize("value, message", WRONG, ids=[f"{value}" for value, _ in WRONG])
def test_a_value_that_does_not_fit_is_refused_and_the_name_stays_free(value, message):
    net = Network()
    if "n = 3" in message:
        net.data("y", n, 1, value=[1, 2, 3])
    with refused(InvalidGiven, message):
        net.data("x", n, 2, value=value)
    assert "x" not in net
    net.data("x", n, 2, value=[[1, 2]] * 3)


def test_a_value_for_more_than_two_axes_is_refused():
    with refused(InvalidGiven, "x has 3 axes; a value can be given for a matrix or a scalar"):
        Network().data("x", n, m, k, value=[1])


def test_giving_values_leaves_the_network_as_it_was():
    net = layer()
    known = net.given({"X": [[1, 2], [3, 4], [5, 6]]})
    assert known.sizes == {"n": 3, "d": 2} and net.sizes == {}
    assert known.inputs["X"].value and net.inputs["X"].value is None
    known.define("K", sum(known.sympy("h")))
    known.require(d, 2)
    assert "K" not in net and not net.conditions
    assert derive(known, of="K")["W"].shape == derive(net)["W"].shape


def test_a_value_replaces_the_one_there_was():
    net = layer().given({"b": 2}).given({"b": "7/2"})
    assert net.inputs["b"].value == ((Fraction(7, 2),),)


def test_values_are_given_to_inputs_only():
    with refused(UnknownName, "the network has no h; there are: X, y, W, b"):
        layer().given({"h": 1})


def test_what_is_given_is_computed_with():
    derivation = derive(layer(), given={"X": [[0, 0], [0, 0]], "W": [1, 2], "b": 3, "y": [1, 5]})
    assert derivation.values["h"].rows == ((0,), (0,))
    assert derivation.values["L"].rows == ((13,),)
