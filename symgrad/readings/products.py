"""Sums, products and quotients."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from symgrad import syntax as sx
from symgrad.constant import is_numeric
from symgrad.dims import Dim
from symgrad.origins import letters_inside
from symgrad.shapes import Shapes
from symgrad.syntax import Node, Unreadable
from symgrad.terms import Term, free_of, is_jacobian, mapped
from symgrad.typing_rules import Reading, add, best, is_scalar, multiply, negated, settle, spread

if TYPE_CHECKING:
    from symgrad.readings.reader import Reader, Variants

OPERATORS = frozenset({"", "cdot", "times", "*", "star", "odot", "circ", "otimes", "oslash", "@", "/", "div"})
_MOST_FACTORS = 40
_MOST_TERMS = 80
_ALL_BELOW = 0.3


def summed(reader: Reader, node: sx.Sum, shapes: Shapes) -> Variants:
    if len(node.terms) > _MOST_TERMS:
        raise Unreadable(node.span, f"a sum of more than {_MOST_TERMS} terms")
    states: list[Reading] = []
    for i, (term, sign) in enumerate(zip(node.terms, node.signs, strict=True)):
        if sign not in ("", "+", "-"):
            raise Unreadable(term.span, f"the sign {sign} is not read here")
        if i == 0:
            states = [r.with_term(negated(r.term)) if sign == "-" else r for r in reader.plain(term, shapes)]
            continue
        made: list[Reading] = []
        for left in states:
            for right in reader.plain(term, left.shapes):
                made += add(left, right, sign == "-", _is_weight_dim(reader, left.shapes))
        states = best(made)
    yield from states


def _is_weight_dim(reader: Reader, shapes: Shapes) -> Callable[[Dim], bool]:
    return lambda dim: shapes.resolve(dim) in {shapes.resolve(d) for d in reader.weight_dims}


def prefix(reader: Reader, node: sx.Prefix, shapes: Shapes) -> Variants:
    if node.sign not in ("+", "-"):
        raise Unreadable(node.span, f"the sign {node.sign} is not read here")
    for reading in reader.read(node.body, shapes):
        yield reading.with_term(negated(reading.term)) if node.sign == "-" else reading


def postfix(reader: Reader, node: sx.Postfix, shapes: Shapes) -> Variants:
    r"""`x!` as `\Gamma(x + 1)`."""
    if node.sign != "!":
        raise Unreadable(node.span, f"the sign {node.sign} is not read here")
    after = sx.Sum(node.span, (node.body, sx.Number(node.span, "1")), ("", "+"))
    yield from reader.read(sx.Call(node.span, sx.Name(node.span, "\\Gamma"), (after,), "("), shapes)


def _with_functions(reader: Reader, node: sx.Product) -> sx.Product | sx.Call:
    """The product with the letters that the sheet says to be functions applied to the brackets behind them: `F(a)`."""
    known = {name for name in reader.names.functions if reader.names.shape(name) is None}
    for i, (letter, bracket, operator) in enumerate(zip(node.factors, node.factors[1:], node.operators, strict=False)):
        if isinstance(letter, sx.Name) and letter.base in known and not operator and isinstance(bracket, sx.Group) and bracket.open == "(":
            call = sx.Call(letter.span.to(bracket.span), letter, (bracket.body,))
            rest = (*node.factors[:i], call, *node.factors[i + 2 :])
            if len(rest) == 1:
                return call
            return _with_functions(reader, replace(node, factors=rest, operators=(*node.operators[:i], *node.operators[i + 1 :])))
    return node


def product(reader: Reader, node: sx.Product, shapes: Shapes) -> Variants:
    made = _with_functions(reader, node)
    if isinstance(made, sx.Call):
        yield from reader.read(made, shapes)
        return
    node = made
    factors, operators = list(node.factors), list(node.operators)
    if len(factors) > _MOST_FACTORS:
        raise Unreadable(node.span, f"a product of more than {_MOST_FACTORS} factors")
    if any(op not in OPERATORS for op in operators):
        bad = next(op for op in operators if op not in OPERATORS)
        raise Unreadable(node.span, f"the operator {bad} is not read here")
    if set(operators) == {""} and any(_is_bare_one(f) for f in factors) and not all(is_numeric(f) for f in factors):
        # Nobody multiplies a name by the number one: `1 bᵀ` and `Gᵀ 1` are typed for the vector of ones.
        ones = [sx.Name(f.span, "\\mathbf{1}") if _is_bare_one(f) else f for f in factors]
        for reading in _fold(reader, ones, operators, shapes):
            yield reading.plus(-0.05, reading.shapes, reading.term)
    at = _sign_of_a_sum(reader, factors, operators)
    if at is not None:
        behind = tuple(factors[at + 1 :])
        rest = behind[0] if len(behind) == 1 else sx.Product(node.span, behind, tuple(operators[at + 1 :]))
        letters = letters_inside(rest) - set(reader.running)
        index = sx.Name(factors[at].span, next(iter(letters))) if len(letters) == 1 else None  # the i of `Σ xᵢ²`
        total = sx.BigOp(node.span, "sum", index, None, rest)
        yield from reader.read(sx.Product(node.span, (*factors[:at], total), tuple(operators[:at])) if at else total, shapes)
        return
    yield from _fold(reader, factors, operators, shapes)
    if (below := _all_below(node)) is not None:
        yield from (reading.plus(_ALL_BELOW, reading.shapes, reading.term) for reading in reader.read(below, shapes))
    loose = [i for i, op in enumerate(operators) if op in ("odot", "circ", "*", "star", "otimes", "oslash", "times", "cdot")]
    if loose and len(loose) < len(operators):
        # Juxtaposed factors belong together first: `Wᵀ δ ⊙ σ'(z)` is `(Wᵀ δ) ⊙ σ'(z)`.
        groups: list[Node] = []
        start = 0
        for i in [*loose, len(operators)]:
            part = factors[start : i + 1]
            span = part[0].span.to(part[-1].span)
            groups.append(part[0] if len(part) == 1 else sx.Product(span, tuple(part), tuple(operators[start:i])))
            start = i + 1
        for reading in _fold(reader, groups, [operators[i] for i in loose], shapes):
            yield reading.plus(-0.05, reading.shapes, reading.term)


def _sign_of_a_sum(reader: Reader, factors: list[Node], operators: list[str]) -> int | None:
    """Where a Σ stands that is no quantity: it is a sum over everything, of all that is behind it."""
    if reader.names.is_mentioned("\\Sigma"):
        return None
    signs = (i for i, f in enumerate(factors[:-1]) if isinstance(f, sx.Name) and f.base == "\\Sigma" and not operators[i])
    return next(signs, None)


def _fold(reader: Reader, factors: list[Node], operators: list[str], shapes: Shapes) -> list[Reading]:
    states = reader.read(factors[0], shapes)
    for operator, factor in zip(operators, factors[1:], strict=True):
        made: list[Reading] = []
        span = factors[0].span.to(factor.span)
        if operator in ("/", "div", "oslash"):
            for left in states:
                for right in reader.plain(factor, left.shapes):
                    made += _divided(replace(right, cost=left.cost + right.cost, notes=left.notes + right.notes), left.term, right.term)
        else:
            for left in states:
                for right in reader.read(factor, left.shapes):
                    made += multiply(left, right, operator, span, reader.charity)
                    if is_jacobian(left.term) or is_jacobian(right.term):
                        for a in settle(left):
                            for b in settle(right):
                                if a is not left or b is not right:
                                    made += [r.plus(1.0, r.shapes, r.term) for r in multiply(a, b, operator, span, reader.charity)]
        states = best(made)
    return states


def fraction(reader: Reader, node: sx.Frac, shapes: Shapes) -> Variants:
    for cost, now, (above, below), notes in reader.each([node.above, node.below], shapes):
        yield from _divided(Reading(cost, now, above, notes), above, below)


def root(reader: Reader, node: sx.Root, shapes: Shapes) -> Variants:
    if node.index is not None:
        raise Unreadable(node.span, "a root that is not a square root")
    for cost, now, (inner,), notes in reader.each([node.body], shapes):
        yield Reading(cost, now, mapped("sqrt", inner), notes)


def _all_below(node: sx.Product) -> Node | None:
    """The `1/(2r)` that `1/2r` may be: a name typed right behind the number below a slash stands below it too."""
    for i, (part, operator, factor) in enumerate(zip(node.factors, node.operators, node.factors[1:], strict=False)):
        if (
            operator
            or not isinstance(part, sx.Frac)
            or not isinstance(part.below, sx.Number)
            or not isinstance(factor, sx.Name | sx.Scripted)
        ):
            continue
        is_slash = part.span.start == part.above.span.start and part.above.span.end < part.below.span.start
        if is_slash and part.span.end == factor.span.start:
            joined = sx.Product(part.below.span.to(factor.span), (part.below, factor), ("",))
            whole = sx.Frac(part.span.to(factor.span), part.above, joined)
            factors = (*node.factors[:i], whole, *node.factors[i + 2 :])
            return whole if len(factors) == 1 else replace(node, factors=factors, operators=(*node.operators[:i], *node.operators[i + 1 :]))
    return None


def _is_bare_one(node: Node) -> bool:
    return isinstance(node, sx.Number) and node.text == "1"


def _divided(reading: Reading, above: Term, below: Term) -> Iterator[Reading]:
    if is_jacobian(above) or is_jacobian(below):
        return
    shapes = reading.shapes
    if below.op == "number":
        if below.params[0] == 0:
            return
        if above.op == "number":
            yield reading.with_term(Term("number", (), (above.params[0] / below.params[0],)))
            return
        yield reading.with_term(Term("scale", (above,), (1 / below.params[0],), above.rows, above.cols, above.free))
        return
    one_over = Term("elementwise", (below,), ("power", Fraction(-1)), below.rows, below.cols, below.free)
    free = free_of(above, below)
    if is_scalar(shapes, below):
        yield reading.with_term(Term("hadamard", (above, one_over), (), above.rows, above.cols, free))
        return
    if is_scalar(shapes, above):
        yield reading.plus(0.5, shapes, Term("hadamard", (above, one_over), (), below.rows, below.cols, free))
        return
    unusual = 0.8 if _is_one_name(below) else 0.0
    for extra, met, rows, cols in spread(shapes, above, below):
        yield reading.plus(extra + unusual, met, Term("hadamard", (above, one_over), (), rows, cols, free))


def _is_one_name(term: Term) -> bool:
    """A name, its root or a multiple of it: below a fraction that is a number, if nothing says otherwise."""
    return term.op == "symbol" or (term.op in ("elementwise", "scale") and len(term.args) == 1 and _is_one_name(term.args[0]))


READERS: dict[type[Node], Callable[[Reader, Any, Shapes], Variants]] = {
    sx.Sum: summed,
    sx.Prefix: prefix,
    sx.Postfix: postfix,
    sx.Product: product,
    sx.Frac: fraction,
    sx.Root: root,
}
