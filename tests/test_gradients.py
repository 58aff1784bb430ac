"""Networks that do not ship: the gradients that are printed are a textbook's, and have the values of differences of the loss.

The differences are of this file and `evaluating`: entry by entry, of the network run forward, at one point of distinct sizes;
nothing of symgrad's own check takes part.
"""

from pathlib import Path

import numpy as np
import pytest
import sympy
from evaluating import close, differences, lengths

import symgrad
from symgrad import Network, derive, dimensions
from symgrad.evaluate import compiled
from symgrad.formulas import network_of_text
from symgrad.numpycode import Program
from symgrad.pipeline import forward_program
from symgrad.tensor import topological

TABLES = ("gradients.txt", "networks.txt")
DATA = Path(__file__).parent / "data"
BLOCKS = [block for table in TABLES for block in (DATA / table).read_text(encoding="utf-8").strip().split("\n\n")[1:]]
SPACE = {name: getattr(symgrad, name) for name in symgrad.__all__}
SPACE |= {name: getattr(sympy, name) for name in ("Determinant", "Inverse", "Rational", "Trace")} | {"root": sympy.sqrt}
SPACE |= dict(zip("nmkdp", dimensions("n m k d p"), strict=True))


def read(block):
    """The title of a block, its lines of Python, and what is printed of the gradient by each name."""
    title, *lines = block.splitlines()
    expected = [tuple(part.strip() for part in line.split(" =>")) for line in lines if " =>" in line]
    return title.removeprefix("# "), "\n".join(line for line in lines if " =>" not in line), dict(expected)


CASES = [read(block) for block in BLOCKS]
every_network = pytest.mark.parametrize("source, expected", [case[1:] for case in CASES], ids=[title for title, _, _ in CASES])


def network(source):
    net = Network()
    exec(source, SPACE | {"net": net})
    return net


def point(net, seed=5):
    """A value for every input: as its properties ask, square ones far from singular."""
    rng = np.random.default_rng(seed)

    def value(item):
        shape = lengths(item.shape)
        kinds = {known.split(":")[0]: int(known.split(":")[1]) if ":" in known else None for known in item.properties}
        drawn = rng.uniform(0.5, 1.5, shape) if kinds.keys() & {"positive", "distribution"} else rng.normal(0, 0.7, shape)
        if len(shape) == 2 and shape[0] == shape[1]:
            drawn = drawn + 2 * np.eye(shape[0])
        if "symmetric" in kinds:
            drawn = (drawn + drawn.T) / 2
        if "mask" in kinds:
            drawn = (np.arange(drawn.size) % 3 != 1).astype(float).reshape(shape)
        if "distribution" in kinds:
            drawn = drawn / drawn.sum(axis=kinds["distribution"], keepdims=True)
        return drawn

    return {name: value(item) for name, item in net.inputs.items()}


def slope(net, name, at):
    """The gradient of the loss by an input or a definition, by differences of the network run forward."""
    shapes = {item: known.shape for item, known in net.inputs.items()}
    run = compiled(Program(shapes, tuple((d.name, d.form) for d in net.definitions.values()))).run

    def loss(values):
        moved = {} if name in net.inputs else {name: values[name]}
        return np.asarray(run({**at, **{k: v for k, v in values.items() if k in net.inputs}}, moved)["L"], dtype=float).item()

    return differences(loss, {name: at[name] if name in at else np.zeros(lengths(net.symbol_shape(name)))}, name)


@every_network
def test_the_gradients_are_printed_as_in_a_textbook(source, expected):
    derivation = derive(network(source), expected, check=False)
    assert {name: repr(derivation[name]).split(" = ", 1)[1] for name in expected} == expected


@every_network
def test_the_gradients_are_the_slopes_of_the_loss(source, expected):
    net = network(source)
    results = derive(net, expected, check=False).results
    at = point(net)
    slopes = {name: slope(net, name, at) for name in expected}
    for depth in ("named", "written out"):
        values = compiled(forward_program(net, results, depth)).run(at, {})
        for name in expected:
            value = np.asarray(values[f"∂L/∂{name}"], dtype=float)
            close(value.reshape(slopes[name].shape) if value.size == 1 else value, slopes[name])


def test_the_work_for_a_weight_that_every_step_shares_is_linear(monkeypatch):
    """Gates have gradients that are short: each is tried in the terms that it stands in, and not in the whole sum over steps."""
    from symgrad import opening

    def work(steps):
        raised = []
        raise_form = opening.raise_form
        with monkeypatch.context() as patched:
            patched.setattr(opening, "raise_form", lambda node, facts: raised.append(len(topological([node]))) or raise_form(node, facts))
            body = "; ".join(f"Z{t} = sigmoid(A{t - 1}@U); A{t} = Z{t}*A{t - 1} + (1 - Z{t})*tanh(A{t - 1}@W)" for t in range(1, steps + 1))
            derive(network_of_text(f"A0 = X*1; {body}; L = sum(A{steps}**2)", "X: n,d; U: d,d; W: d,d"), ["U", "W"], check=False)
        return sum(raised)

    assert work(24) - work(16) < 1.1 * (work(16) - work(8))
