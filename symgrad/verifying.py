"""The second pipeline: a sheet, read, understood, judged, and every failure diagnosed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from symgrad.allowance import Allowance
from symgrad.completing import TURNINGS, asked, by_example, completed, part_of, problem_of
from symgrad.errors import SymgradError
from symgrad.hypotheses import Search
from symgrad.judge import Judge
from symgrad.keys import Key, about_nothing, against
from symgrad.likeness import likeness
from symgrad.parts import parts
from symgrad.problems import problems
from symgrad.read.document import Sheet, read_document
from symgrad.reporting import finding, put_together, reported
from symgrad.rewriting import rewritten
from symgrad.ruling import Judged
from symgrad.span import Source
from symgrad.unrolling import unrolled
from symgrad.verification import Verification

_LARGEST = 4_000_000


def load_sheet(path: str | Path, data: bytes | None = None) -> Source:
    """The text of a sheet. Raises `SymgradError` for one that cannot be read."""
    name = str(path)
    if data is None:
        try:
            data = Path(path).read_bytes()
        except OSError as error:
            raise SymgradError(f"{name}: {error.strerror}") from None
    if len(data) > _LARGEST:
        raise SymgradError(f"{name}: {len(data)} bytes; sheets of up to {_LARGEST} bytes are read")
    return Source.decode(data, name)


def verify(sheet: Source | str | Path, key: Key | None = None, allowance: Allowance | None = None) -> Verification:
    """Judge every claim of a sheet (its text as a `Source`, or the path of its file), and diagnose those that fail.

    With a key, what the sheet does not define is as in the key. Givens and definitions that differ from the key's are reported as such,
    with what its values would have led to. What is not judged within its allowance is undecided.

    Raises `SymgradError` for a file that cannot be read.
    """
    source = sheet if isinstance(sheet, Source) else load_sheet(sheet)
    document = replace(read_document(source), allowance=allowance or Allowance())
    first, *others = [(problem, _judged_by_itself(rewritten(problem.sheet), key)) for problem in problems(document)]
    if not others:
        return first[1]
    apart = put_together(source, first, *others)
    if not _open_claims(apart):
        return apart
    # What is told apart may belong together after all: values say of what kind a name is.
    whole = _judged_by_itself(rewritten(document), key)
    return _with_doubts(whole, apart) if _open_claims(whole) < _open_claims(apart) else apart


def _open_claims(found: Verification) -> int:
    """How many claims fail, or are not decided or read."""
    return sum(claim.verdict in ("fails", "undecided", "unread") for claim in found.claims)


def _with_doubts(whole: Verification, apart: Verification) -> Verification:
    """The sheet read as a whole; what fails apart and is no more than given there is not decided, so that no slip is passed over."""
    failing = {claim.span for claim in apart.claims if claim.verdict == "fails"}
    for claim in whole.claims:
        if claim.verdict == "given" and claim.span in failing:
            claim.verdict, claim.reason = "undecided", "it fails where the problems of the sheet are read apart"
            whole.findings.append(finding("SG102", claim.span, f"not decided: {claim.reason}"))
    whole.findings.sort(key=lambda f: (f.span.start, f.span.end, f.code))
    return whole


def _judged_by_itself(raw: Sheet, key: Key | None) -> Verification:
    """What comes out of one problem."""
    read = unrolled(raw)
    found = list(judged_parts(read))
    if key is not None:
        found = [held for judge, judged in found for held in _judged_by(key, raw, judge, judged)]
    out = reported(read, found)
    if key is not None:
        out.findings += [told for judge, judged in found for told in against(key, judge, judged)]
        out.findings += [] if any(key.about(judge) for judge, _ in found) else about_nothing(key, out.claims)
        out.findings.sort(key=lambda f: (f.span.start, f.span.end, f.code))
    return out


def key_of(name: str, sources: Iterable[Source]) -> Key:
    """What sheets that are trusted say, to judge others by. Raises `SymgradError` where they say nothing."""
    solved = []
    for source in sources:
        sheet = _as_written(source)
        written_out = unrolled(sheet)
        search = Search(written_out)
        for part, own in zip(parts(written_out), parts(sheet), strict=False):
            judge = search.best(part)[0]
            solved.append((problem_of(sheet, own, by_example(judge.lab.network)), judge))
    if not any(problem.formulas or problem.given for problem, _ in solved):
        raise SymgradError(f"{name}: this key defines nothing and gives nothing, so there is nothing to judge by")
    return Key(name, tuple(solved))


def _judged_by(key: Key, raw: Sheet, judge: Judge, judged: Judged) -> list[tuple[Judge, Judged]]:
    """A part with what it leaves to the key, as it is there, or as there in the other layout; with the key's values where that helps."""
    best, part = [(judge, judged)], judge.gathered.part
    solved = key.about(judge)
    if solved is None or not part.own or likeness(judge, solved[1]).differing:
        return best  # another problem is judged by itself
    about = asked(judge.gathered.sheet, part, raw)
    leaning, with_values = (
        [made for turning in TURNINGS if (made := completed(raw, about, solved[0], turning, values)) is not None]
        for values in (False, True)
    )
    if leaning:
        best = _judged_part(leaning[0])
    for sheet in leaning[1:] or with_values:
        if not _doubt(best):
            break
        best = min(best, _judged_part(sheet), key=_doubt)
    return best


def _judged_part(sheet: Sheet) -> list[tuple[Judge, Judged]]:
    read = unrolled(sheet)
    return Search(read).with_cuts(part_of(read))


def _doubt(found: list[tuple[Judge, Judged]]) -> int:
    """How many lines are wrong, or not decided."""
    return sum(judged.doubt for _, judged in found)


def _as_written(source: Source, allowance: Allowance | None = None) -> Sheet:
    """The statements of a sheet with what is written in short written out, but for recurrences."""
    return rewritten(replace(read_document(source), allowance=allowance or Allowance()))


def read_sheet(source: Source) -> Sheet:
    """The statements of a sheet, as they are judged: shorthands written out, recurrences unrolled."""
    return unrolled(_as_written(source))


def judged_parts(sheet: Sheet) -> Iterator[tuple[Judge, Judged]]:
    """Every part of a sheet with the rulings on its lines, under the understanding by which most of them hold."""
    search = Search(sheet)
    for part in parts(sheet):
        yield from search.with_cuts(part)
