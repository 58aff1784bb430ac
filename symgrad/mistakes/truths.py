"""The gradient as it is, with a mistake made in it: what comes out is compared with what was written."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from symgrad import names
from symgrad.errors import SymgradError
from symgrad.gradient import gradients
from symgrad.mistakes.case import Case, Diagnosis
from symgrad.mistakes.values import called
from symgrad.naming import without_argument_names
from symgrad.network import Network
from symgrad.tensor import (
    Add,
    Einsum,
    Func,
    Map,
    Node,
    Var,
    add,
    constant,
    einsum,
    elementwise,
    eye,
    multiply,
    substitute,
    topological,
    var,
    variables,
)

_MOST_PATHS, _MOST_SUMMANDS = 6, 8
_OFFSET = "o\u2063"
_CONFUSED = ("sigmoid", "tanh", "relu", "silu", "gelu", "softplus")
_AS_AT_THE_INPUT = frozenset({"relu", "leaky_relu"})  # whose slope is the same at their value
_SLOPED = frozenset({"relu", "sigmoid", "tanh", "leaky_relu", "elu", "silu", "gelu", "softplus"})


def path(case: Case) -> Iterator[Diagnosis]:
    """Some paths of the chain rule left out."""
    if case.gradient is None:
        return
    shares = case.judge.lab.gradient(*case.gradient).shares
    if not 2 <= len(shares) <= _MOST_PATHS:
        return
    for keep in range(1, 2 ** len(shares) - 1):
        kept = [s for k, s in enumerate(shares) if keep >> k & 1]
        rest = [s for k, s in enumerate(shares) if not keep >> k & 1]
        if case.holds_with(left=add([s.node for s in kept])):
            through = " and ".join(dict.fromkeys(names.text(without_argument_names(s.through)) for s in rest))
            missing = case.written(add([s.node for s in rest]))
            message = f"the path through {through} is left out" + (f"; what it adds is {missing}" if missing else "")
            # A path that is left out may also be one that is none, where one letter is two things.
            yield replace(case.diagnosis("missing_chain_term", message, case.truth), is_checked=False)


def term(case: Case) -> Iterator[Diagnosis]:
    """One term of the sum left out, or all but one."""
    if case.pair is None or case.ruling.numeric:
        return
    opened = case.judge.lab.fully_opened(case.pair.left_node)
    rights = dict.fromkeys(right for _, right in case.sides)
    wholes = dict.fromkeys(node for node in (case.truth, *(left for left, _ in case.sides), opened) if node is not None)
    for node in wholes:
        terms = _terms(node)
        if not 1 < len(terms) <= _MOST_SUMMANDS:
            continue
        for i, alone in enumerate(terms):
            rest = [t for j, t in enumerate(terms) if j != i]
            for kept, left_out in ((add(rest), alone), (alone, add(rest))):
                if not any(case.holds_with(left=kept, right=right) for right in rights):
                    continue
                if kept is not alone and any(_equal(case, alone, other) for other in rest):
                    continue
                shown = case.written(left_out)
                message = f"{shown} is left out" if shown else "a part of the sum is left out"
                yield case.diagnosis("missing_chain_term", message, case.truth or case.pair.left_node)


def _equal(case: Case, one: Node, other: Node) -> bool:
    """Of two equal terms one that is left out is a factor 2."""
    try:
        return one is other or case.judge.lab.equal(one, other).holds
    except SymgradError:
        return False


def _terms(node: Node, deepest: int = 3) -> list[Node]:
    """The terms of a sum, also of one inside a product."""
    if isinstance(node, Add):
        return [t for operand in node.operands for t in _terms(operand, deepest)]
    if isinstance(node, Einsum) and deepest:
        for i, (factor, labels) in enumerate(node.factors):
            if isinstance(factor, Add):
                found = []
                for operand in factor.operands:
                    factors = [(operand, labels) if j == i else held for j, held in enumerate(node.factors)]
                    found += _terms(einsum(factors, node.out, node.shape, node.coefficient, node.sizes), deepest - 1)
                return found
    return [node]


def slope(case: Case) -> Iterator[Diagnosis]:
    """The gradient that comes out when the derivative of one activation is taken to be 1."""
    if case.gradient is None:
        return
    of, wrt = case.gradient
    for name, definition in case.network.definitions.items():
        node = definition.node
        applied = _applied(node)
        if applied is None:
            continue
        function, inner = applied
        offset = var(f"{_OFFSET}{name}", node.shape)
        slopeless = case.network.with_node(name, add([inner, offset]))
        if of not in slopeless.definitions or wrt not in slopeless:
            continue
        made = _written_out(slopeless, gradients(slopeless, of, [wrt])[wrt].node)
        made = substitute(made, {v: node - inner for v in variables(made) if v.name == offset.name})
        if case.holds_with(left=made):
            message = f"the derivative of {function} that gives {names.text(name)} is left out"
            yield case.diagnosis("missing_activation_derivative", message, case.truth)


def _applied(node: Node) -> tuple[str, Node] | None:
    """An activation and what it is applied to; also one that is made of several, as the squared ReLU."""
    chain: list[str] = []
    while isinstance(node, Map) and not node.order and len(node.operands) == 1:
        chain.append(node.fn)
        (node,) = node.operands
    if not _SLOPED & set(chain) or (len(chain) > 1 and not isinstance(node, Var)):
        return None
    return (called(chain[0]) if len(chain) == 1 else "the function"), node


def other_slope(case: Case) -> Iterator[Diagnosis]:
    """What comes out with the derivative of another activation, or with one taken at the wrong place."""
    whole = case.truth if case.truth is not None or case.pair is None else case.judge.lab.fully_opened(case.pair.left_node)
    for node in topological([] if whole is None else [whole]):
        if not isinstance(node, Map) or node.order != 1 or node.fn not in _SLOPED or len(node.operands) != 1:
            continue
        (inner,) = node.operands
        value = elementwise(node.fn, [inner], node.params)
        others = [elementwise(fn, [inner], (), 1) for fn in _CONFUSED if fn != node.fn]
        others += [elementwise(node.fn, [value], node.params, 1)] if node.fn not in _AS_AT_THE_INPUT else []
        one = constant(1, node.shape)
        square = multiply(value, value)
        for made in (value, multiply(value, one - value), one - square, square, *others):
            if whole is not None and case.holds_with(left=substitute(whole, {node: made})):
                what = f"this is not the derivative of {called(node.fn)} at {case.written(inner)}"
                yield case.diagnosis("wrong_activation_derivative", what, whole)


def _written_out(network: Network, node: Node) -> Node:
    """Gradients in named quantities, written out down to the network's own names."""
    for _ in range(2 * len(network.definitions) + 2):
        values: dict[Node, Node] = {}
        for v in variables(node):
            match = names.gradient_of(v.name)
            if match and match["of"] != match["wrt"]:
                values[v] = gradients(network, match["of"], [match["wrt"]])[match["wrt"]].node
        if not values:
            return node
        node = substitute(node, values)
    return node


