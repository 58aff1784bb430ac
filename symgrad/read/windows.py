"""Convolutions and pooling, as PyTorch has them: windows of any stride, padding and dilation along the last axes."""

from __future__ import annotations

import ast
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from symgrad.dims import ONE, Dim
from symgrad.errors import SymgradError, Unsupported
from symgrad.form import Form, apply
from symgrad.ops.window import places
from symgrad.read.arrays import Array
from symgrad.read.call import Call, first, whole
from symgrad.shapes import Shapes

_FRONT = "nctu"
_LARGEST_WINDOW = 1000


def _option(call: Call, name: str, position: int, axes: int, usual: int, least: int) -> list[int]:
    """A whole number for every axis with windows on it: `stride=2`, `padding=(1, 0)`."""
    node = call.keywords.get(name, call.args[position] if len(call.args) > position else None)
    if node is None or (isinstance(node, ast.Constant) and node.value is None):
        return [usual] * axes
    items = list(node.elts) if isinstance(node, (ast.Tuple, ast.List)) else [node] * axes
    values = [whole(item) for item in items]
    if len(values) != axes or any(value is None or not least <= value <= _LARGEST_WINDOW for value in values):
        raise call.refused(f"{name} is a whole number from {least}{', or one for each axis' if axes > 1 else ''}", node)
    return [value for value in values if value is not None]


