r"""Numbers for every index behind one formula: `p_n (1 - p_n) \approx 0.1966,\ 0.2350,\ 0.25`, each a claim about its own n."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from symgrad import syntax as sx
from symgrad.naming import letters_of
from symgrad.origins import letters_that_run
from symgrad.read.document import Sheet, Statement
from symgrad.syntax import Node

_BETWEEN = re.compile(r"(?:[\s,;$]|\\[ ,;:!]|\\q?quad)*(?:and\s*\$?)?\s*")


def for_each_number(sheet: Sheet) -> Sheet:
    """The sheet with such a formula at 1, 2, 3, …"""
    out: list[Statement] = []
    taken: set[int] = set()
    for i, statement in enumerate(sheet.statements):
        if i in taken:
            continue
        letter = _letter(statement.node)
        behind = list(_numbers_behind(sheet, i)) if letter is not None else []
        if letter is None or not behind or not isinstance(statement.node, sx.Relation):
            out.append(statement)
            continue
        taken |= {j for j, _ in behind}
        left, first = statement.node.sides
        for k, number in enumerate([first, *(number for _, number in behind)], 1):
            node = replace(statement.node, sides=(_at(left, letter, k), number), span=number.span if k > 1 else statement.span)
            out.append(replace(statement, node=node, span=node.span))
    return replace(sheet, statements=out)


def _letter(node: Node) -> str | None:
    """The one index that a formula before a number has free; None for what is no such claim."""
    if not isinstance(node, sx.Relation) or len(node.sides) != 2 or node.operators[0] not in ("=", "approx"):
        return None
    if not isinstance(node.sides[1], (sx.Number, sx.Prefix)) or _number(node.sides[1]) is None:
        return None
    found = {letter for n in sx.walk(node.sides[0]) if isinstance(n, sx.Scripted) for letter in letters_of(n.sub) or ()}
    bound = {letter for n in sx.walk(node.sides[0]) if isinstance(n, sx.BigOp) for letter in letters_that_run(n)}
    return found.pop() if len(found) == 1 and not bound else None


def _numbers_behind(sheet: Sheet, i: int) -> Iterator[tuple[int, Node]]:
    """The numbers that stand right behind a statement, with no word between them."""
    end = sheet.statements[i].span.end
    for j in range(i + 1, len(sheet.statements)):
        statement = sheet.statements[j]
        items = statement.node.items if isinstance(statement.node, sx.Listing) else (statement.node,)
        if not _BETWEEN.fullmatch(sheet.source.text[end : statement.span.start]) or any(_number(item) is None for item in items):
            return
        yield from ((j, item) for item in items)
        end = statement.span.end


def _number(node: Node) -> Node | None:
    inner = node.body if isinstance(node, sx.Prefix) and node.sign in "+-" else node
    return node if isinstance(inner, sx.Number) else None


def _at(node: Node, letter: str, k: int) -> Node:
    def put(n: Node) -> Node | None:
        if isinstance(n, sx.Scripted) and n.sub is not None and letters_of(n.sub) == (letter,):
            return replace(n, sub=sx.Number(n.sub.span, str(k)))
        return None

    return sx.replaced(node, put)
