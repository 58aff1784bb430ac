"""Norms, as NumPy has them: of a vector of any order, of a matrix by its entries, its singular values, its rows and its columns."""

from __future__ import annotations

import ast
from collections.abc import Callable
from fractions import Fraction

from symgrad.dims import ONE
from symgrad.read.arrays import Array
from symgrad.read.call import Call, first

_LARGEST_ORDER = 64


def norm(call: Call) -> Array:
    """`norm(x)`, `norm(x, 1)`, `norm(X, "fro")`, `norm(X, "nuc")`, `norm(X, axis=1)`; in PyTorch `X.norm(2)` is of all entries."""
    t, array = call.typing, call.array(first(call), tensors=True)
    node = call.keywords.get("ord", call.keywords.get("p", call.args[1] if len(call.args) > 1 else None))
    of_entries = call.is_method or call.spelled == "torch.norm"
    written = "" if node is None or (isinstance(node, ast.Constant) and node.value is None) else _order(node)
    axes = call.axes(array, 2)
    vector = t.is_vector(array) or (axes is not None and len(axes) == 1) or (of_entries and written != "nuc")
    if written in ("", "fro") or (written == "2" and vector):
        return _euclidean(call, array, axes)
    if vector:
        made = _of_a_vector(call, array, axes, written)
    elif axes is None and not array.lead:
        made = _of_a_matrix(call, array, written)
    else:
        made = None
    if made is None:
        there = "a number above 0, or inf" if vector else "'fro', 'nuc', 1, 2 and inf"
        raise call.refused(f"symgrad has no norm of order {ast.unparse(node)} of a {t.shown(array)}; there are {there}", node)  # type: ignore[arg-type]
    return made


def _order(node: ast.expr) -> str:
    """The order as it is looked up: `np.inf` is inf."""
    written = ast.unparse(node).strip("'\"")
    return "inf" if written in ("np.inf", "numpy.inf", "math.inf", "float('inf')", "inf", "torch.inf") else written


def _euclidean(call: Call, array: Array, axes: list[int] | None) -> Array:
    t = call.typing
    if axes is not None:
        squares = t.reduced("sum", t.elementwise("square", [array], call.span), axes, call.keeps(), call.span)
        return t.elementwise("sqrt", [squares], call.span)
    made = t.one("norm", array, ONE, ONE, call.span)
    return Array(ONE, ONE, made.make, call.span, made.names, norm_of=array)


def _of_a_vector(call: Call, array: Array, axes: list[int] | None, written: str) -> Array | None:
    """(Σ |x|^p)^(1/p), and the largest |x|."""
    t, sizes = call.typing, call.typing.elementwise("abs", [array], call.span)
    if written == "inf":
        return t.reduced("max", sizes, axes, call.keeps(), call.span)
    try:
        order = Fraction(written)
    except ValueError:
        return None
    if not 0 < order <= _LARGEST_ORDER:
        return None
    if order == 1:
        return t.reduced("sum", sizes, axes, call.keeps(), call.span)
    even = order.denominator == 1 and order % 2 == 0
    powers = t.elementwise("power", [array if even else sizes], call.span, (order,))
    return t.elementwise("power", [t.reduced("sum", powers, axes, call.keeps(), call.span)], call.span, (1 / order,))


def _of_a_matrix(call: Call, array: Array, written: str) -> Array | None:
    """The sum of the singular values, the largest of them, the largest sum of a column or of a row."""
    t = call.typing
    if written == "nuc":
        return t.one("nuclear_norm", array, ONE, ONE, call.span)
    if written == "2":
        return t.one("spectral_norm", array, ONE, ONE, call.span)
    if written in ("1", "inf"):
        sums = t.reduced("sum", t.elementwise("abs", [array], call.span), [0 if written == "1" else 1], True, call.span)
        return t.reduced("max", sums, None, False, call.span)
    return None


def normalized(call: Call) -> Array:
    """`F.normalize(X, dim=1)`: each row over its length, unless another axis is named; of a vector its own."""
    t, array = call.typing, call.array(first(call), tensors=True)
    axis, order = call.axis(array), call.keywords.get("p")
    if order is not None and _order(order) not in ("2", "2.0"):
        raise call.refused("symgrad has normalize with p=2; divide by norm(X, 1, axis=1) for another", order)
    if axis is None:
        axis = 0 if t.is_vector(array) and t.shapes.is_one(array.cols) else 1
    lengths = t.reduced("sum", t.elementwise("square", [array], call.span), [axis], True, call.span)
    return t.over(array, t.elementwise("sqrt", [lengths], call.span), call.span)


def of_singular_values(op: str) -> Callable[[Call], Array]:
    def made(call: Call) -> Array:
        (array,) = call.arrays(1)
        return call.typing.one(op, array, ONE, ONE, call.span)

    return made
