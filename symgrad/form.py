"""Forms: expressions as a textbook writes them, in matrices and their operations.

    form ::= Symbol(name) | Number(value, sizes) | Matrix(rows) | Apply(op, forms, parameters)

A form knows its shape and is checked when it is made. People's input becomes forms, `lowering` turns forms
into tensors, `raising` tensors into forms, and every emitter writes forms. Equal forms are the same object.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from functools import lru_cache
from typing import Any
from weakref import WeakValueDictionary

from symgrad.dims import Dim, Shape
from symgrad.errors import ShapeError
from symgrad.ops import op_named
from symgrad.tensor import Params, Sizes

_interned: WeakValueDictionary[tuple[Any, ...], Form] = WeakValueDictionary()


class Form:
    """An expression; `op` is "symbol", "number", "matrix" or the name of a record in `symgrad.ops`."""

    __slots__ = ("__weakref__", "args", "is_scalar", "key", "op", "params", "shape")
    is_scalar: bool
    op: str
    args: tuple[Form, ...]
    params: Params
    shape: Shape
    key: tuple[Any, ...]

    def __repr__(self) -> str:
        inside = ", ".join([*map(repr, self.args), *map(str, self.params)])
        return self.name if self.op == "symbol" else f"{self.op}({inside})"

    @property
    def name(self) -> str:
        """The name of a symbol."""
        return str(self.params[0])

    @property
    def value(self) -> Fraction:
        """The value of a number, without its sizes."""
        return self.params[0]  # type: ignore[no-any-return]

    @property
    def sizes(self) -> Sizes:
        """The dimensions, with exponents, that a number is multiplied by: `2/n` is 2 with (n, −1)."""
        return self.params[1]  # type: ignore[no-any-return]


def _form(op: str, args: tuple[Form, ...], params: Params, shape: Shape) -> Form:
    key = (op, args, params, shape)
    form = _interned.get(key)
    if form is None:
        form = object.__new__(Form)
        form.op, form.args, form.params, form.shape, form.key = op, args, params, shape, key
        form.is_scalar = all(dim.is_one for dim in shape)
        _interned[key] = form
    return form


def symbol(name: str, shape: Shape) -> Form:
    return _form("symbol", (), (name,), shape)


def number(value: int | Fraction, sizes: Sizes = ()) -> Form:
    """A number, possibly times powers of dimensions; shape ()."""
    return _form("number", (), (Fraction(value), tuple(sizes)), ())


def matrix(rows: Sequence[Sequence[int | Fraction]]) -> Form:
    """A matrix of numbers written out."""
    if not rows or not rows[0] or any(len(row) != len(rows[0]) for row in rows):
        raise ShapeError("a matrix written out needs rows of one length")
    entries = tuple(tuple(Fraction(x) for x in row) for row in rows)
    return _form("matrix", (), (entries,), (Dim.of(len(rows)), Dim.of(len(rows[0]))))


def apply(op: str, args: Sequence[Form], params: Params = ()) -> Form:
    """An op on forms; raises `ShapeError` with the shapes and the operands when they do not go together."""
    record = op_named(op)
    if record.arity is not None and record.arity != len(args):
        raise ShapeError(f"{op} takes {record.arity} operands, not {len(args)}")
    try:
        shape = record.shape(tuple(arg.shape for arg in args), params)
    except ShapeError as error:
        raise ShapeError(str(error), tuple(args)) from None
    return _form(op, tuple(args), params, shape)


def walk(form: Form) -> Iterator[Form]:
    """Every distinct form under this one, operands first. Iterative: depth is no limit."""
    seen: set[Form] = set()
    stack: list[tuple[Form, bool]] = [(form, False)]
    while stack:
        current, ready = stack.pop()
        if ready:
            yield current
        elif current not in seen:
            seen.add(current)
            stack.append((current, True))
            stack.extend((arg, False) for arg in reversed(current.args))


def symbols(form: Form) -> list[Form]:
    """The symbols in a form, in order of appearance."""
    return [f for f in walk(form) if f.op == "symbol"]


def rewrite_bottom_up(form: Form, change: Callable[[Form], Form]) -> Form:
    """Rebuild from the leaves, `change` being given each form whose operands are already changed."""
    new: dict[Form, Form] = {}
    for f in walk(form):
        args = tuple(new[arg] for arg in f.args)
        new[f] = change(f if args == f.args else apply(f.op, args, f.params))
    return new[form]


def rename(form: Form, names: Callable[[str], str]) -> Form:
    """The same form in other names."""
    return rewrite_bottom_up(form, lambda f: symbol(names(f.name), f.shape) if f.op == "symbol" else f)


@lru_cache(maxsize=8192)
def cost(form: Form) -> int:
    """How many factors are printed: symbols, numbers other than a sign, and matrices."""
    total = 0
    stack = [form]
    while stack:
        f = stack.pop()
        total += f.op in ("symbol", "matrix", "ones", "eye") or (f.op == "number" and f.value not in (1, -1))
        stack.extend(f.args)
    return total
