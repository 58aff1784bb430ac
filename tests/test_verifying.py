"""Sheets by hand: right ones are called right, and a slip is flagged at its line with its cause."""

import re
from collections import Counter
from pathlib import Path

import pytest

from symgrad.span import Source
from symgrad.verifying import verify

HERE = Path(__file__).parent
MIDTERM = HERE.parent / "derivations" / "midterm-review.md"


def blocks():
    for block in (HERE / "data" / "sheets.txt").read_text("utf-8").split("\n== ")[1:]:
        title, _, rest = block.partition("\n")
        text, _, after = rest.partition("\n-> ")
        verdicts, *slips = after.strip().split("\n")
        words = verdicts.split()
        yield (
            title,
            text,
            Counter({word: int(n) for n, word in zip(words[::2], words[1::2], strict=True)}),
            [s[3:].split(" ⇒ ") for s in slips],
        )


SHEETS = list(blocks())
SLIPS = [(title, text, *slip) for title, text, _, slips in SHEETS for slip in slips]


def judged(text):
    return verify(Source(text, "sheet.md"))


def errors(found):
    return [(found.source.place(f.span.start)[0], f.cause) for f in found.findings if f.severity == "error"]


@pytest.mark.parametrize(("text", "verdicts"), [s[1:3] for s in SHEETS], ids=[s[0] for s in SHEETS])
def test_right_sheets(text, verdicts):
    found = judged(text)
    assert not errors(found)
    assert Counter(claim.verdict for claim in found.claims) == verdicts


@pytest.mark.parametrize(("text", "old", "new", "cause"), [s[1:] for s in SLIPS], ids=[f"{s[0]}: {s[4]}" for s in SLIPS])
def test_slips(text, old, new, cause):
    assert text.count(old) == 1
    line = text[: text.index(old)].count("\n") + 1
    found = errors(judged(text.replace(old, new)))
    assert (line, cause) in found
    assert found[0][0] == line, "the first wrong line is the one with the slip"


@pytest.mark.parametrize(
    ("text", "name", "is_one"),
    [
        (
            r"$z = (M \odot W) x$ with a mask $M$ of zeros and ones, $L = \|z - y\|^2$. $\frac{\partial L}{\partial W} = 2 (z - y) x^\top$",
            "M",
            lambda rows: {entry for row in rows for entry in row} == {0, 1},
        ),
        (
            r"$p = \mathrm{softmax}(z)$, $L = -\sum_k y_k \log p_k$, $y$ is one-hot. $\frac{\partial L}{\partial z} = 2 (p - y)$",
            "y",
            lambda rows: sorted(entry for row in rows for entry in row) == [*[0] * (len(rows) - 1), 1],
        ),
        (
            r"Let $S$ be symmetric and $f = x^\top S x$. $\frac{\partial f}{\partial x} = S x$",
            "S",
            lambda rows: rows == [list(column) for column in zip(*rows, strict=True)],
        ),
    ],
    ids=["a mask", "one-hot targets", "a symmetric matrix"],
)
def test_a_counterexample_has_the_properties_that_are_declared(text, name, is_one):
    (found,) = (f for f in judged(text).findings if f.severity == "error")
    rows = re.search(rf"\b{name} = \[([^]]*)\]", found.example)[1].replace("−", "-").split(";")
    assert is_one([[int(entry) for entry in row.split()] for row in rows])


# ── the midterm review sheet, as OCR left it ─────────────────────────────────────────────────────────────────────────

REVIEW = judged(MIDTERM.read_text("utf-8"))


def verdicts_at(line):
    return {c.verdict for c in REVIEW.claims if REVIEW.source.place(c.span.start)[0] == line}


def findings_at(line):
    return {(f.code, f.severity) for f in REVIEW.findings if REVIEW.source.place(f.span.start)[0] == line}


@pytest.mark.parametrize(
    ("lines", "verdict"),
    [
        ((7, 17, 19, 21, 51, 60, 80, 84, 103), "given"),
        ((9, 11, 15, 17, 23, 25, 28, 30, 62, 70, 72, 74, 76, 89, 92, 94, 97, 101), "holds"),
        ((13,), "unread"),
    ],
)
def test_the_verdicts_on_the_review(lines, verdict):
    assert [line for line in lines if verdict not in verdicts_at(line)] == []


def test_no_line_of_the_review_is_an_error():
    assert not errors(REVIEW)
    assert not REVIEW.count("fails") and not REVIEW.count("undecided")


@pytest.mark.parametrize(
    ("line", "finding"),
    [
        (9, ("SG304", "warning")),  # annotated 2, has 1 row
        (11, ("SG301", "note")),  # the ReLU that no line writes
        (13, ("SG304", "warning")),  # annotated 3, has 2 rows
        (13, ("SG101", "warning")),  # nothing between two equal signs
        (15, ("SG301", "warning")),  # as written the product is another
        (17, ("SG305", "note")),  # the batch was never named h
        (21, ("SG302", "note")),  # a loss that is no scalar
        (28, ("SG303", "warning")),  # 3×1 times 2×1
        (60, ("SG313", "note")),  # another ŷ
        (70, ("SG306", "note")),  # the direct dependence
        (72, ("SG309", "warning")),  # ỹ is defined nowhere
        (94, ("SG310", "note")),  # k·m even
        (101, ("SG310", "note")),
    ],
)
def test_what_the_review_is_told(line, finding):
    assert finding in findings_at(line)


@pytest.mark.parametrize(
    ("old", "new", "line", "cause"),
    [
        (r"\begin{bmatrix} 1 & 0 & 2 \\ 18 & 0 & 0 \end{bmatrix}", r"\begin{bmatrix} 1 & 0 & 2 \\ 17 & 0 & 0 \end{bmatrix}", 15, None),
        (r"\begin{bmatrix} 7 \\ 18 \end{bmatrix}", r"\begin{bmatrix} 7 \\ 19 \end{bmatrix}", 17, None),
        (r"-2(y - \hat{y})", r"2(y - \hat{y})", 23, "sign"),
        (r"14 & 28 & 42", r"14 & 28 & 41", 30, "arithmetic_slip"),
        (r"= $2 \cdot d + 1$", r"= $2 \cdot d$", 89, "param_count"),
        (r"64 \cdot d + 32", r"64 \cdot d + 1", 92, "param_count"),
        (r"\langle d \times 1 \rangle", r"\langle 1 \times d \rangle", 62, "shape_mismatch"),
    ],
)
def test_a_slip_in_the_review_is_found(old, new, line, cause):
    text = MIDTERM.read_text("utf-8")
    assert text.count(old) == 1
    found = errors(judged(text.replace(old, new)))
    assert line in [at for at, _ in found]
    assert cause is None or (line, cause) in found
