"""Linear rearrangements: slices, concatenation, unfolding for a convolution, reshaping, and the transposes of these.

Each has its transpose (in the sense of ⟨A x, g⟩ = ⟨x, Aᵀ g⟩) here too, so a derivative is one more record of this table:
slice ↔ pad, flip ↔ flip, roll ↔ roll back, concatenate ↔ slices, unfold ↔ fold (im2col and col2im: Chellapilla, Puri, Simard,
2006), reshape ↔ reshape.
Positions count from 0 and stop before `stop`, as in NumPy; in print they count from 1, as on paper.
"""

from __future__ import annotations

from typing import Any

from symgrad.dims import Dim, Shape, show
from symgrad.errors import ShapeError
from symgrad.op import Function, Op, Prec, Writer
from symgrad.tensor import Einsum, Func, Node, Params, constant, func, scale


def _concatenated(shapes: tuple[Shape, ...], params: Params) -> Shape:
    (axis,) = params
    first = shapes[0]
    for shape in shapes[1:]:
        if len(shape) != len(first) or any(a is not b for i, (a, b) in enumerate(zip(first, shape, strict=True)) if i != axis):
            what = ("columns", "rows")[axis] if len(first) == 2 else f"entries along each axis but {axis}"
            raise ShapeError(
                f"{('stacking', 'joining')[min(axis, 1)]} {' and '.join(map(show, shapes))}: they must have the same number of {what}"
            )
    return tuple(sum((s[i] for s in shapes[1:]), dim) if i == axis else dim for i, dim in enumerate(first))


