"""The catalogue of mistakes: what turns a wrong claim into a right one, each tried and checked like any other claim.

A record has a cause and a rule that offers repairs of a failed equality; the first, cheapest repair under which the claim holds is
its diagnosis. Nothing is guessed from the text alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np

from symgrad import names
from symgrad.errors import SymgradError
from symgrad.gradient import gradients
from symgrad.implied import is_made_up
from symgrad.judge import Judge, Pair, Ruling, uses
from symgrad.network import Network
from symgrad.raising import raise_form
from symgrad.rewrite import simplify
from symgrad.rules import SIMPLIFY
from symgrad.span import Span
from symgrad.syntax import Unreadable
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
    power,
    scale,
    substitute,
    var,
    variables,
)
from symgrad.typeset import text
from symgrad.typing_rules import REPAIR

_MOST_REPAIRS = 400


@dataclass(frozen=True)
class Diagnosis:
    """Why a claim is wrong: the cause, the part of the text it is about, what would mend it, and a sentence."""

    cause: str
    span: Span
    message: str
    suggestion: str = ""


@dataclass(frozen=True)
class Mistake:
    """One kind of mistake; `repairs` yields a diagnosis for each repair under which the claim holds."""

    cause: str
    repairs: Callable[[Judge, Ruling], Iterator[Diagnosis]]


# ── repairs of the reading: transposes, order, products, signs, primes, indices ──────────────────────────────────────

_WORDS = {
    "missing_transpose": ("missing_transpose", "a transpose is missing"),
    "extra_transpose": ("missing_transpose", "a transpose too many"),
    "wrong_order": ("wrong_order", "the factors stand in the wrong order"),
    "elementwise_vs_matmul": ("elementwise_vs_matmul", "the other product is meant here"),
    "sign": ("sign", "the sign is wrong"),
    "missing_prime": ("wrong_activation_derivative", "the activation's derivative is meant, not the activation"),
    "extra_prime": ("wrong_activation_derivative", "the activation itself is meant, not its derivative"),
    "wrong_activation_derivative": ("wrong_activation_derivative", "the derivative is taken at the wrong place"),
    "missing_activation_derivative": ("missing_activation_derivative", "the derivative of the activation is left out"),
    "factor": ("missing_factor", "this term has a factor 2 too many, or too few"),
    "index_off_by_one": ("index_off_by_one", "an index is shifted by one"),
    "activation": ("wrong_activation_derivative", "the activation and the pre-activation are confused"),
    "outer_product": ("missing_transpose", "an outer product is meant: a transpose is missing"),
}


def _reread(judge: Judge, ruling: Ruling) -> Iterator[Diagnosis]:
    """The claim's own side, read with one repair (or two), that makes it hold."""
    try:
        pairs = judge.pairs(ruling.link, 2, side_level=0)
    except (SymgradError, Unreadable):
        return
    # The fewest repairs first, and among those the plainest.
    for pair in sorted(pairs, key=lambda p: (sum(n.kind in _WORDS for n in p.right.notes), p.cost))[:_MOST_REPAIRS]:
        kinds = [note for note in pair.right.notes if note.kind in _WORDS]
        if not kinds or (pair.right.cost < REPAIR - 1.0 and not any(n.kind == "outer_product" for n in kinds)):
            continue
        if _holds(judge, ruling, pair):
            cause, message = _WORDS[kinds[0].kind]
            rest = [_WORDS[n.kind][1] for n in kinds[1:] if n.kind != kinds[0].kind]
            whole = "; ".join([message, *rest])
            yield Diagnosis(cause, kinds[0].span, whole, _written(judge, pair.right_node))
            return


def _holds(judge: Judge, ruling: Ruling, pair: Pair) -> bool:
    try:
        return judge.compared(ruling.link, pair).verdict == "holds"
    except SymgradError:
        return False


def _written(judge: Judge, node: Node) -> str:
    try:
        shown = text(raise_form(node, judge.lab.network.facts))
    except SymgradError:
        return ""
    return "" if is_made_up(shown) else shown


# ── repairs of the value ─────────────────────────────────────────────────────────────────────────────────────────────


