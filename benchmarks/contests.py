"""What is timed by `gradients.py`: for every row of the table the network, its data, and the derivative as an expert writes it in NumPy.

The Hessians are those of Laue, Mitterreiter, Giesen, *Computing Higher Order Derivatives of Matrix and Tensor Expressions* (NeurIPS
2018), section 5: logistic regression with twice as many examples as features, matrix factorisation of rank 5, and a network of ten ReLU
layers under a softmax cross-entropy, by the weights of the first.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

Array = Any


@dataclass(frozen=True)
class Contest:
    """A row: `expression` with `dims` and `assume` for symgrad, `by_hand` in NumPy, `loss(m, …)` for JAX and PyTorch.

    All take the data by position, in the order of `data`, which is also that of the sizes. `m` is the peer's module as `Peer` has it.
    `blocks` says how a Hessian that symgrad keeps as blocks is put together.
    """

    title: str
    expression: str
    wrt: tuple[str, ...]
    data: Callable[[Any], dict[str, Array]]
    by_hand: Callable[..., Any]
    loss: Callable[..., Any]
    dims: str = ""
    assume: str = ""
    hessian: bool = False
    settings: Mapping[str, int] = field(default_factory=dict)


def one_hot(rng: Any, n: int, k: int) -> Array:
    return np.eye(k)[rng.integers(k, size=n)]


# ── a hidden layer ───────────────────────────────────────────────────────────────────────────────────────────────────


def mlp_data(n: int, d: int, h: int, k: int) -> Callable[[Any], dict[str, Array]]:
    def draw(rng: Any) -> dict[str, Array]:
        return {
            "X": rng.standard_normal((n, d)), "W1": rng.standard_normal((d, h)) / d**0.5, "b1": rng.standard_normal((1, h)),
            "W2": rng.standard_normal((h, k)) / h**0.5, "b2": rng.standard_normal((1, k)), "Y": one_hot(rng, n, k),
        }  # fmt: skip

    return draw


def mlp_by_hand(X: Array, W1: Array, b1: Array, W2: Array, b2: Array, Y: Array) -> Any:
    n = len(X)
    H = X @ W1
    H += b1
    np.maximum(H, 0, out=H)
    Z = H @ W2
    Z += b2
    Z -= Z.max(axis=1, keepdims=True)
    P = np.exp(Z)
    S = P.sum(axis=1, keepdims=True)
    loss = (np.log(S).sum() - np.vdot(Y, Z)) / n
    P /= S
    P -= Y
    P /= n
    dH = P @ W2.T
    dH *= H > 0
    return loss, {"W1": X.T @ dH, "b1": dH.sum(axis=0, keepdims=True), "W2": H.T @ P, "b2": P.sum(axis=0, keepdims=True)}


def mlp_loss(m: Any, X: Array, W1: Array, b1: Array, W2: Array, b2: Array, Y: Array) -> Array:
    return -m.sum(Y * m.log_softmax(m.relu(X @ W1 + b1) @ W2 + b2, 1)) / X.shape[0]


# ── softmax cross-entropy ────────────────────────────────────────────────────────────────────────────────────────────


def logits(n: int, k: int) -> Callable[[Any], dict[str, Array]]:
    return lambda rng: {"Z": rng.standard_normal((n, k)), "Y": one_hot(rng, n, k)}


def cross_entropy_by_hand(Z: Array, Y: Array) -> Any:
    n = len(Z)
    Z = Z - Z.max(axis=1, keepdims=True)
    P = np.exp(Z)
    S = P.sum(axis=1, keepdims=True)
    loss = (np.log(S).sum() - np.vdot(Y, Z)) / n
    P /= S
    P -= Y
    P /= n
    return loss, {"Z": P}


def cross_entropy(m: Any, Z: Array, Y: Array) -> Array:
    return -m.sum(Y * m.log_softmax(Z, 1)) / Z.shape[0]


# ── recurrent networks ───────────────────────────────────────────────────────────────────────────────────────────────


def columns(T: int, d: int, p: int, k: int) -> Callable[[Any], dict[str, Array]]:
    """One sequence, every step a column."""

    def draw(rng: Any) -> dict[str, Array]:
        return {
            "W": rng.standard_normal((d, d)) / d**0.5, "U": rng.standard_normal((d, p)) / p**0.5, "V": rng.standard_normal((k, d)) / d**0.5,
            "h_0": rng.standard_normal((d, 1)), "x": rng.standard_normal((T, p, 1)), "y": rng.standard_normal((T, k, 1)),
        }  # fmt: skip

    return draw


def rnn_by_hand(W: Array, U: Array, V: Array, h_0: Array, x: Array, y: Array) -> Any:
    T, d = len(x), len(W)
    x, y = x[:, :, 0], y[:, :, 0]
    h = np.empty((T + 1, d))
    h[0] = h_0[:, 0]
    a = x @ U.T
    for t in range(T):
        h[t + 1] = np.tanh(W @ h[t] + a[t])
    e = h[1:] @ V.T - y
    delta = e @ V
    slope = 1 - h[1:] ** 2
    delta[-1] *= slope[-1]
    for t in reversed(range(T - 1)):
        delta[t] += delta[t + 1] @ W
        delta[t] *= slope[t]
    return np.vdot(e, e) / 2, {"W": delta.T @ h[:-1], "U": delta.T @ x, "V": e.T @ h[1:]}


def rnn_loss(m: Any, W: Array, U: Array, V: Array, h_0: Array, x: Array, y: Array) -> Array:
    def step(h: Array, x_t: Array) -> tuple[Array, Array]:
        h = m.tanh(W @ h + U @ x_t)
        return h, h

    h = m.scan(step, h_0, x)
    return m.sum((V @ h - y) ** 2) / 2


def rows(T: int, n: int, d: int, p: int, k: int) -> Callable[[Any], dict[str, Array]]:
    """A batch of sequences, every step a matrix with one example a row."""

    def draw(rng: Any) -> dict[str, Array]:
        return {
            "W": rng.standard_normal((d, d)) / d**0.5, "U": rng.standard_normal((p, d)) / p**0.5, "V": rng.standard_normal((d, k)) / d**0.5,
            "H_0": rng.standard_normal((n, d)), "X": rng.standard_normal((T, n, p)), "Y": rng.standard_normal((T, n, k)),
        }  # fmt: skip

    return draw


def batch_rnn_by_hand(W: Array, U: Array, V: Array, H_0: Array, X: Array, Y: Array) -> Any:
    (T, n, p), d, k = X.shape, len(W), V.shape[1]
    H = np.empty((T + 1, n, d))
    H[0] = H_0
    A = (X.reshape(-1, p) @ U).reshape(T, n, d)
    for t in range(T):
        Z = H[t] @ W
        Z += A[t]
        np.tanh(Z, out=H[t + 1])
    E = H[1:].reshape(-1, d) @ V - Y.reshape(-1, k)
    D = (E @ V.T).reshape(T, n, d)
    slope = 1 - H[1:] ** 2
    D[-1] *= slope[-1]
    for t in reversed(range(T - 1)):
        D[t] += D[t + 1] @ W.T
        D[t] *= slope[t]
    D = D.reshape(-1, d)
    return np.vdot(E, E) / 2, {"W": H[:-1].reshape(-1, d).T @ D, "U": X.reshape(-1, p).T @ D, "V": H[1:].reshape(-1, d).T @ E}


def batch_rnn_loss(m: Any, W: Array, U: Array, V: Array, H_0: Array, X: Array, Y: Array) -> Array:
    def step(H: Array, X_t: Array) -> tuple[Array, Array]:
        H = m.tanh(H @ W + X_t @ U)
        return H, H

    H = m.scan(step, H_0, X)
    return m.sum((H @ V - Y) ** 2) / 2


# ── attention ────────────────────────────────────────────────────────────────────────────────────────────────────────


def tokens(n: int, d: int, k: int) -> Callable[[Any], dict[str, Array]]:
    def draw(rng: Any) -> dict[str, Array]:
        weights = {name: rng.standard_normal((d, k)) / d**0.5 for name in ("A", "B", "C")}
        return {"X": rng.standard_normal((n, d)), **weights, "Y": rng.standard_normal((n, k))}

    return draw


def attention_by_hand(X: Array, A: Array, B: Array, C: Array, Y: Array) -> Any:
    Q, K, V = X @ A, X @ B, X @ C
    Q /= Q.shape[1] ** 0.5
    P = Q @ K.T
    P -= P.max(axis=1, keepdims=True)
    np.exp(P, out=P)
    P /= P.sum(axis=1, keepdims=True)
    E = P @ V
    E -= Y
    loss = np.vdot(E, E) / 2
    dV = P.T @ E
    S = E @ V.T
    S -= np.einsum("ij,ij->i", S, P)[:, None]
    S *= P
    dK = S.T @ Q
    dQ = S @ K
    dQ /= Q.shape[1] ** 0.5
    return loss, {"A": X.T @ dQ, "B": X.T @ dK, "C": X.T @ dV}


def attention(m: Any, X: Array, A: Array, B: Array, C: Array, Y: Array) -> Array:
    P = m.softmax((X @ A) @ (X @ B).T / A.shape[1] ** 0.5, 1)
    return m.sum((P @ (X @ C) - Y) ** 2) / 2


# ── logistic regression ──────────────────────────────────────────────────────────────────────────────────────────────


def examples(n: int) -> Callable[[Any], dict[str, Array]]:
    """Twice as many examples as features, as in Laue et al. (2018)."""

    def draw(rng: Any) -> dict[str, Array]:
        X = rng.standard_normal((2 * n, n))
        return {"X": X, "y": np.sign(rng.standard_normal((2 * n, 1))), "w": rng.standard_normal((n, 1)) / n**0.5}

    return draw


def logistic_by_hand(X: Array, y: Array, w: Array) -> Any:
    z = X @ w
    z *= -y
    s = 1 / (1 + np.exp(-z))
    loss = np.sum(np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z))))
    s *= y
    return loss, {"w": -(X.T @ s)}


def logistic_hessian_by_hand(X: Array, y: Array, w: Array) -> Array:
    s = 1 / (1 + np.exp(y * (X @ w)))
    s *= 1 - s
    A = np.sqrt(s) * X
    return A.T @ A


def logistic(m: Any, X: Array, y: Array, w: Array) -> Array:
    return m.sum(m.softplus(-y * (X @ w)))


# ── masked matrix factorisation ──────────────────────────────────────────────────────────────────────────────────────


def ratings(n: int, k: int) -> Callable[[Any], dict[str, Array]]:
    def draw(rng: Any) -> dict[str, Array]:
        return {
            "M": np.round(rng.random((n, n))), "A": rng.standard_normal((n, n)),
            "U": rng.standard_normal((n, k)), "V": rng.standard_normal((n, k)),
        }  # fmt: skip

    return draw


def factorisation_hessian_by_hand(M: Array, A: Array, U: Array, V: Array) -> Array:
    k = V.shape[1]
    pairs = (V[:, :, None] * V[:, None, :]).reshape(-1, k * k)
    return 2 * (M @ pairs).reshape(-1, k, k)


def factorisation(m: Any, M: Array, A: Array, U: Array, V: Array) -> Array:
    return m.sum((M * (A - U @ V.T)) ** 2)


# ── ten layers ───────────────────────────────────────────────────────────────────────────────────────────────────────

_LAYERS = 10


def layers(n: int) -> Callable[[Any], dict[str, Array]]:
    def draw(rng: Any) -> dict[str, Array]:
        weights = {f"W{i}": rng.standard_normal((n, n)) * (2 / n) ** 0.5 for i in range(1, _LAYERS + 1)}
        return {"x": rng.standard_normal((n, 1)), **weights, "y": one_hot(rng, 1, n).T}

    return draw


def layered_expression() -> str:
    inputs = ["x", *(f"h{i}" for i in range(1, _LAYERS))]
    hidden = "; ".join(f"h{i} = relu(W{i} @ {inputs[i - 1]})" for i in range(1, _LAYERS))
    return f"{hidden}; z = W{_LAYERS} @ h{_LAYERS - 1}; L = logsumexp(z, axis=0) - y.T @ z"


def layers_hessian_by_hand(x: Array, *weights_and_y: Array) -> Array:
    """x_j x_l (Jᵀ (diag(p) − p pᵀ) J)_ik, J being that of the logits by the first layer's sums."""
    weights = weights_and_y[:-1]
    h, steps = weights[0] @ x, []
    for W in weights[1:]:
        steps.append(W * (h > 0).T)
        h = W @ np.maximum(h, 0)
    J = steps[-1]
    for step in reversed(steps[:-1]):
        J = J @ step
    p = np.exp(h - h.max())
    p /= p.sum()
    pJ = p * J
    g = pJ.sum(axis=0)
    H = J.T @ pJ - g[:, None] * g
    return H[:, None, :, None] * (x * x.T)[:, None, :]


