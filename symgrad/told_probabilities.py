r"""What is called a probability of something: `a = P(y = 1 \mid x) = \sigma(z)`, `P(Y = k \mid x) = e^{z_k}/\sum_j e^{z_j}`.

The event says in words what a number is. Where a name stands beside it, that is meant wherever it is written again; else it is called by
what the event has after its equal sign, `P_k`. The `P(y_i \mid x_i)` of every example is a name with that index.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from symgrad import syntax as sx
from symgrad.naming import letters_of, plain_name
from symgrad.read.document import Sheet
from symgrad.read.written import sexpr
from symgrad.span import Span
from symgrad.syntax import Node

_LETTERS = frozenset({"P", "p", "Pr", "\\Pr", "Prob", "prob"})
_SURE = _LETTERS - {"p", "prob"}  # a density p(x | z) is a function of its own
_MID = re.compile(r"\||\\mid\b")
_SAME = frozenset({"=", ":=", "equiv", "triangleq"})


def with_told_probabilities(sheet: Sheet) -> Sheet:
    """The sheet with a name for each probability of an event."""

    def given(node: Node) -> Node:
        subject = _subject(node)
        is_given = subject is not None and _MID.search(sheet.source.slice(node.span)) is not None
        return _of_what_it_is(subject, node.span) if is_given and subject is not None else node

    sheet = replace(sheet, statements=[replace(s, node=sx.mapped(s.node, given)) for s in sheet.statements])
    told = [event for s in sheet.statements for node in _within(s.node) if (event := _event(node)) is not None]
    if not told:
        return sheet
    called = {key: name for s in reversed(sheet.statements) for key, name in _named(s.node)}
    for event in told:
        called.setdefault(sexpr(event), _by_its_value(event))
    return replace(sheet, statements=[replace(s, node=_written(s.node, called)) for s in sheet.statements])


def _subject(node: Node) -> Node | None:
    r"""The y of `P(y \mid x)`."""
    match node:
        case sx.Call(function=sx.Name(base=word), args=(sx.Name() | sx.Scripted() as subject, _, *_)) if word in _SURE:
            return subject
        case sx.Product(factors=(sx.Name(base=word), sx.Group(body=sx.Listing(items=(subject, _, *_)))), operators=("",)) if word in _SURE:
            return subject if isinstance(subject, (sx.Name, sx.Scripted)) else None
    return None


def _of_what_it_is(subject: Node, span: Span) -> Node:
    index = subject.sub if isinstance(subject, sx.Scripted) and letters_of(subject.sub) else None
    base = subject.base if index is not None and isinstance(subject, sx.Scripted) else subject
    letters = "".join(n.base if isinstance(n, sx.Name) else n.text for n in sx.walk(base) if isinstance(n, (sx.Name, sx.Number)))
    name = sx.Name(span, f"\\mathrm{{P{letters.lstrip(chr(92))}}}")
    return name if index is None else sx.Scripted(span, name, index)


def _within(node: Node) -> Iterator[Node]:
    """What a tree is made of, and each factor with the brackets behind it."""
    for inner in sx.walk(node):
        yield inner
        if isinstance(inner, sx.Product):
            yield from (_pair(inner, i) for i in range(len(inner.factors) - 1))


def _pair(product: sx.Product, i: int) -> Node:
    first, second = product.factors[i : i + 2]
    return sx.Product(first.span.to(second.span), (first, second), product.operators[i : i + 1])


def _event(node: Node) -> Node | None:
    r"""The event of `P(y = 1 \mid x)` and `\Pr[y = 1]`, with what it is given."""
    match node:
        case sx.Product(factors=(function, sx.Group(open="(" | "[", body=body)), operators=("",)):
            arguments = body.items if isinstance(body, sx.Listing) else (body,)
        case sx.Call(function=function, args=arguments):
            pass
        case _:
            return None
    base = function.base if isinstance(function, sx.Scripted) else function
    is_event = bool(arguments) and isinstance(arguments[0], sx.Relation) and arguments[0].operators == ("=",)
    return node if isinstance(base, sx.Name) and base.base in _LETTERS and is_event else None


def _named(node: Node) -> Iterator[tuple[str, Node]]:
    """The events that a statement has a name for beside them, and the name."""
    if isinstance(node, sx.Relation) and set(node.operators) <= _SAME:
        names = [side for side in node.sides if plain_name(side) is not None]
        yield from ((sexpr(side), names[0]) for side in node.sides if names and _event(side) is not None)


def _by_its_value(event: Node) -> Node:
    """`P_k` for `P(Y = k)`."""
    function = event.factors[0] if isinstance(event, sx.Product) else event.function if isinstance(event, sx.Call) else event
    base = function.base if isinstance(function, sx.Scripted) else function
    said = next(n for n in sx.walk(event) if isinstance(n, sx.Relation))
    return sx.Scripted(event.span, base, said.sides[1])


def _written(node: Node, called: dict[str, Node]) -> Node:
    """A statement with names for events; one beside its own name is only told."""
    if isinstance(node, sx.Relation) and set(node.operators) <= _SAME:
        events = [_event(side) is not None for side in node.sides]
        kept = [i for i, is_event in enumerate(events) if not is_event]
        names = [i for i in kept if plain_name(node.sides[i]) is not None]
        if any(events) and names:
            # The name comes first, also where the sheet has it behind `=:`.
            others = [_put(node.sides[i], called) for i in kept if i != names[0]] or [sx.Dots(node.span, "dots")]
            return replace(node, sides=(node.sides[names[0]], *others), operators=("=",) * len(others))
    return _put(node, called)


def _put(node: Node, called: dict[str, Node]) -> Node:
    def by_name(inner: Node) -> Node | None:
        if _event(inner) is not None:
            return replace(called[sexpr(inner)], span=inner.span)
        if isinstance(inner, sx.Product):
            at = next((i for i in range(len(inner.factors) - 1) if _event(_pair(inner, i)) is not None), None)
            if at is not None:
                made = replace(called[sexpr(_pair(inner, at))], span=_pair(inner, at).span)
                factors = (*inner.factors[:at], made, *inner.factors[at + 2 :])
                return _put(replace(inner, factors=factors, operators=(*inner.operators[:at], *inner.operators[at + 1 :])), called)
        return None

    return sx.replaced(node, by_name)
