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
from symgrad.read.document import Sheet

_CONSTANT = r"(?:constants?|fixed|frozen|detached|konstant\w*|fest|fixiert|constantes?|fix[eé]e?s?|fij[oa]s?|costant[ei]|fissat?[oaie])"
_IS_HELD = re.compile(
    r"(?i)^\W*(?:(?:both|all|is|are|be|being|as|to|now|just|simply|only|held|kept|hold|treated|considered|regarded|taken|for|remains?|stays?|"
    rf"a|the|sind|ist|bleib\w+|sont|est|restent|reste|son|es|sono|è)\W+)*{_CONSTANT}\b"
)
_JOINED = re.compile(r"(?i)^\W*(?:and|both|or|as well as|und|et|y|e)?\W*$")


def held(sheet: Sheet, own: range, i: int, meaning: Meaning) -> Iterator[str]:
    """The names computed on the sheet that the sentence of a statement says are constants."""
    waiting: list[str] = []
    for j in own:
        statement = sheet.statements[j]
        if j == i or not one_sentence(sheet, min(i, j), max(i, j)):
            waiting = []
            continue
        name = plain_name(statement.node, meaning.styled)
        waiting = [*waiting, name] if name in meaning.network.definitions and name is not None else []
        if waiting and _IS_HELD.search(statement.words_after):
            yield from waiting
        if not _JOINED.search(statement.words_after):
            waiting = []


def with_held(meaning: Meaning, names: frozenset[str]) -> Meaning:
    """The meaning of the sheet where these names are given."""
    network, known = Network(meaning.network.title), meaning.network
    given = {name: Input(name, known.definitions[name].shape) for name in known.definitions if name in names}
    network.inputs = {**known.inputs, **given}
    network.definitions = {name: definition for name, definition in known.definitions.items() if name not in names}
    return replace(meaning, network=network, jacobians={}, _simplified={})
