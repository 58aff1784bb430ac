"""Every rewrite rule fires somewhere, keeps the value, stops, and can be tried in any order."""

import random
import re
from fractions import Fraction

import numpy as np
import pytest
from evaluating import close, dims, function, lengths, product
from hypothesis import given, settings
from hypothesis import strategies as st

from symgrad.dims import ONE, Dim
from symgrad.ops.arrange import concat_nodes, roll_node, slice_node
from symgrad.ops.exponential import along as dexpm
from symgrad.ops.exponential import expm
from symgrad.ops.reduce import mean
from symgrad.ops.structure import made
from symgrad.raising import raise_form
from symgrad.rewrite import Facts, simplify
from symgrad.rules import SIMPLIFY
from symgrad.tensor import (
    UNIT,
    add,
    broadcast,
    constant,
    contract,
    einsum,
    elementwise,
    eye,
    func,
    multiply,
    power,
    scale,
    transpose,
    var,
    variables,
)
from symgrad.typeset import text

n, m, k, d, p = dims("n m k d p")
A, B, C = (var(name, (n, m)) for name in "ABC")
W, X = var("W", (m, k)), var("X", (n, k))
u, r, s = var("u", dims("n 1")), var("r", dims("1 m")), var("s", ())
M, Y, S = var("M", (n, m)), var("Y", (n, m)), var("S", (n, n))
Z, H, T = var("Z", (n, m)), var("H", (n, m)), var("T", (n, m))
ZERO = Dim.of(0)

G, N = var("G", (n, n)), var("N", (m, n))  # orthogonal, orthonormal
FACTS = Facts(
    {
        "M": frozenset(["mask"]),
        "Y": frozenset(["distribution:1"]),
        "T": frozenset(["one_hot:1", "distribution:1"]),
        "S": frozenset(["symmetric"]),
        "G": frozenset(["orthogonal", "orthonormal"]),
        "N": frozenset(["orthonormal"]),
    }
)


def inverse(node):
    return func("inverse", [node], (), node.shape)


def softmax(node):
    return func("softmax", [node], (1,), node.shape)


def masked_softmax(node, mask):
    return softmax(elementwise("masked", [node, mask]))


def named(node, name):
    return Facts(FACTS.properties, {node: var(name, node.shape)})


AW, tanh_Z = product("ij,jk->ik", A, W), elementwise("tanh", [Z])
sigmoid_Z = elementwise("sigmoid", [Z])
centred = add([A, einsum([(mean(A, 1), (0, UNIT))], (0, 1), (n, m), -1)])
spread = mean(power(centred, 2), 1)
pairs = product("ik,ij->jki", A, constant(1, (n, m))) + product("ij,ik->jki", B, constant(1, (n, m)))


def step(node):
    return elementwise("step", [node])


ONES = constant(1, (n, m))
CLIPPED = elementwise("minimum", [elementwise("maximum", [A, -ONES]), ONES])


SPD = add([product("ij,kj->ik", A, A), eye(n)])
P, Q = var("P", (n, n)), var("Q", (n, n))
ROOT = elementwise("sqrt", [constant(2, ())])
STACK = var("O", (k, n, n))
PQ, PSP = product("ij,jk->ik", P, Q), product("ji,jk,kl->il", P, S, P)

K, v = var("K", (n * m, ONE)), var("v", (d, ONE))
V = func("eigenvectors", [S], (), S.shape)
WW = product("ij,kj->ik", W, W)
padded = func("pad", [v], (0, Dim.of(1), 1, m), (m, ONE))


def vec(node):
    return made("vec", [node])


def tri(node):
    return func("tri", (), node.shape, node.shape)


def causal(node):
    return func("causal_softmax", [node], (), node.shape)


def relu(node, order=0):
    return elementwise("relu", [node], (), order)


def raised(base, exponent):
    return elementwise("exp", [product(",ij->ij", exponent, elementwise("log", [base]))])


def kron(left, right):
    return made("kron", [left, right])


def blocks(node, *shape):
    return func("reshape", [node], shape, shape)


def pad(node, start, size):
    return func("pad", [node], (0, Dim.of(start), 1, size), (size, node.shape[1]))


