"""The gradients of a network, by one reverse sweep over its definitions.

Every definition is differentiated once, by itself, with its own cotangent as a name (`∂L/∂h`), so the work is linear in the
size of the network and what comes out are the equations of a textbook's chain rule.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from symgrad import names
from symgrad.dims import Shape, show
from symgrad.errors import InvalidNetwork
from symgrad.network import Network
from symgrad.reverse import pullback
from symgrad.tensor import Node, Var, add, constant, topological, var


@dataclass(frozen=True)
class Share:
    """What one use of a name contributes to its gradient: through the definition `through`, in terms of ∂L/∂through."""

    through: str
    node: Node


@dataclass(frozen=True)
class Gradient:
    """∂L/∂wrt, in the shape of the variable, as a sum over every definition that uses it directly."""

    of: str
    wrt: str
    shape: Shape
    shares: tuple[Share, ...]

    @property
    def name(self) -> str:
        return names.gradient(self.of, self.wrt)

    @property
    def node(self) -> Node:
        """The sum of the shares, in the named quantities; zero when there are none."""
        return add([share.node for share in self.shares]) if self.shares else constant(0, self.shape)


def gradients(network: Network, of: str, wrt: Iterable[str]) -> dict[str, Gradient]:
    """∂of/∂name for every wanted name and every definition on the way to it, from the loss backwards.

    `of` must be a scalar (1×1 or shape ()). A name that `of` does not depend on has gradient zero.
    """
    loss = network.definitions.get(of)
    if loss is None:
        raise InvalidNetwork(f"{of} is not a definition of the network")
    if not all(dim.is_one for dim in loss.shape):
        raise InvalidNetwork(f"{of} is {show(loss.shape)}, and a gradient is of a scalar; sum it, or choose another with --of")
    wanted = list(wrt)
    on_the_way = depend_on(network, set(wanted))
    found: dict[str, Gradient] = {}
    shares: dict[str, list[Share]] = {of: []}
    variables = network.variables
    for definition in reversed(network.definitions.values()):
        name = definition.name
        if name not in shares:
            continue
        if name == of:
            cotangent: Node = constant(1, definition.shape)
        else:
            found[name] = Gradient(of, name, definition.shape, tuple(reversed(shares[name])))
            cotangent = var(names.gradient(of, name), definition.shape)
        used = [n for n in topological([definition.node]) if isinstance(n, Var) and n.name in on_the_way]
        for node, share in pullback(definition.node, cotangent, used).items():
            assert isinstance(node, Var)
            shares.setdefault(node.name, []).append(Share(name, share))
    ordered = dict(found)
    for name in wanted:
        if name not in ordered and name != of:
            ordered[name] = Gradient(of, name, variables[name].shape, tuple(reversed(shares.get(name, []))))
    return ordered


def depend_on(network: Network, wanted: set[str]) -> set[str]:
    """The wanted names and every definition that depends on one of them."""
    active = set(wanted)
    for definition in network.definitions.values():
        if any(n.name in active for n in topological([definition.node]) if isinstance(n, Var)):
            active.add(definition.name)
    return active


def graph_size(found: Sequence[Gradient]) -> int:
    """How many distinct nodes the gradients have, shared ones counted once."""
    return len(topological(share.node for gradient in found for share in gradient.shares))
