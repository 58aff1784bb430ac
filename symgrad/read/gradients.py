"""Gradients inside an expression: `grad(f, x)`, of which a penalty is made, and `jacobian(y, x)`, `hessian(f, x)`.

They are worked out as the expression is read, and are differentiated as what else is written there.
"""

from __future__ import annotations

import ast
from collections.abc import Callable

from symgrad.beyond import hessian as second_derivative
from symgrad.beyond import jacobian as first_derivative
from symgrad.dims import Dim
from symgrad.errors import ShapeError, Unsupported
from symgrad.form import Form, rewrite_bottom_up, symbols
from symgrad.further import Further
from symgrad.lowering import lower
from symgrad.network import Network
from symgrad.raising import raise_form
from symgrad.read.arrays import Array, Make, Refused
from symgrad.read.call import Call
from symgrad.reverse import pullback
from symgrad.rewrite import Facts, simplify
from symgrad.rules import SIMPLIFY
from symgrad.shapes import Shapes
from symgrad.tensor import constant

_OUTPUT = "output of a function"


def gradient(call: Call) -> Array:
    """∂f/∂x, in the shape of x."""
    of, by = _arguments(call)
    if not call.typing.is_scalar(of):
        raise Refused(ShapeError, f"{call.word} is of a scalar, and this is {call.typing.shown(of)}", of.span, of.names)
    opened = _opened(call, of, by)

    def make(shapes: Shapes) -> Form:
        output, variable = lower(opened(shapes)), lower(by.make(shapes))
        found = pullback(output, constant(1, output.shape), [variable]).get(variable, constant(0, variable.shape))
        return raise_form(simplify(found, Facts(), SIMPLIFY), Facts())

    return Array(by.rows, by.cols, make, call.span, of.names | by.names, lead=by.lead, flat=by.flat)


def jacobian(call: Call) -> Array:
    """∂y/∂x of columns: a row for each entry of y."""
    of, by = _arguments(call)
    return _matrix(call, of, by, of.rows, lambda network, name: first_derivative(network, _OUTPUT, name, "numerator", check=False))


def hessian(call: Call) -> Array:
    """∂²f/∂x∂xᵀ of a scalar by a column."""
    of, by = _arguments(call)
    return _matrix(call, of, by, by.rows, lambda network, name: second_derivative(network, _OUTPUT, name, check=False))


def _matrix(call: Call, of: Array, by: Array, rows: Dim, derived: Callable[[Network, str], Further]) -> Array:
    for array in (of, by):
        if array.lead or not call.typing.shapes.is_one(array.cols):
            raise Refused(Unsupported, f"{call.word} is of a column by a column, and this is {call.typing.shown(array)}", array.span)

    opened = _opened(call, of, by)

    def make(shapes: Shapes) -> Form:
        form = opened(shapes)
        network = Network()
        for known in symbols(form):
            network.declare(known.name, known.shape)
        network.define_form(_OUTPUT, form)
        found = derived(network, by.make(shapes).name)
        if found.form is None:
            raise Unsupported(f"{call.word}: {found.remark}")
        return _with(found.form, {_OUTPUT: form})

    return Array(rows, by.rows, make, call.span, of.names | by.names)


def _arguments(call: Call) -> tuple[Array, Array]:
    if len(call.args) != 2 or not isinstance(call.args[1], ast.Name):
        raise call.refused(f"{call.word} takes what is differentiated, and the name that it is differentiated by")
    of, by = call.arrays(2, tensors=True)
    if of.bare is not None:
        said = f"nothing says what {of.bare} is a function of; define it before, as in {of.bare} = sum({by.bare}**2)"
        raise call.refused(said, call.args[0])
    return of, by


def _opened(call: Call, of: Array, by: Array) -> Make:
    """What is differentiated, in terms of inputs and of the name that it is differentiated by."""
    earlier = tuple(call.reader.defined.items())

    def make(shapes: Shapes) -> Form:
        form, variable = of.make(shapes), by.make(shapes).name
        for name, known in reversed(earlier):
            if name != variable:
                form = _with(form, {name: known.make(shapes)})
        return form

    return make


def _with(form: Form, meant: dict[str, Form]) -> Form:
    return rewrite_bottom_up(form, lambda part: meant.get(part.name, part) if part.op == "symbol" else part)
