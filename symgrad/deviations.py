r"""A deviation whose square is defined: after `\sigma^2 = 0.667` the σ of `\hat x = (x - \mu)/\sigma` is its root."""

from __future__ import annotations

from dataclasses import replace

from symgrad import syntax as sx
from symgrad.constant import is_numeric
from symgrad.heads import as_call
from symgrad.naming import plain_name
from symgrad.parts import heads
from symgrad.read.document import Sheet, Statement
from symgrad.span import Span
from symgrad.syntax import Node


def with_roots(sheet: Sheet) -> Sheet:
    """The sheet with such deviations as the roots of their squares, where nothing else says what they are."""
    said = {name for s in sheet.statements for name, _ in heads(s)}
    alone = {name for s in sheet.statements for name in _alone(s.node)}
    out: list[Statement] = []
    for statement in sheet.statements:
        out.append(statement)
        base = _squared(statement.node)
        name = None if base is None else plain_name(base)
        if base is None or name not in alone or name in said or not isinstance(statement.node, sx.Relation):
            continue
        nowhere = Span(statement.span.end, statement.span.end)
        formula = next((side for side in statement.node.sides[1:] if not is_numeric(side)), statement.node.sides[-1])
        root = sx.Root(nowhere, replace(formula, span=nowhere))
        made = sx.Relation(nowhere, (replace(base, span=nowhere), root), ("=",))
        out.append(replace(statement, node=made, span=nowhere, words="", words_after=""))
        said.add(name)
    return replace(sheet, statements=out)


def _squared(node: Node) -> sx.Name | None:
    r"""The σ of `\sigma^2 = \frac1d \|x - \mu\|^2`, the s of `s^2 = \dots = 0.667`."""
    match node:
        case sx.Relation(sides=(sx.Scripted(base=sx.Name() as base, sub=None, sup=sx.Number(text="2")), *_, last), operators=("=", *_)):
            return base if base.base == "\\sigma" or is_numeric(last) else None
    return None


def _alone(node: Node) -> list[str]:
    """The names that stand without a script, and are no functions."""
    called = as_call(node)
    if isinstance(called, sx.Call):
        return [name for argument in called.args for name in _alone(argument)]
    if isinstance(node, sx.Name):
        name = plain_name(node)
        return [] if name is None else [name]
    return [] if isinstance(node, sx.Scripted) else [name for child in sx.children(node) for name in _alone(child)]
