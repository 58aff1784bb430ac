r"""Terms of a differential that are told in words: `da_t = dW\,h_{t-1} + db + (\text{terms through } h_{t-1})`.

What goes through a name is the derivative by it, times its change.
"""

from __future__ import annotations

import re
from dataclasses import replace

from symgrad import syntax as sx
from symgrad.naming import plain_name
from symgrad.read.document import Sheet
from symgrad.syntax import Node

_THROUGH = re.compile(
    r"(?i)^(?:the)?(?:terms?|parts?|contributions?|changes?|paths?|what(?:comes|goes)|Terme?|Anteile?|termes?|t[ée]rminos?|termini)?"
    r"(?:that(?:comes?|goe?s?))?(?:through|via|from|throughthe|dueto|durch|über|por|par|a\s?trav[ée]sde|tramite)$"
)


def with_terms_in_words(sheet: Sheet) -> Sheet:
    """The sheet with what goes through a name where a term of a differential says so."""
    return replace(sheet, statements=[replace(s, node=_written_out(s.node)) for s in sheet.statements])


def _written_out(node: Node) -> Node:
    match node:
        case sx.Relation(sides=(sx.Differential(sign="d", of=of, order=None), *_)) if plain_name(of) is not None:
            return replace(node, sides=tuple(_with_terms(of, side) for side in node.sides))
    return node


def _with_terms(of: Node, side: Node) -> Node:
    return replace(side, terms=tuple(_term(of, term) for term in side.terms)) if isinstance(side, sx.Sum) else side


def _term(of: Node, term: Node) -> Node:
    """The term itself, or what it says."""
    match term.body if isinstance(term, sx.Group) else term:
        case sx.Product(factors=(sx.Name(base=words), by), operators=("",)) if _THROUGH.match(words) and plain_name(by) is not None:
            slope = sx.Derivative(term.span, of, (by,))
            return sx.Product(term.span, (slope, sx.Differential(by.span, "d", by)), ("",))
    return term
