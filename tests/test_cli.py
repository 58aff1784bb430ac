"""The command: wrong uses end with status 2 and a message; results go where they were asked to go, the same every time."""

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from symgrad.cli import main

START = 'from symgrad import Network, dimensions, square, sum\nn, d = dimensions("n d"); network = Network("least squares")\n'
START += 'X, w, y = network.data("X", n, d), network.parameter("w", d, 1), network.data("y", n, 1)\n'

FILES = {
    "layer.py": START + 'r = network.define("r", X * w - y)\nnetwork.define("L", sum(square(r)))\n',
    "vector.py": START + 'network.define("z", X * w)\n',
    "loss.py": START + 'network.define("L", X * w)\n',
    "clash.py": START + 'network.define("z", w * X)\n',
    "twice.py": START + 'network.define("x", X)\nnetwork.define("x", X + X)\n',
    "two.py": "from symgrad import Network\na, b = Network(), Network()\n",
    "undefined.py": "from symgrad import Network\nnetwork = Network()\n",
    "odd.py": 'def network(T):\n    if T % 2:\n        raise ValueError(f"{T} is odd")\n',
    "class.py": "class network:\n    def __init__(self):\n        raise SystemExit(0)\n",
    "empty.py": "",
    "number.py": "network = 3\n",
    "unclosed.py": "# a comment\nnetwork = (1 +\n",
    "nul.py": "network = 1\0\n",
    "latin.py": b'network = "caf\xe9"\n',
    "coding.py": "# -*- coding: nonsense -*-\n",
    "leaving.py": "raise SystemExit(0)\n",
    "importing.py": "import nothing_of_that_name\n",
    "misspelt.py": "from symgrad import rleu\n",
    "division.py": "network = 1 / 0\n",
    "endless.py": "def f():\n    return f()\nf()\n",
    "notes.txt": "hello\n",
    "sheet.md": "hello\n",
    "unread.md": "$$L = x \\nonsense$$\n",
}
LINES = (Path(__file__).parent / "data" / "cli_errors.txt").read_text(encoding="utf-8").splitlines()
ERRORS = [tuple(part.strip() for part in line.split("=>")) for line in LINES if line and not line.startswith("#")]


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """A folder with the files, and nothing else, to work in."""
    for name, content in FILES.items():
        (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    for name in ("folder", "folder.py"):
        (tmp_path / name).mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def run(capsys):
    """Runs the command as a shell would: the status, what was printed, and the messages."""

    def ran(*args):
        with pytest.raises(SystemExit) as left:
            main([*args], prog_name="symgrad")
        return left.value.code or 0, *capsys.readouterr()

    return ran


def derived(run, *args):
    status, printed, messages = run("derive", *args)
    assert (status, messages) == (0, "")
    return printed


# ── wrong uses ───────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("args, message", ERRORS, ids=[args for args, _ in ERRORS])
def test_a_wrong_use_ends_with_status_2_and_a_message(run, args, message):
    status, printed, messages = run("derive", *args.split())
    assert (status, printed) == (2, "")
    first = next(line for line in messages.splitlines() if line.lower().startswith("error: "))
    assert re.fullmatch(re.escape(message).replace("…", ".*"), first[len("error: ") :]), first
    assert "Traceback" not in messages


@pytest.mark.parametrize("name", FILES)
def test_every_file_that_is_wrong_is_in_the_table(name):
    assert any(args.split()[0] == name for args, _ in ERRORS)


@pytest.mark.parametrize(
    "args", ["", "layer.py more", "layer.py --nothing", "layer.py --format pdf", "layer.py --layout x", "layer.py -o folder"]
)
def test_options_there_are_not_end_with_status_2_and_the_usage(run, args):
    status, printed, messages = run("derive", *args.split())
    assert (status, printed) == (2, "")
    assert messages.startswith("Usage: symgrad derive [OPTIONS] [SOURCE]\n")


def test_a_name_too_long_for_a_file_is_a_file_there_is_not(run):
    status, printed, messages = run("derive", "a" * 300)
    assert (status, printed) == (2, "") and messages.startswith("error: there is no file aaa")


def test_a_mistake_in_a_file_is_shown_with_its_line_and_a_caret(run):
    _, _, messages = run("derive", "clash.py")
    assert messages.splitlines()[1:] == ['    network.define("z", w * X)', "                        ^^^^^", "  where w is d×1, X is n×d"]


def test_nothing_is_written_when_the_use_is_wrong(run, folder):
    run("derive", "layer.py", "--wrt", "q", "-o", "out.txt")
    assert not (folder / "out.txt").exists()


# ── what is printed, and where ───────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("form", ["text", "latex", "json", "numpy"])
def test_a_file_gets_what_a_terminal_gets(run, folder, form):
    printed = derived(run, "layer.py", "--format", form)
    assert printed.endswith("\n")
    assert derived(run, "layer.py", "--format", form, "-o", "out") == ""
    assert (folder / "out").read_text(encoding="utf-8") == printed


def test_a_fragment_has_the_sections_of_the_document_and_no_preamble(run):
    document = derived(run, "rnn", "--format", "latex")
    fragment = derived(run, "rnn", "--format", "latex", "--fragment")
    assert document.startswith(r"\documentclass")
    assert not re.search(r"\\documentclass|\\usepackage|\{document\}", fragment)
    assert fragment in document


def test_shapes_are_written_beside_symbols_when_asked_for(run):
    assert "X⟨n×d⟩ w⟨d×1⟩ − y⟨n×1⟩" in derived(run, "layer.py", "--shapes")
    assert "⟨" not in derived(run, "layer.py")
    assert r"\underset{n \times d}{X}" in derived(run, "layer.py", "--shapes", "--format", "latex")


def test_a_setting_makes_the_network_that_long(run):
    assert derived(run, "rnn", "--set", "T=4").startswith("A recurrent network over 4 steps\n")
    assert derived(run, "rnn", "--set", "T=2", "--set", "T=4") == derived(run, "rnn", "--set", "T=4")


def test_gradients_are_of_what_was_asked_for_once(run):
    def gradients(*args):
        return [g["wrt"] for g in json.loads(derived(run, "layer.py", "--format", "json", *args))["gradients"]]

    assert "w" in gradients() and "y" not in gradients()
    assert gradients("--wrt", "y", "--wrt", "X", "--wrt", "y").count("y") == 1
    assert "w" not in gradients("--wrt", "X", "--of", "L")


def test_given_values_are_computed_with_exactly(run):
    printed = derived(run, "layer.py", "--given", "X=[[1,2],[3,4]]", "--given", "w=[1,1/2]", "--given", "y=[0.5,5]")
    assert "3/2" in printed


def test_a_network_without_a_loss_says_that_there_is_no_gradient(run):
    assert "the last definition, z, is no scalar" in derived(run, "vector.py")


def test_unchecked_is_said(run):
    assert "agrees" not in derived(run, "layer.py", "--no-check")
    assert "agrees" in derived(run, "layer.py")


# ── pictures ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def drawn(run, *args):
    status, printed, messages = run("draw", *args)
    assert (status, messages) == (0, "")
    return printed


@pytest.mark.parametrize("form, begins", [("svg", "<svg "), ("tikz", "% DS 4440 Midterm Review\n")])
def test_a_picture_goes_to_the_terminal_or_to_a_file(run, folder, form, begins):
    printed = drawn(run, "midterm", "--format", form)
    assert printed.startswith(begins) and printed.endswith("\n")
    assert drawn(run, "midterm", "--format", form, "-o", "out") == ""
    assert (folder / "out").read_text(encoding="utf-8") == printed


@pytest.mark.parametrize("part", ["6", "4 back-propagation through time", "4"])
def test_a_part_of_a_paper_is_drawn_by_its_number_or_title(run, part):
    assert drawn(run, "midterm", "--part", part).count("<svg ") == 1
    assert drawn(run, "midterm").count("<svg ") == 8


@pytest.mark.parametrize(
    "args, message",
    [
        ("nothing.py", "there is no file nothing.py"),
        ("midterm --part 9", "there is no part '9'; there are 1: 2 (A) One row through the layer; 2: …"),
        ("midterm --part 2 (", "there is more than one part '2 ('; there are 1: …"),
        ("sheet.md", "sheet.md: this sheet defines no loss; …"),
    ],
)
def test_what_cannot_be_drawn_is_said(run, args, message):
    source, *options = args.split(" ", 2)
    status, printed, messages = run("draw", source, *options)
    assert (status, printed) == (2, "")
    assert re.fullmatch(re.escape(message).replace("…", ".*"), messages.splitlines()[0][len("error: ") :])


def test_gradients_are_drawn_when_asked_for(run):
    assert r"\partial h_{2} / \partial h_{1}" in drawn(run, "rnn", "--gradients")
    assert "partial" not in drawn(run, "rnn")


# ── the process ──────────────────────────────────────────────────────────────────────────────────────────────────────


def python(*args, **environment):
    command = [sys.executable, *args]
    return subprocess.run(command, capture_output=True, check=True, env={**os.environ, **environment})


LOADED = """
import sys
from symgrad.cli import main
try:
    main(prog_name="symgrad")
except SystemExit as left:
    assert not left.code
"""


@pytest.mark.parametrize("args", ["--help", "--version", "derive --help", "verify --help"])
def test_help_and_version_load_neither_sympy_nor_numpy(args):
    ran = python("-c", LOADED + "assert not {'sympy', 'numpy'} & set(sys.modules), 'loaded'", *shlex.split(args))
    assert ran.stdout and not ran.stderr


def test_importing_symgrad_loads_neither_sympy_nor_numpy():
    python("-c", "import sys, symgrad; dir(symgrad)\nassert not {'sympy', 'numpy'} & set(sys.modules)")


@pytest.mark.parametrize("form", ["text", "latex", "json", "numpy"])
def test_two_runs_give_equal_bytes(form):
    first, second = (python("-c", LOADED, "derive", "rnn", "--format", form, PYTHONHASHSEED=seed).stdout for seed in ("1", "2"))
    assert first == second and first


@pytest.mark.parametrize("form", ["svg", "tikz"])
def test_two_runs_draw_equal_bytes(form):
    first, second = (python("-c", LOADED, "draw", "midterm", "--format", form, PYTHONHASHSEED=seed).stdout for seed in ("1", "2"))
    assert first == second and first
