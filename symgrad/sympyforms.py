"""SymPy expressions → forms: what each of SymPy's classes is, class by class.

What is not in the table raises `Unsupported` with the class; nothing is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from functools import reduce
from typing import Any

import sympy as sp
from sympy.matrices.expressions.applyfunc import ElementwiseApplyFunction
from sympy.matrices.expressions.diagonal import DiagMatrix, DiagonalMatrix, DiagonalOf
from sympy.matrices.expressions.hadamard import HadamardPower
from sympy.matrices.expressions.matexpr import MatrixElement
from sympy.matrices.expressions.slice import MatrixSlice
from sympy.matrices.expressions.special import OneMatrix
from sympy.matrices.matrixbase import MatrixBase

from symgrad.dims import Dim, Shape
from symgrad.errors import Unsupported
from symgrad.form import Form, apply, matrix, number, symbol


def dimensions(names_: str) -> Any:
    """Symbolic dimensions, positive whole numbers: `n, d = dimensions("n d")`; one name gives one symbol."""
    return sp.symbols(names_, integer=True, positive=True)


def dim_of(value: Any) -> Dim:
    """The dimension of a number, a name or a SymPy polynomial."""
    if isinstance(value, (int, str, Dim)):
        return Dim.of(value)
    value = sp.sympify(value) if not isinstance(value, sp.Basic) else value
    if value.is_Rational:
        return Dim.of(Fraction(int(value.p), int(value.q)))
    if value.is_Symbol:
        return Dim.of(value.name)
    if value.is_Add:
        return reduce(lambda a, b: a + b, map(dim_of, value.args))
    if value.is_Mul:
        return reduce(lambda a, b: a * b, map(dim_of, value.args))
    if value.is_Pow and value.exp.is_Integer and value.exp > 0:
        return reduce(lambda a, b: a * b, [dim_of(value.base)] * int(value.exp))
    raise Unsupported(f"a dimension must be a polynomial in sizes, not {value}")


def size_of(dim: Dim) -> Any:
    """A dimension as a SymPy expression."""
    return sp.Add(
        *(
            sp.Rational(c.numerator, c.denominator) * sp.Mul(*(dimensions(name) ** power for name, power in monomial))
            for monomial, c in dim.terms
        )
    )


def shape_from(expr: Any) -> Shape:
    return tuple(dim_of(size) for size in expr.shape)


class Tensor(sp.Symbol):  # type: ignore[misc]
    """A symbol of three or more axes, for ops that take it apart (`reshape`)."""

    is_Matrix = True
    shape: tuple[Any, ...] = ()

    def __new__(cls, name: str, *sizes: Any) -> Any:
        made = sp.Symbol.__xnew__(cls, name)
        made.shape = sizes
        return made


def is_operation(node: Any) -> bool:
    """Whether a SymPy expression is one of symgrad's own ops (`expr.Operation`), which has a name, operands and params."""
    return bool(getattr(node, "is_symgrad_operation", False))


_ONLY_SIZES = {"ones", "zeros", "eye", "reshape", "unvec", "lower", "symmetric", "toeplitz", "tri", "counting", "one_hot"}
_DIM_PARAMS = {"slice": (1, 2), "pad": (1, 3), "fold": (2,)}
_FRACTION_PARAMS = {"power", "leaky_relu", "elu", "huber", "polygamma", "leaky_relu'", "elu'"}


def _params_for(name: str, params: tuple[Any, ...]) -> tuple[Any, ...]:
    if name in _ONLY_SIZES:
        return tuple(map(dim_of, params))
    if name in _FRACTION_PARAMS:
        return tuple(map(Fraction, params))
    return tuple(dim_of(p) if i in _DIM_PARAMS.get(name, ()) else p for i, p in enumerate(params))


_SCALAR_FUNCTIONS: dict[Any, str] = {
    sp.sin: "sin", sp.cos: "cos", sp.tanh: "tanh", sp.exp: "exp", sp.log: "log", sp.Abs: "abs", sp.sign: "sign",
    sp.sinh: "sinh", sp.cosh: "cosh", sp.atan: "arctan", sp.tan: "tan", sp.erf: "erf",
    sp.gamma: "gamma", sp.loggamma: "gammaln",
}  # fmt: skip


def to_form(expr: Any, known: Mapping[Any, Form] | None = None, sizes: frozenset[str] = frozenset()) -> Form:
    """The form of a SymPy expression; `known` are forms of subexpressions, `sizes` the names that are dimensions.

    Raises `ShapeError` where shapes clash and `Unsupported`, with the class, for what symgrad does not know.
    """
    expr = expr.as_immutable() if isinstance(expr, MatrixBase) else expr
    done: dict[Any, Form] = dict(known or {})
    stack: list[tuple[Any, bool]] = [(expr, False)]
    while stack:
        node, ready = stack.pop()
        if node in done:
            continue
        children = [] if _is_leaf(node) else [arg for arg in _children(node) if arg not in done]
        if ready or not children:
            done[node] = _one(node, done, sizes)
        else:
            stack.append((node, True))
            stack.extend((child, False) for child in children)
    return done[expr]


