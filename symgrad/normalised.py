r"""A normalisation worked out in numbers without its formulas: `x = (1, 3, 5)`, `\mu = 3`, `\sigma = 1.633`, `\hat x = (-1.22, 0, 1.22)`.

Where a sheet speaks of layer or batch normalisation, μ is the mean of x, $\hat x = (x - \mu)/\sigma$ and $y = \gamma \hat x + \beta$
(Ioffe & Szegedy, 2015; Ba et al., 2016), unless it has formulas of its own.
"""

from __future__ import annotations

import re
from dataclasses import replace

from symgrad import syntax as sx
from symgrad.constant import is_numeric
from symgrad.literals import literal_rows
from symgrad.parts import heads
from symgrad.read.document import Sheet
from symgrad.span import Span
from symgrad.syntax import Node

_WORDS = re.compile(r"(?i)\b(?:layer|batch|instance)[- ]?norm\w*|\bnormali[sz]\w+|\bstandardi[sz]\w+")
_EPSILON = re.compile(r"\\(?:var)?epsilon\b|ε|\beps\b")  # which may be as large as it likes
_AT = Span(0, 0)
_X, _MEAN, _DEVIATION = sx.Name(_AT, "x"), sx.Name(_AT, "\\mu"), sx.Name(_AT, "\\sigma")
_NORMALISED = sx.Name(_AT, "x", ("hat",))
_SCALE, _SHIFT = sx.Name(_AT, "\\gamma"), sx.Name(_AT, "\\beta")
_BELOW: dict[str, Node] = {"\\sigma": _DEVIATION, "\\sigma^2": sx.Root(_AT, sx.Scripted(_AT, _DEVIATION, None, sx.Number(_AT, "2")))}


def with_normalisation(sheet: Sheet) -> Sheet:
    """The sheet with such a formula in front of the numbers that it leads to."""
    if not _WORDS.search(sheet.source.text) or _EPSILON.search(sheet.source.text):
        return sheet
    found = [(name, formula) for s in sheet.statements for name, formula in heads(s)]
    rows = {name: literal_rows(formula) for name, formula in found}
    worked = {name for name, formula in found if literal_rows(formula) is None and not is_numeric(formula)}
    is_list = {name: value is not None and len(value) * len(value[0]) > 1 for name, value in rows.items()}
    below = next((_BELOW[name] for name in ("\\sigma", "\\sigma^2") if name in rows and not is_list[name]), None)
    made: dict[str, Node] = {}
    if is_list.get("x") and "\\mu" in rows and below is not None:
        made["\\hat{x}"] = sx.Frac(_AT, sx.Group(_AT, "(", ")", sx.Sum(_AT, (_X, _MEAN), ("", "-"))), below)
    if is_list.get("\\hat{x}") and {"\\gamma", "\\beta"} <= rows.keys():
        made["y"] = sx.Sum(_AT, (sx.Product(_AT, (_SCALE, _NORMALISED), ("odot" if is_list["\\gamma"] else "",)), _SHIFT), ("", "+"))
    out = []
    for statement in sheet.statements:
        for name, _ in heads(statement):
            if name in made and name not in worked and is_list[name]:
                at = Span(statement.span.start, statement.span.start)
                assert isinstance(statement.node, sx.Relation)
                head = replace(statement.node.sides[0], span=at)
                out.append(replace(statement, node=sx.Relation(at, (head, made.pop(name)), ("=",)), span=at, words="", words_after=""))
        out.append(statement)
    return replace(sheet, statements=out)
