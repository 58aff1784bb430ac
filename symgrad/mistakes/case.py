"""A claim that failed, and the means to try what would mend it: nothing is called the cause that was not checked like any other claim."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from symgrad import names
from symgrad import syntax as sx
from symgrad.arithmetic import tolerance
from symgrad.errors import SymgradError
from symgrad.implied import is_made_up
from symgrad.judge import Judge
from symgrad.literals import Rows, is_worked, literal_rows
from symgrad.meaning import bare, stem
from symgrad.naming import plain_name
from symgrad.network import Network
from symgrad.raising import raise_form
from symgrad.readings import Reader
from symgrad.rewrite import simplify
from symgrad.rules import SIMPLIFY
from symgrad.ruling import Pair, Ruling
from symgrad.span import Span
from symgrad.syntax import Node as Written
from symgrad.tensor import Node, Var, variables
from symgrad.typeset import text
from symgrad.typing_rules import Reading

# A side has many readings; what an author meant is among the first.
_LIKELY = 2
# How many repairs are tried on a sheet, and how much is read for one claim, in pieces of text, before the search is given up; no one kind
# of mistake takes all of it. Of the repairs that are found, nearly all are among the first 200 and have read less than 3000.
_MOST_TRIED = 2500
_MOST_READ, _MOST_READ_FOR_ONE = 12_000, 3_000
_FEW_DIGITS = 2
_MASK_LETTERS = frozenset({"M", "m", "D", "d", "R", "r", "B", "b", "Omega", "mask", "mathrm{mask}"})


@dataclass(frozen=True)
class Diagnosis:
    """Why a claim is wrong: the cause, the part of the text it is about, what would mend it, and a sentence.

    It `is_checked` where a repair makes the claim hold; else it says no more than what is expected.
    """

    cause: str
    span: Span
    message: str
    suggestion: str = ""
    is_checked: bool = True


class Case:
    """A failed claim under examination."""

    def __init__(self, judge: Judge, ruling: Ruling) -> None:
        self.judge, self.ruling = judge, ruling
        self.link = ruling.link
        self.pair = ruling.pair
        self._read = self._read_before = 0

    @property
    def network(self) -> Network:
        return self.judge.lab.network

    @property
    def span(self) -> Span:
        """The side that is looked at: the right one."""
        return self.link.right.span

    @cached_property
    def gradient(self) -> tuple[str, str] | None:
        """What the left side is the gradient of, and by what; None where it is none of the network's."""
        if self.pair is None:
            return None
        named = self.pair.left_node  # or a name that stands for one: the δ of `δ = ∂C/∂z`
        node = self.judge.meaning.derived.get(named.name, named) if isinstance(named, Var) else named
        match = names.gradient_of(node.name) if isinstance(node, Var) else None
        if match is None or match["of"] == match["wrt"]:
            return None
        of, wrt = match["of"], match["wrt"]
        return (of, wrt) if of in self.network.definitions and wrt in self.network else None

    @cached_property
    def truth(self) -> Node | None:
        """The gradient that the left side names, in named quantities."""
        return None if self.gradient is None else self.judge.lab.gradient(*self.gradient).node

    @cached_property
    def formula(self) -> Written:
        """What the author wrote, or followed: the right side; where that is only numbers, the formula that they come from."""
        return self.source if self.is_followed else self.link.right

    @cached_property
    def source(self) -> Written:
        """The formula that the left side stands for: itself, or what defines it."""
        name = plain_name(self.link.left, self.judge.meaning.styled)
        known = [d.expression for d in self.judge.gathered.definitions if d.name == name]
        return known[-1] if known else self.link.left

    @cached_property
    def is_followed(self) -> bool:
        """Whether the formula is right and its numbers are wrong: a change of it shows what the author computed instead."""
        return self.ruling.numeric and literal_rows(self.link.right) is not None and not is_worked(self.link.right)

    @cached_property
    def masks(self) -> list[str]:
        """The inputs that definitions multiply by entry by entry, and that are masks by what is said of them or by their letter."""
        meaning = self.judge.meaning
        known = meaning.vocabulary
        return sorted(
            name
            for name in meaning.hadamard_factors() & self.network.inputs.keys()
            if "mask" in known.properties.get(name, ()) or name in known.assumed.masks or bare(stem(name)).lstrip("\\") in _MASK_LETTERS
        )

    @cached_property
    def is_counted(self) -> bool:
        """Whether only numbers stand on both sides, and where the line begins: a count, or a sum worked out."""
        sides = (self.link.head, self.link.left, self.formula)
        return not any(isinstance(n, (sx.Name, sx.Derivative)) for side in sides for n in sx.walk(side))

    @cached_property
    def is_slight(self) -> bool:
        """Whether a single number of one or two digits is wrong, which many mistakes would explain by accident."""
        if not self.ruling.numeric or self.ruling.expected is None or np.shape(self.ruling.expected) != np.shape(self.ruling.found):
            return False
        expected, found = np.asarray(self.ruling.expected, dtype=float), np.asarray(self.ruling.found, dtype=float)
        wrong = found[
            ~np.isclose(expected, found, rtol=1e-6, atol=1e-9) & (np.abs(expected - found) > 2 * tolerance(self.link, found.shape))
        ]
        return wrong.size == 1 and len(f"{abs(wrong[0]):.6f}".replace(".", "").strip("0")) <= _FEW_DIGITS

    # ── trying ───────────────────────────────────────────────────────────────────────────────────────────────────────

    def holds(self, pair: Pair, is_followed: bool | None = None) -> bool:
        """Whether the claim holds with other sides; of followed numbers, whether those that are wrong come out."""
        self.judge.repairs_tried += 1
        if self.judge.repairs_tried > _MOST_TRIED:
            return False
        if isinstance(pair.left_node, Var) and pair.right_node is pair.left_node and pair.left_node.name == plain_name(self.link.left):
            return False  # `p = p` mends nothing
        if self.is_followed if is_followed is None else is_followed:
            return self._explains(pair)
        return self.judge.comparison.agrees(self.link, pair, self.ruling.values)

    def _explains(self, pair: Pair) -> bool:
        try:
            tried = self.judge.arithmetic.with_values(self.link, pair, self.ruling.values)
        except (SymgradError, RecursionError):
            return False
        made, found, expected = (np.asarray(v, dtype=float) for v in (tried.expected, tried.found, self.ruling.expected))
        if not made.shape == found.shape == expected.shape:
            return False
        slack = np.broadcast_to(2 * tolerance(self.link, found.shape) + 1e-9, found.shape)
        wrong = np.abs(found - expected) > slack
        return bool(np.any(wrong) and np.all((np.abs(made - found) <= slack)[wrong]))

    def holds_with(self, left: Node | None = None, right: Node | None = None) -> bool:
        """Whether the claim holds with another tensor for a side."""
        assert self.pair is not None
        try:
            left = self.pair.left_node if left is None else simplify(left, self.network.facts, SIMPLIFY)
            right = self.pair.right_node if right is None else simplify(right, self.network.facts, SIMPLIFY)
        except SymgradError:
            return False
        if not variables(right) and variables(self.pair.right_node):
            return False  # a side that vanishes shows nothing
        return self.holds(replace(self.pair, left_node=left, right_node=right))

    def read_anew(self) -> None:
        """Begin with another kind of mistake."""
        self._read_before = self._read

    def holds_as_written(self, made: Written) -> Pair | None:
        """The reading under which the claim holds with another formula."""
        return self.comes_out(made) if self.is_followed else self._tried(lambda: self._lefts, made, False)

    def comes_out(self, made: Written) -> Pair | None:
        """The reading of another formula under which the numbers on the right come of it."""
        return self._tried(lambda: self._reader.side(made, self.judge.meaning.shapes), self.link.right, True)

    def gap(self, made: Written, values: dict[str, Rows]) -> Any:
        """How far the sides are apart with another formula on the right, at values of all names; None where it has no such reading."""
        assert self.pair is not None
        for reading in self._reader.side(made, self.pair.left.shapes)[: _LIKELY + 1]:
            pair = self.judge.pairing.paired(self.pair.left, reading, self._reader)
            if pair is not None and pair.right_node.shape == self.pair.right_node.shape:
                tried = self.judge.arithmetic.with_values(self.link, pair, values)
                return np.asarray(tried.expected, dtype=float) - np.asarray(tried.found, dtype=float)
        return None

    def _tried(self, lefts: Callable[[], list[Reading]], right: Written, is_followed: bool) -> Pair | None:
        is_over = self._read > _MOST_READ or self._read - self._read_before > _MOST_READ_FOR_ONE
        if is_over or self.judge.gathered.sheet.allowance.is_spent:
            return None
        before = self._reader.all_tried
        try:
            found = self._first(lefts(), right, is_followed)
        except (SymgradError, RecursionError):
            found = None
        self._read += self._reader.all_tried - before
        return found

    def _first(self, lefts: list[Reading], right: Written, is_followed: bool) -> Pair | None:
        for left in lefts[:_LIKELY]:
            try:
                rights = self._reader.side(right, left.shapes)
            except (SymgradError, RecursionError):
                continue
            for reading in rights[: _LIKELY + 1]:
                try:
                    pair = self.judge.pairing.paired(left, reading, self._reader)
                except SymgradError:
                    continue
                if pair is not None and self.holds(pair, is_followed):
                    return pair
        return None

    @cached_property
    def _reader(self) -> Reader:
        """One for all repairs, so that what they have in common is read once."""
        return self.judge.pairing.reader(self.link)

    @cached_property
    def _lefts(self) -> list[Reading]:
        try:
            return self._reader.side(self.link.left, self.judge.meaning.shapes)
        except (SymgradError, RecursionError):
            return []

    @cached_property
    def sides(self) -> list[tuple[Node, Node]]:
        """Both sides in their likely readings: with direct dependences for total ones."""
        found = []
        for left in self._lefts[: 2 * _LIKELY]:
            try:
                rights = self._reader.side(self.link.right, left.shapes)
            except (SymgradError, RecursionError):
                continue
            for right in rights[: 2 * _LIKELY]:
                try:
                    pair = self.judge.pairing.paired(left, right, self._reader)
                except SymgradError:
                    continue
                found += [] if pair is None else [(pair.left_node, pair.right_node)]
        return found

    # ── saying ───────────────────────────────────────────────────────────────────────────────────────────────────────

    def written(self, node: Node | None) -> str:
        """A tensor as text; "" for one that has no form, or that speaks of names which are not the sheet's."""
        if node is None:
            return ""
        try:
            shown = text(raise_form(self.judge.lab.in_own_names(node), self.network.facts))
        except SymgradError:
            return ""
        return "" if is_made_up(shown) else shown

    def diagnosis(self, cause: str, message: str, meant: Node | None = None, span: Span | None = None) -> Diagnosis:
        return Diagnosis(cause, span or self.span, message, self.written(meant))
