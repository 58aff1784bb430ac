"""Sheets judged by a key: what differs from it is told apart from mistakes, and what is left to it is judged by it."""

from collections import Counter
from functools import cache
from pathlib import Path

import pytest

from symgrad.completing import text_of_network
from symgrad.library import load, parts_of, shipped
from symgrad.span import Source
from symgrad.verifying import key_of, verify


def blocks():
    for group in (Path(__file__).parent / "data" / "keys.txt").read_text("utf-8").split("\n=== ")[1:]:
        key, *students = group.split("\n== ")
        for student in students:
            head, _, expected = student.partition("\n-> ")
            title, _, text = head.partition("\n")
            verdicts, *findings = expected.strip().split("\n")
            yield pytest.param(key, text, verdicts.split(), findings, id=title)


@cache
def key(block):
    name, _, text = block.strip().partition("\n")
    if name in shipped():
        return key_of(name, [text_of_network(part.written_out, name) for part in parts_of(load(name))])
    return key_of("key.md", [Source(text, "key.md")])


@pytest.mark.parametrize(("block", "text", "verdicts", "findings"), list(blocks()))
def test_a_sheet_by_its_key(block, text, verdicts, findings):
    found = verify(Source(text, "sheet.md"), key(block))
    told = [(found.source.place(f.span.start)[0], f.code, f.message) for f in found.findings if f.severity != "note"]
    assert Counter(claim.verdict for claim in found.claims) == {word: int(n) for n, word in zip(verdicts[::2], verdicts[1::2], strict=True)}
    for expected, (line, code, message) in zip(findings, told, strict=True):
        at, kind, about = [*expected.split(" ", 2), ""][:3]
        assert str(line) == at and code.startswith(kind) and about in message
