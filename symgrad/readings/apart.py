r"""What stands under `\sum_{i \ne j}` and has no value, or no slope, where i = j: the `\frac{1}{x_i - x_j}` and the `\|x_i - x_j\|`.

A sum over pairs is taken over all of them times a mask that is 0 where i = j; there a 1 is added to what vanishes, which changes no term
that counts. What is the same for (i, j) and (j, i) is half of the sum over all that differ, also under `\sum_{i<j}`, and of all where it
vanishes for i = j.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Mapping
from dataclasses import replace
from fractions import Fraction

from symgrad.dims import ONE
from symgrad.terms import Term, free_of

HALF = Fraction(1, 2)
_EVEN = frozenset({"abs", "square", "cos", "cosh"})
_AT_ZERO = frozenset({"abs", "sign", "sqrt", "log"})


def apart(term: Term, i: str, j: str) -> Term:
    """The term with 1[i = j] beside what vanishes for i = j under a function that is not smooth at 0."""
    args = tuple(apart(arg, i, j) for arg in term.args)
    if _is_rough_at_zero(term):
        (inner,) = args
        if {i, j} <= set(inner.free) and vanishes_where_equal(inner, i, j):
            delta = Term("delta", (), (i, j), ONE, ONE, tuple(sorted({i, j})))
            args = (Term("add", (inner, delta), (), ONE, ONE, free_of(inner, delta)),)
    return term if args == term.args else replace(term, args=args)


def vanishes_where_equal(term: Term, i: str, j: str) -> bool:
    return _vanishes(_renamed(term, {j: i}))


def is_symmetric(term: Term, i: str, j: str) -> bool:
    """Whether the term is seen to stay what it is when i and j are exchanged."""
    return _told(term) == _told(_renamed(term, {i: j, j: i}))


def _told(term: Term) -> Hashable:
    """A term up to the order of what is added and multiplied, and up to the sign of what an even function is of."""
    match term.op:
        case "add" | "scale":
            return _added(term, 1)
        case "hadamard":
            return "product", frozenset(Counter(map(_told, term.args)).items())
        case "inner" if term.args[0] == term.args[1]:
            return "square", _unsigned(term.args[0])
        case "elementwise" if term.params[0] in _EVEN or (term.params[0] == "power" and term.params[1] % 2 == 0):
            return term.params, _unsigned(term.args[0])
    return term.op, term.params, tuple(map(_told, term.args))


def _added(term: Term, sign: int) -> Hashable:
    terms = term.args if term.op == "add" else (term,)
    numbers = [(arg.params[0], arg.args[0]) if arg.op == "scale" else (Fraction(1), arg) for arg in terms]
    return "sum", frozenset(Counter({_told(rest): sign * number for number, rest in numbers}).items())


def _unsigned(term: Term) -> Hashable:
    return frozenset({_added(term, 1), _added(term, -1)})


def _is_rough_at_zero(term: Term) -> bool:
    """Whether it is a function without a value or a slope at 0: a root, a logarithm, a modulus, a power that is no whole number above 0."""
    if term.op != "elementwise":
        return False
    name, *params = term.params
    if name != "power":
        return name in _AT_ZERO
    exponent = Fraction(params[0])
    return exponent < 0 or exponent.denominator > 1


def _renamed(term: Term, letters: Mapping[str, str]) -> Term:
    """The term with other letters for its indices."""
    args = tuple(_renamed(arg, letters) for arg in term.args)
    params = tuple(letters.get(param, param) if isinstance(param, str) else param for param in term.params)
    return replace(term, args=args, params=params, free=tuple(sorted({letters.get(letter, letter) for letter in term.free})))


def _vanishes(term: Term) -> bool:
    """Whether it is seen to be 0: x − x, and what is made of it by products, powers and functions that are 0 at 0."""
    match term.op:
        case "add":
            balance: Counter[Term] = Counter()
            for arg in term.args:
                number, rest = (arg.params[0], arg.args[0]) if arg.op == "scale" else (1, arg)
                balance[rest] += number
            return all(number == 0 or _vanishes(rest) for rest, number in balance.items())
        case "hadamard" | "matmul" | "inner":
            return any(map(_vanishes, term.args))
        case "scale" | "series" | "sum" | "transpose":
            return _vanishes(term.args[0])
        case "elementwise" if term.params[0] in ("abs", "sqrt", "power", "square"):
            return _vanishes(term.args[0])
    return False
