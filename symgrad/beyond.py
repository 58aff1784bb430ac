"""What is derived beyond gradients, by kind: the table of makers that `derive` calls."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from symgrad import differentials
from symgrad.errors import InvalidNetwork, SymgradError, Unsupported, nearest
from symgrad.further import KINDS, Further
from symgrad.jacobians import cotangent_products, jacobians, tangent_product
from symgrad.network import Network
from symgrad.second import second_derivatives
from symgrad.stationary import stationary_points


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
    "differential": lambda a: differentials.differential(a.network, a.of, a.wrt, a.check),
}
OF_A_SCALAR: dict[str, Callable[[Asked], list[Further]]] = {
    "hvp": lambda a: _second(a, "none"),
    "hessian": lambda a: _second(a, "all" if a.mixed else "diagonal"),
    "stationary": lambda a: stationary_points(a.network, a.of, a.wrt, a.check),
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


# ── one derivative by itself ─────────────────────────────────────────────────────────────────────────────────────────


def jacobian(network: Network, of: str, wrt: str, layout: str = "denominator", check: bool = True) -> Further:
    """The Jacobian of a definition by a name, in the layout asked for; an entry with its indices where one of them is a matrix.

    >>> from symgrad import Network, dimensions, tanh
    >>> m, n = dimensions("m n")
    >>> net = Network()
    >>> x, W = net.data("x", n, 1), net.parameter("W", m, n)
    >>> _ = net.define("h", tanh(W * x))
    >>> jacobian(net, "h", "x", layout="numerator")
    ∂h/∂x = diag(1 − h ⊙ h) W
    """
    return _of_one(network, "jacobian", of, [wrt], layout=layout, check=check)


def jvp(network: Network, of: str, *wrt: str, check: bool = True) -> Further:
    """How a definition moves when these names do: u̇ = Σ J ẇ."""
    return _of_one(network, "jvp", of, wrt, check=check)


def vjp(network: Network, of: str, wrt: str, check: bool = True) -> Further:
    """The cotangent of a name from that of a definition: w̄ = Jᵀ ū."""
    return _of_one(network, "vjp", of, [wrt], check=check)


def hessian(network: Network, of: str, wrt: str, by: str | None = None, check: bool = True) -> Further:
    """The second derivative of a scalar by a name, or by two: rows go with the first, columns with the second.

    >>> from symgrad import Network, dimensions, squared_norm
    >>> n, d = dimensions("n d")
    >>> net = Network()
    >>> X, y, w = net.data("X", n, d), net.data("y", n, 1), net.parameter("w", d, 1)
    >>> _ = net.define("L", squared_norm(X * w - y))
    >>> hessian(net, "L", "w")
    ∂²L/∂w² = 2 Xᵀ X
    """
    names = [network.resolve(name) for name in (wrt, by or wrt)]
    found = second_derivatives(network, network.resolve(of, network.definitions), dict.fromkeys(names), check=check)
    blocks = [further for further in found if further.kind == "hessian" and further.wrt == tuple(names)]
    if not blocks:
        raise Unsupported(f"symgrad derives no block of {wrt} and {by}: a definition is moved by itself")
    return blocks[0]


def hvp(network: Network, of: str, wrt: str, check: bool = True) -> Further:
    """The second derivative of a scalar by a name, times a direction."""
    return _of_one(network, "hvp", of, [wrt], check=check)


def differential(network: Network, of: str, *wrt: str, check: bool = True) -> Further:
    """The differential of a definition in those of these names: dL = tr((∂L/∂W)ᵀ dW) + …"""
    return _of_one(network, "differential", of, wrt, check=check)


def stationary_point(network: Network, of: str, wrt: str, check: bool = True) -> Further:
    """Where the gradient of a scalar by a name vanishes, if it is linear in it; else `Unsupported`."""
    return _of_one(network, "stationary", of, [wrt], check=check)


def _of_one(network: Network, kind: str, of: str, wrt: Sequence[str], layout: str = "denominator", check: bool = True) -> Further:
    wanted = [network.resolve(name) for name in wrt] or network.default_wrt()
    asked = Asked(network, network.resolve(of, network.definitions), wanted, layout, mixed=False, check=check)
    return derived(asked, [kind])[0]
