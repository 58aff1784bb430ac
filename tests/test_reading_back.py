"""Every gradient of the tables, as LaTeX and as text, named and written out, is read back and has the value of what it prints.

The reader is that of `verify` and `derive --expr`; it is told the names and the shapes, and nothing else. What cannot be read back is in
`data/reading_back.txt`, each with the reason that the reader gives.
"""

import re
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import test_cookbook
import test_gradients
from evaluating import close
from reading_back import value
from test_ops import ROWS, point_of

from symgrad import Network, derive, names
from symgrad.errors import Unsupported
from symgrad.evaluate import compiled
from symgrad.pipeline import forward_program
from symgrad.syntax import Unreadable
from symgrad.typeset import latex, text

LINES = (Path(__file__).parent / "data" / "reading_back.txt").read_text("utf-8").splitlines()
EXCEPTIONS = dict(line.rsplit(" => ", 1) for line in LINES if line and not line.startswith("#"))
WRITERS = {"latex": latex, "text": text}
COOKBOOK = {f"{source} {expression} by {name}": (shapes, expression, name) for source, shapes, expression, name, _ in test_cookbook.ROWS}
NETWORKS = {title: (source, tuple(expected)) for title, source, expected in test_gradients.CASES}


@cache
def printed(title):
    """What is printed of every gradient in every way: its key, the network, the formula, its shape, the values of all names and its own."""
    if title in COOKBOOK:
        shapes, expression, name = COOKBOOK[title]
        network, wanted = test_cookbook.network(shapes, expression), [name]
    else:
        source, wanted = NETWORKS[title]
        network = test_gradients.network(source)
    results = derive(network, wanted, check=False).results
    at = test_gradients.point(network)
    values = at | compiled(forward_program(network, results)).run(at, {})
    found = []
    for name, result in results.items():
        expected = np.asarray(values[names.gradient(result.of, name)], dtype=float)
        for form in dict.fromkeys((result.form, result.named)):
            for mode, write in WRITERS.items():
                found.append((f"{title}: {names.text(name)}, {mode}", network, write(form), result.shape, values, expected))
    return found


@pytest.mark.parametrize("title", [*COOKBOOK, *NETWORKS])
def test_what_is_printed_is_read_back_with_its_value(title):
    for key, network, formula, shape, values, expected in printed(title):
        if key in EXCEPTIONS:
            continue
        found = value(formula, network, shape, values)
        close(found.reshape(expected.shape) if found.size == 1 else found, expected, 1e-8)


@cache
def forms_of_ops():
    """As `printed`, for every row of the table of ops that is about numbers and matrices."""
    found = []
    for row in (r for r in ROWS if all(len(operand.shape) in (0, 2) for operand in r.symbols)):
        network, point = Network(), point_of(row)
        network.declare("Z", row.form.shape)  # so that the sizes of constants are known
        for operand in row.symbols:
            network.declare(operand.name, operand.shape)
        expected = np.asarray(row.reference(*point.values()), dtype=float)
        if len(row.form.shape) in (0, 2):
            for mode, write in WRITERS.items():
                key = f"{row.op}({', '.join(map(str, row.params))}), {mode}"
                found.append((key, network, write(row.form), row.form.shape, point, expected))
    return found


@pytest.mark.parametrize("at", range(len(forms_of_ops())), ids=[form[0] for form in forms_of_ops()])
def test_an_op_is_read_back_with_its_value(at):
    key, network, formula, shape, values, expected = forms_of_ops()[at]
    if key not in EXCEPTIONS:
        found = value(formula, network, shape, values)
        close(found.reshape(expected.shape) if found.size == 1 else found, expected, 1e-8)


def test_the_exceptions_are_still_exceptions():
    """What cannot be read raises what is said."""
    seen = set()
    gradients = [case for title in (*COOKBOOK, *NETWORKS) for case in printed(title)]
    for key, network, formula, shape, values, _ in (*gradients, *forms_of_ops()):
        if key in EXCEPTIONS:
            seen.add(key)
            with pytest.raises((Unreadable, Unsupported), match=re.escape(EXCEPTIONS[key])):
                value(formula, network, shape, values)
    assert seen == EXCEPTIONS.keys()
