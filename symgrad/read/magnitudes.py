r"""Numbers with their magnitude in a letter or a word: `7.4\text{M}`, `7.4$M parameters`, `25\,\text{k}`, `\approx 1.2$ billion`.

A number is multiplied by it, and is rounded to the digits that stand before it. Nothing is computed with `64\text{ KB}`, which may be
64 000 bytes or 65 536.
"""

from __future__ import annotations

import re
from dataclasses import replace

from symgrad.read import vocabulary as voc
from symgrad.read.tokens import Token
from symgrad.span import Span

_LETTERS = {"k": "e3", "K": "e3", "M": "e6", "Mio": "e6", "Mrd": "e9", "G": "e9", "T": "e12"}
_WORDS = {"thousand": "e3", "million": "e6", "millions": "e6", "Millionen": "e6", "millones": "e6", "billion": "e9", "trillion": "e12"}
_COUNTED = r"(?:FLOPs?|FLOPS|MACs?|MAdds?|[Oo]ps|[Pp]aram(?:eter)?s?|[Ww]eights?|[Ee]ntries|[Tt]okens?|[Mm]ultiply.?adds?)"
_SINGLE, _LONG = "|".join(_LETTERS), "|".join(_WORDS)
# A number of more digits is followed by its unit, and not by a magnitude: `4096\text{ B}` are bytes.
_DIGITS_BEFORE_WORDS = 3
# In the braces of `\text`, whose spaces are gone with the tokens.
_WITHIN = re.compile(rf"({_LONG}|{_SINGLE}|B){_COUNTED}?\.?")
_BYTES = re.compile(r"[KkMGT]i?B|B")
# Behind the mathematics; a letter that stands apart needs something that is counted, or a point in the number.
_BEHIND = re.compile(rf"(?:\$|\\\))(?:(?:\s|~|\\,)?({_LONG})|({_SINGLE})|(?:\s|~|\\,)({_SINGLE})(?=[\s~-]?{_COUNTED}\b))(?![\w-])")


def with_magnitudes(tokens: list[Token], text: str, end: int) -> list[Token]:
    """The tokens with every number as large as it is said to be; `end` is where their stretch of the text ends."""
    out: list[Token] = []
    i = 0
    while i < len(tokens):
        token = tokens[i]
        found = _said(tokens, i + 1) if token.kind == "number" else None
        if found is None:
            out.append(token)
            i += 1
            continue
        word, after = found
        whole = token.span.to(tokens[after - 1].span)
        power = _power(word, token, out)
        out.append(replace(token, text=token.text + power, span=whole) if power else token)
        if not power:
            out.append(Token("word", word, Span(tokens[i + 1].span.start, whole.end)))
        i = after
    if out and out[-1].kind == "number" and out[-1].span.end == end and (match := _BEHIND.match(text, end)):
        word = next(found for found in match.groups() if found)
        out[-1] = replace(out[-1], text=out[-1].text + (_LETTERS | _WORDS)[word])
    return out


def _said(tokens: list[Token], i: int) -> tuple[str, int] | None:
    r"""What `\text{…}` says of the number before it, if it is a magnitude or a unit of storage; and where it ends."""
    if i + 1 >= len(tokens) or tokens[i].text not in _TEXTS or tokens[i + 1].text != "{":
        return None
    close = next((j for j in range(i + 2, len(tokens)) if tokens[j].text in ("{", "}")), None)
    if close is None or tokens[close].text != "}":
        return None
    word = "".join(t.text for t in tokens[i + 2 : close])
    if word == "B" and tokens[i - 1].text.isdigit() and len(tokens[i - 1].text) > _DIGITS_BEFORE_WORDS:
        return None
    return (word, close + 1) if _WITHIN.fullmatch(word) or _BYTES.fullmatch(word) else None


def _power(word: str, number: Token, before: list[Token]) -> str:
    """The power of ten; empty where it is bytes that are counted. A `B` is a billion only of what is rounded: `\\approx 7\\text{B}`."""
    if "e" in number.text:
        return ""
    if word == "B":
        return "e9" if "." in number.text or (before and before[-1].text in _ROUNDED) else ""
    match = None if _BYTES.fullmatch(word) else _WITHIN.fullmatch(word)
    return (_LETTERS | _WORDS).get(match[1], "") if match else ""


_TEXTS = voc.TEXT_MACROS_SET | {"\\mathrm", "\\operatorname", "\\mathsf"}
_ROUNDED = frozenset({"\\approx", "\\simeq", "\\sim", "\\cong", "≈"})
