"""Results as books and papers print them, each with its source: in text and in LaTeX, read back, and by differences in plain NumPy.

A case is a source, a kind with its names, the expression, and what is declared and assumed of it; then the form in text and in LaTeX.
"""

import re
from pathlib import Path

import numpy as np
import pytest
from evaluating import SIZES, STENCIL, STEP, close, lengths
from reading_back import value
from test_cookbook import ROWS as COOKBOOK
from test_expression import FUNCTIONS, blocks
from test_gradients import point

from symgrad import Network, derive, names
from symgrad.evaluate import compiled
from symgrad.form import Form, rename
from symgrad.formulas import network_of_text
from symgrad.numpycode import Program
from symgrad.pipeline import forward_program
from symgrad.typeset import latex, text

OF_ANY_SHAPE = ("jacobian", "jvp", "vjp", "differential", "kronecker")
BLOCKS = blocks((Path(__file__).parent / "data" / "textbook.txt").read_text("utf-8"))
CASES = [tuple(part.strip() for part in f"{head}||".split("|")[:5]) for head, _ in BLOCKS]
PRINTED = [tuple(lines) for _, lines in BLOCKS]
every_case = pytest.mark.parametrize("case, printed", list(zip(CASES, PRINTED, strict=True)), ids=[" | ".join(case[:3]) for case in CASES])


def network(case):
    _, asked, expression, dims, assumed = case
    kind, *wrt = asked.split()
    scalar = kind not in OF_ANY_SHAPE or len(wrt) == 2
    return network_of_text(expression, dims, {}, assumed, {}, scalar)


def result(case):
    """The network, the derivation, and what is asked for: a form, and what it is further."""
    kind, *wrt = case[1].split()
    net = network(case)
    if kind == "gradient":
        derivation = derive(net, wrt, check=False)
        return net, derivation, derivation[wrt[0]].form, None
    made = {"kronecker": "hessian" if len(wrt) == 2 else "jacobian"}.get(kind, kind)
    derivation = derive(net, dict.fromkeys(wrt), kinds=[made], layout="numerator" if kind == "jacobian" else "denominator", check=False)
    (found,) = [f for f in derivation.further if f.kind == kind and f.wrt == tuple(map(net.resolve, wrt))]
    assert isinstance(found.form, Form)
    return net, derivation, found.form, found


@every_case
def test_it_is_printed_as_its_source_has_it(case, printed):
    form = result(case)[2]
    assert (text(form), latex(form)) == printed


WORDS = {
    "softplus": lambda x: np.logaddexp(0, x),
    "logsumexp": lambda x: np.log(np.sum(np.exp(x))),
    "ones": lambda *shape: np.ones(shape),
    "sqrt": np.sqrt,
}


def plain(expression, at):
    """The value of an expression by plain NumPy, its definitions first."""
    known = FUNCTIONS | WORDS | {name.replace("\\", ""): value for name, value in at.items()}
    *definitions, last = expression.split(";")
    for definition in definitions:
        name, _, body = definition.partition("=")
        known[name.strip()] = eval(body, known)
    return np.asarray(eval(last.partition(" = ")[2] or last, known), dtype=float)


def slope(function, at, name):
    """How a function moves with every entry of a name, by differences; the entries of the name come last."""
    start = np.asarray(at[name], dtype=float)
    moved = [
        sum(w * function({**at, name: start + s * STEP * unit.reshape(start.shape)}) for s, w in STENCIL) / STEP
        for unit in np.eye(start.size)
    ]
    return np.stack(moved, axis=-1)


def order(shape):
    """The entries of a matrix in the order of vec."""
    return np.arange(int(np.prod(shape))).reshape(shape).reshape(-1, order="F")


