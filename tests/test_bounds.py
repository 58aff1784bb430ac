"""Whatever a sheet holds, the answer is a verification or one clear error, soon, and nothing of it is run."""

from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from symgrad.allowance import OVER, Allowance
from symgrad.errors import SymgradError
from symgrad.span import Source
from symgrad.verifying import load_sheet, verify

SHEETS = Path(__file__).parent.parent / "derivations"
SEED = (SHEETS / "midterm-review.md").read_text("utf-8")


def judged(text, name="a.md"):
    return verify(load_sheet(name, text.encode() if isinstance(text, str) else text))


HOSTILE = {
    "a megabyte of braces": "$$" + "{" * 1_000_000 + "$$",
    "braces in braces": "$$" + "{" * 20_000 + "x" + "}" * 20_000 + "$$",
    "brackets in brackets": "$x = " + "(" * 5_000 + "1" + ")" * 5_000 + "$",
    "fractions in fractions": "$" + r"\frac{1}{" * 3_000 + "1" + "}" * 3_000 + " = x$",
    "scripts on scripts": "$x" + "^2" * 3_000 + " = 1$",
    "a tower of powers": "$x = 10^{10^{10}}$",
    "a huge power": "$y = 9^{999999999}$",
    "a huge power of a matrix": r"$A = \begin{bmatrix}1 & 2\\3 & 4\end{bmatrix}$ $A^{100000} = 1$",
    "a huge factorial": "$z = 100000!$",
    "a long product": "$a = " + " ".join(f"x_{{{i}}}" for i in range(300)) + "$",
    "a long sum": "$a = " + "+".join(f"x_{{{i}}}" for i in range(2_000)) + "$",
    "division by zero": r"$1/0 = 3$ $0^{-1} = 2$ $\log 0 = 1$ $\frac{0}{0} = 1$",
    "unbalanced everything": r"$$ \begin{bmatrix} 1 & 2 \\ \frac{ \left( ] ) } $$ $$ \end{align} x_{ = ^ = _ $$",
    "commands that grow": "".join(rf"\newcommand{{\{a}}}{{{(chr(92) + b) * 8}}}" for a, b in zip("abcde", "bcdef", strict=True))
    + r"\newcommand{\f}{xxxxxxxx}$\a\a = 1$",
    "a command defined by itself": r"\newcommand{\a}{\a\a}$\a = 1$",
    "thousands of &": r"$$\begin{aligned}" + "&" * 20_000 + r"= 1\end{aligned}$$",
    "rows of equal signs": r"$$\begin{aligned}" + r"&= \\" * 5_000 + r"\end{aligned}$$",
    "commands in commands": r"\newcommand{\a}[1]{#1#1#1#1#1#1#1#1}$" + r"\a{" * 12 + "x" + "}" * 12 + " = 1$",
    "sums and products without end": r"$s = \sum_{i=1}^{100000000} i = 5$ $p = \prod_{i=1}^{1000000} i = 7$",
    "huge spaces": r"$W \in \mathbb{R}^{10^9 \times 10^9}$, $y = W x$, $\frac{\partial y}{\partial W} = 3$",
    "factorials of factorials": r"$((9!)!)! = 1$ $n! = 5$",
    "accents without letters": "$" + "\u0301" * 10_000 + "x = 1$ $" + "ᵀ" * 10_000 + "$",
    "NUL bytes": b"$x = 1$\x00\x00$y = 2$",
    "nothing": "",
    "code": "$__import__('os').system('touch /tmp/executed')$ $x = eval(1)$",
}


@pytest.mark.parametrize("what", HOSTILE)
def test_hostile_sheets_are_answered(what):
    found = judged(HOSTILE[what])
    assert not [c for c in found.claims if c.verdict == "holds" and what != "division by zero"]


def test_what_comes_when_the_time_is_over_is_undecided_and_said_once():
    claims = "".join(f"$\\frac{{\\partial L}}{{\\partial y}} = {i} y$\n\n" for i in [2] * 20)
    found = verify(Source("Let $L = \\|y\\|^2$.\n\n" + claims, "long.md"), allowance=Allowance(10, count().__next__))
    verdicts = [claim.verdict for claim in found.claims]
    (told,) = (f for f in found.findings if OVER in f.message)
    judged_before = verdicts.index("undecided")
    assert 1 < judged_before < 21 and set(verdicts[judged_before:]) == {"undecided"}
    assert found.source.place(told.span.start)[0] == found.source.place(found.claims[judged_before].span.start)[0]
    assert told.message.endswith(f"as {20 - judged_before} more do")
    assert all(OVER in claim.reason for claim in found.claims[judged_before:])


def test_a_huge_matrix_is_refused_or_read():
    rows = r" \\ ".join(" & ".join("1" * 1) for _ in range(2_000))
    judged(rf"$A = \begin{{bmatrix}} {rows} \end{{bmatrix}}$")
    with pytest.raises(SymgradError, match="sheets of up to"):
        judged("$" + "1 " * 2_500_000 + "$")


def test_a_wrong_encoding_is_an_error_with_its_place():
    with pytest.raises(SymgradError, match=r"latin\.md: the file is not UTF-8 text \(byte 1, line 1\)"):
        judged("Für".encode("latin-1"), "latin.md")


def test_utf_16_with_its_mark_is_read():
    assert judged("$x = 1$".encode("utf-16")).count("given") == 1


PIECES = st.sampled_from(
    [*r"{}()[]$^_&=\+-'|,", *"∂ᵀxW2 ", "$$", *r"\frac \\ \begin{bmatrix} \end{bmatrix} \sum_".split()],
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_mutated_sheets_are_answered(data):
    lines = SEED.split("\n")
    start = data.draw(st.integers(6, 70))
    text = "\n".join(lines[start : start + 12])
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(text)))
        cut = data.draw(st.integers(0, 6))
        text = text[:at] + data.draw(PIECES) + text[at + cut :]
    try:
        found = verify(Source(text, "mutated.md"))
    except SymgradError:
        return
    assert all(claim.verdict in ("holds", "fails", "given", "undecided", "unread") for claim in found.claims)
