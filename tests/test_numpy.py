"""The NumPy that is emitted: what an expert writes, the values that the forms have, and no overflow where there need be none."""

import re
import warnings
from pathlib import Path

import numpy as np
import pytest
from evaluating import SIZES, close

from symgrad.contraction import cheapest_pair, pair_source
from symgrad.deltas import blocks_of
from symgrad.dims import ONE, Dim
from symgrad.emit import numpy
from symgrad.evaluate import compiled
from symgrad.form import apply, symbol
from symgrad.formulas import network_of_text
from symgrad.library import load
from symgrad.numpycode import Program
from symgrad.pipeline import derive, forward_program
from symgrad.typeset import text

BLOCKS = [b for b in (Path(__file__).parent / "data" / "numpy.txt").read_text("utf-8").split("\n\n") if not b.startswith("#")]


def read(block):
    head, *lines = block.strip().splitlines()
    expression, dims, assumed, wanted = (part.strip() for part in head.split(" | "))
    return expression, dims, assumed, wanted.split(", "), [line.strip() for line in lines]


CASES = {block.splitlines()[0]: read(block.replace(" | | ", " |  | ")) for block in map(str.strip, BLOCKS)}


def derived(title, **asked):
    expression, dims, assumed, wanted, _ = CASES[title]
    return derive(network_of_text(expression, dims, {}, assumed, {}), wanted, check=False, **asked)


def run(source, given):
    space = {}
    exec(source, space)
    function = space.get("loss_and_gradients") or space["derivatives"]
    return function(**{n: given[n].copy() for n in function.__code__.co_varnames[: function.__code__.co_argcount]})


def point(network, seed=0):
    rng = np.random.default_rng(seed)
    given = {}
    for name, item in network.inputs.items():
        shape = [int(dim.evaluate(SIZES)) for dim in item.shape]
        given[name] = rng.uniform(0.2, 1.0, shape)
        if "one_hot:1" in item.properties:
            given[name] = np.eye(shape[1])[rng.integers(shape[1], size=shape[0])]
        if "symmetric" in item.properties:
            given[name] = given[name] @ given[name].T + np.eye(shape[0])
    return given


@pytest.mark.parametrize("title", CASES)
def test_the_code_is_as_an_expert_writes_it(title):
    source = re.sub(r"\bt_\d+\b", "t_n", numpy.emit(derived(title)))
    for line in CASES[title][-1]:
        assert (line.removeprefix("! ") in source) is not line.startswith("! "), source


@pytest.mark.parametrize("title", CASES)
def test_the_code_has_the_values_of_the_forms_and_leaves_the_inputs_alone(title):
    derivation = derived(title)
    network = derivation.network
    given = point(network)
    before = {name: value.copy() for name, value in given.items()}
    space = {}
    exec(numpy.emit(derivation), space)
    function = space["loss_and_gradients"]
    loss, gradients = function(*(given[n] for n in function.__code__.co_varnames[: function.__code__.co_argcount]))
    assert all(np.array_equal(given[name], before[name]) for name in given)
    program = forward_program(network, derivation.results)
    expected = compiled(Program(program.inputs, program.statements)).run(given, {})
    close(np.asarray(loss).reshape(()), np.asarray(expected["L"]).reshape(()))
    for name, value in gradients.items():
        close(value, expected[f"∂L/∂{name}"])


