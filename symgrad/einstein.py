r"""Einstein's convention: where a sheet says that repeated indices are summed over, `W_{ij} x_j` is `\sum_j W_{ij} x_j`.

An index is repeated where two factors of a term have it, and neither a sum nor the side that a line begins with. What stands beside it
below the same name, and nowhere else, is summed over too, as the n of `\partial L / \partial c_k = q_{nm} \delta_{mk}`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

from symgrad import syntax as sx
from symgrad.members import running_letters
from symgrad.naming import letters_of
from symgrad.read.document import Sheet
from symgrad.syntax import Node

_SAID = re.compile(
    r"(?i)\b(?:repeated|dummy)\W+(?:\w+\W+)?ind(?:ices|exes|ex)\b|\bsummation convention\b|\beinstein|\bsummenkonvention\b"
    r"|\bind(?:ices|exes|ex) (?:that|which|occurring|appearing)\b[^.]{0,40}\b(?:twice|repeated)\b"
    r"|\bdoppelt\w* (?:auftretende\w* )?indi[zc]es\b|\bindices répétés\b|\bíndices repetidos\b|\bindici ripetuti\b|повторяющ\w+ индекс"
)
# Before those words, or behind them: that nothing is summed. That sums are *not written* is the convention itself.
_DENIED = re.compile(
    r"(?i)\b(?:no|without|(?:not|never|nicht) us\w+|keine|ohne|sans|sin|senza)\s+(?:(?:the|die|la)\s+)?"
    r"(?:einstein\S*\s+|(?:implied |implicit )?(?:sums?|summation) over (?:the )?)?$"
)
_DENIED_BEHIND = re.compile(r"(?i)^[^.;:]{0,30}\b(?:not|never|nicht) (?:be )?(?:used|applied|summed|implied|meant|verwendet|summiert)\b")
# `the examples are numbered by $n = 1, \\dots, N$`
_RUNS = re.compile(r"(?<![A-Za-z\\_{])([a-z])\s*=\s*1\s*,\s*(?:\\[lc]?dots|…|\.\.\.)\s*,\s*([A-Za-z])(?![A-Za-z])")


def with_sums(sheet: Sheet) -> Sheet:
    """The sheet with the sums that the convention leaves out."""
    text = sheet.source.text
    if all(_DENIED.search(text[: m.start()]) or _DENIED_BEHIND.search(text[m.end() :]) for m in _SAID.finditer(text)):
        return sheet
    tops = {found[1]: found[2] for found in _RUNS.finditer(text)}
    made = []
    kept: set[str] = set()  # by what the last equation begins with, which the rows go on with that begin with a sign
    for statement in sheet.statements:
        if isinstance(statement.node, sx.Relation) and not isinstance(statement.node.sides[0], sx.Blank):
            kept = set(_letters(statement.node.sides[0]))
        made.append(replace(statement, node=_relation(statement.node, kept, tops)))
    return replace(sheet, statements=made)


def _relation(node: Node, kept: set[str], tops: Mapping[str, str]) -> Node:
    if not isinstance(node, sx.Relation) or set(node.operators) - {"=", ":=", "equiv"}:
        return node
    return replace(node, sides=(node.sides[0], *(_side(side, kept, tops) for side in node.sides[1:])))


def _side(node: Node, kept: set[str], tops: Mapping[str, str]) -> Node:
    match node:
        case sx.Sum():
            return replace(node, terms=tuple(_side(term, kept, tops) for term in node.terms))
        case sx.Prefix():
            return replace(node, body=_side(node.body, kept, tops))
        case sx.BigOp(operator="sum", body=sx.Node() as body):
            return replace(node, body=_side(body, kept | set(running_letters(node)), tops))
        case sx.Product(factors=(*coefficients, sx.BigOp(operator="sum") as total)) if not any(map(_letters, coefficients)):
            return replace(node, factors=(*coefficients, _side(total, kept, tops)))
        case sx.Product():
            own = Counter(letter for factor in node.factors for letter in _letters(factor))
            loose = own.keys() - kept - set(running_letters(node))
            repeated = {letter for letter in loose if own[letter] > 1}
            beside = {letter for factor in node.factors if _letters(factor) & repeated for letter in _letters(factor) & loose}
            made: Node = node
            for letter in sorted(repeated | beside):
                top = sx.Name(node.span, tops[letter]) if letter in tops else None
                made = sx.BigOp(node.span, "sum", sx.Name(node.span, letter), top, made)
            return made
    return node


def _letters(node: Node) -> set[str]:
    """The index letters that stand below the names of a factor."""
    return {letter for n in sx.walk(node) if isinstance(n, sx.Scripted) for letter in letters_of(n.sub) or ()}
