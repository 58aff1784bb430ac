r"""The reader: a syntax tree as typed terms, all that it can mean, cheapest first.

What a script, a product or a call means depends on shapes, so every node is read in every way that types allow, and the ways are
ranked. With `charity` they include those that the author is told of. How a kind of node is read is said in the tables beside this.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from typing import Any, Protocol

from symgrad import syntax as sx
from symgrad.dims import Dim
from symgrad.naming import plain_name
from symgrad.origins import Origins
from symgrad.readings import brackets, calls, derivatives, named, products, sums
from symgrad.shapes import Shapes, unknown
from symgrad.syntax import Node, Unreadable
from symgrad.terms import Builder, Term
from symgrad.typing_rules import (
    CHARITY,
    WIDTH,
    Note,
    Reading,
    best,
    settle,
)

_LONGEST_SIZE = 9
_MOST_TRIED = 20_000
_DEARER = CHARITY + 1.0


class Names(Protocol):
    """What a sheet's names are, as a reader asks for it."""

    @property
    def has_roots(self) -> bool:
        """Whether a power of ½ of a matrix is its root."""

    @property
    def styled(self) -> frozenset[str]:
        """Letters that are other names in bold."""

    @property
    def functions(self) -> dict[str, tuple[str, tuple[Fraction, ...]]]:
        """What the sheet says of the letters of its functions."""

    def stack(self, name: str) -> tuple[Dim, Dim, Dim] | None:
        """How many matrices a name is, one for each index, and their rows and columns; None of any other name."""

    def shape(self, name: str) -> tuple[Dim, Dim] | None:
        """The shape of a declared or defined name."""

    def kinds(self, name: str) -> list[tuple[float, str]]:
        """What a name of unknown shape may be, and the cost: "matrix", "column", "row", "scalar"."""

    @property
    def primes_are_names(self) -> bool:
        """Whether a prime makes another name, and no transpose."""

    def is_family(self, name: str) -> bool:
        """Whether its members by an index are vectors."""

    @property
    def has_rows(self) -> bool:
        """Whether the vectors of a family may be rows."""

    def lies(self, name: str) -> str:
        """Whether the examples in it are said to be a "row" each, or a "column"."""

    def is_collected(self, name: str) -> bool:
        """Whether its members by an index are defined as columns."""

    def comes_later(self, name: str, statement: int) -> bool:
        """Whether a name is only known by a value that is given further down."""

    @property
    def counting(self) -> Origins:
        """Where names and letters begin to count."""

    @property
    def convolves(self) -> bool:
        """Whether a definition has sums of indices."""

    def is_size(self, name: str) -> bool:
        """Whether the name is that of a dimension."""

    def is_given(self, name: str) -> bool:
        """Whether the sheet gives it numbers."""

    def is_indexed(self, name: str) -> bool:
        """Whether the sheet speaks of its entries by an index that runs."""

    def is_counted_through(self, name: str) -> bool:
        """Whether the sheet speaks of it by all its entries, by their numbers."""

    def is_one_row(self, name: str) -> bool:
        """Whether it is one row of its capital by itself, and its members are entries."""

    def lies_as_a_row(self, name: str) -> bool:
        """Whether words say that it is a row."""

    def has_numbers(self, name: str) -> bool:
        """Whether its members by an index are numbers, and no rows of a matrix."""

    def is_mentioned(self, name: str) -> bool:
        """Whether the sheet speaks of a name."""

    def is_defined(self, name: str) -> bool:
        """Whether an equation of the sheet begins with a name."""

    def is_rearranged(self, name: str) -> bool:
        """Whether a capital is made, entry by entry, of what its small letter is called."""

    def formula(self, name: str) -> Term | None:
        """What a name is defined as; None where nothing defines it."""

    def gradient_name(self, name: str) -> tuple[str, str] | None:
        """The loss and the variable, for a name such as `dW` that nobody defined."""

    @property
    def examples(self) -> Dim | None:
        """How many examples a batch has whose `dZ` is the gradient of the sum over them, where the loss is their mean."""

    @property
    def numerator(self) -> bool:
        """Whether gradients have the transposed shape of their variable on this sheet."""

    @property
    def layout(self) -> str:
        """The layout of Jacobians that the sheet announces; "" for none."""

    def variable_of(self, name: str) -> str | None:
        """What a function of the sheet is differentiated by, when nobody says."""

    def rests_on(self, name: str, below: str) -> bool:
        """Whether a name is computed from another."""

    def activations(self) -> list[tuple[str, str, tuple[Fraction, ...]]]:
        """The names that the sheet applies activations to, and which."""

    def loss_of_all(self, name: str) -> str | None:
        """The loss that is the mean of one that is not defined."""

    def losses(self) -> list[str]:
        """The scalars that derivatives are taken of."""

    def same_as(self, name: str) -> str | None:
        """The name that was meant, for one that drifted (`\\tilde y` for `\\hat y`)."""


Variants = Iterable[Reading]


