"""Terms: one typed reading of a piece of mathematics, whose sizes may still be unknown.

A term has rows and columns, and free indices where it is written in index notation (`W_{ij}`, `Σ_k a_k b_k`). Once its sizes are
known it becomes a tensor: one axis for each free index, in alphabetical order, then rows and columns.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

from symgrad.dims import ONE, Dim, show
from symgrad.errors import ShapeError, Unsupported
from symgrad.ops import op_named
from symgrad.ops.structure import counting, tri
from symgrad.shapes import Shapes
from symgrad.tensor import Factor, Node, add, constant, einsum, elementwise, eye, func, literal, power, scale, transpose, var

ROW, COLUMN = "·rows", "·columns"
# What is taken of a whole vector, and may be taken of each of several.
ALONG_AN_AXIS = frozenset({"softmax", "log_softmax", "logsumexp"})
# What is taken of a matrix, and may be taken of each of several.
OF_EACH_MATRIX = frozenset({"inverse", "det", "logdet"})
TANGENT = "d\u2063"


@dataclass(slots=True)
class Term:
    """An operation on terms; `op` is one of the builders below, or `elementwise`/`function` with the op's name in `params`.

    Nothing changes a term once it is made. It is not frozen because that makes it three times as dear to make, and reading makes many.
    """

    op: str
    args: tuple[Term, ...] = ()
    params: tuple[Any, ...] = ()
    rows: Dim = ONE
    cols: Dim = ONE
    free: tuple[str, ...] = ()
    _hash: int | None = field(default=None, init=False, repr=False, compare=False)

    def __hash__(self) -> int:
        # A term is looked up many times, in ever larger ones; what it hashes to is worked out once.
        if self._hash is None:
            self._hash = hash((self.op, self.args, self.params, self.rows, self.cols, self.free))
        return self._hash


def free_of(*terms: Term) -> tuple[str, ...]:
    return tuple(sorted({letter for term in terms for letter in term.free}))


def walk(term: Term) -> Iterator[Term]:
    """The term and everything under it."""
    stack = [term]
    while stack:
        t = stack.pop()
        yield t
        stack.extend(t.args)


def settled(term: Term, size: Callable[[Dim], Dim]) -> Term:
    """The term with other sizes, which are often known only after it was made."""
    args = tuple(settled(arg, size) for arg in term.args)
    return replace(term, args=args, rows=size(term.rows), cols=size(term.cols))


def names_in(term: Term) -> set[str]:
    """The names a term speaks of: symbols, and those that it differentiates by."""
    found: set[str] = set()
    for t in walk(term):
        if t.op in ("symbol", "member"):
            found.add(t.params[0])
        if t.op in ("gradient", "jacobian"):
            found.update(p for p in t.params if isinstance(p, str))
    return found


class Builder:
    """Terms → tensors, for one substitution. `index` gives the size of an index letter."""

    def __init__(self, shapes: Shapes, index: Callable[[str], Dim], jacobian: Callable[[Term, Node, Shapes], Node]) -> None:
        self._shapes, self._index, self._jacobian_of = shapes, index, jacobian
        self._done: dict[Term, Node] = {}

    def node(self, term: Term) -> Node:
        """The tensor of a term. Raises `ShapeError` where sizes clash, `Unsupported` where no tensor says it."""
        if term not in self._done:
            self._done[term] = self._build(term)
        return self._done[term]

    def _build(self, term: Term) -> Node:
        nodes = [self.node(arg) for arg in term.args]
        build = getattr(self, "_" + term.op, None)
        if build is None:
            raise Unsupported(f"no tensor is known for {term.op}")
        made: Node = build(term, nodes)
        expected = self._shape(term)
        if not is_jacobian(term) and made.shape != expected:
            raise ShapeError(f"{term.op} came out as {show(made.shape)}, it was read as {show(expected)}")
        return made

    def _dim(self, letter: str, term: Term) -> Dim:
        if letter == ROW:
            return self._shapes.resolve(term.rows)
        if letter == COLUMN:
            return self._shapes.resolve(term.cols)
        return self._shapes.resolve(self._index(letter))

    def _letters(self, term: Term) -> tuple[str, ...]:
        return self._axes(term, ROW, COLUMN)

    def _axes(self, term: Term, row: str, column: str) -> tuple[str, ...]:
        """A label for every axis of the term's tensor: free indices, rows, columns; beside indices, axes of size one are left out."""
        letters = [*term.free, row, column]
        for label, dim in ((column, term.cols), (row, term.rows)):
            if len(letters) > 2 and self._shapes.is_one(dim):
                letters.remove(label)
        return tuple(letters)

    def _shape(self, term: Term) -> tuple[Dim, ...]:
        return tuple(self._dim(letter, term) for letter in self._letters(term))

    def _product(self, term: Term, factors: Sequence[tuple[Node, Sequence[str]]], number: Fraction = Fraction(1)) -> Node:
        """An einsum whose indices are named by letters."""
        labels: dict[str, int] = {}
        out = tuple(labels.setdefault(letter, len(labels)) for letter in self._letters(term))
        made: list[Factor] = []
        for node, letters in factors:
            made.append((node, tuple(labels.setdefault(letter, len(labels)) for letter in letters)))
        return einsum(made, out, self._shape(term), number)

    # ── leaves ───────────────────────────────────────────────────────────────────────────────────────────────────────

    def _symbol(self, term: Term, _: list[Node]) -> Node:
        return var(term.params[0], self._shape(term))

    def _member(self, term: Term, _: list[Node]) -> Node:
        """The A_i of what has a matrix for each index; `params` has the name and the letter."""
        name, letter = term.params
        labels = (letter, ROW, COLUMN)
        return self._product(term, [(var(name, tuple(self._dim(label, term) for label in labels)), labels)])

    def _number(self, term: Term, _: list[Node]) -> Node:
        return constant(term.params[0], (ONE, ONE))

    def _size(self, term: Term, _: list[Node]) -> Node:
        dim = self._shapes.resolve(term.params[0])
        if dim.number is not None:
            return constant(dim.number, (ONE, ONE))
        return einsum((), (0, 1), (ONE, ONE), 1, [(dim, 1)])

    def _literal(self, term: Term, _: list[Node]) -> Node:
        return literal(term.params[0])

    def _ones(self, term: Term, _: list[Node]) -> Node:
        return constant(1, self._shape(term))

    def _zeros(self, term: Term, _: list[Node]) -> Node:
        return constant(0, self._shape(term))

    def _counting(self, term: Term, _: list[Node]) -> Node:
        """One number after the other, from the first."""
        (first,) = term.params
        shape, first = self._shape(term), self._shapes.resolve(first)
        terms = [counting(shape[0])]
        if first.number is None:
            terms.append(scale(1, constant(1, shape), [(first, 1)]))
        return add([*terms, constant(-1 if first.number is None else first.number - 1, shape)])

    def _eye(self, term: Term, _: list[Node]) -> Node:
        return eye(self._shapes.resolve(term.rows))

    def _gradient(self, term: Term, _: list[Node]) -> Node:
        of, wrt = term.params
        return var(f"∂{of}/∂{wrt}", self._shape(term))

    # ── products ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def _matmul(self, term: Term, nodes: list[Node]) -> Node:
        left, right = term.args
        return self._product(term, [(nodes[0], self._axes(left, ROW, "·k")), (nodes[1], self._axes(right, "·k", COLUMN))])

    def _hadamard(self, term: Term, nodes: list[Node]) -> Node:
        return self._product(term, [self._spread(arg, node) for arg, node in zip(term.args, nodes, strict=True)])

    def _spread(self, arg: Term, node: Node) -> tuple[Node, tuple[str, ...]]:
        return node, self._axes(arg, ROW, COLUMN)

    def _outer(self, term: Term, nodes: list[Node]) -> Node:
        left, right = term.args
        return self._product(term, [(nodes[0], self._axes(left, ROW, "·u")), (nodes[1], self._axes(right, COLUMN, "·v"))])

    def _inner(self, term: Term, nodes: list[Node]) -> Node:
        left, right = term.args
        return self._product(term, [(nodes[0], self._axes(left, "·u", "·v")), (nodes[1], self._axes(right, "·u", "·v"))])

    def _kronecker(self, term: Term, nodes: list[Node]) -> Node:
        raise Unsupported("Kronecker products are not read yet")

    def _transpose(self, term: Term, nodes: list[Node]) -> Node:
        (arg,) = term.args
        return self._product(term, [(nodes[0], self._axes(arg, COLUMN, ROW))])

    def _scale(self, term: Term, nodes: list[Node]) -> Node:
        return self._product(term, [self._spread(term.args[0], nodes[0])], term.params[0])

    def _add(self, term: Term, nodes: list[Node]) -> Node:
        return add([self._product(term, [self._spread(arg, node)]) for arg, node in zip(term.args, nodes, strict=True)])

    # ── sums, diagonals, entries ─────────────────────────────────────────────────────────────────────────────────────

    def _sum(self, term: Term, nodes: list[Node]) -> Node:
        """Over rows and columns; `params` says which of them stay."""
        (arg,) = term.args
        (axis,) = term.params
        letters = {None: ("·u", "·v"), 0: ("·u", COLUMN), 1: (ROW, "·v")}[axis]
        return self._product(term, [(nodes[0], self._axes(arg, *letters))])

    def _count(self, term: Term, nodes: list[Node]) -> Node:
        """1 over the number of entries that a mean is taken over."""
        (arg,) = term.args
        (axis,) = term.params
        shape = self._shapes.shape(arg.rows, arg.cols)
        sizes = [(dim, -1) for i, dim in enumerate(shape) if axis is None or axis == i]
        return einsum((), (0, 1), (ONE, ONE), 1, sizes)

    def _series(self, term: Term, nodes: list[Node]) -> Node:
        """Σ over index letters."""
        (arg,) = term.args
        return self._product(term, [(nodes[0], self._axes(arg, ROW, COLUMN))])

    def _trace(self, term: Term, nodes: list[Node]) -> Node:
        return self._product(term, [(nodes[0], self._axes(term.args[0], "·u", "·u"))])

    def _diag(self, term: Term, nodes: list[Node]) -> Node:
        (arg,) = term.args
        dim = self._shapes.resolve(term.rows)
        letters = self._axes(arg, ROW, "·v") if not self._shapes.is_one(arg.rows) else self._axes(arg, "·v", ROW)
        return self._product(term, [(nodes[0], letters), (eye(dim), (ROW, COLUMN))])

    def _diagonal(self, term: Term, nodes: list[Node]) -> Node:
        return self._product(term, [(nodes[0], self._axes(term.args[0], ROW, ROW))])

    def _entry(self, term: Term, nodes: list[Node]) -> Node:
        """`W_{ij}`, `x_i`, a row or a column: `params` has a letter or a None for rows and for columns."""
        (arg,) = term.args
        row, column = (letter if letter is not None else axis for letter, axis in zip(term.params[:2], (ROW, COLUMN), strict=True))
        if term.params[2:]:  # a row taken as a column
            row, column = ({ROW: COLUMN, COLUMN: ROW}.get(letter, letter) for letter in (row, column))
        return self._product(term, [(nodes[0], self._axes(arg, row, column))])

    def _triangle(self, term: Term, _: list[Node]) -> Node:
        """Ones where the first index lies to the second as is said, zeros elsewhere."""
        shape = self._shape(term)
        (kind,) = term.params
        if kind == "beside":
            return add([constant(1, shape), scale(-1, eye(shape[0]))])
        made = tri(shape) if kind in ("lower", "above") else transpose(tri(shape[::-1]))
        return made if kind in ("lower", "upper") else add([constant(1, shape), scale(-1, made)])

    def _shifted(self, term: Term, nodes: list[Node]) -> Node:
        """`X_{i+a, j+b}`, `w_{m-i}`: `params` has for each axis what `readings.shifted` says that it is taken at."""
        (node,) = nodes
        letters, windows = [ROW, COLUMN], []
        for axis, at in enumerate(term.params):
            if at is None:
                continue
            if isinstance(at, str):
                letters[axis] = at
                continue
            first, second, is_turned, padding, beside, apart = at
            label, node = f"·h{axis}", _moved(node, axis, beside)
            letters[axis] = label
            place = (first, second, label) if is_turned else (label, first, second)
            sizes = {label: node.shape[axis], first: self._dim(first, term), second: self._dim(second, term)}
            whole, *parts = (sizes[one] for one in place)
            apart = (apart[1], 1) if is_turned else apart
            natural = spanned(parts, apart) - 2 * padding
            window = op_named("window").lower((), (natural, *parts, *apart, padding))
            if natural is not whole:  # it reaches no further than the axis does, or less far, and beyond are zeros
                longer = _joined((window, constant(0, _sized(window, 0, whole))), 0)
                window = func("slice", [longer], (0, Dim.of(0), whole, 1), _sized(window, 0, whole))
            windows.append((window, place))
        return self._product(term, [(node, letters), *windows])

    def _collect(self, term: Term, nodes: list[Node]) -> Node:
        """Entries put back together: `z_i = …` for all i is the vector z, and of vectors z_i the matrix with these rows."""
        (arg,) = term.args
        places = dict(zip(term.params, (ROW, COLUMN), strict=False))
        if len(term.params) == 1:
            places |= {"·u": COLUMN, "·v": COLUMN}
        letters = [places.get(letter, letter) for letter in self._axes(arg, "·u", "·v")]
        return self._product(term, [(nodes[0], letters)])

    def _delta(self, term: Term, _: list[Node]) -> Node:
        """Kronecker's delta."""
        i, j = term.params
        if i == j:
            return constant(1, self._shape(term))
        return self._product(term, [(eye(self._shapes.resolve(self._index(i))), (i, j))])

    def _pick(self, term: Term, nodes: list[Node]) -> Node:
        """The entry, row or column at a number, counted from 0."""
        node = nodes[0]
        for axis, at in enumerate(term.params):
            if at is not None:
                shape = tuple(ONE if i == axis else dim for i, dim in enumerate(node.shape))
                limit = node.shape[axis].number
                if limit is not None and at >= limit:
                    raise ShapeError(f"entry {at + 1} of an axis of size {node.shape[axis]}")
                if node.shape != shape:
                    node = func("slice", [node], (axis, Dim.of(at), Dim.of(at + 1), 1), shape)
        return node

    def _block(self, term: Term, nodes: list[Node]) -> Node:
        """Rows of blocks; `params` is the number of blocks in each row."""
        if any(arg.free for arg in term.args):
            raise Unsupported("index notation inside a matrix")
        (width,) = term.params
        rows = [_joined(nodes[i : i + width], 1) for i in range(0, len(nodes), width)]
        return _joined(rows, 0)

    # ── functions ────────────────────────────────────────────────────────────────────────────────────────────────────

    def _elementwise(self, term: Term, nodes: list[Node]) -> Node:
        name, *params = term.params
        spread = [self._product(term, [self._spread(arg, node)]) for arg, node in zip(term.args, nodes, strict=True)]
        if name == "power":
            return power(spread[0], params[0])
        if name.endswith("'"):
            return elementwise(name.removesuffix("'"), spread, tuple(params), 1)
        return op_named(name).lower(tuple(spread), tuple(params))

    def _function(self, term: Term, nodes: list[Node]) -> Node:
        name, *params = term.params
        if any(arg.free for arg in term.args):
            return self._of_each(term, nodes)
        settled = tuple(self._shapes.resolve(p) if isinstance(p, Dim) else p for p in params)
        made = op_named(name).lower(tuple(nodes), settled)
        return self._product(term, [(made, (ROW, COLUMN) if made.shape else ())])

    def _of_each(self, term: Term, nodes: list[Node]) -> Node:
        """A function of the vector that there is for every index, as the softmax of `W x_i + b`: along the axis that no index has."""
        name, (arg, *others) = term.params[0], term.args
        letters = self._letters(arg)
        if name in OF_EACH_MATRIX and not others and term.free == arg.free and letters[-2:] == (ROW, COLUMN):
            made = op_named(name).lower(tuple(nodes), ())
            return self._product(term, [(made, letters[: len(made.shape)])])
        long = [letter for letter, dim in ((ROW, arg.rows), (COLUMN, arg.cols)) if not self._shapes.is_one(dim)]
        if others or name not in ALONG_AN_AXIS or len(long) != 1 or term.free != arg.free:
            raise Unsupported(f"{name} in index notation")
        return self._product(term, [(op_named(name).lower(tuple(nodes), (letters.index(long[0]),)), letters)])

    # ── Jacobians: the axes of what is differentiated, then those of the variable ────────────────────────────────────

    def _jacobian(self, term: Term, nodes: list[Node]) -> Node:
        return self._jacobian_of(term, nodes[0], self._shapes)

    def _compose(self, term: Term, nodes: list[Node]) -> Node:
        """∂a/∂b · ∂b/∂c."""
        shape = (*nodes[0].shape[:2], *nodes[1].shape[2:])
        return einsum([(nodes[0], (0, 1, 4, 5)), (nodes[1], (4, 5, 2, 3))], (0, 1, 2, 3), shape)

    def _scaled_jacobian(self, term: Term, nodes: list[Node]) -> Node:
        return einsum([(nodes[0], (0, 1, 2, 3)), (nodes[1], (4, 5))], (0, 1, 2, 3), nodes[0].shape)

    def _vjp(self, term: Term, nodes: list[Node]) -> Node:
        """A cotangent and a Jacobian: Σ ḡ_ab ∂y_ab/∂x_rc."""
        return einsum([(nodes[0], (2, 3)), (nodes[1], (2, 3, 0, 1))], (0, 1), self._shape(term))

    def _jvp(self, term: Term, nodes: list[Node]) -> Node:
        return einsum([(nodes[0], (0, 1, 2, 3)), (nodes[1], (2, 3))], (0, 1), self._shape(term))

    def _jacobian_matrix(self, term: Term, nodes: list[Node]) -> Node:
        """As a matrix, for vectors: row i, column j is ∂y_i/∂x_j ("numerator" layout) or ∂y_j/∂x_i ("denominator")."""
        order = (0, 2) if term.params[0] == "numerator" else (2, 0)
        labels = [2, 2, 3, 3]
        for axis in range(4):
            if not nodes[0].shape[axis].is_one:
                labels[axis] = 0 if (axis < 2) == (order[0] == 0) else 1
        return einsum([(nodes[0], tuple(labels))], (0, 1), self._shape(term))

    def _jacobian_diagonal(self, term: Term, nodes: list[Node]) -> Node:
        """∂y_ab/∂x_ab, the whole of the Jacobian of an elementwise function."""
        return einsum([(nodes[0], (0, 1, 0, 1))], (0, 1), self._shape(term))

    def _jacobian_entry(self, term: Term, nodes: list[Node]) -> Node:
        """∂p_i/∂z_j: `params` has a letter for each axis, None for one that stays or has size one."""
        stays = (ROW, COLUMN, "·a", "·b")
        letters = [letter if letter is not None else kept for letter, kept in zip(term.params, stays, strict=True)]
        return self._product(term, [(nodes[0], letters)])

    def _jacobian_flat(self, term: Term, nodes: list[Node]) -> Node:
        """Where one of the two is a scalar: the shape of the other."""
        scalar_below = all(dim.is_one for dim in nodes[0].shape[2:])
        labels = (0, 1, 2, 3) if scalar_below else (2, 3, 0, 1)
        return einsum([(nodes[0], labels)], (0, 1), self._shape(term))


