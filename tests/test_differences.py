"""The check cannot be fooled: every mistake made in a gradient is found and its gradient named, and nothing is printed."""

import re
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

import pytest
import sympy
from evaluating import SIZES, lengths
from test_ops import ROWS

import symgrad.gradient
import symgrad.lab
import symgrad.raising
import symgrad.rewrite
from symgrad import Network, derive, dimensions, names
from symgrad.cli import main
from symgrad.differences import TOLERANCE, Check, Report, check_gradients, insist
from symgrad.dims import Dim, shape_of
from symgrad.errors import CheckFailed, Unsupported
from symgrad.form import apply, number, rename, rewrite_bottom_up, walk
from symgrad.formulas import network_of_text
from symgrad.library import load, parts_of
from symgrad.op import Notation
from symgrad.ops import FUNCTIONS, OPS
from symgrad.ops.elementwise import ELEMENTWISE
from symgrad.sympyops import operation
from symgrad.tensor import scale
from symgrad.textbook import scaled, turned

n, m, k, d = dimensions("n m k d")
REMEMBERED = (symgrad.rewrite._simplified, symgrad.raising._raised, symgrad.lab._draws, symgrad.lab._differences)


def forget():
    """What right rules and records led to is not known where they are made wrong, nor the other way round."""
    for table in REMEMBERED:
        table.cache_clear()


@pytest.fixture(autouse=True)
def forgetful():
    forget()
    yield
    forget()


# ── mistakes in a gradient ───────────────────────────────────────────────────────────────────────────────────────────


def without_factor(form, condition):
    """The form without the first factor of a Hadamard product that the condition is true of."""
    found = next((f for f in walk(form) if f.op == "hadamard" and any(map(condition, f.args))), None)
    if found is None:
        return None
    gone = next(a for a in found.args if condition(a))
    rest = [a for a in found.args if a is not gone]
    other = rest[0] if len(rest) == 1 else apply("hadamard", rest)
    return rewrite_bottom_up(form, lambda f: other if f is found and other.shape == f.shape else f)


def without_term(form, at):
    return apply("add", [a for i, a in enumerate(form.args) if i != at]) if form.op == "add" and len(form.args) > at else None


def later(form):
    """Every state one step later: h_t where h_{t−1} belongs."""
    found = (names.step_index(f.name) and f.name for f in walk(form) if f.op == "symbol" and f.name.startswith("h_"))
    states = sorted(filter(None, found), key=names.step_index)
    after = dict(pairwise(states))
    return rename(form, lambda name: after.get(name, name))


def one_row(form):
    """The first row one per cent more."""
    if form.is_scalar:
        return None
    row = scaled([number(Fraction(1, 100))], apply("slice", [form], (0, Dim.of(0), Dim.of(1), 1)))
    return apply("add", [form, apply("pad", [row], (0, Dim.of(0), 1, form.shape[0]))])


def is_prime(form):
    return form.op.endswith("'")


def is_mask(form):
    return form.op == "symbol" and form.name in ("M", "m")


def is_tanh_prime(form):
    return form.op == "add" and form.args[0].op == "number"


MISTAKES = {
    "the sign": lambda form: scaled([number(-1)], form),
    "a factor 2": lambda form: scaled([number(2)], form),
    "a hundred-thousandth": lambda form: scaled([number(Fraction(100001, 100000))], form),
    "nothing but 0": lambda form: apply("zeros", (), form.shape),
    "one row": one_row,
    "the transpose of a square": lambda form: turned(form) if form.shape[0] is form.shape[1] else None,
    "the first term gone": lambda form: without_term(form, 0),
    "the second term gone": lambda form: without_term(form, 1),
    "ReLU′ gone": lambda form: without_factor(form, is_prime),
    "the mask gone": lambda form: without_factor(form, is_mask),
    "1 − h ⊙ h gone": lambda form: without_factor(form, is_tanh_prime),
    "a state too late": later,
}
PARTS = {part.title: part for name in ("relu-layer", "rnn", "dropping", "cnn-rnn") for part in parts_of(load(name))}
CLAIMED = {title: derive(part.network, part.wrt, check=False) for title, part in PARTS.items()}
LARGE = ("ReLU′ gone", "a state too late")
"""Mistakes made in the convolution's parameters, each check of which takes two seconds; the other networks get all."""

