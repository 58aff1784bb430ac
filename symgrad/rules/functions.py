"""Rewrites of elementwise functions and of linear rearrangements."""

from __future__ import annotations

from fractions import Fraction

from symgrad.dims import Dim, Shape
from symgrad.ops.arrange import concat_nodes, slice_node
from symgrad.ops.elementwise import ELEMENTWISE
from symgrad.reverse import formula
from symgrad.rewrite import Facts, Rule
from symgrad.rules.products import one_hot_axes
from symgrad.tensor import UNIT, Add, Einsum, Func, Map, Node, Params, Sizes, add, einsum, elementwise, func, power, scale


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


def tiled_by_pads(node: Node, facts: Facts) -> Node | None:
    """pad(A) + pad(B) = [A B] where the pieces fill the axis without a gap."""
    if not isinstance(node, Add):
        return None
    pieces: dict[Dim, Node] = {}
    axis: int | None = None
    for term in node.operands:
        number, pad = _scaled_pad(term)
        if pad is None or pad.params[2] != 1 or (axis is not None and pad.params[0] != axis):
            return None
        axis = pad.params[0]
        piece = scale(number[0], pad.operands[0], number[1])
        before = pieces.get(pad.params[1])
        if before is not None and before.shape != piece.shape:
            return None
        pieces[pad.params[1]] = piece if before is None else add([before, piece])
    if axis is None:
        return None
    at, placed = Dim.of(0), []
    while at in pieces:
        placed.append(pieces.pop(at))
        at = at + placed[-1].shape[axis]
    return concat_nodes(tuple(placed), axis) if not pieces and at is node.shape[axis] else None


def pads_of_one_stretch(node: Node, facts: Facts) -> Node | None:
    """pad(A) + pad(B) = pad(A + B) of the same places."""
    if not isinstance(node, Add):
        return None
    terms: list[Node] = []
    at: dict[tuple[Params, Shape], int] = {}
    for term in node.operands:
        (number, sizes), pad = _scaled_pad(term)
        if pad is None:
            terms.append(term)
            continue
        piece, key = scale(number, pad.operands[0], sizes), (pad.params, pad.operands[0].shape)
        if key in at:
            before = terms[at[key]]
            assert isinstance(before, Func)
            terms[at[key]] = func("pad", [add([before.operands[0], piece])], pad.params, pad.shape)
        else:
            at[key] = len(terms)
            terms.append(func("pad", [piece], pad.params, pad.shape))
    return add(terms) if len(terms) < len(node.operands) else None


def _scaled_pad(term: Node) -> tuple[tuple[Fraction, Sizes], Func | None]:
    """A number times a padding."""
    number: tuple[Fraction, Sizes] = (Fraction(1), ())
    if isinstance(term, Einsum) and len(term.factors) == 1 and term.factors[0][1] == term.out and term.factors[0][0].shape == term.shape:
        number, term = (term.coefficient, term.sizes), term.factors[0][0]
    return number, term if isinstance(term, Func) and term.fn == "pad" else None


def power_of_product(node: Node, facts: Facts) -> Node | None:
    """(a b)⁻² = a⁻² b⁻² of scalars, and (p ⊘ q)⁻¹ = q ⊘ p entry by entry, so that powers of one factor meet."""
    if not isinstance(node, Map) or node.fn != "power" or node.order or node.params[0].denominator != 1:
        return None
    inner = node.operands[0]
    if not isinstance(inner, Einsum) or not inner.factors or inner.sizes or not inner.coefficient:
        return None
    if inner.dims and not (node.params[0] < 0 and _is_quotient(inner)):
        return None
    exponent = node.params[0]
    factors = [(power(n, exponent), labels) for n, labels in inner.factors]
    return einsum(factors, inner.out, node.shape, inner.coefficient ** int(exponent))


def square_of_root(node: Node, facts: Facts) -> Node | None:
    """(√x)² = x, and so for other even powers; below a line √x³ stays as it is."""
    if not isinstance(node, Map) or node.fn != "power" or node.order or node.params[0] % 2 or node.params[0] < 0:
        return None
    (root,) = node.operands
    return power(root.operands[0], node.params[0] / 2) if isinstance(root, Map) and root.fn == "sqrt" and not root.order else None


def step_of_maximum(node: Node, facts: Facts) -> Node | None:
    """1[max(x, a) > b] = 1[x > b] for numbers a ≤ b, as they are where x is clipped."""
    if not isinstance(node, Map) or node.fn != "step" or not isinstance(node.operands[0], Add) or len(node.operands[0].operands) != 2:
        return None
    largest, less = node.operands[0].operands
    if not isinstance(largest, Map) or largest.fn != "maximum" or largest.order:
        return None
    (x, low), high = largest.operands, _number(less)
    least = _number(low)
    return elementwise("step", [add([x, less])]) if least is not None and high is not None and least <= -high else None


def _number(node: Node) -> Fraction | None:
    """The number that every entry is."""
    return node.coefficient if isinstance(node, Einsum) and not node.factors and not node.sizes else None


