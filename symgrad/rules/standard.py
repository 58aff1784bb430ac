"""Rows, columns and batches that are standardised step by step: what is left of them without their mean, over its standard deviation."""

from __future__ import annotations

from symgrad.ops.reduce import mean
from symgrad.rewrite import Facts, Rule
from symgrad.tensor import UNIT, Add, Einsum, Factor, Map, Node, Params, add, axes, constant, einsum, func, power


def standardised(node: Node, facts: Facts) -> Node | None:
    """(X − mean X) ⊘ √(mean (X − mean X)² + ε) = standardize(X), along an axis."""
    if not isinstance(node, Einsum):
        return None
    for k, (below, labels) in enumerate(node.factors):
        root = below.operands[0] if isinstance(below, Map) and below.fn == "power" and below.params[0] == -1 else None
        if not isinstance(root, Map) or root.fn != "sqrt":
            continue
        for j, (above, own) in enumerate(node.factors):
            apart = [axis for axis, (one, other) in enumerate(zip(own, labels, strict=False)) if one != other]
            if len(own) != len(labels) or len(apart) != 1 or labels[apart[0]] != UNIT or not isinstance(above, Add):
                continue
            x = next((x for x in above.operands if _centred(x, apart[0]) is above), None)
            params = None if x is None else _params(root.operands[0], above, apart[0])
            if x is not None and params is not None:
                made: Factor = (func("standardize", [x], params, x.shape), own)
                factors = [made if i == j else factor for i, factor in enumerate(node.factors) if i != k]
                return einsum(factors, node.out, node.shape, node.coefficient, node.sizes)
    return None


def _centred(x: Node, axis: int) -> Node:
    everywhere = axes(x)
    labels = tuple(UNIT if k == axis else label for k, label in enumerate(everywhere))
    return add([x, einsum([(mean(x, axis), labels)], everywhere, x.shape, -1)])


def _params(variance: Node, centred: Node, axis: int) -> Params | None:
    """The axis, and what is added to the mean of the squares along it; None where this is no such mean."""
    squares = mean(power(centred, 2), axis)
    if variance is squares:
        return axis, 0
    added = variance.operands[-1] if isinstance(variance, Add) and len(variance.operands) == 2 else None
    if not isinstance(added, Einsum) or added.factors or added.sizes:
        return None
    return (axis, added.coefficient) if add([squares, constant(added.coefficient, squares.shape)]) is variance else None


RULES: tuple[Rule, ...] = (Rule("standardised", "(X − mean X) ⊘ √(var X + ε) = standardize(X)", "a root disappears", standardised),)
