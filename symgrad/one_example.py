r"""Formulas of one example that keep its index: `L_i = -\log p_{y_i}`, where no sum runs over i.

The loss is L, and the label is y, as for an example without a number; what else has the index, x_i, is a name of its own.
"""

from __future__ import annotations

from dataclasses import replace

from symgrad import syntax as sx
from symgrad.naming import letters_of
from symgrad.origins import letters_that_run
from symgrad.read.document import Sheet
from symgrad.syntax import Node

_EXAMPLES = frozenset("int")
_LABELS = frozenset("ycg")


def of_one_example(sheet: Sheet) -> Sheet:
    """The sheet with the last head and with labels without the index of an example that is fixed."""
    nodes = [n for s in sheet.statements for n in sx.walk(s.node)]
    fixed = _EXAMPLES - {letter for n in nodes if isinstance(n, sx.BigOp) for letter in letters_that_run(n)}
    statements = list(sheet.statements)
    last = statements[-1].node if statements else None
    match last:
        case sx.Relation(sides=(sx.Scripted(base=sx.Name(), sub=sx.Name(base=letter), sup=None) as head, *sides)) if letter in fixed:
            if all(len(letters_of(n.sub) or ()) < 2 for side in sides for n in sx.walk(side) if isinstance(n, sx.Scripted)):
                statements[-1] = replace(statements[-1], node=replace(last, sides=(head.base, *sides)))

    def label(node: Node | None) -> str | None:
        """The y of `y_i`."""
        match node:
            case sx.Scripted(base=sx.Name(base=base, accents=()), sub=sx.Name(base=letter), sup=None) if letter in fixed:
                return base if base in _LABELS else None
        return None

    picking = {label(n.sub) for n in nodes if isinstance(n, sx.Scripted)}
    picking |= {label(n.sides[-1]) for n in nodes if isinstance(n, sx.Relation) and n.operators == ("ne",)}
    picking -= {None, *(n.base for n in nodes if isinstance(n, sx.Name) and n.base not in _LABELS)}
    if picking:
        written = {id(n): n.base for n in nodes if label(n) in picking and isinstance(n, sx.Scripted)}
        statements = [replace(s, node=sx.replaced(s.node, lambda n: written.get(id(n)))) for s in statements]
    return replace(sheet, statements=statements)
