"""Rewrites of products: nested sums of products flattened, and what cancels."""

from __future__ import annotations

from fractions import Fraction
from itertools import permutations

from symgrad.rewrite import Facts, Rule, factors_written, is_symmetric, is_symmetric_each
from symgrad.rules.inverses import cancel_inverse, open_inverse_when_shorter
from symgrad.tensor import (
    UNIT,
    Add,
    Einsum,
    Eye,
    Factor,
    Func,
    Indices,
    Map,
    Node,
    Var,
    add,
    axes,
    constant,
    einsum,
    elementwise,
    eye,
    power,
    scale,
    split,
    substitute,
    topological,
    transpose,
    variables,
)


def flatten_when_shorter(node: Node, facts: Facts) -> Node | None:
    """A product inside a product is opened where factors of both then cancel: P ⊙ (Y ⊘ P) = Y."""
    flat = flatten_product(node, facts)
    if flat is None:
        return None
    short = _products(flat, facts)
    return short if factors_written(short) < factors_written(node) else None


def flatten_broadcast(node: Node, facts: Facts) -> Node | None:
    """A ⊙ (u 1ᵀ) = diag(u) A, Σ (A ⊙ B) = tr(Aᵀ B), diagonal(u vᵀ) = u ⊙ v, ((u vᵀ) ⊙ A) 1 = u ⊙ (A v).

    A product inside a product is opened when it only repeats, is only summed, or has more than two axes, though no variable has.
    """
    if not isinstance(node, Einsum):
        return None
    for inner, outside in node.factors:
        if isinstance(inner, Einsum):
            carried = {label for _, labels in inner.factors for label in labels}
            repeats = any(label != UNIT and label not in carried for label in inner.out)
            # Σ_ij (A ⊙ B)_ij is ⟨A, B⟩: the sum of a product is one product.
            sums = len(node.factors) == 1 and len(node.dims) > sum(1 for label in node.out if label != UNIT)
            diagonal = any(label != UNIT and outside.count(label) > 1 for label in outside)
            # A batch of matrices is one matrix on paper; what only the calculus gave more than two axes is none.
            beyond = len(inner.shape) > 2 and all(len(n.shape) <= 2 for n in variables(inner))
            if repeats or sums or diagonal or beyond or _is_outer_and_summed(node, inner, outside):
                return flatten_product(node, facts, only=inner)
    return None


def _is_outer_and_summed(node: Einsum, inner: Einsum, outside: Indices) -> bool:
    """((u vᵀ) ⊙ A) 1 is u ⊙ (A v), where no u vᵀ is formed."""
    owners = [label for _, labels in inner.factors for label in set(labels) if label != UNIT]
    if len(inner.factors) < 2 or len(owners) > len(set(owners)) or set(owners) != set(inner.out) or len(inner.shape) != 2:
        return False
    beside = any(set(outside) <= set(labels) for n, labels in node.factors if n is not inner)
    return beside and any(label not in node.out for label in outside)


def flatten_product(node: Node, facts: Facts, only: Node | None = None) -> Node | None:
    """Σ_j A_ij (Σ_k B_jk C_k) = Σ_jk A_ij B_jk C_k."""
    if not isinstance(node, Einsum) or not any(isinstance(n, Einsum) for n, _ in node.factors):
        return None
    fresh = len(node.dims)
    coefficient, sizes, factors = node.coefficient, list(node.sizes), [_repeat(node)]
    for inner, labels in node.factors:
        if not isinstance(inner, Einsum) or (only is not None and inner is not only):
            factors.append((inner, labels))
            continue
        renamed = dict(zip(inner.out, labels, strict=True)) | {UNIT: UNIT}
        for index in range(len(inner.dims)):
            if index not in renamed:
                renamed[index], fresh = fresh, fresh + 1
        coefficient *= inner.coefficient
        sizes += inner.sizes
        factors += [(n, tuple(renamed[label] for label in ls)) for n, ls in inner.factors]
    return einsum(factors, node.out, node.shape, coefficient, sizes)


def _repeat(node: Einsum, but: int = UNIT) -> Factor:
    """A factor 1 that carries every index (but one), so that a sum over an index that loses its factors still counts."""
    labels = tuple(label for label in range(len(node.dims)) if label != but)
    return constant(1, tuple(node.dims[label] for label in labels)), labels