def mask(case: Case) -> Iterator[Diagnosis]:
    """The gradient that comes out with ones for a mask."""
    if case.gradient is None or case.pair is None:
        return
    whole = case.judge.lab.fully_opened(case.pair.left_node)
    masks = case.masks
    for v in variables(whole):
        item = case.network.inputs.get(v.name)
        if item is None or not ("mask" in item.properties or v.name in masks):
            continue
        if case.holds_with(left=substitute(whole, {v: constant(1, v.shape)})):
            kind = "mask" if "mask" in item.properties else "factor"
            yield case.diagnosis("mask_forgotten", f"the {kind} {names.text(v.name)} is left out", case.truth)


def softmax(case: Case) -> Iterator[Diagnosis]:
    """∂L/∂z = ∂L/∂p ⊙ p ⊙ (1 − p): the off-diagonal of the softmax Jacobian left out."""
    if case.gradient is None:
        return
    of, wrt = case.gradient
    for name, found in case.judge.meaning.terms.items():
        if found.op == "function" and found.params[0] == "softmax" and found.args[0].op == "symbol" and found.args[0].params[0] == wrt:
            p = case.network.variables[name]
            g = var(names.gradient(of, name), p.shape)
            if case.holds_with(left=multiply(g, p, constant(1, p.shape) - p)):
                spread = f"every entry of {names.text(name)} depends on every entry of {names.text(wrt)}"
                yield case.diagnosis("softmax_diagonal", f"only the diagonal of the softmax Jacobian is used; {spread}", case.truth)


def softmax_jacobian(case: Case) -> Iterator[Diagnosis]:
    """Only the diagonal of ∂p/∂z: diag(p), or diag(p ⊙ (1 − p))."""
    pair = case.pair
    if pair is None or len(pair.left_node.shape) != 2 or pair.left_node.shape[0] is not pair.left_node.shape[1]:
        return
    for definition in case.network.definitions.values():
        node = definition.node
        if not (isinstance(node, Func) and node.fn == "softmax" and node.shape[1].is_one):
            continue
        p = case.network.variables[definition.name]
        for entries in (p, multiply(p, constant(1, p.shape) - p)):
            made = einsum([(entries, (0, 2)), (eye(p.shape[0]), (0, 1))], (0, 1), (p.shape[0], p.shape[0]))
            if made.shape == pair.left_node.shape and case.holds_with(left=made):
                shown = names.text(definition.name)
                message = f"only the diagonal of the softmax Jacobian: every entry of {shown} depends on every score"
                yield Diagnosis("softmax_diagonal", case.span, message, f"diag({shown}) − {shown} {shown}ᵀ")
