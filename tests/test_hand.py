"""What is printed is not longer than what books and papers derive by hand, and says the same.

The factors of a form are counted as they stand on paper: names, numbers other than ±1, and functions; what is in scripts is not counted.
"""

from functools import cache
from pathlib import Path

import numpy as np
import pytest
import test_cookbook
from evaluating import SIZES, close
from reading_back import value
from test_gradients import network, point, read
from test_reading_back import COOKBOOK, NETWORKS, printed

from symgrad import Network, derive, names
from symgrad import syntax as sx
from symgrad.evaluate import compiled
from symgrad.numpycode import Program
from symgrad.read.latex import parse
from symgrad.span import Source, Span
from symgrad.typeset import text

LINES = (Path(__file__).parent / "data" / "hand.txt").read_text("utf-8").splitlines()
LINES = [line for line in LINES if line and not line.startswith("#")]
HAND = {key: (form, source) for key, form, source in (line.split(" | ") for line in LINES if not line.startswith("! "))}
NOT_COUNTED = dict(line.removeprefix("! ").split(" | ") for line in LINES if line.startswith("! "))
BY_NUMBER = sum(source.startswith("(") for source, *_ in test_cookbook.ROWS)


def factors(formula):
    """How many factors are written."""
    (node,) = parse(Source(formula), Span(0, len(formula)))
    return counted(node)


def counted(node):
    if isinstance(node, sx.Scripted):
        return counted(node.base)
    if isinstance(node, sx.Number):
        return int(node.text != "1")
    return int(isinstance(node, sx.Name)) + sum(counted(child) for child in sx.children(node))


def case(key):
    """The formula that is printed as text, and what it is printed of."""
    title, _, name = key.rpartition(" by ")
    found = printed(key) if key in COOKBOOK else printed(title)
    wanted = f": {names.text(name)}, text"
    return next(each for each in found if each[0].endswith(wanted))


@pytest.mark.parametrize(
    "formula, count", [("2 Xᵀ (X w − y)", 5), ("−(X⁻¹ B A X⁻¹)ᵀ", 4), ("1/n Xᵀ (σ(z) − y)", 5), ("∂L/∂z xᵀ", 3), ("1 − h", 1)]
)
def test_how_factors_are_counted(formula, count):
    assert factors(formula) == count


@pytest.mark.parametrize("key", HAND)
def test_what_is_printed_is_not_longer_than_by_hand(key):
    form = HAND[key][0]
    _, _, formula, *_ = case(key)
    if form.startswith("> "):
        assert factors(formula) > factors(form[2:])
    else:
        assert factors(formula) <= factors(form), formula


@pytest.mark.parametrize("key", HAND)
def test_the_form_by_hand_has_the_value_of_what_is_printed(key):
    _, network, _, shape, values, expected = case(key)
    found = value(HAND[key][0].removeprefix("> "), network, shape, values)
    close(found.reshape(expected.shape) if found.size == 1 else found, np.asarray(expected), 1e-8)


# ── beyond the gradient ──────────────────────────────────────────────────────────────────────────────────────────────

DATA = Path(__file__).parent / "data"
BLOCKS = {table: (DATA / f"{table}.txt").read_text("utf-8").strip().split("\n\n")[1:] for table in ("second", "jacobians", "stationary")}
SOURCES = {table: {title: source for title, source, _ in map(read, blocks)} for table, blocks in BLOCKS.items()}
TABLE = {"hessian": "second", "hvp": "second", "stationary": "stationary"}
FURTHER = [line.split(" | ") for line in (DATA / "hand_further.txt").read_text("utf-8").splitlines() if line and not line.startswith("#")]
every_further = pytest.mark.parametrize("asked, title, form", [f[:3] for f in FURTHER], ids=[f"{f[1]}: {f[0]}" for f in FURTHER])


@cache
def beyond(asked, title):
    """The network with the directions, what is printed, its shape, the values of all names and its own."""
    kind, *wrt = asked.split()
    net = network(SOURCES[TABLE.get(kind, "jacobians")][title])
    layout = kind if kind in ("numerator", "denominator") else "denominator"
    kind = "jacobian" if kind == layout else kind
    of = None if kind in TABLE else list(net.definitions)[-1]
    derivation = derive(net, wrt or net.default_wrt(), of=of, kinds=[kind], layout=layout, check=False)
    (found,) = [each for each in derivation.of_kind(kind) if not wrt or each.wrt == tuple(wrt)]
    known = Network()
    for item in net.inputs.values():
        known.declare(item.name, item.shape, item.role, item.properties)
    for name, shape in found.directions:
        known.declare(name, shape)
    for definition in net.definitions.values():
        known.define_form(definition.name, definition.form)
    at = point(known)
    definitions = tuple((d.name, d.form) for d in net.definitions.values())
    shapes = {name: item.shape for name, item in known.inputs.items()}
    values = at | compiled(Program(shapes, (*definitions, ("here", found.form)), sizes=SIZES)).run(at, {})
    return known, text(found.form), found.form.shape, values, np.asarray(values["here"], dtype=float)


@every_further
def test_beyond_the_gradient_it_is_not_longer_than_by_hand(asked, title, form):
    assert factors(beyond(asked, title)[1]) <= factors(form)


@every_further
def test_beyond_the_gradient_the_form_by_hand_has_its_value(asked, title, form):
    known, _, shape, values, expected = beyond(asked, title)
    found = value(form, known, shape, values)
    close(found.reshape(expected.shape) if found.size == 1 else found, expected, 1e-8)


def test_every_gradient_of_the_tables_is_counted_or_said_not_to_be():
    tabled = {*COOKBOOK, *(f"{title} by {name}" for title, (_, names) in NETWORKS.items() for name in names)}
    assert HAND.keys() | NOT_COUNTED.keys() == tabled
    assert not HAND.keys() & NOT_COUNTED.keys() and all(NOT_COUNTED.values())


def test_there_are_enough_results_with_a_source():
    """Those of the Cookbook by number, which `test_cookbook` compares as printed, and those of other sources."""
    assert BY_NUMBER + sum(not key.startswith("(") for key in HAND) >= 120
    assert all(source for _, source in HAND.values())
