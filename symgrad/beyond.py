"""What is derived beyond gradients, by kind: the table of makers that `derive` calls."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from symgrad.errors import InvalidNetwork, SymgradError, nearest
from symgrad.further import KINDS, Further
from symgrad.jacobian import cotangent_products, jacobians, tangent_product
from symgrad.network import Network
from symgrad.second import second_derivatives


@dataclass(frozen=True)
class Asked:
    """What is asked of a network: derivatives of a definition by names; `mixed`: second ones by two different names too."""

    network: Network
    of: str
    wrt: Sequence[str]
    layout: str
    mixed: bool
    check: bool


def _second(asked: Asked, blocks: str) -> list[Further]:
    return second_derivatives(asked.network, asked.of, asked.wrt, blocks=blocks, check=asked.check)


OF_ANY_SHAPE: dict[str, Callable[[Asked], list[Further]]] = {
    "jacobian": lambda a: jacobians(a.network, a.of, a.wrt, a.layout, a.check),
    "jvp": lambda a: tangent_product(a.network, a.of, a.wrt, a.check),
    "vjp": lambda a: cotangent_products(a.network, a.of, a.wrt, a.check),
}
OF_A_SCALAR: dict[str, Callable[[Asked], list[Further]]] = {
    "hvp": lambda a: _second(a, "none"),
    "hessian": lambda a: _second(a, "all" if a.mixed else "diagonal"),
}
MAKERS = OF_ANY_SHAPE | OF_A_SCALAR


def wanted_kinds(kinds: Iterable[str], order: int = 1) -> list[str]:
    """The kinds that are wanted, in the order of print; the order 2 asks for the Hessian, which comes with its product."""
    if order not in (1, 2):
        raise InvalidNetwork(f"symgrad derives the orders 1 and 2, not {order}")
    wanted = {*kinds, *(["hessian"] if order == 2 else [])}
    for kind in wanted:
        if kind not in MAKERS:
            raise SymgradError(f"there is no kind {kind}; {nearest(kind, MAKERS)}")
    return [kind for kind in KINDS if kind in wanted and not (kind == "hvp" and "hessian" in wanted)]


def derived(asked: Asked, kinds: Iterable[str]) -> tuple[Further, ...]:
    """Everything of these kinds, in the order of print. Raises where a scalar is needed and `of` is none."""
    found: list[Further] = []
    for kind in kinds:
        if kind in OF_A_SCALAR and not all(dim.is_one for dim in asked.network.variables[asked.of].shape):
            raise InvalidNetwork(f"--kind {kind} is of a scalar, and {asked.of} is none; name one with --of")
        found += MAKERS[kind](asked)
    return tuple(sorted(found, key=lambda further: list(KINDS).index(further.kind)))
