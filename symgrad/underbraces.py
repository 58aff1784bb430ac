r"""Names that stand under braces: `L = \underbrace{\|z - y\|^2}_{R} + \beta\,\underbrace{\mathrm{KL}(q\,\|\,p)}_{K}` gives R its formula.

Of a divergence between distributions nothing is computed; where the sheet has a formula for the name under it, that is what is meant.
"""

from __future__ import annotations

from dataclasses import replace

from symgrad import syntax as sx
from symgrad.naming import plain_name
from symgrad.parts import heads, mentions
from symgrad.read.document import Sheet, Statement
from symgrad.syntax import Node

_DIVERGENCES = frozenset({"KL", "D", "\\mathrm{KL}", "\\operatorname{KL}"})


def with_names_under_braces(sheet: Sheet) -> Sheet:
    """The sheet with an equation for every name that stands under a brace and has none, before the line in which it does."""
    braced = [n for s in sheet.statements for n in sx.walk(s.node) if isinstance(n, sx.Annotated) and _name(n) is not None]
    if not braced:
        return sheet
    inside = {id(n) for found in braced for n in sx.walk(found)}
    given = {name for s in sheet.statements for name, _ in heads(s)}
    outside = (sx.mapped(s.node, lambda n: sx.Blank(n.span) if id(n) in inside else n) for s in sheet.statements)
    spoken = {name for node in outside for name in mentions(node)}
    out: list[Statement] = []
    for statement in sheet.statements:
        made: list[Statement] = []
        is_whole = isinstance(statement.node, sx.Relation) and len(statement.node.sides) == 2

        def put(node: Node, statement: Statement = statement, made: list[Statement] = made, is_whole: bool = is_whole) -> Node:
            name = _name(node) if isinstance(node, sx.Annotated) else None
            if name is None or not isinstance(node, sx.Annotated) or node.note is None:
                return node
            if name in given and _is_a_divergence(node.body):
                return replace(node.note, span=node.span)
            if name in given or name not in spoken or not is_whole:
                return node
            given.add(name)
            equation = sx.Relation(node.span, (node.note, node.body), ("=",))
            made.append(replace(statement, node=equation, span=node.span, display=False))
            return replace(node.note, span=node.span)

        node = sx.mapped(statement.node, put)
        out += [*made, replace(statement, node=node)]
    return replace(sheet, statements=out)


def _name(node: sx.Annotated) -> str | None:
    return plain_name(node.note) if isinstance(node.note, (sx.Name, sx.Scripted)) else None


def _is_a_divergence(node: Node) -> bool:
    r"""`\mathrm{KL}(q \| p)`, `D_{KL}(q \| p)`."""
    return any(isinstance(n, sx.Call) and (plain_name(n.function) or "").partition("_")[0] in _DIVERGENCES for n in sx.walk(node)) or any(
        isinstance(n, sx.Name) and n.base == "KL" for n in sx.walk(node)
    )