FIRES = {
    "tiled-by-pads": [
        (pad(A, 0, n + d) + pad(product("i1,1j->ij", v, r), n, n + d), FACTS),
        (3 * pad(v, n, n + d) - pad(u, 0, n + d), FACTS),
    ],
    "pads-of-one-stretch": [
        (pad(A, 0, n + d) + pad(B, 0, n + d), FACTS),
        (2 * pad(A, 1, n + d) - pad(B, 1, n + d) + pad(A, 0, n + d), FACTS),
    ],
    "power-of-product": [
        (power(multiply(s, product("i1,i1->", u, u)), -2), FACTS),
        (power(3 * s * elementwise("exp", [s]), -1), FACTS),
        (power(multiply(A, power(B, -1)), -1), FACTS),
    ],
    "sign-over-modulus": [
        (multiply(C, elementwise("sign", [A]), power(elementwise("abs", [A]), -1)), FACTS),
        (multiply(elementwise("abs", [s]), elementwise("sign", [s])), FACTS),
    ],
    "rearranged-constant": [(blocks(constant(2, (n * m, k)), n, m, k, ONE), FACTS), (vec(constant(1, (n, m))), FACTS)],
    "shifted": [
        (softmax(Z + broadcast(u, (n, m))), FACTS),
        (func("logsumexp", [Z - broadcast(u, (n, m))], (1,), (n, ONE)), FACTS),
        (func("log_softmax", [Z + broadcast(r, (n, m)) + 3 * broadcast(r, (n, m))], (0,), (n, m)), FACTS),
    ],
    "linear-rearrangement": [
        (made("unvec", [2 * vec(A) - K], (n, m)), FACTS),
        (vec(3 * A), FACTS),
        (func("roll", [A - roll_node(A, 0, 1)], (0, -1), A.shape), FACTS),
    ],
    "sum-of-vecs": [(vec(A) + 2 * vec(B), FACTS)],
    "kron-of-vec": [
        (product("ij,j1->i1", kron(A, C), vec(WW)), FACTS),
        (product("ji,j1->i1", kron(P, A), vec(PQ)), FACTS),
    ],
    "split-of-product": [
        (blocks(kron(A, X), n, n, m, k), FACTS),
        (blocks(eye(n * m), n, m, n, m), FACTS),
        (blocks(product("i1,j1->ij", K, K), n, m, n, m), FACTS),
    ],
    "inverse-of-kron": [(inverse(kron(P, Q)), FACTS)],
    "sum-over-padding": [(product("ij,j1->i1", A, padded), FACTS)],
    "orthogonal-eigenvectors": [(product("ij,kj->ik", V, V), FACTS), (product("ij,ik,kl->jl", V, V, X), FACTS)],
    "named-quantity": [(AW, named(AW, "X")), (tanh_Z, named(tanh_Z, "H"))],
    "derivative-in-output": [
        (elementwise("tanh", [Z], (), 1), FACTS),
        (elementwise("sigmoid", [Z], (), 1), FACTS),
        (elementwise("tanh", [Z], (), 1), named(tanh_Z, "H")),
    ],
    "quotient-of-functions": [(multiply(C, elementwise("sinh", [A]), power(elementwise("cosh", [A]), -1)), FACTS)],
    "logistic": [(power(1 + elementwise("exp", [scale(-1, Z)]), -1), FACTS), (power(1 + elementwise("exp", [u]), -2), FACTS)],
    "logistic-of-the-modulus": [
        (
            elementwise("relu", [Z], (), 1)
            - multiply(elementwise("sign", [Z]), elementwise("sigmoid", [scale(-1, elementwise("abs", [Z]))]))
            - Y,
            FACTS,
        ),
        (
            multiply(A, elementwise("step", [Z]))
            - multiply(A, elementwise("sigmoid", [scale(-1, elementwise("abs", [Z]))]), elementwise("sign", [Z])),
            FACTS,
        ),
    ],
    "logistic-of-the-negative": [
        (multiply(A, elementwise("exp", [Z]), elementwise("sigmoid", [scale(-1, Z)])), FACTS),
        (multiply(elementwise("exp", [scale(-1, Z)]), elementwise("sigmoid", [Z])), FACTS),
    ],
    "step-beside-a-clip": [
        (multiply(step(A * B - CLIPPED * B), step(A + 1), 1 - step(A - 1), C), FACTS),
        (multiply(step(A - CLIPPED), step(A + 1), 1 - step(elementwise("maximum", [A, -ONES]) - ONES)), FACTS),
    ],
    "power-of-roots": [
        (power(product(",ij->ij", power(ROOT, -1), A), 2), FACTS),
        (power(product(",ij,ij->ij", ROOT, scale(-3, A), B), -2), FACTS),
    ],
    "roots-meet": [(product(",,ij->ij", ROOT, elementwise("sqrt", [func("pi", (), (), ())]), A), FACTS)],
    "square-of-root": [(power(elementwise("sqrt", [A]), 2), FACTS), (power(elementwise("sqrt", [A]), 4), FACTS)],
    "step-of-maximum": [(step(elementwise("maximum", [A, constant(-1, (n, m))]) - constant(1, (n, m))), FACTS)],
    "spread-terms-apart": [(product("ij,jki->ik", A, pairs), FACTS), (product("ij,jki,ik->i", A, pairs, B), FACTS)],
    "deviation": [
        (elementwise("sqrt", [spread + constant(Fraction(1, 8), (n, ONE))]), FACTS),
        (power(spread + broadcast(s, (n, ONE)), Fraction(-1, 2)), FACTS),
    ],
    "by-its-variance": [(func("std", [A], (1, Fraction(1, 8)), (n, ONE)), named(spread, "u"))],
    "standardised": [
        (product("ij,i1->ij", centred, power(func("std", [A], (1, Fraction(1, 8)), (n, ONE)), -1)), FACTS),
        (product("ij,ij,i1->ij", centred, B, power(func("std", [A], (1, 0), (n, ONE)), -1)), FACTS),
    ],
    "complements": [
        (multiply(1 - A, sigmoid_Z) - multiply(A, elementwise("sigmoid", [scale(-1, Z)])), FACTS),
        (multiply(A, 1 - sigmoid_Z) - multiply(1 - A, 1 - elementwise("sigmoid", [scale(-1, Z)])), FACTS),
        (B + scale(2, multiply(A, Z)) - scale(2, multiply(1 - Z, 1 - A)), FACTS),
    ],
    "softplus": [(elementwise("log", [1 + elementwise("exp", [Z])]), FACTS)],
    "softmax": [
        (product("ij,i1->ij", elementwise("exp", [Z]), power(product("ij->i1", elementwise("exp", [Z])), -1)), FACTS),
        (product("i1,->i1", elementwise("exp", [u]), power(product("ij->", elementwise("exp", [u])), -1)), FACTS),
        (product("i1,->i1", elementwise("exp", [u]), power(mean(elementwise("exp", [u]), None), -1)), FACTS),
    ],
    "logarithm-of-a-quotient": [
        (elementwise("log", [product("i1,->i1", elementwise("exp", [u]), power(product("ij->", elementwise("exp", [u])), -1))]), FACTS),
        (elementwise("log", [product("ij,i1->ij", elementwise("exp", [P]), power(product("ij->i1", elementwise("exp", [Z])), -2))]), FACTS),
    ],
    "logarithm-of-a-sum": [
        (elementwise("log", [product("ij->i1", elementwise("exp", [Z]))]), FACTS),
        (elementwise("log", [product("i1->", elementwise("exp", [u]))]), FACTS),
    ],
    "slice-of-concatenation": [
        (slice_node(concat_nodes((A, X, B), 1), (1, m, m + k, 1)), FACTS),
        (slice_node(concat_nodes((A, u), 1), (1, m, m + 1, 1)), FACTS),
        (slice_node(concat_nodes((r, A), 0), (0, ZERO, Dim.of(1), 1)), FACTS),
    ],
    "slice-of-product": [
        (slice_node(AW, (1, Dim.of(1), k, 1)), FACTS),
        (slice_node(AW, (0, ZERO, Dim.of(2), 1)), FACTS),
        (slice_node(A + 2 * B, (1, ZERO, Dim.of(3), 2)), FACTS),
        (slice_node(transpose(A), (0, ZERO, Dim.of(2), 1)), FACTS),
        (slice_node(product("ij,jk->ik", A, concat_nodes((W, transpose(A)), 1)), (1, k, k + n, 1)), FACTS),
    ],
    "inverse-of": [
        (inverse(inverse(P)), FACTS),
        (inverse(transpose(P)), FACTS),
        (inverse(scale(-2, P)), FACTS),
        (inverse(product(",ij->ij", func("pi", (), (), ()), scale(2, P))), FACTS),
    ],
    "inverse-of-diagonal": [
        (inverse(product("i1,ij->ij", u, eye(n))), FACTS),
        (inverse(product("i1,i1,ij->ij", u, scale(2, power(u, 2)), eye(n))), FACTS),
        (inverse(product(",ij->ij", s, eye(n))), FACTS),
    ],
    "cancel-inverse": [
        (product("ij,jk->ik", inverse(P), P), FACTS),
        (product("ji,kj,kl->il", inverse(P), P, A), FACTS),
        (product("ij,kj,kl->il", inverse(S), S, A), FACTS),
        (product("ij,ji->", inverse(P), P), FACTS),
    ],
    "open-inverse-when-shorter": [
        (product("ij,jk->ik", inverse(PQ), P), FACTS),
        (product("ij,jk->ik", Q, inverse(PQ)), FACTS),
        (product("ij,jk,kl->il", P, inverse(product("ji,jk,kl->il", P, Q, P)), A), FACTS),
    ],
    "exponential-of-transpose": [
        (expm(transpose(P)), FACTS),
        (expm(product("ij,->ij", transpose(P), s)), FACTS),
        (expm(product("ji,kj->ik", P, Q)), FACTS),
        (expm(transpose(P) + scale(2, transpose(Q))), FACTS),
    ],
    "linear-in-the-direction": [
        (dexpm(P, scale(2, Q)), FACTS),
        (dexpm(P, product(",ij->ij", s, transpose(Q))), FACTS),
        (dexpm(P, product("i1,j1->ij", scale(-1, u), u)), FACTS),
    ],
    "along-what-commutes": [
        (dexpm(P, eye(n)), FACTS),
        (dexpm(product(",ij->ij", s, P), scale(3, P)), FACTS),
        (dexpm(P, expm(P)), FACTS),
        (dexpm(transpose(P), transpose(inverse(expm(P)))), FACTS),
    ],
    "beside-what-commutes": [
        (product("ii->", dexpm(P, Q)), FACTS),
        (product("ij,ij->", dexpm(product(",ji->ij", s, P), Q), P), FACTS),
        (product("ij,ji->", dexpm(P, product("i1,j1->ij", u, u)), P), FACTS),
        (product("ii,jk->jk", dexpm(P, Q), Q), FACTS),
    ],
    "flatten-when-shorter": [(A * (B * power(A, -1)), FACTS), (product("ij,ij->i1", M, M * C), FACTS)],
    "flatten-broadcast": [
        (A * broadcast(multiply(u, u), A.shape), FACTS),
        (A * broadcast(r, A.shape), FACTS),
        (product("ij->", A * B), FACTS),
        (product("ij->i1", A * B), FACTS),
    ],
    "open-reciprocal-when-shorter": [
        (multiply(power(A * B, -1), B), FACTS),
        (multiply(power(A * B, -2), B, C), FACTS),
        (multiply(power(multiply(A, B, C), -1), B), FACTS),
    ],
    "cancel-own-reciprocal": [
        (product("ij,jk,ik->ik", A, W, power(AW, -1)), FACTS),
        (product("ij,j1,i1->i1", P, u, power(product("ij,j1->i1", P, u), -2)), FACTS),
        (product("i1,ij,j1,->", u, P, u, power(product("i1,ij,j1->", u, P, u), -1)), FACTS),
        (product("ij,j1,i1,ik->k1", P, u, power(product("ij,j1->i1", P, u), -1), X), FACTS),
    ],
    "cancel-diagonal": [
        (product("ij,ij,i1->ij", P, eye(n), power(product("ii->i1", P), -1)), FACTS),
        (product("ii,i1,ij->ij", P, power(product("ii->i1", P), -2), A), FACTS),
    ],
    "cholesky-diagonal": [(product("ij->", elementwise("log", [product("ii->i1", func("cholesky", [SPD], (), (n, n)))])), FACTS)],
    "cancel-reciprocal": [
        (multiply(A, power(A, 2)), FACTS),
        (multiply(A, elementwise("sqrt", [A])), FACTS),
        (multiply(A, power(elementwise("sqrt", [A]), -3)), FACTS),
        (A * power(A, -1), FACTS),
        (multiply(A, B, power(A, -2)), FACTS),
        (power(A, 3) * power(A, Fraction(-1, 2)), FACTS),
        (product("ij,ij->i1", A, power(A, -1)), FACTS),
    ],
    "step-of-mask": [
        *((elementwise("step", [each]), FACTS) for each in (M, T, 1 - T, M * T, elementwise("step", [A]), tri(P))),
    ],
    "masked-already": [
        (multiply(masked_softmax(A, M), M), FACTS),
        (multiply(B, multiply(elementwise("step", [A - C]), masked_softmax(B, elementwise("step", [A - C])))), FACTS),
        (multiply(Z, M), named(masked_softmax(A, M), "Z")),
    ],
    "like-products": [(multiply(product("ij,jk->ik", P, Q), S) + 2 * multiply(S, product("jk,ij->ik", Q, P)), FACTS)],
    "squares-alike": [(multiply(A, A) + power(A, 2), FACTS), (multiply(A, A) + multiply(B, power(A, 2)), FACTS)],
    "join-powers": [
        (multiply(raised(A, s), power(A, -1)), FACTS),
        (multiply(B, multiply(raised(A, s), power(A, -2))), FACTS),
        (multiply(raised(A, s - constant(1, ())), A), FACTS),
    ],
    "triangle-beside-causal": [(multiply(tri(P), causal(P)), FACTS), (multiply(causal(Q), P, tri(P)), FACTS)],
    "rectified-beside-its-slope": [(multiply(relu(A), relu(A, 1)), FACTS), (multiply(relu(A, 1), B, relu(A)), FACTS)],
    "mask-idempotent": [(multiply(M, A, M), FACTS), (contract(M, M), FACTS)],
    "one-hot-picks": [(product("ij,ik->ik", T, T), FACTS), (product("ij,ij,ik->ik", T, A, T), FACTS)],
    "function-of-an-entry": [
        (elementwise("log", [product("ij,ij->i1", softmax(A), T)]), FACTS),
        (power(product("ij,ij->i1", T, H), -1), named(softmax(Z), "H")),
    ],
    "distribution-sums-to-one": [
        (product("ij->i1", Y), FACTS),
        (product("ij,ik->k1", Y, X), FACTS),
        (product("ij,ik->ik", softmax(A), X), FACTS),
        (product("ij->", Y), FACTS),
        (product("ij->j1", func("perm", [u], (), (n, n))), FACTS),
    ],
    "distribute-when-shorter": [(A * (1 - B * power(A, -1)), FACTS), (s * (2 - power(s, -1)), FACTS)],
    "symmetric-matrix": [
        (product("bji,b1->ij", STACK, product("ij->j1", X)), Facts({"O": frozenset(["symmetric"])})),
        (product("ji,j1->i1", S, u), FACTS),
        (product("ji,jk->ik", inverse(S), X), FACTS),
        (product("ji,jk->ik", inverse(PSP), X), FACTS),
    ],
    "orthonormal-columns": [
        (product("ji,jk->ik", N, N), FACTS),
        (product("ij,kj,k1->i1", G, G, u), FACTS),
        (product("ji,jk,kl->il", G, G, A), FACTS),
        (product("ij,ij->", N, N), FACTS),
    ],
    "orthogonal-inverse": [(inverse(G), FACTS)],
    "expand-sum-when-shorter": [((1 - B) * A - B * (1 - A), FACTS)],
    "open-sum-when-shorter": [(A - (A - B), FACTS), (2 * A - 2 * (A - B), FACTS)],
}

