r"""Gradients by an expression, `\partial L/\partial (r \odot h)`, and `\overline{r \odot h}` where bars are gradients.

They are gradients by a name for it: that of the definition it is the formula of, or one that is given it where it first stands.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from symgrad import syntax as sx
from symgrad.parts import heads, mentions
from symgrad.read.document import Sheet, Statement
from symgrad.read.written import sexpr
from symgrad.span import Span
from symgrad.syntax import Node

_LETTERS = ("q", "u", "v", "e", "a", "c")


def by_names(sheet: Sheet) -> Sheet:
    """The sheet with a name for every product or sum that it differentiates by, where it stands in a formula."""
    asked = {sexpr(inner): inner for s in sheet.statements for n in sx.walk(s.node) for inner in _differentiated_by(n)}
    for written, expression in asked.items():
        sheet = _with_name(sheet, written, expression)
    return sheet


def _differentiated_by(node: Node) -> Iterator[Node]:
    match node:
        case sx.Derivative(of=sx.Node(), wrt=(sx.Group(open="(", body=sx.Product() | sx.Sum() as inner),)):
            yield inner
        case sx.Accented(accent="bar", body=sx.Product() | sx.Sum() as inner):
            yield inner


def _with_name(sheet: Sheet, written: str, expression: Node) -> Sheet:
    equations = [s.node for s in sheet.statements if isinstance(s.node, sx.Relation) and heads(s)]
    defined = next((node.sides[0] for node in equations if _is_it(node.sides[1], written)), None)
    first = next((i for i, s in enumerate(sheet.statements) if any(_holds(formula, written) for _, formula in heads(s))), None)
    spoken = {name for s in sheet.statements for name in mentions(s.node)}
    letter = next((letter for letter in _LETTERS if letter not in {name.partition("_")[0] for name in spoken}), None)
    if letter is None or first is None or len(set(mentions(expression))) < 2:
        return sheet
    name = _named(letter, expression) if defined is None else defined

    def put(node: Node) -> Node | None:
        match node:
            case sx.Derivative(of=sx.Node(), wrt=(sx.Group(body=inner),)) if sexpr(inner) == written:
                return replace(node, wrt=(replace(name, span=inner.span),))
            case sx.Accented(accent="bar", body=inner) if sexpr(inner) == written:
                return _barred(replace(name, span=node.span))
        return replace(name, span=node.span) if _is_it(node, written) else None

    statements = [s if defined in sx.children(s.node) else replace(s, node=sx.replaced(s.node, put)) for s in sheet.statements]
    if defined is None:
        at = statements[first]
        here = Span(at.span.start, at.span.start)
        equation = sx.Relation(here, (name, expression), ("=",))
        statements.insert(first, Statement(equation, here, at.block, at.display))
    return replace(sheet, statements=statements)


def _is_it(node: Node, written: str) -> bool:
    return sexpr(node.body if isinstance(node, sx.Group) and node.open == "(" else node) == written


def _holds(formula: Node, written: str) -> bool:
    return any(_is_it(n, written) for n in sx.walk(formula))


def _named(letter: str, expression: Node) -> Node:
    r"""The `q_t` of `r_t \odot h_{t-1}`: with the index that its names have."""
    indices = {n.sub.base: n.sub for n in sx.walk(expression) if isinstance(n, sx.Scripted) and isinstance(n.sub, sx.Name)}
    base = sx.Name(expression.span, letter)
    return sx.Scripted(expression.span, base, next(iter(indices.values()))) if len(indices) == 1 else base


def _barred(name: Node) -> Node:
    if isinstance(name, sx.Scripted):
        return replace(name, base=_barred(replace(name.base, span=name.span)))
    return replace(name, accents=(*name.accents, "bar")) if isinstance(name, sx.Name) else name