def _changed(judge: Judge, ruling: Ruling, node: Node) -> bool:
    assert ruling.pair is not None
    try:
        made = simplify(node, judge.lab.network.facts, SIMPLIFY)
        return _holds(judge, ruling, replace(ruling.pair, right_node=made))
    except SymgradError:
        return False


def _constant_factor(judge: Judge, ruling: Ruling) -> Iterator[Diagnosis]:
    """Both sides differ by a number, or by a size."""
    pair = ruling.pair
    if pair is None or pair.left_node.shape != pair.right_node.shape:
        return
    span = ruling.link.right.span
    for number, cause, what in (
        (Fraction(-1), "sign", "the sign is wrong"),
        (Fraction(2), "missing_factor", "a factor 2 is missing"),
        (Fraction(1, 2), "missing_factor", "a factor 2 too many"),
        (Fraction(-2), "missing_factor", "a factor −2 is missing"),
        (Fraction(-1, 2), "missing_factor", "a factor −2 too many"),
        (Fraction(4), "missing_factor", "a factor 4 is missing"),
        (Fraction(1, 4), "missing_factor", "a factor 4 too many"),
        (Fraction(3), "missing_factor", "a factor 3 is missing"),
        (Fraction(1, 3), "missing_factor", "a factor 3 too many"),
    ):
        made = scale(number, pair.right_node)
        if _changed(judge, ruling, made):
            yield Diagnosis(cause, span, what, _written(judge, made))
            return
    for dim in judge.lab.network.dims if not ruling.numeric else ():
        if dim.is_one:
            continue
        for exponent in (-1, 1):
            for number in (Fraction(1), Fraction(2), Fraction(1, 2), Fraction(-1)):
                made = scale(number, pair.right_node, [(dim, exponent)])
                if _changed(judge, ruling, made):
                    what = f"a factor 1/{dim} is missing" if exponent < 0 else f"a factor 1/{dim} too many"
                    yield Diagnosis("sum_vs_mean", span, what, _written(judge, made))
                    return
    for v in judge.lab.network.variables.values():
        if all(d.is_one for d in v.shape):
            for factor in (v, v**-1):
                made = multiply(factor, pair.right_node) if pair.right_node.shape == factor.shape else _spread(factor, pair.right_node)
                if _changed(judge, ruling, made):
                    what = f"the factor {names.text(v.name)} is {'missing' if factor is v else 'too many'}"
                    yield Diagnosis("missing_factor", span, what, _written(judge, made))
                    return


def _spread(scalar: Node, node: Node) -> Node:
    from symgrad.tensor import einsum

    axes = tuple(range(len(node.shape)))
    return einsum([(scalar, tuple(len(axes) + i for i in range(len(scalar.shape)))), (node, axes)], axes, node.shape)


def _slopes(judge: Judge, ruling: Ruling) -> Iterator[Diagnosis]:
    """The derivative of an activation put in, or taken out, entry by entry."""
    pair = ruling.pair
    if pair is None:
        return
    for pre, function, params in judge.meaning.activations():
        node = judge.lab.network.variables.get(pre)
        if node is None or node.shape != pair.right_node.shape:
            continue
        slope = elementwise(function, [node], params, 1) if function != "softplus" else elementwise("sigmoid", [node])
        made = multiply(pair.right_node, slope)
        if _changed(judge, ruling, made):
            message = f"the derivative of {_function(function)} at {names.text(pre)} is left out"
            yield Diagnosis("missing_activation_derivative", ruling.link.right.span, message, _written(judge, made))
            return
        if _holds(judge, ruling, replace(pair, left_node=simplify(multiply(pair.left_node, slope), judge.lab.network.facts, SIMPLIFY))):
            message = f"the derivative of {_function(function)} at {names.text(pre)} does not belong here"
            yield Diagnosis("wrong_activation_derivative", ruling.link.right.span, message, _written(judge, pair.left_node))
            return


def _function(name: str) -> str:
    return {"relu": "the ReLU", "sigmoid": "σ"}.get(name, name)


