"""A piece of mathematics, taken apart into statements before any of them is parsed."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice, takewhile

from symgrad.read import vocabulary as voc
from symgrad.read.tokens import Token
from symgrad.span import Span

END = Token("end", "", Span(0, 0))
RELATION_TEXTS = frozenset(voc.RELATIONS) - {":"}
_BREAKS = frozenset({"\\quad", "\\qquad", "\\\\", "\\newline"})
_BOXES = frozenset({"\\boxed", "\\fbox"})
_ARROWS = frozenset({"\\to", "\\rightarrow", "\\longrightarrow"})
# What ends a proof.
_ENDS = frozenset({"\\square", "\\Box", "\\blacksquare", "\\qed", "\\qedhere", "∎", "■", "□", "◻"})
# `n \\times d_k`, in the texts of its tokens.
_SIZE = r"[\da-zA-Z]+(?: _ (?:\w|\{ \w+(?: \w+)* \}))?"
_SHAPE = re.compile(rf"{_SIZE}(?: (?:\\times|×) {_SIZE})+(?: [,.;])?")
_LOOSE = frozenset({*_ENDS, ",", ";", ".", ":", "\\star", "\\cdot", "\\times", "*", "&", "\\\\"})
# Behind these an equation goes on, and with these.
_GOES_ON = frozenset({*RELATION_TEXTS, *voc.SUM_SIGNS, *voc.PRODUCTS})
_A_TERM = re.compile(r"(?:the)?(?:terms?|parts?|contributions?)(?:through|via|from|dueto)")
_LABEL = re.compile(r"\(?(\d+|[A-Za-z]|[ivx]{1,4})[.)]{1,2}")


def unwrapped(tokens: list[Token]) -> list[Token]:
    r"""Environments that only arrange rows (`aligned`, `split`) opened, layout and labels taken out."""
    out: list[Token] = []
    i = 0
    matrices = 0
    while i < len(tokens):
        token = tokens[i]
        if token.text in ("\\begin", "\\end"):
            name, after = braced_name(tokens, i + 1)
            if name in voc.ROWS:
                out.append(replace(token, kind="row", text="\\\\"))
                i = _past_arguments(tokens, after, name) if token.text == "\\begin" else after
                continue
            matrices += 1 if token.text == "\\begin" else -1
            out.append(replace(token, kind=token.text[1:], text=name))
            i = after
            if token.text == "\\begin" and name in ("array", "alignedat", "subarray"):
                i = _past_arguments(tokens, i, "array")
            continue
        if token.text in _BOXES and (inside := _several(tokens, i + 1)) is not None:
            tokens = [*tokens[:i], *inside, *tokens[i + len(inside) + 3 :]]
            continue
        if token.text in ("\\tag", "\\label", "\\tag*"):
            _, i = braced_name(tokens, i + 1)
            continue
        if token.text.startswith("\\") and token.text[1:] in voc.SILENT_MACROS.split():
            _, i = braced_name(tokens, i + 1)
            continue
        if token.text == "\\color" or token.text == "\\textcolor":
            _, i = braced_name(tokens, i + 1)
            continue
        if token.kind == "macro" and (token.text in voc.SIZES or (voc.SWITCHES.get(token.text) == "" and token.text in voc.SWITCHES)):
            i += 1
            continue
        if token.text in ("\\left", "\\right", "\\middle"):
            following = tokens[i + 1] if i + 1 < len(tokens) else END
            if following.text == ".":
                out.append(replace(following, kind="delimiter", text="." if token.text == "\\left" else ".)"))
                i += 2
                continue
            i += 1
            continue
        out.append(token)
        i += 1
    return out


def _several(tokens: Sequence[Token], i: int) -> list[Token] | None:
    r"""What stands in the braces of `\boxed{a = b, \qquad c = d}`; None for a part of an equation."""
    if i >= len(tokens) or tokens[i].text != "{":
        return None
    level = 0
    for j in range(i, len(tokens)):
        level = depth_after(level, tokens[j])
        if level == 0:
            inside = list(tokens[i + 1 : j])
            return inside if any(t.text in RELATION_TEXTS or t.text in _BREAKS for t in _outside_brackets(inside)) else None
    return None


def braced_name(tokens: Sequence[Token], i: int) -> tuple[str, int]:
    if i >= len(tokens) or tokens[i].text != "{":
        return "", i
    j, level, inner = i, 0, []
    while j < len(tokens):
        level += (tokens[j].text == "{") - (tokens[j].text == "}")
        if level == 0:
            break
        if j > i:
            inner.append(tokens[j].text)
        j += 1
    return "".join(inner), j + 1


def _past_arguments(tokens: Sequence[Token], i: int, name: str) -> int:
    """Past the column arguments of an environment."""
    if name.startswith(("array", "alignat", "alignedat", "IEEE")):
        while i < len(tokens) and tokens[i].text in ("{", "["):
            close = "}" if tokens[i].text == "{" else "]"
            while i < len(tokens) and tokens[i].text != close:
                i += 1
            i += 1
    return i


def statements(tokens: list[Token]) -> list[list[Token]]:
    """Split where a reader sees a new statement: rows, wide spaces, words, connectives, commas between relations."""
    rough: list[list[Token]] = [[]]
    level = 0
    i = 0
    while i < len(tokens):
        token = tokens[i]
        level = depth_after(level, token)
        if level == 0 and (token.kind == "row" or token.text in _BREAKS or token.text in voc.CONNECTIVES or _goes_to(tokens, i, rough[-1])):
            rough.append([])
        elif level == 0 and token.text == "&":
            if _begins_a_column(tokens, i, rough[-1]):
                rough.append([])
        elif level == 0 and token.text in voc.TEXT_MACROS_SET and not _is_word_function(tokens, i):
            _, i = braced_name(tokens, i + 1)
            if not rough[-1] and i < len(tokens) and tokens[i].text == "=":
                i += 1  # `\\text{hidden layer} = h = f(Wx)`: words for what stands behind the sign
            rough.append([])
            continue
        else:
            rough[-1].append(token)
        i += 1
    out: list[list[Token]] = []
    for part in rough:
        pieces = _at_commas(part)
        out.extend(pieces)
    return out


def _goes_to(tokens: Sequence[Token], i: int, before: Sequence[Token]) -> bool:
    """Whether an arrow leads from one equation to the next: `a = 0.5 → h = tanh(0.5)`; that of `x → 0` does not."""
    if tokens[i].text not in _ARROWS or all(t.text != "=" for t in before):
        return False
    rest = _outside_brackets(islice(tokens, i + 1, None))
    return any(t.text == "=" for t in takewhile(lambda t: t.kind != "row" and t.text not in _BREAKS and t.text not in _ARROWS, rest))


def _begins_a_column(tokens: Sequence[Token], i: int, before: Sequence[Token]) -> bool:
    """Whether another equation, or a remark, stands behind a `&`: `a &= b & c &= d`, `H &= XW & & (n \\times d)`, `… && n \\times d`."""
    outside = list(_outside_brackets(before))
    is_told = bool(outside) and outside[0].text == "(" and all(t.text in ("(", ")", ",", ";") for t in outside)  # `(j \\ne y), &`
    if not is_told and (not any(t.text in RELATION_TEXTS for t in outside) or outside[-1].text in _GOES_ON):
        return False
    row = list(takewhile(lambda t: t.kind != "row" and t.text not in _BREAKS, _outside_brackets(islice(tokens, i + 1, None))))
    cell = list(takewhile(lambda t: t.text != "&", row))
    if not cell:
        return False
    is_equation = cell[0].text not in _GOES_ON and any(t.text in RELATION_TEXTS for t in row)
    is_remark = cell[0].text == "(" and all(t.text in ("(", ")", *_LOOSE) for t in cell)
    is_remark = is_remark or _SHAPE.fullmatch(" ".join(t.text for t in cell)) is not None
    return is_equation or is_remark


def _outside_brackets(tokens: Iterable[Token]) -> Iterator[Token]:
    """The tokens that stand in no brackets, with the brackets themselves."""
    level = 0
    for token in tokens:
        before, level = level, depth_after(level, token)
        if not before or not level:
            yield token


def _is_word_function(tokens: Sequence[Token], i: int) -> bool:
    """`\\text{ReLU}(z)`: words that name a function or a quantity belong to the mathematics."""
    name, after = braced_name(tokens, i + 1)
    following = tokens[after].text if after < len(tokens) else ""
    before = tokens[i - 1].text if i else ""
    if name.rstrip(".") in voc.CONSTANTS:
        return before in voc.SUM_SIGNS or following in voc.SUM_SIGNS
    if before in voc.SUM_SIGNS and _A_TERM.match(name):
        return True  # `+ \\text{terms through } h`
    return name in voc.FUNCTIONS or name in voc.WORDS or following in ("(", "_", "^") or before in ("_", "^")


def depth_after(level: int, token: Token) -> int:
    if token.text in ("{", "(", "[", "\\{", "\\langle", "\\lfloor", "\\lceil") or token.kind == "begin":
        return level + 1
    if token.text in ("}", ")", "]", "\\}", "\\rangle", "\\rfloor", "\\rceil") or (token.kind == "end" and token is not END):
        return max(0, level - 1)
    return level


def _at_commas(tokens: list[Token]) -> list[list[Token]]:
    """`a = 1, b = 2` is two statements; `x, y \\in R` is one."""
    level, cuts, relations = 0, [], []
    for i, token in enumerate(tokens):
        level = depth_after(level, token)
        if level == 0 and token.text in (",", ";"):
            cuts.append(i)
        if level == 0 and token.text in RELATION_TEXTS:
            relations.append(i)
    kept: list[int] = []
    for cut in cuts:
        at = bisect_left(relations, cut)
        if at and relations[at - 1] > (kept[-1] if kept else -1):
            kept.append(cut)  # an equation, then another or an aside: `h = Wx, t = 1 … T` or `x = 2, say`
    pieces, start = [], 0
    for cut in [*kept, len(tokens)]:
        pieces.append(tokens[start:cut])
        start = cut + 1
    return pieces


def trimmed(tokens: list[Token]) -> list[Token]:
    """Without punctuation that hangs at the ends, and without labels such as `2.` or `(A)`."""
    if len(tokens) > 1 and _is_label(tokens):
        return []
    start, end = 0, len(tokens)
    while end > start and tokens[end - 1].text in _LOOSE and (end < 2 or tokens[end - 2].text not in ("_", "^")):
        end -= 1
    while start < end and tokens[start].text in (",", ";", ".", ":", "&", "\\\\"):
        start += 1
    tokens = tokens[start:end]
    texts = [t.text for t in tokens[:4]]
    if len(texts) >= 3 and texts[0] == "(" and (len(texts[1]) == 1 or tokens[1].kind == "number"):
        length = 3 if texts[2] == ")" else 4 if texts[2:4] == [".", ")"] else 0
        if length and len(tokens) > length and tokens[length].spaced and tokens[length].text not in RELATION_TEXTS:
            following = tokens[length]
            if following.kind in ("letter", "macro", "word") and following.text not in voc.PRODUCTS and any(t.text == "=" for t in tokens):
                return trimmed(tokens[length:])
    if len(tokens) == 1 and tokens[0].text in voc.PRODUCTS:
        return []  # a sign that the words around it explain
    return [] if _is_notation(tokens) else tokens


_BEFORE_A_PLACE = frozenset({*voc.OPENERS, "{", ",", "|", "\\|", "\\lVert", "\\lvert"})
_BEHIND_A_PLACE = frozenset({*voc.CLOSERS, "}", ",", "|", "\\|", "\\rVert", "\\rvert"})


def _is_notation(tokens: Sequence[Token]) -> bool:
    r"""Whether it only shows a sign, `\langle\cdot, \cdot\rangle`, `\partial L/\partial(\cdot)`, or stops where words go on."""
    texts = [t.text for t in tokens]
    if not texts or any(text in RELATION_TEXTS for text in texts):
        return False
    places = (k for k in range(1, len(texts) - 1) if texts[k] == "\\cdot")
    is_shown = any(texts[k - 1] in _BEFORE_A_PLACE and texts[k + 1] in _BEHIND_A_PLACE for k in places)
    return is_shown or texts[-2:] == ["/", "\\partial"]


def without_loose_signs(tokens: list[Token]) -> list[Token]:
    r"""Without the sign of a product at an end of what is no equation: the factor `A \odot` that words speak of."""
    if any(t.text in RELATION_TEXTS for t in tokens):
        return tokens
    start, end = 0, len(tokens)
    while end > start + 1 and tokens[end - 1].text in voc.PRODUCTS and tokens[end - 2].text not in ("_", "^"):
        end -= 1
    while start < end - 1 and tokens[start].text in voc.PRODUCTS and tokens[start].text != "*":
        start += 1
    return tokens[start:end]


def _is_label(tokens: Sequence[Token]) -> bool:
    """`2.`, `(A)`, `(ii)`, `b)`: the number of an exercise, and no mathematics."""
    return 1 <= len(tokens) <= 7 and _LABEL.fullmatch("".join(t.text for t in tokens)) is not None
