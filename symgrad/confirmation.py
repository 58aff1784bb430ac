"""When a line that does not hold is called wrong.

A repair that makes a claim hold shows what is wrong with it, arithmetic without names is what it is, and so are numbers put into a formula
that was held to be right a sign before. Anything else that does not hold may have been misread as well as miswritten: it is called wrong
only where all else around it is decided, or nearly all and lines that hold bear out its names, and all before it was read; else it stays
undecided. Where many lines fail and few hold, all are undecided; and so is a gradient in terms of an input that nothing says the loss
depends on.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from symgrad.conditions import is_conditional
from symgrad.judge import Judge
from symgrad.mistakes import Diagnosis
from symgrad.parts import mentions
from symgrad.readings.runs import leaves_out
from symgrad.ruling import Ruling, uses
from symgrad.tensor import variables
from symgrad.undefined import arguments, is_about_strangers, of_another_network

UNCONFIRMED = "it does not hold as it is read, but other lines here are in doubt too, so it may be misread"

OF_OTHERS = "a sum leaves out some of what its index runs through, and this may be meant of the others"

OF_STRANGERS = "nothing else is said of what it is about"

TOO_MANY = "it does not hold as it is read, and neither do so many others that the sheet may be misread"
# In slips by hand a sheet with one of them never has more than three lines called wrong.
_MANY, _SHARE = 5, 0.2
# Of lines that hold, so many may be in doubt elsewhere where a line fails that speaks of nothing but what others bear out.
_FEW = 0.1
# "Setting it to zero, the optimal gap is …" holds there only.
_SET_TO_ZERO = re.compile(r"(?i)\b(?:setting|set)\b[^.;]{0,40}\bto (?:zero|0)\b")

Diagnosed = tuple[Ruling, Diagnosis | None]


def confirmed(judge: Judge, diagnosed: Sequence[Diagnosed]) -> list[Diagnosed]:
    """The rulings with their diagnoses; those that say no more than that a claim does not hold, only where others confirm it."""
    diagnosed = [_known_or_undecided(judge, *item) for item in diagnosed]
    if _is_misread(judge, diagnosed):
        wrong = {ruling.link.span for ruling, diagnosis in diagnosed if diagnosis is not None and _is_of_numbers(ruling)}
        few = wrong if len(wrong) < _MANY else set()
        return [
            (ruling, diagnosis if ruling.link.span in few and _is_of_numbers(ruling) else None)
            if diagnosis is None or ruling.link.span in few
            else (replace(ruling, verdict="undecided", reason=TOO_MANY), None)
            for ruling, diagnosis in diagnosed
        ]
    # A line that is claimed for every step may rest on what lies beyond the last of them.
    held = {ruling.link.span for ruling, _ in diagnosed if ruling.verdict == "holds"}
    proven = {id(ruling.link.right) for ruling, _ in diagnosed if ruling.verdict == "holds" and not ruling.numeric}

    def is_sure(ruling: Ruling) -> bool:
        """Whether it was not misread, however little explains it."""
        return _is_of_numbers(ruling) or (ruling.numeric and id(ruling.link.left) in proven)

    loose = (r for r, diagnosis in diagnosed if _is_loose(r, diagnosis) and not (_is_strange(judge, r) or _is_of_a_case(judge, r)))
    doubted = {r.link.span for r in loose if r.verdict != "fails" or not is_sure(r)} - held
    failing = Counter(ruling.link.span for ruling, diagnosis in diagnosed if ruling.verdict == "fails" and diagnosis is not None)
    unread = min((i for i, _, _ in judge.gathered.unread), default=len(judge.gathered.sheet.statements))

    def borne_out(ruling: Ruling) -> set[str]:
        """The names that other lines which hold speak of."""
        others = (r for r, _ in diagnosed if r.verdict == "holds" and r.link.statement != ruling.link.statement)
        return {name for other in others for name in uses(other)}

    def is_confirmed(ruling: Ruling) -> bool:
        if is_sure(ruling):
            return True
        is_held_there = any("under" in shown for shown in ruling.evidence)
        if not is_held_there and _SET_TO_ZERO.search(judge.gathered.sheet.statements[ruling.link.statement].words):
            return False
        is_read = not judge.meaning.unread and ruling.link.statement < unread
        # What fails at several steps, and holds at another, lacks what is zero there.
        at_most_steps = failing[ruling.link.span] > 1 and ruling.link.span in held
        # What the side that is wrong is said to come to fails with it, and is no other line in doubt.
        after = [other for other, _ in diagnosed if other.link.left is ruling.link.right]
        with_it = {other.link.span for other in after if other.pair is None or other.numeric or _is_of_scalars(other)}
        in_doubt = doubted - with_it
        rest = in_doubt - {ruling.link.span}
        if is_read and len(rest) <= _FEW * len(held) and set() < uses(ruling) <= borne_out(ruling):
            return True
        return is_read and not rest and (ruling.link.span in in_doubt or at_most_steps)

    return [
        (ruling, diagnosis)
        if diagnosis is None or diagnosis.is_checked or is_confirmed(ruling)
        else (replace(ruling, verdict="undecided", reason=UNCONFIRMED), None)
        for ruling, diagnosis in diagnosed
    ]


def _known_or_undecided(judge: Judge, ruling: Ruling, diagnosis: Diagnosis | None) -> Diagnosed:
    r"""A gradient that no repair mends, in terms of what its loss does not depend on, is of another network: a batch `X`, no `x`.

    A claim about an entry need not be of one that a sum leaves out: after `\sum_{i \ne j} A_{ij}` it may be meant for `i \ne j`.
    """
    if diagnosis is not None and ruling.pair is not None and ruling.pair.free and any(map(leaves_out, judge.meaning.terms.values())):
        return replace(ruling, verdict="undecided", reason=OF_OTHERS), None
    if diagnosis is None or diagnosis.is_checked or ruling.pair is None or ruling.numeric:
        return ruling, diagnosis
    if is_about_strangers(ruling.pair, judge.meaning) and not arguments(ruling.link.head, judge.meaning.functions):
        return replace(ruling, verdict="undecided", reason=OF_STRANGERS), None
    strange = of_another_network(ruling.pair, judge.meaning)
    return (ruling, diagnosis) if strange is None else (replace(ruling, verdict="undecided", reason=strange), None)


def _is_misread(judge: Judge, diagnosed: Sequence[Diagnosed]) -> bool:
    """Whether so many lines fail, of so few that hold, that what they speak of was misunderstood: people rarely slip that often."""
    statements = judge.gathered.sheet.statements  # those of a recurrence stand at one place, once for every step
    failing = len({statements[ruling.link.statement].span for ruling, diagnosis in diagnosed if diagnosis is not None})
    return failing >= _MANY and failing >= _SHARE * sum(ruling.verdict == "holds" for ruling, _ in diagnosed)


def _is_loose(ruling: Ruling, diagnosis: Diagnosis | None) -> bool:
    """Whether a claim is in doubt: not decided, not read, or failing for no reason that was found."""
    if diagnosis is not None:
        return not diagnosis.is_checked
    return ruling.verdict in ("undecided", "unread")


def _is_strange(judge: Judge, ruling: Ruling) -> bool:
    """Whether a claim is only about what the sheet speaks of nowhere else: `new = old - 0.5 grad`."""
    return ruling.verdict == "undecided" and ruling.pair is not None and is_about_strangers(ruling.pair, judge.meaning)


def _is_of_a_case(judge: Judge, ruling: Ruling) -> bool:
    """Whether what is not decided is said of a special case, which the other lines are not about."""
    return ruling.verdict == "undecided" and is_conditional(judge.gathered.sheet, ruling.link.statement)


def _is_of_scalars(ruling: Ruling) -> bool:
    """Whether all that it speaks of are numbers, in which there is little to misread."""
    nodes = () if ruling.pair is None else (ruling.pair.left_node, ruling.pair.right_node)
    return bool(nodes) and all(dim.is_one for node in nodes for met in (node, *variables(node)) for dim in met.shape)


def _is_of_numbers(ruling: Ruling) -> bool:
    """Whether it is arithmetic without names."""
    return not any(mentions(side) for side in (ruling.link.left, ruling.link.right))