def _masks(judge: Judge, ruling: Ruling) -> Iterator[Diagnosis]:
    """A mask put in: any input of the same shape that the definitions multiply by entry by entry."""
    pair = ruling.pair
    if pair is None:
        return
    for name in judge.lab.network.inputs:
        node = judge.lab.network.variables[name]
        if node.shape == pair.right_node.shape and name in _hadamard_factors(judge):
            made = multiply(node, pair.right_node)
            if _changed(judge, ruling, made):
                yield Diagnosis("mask_forgotten", ruling.link.right.span, f"the mask {names.text(name)} is left out", _written(judge, made))
                return


def _hadamard_factors(judge: Judge) -> set[str]:
    found: set[str] = set()
    for term in judge.meaning.terms.values():
        stack = [term]
        while stack:
            t = stack.pop()
            if t.op == "hadamard":
                found |= {str(a.params[0]) for a in t.args if a.op == "symbol"}
            stack.extend(t.args)
    return found


def _shares(judge: Judge, ruling: Ruling) -> Iterator[Diagnosis]:
    """Some paths of the chain rule left out."""
    pair = ruling.pair
    if pair is None or not isinstance(pair.left_node, Var):
        return
    match = names.gradient_of(pair.left_node.name)
    if not match or match["wrt"] not in judge.lab.network or match["of"] == match["wrt"]:
        return
    shares = judge.lab.gradient(match["of"], match["wrt"]).shares
    if not 2 <= len(shares) <= 6:
        return
    for keep in range(1, 2 ** len(shares) - 1):
        kept = [s for k, s in enumerate(shares) if keep >> k & 1]
        rest = [s for k, s in enumerate(shares) if not keep >> k & 1]
        if _holds(judge, ruling, replace(pair, left_node=add([s.node for s in kept]))):
            through = " and ".join(names.text(s.through) for s in rest)
            missing = _written(judge, add([s.node for s in rest]))
            message = f"the path through {through} is left out; what it adds is {missing}"
            yield Diagnosis("missing_chain_term", ruling.link.right.span, message, _written(judge, add([s.node for s in shares])))
            return


def _not_summed(judge: Judge, ruling: Ruling) -> Iterator[Diagnosis]:
    """A bias gradient that was not summed over the examples."""
    link = ruling.link
    try:
        reader = judge.reader(link, 0)
        lefts, rights = reader.side(link.left, judge.meaning.shapes), reader.side(link.right, judge.meaning.shapes)
    except SymgradError:
        return
    from symgrad.dims import ONE
    from symgrad.terms import Term

    for left in lefts[:3]:
        for right in rights[:4]:
            for axis in (0, 1):
                t = right.term
                rows, cols = (ONE, t.cols) if axis == 0 else (t.rows, ONE)
                summed = Term("sum", (t,), (axis,), rows, cols, t.free)
                options = [right.with_term(summed), right.with_term(Term("transpose", (summed,), (), cols, rows, t.free))]
                for option in options:
                    try:
                        pair = judge._paired(left, replace(option, shapes=right.shapes), reader)
                    except SymgradError:
                        continue
                    if pair is not None and _holds(judge, ruling, pair):
                        message = "the sum over the examples is left out"
                        yield Diagnosis("missing_sum", link.right.span, message, _written(judge, pair.right_node))
                        return


def _turned(judge: Judge, ruling: Ruling) -> Iterator[Diagnosis]:
    """The whole side transposed."""
    link = ruling.link
    try:
        reader = judge.reader(link, 0)
        lefts, rights = reader.side(link.left, judge.meaning.shapes), reader.side(link.right, judge.meaning.shapes)
    except SymgradError:
        return
    from symgrad.typing_rules import transposed

    for left in lefts[:3]:
        for right in rights[:4]:
            if right.term.free:
                continue
            try:
                pair = judge._paired(left, right.with_term(transposed(right.term)), reader)
            except SymgradError:
                continue
            if pair is not None and _holds(judge, ruling, pair):
                message = "it is the transpose of what it should be"
                yield Diagnosis("missing_transpose", link.right.span, message, _written(judge, pair.right_node))
                return


