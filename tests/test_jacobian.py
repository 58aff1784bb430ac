"""Jacobians and their products: printed as in a textbook, and equal to differences of the network run forward."""

from pathlib import Path

import numpy as np
import pytest
from evaluating import STENCIL, STEP, close, lengths
from test_gradients import network, point, read

from symgrad import derive
from symgrad.evaluate import compiled
from symgrad.numpycode import Program
from symgrad.pipeline import forward_program
from symgrad.typeset import text

BLOCKS = (Path(__file__).parent / "data" / "jacobians.txt").read_text(encoding="utf-8").strip().split("\n\n")[1:]
CASES = [(title, source, key, expected) for title, source, lines in map(read, BLOCKS) for key, expected in lines.items()]
every_case = pytest.mark.parametrize("source, key, expected", [case[1:] for case in CASES], ids=[f"{c[0]}-{c[2]}" for c in CASES])


def derived(source, key):
    """The derivation, and the one derivative that a key of the table names."""
    kind, *wrt = key.split()
    net = network(source)
    layout = "denominator" if kind in ("jvp", "vjp") else kind
    derivation = derive(net, wrt, list(net.definitions)[-1], kinds=[kind if kind in ("jvp", "vjp") else "jacobian"], layout=layout)
    (found,) = [each for each in derivation.further if each.kind != "kronecker"]
    return derivation, found


def jacobian(net, at, of, wrt):
    """Entries of the definition by entries of the input, by differences."""
    run = compiled(Program({n: i.shape for n, i in net.inputs.items()}, tuple((d.name, d.form) for d in net.definitions.values()))).run
    start = np.asarray(at[wrt], dtype=float)
    columns = []
    for unit in np.eye(start.size):
        moved = [(w, run({**at, wrt: start + s * STEP * unit.reshape(start.shape)}, {})[of]) for s, w in STENCIL]
        columns.append(sum(w * np.asarray(value, dtype=float) for w, value in moved).reshape(-1) / STEP)
    return np.array(columns).T


@every_case
def test_they_are_printed_as_in_a_textbook(source, key, expected):
    _, found = derived(source, key)
    assert text(found.form) == expected
    assert found.check.holds and found.check.points >= 3


@every_case
def test_they_are_differences_of_the_network_run_forward(source, key, expected):
    derivation, found = derived(source, key)
    net, of = derivation.network, found.of
    at = point(net)
    rng = np.random.default_rng(3)
    directions = {name: rng.standard_normal(lengths(shape)) for name, shape in found.directions}
    run = compiled(forward_program(net, derivation.results, further=[found])).run
    value = np.asarray(run({**at, **directions}, {})[found.name], dtype=float)
    full = {wrt: jacobian(net, at, of, wrt) for wrt in found.wrt}
    if found.kind == "jvp":
        pushed = sum(full[wrt] @ direction.reshape(-1) for wrt, direction in zip(found.wrt, directions.values(), strict=True))
        close(value.reshape(-1), pushed)
    elif found.kind == "vjp":
        (cotangent,) = directions.values()
        close(value.reshape(-1), full[found.wrt[0]].T @ cotangent.reshape(-1))
    else:
        (expected_value,) = full.values()
        if len(value.shape) == 2 and (1 in expected_value.shape) and 1 not in value.shape:
            natural = key.split()[0] == ("denominator" if expected_value.shape[0] == 1 else "numerator")
            close(value if natural else value.T, expected_value.reshape(value.shape if natural else value.shape[::-1]))
        else:
            turned = "Rows go with the variable" in found.remark
            close(value, expected_value.T if turned else expected_value.reshape(value.shape))


def test_what_was_not_checked_is_said():
    net = network('A, x = net.data("A", m, n), net.parameter("x", n, 1)\nnet.define("u", A * x)')
    assert "The derivatives were not checked, as asked." in str(derive(net, kinds=["jacobian"], check=False))


def test_the_layout_is_named():
    derivation = derive(network('A, x = net.data("A", m, n), net.parameter("x", n, 1)\nnet.define("u", A * x)'), kinds=["jacobian"])
    assert "denominator layout" in " ".join(str(derivation).split())


def test_a_long_chain_keeps_its_cotangents_by_name():
    lines = ['x, W = net.data("x", n, 1), net.parameter("W", n, n)', 'h = net.define("h_0", x)']
    lines += [f'h = net.define("h_{t}", tanh(W * h))' for t in range(1, 7)]
    derivation = derive(network("\n".join(lines)), ["W"], kinds=["vjp", "jvp"])
    pushed, pulled = derivation.further
    assert pushed.before and pulled.before
    assert pushed.check.holds and pulled.check.holds
    assert "for t = " in str(derivation)


def test_a_definition_is_moved_by_itself():
    source = 'x, W = net.data("x", n, 1), net.parameter("W", m, n)\nz = net.define("z", W * x)\nnet.define("u", tanh(z))'
    (found,) = derive(network(source), ["z"], kinds=["jacobian"]).further
    assert text(found.form) == "diag(1 − u ⊙ u)"
