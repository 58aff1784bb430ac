"""The catalogue of mistakes: what turns a wrong claim into a right one, each tried and checked like any other claim.

A record has a name and a rule that yields a diagnosis for every repair under which the claim holds; the first one is given. Nothing is
guessed from the text alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from symgrad import names
from symgrad import syntax as sx
from symgrad.errors import SymgradError
from symgrad.implied import is_made_up
from symgrad.judge import Judge
from symgrad.mistakes import activations, edits, followed, indices, numbers, solving, truths, values
from symgrad.mistakes.case import Case, Diagnosis
from symgrad.mistakes.counterexample import counterexample
from symgrad.mistakes.repairing import repairs
from symgrad.read import functions as fn
from symgrad.ruling import Ruling
from symgrad.syntax import Node

__all__ = ["CATALOGUE", "Diagnosis", "Mistake", "counterexample", "diagnosed", "repaired"]


@dataclass(frozen=True)
class Mistake:
    """One kind of mistake. A `telling` repair shows by itself that the claim is wrong, also where a name in it is unknown."""

    name: str
    repairs: Callable[[Case], Iterator[Diagnosis]]
    telling: bool = True


# What is tried, in this order: a named slip before a nameless one, a repair in one place before one of the whole.
CATALOGUE: tuple[Mistake, ...] = (
    Mistake("a number for a factor", values.number, telling=False),
    Mistake("a mask left out of the numbers", numbers.unmasked, telling=False),
    Mistake("all numbers changed in one way", numbers.whole, telling=False),
    Mistake("one number's sign", numbers.one_sign, telling=False),
    Mistake("an old value", numbers.older_value, telling=False),
    Mistake("another class", numbers.other_class, telling=False),
    Mistake("one term of a sum", numbers.one_summand, telling=False),
    Mistake("a mask left out of the side", values.mask),
    Mistake("a slope left out of the side", values.slope),
    Mistake("a size for a factor", values.size),
    Mistake("a path of the chain left out", truths.path),
    Mistake("only the diagonal of the softmax", truths.softmax),
    Mistake("only the diagonal of the softmax Jacobian", truths.softmax_jacobian),
    Mistake("a slope left out further in", truths.slope),
    Mistake("a term left out", truths.term),
    Mistake("a formula followed with a mistake", followed.followed, telling=False),
    Mistake("another given value", numbers.other_given, telling=False),
    Mistake("a sign", repairs(edits.sign)),
    Mistake("a transpose", repairs(edits.transpose)),
    Mistake("an inverse", repairs(edits.inverse, slight=True)),
    Mistake("indices exchanged", repairs(indices.letters)),
    Mistake("indices exchanged throughout", indices.exchanged),
    Mistake("a prime", repairs(activations.prime, slight=True)),
    Mistake("the other product", repairs(edits.operator)),
    Mistake("the order of factors", repairs(edits.order)),
    Mistake("a sum", repairs(indices.summation)),
    Mistake("a link of the chain left out", repairs(edits.chain)),
    Mistake("a neighbour", repairs(indices.index)),
    Mistake("neighbours throughout", indices.shifted),
    Mistake("another index", repairs(indices.place)),
    Mistake("an activation confused", repairs(activations.activation, slight=True)),
    Mistake("a name confused throughout", activations.everywhere),
    Mistake("a slope left out", repairs(activations.slope, slight=True)),
    Mistake("a mask left out", repairs(activations.mask, slight=True)),
    Mistake("half of a slope", repairs(activations.half_slope)),
    Mistake("the slope of another activation", repairs(activations.other_slope)),
    Mistake("another slope further in", truths.other_slope, telling=False),
    Mistake("a mask left out further in", truths.mask),
    Mistake("a number in a calculation", repairs(edits.leaf), telling=False),
    Mistake("a function not applied", repairs(activations.applied, slight=True)),
    Mistake("a matrix for its symmetric part", repairs(edits.symmetric)),
    Mistake("a number in a term", repairs(edits.number), telling=False),
    Mistake("a factor too many", repairs(edits.factor), telling=False),
    Mistake("a named number", repairs(edits.scalar), telling=False),
    Mistake("a factor left out", repairs(edits.inserted)),
    Mistake("a named term left out", repairs(edits.added)),
    Mistake("a power", repairs(edits.power), telling=False),
    Mistake("a number that data settle", solving.solved, telling=False),
    Mistake("a term too many", repairs(edits.term), telling=False),
    Mistake("another name", values.another_name),
    Mistake("a name of another shape", repairs(indices.of_another_shape)),
    Mistake("a named factor of the side", values.name, telling=False),
    Mistake("a factor of any size", values.proportional, telling=False),
    Mistake("entries that differ", numbers.entries, telling=False),
)


def repaired(judge: Judge, ruling: Ruling, telling: bool = True) -> Diagnosis | None:
    """The first repair under which the claim holds; only of those that tell by themselves, or of all."""
    case = Case(judge, ruling)
    if any(evidence["method"] == "shapes" for evidence in ruling.evidence):
        return Diagnosis("shape_mismatch", case.span, ruling.reason)
    for mistake in (m for m in CATALOGUE if m.telling or not telling):
        if judge.gathered.sheet.allowance.is_spent:
            break
        case.read_anew()
        try:
            diagnosis = next((found for found in mistake.repairs(case) if not is_made_up(found.message)), None)
        except SymgradError:
            continue  # what cannot be built explains nothing
        if diagnosis is not None:
            return diagnosis
    return None


def diagnosed(judge: Judge, ruling: Ruling) -> Diagnosis:
    """The first repair that holds; else what is expected, as far as it is known."""
    found = repaired(judge, ruling, telling=False)
    if found is not None:
        return found
    case = Case(judge, ruling)
    if ruling.pair is None:
        return Diagnosis("shape_mismatch", case.span, ruling.reason, _expected(case), is_checked=False)
    if _is_a_slope(ruling.link.left):
        what = "it is not the derivative of the function"
        return Diagnosis("wrong_activation_derivative", case.span, what, _expected(case), is_checked=False)
    return Diagnosis("unknown", case.span, "it does not hold", _expected(case), is_checked=False)


def _is_a_slope(node: Node) -> bool:
    """Whether it is `\\sigma'(a)`, the slope of a function of every entry."""
    function = node.function if isinstance(node, sx.Call) else node
    base = function.base if isinstance(function, sx.Scripted) and function.primes == 1 else None
    return isinstance(base, sx.Name) and fn.word_of(base.base) in fn.ELEMENTWISE_WORDS


def _expected(case: Case) -> str:
    """The gradient as it should be, where the left side is one."""
    try:
        for reading in case.judge.pairing.reader(case.link).side(case.link.left, case.judge.meaning.shapes):
            if reading.term.op == "gradient":
                of, wrt = reading.term.params
                return f"{names.text(names.gradient(of, wrt))} = {case.written(case.judge.lab.gradient(of, wrt).node)}"
    except SymgradError:
        pass
    return ""
