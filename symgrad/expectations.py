r"""Losses that are expectations, where they are taken from one sample: `L = -\mathbb{E}_q[\log p(x \mid z)]`.

With one draw of ε the loss is what stands in the brackets. What is claimed of an expectation itself is left alone.
"""

from __future__ import annotations

import re
from dataclasses import replace

from symgrad import syntax as sx
from symgrad.naming import plain_name
from symgrad.read.document import Sheet
from symgrad.syntax import Node

_ONE_SAMPLE = re.compile(r"(?i)\b(?:one|a single|single|1)(?:[- ]Monte[- ]Carlo)?[- ](?:sample|draw)\b|\breparam\w+")


def of_one_sample(sheet: Sheet) -> Sheet:
    """The sheet with what an expectation is of in the formula of a loss, where words say that one sample is drawn."""
    if not _ONE_SAMPLE.search(sheet.source.text):
        return sheet
    statements = []
    for statement in sheet.statements:
        node = statement.node
        if isinstance(node, sx.Relation) and len(node.sides) == 2 and plain_name(node.sides[0]) is not None:
            node = replace(node, sides=(node.sides[0], sx.mapped(node.sides[1], _drawn)))
        statements.append(replace(statement, node=node))
    return replace(sheet, statements=statements)


def _drawn(node: Node) -> Node:
    """A product without the sign of an expectation before brackets."""
    if not isinstance(node, sx.Product):
        return node
    factors, operators = list(node.factors), list(node.operators)
    for k in range(len(factors) - 2, -1, -1):
        if is_expectation(factors[k]) and isinstance(factors[k + 1], sx.Group) and not operators[k]:
            del factors[k], operators[k]
    return factors[0] if len(factors) == 1 else replace(node, factors=tuple(factors), operators=tuple(operators))


def is_expectation(node: Node) -> bool:
    bare = node.base if isinstance(node, sx.Scripted) and node.sup is None else node
    return isinstance(bare, sx.Name) and bare.base == "E" and bare.style == "mathbb"
