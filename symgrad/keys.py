"""A key to judge a sheet by: what it gives and defines, beside what the sheet gives and defines, and what its values would have led to.

A given that differs from the key's is no mistake in the derivation, and another loss or activation is another problem: both are reported
as what they are, and the sheet is judged for its own. Names are matched as they are spelt, across spelling where only one can be meant
(`W^0` for `W^o`), and for inputs under other names where the losses are the same function of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from symgrad import names
from symgrad.completing import Problem, problem_for
from symgrad.errors import SymgradError
from symgrad.findings import BY_CODE
from symgrad.judge import Judge
from symgrad.likeness import Likeness, likeness
from symgrad.literals import Rows, literal_rows
from symgrad.mistakes.numbers import rows_text
from symgrad.ruling import Judged
from symgrad.span import Span
from symgrad.typeset import text
from symgrad.verification import Claim, Finding


@dataclass(frozen=True)
class Key:
    """What a key says, problem by problem, and how each is understood."""

    source: str
    solved: tuple[tuple[Problem, Judge], ...]

    def about(self, judge: Judge) -> tuple[Problem, Judge] | None:
        """The problem that a part of a sheet is about."""
        found = judge.gathered
        problem = problem_for([found.sheet.statements[i] for i in found.part.own], [problem for problem, _ in self.solved])
        return next(((own, theirs) for own, theirs in self.solved if own is problem), None)


def against(key: Key, judge: Judge, judged: Judged) -> Iterator[Finding]:
    """Givens that differ from the key's with the results that the key's would have had, and definitions that are of another problem."""
    found, solved = judge.gathered, key.about(judge)
    if solved is None:
        return
    problem, theirs = solved
    alike = likeness(judge, theirs)
    differing: dict[str, tuple[Rows, Rows, Span]] = {}
    for i in sorted(i for i in found.given if i in found.part.own):
        for name, node in found.given[i]:
            rows, other = literal_rows(node), literal_rows(problem.given.get(alike.called.get(name, ""), node))
            wanted = rows if rows is None or other is None else _turned_like(rows, other)
            if rows is not None and wanted is not None and rows != wanted and node.span.start < node.span.end:
                differing.setdefault(name, (rows, wanted, node.span))
    yield from _other_givens(key, judge, judged, differing)
    yield from _other_problem(key, judge, theirs, alike)


def about_nothing(key: Key, claims: list[Claim]) -> Iterator[Finding]:
    """That the key says nothing of what a sheet is about, at the first claim."""
    kind = BY_CODE["SG316"]
    for claim in claims[:1]:
        message = f"{key.source} says nothing of what this sheet is about; it is judged by itself"
        yield Finding(kind.code, kind.severity, claim.span, message, kind.cause)


def _turned_like(rows: Rows, theirs: Rows) -> Rows:
    """The key's value in the shape of the sheet's, where it is written as the transpose."""
    turned = tuple(zip(*theirs, strict=True))
    size, here = (len(theirs), len(theirs[0])), (len(rows), len(rows[0]))
    return turned if rows == turned or here == size[::-1] != size else theirs


def _other_givens(key: Key, judge: Judge, judged: Judged, differing: Mapping[str, tuple[Rows, Rows, Span]]) -> Iterator[Finding]:
    """The givens that differ, and at the first of them what all of the key's lead to."""
    kind = BY_CODE["SG213"]
    led = list(_led_to(judge, judged, {name: theirs for name, (_, theirs, _) in differing.items()}))
    for name, (rows, theirs, span) in differing.items():
        message = f"{names.text(name)} is {rows_text(rows)} here and {rows_text(theirs)} in {key.source}; the sheet is judged for its own"
        if led:
            message += f"; the key's lead{'s' if len(differing) == 1 else ''} to {', '.join(led)}"
        led = []
        yield Finding(kind.code, "warning", span, message, kind.cause, rows_text(theirs))


def _other_problem(key: Key, judge: Judge, theirs: Judge, alike: Likeness) -> Iterator[Finding]:
    """The definitions in which the sheet is about something else than the key."""
    kind = BY_CODE["SG316"]
    own, other = judge.lab.network.definitions, theirs.lab.network.definitions
    for definition in judge.gathered.definitions:
        name, span = definition.name, judge.gathered.sheet.statements[definition.statement].span
        if name not in alike.differing or span.start == span.end or definition.statement not in judge.gathered.part.own:
            continue
        there = alike.called[name]
        message = f"{names.text(name)} is {text(own[name].form)} here and {text(other[there].form)} in {key.source}"
        factor = alike.differing[name]
        message += f", {factor} times as much" if factor else ""
        yield Finding(kind.code, kind.severity, span, f"{message}; the sheet is judged for its own", kind.cause)


def _led_to(judge: Judge, judged: Judged, theirs: Mapping[str, Rows]) -> Iterator[str]:
    """What the results of the sheet would have been with other values of some names, for those that depend on them."""
    told = set()
    for ruling in judged.rulings:
        right = literal_rows(ruling.link.right)
        if right is None:
            continue
        try:
            (reading, *_) = judge.pairing.reader(ruling.link).side(ruling.link.head, judge.meaning.shapes)
            node = judge.meaning.tensor(reading, judge.pairing.reader(ruling.link))
            own = {n: v for n, v in judge.ledger.values.items() if n in judge.lab.network.inputs or n in _given_names(judge)}
            now, then = (np.asarray(judge.lab.numeric_point(False, values).array(node), dtype=float) for values in (own, {**own, **theirs}))
        except (SymgradError, ValueError, KeyError):
            continue
        shown = rows_text(_whole(then))
        if not np.allclose(now, then) and (shown, right) not in told:
            told.add((shown, right))
            yield f"{rows_text(right)} → {shown}"


def _given_names(judge: Judge) -> set[str]:
    """The names that are given by their values."""
    return {name for given in judge.gathered.given.values() for name, _ in given}


def _whole(values: Any) -> Any:
    return np.round(values).astype(int) if np.allclose(values, np.round(values)) else values
