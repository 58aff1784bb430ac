r"""Data as lists without brackets: `$x = 0, 1, 2$ and $y = 1, 2, 5$, with an intercept`.

Two lists of one length or more in a sentence are columns of data. With an intercept, where nothing else gives the matrix X, it is X that
is so given: a column of ones, and that of x. The "weights 4, 1, 1" are what `\operatorname{diag}(w_1, \dots, w_n)` is of.
"""

from __future__ import annotations

import re
from dataclasses import replace

from symgrad import syntax as sx
from symgrad.conditions import one_sentence
from symgrad.constant import constant_of, is_numeric
from symgrad.naming import letters_of, plain_name
from symgrad.parts import heads, mentions
from symgrad.read.document import Sheet, Statement
from symgrad.span import Span
from symgrad.syntax import Node

_FEWEST = 3
_INTERCEPT = re.compile(r"(?i)\b(?:with|including|and) (?:an? |the )?(?:intercept|constant term|bias column|column of ones)\b")
_NUMBER = r"[-−]?\d+(?:\.\d+)?"
_WEIGHTS = re.compile(rf"(?i)\bweights (?:are |of )?({_NUMBER}(?:, {_NUMBER})+,? and {_NUMBER}|{_NUMBER}(?:, {_NUMBER}){{2,}})(?![\w^])")
_DESIGN, _INPUT = "X", "x"


def with_value_lists(sheet: Sheet) -> Sheet:
    """The sheet with such lists as columns."""
    return _with_weights(_with_columns(sheet))


def _with_columns(sheet: Sheet) -> Sheet:
    statements = sheet.statements
    lists = {i: values for i in range(len(statements)) if (values := _listed(sheet, i))}
    found = {i: values for i, values in lists.items() if any(_are_together(sheet, i, j, lists) for j in lists if j != i)}
    if not found:
        return sheet
    known = {name for s in statements for name, _ in heads(s)}
    spoken = {name for s in statements for name in mentions(s.node)}
    out: list[Statement] = []
    for i, statement in enumerate(statements):
        if i - 1 in found:
            continue  # the rest of a list
        if i not in found or not isinstance(statement.node, sx.Relation):
            out.append(statement)
            continue
        span = statement.span.to(statements[i + 1].span)
        head, values = statement.node.sides[0], found[i]
        end = next((k for k in range(i + 2, len(statements)) if k - 1 not in found and k not in found), len(statements))
        after = sheet.source.text[span.end : statements[end].span.start if end < len(statements) else len(sheet.source.text)]
        is_design = plain_name(head) == _INPUT and _DESIGN in spoken - known and _INTERCEPT.search(after) is not None
        one = (sx.Number(span, "1"),) if is_design else ()
        matrix = _matrix(span, [(*one, value) for value in values])
        given = sx.Relation(span, (sx.Name(span, _DESIGN) if is_design else head, matrix), ("=",))
        out.append(replace(statement, node=given, span=span, words_after=statements[i + 1].words_after))
    return replace(sheet, statements=out)


def _listed(sheet: Sheet, i: int) -> tuple[Node, ...]:
    """The numbers of `x = 0, 1, 2`, of a letter that is no index."""
    if i + 1 >= len(sheet.statements):
        return ()
    statement, after = sheet.statements[i], sheet.statements[i + 1]
    match statement.node, after.node:
        case sx.Relation(sides=(sx.Name() as head, first), operators=("=",)), sx.Listing(items=rest) if statement.block == after.block:
            values = (first, *rest)
            between = sheet.source.text[statement.span.end : after.span.start].strip()
            is_index = any(
                isinstance(n, sx.Scripted) and head.base in (letters_of(n.sub) or ()) for s in sheet.statements for n in sx.walk(s.node)
            )
            is_list = between in ("", ",") and len(values) >= _FEWEST and all(constant_of(value) is not None for value in values)
            return values if is_list and not is_index else ()
    return ()


def _are_together(sheet: Sheet, i: int, j: int, lists: dict[int, tuple[Node, ...]]) -> bool:
    return len(lists[i]) == len(lists[j]) and one_sentence(sheet, min(i, j), max(i, j))


def _with_weights(sheet: Sheet) -> Sheet:
    """The sheet with the weights of the examples, which words tell and no line gives, before the line behind these words."""
    diagonal = [n for s in sheet.statements for n in sx.walk(s.node) if isinstance(n, sx.Scripted) and letters_of(n.sub)]
    letters = {plain_name(n.base) for n in diagonal}
    given = {name for s in sheet.statements for name, value in heads(s) if is_numeric(value)}
    told = _WEIGHTS.search(sheet.source.text)
    at = None if told is None else next((i for i, s in enumerate(sheet.statements) if s.span.start >= told.end()), None)
    if told is None or at is None or "w" not in letters or "w" in given:
        return sheet
    span = Span(*told.span(1))
    values: list[tuple[Node, ...]] = [(sx.Number(span, text),) for text in re.findall(r"\d+(?:\.\d+)?", told[1])]
    weights = sx.Relation(span, (sx.Name(span, "w"), _matrix(span, values)), ("=",))
    made = replace(sheet.statements[at], node=weights, span=span, words="", words_after="", display=False)
    return replace(sheet, statements=[*sheet.statements[:at], made, *sheet.statements[at:]])


def _matrix(span: Span, rows: list[tuple[Node, ...]]) -> sx.Matrix:
    return sx.Matrix(span, tuple(rows), "pmatrix")
