r"""Readings: a syntax tree as typed terms, all that it can mean, cheapest first.

What a script, a product or a call means depends on shapes, so every node is read in every way that types allow, and the ways are
ranked. With `charity` they include those that the author is told of.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import pairwise
from typing import Any, Protocol

from symgrad import syntax as sx
from symgrad.cases import as_sum
from symgrad.dims import ONE, Dim
from symgrad.errors import ShapeError
from symgrad.naming import letters_of, numbers_of, plain_name, script_text, spelled, superscript
from symgrad.ops import op_named
from symgrad.read import functions as fn
from symgrad.shapes import Shapes, unknown
from symgrad.syntax import Node, Unreadable
from symgrad.terms import TANGENT, Term, free_of, is_jacobian
from symgrad.typing_rules import (
    CHARITY,
    WIDTH,
    Note,
    Reading,
    add,
    best,
    is_scalar,
    multiply,
    negated,
    settle,
    spread,
    transposed,
)

_LARGEST_POWER = 12
_LONGEST_SIZE = 9
_MOST_CELLS = 40_000
_MOST_TRIED = 20_000
_MOST_FACTORS = 40
_MOST_TERMS = 80
_DEARER = CHARITY + 1.0
_STRANGE = 3.0
_TURNED = 2.0


class Names(Protocol):
    """What a sheet's names are, as a reader asks for it."""

    @property
    def styled(self) -> frozenset[str]:
        """Letters that are other names in bold."""

    @property
    def functions(self) -> dict[str, tuple[str, tuple[Fraction, ...]]]:
        """What the sheet says of the letters of its functions."""

    def shape(self, name: str) -> tuple[Dim, Dim] | None:
        """The shape of a declared or defined name."""

    def kinds(self, name: str) -> list[tuple[float, str]]:
        """What a name of unknown shape may be, and the cost: "matrix", "column", "row", "scalar"."""

    def is_size(self, name: str) -> bool:
        """Whether the name is that of a dimension."""

    def is_mentioned(self, name: str) -> bool:
        """Whether the sheet speaks of a name."""

    def is_defined(self, name: str) -> bool:
        """Whether an equation of the sheet begins with a name."""

    def gradient_name(self, name: str) -> tuple[str, str] | None:
        """The loss and the variable, for a name such as `dW` that nobody defined."""

    @property
    def tangents(self) -> tuple[str, ...]:
        """The inputs that change, on a sheet that works with differentials (`dL = tr(G^T dX)`); none elsewhere."""

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

    def losses(self) -> list[str]:
        """The scalars that derivatives are taken of."""

    def same_as(self, name: str) -> str | None:
        """The name that was meant, for one that drifted (`\\tilde y` for `\\hat y`)."""


Variants = Iterable[Reading]


