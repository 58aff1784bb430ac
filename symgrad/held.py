r"""Names that a line takes for constants: `At test time $\mu$ and $s$ are constants, and $\partial L/\partial x_m = \gamma g_m / s$`.

Such a line is about another network: what is held is given there, and no longer computed from anything.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from symgrad.conditions import one_sentence
from symgrad.meaning import Meaning
from symgrad.naming import plain_name
from symgrad.network import Input, Network
from symgrad.prose import OF_A_TRAINED_NETWORK
from symgrad.read.document import Sheet

_CONSTANT = r"(?:constants?|fixed|frozen|detached|konstant\w*|fest|fixiert|constantes?|fix[eé]e?s?|fij[oa]s?|costant[ei]|fissat?[oaie])"
_IS_HELD = re.compile(
    r"(?i)^\W*(?:(?:both|all|is|are|be|being|as|to|now|just|simply|only|held|kept|hold|treated|considered|regarded|taken|for|remains?|stays?|"
    rf"a|the|sind|ist|bleib\w+|sont|est|restent|reste|son|es|sono|è)\W+)*{_CONSTANT}\b"
)
# `are replaced by running averages`, `are the running statistics`, `come from running averages, which are constants`
_RUNNING = re.compile(
    r"(?i)^\W*(?:[\w-]+\W+){0,6}?(?:running|moving|stored|population|fixed|tracked)\W+(?:[\w-]+\W+){0,2}?"
    r"(?:averages?|statistics|estimates?|means?|values?|constants?|numbers?)\b"
)
_TRAINING = re.compile(r"(?i)\btrain(?:ing)?\b|\bbatch\b|\bcontrast\b|\bhowever\b|\bbut\b|\bback to\b")
_INTO_A_DISPLAY = re.compile(r"[:,]?\s*(?:\$\$|\\\[|\\begin\{\w+\*?\})\s*$")
_JOINED = re.compile(r"(?i)^\W*(?:and|both|or|as well as|und|et|y|e)?\W*$")


def held(sheet: Sheet, own: range, i: int, meaning: Meaning) -> Iterator[str]:
    """The names computed on the sheet that the sentence of a statement says are constants, or the one that its paragraph is about."""
    waiting: list[str] = []
    for j in own:
        statement = sheet.statements[j]
        if j == i or not (one_sentence(sheet, min(i, j), max(i, j)) or _lasts(sheet, j, i)):
            waiting = []
            continue
        name = plain_name(statement.node, meaning.styled)
        waiting = [*waiting, name] if name in meaning.network.definitions and name is not None else []
        if waiting and (_IS_HELD.search(statement.words_after) or _RUNNING.search(_first_sentence(statement.words_after))):
            yield from waiting
        if not _JOINED.search(statement.words_after):
            waiting = []


def _lasts(sheet: Sheet, j: int, i: int) -> bool:
    """Whether what is said at j of a network that has been trained still counts at i: in the same paragraph, which does not turn back."""
    text, start, end = sheet.source.text, sheet.statements[j].span.start, sheet.statements[i].span.start
    begun = text.rfind("\n\n", 0, start) + 1
    between = _INTO_A_DISPLAY.sub("", text[start:end])
    return (
        j < i and OF_A_TRAINED_NETWORK.search(text[begun:start]) is not None and "\n\n" not in between and _TRAINING.search(between) is None
    )


def _first_sentence(words: str) -> str:
    return re.split(r"[.;:]", words)[0]


def with_held(meaning: Meaning, names: frozenset[str]) -> Meaning:
    """The meaning of the sheet where these names are given."""
    network, known = Network(meaning.network.title), meaning.network
    given = {name: Input(name, known.definitions[name].shape) for name in known.definitions if name in names}
    network.inputs = {**known.inputs, **given}
    network.definitions = {name: definition for name, definition in known.definitions.items() if name not in names}
    return replace(meaning, network=network, jacobians={}, _simplified={})
