r"""Gradients and Hessians that a step alone tells of: the g and the H of `w \leftarrow w - \eta g`, `w \leftarrow w - H^{-1} g`.

Where the sheet has one loss and formulas for them, they are what a step of gradient descent or of Newton's method is made of (Nocedal and
Wright, *Numerical Optimization*, 2.2), and their formulas are claims.
"""

from __future__ import annotations

from dataclasses import replace

from symgrad import syntax as sx
from symgrad.constant import is_numeric
from symgrad.defining import RATES
from symgrad.naming import plain_name, superscript
from symgrad.parts import heads, mentions
from symgrad.read.document import Sheet, Statement
from symgrad.syntax import Node
from symgrad.unnamed_loss import meant_loss

_NEWTON, _DESCENT = 2, 1


def with_gradients_of_steps(sheet: Sheet) -> Sheet:
    """The sheet with an equation for each such name, before its formula."""
    means: dict[str, tuple[Node, Node, int]] = {}
    for statement in sheet.statements:
        means |= _made_of(statement.node)
    if not means:
        return sheet
    loss = meant_loss(sheet, sheet.statements[0].span)
    formulas = {name: formula for s in sheet.statements for name, formula in heads(s)}
    wanted = {
        name
        for name in means
        if name in formulas and not isinstance(formulas[name], sx.Derivative) and name not in mentions(formulas[name])
    }
    of = formulas.get(plain_name(loss) or "")
    if not wanted or of is None or is_numeric(of):
        return sheet
    out: list[Statement] = []
    for statement in sheet.statements:
        for name in wanted & {head for head, _ in heads(statement)}:
            node, by, order = means[name]
            nowhere = replace(statement.span, end=statement.span.start)
            times = sx.Number(nowhere, "2") if order == _NEWTON else None
            slope = sx.Derivative(nowhere, loss, (by,), "nabla", "operator", times)
            out.append(replace(statement, node=sx.Relation(nowhere, (node, slope), ("=",)), span=nowhere, words="", words_after=""))
            wanted = wanted - {name}
        out.append(statement)
    return replace(sheet, statements=out)


def _made_of(node: Node) -> dict[str, tuple[Node, Node, int]]:
    """The names of a step that are a gradient or a Hessian: the name as it stands, what it is by, and of which order."""
    match node:
        case sx.Relation(
            sides=(head, sx.Sum(terms=(old, sx.Product(factors=(first, last)) as step), signs=("", "-"))), operators=("gets" | ":=",)
        ):
            pass
        case _:
            return {}
    gradient = plain_name(last)
    if plain_name(head) is None or plain_name(head) != plain_name(old) or gradient is None or any(step.operators):
        return {}
    made = {gradient: (last, head, _DESCENT)}
    if plain_name(first) in RATES:
        return made
    inverse = isinstance(first, sx.Scripted) and superscript(first.sup).inverse and first.sub is None
    hessian = plain_name(first.base) if inverse and isinstance(first, sx.Scripted) else None
    return {} if hessian is None or not isinstance(first, sx.Scripted) else made | {hessian: (first.base, head, _NEWTON)}