def _base(node: Node) -> tuple[Node, Fraction]:
    if isinstance(node, Map) and node.fn == "power" and node.order == 0:
        base, exponent = _base(node.operands[0]) if _is_root(node.operands[0]) else (node.operands[0], Fraction(1))
        return base, exponent * node.params[0]
    return (node.operands[0], Fraction(1, 2)) if isinstance(node, Map) and _is_root(node) else (node, Fraction(1))


def _is_root(node: Node) -> bool:
    return isinstance(node, Map) and node.fn == "sqrt" and node.order == 0


def _raised(base: Node, exponent: Fraction) -> Node:
    """A power, with √x for what is below a line or is the root itself."""
    if exponent.denominator == 2 and exponent <= Fraction(1, 2):
        return power(elementwise("sqrt", [base]), 2 * exponent)
    return power(base, exponent)


def _is_number(node: Node) -> bool:
    return all(dim.is_one for dim in node.shape)


def cancel_reciprocal(node: Node, facts: Facts) -> Node | None:
    """x^a ⊙ x^b = x^(a+b) where one of them is written as a power or a root; x ⊙ x^(−1) = 1 on the domain."""
    if not isinstance(node, Einsum):
        return None
    seen: dict[tuple[Node, tuple[int, ...]], tuple[int, Fraction]] = {}
    for k, (factor, labels) in enumerate(node.factors):
        base, exponent = _base(factor)
        before = seen.get((base, labels))
        # Of numbers powers meet, too: det(X)² det(X); entry by entry h ⊙ h stays as it is written, while h ⊙ h^∘2 is h^∘3.
        if before is not None and (not before[1] == exponent == 1 or (_is_number(base) and before[1] + exponent > 2)):
            joined = _raised(base, before[1] + exponent)
            factors: list[Factor] = [f for i, f in enumerate(node.factors) if i not in (k, before[0])]
            factors[before[0] : before[0]] = [(joined, labels), _repeat(node)]
            return einsum(factors, node.out, node.shape, node.coefficient, node.sizes)
        seen[base, labels] = (k, exponent)
    return None


def like_products(node: Node, facts: Facts) -> Node | None:
    """y ⊙ (A x) + (A x) ⊙ y = 2 y ⊙ (A x), also where products inside the products are made in another order."""
    if not isinstance(node, Add) or sum(isinstance(term, Einsum) for term in node.operands) < 2:
        return None
    alike: dict[object, list[tuple[Fraction, Node]]] = {}
    for term in node.operands:
        flat = term
        while (opened := flatten_product(flat, facts)) is not None:
            flat = opened
        number, key = split(flat)
        alike.setdefault(key, []).append((number, term))
    if len(alike) == len(node.operands):
        return None
    merged = [(sum((number for number, _ in group), Fraction(0)) / group[0][0], group[0][1]) for group in alike.values()]
    return add([scale(times, term) for times, term in merged])


def squares_alike(node: Node, facts: Facts) -> Node | None:
    """2 x ⊙ x + x^∘2 = 3 x^∘2: what one term has as a power, the others do not write as a product."""
    if not isinstance(node, Add):
        return None
    factors = [term.factors if isinstance(term, Einsum) else ((term, ()),) for term in node.operands]
    powers = {n.operands[0] for each in factors for n, _ in each if isinstance(n, Map) and n.fn == "power" and not n.order}
    terms = [_with_squares(term, powers) if powers and isinstance(term, Einsum) else term for term in node.operands]
    return None if all(new is old for new, old in zip(terms, node.operands, strict=True)) else add(terms)


def _with_squares(term: Einsum, of: set[Node]) -> Node:
    for k, (n, labels) in enumerate(term.factors):
        twice = next((i for i, other in enumerate(term.factors[:k]) if other == (n, labels) and n in of), None)
        if twice is not None:
            factors = [(power(n, 2), ls) if i == twice else (f, ls) for i, (f, ls) in enumerate(term.factors) if i != k]
            return einsum(factors, term.out, term.shape, term.coefficient, term.sizes)
    return term


