r"""Mistakes made in writing: a small change of what is written that makes the claim hold.

A record yields, for one piece of the right side, what the author may have meant instead; `repairing.py` reads and judges the side with
that in its place. What a piece is, a mask or a slope, decides the name of the mistake. Here are those of signs, products, numbers, terms
and transposes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction

from symgrad import names
from symgrad import syntax as sx
from symgrad.constant import constant_of, numeral
from symgrad.literals import is_worked
from symgrad.mistakes.notation import is_slope
from symgrad.mistakes.operands import in_brackets, in_cell, meant_name, times, transposed, untransposed, without_factor
from symgrad.mistakes.surroundings import MOST_NAMES, Option, Surroundings
from symgrad.naming import plain_name, superscript
from symgrad.span import Span
from symgrad.syntax import Node

_JUXTAPOSED = frozenset({"", "cdot", "times", "*", "@", "star"})
_HADAMARD = frozenset({"odot", "circ", "*", "star"})
_MOST_FACTORS = 12


def sign(node: Node, around: Surroundings) -> Iterator[Option]:
    """The sign of one term."""
    wrong = "the sign of this term is wrong"
    if isinstance(node, sx.Sum):
        for i, held in enumerate(node.signs):
            flipped = {"-": "+" if i else "", "+": "-", "": "-"}.get(held)
            if flipped is not None:
                yield replace(node, signs=(*node.signs[:i], flipped, *node.signs[i + 1 :])), "sign", wrong
    elif isinstance(node, sx.Prefix) and node.sign == "-":
        yield node.body, "sign", "the sign is wrong"
    elif isinstance(node, (sx.Group, sx.Call, sx.Name, sx.Scripted, sx.Number, sx.Product)):
        yield sx.Group(node.span, "(", ")", sx.Prefix(node.span, "-", node)), "sign", "the sign is wrong"


def transpose(node: Node, around: Surroundings) -> Iterator[Option]:
    """A transpose missing, or one too many."""
    if isinstance(node, sx.Scripted) and superscript(node.sup).transposed:
        yield untransposed(node), "missing_transpose", "a transpose too many"
    elif isinstance(node, sx.Scripted) and node.primes and not (around.name_of(node) or "").endswith("'"):
        yield replace(node, primes=node.primes - 1), "missing_transpose", "a transpose too many"
    elif isinstance(node, (sx.Name, sx.Scripted, sx.Group, sx.Call, sx.Matrix, sx.List, sx.Product, sx.Derivative, sx.Differential)):
        yield transposed(node), "missing_transpose", "a transpose is missing"


def inverse(node: Node, around: Surroundings) -> Iterator[Option]:
    """An inverse left out, or one too many, also of a transposed inverse."""
    minus_one = sx.Prefix(node.span, "-", sx.Number(node.span, "1"))
    if isinstance(node, sx.Scripted) and superscript(node.sup).inverse:
        kept = sx.Text(node.span, "T") if superscript(node.sup).transposed else None
        bare = replace(node, sup=kept) if kept is not None or node.sub is not None else node.base
        yield bare, "unknown", "an inverse too many"
    elif isinstance(node, (sx.Name, sx.Scripted, sx.Group)):
        yield sx.Scripted(node.span, in_brackets(node), None, minus_one), "unknown", "an inverse is missing"


def order(node: Node, around: Surroundings) -> Iterator[Option]:
    """Factors of a matrix product in the wrong order, as they are or transposed."""
    if not isinstance(node, sx.Product):
        return
    wrong = "the factors stand in the wrong order"
    for i, operator in enumerate(node.operators):
        if operator in _JUXTAPOSED or operator == "otimes":
            a, b = node.factors[i], node.factors[i + 1]
            for first, second in ((b, a), (transposed(b), a), (b, transposed(a)), (transposed(b), transposed(a))):
                factors = (*node.factors[:i], first, second, *node.factors[i + 2 :])
                yield replace(node, factors=factors), "wrong_order", wrong
    if len(node.factors) > 2 and set(node.operators) <= _JUXTAPOSED:
        yield replace(node, factors=node.factors[::-1]), "wrong_order", wrong
        for i in range(len(node.factors)):
            rest = (*node.factors[:i], *node.factors[i + 1 :])
            for at in (0, len(rest)):
                yield replace(node, factors=(*rest[:at], node.factors[i], *rest[at:])), "wrong_order", wrong


def operator(node: Node, around: Surroundings) -> Iterator[Option]:
    """A matrix product where a Hadamard product is meant, or the reverse."""
    if not isinstance(node, sx.Product):
        return
    for i, held in enumerate(node.operators):
        options = (["odot"] if held not in ("odot", "circ") else []) + ([""] if held in _HADAMARD else [])
        for meant in options:
            made = replace(node, operators=(*node.operators[:i], meant, *node.operators[i + 1 :]))
            what = "a Hadamard product is meant here" if meant else "a matrix product is meant here"
            yield made, "elementwise_vs_matmul", what
            a, b = node.factors[i], node.factors[i + 1]
            for pair in ((transposed(a), b), (a, transposed(b))):
                factors = (*node.factors[:i], *pair, *node.factors[i + 2 :])
                yield replace(made, factors=factors), "elementwise_vs_matmul", what


def chain(node: Node, around: Surroundings) -> Iterator[Option]:
    """A link of the chain rule left out: ∂L/∂ŷ · ∂h/∂z for ∂L/∂ŷ · ∂ŷ/∂h · ∂h/∂z."""
    head = around.case.link.head
    links = node.factors if isinstance(node, sx.Product) else (node,)
    if not isinstance(head, sx.Derivative) or not all(isinstance(n, sx.Derivative) and n.of is not None and len(n.wrt) == 1 for n in links):
        return
    for backwards in (False, True):
        told = [n for n in (links[::-1] if backwards else links) if isinstance(n, sx.Derivative)]
        ends = [head.of, *(end for n in told for end in (n.of, n.wrt[0])), head.wrt[0]]
        gaps = [(i, a, b) for i, (a, b) in enumerate(zip(ends[::2], ends[1::2], strict=True)) if a is not None and b is not None and a != b]
        if len(gaps) == 1:
            ((at, of, wrt),) = gaps
            missing = replace(told[0], of=of, wrt=(wrt,))
            whole = [*told[:at], missing, *told[at:]][:: -1 if backwards else 1]
            made = sx.Product(node.span, tuple(whole), ("",) * (len(whole) - 1))
            yield made, "missing_chain_term", "a link of the chain is left out"


def number(node: Node, around: Surroundings) -> Iterator[Option]:
    """A factor 2 or ½ of one term; the same, or a sign, of one entry."""
    if isinstance(node, sx.Matrix):
        for i, row in enumerate(node.rows):
            for j, cell in enumerate(row):
                put = in_cell(node, i, j, lambda made: made)
                yield put(sx.Prefix(cell.span, "-", in_brackets(cell))), "sign", "the sign of this entry is wrong"
                yield put(times(in_brackets(cell), sx.Number(cell.span, "2"), "")), "missing_factor", "a factor 2 is missing in this entry"
                yield put(sx.Frac(cell.span, cell, sx.Number(cell.span, "2"))), "missing_factor", "a factor 2 too many in this entry"
    if isinstance(node, sx.Sum):
        for i, term in enumerate(node.terms):
            for size in around.sizes[:MOST_NAMES]:
                made = in_brackets(times(meant_name(size, term.span), in_brackets(term), ""))
                meant = replace(node, terms=(*node.terms[:i], made, *node.terms[i + 1 :]))
                yield meant, "missing_factor", f"the factor {names.text(size)} is missing in this term"
            for factor, what in ((2, "a factor 2 is missing"), (3, "a factor 3 is missing")):
                for whole in (
                    times(term, sx.Number(term.span, str(factor)), ""),
                    sx.Frac(term.span, term, sx.Number(term.span, str(factor))),
                ):
                    message = f"{what} in this term" if isinstance(whole, sx.Product) else f"a factor {factor} too many in this term"
                    yield replace(node, terms=(*node.terms[:i], whole, *node.terms[i + 1 :])), "missing_factor", message


def power(node: Node, around: Surroundings) -> Iterator[Option]:
    """A square left out, or one too many."""
    cause = "wrong_activation_derivative" if (name := around.name_of(node)) and around.is_activation(name) else "missing_factor"
    if isinstance(node, sx.Scripted) and node.sup is not None and constant_of(node.sup) in (2, 3):
        name = around.name_of(node.base)
        cause = "wrong_activation_derivative" if name and around.is_activation(name) else "missing_factor"
        lower = sx.Number(node.span, "2") if constant_of(node.sup) == 3 else None
        yield (replace(node, sup=lower) if lower or node.sub else node.base), cause, "the power is one too high"
        yield replace(node, sup=sx.Number(node.span, "3")), cause, "the power is one too low"
    elif isinstance(node, (sx.Name, sx.Group, sx.Scripted, sx.Call)):
        squared = sx.Product(node.span, (in_brackets(node), in_brackets(node)), ("odot",))
        yield in_brackets(squared), cause, "a square is missing"


def factor(node: Node, around: Surroundings) -> Iterator[Option]:
    """A factor that does not belong; of a formula that was followed, one that was left out."""
    followed = around.case.is_followed
    if isinstance(node, sx.Frac):
        below = around.name_of(node.below) or plain_name(node.below)
        yield node.above, "sum_vs_mean" if below in around.sizes else "missing_factor", "this should not be divided by"
        return
    if not isinstance(node, sx.Product):
        return
    for i, held in enumerate(node.factors):
        cause = "missing_factor"
        if is_slope(held):
            cause = "missing_activation_derivative" if followed else "wrong_activation_derivative"
        elif around.name_of(held) in around.masks and followed:
            cause = "mask_forgotten"
        elif isinstance(held, sx.Frac) and (plain_name(held.below) in around.sizes or followed):
            cause = "sum_vs_mean"
        yield without_factor(node, i), cause, "this factor is one too many"


def scalar(node: Node, around: Surroundings) -> Iterator[Option]:
    """A number with a name, or a size, left out of a term."""
    if isinstance(node, (sx.Number, sx.Relation)):
        return
    for name in around.scalars[:MOST_NAMES]:
        shown = names.text(name)
        yield in_brackets(times(meant_name(name, node.span), in_brackets(node), "")), "missing_factor", f"the factor {shown} is missing"
    for name in around.sizes[:MOST_NAMES]:
        size = sx.Name(node.span, name)
        one_over = sx.Frac(node.span, sx.Number(node.span, "1"), size)
        yield in_brackets(times(one_over, in_brackets(node), "")), "sum_vs_mean", f"a factor 1/{name} is missing"
        yield in_brackets(times(size, in_brackets(node), "")), "sum_vs_mean", f"a factor {name} is missing"
        one_over_root = sx.Frac(node.span, sx.Number(node.span, "1"), sx.Root(node.span, size))
        yield in_brackets(times(one_over_root, in_brackets(node), "")), "missing_factor", f"a factor 1/√{name} is missing"


def inserted(node: Node, around: Surroundings) -> Iterator[Option]:
    """A matrix left out of a product, or a vector left out entry by entry."""
    if isinstance(node, (sx.Number, sx.Relation, sx.Prefix)):
        return
    cause = "missing_chain_term"
    for name in around.matrices[:_MOST_FACTORS]:
        meant, message = meant_name(name, node.span), f"the factor {names.text(name)} is left out"
        for other in (meant, transposed(meant)):
            yield in_brackets(sx.Product(node.span, (other, in_brackets(node)), ("",))), cause, message
            yield in_brackets(times(node, other, "")), cause, message
        yield in_brackets(times(node, meant, "odot")), cause, message


def added(node: Node, around: Surroundings) -> Iterator[Option]:
    """A named term left out: an ε under a root, a bias."""
    if isinstance(node, (sx.Number, sx.Relation, sx.Prefix)):
        return
    own = {around.name_of(n) for n in sx.walk(node)}
    found = around.scalars[:MOST_NAMES] + (around.matrices[:_MOST_FACTORS] if isinstance(node, sx.Product) else [])
    for name in (n for n in found if n not in own):
        made = sx.Sum(node.span, (node, meant_name(name, node.span)), ("", "+"))
        yield in_brackets(made), "missing_chain_term", f"the term {names.text(name)} is left out"


def symmetric(node: Node, around: Surroundings) -> Iterator[Option]:
    """`2A` where `A + Aᵀ` is meant, which is the same only of a symmetric A."""
    if isinstance(node, sx.Product) and constant_of(node.factors[0]) == 2:
        rest = without_factor(node, 0)
        both = sx.Sum(node.span, (rest, transposed(rest)), ("", "+"))
        yield in_brackets(both), "missing_transpose", "the second of two terms is the transpose of the first"
        if not isinstance(rest, sx.Product):
            return
        for i, factor in enumerate(rest.factors):
            twice = in_brackets(sx.Sum(node.span, (factor, transposed(factor)), ("", "+")))
            made = replace(rest, factors=(*rest.factors[:i], twice, *rest.factors[i + 1 :]))
            yield made, "missing_transpose", "the matrix and its transpose are not the same here"


def leaf(node: Node, around: Surroundings) -> Iterator[Option]:
    """One number in a calculation is not the one that belongs there."""
    if not isinstance(node, sx.Number) or not is_worked(around.case.link.right):
        return
    negated = sx.Prefix(node.span, "-", node)
    yield sx.Group(node.span, "(", ")", negated), "sign", "the sign of this number is wrong"
    stale = {x for versions in around.case.judge.ledger.older.values() for rows in versions for row in rows for x in row}
    cause = "stale_value" if node.value in stale or -node.value in stale else "wrong_given"
    for meant in around.numbers:
        if abs(meant) != node.value:
            yield _literal(meant, node.span), cause, f"{_decimal(meant)} is meant here"


def _literal(value: Fraction, span: Span) -> Node:
    made = numeral(value, span)
    return sx.Group(span, "(", ")", made) if value < 0 else made


def _decimal(value: Fraction) -> str:
    return f"{float(value):.6g}".replace("-", "−")


def term(node: Node, around: Surroundings) -> Iterator[Option]:
    """A term that does not belong."""
    if isinstance(node, sx.Sum):
        for i in range(len(node.terms)):
            terms = (*node.terms[:i], *node.terms[i + 1 :])
            signs = (*node.signs[:i], *node.signs[i + 1 :])
            lone = sx.Prefix(node.span, "-", terms[0]) if len(terms) == 1 and signs[0] == "-" else terms[0]
            made = replace(node, terms=terms, signs=signs) if len(terms) > 1 else lone
            yield made, "missing_chain_term", "this term does not belong here"
