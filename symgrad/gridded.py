r"""What is said for every i and j of weights that are numbered: `\partial E/\partial w_{ij} = \delta_i x_j` beside `w_{11}`, `w_{12}`.

The statement becomes one for each pair of numbers. Where the sheet has the matrix itself, `w_{ij}` is an entry of it and nothing is
written out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from symgrad import syntax as sx
from symgrad.members import alone
from symgrad.naming import letters_of, plain_name
from symgrad.read.document import Sheet, Statement
from symgrad.syntax import Node

_MOST = 4


def for_each_pair(sheet: Sheet) -> Sheet:
    """The sheet with its derivatives by such a weight written out."""
    scripted = [n for s in sheet.statements for n in sx.walk(s.node) if isinstance(n, sx.Scripted)]
    numbers: dict[str, set[str]] = {}
    for node in scripted:
        if isinstance(node.sub, sx.Number) and node.sub.text.isdigit():
            numbers.setdefault(plain_name(node.base) or "", set()).add(node.sub.text)
    whole = {name for s in sheet.statements for name in alone(s.node, frozenset())}
    sizes = {base: size for base, held in numbers.items() if base not in whole and (size := _size(held)) is not None}
    if not sizes:
        return sheet
    return replace(sheet, statements=[made for s in sheet.statements for made in _each(s, sizes, numbers)])


def _size(numbers: set[str]) -> tuple[int, int] | None:
    """The rows and columns of a grid whose every place has its number; None for anything else."""
    if any(len(number) != 2 for number in numbers):
        return None
    rows, columns = (max(int(number[k]) for number in numbers) for k in (0, 1))
    every = {f"{i}{j}" for i in range(1, rows + 1) for j in range(1, columns + 1)}
    return (rows, columns) if numbers == every and len(every) > 1 and max(rows, columns) <= _MOST else None


def _each(statement: Statement, sizes: dict[str, tuple[int, int]], numbers: dict[str, set[str]]) -> Iterator[Statement]:
    head = statement.node.sides[0] if isinstance(statement.node, sx.Relation) else None
    by = head.wrt[0] if isinstance(head, sx.Derivative) and head.order is None and len(head.wrt) == 1 else None
    letters = letters_of(by.sub) or () if isinstance(by, sx.Scripted) else ()
    size = sizes.get(plain_name(by.base) or "") if isinstance(by, sx.Scripted) else None
    if size is None or len(letters) != 2 or len(set(letters)) != 2 or not _is_of_numbered(statement.node, letters, size, numbers):
        yield statement
        return
    for i in range(1, size[0] + 1):
        for j in range(1, size[1] + 1):
            yield replace(statement, node=_at(statement.node, {letters[0]: str(i), letters[1]: str(j)}))


def _is_of_numbered(node: Node, letters: tuple[str, ...], size: tuple[int, int], numbers: dict[str, set[str]]) -> bool:
    """Whether every name that has one of the letters is numbered as far as that letter runs, and nothing is summed."""
    ends = dict(zip(letters, size, strict=True))
    for n in sx.walk(node):
        own = letters_of(n.sub) if isinstance(n, sx.Scripted) else None
        if isinstance(n, sx.BigOp):
            return False
        if isinstance(n, sx.Scripted) and own is not None and set(own) & set(letters):
            held = numbers.get(plain_name(n.base) or "", set())
            if not set(own) <= set(letters) or (len(own) == 1 and not {str(k) for k in range(1, ends[own[0]] + 1)} <= held):
                return False
    return True


def _at(node: Node, values: dict[str, str]) -> Node:
    """What is said of i and j, at two numbers."""

    def put(n: Node) -> Node | None:
        own = letters_of(n.sub) if isinstance(n, sx.Scripted) else None
        if not isinstance(n, sx.Scripted) or n.sub is None or not own or not set(own) <= values.keys():
            return None
        return replace(n, sub=sx.Number(n.sub.span, "".join(values[letter] for letter in own)))

    return sx.replaced(node, put)
