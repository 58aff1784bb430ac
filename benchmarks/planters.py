r"""The mistakes people make, each as a record that makes it: `(a piece of what is written, its surroundings) → what is written instead`.

A planter changes the syntax tree and knows nothing of values: whether the changed line is really false is for `planting` to find out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from symgrad import syntax as sx
from symgrad.naming import letters_of, plain_name, script_text, superscript
from symgrad.readings import constant_of, without_transpose
from symgrad.syntax import Node

_JUXTAPOSED = frozenset({"", "cdot", "times", "*", "@", "star"})
_HADAMARD = frozenset({"odot", "circ"})
_ACTIVATIONS = frozenset({"\\sigma", "ReLU", "relu", "\\tanh", "tanh", "f", "g", "\\phi", "\\varphi", "sigmoid", "softplus"})
_MASKS = frozenset({"M", "m", "D", "R", "\\Omega", "mask"})
_COUNTERS = frozenset("nNmBT")
_INDICES = frozenset("ijklpq")
NEW = sx.Span(-1, -1)  # the place of what no author wrote


@dataclass
class Surroundings:
    """What the rest of the sheet offers for a mistake: the names as it spells them, activations, masks, and numbers of examples."""

    styled: frozenset[str] = frozenset()
    spelling: dict[str, Node] = field(default_factory=dict)
    below: dict[str, Node] = field(default_factory=dict)  # an activation's name → its pre-activation
    above: dict[str, Node] = field(default_factory=dict)  # a pre-activation's name → its activation
    counters: set[str] = field(default_factory=set)
    hadamard: set[str] = field(default_factory=set)
    in_slopes: set[int] = field(default_factory=set)  # the pieces that are within a derivative of an activation

    @classmethod
    def of(cls, nodes: list[Node], styled: frozenset[str]) -> Surroundings:
        found = cls(styled)
        for node in (n for root in nodes for n in sx.walk(root)):
            name = found.name(node)
            if name is not None:
                found.spelling.setdefault(name, bare(node))
            if isinstance(node, sx.Relation):
                for head, side in zip(node.sides, node.sides[1:], strict=False):
                    found._pair(head, side)
            elif isinstance(node, sx.Product):
                for a, b, operator in zip(node.factors, node.factors[1:], node.operators, strict=False):
                    found.hadamard |= {n for n in (found.name(a), found.name(b)) if n is not None and operator in _HADAMARD}
            elif isinstance(node, sx.Frac) and isinstance(node.below, sx.Name) and node.below.base in _COUNTERS:
                found.counters.add(node.below.base)
        for node in (n for root in nodes for n in sx.walk(root) if isinstance(n, sx.Product)):
            within = [f for start, end in slopes(node, found) for f in node.factors[start:end]]
            found.in_slopes |= {id(n) for f in within for n in sx.walk(f)}
        return found

    def _pair(self, head: Node, side: Node) -> None:
        if isinstance(side, sx.Call) and len(side.args) == 1 and is_activation(side.function):
            (inner,) = side.args
            activation, pre = self.name(head), self.name(inner)
            if activation is not None and pre is not None:
                self.below[activation], self.above[pre] = inner, head

    def name(self, node: Node) -> str | None:
        """What a piece names, transposed or not."""
        return plain_name(bare(node), self.styled) if isinstance(node, (sx.Name, sx.Scripted)) else None

    def is_mask(self, node: Node) -> bool:
        name = self.name(node)
        base = node.base if isinstance(node, sx.Scripted) else node
        return name in self.hadamard and isinstance(base, sx.Name) and base.base in _MASKS

    def neighbours(self, node: Node) -> Iterator[Node]:
        """The same letter one step or layer on or back, as the sheet spells it elsewhere."""
        own = _place(node)
        for other in self.spelling.values() if own is not None else ():
            theirs = _place(other)
            if theirs is not None and own is not None and theirs[0] == own[0] and abs(theirs[1] - own[1]) == 1:
                yield other


def bare(node: Node) -> Node:
    return without_transpose(node) if isinstance(node, sx.Scripted) and superscript(node.sup).transposed else node


def is_activation(node: Node) -> bool:
    return isinstance(node, sx.Name) and node.base in _ACTIVATIONS


def _place(node: Node) -> tuple[tuple[object, ...], int] | None:
    r"""A name without its step, and the step: `h_{t-1}` is (h, t) and −1, `W^{(2)}` is W and 2."""
    if not isinstance(node, sx.Scripted) or not isinstance(node.base, sx.Name):
        return None
    sub, sup = script_text(node.sub), script_text(node.sup)
    step = sub or sup
    match = re.fullmatch(r"\W*([a-zA-Z]?)([+-]?\d+)?\W*", step)
    if match is None or not step or (sub and sup):
        return None
    return (node.base, bool(sub), match[1]), int(match[2] or 0)


# ── making trees ─────────────────────────────────────────────────────────────────────────────────────────────────────


def grouped(node: Node) -> Node:
    return sx.Group(NEW, "(", ")", node) if isinstance(node, (sx.Sum, sx.Product, sx.Prefix)) else node


def turned(node: Node) -> Node:
    """The transpose, or what was transposed."""
    if isinstance(node, sx.Scripted) and superscript(node.sup).transposed:
        return without_transpose(node)
    if isinstance(node, sx.Scripted) and (node.sup is not None or node.primes):
        return sx.Scripted(NEW, sx.Group(NEW, "(", ")", node), None, sx.Mark(NEW, "\\top"))
    if isinstance(node, sx.Scripted):
        return sx.Scripted(NEW, node.base, node.sub, sx.Mark(NEW, "\\top"))
    return sx.Scripted(NEW, grouped(node), None, sx.Mark(NEW, "\\top"))


def product(factors: list[Node], operators: list[str]) -> Node:
    return factors[0] if len(factors) == 1 else sx.Product(NEW, tuple(factors), tuple(operators))


def without(node: sx.Product, start: int, end: int) -> Node:
    """The product without some factors, and without the signs that joined them on."""
    factors = [*node.factors[:start], *node.factors[end:]]
    first = start - 1 if start else 0
    return product(factors, [*node.operators[:first], *node.operators[first + end - start :]])


def renamed(node: Node, old: str, new: Node, around: Surroundings) -> Node:
    def change(n: Node) -> Node:
        return new if isinstance(n, (sx.Name, sx.Scripted)) and plain_name(n, around.styled) == old else n

    return sx.mapped(node, change)


# ── what is a slope ──────────────────────────────────────────────────────────────────────────────────────────────────


def slopes(node: sx.Product, around: Surroundings) -> Iterator[tuple[int, int]]:
    """Where derivatives of activations stand in a product: σ'(z), 1[z > 0], a ⊙ (1 − a), 1 − h ⊙ h."""
    for i, factor in enumerate(node.factors):
        if not _is_slope(factor):
            continue
        value = _of_one_less(factor, around)
        beside = next((j for j in (i - 1, i + 1) if 0 <= j < len(node.factors) and value and around.name(node.factors[j]) == value), i)
        yield min(i, beside), max(i, beside) + 1