@dataclass
class Reader:
    """Reads the nodes of one statement; `indices` are the letters known to be indices there.

    `running` are those that a sum runs over here, each with the number of the first place of its axis, 0 or 1.

    `tangents` are the inputs that change, where the statement is about differentials (`dL = tr(G^T dX)`); none elsewhere.
    """

    names: Names
    charity: bool = False
    statement: int = 0
    indices: set[str] = field(default_factory=set)
    running: dict[str, int] = field(default_factory=dict, kw_only=True)
    weights: list[str] = field(default_factory=list)
    tangents: tuple[str, ...] = ()
    tried: int = 0
    all_tried: int = 0
    builders: dict[frozenset[tuple[str, Dim]], Builder] = field(default_factory=dict)
    _known: dict[tuple[Any, ...], tuple[Node, list[Reading]]] = field(default_factory=dict)

    def side(self, node: Node, shapes: Shapes) -> list[Reading]:
        """All readings of one side of a claim; raises `Unreadable` with the place where there is none."""
        self.all_tried += self.tried
        self.tried = 0
        found = [settled for reading in self.read(node, shapes) for settled in settle(reading)]
        if self.names.layout:
            found = [r for r in found if r.term.op != "jacobian_matrix" or r.term.params[0] == self.names.layout]
        return best(found)

    def index(self, letter: str) -> Dim:
        return unknown(f"index:{letter}:{self.statement}")

    def read(self, node: Node, shapes: Shapes) -> list[Reading]:
        # What stands in many products is read once in the same sizes; the entry keeps the node, and so its identity, alive.
        key = (id(node), shapes.key, frozenset(self.indices), frozenset(self.running.items()))
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = (node, self._read(node, shapes))
        return known[1]

    def _read(self, node: Node, shapes: Shapes) -> list[Reading]:
        reader = _READERS.get(type(node))
        self.tried += 1
        if self.tried > _MOST_TRIED:
            raise Unreadable(node.span, f"more than {_MOST_TRIED} ways to read its parts")
        if isinstance(node, sx.Unread):
            raise Unreadable(node.span, node.reason)
        if reader is None:
            raise Unreadable(node.span, f"{type(node).__name__.lower()} is not read here")
        found = best(reader(self, node, shapes))
        # What is so much dearer than the plainest reading is not meant.
        return [r for r in found if r.cost <= found[0].cost + _DEARER]

    def each(self, nodes: Iterable[Node], shapes: Shapes) -> list[tuple[float, Shapes, tuple[Term, ...], tuple[Note, ...]]]:
        """All joint readings of several nodes."""
        states: list[tuple[float, Shapes, tuple[Term, ...], tuple[Note, ...]]] = [(0.0, shapes, (), ())]
        for node in nodes:
            states = [
                (cost + r.cost, r.shapes, (*terms, r.term), (*notes, *r.notes))
                for cost, current, terms, notes in states
                for r in self.plain(node, current)
            ]
            states.sort(key=lambda state: state[0])
            del states[WIDTH:]
        return states

    def plain(self, node: Node, shapes: Shapes) -> list[Reading]:
        """Readings with Jacobians settled."""
        return [settled for reading in self.read(node, shapes) for settled in settle(reading)]

    def sizes(self, node: Node | None) -> list[Dim] | None:
        r"""The sizes of a subscript such as `n`, `2n - 1`, `n \times m`; None for anything else."""
        if isinstance(node, sx.Group):
            return self.sizes(node.body)
        if isinstance(node, sx.Listing):
            parts: tuple[Node, ...] = node.items
        elif isinstance(node, sx.Product) and set(node.operators) == {"times"}:
            parts = node.factors
        else:
            parts = () if node is None else (node,)
        sizes = [self.size(part) for part in parts]
        return None if not sizes or None in sizes else [size for size in sizes if size is not None]

    def size(self, node: Node) -> Dim | None:
        """A size that is written in the names of sizes and whole numbers."""
        match node:
            case sx.Number(text=text) if text.isdigit() and len(text) < _LONGEST_SIZE:
                return Dim.of(int(text))
            case sx.Group(body=body):
                return self.size(body)
            case sx.Sum(terms=terms, signs=signs):
                total: Dim | None = Dim.of(0)
                for term, sign in zip(terms, signs, strict=True):
                    size = self.size(term)
                    if size is None or total is None or sign not in ("", "+", "-"):
                        return None
                    total = total - size if sign == "-" else total + size
                return total
            case sx.Product(factors=factors, operators=operators) if set(operators) <= {"", "cdot", "*"}:
                product: Dim | None = Dim.of(1)
                for factor in factors:
                    size = self.size(factor)
                    product = None if size is None or product is None else product * size
                return product
            case sx.Frac(above=above, below=sx.Number(text=text)) if text.isdigit() and int(text):
                size = self.size(above)
                return None if size is None else size / int(text)
        name = plain_name(node, self.names.styled)
        return Dim.of(name) if name is not None and self.names.is_size(name) else None

    @cached_property
    def weight_dims(self) -> list[Dim]:
        """The sizes of what people call weights."""
        found: list[Dim] = []
        for name in self.weights:
            known = self.names.shape(name) or (unknown(f"rows:{name}"), unknown(f"cols:{name}"))
            found += [dim for dim in known if not dim.is_one]
        return found


_READERS: dict[type[Node], Callable[[Reader, Any, Shapes], Variants]] = {
    **named.READERS,
    **products.READERS,
    **brackets.READERS,
    **calls.READERS,
    **sums.READERS,
    **derivatives.READERS,
}
