r"""A loss function that nothing is said of: `L = \sum_t \ell(o_t, y_t)`, and then `\nabla_{o_t} \ell`, `\partial \ell/\partial o_t`.

What it comes to at a step gets a name with that step, `\ell_t`, as others write it from the start; where the loss is one value of it,
`L = \ell(a, y)`, its derivatives are those of the loss.
"""

from __future__ import annotations

from dataclasses import replace

from symgrad import syntax as sx
from symgrad.heads import as_call
from symgrad.meaning import is_loss
from symgrad.naming import plain_name
from symgrad.parts import heads
from symgrad.read.document import Sheet, Statement
from symgrad.span import Span
from symgrad.syntax import Node

_OPAQUE = sx.Name(Span(0, 0), "\\ell")


def with_opaque_losses(sheet: Sheet) -> Sheet:
    """The sheet with a name for every value of such a function, and a line that says what each is a function of."""
    sides = [side for s in sheet.statements if isinstance(s.node, sx.Relation) for side in s.node.sides[:1]]
    known = {plain_name(called.function if isinstance(called := as_call(side), sx.Call) else side) for side in sides}
    terms = [(s, n) for s in sheet.statements for _, e in heads(s) for n in sx.walk(e)]
    used = {name for _, node in terms if (name := _function(node)) is not None and name not in known}
    of_steps = {name for _, node in terms if (name := _function(node)) in used and _value(node) is not None}
    losses: dict[str | None, Node] = {
        name: s.node.sides[0]
        for s, n in terms
        if (name := _function(n)) in used - of_steps and isinstance(s.node, sx.Relation) and s.node.sides[1] is n
    }
    if not of_steps and not losses:
        return sheet
    out: list[Statement] = []
    said: set[str | None] = set()
    for statement in sheet.statements:
        values = {plain_name(v): (v, n) for n in sx.walk(statement.node) if _function(n) in of_steps and (v := _value(n)) is not None}
        made = sx.replaced(statement.node, lambda n: _slope(n, of_steps, losses) or (_value(n) if _function(n) in of_steps else None))
        out.append(replace(statement, node=made))
        for name, (value, call) in values.items():
            if name not in said and name not in known and heads(statement):
                said.add(name)
                at = Span(statement.span.end, statement.span.end)
                called = as_call(call)
                whole = sx.Call(at, _OPAQUE, called.args if isinstance(called, sx.Call) else ())
                out.append(replace(statement, node=sx.Relation(at, (value, whole), ("=",)), span=at))
    return replace(sheet, statements=out)


def _function(node: Node) -> str | None:
    """The name of a loss that is applied to names."""
    called = as_call(node)
    if not isinstance(called, sx.Call) or any(plain_name(arg) is None for arg in called.args):
        return None
    name = plain_name(called.function)
    return name if name is not None and (is_loss(name) or name.startswith("\\ell")) else None


def _value(node: Node) -> Node | None:
    r"""The name of its value at the step that its arguments are of: `\ell_t`; the function itself where it has a step."""
    called = as_call(node)
    if not isinstance(called, sx.Call):
        return None
    if isinstance(called.function, sx.Scripted):
        return called.function
    steps = [arg.sub for arg in called.args if isinstance(arg, sx.Scripted) and arg.sub is not None]
    return sx.Scripted(node.span, called.function, steps[0]) if steps else None


def _slope(node: Node, of_steps: set[str], losses: dict[str | None, Node]) -> Node | None:
    r"""The derivative of the value that `\partial \ell/\partial o_t` is of."""
    if not isinstance(node, sx.Derivative) or node.of is None or len(node.wrt) != 1:
        return None
    name, by = plain_name(node.of), node.wrt[0]
    if name in losses:
        return replace(node, of=losses[name])
    if name in of_steps and isinstance(node.of, sx.Name) and isinstance(by, sx.Scripted) and by.sub is not None:
        return replace(node, of=sx.Scripted(node.of.span, node.of, by.sub))
    return None
