r"""Mistakes made in writing: a small change of what is written that makes the claim hold.

A record yields, for one piece of the right side, what the author may have meant instead; the side is then read and judged again with
that in its place. Pieces are taken from the outside in. What a piece is, a mask or a slope, decides the name of the mistake.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from itertools import product

from symgrad import names
from symgrad import syntax as sx
from symgrad.constant import constant_of, numeral
from symgrad.implied import is_made_up
from symgrad.literals import is_worked
from symgrad.mistakes.case import Case, Diagnosis
from symgrad.mistakes.notation import Notation, bare, is_slope
from symgrad.mistakes.numbers import rows_text
from symgrad.mistakes.values import are_steps, called
from symgrad.naming import MEANT, letters_of, plain_name, superscript, without_transpose
from symgrad.origins import Place, index_letters, place_of, places_of
from symgrad.read.functions import ELEMENTWISE_WORDS, word_of
from symgrad.span import Span
from symgrad.syntax import Node
from symgrad.tensor import Map
from symgrad.terms import walk

Put = Callable[[Node], Node]
Option = tuple[Node, str, str]  # what is meant, the cause, the message
_JUXTAPOSED = frozenset({"", "cdot", "times", "*", "@", "star"})
_HADAMARD = frozenset({"odot", "circ", "*", "star"})
_MOST_NAMES = 6
_MOST_FACTORS = 12
_MOST_NUMBERS = 24


@dataclass(frozen=True)
class Surroundings:
    """What the rest of the sheet offers for a repair."""

    case: Case

    @cached_property
    def notation(self) -> Notation:
        return Notation.of([s.node for s in self.case.judge.gathered.sheet.statements], self.case.judge.meaning.styled)

    @cached_property
    def slopes(self) -> list[tuple[str, str]]:
        """Functions of every entry, and the names that they are applied to."""
        return [(function, pre) for pre, function, params in self.case.judge.meaning.activations() if not params]

    @cached_property
    def outputs(self) -> list[tuple[str, str]]:
        """Functions of every entry whose slope is written by their value, and the names of those values."""
        found = [(d.node, d.name) for d in self.case.network.definitions.values()]
        own = [(node.fn, name) for node, name in found if isinstance(node, Map) and not node.order and node.fn in _SLOPES_BY_VALUE]
        return own[:_MOST_NAMES]

    @property
    def masks(self) -> list[str]:
        return self.case.masks

    @cached_property
    def indicators(self) -> list[list[Node]]:
        """The `1[m_i < 1]` of the sheet, and those that `max(0, 1 - m_i)` has for its slope, each with its copies for every i."""
        found: dict[Span, list[Node]] = {}
        for i in self.case.judge.gathered.part.statements:
            for node in sx.walk(self.case.judge.gathered.sheet.statements[i].node):
                match node:
                    case sx.Indicator():
                        found.setdefault(node.span, []).append(node)
                    case sx.Call(function=sx.Name(base=word), args=(sx.Number(text="0") as zero, inner)) if word_of(word) == "max":
                        positive = sx.Indicator(node.span, sx.Number(node.span, "1"), sx.Relation(node.span, (inner, zero), (">",)))
                        found.setdefault(node.span, []).append(positive)
        return list(found.values())[:_MOST_NAMES]

    @cached_property
    def sizes(self) -> list[str]:
        return sorted(self.case.judge.meaning.vocabulary.sizes)

    @cached_property
    def functions(self) -> list[str]:
        """The functions of every entry that the definitions use."""
        found = [t for term in self.case.judge.meaning.terms.values() for t in walk(term) if t.op == "elementwise"]
        return sorted({t.params[0] for t in found if len(t.params) == 1 and t.params[0] in ELEMENTWISE_WORDS})

    @cached_property
    def matrices(self) -> list[str]:
        """The names that are no numbers."""
        found = self.case.network.variables
        return [name for name, v in found.items() if not is_made_up(name) and not all(dim.is_one for dim in v.shape)]

    @cached_property
    def numbers(self) -> list[Fraction]:
        """The numbers that the sheet has given names to."""
        found = [x for rows in self.case.ruling.values.values() for row in rows for x in row]
        return list(dict.fromkeys(found))[:_MOST_NUMBERS]

    @cached_property
    def scalars(self) -> list[str]:
        """Numbers with a name, such as λ."""
        return [name for name, item in self.case.network.inputs.items() if all(dim.is_one for dim in item.shape)]

    def name_of(self, node: Node) -> str | None:
        """The quantity of the sheet that a piece names, transposed or not."""
        kept = without_transpose(node) if isinstance(node, sx.Scripted) and superscript(node.sup).transposed else node
        name = plain_name(kept, self.case.judge.meaning.styled)
        return name if name is not None and self.case.judge.meaning.shape(name) is not None else None

    def related(self, name: str) -> list[str]:
        """What a name is an activation of, and what is an activation of it."""
        return self.case.judge.meaning.preactivation(name)

    def siblings(self, name: str) -> list[str]:
        return self.case.judge.meaning.siblings(name)

    def is_value_of_sigmoid(self, node: Node) -> bool:
        """Whether a piece is what a sigmoid gives, or an entry of it."""
        found = self.name_of(node)
        if found is None and isinstance(node, sx.Scripted) and letters_of(node.sub) is not None:
            found = self.name_of(node.base)
        return ("sigmoid", found) in self.outputs

    def written(self, node: Node) -> str:
        """A name as text."""
        return names.text(plain_name(node, self.case.judge.meaning.styled) or "")

    def is_activation(self, name: str) -> bool:
        return any(pre != name and name in self.related(pre) for _, pre in self.slopes)


# The derivative by the value of the function: σ' = a ⊙ (1 − a), tanh' = 1 − a ⊙ a, ReLU' = 1[a > 0].
_SLOPES_BY_VALUE: dict[str, Callable[[Node], Node]] = {
    "sigmoid": lambda a: sx.Product(a.span, (a, _one_less(a.span, a)), ("odot",)),
    "tanh": lambda a: _one_less(a.span, sx.Product(a.span, (a, a), ("odot",))),
    "relu": lambda a: sx.Indicator(a.span, sx.Number(a.span, "1"), sx.Relation(a.span, (a, sx.Number(a.span, "0")), (">",))),
}


def _one_less(span: Span, node: Node) -> Node:
    return _bracketed(sx.Sum(span, (sx.Number(span, "1"), node), ("", "-")))


# ── pieces, and what goes in their place ─────────────────────────────────────────────────────────────────────────────


def pieces(node: Node, put: Put = lambda made: made) -> Iterator[tuple[Node, Put]]:
    """Every operand of what is written, and how to put another in its place; scripts and names are not taken apart."""
    yield node, put
    for name in _OPERANDS.get(type(node), ()):
        value = getattr(node, name)
        if isinstance(value, Node):
            yield from pieces(value, _in_field(node, name, put))
        elif isinstance(value, tuple):
            for i, item in enumerate(value):
                yield from pieces(item, _in_tuple(node, name, value, i, put))
    if isinstance(node, sx.Matrix):
        for i, row in enumerate(node.rows):
            for j, cell in enumerate(row):
                yield from pieces(cell, _in_cell(node, i, j, put))
    if isinstance(node, sx.Product):
        last = len(node.factors)
        for start, end in (run for i in range(1, last - 1) for run in ((0, i + 1), (i, last))):
            yield _run(node, start, end), _in_run(node, start, end, put)


def _in_field(node: Node, name: str, put: Put) -> Put:
    changed: Callable[..., Node] = replace  # the field has the type of a node, whichever it is
    return lambda made: put(changed(node, **{name: made}))


def _in_tuple(node: Node, name: str, items: tuple[Node, ...], i: int, put: Put) -> Put:
    changed: Callable[..., Node] = replace
    return lambda made: put(changed(node, **{name: (*items[:i], made, *items[i + 1 :])}))


def _in_cell(node: sx.Matrix, i: int, j: int, put: Put) -> Put:
    row = node.rows[i]
    return lambda made: put(replace(node, rows=(*node.rows[:i], (*row[:j], made, *row[j + 1 :]), *node.rows[i + 1 :])))


def _in_run(node: sx.Product, start: int, end: int, put: Put) -> Put:
    def made(new: Node) -> Node:
        factors = (*node.factors[:start], _bracketed(new), *node.factors[end:])
        return put(sx.Product(node.span, factors, (*node.operators[:start], *node.operators[end - 1 :])))

    return made


_OPERANDS: dict[type[Node], tuple[str, ...]] = {
    sx.Sum: ("terms",),
    sx.Product: ("factors",),
    sx.Prefix: ("body",),
    sx.Group: ("body",),
    sx.Frac: ("above", "below"),
    sx.Root: ("body",),
    sx.Call: ("args",),
    sx.Norm: ("body",),
    sx.BigOp: ("body",),
    sx.Annotated: ("body",),
    sx.Scripted: ("base",),
    sx.Indicator: ("condition",),
    sx.Relation: ("sides",),
    sx.List: ("items",),
}


def _run(node: sx.Product, start: int, end: int) -> sx.Product:
    """Some factors of a product that stand together."""
    span = node.factors[start].span.to(node.factors[end - 1].span)
    return sx.Product(span, node.factors[start:end], node.operators[start : end - 1])


def _bracketed(node: Node) -> Node:
    return sx.Group(node.span, "(", ")", node) if isinstance(node, (sx.Sum, sx.Product, sx.Prefix)) else node


def _turned(node: Node) -> Node:
    """The transpose."""
    if isinstance(node, sx.Scripted) and superscript(node.sup).transposed:
        return _unturned(node)
    return sx.Scripted(node.span, sx.Group(node.span, "(", ")", node), None, sx.Mark(node.span, "\\top"))


def _unturned(node: sx.Scripted) -> Node:
    if superscript(node.sup).inverse:
        one = sx.Number(node.span, "1")
        return replace(node, sup=sx.Prefix(node.span, "-", one))
    return without_transpose(node)


def _meant(name: str, span: Span) -> Node:
    return sx.Name(span, MEANT + name)


def _times(node: Node, factor: Node, operator: str) -> Node:
    return sx.Product(node.span, (_bracketed(node), factor), (operator,))


def _without(node: sx.Product, i: int) -> Node:
    """The product without one factor, and without the sign that joined it on."""
    factors = (*node.factors[:i], *node.factors[i + 1 :])
    at = i - 1 if i else 0
    operators = (*node.operators[:at], *node.operators[at + 1 :])
    return factors[0] if len(factors) == 1 else sx.Product(node.span, factors, operators)


# ── the records ──────────────────────────────────────────────────────────────────────────────────────────────────────


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
        yield _unturned(node), "missing_transpose", "a transpose too many"
    elif isinstance(node, sx.Scripted) and node.primes:
        yield replace(node, primes=node.primes - 1), "missing_transpose", "a transpose too many"
    elif isinstance(node, (sx.Name, sx.Scripted, sx.Group, sx.Call, sx.Matrix, sx.List, sx.Product, sx.Derivative, sx.Differential)):
        yield _turned(node), "missing_transpose", "a transpose is missing"


def inverse(node: Node, around: Surroundings) -> Iterator[Option]:
    """An inverse left out, or one too many, also of a transposed inverse."""
    minus_one = sx.Prefix(node.span, "-", sx.Number(node.span, "1"))
    if isinstance(node, sx.Scripted) and superscript(node.sup).inverse:
        kept = sx.Text(node.span, "T") if superscript(node.sup).transposed else None
        bare = replace(node, sup=kept) if kept is not None or node.sub is not None else node.base
        yield bare, "unknown", "an inverse too many"
    elif isinstance(node, (sx.Name, sx.Scripted, sx.Group)):
        yield sx.Scripted(node.span, _bracketed(node), None, minus_one), "unknown", "an inverse is missing"


def letters(node: Node, around: Surroundings) -> Iterator[Option]:
    """Two indices that changed places: the transpose in index notation."""
    if isinstance(node, sx.Scripted) and isinstance(node.sub, sx.Product) and len(letters_of(node.sub) or ()) == 2:
        turned = replace(node.sub, factors=node.sub.factors[::-1])
        yield replace(node, sub=turned), "missing_transpose", "the two indices have changed places"


def exchanged(case: Case) -> Iterator[Diagnosis]:
    r"""The two indices of what is differentiated by, one for the other all over the right side: `\delta_{il} x_k` for `\delta_{ik} x_l`."""
    wrt = case.link.left.wrt if isinstance(case.link.left, sx.Derivative) else ()
    two = letters_of(wrt[0].sub) or () if len(wrt) == 1 and isinstance(wrt[0], sx.Scripted) else ()
    if case.is_followed or len(set(two)) != 2:
        return
    other = dict(zip(two, reversed(two), strict=True))

    def put(node: Node) -> Node:
        if not isinstance(node, sx.Scripted) or node.sub is None or not set(letters_of(node.sub) or ()) & other.keys():
            return node
        sub = sx.mapped(node.sub, lambda n: replace(n, base=other.get(n.base, n.base)) if isinstance(n, sx.Name) else n)
        return replace(node, sub=sub)

    pair = case.holds_as_written(sx.mapped(case.link.right, put))
    if pair is not None:
        message = f"the indices {two[0]} and {two[1]} have changed places"
        yield case.diagnosis("missing_transpose", message, None if pair.free else pair.right_node)


def order(node: Node, around: Surroundings) -> Iterator[Option]:
    """Factors of a matrix product in the wrong order, as they are or transposed."""
    if not isinstance(node, sx.Product):
        return
    wrong = "the factors stand in the wrong order"
    for i, operator in enumerate(node.operators):
        if operator in _JUXTAPOSED or operator == "otimes":
            a, b = node.factors[i], node.factors[i + 1]
            for first, second in ((b, a), (_turned(b), a), (b, _turned(a)), (_turned(b), _turned(a))):
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
            for pair in ((_turned(a), b), (a, _turned(b))):
                factors = (*node.factors[:i], *pair, *node.factors[i + 2 :])
                yield replace(made, factors=factors), "elementwise_vs_matmul", what


def prime(node: Node, around: Surroundings) -> Iterator[Option]:
    """An activation for its derivative, the reverse, or one that is taken at the wrong place."""
    cause = "wrong_activation_derivative"
    if not isinstance(node, sx.Call) or len(node.args) != 1:
        return
    function = node.function
    if isinstance(function, sx.Scripted) and function.primes:
        yield replace(node, function=replace(function, primes=0)), cause, "the activation itself is meant, not its derivative"
        name = around.name_of(node.args[0])
        for other in (*around.related(name), *around.siblings(name)) if name else ():
            made = replace(node, args=(_meant(other, node.args[0].span),))
            yield made, cause, f"the derivative is meant at {names.text(other)}"
    elif isinstance(function, sx.Name):
        primed = replace(node, function=sx.Scripted(function.span, function, None, None, 1))
        yield primed, cause, "the activation's derivative is meant, not the activation"
        yield node.args[0], "activation_not_applied", "the activation does not belong here"
    elif isinstance(function, sx.Scripted):
        yield replace(node, function=replace(function, primes=1)), cause, "the activation's derivative is meant, not the activation"


def slope(node: Node, around: Surroundings) -> Iterator[Option]:
    """The derivative of an activation left out."""
    if isinstance(node, (sx.Number, sx.Relation)):
        return
    for function, pre in around.slopes:
        at = node.span
        derivative = sx.Call(at, sx.Scripted(at, sx.Name(at, function), None, None, 1), (_meant(pre, at),))
        what = f"the derivative of {function} at {names.text(pre)} is left out"
        yield _times(node, derivative, "odot"), "missing_activation_derivative", what
    for function, out in around.outputs:
        by_value = _SLOPES_BY_VALUE[function](_meant(out, node.span))
        what = f"the derivative of {function} that gives {names.text(out)} is left out"
        yield _bracketed(_times(node, _bracketed(by_value), "odot")), "missing_activation_derivative", what
        diagonal = sx.Call(node.span, sx.Name(node.span, "diag"), (by_value,))
        yield _bracketed(_times(node, diagonal, "")), "missing_activation_derivative", what


def other_slope(node: Node, around: Surroundings) -> Iterator[Option]:
    """The derivative of another activation, or at another name."""
    if not isinstance(node, (sx.Group, sx.Product, sx.Sum, sx.Call, sx.Indicator)) or not is_slope(node):
        return
    if isinstance(node, sx.Product) and not all(is_slope(f) or around.name_of(f) for f in node.factors):
        return
    for function, out in around.outputs:
        by_value = _SLOPES_BY_VALUE[function](_meant(out, node.span))
        what = f"the derivative of {function} that gives {names.text(out)} is meant here"
        if isinstance(node, sx.Call) and isinstance(node.function, sx.Name):
            by_value = replace(node, args=(by_value,))
        yield _bracketed(by_value), "wrong_activation_derivative", what


def half_slope(node: Node, around: Surroundings) -> Iterator[Option]:
    """One half of a ⊙ (1 − a), also entry by entry."""
    own = [node]
    if isinstance(node, sx.Group) and is_slope(node):
        own = [n for n in sx.walk(node.body) if isinstance(n, (sx.Name, sx.Scripted))]
    for a in (n for n in own if around.is_value_of_sigmoid(n)):
        other = a if isinstance(node, sx.Group) else _one_less(node.span, a)
        shown = around.written(a)
        yield (
            _bracketed(_times(node, other, "odot")),
            "wrong_activation_derivative",
            f"the derivative at {shown} is {shown} ⊙ (1 − {shown})",
        )


def mask(node: Node, around: Surroundings) -> Iterator[Option]:
    """A mask left out."""
    if isinstance(node, (sx.Number, sx.Relation)):
        return
    for name in around.masks:
        if around.name_of(node) != name:
            yield (
                _bracketed(_times(node, _meant(name, node.span), "odot")),
                "mask_forgotten",
                f"the mask {names.text(name)} is left out",
            )
    for told in around.indicators:
        alike = [held for held in told if _numbered(held) == _numbered(node)] or told
        if not any(isinstance(n, sx.Indicator) for n in sx.walk(node)):
            yield _bracketed(_times(node, alike[0], "cdot")), "mask_forgotten", "where it counts, 1[…], is left out"


def _numbered(node: Node) -> set[str]:
    """The numbers that its names have below."""
    return {n.sub.text for n in sx.walk(node) if isinstance(n, sx.Scripted) and isinstance(n.sub, sx.Number)}


def activation(node: Node, around: Surroundings) -> Iterator[Option]:
    """The pre-activation where the activation is meant, or the reverse."""
    name = around.name_of(node)
    for other in around.related(name) if name else ():
        yield _renamed(node, other), *_confused(str(name), other, around)


def _confused(name: str, other: str, around: Surroundings) -> tuple[str, str]:
    wrong = other if around.case.is_followed else name  # a formula that was followed is right as it stands
    cause = "wrong_activation_derivative" if around.is_activation(wrong) else "activation_not_applied"
    return cause, f"{names.text(name)} stands where {names.text(other)} is meant"


def _renamed(node: Node, other: str) -> Node:
    meant = _meant(other, node.span)
    return _turned(meant) if isinstance(node, sx.Scripted) and superscript(node.sup).transposed else meant


def index(node: Node, around: Surroundings) -> Iterator[Option]:
    """A neighbour in time or layer is meant; in a sum over the steps, one that the sheet writes with the same letter."""
    name = around.name_of(node)
    for other in around.siblings(name) if name else ():
        what = f"{names.text(str(name))} stands where {names.text(other)} is meant"
        yield _renamed(node, other), "stale_value" if are_steps(around.case, str(name), other) else "index_off_by_one", what
    if name is None and isinstance(node, sx.Scripted):
        if isinstance(node.sub, sx.Number) and node.sub.text.isdigit() and around.name_of(node.base) is not None:
            for near in {int(node.sub.text) - 1, int(node.sub.text) + 1} - {0}:
                yield replace(node, sub=replace(node.sub, text=str(near))), "index_off_by_one", "the entry beside it is meant"
        if letters_of(node.sub) is not None and node.sup is not None:
            whole = replace(node, sub=None)
            for sup in _beside(node.sup) if around.siblings(around.name_of(whole) or "") else ():
                yield replace(node, sup=sup), "index_off_by_one", "the layer beside it is meant"
        for neighbour in around.notation.neighbours(bare(node)):
            made = neighbour if bare(node) is node else _turned(neighbour)
            yield made, _of_steps(node, neighbour, around), "the neighbour one step on or back is meant"


def _beside(script: Node) -> Iterator[Node]:
    """The number of a layer, one further and one back: `2`, `(2)`, `[2]`."""
    match script:
        case sx.Number(text=text) | sx.Text(text=text) if text.isdigit():
            yield from (replace(script, text=str(near)) for near in (int(text) - 1, int(text) + 1) if near >= 0)
        case sx.Group(body=body):
            yield from (replace(script, body=made) for made in _beside(body))
        case sx.List(items=(item,)):
            yield from (replace(script, items=(made,)) for made in _beside(item))


def place(node: Node, around: Surroundings) -> Iterator[Option]:
    """Another index where indices are summed: one further or back, with the other sign, or one that the sheet has for the same name."""
    if isinstance(node, sx.Derivative) and len(node.wrt) == 1:
        yield from ((replace(node, wrt=(made,)), cause, message) for made, cause, message in place(node.wrt[0], around))
    if not isinstance(node, sx.Scripted) or node.sub is None:
        return
    subs = [n.sub for s in around.case.judge.gathered.sheet.statements for n in sx.walk(s.node) if isinstance(n, sx.Scripted)]
    steps = {step for sub in subs for one in places_of(sub) or () if isinstance(one, Place) for step in one.apart} - {1}
    for sub in _other_places(node.sub, sorted(steps)):
        yield replace(node, sub=sub), "index_off_by_one", "another index is meant"
    # An index that cannot be read is no slip of one that can.
    for statement in around.case.judge.gathered.sheet.statements if index_letters(node.sub) else ():
        for other in sx.walk(statement.node):
            if isinstance(other, sx.Scripted) and other.base == node.base and places_of(other.sub) is not None and other.sub != node.sub:
                yield replace(node, sub=other.sub), "index_off_by_one", "another index is meant"


def _other_places(sub: Node, steps: Sequence[int]) -> Iterator[Node]:
    if isinstance(sub, sx.Listing):
        for k, item in enumerate(sub.items):
            yield from (replace(sub, items=(*sub.items[:k], made, *sub.items[k + 1 :])) for made in _other_places(item, steps))
    elif isinstance(sub, sx.Sum) and place_of(sub) is not None:
        turned = tuple("-" if sign == "+" else "+" for sign in sub.signs)
        for k in range(1, len(sub.terms)):
            yield replace(sub, signs=(*sub.signs[:k], turned[k], *sub.signs[k + 1 :]))
        yield replace(sub, signs=(sub.signs[0], *turned[1:]))
        for sign in "+-":
            yield replace(sub, terms=(*sub.terms, sx.Number(sub.span, "1")), signs=(*sub.signs, sign))
        for step, (k, term) in product(steps, enumerate(sub.terms)):
            made = sx.Product(term.span, (sx.Number(term.span, str(step)), term), ("",))
            yield replace(sub, terms=(*sub.terms[:k], made, *sub.terms[k + 1 :]))


def _of_steps(node: Node, neighbour: Node, around: Surroundings) -> str:
    own, other = (plain_name(bare(n), around.case.judge.meaning.styled) for n in (node, neighbour))
    return "stale_value" if own and other and are_steps(around.case, own, other) else "index_off_by_one"


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
                put = _in_cell(node, i, j, lambda made: made)
                yield put(sx.Prefix(cell.span, "-", _bracketed(cell))), "sign", "the sign of this entry is wrong"
                yield put(_times(_bracketed(cell), sx.Number(cell.span, "2"), "")), "missing_factor", "a factor 2 is missing in this entry"
                yield put(sx.Frac(cell.span, cell, sx.Number(cell.span, "2"))), "missing_factor", "a factor 2 too many in this entry"
    if isinstance(node, sx.Sum):
        for i, term in enumerate(node.terms):
            for factor, what in ((2, "a factor 2 is missing"), (3, "a factor 3 is missing")):
                for made in (
                    _times(term, sx.Number(term.span, str(factor)), ""),
                    sx.Frac(term.span, term, sx.Number(term.span, str(factor))),
                ):
                    message = f"{what} in this term" if isinstance(made, sx.Product) else f"a factor {factor} too many in this term"
                    yield replace(node, terms=(*node.terms[:i], made, *node.terms[i + 1 :])), "missing_factor", message


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
        squared = sx.Product(node.span, (_bracketed(node), _bracketed(node)), ("odot",))
        yield _bracketed(squared), cause, "a square is missing"


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
        yield _without(node, i), cause, "this factor is one too many"


def scalar(node: Node, around: Surroundings) -> Iterator[Option]:
    """A number with a name, or a size, left out of a term."""
    if isinstance(node, (sx.Number, sx.Relation)):
        return
    for name in around.scalars[:_MOST_NAMES]:
        shown = names.text(name)
        yield _bracketed(_times(_meant(name, node.span), _bracketed(node), "")), "missing_factor", f"the factor {shown} is missing"
    for name in around.sizes[:_MOST_NAMES]:
        size = sx.Name(node.span, name)
        one_over = sx.Frac(node.span, sx.Number(node.span, "1"), size)
        yield _bracketed(_times(one_over, _bracketed(node), "")), "sum_vs_mean", f"a factor 1/{name} is missing"
        one_over_root = sx.Frac(node.span, sx.Number(node.span, "1"), sx.Root(node.span, size))
        yield _bracketed(_times(one_over_root, _bracketed(node), "")), "missing_factor", f"a factor 1/√{name} is missing"


def inserted(node: Node, around: Surroundings) -> Iterator[Option]:
    """A matrix left out of a product, or a vector left out entry by entry."""
    if isinstance(node, (sx.Number, sx.Relation, sx.Prefix)):
        return
    cause = "missing_chain_term"
    for name in around.matrices[:_MOST_FACTORS]:
        meant, message = _meant(name, node.span), f"the factor {names.text(name)} is left out"
        for other in (meant, _turned(meant)):
            yield _bracketed(sx.Product(node.span, (other, _bracketed(node)), ("",))), cause, message
            yield _bracketed(_times(node, other, "")), cause, message
        yield _bracketed(_times(node, meant, "odot")), cause, message


def added(node: Node, around: Surroundings) -> Iterator[Option]:
    """A named term left out: an ε under a root, a bias."""
    if isinstance(node, (sx.Number, sx.Relation, sx.Prefix)):
        return
    own = {around.name_of(n) for n in sx.walk(node)}
    found = around.scalars[:_MOST_NAMES] + (around.matrices[:_MOST_FACTORS] if isinstance(node, sx.Product) else [])
    for name in (n for n in found if n not in own):
        made = sx.Sum(node.span, (node, _meant(name, node.span)), ("", "+"))
        yield _bracketed(made), "missing_chain_term", f"the term {names.text(name)} is left out"


def applied(node: Node, around: Surroundings) -> Iterator[Option]:
    """A function that is not applied."""
    if isinstance(node, (sx.Name, sx.Scripted, sx.Group, sx.Product)):
        for function in around.functions:
            made = sx.Call(node.span, sx.Name(node.span, function), (node,))
            yield made, "activation_not_applied", f"{called(function)} is not applied"


def symmetric(node: Node, around: Surroundings) -> Iterator[Option]:
    """`2A` where `A + Aᵀ` is meant, which is the same only of a symmetric A."""
    if isinstance(node, sx.Product) and constant_of(node.factors[0]) == 2:
        rest = _without(node, 0)
        both = sx.Sum(node.span, (rest, _turned(rest)), ("", "+"))
        yield _bracketed(both), "missing_transpose", "the second of two terms is the transpose of the first"
        if not isinstance(rest, sx.Product):
            return
        for i, factor in enumerate(rest.factors):
            twice = _bracketed(sx.Sum(node.span, (factor, _turned(factor)), ("", "+")))
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


def summation(node: Node, around: Surroundings) -> Iterator[Option]:
    """A sum that does not belong, or one that is left out."""
    if isinstance(node, sx.BigOp) and node.body is not None:
        yield node.body, "missing_sum", "this sum does not belong here"
        return
    loose = [letter for letter in _letters(node) if letter not in _letters(around.case.link.left)]
    for letters in _runs_of(loose) if isinstance(node, (sx.Product, sx.Sum, sx.Scripted)) else ():
        summed = node
        for letter in letters:
            summed = sx.BigOp(node.span, "sum", sx.Name(node.span, letter), None, summed)
        yield _bracketed(summed), "missing_sum", f"the sum over {' and '.join(letters)} is left out"
    if isinstance(node, (sx.Name, sx.Scripted, sx.Group, sx.Product, sx.Call)):
        for axis in ("0", "1"):
            along = sx.Relation(node.span, (sx.Name(node.span, "axis"), sx.Number(node.span, axis)), ("=",))
            total = sx.Call(node.span, sx.Name(node.span, "sum"), (node, along))
            for made in (total, _turned(total)):
                yield made, "missing_sum", "the sum over the examples is left out"


def _runs_of(letters: list[str]) -> list[list[str]]:
    """Each letter by itself, and all together."""
    return [[letter] for letter in letters] + ([letters] if len(letters) > 1 else [])


def _letters(node: Node) -> list[str]:
    subs = [n.sub for n in sx.walk(node) if isinstance(n, sx.Scripted) and n.sub is not None]
    return list(dict.fromkeys(letter for sub in subs for letter in letters_of(sub) or ()))


# What a calculation of numbers alone, which nothing is differentiated in, can have wrong.
_OF_NUMBERS = dict.fromkeys(("missing_chain_term", "missing_factor", "missing_sum", "sum_vs_mean", "wrong_given"), "arithmetic_slip")

Record = Callable[[Node, Surroundings], Iterator[Option]]


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


def everywhere(case: Case) -> Iterator[Diagnosis]:
    """The pre-activation for the activation, or a neighbour, wherever the name stands on the right side."""
    if case.is_followed:
        return
    around = Surroundings(case)
    found = [name for piece, _ in pieces(case.link.right) if (name := around.name_of(piece)) is not None]
    for name in dict.fromkeys(n for n in found if found.count(n) > 1):
        for other in (*around.related(name), *around.siblings(name)):

            def change(node: Node, name: str = name, other: str = other) -> Node:
                return _renamed(node, other) if around.name_of(node) == name else node

            pair = case.holds_as_written(sx.mapped(case.link.right, change))
            if pair is not None:
                is_neighbour = other in around.siblings(name)
                cause = "index_off_by_one" if is_neighbour else "wrong_activation_derivative"
                message = f"{names.text(name)} stands where {names.text(other)} is meant"
                yield case.diagnosis(cause, message, pair.right_node)
