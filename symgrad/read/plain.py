r"""Mathematics typed into lines of text without dollars: `∂L/∂W = hᵀ(ŷ − y)`, `z1 = 0.2*1 + 0.1 = 0.3`, `Let V = W ⊙ M be …`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import accumulate, takewhile

from symgrad.read import vocabulary as voc
from symgrad.read.typed_tokens import is_spelt
from symgrad.span import Span

_WORDLIKE = re.compile(r"[A-Za-z]{3,}")
_MATHLIKE = re.compile(r"[=≈].*[∂∇α-ωΑ-Ω⊙∘⊗ᵀŷŶẑẐ·×−½‖√²³⁺⁻₊₋₀-₉ₐ-ₜᵢ-ᵪⱼ\^_*@]|[∂∇α-ωΑ-Ω⊙∘⊗ᵀŷŶẑẐ·×−½‖√²³⁺⁻₊₋₀-₉ₐ-ₜᵢ-ᵪⱼ\^_*@].*[=≈]")
_EQUATION = re.compile(r"[A-Za-z]\w{0,8}'?(?:\s*=\s*[^=:;,\"`]+)+")
# `y - t = -0.5328`, `h1(1-h1) = 0.2494`, `dL/dc = -0.1`: what is computed of short names.
_COMPUTED = re.compile(r"(?!.*[A-Za-z]{3})(?=.*[A-Za-z])(?:[-+\w\s().,*/^']+[=≈])+[-+\w\s().,*/^']*\d[-+\w\s().,*/^']*")
# `c ≈ 0.3481 (all digits kept)`, `dW = da h^T   (H by D)`, `E = 0.0725 ✓`: what is said of an equation behind it.
_REMARK = re.compile(
    r"(?:\s+=)?(?:\s+\([^()=]*[A-Za-z]{3}[^()=]*\)|\s+\(\w{1,2} by \w{1,2}\)|\s{2,}\(\w{1,2} ?[x×*] ?\w{1,2}\)|\s+\(∈[^()=]*\)"
    r"|\s+\((?=[A-Za-z]{4,}[ ,])(?P<told>[^()]*)\))?[.;]?(?:\s*[✓✔✅☑])?[.;]?\s*$"
)
# Another equation beside the first.
_BESIDE = re.compile(r"\S\s{2,}[A-Za-z]\w*'?\s*=")
# Space that is wider than that between words, and not that beside a sign of equality.
_SET_APART = re.compile(r"(?<![=≈ \t])(?:[ ]{2,}|\s*\t\s*)(?![=≈ \t])")
# `number of parameters: 3*2 + 3 = 9`: arithmetic behind what it is of.
_WORKED = re.compile(r"[A-Za-z][^=:$`]{1,60}:\s+(?=[-\d(])([-+*/().\d\s^·×=≈,]*=[-+*/().\d\s^·×=≈,]*?)\.?")
# `x -> a = W x + b -> h = relu(a)`: a network, layer by layer.
_ARROW = re.compile(r"\s(?:-+>|=+>|→|⟶|⇒)\s")
# `target t = [0, 1]`, `new weights w = …`, `out: v1 = 0.8`: what is given is said before its name.
_LABEL = re.compile(r"(?:(?:[A-Za-z][a-z]{2,}|[A-Z]{2,6}(?=:)|lr|so):? )+(?=[A-Za-zα-ω](?:_?\w)? ?=)")
# `**t = 2.**` above what is computed at that step.
_TITLE = re.compile(r"\*\*\w{1,3} ?= ?\w{1,3}[.:]?\*\*[.:]?")
_LIST_MARK = re.compile(
    r"[ \t]*(?:[-*+]|\d+[.)]|\([a-z]\)|[-=]+>|[⇒→∴]|so|\*\*[^*\n]{1,40}\*\*:?|(?:i\.e|e\.g|resp|d\.h|c\.-?à-d)\.,?)?[ \t]+"
)
# `w1 = 0.3, b1 = 0.1 / w2 = 0.5, b2 = 1`: between two lists of what is given a stroke divides nothing.
_VALUE = r"[A-Za-zα-ωΑ-Ω]\w{0,3} ?= ?[-−+]?\d+(?:\.\d+)?"
_STROKE = re.compile(rf"(?<![\w.])({_VALUE}(?:, ?{_VALUE})+) / (?={_VALUE}(?:, ?{_VALUE})+(?![\w(^]|[.,]\d|\s?[-−+*/=×·%]))")


def strokes(text: str) -> Iterator[int]:
    """Where strokes stand between lists of values."""
    yield from (found.end() - 2 for found in _STROKE.finditer(text))


def is_typed(code: str) -> bool:
    """Whether what stands between backticks is an equation that somebody typed."""
    if code.startswith("$") and code.endswith("$"):
        return True
    words = [w for w in _WORDLIKE.findall(code) if not _is_mathematical(w)]
    return bool(_MATHLIKE.search(code)) and not words and not re.search(r"[\[\]{}\"#:;]", code)


def _is_mathematical(word: str) -> bool:
    """Whether a word stands in formulas: a function, a quantity, a constant."""
    return word in voc.FUNCTIONS or word in voc.WORDS or word in voc.CONSTANTS or is_spelt(word)


def equations(text: str, taken: Sequence[Span]) -> Iterator[tuple[Span, bool]]:
    """The equations in lines of Markdown that have no dollars and no other mathematics, and whether each stands by itself."""
    at = 0
    offset = 0
    for line in text.splitlines(keepends=True):
        start, end = offset, offset + len(line.rstrip(" \t\n:"))  # `dh = W^T dz:`, which what follows is computed by
        offset += len(line)
        while at < len(taken) and taken[at].end <= start:
            at += 1
        if at < len(taken) and taken[at].start < end:
            yield from ((span, False) for span in _beside(text, start, end, taken, at))
            continue
        lead = _LIST_MARK.match(line)
        first = start + (lead.end() if lead else 0)
        remark = _REMARK.search(text[first:end])
        if remark and remark["told"]:  # `a = f(z)  (leaky ReLU, slope α = 0.1)`
            inside = ((first + remark.start("told") + run.start(1), run[1]) for run in _TOLD.finditer(remark["told"]))
            yield from ((Span(at_, at_ + _before_words(run)), False) for at_, run in inside if _is_told(run[: _before_words(run)]))
        end = first + remark.start() if remark else end
        body = text[first:end]
        if len(body) > 400 or body.startswith(("#", ">", "|")) or _TITLE.fullmatch(body):
            continue
        worked = _WORKED.fullmatch(body)
        layers = list(_between_arrows(body))
        apart = list(_apart(body))
        if worked is not None:
            apart = [(worked.start(1) + a, worked.start(1) + b) for a, b in _apart(worked[1])]
        elif len(layers) > 1:
            apart = layers
        equations = [(a, b) for a, b in apart if "=" in body[a:b]]
        is_known = worked is not None or len(layers) > 1
        are_alone = bool(equations) and (is_known or (len(apart) > 1 and all(_ALONE.fullmatch(body[a:b]) for a, b in equations)))
        is_said = (
            _MATHLIKE.search(body)
            or _EQUATION.fullmatch(body)
            or (_COMPUTED.fullmatch(body) and not _BESIDE.search(body))
            or any(_is_told(run[1]) for run in _TOLD.finditer(body))
        )
        if not (is_said or are_alone):
            found = [*_declarations(body, first), *(Span(first + run.start(1), first + run.end(1)) for run in _ARITHMETIC.finditer(body))]
            yield from ((span, False) for span in sorted(found))
            continue
        if are_alone:
            spans = [Span(first + a, first + b) for a, b in equations]
            yield from ((span, True) for span in spans)
            continue
        said = _labelled(body)
        first, body = first + said, body[said:]
        words = [w for w in _WORDLIKE.findall(body) if not _is_mathematical(w)]
        if not words:
            yield from ((Span(first + a, first + b), True) for a, b in _each_labelled(body))
            continue
        runs = [
            (run.start(1) + _behind_so(run[1]), run.start(1) + _before_words(run[1])) for run in _TOLD.finditer(body) if _is_told(run[1])
        ]
        ends = [0, *(b for _, b in runs)]
        whole = [_with_its_factors(body, before, *_balanced(body, a, b)) for before, (a, b) in zip(ends, runs, strict=False)]
        told = [Span(first + a, first + b) for a, b in whole]
        worked_out = (Span(first + run.start(1), first + run.end(1)) for run in _ARITHMETIC.finditer(body))
        told += [run for run in worked_out if not any(run.start < t.end and t.start < run.end for t in told)]
        yield from ((span, False) for span in sorted(told))
        yield from ((d, False) for d in _declarations(body, first) if not any(d.start < t.end and t.start < d.end for t in told))


def _beside(text: str, start: int, end: int, taken: Sequence[Span], at: int) -> Iterator[Span]:
    """The equations typed into a line that has mathematics between dollars too, apart from it: `Write g = dL/dz. From $z_i = …$ we get`."""
    held = text[start:end]
    for piece in takewhile(lambda piece: piece.start < end, (taken[k] for k in range(at, len(taken)))):
        a, b = max(piece.start - start, 0), piece.end - start
        held = held[:a] + _TAKEN * len(held[a:b]) + held[b:]
    for run in _TOLD.finditer(held):
        a, b = run.start(1) + _behind_so(run[1]), run.start(1) + _before_words(run[1])
        touches = held[:a].rstrip()[-1:] == _TAKEN or held[b:].lstrip()[:1] == _TAKEN or _TAKEN in held[a:b]
        if not touches and (_is_told(held[a:b]) and not re.search(r"[\\{}`|<>]", held[a:b])):
            yield Span(start + a, start + b)


# Stands for every character that is mathematics already.
_TAKEN = "\ufffc"


# Letters, numbers and brackets, and one sign of equality.
_ALONE = re.compile(r"(?!.*[A-Za-z]{3})[A-Za-zα-ω]\w{0,3}'?(?: *= *(?:\[[^\[\]]*\]|[^=:;$])+)+")


# `x ∈ R³`, `W1, W2 ∈ ℝ^{n×d}`, `M in {0,1}^{n×d}`; `W1 (4×3)`, `b: d×1`, `W is 2x3`.
_SCRIPT = r"(?:_\{\w+\}|_\w|[₀-₉ₐ-ₜ]+|\d)"
_SYMBOL = rf"[A-Za-zÀ-ÿα-ωΑ-ΩŵŴŷŶẑẐ][\u0300-\u036f]*{_SCRIPT}?'?"
_SETS = r"(?:[ℝR]|\{0, ?1\}|\[0, ?1\])(?:[⁰¹²³⁴-⁹ᵃ-ᶻᴬ-ᵂⁿˣ]+|\^\{[^{}\n]*\}|\^\([^()\n]*\)|\^\w+(?: ?[×x] ?\w+)*)?(?![\w^])"
_MEMBER = re.compile(rf"(?<![^\s(,;:])({_SYMBOL}(?:, ?{_SYMBOL})* ?(?:∈|\bin\b) ?{_SETS})")
_LETTERS = re.compile(r"(?<![^\s(,;:])([A-Za-z] ?(?:∈|\bin\b) ?\{[A-Za-z](?:, ?[A-Za-z]){1,7}\})")  # `k ∈ {i, f, o, g}`
_LENGTH = rf"(?:\d+|[A-Za-z]{_SCRIPT}?)"
_SIZED = re.compile(rf"(?<![^\s(,;])({_SYMBOL})(?: is |: ?| ?\(|: \()({_LENGTH} ?× ?{_LENGTH}|\d+ ?x ?\d+)(?=[\s),.;]|$)")


def _declarations(body: str, at: int) -> Iterator[Span]:
    """What is told of names without dollars: the set that they are in, or their size."""
    for run in (*_MEMBER.finditer(body), *_LETTERS.finditer(body), *_SIZED.finditer(body)):
        for k in range(1, len(run.groups()) + 1):
            yield Span(at + run.start(k), at + run.end(k))


def _apart(body: str) -> Iterator[tuple[int, int]]:
    """Where the equations of `w = [1, 2]   (k = 2),  bias b = 0.5` stand: what is set apart, without its brackets and its label.

    Space in square brackets sets nothing apart: `[ 0.5   1 ; -1  2 ]` is a matrix. Neither does what aligns the signs of equality below
    each other.
    """
    levels = list(accumulate((c == "[") - (c == "]") for c in body))
    gaps = [(m.start(), m.end()) for m in _SET_APART.finditer(body) if levels[m.start()] <= 0]
    gaps = sorted([*gaps, *((at - 1, at + 2) for at in strokes(body))])
    for start, end in zip([0, *(g[1] for g in gaps)], [*(g[0] for g in gaps), len(body)], strict=True):
        end = start + len(body[start:end].rstrip(",; "))
        if start >= end:
            continue
        if body[start] + body[end - 1] in ("()", "[]") and "=" in body[start:end]:
            start, end = start + 1, end - 1
        yield start + _labelled(body[start:end]), end


def _between_arrows(body: str) -> Iterator[tuple[int, int]]:
    """Where the equations of `x -> a = W x + b -> h = relu(a), loss L = |h - y|^2` stand, if there are two of them or more."""
    arrows = list(_ARROW.finditer(body))
    levels = list(accumulate((c in "([{") - (c in ")]}") for c in body))
    cuts = sorted([*(m.span() for m in arrows), *(m.span() for m in re.finditer(r"[,;]\s+", body) if levels[m.start()] <= 0)])
    found = []
    for start, end in zip([0, *(stop for _, stop in cuts)], [*(start for start, _ in cuts), len(body)], strict=True):
        start += len(body[start:end]) - len(body[start:end].lstrip())
        start += _labelled(body[start:end])
        end = start + len(body[start:end].rstrip(" ."))
        words = [w for w in _WORDLIKE.findall(body[start:end]) if not _is_mathematical(w)]
        if _EQUATION.fullmatch(body[start:end]) and not words:
            found.append((start, end))
    if len(arrows) > 1 and len(found) > 1:
        yield from found


def _labelled(body: str) -> int:
    """Where an equation begins behind words that are no functions."""
    label = _LABEL.match(body)
    return 0 if label is None or any(word in voc.FUNCTIONS for word in label[0].split()) else label.end()


def _each_labelled(body: str) -> Iterator[tuple[int, int]]:
    """What stands between the commas of `x = 2, target t = 1, rate a = 0.1` that have a label behind them, without the labels."""
    commas = [m for m in re.finditer(r",\s+", body) if _labelled(body[m.end() :])]
    for start, end in zip([0, *(m.end() for m in commas)], [*(m.start() for m in commas), len(body)], strict=True):
        yield start + _labelled(body[start:end]), end


# An equation told in a sentence without dollars: `Let V = W ⊙ M be …`. It ends where a word, a comma or the sentence does.
_PLAIN_WORDS = (
    "is be of to via only we or an as at by in on so if it and the for are a with where then that let put write take get from".split()
)
# Also what a function is called with, `max(s, 0)²`, of names and no words.
_LIST = (
    r"(?:\[\s*\[[^\n=]{0,200}?\]\s*\]|\[[^\[\]\n=]*\]|\([^()\nA-Za-z=]*,[^()\nA-Za-z=]*\)|(?<=[A-Za-z])\((?:(?![A-Za-z]{3})[^()\n=])*\))"
)
# What is no word in brackets: `(yhat - y)`; and a point that multiplies stands apart.
_SPELT = r"(?:[a-z]hat|alpha|beta|gamma|delta|eta|theta|lambda|mu|sigma)(?:_?\w)?\b"
_TOKEN = (
    rf"(?:(?!(?:{'|'.join(_PLAIN_WORDS)})\b)(?!\((?!{_SPELT})[A-Za-z]{{2,}}[\s,])"
    rf"(?:{_LIST}|(?<= )\.(?= \S)|(?!\*\*)[^\s,;:.]|(?<=\d)\.(?=\d)|\.\.+(?=\w))+)"
)
_SUM = r"(?:[Σ∑Π∏][^\s,;:.=]{0,6} (?:[^\s,;:.=]{1,12} )*?)?"  # what is summed may stand apart: `Σⱼ xⱼ gⱼ = 0`
_TOLD = re.compile(rf"(?<![^\s(,;:])({_SUM}[A-Za-zÀ-ɏΑ-ωḀ-ỿ∂∇ℓ][^\s,;:.=]{{0,12}}(?:\[\w, ?\w\])? ?(?:=|←|<-) ?{_TOKEN}(?: {_TOKEN})*)")
# `a1 = [0, 2]`, `W = [[1, 2], [3, 4]]`: a vector or matrix of numbers; `dS = (P - Y)`: a sum in brackets.
_OF_NUMBERS = re.compile(r"[A-Za-zα-ωΑ-Ωŷẑ][\w^()]{0,7}'? ?= ?\[[-−+\d.,;/e\s\[\]]*\d[-−+\d.,;/e\s\[\]]*\](?:\^T|ᵀ|\.T)?")
_BRACKETED = re.compile(r"[A-Za-zα-ωΑ-Ω∂]\w{0,5}'? ?(?:=|←|<-) ?-?\((?=[^()]*[A-Za-zα-ω])(?![^()]*[A-Za-z]{4})[^()]*[-−+*/][^()]*\)")
_CALLED = re.compile(r"\b([A-Za-z]+)'?\(")
# `dL/db = …`, a derivative; and a formula of short names, with a sign between two of them, or two that are multiplied.
_SLOPE = re.compile(r"\bd[A-Za-z]\w{0,2} ?/ ?d[A-Za-z]\w{0,4}\b")
_SHORT = (
    r"(?:(?:alpha|beta|gamma|delta|eta|lambda|theta|sigma|eps|lr)(?:_?\w)?|[A-Za-zα-ωΑ-Ω]\w?(?:_\w+)?['~]?"
    r"|\d+(?:\.\d+)?|\([^()]*\)|\[[^\[\]]*\])"
)
_FORMULA = re.compile(rf"[^=←]*(?:=|←|<-) ?-?{_SHORT}(?: ?[-+*/@^=] ?-?{_SHORT}| (?:\. )?{_SHORT})+")


# `With D = 3 and H = 5 that is 4·(15+25+5) = 180.`: arithmetic behind a word, in nothing but numbers.
_ARITHMETIC = re.compile(
    r"(?<=[a-z]{2} )((?=[\d(])(?=[^=]*\d ?[-−+*/·×])[-−+*/·×\d.() ²³]*[\d)²³] ?=(?: ?[-−+*/·×\d.() ²³]*[\d)] ?=)* ?[-−]?\d+(?:\.\d+)?)"
    r"(?=[.,;:)]?(?:\s|$))(?! ?[-−+*/·×=^])"
)


def _balanced(body: str, start: int, end: int) -> tuple[int, int]:
    """Where an equation stands whose brackets open before it, `Σᵢ(xᵢ − μ) = 0`, or that stands in brackets itself."""
    level = lowest = 0
    for c in body[start : max(start, body.find("=", start, end))]:
        level += (c == "(") - (c == ")")
        lowest = min(lowest, level)
    while lowest < 0 and start > 0:
        start -= 1
        lowest += (body[start] == "(") - (body[start] == ")")
        while not lowest and start > 0 and not body[start - 1].isspace():
            start -= 1
    while end > start and body[end - 1] == ")" and body.count(")", start, end) > body.count("(", start, end):
        end -= 1
    return start, end


# What is multiplied or added stands apart from the last piece of a left side: `dx · x̂ = 0`, `(x − μ) r = x̂`.
_BEHIND_A_SIGN = re.compile(r"(?<![^\s(,;:])(?![A-Za-z]{3})[^\s,;:=()]{1,6} ?[·⊙∘×@+−] ?$")
_BEHIND_BRACKETS = re.compile(r"(?<![^\s,;:])\((?![^()]*[A-Za-z]{3})[^()=,]*[−+·⊙][^()=,]*\) $")
# So is what is differentiated: `∂ log det(X) / ∂X = …`, `d log det(X) = …`.
_DIFFERENTIATED = re.compile(r"(?<![^\s(,;:])[∂d] ?(?:[^\s,;:=()]{1,8}(?:\([^()=]*\))?[^\s,;:=()/]{0,3} ){1,4}?/ ?$")
_DIFFERENTIAL = re.compile(r"(?<![^\s(,;:])[∂d∇] (?:[a-z]{2,6} )*$")


# The ½ of `½ rᵀr = 1.75`.
_BEHIND_A_PART = re.compile(r"[½¼¾⅓⅔] ?$")


def _with_its_factors(body: str, before: int, start: int, end: int) -> tuple[int, int]:
    """Where an equation stands with what its left side begins with, behind the equation before."""
    slope = _DIFFERENTIATED.search(body, before, start) or _DIFFERENTIAL.search(body, before, start)
    if slope is not None and all(map(_is_mathematical, _WORDLIKE.findall(slope[0]))):
        start = slope.start()
    while found := _BEHIND_A_SIGN.search(body, before, start) or _BEHIND_BRACKETS.search(body, before, start):
        start = found.start()
    part = _BEHIND_A_PART.search(body, before, start)
    return start if part is None else part.start(), end


def _behind_so(told: str) -> int:
    """Where the equation begins of `so = (1/r)(x − r x̂) = 0`: a word that joins it to what was said is no side of it."""
    joined = re.match(r"(?:so|and|thus|hence|then|or) ?= ?(?=[^=]*=)", told)
    return joined.end() if joined else 0


def _before_words(told: str) -> int:
    """Where the sentence goes on: `δp = Jᵀ δh agrees`, `d = dL/da (a is what …`."""
    words = re.finditer(r"(?<=\S) ([a-z]{4,})(?= |$)", told)
    goes_on = next((word for word in words if not _is_mathematical(word[1])), None)
    end = len(told) if goes_on is None else goes_on.start()
    aside = told.rfind(" (", 0, end)
    return aside if aside > 0 and ")" not in told[aside:end] else end


def _is_told(told: str) -> bool:
    if _MATHLIKE.search(told) or "←" in told or "<-" in told or _SLOPE.search(told):
        return True
    if _OF_NUMBERS.fullmatch(told) or _BRACKETED.fullmatch(told) or re.fullmatch(_VALUE, told):
        return True
    is_formula = _FORMULA.fullmatch(told) is not None and re.search(r"[A-Za-zα-ω]", told.partition("=")[2]) is not None
    return is_formula or any(word in voc.FUNCTIONS for word in _CALLED.findall(told))
