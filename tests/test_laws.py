"""Claims one by one, right ones and wrong ones, each behind what it rests on: a right one holds, and a wrong one is not called right."""

from pathlib import Path

import pytest

from symgrad.verifying import Source, verify


def _cases():
    around = ""
    for line in (Path(__file__).parent / "data" / "laws.txt").read_text("utf-8").splitlines():
        if line.startswith("=="):
            around = line[2:].strip()
        elif line.startswith(("+ ", "- ")):
            yield pytest.param(around, line[2:], line[0] == "+", id=line)


@pytest.mark.parametrize(("around", "claim", "is_right"), [*_cases()])
def test_a_claim_by_itself(around, claim, is_right):
    found = verify(Source(f"{around}\n\n${claim}$\n", "a.md"))
    verdict = found.claims[-1].verdict
    errors = [f for f in found.findings if f.severity == "error"]
    assert verdict == "holds" and not errors if is_right else verdict in ("fails", "undecided")
