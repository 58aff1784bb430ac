"""What brackets behind an array take: entries, rows, slices, new axes, the places that an input has; as in NumPy."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import replace

from symgrad.dims import Dim
from symgrad.errors import InvalidExpression, ShapeError, Unsupported
from symgrad.read import choosing
from symgrad.read.arrays import Array, Refused, sized
from symgrad.read.call import Call, Reading, whole
from symgrad.read.calls import called
from symgrad.read.functions import word_of
from symgrad.read.trees import dotted_name, is_correlation, is_new, is_pair, is_range
from symgrad.span import Span


def subscripted(reader: Reading, node: ast.Subscript) -> Array:
    """`X[0, :]`, `X[:, None]`, `E[words]`, and the functions of which one of several results is taken."""
    if isinstance(node.value, ast.Attribute) and node.value.attr == "shape":
        return sized(reader.size(node), reader.span(node))
    if isinstance(node.value, ast.Call) and word_of(dotted_name(node.value.func) or "") == "slogdet" and whole(node.slice) == 1:
        return called(Call("logdet", node.value.args, {}, reader.span(node), reader))
    if is_correlation(node):
        return called(Call("pearson", node.value.args, {}, reader.span(node), reader))  # type: ignore[attr-defined]
    if is_pair(node.value) and (which := whole(node.slice)) is not None:
        return of_pair(reader, node, which == 0)
    if choosing.chooses(reader, node):
        raise Refused(Unsupported, choosing.HOW, reader.span(node))
    array, span = reader.array(node.value), reader.span(node)
    places = list(node.slice.elts) if isinstance(node.slice, ast.Tuple) else [node.slice]
    if any(_has_places(reader, place) for place in places):
        return _picked(reader, array, places, span)
    if array.flat and len(places) > 2 and sum(not is_new(p) for p in places) == 1:
        return _among_new_axes(reader, array, [is_new(p) for p in places], span)
    if array.lead or sum(not is_new(p) for p in places) > 2:
        return _places(reader, array, places, span)
    if any(map(is_new, places)) and not (array.flat or reader.typing.is_vector(array)):
        return _places(reader, array, places, span)
    if any(map(is_new, places)):
        return _new_axis(reader, array, places, span)
    if len(places) == 1 and not array.lead and reader.typing.shapes.is_one(array.rows) and not reader.typing.shapes.is_one(array.cols):
        places = [ast.Slice(), places[0]]  # the places of a row
    whole_vector = reader.typing.is_vector(array)
    for axis, place in enumerate(places):
        array = _cut(reader, array, axis, place, span)
    taken = [place for place in places if not isinstance(place, (ast.Slice, ast.List))]
    return replace(array, flat=len(taken) == 1) if not whole_vector else array


def of_pair(reader: Reading, node: ast.Subscript | ast.Attribute, is_first: bool) -> Array:
    """The values of a function of PyTorch that gives them together with their places."""
    if not is_first:
        raise Refused(Unsupported, "symgrad has values, and not the places where they stand", reader.span(node))
    return replace(reader.array(node.value), span=reader.span(node))


_IN_ANOTHER_SHAPE = frozenset({"view", "reshape", "flatten", "ravel", "squeeze"})


def _has_places(reader: Reading, node: ast.expr) -> bool:
    """Whether it is a name whose values are places, in any shape: the labels of `P[arange(n), labels]`, the words of `E[words]`."""
    match node:
        case ast.Call(func=ast.Attribute(value=value, attr=attr)) if attr in _IN_ANOTHER_SHAPE:
            return _has_places(reader, value)
    return isinstance(node, ast.Name) and reader.is_input(node.id)


def _picked(reader: Reading, array: Array, places: Sequence[ast.expr], span: Span) -> Array:
    """Rows, columns or entries at the places that an input has, as products with rows of zeros and a 1."""
    t = reader.typing
    axis = next(i for i, place in enumerate(places) if _has_places(reader, place))
    of_each_row = axis == 1 and len(places) == len(array.shape) == 2 and is_range(places[0])
    rest = [place for i, place in enumerate(places) if i != axis]
    whole_rest = all(isinstance(p, ast.Slice) and p.lower is p.upper is p.step is None for p in rest)
    if not (of_each_row or whole_rest) or axis >= len(array.shape):
        raise Refused(Unsupported, "names of places stand alone, E[words], or with all rows, P[arange(n), labels]", span)
    if t.is_vector(array):
        array = t.column(array, span)
    length, found = t.shapes.resolve(array.shape[axis]), reader.array(places[axis])
    column = t.is_vector(found)
    found = t.column(found, span) if column else found
    lead = () if column else (found.rows,)
    hot = t.one("one_hot", found, found.rows if column else found.cols, length, span, lambda shapes: shapes.shape(length), lead)
    if of_each_row:
        return replace(t.reduced("sum", t.times(array, hot, span), [1], False, span), flat=True)
    if column and len(array.shape) == 2:
        made = t.matmul(hot, array, span) if axis == 0 else t.matmul(array, t.transpose(hot, span), span)
        return replace(made, flat=t.is_vector(array))
    letters = "abcdef"[: len(array.shape)]
    own = "w" if column else "uw"
    spec = f"{own}{letters[axis]},{letters}->{letters.replace(letters[axis], own)}"
    shape = [*array.shape[:axis], *((found.rows,) if column else found.shape), *array.shape[axis + 1 :]]
    return t.index_product(spec, [hot, array], shape, span)


def _places(reader: Reading, array: Array, places: Sequence[ast.expr], span: Span) -> Array:
    """The places of an array of more than two axes; as in NumPy, an axis of which one place is taken is gone."""
    rank = len(array.shape)
    ellipses = [i for i, p in enumerate(places) if isinstance(p, ast.Constant) and p.value is ...]
    if len(ellipses) == 1:
        missing = rank - (len(places) - 1)
        places = [*places[: ellipses[0]], *(ast.Slice() for _ in range(missing)), *places[ellipses[0] + 1 :]]
    old = [place for place in places if not is_new(place)]
    if len(old) > rank:
        raise Refused(InvalidExpression, f"{len(old)} places, and an array has {'two' if rank == 2 else rank} axes", span)
    for axis, place in enumerate(old):
        array = _cut(reader, array, axis, place, span)
    gone = [axis for axis, place in enumerate(old) if not isinstance(place, (ast.Slice, ast.List))]
    if any(map(is_new, places)):
        if gone:
            raise Refused(Unsupported, "a new axis beside a place that is taken; write it in two steps", span)
        for at, place in enumerate(places):
            array = reader.typing.with_axis(array, at, span) if is_new(place) else array
        return array
    return reader.typing.without(array, gone, span) if gone else array


def _among_new_axes(reader: Reading, array: Array, new: Sequence[bool], span: Span) -> Array:
    """`w[:, None, None]`: a vector along one of several axes."""
    at, last = list(new).index(False), len(new) - 1
    column = replace(reader.typing.column(array, span), flat=False)
    made = reader.typing.transpose(column, span) if at == last else column
    for _ in range(at if at < last else last - 1):
        made = reader.typing.with_axis(made, 0, span)
    while len(made.shape) < len(new):
        made = reader.typing.with_axis(made, len(made.shape), span)
    return replace(made, bare=None, span=span, upright=True)


def _new_axis(reader: Reading, array: Array, places: Sequence[ast.expr], span: Span) -> Array:
    """`x[:, None]` is the vector as a column, `x[None, :]` as a row."""
    new = list(map(is_new, places))
    whole_other = all(n or (isinstance(p, ast.Slice) and p.lower is p.upper is p.step is None) for n, p in zip(new, places, strict=True))
    if not reader.typing.is_vector(array) or new not in ([True, False], [False, True], [True]) or not whole_other:
        raise Refused(InvalidExpression, "a new axis makes a column x[:, None] or a row x[None, :] of a vector", span)
    if reader.typing.is_scalar(array) and array.names:
        raise Refused(ShapeError, "a new axis of a scalar: it needs a vector", span, array.names)
    column = reader.typing.column(array, span)
    made = column if new == [False, True] else reader.typing.transpose(column, span)
    return replace(made, bare=None, span=span, flat=False, upright=True)


def _cut(reader: Reading, array: Array, axis: int, place: ast.expr, span: Span) -> Array:
    length = reader.typing.shapes.resolve(array.shape[axis])
    if isinstance(place, ast.Slice):
        if place.lower is place.upper is place.step is None:
            return array
        step = 1 if place.step is None else whole(place.step)
        if step is None or step == 0:
            raise Refused(Unsupported, "the step of a slice is a whole number, and not 0", reader.span(place))
        if step < 0:
            # x[i:j:-1] is what stands from j + 1 to i, the last of it first.
            first = Dim.of(0) if place.upper is None else _place(reader, place.upper, length) + 1
            last = length if place.lower is None else _place(reader, place.lower, length) + 1
            turned = reader.typing.flipped(reader.typing.sliced(array, axis, first, last, 1, span), axis, span)
            return turned if step == -1 else reader.typing.sliced(turned, axis, Dim.of(0), last - first, -step, span)
        start = Dim.of(0) if place.lower is None else _place(reader, place.lower, length)
        stop = length if place.upper is None else _place(reader, place.upper, length)
        return reader.typing.sliced(array, axis, start, stop, step, span)
    if isinstance(place, ast.List) and len(place.elts) == 1:
        place = place.elts[0]
    at = _place(reader, place, length)
    return reader.typing.sliced(array, axis, at, at + 1, 1, span)


def _place(reader: Reading, node: ast.expr, length: Dim) -> Dim:
    """A position from 0; a negative one counts from the end."""
    value = whole(node)
    if value is not None and abs(value) <= 10**6:
        return Dim.of(value) if value >= 0 else length + value
    return reader.size(node)
