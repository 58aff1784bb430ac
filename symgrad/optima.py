r"""What a sheet says of a stationary point: `w^* = (X^\top X)^{-1} X^\top y`, "setting the gradient to zero gives $X^\top X w = X^\top y$".

Such an equation is no definition and holds for no other w: it is judged where the gradient of the loss by w vanishes.
"""

from __future__ import annotations

import re
from dataclasses import replace

from symgrad import syntax as sx
from symgrad.conditions import one_passage, one_sentence, words_before
from symgrad.constant import is_numeric
from symgrad.implied import Dependences
from symgrad.meaning import Definition, is_loss
from symgrad.naming import plain_name, script_text
from symgrad.parts import mentions
from symgrad.read.document import Sheet
from symgrad.sheet import Link
from symgrad.syntax import Node

_SAID = re.compile(
    r"(?i)\b(?:set(?:ting)?\b[^.]*?\b(?:zero|0)|equat\w+\b[^.]*?\b(?:zero|0)|vanish\w*|minimi[sz]\w+|maximi[sz]\w+|optimal|optimum|stationar\w+"
    r"|critical point|(?:zero|vanishing) (?:gradient|slope|derivative)"
    r"|normal equations?|closed[- ]form|solv(?:e|ed|es|ing)|first[- ]order condition|solution|estimator|estimate)\b"
)
# A constraint, or a value that is none.
_BOUND = re.compile(r"(?i)subject to|\bs\.\s?t\.|constrain|lagrang|multiplier|unbiased|approximat|bessel")
_MARK = re.compile(r"(?:\*|\\ast|\\star|opt|min|max|ML|MLE|MAP|LS|OLS|ridge|ols|ml|map|mle)")
# `\\nabla Q = -X^T W (y - X \\beta)$, whence $\\hat\\beta = …`: an estimate that follows from a gradient is where it vanishes.
_WHENCE = re.compile(r"(?i)\b(?:whence|giving|yielding|which (?:gives|yields)|daher|woraus|d'où|de donde)\W*$")
_SO = re.compile(
    r"(?i)(?:\b(?:so|thus|hence|therefore|gives?|giving|yields?|yielding|gets?|obtains?|finds?|(?:solution|minimi[sz]er|optimum|minimum)"
    r"(?: is| at)?|also|daher|donc|luego|quindi|logo)|[⇒→⟹])\W*$"
)
_OF_STEPS = re.compile(
    r"(?i)descent|ascent|learning[- ]rate|step[- ]size|\biterat|\bupdat|newton|momentum|\bsteps?\b|Lernrate|Schritt|\bpas\b|\bpaso"
)
_AND = re.compile(r"(?i)\W*(?:and|und|et|y|e)?\W*")
_STARS = frozenset({"*", "\\ast", "\\star"})


_POWER = re.compile(r"\^\d$")
_MOST_STEPS = 6
# What penalties are weighed by.
PENALTIES = ("\\lambda", "\\lambda_1", "\\lambda_2", "\\mu", "\\gamma", "\\alpha", "\\beta", "\\rho", "\\tau")
MULTIPLIERS = frozenset({"\\lambda", "\\mu", "\\nu", "\\eta", "\\alpha", "\\beta"})
# What is minimised may be called so too, where no loss is.
_OBJECTIVES = frozenset({"f", "F", "g", "Q", "S"})


def with_zero_behind(sheet: Sheet) -> Sheet:
    """The sheet with `0 = X^T (X w - y)` as `X^T (X w - y) = 0`: nobody says of nothing that it is something."""
    return replace(sheet, statements=[replace(s, node=_zero_behind(s.node)) for s in sheet.statements])


def _zero_behind(node: Node) -> Node:
    match node:
        case sx.Relation(sides=(sx.Number(text="0") as zero, other), operators=("=",)) if not is_numeric(other):
            return replace(node, sides=(other, zero))
    return node


def is_said(sheet: Sheet, i: int) -> bool:
    """Whether the words before a statement put it at a stationary point, or those before an equation that it follows from."""
    for j in range(i, max(i - _MOST_STEPS, -1), -1):
        if _SAID.search(words_before(sheet, j)) or _SAID.search(sheet.statements[j].words[-80:]):
            return True
        if j == i and _WHENCE.search(sheet.statements[i].words) and _follows_a_gradient(sheet, i):
            return True
        if not j or not one_passage(sheet, j - 1, i):
            return False
        before = sheet.statements[j - 1].node
        if _is_zero_slope(before):
            return True
        if not isinstance(before, sx.Relation) and one_sentence(sheet, j - 1, i):
            continue  # "it vanishes for all $d\\Sigma$ iff $n \\Sigma^{-1} = …$" only mentions a name on the way
        if not isinstance(before, sx.Relation) or any(isinstance(n, sx.Derivative) for n in sx.walk(before.sides[0])):
            return False
    return False


def is_solution(sheet: Sheet, i: int) -> bool:
    """Whether words say of a value that it solves the equations before it: "so $w = 1.4$ and $b = 0.5$", where no steps lead there."""
    if _OF_STEPS.search(sheet.source.text) or is_bound(sheet):
        return False
    while i and _AND.fullmatch(sheet.statements[i].words) and one_sentence(sheet, i - 1, i):
        i -= 1
    return _SO.search(sheet.statements[i].words) is not None and is_said(sheet, i)


