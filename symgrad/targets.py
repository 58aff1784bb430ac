r"""Labels of many examples: the `y_i` of `\log p_{i y_i}`, `\sum_{j \ne y_i}` and `\mathbb{1}[j = y_i]` pick by a one-hot matrix.

An entry at a label is the sum over all classes with the row of its example, `\sum_k Y_{ik} p_{ik}`. The matrix is the one-hot matrix
that the sheet speaks of, or one that is made.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from symgrad import syntax as sx
from symgrad.conditions import one_sentence
from symgrad.labels import extremum_of_others, one_hot_said
from symgrad.naming import plain_name, spelled
from symgrad.parts import mentions
from symgrad.read.document import Sheet
from symgrad.span import Span
from symgrad.syntax import Node

_LETTERS = frozenset("ytcgl")
_CLASSES = "kcqrp"
_NEAR = 3  # how many statements before one its condition may stand
_PICKED = "picked"  # brackets around what a label picks, until it is known whether something is differentiated by it


def targeted(sheet: Sheet) -> Sheet:
    """The sheet with what labels of many examples pick written by a one-hot matrix."""
    letters = {name for s in sheet.statements for name in _of_entries(s.node)}
    if not letters:
        return sheet
    said = one_hot_said(sheet)
    spoken = {name for s in sheet.statements for name in mentions(s.node)}
    matrices = {y: said if said is not None and said.isupper() else _free(y, spoken) for y in letters}
    defined = frozenset(_defined_by_entries(sheet))
    changed = list(sheet.statements)
    for i, statement in enumerate(sheet.statements):
        taken = {*mentions(statement.node), *_indices(statement.node)}
        picking = _Picking(matrices, next(k for k in _CLASSES if k not in taken), defined)
        node = sx.mapped(statement.node, picking.node)
        for j in range(max(0, i - _NEAR), min(i + 2, len(changed))):
            if j != i and one_sentence(sheet, *sorted((i, j))):
                node = picking.but_for_the_label(node, sheet.statements[j].node)
        changed[i] = replace(statement, node=sx.mapped(node, _unmarked))
    return replace(sheet, statements=changed, one_hot=sheet.one_hot | {spelled(sx.Name(Span(0, 0), name)) for name in matrices.values()})


def _free(label: str, spoken: set[str]) -> str:
    capital = label.upper()
    return capital if capital not in spoken else f"{capital}_hot"


def _of_entries(node: Node) -> Iterator[str]:
    """The letters of labels by which entries of an example are picked: the y of `p_{i y_i}`, and of `\\log p_{y_i}` in a sum over i."""
    for n in sx.walk(node):
        if isinstance(n, sx.Scripted):
            items = _items(n.sub)
            label = _label(items[1]) if len(items) == 2 else None
            if label is not None and plain_name(items[0]) == label.example:
                yield label.letter
        if isinstance(n, sx.BigOp) and n.body is not None and n.below is not None:
            over = plain_name(n.below.sides[0] if isinstance(n.below, sx.Relation) else n.below)
            scripts = (m.sub for m in sx.walk(n.body) if isinstance(m, sx.Scripted) and m.sub is not None)
            labels = (_label(script) for script in scripts)
            yield from (label.letter for label in labels if label is not None and label.example == over)


def _whose_entry(node: Node) -> str | None:
    """The M of `M_{ij}`."""
    match node:
        case sx.Scripted(base=sx.Name() as base, sub=sub, sup=None) if len(_items(sub)) == 2:
            return plain_name(base)
    return None


def _defined_by_entries(sheet: Sheet) -> Iterator[str]:
    r"""What one equation defines by its entries, `M_{ij} = …`, and a second at most makes zero at the labels, `M_{i,y_i} = 0`."""
    told: dict[str, list[Node]] = {}
    for node in (s.node for s in sheet.statements if isinstance(s.node, sx.Relation) and s.node.operators[0] in ("=", ":=")):
        name = _whose_entry(node.sides[0]) or plain_name(node.sides[0])
        at_the_label = isinstance(node.sides[0], sx.Scripted) and any(_label(item) is not None for item in _items(node.sides[0].sub))
        is_zero = isinstance(node.sides[1], sx.Number) and node.sides[1].value == 0
        if name is not None and not (at_the_label and is_zero):
            told.setdefault(name, []).append(node.sides[0])
    yield from (name for name, heads in told.items() if len(heads) == 1 and _whose_entry(heads[0]) is not None)


@dataclass(frozen=True)
class _Label:
    """`y_i`: its letter, and the example that it is of."""

    letter: str
    example: str
    index: Node


def _label(node: Node) -> _Label | None:
    match node:
        case sx.Scripted(base=sx.Name(base=letter, accents=()), sub=sx.Name(base=example, accents=()) as index, sup=None):
            return _Label(letter, example, index) if letter in _LETTERS and len(example) == 1 else None
    return None


def _items(script: Node | None) -> tuple[Node, ...]:
    """The indices of a script: `ij`, `i, j`."""
    match script:
        case sx.Listing(items=items) | sx.Product(factors=items):
            return items
    return () if script is None else (script,)


def _indices(node: Node) -> Iterator[str]:
    """The letters in the scripts of a side."""
    for n in sx.walk(node):
        if isinstance(n, sx.Scripted) and n.sub is not None:
            yield from (m.base for m in sx.walk(n.sub) if isinstance(m, sx.Name))
        if isinstance(n, sx.BigOp) and n.below is not None:
            yield from (m.base for m in sx.walk(n.below) if isinstance(m, sx.Name))


def _unmarked(node: Node) -> Node:
    return replace(node, open="(") if isinstance(node, sx.Group) and node.open == _PICKED else node


@dataclass(frozen=True)
class _Picking:
    """One pass over a tree, from the inside out."""

    matrices: dict[str, str]
    letter: str
    defined: frozenset[str]  # what has one definition by its entries, and nothing at the labels but zeros

    def node(self, node: Node) -> Node:
        match node:
            case sx.Scripted(base=sx.Name(base="\\delta"), sub=sub) if len(_items(sub)) == 2 and self._any(*_items(sub)):
                return self._same(node, *_items(sub))
            case sx.Indicator(condition=sx.Relation(sides=(one, other), operators=("=" | "==",))) if self._any(one, other):
                return self._same(node, one, other)
            case sx.Scripted(base=sx.Name() as base, sub=sub) if sub is not None and (label := self._of(_items(sub)[-1])) is not None:
                return self._picked(node, base, _items(sub)[:-1], label)
            case sx.BigOp(operator="sum", below=sx.Relation(sides=(index, other), operators=("ne",)), body=sx.Node() as body):
                label = self._of(other)
                if label is not None:
                    factors = (self._all_but(label, index), sx.Group(node.span, "(", ")", body))
                    return replace(node, below=index, body=sx.Product(node.span, factors, ("",)))
            case sx.BigOp(operator="max" | "min", below=sx.Relation(sides=(index, other), operators=("ne",)), body=sx.Node() as body):
                label = self._of(other)
                if label is not None:
                    return extremum_of_others(node, index, body, self._all_but(label, index))
            case sx.Derivative(wrt=(sx.Group(open="picked", body=sx.BigOp(body=sx.Product(factors=(row, entry))) as total),)):
                inner = sx.Group(node.span, "(", ")", replace(node, wrt=(entry,)))
                return sx.Group(node.span, "(", ")", replace(total, body=sx.Product(node.span, (row, inner), ("",))))
        return node

    def but_for_the_label(self, claim: Node, beside: Node) -> Node:
        r"""The claim for all classes but the right one, where `j \ne y_i` stands beside it."""
        condition = beside.body if isinstance(beside, sx.Group) else beside
        match condition, claim:
            case sx.Relation(sides=(index, other), operators=("ne",)), sx.Relation(sides=sides, operators=operators):
                label = self._of(other)
                if label is not None and set(operators) == {"="} and plain_name(index) in set(_indices(sides[0])):
                    rest = self._all_but(label, index)
                    made = tuple(sx.Product(side.span, (rest, sx.Group(side.span, "(", ")", side)), ("",)) for side in sides)
                    defines = _whose_entry(sides[0]) in self.defined  # `M_{ij} = …` is of no class but these
                    return replace(claim, sides=(sides[0], *made[1:]) if defines else made)
        return claim

    def _of(self, node: Node) -> _Label | None:
        label = _label(node)
        return label if label is not None and label.letter in self.matrices else None

    def _any(self, *nodes: Node) -> bool:
        return any(self._of(node) is not None for node in nodes)

    def _entry(self, label: _Label, index: Node) -> Node:
        """`Y_{ij}`."""
        matrix = sx.Name(index.span, self.matrices[label.letter])
        return sx.Scripted(index.span, matrix, sx.Listing(index.span, (label.index, index), (",",)))

    def _same(self, node: Node, one: Node, other: Node) -> Node:
        """`1[j = y_i]`, whichever of the two is the label."""
        first, second = self._of(one), self._of(other)
        if first is not None and second is None:
            return self._entry(first, other)
        return node if second is None or first is not None else self._entry(second, one)

    def _all_but(self, label: _Label, index: Node) -> Node:
        """`1 - Y_{ij}`."""
        one = sx.Number(index.span, "1")
        return sx.Group(index.span, "(", ")", sx.Sum(index.span, (one, self._entry(label, index)), ("", "-")))

    def _picked(self, node: sx.Scripted, base: sx.Name, others: tuple[Node, ...], label: _Label) -> Node:
        """`\\sum_k Y_{ik} p_{ik}` for `p_{i y_i}`, `\\sum_k Y_{ik} w_k` for `w_{y_i}`; the row of Y for the unit vector `e_{y_i}`."""
        matrix = self.matrices[label.letter]
        if base == sx.Name(base.span, "e") and not others and len(matrix) == 1:
            row = sx.Scripted(node.span, sx.Name(node.span, matrix.lower()), label.index)
            return row if node.sup is None else replace(node, base=row, sub=None)
        index = sx.Name(node.span, self.letter)
        script = sx.Listing(node.span, (*others, index), (",",) * len(others)) if others else index
        body = sx.Product(node.span, (self._entry(label, index), sx.Scripted(node.span, base, script)), ("",))
        whole = sx.Group(node.span, _PICKED, ")", sx.BigOp(node.span, "sum", index, None, body))
        return whole if node.sup is None else replace(node, base=whole, sub=None)
