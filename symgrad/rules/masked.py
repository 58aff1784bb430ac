"""Rewrites of what a mask leaves out: `masked(x, m)` is −∞ where m is 0, so that a softmax or a maximum takes no part of it."""

from __future__ import annotations

from symgrad.rewrite import Facts, Rule
from symgrad.rules.products import flatten_product
from symgrad.tensor import UNIT, Add, Einsum, Func, Map, Node, Var, einsum

_NOTHING_OF_WHAT_IS_OUT = frozenset({"softmax", "is_max"})


def _is_indicator(node: Node, facts: Facts) -> bool:
    """Whether all entries are 0 or 1: a mask, a comparison, 1 less such a thing, products of them."""
    if isinstance(node, Var):
        return any(known == "mask" or known.startswith("one_hot") for known in facts.of(node.name))
    if isinstance(node, Map):
        return node.fn == "step" and not node.order
    if isinstance(node, Einsum):
        labels = [label for _, ls in node.factors for label in ls if label != UNIT]
        whole = node.coefficient == 1 and not node.sizes and set(labels) <= set(node.out)
        return whole and all(_is_indicator(factor, facts) for factor, _ in node.factors)
    if isinstance(node, Add) and len(node.operands) == 2:
        one, other = node.operands
        return any(_is_one(a) and _is_less(b, facts) for a, b in ((one, other), (other, one)))
    return isinstance(node, Func) and node.fn in ("tri", "one_hot")


def _is_one(node: Node) -> bool:
    return isinstance(node, Einsum) and not node.factors and not node.sizes and node.coefficient == 1


def _is_less(node: Node, facts: Facts) -> bool:
    """Whether it is an indicator with a minus."""
    return (
        isinstance(node, Einsum)
        and node.coefficient == -1
        and _is_indicator(einsum(node.factors, node.out, node.shape, 1, node.sizes), facts)
    )


def step_of_mask(node: Node, facts: Facts) -> Node | None:
    """1[m > 0] = m where the entries of m are 0 and 1."""
    if not isinstance(node, Map) or node.fn != "step" or node.order:
        return None
    (operand,) = node.operands
    return operand if _is_indicator(operand, facts) else None


def masked_already(node: Node, facts: Facts) -> Node | None:
    """softmax(masked(z, m)) ⊙ 1[m > 0] = softmax(masked(z, m)), which is zero where m is, and so where the largest entries are."""
    flat = node
    while (opened := flatten_product(flat, facts)) is not None:
        flat = opened
    if not isinstance(flat, Einsum):
        return None
    by_name = {name: made for made, name in facts.named.items()}
    for factor, labels in flat.factors:
        made = by_name.get(factor, factor)
        z = made.operands[0] if isinstance(made, Func) and made.fn in _NOTHING_OF_WHAT_IS_OUT else None
        z = by_name.get(z, z) if z is not None else None
        if not isinstance(z, Map) or z.fn != "masked":
            continue
        mask = z.operands[1]
        ways = [(mask, labels)]
        if isinstance(mask, Einsum) and len(mask.factors) == 1:  # a mask of columns, say, repeated over the rows
            ((inner, own),) = mask.factors
            ways.append((inner, tuple(labels[mask.out.index(label)] if label in mask.out else label for label in own)))
        rest = [f for f in flat.factors if not any(f[1] == at and _is_same(f[0], m, facts) for m, at in ways)]
        if len(rest) < len(flat.factors):
            return einsum(rest, flat.out, flat.shape, flat.coefficient, flat.sizes)
    return None


def _is_same(factor: Node, mask: Node, facts: Facts) -> bool:
    if isinstance(factor, Map) and factor.fn == "step" and not factor.order and factor.operands[0] is mask:
        return True
    return factor is mask and _is_indicator(mask, facts)


RULES: tuple[Rule, ...] = (
    Rule("step-of-mask", "1[m > 0] = m", "a function disappears", step_of_mask),
    Rule("masked-already", "softmax(masked(z, m)) ⊙ m = softmax(masked(z, m))", "fewer factors", masked_already),
)
