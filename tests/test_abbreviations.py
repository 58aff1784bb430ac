"""What stands several times in a long gradient gets a name, which is a definition of the network and changes no value."""

import json

import numpy as np
import pytest

from symgrad.emit.json import emit
from symgrad.formulas import network_of_text
from symgrad.pipeline import derive

MIXTURE = r"-\sum_n \log \sum_k \pi_k \exp(-\frac{1}{2}\|x_n - \mu_k\|^2)"
# The expression, its sizes, the abbreviations, and gradients as they are printed with them.
CASES = [
    (
        MIXTURE, "",
        ["S = exp(−1/2 (((x ⊙ x) 1) 1ₙᵀ − 2 x μᵀ + 1_d ((μ ⊙ μ) 1)ᵀ))"],
        {"pi": "∂L/∂π = −Sᵀ (1 ⊘ (S π))", "x": "∂L/∂x = x − (((1 ⊘ (S π)) πᵀ) ⊙ S) μ"},
    ),
    (
        "sum(sqrt((X[1:,:-1] - X[:-1,:-1])**2 + (X[:-1,1:] - X[:-1,:-1])**2 + 1e-6))", "",
        ["S = √((X[2:n, 1:d − 1] − X[1:n − 1, 1:d − 1])^∘2 + (X[1:n − 1, 2:d] − X[1:n − 1, 1:d − 1])^∘2 + 0.000001)"],
        {},
    ),
    (
        "F.cross_entropy(F.normalize(A, dim=1)@F.normalize(B, dim=1).T/tau, torch.arange(n))", "A: n,d; B: n,d; tau: scalar",
        ["P = softmax_rows((diag(1 ⊘ √(A^∘2 1)) A Bᵀ diag(1 ⊘ √(B^∘2 1)))/τ)"],
        {"tau": "∂L/∂τ = −1/n (Σ ((P − I[n]) ⊙ (diag(1 ⊘ √(A^∘2 1)) A Bᵀ diag(1 ⊘ √(B^∘2 1)))))/τ²"},
    ),
    (
        "(a.T@X.T@Y@b)/sqrt((a.T@X.T@X@a)*(b.T@Y.T@Y@b))", "",
        ["s = √((aᵀ Xᵀ X a) bᵀ Yᵀ Y b)"],
        {"a": "∂L/∂a = (Xᵀ Y b)/s − ((bᵀ Yᵀ X a)/s^3) (bᵀ Yᵀ Y b) Xᵀ X a"},
    ),
    (
        "-sum((1 - softmax(Z, 1))**2*Y*log(softmax(Z, 1)))", "Z: n,k; Y: n,k",
        ["P = softmax_rows(Z)"],
        {},
    ),
    (
        "sum(conv2d(relu(conv2d(X, K)), W)**2)", "X: n,c,6,6; K: o,c,3,3; W: m,o,3,3",
        ["S = [Σ_c,i,j X[n,c,p+i,q+j] K[o,c,i,j]]_nopq"],
        {},
    ),
]  # fmt: skip


def derived(expression, dims):
    network = network_of_text(expression, dims)
    return derive(network, list(network.inputs))


@pytest.mark.parametrize("expression, dims, abbreviations, gradients", CASES, ids=[case[0] for case in CASES])
def test_what_stands_often_has_a_name(expression, dims, abbreviations, gradients):
    derivation = derived(expression, dims)
    shown = [line.strip() for line in str(derivation.network).splitlines()]
    for abbreviation in abbreviations:
        assert any(line.startswith(abbreviation + " ") for line in shown)
    assert {name: repr(derivation[name]) for name in gradients} == gradients


def test_what_is_short_has_none():
    for expression in ("sum((X@w - y)**2)", "sum((relu(X@W1 + b)@W2 - Y)**2)", "sum((softmax(Q@K.T)@V - Y)**2)"):
        assert list(derive(network_of_text(expression), check=False).network.definitions) == ["L"]


def test_a_name_is_one_that_nothing_has():
    taken = r"-\sum_n \log \sum_k \pi_k \exp(-\frac{1}{2}\|S_n - \mu_k\|^2)"
    assert list(derived(taken, "").network.definitions) == ["Z", "L"]


def test_the_numpy_of_the_json_is_in_the_inputs_alone():
    data = json.loads(emit([derived(MIXTURE, "")]))
    rng = np.random.default_rng(0)
    at = {"pi": rng.uniform(0.1, 1, (3, 1)), "x": rng.standard_normal((4, 2)), "mu": rng.standard_normal((3, 2))}
    likelihood = np.exp(-((at["x"][:, None] - at["mu"]) ** 2).sum(2) / 2)
    shares = likelihood * at["pi"].T / (likelihood @ at["pi"])
    found = {item["wrt"]: eval(item["numpy"], {"np": np, **at}) for item in data["gradients"] if item["wanted"]}
    np.testing.assert_allclose(found["x"], at["x"] - shares @ at["mu"])
    np.testing.assert_allclose(found[r"\mu"], shares.sum(0)[:, None] * at["mu"] - shares.T @ at["x"])


def test_the_picture_is_of_the_network_alone():
    network = derived(MIXTURE, "").network
    assert list(network.without_abbreviations().definitions) == ["L"]
    assert "Picture" not in str(derived(MIXTURE, ""))
