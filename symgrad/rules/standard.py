"""Rows, columns and batches that are standardised step by step: what is left of them without their mean, over its standard deviation."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from symgrad.ops.reduce import mean, reduced_shape
from symgrad.rewrite import Facts, Rule
from symgrad.rules.products import flatten_product
from symgrad.tensor import UNIT, Add, Einsum, Factor, Func, Map, Node, add, axes, constant, einsum, elementwise, func, power


def deviation(node: Node, facts: Facts) -> Node | None:
    """√(mean (X − mean X)² + ε) = std(X), along an axis or of all entries; a power −1/2 is one over it."""
    if not isinstance(node, Map) or node.order:
        return None
    if node.fn == "power" and node.params[0] == Fraction(-1, 2):
        made = _deviation_of(node.operands[0])
        return None if made is None else power(made, -1)
    return _deviation_of(node.operands[0]) if node.fn == "sqrt" else None


def _deviation_of(variance: Node) -> Node | None:
    for k, squares in enumerate(variance.operands if isinstance(variance, Add) else (variance,)):
        for x, axis in _centred_squares(squares):
            others = [term for i, term in enumerate(variance.operands) if i != k] if squares is not variance else []
            added = list(map(_scalar, others))
            if None in added:
                continue
            number = sum((a for a in added if isinstance(a, Fraction)), Fraction(0))
            names = [a for a in added if isinstance(a, Node)]
            if names and (number or len(names) > 1):
                continue
            return func("std", [x, *names], (axis, number), reduced_shape((x.shape,), (axis,)))
    return None


def by_its_variance(node: Node, facts: Facts) -> Node | None:
    """std(X; ε) = √(v + ε) where v is the name of X's variance."""
    if not isinstance(node, Func) or node.fn != "std" or not facts.named:
        return None
    (x, *added), (axis, number) = node.operands, node.params
    v = facts.named.get(variance_of(x, axis))
    if v is None:
        return None
    terms = [einsum([(e, ())], axes(v), v.shape) for e in added] + ([constant(number, v.shape)] if number else [])
    return elementwise("sqrt", [add([v, *terms])])


def variance_of(x: Node, axis: int | None) -> Node:
    """mean (X − mean X)²."""
    return mean(power(_centred(x, axis), 2), axis)


def is_variance(node: Node) -> bool:
    return next(_centred_squares(node), None) is not None


def _scalar(term: Node) -> Fraction | Node | None:
    """The number, or the scalar, that every entry is."""
    if not isinstance(term, Einsum):
        return term if not term.shape else None
    if term.sizes or any(label != UNIT for _, labels in term.factors for label in labels):
        return None
    return einsum(term.factors, (), (), term.coefficient) if term.factors else term.coefficient


def _centred_squares(node: Node) -> Iterator[tuple[Node, int | None]]:
    """The X, and the axis, of mean (X − mean X)²."""
    if not isinstance(node, Einsum) or len(node.factors) != 1:
        return
    ((square, labels),) = node.factors
    if not isinstance(square, Map) or square.fn != "power" or square.params[0] != 2 or square.order:
        return
    summed = [axis for axis, label in enumerate(labels) if label != UNIT and label not in node.out]
    everything = len(summed) == sum(label != UNIT for label in labels)
    for axis in ([summed[0]] if len(summed) == 1 else []) + ([None] if everything else []):
        if mean(square, axis) is node:
            for x in _without_its_mean(square.operands[0], axis):
                yield x, axis


def _without_its_mean(node: Node, axis: int | None) -> Iterator[Node]:
    """Each X that the node is X − mean X of."""
    for term in node.operands if isinstance(node, Add) else ():
        inner = term
        while isinstance(inner, Einsum) and len(inner.factors) == 1:
            inner = inner.factors[0][0]
            if inner.shape == node.shape and _centred(inner, axis) is node:
                yield inner


def _centred(x: Node, axis: int | None) -> Node:
    everywhere, centre = axes(x), mean(x, axis)
    labels = tuple(UNIT if axis in (None, k) else label for k, label in enumerate(everywhere))
    return add([x, einsum([(centre, labels if centre.shape else ())], everywhere, x.shape, -1)])


def standardised(node: Node, facts: Facts) -> Node | None:
    """(X − mean X) ⊘ std(X) = standardize(X)."""
    return next(filter(None, map(_standardised, (node, flatten_product(node, facts)))), None)


def _standardised(node: Node | None) -> Node | None:
    """Among the factors of one product."""
    if not isinstance(node, Einsum):
        return None
    for k, (below, labels) in enumerate(node.factors):
        scatter = below.operands[0] if isinstance(below, Map) and below.fn == "power" and below.params[0] == -1 else None
        if not isinstance(scatter, Func) or scatter.fn != "std":
            continue
        x, axis = scatter.operands[0], scatter.params[0]
        for j, (above, own) in enumerate(node.factors):
            under = own if axis is None else tuple(UNIT if i == axis else label for i, label in enumerate(own))
            lies = all(label == UNIT for label in labels) if axis is None else under == labels
            if lies and above is _centred(x, axis):
                made: Factor = (func("standardize", scatter.operands, scatter.params, x.shape), own)
                factors = [made if i == j else factor for i, factor in enumerate(node.factors) if i != k]
                return einsum(factors, node.out, node.shape, node.coefficient, node.sizes)
    return None


RULES: tuple[Rule, ...] = (
    Rule("deviation", "√(mean (X − mean X)² + ε) = std(X)", "a root disappears", deviation),
    Rule("by-its-variance", "std(X; ε) = √(v + ε)", "a function becomes a name", by_its_variance),
    Rule("standardised", "(X − mean X) ⊘ std(X) = standardize(X)", "a quotient disappears", standardised),
)
