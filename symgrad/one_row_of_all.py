r"""A passage about one row of a batch: after "drop the row index" the $x_j$ are the $x_{nj}$ of the formulas before, of one n.

The names of the passage are others than those of the batch: each gets the label "row", and so do the formulas before that hold for every
row by itself, which are said again of one.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from itertools import pairwise

from symgrad import syntax as sx
from symgrad.dropped_indices import DROPPED, without_index
from symgrad.naming import letters_of, plain_name, superscript
from symgrad.read.document import Sheet, Statement
from symgrad.span import Span
from symgrad.syntax import Node

_ROW = r"(?:row|sample|example|batch|token|position|instance|observation|data ?point)"
_SAID = re.compile(
    rf"(?i)\b(?:drop|omit|suppress|skip|leav|hid)\w*(?: \w+){{0,3}}? {_ROW}s?[- ](?:index|subscript|indices|dimension|label)\b"
    rf"|\b{_ROW}[- ](?:index|subscript|label)(?: \w+){{0,2}} (?:dropped|omitted|suppressed|left out|hidden)\b"
)
_LABEL = "row"


def with_one_row_of_all(sheet: Sheet) -> Sheet:
    """The sheet with the names of such a passage, where the formulas before it have one letter for rows."""
    said = _SAID.search(sheet.source.text)
    if said is None or DROPPED.search(sheet.source.text):
        return sheet
    at = next((i for i, s in enumerate(sheet.statements) if s.span.start > said.start()), len(sheet.statements))
    before, after = sheet.statements[:at], sheet.statements[at:]
    letter = _letter_of_rows(before)
    rows = {name for s in before for n in sx.walk(s.node) if (name := _with(n, letter)) is not None}
    if letter is None or not rows:
        return sheet
    # What they share is another too: the gradient by γ is that of all rows.
    kept = [s for s in before if isinstance(s.node, sx.Relation) and s.node.operators[0] in ("=", ":=") and not _sums(s.node, letter)]
    bases = rows | {name for s in kept for n in sx.walk(s.node) if (name := _with(n)) is not None}

    def of_one(node: Node) -> Node | None:
        match node:
            case sx.Scripted(base=sx.Name() as base, sup=sup) if plain_name(base) in bases:
                if superscript(sup).label and superscript(sup).power is None:
                    return node  # a name of its own
                made = sx.Scripted(node.span, base, without_index(node.sub, letter), sx.Name(node.span, _LABEL, (), "mathrm"), node.primes)
                return made if sup is None else sx.Scripted(node.span, sx.Group(node.span, "(", ")", made), None, sup)
            case sx.Name() if plain_name(node) in bases:
                return sx.Scripted(node.span, node, None, sx.Name(node.span, _LABEL, (), "mathrm"))
        return None

    def said_again(node: Node) -> Node:
        return sx.replaced(node, of_one)

    nowhere = Span(said.end(), said.end())
    shapes = [
        pair for pair in pairwise(before) if plain_name(pair[0].node) in bases - rows and isinstance(pair[1].node, (sx.List, sx.Group))
    ]
    again = [replace(s, node=said_again(s.node), span=nowhere) for pair in shapes for s in pair]
    again += [Statement(made, nowhere, s.block, False) for s in kept if (made := said_again(s.node)) != s.node]
    return replace(sheet, statements=[*before, *again, *(replace(s, node=said_again(s.node)) for s in after)])


def _letter_of_rows(statements: list[Statement]) -> str | None:
    r"""The n of `x_{nj}` that stands alone as well: `\mu_n`."""
    scripts = [letters_of(n.sub) or () for s in statements for n in sx.walk(s.node) if isinstance(n, sx.Scripted) and n.sub is not None]
    alone = {letters[0] for letters in scripts if len(letters) == 1}
    first = Counter(letters[0] for letters in scripts if len(letters) == 2 and letters[0] in alone)
    return first.most_common(1)[0][0] if first else None


def _with(node: Node, letter: str | None = None) -> str | None:
    """The name that stands with this letter below, or with any."""
    letters = letters_of(node.sub) or () if isinstance(node, sx.Scripted) and isinstance(node.base, sx.Name) else ()
    is_of_it = isinstance(node, sx.Scripted) and bool(letters) and (letter is None or letter in letters)
    return plain_name(node.base) if is_of_it and isinstance(node, sx.Scripted) else None


def _sums(node: Node, letter: str) -> bool:
    """Whether a sum runs over the rows."""
    below = (n.below for n in sx.walk(node) if isinstance(n, sx.BigOp) and n.below is not None)
    return any(isinstance(n, sx.Name) and n.base == letter for limits in below for n in sx.walk(limits))
