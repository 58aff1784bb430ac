r"""Values that stand nowhere but where a formula is worked out: `p - y = (0.5, 0.5) - (1, 0)` says what y is.

The formula and its numbers must be built alike, and the name be one that the sheet gives no value and no formula.

A number for what has a formula at every step, `f_t = 0.9` after `f_t = \sigma(a_t)`, is only supposed: it gives nothing a value.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import TypeGuard

from symgrad import syntax as sx
from symgrad.constant import constant_of, is_numeric
from symgrad.literals import literal_rows
from symgrad.naming import plain_name
from symgrad.parts import heads
from symgrad.read.document import Sheet, Statement
from symgrad.syntax import Node

# The letters that count steps, also where one of these is given a number.
_STEPS = frozenset({"t", "\\tau", "l", "\\ell"})


def with_instances(sheet: Sheet) -> Sheet:
    """The sheet with such values as statements of their own, before the line that they stand in."""
    settled = {name for s in sheet.statements for name, _ in heads(s)}
    out: list[Statement] = []
    computed: set[str] = set()
    for statement in sheet.statements:
        if _is_supposed(statement.node, computed, settled):
            statement = replace(statement, node=replace(statement.node, operators=("sim",)))
        computed |= {name for name, formula in heads(statement) if not is_numeric(formula)}
        node = statement.node
        sides = node.sides if isinstance(node, sx.Relation) and set(node.operators) == {"="} else ()
        for formula, worked in pairwise(sides):
            for name, value in _alike(formula, worked) or ():
                if plain_name(name) not in settled:
                    settled.add(plain_name(name) or "")
                    out.append(replace(statement, node=sx.Relation(value.span, (name, value), ("=",)), span=value.span))
        out.append(statement)
    return replace(sheet, statements=out)


def _is_supposed(node: Node, computed: set[str], settled: set[str]) -> TypeGuard[sx.Relation]:
    """Whether a number is put in the place of what a formula gives at every step; beside a b, `g_b` is of no step."""
    match node:
        case sx.Relation(sides=(sx.Scripted(sub=sx.Name() as step) as head, value), operators=("=" | "equiv",)):
            is_of_a_step = plain_name(step) not in settled or plain_name(step) in _STEPS
            return is_of_a_step and plain_name(head) in computed and constant_of(value) is not None
    return False


def _alike(formula: Node, worked: Node) -> list[tuple[Node, Node]] | None:
    """The names of a formula with the vectors and matrices in their places; None where the two are not built alike."""
    match formula, worked:
        case sx.Group(body=inside), _:
            return _alike(inside, worked)
        case sx.Sum(terms=terms, signs=signs), sx.Sum(terms=numbers, signs=others) if signs == others:
            return _each(terms, numbers)
        case sx.Product(factors=factors), sx.Product(factors=numbers):
            return _each(factors, numbers)
    rows = literal_rows(worked)
    if rows is None:
        return None
    is_wide = len(rows) * len(rows[0]) > 1
    return [(formula, worked)] if is_wide and isinstance(formula, (sx.Name, sx.Scripted)) and plain_name(formula) else []


def _each(formulas: tuple[Node, ...], numbers: tuple[Node, ...]) -> list[tuple[Node, Node]] | None:
    found = [_alike(*pair) for pair in zip(formulas, numbers, strict=True)] if len(formulas) == len(numbers) else [None]
    return None if None in found else [pair for pairs in found for pair in pairs or ()]
