"""A claim that failed, and the means to try what would mend it: nothing is called the cause that was not checked like any other claim."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property

from symgrad.errors import SymgradError
from symgrad.implied import is_made_up
from symgrad.judge import Judge, Pair, Ruling
from symgrad.network import Network
from symgrad.raising import raise_form
from symgrad.readings import Reader
from symgrad.rewrite import simplify
from symgrad.rules import SIMPLIFY
from symgrad.span import Span
from symgrad.syntax import Node as Written
from symgrad.tensor import Node
from symgrad.typeset import text
from symgrad.typing_rules import Reading

# A side has many readings; what an author meant is among the first.
_LIKELY = 4
# How much is read in search of a repair before it is given up, in pieces of text.
_MOST_READ = 60_000


@dataclass(frozen=True)
class Diagnosis:
    """Why a claim is wrong: the cause, the part of the text it is about, what would mend it, and a sentence."""

    cause: str
    span: Span
    message: str
    suggestion: str = ""


class Case:
    """A failed claim under examination."""

    def __init__(self, judge: Judge, ruling: Ruling) -> None:
        self.judge, self.ruling = judge, ruling
        self.link = ruling.link
        self.pair = ruling.pair
        self._read = 0

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
        match = None if self.pair is None else self.pair.gradient
        if match is None or match["of"] == match["wrt"]:
            return None
        of, wrt = match["of"], match["wrt"]
        return (of, wrt) if of in self.network.definitions and wrt in self.network else None

    @cached_property
    def truth(self) -> Node | None:
        """The gradient that the left side names, in named quantities."""
        return None if self.gradient is None else self.judge.lab.gradient(*self.gradient).node

    # ── trying ───────────────────────────────────────────────────────────────────────────────────────────────────────

    def holds(self, pair: Pair) -> bool:
        return self.judge.agrees(self.link, pair, self.ruling.values)

    def holds_with(self, left: Node | None = None, right: Node | None = None) -> bool:
        """Whether the claim holds with another tensor for a side."""
        assert self.pair is not None
        try:
            left = self.pair.left_node if left is None else simplify(left, self.network.facts, SIMPLIFY)
            right = self.pair.right_node if right is None else simplify(right, self.network.facts, SIMPLIFY)
        except SymgradError:
            return False
        return self.holds(replace(self.pair, left_node=left, right_node=right))

    def holds_as_written(self, right: Written) -> Pair | None:
        """The reading under which the claim holds with another right side."""
        return self._first(right, lambda reading: [reading])

    def holds_as_read(self, changes: Callable[[Reading], Iterator[Reading]]) -> Pair | None:
        """The reading under which the claim holds with a right side that is read in another way."""
        return self._first(self.link.right, changes)

    def _first(self, right: Written, changes: Callable[[Reading], list[Reading] | Iterator[Reading]]) -> Pair | None:
        reader = self._reader
        for left in self._lefts[:_LIKELY]:
            if self._read > _MOST_READ:
                return None
            try:
                rights = reader.side(right, left.shapes)
            except (SymgradError, RecursionError):
                continue
            finally:
                self._read += reader.tried
            for reading in (changed for held in rights[:_LIKELY] for changed in changes(held)):
                try:
                    pair = self.judge.paired(left, reading, reader)
                except SymgradError:
                    continue
                if pair is not None and self.holds(pair):
                    return pair
        return None

    @cached_property
    def _reader(self) -> Reader:
        """One for all repairs, so that what they have in common is read once."""
        return self.judge.reader(self.link)

    @cached_property
    def _lefts(self) -> list[Reading]:
        try:
            return self.judge.reader(self.link).side(self.link.left, self.judge.meaning.shapes)
        except (SymgradError, RecursionError):
            return []

    # ── saying ───────────────────────────────────────────────────────────────────────────────────────────────────────

    def written(self, node: Node | None) -> str:
        """A tensor as text; "" for one that has no form, or that speaks of names which are not the sheet's."""
        if node is None:
            return ""
        try:
            shown = text(raise_form(node, self.network.facts))
        except SymgradError:
            return ""
        return "" if is_made_up(shown) else shown

    def diagnosis(self, cause: str, message: str, meant: Node | None = None, span: Span | None = None) -> Diagnosis:
        return Diagnosis(cause, span or self.span, message, self.written(meant))
