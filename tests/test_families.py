"""What is folded over t stands for what is written out: for every length, the sums and the lines have the unrolled values."""

import json
import re

import numpy as np
import pytest
from click.testing import CliRunner
from evaluating import close, differences

from symgrad import Network, columns, derive, dimensions, hadamard, names, row_slice, sigmoid, square, squared_norm, sum, tanh
from symgrad.cli import main
from symgrad.dims import shape_of
from symgrad.evaluate import compiled
from symgrad.families import LETTER, Span, at, expand, fold_sums, relative
from symgrad.form import apply, rename, symbol, walk
from symgrad.library import load
from symgrad.numpycode import Program
from symgrad.pipeline import forward_program
from symgrad.typeset import text

n, d, p = dimensions("n d p")
SIZES = {"d": 3, "p": 4, "n": 2}
LENGTHS = range(1, 7)


def shipped(T):
    return load("rnn", {"T": T})


def loss_each_step(T):
    """A network with a target, and so a loss, at every step."""
    net = Network()
    W, U, V = net.parameter("W", d, d), net.parameter("U", d, p), net.parameter("V", n, d)
    h, loss = net.data("h_0", d, 1), 0
    for t in range(1, T + 1):
        h = net.define(f"h_{t}", tanh(W * h + U * net.data(f"x_{t}", p, 1)))
        loss = loss + squared_norm(V * h - net.data(f"y_{t}", n, 1))
    net.define("L", loss)
    return net


def by_rows(T):
    """Steps over the rows of one matrix, input and state side by side."""
    net = Network()
    X, W = net.data("X", T, p), net.parameter("W", p + d, d)
    h = net.data("h_0", 1, d)
    for t in range(1, T + 1):
        x = net.define(f"x_{t}", row_slice(X, t - 1, t))
        h = net.define(f"h_{t}", tanh(columns(x, h) * W))
    net.define("L", sum(square(h)))
    return net


def gated(T):
    """A state that is partly kept at each step."""
    net = Network()
    W, Z = net.parameter("W", d, d), net.parameter("Z", d, p)
    h = net.data("h_0", d, 1)
    for t in range(1, T + 1):
        z = net.define(f"z_{t}", sigmoid(Z * net.data(f"x_{t}", p, 1)))
        h = net.define(f"h_{t}", hadamard(z, h) + hadamard(1 - z, tanh(W * h)))
    net.define("L", sum(h))
    return net


def layers(T):
    """Weights of their own at every layer: nothing is a sum over t."""
    net = Network()
    h = net.data("h_0", d, 1)
    for t in range(1, T + 1):
        h = net.define(f"h_{t}", tanh(net.parameter(f"W_{t}", d, d) * h))
    net.define("L", squared_norm(h))
    return net


MAKERS = {maker.__name__: maker for maker in (shipped, loss_each_step, by_rows, gated, layers)}
every_length = pytest.mark.parametrize("T", LENGTHS)
every_network = pytest.mark.parametrize("maker", MAKERS.values(), ids=MAKERS)


def point(network, seed=7):
    rng = np.random.default_rng(seed)
    return {name: rng.normal(0, 0.7, [int(dim.evaluate(SIZES)) for dim in item.shape]) for name, item in network.inputs.items()}


def values(network, statements, given):
    shapes = {name: item.shape for name, item in network.inputs.items()}
    return compiled(Program(shapes, tuple(statements), sizes=SIZES)).run(given, {})


def spelled(network, statements, computed):
    """Statements in the network's own spelling of numbers, `h_{2}` or `h_2`."""
    own = {re.sub(r"_\{(\d)\}", r"_\1", name): name for name in [*computed, *network.inputs]}

    def renamed(name):
        return own.get(re.sub(r"_\{(\d)\}", r"_\1", name), name)

    return [(renamed(name), rename(form, renamed)) for name, form in statements]


# ── folded and unrolled ──────────────────────────────────────────────────────────────────────────────────────────────


@every_length
@every_network
def test_a_folded_gradient_has_the_unrolled_values_and_the_slopes(maker, T):
    network = maker(T)
    derivation = derive(network, check=False)
    given = point(network)
    definitions = [(item.name, item.form) for item in network.definitions.values()]
    unrolled = values(network, forward_program(network, derivation.results).statements, given)
    opened, folds = [], 0
    for name, result in derivation.results.items():
        folded = fold_sums(result.named)
        folds += any(f.op == "series" for f in walk(folded))
        opened.append((names.gradient(derivation.of, name), expand(folded)))
    again = values(network, [*definitions, *spelled(network, opened, unrolled)], given)
    for name in unrolled:
        close(np.asarray(again[name], dtype=float), np.asarray(unrolled[name], dtype=float), 1e-12)
    assert bool(folds) == (T >= 3 and maker is not layers)

    def loss(moved):
        return np.asarray(values(network, definitions, {**given, **moved})[derivation.of], dtype=float).item()

    for name in derivation.wrt:
        slopes = differences(loss, {name: given[name]}, name)
        close(np.asarray(unrolled[names.gradient(derivation.of, name)], dtype=float), slopes)


@every_length
@every_network
def test_every_length_agrees_with_the_check(maker, T):
    assert derive(maker(T)).report.holds