STAYS = {
    "exponential-of-transpose": [(expm(P), FACTS), (expm(product("ji,jk->ik", P, P)), FACTS), (expm(P + transpose(P)), FACTS)],
    "linear-in-the-direction": [(dexpm(P, Q), FACTS), (dexpm(P, product("ij,jk->ik", Q, P)), FACTS), (dexpm(P, P + Q), FACTS)],
    "along-what-commutes": [(dexpm(P, Q), FACTS), (dexpm(P, transpose(P)), FACTS), (dexpm(scale(2, P), expm(P)), FACTS)],
    "beside-what-commutes": [
        (product("ij,ij->", dexpm(P, Q), P), FACTS),
        (product("ij,jk->ik", dexpm(P, Q), P), FACTS),
        (product("ii,i1->i1", dexpm(P, Q), u), FACTS),
    ],
    "sign-over-modulus": [(multiply(elementwise("sign", [A]), power(elementwise("abs", [B]), -1)), FACTS)],
    "rearranged-constant": [(vec(A), FACTS)],
    "shifted": [(softmax(Z + broadcast(r, (n, m))), FACTS), (softmax(Z + A), FACTS)],
    "logistic": [(power(1 + elementwise("exp", [Z]), 2), FACTS), (power(2 + elementwise("exp", [Z]), -1), FACTS)],
    "logistic-of-the-modulus": [
        (elementwise("relu", [Z], (), 1) + elementwise("sigmoid", [scale(-1, elementwise("abs", [Z]))]) * elementwise("sign", [Z]), FACTS),
        (elementwise("relu", [Z], (), 1) - elementwise("sigmoid", [elementwise("abs", [Z])]) * elementwise("sign", [Z]), FACTS),
    ],
    "logistic-of-the-negative": [
        (multiply(elementwise("exp", [Z]), elementwise("sigmoid", [Z])), FACTS),
        (product("ij,ji->ij", elementwise("exp", [P]), elementwise("sigmoid", [scale(-1, P)])), FACTS),
    ],
    "step-beside-a-clip": [
        (multiply(step(A * B - CLIPPED * B), step(A + 1), step(A - 1)), FACTS),
        (multiply(step(A * B - CLIPPED * C), step(A + 1), 1 - step(A - 1)), FACTS),
        (multiply(step(A * B - CLIPPED * B), step(B + 1), 1 - step(A - 1)), FACTS),
        (multiply(step(product("ij,jk,kl->il", A - CLIPPED, transpose(B), B)), step(A + 1), 1 - step(A - 1)), FACTS),
    ],
    "power-of-roots": [
        (power(product(",ij->ij", ROOT, A), 3), FACTS),
        (power(product(",ij->ij", elementwise("sqrt", [s]), A), 2), FACTS),
    ],
    "roots-meet": [(product(",,ij->ij", ROOT, elementwise("sqrt", [s]), A), FACTS)],
    "square-of-root": [(power(elementwise("sqrt", [A]), -1), FACTS), (power(elementwise("sqrt", [A]), 3), FACTS)],
    "step-of-maximum": [
        (step(elementwise("maximum", [A, constant(2, (n, m))]) - constant(1, (n, m))), FACTS),
        (step(elementwise("maximum", [A, B]) - constant(1, (n, m))), FACTS),
    ],
    "spread-terms-apart": [
        (product("ij,jki->ijk", A, pairs), FACTS),
        (product("ij,jki->ik", A, pairs + var("E", (m, m, n))), FACTS),
    ],
    "standardised": [
        (product("ij,i1->ij", B, power(func("std", [A], (1, 0), (n, ONE)), -1)), FACTS),
        (product("ij,i1->ij", centred, func("std", [A], (1, 0), (n, ONE))), FACTS),
    ],
    "deviation": [
        (elementwise("sqrt", [scale(2, spread)]), FACTS),
        (elementwise("sqrt", [mean(power(A, 2), 1)]), FACTS),
        (elementwise("sqrt", [spread + u]), FACTS),
    ],
    "by-its-variance": [(func("std", [A], (1, 0), (n, ONE)), FACTS), (func("std", [A], (0, 0), (ONE, m)), named(spread, "u"))],
    "complements": [
        (multiply(1 - A, sigmoid_Z) + multiply(A, elementwise("sigmoid", [scale(-1, Z)])), FACTS),
        (multiply(1 - A, sigmoid_Z) - multiply(B, elementwise("sigmoid", [scale(-1, Z)])), FACTS),
        (multiply(1 - A, sigmoid_Z) - multiply(A, elementwise("sigmoid", [Z])), FACTS),
        (scale(2, multiply(1 - A, sigmoid_Z)) - multiply(A, elementwise("sigmoid", [scale(-1, Z)])), FACTS),
    ],
    "softplus": [(elementwise("log", [elementwise("exp", [Z])]), FACTS), (elementwise("log", [1 + Z]), FACTS)],
    "softmax": [
        (product("ij,->ij", elementwise("exp", [Z]), power(product("ij->", elementwise("exp", [Z])), -1)), FACTS),
        (product("ij,j1->ij", elementwise("exp", [P]), power(product("ij->i1", elementwise("exp", [P])), -1)), FACTS),
        (product("ij,i1->ij", elementwise("exp", [A]), power(product("ij->i1", elementwise("exp", [Z])), -1)), FACTS),
    ],
    "logarithm-of-a-sum": [(elementwise("log", [product("ij->", elementwise("exp", [Z]))]), FACTS)],
    "logarithm-of-a-quotient": [
        (elementwise("log", [product("ij,ij->i1", elementwise("exp", [A]), Y)]), FACTS),
        (elementwise("log", [product("ij,i1->ij", A, power(product("ij->i1", elementwise("exp", [Z])), -1))]), FACTS),
    ],
    "one-hot-picks": [(product("ij,ik->jk", T, T), FACTS), (product("ij,kj->ik", T, T), FACTS), (product("ij,ik->ik", Y, Y), FACTS)],
    "function-of-an-entry": [
        (elementwise("log", [product("ij,ij->i1", A, T)]), FACTS),
        (elementwise("log", [product("ij,ij->i1", softmax(A), Y)]), FACTS),
    ],
    "quotient-of-functions": [
        (elementwise("sinh", [A]) * power(elementwise("cosh", [B]), -1), FACTS),
        (elementwise("sinh", [A]) * power(elementwise("cosh", [A]), -2), FACTS),
    ],
    "pads-of-one-stretch": [(pad(A, 0, n + d) + pad(B, 1, n + d), FACTS), (pad(A, 0, n + d), FACTS)],
    "tiled-by-pads": [(pad(A, 0, n + d) + pad(B, 0, n + d), FACTS), (pad(v, 0, n + d + 1) + pad(u, d + 1, n + d + 1), FACTS)],
    "power-of-product": [(power(multiply(A, B), -1), FACTS), (power(product("i1,i1->", u, u), -2), FACTS)],
    "linear-rearrangement": [(vec(A + B), FACTS), (made("unvec", [K], (n, m)), FACTS), (made("unvec", [vec(A)], (m, n)), FACTS)],
    "sum-of-vecs": [(vec(A) + K, FACTS)],
    "kron-of-vec": [(product("ij,jk->ik", kron(A, C), kron(transpose(A), transpose(C))), FACTS), (product("ij,j1->i1", A, padded), FACTS)],
    "split-of-product": [(blocks(A, m, n), FACTS), (blocks(kron(A, X), n * n, m, k), FACTS)],
    "inverse-of-kron": [(inverse(kron(u, transpose(u))), FACTS)],
    "sum-over-padding": [(product("ij,j1->ij", A, padded), FACTS)],
    "orthogonal-eigenvectors": [(product("ij,ij->ij", V, V), FACTS), (product("ij,jk->ik", V, V), FACTS)],
    "named-quantity": [(product("ij,jk->ki", A, W), named(AW, "X"))],
    "derivative-in-output": [(elementwise("relu", [Z], (), 1), FACTS), (tanh_Z, FACTS)],
    "slice-of-concatenation": [
        (slice_node(concat_nodes((A, X), 1), (1, Dim.of(1), m, 1)), FACTS),
        (slice_node(concat_nodes((A, A), 1), (0, ZERO, Dim.of(2), 1)), FACTS),
    ],
    "slice-of-product": [(slice_node(A * B, (1, ZERO, Dim.of(2), 1)), FACTS), (slice_node(A, (0, ZERO, Dim.of(2), 1)), FACTS)],
    "inverse-of": [(inverse(PQ), FACTS), (inverse(P + Q), FACTS)],
    "inverse-of-diagonal": [
        (inverse(P), FACTS),
        (inverse(product("i1,ij->ij", u, P)), FACTS),
        (inverse(product("i1,ij->ij", u, eye(n)) + P), FACTS),
    ],
    "cancel-inverse": [
        (product("ij,kj->ik", inverse(P), P), FACTS),
        (product("ij,ij->ij", inverse(P), P), FACTS),
        (product("ij,jk,j1->ik", inverse(P), P, u), FACTS),
        (product("ij,jk->ik", inverse(P), Q), FACTS),
    ],
    "open-inverse-when-shorter": [
        (product("ij,jk->ik", inverse(PQ), A), FACTS),
        (product("ij,jk->ik", inverse(product("ji,jk->ik", A, A)), inverse(product("ji,jk->ik", A, A))), FACTS),
    ],
    "flatten-when-shorter": [(A * (B * C), FACTS), (A * (B * power(C, -1)), FACTS)],
    "flatten-broadcast": [(A * (B * C), FACTS), (product("ij,ik->jk", A * B, X), FACTS)],
    "open-reciprocal-when-shorter": [
        (multiply(power(A * B, -1), C), FACTS),
        (multiply(power(AW, -1), X), FACTS),
        (multiply(power(A * B, Fraction(-1, 2)), B), FACTS),
    ],
    "cancel-own-reciprocal": [
        (product("ij,j1,i1->ij", P, u, power(product("ij,j1->i1", P, u), -1)), FACTS),
        (product("ij,j1,i1->i1", Q, u, power(product("ij,j1->i1", P, u), -1)), FACTS),
        (product("ij,j1,jk,i1->ik", P, u, Q, power(product("ij,j1->i1", P, u), -1)), FACTS),
        (product("ij,j1,i1->i1", P, u, power(product("ij,j1->i1", P, u), 2)), FACTS),
    ],
    "cancel-diagonal": [
        (product("ij,i1->ij", P, power(product("ii->i1", P), -1)), FACTS),
        (product("ij,ij,i1->ij", Q, eye(n), power(product("ii->i1", P), -1)), FACTS),
    ],
    "cholesky-diagonal": [
        (product("ij->", elementwise("log", [product("ii->i1", func("cholesky", [P], (), (n, n)))])), FACTS),
        (elementwise("log", [product("ii->i1", func("cholesky", [SPD], (), (n, n)))]), FACTS),
    ],
    "cancel-reciprocal": [(A * A, FACTS), (A * power(B, -1), FACTS), (product("ij,kj->ik", A, power(A, -1)), FACTS)],
    "step-of-mask": [(elementwise("step", [A]), FACTS), (elementwise("step", [1 - A]), FACTS), (elementwise("step", [2 * M]), FACTS)],
    "masked-already": [
        (multiply(masked_softmax(A, B), B), FACTS),
        (multiply(masked_softmax(A, M), B), FACTS),
        (multiply(softmax(A), M), FACTS),
    ],
    "like-products": [(multiply(P, Q) + multiply(P, S), FACTS), (product("ij,jk->ik", P, Q) + product("ij,jk->ik", Q, P), FACTS)],
    "squares-alike": [(multiply(A, A) + A, FACTS), (multiply(A, A) + power(B, 2), FACTS)],
    "join-powers": [
        (multiply(raised(A, s), A), FACTS),
        (multiply(raised(A, s), power(B, -1)), FACTS),
        (product("ij,kj->ik", raised(A, s), power(A, -1)), FACTS),
    ],
    "triangle-beside-causal": [
        (multiply(tri(P), softmax(P)), FACTS),
        (product("ij,ji->ij", tri(P), causal(P)), FACTS),
        (causal(P), FACTS),
    ],
    "rectified-beside-its-slope": [(multiply(relu(A), relu(B, 1)), FACTS), (product("ij,kj->ik", relu(A), relu(A, 1)), FACTS)],
    "mask-idempotent": [(A * A, FACTS), (product("ij,kj->ik", M, M), FACTS), (M * M, Facts())],
    "distribution-sums-to-one": [
        (product("ij->1j", Y), FACTS),
        (product("ij,ij->i1", Y, Y), FACTS),
        (product("ij,jk->ik", Y, W), FACTS),
        (product("ij->i1", Y), Facts()),
    ],
    "distribute-when-shorter": [(A * (1 - B), FACTS), (A * (B + C), FACTS)],
    "symmetric-matrix": [(product("ij,j1->i1", S, u), FACTS), (product("ji,j1->i1", S, u), Facts())],
    "orthonormal-columns": [
        (product("ij,kj->ik", N, N), FACTS),
        (product("ij,jk->ik", G, G), FACTS),
        (product("ij,ik,i1->jk", G, G, u), FACTS),
        (product("ji,jk->ik", N, N), Facts()),
    ],
    "orthogonal-inverse": [(inverse(S), FACTS), (inverse(G), Facts())],
    "expand-sum-when-shorter": [((1 - B) * A - C * (1 - A), FACTS)],
    "open-sum-when-shorter": [(A - 2 * (B - C), FACTS)],
}


