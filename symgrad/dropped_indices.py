r"""An index that the words let go: after "I fix one feature and drop $k$" the $x_i$ are the $x_{ik}$ of the formulas before, of one k.

Where nothing sums over it, formulas hold for every k by itself, and are read without it.
"""

from __future__ import annotations

import re
from dataclasses import replace

from symgrad import syntax as sx
from symgrad.read.document import Sheet
from symgrad.syntax import Node

DROPPED = re.compile(
    r"(?i)\b(?:drop|dropping|omit|omitting|suppress|suppressing|leave out|leaving out|skip)\b"
    r"(?:\s+(?:the|its|this|our|feature|column|dimension|index|subscript|letter))*\s+\$([a-z])\$"
)


def without_dropped_indices(sheet: Sheet) -> Sheet:
    """The sheet without such an index, where no sum or product runs over it."""
    told = DROPPED.search(sheet.source.text)
    limits = (n.below for s in sheet.statements for n in sx.walk(s.node) if isinstance(n, sx.BigOp) and n.below is not None)
    if told is None or any(isinstance(n, sx.Name) and n.base == told[1] for below in limits for n in sx.walk(below)):
        return sheet

    def without(node: Node) -> Node:
        if not isinstance(node, sx.Scripted) or node.sub is None:
            return node
        sub = without_index(node.sub, told[1])
        return node.base if sub is None and node.sup is None and not node.primes else replace(node, sub=sub)

    return replace(sheet, statements=[replace(s, node=sx.mapped(s.node, without)) for s in sheet.statements])


def without_index(sub: Node | None, letter: str) -> Node | None:
    """What is left of a subscript."""
    match sub:
        case sx.Name(base=base):
            return None if base == letter else sub
        case sx.Product(factors=factors, operators=operators) if not any(operators):
            kept = tuple(factor for factor in factors if factor != sx.Name(factor.span, letter))
            return kept[0] if len(kept) == 1 else replace(sub, factors=kept, operators=("",) * (len(kept) - 1)) if kept else None
        case sx.Listing(items=items):
            left = tuple(item for item in items if item != sx.Name(item.span, letter))
            return left[0] if len(left) == 1 else replace(sub, items=left, separators=(",",) * (len(left) - 1)) if left else None
    return sub