def _is_quotient(node: Einsum) -> bool:
    """A product entry by entry, in which something stands below the line."""
    below = any(isinstance(n, Map) and n.fn == "power" and n.params[0] < 0 for n, _ in node.factors)
    return below and all(labels == node.out and n.shape == node.shape for n, labels in node.factors)


def sign_over_modulus(node: Node, facts: Facts) -> Node | None:
    """sign(x) ⊘ |x| = 1 ⊘ x, and sign(x) ⊙ |x| = x."""
    if not isinstance(node, Einsum):
        return None
    for k, (factor, labels) in enumerate(node.factors):
        if not isinstance(factor, Map) or factor.fn != "sign":
            continue
        (x,) = factor.operands
        for exponent in (Fraction(-1), Fraction(1)):
            modulus = power(elementwise("abs", [x]), exponent)
            if (modulus, labels) in node.factors:
                at = node.factors.index((modulus, labels))
                factors = [(power(x, exponent), labels) if i == k else f for i, f in enumerate(node.factors) if i != at]
                return einsum(factors, node.out, node.shape, node.coefficient, node.sizes)
    return None


_QUOTIENTS = {("sinh", "cosh"): "tanh"}


def quotient_of_functions(node: Node, facts: Facts) -> Node | None:
    """sinh(x) ⊘ cosh(x) = tanh(x)."""
    if not isinstance(node, Einsum):
        return None
    for k, (top, labels) in enumerate(node.factors):
        for j, (under, theirs) in enumerate(node.factors):
            below = under.operands[0] if isinstance(under, Map) and under.fn == "power" and under.params[0] == -1 else None
            if not isinstance(top, Map) or not isinstance(below, Map) or theirs != labels or top.operands != below.operands:
                continue
            name = _QUOTIENTS.get((top.fn, below.fn))
            if name is not None and top.order == below.order == 0:
                factors = [f for i, f in enumerate(node.factors) if i not in (j, k)]
                factors.insert(min(j, k), (elementwise(name, top.operands), labels))
                return einsum(factors, node.out, node.shape, node.coefficient, node.sizes)
    return None


def function_of_an_entry(node: Node, facts: Facts) -> Node | None:
    """f((P ⊙ Y) 1) = (f(P) ⊙ Y) 1 where every row of Y is one-hot and P is above 0, so that f is defined for all of it."""
    if not isinstance(node, Map) or len(node.operands) != 1 or not isinstance(node.operands[0], Einsum):
        return None
    picked = node.operands[0]
    if len(picked.factors) != 2 or picked.coefficient != 1 or picked.sizes:
        return None
    for (hot, theirs), (body, labels) in (picked.factors, picked.factors[::-1]):
        gone = [label for label in labels if label not in picked.out]
        if len(gone) != 1 or len(set(labels)) < len(labels) or not {*theirs} <= {*labels} or gone[0] == UNIT:
            continue
        if not _is_above_zero(body, facts):
            continue
        if any(theirs.index(gone[0]) == axis for axis in one_hot_axes(hot, facts) if gone[0] in theirs):
            mapped = elementwise(node.fn, [body], node.params, node.order)
            return einsum([(mapped, labels), (hot, theirs)], picked.out, picked.shape)
    return None


_ABOVE_ZERO = frozenset({"softmax", "exp", "sigmoid", "softplus"})


def _is_above_zero(node: Node, facts: Facts) -> bool:
    """Whether it is a function with values above 0, or the name of one."""
    meant = next((named for named, name in facts.named.items() if name is node), node)
    return isinstance(meant, (Map, Func)) and meant.fn in _ABOVE_ZERO


RULES: tuple[Rule, ...] = (
    Rule("named-quantity", "x W = z, once z is its name", "an expression becomes a symbol", named_quantity),
    Rule("derivative-in-output", "f′(z) = F(f(z))", "a derivative mark disappears", derivative_in_output),
    Rule("sign-over-modulus", "sign(x)/|x| = 1/x", "fewer factors", sign_over_modulus),
    Rule("quotient-of-functions", "sinh(x)/cosh(x) = tanh(x)", "fewer factors", quotient_of_functions),
    Rule("function-of-an-entry", "f((P ⊙ Y) 1) = (f(P) ⊙ Y) 1", "a function moves towards the leaves", function_of_an_entry),
    Rule("slice-of-concatenation", "[A B][:, 1:k] = A", "a slice disappears", slice_of_concatenation),
    Rule("tiled-by-pads", "pad(A) + pad(B) = [A B]", "fewer functions", tiled_by_pads),
    Rule("pads-of-one-stretch", "pad(A) + pad(B) = pad(A + B)", "fewer functions", pads_of_one_stretch),
    Rule("power-of-product", "(a b)⁻¹ = a⁻¹ b⁻¹", "powers move towards the leaves", power_of_product),
    Rule("square-of-root", "(√x)² = x", "a root disappears", square_of_root),
    Rule("step-of-maximum", "1[max(x, a) > b] = 1[x > b], a ≤ b", "a maximum disappears", step_of_maximum),
    Rule("slice-of-product", "(A B)[:, c] = A B[:, c]", "a slice moves towards the leaves", slice_of_product),
)
