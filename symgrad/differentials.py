"""The differential as a whole: dL = tr((∂L/∂W)ᵀ dW) + …, from which gradients are read off.

Source: Magnus & Neudecker, *Matrix Differential Calculus* (2019), ch. 9: the gradient is what stands beside dW under the trace.
"""

from __future__ import annotations

from collections.abc import Sequence

from symgrad import names
from symgrad.directional import Movement, held_against_differences
from symgrad.form import Form, apply, number, symbol
from symgrad.further import Further
from symgrad.gradient import gradients
from symgrad.network import Network
from symgrad.opening import opened
from symgrad.raising import matching, raise_form
from symgrad.tangents import equations, push
from symgrad.tensor import var
from symgrad.textbook import product_of, scaled, turned
from symgrad.textbook_sums import sum_of


def differential(network: Network, of: str, wrt: Sequence[str], check: bool) -> list[Further]:
    """d of a definition in the differentials of these names; of a scalar, each gradient under a trace with its variable's."""
    shape = network.variables[of].shape
    directions = {name: symbol(names.tangent(name), network.variables[name].shape) for name in wrt}
    scalar = all(dim.is_one for dim in shape)
    before = () if scalar else _pushed(network, of, directions)
    statements: tuple[tuple[str, Form], ...] = before[:-1]
    form = before[-1][1] if before else number(0)
    if scalar:
        form, statements = _under_traces(network, of, directions)
    left = symbol(names.tangent(of), shape)
    further = Further(
        "differential", left.name, of, tuple(wrt), left, form, _RULES[scalar],
        before=before[:-1], directions=tuple((d.name, d.shape) for d in directions.values()), uses=tuple(wrt),
    )  # fmt: skip
    movement = Movement(symbol(of, shape), directions, matching(form, shape), statements)
    return [held_against_differences(network, further, movement) if check else further]


_RULES = {True: "the gradients, each with its differential", False: "sum and product rule"}


def _under_traces(network: Network, of: str, directions: dict[str, Form]) -> tuple[Form, tuple[tuple[str, Form], ...]]:
    """Σ ⟨∂of/∂name, d name⟩, gradients that are long by their names; and every gradient, from the loss backwards."""
    terms: list[Form] = []
    found = gradients(network, of, list(directions))
    depths = opened(network.facts, found)
    for name, direction in directions.items():
        whole = depths[name].whole
        gradient = symbol(names.gradient(of, name), direction.shape)
        if whole is not None:
            gradient = matching(raise_form(whole, network.facts), direction.shape)
        terms.append(paired(gradient, direction))
    shapes = {name: found[name].shape for name in depths}
    every = tuple((names.gradient(of, n), matching(raise_form(d.named, network.facts), shapes[n])) for n, d in depths.items())
    return sum_of(terms, ()), every


def paired(gradient: Form, direction: Form) -> Form:
    """⟨G, dW⟩ as it is written: G dx of scalars, gᵀ dx of columns, dx gᵀ of rows, tr(Gᵀ dW) of matrices."""
    if gradient.is_scalar:
        return scaled([gradient], direction)
    if len(direction.shape) != 2:
        return apply("sum", [apply("hadamard", [gradient, direction])], (None,))
    if direction.shape[1].is_one:
        return product_of([turned(gradient), direction])
    if direction.shape[0].is_one:
        return product_of([direction, turned(gradient)])
    product = product_of([turned(gradient), direction])
    lead = product.args[:-1] if product.op == "scale" else ()
    return scaled(list(lead), apply("trace", [product.args[-1] if lead else product]))


def _pushed(network: Network, of: str, directions: dict[str, Form]) -> tuple[tuple[str, Form], ...]:
    """The differentials that keep their names, and that of the definition itself last."""
    moves = {name: var(d.name, d.shape) for name, d in directions.items()}
    moved = push(equations(network), moves, network.facts, names.tangent)
    shape = network.variables[of].shape
    node = moved.of(of, names.tangent, shape)
    return tuple((name, matching(raise_form(n, network.facts), n.shape)) for name, n in [*moved.behind(node), (of, node)])
