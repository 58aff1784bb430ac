r"""Errors of layers, `\delta^{(2)}` and `\delta^{(1)}`, that a sheet gives formulas and never says what they are the gradients by.

Where the formula of one comes to the gradient by the quantity of its layer that `z^{(2)}` stands for, so is that of another meant, whose
formula comes to the gradient by nothing at all: it is a claim. The errors that a formula is made of stand there for their gradients. All of
them may be so many times the gradient, by another sign or for each example, as the last of them then is.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from symgrad import names
from symgrad.errors import SymgradError
from symgrad.judge import Judge
from symgrad.meaning import Assumed, stem
from symgrad.tensor import Node, substitute, var, variables

_ERRORS = frozenset({"\\delta", "e", "\\Delta"})
_FEWEST = 2
_NEAR = 1e-7


def errors_as_gradients(judge: Judge, assumed: Assumed) -> Assumed | None:
    """What is assumed, with the wrong formulas of such errors as claims; None where there are none."""
    loss = judge.meaning.loss
    found = set() if loss is None else {(name, loss, by) for name, by in _mistaken(judge, loss)}
    return replace(assumed, gradients=assumed.gradients | found) if found else None


def _mistaken(judge: Judge, loss: str) -> Iterator[tuple[str, str]]:
    """The errors whose formula is no gradient, and by what it should be one."""
    known = judge.meaning.network.definitions
    if loss not in known:
        return
    errors = [name for name in known if stem(name) in _ERRORS and stem(name) != name]
    behind = [name for name in known if name != loss and name not in errors and judge.meaning.rests_on(loss, name)]
    layers = {error: [name for name in behind if _layer(name) == _layer(error)] for error in errors}
    if len(errors) < _FEWEST or not all(layers.values()):
        return
    for kind in {stem(name) for of in layers.values() for name in of}:
        meant = {error: f"{kind}{_layer(error)}" for error in errors}
        if not set(meant.values()) <= set(behind):
            continue
        right = {error for error in errors if _is_gradient(judge, loss, error, meant[error], meant)}
        others = [error for error in errors if error not in right]
        if right and not any(_is_gradient(judge, loss, error, by, meant) for error in others for by in behind):
            yield from ((error, meant[error]) for error in others)
            return


def _layer(name: str) -> str:
    """What marks the layer: the `^{(2)}` of `z^{(2)}`."""
    return name.removeprefix(stem(name))


def _is_gradient(judge: Judge, loss: str, error: str, by: str, meant: dict[str, str]) -> bool:
    """Whether the formula of an error is so many times the gradient by something, if the other errors are what they are meant to be."""
    network = judge.meaning.network
    formula = network.definitions[error].node
    put: dict[Node, Node] = {
        v: var(names.gradient(loss, meant[v.name]), v.shape) for v in variables(formula) if v.name in meant and v.name != error
    }
    slope = judge.lab.gradient_node(loss, by)
    if slope.shape != formula.shape:
        return False
    factors: dict[tuple[tuple[str, int], ...], float] = {}
    try:
        for point in judge.lab.points:
            made, meant_to_be = (np.asarray(point.array(node), dtype=float) for node in (substitute(formula, put), slope))
            square = float(np.sum(meant_to_be**2))
            factor = float(np.sum(made * meant_to_be)) / square if square else 0.0
            if not factor or np.max(np.abs(made - factor * meant_to_be)) > _NEAR * np.max(np.abs(made)):
                return False
            if abs(factors.setdefault(tuple(sorted(point.sizes.items())), factor) - factor) > _NEAR * abs(factor):
                return False
    except (SymgradError, RecursionError):
        return False
    return bool(factors)
