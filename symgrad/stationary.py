"""Where a gradient that is linear in its variable vanishes: the normal equations and their solution.

∂L/∂w = A w + g with A and g free of w is 0 at w = −A⁻¹ g. For a matrix W the gradient must be A W + G, W B + G or A W B + G; a sum of
both kinds (a Sylvester equation) has no solution of this form and is refused, like a gradient that is not linear.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from symgrad import names
from symgrad.coefficient import as_matrix, coefficient, identity, long_axes
from symgrad.differences import Check
from symgrad.dims import ONE, Dim, Shape
from symgrad.errors import CheckFailed, Unsupported
from symgrad.evaluate import compiled
from symgrad.form import Form, apply, number, symbol
from symgrad.further import Further
from symgrad.gradient import depend_on, gradients
from symgrad.network import Network
from symgrad.numpycode import Program
from symgrad.opening import opened
from symgrad.raising import matching, raise_form
from symgrad.rewrite import simplify
from symgrad.rules import SIMPLIFY
from symgrad.sampling import draw_sizes, draw_values, needs_positive
from symgrad.tangents import is_zero
from symgrad.tensor import UNIT, Einsum, Eye, Factor, Node, add, constant, einsum, eye, substitute, var, variables
from symgrad.textbook import hadamard_of, product_of, scaled, turned
from symgrad.typeset import text
from symgrad.vjp import pushforward

_TOLERANCE = 1e-8
_WELL_CONDITIONED = 1e5
_POINTS = 4
_TRIES = 200
_SEED = 20240301


@dataclass(frozen=True)
class _Linear:
    """∂L/∂w = `left` w `right` + `rest`; None stands for the identity."""

    left: Node | None
    right: Node | None
    rest: Node


def stationary_points(network: Network, of: str, wrt: Sequence[str], check: bool) -> list[Further]:
    """The point for every name by itself, the others held fixed. Raises `Unsupported` when there is none for any of them."""
    found: list[Further] = []
    for name in wrt:
        try:
            found.append(_stationary(network, of, name, check))
        except Unsupported as error:
            if len(wrt) == 1:
                raise Unsupported(f"there is no stationary point of {of} by {name} to derive: {error}") from None
            variable = symbol(name, network.variables[name].shape)
            found.append(Further("stationary", _named(name), of, (name,), variable, None, "", str(error)))
    return found


def _named(name: str) -> str:
    return f"{name}\u2063star"


def _stationary(network: Network, of: str, wrt: str, check: bool) -> Further:
    facts = network.facts
    variable = symbol(wrt, network.variables[wrt].shape)
    linear = _linear(network, of, wrt)
    rest, left, right = (None if node is None else raise_form(node, facts) for node in (linear.rest, linear.left, linear.right))
    assert rest is not None
    # A number common to both sides goes: 2 Xᵀ X w = 2 Xᵀ y.
    factor, left, right = _without_number(left, right)
    target = scaled([number(-1), *factor], rest if rest.is_scalar else matching(rest, variable.shape))
    solved, conditions = _solved(left, right, target)
    solution = matching(solved, variable.shape)
    if is_zero(linear.rest):
        target = solution = apply("zeros", (), variable.shape) if not variable.is_scalar else matching(number(0), variable.shape)
    if variable.is_scalar:
        normal = scaled([left], variable) if left is not None else variable
    else:
        normal = product_of([f for f in (left, variable, right) if f is not None])
    rule = "where the gradient is 0"
    stated = ((normal, target, rule),) if normal is not solution and normal is not variable else ()
    further = Further(
        "stationary", _named(wrt), of, (wrt,), variable, solution, "solved" if stated else rule,
        conditions=conditions, stated=stated, uses=(wrt,),
    )  # fmt: skip
    return _checked(network, of, further, [f for f in (left, right) if f is not None], rest) if check else further


def _linear(network: Network, of: str, wrt: str) -> _Linear:
    """The gradient taken apart. Raises `Unsupported` where it is not linear."""
    if wrt not in network.inputs:
        raise Unsupported(f"symgrad solves for inputs of a network; {wrt} is a definition")
    facts, variable = network.facts, network.variables[wrt]
    shape = variable.shape
    moving = depend_on(network, {wrt})
    inner: dict[Node, Node] = {}
    for definition in network.definitions.values():
        if definition.name in moving and definition.name != wrt:
            inner[network.variables[definition.name]] = substitute(definition.node, inner)
    found = gradients(network, of, [wrt])
    known: dict[Node, Node] = {}
    for name, depths in opened(network.facts, found).items():
        known[var(names.gradient(of, name), found[name].shape)] = substitute(substitute(depths.named, known), inner)
    gradient = known[var(names.gradient(of, wrt), shape)]
    refusal = f"its gradient is not linear in {wrt}, and symgrad solves only what is"
    move = var(names.tangent(wrt), shape)
    moved = simplify(pushforward(gradient, {variable: move}), facts, SIMPLIFY)
    if is_zero(moved):
        raise Unsupported(f"its gradient does not depend on {wrt}")
    if any(v.name in moving for v in variables(moved) if v is not move):
        raise Unsupported(refusal)
    rest = simplify(substitute(gradient, {variable: constant(0, shape)}), facts, SIMPLIFY)
    if any(v.name in moving for v in variables(rest)):
        raise Unsupported(refusal)
    sides = _sides(coefficient(moved, {move: (identity(shape),)}, shape), shape, refusal)
    left, right = (None if side is None else simplify(side, facts, SIMPLIFY) for side in sides)
    if any(isinstance(side, Einsum) and not side.factors and not side.shape[0].is_one for side in (left, right)):
        raise Unsupported(f"{wrt} is only summed in its gradient, which vanishes at many points")
    return _Linear(left, right, rest)


def _sides(terms: Sequence[Node], shape: Shape, refusal: str) -> tuple[Node | None, Node | None]:
    """The matrices on the left and on the right of the variable, from the terms of the derivative by it."""
    if long_axes(shape) < 2:
        is_row = len(shape) == 2 and not shape[1].is_one
        matrix = as_matrix(add(terms), shape, shape, turned=is_row)
        return (None, matrix) if is_row else (matrix, None)
    if len(shape) != 2:
        raise Unsupported("symgrad solves for scalars, vectors and matrices")
    parts = [_apart(term, shape, refusal) for term in terms]
    if all(isinstance(part.right, Eye) for part in parts):
        return add([part.times(part.left) for part in parts]), None
    if all(isinstance(part.left, Eye) for part in parts):
        return None, add([part.times(part.right) for part in parts])
    if len(parts) == 1:
        return parts[0].times(parts[0].left), parts[0].right
    raise Unsupported(
        "the equation has the variable times a matrix on its left in one term and on its right in another (a Sylvester equation), "
        "which has no solution as one product"
    )


@dataclass(frozen=True)
class _Part:
    """One term of a derivative by a matrix: a number, scalars, and A_ik B_lj, so that it maps V to A V B."""

    term: Einsum
    scalars: tuple[Factor, ...]
    left: Node
    right: Node

    def times(self, matrix: Node) -> Node:
        """A matrix times the number and the scalars."""
        factors = [*self.scalars, (matrix, (0, 1))]
        return einsum(factors, (0, 1), matrix.shape, self.term.coefficient, self.term.sizes)


def _apart(term: Node, shape: Shape, refusal: str) -> _Part:
    """The term with the axes i, j, k, l as A_ik B_lj. Raises `Unsupported` where some factor ties the two together."""
    if not isinstance(term, Einsum):
        raise Unsupported(f"{refusal}; the variable does not stand between two matrices")
    i, j, k, m = term.out
    side_of = {i: 0, k: 0, j: 1, m: 1}
    groups: tuple[list[Factor], list[Factor]] = ([], [])
    scalars = [f for f in term.factors if all(label == UNIT for label in f[1])]
    waiting = [f for f in term.factors if f not in scalars]
    while waiting:
        tied = next(((f, {side_of[x] for x in f[1] if x in side_of}) for f in waiting if any(x in side_of for x in f[1])), None)
        if tied is None or len(tied[1]) > 1:
            raise Unsupported(f"{refusal}; the variable does not stand between two matrices")
        factor, (side,) = tied
        side_of |= {label: side for label in factor[1] if label != UNIT}
        groups[side].append(factor)
        waiting.remove(factor)
    n, p = shape
    return _Part(term, tuple(scalars), _between(groups[0], (i, k), n), _between(groups[1], (m, j), p))


def _between(factors: list[Factor], out: tuple[int, int], dim: Dim) -> Node:
    """The square matrix of these factors, of ones where there are none; the identity, which is symmetric, is one object."""
    return eye(dim) if factors and all(isinstance(n, Eye) for n, _ in factors) else einsum(factors, out, (dim, dim))


def _without_number(left: Form | None, right: Form | None) -> tuple[list[Form], Form | None, Form | None]:
    """The reciprocals of the number and the scalars in front of the matrices, and the matrices without them."""
    factor: list[Form] = []
    out: list[Form | None] = []
    for side in (left, right):
        if side is not None and side.op == "number":
            factor.append(number(1 / side.value, tuple((dim, -e) for dim, e in side.sizes)))
            side = None
        elif side is not None and side.op == "scale":
            for scalar in side.args[:-1]:
                if scalar.op == "number":
                    factor.append(number(1 / scalar.value, tuple((dim, -e) for dim, e in scalar.sizes)))
                else:
                    factor.append(apply("power", [scalar], (Fraction(-1),)))
            side = side.args[-1]
        out.append(None if side is not None and side.op == "eye" else side)
    return factor, out[0], out[1]


def _solved(left: Form | None, right: Form | None, target: Form) -> tuple[Form, tuple[tuple[Form, str], ...]]:
    """−A⁻¹ G B⁻¹, and under which condition."""
    conditions: list[tuple[Form, str]] = []
    for side, matrix in ((0, left), (1, right)):
        if matrix is None:
            continue
        if matrix.is_scalar:
            target = scaled([apply("power", [matrix], (Fraction(-1),))], target)
            conditions.append((matrix, "is not 0"))
        elif matrix.op == "diag":
            reciprocal = apply("power", [_like(matrix.args[0], target, side)], (Fraction(-1),))
            target = hadamard_of([target, reciprocal])
            conditions.append((matrix.args[0], "has no zero"))
        else:
            inverse = apply("inverse", [matrix])
            target = product_of([inverse, target] if side == 0 else [target, inverse])
            conditions.append((matrix, "can be inverted"))
    return target, tuple(conditions)


def _like(vector: Form, target: Form, side: int) -> Form:
    """The diagonal as a column for rows that are scaled, as a row for columns."""
    column = vector if vector.shape[-1].is_one else turned(vector)
    chosen = column if side == 0 else turned(column)
    if chosen.shape == target.shape:
        return chosen
    ones = apply("ones", (), (ONE, target.shape[1]) if side == 0 else (target.shape[0], ONE))
    return product_of([chosen, ones] if side == 0 else [ones, chosen])


# ── the check ────────────────────────────────────────────────────────────────────────────────────────────────────────

_REST = "rest\u2063"
# An input of the variable's shape, which only its sizes are read off.
_LIKE = "like\u2063"


def _checked(network: Network, of: str, further: Further, inverted: Sequence[Form], rest: Form) -> Further:
    """The gradient at the solution is 0, by numbers, at points where what is inverted is far from singular."""
    (wrt,) = further.wrt
    program, matrices = _program(network, of, further, inverted, rest)
    run = compiled(program).run
    check = Check(wrt, "substitution")
    rng = np.random.default_rng(_SEED)
    for _ in range(_TRIES):
        if check.points == _POINTS:
            break
        given = draw_values(network, draw_sizes(network, rng), rng, needs_positive(network))
        given[_LIKE] = given[wrt]
        with np.errstate(all="ignore"):
            try:
                values = {name: np.asarray(value, dtype=float) for name, value in run(given, {}).items()}
            except np.linalg.LinAlgError:
                continue
            if not all(np.linalg.cond(np.atleast_2d(values[name])) < _WELL_CONDITIONED for name in matrices):
                continue
        scale = max(1.0, float(np.max(np.abs(values[_REST]))))
        error = float(np.max(np.abs(values[names.gradient(of, wrt)]))) / scale
        check.points += 1
        check.agreed += error <= _TOLERANCE
        check.max_relative_error = max(check.max_relative_error, error)
    if not check.points:
        raise Unsupported(f"no point was found where what is inverted for {text(further.left)} is far from singular")
    if not check.max_relative_error <= _TOLERANCE:
        raise CheckFailed(
            f"symgrad itself is wrong here: the gradient at the stationary point of {text(further.left)} is not 0 "
            f"({check.max_relative_error:.1e}). No solution is printed.\nPlease report the network."
        )
    return replace(further, check=check)


def _program(network: Network, of: str, further: Further, inverted: Sequence[Form], rest: Form) -> tuple[Program, list[str]]:
    """The network with the solution in the place of its variable, then the gradient there; and the names of what is inverted."""
    (wrt,) = further.wrt
    assert further.form is not None
    moving = depend_on(network, {wrt})
    matrices = {f"inverted\u2063{i}": form for i, form in enumerate(inverted)}
    found = gradients(network, of, [wrt])
    statements = [(d.name, d.form) for d in network.definitions.values() if d.name not in moving]
    statements += [*matrices.items(), (_REST, rest), (wrt, further.form)]
    statements += [(d.name, d.form) for d in network.definitions.values() if d.name in moving]
    statements += [(names.gradient(of, n), raise_form(depths.named, network.facts)) for n, depths in opened(network.facts, found).items()]
    inputs = {n: item.shape for n, item in network.inputs.items() if n != wrt}
    return Program({**inputs, _LIKE: network.variables[wrt].shape}, tuple(statements)), list(matrices)
