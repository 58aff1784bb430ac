r"""Functions applied: activations and their slopes, softmax along an axis, indicators, cases."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from symgrad import syntax as sx
from symgrad.cases import as_sum
from symgrad.constant import constant_of
from symgrad.dims import ONE
from symgrad.naming import letters_of, numbers_of, plain_name, script_text, spelled, superscript
from symgrad.read import functions as fn
from symgrad.readings.entries import entries, indexed, kronecker
from symgrad.readings.words import AXES, RULES, word_of_axis
from symgrad.shapes import Shapes
from symgrad.syntax import Node, Unreadable
from symgrad.terms import Term, mapped
from symgrad.typing_rules import Reading, add, is_scalar, negated, transposed

if TYPE_CHECKING:
    from symgrad.readings.reader import Reader, Variants


def call(reader: Reader, node: sx.Call, shapes: Shapes) -> Variants:
    function = node.function
    scripts = function if isinstance(function, sx.Scripted) else sx.Scripted(function.span, function)
    base, sub, above = scripts.base, scripts.sub, _on_function(scripts.sup)
    primes, power, layer = scripts.primes + above.primes, above.power, above.layer
    if not isinstance(base, sx.Name):
        raise Unreadable(node.span, "a function that has no name")
    args = [arg for arg in node.args if not isinstance(arg, sx.Relation)]
    keywords = {script_text(a.sides[0]): a.sides[1] for a in node.args if isinstance(a, sx.Relation) and len(a.sides) == 2}
    word = fn.word_of(base.base)
    known_name = _is_known(reader, spelled(base, script_text(sub)))
    record = _record(reader, base, known_name, layer)
    if record is not None and word in fn.UNNAMED and record == (fn.UNNAMED[word], ()):
        record = _applied_elsewhere(reader, args) or record
    if record is not None and record[1] and sub is not None and word in fn.ELEMENTWISE_WORDS:
        own = constant_of(sub)  # the δ of `Huber_δ`
        if own is None:
            raise Unreadable(sub.span, f"a number for {record[0]} that has no value")
        record = record[0], (own,)
    if record == ("log", ()) and sub is not None and script_text(sub) != "e":  # the base of `log_2`
        natural = replace(node, function=replace(scripts, sub=None))
        yield from reader.read(sx.Frac(node.span, natural, sx.Call(node.span, sx.Name(node.span, "ln"), (sub,))), shapes)
        return
    if record is not None:
        yield from _applied(reader, record, args, primes, power, node, shapes)
        return
    if not args and word in fn.WORDS:
        raise Unreadable(node.span, f"{word} of nothing")
    if word in fn.ALONG_AN_AXIS:
        if primes:
            raise Unreadable(node.span, f"the derivative of {word} as a function of a vector")
        if len(args) > 1 and all(constant_of(arg) is not None for arg in args):  # `softmax(1, 0)`
            args = [sx.Matrix(node.span, tuple((arg,) for arg in args), "pmatrix")]
        yield from _along(reader, fn.ALONG_AN_AXIS[word], args, node, shapes, sub)
        return
    is_chain = word in fn.PRODUCTS_OF_ENTRIES and len(args) > 1
    special = None if is_chain else RULES.get(fn.INVERSES.get(word, word) if superscript(scripts.sup).inverse else word)
    if word in fn.DIAGONALS and len(args) == 1 and not known_name:
        of_entries = list(_diagonal_of_entries(reader, args[0], shapes))
        yield from of_entries
        if of_entries:
            return
    if special is not None and not known_name:
        for cost, now, terms, notes in reader.each(args, shapes):
            yield from special(reader, Reading(cost, now, terms[0], notes), terms, keywords, node)
        return
    is_word = len(base.base) > 1 and base.base.isalpha()
    if len(args) == 1 and not node.bare and not (is_word and not known_name):
        # A letter before brackets that is no function is a factor.
        group = sx.Group(node.span, "(", ")", args[0])
        yield from reader.read(sx.Product(node.span, (node.function, group), ("",)), shapes)
        if known_name:
            # … or a value at its argument: L(W) is L.
            for reading in reader.read(function, shapes):
                yield reading.plus(2.0, reading.shapes, reading.term)
        return
    if is_chain:
        # `prod(∂L/∂h, ∂h/∂z)`: the product of a chain, in whatever order and transposed as it must be.
        yield from reader.read(sx.Product(node.span, tuple(args), ("cdot",) * (len(args) - 1)), shapes)
        return
    raise Unreadable(base.span, f"the function {base.base} is not known")


def _record(reader: Reader, base: sx.Name, known_name: bool, layer: str = "") -> tuple[str, tuple[Fraction, ...]] | None:
    """The function of every entry that a letter or word stands for, perhaps of one layer; None for a quantity."""
    word = fn.word_of(base.base)
    if known_name:
        return None
    known = reader.names.functions
    found = known.get(f"{base.base}^{layer}") or known.get(base.base) or fn.ELEMENTWISE_WORDS.get(word)
    return (fn.UNNAMED[word], ()) if found is None and word in fn.UNNAMED else found


def _applied_elsewhere(reader: Reader, args: list[Node]) -> tuple[str, tuple[Fraction, ...]] | None:
    """The function that the sheet applies to the same argument: the g of `g'(Z)` where `A = ReLU(Z)`."""
    name = plain_name(args[0], reader.names.styled) if len(args) == 1 else None
    found = {(op, params) for inner, op, params in reader.names.activations() if inner == name}
    return found.pop() if len(found) == 1 else None


def _diagonal_of_entries(reader: Reader, node: Node, shapes: Shapes) -> Iterator[Reading]:
    r"""`\operatorname{diag}(\mu_i (1 - \mu_i))`: the diagonal matrix whose i-th entry this is."""
    scripts = [(n.base, n.sub) for n in sx.walk(node) if isinstance(n, sx.Scripted) and isinstance(n.base, sx.Name)]
    letters = {
        letter
        for base, sub in scripts
        if isinstance(base, sx.Name) and reader.names.is_indexed(spelled(base))
        for letter in letters_of(sub) or ()
    }
    if len(letters) != 1:
        return
    bound = letters - reader.indices
    reader.indices |= bound
    try:
        found = reader.plain(node, shapes)
    finally:
        reader.indices -= bound
    (letter,) = letters
    for reading in found:
        if reading.term.free == (letter,) and is_scalar(reading.shapes, reading.term):
            size = reader.index(letter)
            whole = Term("collect", (reading.term,), (letter,), size, ONE)
            yield reading.with_term(Term("diag", (whole,), (), size, size))


def is_function(reader: Reader, node: sx.Call) -> bool:
    base = node.function.base if isinstance(node.function, sx.Scripted) else node.function
    if not isinstance(base, sx.Name):
        return False
    sub = node.function.sub if isinstance(node.function, sx.Scripted) else None
    known_name = _is_known(reader, spelled(base, script_text(sub)))
    return not known_name and (_record(reader, base, known_name) is not None or fn.word_of(base.base) in fn.WORDS)


def _is_known(reader: Reader, name: str) -> bool:
    r"""Whether a name is that of a quantity: the Γ of `\Gamma = \nabla_Y L` is no gamma function."""
    return reader.names.shape(name) is not None or reader.names.gradient_name(name) is not None


def _applied(
    reader: Reader,
    record: tuple[str, tuple[Fraction, ...]],
    args: list[Node],
    primes: int,
    power: Node | None,
    node: sx.Call,
    shapes: Shapes,
) -> Iterator[Reading]:
    if len(args) != 1:
        raise Unreadable(node.span, f"{record[0]} of {len(args)} arguments")
    op, params = record
    exponent = None if power is None else constant_of(power)
    if power is not None and exponent is None and not superscript(power).transposed:
        raise Unreadable(power.span, "a superscript on a function")
    for cost, now, (inner,), notes in reader.each(args, shapes):
        is_log_gamma = op == "log" and not primes and inner.op == "elementwise" and inner.params == ("gamma",)
        value = mapped("gammaln", *inner.args) if is_log_gamma else _slope(op, inner, params, primes)
        if value is None or primes > 2:
            raise Unreadable(node.span, "a higher derivative of an activation")
        if exponent is not None:
            value = Term("elementwise", (value,), ("power", exponent), value.rows, value.cols, value.free)
        elif power is not None:
            value = transposed(value)
        yield Reading(cost, now, value, notes)


def _along(reader: Reader, op: str, args: list[Node], node: sx.Call, shapes: Shapes, sub: Node | None) -> Iterator[Reading]:
    word = word_of_axis(sub)
    for cost, now, (inner, *_), notes in reader.each(args[:1], shapes):
        if is_scalar(now, inner):
            continue  # of one number it says nothing
        row = _row_of(inner)
        if row is not None and sub is None:
            whole, axis = row
            reduced = (ONE, whole.cols) if axis == 0 else (whole.rows, ONE)
            rows, cols = reduced if op == "logsumexp" else (whole.rows, whole.cols)
            of_each = Term("function", (whole,), (op, axis), rows, cols)
            at = inner.params[:2] if op == "logsumexp" else inner.params
            shape = (ONE, ONE) if op == "logsumexp" else (inner.rows, inner.cols)
            yield Reading(cost, now, Term("entry", (of_each,), at, *shape, inner.free), notes)
            continue
        axes = [(0.0, 0)] if now.is_one(inner.cols) else [(0.0, 1)] if now.is_one(inner.rows) else [(0.2, 1), (0.9, 0)]
        axes = [(0.0, AXES[word])] if word in AXES else axes
        square = now.unify(inner.rows, inner.cols) if word == "causal" and op == "softmax" else None
        if square is not None:
            yield Reading(cost, square, Term("function", (inner,), ("causal_softmax",), inner.rows, inner.cols), notes)
            continue
        for extra, axis in axes:
            rows, cols = inner.rows, inner.cols
            if op == "logsumexp":
                rows, cols = (ONE, cols) if axis == 0 else (rows, ONE)
            made = Reading(cost + extra, now, Term("function", (inner,), (op, axis), rows, cols, inner.free), notes)
            if sub is None or word in AXES:
                yield made
            else:
                yield from entries(reader, made.term, sub, made)


def _row_of(term: Term) -> tuple[Term, int] | None:
    r"""What `z_i` is a row or a column of, with the axis that it lies along: `\mathrm{softmax}(z_i)` is a row of that of all rows."""
    if term.op != "entry" or term.args[0].free or [letter is None for letter in term.params[:2]].count(True) != 1:
        return None
    return term.args[0], int(term.params[1] is None)


def indicator(reader: Reader, node: sx.Indicator, shapes: Shapes) -> Variants:
    condition = node.condition
    if not isinstance(condition, sx.Relation) or len(condition.sides) != 2:
        raise Unreadable(node.span, "an indicator of what is no comparison")
    (operator,) = condition.operators
    left, right = condition.sides
    if operator in ("=", "=="):
        chosen = list(_where_chosen(reader, left, right, shapes))
        if chosen:
            yield from chosen
            return
        first, second = letters_of(left), letters_of(right)
        if first and second and len(first) == len(second) == 1:
            yield from kronecker(reader, first[0], second[0], shapes)
            return
        number = numbers_of(right)
        if first and len(first) == 1 and number is not None and len(number) == 1 and number[0] > 0:
            size = reader.index(first[0])  # the entry of a column of the identity
            column = Term("pick", (Term("eye", (), (), size, size),), (None, number[0] - 1), size, ONE)
            yield from indexed(reader, Reading(0.0, shapes, column), (first[0], None), 0.0)
            return
    if operator not in (">", "ge", "<", "le"):
        raise Unreadable(node.span, f"an indicator with {operator}")
    if operator in ("<", "le"):
        left, right = right, left
    for cost, now, (a, b), notes in reader.each([left, right], shapes):
        zero = b.op == "number" and b.params[0] == 0
        options = (
            [Reading(cost, now, a, notes)] if zero else list(add(Reading(0, now, a), Reading(cost, now, b, notes), True, lambda _: True))
        )
        for option in options:
            yield option.with_term(mapped("step", option.term))


def cases(reader: Reader, node: sx.Cases, shapes: Shapes) -> Variants:
    made = as_sum(node)
    if made is None:
        raise Unreadable(node.span, "cases that no comparison tells apart")
    yield from reader.read(made, shapes)


_WHERE = {"max": "is_max", "median": "is_median"}


def _where_chosen(reader: Reader, left: Node, right: Node, shapes: Shapes) -> Iterator[Reading]:
    r"""`\mathbb{1}[X = \max(X)]`, and of the median; the smallest of X is the largest of −X."""
    if isinstance(right, sx.Call) and right.args == (left,):
        for largest in reader.plain(right, shapes):
            found = largest.term.args[0] if largest.term.op == "scale" else largest.term
            if found.op == "function" and found.params[0] in _WHERE:
                inner, where = found.args[0], _WHERE[found.params[0]]
                yield largest.with_term(Term("function", (inner,), (where, found.params[1]), inner.rows, inner.cols))


@dataclass(frozen=True)
class _OnFunction:
    r"""What stands at the upper right of a function: `g^{[1]\prime}` has a layer and a prime, `\sin^2` a power."""

    layer: str = ""
    primes: int = 0
    power: Node | None = None


def _on_function(sup: Node | None) -> _OnFunction:
    pieces = list(sup.factors) if isinstance(sup, sx.Product) else [] if sup is None else [sup]
    layer, primes, rest = "", 0, []
    for piece in pieces:
        if isinstance(piece, sx.Scripted) and piece.sub is None and piece.sup is None:
            primes += piece.primes
            piece = piece.base
        if isinstance(piece, sx.Mark) and piece.text in ("\\prime", "'"):
            primes += 1
        elif isinstance(piece, (sx.Mark, sx.List, sx.Text)) or (isinstance(piece, sx.Group) and piece.open in ("(", "[")):
            layer += script_text(piece)
        else:
            rest.append(piece)
    return _OnFunction(layer, primes, sup if len(rest) == len(pieces) else rest[0] if rest else None)


def _slope(op: str, inner: Term, params: tuple[Any, ...], order: int) -> Term | None:
    """The function, f′ or f″ entry by entry; where a derivative has a name, or is a formula, by that. None for an f″ that has none here."""
    if op == "identity":
        return inner if not order else Term("ones" if order == 1 else "zeros", (), (), inner.rows, inner.cols, inner.free)
    if not order:
        return mapped(op, inner, *params)
    if op in _NAMED_SLOPES:
        name, sign = _NAMED_SLOPES[op]
        made = _slope(name, inner, (), order - 1)
        return negated(made) if made is not None and sign < 0 else made
    if op == "step" or (op == "relu" and order > 1):
        return Term("zeros", (), (), inner.rows, inner.cols, inner.free)
    if order > 1:
        return _SECOND_SLOPES[op](inner) if op in _SECOND_SLOPES else None
    return mapped("power", inner, Fraction(-1)) if op == "log" else mapped(f"{op}'", inner, *params)


def _times(number: Fraction, x: Term) -> Term:
    return Term("scale", (x,), (number,), x.rows, x.cols, x.free)


def _product(a: Term, b: Term) -> Term:
    return Term("hadamard", (a, b), (), a.rows, a.cols, a.free)


# The functions whose derivative has a name, and its sign; and second derivatives by formula: σ″(z) = −σ′(z) tanh(z/2).
_NAMED_SLOPES = {"exp": ("exp", 1), "softplus": ("sigmoid", 1), "sin": ("cos", 1), "cos": ("sin", -1)}
_SECOND_SLOPES: dict[str, Callable[[Term], Term]] = {
    "sigmoid": lambda x: negated(_product(mapped("sigmoid'", x), mapped("tanh", _times(Fraction(1, 2), x)))),
    "tanh": lambda x: _times(Fraction(-2), _product(mapped("tanh", x), mapped("tanh'", x))),
    "log": lambda x: negated(mapped("power", x, Fraction(-2))),
}


READERS: dict[type[Node], Callable[[Reader, Any, Shapes], Variants]] = {
    sx.Call: call,
    sx.Indicator: indicator,
    sx.Cases: cases,
}
