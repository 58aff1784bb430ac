"""Stationary points: solved as in a textbook, and places where the loss has no slope by differences."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from evaluating import SIZES, differences, lengths
from test_gradients import network, point, read

from symgrad import derive
from symgrad.derivation import Derivation
from symgrad.emit import json
from symgrad.emit import numpy as code
from symgrad.errors import SymgradError, Unsupported
from symgrad.evaluate import compiled
from symgrad.numpycode import Program
from symgrad.typeset import text

BLOCKS = (Path(__file__).parent / "data" / "stationary.txt").read_text(encoding="utf-8").strip().split("\n\n")[1:]
CASES = [(title, source, name, expected) for title, source, lines in map(read, BLOCKS) for name, expected in lines.items()]
SOLVED = [case for case in CASES if not case[3].startswith("refused")]
REFUSED = [case for case in CASES if case[3].startswith("refused")]


def cases(chosen):
    return pytest.mark.parametrize("source, name, expected", [case[1:] for case in chosen], ids=[f"{c[0]}-{c[2]}" for c in chosen])


def solved(source, name) -> Derivation:
    return derive(network(source), [name], kinds=["stationary"])


@cases(SOLVED)
def test_they_are_printed_as_in_a_textbook(source, name, expected):
    (found,) = solved(source, name).further
    assert text(found.form) == expected
    assert found.check.holds and found.check.points == 4


@cases(SOLVED)
def test_the_loss_has_no_slope_there(source, name, expected):
    net = network(source)
    (found,) = solved(source, name).further
    at = {n: value for n, value in point(net).items() if n != name}
    given = {n: i.shape for n, i in net.inputs.items()}
    place = compiled(Program({n: shape for n, shape in given.items() if n != name}, (("there", found.form),), sizes=SIZES)).run(at, {})[
        "there"
    ]
    run = compiled(Program(given, tuple((d.name, d.form) for d in net.definitions.values()))).run
    start = np.asarray(place, dtype=float).reshape(lengths(net.symbol_shape(name)))
    slope = differences(lambda p: np.asarray(run(p, {})["L"], dtype=float).item(), {**at, name: start}, name)
    elsewhere = differences(lambda p: np.asarray(run(p, {})["L"], dtype=float).item(), {**at, name: start + 1}, name)
    assert np.max(np.abs(slope)) < 1e-6 * np.max(np.abs(elsewhere))


@cases(REFUSED)
def test_what_is_out_of_reach_is_refused_and_said(source, name, expected):
    with pytest.raises(Unsupported, match=expected.removeprefix("refused: ")):
        solved(source, name)


SOURCES = {title: source for title, source, _, _ in CASES}
LEAST_SQUARES, RIDGE = SOURCES["least squares"], SOURCES["ridge regression"]


def test_the_normal_equations_are_a_step():
    assert "Xᵀ X w = Xᵀ y" in str(solved(LEAST_SQUARES, "w"))


def test_an_inverse_that_is_only_applied_is_a_solve():
    derivation = solved(LEAST_SQUARES, "w")
    assert "w_star = np.linalg.solve(X.T @ X, X.T @ y)" in code.emit(derivation)
    assert json.as_data(derivation)["further"][0]["numpy"] == "np.linalg.solve(X.T @ X, X.T @ y)"


def test_so_is_one_that_is_applied_from_the_right():
    (found,) = json.as_data(solved(SOURCES["a factorisation, one factor at a time"], "U"))["further"]
    assert found["numpy"] == "np.linalg.solve((V @ V.T).T, (A @ V.T).T).T"


def test_where_some_names_have_none_it_is_said():
    source = 'x, a, b = net.data("x", n, 1), net.parameter("a"), net.parameter("b")\nnet.define("L", squared_norm(a * x) + exp(b))'
    page = " ".join(str(derive(network(source), ["a", "b"], kinds=["stationary"])).split())
    assert "b is not written out: its gradient is not linear in b" in page


DIFFERENTIALS = {
    'X, y, w = net.data("X", n, d), net.data("y", n, 1), net.parameter("w", d, 1)\nnet.define("L", squared_norm(X * w - y))':
        "dL = 2 (X w − y)ᵀ X dw",
    'X, Y, W = net.data("X", n, d), net.data("Y", n, k), net.parameter("W", d, k)\nnet.define("L", squared_norm(X * W - Y))':
        "dL = 2 tr((X W − Y)ᵀ X dW)",
    'A, X = net.data("A", n, n), net.parameter("X", n, n)\nnet.define("L", Trace(A * X))': "dL = tr(A dX)",
    'S = net.parameter("S", n, n)\nnet.define("L", logdet(S))': "dL = tr(S⁻¹ dS)",
    'S = net.parameter("S", n, n)\nnet.define("U", S.inv())': "dU = −U dS U",
    'A, x, b = net.parameter("A", m, n), net.parameter("x", n, 1), net.parameter("b", m, 1)\nnet.define("u", A * x + b)':
        "du = dA x + A dx + db",
    'a, b = net.parameter("a"), net.parameter("b")\nnet.define("L", a * b)': "dL = b da + a db",
}  # fmt: skip


@pytest.mark.parametrize("source", DIFFERENTIALS)
def test_the_differential(source):
    (found,) = derive(network(source), kinds=["differential"]).further
    assert repr(found) == DIFFERENTIALS[source]
    assert found.check.holds


def test_a_gradient_that_is_long_stands_in_the_differential_by_its_name():
    lines = ['x, W = net.data("x", n, 1), net.parameter("W", n, n)', 'h = net.define("h_0", x)']
    lines += [f'h = net.define("h_{t}", tanh(W * h))' for t in (1, 2, 3, 4)]
    net = network("\n".join([*lines, 'net.define("L", sum(h))']))
    (found,) = derive(net, kinds=["differential"]).further
    assert repr(found) == "dL = tr((∂L/∂W)ᵀ dW)" and found.check.holds


def test_a_wrong_derivative_is_not_printed(monkeypatch):
    from symgrad import stationary

    monkeypatch.setattr(stationary, "_solved", lambda left, right, target: (target, ()))
    with pytest.raises(SymgradError, match="symgrad itself is wrong"):
        solved(RIDGE, "w")


def test_a_wrong_product_is_not_printed(monkeypatch):
    from symgrad import second

    product = second.Second.product
    monkeypatch.setattr(second.Second, "product", lambda *args: replace(product(*args), form=product(*args).left.args[1]))
    with pytest.raises(SymgradError, match="symgrad itself is wrong"):
        derive(network(LEAST_SQUARES), kinds=["hvp"])
