"""Where a gradient that is linear in its variable vanishes: the normal equations and their solution.

∂L/∂w = A w + g with A and g free of w is 0 at w = −A⁻¹ g. For a matrix W the gradient is A W + G, W B + G or A W B + G; a sum of
several kinds, Σ A_k W B_k + G (as in a Sylvester equation), is solved with the columns of W stacked. What is not linear is refused.
"""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from symgrad import names
from symgrad.clearing import Cleared, by_the_square, cleared
from symgrad.coefficient import Terms, as_matrix, coefficient, identity, long_axes
from symgrad.differences import Check
from symgrad.dims import ONE, Dim, Shape
from symgrad.errors import CheckFailed, Unsupported
from symgrad.evaluate import compiled
from symgrad.form import Form, apply, cost, number, symbol, walk
from symgrad.further import Further
from symgrad.gradient import depend_on, gradients
from symgrad.network import Network
from symgrad.numpycode import Program
from symgrad.opening import opened
from symgrad.raising import matching, raise_form
from symgrad.reverse import pushforward
from symgrad.rewrite import Facts, simplify
from symgrad.rules import SIMPLIFY
from symgrad.rules.products import flatten_product
from symgrad.sampling import draw_sizes, draw_values, needs_positive
from symgrad.stacked import stacked, vec_of
from symgrad.tangents import is_zero
from symgrad.tensor import (
    UNIT,
    Einsum,
    Eye,
    Factor,
    Indices,
    Map,
    Node,
    add,
    constant,
    einsum,
    eye,
    func,
    power,
    substitute,
    topological,
    var,
    variables,
)
from symgrad.textbook import hadamard_of, product_of, scaled, turned, without_scalars
from symgrad.textbook_sums import sum_of
from symgrad.typeset import text

_TOLERANCE = 1e-8
_WELL_CONDITIONED = 1e5
_POINTS = 4
_TRIES = 200
_SEED = 20240301


@dataclass(frozen=True)
class _Linear:
    """∂L/∂w = `moved` + `rest`, where `moved` is `left` w `right`, None being the identity, or `system` times vec(w).

    It may have been cleared of denominators in some `way`, and then be linear in a `power` of the entries of w.
    """

    moved: Node
    rest: Node
    left: Node | None
    right: Node | None
    system: Form | None
    way: Cleared
    power: int


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
    rest = raise_form(linear.rest, facts)
    unknown = variable if linear.power == 1 else apply("power", [variable], (Fraction(linear.power),))
    normal, target, solution, conditions = (_by_system if linear.system is not None else _by_sides)(linear, unknown, rest, facts)
    if is_zero(linear.rest):
        target = solution = apply("zeros", (), variable.shape) if not variable.is_scalar else matching(number(0), variable.shape)
    if linear.power == 2:
        solution, conditions = apply("sqrt", [solution]), (*conditions, (solution, "is above 0"))
    elif linear.way.holds:
        conditions = (*conditions, (solution, linear.way.holds))
    rule = ", ".join(filter(None, ("where the gradient is 0", linear.way.by)))
    stated = ((normal, target, rule),) if normal is not solution and normal is not variable else ()
    further = Further(
        "stationary", _named(wrt), of, (wrt,), variable, solution, "solved" if stated else rule,
        conditions=conditions, stated=stated, uses=(wrt,),
    )  # fmt: skip
    return _checked(network, of, further, [form for form, _ in conditions], rest) if check else further


Solved = tuple[Form, Form, Form, tuple[tuple[Form, str], ...]]
"""Both sides of the equation, its solution, and what must hold of which forms."""