def _is_slope(node: Node) -> bool:
    match node:
        case sx.Call(function=sx.Scripted(primes=primes)):
            return primes > 0
        case sx.Indicator():
            return True
        case sx.Group(body=body) | sx.Call(function=sx.Name(base="diag"), args=(body,)):
            return _is_slope(body)
        case sx.Sum(terms=(first, _), signs=signs):
            return constant_of(first) == 1 and signs[-1] == "-"
        case sx.Product(factors=factors):
            return any(map(_is_slope, factors))
    return False


def _of_one_less(node: Node, around: Surroundings) -> str | None:
    """The a of (1 − a)."""
    match node:
        case sx.Group(body=sx.Sum(terms=(_, second), signs=(_, "-"))):
            return around.name(second)
    return None


# ── the records ──────────────────────────────────────────────────────────────────────────────────────────────────────


def transpose_dropped(node: Node, around: Surroundings) -> Iterator[Node]:
    if isinstance(node, sx.Scripted) and superscript(node.sup).transposed and not superscript(node.sup).inverse:
        yield without_transpose(node)


def transpose_added(node: Node, around: Surroundings) -> Iterator[Node]:
    if isinstance(node, sx.Product) and set(node.operators) <= _JUXTAPOSED:
        for i, factor in enumerate(node.factors):
            if around.name(factor) is not None and bare(factor) is factor:
                yield product([*node.factors[:i], turned(factor), *node.factors[i + 1 :]], [*node.operators])


