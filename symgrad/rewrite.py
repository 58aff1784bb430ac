"""Named rewrites of tensors, applied from the leaves up until none fires.

The rules are data (`symgrad.rules`): each has a name, a law, and why it terminates. What is known of symbols (a mask holds
only 0 and 1, the rows of a softmax sum to 1) is in `Facts`; declared facts are rewrites like any other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any

from symgrad.tensor import Add, Einsum, Eye, Factor, Func, Literal, Map, Node, Var, rebuild, split, topological, transpose


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

    @cached_property
    def declared(self) -> frozenset[tuple[str, frozenset[str]]]:
        """The properties of names, the same where the same is known of them."""
        return frozenset((name, known) for name, known in self.properties.items() if known)

    @cached_property
    def simplified(self) -> dict[tuple[Rule, ...], dict[Node, Node]]:
        """What was simplified where the same holds, by the rules."""
        return _simplified(self.declared, frozenset(self.named.items()))


@lru_cache(maxsize=256)
def _simplified(properties: frozenset[tuple[str, frozenset[str]]], named: frozenset[tuple[Node, Node]]) -> dict[Any, dict[Node, Node]]:
    """A table for each state of facts: the networks of one sheet, as it is understood in one way and another, have most in common."""
    return {}


@dataclass(frozen=True, eq=False)
class Rule:
    """A rewrite: `apply(node, facts)` gives an equal node, or None where it does not fire. Compare with `is`."""

    name: str
    law: str
    terminates: str
    apply: Callable[[Node, Facts], Node | None]


_DEEPEST_SYMMETRY = 6
_LONGEST_SYMMETRY = 8


_KEEP_SYMMETRY = frozenset({"inverse", "expm", "sqrtm", "logm"})


def is_symmetric_each(node: Node, facts: Facts) -> bool:
    """Whether each matrix of a stack is declared symmetric, or is the inverse of one that is."""
    if isinstance(node, Func) and node.fn == "inverse":
        return is_symmetric_each(node.operands[0], facts)
    return isinstance(node, Var) and len(node.shape) > 2 and "symmetric" in facts.of(node.name)


def is_symmetric(node: Node, facts: Facts, depth: int = 0) -> bool:
    """Whether S = Sᵀ is seen: declared, or by how S is made (`Xᵀ A X` of a symmetric A, `K + s I`, an inverse of such).

    What is deeper or longer than a textbook writes counts as not symmetric.
    """
    if len(node.shape) != 2 or node.shape[0] is not node.shape[1] or depth > _DEEPEST_SYMMETRY:
        return False
    if isinstance(node, Var):
        return "symmetric" in facts.of(node.name)
    if isinstance(node, Literal):
        return all(tuple(row) == tuple(column) for row, column in zip(node.rows, zip(*node.rows, strict=True), strict=True))
    if isinstance(node, Func):
        return node.fn == "symmetric" or (node.fn in _KEEP_SYMMETRY and is_symmetric(node.operands[0], facts, depth + 1))
    if isinstance(node, Map):
        return all(is_symmetric(operand, facts, depth + 1) for operand in node.operands)
    if isinstance(node, Add):
        turned = [split(transpose(term)) for term in node.operands]
        own = [split(term) for term in node.operands]
        return all(t in own or is_symmetric(term, facts, depth + 1) for t, term in zip(turned, node.operands, strict=True))
    if isinstance(node, Einsum) and node.out == (0, 1) and len(node.factors) <= _LONGEST_SYMMETRY:
        if any(isinstance(n, Eye) and set(labels) == {0, 1} for n, labels in node.factors):
            return True
        return _matched(node.factors, node.factors, {0: 1, 1: 0}, facts, depth + 1)
    return isinstance(node, Eye)


def _matched(left: tuple[Factor, ...], right: tuple[Factor, ...], index: dict[int, int], facts: Facts, depth: int) -> bool:
    """Whether the factors are the same under one renaming of the indices that extends the one given."""
    if not left:
        return True
    (node, labels), rest = left[0], left[1:]
    for k, (other, theirs) in enumerate(right):
        if other is not node:
            continue
        ways = [theirs, theirs[::-1]] if is_symmetric(node, facts, depth) else [theirs]
        for way in ways:
            pairs = dict(zip(labels, way, strict=True))
            if any(index.get(a, b) != b or (a < 0) != (b < 0) for a, b in zip(labels, way, strict=True)) or len(set(way)) != len(pairs):
                continue
            taken = {b for a, b in index.items() if a not in pairs}
            if taken & (set(pairs.values()) - {-1}):
                continue
            if _matched(rest, right[:k] + right[k + 1 :], index | pairs, facts, depth):
                return True
    return False


def factors_written(node: Node, *more: type[Node]) -> int:
    """How many factors are written; of `more` kinds than names and numbers."""
    total, stack = 0, [node]
    while stack:
        n = stack.pop()
        if isinstance(n, (Var, *more)) or (isinstance(n, Einsum) and not n.factors) or (isinstance(n, Func) and not n.operands):
            total += 1
        stack.extend(n.operands)
    return total


_MOST_FIRINGS = 64


def simplify(node: Node, facts: Facts, rules: tuple[Rule, ...], fired: list[str] | None = None) -> Node:
    """The node with every rule applied, from the leaves up, to a fixed point; `fired` collects the names of rules."""
    done = facts.simplified.setdefault(rules, {}) if fired is None else {}
    for current in topological([node], done):
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
