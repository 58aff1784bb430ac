r"""One example and many: beside `\hat y = w^\top x` the `\hat y_i` of `\sum_i (\hat y_i - y_i) x_i` is the same of the i-th example.

Where the x of one example has formulas and the x_i of many stand in sums, the one is another name than the many, and what is made of the
one is defined for the i-th as well.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial

from symgrad import syntax as sx
from symgrad.examples import are_columns, number_of, numbering
from symgrad.meaning import is_loss
from symgrad.members import vectors
from symgrad.naming import letters_of, plain_name, superscript, without_transpose
from symgrad.parts import heads
from symgrad.read.document import Sheet, Statement
from symgrad.span import Span
from symgrad.syntax import Node

# The style that tells the one example apart; it is not seen.
_ONE = "mathrm"
_BOLD = "mathbf"
_INPUTS = frozenset("xy")
_DEEPEST = 8


def with_examples(sheet: Sheet) -> Sheet:
    """The sheet with what is made of one example defined for every example of its sums too."""
    found = _Examples(sheet.statements, numbering(sheet))
    if not found.data or are_columns(sheet, found.running):
        return sheet
    batches = {name.upper() for name in found.data} & found.single
    out: list[Statement] = []
    for statement in sheet.statements:
        for name, letter in [member for n in sx.walk(statement.node) if (member := _member(n)) is not None]:
            out += found.defined(name, letter, statement)
        is_of_batch = bool(batches & set(_spoken(statement.node)))
        out.append(statement if is_of_batch else replace(statement, node=sx.replaced(statement.node, found.of_one)))
    return replace(sheet, statements=out)


def many_of(name: str) -> str | None:
    """What the i-th of is called, for the name of the one example."""
    found = re.fullmatch(rf"(.*)\\{_ONE}\{{(.)\}}(.*)", name)
    return None if found is None else found[1] + found[2] + found[3]


@dataclass
class _Examples:
    """What a sheet says of one example and of many: its formulas, the letters that number examples, the names of the data."""

    statements: Sequence[Statement]
    running: set[str]
    told: set[str] = field(default_factory=set)

    @cached_property
    def nodes(self) -> list[Node]:
        return [s.node for s in self.statements]

    @cached_property
    def formulas(self) -> dict[str, tuple[Node, Node]]:
        """The heads and formulas of names."""
        found: dict[str, tuple[Node, Node]] = {}
        for statement in self.statements:
            for name, formula in heads(statement):
                assert isinstance(statement.node, sx.Relation)
                found.setdefault(name, (statement.node.sides[0], formula))
        return found

    @cached_property
    def single(self) -> set[str]:
        return {name for node in self.nodes for name in _spoken(node)}

    @cached_property
    def _seeds(self) -> set[tuple[str, str]]:
        """The data with the letters that number it: vectors that stand alone and have no formula, else what a summed loss rests on."""
        members = (member for node in self.nodes for n in _operands(node) if (member := _member(n)) is not None)
        inside = {name for _, formula in self.formulas.values() for name in _spoken(formula)} - self.formulas.keys()
        found = {(name, at) for name, at in members if at in self.running and name in inside}
        return found or set(self._below_members())

    def _below_members(self) -> Iterator[tuple[str, str]]:
        r"""What `L^{(i)}` and `\hat y^{(i)}` rest on by the formulas of L and ŷ: the x, and whatever is numbered so itself."""
        asked = {plain_name(by) for node in self.nodes for n in sx.walk(node) if isinstance(n, sx.Derivative) for by in n.wrt}
        numbered = [
            (whole, at) for node in self.nodes for n in sx.walk(node) if (at := number_of(n)) in self.running and (whole := _whole(n))
        ]
        for name, letter in numbered:
            leaves = self._leaves(name) - asked if name in self.formulas else set()
            yield from ((leaf, letter or "") for leaf in leaves if leaf in _INPUTS or (leaf, letter) in numbered)

    def _leaves(self, name: str, depth: int = _DEEPEST) -> set[str]:
        """What a formula rests on in the end."""
        inside = set(_spoken(self.formulas[name][1])) if depth else set()
        return {leaf for n in inside for leaf in (self._leaves(n, depth - 1) if n in self.formulas else {n})}

    @cached_property
    def letters(self) -> set[str]:
        return {letter for _, letter in self._seeds}

    @cached_property
    def numbered(self) -> set[str]:
        """The names that have the number of an example somewhere."""
        members = (member for node in self.nodes for n in sx.walk(node) if (member := _member(n)) is not None)
        return {name for name, letter in members if letter in self.letters}

    @cached_property
    def data(self) -> set[str]:
        """The names of the data, with those that stand beside it in formulas: targets."""
        seeds = {name for name, _ in self._seeds}
        resting = [formula for name, (_, formula) in self.formulas.items() if self._rests(name, seeds)]
        beside = {n for formula in resting for n in self._inside(formula)} - self.formulas.keys()
        return seeds | (beside & self.numbered)

    def _inside(self, formula: Node) -> set[str]:
        """The names in a formula, by themselves or with an index of their entries."""
        entries = {
            name for n in sx.walk(formula) for name, _, sub in [_split(n)] if name and sub and not set(letters_of(sub) or ()) & self.letters
        }
        return set(_spoken(formula)) | entries

    def _rests(self, name: str, data: set[str], depth: int = _DEEPEST) -> bool:
        inside = self._inside(self.formulas[name][1]) if name in self.formulas and depth else set()
        return bool(inside & data) or any(self._rests(n, data, depth - 1) for n in inside)

    def is_made(self, name: str) -> bool:
        """Whether a name is made of the data of one example."""
        return self._rests(name, self.data)

    @cached_property
    def of_both(self) -> set[str]:
        """The names that there are of one example and of the i-th: the data, and all that what is numbered is made of."""
        found, waiting = set[str](), [name for name in self.numbered if name in self.formulas]
        while waiting:
            name = waiting.pop()
            if name not in found and self.is_made(name):
                found.add(name)
                waiting += self._inside(self.formulas[name][1]) & self.formulas.keys()
        return found | self.data

    # ── for every example ────────────────────────────────────────────────────────────────────────────────────────────

    def defined(self, name: str, letter: str, before: Statement) -> Iterator[Statement]:
        r"""What `\hat y_i` is, with all that it is made of, where it is met for the first time."""
        if letter not in self.letters or name in self.told or name in self.data or not self.is_made(name):
            return
        self.told.add(name)
        _, formula = self.formulas[name]
        for below in sorted(self._inside(formula)):
            yield from self.defined(below, letter, before)
        nowhere = Span(before.span.start, before.span.start)
        index = sx.Name(nowhere, letter)
        made = sx.Relation(
            nowhere, (sx.Scripted(nowhere, self._members_name(name), index), sx.replaced(formula, partial(self._at, index))), ("=",)
        )
        yield Statement(made, nowhere, before.block, before.display)

    @cached_property
    def _bold(self) -> dict[str, sx.Name]:
        names = (n for node in self.nodes for n in sx.walk(node) if isinstance(n, sx.Name))
        return {n.base: n for n in names if n.style == _BOLD and not n.accents}

    def _at(self, index: Node, node: Node) -> Node | None:
        """A name in a formula for the example with this number."""
        name, base, sub = _split(node)
        if base is None or name is None or not (name in self.data or self.is_made(name)):
            return node if _is_labelled(node) else None
        # The vector of all targets may be the same letter in bold.
        whole = self._bold.get(base.base, base) if name in self.data else self._members_name(name)
        sup = node.sup if isinstance(node, sx.Scripted) else None
        return sx.Scripted(node.span, whole, index if sub is None else sx.Listing(node.span, (index, sub), (",",)), sup)

    # ── for the one ──────────────────────────────────────────────────────────────────────────────────────────────────

    def of_one(self, node: Node) -> Node | None:
        """The x of one example, and what is made of it and has members too, as names of their own; a member by its flat name."""
        member = _member(node)
        if member is not None and member[1] in self.letters and isinstance(node, sx.Scripted):
            name, letter = member
            if name not in self.told or self._members_name(name) == node.base:
                return node
            sup = sx.Mark(node.span, "T") if superscript(node.sup).transposed else None
            return sx.Scripted(node.span, self._members_name(name), sx.Name(node.span, letter), sup)
        if _is_labelled(node):
            return node
        name_of_one, base, sub = _split(node)
        if name_of_one is None or base is None or (sub is not None and set(letters_of(sub) or ()) & self.letters):
            return node if sub is not None else None
        if base.style or name_of_one not in self.of_both or (name_of_one in self.formulas and self._members_name(name_of_one) != base):
            return None
        return _own(node) if isinstance(node, sx.Name) else replace(node, base=_own(base)) if isinstance(node, sx.Scripted) else None

    def _members_name(self, name: str) -> sx.Name:
        """The members of a layer are called `h1` for `h_1`; those of a loss have another name than the loss, which is differentiated."""
        head = _flat(self.formulas[name][0])
        return _own(head) if is_loss(name) else head


def _own(name: sx.Name) -> sx.Name:
    return replace(name, accents=(*name.accents, _ONE))


def _is_labelled(node: Node) -> bool:
    """Whether a name is told apart above: the x of `W^{(x)}` is no example."""
    script = superscript(node.sup) if isinstance(node, sx.Scripted) else None
    return script is not None and bool(script.label) and script.power is None


def _split(node: Node) -> tuple[str | None, sx.Name | None, Node | None]:
    """A name by itself, or with an index of its entries: how it is spelled, its base (`h1` for `h_1`), and that index."""
    if isinstance(node, sx.Name):
        return plain_name(node), node, None
    if isinstance(node, sx.Scripted) and isinstance(node.base, sx.Name):
        if node.sub is not None and letters_of(node.sub) is not None:
            return plain_name(node.base), node.base, node.sub
        bare = without_transpose(node)
        return plain_name(bare), _flat(bare), None
    return None, None, None


def _flat(node: Node) -> sx.Name:
    """`h_1` as a name without scripts, which can take the number of an example."""
    if isinstance(node, sx.Name):
        return node
    assert isinstance(node, sx.Scripted) and isinstance(node.base, sx.Name)
    number = "".join(n.text for n in sx.walk(node) if isinstance(n, sx.Number))
    return replace(node.base, base=node.base.base.removeprefix("\\") + number)


def _spoken(node: Node) -> Iterator[str]:
    """The names that a formula is made of, with their numbers and without their indices."""
    if isinstance(node, sx.Call):
        for arg in node.args:
            yield from _spoken(arg)
        return
    name, _, sub = _split(node)
    if name is not None and sub is None:
        yield name
    if _is_labelled(node):
        return
    for child in () if isinstance(node, sx.Name) else sx.children(node):
        if not (isinstance(node, sx.Scripted) and (child is node.sub or (child is node.base and isinstance(child, sx.Name)))):
            yield from _spoken(child)


def _operands(node: Node) -> Iterator[Node]:
    """What stands where vectors stand: transposed, in a norm, behind a matrix or a transposed factor."""
    yield from vectors(node)
    for n in sx.walk(node):
        if isinstance(n, sx.Product):
            for left, right in zip(n.factors, n.factors[1:], strict=False):
                base = left.base if isinstance(left, sx.Scripted) else left
                if isinstance(base, sx.Name) and base.base[:1].isupper() and not _are_entries(left, right):
                    yield right


def _are_entries(left: Node, right: Node) -> bool:
    """Whether two factors are entries with an index in common, as in the product `A_{ij} x_j` of a matrix and a vector."""
    subs = [node.sub for node in (left, right) if isinstance(node, sx.Scripted) and node.sub is not None]
    return len(subs) == 2 and bool(set(letters_of(subs[0]) or ()) & set(letters_of(subs[1]) or ()))


def _member(node: Node) -> tuple[str, str] | None:
    """The name and the number of `x_i`, `h_1^{(i)}` and `L^{(i)}`."""
    if not isinstance(node, sx.Scripted) or not isinstance(node.base, sx.Name):
        return None
    letters = letters_of(node.sub) if node.sub is not None else None
    if letters is not None and len(letters) == 1 and not superscript(node.sup).label:
        letter, whole = letters[0], plain_name(node.base)
    else:
        letter, whole = number_of(node) or "", _whole(node)
    return (whole, letter) if letter and whole is not None else None


def _whole(node: Node) -> str | None:
    """What is numbered: the `h_1` of `h_1^{(i)}`, the x of `x_j^{(i)}`."""
    if not isinstance(node, sx.Scripted):
        return None
    is_layer = node.sub is not None and letters_of(node.sub) is None
    return plain_name(replace(node, sup=None)) if is_layer else plain_name(node.base)
