r"""The loss that is written in numbers alone: `L = \frac12 (0.75 - 1)^2`, `L = -\ln 0.525`, `L = -[0 \ln 0.88 + 1 \ln(1 - 0.88)]`.

What is squared is an output less its target, and what a logarithm is taken of is an output: the numbers there are values that the sheet
computed, or gave as a label. Every other number (the ½, the 2 of a square) is one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction

from symgrad import syntax as sx
from symgrad.constant import constant_of
from symgrad.meaning import stem
from symgrad.naming import plain_name
from symgrad.syntax import Node

_LABELS = frozenset({"y", "t", "d", "\\mathrm{target}", "\\mathrm{label}"})
_LOGARITHMS = frozenset({"log", "ln", "\\log", "\\ln"})


def is_label(node: Node) -> bool:
    """Whether a name is one that targets have."""
    return stem(plain_name(node) or "") in _LABELS


@dataclass(frozen=True)
class NamedLoss:
    """What puts names into a loss of numbers: outputs and labels by their values."""

    outputs: Mapping[Fraction, Node]
    labels: Mapping[Fraction, Node]

    def of(self, node: Node) -> Node | None:
        """The loss in names; None where nothing in it is the value of an output, or something beside one is no label's."""
        made = sx.replaced(node, self._named)
        is_whole = made != node and not any(self._is_strange(n) for n in sx.walk(made))
        return made if is_whole else None

    def _named(self, node: Node) -> Node | None:
        match node:
            case sx.Scripted(base=sx.Group(body=sx.Sum(terms=(first, second), signs=("", "-")) as gap) as group, sup=sx.Number(text="2")):
                pairs = [(a, b) for a, b in (self._pair(first, second), self._pair(second, first)[::-1]) if a and b]
                return replace(node, base=replace(group, body=replace(gap, terms=pairs[0]))) if len(pairs) == 1 else None
            case sx.Product(factors=(weight, sx.Call() as call)):
                inside, named = _below_logarithm(call), self._named(call)
                value = constant_of(weight)
                if inside is None or named is None or value is None:
                    return None
                label = self.labels.get(1 - value if isinstance(inside, sx.Sum) else value)
                return None if label is None else replace(node, factors=(_less(label) if isinstance(inside, sx.Sum) else label, named))
            case sx.Call():
                match _below_logarithm(node):
                    case sx.Sum(terms=(_, shown)) if (output := self._output(shown)) is not None:
                        return replace(node, args=(_less(output),))
                    case sx.Number() as shown if (output := self._output(shown)) is not None:
                        return replace(node, args=(output,))
        return None

    def _pair(self, output: Node, label: Node) -> tuple[Node | None, Node | None]:
        value = constant_of(label)
        return self._output(output), self.labels.get(value) if value is not None else None

    def _output(self, node: Node) -> Node | None:
        value = constant_of(node)
        return self.outputs.get(value) if value is not None else None

    def _is_strange(self, node: Node) -> bool:
        """Whether it is a part that should have come out in names, and did not."""
        match node:
            case sx.Scripted(base=sx.Group(body=body), sup=sx.Number(text="2")):
                return constant_of(body) is not None
            case sx.Call():
                return _below_logarithm(node) is not None
            case sx.Product(factors=(weight, sx.Call(function=sx.Name(base=word)))):
                return word in _LOGARITHMS and constant_of(weight) in (0, 1)
        return False


def _below_logarithm(node: sx.Call) -> Node | None:
    """The number that a logarithm is taken of, or the one less a number."""
    match node:
        case sx.Call(function=sx.Name(base=word), args=(inside,)) if word in _LOGARITHMS:
            inner = inside.body if isinstance(inside, sx.Group) else inside
            is_rest = isinstance(inner, sx.Sum) and inner.signs == ("", "-") and constant_of(inner.terms[0]) == 1
            return inner if isinstance(inner, sx.Number) or (is_rest and constant_of(inner) is not None) else None
    return None


def _less(node: Node) -> Node:
    """One less it."""
    return sx.Group(node.span, "(", ")", sx.Sum(node.span, (sx.Number(node.span, "1"), node), ("", "-")))
