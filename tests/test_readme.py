"""Every command and every snippet of the README is run, and prints what the README says."""

import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from symgrad.cli import main

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


def run(command, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "derivations").symlink_to(ROOT / "derivations")
    program, *args = shlex.split(command)
    assert program == "symgrad"
    result = CliRunner().invoke(main, args)
    assert result.exit_code == 0, result.output
    return result.output


COMMANDS = [line.removeprefix("$ ") for block in blocks("console") for line in block.splitlines() if line.startswith("$ ")]


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_runs(command, monkeypatch, tmp_path):
    run(command, monkeypatch, tmp_path)


def test_there_are_commands():
    assert len(COMMANDS) >= 4


def test_the_shown_output_is_real(monkeypatch, tmp_path):
    shown, _ = blocks("text")
    assert shown.strip() in run("symgrad derive rnn", monkeypatch, tmp_path)


def test_the_shown_finding_is_real(monkeypatch, tmp_path):
    """The sheet that the README speaks of, with the derivative of the ReLU forgotten in line 15."""
    _, shown = blocks("text")
    lines = [""] * 4 + [
        "$Z = X W_1$, $H = \\mathrm{ReLU}(Z)$, $\\hat{Y} = H W_2$, $L = \\frac12 \\|\\hat Y - Y\\|^2$",
        *[""] * 9,
        "$$\\frac{\\partial L}{\\partial Z} = \\frac{\\partial L}{\\partial H}$$",
    ]
    monkeypatch.chdir(tmp_path)
    Path("notes.md").write_text("\n".join(lines), "utf-8")
    result = CliRunner().invoke(main, ["verify", "notes.md"])
    assert result.exit_code == 1
    assert shown.strip() in result.output


def test_the_snippet_prints_what_it_says(capsys):
    (snippet,) = blocks("python")
    exec(compile(snippet, "README.md", "exec"), {})
    printed = capsys.readouterr().out.strip()
    assert printed == re.search(r"print\(.*\)  # (.*)", snippet)[1]


def test_the_install_commands_are_what_ci_runs():
    install, test = blocks("sh")
    assert install.strip().endswith("symgrad derive midterm")
    assert "pytest" in test
    ci = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert "readme 1" in ci and "readme 2" in ci


def test_links_lead_somewhere():
    for target in re.findall(r"\]\((?!http)([^)#]+)\)", README):
        assert (ROOT / target).exists(), target
