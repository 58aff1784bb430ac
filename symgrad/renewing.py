r"""A name set equal to itself and a change, `w = w - \eta\, dw`, also with `:=`: as in code it gets a new value, as by `\leftarrow`."""

from __future__ import annotations

from dataclasses import replace

from symgrad import syntax as sx
from symgrad.naming import plain_name
from symgrad.read.document import Sheet
from symgrad.syntax import Node


def with_renewals(sheet: Sheet) -> Sheet:
    """The sheet with an arrow for the sign of equality of such a line."""
    return replace(sheet, statements=[replace(s, node=_renewed(s.node)) for s in sheet.statements])


def _renewed(node: Node) -> Node:
    match node:
        case sx.Relation(sides=(head, sx.Sum(terms=(first, *_)), *_), operators=("=" | ":=", *rest)):
            name = plain_name(head)
            if name is not None and plain_name(first) == name:
                return replace(node, operators=("gets", *rest))
    return node
