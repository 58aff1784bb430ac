r"""Expectations of what is linear in random masks or noise: `\mathbb{E}[m \odot h / p] = h` where `m_i \sim \mathrm{Bernoulli}(p)`.

The mean of a sum is the sum of the means, so that a random name stands for its mean where nothing but sums, products with what is not
random and quotients by that are made of it (Srivastava et al., 2014, for the dropout mask). Other expectations are left as they are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from symgrad import syntax as sx
from symgrad.expectations import is_expectation
from symgrad.naming import letters_of, plain_name
from symgrad.parts import heads
from symgrad.read import functions as fn
from symgrad.read.document import Sheet
from symgrad.syntax import Node

_LINEAR = (sx.Sum, sx.Product, sx.Prefix, sx.Group, sx.Frac, sx.Name, sx.Scripted, sx.Number)


def with_means(sheet: Sheet) -> Sheet:
    """The sheet with such an expectation written out."""
    means = dict(mean for s in sheet.statements for mean in _mean(s.node))
    if not means:
        return sheet
    formulas = {name: formula for s in sheet.statements for name, formula in heads(s)}

    def written(node: Node) -> Node:
        if not isinstance(node, sx.Product) or set(node.operators) - {"", "cdot"}:
            return node
        factors = list(node.factors)
        at = next((i for i, f in enumerate(factors[:-1]) if is_expectation(f)), None)
        inside = None if at is None else _inside(factors[at + 1])
        made = None if inside is None else _averaged(formulas.get(plain_name(inside) or "", inside), means)
        if at is None or made is None:
            return node
        factors[at : at + 2] = [made]
        return factors[0] if len(factors) == 1 else replace(node, factors=tuple(factors), operators=node.operators[1:])

    return replace(sheet, statements=[replace(s, node=sx.mapped(s.node, written)) for s in sheet.statements])


def _mean(node: Node) -> Iterator[tuple[str, Node]]:
    r"""A random name with its mean: `m_i \sim \mathrm{Bernoulli}(p)`, `\epsilon \sim \mathcal{N}(0, I)`."""
    match node:
        case sx.Relation(sides=(head, sx.Call(function=sx.Name(base=word), args=(mean, *_))), operators=("sim",)):
            pass
        case sx.Relation(sides=(head, sx.Product(factors=(sx.Name(base=word), sx.Group(body=inner)))), operators=("sim",)):
            mean = inner.items[0] if isinstance(inner, sx.Listing) else inner
        case _:
            return
    base = head.base if isinstance(head, sx.Scripted) and letters_of(head.sub) else head
    name = plain_name(base)
    if name is not None and fn.word_of(word).lower() in ("bernoulli", "bern", "ber", "n"):
        yield name, mean


def _inside(node: Node) -> Node | None:
    if isinstance(node, sx.List) and len(node.items) == 1:
        return node.items[0]
    return node.body if isinstance(node, sx.Group) else None


def _averaged(formula: Node, means: Mapping[str, Node]) -> Node | None:
    """The mean of a formula; None where it is not linear in what is random."""
    within = list(sx.walk(formula))
    met = [n for n in within if isinstance(n, (sx.Name, sx.Scripted)) and plain_name(n) in means]
    # Neither below a line nor in a power: the mean of a square is not the square of the mean.
    apart = [n.below for n in within if isinstance(n, sx.Frac)] + [n for n in within if isinstance(n, sx.Scripted) and n.sup is not None]
    if len(met) != 1 or any(m is met[0] for n in apart for m in sx.walk(n)) or not all(isinstance(n, _LINEAR) for n in within):
        return None
    mean = means[plain_name(met[0]) or ""]

    def put(node: Node) -> Node:
        return sx.Group(node.span, "(", ")", replace(mean, span=node.span)) if node is met[0] else node

    return sx.Group(formula.span, "(", ")", sx.mapped(formula, put))
