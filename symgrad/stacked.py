"""Derivatives of matrices with their columns stacked: ∂vec(F)/∂vec(X)ᵀ, as sums of Kronecker products.

An entry A_ik B_jl of the derivative of F_ij by X_kl is one of B ⊗ A, since vec(A V Bᵀ) = (B ⊗ A) vec(V); D_jk C_il is one of (D ⊗ C) K, K
being the commutation matrix, K vec(V) = vec(Vᵀ); E_ij F_kl one of vec(E) vec(F)ᵀ; what is entry by entry in between is a
diagonal, as in (I ⊗ Xᵀ) diag(vec(S)) (I ⊗ X). Rows go with F, columns with X.
Source: Magnus & Neudecker, *Matrix Differential Calculus* (2019), chapters 2, 3 and 9.
"""

from __future__ import annotations

from collections.abc import Sequence

from symgrad.coefficient import long_axes, terms_of
from symgrad.dims import ONE, Dim, Shape
from symgrad.errors import Unsupported
from symgrad.form import Form, apply, number, walk
from symgrad.raising import raise_form
from symgrad.rewrite import Facts, simplify
from symgrad.rules import SIMPLIFY
from symgrad.rules.products import flatten_product
from symgrad.tensor import UNIT, Einsum, Factor, Indices, Node, constant, einsum
from symgrad.textbook import diag_of, kron_of, linear, product_of, scaled, turned
from symgrad.textbook_sums import sum_of

LAYOUT = "vec stacks the columns of a matrix; rows go with the first, columns with what stands transposed."


def stacked_size(shape: Shape) -> Dim:
    """How long vec of it is."""
    size = ONE
    for dim in shape:
        size = size * dim
    return size


def has_stacked(rows: Shape, columns: Shape) -> bool:
    """Whether a derivative has more than two axes, and vec makes a matrix of it."""
    return long_axes(rows) + long_axes(columns) > 2 and len(rows) <= 2 and len(columns) <= 2


def stacked(node: Node, rows: Shape, columns: Shape, facts: Facts) -> Form:
    """The derivative, with the axes of `rows` and then those of `columns`, as the matrix that multiplies vec of a direction.

    Raises `Unsupported` where a term of it is no Kronecker product.
    """
    terms = [_Term(flat, rows, columns, facts).form() for term in terms_of(node) for flat in [_flat(term)]]
    return sum_of(terms, (stacked_size(rows), stacked_size(columns)))


def _flat(term: Node) -> Einsum:
    """One product, products inside it being opened."""
    while isinstance(term, Einsum) and (opened := flatten_product(term, Facts())) is not None:
        term = opened
    whole = tuple(range(len(term.shape)))
    return term if isinstance(term, Einsum) else einsum([(term, whole), (constant(1, ()), ())], whole, term.shape)  # type: ignore[return-value]