def _softmax_diagonal(judge: Judge, ruling: Ruling) -> Iterator[Diagnosis]:
    """∂L/∂z = ∂L/∂p ⊙ p ⊙ (1 − p): the off-diagonal of the softmax Jacobian left out."""
    pair = ruling.pair
    if pair is None or not isinstance(pair.left_node, Var):
        return
    match = names.gradient_of(pair.left_node.name)
    if not match:
        return
    of, wrt = match["of"], match["wrt"]
    for name, term in judge.meaning.terms.items():
        if term.op == "function" and term.params[0] == "softmax" and term.args[0].op == "symbol" and term.args[0].params[0] == wrt:
            p = judge.lab.network.variables[name]
            g = var(names.gradient(of, name), p.shape)
            made = multiply(g, p, constant(1, p.shape) - p)
            if _holds(judge, ruling, replace(pair, left_node=made)):
                spread = f"every entry of {names.text(name)} depends on every entry of {names.text(wrt)}"
                message = f"only the diagonal of the softmax Jacobian is used; {spread}"
                truth = judge.lab.gradient(of, wrt).node
                yield Diagnosis("softmax_diagonal", ruling.link.right.span, message, _written(judge, truth))
                return


# ── the true gradient, with a mistake made in it ─────────────────────────────────────────────────────────────────────


def _without_a_slope(judge: Judge, ruling: Ruling) -> Iterator[Diagnosis]:
    """The gradient that comes out when the derivative of one activation is taken to be 1."""
    pair = ruling.pair
    match = names.gradient_of(pair.left_node.name) if pair is not None and isinstance(pair.left_node, Var) else None
    if match is None or pair is None:
        return
    for name, definition in judge.lab.network.definitions.items():
        node = definition.node
        if not isinstance(node, Map) or node.order or node.fn not in _SLOPED or len(node.operands) != 1:
            continue
        (inner,) = node.operands
        offset = var(f"{_OFFSET}{name}", node.shape)
        slopeless = judge.lab.network.with_node(name, add([inner, offset]))
        if match["of"] not in slopeless.definitions or match["wrt"] not in slopeless:
            continue
        made = _written_out(slopeless, gradients(slopeless, match["of"], [match["wrt"]])[match["wrt"]].node)
        made = substitute(made, {v: node - inner for v in variables(made) if v.name == offset.name})
        if _holds(judge, ruling, replace(pair, left_node=made)):
            message = f"the derivative of {_function(node.fn)} that gives {names.text(name)} is left out"
            truth = judge.lab.gradient(match["of"], match["wrt"]).node
            yield Diagnosis("missing_activation_derivative", ruling.link.right.span, message, _written(judge, truth))
            return


def _without_a_mask(judge: Judge, ruling: Ruling) -> Iterator[Diagnosis]:
    """The gradient that comes out with ones for a mask."""
    pair = ruling.pair
    match = names.gradient_of(pair.left_node.name) if pair is not None and isinstance(pair.left_node, Var) else None
    if match is None or pair is None:
        return
    truth = judge.lab.fully_opened(pair.left_node)
    for v in variables(truth):
        item = judge.lab.network.inputs.get(v.name)
        if item is None or "mask" not in item.properties:
            continue
        made = substitute(truth, {v: constant(1, v.shape)})
        if made is not truth and _holds(judge, ruling, replace(pair, left_node=made)):
            message = f"the mask {names.text(v.name)} is left out"
            yield Diagnosis(
                "mask_forgotten", ruling.link.right.span, message, _written(judge, judge.lab.gradient(match["of"], match["wrt"]).node)
            )
            return


def _without_a_term(judge: Judge, ruling: Ruling) -> Iterator[Diagnosis]:
    """The gradient with one term of its sum left out, or with one that is not its own."""
    pair = ruling.pair
    match = names.gradient_of(pair.left_node.name) if pair is not None and isinstance(pair.left_node, Var) else None
    if match is None or pair is None or match["of"] not in judge.lab.network.definitions:
        return
    truth = judge.lab.gradient(match["of"], match["wrt"]).node
    for node in (truth, judge.lab.fully_opened(pair.left_node)):
        terms = _terms(node)
        if not 1 < len(terms) <= _MOST_SUMMANDS:
            continue
        for i, term in enumerate(terms):
            rest = [t for j, t in enumerate(terms) if j != i]
            if _holds(judge, ruling, replace(pair, left_node=add(rest) if len(rest) > 1 else rest[0])):
                shown = _written(judge, term)
                message = f"the term {shown} is left out" if shown else "a term is left out"
                yield Diagnosis("missing_chain_term", ruling.link.right.span, message, _written(judge, truth))
                return


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


