r"""What a mistake is made in: the pieces of what is written, and what the rest of the sheet offers, all of it untyped."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from symgrad import syntax as sx
from symgrad.constant import constant_of
from symgrad.naming import plain_name, script_text, superscript, without_transpose
from symgrad.span import Span
from symgrad.syntax import Node

JUXTAPOSED = frozenset({"", "cdot", "times", "*", "@", "star"})
HADAMARD = frozenset({"odot", "circ"})
_ACTIVATIONS = frozenset({"\\sigma", "ReLU", "relu", "\\tanh", "tanh", "f", "g", "\\phi", "\\varphi", "sigmoid", "softplus"})
_MASKS = frozenset({"M", "m", "D", "R", "\\Omega", "mask"})
COUNTERS = frozenset("nNmBT")
NEW = Span(-1, -1)  # the place of what no author wrote


@dataclass
class Notation:
    """How a sheet writes: its names as it spells them, which is an activation of which, masks, and numbers of examples."""

    styled: frozenset[str] = frozenset()
    spelling: dict[str, Node] = field(default_factory=dict)
    below: dict[str, Node] = field(default_factory=dict)  # an activation's name → its pre-activation
    above: dict[str, Node] = field(default_factory=dict)  # a pre-activation's name → its activation
    counters: set[str] = field(default_factory=set)
    hadamard: set[str] = field(default_factory=set)
    activations: set[Node] = field(default_factory=set)  # the letters of what a function of every entry gives
    in_slopes: set[int] = field(default_factory=set)  # the pieces that are within a derivative of an activation

    @classmethod
    def of(cls, nodes: list[Node], styled: frozenset[str]) -> Notation:
        found = cls(styled)
        for node in (n for root in nodes for n in sx.walk(root)):
            name = found.name(node)
            if name is not None:
                found.spelling.setdefault(name, bare(node))
            if isinstance(node, sx.Relation):
                for head, side in zip(node.sides, node.sides[1:], strict=False):
                    found._pair(head, side)
            elif isinstance(node, sx.Product):
                for a, b, operator in zip(node.factors, node.factors[1:], node.operators, strict=False):
                    found.hadamard |= {n for n in (found.name(a), found.name(b)) if n is not None and operator in HADAMARD}
            elif isinstance(node, sx.Frac) and isinstance(node.below, sx.Name) and node.below.base in COUNTERS:
                found.counters.add(node.below.base)
        for node in (n for root in nodes for n in sx.walk(root) if isinstance(n, sx.Product)):
            within = [f for start, end in slopes(node, found) for f in node.factors[start:end]]
            found.in_slopes |= {id(n) for f in within for n in sx.walk(f)}
        return found

    def _pair(self, head: Node, side: Node) -> None:
        if isinstance(side, sx.Call) and len(side.args) == 1 and is_activation(side.function):
            self.activations.add(_letter(head))
            (inner,) = side.args
            activation, pre = self.name(head), self.name(inner)
            if activation is not None and pre is not None:
                self.below[activation], self.above[pre] = inner, head

    def name(self, node: Node) -> str | None:
        """What a piece names, transposed or not."""
        return plain_name(bare(node), self.styled) if isinstance(node, (sx.Name, sx.Scripted)) else None

    def is_mask(self, node: Node) -> bool:
        name = self.name(node)
        base = node.base if isinstance(node, sx.Scripted) else node
        return name in self.hadamard and isinstance(base, sx.Name) and base.base in _MASKS

    def neighbours(self, node: Node) -> Iterator[Node]:
        """The same letter one step or layer on or back, as the sheet spells it elsewhere."""
        own = _place(node)
        for other in self.spelling.values() if own is not None else ():
            theirs = _place(other)
            if theirs is not None and own is not None and theirs[0] == own[0] and abs(theirs[1] - own[1]) == 1:
                yield other


def bare(node: Node) -> Node:
    return without_transpose(node) if isinstance(node, sx.Scripted) and superscript(node.sup).transposed else node


def is_activation(node: Node) -> bool:
    return isinstance(node, sx.Name) and node.base in _ACTIVATIONS


def _place(node: Node) -> tuple[tuple[object, ...], int] | None:
    r"""A name without its step, and the step: `h_{t-1}` is (h, t) and −1, `W^{(2)}` is W and 2."""
    if not isinstance(node, sx.Scripted) or not isinstance(node.base, sx.Name):
        return None
    sub, sup = script_text(node.sub), script_text(node.sup)
    step = sub or sup
    match = re.fullmatch(r"\W*([a-zA-Z]?)([+-]?\d+)?\W*", step)
    if match is None or not step or (sub and sup):
        return None
    return (node.base, bool(sub), match[1]), int(match[2] or 0)


# ── making trees ─────────────────────────────────────────────────────────────────────────────────────────────────────


def grouped(node: Node) -> Node:
    return sx.Group(NEW, "(", ")", node) if isinstance(node, (sx.Sum, sx.Product, sx.Prefix)) else node


def turned(node: Node) -> Node:
    """The transpose, or what was transposed."""
    if isinstance(node, sx.Scripted) and superscript(node.sup).transposed:
        return without_transpose(node)
    if isinstance(node, sx.Scripted) and (node.sup is not None or node.primes):
        return sx.Scripted(NEW, sx.Group(NEW, "(", ")", node), None, sx.Mark(NEW, "\\top"))
    if isinstance(node, sx.Scripted):
        return sx.Scripted(NEW, node.base, node.sub, sx.Mark(NEW, "\\top"))
    return sx.Scripted(NEW, grouped(node), None, sx.Mark(NEW, "\\top"))


def product(factors: list[Node], operators: list[str]) -> Node:
    return factors[0] if len(factors) == 1 else sx.Product(NEW, tuple(factors), tuple(operators))


def without(node: sx.Product, start: int, end: int) -> Node:
    """The product without some factors, and without the signs that joined them on."""
    factors = [*node.factors[:start], *node.factors[end:]]
    first = start - 1 if start else 0
    return product(factors, [*node.operators[:first], *node.operators[first + end - start :]])


def renamed(node: Node, old: str, new: Node, notation: Notation) -> Node:
    def change(n: Node) -> Node:
        return new if isinstance(n, (sx.Name, sx.Scripted)) and plain_name(n, notation.styled) == old else n

    return sx.mapped(node, change)


# ── what is a slope ──────────────────────────────────────────────────────────────────────────────────────────────────


def slopes(node: sx.Product, notation: Notation) -> Iterator[tuple[int, int]]:
    """Where derivatives of activations stand in a product: σ'(z), 1[z > 0], a ⊙ (1 − a), 1 − h ⊙ h."""
    for i, factor in enumerate(node.factors):
        if not is_slope(factor, notation):
            continue
        value = _of_one_less(factor, notation)
        beside = next((j for j in (i - 1, i + 1) if 0 <= j < len(node.factors) and value and notation.name(node.factors[j]) == value), i)
        yield min(i, beside), max(i, beside) + 1


