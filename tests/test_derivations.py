"""The derivations that ship, in every format: the texts are golden, their NumPy runs, and the answers asked for are there.

After a wanted change, `python tests/test_derivations.py` writes the golden texts anew, to be read before they are committed.
"""

import json
import os
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from evaluating import close, differences

from symgrad import names
from symgrad.cli import main
from symgrad.emit.json import as_data
from symgrad.emit.numpy import emit
from symgrad.evaluate import compiled
from symgrad.library import load, parts_of, shipped
from symgrad.pipeline import derive, forward_program
from symgrad.sympyforms import size_of

GOLDEN = Path(__file__).parent / "golden"
NAMES = [*shipped()]
PARTS = {part.title: part for name in NAMES if name != "midterm" for part in parts_of(load(name))}
FORMATS = {name: ("text", "latex", "json") if name in ("midterm", "dropping") else ("text", "latex", "json", "numpy") for name in NAMES}
SIZES = {"b": 5, "d": 4, "n": 7, "m": 2, "k": 3, "p": 6}
"""Distinct, and as the convolution's conditions ask."""


@cache
def printed(name, form="text"):
    ran = CliRunner().invoke(main, ["derive", name, "--format", form])
    assert ran.exit_code == 0, ran.output
    return ran.stdout


@cache
def worked(title):
    part = PARTS[title]
    return derive(part.network, part.wrt)


def measured(text):
    """The text with its measured errors made alike, in the same width."""
    return re.sub(r"\b\d\.\de-\d\d\b", "#.#e-##", text)


every_name = pytest.mark.parametrize("name", NAMES)
every_part = pytest.mark.parametrize("title", PARTS)

# ── the texts ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_what_ships():
    assert NAMES == ["cnn-rnn", "dropping", "midterm", "relu-layer", "rnn"]
    assert sorted(path.stem for path in GOLDEN.glob("*.txt")) == NAMES


@every_name
def test_the_text_is_the_golden_one(name):
    assert measured(printed(name)) == (GOLDEN / f"{name}.txt").read_text(encoding="utf-8")


@every_name
def test_lines_fit_a_terminal_and_end_without_blanks(name):
    lines = printed(name).splitlines()
    assert [line for line in lines if len(line) > 80 or line != line.rstrip()] == []


@every_name
def test_steps_are_numbered_in_order_and_rest_on_earlier_ones(name):
    for section in json.loads(printed(name, "json")).get("parts", [json.loads(printed(name, "json"))]):
        for number, step in enumerate(section["steps"], 1):
            assert all(1 <= use < number for use in step["from"]), (number, step)


@every_name
def test_every_gradient_agrees(name):
    errors = re.findall(r"(\d\.\de-\d\d) +(\w+)$", printed(name), re.MULTILINE)
    assert all(verdict == "agrees" and float(error) < 1e-8 for error, verdict in errors)
    assert errors


@pytest.mark.parametrize("name, form", [(name, form) for name in NAMES for form in FORMATS[name]])
def test_every_format_is_printed_and_ends_its_line(name, form):
    assert printed(name, form).endswith("\n") and len(printed(name, form)) > 400


@every_name
def test_latex_is_balanced_and_plain(name):
    latex = printed(name, "latex")
    assert latex.isascii()
    assert len(re.findall(r"\\left\b", latex)) == len(re.findall(r"\\right\b", latex))
    opened, closed = (re.findall(rf"\\{word}\{{([a-z*]+)\}}", latex) for word in ("begin", "end"))
    assert sorted(opened) == sorted(closed) and "document" in opened
    assert latex.count("{") - latex.count(r"\{") == latex.count("}") - latex.count(r"\}")


EVERYTHING = """
from symgrad.emit import json, latex, numpy, text
from symgrad.library import load, parts_of
from symgrad.pipeline import derive
from symgrad.solution import document, paper_document
paper = load("midterm")
worked = [(part, derive(part.network, part.wrt)) for part in paper.parts]
page = paper_document(paper.title, worked)
print(text.emit(page), latex.emit(page, False, False), json.emit([d for _, d in worked]), *(numpy.emit(d) for _, d in worked))
print(*(text.emit(document(d)) + d._repr_latex_() for _, d in worked))
"""


def test_two_processes_write_the_same():
    def written(seed):
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        return subprocess.run([sys.executable, "-c", EVERYTHING], capture_output=True, check=True, env=environment).stdout

    first = written("1")
    assert first == written("2") and len(first) > 40_000


