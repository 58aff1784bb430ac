r"""The right class by its number: `L = -\log p_2` where `y = [0, 1, 0]^T` is the label, and `L = -\log 0.66` for the value of p₂.

The entry is written as the inner product with the label's vector, so that `∂L/∂z = p - y` is true of every label and not of this one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction

from symgrad import syntax as sx
from symgrad.constant import constant_of
from symgrad.literals import literal_rows
from symgrad.meaning import is_loss, stem
from symgrad.naming import plain_name
from symgrad.origins import counts_from_zero
from symgrad.parts import heads, mentions
from symgrad.read import functions as fn
from symgrad.read.document import Sheet, Statement, prose
from symgrad.span import Span
from symgrad.syntax import Node

# What the label of a class is called, the usual name first.
_LABELS = ("y", "t")
_RIGHT_ONE = frozenset({"true", "correct", "target", "label", "right", "gold", "class"})
_RIGHT = r"(?:true|correct|target|right|gold|actual|ground[- ]truth)"
_RIGHT_CLASS = re.compile(
    rf"(?i)\b{_RIGHT}\W+(?:class|label|category)\b\W*(?:is|being|index)?\W{{0,3}}(?:class\W+)?\$?(\d)\b"
    r"|\b(?:target|label|truth)\W+(?:is|being)\W+class\W+\$?(\d)\b"
    rf"|\b{_RIGHT}\W+(?:class|label|category|one)\W+(?:is|being)\W+(?:the\W+)?(first|second|third|fourth)\b"
    rf"|\bthe\W+(first|second|third|fourth)\W+(?:class|one|entry|label)\W+(?:is|be|was)\W+(?:the\W+)?{_RIGHT}\b"
)
_A_CLASS = re.compile(r"(?i)\b(?:class|label|category)\b")
_CLOSE = 30  # how far from a number that is said
_ORDINAL = re.compile(r"(?i)^\W*(?:the\W+)?(first|second|third|fourth)\b")
_ORDINALS = ("first", "second", "third", "fourth")


def chosen(sheet: Sheet) -> Sheet:
    """The sheet with losses that are a logarithm of the right class's entry written by the label's vector."""
    sheet = _with_class_in_words(sheet)
    labels = dict(found for s in sheet.statements for found in one_hot_given(s))
    if len(labels) != 1:
        return sheet
    ((label, place),) = labels.items()
    values = dict(found for s in sheet.statements for found in _entries(s, place))
    spoken = {name for s in sheet.statements for name in mentions(s.node)} - {label}
    defined: set[str] = set()
    changed: list[Statement] = []
    for statement in sheet.statements:
        node = statement.node
        head = plain_name(node.sides[0]) if isinstance(node, sx.Relation) and node.operators[0] == "=" else None
        if isinstance(node, sx.Relation) and head is not None and is_loss(head):
            # What is said of a loss that is defined already is a claim, with its numbers as they stand.
            whole = _Logarithm(label, place, spoken, {} if head in defined else values)
            defined.add(head)
            sides = (node.sides[0], sx.mapped(node.sides[1], whole.node), *node.sides[2:])
            # The label of an example picks one entry; a sum over examples has a logarithm for each.
            if whole.met and whole.met == len(_logarithms(node.sides[1])):
                statement = replace(statement, node=replace(node, sides=sides))
        changed.append(statement)
    return replace(sheet, statements=changed, one_hot=sheet.one_hot | {label}) if changed != sheet.statements else sheet


def _with_class_as_a_number(sheet: Sheet) -> Sheet:
    """The sheet with the label's vector for `y = 2`, where words say that it is a class, and the label stands beside probabilities."""
    sizes = {len(v) for s in sheet.statements if isinstance(s.node, sx.Relation) for v in map(_vector, s.node.sides[1:]) if _sums_to_one(v)}
    labels = [(s, value) for s in sheet.statements for name, value in heads(s) if name in _LABELS]
    given = [(s, int(value.text)) for s, value in labels if isinstance(value, sx.Number) and _is_class(s, value)]
    if len(sizes) != 1 or len(given) != 1 or len(labels) != 1:
        return sheet
    ((statement, number),), (count,) = given, sizes
    ordinal = _ORDINAL.match(statement.words_after)
    from_zero = number == 0 or counts_from_zero(sheet.source.text)
    place = _ORDINALS.index(ordinal[1].lower()) if ordinal else number - (not from_zero)
    if not 0 <= place < count or not isinstance(statement.node, sx.Relation):
        return sheet
    head, value = statement.node.sides
    entries = tuple(sx.Number(value.span, "1" if k == place else "0") for k in range(count))
    made = replace(statement, node=replace(statement.node, sides=(head, sx.List(value.span, entries))))
    return replace(sheet, statements=[made if s is statement else s for s in sheet.statements])


def _is_class(statement: Statement, number: sx.Number) -> bool:
    is_told = _A_CLASS.search(statement.words[-_CLOSE:]) or _A_CLASS.search(statement.words_after[:_CLOSE])
    return number.text.isdigit() and is_told is not None and isinstance(statement.node, sx.Relation) and len(statement.node.sides) == 2