MADE = {
    (title, name, mistake): wrong
    for title, derivation in CLAIMED.items()
    for name, result in derivation.results.items()
    for mistake, make in MISTAKES.items()
    if (wrong := make(result.named)) is not None and wrong is not result.named
    if not title.startswith("A convolution") or (mistake in LARGE and name in derivation.wrt)
}


def checked(derivation, wrong=None):
    """The report on a derivation, with other forms claimed for some names; the first one is what other gradients build on."""
    claimed = {name: [result.named, result.form] for name, result in derivation.results.items()} | (wrong or {})
    statements = [(names.gradient(derivation.of, name), forms[0]) for name, forms in claimed.items()]
    return check_gradients(derivation.network, derivation.of, claimed, statements)


@pytest.fixture
def brief(monkeypatch):
    """No search for the entry that is wrong, which takes longer than all else."""
    monkeypatch.setattr("symgrad.differences._Lab._worst_entry", lambda *_: "")


def failing(report):
    return {name for name, check in report.checks.items() if not check.holds}


@pytest.mark.parametrize("title", PARTS)
def test_a_right_derivation_holds(title):
    report = checked(CLAIMED[title])
    assert report.holds and failing(report) == set()
    insist(report, CLAIMED[title].of)


@pytest.mark.parametrize("mistake", MISTAKES)
def test_every_mistake_is_made_somewhere(mistake):
    assert any(made[2] == mistake for made in MADE)


@pytest.mark.parametrize("title, name, mistake", MADE)
def test_a_mistake_is_found_and_its_gradient_named(brief, title, name, mistake):
    derivation, wrong = CLAIMED[title], MADE[title, name, mistake]
    found = failing(checked(derivation, {name: [wrong]}))
    assert name in found
    gradient = names.gradient(derivation.of, name)
    others = {n for n, r in derivation.results.items() if any(f.op == "symbol" and f.name == gradient for f in walk(r.named))}
    assert others or found == {name}


@pytest.mark.parametrize("title, name, mistake", [made for made in MADE if made[2] in ("the sign", "one row", "the mask gone")])
def test_a_mistake_in_the_form_written_out_alone_is_found_and_named(brief, title, name, mistake):
    derivation, wrong = CLAIMED[title], MADE[title, name, mistake]
    report = checked(derivation, {name: [derivation.results[name].named, wrong]})
    assert failing(report) == {name}
    with pytest.raises(CheckFailed, match="symgrad itself is wrong here") as raised:
        insist(report, derivation.of)
    (line,) = [line for line in str(raised.value).splitlines() if line.startswith("  ")]
    assert line.startswith(f"  {names.text(names.gradient(derivation.of, name))}: largest relative error")


def test_the_entry_that_disagrees_is_given_with_both_numbers():
    derivation = CLAIMED["A ReLU layer with a linear read-out"]
    report = checked(derivation, {"W^E": [MADE["A ReLU layer with a linear read-out", "W^E", "the sign"]]})
    said = re.fullmatch(r"entry \[[12], [123]\] is (\S+), finite differences say (\S+)", report.checks["W^E"].worst)
    assert float(said[1]) == pytest.approx(-float(said[2]), rel=1e-4)


def test_one_entry_of_a_matrix_is_named():
    net = Network()
    W, x = net.parameter("W", 3, 4), net.data("x", 4, 1)
    net.define("L", symgrad.sum(symgrad.tanh(W * x)))
    derivation = derive(net)
    right = derivation["W"].named
    bump = apply(
        "pad", [apply("pad", [apply("ones", (), (Dim.of(1), Dim.of(1)))], (0, Dim.of(1), 1, Dim.of(3)))], (1, Dim.of(2), 1, Dim.of(4))
    )
    report = checked(derivation, {"W": [apply("add", [right, scaled([number(Fraction(1, 1000))], bump)])]})
    assert report.checks["W"].worst.startswith("entry [2, 3] is ")


def test_another_shape_is_no_gradient():
    derivation = CLAIMED["A ReLU layer with a linear read-out"]
    report = checked(derivation, {"W^E": [turned(derivation["W^E"].named)]})
    assert failing(report) == {"W^E"}
    assert "its formula has shape (3, 2), the variable (2, 3)" in report.checks["W^E"].worst


def test_a_gradient_that_is_no_number_is_never_right():
    derivation = CLAIMED["A ReLU layer with a linear read-out"]
    nowhere = apply("log", [scaled([number(-1)], apply("square", [derivation["W^E"].named]))])
    with pytest.raises(Unsupported, match="no point was found"):
        checked(derivation, {"W^E": [nowhere]})


