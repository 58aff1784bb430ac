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


def test_code_is_passed_over_and_said_so_once():
    code = "```python\nimport numpy as np\ndW = X.T @ dZ\n```\n"
    found = judged(f"$y = W x$.\n\n{code}\n{code}\n```\n2 + 2 == 5\n```\n")
    assert [(f.code, found.source.place(f.span.start), found.source.slice(f.span)) for f in found.findings] == [
        ("SG103", (5, 1), "dW = X.T @ dZ")
    ]
    assert len(found.claims) == 1


WRONG_GRADIENTS = (
    r"\frac{\partial L}{\partial z} = y - z",
    r"\frac{\partial L}{\partial b} = y - z",
    r"\frac{\partial L}{\partial W} = x (z - y)^\top",
    r"\frac{\partial L}{\partial x} = W (z - y)",
    r"\frac{\partial L}{\partial y} = z - y",
)


@pytest.mark.parametrize("count", [1, 4, 5])
def test_where_many_lines_fail_and_few_hold_a_sheet_is_taken_to_be_misread(count):
    network = r"$W \in \mathbb{R}^{m \times n}$, $x \in \mathbb{R}^n$, $z = W x + b$ and $L = \frac12 \|z - y\|^2$."
    found = judged("\n\n".join([network, *(f"$${line}$$" for line in WRONG_GRADIENTS[:count])]))
    verdicts = Counter(claim.verdict for claim in found.claims)
    assert (verdicts["fails"], verdicts["undecided"]) == ((count, 0) if count < 5 else (0, count))


# ── the midterm review sheet, as OCR left it ─────────────────────────────────────────────────────────────────────────

REVIEW = judged(MIDTERM.read_text("utf-8"))


def verdicts_at(line):
    return {c.verdict for c in REVIEW.claims if REVIEW.source.place(c.span.start)[0] == line}


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


TOLD = (
    (9, "SG304", "warning", "annotated 2, but the matrix has 1 row"),
    (11, "SG301", "note", "the ReLU is applied, which no line writes"),
    (13, "SG101", "warning", "not read"),  # nothing between two equal signs
    (13, "SG304", "warning", "annotated 3, but the matrix has 2 rows"),
    (15, "SG301", "warning", "the ReLU is applied, which no line writes"),  # as written the product is another
    (17, "SG305", "note", "never named h"),
    (21, "SG302", "note", "L is no scalar as written"),
    (28, "SG303", "warning", "do not conform; as an outer product they do"),
    (60, "SG313", "note", "ŷ is given a new meaning"),
    (70, "SG306", "note", "would count paths twice"),
    (72, "SG309", "warning", "ỹ is defined nowhere; it is read as ŷ"),
    (94, "SG310", "note", "only where k·m is even"),
    (101, "SG310", "note", "only where k·m is even"),
    (103, "SG313", "note", "ŷ is given a new meaning"),
)


def test_what_the_review_is_told_and_nothing_else():
    found = [(REVIEW.source.place(f.span.start)[0], f.code, f.severity, f.message) for f in REVIEW.findings]
    assert [f[:3] for f in found] == [t[:3] for t in TOLD]
    assert [t for t, f in zip(TOLD, found, strict=True) if t[3] not in f[3]] == []


def test_what_would_mend_the_product_that_does_not_conform():
    assert [f.suggestion for f in REVIEW.findings if f.code == "SG303"] == ["−[2; −14] W^0ᵀ"]


@pytest.mark.parametrize(
    ("line", "methods"),
    [
        (9, {"exact"}),
        (23, {"identity_test", "exact", "finite_differences"}),
        (30, {"exact", "finite_differences"}),  # the numbers too
        (62, {"shapes"}),
        (70, {"identity_test", "finite_differences"}),
        (89, {"exact"}),
    ],
)
def test_the_evidence_for_the_review(line, methods):
    claims = [c for c in REVIEW.claims if REVIEW.source.place(c.span.start)[0] == line]
    assert {evidence["method"] for c in claims for evidence in c.evidence} == methods
    assert all(evidence["holds"] for c in claims for evidence in c.evidence)


@pytest.mark.parametrize(
    ("line", "read"),
    [
        (21, "L = Σ (y − ŷ)²"),
        (30, "−[2; −14] W^0ᵀ = [−2  −4  −6; 14  28  42]"),
        (51, "zero where the mask [1 0 1 0; 0 1 0 1; 1 0 1 0] is"),
        (62, "the product is 1×1"),
        (89, "(2d + 1)"),
        (92, "(64d + 32)"),
        (94, "(k·m/2)×32"),
        (97, "(d + 32)×d"),
        (101, "k·m/2"),
    ],
)
def test_how_the_review_is_read(line, read):
    assert any(c.reading.endswith(read) for c in REVIEW.claims if REVIEW.source.place(c.span.start)[0] == line)


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
