r"""Einstein's convention: where a sheet says that repeated indices are summed over, `W_{ij} x_j` is `\sum_j W_{ij} x_j`.

An index is repeated where two factors of a term have it, and neither a sum nor the side that a line begins with.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace

from symgrad import syntax as sx
from symgrad.members import running_letters
from symgrad.naming import letters_of
from symgrad.read.document import Sheet
from symgrad.syntax import Node

_SAID = re.compile(
    r"(?i)\b(?:repeated|dummy) ind(?:ices|exes)\b|\bsummation convention\b|\beinstein|\bsummenkonvention\b"
    r"|\bind(?:ices|exes|ex) (?:that|which|occurring|appearing)\b[^.]{0,40}\b(?:twice|repeated)\b"
    r"|\bdoppelt\w* (?:auftretende\w* )?indi[zc]es\b|\bindices répétés\b|\bíndices repetidos\b|\bindici ripetuti\b|повторяющ\w+ индекс"
)


def with_sums(sheet: Sheet) -> Sheet:
    """The sheet with the sums that the convention leaves out."""
    if not _SAID.search(sheet.source.text):
        return sheet
    return replace(sheet, statements=[replace(s, node=_relation(s.node)) for s in sheet.statements])


def _relation(node: Node) -> Node:
    if not isinstance(node, sx.Relation) or set(node.operators) - {"=", ":=", "equiv"}:
        return node
    kept = _letters(node.sides[0])
    return replace(node, sides=(node.sides[0], *(_side(side, kept) for side in node.sides[1:])))


def _side(node: Node, kept: set[str]) -> Node:
    match node:
        case sx.Sum():
            return replace(node, terms=tuple(_side(term, kept) for term in node.terms))
        case sx.Prefix():
            return replace(node, body=_side(node.body, kept))
        case sx.Product():
            own = Counter(letter for factor in node.factors for letter in _letters(factor))
            repeated = sorted(letter for letter, count in own.items() if count > 1 and letter not in kept | set(running_letters(node)))
            made: Node = node
            for letter in repeated:
                made = sx.BigOp(node.span, "sum", sx.Name(node.span, letter), None, made)
            return made
    return node


def _letters(node: Node) -> set[str]:
    """The index letters that stand below the names of a factor."""
    return {letter for n in sx.walk(node) if isinstance(n, sx.Scripted) for letter in letters_of(n.sub) or ()}
