"""The identities of the Matrix Cookbook: what is printed, and finite differences of every row by `derive` and by this file."""

from pathlib import Path

import numpy as np
import pytest
from evaluating import close
from test_gradients import SPACE, point, slope

from symgrad import Network, derive
from symgrad.evaluate import compiled
from symgrad.pipeline import forward_program

LINES = (Path(__file__).parent / "data" / "cookbook.txt").read_text(encoding="utf-8").splitlines()


def rows():
    """(source, shapes, expression, variable, printed) for every row, with the shapes that hold there."""
    shapes = ""
    for line in LINES:
        if line.startswith(": "):
            shapes = line[2:]
        elif line and not line.startswith("#"):
            source, expression, variable, printed, *_ = (part.strip() for part in line.split(" | "))
            yield source, shapes, expression, variable, printed


ROWS = list(rows())
every_row = pytest.mark.parametrize("shapes, expression, variable, printed", [r[1:] for r in ROWS], ids=[f"{r[0]}-{r[2]}" for r in ROWS])


def network(shapes, expression):
    """The network of an expression over parameters of these shapes; `y = …;` in front of it are definitions."""
    net, space = Network(), dict(SPACE)
    *definitions, loss = expression.split(";")
    for part in shapes.split(";"):
        names, _, sizes = part.partition(":")
        for name in names.split():
            plain = name.removesuffix("*")
            if any(plain in words(text) for text in (*definitions, loss)):
                dims = [eval(size, dict(SPACE)) for size in sizes.split()]
                written = rf"\{plain}" if plain == "mu" else plain
                space[plain] = net.parameter(written, *dims, symmetric=name.endswith("*"))
    for definition in definitions:
        name, _, body = definition.partition("=")
        space[name.strip()] = net.define(name.strip(), eval(body, space))
    net.define("L", eval(loss, space))
    return net


def words(text):
    return "".join(c if c.isalnum() or c == "_" else " " for c in text).split()


@every_row
def test_a_row_is_printed_as_stated_and_holds(shapes, expression, variable, printed):
    """`derive` itself holds the gradient against finite differences, and says at how many points."""
    derivation = derive(network(shapes, expression), [variable])
    (result,) = (r for name, r in derivation.results.items() if name.strip("\\") == variable)
    assert repr(result).split(" = ", 1)[1] == printed
    check = derivation.report.checks[result.wrt]
    assert check.holds and check.points >= 3 and check.max_relative_error < 1e-6


@every_row
def test_a_row_is_the_slope_of_its_expression(shapes, expression, variable, printed):
    net = network(shapes, expression)
    at = point(net)
    results = derive(net, [variable], check=False).results
    name = net.resolve(variable)
    value = np.asarray(compiled(forward_program(net, results)).run(at, {})[f"∂L/∂{name}"], dtype=float)
    expected = slope(net, name, at)
    close(value.reshape(expected.shape) if value.size == 1 else value, expected, 1e-6)


def test_the_table_has_every_equation_of_section_two_that_is_a_gradient():
    """The others are of differentials, of entries (Jacobians), of complex matrices, or of matrix functions (128)."""
    seen = {int(r[0].strip("()")) for r in ROWS if r[0].startswith("(")}
    wanted = {49, *range(51, 56), 57, 58, *range(61, 68), *range(69, 73), *range(76, 79), *range(81, 89), *range(91, 95), 97}
    wanted |= {*range(99, 128), *range(129, 133), *range(139, 145)}
    assert wanted <= seen
