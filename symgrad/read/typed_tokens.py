r"""What is typed without mathematics: `W_hh h_prev` and `Y_ik` mean `W_{hh} h_{prev}`, where TeX would take one letter.

So does `h_t-1` mean `h_{t-1}`, and `P[i, y_i]` an entry; `eta` and `xhat` are η and \hat x. Between dollars nothing is changed: there
`x_iy_i` is a product.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from symgrad.read.tokens import Token
from symgrad.span import Span

_NAMES = ("alpha", "beta", "gamma", "delta", "zeta", "eta", "lambda", "mu", "nu", "xi", "rho", "tau", "phi", "psi", "chi", "theta", "omega")
_GREEK = {name: f"\\{name}" for name in _NAMES} | {"eps": "\\epsilon"}
_HATS = frozenset(f"{letter}hat" for letter in "abhpqruvwxyz")
_ACCENTS = {"~": "tilde", "^": "hat"}
_BEHIND_AN_ACCENT = frozenset({")", "]", ",", "=", "/", "_"})
_STEPS = frozenset("tlik")
# What stands in brackets behind a name whose entry is meant; the E of `E[x]` is no such name.
_PLACES = frozenset("ijklmnrct")
_IN_BRACKETS = frozenset({",", "_", "+", "-"})
_NEVER = frozenset("EPV")
_FAR = 12
_SIGNS = frozenset({"-", "−", "+"})


def is_spelt(word: str) -> bool:
    """Whether a word is a Greek letter or a name with a hat, perhaps behind the d of a differential: `dgamma`, `xhat`."""
    return bool(_spelt(word))


def _spelt(word: str) -> tuple[bool, str] | None:
    """Whether it is a differential, and of what."""
    is_differential = word not in _GREEK and word[:1] == "d"
    name = word[is_differential:]
    return (is_differential, name) if name in _GREEK or name in _HATS else None


def as_typed(tokens: Sequence[Token]) -> list[Token]:
    """The tokens as they are meant outside of mathematics."""
    return _with_whole_scripts(_with_spelt_names(_with_accents(_with_points(_with_commas(_with_stars(tokens))))))


def _with_stars(tokens: Sequence[Token]) -> list[Token]:
    """The tokens with the star of `x* = …` as a script."""
    out = list(tokens)
    for i in range(1, len(out) - 1):
        before, star, after = out[i - 1 : i + 2]
        if star.text == "*" and before.kind in ("letter", "word", "macro") and not star.spaced and after.text == "=":
            out[i] = replace(star, kind="script", text="^*")
    return out


def _with_points(tokens: Sequence[Token]) -> list[Token]:
    """The tokens with a sign of multiplication for a point that stands apart between two letters: `w . h`."""
    out = list(tokens)
    for i in range(1, len(out) - 1):
        point, after = out[i : i + 2]
        if point.text == "." and point.spaced and after.spaced and after.kind in ("letter", "macro"):
            out[i] = replace(point, kind="macro", text="\\cdot")
    return out


def _with_accents(tokens: Sequence[Token]) -> list[Token]:
    """The tokens with the accent on a letter that is typed behind it: `h~ = 2`, `y^ - y`."""
    out: list[Token] = []
    for token, after in zip(tokens, [*tokens[1:], None], strict=True):
        accent = _ACCENTS.get(token.text)
        is_behind = accent is not None and not token.spaced and bool(out) and out[-1].kind == "letter"
        if accent is not None and is_behind and (after is None or after.spaced or after.text in _BEHIND_AN_ACCENT):
            out[-1] = replace(out[-1], accents=(*out[-1].accents, accent), span=out[-1].span.to(token.span))
        else:
            out.append(token)
    return out


def _with_commas(tokens: Sequence[Token]) -> list[Token]:
    """The tokens with commas between numbers that stand wide apart in round brackets: `(0.5  −0.1)` is a row, and no difference."""
    out: list[Token] = []
    for i, token in enumerate(tokens):
        out.append(token)
        end = next((k for k in range(i + 1, len(tokens)) if tokens[k].text == ")"), 0) if token.text == "(" else 0
        inside = tokens[i + 1 : end]
        starts = [k for k, t in enumerate(inside) if t.kind == "number" or t.text in _SIGNS]
        is_row = len(starts) == len(inside) > 1 and all(_begins_an_entry(inside, k) or _is_glued(inside, k) for k in range(1, len(inside)))
        is_row = is_row and inside[-1].kind == "number" and any(_begins_an_entry(inside, k) for k in range(1, len(inside)))
        if is_row:
            for k, t in enumerate(inside):
                out += [Token("sign", ",", _empty(t.span.start))] if k and _begins_an_entry(inside, k) else []
                out.append(t)
            return [*out, *_with_commas(tokens[end:])]
    return out


def _begins_an_entry(inside: Sequence[Token], k: int) -> bool:
    """Whether a number, or its sign, stands two places behind the number before or more."""
    is_apart = inside[k].span.start - inside[k - 1].span.end > 1 and inside[k - 1].kind == "number"
    return is_apart and (inside[k].kind == "number" or (k + 1 < len(inside) and _is_glued(inside, k + 1)))


def _is_glued(inside: Sequence[Token], k: int) -> bool:
    """Whether a number stands right behind its sign."""
    return inside[k].kind == "number" and inside[k - 1].text in _SIGNS and inside[k].span.start == inside[k - 1].span.end


def _with_spelt_names(tokens: Sequence[Token]) -> list[Token]:
    """The tokens with Greek letters and hats where they are spelt, perhaps behind the d of a differential."""
    out: list[Token] = []
    i = 0
    while i < len(tokens):
        end = i
        while end < len(tokens) and tokens[end].kind == "letter" and (end == i or not tokens[end].spaced):
            end += 1
        word = "".join(t.text for t in tokens[i:end]) if end > i else tokens[i].text if tokens[i].kind == "word" else ""
        end = max(end, i + 1)
        spelt = _spelt(word)
        out += tokens[i:end] if spelt is None else _written(*spelt, tokens[i], tokens[i].span.to(tokens[end - 1].span))
        i = end
    return out


def _written(is_differential: bool, name: str, first: Token, span: Span) -> list[Token]:
    """The tokens of such a name."""
    whole = Span(span.start + is_differential, span.end)
    spaced = first.spaced and not is_differential
    kind, text, accents = ("macro", _GREEK[name], ()) if name in _GREEK else ("letter", name[0], ("hat",))
    of = Token(kind, text, whole, accents=accents, spaced=spaced)
    return [Token("letter", "d", Span(span.start, span.start + 1), spaced=first.spaced), of] if is_differential else [of]


def _with_whole_scripts(tokens: Sequence[Token]) -> list[Token]:
    """The tokens with braces around every subscript that goes on, and around what is an index in brackets."""
    out: list[Token] = []
    i = 0
    while i < len(tokens):
        closing = _closing(tokens, i)
        if closing is not None:
            opened, closed = tokens[i + 1].span, tokens[closing].span
            inside = _with_whole_scripts(tokens[i + 2 : closing])
            out += [tokens[i], Token("sign", "_", opened), Token("sign", "{", opened), *inside, Token("sign", "}", closed)]
            i = closing + 1
            continue
        out.append(tokens[i])
        i += 1
        if out[-1].text != "_":
            continue
        end = _end(tokens, i)
        script = [_brace("{", tokens[i].span.start), *tokens[i:end], _brace("}", tokens[end - 1].span.end)] if end > i + 1 else []
        behind = end if script else _behind_a_script(tokens, i)
        closing = _closing_of_places(tokens, behind) if len(out) > 1 and out[-2].kind in ("letter", "macro") else None
        if closing is not None:  # `p_t[k]`, the entry of what has a step: `(p_t)_{k}`
            at = len(out) - 2
            at -= at > 0 and out[at - 1].kind == "letter" and out[at - 1].text == "d" and not out[at].spaced  # `da_t[k]`, of a gradient
            base, opened, closed = out[at], tokens[behind].span, tokens[closing].span
            first, last = Token("sign", "(", _empty(base.span.start), spaced=base.spaced), Token("sign", ")", _empty(opened.start))
            inside = _with_whole_scripts(tokens[behind + 1 : closing])
            entry = [Token("sign", "_", opened), Token("sign", "{", opened), *inside, Token("sign", "}", closed)]
            out[at:] = [first, replace(base, spaced=False), *out[at + 1 :], *(script or tokens[i:behind]), last, *entry]
            i = closing + 1
        elif script:
            out += script
            i = end
    return out


def _end(tokens: Sequence[Token], start: int) -> int:
    """Where the subscript that begins at a place ends."""
    end = start
    while end < len(tokens) and tokens[end].kind in ("letter", "number") and (end == start or not tokens[end].spaced):
        end += 1
    if end < len(tokens) and tokens[end].text == "_" and not tokens[end].spaced:
        return start  # `x_iy_i`
    is_step = end == start + 1 and tokens[start].text in _STEPS and end + 1 < len(tokens)
    if is_step and tokens[end].text in ("-", "+") and tokens[end + 1].text == "1" and not (tokens[end].spaced or tokens[end + 1].spaced):
        return end + 2
    return end


def _closing(tokens: Sequence[Token], i: int) -> int | None:
    """Where the brackets close that stand behind a name and hold the place of an entry."""
    end = _closing_of_places(tokens, i + 1) if tokens[i].kind == "letter" else None
    return end if end is not None and (tokens[i].text not in _NEVER or any(t.text == "," for t in tokens[i + 2 : end])) else None


def _closing_of_places(tokens: Sequence[Token], i: int) -> int | None:
    """Where the brackets close that open at a place, right behind what stands before it, and hold the place of an entry."""
    is_open = i < len(tokens) and tokens[i].text == "[" and not tokens[i].spaced
    end = next((k for k in range(i + 1, min(i + _FAR, len(tokens))) if tokens[k].text == "]"), None) if is_open else None
    inside = tokens[i + 1 : end]
    is_of_places = all(t.kind in ("letter", "number") or t.text in _IN_BRACKETS for t in inside) and any(t.text in _PLACES for t in inside)
    return end if is_of_places else None


def _behind_a_script(tokens: Sequence[Token], i: int) -> int:
    """Where the subscript ends that is one token or stands in braces."""
    if i < len(tokens) and tokens[i].text == "{":
        return next((k + 1 for k in range(i, min(i + _FAR, len(tokens))) if tokens[k].text == "}"), len(tokens))
    return i + 1


def _brace(text: str, at: int) -> Token:
    return Token("sign", text, _empty(at))


def _empty(at: int) -> Span:
    return Span(at, at)
