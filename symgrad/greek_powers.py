r"""`p_i^\alpha` as a power: on a sheet a superscript may be a label, and a small Greek letter hardly ever is one."""

from __future__ import annotations

from dataclasses import replace

from symgrad import names
from symgrad import syntax as sx
from symgrad.read.document import Sheet
from symgrad.syntax import Node

# The letter of a layer is none.
_SMALL = frozenset(name for name in names.GREEK if name.islower()) - {"ell"}


def with_greek_powers(sheet: Sheet) -> Sheet:
    """The sheet with brackets around what stands to the power of a small Greek letter."""
    return replace(sheet, statements=[replace(s, node=sx.mapped(s.node, _bracketed)) for s in sheet.statements])


def _bracketed(node: Node) -> Node:
    match node:
        case sx.Scripted(base=sx.Name() as base, sup=sx.Name(base=letter, accents=())) if letter[1:] in _SMALL:
            whole = base if node.sub is None else replace(node, sup=None)
            return replace(node, base=sx.Group(node.span, "(", ")", whole), sub=None) if base.base != "e" else node
    return node
