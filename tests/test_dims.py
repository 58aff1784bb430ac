"""Symbolic dimensions: arithmetic agrees with numbers, equal ones are one object, conditions say what sizes must meet."""

import pickle
import re
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from symgrad.dims import ONE, Condition, Dim, latex_shape, shape_of, show, solve, whole

k, m, n, d = (Dim.of(name) for name in "kmnd")

LEAVES = st.one_of(st.integers(-4, 4).map(Dim.of), st.sampled_from([k, m, n]))
dimensions = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.tuples(inner, inner).map(lambda ab: ab[0] + ab[1]),
        st.tuples(inner, inner).map(lambda ab: ab[0] - ab[1]),
        st.tuples(inner, inner).map(lambda ab: ab[0] * ab[1]),
        st.tuples(inner, st.integers(1, 4)).map(lambda ab: ab[0] / ab[1]),
    ),
    max_leaves=5,
)
sizes = st.fixed_dictionaries({name: st.integers(1, 9) for name in "kmn"})
fixed = settings(deadline=None, derandomize=True)
PLAIN = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")


@fixed
@given(dimensions, dimensions, sizes)
def test_arithmetic_is_that_of_the_values(a, b, at):
    x, y = a.evaluate(at), b.evaluate(at)
    assert (a + b).evaluate(at) == x + y
    assert (a - b).evaluate(at) == x - y
    assert (-a).evaluate(at) == -x
    assert (a * b).evaluate(at) == x * y
    assert (a / 3).evaluate(at) == x / 3
    assert (2 * a + 1).evaluate(at) == 2 * x + 1


@fixed
@given(dimensions, dimensions, dimensions)
def test_equal_polynomials_are_one_object(a, b, c):
    assert a + b is b + a
    assert a * b is b * a
    assert a * (b + c) is a * b + a * c
    assert a - a is Dim.of(0)
    assert a * 1 is a
    assert 2 * a / 2 is a
    assert pickle.loads(pickle.dumps(a)) is a


@fixed
@given(dimensions, sizes)
def test_what_is_printed_has_the_same_value(dim, at):
    """The text read as arithmetic: letters multiply."""
    source = re.sub("[⁰¹²³⁴⁵⁶⁷⁸⁹]+", lambda found: "**" + found[0].translate(PLAIN), str(dim))
    source = re.sub(r"(\d)(?=[kmn])", r"\1*", source.replace("·", "*"))
    assert eval(source, {}, at) == pytest.approx(float(dim.evaluate(at)))


@pytest.mark.parametrize(
    "dim, text, latex",
    [
        (2 * n + 1, "2n + 1", "2n + 1"),
        (k * m / 2, "k·m/2", r"\frac{k\,m}{2}"),
        (n * n, "n²", "n^{2}"),
        (-n + 1, "1 - n", "1 - n"),
        (n - n, "0", "0"),
        ((n - 3) / 2 + 1, "n/2 - 1/2", r"\frac{n}{2} - \frac{1}{2}"),
        (3 * n / 4, "3n/4", r"\frac{3n}{4}"),
        (Dim.of("d_h") + Dim.of("alpha"), "α + d_h", r"\alpha + d_{h}"),
        (Dim.of(7), "7", "7"),
    ],
)
def test_spelling(dim, text, latex):
    assert (str(dim), dim.latex) == (text.replace("d_h", "dₕ"), latex)


@pytest.mark.parametrize(
    "sizes, text, latex",
    [
        ((), "scalar", r"\text{scalar}"),
        ((3, 1), "3×1", r"3 \times 1"),
        (("n", "k"), "n×k", r"n \times k"),
        ((d + 32, "d"), "(d + 32)×d", r"(d + 32) \times d"),
        ((d + 32,), "(d + 32)", "d + 32"),
    ],
)
def test_shapes(sizes, text, latex):
    assert (show(shape_of(sizes)), latex_shape(shape_of(sizes))) == (text, latex)


def test_what_a_dimension_knows_of_itself():
    assert (k * m + 1).symbols == {"k", "m"}
    assert [x.number for x in (Dim.of(3), n - n, n, Dim.of(Fraction(1, 2)), n + 2 - n)] == [3, 0, None, None, 2]
    assert [x.is_one for x in (ONE, n + 1 - n, n, Dim.of(2))] == [True, True, False, False]
    assert [x.content for x in (64 * d + 32, 6 * n + 9 * m, n + 1, n / 2)] == [32, 3, 1, 1]
    with pytest.raises(KeyError):
        (n + m).evaluate({"n": 2})


@fixed
@given(dimensions, sizes)
def test_whole_holds_exactly_where_the_dimension_is_whole(dim, at):
    condition = whole(dim)
    assert (condition is None or condition.holds(at)) == (dim.evaluate(at).denominator == 1)


@pytest.mark.parametrize(
    "condition, text, latex",
    [
        (whole(k * m / 2), "k·m is even", r"k\,m \text{ is even}"),
        (whole((n - 1) / 2), "n + 1 is divisible by 2", r"n + 1 \text{ is divisible by } 2"),
        (whole(n / 3), "n is divisible by 3", r"n \text{ is divisible by } 3"),
        (Condition(n, right=m + 1), "n = m + 1", "n = m + 1"),
    ],
)
def test_conditions_read_as_sentences(condition, text, latex):
    assert (str(condition), condition.latex) == (text, latex)


def test_an_equation_holds_where_both_sides_agree():
    equal = Condition(n, right=m + 1)
    assert equal.holds({"n": 3, "m": 2})
    assert not equal.holds({"n": 2, "m": 2})


@pytest.mark.parametrize(
    "dim, value, known, answer, found",
    [
        (2 * n + 1, 7, {}, True, {"n": 3}),
        (2 * n + 1, 8, {}, False, {}),
        (n + 5, 3, {}, False, {}),
        (k * m / 2, 6, {"k": 3}, True, {"k": 3, "m": 4}),
        (k * m, 6, {}, True, {}),
        (n * n, 9, {}, False, {}),
        (n, 3, {"n": 3}, True, {"n": 3}),
        (n, 4, {"n": 3}, False, {"n": 3}),
        (k * m - m * k + 2, 2, {}, True, {}),
    ],
)
def test_solve(dim, value, known, answer, found):
    assert solve(dim, value, known) is answer
    assert known == found


@fixed
@given(st.integers(1, 6), st.integers(0, 6), st.integers(1, 9))
def test_solve_finds_the_size_that_a_linear_dimension_came_from(slope, offset, size):
    found = {}
    assert solve(slope * n + offset, slope * size + offset, found)
    assert found == {"n": size}