def power_of_a_letter(node: Node) -> tuple[Factor, list[Node]] | None:
    """The log(b) and the terms of the c of b^c, which is exp(c log(b)) with a scalar c that is no number."""
    if not isinstance(node, Map) or node.fn != "exp" or node.order:
        return None
    z = flatten_product(node.operands[0], Facts()) or node.operands[0]
    if not isinstance(z, Einsum) or z.sizes:
        return None
    logs = [(n, labels) for n, labels in z.factors if isinstance(n, Map) and n.fn == "log" and not n.order]
    rest = [factor for factor in z.factors if factor not in logs]
    if len(logs) != 1 or not rest or any(_real(labels) for _, labels in rest) or _real(logs[0][1]) != _real(z.out):
        return None
    if len(rest) == 1 and isinstance(rest[0][0], Add):
        ((exponent, labels),) = rest
        return logs[0], [einsum([(term, labels)], (), (), z.coefficient) for term in exponent.operands]
    return logs[0], [einsum(rest, (), (), z.coefficient)]


def _real(labels: Indices) -> Indices:
    return tuple(label for label in labels if label != UNIT)


def join_powers(node: Node, facts: Facts) -> Node | None:
    """b^c ⊘ b = b^(c − 1), and so with any power of b, also where one of them stands in a product inside the product."""
    joined: Node | None = None
    product: Node | None = node
    while joined is None and product is not None:
        joined, product = _joined(product), flatten_product(product, facts)
    return joined


def _joined(node: Node) -> Node | None:
    if not isinstance(node, Einsum):
        return None
    for k, (factor, labels) in enumerate(node.factors):
        found = power_of_a_letter(factor)
        if found is None:
            continue
        (log, own), terms = found
        for j, (other, at) in enumerate(node.factors):
            base, number = _base(other)
            # (1 − s)^c ⊙ (1 − s) stays as it is written; a power that was joined is opened again.
            if base is log.operands[0] and _real(at) == _real(labels) and (number < 0 or len(terms) > 1):
                (z,) = factor.operands
                raised = einsum([(add([*terms, constant(number, ())]), ()), (log, own)], axes(z), z.shape)
                factors = [(elementwise("exp", [raised]), ls) if i == k else (n, ls) for i, (n, ls) in enumerate(node.factors) if i != j]
                return einsum(factors, node.out, node.shape, node.coefficient, node.sizes)
    return None


def open_reciprocal_when_shorter(node: Node, facts: Facts) -> Node | None:
    """(a ⊙ b)^(−1) is a^(−1) ⊙ b^(−1) where one of them then cancels."""
    flat = node
    while (opened_once := flatten_product(flat, facts)) is not None:
        flat = opened_once
    if not isinstance(flat, Einsum):
        return None
    for k, (factor, labels) in enumerate(flat.factors):
        base, exponent = _base(factor)
        if exponent >= 0 or exponent.denominator > 1 or not isinstance(base, Einsum) or len(base.factors) < 2 or not base.coefficient:
            continue
        if any(at != base.out for _, at in base.factors):
            continue
        opened = [(power(n, exponent), labels) for n, _ in base.factors]
        sizes = [*flat.sizes, *((dim, int(exponent) * p) for dim, p in base.sizes)]
        factors = [*flat.factors[:k], *opened, *flat.factors[k + 1 :]]
        number = flat.coefficient * base.coefficient ** int(exponent)
        short = _products(einsum(factors, flat.out, flat.shape, number, sizes), facts)
        if factors_written(short) < factors_written(node):
            return short
    return None


def cancel_own_reciprocal(node: Node, facts: Facts) -> Node | None:
    """(A b) ⊘ (A b) = 1 where the product stands by its factors: A and b beside (A b)^p are (A b)^(p+1)."""
    if not isinstance(node, Einsum):
        return None
    for k, (factor, labels) in enumerate(node.factors):
        base, exponent = _base(factor)
        if exponent >= 0 or not isinstance(base, Einsum) or len(base.factors) < 2 or base.sizes or not base.coefficient:
            continue
        others = {i: factor for i, factor in enumerate(node.factors) if i != k}
        outer = dict(zip(base.out, labels, strict=True)) | {UNIT: UNIT}
        found = _beside(base.factors, others, outer)
        if found is None:
            continue
        rest, names = found
        summed = [names.get(label, UNIT) for label in range(len(base.dims)) if label not in outer]
        elsewhere = {*node.out, *labels, *(label for _, at in rest.values() for label in at)}
        # What the product sums over is summed there alone.
        if UNIT in summed or len(set(summed)) < len(summed) or set(summed) & elsewhere:
            continue
        joined = (power(base, exponent + 1), labels)
        return einsum([*rest.values(), joined], node.out, node.shape, node.coefficient / base.coefficient, node.sizes)
    return None


