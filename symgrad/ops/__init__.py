"""The ops: every operation symgrad knows, one record each, and nowhere else.

`OPS` has the ops that forms are made of, `ELEMENTWISE` and `FUNCTIONS` the calculus of those that are not multilinear.
"""

from __future__ import annotations

from typing import Any

from symgrad.dims import Shape
from symgrad.errors import Unsupported, nearest
from symgrad.op import Elementwise, Function, Notation, Op, Prec, Spelling, Writer
from symgrad.ops import arrange, exponential, function, index, linear, order, places, reduce, spectral, structure, window
from symgrad.ops.elementwise import ELEMENTWISE
from symgrad.tensor import Node, Params, broadcast, elementwise, power

_FUNCTIONS = (
    *function.FUNCTIONS, *arrange.FUNCTIONS, *structure.FUNCTIONS, *spectral.FUNCTIONS, *exponential.FUNCTIONS, *order.FUNCTIONS,
    *window.FUNCTIONS,
)  # fmt: skip
FUNCTIONS: dict[str, Function] = {record.name: record for record in _FUNCTIONS}

LINEAR = frozenset(record.name for record in (*arrange.FUNCTIONS, *structure.FUNCTIONS)) - {"concat", "counting", "kron", "tri"}
"""Functions of one operand that a number passes through."""


def _lower(record: Elementwise, order: int) -> Any:
    def lower(nodes: tuple[Node, ...], params: Params) -> Node:
        if record.name in ("power", "square") and order == 0:
            return power(nodes[0], params[0] if params else 2)
        shape = linear.broadcast_shape(tuple(n.shape for n in nodes), record.name)
        return elementwise(record.name, [broadcast(n, shape) for n in nodes], params, order)

    return lower


def _numpy(template: str | Notation, otherwise: Spelling) -> Spelling:
    if isinstance(template, Notation):
        return template
    return Notation(template) if template else otherwise


def _op(record: Elementwise) -> Op:
    def shape(shapes: tuple[Shape, ...], _: Params) -> Shape:
        return linear.broadcast_shape(shapes, record.name)

    return Op(
        record.name, record.arity, shape, _lower(record, 0), record.latex, record.text,
        _numpy(record.numpy, record.latex), record.scalar, record.source,
    )  # fmt: skip


def _primed(call: str, mark: str) -> str:
    """A call with a mark behind the function's name, before the number that it may have."""
    opening = min(at for sign in ("_{", "[", r"\left(", "(") if (at := call.find(sign)) >= 0)
    return call[:opening] + mark + call[opening:]


def _prime(record: Elementwise) -> Op:
    """The derivative f′ as an op of its own: a prime on the name."""

    def dashed(spelling: Spelling, mark: str) -> Spelling:
        if isinstance(spelling, Notation):
            return Notation(_primed(spelling.template, mark), spelling.prec, spelling.inner)
        assert callable(spelling)

        def written(writer: Writer, form: Any) -> tuple[str, Prec]:
            whole, prec = spelling(writer, form)
            return _primed(whole, mark), prec

        return written

    def slope(sympy: Any, x: Any, *params: Any) -> Any:
        if record.name == "relu":
            return sympy.Heaviside(x, 0)
        at = sympy.Dummy("x", real=True)
        return sympy.diff(record.scalar(sympy, at, *params), at).subs(at, x)

    op = _op(record)
    return Op(
        record.name + "'", 1, op.shape, _lower(record, 1), dashed(record.latex, "'"), dashed(record.text, "′"),
        _numpy(record.numpy_prime, record.latex), slope, record.source,
    )  # fmt: skip


OPS: dict[str, Op] = {
    op.name: op
    for op in (
        *linear.RECORDS,
        *reduce.RECORDS,
        *arrange.RECORDS,
        *function.RECORDS,
        *structure.RECORDS,
        *spectral.RECORDS,
        *exponential.RECORDS,
        *order.RECORDS,
        *index.RECORDS,
        *places.RECORDS,
        *window.RECORDS,
        *map(_op, ELEMENTWISE.values()),
        *(_prime(record) for record in ELEMENTWISE.values() if record.primed),
    )
}


def op_named(name: str) -> Op:
    """The record, or `Unsupported` with the nearest name."""
    if name not in OPS:
        raise Unsupported(f"symgrad has no op {name!r}; {nearest(name, OPS)}")
    return OPS[name]
