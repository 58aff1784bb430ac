"""A call in an expression, and what a function asks of it: its arguments as arrays, the axes that are meant, whole numbers."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Protocol

from symgrad.dims import Dim
from symgrad.errors import InvalidExpression, SymgradError, Unsupported
from symgrad.read import functions
from symgrad.read.arrays import Array, Refused, literal
from symgrad.read.kinds import BIASES, stem
from symgrad.read.sizes import THIN
from symgrad.read.typing import Typing
from symgrad.span import Span

# What is one row is seldom what a second axis is asked of.
_A_ROW = 0.5


class Reading(Protocol):
    """What a function may ask of the expression that it stands in."""

    typing: Typing
    defined: dict[str, Array]

    def array(self, node: ast.expr) -> Array: ...
    def condition(self, node: ast.expr) -> Array: ...
    def is_input(self, name: str) -> bool: ...
    def is_mask(self, name: str) -> bool: ...
    def size(self, node: ast.expr) -> Dim: ...
    def span(self, node: ast.AST) -> Span: ...


@dataclass(frozen=True)
class Call:
    """A call: its word, its arguments (the object of a method first, if it `is_method`), and the expression that it stands in."""

    spelled: str
    args: Sequence[ast.expr]
    keywords: Mapping[str, ast.expr]
    span: Span
    reader: Reading
    is_method: bool = False

    @property
    def word(self) -> str:
        """What the function is looked up by."""
        return functions.word_of(self.spelled)

    @property
    def typing(self) -> Typing:
        return self.reader.typing

    def refused(self, message: str, node: ast.AST | None = None, kind: type[SymgradError] = InvalidExpression) -> Refused:
        return Refused(kind, message, self.span if node is None else self.reader.span(node))

    def arrays(self, least: int, most: int | None = None, tensors: bool = False) -> list[Array]:
        """Its arguments as arrays; their number is checked, and that they are matrices unless `tensors` may have more axes."""
        most = most or least
        if not least <= len(self.args) <= most:
            wanted = str(least) if least == most else f"{least} to {most}"
            raise self.refused(f"{self.word} takes {wanted} argument{'s' * (most > 1)}, not {len(self.args)}")
        return [self.array(arg, tensors) for arg in self.args]

    def array(self, node: ast.expr, tensors: bool = False) -> Array:
        """An argument as an array, of two axes unless `tensors` says so."""
        array = self.reader.array(node)
        if array.lead and not tensors:
            raise self.refused(f"{self.word} is of a matrix, and this is {self.typing.shown(array)}", node, Unsupported)
        return array

    def axes(self, array: Array, position: int = 1) -> list[int] | None:
        """The axes that are asked for; None for all entries."""
        node = self.keywords.get("axis", self.keywords.get("dim", self.args[position] if len(self.args) > position else None))
        if node is None or (isinstance(node, ast.Constant) and node.value is None):
            return None
        items = node.elts if isinstance(node, (ast.Tuple, ast.List)) and node.elts else [node]
        found = {self.place(item, len(array.shape)) for item in items}
        if found == {1} and array.flat and not array.lead and self.typing.shapes.is_one(array.cols):
            # The last axis of a vector is its own; what has a second axis is no vector.
            if any((whole(item) or 0) < 0 for item in items):
                return [0]
            self.typing.blame(THIN, array.names)
        is_row = self.typing.shapes.is_one(array.rows)
        if found == {1} and not array.lead and (array.flat or is_row):
            several = {name for name in array.names if stem(name) not in BIASES}
            self.typing.blame(_A_ROW * is_row, several)
            self.typing.with_rows |= several
        return sorted(found)

    def axis(self, array: Array, position: int = 1) -> int | None:
        """The one axis that is asked for; None for all entries."""
        found = self.axes(array, position)
        if found is not None and len(found) > 1:
            raise self.refused(f"{self.word} is along one axis")
        return None if found is None else found[0]

    def place(self, node: ast.expr, rank: int) -> int:
        """An axis by its number; a negative one counts from the end."""
        value = whole(node)
        if value is None or not -rank <= value < rank:
            numbers = "0 or 1" if rank == 2 else f"from 0 to {rank - 1}"
            raise self.refused(f"an axis is {numbers}, not {ast.unparse(node)}", node)
        return value % rank

    def keeps(self) -> bool:
        """Whether axes that are summed stay with size 1."""
        node = self.keywords.get("keepdims", self.keywords.get("keepdim"))
        return isinstance(node, ast.Constant) and node.value is True

    def exactly(self, value: int | Fraction) -> Array:
        return literal(Fraction(value), self.span)


def whole(node: ast.expr) -> int | None:
    """A whole number that is written out."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        inside = whole(node.operand)
        return None if inside is None else -inside
    return node.value if isinstance(node, ast.Constant) and type(node.value) is int else None


def listed(call: Call, node: ast.expr) -> list[ast.expr]:
    if isinstance(node, (ast.List, ast.Tuple)) and node.elts:
        return list(node.elts)
    raise call.refused(f"{call.word} takes a list of matrices, as in {call.word}([A, B])", node)


def first(call: Call) -> ast.expr:
    if not call.args:
        raise call.refused(f"{call.word} takes an argument")
    return call.args[0]