def _beside(
    product: tuple[Factor, ...], others: dict[int, Factor], names: dict[int, int]
) -> tuple[dict[int, Factor], dict[int, int]] | None:
    """The factors that are left when those of a product are taken away, and what its indices are called among them."""
    if not product:
        return others, names
    (node, labels), rest = product[0], product[1:]
    for i, (other, theirs) in others.items():
        if other is not node or any(names.get(a, b) != b for a, b in zip(labels, theirs, strict=True)):
            continue
        left = {place: factor for place, factor in others.items() if place != i}
        found = _beside(rest, left, names | dict(zip(labels, theirs, strict=True)))
        if found is not None:
            return found
    return None


def cancel_diagonal(node: Node, facts: Facts) -> Node | None:
    """diag(1 ⊘ diagonal(P)) ⊙ P = I: over its diagonal, a matrix is 1 there, and elsewhere it does not count."""
    if not isinstance(node, Einsum):
        return None
    for k, (factor, labels) in enumerate(node.factors):
        base, exponent = _base(factor)
        if exponent >= 0 or not isinstance(base, Einsum) or len(base.factors) != 1 or base.coefficient != 1 or base.sizes:
            continue
        (matrix, own), index = base.factors[0], next((label for label in labels if label != UNIT), UNIT)
        if len(own) != 2 or own[0] != own[1] or own[0] not in base.out or UNIT in own:
            continue
        for j, (other, theirs) in enumerate(node.factors):
            if other is not matrix or index not in theirs or not _meets_itself(node, theirs):
                continue
            rest = [(power(base, exponent + 1), ls) if i == k else (n, ls) for i, (n, ls) in enumerate(node.factors) if i != j]
            return einsum([*rest, _repeat(node)], node.out, node.shape, node.coefficient, node.sizes)
    return None


def _meets_itself(node: Einsum, labels: Indices) -> bool:
    """Whether both indices are one, as they stand or by a δ beside them."""
    return labels[0] == labels[1] or any(isinstance(n, Eye) and set(ls) == set(labels) for n, ls in node.factors)


def step_beside_a_clip(node: Node, facts: Facts) -> Node | None:
    """1[f(x) > f(c)] ⊙ 1[x > a] ⊙ (1 − 1[x > b]) = 0 for c = min(max(x, a), b), which is x where the others are 1."""
    if not isinstance(node, Einsum):
        return None
    steps = [f for f in node.factors if isinstance(f[0], Map) and f[0].fn == "step"]
    for (factor, labels), (above, theirs) in permutations(steps, 2):
        if labels != theirs:
            continue
        for clip in topological(factor.operands):
            largest = clip.operands[0] if isinstance(clip, Map) and clip.fn == "minimum" else clip
            if largest is clip or not isinstance(largest, Map) or largest.fn != "maximum":
                continue
            (x, least), most = largest.operands, clip.operands[1]
            below = [(1 - _step_over(of, most, facts), labels) for of in (x, largest)]
            if above is not _step_over(x, least, facts) or not any(f in below for f in node.factors):
                continue
            difference = substitute(factor.operands[0], {clip: x})
            if isinstance(difference, Einsum) and difference.is_zero and _is_entrywise(factor.operands[0], clip):
                return constant(0, node.shape)
    return None


def _step_over(x: Node, bound: Node, facts: Facts) -> Node:
    """1[x > a], with a number that is repeated for every entry as it stands in a sum."""
    less = scale(-1, bound)
    return elementwise("step", [add([x, flatten_broadcast(less, facts) or less])])


def _is_entrywise(node: Node, of: Node) -> bool:
    """Whether every entry of a node depends on this entry alone of what it is of."""
    if node is of or of not in topological([node]):
        return True
    alone = not isinstance(node, Einsum) or all(labels == node.out for n, labels in node.factors if of in topological([n]))
    return alone and isinstance(node, (Add, Map, Einsum)) and node.shape == of.shape and all(_is_entrywise(n, of) for n in node.operands)


