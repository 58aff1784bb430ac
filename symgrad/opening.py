"""Gradients in both depths, as tensors: in the named quantities next to them, and with the gradients inside substituted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from symgrad import names
from symgrad.form import Form, cost
from symgrad.gradient import Gradient
from symgrad.raising import raise_form
from symgrad.rewrite import Facts, simplify
from symgrad.rules import SIMPLIFY
from symgrad.tensor import Add, Node, Var, add, substitute, topological, var

LONGEST_WRITTEN_OUT = 24
"""How many factors a formula has before it is left in named quantities."""


LONGEST_ON_THE_WAY = 8
"""How many factors a quantity on the way has before it keeps its name in what follows."""


LONGEST_DERIVATIVE = 40
"""How many factors a Hessian or a Jacobian has before only its product with a direction is given."""


OFTEN = 3
"""How often a gradient may stand in a formula before it keeps its name there: (G − mean G − Y ⊙ mean(G ⊙ Y)) / s is a textbook's."""


@dataclass(frozen=True)
class Depths:
    """One gradient: `named`, and `whole` with the gradients inside it substituted, None where that is longer than anybody reads.

    `named` has a gradient inside it substituted only where it is shorter for that: p − y, and not p ⊙ (g − (gᵀ p) 1) with g = −y ⊘ p.
    """

    named: Node
    whole: Node | None


def with_short_ones_opened(facts: Facts, found: Mapping[str, Gradient]) -> dict[str, Node]:
    """Every gradient with the short ones inside it substituted: p − y is read off, but long chains stay a recursion."""
    short: dict[Node, Node] = {}
    nodes = {}
    for name, gradient in found.items():
        node = simplify(substitute(simplify(gradient.node, facts, SIMPLIFY), short), facts, SIMPLIFY)
        if cost(raise_form(node, facts)) <= LONGEST_ON_THE_WAY:
            short[var(gradient.name, gradient.shape)] = node
        nodes[name] = node
    return nodes


def opened(facts: Facts, found: Mapping[str, Gradient]) -> dict[str, Depths]:
    """Both depths of every gradient. They come from the loss backwards, so what one substitutes is already there."""
    known: dict[Node, Node] = {}
    short: dict[Node, Node] = {}
    depths = {}
    for name, gradient in found.items():
        node = _with_what_cancels(simplify(gradient.node, facts, SIMPLIFY), short, facts)
        if cost(raise_form(node, facts)) <= LONGEST_ON_THE_WAY:
            short[var(gradient.name, gradient.shape)] = node
        whole = None
        inner = [n for n in topological([node]) if isinstance(n, Var) and names.gradient_of(n.name)]
        if all(n in known for n in inner):
            trial = simplify(substitute(node, known), facts, SIMPLIFY) if inner else node
            is_repeated = any(_is_repeated(node, known[n], trial, n, facts) for n in inner if isinstance(n, Var))
            if cost(raise_form(trial, facts)) <= LONGEST_WRITTEN_OUT and not is_repeated:
                known[var(gradient.name, gradient.shape)] = whole = trial
        depths[name] = Depths(node, whole)
    return depths


def _is_repeated(node: Node, meant: Node, trial: Node, inner: Var, facts: Facts) -> bool:
    """Whether a gradient stands so often in a formula, and would be written out as often, that its name reads better."""
    if _symbols(node, facts)[inner.name] < OFTEN or cost(raise_form(meant, facts)) <= 1:
        return False
    after = _symbols(trial, facts)
    return any(after[name] >= OFTEN * count for name, count in _symbols(meant, facts).items())


def _symbols(node: Node, facts: Facts) -> Counter[str]:
    """How often every name is written."""
    return Counter(form.name for form in _written(raise_form(node, facts)) if form.op == "symbol")


def _written(form: Form) -> Iterator[Form]:
    """Every place of a form, however often the same stands there."""
    yield form
    for arg in form.args:
        yield from _written(arg)


def _with_what_cancels(node: Node, short: Mapping[Node, Node], facts: Facts) -> Node:
    """The same with each of these gradients substituted that makes the terms it stands in shorter.

    The other terms of the sum are left alone: a weight shared by T steps has T terms, and most stand beside a gradient of their own.
    """
    terms = Counter(_terms(node))
    inside: dict[Node, dict[Node, None]] = {}

    def note(term: Node) -> None:
        for n in topological([term]):
            if n in short:
                inside.setdefault(n, {})[term] = None

    for term in terms:
        note(term)
    changed = False
    for inner in [n for n in topological([node]) if n in short]:
        touched = [term for term in inside[inner] if term in terms]
        if not touched:
            continue
        before = add([term for term in touched for _ in range(terms[term])])
        after = simplify(substitute(before, {inner: short[inner]}), facts, SIMPLIFY)
        if cost(raise_form(after, facts)) < cost(raise_form(before, facts)):
            changed = True
            for term in touched:
                del terms[term]
            for term in _terms(after):
                terms[term] += 1
                note(term)
    return simplify(add(list(terms.elements())), facts, SIMPLIFY) if changed else node


def _terms(node: Node) -> tuple[Node, ...]:
    return node.operands if isinstance(node, Add) else (node,)
