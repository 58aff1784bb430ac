r"""The `u_{w_s}` of `\sum_s \log\sigma(-u_{w_s}^\top v)`: one vector for each s, of which nothing matters but that there is one.

Which of all u they are is not said, and they are taken for vectors of their own, `\tilde u_s`. Labels (`p_{y_i}`, `\mu_{c_i}`) are not:
what they pick is one of few, and several examples may have the same.
"""

from __future__ import annotations

from dataclasses import replace

from symgrad import syntax as sx
from symgrad.members import running_letters
from symgrad.naming import letters_of
from symgrad.parts import heads
from symgrad.read.document import Sheet
from symgrad.syntax import Node

_LABELS = frozenset("yctlkzg")


def with_members_by_letter(sheet: Sheet) -> Sheet:
    """The sheet with such vectors by the letter alone that a sum runs over."""
    nodes = [n for s in sheet.statements for n in sx.walk(s.node)]
    running = {letter for s in sheet.statements for letter in running_letters(s.node)}
    known = {name for s in sheet.statements for name, _ in heads(s)}
    tilded = {n.base for n in nodes if isinstance(n, sx.Name) and n.accents}
    nested = {found for n in nodes if (found := _nested(n)) is not None and found[2] in running}
    bases = {base for base, _, _ in nested}
    # Two kinds of such vectors would be taken for one.
    bases -= {base for base in bases if len({inner for one, inner, _ in nested if one == base}) > 1} | tilded
    bases -= {base for base, inner, _ in nested if inner in _LABELS or any(name.startswith(f"{inner}_") for name in known)}
    if not bases:
        return sheet

    def written(node: Node) -> Node:
        found = _nested(node)
        if found is None or found[0] not in bases or not isinstance(node, sx.Scripted) or not isinstance(node.base, sx.Name):
            return node
        assert isinstance(node.sub, sx.Scripted)
        return replace(node, base=replace(node.base, accents=("tilde",)), sub=node.sub.sub)

    return replace(sheet, statements=[replace(s, node=sx.mapped(s.node, written)) for s in sheet.statements])


def _nested(node: Node) -> tuple[str, str, str] | None:
    """The u, the w and the s of `u_{w_s}`."""
    match node:
        case sx.Scripted(base=sx.Name(base=base, accents=()), sub=sx.Scripted(base=sx.Name(base=inner, accents=()), sub=letter, sup=None)):
            letters = letters_of(letter)
            return (base, inner, letters[0]) if letters is not None and len(letters) == 1 and len(inner) == 1 else None
    return None
