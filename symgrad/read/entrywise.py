"""Functions of every entry, from the records of `symgrad.ops` and the words of `symgrad.read.functions`, and what is made of them."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

from symgrad.errors import Unsupported
from symgrad.ops.elementwise import ELEMENTWISE
from symgrad.read import functions
from symgrad.read.arrays import Array, Refused
from symgrad.read.call import Call, first, whole
from symgrad.read.typing import Typing
from symgrad.span import Span


def _two(name: str) -> Callable[[Call], Array]:
    def function(call: Call) -> Array:
        left, right = call.arrays(2, tensors=True)
        t = call.typing
        if name == "subtract":
            return t.add([left, t.negative(right, right.span)], call.span)
        return {"add": lambda: t.add([left, right], call.span), "multiply": lambda: t.times(left, right, call.span)}.get(
            name, lambda: t.over(left, right, call.span)
        )()

    return function


_OF_AN_AXIS = ("max", "amax", "reducemax", "min", "amin", "reducemin")


def extreme(op: str) -> Callable[[Call], Array]:
    """The larger or smaller of two, entry by entry; of one array the largest or smallest entry, along an axis too."""

    def function(call: Call) -> Array:
        t = call.typing
        # X.max(1) and np.max(X, 1) are along an axis; max(x, 1) is Python's, of two numbers.
        of_an_array = (call.is_method or "." in call.spelled) and len(call.args) == 2 and _is_axes(call.args[1])
        along = of_an_array or len(call.args) == 1 or {"axis", "dim"} & set(call.keywords)
        if call.word in _OF_AN_AXIS and along:
            array = call.array(first(call), tensors=True)
            if op == "maximum":
                return t.reduced("max", array, call.axes(array), call.keeps(), call.span)
            return t.negative(t.reduced("max", t.negative(array, call.span), call.axes(array), call.keeps(), call.span), call.span)
        if len(call.args) != 2:
            raise call.refused(f"{call.word} takes two arrays, entry by entry", None)
        left, right = call.arrays(2, tensors=True)
        for zero, other in ((left, right), (right, left)):
            if op == "maximum" and zero.literal == 0 and other.literal is None:
                return t.elementwise("relu", [other], call.span)
        return t.elementwise(op, [left, right], call.span)

    return function


def _is_axes(node: ast.expr) -> bool:
    return whole(node) is not None or isinstance(node, (ast.Tuple, ast.List)) or (isinstance(node, ast.Constant) and node.value is None)


def _clip(call: Call) -> Array:
    """`clip(x, 0, 1)`; one of the bounds may be None or left out."""
    if not 1 <= len(call.args) <= 3:
        raise call.refused(f"{call.word} takes an array and its bounds")
    array, t = call.array(call.args[0], tensors=True), call.typing
    given = dict(enumerate(call.args[1:]))
    for place, (op, names) in enumerate((("maximum", ("min", "a_min")), ("minimum", ("max", "a_max")))):
        node = next((call.keywords[name] for name in names if name in call.keywords), given.get(place))
        if node is None or (isinstance(node, ast.Constant) and node.value is None):
            continue
        bound = call.array(node, tensors=True)
        is_relu = op == "maximum" and bound.literal == 0
        array = t.elementwise("relu", [array], call.span) if is_relu else t.elementwise(op, [array, bound], call.span)
    return array


def _masked(call: Call) -> Array:
    array, mask = call.arrays(2, tensors=True)
    return call.typing.elementwise("masked", [array, mask], call.span)


def _where(call: Call) -> Array:
    """c ⊙ a + (1 − c) ⊙ b, with c 0 or 1."""
    if len(call.args) != 3:
        raise call.refused(f"{call.word} takes three arguments, not {len(call.args)}")
    condition = call.reader.condition(call.args[0])
    if not condition.mask:
        raise call.refused("where begins with a comparison, as in where(Z > 0, Z, 0), or a mask", call.args[0])
    t = call.typing
    infinite = [_is_minus_infinity(node) for node in call.args[1:]]
    branches = [None if out else call.array(node, tensors=True) for node, out in zip(call.args[1:], infinite, strict=True)]
    kept = next((b for b, c in zip(branches, (condition.causal, condition.anticausal), strict=True) if c and b is not None), None)
    other = branches[1] if kept is branches[0] else branches[0]
    is_left_out = kept is not None and not kept.lead and (other is None or (other.literal is not None and other.literal <= -_LEFT_OUT))
    if is_left_out and True in infinite:
        branches[infinite.index(True)] = call.exactly(-_INFINITE)
    chosen, otherwise = branches
    rest = condition.opposite or t.add([call.exactly(1), t.negative(condition, call.span)], call.span)
    if chosen is None or otherwise is None:
        if (array := chosen or otherwise) is None:
            raise call.refused("an infinite entry on both sides", call.args[1], Unsupported)
        return t.elementwise("masked", [array, rest if chosen is None else condition], call.span)
    pairs = ((condition, chosen), (rest, otherwise))
    terms = [mask if branch.literal == 1 else t.times(mask, branch, call.span) for mask, branch in pairs if branch.literal != 0]
    made = t.add(terms, call.span) if len(terms) > 1 else next(iter(terms), t.times(condition, chosen, call.span))
    return replace(made, masked=kept) if is_left_out else made


# What stands where a softmax takes no part is no larger than this; for an infinite one stands a number whose exponential is 0.
_LEFT_OUT, _INFINITE = 10**4, 10**9


def _is_minus_infinity(node: ast.expr) -> bool:
    return ast.unparse(node) in ("-np.inf", "-numpy.inf", "-math.inf", "-inf", "float('-inf')", "-float('inf')", "-torch.inf", "-jnp.inf")


def _log_of_a_sum(call: Call) -> Array:
    """log(exp a + exp b) = a + softplus(b − a)."""
    a, b = call.arrays(2, tensors=True)
    t = call.typing
    if b.literal == 0:
        a, b = b, a
    if a.literal == 0:
        return t.elementwise("softplus", [b], call.span)
    return t.add([a, t.elementwise("softplus", [t.add([b, t.negative(a, a.span)], call.span)], call.span)], call.span)


def _hypot(call: Call) -> Array:
    squares = [call.typing.elementwise("square", [array], call.span) for array in call.arrays(2, tensors=True)]
    return call.typing.elementwise("sqrt", [call.typing.add(squares, call.span)], call.span)


def _log_to(base: int) -> Callable[[Call], Array]:
    """log x / log b."""

    def function(call: Call) -> Array:
        (array,) = call.arrays(1, tensors=True)
        t = call.typing
        below = t.elementwise("log", [call.exactly(base)], call.span)
        return t.over(t.elementwise("log", [array], call.span), below, call.span)

    return function


def _minus_one(call: Call) -> Array:
    (array,) = call.arrays(1, tensors=True)
    t = call.typing
    return t.add([t.elementwise("exp", [array], call.span), call.exactly(-1)], call.span)


def _power_of_two(call: Call) -> Array:
    (array,) = call.arrays(1, tensors=True)
    return powered(call.typing, call.exactly(2), array, call.span)


def powered(t: Typing, base: Array, exponent: Array, span: Span) -> Array:
    """b^x = exp(x log b), of positive b."""
    if base.literal is not None and base.literal <= 0:
        raise Refused(Unsupported, "a power of a number that is not above 0 needs a whole exponent", span)
    return t.elementwise("exp", [t.times(exponent, t.elementwise("log", [base], span), span)], span)


def _power(call: Call) -> Array:
    if len(call.args) != 2:
        raise call.refused("power takes an array and a number")
    return call.reader.array(ast.copy_location(ast.BinOp(call.args[0], ast.Pow(), call.args[1]), call.args[0]))


def _negative(call: Call) -> Array:
    (array,) = call.arrays(1, tensors=True)
    return call.typing.negative(array, call.span)


def _reciprocal(call: Call) -> Array:
    (array,) = call.arrays(1, tensors=True)
    return call.typing.over(call.exactly(1), array, call.span)


def _heaviside(call: Call) -> Array:
    array, *_ = call.arrays(1, 2, tensors=True)
    return call.typing.elementwise("step", [array], call.span)


def _same(call: Call) -> Array:
    return call.array(first(call), tensors=True)


def _with_slope(op: str, usual: Fraction) -> Callable[[Call], Array]:
    """An activation with a number of its own: `leaky_relu(x, 0.1)`."""

    def function(call: Call) -> Array:
        array, *slope = call.arrays(1, 2, tensors=True)
        if slope and slope[0].literal is None:
            raise call.refused(f"the second argument of {call.word} is a number", call.args[1])
        return call.typing.elementwise(op, [array], call.span, (slope[0].literal if slope and slope[0].literal is not None else usual,))

    return function


def _entrywise(op: str, params: tuple[Fraction, ...]) -> Callable[[Call], Array]:
    def function(call: Call) -> Array:
        (array,) = call.arrays(1, tensors=True)
        if op == "power" and params[0] == 2:
            return call.typing.elementwise("square", [array], call.span)
        return call.typing.elementwise(op, [array], call.span, params)

    return function


ENTRYWISE: dict[str, Callable[[Call], Array]] = {
    **{name.replace("_", ""): _entrywise(name, ()) for name, record in ELEMENTWISE.items() if record.arity == 1 and name != "power"},
    **{word: _entrywise(op, params) for word, (op, params) in functions.ELEMENTWISE_WORDS.items()},
    **{
        word: _with_slope(op, params[0])
        for word, (op, params) in functions.ELEMENTWISE_WORDS.items()
        if params and ELEMENTWISE[op].arity == 1 and op != "power"
    },
    "huber": _with_slope("huber", Fraction(1)),
    "sigma": _entrywise("sigmoid", ()),
    "absolute": _entrywise("abs", ()),
    "atan": _entrywise("arctan", ()),
    "atanh": _entrywise("arctanh", ()),
    "asin": _entrywise("arcsin", ()),
    "acos": _entrywise("arccos", ()),
    "heaviside": _heaviside,
    "reciprocal": _reciprocal,
    "negative": _negative,
    "power": _power,
    "pow": _power,
    "floatpower": _power,
    "clip": _clip,
    "clamp": _clip,
    "logaddexp": _log_of_a_sum,
    "hypot": _hypot,
    "log2": _log_to(2),
    "log10": _log_to(10),
    "exp2": _power_of_two,
    "expm1": _minus_one,
    "where": _where,
    "copy": _same,
    "astype": _same,
    "bool": _same,
    "asarray": _same,
    "array": _same,
    **{name: _two(name) for name in ("add", "subtract", "multiply", "divide")},
    **{short: _two(name) for short, name in (("sub", "subtract"), ("mul", "multiply"), ("div", "divide"))},
    **dict.fromkeys(functions.LEFT_OUT, _masked),
    **dict.fromkeys(functions.MAXIMA, extreme("maximum")),
    **dict.fromkeys(functions.MINIMA, extreme("minimum")),
}
