r"""Examples that are numbered above: the `x^{(i)}` of `\sum_i (y^{(i)} - w^\top x^{(i)})^2` is `x_i`, and its `x^{(i)}_j` is `x_{ij}`.

So it is for vectors and numbers where a sum runs over i, and nothing has such a number of its own, as the first of several layers has.
"""

from __future__ import annotations

import re
from dataclasses import replace

from symgrad import syntax as sx
from symgrad.meaning import is_loss
from symgrad.members import alone, running_letters
from symgrad.naming import letters_of, plain_name, script_text, superscript, without_transpose
from symgrad.origins import letters_that_run
from symgrad.read.document import Sheet
from symgrad.step_letters import counting
from symgrad.syntax import Node


def below(sheet: Sheet) -> Sheet:
    """The sheet with the numbers of examples as subscripts."""
    nodes = [n for s in sheet.statements for n in sx.walk(s.node)]
    running = numbering(sheet)
    numbered = {_base(n) for n in nodes if isinstance(n, sx.Scripted) and re.fullmatch(r"[(\[].*\d.*[)\]]", script_text(n.sup))}
    bases = {_base(n) for n in nodes if number_of(n) in running} - numbered
    if not bases or are_columns(sheet, running):
        return sheet

    def written(node: Node) -> Node:
        if ("\\delta", ()) in bases and (same := _kronecker(node)) is not None:
            return same  # beside an error `\\delta_i^{(n)}`, which has two indices from here on
        letter = number_of(node)
        if letter not in running or not isinstance(node, sx.Scripted) or _base(node) not in bases or _has_number(node):
            return node
        index = sx.Name(node.span, letter or "")
        sub = index if node.sub is None else sx.Listing(node.sub.span, (index, node.sub), (",",))
        return replace(node, sub=sub, sup=sx.Mark(node.span, "T") if superscript(node.sup).transposed else None)

    return replace(sheet, statements=[replace(s, node=sx.mapped(s.node, written)) for s in sheet.statements])


def are_columns(sheet: Sheet, running: set[str]) -> bool:
    r"""Whether the examples are the columns of `A` and `Y`, beside `a^{(i)}` and `y^{(i)}`; an X may have them as rows."""
    bases = {_base(n)[0] for s in sheet.statements for n in sx.walk(s.node) if number_of(n) in running}
    without = (sx.replaced(s.node, _without_examples) for s in sheet.statements)
    spoken = {name for node in without for name in alone(node, frozenset())}
    return any(len(base) == 1 and base.islower() and base != "x" and base.upper() in spoken for base in bases)


def _kronecker(node: Node) -> Node | None:
    r"""The `\mathbb{1}[i = p]` of `\delta_{ip}`."""
    match node:
        case sx.Scripted(base=sx.Name(base="\\delta"), sub=sx.Product(factors=(one, other)) | sx.Listing(items=(one, other)), sup=None):
            if letters_of(node.sub) is not None:
                return sx.Indicator(node.span, sx.Number(node.span, "1"), sx.Relation(node.span, (one, other), ("=",)))
    return None


def _without_examples(node: Node) -> Node | None:
    """Another node for one of an example, and for a transpose, whose T is the capital of no t."""
    if number_of(node) is not None:
        return sx.Number(node.span, "1")
    is_turned = isinstance(node, sx.Scripted) and superscript(node.sup).transposed
    return sx.replaced(without_transpose(node), _without_examples) if is_turned and isinstance(node, sx.Scripted) else None


def numbering(sheet: Sheet) -> set[str]:
    r"""The indices of sums but for the l of `\sum_l \|W^{[l]}\|^2`, which numbers the layers of a recurrence."""
    return {letter for s in sheet.statements for letter in running_letters(s.node)} - counting(sheet)


def summed(sheet: Sheet) -> Sheet:
    r"""The sheet with what `\ell^{(i)} = -\log a^{[2](i)}` says in `\frac1m \sum_i \ell^{(i)}`, with the columns of layers.

    What is numbered by its example alone needs no such thing. A formula counts until another one is given.
    """
    losses: dict[str, Node] = {}

    def by_formula(node: Node) -> Node:
        if not isinstance(node, sx.BigOp) or node.operator != "sum" or node.body is None:
            return node
        letters = letters_that_run(node)

        def put(inner: Node) -> Node | None:
            return losses.get(plain_name(inner) or "") if number_of(inner) in letters else None

        return replace(node, body=sx.replaced(node.body, put))

    statements = []
    for statement in sheet.statements:
        node = statement.node
        letter, head = (number_of(node.sides[0]), plain_name(node.sides[0])) if isinstance(node, sx.Relation) else (None, None)
        if isinstance(node, sx.Relation) and node.operators[0] in ("=", ":=") and letter is not None and head is not None:
            losses.pop(head, None)
            if any(_of_layer(n, letter) for n in sx.walk(node.sides[1])):
                losses[head] = sx.Group(node.sides[1].span, "(", ")", node.sides[1])
        statements.append(replace(statement, node=sx.mapped(node, by_formula)) if losses else statement)
    return replace(sheet, statements=statements)


def _of_layer(node: Node, letter: str) -> bool:
    """Whether a name has the number of its layer and that of an example above: `a^{[2](i)}`."""
    above = script_text(node.sup).replace(" ", "") if isinstance(node, sx.Scripted) else ""
    return bool(re.fullmatch(rf"\[\w+\]\({letter}\)", above))


def number_of(node: Node) -> str | None:
    """The i of `x^{(i)}`, `x^{[i]}`, `x_j^{(i)}` and `x^{(i)T}`."""
    if not isinstance(node, sx.Scripted) or _is_matrix(node.base) or not isinstance(node.base, sx.Name):
        return None
    found = re.fullmatch(r"\(([a-z])\)|\[([a-z])\]", superscript(node.sup).label)
    return (found[1] or found[2]) if found is not None else None


def _has_number(node: sx.Scripted) -> bool:
    """Whether it is a layer's, the first of `h_1^{(i)}`, and no entry."""
    return node.sub is not None and len(letters_of(node.sub) or ()) != 1


def _is_matrix(base: Node) -> bool:
    return isinstance(base, sx.Name) and base.base.removeprefix("\\")[:1].isupper() and not is_loss(base.base)


def _base(node: Node) -> tuple[str, tuple[str, ...]]:
    base = node.base if isinstance(node, sx.Scripted) else node
    return (base.base, base.accents) if isinstance(base, sx.Name) else ("", ())
