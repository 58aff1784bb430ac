r"""What is said in brackets behind an equation: `\frac{dL}{dw} = D_2 h_1 + D_3 h_2 (h_0 = 0)` speaks of h_0 and multiplies nothing.

A condition there, `(k \ne y)`, `(i < n)`, is one that the equation is claimed under. And behind a colon, where a formula is followed by
what it comes to; and the shape behind a product, `e\, h^\top\ (d \times k)`, of sizes that the sheet declares.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from symgrad import syntax as sx
from symgrad.literals import literal_rows
from symgrad.naming import letters_of
from symgrad.read.document import Sheet, Statement
from symgrad.span import Span
from symgrad.syntax import Node

_CONDITIONS = frozenset({"ne", "<", ">", "le", "ge"})


def set_aside(sheet: Sheet) -> Sheet:
    """The sheet with values told in brackets at the end of an equation as statements of their own, before it."""
    out: list[Statement] = []
    sizes = {size for s in sheet.statements for size in _declared(s.node)}
    for statement in (part for s in sheet.statements for part in _at_colons(s)):
        node = statement.node
        if isinstance(node, sx.Relation) and sizes:
            sides = (node.sides[0], *(_with_its_shape(side, sizes) for side in node.sides[1:]))
            statement = replace(statement, node=replace(node, sides=sides))
            node = statement.node
        if isinstance(node, sx.Relation):
            rest, aside = _parted(node.sides[-1])
            is_condition = aside is not None and aside.operators[0] in _CONDITIONS
            if aside is not None and is_condition and _is_of_an_index(aside, node):
                claim = replace(statement, node=replace(node, sides=(*node.sides[:-1], rest)), words_after="")
                out += [claim, replace(statement, node=aside, span=aside.span, words="for", block=-1)]
                continue
            if aside is not None and not is_condition:
                nowhere = Span(statement.span.start, statement.span.start)
                out.append(replace(statement, node=replace(aside, span=nowhere), span=nowhere, words="", words_after="", block=-1))
                statement = replace(statement, node=replace(node, sides=(*node.sides[:-1], rest)))
        out.append(statement)
    return replace(sheet, statements=out)


def _declared(node: Node) -> Iterator[str]:
    r"""The d and k of `\mathbb{R}^{d \times k}`."""
    for n in sx.walk(node):
        match n:
            case sx.Scripted(base=sx.Name(base="R"), sub=None, sup=sx.Product(factors=factors)):
                yield from (factor.base for factor in factors if isinstance(factor, sx.Name))
            case sx.Scripted(base=sx.Name(base="R"), sub=None, sup=sx.Name(base=size)):
                yield size


def _with_its_shape(side: Node, sizes: set[str]) -> Node:
    """A product with the shape that stands behind it as a note under it."""
    match side:
        case sx.Product(factors=(*factors, sx.Group(open="(", body=sx.Product(factors=(rows, cols), operators=("times",)) as shape))):
            if all(isinstance(size, sx.Name) and size.base in sizes for size in (rows, cols)) and side.operators[-1] == "":
                rest = factors[0] if len(factors) == 1 else replace(side, factors=tuple(factors), operators=side.operators[:-1])
                return sx.Annotated(side.span, rest, shape)
    return side


def _at_colons(statement: Statement) -> list[Statement]:
    """`e_t = y_t - d_t: e = (0.2, 0.1)` as a formula, and what it comes to."""
    node = statement.node
    if not isinstance(node, sx.Relation) or node.operators.count(":") != 1 or not set(node.operators) <= {"=", ":", "approx"}:
        return [statement]
    at = node.operators.index(":")
    halves = (node.sides[: at + 1], node.operators[:at]), (node.sides[at + 1 :], node.operators[at + 1 :])
    if not all(operators for _, operators in halves):
        return [statement]
    made = [sx.Relation(sides[0].span.to(sides[-1].span), sides, operators) for sides, operators in halves]
    first, second = (replace(statement, node=half, span=half.span) for half in made)
    return [replace(first, words_after=""), replace(second, words="")]


def _parted(side: Node) -> tuple[Node, sx.Relation | None]:
    """A side without the brackets at its end, and the value or condition in them; of an index that runs, `(y_i = 1)`, they choose."""
    match side:
        case sx.Sum(terms=(*terms, last)):
            rest, aside = _parted(last)
            return (side if aside is None else replace(side, terms=(*terms, rest))), aside
        case sx.Prefix(body=body):
            rest, aside = _parted(body)
            return (side if aside is None else replace(side, body=rest)), aside
        case sx.Product(
            factors=(*factors, sx.Group(open="(", body=sx.Relation(sides=(head, value), operators=(sign,)) as aside)),
            operators=(*signs, ""),
        ):
            is_told = sign == "=" and isinstance(head, (sx.Name, sx.Scripted)) and literal_rows(value) is not None
            if sign in _CONDITIONS or (is_told and not (isinstance(head, sx.Scripted) and letters_of(head.sub))):
                rest = factors[0] if len(factors) == 1 else replace(side, factors=tuple(factors), operators=tuple(signs))
                return rest, aside
    return side, None


def _is_of_an_index(aside: sx.Relation, claim: sx.Relation) -> bool:
    """Whether it compares an index of an equation; `(z > 0)` behind a product may as well be a factor."""
    scripts = {letter for n in sx.walk(claim) if isinstance(n, sx.Scripted) for letter in letters_of(n.sub) or ()}
    head = aside.sides[0]
    return isinstance(head, sx.Name) and head.base in scripts and set(claim.operators) <= {"=", ":=", "approx"}
