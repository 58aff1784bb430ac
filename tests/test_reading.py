"""The reader: what is written becomes the tree of the table, or is unread with its place; nothing is cut short."""

from pathlib import Path

import pytest

from symgrad import syntax as sx
from symgrad.read.document import read_document
from symgrad.read.latex import parse
from symgrad.read.written import sexpr
from symgrad.span import Source, Span

TABLE = Path(__file__).parent / "data" / "reading.txt"
ROWS = [line.split(" => ") for line in TABLE.read_text("utf-8").splitlines() if not line.startswith("#")]


def trees(text, macros=None):
    return " | ".join(sexpr(node) for node in parse(Source(text), Span(0, len(text)), macros))


def document(text, name="a.md"):
    source = Source(text, name)
    return [source.slice(s.span).strip() for s in read_document(source).statements]


@pytest.mark.parametrize(("written", "read"), ROWS)
def test_notation(written, read):
    assert trees(written) == read


@pytest.mark.parametrize(
    ("text", "name", "statements"),
    [
        ("Let $x = 1$.\n\n$$y = 2x$$\n", "a.md", ["x = 1", "y = 2x"]),
        ("\\[ a = b \\] and \\( c = d \\)", "a.md", ["a = b", "c = d"]),
        ("```math\na = b\n```\n", "a.md", ["a = b"]),
        ("```python\nx = 1\n```\n", "a.md", []),
        ("| $a = b$ | $c = d$ |\n", "a.md", []),
        ("Costs $5 and $6 a day.", "a.md", []),
        ("∂L/∂W = hᵀ(ŷ − y)\n", "a.md", ["∂L/∂W = hᵀ(ŷ − y)"]),
        ("so `Ŷ = W₂W₁X` holds", "a.md", ["Ŷ = W₂W₁X"]),
        ("\\begin{document}\n% $a = b$\n$c = d$\\end{document}", "a.tex", ["c = d"]),
        ("\\begin{align}\na &= b \\\\\n&= c\n\\end{align}", "a.tex", ["a &= b", "= c"]),
        ("so \\\\(a = b\\\\), and \\\\[c = d\\\\]\n", "a.md", ["a = b", "c = d"]),
        ("> $$\n> a = b \\\\\n> c = d\n> $$\n", "a.md", ["a = b", "c = d"]),
        ('<img src="x = y.png" width="3">\n\n$a = b$', "a.md", ["a = b"]),
        ("> 0 = x·W\n", "a.md", []),
        ("$$\\begin{align}\n\na &= b\n\n\\end{align}\n\n$$", "a.md", ["a &= b"]),
        ("$$\n\\newcommand{\\E}{\\mathbb{E}}\n\n$$\n\n$a = b$", "a.md", ["a = b"]),
        ("\\begin{align}\na &= b \\\\%[1em]\n&= c\n\\end{align}", "a.tex", ["a &= b", "= c"]),
        ("$x = 1", "a.md", ["$x = 1"]),
        ("$$x = 1", "a.md", ["$$x = 1"]),
    ],
)  # fmt: skip
def test_documents(text, name, statements):
    assert document(text, name) == statements


def test_commands_of_the_author_are_put_in_where_they_are_used():
    text = "\\newcommand{\\pd}[2]{\\frac{\\partial #1}{\\partial #2}}\n\\newcommand{\\T}{^\\top}\n$\\pd{L}{W} = x\\T$"
    (statement,) = read_document(Source(text, "a.tex")).statements
    assert sexpr(statement.node) == "(= (∂ L / W) (x ^ \\top))"


def test_a_command_defined_by_itself_is_unread_and_ends():
    text = "\\newcommand{\\a}{\\a\\a}\n$\\a = 1$"
    (statement,) = read_document(Source(text, "a.tex")).statements
    assert isinstance(statement.node, sx.Unread)


@pytest.mark.parametrize(
    ("text", "trees"),
    [
        ("The mean $E = <a> + 1$", ["(rel E = □ < a > (+ 1))"]),
        ("$0 <p> 1$", ["(rel 0 < p > 1)"]),
        ("$$\nx = 3\n> 0\n$$\n", ["(rel x = 3 > 0)"]),
        ("y = x<sub>i</sub> + 2·b", ["(unread \"'/' is not expected here\")"]),
    ],
)
def test_nothing_is_left_out_of_a_formula(text, trees):
    """What looks like a tag or a quoted line is none where it may be mathematics."""
    assert [sexpr(s.node) for s in read_document(Source(text, "a.md")).statements] == trees


def test_what_only_shows_a_place_claims_nothing():
    assert not read_document(Source("The slope is $g(\\cdot)(1 - g(\\cdot))$.", "a.md")).statements


def test_what_is_unread_has_its_place():
    (statement,) = read_document(Source("fine\n\n$x = (1 + 2$\n", "a.md")).statements
    assert isinstance(statement.node, sx.Unread)
    assert statement.span == Span(7, 17)
