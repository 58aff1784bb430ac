"""Recurrences for general T: the printed lines, and that they hold at lengths that they were not made from.

A case of the data is a source (an expression, or a file beside it) with the lines that are printed or the message. What a line says is
put into plain NumPy, without symgrad's own check, and held against differences of the network written out.
"""

import json
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from evaluating import close, differences

from symgrad import Steps, derive, dimensions, squared_norm, tanh
from symgrad.cli import main
from symgrad.emit import numpy
from symgrad.errors import InvalidNetwork, SymgradError
from symgrad.evaluate import compiled
from symgrad.formulas import network_of_text
from symgrad.general import derive_general
from symgrad.library import load
from symgrad.lifting import lifted_name
from symgrad.numpycode import Program
from symgrad.pipeline import forward_program
from symgrad.rolling import rolled

DATA = Path(__file__).parent / "data"
BLOCKS = (DATA / "general.txt").read_text("utf-8").split("\n== ")[1:]
CASES = {
    title: (source, expected.strip())
    for title, source, expected in ((head, *rest.partition("\n")[::2]) for head, _, rest in (block.partition("\n") for block in BLOCKS))
}
DERIVED = {title: source for title, (source, expected) in CASES.items() if not expected.startswith(("error", "this", "--expr"))}
SIZES = {"n": 3, "m": 2, "d": 4, "k": 5, "p": 2}
NOT_ROLLED = {"latex, mean of losses, numbered weights", "numpy, numbered weights", "latex, layers with one weight"}
"""Where weights are numbered, too, and where steps are not subscripts."""
CHAIN = "h[t] = tanh(h[t-1]@W + x[t]@U); L = sum((h[T] - y)**2)"


def found(source):
    return load(str(DATA / "steps" / source)) if source.endswith((".py", ".md")) else network_of_text(source)


@cache
def derived(title):
    """A recurrence and its derivation, which several tests hold against numbers."""
    recurrence = found(DERIVED[title])
    recurrence = recurrence.recurrence() if isinstance(recurrence, Steps) else recurrence
    return recurrence, derive_general(recurrence)


def said(source):
    """The network, then every line; or the message."""
    try:
        recurrence = found(source)
        derivation = derive(recurrence)
    except SymgradError as error:
        return str(error).strip()
    lines = [line.rstrip() for line in str(recurrence).splitlines()]
    lines += [f"  => {line!r}" for line in derivation.lines]
    return "\n".join([*lines, f"  checked at {', '.join(map(str, derivation.lengths))}"]).strip()


@pytest.mark.parametrize("title", CASES)
def test_a_recurrence_is_derived_for_every_length(title):
    source, expected = CASES[title]
    assert said(source) == expected


@pytest.mark.parametrize("length", [2, 9])
@pytest.mark.parametrize("title", DERIVED)
def test_the_lines_are_the_slopes_at_any_length(title, length):
    """Also at 9, which the lines were neither made from nor checked at."""
    recurrence, derivation = derived(title)
    length = max(length, derivation.lengths[0])
    network, loss = recurrence.at(length), derivation.of
    rng = np.random.default_rng(11)
    given = {n: rng.normal(0, 0.6, [int(dim.evaluate(SIZES)) for dim in item.shape]) for n, item in network.inputs.items()}
    shapes = {name: item.shape for name, item in network.inputs.items()}
    definitions = tuple((d.name, d.form) for d in network.definitions.values())
    forward = compiled(Program(shapes, definitions, sizes=SIZES))

    def value(moved):
        return np.asarray(forward.run(moved, {})[loss], dtype=float).item()

    computed = compiled(Program(shapes, (*definitions, *derivation.at(length)), sizes=SIZES)).run(given, {})
    assert network.parameters
    for item in network.parameters:
        close(np.asarray(computed[f"∂{loss}/∂{item.name}"], dtype=float), differences(value, given, item.name), 1e-7)


# ── the command ──────────────────────────────────────────────────────────────────────────────────────────────────────


def run(*args):
    ran = CliRunner().invoke(main, ["derive", *args])
    return ran.exit_code, ran.output


@pytest.mark.parametrize("form, said", [
    ("text", "(7) ∂L/∂hₜ = ∂L/∂hₜ₊₁ · ∂hₜ₊₁/∂hₜ"),
    ("text", "compared, at T = 1, 2, 3, 4, 5, 6 and 7,"),
    ("latex", r"\sum_{t=1}^{T} h_{t-1}^{\top}"),
    ("latex", r"t = T-1, \dots, 1"),
    ("html", "<mi>T</mi>"),
])  # fmt: skip
def test_a_solution_is_printed_in_every_format(form, said):
    status, printed = run("--expr", CHAIN, "--format", form)
    assert status == 0 and said in printed


@pytest.mark.parametrize("title", DERIVED)
def test_the_code_for_every_length_has_the_values_of_the_lines(title):
    """At the shortest length there is code for, and at one that nothing was made from."""
    recurrence, derivation = derived(title)
    code, space = derivation.code(), {}
    exec(numpy.emit(derivation), space)
    function = space["loss_and_gradients"]
    asked = function.__code__.co_varnames[: function.__code__.co_argcount]
    for length in (code.least, 9):
        network = recurrence.at(length)
        rng = np.random.default_rng(7)
        given = {n: rng.normal(0, 0.6, [int(dim.evaluate(SIZES)) for dim in item.shape]) for n, item in network.inputs.items()}
        shapes = {name: item.shape for name, item in network.inputs.items()}
        definitions = [(d.name, d.form) for d in network.definitions.values()]
        expected = compiled(Program(shapes, (*definitions, *derivation.at(length)), sizes=SIZES)).run(given, {})
        arguments = {recurrence.top: length}
        for item in recurrence.inputs:
            members = [recurrence.spelled(name) for name in recurrence.members(item.name, length)]
            together = np.stack([given[name] for name in members]) if item.span else given[members[0]]
            arguments[code.identifier(item.name)] = together
        loss, gradients = function(*(arguments[name] for name in asked))
        close(np.asarray(loss, dtype=float).reshape(()), np.asarray(expected[derivation.of], dtype=float).reshape(()))
        for name in map(recurrence.resolve, derivation.wrt):
            members = [f"∂{derivation.of}/∂{recurrence.spelled(n)}" for n in recurrence.members(name, length)]
            values = [np.asarray(expected[n], dtype=float) for n in members]
            over_t = any(item.name == name and item.span for item in recurrence.inputs)
            close(np.asarray(gradients[code.identifier(name)]), np.stack(values) if over_t else values[0])