def test_what_was_compared_nowhere_does_not_hold():
    assert not Check("W").holds
    assert not Report({"W": Check("W")}).holds
    assert not Check("W", max_relative_error=float("nan"), points=4).holds
    assert Check("W", max_relative_error=TOLERANCE, points=1).holds


@pytest.mark.parametrize("scale", [Fraction(1, 10**6), 1, 10**6])
def test_a_mistake_does_not_hide_behind_a_large_gradient_or_in_a_small_one(scale):
    net = Network()
    A, B, x = net.parameter("A", n, d), net.parameter("B", m, d), net.data("x", d, 1)
    u, v = net.define("u", symgrad.squared_norm(A * x)), net.define("v", symgrad.squared_norm(B * x))
    net.define("L", u + sympy.Rational(scale) * v)
    derivation = derive(net)
    for name, forms in (("A", derivation["A"]), ("B", derivation["B"])):
        assert failing(checked(derivation, {name: [scaled([number(Fraction(1001, 1000))], forms.named)]})) == {name}


def test_one_gradient_among_many_is_named(brief):
    derivation = derive(load("rnn", {"T": 45}), check=False)
    assert len(derivation.results) > 40
    for name in ("W^{(x)}", "W^{(h)}"):
        assert failing(checked(derivation, {name: [scaled([number(-1)], derivation[name].named)]})) == {name}


def test_sizes_are_distinct_and_once_all_alike():
    sizes = checked(CLAIMED["Weights dropped"]).sizes
    assert any(len(set(s.values())) == len(s) for s in sizes) and any(len(set(s.values())) == 1 for s in sizes)


def test_two_checks_of_one_derivation_are_equal():
    title = "A recurrent network over 3 steps"
    assert checked(CLAIMED[title]) == checked(CLAIMED[title])


# ── a wrong derivative in a record ───────────────────────────────────────────────────────────────────────────────────


WITHOUT_SLOPE = {"counting", "is_max", "is_median", "leading", "one_hot", "perm", "pi", "polar", "tri", "window"}
"""Derivatives that are 0 everywhere, and two that are refused."""


def wrong_record(monkeypatch, name):
    """The derivative of one op, 1 more than it is; where the op's f′ is printed as such, its NumPy."""
    forget()
    if name in FUNCTIONS:
        record = FUNCTIONS[name]
        vjp = record.vjp
        monkeypatch.setitem(FUNCTIONS, name, replace(record, vjp=lambda node, g: tuple(scale(2, share) for share in vjp(node, g))))
        return
    record = ELEMENTWISE[name]
    right = record.derivative
    monkeypatch.setitem(ELEMENTWISE, name, replace(record, derivative=lambda xs, y, p: tuple(1 + part for part in right(xs, y, p))))
    if record.primed:
        prime = OPS[name + "'"]
        monkeypatch.setitem(OPS, name + "'", replace(prime, numpy=Notation(f"(1 + ({prime.numpy.template}))")))


def of_two(name):
    """A network with the elementwise op once between two parameters."""
    record = ELEMENTWISE[name]
    net = Network()
    W, V, x = net.parameter("W", n, d), net.parameter("V", n, d), net.data("x", d, 1)
    params = next(row.params for row in ROWS if row.op == name)
    made = operation(name, [W * x, V * x][: record.arity], params)
    # What is left out is −∞, and has no product with a number.
    net.define("L", symgrad.logsumexp(made) if name == "masked" else symgrad.sum(symgrad.hadamard(net.data("c", n, 1), made)))
    return net, ["W"]


def of_function(name):
    """A network with the function on parameters, as in its row of `test_ops` with the sizes that tests have."""
    row = next(row for row in ROWS if row.op == name)
    net = Network()
    operands = [net.declare(x.name, shape_of(lengths(x.shape)), "parameter") for x in row.symbols]
    params = tuple(Dim.of(p.evaluate(SIZES)) if isinstance(p, Dim) else p for p in row.params)
    made = net.define_form("Z", apply(name, operands, params))
    net.define_form("L", apply("sum", [apply("power", [made], (Fraction(3),))], (None,)) if made.shape else made)
    return net, ["A"]


def test_what_has_no_slope_is_the_exception():
    """The others of the catalogue have a derivative that can be wrong."""
    assert {*FUNCTIONS} >= WITHOUT_SLOPE


