"""Mistakes in numbers: another sign, an activation, a mask, an old value, another given, one entry."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any

import numpy as np

from symgrad import names
from symgrad.arithmetic import tolerance
from symgrad.errors import SymgradError
from symgrad.mistakes.case import Case, Diagnosis
from symgrad.ruling import uses
from symgrad.tensor import Einsum, Node, einsum

_NOTHING, _MOST_DECIMALS, _LARGEST_BELOW = 1e-12, 6, 10
_NAMED = 3
_SINGLE = 1000  # the label of an axis of size 1, which says nothing
_COUNTED = re.compile(r"(?i)\bparam(?:eter)?s?\b|\bnumber of weights\b")


def rows_text(value: Any) -> str:
    """A matrix of numbers in one line: [1 0 2], or rows parted by semicolons."""
    array = np.asarray(value)
    array = array.reshape(array.shape[-2:]) if array.ndim >= 2 else np.atleast_2d(array)
    if array.size == 1:
        return _number(array.flat[0])
    return "[" + "; ".join(" ".join(_number(x) for x in row) for row in array) + "]"


def _number(x: Any) -> str:
    is_short = isinstance(x, (int, Fraction)) and Fraction(x).denominator < _LARGEST_BELOW
    return (str(Fraction(x)) if is_short else f"{float(x):.6g}").replace("-", "−")


def _both(case: Case) -> tuple[Any, Any, Any] | None:
    """What was expected, what was found, and where they agree; None where the claim is not about numbers of one shape."""
    ruling = case.ruling
    if not ruling.numeric or ruling.expected is None:
        return None
    expected, found = np.asarray(ruling.expected, dtype=float), np.asarray(ruling.found, dtype=float)
    return (expected, found, _agree(case, expected, found)) if expected.shape == found.shape else None


def _agree(case: Case, expected: Any, found: Any) -> Any:
    """Where numbers agree, but for what rounded numbers carry on where others differ by more."""
    exactly = np.isclose(expected, found, rtol=1e-6, atol=1e-9)
    rounded = exactly | (np.abs(expected - found) <= 2 * tolerance(case.link, found.shape))
    return exactly if np.all(rounded) else rounded


_CHANGES: tuple[tuple[Callable[[Any], Any], str, str], ...] = (
    (lambda x: -x, "sign", "the sign is wrong"),
    (lambda x: np.maximum(x, 0), "activation_not_applied", "a ReLU is applied that is not written"),
    (lambda x: 2 * x, "missing_factor", "a factor 2 too many"),
    (lambda x: x / 2, "missing_factor", "a factor 2 is missing"),
)


def whole(case: Case) -> Iterator[Diagnosis]:
    """All entries are changed in one way: a sign, a ReLU, a factor."""
    both = _both(case)
    if both is None:
        return
    expected, found, close = both
    shown = rows_text(case.ruling.expected)
    for change, cause, message in _CHANGES:
        if expected.size and np.allclose(change(expected), found, rtol=1e-6, atol=1e-9) and np.any(expected):
            yield Diagnosis(cause, case.span, f"expected {shown}: {message}", shown)
    if np.any(found < 0) and np.allclose(np.maximum(found, 0), expected):
        places = [_at(at) for at in np.argwhere(~close)]
        named = ", ".join(_place(at, expected) for at in places[:3])
        example = _number(case.ruling.found[places[0]])
        verb = "differs" if len(places) == 1 else "differ"
        yield Diagnosis("activation_not_applied", case.span, f"expected {shown}; {named} {verb}: the ReLU of {example} is 0", shown)


def unmasked(case: Case) -> Iterator[Diagnosis]:
    """The result without a mask: with ones all over it."""
    both = _both(case)
    if both is None or case.pair is None:
        return
    for name in sorted(case.judge.arithmetic.numbers_behind(case.pair.left_node) & case.ruling.values.keys()):
        known = case.network.inputs.get(name)
        ones = np.ones((len(case.ruling.values[name]), len(case.ruling.values[name][0])))
        if known is not None and "mask" in known.properties and _comes_out(case, name, ones, both[1]):
            shown = rows_text(case.ruling.expected)
            yield Diagnosis("mask_forgotten", case.span, f"expected {shown}: the mask {names.text(name)} is left out", shown)


def one_sign(case: Case) -> Iterator[Diagnosis]:
    """One entry has the other sign."""
    both = _both(case)
    if both is None or both[0].size < 2 or np.count_nonzero(~both[2]) != 1:
        return
    expected, found, close = both
    (at,) = map(_at, np.argwhere(~close))
    if np.isclose(expected[at], -found[at]) and expected[at]:
        shown = rows_text(case.ruling.expected)
        yield Diagnosis("sign", case.span, f"expected {shown}; {_place(at, expected)} has the wrong sign", shown)


def older_value(case: Case) -> Iterator[Diagnosis]:
    """The result for a value that a name had before."""
    if _both(case) is None or case.pair is None:
        return
    shown, found = rows_text(case.ruling.expected), np.asarray(case.ruling.found, dtype=float)
    for name, versions in case.judge.ledger.older.items():
        for rows in versions:
            try:
                point = case.judge.lab.numeric_point(False, {**case.ruling.values, name: rows})
                value = np.asarray(point.array(case.pair.left_node), dtype=float)
            except SymgradError:
                continue
            if value.shape == found.shape and np.allclose(value, found, rtol=1e-6):
                message = f"expected {shown}: this is the result for the earlier {names.text(name)} = {rows_text(rows)}"
                yield Diagnosis("stale_value", case.span, message, shown)


def other_class(case: Case) -> Iterator[Diagnosis]:
    """The result for another class: a one-hot vector with its one in another place."""
    both = _both(case)
    if both is None or case.pair is None or np.count_nonzero(~both[2]) < 2:
        return
    for name in sorted(case.judge.arithmetic.numbers_behind(case.pair.left_node) & case.ruling.values.keys()):
        own = np.array([[float(x) for x in row] for row in case.ruling.values[name]])
        if min(own.shape) > 1 or own.size < 2 or sorted(own.ravel()) != [0.0] * (own.size - 1) + [1.0]:
            continue
        for i in np.flatnonzero(own.ravel() == 0):
            other = np.eye(own.size)[i].reshape(own.shape)
            if _comes_out(case, name, other, both[1]):
                shown = rows_text(case.ruling.expected)
                message = f"expected {shown}; the result belongs to {names.text(name)} = {rows_text(other.astype(int))}"
                yield Diagnosis("index_off_by_one", case.span, message, shown)


def _comes_out(case: Case, name: str, value: Any, found: Any) -> bool:
    """Whether the result is as written with another value for a name."""
    assert case.pair is not None
    rows = tuple(tuple(Fraction(float(x)) for x in row) for row in value)
    try:
        point = case.judge.lab.numeric_point(False, {**case.ruling.values, name: rows})
        made = np.asarray(point.array(case.pair.left_node), dtype=float)
    except SymgradError:
        return False
    return made.shape == found.shape and bool(np.all(np.abs(made - found) <= tolerance(case.link, found.shape) + 1e-9))


def one_summand(case: Case) -> Iterator[Diagnosis]:
    """One row, one example of what is summed over: a bias gradient of the last example alone."""
    both = _both(case)
    if both is None or case.pair is None or case.is_slight:
        return
    found, slack = both[1], tolerance(case.link, both[1].shape) + 1e-9
    for node in (case.truth, case.pair.left_node):
        for made in _by_term(node) if isinstance(node, Einsum) else ():
            try:
                parts = np.asarray(case.judge.lab.numeric_point(False, case.ruling.values).array(made), dtype=float)
            except SymgradError:
                continue
            for i in range(parts.shape[-1]) if parts.shape[:-1] == found.shape and parts.shape[-1] > 1 else ():
                if np.all(np.abs(parts[..., i] - found) <= slack):
                    shown = rows_text(case.ruling.expected)
                    message = f"expected {shown}; this is the {_ordinal(i)} term of the sum alone"
                    yield Diagnosis("missing_sum", case.span, message, shown)


def _by_term(node: Einsum) -> Iterator[Node]:
    """The terms of a sum along an axis of their own, for each index that is summed over."""
    factors = [(factor, tuple(_SINGLE if i < 0 else i for i in labels)) for factor, labels in node.factors]
    out = tuple(_SINGLE if i < 0 else i for i in node.out)
    for label, dim in enumerate(node.dims):
        if label not in node.out:
            yield einsum(factors, (*out, label), (*node.shape, dim), node.coefficient, node.sizes)


def _ordinal(i: int) -> str:
    return ("first", "second", "third")[i] if i < _NAMED else f"{i + 1}th"


def other_given(case: Case) -> Iterator[Diagnosis]:
    """The one entry of a given value that would explain the result, where there is one and several entries of the result differ."""
    both = _both(case)
    if both is None or case.pair is None or np.count_nonzero(~both[2]) < 2:
        return
    used = case.judge.arithmetic.numbers_behind(case.pair.left_node)
    given = [name for name in case.ruling.values if name in used and name in case.network.inputs]
    solved = [(name, value) for name in given for value in _solved(case, name, both[1])]
    if len(solved) == 1:
        shown = " = ".join((names.text(solved[0][0]), rows_text(solved[0][1])))
        yield Diagnosis("wrong_given", case.span, f"expected {rows_text(case.ruling.expected)}; the result belongs to {shown}", shown)


def _solved(case: Case, name: str, found: Any) -> Iterator[Any]:
    """The values of a name, changed in one entry, under which the result is as written; with no more decimals than the name has."""
    assert case.pair is not None
    left = case.pair.left_node
    own = np.array([[float(x) for x in row] for row in case.ruling.values[name]])
    digits = max(_decimals(x) for row in case.ruling.values[name] for x in row)

    def at(value: Any) -> Any:
        rows = tuple(tuple(Fraction(float(x)) for x in row) for row in value)
        point = case.judge.lab.numeric_point(False, {**case.ruling.values, name: rows})
        return np.asarray(point.array(left), dtype=float).ravel()

    try:
        base = at(own)
        slack = np.broadcast_to(tolerance(case.link, found.shape), found.shape).ravel() + 1e-9
        for i in range(own.size):
            step = np.zeros(own.size)
            step[i] = 1.0
            column = at(own + step.reshape(own.shape)) - base
            size = column @ column
            if size < _NOTHING:
                continue
            trial = np.round(own + step.reshape(own.shape) * (column @ (found.ravel() - base) / size), digits)
            if not np.allclose(trial, own) and np.all(np.abs(at(trial) - found.ravel()) <= slack):
                yield trial.astype(int) if np.allclose(trial, np.round(trial)) else trial
    except SymgradError:
        return


def _decimals(x: Fraction) -> int:
    """With how many decimals a number was written."""
    return next((d for d in range(_MOST_DECIMALS) if (x * 10**d).denominator == 1), _MOST_DECIMALS)


def entries(case: Case) -> Iterator[Diagnosis]:
    """Some entries differ: they are named."""
    both = _both(case)
    if both is None or np.all(both[2]):
        return
    expected, _, close = both
    wrong = [_at(at) for at in np.argwhere(~close)]
    shown = rows_text(case.ruling.expected)
    if expected.size == 1:
        message = f"expected {shown}, not {rows_text(case.ruling.found)}"
    else:
        values = np.asarray(case.ruling.found), np.asarray(case.ruling.expected)
        places = ", ".join(f"{_place(at, expected)} is {_number(values[0][at])}, not {_number(values[1][at])}" for at in wrong[:3])
        message = f"expected {shown}; {places}" + (f", and {len(wrong) - 3} more" if len(wrong) > 3 else "")
    # Where some of the entries come out as written, the calculation is the one that was meant.
    is_checked = 2 * len(wrong) <= expected.size
    yield Diagnosis("param_count" if _counts(case) else "arithmetic_slip", case.span, message, shown, is_checked)


def _at(place: Any) -> tuple[int, ...]:
    return tuple(int(i) for i in place)


def _place(at: tuple[int, ...], like: Any) -> str:
    if like.shape[0] == 1 or like.shape[-1] == 1:
        return f"entry {max(at) + 1}"
    return f"entry ({at[-2] + 1}, {at[-1] + 1})"


def _counts(case: Case) -> bool:
    """Whether the words beside an equality of numbers say that parameters are counted."""
    statement = case.judge.gathered.sheet.statements[case.link.statement]
    return not uses(case.ruling) and bool(_COUNTED.search(statement.words_after[:40]) or _COUNTED.search(statement.words[-90:]))
