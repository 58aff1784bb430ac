r"""Several names given at once, as in `(x_0, y_0) = (3, 1)`, `[x_1; y_1] = … = [2.4; 0.4]`, `x_{1:3} = (1, 0, 2)` and `i = f = 0.5`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Set
from dataclasses import replace

from symgrad import syntax as sx
from symgrad.constant import constant_of, is_numeric
from symgrad.members import alone
from symgrad.naming import letters_of, plain_name
from symgrad.parts import heads, mentions
from symgrad.read.document import Sheet, Statement
from symgrad.span import Span
from symgrad.syntax import Node


def separated(sheet: Sheet) -> Sheet:
    """The sheet with a statement of its own, without a place, for every name that is given among others.

    So again where they are computed anew: by one step of descent, then from the same start by another method.
    """
    spoken: set[str] = set()
    out: list[Statement] = []
    formulas = {name for s in sheet.statements for name, expression in heads(s) if plain_name(expression) is None}
    mentioned = Counter(name for s in sheet.statements for name in {*mentions(s.node)})
    from_zero = _counted_from_zero(sheet)
    for statement in sheet.statements:
        numbered = _numbered(statement.node) or _from_zero(statement.node, from_zero)
        if numbered:
            out += [replace(statement, node=sx.Relation(statement.span, (name, entry), ("=",))) for name, entry in numbered]
            continue
        of_one_value = _of_one_value(statement.node, formulas, mentioned)
        if of_one_value:
            out += [replace(statement, node=made, span=made.span) for made in of_one_value]
            continue
        nowhere = Span(statement.span.start, statement.span.start)
        for name, entry in _given(statement.node):
            spelled = plain_name(name)
            is_computed = isinstance(statement.node, sx.Relation) and len(statement.node.sides) > 2
            if spelled is not None and (spelled not in spoken or is_computed):
                made = sx.Relation(nowhere, (name, entry), ("=",))
                out.append(replace(statement, node=made, span=nowhere, words="", words_after=""))
        out.append(statement)
        if isinstance(statement.node, sx.Relation):
            spoken |= {n for n in map(plain_name, statement.node.sides) if n is not None}
            spoken |= {n for name, _ in _given(statement.node) if (n := plain_name(name)) is not None}
    return replace(sheet, statements=out)


def _of_one_value(node: Node, formulas: Set[str], mentioned: Mapping[str, int]) -> list[sx.Relation]:
    """`i = f = o = 0.5` one by one, where the names are met elsewhere, and all of them have formulas or none has.

    `\\hat y = a = 0.7`, where `a` alone has one, says what `\\hat y` is.
    """
    if not isinstance(node, sx.Relation) or len(node.sides) < 3 or set(node.operators) != {"="} or not is_numeric(node.sides[-1]):
        return []
    *subjects, value = node.sides
    names = [name for name in map(plain_name, subjects) if name is not None]
    if len(names) < len(subjects) or any(mentioned[name] < 2 for name in names) or len({name in formulas for name in names}) > 1:
        return []
    spans = [subject.span for subject in subjects[:-1]] + [subjects[-1].span.to(value.span)]
    return [sx.Relation(span, (subject, value), ("=",)) for span, subject in zip(spans, subjects, strict=True)]


def _given(node: Node) -> list[tuple[Node, Node]]:
    """The names and the numbers that they are given."""
    if not isinstance(node, sx.Relation) or len(node.sides) < 2 or set(node.operators) - {"=", ":=", "approx"}:
        return []
    names, values = list(cells(node.sides[0])), list(cells(node.sides[-1]))
    if len(names) < 2 or len(names) != len(values) or any(plain_name(n) is None for n in names):
        return []
    numeric = all(not isinstance(n, (sx.Name, sx.Dots, sx.Blank, sx.Unread)) for value in values for n in sx.walk(value))
    return list(zip(names, values, strict=True)) if numeric else []


def _numbered(node: Node) -> list[tuple[Node, Node]]:
    """The names `x_1`, `x_2`, `x_3` that `x_{1:3}` stands for, with as many numbers as they are given."""
    match node:
        case sx.Relation(sides=(sx.Scripted(base=sx.Name(), sub=sx.Range() as places, sup=None) as head, side), operators=("=" | ":=",)):
            values, bounds = list(cells(side)), [None if n is None else constant_of(n) for n in (places.start, places.stop)]
        case _:
            return []
    start, stop = bounds
    if places.step is not None or start is None or stop is None or len(values) != stop - start + 1 or not all(map(is_numeric, values)):
        return []
    indices = [sx.Number(places.span, str(start + i)) for i in range(len(values))]
    return [(replace(head, sub=index), value) for index, value in zip(indices, values, strict=True)]


def _counted_from_zero(sheet: Sheet) -> dict[str, int]:
    """The names that stand only as `w_0`, `w_1`, …, but for the list of their numbers, and how many these are."""
    numbers: dict[str, set[int]] = {}
    whole: set[str] = set()
    for node in (s.node for s in sheet.statements):
        is_function = isinstance(node, sx.Relation) and isinstance(node.sides[0], sx.Call)
        sides = node.sides[is_function or len(list(cells(node.sides[-1]))) > 1 :] if isinstance(node, sx.Relation) else (node,)
        whole |= {name for side in sides for name in alone(side, frozenset())}
        for n in sx.walk(node):
            if isinstance(n, sx.Scripted) and isinstance(n.base, sx.Name) and letters_of(n.sub):
                whole.add(plain_name(n.base) or "")  # `w_k`, an entry of the whole
            elif isinstance(n, sx.Scripted) and isinstance(n.base, sx.Name) and isinstance(n.sub, sx.Number) and n.sub.text.isdigit():
                numbers.setdefault(plain_name(n.base) or "", set()).add(int(n.sub.text))
    return {name: len(met) for name, met in numbers.items() if met == set(range(len(met))) and len(met) > 1 and name not in whole}


def _from_zero(node: Node, counts: Mapping[str, int]) -> list[tuple[Node, Node]]:
    """The names `w_0`, `w_1` and the numbers of `w = (2, -3)`."""
    match node:
        case sx.Relation(sides=(sx.Name() as head, side), operators=("=" | ":=",)):
            values = list(cells(side))
        case _:
            return []
    if counts.get(plain_name(head) or "") != len(values) or not all(map(is_numeric, values)):
        return []
    return [(sx.Scripted(head.span, head, sx.Number(head.span, str(i))), value) for i, value in enumerate(values)]


def cells(node: Node) -> Iterator[Node]:
    """The entries of a list, a tuple or a matrix."""
    match node:
        case sx.Group(body=sx.Listing(items=items)) | sx.List(items=items):
            yield from items
        case sx.Matrix(rows=rows):
            yield from (cell for row in rows for cell in row if not isinstance(cell, sx.Blank))
