r"""How people type what they mean, put right in the tokens before they are parsed.

`\sigma(\cdot)` is σ, `p_k.p_i` a product, `\not\in` one sign, `P(a|b)` no absolute value, and an `array` whose rows begin with an equal
sign arranges equations. Each habit is one rewriting of the tokens; none of them changes what is there to be read.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from symgrad.read import vocabulary as voc
from symgrad.read.drawn import without_lines
from symgrad.read.tokens import Token

Tokens = list[Token]
# What stands at a place from now on, and where to go on; None where it is left as it is.
Rewritten = tuple[Tokens, int] | None


def as_meant(tokens: Tokens) -> Tokens:
    """The tokens with every habit put right."""
    for habit in _HABITS:
        tokens = habit(tokens)
    return tokens


def _divided(tokens: Tokens) -> Tokens:
    r"""`D(p \| q)`, `D(p || q)`, `P(a | b)`: a bar in brackets that closes nothing divides what they hold."""
    opened: list[int] = []
    bars: dict[int, list[int]] = {}
    divides: dict[int, int] = {}  # where a bar begins, and how many tokens it has
    for i, token in enumerate(tokens):
        if token.text in "([":
            opened.append(i)
        elif token.text in ")]" and opened:
            found = bars.pop(opened.pop(), [])
            if len(found) == 1 and not _is_point(tokens, found[0]):
                divides[found[0]] = 1
            elif len(found) == 2 and found[1] == found[0] + 1 and all(tokens[k].text == "|" for k in found):
                divides[found[0]] = 2
        elif token.text in ("|", "\\|") and opened:
            bars.setdefault(opened[-1], []).append(i)
    out: Tokens = []
    i = 0
    while i < len(tokens):
        out.append(replace(tokens[i], text="\\mid", kind="macro") if i in divides else tokens[i])
        i += divides.get(i, 1)
    return out


def _is_point(tokens: Tokens, i: int) -> bool:
    """Whether a bar says at which point: `f(x)|_{x=0}`."""
    return _text(tokens, i + 1) in ("_", "^")


def _negated(tokens: Tokens) -> Tokens:
    r"""`\not\in` and `\not=` as the signs that they print."""
    out: Tokens = []
    for token in tokens:
        if out and out[-1].text == "\\not" and token.text in _NEGATED:
            out[-1] = replace(token, text=_NEGATED[token.text], kind="macro", span=out[-1].span.to(token.span))
        else:
            out.append(token)
    return out


def _without_placeholders(tokens: Tokens) -> Tokens:
    r"""`\sigma(\cdot)` and `\sigma(.)` as σ, where nothing is multiplied by it: a bracket behind it would be its argument."""
    out: Tokens = []
    i = 0
    while i < len(tokens):
        is_placeholder = tokens[i].text == "(" and _text(tokens, i + 1) in ("\\cdot", ".") and _text(tokens, i + 2) == ")"
        if is_placeholder and out and (i + 3 == len(tokens) or _text(tokens, i + 3) in _STOPS):
            i += 3
            continue
        out.append(tokens[i])
        i += 1
    return out


def _with_products(tokens: Tokens) -> Tokens:
    """`p_k.p_i`: a point between two names, with no space beside it; two points are dots."""
    out: Tokens = []
    i = 0
    while i < len(tokens):
        token = tokens[i]
        if token.text == "." and token.kind == "sign" and _text(tokens, i + 1) == ".":
            out.append(replace(token, kind="macro", text="\\dots"))
            i += 2
            continue
        if (
            token.text == "."
            and out
            and _ends_a_name(out[-1])
            and i + 1 < len(tokens)
            and not token.spaced
            and _begins_a_name(tokens[i + 1])
        ):
            token = replace(token, kind="macro", text="\\cdot")
        out.append(token)
        i += 1
    return out


def _ends_a_name(token: Token) -> bool:
    return token.kind in ("letter", "word", "script") or token.text in ("}", ")")


def _begins_a_name(token: Token) -> bool:
    return not token.spaced and (token.kind == "letter" or token.text in voc.LETTER_MACROS or token.text in ("\\frac", *voc.STYLES))


def _wherever(rewriting: Callable[[Tokens, int], Rewritten]) -> Callable[[Tokens], Tokens]:
    """The habit that is put right by a rewriting at every place."""

    def habit(tokens: Tokens) -> Tokens:
        out: Tokens = []
        i = 0
        while i < len(tokens):
            made, i = rewriting(tokens, i) or ([tokens[i]], i + 1)
            out += made
        return out

    return habit


def _empty_script(tokens: Tokens, i: int) -> Rewritten:
    """`x_{}` without its script."""
    return ([], i + 3) if tokens[i].text in ("_", "^") and _text(tokens, i + 1) == "{" and _text(tokens, i + 2) == "}" else None


# The letter of what has a largest and a smallest, and the function's word that each of them has behind `eig` and `sv`.
_EXTREMES = {"\\lambda": "eig", "\\sigma": "sv"}

_BRACES_AND_STYLES = frozenset({"{", "}", "\\mathrm", "\\text", "\\operatorname"})


def _extreme_value(tokens: Tokens, i: int) -> Rewritten:
    r"""`\lambda_{\max}(A)` and `\sigma_{max}(A)`, which are functions of A and no numbers before a bracket."""
    if tokens[i].text not in _EXTREMES or _text(tokens, i + 1) != "_":
        return None
    behind = _closing(tokens, i + 2) if _text(tokens, i + 2) == "{" else i + 3
    word = "".join(t.text for t in tokens[i + 2 : behind] if t.text not in _BRACES_AND_STYLES).removeprefix("\\")
    opens = _text(tokens, behind) == "(" or (_text(tokens, behind) == "\\left" and _text(tokens, behind + 1) == "(")
    if word not in ("max", "min") or not opens:
        return None
    return [replace(tokens[i], kind="word", text=_EXTREMES[tokens[i].text] + word)], behind


def _box(tokens: Tokens, i: int) -> Rewritten:
    r"""`\bbox[…]` without its looks."""
    if tokens[i].text != "\\bbox":
        return None
    start = i + 1
    if _text(tokens, start) != "[":
        return [], start
    return [], next((k for k in range(start, len(tokens)) if tokens[k].text == "]"), start) + 1


def _connective(tokens: Tokens, i: int) -> Rewritten:
    r"""`{\therefore …}` without the word."""
    if tokens[i].text != "{":
        return None
    return [tokens[i]], next((k for k in range(i + 1, len(tokens)) if tokens[k].text not in voc.CONNECTIVES), len(tokens))


def _substack(tokens: Tokens, i: int) -> Rewritten:
    r"""`\substack{i \\ j}` as a list."""
    if tokens[i].text != "\\substack" or _text(tokens, i + 1) != "{":
        return None
    end = _closing(tokens, i + 1)
    return [replace(t, kind="sign", text=",") if t.text == "\\\\" else t for t in tokens[i + 1 : end]], end


def _bracketed_places(tokens: Tokens, i: int) -> Rewritten:
    """`A_{(:,l)}` as `A_{:,l}`."""
    last = _end_of_places(tokens, i + 2) if [_text(tokens, i + n) for n in range(3)] == ["_", "{", "("] else None
    return None if last is None else ([*tokens[i : i + 2], *tokens[i + 3 : last]], last + 1)


def _switch(tokens: Tokens, i: int) -> Rewritten:
    r"""`k^{\rm th}` as `k^{\mathrm{th}}`, and `\bf{y}`, which stands for `{\bf y}`, as `\mathbf{y}`."""
    if not voc.SWITCHES.get(tokens[i].text):
        return None
    style, brace = replace(tokens[i], text="\\" + voc.SWITCHES[tokens[i].text]), replace(tokens[i], kind="sign")
    if _text(tokens, i - 1) == "{" and _text(tokens, i - 2) in ("^", "_"):
        close = _closing(tokens, i - 1) - 1
        return [style, replace(brace, text="{"), *tokens[i + 1 : close], replace(brace, text="}")], close
    return ([style], i + 1) if _text(tokens, i + 1) == "{" else None


def _gradient(tokens: Tokens, i: int) -> Rewritten:
    r"""`\operatorname{grad}_w J` as `\nabla_w J`."""
    if tokens[i].text not in _UPRIGHT or _text(tokens, i + 1) != "{":
        return None
    end = _closing(tokens, i + 1)
    is_grad = "".join(t.text for t in tokens[i + 2 : end - 1]) == "grad"
    return ([replace(tokens[i], text="\\nabla", span=tokens[i].span.to(tokens[end - 1].span))], end) if is_grad else None


def _negative(tokens: Tokens, i: int) -> Rewritten:
    """`e^-u` and `A^-1` as `e^{-u}`, `A^{-1}`; `x^-` and `x^- y` stay as they are."""
    sign, power = tokens[i + 1 : i + 2], tokens[i + 2 : i + 3]
    if tokens[i].text != "^" or not sign or sign[0].text not in ("-", "−") or sign[0].spaced:
        return None
    if not power or power[0].spaced or not (power[0].kind in ("letter", "number") or power[0].text in voc.LETTER_MACROS):
        return None
    brace = replace(sign[0], kind="sign")
    return [tokens[i], replace(brace, text="{"), sign[0], power[0], replace(brace, text="}")], i + 3


def _numbered_power(tokens: Tokens, i: int) -> Rewritten:
    """`e^z2` as `e^{z_2}`, as it is typed."""
    if tokens[i].text != "^" or _text(tokens, i - 1) != "e" or i + 2 >= len(tokens):
        return None
    name, number = tokens[i + 1], tokens[i + 2]
    if name.kind != "letter" or number.kind != "number" or name.spaced or number.spaced or not number.text.isdigit():
        return None
    brace = replace(number, kind="sign")
    signs = [replace(brace, text=text) for text in "{_}"]
    return [tokens[i], signs[0], name, signs[1], number, signs[2]], i + 3


def _hyphenated(tokens: Tokens, i: int) -> Rewritten:
    r"""`\text{one-hot}(y)` and `\operatorname{row\_sum}(P)` as the functions in one word."""
    if tokens[i].text not in _UPRIGHT or _text(tokens, i + 1) != "{":
        return None
    end = _closing(tokens, i + 1)
    letters = [t for t in tokens[i + 2 : end - 1] if t.text.isalpha()]
    written = "".join(t.text for t in tokens[i + 2 : end - 1]).replace("\\text{-}", "-")
    if not _JOINED_WORDS.fullmatch(written) or "".join(t.text for t in letters) not in voc.FUNCTIONS or _text(tokens, end) != "(":
        return None
    return [replace(tokens[i], text="\\operatorname"), tokens[i + 1], *letters, tokens[end - 1]], end


def _typed_call(tokens: Tokens, i: int) -> Rewritten:
    r"""`\texttt{np.sum(dZ, axis=1)}` as `\mathrm{np.sum}(dZ, \mathrm{axis}=1)`, and so `\texttt{axis=1}` among its arguments."""
    if tokens[i].text not in _UPRIGHT or _text(tokens, i + 1) != "{":
        return None
    end = _closing(tokens, i + 1)
    macro, inside, closing = tokens[i], tokens[i + 2 : end - 1], tokens[end - 1]
    written = "".join(t.text for t in inside)
    if _text(tokens, i - 1) == "," and _text(tokens, end) in (",", ")") and _KEYWORD.match(written):
        return _with_keywords(inside, macro, closing), end
    called = _CALL.fullmatch(written)
    if called is None or not (macro.text in _TYPEWRITERS or "." in called["word"]):
        return None
    opening = next(k for k, token in enumerate(inside) if token.text == "(")
    return [*_upright(inside[:opening], macro, closing), inside[opening], *_with_keywords(inside[opening + 1 :], macro, closing)], end


def _with_keywords(inside: Tokens, macro: Token, closing: Token) -> Tokens:
    """Arguments with every word before an equal sign, and behind it, in one piece."""
    out: Tokens = []
    word: Tokens = []
    for token in [*inside, replace(closing, text=",")]:
        if token.text.isalpha() and (word or not out or out[-1].text in (",", "=")):
            word.append(token)
            continue
        is_said = token.text == "=" or (out and out[-1].text == "=")
        out += [*(_upright(word, macro, closing) if word and is_said else word), token]
        word = []
    return out[:-1]


def _upright(word: Tokens, macro: Token, closing: Token) -> Tokens:
    return [replace(macro, text="\\mathrm"), replace(closing, text="{"), *word, closing]


def _typed_sign(tokens: Tokens, i: int) -> Rewritten:
    r"""`4x3` as `4 \times 3`, and `x in R^n` as `x \in R^n`."""
    here, after = tokens[i], tokens[i + 1] if i + 1 < len(tokens) else None
    if here.kind != "letter" or after is None or i == 0:
        return None
    if here.text == "x" and tokens[i - 1].kind == after.kind == "number" and not here.spaced and not after.spaced:
        return [replace(here, kind="macro", text="\\times")], i + 1
    is_in = here.text == "i" and here.spaced and after.text == "n" and not after.spaced
    if is_in and _text(tokens, i + 2) in ("R", "\\mathbb", "\\R", "ℝ") and tokens[i + 2].spaced:
        return [replace(here, kind="macro", text="\\in", span=here.span.to(after.span))], i + 2
    return None


def _pointed(tokens: Tokens, i: int) -> Rewritten:
    r"""`a .* b` and `a ./ b` as `a \odot b`, `a \oslash b`, and `a .^ 2` as `a^2`: the products of entries of MATLAB."""
    here, sign = tokens[i], _ENTRYWISE.get(_text(tokens, i + 1))
    if here.text != "." or sign is None or tokens[i + 1].spaced or i == 0:
        return None
    whole = here.span.to(tokens[i + 1].span)
    return [replace(here, kind="macro" if sign[0] == "\\" else "sign", text=sign, span=whole)], i + 2


def _numbered(tokens: Tokens, i: int) -> Rewritten:
    """`W1`, `δ2` as `W_1`, `δ_2`, and `z1_2`, an entry of z1, as `(z_1)_2`."""
    name, number = tokens[i], tokens[i + 1] if i + 1 < len(tokens) else None
    is_name = name.kind == "letter" or (name.text in voc.LETTER_MACROS and name.span.end - name.span.start == 1)
    if number is None or not is_name or number.kind != "number" or number.spaced or not number.text.isdigit():
        return None
    if _text(tokens, i - 1) in _TAKES_A_TOKEN:
        return None

    def sign(text: str) -> Token:
        return replace(number, kind="sign", text=text)

    made = [name, sign("_"), sign("{"), number, sign("}")]
    if _text(tokens, i + 2) == "_":
        made = [replace(name, kind="sign", text="("), replace(name, spaced=False), *made[1:], sign(")")]
    return made, i + 2


def _typed_sum(tokens: Tokens, i: int) -> Rewritten:
    r"""`Σ_t d_t h_t` and `sum_t d_t h_t` as `\sum_t d_t h_t`, and so a product by `Π`: what the letter runs over stands behind it.

    And `sum d_t h_t` as `\sum d_t h_t`.
    """
    big = _BY_LETTER.get(tokens[i].text)
    if big is not None and tokens[i].text == "sum" and _text(tokens, i + 1) not in ("(", *_STOPS) and not _has_script(tokens, i + 1):
        # `sum e_t h_t` says by what has an index what it runs over.
        return ([replace(tokens[i], kind="macro", text=big)], i + 1) if _indices(tokens, i + 1) else None
    if big is None or not _has_script(tokens, i + 1):
        return None
    start, letter = i + 1, ""
    while _has_script(tokens, start):
        end = start + 1 if tokens[start].kind == "script" else _closing(tokens, start + 1) if _text(tokens, start + 1) == "{" else start + 2
        letter = letter or next((c for t in tokens[start:end] for c in t.text if c.isalpha()), "")
        start = end
    by_limits = any(t.text == "=" for t in tokens[i:start])
    if not by_limits and any(t.text[:1] == "^" for t in tokens[i:start]):
        return None  # the inverse of a covariance
    runs = letter and _text(tokens, start) not in _STOPS and letter in _indices(tokens, start)
    return ([replace(tokens[i], kind="macro", text=big)], i + 1) if runs else None


def _has_script(tokens: Tokens, i: int) -> bool:
    return _text(tokens, i)[:1] in ("_", "^")


def _dotted_limits(tokens: Tokens, i: int) -> Rewritten:
    r"""`\sum_{t=1..T}` and `\sum_{t=1, \dots, T}` as `\sum_{t=1}^{T}`."""
    if tokens[i].text not in _BY_LETTER.values() or _text(tokens, i + 1) != "_" or _text(tokens, i + 2) != "{":
        return None
    end = _closing(tokens, i + 2)
    inside = tokens[i + 3 : end - 1]
    at = next((k for k, t in enumerate(inside) if t.text in voc.DOTS), None)
    if at is None or not any(t.text == "=" for t in inside[:at]) or _text(tokens, end)[:1] == "^":
        return None
    low, high = ([t for t in side if t.text != ","] for side in (inside[:at], inside[at + 1 :]))
    opened, close = tokens[i + 2], tokens[end - 1]
    return [*tokens[i : i + 3], *low, close, replace(opened, text="^"), opened, *high, close], end


def _indices(tokens: Tokens, start: int) -> set[str]:
    """The letters in subscripts of the product that begins at `start`."""
    found: set[str] = set()
    i = start
    level = 0
    while i < len(tokens) and level >= 0:
        text = tokens[i].text
        level += (text in voc.OPENERS) - (text in voc.CLOSERS)
        if level == 0 and (text in voc.RELATIONS or text in ("+", "-", ",", ";")):
            break
        if text[:1] == "_":
            end = i + 1 if tokens[i].kind == "script" else _closing(tokens, i + 1) if _text(tokens, i + 1) == "{" else i + 2
            found.update(c for t in tokens[i:end] for c in t.text if c.isalpha())
            i = end
            continue
        i += 1
    return found


def _end_of_places(tokens: Tokens, i: int) -> int | None:
    """Where the bracket closes that opens at `i`, if it holds places and all that the braces around it hold."""
    end = next((k for k in range(i, len(tokens)) if tokens[k].text == ")"), None)
    holds_places = end is not None and any(t.text == ":" for t in tokens[i:end])
    return end if holds_places and end is not None and _text(tokens, end + 1) == "}" else None


def _arranged(tokens: Tokens) -> Tokens:
    r"""An `array` that arranges equations as `aligned`, and one behind a single `\left\{` as `cases`."""
    out = list(tokens)
    for i in range(len(tokens)):
        if tokens[i].text != "\\begin" or _name(tokens, i) != "array":
            continue
        end = _end_of(tokens, i)
        if end is None:
            continue
        after = _closing(tokens, end + 1)
        has_one_brace = [_text(tokens, k) for k in (i - 2, i - 1, after, after + 1)] == ["\\left", "\\{", "\\right", "."]
        if not has_one_brace and not _holds_equations(tokens, i, end):
            continue
        for k in (i, end):
            _rename(out, k, "cases" if has_one_brace else "aligned")
        braces = (i - 2, i - 1, after, after + 1) if has_one_brace else ()
        for k in (*braces, *_columns(tokens, _closing(tokens, i + 1))):
            out[k] = replace(tokens[k], kind="blank", text="")
    return [token for token in out if token.kind != "blank"]


def _name(tokens: Tokens, i: int) -> str:
    """The name of the environment that begins or ends at `i`."""
    return "".join(t.text for t in tokens[i + 2 : _closing(tokens, i + 1) - 1])


def _rename(tokens: Tokens, i: int, name: str) -> None:
    """Give the environment another name, with as many tokens."""
    first, *rest = range(i + 2, _closing(tokens, i + 1) - 1)
    tokens[first] = replace(tokens[first], kind="word", text=name)
    for k in rest:
        tokens[k] = replace(tokens[k], kind="blank", text="")


def _columns(tokens: Tokens, start: int) -> range:
    """Where the columns of an array are told: `{ll}`."""
    return range(start, _closing(tokens, start)) if _text(tokens, start) == "{" else range(start, start)


def _end_of(tokens: Tokens, i: int) -> int | None:
    """Where the array ends that begins at `i`."""
    level = 0
    for k in range(i, len(tokens)):
        level += (tokens[k].text == "\\begin") - (tokens[k].text == "\\end")
        if level == 0:
            return k if _name(tokens, k) == "array" else None
    return None


def _holds_equations(tokens: Tokens, start: int, end: int) -> bool:
    """Whether a cell of the array itself begins with an equal sign."""
    level = 0
    for k in range(start, end):
        level += (tokens[k].text == "\\begin") - (tokens[k].text == "\\end")
        if level == 1 and tokens[k].text == "&" and _text(tokens, k + 1) in voc.RELATIONS:
            return True
    return False


def _closing(tokens: Sequence[Token], start: int) -> int:
    """The place behind the brace that closes the one at `start`."""
    level = 0
    for k in range(start, len(tokens)):
        level += (tokens[k].text == "{") - (tokens[k].text == "}")
        if level == 0:
            return k + 1
    return len(tokens)


def _text(tokens: Sequence[Token], i: int) -> str:
    return tokens[i].text if 0 <= i < len(tokens) else ""


_UPRIGHT = frozenset("\\" + name for name in "operatorname mathrm mathsf mathtt text textrm textsf texttt".split())
_JOINED_WORDS = re.compile(r"[A-Za-z]+(?:(?:\\?_|-)[A-Za-z]+)+")
# A call as it stands in code, and what is said in it by a word.
_CALL = re.compile(r"(?P<word>[A-Za-z][\w.]*)\(.+\)")
_KEYWORD = re.compile(r"[A-Za-z]{2,}=(?:True|False|None|-?\d)(?=[,)]|$)")
_TYPEWRITERS = frozenset({"\\texttt", "\\mathtt"})
_ENTRYWISE = {"*": "\\odot", "/": "\\oslash", "^": "^"}
_BY_LETTER = {"\\Sigma": "\\sum", "\\Pi": "\\prod", "sum": "\\sum", "prod": "\\prod"}
# What takes the one token behind it: `\frac n2`, `x^a2`.
_TAKES_A_TOKEN = frozenset({"^", "_", "\\frac", "\\sqrt", *voc.ACCENTS, *voc.STYLES})
# What may stand behind a function that is only named.
_STOPS = frozenset({*voc.RELATIONS, *voc.SEPARATORS, *voc.SUM_SIGNS, *voc.CONNECTIVES, *voc.CLOSERS, "\\odot", "\\circ", ".", "&", "\\\\"})
_NEGATED = {"\\in": "\\notin", "=": "\\ne", "\\ni": "\\ni"}
_HABITS: tuple[Callable[[Tokens], Tokens], ...] = (
    _negated,
    *map(
        _wherever,
        (
            _empty_script,
            _extreme_value,
            _box,
            _connective,
            _substack,
            _bracketed_places,
            _switch,
            _gradient,
            _negative,
            _numbered_power,
            _hyphenated,
            _typed_call,
            _typed_sign,
            _pointed,
            _numbered,
            _typed_sum,
            _dotted_limits,
        ),
    ),
    _without_placeholders,
    _arranged,
    without_lines,
    _divided,
    _with_products,
)
