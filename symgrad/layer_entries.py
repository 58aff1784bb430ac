r"""Entries of what has the number of its layer: the `z^{(1)}_2` of a `z^{(1)} = W^{(1)} x + b^{(1)}` is its second entry.

So is `\delta^{(1)}_2` where nothing else is said of it: of the slopes of the loss by what the activation of that layer is applied to.
"""

from __future__ import annotations

from dataclasses import replace

from symgrad import syntax as sx
from symgrad.constant import is_numeric
from symgrad.meaning import is_loss
from symgrad.naming import numbers_of, plain_name, superscript
from symgrad.parts import heads
from symgrad.read import functions as fn
from symgrad.read.document import Sheet, Statement
from symgrad.span import Span
from symgrad.syntax import Node

_DELTA = "\\delta"


def with_entries_of_layers(sheet: Sheet) -> Sheet:
    """The sheet with such entries, where nothing has the number below alone: `a_2^{(1)}` may be of the first example."""
    found = [name for s in sheet.statements for name, _ in heads(s)]
    layered = {name for name in found if "^" in name}
    slopes = _slopes(sheet)

    def entry(node: Node) -> Node:
        if not isinstance(node, sx.Scripted) or not isinstance(node.base, sx.Name) or node.sup is None or not numbers_of(node.sub):
            return node
        name = plain_name(whole := replace(node, sub=None))
        if superscript(node.sup).transposed or name not in {*layered, *slopes} or plain_name(replace(node, sup=None)) in found:
            return node
        return sx.Scripted(node.span, sx.Group(node.span, "(", ")", whole), node.sub)

    out: list[Statement] = []
    for statement in sheet.statements:
        here = Span(statement.span.start, statement.span.start)
        for name in [name for head, _ in heads(statement) if (name := _of_all(head)) in slopes]:
            out.append(replace(statement, node=replace(slopes.pop(name), span=here), span=here, words="", words_after=""))
            layered.add(name)
        out.append(replace(statement, node=sx.mapped(statement.node, entry)))
    return replace(sheet, statements=out) if layered else sheet


def _of_all(name: str) -> str:
    """The `\\delta^{(1)}` of `\\delta^{(1)}_2`."""
    base, _, above = name.partition("^")
    return f"{base.partition('_')[0]}^{above.partition('_')[0]}"


def _slopes(sheet: Sheet) -> dict[str, Node]:
    r"""What `\delta^{(1)}` is by the activation of its layer, where only its entries have formulas."""
    equations = [(s.node, *told) for s in sheet.statements if isinstance(s.node, sx.Relation) for told in heads(s)]
    loss = next((node.sides[0] for node, name, formula in equations if is_loss(name) and not is_numeric(formula)), None)
    said = {name for s in sheet.statements for name, _ in heads(s)}
    formulas = [formula for _, name, formula in equations if name.startswith(_DELTA)]
    if not any(_is_a_slope(n) for formula in formulas for n in sx.walk(formula)):
        return {}  # some call so what comes before the slope of the activation
    found: dict[str, Node] = {}
    for statement in sheet.statements:
        match statement.node:
            case sx.Relation(sides=(_, sx.Call(function=sx.Name(base=word), args=(sx.Scripted(sub=None) as inner,)), *_)):
                delta = replace(inner, base=sx.Name(inner.span, _DELTA))
                if fn.word_of(word) in fn.ELEMENTWISE_WORDS and loss is not None and plain_name(delta) not in said:
                    slope = sx.Derivative(inner.span, loss, (inner,))
                    found.setdefault(plain_name(delta) or "", sx.Relation(inner.span, (delta, slope), ("=",)))
    return found


def _is_a_slope(node: Node) -> bool:
    r"""Whether it is of the slope of an activation: `1 - a`, `1 - a^2`, `\sigma'(z)`, `\mathbb 1[z > 0]`."""
    match node:
        case sx.Sum(terms=(sx.Number(text="1"), _), signs=("", "-")) | sx.Indicator():
            return True
        case sx.Scripted(primes=primes):
            return primes > 0
    return False