def _another_name(judge: Judge, ruling: Ruling) -> Iterator[Diagnosis]:
    """One name stands where another of its shape is meant."""
    pair = ruling.pair
    if pair is None or ruling.numeric:
        return
    network = judge.lab.network
    span = ruling.link.right.span
    for v in [v for v in variables(pair.right_node) if v.name in network][:_MOST_NAMES]:
        others = [n for n in (*network.definitions, *network.inputs) if n != v.name and not is_made_up(n)]
        near = judge.meaning.siblings(v.name)
        related = judge.meaning.preactivation(v.name)
        for name in sorted(others, key=lambda n: (n not in near, n not in related))[:_MOST_OTHERS]:
            shape = network.symbol_shape(name)
            if shape != v.shape or name == _left_name(pair):
                continue
            made = substitute(pair.right_node, {v: network.variables[name]})
            if _holds(judge, ruling, replace(pair, right_node=made)):
                below = judge.meaning.rests_on(name, v.name) and name in related
                cause = "index_off_by_one" if name in near else "activation_not_applied" if below else "unknown"
                message = f"{names.text(v.name)} stands where {names.text(name)} is meant"
                yield Diagnosis(cause, span, message, _written(judge, made))
                return


def _left_name(pair: Pair) -> str:
    return pair.left_node.name if isinstance(pair.left_node, Var) else ""


def _missing_name(judge: Judge, ruling: Ruling) -> Iterator[Diagnosis]:
    """A factor that is left out: a name of the network, entry by entry or as a number."""
    pair = ruling.pair
    if pair is None or ruling.numeric:
        return
    network = judge.lab.network
    for name, v in network.variables.items():
        scalar = all(dim.is_one for dim in v.shape)
        if is_made_up(name) or (v.shape != pair.right_node.shape and not scalar):
            continue
        factor = einsum([(v, (0, 1))], (2, 3), pair.right_node.shape) if scalar and v.shape != pair.right_node.shape else v
        for made, what in (
            (multiply(pair.right_node, factor), "is left out"),
            (multiply(pair.right_node, power(factor, -1)), "is one too many"),
        ):
            if _holds(judge, ruling, replace(pair, right_node=made)):
                is_mask = name in network.inputs and "mask" in network.inputs[name].properties
                cause = "mask_forgotten" if is_mask else "missing_factor"
                message = f"the {'mask' if is_mask else 'factor'} {names.text(name)} {what}"
                yield Diagnosis(cause, ruling.link.right.span, message, _written(judge, made))
                return


def _softmax_jacobian(judge: Judge, ruling: Ruling) -> Iterator[Diagnosis]:
    """Only the diagonal of ∂p/∂z: diag(p), or diag(p ⊙ (1 − p))."""
    pair = ruling.pair
    if pair is None or len(pair.left_node.shape) != 2 or pair.left_node.shape[0] is not pair.left_node.shape[1]:
        return
    for definition in judge.lab.network.definitions.values():
        node = definition.node
        if not (isinstance(node, Func) and node.fn == "softmax" and node.shape[1].is_one):
            continue
        p = judge.lab.network.variables[definition.name]
        size = p.shape[0]
        for entries in (p, multiply(p, constant(1, p.shape) - p)):
            made = einsum([(entries, (0, 2)), (eye(size), (0, 1))], (0, 1), (size, size))
            if made.shape == pair.left_node.shape and _holds(judge, ruling, replace(pair, left_node=made)):
                shown = names.text(definition.name)
                message = f"only the diagonal of the softmax Jacobian: every entry of {shown} depends on every score"
                yield Diagnosis("softmax_diagonal", ruling.link.right.span, message, f"diag({shown}) − {shown} {shown}ᵀ")
                return


