"""What a differential is multiplied by: the tensor A of A·dw, in an expression that is linear in dw.

Its axes are those of the expression, then those of w, so a Hessian or a Jacobian is read off a differential. Products are opened
as far as dw stands in them, and the identities that this leaves are contracted; all else stays as it was.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction

from symgrad.dims import ONE, Shape
from symgrad.errors import Unsupported
from symgrad.form import walk
from symgrad.ops import op_named
from symgrad.raising import raise_form
from symgrad.rewrite import Facts
from symgrad.rules.products import flatten_product
from symgrad.tensor import UNIT, Add, Einsum, Eye, Factor, Func, Node, add, axes, constant, einsum, eye, topological

MOST_TERMS = 16
"""A derivative with more terms than this is read by nobody."""

_TOO_MANY = f"it has more than {MOST_TERMS} terms, its product with a direction is shorter"

Terms = tuple[Node, ...]


def identity(shape: Shape) -> Node:
    """The derivative of a tensor by itself: δ_ik δ_jl for a matrix."""
    rank = len(shape)
    factors: list[Factor] = [(eye(dim), (axis, rank + axis)) for axis, dim in enumerate(shape)]
    return einsum(factors, tuple(range(2 * rank)), shape + shape)


def coefficient(node: Node, seeds: Mapping[Node, Terms], tail: Shape) -> Terms:
    """The terms of the tensor, of the node's shape and then `tail`, when the seeds are themselves these terms times dw.

    The node must be linear in its seeds. Raises `Unsupported` where a rearrangement has no such tensor, and where there
    are more than `MOST_TERMS` terms.
    """
    done: dict[Node, Terms] = {}
    for n in topological([node]):
        if n in seeds:
            done[n] = seeds[n]
            continue
        inner = [done[operand] for operand in n.operands]
        done[n] = _terms(n, inner, tail) if any(inner) else ()
        if len(done[n]) > MOST_TERMS:
            raise Unsupported(_TOO_MANY)
    return done[node]


def composed(outer: Terms, inner: Terms, rows: Shape, between: Shape, columns: Shape) -> Terms:
    """The chain rule for derivatives as tensors, ∂y/∂u times ∂u/∂w, of shape `rows` + `columns`.

    A Jacobian of several terms between vectors stays a factor of its own, as in (diag(p) − p pᵀ) W; others are multiplied out.
    """
    if len(outer) > 1 and all(long_axes(shape) < 2 for shape in (rows, between, columns)):
        left, right = as_matrix(add(outer), rows, between), as_matrix(add(inner), between, columns)
        made = einsum([(left, (0, 1)), (right, (1, 2))], (0, 2), (left.shape[0], right.shape[1]))
        made = flatten_product(made, Facts(), only=right) or made
        labels = [index if not dim.is_one else UNIT for index, shape in enumerate((rows, columns)) for dim in shape]
        whole = einsum([(made, (0, 1))], tuple(labels), rows + columns)
        return (flatten_product(whole, Facts(), only=made) or whole,)
    first = tuple(range(len(rows)))
    middle = tuple(range(len(rows), len(rows) + len(between)))
    last = tuple(range(len(rows) + len(between), len(rows) + len(between) + len(columns)))
    products: list[Node] = []
    for a in outer:
        for b in inner:
            made = einsum([(a, first + middle), (b, middle + last)], first + last, rows + columns)
            products.append(flatten_product(made, Facts()) or made)
    if len(products) > MOST_TERMS:
        raise Unsupported(_TOO_MANY)
    return tuple(products)


def terms_of(node: Node) -> Terms:
    """The terms of a sum; none of zero."""
    if isinstance(node, Einsum) and node.is_zero:
        return ()
    return node.operands if isinstance(node, Add) else (node,)


def _terms(node: Node, inner: list[Terms], tail: Shape) -> Terms:
    if isinstance(node, Add):
        return terms_of(add([term for terms in inner for term in terms]))
    if isinstance(node, Einsum):
        (k,) = (k for k, terms in enumerate(inner) if terms)
        return tuple(_product(node, k, term, tail) for term in inner[k])
    if isinstance(node, Func) and node.fn in ("slice", "pad", "flip", "roll"):
        return tuple(op_named(node.fn).lower((term,), node.params) for term in inner[0])
    if isinstance(node, Func) and node.fn == "concat":
        return _joined(node, inner, tail)
    what = node.fn if isinstance(node, Func) else type(node).__name__
    raise Unsupported(f"symgrad has no Jacobian, as one tensor, of {what}; ask for its product with a vector")


def _product(node: Einsum, k: int, term: Node, tail: Shape) -> Node:
    """The einsum with its factor k replaced by that factor's derivative, which is opened so that its identities contract."""
    last = tuple(range(len(node.dims), len(node.dims) + len(tail)))
    factors = [(term, labels + last) if i == k else (n, labels) for i, (n, labels) in enumerate(node.factors)]
    made = einsum(factors, node.out + last, node.shape + tail, node.coefficient, node.sizes)
    return flatten_product(made, Facts(), only=term) or made


