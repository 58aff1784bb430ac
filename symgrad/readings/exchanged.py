r"""Derivatives by a function of a variable: `\partial L/\partial \sigma^2`, or by ℓ where the sheet says that ℓ is log σ².

Where u = g(v) entry by entry, and g can be inverted, u may be taken for the variable in the place of v: ∂L/∂u = ∂L/∂v ⊘ g'(v).
Powers and logarithms are such exchanges of one parameter for another; a tanh of x is none. So is the precision Λ = Σ⁻¹, a matrix: there
∂L/∂Λ = −Σᵀ (∂L/∂Σ) Σᵀ; and the transpose.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

from symgrad.terms import Term, free_of

if TYPE_CHECKING:
    from symgrad.readings.reader import Reader

_DEEPEST = 4


def variable_below(term: Term) -> Term | None:
    """The v of g(v), a name or an entry of one; None where it is no function that can be inverted, or v itself."""
    inner = term
    for _ in range(_DEEPEST):
        if not _is_step(inner):
            break
        inner = inner.args[0]
    is_name = inner.op == "symbol" or (inner.op in ("entry", "pick") and inner.args[0].op == "symbol")
    return inner if is_name and inner is not term else None


def by_function(gradient: Term, function: Term) -> Term:
    """The gradient by g(v) from that by v."""
    inner, made = function, gradient
    while _is_step(inner):
        divided = _DIVIDED_BY_SLOPE[inner.op if inner.op in _OWN_STEPS else inner.params[0]]
        made = divided(made, inner, inner.args[0])
        inner = inner.args[0]
    return made


def by_exchanged(reader: Reader, of: str, by: str) -> Term | None:
    """The gradient by a name that is defined as g(v), where nothing defines v and the loss rests on it; None by any other name."""
    formula = reader.names.formula(by)
    if formula is None:
        return None
    function = _of_all_entries(formula) if formula.op == "collect" else formula  # `\ell_j = \log \sigma_j^2`
    below = variable_below(function)
    if below is None or below.op != "symbol":
        return None
    variable = below.params[0]
    if reader.names.formula(variable) is not None:  # `\tilde X = X^\top` of an `X_{jn} = x_{nj}`
        gradient = None if reader.names.rests_on(of, variable) else by_exchanged(reader, of, variable)
    else:
        gradient = Term("gradient", (), (of, variable), below.rows, below.cols) if reader.names.rests_on(of, variable) else None
    return None if gradient is None else by_function(gradient, function)


def _of_all_entries(formula: Term) -> Term:
    """The function of a name that is said entry by entry; it may be turned."""
    (entry,) = formula.args
    whole = _of_whole(entry)
    is_turned = entry.op == "entry" and len(formula.params) > 1 and tuple(entry.params[:2]) == tuple(formula.params[1::-1])
    return Term("transpose", (whole,), (), whole.cols, whole.rows) if is_turned else whole


def _of_whole(term: Term) -> Term:
    """The same function of a name that a term is of an entry of it."""
    if not _is_step(term):
        return term.args[0] if term.op == "entry" else term
    inner = _of_whole(term.args[0])
    return replace(term, args=(inner,), rows=inner.rows, cols=inner.cols, free=inner.free)


def _is_step(term: Term) -> bool:
    if term.op == "function":
        return term.params == ("inverse",)
    return len(term.args) == 1 and (term.params[0] in _DIVIDED_BY_SLOPE if term.op == "elementwise" else term.op in _OWN_STEPS)


def _power(term: Term, exponent: Fraction) -> Term:
    return Term("elementwise", (term,), ("power", exponent), term.rows, term.cols, term.free)


def _scaled(term: Term, by: Fraction) -> Term:
    return Term("scale", (term,), (by,), term.rows, term.cols, term.free)


def _times(a: Term, b: Term) -> Term:
    return Term("hadamard", (a, b), (), b.rows, b.cols, free_of(a, b))


def _by_inverse(gradient: Term, inner: Term) -> Term:
    turned = Term("transpose", (inner,), (), inner.cols, inner.rows)
    product = Term("matmul", (Term("matmul", (turned, gradient), (), inner.rows, inner.cols), turned), (), inner.rows, inner.cols)
    return _scaled(product, Fraction(-1))


_OWN_STEPS = ("scale", "transpose")
# G ⊘ g'(v) for the steps that a function is made of, from G, g(v) and v.
_DIVIDED_BY_SLOPE: dict[str, Callable[[Term, Term, Term], Term]] = {
    "power": lambda gradient, value, inner: _scaled(_times(gradient, _power(inner, 1 - value.params[1])), 1 / Fraction(value.params[1])),
    "log": lambda gradient, value, inner: _times(gradient, inner),
    "exp": lambda gradient, value, inner: _times(gradient, _power(value, Fraction(-1))),
    "sqrt": lambda gradient, value, inner: _scaled(_times(gradient, value), Fraction(2)),
    "scale": lambda gradient, value, inner: _scaled(gradient, 1 / Fraction(value.params[0])),
    "inverse": lambda gradient, value, inner: _by_inverse(gradient, inner),
    "transpose": lambda gradient, value, inner: Term("transpose", (gradient,), (), gradient.cols, gradient.rows),
}
