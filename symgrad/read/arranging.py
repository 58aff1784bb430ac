"""Arrays of the entries of others: transposed, summed along axes, filled, joined, cut, in another shape, in products over indices."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from symgrad.dims import ONE, Dim, Shape
from symgrad.form import Form, apply, number
from symgrad.ops.arrange import stretch
from symgrad.read.arrays import Array, squeezed
from symgrad.read.sizes import Sizes
from symgrad.shapes import Shapes
from symgrad.span import Span
from symgrad.textbook import scaled

_LETTERS = "abcdefghijklmnopqrstuvw"


@dataclass
class Arranging(Sizes):
    """Arrays of the entries of others, with their sizes."""

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

    def permuted(self, array: Array, order: Sequence[int], span: Span) -> Array:
        """The axes in another order."""
        if not array.lead:
            return replace(array, span=span) if list(order) == [0, 1] else self.transpose(array, span)
        letters = _LETTERS[: len(order)]
        out = "".join(letters[i] for i in order)
        return self.index_product(f"{letters}->{out}", [array], [array.shape[i] for i in order], span)

    def column(self, array: Array, span: Span) -> Array:
        """A vector as a column."""
        is_row = self.shapes.is_one(array.rows) and not self.shapes.is_one(array.cols)
        return replace(self.transpose(array, span), flat=array.flat) if is_row else array

    def square(self, array: Array, what: str, span: Span) -> Array:
        """The array, which has to be a square matrix."""
        met = self.shapes.unify(array.rows, array.cols)
        if met is None:
            raise self.clash(f"{what} of a {self.shown(array)}: it needs a square matrix", span, array)
        self.shapes = met
        return array

    def with_axis(self, array: Array, at: int, span: Span) -> Array:
        """With a new axis of size 1."""
        letters = _LETTERS[: len(array.shape)]
        out = f"{letters[:at]}z{letters[at:]}"
        shape = (*array.shape[:at], ONE, *array.shape[at:])
        return self.index_product(f"{letters},zZ->{out}", [array, self.filled("ones", (ONE, ONE), span)], shape, span)

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