def _joined(node: Func, inner: list[Terms], tail: Shape) -> Terms:
    pieces = [add(terms) if terms else constant(0, o.shape + tail) for o, terms in zip(node.operands, inner, strict=True)]
    return (op_named("concat").lower(tuple(pieces), node.params),)


def as_matrix(node: Node, rows: Shape, columns: Shape, turned: bool = False) -> Node:
    """The derivative with axes of size 1 left out: a matrix where both sides are vectors or scalars, else a tensor of more axes.

    `turned` is the transpose of a matrix.
    """
    long = [(k, dim) for k, dim in enumerate(rows + columns) if not dim.is_one]
    left = [(k, dim) for k, dim in long if k < len(rows)]
    right = [(k, dim) for k, dim in long if k >= len(rows)]
    if len(left) <= 1 and len(right) <= 1:
        placed = (left or [(UNIT, ONE)]) + (right or [(UNIT, ONE)])
    else:
        placed = left + right
    if turned and len(placed) == 2:
        placed.reverse()
    return _placed(node, tuple(k for k, _ in placed), tuple(dim for _, dim in placed))


def matrix_shape(rows: Shape, columns: Shape) -> Shape:
    """The shape of a derivative: a matrix where both sides have at most one axis, else all axes longer than 1."""
    return as_matrix(constant(1, rows + columns), rows, columns).shape


def long_axes(shape: Shape) -> int:
    """How many axes are longer than 1, and so have an index."""
    return sum(not dim.is_one for dim in shape)


def _placed(node: Node, out: tuple[int, ...], shape: Shape) -> Node:
    if isinstance(node, Add):
        return add([_placed(term, out, shape) for term in node.operands])
    if isinstance(node, Func) and node.fn in ("slice", "pad", "flip", "roll", "concat") and node.params[0] in out:
        # What rearranges one axis does so wherever that axis stands.
        inner = [_placed(o, out, tuple(ONE if k == UNIT else o.shape[k] for k in out)) for o in node.operands]
        return op_named(node.fn).lower(tuple(inner), (out.index(node.params[0]), *node.params[1:]))
    made = einsum([(node, axes(node))], out, shape)
    return flatten_product(made, Facts(), only=node) or made


