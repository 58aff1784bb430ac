"""Equations cleared of denominators: n/v − c/v² = 0 is linear once it is multiplied by v², S⁻¹ − S⁻¹ C S⁻¹ = 0 between two S."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from symgrad import names
from symgrad.rewrite import Facts, is_symmetric, simplify
from symgrad.rules import SIMPLIFY
from symgrad.rules.products import flatten_product
from symgrad.tensor import Add, Einsum, Factor, Indices, Node, add, constant, einsum, power, variables

_HIGHEST = 3


@dataclass(frozen=True)
class Cleared:
    """A gradient times what it was multiplied by, in words; it is 0 where the gradient is, if what it was multiplied by `holds`."""

    node: Node
    by: str = ""
    holds: str = ""


def cleared(gradient: Node, variable: Node, name: str, facts: Facts) -> Iterator[Cleared]:
    """The gradient as it is, then times whatever may clear it of its denominators."""
    yield Cleared(gradient)
    shown, shape = names.text(name), gradient.shape
    if len(shape) == 2 and shape[0] is shape[1] and not shape[0].is_one:
        # S Gᵀ S and not Sᵀ G Sᵀ, so that S and not its transpose is solved for.
        left, right = (variable, (0, 2)), (variable, (3, 1))
        turned = "" if is_symmetric(variable, facts) else "transposed, "
        for labels, factors, side in (((1, 2), [left], "the left"), ((3, 0), [right], "the right"), ((3, 2), [left, right], "both sides")):
            yield Cleared(_times(gradient, labels, factors, facts), f"{turned}times {shown} from {side}", "can be inverted")
    axes = tuple(range(len(shape)))
    holds = "has no zero" if any(not dim.is_one for dim in shape) else "is not 0"
    for exponent in range(1, _HIGHEST + 1):
        by = f"times {shown}" + ("" if exponent == 1 else "²" if exponent == 2 else "³")
        yield Cleared(_times(gradient, axes, [(variable, axes)] * exponent, facts), by, holds)
    rest = constant(1, shape) - variable
    yield Cleared(_times(gradient, axes, [(variable, axes), (rest, axes)], facts), f"times {shown} and 1 − {shown}", holds)


def by_the_square(moved: Node, variable: Node, facts: Facts) -> Node:
    """The derivative by the square of the variable, from the derivative by the variable: 2 w a dw is a d(w²)."""
    axes = tuple(range(len(moved.shape)))
    return _times(moved, axes, [(power(variable, -1), axes)], facts) * Fraction(1, 2)


def _times(gradient: Node, labels: Indices, factors: Sequence[Factor], facts: Facts) -> Node:
    """Every term times the factors, in which denominators cancel."""
    out = tuple(range(len(gradient.shape)))
    made = [einsum([*factors, (term, labels)], out, gradient.shape) for term in _terms(gradient, factors[0][0])]
    return add([simplify(flatten_product(term, facts) or term, facts, SIMPLIFY) for term in made])


def _terms(node: Node, variable: Node) -> Iterator[Node]:
    """What a gradient adds up, its products multiplied out where a sum has the variable."""
    if isinstance(node, Add):
        for operand in node.operands:
            yield from _terms(operand, variable)
        return
    for k, (inner, labels) in enumerate(node.factors) if isinstance(node, Einsum) else ():
        if not (isinstance(inner, Add) and variable in variables(inner)):
            continue
        assert isinstance(node, Einsum)
        for term in inner.operands:
            factors = [*node.factors[:k], (term, labels), *node.factors[k + 1 :]]
            made = einsum(factors, node.out, node.shape, node.coefficient, node.sizes)
            yield from _terms(flatten_product(made, Facts()) or made, variable)
        return
    yield node