class _Term:
    """One product of a derivative, by the letters of its entries: F_ij by X_kl."""

    def __init__(self, term: Einsum, rows: Shape, columns: Shape, facts: Facts) -> None:
        self.term, self.facts = term, facts
        if not isinstance(term, Einsum):
            raise Unsupported("it is no product")
        out = iter(term.out)
        self.i, self.j = _pair([next(out) for _ in rows])
        self.k, self.m = _pair([next(out) for _ in columns])
        self.columns = _padded(columns)
        self.free = {label for label in (self.i, self.j, self.k, self.m) if label != UNIT}

    def form(self) -> Form:
        """The first of the ways to write it that fits."""
        ends = (self.i, self.j), (self.k, self.m)
        found = self._kronecker(self.term.factors, *ends) or self._outer() or self._chain()
        if found is None:
            raise Unsupported("it is no sum of Kronecker products")
        return scaled([number(self.term.coefficient, self.term.sizes)], found)

    def _kronecker(self, factors: Sequence[Factor], rows: Indices, columns: Indices) -> Form | None:
        """A_ik B_jl, or C_il D_jk, from the indices i, j of the rows to k, l of the columns."""
        (i, j), (k, m) = rows, columns
        if (found := self._groups(factors, [(i, k), (j, m)])) is not None:
            return kron_of(found[1], found[0])
        apart = {i, j} & {k, m} <= {UNIT}
        if apart and (found := self._groups(factors, [(i, m), (j, k)])) is not None:
            turn = [] if any(dim.is_one for dim in self.columns) else [apply("commutation", (), self._shape(columns))]
            return product_of([kron_of(found[1], found[0]), *turn])
        return None

    def _outer(self) -> Form | None:
        """E_ij F_kl."""
        found = self._groups(self.term.factors, [(self.i, self.j), (self.k, self.m)])
        return None if found is None else product_of([vec_of(found[0]), turned(vec_of(found[1]))])

    def _chain(self) -> Form | None:
        """P_im S_mj Q_mk B_jl as (I ⊗ P) diag(vec(S)) (B ⊗ Q): at either end, what is entry by entry or maps one index is taken off."""
        ends, parts = [(self.i, self.j), (self.k, self.m)], ([], [])  # type: tuple[list[Indices], tuple[list[Form], list[Form]]]
        left = list(self.term.factors)
        while True:
            inner = self._kronecker(left, ends[0], ends[1])
            if inner is not None:
                return product_of([*parts[0], inner, *reversed(parts[1])])
            for side, (pair, taken) in enumerate(zip(ends, parts, strict=True)):
                step = self._entrywise(left, pair, ends[1 - side]) or self._mapped(left, pair, ends[1 - side], side)
                if step is not None:
                    ends[side], form, left = step
                    taken.append(form)
                    break
            else:
                return None

    def _entrywise(self, factors: Sequence[Factor], pair: Indices, other: Indices) -> tuple[Indices, Form, list[Factor]] | None:
        """S_ij beside the rest, which is a diagonal matrix."""
        own = [f for part, touched in _connected(factors, self.free | {*pair, *other}) if touched == set(pair) for f in part]
        return (pair, diag_of(vec_of(self._matrix(own, pair))), [f for f in factors if f not in own]) if own else None

    def _mapped(self, factors: Sequence[Factor], pair: Indices, other: Indices, side: int) -> tuple[Indices, Form, list[Factor]] | None:
        """P_im, by which alone i hangs together with the rest: from the pair i, j to m, j."""
        for at in (0, 1):
            own = [(n, labels) for n, labels in factors if pair[at] in labels]
            if pair[at] == UNIT or pair[at] in other:
                continue
            for between in sorted({label for _, labels in own for label in labels} - self.free - set(pair) - {UNIT}):
                if not all(set(labels) <= {pair[at], between, UNIT} for _, labels in own):
                    continue
                matrix = self._matrix(own, (pair[at], between) if side == 0 else (between, pair[at]))
                beside = self._shape(pair)[1 - at]
                eye = apply("eye", (), (beside,)) if not beside.is_one else apply("ones", (), (ONE, ONE))
                form = kron_of(eye, matrix) if at == 0 else kron_of(matrix, eye)
                moved = (between, pair[1]) if at == 0 else (pair[0], between)
                return moved, form, [f for f in factors if f not in own]
        return None

    def _shape(self, labels: Indices) -> Shape:
        return tuple(ONE if label == UNIT else self.term.dims[label] for label in labels)

    def _groups(self, factors: Sequence[Factor], pairs: Sequence[Indices]) -> list[Form] | None:
        """The factors as a matrix for each pair of indices, where what hangs together without these indices fits into a pair each."""
        groups: list[list[Factor]] = [[] for _ in pairs]
        cut = {label for pair in pairs for label in pair}
        for part, touched in _connected(factors, cut | self.free):
            where = next((n for n, pair in enumerate(pairs) if touched <= set(pair)), None)
            if where is None:
                return None
            groups[where] += part
        if any(pair[0] == pair[1] != UNIT and group for group, pair in zip(groups, pairs, strict=True)):
            return None
        return [
            apply("eye", (), self._shape(pair[:1])) if pair[0] == pair[1] != UNIT else self._matrix(group, pair)
            for group, pair in zip(groups, pairs, strict=True)
        ]

    def _matrix(self, factors: Sequence[Factor], pair: Indices) -> Form:
        shape = self._shape(pair)
        form = raise_form(simplify(einsum(factors, pair, shape), self.facts, SIMPLIFY), self.facts)
        if any(f.op == "einsum" for f in walk(form)):
            raise Unsupported("it is no sum of Kronecker products")
        return form if form.shape == shape else apply("reshape", [form], shape)


def _pair(labels: Sequence[int]) -> tuple[int, int]:
    first, second = (*labels, UNIT, UNIT)[:2]
    return first, second


def _padded(shape: Shape) -> Shape:
    return (*shape, ONE, ONE)[:2]


def _connected(factors: Sequence[Factor], cut: set[int]) -> list[tuple[list[Factor], set[int]]]:
    """The factors that hang together by indices that are not cut, and the cut indices that each lot has."""
    lots: list[tuple[list[Factor], set[int]]] = []
    for factor in factors:
        own = {label for label in factor[1] if label != UNIT}
        joined = [lot for lot in lots if any((own - cut) & set(labels) for _, labels in lot[0])]
        lots = [lot for lot in lots if lot not in joined]
        lots.append(([*(f for lot in joined for f in lot[0]), factor], set().union(own & cut, *(lot[1] for lot in joined))))
    return lots


def vec_of(form: Form) -> Form:
    """vec, which leaves a column as it is and makes one of a row."""
    rows, columns = form.shape
    return form if columns.is_one else turned(form) if rows.is_one else linear("vec", form, ())


def applied_to(form: Form, rows: Shape, direction: Form) -> Form:
    """The derivative times a direction, in the shape of its rows."""
    whole = _padded(rows)
    moved = product_of([form, vec_of(apply("reshape", [direction], _padded(direction.shape)) if len(direction.shape) < 2 else direction)])
    back = apply("unvec", [moved], whole) if not whole[1].is_one else moved
    return back if back.shape == rows else apply("reshape", [back], rows)
