"""The calculus: one reverse sweep (VJP) and one forward sweep (JVP) over the tensor graph.

Both read the records of `symgrad.ops`; an op without a derivative there raises `Unsupported` with its name.
Sources: Griewank & Walther, *Evaluating Derivatives* (2008), §3.2 and §3.3; Laue et al. (AAAI 2020), Theorems 5–8, for the
einsum rule.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from symgrad.errors import Unsupported
from symgrad.ops import FUNCTIONS
from symgrad.ops.elementwise import ELEMENTWISE
from symgrad.tensor import (
    UNIT,
    Add,
    Einsum,
    Factor,
    Func,
    Map,
    Node,
    add,
    constant,
    einsum,
    elementwise,
    eye,
    multiply,
    topological,
)


def pullback(output: Node, cotangent: Node, wrt: Iterable[Node]) -> dict[Node, Node]:
    """The cotangents of `wrt` when the output has this one: ⟨cotangent, d output⟩ = Σ ⟨result[x], dx⟩.

    Shapes are those of the variables (denominator layout). What the output does not depend on is left out.
    """
    targets = set(wrt)
    order = topological([output])
    active: set[Node] = set()
    for node in order:
        if node in targets or any(operand in active for operand in node.operands):
            active.add(node)
    shares: dict[Node, list[Node]] = {output: [cotangent]}
    found: dict[Node, Node] = {}
    for node in reversed(order):
        if node not in active or node not in shares:
            continue
        # The sweep meets the uses of a node from the last to the first; their sum is written in the order of use.
        g = add(shares.pop(node)[::-1])
        if node in targets:
            found[node] = g
        for operand, share in reversed(list(zip(node.operands, _pull(node, g, active), strict=True))):
            if share is not None:
                shares.setdefault(operand, []).append(share)
    return found


def _pull(node: Node, g: Node, active: set[Node]) -> list[Node | None]:
    """The cotangent that a node passes to each operand; None for those that do not matter."""
    wanted = [operand in active for operand in node.operands]
    if not any(wanted):
        return [None] * len(wanted)
    if isinstance(node, Einsum):
        return [einsum_pull(node, k, g) if w else None for k, w in enumerate(wanted)]
    if isinstance(node, Add):
        return [g if w else None for w in wanted]
    if isinstance(node, Map):
        return [multiply(g, d) if w else None for w, d in zip(wanted, partials(node), strict=True)]
    if isinstance(node, Func):
        if node.fn not in FUNCTIONS:
            raise Unsupported(f"symgrad has no VJP of {node.fn}")
        return [s if w else None for w, s in zip(wanted, FUNCTIONS[node.fn].vjp(node, g), strict=True)]
    raise Unsupported(f"symgrad has no VJP of {type(node).__name__}")


def einsum_pull(node: Einsum, k: int, g: Node) -> Node:
    """The one rule of everything multilinear: all other factors and the cotangent, indexed like factor k."""
    target, labels = node.factors[k]
    rest: list[Factor] = [factor for i, factor in enumerate(node.factors) if i != k]
    fresh = len(node.dims)
    out: list[int] = []
    for label, dim in zip(labels, target.shape, strict=True):
        if label != UNIT and label in out:
            # A diagonal A[i, i]: its cotangent lives on the diagonal only.
            rest.append((eye(dim), (label, fresh)))
            label, fresh = fresh, fresh + 1
        out.append(label)
    return einsum([(g, node.out), *rest], tuple(out), target.shape, node.coefficient, node.sizes)


def pushforward(output: Node, tangents: Mapping[Node, Node]) -> Node:
    """The tangent of the output when the given nodes move by these tangents."""
    moved: dict[Node, Node | None] = {}
    for node in topological([output]):
        if node in tangents:
            moved[node] = tangents[node]
            continue
        inner = [moved[operand] for operand in node.operands]
        moved[node] = None if all(t is None for t in inner) else _push(node, inner)
    result = moved[output]
    return constant(0, output.shape) if result is None else result


def _push(node: Node, inner: list[Node | None]) -> Node:
    if isinstance(node, Add):
        return add([t for t in inner if t is not None])
    if isinstance(node, Einsum):
        terms = []
        for k, tangent in enumerate(inner):
            if tangent is not None:
                factors = [(tangent, ls) if i == k else (n, ls) for i, (n, ls) in enumerate(node.factors)]
                terms.append(einsum(factors, node.out, node.shape, node.coefficient, node.sizes))
        return add(terms)
    if isinstance(node, Map):
        pairs = zip(partials(node), inner, strict=True)
        return add([multiply(d, t) for d, t in pairs if t is not None])
    if isinstance(node, Func):
        if node.fn not in FUNCTIONS:
            raise Unsupported(f"symgrad has no JVP of {node.fn}")
        return FUNCTIONS[node.fn].jvp(node, inner)
    raise Unsupported(f"symgrad has no JVP of {type(node).__name__}")


def partials(node: Map) -> tuple[Node, ...]:
    """The partial derivatives of an elementwise node by each operand; f′(x) stays so where the record asks for it."""
    record = ELEMENTWISE.get(node.fn)
    if record is None:
        raise Unsupported(f"symgrad has no derivative of {node.fn}")
    if node.order == 0 and record.primed:
        return (elementwise(node.fn, node.operands, node.params, 1),)
    if node.order == 0:
        return record.derivative(node.operands, node, node.params)
    x = node.operands[0]
    return (pushforward(formula(node), {x: constant(1, x.shape)}),)


def formula(node: Map, output: Node | None = None) -> Node:
    """f′(x) by its formula, in the output y = f(x) where the record has it so (1 − y ⊙ y for tanh)."""
    value = output if output is not None else elementwise(node.fn, node.operands, node.params, 0)
    return ELEMENTWISE[node.fn].derivative(node.operands, value, node.params)[0]