def _is_leaf(node: Any) -> bool:
    return isinstance(node, (sp.MatrixSymbol, Tensor, MatrixBase, sp.Identity, OneMatrix, sp.ZeroMatrix)) or not node.args


def _children(node: Any) -> Sequence[Any]:
    if is_operation(node):
        return tuple(node.operands)
    if isinstance(node, (MatrixSlice, MatrixElement, ElementwiseApplyFunction)):
        return (node.args[0],) if not isinstance(node, ElementwiseApplyFunction) else (node.expr,)
    if isinstance(node, sp.BlockMatrix):
        return [node.blocks[i, j] for i in range(node.blockshape[0]) for j in range(node.blockshape[1])]
    if isinstance(node, (sp.MatPow, HadamardPower, sp.Pow)):
        return tuple(node.args[:1])
    return tuple(node.args)


def _one(node: Any, done: Mapping[Any, Form], sizes: frozenset[str]) -> Form:
    if is_operation(node):
        return _of_operation(node, done)
    for kind, convert in _CONVERTERS:
        if isinstance(node, kind):
            return convert(node, done, sizes)
    raise Unsupported(f"symgrad does not know SymPy's {type(node).__name__}: {node}")


def _of_operation(node: Any, done: Mapping[Any, Form]) -> Form:
    params = _params_for(node.name, node.params)
    return apply(node.name, [done[x] for x in node.operands], params)


def _of_symbol(node: Any, done: Any, sizes: frozenset[str]) -> Form:
    if node.name in sizes:
        return number(1, ((Dim.of(node.name), 1),))
    return symbol(node.name, ())


def _of_number(node: Any, *_: Any) -> Form:
    if node.is_Rational:
        return number(Fraction(int(node.p), int(node.q)))
    if node.is_Float:
        return number(Fraction(str(node)))
    raise Unsupported(f"symgrad has no exact form of the number {node}")


def _fits(chain: list[Form], i: int) -> bool:
    """Whether a 1×1 factor of a matrix product has the sizes of its neighbours."""
    beside = [m.shape[1] for m in chain[:i]][-1:] + [m.shape[0] for m in chain[i + 1 :]][:1]
    return all(dim.is_one for dim in beside)


def scaled_product(factors: list[Form]) -> Form:
    """Scalars in front of a matrix product; a 1×1 factor that does not fit the chain is a scalar too."""
    matrices = [f for f in factors if len(f.shape) == 2]
    if any(not f.is_scalar for f in matrices):
        chain: list[Form] = []
        while len(chain) != len(matrices):
            chain = matrices
            matrices = [f for i, f in enumerate(chain) if not f.is_scalar or _fits(chain, i)]
    scalars = [f for f in factors if not any(f is m for m in matrices)]
    if not matrices:
        body, scalars = scalars[-1], scalars[:-1]
    else:
        body = matrices[0] if len(matrices) == 1 else apply("matmul", matrices)
    return apply("scale", [*scalars, body]) if scalars else body


def _of_product(node: Any, done: Any, _: Any) -> Form:
    # SymPy makes −(b h) of the scalar −b and h; the sign and the number go in front of the whole product.
    factors = [f for arg in node.args for f in (done[arg].args if done[arg].op == "scale" and not done[arg].shape else (done[arg],))]
    numbers = [f for f in factors if f.op == "number"]
    rest = [f for f in factors if f.op != "number"]
    value, powers = Fraction(1), []
    for n in numbers:
        value *= n.value
        powers += n.sizes
    lead = [number(value, tuple(powers))] if value != 1 or powers else []
    return scaled_product([*lead, *rest]) if rest else (lead or [number(1)])[0]


def _of_sum(node: Any, done: Any, sizes: frozenset[str]) -> Form:
    terms = [done[arg] for arg in node.args]
    if all(t.op == "number" for t in terms) and any(t.sizes for t in terms):
        return number(1, ((dim_of(node), 1),))
    return apply("add", terms)


