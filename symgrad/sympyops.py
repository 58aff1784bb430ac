"""SymPy matrix expressions that keep what was written, with the ops of symgrad; and forms as such expressions.

SymPy re-sorts and merges while it builds (`y − ŷ` becomes `−ŷ + y`, `H∘H` a power), does not see that `A(n,m)·B(n,m)` cannot
be, and has no elementwise or broadcasting ops. The classes here keep what was written, check shapes, and bring the ops of
`symgrad.ops`; they are SymPy matrix expressions (`shape`, `subs`, `doit`, `.T`, `latex`, entries) and mix with SymPy's own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from functools import reduce
from typing import Any

import sympy as sp
from sympy.core.symbol import Str
from sympy.matrices.expressions.special import OneMatrix
from sympy.matrices.matrixbase import MatrixBase

from symgrad import names
from symgrad.dims import Dim
from symgrad.errors import ShapeError, Unsupported
from symgrad.form import Form, symbol, walk
from symgrad.ops import op_named
from symgrad.sympyforms import dim_of, shape_from, size_of, to_form
from symgrad.typeset import described
from symgrad.typeset import latex as latex_of
from symgrad.typeset import text as text_of

# ── expressions that keep what was written ───────────────────────────────────────────────────────────────────────────


class Kept:
    """Operators of matrix expressions that do not evaluate; operands keep their order.

    `*` and `@` are the matrix product, a scalar may be added to every entry, and a row or column is added to every row or column.
    """

    _op_priority = 12.0

    def __add__(self, other: Any) -> Any:
        return _checked(Sum(self, other))

    def __radd__(self, other: Any) -> Any:
        return _checked(Sum(other, self))

    def __sub__(self, other: Any) -> Any:
        return _checked(Sum(self, -as_matrix(other)))

    def __rsub__(self, other: Any) -> Any:
        return _checked(Sum(other, -self))

    def __neg__(self) -> Any:
        return _checked(Product(sp.S.NegativeOne, self))

    def __mul__(self, other: Any) -> Any:
        return _checked(Product(self, other))

    def __rmul__(self, other: Any) -> Any:
        return _checked(Product(other, self))

    __matmul__ = __mul__
    __rmatmul__ = __rmul__

    def __truediv__(self, other: Any) -> Any:
        other = sp.sympify(other) if not isinstance(other, sp.Basic) else other
        if getattr(other, "is_Matrix", False):
            return operation("divide", [self, other])
        return _checked(Product(1 / other, self))

    def __rtruediv__(self, other: Any) -> Any:
        return operation("divide", [other, self])

    @property
    def T(self) -> Any:
        return sp.Transpose(self)

    def _latex(self, printer: Any, **_: Any) -> str:
        return latex_of(to_form(self))

    def _sympystr(self, printer: Any) -> str:
        return text_of(to_form(self))


def as_matrix(value: Any) -> Any:
    """What SymPy makes of a value; an expression is kept as it is."""
    return value if isinstance(value, sp.Basic) else sp.sympify(value, strict=True)


def _flat(kind: Any, args: Sequence[Any]) -> list[Any]:
    return [inner for arg in args for inner in (list(arg.args) if isinstance(arg, kind) else [arg])]


class Symbol(Kept, sp.MatrixSymbol):  # type: ignore[misc]
    """A matrix symbol printed as its user wrote it."""

    def _latex(self, printer: Any, **_: Any) -> str:
        return names.latex(self.name)

    def _sympystr(self, printer: Any) -> str:
        return str(self.name)


class Sum(Kept, sp.MatAdd):  # type: ignore[misc]
    """A sum in the order written; a scalar, a row or a column is repeated to the shape of the other terms."""

    def __new__(cls, *args: Any, **_: Any) -> Any:
        terms = _flat(Sum, [as_matrix(arg) for arg in args])
        if not any(getattr(term, "is_Matrix", False) for term in terms):
            return sp.Add(*terms)
        return sp.Basic.__new__(cls, *terms)

    @property
    def shape(self) -> Any:
        return _largest([term.shape for term in self.args if getattr(term, "is_Matrix", False)])

    def doit(self, **hints: Any) -> Any:
        terms = [term.doit(**hints) if hints.get("deep", True) else term for term in self.args]
        if all(isinstance(term, MatrixBase) or not getattr(term, "is_Matrix", False) for term in terms):
            return _explicit(sp.Add, terms)
        repeated = [term if getattr(term, "is_Matrix", False) and term.shape == self.shape else _repeat(term, self.shape) for term in terms]
        return sp.MatAdd(*repeated).doit(**hints)

    def _entry(self, i: Any, j: Any, **_: Any) -> Any:
        return sp.Add(*(_entry_of(term, i, j) for term in self.args))

    def _eval_transpose(self) -> Any:
        return Sum(*(sp.Transpose(t) if getattr(t, "is_Matrix", False) else t for t in self.args))


def _entry_of(term: Any, i: Any, j: Any) -> Any:
    """The entry of a term that may be a scalar, a row or a column, repeated."""
    if not getattr(term, "is_Matrix", False):
        return term
    rows, columns = term.shape
    return term[0 if rows == 1 else i, 0 if columns == 1 else j]


def _explicit(combine: Callable[..., Any], terms: Sequence[Any]) -> Any:
    """Explicit matrices combined entry by entry, scalars, rows and columns repeated."""
    rows, columns = _largest([term.shape for term in terms if getattr(term, "is_Matrix", False)])
    return sp.ImmutableMatrix(rows, columns, lambda i, j: combine(*(_entry_of(term, i, j) for term in terms)))


def _repeat(term: Any, shape: Any) -> Any:
    if not getattr(term, "is_Matrix", False):
        return term * OneMatrix(*shape)
    rows, columns = term.shape
    left = sp.Identity(shape[0]) if rows == shape[0] else OneMatrix(shape[0], 1)
    right = sp.Identity(shape[1]) if columns == shape[1] else OneMatrix(1, shape[1])
    return (left * term * right).doit()


class Product(Kept, sp.MatMul):  # type: ignore[misc]
    """A matrix product in the order written, scalars among its factors."""

    def __new__(cls, *args: Any, **_: Any) -> Any:
        factors = _flat(Product, [as_matrix(arg) for arg in args])
        scalars = [f for f in factors if not getattr(f, "is_Matrix", False)]
        matrices = [f for f in factors if getattr(f, "is_Matrix", False)]
        if not matrices:
            return sp.Mul(*scalars)
        coefficient = sp.Mul(*scalars)
        if coefficient == 1 and len(matrices) == 1:
            return matrices[0]
        return sp.Basic.__new__(cls, *([] if coefficient == 1 else [coefficient]), *matrices)

    @property
    def shape(self) -> Any:
        matrices = [f for f in self.args if getattr(f, "is_Matrix", False)]
        chain = [m for m in matrices if m.shape != (1, 1)] or matrices
        return chain[0].shape[0], chain[-1].shape[1]

    def doit(self, **hints: Any) -> Any:
        factors = [f.doit(**hints) if hints.get("deep", True) else f for f in self.args]
        return reduce(lambda a, b: a * b, factors)

    def _eval_transpose(self) -> Any:
        scalars = [f for f in self.args if not getattr(f, "is_Matrix", False)]
        matrices = [f for f in self.args if getattr(f, "is_Matrix", False)]
        return Product(*scalars, *(sp.Transpose(m) for m in reversed(matrices)))


def _checked(made: Any) -> Any:
    """Shapes are looked at as soon as an expression is written, symbolic ones too (and not while `subs` rebuilds it)."""
    if getattr(made, "is_Matrix", False):
        try:
            _shape_form(made)
        except ShapeError as error:
            operands = [to_form(arg) for arg in made.args if getattr(arg, "is_Matrix", False)]
            raise ShapeError(f"{error}{described(operands)}") from None
    return made


def _shape_form(expr: Any) -> Form:
    """The form of one expression over placeholders for its operands: enough to check its shape."""
    matrices = [arg for arg in expr.args if getattr(arg, "is_Matrix", False)]
    return to_form(expr, {arg: symbol(f"operand {i}", shape_from(arg)) for i, arg in enumerate(matrices)})


class Operation(Kept, sp.MatrixExpr):  # type: ignore[misc]
    """An op of `symgrad.ops` on SymPy matrix expressions: `Operation("relu", (), x)`. Made by the functions below.

    A result that the op calls a scalar (shape ()) is 1×1 here, as SymPy's `+` needs it.
    """

    is_symgrad_operation = True

    def __new__(cls, name: Any, params: Any, *args: Any) -> Any:
        return sp.Basic.__new__(cls, name, params, *args)

    @property
    def name(self) -> str:
        return str(self.args[0])

    @property
    def operands(self) -> tuple[Any, ...]:
        return tuple(self.args[2:])

    @property
    def params(self) -> tuple[Any, ...]:
        return tuple(_read_param(p) for p in self.args[1])

    @property
    def shape(self) -> Any:
        shape = _shape_form(self).shape
        return tuple(map(size_of, shape)) if len(shape) >= 2 else (sp.S.One, sp.S.One)

    def doit(self, **hints: Any) -> Any:
        """With its operands evaluated; entry by entry when they are explicit matrices."""
        operands = [x.doit(**hints) if hints.get("deep", True) else x for x in self.operands]
        made = self.func(self.args[0], self.args[1], *operands)
        scalar = op_named(self.name).scalar
        if scalar is not None and all(isinstance(x, MatrixBase) or not getattr(x, "is_Matrix", False) for x in operands):
            return _explicit(lambda *entries: scalar(sp, *entries, *made.params), operands)
        if self.name in _SYMPY_VALUE and all(isinstance(x, MatrixBase) for x in operands):
            return _SYMPY_VALUE[self.name](made.params, *operands)
        return made

    def _entry(self, i: Any, j: Any, **_: Any) -> Any:
        record = op_named(self.name)
        if record.scalar is not None:
            entries = [_entry_of(x, i, j) for x in self.operands]
            return record.scalar(sp, *entries, *self.params)
        if self.name in _SYMPY_VALUE:
            explicit = [x.as_explicit() for x in self.operands]
            return sp.Matrix(_SYMPY_VALUE[self.name](self.params, *explicit))[i, j]
        raise Unsupported(f"symgrad has no entries of {self.name} for SymPy")


def _sum_value(params: tuple[Any, ...], x: Any) -> Any:
    if params[0] is None:
        return sp.Matrix([[sp.Add(*x)]])
    return sp.ones(1, x.rows) * x if params[0] == 0 else x * sp.ones(x.cols, 1)


def _softmax_value(params: tuple[Any, ...], x: Any) -> Any:
    exps = x.applyfunc(sp.exp)
    below = _sum_value(params, exps)
    return sp.Matrix(x.rows, x.cols, lambda i, j: exps[i, j] / (below[j] if params[0] == 0 else below[i]))


def _max_value(axis: int | None, x: Any) -> Any:
    if axis is None:
        return sp.Matrix([[sp.Max(*x)]])
    lines = [sp.Max(*(x.col(i) if axis == 0 else x.row(i))) for i in range(x.cols if axis == 0 else x.rows)]
    return sp.Matrix(lines).T if axis == 0 else sp.Matrix(lines)


def _product_value(axis: int | None, x: Any) -> Any:
    if axis is None:
        return sp.Matrix([[sp.Mul(*x)]])
    lines = [sp.Mul(*(x.col(i) if axis == 0 else x.row(i))) for i in range(x.cols if axis == 0 else x.rows)]
    return sp.Matrix(lines).T if axis == 0 else sp.Matrix(lines)


def _cumulated_value(axis: int, x: Any) -> Any:
    def entry(i: int, j: int) -> Any:
        return sp.Mul(*(x[: i + 1, j] if axis == 0 else x[i, : j + 1]))

    return sp.Matrix(x.rows, x.cols, entry)


_SYMPY_VALUE: dict[str, Callable[..., Any]] = {
    "sum": _sum_value,
    "mean": lambda params, x: _sum_value(params, x) / (len(x) if params[0] is None else x.shape[params[0]]),
    "squared_norm": lambda _, x: sp.Matrix([[sp.Add(*(e**2 for e in x))]]),
    "norm": lambda _, x: sp.Matrix([[sp.sqrt(sp.Add(*(e**2 for e in x)))]]),
    "softmax": _softmax_value,
    "max": lambda params, x: _max_value(params[0], x),
    "prod": lambda params, x: _product_value(params[0], x),
    "cumprod": lambda params, x: _cumulated_value(params[0], x),
    "log_softmax": lambda params, x: _softmax_value(params, x).applyfunc(sp.log),
    "logsumexp": lambda params, x: _sum_value(params, x.applyfunc(sp.exp)).applyfunc(sp.log),
    "concat": lambda params, *xs: (sp.Matrix.vstack if params[0] == 0 else sp.Matrix.hstack)(*xs),
    "hadamard": lambda _, *xs: _explicit(sp.Mul, xs),
    "divide": lambda _, x, y: _explicit(lambda a, b: a / b, [x, y]),
    "trace": lambda _, x: sp.Matrix([[x.trace()]]),
    "inverse": lambda _, x: x.inv(),
    "det": lambda _, x: sp.Matrix([[x.det()]]),
    "logdet": lambda _, x: sp.Matrix([[sp.log(x.det())]]),
}


def _largest(shapes: Sequence[Any]) -> Any:
    def pick(axis: int) -> Any:
        return next((s[axis] for s in shapes if s[axis] != 1), sp.S.One)

    return pick(0), pick(1)


def _param(value: Any) -> Any:
    if value is None:
        return Str("None")
    if isinstance(value, Dim):
        return size_of(value)
    if isinstance(value, Fraction):
        return sp.Rational(value.numerator, value.denominator)
    return Str(value) if isinstance(value, str) else sp.sympify(value, strict=True)


def _read_param(value: Any) -> Any:
    if isinstance(value, Str):
        return None if value.name == "None" else value.name
    if value.is_Rational:
        return int(value) if value.is_Integer else Fraction(int(value.p), int(value.q))
    return dim_of(value)


def operation(name: str, operands: Sequence[Any], params: tuple[Any, ...] = ()) -> Any:
    """An op by its name, on SymPy matrix expressions; numbers stand for matrices of that number."""
    return _checked(Operation(Str(name), sp.Tuple(*map(_param, params)), *map(as_matrix, operands)))


# ── forms → SymPy ────────────────────────────────────────────────────────────────────────────────────────────────────


def to_sympy(form: Form, known: Mapping[str, Any] | None = None) -> Any:
    """The form as a SymPy matrix expression; `known` gives the SymPy objects of names that have one."""
    done: dict[Form, Any] = {}
    for f in walk(form):
        args = [done[arg] for arg in f.args]
        if f.op == "symbol":
            fresh = Symbol(f.name, *map(size_of, f.shape)) if len(f.shape) == 2 else sp.Symbol(f.name)
            done[f] = (known or {}).get(f.name, fresh)
        elif f.op == "number":
            value = sp.Rational(f.value.numerator, f.value.denominator)
            done[f] = value * sp.Mul(*(size_of(dim) ** e for dim, e in f.sizes))
        elif f.op == "matrix":
            done[f] = _literal(f)
        else:
            make: Callable[..., Any] = _SYMPY_FORMS.get(f.op, operation)
            done[f] = make(f.op, args, f.params)
    return done[form]


def _literal(form: Form) -> Any:
    rows: Any = [[sp.Rational(x.numerator, x.denominator) for x in row] for row in form.params[0]]
    return sp.ImmutableMatrix(rows)


_SYMPY_FORMS: dict[str, Callable[..., Any]] = {
    "add": lambda _, args, __: Sum(*args),
    "scale": lambda _, args, __: Product(*args),
    "matmul": lambda _, args, __: Product(*args),
    "transpose": lambda _, args, __: sp.Transpose(args[0]),
    "inverse": lambda _, args, __: sp.Inverse(args[0]),
    "eye": lambda _, __, params: sp.Identity(size_of(params[0])),
    "ones": lambda _, __, params: OneMatrix(*map(size_of, params)),
    "zeros": lambda _, __, params: sp.ZeroMatrix(*map(size_of, params)),
    "trace": lambda _, args, __: sp.Trace(args[0]),
    "det": lambda _, args, __: sp.Determinant(args[0]),
    "pi": lambda _, __, ___: sp.pi,
}
