r"""A row of a batch by itself: "fix one row and drop its index", and then `\log p_k = s_k - …` beside `P = softmax(S)`.

A small letter that nothing defines is a row of the capital that is: what is applied to the capital is applied to it, and a layer is
written by its entries, `z_k = \sum_j x_j W_{jk} + b_k`, which is right for rows and for columns alike. A slice that says so,
`p = P_{i,:}`, is replaced by that.
"""

from __future__ import annotations

import re
from dataclasses import replace

from symgrad import syntax as sx
from symgrad.meaning import is_loss
from symgrad.naming import letters_of, plain_name, without_transpose
from symgrad.parts import heads, mentions
from symgrad.read.document import Sheet, Statement
from symgrad.span import Span
from symgrad.syntax import Node

_EXAMPLE = r"(?:row|example|sample|instance|data ?point|Zeile|Beispiel)"
_BY_ITSELF = re.compile(
    rf"(?i)\b(?:one|single|each|every|any|fixed|given|typical|individual|this|the)[- ](?:single |fixed )?{_EXAMPLE}\b|\bper[- ]{_EXAMPLE}\b"
    rf"|\b(?:fix|take|consider|pick|choose|look at)\s+(?:an?|some)\s+{_EXAMPLE}\b|-th\W+{_EXAMPLE}s?\s+of\b|\ba\s+{_EXAMPLE}\s+\$[a-z]"
    r"|\b(?:drop\w*|omit\w*|suppress\w*)\b[^.]{0,40}\b(?:index|indices|subscripts?|superscripts?)\b"
)
# The letters of a layer written by its entries.
_ENTRY, _SUMMED = "k", "j"


def with_rows_by_themselves(sheet: Sheet) -> Sheet:
    """The sheet with what a row is computed from, before it is first spoken of."""
    # The first formula of a name says what it is; its values stand further down.
    told = reversed(sheet.statements)
    formulas = {name: (head, formula) for s in told for name, formula in heads(s) if (head := _head(s)) is not None}
    slices = {id(s): name for s in sheet.statements if (name := _slice(s)) is not None}
    if not slices and not _BY_ITSELF.search(sheet.source.text):
        return sheet
    spoken = {name: i for i, s in reversed(list(enumerate(sheet.statements))) if not _is_declaration(s) for name in mentions(s.node)}
    taken = (formulas.keys() - set(slices.values())) | _declared(sheet) | _of_all_rows(sheet)
    free = spoken.keys() - taken
    rows = frozenset(name for name in free if len(name) == 1 and name.islower() and name.upper() in spoken)
    made: dict[str, Node] = {}
    for head, formula in formulas.values():
        row = _row(head)
        small = None if row is None else plain_name(row)
        if row is not None and small in free and (said := _of_a_row(row, formula, free)) is not None:
            made[small] = said
    if not made and not slices:
        return sheet
    first = min((spoken[name] for name in made), default=0)
    out: list[Statement] = []
    for i, statement in enumerate(sheet.statements):
        if i == first:
            at = Span(statement.span.start, statement.span.start)
            out += [replace(statement, node=node, span=at, words="", words_after="") for node in made.values()]
        head = _head(statement) if id(statement) in slices else None
        out.append(statement if head is None else replace(statement, node=head))
    return replace(sheet, statements=out, rows=rows)


def _head(statement: Statement) -> Node | None:
    return statement.node.sides[0] if isinstance(statement.node, sx.Relation) else None


def _is_declaration(statement: Statement) -> bool:
    return isinstance(statement.node, sx.Relation) and statement.node.operators[0] == "in"


def _declared(sheet: Sheet) -> set[str]:
    """The names that have a space of their own, or are sizes."""
    found: set[str] = set()
    for statement in sheet.statements:
        if _is_declaration(statement):
            found |= set(mentions(statement.node))
        for n in sx.walk(statement.node):
            found |= set(mentions(n.above)) if isinstance(n, sx.BigOp) and n.above is not None else set()
    return found


def _of_all_rows(sheet: Sheet) -> set[str]:
    r"""The small letters that have the number of a row: the z of `z_{nk}`, and of `z_n` where the loss of a row is `\ell_n`."""
    members = [
        (n, letters) for s in sheet.statements for n in sx.walk(s.node) if isinstance(n, sx.Scripted) and (letters := letters_of(n.sub))
    ]
    numbers = {letters for n, letters in members if is_loss(plain_name(n.base) or "")}
    defined = {n for s in sheet.statements if (n := _head(s)) is not None}  # `p_k = …` says it for every entry
    named = (n.base for n, letters in members if len(letters) > 1 or letters in numbers or n in defined)
    return {name for base in named if (name := plain_name(base)) is not None}


def _slice(statement: Statement) -> str | None:
    """The small letter that is said to be a row of its capital: `p = P_{i,:}`."""
    node = statement.node
    if not isinstance(node, sx.Relation) or node.operators != ("=",):
        return None
    small, of = node.sides
    if not isinstance(of, sx.Scripted) or not isinstance(of.base, sx.Name) or not isinstance(small, sx.Name):
        return None
    row = _row(of.base)
    is_slice = isinstance(of.sub, sx.Listing) and isinstance(of.sub.items[-1], sx.Range)
    return plain_name(small) if is_slice and row == small else None


def _row(node: Node) -> Node | None:
    """The name of a row, for that of a matrix: its capital as a small letter."""
    base = node.base if isinstance(node, sx.Scripted) else node
    if not isinstance(base, sx.Name) or not re.fullmatch("[A-Z]", base.base):
        return None
    small = replace(base, base=base.base.lower())
    return replace(node, base=small) if isinstance(node, sx.Scripted) else small


def _of_a_row(row: Node, formula: Node, spoken: set[str]) -> Node | None:
    """What a row is by the formula of its matrix; None where that is no function of another, and no layer."""
    at = row.span
    if isinstance(formula, sx.Call) and len(formula.args) == 1 and (inner := _row(formula.args[0])) is not None:
        return sx.Relation(at, (row, replace(formula, args=(inner,))), ("=",))
    terms = formula.terms if isinstance(formula, sx.Sum) and set(formula.signs) <= {"", "+"} else (formula,)
    match terms[0]:
        case sx.Product(factors=(left, sx.Name() | sx.Scripted() as weights)) if (inner := _row(left)) is not None:
            pass
        case _:
            return None
    biases = [_bias(term) for term in terms[1:]]
    if plain_name(inner) not in spoken or plain_name(weights) is None or any(bias is None for bias in biases):
        return None
    entry, summed = sx.Name(at, _ENTRY), sx.Name(at, _SUMMED)
    product = sx.Product(at, (_with(inner, summed), _with(weights, sx.Listing(at, (summed, entry), (",",)))), ("",))
    whole: Node = sx.BigOp(at, "sum", summed, None, product)
    if biases:
        whole = sx.Sum(at, (whole, *(_with(bias, entry) for bias in biases if bias is not None)), ("", *("+" for _ in biases)))
    return sx.Relation(at, (_with(row, entry), whole), ("=",))


def _bias(term: Node) -> Node | None:
    r"""The b of `b`, `\mathbf 1 b^\top`."""
    last = term.factors[-1] if isinstance(term, sx.Product) else term
    name = without_transpose(last) if isinstance(last, sx.Scripted) else last
    return name if plain_name(name) is not None else None


def _with(name: Node, sub: Node) -> Node:
    return replace(name, sub=sub) if isinstance(name, sx.Scripted) else sx.Scripted(name.span, name, sub)
