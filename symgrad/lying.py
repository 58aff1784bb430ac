r"""How vectors lie by the words of a sheet: "a row vector $x$", "$x$ and $h$ are column vectors", "we use row vectors throughout"."""

from __future__ import annotations

import re
from collections.abc import Iterable

from symgrad import syntax as sx
from symgrad.meaning import Vocabulary
from symgrad.naming import plain_name
from symgrad.read.document import Statement

_ROW = r"row[- ]vectors?|Zeilenvektor(?:en)?|vecteurs?[- ]lignes?|vector(?:es)? filas?|vetor(?:es)? linhas?|vettor[ei] rig[ah]e?"
_COLUMN = (
    r"column[- ]vectors?|Spaltenvektor(?:en)?|vecteurs?[- ]colonnes?|vector(?:es)? columnas?|vetor(?:es)? colunas?|vettor[ei] colonn[ae]"
)
_BEFORE = {kind: re.compile(rf"(?i)\b(?:{words})\W*$") for kind, words in (("row", _ROW), ("column", _COLUMN))}
_AFTER = {
    kind: re.compile(rf"(?i)^\W*(?:(?:is|are|be|being|as|both|all|an?|ist|sind|eine?|est|es|è|un|uma?)\W+){{0,3}}(?:{words})\b")
    for kind, words in (("row", _ROW), ("column", _COLUMN))
}
# "`$z_i$ and $p_i$ are the $i$-th rows of $Z$ and $P$`", behind a name.
_ROW_OF = re.compile(
    r"^\$?(?:,?\s*(?:and|,)\s*\$[^$\n]{1,16}\$)*\s*(?:is|are|denotes?|being|as)\s+(?:the\s+)?"
    r"(?:\$?\w\$?(?:-?\s?th|\^\{?\\?\w*\{?th\}*\$)?\s*)?(?:rows?\s+of\b|rows?\s+\$?\w\$?\s+of\b)"
)
_POINTS = r"(?:training )?(?:examples?|samples?|data ?points?|observations?|points?|instances?|records?)"
_DATUM = rf"(?:(?:the\s+)?(?:vectors?\s+)?\$\\?(?:mathbf|bm|vec|boldsymbol)?\s*\{{?[xyt](?![a-z])|(?:the\s+)?{_POINTS})"
# How the examples lie in the matrix of all of them: "whose $i$-th row is $x_i^\\top$", "data points are *columns*", "one example per row".
_EXAMPLES = {
    kind: re.compile(
        rf"(?i)(?:\b[ijnk]\b\$?[-\s]?(?:th|\^\{{?\\?[a-z]*\{{?th\}}*\$?)\s+{kind}\s+(?:is|being|equals|contains|holds)\s+{_DATUM}"
        rf"|\b{_POINTS}\s+(?:\w+\s+)?(?:are|is|as|in|stacked as|stored as|arranged in)\s+(?:the\s+)?[*_]*(?:an?\s+)?{kind}s?\b"
        r"(?!\s+(?:vector|sum))"
        rf"|\b(?:one|an?|each|every)\s+{_POINTS}\s+per\s+{kind}\b|\b(?:one|a)\s+{kind}\s+(?:per|for each)\s+{_POINTS}"
        rf"|\b(?:whose|with|the)\s+{kind}s\s+(?:are\s+)?{_DATUM})"
    )
    for kind in ("row", "column")
}
_ALL = {
    "row": re.compile(r"=\s*(?:\\left)?[\[(]\s*(\w)_1\b[^\]=$]{0,40}\\[lc]?dots[^\]=$]{0,30}[\])]\s*\^\{?(?:\\top|T|\\mathsf|\\intercal)"),
    "column": re.compile(r"=\s*(?:\\left)?\[\s*(\w)_1\b[^\]=$^]{0,40}\\[lc]?dots[^\]=$^]{0,30}\](?!\s*\^)"),
}
_EVERYWHERE = re.compile(
    rf"(?i)\bvectors (?:here |below |in this \w+ )?are (?:all |written as |taken (?:as|to be) |treated as )?(?:rows\b|{_ROW})"
    rf"|\brow[- ]vector (?:convention|notation|layout|style)\b|\b(?:{_ROW}) (?:throughout|everywhere)\b"
    rf"|\b(?:we|I) (?:will |shall )?(?:use|work with|write|take) (?:{_ROW})\b"
)


def vectors_in_words(text: str, statements: Iterable[Statement], vocabulary: Vocabulary) -> None:
    """Take note of the names that words say are rows or columns, and of a sheet all of whose vectors are rows."""
    vocabulary.has_rows_throughout = _EVERYWHERE.search(text) is not None
    told = [kind for kind in _EXAMPLES if _EXAMPLES[kind].search(text) or _ALL[kind].search(text)]
    vocabulary.examples_lie = told[0] if len(told) == 1 else ""
    for statement in statements:
        node = statement.node
        subjects = node.items if isinstance(node, sx.Listing) else (node.sides[0],) if isinstance(node, sx.Relation) else (node,)
        for kind in ("row", "column"):
            if _BEFORE[kind].search(statement.words) or _AFTER[kind].match(statement.words_after):
                vocabulary.lying |= {name: kind for item in subjects if (name := plain_name(item, vocabulary.styled)) is not None}
        if _ROW_OF.match(text[statement.span.end : statement.span.end + 80]) and (name := plain_name(node, vocabulary.styled)) is not None:
            vocabulary.lying[name] = "row"
