"""What a sheet says in words that is neither a function, a property nor a shape: `call it $r$`, a loss, a number, a layout."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import pairwise

from symgrad import syntax as sx
from symgrad.meaning import Vocabulary
from symgrad.naming import letters_of, plain_name
from symgrad.read.document import Sheet, Statement
from symgrad.syntax import Node

_IS_FUNCTION_OF = re.compile(
    r"(?i)^\W*(?:is|are|be)\W+(?:the\W+)?(?:row-?wise\W+)?(softmax|sigmoid|relu|tanh|logarithm|log)"
    r"\W+of\W+(?:each row of|the rows of|the)?\W*$"
)


# `call it $r$`: a name for what the equation before it is about.
_CALLED = re.compile(
    r"(?i)(?:\b(?:call|name|denote|abbreviate|label|write)\s+(?:it|this|that)(?:\s+(?:quantity|vector|matrix|gradient|term|error|residual))?"
    r"|\bwhich\s+(?:we|I|is)\s+(?:call|denoted?|called)"
    r"|\bобознач\w+\s+(?:его|её|ее|это)|\bназов[её]м\s+(?:его|её|ее|это)|\bnenn\w*\s+(?:wir\s+)?(?:ihn|sie|es|dies\w*|das)(?:\s+wir)?"
    r"|\b(?:notons|appelons)-l[ea]|\bll[aá]m\w+l[oa]|\bchiam\w+l[oa]|\bcham\w+-l[oa]|记(?:作|为))\s*(?:by|as|now|durch|mit|als|через|por|como|con)?\W*$"
)


def definitions_in_words(statements: Iterable[tuple[int, Statement]]) -> Iterator[tuple[int, str, Node]]:
    """`$P$ is the softmax of each row of $S$`, `… call it $r$`: the statement, the name and its expression."""
    for (_, before), (i, statement) in pairwise(statements):
        name, found = plain_name(before.node), _IS_FUNCTION_OF.match(statement.words)
        if name is not None and found and plain_name(statement.node) is not None:
            word = found[1].lower().replace("logarithm", "log")
            yield i, name, sx.Call(statement.span, sx.Name(statement.span, word), (statement.node,))
        called = plain_name(statement.node)
        if (
            called is not None
            and isinstance(before.node, sx.Relation)
            and before.node.operators[-1] == "="
            and _CALLED.search(statement.words)
        ):
            sides = before.node.sides
            yield i, called, sides[0] if isinstance(sides[0], sx.Derivative) else sides[-1]


# Of a network that has been trained: its names mean something else there.
_TRAINED = (
    r"(?:\b(?:test|eval(?:uation)?|inference)[- ](?:mode|time)"
    r"|\bat (?:test|inference|prediction|evaluation)(?: time)?|\b(?:during|in|for) (?:testing|inference|evaluation|prediction)"
    r"|\b(?:bei|in) der (?:Inferenz|Vorhersage)|\bzur Testzeit|\ben (?:test|inf[ée]rence|prueba)|\bà l'inférence)\b"
)
OF_A_TRAINED_NETWORK = re.compile(rf"(?i){_TRAINED}[^.;]*$")
_BY_WHICH = r"(?:(?:with|for|by|using)\s+)?(?:the\s+)?(?:old|new|same|final|given|original|numbers)\b[\w ]{0,30}"
# `At test time there is no mask. Then …`, `Test time: no mask. With the old weights: …`: the sentence before says that it has been.
_SINCE_IT_IS_TRAINED = re.compile(
    rf"(?i)(?:^|[.;:]\s+){_TRAINED}(?:(?!\btrain)[^.;=])*[.;]\s+(?:(?:then|so|thus|hence|here|there|now)\W*|{_BY_WHICH}:\s*)$"
)


def is_of_a_trained_network(sheet: Sheet, statement: Statement) -> bool:
    """Whether a formula is one of a network that has been trained, by its sentence or the one that it follows from."""
    if OF_A_TRAINED_NETWORK.search(statement.words):
        return True
    text, start = sheet.source.text, statement.span.start
    return _SINCE_IT_IS_TRAINED.search(text[max(text.rfind("\n", 0, start) + 1, start - 300) : start].rstrip("$ ")) is not None


_LOSS = re.compile(r"(?i)\b(?:loss|cost|objective|risk|criterion)(?:\s+function)?\W*$")


_IS_A_LOSS = re.compile(
    r"(?i)^\W*(?:be|is|denotes?|sei|soit|sea|seja|sia)\W+(?:an?|the|some|any|eine?|une?|uma?|una)?"
    r"(?:\W*(?:scalar|differentiable|training|final|total|overall|skalare?))*\W*(?:loss|cost|objective|verlust|kosten|perte|p[ée]rdida|perda|perdita)"
)


def losses_in_words(statements: Iterable[Statement], vocabulary: Vocabulary) -> None:
    """`a reconstruction loss $R(z)$`: what is called a loss is a scalar, whatever its letter."""
    for statement in statements:
        node = statement.node
        subject = node.function if isinstance(node, sx.Call) else node
        if isinstance(node, sx.Product) and len(node.factors) == 2 and isinstance(node.factors[1], sx.Group):
            subject = node.factors[0]
        name = plain_name(subject, vocabulary.styled)
        if name is not None and not statement.display and (_LOSS.search(statement.words) or _IS_A_LOSS.match(statement.words_after)):
            vocabulary.losses.add(name)


# After these words a comparison is a condition, which may be one for every entry.
_CONDITIONAL = re.compile(r"(?i)\b(?:if|when|whenever|where|wherever|for|since|because|as|otherwise|units?|entries|and|or|iff)\W*$")


# What is one number, whatever its letter.
_QUANTITY = re.compile(
    r"(?i)\b(?:width|height|padding|stride|learning rate|step size|rate|temperature|probability|momentum|strength|penalty|margin"
    r"|Schrittweite|Lernrate|Temperatur|Wahrscheinlichkeit|probabilidad|tasa|taux|probabilité|tasso)\W*$"
)


_CHANCES = frozenset({"Bernoulli", "\\mathrm{Bernoulli}", "Bern"})


def numbers_in_words(statements: Iterable[Statement], styled: frozenset[str]) -> Iterator[str]:
    r"""The v of "a variance $v > 0$", the t of `t \in \{-1, 1\}`, the p of `\mathrm{Bernoulli}(p)`: names of numbers."""
    for statement in statements:
        match statement.node:
            case sx.Relation(sides=(subject, sx.Number(text="0")), operators=(">" | "ge",)) if not _CONDITIONAL.search(
                statement.words[-30:]
            ):
                about: tuple[Node, ...] = (subject,)
            case sx.Relation(sides=(_, sx.Call(function=sx.Name(base=word), args=(chance,))), operators=("sim",)) if word in _CHANCES:
                about = (chance,)
            case sx.Relation(sides=(subject, sx.Group(open="{" | "\\{") | sx.List()), operators=("in",)):
                about = subject.items if isinstance(subject, sx.Listing) else (subject,)
            case sx.Name(accents=()) as subject if _QUANTITY.search(statement.words[-30:]):
                name = plain_name(subject, styled)
                if name is not None and not statement.display:
                    yield name
                continue
            case _:
                continue
        for item in about if not statement.display else ():
            name = plain_name(item, styled)
            if name is not None and not name[:1].isupper() and not (isinstance(item, sx.Scripted) and letters_of(item.sub)):
                yield name


_LAYOUTS = {
    "numerator": re.compile(
        r"(?i)numerator[- ]layout|jacobian (?:layout|convention|formulation)|rows (?:are|index) (?:the )?outputs"
        r"|(?:one|a) row (?:for each|per) (?:entry|component|output)"
    ),
    "denominator": re.compile(r"(?i)denominator[- ]layout|hessian formulation|columns (?:are|index) (?:the )?outputs"),
}


_KEPT_TO = re.compile(r"(?i)\b(?:we|i|notes?|text|sheet)\s+(?:\w+\s+){0,5}?(?:the\s+)?\*{0,2}(numerator|denominator)[- ]layout")


def layout_in_words(text: str) -> str:
    """The layout that a sheet says it keeps to; "" for none, or for both."""
    found = [layout for layout, pattern in _LAYOUTS.items() if pattern.search(text)]
    kept = {layout.lower() for layout in _KEPT_TO.findall(text)}
    return found[0] if len(found) == 1 else kept.pop() if len(kept) == 1 else ""
