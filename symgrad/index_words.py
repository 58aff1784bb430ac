r"""The `\Delta_{in}` beside `\Delta_{pn}`: two indices, and no word."""

from __future__ import annotations

from dataclasses import replace

from symgrad import syntax as sx
from symgrad.naming import letters_of, script_text
from symgrad.read.document import Sheet
from symgrad.syntax import Node

_WORDS = frozenset({"in"})


def with_indices_for_words(sheet: Sheet) -> Sheet:
    """The sheet with letters for such a word, where the same name has one of them beside another letter elsewhere."""
    scripted = [n for s in sheet.statements for n in sx.walk(s.node) if isinstance(n, sx.Scripted)]
    if not any(script_text(n.sub) in _WORDS for n in scripted):
        return sheet
    pairs = [(n.base, letters) for n in scripted if len(letters := letters_of(n.sub) or ()) == 2]

    def written(node: Node) -> Node:
        word = script_text(node.sub) if isinstance(node, sx.Scripted) else ""
        if not isinstance(node, sx.Scripted) or node.sub is None or word not in _WORDS:
            return node
        bare = replace(node.base, span=scripted[0].span)
        if not any(replace(base, span=bare.span) == bare and letters[1] == word[1] for base, letters in pairs):
            return node
        span = node.sub.span
        return replace(node, sub=sx.Listing(span, tuple(sx.Name(span, letter) for letter in word), (",",)))

    return replace(sheet, statements=[replace(s, node=sx.mapped(s.node, written)) for s in sheet.statements])
