r"""Sheets all of whose names are numbers: "all variables are scalars", or nothing on them is anything else: `z = wx + b`, `dz/dw = x`."""

from __future__ import annotations

import re
from collections.abc import Iterable

from symgrad import syntax as sx
from symgrad.dims import ONE
from symgrad.meaning import Vocabulary, bare, stem
from symgrad.naming import letters_of
from symgrad.parts import mentions
from symgrad.read import functions as fn
from symgrad.syntax import Node

_THINGS = r"(?:variables?|quantit(?:y|ies)|symbols?|letters?|names?|weights?|parameters?)"
_SAID = re.compile(
    rf"(?i)\b(?:all|every|each of the)\b(?:\s+(?:the|of|these|our|other))*\s+{_THINGS}\b[^.;$]{{0,30}}\b(?:is|are)\b[^.;$]{{0,15}}\b"
    r"(?:scalars?|one-dimensional)\b"
    r"|\beverything\b[^.;$]{0,15}\bis\b[^.;$]{0,15}\b(?:scalar|one-dimensional|a number)\b"
    r"|\((?:all|everything)(?: is| are)?(?: an?)? scalars?\b|\(scalars\)"
    r"|\b(?:with|all) (?:all )?scalars(?: throughout| everywhere)?(?=[.;:)])"
    r"|\bscalars? throughout\b|\balles (?:ist )?(?:skalar|eindimensional)\b|\balle (?:gr[öo](?:ß|ss)en|variablen) sind skalare?\b"
)
# `A scalar network:`, said before anything is defined.
_KIND = re.compile(
    r"(?i)\b(?:scalar|one-dimensional|1-?d) (?:case|version|model|network|net|neuron|setting|example|toy|rnn|recurrence|chain|problem)\b"
)
_CONSTANTS = frozenset({"e", "\\pi"})


def are_said_to_be_numbers(text: str, start: int, nodes: Iterable[Node], vocabulary: Vocabulary) -> bool:
    """Whether words say so anywhere, or of the kind of the model before its first formula where nothing speaks against it."""
    return _SAID.search(text) is not None or (_KIND.search(text, 0, start) is not None and could_be_numbers(nodes, vocabulary))


def could_be_numbers(nodes: Iterable[Node], vocabulary: Vocabulary) -> bool:
    """Whether no name is a capital, bold, transposed, a list, or of a shape that is told, but for the loss."""
    found = {name for node in nodes for name in mentions(node, vocabulary.styled)}
    inputs = found - vocabulary.heads
    has_shapes = vocabulary.declared or vocabulary.bold or vocabulary.arrays or vocabulary.transposes or vocabulary.lists
    is_long = any(size != (1, 1) for sizes in vocabulary.literals.values() for size in sizes)
    return not has_shapes and not is_long and not any(bare(stem(name)).lstrip("\\")[:1].isupper() for name in inputs)


def as_numbers(nodes: Iterable[Node], vocabulary: Vocabulary) -> None:
    """Declares each name of the nodes a number, but what has an index or a shape of its own."""
    nodes = list(nodes)
    others = {base for node in nodes for base in _others(node, vocabulary)} | _CONSTANTS
    others |= vocabulary.families | vocabulary.bold | vocabulary.arrays | vocabulary.sizes | vocabulary.functions.keys()
    spelt = (name for node in nodes for name in mentions(node, vocabulary.styled) if "^" not in name)  # the 2 of `c^2` is a power
    for name in spelt:
        if not {name, stem(name)} & others and fn.word_of(bare(name)) not in fn.WORDS:
            vocabulary.declared.setdefault(name, (ONE, ONE))


def _others(node: Node, vocabulary: Vocabulary) -> Iterable[str]:
    """The names that stand with a letter below, the x of `x_i` and what is spelt so, and those of functions."""
    for n in sx.walk(node):
        if isinstance(n, sx.Scripted) and letters_of(n.sub):
            yield from mentions(n, vocabulary.styled)
        elif isinstance(n, sx.Call):
            yield from mentions(n.function, vocabulary.styled)