@every_case
def test_it_is_a_difference_of_the_expression(case, printed):
    kind, *wrt = case[1].split()
    net, derivation, form, further = result(case)
    at = point(net)
    wrt = [net.resolve(name) for name in wrt]
    shapes = {name: item.shape for name, item in net.inputs.items()}

    def f(given):
        return plain(case[2], given | {"n": SIZES["n"], "d": SIZES["d"]})

    if kind in ("differential", "jvp", "vjp", "hvp"):
        rng = np.random.default_rng(3)
        directions = {name: rng.standard_normal(lengths(shape)) for name, shape in further.directions}
        if any("symmetric" in net.inputs[name].properties for name in further.wrt):
            directions = {name: value + value.T for name, value in directions.items()}
        if kind == "differential":
            return  # it is held against the Jacobian by symgrad, and has no NumPy of its own
        found = np.asarray(
            compiled(forward_program(net, derivation.results, further=[further])).run({**at, **directions}, {})[further.name]
        )
        (direction,) = directions.values()
        whole = slope(lambda p: f(p).reshape(-1), at, wrt[0])
        if kind == "hvp":
            whole = slope(lambda p: slope(lambda q: f(q).reshape(()), p, wrt[0]), at, wrt[0])
        expected = direction.reshape(-1) @ whole if kind == "vjp" else whole @ direction.reshape(-1)
        close(found.reshape(-1), expected.reshape(-1), 1e-6)
        return
    definitions = tuple((d.name, d.form) for d in net.definitions.values())
    if kind == "stationary":
        others = {name: shape for name, shape in shapes.items() if name != wrt[0]}
        free = {name: value for name, value in at.items() if name != wrt[0]}
        place = compiled(Program(others, (("there", form),), sizes=SIZES)).run(free, {})["there"]
        there = {**at, wrt[0]: np.asarray(place, dtype=float).reshape(np.shape(at[wrt[0]]))}
        steepest = np.max(np.abs(slope(lambda p: f(p).reshape(()), at, wrt[0])))
        assert np.max(np.abs(slope(lambda p: f(p).reshape(()), there, wrt[0]))) < 1e-6 * max(1, steepest)
        return
    found = np.asarray(compiled(Program(shapes, (*definitions, ("here", form)), sizes=SIZES)).run(at, {})["here"], dtype=float)
    if kind == "gradient" or (kind == "jacobian" and f(at).size == 1):
        expected = slope(lambda p: f(p).reshape(()), at, wrt[0])
    elif len(wrt) == 2:
        expected = slope(lambda p: slope(lambda q: f(q).reshape(()), p, wrt[0]), at, wrt[1])
        if kind == "kronecker":
            expected = expected[order(np.shape(at[wrt[0]]))][:, order(np.shape(at[wrt[1]]))]
    else:
        expected = slope(lambda p: f(p).reshape(-1, order="F"), at, wrt[0])
        expected = expected[:, order(np.shape(at[wrt[0]]))] if kind == "kronecker" else expected
    if kind == "gradient" and "symmetric" in net.inputs[wrt[0]].properties:
        move = np.arange(found.size, dtype=float).reshape(found.shape)
        found, expected = found.reshape(-1) @ (move + move.T).reshape(-1), expected @ (move + move.T).reshape(-1)
    close(np.asarray(found).reshape(np.shape(expected)), expected, 1e-6)


def spelled(name):
    r"""A name as a reader has it: alpha is \alpha."""
    return re.sub(r"_\{(\w)\}", r"_\1", names.latex(name))


def in_latex(net):
    """The network in the names that a reader has."""
    made = Network()
    for item in net.inputs.values():
        made.declare(spelled(item.name), item.shape, item.role, item.properties)
    for definition in net.definitions.values():
        made.define_form(spelled(definition.name), rename(definition.form, spelled))
    return made


def readable():
    for case, printed in zip(CASES, PRINTED, strict=True):
        if case[1].split()[0] not in ("differential", "kronecker", "jvp", "vjp", "hvp"):
            yield case, printed


@pytest.mark.parametrize("case, printed", list(readable()), ids=[" | ".join(case[:3]) for case, _ in readable()])
def test_what_is_printed_is_read_back_with_its_value(case, printed):
    net, _, form, _ = result(case)
    if "vec" in printed[0]:
        return
    net, form = in_latex(net), rename(form, spelled)
    at = point(net)
    shapes = {name: item.shape for name, item in net.inputs.items()}
    definitions = tuple((d.name, d.form) for d in net.definitions.values())
    values = at | compiled(Program(shapes, (*definitions, ("here", form)), sizes=SIZES)).run(at, {})
    expected = np.asarray(values.pop("here"), dtype=float)
    for formula in printed:
        found = value(formula, net, form.shape, values)
        close(found.reshape(expected.shape) if found.size == 1 else found, expected, 1e-8)


def test_there_are_enough_of_them():
    assert len({(case[1], case[2]) for case in CASES}) + sum(source.startswith("(") for source, *_ in COOKBOOK) >= 170
    assert all(source for source, *_ in CASES)
