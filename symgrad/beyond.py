"""What is derived beyond gradients, by kind: the table of makers that `derive` calls."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from symgrad.errors import InvalidNetwork, SymgradError, nearest
from symgrad.further import KINDS, Further
from symgrad.network import Network
from symgrad.second import second_derivatives


def asked(kinds: Iterable[str], order: int = 1) -> list[str]:
    """The kinds that are wanted, in the order of print; the order 2 asks for the Hessian. Raises for a kind there is not."""
    wanted = {*kinds, *(["hessian"] if order == 2 else [])}
    if order not in (1, 2):
        raise InvalidNetwork(f"symgrad derives the orders 1 and 2, not {order}")
    for kind in wanted:
        if kind not in KINDS:
            raise SymgradError(f"there is no kind {kind}; {nearest(kind, KINDS)}")
    return [kind for kind in KINDS if kind in wanted]


def derived(network: Network, of: str | None, wrt: Sequence[str], kinds: Sequence[str], *, mixed: bool, check: bool) -> tuple[Further, ...]:
    """Everything of these kinds, in the order of print. `mixed`: second derivatives by two different names too."""
    found: list[Further] = []
    if "hessian" in kinds or "hvp" in kinds:
        if of is None:
            raise InvalidNetwork("a second derivative is of a scalar; name one with --of")
        blocks = "none" if "hessian" not in kinds else "all" if mixed else "diagonal"
        found += second_derivatives(network, of, wrt, blocks=blocks, check=check)
    return tuple(sorted(found, key=lambda further: list(KINDS).index(further.kind)))
