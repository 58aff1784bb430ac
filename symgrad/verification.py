"""What a verification says: claims with verdicts and evidence, findings with their places. Plain data."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from symgrad.span import Source, Span

VERDICTS = ("holds", "fails", "given", "undecided", "unread")


@dataclass
class Claim:
    """One thing that a sheet says. `reading` is how it was read, `reason` why it could not be read or decided."""

    span: Span
    latex: str
    verdict: str
    reading: str = ""
    reason: str = ""
    evidence: list[dict[str, Any]] = field(default_factory=list)


@dataclass
class Finding:
    """A diagnostic: its code, what it is about, and what would mend it."""

    code: str
    severity: str
    span: Span
    message: str
    cause: str = ""
    suggestion: str = ""
    example: str = ""

    def _repr_html_(self) -> str:
        from symgrad.emit.sheet_html import finding_inside

        return finding_inside(self)


@dataclass
class Verification:
    """One sheet, judged."""

    source: Source
    claims: list[Claim] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    def count(self, verdict: str) -> int:
        return sum(claim.verdict == verdict for claim in self.claims)

    @property
    def doubt(self) -> int:
        """How many claims are wrong, undecided or unread."""
        return self.count("fails") + self.count("undecided") + self.count("unread")

    @property
    def first_failing_line(self) -> int | None:
        lines = [self.source.place(claim.span.start)[0] for claim in self.claims if claim.verdict == "fails"]
        return min(lines, default=None)

    @property
    def summary(self) -> dict[str, int | None]:
        counts: dict[str, int | None] = {"claims": len(self.claims)}
        counts |= {verdict: self.count(verdict) for verdict in VERDICTS}
        counts["first_failing_line"] = self.first_failing_line
        return counts

    def status(self, strict: bool) -> int:
        """The exit status of the command: 1 when a claim fails, or with `strict` is unread or undecided."""
        return 1 if (self.doubt if strict else self.count("fails")) else 0

    def __str__(self) -> str:
        counts = self.summary
        return ", ".join(f"{counts[k]} {k}" for k in ("claims", *VERDICTS))

    def _repr_html_(self) -> str:
        from symgrad.emit.sheet_html import inside

        return inside(self)
