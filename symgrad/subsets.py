r"""Sums over some of the examples: `\frac{1}{|S|} \sum_{i \in S} \ell_i`, with $m$ the indicator of $S$, or with `S = \{i : m_i < 1\}`.

Where a condition or a vector of zeros and ones tells which they are, the terms of the others are taken times 0; a set that is only counted
up, `S = \{2, 3, 4\}`, makes of the sum its terms, and `v_i = 1` for `i \in S` gives v by entries. The number of those in a set of which
nothing is told is a number.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

from symgrad import syntax as sx
from symgrad.cases import indicator
from symgrad.constant import constant_of
from symgrad.naming import letters_of, numbers_of, plain_name, spelled
from symgrad.parts import heads
from symgrad.read.document import Sheet, Statement
from symgrad.span import Span
from symgrad.syntax import Node

_IS_OF = re.compile(
    r"(?i)^\W*(?:be|is|denotes?)?\W*(?:the\W+)?(?:\w+\W+)?(?:indicator|mask|characteristic)\b(?:\W+(?:vector|function))?\W*(?:of|for)?\W*$"
)
_MOST = 12
_FOR = re.compile(r"(?i)^\W*(?:for|if|when|where|whenever|für|wenn|falls|pour|si|para|per|se)(?:\s+(?:all|every|each|alle))?\W*$")


def by_condition(sheet: Sheet) -> Sheet:
    """The sheet with its sums over sets of indices written with what the sets are told by."""
    sheet = _with_their_letter(sheet)
    indices = {name for s in sheet.statements for name in _sets(s.node)}
    said = [(name, expression) for s in sheet.statements for name, expression in heads(s) if name in indices]
    told = {name: made for name, expression in said if (made := _condition(expression)) is not None}
    counted = {name: numbers for name, expression in said if (numbers := _numbers(expression)) and name not in told}
    if not told and not counted:
        return sheet

    def written(node: Node) -> Node:
        if isinstance(node, sx.Abs) and (name := plain_name(node.body) or "") in told.keys() | counted.keys():
            return sx.Number(node.span, str(len(counted[name]))) if name in counted else _number_of(node.span, *told[name])
        if not isinstance(node, sx.BigOp) or node.operator != "sum" or node.body is None or (member := _member(node.below)) is None:
            return node
        letter, name, is_in = member
        if name in told and (mark := indicator(_for(letter, told[name]), opposite=not is_in)) is not None:
            return replace(node, below=letter, body=sx.Product(node.span, (mark, node.body), ("",)))
        if name in counted and is_in:
            terms = [_at(node.body, letter, number) for number in counted[name]]
            grouped = [sx.Group(t.span, "(", ")", t) if isinstance(t, (sx.Sum, sx.Prefix)) else t for t in terms]
            return sx.Group(node.span, "(", ")", sx.Sum(node.span, tuple(grouped), ("", *("+",) * (len(terms) - 1))))
        return node

    out: list[Statement] = []
    for i, statement in enumerate(sheet.statements):
        node = statement.node
        if {name for name, _ in heads(statement)} & (told.keys() | counted.keys()) and isinstance(node, sx.Relation):
            node = replace(node, operators=("subseteq", *node.operators[1:]))  # it says what the set is, and sets no quantity
        following = sheet.statements[i + 1] if i + 1 < len(sheet.statements) else None
        member = _member(following.node) if following is not None and _FOR.match(following.words) else None
        if member is not None and member[1] in told and member[2] and _is_one(node) and isinstance(node, sx.Relation):
            mark = indicator(_for(member[0], told[member[1]]))
            node = replace(node, sides=(node.sides[0], mark)) if mark is not None else node
        out.append(replace(statement, node=sx.mapped(node, written)))
    return replace(sheet, statements=out)


def _with_their_letter(sheet: Sheet) -> Sheet:
    r"""The sheet with `\sum_S y_i` as `\sum_{i \in S} y_i`, where another sum names the i of S."""
    sums = [n for s in sheet.statements for n in sx.walk(s.node) if isinstance(n, sx.BigOp) and n.below is not None]
    named = {member[1]: (member[0], total.below) for total in sums if (member := _member(total.below)) is not None and member[2]}
    if not named:
        return sheet

    def put(node: Node) -> Node:
        if not isinstance(node, sx.BigOp) or node.below is None or node.body is None:
            return node
        letter, below = named.get(plain_name(node.below) or "", (None, None))
        is_inside = any(isinstance(n, sx.Scripted) and letters_of(n.sub) == letters_of(letter) for n in sx.walk(node.body))
        return replace(node, below=below) if below is not None and is_inside else node

    return replace(sheet, statements=[replace(s, node=sx.mapped(s.node, put)) for s in sheet.statements])


def _number_of(span: Span, letter: Node, condition: sx.Relation) -> Node:
    """How many there are for which a condition holds."""
    return sx.BigOp(span, "sum", letter, None, indicator(condition))


def _sets(node: Node) -> Iterator[str]:
    r"""The A of `\sum_{i \in A}` and of `i \in A`."""
    for place in (node, *(n.below for n in sx.walk(node) if isinstance(n, sx.BigOp) and n.below is not None)):
        member = _member(place)
        if member is not None:
            yield member[1]


def _member(node: Node | None) -> tuple[Node, str, bool] | None:
    r"""The i and the A of `i \in A` and of `i \notin A`, and whether it is in it."""
    match node:
        case sx.Relation(sides=(letter, whole), operators=("in" | "notin" as sign,)) if len(letters_of(letter) or ()) == 1:
            name = plain_name(whole)
            return None if name is None else (letter, name, sign == "in")
    return None


def _condition(node: Node) -> tuple[Node, sx.Relation] | None:
    r"""The letter and the condition of `\{i : m_i < 1\}`, `\{i \mid m_i < 1\}`, `\{i \in \{1, \dots, n\} : m_i < 1\}`."""
    match node.body if isinstance(node, sx.Group) and node.open == "\\{" else None:
        case sx.Relation(sides=(letter, *_, left, right), operators=(*_, ":", operator)):
            condition: Node = sx.Relation(node.span, (left, right), (operator,))
        case sx.Listing(items=(first, condition)):
            letter = first.sides[0] if isinstance(first, sx.Relation) and first.operators == ("in",) else first
        case _:
            return None
    is_told = isinstance(condition, sx.Relation) and indicator(condition) is not None and len(letters_of(letter) or ()) == 1
    return (letter, condition) if is_told and isinstance(condition, sx.Relation) else None


def _numbers(node: Node) -> tuple[Node, ...]:
    r"""The numbers of `\{2, 3, 4\}`."""
    body = node.body if isinstance(node, sx.Group) and node.open == "\\{" else None
    items = body.items if isinstance(body, sx.Listing) else () if body is None else (body,)
    return items if len(items) <= _MOST and all(numbers_of(item) is not None for item in items) else ()


def _for(letter: Node, told: tuple[Node, sx.Relation]) -> sx.Relation:
    """The condition, said of another letter."""
    made = _at(told[1], told[0], letter)
    assert isinstance(made, sx.Relation)
    return made


def _at(node: Node, letter: Node, other: Node) -> Node:
    return sx.mapped(node, lambda n: replace(other, span=n.span) if isinstance(n, sx.Name) and plain_name(n) == plain_name(letter) else n)


def _is_one(node: Node) -> bool:
    """`v_i = 1`"""
    match node:
        case sx.Relation(sides=(sx.Scripted(sub=sub), value), operators=("=",)):
            return len(letters_of(sub) or ()) == 1 and constant_of(value) == 1
    return False


def of_subsets(sheet: Sheet) -> Sheet:
    """The sheet with the number of a subset as a name, and sums over one that has an indicator as sums over all."""
    sets = {name for s in sheet.statements for name in _summed_over(s.node)}
    if not sets:
        return sheet
    marks = dict(_indicators(sheet, sets))

    def written(node: Node) -> Node:
        match node:
            case sx.Abs(body=body) | sx.Norm(body=body) if plain_name(body) in sets:
                return sx.Name(node.span, _count(plain_name(body) or ""))
            case sx.BigOp(operator="sum", below=sx.Relation(sides=(sx.Name() as index, over), operators=("in",)), body=sx.Node() as body):
                mark = marks.get(plain_name(over) or "")
                if mark is not None:
                    factors = (sx.Scripted(node.span, mark, index), sx.Group(node.span, "(", ")", body))
                    return replace(node, below=index, body=sx.Product(node.span, factors, ("",)))
        return node

    everywhere = frozenset(range(len(sheet.headings) + 1))
    counts = {spelled(sx.Name(Span(0, 0), _count(name))): everywhere for name in sets}
    changed = [replace(s, node=sx.mapped(s.node, written)) for s in sheet.statements]
    return replace(sheet, statements=changed, scalars={**sheet.scalars, **counts})


def _count(name: str) -> str:
    return f"|{name}|"


def _summed_over(node: Node) -> Iterator[str]:
    """The S of `\\sum_{i \\in S}`."""
    for n in sx.walk(node):
        match n:
            case sx.BigOp(operator="sum", below=sx.Relation(sides=(_, sx.Name() as over), operators=("in",))):
                yield plain_name(over) or ""


def _indicators(sheet: Sheet, sets: set[str]) -> Iterator[tuple[str, sx.Name]]:
    r"""`$m \in \{0, 1\}^N$ the indicator of $S$`: the set, and the vector that tells which examples are in it."""
    for before, statement in pairwise(sheet.statements):
        subject = before.node.sides[0] if isinstance(before.node, sx.Relation) and before.node.operators == ("in",) else before.node
        name = plain_name(statement.node)
        if name in sets and isinstance(subject, sx.Name) and _IS_OF.match(statement.words):
            yield name or "", subject