def _by_sides(linear: _Linear, variable: Form, rest: Form, facts: Facts) -> Solved:
    """A w B = −G is solved by A⁻¹ and B⁻¹."""
    left, right = (None if node is None else raise_form(node, facts) for node in (linear.left, linear.right))
    # A number common to both sides goes: 2 Xᵀ X w = 2 Xᵀ y.
    factor, left, right = _without_number(left, right)
    target = _positive(scaled([number(-1), *factor], rest if rest.is_scalar else matching(rest, variable.shape)))
    solved, conditions = _solved(*_cancelled(left, right, target))
    shorter = _with_inverses_cancelled(linear, facts)
    if shorter is not None and cost(shorter) < cost(solved):
        solved = shorter
        conditions = tuple(each for each in conditions if any(f.op == "inverse" and f.args[0] is each[0] for f in walk(shorter)))
    if variable.is_scalar:
        normal = scaled([left], variable) if left is not None else variable
    else:
        normal = product_of([f for f in (left, variable, right) if f is not None])
    return normal, target, matching(solved, variable.shape), conditions


def _by_system(linear: _Linear, variable: Form, rest: Form, facts: Facts) -> Solved:
    """Σ A_k W B_k = −G is (Σ B_kᵀ ⊗ A_k) vec(W) = −vec(G)."""
    assert linear.system is not None
    factor, system, _ = _without_number(linear.system, None)
    target = _positive(scaled([number(-1), *factor], matching(rest, variable.shape)))
    if system is None:  # a number times the variable
        return variable, target, target, ()
    solution = apply("unvec", [product_of([apply("inverse", [system]), vec_of(target)])], variable.shape)
    return scaled(factor, raise_form(linear.moved, facts)), target, solution, ((system, "can be inverted"),)


def _positive(form: Form) -> Form:
    """−A (b − y) = A (y − b): the sign goes into a difference."""
    scalars, body = without_scalars(form)
    lead = scalars[0] if scalars and scalars[0].op == "number" and scalars[0].value < 0 else None
    if lead is None:
        return form
    changed = _turned_round(body)
    return form if changed is None else scaled([number(-lead.value, lead.sizes), *scalars[1:]], changed)


def _turned_round(form: Form) -> Form | None:
    """The negative of a form by that of the first difference among its factors."""
    if form.op == "add":
        negative = [term.op == "scale" and term.args[0].op == "number" and term.args[0].value < 0 for term in form.args]
        return sum_of([scaled([number(-1)], term) for term in form.args], form.shape) if any(negative) else None
    if form.op in ("matmul", "hadamard", "sum", "divide"):
        for k, arg in enumerate(form.args[:1] if form.op == "divide" else form.args):
            inner = _turned_round(arg)
            if inner is not None:
                return apply(form.op, [*form.args[:k], inner, *form.args[k + 1 :]], form.params)
    return None


def _cancelled(left: Form | None, right: Form | None, target: Form) -> tuple[Form | None, Form | None, Form]:
    """K (K + λ I) a = K y is (K + λ I) a = y: a square matrix that stands first on both sides goes, as the whole can be inverted."""
    scalars, body = without_scalars(target)
    if left is not None and right is None and body.op == "matmul" and left.op in ("add", "matmul"):
        first, *others = body.args
        if first is left:
            return None, None, scaled(scalars, product_of(others))
        terms = [_without_first(term, first) for term in (left.args if left.op == "add" else (left,))]
        if first.shape == left.shape and None not in terms:
            left = sum_of([term for term in terms if term is not None], left.shape)
            target = scaled(scalars, product_of(others))
    return left, right, target


def _without_first(term: Form, first: Form) -> Form | None:
    """The term without its first factor; None where that is another one."""
    scalars, body = without_scalars(term)
    if body is first:
        return scaled(scalars, apply("eye", (), (first.shape[0],)))
    return scaled(scalars, product_of(list(body.args[1:]))) if body.op == "matmul" and body.args[0] is first else None


