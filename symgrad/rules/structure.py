"""Rewrites of vec, Kronecker products, padded sums and orthogonal eigenvectors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction

from symgrad.dims import Dim, Shape
from symgrad.ops.arrange import flip_node, pad_node, reshape_node, roll_node, slice_node
from symgrad.ops.structure import made
from symgrad.rewrite import Facts, Rule
from symgrad.tensor import UNIT, Add, Einsum, Eye, Factor, Func, Node, Sizes, add, einsum, eye, func, transpose


def _is(node: Node, name: str) -> bool:
    return isinstance(node, Func) and node.fn == name


def linear_rearrangement(node: Node, facts: Facts) -> Node | None:
    """vec(a X + b Y) = a vec(X) + b vec(Y), and so for a flip and a roll, where a piece then cancels; a number always stands outside."""
    if not isinstance(node, Func) or node.fn not in _AGAIN:
        return None
    other, make = _AGAIN[node.fn]
    (inner,) = node.operands
    split = [_scaling(term) for term in (inner.operands if isinstance(inner, Add) else (inner,))]
    same_axis = node.params[:1] if other == node.fn != "reshape" else None
    meets = any(isinstance(body, Func) and body.fn == other and same_axis in (None, body.params[:1]) for body, _ in split)
    if not meets and (len(split) > 1 or split[0][0] is inner):
        return None
    labels = tuple(range(len(node.shape)))
    # Rewriting does not come back to what is inside a result: a number before a sum leaves the function first.
    made_again = [make(node, body) for body, _ in split]
    if node in made_again:
        return None  # vec(X), and back to a matrix of another shape
    pieces = [linear_rearrangement(piece, facts) or split_of_product(piece, facts) or piece for piece in made_again]
    return add([einsum([(piece, labels)], labels, piece.shape, *number) for piece, (_, number) in zip(pieces, split, strict=True)])


def _rearranged(node: Func, body: Node) -> Node:
    return made(node.fn, [body], node.params)


# What undoes a rearrangement, and how it is made of another operand.
_AGAIN: dict[str, tuple[str, Callable[[Func, Node], Node]]] = {
    "vec": ("unvec", _rearranged),
    "unvec": ("vec", _rearranged),
    "pad": ("pad", lambda node, body: pad_node(body, node.params)),
    "flip": ("flip", lambda node, body: flip_node(body, *node.params)),
    "reshape": ("reshape", lambda node, body: reshape_node(body, node.params)),
    "roll": ("roll", lambda node, body: roll_node(body, *node.params)),
}


def _scaling(term: Node) -> tuple[Node, tuple[Fraction, Sizes]]:
    """What a number is multiplied by, and the number."""
    if isinstance(term, Einsum) and len(term.factors) == 1:
        ((body, labels),) = term.factors
        if labels == term.out and body.shape == term.shape:
            return body, (term.coefficient, term.sizes)
    return term, (Fraction(1), ())


def sum_of_vecs(node: Node, facts: Facts) -> Node | None:
    """a vec(X) + b vec(Y) = vec(a X + b Y)."""
    if not isinstance(node, Add):
        return None
    split = [_scaling(term) for term in node.operands]
    if not all(isinstance(body, Func) and body.fn == "vec" for body, _ in split):
        return None
    inside = [body.operands[0] for body, _ in split]
    if any(x.shape != inside[0].shape for x in inside):
        return None
    terms = [einsum([(x, (0, 1))], (0, 1), x.shape, *number) for x, (_, number) in zip(inside, split, strict=True)]
    return made("vec", [add(terms)])


def kron_of_vec(node: Node, facts: Facts) -> Node | None:
    """(A ⊗ B) vec(X) = vec(B X Aᵀ)."""
    if not isinstance(node, Einsum):
        return None
    for k, (factor, labels) in enumerate(node.factors):
        if not isinstance(factor, Func) or factor.fn != "kron":
            continue
        for end in (0, 1):
            label = labels[end]
            column = next((j for j, (n, ls) in enumerate(node.factors) if _is(n, "vec") and ls[0] == label), None)
            if column is None or label in node.out or sum(ls.count(label) for _, ls in node.factors) != 2:
                continue
            x = node.factors[column][0].operands[0]
            a, b = (transpose(n) for n in factor.operands) if end == 0 else factor.operands
            if x.shape != (b.shape[1], a.shape[1]):
                continue
            inside = einsum([(b, (0, 1)), (x, (1, 2)), (a, (3, 2))], (0, 3), (b.shape[0], a.shape[0]))
            rest: list[Factor] = [f for i, f in enumerate(node.factors) if i not in (k, column)]
            rest.append((made("vec", [inside]), (labels[1 - end], UNIT)))
            return einsum(rest, node.out, node.shape, node.coefficient, node.sizes)
    return None


def _pieces(shape: Shape, target: Shape) -> list[list[Dim]] | None:
    """How each axis of the shape is split into consecutive axes of the target; None where it is not so."""
    left = list(target)
    groups: list[list[Dim]] = []
    for dim in shape:
        group: list[Dim] = []
        size = Dim.of(1)
        while left and size is not dim:
            group.append(left.pop(0))
            size = size * group[-1]
        if size is not dim:
            return None
        groups.append(group)
    return None if left else groups


def split_of_product(node: Node, facts: Facts) -> Node | None:
    """A product whose axes are split in two is the product of its split factors; δ and A ⊗ B split into their parts."""
    if not isinstance(node, Func) or node.fn != "reshape" or len(node.shape) != 4:
        return None
    (inner,) = node.operands
    groups = _pieces(inner.shape, node.shape)
    if groups is None or [len(group) for group in groups] != [2, 2]:
        return None
    whole = inner if isinstance(inner, Einsum) else None
    factors: Sequence[Factor] = whole.factors if whole else [(inner, (0, 1))]
    out = whole.out if whole else (0, 1)
    if UNIT in out or any(len(n.shape) != 2 for n, ls in factors if set(ls) & set(out)):
        return None
    fresh = len(whole.dims) if whole else 2
    names = {label: (fresh + 2 * i, fresh + 2 * i + 1) for i, label in enumerate(out)}
    sizes = dict(zip(out, groups, strict=True))
    parts: list[Factor] = []
    for factor, labels in factors:
        if not set(labels) & set(out):
            parts.append((factor, labels))
            continue
        split = _split_factor(factor, labels, names, sizes)
        if split is None:
            return None
        parts += split
    axes = tuple(name for label in out for name in names[label])
    return einsum(parts, axes, node.shape, whole.coefficient if whole else 1, whole.sizes if whole else ())


def rearranged_constant(node: Node, facts: Facts) -> Node | None:
    """A matrix of equal entries is one in any shape."""
    if not isinstance(node, Func) or node.fn not in ("reshape", "vec", "unvec"):
        return None
    (inner,) = node.operands
    if not isinstance(inner, Einsum) or inner.factors:
        return None
    return einsum((), tuple(range(len(node.shape))), node.shape, inner.coefficient, inner.sizes)


def _split_factor(
    factor: Node, labels: Sequence[int], names: dict[int, tuple[int, int]], sizes: dict[int, list[Dim]]
) -> list[Factor] | None:
    """The parts of a factor both of whose axes, or whose one axis, is split."""
    if UNIT in labels:
        axis = 0 if labels[1] == UNIT else 1
        outer, inner = sizes[labels[axis]]
        column = factor if axis == 0 else transpose(factor)
        high, low = names[labels[axis]]
        piece = made("unvec", [column], (inner, outer))
        return [(linear_rearrangement(piece, Facts()) or piece, (low, high))]
    if not all(label in names for label in labels):
        return None
    (high, low), (right_high, right_low) = (names[label] for label in labels)
    rows, columns = (sizes[label] for label in labels)
    if isinstance(factor, Eye) and rows == columns:
        return [(eye(rows[0]), (high, right_high)), (eye(rows[1]), (low, right_low))]
    if isinstance(factor, Func) and factor.fn == "kron":
        a, b = factor.operands
        if (a.shape, b.shape) == ((rows[0], columns[0]), (rows[1], columns[1])):
            return [(a, (high, right_high)), (b, (low, right_low))]
    return None


def inverse_of_kron(node: Node, facts: Facts) -> Node | None:
    """(A ⊗ B)⁻¹ = A⁻¹ ⊗ B⁻¹ of square matrices."""
    if not isinstance(node, Func) or node.fn != "inverse" or not _is(node.operands[0], "kron"):
        return None
    parts = node.operands[0].operands
    if any(part.shape[0] is not part.shape[1] for part in parts):
        return None
    return made("kron", [func("inverse", [part], (), part.shape) for part in parts])


def sum_over_padding(node: Node, facts: Facts) -> Node | None:
    """Σ_i pad(g)_i A_ij = Σ_i g_i A[s, :]_ij: where there are only zeros nothing is summed."""
    if not isinstance(node, Einsum):
        return None
    for k, (factor, labels) in enumerate(node.factors):
        if not isinstance(factor, Func) or factor.fn != "pad":
            continue
        axis, start, step, _size = factor.params
        label, inner = labels[axis], factor.operands[0]
        if label == UNIT or label in node.out or labels.count(label) != 1:
            continue
        length = inner.shape[axis]
        stop = start + length if step == 1 else start + (length - 1) * step + 1
        factors: list[Factor] = []
        for j, (other, theirs) in enumerate(node.factors):
            if j == k:
                factors.append((inner, labels))
            elif label not in theirs:
                factors.append((other, theirs))
            elif theirs.count(label) == 1:
                factors.append((slice_node(other, (theirs.index(label), start, stop, step)), theirs))
            else:
                break
        else:
            return einsum(factors, node.out, node.shape, node.coefficient, node.sizes)
    return None


def orthogonal_eigenvectors(node: Node, facts: Facts) -> Node | None:
    """V Vᵀ = Vᵀ V = I for the eigenvectors of a symmetric matrix."""
    if not isinstance(node, Einsum):
        return None
    for k, (factor, labels) in enumerate(node.factors):
        if not _is(factor, "eigenvectors"):
            continue
        for j in range(k + 1, len(node.factors)):
            other, theirs = node.factors[j]
            for axis in (0, 1):
                shared = labels[axis]
                uses = sum(ls.count(shared) for _, ls in node.factors)
                if other is factor and theirs[axis] == shared and shared not in node.out and uses == 2:
                    rest: list[Factor] = [f for i, f in enumerate(node.factors) if i not in (j, k)]
                    delta = (eye(factor.shape[0]), (labels[1 - axis], theirs[1 - axis]))
                    return einsum([*rest, delta], node.out, node.shape, node.coefficient, node.sizes)
    return None


RULES: tuple[Rule, ...] = (
    Rule(
        "linear-rearrangement",
        "vec⁻¹(a vec(X) + b y) = a X + b vec⁻¹(y)",
        "a vec, reshaping, flip, roll or pad disappears, or a number leaves it",
        linear_rearrangement,
    ),
    Rule("sum-of-vecs", "vec(X) + vec(Y) = vec(X + Y)", "fewer functions", sum_of_vecs),
    Rule("kron-of-vec", "(A ⊗ B) vec(X) = vec(B X Aᵀ)", "a Kronecker product disappears", kron_of_vec),
    Rule("rearranged-constant", "vec(1 1ᵀ) = 1", "a rearrangement disappears", rearranged_constant),
    Rule("split-of-product", "the blocks of A ⊗ B are A_ij B", "a reshaping disappears", split_of_product),
    Rule("inverse-of-kron", "(A ⊗ B)⁻¹ = A⁻¹ ⊗ B⁻¹", "an inverse moves towards the leaves", inverse_of_kron),
    Rule("sum-over-padding", "Σ_i pad(g)_i a_i = Σ_i g_i a[s]_i", "a padding disappears", sum_over_padding),
    Rule("orthogonal-eigenvectors", "V Vᵀ = I", "fewer factors", orthogonal_eigenvectors),
)