def in_components(node: Node, facts: Facts) -> Node:
    """The factors of a tensor of more than two axes gathered into matrices: X_ai X_ak δ_jl is (Xᵀ X)_ik δ_jl.

    Factors with the same indices are one, and so are terms that differ in one factor: A_ik δ_jl + A_ki δ_jl is (A + Aᵀ)_ik δ_jl.
    """
    if isinstance(node, Add):
        terms: list[Node] = []
        for term in (in_components(operand, facts) for operand in node.operands):
            at, joined = next(((k, made) for k, other in enumerate(terms) if (made := _met(other, term)) is not None), (0, None))
            terms[at : at + 1] = [joined] if joined is not None else [*terms[at : at + 1]]
            terms += [term] if joined is None else []
        return add(terms)
    if not isinstance(node, Einsum) or len(node.shape) <= 2:
        return node
    free = set(node.out) - {UNIT}
    parts: list[list[int]] = []
    for k, (_, labels) in enumerate(node.factors):
        summed = {label for label in labels if label != UNIT} - free
        touched = [part for part in parts if any(summed & set(node.factors[i][1]) for i in part)]
        parts = [part for part in parts if part not in touched] + [sorted([k, *(i for part in touched for i in part)])]
    factors: list[Factor] = []
    for part in parts:
        own = [node.factors[k] for k in part]
        factors += _gathered(node, own, facts) or own
    factors = _together(factors)
    factors.sort(key=lambda f: (isinstance(f[0], Eye), sorted(node.out.index(label) for label in f[1] if label in free)))
    return einsum(factors, node.out, node.shape, node.coefficient, node.sizes)


def _together(factors: Sequence[Factor]) -> list[Factor]:
    """u_i v_i as (u ⊙ v)_i: one factor for each set of indices."""
    found: dict[frozenset[int], list[Factor]] = {}
    alone: list[Factor] = []
    for factor in factors:
        labels = {label for label in factor[1] if label != UNIT}
        plain = labels and len(labels) == sum(label != UNIT for label in factor[1]) and not isinstance(factor[0], Eye)
        (found.setdefault(frozenset(labels), []) if plain and len(factor[1]) == 2 else alone).append(factor)
    return [*alone, *(own[0] if len(own) == 1 else _entrywise(own) for own in found.values())]


def _entrywise(own: Sequence[Factor]) -> Factor:
    """The Hadamard product of factors with the same indices, in the order of the first."""
    node, labels = own[0]
    return einsum(own, labels, node.shape), labels


def _met(left: Node, right: Node) -> Node | None:
    """Two products that differ in one factor, or only in its order of indices, as one; None where they differ in more."""
    if not isinstance(left, Einsum) or not isinstance(right, Einsum) or left.sizes != right.sizes or left.out != right.out:
        return None
    mine, theirs = list(left.factors), list(right.factors)
    for factor in left.factors:
        if factor in theirs:
            mine.remove(factor)
            theirs.remove(factor)
    if len(mine) != 1 or len(theirs) != 1 or any(isinstance(f[0], Eye) for f in (*mine, *theirs)):
        return None
    ((a, labels),), ((b, others),) = mine, theirs
    if sorted(labels) != sorted(others) or len(a.shape) > 2 or any(labels.count(label) > 1 for label in labels):
        return None
    number = max(abs(left.coefficient), abs(right.coefficient))
    if {abs(left.coefficient), abs(right.coefficient)} != {number}:
        number = Fraction(1)
    both = add([
        einsum([(a, labels)], labels, a.shape, left.coefficient / number),
        einsum([(b, others)], labels, a.shape, right.coefficient / number),
    ])  # fmt: skip
    rest = [(both, labels) if factor == mine[0] else factor for factor in left.factors]
    return einsum(rest, left.out, left.shape, number, left.sizes)


def _gathered(node: Einsum, own: list[Factor], facts: Facts) -> list[Factor]:
    """Factors that are summed over together as one matrix, where they are one."""
    labels = tuple(label for label in node.out if label != UNIT and any(label in ls for _, ls in own))
    if len(labels) > 2 or (len(own) == 1 and set(own[0][1]) <= {*labels, UNIT}):
        return []
    shape: Shape = tuple(node.dims[label] for label in labels)
    if len(labels) == 1:
        labels, shape = (*labels, UNIT), (*shape, ONE)
    made = einsum(own, labels, shape)
    return [] if any(f.op == "einsum" for f in walk(raise_form(made, facts))) else [(made, labels)]
