"""Rewrites of elementwise functions and of linear rearrangements."""

from __future__ import annotations

from symgrad.ops.arrange import slice_node
from symgrad.ops.elementwise import ELEMENTWISE
from symgrad.rewrite import Facts, Rule
from symgrad.tensor import UNIT, Add, Einsum, Func, Map, Node, Params, add, einsum, elementwise
from symgrad.vjp import formula


def named_quantity(node: Node, facts: Facts) -> Node | None:
    """What a definition has given a name to is written by its name; a constant is not, 0 is no longer 0 as L."""
    return None if isinstance(node, Einsum) and not node.factors else facts.named.get(node)


def derivative_in_output(node: Node, facts: Facts) -> Node | None:
    """tanh′(z) = 1 − h ⊙ h and σ′(z) = h ⊙ (1 − h), with h the output by its name where it has one."""
    if not isinstance(node, Map) or node.order != 1 or not ELEMENTWISE[node.fn].in_output:
        return None
    output = elementwise(node.fn, node.operands, node.params, 0)
    return formula(node, facts.named.get(output, output))


def slice_of_product(node: Node, facts: Facts) -> Node | None:
    """(A B)[:, c] = A (B[:, c]): a slice goes to the one factor that carries its axis."""
    if not isinstance(node, Func) or node.fn != "slice":
        return None
    axis, start, stop, step = node.params
    inner = node.operands[0]
    if isinstance(inner, Add):
        return add([_sliced(term, node.params, facts) for term in inner.operands])
    if not isinstance(inner, Einsum) or inner.out[axis] == UNIT:
        return None
    label = inner.out[axis]
    carriers = [k for k, (_, labels) in enumerate(inner.factors) if label in labels]
    if len(carriers) != 1 or inner.factors[carriers[0]][1].count(label) != 1:
        return None
    k = carriers[0]
    factor, labels = inner.factors[k]
    piece = _sliced(factor, (labels.index(label), start, stop, step), facts)
    factors = [(piece if i == k else n, ls) for i, (n, ls) in enumerate(inner.factors)]
    return einsum(factors, inner.out, node.shape, inner.coefficient, inner.sizes)


def _sliced(node: Node, params: Params, facts: Facts) -> Node:
    """The slice, moved on at once as far as it goes: rewriting does not come back to what is inside a result."""
    piece = slice_node(node, params)
    return slice_of_concatenation(piece, facts) or slice_of_product(piece, facts) or piece


def slice_of_concatenation(node: Node, facts: Facts) -> Node | None:
    """[A B] cut exactly where it was joined gives back the piece."""
    if not isinstance(node, Func) or node.fn != "slice":
        return None
    axis, start, stop, step = node.params
    inner = node.operands[0]
    if not isinstance(inner, Func) or inner.fn != "concat" or inner.params != (axis,) or step != 1:
        return None
    at = start - start
    for piece in inner.operands:
        if at is start and at + piece.shape[axis] is stop:
            return piece
        at = at + piece.shape[axis]
    return None


RULES: tuple[Rule, ...] = (
    Rule("named-quantity", "x W = z, once z is its name", "an expression becomes a symbol", named_quantity),
    Rule("derivative-in-output", "f′(z) = F(f(z))", "a derivative mark disappears", derivative_in_output),
    Rule("slice-of-concatenation", "[A B][:, 1:k] = A", "a slice disappears", slice_of_concatenation),
    Rule("slice-of-product", "(A B)[:, c] = A B[:, c]", "a slice moves towards the leaves", slice_of_product),
)
