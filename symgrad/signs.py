r"""Signs before expressions: `d(X^{-1})`, `d \log\det X`, `\mathrm{d} \|x\|^2`, `\nabla \log\det X`; and the δ of `\delta W`, a gradient
or a differential.

A `d` before brackets, a function or a norm is no factor where its statement also has the differential of a name, or where it is upright.
A δ is the sign of a gradient where it stands nowhere but before a name, and lines begin so; where words call that a differential, it is
one, and a `dy` that is said to be `∂L/∂y` beside it is the gradient.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Set
from dataclasses import replace

from symgrad import syntax as sx
from symgrad.meaning import is_loss
from symgrad.naming import letters_of, plain_name, superscript, without_transpose
from symgrad.read import functions as fn
from symgrad.read.document import Sheet
from symgrad.span import Span
from symgrad.syntax import Node

UNNAMED_LOSS = "L"  # what gradients are of where no loss is named

# A δ before two names or more, and words that say what it is.
_FEW = 2
_OF_CHANGES = re.compile(
    r"(?i)\b(?:differentials?|perturb\w+|variations?|(?:small|infinitesimal) changes?|differentia(?:le|l)n?|differenziali?)\b"
)
_UPRIGHT = frozenset({"mathrm", "rm", "mathsf", "operatorname"})


def with_differentials(sheet: Sheet) -> Sheet:
    r"""The sheet with a differential wherever a product begins with its sign, and none where it says what `\Delta` is."""
    sheet = _with_small_changes(sheet)
    loss = _loss_of_deltas(sheet)
    made = [replace(s, node=_signed(s.node, loss)) for s in sheet.statements]
    changed = {plain_name(n.of) for s in made for n in sx.walk(s.node) if isinstance(n, sx.Differential) and n.sign == "d"}

    def by_a_name(node: Node) -> Node:
        is_open = isinstance(node, sx.Derivative) and node.kind == "nabla" and not node.wrt
        return replace(node, wrt=_by_which(node.of, changed)) if isinstance(node, sx.Derivative) and is_open and node.of else node

    made = [replace(s, node=sx.mapped(s.node, by_a_name)) for s in made]
    is_name = any(isinstance(s.node, sx.Relation) and _is_a_delta(s.node.sides[0]) for s in made)
    return replace(sheet, statements=[replace(s, node=sx.mapped(s.node, _factors)) for s in made] if is_name else made)


_OF_MATRICES = fn.TRACES | fn.OF_A_MATRIX.keys()


def _by_which(of: Node, changed: Set[str | None]) -> tuple[Node, ...]:
    r"""The X of `\nabla \log\det X`, `\nabla \|X\|^2`: the one name that an expression is made of, or the one of several that changes.

    Only of a norm, a trace or a determinant: `\nabla \log \pi_\theta` is not by what stands in the logarithm.
    """
    calls = (n.function for n in sx.walk(of) if isinstance(n, sx.Call) and isinstance(n.function, sx.Name))
    if not any(isinstance(n, sx.Norm) for n in sx.walk(of)) and not any(fn.word_of(f.base) in _OF_MATRICES for f in calls):
        return ()
    spoken = dict(_quantities(of))
    found = {name: node for name, node in spoken.items() if len(spoken) == 1 or name in changed}
    return tuple(found.values()) if len(found) == 1 else ()


def _quantities(node: Node) -> Iterator[tuple[str, Node]]:
    """The names that an expression is made of, without those of functions and norms."""
    name = plain_name(node) if isinstance(node, (sx.Name, sx.Scripted)) else None
    if name is not None:
        yield name, node
        return
    is_norm = isinstance(node, sx.Scripted) and isinstance(node.base, sx.Norm)
    is_call = isinstance(node, sx.Call) and _is_function(node.function)
    inside = (node.base,) if isinstance(node, sx.Scripted) and is_norm else node.args if isinstance(node, sx.Call) and is_call else ()
    for child in inside or sx.children(node):
        yield from _quantities(child)


def _is_a_delta(head: Node) -> bool:
    r"""Whether a line says what `\Delta` is, or its entries `\Delta_{ni}`."""
    is_entry = isinstance(head, sx.Scripted) and head.sup is None and len(letters_of(head.sub) or ()) > 1
    return plain_name(head.base if isinstance(head, sx.Scripted) and is_entry else head) == "\\Delta"


def _factors(node: Node) -> Node:
    r"""`\Delta W^T` as a product of two matrices."""
    if isinstance(node, sx.Differential) and node.sign == "Δ":
        return sx.Product(node.span, (sx.Name(node.span, "\\Delta"), node.of), ("",))
    return node


def _loss_of_deltas(sheet: Sheet) -> str | None:
    r"""What `\delta W` is the gradient of, where lines begin so and a δ stands nowhere but before a name; None elsewhere."""
    heads = [s.node.sides[0] for s in sheet.statements if isinstance(s.node, sx.Relation)]
    met = sum(_is_delta(n) for s in sheet.statements for n in sx.walk(s.node) if n is not s.node)
    signs = sum(len(list(_small_deltas(n))) for s in sheet.statements for n in sx.walk(s.node))
    begun = {head for head in heads if isinstance(head, sx.Product) and len(head.factors) == 2 and [*_small_deltas(head)]}
    said = {name for s in sheet.statements if (name := _said_of_delta(s.node)) is not None}
    losses = said or {name for head in heads if (name := plain_name(head)) is not None and is_loss(name)}
    return (losses.pop() if len(losses) == 1 else UNNAMED_LOSS) if met == signs and len(begun) > (not said) else None


def _with_small_changes(sheet: Sheet) -> Sheet:
    r"""The sheet with `d` for the δ of differentials, and with the gradients written out that a `d` is said to stand for beside them."""
    heads = [s.node.sides[0] for s in sheet.statements if isinstance(s.node, sx.Relation)]
    begun = [head for head in heads if isinstance(head, sx.Product) and len(head.factors) == 2 and [*_deltas(head)] == [0]]
    every = [n for s in sheet.statements for n in sx.walk(s.node)]
    before = sum(len([*_deltas(n)]) for n in every)
    if len(begun) < _FEW or sum(map(_is_delta, every)) != before or any(_said_of_delta(s.node) for s in sheet.statements):
        return sheet
    if not _OF_CHANGES.search(sheet.source.text):
        return sheet
    said = {name: of for s in sheet.statements for name, of in _gradients_by_d(s.node)}
    loss = next(iter(said.values()), None)
    if loss is None and any(isinstance(n, sx.Differential) and n.sign == "d" for n in every):
        return sheet  # both signs, and nothing says what they are

    def put(node: Node) -> Node:
        # That of the loss itself is no gradient: `d\\mathcal L = \\langle dY, \\delta Y \\rangle`.
        is_by = isinstance(node, sx.Differential) and node.sign == "d" and node.order is None and plain_name(node.of) != loss
        if isinstance(node, sx.Differential) and is_by and loss is not None:
            return _gradient(node.span, loss, node.of)
        if not isinstance(node, sx.Product):
            return node
        factors, operators = list(node.factors), list(node.operators)
        for k in reversed([*_deltas(node)]):
            factors[k : k + 2] = [sx.Differential(factors[k].span.to(factors[k + 1].span), "d", factors[k + 1])]
            del operators[k]
        return factors[0] if len(factors) == 1 else replace(node, factors=tuple(factors), operators=tuple(operators))

    return replace(sheet, statements=[replace(s, node=sx.mapped(s.node, put)) for s in sheet.statements])


def _gradients_by_d(node: Node) -> Iterator[tuple[str, str]]:
    """The y and the L of `dy = ∂L/∂y`."""
    match node:
        case sx.Relation(sides=(sx.Differential(sign="d", of=by, order=None), sx.Derivative(of=sx.Node() as of, wrt=(wrt,)), *_)):
            name, loss = plain_name(by), plain_name(of)
            if name is not None and name == plain_name(wrt) and loss is not None:
                yield name, loss


def _deltas(node: Node) -> Iterator[int]:
    """Where in a product a δ stands before what it changes: a name or brackets."""
    if isinstance(node, sx.Product):
        for k, (sign, operator, inside) in enumerate(zip(node.factors, node.operators, node.factors[1:], strict=False)):
            if not operator and _is_delta(sign) and isinstance(inside, (sx.Name, sx.Scripted, sx.Group)):
                yield k


def _said_of_delta(node: Node) -> str | None:
    r"""The E of `\delta u = \partial E / \partial u`."""
    match node:
        case sx.Relation(sides=(sx.Product() as head, sx.Derivative(of=sx.Node() as of), *_)) if [*_small_deltas(head)] == [0]:
            return plain_name(of)
    return None


def _gradient(span: Span, loss: str, by: Node) -> Node:
    """The gradient by a name, transposed where the name is."""
    of, name = sx.Name(span, loss), as_it_stands(by)
    found = sx.Derivative(span, of, (name,), "partial", "fraction")
    return found if name is by else sx.Scripted(span, sx.Group(span, "(", ")", found), None, sx.Mark(span, "T"))


def _small_deltas(node: Node) -> Iterator[int]:
    """Where in a product a δ stands before a name."""
    if isinstance(node, sx.Product):
        for k, (sign, operator, inside) in enumerate(zip(node.factors, node.operators, node.factors[1:], strict=False)):
            if not operator and _is_delta(sign) and isinstance(inside, (sx.Name, sx.Scripted)):
                yield k


def _is_delta(node: Node) -> bool:
    return isinstance(node, sx.Name) and node.base == "\\delta" and not node.accents


def of_expressions(node: Node) -> Iterator[Node]:
    """What is no name, nor a transposed one, and has a differential."""
    for found in sx.walk(node):
        if isinstance(found, sx.Differential) and found.sign == "d":
            of = as_it_stands(found.of)
            if plain_name(of) is None and not (isinstance(of, sx.Scripted) and of.sub is not None):
                yield found.of


def as_it_stands(node: Node) -> Node:
    """The node without the transpose put on it."""
    if isinstance(node, sx.Scripted):
        script = superscript(node.sup)
        return without_transpose(node) if script.transposed and not script.inverse else node
    return node


def _with_second(node: Node) -> Node:
    r"""`\mathrm d^2 f = \operatorname{tr}(dX^T A\,dX)`: the second differential, where other sides are made of the first."""
    match node:
        case sx.Relation(sides=(sx.Product(factors=(sign, of), operators=("",)), *others)) if _is_squared_d(sign):
            if any(isinstance(n, sx.Differential) and n.sign == "d" for side in others for n in sx.walk(side)):
                second = sx.Differential(sign.span.to(of.span), "d", of, sx.Number(sign.span, "2"))
                return replace(node, sides=(second, *others))
    return node


def _is_squared_d(node: Node) -> bool:
    match node:
        case sx.Scripted(base=sx.Name(base="d", accents=()), sub=None, sup=sx.Number(text="2"), primes=0):
            return True
    return False


def _signed(node: Node, loss: str | None) -> Node:
    of_names = [n for n in sx.walk(node) if isinstance(n, sx.Differential) and n.sign == "d" and not _is_function(n.of)]

    def joined(found: Node) -> Node:
        if not isinstance(found, sx.Product):
            return found
        factors, operators = list(found.factors), list(found.operators)
        for k in range(len(factors) - 2, -1, -1):
            sign, inside = factors[k : k + 2]
            made = _joined(sign, inside, bool(of_names)) if not operators[k] else None
            if loss is not None and not operators[k] and _is_delta(sign):
                made = _gradient(sign.span.to(inside.span), loss, inside)
            if made is not None:
                factors[k : k + 2] = [made]
                del operators[k]
        return factors[0] if len(factors) == 1 else replace(found, factors=tuple(factors), operators=tuple(operators))

    return _with_second(sx.mapped(node, joined))


def _joined(sign: Node, inside: Node, among_others: bool) -> Node | None:
    """The differential of what stands after its sign; None where the two are factors."""
    span = sign.span.to(inside.span)
    if isinstance(sign, sx.Differential) and sign.sign == "d" and _is_function(sign.of) and isinstance(inside, (sx.Group, sx.Name)):
        argument = inside.body if isinstance(inside, sx.Group) else inside
        # `d\operatorname{tr}(X)`, `d\operatorname{vec} B`
        return sx.Differential(span, "d", sx.Call(sign.of.span.to(inside.span), sign.of, (argument,)))
    if not isinstance(sign, sx.Name) or sign.base != "d" or sign.accents:
        return None
    is_upright = sign.style in _UPRIGHT
    base = inside.base if isinstance(inside, sx.Scripted) else inside
    if isinstance(base, (sx.Group, sx.Call, sx.Norm, sx.Abs)) and (is_upright or among_others):
        return sx.Differential(span, "d", inside)
    return sx.Differential(span, "d", inside) if is_upright and isinstance(base, sx.Name) else None


def _is_function(node: Node) -> bool:
    return isinstance(node, sx.Name) and fn.word_of(node.base) in fn.WORDS