@every_length
@every_network
def test_a_line_for_all_t_is_the_gradient_at_each_t(maker, T):
    """`∂L/∂h_{t−1} = …` for t = T, …, 2: with each t put in, the lines together compute every gradient, and no other."""
    network = maker(T)
    derivation = derive(network, check=False)
    lines = {}
    for step in derivation.steps:
        if step.kind == "gradient":
            head, body = step.terms[0], step.terms[-1]
            for t in step.span.values() if step.span else [0]:
                name = at(head.name, LETTER, t)
                assert name not in lines
                lines[name] = expand(apply("series", [body], (LETTER, t, t)) if step.span else body)
    given = point(network)
    definitions = [(item.name, item.form) for item in network.definitions.values()]
    unrolled = values(network, forward_program(network, derivation.results).statements, given)
    again = values(network, [*definitions, *spelled(network, lines.items(), unrolled)], given)
    assert again.keys() == unrolled.keys()
    for name in unrolled:
        close(np.asarray(again[name], dtype=float), np.asarray(unrolled[name], dtype=float), 1e-12)


# ── the command, and the pieces ──────────────────────────────────────────────────────────────────────────────────────


def run(*args):
    ran = CliRunner().invoke(main, ["derive", "rnn", *args])
    assert ran.exit_code == 0, ran.output
    return ran.stdout


@every_length
def test_the_command_folds_from_three_steps_on(T):
    printed = run("--set", f"T={T}")
    sums = f"∂L/∂W^(h) = Σ[t=1..{T}] ∂L/∂hₜ · ∂hₜ/∂W^(h)"
    assert (sums in printed) == (T >= 3)
    assert len([line for line in printed.splitlines() if "agrees" in line]) >= 5 - (T == 1)


@every_length
def test_json_has_every_gradient_unfolded_for_numpy(T):
    data = json.loads(run("--set", f"T={T}", "--format", "json"))
    network = load("rnn", {"T": T})
    given = point(network)
    spelled_inputs = {item["identifier"]: given[item["name"]] for item in data["inputs"]}
    unrolled = values(network, forward_program(network, derive(network, check=False).results).statements, given)
    wanted = [gradient for gradient in data["gradients"] if gradient["wanted"]]
    assert [gradient["wrt"] for gradient in wanted] == ["W^{(h)}", "W^{(x)}", "W^{(o)}"]
    for gradient in wanted:
        value = eval(gradient["numpy"], {"np": np, **spelled_inputs})
        close(value, np.asarray(unrolled[names.gradient(data["of"], gradient["wrt"])]), 1e-10)


def test_the_text_grows_with_the_ideas_and_not_with_the_steps():
    few, many = (run("--set", f"T={T}").partition("The network\n")[2].splitlines() for T in (6, 24))
    assert abs(len(few) - len(many)) <= 2


def term(*indices):
    return apply(
        "matmul", [symbol(f"{stem}_{t}", shape_of(shape)) for (stem, shape), t in zip((("g", "ab"), ("x", "bc")), indices, strict=True)]
    )


@pytest.mark.parametrize(
    "pairs, printed",
    [
        ([(1, 0), (2, 1), (3, 2)], "Σ[t=1..3] gₜ xₜ₋₁"),
        ([(3, 2), (2, 1), (1, 0)], "Σ[t=1..3] gₜ xₜ₋₁"),
        ([(1, 0), (2, 1)], "g₁ x₀ + g₂ x₁"),
        ([(1, 0), (2, 1), (4, 3)], "g₁ x₀ + g₂ x₁ + g₄ x₃"),
        ([(1, 0), (2, 1), (3, 1)], "g₁ x₀ + g₂ x₁ + g₃ x₁"),
        ([(1, 0), (2, 1), (3, 2), (5, 5)], "Σ[t=1..3] gₜ xₜ₋₁ + g₅ x₅"),
        ([(7, 7), (2, 1), (3, 2), (4, 3)], "g₇ x₇ + Σ[t=2..4] gₜ xₜ₋₁"),
    ],
)
def test_only_terms_that_are_one_term_moved_along_are_folded(pairs, printed):
    form = apply("add", [term(*pair) for pair in pairs])
    folded = fold_sums(form)
    assert text(folded) == printed
    assert sorted(map(text, expand(folded).args if folded.op == "series" else flat(expand(folded)))) == sorted(map(text, form.args))


def flat(form):
    return [inner for arg in form.args for inner in (flat(arg) if arg.op == "add" else [arg])]


@pytest.mark.parametrize("first, last, written", [(1, 1, "t = 1"), (1, 3, "t = 1, 2, 3"), (3, 2, "t = 3, 2"), (9, 2, "t = 9, …, 2")])
def test_a_span_is_written_with_its_ends(first, last, written):
    assert str(Span(first, last)) == written
    assert Span(first, last).values()[0] == first and Span(first, last).values()[-1] == last


@pytest.mark.parametrize("name, number", [("h_2", 3), ("h_{12}", 12), ("x_1", 1), ("W", 4), ("∂L/∂h_3", 4)])
def test_a_name_counted_from_t_and_put_back_is_itself(name, number):
    assert at(relative(name, number), LETTER, number) == name
