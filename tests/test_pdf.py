"""PDF: mathematics for Typst (data/typst.txt), every derivation that ships, and what is said when nothing can make one."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from test_latex import every_derivation, solution

from symgrad.cli import main
from symgrad.emit import latex, pdf, typst
from symgrad.emit.typstmath import math
from symgrad.errors import SymgradError
from symgrad.solution import Equations

LINES = (Path(__file__).parent / "data" / "typst.txt").read_text(encoding="utf-8").splitlines()
CASES = [tuple(part.strip() for part in line.split(" => ")) for line in LINES if line and not line.startswith("# LaTeX")]


@pytest.mark.parametrize("source, written", CASES, ids=[source for source, _ in CASES])
def test_mathematics_is_rewritten(source, written):
    assert math(source) == written


def test_everything_rewritten_compiles():
    page = "#set page(height: auto)\n" + "\n\n".join(f"$ {written} $" for _, written in CASES)
    assert pdf.by_typst(page).startswith(b"%PDF")


@every_derivation
@pytest.mark.parametrize("shapes", [False, True], ids=["plain", "shapes"])
def test_every_derivation_becomes_a_pdf(name, shapes):
    source = typst.emit(solution(name), shapes)
    steps = [s for section in solution(name).sections for block in section.blocks if isinstance(block, Equations) for s in block.steps]
    assert [int(n) for n in re.findall(r"#(?:box)?\[\((\d+)\)", source)] == [step.number for step in steps]
    assert source.count("image(bytes(") == latex.emit(solution(name)).count(r"\begin{tikzpicture}")
    first, second = pdf.by_typst(source), pdf.by_typst(source)
    assert first.startswith(b"%PDF") and first == second


@every_derivation
def test_no_command_of_latex_is_left_over(name):
    """A command that is not known is written by its name; no record of symgrad's has one."""
    words = set(re.findall(r'"([a-z]+)"', "".join(re.findall(r"\$[^$]*\$", typst.emit(solution(name), True)))))
    assert not words & {"begin", "end", "left", "right", "frac", "top", "odot", "mathbf", "operatorname", "underset"}


def test_prose_is_no_markup():
    """What Typst would read as code, mathematics or a heading stands in literals."""
    source = typst.emit(solution("awkward"))
    outside = re.sub(r'"(?:[^"\\]|\\.)*"', "", source)
    assert r"#3 ~ a^2 \\today" in source
    assert not re.search(r"today|quoted|<i>", outside)


@pytest.mark.parametrize(
    "typst_there, programs, wanted, engine",
    [
        (True, ["pdflatex"], None, "typst"),
        (False, ["pdflatex"], None, "latex"),
        (False, ["latexmk"], None, "latex"),
        (True, [], None, "typst"),
        (True, ["pdflatex"], "latex", "latex"),
        (False, [], None, "no PDF: the typst wheel is not installed; `pip install 'symgrad.pdf.'`; or neither latexmk nor pdflatex .*"),
        (False, ["pdflatex"], "typst", "no PDF: the typst wheel is not installed; `pip install 'symgrad.pdf.'`"),
        (True, [], "latex", "no PDF: neither latexmk nor pdflatex is installed; .*"),
    ],
)
def test_the_engine_is_the_one_there_is_or_the_message_says_what_to_install(monkeypatch, typst_there, programs, wanted, engine):
    monkeypatch.setattr(pdf, "_has_typst", lambda: typst_there)
    monkeypatch.setattr(shutil, "which", lambda name: name if name in programs else None)
    if engine in pdf.ENGINES:
        assert pdf.engine_for(wanted) == engine
        return
    with pytest.raises(SymgradError, match=engine):
        pdf.engine_for(wanted)


@pytest.mark.parametrize("program", ["latexmk", "pdflatex"])
def test_tex_has_no_shell_to_escape_to(monkeypatch, program):
    commands = []
    monkeypatch.setattr(shutil, "which", lambda name: name if name == program else None)

    def run(command, **_):
        commands.append(command)
        return subprocess.CompletedProcess(command, 1, b"! LaTeX Error: File `tikz.sty' not found.\n", b"")

    monkeypatch.setattr(subprocess, "run", run)
    with pytest.raises(SymgradError, match=f"no PDF: {program} stopped; ! LaTeX Error: File `tikz.sty' not found."):
        pdf.by_latex("")
    assert "-no-shell-escape" in " ".join(commands[0])


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed; .ci/run installs it")
def test_tex_makes_a_pdf_where_it_is_asked_to(tmp_path):
    for command in ("derive", "draw"):
        with pytest.raises(SystemExit) as left:
            main([command, "relu-layer", "--pdf-engine", "latex", "-o", str(tmp_path / "out.pdf")], prog_name="symgrad")
        assert not left.value.code and (tmp_path / "out.pdf").read_bytes().startswith(b"%PDF")


@pytest.mark.parametrize("args", ["derive midterm", "derive rnn --shapes", "draw midterm", "draw rnn --gradients"])
def test_a_file_named_pdf_is_one(tmp_path, capsys, args):
    with pytest.raises(SystemExit) as left:
        main([*args.split(), "-o", str(tmp_path / "out.PDF")], prog_name="symgrad")
    assert not left.value.code and capsys.readouterr() == ("", "")
    assert (tmp_path / "out.PDF").read_bytes().startswith(b"%PDF")


@pytest.mark.parametrize(
    "args, message",
    [
        ("derive rnn --pdf-engine typst", "--pdf-engine goes with -o FILE.pdf"),
        ("derive rnn --format json -o out.pdf", "-o FILE.pdf gets a PDF; --format does not go with it"),
        ("draw rnn --format tikz -o out.pdf", "-o FILE.pdf gets a PDF; --format does not go with it"),
    ],
)
def test_options_that_do_not_go_with_a_pdf_are_said(capsys, args, message):
    with pytest.raises(SystemExit) as left:
        main(args.split(), prog_name="symgrad")
    assert left.value.code == 2 and f"Error: {message}" in capsys.readouterr().err