def cases(table):
    return [pytest.param(rule, *case, id=f"{rule.name}-{i}") for rule in SIMPLIFY for i, case in enumerate(table.get(rule.name, []))]


CASES = [case for listed in FIRES.values() for case in listed]


KNOWN = (A, B, C, W, X, u, r, s, M, Y, S, Z, H, P, Q, K, v, N, G, T, STACK)


def point(facts, seed):
    """Values of the symbols, the declared facts being true of them."""
    rng = np.random.default_rng(seed)
    values = {v.name: rng.uniform(0.5, 1.5, lengths(v.shape)) for v in KNOWN}
    values["M"] = (rng.random((3, 4)) < 0.5).astype(float)
    values["Y"] /= values["Y"].sum(1, keepdims=True)
    values["T"] = np.eye(4)[rng.integers(0, 4, 3)]
    values["S"] = values["S"] + values["S"].T + 3 * np.identity(3)
    values["O"] = values["O"] + values["O"].swapaxes(1, 2)
    values["P"] += 3 * np.identity(3)
    values["Q"] += 4 * np.identity(3)
    values["G"], values["N"] = np.linalg.qr(values["G"])[0], np.linalg.qr(values["N"])[0]
    return values | {name.name: function(node, KNOWN)(values) for node, name in facts.named.items()}


