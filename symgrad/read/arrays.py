"""Typed pieces of an expression: arrays whose sizes are unified as NumPy would broadcast them.

    array ::= leading axes × rows × columns, and the form it will be once every size is known

Only what is declared to have more than two axes, or is made of it, has leading axes; there axes that are summed away are gone, as in
NumPy, and of matrices they stay with size 1. What would have one axis left is a row.

Two sizes that cannot be told apart are taken to be equal: NumPy would also take either of them to be 1, but nobody means that. What
an undeclared name is (a column, a row, a scalar) is chosen before; an array only says what speaks against that choice.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import count

from symgrad.dims import ONE, Dim, Shape, show
from symgrad.errors import ShapeError, SymgradError
from symgrad.form import Form, apply, number, symbol
from symgrad.ops.arrange import stretch
from symgrad.shapes import Declared, Shapes, is_unknown, unknown
from symgrad.span import Source, Span, caret
from symgrad.textbook import product_of, scaled

Make = Callable[[Shapes], Form]
_SIZES = "ndkmpqrsuvhlabcefgijotwxyz"
# What speaks against a choice of kinds: a row that meets a column, a bias that is no row, a product over an axis of size 1, and a letter
# of numbers (the n of XᵀX/n, the s of s*B@A) that is a vector beside a matrix.
OUTER, BIAS, THIN, RATE = 3.0, 2.5, 3.0, 2.5
# And what a product costs that only fits as NumPy has it for vectors of one axis: x @ y as xᵀ y, x @ A as Aᵀ x.
INNER, TURNED = 0.5, 4.0


class Refused(Exception):
    """A place in an expression that cannot be, the kind of error that it is, and the names whose kind may be to blame."""

    def __init__(self, kind: type[SymgradError], message: str, span: Span, names: frozenset[str] = frozenset()) -> None:
        super().__init__(message)
        self.kind, self.message, self.span, self.names = kind, message, span, names

    def at(self, source: Source) -> SymgradError:
        """The error with its place: line, column, the line itself and a caret."""
        line, column = source.place(self.span.start)
        first, *more = self.message.splitlines()
        return self.kind("\n".join([f"{source.name}:{line}:{column}: {first}", caret(source, self.span), *more]))


@dataclass(frozen=True)
class Array:
    """A piece of an expression; `lead` are the axes before its rows and columns.

    `names` are the undeclared names in it; `bare` is the one name of which it is a function entry by entry; `kept` says that an axis of
    size 1 is what a sum left; `ends` are the names that a matrix product begins and ends with; `literal` is the value of a number;
    `norm_of` what it is the norm of; `flat` says that NumPy has it as a vector of one axis, a column here or a row; `owed` is what has been
    paid for turning it, which a quadratic form x @ A @ y need not. `mask` says that its entries are 0 and 1, `causal` that they are 1 on
    and below the diagonal, `anticausal` above it, `opposite` the mask that is 1 where this one is 0; `masked` is what stands where such a
    mask is 1, beside entries that a softmax leaves out; `stacked` is the shape of the matrix whose columns it has on top of each other;
    `upright` says that an axis was made by hand in it, `x[:, None]`: who writes so counts the axes of vectors as NumPy does.
    `is_product` says that it is a matrix product and nothing more, `rate` is a name by itself or below a number, `1/n`; `scales` are the
    letters of numbers that multiply its entries from the left, `behind` the columns that do so from the right, `stretched` all columns that
    multiply or divide them, and `lies` says that a row was added to its rows: gains lie as biases do.
    """

    rows: Dim
    cols: Dim
    make: Make
    span: Span
    names: frozenset[str] = frozenset()
    bare: str | None = None
    kept: bool = False
    ends: tuple[str | None, str | None] | None = None
    literal: Fraction | None = None
    norm_of: Array | None = None
    lead: Shape = ()
    flat: bool = False
    owed: float = 0.0
    mask: bool = False
    causal: bool = False
    anticausal: bool = False
    opposite: Array | None = None
    masked: Array | None = None
    stacked: Shape | None = None
    upright: bool = False
    is_product: bool = False
    rate: str | None = None
    scales: frozenset[str] = frozenset()
    behind: frozenset[str] = frozenset()
    stretched: frozenset[str] = frozenset()
    lies: bool = False

    @property
    def shape(self) -> Shape:
        """Every axis."""
        return (*self.lead, self.rows, self.cols)


def literal(value: Fraction, span: Span) -> Array:
    """A number."""
    return Array(ONE, ONE, lambda _: number(value), span, literal=value)


def sized(dim: Dim, span: Span) -> Array:
    """A size as a number: the n of `sum(x) / n`."""

    def make(shapes: Shapes) -> Form:
        found = shapes.resolve(dim)
        if found.number is not None:
            return number(found.number)
        factor = found.terms[0][1] if len(found.terms) == 1 else Fraction(1)  # n/2 is 1/2 times n
        return number(factor, ((found * (1 / factor), 1),))

    return Array(ONE, ONE, make, span)


def squeezed(form: Form) -> Form:
    """A scalar of shape () where a matrix of 1×1 is needed."""
    return form if form.shape else apply("reshape", [form], (ONE, ONE))


@dataclass
class Typing:
    """What has been found of the sizes under one choice of kinds, and what speaks against the choice."""

    source: Source
    taken: frozenset[str] = frozenset()
    shapes: Shapes = field(default_factory=Declared)
    cost: float = 0.0
    blamed: set[str] = field(default_factory=set)
    beside_scalars: set[str] = field(default_factory=set)
    equal_at_last: list[Dim] = field(default_factory=list)
    lengths: list[Dim] = field(default_factory=list)
    met: dict[str, Shape] = field(default_factory=dict)
    made: dict[str, Shape] = field(default_factory=dict)
    """The shapes of definitions whose forms are made: a sum is a scalar of shape (), and is used as one."""
    masks: set[str] = field(default_factory=set)
    """The inputs that are used as conditions: their entries are 0 and 1."""

    # ── names and sizes ──────────────────────────────────────────────────────────────────────────────────────────────

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
        loose = frozenset((name,)) if flat or kind == "scalar" else frozenset()

        def make(shapes: Shapes) -> Form:
            return symbol(name, shapes.shape(*shape))

        rate = name if flat and stem(name) in _RATES else None
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

    def clash(self, message: str, span: Span, *arrays: Array) -> Refused:
        """Operands whose shapes do not go together."""
        blamed = frozenset().union(*(array.names for array in arrays))
        return Refused(ShapeError, f"{message}\n  where {self.described(*arrays)}", span, blamed)

    def blame(self, cost: float, names: Iterable[str]) -> None:
        found = set(names)
        if found:
            self.cost += cost
            self.blamed |= found

    # ── entry by entry ───────────────────────────────────────────────────────────────────────────────────────────────

    def broadcast(self, what: str, arrays: Sequence[Array], span: Span, make: Callable[[list[Form]], Form], bias: bool = False) -> Array:
        """Operands combined entry by entry under NumPy's broadcasting; `bias` where a vector is added to a matrix."""
        shaped = [a for a in arrays if not self.is_scalar(a)]
        both_ways = len({self.shapes.is_one(a.cols) for a in shaped}) > 1
        if both_ways and all(a.flat and not (a.bare and a.names) for a in shaped):
            arrays = [self.column(a, a.span) if a.flat else a for a in arrays]
            shaped = [a for a in arrays if not self.is_scalar(a)]
        arrays = [self._as_it_lies(a, arrays) for a in arrays]
        shaped = [a for a in arrays if not self.is_scalar(a)]
        self._speak_against(arrays, shaped, bias)
        # vec(A X B) − vec(C): of matrices of one shape, and not only of as many entries.
        stacks = [a.stacked for a in shaped if a.stacked is not None]
        for stack in stacks[1:]:
            self.shapes = self.shapes.together(*zip(stacks[0], stack, strict=True)) or self.shapes
        axes = [ONE] * max(len(a.shape) for a in arrays)
        for k, array in enumerate(arrays):
            before = arrays[:k]
            self._is_declared(array, len(axes), span)
            for axis, dim in enumerate(array.shape, start=len(axes) - len(array.shape)):
                axes[axis] = self._axis(axes[axis], dim, what, span, before, array)
        *lead, rows, cols = axes
        names = frozenset().union(*(a.names for a in arrays))
        bare = shaped[0].bare if len(shaped) == 1 else arrays[0].bare if len(arrays) == 1 else None
        bare = bare if not shaped or len(shaped) == 1 else None
        ends = next((a.ends for a in arrays if a.ends is not None and a.bare is None), None)
        kept, flat = any(a.kept for a in arrays), bool(shaped) and all(a.flat for a in shaped)

        def made(shapes: Shapes) -> Form:
            return make([a.make(shapes) for a in arrays])

        stacked = stacks[0] if stacks and len(stacks) == len(shaped) else None
        upright = any(a.upright for a in arrays)
        return Array(rows, cols, made, span, names, bare, kept, ends, lead=tuple(lead), flat=flat, stacked=stacked, upright=upright)

    def _as_it_lies(self, array: Array, arrays: Sequence[Array]) -> Array:
        """A vector of one axis lies as a row, as NumPy has it, where another operand says so: x[:, None] − y, or a matrix just as wide.

        Otherwise it is a column beside the others: sums keep their axes.
        """
        # W @ x may as well be of a column x.
        known = array.kept or array.bare is not None or (array.ends is not None and array.ends[0] == array.ends[1])
        if not array.flat or not known or array.lead or not self.shapes.is_one(array.cols) or self.is_scalar(array):
            return array
        length, is_input = self.shapes.resolve(array.rows), array.bare is not None
        for other in arrays:
            if other is array or other.lead or self.is_scalar(other):
                continue
            by_hand = other.upright or (other.kept and not other.flat and not is_input)
            if self.is_vector(other):
                lies = by_hand and not other.flat
            else:
                wide = self.shapes.resolve(other.cols) is length
                lies = wide and (other.upright or (not is_input and self.shapes.resolve(other.rows) is not length))
            if lies:
                return replace(self.transpose(array, array.span), flat=True, kept=array.kept, bare=array.bare)
        return array

    def _is_declared(self, array: Array, rank: int, span: Span) -> None:
        """A matrix beside more axes has a shape: whether a Y of which nothing is known has them too, nothing says."""
        open_sizes = self.shapes.is_open(array.rows) and self.shapes.is_open(array.cols)
        if rank > len(array.shape) and array.bare is not None and array.bare in self.met and open_sizes:
            raise Refused(
                ShapeError,
                f'{array.bare} stands beside an array of {rank} axes and may have as many; declare it, as in --dims "{array.bare}: b,t,d"',
                array.span,
                frozenset((array.bare,)),
            )

    def _axis(self, so_far: Dim, new: Dim, what: str, span: Span, before: Sequence[Array], array: Array) -> Dim:
        left, right = self.shapes.resolve(so_far), self.shapes.resolve(new)
        if left is right or not before:
            return right
        if right.is_one or left.is_one:
            longer = left if right.is_one else right
            owner, other = (before[-1], array) if right.is_one else (array, before[-1])
            said = other.kept or other.upright or self.is_scalar(other)
            named = owner.bare is not None and other.bare is None and not said
            if named and self.shapes.is_open(longer):
                self.equal_at_last.append(longer)
            return longer
        met = self.shapes.unify(left, right)
        if met is None:
            both = self._shapes_of([*before, array])
            raise self.clash(f"{what} of {both}: {self.shapes.resolve(left)} is not {self.shapes.resolve(right)}", span, *before, array)
        self.shapes = met
        return met.resolve(left)

    def _shapes_of(self, arrays: Sequence[Array]) -> str:
        return " and ".join(self.shown(a) for a in arrays if not self.is_scalar(a))

    def _speak_against(self, arrays: Sequence[Array], shaped: Sequence[Array], bias: bool) -> None:
        if len(shaped) == 1 and len(arrays) > 1 and shaped[0].bare and any(a.literal is None for a in arrays if a is not shaped[0]):
            self.beside_scalars |= shaped[0].names
        columns = [a for a in shaped if self.shapes.is_one(a.cols)]
        rows = [a for a in shaped if self.shapes.is_one(a.rows)]
        if columns and rows:
            # A row and a column make a matrix of all their pairs; whoever means that writes the transpose himself.
            self.blame(OUTER, {a.bare for a in (*columns, *rows) if a.bare is not None and a.bare in a.names})
        matrices = [a for a in shaped if not self.is_vector(a)]
        if not bias or not matrices:
            return
        if rows:
            self.blame(BIAS, frozenset().union(*(a.stretched for a in matrices)))
        first, last = matrices[0].ends or (None, None)
        columns_of_data = first is not None and last is not None and is_weight(first) and not is_weight(last)
        against = rows if columns_of_data else columns
        self.blame(BIAS, {a.bare for a in against if a.bare is not None and a.bare in a.names})

    def elementwise(self, op: str, arrays: Sequence[Array], span: Span, params: tuple[Fraction, ...] = ()) -> Array:
        return self.broadcast(op, arrays, span, lambda forms: apply(op, forms, params))

    def add(self, arrays: Sequence[Array], span: Span) -> Array:
        made = self.broadcast("a sum", arrays, span, _summed, bias=True)
        vectors = [a for a in arrays if self.is_vector(a) and not self.is_scalar(a)]
        return replace(made, lies=not self.is_vector(made) and any(self.shapes.is_one(a.rows) for a in vectors))

    def negative(self, array: Array, span: Span) -> Array:
        if array.literal is not None:
            return literal(-array.literal, span)
        return replace(array, make=lambda shapes: scaled([number(-1)], array.make(shapes)), span=span, norm_of=None)

    def times(self, left: Array, right: Array, span: Span) -> Array:
        """The product entry by entry; a factor of 1×1 stands in front."""
        if left.literal is not None and right.literal is not None:
            return literal(left.literal * right.literal, span)
        return self._scaled(left, right, self.broadcast("an entrywise product", [left, right], span, _multiplied))

    def _scaled(self, left: Array, right: Array, made: Array, over: bool = False) -> Array:
        """A product or quotient entry by entry, and what its vectors are likely to be beside a matrix."""
        if (self.is_scalar(left) and right.rate and not left.rate) or (self.is_scalar(right) and left.rate and not over):
            return replace(made, rate=right.rate or left.rate)
        pairs = [(right, left)] if over else [(left, right), (right, left)]
        scales, stretched, behind = left.scales if over else left.scales | right.scales, left.stretched | right.stretched, left.behind
        for vector, other in pairs:
            name = vector.rate or vector.bare
            if name is None or name not in vector.names or not vector.flat or other.lead:
                continue
            if vector.rate and (other.is_product or (over and vector.rate in _COUNTS)):
                self.blame(RATE, {name})
                self.beside_scalars.add(name)
            if self.is_vector(other):
                continue
            if other.lies and self.shapes.is_one(vector.cols):
                self.blame(BIAS, {name})
            stretched |= {name} if self.shapes.is_one(vector.cols) else set()
            behind |= {name} if vector is right and not over and self.shapes.is_one(vector.cols) else set()
            # In front, as in s*B, it may be a factor of a product that comes yet.
            scales |= {name} if vector.rate and vector is left else set()
        return replace(made, scales=scales, stretched=stretched, behind=behind, lies=left.lies or right.lies)

    def over(self, left: Array, right: Array, span: Span) -> Array:
        """The quotient entry by entry."""
        if right.literal is not None and right.literal:
            return self.times(left, literal(1 / right.literal, right.span), span)
        return self._scaled(left, right, self.broadcast("a quotient", [left, right], span, _divided), over=True)

    # ── matrices ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def matmul(self, left: Array, right: Array, span: Span) -> Array:
        """The matrix product; where it only fits so, a vector of one axis is what it has to be, as NumPy takes it."""
        if left.stacked is not None and right.stacked is not None:
            self.shapes = self.shapes.together(*zip(left.stacked, right.stacked, strict=True)) or self.shapes
        known = self.shapes
        same_way = left.flat and right.flat and self.shapes.is_one(left.cols) is self.shapes.is_one(right.cols)
        if same_way and not self.is_scalar(left) and not self.is_scalar(right):
            turned = self._turned(left, right, span)
            if turned is not None:
                return turned
        try:
            return self._matmul(left, right, span)
        except Refused:
            said, self.shapes = self.shapes, known
            turned = self._turned(left, right, span)
            if turned is None:
                self.shapes = said
                raise
            return turned

    def _turned(self, left: Array, right: Array, span: Span) -> Array | None:
        """xᵀ y for x @ y of vectors of one axis, Aᵀ x for x @ A, and A x where x came as a row."""
        if left.lead or right.lead or self.is_scalar(left) or self.is_scalar(right):
            return None
        owed = left.owed + right.owed
        cost = INNER - owed if left.flat and right.flat else TURNED
        try:
            if left.flat and right.flat:
                made = self._matmul(self.transpose(self.column(left, left.span), span), self.column(right, right.span), span)
            elif left.flat:
                made = self._matmul(self.transpose(right, right.span), self.column(left, left.span), span)
            elif right.flat:
                made = self._matmul(left, self.column(right, right.span), span)
            else:
                return None
        except Refused:
            return None
        self.blame(0.0, left.names | right.names)
        self.cost += cost
        return replace(made, flat=True, owed=0.0 if left.flat and right.flat else owed + TURNED)

    def _matmul(self, left: Array, right: Array, span: Span) -> Array:
        inner, outer = self.shapes.resolve(left.cols), self.shapes.resolve(right.rows)
        met = self.shapes.unify(inner, outer)
        thin = inner.is_one is not outer.is_one
        wide = outer if inner.is_one else inner
        undeclared = self.shapes.is_open(wide) and bool((left if inner.is_one else right).names)
        at_last = any(self.shapes.resolve(dim) is wide for dim in self.equal_at_last)
        long = thin and (self.is_length(wide) or (undeclared and not at_last))
        # A product of all pairs is written x @ y.T; in x @ y nobody means y to be a row.
        pairs = inner.is_one and right.bare is not None and right.bare in right.names and not self.is_scalar(left)
        if met is None or (long and not left.lead and not right.lead) or pairs:
            both = self._shapes_of([left, right])
            inner, outer = self.shapes.resolve(inner), self.shapes.resolve(outer)
            raise self.clash(f"a matrix product of {both}: {inner} columns do not meet {outer} rows", span, left, right)
        if thin and not at_last:
            self.blame(THIN, left.names | right.names)
        self.shapes = met
        ends = (left.ends or (None, None))[0], (right.ends or (None, None))[1]
        if left.lead or right.lead:
            made = self._batched(left, right, span)
            # A vector of one axis leaves none behind.
            gone = [len(made.shape) - 1] if right.flat else [len(made.shape) - 2] if left.flat else []
            return self.without(made, gone, span) if gone else made

        def make(shapes: Shapes) -> Form:
            return product_of([squeezed(left.make(shapes)), squeezed(right.make(shapes))])

        vector = self.shapes.is_one(left.rows) or self.shapes.is_one(right.cols)
        flat = vector and left.flat is not right.flat
        if left.behind:
            self.blame(BIAS, left.behind)  # the s of U*s@Vt
        if left.scales:
            self.blame(RATE, left.scales)
            self.beside_scalars |= left.scales
        return Array(left.rows, right.cols, make, span, left.names | right.names, ends=ends, flat=flat, is_product=True)

    def _batched(self, left: Array, right: Array, span: Span) -> Array:
        """The matrix products of arrays with leading axes, one for each place there."""
        rank = max(len(left.lead), len(right.lead))
        lead = [ONE] * rank
        spelled, shared = [], _LETTERS[:rank]
        for array, ends in ((left, "yz"), (right, "zx")):
            letters = ""
            for axis, dim in enumerate(array.lead, start=rank - len(array.lead)):
                known, new = self.shapes.resolve(lead[axis]), self.shapes.resolve(dim)
                if known.is_one or new.is_one:
                    lead[axis] = known if new.is_one else new
                elif (met := self.shapes.unify(known, new)) is None:
                    both = self._shapes_of([left, right])
                    raise self.clash(f"matrix products of {both}: {known} is not {new}", span, left, right)
                else:
                    self.shapes = met
                # An axis of size 1 has a letter of its own: it is repeated beside the other's.
                letters += shared[axis].upper() if new.is_one else shared[axis]
            spelled.append(letters + ends)
        out = "".join(c if c in "".join(spelled) else c.upper() for c in shared) + "yx"
        return self.index_product(f"{','.join(spelled)}->{out}", [left, right], [*lead, left.rows, right.cols], span)

    def permuted(self, array: Array, order: Sequence[int], span: Span) -> Array:
        """The axes in another order."""
        if not array.lead:
            return replace(array, span=span) if list(order) == [0, 1] else self.transpose(array, span)
        letters = _LETTERS[: len(order)]
        out = "".join(letters[i] for i in order)
        return self.index_product(f"{letters}->{out}", [array], [array.shape[i] for i in order], span)

    def transpose(self, array: Array, span: Span) -> Array:
        """The transpose; of more than two axes that is all of them in the opposite order, as in NumPy."""
        if array.lead:
            return self.permuted(array, range(len(array.shape))[::-1], span)

        def make(shapes: Shapes) -> Form:
            form = array.make(shapes)
            return form if form.is_scalar else form.args[0] if form.op == "transpose" else apply("transpose", [form])

        ends = None if array.ends is None else (array.ends[1], array.ends[0])
        turned = Array(array.cols, array.rows, make, span, array.names, kept=array.kept, ends=ends, mask=array.mask)
        return replace(turned, literal=array.literal, owed=array.owed, stacked=array.stacked)

    def with_axis(self, array: Array, at: int, span: Span) -> Array:
        """With a new axis of size 1."""
        letters = _LETTERS[: len(array.shape)]
        out = f"{letters[:at]}z{letters[at:]}"
        shape = (*array.shape[:at], ONE, *array.shape[at:])
        return self.index_product(f"{letters},zZ->{out}", [array, self.filled("ones", (ONE, ONE), span)], shape, span)

    def square(self, array: Array, what: str, span: Span) -> Array:
        """The array, which has to be a square matrix."""
        met = self.shapes.unify(array.rows, array.cols)
        if met is None:
            raise self.clash(f"{what} of a {self.shown(array)}: it needs a square matrix", span, array)
        self.shapes = met
        return array

    def column(self, array: Array, span: Span) -> Array:
        """A vector as a column."""
        is_row = self.shapes.is_one(array.rows) and not self.shapes.is_one(array.cols)
        return replace(self.transpose(array, span), flat=array.flat) if is_row else array

    def one(
        self,
        op: str,
        array: Array,
        rows: Dim,
        cols: Dim,
        span: Span,
        params: Callable[[Shapes], tuple[object, ...]] | None = None,
        lead: Shape = (),
    ) -> Array:
        """An op of one operand whose result has that shape."""

        def make(shapes: Shapes) -> Form:
            return apply(op, [squeezed(array.make(shapes))], params(shapes) if params else ())

        return Array(rows, cols, make, span, array.names, lead=lead)

    def reduced(self, op: str, array: Array, axes: Sequence[int] | None, keep: bool, span: Span) -> Array:
        """A sum, mean or maximum over all entries, or along axes; those stay with size 1 in a matrix, and elsewhere if `keep` says so."""
        if axes is None and self.is_scalar(array):
            return replace(array, span=span)
        if axes is None or len(axes) == len(array.shape):
            return self.one(op, array, ONE, ONE, span, lambda _: (None,))
        gone = bool(array.lead) and not keep
        if gone and op in ("sum", "mean") and len(array.shape) - len(axes) >= 2:
            made = self.without(array, axes, span)
            return made if op == "sum" else self._over_sizes(made, [array.shape[axis] for axis in axes])
        made = array
        for axis in axes:
            *lead, rows, cols = (ONE if i == axis else dim for i, dim in enumerate(made.shape))
            made = self.one(op, made, rows, cols, span, lambda _, axis=axis: (axis,), lead=tuple(lead))  # type: ignore[misc]
        return self.without(made, axes, span) if gone else replace(made, kept=True, flat=not keep)

    def _over_sizes(self, array: Array, sizes: Sequence[Dim]) -> Array:
        def make(shapes: Shapes) -> Form:
            return scaled([number(1, tuple((shapes.resolve(dim), -1) for dim in sizes))], array.make(shapes))

        return replace(array, make=make)

    def without(self, array: Array, axes: Sequence[int], span: Span) -> Array:
        """Summed over axes, which then are gone, but for those that a row needs."""
        letters = _LETTERS[: len(array.shape)]
        needed = 2 - (len(letters) - len(axes))
        spare = [axis for axis in axes if self.shapes.is_one(array.shape[axis])][: max(0, needed)]
        kept = [*spare, *(i for i in range(len(letters)) if i not in axes)]
        return self.index_product(f"{letters}->{''.join(letters[i] for i in kept)}", [array], [array.shape[i] for i in kept], span)

    def filled(self, op: str, shape: Shape, span: Span) -> Array:
        """Ones or zeros of a shape, or an identity."""
        *lead, rows, cols = shape
        params = (lambda s: (s.resolve(rows),)) if op == "eye" else (lambda s: s.shape(*shape))
        return Array(rows, cols, lambda shapes: apply(op, (), params(shapes)), span, lead=tuple(lead), mask=op in ("ones", "zeros", "eye"))

    def joined(self, arrays: Sequence[Array], axis: int, span: Span) -> Array:
        """Arrays one after the other along an axis: matrices on top of each other (0) or side by side (1)."""
        shape = list(arrays[0].shape)
        shape[axis] = Dim.of(0)
        for array in arrays:
            for i, dim in enumerate(array.shape):
                met = self.shapes if i == axis else self.shapes.unify(shape[i], dim) if len(array.shape) == len(shape) else None
                if met is None and len(shape) > 2:
                    raise self.clash(f"joined along axis {axis}: all other sizes must be the same", span, *arrays)
                if met is None:
                    what = ("columns", "rows")[axis]
                    raise self.clash(f"{('vstack', 'hstack')[axis]}: they must have the same number of {what}", span, *arrays)
                self.shapes = met
            shape[axis] = shape[axis] + array.shape[axis]
        *lead, rows, cols = shape
        names = frozenset().union(*(a.names for a in arrays))

        def make(shapes: Shapes) -> Form:
            return apply("concat", [squeezed(a.make(shapes)) for a in arrays], (axis,))

        return Array(rows, cols, make, span, names, lead=tuple(lead))

    def sliced(self, array: Array, axis: int, start: Dim, stop: Dim, step: int, span: Span) -> Array:
        """Positions from `start` up to, not with, `stop` along an axis."""
        length = stretch(self.shapes.resolve(start), self.shapes.resolve(stop), step)
        *lead, rows, cols = (length if i == axis else dim for i, dim in enumerate(array.shape))

        def make(shapes: Shapes) -> Form:
            form = squeezed(array.make(shapes))
            first, last = shapes.resolve(start), shapes.resolve(stop)
            whole = step == 1 and (first, last) == (Dim.of(0), form.shape[axis])
            return form if whole else apply("slice", [form], (axis, first, last, step))

        return Array(rows, cols, make, span, array.names, lead=tuple(lead))

    def padded(self, array: Array, axis: int, before: int, behind: int, span: Span) -> Array:
        """Zeros before and behind along an axis."""
        size = self.shapes.resolve(array.shape[axis]) + before + behind
        *lead, rows, cols = (size if i == axis else dim for i, dim in enumerate(array.shape))

        def make(shapes: Shapes) -> Form:
            return apply("pad", [squeezed(array.make(shapes))], (axis, Dim.of(before), 1, shapes.resolve(size)))

        return Array(rows, cols, make, span, array.names, lead=tuple(lead), flat=array.flat)

    def flipped(self, array: Array, axis: int, span: Span) -> Array:
        """The positions along an axis in the opposite order."""
        return replace(self.one("flip", array, array.rows, array.cols, span, lambda _: (axis,), lead=array.lead), flat=array.flat)

    def rolled(self, array: Array, axis: int, shift: int, span: Span) -> Array:
        """The positions along an axis moved on by so many places, the last ones to the front."""
        return replace(self.one("roll", array, array.rows, array.cols, span, lambda _: (axis, shift), lead=array.lead), flat=array.flat)

    def reshaped(self, array: Array, shape: Shape, span: Span) -> Array:
        """The same entries, row after row, in another shape."""
        *lead, rows, cols = shape
        return self.one("reshape", array, rows, cols, span, lambda shapes: shapes.shape(*shape), lead=tuple(lead))

    def index_product(self, spec: str, arrays: Sequence[Array], shape: Sequence[Dim], span: Span) -> Array:
        """`np.einsum`; a result of one letter is a column, or a row where operands have more than two axes."""
        row = any(a.lead for a in arrays)
        if len(shape) == 1:
            # Its other axis has size 1, and a letter that no operand has.
            spare = next(c for c in reversed(_LETTERS) if c not in spec)
            left, _, out = spec.partition("->")
            one = self.filled("ones", (ONE, ONE), span)
            spec, arrays = f"{left},{spare}{spare.upper()}->{spare + out if row else out + spare}", [*arrays, one]
            return replace(self.index_product(spec, arrays, (ONE, *shape) if row else (*shape, ONE), span), flat=True)
        *lead, rows, cols = shape or (ONE, ONE)
        names = frozenset().union(*(a.names for a in arrays))

        def make(shapes: Shapes) -> Form:
            return apply("einsum", [squeezed(a.make(shapes)) for a in arrays], (spec,))

        return Array(rows, cols, make, span, names, lead=tuple(lead))


