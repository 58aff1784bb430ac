"""The gamma function and its kin, as SciPy and PyTorch have them."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from symgrad.read.arrays import Array
from symgrad.read.call import Call, whole

_HIGHEST_ORDER = 20


def _of(op: str, *params: Fraction) -> Callable[[Call], Array]:
    def function(call: Call) -> Array:
        (array,) = call.arrays(1, tensors=True)
        return call.typing.elementwise(op, [array], call.span, params)

    return function


def _polygamma(call: Call) -> Array:
    """`polygamma(1, x)`."""
    order = whole(call.args[0]) if len(call.args) == 2 else None
    if order is None or not 0 <= order <= _HIGHEST_ORDER:
        raise call.refused(f"polygamma takes a whole number up to {_HIGHEST_ORDER}, and an array")
    return call.typing.elementwise("polygamma", [call.array(call.args[1], tensors=True)], call.span, (Fraction(order),))


def _log_beta(call: Call) -> Array:
    """log B(a, b) = log Γ(a) + log Γ(b) − log Γ(a + b)."""
    a, b = call.arrays(2, tensors=True)
    t = call.typing
    one, other, both = (t.elementwise("gammaln", [array], call.span) for array in (a, b, t.add([a, b], call.span)))
    return t.add([one, other, t.negative(both, call.span)], call.span)


SPECIAL: dict[str, Callable[[Call], Array]] = {
    **dict.fromkeys(("lgamma", "gammaln", "loggamma"), _of("gammaln")),
    "gamma": _of("gamma"),
    **dict.fromkeys(("digamma", "psi"), _of("polygamma", Fraction(0))),
    "trigamma": _of("polygamma", Fraction(1)),
    "polygamma": _polygamma,
    "betaln": _log_beta,
}