def same_value(before, after, facts=FACTS):
    assert before.shape == after.shape
    for seed in range(2):
        at = point(facts, seed)
        close(function(after, KNOWN)(at), function(before, KNOWN)(at))


@pytest.mark.parametrize("rule", SIMPLIFY, ids=lambda rule: rule.name)
def test_a_rule_says_what_it_does_and_has_cases(rule):
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", rule.name)
    assert rule.law and rule.terminates and rule.apply.__doc__
    assert FIRES[rule.name] and STAYS[rule.name]


def test_names_of_rules_differ():
    assert len({rule.name for rule in SIMPLIFY}) == len(SIMPLIFY)
    assert {rule.name for rule in SIMPLIFY} == FIRES.keys() == STAYS.keys()


@pytest.mark.parametrize("rule, node, facts", cases(FIRES))
def test_a_rule_fires_and_keeps_the_value(rule, node, facts):
    after = rule.apply(node, facts)
    assert after is not None and after is not node
    same_value(node, after, facts)


@pytest.mark.parametrize("rule, node, facts", cases(FIRES))
def test_a_rule_alone_stops(rule, node, facts):
    fired = []
    after = simplify(node, facts, (rule,), fired)
    assert fired == [rule.name]
    assert simplify(after, facts, (rule,)) is after
    same_value(node, after, facts)