def factors_swapped(node: Node, around: Surroundings) -> Iterator[Node]:
    if isinstance(node, sx.Product):
        for i, operator in enumerate(node.operators):
            a, b = node.factors[i], node.factors[i + 1]
            if operator in _JUXTAPOSED and not _is_number(a) and not _is_number(b):
                yield product([*node.factors[:i], b, a, *node.factors[i + 2 :]], [*node.operators])


def transpose_of_a_product(node: Node, around: Surroundings) -> Iterator[Node]:
    """(AB)ᵀ = AᵀBᵀ."""
    if isinstance(node, sx.Scripted) and superscript(node.sup).transposed and isinstance(node.base, sx.Group):
        inner = node.base.body
        if isinstance(inner, sx.Product) and len(inner.factors) == 2 and set(inner.operators) <= _JUXTAPOSED:
            yield grouped(product([turned(f) for f in inner.factors], [*inner.operators]))


def hadamard_for_matrix(node: Node, around: Surroundings) -> Iterator[Node]:
    if isinstance(node, sx.Product):
        for i, operator in enumerate(node.operators):
            if operator in _JUXTAPOSED and not _is_number(node.factors[i]) and not _is_number(node.factors[i + 1]):
                yield product([*node.factors], [*node.operators[:i], "odot", *node.operators[i + 1 :]])


def matrix_for_hadamard(node: Node, around: Surroundings) -> Iterator[Node]:
    if isinstance(node, sx.Product):
        for i, operator in enumerate(node.operators):
            if operator in _HADAMARD:
                yield product([*node.factors], [*node.operators[:i], "", *node.operators[i + 1 :]])


def difference_turned(node: Node, around: Surroundings) -> Iterator[Node]:
    r"""y − ŷ for ŷ − y."""
    if isinstance(node, sx.Sum) and len(node.terms) == 2 and node.signs == ("", "-") and not _is_slope(node):
        yield sx.Sum(NEW, node.terms[::-1], node.signs)


def sign_of_a_term(node: Node, around: Surroundings) -> Iterator[Node]:
    if isinstance(node, sx.Sum):
        for i, sign in enumerate(node.signs):
            if i and sign in ("+", "-"):
                yield replace(node, span=NEW, signs=(*node.signs[:i], "-" if sign == "+" else "+", *node.signs[i + 1 :]))


def minus_left_out(node: Node, around: Surroundings) -> Iterator[Node]:
    if isinstance(node, sx.Prefix) and node.sign == "-" and not isinstance(node.body, sx.Number):
        yield node.body


def factor_left_out(node: Node, around: Surroundings) -> Iterator[Node]:
    """The 2 of a square, the ½ of a loss."""
    if isinstance(node, sx.Product):
        for i, factor in enumerate(node.factors):
            if _is_number(factor) and node.operators[min(i, len(node.operators) - 1)] not in _HADAMARD:
                yield without(node, i, i + 1)
    elif isinstance(node, sx.Frac) and constant_of(node.above) == 2 and isinstance(node.below, sx.Name):
        yield replace(node, span=NEW, above=sx.Number(NEW, "1"))


def factor_two_too_many(node: Node, around: Surroundings) -> Iterator[Node]:
    if isinstance(node, sx.Product) and not any(map(_is_number, node.factors)) and not set(node.operators) & {"/"}:
        yield product([sx.Number(NEW, "2"), *node.factors], ["", *node.operators])


def mean_left_out(node: Node, around: Surroundings) -> Iterator[Node]:
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


