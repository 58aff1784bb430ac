r"""Losses of one example by the letter of the loss of all: the $L_i$ beside $L = \frac1N \sum_i L_i$, which are no entries of that L."""

from __future__ import annotations

from dataclasses import replace

from symgrad import syntax as sx
from symgrad.heads import as_call
from symgrad.meaning import is_loss
from symgrad.naming import letters_of, numbers_of, plain_name
from symgrad.read.document import Sheet
from symgrad.syntax import Node

# What they are called instead: the first that a sheet has no use for.
_LETTERS = ("\\ell", "L", "E", "J")
# Steps are written out one by one, and the loss of each is one of its own.
_OF_STEPS = frozenset({"t", "\\tau", "T"})


def with_own_losses(sheet: Sheet) -> Sheet:
    """The sheet with another letter for the losses of one example, where that of all is a sum by their index."""
    scripted = [n for s in sheet.statements for n in sx.walk(s.node) if isinstance(n, sx.Scripted) and isinstance(n.base, sx.Name)]
    met = {n.base for s in sheet.statements for n in sx.walk(s.node) if isinstance(n, sx.Name)}
    free = next((letter for letter in _LETTERS if letter not in met), None)
    whole = {name: indices for s in sheet.statements for name, indices in _sums(s.node)}
    numbered = {plain_name(n.base) for n in scripted if numbers_of(n.sub) is not None}
    own = {name for n in scripted if (name := plain_name(n.base)) in whole and _index(n) in whole[name or ""]} - numbered
    if free is None or len(own) != 1:
        return sheet

    def put(node: Node) -> Node:
        if isinstance(node, sx.Scripted) and plain_name(node.base) in own and _index(node) is not None:
            return replace(node, base=sx.Name(node.base.span, free))
        return node

    return replace(sheet, statements=[replace(s, node=sx.mapped(s.node, put)) for s in sheet.statements])


def _index(node: sx.Scripted) -> str | None:
    """The one letter below a name, which numbers examples."""
    letters = letters_of(node.sub) or ()
    return letters[0] if len(letters) == 1 and node.sup is None and not node.primes and letters[0] not in _OF_STEPS else None


def _sums(node: Node) -> list[tuple[str, set[str]]]:
    """A loss that an equation begins with, and the letters that it is summed by."""
    if not isinstance(node, sx.Relation) or node.operators[0] not in ("=", ":="):
        return []
    called = as_call(node.sides[0])
    head = called.function if isinstance(called, sx.Call) else called
    name = plain_name(head) if isinstance(head, sx.Name) else None
    below = [n.below for side in node.sides[1:] for n in sx.walk(side) if isinstance(n, sx.BigOp) and n.operator == "sum"]
    letters = {n.base for limit in below if limit is not None for n in sx.walk(limit) if isinstance(n, sx.Name)}
    return [(name, letters)] if name is not None and is_loss(name) and letters else []
