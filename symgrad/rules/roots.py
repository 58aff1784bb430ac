"""Rewrites of the roots of numbers, as √2 and √π are."""

from __future__ import annotations

from fractions import Fraction

from symgrad.rewrite import Facts, Rule
from symgrad.rules.products import flatten_product
from symgrad.tensor import UNIT, Einsum, Map, Node, einsum, elementwise, power, variables


def power_of_roots(node: Node, facts: Facts) -> Node | None:
    """(x/√2)² = x²/2, entry by entry: the roots of numbers in a product disappear."""
    if not isinstance(node, Map) or node.fn != "power" or node.order or node.params[0] % 2:
        return None
    inner, exponent = node.operands[0], node.params[0]
    if not isinstance(inner, Einsum) or inner.sizes or any(label not in (*inner.out, UNIT) for _, ls in inner.factors for label in ls):
        return None
    roots = [(_root(n), labels) for n, labels in inner.factors]
    found = [(power(root[0], exponent * root[1]), labels) for root, labels in roots if root is not None]
    rest = [factor for factor, (root, _) in zip(inner.factors, roots, strict=True) if root is None]
    if not found or not rest:
        return None
    return einsum([*found, (power(einsum(rest, inner.out, node.shape, inner.coefficient), exponent), inner.out)], inner.out, node.shape)


def roots_meet(node: Node, facts: Facts) -> Node | None:
    """1/(√2 √π) = 1/√(2π), of numbers."""
    flat = node
    while (opened := flatten_product(flat, facts)) is not None:
        flat = opened
    if not isinstance(flat, Einsum):
        return None
    roots = [_root(n) for n, _ in flat.factors]
    for k, root in enumerate(roots):
        j = next((i for i, other in enumerate(roots[:k]) if root is not None and other is not None and other[1] == root[1]), None)
        if root is not None and j is not None and (other := roots[j]) is not None:
            product = einsum([(other[0], (UNIT,) * len(other[0].shape)), (root[0], (UNIT,) * len(root[0].shape))], (), ())
            both = power(elementwise("sqrt", [product]), 2 * root[1])
            rest = [factor for i, factor in enumerate(flat.factors) if i not in (j, k)]
            return einsum([(both, ()), *rest], flat.out, flat.shape, flat.coefficient, flat.sizes)
    return None


def _root(node: Node) -> tuple[Node, Fraction] | None:
    """The 2 and the −½ of 1/√2; None of what is no root of a number, or no power of one."""
    exponent, root = Fraction(1, 2), node
    if isinstance(node, Map) and node.fn == "power" and not node.order:
        root, exponent = node.operands[0], exponent * node.params[0]
    if not isinstance(root, Map) or root.fn != "sqrt" or root.order or variables(root):
        return None
    return (root.operands[0], exponent) if all(dim.is_one for dim in root.shape) else None


RULES: tuple[Rule, ...] = (
    Rule("power-of-roots", "(x/√2)² = x²/2", "roots disappear", power_of_roots),
    Rule("roots-meet", "√2 √π = √(2π)", "fewer roots", roots_meet),
)
