"""Tensors → forms: the matrix expression a textbook would print.

A product of tensors with at most two indices each is a graph: indices are points, matrices are lines, vectors sit on
points. Dead ends are matrix-vector products, parallel lines Hadamard products, lines in series matrix products; when only
the free indices are left, that is the matrix form. What does not reduce stays an `einsum`, which prints in index notation.

Of equal forms the one a good textbook prints is chosen: `M ⊙ (δ hᵀ)` rather than `diag(δ) M diag(h)`, common factors
outside, a positive term first.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache

from symgrad.dims import ONE, Shape
from symgrad.errors import Unsupported
from symgrad.form import Form, apply, number, rewrite_bottom_up, symbol
from symgrad.form import matrix as matrix_form
from symgrad.ops import LINEAR
from symgrad.rewrite import Facts, is_symmetric
from symgrad.tensor import (
    UNIT,
    Add,
    Einsum,
    Eye,
    Func,
    Indices,
    Literal,
    Map,
    Node,
    Sizes,
    Var,
    einsum,
    topological,
)
from symgrad.textbook import (
    diag_of,
    hadamard_of,
    is_map,
    linear,
    marks,
    product_of,
    row_sum,
    scaled,
    total_of,
    trace_of,
    turned,
    without_scalars,
)
from symgrad.textbook_sums import plain_constant, sum_of

_LETTERS = "abcdefghijklmnopqrstuvwxyz"


def raise_form(node: Node, facts: Facts) -> Form:
    """The form of a tensor, of the same shape (a scalar may come as shape () for 1×1).

    >>> from symgrad.dims import shape_of; from symgrad.tensor import einsum, var; from symgrad.typeset import text
    >>> n, k, d = shape_of(["n", "k", "d"])
    >>> x, g, s = var("x", (n, d)), var("g", (n, k)), var("s", (n, k))
    >>> text(raise_form(einsum([(x, (0, 1)), (g, (0, 2)), (s, (0, 2))], (1, 2), (d, k)), Facts()))
    'xᵀ (g ⊙ s)'
    """
    done, printed = _raised(facts.declared)
    if node not in printed:
        for n in topological([node], done):
            done[n] = _raise(n, done, facts)
        printed[node] = rewrite_bottom_up(done[node], lambda form: _symmetric(form, facts))
    return printed[node]


@lru_cache(maxsize=64)
def _raised(declared: frozenset[tuple[str, frozenset[str]]]) -> tuple[dict[Node, Form], dict[Node, Form]]:
    """The forms of tensors where the same is declared: as they are made of those of their operands, and as they come out.

    Gradients are made of each other, and are raised again and again to see whether they are short.
    """
    return {}, {}


def _symmetric(form: Form, facts: Facts) -> Form:
    """A symmetric matrix, or its inverse, needs no transpose: what is declared as one, and `X Xᵀ + λ I`."""
    if form.op != "transpose":
        return form
    body = form.args[0].args[0] if form.args[0].op == "inverse" else form.args[0]
    known = "symmetric" in facts.of(body.name) if body.op == "symbol" else turned(body) is body
    return form.args[0] if known else form


def _raise(node: Node, done: dict[Node, Form], facts: Facts) -> Form:
    if isinstance(node, Var):
        return symbol(node.name, node.shape)
    if isinstance(node, Eye):
        return apply("eye", (), (node.shape[0],))
    if isinstance(node, Literal):
        return matrix_form(node.rows)
    if isinstance(node, Map):
        op = node.fn + "'" * node.order
        params = node.params
        if op == "power" and params[0] == 2:
            op, params = "square", ()
        if op == "sqrt" and (body := _norm_of(done[node.operands[0]])) is not None:
            return apply("norm", [body])
        operands = [done[o] for o in node.operands]
        if len(operands) > 1 and any(form.shape == node.shape and plain_constant(form) is form for form in operands):
            operands = list(map(plain_constant, operands))
        return apply(op, operands, params)
    if isinstance(node, Func):
        operands = [matching(done[o], o.shape) for o in node.operands]
        return linear(node.fn, operands[0], node.params) if node.fn in LINEAR else apply(node.fn, operands, node.params)
    if isinstance(node, Add):
        return sum_of([done[o] for o in node.operands], node.shape)
    if isinstance(node, Einsum):
        return _Product(node, done, facts).form()
    raise Unsupported(f"symgrad cannot print a {type(node).__name__}")


def _norm_of(form: Form) -> Form | None:
    """The x of ‖x‖² = xᵀ x, whichever way it is written."""
    if form.op == "squared_norm":
        return form.args[0]
    if form.op == "matmul" and len(form.args) % 2 == 0 and form.is_scalar:
        half = len(form.args) // 2
        if all(turned(a) is b for a, b in zip(form.args[:half], reversed(form.args[half:]), strict=True)):
            return product_of(list(form.args[half:]))
    return None


def matching(form: Form, shape: Shape) -> Form:
    """The form with the shape that is wanted, where it came as a scalar of shape () and 1×1 is needed."""
    return form if form.shape == shape else apply("reshape", [form], shape)


@dataclass
class _Line:
    """A matrix between two indices: `form` has its rows at `row` and its columns at `column`, `back` is its transpose."""

    row: int
    column: int
    form: Form
    back: Form

    def seen_from(self, row: int) -> Form:
        return self.form if row == self.row else self.back

    def other(self, index: int) -> int:
        return self.column if index == self.row else self.row


@dataclass
class _Product:
    node: Einsum
    done: dict[Node, Form]
    facts: Facts
    scalars: list[Form] = field(default_factory=list)
    vectors: dict[int, list[Form]] = field(default_factory=dict)
    lines: list[_Line] = field(default_factory=list)

    def form(self) -> Form:
        node = self.node
        if not node.factors:
            return self._constant(node.coefficient, node.sizes, node.shape)
        lead = number(node.coefficient, node.sizes)
        body = self._matrix_form() or self._entrywise_form() or self._index_form()
        return scaled([lead], body)

    def _constant(self, value: Fraction, sizes: Sizes, shape: Shape) -> Form:
        if not value and shape:
            return apply("zeros", (), shape)
        if all(dim.is_one for dim in shape):
            return number(value, sizes)
        return scaled([number(value, sizes)], apply("ones", (), shape))

    def _matrix_form(self) -> Form | None:
        if len(self.node.shape) not in (0, 2) or any(len(n.shape) not in (0, 2) for n, _ in self.node.factors):
            return None
        for factor, labels in self.node.factors:
            self._place(factor, labels)
        free = [i for i in self.node.out if i != UNIT]
        self._reduce(set(free))
        if any(index not in free for line in self.lines for index in (line.row, line.column)):
            return None
        if any(index not in free for index in self.vectors):
            return None
        return self._assemble()

    def _place(self, factor: Node, labels: Indices) -> None:
        form = self.done[factor]
        real = [label for label in labels if label != UNIT]
        if not real:
            self.scalars.append(form)
        elif len(real) == 1:
            self.vectors.setdefault(real[0], []).append(form if labels[0] != UNIT else turned(form))
        elif real[0] == real[1]:
            self.vectors.setdefault(real[0], []).append(apply("diagonal", [form]))
        else:
            self.lines.append(_Line(real[0], real[1], form, self._back(factor)))

    def _back(self, factor: Node) -> Form:
        """The transpose of a factor, in which a symmetric matrix stands as it is: (A S)ᵀ = S Aᵀ."""
        form = self.done[factor]
        if is_symmetric(factor, self.facts):
            return form
        if isinstance(factor, Einsum) and any(is_symmetric(n, self.facts) for n, _ in factor.factors):
            other = einsum(factor.factors, factor.out[::-1], factor.shape[::-1], factor.coefficient, factor.sizes)
            if isinstance(other, Einsum):
                return min(turned(form), _Product(other, self.done, self.facts).form(), key=marks)
        return turned(form)

    def _reduce(self, free: set[int]) -> None:
        summed = [i for i in range(len(self.node.dims)) if i not in free]
        while self._merge_parallel() or any(self._dead_end(i) for i in summed) or self._series(summed):
            summed = [i for i in summed if self._occurs(i)]

    def _occurs(self, index: int) -> bool:
        return index in self.vectors or any(index in (line.row, line.column) for line in self.lines)

    def _at(self, index: int) -> list[_Line]:
        return [line for line in self.lines if index in (line.row, line.column)]

    def _merge_parallel(self) -> bool:
        """Two lines between the same points are one Hadamard product; with an identity only the diagonal counts."""
        for k, first in enumerate(self.lines):
            group = [line for line in self.lines[k:] if {line.row, line.column} == {first.row, first.column}]
            if len(group) < 2:
                continue
            eyes = [line for line in group if line.form.op == "eye"]
            others = [line for line in group if line.form.op != "eye"]
            for line in group:
                self.lines.remove(line)
            if eyes:
                self.lines.insert(k, eyes[0])
                for line in others:
                    self.vectors.setdefault(first.row, []).append(apply("diagonal", [line.form]))
            else:
                joined = self._hadamard([line.seen_from(first.row) for line in group])
                back = self._hadamard([line.seen_from(first.column) for line in group])
                self.lines.insert(k, _Line(first.row, first.column, joined, min(turned(joined), back, key=marks)))
            return True
        return False

    def _hadamard(self, forms: list[Form]) -> Form:
        """Masks first: they say what of the rest is kept."""

        def is_mask(form: Form) -> bool:
            body = form.args[0] if form.op == "transpose" else form
            return body.op == "symbol" and "mask" in self.facts.of(body.name)

        return hadamard_of(sorted(forms, key=lambda f: not is_mask(f)))

    def _vector(self, index: int) -> Form | None:
        forms = self.vectors.pop(index, [])
        return self._hadamard(forms) if forms else None

    def _dead_end(self, index: int) -> bool:
        """A summed point with one line or none left: a matrix-vector product, a row sum, an inner product."""
        at = self._at(index)
        if len(at) > 1 or not self._occurs(index):
            return False
        if not at:
            self.scalars.append(self._inner(self.vectors.pop(index)))
            return True
        (line,) = at
        end = line.other(index)
        lonely = index not in self.vectors and end not in self.vectors and end not in self.node.out
        if lonely and len(self._at(end)) == 1:
            self.lines.remove(line)
            self.scalars.append(self._total(line.form))
            return True
        self.lines.remove(line)
        vector = self._vector(index)
        seen = line.seen_from(end)
        if vector is None:
            reached = row_sum(seen)
        else:
            reached = product_of([seen, vector])
        self.vectors.setdefault(end, []).append(reached)
        return True

    def _inner(self, forms: list[Form]) -> Form:
        if len(forms) == 1:
            return trace_of(forms[0].args[0]) if forms[0].op == "diagonal" else total_of(forms[0])
        above = [f for f in forms if not (f.op == "power" and f.params[0] < 0)]
        if len(above) < len(forms):
            return total_of(self._hadamard(forms))
        left, right = forms[0] if len(forms) == 2 else self._hadamard(forms[:-1]), forms[-1]
        return min(product_of([turned(left), right]), product_of([turned(right), left]), key=marks)

    def _total(self, form: Form) -> Form:
        """Σ_ij A_ij: a squared norm, tr(Aᵀ B) of what is no function of each entry, or the plain sum."""
        if form.op != "hadamard":
            return total_of(form)
        once = list(dict.fromkeys(form.args))
        if all(form.args.count(factor) == 2 for factor in once):
            return apply("squared_norm", [self._hadamard(once)])
        if len(form.args) == 2 and not any(map(is_map, form.args)):
            a, b = form.args
            return trace_of(min(map(product_of, ([turned(a), b], [a, turned(b)], [turned(b), a])), key=marks))
        return total_of(form)

    def _series(self, summed: list[int]) -> bool:
        """Two lines that meet in a summed point: A B, or A diag(v) B. Plain ones first."""
        for with_vector in (False, True):
            for index in summed:
                at = self._at(index)
                if len(at) != 2 or (index in self.vectors) != with_vector:
                    continue
                left, right = at
                start, end = left.other(index), right.other(index)
                factors, back = [left.seen_from(start), right.seen_from(index)], [right.seen_from(end), left.seen_from(index)]
                if with_vector:
                    vector = self._vector(index)
                    assert vector is not None
                    factors.insert(1, diag_of(vector))
                    back.insert(1, diag_of(vector))
                where = self.lines.index(left)
                self.lines.remove(left)
                self.lines.remove(right)
                joined = product_of(factors)
                if start == end:
                    if start in self.node.out or start in self.vectors or self._at(start):
                        self.vectors.setdefault(start, []).append(apply("diagonal", [joined]))
                    else:
                        self.scalars.append(trace_of(joined))
                else:
                    self.lines.insert(where, _Line(start, end, joined, product_of(back)))
                return True
        return False

    def _assemble(self) -> Form:
        """What is left sits on the free indices only."""
        out = self.node.out
        if not any(i != UNIT for i in out):
            return scaled(self.scalars, number(1))
        row, column = out
        if column == UNIT or row == UNIT:
            index = row if column == UNIT else column
            vector = self._vector(index) or apply("ones", (), (self.node.dims[index], ONE))
            return scaled(self.scalars, vector if column == UNIT else turned(vector))
        u, v = self._vector(row), self._vector(column)
        line = self.lines[0] if self.lines else None
        if line is not None and line.form.op == "eye":
            both = [f for f in (u, v) if f is not None]
            if len(both) == 1 and both[0].op == "diagonal":
                return scaled(self.scalars, hadamard_of([both[0].args[0], line.form]))
            return scaled(self.scalars, diag_of(hadamard_of(both)) if both else line.form)
        if line is None:
            left = u or apply("ones", (), (self.node.dims[row], ONE))
            right = v or apply("ones", (), (self.node.dims[column], ONE))
            return scaled(self.scalars, product_of([left, turned(right)]))
        body = line.seen_from(row)
        if u is not None and v is not None:
            return scaled(self.scalars, hadamard_of([body, product_of([u, turned(v)])]))
        if u is not None:
            body = product_of([diag_of(u), body])
        if v is not None:
            body = product_of([body, diag_of(v)])
        return scaled(self.scalars, body)

    def _entrywise_form(self) -> Form | None:
        """A product entry by entry of tensors as NumPy broadcasts them, or the sum of one."""
        node = self.node
        whole = max((labels for _, labels in node.factors), key=len)
        if not node.shape and len(whole) > 2 and len(set(whole)) == len(whole) and all(ls == whole for _, ls in node.factors):
            forms = [self.done[n] for n, _ in node.factors]
            same = len(forms) == 2 and forms[0] is forms[1]
            return apply("squared_norm", [forms[0]]) if same else total_of(self._hadamard(forms))
        rank = len(node.shape)
        forms, scalars = [], []
        for factor, labels in node.factors:
            missing = rank - len(labels)
            if all(label == UNIT for label in labels):
                scalars.append(matching(self.done[factor], ()))
            elif missing < 0 or any(label not in (UNIT, node.out[missing + i]) for i, label in enumerate(labels)):
                return None
            else:
                forms.append(matching(self.done[factor], factor.shape))
        if rank <= 2 or not forms:
            return None
        body = self._hadamard(forms)
        return scaled(scalars, body if body.shape == node.shape else apply("broadcast", [body], node.shape))

    def _index_form(self) -> Form:
        """The same product in index notation. Axes of size 1 get letters of their own, as einsum wants them."""
        letters = iter(_LETTERS[len(self.node.dims) :])
        operands, subscripts = [], []
        scalars: list[Form] = []
        for factor, labels in self.node.factors:
            front, body = without_scalars(self.done[factor])
            scalars += front
            if body.is_scalar:
                scalars.append(matching(body, ()))
                continue
            operands.append(matching(body, factor.shape))
            subscripts.append("".join(next(letters) if i == UNIT else _LETTERS[i] for i in labels))
        missing = [i for i in self.node.out if i != UNIT and not any(i in ls for _, ls in self.node.factors)]
        units = [i for i in self.node.out if i == UNIT]
        shape = tuple(self.node.dims[i] for i in missing) + (ONE,) * len(units)
        extra = iter([next(letters) for _ in units])
        out = "".join(next(extra) if i == UNIT else _LETTERS[i] for i in self.node.out)
        if shape:
            kept = [c for c in out if c in {_LETTERS[i] for i in missing} or c not in "".join(subscripts)]
            by_letter = {_LETTERS[i]: self.node.dims[i] for i in missing}
            operands.append(apply("ones", (), tuple(by_letter.get(c, ONE) for c in kept)))
            subscripts.append("".join(kept))
        return scaled(scalars, apply("einsum", operands, (f"{','.join(subscripts)}->{out}",)))
