r"""Formulas that are patterns only: `a_j = \sum_i w_{ij} x_i` where `a_1 = w_{13} x_1 + w_{23} x_2` goes by another count.

A pattern is told for any unit, and the units have formulas of their own. Where the letter of the pattern stands for none of their numbers,
it says how they are built, and defines none of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from symgrad import syntax as sx
from symgrad.naming import letters_of, numbers_of, plain_name
from symgrad.read.document import Sheet, Statement
from symgrad.syntax import Node

_FEWEST = 2


def without_patterns(sheet: Sheet) -> Sheet:
    """The sheet without the formulas that count otherwise than the lines that they are patterns of."""
    numbered: dict[str, list[tuple[str, Statement]]] = {}
    for statement in sheet.statements:
        base, index = _headed(statement)
        if base is not None and len(index) == 1 and index[0].isdigit():
            numbered.setdefault(base, []).append((index[0], statement))
    return replace(sheet, statements=[s for s in sheet.statements if not _is_only_a_pattern(s, numbered)])


def _is_only_a_pattern(statement: Statement, numbered: dict[str, list[tuple[str, Statement]]]) -> bool:
    base, index = _headed(statement)
    lines = numbered.get(base or "", [])
    if len(lines) < _FEWEST or len(index) != 1 or not index[0].isalpha():
        return False
    places = {(name, at) for name, found in _behind(statement) for at, letter in enumerate(found) if letter == index[0]}
    for number, line in lines:
        met = {found[at] for name, found in _behind(line) if found[0].isdigit() for of, at in places if name == of and at < len(found)}
        if not met or number in met:
            return False
    return True


def _headed(statement: Statement) -> tuple[str | None, tuple[str, ...]]:
    """The name that a formula is of, and its index."""
    node = statement.node
    return _indexed(node.sides[0]) if isinstance(node, sx.Relation) and node.operators[0] == "=" else (None, ())


def _behind(statement: Statement) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The names with an index on the sides behind the first."""
    sides = statement.node.sides[1:] if isinstance(statement.node, sx.Relation) else ()
    for node in (n for side in sides for n in sx.walk(side)):
        name, index = _indexed(node)
        if name is not None and index:
            yield name, index


def _indexed(node: Node) -> tuple[str | None, tuple[str, ...]]:
    """A name and the letters or digits of its index: w and 1, 3 for `w_{13}`."""
    if not isinstance(node, sx.Scripted) or node.sup is not None:
        return None, ()
    numbers = numbers_of(node.sub)
    digits = tuple(str(numbers[0])) if numbers is not None and len(numbers) == 1 else tuple(map(str, numbers or ()))
    return plain_name(node.base), letters_of(node.sub) or digits
