r"""Gradients named in words: `$\bar Z$ denotes $\partial L/\partial Z$`, `we write $g_x$ for $\partial L/\partial x$`, as equations.

So are those that words alone tell of: `$dZ$ for the gradient of the loss with respect to $Z$`, `the gradient by $Z$ is written $dZ$`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from symgrad import syntax as sx
from symgrad.heads import as_call
from symgrad.naming import letters_of, plain_name
from symgrad.parts import heads, mentions
from symgrad.read.document import Sheet, Statement
from symgrad.span import Span
from symgrad.syntax import Node
from symgrad.unnamed_loss import meant_loss

_GRADIENT = (
    r"(?:(?:^|\s+)(?:the|den|die|le|la|el)\s+(?:(?:partial|total|upstream)\s+)?"
    r"(?:gradient|derivative|sensitivity|Ableitung|gradiente|dérivée|derivada)\w*)"
)
_STANDS_FOR = (
    r"denotes?|stands? for|(?:always )?means?|abbreviates?|(?:is|are|be) (?:short(?:hand)?|written|an abbreviation) for"
    r"|(?:will )?represents?|bezeichnet?|steht für|bedeutet|désigne|note|denota|indica|significa"
)
_FOR = r"(?:for|für|pour|por|per)"
# What the gradient is of and by, where words say it; a formula may stand behind either.
_OF = r"\s+(?:of|der|des|de|del|della)(?:\s+(?:the|a|our|some|la|el|le))?"
_OF_A_LOSS = rf"(?:{_OF}(?:\s+\w+)?\s+(?:loss|cost|objective|error|Verlust\w*|Kosten\w*|perte|pérdida|perdita)(?:\s+function)?)?"
_BY = r"(?:\s+(?:with respect to|w\.\s?r\.\s?t\.?|wrt|by|nach|bezüglich|par rapport à|(?:con )?respecto a|rispetto a))"
_WRITING = re.compile(
    r"(?i)\b(?:writ(?:e|es|ing)|wrote|written|us(?:e|es|ing)|shorthand|notation|abbreviat\w+|schreiben?|écri\w+|escrib\w+|scriv\w+)"
    r"(?:\s+(?:wir|the (?:short ?hand|notation|symbol|bar)|as usual))?\W*$"
)
_CALLING = re.compile(
    r"(?i)\b(?:denot\w+|writ(?:e|es|ing|ten)|call(?:s|ed)?|abbreviat\w+|bezeichne\w*|nennen|notons|écri\w+|denota\w*|escrib\w+)\b"
)


def _between(what: str, also: str = "") -> tuple[re.Pattern[str], re.Pattern[str]]:
    """What stands between a name and what it stands for: after `dZ`, and after `we write dZ`."""
    return re.compile(rf"(?i)^\W*(?:{also}{_STANDS_FOR}){what}\W*$"), re.compile(rf"(?i)^\W*{_FOR}{what}\W*$")


_THE_DERIVATIVE = _between(f"{_GRADIENT}?")
_THE_GRADIENT_BY = _between(_GRADIENT + _OF_A_LOSS + _BY, also="is|be|")
_THE_GRADIENT_OF = _between(_GRADIENT + _OF, also="is|be|")
_BY_ALONE = re.compile(rf"(?i)^\W*{_BY[:-1].replace('s+', 's*', 1)})\W*$")
_GRADIENT_BY_WHICH = re.compile(rf"(?i){_GRADIENT}{_OF_A_LOSS}{_BY}\W*$")
_IS_CALLED = re.compile(r"(?i)^\W*(?:(?:is|will be)\s+(?:denoted|written|called|abbreviated)(?:\s+(?:by|as))?|by|as|mit|par|por|como)\W*$")

# `Let $g$ be the matching row of $dP$`, beside p, a row of P: the gradient by p.
_ITS_ROW = re.compile(
    r"(?i)^\W*(?:be|is|for|denotes?|=)\s+(?:the|a|one|any)\s+"
    r"(?:(?:matching|corresponding|same|single|respective|\w+-th)\s+)?(?:row|column) of\W*$"
)
_NEAR = 6
# What a name is given to that was just computed: `$\partial L/\partial z = …$. Call this number $e$.`
_CALL_THIS = re.compile(
    r"(?i)\b(?:call|denote|name|abbreviate|nenne[nt]?|bezeichne[nt]?|appelons|notons|llamamos|denotamos|chiamiamo)\s+(?:wir\s+)?"
    r"(?:this|it|that|dies(?:e[nrs]?)?|das|le|la|lo|esto|ceci|cela|the(?=\W+\w+\W+(?:above|in the box)))(?:\s+(?:last|common)\b)?"
    r"(?:\s+\w+)?(?:\s+(?:above|in the box))?(?:\s+(?:by|as|mit|par|como|con))?\W*$"
)

# "A subgradient is $g = …$"
_IS_THE_GRADIENT = re.compile(
    r"(?i)\b(?:sub-?)?gradient(?:\s+(?:vector|of\s+(?:this|it|the\s+\w+)))?(?:\s+(?:is|reads|becomes|equals|then|therefore|now))+\W*$"
)
# `$\partial L/\partial z = …$, write $e$ for it.`
_WRITE = re.compile(r"(?i)\b(?:write|writing|schreiben?|écri\w+|escrib\w+)(?:\s+wir)?\W*$")
_FOR_IT = re.compile(r"(?i)^\W*(?:for|für|pour|por|per)\s+(?:it|this|that|dies(?:e[nrs]?)?|cela|esto)\b")


def with_names_for_gradients(sheet: Sheet) -> Sheet:
    """The sheet with an equation where words say that a name stands for a derivative."""
    sheet = _identified(sheet)
    statements, out, i = sheet.statements, list[Statement](), 0
    while i < len(statements):
        made, many = _told(sheet, i) or (_called(sheet, i) or statements[i], 1)
        out += [*_of_the_function(sheet, i), made]
        i += many
    return replace(sheet, statements=out)


def _identified(sheet: Sheet) -> Sheet:
    r"""`dL = \operatorname{tr}(G^\top dB) \iff \nabla_B L = G` of a G that is nothing else: first what G is, and then what is so."""
    out = list(sheet.statements)
    given = {name for s in out for name, _ in heads(s)}
    sides = [
        side for s in out if isinstance(s.node, sx.Relation) and not isinstance(s.node.sides[0], sx.Derivative) for side in s.node.sides[1:]
    ]
    formulas = [side for side in sides if not any(isinstance(n, sx.Differential) for n in sx.walk(side))]
    given |= {name for formula in formulas for name in mentions(formula)}
    for i in range(len(out) - 1):
        match out[i].node, out[i + 1].node:
            case (
                sx.Relation(sides=(sx.Differential(sign="d"), change), operators=("=",)),
                sx.Relation(sides=(sx.Derivative() as slope, sx.Name() as name), operators=("=",)) as said,
            ) if plain_name(name) not in given and {"d", plain_name(name)} <= {*_spoken(change)}:
                means = replace(out[i + 1], node=replace(said, sides=(name, slope)))
                out[i], out[i + 1] = means, out[i]
    return replace(sheet, statements=out)


def _spoken(node: Node) -> Iterator[str | None]:
    """The names in a formula, and `d` where something changes."""
    for n in sx.walk(node):
        yield "d" if isinstance(n, sx.Differential) else plain_name(n) if isinstance(n, sx.Name) else None


def _told(sheet: Sheet, i: int) -> tuple[Statement, int] | None:
    """The equation that words make of the pieces from here on, and how many these are."""
    first, second, *rest = (*sheet.statements[i : i + 3], None, None)[:3]
    if first is None or second is None or first.display or second.display:
        return None
    if _is_name(first.node):
        if isinstance(second.node, sx.Derivative) and _says(first, second, _THE_DERIVATIVE):
            return _equation(first, second, first.node, second.node), 2
        small = _row_of(sheet, second.node)
        if small is not None and _ITS_ROW.match(second.words):
            return _equation(first, second, first.node, small), 2
        if _is_name(second.node) and _says(first, second, _THE_GRADIENT_BY):
            return _equation(first, second, first.node, _gradient(sheet, second.node)), 2
        third = rest[0]
        if third is not None and _is_name(third.node) and _BY_ALONE.search(third.words) and _says(first, second, _THE_GRADIENT_OF):
            return _equation(first, third, first.node, _gradient(sheet, third.node, second.node)), 3
    if _is_name(second.node) and _IS_CALLED.search(second.words):
        is_told = _CALLING.search(second.words) or _CALLING.search(first.words[-80:])
        if is_told and isinstance(first.node, sx.Derivative):
            return _equation(first, second, second.node, first.node), 2
        if is_told and _is_name(first.node) and _GRADIENT_BY_WHICH.search(first.words):
            return _equation(first, second, second.node, _gradient(sheet, first.node)), 2
    return None


def _row_of(sheet: Sheet, node: Node) -> Node | None:
    """The gradient by p of a dP, where p has a formula of its own."""
    match node:
        case sx.Differential(sign="d", of=sx.Name(base=base, accents=()) as of, order=None) if base.isupper():
            small = replace(of, base=base.lower())
            known = {name for s in sheet.statements for name, _ in heads(s)}
            return _gradient(sheet, small) if {plain_name(small), f"{plain_name(small)}_i"} & known else None
    return None


def _called(sheet: Sheet, i: int) -> Statement | None:
    """The equation that `call this $e$` makes of a name, behind the equation of a derivative."""
    this = sheet.statements[i]
    is_written = _WRITE.search(this.words) and _FOR_IT.match(this.words_after)
    if not _is_name(this.node) or this.display or not (is_written or _CALL_THIS.search(this.words)):
        return None
    before = (s.node for s in reversed(sheet.statements[max(i - _NEAR, 0) : i]) if isinstance(s.node, sx.Relation))
    head = next((node.sides[0] for node in before), None)
    if isinstance(head, sx.Derivative):
        return _equation(this, this, this.node, replace(_whole(head, this.node), span=this.span))
    # What there is one of for every i has one name for every i.
    is_each = isinstance(head, sx.Scripted) and isinstance(this.node, sx.Scripted) and head.sub == this.node.sub and letters_of(head.sub)
    return _equation(this, this, this.node, replace(head, span=this.span)) if is_each and head is not None else None


def _of_the_function(sheet: Sheet, i: int) -> Iterator[Statement]:
    """What g is in "the gradient is $g = …$", behind a function of one name, `L(w) = …`."""
    this = sheet.statements[i]
    match this.node:
        case sx.Relation(sides=(sx.Name() as name, _, *_), operators=("=", *_)) if _IS_THE_GRADIENT.search(this.words):
            before = [s.node for s in sheet.statements[:i] if isinstance(s.node, sx.Relation)]
            calls = [call for node in before if isinstance(call := as_call(node.sides[0]), sx.Call) and plain_name(call.function)]
            is_new = not any(plain_name(name) in mentions(node) for node in before)
            if is_new and calls and len(calls[-1].args) == 1 and plain_name(calls[-1].args[0]) is not None:
                here = Span(this.span.start, this.span.start)
                slope = sx.Derivative(here, calls[-1].function, (calls[-1].args[0],), "nabla")
                yield replace(this, node=sx.Relation(here, (name, slope), ("=",)), span=here, words="", words_after="")


def _whole(slope: sx.Derivative, name: Node) -> sx.Derivative:
    r"""The gradient by z for `\partial L/\partial z_k`, where what is called so has no index: the vector of all of them."""
    match slope.wrt:
        case (sx.Scripted(sub=sx.Name() as index) as entry,) if index.base not in {n.base for n in sx.walk(name) if isinstance(n, sx.Name)}:
            return replace(slope, wrt=(entry.base if entry.sup is None else replace(entry, sub=None),))
    return slope


def _is_name(node: Node) -> bool:
    return isinstance(node, (sx.Name, sx.Scripted, sx.Differential))


def _says(first: Statement, second: Statement, words: tuple[re.Pattern[str], ...]) -> bool:
    """Whether the words between make the first stand for what follows."""
    alone, behind_writing = words
    return bool(alone.search(second.words) or (behind_writing.search(second.words) and _WRITING.search(first.words)))


def _gradient(sheet: Sheet, by: Node, of: Node | None = None) -> sx.Derivative:
    """The gradient by a name of what is said, or of the loss that is meant."""
    return sx.Derivative(by.span, of or meant_loss(sheet, by.span), (by,))


def _equation(first: Statement, second: Statement, name: Node, derivative: Node) -> Statement:
    span = first.span.to(second.span)
    return replace(first, node=sx.Relation(span, (name, derivative), ("=",)), span=span, words_after=second.words_after)
