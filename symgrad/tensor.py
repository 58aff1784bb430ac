"""The tensor language that the calculus runs on: a hash-consed graph of six kinds of node.

    node ::= Var(name) | Eye(n) | Literal(numbers)
           | Einsum(coefficient, factors with indices, output indices)   every multilinear thing
           | Add(terms) | Map(elementwise function, operands) | Func(op, operands)

Everything multilinear (matrix product, transpose, trace, Hadamard product, diag, outer product, sums,
broadcasting) is one einsum and so needs one derivative rule (Laue, Mitterreiter, Giesen: *A Simple and
Efficient Tensor Calculus*, AAAI 2020). An axis of size 1 carries no index: it is written `UNIT` and is never summed,
so a row, a column and a scalar have one form each.

Equal nodes are the same object, so work on a graph is linear in its distinct nodes. Every constructor checks
the shapes it is given, symbolic ones too, and raises `ShapeError`.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from fractions import Fraction
from functools import lru_cache
from itertools import count
from typing import Any, TypeVar
from weakref import WeakValueDictionary

from symgrad.dims import Dim, Shape, show
from symgrad.errors import ShapeError

UNIT = -1
Indices = tuple[int, ...]
Factor = tuple["Node", Indices]
Sizes = tuple[tuple[Dim, int], ...]
Params = tuple[Any, ...]

_N = TypeVar("_N", bound="Node")
_interned: WeakValueDictionary[tuple[Any, ...], Node] = WeakValueDictionary()
_serial = count()


class Node:
    """A tensor expression of a known shape. Compare with `is`."""

    __slots__ = ("__weakref__", "_split", "_variables", "key", "operands", "serial", "shape")
    key: tuple[Any, ...]
    shape: Shape
    operands: tuple[Node, ...]
    serial: int
    _split: tuple[Fraction, tuple[Any, ...]] | None  # remembered, as the next, once they are asked for
    _variables: tuple[Var, ...] | None

    def __repr__(self) -> str:
        return f"{type(self).__name__}{self.key[1:]!r}"

    # Derivative rules are written as on the blackboard; every operator is elementwise and broadcasts a number.
    def __add__(self, other: Node | int | Fraction) -> Node:
        return add([self, _like(other, self)])

    def __radd__(self, other: int | Fraction) -> Node:
        return add([_like(other, self), self])

    def __neg__(self) -> Node:
        return scale(-1, self)

    def __sub__(self, other: Node | int | Fraction) -> Node:
        return self + (-other)

    def __rsub__(self, other: int) -> Node:
        return add([_like(other, self), -self])

    def __mul__(self, other: Node | int | Fraction) -> Node:
        return multiply(self, other) if isinstance(other, Node) else scale(other, self)

    __rmul__ = __mul__

    def __pow__(self, exponent: int | Fraction) -> Node:
        return power(self, exponent)

    def __truediv__(self, other: Node) -> Node:
        return multiply(self, power(other, -1))


def _like(value: Node | int | Fraction, model: Node) -> Node:
    return value if isinstance(value, Node) else constant(value, model.shape)


def _intern(kind: type[_N], key: tuple[Any, ...], shape: Shape, operands: tuple[Node, ...] = ()) -> tuple[_N, bool]:
    found = _interned.get(key)
    if found is not None:
        return found, False  # type: ignore[return-value]
    node = object.__new__(kind)
    node.key, node.shape, node.operands, node.serial = key, shape, operands, next(_serial)
    node._split = node._variables = None
    _interned[key] = node
    return node, True


class Var(Node):
    """A named tensor: an input, an earlier definition, or a gradient (`∂L/∂h`)."""

    __slots__ = ()

    @property
    def name(self) -> str:
        return str(self.key[1])


def var(name: str, shape: Shape) -> Var:
    return _intern(Var, (Var, name, shape), shape)[0]


class Eye(Node):
    """The identity (Kronecker delta) of n×n."""

    __slots__ = ()


def eye(dim: Dim) -> Node:
    return constant(1, (dim, dim)) if dim.is_one else _intern(Eye, (Eye, dim), (dim, dim))[0]


class Literal(Node):
    """A matrix of numbers written out; `rows` holds its exact entries."""

    __slots__ = ()

    @property
    def rows(self) -> tuple[tuple[Fraction, ...], ...]:
        return self.key[1]  # type: ignore[no-any-return]


def literal(rows: Sequence[Sequence[Fraction]]) -> Node:
    if len(rows) == 1 and len(rows[0]) == 1:
        return constant(rows[0][0], (Dim.of(1), Dim.of(1)))
    key = tuple(tuple(row) for row in rows)
    return _intern(Literal, (Literal, key), (Dim.of(len(key)), Dim.of(len(key[0]))))[0]


class Einsum(Node):
    """`coefficient · Π sizes^power · Σ_{indices not in out} Π factors[indices]`, axes in the order of `out`.

    Indices are numbered by first appearance in `out`, then in the factors; `dims[i]` is the size of index i.
    An index of `out` that no factor has is a broadcast. No factors at all is a constant.
    """

    __slots__ = ("coefficient", "dims", "factors", "out", "sizes")
    coefficient: Fraction
    sizes: Sizes
    factors: tuple[Factor, ...]
    out: Indices
    dims: tuple[Dim, ...]

    @property
    def is_zero(self) -> bool:
        return not self.coefficient


def einsum(
    factors: Iterable[Factor],
    out: Indices,
    out_shape: Shape,
    coefficient: int | Fraction = 1,
    sizes: Iterable[tuple[Dim, int]] = (),
) -> Node:
    """The einsum in its light normal form: constants folded, deltas removed, indices renumbered.

    `factors` pair a node with one label (any int ≥ 0) for each axis; the labels of axes of size 1 are ignored.
    `out` has a label for each axis of `out_shape`. An index that is summed and carried by no factor gives its size.
    """
    total = coefficient if type(coefficient) is Fraction else Fraction(coefficient)
    powers: dict[Dim, int] = {}
    for dim, exponent in sizes:
        powers[dim] = powers.get(dim, 0) + exponent
    dims: dict[int, Dim] = {}
    out = _labelled(dims, out, out_shape)
    todo: list[Factor] = []
    for node, labels in factors:
        if len(labels) != len(node.shape):
            raise ShapeError(f"a tensor of shape {show(node.shape)} was given {len(labels)} indices")
        labels = _labelled(dims, labels, node.shape)
        if isinstance(node, Einsum) and (not node.factors or _is_scaling(node)):
            if node.coefficient != 1:
                total *= node.coefficient
            for dim, exponent in node.sizes:
                powers[dim] = powers.get(dim, 0) + exponent
            if node.factors:
                inner, inner_labels = node.factors[0]
                todo.append((inner, _carry(inner_labels, node.out, labels)))
        else:
            todo.append((node, labels))
    todo, merged = _without_deltas(todo, set(out))
    if not total:
        todo, powers = [], {}
    else:
        carried = {label for _, labels in todo for label in labels}
        for label in dims:
            if label not in carried and label not in out and label != UNIT and label not in merged:
                powers[dims[label]] = powers.get(dims[label], 0) + 1
    left = []
    for dim, exponent in powers.items():
        if dim.number is not None:
            total *= Fraction(dim.number) ** exponent
        elif exponent:
            left.append((dim, exponent))
    order: dict[int, int] = {}
    for labels in (out, *[labels for _, labels in todo]):
        for label in labels:
            if label != UNIT and label not in order:
                order[label] = len(order)
    renamed = {UNIT: UNIT, **order}
    final = tuple([(node, tuple([renamed[label] for label in labels])) for node, labels in todo])
    new_out = tuple([renamed[label] for label in out])
    if total == 1 and not left and len(final) == 1 and final[0][1] == new_out and final[0][0].shape == out_shape:
        return final[0][0]
    new_sizes = tuple(sorted(left, key=lambda item: str(item[0])))
    new_dims = tuple([dims[label] for label in order])
    # Whole numbers have their hash at hand, fractions work it out.
    key = (Einsum, total.numerator, total.denominator, new_sizes, final, new_out, new_dims, out_shape)
    made, is_new = _intern(Einsum, key, out_shape, tuple([node for node, _ in final]))
    if is_new:
        made.coefficient, made.sizes, made.factors, made.out, made.dims = total, new_sizes, final, new_out, new_dims
    return made


def _labelled(dims: dict[int, Dim], labels: Indices, shape: Shape) -> Indices:
    """The labels with none for axes of size 1; the size of each is entered into `dims`, or is the one that stands there."""
    found = []
    for label, dim in zip(labels, shape, strict=True):
        if dim.is_one or label == UNIT:
            found.append(UNIT)
            continue
        known = dims.setdefault(label, dim)
        if known is not dim:
            raise ShapeError(f"one index runs over {known} and over {dim}")
        found.append(label)
    return tuple(found)


def _is_scaling(node: Einsum) -> bool:
    """One factor, nothing summed, nothing broadcast: a number times a (transposed) tensor."""
    if len(node.factors) != 1:
        return False
    labels = [label for label in node.factors[0][1] if label != UNIT]
    return len(set(labels)) == len(labels) and set(labels) == {label for label in node.out if label != UNIT}


def _carry(inner: Indices, out: Indices, labels: Indices) -> Indices:
    """The indices of an inner factor, renamed to the labels that the outer einsum gives to the inner output."""
    renamed = dict(zip(out, labels, strict=True))
    return tuple(UNIT if label == UNIT else renamed[label] for label in inner)


def _without_deltas(factors: list[Factor], out: set[int]) -> tuple[list[Factor], set[int]]:
    """Contract every identity one of whose indices is summed; report which labels were merged into others."""
    merged: set[int] = set()
    kept = list(factors)
    for factor in factors:
        node, _ = factor
        if not isinstance(node, Eye):
            continue
        i, j = next(labels for n, labels in kept if n is node)
        if i == j:
            kept.remove((node, (i, j)))
            continue
        gone, stays = (i, j) if i not in out else (j, i)
        if gone in out:
            continue
        kept.remove((node, (i, j)))
        kept = [(n, tuple(stays if label == gone else label for label in labels)) for n, labels in kept]
        merged.add(gone)
    return kept, merged


class Add(Node):
    """A sum of terms of one shape."""

    __slots__ = ()


def add(terms: Sequence[Node]) -> Node:
    """The sum, in the order written; zeros leave, equal terms are counted together."""
    shape = terms[0].shape
    counted: dict[tuple[Any, ...], tuple[Fraction, Node]] = {}
    for term in terms:
        if term.shape != shape:
            raise ShapeError(f"a sum of {show(shape)} and {show(term.shape)}")
        for part in term.operands if isinstance(term, Add) else (term,):
            if isinstance(part, Einsum) and part.is_zero:
                continue
            coefficient, key = split(part)
            before = counted.get(key)
            counted[key] = (coefficient + (before[0] if before else 0), part)
    kept: list[Node] = []
    for coefficient, part in counted.values():
        own = split(part)[0]
        if coefficient:
            kept.append(part if coefficient == own else scale(coefficient / own, part))
    if not kept:
        return constant(0, shape)
    if len(kept) == 1:
        return kept[0]
    operands = tuple(kept)
    return _intern(Add, (Add, operands), shape, operands)[0]


def split(node: Node) -> tuple[Fraction, tuple[Any, ...]]:
    """Number and the rest: terms with the same rest are like terms, whatever the order of their factors."""
    if node._split is None:
        node._split = _split(node)
    return node._split


def _split(node: Node) -> tuple[Fraction, tuple[Any, ...]]:
    if isinstance(node, Einsum):
        plain = len(node.factors) == 1 and node.factors[0][1] == node.out and not node.sizes
        if plain and node.factors[0][0].shape == node.shape:
            inner, key = split(node.factors[0][0])
            return node.coefficient * inner, key
        return node.coefficient, (Einsum, node.sizes, canonical_factors(node), node.shape)
    return Fraction(1), node.key


def canonical_factors(node: Einsum) -> tuple[tuple[int, Indices], ...]:
    """The factors in an order that does not depend on how they were written, summed indices renumbered."""
    rank = sum(1 for i in node.out if i != UNIT)
    # An index is told apart by the axes it sits on; two rounds settle all but highly symmetric products.
    colour = {i: (i,) if i < rank else (rank,) for i in range(len(node.dims))}
    colours: dict[int, Any] = dict(colour)
    for _ in range(2):
        seen: dict[int, list[Any]] = {i: [] for i in colours}
        for factor, labels in node.factors:
            around = tuple(colours.get(label, UNIT) for label in labels)
            for axis, label in enumerate(labels):
                if label != UNIT:
                    seen[label].append((factor.serial, axis, around))
        colours = {i: hash((colour[i], tuple(sorted(map(hash, seen[i]))))) for i in colours}
    order: dict[int, int] = {i: i for i in range(rank)}
    ranked = sorted(node.factors, key=lambda f: (f[0].serial, [colours.get(label, UNIT) for label in f[1]]))
    out = []
    for factor, labels in ranked:
        for label in labels:
            if label != UNIT:
                order.setdefault(label, len(order))
        out.append((factor.serial, tuple(order.get(label, UNIT) for label in labels)))
    return tuple(out)


class Map(Node):
    """An elementwise function of operands of one shape; `order` counts how often it has been differentiated."""

    __slots__ = ()

    @property
    def fn(self) -> str:
        return str(self.key[1])

    @property
    def params(self) -> Params:
        return self.key[3]  # type: ignore[no-any-return]

    @property
    def order(self) -> int:
        return int(self.key[4])


def elementwise(fn: str, operands: Sequence[Node], params: Params = (), order: int = 0) -> Node:
    shape = operands[0].shape
    for operand in operands:
        if operand.shape != shape:
            raise ShapeError(f"{fn} of {show(shape)} and {show(operand.shape)}")
    operands = tuple(operands)
    return _intern(Map, (Map, fn, operands, params, order), shape, operands)[0]


class Func(Node):
    """An op that is neither multilinear nor elementwise: softmax along an axis, an inverse, a concatenation, …"""

    __slots__ = ()

    @property
    def fn(self) -> str:
        return str(self.key[1])

    @property
    def params(self) -> Params:
        return self.key[3]  # type: ignore[no-any-return]


def func(fn: str, operands: Sequence[Node], params: Params, shape: Shape) -> Node:
    operands = tuple(operands)
    return _intern(Func, (Func, fn, operands, params), shape, operands)[0]


def axes(node: Node) -> Indices:
    """One label for each axis."""
    return tuple(range(len(node.shape)))


@lru_cache(maxsize=4096)
def constant(value: int | Fraction, shape: Shape) -> Node:
    """A tensor whose entries are all that number."""
    return einsum((), tuple(range(len(shape))), shape, value)


def scale(number: int | Fraction, node: Node, sizes: Iterable[tuple[Dim, int]] = ()) -> Node:
    return einsum([(node, axes(node))], axes(node), node.shape, number, sizes)


def multiply(*nodes: Node) -> Node:
    """The Hadamard product of tensors of one shape; a tensor of shape () multiplies all entries."""
    shape = max((node.shape for node in nodes), key=len)
    labels = tuple(range(len(shape)))
    return einsum([(n, labels if n.shape else ()) for n in nodes], labels, shape)


def contract(node: Node, other: Node) -> Node:
    """The full inner product ⟨A, B⟩ of two tensors of one shape, a scalar of shape ()."""
    return einsum([(node, axes(node)), (other, axes(other))], (), ())


def transpose(node: Node) -> Node:
    return einsum([(node, (0, 1))], (1, 0), (node.shape[1], node.shape[0]))


def broadcast(node: Node, shape: Shape) -> Node:
    """Repeat along the axes of size 1, and along leading axes that the node lacks (NumPy's rule)."""
    if node.shape == shape:
        return node
    missing = len(shape) - len(node.shape)
    if missing < 0 or any(n is not s and not n.is_one for n, s in zip(node.shape, shape[missing:], strict=True)):
        raise ShapeError(f"{show(node.shape)} does not broadcast to {show(shape)}")
    return einsum([(node, tuple(range(missing, len(shape))))], tuple(range(len(shape))), shape)


def power(node: Node, exponent: int | Fraction) -> Node:
    """The elementwise power."""
    exponent = Fraction(exponent)
    if exponent == 0:
        return constant(1, node.shape)
    if exponent == 1:
        return node
    if isinstance(node, Einsum) and not node.factors and not node.sizes and exponent.denominator == 1:
        if node.coefficient == 0 and exponent < 0:
            raise ShapeError("a division by zero")
        return constant(node.coefficient ** int(exponent), node.shape)
    if isinstance(node, Map) and node.fn == "power" and node.order == 0:
        inner = node.params[0]
        # (x^a)^b is x^(ab) only where no even root forgets a sign: of whole exponents, and of x that has a root.
        if exponent.denominator == 1 or inner.denominator > 1:
            return power(node.operands[0], inner * exponent)
    return elementwise("power", [node], (exponent,))


def topological(roots: Iterable[Node], known: Container[Node] = ()) -> list[Node]:
    """Every node under the roots, operands before what uses them, but for those that are known. Iterative: depth is no limit."""
    done: dict[Node, None] = {}
    stack: list[tuple[Node, Iterator[Node]]] = []
    for root in roots:
        if root in done or root in known:
            continue
        stack.append((root, iter(root.operands)))
        while stack:
            node, rest = stack[-1]
            for operand in rest:
                if operand not in done and operand not in known:
                    stack.append((operand, iter(operand.operands)))
                    break
            else:
                done[node] = None
                stack.pop()
    return list(done)


def variables(node: Node) -> tuple[Var, ...]:
    """The variables under a node, in order of appearance."""
    if isinstance(node, Var):
        return (node,)
    if node._variables is None:
        node._variables = tuple(n for n in topological([node]) if isinstance(n, Var))
    return node._variables


def rebuild(node: Node, operands: Sequence[Node]) -> Node:
    """The same operation on other operands of the same shapes."""
    if isinstance(node, Einsum):
        factors = [(new, labels) for new, (_, labels) in zip(operands, node.factors, strict=True)]
        # Labels of unit axes are UNIT already; give each output axis back its own label.
        return einsum(factors, node.out, node.shape, node.coefficient, node.sizes)
    if isinstance(node, Add):
        return add(operands)
    if isinstance(node, Map):
        if node.fn == "power" and node.order == 0:
            return power(operands[0], node.params[0])
        return elementwise(node.fn, operands, node.params, node.order)
    if isinstance(node, Func):
        return func(node.fn, operands, node.params, node.shape)
    return node


def substitute(root: Node, values: dict[Node, Node]) -> Node:
    """Replace nodes by others of the same shape, everywhere under the root."""
    new: dict[Node, Node] = {}
    for node in topological([root]):
        if node in values:
            new[node] = values[node]
        elif any(new[o] is not o for o in node.operands):
            new[node] = rebuild(node, [new[o] for o in node.operands])
        else:
            new[node] = node
    return new[root]


def resized(root: Node, size: Callable[[Dim], Dim]) -> Node:
    """The same tensor with every dimension changed, as where symbols get their numbers."""
    new: dict[Node, Node] = {}
    for node in topological([root]):
        shape = tuple(map(size, node.shape))
        operands = [new[o] for o in node.operands]
        if isinstance(node, Var):
            new[node] = var(node.name, shape)
        elif isinstance(node, Eye):
            new[node] = eye(shape[0])
        elif isinstance(node, Einsum):
            factors = [(made, labels) for made, (_, labels) in zip(operands, node.factors, strict=True)]
            new[node] = einsum(factors, node.out, shape, node.coefficient, [(size(dim), power) for dim, power in node.sizes])
        elif isinstance(node, Func):
            new[node] = func(node.fn, operands, tuple(size(p) if isinstance(p, Dim) else p for p in node.params), shape)
        else:
            new[node] = rebuild(node, operands)
    return new[root]
