"""Edits tried: every piece of a formula changed as a record says, and judged again with that in its place.

Pieces are taken from the outside in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from symgrad import syntax as sx
from symgrad.mistakes.case import Case, Diagnosis
from symgrad.mistakes.numbers import rows_text
from symgrad.mistakes.operands import pieces
from symgrad.mistakes.surroundings import Record, Surroundings
from symgrad.span import Span
from symgrad.syntax import Node

# What a calculation of numbers alone, which nothing is differentiated in, can have wrong.
_OF_NUMBERS = dict.fromkeys(("missing_chain_term", "missing_factor", "missing_sum", "sum_vs_mean", "wrong_given"), "arithmetic_slip")


def changes(formula: Node, record: Record, around: Surroundings) -> Iterator[tuple[Node, Span, str, str]]:
    """The formula with one piece changed; what was written once and stands there for every step is changed at all of them."""
    places: dict[tuple[Span, type[Node]], list[Node]] = {}
    for piece, put in pieces(formula):
        for made, cause, message in record(piece, around):
            yield put(made), piece.span, cause, message
    for node in sx.walk(formula):
        places.setdefault((node.span, type(node)), []).append(node)
    for (span, _), alike in places.items():
        for options in zip(*(record(node, around) for node in alike), strict=False) if len(alike) > 1 else ():
            meant = {id(node): made for node, (made, _, _) in zip(alike, options, strict=True)}
            _, cause, message = options[0]
            yield _exchanged(formula, meant), span, cause, message


def _exchanged(formula: Node, meant: dict[int, Node]) -> Node:
    return sx.mapped(formula, lambda node: meant.get(id(node), node))


def repairs(record: Record, slight: bool = False) -> Callable[[Case], Iterator[Diagnosis]]:
    """What a record offers for every piece of a formula, as far as the claim holds with it.

    A single small number is explained only by a record for which that is usual (`slight`).
    """

    def tried(case: Case) -> Iterator[Diagnosis]:
        if case.is_slight and not slight and case.is_followed:
            return
        around = Surroundings(case)
        counted = case.is_counted
        for made, span, cause, message in changes(case.formula, record, around):
            found = case.holds_as_written(made)
            if found is None:
                continue
            cause = _OF_NUMBERS.get(cause, cause) if counted else cause
            if case.is_followed:
                followed = f"; {_FOLLOWED[cause]}" if cause in _FOLLOWED else ""
                yield Diagnosis(cause, case.span, f"expected {rows_text(case.ruling.expected)}{followed}", "")
            else:
                yield case.diagnosis(cause, message, found.right_node, span)

    return tried


# What the author did who followed a formula and came to other numbers.
_FOLLOWED = {
    "arithmetic_slip": "with a term or factor more or less it comes out as written",
    "sign": "with another sign in its formula it comes out as written",
    "missing_transpose": "with a transpose more or less it comes out as written",
    "wrong_order": "with the factors in another order it comes out as written",
    "elementwise_vs_matmul": "with the other product it comes out as written",
    "wrong_activation_derivative": "with another derivative of the activation it comes out as written",
    "activation_not_applied": "without the activation it comes out as written",
    "missing_activation_derivative": "without the derivative of the activation it comes out as written",
    "mask_forgotten": "without the mask it comes out as written",
    "missing_factor": "with a factor more or less it comes out as written",
    "sum_vs_mean": "with a sum for the mean it comes out as written",
    "missing_sum": "without the sum it comes out as written",
    "index_off_by_one": "with a neighbour's value it comes out as written",
    "missing_chain_term": "with a term or factor left out it comes out as written",
}