def stretch(start: Dim, stop: Dim, step: int) -> Dim:
    """How many positions there are from `start` up to, not with, `stop`.

    Of a size that is no number and no multiple of the step, a step must end exactly there.
    """
    room = stop - start
    if room.number is None:
        counts = [(room + more) / step for more in range(step)]
        return next((many for many in counts if all(c.denominator == 1 for _, c in many.terms)), (room - 1) / step + 1)
    return Dim.of(-(-room.number // step))


def _sliced(shapes: tuple[Shape, ...], params: Params) -> Shape:
    axis, start, stop, step = params
    shape = shapes[0]
    if not 0 <= axis < len(shape):
        raise ShapeError(f"a slice along axis {axis} of a {show(shape)}")
    length = stretch(start, stop, step)
    beyond = (stop - shape[axis]).number
    if (beyond is not None and beyond > 0) or (length.number is not None and length.number < 1):
        raise ShapeError(f"positions {start}:{stop} of an axis of size {shape[axis]}")
    return tuple(length if i == axis else dim for i, dim in enumerate(shape))


def _padded(shapes: tuple[Shape, ...], params: Params) -> Shape:
    axis, _start, _step, size = params
    return tuple(size if i == axis else dim for i, dim in enumerate(shapes[0]))


def _unfolded(shapes: tuple[Shape, ...], params: Params) -> Shape:
    width, stride = params
    if len(shapes[0]) != 2:
        raise ShapeError(f"unfolding a {show(shapes[0])}: it needs a matrix, one position a row")
    positions, channels = shapes[0]
    if positions.number is not None and (positions.number < width or (positions.number - width) % stride):
        raise ShapeError(f"windows of {width} rows, {stride} apart, do not fit {positions} rows exactly")
    return (positions - width) / stride + 1, width * channels


def _folded(shapes: tuple[Shape, ...], params: Params) -> Shape:
    width, _stride, positions = params
    return positions, shapes[0][1] / width


def _reshaped(shapes: tuple[Shape, ...], params: Params) -> Shape:
    def product(shape: Shape) -> Dim:
        size = Dim.of(1)
        for dim in shape:
            size = size * dim
        return size

    if product(shapes[0]) is not product(params):
        raise ShapeError(f"reshaping {show(shapes[0])} to {show(params)}: the number of entries differs")
    return params


def concat_nodes(nodes: tuple[Node, ...], axis: int) -> Node:
    return func("concat", nodes, (axis,), _concatenated(tuple(n.shape for n in nodes), (axis,)))


def slice_node(node: Node, params: Params) -> Node:
    """A slice; of what is the same everywhere it is that."""
    shape = _sliced((node.shape,), params)
    if isinstance(node, Einsum) and not node.factors:
        return scale(node.coefficient, constant(1, shape), node.sizes)
    if isinstance(node, Func) and node.fn == "slice" and node.params[0] == params[0] and node.params[3] == params[3] == 1:
        axis, start, stop, _ = params
        return slice_node(node.operands[0], (axis, node.params[1] + start, node.params[1] + stop, 1))
    return node if shape == node.shape else func("slice", [node], params, shape)


def pad_node(node: Node, params: Params) -> Node:
    """Zeros around along an axis; zeros around zeros are one frame."""
    if isinstance(node, Func) and node.fn == "pad" and node.params[0] == params[0] and node.params[2] == params[2] == 1:
        axis, start, _, size = params
        return pad_node(node.operands[0], (axis, start + node.params[1], 1, size))
    return func("pad", [node], params, _padded((node.shape,), params))


def flip_node(node: Node, axis: int) -> Node:
    """The positions along an axis in the opposite order; twice, and of what is the same everywhere, it changes nothing."""
    if isinstance(node, Func) and node.fn == "flip" and node.params == (axis,):
        return node.operands[0]
    if node.shape[axis].is_one or (isinstance(node, Einsum) and not node.factors):
        return node
    return func("flip", [node], (axis,), node.shape)


def _along_its_axis(shapes: tuple[Shape, ...], params: Params) -> Shape:
    axis = params[0]
    if not 0 <= axis < len(shapes[0]):
        raise ShapeError(f"a {show(shapes[0])} has no axis {axis} to move places along")
    return shapes[0]


def roll_node(node: Node, axis: int, shift: int) -> Node:
    """Every position moved along an axis, the last ones to the front; twice is once by both, and equal entries stay what they are."""
    if isinstance(node, Func) and node.fn == "roll" and node.params[0] == axis:
        return roll_node(node.operands[0], axis, node.params[1] + shift)
    if not shift or node.shape[axis].is_one or (isinstance(node, Einsum) and not node.factors):
        return node
    return func("roll", [node], (axis, shift), node.shape)


def reshape_node(node: Node, shape: Shape) -> Node:
    """The same entries, row after row, in another shape: twice is once, and back again nothing."""
    while isinstance(node, Func) and node.fn == "reshape":
        node = node.operands[0]
    return node if node.shape == shape else func("reshape", [node], shape, _reshaped((node.shape,), shape))


def _concat_vjp(node: Func, g: Node) -> tuple[Node, ...]:
    (axis,) = node.params
    start, shares = Dim.of(0), []
    for operand in node.operands:
        stop = start + operand.shape[axis]
        shares.append(slice_node(g, (axis, start, stop, 1)))
        start = stop
    return tuple(shares)


def _concat_jvp(node: Func, tangents: Any) -> Node:
    pairs = zip(node.operands, tangents, strict=True)
    return concat_nodes(tuple(constant(0, o.shape) if t is None else t for o, t in pairs), node.params[0])


def _slice_vjp(node: Func, g: Node) -> tuple[Node, ...]:
    axis, start, _stop, step = node.params
    size = node.operands[0].shape[axis]
    return (pad_node(g, (axis, start, step, size)),)


def _pad_vjp(node: Func, g: Node) -> tuple[Node, ...]:
    axis, start, step, _size = node.params
    length = node.operands[0].shape[axis]
    stop = start + length if step == 1 else start + (length - 1) * step + 1
    return (slice_node(g, (axis, start, stop, step)),)


def _again(node: Func, tangents: Any) -> Node:
    """A linear op of one operand pushes its tangent through itself."""
    return func(node.fn, tangents, node.params, node.shape)


def _reshape_jvp(node: Func, tangents: Any) -> Node:
    return reshape_node(tangents[0], node.shape)


def _unfold_vjp(node: Func, g: Node) -> tuple[Node, ...]:
    x = node.operands[0]
    return (func("fold", [g], (*node.params, x.shape[0]), x.shape),)


def _fold_vjp(node: Func, g: Node) -> tuple[Node, ...]:
    return (func("unfold", [g], node.params[:2], node.operands[0].shape),)


FUNCTIONS: tuple[Function, ...] = (
    Function("concat", _concat_vjp, _concat_jvp),
    Function("slice", _slice_vjp, _again),
    Function("pad", _pad_vjp, _again),
    Function("flip", lambda node, g: (flip_node(g, node.params[0]),), _again),
    Function("roll", lambda node, g: (roll_node(g, node.params[0], -node.params[1]),), _again),
    Function("unfold", _unfold_vjp, _again),
    Function("fold", _fold_vjp, _again),
    Function("reshape", lambda node, g: (reshape_node(g, node.operands[0].shape),), _reshape_jvp),
)  # fmt: skip


def _span(start: Dim, stop: Dim, step: int, spell: Any) -> str:
    """Positions from 1, both ends included; a single one stands alone."""
    first, last = start + 1, stop
    if first is last:
        return str(spell(first))
    return f"{spell(first)}:{spell(last)}" if step == 1 else f"{spell(first)}:{step}:{spell(last)}"


def _chain(form: Any) -> tuple[dict[int, Any], Any]:
    """The forms of one op that stand inside each other, by their axes, each axis once; and what is inside them all."""
    found: dict[int, Any] = {}
    inner = form
    while inner.op == form.op and inner.params[0] not in found:
        found[inner.params[0]], inner = inner, inner.args[0]
    # X₁₂ may be a name of its own, and is written as a row of a column.
    alone = form.op == "slice" and len(found) == len(inner.shape) and all(dim.is_one for dim in form.shape)
    return ({form.params[0]: form}, form.args[0]) if alone else (dict(sorted(found.items())), inner)


def _in_text(dim: Dim) -> str:
    return str(dim).replace("-", "−")


def _write_slice(writer: Writer, form: Any) -> tuple[str, Prec]:
    along, inner = _chain(form)
    body = writer.write(inner, Prec.ATOM)
    places: list[tuple[Dim, Dim, int] | None]
    places = [along[axis].params[1:] if axis in along else None for axis in range(len(form.shape))]
    if writer.mode == "numpy":
        written = [":" if place is None else _numpy_span(writer, *place, inner.shape[axis]) for axis, place in enumerate(places)]
        return f"{body}[{', '.join(written[: max(along) + 1])}]", Prec.ATOM
    if writer.mode == "latex":
        where = ",".join(":" if place is None else _span(*place, lambda d: d.latex) for place in places)
        if inner.op == "symbol" and "_" in body:
            body = rf"\left({body}\right)"
        return f"{body}_{{{where}}}", Prec.POSTFIX
    return f"{body}[{', '.join(':' if place is None else _span(*place, _in_text) for place in places)}]", Prec.ATOM


def _numpy_span(writer: Writer, start: Dim, stop: Dim, step: int, size: Dim) -> str:
    first = "" if start.number == 0 else writer.write(start, Prec.SUM)
    last = "" if stop is size else writer.write(stop, Prec.SUM)
    return ":".join([first, last] + ([str(step)] if step != 1 else []))


def _write_concat(writer: Writer, form: Any) -> tuple[str, Prec]:
    (axis,) = form.params
    parts = [writer.write(arg, Prec.SUM) for arg in form.args]
    if writer.mode == "numpy" and len(form.shape) != 2:
        return f"np.concatenate([{', '.join(parts)}], axis={axis})", Prec.ATOM
    if writer.mode == "numpy":
        return f"np.{('vstack', 'hstack')[axis]}([{', '.join(parts)}])", Prec.ATOM
    if len(form.shape) != 2:
        joined = rf"\operatorname{{concat}}_{{{axis + 1}}}\left({{}}\right)" if writer.mode == "latex" else f"concat[axis {axis + 1}]({{}})"
        return joined.replace("{}", ", ".join(parts)), Prec.ATOM
    if writer.mode == "latex":
        joint = (r" \\ ", " & ")[axis]
        return rf"\begin{{bmatrix}} {joint.join(parts)} \end{{bmatrix}}", Prec.ATOM
    return f"[{('; ', '  ')[axis].join(parts)}]", Prec.ATOM


def _write_pad(writer: Writer, form: Any) -> tuple[str, Prec]:
    axis, start, step, size = form.params
    length = form.args[0].shape[axis]
    body = writer.write(form.args[0], Prec.SUM)
    if writer.mode == "numpy":
        sizes = [writer.write(d, Prec.SUM) for d in (start, size - start - length, length, size)]
        if step == 1:
            widths = ["(0, 0)"] * len(form.shape)
            widths[axis] = f"({sizes[0]}, {sizes[1]})"
            return f"np.pad({body}, ({', '.join(widths)}))", Prec.ATOM
        last = writer.write(start + (length - 1) * step + 1, Prec.SUM)
        if len(form.shape) != 2:
            chosen = f"np.eye({sizes[3]}, dtype=int)[:, {sizes[0]}:{last}:{step}]"
            return f"np.moveaxis(np.tensordot({chosen}, {body}, (1, {axis})), 0, {axis})", Prec.ATOM
        chosen = f"np.eye({sizes[3]}, dtype=int)[{':, ' * (1 - axis)}{sizes[0]}:{last}:{step}]"
        atom = writer.write(form.args[0], Prec.PREFIX)
        return (f"{chosen} @ {atom}" if axis == 0 else f"{atom} @ {chosen}"), Prec.PRODUCT
    along, inner = _chain(form)
    body = writer.write(inner, Prec.SUM)
    latex = writer.mode == "latex"
    written = []
    for axis, pad in along.items():
        _, start, step, _ = pad.params
        length = pad.args[0].shape[axis]
        stop = start + length if step == 1 else start + (length - 1) * step + 1
        span = _span(start, stop, step, (lambda d: d.latex) if latex else _in_text)
        what = ("rows", "columns")[axis] if len(form.shape) == 2 else f"axis {axis + 1}"
        what = what if ":" in span or len(form.shape) != 2 else what.removesuffix("s")
        written.append(rf"\text{{{what} }} {span}" if latex else f"{what} {span}")
    joined = ", ".join(written)
    return (rf"\operatorname{{pad}}_{{{joined}}}\left({body}\right)" if latex else f"pad[{joined}]({body})"), Prec.ATOM


def _write_flip(writer: Writer, form: Any) -> tuple[str, Prec]:
    (axis,) = form.params
    if writer.mode == "numpy":
        return f"{writer.write(form.args[0], Prec.ATOM)}[{':, ' * axis}::-1]", Prec.ATOM
    body = writer.write(form.args[0], Prec.SUM)
    what = ("rows", "columns")[axis] if len(form.shape) == 2 else f"axis {axis + 1}"
    is_vector = len(form.shape) == 2 and any(dim.is_one for dim in form.shape)
    if writer.mode == "latex":
        return r"\operatorname{flip}" + ("" if is_vector else rf"_{{\text{{{what}}}}}") + rf"\left({body}\right)", Prec.ATOM
    below = "" if is_vector else f"_{what}" if len(form.shape) == 2 else f"[{what}]"
    return f"flip{below}({body})", Prec.ATOM


def _write_roll(writer: Writer, form: Any) -> tuple[str, Prec]:
    axis, shift = form.params
    body = writer.write(form.args[0], Prec.SUM)
    if writer.mode == "numpy":
        return f"np.roll({body}, {shift}, axis={axis})", Prec.ATOM
    is_vector = len(form.shape) == 2 and any(dim.is_one for dim in form.shape)
    what = "" if is_vector else ("rows", "columns")[axis] if len(form.shape) == 2 else f"axis {axis + 1}"
    if writer.mode == "latex":
        named = rf"\text{{{what}}}, " if what else ""
        return rf"\operatorname{{roll}}_{{{named}{shift}}}\left({body}\right)", Prec.ATOM
    return f"roll[{f'{what} ' if what else ''}{str(shift).replace('-', '−')}]({body})", Prec.ATOM


def _write_unfold(writer: Writer, form: Any) -> tuple[str, Prec]:
    width, stride = form.params
    body = writer.write(form.args[0], Prec.SUM)
    if writer.mode == "numpy":
        return f"_unfold({body}, {width}, {stride})", Prec.ATOM
    if writer.mode == "latex":
        return rf"\operatorname{{unfold}}_{{{width},{stride}}}\left({body}\right)", Prec.ATOM
    return f"unfold[{width}, {stride}]({body})", Prec.ATOM


def _write_fold(writer: Writer, form: Any) -> tuple[str, Prec]:
    width, stride, positions = form.params
    body = writer.write(form.args[0], Prec.SUM)
    if writer.mode == "numpy":
        return f"_fold({body}, {width}, {stride}, {writer.write(positions, Prec.SUM)})", Prec.ATOM
    if writer.mode == "latex":
        return rf"\operatorname{{fold}}_{{{width},{stride}}}\left({body}\right)", Prec.ATOM
    return f"fold[{width}, {stride}]({body})", Prec.ATOM


def _write_reshape(writer: Writer, form: Any) -> tuple[str, Prec]:
    if writer.mode != "numpy" and form.is_scalar and form.args[0].is_scalar:
        return writer.written(form.args[0])  # a scalar and a 1×1 matrix look alike on paper
    body = writer.write(form.args[0], Prec.SUM)
    if writer.mode == "numpy":
        sizes = ", ".join(writer.write(d, Prec.SUM) for d in form.params)
        return f"np.reshape({body}, ({sizes}{',' * (len(form.params) == 1)}))", Prec.ATOM
    if writer.mode == "latex":
        sizes = r" \times ".join(d.latex for d in form.params)
        return rf"\operatorname{{reshape}}_{{{sizes}}}\left({body}\right)", Prec.ATOM
    return f"reshape[{show(form.params)}]({body})", Prec.ATOM


def _op(name: str, arity: int | None, shape: Any, write: Any) -> Op:
    def lower(nodes: tuple[Node, ...], params: Params) -> Node:
        result = shape(tuple(n.shape for n in nodes), params)
        return nodes[0] if len(nodes) == 1 and result == nodes[0].shape else func(name, nodes, params, result)

    return Op(name, arity, shape, lower, write, write, write)


RECORDS: tuple[Op, ...] = (
    _op("concat", None, _concatenated, _write_concat),
    Op("slice", 1, _sliced, lambda nodes, params: slice_node(nodes[0], params), _write_slice, _write_slice, _write_slice),
    Op("pad", 1, _padded, lambda nodes, params: pad_node(nodes[0], params), _write_pad, _write_pad, _write_pad),
    Op("flip", 1, _along_its_axis, lambda nodes, params: flip_node(nodes[0], *params), _write_flip, _write_flip, _write_flip),
    Op("roll", 1, _along_its_axis, lambda nodes, params: roll_node(nodes[0], *params), _write_roll, _write_roll, _write_roll),
    _op("unfold", 1, _unfolded, _write_unfold),
    _op("fold", 1, _folded, _write_fold),
    Op("reshape", 1, _reshaped, lambda nodes, params: reshape_node(nodes[0], params), _write_reshape, _write_reshape, _write_reshape),
)  # fmt: skip