def mask_idempotent(node: Node, facts: Facts) -> Node | None:
    """M ⊙ M = M for a mask, and for what is one-hot."""
    if not isinstance(node, Einsum):
        return None
    seen: set[Factor] = set()
    for k, factor in enumerate(node.factors):
        if factor in seen:
            rest = [f for i, f in enumerate(node.factors) if i != k]
            return einsum(rest, node.out, node.shape, node.coefficient, node.sizes)
        if _of_zeros_and_ones(factor[0], facts):
            seen.add(factor)
    return None


def triangle_beside_causal(node: Node, facts: Facts) -> Node | None:
    """1[j ≤ i] ⊙ softmax_causal(Z) = softmax_causal(Z), which is zero elsewhere."""
    if not isinstance(node, Einsum):
        return None
    causal = [labels for factor, labels in node.factors if isinstance(factor, Func) and factor.fn == "causal_softmax"]
    rest = [(f, labels) for f, labels in node.factors if not (isinstance(f, Func) and f.fn == "tri" and labels in causal)]
    return einsum(rest, node.out, node.shape, node.coefficient, node.sizes) if len(rest) < len(node.factors) else None


def rectified_beside_its_slope(node: Node, facts: Facts) -> Node | None:
    """ReLU(z) ⊙ ReLU′(z) = ReLU(z), which is zero where its slope is."""
    if not isinstance(node, Einsum):
        return None
    kept = [(f.operands, labels) for f, labels in node.factors if isinstance(f, Map) and f.fn == "relu" and not f.order]
    slopes = [isinstance(f, Map) and f.fn == "relu" and f.order == 1 and (f.operands, labels) in kept for f, labels in node.factors]
    rest = [factor for factor, is_slope in zip(node.factors, slopes, strict=True) if not is_slope]
    return einsum(rest, node.out, node.shape, node.coefficient, node.sizes) if any(slopes) else None


def _of_zeros_and_ones(node: Node, facts: Facts) -> bool:
    if not isinstance(node, Var):
        return isinstance(node, Func) and node.fn in ("tri", "one_hot")
    return any(known == "mask" or known.startswith("one_hot") for known in facts.of(node.name))


def one_hot_picks(node: Node, facts: Facts) -> Node | None:
    """Σ_j y_j y_k a_j = y_k a_k where y is one-hot: only one of its entries is not 0."""
    if not isinstance(node, Einsum):
        return None
    for k, (hot, labels) in enumerate(node.factors):
        for axis in one_hot_axes(hot, facts):
            for other, theirs in node.factors[:k]:
                apart = [i for i, (mine, its) in enumerate(zip(labels, theirs, strict=False)) if mine != its]
                if other is not hot or apart != [axis] or UNIT in (labels[axis], theirs[axis]):
                    continue
                gone = next((end for end in (labels[axis], theirs[axis]) if end not in node.out), None)
                if gone is None:
                    continue
                kept = labels[axis] + theirs[axis] - gone
                rest = [f for i, f in enumerate(node.factors) if i != k]
                moved = [(n, tuple(kept if label == gone else label for label in ls)) for n, ls in rest]
                return einsum(moved, node.out, node.shape, node.coefficient, node.sizes)
    return None


def one_hot_axes(node: Node, facts: Facts) -> list[int]:
    """The axes along which it has one 1, and zeros."""
    if isinstance(node, Func) and node.fn == "one_hot":
        return [len(node.shape) - 1]
    if isinstance(node, Var):
        return [int(p.partition(":")[2]) for p in facts.of(node.name) if p.startswith("one_hot:")]
    return []


def distribution_sums_to_one(node: Node, facts: Facts) -> Node | None:
    """Σ_k y_ik = 1 for a distribution along k."""
    if not isinstance(node, Einsum):
        return None
    for position, (factor, labels) in enumerate(node.factors):
        for axis in _distribution_axes(factor, facts):
            label = labels[axis]
            if label == UNIT or label in node.out or sum(ls.count(label) for _, ls in node.factors) != 1:
                continue
            rest = [f for i, f in enumerate(node.factors) if i != position]
            return einsum([*rest, _repeat(node, label)], node.out, node.shape, node.coefficient, node.sizes)
    return None