@pytest.mark.parametrize("rule, node, facts", cases(STAYS))
def test_a_rule_stays_where_its_law_does_not_hold_or_does_not_help(rule, node, facts):
    assert rule.apply(node, facts) is None


ORDERS = [SIMPLIFY, SIMPLIFY[::-1], *(tuple(random.Random(seed).sample(SIMPLIFY, len(SIMPLIFY))) for seed in range(4))]


@pytest.mark.parametrize("node, facts", CASES)
def test_the_order_of_the_rules_does_not_matter(node, facts):
    results = [simplify(node, facts, order) for order in ORDERS]
    for after in results:
        same_value(node, after, facts)
    assert len({text(raise_form(after, facts)) for after in results}) == 1


# ── random tensors, made of what the rules look for ──────────────────────────────────────────────────────────────────

LEAVES = [A, B, M, Y, power(A, -1), power(B, -2), constant(1, A.shape), softmax(A), broadcast(u, A.shape), broadcast(r, A.shape)]
LEAVES += [elementwise("tanh", [Z], (), 1), slice_node(concat_nodes((X, A), 1), (1, k, k + m, 1)), product("ji,jk->ik", S, A)]


COLUMNS = (1, Dim.of(1), Dim.of(3), 1)


def grown(inner):
    two = st.tuples(inner, inner)
    return st.one_of(
        two.map(lambda xy: xy[0] * xy[1]),
        two.map(lambda xy: xy[0] + xy[1]),
        two.map(lambda xy: xy[0] - xy[1]),
        st.tuples(inner, st.sampled_from([2, -1, Fraction(1, 3)])).map(lambda xc: scale(xc[1], xc[0])),
        two.map(lambda xy: product("ij,lj,lk->ik", xy[0], xy[1], C)),
        inner.map(lambda x: x * broadcast(product("ij->i1", x), x.shape)),
        inner.map(lambda x: product("ij->", x) * C),
        two.map(lambda xy: product("ij,lj,lk->ik", slice_node(xy[0], COLUMNS), slice_node(xy[1], COLUMNS), C)),
    )


tensors = st.recursive(st.sampled_from(LEAVES), grown, max_leaves=6)


@settings(deadline=None, derandomize=True, max_examples=150)
@given(tensors, st.randoms(use_true_random=False))
def test_simplifying_keeps_the_value_and_is_done_once(node, rng):
    after = simplify(node, FACTS, SIMPLIFY)
    same_value(node, after)
    assert simplify(after, FACTS, SIMPLIFY) is after
    assert {v.name for v in variables(after)} <= {v.name for v in variables(node)}
    same_value(node, simplify(node, FACTS, tuple(rng.sample(SIMPLIFY, len(SIMPLIFY)))))