def is_slope(node: Node, notation: Notation | None = None) -> bool:
    """Whether a piece is the derivative of an activation: σ'(z), 1[z > 0], a ⊙ (1 − a), 1 − h²; with a notation, of one that it knows."""
    match node:
        case sx.Call(function=sx.Scripted(primes=primes)):
            return primes > 0
        case sx.Indicator():
            return True
        case sx.Group(body=body) | sx.Call(function=sx.Name(base="diag"), args=(body,)):
            return is_slope(body, notation)
        case sx.Sum(terms=(first, *rest), signs=signs):
            is_one_less = constant_of(first) == 1 and signs[-1] == "-"
            return is_one_less and (notation is None or (len(rest) == 1 and _is_of_an_activation(rest[0], notation)))
        case sx.Product(factors=factors):
            return any(is_slope(factor, notation) for factor in factors)
    return False


def _is_of_an_activation(node: Node, notation: Notation) -> bool:
    """Whether the first name of a piece is an activation's."""
    found = next((n for n in sx.walk(node) if notation.name(n) is not None), None)
    return found is not None and _letter(found) in notation.activations


def _letter(node: Node) -> Node:
    """A name without its scripts."""
    return node.base if isinstance(node, sx.Scripted) else node


def _of_one_less(node: Node, notation: Notation) -> str | None:
    """The a of (1 − a)."""
    match node:
        case sx.Group(body=sx.Sum(terms=(_, second), signs=(_, "-"))):
            return notation.name(second)
    return None


def pieces(node: Node) -> Iterator[Node]:
    """What a side is made of, without scripts, which belong to names, and without what is only named: derivatives."""
    yield node
    match node:
        case sx.Derivative() | sx.Differential():
            return
        case sx.Scripted(base=base):
            yield from pieces(base)
        case sx.BigOp(body=body):
            yield from () if body is None else pieces(body)
        case sx.Call(args=args):
            for arg in args:
                yield from pieces(arg)
        case _:
            for child in sx.children(node):
                yield from pieces(child)
