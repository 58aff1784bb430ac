r"""Bars that are means, where the words say so: `\overline{u \odot \hat x}` with "an overline denoting the mean over the features"."""

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


def _mean(node: Node, of: Node) -> Node:
    return sx.Call(node.span, sx.Name(node.span, "mean"), (of,))