def mean_too_many(node: Node, around: Surroundings) -> Iterator[Node]:
    if isinstance(node, sx.Product) and not any(isinstance(f, sx.Frac) for f in node.factors):
        for letter in sorted(around.counters):
            yield product([sx.Frac(NEW, sx.Number(NEW, "1"), sx.Name(NEW, letter)), *node.factors], ["", *node.operators])


def _counts(node: Node) -> bool:
    return isinstance(node, sx.Name) and node.base in _COUNTERS


def _is_number(node: Node) -> bool:
    return constant_of(node) is not None


def slope_left_out(node: Node, around: Surroundings) -> Iterator[Node]:
    if isinstance(node, sx.Product):
        for start, end in slopes(node, around):
            if end - start < len(node.factors):
                yield without(node, start, end)


def slope_at_the_activation(node: Node, around: Surroundings) -> Iterator[Node]:
    """σ'(a) for σ'(z), and z ⊙ (1 − z) for a ⊙ (1 − a)."""
    if isinstance(node, sx.Call) and _is_slope(node) and len(node.args) == 1:
        other = around.above.get(around.name(node.args[0]) or "")
        if other is not None:
            yield replace(node, span=NEW, args=(other,))
    if isinstance(node, sx.Product):
        for start, end in slopes(node, around):
            found = [n for f in node.factors[start:end] for n in sx.walk(f) if around.name(n) in around.below]
            if found and not isinstance(node.factors[start], sx.Call):
                name = around.name(found[0])
                other = around.below[str(name)]
                changed = [renamed(f, str(name), other, around) for f in node.factors[start:end]]
                yield product([*node.factors[:start], *changed, *node.factors[end:]], [*node.operators])


def activation_for_its_slope(node: Node, around: Surroundings) -> Iterator[Node]:
    if isinstance(node, sx.Call) and isinstance(node.function, sx.Scripted) and node.function.primes == 1 and node.function.sup is None:
        plain = node.function.base if node.function.sub is None else replace(node.function, span=NEW, primes=0)
        yield replace(node, span=NEW, function=plain)


def half_a_slope(node: Node, around: Surroundings) -> Iterator[Node]:
    """Only 1 − a of a ⊙ (1 − a), or only a."""
    if isinstance(node, sx.Product):
        for start, end in slopes(node, around):
            if end - start == 2:
                yield without(node, start, start + 1)
                yield without(node, end - 1, end)


def activation_not_applied(node: Node, around: Surroundings) -> Iterator[Node]:
    if isinstance(node, sx.Call) and is_activation(node.function) and len(node.args) == 1:
        yield grouped(node.args[0])
    name = around.name(node)
    if name in around.below and id(node) not in around.in_slopes:
        other = around.below[str(name)]
        yield other if bare(node) is node else turned(other)


def softmax_diagonal(node: Node, around: Surroundings) -> Iterator[Node]:
    r"""diag(p) for diag(p) − p pᵀ; p ⊙ g for p ⊙ (g − pᵀg)."""
    if isinstance(node, sx.Sum) and len(node.terms) == 2 and node.signs == ("", "-"):
        first = node.terms[0]
        if isinstance(first, sx.Call) and isinstance(first.function, sx.Name) and first.function.base == "diag":
            yield first


def term_left_out(node: Node, around: Surroundings) -> Iterator[Node]:
    """One path of the chain rule, or all but the direct one."""
    if isinstance(node, sx.Sum) and all(sign in ("", "+") for sign in node.signs) and not any(map(_is_number, node.terms)):
        for i in range(len(node.terms)):
            terms = (*node.terms[:i], *node.terms[i + 1 :])
            yield terms[0] if len(terms) == 1 else sx.Sum(NEW, terms, ("", *node.signs[2:]))


