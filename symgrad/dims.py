"""Symbolic dimensions: polynomials over the rationals in named sizes, such as `n`, `2d + 1` or `k·m/2`.

A dimension is a whole number at least 1 once its names have sizes; what that asks of the names
(`k·m` even) is derived from it as a `Condition`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache, reduce
from math import gcd, lcm
from typing import ClassVar

from symgrad import names

Monomial = tuple[tuple[str, int], ...]


class Dim:
    """A dimension. Interned: equal dimensions are the same object, so `==` costs nothing.

    >>> d = Dim.of("d")
    >>> print(2 * d + 1, "|", 32 * (2 * d + 1), "|", Dim.of("k") * Dim.of("m") / 2)
    2d + 1 | 64d + 32 | k·m/2
    >>> print(Dim.of("n") + 1 - Dim.of("k"))
    n - k + 1
    >>> Dim.of(3) is Dim.of("n") + 3 - Dim.of("n")
    True
    """

    __slots__ = ("is_one", "name", "number", "symbols", "terms")
    _interned: ClassVar[dict[tuple[tuple[Monomial, Fraction], ...], Dim]] = {}

    terms: tuple[tuple[Monomial, Fraction], ...]
    is_one: bool
    name: str | None  # its name, where it is one and nothing else
    number: int | None  # its value when it has no names in it and is whole
    symbols: frozenset[str]  # the names it is made of

    def __new__(cls, terms: Mapping[Monomial, Fraction]) -> Dim:
        def degree_first(item: tuple[Monomial, Fraction]) -> tuple[int, Monomial]:
            return -sum(power for _, power in item[0]), item[0]

        key = tuple(sorted(((m, c) for m, c in terms.items() if c), key=degree_first))
        dim = cls._interned.get(key)
        if dim is None:
            dim = super().__new__(cls)
            dim.terms = key
            is_name = len(key) == 1 and key[0][1] == 1 and len(key[0][0]) == 1 and key[0][0][0][1] == 1
            dim.name = key[0][0][0][0] if is_name else None
            is_number = not key or (len(key) == 1 and key[0][0] == () and key[0][1].denominator == 1)
            dim.number = sum(int(c) for _, c in key) if is_number else None
            dim.is_one = dim.number == 1
            dim.symbols = frozenset(name for monomial, _ in key for name, _ in monomial)
            cls._interned[key] = dim
        return dim

    @classmethod
    def of(cls, value: int | str | Fraction | Dim) -> Dim:
        """The dimension of that number or of that name."""
        return value if isinstance(value, Dim) else _of(value)

    def __add__(self, other: int | Dim) -> Dim:
        total = dict(self.terms)
        for monomial, coefficient in Dim.of(other).terms:
            total[monomial] = total.get(monomial, Fraction(0)) + coefficient
        return Dim(total)

    __radd__ = __add__

    def __neg__(self) -> Dim:
        return Dim({m: -c for m, c in self.terms})

    def __sub__(self, other: int | Dim) -> Dim:
        return self + (-Dim.of(other))

    def __mul__(self, other: int | Fraction | Dim) -> Dim:
        product: dict[Monomial, Fraction] = {}
        for left, a in self.terms:
            for right, b in Dim.of(other).terms:
                powers = dict(left)
                for name, power in right:
                    powers[name] = powers.get(name, 0) + power
                monomial = tuple(sorted(powers.items()))
                product[monomial] = product.get(monomial, Fraction(0)) + a * b
        return Dim(product)

    __rmul__ = __mul__

    def __truediv__(self, divisor: int) -> Dim:
        return self * Fraction(1, divisor)

    def over(self, divisor: Dim) -> Dim | None:
        """The quotient by a product of names and numbers, where it has no remainder; a number may leave a fraction.

        >>> h, k = Dim.of("h"), Dim.of("k")
        >>> (3 * h * k).over(h), h.over(k), (h + k).over(h + k)
        (3k, None, 1)
        """
        if self is divisor:
            return Dim.of(1)
        if len(divisor.terms) != 1:
            return None
        ((below, factor),) = divisor.terms
        quotient: dict[Monomial, Fraction] = {}
        for monomial, coefficient in self.terms:
            powers = dict(monomial)
            for name, power in below:
                powers[name] = powers.get(name, 0) - power
            if any(power < 0 for power in powers.values()):
                return None
            quotient[tuple(sorted((n, p) for n, p in powers.items() if p))] = coefficient / factor
        return Dim(quotient)

    def __reduce__(self) -> tuple[type[Dim], tuple[dict[Monomial, Fraction]]]:
        return Dim, (dict(self.terms),)

    def evaluate(self, sizes: Mapping[str, int]) -> Fraction:
        """Its value for these sizes (KeyError for a name without one)."""
        whole = 0
        rest: Fraction | None = None
        for monomial, coefficient in self.terms:
            value = 1
            for name, power in monomial:
                value *= sizes[name] ** power
            if coefficient.denominator == 1:  # nearly always, and whole numbers are quickly added
                whole += coefficient.numerator * value
            else:
                rest = coefficient * value if rest is None else rest + coefficient * value
        return Fraction(whole) if rest is None else rest + whole

    @property
    def latex(self) -> str:
        return self._written(names.latex, r"\,", lambda n, d: rf"\frac{{{n}}}{{{d}}}")

    def __str__(self) -> str:
        return self._written(names.text, "·", lambda n, d: f"{n}/{d}")

    __repr__ = __str__

    def _written(self, spell: Callable[[str], str], times: str, over: Callable[[str, int], str]) -> str:
        if not self.terms:
            return "0"
        pieces: list[str] = []
        first = next((term for term in self.terms if term[1] > 0), self.terms[0])
        for monomial, coefficient in (first, *(term for term in self.terms if term is not first)):
            letters = times.join(spell(n) + _exponent(p, times) for n, p in monomial)
            size = abs(coefficient.numerator)
            body = letters if letters and size == 1 else f"{size}{letters}"
            if coefficient.denominator != 1:
                body = over(body, coefficient.denominator)
            sign = "-" if coefficient < 0 else "+"
            pieces.append(f" {sign} {body}" if pieces else ("-" if coefficient < 0 else "") + body)
        return "".join(pieces)

    @property
    def content(self) -> int:
        """The largest whole number that divides every coefficient.

        >>> (64 * Dim.of("d") + 32).content
        32
        """
        if any(c.denominator != 1 for _, c in self.terms):
            return 1
        return reduce(gcd, (abs(int(c)) for _, c in self.terms), 0)


@lru_cache(maxsize=65536)
def _of(value: int | str | Fraction) -> Dim:
    return Dim({((value, 1),): Fraction(1)} if isinstance(value, str) else {(): Fraction(value)})


def _exponent(power: int, times: str) -> str:
    if power == 1:
        return ""
    return f"^{{{power}}}" if times.startswith("\\") else str(power).translate(_SUPERSCRIPT)


_SUPERSCRIPT = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
ONE = Dim.of(1)
Shape = tuple[Dim, ...]


def shape_of(sizes: Iterable[int | str | Dim]) -> Shape:
    """A shape from numbers, names and dimensions."""
    return tuple(Dim.of(size) for size in sizes)


def show(shape: Shape) -> str:
    """A shape as people write it: `b×2`, `(d + 32)×d`; a scalar is `scalar`.

    >>> show(shape_of(["b", 2])), show(()), show((Dim.of("d") + 32, Dim.of("d")))
    ('b×2', 'scalar', '(d + 32)×d')
    """
    if not shape:
        return "scalar"
    return "×".join(f"({d})" if len(d.terms) > 1 or ("/" in str(d) and len(shape) > 1) else str(d) for d in shape)


def latex_shape(shape: Shape) -> str:
    if not shape:
        return r"\text{scalar}"
    return r" \times ".join(rf"({d.latex})" if len(d.terms) > 1 and len(shape) > 1 else d.latex for d in shape)


@dataclass(frozen=True)
class Condition:
    """What the sizes must meet for a network to exist: `left` is a multiple of `modulus`, or equals `right`."""

    left: Dim
    modulus: int = 1
    right: Dim | None = None
    because: str = ""

    def holds(self, sizes: Mapping[str, int]) -> bool:
        value = self.left.evaluate(sizes)
        if self.right is not None:
            return value == self.right.evaluate(sizes)
        return value % self.modulus == 0

    def __str__(self) -> str:
        if self.right is not None:
            return f"{self.left} = {self.right}"
        if self.modulus == 2 and len(self.left.terms) == 1:
            return f"{self.left} is even"
        return f"{self.left} is divisible by {self.modulus}"

    @property
    def latex(self) -> str:
        if self.right is not None:
            return f"{self.left.latex} = {self.right.latex}"
        if self.modulus == 2 and len(self.left.terms) == 1:
            return rf"{self.left.latex} \text{{ is even}}"
        return rf"{self.left.latex} \text{{ is divisible by }} {self.modulus}"


@lru_cache(maxsize=4096)
def whole(dim: Dim) -> Condition | None:
    """What makes the dimension a whole number; None when any sizes do.

    >>> print(whole(Dim.of("k") * Dim.of("m") / 2))
    k·m is even
    >>> whole(2 * Dim.of("n")) is None
    True
    """
    modulus = reduce(lcm, (c.denominator for _, c in dim.terms), 1)
    if modulus == 1:
        return None
    numerators = dim * modulus
    # Whole multiples of the modulus do not matter: n + 2 is even when n is.
    reduced = Dim({m: Fraction(int(c) % modulus) for m, c in numerators.terms if int(c) % modulus})
    return Condition(reduced, modulus)


def solve(dim: Dim, value: int, sizes: dict[str, int]) -> bool:
    """Extend `sizes` so that `dim` has that value; False when it cannot.

    One unknown name that occurs linearly is solved for. More unknown names are left open (True): what
    remains is checked when every size is known.

    >>> sizes = {"k": 3}; solve(Dim.of("k") * Dim.of("m") / 2, 6, sizes), sizes
    (True, {'k': 3, 'm': 4})
    >>> solve(Dim.of("k"), 2, sizes)
    False
    """
    if dim.name is not None:
        return sizes.setdefault(dim.name, value) == value and value >= 1
    unknown = [n for n in dim.symbols if n not in sizes]
    if not unknown:
        return dim.evaluate(sizes) == value
    if len(unknown) > 1:
        return True
    name = unknown[0]
    at_zero = dim.evaluate({**sizes, name: 0})
    slope = dim.evaluate({**sizes, name: 1}) - at_zero
    if any(power > 1 for monomial, _ in dim.terms for n, power in monomial if n == name) or slope == 0:
        return False
    size = (value - at_zero) / slope
    if size.denominator != 1 or size < 1:
        return False
    sizes[name] = int(size)
    return True
