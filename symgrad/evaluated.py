"""A function's value without its argument: the `σ = 0.5987` behind `s = 0.6 − 0.2 = 0.4` on the same line is that at s.

So is the `h = 0.5987` of a sheet that says of its neurons that they are sigmoids.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from symgrad import syntax as sx
from symgrad.constant import constant_of, is_numeric
from symgrad.heads import as_call
from symgrad.loss_of_numbers import is_label
from symgrad.naming import plain_name
from symgrad.parts import heads, mentions
from symgrad.read import functions as fn
from symgrad.read.document import Sheet
from symgrad.syntax import Node


def with_what_it_is_of(sheet: Sheet) -> Sheet:
    """The sheet with the argument in `f = 0.6`, where f is a function and a value before it is what it is taken of; and in `f' = …`."""
    relations = [s.node for s in sheet.statements if isinstance(s.node, sx.Relation)]
    called = {_word(n.function) for r in relations for n in sx.walk(r) if isinstance(n, sx.Call) and len(n.args) == 1}
    called |= {_word(r.sides[0]) for r in relations if (plain_name(r.sides[0]) or "").endswith("'")}
    known = called & fn.ELEMENTWISE_WORDS.keys()
    own = {name: told for r in relations for name, told in _of_one_argument(r)}
    statements = list(sheet.statements)
    argument: Node | None = None
    line = 0
    for i, statement in enumerate(sheet.statements):
        node, here = statement.node, sheet.source.place(statement.span.start)[0]
        argument, line = argument if here == line else None, here
        if not isinstance(node, sx.Relation):
            continue
        first = node.sides[0]
        by = argument if _is_a_value(node, known) else _by(node, own)
        if by is not None:
            call = sx.Call(first.span, first, (by,), "(")
            statements[i] = replace(statement, node=replace(node, sides=(call, *node.sides[1:])))
        elif plain_name(first) is not None and not {_word(first), _unprimed(first)} & {*known, *own} and is_numeric(node.sides[-1]):
            argument = first
    return replace(sheet, statements=statements)


def _is_a_value(node: sx.Relation, known: set[str]) -> bool:
    return _word(node.sides[0]) in known and constant_of(node.sides[-1]) is not None


def _unprimed(node: Node) -> str:
    return (plain_name(node) or "").rstrip("'")


def _word(node: Node) -> str:
    r"""The function of the field that a name is, without its primes: the `tanh` of `\tanh'`."""
    return fn.word_of(_unprimed(node).removeprefix("\\mathrm{").removesuffix("}"))


def _of_one_argument(node: sx.Relation) -> Iterator[tuple[str, tuple[Node, set[str]]]]:
    """The f of `f(x) = …` with its x, and the names that its formula speaks of."""
    call = as_call(node.sides[0])
    if isinstance(call, sx.Call) and len(call.args) == 1 and node.operators[0] in ("=", ":="):
        name, argument = plain_name(call.function), plain_name(call.args[0])
        if name is not None and argument is not None and argument in (spoken := set(mentions(node.sides[1]))):
            yield name, (call.args[0], spoken)


def _by(node: sx.Relation, own: Mapping[str, tuple[Node, set[str]]]) -> Node | None:
    """The x by which the f of `f(x) = …` is differentiated in `f' = …`; None for what speaks of more, and may be another f."""
    head = node.sides[0]
    told = own.get(_unprimed(head)) if _unprimed(head) != plain_name(head) else None
    return told[0] if told is not None and {n for side in node.sides[1:] for n in mentions(side)} <= told[1] else None


# ── what an activation gave, by its value alone ──────────────────────────────────────────────────────────────────────

_FUNCTIONS: tuple[tuple[str, re.Pattern[str], Callable[[float], float]], ...] = (
    ("\\sigma", re.compile(r"(?i)\b(?:sigmoid|logistic|squash)"), lambda x: 1 / (1 + math.exp(-x))),
    ("tanh", re.compile(r"(?i)\btanh\b|hyperbolic tangent"), math.tanh),
    ("relu", re.compile(r"(?i)\bre-?lu\b|rectif"), lambda x: max(x, 0.0)),
)
_STEEP = 50.0


def with_activations_by_value(sheet: Sheet) -> Sheet:
    r"""The sheet with `o = \sigma(net) = 0.6` for the `o = 0.6` behind `net = … = 0.4`, where all but one such come out so, or one does."""
    formulas = {name for s in sheet.statements for name, value in heads(s) if constant_of(value) is None}
    pairs = [i for i in range(1, len(sheet.statements)) if _is_behind(sheet, i, formulas)]
    for function, words, of in _FUNCTIONS if pairs else ():
        right = [i for i in pairs if _comes_out(of, _value(sheet, i - 1), sheet.statements[i].node)]
        if words.search(sheet.source.text) and right and len(pairs) - len(right) <= (len(right) > 1):
            statements = list(sheet.statements)
            for i in pairs:
                match statements[i - 1].node, statements[i].node:
                    case sx.Relation(sides=(argument, *_)), sx.Relation(sides=(head, value)) as node:
                        call = sx.Call(head.span, sx.Name(head.span, function), (argument,), "(")
                        statements[i] = replace(statements[i], node=replace(node, sides=(head, call, value), operators=("=", "=")))
            return replace(sheet, statements=statements)
    return sheet


def _is_behind(sheet: Sheet, i: int, formulas: set[str]) -> bool:
    """Whether a name that is a number, and nothing else anywhere, stands in one line behind what was worked out to be one."""
    before, statement = sheet.statements[i - 1 : i + 1]
    in_one_line = sheet.source.place(before.span.start)[0] == sheet.source.place(statement.span.start)[0]
    match before.node, statement.node:
        case sx.Relation(sides=(argument, _, *_, last)), sx.Relation(sides=(head, value), operators=("=" | "approx",)):
            names = plain_name(argument), plain_name(head)
            is_worked = constant_of(last) is not None and names[0] in formulas and not is_label(head)
            return in_one_line and is_worked and names[1] is not None and names[1] not in formulas and constant_of(value) is not None
    return False


def _value(sheet: Sheet, i: int) -> float:
    node = sheet.statements[i].node
    return float((constant_of(node.sides[-1]) if isinstance(node, sx.Relation) else None) or 0)


def _comes_out(of: Callable[[float], float], argument: float, node: Node) -> bool:
    """Whether the number is the value of a function to its digits."""
    number = node.sides[-1] if isinstance(node, sx.Relation) else node
    value = constant_of(number)
    digits = max((len(n.text.partition(".")[2]) for n in sx.walk(number) if isinstance(n, sx.Number)), default=0)
    return value is not None and digits > 2 and abs(argument) < _STEEP and abs(of(argument) - float(value)) < 1.5 * 10.0**-digits