def _follows_a_gradient(sheet: Sheet, i: int) -> bool:
    r"""Whether a `\hat w = …` stands behind a gradient, in its sentence."""
    node = sheet.statements[i].node
    head = node.sides[0] if isinstance(node, sx.Relation) else node
    base = head.base if isinstance(head, sx.Scripted) else head
    before = [sheet.statements[j] for j in range(max(i - _MOST_STEPS, 0), i) if one_sentence(sheet, j, i)]
    slopes = (s.node.sides[0] for s in before if isinstance(s.node, sx.Relation))
    is_estimate = isinstance(base, sx.Name) and base.accents[:1] in (("hat",), ("widehat",))
    return is_estimate and any(isinstance(n, sx.Derivative) for side in slopes for n in sx.walk(side))


def is_solved_for(sheet: Sheet, link: Link) -> bool:
    """Whether a formula follows, in its sentence, from a gradient that is set to zero, and nothing binds what it is for."""
    if not link.first or is_bound(sheet):
        return False
    before = range(max(link.statement - _MOST_STEPS, 0), link.statement)
    return any(_is_zero_slope(sheet.statements[j].node) and one_sentence(sheet, j, link.statement) for j in before)


def is_bound(sheet: Sheet) -> bool:
    """Whether a sheet speaks of constraints."""
    return _BOUND.search(sheet.source.text) is not None


def _is_zero_slope(node: Node) -> bool:
    """`\\nabla_w L = … = 0`, `X^T (X w - y) = 0`; `s = 0` gives s a value."""
    if not isinstance(node, sx.Relation) or not (isinstance(node.sides[-1], sx.Number) and node.sides[-1].value == 0):
        return False
    return any(isinstance(n, sx.Derivative) for n in sx.walk(node.sides[0])) or (len(node.sides) == 2 and plain_name(node.sides[0]) is None)


def of_which(node: Node, said: bool) -> Node | None:
    r"""The w of `w^*`, and where words say so of `\hat w`, `w_{\text{ML}}`, `\hat w_V`, `\hat\sigma^2`; None where no optimum is marked."""
    base = node.base if isinstance(node, sx.Scripted) else node
    if not isinstance(base, sx.Name):
        return None
    bare = replace(base, accents=base.accents[1:]) if base.accents[:1] in (("hat",), ("widehat",)) else None
    if isinstance(node, sx.Scripted) and bare is not None and said and node.sub is None and _is_square(node.sup):
        return replace(node, base=bare)
    if isinstance(node, sx.Scripted) and bare is not None and said and node.sup is None and not node.primes:
        label = "" if node.sub is None else script_text(node.sub) or ""
        return bare if _MARK.fullmatch(label) or _is_of_a_penalty(node) or (len(label) == 1 and label.isupper()) else None
    if isinstance(node, sx.Scripted):
        scripts = [script_text(script) for script in (node.sub, node.sup) if script is not None]
        is_mark = len(scripts) == 1 and _MARK.fullmatch(scripts[0] or "") and (said or scripts[0] in _STARS)
        return base if is_mark and not node.primes else None
    return bare if said else None


def _is_square(sup: Node | None) -> bool:
    return isinstance(sup, sx.Number) and sup.text == "2"


def is_optimised(definitions: list[Definition], name: str | None, dependences: Dependences) -> bool:
    """Whether what is differentiated by a name, which is no definition itself, is computed from it; a loss may be differentiated unsaid."""
    name = None if name is None else _POWER.sub("", name)  # σ² is where σ is
    by_name = {d.name: d for d in definitions if not is_numeric(d.expression)}  # `a = 0 - 0.1 \\cdot 8` is a step, and no formula
    asked = {of for held in (dependences.inside, dependences.asked) for of, by in held.items() if name in by}
    waiting, seen = [d for d in by_name if is_loss(d) or d in asked], set[str]()
    waiting = waiting or [d for d in by_name if d in _OBJECTIVES]
    if name is None or name in by_name:
        return False
    while waiting:
        current = waiting.pop()
        if current == name:
            return True
        if current in by_name and current not in seen:
            seen.add(current)
            waiting += (_POWER.sub("", met) for met in mentions(by_name[current].expression))
    return False


def with_parameters(
    sides: tuple[Node, ...], definitions: list[Definition], dependences: Dependences, styled: frozenset[str]
) -> tuple[tuple[Node, ...], list[str]]:
    r"""Two sides with parameters for their estimates, μ for `\hat\mu`, and the estimates; where they do not speak of both."""
    found: dict[str, None] = {}
    spoken = {name for side in sides for name in mentions(side, styled)}

    def parameter(node: Node) -> Node | None:
        base = node.base if _is_of_a_penalty(node) and isinstance(node, sx.Scripted) else node
        if not isinstance(base, sx.Name) or base.accents[:1] not in (("hat",), ("widehat",)):
            return None
        bare = replace(base, accents=base.accents[1:])
        name, estimate = plain_name(bare, styled), plain_name(node, styled)
        if any(d.name == estimate and name in mentions(d.expression, styled) for d in definitions):
            return None  # `\\hat W = M \\odot W / q` is no estimate of W
        if name is None or estimate is None or name in spoken or not is_optimised(definitions, name, dependences):
            return None
        found[estimate] = None
        return bare

    made = tuple(sx.replaced(side, parameter) for side in sides)
    return made, list(found)


def _is_of_a_penalty(node: Node) -> bool:
    r"""Whether it is `\hat w_\lambda`, the estimate for one weight of the penalty."""
    return isinstance(node, sx.Scripted) and node.sup is None and node.sub is not None and plain_name(node.sub) in PENALTIES
