"""What stands at the upper right: powers, inverses, transposes."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from symgrad import syntax as sx
from symgrad.constant import constant_of, is_too_long
from symgrad.dims import ONE
from symgrad.naming import script_text, superscript
from symgrad.syntax import Node, Unreadable
from symgrad.terms import Term, free_of, is_jacobian, to_the_power
from symgrad.typing_rules import CHARITY, Note, Reading, is_scalar, settle, transposed

if TYPE_CHECKING:
    from symgrad.readings.reader import Reader

_LARGEST_POWER = 12
_OF_ENTRIES = 0.5
_TURNED = 2.0


def raised(reader: Reader, reading: Reading, sup: Node | None, primes: int, node: Node) -> Iterator[Reading]:
    script = superscript(sup)
    if script.label and script.power is None:
        raise Unreadable(node.span, "a label on brackets")
    yield from finished(reader, reading, script, primes, node)


def finished(reader: Reader, reading: Reading, script: Any, primes: int, node: Node) -> Iterator[Reading]:
    """Power, inverse and transpose put on, in this order."""
    options = [reading]
    if script.power is not None:
        options = [p for r in options for p in _powers(reader, r, script.power, node)]
    if script.inverse:
        options = [p for r in options for p in _inverted(reader, r)]
    for option in options:
        turns = script.transposed != bool(primes % 2)
        if not turns:
            yield option
            continue
        if is_jacobian(option.term):
            for settled in settle(option):
                yield settled.with_term(transposed(settled.term))
            continue
        # Nobody transposes a number.
        odd = _TURNED if option.is_scalar else 0.0
        yield option.plus(odd, option.shapes, transposed(option.term))


def _powers(reader: Reader, reading: Reading, power: Node, node: Node) -> Iterator[Reading]:
    exponent = constant_of(power.body if isinstance(power, sx.Prefix) and power.sign == "odot" else power)
    if exponent is None:
        if script_text(power) and not _is_computed(node) and not runs_in(reader, power):
            return  # a label
        yield from _general_powers(reader, reading, power)
        return
    of_entries = isinstance(power, sx.Prefix) and power.sign == "odot"
    number = reading.term.params[0] if reading.term.op == "number" else None
    if abs(exponent) > _LARGEST_POWER and (number is None or is_too_long(Fraction(number), exponent)):
        raise Unreadable(power.span, f"a power larger than {_LARGEST_POWER}")
    term, shapes = reading.term, reading.shapes
    mapped = Term("elementwise", (term,), ("power", exponent), term.rows, term.cols, term.free)
    square = not is_scalar(shapes, term) and shapes.resolve(term.rows) is shapes.resolve(term.cols)
    vector = shapes.is_one(term.rows) or shapes.is_one(term.cols)
    is_matrix = square or (term.op == "symbol" and reader.names.is_given(term.params[0]) and not vector and not is_scalar(shapes, term))
    may_be_matrix = is_matrix or (term.op == "symbol" and not vector and not is_scalar(shapes, term))
    if (reader.names.has_roots or _is_of_a_matrix_twice(term)) and may_be_matrix and not of_entries and exponent.denominator == 2:
        # Of a matrix that may be square it is the root of the matrix, and not those of its entries; nobody means those of an XᵀX.
        met = shapes.unify(term.rows, term.cols)
        if met is not None:
            root = Term("function", (term,), ("sqrtm",), term.rows, term.cols)
            base = root if exponent > 0 else Term("function", (root,), ("inverse",), term.rows, term.cols)
            yield reading.plus(0.0, met, _multiplied(base, abs(exponent.numerator)))
        if not is_matrix:
            yield reading.plus(1.0, shapes, mapped)
        return
    if is_matrix and not of_entries and exponent.denominator != 1:
        raise Unreadable(power.span, "a power of a matrix that is no whole number")
    if square and not of_entries and abs(exponent) > 1:
        base = term if exponent > 0 else Term("function", (term,), ("inverse",), term.rows, term.cols)
        yield reading.plus(0.0, shapes, _multiplied(base, abs(int(exponent))))
        yield reading.plus(1.0, shapes, mapped)
        return
    whole = exponent.denominator == 1 and exponent > 1 and not of_entries
    met = shapes.unify(term.rows, term.cols) if whole and not vector and not is_scalar(shapes, term) else None
    # X² of a matrix that may be square is X X; the errors (Y − Ŷ)² of a batch are of entries.
    errors = term.op == "add"
    yield reading.plus(0.0 if met is None or errors else 0.5, shapes, mapped)
    if met is not None:
        yield reading.plus(0.5 if errors else 0.0, met, _multiplied(term, int(exponent)))
    if vector and exponent == 2 and not of_entries and not is_scalar(shapes, term):
        yield reading.plus(CHARITY - 2.0, shapes, Term("inner", (term, term), (), ONE, ONE, term.free), Note("square_as_sum", node.span))


def _is_of_a_matrix_twice(term: Term) -> bool:
    """Whether it is XᵀX or XXᵀ, whose root there is."""
    if term.op != "matmul":
        return False
    left, right = term.args
    return (left.op == "transpose" and left.args[0] == right) or (right.op == "transpose" and right.args[0] == left)


def _general_powers(reader: Reader, reading: Reading, power: Node) -> Iterator[Reading]:
    """(1 − p)^γ, entry by entry: the exponent is a scalar that has no value."""
    body = power.body if isinstance(power, sx.Prefix) and power.sign == "odot" else power
    found = False
    for cost, shapes, (exponent,), notes in reader.each([body], reading.shapes):
        if is_scalar(shapes, exponent):
            found = True
            yield reading.plus(cost, shapes, to_the_power(reading.term, exponent), *notes)
    if not found:
        raise Unreadable(power.span, "a power that is no number")


def _inverted(reader: Reader, reading: Reading) -> Iterator[Reading]:
    term, shapes = reading.term, reading.shapes
    one_over = Term("elementwise", (term,), ("power", Fraction(-1)), term.rows, term.cols, term.free)
    if is_scalar(shapes, term):
        yield reading.with_term(one_over)
        return
    if term.op == "add" and shapes.is_one(term.rows) != shapes.is_one(term.cols):
        yield reading.plus(_OF_ENTRIES, shapes, one_over)  # `(1 + e^{-z})^{-1}` of a vector, which has no inverse
    square = shapes.unify(term.rows, term.cols)
    if square is not None:
        yield reading.plus(0.0, square, Term("function", (term,), ("inverse",), term.rows, term.cols, term.free))


def _multiplied(term: Term, times: int) -> Term:
    """A square matrix multiplied by itself."""
    made = term
    for _ in range(times - 1):
        made = Term("matmul", (made, term), (), term.rows, term.cols, free_of(made, term))
    return made


def _is_computed(node: Node) -> bool:
    """Whether what has a superscript is no name, which might have a label, but something computed."""
    return isinstance(node, sx.Scripted) and isinstance(node.base, (sx.Group, sx.Call, sx.Number))


def runs_in(reader: Reader, node: Node) -> bool:
    """Whether a letter stands in it that a sum runs over."""
    return any(isinstance(n, sx.Name) and n.base in reader.running for n in sx.walk(node))