def _distribution_axes(factor: Node, facts: Facts) -> list[int]:
    if isinstance(factor, Func) and factor.fn == "softmax":
        return [factor.params[0]]
    if isinstance(factor, Func) and factor.fn == "perm":
        return [0, 1]
    if isinstance(factor, Var):
        return [int(p.partition(":")[2]) for p in facts.of(factor.name) if p.startswith("distribution:")]
    return one_hot_axes(factor, facts)


_MOST_TERMS = 16


def distribute_when_shorter(node: Node, facts: Facts) -> Node | None:
    """a (b + c) = ab + ac, only where the right side then has fewer factors: p ⊙ (1 − y ⊘ p) = p − y."""
    if not isinstance(node, Einsum):
        return None
    for k, (factor, _) in enumerate(node.factors):
        if not isinstance(factor, Add) or len(factor.operands) > _MOST_TERMS:
            continue
        terms = []
        for term in factor.operands:
            factors = [(term if i == k else n, ls) for i, (n, ls) in enumerate(node.factors)]
            terms.append(_products(einsum(factors, node.out, node.shape, node.coefficient, node.sizes), facts))
        expanded = add(terms)
        # diag(1 − u) is no longer than I − diag(u).
        if factors_written(expanded, Eye) < factors_written(node, Eye):
            return expanded
    return None


def _products(node: Node, facts: Facts) -> Node:
    """The cancellations of this module, to their fixed point (all of them shorten the product or flatten it)."""
    # A B beside (A B)^(−1) meets it before it is opened.
    rules = (
        cancel_reciprocal,
        join_powers,
        flatten_product,
        cancel_own_reciprocal,
        cancel_diagonal,
        mask_idempotent,
        triangle_beside_causal,
        rectified_beside_its_slope,
        step_beside_a_clip,
        one_hot_picks,
        distribution_sums_to_one,
        orthonormal_columns,
        symmetric_matrix,
        cancel_inverse,
        open_inverse_when_shorter,
    )
    while True:
        changed = next((new for rule in rules if (new := rule(node, facts)) is not None), None)
        if changed is None:
            return node
        node = changed


def symmetric_matrix(node: Node, facts: Facts) -> Node | None:
    """S_ij = S_ji for a symmetric matrix: i is the index of the result, or what else it stands at comes first, so that like terms meet."""
    if not isinstance(node, Einsum):
        return None
    symmetric = [is_symmetric(n, facts) if len(labels) == 2 else is_symmetric_each(n, facts) for n, labels in node.factors]
    if not any(symmetric):
        return None
    free = {label for label in node.out if label != UNIT}

    def place(label: int, but: int) -> tuple[bool, list[tuple[int, int]], int]:
        """The result's indices first; then by the factors, but one, that an index stands at, which no renaming changes."""
        at = [
            (n.serial, len(labels) - 2 if symmetric[k] and axis >= len(labels) - 2 else axis)
            for k, (n, labels) in enumerate(node.factors)
            for axis, other in enumerate(labels)
            if other == label and k != but
        ]
        return (label not in free, [] if label in free else sorted(at), label)

    factors = [
        (n, _swapped(labels) if symmetric[k] and UNIT not in labels[-2:] and place(labels[-2], k) > place(labels[-1], k) else labels)
        for k, (n, labels) in enumerate(node.factors)
    ]
    if all(new[1] == old[1] for new, old in zip(factors, node.factors, strict=True)):
        return None
    return einsum(factors, node.out, node.shape, node.coefficient, node.sizes)


def _swapped(labels: tuple[int, ...]) -> tuple[int, ...]:
    return (*labels[:-2], labels[-1], labels[-2])


def orthonormal_columns(node: Node, facts: Facts) -> Node | None:
    """Σ_i Q_ij Q_ik = δ_jk for orthonormal columns; Q Qᵀ = I too for an orthogonal matrix."""
    if not isinstance(node, Einsum):
        return None
    for first, (factor, labels) in enumerate(node.factors):
        known = facts.of(factor.name) if isinstance(factor, Var) else frozenset()
        for axis, needed in ((0, "orthonormal"), (1, "orthogonal")):
            if needed not in known or labels[axis] == UNIT or labels[axis] in node.out:
                continue
            if sum(ls.count(labels[axis]) for _, ls in node.factors) != 2:
                continue
            for second in range(first + 1, len(node.factors)):
                other, others = node.factors[second]
                if other is factor and others[axis] == labels[axis]:
                    size = factor.shape[1 - axis]
                    left = [f for i, f in enumerate(node.factors) if i not in (first, second)]
                    joined = (eye(size), (labels[1 - axis], others[1 - axis]))
                    return einsum([*left, joined, _repeat(node, labels[axis])], node.out, node.shape, node.coefficient, node.sizes)
    return None


