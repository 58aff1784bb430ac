"""Named rewrites of tensors, applied from the leaves up until none fires.

The rules are data (`symgrad.rules`): each has a name, a law, and why it terminates. What is known of symbols (a mask holds
only 0 and 1, the rows of a softmax sum to 1) is in `Facts`; declared facts are rewrites like any other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from symgrad.tensor import Node, rebuild, topological


@dataclass(frozen=True)
class Facts:
    """What holds of a network's symbols.

    `properties` are by name: "mask" (entries 0 or 1), "symmetric", "distribution:1" (sums to 1 along axis 1).
    `named` gives the definition that has a tensor's value, so that 1 − tanh(z)² can be written 1 − h ⊙ h.
    """

    properties: Mapping[str, frozenset[str]] = field(default_factory=dict)
    named: Mapping[Node, Node] = field(default_factory=dict)

    def of(self, name: str) -> frozenset[str]:
        return self.properties.get(name, frozenset())


@dataclass(frozen=True)
class Rule:
    """A rewrite: `apply(node, facts)` gives an equal node, or None where it does not fire."""

    name: str
    law: str
    terminates: str
    apply: Callable[[Node, Facts], Node | None]


_MOST_FIRINGS = 64


def simplify(node: Node, facts: Facts, rules: tuple[Rule, ...], fired: list[str] | None = None) -> Node:
    """The node with every rule applied, from the leaves up, to a fixed point; `fired` collects the names of rules."""
    done: dict[Node, Node] = {}
    for current in topological([node]):
        operands = [done[operand] for operand in current.operands]
        new = current if all(a is b for a, b in zip(operands, current.operands, strict=True)) else rebuild(current, operands)
        for _ in range(_MOST_FIRINGS):
            changed = _once(new, facts, rules, fired)
            if changed is None:
                break
            new = changed
        done[current] = new
    return done[node]


def _once(node: Node, facts: Facts, rules: tuple[Rule, ...], fired: list[str] | None) -> Node | None:
    for rule in rules:
        result = rule.apply(node, facts)
        if result is not None and result is not node:
            if fired is not None and rule.name not in fired:
                fired.append(rule.name)
            return result
    return None