def _padding(call: Call, position: int, widths: Sequence[Dim], dilations: Sequence[int]) -> list[int]:
    """The zeros around; "same" where windows of an odd width are to be as many as the entries."""
    node = call.keywords.get("padding", call.args[position] if len(call.args) > position else None)
    if isinstance(node, ast.Constant) and node.value in ("same", "valid"):
        around = [0 if node.value == "valid" or w.number is None else (w.number - 1) * d for w, d in zip(widths, dilations, strict=True)]
        if node.value == "same" and any(w.number is None or n % 2 for w, n in zip(widths, around, strict=True)):
            raise call.refused('padding="same" is for kernels of an odd width that is a number; write the padding as a number', node)
        return [n // 2 for n in around]
    return _option(call, "padding", position, len(widths), 0, 0)


@dataclass(frozen=True)
class _Windows:
    """The windows along an axis, and their form."""

    length: Dim
    width: Dim
    stride: int
    dilation: int
    padding: int | Dim

    def many(self, call: Call) -> Dim:
        length, width = (call.typing.shapes.resolve(dim) for dim in (self.length, self.width))
        try:
            return places(length, width, self.stride, self.dilation, self.padding)
        except SymgradError as error:
            raise call.refused(f"{call.word}: {error}", kind=type(error)) from None

    def array(self, call: Call) -> Array:
        many = self.many(call)

        def make(shapes: Shapes) -> Form:
            padding = shapes.resolve(self.padding) if isinstance(self.padding, Dim) else self.padding
            return apply("window", (), (*shapes.shape(self.length, many, self.width), self.stride, self.dilation, padding))

        return Array(many, self.width, make, call.span, lead=(self.length,))


def convolution(axes: int) -> Callable[[Call], Array]:
    """`conv2d(X, K, bias, stride, padding, dilation)` as PyTorch has it: X is examples × channels × height × width.

    K is channels out × channels in × its own size. X may lack the examples, and both the channels. The kernel is not turned round.
    """

    def function(call: Call) -> Array:
        t = call.typing
        if len(call.args) < 2:
            raise call.refused(f"{call.word} takes what is convolved and a kernel, as in {call.word}(X, K)")
        x, kernel = (call.array(arg, tensors=True) for arg in call.args[:2])
        ranks = len(x.shape), len(kernel.shape)
        flat = axes == 1 and ranks == (2, 2) and t.is_vector(x) and t.is_vector(kernel)
        shapes = {(axes + 2, axes + 2): "ncX,ocK->noP", (axes + 1, axes + 2): "cX,ocK->oP", (axes, axes): "X,K->P"}
        spec = "Xu,Ku->Pu" if flat else shapes.get(ranks)
        if spec is None:
            what = ("length", "height × width")[axes - 1]
            raise t.clash(f"{call.word} is of examples × channels × {what} and a kernel out × in × its own", call.span, x, kernel)
        if flat:
            x, kernel = t.column(x, x.span), t.column(kernel, kernel.span)
        if "o" in spec and t.shapes.unify(x.shape[spec.index("c")], kernel.shape[1]) is None:
            channels = [t.shapes.resolve(dim) for dim in (x.shape[spec.index("c")], kernel.shape[1])]
            raise t.clash(f"{call.word}: {channels[0]} channels do not meet a kernel of {channels[1]}", call.span, x, kernel)
        if "o" in spec:
            t.shapes = t.shapes.unify(x.shape[spec.index("c")], kernel.shape[1]) or t.shapes
        first, behind = spec.index("X"), spec.partition(",")[2].index("K")
        lengths, widths = x.shape[first : first + axes], [t.shapes.resolve(dim) for dim in kernel.shape[behind : behind + axes]]
        strides, dilations = _option(call, "stride", 3, axes, 1, 1), _option(call, "dilation", 5, axes, 1, 1)
        paddings = _padding(call, 4, widths, dilations)
        windows = [_Windows(*each) for each in zip(lengths, widths, strides, dilations, paddings, strict=True)]
        made = _windowed(call, spec, [x, kernel], windows)
        bias = call.keywords.get("bias", call.args[2] if len(call.args) > 2 else None)
        if bias is None or (isinstance(bias, ast.Constant) and bias.value is None):
            return made
        return t.add([made, _for_each_channel(call, bias, kernel.shape[0], axes)], call.span)

    return function


def convolved(call: Call) -> Array:
    """`np.convolve(x, w, mode)`: y_p is the sum of x_h w_i over h + i = p; of all p, those where w fits, or as many as x has."""
    t = call.typing
    node = call.keywords.get("mode", call.args[2] if len(call.args) > 2 else None)
    mode = "full" if node is None else node.value if isinstance(node, ast.Constant) else None
    if mode not in ("full", "valid", "same") or not 2 <= len(call.args) <= 3:
        raise call.refused('convolve takes two vectors and a mode, as in convolve(x, w, "valid")', node)
    x, kernel = (call.array(arg) for arg in call.args[:2])
    if not all(t.is_vector(array) for array in (x, kernel)):
        raise t.clash("convolve is of two vectors; conv2d(X, K) is of more axes, with K as it stands", call.span, x, kernel)
    x, kernel = t.column(x, x.span), t.column(kernel, kernel.span)
    length, width = t.shapes.resolve(x.rows), t.shapes.resolve(kernel.rows)
    if mode == "same" and (width.number is None or width.number % 2 == 0):
        raise call.refused('mode="same" is for a kernel whose length is a number, and odd', node)
    cut = {"full": Dim.of(0), "same": (width - 1) / 2, "valid": width - 1}[mode]
    every = length + width - 1 - 2 * cut
    sums = _Windows(every, width, 1, 1, cut.number if cut.number is not None else cut).array(call)
    return replace(t.index_product("phi,hu,iu->pu", [sums, x, kernel], (every, ONE), call.span), flat=True)


def _for_each_channel(call: Call, node: ast.expr, channels: Dim, axes: int) -> Array:
    """A vector with one entry for every channel that comes out."""
    t, bias = call.typing, call.array(node)
    column = t.column(bias, call.span)
    met = t.shapes.together((column.rows, channels), (column.cols, ONE))
    if met is None:
        raise t.clash(f"{call.word}: the bias is a vector with an entry for each of {t.shapes.resolve(channels)} channels", call.span, bias)
    t.shapes = met
    ones = t.filled("ones", (ONE,) * max(axes, 2), call.span)
    letters = "abc"[: len(ones.shape)]
    return t.index_product(f"oz,{letters}->o{letters[:axes]}", [column, ones], (channels, *(ONE,) * axes), call.span)


def _windowed(call: Call, spec: str, arrays: Sequence[Array], windows: Sequence[_Windows]) -> Array:
    """The product of arrays in which X stands for the axes with windows, K for those of the entries of a window, P for the windows."""
    axes = len(windows)
    spec = spec.replace("X", "hwd"[:axes]).replace("K", "ijk"[:axes]).replace("P", "pqr"[:axes])
    spec = spec.replace("B", "".join(pair for pair in ("pi", "qj", "rk")[:axes]))
    left, _, out = spec.partition("->")
    sizes = {c: dim for array, letters in zip(arrays, left.split(","), strict=True) for c, dim in zip(letters, array.shape, strict=True)}
    made = []
    for whole_axis, many, entry, window in zip("hwd", "pqr", "ijk", windows, strict=False):
        sizes |= {many: window.many(call), entry: window.width}
        made.append((window.array(call), whole_axis + many + entry))
    parts = [(arrays[0], left.split(",")[0]), *made, *zip(arrays[1:], left.split(",")[1:], strict=True)]
    return call.typing.index_product(f"{','.join(s for _, s in parts)}->{out}", [a for a, _ in parts], [sizes[c] for c in out], call.span)


def pooling(axes: int, op: str) -> Callable[[Call], Array]:
    """`max_pool2d(X, 2)` and `avg_pool2d(X, kernel_size, stride, padding)`: windows along the last axes, by default side by side."""

    def function(call: Call) -> Array:
        t, x = call.typing, call.array(first(call), tensors=True)
        if len(x.shape) < axes or len(x.shape) - axes > len(_FRONT):
            raise call.refused(f"{call.word} of a {t.shown(x)}: it needs {axes} axes at least", call.args[0])
        widths = _option(call, "kernel_size", 1, axes, 0, 1)
        if 0 in widths:
            raise call.refused(f"{call.word} takes the size of its windows, as in {call.word}(X, 2)")
        strides = _option(call, "stride", 2, axes, 0, 1)
        paddings, dilations = _option(call, "padding", 3, axes, 0, 0), _option(call, "dilation", 4, axes, 1, 1)
        if op == "max" and any(paddings):
            raise call.refused("symgrad has no maximum over windows with padding, which is of −∞ there", kind=Unsupported)
        lengths, front = x.shape[len(x.shape) - axes :], _FRONT[: len(x.shape) - axes]
        every = zip(lengths, widths, strides, dilations, paddings, strict=True)
        windows = [_Windows(dim, Dim.of(w), s or w, d, p) for dim, w, s, d, p in every]
        if op == "mean":
            total = _windowed(call, f"{front}X->{front}P", [x], windows)
            return t.over(total, call.exactly(math.prod(widths)), call.span)
        spread = _windowed(call, f"{front}X->{front}B", [x], windows)
        entries = [len(front) + 2 * axis + 1 for axis in range(axes)]
        return t.reduced("max", spread, [axis for axis, w in zip(entries, widths, strict=True) if w > 1] or entries, False, call.span)

    return function