def _proportional(judge: Judge, ruling: Ruling) -> Iterator[Diagnosis]:
    """The sides differ by one factor at every point, whatever it is."""
    pair = ruling.pair
    if pair is None or ruling.numeric or pair.left_node.shape != pair.right_node.shape:
        return
    ratios = []
    for point in judge.lab.points[:4]:
        a = np.asarray(point.array(pair.left_node), dtype=float).ravel()
        b = np.asarray(point.array(pair.right_node), dtype=float).ravel()
        solid = np.abs(b) > 1e-9
        if a.size < 2 or np.count_nonzero(solid) < 2 or np.any(np.abs(a[~solid]) > 1e-9):
            return
        found = a[solid] / b[solid]
        if not np.allclose(found, found[0], rtol=1e-6):
            return
        ratios.append(float(found[0]))
    if not ratios:
        return
    if np.allclose(ratios, ratios[0], rtol=1e-6):
        what = f"a factor {ratios[0]:.4g}".replace("-", "−") + " is missing"
    else:
        what = "the sides differ by a factor that is the same for all entries"
    yield Diagnosis("missing_factor", ruling.link.right.span, what, _written(judge, pair.left_node))


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


_MOST_SUMMANDS, _MOST_NAMES, _MOST_OTHERS = 8, 8, 14
_OFFSET = "o\u2063"
_SLOPED = frozenset({"relu", "sigmoid", "tanh", "leaky_relu", "elu", "silu", "gelu", "softplus"})


# ── repairs of numbers ───────────────────────────────────────────────────────────────────────────────────────────────


def _number(x: Any) -> str:
    value = Fraction(x) if isinstance(x, (int, Fraction)) else float(x)
    if isinstance(value, Fraction):
        return str(value).replace("-", "−")
    return f"{value:.6g}".replace("-", "−")


def rows_text(value: Any) -> str:
    """A matrix of numbers in one line: [1 0 2], or rows parted by semicolons."""
    array = np.asarray(value)
    array = array.reshape(array.shape[-2:]) if array.ndim >= 2 else np.atleast_2d(array)
    if array.size == 1:
        return _number(array.flat[0])
    return "[" + "; ".join(" ".join(_number(x) for x in row) for row in array) + "]"


def _numbers(judge: Judge, ruling: Ruling) -> Iterator[Diagnosis]:
    """Numbers that are wrong in a way that has a name: another sign, an activation, an old value, another given."""
    if not ruling.numeric or ruling.expected is None:
        return
    expected, found = np.asarray(ruling.expected, dtype=float), np.asarray(ruling.found, dtype=float)
    span = ruling.link.right.span
    shown = rows_text(ruling.expected)
    if found.shape != expected.shape:
        return
    close = np.isclose(expected, found, rtol=1e-6, atol=1e-9)
    changes: tuple[tuple[Callable[[Any], Any], str, str], ...] = (
        (lambda x: -x, "sign", "the sign is wrong"),
        (lambda x: np.maximum(x, 0), "activation_not_applied", "a ReLU is applied that is not written"),
        (lambda x: 2 * x, "missing_factor", "a factor 2 too many"),
        (lambda x: x / 2, "missing_factor", "a factor 2 is missing"),
    )
    for change, cause, message in changes:
        if expected.size and np.allclose(change(expected), found, rtol=1e-6, atol=1e-9) and np.any(expected):
            yield Diagnosis(cause, span, f"expected {shown}: {message}", shown)
            return
    if np.any(found < 0) and np.allclose(np.maximum(found, 0), expected) and "relu" in _functions(judge):
        places = [tuple(int(i) for i in at) for at in np.argwhere(~close)]
        named = ", ".join(_place(at, expected) for at in places[:3])
        example = _number(ruling.found[places[0]])
        yield Diagnosis(
            "activation_not_applied",
            span,
            f"expected {shown}; {named} {'differs' if len(places) == 1 else 'differ'}: the ReLU of {example} is 0",
            shown,
        )
        return
    if expected.size > 1 and np.count_nonzero(~close) == 1:
        (at,) = (tuple(int(i) for i in a) for a in np.argwhere(~close))
        if np.isclose(expected[at], -found[at]) and expected[at]:
            yield Diagnosis("sign", span, f"expected {shown}; {_place(at, expected)} has the wrong sign", shown)
            return
    yield from _older_values(judge, ruling, shown)
    if np.count_nonzero(~close) > 1:
        yield from _other_given(judge, ruling)


