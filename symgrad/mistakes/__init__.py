"""The catalogue of mistakes: what turns a wrong claim into a right one, each tried and checked like any other claim.

A record has a name and a rule that yields a diagnosis for every repair under which the claim holds; the first one is given. Nothing is
guessed from the text alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from symgrad import names
from symgrad.errors import SymgradError
from symgrad.judge import Judge, Ruling
from symgrad.mistakes import edits, numbers, truths, values
from symgrad.mistakes.case import Case, Diagnosis
from symgrad.mistakes.counterexample import counterexample

__all__ = ["CATALOGUE", "Diagnosis", "Mistake", "counterexample", "diagnosed"]


@dataclass(frozen=True)
class Mistake:
    """One kind of mistake."""

    name: str
    repairs: Callable[[Case], Iterator[Diagnosis]]


# What is tried, in this order: a named slip before a nameless one, a repair in one place before one of the whole.
CATALOGUE: tuple[Mistake, ...] = (
    Mistake("a number for a factor", values.number),
    Mistake("all numbers changed in one way", numbers.whole),
    Mistake("one number's sign", numbers.one_sign),
    Mistake("an old value", numbers.older_value),
    Mistake("another given value", numbers.other_given),
    Mistake("a mask left out of the side", values.mask),
    Mistake("a slope left out of the side", values.slope),
    Mistake("a size for a factor", values.size),
    Mistake("a path of the chain left out", truths.path),
    Mistake("only the diagonal of the softmax", truths.softmax),
    Mistake("only the diagonal of the softmax Jacobian", truths.softmax_jacobian),
    Mistake("a sign", edits.repairs(edits.sign)),
    Mistake("a transpose", edits.repairs(edits.transpose)),
    Mistake("indices exchanged", edits.repairs(edits.letters)),
    Mistake("a prime", edits.repairs(edits.prime)),
    Mistake("the other product", edits.repairs(edits.operator)),
    Mistake("the order of factors", edits.repairs(edits.order)),
    Mistake("a neighbour", edits.repairs(edits.index)),
    Mistake("an activation confused", edits.repairs(edits.activation)),
    Mistake("a name confused throughout", edits.everywhere),
    Mistake("a slope left out", edits.repairs(edits.slope)),
    Mistake("a mask left out", edits.repairs(edits.mask)),
    Mistake("half of a slope", edits.repairs(edits.half_slope)),
    Mistake("a slope left out further in", truths.slope),
    Mistake("a mask left out further in", truths.mask),
    Mistake("a term left out", truths.term),
    Mistake("a sum", edits.repairs(edits.summation)),
    Mistake("a number in a term", edits.repairs(edits.number)),
    Mistake("a factor too many", edits.repairs(edits.factor)),
    Mistake("a named factor", edits.repairs(edits.scalar)),
    Mistake("a power", edits.repairs(edits.power)),
    Mistake("a term too many", edits.repairs(edits.term)),
    Mistake("another name", values.another_name),
    Mistake("a named factor of the side", values.name),
    Mistake("a factor of any size", values.proportional),
    Mistake("entries that differ", numbers.entries),
)


def diagnosed(judge: Judge, ruling: Ruling) -> Diagnosis:
    """The first repair that holds; else what is expected, as far as it is known."""
    case = Case(judge, ruling)
    for mistake in CATALOGUE:
        try:
            diagnosis = next(mistake.repairs(case), None)
        except SymgradError:
            continue  # what cannot be built explains nothing
        if diagnosis is not None:
            return diagnosis
    if ruling.pair is None:
        return Diagnosis("shape_mismatch", case.span, ruling.reason, _expected(case))
    return Diagnosis("unknown", case.span, "it does not hold", _expected(case))


def _expected(case: Case) -> str:
    """The gradient as it should be, where the left side is one."""
    try:
        for reading in case.judge.reader(case.link).side(case.link.left, case.judge.meaning.shapes):
            if reading.term.op == "gradient":
                of, wrt = reading.term.params
                return f"{names.text(names.gradient(of, wrt))} = {case.written(case.judge.lab.gradient(of, wrt).node)}"
    except SymgradError:
        pass
    return ""
