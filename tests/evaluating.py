"""Values of forms and tensors, by the NumPy that symgrad emits for them; finite differences of those values."""

import numpy as np

from symgrad.dims import shape_of
from symgrad.evaluate import compiled
from symgrad.form import Form
from symgrad.numpycode import Program
from symgrad.raising import raise_form
from symgrad.rewrite import Facts

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
