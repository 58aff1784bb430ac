"""The window of a convolution or a pooling: 1 where an entry of an axis stands in a window, so that both are einsums.

`window[h, p, i]` is 1 where h = stride · p + dilation · i − padding, else 0; X₍h₎ summed over h against it is the i-th entry of the
p-th window, with zeros around X. So a convolution is `Σ X[n,c,h,w] window[h,p,i] window[w,q,j] K[o,c,i,j]`, and its derivatives need no
rule of their own. Source: Dumoulin & Visin, *A guide to convolution arithmetic for deep learning* (2016).
"""

from __future__ import annotations

from typing import Any

from symgrad.dims import Dim, Shape, show
from symgrad.errors import ShapeError
from symgrad.op import Function, Op, Prec, Writer
from symgrad.tensor import Node, Params, constant, func


def places(length: Dim, width: Dim, stride: int, dilation: int, padding: int | Dim) -> Dim:
    """How many windows there are; of sizes that are no numbers, a stride must leave nothing over."""
    room = length + 2 * padding - (width - 1) * dilation - 1
    if room.number is not None:
        if room.number < 0:
            raise ShapeError(f"a window of {width} entries{f', {dilation} apart,' * (dilation > 1)} does not fit {length + 2 * padding}")
        return Dim.of(room.number // stride + 1)
    return room / stride + 1


def _shape(_: tuple[Shape, ...], params: Params) -> Shape:
    length, many, width, stride, dilation, padding = params
    if places(length, width, stride, dilation, padding) is not many:
        raise ShapeError(f"windows {show((length, many, width))}: there are {places(length, width, stride, dilation, padding)} of them")
    return length, many, width


def _write(writer: Writer, form: Any) -> tuple[str, Prec]:
    length, many, width, stride, dilation, padding = form.params
    if writer.mode == "numpy":
        sizes = ", ".join(writer.write(d, Prec.SUM) for d in (length, many, width))
        around = writer.write(Dim.of(padding), Prec.SUM)
        return f"_window({sizes}, {stride}, {dilation}, {around})", Prec.ATOM
    name = r"\operatorname{window}" if writer.mode == "latex" else "window"
    return f"{name}_{{{stride},{dilation},{padding}}}" if writer.mode == "latex" else f"{name}[{stride}, {dilation}, {padding}]", Prec.ATOM


def offset(params: Params, place: str, entry: str, mode: str) -> str:
    """The place of an entry of a window: `2p+i−1`."""
    _, many, width, stride, dilation, padding = params
    minus = "-" if mode == "latex" else "−"
    parts = [f"{'' if stride == 1 else stride}{place}"] * (not many.is_one) + [f"{'' if dilation == 1 else dilation}{entry}"] * (
        not width.is_one
    )
    if isinstance(padding, Dim):
        moved = ((-padding).latex if mode == "latex" else str(-padding)).replace(" ", "")
        return "+".join(parts) + (moved if moved.startswith("-") else f"+{moved}").replace("-", minus)
    return "+".join(parts) + (f"{minus}{padding}" if padding else "") or "0"


def _lower(_: tuple[Node, ...], params: Params) -> Node:
    return func("window", (), params, _shape((), params))


FUNCTIONS: tuple[Function, ...] = (Function("window", lambda node, g: (), lambda node, t: constant(0, node.shape)),)
RECORDS: tuple[Op, ...] = (Op("window", 0, _shape, _lower, _write, _write, _write),)