@pytest.mark.parametrize("title", DERIVED)
def test_many_steps_written_out_are_loops_again(title):
    recurrence = found(DERIVED[title])
    network = recurrence.at(11)
    derivation = derive(network, check=False)
    stacked = any(item.span and item.role == "parameter" for item in (getattr(recurrence, "recurrence", lambda: recurrence)()).inputs)
    assert stacked or title in NOT_ROLLED or rolled(derivation) is not None
    rng = np.random.default_rng(5)
    given = {n: rng.normal(0, 0.6, [int(dim.evaluate(SIZES)) for dim in item.shape]) for n, item in network.inputs.items()}
    program = forward_program(network, derivation.results)
    expected = compiled(Program(program.inputs, program.statements, sizes=SIZES)).run(given, {})
    space, spelled = {}, program.identifiers
    exec(numpy.emit(derivation), space)
    loss, gradients = space["loss_and_gradients"](**{spelled[name]: value for name, value in given.items()})
    close(np.asarray(loss, dtype=float).reshape(()), np.asarray(expected[derivation.of], dtype=float).reshape(()))
    assert gradients.keys() == {spelled[name] for name in derivation.wrt}
    for name in derivation.wrt:
        value = np.asarray(expected[f"∂{derivation.of}/∂{name}"], dtype=float)
        close(np.asarray(gradients[spelled[name]]), value)
        assert np.shape(gradients[spelled[name]]) == value.shape


def test_json_has_the_lines_with_their_t_and_no_numpy():
    status, printed = run("--expr", CHAIN, "--format", "json", "--wrt", "W")
    data = json.loads(printed)
    assert status == 0 and data["steps_for"] == "T"
    assert [(g["wrt"], g["for"], g["wanted"], g["numpy"]) for g in data["gradients"]] == [
        ("h_{T}", None, False, None),
        ("h_{t}", r"t = T-1, \dots, 1", False, None),
        ("W", None, True, None),
    ]
    assert all(check["holds"] and check["at"] == [1, 2, 3, 4, 5, 6, 7] for g in data["gradients"] for check in g["checks"])


@pytest.mark.parametrize("source", [("--expr", CHAIN), (str(DATA / "steps" / "rnn.py"),)], ids=["expr", "file"])
def test_a_number_that_is_set_writes_the_network_out(source):
    status, printed = run(*source, "--set", "T=5")
    assert status == 0 and "t = 1, …, 5" in printed and "∂L/∂h₅" in printed


@pytest.mark.parametrize("args, message", [
    (["--order", "2"], "what lies beyond gradients is for one T; --set T=5"),
    (["--given", "W=[[1]]"], "a given value is for one T; --set T=5"),
    (["--set", "S=3"], "it has no number S to set"),
    (["--set", "T=0"], "from 1 to 60 steps"),
    (["--wrt", "Q"], "the network has no Q"),
    (["--of", "h_t"], "no scalar that there is one of"),
])  # fmt: skip
def test_what_is_for_one_length_is_refused(args, message):
    status, printed = run("--expr", CHAIN, *args)
    assert status == 2 and message in printed


def test_numerator_layout_is_checked_too():
    status, printed = run("--expr", CHAIN, "--layout", "numerator")
    assert status == 0 and "numerator layout" in printed and "disagrees" not in printed


# ── the pieces ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_length_that_is_set_by_hand_is_that_network():
    d, T = dimensions("d T")
    net = Steps("two steps", T)
    W, h = net.parameter("W", d, d), net.state("h", d, 1)
    net.define(h[net.t], tanh(W * h[net.t - 1]))
    net.define("L", squared_norm(h[T]))
    said = [line.strip() for line in str(net.at(2)).splitlines()[3:]]
    assert said == ["h₁ = tanh(W h₀)  d×1", "h₂ = tanh(W h₁)  d×1", "L = ‖h₂‖²  scalar"]
    with pytest.raises(InvalidNetwork, match="add them up with total"):
        net.define("M", squared_norm(h[net.t]))
    with pytest.raises(InvalidNetwork, match="a step is t"):
        h[2 * net.t]


@pytest.mark.parametrize("found, lifted", [
    (["h_5", "h_6"], "h_{T}"), (["h_4", "h_5"], "h_{T-1}"), (["h_1", "h_1"], "h_1"), (["∂L/∂h_6", "∂L/∂h_7"], "∂L/∂h_{T+1}"),
])  # fmt: skip
def test_a_name_of_two_lengths_is_one(found, lifted):
    assert lifted_name((5, 6), found) == lifted


def test_lines_are_not_for_a_length_at_which_their_boundaries_meet():
    derivation = derive(found(DERIVED["numpy, two steps back"]))
    assert derivation.lengths[0] == 3 and "They are for T ≥ 3." in " ".join(str(derivation).split())
    with pytest.raises(InvalidNetwork, match="T ≥ 3"):
        derivation.at(2)
