"""Derivatives of what is no scalar, held against finite differences.

A claim says how a quantity f moves when a name a moves along v. Its check is one about a gradient: in the network where a is
a + ε v, the scalar s = ⟨c, f⟩ has ∂s/∂ε = ⟨c, df⟩, with c, v and ε drawn at random. So a Hessian is held against differences of the
gradient, a Jacobian against differences of the output, by the lab that checks gradients, at the same kinds of points.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from symgrad.differences import Check, check_gradients
from symgrad.dims import Shape
from symgrad.errors import CheckFailed
from symgrad.form import Form, apply, rename, symbol, symbols
from symgrad.further import Further
from symgrad.network import Network
from symgrad.typeset import text

# Invisible separators keep these apart from names of a user's.
_STEP, _WEIGHT, _SCALAR = "ε\u2063", "c\u2063", "s\u2063"
_START = "\u2063°"


@dataclass(frozen=True)
class Movement:
    """The claim that `value` moves by `slope` when every name in `moves` moves along its direction."""

    value: Form
    moves: Mapping[str, Form]
    slope: Form
    statements: Sequence[tuple[str, Form]] = ()


def checked(network: Network, movement: Movement) -> Check:
    """The comparison of the movement with finite differences."""
    moved = _moving(network, movement.moves)
    for name, form in movement.statements:
        moved.define_form(_plain(name), rename(form, _plain))
    claimed, value = rename(movement.slope, _plain), rename(movement.value, _plain)
    _declare(moved, [claimed, value])
    weight = moved.declare(_WEIGHT, value.shape)
    moved.define_form(_SCALAR, inner_product(weight, value))
    report = check_gradients(moved, _SCALAR, {_STEP: [inner_product(weight, claimed)]}, [])
    return report.checks[_STEP]


def _plain(name: str) -> str:
    """A gradient's name as one that a definition may have."""
    return name.replace("∂", "g\u2063")


def inner_product(weight: Form, value: Form) -> Form:
    """⟨weight, value⟩, a scalar."""
    if weight.is_scalar:
        return apply("scale", [weight, apply("reshape", [value], ())]) if value.shape else apply("scale", [weight, value])
    return apply("sum", [apply("hadamard", [weight, value])], (None,))


def _moving(network: Network, moves: Mapping[str, Form]) -> Network:
    """The network with a + ε v in the place of each name that moves."""
    new = Network(network.title)
    new.requirements = list(network.requirements)
    step = new.declare(_STEP, ())
    for item in network.inputs.values():
        at = item.name + _START if item.name in moves else item.name
        new.declare(at, item.shape, item.role, item.properties)
        if item.name in moves:
            _shift(new, item.name, moves[item.name], step, item.properties)
    for definition in network.definitions.values():
        if definition.name in moves:
            new.define_form(definition.name + _START, definition.form)
            _shift(new, definition.name, moves[definition.name], step, frozenset())
        else:
            new.define_form(definition.name, definition.form)
    return new


def _shift(network: Network, name: str, direction: Form, step: Form, properties: frozenset[str]) -> None:
    kept = properties & {"symmetric"}
    for s in symbols(direction):
        if s.name not in network:
            network.declare(s.name, s.shape, "input", kept)
    start = symbol(name + _START, direction.shape)
    network.define_form(name, apply("add", [start, apply("scale", [step, direction])]))


def _declare(network: Network, forms: Sequence[Form]) -> None:
    for s in (s for form in forms for s in symbols(form)):
        if s.name not in network:
            network.declare(s.name, s.shape)


def held_against_differences(network: Network, further: Further, movement: Movement) -> Further:
    """The derivative with its comparison. Raises `CheckFailed` unless it agrees."""
    check = checked(network, movement)
    if not check.holds:
        raise CheckFailed(
            f"symgrad itself is wrong here: {text(further.left)} disagrees with finite differences (largest relative error "
            f"{check.max_relative_error:.1e}). No solution is printed.\nPlease report the network."
        )
    return replace(further, check=check)


def applied(form: Form, rows: Shape, columns: Shape, direction: Form) -> Form:
    """A derivative, as a matrix or a tensor, contracted with a direction: of the shape of its rows."""
    letters = "abcdefgh"[: len(rows) + len(columns)]
    whole = apply("reshape", [form], rows + columns)
    left, right = letters[: len(rows)], letters[len(rows) :]
    return apply("einsum", [whole, direction], (f"{letters},{right}->{left}",))
