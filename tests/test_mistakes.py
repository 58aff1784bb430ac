"""Every mistake of the catalogue, made in every derivation that ships: the line is wrong by its values, and diagnosed as what was made.

A derivation is written out by our own emitter, read and judged as a sheet; then a mistake changes one side of one line.
"""

import sys
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from symgrad import derive
from symgrad import syntax as sx
from symgrad.dims import latex_shape
from symgrad.emit.latex import equation
from symgrad.library import load, parts_of, shipped
from symgrad.literals import literal_rows
from symgrad.mistakes import diagnosed
from symgrad.mistakes.made import MADE
from symgrad.mistakes.notation import Notation, pieces
from symgrad.span import Source
from symgrad.verifying import judged_parts, read_sheet

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))
from planting import is_false
from verify import alike

PARTS = {f"{name}: {part.title}": part for name in shipped() for part in parts_of(load(name))}
FORMULAS = [made for made in MADE if made.of == "formula"]


def sheet(part):
    """The derivation as a sheet: what is declared, what is defined, and every equation that is derived."""
    derivation = derive(part.written_out, part.wrt, part.of, check=False)
    declared = [rf"${name} \in \mathbb{{R}}^{{{latex_shape(item.shape)}}}$" for name, item in part.written_out.inputs.items()]
    masks = [f"${name}$ is a mask of zeros and ones." for name, item in part.written_out.inputs.items() if "mask" in item.properties]
    kept = [step for step in derivation.steps if step.kind in ("definition", "gradient", "written out")]
    return "\n\n".join(["Let " + ", ".join(declared) + ".", *masks, *(f"$${equation(step)}$$" for step in kept)])


# Those that make the same sheet are tried once.
SHEETS = {text: title for title, text in reversed([(title, sheet(part)) for title, part in PARTS.items()])}


@cache
def judged(text):
    return list(judged_parts(read_sheet(Source(text, "sheet.md"))))


def changed(text, made):
    """The lines that a mistake changes into wrong ones: the judge, and the line."""
    for judge, found in judged(text):
        notation = Notation.of([s.node for s in judge.gathered.sheet.statements], judge.meaning.styled)
        for ruling in found.rulings:
            link = ruling.link
            if ruling.verdict != "holds" or literal_rows(link.right) is not None:
                continue
            for piece in pieces(link.right):
                for new in made.make(piece, notation):
                    wrong = replace(link, right=sx.mapped(link.right, lambda node, piece=piece, new=new: new if node is piece else node))
                    if is_false(judge, ruling, wrong):
                        yield judge, wrong


@cache
def told(text):
    """For every mistake that has a place in a derivation: its name, the verdict and the cause that are given, and whether that is right."""
    found = {}
    for made in FORMULAS:
        judge, wrong = next(changed(text, made), (None, None))
        if judge is not None:
            judge.repairs_tried = 0  # as in a sheet of its own
            ruling = judge.rule(wrong)
            cause = diagnosed(judge, ruling).cause
            right = ruling.verdict != "holds" and any(alike(cause, meant) for meant in made.causes.split())
            found[made.name] = (ruling.verdict, cause, right)
    return found


@pytest.mark.parametrize("text", SHEETS, ids=SHEETS.values())
def test_every_mistake_is_told(text):
    assert {name: said for name, said in told(text).items() if not said[-1]} == {}


def test_the_derivations_have_a_place_for_most_mistakes():
    assert len({name for text in SHEETS for name in told(text)}) >= 20


@pytest.mark.parametrize("text", SHEETS, ids=SHEETS.values())
def test_the_derivations_read_as_they_are_printed(text):
    assert [(r.link, r.reason) for _, found in judged(text) for r in found.rulings if r.verdict != "holds"] == []