@pytest.mark.parametrize("name", [*(name for name in ELEMENTWISE if name != "square"), *sorted({*FUNCTIONS} - WITHOUT_SLOPE)])
def test_a_wrong_derivative_in_any_record_is_found(monkeypatch, name):
    net, wrt = of_two(name) if name in ELEMENTWISE else of_function(name)
    assert derive(net, wrt).report.holds
    wrong_record(monkeypatch, name)
    with pytest.raises(CheckFailed, match=f"∂L/∂{wrt[0]}: largest relative error"):
        derive(net, wrt)


@pytest.mark.parametrize("expression", ["-sum(log(b - A@x))", "sum(sqrt(1 - X**2))", "log(1 - x.T@A@x)"])
def test_a_point_in_a_narrow_domain_is_found(expression):
    assert derive(network_of_text(expression, "A: n,n" if "x.T" in expression else "")).report.holds


@pytest.mark.parametrize("layer", [2, 15, 19])
def test_a_mistake_deep_in_a_network_is_found(monkeypatch, layer):
    """Of twenty gated layers, each of degree three: unless weights are scaled, all arrays run off to 0 or ∞."""
    layers = "; ".join(f"A{i} = (silu(A{i - 1}@G{i})*(A{i - 1}@W{i}))@V{i}" for i in range(1, 21))
    network = network_of_text(f"A0 = X*1; {layers}; L = sum((A20 - Y)**2)", "X: n,d; " + "; ".join(f"V{i}: m,d" for i in range(1, 21)))
    sweep = symgrad.gradient.pullback

    def wrong(node, cotangent, used):
        shares = sweep(node, cotangent, used)
        target = next((n for n in used if n.name == f"A{layer - 1}" and node is network.definitions[f"A{layer}"].node), None)
        return shares if target is None else {**shares, target: scale(Fraction(1001, 1000), shares[target])}

    monkeypatch.setattr(symgrad.gradient, "pullback", wrong)
    with pytest.raises(CheckFailed, match=rf"∂L/∂A{layer - 1}\b"):
        derive(network, ["V1"])


def test_a_wrong_rule_of_the_calculus_is_found(monkeypatch):
    right = symgrad.reverse.einsum_pull
    monkeypatch.setattr("symgrad.reverse.einsum_pull", lambda node, k, g: scale(1 if k else -1, right(node, k, g)))
    with pytest.raises(CheckFailed, match=re.escape("∂L/∂W^E: largest relative error")):
        derive(load("relu-layer"))


def test_a_wrong_form_of_a_right_tensor_is_found(monkeypatch):
    monkeypatch.setattr("symgrad.raising.diag_of", lambda vector: apply("diag", [scaled([number(2)], vector)]))
    net = Network()
    X, s = net.data("X", n, d), net.parameter("s", n, 1)
    W = net.parameter("W", d, k)
    net.define("L", symgrad.sum(symgrad.square(symgrad.diag(s) * X * W)))
    with pytest.raises(CheckFailed, match="∂L/∂W: largest relative error"):
        derive(net, ["W"])


# ── what the command does then ───────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def run(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def ran(*args):
        with pytest.raises(SystemExit) as left:
            main([*args], prog_name="symgrad")
        return left.value.code or 0, *capsys.readouterr()

    return ran


@pytest.mark.parametrize("form", ["text", "latex", "json", "numpy"])
@pytest.mark.parametrize("op, source, gradient", [("tanh", "rnn", "W^(h)"), ("relu", "relu-layer", "W^E"), ("sigmoid", "rnn", "W^(o)")])
def test_the_command_says_that_symgrad_is_wrong_and_prints_no_solution(run, monkeypatch, op, source, gradient, form):
    wrong_record(monkeypatch, op)
    status, printed, messages = run("derive", source, "--format", form)
    assert (status, printed) == (1, "")
    assert messages.startswith(
        "error: symgrad itself is wrong here: its gradients disagree with finite differences. No solution is printed.\n"
    )
    assert f"  ∂L/∂{gradient}: largest relative error" in messages and "Traceback" not in messages


def test_no_file_is_written_when_symgrad_is_wrong(run, monkeypatch, tmp_path):
    wrong_record(monkeypatch, "tanh")
    assert run("derive", "midterm", "-o", "out.txt")[:2] == (1, "")
    assert not (tmp_path / "out.txt").exists()


def test_unchecked_is_the_only_way_to_see_a_wrong_one(run, monkeypatch):
    wrong_record(monkeypatch, "tanh")
    status, printed, _ = run("derive", "rnn", "--no-check")
    assert status == 0 and "agrees" not in printed
