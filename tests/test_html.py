"""HTML: one file that needs nothing else, every link in it leads somewhere, and what a sheet says is text."""

import re
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import pytest

import symgrad
from symgrad.emit import html, sheet_html
from symgrad.library import load, parts_of, shipped
from symgrad.paper import Paper
from symgrad.pipeline import derive
from symgrad.solution import document, paper_document
from symgrad.span import Source
from symgrad.verifying import load_sheet, verify

SHEET = Path(symgrad.__file__).parents[1] / "derivations" / "midterm-review.md"
VOID = {"meta", "br", "hr", "link", "img", "input"}


class Page(HTMLParser):
    """Its elements with their attributes, in order; that they are closed in order is asserted."""

    def __init__(self, text):
        super().__init__(convert_charrefs=False)
        self.elements, self.open = [], []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert tag in VOID or self.open.pop() == tag

    def all(self, attribute):
        return [attrs[attribute] for _, attrs in self.elements if attribute in attrs]


def text_of(page):
    body = page.partition("<body")[2]
    return unescape(re.sub(r"<[^>]*>", "", body.partition(">")[2]))


def is_alone(markup):
    """Nothing is fetched or run, every anchor is there once, every link inside the page leads to one."""
    page = Page(markup)
    tags = {tag for tag, _ in page.elements}
    assert not tags & {"script", "img", "iframe", "object", "embed", "link", "form", "base"}
    assert not page.all("src") and not page.all("style") and not [a for _, attrs in page.elements for a in attrs if a.startswith("on")]
    style = markup.partition("<style>")[2].partition("</style>")[0]
    assert style and not re.search(r"url\(|@import|</", style)
    ids = page.all("id")
    assert len(ids) == len(set(ids))
    for link in page.all("href"):
        assert re.match(r"https?://", link) or link.removeprefix("#") in ids
    return page


def solution(name):
    found = load(name, {})
    worked = [(part, derive(part.network, part.wrt, part.of, check=False)) for part in parts_of(found)]
    return paper_document(found.title, worked) if isinstance(found, Paper) else document(worked[0][1])


@pytest.mark.parametrize("name", sorted(shipped()))
def test_a_solution_is_one_file_with_all_of_its_mathematics(name):
    found = solution(name)
    markup = html.emit(found)
    page = is_alone(markup)
    assert "typed" not in page.all("class")
    steps = [step for section in found.sections for block in section.blocks for step in getattr(block, "steps", ())]
    assert len([i for i in page.all("id") if re.fullmatch(r"p\d+-\d+", i)]) == len(steps)


def test_a_step_folds_and_names_the_shapes():
    page = is_alone(html.emit(solution("relu-layer")))
    folding = [attrs for tag, attrs in page.elements if tag == "details" and attrs.get("class") == "step"]
    assert len(folding) > 5
    assert any("W^E is 2×3" in attrs.get("title", "") for attrs in folding)


def test_the_checks_are_in_the_page():
    found = document(derive(parts_of(load("relu-layer", {}))[0].network))
    assert text_of(html.emit(found)).count("✓ agrees") >= 2


def test_every_claim_and_finding_of_a_sheet_is_in_the_page():
    verification = verify(SHEET)
    markup = sheet_html.emit([verification])
    page, text = is_alone(markup), text_of(markup)
    notes = [attrs for _, attrs in page.elements if attrs.get("class", "").startswith("finding ")]
    assert len(notes) == len(verification.findings)
    for finding in verification.findings:
        assert text.count(finding.message) >= 1
    assert text.count("line ") >= len(verification.claims) + len(verification.findings)
    assert "✓ No step that could be judged is wrong" in text


def test_the_first_wrong_step_is_named_first_and_linked():
    wrong = SHEET.read_text("utf-8").replace(r"-2 & -4 & -6", r"-2 & 4 & -6")
    markup = sheet_html.emit([verify(Source(wrong, "notes.md"))])
    page = is_alone(markup)
    header = markup.partition("<header")[2].partition("</header>")[0]
    assert "✗ The first wrong step is in line 30" in header
    assert 'href="#line-30"' in header
    assert header.index("mark-error") < header.index("details")
    assert "mark-error" in page.all("class")


