r"""What is said once for each of several letters: `a^k_t = W_k h_t + b_k` for $k \in \{i, f\}$, `dW_M = X^\top dM` for $M \in \{Q, K\}$.

The statement becomes one for each letter, and a sum over the letter the sum of its terms.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from symgrad import syntax as sx
from symgrad.read.document import Sheet, Statement
from symgrad.syntax import Node

_MOST = 8


def by_letters(sheet: Sheet) -> Sheet:
    """The sheet with everything written out that it says for each letter of a set."""
    sheet = _with_sets(sheet)
    told: dict[str, tuple[sx.Name, ...]] = {}
    for letter, items in (found for s in sheet.statements for node in sx.walk(s.node) if (found := _member(node)) is not None):
        told.setdefault(letter, items)
    below = {n.base for s in sheet.statements for n in _in_scripts(s.node)}
    sets = {letter: items for letter, items in told.items() if letter in below and _stands_for_them(sheet, letter, items)}
    if not sets:
        return sheet
    return replace(sheet, statements=[made for s in sheet.statements for made in _each(s, sets)])


def _with_sets(sheet: Sheet) -> Sheet:
    """The sheet with `k ∈ {i, f, o}` for `k = i, f, o`, where k stands in scripts."""
    below = {n.base for s in sheet.statements for n in _in_scripts(s.node)}
    out: list[Statement] = []
    for statement in sheet.statements:
        items = statement.node.items if isinstance(statement.node, sx.Listing) else (statement.node,)
        match out[-1].node if out and out[-1].block == statement.block else None:
            case sx.Relation(sides=(sx.Name(base=letter) as head, sx.Name() as first), operators=("=",)) as said:
                between = sheet.source.text[said.span.end : statement.span.start].strip()
                if letter in below and between in ("", ",") and all(isinstance(item, sx.Name) for item in items):
                    span = said.span.to(statement.span)
                    names = sx.Listing(span, (first, *items), (",",) * len(items))
                    node = sx.Relation(span, (head, sx.Group(span, "\\{", "\\}", names)), ("in",))
                    out[-1] = replace(out[-1], node=node, span=span, words_after=statement.words_after)
                    continue
        out.append(statement)
    return replace(sheet, statements=out)


def _member(node: Node) -> tuple[str, tuple[sx.Name, ...]] | None:
    r"""The k and the letters of `k \in \{i, f, o, g\}`."""
    match node:
        case sx.Relation(
            sides=(sx.Name(base=letter, accents=()), sx.Group(open="\\{" | "{", body=sx.Listing(items=items))), operators=("in",)
        ):
            names = tuple(item for item in items if isinstance(item, sx.Name) and not item.accents)
            is_set = len(names) == len(items) and 1 < len({item.base for item in names}) == len(names) <= _MOST
            return (letter, names) if is_set and letter not in {item.base for item in names} else None
    return None


def _in_scripts(node: Node) -> Iterator[sx.Name]:
    """The names that stand in scripts."""
    for found in sx.walk(node):
        if isinstance(found, sx.Scripted):
            for script in (found.sub, found.sup):
                yield from (n for n in sx.walk(script) if isinstance(n, sx.Name)) if script is not None else ()


def _stands_for_them(sheet: Sheet, letter: str, items: tuple[sx.Name, ...]) -> bool:
    """Whether the letter is no quantity with these values: it stands in scripts only, or the sheet speaks of each that it stands for."""
    scripted = {id(n) for s in sheet.statements for n in _in_scripts(s.node)}
    sets = [n for s in sheet.statements for n in sx.walk(s.node) if isinstance(n, sx.Relation) and _member(n) is not None]
    inside = {id(n) for found in sets for n in sx.walk(found)}
    others = [n for s in sheet.statements for n in sx.walk(s.node) if isinstance(n, sx.Name) and id(n) not in inside]
    is_index = all(id(n) in scripted for n in others if n.base == letter)
    return is_index or {item.base for item in items} <= {n.base for n in others}


def _each(statement: Statement, sets: Mapping[str, tuple[sx.Name, ...]]) -> Iterator[Statement]:
    """The statement for every letter that its own stands for; as it is where it has none, or says what these are."""
    if _member(statement.node) is not None:
        yield statement
        return
    node = sx.mapped(statement.node, lambda n: _summed(n, sets))
    letter = next((n.base for n in sx.walk(node) if isinstance(n, sx.Name) and not n.accents and n.base in sets), None)
    if letter is None:
        yield replace(statement, node=node)
        return
    for item in sets[letter]:
        rest = {other: items for other, items in sets.items() if other != letter}
        yield from _each(replace(statement, node=_with(node, letter, item)), rest)


def _with(node: Node, letter: str, item: sx.Name) -> Node:
    def put(found: Node) -> Node:
        is_letter = isinstance(found, sx.Name) and found.base == letter and not found.accents
        return replace(item, span=found.span) if is_letter else found

    return sx.mapped(node, put)


def _summed(node: Node, sets: Mapping[str, tuple[sx.Name, ...]]) -> Node:
    r"""`\sum_{k \in \{i, f\}} W_k^\top \delta_k` and `\sum_k W_k^\top \delta_k` as the sum of their terms."""
    if not isinstance(node, sx.BigOp) or node.operator != "sum" or node.body is None or node.below is None or node.above is not None:
        return node
    below = node.below
    told = _member(below)
    letter = told[0] if told is not None else below.base if isinstance(below, sx.Name) else ""
    if letter not in sets:
        return node
    terms = tuple(_with(node.body, letter, item) for item in (told[1] if told is not None else sets[letter]))
    terms = tuple(sx.Group(t.span, "(", ")", t) if isinstance(t, (sx.Sum, sx.Prefix)) else t for t in terms)
    return sx.Group(node.span, "(", ")", sx.Sum(node.span, terms, ("", *("+",) * (len(terms) - 1))))
