"""What an undeclared name may be, by its letter: a column, a matrix, a scalar; a weight, a rate, a count."""

from __future__ import annotations

from collections.abc import Mapping

TENSORS = ("3 axes", "4 axes", "5 axes")
"""What a name in capitals may be where a matrix does not fit."""
RATES = frozenset("c k m n r s t h alpha beta gamma eta tau temp scale rate".split())
"""The letters of numbers, though a vector may have them too."""
COUNTS = frozenset({"n", "t", "temp", "tau"})
"""Those that what they divide is not a vector for."""
BIASES = frozenset({"b", "c", "bias", "beta", "gamma"})
_WEIGHTS = ("W", "U", "V", "A", "K", "Theta", "Θ")


def is_weight(name: str) -> bool:
    """Whether people give that name to a matrix of weights."""
    return stem(name) in _WEIGHTS


def stem(name: str) -> str:
    """The letters that a name begins with: W of W1, W_hh and W2.

    >>> stem("W1"), stem("W_hh"), stem("theta_0"), stem("Wx")
    ('W', 'W', 'theta', 'W')
    """
    head = name.split("_")[0].rstrip("0123456789")
    return head[0] if len(head) == 2 and head[0].isupper() and head[1].islower() else head


def kinds_in_order(name: str, greek: Mapping[str, str]) -> tuple[str, ...]:
    """What an undeclared name may be, the most usual first: lower case a column, upper case a matrix, Greek a scalar."""
    first = stem(name)
    is_greek = (
        (first in greek and first.islower()) or first in ("lam", "lmbda", "lamb", "eps") or (first in greek.values() and first.islower())
    )
    if is_greek:
        return "scalar", "column", "row"
    return ("matrix", *TENSORS) if name[0].isupper() else ("column", "row", "scalar", "matrix")
