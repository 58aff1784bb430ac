"""Derivatives of what need not be a scalar: the Jacobian, and its products with a tangent and with a cotangent.

A tangent ẇ pushes forward to u̇ = J ẇ, a cotangent ū pulls back to w̄ = Jᵀ ū, so that ⟨ū, u̇⟩ = ⟨w̄, ẇ⟩ (Griewank & Walther, *Evaluating
Derivatives*, 2008, §3.2 and §3.3). The Jacobian of a vector by a vector has ∂uᵢ/∂wⱼ in row i and column j in numerator layout, in
row j and column i in denominator layout; where one of them is a matrix, an entry is written with its indices.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from symgrad import names
from symgrad.coefficient import as_matrix, in_components, long_axes, matrix_shape
from symgrad.directional import Movement, applied, held_against_differences, inner_product
from symgrad.errors import Unsupported
from symgrad.form import Form, apply, cost, rename, symbol, symbols, walk
from symgrad.further import Further, fresh
from symgrad.gradient import gradients
from symgrad.network import Network
from symgrad.opening import LONGEST_DERIVATIVE, with_short_ones_opened
from symgrad.raising import matching, raise_form
from symgrad.rewrite import simplify
from symgrad.rules import SIMPLIFY
from symgrad.stacked import LAYOUT, applied_to, has_stacked, stacked, stacked_size
from symgrad.tangents import equations, held, push, spread
from symgrad.tensor import add, constant, var

_SAID = {
    "entries": "Where one of the two is a matrix, an entry is given, with the indices at their variables.",
    "denominator": "Rows go with the variable, columns with what is differentiated (denominator layout).",
    "denominator of a matrix": "A scalar by a matrix has its shape, a matrix by a scalar the transposed one (denominator layout).",
    "numerator of a matrix": "A scalar by a matrix has the transposed shape, a matrix by a scalar its own (numerator layout).",
    "numerator": "Rows go with what is differentiated, columns with the variable (numerator layout).",
}


def jacobians(network: Network, of: str, wrt: Sequence[str], layout: str, check: bool) -> list[Further]:
    """The Jacobian of a definition by each name, in that layout. Raises `CheckFailed` when one is wrong."""
    found: list[Further] = []
    for name in wrt:
        network_of_name = held(network, name)
        found.append(_jacobian(network_of_name, of, name, layout, check))
        found += _kronecker(network_of_name, of, name, check)
    return found


def _kronecker(network: Network, of: str, wrt: str, check: bool) -> list[Further]:
    """The Jacobian as a matrix, with the columns of matrices stacked; none where it is one as it stands, or no sum of a few products."""
    rows, columns, facts = network.variables[of].shape, network.variables[wrt].shape, network.facts
    if not has_stacked(rows, columns):
        return []
    try:
        terms = spread(equations(network), wrt, columns, facts).get(of)
        form = stacked(simplify(add(terms), facts, SIMPLIFY), rows, columns, facts) if terms else None
    except Unsupported:
        return []
    if form is None or cost(form) > LONGEST_DERIVATIVE:
        return []
    name = names.gradient(*(names.stacked(n) if long_axes(s) > 1 else n for n, s in ((of, rows), (wrt, columns))))
    left = symbol(name, (stacked_size(rows), stacked_size(columns)))
    further = Further("kronecker", name, of, (wrt,), left, form, "read off the differential", LAYOUT, uses=(of,))
    direction = fresh(columns, network.variables)
    movement = Movement(symbol(of, rows), {wrt: direction}, applied_to(form, rows, direction))
    return [held_against_differences(network, further, movement) if check else further]


def _jacobian(network: Network, of: str, wrt: str, layout: str, check: bool) -> Further:
    rows, columns, facts = network.variables[of].shape, network.variables[wrt].shape, network.facts
    rule = "read off the differential"
    shape = matrix_shape(rows, columns)
    left: Form = symbol(names.gradient(of, wrt), shape)
    try:
        terms = spread(equations(network), wrt, columns, facts).get(of)
        whole = constant(0, rows + columns) if terms is None else add(terms)
        node = simplify(as_matrix(whole, rows, columns), facts, SIMPLIFY)
        form = matching(raise_form(in_components(node, facts), facts), shape)
        if cost(form) > LONGEST_DERIVATIVE:
            raise Unsupported("it is longer than anybody reads, its product with a direction is not")
    except Unsupported as error:
        return Further("jacobian", names.gradient(of, wrt), of, (wrt,), left, None, rule, str(error))
    direction = fresh(columns, network.variables)
    movement = Movement(symbol(of, rows), {wrt: direction}, applied(form, rows, columns, direction))
    if len(shape) > 2 or any(f.op == "einsum" for f in walk(form)):
        layout, split = "entries", (long_axes(rows),)
        left, form = apply("entries", [left], split), apply("entries", [form], split)
    elif layout != ("denominator" if long_axes(columns) == 2 else "numerator"):
        left = symbol(names.gradient(of, wrt), shape[::-1])
        form = raise_form(simplify(as_matrix(whole, rows, columns, turned=True), facts, SIMPLIFY), facts)
        form = matching(form, left.shape)
        movement = Movement(movement.value, movement.moves, applied(apply("transpose", [form]), rows, columns, direction))
    if long_axes(columns) == 2 or long_axes(rows) == 2:
        layout = layout if layout == "entries" else f"{layout} of a matrix"
    further = Further("jacobian", names.gradient(of, wrt), of, (wrt,), left, form, rule, _SAID[layout], uses=(of,))
    return held_against_differences(network, further, movement) if check else further


def tangent_product(network: Network, of: str, wrt: Sequence[str], check: bool) -> list[Further]:
    """u̇ = Σ J ẇ, all names moving at once."""
    spelled = _spelling(network, "dot")
    shape = network.variables[of].shape
    directions = {name: symbol(spelled(name), network.variables[name].shape) for name in wrt}
    moved = push(equations(network), {n: var(d.name, d.shape) for n, d in directions.items()}, network.facts, spelled)
    node = moved.of(of, spelled, shape)
    form = matching(raise_form(node, network.facts), shape)
    before = tuple((name, raise_form(n, network.facts)) for name, n in moved.behind(node))
    further = Further(
        "jvp", spelled(of), of, tuple(wrt), symbol(spelled(of), shape), form, "chain rule, forwards",
        before=before, directions=tuple((d.name, d.shape) for d in directions.values()), uses=(of,),
    )  # fmt: skip
    movement = Movement(symbol(of, shape), directions, form, before)
    return [held_against_differences(network, further, movement) if check else further]


def cotangent_products(network: Network, of: str, wrt: Sequence[str], check: bool) -> list[Further]:
    """w̄ = Jᵀ ū for every name, by one sweep back from the scalar ⟨ū, u⟩."""
    spelled = _spelling(network, "bar")
    output = symbol(of, network.variables[of].shape)
    seed = symbol(spelled(of), output.shape)
    paired = network.given({})
    scalar = "⟨" + seed.name + ", " + of + "⟩"
    paired.define_form(scalar, inner_product(seed, output))
    found = gradients(paired, scalar, wrt)

    def cotangent(name: str) -> str:
        match = names.gradient_of(name)
        return spelled(match["wrt"]) if match else name

    statements: dict[str, Form] = {}
    for name, node in with_short_ones_opened(network.facts, found).items():
        if name == of:
            continue  # it is given
        statements[spelled(name)] = rename(matching(raise_form(node, network.facts), found[name].shape), cotangent)
    out = []
    for name in wrt:
        left = symbol(spelled(name), found[name].shape)
        before = _behind(statements[left.name], statements)
        further = Further(
            "vjp", left.name, of, (name,), left, statements[left.name], "chain rule, backwards",
            before=before, directions=((seed.name, seed.shape),), uses=(of,),
        )  # fmt: skip
        direction = fresh(left.shape, network.variables)
        slope = inner_product(direction, statements[left.name])
        movement = Movement(inner_product(seed, output), {name: direction}, slope, before)
        out.append(held_against_differences(network, further, movement) if check else further)
    return out


def _behind(form: Form, statements: dict[str, Form]) -> tuple[tuple[str, Form], ...]:
    """The statements that a form uses, with those that they use, in order."""
    wanted = {s.name for s in symbols(form)}
    kept: list[tuple[str, Form]] = []
    for name, inner in reversed(statements.items()):
        if name in wanted:
            kept.append((name, inner))
            wanted |= {s.name for s in symbols(inner)}
    return tuple(reversed(kept))


def _spelling(network: Network, accent: str) -> Callable[[str], str]:
    """Names with an accent; where the network has such a name of its own, with a prime."""

    def spelled(name: str) -> str:
        made = names.accented(name, accent)
        while made in network:
            made += "'"
        return made

    return spelled