@pytest.mark.parametrize("expression, assumed", [
    ("L = -sum(Y*log_softmax(Z, axis=1))", "Y: one-hot"), ("P = softmax(Z, axis=1); L = -sum(Y*log(P))", "Y: one-hot"),
    ("L = sum(log(1 + exp(Z)))", ""), ("L = sum(softplus(Z) - Y*Z)", ""), ("L = sum(silu(Z))", ""), ("L = sum(logsumexp(Z, axis=1))", ""),
    ("P = sigmoid(Z); L = -sum(Y*log(P) + (1 - Y)*log(1 - P))", ""), ("L = sum(tanh(Z)**2)", ""),
])  # fmt: skip
@pytest.mark.parametrize("size", [1e3, -1e3])
def test_large_entries_do_no_harm(expression, assumed, size):
    network = network_of_text(expression, "Z: n,k" + "; Y: n,k" * ("Y" in expression), {}, assumed, {})
    given = {"Z": size * np.eye(3, 5), "Y": np.eye(3, 5)}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        loss, gradients = run(numpy.emit(derive(network, ["Z"], check=False)), given)
    assert np.isfinite(loss).all() and np.isfinite(gradients["Z"]).all()


def test_sizes_that_no_input_tells_are_arguments():
    network = network_of_text("S = sum(reshape(X@W, (n, h, k)), axis=2); L = sum(S**2)", "X: n,d; W: d,h*k", {}, "", {})
    rng = np.random.default_rng(0)
    X, W = rng.normal(size=(3, 4)), rng.normal(size=(4, 10))
    derivation = derive(network, ["W"])
    assert derivation.report.holds
    _, gradients = run(numpy.emit(derivation), {"X": X, "W": W, "h": np.array(2), "k": np.array(5)})
    close(gradients["W"], 2 * X.T @ np.repeat((X @ W).reshape(3, 2, 5).sum(axis=2), 5, axis=1))


def test_the_gradient_by_a_scalar_is_a_scalar():
    network = network_of_text("w = g*v/norm(v); L = sum((X@w - y)**2)", "g: scalar; v: d; X: n,d; y: n", {}, "", {})
    _, gradients = run(numpy.emit(derive(network, ["g"], check=False)), point(network))
    assert gradients["g"].shape == ()


def test_whole_numbers_are_no_less_than_floats():
    title = "L = -sum(Y*log_softmax(Z, axis=1))/len(Z) | Z: n,k | Y: one-hot | Z"
    whole = {"Z": np.arange(15).reshape(3, 5), "Y": np.eye(3, 5, dtype=int)}
    floats = {name: value.astype(float) for name, value in whole.items()}
    source = numpy.emit(derived(title))
    close(run(source, whole)[1]["Z"], run(source, floats)[1]["Z"])


@pytest.mark.parametrize("spec, source", [
    ("ij,jk->ik", "A @ B"), ("ji,jk->ik", "A.T @ B"), ("ij,kj->ki", "B @ A.T"), ("ij,ij->ij", "A * B"), ("ij,j->ij", "A * B"),
    ("ij,i->ij", "A * B[:, None]"), ("ij,ij->", "np.vdot(A, B)"), ("ij,ji->", "np.vdot(A, B.T)"), ("i,j->ij", "A[:, None] * B"),
    ("bij,bjk->bik", "A @ B"), ("bij,bj->bi", "np.einsum('bij,bj->bi', A, B)"), ("ij,jkl->ikl", "np.tensordot(A, B, ((1,), (0,)))"),
])  # fmt: skip
def test_a_product_of_two_tensors(spec, source):
    operands, out = spec.split("->")
    left, right = operands.split(",")
    assert pair_source(("A", left), ("B", right), out)[0] == source
    size = dict(zip("bijkl", (2, 3, 4, 5, 6), strict=True))
    rng = np.random.default_rng(0)
    A, B = (rng.normal(size=[size[c] for c in letters]) for letters in (left, right))
    close(np.asarray(eval(source)), np.asarray(np.einsum(spec, A, B)), 1e-12)


def test_the_cheapest_product_comes_first():
    size = {"i": 9, "j": 9, "k": 9, "l": 1}.__getitem__
    assert cheapest_pair(["ij", "jk", "kl"], "il", size) == (1, 2)