def _of_power(node: Any, done: Any, _: Any) -> Form:
    base, exponent = done[node.args[0]], node.args[1]
    if base.op == "number" and exponent.is_Integer:
        return number(base.value ** int(exponent), tuple((d, e * int(exponent)) for d, e in base.sizes))
    if exponent == sp.Rational(1, 2):
        return apply("sqrt", [base])
    if exponent.is_Rational:
        value = Fraction(int(exponent.p), int(exponent.q))
        return apply("square", [base]) if value == 2 else apply("power", [base], (value,))
    if node.args[0] == sp.E:
        return apply("exp", [to_form(exponent)])
    raise Unsupported(f"symgrad does not know the power {node}: its exponent is not a number")


def _of_matrix_power(node: Any, done: Any, _: Any) -> Form:
    base, exponent = done[node.args[0]], node.args[1]
    if base.is_scalar:
        return _of_power(node, done, _)
    if not exponent.is_Integer or exponent == 0:
        raise Unsupported(f"symgrad does not know the matrix power {node}: its exponent is not a whole number")
    base = apply("inverse", [base]) if exponent < 0 else base
    times = int(exponent) if exponent > 0 else -int(exponent)
    return base if times == 1 else apply("matmul", [base] * times)


def _of_map(node: Any, done: Any, sizes: frozenset[str]) -> Form:
    """`X.applyfunc(f)`: the body of the lambda, with the matrix in the place of its variable."""
    variable = sp.Dummy("x", real=True)
    return to_form(node.function(variable), {variable: done[node.expr]}, sizes)


def _of_block(node: Any, done: Any, _: Any) -> Form:
    n, m = node.blockshape
    stacked = []
    for i in range(n):
        row = [done[node.blocks[i, j]] for j in range(m)]
        stacked.append(row[0] if m == 1 else apply("concat", row, (1,)))
    return stacked[0] if n == 1 else apply("concat", stacked, (0,))


def _of_slice(node: Any, done: Any, _: Any) -> Form:
    form: Form = done[node.args[0]]
    for axis, (start, stop, step) in enumerate((node.rowslice, node.colslice)):
        bounds = (dim_of(start), dim_of(stop))
        if bounds != (Dim.of(0), form.shape[axis]) or step != 1:
            form = apply("slice", [form], (axis, *bounds, int(step)))
    return form


def _of_element(node: Any, done: Any, _: Any) -> Form:
    form: Form = done[node.args[0]]
    for axis, index in enumerate(node.indices):
        at = dim_of(index)
        if not form.shape[axis].is_one:
            form = apply("slice", [form], (axis, at, at + 1, 1))
    return form


def _explicit(node: Any, *_: Any) -> Form:
    if not all(x.is_Rational or x.is_Float for x in node):
        raise Unsupported("symgrad takes a matrix written out only when its entries are numbers; use a MatrixSymbol")
    return matrix([[_of_number(x).value for x in node.row(i)] for i in range(node.rows)])


def _with(name: str) -> Callable[..., Form]:
    return lambda node, done, _: apply(name, [done[arg] for arg in node.args])


_CONVERTERS: tuple[tuple[Any, Callable[..., Form]], ...] = (
    ((sp.MatrixSymbol, Tensor), lambda node, *_: symbol(node.name, shape_from(node))),
    (sp.Symbol, _of_symbol),
    (sp.Number, _of_number),
    (MatrixBase, _explicit),
    (sp.Identity, lambda node, *_: apply("eye", (), (dim_of(node.shape[0]),))),
    (OneMatrix, lambda node, *_: apply("ones", (), shape_from(node))),
    (sp.ZeroMatrix, lambda node, *_: apply("zeros", (), shape_from(node))),
    (sp.Inverse, lambda node, done, _: apply("inverse", [done[node.args[0]]])),
    ((sp.MatMul, sp.Mul), _of_product),
    ((sp.MatAdd, sp.Add), _of_sum),
    (sp.Transpose, _with("transpose")),
    (sp.HadamardProduct, _with("hadamard")),
    (HadamardPower, _of_power),
    (sp.MatPow, _of_matrix_power),
    (sp.Pow, _of_power),
    (sp.KroneckerProduct, lambda node, done, _: reduce(lambda a, b: apply("kron", [a, b]), [done[arg] for arg in node.args])),
    (sp.Trace, _with("trace")),
    (sp.Determinant, _with("det")),
    ((DiagMatrix,), _with("diag")),
    (DiagonalMatrix, lambda node, done, _: apply("diag", [apply("diagonal", [done[node.args[0]]])])),
    (DiagonalOf, _with("diagonal")),
    (ElementwiseApplyFunction, _of_map),
    (sp.BlockMatrix, _of_block),
    (MatrixSlice, _of_slice),
    (MatrixElement, _of_element),
    (sp.Max, _with("maximum")),
    (sp.Min, _with("minimum")),
    (tuple(_SCALAR_FUNCTIONS), lambda node, done, _: apply(_SCALAR_FUNCTIONS[type(node)], [done[node.args[0]]])),
)
