r"""Written mathematics → tokens with places. Several spellings of a sign are one token; nothing is dropped in silence.

Macros that the author defined are put in where they are used, and their tokens have the place of the use. What that can cost is bounded.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, replace

from symgrad.read import functions as fn
from symgrad.read import vocabulary as voc
from symgrad.read.decimals import has_decimal_commas
from symgrad.read.habits import as_meant
from symgrad.read.magnitudes import with_magnitudes
from symgrad.read.own_words import is_greek, own_words
from symgrad.read.tokens import Token
from symgrad.read.typed_tokens import as_typed
from symgrad.span import Source, Span
from symgrad.syntax import Unreadable

_DEEPEST_MACRO = 20
_MOST_TOKENS = 400_000
_GAP = re.compile(r"\\,|[\u2009\u202f]")  # between thousands: `23\,047`
_GROUPED = rf"\d{{1,3}}(?:(?:{_GAP.pattern})\d{{3}}(?!\d))+"
# A program prints `1e+04`, with two digits at the least: `2e+1` is a sum with Euler's number.
_POWER_OF_TEN = r"(?:[eE](?:-?\d+|\+\d\d+)(?![A-Za-z]))?"
_NUMBER = re.compile(rf"(?:(?:{_GROUPED}|\d+(?:\{{,\}}\d{{3}})*)(?:\.\d+)?|\.\d+){_POWER_OF_TEN}")
_WITH_COMMA = re.compile(r"\d+(?:\{,\}|,)\d+")
_WORD = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:[._][A-Za-z][A-Za-z0-9]*)*")
_DOTS = re.compile(r"\.{2,3}(?!\.)")
_MACRO = re.compile(r"\\(?:[A-Za-z]+\*?|.)", re.DOTALL)
_INVISIBLE = frozenset("\u200b\u200c\u200d\u2060\ufeff\u00ad\u2061\u2062\u2063\u2064")
_SPACES = frozenset(
    ["\\,", "\\;", "\\:", "\\!", "\\ ", "\\/", "~", "\\thinspace", "\\enspace", "\\medspace", "\\thickspace", "\\negthinspace", "\\space"]
)
_WIDE = re.compile(r"[^\S\n]{2,}|\\(?:[;: ]|(?:en|med|thick)?space(?![A-Za-z]))")
_MODULES = ("np.", "torch.", "jnp.", "numpy.", "np.linalg.")


@dataclass(frozen=True, slots=True)
class Macro:
    """A command that the author defined: how many arguments it takes, and what it stands for."""

    arguments: int
    body: str


Macros = Mapping[str, Macro]


def lex(source: Source, span: Span, macros: Macros | None = None, typed: bool = False) -> list[Token]:
    r"""The tokens of a stretch of a text; one that is `typed` stands outside of mathematics.

    >>> [t.text for t in lex(Source(r"\hat{y} = σ(Wx_1)"), Span(0, 17))]
    ['\\hat', '{', 'y', '}', '=', '\\sigma', '(', 'W', 'x', '_', '1', ')']
    """
    own = macros or {}
    tokens = _lexed(source.text, span.start, span.end, None, own, has_decimal_commas(source.text))
    expanded = _expanded(as_typed(tokens) if typed else tokens, own, 0, [0])
    return as_meant(with_magnitudes(expanded, source.text, span.end))


_FRACTION = re.compile(r"(\d+)\u2044(\d+)")  # what ½ and its like are made of


def _lexed(text: str, start: int, end: int, at: Span | None, macros: Macros, commas: bool = False) -> list[Token]:
    out: list[Token] = []
    i, spaced, apart = start, False, False
    while i < end:
        if len(out) > _MOST_TOKENS:
            raise Unreadable(at or Span(start, end), f"a piece of mathematics of more than {_MOST_TOKENS} signs")
        char = text[i]
        apart = apart or _WIDE.match(text, i, end) is not None
        if char.isspace() or char in _INVISIBLE:
            spaced = spaced or char.isspace()
            i += 1
            continue
        if char == "%":
            line = text.find("\n", i, end)
            i = end if line < 0 else line
            continue
        spelt = _spelt_out(char)
        if spelt:
            out += [Token(kind, piece, at or Span(i, i + 1), spaced=spaced, apart=apart and not k) for k, (kind, piece) in enumerate(spelt)]
            i, apart = i + 1, False
            continue
        decimal = _WITH_COMMA.match(text, i, end) if commas else None
        token: Token | None
        if decimal:
            token, length = Token("number", re.sub(r"\{,\}|,", ".", decimal[0]), Span(i, decimal.end())), len(decimal[0])
        else:
            token, length = _one(text, i, end, macros)
        if token is not None:
            place = at or Span(i, i + length)
            out.append(replace(token, span=place, spaced=spaced, apart=apart))
            spaced, apart = False, False
        else:
            spaced = True
        i += length
    return out


def _spelt_out(char: str) -> list[tuple[str, str]]:
    r"""The kinds and texts of the tokens that one character stands for: `½` is `\frac{1}{2}`, `𝟙` is `\mathbf{1}`; none for others."""
    fraction = _FRACTION.fullmatch(unicodedata.normalize("NFKD", char))
    if fraction:
        opened, closed = ("sign", "{"), ("sign", "}")
        return [("macro", "\\frac"), opened, ("number", fraction[1]), closed, opened, ("number", fraction[2]), closed]
    if char in voc.BOLD_DIGITS:
        return [("macro", "\\mathbf"), ("sign", "{"), ("number", voc.BOLD_DIGITS[char]), ("sign", "}")]
    return []


def _one(text: str, i: int, end: int, macros: Macros) -> tuple[Token | None, int]:
    """The token at a place, and its length; None for a space."""
    here = Span(i, i + 1)
    char = text[i]
    if char == "\\":
        match = _MACRO.match(text, i, end)
        if match is None:
            return Token("unknown", "\\", here), 1
        name = match[0]
        if name.endswith("*") and name not in voc.STYLES and name[:-1] not in ("\\operatorname",):
            name = name[:-1]
        if name in macros:
            return Token("macro", name, here), len(name)
        if name in _SPACES:
            return None, len(name)
        if name in voc.SETS:
            return Token("letter", voc.SETS[name], here, "mathbb"), len(name)
        name_out = voc.SYNONYMS.get(name, name)
        return Token("macro" if name_out.startswith("\\") else "sign", name_out, here), len(name)
    if match := _NUMBER.match(text, i, end):
        return Token("number", _GAP.sub("", match[0]), here), len(match[0])
    if char in voc.SUPERSCRIPTS or char in voc.SUBSCRIPTS:
        table, mark = (voc.SUPERSCRIPTS, "^") if char in voc.SUPERSCRIPTS else (voc.SUBSCRIPTS, "_")
        length = 1
        while i + length < end and text[i + length] in table:
            length += 1
        return Token("script", mark + "".join(table[c] for c in text[i : i + length]), here), length
    if "a" <= char <= "z" or "A" <= char <= "Z":
        word = _WORD.match(text, i, end)
        if word is not None and text[i - 1 : i] + char != "^T":  # `X^TR`: a script takes one letter
            own, run = own_words(text), word[0].split("_")[0]
            if run[0] == "d" and run[1:] in own:
                return Token("letter", char, here), 1
            if run in own:
                is_letter = is_greek(run) and text[i - 1 : i] == "d"
                return Token("macro" if is_letter else "word", f"\\{run}" if is_letter else run, Span(i, i + len(run))), len(run)
            for candidate in (word[0], word[0].split("_")[0].split(".")[0]):
                if len(candidate) > 1 and (_is_word(candidate) or candidate.startswith(_MODULES)):
                    return Token("word", candidate, here), len(candidate)
            if word[0].endswith(".T") and len(word[0]) == 3:
                return Token("letter", char, here), 1
        return _accented(text, i, end, Token("letter", char, here))
    if char == "." and text[i : i + 2] == ".T" and text[i - 1 : i] != ".":
        return Token("dotT", ".T", here), 2
    if char == "." and (dots := _DOTS.match(text, i, end)):
        return Token("macro", "\\dots", here), len(dots[0])
    if text.startswith("**", i):
        return Token("sign", "^", here), 2
    for sign in (":=", "=:", "==", "+=", "-=", "=>"):
        if text.startswith(sign, i) and not (i and text[i - 1] == "^"):  # `w^+=1`: the new value, and no sum
            return Token("sign", sign, here), 2
    if char in voc.LETTERS:
        return _accented(text, i, end, Token("macro", voc.LETTERS[char], here))
    if char in voc.SIGNS:
        spelt = voc.SIGNS[char]
        return Token("macro" if spelt.startswith("\\") else "sign", spelt, here), 1
    decomposed = unicodedata.normalize("NFKD", char)
    if len(decomposed) > 1 and decomposed[0].isalpha() and all(c in voc.COMBINING for c in decomposed[1:]):
        return Token("letter", decomposed[0], here, "", tuple(voc.COMBINING[c] for c in reversed(decomposed[1:]))), 1
    if len(decomposed) == 1 and decomposed.isalpha() and decomposed != char:
        name = unicodedata.name(char, "")
        style = next((style for word, style in voc.UNICODE_STYLES if word in name), "")
        base = voc.LETTERS.get(decomposed, decomposed)
        return Token("letter", base, here, style), 1
    if char.isalpha():
        return _accented(text, i, end, Token("letter", char, here))
    return Token("sign", char, here), 1


# Letters that nobody multiplies in this order: `Input`, `target`.
_LONG_WORD = re.compile(r"(?=[A-Za-z]*[aeiou])[A-Za-z][a-z]{4,}")


def _is_word(letters: str) -> bool:
    if _LONG_WORD.fullmatch(letters):
        return True
    if any(len(piece) < 2 for piece in letters.split("_")):
        return False  # `do_t` is no dot, but the differential of `o_t`
    return letters in voc.FUNCTIONS or letters in voc.WORDS or letters in voc.AXES or fn.word_of(letters) in fn.WORDS


def _accented(text: str, i: int, end: int, token: Token) -> tuple[Token, int]:
    """A letter with the combining accents that follow it."""
    length, accents = 1, []
    while i + length < end and text[i + length] in voc.COMBINING:
        accents.append(voc.COMBINING[text[i + length]])
        length += 1
    return replace(token, kind="letter", accents=tuple(reversed(accents))) if accents else token, length


def _expanded(tokens: list[Token], macros: Macros, depth: int, count: list[int]) -> list[Token]:
    if not macros or not any(t.kind == "macro" and t.text in macros for t in tokens):
        return tokens
    out: list[Token] = []
    i = 0
    while i < len(tokens):
        token = tokens[i]
        i += 1
        macro = macros.get(token.text) if token.kind == "macro" else None
        if macro is None:
            out.append(token)
            continue
        count[0] += 1
        if depth >= _DEEPEST_MACRO or count[0] > 20_000:
            raise Unreadable(token.span, f"the command {token.text} is defined by itself, or nested too deeply")
        arguments: list[list[Token]] = []
        for _ in range(macro.arguments):
            argument, i = _argument(tokens, i)
            arguments.append(argument)
        body: list[Token] = []
        for piece in re.split(r"(#\d)", macro.body):
            if re.fullmatch(r"#\d", piece):
                at = int(piece[1]) - 1
                body += arguments[at] if at < len(arguments) else []
            else:
                body += _lexed(piece, 0, len(piece), token.span, macros)
        made = _expanded(body, macros, depth + 1, count)
        if len(made) > 1 and out and out[-1].text in _TAKES_ONE:
            made = [Token("sign", "{", token.span), *made, Token("sign", "}", token.span)]  # `\\hat\\x`: the whole of it is the argument
        out += made
        if len(out) > _MOST_TOKENS:
            raise Unreadable(token.span, f"the command {token.text} grows beyond {_MOST_TOKENS} signs")
    return out


# What takes the next command as its argument, whatever that stands for.
_TAKES_ONE = frozenset({*voc.ACCENTS, *voc.STYLES, "\\frac", "\\sqrt"})


def _argument(tokens: list[Token], i: int) -> tuple[list[Token], int]:
    if i >= len(tokens):
        return [], i
    if tokens[i].text != "{":
        return [tokens[i]], i + 1
    level = 0
    for j in range(i, len(tokens)):
        level += (tokens[j].text == "{") - (tokens[j].text == "}")
        if level == 0:
            return tokens[i + 1 : j], j + 1
    return tokens[i + 1 :], len(tokens)