def _functions(judge: Judge) -> set[str]:
    return {f for _, f, _ in judge.meaning.activations()} | {judge.activation, "relu"}


def _older_values(judge: Judge, ruling: Ruling, shown: str) -> Iterator[Diagnosis]:
    assert ruling.pair is not None
    for name, versions in judge.older.items():
        for rows in versions:
            try:
                point = judge.numeric_point(False, {**judge.values, name: rows})
                value = np.asarray(point.array(ruling.pair.left_node), dtype=float)
            except SymgradError:
                continue
            if value.shape == np.shape(ruling.found) and np.allclose(value, np.asarray(ruling.found, dtype=float), rtol=1e-6):
                message = f"expected {shown}: this is the result for the earlier {names.text(name)} = {rows_text(rows)}"
                yield Diagnosis("stale_value", ruling.link.right.span, message, shown)
                return


def _other_given(judge: Judge, ruling: Ruling) -> Iterator[Diagnosis]:
    """The one given value under which the result is right, when there is one and it differs in a single entry."""
    assert ruling.pair is not None
    found = np.asarray(ruling.found, dtype=float)
    used = {v.name for v in variables(judge.lab.fully_opened(ruling.pair.left_node))}
    for name in judge.values:
        if name not in used or name not in judge.lab.network.inputs:
            continue
        solved = _solved(judge, ruling, name, found)
        if solved is not None:
            message = f"expected {rows_text(ruling.expected)}; the result belongs to {names.text(name)} = {rows_text(solved)}"
            yield Diagnosis("wrong_given", ruling.link.right.span, message, f"{names.text(name)} = {rows_text(solved)}")
            return


def _solved(judge: Judge, ruling: Ruling, name: str, found: Any) -> Any:
    """The value of a name that the result is linear in, by least squares; None unless whole and different in one entry."""
    assert ruling.pair is not None
    left = ruling.pair.left_node
    own = np.array([[float(x) for x in row] for row in judge.values[name]])

    def at(value: Any) -> Any:
        rows = tuple(tuple(Fraction(float(x)) for x in row) for row in value)
        return np.asarray(judge.numeric_point(False, {**judge.values, name: rows}).array(left), dtype=float).ravel()

    try:
        base = at(own)
        columns = []
        for i in range(own.size):
            step = np.zeros(own.size)
            step[i] = 1.0
            columns.append(at(own + step.reshape(own.shape)) - base)
        matrix = np.array(columns).T
        delta, *_ = np.linalg.lstsq(matrix, found.ravel() - base, rcond=None)
        trial = np.round(own + delta.reshape(own.shape), 6)
        if np.count_nonzero(np.abs(trial - own) > 1e-9) != 1 or not np.allclose(trial, np.round(trial), atol=1e-6):
            return None
        return np.round(trial).astype(int) if np.allclose(at(trial), found.ravel(), rtol=1e-6) else None
    except (SymgradError, np.linalg.LinAlgError):
        return None


def _place(at: tuple[int, ...], like: Any) -> str:
    if like.shape[0] == 1 or like.shape[-1] == 1:
        return f"entry {max(at) + 1}"
    return f"entry ({at[-2] + 1}, {at[-1] + 1})"


def _entries(judge: Judge, ruling: Ruling) -> Iterator[Diagnosis]:
    """Some entries differ: they are named."""
    if not ruling.numeric or ruling.expected is None:
        return
    expected, found = np.asarray(ruling.expected, dtype=float), np.asarray(ruling.found, dtype=float)
    if expected.shape != found.shape:
        return
    wrong = [tuple(int(i) for i in at) for at in np.argwhere(~np.isclose(expected, found, rtol=1e-6, atol=1e-9))]
    if not wrong:
        return
    shown = rows_text(ruling.expected)
    if expected.size == 1:
        message = f"expected {shown}, not {rows_text(ruling.found)}"
    else:
        places = ", ".join(
            f"{_place(at, expected)} is {_number(np.asarray(ruling.found)[at])}, not {_number(np.asarray(ruling.expected)[at])}"
            for at in wrong[:3]
        )
        more = f", and {len(wrong) - 3} more" if len(wrong) > 3 else ""
        message = f"expected {shown}; {places}{more}"
    yield Diagnosis("param_count" if _counts(judge, ruling) else "arithmetic_slip", ruling.link.right.span, message, shown)


