"""Arrays combined entry by entry, as NumPy broadcasts them: sums, products, quotients, and what they say of vectors beside matrices."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from symgrad.dims import ONE, Dim
from symgrad.errors import ShapeError
from symgrad.form import Form, apply, number
from symgrad.read.arranging import Arranging
from symgrad.read.arrays import Array, Refused, literal
from symgrad.read.kinds import COUNTS, is_weight
from symgrad.read.sizes import BESIDE_SMALL, BIAS, OUTER, RATE
from symgrad.shapes import Shapes
from symgrad.span import Span
from symgrad.textbook import scaled


@dataclass
class Broadcasting(Arranging):
    """Arrays combined entry by entry, under NumPy's broadcasting."""

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
            both = self.shapes_of([*before, array])
            raise self.clash(f"{what} of {both}: {self.shapes.resolve(left)} is not {self.shapes.resolve(right)}", span, *before, array)
        self.shapes = met
        return met.resolve(left)

    def _speak_against(self, arrays: Sequence[Array], shaped: Sequence[Array], bias: bool) -> None:
        if len(shaped) == 1 and len(arrays) > 1 and shaped[0].bare and any(a.literal is None for a in arrays if a is not shaped[0]):
            self.beside_scalars |= shaped[0].names
        columns = [a for a in shaped if self.shapes.is_one(a.cols)]
        rows = [a for a in shaped if self.shapes.is_one(a.rows)]
        if any(a.flat and a.bare for a in columns) and any(a.flat and a.bare for a in rows):
            raise self.clash(f"vectors of one axis side by side, {self.shapes_of(shaped)}", arrays[-1].span, *shaped)
        if columns and rows:
            # A row and a column make a matrix of all their pairs; whoever means that writes the transpose himself.
            self.blame(OUTER, {a.bare for a in (*columns, *rows) if a.bare is not None and a.bare in a.names})
        matrices = [a for a in shaped if not self.is_vector(a)]
        if any(a.names & self.small and not a.is_product for a in matrices):
            thinner = {a.bare for a in (*columns, *rows) if a.bare is not None and a.flat and a.bare in a.names}
            self.blame(BESIDE_SMALL, thinner)
            self.with_rows |= thinner
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
            if vector.rate and (other.is_product or (over and vector.rate in COUNTS)):
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
