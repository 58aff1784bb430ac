r"""The slopes of a function of one number, told case by case: after `h(m) = \max(0, 1 - m)`, "for $m < 1$: $h'(m) = -1$".

So are its subgradients, `\partial h = \{-1\}`, and at a kink the interval `\partial h = [-1, 0]` of all slopes between those beside it.
These lines are about the function alone, and its letter stands for any number: they are judged at numbers, exactly, and taken out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction

from symgrad import syntax as sx
from symgrad.conditions import one_sentence
from symgrad.duals import Dual, dual, is_so, letters_in
from symgrad.heads import as_call
from symgrad.naming import plain_name
from symgrad.parts import mentions
from symgrad.read.document import Apart, Sheet
from symgrad.syntax import Node

_WHERE = re.compile(r"(?i)^\W*(?:for|if|when|where|wherever|whenever|on|at|as long as|für|wenn|bei|si|pour|para|cuando|per|se)\W*$")
_KINK = re.compile(r"(?i)\b(?:differentiable|smooth|kinks?|corner|jump|undefined|singular|differenzierbar|d[ée]rivable|Knick)\b[^.;$]*$")
_COMPARISONS = frozenset({"<", ">", "le", "ge", "=", "ne"})
_BESIDE = Fraction(1, 10**6)
_GRID = tuple(Fraction(n, 7) for n in (-40, -23, -17, -12, -9, -5, -3, -1, 1, 2, 4, 5, 6, 8, 9, 11, 15, 20, 31, 45))
_ENOUGH = 3
_OF_OTHERS = (Fraction(5, 4), Fraction(7, 3), Fraction(9, 5))  # numbers for what else stands in a formula, κ and δ


@dataclass(frozen=True)
class _Function:
    name: str
    letter: str
    formula: Node
    statement: int


def with_slopes_by_case(sheet: Sheet) -> Sheet:
    """The sheet without the lines that tell the slopes of a function of one number, which are judged here."""
    apart: dict[int, Apart] = {}
    for function in _functions(sheet):
        judged = dict(_judged(sheet, function))
        if not any(found.verdict != "given" for found in judged.values()):
            continue
        apart |= judged
        others = (s.node for i, s in enumerate(sheet.statements) if i not in judged and i != function.statement)
        if not any(function.name in mentions(node) for node in others):
            apart[function.statement] = _given(sheet, function.statement)
    kept = [s for i, s in enumerate(sheet.statements) if i not in apart]
    return replace(sheet, statements=kept, apart=(*sheet.apart, *apart.values())) if apart else sheet


def _functions(sheet: Sheet) -> Iterator[_Function]:
    """The functions of one letter whose formula has slopes here."""
    for i, statement in enumerate(sheet.statements):
        match statement.node:
            case sx.Relation(sides=(head, formula, *_), operators=("=" | ":=", *_)):
                call = as_call(head)
                match call:
                    case sx.Call(function=sx.Name() as function, args=(sx.Name() as argument,)):
                        name, letter = plain_name(function), plain_name(argument)
                        if name is not None and letter is not None and letter in letters_in(formula):
                            yield _Function(name, letter, formula, i)


def _judged(sheet: Sheet, function: _Function) -> Iterator[tuple[int, Apart]]:
    """What is said of the slopes of a function, with the conditions that it is said under, and where it is said to have none."""
    statements = sheet.statements
    taken: set[int] = set()  # the conditions that belong to a line before
    for i in range(function.statement + 1, len(statements)):
        node, words = statements[i].node, statements[i].words
        if _compares(node, function) and _KINK.search(words):
            yield i, _given(sheet, i)
        if not isinstance(node, sx.Relation) or len(node.sides) != 2 or not _is_slope(node.sides[0], function):
            continue
        is_led = i - 1 not in taken and _compares(statements[i - 1].node, function) and one_sentence(sheet, i - 1, i)
        at = i - 1 if is_led else i + 1
        if at == len(statements) or not (is_led or (_WHERE.match(statements[at].words) and one_sentence(sheet, i, at))):
            continue
        found = _ruled(sheet, i, function, statements[at].node) if _compares(statements[at].node, function) else None
        if found is not None:
            taken.add(at)
            yield i, found
            yield at, _given(sheet, at)


def _given(sheet: Sheet, i: int) -> Apart:
    return Apart(sheet.statements[i].span, "given")


def _compares(node: Node, function: _Function) -> bool:
    """Whether it is a condition on the letter of a function, or on its size."""
    if not isinstance(node, sx.Relation) or not set(node.operators) <= _COMPARISONS:
        return False
    return any(_is(side.body if isinstance(side, (sx.Abs, sx.Prefix)) else side, function.letter) for side in node.sides)


def _is_slope(node: Node, function: _Function) -> bool:
    """`h'(m)`, `h'`, `dh/dm`, `\\partial h(m)`, `\\partial h`."""
    match as_call(node):
        case sx.Product(factors=(inner, sx.Group(open="(", body=argument)), operators=("",)) if _is(argument, function.letter):
            return not isinstance(inner, sx.Product) and _is_slope(inner, function)
        case sx.Call(function=inner, args=(argument,)) if _is(argument, function.letter):
            return not isinstance(inner, sx.Call) and _is_slope(inner, function)
        case sx.Scripted(base=base, sub=None, sup=None, primes=1):
            return _is(base, function.name)
        case sx.Differential(sign="∂", of=of, order=None):
            return _is(of, function.name)
        case sx.Derivative(of=sx.Node() as of, wrt=(by,), order=None):
            whole = as_call(of)
            is_it = (
                isinstance(whole, sx.Call) and _is(whole.function, function.name) and [*map(plain_name, whole.args)] == [function.letter]
            )
            return _is(by, function.letter) and (is_it or _is(of, function.name))
    return False


def _is(node: Node, name: str) -> bool:
    return plain_name(node) == name


def _ruled(sheet: Sheet, i: int, function: _Function, condition: Node) -> Apart | None:
    """What becomes of a line about a slope; None where that cannot be worked out at numbers."""
    node = sheet.statements[i].node
    assert isinstance(node, sx.Relation) and isinstance(condition, sx.Relation)
    others = sorted({name for said in (function.formula, node.sides[1], condition) for name in letters_in(said)} - {function.letter})
    if len(others) > len(_OF_OTHERS) or function.name in others:
        return None
    known = {name: Dual(value) for name, value in zip(others, _OF_OTHERS, strict=False)}
    claimed = node.sides[1].body if isinstance(node.sides[1], sx.Group) else node.sides[1]
    if condition.operators == ("=",):
        return _at_a_point(sheet, i, function, condition, known)
    if isinstance(claimed, (sx.List, sx.Listing)):
        return None
    points = 0
    edges = [value.value + step for value in known.values() for step in (-2, Fraction(-1, 3), Fraction(1, 3), 2)]
    for at in (*_GRID, *edges, *(-edge for edge in edges)):
        values = {**known, function.letter: Dual(at, Fraction(1))}
        if not is_so(condition, values):
            continue
        slope, said = dual(function.formula, values), dual(claimed, values)
        if slope is None or said is None:
            return None
        points += 1
        if slope.slope != said.value:
            where = ", ".join(f"{_shown(name)} = {found.value}" for name, found in reversed(values.items()))
            message = f"at {where} the slope is {slope.slope}, not {said.value}"
            return Apart(sheet.statements[i].span, "fails", message, cause=_cause(slope.slope, said.value), suggestion=str(slope.slope))
    return Apart(sheet.statements[i].span, "holds", points=points) if points >= _ENOUGH else None


def _at_a_point(sheet: Sheet, i: int, function: _Function, condition: sx.Relation, known: Mapping[str, Dual]) -> Apart | None:
    """A slope, or all that lie between those on both sides, at one number."""
    node = sheet.statements[i].node
    assert isinstance(node, sx.Relation)
    point = dual(condition.sides[1], known) if plain_name(condition.sides[0]) == function.letter else None
    if point is None:
        return None
    beside = [dual(function.formula, {**known, function.letter: Dual(point.value + step, Fraction(1))}) for step in (-_BESIDE, _BESIDE)]
    left, right = (None if found is None else found.slope for found in beside)
    if left is None or right is None:
        return None
    span, side = sheet.statements[i].span, node.sides[1]
    items = side.items if isinstance(side, sx.List) else ()
    said = [found.value for item in (items or (side,)) if (found := dual(item, known)) is not None]
    if len(items) == 2 and len(said) == 2:
        if said == [min(left, right), max(left, right)]:
            return Apart(span, "holds", points=2)
        message = f"the slopes beside {_shown(function.letter)} = {point.value} are {left} and {right}"
        return Apart(span, "fails", message, cause="unknown", suggestion=f"[{min(left, right)}, {max(left, right)}]")
    if items or len(said) != 1:
        return None
    if abs(left - right) <= 100 * _BESIDE:  # no kink
        middle = (left + right) / 2
        if abs(middle - said[0]) <= 100 * _BESIDE:
            return Apart(span, "holds", points=2)
        return Apart(span, "fails", f"there the slope is {float(middle):.4g}", cause="wrong_activation_derivative")
    is_chosen = min(left, right) <= said[0] <= max(left, right) and not isinstance(side, sx.Group)
    return Apart(span, "given", "a slope that is chosen at the kink") if is_chosen else None


def _cause(meant: Fraction, said: Fraction) -> str:
    return "sign" if meant and meant == -said else "wrong_activation_derivative"


def _shown(letter: str) -> str:
    return letter.removeprefix("\\")