@dataclass
class Reader:
    """Reads the nodes of one statement; `indices` are the letters known to be indices there."""

    names: Names
    charity: bool = False
    statement: int = 0
    indices: set[str] = field(default_factory=set)
    weights: list[str] = field(default_factory=list)
    tried: int = 0
    all_tried: int = 0
    _known: dict[tuple[int, frozenset[tuple[str, Dim]], frozenset[str]], tuple[Node, list[Reading]]] = field(default_factory=dict)

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
        key = (id(node), shapes.key, frozenset(self.indices))
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

    def _each(self, nodes: Iterable[Node], shapes: Shapes) -> list[tuple[float, Shapes, tuple[Term, ...], tuple[Note, ...]]]:
        """All joint readings of several nodes."""
        states: list[tuple[float, Shapes, tuple[Term, ...], tuple[Note, ...]]] = [(0.0, shapes, (), ())]
        for node in nodes:
            states = [
                (cost + r.cost, r.shapes, (*terms, r.term), (*notes, *r.notes))
                for cost, current, terms, notes in states
                for r in self._plain(node, current)
            ]
            states.sort(key=lambda state: state[0])
            del states[WIDTH:]
        return states

    def _plain(self, node: Node, shapes: Shapes) -> list[Reading]:
        """Readings with Jacobians settled."""
        return [settled for reading in self.read(node, shapes) for settled in settle(reading)]

    # ── numbers and names ────────────────────────────────────────────────────────────────────────────────────────────

    def number(self, node: sx.Number, shapes: Shapes) -> Variants:
        yield Reading(0.0, shapes, Term("number", (), (node.value,)))

    def name(self, node: sx.Name, shapes: Shapes) -> Variants:
        if node.base.startswith(MEANT):
            yield from self._symbol(node.base.removeprefix(MEANT), node, shapes, False)
            return
        yield from self.named(node, None, None, node, shapes)

    def scripted(self, node: sx.Scripted, shapes: Shapes) -> Variants:
        base = node.base
        if isinstance(base, sx.Name):
            is_exponential = base.base == "e" and self.names.shape("e") is None and not self.names.is_defined("e")
            if is_exponential and node.sup is not None and node.sub is None:
                for cost, now, (inner,), notes in self._each([node.sup], shapes):
                    yield Reading(cost, now, _mapped("exp", inner), notes)
                return
            yield from self.named(base, node.sub, node.sup, node, shapes, node.primes)
            return
        if isinstance(base, sx.Norm):
            yield from self.norm(base, shapes, node.sub, node.sup)
            return
        if isinstance(base, sx.Number) and base.text in ("0", "1") and (node.sub is not None or superscript(node.sup).transposed):
            # Nobody transposes a number: `1ᵀ`, `1ₙ`, `0[n×m]` are typed for ones and zeros.
            yield from self.named(sx.Name(base.span, base.text, (), "mathbf"), node.sub, node.sup, node, shapes)
            return
        if isinstance(base, sx.Call) and len(base.args) == 1 and not self._is_function(base):
            # `E(A B)^T` is E times the transpose of A B.
            factor = replace(node, base=sx.Group(base.span, "(", ")", base.args[0]))
            yield from self.product(sx.Product(node.span, (base.function, factor), ("",)), shapes)
            return
        if isinstance(base, sx.Group) and base.open == "[" and node.sub is not None:
            collected = list(self._collected(base, node.sub, shapes))
            for reading in collected:
                yield from self._raised(reading, node.sup, node.primes, node)
            if collected:
                return
        for reading in self._plain(base, shapes):
            options = [reading] if node.sub is None else self._entries(reading.term, node.sub, reading)
            if node.sub is not None and not options:
                raise Unreadable(node.sub.span, "a subscript on brackets that is no index")
            for option in options[:2]:
                yield from self._raised(option, node.sup, node.primes, node)

    def _collected(self, node: sx.Group, sub: Node, shapes: Shapes) -> Iterator[Reading]:
        r"""`\left[\sum_k A_{ki} B_{kj}\right]_{ij}`: the matrix, or the column, that has these entries."""
        letters = letters_of(sub) or ()
        bound = set(letters) - self.indices
        self.indices |= bound
        try:
            found = self._plain(node.body, shapes) if letters else []
        except Unreadable:
            found = []
        finally:
            self.indices -= bound
        for reading in found:
            if set(reading.term.free) == set(letters) and is_scalar(reading.shapes, reading.term):
                sizes = [self.index(letter) for letter in letters]
                yield reading.with_term(Term("collect", (reading.term,), letters, sizes[0], sizes[1] if len(sizes) > 1 else ONE))

    def named(self, base: sx.Name, sub: Node | None, sup: Node | None, node: Node, shapes: Shapes, primes: int = 0) -> Iterator[Reading]:
        """A name with its scripts, in every way they can be taken apart."""
        letters = letters_of(sub)
        delta = self.names.shape("\\delta")
        plain = delta is None or any(map(shapes.is_one, delta))  # an error vector δ has one index, Kronecker's two
        if base.base == "\\delta" and sup is None and letters is not None and len(letters) == 2 and plain:
            yield from self.kronecker(letters[0], letters[1], shapes)
        script = superscript(sup)
        below = script_text(sub)
        styled = base.base in self.names.styled
        constant = self._constant(base, sub, shapes) if self.names.shape(spelled(base, below, script.label, styled)) is None else None
        if constant is not None:
            yield from self._finished(constant, script, primes, node)
        takes: list[tuple[float, str, Node | None, Node | None]] = []  # cost, name, entry subscript, power

        def offer(cost: float, label: str, power: Node | None) -> None:
            full = spelled(base, below, label, styled)
            if primes and self.names.shape(full + "'") is not None:
                takes.append((cost - 0.5, full + "'", None, power))
            bare = spelled(base, "", label, styled)
            if sub is None or below:
                takes.append((cost + self._as_an_index(full, bare, sub), full, None, power))
            if sub is not None:
                takes.append((cost, bare, sub, power))

        if script.power is None:
            offer(0.0, script.label, None)
        else:
            labelled = bool(script.label) and self.names.shape(spelled(base, below, script.label, styled)) is not None
            is_number = isinstance(script.power, (sx.Number, sx.Frac, sx.Prefix))
            if script.label:
                offer(0.0 if labelled or not is_number else 6.0, script.label, None)
            if not labelled:
                offer(0.0 if is_number else 6.0, "", script.power)
        numbered = _label_and_index(sub, self.indices)
        if numbered is not None:
            # `y_{2,k}` is entry k of `y_2`, and no name of its own.
            own = spelled(base, script_text(numbered[0]), script.label, styled)
            takes = [(cost + 3.0, name, entry, power) for cost, name, entry, power in takes] + [(0.0, own, numbered[1], script.power)]
        is_example = script.power is None or _EXAMPLE.fullmatch(script.label) is not None
        wholes = list(self._of_the_whole(base, sub, script.label if is_example else "", node, shapes))
        for whole in wholes:
            yield from self._finished(whole, replace(script, label="", power=None if is_example else script.power), primes, node)
        for cost, name, entry, power in takes:
            # Where the sheet has U, an unknown `u_i` is one of its rows before it is a thing of its own.
            strange = _STRANGE if wholes and self.names.shape(name) is None else 1.0 if constant is not None else 0.0
            for reading in self._symbol(name, node, shapes, entry is not None):
                reading = reading.plus(cost + strange, reading.shapes, reading.term)
                options = [reading] if entry is None else self._entries(reading.term, entry, reading)
                for option in options:
                    done = replace(script, power=power, label="")
                    yield from self._finished(option, done, primes if not name.endswith("'") else 0, node)

    def _symbol(self, name: str, node: Node, shapes: Shapes, as_base: bool) -> Iterator[Reading]:
        """A name by itself. What nobody knows is offered in every shape it may have."""
        if as_base and self.names.shape(name) is None and not self._is_index_base(name):
            return
        known = self.names.shape(name)
        if known is not None:
            yield Reading(0.0, shapes, Term("symbol", (), (name,), *known))
            return
        special = self._special(name, node, shapes)
        if special is not None:
            yield special
            return
        meant = self.names.gradient_name(name)
        if meant is not None:
            of_variable = self.names.shape(meant[1]) or (unknown(f"rows:{meant[1]}"), unknown(f"cols:{meant[1]}"))
            yield Reading(0.0, shapes, Term("gradient", (), meant, *of_variable))
            return
        drifted = self.names.same_as(name)
        if drifted is not None:
            shape = self.names.shape(drifted)
            assert shape is not None
            yield Reading(0.5, shapes, Term("symbol", (), (drifted,), *shape), (Note("drifted", node.span, f"{name} {drifted}"),))
            return
        rows, cols = unknown(f"rows:{name}"), unknown(f"cols:{name}")
        term = Term("symbol", (), (name,), rows, cols)
        for cost, kind in self.names.kinds(name):
            if as_base and kind == "scalar":
                continue  # what has entries is no scalar
            bound: Shapes | None = shapes
            if kind in ("column", "scalar") and bound is not None:
                bound = bound.unify(cols, ONE)
            if kind in ("row", "scalar") and bound is not None:
                bound = bound.unify(rows, ONE)
            if bound is not None:
                yield Reading(cost, bound, term)

    def _of_the_whole(self, base: sx.Name, sub: Node | None, label: str, node: Node, shapes: Shapes) -> Iterator[Reading]:
        """`x_i` where the sheet has X, `a^{[2](i)}` where it has `A^{[2]}`: an example, which is a row or a column of the whole."""
        numbered = _EXAMPLE.fullmatch(label)
        if len(base.base) > 1 or not (base.base.islower() or numbered):
            return
        letters = letters_of(sub)
        capital = replace(base, base=base.base.upper())
        if numbered and numbered[2] in self.indices:
            letter, rest, below = numbered[2], numbered[1], script_text(sub)
            own = self.names.shape(spelled(base, below, rest))
            if own is not None:
                whole = Reading(0.0, shapes, Term("symbol", (), (spelled(base, below, rest),), *own))
                thin = shapes.is_one(own[1]) or shapes.is_one(own[0])
                for at, cost in (((letter, None), 0.1),) if thin else (((None, letter), 0.2), ((letter, None, "column"), 0.6)):
                    yield from self._indexed(whole, at, cost)
            columns_first = True
        elif letters is not None and len(letters) == 1 and not label:
            letter, rest, below = letters[0], "", ""
            if self.names.shape(spelled(base)) is not None:
                return
            columns_first = False
        else:
            return
        name = spelled(capital, below, rest)
        shape = self.names.shape(name)
        # The data x_i are the rows of X also where nothing says so; of other letters it must be said.
        implied = numbered or (base.base == "x" and not self.names.is_defined(name))
        if shape is None and implied and self.names.is_mentioned(name) and base.base.islower():
            shape = unknown(f"rows:{name}"), unknown(f"cols:{name}")
        if shape is None or capital == base:
            return
        reading = Reading(0.0, shapes, Term("symbol", (), (name,), *shape))
        for at, cost in (((None, letter), 0.2 if columns_first else 0.7), ((letter, None, "column"), 0.6 if columns_first else 0.3)):
            yield from self._indexed(reading, at, cost)

    def _as_an_index(self, full: str, bare: str, sub: Node | None) -> float:
        """What it costs to read `p_i` as a name of its own: much, where `p` or the index `i` is known and `p_i` is not."""
        letters = letters_of(sub)
        if letters is None or self.names.shape(full) is not None:
            return 0.0
        return 4.0 if self.names.shape(bare) is not None else 3.0 if set(letters) <= self.indices else 0.0

    def _is_index_base(self, name: str) -> bool:
        return bool(self.indices)

    def _constant(self, base: sx.Name, sub: Node | None, shapes: Shapes) -> Reading | None:
        r"""`\mathbf{1}_{n}`, `I_n`, `\mathbf{0}_{n \times m}`: of the sizes that stand below."""
        sizes = self.sizes(sub)
        if sizes is None or len(sizes) > 2 or base.base not in ("1", "0", "I") or base.accents:
            return None
        if base.base == "I":
            return Reading(0.0, shapes, Term("eye", (), (), sizes[0], sizes[0])) if len(sizes) == 1 else None
        rows, cols = (*sizes, ONE)[:2]
        return Reading(0.0, shapes, Term("ones" if base.base == "1" else "zeros", (), (), rows, cols))

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

    def _special(self, name: str, node: Node, shapes: Shapes) -> Reading | None:
        bare = name.removeprefix("\\mathbf{").removesuffix("}")
        # Two of them in one line need not be of one size, unless they are given the same one.
        place = self.statement if "_" in name else f"{self.statement}:{node.span.start}"
        if name in ("I", "\\mathbb{I}") or name.startswith("I_"):
            dim = unknown(f"eye:{name}:{place}")
            return Reading(0.0, shapes, Term("eye", (), (), dim, dim))
        if name == "\\pi":
            return Reading(0.0, shapes, Term("number", (), (Fraction(math.pi),)))
        if bare == "1" or name.startswith("1_"):
            dim = unknown(f"ones:{name}:{place}")
            return Reading(0.0, shapes, Term("ones", (), (), dim, ONE))
        if self.names.is_size(name):
            return Reading(0.0, shapes, Term("size", (), (Dim.of(name),)))
        return None

    def _entries(self, term: Term, sub: Node, reading: Reading) -> list[Reading]:
        """`x_i`, `W_{ij}`, `x_3`: an entry, or a row."""
        shapes = reading.shapes
        places = sub.items if isinstance(sub, sx.Listing) else (sub,)
        if any(isinstance(place, sx.Range) for place in places):
            return self._slices(reading.with_term(term), places)
        letters = letters_of(sub)
        column, row = shapes.is_one(term.cols), shapes.is_one(term.rows)
        found: list[Reading] = []
        if letters is not None and not term.free:
            if len(letters) == 2 and not column and not row:
                found += self._indexed(reading, (letters[0], letters[1]), 0.0)
            if len(letters) == 1 and (column or row):
                found += self._indexed(reading, (letters[0], None) if column else (None, letters[0]), 0.0)
            elif len(letters) == 1:
                # The x_i of vectors x_1, …, x_n are columns, as those are.
                is_family = term.op == "symbol" and term.params[0][:1].islower() and self.names.kinds(term.params[0])[0][1] == "matrix"
                found += self._indexed(reading, (letters[0], None, "column"), 0.0 if is_family else 1.0)
                found += self._indexed(reading, (letters[0], None), 1.5)
                found += self._indexed(reading, (None, letters[0]), 2.0)
            return found
        numbers = numbers_of(sub)
        if numbers is not None:
            if len(numbers) == 1 and numbers[0] > 9 and not (column or row):
                numbers = (numbers[0] // 10, numbers[0] % 10)
            at: tuple[int | None, int | None] | None = None
            if len(numbers) == 2:
                at = (numbers[0] - 1, numbers[1] - 1)
            elif column or row:
                at = (numbers[0] - 1, None) if column else (None, numbers[0] - 1)
            if at is not None and all(n is None or n >= 0 for n in at):
                rows = term.rows if at[0] is None else ONE
                cols = term.cols if at[1] is None else ONE
                found.append(reading.plus(0.5, shapes, Term("pick", (term,), at, rows, cols)))
        return found

    def _slices(self, reading: Reading, places: tuple[Node, ...]) -> list[Reading]:
        """`W_{1:d,:}`, `V_{:,1}`: rows or columns, counted from 1, both ends taken."""
        if len(places) != 2 or reading.term.free:
            return []
        term = reading.term
        for axis, place in enumerate(places):
            stretch = self.stretch(place)
            if stretch is None:
                if place == sx.Range(place.span):
                    continue
                return []
            shape = tuple(map(reading.shapes.resolve, (term.rows, term.cols)))
            try:
                rows, cols = op_named("slice").shape((shape,), (axis, *stretch))
            except ShapeError:
                return []
            term = Term("function", (term,), ("slice", axis, *stretch), rows, cols)
        return [reading.with_term(term)]

    def stretch(self, place: Node) -> tuple[Dim, Dim, int] | None:
        """Where a stretch of places begins, counted from 0, where it ends, and its step."""
        if not isinstance(place, sx.Range):
            one = self.size(place)
            return None if one is None else (one - 1, one, 1)
        step = Fraction(1) if place.step is None else constant_of(place.step)
        first = None if place.start is None else self.size(place.start)
        last = None if place.stop is None else self.size(place.stop)
        if first is None or last is None or step is None or step.denominator != 1 or step < 1:
            return None
        return first - 1, last, int(step)

    def _indexed(self, reading: Reading, at: tuple[Any, ...], cost: float) -> list[Reading]:
        shapes: Shapes | None = reading.shapes
        term = reading.term
        sizes = [term.rows, term.cols]
        for axis, letter in enumerate(at[:2]):
            if letter is not None and shapes is not None:
                shapes = shapes.unify(self.index(letter), sizes[axis])
                sizes[axis] = ONE
        if shapes is None:
            return []
        if len(at) == 3:
            sizes.reverse()
        free = tuple(sorted({letter for letter in at[:2] if letter is not None}))
        return [reading.plus(cost, shapes, Term("entry", (term,), at, sizes[0], sizes[1], free))]

    # ── what stands at the upper right ───────────────────────────────────────────────────────────────────────────────

    def _raised(self, reading: Reading, sup: Node | None, primes: int, node: Node) -> Iterator[Reading]:
        script = superscript(sup)
        if script.label and script.power is None:
            raise Unreadable(node.span, "a label on brackets")
        yield from self._finished(reading, script, primes, node)

    def _finished(self, reading: Reading, script: Any, primes: int, node: Node) -> Iterator[Reading]:
        """Power, inverse and transpose put on, in this order."""
        options = [reading]
        if script.power is not None:
            options = [p for r in options for p in self._powers(r, script.power, node)]
        if script.inverse:
            options = [p for r in options for p in self._inverted(r)]
        for option in options:
            turns = script.transposed != bool(primes % 2)
            if not turns:
                yield option
                continue
            if is_jacobian(option.term):
                for settled in settle(option):
                    yield settled.with_term(transposed(settled.term))
                continue
            # Nobody transposes a number.
            odd = _TURNED if option.is_scalar else 0.0
            yield option.plus(odd, option.shapes, transposed(option.term))

    def _powers(self, reading: Reading, power: Node, node: Node) -> Iterator[Reading]:
        exponent = constant_of(power.body if isinstance(power, sx.Prefix) and power.sign == "odot" else power)
        if exponent is None:
            if script_text(power):
                return  # a label
            raise Unreadable(power.span, "a power that is no number")
        of_entries = isinstance(power, sx.Prefix) and power.sign == "odot"
        if abs(exponent) > _LARGEST_POWER:
            raise Unreadable(power.span, f"a power larger than {_LARGEST_POWER}")
        term, shapes = reading.term, reading.shapes
        mapped = Term("elementwise", (term,), ("power", exponent), term.rows, term.cols, term.free)
        square = not is_scalar(shapes, term) and shapes.resolve(term.rows) is shapes.resolve(term.cols)
        vector = shapes.is_one(term.rows) or shapes.is_one(term.cols)
        if square and not of_entries and exponent.denominator != 1:
            raise Unreadable(power.span, "a power of a matrix that is no whole number")
        if square and not of_entries and abs(exponent) > 1:
            base = term if exponent > 0 else Term("function", (term,), ("inverse",), term.rows, term.cols)
            yield reading.plus(0.0, shapes, _multiplied(base, abs(int(exponent))))
            yield reading.plus(1.0, shapes, mapped)
            return
        yield reading.plus(0.0, shapes, mapped)
        whole = exponent.denominator == 1 and exponent > 1 and not of_entries
        met = shapes.unify(term.rows, term.cols) if whole and not vector and not is_scalar(shapes, term) else None
        if met is not None:
            yield reading.plus(0.5, met, _multiplied(term, int(exponent)))  # of a matrix that may be square
        if vector and exponent == 2 and not of_entries and not is_scalar(shapes, term):
            yield reading.plus(
                CHARITY - 2.0, shapes, Term("inner", (term, term), (), ONE, ONE, term.free), Note("square_as_sum", node.span)
            )

    def _inverted(self, reading: Reading) -> Iterator[Reading]:
        term, shapes = reading.term, reading.shapes
        if is_scalar(shapes, term):
            yield reading.with_term(Term("elementwise", (term,), ("power", Fraction(-1)), term.rows, term.cols, term.free))
            return
        square = shapes.unify(term.rows, term.cols)
        if square is not None:
            yield reading.plus(0.0, square, Term("function", (term,), ("inverse",), term.rows, term.cols))

    # ── sums and products ────────────────────────────────────────────────────────────────────────────────────────────

    def summed(self, node: sx.Sum, shapes: Shapes) -> Variants:
        if len(node.terms) > _MOST_TERMS:
            raise Unreadable(node.span, f"a sum of more than {_MOST_TERMS} terms")
        states: list[Reading] = []
        for i, (term, sign) in enumerate(zip(node.terms, node.signs, strict=True)):
            if sign not in ("", "+", "-"):
                raise Unreadable(term.span, f"the sign {sign} is not read here")
            if i == 0:
                states = [r.with_term(negated(r.term)) if sign == "-" else r for r in self._plain(term, shapes)]
                continue
            made: list[Reading] = []
            for left in states:
                for right in self._plain(term, left.shapes):
                    made += add(left, right, sign == "-", self._is_weight_dim(left.shapes))
            states = best(made)
        yield from states

    def _is_weight_dim(self, shapes: Shapes) -> Callable[[Dim], bool]:
        return lambda dim: shapes.resolve(dim) in {shapes.resolve(d) for d in self.weight_dims}

    @property
    def weight_dims(self) -> list[Dim]:
        """The sizes of what people call weights."""
        found: list[Dim] = []
        for name in self.weights:
            known = self.names.shape(name) or (unknown(f"rows:{name}"), unknown(f"cols:{name}"))
            found += [dim for dim in known if not dim.is_one]
        return found

    def prefix(self, node: sx.Prefix, shapes: Shapes) -> Variants:
        if node.sign not in ("+", "-"):
            raise Unreadable(node.span, f"the sign {node.sign} is not read here")
        for reading in self.read(node.body, shapes):
            yield reading.with_term(negated(reading.term)) if node.sign == "-" else reading

    def product(self, node: sx.Product, shapes: Shapes) -> Variants:
        factors, operators = list(node.factors), list(node.operators)
        if len(factors) > _MOST_FACTORS:
            raise Unreadable(node.span, f"a product of more than {_MOST_FACTORS} factors")
        if any(op not in OPERATORS for op in operators):
            bad = next(op for op in operators if op not in OPERATORS)
            raise Unreadable(node.span, f"the operator {bad} is not read here")
        for letter, inside in pairwise(factors):
            if isinstance(letter, sx.Name) and letter.base == "d" and isinstance(inside, sx.Group) and self.names.tangents:
                raise Unreadable(letter.span.to(inside.span), "the differential of an expression")
        if set(operators) == {""} and any(_is_bare_one(f) for f in factors):
            # Nobody multiplies by the number one: `1 bᵀ` and `Gᵀ 1` are typed for the vector of ones.
            ones = [sx.Name(f.span, "\\mathbf{1}") if _is_bare_one(f) else f for f in factors]
            for reading in self._fold(ones, operators, shapes):
                yield reading.plus(-0.05, reading.shapes, reading.term)
        if isinstance(factors[0], sx.Name) and factors[0].base == "\\Sigma" and not self.names.is_mentioned("\\Sigma") and not operators[0]:
            # A Σ that is no quantity is a sum over everything.
            rest = factors[1] if len(factors) == 2 else sx.Product(node.span, tuple(factors[1:]), tuple(operators[1:]))
            yield from self.big(sx.BigOp(node.span, "sum", None, None, rest), shapes)
            return
        yield from self._fold(factors, operators, shapes)
        loose = [i for i, op in enumerate(operators) if op in ("odot", "circ", "*", "star", "otimes", "oslash", "times", "cdot")]
        if loose and len(loose) < len(operators):
            # Juxtaposed factors belong together first: `Wᵀ δ ⊙ σ'(z)` is `(Wᵀ δ) ⊙ σ'(z)`.
            groups: list[Node] = []
            start = 0
            for i in [*loose, len(operators)]:
                part = factors[start : i + 1]
                span = part[0].span.to(part[-1].span)
                groups.append(part[0] if len(part) == 1 else sx.Product(span, tuple(part), tuple(operators[start:i])))
                start = i + 1
            for reading in self._fold(groups, [operators[i] for i in loose], shapes):
                yield reading.plus(-0.05, reading.shapes, reading.term)

    def _fold(self, factors: list[Node], operators: list[str], shapes: Shapes) -> list[Reading]:
        states = self.read(factors[0], shapes)
        for operator, factor in zip(operators, factors[1:], strict=True):
            made: list[Reading] = []
            span = factors[0].span.to(factor.span)
            if operator in ("/", "div", "oslash"):
                for left in states:
                    for right in self._plain(factor, left.shapes):
                        made += _divided(replace(right, cost=left.cost + right.cost, notes=left.notes + right.notes), left.term, right.term)
            else:
                for left in states:
                    for right in self.read(factor, left.shapes):
                        made += multiply(left, right, operator, span, self.charity)
                        if is_jacobian(left.term) or is_jacobian(right.term):
                            for a in settle(left):
                                for b in settle(right):
                                    if a is not left or b is not right:
                                        made += [r.plus(1.0, r.shapes, r.term) for r in multiply(a, b, operator, span, self.charity)]
            states = best(made)
        return states

    def fraction(self, node: sx.Frac, shapes: Shapes) -> Variants:
        for cost, now, (above, below), notes in self._each([node.above, node.below], shapes):
            yield from _divided(Reading(cost, now, above, notes), above, below)

    def root(self, node: sx.Root, shapes: Shapes) -> Variants:
        if node.index is not None:
            raise Unreadable(node.span, "a root that is not a square root")
        for cost, now, (inner,), notes in self._each([node.body], shapes):
            yield Reading(cost, now, _mapped("sqrt", inner), notes)

    # ── brackets ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def group(self, node: sx.Group, shapes: Shapes) -> Variants:
        if (node.open, node.close) not in (("(", ")"), ("[", "]"), ("\\{", "\\}"), ("{", "}"), ("", "")):
            raise Unreadable(node.span, f"brackets {node.open} {node.close}")
        if isinstance(node.body, sx.Listing) and set(node.body.separators) == {","}:
            yield from self.listed(sx.List(node.span, node.body.items), shapes)  # `(0.5, -1)` is a vector
            return
        yield from self.read(node.body, shapes)

    def listed(self, node: sx.List, shapes: Shapes) -> Variants:
        rows: list[tuple[Node, ...]]
        if all(isinstance(item, sx.List) for item in node.items):
            rows = [item.items for item in node.items if isinstance(item, sx.List)]
            yield from self._matrix(rows, node, shapes)
            return
        if len(node.items) == 1:
            yield from self.read(node.items[0], shapes)
        else:
            yield from self._matrix([(item,) for item in node.items], node, shapes)
        for reading in self._matrix([tuple(node.items)], node, shapes):
            yield reading.plus(0.3 if len(node.items) > 1 else 0.0, reading.shapes, reading.term)

    def matrix(self, node: sx.Matrix, shapes: Shapes) -> Variants:
        rows = [tuple(cell for cell in row if not isinstance(cell, sx.Blank)) for row in node.rows]
        found = list(self._matrix([row for row in rows if row], node, shapes))
        if node.kind in ("vmatrix", "vmatrix*"):
            for reading in found:
                yield reading.with_term(Term("function", (reading.term,), ("det",)))
            return
        yield from found

    def _matrix(self, rows: list[tuple[Node, ...]], node: Node, shapes: Shapes) -> Iterator[Reading]:
        if not rows or len({len(row) for row in rows}) != 1:
            raise Unreadable(node.span, "a matrix whose rows have different lengths")
        if len(rows) * len(rows[0]) > _MOST_CELLS:
            raise Unreadable(node.span, f"a matrix of more than {_MOST_CELLS} entries")
        numbers = [[constant_of(cell) for cell in row] for row in rows]
        if all(x is not None for row in numbers for x in row):
            exact = tuple(tuple(x for x in row if x is not None) for row in numbers)
            term = Term("literal", (), (exact,), Dim.of(len(rows)), Dim.of(len(rows[0])))
            if len(rows) == len(rows[0]) == 1:
                term = Term("number", (), (exact[0][0],))
            yield Reading(0.0, shapes, term)
            return
        for cost, now, terms, notes in self._each([cell for row in rows for cell in row], shapes):
            made = _block(now, terms, len(rows[0]))
            if made is not None:
                yield Reading(cost, made[0], made[1], notes)

    def prescripted(self, node: sx.Prescripted, shapes: Shapes) -> Variants:
        script = superscript(node.sup)
        for reading in self.read(node.base, shapes):
            yield reading.with_term(transposed(reading.term)) if script.transposed or _is_t(node.sup) else reading

    def annotated(self, node: sx.Annotated, shapes: Shapes) -> Variants:
        yield from self.read(node.body, shapes)

    def norm(self, node: sx.Norm, shapes: Shapes, sub: Node | None = None, sup: Node | None = None) -> Variants:
        kind = script_text(sub)
        power = constant_of(sup) if sup is not None else Fraction(1)
        if power is None:
            raise Unreadable(node.span, "a power of a norm that is no number")
        for cost, now, (inner,), notes in self._each([node.body], shapes):
            if kind == "1":
                made = _total(_mapped("abs", inner))
                if power != 1:
                    made = Term("elementwise", (made,), ("power", power), free=made.free)
            elif kind in ("", "2", "F", "\\mathrm{F}", "Fro", "fro"):
                made = Term("inner", (inner, inner), (), ONE, ONE, inner.free)
                if power != 2:
                    made = Term("elementwise", (made,), ("power", power / 2), free=made.free)
            elif kind == "*":
                made = Term("function", (inner,), ("nuclear_norm",))
                if power != 1:
                    made = Term("elementwise", (made,), ("power", power), free=made.free)
            else:
                raise Unreadable(node.span, f"the norm with index {kind}")
            yield Reading(cost, now, made, notes)

    def absolute(self, node: sx.Abs, shapes: Shapes) -> Variants:
        for cost, now, (inner,), notes in self._each([node.body], shapes):
            if is_scalar(now, inner):
                yield Reading(cost, now, _mapped("abs", inner), notes)
                continue
            square = now.unify(inner.rows, inner.cols)
            if square is not None and not now.is_one(inner.cols):
                yield Reading(cost, square, Term("function", (inner,), ("det",)), notes)
            yield Reading(cost + 1.0, now, _mapped("abs", inner), notes)

    def angle(self, node: sx.Angle, shapes: Shapes) -> Variants:
        if len(node.items) != 2:
            raise Unreadable(node.span, "angle brackets that are no inner product")
        for cost, now, (a, b), notes in self._each(node.items, shapes):
            met = now.together((a.rows, b.rows), (a.cols, b.cols))
            if met is not None:
                yield Reading(cost, met, Term("inner", (a, b), (), ONE, ONE, free_of(a, b)), notes)

    # ── functions ────────────────────────────────────────────────────────────────────────────────────────────────────

    def call(self, node: sx.Call, shapes: Shapes) -> Variants:
        function = node.function
        scripts = function if isinstance(function, sx.Scripted) else sx.Scripted(function.span, function)
        base, sub, above = scripts.base, scripts.sub, _on_function(scripts.sup)
        primes, power, layer = scripts.primes + above.primes, above.power, above.layer
        if not isinstance(base, sx.Name):
            raise Unreadable(node.span, "a function that has no name")
        args = [arg for arg in node.args if not isinstance(arg, sx.Relation)]
        keywords = {script_text(a.sides[0]): a.sides[1] for a in node.args if isinstance(a, sx.Relation) and len(a.sides) == 2}
        word = fn.word_of(base.base)
        known_name = self.names.shape(spelled(base, script_text(sub))) is not None
        record = self._record(base, known_name, layer)
        if record is not None:
            yield from self._applied(record, args, primes, power, node, shapes)
            return
        if word in fn.ALONG_AN_AXIS:
            if primes:
                raise Unreadable(node.span, f"the derivative of {word} as a function of a vector")
            yield from self._along(fn.ALONG_AN_AXIS[word], args, node, shapes, sub)
            return
        special = _CALLS.get(fn.INVERSES.get(word, word) if superscript(scripts.sup).inverse else word)
        if special is not None and not known_name:
            for cost, now, terms, notes in self._each(args, shapes):
                yield from special(self, Reading(cost, now, terms[0], notes), terms, keywords, node)
            return
        if len(args) == 1 and not node.bare:
            # A letter before brackets that is no function is a factor.
            group = sx.Group(node.span, "(", ")", args[0])
            yield from self.product(sx.Product(node.span, (node.function, group), ("",)), shapes)
            if known_name:
                # … or a value at its argument: L(W) is L.
                for reading in self.read(function, shapes):
                    yield reading.plus(2.0, reading.shapes, reading.term)
            return
        raise Unreadable(base.span, f"the function {base.base} is not known")

    def _record(self, base: sx.Name, known_name: bool, layer: str = "") -> tuple[str, tuple[Fraction, ...]] | None:
        """The function of every entry that a letter or word stands for, perhaps of one layer; None for a quantity."""
        word = fn.word_of(base.base)
        if known_name:
            return None
        known = self.names.functions
        found = known.get(f"{base.base}^{layer}") or known.get(base.base) or fn.ELEMENTWISE_WORDS.get(word)
        return (fn.UNNAMED[word], ()) if found is None and word in fn.UNNAMED else found

    def _is_function(self, node: sx.Call) -> bool:
        base = node.function.base if isinstance(node.function, sx.Scripted) else node.function
        if not isinstance(base, sx.Name):
            return False
        sub = node.function.sub if isinstance(node.function, sx.Scripted) else None
        known_name = self.names.shape(spelled(base, script_text(sub))) is not None
        return self._record(base, known_name) is not None or fn.word_of(base.base) in fn.WORDS

    def _applied(
        self, record: tuple[str, tuple[Fraction, ...]], args: list[Node], primes: int, power: Node | None, node: sx.Call, shapes: Shapes
    ) -> Iterator[Reading]:
        if len(args) != 1:
            raise Unreadable(node.span, f"{record[0]} of {len(args)} arguments")
        op, params = record
        if primes > 1:
            raise Unreadable(node.span, "a second derivative of an activation")
        exponent = None if power is None else constant_of(power)
        if power is not None and exponent is None and not superscript(power).transposed:
            raise Unreadable(power.span, "a superscript on a function")
        for cost, now, (inner,), notes in self._each(args, shapes):
            value = _slope(op, inner, params) if primes else _mapped(op, inner, *params)
            if exponent is not None:
                value = Term("elementwise", (value,), ("power", exponent), value.rows, value.cols, value.free)
            elif power is not None:
                value = transposed(value)
            yield Reading(cost, now, value, notes)

    def _along(self, op: str, args: list[Node], node: sx.Call, shapes: Shapes, sub: Node | None) -> Iterator[Reading]:
        word = script_text(sub).removeprefix("\\mathrm{").removesuffix("}")
        for cost, now, (inner, *_), notes in self._each(args[:1], shapes):
            if is_scalar(now, inner):
                continue  # of one number it says nothing
            axes = [(0.0, 0)] if now.is_one(inner.cols) else [(0.0, 1)] if now.is_one(inner.rows) else [(0.2, 1), (0.9, 0)]
            axes = [(0.0, _AXES[word])] if word in _AXES else axes
            square = now.unify(inner.rows, inner.cols) if word == "causal" and op == "softmax" else None
            if square is not None:
                yield Reading(cost, square, Term("function", (inner,), ("causal_softmax",), inner.rows, inner.cols), notes)
                continue
            for extra, axis in axes:
                rows, cols = inner.rows, inner.cols
                if op == "logsumexp":
                    rows, cols = (ONE, cols) if axis == 0 else (rows, ONE)
                made = Reading(cost + extra, now, Term("function", (inner,), (op, axis), rows, cols), notes)
                if sub is None or word in _AXES:
                    yield made
                else:
                    yield from self._entries(made.term, sub, made)

    def indicator(self, node: sx.Indicator, shapes: Shapes) -> Variants:
        condition = node.condition
        if not isinstance(condition, sx.Relation) or len(condition.sides) != 2:
            raise Unreadable(node.span, "an indicator of what is no comparison")
        (operator,) = condition.operators
        left, right = condition.sides
        if operator in ("=", "=="):
            largest = list(self._where_largest(left, right, shapes))
            if largest:
                yield from largest
                return
            first, second = letters_of(left), letters_of(right)
            if first and second and len(first) == len(second) == 1:
                yield from self.kronecker(first[0], second[0], shapes)
                return
        if operator not in (">", "ge", "<", "le"):
            raise Unreadable(node.span, f"an indicator with {operator}")
        if operator in ("<", "le"):
            left, right = right, left
        for cost, now, (a, b), notes in self._each([left, right], shapes):
            zero = b.op == "number" and b.params[0] == 0
            options = (
                [Reading(cost, now, a, notes)]
                if zero
                else list(add(Reading(0, now, a), Reading(cost, now, b, notes), True, lambda _: True))
            )
            for option in options:
                yield option.with_term(_mapped("step", option.term))

    def cases(self, node: sx.Cases, shapes: Shapes) -> Variants:
        made = as_sum(node)
        if made is None:
            raise Unreadable(node.span, "cases that no comparison tells apart")
        yield from self.read(made, shapes)

    def _where_largest(self, left: Node, right: Node, shapes: Shapes) -> Iterator[Reading]:
        r"""`\mathbb{1}[X = \max(X)]`."""
        if isinstance(right, sx.Call) and right.args == (left,):
            for largest in self._plain(right, shapes):
                if largest.term.op == "function" and largest.term.params[0] == "max":
                    inner = largest.term.args[0]
                    yield largest.with_term(Term("function", (inner,), ("is_max", largest.term.params[1]), inner.rows, inner.cols))

    def kronecker(self, i: str, j: str, shapes: Shapes) -> Iterator[Reading]:
        met = shapes.unify(self.index(i), self.index(j))
        if met is not None:
            yield Reading(0.0, met, Term("delta", (), (i, j), ONE, ONE, tuple(sorted({i, j}))))

    def big(self, node: sx.BigOp, shapes: Shapes) -> Variants:
        if node.operator not in ("sum", "\\sum") or node.body is None:
            raise Unreadable(node.span, f"{node.operator} is not read here")
        letters = _bound(node.below)
        if node.below is not None and letters is None:
            raise Unreadable(node.below.span, "what is summed over")
        inside = set(letters or ()) - self.indices
        self.indices |= inside
        try:
            found = self._plain(node.body, shapes)
        finally:
            self.indices -= inside
        count = self._limit(node.above)
        for reading in found:
            if letters is not None and len(letters) == 1 and letters[0] in reading.term.free and count is not None:
                # The letter runs to m, so m is how many entries there are, where nothing else says so.
                reading = replace(reading, shapes=reading.shapes.unify(self.index(letters[0]), count) or reading.shapes)
            term = reading.term
            bound = [letter for letter in letters or () if letter in term.free]
            if letters is not None and bound:
                rest = tuple(letter for letter in term.free if letter not in bound)
                size = self._limit(node.above)
                met = None if size is None else reading.shapes.unify(self.index(bound[0]), size)
                # A limit that is no size of what is summed is left to what is summed.
                cost, now = (0.0, met) if met is not None else (0.2 * (size is not None), reading.shapes)
                yield reading.plus(cost, now, Term("series", (term,), tuple(bound), term.rows, term.cols, rest))
                if len(bound) < len(letters):
                    continue
            elif letters is not None and is_scalar(reading.shapes, term):
                size = self._limit(node.above)
                if size is None:
                    yield reading.plus(3.0, reading.shapes, term, Note("sum_of_nothing", node.span))
                else:
                    yield reading.plus(0.5, reading.shapes, Term("hadamard", (Term("size", (), (size,)), term), (), ONE, ONE, term.free))
            elif not is_scalar(reading.shapes, term):
                yield reading.plus(0.0 if letters is None else 1.0, reading.shapes, _total(term))
            else:
                yield reading

    def _limit(self, above: Node | None) -> Dim | None:
        if isinstance(above, sx.Number) and above.text.isdigit():
            return Dim.of(int(above.text))
        if isinstance(above, sx.Name) and self.names.is_size(above.base):
            return Dim.of(above.base)
        return None

    # ── derivatives ──────────────────────────────────────────────────────────────────────────────────────────────────

    def derivative(self, node: sx.Derivative, shapes: Shapes) -> Variants:
        if not node.wrt and node.of is not None:
            subject = node.of.factors[0] if isinstance(node.of, sx.Product) else node.of
            meant = self.names.variable_of(plain_name(subject, self.names.styled) or "")
            if meant is None:
                raise Unreadable(node.span, "it is not said by what is differentiated")
            node = replace(node, wrt=(sx.Name(node.span, MEANT + meant),))
        if node.order is not None or len(node.wrt) != 1:
            yield from self._hessian(node, shapes)
            return
        if node.of is None:
            raise Unreadable(node.span, "an operator without what it is applied to")
        if node.bare and isinstance(node.of, sx.Product):
            yield from self._bare_derivative(node, node.of, shapes)
            return
        direct = node.mark is not None
        for wrt in self._plain(node.wrt[0], shapes):
            variable = wrt.term
            for of in self._plain(node.of, wrt.shapes):
                as_row = node.kind != "nabla" and self.names.numerator
                for made in self._by(of.term, variable, direct, as_row):
                    if as_row and made.op == "jacobian" and is_scalar(of.shapes, of.term):
                        flat = Term("jacobian_flat", (made,), (), variable.rows, variable.cols)
                        yield Reading(wrt.cost + of.cost, of.shapes, transposed(flat), wrt.notes + of.notes)
                        continue
                    reading = Reading(wrt.cost + of.cost, of.shapes, made, wrt.notes + of.notes)
                    if made.op == "jacobian" and made.params[1] == "direct" and not direct:
                        about = f"{of.term.params[0]} {variable.params[0]}"
                        reading = reading.plus(0.3, of.shapes, made, Note("direct", node.span, about))
                    yield reading

    def _hessian(self, node: sx.Derivative, shapes: Shapes) -> Iterator[Reading]:
        r"""`\nabla^2 L`, `\frac{\partial^2 L}{\partial w \partial w^\top}`: the Jacobian of the gradient, by one vector or by two names."""
        order = None if node.order is None else constant_of(node.order)
        if order != 2 or node.of is None or not 1 <= len(node.wrt) <= 2:
            raise Unreadable(node.span, "a derivative of higher order")
        bases = [_bare_of_transpose(w) for w in node.wrt]
        for first in self._plain(bases[0], shapes):
            for second in self._plain(bases[-1], first.shapes):
                for of in self._plain(node.of, second.shapes):
                    a, b, f = first.term, second.term, of.term
                    if a.op == b.op == "entry" and f.op == "symbol" and f.params[0] in self.names.losses():
                        cost = first.cost + second.cost + of.cost
                        for slope in self._by(f, a, False):
                            for made in self._by(slope, b, False):
                                yield Reading(cost, of.shapes, made, first.notes + second.notes + of.notes)
                        continue
                    if not (a.op == b.op == f.op == "symbol") or f.params[0] not in self.names.losses():
                        continue
                    gradient = Term("gradient", (), (f.params[0], a.params[0]), a.rows, a.cols)
                    jacobian = Term("jacobian", (gradient,), (b.params[0], "total", b.rows, b.cols), a.rows, a.cols)
                    cost = first.cost + second.cost + of.cost
                    yield Reading(cost, of.shapes, jacobian, first.notes + second.notes + of.notes)

    def _bare_derivative(self, node: sx.Derivative, product: sx.Product, shapes: Shapes) -> Iterator[Reading]:
        """`∇_h h W · v`: the operand may end before the product does; all of it first."""
        for length in range(len(product.factors), 0, -1):
            part = product.factors[:length]
            of: Node = part[0] if length == 1 else sx.Product(node.span, part, product.operators[: length - 1])
            inner = replace(node, of=of, bare=False)
            try:
                readings = list(self.derivative(inner, shapes))
            except Unreadable:
                if length == 1:
                    raise
                continue
            rest = product.factors[length:]
            for reading in readings:
                cost = 0.4 * (len(product.factors) - length)
                if not rest:
                    yield reading
                    continue
                states = [reading.plus(cost, reading.shapes, reading.term)]
                for operator, factor in zip(product.operators[length - 1 :], rest, strict=True):
                    states = best(
                        made
                        for left in states
                        for right in self.read(factor, left.shapes)
                        for made in multiply(left, right, operator, node.span, self.charity)
                    )
                yield from states

    def _by(self, of: Term, variable: Term, direct: bool, as_row: bool = False) -> Iterator[Term]:
        """The derivative of a term by a name, or by an entry of one."""
        if variable.op in ("entry", "pick") and variable.args[0].op == "symbol":
            yield from self._by_an_entry(of, variable, direct)
            return
        if variable.op == "gradient" or variable.op != "symbol":
            return
        name = variable.params[0]
        if of.op == "symbol" and of.params[0] in self.names.losses():
            gradient = Term("gradient", (), (of.params[0], name), variable.rows, variable.cols)
            yield transposed(gradient) if as_row else gradient
            return
        if of.free:
            return
        mode = "direct" if direct else "total"
        yield Term("jacobian", (of,), (name, mode, variable.rows, variable.cols), of.rows, of.cols)
        if of.op == "symbol" and not direct:
            yield Term("jacobian", (of,), (name, "direct", variable.rows, variable.cols), of.rows, of.cols)

    def _by_an_entry(self, of: Term, variable: Term, direct: bool) -> Iterator[Term]:
        """`∂L/∂W_{ij}`, `∂p_i/∂z_j`: entries of a gradient or of a Jacobian."""
        base = variable.args[0]
        entry = _as_entry(of)
        whole_of = of if entry is None else entry.args[0]
        for whole in self._by(whole_of, base, direct):
            if whole.op == "gradient":
                yield replace(variable, args=(whole,))
            elif whole.op == "jacobian" and variable.op == "entry" and len(variable.params) == 2 and not whole_of.free:
                at = (None, None) if entry is None else entry.params
                letters = (*at, *variable.params)
                free = tuple(sorted({letter for letter in letters if letter is not None}))
                rows = whole.rows if at[0] is None else ONE
                cols = whole.cols if at[1] is None else ONE
                if variable.rows.is_one and variable.cols.is_one:
                    yield Term("jacobian_entry", (whole,), letters, rows, cols, free)

    def differential(self, node: sx.Differential, shapes: Shapes) -> Variants:
        """`dX` by itself: a change of X, where the sheet works with differentials, else the gradient by X that a name stands for."""
        inner = node.of
        if isinstance(inner, sx.Scripted) and inner.sup is not None and superscript(inner.sup).transposed:
            kept = without_transpose(inner)
            for reading in self.differential(replace(node, of=kept), shapes):
                yield reading.with_term(transposed(reading.term))
            return
        name = plain_name(node, self.names.styled)
        bare = plain_name(inner, self.names.styled)
        if bare is not None and node.sign == "d" and self.names.tangents:
            change = self._change(bare, shapes)
            if change is not None:
                yield change
                return
        if name is not None and (self.names.shape(name) is not None or self.names.gradient_name(name) is not None):
            yield from self._symbol(name, node, shapes, False)
            return
        found = False
        for reading in self._plain(inner, shapes):
            term = reading.term
            base = term.args[0] if term.op == "entry" else None
            meant = None
            if base is not None and base.op == "symbol" and node.sign in _SIGNS:
                meant = self.names.gradient_name(_SIGNS[node.sign] + base.params[0])
            if base is not None and meant is not None:
                found = True
                yield reading.with_term(replace(term, args=(Term("gradient", (), meant, base.rows, base.cols),)))
        if not found:
            if name is None:
                raise Unreadable(node.span, "a differential")
            yield from self._symbol(name, node, shapes, False)

    def _change(self, name: str, shapes: Shapes) -> Reading | None:
        """The differential of a name: a change of its own, or what the changes of the inputs make of it."""
        shape = self.names.shape(name)
        if shape is None:
            return None
        total: Term | None = None
        for variable in self.names.tangents:
            size = self.names.shape(variable)
            if size is None:
                continue
            change = Term("symbol", (), (TANGENT + variable,), *size)
            if variable == name:
                return Reading(0.0, shapes, change)
            if self.names.rests_on(name, variable):
                jacobian = Term("jacobian", (Term("symbol", (), (name,), *shape),), (variable, "total", *size), *shape)
                step = Term("jvp", (jacobian, change), (), *shape)
                total = step if total is None else Term("add", (total, step), (), *shape)
        return None if total is None else Reading(0.0, shapes, total)


def _label_and_index(sub: Node | None, indices: set[str]) -> tuple[Node, Node] | None:
    """A subscript such as `2,k` or `t,k` taken apart, where k is an index and what stands before it is none."""
    items = sub.items if isinstance(sub, sx.Listing) else sub.factors if isinstance(sub, sx.Product) else ()
    if sub is None or len(items) != 2:
        return None
    label, letter = items
    bound = letters_of(letter)
    return (
        (label, letter) if bound and set(bound) <= indices and script_text(label) and not set(letters_of(label) or ()) & indices else None
    )


def _multiplied(term: Term, times: int) -> Term:
    """A square matrix multiplied by itself."""
    made = term
    for _ in range(times - 1):
        made = Term("matmul", (made, term), (), term.rows, term.cols, free_of(made, term))
    return made


def _as_entry(term: Term) -> Term | None:
    r"""An entry, also where a function is written of the entry: `\log p_k` is an entry of `\log p`."""
    if term.op == "entry" and len(term.params) == 2 and not term.args[0].free:
        return term
    inner = _as_entry(term.args[0]) if term.op in ("elementwise", "scale") and len(term.args) == 1 else None
    if inner is None:
        return None
    (base,) = inner.args
    return replace(inner, args=(replace(term, args=(base,), rows=base.rows, cols=base.cols, free=()),))


def _is_bare_one(node: Node) -> bool:
    return isinstance(node, sx.Number) and node.text == "1"


def _bare_of_transpose(node: Node) -> Node:
    if isinstance(node, sx.Scripted) and superscript(node.sup).transposed:
        return without_transpose(node)
    return node


def without_transpose(node: sx.Scripted) -> Node:
    label = superscript(node.sup).label
    if not label and node.sub is None:
        return node.base
    return replace(node, sup=sx.Text(node.span, label) if label else None)


# ── pieces ───────────────────────────────────────────────────────────────────────────────────────────────────────────

_SIGNS = {"d": "d", "∂": "\\partial ", "Δ": "\\Delta "}
# Before a name that the author left unsaid, spelt out already.
MEANT = "\u2063"
# A letter that stands for any number.
ANY_NUMBER = "any\u2063"
_EXAMPLE = re.compile(r"(.*)\(([a-z])\)")


@dataclass(frozen=True)
class _OnFunction:
    r"""What stands at the upper right of a function: `g^{[1]\prime}` has a layer and a prime, `\sin^2` a power."""

    layer: str = ""
    primes: int = 0
    power: Node | None = None


def _on_function(sup: Node | None) -> _OnFunction:
    pieces = list(sup.factors) if isinstance(sup, sx.Product) else [] if sup is None else [sup]
    layer, primes, rest = "", 0, []
    for piece in pieces:
        if isinstance(piece, sx.Scripted) and piece.sub is None and piece.sup is None:
            primes += piece.primes
            piece = piece.base
        if isinstance(piece, sx.Mark) and piece.text in ("\\prime", "'"):
            primes += 1
        elif isinstance(piece, (sx.Mark, sx.List, sx.Text)) or (isinstance(piece, sx.Group) and piece.open in ("(", "[")):
            layer += script_text(piece)
        else:
            rest.append(piece)
    return _OnFunction(layer, primes, sup if len(rest) == len(pieces) else rest[0] if rest else None)


OPERATORS = frozenset({"", "cdot", "times", "*", "star", "odot", "circ", "otimes", "oslash", "@", "/", "div"})


def _is_t(node: Node | None) -> bool:
    return isinstance(node, sx.Name) and node.base == "t"


def _mapped(op: str, inner: Term, *params: Any) -> Term:
    return Term("elementwise", (inner,), (op, *params), inner.rows, inner.cols, inner.free)


def _slope(op: str, inner: Term, params: tuple[Any, ...]) -> Term:
    """f′ entry by entry, for functions whose derivative has a name and for those that have a formula."""
    formulas = {
        "exp": lambda x: _mapped("exp", x),
        "softplus": lambda x: _mapped("sigmoid", x),
        "sin": lambda x: _mapped("cos", x),
        "cos": lambda x: negated(_mapped("sin", x)),
        "log": lambda x: _mapped("power", x, Fraction(-1)),
        "step": lambda x: Term("zeros", (), (), x.rows, x.cols, x.free),
    }
    return formulas[op](inner) if op in formulas else _mapped(f"{op}'", inner, *params)


def _total(term: Term) -> Term:
    return Term("sum", (term,), (None,), ONE, ONE, term.free)


def _divided(reading: Reading, above: Term, below: Term) -> Iterator[Reading]:
    if is_jacobian(above) or is_jacobian(below):
        return
    shapes = reading.shapes
    if below.op == "number":
        if below.params[0] == 0:
            return
        if above.op == "number":
            yield reading.with_term(Term("number", (), (above.params[0] / below.params[0],)))
            return
        yield reading.with_term(Term("scale", (above,), (1 / below.params[0],), above.rows, above.cols, above.free))
        return
    one_over = Term("elementwise", (below,), ("power", Fraction(-1)), below.rows, below.cols, below.free)
    free = free_of(above, below)
    if is_scalar(shapes, below):
        yield reading.with_term(Term("hadamard", (above, one_over), (), above.rows, above.cols, free))
        return
    if is_scalar(shapes, above):
        yield reading.plus(0.5, shapes, Term("hadamard", (above, one_over), (), below.rows, below.cols, free))
        return
    unusual = 0.8 if _is_one_name(below) else 0.0
    for extra, met, rows, cols in spread(shapes, above, below):
        yield reading.plus(extra + unusual, met, Term("hadamard", (above, one_over), (), rows, cols, free))


def _is_one_name(term: Term) -> bool:
    """A name, its root or a multiple of it: below a fraction that is a number, if nothing says otherwise."""
    return term.op == "symbol" or (term.op in ("elementwise", "scale") and len(term.args) == 1 and _is_one_name(term.args[0]))


def _block(shapes: Shapes, terms: tuple[Term, ...], width: int) -> tuple[Shapes, Term] | None:
    """Cells put together; heights agree along a row, widths along a column."""
    rows = [terms[i : i + width] for i in range(0, len(terms), width)]
    if any(is_jacobian(t) or t.free for t in terms):
        return None
    now: Shapes | None = shapes
    for row in rows:
        for cell in row[1:]:
            now = now.unify(row[0].rows, cell.rows) if now is not None else None
    for j in range(width):
        for row in rows[1:]:
            now = now.unify(rows[0][j].cols, row[j].cols) if now is not None else None
    if now is None:
        return None
    height, length = Dim.of(0), Dim.of(0)
    for row in rows:
        height = height + now.resolve(row[0].rows)
    for cell in rows[0]:
        length = length + now.resolve(cell.cols)
    return now, Term("block", terms, (width,), height, length)


# Along which axis a function works that is said to work on rows or columns, one or all.
_AXES = {"column": 1, "columns": 0, "row": 0, "rows": 1}


def _bound(node: Node | None) -> tuple[str, ...] | None:
    """The letters that a sum runs over: `i`, `i=1`, `i,j`, `i \\in S`."""
    if isinstance(node, sx.Relation):
        return _bound(node.sides[0])
    return letters_of(node)


def constant_of(node: Node) -> Fraction | None:
    """The value of an expression in numbers alone, exactly."""
    match node:
        case sx.Number():
            return node.value
        case sx.Group(body=body) | sx.Annotated(body=body):
            return constant_of(body)
        case sx.List(items=(item,)):
            return constant_of(item)
        case sx.Prefix(sign=sign, body=body) if sign in ("+", "-"):
            inner = constant_of(body)
            return None if inner is None else -inner if sign == "-" else inner
        case sx.Frac(above=above, below=below):
            top, bottom = constant_of(above), constant_of(below)
            return top / bottom if top is not None and bottom else None
        case sx.Sum(terms=terms, signs=signs):
            total = Fraction(0)
            for term, sign in zip(terms, signs, strict=True):
                value = constant_of(term)
                if value is None or sign not in ("", "+", "-"):
                    return None
                total += -value if sign == "-" else value
            return total
        case sx.Product(factors=factors, operators=operators):
            result = constant_of(factors[0])
            for operator, factor in zip(operators, factors[1:], strict=True):
                value = constant_of(factor)
                if value is None or result is None:
                    return None
                if operator in ("/", "div"):
                    if not value:
                        return None
                    result /= value
                elif operator in ("", "cdot", "times", "*", "star"):
                    result *= value
                else:
                    return None
            return result
        case sx.Scripted(base=base, sub=None, sup=sup, primes=0) if sup is not None:
            value, power = constant_of(base), constant_of(sup)
            if value is None or power is None or power.denominator != 1 or abs(power) > 30 or (not value and power < 0):
                return None
            return value ** int(power)
        case sx.Call(function=function, args=(arg,)) if isinstance(function, sx.Group):
            outer, inner = constant_of(function), constant_of(arg)
            return None if outer is None or inner is None else outer * inner
    return None


# ── calls by word ────────────────────────────────────────────────────────────────────────────────────────────────────

CallRule = Callable[[Reader, Reading, tuple[Term, ...], dict[str, Node], sx.Call], Iterable[Reading]]


def _axis(keywords: dict[str, Node]) -> int | None:
    value = constant_of(keywords["axis"]) if "axis" in keywords else None
    return None if value is None else int(value) % 2


def _call_sum(reader: Reader, r: Reading, terms: tuple[Term, ...], keywords: dict[str, Node], node: sx.Call) -> Iterable[Reading]:
    yield from _summed(r, terms, _axis(keywords))


def _summed(r: Reading, terms: tuple[Term, ...], axis: int | None) -> Iterable[Reading]:
    (x, *_) = terms
    rows = ONE if axis in (None, 0) else x.rows
    cols = ONE if axis in (None, 1) else x.cols
    yield r.with_term(Term("sum", (x,), (axis,), rows, cols, x.free))


def _call_sums_along(axis: int) -> CallRule:
    def rule(reader: Reader, r: Reading, terms: tuple[Term, ...], keywords: dict[str, Node], node: sx.Call) -> Iterable[Reading]:
        x = terms[0]
        yield r.with_term(Term("sum", (x,), (axis,), ONE if axis == 0 else x.rows, ONE if axis == 1 else x.cols, x.free))

    return rule


def _call_vec(reader: Reader, r: Reading, terms: tuple[Term, ...], keywords: dict[str, Node], node: sx.Call) -> Iterable[Reading]:
    x = terms[0]
    yield r.with_term(Term("function", (x,), ("vec",), x.rows * x.cols, ONE))


def _below(node: sx.Call) -> Node | None:
    """What stands at the lower right of the function's name."""
    return node.function.sub if isinstance(node.function, sx.Scripted) else None


def _word_below(node: sx.Call) -> str:
    return script_text(_below(node)).removeprefix("\\mathrm{").removesuffix("}")


def _call_rearranged(op: str) -> CallRule:
    """What stands in another shape; a size that is written nowhere is left to what is done with it."""

    def rule(reader: Reader, r: Reading, terms: tuple[Term, ...], keywords: dict[str, Node], node: sx.Call) -> Iterable[Reading]:
        x, sizes = terms[0], reader.sizes(_below(node))
        left_open = tuple(unknown(f"{op}:{axis}:{reader.statement}:{node.span.start}") for axis in ("rows", "cols"))
        if op == "pad":
            yield from _padded(reader, r, x, _below(node), left_open[0])
            return
        if op in _OF_UNKNOWN_SIZE:
            params: tuple[Any, ...] = left_open[: _OF_UNKNOWN_SIZE[op]]
            yield r.with_term(Term("function", (x,), (op, *params), params[0], params[-1]))
            return
        if op in ("unfold", "fold"):
            counts = [size.number for size in sizes or ()]
            if len(counts) != 2 or None in counts:
                return
            params = tuple(int(count) for count in counts if count is not None)
            if op == "fold":
                yield r.with_term(Term("function", (x,), (op, *params, left_open[0]), left_open[0], r.shapes.resolve(x.cols) / params[0]))
                return
        else:
            params = () if op == "diagonal_sums" else tuple(sizes or ())
        try:
            rows, cols = op_named(op).shape((r.shapes.shape(x.rows, x.cols),), params)
        except (ShapeError, ValueError):
            return
        yield r.with_term(Term("function", (x,), (op, *params), rows, cols))

    return rule


# How many sizes of the result are written nowhere.
_OF_UNKNOWN_SIZE = {"lower": 1, "symmetric": 1, "toeplitz": 2}


def _padded(reader: Reader, r: Reading, x: Term, below: Node | None, size: Dim) -> Iterable[Reading]:
    """`pad_{rows 2:2:2n}(X)`: at these places of an axis, zeros at the others."""
    match below:
        case sx.Listing(items=(axis, place)) | sx.Product(factors=(axis, place), operators=("",)):
            along = script_text(axis).removeprefix("\\mathrm{").removesuffix("}").rstrip("s")
            stretch = reader.stretch(place)
            if along in ("row", "column") and stretch is not None:
                shape = (size, x.cols) if along == "row" else (x.rows, size)
                yield r.with_term(Term("function", (x,), ("pad", int(along != "row"), stretch[0], stretch[2], size), *shape))


def _call_scattered(op: str) -> CallRule:
    """Standard deviations and standardised values, with what is added to the variance: `std(X; ε = 1/1000)`."""

    def rule(reader: Reader, r: Reading, terms: tuple[Term, ...], keywords: dict[str, Node], node: sx.Call) -> Iterable[Reading]:
        x = terms[0]
        added = next((keywords[e] for e in ("\\varepsilon", "\\epsilon", "eps") if e in keywords), None)
        eps = Fraction(0) if added is None else constant_of(added)
        if eps is None:
            return
        vector = r.shapes.is_one(x.rows) or r.shapes.is_one(x.cols)
        axis = None if vector else _AXES.get(_word_below(node))
        sizes = (x.rows, x.cols)
        if op == "std":
            sizes = (ONE if axis in (None, 0) else x.rows, ONE if axis in (None, 1) else x.cols)
        yield r.with_term(Term("function", (x,), (op, axis, eps), *sizes))

    return rule


def _call_mean(reader: Reader, r: Reading, terms: tuple[Term, ...], keywords: dict[str, Node], node: sx.Call) -> Iterable[Reading]:
    axis = _axis(keywords) if _word_below(node) not in _AXES else 1 - _AXES[_word_below(node)]  # of the rows: down each column
    for summed in _summed(r, terms, axis):
        count = Term("count", (terms[0],), (axis,))
        yield summed.with_term(Term("hadamard", (count, summed.term), (), summed.term.rows, summed.term.cols, summed.term.free))


def _call_trace(reader: Reader, r: Reading, terms: tuple[Term, ...], keywords: dict[str, Node], node: sx.Call) -> Iterable[Reading]:
    met = r.shapes.unify(terms[0].rows, terms[0].cols)
    if met is not None:
        yield r.plus(0.0, met, Term("trace", (terms[0],), (), ONE, ONE, terms[0].free))


def _call_diag(reader: Reader, r: Reading, terms: tuple[Term, ...], keywords: dict[str, Node], node: sx.Call) -> Iterable[Reading]:
    (x,) = terms[:1]
    if r.shapes.is_one(x.cols) or r.shapes.is_one(x.rows):
        size = x.rows if r.shapes.is_one(x.cols) else x.cols
        yield r.with_term(Term("diag", (x,), (), size, size, x.free))
    else:
        met = r.shapes.unify(x.rows, x.cols)
        if met is not None:
            yield r.plus(0.0, met, Term("diagonal", (x,), (), x.rows, ONE, x.free))


def _call_dot(reader: Reader, r: Reading, terms: tuple[Term, ...], keywords: dict[str, Node], node: sx.Call) -> Iterable[Reading]:
    if len(terms) == 2:
        yield from multiply(Reading(0, r.shapes, terms[0]), replace(r, term=terms[1]), "cdot", node.span, reader.charity)


def _call_outer(reader: Reader, r: Reading, terms: tuple[Term, ...], keywords: dict[str, Node], node: sx.Call) -> Iterable[Reading]:
    if len(terms) == 2:
        yield from multiply(Reading(0, r.shapes, terms[0]), replace(r, term=terms[1]), "otimes", node.span, reader.charity)


def _call_extremum(op: str) -> CallRule:
    def rule(reader: Reader, r: Reading, terms: tuple[Term, ...], keywords: dict[str, Node], node: sx.Call) -> Iterable[Reading]:
        if len(terms) == 1 and op == "maximum":
            (x,) = terms
            axis = None if is_scalar(r.shapes, x) else _AXES.get(_word_below(node))
            rows, cols = (ONE if axis in (None, 0) else x.rows), (ONE if axis in (None, 1) else x.cols)
            yield r.with_term(Term("function", (x,), ("max", axis), rows, cols))
            return
        if len(terms) != 2:
            return
        a, b = terms
        zero = [t for t in terms if t.op == "number" and t.params[0] == 0]
        if zero and op == "maximum":
            yield r.with_term(_mapped("relu", b if a is zero[0] else a))
            return
        wide = b if is_scalar(r.shapes, a) else a
        yield r.with_term(Term("elementwise", (a, b), (op,), wide.rows, wide.cols, free_of(a, b)))

    return rule


def _call_function(op: str) -> CallRule:
    def rule(reader: Reader, r: Reading, terms: tuple[Term, ...], keywords: dict[str, Node], node: sx.Call) -> Iterable[Reading]:
        x = terms[0]
        met = r.shapes.unify(x.rows, x.cols)
        if met is not None:
            shape = {
                "inverse": (x.rows, x.cols), "eigenvectors": (x.rows, x.cols), "eigenvalues": (x.rows, ONE),
                "vech": (x.rows * (x.rows + 1) / 2, ONE),
            }.get(op, (ONE, ONE))  # fmt: skip
            yield r.plus(0.0, met, Term("function", (x,), (op,), *shape))

    return rule


_CALLS: dict[str, CallRule] = {
    **dict.fromkeys(fn.SUMS, _call_sum),
    **dict.fromkeys(fn.SUMS_OF_ROWS, _call_sums_along(1)),
    **dict.fromkeys(fn.SUMS_OF_COLUMNS, _call_sums_along(0)),
    **dict.fromkeys(fn.COLUMNS_STACKED, _call_vec),
    **dict.fromkeys(fn.MEANS, _call_mean),
    **dict.fromkeys(fn.TRACES, _call_trace),
    **dict.fromkeys(fn.DIAGONALS, _call_diag),
    **dict.fromkeys(fn.PRODUCTS, _call_dot),
    **dict.fromkeys(fn.OUTERS, _call_outer),
    **dict.fromkeys(fn.MAXIMA, _call_extremum("maximum")),
    **dict.fromkeys(fn.MINIMA, _call_extremum("minimum")),
    **{word: _call_function(op) for word, op in (fn.OF_A_MATRIX | fn.OF_A_SYMMETRIC_MATRIX).items()},
    **{word: _call_rearranged(op) for word, op in fn.REARRANGEMENTS.items()},
    **{op: _call_rearranged(op) for op in fn.INVERSES.values()},
    **{word: _call_scattered(op) for word, op in fn.SCATTERS.items()},
}

_READERS: dict[type[Node], Callable[[Reader, Any, Shapes], Variants]] = {
    sx.Number: Reader.number,
    sx.Name: Reader.name,
    sx.Scripted: Reader.scripted,
    sx.Sum: Reader.summed,
    sx.Prefix: Reader.prefix,
    sx.Product: Reader.product,
    sx.Frac: Reader.fraction,
    sx.Root: Reader.root,
    sx.Group: Reader.group,
    sx.List: Reader.listed,
    sx.Matrix: Reader.matrix,
    sx.Prescripted: Reader.prescripted,
    sx.Annotated: Reader.annotated,
    sx.Norm: Reader.norm,
    sx.Abs: Reader.absolute,
    sx.Angle: Reader.angle,
    sx.Call: Reader.call,
    sx.Indicator: Reader.indicator,
    sx.Cases: Reader.cases,
    sx.BigOp: Reader.big,
    sx.Derivative: Reader.derivative,
    sx.Differential: Reader.differential,
}
