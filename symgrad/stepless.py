r"""Names that leave out the step, `a = W x_t + U h_{t-1}`, where a sum over the steps speaks of them: `\bar W = \sum_t \bar a\, x_t^\top`.

There is one for each step, as of everything that is made of what is of that step.
"""

from __future__ import annotations

from dataclasses import replace

from symgrad import syntax as sx
from symgrad.meaning import is_loss
from symgrad.naming import plain_name
from symgrad.parts import heads, mentions
from symgrad.read.document import Sheet
from symgrad.step_letters import counting
from symgrad.step_scripts import bound_letter, free_letters
from symgrad.syntax import Node


def with_their_steps(sheet: Sheet) -> Sheet:
    """The sheet with the step in names that are made of what is of one step, and that a sum over the steps speaks of."""
    letters = counting(sheet)
    if len(letters) != 1:
        return sheet
    (letter,) = letters
    equations = [
        (name, formula)
        for s in sheet.statements
        for name, formula in heads(s)
        if isinstance(s.node, sx.Relation) and not free_letters(s.node.sides[0], letters) and not is_loss(name) and _bare(name) == name
    ]
    found: set[str] = set()
    while more := {name for name, formula in equations if name not in found and _is_of_a_step(formula, letter, found)}:
        found |= more
    summed = [n for s in sheet.statements for n in sx.walk(s.node) if isinstance(n, sx.BigOp) and bound_letter(n) == letter]
    if not any(_bare(name) in found for total in summed for name in mentions(total)):
        return sheet

    def put(node: Node) -> Node | None:
        if not isinstance(node, (sx.Name, sx.Scripted)) or _bare(_named(node)) not in found:
            return None
        step = sx.Name(node.span, letter)
        if isinstance(node, sx.Name):
            return sx.Scripted(node.span, node, step)
        return replace(node, sub=step if node.sub is None else sx.Listing(node.span, (node.sub, step), (",",)))

    return replace(sheet, statements=[replace(s, node=sx.replaced(s.node, put)) for s in sheet.statements])


def _is_of_a_step(formula: Node, letter: str, found: set[str]) -> bool:
    """Whether it speaks of something at the step, or of a name that does, and no sum over the steps binds that."""
    outside = sx.mapped(formula, lambda n: sx.Blank(n.span) if isinstance(n, sx.BigOp) and bound_letter(n) == letter else n)
    return bool(free_letters(outside, frozenset({letter}))) or any(_bare(name) in found for name in mentions(outside))


def _named(node: sx.Name | sx.Scripted) -> str:
    """Its name, also where it is transposed or squared."""
    return plain_name(node) or (plain_name(replace(node, sup=None)) if isinstance(node, sx.Scripted) else None) or ""


def _bare(name: str) -> str:
    r"""The `a_z` of `\bar{a}_z`, whose gradient that is."""
    return name.replace("\\bar{", "", 1).replace("}", "", 1) if name.startswith("\\bar{") else name
