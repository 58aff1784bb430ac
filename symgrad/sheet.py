"""A sheet taken apart: who is named, what is given, what is defined, and the chains of equalities that are claimed."""

from __future__ import annotations

from dataclasses import dataclass, field

from symgrad.meaning import Definition, Vocabulary
from symgrad.parts import Part
from symgrad.read.document import Sheet
from symgrad.span import Span
from symgrad.syntax import Node

EQUALITIES = frozenset({"=", ":=", "==", "equiv", "triangleq", "approx"})


@dataclass(frozen=True)
class Link:
    """One equality of a chain: a side and the one before it."""

    left: Node
    right: Node
    operator: str
    statement: int
    span: Span
    head: Node
    first: bool
    optimal: bool = False  # it says where the gradient of the loss vanishes


@dataclass
class Gathered:
    """What a sheet says, in the order it says it."""

    sheet: Sheet
    vocabulary: Vocabulary
    part: Part
    definitions: list[Definition] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)
    given: dict[int, list[tuple[str, Node]]] = field(default_factory=dict)
    updates: dict[int, list[tuple[str, Node]]] = field(default_factory=dict)
    defining: set[int] = field(default_factory=set)
    counting: set[int] = field(default_factory=set)
    notations: set[int] = field(default_factory=set)
    running: frozenset[str] = frozenset()  # the letters that sums run over, and indices beside them
    added: frozenset[str] = frozenset()  # the letters of sums of indices
    quantities: frozenset[str] = frozenset()  # the letters that have a formula, and so count nothing
    tallies: frozenset[str] = frozenset()  # names of what is counted again and again
    unread: list[tuple[int, Span, str]] = field(default_factory=list)
    declared: list[tuple[int, Span]] = field(default_factory=list)
