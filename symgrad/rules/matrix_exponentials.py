"""Rewrites of the exponential of a matrix and its kin and of their derivatives along a direction, products where matrices commute.

Source: Higham, *Functions of Matrices* (2008), §3.2 and §10.2.
"""

from __future__ import annotations

from fractions import Fraction

from symgrad.ops.exponential import SLOPES, along
from symgrad.rewrite import Facts, Rule
from symgrad.rules.inverses import inverse
from symgrad.rules.products import flatten_product
from symgrad.tensor import UNIT, Add, Einsum, Eye, Factor, Func, Node, Sizes, add, einsum, func, transpose


def exponential_of_transpose(node: Node, facts: Facts) -> Node | None:
    """exp(Xᵀ) = exp(X)ᵀ."""
    if not isinstance(node, Func) or node.fn not in SLOPES or not _is_turned(node.operands[0]):
        return None
    return transpose(func(node.fn, [_turned(node.operands[0])], (), node.shape))


def _turned(node: Node) -> Node:
    """The transpose, as one product or one sum of such."""
    if isinstance(node, Add):
        return add(list(map(_turned, node.operands)))
    if not isinstance(node, Einsum):
        return transpose(node)
    return einsum(node.factors, node.out[::-1], node.shape, node.coefficient, node.sizes)


def _slope(fn: str, x: Node) -> Node:
    """The derivative of the function at X along I: exp(X) of exp."""
    if _is_turned(x):
        return transpose(_slope(fn, _turned(x)))
    return SLOPES[fn](x, func(fn, [x], (), x.shape))


def _moved_by(node: Node) -> str | None:
    """The function that a node is the derivative of along a direction."""
    return node.fn[1:] if isinstance(node, Func) and node.fn[:1] == "d" and node.fn[1:] in SLOPES else None


def _is_turned(body: Node) -> bool:
    """Whether every term is a product that begins and ends with a transpose."""
    if isinstance(body, Add):
        return all(map(_is_turned, body.operands))
    if not isinstance(body, Einsum) or body.out != (0, 1):
        return False
    ends = [(end, labels.index(end)) for end in (0, 1) for _, labels in body.factors if len(labels) == 2 and end in labels]
    return bool(ends) and all(place == 1 - end for end, place in ends)


def _parts(node: Node) -> tuple[Fraction, Sizes, list[Factor], Node]:
    """A number, sizes, scalars, and the matrix that they multiply."""
    if not isinstance(node, Einsum) or node.out != (0, 1):
        return Fraction(1), (), [], node
    scalars = [factor for factor in node.factors if set(factor[1]) <= {UNIT}]
    rest = [factor for factor in node.factors if factor not in scalars]
    if not rest or not node.coefficient:
        return Fraction(1), (), [], node
    return node.coefficient, node.sizes, scalars, einsum(rest, node.out, node.shape)


def _commute(x: Node, y: Node) -> bool:
    """Whether Y is seen to commute with X, or Yᵀ with Xᵀ: the identity, X, a function of it or the inverse of such, times numbers."""
    for one, other in ((x, y), (_turned(x), _turned(y))):
        core, own = _parts(other)[-1], _parts(one)[-1]
        functions = [func(fn, [one], (), one.shape) for fn in SLOPES]
        if isinstance(core, Eye) or core in (own, inverse(own), *functions, *map(inverse, functions)):
            return True
    return False


def along_what_commutes(node: Node, facts: Facts) -> Node | None:
    """The derivative of exp at X along E is exp(X) E where X E = E X."""
    fn = _moved_by(node)
    if fn is None or not isinstance(node, Func) or not _commute(*node.operands):
        return None
    x, direction = node.operands
    whole = einsum([(_slope(fn, x), (0, 1)), (direction, (1, 2))], (0, 2), node.shape)
    return flatten_product(whole, facts) or whole


def linear_in_the_direction(node: Node, facts: Facts) -> Node | None:
    """The derivative of exp at X along s E is s times that along E."""
    fn = _moved_by(node)
    if fn is None or not isinstance(node, Func) or _commute(*node.operands):
        return None
    x, direction = node.operands
    number, sizes, scalars, core = _parts(direction)
    if core is direction or (number == 1 and not sizes and not scalars):
        return None
    return einsum([*scalars, (along(x, core, fn), (0, 1))], (0, 1), node.shape, number, sizes)


def beside_what_commutes(node: Node, facts: Facts) -> Node | None:
    """⟨Y, dexpm(X, E)⟩ = ⟨exp(Xᵀ) Y, E⟩ where Y commutes with Xᵀ; the trace is that beside I."""
    if not isinstance(node, Einsum):
        return None
    for k, (factor, (*ends,)) in enumerate(node.factors):
        fn = _moved_by(factor)
        if fn is None or not isinstance(factor, Func) or set(ends) & {UNIT, *node.out}:
            continue
        (i, j), (x, direction), fresh = ends, factor.operands, len(node.dims)
        exponential = _slope(fn, x)
        others = [factor for m, factor in enumerate(node.factors) if m != k]
        beside = [(n, labels) for n, labels in others if {i, j} & set(labels)]
        made: list[Factor] | None = None
        if i == j and not beside:
            made = [(exponential, (i, fresh)), (direction, (fresh, i))]
        elif i != j and len(beside) == 1 and sorted(beside[0][1]) == sorted((i, j)):
            ((y, labels),) = beside
            if _commute(_turned(x), y if labels == (i, j) else _turned(y)):
                turned = tuple(fresh if label == i else label for label in labels)
                made = [(direction, (i, j)), (exponential, (fresh, i)), (y, turned)]
                others.remove(beside[0])
        if made is not None:
            # uᵀ exp(X) Y v of a direction u vᵀ.
            whole = einsum([*others, *made], node.out, node.shape, node.coefficient, node.sizes)
            return flatten_product(whole, facts, only=direction) or whole
    return None


RULES: tuple[Rule, ...] = (
    Rule("exponential-of-transpose", "exp(Xᵀ) = exp(X)ᵀ", "a transpose moves outwards", exponential_of_transpose),
    Rule("linear-in-the-direction", "dexpm(X, s E) = s dexpm(X, E)", "a scalar moves outwards", linear_in_the_direction),
    Rule("along-what-commutes", "dexpm(X, E) = exp(X) E where X E = E X", "a derivative disappears", along_what_commutes),
    Rule("beside-what-commutes", "⟨Y, dexpm(X, E)⟩ = ⟨exp(Xᵀ) Y, E⟩ where Xᵀ Y = Y Xᵀ", "a derivative disappears", beside_what_commutes),
)
