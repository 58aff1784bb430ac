"""What is printed, read by symgrad's own reader of formulas among the names of the network that it is printed of; and its value."""

import numpy as np
from evaluating import SIZES

from symgrad.dims import ONE
from symgrad.gathering import gathered
from symgrad.heads import without_arguments
from symgrad.meaning import Meaning
from symgrad.network import Network
from symgrad.parts import parts
from symgrad.points import Point
from symgrad.read.document import read_document
from symgrad.readings import Reader
from symgrad.span import Source
from symgrad.syntax import Unread, Unreadable
from symgrad.tensor import elementwise
from symgrad.unrolling import unrolled

NOTHING = "\u2063"


def reading(formula, network, shape):
    """The tensor of the plainest reading of a formula that has this shape. Raises `Unreadable` where there is none."""
    sheet = unrolled(without_arguments(read_document(Source(f"$${formula}$$", "printed.md"))))
    statement, *others = sheet.statements
    if others or isinstance(statement.node, Unread):
        raise Unreadable(statement.span, "read as several statements" if others else statement.node.reason)
    vocabulary = gathered(sheet, parts(sheet)[0]).vocabulary
    known, loss = Network(), network.default_of()
    for item in (*network.inputs.values(), *network.definitions.values()):
        if item.name != loss:
            known.declare(item.name, item.shape or (ONE, ONE))  # a reader has matrices, and a number is one of them
    if loss is not None:
        known.declare(NOTHING, (ONE, ONE))
        known.define_node(loss, elementwise("tanh", [known.variables[NOTHING]]))
    vocabulary.mentioned = frozenset((*network.inputs, *network.definitions))
    vocabulary.sizes = {size for dim in known.dims for size in dim.symbols} - vocabulary.mentioned
    meaning = Meaning(vocabulary, network=known, frozen=True)
    reader = Reader(meaning)
    rows, columns = shape or (ONE, ONE)
    for found in reader.side(statement.node, meaning.shapes):
        met = found.shapes.together((found.term.rows, rows), (found.term.cols, columns))
        if met is not None and not found.term.free:
            return meaning.tensor(found.plus(0.0, met, found.term), reader)
    raise Unreadable(statement.span, "its sizes do not fit together")


def value(formula, network, shape, values):
    """The value of a formula where every name, those of gradients included, has its own of `values`."""
    return np.asarray(Point(values, SIZES).array(reading(formula, network, shape)), dtype=float)
