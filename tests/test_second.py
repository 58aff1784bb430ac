"""Second derivatives: printed as in a textbook, and equal to differences of differences of the loss.

The differences are of this file and `evaluating`: of the network run forward, entry by entry, at one point of distinct sizes.
"""

import re
from pathlib import Path

import numpy as np
import pytest
from evaluating import STENCIL, STEP, close, lengths
from test_gradients import network, point, read

from symgrad import derive
from symgrad.derivation import Derivation
from symgrad.errors import InvalidNetwork, SymgradError
from symgrad.evaluate import compiled
from symgrad.numpycode import Program
from symgrad.pipeline import forward_program
from symgrad.typeset import text

BLOCKS = (Path(__file__).parent / "data" / "second.txt").read_text(encoding="utf-8").strip().split("\n\n")[1:]
CASES = [read(block) for block in BLOCKS]
every_network = pytest.mark.parametrize("source, expected", [case[1:] for case in CASES], ids=[title for title, _, _ in CASES])


def derived(source, expected, check=False):
    net = network(source)
    asked = {name for key in expected for name in key.split()}
    return derive(net, [name for name in net.variables if name in asked], order=2, check=check)


def pick(derivation: Derivation, key):
    """The block of the Hessian by two names, or its product with a direction by one."""
    names = tuple(key.split())
    kind = "hessian" if len(names) == 2 else "hvp"
    (found,) = [each for each in derivation.of_kind(kind) if each.wrt == names]
    return found


def second_differences(net, at, wrt, by):
    """The Hessian as entries of one variable by entries of the other."""
    shapes = {item: known.shape for item, known in net.inputs.items()}
    run = compiled(Program(shapes, tuple((d.name, d.form) for d in net.definitions.values()))).run
    at = {name: np.array(value, dtype=float) for name, value in at.items()}

    def loss(moves):
        given, inner = dict(at), {}
        for name, move in moves:
            place = given if name in given else inner
            place[name] = place.get(name, 0) + move
        return np.asarray(run(given, inner)["L"], dtype=float).item()

    def units(name):
        shape = lengths(net.symbol_shape(name))
        return [unit.reshape(shape) for unit in np.eye(int(np.prod(shape, dtype=int)))]

    pairs = [[(a, b) for b in units(by)] for a in units(wrt)]
    return np.array([
        [sum(s * t * loss([(wrt, i * STEP * a), (by, j * STEP * b)]) for i, s in STENCIL for j, t in STENCIL) / STEP**2 for a, b in row]
        for row in pairs
    ])  # fmt: skip


@every_network
def test_second_derivatives_are_printed_as_in_a_textbook(source, expected):
    derivation = derived(source, expected)
    assert {key: text(pick(derivation, key).form) for key in expected} == expected


@every_network
def test_second_derivatives_are_differences_of_the_loss(source, expected):
    derivation = derived(source, expected)
    net = derivation.network
    at = point(net)
    for key in expected:
        found = pick(derivation, key)
        hessian = second_differences(net, at, found.wrt[0], found.wrt[-1])
        rng = np.random.default_rng(7)
        directions = {name: rng.standard_normal(lengths(shape)) for name, shape in found.directions}
        run = compiled(forward_program(net, derivation.results, further=[found])).run
        value = np.asarray(run({**at, **directions}, {})[found.name], dtype=float)
        if directions:
            (direction,) = directions.values()
            close(value.reshape(-1), hessian @ direction.reshape(-1), 1e-6)
        else:
            close(value.reshape(hessian.shape), hessian, 1e-6)


@every_network
def test_symgrad_checks_them_itself(source, expected):
    derivation = derived(source, expected, check=True)
    for each in derivation.further:
        assert each.form is None or (each.check.holds and each.check.points >= 3)


LOGISTIC = {title: source for title, source, _ in CASES}["logistic regression"]


def test_the_code_is_as_an_expert_writes_it():
    from symgrad.emit import json, numpy

    derivation = derived(LOGISTIC, {"w w": "", "w": ""})
    (hessian,) = json.as_data(derivation)["further"][1:]
    assert hessian["numpy"] == "(p := 1 / (1 + np.exp(-(X @ w))), t_1 := np.sqrt(p * (1 - p)) * X, t_1.T @ t_1)[-1]"
    assert re.search(r"(t_\d) = np.sqrt\(.*\) \* X\n    d2L_dw_dw = \1.T @ \1\n", numpy.emit(derivation))


def test_a_hessian_that_nobody_reads_is_left_out_and_said_so():
    lines = ['x, W = net.data("x", n, 1), net.parameter("W", n, n)', 'h = net.define("h_0", x)']
    lines += [f'h = net.define("h_{t}", tanh(W * h))' for t in (1, 2, 3, 4)]
    derivation = derive(network("\n".join([*lines, 'net.define("L", sum(h))'])), order=2)
    (hessian,), (product,) = derivation.of_kind("hessian"), derivation.of_kind("hvp")
    assert hessian.form is None and product.form is not None and product.check.holds
    assert "is not written out" in str(derivation)


@pytest.mark.parametrize("depth", [2, 5])
def test_the_layout_of_gradients_leaves_second_derivatives_alone(depth):
    lines = ['x, W = net.data("x", n, 1), net.parameter("W", n, n)', 'h = net.define("h_0", x)']
    lines += [f'h = net.define("h_{t}", tanh(W * h))' for t in range(1, depth)]
    net = network("\n".join([*lines, 'net.define("L", sum(h))']))
    at = {**point(net), "V": np.arange(9.0).reshape(3, 3)}
    values = []
    for layout in ("denominator", "numerator"):
        derivation = derive(net, order=2, layout=layout)
        run = compiled(forward_program(net, derivation.results, further=derivation.further)).run
        (product,) = derivation.of_kind("hvp")
        values.append(run(at, {})[product.name])
    close(*values)


def test_without_being_asked_for_names_only_the_diagonal_is_derived():
    source = 'x, a, b = net.data("x", n, 1), net.parameter("a", n, 1), net.parameter("b", n, 1)\n'
    net = network(source + 'net.define("L", squared_norm(hadamard(a, x) + b))')
    pairs = [each.wrt for each in derive(net, order=2).of_kind("hessian")]
    assert pairs == [("a", "a"), ("b", "b")]
    assert [each.wrt for each in derive(net, ["a", "b"], order=2).of_kind("hessian")] == [("a", "a"), ("a", "b"), ("b", "b")]


@pytest.mark.parametrize("options", [{"order": 3}, {"kinds": ["hesian"]}])
def test_what_there_is_not_is_refused(options):
    with pytest.raises(SymgradError):
        derive(network(LOGISTIC), **options)


def test_a_second_derivative_is_of_a_scalar():
    with pytest.raises(InvalidNetwork, match="of a scalar"):
        derive(network('X, w = net.data("X", n, d), net.parameter("w", d, 1)\nnet.define("z", X * w)'), order=2)