TENSORS = ("3 axes", "4 axes", "5 axes")
"""What a name in capitals may be where a matrix does not fit."""
_LETTERS = "abcdefghijklmnopqrstuvw"
_RATES = frozenset("c k m n r s t h alpha beta gamma eta tau temp scale rate".split())
"""The letters of numbers, though a vector may have them too."""
_COUNTS = frozenset({"n", "t", "temp", "tau"})
"""Those that what they divide is not a vector for."""
_WEIGHTS = ("W", "U", "V", "A", "K", "Theta", "Θ")


def is_weight(name: str) -> bool:
    """Whether people give that name to a matrix of weights."""
    return stem(name) in _WEIGHTS


def stem(name: str) -> str:
    """The letters that a name begins with: W of W1, W_hh and W2.

    >>> stem("W1"), stem("W_hh"), stem("theta_0"), stem("Wx")
    ('W', 'W', 'theta', 'W')
    """
    head = name.split("_")[0].rstrip("0123456789")
    return head[0] if len(head) == 2 and head[0].isupper() and head[1].islower() else head


def _summed(forms: list[Form]) -> Form:
    terms = [inner for form in forms for inner in (form.args if form is forms[0] and form.op == "add" else (form,))]
    if all(term.op == "number" and not term.sizes for term in terms):
        return number(sum((term.value for term in terms), Fraction(0)))
    return apply("add", terms)