def is_jacobian(term: Term) -> bool:
    return term.op in ("jacobian", "compose", "scaled_jacobian")


def _joined(nodes: Sequence[Node], axis: int) -> Node:
    if len(nodes) == 1:
        return nodes[0]
    return op_named("concat").lower(tuple(nodes), (axis,))


def spanned(parts: Sequence[Dim], apart: Sequence[int]) -> Dim:
    """How many places i and j reach together at `i + j`, each going so far at a step."""
    return parts[0] * apart[0] + parts[1] * apart[1] + (1 - sum(apart))


def _moved(node: Node, axis: int, by: int) -> Node:
    """What stands `by` places further along an axis, with zeros behind the end, or before the beginning."""
    if not by:
        return node
    size = node.shape[axis]
    part = func("slice", [node], (axis, Dim.of(max(by, 0)), size - max(-by, 0), 1), _sized(node, axis, size - abs(by)))
    zeros = constant(0, _sized(node, axis, Dim.of(abs(by))))
    return _joined((part, zeros) if by > 0 else (zeros, part), axis)


def _sized(node: Node, axis: int, size: Dim) -> tuple[Dim, ...]:
    return tuple(size if i == axis else dim for i, dim in enumerate(node.shape))


def mapped(op: str, inner: Term, *params: Any) -> Term:
    return Term("elementwise", (inner,), (op, *params), inner.rows, inner.cols, inner.free)


def masked(term: Term, mask: Term) -> Term:
    """−∞ where the mask is 0."""
    return Term("elementwise", (term, mask), ("masked",), term.rows, term.cols, free_of(term, mask))


def total(term: Term) -> Term:
    return Term("sum", (term,), (None,), ONE, ONE, term.free)


def to_the_power(base: Term, exponent: Term) -> Term:
    """Every entry to the power of a scalar that has no value, exp(exponent log(base))."""
    log = mapped("log", base)
    return mapped("exp", Term("hadamard", (exponent, log), (), log.rows, log.cols, free_of(exponent, log)))
