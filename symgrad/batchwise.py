r"""Gradients of a batch on a sheet for one example: `for a batch of rows the gradients are summed: dγ = Σ_n dy_n ⊙ x̂_n`.

The loss of a batch is the sum of those of its examples, so what is summed is the gradient of one of them: the line is judged for each.
"""

from __future__ import annotations

import re
from dataclasses import replace

from symgrad import syntax as sx
from symgrad.naming import letters_of, plain_name
from symgrad.origins import letters_that_run
from symgrad.parts import heads, mentions
from symgrad.read.document import Sheet
from symgrad.syntax import Node

_BATCH = re.compile(
    r"(?i)\b(?:mini-?)?batch(?:es)?\b[^.]*\b(?:sum\w*|add\w*|accumulat\w+|over)\b|\b(?:sum\w*|add\w*|accumulat\w+)\b[^.]*\bbatch(?:es)?\b"
)
# "For $N$ tokens", before a gradient that is summed over them.
_MANY = re.compile(r"(?i)\bfor \$?\\?[A-Za-z]\$? (?:tokens|examples|samples|data points|positions|rows)\b")


def for_each_example(sheet: Sheet) -> Sheet:
    """The sheet with what a batch sums written for one example."""
    text = sheet.source.text
    if not _BATCH.search(text) and not _MANY.search(text):
        return sheet
    known = {name for s in sheet.statements for name, _ in heads(s)}
    sentences = [found.span() for found in re.finditer(r"[^.]*", text)]
    told = [(start, end) for start, end in sentences if _BATCH.search(text, start, end)]
    many = [(start, end) for start, end in sentences if _MANY.search(text, start, end)]
    counted = {n.base for s in sheet.statements if heads(s) for n in _of_heads(s.node)}
    made = []
    for statement in sheet.statements:
        node = statement.node
        is_told = any(start <= statement.span.start <= end for start, end in told)
        if not is_told and isinstance(node, sx.Relation) and isinstance(node.sides[0], sx.Derivative):
            is_told = any(start <= statement.span.start <= end for start, end in many)
        if is_told and isinstance(node, sx.Relation):
            sides = tuple(_of_one(side, known, counted) if k else side for k, side in enumerate(node.sides))
            statement = replace(statement, node=replace(node, sides=sides))
        made.append(statement)
    return replace(sheet, statements=made)


def _of_heads(node: Node) -> list[sx.Name]:
    """The letters of the index that what is defined has."""
    head = node.sides[0] if isinstance(node, sx.Relation) else node
    return [n for n in sx.walk(head.sub) if isinstance(n, sx.Name)] if isinstance(head, sx.Scripted) and head.sub is not None else []


def _of_one(side: Node, known: set[str], counted: set[str]) -> Node:
    """What is summed over the examples, without their letter; the side itself where it is no such sum."""
    if not isinstance(side, sx.BigOp) or side.operator != "sum" or side.body is None:
        return side
    letters = letters_that_run(side)
    if len(letters) != 1 or letters & counted:
        return side

    def put(node: Node) -> Node:
        if not isinstance(node, sx.Scripted) or node.sup is not None:
            return node
        match node.sub:
            case sub if set(letters_of(sub) or ()) == letters and plain_name(node.base) in known:
                return node.base
            case sx.Product(factors=(one, other)) | sx.Listing(items=(one, other)) if {plain_name(one), plain_name(other)} > letters:
                of_one = replace(node, sub=other if plain_name(one) in letters else one)
                return of_one if plain_name(of_one) in known else node
        return node

    made = sx.mapped(side.body, put)
    return made if not any(set(letters_of(n) or ()) == letters for n in sx.walk(made)) and {*mentions(made)} & known else side
