r"""The mistakes people make, each as a record that makes it: `(a piece of what is written, its surroundings) → what is written instead`.

A record changes the syntax tree and knows nothing of values. Numbers that do not come of their formula are explained by the mistake with
which they do; and slips are planted with the same records, in sheets that are right.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from symgrad import syntax as sx
from symgrad.constant import constant_of
from symgrad.mistakes.notation import (
    COUNTERS,
    HADAMARD,
    JUXTAPOSED,
    NEW,
    Notation,
    bare,
    grouped,
    is_activation,
    is_slope,
    product,
    renamed,
    slopes,
    turned,
    without,
)
from symgrad.naming import letters_of, superscript, without_transpose
from symgrad.syntax import Node

_INDICES = frozenset("ijklpq")
# ── the records ──────────────────────────────────────────────────────────────────────────────────────────────────────


def transpose_dropped(node: Node, notation: Notation) -> Iterator[Node]:
    if isinstance(node, sx.Scripted) and superscript(node.sup).transposed and not superscript(node.sup).inverse:
        yield without_transpose(node)


def transpose_added(node: Node, notation: Notation) -> Iterator[Node]:
    if isinstance(node, sx.Product) and set(node.operators) <= JUXTAPOSED:
        for i, factor in enumerate(node.factors):
            if notation.name(factor) is not None and bare(factor) is factor:
                yield product([*node.factors[:i], turned(factor), *node.factors[i + 1 :]], [*node.operators])


def factors_swapped(node: Node, notation: Notation) -> Iterator[Node]:
    if isinstance(node, sx.Product):
        for i, operator in enumerate(node.operators):
            a, b = node.factors[i], node.factors[i + 1]
            if operator in JUXTAPOSED and not _is_number(a) and not _is_number(b):
                yield product([*node.factors[:i], b, a, *node.factors[i + 2 :]], [*node.operators])


def transpose_of_a_product(node: Node, notation: Notation) -> Iterator[Node]:
    """(AB)ᵀ = AᵀBᵀ."""
    if isinstance(node, sx.Scripted) and superscript(node.sup).transposed and isinstance(node.base, sx.Group):
        inner = node.base.body
        if isinstance(inner, sx.Product) and len(inner.factors) == 2 and set(inner.operators) <= JUXTAPOSED:
            yield grouped(product([turned(f) for f in inner.factors], [*inner.operators]))


def hadamard_for_matrix(node: Node, notation: Notation) -> Iterator[Node]:
    if isinstance(node, sx.Product):
        for i, operator in enumerate(node.operators):
            if operator in JUXTAPOSED and not _is_number(node.factors[i]) and not _is_number(node.factors[i + 1]):
                yield product([*node.factors], [*node.operators[:i], "odot", *node.operators[i + 1 :]])


def matrix_for_hadamard(node: Node, notation: Notation) -> Iterator[Node]:
    if isinstance(node, sx.Product):
        for i, operator in enumerate(node.operators):
            if operator in HADAMARD:
                yield product([*node.factors], [*node.operators[:i], "", *node.operators[i + 1 :]])


def difference_turned(node: Node, notation: Notation) -> Iterator[Node]:
    r"""y − ŷ for ŷ − y."""
    if isinstance(node, sx.Sum) and len(node.terms) == 2 and node.signs == ("", "-") and not is_slope(node, notation):
        yield sx.Sum(NEW, node.terms[::-1], node.signs)


def sign_of_a_term(node: Node, notation: Notation) -> Iterator[Node]:
    if isinstance(node, sx.Sum):
        for i, sign in enumerate(node.signs):
            if i and sign in ("+", "-"):
                yield replace(node, span=NEW, signs=(*node.signs[:i], "-" if sign == "+" else "+", *node.signs[i + 1 :]))


def step_uphill(node: Node, notation: Notation) -> Iterator[Node]:
    r"""W + η dW for W − η dW."""
    if not isinstance(node, sx.Sum) or node.signs != ("", "-") or not isinstance(node.terms[1], sx.Product):
        return
    if any(isinstance(n, (sx.Derivative, sx.Differential)) for n in sx.walk(node)):
        yield replace(node, span=NEW, signs=("", "+"))


def minus_left_out(node: Node, notation: Notation) -> Iterator[Node]:
    if isinstance(node, sx.Prefix) and node.sign == "-" and not isinstance(node.body, sx.Number):
        yield node.body


def factor_left_out(node: Node, notation: Notation) -> Iterator[Node]:
    """The 2 of a square, the ½ of a loss."""
    if isinstance(node, sx.Product):
        for i, factor in enumerate(node.factors):
            if _is_number(factor) and node.operators[min(i, len(node.operators) - 1)] not in HADAMARD:
                yield without(node, i, i + 1)
    elif isinstance(node, sx.Frac) and constant_of(node.above) == 2 and isinstance(node.below, sx.Name):
        yield replace(node, span=NEW, above=sx.Number(NEW, "1"))


def factor_two_too_many(node: Node, notation: Notation) -> Iterator[Node]:
    if isinstance(node, sx.Product) and not any(map(_is_number, node.factors)) and not set(node.operators) & {"/"}:
        yield product([sx.Number(NEW, "2"), *node.factors], ["", *node.operators])


def mean_left_out(node: Node, notation: Notation) -> Iterator[Node]:
    r"""The 1/n of a mean."""
    if isinstance(node, sx.Product):
        for i, factor in enumerate(node.factors):
            if isinstance(factor, sx.Frac) and _counts(factor.below):
                whole = constant_of(factor.above)
                if whole == 1:
                    yield without(node, i, i + 1)
                elif whole is not None:
                    yield product([*node.factors[:i], factor.above, *node.factors[i + 1 :]], [*node.operators])
    elif isinstance(node, sx.Frac) and _counts(node.below) and constant_of(node.above) is None:
        yield grouped(node.above)


def mean_too_many(node: Node, notation: Notation) -> Iterator[Node]:
    if isinstance(node, sx.Product) and not any(isinstance(f, sx.Frac) for f in node.factors):
        for letter in sorted(notation.counters):
            yield product([sx.Frac(NEW, sx.Number(NEW, "1"), sx.Name(NEW, letter)), *node.factors], ["", *node.operators])


def _counts(node: Node) -> bool:
    return isinstance(node, sx.Name) and node.base in COUNTERS


def _is_number(node: Node) -> bool:
    return constant_of(node) is not None


def slope_left_out(node: Node, notation: Notation) -> Iterator[Node]:
    if isinstance(node, sx.Product):
        for start, end in slopes(node, notation):
            if end - start < len(node.factors):
                yield without(node, start, end)


def slope_at_the_activation(node: Node, notation: Notation) -> Iterator[Node]:
    """σ'(a) for σ'(z), and z ⊙ (1 − z) for a ⊙ (1 − a)."""
    if isinstance(node, sx.Call) and is_slope(node, notation) and len(node.args) == 1:
        other = notation.above.get(notation.name(node.args[0]) or "")
        if other is not None:
            yield replace(node, span=NEW, args=(other,))
    if isinstance(node, sx.Product):
        for start, end in slopes(node, notation):
            found = [n for f in node.factors[start:end] for n in sx.walk(f) if notation.name(n) in notation.below]
            if found and not isinstance(node.factors[start], sx.Call):
                name = notation.name(found[0])
                other = notation.below[str(name)]
                changed = [renamed(f, str(name), other, notation) for f in node.factors[start:end]]
                yield product([*node.factors[:start], *changed, *node.factors[end:]], [*node.operators])


def activation_for_its_slope(node: Node, notation: Notation) -> Iterator[Node]:
    if isinstance(node, sx.Call) and isinstance(node.function, sx.Scripted) and node.function.primes == 1 and node.function.sup is None:
        plain = node.function.base if node.function.sub is None else replace(node.function, span=NEW, primes=0)
        yield replace(node, span=NEW, function=plain)


def half_a_slope(node: Node, notation: Notation) -> Iterator[Node]:
    """Only 1 − a of a ⊙ (1 − a), or only a."""
    if isinstance(node, sx.Product):
        for start, end in slopes(node, notation):
            if end - start == 2:
                yield without(node, start, start + 1)
                yield without(node, end - 1, end)


def activation_not_applied(node: Node, notation: Notation) -> Iterator[Node]:
    if isinstance(node, sx.Call) and is_activation(node.function) and len(node.args) == 1:
        yield grouped(node.args[0])
    name = notation.name(node)
    if name in notation.below and id(node) not in notation.in_slopes:
        other = notation.below[str(name)]
        yield other if bare(node) is node else turned(other)


def softmax_diagonal(node: Node, notation: Notation) -> Iterator[Node]:
    r"""diag(p) for diag(p) − p pᵀ; p ⊙ g for p ⊙ (g − pᵀg)."""
    if isinstance(node, sx.Sum) and len(node.terms) == 2 and node.signs == ("", "-"):
        first = node.terms[0]
        if isinstance(first, sx.Call) and isinstance(first.function, sx.Name) and first.function.base == "diag":
            yield first


def term_left_out(node: Node, notation: Notation) -> Iterator[Node]:
    """One path of the chain rule, or all but the direct one."""
    if isinstance(node, sx.Sum) and all(sign in ("", "+") for sign in node.signs) and not any(map(_is_number, node.terms)):
        for i in range(len(node.terms)):
            terms = (*node.terms[:i], *node.terms[i + 1 :])
            yield terms[0] if len(terms) == 1 else sx.Sum(NEW, terms, ("", *node.signs[2:]))


def only_the_direct_term(node: Node, notation: Notation) -> Iterator[Node]:
    """The last step alone, of a sum over the steps."""
    if isinstance(node, sx.Sum) and len(node.terms) > 2 and all(sign in ("", "+") for sign in node.signs):
        yield node.terms[-1]
    if isinstance(node, sx.BigOp) and node.operator == "sum" and node.body is not None and node.above is not None:
        letters = [n for n in sx.walk(node.below) if isinstance(n, sx.Name)] if node.below is not None else []
        last = node.above
        if letters and letters[0].base in ("t", "k", "s") and isinstance(last, (sx.Name, sx.Number)):
            yield sx.mapped(node.body, lambda n: last if isinstance(n, sx.Name) and n == letters[0] else _step(n))


def _step(node: Node) -> Node:
    """The 2 of h_{3 − 1}."""
    match node:
        case sx.Sum(terms=(sx.Number() as a, sx.Number() as b), signs=("", "+" | "-" as sign)):
            return sx.Number(NEW, str(int(a.value + (b.value if sign == "+" else -b.value))))
    return node


def chain_cut_short(node: Node, notation: Notation) -> Iterator[Node]:
    if isinstance(node, sx.Product) and sum(isinstance(f, sx.Derivative) for f in node.factors) > 1:
        for i, factor in enumerate(node.factors):
            if isinstance(factor, sx.Derivative):
                yield without(node, i, i + 1)


def sum_left_out(node: Node, notation: Notation) -> Iterator[Node]:
    """The gradient of a bias, not summed over the examples."""
    if isinstance(node, sx.BigOp) and node.operator == "sum" and node.body is not None:
        yield node.body
    if isinstance(node, sx.Call) and node.args and isinstance(node.function, sx.Name) and node.function.base in ("np.sum", "sum"):
        yield node.args[0]
    if isinstance(node, sx.Product) and _is_ones(node.factors[0]):
        yield without(node, 0, 1)
    if isinstance(node, sx.Product) and _is_ones(node.factors[-1]):
        yield without(node, len(node.factors) - 1, len(node.factors))


def _is_ones(node: Node) -> bool:
    base = node.base if isinstance(node, sx.Scripted) else node
    return (isinstance(base, sx.Name) and base.base == "1") or (isinstance(base, sx.Accented) and constant_of(base.body) == 1)


def mask_left_out(node: Node, notation: Notation) -> Iterator[Node]:
    if isinstance(node, sx.Product):
        for i, factor in enumerate(node.factors):
            if notation.is_mask(factor):
                made = without(node, i, i + 1)
                yield made.body if isinstance(made, sx.Group) else made


def dropout_for_dropconnect(node: Node, notation: Notation) -> Iterator[Node]:
    """M ⊙ (W x) for (M ⊙ W) x."""
    if isinstance(node, sx.Product) and len(node.factors) == 2 and node.operators[0] in JUXTAPOSED:
        match node.factors:
            case (sx.Group(body=sx.Product(factors=(mask, weights), operators=("odot",))), other) if notation.is_mask(mask):
                yield product([mask, grouped(product([weights, other], [""]))], ["odot"])


def index_shifted(node: Node, notation: Notation) -> Iterator[Node]:
    if isinstance(node, sx.Scripted):
        for other in notation.neighbours(bare(node)):
            yield other if bare(node) is node else turned(other)


def indices_exchanged(node: Node, notation: Notation) -> Iterator[Node]:
    letters = letters_of(node.sub) if isinstance(node, sx.Scripted) and isinstance(node.sub, sx.Product) else None
    if isinstance(node, sx.Scripted) and isinstance(node.sub, sx.Product) and letters is not None and len({*letters} & _INDICES) == 2:
        yield replace(node, span=NEW, sub=replace(node.sub, span=NEW, factors=node.sub.factors[::-1]))


def other_layout(node: Node, notation: Notation) -> Iterator[Node]:
    """x δᵀ for δ xᵀ."""
    if isinstance(node, sx.Product) and len(node.factors) == 2 and node.operators[0] in JUXTAPOSED:
        a, b = node.factors
        if bare(b) is not b or bare(a) is not a:
            yield product([turned(b), turned(a)], [*node.operators])


def shape_turned(node: Node, notation: Notation) -> Iterator[Node]:
    if isinstance(node, sx.Product) and node.operators == ("times",) and node.factors[0] != node.factors[1]:
        yield replace(node, span=NEW, factors=node.factors[::-1])


def entry_slipped(node: Node, notation: Notation) -> Iterator[Node]:
    """Digits that changed places, or a digit that is one too large."""
    if isinstance(node, sx.Number) and "{" not in node.text and "e" not in node.text:
        digits = node.text
        for i in range(len(digits) - 1):
            a, b = digits[i], digits[i + 1]
            if a.isdigit() and b.isdigit() and a != b and not (i == 0 and b == "0"):
                yield sx.Number(NEW, digits[:i] + b + a + digits[i + 2 :])
        whole = digits.partition(".")[0]
        if whole.isdigit():
            yield sx.Number(NEW, digits.replace(whole, str(int(whole) + 1), 1))


def entry_with_other_sign(node: Node, notation: Notation) -> Iterator[Node]:
    if isinstance(node, sx.Matrix):
        for i, row in enumerate(node.rows):
            for j, cell in enumerate(row):
                made = cell.body if isinstance(cell, sx.Prefix) and cell.sign == "-" else sx.Prefix(NEW, "-", cell)
                if isinstance(made if made is not cell else cell, (sx.Number, sx.Prefix)) and constant_of(cell):
                    yield replace(node, span=NEW, rows=(*node.rows[:i], (*row[:j], made, *row[j + 1 :]), *node.rows[i + 1 :]))


def count_without_a_term(node: Node, notation: Notation) -> Iterator[Node]:
    """The bias forgotten in a count."""
    if isinstance(node, sx.Sum) and _is_number(node) and all(sign in ("", "+") for sign in node.signs):
        for i in range(1, len(node.terms)):
            terms, signs = (*node.terms[:i], *node.terms[i + 1 :]), (*node.signs[:i], *node.signs[i + 1 :])
            yield terms[0] if len(terms) == 1 else sx.Sum(NEW, terms, signs)


def count_without_a_factor(node: Node, notation: Notation) -> Iterator[Node]:
    if isinstance(node, sx.Product) and _is_number(node) and "/" not in node.operators:
        for i in range(len(node.factors)):
            yield without(node, i, i + 1)


Make = Callable[[Node, Notation], Iterator[Node]]


@dataclass(frozen=True)
class Made:
    """One kind of mistake: what it is called, the cause it is diagnosed as (and what says the same of the same line), and what makes it.

    `of` is what it is made in: "formula", "number" (a printed result), "count" (a calculation of numbers alone), "shape". One that is
    `usual` explains a single small number, with which many others agree by accident.
    """

    name: str
    causes: str
    make: Make
    of: str = "formula"
    usual: bool = False

    @property
    def cause(self) -> str:
        return self.causes.split()[0]


# The plainer before the less plain, where two of them come to the same.
MADE: tuple[Made, ...] = (
    Made("the slope of the activation left out", "missing_activation_derivative", slope_left_out, usual=True),
    Made("the slope taken at the activation", "wrong_activation_derivative", slope_at_the_activation, usual=True),
    Made("the activation in place of its slope", "wrong_activation_derivative", activation_for_its_slope, usual=True),
    Made("half of the slope", "wrong_activation_derivative", half_a_slope),
    Made("the activation not applied", "activation_not_applied", activation_not_applied, usual=True),
    Made("the mask left out", "mask_forgotten", mask_left_out, usual=True),
    Made("a difference turned round", "sign", difference_turned),
    Made("a step against the rule", "sign", step_uphill, usual=True),
    Made("the other sign of a term", "sign", sign_of_a_term),
    Made("a minus left out", "sign", minus_left_out),
    Made("a transpose left out", "missing_transpose", transpose_dropped),
    Made("a transpose too many", "missing_transpose", transpose_added),
    Made("two factors exchanged", "wrong_order", factors_swapped),
    Made("(AB)ᵀ taken for AᵀBᵀ", "wrong_order", transpose_of_a_product),
    Made("a Hadamard product for the matrix product", "elementwise_vs_matmul", hadamard_for_matrix),
    Made("a matrix product for the Hadamard product", "elementwise_vs_matmul", matrix_for_hadamard),
    Made("a number left out", "missing_factor", factor_left_out),
    Made("a 2 too many", "missing_factor", factor_two_too_many),
    Made("a 1/n left out", "sum_vs_mean", mean_left_out),
    Made("a 1/n too many", "sum_vs_mean", mean_too_many),
    Made("only the diagonal of the softmax Jacobian", "softmax_diagonal", softmax_diagonal),
    Made("a term left out", "missing_chain_term", term_left_out),
    Made("only the direct term", "missing_chain_term", only_the_direct_term),
    Made("a chain cut short", "missing_chain_term", chain_cut_short),
    Made("a sum left out", "missing_sum", sum_left_out),
    Made("dropout for DropConnect", "shape_mismatch mask_forgotten wrong_order", dropout_for_dropconnect),
    Made("an index shifted by one", "index_off_by_one", index_shifted),
    Made("two indices exchanged", "missing_transpose", indices_exchanged),
    Made("the other layout", "wrong_layout missing_transpose", other_layout),
    Made("a shape turned round", "shape_mismatch", shape_turned, "shape"),
    Made("an entry that slipped", "arithmetic_slip", entry_slipped, "number"),
    Made("the other sign of an entry", "sign", entry_with_other_sign, "number"),
    Made("a term forgotten in a count", "param_count arithmetic_slip missing_chain_term", count_without_a_term, "count"),
    Made("a factor forgotten in a count", "param_count arithmetic_slip missing_factor", count_without_a_factor, "count"),
)