def only_the_direct_term(node: Node, around: Surroundings) -> Iterator[Node]:
    """The last step alone, of a sum over the steps."""
    if isinstance(node, sx.Sum) and len(node.terms) > 2 and all(sign in ("", "+") for sign in node.signs):
        yield node.terms[-1]
    if isinstance(node, sx.BigOp) and node.operator == "sum" and node.body is not None and node.above is not None:
        letters = [n for n in sx.walk(node.below) if isinstance(n, sx.Name)] if node.below is not None else []
        last = node.above
        if letters and letters[0].base in ("t", "k", "s") and isinstance(last, (sx.Name, sx.Number)):
            yield sx.mapped(node.body, lambda n: last if isinstance(n, sx.Name) and n == letters[0] else n)


def chain_cut_short(node: Node, around: Surroundings) -> Iterator[Node]:
    if isinstance(node, sx.Product) and sum(isinstance(f, sx.Derivative) for f in node.factors) > 1:
        for i, factor in enumerate(node.factors):
            if isinstance(factor, sx.Derivative):
                yield without(node, i, i + 1)


def sum_left_out(node: Node, around: Surroundings) -> Iterator[Node]:
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


def mask_left_out(node: Node, around: Surroundings) -> Iterator[Node]:
    if isinstance(node, sx.Product):
        for i, factor in enumerate(node.factors):
            if around.is_mask(factor):
                made = without(node, i, i + 1)
                yield made.body if isinstance(made, sx.Group) else made


def dropout_for_dropconnect(node: Node, around: Surroundings) -> Iterator[Node]:
    """M ⊙ (W x) for (M ⊙ W) x."""
    if isinstance(node, sx.Product) and len(node.factors) == 2 and node.operators[0] in _JUXTAPOSED:
        match node.factors:
            case (sx.Group(body=sx.Product(factors=(mask, weights), operators=("odot",))), other) if around.is_mask(mask):
                yield product([mask, grouped(product([weights, other], [""]))], ["odot"])


def index_shifted(node: Node, around: Surroundings) -> Iterator[Node]:
    if isinstance(node, sx.Scripted):
        for other in around.neighbours(bare(node)):
            yield other if bare(node) is node else turned(other)


def indices_exchanged(node: Node, around: Surroundings) -> Iterator[Node]:
    letters = letters_of(node.sub) if isinstance(node, sx.Scripted) and isinstance(node.sub, sx.Product) else None
    if isinstance(node, sx.Scripted) and isinstance(node.sub, sx.Product) and letters is not None and len({*letters} & _INDICES) == 2:
        yield replace(node, span=NEW, sub=replace(node.sub, span=NEW, factors=node.sub.factors[::-1]))


def other_layout(node: Node, around: Surroundings) -> Iterator[Node]:
    """x δᵀ for δ xᵀ."""
    if isinstance(node, sx.Product) and len(node.factors) == 2 and node.operators[0] in _JUXTAPOSED:
        a, b = node.factors
        if bare(b) is not b or bare(a) is not a:
            yield product([turned(b), turned(a)], [*node.operators])


def shape_turned(node: Node, around: Surroundings) -> Iterator[Node]:
    if isinstance(node, sx.Product) and node.operators == ("times",) and node.factors[0] != node.factors[1]:
        yield replace(node, span=NEW, factors=node.factors[::-1])


def entry_slipped(node: Node, around: Surroundings) -> Iterator[Node]:
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


def entry_with_other_sign(node: Node, around: Surroundings) -> Iterator[Node]:
    if isinstance(node, sx.Matrix):
        for i, row in enumerate(node.rows):
            for j, cell in enumerate(row):
                made = cell.body if isinstance(cell, sx.Prefix) and cell.sign == "-" else sx.Prefix(NEW, "-", cell)
                if isinstance(made if made is not cell else cell, (sx.Number, sx.Prefix)) and constant_of(cell):
                    yield replace(node, span=NEW, rows=(*node.rows[:i], (*row[:j], made, *row[j + 1 :]), *node.rows[i + 1 :]))


def count_without_a_term(node: Node, around: Surroundings) -> Iterator[Node]:
    """The bias forgotten in a count."""
    if isinstance(node, sx.Sum) and _is_number(node) and all(sign in ("", "+") for sign in node.signs):
        for i in range(1, len(node.terms)):
            terms, signs = (*node.terms[:i], *node.terms[i + 1 :]), (*node.signs[:i], *node.signs[i + 1 :])
            yield terms[0] if len(terms) == 1 else sx.Sum(NEW, terms, signs)