# ── JSON ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def strings(found):
    return isinstance(found, list) and all(isinstance(x, str) for x in found)


@pytest.mark.parametrize("name, at", [(name, at) for name in NAMES for at in range(len(parts_of(load(name))))])
def test_json_keeps_its_contract(name, at):
    data = json.loads(printed(name, "json"))
    assert data["version"] == 1
    part = data["parts"][at] if "parts" in data else data
    assert part["version"] == 1 and part["of"] in {d["name"] for d in part["definitions"]} | {None}
    for definition in part["definitions"]:
        assert {"name", "shape", "latex"} <= definition.keys() and strings(definition["shape"]) and definition["latex"]
    assert bool(part["gradients"]) == (part["of"] is not None)
    for gradient in part["gradients"]:
        assert {"wrt", "shape", "latex", "numpy", "checks"} <= gradient.keys() and strings(gradient["shape"])
        assert gradient["latex"] and gradient["numpy"]
        (check,) = gradient["checks"]
        assert check["method"] == "finite_differences" and check["holds"] is True and 0 <= check["max_relative_error"] < 1e-8
    for step in part["steps"]:
        assert {"latex", "rule", "from"} <= step.keys() and step["latex"] and isinstance(step["rule"], str)
        assert all(type(use) is int for use in step["from"])


# ── NumPy ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def point(network, seed=11):
    rng = np.random.default_rng(seed)
    values = {}
    for name, item in network.inputs.items():
        shape = tuple(int(dim.evaluate(SIZES)) for dim in item.shape)
        values[name] = (rng.random(shape) < 0.6).astype(float) if item.role == "mask" else rng.normal(0, 0.5, shape)
    return values


def inputs(data, at):
    """The point by the identifiers that the JSON has for the inputs."""
    return {item["identifier"]: at[item["name"]] for item in data["inputs"]}


def json_of(title):
    return json.loads(json.dumps(as_data(worked(title))))


@every_part
def test_the_numpy_function_returns_the_slopes_of_its_loss(title):
    space = {}
    exec(compile(emit(worked(title)), title, "exec"), space)
    data, at = json_of(title), point(PARTS[title].network)
    given = inputs(data, at)
    loss, gradients = space["loss_and_gradients"](**given)
    spelled = {item["identifier"]: item["name"] for item in data["inputs"]}
    assert [spelled[name] for name in gradients] == list(worked(title).wrt)
    program = forward_program(worked(title).network, worked(title).results)
    evaluated = compiled(program).run(at, {})
    close(np.asarray(loss, dtype=float).item(), np.asarray(evaluated[worked(title).of], dtype=float).item(), 1e-12)
    for name, gradient in gradients.items():
        slopes = differences(lambda moved: np.asarray(space["loss_and_gradients"](**moved)[0]).item(), given, name)
        close(gradient, slopes)
        close(gradient, np.asarray(evaluated[names.gradient(worked(title).of, spelled[name])]), 1e-12)


@every_part
def test_the_expressions_of_the_json_are_the_gradients(title):
    data, at = json_of(title), point(PARTS[title].network)
    program = forward_program(worked(title).network, worked(title).results)
    evaluated = compiled(program).run(at, {})
    for gradient in data["gradients"]:
        value = eval(gradient["numpy"], {"np": np, **inputs(data, at)})
        close(np.asarray(value, dtype=float), np.asarray(evaluated[names.gradient(data["of"], gradient["wrt"])], dtype=float), 1e-10)
        assert np.shape(value) == tuple(int(d.evaluate(SIZES)) for d in worked(title).results[gradient["wrt"]].shape)


@every_part
def test_the_sympy_gradients_have_the_shapes_and_texts_of_the_printed_ones(title):
    for result in worked(title).results.values():
        found = result.sympy
        assert getattr(found, "shape", (1, 1)) in (tuple(map(size_of, result.shape)), (1, 1))
        assert str(found) == repr(result).split(" = ", 1)[1]


# ── the answers ──────────────────────────────────────────────────────────────────────────────────────────────────────

