"""When a line that does not hold is called wrong.

A repair that makes a claim hold shows what is wrong with it, and arithmetic without names is what it is. Anything else that does not
hold may have been misread as well as miswritten: where other lines of the same names are in doubt too, it is called wrong only if more of
them hold than are in doubt, for that confirms how they are read; else it stays undecided.
Where many lines fail and few hold, all are undecided.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from symgrad.judge import Judge
from symgrad.mistakes import Diagnosis
from symgrad.parts import mentions
from symgrad.ruling import Ruling

UNCONFIRMED = "it does not hold as it is read, and too little else here confirms how it is read"

TOO_MANY = "it does not hold as it is read, and neither do so many others that the sheet may be misread"
# In slips by hand a sheet with one of them never has more than three lines called wrong.
_MANY, _SHARE = 5, 0.2

Diagnosed = tuple[Ruling, Diagnosis | None]


def confirmed(judge: Judge, diagnosed: Sequence[Diagnosed]) -> list[Diagnosed]:
    """The rulings with their diagnoses; those that say no more than that a claim does not hold, only where others confirm it."""
    if _is_misread(diagnosed):
        return [
            (ruling, None) if diagnosis is None else (replace(ruling, verdict="undecided", reason=TOO_MANY), None)
            for ruling, diagnosis in diagnosed
        ]
    loose = [_is_loose(ruling, diagnosis) for ruling, diagnosis in diagnosed]
    names = [_names(judge, ruling) for ruling, _ in diagnosed] if any(loose) else []
    doubted = bool(judge.meaning.unread) or bool(judge.gathered.unread)
    return [
        (replace(ruling, verdict="undecided", reason=UNCONFIRMED), None)
        if is_loose and diagnosis is not None and not _is_confirmed(diagnosed, loose, names, i, doubted)
        else (ruling, diagnosis)
        for i, ((ruling, diagnosis), is_loose) in enumerate(zip(diagnosed, loose, strict=True))
    ]


def _is_misread(diagnosed: Sequence[Diagnosed]) -> bool:
    """Whether so many lines fail, of so few that hold, that what they speak of was misunderstood: people rarely slip that often."""
    failing = len({ruling.link.statement for ruling, diagnosis in diagnosed if diagnosis is not None})
    return failing >= _MANY and failing >= _SHARE * sum(ruling.verdict == "holds" for ruling, _ in diagnosed)


def _is_loose(ruling: Ruling, diagnosis: Diagnosis | None) -> bool:
    """Whether a claim is in doubt: not decided, not read, or failing for no reason that was found."""
    if diagnosis is not None:
        return not diagnosis.is_checked
    return ruling.verdict in ("undecided", "unread")


def _is_confirmed(diagnosed: Sequence[Diagnosed], loose: Sequence[bool], names: Sequence[set[str]], at: int, doubted: bool) -> bool:
    ruling, _ = diagnosed[at]
    if not any(mentions(side) for side in (ruling.link.left, ruling.link.right)):
        return True  # numbers alone are what they are
    held = doubts = 0
    for (other, _), is_loose, theirs in zip(diagnosed, loose, names, strict=True):
        if other.link.statement == ruling.link.statement or names[at].isdisjoint(theirs):
            continue
        held += other.verdict == "holds"
        doubts += is_loose
    return held > doubts or (not doubts and not doubted)


def _names(judge: Judge, ruling: Ruling) -> set[str]:
    return {name for side in (ruling.link.head, ruling.link.left, ruling.link.right) for name in mentions(side, judge.meaning.styled)}