def _multiplied(forms: list[Form]) -> Form:
    left, right = forms
    if left.is_scalar:
        return scaled([left], right)
    if right.is_scalar:
        return scaled([right], left)
    flat = [*(left.args if left.op == "hadamard" else (left,)), right]
    return apply("hadamard", flat)


def _divided(forms: list[Form]) -> Form:
    top, below = forms
    lead, rest = (below.args[0], below.args[1:]) if below.op == "scale" else (below, ())
    if lead.op != "number" or not lead.value:
        return apply("divide", [top, below])
    under = scaled(list(rest[:-1]), rest[-1]) if rest else None
    reciprocal = number(1 / lead.value, tuple((dim, -exponent) for dim, exponent in lead.sizes))
    return scaled([reciprocal], top if under is None else apply("divide", [top, under]))


def kinds_in_order(name: str, greek: Mapping[str, str]) -> tuple[str, ...]:
    """What an undeclared name may be, the most usual first: lower case a column, upper case a matrix, Greek a scalar."""
    first = stem(name)
    is_greek = (
        (first in greek and first.islower()) or first in ("lam", "lmbda", "lamb", "eps") or (first in greek.values() and first.islower())
    )
    if is_greek:
        return "scalar", "column", "row"
    return ("matrix", *TENSORS) if name[0].isupper() else ("column", "row", "scalar")
