"""What may be declared of an input: that it is symmetric, a mask, a distribution along an axis, …

A property makes rewrites hold (`symgrad.rules`) and says how values are drawn (`symgrad.sampling`). It says nothing of the derivative:
a gradient by an input with a property is the one by all of its entries, free to move.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from symgrad.dims import Shape, show
from symgrad.errors import InvalidNetwork


@dataclass(frozen=True)
class Property:
    """One property: what is said of such a name, its words on a command line, what else holds, whether it needs a square or an axis."""

    name: str
    said: str
    words: tuple[str, ...]
    implies: tuple[str, ...] = ()
    square: bool = False
    along_an_axis: bool = False


PROPERTIES: dict[str, Property] = {
    p.name: p
    for p in (
        Property("mask", "is a mask", ("mask", "binary", "zeros and ones")),
        Property("signs", "holds −1 and +1", ("signs", "plus or minus one", "±1")),
        Property("one_hot", "is one-hot", ("one-hot", "one hot", "onehot", "one_hot"), ("distribution",), along_an_axis=True),
        Property(
            "distribution", "is a distribution", ("distribution", "probabilities", "probability vector", "sums to one"), along_an_axis=True
        ),
        Property("places", "has places, counted from 0", ("places", "indices", "index", "labels", "class labels")),
        Property("positive", "is positive", ("positive",)),
        Property("symmetric", "is symmetric", ("symmetric",), square=True),
        Property(
            "positive_definite",
            "is positive definite",
            ("positive definite", "positive-definite", "spd", "pd", "positive_definite"),
            ("symmetric",),
            square=True,
        ),
        Property("diagonal", "is diagonal", ("diagonal",), ("symmetric",), square=True),
        Property("orthogonal", "is orthogonal", ("orthogonal",), ("orthonormal",), square=True),
        Property("orthonormal", "has orthonormal columns", ("orthonormal", "orthonormal columns")),
    )
}
OF_EACH_MATRIX = frozenset({"symmetric", "positive_definite"})
"""What may be said of each matrix of a stack as well."""
BY_WORD: dict[str, str] = {word: p.name for p in PROPERTIES.values() for word in p.words}


def along(names: Iterable[str], shape: Shape) -> frozenset[str]:
    """Properties with their axis where they need one: a vector's own, of a matrix each row, of more axes the last.

    >>> from symgrad.dims import shape_of
    >>> sorted(along({"one_hot"}, shape_of(["k", 1]))), sorted(along({"distribution"}, shape_of(["n", "k"])))
    (['one_hot:0'], ['distribution:1'])
    """
    axis = 0 if len(shape) < 2 or (len(shape) == 2 and shape[1].is_one) else len(shape) - 1
    return frozenset(f"{name}:{axis}" if PROPERTIES[name].along_an_axis else name for name in names)


def closed(properties: Iterable[str], shape: Shape, name: str) -> frozenset[str]:
    """The properties with all that they imply. Raises `InvalidNetwork` for one that the shape does not allow."""
    found: dict[str, None] = {}
    waiting = list(properties)
    while waiting:
        given = waiting.pop()
        kind, colon, axis = given.partition(":")
        known = PROPERTIES[kind]
        if known.square and (len(shape) < 2 or shape[-2] is not shape[-1] or (len(shape) > 2 and kind not in OF_EACH_MATRIX)):
            raise InvalidNetwork(f"{name} is {show(shape)}, and only a square matrix is {kind.replace('_', ' ')}")
        if known.along_an_axis and not shape:
            raise InvalidNetwork(f"{name} is a scalar, and {kind.replace('_', '-')} is a vector or a matrix")
        found[given] = None
        waiting += [implied + colon + axis for implied in known.implies]
    return frozenset(found)


def stated(properties: Iterable[str]) -> list[str]:
    """What is said of a name with these properties; what others of them imply is not said again.

    >>> stated({"symmetric", "diagonal"}), stated({"one_hot:0", "distribution:0"})
    (['is diagonal'], ['is one-hot'])
    """
    kinds = {given.partition(":")[0] for given in properties}
    implied = {other for kind in kinds for other in PROPERTIES[kind].implies}
    return [p.said for p in PROPERTIES.values() if p.name in kinds - implied]