@pytest.mark.parametrize("expression, dims, whole, entry", [
    ("L = sum((M*(A - U@V.T))**2)", "A: n,m; U: n,k; V: m,k", "[i, j, i, l]", "[i, j, l]"),
    ("L = sum((X@U - Y)**2)", "X: n,m; U: m,k", "[i, j, k, j]", "[i, k]"),
])  # fmt: skip
def test_a_hessian_with_a_delta_is_its_blocks(expression, dims, whole, entry):
    """Put in their places, the blocks are the whole array."""
    derivation = derive(network_of_text(expression, dims, {}, "", {}), ["U"], check=False, kinds=["hessian"])
    (hessian,) = [each for each in derivation.further if each.kind == "hessian"]
    found = blocks_of(hessian.form)
    assert found.described() == (whole, entry)
    source = numpy.emit_only(derivation, hessian.name)
    assert f"d2L_dU_dU{whole} is d2L_dU_dU_blocks{entry}" in source
    given = point(derivation.network)
    blocks = run(source, given)["d2L_dU_dU_blocks"]
    dense = forward_program(derivation.network, derivation.results, further=[hessian]).needed([hessian.name])
    whole_array = compiled(dense.shared()).run(given, {})[hessian.name]
    rebuilt = np.zeros_like(whole_array)
    for at in np.ndindex(*whole_array.shape):
        if all(at[a] == at[b] for a, b in found.equal):
            rebuilt[at] = blocks[tuple(at[found.axes.index(axis)] for axis in range(blocks.ndim))]
    close(rebuilt, whole_array, 1e-12)


def test_a_hessian_of_terms_with_common_factors_is_added_up_without_them():
    expression = "h = relu(W@x); z = V@h; L = logsumexp(z, axis=0) - y.T@z"
    derivation = derive(network_of_text(expression, "W: n,n; V: k,n", {}, "y: one-hot", {}), ["W"], check=False, kinds=["hessian"])
    (hessian,) = [each for each in derivation.further if each.kind == "hessian"]
    source = numpy.emit_only(derivation, hessian.name)
    assert " - " in source and not re.search(r"None\] - |- t_\d+\[:, :, None, None\]", source)
    given = point(derivation.network)
    (found,) = run(source, given).values()
    W, x, V = (given[name] for name in "WxV")
    p = np.exp(V @ np.maximum(W @ x, 0))
    p /= p.sum()
    J = V * (W @ x > 0).T
    close(found, np.einsum("ik,j,l->ijkl", J.T @ (np.diag(p[:, 0]) - p @ p.T) @ J, x[:, 0], x[:, 0]))


def test_a_long_sum_has_a_term_a_line():
    source = numpy.emit(derive(load("rnn", {"T": 7}), check=False))
    assert "t_n.T" not in source and re.search(r"dL_dW_h = t_\d+ @ np.hstack\(\[h_0, h_1, .* h_6\]\).T\n", source)
    source = numpy.emit(derive(network_of_text("L = " + " + ".join(f"sum(tanh(A{i}*B{i}*X))" for i in range(12))), ["X"], check=False))
    (terms,) = re.findall(r"    L = \(\n(.*?)\n    \)", source, re.DOTALL)
    assert len(terms.splitlines()) == 12 and max(map(len, source.splitlines())) < 200
    compile(source, "emitted", "exec")


@pytest.mark.parametrize("title", CASES)
def test_no_name_that_a_reader_knows_changes_its_meaning(title):
    """A definition, or a gradient, is assigned to once."""
    assigned = re.findall(r"^    (\w+) \S?= ", numpy.emit(derived(title)), re.MULTILINE)
    known = [name for name in assigned if not re.fullmatch(r"t_(\d+|n)", name)]
    assert len(known) == len(set(known))


def test_a_long_chain_in_one_expression_is_written_once():
    """Each level was once written twice, where a function has no place that binds tighter than its argument."""
    chain = apply("tanh", [symbol("x", (Dim.of("n"), ONE))])
    for _ in range(60):
        chain = apply("tanh", [chain])
    assert text(chain).count("tanh") == 61