_COUNTED = re.compile(r"(?i)\bparam(?:eter)?s?\b|\bnumber of weights\b")


def _counts(judge: Judge, ruling: Ruling) -> bool:
    """Whether the words beside an equality of numbers say that parameters are counted."""
    statement = judge.gathered.sheet.statements[ruling.link.statement]
    return not uses(ruling) and bool(_COUNTED.search(statement.words_after[:40]) or _COUNTED.search(statement.words[-90:]))


# What is tried, in this order: a repair of the text before one of the value, a named slip before a nameless one.
CATALOGUE: tuple[Mistake, ...] = (
    Mistake("sign", _constant_factor),
    Mistake("mask_forgotten", _masks),
    Mistake("missing_activation_derivative", _slopes),
    Mistake("missing_chain_term", _shares),
    Mistake("missing_activation_derivative", _without_a_slope),
    Mistake("mask_forgotten", _without_a_mask),
    Mistake("softmax_diagonal", _softmax_diagonal),
    Mistake("softmax_diagonal", _softmax_jacobian),
    Mistake("missing_transpose", _reread),
    Mistake("missing_sum", _not_summed),
    Mistake("missing_transpose", _turned),
    Mistake("missing_chain_term", _without_a_term),
    Mistake("index_off_by_one", _another_name),
    Mistake("missing_factor", _missing_name),
    Mistake("missing_factor", _proportional),
    Mistake("activation_not_applied", _numbers),
    Mistake("arithmetic_slip", _entries),
)


def diagnosed(judge: Judge, ruling: Ruling) -> Diagnosis:
    """The first repair that holds; else what is expected, as far as it is known."""
    for mistake in CATALOGUE:
        try:
            diagnosis = next(mistake.repairs(judge, ruling), None)
        except SymgradError:
            continue  # what cannot be built explains nothing
        if diagnosis is not None:
            return diagnosis
    span = ruling.link.right.span
    if ruling.pair is None:
        return Diagnosis("shape_mismatch", span, ruling.reason, _expected(judge, ruling))
    return Diagnosis("unknown", span, "it does not hold", _expected(judge, ruling))


def _expected(judge: Judge, ruling: Ruling) -> str:
    """The gradient as it should be, where the left side is one."""
    try:
        for reading in judge.reader(ruling.link, 0).side(ruling.link.left, judge.meaning.shapes):
            if reading.term.op == "gradient":
                of, wrt = reading.term.params
                return f"{names.text(names.gradient(of, wrt))} = {_written(judge, judge.lab.gradient(of, wrt).node)}"
    except SymgradError:
        pass
    return ""


_MOST_SHOWN = 4


def counterexample(judge: Judge, ruling: Ruling) -> str:
    """Small whole numbers for which the two sides differ, to be checked by hand; "" where they would not be small."""
    pair = ruling.pair
    if pair is None or ruling.numeric or judge.meaning.implied:
        return ""
    behind = judge.numbers_behind(judge.lab.open_gradients(pair.left_node)) | judge.numbers_behind(pair.right_node)
    used = [name for name in judge.lab.network.inputs if name in behind]
    for point in judge.lab.small_points():
        try:
            left, right = (np.asarray(point.array(node), dtype=float) for node in (pair.left_node, pair.right_node))
        except (SymgradError, ValueError):
            return ""
        if not 0 < len(used) <= _MOST_SHOWN or left.ndim > 2 or max(left.size, *(np.size(point.values[n]) for n in used)) > 9:
            return ""
        if not np.allclose(left, right):
            given = ", ".join(f"{names.text(name)} = {rows_text(_plain(point.values[name]))}" for name in used)
            return f"{given}: the left is {rows_text(_plain(left))}, the right {rows_text(_plain(right))}"
    return ""


def _plain(values: Any) -> Any:
    return np.round(values).astype(int) if np.allclose(values, np.round(values)) else np.round(values, 4)
