"""Everything that can be made of arrays whose sizes are unified as NumPy would broadcast them: matrix products on top of the rest."""

from __future__ import annotations

from dataclasses import dataclass, replace

from symgrad.dims import ONE
from symgrad.form import Form
from symgrad.read.arrays import Array, Refused, squeezed
from symgrad.read.broadcasting import Broadcasting
from symgrad.read.sizes import BIAS, INNER, RATE, THIN, TURNED
from symgrad.shapes import Shapes
from symgrad.span import Span
from symgrad.textbook import product_of

_LETTERS = "abcdefghijklmnopqrstuvw"


@dataclass
class Typing(Broadcasting):
    """What arrays are made of others, what has been found of the sizes under one choice of kinds, and what speaks against the choice."""

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
            both = self.shapes_of([left, right])
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
                    both = self.shapes_of([left, right])
                    raise self.clash(f"matrix products of {both}: {known} is not {new}", span, left, right)
                else:
                    self.shapes = met
                # An axis of size 1 has a letter of its own: it is repeated beside the other's.
                letters += shared[axis].upper() if new.is_one else shared[axis]
            spelled.append(letters + ends)
        out = "".join(c if c in "".join(spelled) else c.upper() for c in shared) + "yx"
        return self.index_product(f"{','.join(spelled)}->{out}", [left, right], [*lead, left.rows, right.cols], span)