def _with_inverses_cancelled(linear: _Linear, facts: Facts) -> Form | None:
    """−A⁻¹ G B⁻¹ by the rewrites of inverses, (S⁻¹)⁻¹ S⁻¹ x = x, and −a⁻¹ g by those of powers, (n/σ²)⁻¹ σ⁻² s = s/n; None without any."""
    factors: list[Factor] = []
    if linear.left is not None and all(dim.is_one for dim in linear.left.shape):
        below = _reciprocal(linear.left)
        axes = tuple(range(len(linear.rest.shape)))
        node = einsum([(below, tuple(range(len(below.shape)))), (linear.rest, axes)], axes, linear.rest.shape, -1)
        return raise_form(simplify(flatten_product(node, facts) or node, facts, SIMPLIFY), facts)
    sides = [
        None if side is None or side.shape[0].is_one else func("inverse", [side], (), side.shape) for side in (linear.left, linear.right)
    ]
    labels: Indices = (0, 1)
    if sides[0] is not None:
        factors, labels = [(sides[0], (0, 2))], (2, 1)
    if sides[1] is not None:
        factors, labels = [*factors, (sides[1], (3, 1))], (labels[0], 3)
    if len(linear.rest.shape) != 2 or not factors:
        return None
    node = einsum([(linear.rest, labels), *factors], (0, 1), linear.rest.shape, -1)
    flat = flatten_product(node, facts) or node
    return _positive(raise_form(simplify(flat, facts, SIMPLIFY), facts))


def _reciprocal(scalar: Node) -> Node:
    """1/(a b Σ x) as a⁻¹ b⁻¹ (Σ x)⁻¹, of which some factor may cancel."""
    if not isinstance(scalar, Einsum):
        return power(scalar, -1)
    numbers = [f for f in scalar.factors if all(label == UNIT for label in f[1])]
    summed = [f for f in scalar.factors if f not in numbers]
    if summed:
        numbers.append((einsum(summed, (), ()), ()))
    sizes = [(dim, -exponent) for dim, exponent in scalar.sizes]
    return einsum([(power(n, -1), labels) for n, labels in numbers], scalar.out, scalar.shape, 1 / scalar.coefficient, sizes)


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
    if is_zero(simplify(pushforward(gradient, {variable: move}), facts, SIMPLIFY)):
        constant = "is constant between its kinks" if variable in topological([gradient]) else f"does not depend on {wrt}"
        raise Unsupported(f"its gradient {constant}")
    if _jumps(gradient, variable):
        raise Unsupported(refusal)
    found_linear = _without_denominators(gradient, variable, move, moving, wrt, facts)
    if found_linear is None:
        raise Unsupported(refusal)
    moved, rest, way, exponent = found_linear
    terms = coefficient(moved, {move: (identity(shape),)}, shape)
    whole = substitute(moved, {move: variable})
    sides = _sides(terms, shape)
    if sides is None:
        return _Linear(whole, rest, None, None, _system(terms, shape, facts, refusal), way, exponent)
    left, right = (None if side is None else simplify(side, facts, SIMPLIFY) for side in sides)
    if any(isinstance(side, Einsum) and not side.factors and not side.shape[0].is_one for side in (left, right)):
        raise Unsupported(f"{wrt} is only summed in its gradient, which vanishes at many points")
    return _Linear(whole, rest, left, right, None, way, exponent)


def _without_denominators(
    gradient: Node, variable: Node, move: Node, moving: Container[str], name: str, facts: Facts
) -> tuple[Node, Node, Cleared, int] | None:
    """The derivative of what is linear in the variable or its square, what is left where that is 0, how it came about, and the power."""

    def is_free(node: Node) -> bool:
        return not any(v.name in moving for v in variables(node) if v is not move)

    for way in cleared(gradient, variable, name, facts):
        moved = simplify(pushforward(way.node, {variable: move}), facts, SIMPLIFY)
        for exponent in (1, 2) if way.by else (1,):
            if exponent == 2:
                moved = by_the_square(moved, variable, facts)
            if not is_free(moved) or is_zero(moved):
                continue
            rest = simplify(substitute(way.node, {variable: constant(0, variable.shape)}), facts, SIMPLIFY)
            if is_free(rest) and not (way.by and is_zero(rest)):
                return moved, rest, way, exponent
    return None


