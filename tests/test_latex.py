"""The LaTeX of every derivation that ships: balanced, escaped, and good for pdflatex in a document of one's own."""

import re
import shutil
import subprocess
from functools import cache

import pytest

from symgrad import Network, derive, dimensions, hadamard, relu, square, sum
from symgrad.emit import latex
from symgrad.emit import text as page
from symgrad.emit.latex import PREAMBLE, escape
from symgrad.library import load, parts_of, shipped
from symgrad.paper import Paper
from symgrad.solution import document, paper_document

every_derivation = pytest.mark.parametrize("name", [*shipped(), "awkward"])


def awkward():
    """Names and a title full of what LaTeX takes for its own signs."""
    net = Network(r"50% of $x_1$ & {more} #3 ~ a^2 \today α ∂ → “quoted” <i>")
    n = dimensions("n")
    x, a, h = net.parameter("x%", n, 1), net.data("a&b_#1", n, 1), net.data("h′", n, 1)
    z = net.define("z_1~", relu(hadamard(x, a)))
    net.define("loss $", sum(square(z - h)))
    return net


@cache
def solution(name):
    found = awkward() if name == "awkward" else load(name)
    worked = [(part, derive(part.network, part.wrt, part.of)) for part in parts_of(found)]
    return paper_document(found.title, worked) if isinstance(found, Paper) else document(worked[0][1])


PAIRS = {"}": "{", r"\right": r"\left"}


def written(name, fragment, shapes):
    return latex.emit(solution(name), fragment, shapes)


@every_derivation
@pytest.mark.parametrize("shapes", [False, True], ids=["plain", "shapes"])
@pytest.mark.parametrize("fragment", [False, True], ids=["document", "fragment"])
def test_what_is_opened_is_closed(name, fragment, shapes):
    source = re.sub(r"\\[\\{}%$&#]", "", written(name, fragment, shapes))
    opened = []
    for opening, closing in re.findall(r"(\\left(?![a-z])|\\begin\{.*?\}|\{)|(\\right(?![a-z])|\\end\{.*?\}|\})", source):
        if opening:
            opened.append(opening)
        else:
            assert PAIRS.get(closing, closing.replace("end", "begin")) == opened.pop(), closing
    assert not opened
    assert source.count("$") % 2 == 0


@every_derivation
def test_letters_are_those_that_pdflatex_has(name):
    source = written(name, False, True)
    assert all(ord(char) < 256 or char in "“”" for char in source)
    assert not re.search(r"(?<!\\)%|\t", source)


@pytest.mark.parametrize(
    "prose, source",
    [
        ("50% of W_1", r"50\% of W\_1"),
        ("{a & b} #3 $5", r"\{a \& b\} \#3 \$5"),
        (r"\today", r"\textbackslash{}today"),
        ("a^2 ~ b", r"a\textasciicircum{}2 \textasciitilde{} b"),
        ("ReLU′(0) = 0", r"ReLU$'$(0) = 0"),
        ("α, 2×3, −1", r"$\alpha$, 2$\times$3, $-$1"),
        ("k·m is even", r"k$\cdot$m is even"),
        ("naïve façade", "naïve façade"),
    ],
)
def test_prose_is_escaped(prose, source):
    assert escape(prose) == source


def test_mathematics_in_prose_is_set_as_mathematics():
    source = written("midterm", False, False)
    assert r"those before: $M \odot (\delta h^{\top})$ is zero" in re.sub(r" +", " ", source).replace("} )", "})")
    assert re.search(r"\(sizes \$b\$ = \d; \$b\$ = \d\)", source)
    assert "`" not in source + page.emit(solution("midterm"))


def test_a_table_stays_with_the_sentence_before_it():
    source = written("rnn", False, False)
    assert re.search(r"samepage\}\n+Every formula[^\\]*(?:.|\n)*\\end\{tabular\}\n\\end\{center\}\n\\end\{samepage\}", source)


def test_a_document_names_what_its_fragment_needs():
    """The preamble has every package that a fragment needs, and a fragment brings its own commands."""
    fragment = written("midterm", True, False)
    assert r"\providecommand{\fit}" in fragment
    for command, package in ((r"\begin{alignat*}", "amsmath"), (r"\begin{tikzpicture}", "tikz"), (r"\resizebox", "graphicx")):
        assert command in fragment and package in PREAMBLE


def test_matrices_are_set_side_by_side_and_steps_are_numbered():
    source = written("relu-layer", False, False)
    assert r"\begin{bmatrix} -2 & 1 \\ 3 & 5 \end{bmatrix}" in source
    numbers = [int(n) for n in re.findall(r"\\text\{\((\d+)\)\}|\\mbox\{\((\d+)\)", source) for n in n if n]
    assert numbers == list(range(1, len(numbers) + 1)) and len(numbers) > 5


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed; .ci/run installs it and compiles every derivation")
@pytest.mark.parametrize("shapes", [False, True], ids=["plain", "shapes"])
def test_fragments_compile_in_a_document_of_ones_own(tmp_path, shapes):
    lines = [PREAMBLE, r"\begin{document}"]
    for name in [*shipped(), "awkward"]:
        (tmp_path / f"{name}.tex").write_text(written(name, True, shapes), encoding="utf-8")
        lines += [escape(solution(name).title), rf"\input{{{name}}}"]
    (tmp_path / "own.tex").write_text("\n".join([*lines, r"\end{document}", ""]), encoding="utf-8")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "own.tex"]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, check=False)
    log = (tmp_path / "own.log").read_text(encoding="latin-1")
    assert ran.returncode == 0, log[-3000:]
    assert not re.findall(r"^(?:LaTeX .*Warning|Package .*Warning|Overfull|!).*", log, re.MULTILINE)
