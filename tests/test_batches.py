"""What is printed of tensors, place by place, has the value of what is computed with."""

import numpy as np
import pytest
from evaluating import SIZES, close, dims, lengths
from test_expression import DATA, blocks, point, read, wanted

from symgrad.batches import on_paper
from symgrad.evaluate import compiled
from symgrad.form import apply, number, symbol
from symgrad.form import symbols as symbols_in
from symgrad.formulas import network_of_text
from symgrad.numpycode import Program
from symgrad.pipeline import derive, forward_program
from symgrad.typeset import latex, text

CASES = [read(block) for block in blocks((DATA / "tensors.txt").read_text(encoding="utf-8"))]
X, Y, W = symbol("X", dims("n m k")), symbol("Y", dims("n m d")), symbol("W", dims("k d"))
Q, K = symbol("Q", dims("n m d k")), symbol("K", dims("n p d k"))
A, s = symbol("A", dims("n m")), symbol("s", dims("n m 1"))


def einsum(spec, *forms):
    return apply("einsum", forms, (spec,))


# What NumPy makes of `A[:, None, :] + W[None, :, :]`, with a W of k×m.
PAIRS = apply(
    "add",
    [
        einsum("ij,u->iuj", A, apply("ones", (), dims("1"))),
        einsum("kj,u->ukj", symbol("W", dims("k m")), apply("ones", (), dims("1"))),
    ],
)
PRINTED = [
    (einsum("bij,bik->jk", X, Y), "Σ_n X_nᵀ Y_n", r"\sum_{n} X_{n}^{\top} Y_{n}"),
    (einsum("bij,jk->bik", X, W), "[X_n W]_n", r"\left[X_{n} W\right]_{n}"),
    (einsum("bij,bik->bjk", X, Y), "[X_nᵀ Y_n]_n", r"\left[X_{n}^{\top} Y_{n}\right]_{n}"),
    (einsum("bthk,bshk->bhts", Q, K), "[Q[n,:,d,:] K[n,:,d,:]ᵀ]_nd", None),
    (einsum("ijk->ikj", X), "[X_nᵀ]_n", None),
    (einsum("bi,bij->bj", A, X), "[A[n,:] X_n]_n", None),
    (einsum("bi,bij->bij", A, X), "[diag(A[n,:]) X_n]_n", None),
    (apply("hadamard", [X, s]), "X ⊙ s", None),
    (apply("softmax", [einsum("bij,jk->bik", X, W)], (2,)), "[softmax_rows(X_n W)]_n", None),
    (apply("softmax", [einsum("bij,jk->bik", X, W)], (0,)), "softmax[axis 1]([X_n W]_n)", None),
    (apply("relu", [apply("hadamard", [X, X])]), "ReLU(X ⊙ X)", None),
    (apply("mean", [apply("mean", [X], (0,))], (2,)), "mean[axes 1, 3](X)", None),
    (
        apply("scale", [number(2), apply("broadcast", [apply("scale", [number(-1), einsum("bij,bij->bi", X, X)])], dims("p n m"))]),
        "[−2 [((X_n ⊙ X_n) 1)ᵀ]_n]_p",
        None,
    ),
    (apply("sum", [apply("square", [einsum("bij,jk->bik", X, W)])], (None,)), "Σ_n Σ (X_n W)²", None),
    (apply("sum", [apply("square", [PAIRS])], (None,)), "Σ_i,j,l (A_il + W_jl)²", None),
    (apply("mean", [PAIRS], (None,)), "1/(n·k·m) Σ_i,j,l (A_il + W_jl)", None),
    (apply("max", [PAIRS], (0,)), "max[axis 1]([A[n,:] + W]_n)", None),
]  # fmt: skip


@pytest.mark.parametrize("form, plain, shown", PRINTED, ids=[plain for _, plain, _ in PRINTED])
def test_a_tensor_is_printed_place_by_place(form, plain, shown):
    assert text(form) == plain
    assert shown is None or latex(form) == shown
    rng = np.random.default_rng(1)
    symbols = {x.name: x for x in (X, Y, W, Q, K, A, s, *symbols_in(form))}.values()
    at = {x.name: rng.standard_normal(lengths(x.shape)) for x in symbols}
    program = Program({x.name: x.shape for x in symbols}, (("printed", on_paper(form)), ("computed", form)), sizes=SIZES)
    values = compiled(program).run(at, {})
    close(np.asarray(values["printed"], dtype=float), np.asarray(values["computed"], dtype=float))


@pytest.mark.parametrize("asked, gradients", [(case[0], case[3]) for case in CASES], ids=[" | ".join(case[0]) for case in CASES])
def test_what_is_printed_has_the_value_of_what_is_computed(asked, gradients):
    network = network_of_text(*asked[:2], assumed=asked[2])
    results = derive(network, [network.resolve(name) for name in wanted(gradients)], check=False).results
    program = forward_program(network, results)
    forms = dict(program.statements) | {f"{name} written out": r.written_out for name, r in results.items() if r.written_out}
    every = {**forms, **{f"{name} as printed": on_paper(form) for name, form in forms.items()}}
    values = compiled(Program(program.inputs, tuple(every.items()))).run(point(network), {})
    for name in forms:
        shown, computed = np.asarray(values[f"{name} as printed"], dtype=float), np.asarray(values[name], dtype=float)
        close(shown.reshape(computed.shape) if computed.size == 1 else shown, computed)