def orthogonal_inverse(node: Node, facts: Facts) -> Node | None:
    """Q⁻¹ = Qᵀ for an orthogonal matrix."""
    if not isinstance(node, Func) or node.fn != "inverse" or not isinstance(node.operands[0], Var):
        return None
    return transpose(node.operands[0]) if "orthogonal" in facts.of(node.operands[0].name) else None


def expand_sum_when_shorter(node: Node, facts: Facts) -> Node | None:
    """(1 − y) p − y (1 − p) = p − y: the brackets of all terms are multiplied out where like terms then cancel.

    In τ e − (τ − 1) e = e only those of scalars are, in τ s + (τ − 1) (1 − s) = τ − 1 + s two of one term.
    """
    if not isinstance(node, Add):
        return None
    twice = ((False, 2),) if _is_of_indicators(node) else ()
    for of_scalars, times in ((False, 1), (True, 1), *twice):
        terms = list(node.operands)
        for _ in range(times):
            terms = [part for term in terms for part in _multiplied_out(term, facts, of_scalars)]
        if len(node.operands) < len(terms) <= _MOST_TERMS:
            expanded = add(terms)
            if factors_written(expanded) < factors_written(node):
                return expanded
    return None


def _is_of_indicators(node: Node) -> bool:
    """Whether it is made of scalars and of steps, some of each."""
    waiting, found = [node], 0
    while waiting:
        n = waiting.pop()
        if isinstance(n, Map) and n.fn == "step":
            found += 1
        elif _is_number(n) and not n.operands:
            continue
        elif isinstance(n, (Add, Einsum)) and not (isinstance(n, Einsum) and n.sizes):
            waiting += n.operands
        else:
            return False
    return found > 0


def _multiplied_out(term: Node, facts: Facts, of_scalars: bool) -> list[Node]:
    """The terms that a term is when its first bracket is opened."""
    if isinstance(term, Einsum) and len(term.factors) == 1:
        term = flatten_product(term, facts) or term  # −(y (1 − p)) is a number times a product
    if not isinstance(term, Einsum):
        return [term]
    brackets = (k for k, (n, _) in enumerate(term.factors) if isinstance(n, Add) and (not of_scalars or _is_number(n)))
    bracket = next(brackets, None)
    if bracket is None:
        return [term]
    opened = []
    for part in term.factors[bracket][0].operands:
        factors = [(part if i == bracket else n, ls) for i, (n, ls) in enumerate(term.factors)]
        opened.append(_products(einsum(factors, term.out, term.shape, term.coefficient, term.sizes), facts))
    return opened


def open_sum_when_shorter(node: Node, facts: Facts) -> Node | None:
    """a − (a − b) = b: a bracket in a sum is opened where like terms then meet."""
    if not isinstance(node, Add):
        return None
    terms: list[Node] = []
    for term in node.operands:
        inner = term.factors[0][0] if isinstance(term, Einsum) and len(term.factors) == 1 else None
        if isinstance(term, Einsum) and isinstance(inner, Add) and inner.shape == term.shape:
            labels = tuple(range(len(term.shape)))
            if term.factors[0][1] == term.out:
                terms += [einsum([(t, labels)], labels, t.shape, term.coefficient, term.sizes) for t in inner.operands]
                continue
        terms.append(term)
    if len(terms) == len(node.operands):
        return None
    opened = add(terms)
    return opened if factors_written(opened) < factors_written(node) else None