def test_several_sheets_are_one_page():
    verification = verify(Source("$x = 2$\n\n$$x + 1 = 4$$\n", "a.md"))
    page = is_alone(sheet_html.emit([verification, verification]))
    assert {"line-3", "s1-line-3"} <= set(page.all("id"))


LATEX = r"""\documentclass{article}
\newcommand{\loss}{\mathcal{L}}
\begin{document}
\section{A \emph{cell}} % not shown
With \textbf{weights} $W$ and 50\% of $x$:
\begin{align}
y &= 2x \label{eq:y} \\
\loss &= y^2
\end{align}
\begin{itemize}
\item Then $\frac{\partial \loss}{\partial x} = 8x$.
\end{itemize}
\end{document}
"""


def test_a_latex_sheet_is_read_as_its_reader_would():
    markup = sheet_html.emit([verify(Source(LATEX, "notes.tex"))])
    is_alone(markup)
    text = text_of(markup)
    assert "<h3>A " in markup and "<strong>weights</strong>" in markup and "<li>" in markup
    for hidden in ("documentclass", "newcommand", "not shown", "itemize", "\\"):
        assert hidden not in text
    assert "50% of" in text and "ℒ" in text and 'id="line-11"' in markup


HOSTILE = [
    "# A heading <script>alert(1)</script>",
    "Prose <script>alert(1)</script> and <img src=x onerror=alert(1)>",
    "$x = <script>alert(1)</script>$",
    r"$$y = \text{<script>alert(1)</script>} = 3$$",
    r"$$\class{x\" onmouseover=\"alert(1)}{y} = 1$$",
    "[a](javascript:alert(1)) [b](data:text/html,<script>alert(1)</script>) ![c](http://example.com/c.png)",
    '[a](http://example.com "$x = 1$ \\" onclick=alert(1)")',
    "[a](<http://example.com/$x=1$>)",
    "```html\n<script>alert(1)</script>\n```",
    "`<script>$x = 1$</script>`",
    "<!-- <script>alert(1)</script> -->",
    "| a | $W$ |\n|---|---|\n| <script>alert(1)</script> | $x_1 = 2$ |",
    "$$a = <script>alert(1)</script>",
    "<details><summary>x</summary>\n\n$x = 1$\n\n</details>",
    "\ue0000\ue001 and $x = 1$ and \ue00099\ue001",
    "&lt;script&gt;alert(1)&lt;/script&gt; $x = 1$",
    "\x00\x0b\u2028 $x = 1$",
    "<script>\n\nalert(1) $$x = 1 = 2$$\n\n</script>",
]


@pytest.mark.parametrize("sheet", HOSTILE)
@pytest.mark.parametrize("name", ["a.md", "<script>alert(1)</script>.md", "a.tex"])
def test_what_a_sheet_says_is_text(sheet, name):
    markup = sheet_html.emit([verify(Source(sheet, name))])
    page = is_alone(markup)
    assert "summary" not in sheet or name.endswith("tex") or "<summary>x</summary>" not in markup
    assert all(re.match(r"#|https?://", link) for link in page.all("href"))


@pytest.mark.parametrize(
    "sheet", ["", "\n", "no mathematics", "- ", "$x$\r\n\r\n$$x = 1\r\n= 2$$\r\n", "> $x = 1 = 2$\n> and\n1. $y = 1 = 2$"]
)
def test_any_sheet_has_a_page(sheet):
    verification = verify(Source(sheet, "a.md"))
    notes = sheet_html.emit([verification]).count('class="finding ')
    assert notes == len(verification.findings)


def test_a_sheet_on_disk_is_named():
    assert "midterm-review.md</p>" in sheet_html.emit([verify(load_sheet(SHEET))])
