r"""Gradients named in words: `$\bar Z$ denotes $\partial L/\partial Z$`, `we write $g_x$ for $\partial L/\partial x$`, as equations."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise

from symgrad import syntax as sx
from symgrad.read.document import Sheet, Statement

_GRADIENT = r"(?:\s+(?:the|den|die|le|la|el)\s+(?:partial\s+)?(?:gradient|derivative|Ableitung|gradiente|dérivée|derivada)\w*)?"
_STANDS_FOR = re.compile(
    r"(?i)^\W*(?:denotes?|stands? for|means?|abbreviates?|(?:is|are|be) (?:short(?:hand)?|written|an abbreviation) for"
    rf"|(?:will )?represents?|bezeichnet?|steht für|bedeutet|désigne|note|denota|indica|significa){_GRADIENT}\W*$"
)
_FOR = re.compile(rf"(?i)^\W*(?:for|für|pour|por|per){_GRADIENT}\W*$")
_WRITING = re.compile(
    r"(?i)\b(?:writ(?:e|es|ing)|wrote|written|us(?:e|es|ing)|shorthand|notation|abbreviat\w+|schreiben?|écri\w+|escrib\w+|scriv\w+)"
    r"(?:\s+(?:wir|the (?:short ?hand|notation|symbol|bar)|as usual))?\W*$"
)


def with_names_for_gradients(sheet: Sheet) -> Sheet:
    """The sheet with an equation where words say that a name stands for a derivative."""
    statements = sheet.statements
    named = {i for i, (first, second) in enumerate(pairwise(statements)) if _is_named(first, second)}
    out = [_equation(s, statements[i + 1]) if i in named else s for i, s in enumerate(statements) if i - 1 not in named]
    return replace(sheet, statements=out)


def _equation(first: Statement, second: Statement) -> Statement:
    span = first.span.to(second.span)
    node = sx.Relation(span, (first.node, second.node), ("=",))
    return replace(first, node=node, span=span, words_after=second.words_after)


def _is_named(first: Statement, second: Statement) -> bool:
    """Whether the words between a name and a derivative make one stand for the other."""
    if not isinstance(second.node, sx.Derivative) or not isinstance(first.node, (sx.Name, sx.Scripted, sx.Differential)):
        return False
    if first.display or second.display:
        return False
    between = second.words
    return bool(_STANDS_FOR.search(between) or (_FOR.search(between) and _WRITING.search(first.words)))