ANSWERS = [
    # problem of the sheet, the derivation by itself, what is printed of it
    ("2 (A)", "midterm", ["(3) x = [−2  1]", "(5) z = [1  −7  2]", "(6) h = [1  0  2]"]),
    ("2 (B)", "relu-layer", ["z = ⎡ 1  −7   2⎤\n⎣18  −9  −3⎦", "h = ⎡ 1  0  2⎤\n⎣18  0  0⎦"]),
    ("2 (C) forward", "relu-layer", ["ŷ = h W^o", "ŷ = ⎡ 7⎤\n⎣18⎦", "L = Σ (y − ŷ)²", "y = ⎡ 8⎤\n⎣11⎦"]),
    ("2 (C)", "relu-layer", ["∂L/∂h = −2 (y − ŷ) W^oᵀ", "∂L/∂h = ⎡−2  −4  −6⎤\n⎣14  28  42⎦"]),
    ("2 (C) beyond", "relu-layer", ["∂L/∂W^o = −2 hᵀ (y − ŷ)", "∂L/∂W^E = −2 xᵀ (((y − ŷ) W^oᵀ) ⊙ ReLU′(z))"]),
    ("3 (A)", "dropping", ["z[1]      ●           ·           ●           ·", "z[2]      ·           ●           ·           ●"]),
    (
        "3 (B)",
        "dropping",
        ["⎡1  0   3  0⎤\nW^(l) = ⎢0  6   0  8⎥\n⎣9  0  11  0⎦", "∂L/∂W = ∂L/∂z · ∂z/∂W\n= M ⊙ ((∂L/∂z) h^(l−1)ᵀ)", "W^(l)ᵀ (∂L/∂z)"],
    ),
    ("3 (C)", "dropping", ["(∂L/∂z) (m ⊙ h^(l−1))ᵀ", "m ⊙ (Wᵀ (∂L/∂z))", "⎡  0  0    0  0⎤\n∂L/∂W = ⎢−14  0  −42  0⎥\n⎣  2  0    6  0⎦"]),
    ("4 (A)", "rnn", ["ŷ = σ(W^(o) h₃) 1×1", "W^(o) parameter 1×d"]),
    ("4 (B)", "rnn", ["x₁ ─W^(x)─▶ h₁ ─W^(h)─▶ h₂ ─W^(h)─▶ h₃ ─W^(o)─▶ ŷ ───▶ L", "h₀ ─W^(h)─▶ h₁"]),
    (
        "4 (C)",
        "rnn",
        [
            "∂L/∂h₃ = ∂L/∂ŷ · ∂ŷ/∂h₃",
            "∂L/∂hₜ₋₁ = ∂L/∂hₜ · ∂hₜ/∂hₜ₋₁\n= W^(h)ᵀ (∂L/∂hₜ ⊙ (1 − hₜ ⊙ hₜ))",
            "∂L/∂W^(h) = Σ[t=1..3] ∂L/∂hₜ · ∂hₜ/∂W^(h)\n= Σ[t=1..3] (∂L/∂hₜ ⊙ (1 − hₜ ⊙ hₜ)) hₜ₋₁ᵀ",
            "the last factor is the direct dependence",
        ],
    ),
    ("5 shapes", "cnn-rnn", ["X data b×m×k×d", "C definition (k·m/2)×32", "W^(h) parameter (d + 32)×d", "k·m is even", "k·m/2 = 3"]),
    ("5 counts", "cnn-rnn", ["64d + 32 = 32(2d + 1)", "W^(h) (d + 32)×d d² + 32d", "total d² + 97d + 32"]),
    ("5 gradients", "cnn-rnn", ["∂L/∂F = ∂L/∂C · ∂C/∂F", "∂L/∂β = ∂L/∂C · ∂C/∂β", "Σ[t=1..3] [cₜ  hₜ₋₁]ᵀ (∂L/∂hₜ ⊙ (1 − hₜ ⊙ hₜ))"]),
]


def folded(text):
    """Lines without their indents, runs of blanks as one, numbers and reasons of steps gone."""
    lines = [re.sub(r"\s*\[[a-z][^\[\]]*\]$", "", line).strip() for line in text.splitlines()]
    return "\n".join(re.sub(r" {2,}", " ", re.sub(r"^\(\d+\) ", "", line)) for line in lines)


@pytest.mark.parametrize("problem, name, answers", ANSWERS, ids=[problem for problem, _, _ in ANSWERS])
@pytest.mark.parametrize("whole", [False, True], ids=["alone", "midterm"])
def test_the_answers_to_the_sheet_are_printed(problem, name, answers, whole):
    text = folded(printed("midterm" if whole else name))
    assert [answer for answer in answers if folded(answer) not in text] == []


if __name__ == "__main__":
    for name in NAMES:
        (GOLDEN / f"{name}.txt").write_text(measured(printed(name)), encoding="utf-8")
