"""Slips: one line of one right sheet, made wrong. Two tables of them: by hand (`slips.txt`) and by a program (`planted.txt`)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

CORPUS = Path(__file__).parent / "corpus"
BY_HAND, PLANTED = CORPUS / "slips.txt", CORPUS / "planted.txt"


@dataclass(frozen=True)
class Slip:
    """At an offset of a sheet's text stands something else.

    `lines` are those of the side that is wrong, `causes` what a diagnosis may say, the first being what was planted.
    """

    sheet: str
    start: int
    old: str
    new: str
    mistake: str
    causes: tuple[str, ...]
    lines: tuple[int, ...]

    def planted_in(self, text: str) -> str:
        assert text[self.start : self.start + len(self.old)] == self.old, self
        return text[: self.start] + self.new + text[self.start + len(self.old) :]


def by_hand() -> list[Slip]:
    """The table made by hand: sheet, line, old, new, cause."""
    found = []
    for row in BY_HAND.read_text("utf-8").splitlines():
        if row.strip() and not row.startswith("#"):
            sheet, line, old, new, cause = row.split("\t")
            lines = (CORPUS / sheet).read_text("utf-8").split("\n")
            assert lines[int(line) - 1].count(old) == 1, row
            start = sum(len(held) + 1 for held in lines[: int(line) - 1]) + lines[int(line) - 1].index(old)
            found.append(Slip(sheet, start, old, new, "by hand", (cause,), (int(line),)))
    return found


def planted() -> list[Slip]:
    """The table that `planting` wrote."""
    found = []
    for row in PLANTED.read_text("utf-8").splitlines():
        sheet, start, lines, mistake, causes, old, new = map(_unescaped, row.split("\t"))
        found.append(Slip(sheet, int(start), old, new, mistake, tuple(causes.split()), tuple(map(int, lines.split()))))
    return found


def write_planted(slips: list[Slip]) -> None:
    rows = (
        (slip.sheet, str(slip.start), " ".join(map(str, slip.lines)), slip.mistake, " ".join(slip.causes), slip.old, slip.new)
        for slip in sorted(slips, key=lambda slip: slip.sheet)
    )
    PLANTED.write_text("".join("\t".join(map(_escaped, row)) + "\n" for row in rows), "utf-8")


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n").replace("\t", "\\t")


def _unescaped(text: str) -> str:
    return re.sub(r"\\(.)", lambda match: {"n": "\n", "t": "\t"}.get(match[1], match[1]), text)
