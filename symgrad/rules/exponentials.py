"""Functions that people write by their exponentials: the logistic function, softplus, softmax, and the logarithm of a sum."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import permutations

from symgrad.dims import ONE, Shape
from symgrad.rewrite import Facts, Rule
from symgrad.rules.products import power_of_a_letter
from symgrad.tensor import (
    UNIT,
    Add,
    Einsum,
    Factor,
    Func,
    Indices,
    Map,
    Node,
    Sizes,
    add,
    axes,
    constant,
    einsum,
    elementwise,
    func,
    power,
    scale,
)


def _exponent(node: Node) -> Node | None:
    """The z of exp(z)."""
    return node.operands[0] if isinstance(node, Map) and node.fn == "exp" and not node.order else None


def _one_plus(node: Node) -> Node | None:
    """The z of 1 + exp(z)."""
    if not isinstance(node, Add) or len(node.operands) != 2:
        return None
    found = [_exponent(term) for term in node.operands]
    one = next((t for t, z in zip(node.operands, found, strict=True) if z is None), None)
    is_one = isinstance(one, Einsum) and not one.factors and one.coefficient == 1 and not one.sizes
    return next((z for z in found if z is not None), None) if is_one else None


def _summed(node: Node) -> tuple[Node, int] | None:
    """The z of Σ exp(z) along an axis, and the axis."""
    if not isinstance(node, Einsum) or len(node.factors) != 1 or node.coefficient != 1 or node.sizes:
        return None
    ((inner, labels),) = node.factors
    z = None if power_of_a_letter(inner) else _exponent(inner)  # Σ xᵖ is what it is
    real = [label for label in labels if label != UNIT]
    summed = [axis for axis, label in enumerate(labels) if label != UNIT and label not in node.out]
    if z is None or len(summed) != 1 or len(set(real)) != len(real) or len(labels) not in (2, len(node.out)):
        return None
    kept = tuple(UNIT if axis == summed[0] else label for axis, label in enumerate(labels))
    return (z, summed[0]) if node.out == kept or all(label == UNIT for label in (*kept, *node.out)) else None


def logistic(node: Node, facts: Facts) -> Node | None:
    """1 ⊘ (1 + exp(−z)) = σ(z), and its powers."""
    if not isinstance(node, Map) or node.fn != "power" or node.order or node.params[0] >= 0:
        return None
    z = _one_plus(node.operands[0])
    return None if z is None else power(elementwise("sigmoid", [scale(-1, z)]), -node.params[0])


def logistic_of_the_negative(node: Node, facts: Facts) -> Node | None:
    """exp(z) ⊙ σ(−z) = σ(z)."""
    if not isinstance(node, Einsum):
        return None
    for k, (factor, labels) in enumerate(node.factors):
        z = _exponent(factor)
        if z is None:
            continue
        other = elementwise("sigmoid", [scale(-1, z)])
        at = next((j for j, found in enumerate(node.factors) if found == (other, labels)), None)
        if at is not None:
            factors = [(elementwise("sigmoid", [z]), ls) if i == k else (n, ls) for i, (n, ls) in enumerate(node.factors) if i != at]
            return einsum(factors, node.out, node.shape, node.coefficient, node.sizes)
    return None


def logistic_of_the_modulus(node: Node, facts: Facts) -> Node | None:
    """ReLU′(z) − σ(−|z|) ⊙ sign(z) = σ(z): the slope of max(z, 0) + log(1 + exp(−|z|)), which is softplus(z) as it is computed."""
    if not isinstance(node, Add):
        return None
    products = [_product(term) for term in node.operands]
    for i, j in permutations(range(len(products)), 2):
        (number, sizes, first), (minus, same, second) = products[i], products[j]
        if number != -minus or sizes != same or len(second) != len(first) + 1:
            continue
        for slope in first:
            if not isinstance(slope, Map) or slope.fn not in ("relu", "step") or slope.order != (slope.fn == "relu"):
                continue
            z = slope.operands[0]
            rest = [n for n in first if n is not slope]
            pair = [elementwise("sigmoid", [scale(-1, elementwise("abs", [z]))]), elementwise("sign", [z])]
            if sorted(map(id, second)) == sorted(map(id, [*rest, *pair])):
                others = [term for k, term in enumerate(node.operands) if k not in (i, j)]
                labels = axes(node)
                factors = [(n, labels) for n in (elementwise("sigmoid", [z]), *rest)]
                return add([einsum(factors, labels, node.shape, number, sizes), *others])
    return None


def complements(node: Node, facts: Facts) -> Node | None:
    """A ⊙ s − (1 − A) ⊙ (1 − s) = s − (1 − A), and 1 − σ(z) is σ(−z)."""
    if not isinstance(node, Add):
        return None
    products = [_product(term) for term in node.operands]
    for i, j in permutations(range(len(products)), 2):
        (number, sizes, first), (minus, same, second) = products[i], products[j]
        if number != -minus or sizes != same:
            continue
        others = [term for k, term in enumerate(node.operands) if k not in (i, j)]
        found = [
            pair
            for a, s in _in_two(first)
            for b, t in _in_two(second)
            if _is_complement(a, b) and _is_complement(s, t)
            for pair in ((s, b), (a, t))
        ]
        if found:
            own, less = min(found, key=lambda pair: sum(map(_terms, pair)))
            return add([*others, scale(number, own, sizes), scale(minus, less, sizes)])
    return None


def _product(term: Node) -> tuple[Fraction, Sizes, list[Node]]:
    """The number in front of a product of entries, and what is multiplied."""
    if not isinstance(term, Einsum) or any(labels != term.out or n.shape != term.shape for n, labels in term.factors):
        return Fraction(1), (), [term]
    if len(term.factors) == 1 and not term.sizes:
        number, sizes, factors = _product(term.factors[0][0])
        return term.coefficient * number, sizes, factors
    return term.coefficient, term.sizes, [n for n, _ in term.factors]


def _in_two(factors: Sequence[Node]) -> list[tuple[Node, Node]]:
    """Two factors in either order; none of more or fewer."""
    return [(a, b) for a, b in permutations(factors)] if len(factors) == 2 else []


def _is_complement(one: Node, other: Node) -> bool:
    """Whether two tensors sum to ones: s and 1 − s, σ(z) and σ(−z)."""
    total = add([_by_the_positive(one), _by_the_positive(other)])
    return isinstance(total, Einsum) and not total.factors and total.coefficient == 1 and not total.sizes


def _by_the_positive(node: Node) -> Node:
    """The same tensor with every σ(−z) in a sum written 1 − σ(z)."""
    terms = []
    for term in node.operands if isinstance(node, Add) else (node,):
        number, sizes, factors = _product(term)
        inner = factors[0] if len(factors) == 1 and not sizes else term
        z = inner.operands[0] if isinstance(inner, Map) and inner.fn == "sigmoid" and not inner.order else None
        if isinstance(z, Einsum) and z.coefficient < 0:
            terms += [constant(number, term.shape), scale(-number, elementwise("sigmoid", [scale(-1, z)]))]
        else:
            terms.append(term)
    return add(terms)


def _terms(node: Node) -> int:
    return len(node.operands) if isinstance(node, Add) else 1


def softplus(node: Node, facts: Facts) -> Node | None:
    """log(1 + exp(z)) = softplus(z)."""
    z = _one_plus(node.operands[0]) if isinstance(node, Map) and node.fn == "log" and not node.order else None
    return None if z is None else elementwise("softplus", [z])


def softmax(node: Node, facts: Facts) -> Node | None:
    """exp(z) / Σ exp(z) = softmax(z), also where a mean stands below."""
    if not isinstance(node, Einsum):
        return None
    for k, (under, below) in enumerate(node.factors):
        number, sizes, body = _times_a_number(under.operands[0]) if _is_reciprocal(under) else (Fraction(1), (), under)
        found = _summed(body)
        if found is None or body is under:
            continue
        z, axis = found
        at = next((j for j, (n, labels) in enumerate(node.factors) if _exponent(n) is z and _lies_over(labels, below, axis)), None)
        if at is not None:
            made: Factor = (func("softmax", [z], (axis,), z.shape), node.factors[at][1])
            factors = [made if i == at else factor for i, factor in enumerate(node.factors) if i != k]
            return einsum(factors, node.out, node.shape, node.coefficient / number, [*node.sizes, *((dim, -p) for dim, p in sizes)])
    return None


def _times_a_number(node: Node) -> tuple[Fraction, Sizes, Node]:
    if not isinstance(node, Einsum) or not node.coefficient:
        return Fraction(1), (), node
    return node.coefficient, node.sizes, einsum(node.factors, node.out, node.shape)


def _is_reciprocal(node: Node) -> bool:
    return isinstance(node, Map) and node.fn == "power" and not node.order and node.params[0] == Fraction(-1)


def _lies_over(labels: Indices, below: Indices, axis: int) -> bool:
    """Whether a sum along the axis has the indices of what is summed, but for that axis."""
    kept = tuple(UNIT if k == axis else label for k, label in enumerate(labels))
    return below == kept or all(label == UNIT for label in (*kept, *below))


def logarithm_of_a_sum(node: Node, facts: Facts) -> Node | None:
    """log(Σ exp(z)) = logsumexp(z)."""
    if not isinstance(node, Map) or node.fn != "log" or node.order:
        return None
    found = _summed(node.operands[0])
    if found is None:
        return None
    z, axis = found
    shape = node.operands[0].shape
    kept = tuple(ONE if k == axis else dim for k, dim in enumerate(z.shape))
    made = func("logsumexp", [z], (axis,), kept)
    return made if kept == shape else einsum([(made, axes(made))], (UNIT,) * len(shape), shape)


def shifted(node: Node, facts: Facts) -> Node | None:
    """softmax(z + c) = softmax(z) and logsumexp(z + c) = logsumexp(z) + c, with c the same all along the axis: the largest entry, say."""
    if not isinstance(node, Func) or node.fn not in ("softmax", "log_softmax", "logsumexp") or not isinstance(node.operands[0], Add):
        return None
    (whole,), (axis,) = node.operands, node.params
    constant = [term for term in whole.operands if _is_constant_along(term, axis)]
    if not constant or len(constant) == len(whole.operands):
        return None
    made = func(node.fn, [add([term for term in whole.operands if term not in constant])], node.params, node.shape)
    return made if node.fn != "logsumexp" else add([made, *(_without_axis(term, axis, node.shape) for term in constant)])


def _is_constant_along(node: Node, axis: int | None) -> bool:
    if axis is None or not isinstance(node, Einsum) or node.out[axis] == UNIT:
        return False
    at = [(n, k) for n, labels in node.factors for k, label in enumerate(labels) if label == node.out[axis]]
    return all(_is_constant_along(n, k) for n, k in at)


def _without_axis(node: Node, axis: int, shape: Shape) -> Node:
    """What is constant along an axis, with that axis of size 1."""
    assert isinstance(node, Einsum)
    gone = node.out[axis]
    factors = []
    for n, labels in node.factors:
        if gone in labels:
            k = labels.index(gone)
            n, labels = _without_axis(n, k, (*n.shape[:k], ONE, *n.shape[k + 1 :])), tuple(UNIT if c == gone else c for c in labels)
        factors.append((n, labels))
    out = tuple(UNIT if label == gone else label for label in node.out)
    return einsum(factors, out, shape, node.coefficient, node.sizes)


def logarithm_of_a_quotient(node: Node, facts: Facts) -> Node | None:
    """log(exp(z) ⊙ A ⊘ Σ exp(y)) = z + log(A) − log(Σ exp(y)): of what is never negative."""
    if not isinstance(node, Map) or node.fn != "log" or node.order:
        return None
    inside = _with_diagonals_opened(node.operands[0])
    if not isinstance(inside, Einsum) or len(inside.factors) < 2 or inside.coefficient <= 0 or inside.sizes:
        return None
    if any(label not in inside.out and label != UNIT for _, labels in inside.factors for label in labels):
        return None  # a sum
    taken = [(factor, labels, found) for factor, labels in inside.factors if (found := _logarithm(factor)) is not None]
    if not any(isinstance(factor, Map) and factor.fn == "exp" for factor, _, _ in taken):
        return None  # where no exponential disappears, a quotient is left as it is
    rest = [(factor, labels) for factor, labels in inside.factors if _logarithm(factor) is None]
    terms = [einsum([(found, labels)], inside.out, node.shape) for _, labels, found in taken]
    left = einsum(rest, inside.out, node.shape, inside.coefficient)
    is_one = isinstance(left, Einsum) and not left.factors and left.coefficient == 1
    return add(terms if is_one else [*terms, elementwise("log", [left])])


def _with_diagonals_opened(node: Node) -> Node:
    """diagonal(A) ⊘ b with A itself as a factor, from which its diagonal is taken."""
    if not isinstance(node, Einsum):
        return node
    factors = []
    for factor, labels in node.factors:
        inner = factor.factors[0] if isinstance(factor, Einsum) and len(factor.factors) == 1 and factor.coefficient == 1 else None
        if isinstance(factor, Einsum) and inner is not None and not factor.sizes and set(inner[1]) <= set(factor.out):
            renamed = dict(zip(factor.out, labels, strict=True))
            factors.append((inner[0], tuple(renamed[label] for label in inner[1])))
        else:
            factors.append((factor, labels))
    return einsum(factors, node.out, node.shape, node.coefficient, node.sizes)


def _logarithm(node: Node) -> Node | None:
    """The logarithm of exp(z), and of a power of a sum of exponentials; None for what may be negative."""
    if (z := _exponent(node)) is not None:
        return z
    if isinstance(node, Map) and node.fn == "power" and not node.order and _summed(node.operands[0]) is not None:
        return scale(node.params[0], elementwise("log", [node.operands[0]]))
    return elementwise("log", [node]) if _summed(node) is not None else None


RULES: tuple[Rule, ...] = (
    Rule("logistic", "1 ⊘ (1 + exp(−z)) = σ(z)", "an exponential disappears", logistic),
    Rule("logistic-of-the-negative", "exp(z) ⊙ σ(−z) = σ(z)", "an exponential disappears", logistic_of_the_negative),
    Rule("logistic-of-the-modulus", "ReLU′(z) − σ(−|z|) ⊙ sign(z) = σ(z)", "fewer terms", logistic_of_the_modulus),
    Rule("complements", "A ⊙ s − (1 − A) ⊙ (1 − s) = s − (1 − A)", "fewer factors", complements),
    Rule("softplus", "log(1 + exp(z)) = softplus(z)", "an exponential disappears", softplus),
    Rule("softmax", "exp(z) / Σ exp(z) = softmax(z)", "two exponentials disappear", softmax),
    Rule("shifted", "softmax(z + c 1) = softmax(z)", "a term disappears below a function", shifted),
    Rule("logarithm-of-a-quotient", "log(exp(z) ⊘ Σ exp(y)) = z − log(Σ exp(y))", "an exponential disappears", logarithm_of_a_quotient),
    Rule("logarithm-of-a-sum", "log(Σ exp(z)) = logsumexp(z)", "an exponential disappears", logarithm_of_a_sum),
)
