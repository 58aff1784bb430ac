r"""The normal distribution's functions, told in words ("with $\Phi$ the standard normal CDF"), as equations."""

from __future__ import annotations

import re
from dataclasses import replace

from symgrad import syntax as sx
from symgrad.read.document import Sheet
from symgrad.span import Span
from symgrad.syntax import Node

_NORMAL = r"(?:standard|unit)[ -](?:normal|Gaussian)(?: distribution)?(?:'s)?"
_IS = r"^\W*(?:is|denotes|stands for|being|be|for|=)?\W*(?:the|a|its)?\W*"
_CUMULATIVE = re.compile(
    rf"(?i){_IS}(?:{_NORMAL}\s+(?:CDF|c\.d\.f\.|(?:cumulative )?distribution function|cumulative distribution)"
    rf"|(?:CDF|(?:cumulative )?distribution function) of (?:the|a) {_NORMAL})"
)
_DENSITY = re.compile(
    rf"(?i){_IS}(?:{_NORMAL}\s+(?:PDF|p\.d\.f\.|(?:probability )?density(?: function)?)"
    rf"|(?:PDF|(?:probability )?density(?: function)?) of (?:the|a) {_NORMAL})"
)
_LETTERS = frozenset({"\\Phi", "\\phi", "\\varphi", "N", "n", "F", "f", "p"})


def with_bells(sheet: Sheet) -> Sheet:
    """The sheet with the formula of every function that words say to be the normal distribution's, where it gives none itself."""
    given = {head for s in sheet.statements if (head := _head(s.node)) is not None}
    out = []
    for statement in sheet.statements:
        node = statement.node
        if isinstance(node, sx.Name) and not node.accents and node.base in _LETTERS - given:
            found = _formula(statement.words_after, node.span)
            if found is not None:
                whole = sx.Product(node.span, (node, sx.Group(node.span, "(", ")", _argument(node.span))), ("",))
                statement = replace(statement, node=sx.Relation(node.span, (whole, found), ("=",)))
        out.append(statement)
    return replace(sheet, statements=out)


def _head(node: Node) -> str | None:
    r"""The φ of `\varphi(x) = …`."""
    match node:
        case sx.Relation(sides=(sx.Product(factors=(sx.Name(base=base), sx.Group())) | sx.Call(function=sx.Name(base=base)), *_)):
            return base
    return None


def _argument(span: Span) -> Node:
    return sx.Name(span, "t")


def _formula(words: str, span: Span) -> Node | None:
    r"""`(1 + \mathrm{erf}(t/\sqrt2))/2`, or `e^{-t^2/2}/\sqrt{2\pi}`."""
    one, two = sx.Number(span, "1"), sx.Number(span, "2")
    if _CUMULATIVE.match(words):
        inside = sx.Frac(span, _argument(span), sx.Root(span, two))
        error = sx.Call(span, sx.Name(span, "erf", style="mathrm"), (inside,))
        return sx.Frac(span, sx.Sum(span, (one, error), ("", "+")), two)
    if _DENSITY.match(words):
        power = sx.Prefix(span, "-", sx.Frac(span, sx.Scripted(span, _argument(span), None, two), two))
        above = sx.Scripted(span, sx.Name(span, "e"), None, power)
        return sx.Frac(span, above, sx.Root(span, sx.Product(span, (two, sx.Name(span, "\\pi")), ("",))))
    return None
