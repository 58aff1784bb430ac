"""Sums, means and norms: over all entries (a scalar), or along an axis that keeps its place with size 1."""

from __future__ import annotations

from typing import Any

from symgrad.dims import ONE, Shape, show
from symgrad.errors import ShapeError
from symgrad.op import Notation, Op, Prec, Writer
from symgrad.tensor import Node, Params, contract, einsum, elementwise


def reduced_shape(shapes: tuple[Shape, ...], params: Params) -> Shape:
    axis = params[0] if params else None
    if axis is None:
        return ()
    if not 0 <= axis < len(shapes[0]):
        raise ShapeError(f"a sum along axis {axis} of a {show(shapes[0])}")
    return tuple(ONE if i == axis else dim for i, dim in enumerate(shapes[0]))


def total(node: Node, axis: int | None) -> Node:
    """Σ over all entries, or along one axis."""
    labels = tuple(range(len(node.shape)))
    shape = reduced_shape((node.shape,), (axis,))
    return einsum([(node, labels)], () if axis is None else labels, shape)


def mean(node: Node, axis: int | None) -> Node:
    shape = reduced_shape((node.shape,), (axis,))
    sizes = [(dim, -1) for i, dim in enumerate(node.shape) if axis is None or i == axis]
    labels = tuple(range(len(node.shape)))
    return einsum([(node, labels)], () if axis is None else labels, shape, 1, sizes)


def _write_sum(writer: Writer, form: Any) -> tuple[str, Prec]:
    (body,), axis = form.args, form.params[0]
    if writer.mode == "numpy":
        if (product := _inner_product(writer, body, axis)) is not None:
            return product, Prec.ATOM
        return reduced(writer, "sum", body, axis), Prec.ATOM
    if axis is None:
        sign = r"\sum" if writer.mode == "latex" else "Σ"
        return f"{sign} {_entries(writer, body)}", Prec.PRODUCT
    if len(body.shape) != 2:
        sign = rf"\sum_{{\text{{axis }}{axis + 1}}}" if writer.mode == "latex" else f"Σ[axis {axis + 1}]"
        return f"{sign} {_entries(writer, body)}", Prec.PRODUCT
    one = r"\mathbf{1}" if writer.mode == "latex" else "1"
    turned = one + (r"^{\top}" if writer.mode == "latex" else "ᵀ")
    inside = writer.write(body, Prec.PREFIX)
    return (f"{turned} {inside}" if axis == 0 else f"{inside} {one}"), Prec.PRODUCT


def reduced(writer: Writer, name: str, body: Any, axis: int | None) -> str:
    """`np.sum(A + B)`, and `A.sum()` of an array with a name, which is a little faster."""
    where = "" if axis is None else f"axis={axis}, keepdims=True"
    if body.op == "symbol" and not all(dim.is_one for dim in body.shape):
        return f"{writer.write(body, Prec.ATOM)}.{name}({where})"
    return f"np.{name}({writer.write(body, Prec.SUM)}{', ' * bool(where)}{where})"


def _inner_product(writer: Writer, body: Any, axis: int | None) -> str | None:
    """Σ A ⊙ B without the array A ⊙ B."""
    if body.op != "hadamard" or any(arg.shape != body.shape for arg in body.args[-2:]) or not body.shape or len(body.args) != 2:
        return None
    left, right = (writer.write(arg, Prec.SUM) for arg in body.args)
    if axis is None:
        return f"np.vdot({left}, {right})"
    if len(body.shape) != 2:
        return None
    return f"np.einsum('ij,ij->{'ji'[axis]}', {left}, {right})[{('None', ':, None')[axis]}]"


def _entries(writer: Writer, body: Any) -> str:
    """What a sum over all entries adds up; a square is then one of entries, but for a matrix that may be multiplied by itself."""
    rows, columns = (*body.shape, None, None)[:2]
    may_be_a_product = len(body.shape) == 2 and rows is columns and not rows.is_one
    if body.op == "square" and not may_be_a_product:
        return writer.write(body.args[0], Prec.ATOM) + ("^{2}" if writer.mode == "latex" else "²")
    return writer.write(body, Prec.PREFIX)


def _write_mean(writer: Writer, form: Any) -> tuple[str, Prec]:
    (body,), axis = form.args, form.params[0]
    if writer.mode == "numpy":
        return reduced(writer, "mean", body, axis), Prec.ATOM
    axes = [axis]
    while axis is not None and len(body.shape) > 2 and body.op == "mean" and body.params[0] is not None:
        axes.append(body.params[0])
        (body,) = body.args
    inside = writer.write(body, Prec.SUM)
    numbers = ", ".join(str(a + 1) for a in sorted(axes)) if axis is not None else ""
    what = "" if axis is None else ("rows", "columns")[axis] if len(body.shape) == 2 else f"ax{'i' if len(axes) == 1 else 'e'}s {numbers}"
    if writer.mode == "latex":
        below = rf"_{{\text{{{what}}}}}" if what else ""
        return rf"\operatorname{{mean}}{below}\left({inside}\right)", Prec.ATOM
    below = "" if not what else f"_{what}" if len(body.shape) == 2 else f"[{what}]"
    return f"mean{below}({inside})", Prec.ATOM


def along(axis: int | None, shape: Shape) -> tuple[str, str]:
    """What is said of an axis of a function along it, below the function in LaTeX and behind it in text; nothing of a vector's one."""
    if axis is None or (len(shape) == 2 and any(dim.is_one for dim in shape)):
        return "", ""
    if len(shape) != 2:
        return rf"_{{\text{{axis }}{axis + 1}}}", f"[axis {axis + 1}]"
    what = ("columns", "rows")[axis]
    return rf"_{{\text{{{what}}}}}", f"_{what}"


def _write_norm(writer: Writer, form: Any) -> tuple[str, Prec]:
    (body,) = form.args
    inside = writer.write(body, Prec.SUM)
    if writer.mode == "latex":
        kind = "2" if any(dim.is_one for dim in body.shape) else "F"
        return rf"\left\lVert {inside} \right\rVert_{kind}", Prec.ATOM
    return f"np.linalg.norm({inside})" if writer.mode == "numpy" else f"‖{inside}‖", Prec.ATOM


RECORDS: tuple[Op, ...] = (
    Op("sum", 1, reduced_shape, lambda nodes, params: total(nodes[0], params[0]), _write_sum, _write_sum, _write_sum),
    Op("mean", 1, reduced_shape, lambda nodes, params: mean(nodes[0], params[0]), _write_mean, _write_mean, _write_mean),
    Op("squared_norm", 1, lambda shapes, _: (), lambda nodes, _: contract(nodes[0], nodes[0]),
       Notation(r"\left\lVert {0} \right\rVert_F^2", Prec.POSTFIX), Notation("‖{0}‖²", Prec.POSTFIX), Notation("np.sum(({0})**2)")),
    Op("norm", 1, lambda shapes, _: (), lambda nodes, _: elementwise("sqrt", [contract(nodes[0], nodes[0])]),
       _write_norm, _write_norm, _write_norm),
)  # fmt: skip
