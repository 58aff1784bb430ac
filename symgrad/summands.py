r"""The loss of one example, told as what a sum is made of: "let $\ell_n$ be the bracketed term with its minus sign"."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from symgrad import syntax as sx
from symgrad.constant import constant_of
from symgrad.meaning import is_loss
from symgrad.naming import letters_of, plain_name
from symgrad.parts import heads
from symgrad.read.document import Sheet, Statement
from symgrad.syntax import Node

_BE = r"(?:be|is|for|denotes?|=|as)"
_TERM = (
    r"(?:(?:bracketed|bracket|inner|\w+-th|individual|single|per-(?:example|sample)) (?:terms?|summands?|loss\w*)|summands?"
    r"|loss (?:of|on|for) (?:(?:the|a|an|one|each|single|\w+-th) )*(?:example|sample|observation|data point|point)s?"
    r"|(?:term|expression) (?:in|inside|under) (?:the )?(?:square )?(?:brackets?|sum))"
)
_FAR = 140
_TOLD = re.compile(rf"(?i)^\W*{_BE}\W+(?:the|a|one)?\W*{_TERM}\b([^.;]*)")
_WITH_ITS_SIGN = re.compile(r"(?i)\b(?:with|including|and)\b[^.;]{0,15}\b(?:minus|sign)\b")
_LET = re.compile(r"(?i)\b(?:let|write|call|denote(?: by)?|put|set|with)\W*$")


def with_summands(sheet: Sheet) -> Sheet:
    """The sheet with the formula of such a loss, behind a loss that is a sum, or a mean, over the examples."""
    out: list[Statement] = []
    given = {name for s in sheet.statements for name, _ in heads(s)}
    for statement in sheet.statements:
        name = plain_name(statement.node)
        letters = letters_of(statement.node.sub) or () if isinstance(statement.node, sx.Scripted) else ()
        told = _TOLD.match(_behind(sheet, statement)) if name is not None and name not in given and len(letters) == 1 else None
        if told is not None and _LET.search(statement.words):
            found = next((f for s in reversed(out) for f in _sums(s.node, letters[0])), None)
            # What has a minus before its brackets is without it, where nothing is said of a sign and it is called no loss.
            if found is not None and (found[0] == "" or _WITH_ITS_SIGN.search(told[1]) or "loss" in told[0].lower()):
                body = sx.Group(statement.span, "(", ")", found[1])
                formula = sx.Prefix(statement.span, "-", body) if found[0] else body
                statement = replace(statement, node=sx.Relation(statement.span, (statement.node, formula), ("=",)))
        out.append(statement)
    return replace(sheet, statements=out)


def _behind(sheet: Sheet, statement: Statement) -> str:
    """What follows in its sentence, with the letters that are typeset there: `the bracketed term for example $i$ with a minus sign`."""
    text = sheet.source.text[statement.span.end : statement.span.end + _FAR]
    return text.replace("$", "").replace("\\(", "").replace("\\)", "")


def _sums(node: Node, letter: str) -> Iterator[tuple[str, Node]]:
    r"""The sign and the summand of `J = -\frac{1}{N} \sum_n [\dots]`."""
    head = node.sides[0] if isinstance(node, sx.Relation) and len(node.sides) == 2 else None
    if head is None or not isinstance(node, sx.Relation) or not any(is_loss(plain_name(n) or "") for n in sx.walk(head)):
        return
    side = node.sides[1]
    sign, side = ("-", side.body) if isinstance(side, sx.Prefix) and side.sign == "-" else ("", side)
    factors = side.factors if isinstance(side, sx.Product) else (side,)
    match factors:
        case (*before, sx.BigOp(operator="sum", body=sx.Node() as body, below=sx.Node() as below)) if all(map(_is_of_size, before)):
            if letter in {plain_name(n) for n in sx.walk(below)}:
                yield sign, body.body if isinstance(body, sx.Group) else body


def _is_of_size(factor: Node) -> bool:
    """Whether it is the `1/N` of a mean."""
    return isinstance(factor, sx.Frac) and constant_of(factor.above) == 1 and isinstance(factor.below, sx.Name)