def _with_class_in_words(sheet: Sheet) -> Sheet:
    """The sheet with the label's vector where words say which class is right, and a vector of probabilities how many there are."""
    sheet = _with_class_as_a_number(sheet)
    said = _RIGHT_CLASS.search(prose(sheet.source))
    known = {name for s in sheet.statements for name, _ in heads(s)}
    sizes = {len(v) for s in sheet.statements if isinstance(s.node, sx.Relation) for v in map(_vector, s.node.sides[1:]) if _sums_to_one(v)}
    spoken = {name for s in sheet.statements for name in mentions(s.node)}
    label = next((name for name in _LABELS if name in spoken), _LABELS[0])
    if said is None or len(sizes) != 1 or label in known:
        return sheet
    (count,), span = sizes, Span(*said.span())
    digit, ordinal = said[1] or said[2], said[3] or said[4]
    # Who counts classes from zero says so, or has one of that number.
    from_zero = digit is not None and (counts_from_zero(sheet.source.text) or digit == "0")
    place = _ORDINALS.index(ordinal.lower()) if ordinal else int(digit) - (not from_zero)
    if not 0 <= place < count:
        return sheet
    entries = tuple(sx.Number(span, "1" if k == place else "0") for k in range(count))
    vector = sx.Relation(span, (sx.Name(span, label), sx.List(span, entries)), ("=",))
    at = next((i for i, s in enumerate(sheet.statements) if s.span.start > span.start), len(sheet.statements))
    block = max((s.block for s in sheet.statements), default=0) + 1
    return replace(sheet, statements=[*sheet.statements[:at], Statement(vector, span, block, False), *sheet.statements[at:]])


def _sums_to_one(entries: tuple[Fraction, ...]) -> bool:
    return len(entries) > 1 and all(0 < entry < 1 for entry in entries) and abs(sum(entries, Fraction(-1))) < Fraction(1, 50)


class _Logarithm:
    """One pass over a loss, that puts the vectors for the entry of the right class below a logarithm."""

    def __init__(self, label: str, place: int, spoken: set[str], values: dict[Fraction, Node]) -> None:
        self.label, self.place, self.spoken, self.values, self.met = label, place, spoken, values, 0

    def node(self, node: Node) -> Node:
        match node:
            case sx.Call(args=(argument,)) if _is_logarithm(node):
                whole = self._whole(argument)
                if whole is not None:
                    self.met += 1
                    product = sx.Product(argument.span, (sx.Name(argument.span, self.label), whole), ("odot",))
                    return replace(node, args=(sx.Call(argument.span, sx.Name(argument.span, "sum"), (product,)),))
        return node

    def _whole(self, argument: Node) -> Node | None:
        match argument:
            case sx.Group(body=body):
                return self._whole(body)
            case sx.Scripted(base=sx.Name() as base, sub=sx.Number(value=number), sup=None):
                is_it = number == self.place + 1 or (number == 0 and not self.place)  # the p_0 of who counts classes from zero
                return base if is_it and plain_name(base) in self.spoken else None
            case sx.Scripted(base=sx.Name() as base, sub=sx.Name(base=word) | sx.Text(text=word), sup=None) if word in _RIGHT_ONE:
                return base if plain_name(base) in self.spoken else None  # `p_{true}`
        value = constant_of(argument)
        return None if value is None else self.values.get(value)


def _is_logarithm(node: Node) -> bool:
    return isinstance(node, sx.Call) and isinstance(node.function, sx.Name) and fn.word_of(node.function.base) in ("log", "ln")


def _logarithms(node: Node) -> list[Node]:
    r"""The logarithms of a formula that count: those of `0 \cdot \log 0.2 + 1 \cdot \log 0.7` are one."""
    if _is_logarithm(node):
        return [node]
    if isinstance(node, sx.Product) and any(constant_of(factor) == 0 for factor in node.factors):
        return []
    return [found for child in sx.children(node) for found in _logarithms(child)]


def one_hot_given(statement: Statement) -> Iterator[tuple[str, int]]:
    """A name that is given as a vector of zeros and a one, and where the one stands."""
    node = statement.node
    if isinstance(node, sx.Relation) and len(node.sides) == 2 and node.operators == ("=",):
        name, entries = plain_name(node.sides[0]), _vector(node.sides[1])
        if name is not None and stem(name) in _LABELS and len(entries) > 1 and set(entries) == {0, 1} and sum(entries) == 1:
            yield name, entries.index(Fraction(1))


def _entries(statement: Statement, place: int) -> Iterator[tuple[Fraction, Node]]:
    """The entry in that place of a vector of probabilities, with the vector's name."""
    node = statement.node
    if isinstance(node, sx.Relation) and plain_name(node.sides[0]) is not None:
        for entries in map(_vector, node.sides[1:]):
            if len(entries) > place and all(0 < entry < 1 for entry in entries):
                yield entries[place], node.sides[0]


def _vector(side: Node) -> tuple[Fraction, ...]:
    """The numbers of a row or a column; none of anything else."""
    rows = literal_rows(side) or ()
    return tuple(entry for row in rows for entry in row) if 1 in (len(rows), len(rows[0]) if rows else 0) else ()
