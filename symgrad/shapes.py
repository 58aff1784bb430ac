"""Unknown sizes and their unification: an immutable substitution, so that readings can be tried side by side.

An unknown size is a dimension whose name begins with `?`; every other name is one that the author declared. Declared names are
distinct sizes until a number is given for one of them.
Source: Robinson, *A machine-oriented logic based on the resolution principle* (1965), for unification.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property, lru_cache

from symgrad.dims import ONE, Dim, Shape

_UNKNOWN = "?"


@lru_cache(maxsize=65536)
def unknown(label: str) -> Dim:
    """The unknown size with that label; the same label is the same size."""
    return Dim.of(_UNKNOWN + label)


def is_unknown(name: str) -> bool:
    return name.startswith(_UNKNOWN)


@dataclass(frozen=True)
class Shapes:
    """What the sizes have been found to be.

    >>> n, a, b = Dim.of("n"), unknown("a"), unknown("b")
    >>> found = Shapes().unify(a, b).unify(b, n)
    >>> found.resolve(a)
    n
    >>> found.unify(a, Dim.of("m")) is None
    True
    """

    bound: Mapping[str, Dim] = field(default_factory=dict)

    @cached_property
    def key(self) -> frozenset[tuple[str, Dim]]:
        """The same for the same sizes."""
        return frozenset(self.bound.items())

    def resolve(self, dim: Dim) -> Dim:
        """The dimension with every size that is known put in."""
        bound = self.bound
        while dim.name is not None:
            found = bound.get(dim.name)
            if found is None:
                return dim
            dim = found
        if bound.keys().isdisjoint(dim.symbols):
            return dim
        total = Dim.of(0)
        for monomial, coefficient in dim.terms:
            product = Dim.of(coefficient)
            for symbol, power in monomial:
                for _ in range(power):
                    product = product * self.resolve(Dim.of(symbol))
            total = total + product
        return self.resolve(total)

    def shape(self, *dims: Dim) -> Shape:
        return tuple(map(self.resolve, dims))

    def is_one(self, dim: Dim) -> bool:
        return self.resolve(dim).is_one

    def is_open(self, dim: Dim) -> bool:
        """Whether it is an unknown size, and no more than that is known of it."""
        name = self.resolve(dim).name
        return name is not None and is_unknown(name)

    def unify(self, left: Dim, right: Dim) -> Shapes | None:
        """The substitution under which both are one size; None when there is none."""
        left, right = self.resolve(left), self.resolve(right)
        if left is right:
            return self
        for one, other in ((left, right), (right, left)):
            name = one.name
            if name is not None and is_unknown(name) and name not in other.symbols:
                return self._bind(name, other)
        for one, other in ((left, right), (right, left)):
            if other.number is None or other.number < 2:
                continue  # what is one is asked for everywhere, and no size is made to be
            settled = _solved(one, other.number)
            if settled is not None and not settled[1].is_one:
                return self._bind(*settled)
        return None

    def balanced(self, left: Dim, right: Dim) -> Shapes | None:
        """As `unify`, where sizes may also be sums: an unknown one is solved for, of the left side where there is one.

        >>> n, k, i = Dim.of("n"), Dim.of("k"), unknown("i")
        >>> Shapes().balanced(n, i + k - 1).resolve(i)
        n - k + 1
        """
        whole = self.resolve(left)
        rest = whole - self.resolve(right)
        found: dict[str, tuple[Fraction, Dim]] = {}
        for name in sorted(filter(is_unknown, rest.symbols), key=lambda n: (n not in whole.symbols, n)):
            (times, *_) = [c for monomial, c in rest.terms if any(symbol == name for symbol, _ in monomial)]
            others = rest - times * Dim.of(name)
            if name not in others.symbols:
                found[name] = times, others
        # What leaves a fraction is solved for where nothing else is: n places, every third taken.
        for name, (times, others) in sorted(found.items(), key=lambda item: abs(item[1][0]) != 1):
            return self._bind(name, others * (-1 / times))
        return self if rest is Dim.of(0) else self.unify(left, right)

    def made(self, dim: Dim, number: Dim) -> Shapes | None:
        """With one of the sizes that a sum is made of taken to be what makes it that number; only for numbers."""
        whole = self.resolve(dim)
        for name in sorted(whole.symbols):
            rest = whole - Dim.of(name)
            if name not in rest.symbols:
                return self._bind(name, number - rest)
        return None

    def as_one(self, dim: Dim) -> Shapes | None:
        """With a declared size taken to be 1, as the numbers of one example have it; only for numbers."""
        name = self.resolve(dim).name
        return self if self.is_one(dim) else None if name is None else self._bind(name, ONE)

    def together(self, *pairs: tuple[Dim, Dim]) -> Shapes | None:
        """All pairs unified, one after the other."""
        found: Shapes | None = self
        for left, right in pairs:
            if found is None:
                return None
            found = found.unify(left, right)
        return found

    def scalar(self, rows: Dim, cols: Dim) -> Shapes | None:
        return self.together((rows, ONE), (cols, ONE))

    def _bind(self, name: str, dim: Dim) -> Shapes:
        made = type(self)({**self.bound, name: dim})
        made.__dict__["key"] = self.key | {(name, dim)}  # sooner made from this one's than anew
        return made


class Declared(Shapes):
    """Sizes of which a declared name may be told by what it has to fit: with [X, Z] of d + m columns beside W of r rows, r is d + m.

    Two names stay two sizes, and none is made a number so.

    >>> d, m, r = Dim.of("d"), Dim.of("m"), Dim.of("r")
    >>> Declared().unify(d + m, r).resolve(r), Declared().unify(d - m, m).resolve(d), Declared().unify(d, r)
    (d + m, 2m, None)
    """

    def unify(self, left: Dim, right: Dim) -> Shapes | None:
        found = super().unify(left, right)
        return found if found is not None else self._told(self.resolve(left), self.resolve(right))

    def _told(self, left: Dim, right: Dim) -> Shapes | None:
        rest = left - right
        # The name that stands alone comes first; a size is a whole number, so of p and n/2 it is n that is 2p.
        for name in sorted(rest.symbols, key=lambda n: (n not in (left.name, right.name), n)):
            held = [(monomial, c) for monomial, c in rest.terms if name in dict(monomial)]
            if len(held) != 1 or held[0][0] != ((name, 1),):
                continue
            found = (rest - held[0][1] * Dim.of(name)) * (-1 / held[0][1])
            whole = all(c.denominator == 1 for _, c in found.terms)
            if whole and found.name is None and found.symbols and any(c > 0 for monomial, c in found.terms if monomial):
                return self._bind(name, found)
        return None


def _solved(dim: Dim, value: int) -> tuple[str, Dim] | None:
    """The one name of a linear dimension, and what it must be for the dimension to have that value."""
    if len(dim.symbols) != 1:
        return None
    (name,) = dim.symbols
    at_zero = dim.evaluate({name: 0})
    slope = dim.evaluate({name: 1}) - at_zero
    if slope == 0 or dim.evaluate({name: 2}) != at_zero + 2 * slope:
        return None
    size = (Fraction(value) - at_zero) / slope
    return (name, Dim.of(int(size))) if size.denominator == 1 and size >= 1 else None