def spread_terms_apart(node: Node, facts: Facts) -> Node | None:
    """Σ_k m_ik (x_ij − y_kj) = Σ_k m_ik x_ij − Σ_k m_ik y_kj: a sum of matrices over all pairs of their rows is of no matrices itself."""
    if not isinstance(node, Einsum) or any(len(n.shape) > 2 and not _is_of_fewer_axes(n) for n, _ in node.factors):
        return None  # a function of what is of all pairs stays of all pairs
    for k, (factor, labels) in enumerate(node.factors):
        if _is_of_fewer_axes(factor) and not all(label in node.out for label in labels):
            terms = [[(term if i == k else n, ls) for i, (n, ls) in enumerate(node.factors)] for term in factor.operands]
            made = [einsum(factors, node.out, node.shape, node.coefficient, node.sizes) for factors in terms]
            flat = [flatten_product(each, facts, only=term) or each for each, term in zip(made, factor.operands, strict=True)]
            # Rewriting does not come back to what is inside a result: (x − y)² has two such factors.
            return add([spread_terms_apart(each, facts) or each for each in flat])
    return None


def _is_of_fewer_axes(node: Node) -> bool:
    """Whether it is a sum over all pairs of rows, of terms that have fewer axes than it."""
    is_of_pairs = isinstance(node, Add) and len(node.shape) > 2
    return is_of_pairs and all(isinstance(term, Einsum) and len(_carried(term)) < len(node.shape) for term in node.operands)


def _carried(node: Einsum) -> set[int]:
    """The indices of a product along which it is not the same."""
    return {label for _, labels in node.factors for label in labels if label in node.out}


RULES: tuple[Rule, ...] = (
    Rule("spread-terms-apart", "Σ_k m_ik (x_ij − y_kj) = Σ_k m_ik x_ij − Σ_k m_ik y_kj", "fewer axes below a sum", spread_terms_apart),
    Rule("flatten-when-shorter", "a (b a⁻¹) = b", "fewer factors, by its own condition", flatten_when_shorter),
    Rule("flatten-broadcast", "A ⊙ (u 1ᵀ) = diag(u) A", "one product inside a product less", flatten_broadcast),
    Rule("cancel-reciprocal", "x ⊙ x⁻¹ = 1", "fewer factors", cancel_reciprocal),
    Rule("like-products", "y ⊙ (A x) + (A x) ⊙ y = 2 y ⊙ (A x)", "fewer terms", like_products),
    Rule("squares-alike", "x ⊙ x + x^∘2 = 2 x^∘2", "a product becomes a power", squares_alike),
    Rule("join-powers", "b^c ⊘ b = b^(c − 1)", "a factor disappears", join_powers),
    Rule("open-reciprocal-when-shorter", "(a ⊙ b)⁻¹ ⊙ b = a⁻¹", "fewer factors, by its own condition", open_reciprocal_when_shorter),
    Rule("cancel-own-reciprocal", "(A b) ⊘ (A b) = 1", "a product disappears", cancel_own_reciprocal),
    Rule("cancel-diagonal", "diag(1 ⊘ diagonal(P)) ⊙ P = I", "fewer factors", cancel_diagonal),
    Rule("mask-idempotent", "M ⊙ M = M", "fewer factors", mask_idempotent),
    Rule("triangle-beside-causal", "1[j ≤ i] ⊙ softmax_causal(Z) = softmax_causal(Z)", "fewer factors", triangle_beside_causal),
    Rule("rectified-beside-its-slope", "ReLU(z) ⊙ ReLU′(z) = ReLU(z)", "fewer factors", rectified_beside_its_slope),
    Rule("step-beside-a-clip", "1[x > min(max(x, a), b)] 1[x > a] 1[x ≤ b] = 0", "a product disappears", step_beside_a_clip),
    Rule("one-hot-picks", "Σ_j y_j y_k a_j = y_k a_k", "fewer factors", one_hot_picks),
    Rule("distribution-sums-to-one", "Σ y = 1", "fewer factors", distribution_sums_to_one),
    Rule("distribute-when-shorter", "a (b + c) = a b + a c", "fewer factors, by its own condition", distribute_when_shorter),
    Rule("symmetric-matrix", "Sᵀ = S", "indices of symmetric factors get sorted, by what renaming leaves alone", symmetric_matrix),
    Rule("orthonormal-columns", "Qᵀ Q = I", "two factors become an identity", orthonormal_columns),
    Rule("orthogonal-inverse", "Q⁻¹ = Qᵀ", "an inverse disappears", orthogonal_inverse),
    Rule("expand-sum-when-shorter", "(1 − y) p − y (1 − p) = p − y", "fewer factors, by its own condition", expand_sum_when_shorter),
    Rule("open-sum-when-shorter", "a − (a − b) = b", "fewer factors, by its own condition", open_sum_when_shorter),
)