def layered(m: Any, x: Array, *weights_and_y: Array) -> Array:
    weights, y = weights_and_y[:-1], weights_and_y[-1]
    h = x
    for W in weights[:-1]:
        h = m.relu(W @ h)
    z = weights[-1] @ h
    return m.sum(-y * m.log_softmax(z, 0))


_RNN = "h[t] = tanh(W@h[t-1] + U@x[t]); L = sum(sum((V@h[t] - y[t])**2)/2 for t in range(1, T+1))"
_BATCH_RNN = "H[t] = tanh(H[t-1]@W + X[t]@U); L = sum(sum((H[t]@V - Y[t])**2)/2 for t in range(1, T+1))"
_CROSS_ENTROPY = "L = -sum(Y*log_softmax(Z, axis=1))/len(Z)"
_LOGISTIC = "L = sum(log(1 + exp(-y*(X@w))))"

CONTESTS: tuple[Contest, ...] = (
    Contest("MLP 128×784, 256, 10", "H = relu(X@W1 + b1); Z = H@W2 + b2; " + _CROSS_ENTROPY, ("W1", "b1", "W2", "b2"),
            mlp_data(128, 784, 256, 10), mlp_by_hand, mlp_loss, assume="Y: one-hot"),
    Contest("softmax cross-entropy 128×10", _CROSS_ENTROPY, ("Z",), logits(128, 10), cross_entropy_by_hand, cross_entropy,
            assume="Y: one-hot"),
    Contest("softmax cross-entropy 1024×1000", _CROSS_ENTROPY, ("Z",), logits(1024, 1000), cross_entropy_by_hand, cross_entropy,
            assume="Y: one-hot"),
    Contest("RNN, 50 steps of 128", _RNN, ("W", "U", "V"), columns(50, 128, 64, 32), rnn_by_hand, rnn_loss),
    Contest("RNN, 50 steps of 128, written out", _RNN, ("W", "U", "V"), columns(50, 128, 64, 32), rnn_by_hand, rnn_loss,
            settings={"T": 50}),
    Contest("RNN, 50 steps of 32×128", _BATCH_RNN, ("W", "U", "V"), rows(50, 32, 128, 64, 32), batch_rnn_by_hand, batch_rnn_loss),
    Contest("RNN, 50 steps of 32×128, written out", _BATCH_RNN, ("W", "U", "V"), rows(50, 32, 128, 64, 32), batch_rnn_by_hand,
            batch_rnn_loss, settings={"T": 50}),
    Contest("attention 256×64", "Q = X@A; K = X@B; V = X@C; P = softmax(Q@K.T/sqrt(A.shape[1]), axis=1); L = sum((P@V - Y)**2)/2",
            ("A", "B", "C"), tokens(256, 64, 64), attention_by_hand, attention, dims="X: n,d; A: d,k; B: d,k; C: d,k"),
    Contest("logistic regression 2000×1000", _LOGISTIC, ("w",), examples(1000), logistic_by_hand, logistic),
    *(Contest(f"Hessian, logistic regression {2 * n}×{n}", _LOGISTIC, ("w",), examples(n), logistic_hessian_by_hand, logistic, hessian=True)
      for n in (100, 300, 1000)),
    Contest("Hessian, factorisation 100×100 of rank 5", "L = sum((M*(A - U@V.T))**2)", ("U",), ratings(100, 5),
            factorisation_hessian_by_hand, factorisation, assume="M: mask", hessian=True),
    Contest("Hessian, ten layers of 20", layered_expression(), ("W1",), layers(20), layers_hessian_by_hand, layered,
            dims="; ".join(f"W{i}: n,n" for i in range(1, _LAYERS + 1)), assume="y: one-hot", hessian=True),
)  # fmt: skip
