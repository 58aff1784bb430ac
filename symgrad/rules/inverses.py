"""Rewrites of inverses: what cancels, and what an inverse is of."""

from __future__ import annotations

from fractions import Fraction

from symgrad.dims import Dim
from symgrad.rewrite import Facts, Rule, factors_written, is_symmetric
from symgrad.tensor import UNIT, Einsum, Eye, Factor, Func, Map, Node, einsum, eye, func, power


def inverse(node: Node) -> Node:
    """The inverse of a square matrix."""
    return func("inverse", [node], (), node.shape)


def inverse_of(node: Node, facts: Facts) -> Node | None:
    """(X⁻¹)⁻¹ = X, (a Xᵀ)⁻¹ = a⁻¹ X⁻ᵀ for a number a, as π is one."""
    if not isinstance(node, Func) or node.fn != "inverse":
        return None
    (body,) = node.operands
    if isinstance(body, Func) and body.fn == "inverse":
        return body.operands[0]
    if not isinstance(body, Einsum) or not body.coefficient:
        return None
    numbers = [(power(n, -1), labels) for n, labels in body.factors if isinstance(n, Func) and not n.operands]
    rest = [(n, labels) for n, labels in body.factors if not isinstance(n, Func) or n.operands]
    if len(rest) == 1:
        ((inner, labels),) = rest
        if inner.shape == body.shape and labels in (body.out, (*body.out[:-2], body.out[-1], body.out[-2])):
            sizes = [(dim, -exponent) for dim, exponent in body.sizes]
            return einsum([*numbers, (inverse(inner), labels)], body.out, node.shape, 1 / Fraction(body.coefficient), sizes)
    return None


def inverse_of_diagonal(node: Node, facts: Facts) -> Node | None:
    """diag(u ⊙ v)⁻¹ = diag(1 ⊘ (u ⊙ v))."""
    body = node.operands[0] if isinstance(node, Func) and node.fn == "inverse" else None
    if not isinstance(body, Einsum) or body.out != (0, 1) or not body.coefficient or len(body.dims) > 2:
        return None
    places = [k for k, (factor, labels) in enumerate(body.factors) if isinstance(factor, Eye) and set(labels) == {0, 1}]
    if len(places) != 1:
        return None
    factors = [(factor if k in places else power(factor, -1), labels) for k, (factor, labels) in enumerate(body.factors)]
    return einsum(factors, body.out, body.shape, 1 / Fraction(body.coefficient), [(dim, -p) for dim, p in body.sizes])


def cancel_inverse(node: Node, facts: Facts) -> Node | None:
    """X⁻¹ X = I, in a product of any length."""
    if not isinstance(node, Einsum):
        return None
    for k, (factor, labels) in enumerate(node.factors):
        if not isinstance(factor, Func) or factor.fn != "inverse" or len(labels) != 2:
            continue
        body = factor.operands[0]
        both = is_symmetric(body, facts)
        for j, (other, theirs) in enumerate(node.factors):
            if other is not body or j == k:
                continue
            for mine, at in ((labels, theirs), *(((labels, theirs[::-1]),) if both else ())):
                for end in (0, 1):
                    shared = mine[end]
                    if shared != at[1 - end] or shared == UNIT or shared in node.out or _uses(node, shared) != 2:
                        continue
                    rest: list[Factor] = [f for i, f in enumerate(node.factors) if i not in (j, k)]
                    delta = (eye(body.shape[0]), (mine[1 - end], at[end]))
                    return einsum([*rest, delta], node.out, node.shape, node.coefficient, node.sizes)
    return None


def _uses(node: Einsum, label: int) -> int:
    return sum(labels.count(label) for _, labels in node.factors)


def open_inverse_when_shorter(node: Node, facts: Facts) -> Node | None:
    """(A X B)⁻¹ = B⁻¹ X⁻¹ A⁻¹ of square matrices, where a neighbour then cancels: (A X)⁻¹ A = X⁻¹."""
    if not isinstance(node, Einsum):
        return None
    for k, (factor, labels) in enumerate(node.factors):
        body = factor.operands[0] if isinstance(factor, Func) and factor.fn == "inverse" else None
        opened = _inverse_of_product(body) if isinstance(body, Einsum) else None
        if opened is None:
            continue
        fresh = len(node.dims)
        chain, coefficient, sizes = opened
        names = {0: labels[0], 1: labels[1]}
        inside = [(n, tuple(names.setdefault(label, fresh + label) for label in ls)) for n, ls in chain]
        factors = [*node.factors[:k], *inside, *node.factors[k + 1 :]]
        short = _cancelled(
            einsum(factors, node.out, node.shape, node.coefficient * coefficient, [*node.sizes, *sizes]),
            facts,
        )
        if factors_written(short) < factors_written(node):
            return short
    return None


def _inverse_of_product(body: Einsum) -> tuple[list[Factor], Fraction, list[tuple[Dim, int]]] | None:
    """The factors of the inverse of a chain of square matrices, its number and its sizes; None for what is no such chain."""
    if body.out != (0, 1) or not body.coefficient:
        return None
    if any(len(n.shape) != 2 or n.shape != body.shape or labels[0] == labels[1] for n, labels in body.factors):
        return None
    ends = [label for _, labels in body.factors for label in labels]
    if any(ends.count(label) != (1 if label in body.out else 2) for label in ends):
        return None
    # The inverse of A_ij B_jk is (B⁻¹)_kj (A⁻¹)_ji: every factor is inverted and turned, and so is the whole.
    swap = {0: 1, 1: 0}
    chain = [(inverse(n), tuple(swap.get(label, label) for label in labels[::-1])) for n, labels in body.factors]
    return chain, 1 / body.coefficient, [(dim, -power) for dim, power in body.sizes]


def _cancelled(node: Node, facts: Facts) -> Node:
    while (shorter := cancel_inverse(node, facts)) is not None:
        node = shorter
    return node


def logarithms_on_a_cholesky_diagonal(node: Node, facts: Facts) -> Node | None:
    """Σ log diagonal(chol(A)) = ½ log det(A) of a symmetric A."""
    if not isinstance(node, Einsum) or len(node.factors) != 1 or any(label != UNIT for label in node.out):
        return None
    log = node.factors[0][0]
    diagonal = log.operands[0] if isinstance(log, Map) and log.fn == "log" and not log.order else None
    if not isinstance(diagonal, Einsum) or len(diagonal.factors) != 1 or diagonal.coefficient != 1 or diagonal.sizes:
        return None
    factor, labels = diagonal.factors[0]
    if not isinstance(factor, Func) or factor.fn != "cholesky" or labels[0] != labels[1] or not is_symmetric(factor.operands[0], facts):
        return None
    made = func("logdet", factor.operands, (), ())
    return einsum([(made, ())], node.out, node.shape, node.coefficient / 2, node.sizes)


RULES: tuple[Rule, ...] = (
    Rule("inverse-of", "(X⁻¹)⁻¹ = X", "an inverse loses its operand's outermost operation", inverse_of),
    Rule("inverse-of-diagonal", "diag(v)⁻¹ = diag(1 ⊘ v)", "an inverse disappears", inverse_of_diagonal),
    Rule("cancel-inverse", "X⁻¹ X = I", "fewer factors", cancel_inverse),
    Rule("open-inverse-when-shorter", "(A X)⁻¹ A = X⁻¹", "fewer factors, by its own condition", open_inverse_when_shorter),
    Rule("cholesky-diagonal", "Σ log diagonal(chol(A)) = ½ log det(A)", "a logarithm disappears", logarithms_on_a_cholesky_diagonal),
)
