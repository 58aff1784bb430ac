"""What the rest of a sheet offers for the repair of one piece: its activations, masks, sizes, numbers; and what a record of an edit is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

from symgrad import names
from symgrad import syntax as sx
from symgrad.implied import is_made_up
from symgrad.mistakes.case import Case
from symgrad.mistakes.notation import Notation
from symgrad.mistakes.operands import in_brackets
from symgrad.naming import letters_of, plain_name, superscript, without_transpose
from symgrad.read.functions import ELEMENTWISE_WORDS, word_of
from symgrad.span import Span
from symgrad.syntax import Node
from symgrad.tensor import Map
from symgrad.terms import walk

Option = tuple[Node, str, str]  # what is meant, the cause, the message
MOST_NAMES = 6
_MOST_NUMBERS = 24


@dataclass(frozen=True)
class Surroundings:
    """What the rest of the sheet offers for a repair."""

    case: Case

    @cached_property
    def notation(self) -> Notation:
        return Notation.of([s.node for s in self.case.judge.gathered.sheet.statements], self.case.judge.meaning.styled)

    @cached_property
    def slopes(self) -> list[tuple[str, str]]:
        """Functions of every entry, and the names that they are applied to."""
        return [(function, pre) for pre, function, params in self.case.judge.meaning.activations() if not params]

    @cached_property
    def outputs(self) -> list[tuple[str, str]]:
        """Functions of every entry whose slope is written by their value, and the names of those values."""
        found = [(d.node, d.name) for d in self.case.network.definitions.values()]
        own = [(node.fn, name) for node, name in found if isinstance(node, Map) and not node.order and node.fn in SLOPES_BY_VALUE]
        return own[:MOST_NAMES]

    @property
    def masks(self) -> list[str]:
        return self.case.masks

    @cached_property
    def indicators(self) -> list[list[Node]]:
        """The `1[m_i < 1]` of the sheet, and those that `max(0, 1 - m_i)` has for its slope, each with its copies for every i."""
        found: dict[Span, list[Node]] = {}
        for i in self.case.judge.gathered.part.statements:
            for node in sx.walk(self.case.judge.gathered.sheet.statements[i].node):
                match node:
                    case sx.Indicator():
                        found.setdefault(node.span, []).append(node)
                    case sx.Call(function=sx.Name(base=word), args=(sx.Number(text="0") as zero, inner)) if word_of(word) == "max":
                        positive = sx.Indicator(node.span, sx.Number(node.span, "1"), sx.Relation(node.span, (inner, zero), (">",)))
                        found.setdefault(node.span, []).append(positive)
        return list(found.values())[:MOST_NAMES]

    @cached_property
    def sizes(self) -> list[str]:
        return sorted(self.case.judge.meaning.vocabulary.sizes)

    @cached_property
    def functions(self) -> list[str]:
        """The functions of every entry that the definitions use."""
        found = [t for term in self.case.judge.meaning.terms.values() for t in walk(term) if t.op == "elementwise"]
        return sorted({t.params[0] for t in found if len(t.params) == 1 and t.params[0] in ELEMENTWISE_WORDS})

    @cached_property
    def matrices(self) -> list[str]:
        """The names that are no numbers, nor zeros, which would make anything hold."""
        found = self.case.network.variables
        zeros = {name for name, rows in self.case.ruling.values.items() if not any(x for row in rows for x in row)}
        return [n for n, v in found.items() if not is_made_up(n) and n not in zeros and not all(dim.is_one for dim in v.shape)]

    @cached_property
    def numbers(self) -> list[Fraction]:
        """The numbers that the sheet has given names to."""
        found = [x for rows in self.case.ruling.values.values() for row in rows for x in row]
        return list(dict.fromkeys(found))[:_MOST_NUMBERS]

    @cached_property
    def scalars(self) -> list[str]:
        """Numbers with a name, such as λ."""
        return [name for name, item in self.case.network.inputs.items() if all(dim.is_one for dim in item.shape)]

    def name_of(self, node: Node) -> str | None:
        """The quantity of the sheet that a piece names, transposed or not."""
        kept = without_transpose(node) if isinstance(node, sx.Scripted) and superscript(node.sup).transposed else node
        name = plain_name(kept, self.case.judge.meaning.styled)
        return name if name is not None and self.case.judge.meaning.shape(name) is not None else None

    def related(self, name: str) -> list[str]:
        """What a name is an activation of, and what is an activation of it."""
        return self.case.judge.meaning.preactivation(name)

    def siblings(self, name: str) -> list[str]:
        return self.case.judge.meaning.siblings(name)

    def is_value_of_sigmoid(self, node: Node) -> bool:
        """Whether a piece is what a sigmoid gives, or an entry of it."""
        found = self.name_of(node)
        if found is None and isinstance(node, sx.Scripted) and letters_of(node.sub) is not None:
            found = self.name_of(node.base)
        return ("sigmoid", found) in self.outputs

    def written(self, node: Node) -> str:
        """A name as text."""
        return names.text(plain_name(node, self.case.judge.meaning.styled) or "")

    def is_activation(self, name: str) -> bool:
        return any(pre != name and name in self.related(pre) for _, pre in self.slopes)


# The derivative by the value of the function: σ' = a ⊙ (1 − a), tanh' = 1 − a ⊙ a, ReLU' = 1[a > 0].
SLOPES_BY_VALUE: dict[str, Callable[[Node], Node]] = {
    "sigmoid": lambda a: sx.Product(a.span, (a, one_less(a.span, a)), ("odot",)),
    "tanh": lambda a: one_less(a.span, sx.Product(a.span, (a, a), ("odot",))),
    "relu": lambda a: sx.Indicator(a.span, sx.Number(a.span, "1"), sx.Relation(a.span, (a, sx.Number(a.span, "0")), (">",))),
}


def one_less(span: Span, node: Node) -> Node:
    """1 − a, in brackets."""
    return in_brackets(sx.Sum(span, (sx.Number(span, "1"), node), ("", "-")))


Record = Callable[[Node, Surroundings], Iterator[Option]]
