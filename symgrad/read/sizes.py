"""What has been found of the sizes in an expression, under one choice of what its names are, and what speaks against that choice.

Two sizes that cannot be told apart are taken to be equal: NumPy would also take either of them to be 1, but nobody means that. What
an undeclared name is (a column, a row, a scalar) is chosen before; an array only says what speaks against that choice.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import count

from symgrad.dims import ONE, Dim, Shape, show
from symgrad.errors import ShapeError
from symgrad.form import Form, symbol
from symgrad.read.arrays import Array, Refused
from symgrad.read.kinds import RATES, TENSORS, stem
from symgrad.shapes import Declared, Shapes, is_unknown, unknown
from symgrad.span import Source, Span

_SIZES = "ndkmpqrsuvhlabcefgijotwxyz"
# What speaks against a choice of kinds: a row that meets a column, a bias that is no row, a product over an axis of size 1, and a letter
# of numbers (the n of XᵀX/n, the s of s*B@A) that is a vector beside a matrix.
OUTER, BIAS, THIN, RATE = 3.0, 2.5, 3.0, 2.5
# What one more name in small letters costs that has not the shape of a matrix in small letters beside it.
BESIDE_SMALL = 1.5
# And what a product costs that only fits as NumPy has it for vectors of one axis: x @ y as xᵀ y, x @ A as Aᵀ x.
INNER, TURNED = 0.5, 4.0


@dataclass
class Sizes:
    """What has been found of the sizes under one choice of kinds, and what speaks against the choice."""

    source: Source
    taken: frozenset[str] = frozenset()
    shapes: Shapes = field(default_factory=Declared)
    cost: float = 0.0
    blamed: set[str] = field(default_factory=set)
    beside_scalars: set[str] = field(default_factory=set)
    with_rows: set[str] = field(default_factory=set)  # names in small letters of which a second axis is asked for
    small: set[str] = field(default_factory=set)  # those that are matrices
    equal_at_last: list[Dim] = field(default_factory=list)
    lengths: list[Dim] = field(default_factory=list)
    met: dict[str, Shape] = field(default_factory=dict)
    made: dict[str, Shape] = field(default_factory=dict)
    """The shapes of definitions whose forms are made: a sum is a scalar of shape (), and is used as one."""
    masks: set[str] = field(default_factory=set)
    """The inputs that are used as conditions: their entries are 0 and 1."""

    def name(self, name: str, kind: str, span: Span, length: Dim | None = None) -> Array:
        """A name of a kind: "matrix", "column", "row", "scalar", or "3 axes"; no more than the length of a vector may be declared."""
        rows, cols = length or unknown(f"rows:{name}"), length or unknown(f"cols:{name}")
        rows = ONE if kind in ("row", "scalar") else rows
        cols = ONE if kind in ("column", "scalar") else cols
        lead = tuple(unknown(f"axis {i}:{name}") for i in range(int(kind[0]) - 2)) if kind in TENSORS else ()
        self.met[name] = (*lead, rows, cols)
        self.lengths += {"column": [rows], "row": [cols]}.get(kind, [])
        shape: Shape = () if kind == "scalar" else (*lead, rows, cols)
        flat = kind in ("column", "row")
        is_small = kind == "matrix" and name[:1].islower()
        self.small |= {name} if is_small else set()
        loose = frozenset((name,)) if flat or kind == "scalar" or is_small else frozenset()

        def make(shapes: Shapes) -> Form:
            return symbol(name, shapes.shape(*shape))

        rate = name if flat and stem(name) in RATES else None
        return Array(rows, cols, make, span, loose, name, ends=(name, name), lead=lead, flat=flat, rate=rate)

    def declared(self, name: str, shape: Shape, span: Span) -> Array:
        """A name whose shape is known."""
        *lead, rows, cols = shape or (ONE, ONE)

        def make(shapes: Shapes) -> Form:
            return symbol(name, self.made[name] if name in self.made else shapes.shape(*shape))

        return Array(rows, cols, make, span, bare=name, ends=(name, name), lead=tuple(lead))

    def as_mask(self, array: Array, inputs: Container[str]) -> Array:
        """A condition; an input that stands for one is a mask."""
        if array.mask or array.bare not in inputs or array.ends != (array.bare, array.bare):
            return array
        assert array.bare is not None
        self.masks.add(array.bare)
        return replace(array, mask=True)

    def settle(self) -> None:
        """Sizes that are still open get letters; before that, what only broadcasting could tell apart is taken to be equal."""
        for dim in self.equal_at_last:
            if self.shapes.is_open(dim) and not self.is_length(dim):
                self.shapes = self.shapes.unify(dim, ONE) or self.shapes

    def lettered(self, dims: Iterable[Dim]) -> None:
        """Letters for the sizes that are open, in the order in which they are met."""
        used = {name for dim in self.shapes.bound.values() for name in dim.symbols} | self.taken
        fresh = (c for i in count() for c in (letter + (str(i) if i else "") for letter in _SIZES) if c not in used)
        for dim in dims:
            for name in sorted(self.shapes.resolve(dim).symbols):
                if is_unknown(name):
                    self.shapes = self.shapes.unify(Dim.of(name), Dim.of(next(fresh))) or self.shapes

    def is_length(self, dim: Dim) -> bool:
        """Whether it is how long a vector is: that is never taken to be 1."""
        return any(self.shapes.resolve(length) is self.shapes.resolve(dim) for length in self.lengths)

    def is_scalar(self, array: Array) -> bool:
        return all(map(self.shapes.is_one, array.shape))

    def is_vector(self, array: Array) -> bool:
        return not array.lead and (self.shapes.is_one(array.rows) or self.shapes.is_one(array.cols))

    def described(self, *arrays: Array) -> str:
        """The operands with their shapes, as they are known so far."""
        return ", ".join(dict.fromkeys(f"{self.source.slice(a.span)} is {self.shown(a)}" for a in arrays))

    def shown(self, array: Array) -> str:
        """The shape of an operand for a message; sizes that are open get letters."""
        self.lettered(array.shape)
        return show(self.shapes.shape(*array.shape))

    def shapes_of(self, arrays: Sequence[Array]) -> str:
        return " and ".join(self.shown(a) for a in arrays if not self.is_scalar(a))

    def clash(self, message: str, span: Span, *arrays: Array) -> Refused:
        """Operands whose shapes do not go together."""
        blamed = frozenset().union(*(array.names for array in arrays))
        return Refused(ShapeError, f"{message}\n  where {self.described(*arrays)}", span, blamed)

    def blame(self, cost: float, names: Iterable[str]) -> None:
        found = set(names)
        if found:
            self.cost += cost
            self.blamed |= found
