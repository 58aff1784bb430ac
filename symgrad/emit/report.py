"""A verification for a terminal: per finding the line, a caret under the part meant, what is wrong, what would mend it; then a summary."""

from __future__ import annotations

from symgrad.span import caret
from symgrad.verification import Finding, Verification

COUNTED = (("holds", "held"), ("fails", "failed"), ("given", "given"), ("undecided", "undecided"), ("unread", "unread"))


def emit(verification: Verification) -> str:
    """The report, stable and made to be read."""
    blocks = [_finding(verification, finding) for finding in verification.findings]
    return "\n".join([*(block + "\n" for block in blocks), summary(verification)]) + "\n"


def _finding(verification: Verification, finding: Finding) -> str:
    source = verification.source
    line, column = source.place(finding.span.start)
    out = [f"{source.name}:{line}:{column}: {finding.severity} {finding.code}: {finding.message}"]
    out += ["  " + shown for shown in caret(source, finding.span).splitlines()]
    reading = reading_of(verification, finding)
    if reading:
        out.append(f"  read as: {reading}")
    if finding.suggestion:
        out.append(f"  mend:    {finding.suggestion}")
    if finding.example:
        out.append(f"  try:     {finding.example}")
    return "\n".join(out)


def reading_of(verification: Verification, finding: Finding) -> str:
    """How the claim was read that a finding is about; nothing for a note."""
    if finding.severity == "note":
        return ""
    for claim in verification.claims:
        if claim.reading and claim.span.start <= finding.span.start and finding.span.end <= claim.span.end:
            return claim.reading
    return ""


def summary(verification: Verification) -> str:
    """One line: how many claims, and what became of them."""
    total = len(verification.claims)
    parts = [f"{total} claim{'' if total == 1 else 's'}"]
    parts += [f"{verification.count(verdict)} {word}" for verdict, word in COUNTED if verification.count(verdict)]
    first = verification.first_failing_line
    tail = f"; the first wrong line is {first}" if first is not None else ""
    return f"{verification.source.name}: {', '.join(parts)}{tail}"
