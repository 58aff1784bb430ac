"""Tensors become the matrix forms that a textbook prints: a table of forms, and the values of random products."""

import re
from pathlib import Path

import numpy as np
import pytest
import sympy
from evaluating import close, dims, function, lengths
from hypothesis import given, settings
from hypothesis import strategies as st

import symgrad
from symgrad.form import walk
from symgrad.lowering import lower
from symgrad.raising import raise_form
from symgrad.rewrite import Facts
from symgrad.sympyforms import dimensions, to_form
from symgrad.sympyops import Symbol
from symgrad.tensor import einsum, var, variables
from symgrad.typeset import text

FACTS = Facts({"S": frozenset(["symmetric"]), "M": frozenset(["mask"])})
LINES = (Path(__file__).parent / "data" / "raising.txt").read_text(encoding="utf-8").splitlines()
CASES = [tuple(part.strip() for part in line.split("=>")) for line in LINES if line and not line.startswith("#")]


def shape(indices):
    return dims(" ".join(indices).replace("'", ""))


def tensor(factors, out):
    """The einsum of (name, indices) pairs; the index "1" is an axis of size 1."""
    number = {letter: i for i, letter in enumerate(dict.fromkeys(i for _, indices in [*factors, ("", out)] for i in indices))}
    pairs = [(var(name, shape(indices)), tuple(map(number.get, indices))) for name, indices in factors]
    return einsum(pairs, tuple(map(number.get, out)), shape(out))


def read_product(source):
    """`A[n,k] B[k,m] -> [n,m]`."""
    left, out = source.split("->")
    factors = [(name, tuple(indices.split(","))) for name, indices in re.findall(r"(\w+)\[([^]]+)\]", left)]
    return tensor(factors, tuple(out.strip(" []").split(",")) if out.strip() != "[]" else ())


def read_expression(source):
    n, m, k, d = dimensions("n m k d")
    space = {name: getattr(symgrad, name) for name in symgrad.__all__} | {"n": n, "Identity": sympy.Identity}
    space |= {"A": Symbol("A", n, k), "B": Symbol("B", n, k), "C": Symbol("C", m, n), "E": Symbol("E", k, d), "row": Symbol("row", 1, k)}
    return lower(to_form(eval(source, space), sizes=frozenset("n")))


@pytest.mark.parametrize("source, expected", CASES)
def test_the_form_is_the_one_of_a_textbook(source, expected):
    node = read_expression(source.removeprefix(":").strip()) if source.startswith(":") else read_product(source)
    form = raise_form(node, FACTS)
    assert text(form) == expected
    assert form.shape == node.shape or (form.is_scalar and all(dim.is_one for dim in node.shape))


@pytest.mark.parametrize("source", [source for source, _ in CASES])
def test_lowered_again_the_form_has_the_same_value(source):
    node = read_expression(source.removeprefix(":").strip()) if source.startswith(":") else read_product(source)
    rng = np.random.default_rng(3)
    point = {v.name: rng.uniform(0.5, 1.5, lengths(v.shape)) for v in variables(node)}
    if "S" in point:
        point["S"] += point["S"].T
    form = raise_form(node, FACTS)
    again = function(lower(form), variables(node))(point)
    close(np.ravel(again), np.ravel(function(node, variables(node))(point)))


# ── random products ──────────────────────────────────────────────────────────────────────────────────────────────────

INDICES = ("n", "m", "k", "n'", "m'")
index = st.sampled_from(INDICES)


@st.composite
def products(draw):
    """Two to five matrices, rows and columns (some the same), and at most two free indices."""
    factors = []
    for _ in range(draw(st.integers(2, 5))):
        indices = draw(st.one_of(st.tuples(index, index), st.tuples(index, st.just("1")), st.tuples(st.just("1"), index)))
        name = "".join(indices).replace("'", "").replace("1", "o") + draw(st.sampled_from("ab"))
        factors.append((name, indices))
    free = draw(st.lists(index, unique=True, max_size=2))
    out = tuple(free) if len(free) != 1 else draw(st.sampled_from([(free[0], "1"), ("1", free[0])]))
    return factors, out


def reference(factors, out, point):
    """The same by np.einsum: axes of size 1 left out, indices that only the result has repeated."""
    letters = dict(zip(INDICES, "abcde", strict=True))
    carried = {i for _, indices in factors for i in indices}
    left = ",".join("".join(letters[i] for i in indices if i != "1") for _, indices in factors)
    arrays = [point[name].squeeze() for name, _ in factors]
    value = np.einsum(f"{left}->{''.join(letters[i] for i in out if i in carried and i != '1')}", *arrays)
    at = [np.newaxis if i == "1" or i not in carried else slice(None) for i in out]
    return np.broadcast_to(value[tuple(at)], lengths(shape(out)))


def has_cycle(factors):
    """Whether the indices, joined by the matrices (parallel ones counted once), go round in a circle of three or more."""
    edges = {frozenset(indices) for _, indices in factors if "1" not in indices and indices[0] != indices[1]}
    points = {i for edge in edges for i in edge}
    group = {i: i for i in points}
    for a, b in map(tuple, edges):
        old, new = group[a], group[b]
        if old == new:
            return True
        group = {i: new if g == old else g for i, g in group.items()}
    return False


@settings(deadline=None, derandomize=True, max_examples=300)
@given(products())
def test_a_random_product_has_the_value_of_its_einsum(product):
    factors, out = product
    node = tensor(factors, out)
    rng = np.random.default_rng(4)
    point = {v.name: rng.standard_normal(lengths(v.shape)) for v in variables(node)}
    form = raise_form(node, Facts())
    for shared in (False, True):
        close(function(node, variables(node), shared)(point), reference(factors, out, point))
    assert has_cycle(factors) or not any(f.op == "einsum" for f in walk(form)), text(form)
