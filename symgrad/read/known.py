"""What is known of an expression before anything is typed: declared shapes, names of sizes, and what each other name may be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from symgrad import names
from symgrad.dims import Dim, Shape
from symgrad.errors import InvalidExpression, UnknownName, nearest
from symgrad.properties import PROPERTIES
from symgrad.read.arrays import Refused
from symgrad.read.declared import divided, quotient_sizes
from symgrad.read.kinds import kinds_in_order
from symgrad.read.python import Assignment
from symgrad.read.trees import counts, divided_in, names_in, sizes_in
from symgrad.shapes import Shapes
from symgrad.span import Source

# What the last expression is called when nobody names it: as a loss, or as what may have any shape.
_LOSSES = ("L", "J", "loss", "objective")
_FUNCTIONS = ("f", "g", "u", "output")


@dataclass(frozen=True)
class Vocabulary:
    """What is known before anything is typed: the definitions, the declared shapes, the sizes, and what each other name may be."""

    source: Source
    definitions: tuple[Assignment, ...]
    shapes: Mapping[str, Shape]
    sizes: frozenset[str]
    kinds: Mapping[str, tuple[str, ...]]
    lengths: Mapping[str, Dim]
    properties: Mapping[str, frozenset[str]]
    loss: str
    scalar: bool
    quotients: Shapes

    def size(self, name: str) -> Dim:
        """The size of that name; of one that is divided by another, `d//h`, what it is then."""
        return self.quotients.resolve(Dim.of(name))

    @classmethod
    def of(
        cls,
        source: Source,
        found: Sequence[Assignment],
        shapes: Mapping[str, Shape],
        given: Mapping[str, tuple[int, int]],
        properties: Mapping[str, frozenset[str]],
        scalar: bool,
    ) -> Vocabulary:
        used = list(dict.fromkeys(name for a in found for name in names_in(a.tree, "pi" in shapes)))
        defined = {a.name for a in found if a.name}
        sizes = {name for shape in shapes.values() for dim in shape for name in dim.symbols} - set(shapes)
        sizes |= {name for a in found for name in sizes_in(a.tree)} - set(shapes) - defined
        divided_sizes = {pair for a in found for pair in divided_in(a.tree) if not set(pair) & (set(shapes) | defined)}
        sizes |= {name for pair in divided_sizes for name in pair}
        shapes = divided(shapes, divided_sizes)
        for name in shapes:
            if name not in used and name not in defined:
                raise UnknownName(f"--dims: the expression has no {name}; {nearest(name, used)}")
        for name in properties:
            if name not in used or name in defined or name in sizes:
                raise UnknownName(f"--assume: the expression has no input {name}; {nearest(name, [n for n in used if n not in defined])}")
        square = {name for name, held in properties.items() if any(PROPERTIES[p].square for p in held)}
        lengths = {name: shape[0] for name, shape in shapes.items() if len(shape) == 1 and name not in defined}
        shapes = {name: shape for name, shape in shapes.items() if name not in lengths}
        kinds = {
            name: ("column", "row") if name in lengths else ("matrix",) if name in square else _kinds(name, given.get(name))
            for name in used
            if name not in shapes and name not in defined and name not in sizes
        }
        kinds |= {name: ("scalar",) for name in counts(found) if name in kinds}
        free = (name for name in (_LOSSES if scalar else _FUNCTIONS) if name not in used)
        loss = next(name for name in free)
        named = [replace(a, name=a.name or loss) for a in found]
        if len({a.name for a in named}) < len(named):
            raise Refused(InvalidExpression, f"{loss} is defined already; give the last expression a name of its own", found[-1].span)
        quotients = quotient_sizes(divided_sizes)
        return cls(source, tuple(named), shapes, frozenset(sizes), kinds, lengths, properties, named[-1].name or loss, scalar, quotients)


def _kinds(name: str, given: tuple[int, int] | None) -> tuple[str, ...]:
    """What a name may be; the shape of a value that is given for it settles that."""
    usual = kinds_in_order(name, names.GREEK)
    if given is None:
        return usual
    if usual[0] == "matrix":
        return ("matrix",)
    rows, cols = given
    fits = {"scalar": rows == cols == 1, "column": cols == 1, "row": rows == 1, "matrix": rows != 1 and cols != 1}
    return tuple(kind for kind in usual if fits[kind]) or ("matrix",)
