r"""Bars that are means, where the words say so: `\overline{u \odot \hat x}` with "an overline denoting the mean over the features".

So is the `\bar x` that a sheet nowhere defines, beside sums over the `x_i`, where no other bar is defined either.
"""

from __future__ import annotations

import re
from dataclasses import replace

from symgrad import syntax as sx
from symgrad.naming import plain_name
from symgrad.parts import heads
from symgrad.read.document import Sheet
from symgrad.syntax import Node

_BAR = r"(?:over-?lines?|over-?bars?|bars?|horizontal (?:line|bar)s?)"
_MEAN = r"(?:means?|averages?)"
_IS_A_MEAN = re.compile(
    rf"(?i)\b{_BAR}\b[^.$]{{0,40}}\b(?:denot\w+|is|means?|stands? for|for|indicat\w+)\b[^.$]{{0,30}}\b{_MEAN}\b"
    rf"|\b{_MEAN}s?\b[^.$]{{0,30}}\b(?:written|denoted|marked|shown)\b[^.$]{{0,20}}\b{_BAR}\b"
)


def with_barred_means(sheet: Sheet) -> Sheet:
    """The sheet with what stands below such a bar as the mean of its entries; a name with a bar that it defines stays one."""
    sheet = _with_means_of_samples(sheet)
    told = [formula for s in sheet.statements for name, formula in heads(s) if name.startswith("\\bar")]
    if not _IS_A_MEAN.search(sheet.source.text) or any(isinstance(formula, sx.Derivative) for formula in told):
        return sheet  # `\bar y = \partial L/\partial y`: bars are gradients here
    own = {name for s in sheet.statements for name, _ in heads(s)}

    def put(node: Node) -> Node:
        match node:
            case sx.Accented(accent="bar", body=body):
                return _mean(node, body)
            case sx.Name(accents=(*inner, "bar")) if plain_name(node) not in own:
                return _mean(node, replace(node, accents=tuple(inner)))
        return node

    return replace(sheet, statements=[replace(s, node=sx.mapped(s.node, put)) for s in sheet.statements])


def _with_means_of_samples(sheet: Sheet) -> Sheet:
    r"""The sheet with `\frac1n \sum_{i=1}^n x_i` for a `\bar x` that it does not define."""
    nodes = [n for s in sheet.statements for n in sx.walk(s.node)]
    barred = {plain_name(n): replace(n, accents=n.accents[:-1]) for n in nodes if isinstance(n, sx.Name) and n.accents[-1:] == ("bar",)}
    is_defined = any("\\bar" in name for s in sheet.statements for name, _ in heads(s))
    scripted = {id(n.base) for n in nodes if isinstance(n, sx.Scripted)} if barred else set()
    if not barred or is_defined or any(isinstance(n, sx.Name) and n.accents[-1:] == ("bar",) and id(n) in scripted for n in nodes):
        return sheet
    means: dict[str | None, Node] = {}
    for n in nodes:
        match n:
            case sx.BigOp(
                operator="sum", below=sx.Relation(sides=(index, sx.Number(text="1"))), above=sx.Node() as size, body=sx.Node() as body
            ):
                for name, base in barred.items():
                    one = next((m for m in sx.walk(body) if isinstance(m, sx.Scripted) and m.base == base and m.sub == index), None)
                    if one is not None and one.sup is None:
                        total = replace(n, body=one)
                        share = sx.Frac(n.span, sx.Number(n.span, "1"), size)
                        means.setdefault(name, sx.Group(n.span, "(", ")", sx.Product(n.span, (share, total), ("",))))
    changed = [
        replace(s, node=sx.mapped(s.node, lambda n: means.get(plain_name(n), n) if isinstance(n, sx.Name) else n)) for s in sheet.statements
    ]
    return replace(sheet, statements=changed) if means else sheet


def _mean(node: Node, of: Node) -> Node:
    return sx.Call(node.span, sx.Name(node.span, "mean"), (of,))