def _system(terms: Terms, shape: Shape, facts: Facts, refusal: str) -> Form:
    """The matrix that multiplies vec(W)."""
    try:
        return stacked(simplify(add(terms), facts, SIMPLIFY), shape, shape, facts)
    except Unsupported:
        raise Unsupported(f"{refusal} by Kronecker products of matrices") from None


def _jumps(gradient: Node, variable: Node) -> bool:
    """Whether it has a function of the variable that is constant in pieces, as sign(w): its derivative is 0, and it is not linear."""
    depends = {variable}
    for node in topological([gradient]):
        if any(operand in depends for operand in node.operands):
            depends.add(node)
            inner = {o: var(f"moved\u2063{k}", o.shape) for k, o in enumerate(node.operands) if o in depends}
            if isinstance(node, Map) and is_zero(pushforward(node, inner)):
                return True
    return False


def _sides(terms: Terms, shape: Shape) -> tuple[Node | None, Node | None] | None:
    """The matrices on the left and on the right of the variable, from the terms of the derivative by it; None where there are more."""
    if long_axes(shape) < 2:
        is_row = len(shape) == 2 and not shape[1].is_one
        matrix = as_matrix(add(terms), shape, shape, turned=is_row)
        return (None, matrix) if is_row else (matrix, None)
    if len(shape) != 2:
        raise Unsupported("symgrad solves for scalars, vectors and matrices")
    parts: list[_Part] = []
    for term in terms:
        part = _apart(flatten_product(term, Facts()) or term, shape)
        if part is None:
            return None
        parts.append(part)
    if all(isinstance(part.right, Eye) for part in parts):
        return add([part.times(part.left) for part in parts]), None
    if all(isinstance(part.left, Eye) for part in parts):
        return None, add([part.times(part.right) for part in parts])
    return (parts[0].times(parts[0].left), parts[0].right) if len(parts) == 1 else None


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


def _apart(term: Node, shape: Shape) -> _Part | None:
    """The term with the axes i, j, k, l as A_ik B_lj; None where some factor ties the two together."""
    if not isinstance(term, Einsum):
        return None
    i, j, k, m = term.out
    side_of = {i: 0, k: 0, j: 1, m: 1}
    groups: tuple[list[Factor], list[Factor]] = ([], [])
    scalars = [f for f in term.factors if all(label == UNIT for label in f[1])]
    waiting = [f for f in term.factors if f not in scalars]
    while waiting:
        tied = next(((f, {side_of[x] for x in f[1] if x in side_of}) for f in waiting if any(x in side_of for x in f[1])), None)
        if tied is None or len(tied[1]) > 1:
            return None
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
        if side is not None and side.op == "add" and (first := _number_of(side.args[0])) is not None:
            # (2/n Xᵀ X + 2 λ I) w is 2/n times (Xᵀ X + n λ I) w.
            reciprocal = number(1 / first.value, tuple((dim, -e) for dim, e in first.sizes))
            divided = sum_of([scaled([reciprocal], term) for term in side.args], side.shape)
            if _numbers(divided) < _numbers(side):
                factor, side = [*factor, reciprocal], divided
        out.append(None if side is not None and side.op == "eye" else side)
    return factor, out[0], out[1]


def _number_of(term: Form) -> Form | None:
    return term.args[0] if term.op == "scale" and term.args[0].op == "number" else None


def _numbers(form: Form) -> int:
    """How many terms of a sum have a number in front."""
    return sum(_number_of(term) is not None for term in form.args) if form.op == "add" else 1


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
        if not np.all(np.isfinite(values[names.gradient(of, wrt)])):
            continue  # the square that is solved for is below 0 there
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