def count_without_a_factor(node: Node, around: Surroundings) -> Iterator[Node]:
    if isinstance(node, sx.Product) and _is_number(node) and "/" not in node.operators:
        for i in range(len(node.factors)):
            yield without(node, i, i + 1)


Make = Callable[[Node, Surroundings], Iterator[Node]]


@dataclass(frozen=True)
class Planter:
    """One kind of mistake: its name, the causes that a diagnosis may give, and the record that makes it.

    `of` is what it is made in: "formula", "number" (a printed result), "count" (a calculation of numbers alone), "shape".
    """

    name: str
    causes: str
    make: Make
    of: str = "formula"


CATALOGUE: tuple[Planter, ...] = (
    Planter("transpose missing", "missing_transpose", transpose_dropped),
    Planter("transpose too many", "missing_transpose", transpose_added),
    Planter("factors in wrong order", "wrong_order", factors_swapped),
    Planter("(AB)ᵀ = AᵀBᵀ", "wrong_order", transpose_of_a_product),
    Planter("Hadamard for matrix product", "elementwise_vs_matmul", hadamard_for_matrix),
    Planter("matrix for Hadamard product", "elementwise_vs_matmul", matrix_for_hadamard),
    Planter("difference turned", "sign", difference_turned),
    Planter("sign of a term", "sign", sign_of_a_term),
    Planter("minus left out", "sign", minus_left_out),
    Planter("factor left out", "missing_factor", factor_left_out),
    Planter("factor 2 too many", "missing_factor", factor_two_too_many),
    Planter("mean left out", "sum_vs_mean", mean_left_out),
    Planter("mean too many", "sum_vs_mean", mean_too_many),
    Planter("slope left out", "missing_activation_derivative", slope_left_out),
    Planter("slope at the activation", "wrong_activation_derivative", slope_at_the_activation),
    Planter("activation for its slope", "wrong_activation_derivative", activation_for_its_slope),
    Planter("half a slope", "wrong_activation_derivative", half_a_slope),
    Planter("activation not applied", "activation_not_applied", activation_not_applied),
    Planter("softmax diagonal", "softmax_diagonal", softmax_diagonal),
    Planter("term left out", "missing_chain_term", term_left_out),
    Planter("only the direct term", "missing_chain_term", only_the_direct_term),
    Planter("chain cut short", "missing_chain_term", chain_cut_short),
    Planter("sum left out", "missing_sum", sum_left_out),
    Planter("mask left out", "mask_forgotten", mask_left_out),
    Planter("dropout for DropConnect", "shape_mismatch mask_forgotten wrong_order", dropout_for_dropconnect),
    Planter("index shifted", "index_off_by_one", index_shifted),
    Planter("indices exchanged", "missing_transpose", indices_exchanged),
    Planter("layouts mixed", "wrong_layout", other_layout),
    Planter("shape annotated wrongly", "shape_mismatch", shape_turned, "shape"),
    Planter("entry slipped", "arithmetic_slip", entry_slipped, "number"),
    Planter("entry with other sign", "sign", entry_with_other_sign, "number"),
    Planter("term forgotten in a count", "param_count arithmetic_slip missing_chain_term", count_without_a_term, "count"),
    Planter("factor forgotten in a count", "param_count arithmetic_slip missing_factor", count_without_a_factor, "count"),
)


def pieces(node: Node) -> Iterator[Node]:
    """What a side is made of, without scripts, which belong to names, and without what is only named: derivatives."""
    yield node
    match node:
        case sx.Derivative() | sx.Differential():
            return
        case sx.Scripted(base=base):
            yield from pieces(base)
        case sx.BigOp(body=body):
            yield from () if body is None else pieces(body)
        case sx.Call(args=args):
            for arg in args:
                yield from pieces(arg)
        case _:
            for child in sx.children(node):
                yield from pieces(child)
