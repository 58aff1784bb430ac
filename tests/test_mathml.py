"""LaTeX as MathML: every construct that symgrad prints or reads is shown whole, and nothing that a sheet says is markup."""

import re
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import pytest

import symgrad
from symgrad.emit.mathml import converted, mathml
from symgrad.read.document import mathematics
from symgrad.read.lexer import Macro
from symgrad.span import Source

DATA = Path(__file__).parent / "data"
LINES = [line for line in (DATA / "mathml.txt").read_text("utf-8").splitlines() if line and not line.startswith("#")]
ROWS = [tuple(part.strip() for part in line.split(" => ")) for line in LINES]
SPELT = [line.split("=>")[2].strip() for line in (DATA / "typeset.txt").read_text("utf-8").splitlines() if line.count("=>") == 2]
SHEETS = [Path(symgrad.__file__).parents[1] / "derivations" / "midterm-review.md", DATA / "sheets.txt"]


class Elements(HTMLParser):
    """What is opened, in order, with its attributes."""

    def __init__(self, text):
        super().__init__()
        self.found = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, attrs))


def said(markup):
    return unescape(re.sub(r"<[^>]*>", "", markup))


@pytest.mark.parametrize("latex, holds", ROWS)
def test_a_construct_is_shown_whole(latex, holds):
    markup = converted(latex, "large")
    assert markup is not None
    at = 0
    for piece in holds.split():
        wanted = re.compile(rf"{piece[:-1]}[ >]" if re.fullmatch(r"<\w+>", piece) else re.escape(piece))
        match = wanted.search(markup, at)
        assert match, (piece, markup[at:])
        at = match.end() - (1 if piece.startswith("<m") else 0)


@pytest.mark.parametrize("latex", SPELT)
def test_what_symgrad_prints_is_shown_whole(latex):
    assert converted(latex) is not None


@pytest.mark.parametrize("path", SHEETS, ids=lambda path: path.name)
def test_what_people_write_is_shown_whole(path):
    source = Source(path.read_text("utf-8"), path.name)
    pieces = [source.slice(piece.inside) for piece in mathematics(source) if piece.closed]
    assert len(pieces) > 20
    assert [piece for piece in pieces if converted(piece) is None] == []


@pytest.mark.parametrize(
    "latex",
    [
        r"\nosuchmacro{x}",
        r"\left( x",
        r"\begin{bmatrix} 1",
        r"\frac{a}",
        r"\href{javascript:alert(1)}{x}",
        "x^2^3",
        "{" * 5000 + "}" * 5000,
        "x" * 50_000,
    ],
)
def test_what_cannot_be_converted_whole_is_shown_as_it_was_typed(latex):
    assert converted(latex) is None
    assert said(mathml(latex)) == latex


def test_macros_of_the_author_are_written_out():
    macros = {r"\loss": Macro(0, r"\mathcal{L}"), r"\dd": Macro(2, r"\frac{\partial #1}{\partial #2}")}
    assert said(mathml(r"\dd{\loss}{W}", macros=macros)) == "∂ℒ∂W"


def test_macros_without_an_end_are_bounded():
    macros = {"\\a": Macro(0, r"\a\a"), **{f"\\{x}": Macro(0, rf"\{y}\{y}\{y}") for x, y in zip("bcdefghijk", "cdefghijkl", strict=True)}}
    assert converted(r"\a", macros=macros) is None
    assert converted(r"\b", macros=macros) is None


HOSTILE = [
    "<script>alert(1)</script>",
    r"\text{<script>alert(1)</script>}",
    r"\mathrm{<img src=x onerror=alert(1)>}",
    r"\class{x\" onmouseover=alert(1) a=\"}{y}",
    r"\style{background:url(http://x/y)}{z}",
    r"\href{javascript:alert(1)}{x}",
    r"\color{red\" onclick=\"alert(1)}{x}",
    r"\text{&lt;img src=x onerror=alert(1)&gt;}",
    r"\text{&#60;script&#62;alert(1)&#60;/script&#62;}",
    r"\unicode{x3c}script\unicode{x3e}",
    r"\operatorname{a}\verb|<b onclick=x>|",
    r"\rule{1em}{<x>}",
]


@pytest.mark.parametrize("latex", HOSTILE)
def test_nothing_becomes_markup(latex):
    for tag, attrs in Elements(mathml(latex)).found:
        assert tag == "code" or tag[0] == "m"
        assert not {name for name, _ in attrs} & {"style", "href", "src", "onclick", "onmouseover", "onerror"}
        assert all(re.fullmatch(r"[\w.+%-]*", value) for _, value in attrs)
