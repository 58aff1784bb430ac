"""Functions that add up, or average, or go along an axis: sums, variances, softmax; sums keep their axes."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import replace
from functools import reduce
from operator import mul

from symgrad.read import choosing
from symgrad.read.arrays import Array, sized
from symgrad.read.call import Call, first


def reduction(op: str) -> Callable[[Call], Array]:
    """A sum, a mean or a product over all entries, or over the axes that are named."""

    def reduce(call: Call) -> Array:
        chosen = choosing.reduced(op, call, first(call))
        if chosen is not None:
            return chosen
        array = call.array(first(call), tensors=True)
        return call.typing.reduced(op, array, call.axes(array), call.keeps(), call.span)

    return reduce


def variance(call: Call) -> Array:
    """The mean of the squared distances from the mean."""
    t, array = call.typing, call.array(first(call), tensors=True)
    axes = call.axes(array)
    centred = t.add([array, t.negative(t.reduced("mean", array, axes, True, call.span), call.span)], call.span)
    squares, less = t.elementwise("square", [centred], call.span), _correction(call)
    if not less:
        return t.reduced("mean", squares, axes, call.keeps(), call.span)
    count = reduce(mul, (t.shapes.resolve(dim) for i, dim in enumerate(array.shape) if axes is None or i in axes))
    return t.over(t.reduced("sum", squares, axes, call.keeps(), call.span), sized(count - less, call.span), call.span)


def _correction(call: Call) -> int:
    """What the number of entries is less by: `ddof=1`, `unbiased=True`, `correction=1`; PyTorch says 1, by `dim` too, NumPy 0."""
    for name in ("ddof", "correction", "unbiased"):
        node = call.keywords.get(name)
        if node is not None:
            value = node.value if isinstance(node, ast.Constant) else None
            if value not in (0, 1):
                raise call.refused(f"{name} is 0 or 1", node)
            return int(value == 1)
    return int(call.spelled.startswith("torch.") or not {"dim", "keepdim"}.isdisjoint(call.keywords))


def deviation(call: Call) -> Array:
    """The root of the variance."""
    return call.typing.elementwise("sqrt", [variance(call)], call.span)


def on_an_axis(op: str) -> Callable[[Call], Array]:
    """A function along an axis: a vector's own; of a matrix each row, of more axes the last, unless an axis is named."""

    def along(call: Call) -> Array:
        t, array = call.typing, call.array(first(call), tensors=True)
        axis = call.axis(array)
        if axis is None and op == "logsumexp" and not t.is_vector(array):
            # As in SciPy: over all entries.
            exps = t.elementwise("exp", [array], call.span)
            return t.elementwise("log", [t.reduced("sum", exps, None, True, call.span)], call.span)
        if axis is None:
            axis = len(array.lead) + (0 if t.is_vector(array) and t.shapes.is_one(array.cols) else 1)
        if op == "softmax" and array.masked is not None and axis == 1:
            return _causal_softmax_of(call, array.masked)
        return _along_axis(call, op, array, axis)

    return along


def _along_axis(call: Call, op: str, array: Array, axis: int) -> Array:
    if op == "logsumexp":
        return call.typing.reduced(op, array, [axis], call.keeps(), call.span)
    made = call.typing.one(op, array, array.rows, array.cols, call.span, lambda _: (axis,), array.lead)
    return replace(made, bare=array.bare, ends=array.ends)


def causal_softmax(call: Call) -> Array:
    """The softmax of each row, up to the diagonal."""
    (array,) = call.arrays(1)
    return _causal_softmax_of(call, array)


def _causal_softmax_of(call: Call, array: Array) -> Array:
    call.typing.square(array, "the causal softmax", call.span)
    return call.typing.one("causal_softmax", array, array.rows, array.cols, call.span)
