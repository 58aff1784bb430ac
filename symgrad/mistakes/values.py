"""Mistakes that are a factor of the whole side: a number, a size, a name, a derivative, a mask; or one name for another."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction

import numpy as np

from symgrad import names
from symgrad import syntax as sx
from symgrad.implied import is_made_up
from symgrad.meaning import numbered, stem
from symgrad.mistakes.case import Case, Diagnosis
from symgrad.tensor import Node, Var, constant, einsum, elementwise, multiply, power, scale, substitute, var, variables

_NUMBERS = (
    (Fraction(-1), "sign", "the sign is wrong"),
    (Fraction(2), "missing_factor", "a factor 2 is missing"),
    (Fraction(1, 2), "missing_factor", "a factor 2 too many"),
    (Fraction(-2), "missing_factor", "a factor −2 is missing"),
    (Fraction(-1, 2), "missing_factor", "a factor −2 too many"),
    (Fraction(4), "missing_factor", "a factor 4 is missing"),
    (Fraction(1, 4), "missing_factor", "a factor 4 too many"),
    (Fraction(3), "missing_factor", "a factor 3 is missing"),
    (Fraction(1, 3), "missing_factor", "a factor 3 too many"),
)
_MOST_NAMES, _MOST_OTHERS = 8, 14
_BESIDE_A_SIZE = (Fraction(1), Fraction(2), Fraction(1, 2), Fraction(-1))


def number(case: Case) -> Iterator[Diagnosis]:
    """The sides differ by a small number: a sign, the 2 of a square."""
    if case.pair is None or case.pair.left_node.shape != case.pair.right_node.shape:
        return
    # A sum worked out in numbers is rather wrong in one of them.
    is_calculated = case.ruling.numeric and isinstance(case.link.right, sx.Sum)
    for factor, cause, what in (n for n in _NUMBERS if not is_calculated or n[1] == "sign"):
        made = scale(factor, case.pair.right_node)
        if case.holds_with(right=made):
            yield case.diagnosis(cause, what, made)


def size(case: Case) -> Iterator[Diagnosis]:
    """The sides differ by the number of examples: a sum for a mean."""
    if case.pair is None or case.ruling.numeric or case.pair.left_node.shape != case.pair.right_node.shape:
        return
    for dim in (d for d in case.network.dims if not d.is_one):
        for exponent, what in ((-1, "is missing"), (1, "too many")):
            for factor in _BESIDE_A_SIZE:
                made = scale(factor, case.pair.right_node, [(dim, exponent)])
                if case.holds_with(right=made):
                    yield case.diagnosis("sum_vs_mean", f"a factor 1/{dim} {what}", made)


def name(case: Case) -> Iterator[Diagnosis]:
    """The sides differ by a name of the network, entry by entry or as a number."""
    if case.pair is None or case.ruling.numeric:
        return
    right = case.pair.right_node
    for label, v in case.network.variables.items():
        factor = _of_shape(v, right)
        if factor is None or is_made_up(label):
            continue
        mask = label in case.network.inputs and "mask" in case.network.inputs[label].properties
        for made, what in ((multiply(right, factor), "is left out"), (multiply(right, power(factor, -1)), "is one too many")):
            if case.holds_with(right=made):
                kind, cause = ("mask", "mask_forgotten") if mask else ("factor", "missing_factor")
                yield case.diagnosis(cause, f"the {kind} {names.text(label)} {what}", made)


def _of_shape(v: Var, like: Node) -> Node | None:
    """The name as a factor of every entry; None where it is no number and has another shape."""
    if v.shape == like.shape:
        return v
    if not all(dim.is_one for dim in v.shape):
        return None
    out = tuple(range(2, 2 + len(like.shape)))
    return einsum([(v, (0, 1))], out, like.shape)


def slope(case: Case) -> Iterator[Diagnosis]:
    """The derivative of an activation left out, or put where it does not belong."""
    if case.pair is None:
        return
    for pre, function, params in case.judge.meaning.activations():
        node = case.network.variables.get(pre)
        if node is None or node.shape != case.pair.right_node.shape:
            continue
        derivative = elementwise(function, [node], params, 1) if function != "softplus" else elementwise("sigmoid", [node])
        what = f"the derivative of {called(function)} at {names.text(pre)}"
        if case.holds_with(right=multiply(case.pair.right_node, derivative)):
            made = multiply(case.pair.right_node, derivative)
            yield case.diagnosis("missing_activation_derivative", f"{what} is left out", made)
        if case.holds_with(left=multiply(case.pair.left_node, derivative)):
            yield case.diagnosis("wrong_activation_derivative", f"{what} does not belong here", case.pair.left_node)


def called(function: str) -> str:
    """A function as one speaks of it."""
    return {"relu": "the ReLU", "sigmoid": "σ"}.get(function, function)


def mask(case: Case) -> Iterator[Diagnosis]:
    """A mask left out."""
    if case.pair is None:
        return
    for label in case.masks:
        item = case.network.inputs.get(label)
        if item is not None and item.shape == case.pair.right_node.shape:
            for factor in (case.network.variables[label], *_with_its_scale(case, label)):
                made = multiply(factor, case.pair.right_node)
                if case.holds_with(right=made):
                    yield case.diagnosis("mask_forgotten", f"the mask {names.text(label)} is left out", made)


def _with_its_scale(case: Case, label: str) -> Iterator[Node]:
    """What a definition multiplies by besides its mask, the m / p of `h̃ = m ⊙ h / p`, for a side without either."""
    if case.pair is None or any(v.name == label for v in variables(case.pair.right_node)):
        return
    for definition in case.network.definitions.values():
        known = variables(definition.node)
        others = [v for v in known if v.shape == definition.node.shape and v.name != label]
        if any(v.name == label for v in known) and len(others) == 1:
            yield substitute(definition.node, {others[0]: constant(1, others[0].shape)})


def proportional(case: Case) -> Iterator[Diagnosis]:
    """The sides differ by one factor at every point, whatever it is."""
    pair = case.pair
    if pair is None or case.ruling.numeric or pair.left_node.shape != pair.right_node.shape:
        return
    ratios = []
    for point in case.judge.lab.points[:4]:
        a = np.asarray(point.array(pair.left_node), dtype=float).ravel()
        b = np.asarray(point.array(pair.right_node), dtype=float).ravel()
        solid = np.abs(b) > 1e-9
        if a.size < 2 or np.count_nonzero(solid) < 2 or np.any(np.abs(a[~solid]) > 1e-9):
            return
        found = a[solid] / b[solid]
        if not np.allclose(found, found[0], rtol=1e-6):
            return
        ratios.append(float(found[0]))
    if not ratios:
        return
    if np.allclose(ratios, 0.0) or np.allclose(ratios, 1.0):
        return  # one side vanishes, which is no factor, or they are the same
    same = np.allclose(ratios, ratios[0], rtol=1e-6)
    what = (
        f"a factor {ratios[0]:.4g}".replace("-", "−") + " is missing"
        if same
        else "the sides differ by one factor, the same for all entries"
    )
    yield case.diagnosis("missing_factor", what, pair.left_node)


def another_name(case: Case) -> Iterator[Diagnosis]:
    """One name stands where another of its shape is meant."""
    pair = case.pair
    if pair is None or case.ruling.numeric:
        return
    own = pair.left_node.name if isinstance(pair.left_node, Var) else ""
    shapes = {n: v.shape for n, v in case.network.variables.items() if not is_made_up(n)}
    shapes |= {n: node.shape for n, node in case.judge.meaning.derived.items()}
    for v in [v for v in variables(pair.right_node) if v.name in shapes][:_MOST_NAMES]:
        for name in [n for n, shape in shapes.items() if n not in (v.name, own) and shape == v.shape][:_MOST_OTHERS]:
            made = substitute(pair.right_node, {v: var(name, v.shape)})
            if case.holds_with(right=made):
                what = f"{names.text(v.name)} stands where {names.text(name)} is meant"
                steps, masked = are_steps(case, v.name, name), _is_masked(case, name, v.name)
                cause = "stale_value" if steps else "mask_forgotten" if masked else "unknown"
                # Another name of the same shape may also be another name for the same thing.
                yield replace(case.diagnosis(cause, what, made), is_checked=steps or masked)


def _is_masked(case: Case, name: str, of: str) -> bool:
    """Whether a name is another times a mask, by its definition: the h̃ of `h̃ = m ⊙ h / p`."""
    definition = case.network.definitions.get(name)
    behind = set() if definition is None else {v.name for v in variables(definition.node)}
    return of in behind and bool(behind & {*case.masks})


def are_steps(case: Case, one: str, other: str) -> bool:
    """Whether two names are values of one quantity, one after the other."""
    (a, b), values = (numbered(one), numbered(other)), case.judge.ledger.values
    alike = a[0] == b[0] if a is not None and b is not None else stem(one) == stem(other)  # the first value may be called by the bare name
    return alike and one in values and other in values
