"""Every op of the catalogue through every kind of derivative and every emitter: it works, or it says in words why not.

The rows are those of `test_ops`. What is refused is in `data/refused.txt`, by op and kind with the words that say why; nothing else may
be refused, and what stands there must be refused still. Products with directions are held against differences of the references.
"""

import json as parser
from functools import cache, partial
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from evaluating import SIZES, close, lengths
from test_ops import ROWS, point_of

from symgrad import Network, names
from symgrad.emit import html, json, latex, numpy, text, typst
from symgrad.errors import SymgradError
from symgrad.evaluate import compiled
from symgrad.form import apply, number, symbol
from symgrad.numpycode import Program
from symgrad.pipeline import derive, forward_program
from symgrad.solution import document

SECOND, STATIONARY, FIRST = ("gradient", "hvp", "hessian"), ("stationary",), ("jacobian", "jvp", "vjp", "differential")
KINDS = (*SECOND, *STATIONARY, *FIRST)
EMITTERS = {
    "text": lambda derivation, page: text.emit(page),
    "latex": lambda derivation, page: latex.emit(page),
    "html": lambda derivation, page: html.emit(page),
    "json": lambda derivation, page: json.emit([derivation]),
    "numpy": lambda derivation, page: numpy.emit(derivation),
    "typst": lambda derivation, page: typst.emit(page),
}
LINES = (Path(__file__).parent / "data" / "refused.txt").read_text("utf-8").splitlines()
REFUSED = [tuple(part.split() if i < 2 else part for i, part in enumerate(line.split(" | "))) for line in LINES if line and line[0] != "#"]
WALKED = [row for row in ROWS if row.symbols]
every_row = pytest.mark.parametrize("at", range(len(WALKED)), ids=[f"{r.op}-{','.join(map(str, r.shapes))}-{r.params}" for r in WALKED])


def network(row):
    """Y of the row's operands, and L, its squared distance from a target."""
    net = Network()
    for operand in row.symbols:
        net.declare(operand.name, operand.shape, "parameter", ["positive"] if row.domain in ("positive", "a mask") else [])
    net.define_form("Y", row.form)
    Y = symbol("Y", row.form.shape)
    target = net.declare("T", Y.shape, "data")
    net.define_form("L", apply("squared_norm", [apply("add", [Y, apply("scale", [number(-1), target])])]))
    return net


@cache
def derived(at):
    """Every derivation of a row, unchecked, and what was said of what there is not, by kind."""
    row, found, refused = WALKED[at], [], {kind: [] for kind in KINDS}
    net, wrt = network(row), [x.name for x in row.symbols]

    def ask(of, kinds):
        try:
            derivation = derive(net, wrt, of, kinds=[kind for kind in kinds if kind != "gradient"], check=False)
        except SymgradError as error:
            if len(kinds) == 1:
                refused[kinds[0]].append(str(error))
                return
            for kind in kinds:
                ask(of, [kind])
            return
        found.append(derivation)
        for further in derivation.further:
            if further.form is None:
                refused[further.kind].append(further.remark)

    for of, kinds in (("L", SECOND), ("L", STATIONARY), ("Y", FIRST)):
        ask(of, kinds)
    return found, refused


@every_row
def test_an_op_has_every_derivative_or_it_is_said_why_not(at):
    row = WALKED[at]
    for kind, refusals in derived(at)[1].items():
        assert [said for said in refusals if not any(words in said for words in reasons(row.op, kind))] == []


def reasons(op, kind):
    """The words that say why a kind is refused of an op."""
    return [words for ops, kinds, words in REFUSED if (op in ops or ops == ["*"]) and kind in kinds]


def test_what_is_said_to_be_refused_is():
    said = {(row.op, kind, refusal) for at, row in enumerate(WALKED) for kind, refusals in derived(at)[1].items() for refusal in refusals}
    for ops, kinds, words in REFUSED:
        for op in ops:
            for kind in kinds:
                assert any(op in ("*", o) and kind == k and words in refusal for o, k, refusal in said), (op, kind, words)


class Tags(HTMLParser):
    """The tags that are open."""

    def __init__(self):
        super().__init__()
        self.open = []

    def handle_starttag(self, tag, attributes):
        if tag not in ("meta", "link", "br", "img", "hr", "input", "col"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def is_well_formed(form, written):
    """Whether a page is what its format asks for."""
    if form == "json":
        return bool(parser.loads(written))
    if form == "numpy":
        return compile(written, form, "exec") is not None
    if form == "html":
        tags = Tags()
        tags.feed(written)
        return not tags.open
    if form == "latex":
        return written.isascii() and len(written.split(r"\left")) == len(written.split(r"\right"))
    return bool(written) and "\\operatorname" not in written


@every_row
def test_every_emitter_prints_everything(at):
    for derivation in derived(at)[0]:
        page = document(derivation)
        for form, emit in EMITTERS.items():
            written = emit(derivation, page)
            assert is_well_formed(form, written), (form, written[-400:])


STENCIL = ((1, 8 / 12), (-1, -8 / 12), (2, -1 / 12), (-2, 1 / 12))
STEP = 1e-3


def along(function, point, directions):
    """How a function of arrays changes when they move, by five-point differences."""
    return sum(w / STEP * function({n: x + k * STEP * directions.get(n, 0) for n, x in point.items()}) for k, w in STENCIL)


def one_of(run, directions, name, point):
    return np.asarray(run(point | directions, {})[name], dtype=float)


@every_row
def test_products_with_directions_are_differences(at):
    """Ẏ is the slope of the reference, Ā its transpose, and ∂²L/∂A² [V] the slope of the gradient."""
    row = WALKED[at]
    rng = np.random.default_rng(3)
    point = point_of(row) | {"T": rng.standard_normal(lengths(row.form.shape))}
    for derivation in derived(at)[0]:
        further = [f for f in derivation.further if f.kind in ("jvp", "vjp", "hvp") and f.form is not None]
        directions = {n: rng.standard_normal(lengths(shape)) for f in further for n, shape in f.directions}
        program = forward_program(derivation.network, derivation.results, further=further)
        run = compiled(Program(program.inputs, program.statements, sizes=SIZES)).run
        values = {n: np.asarray(x, dtype=float) for n, x in run(point | directions, {}).items()}
        operands = {x.name for x in row.symbols}
        if any(f.kind == "jvp" for f in further):
            (pushed,) = (f for f in further if f.kind == "jvp")
            moves = {n: directions[names.accented(n, "dot")] for n in operands}
            slope = along(lambda p: row.reference(*(p[x.name] for x in row.symbols)), {n: point[n] for n in operands}, moves)
            close(values[pushed.name].reshape(np.shape(slope)), np.asarray(slope, dtype=float), 1e-6)
            pulled = {f.wrt[0]: values[f.name] for f in further if f.kind == "vjp"}
            (seed,) = (directions[n] for f in further if f.kind == "vjp" and f.wrt[0] == row.symbols[0].name for n, _ in f.directions)
            close(np.sum(seed * values[pushed.name]), np.sum([np.sum(pulled[n] * moves[n]) for n in operands]), 1e-8)
        for f in (f for f in further if f.kind == "hvp"):
            ((name, _),) = f.directions
            gradient = partial(one_of, run, directions, names.gradient("L", f.wrt[0]))
            slope = along(gradient, point, {f.wrt[0]: directions[name]})
            close(values[f.name].reshape(slope.shape), slope, 1e-5)
