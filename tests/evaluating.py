"""Values of forms and tensors, by the NumPy that symgrad emits for them; finite differences of those values."""

import numpy as np

from symgrad.dims import ONE, shape_of
from symgrad.evaluate import compiled
from symgrad.form import Form
from symgrad.numpycode import Program
from symgrad.raising import raise_form
from symgrad.rewrite import Facts
from symgrad.tensor import einsum

SIZES = {"d": 2, "n": 3, "m": 4, "k": 5, "p": 7}
"""Distinct sizes for distinct dimensions, so that a missing transpose cannot hide in a square matrix."""

STENCIL = ((1, 8 / 12), (-1, -8 / 12), (2, -1 / 12), (-2, 1 / 12))
STEP = 1e-3


def dims(text):
    """A shape from its letters: "n m", "1 m", "" for a scalar."""
    return shape_of(int(size) if size.isdigit() else size for size in text.split())


def lengths(shape):
    return tuple(int(dim.evaluate(SIZES)) for dim in shape)


def function(made, inputs, shared=True):
    """A form or tensor as a function of arrays by name; `inputs` are symbols or variables.

    A scalar tensor may be raised to a 1×1 form or to one of shape (); it gets its own shape back.
    """
    form = made if isinstance(made, Form) else raise_form(made, Facts())
    program = Program({x.name: x.shape for x in inputs}, (("result", form),), sizes=SIZES)
    run = compiled(program.shared() if shared else program).run

    def evaluated(point):
        value = np.asarray(run(point, {})["result"], dtype=float)
        return value.reshape(lengths(made.shape)) if value.size == 1 and form is not made else value

    return evaluated


def differences(scalar, point, name):
    """The gradient of a scalar function of arrays by one of them: five-point differences, entry by entry."""
    gradient = np.zeros(np.shape(point[name]))
    for where in np.ndindex(gradient.shape):
        for steps, weight in STENCIL:
            moved = np.array(point[name], dtype=float)
            moved[where] += steps * STEP
            gradient[where] += weight * scalar({**point, name: moved}) / STEP
    return gradient


def close(value, expected, tolerance=1e-8):
    """Equal to rounding, shapes included."""
    np.testing.assert_allclose(value, expected, rtol=tolerance, atol=tolerance, strict=True)


def product(spec, *factors, coefficient=1):
    """An einsum in letters, `product("ij,jk->ik", A, B)`; the digit 1 stands for an axis of size 1 of the result."""
    left, _, out = spec.partition("->")
    letters = [list(labels) for labels in left.split(",")]
    number = {letter: i for i, letter in enumerate(dict.fromkeys("1" + left.replace(",", "")))}
    size = {letter: dim for labels, node in zip(letters, factors, strict=True) for letter, dim in zip(labels, node.shape, strict=True)}
    shape = tuple(size.get(letter, ONE) for letter in out)
    pairs = [(node, tuple(number[c] for c in labels)) for node, labels in zip(factors, letters, strict=True)]
    return einsum(pairs, tuple(number[c] for c in out), shape, coefficient)
