"""The same entries along other axes: transposed, moved, reshaped, in one column; axes of size 1 that come and go."""

from __future__ import annotations

import ast
from dataclasses import replace
from functools import reduce
from itertools import accumulate
from operator import mul

from symgrad.dims import ONE, Dim, show
from symgrad.errors import ShapeError
from symgrad.read.arrays import Array, Refused
from symgrad.read.call import Call, first, whole
from symgrad.read.typing import Typing


def expanded(call: Call) -> Array:
    """`expand_dims(x, 1)`."""
    array = call.array(first(call), tensors=True)
    node = call.keywords.get("axis", call.args[1] if len(call.args) > 1 else None)
    at = None if node is None else whole(node)
    t = call.typing
    rank = 1 if array.flat else len(array.shape)
    if at is None or not -rank - 1 <= at <= rank:
        raise call.refused(f"{call.word} takes an array and where the new axis stands")
    at %= rank + 1
    if array.flat:
        column = t.column(array, call.span)
        return replace(column if at == 1 else t.transpose(column, call.span), flat=False, upright=True)
    return t.with_axis(array, at, call.span)


def squeezed(call: Call) -> Array:
    """Without the axes of size 1; a vector is then one of one axis."""
    array = call.array(first(call), tensors=True)
    t = call.typing
    asked = call.axes(array)
    ones = [i for i, dim in enumerate(array.shape) if t.shapes.is_one(dim) and (asked is None or i in asked)]
    if array.lead and ones:
        return t.without(array, ones, call.span)
    return replace(array, flat=t.is_vector(array), span=call.span)


def scalar(call: Call) -> Array:
    """`float(x)`, `x.item()`: a scalar as it is."""
    array = call.array(first(call), tensors=True)
    if not call.typing.is_scalar(array):
        raise Refused(ShapeError, f"{call.word} is of a scalar, and this is {call.typing.shown(array)}", call.span, array.names)
    return array


def moved(call: Call) -> Array:
    """`moveaxis(X, 0, -1)`."""
    if len(call.args) != 3:
        raise call.refused(f"{call.word} takes an array, an axis, and where it goes")
    array = call.array(call.args[0], tensors=True)
    start, end = (call.place(node, len(array.shape)) for node in call.args[1:])
    order = [axis for axis in range(len(array.shape)) if axis != start]
    order.insert(end, start)
    return call.typing.permuted(array, order, call.span)


def transposed(call: Call) -> Array:
    """`transpose(X)`, and the axes in another order: `X.transpose(0, 2, 1)`, `transpose(X, (0, 2, 1))`."""
    array, order = call.array(first(call), tensors=True), list(call.args[1:])
    if "axes" in call.keywords:
        order.append(call.keywords["axes"])
    if len(order) == 1 and isinstance(order[0], (ast.Tuple, ast.List)):
        order = list(order[0].elts)
    if not order:
        return call.typing.transpose(array, call.span)
    rank = len(array.shape)
    places = [call.place(node, rank) for node in order]
    if len(places) == 2 and rank > 2:
        return exchanged(call, array, *places)  # as PyTorch has it
    if sorted(places) != list(range(rank)):
        raise call.refused(f"the axes of {call.typing.shown(array)} are {', '.join(map(str, range(rank)))}, each once, in another order")
    return call.typing.permuted(array, places, call.span)


def exchanged(call: Call, array: Array, one: int, other: int) -> Array:
    """The array with these two axes in each other's place."""
    order = list(range(len(array.shape)))
    order[one], order[other] = other, one
    return call.typing.permuted(array, order, call.span)


def swapped(call: Call) -> Array:
    """Two axes exchanged: `swapaxes(X, 1, 2)`."""
    if len(call.args) != 3:
        raise call.refused(f"{call.word} takes an array and two axes")
    array = call.array(call.args[0], tensors=True)
    return exchanged(call, array, *(call.place(node, len(array.shape)) for node in call.args[1:]))


def in_one_column(call: Call) -> Array:
    """The columns on top of each other."""
    (array,) = call.arrays(1)
    made = call.typing.one("vec", array, array.rows * array.cols, ONE, call.span)
    return replace(made, stacked=array.shape)


def ravelled(call: Call) -> Array:
    """The entries one after the other, as a column."""
    (array,) = call.arrays(1, tensors=True)
    if call.typing.is_vector(array):
        return call.typing.column(array, call.span)
    return replace(call.typing.reshaped(array, (_entries(call, array), ONE), call.span), flat=True)


def flattened(call: Call) -> Array:
    """`X.flatten(1)`, `torch.flatten(X, start_dim=0, end_dim=1)`: neighbouring axes as one; all of them without a number."""
    array = call.array(first(call), tensors=True)
    ends = [
        call.keywords.get(name, call.args[i] if len(call.args) > i else None) for i, name in enumerate(("start_dim", "end_dim"), start=1)
    ]
    if ends == [None, None] or array.flat:
        return ravelled(Call(call.word, call.args[:1], {}, call.span, call.reader))
    rank = len(array.shape)
    start, end = (default if node is None else call.place(node, rank) for node, default in zip(ends, (0, rank - 1), strict=True))
    joined = ONE
    for dim in array.shape[start : end + 1]:
        joined = joined * call.typing.shapes.resolve(dim)
    shape = (*array.shape[:start], joined, *array.shape[end + 1 :])
    return call.typing.reshaped(array, shape if len(shape) > 1 else (joined, ONE), call.span)


def _entries(call: Call, array: Array) -> Dim:
    """How many entries there are."""
    total = ONE
    for dim in array.shape:
        total = total * call.typing.shapes.resolve(dim)
    return total


def reshaped(call: Call) -> Array:
    """`reshape(X, (b, t, h, d//h))`; the one size that is written −1 is what the others leave."""
    array = call.array(first(call), tensors=True)
    sizes = list(call.args[1:])
    if len(sizes) == 1 and isinstance(sizes[0], (ast.Tuple, ast.List)):
        sizes = list(sizes[0].elts)
    if not sizes:
        raise call.refused("reshape takes a shape, as in reshape(X, (n, 1))")
    free = [i for i, size in enumerate(sizes) if whole(size) == -1]
    known = [ONE if i in free else call.reader.size(size) for i, size in enumerate(sizes)]
    if len(free) > 1:
        raise call.refused("only one size of a shape can be left open by a -1", call.args[-1])
    if free:
        known[free[0]] = _left_over(call, _entries(call, array), [dim for i, dim in enumerate(known) if i not in free])
    t = call.typing
    if len(known) == 2 and array.flat and any(map(t.shapes.is_one, known)):
        column = t.column(array, call.span)
        return replace(column if t.shapes.is_one(known[1]) else t.transpose(column, call.span), flat=False, upright=True)
    if not free and not array.flat:
        _met(t, array, known)
    return t.reshaped(array, tuple(known) if len(known) > 1 else (known[0], ONE), call.span)


def _met(t: Typing, array: Array, sizes: list[Dim]) -> None:
    """What the new shape tells of the old one: of Q.reshape(n, h, d) that it has n rows, and h·d columns."""
    left, shapes = [t.shapes.resolve(size) for size in sizes], t.shapes
    for axis, dim in enumerate(array.shape):
        if axis == len(array.shape) - 1:
            taken = len(left)
        elif shapes.is_open(dim):
            taken = 1
        else:
            sums = list(accumulate(left, mul))
            taken = next((k + 1 for k, size in enumerate(sums) if size is shapes.resolve(dim)), 1)
        met = shapes.unify(dim, reduce(mul, left[:taken], ONE)) if left else None
        if met is None:
            return
        shapes, left = met, left[taken:]
    t.shapes = shapes if not left else t.shapes


def _left_over(call: Call, total: Dim, others: list[Dim]) -> Dim:
    """The size that makes a product with the others the number of entries."""
    entries = total
    for dim in others:
        quotient = total.over(dim)
        if quotient is None:
            raise call.refused(
                f"{entries} entries are not known to be a multiple of {show(tuple(others))}; write the size out instead of -1",
                call.args[-1],
            )
        total = quotient
    return total
