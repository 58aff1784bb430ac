r"""What is said of another version than the sheet's own: "If your version has $\frac\lambda2\|w\|^2 + \frac1n\sum_i h_i$, then $g_w = …$".

So is "if one had a separate matrix V ($\hat x = V h + c$), its gradient would be $r h^\top$".

And "(for self-attention $Y = X$)" is said of a special case.

Such lines are about a network that the sheet does not have: they are told to be undecided, and say nothing of its own names.
"""

from __future__ import annotations

import re
from dataclasses import replace

from symgrad import syntax as sx
from symgrad.naming import plain_name
from symgrad.read.document import Apart, Sheet, Statement

_WHOSE = r"(?:your|their|his|her)"
_WHAT = (
    r"(?:version|variant|convention|definition|loss|objective|formulation|textbook|text|book|notes|library|implementation|code|course"
    r"|lecture)"
)
_OTHER = re.compile(
    r"(?i)\bif (?:one|we|you|there) (?:had|used|kept|took|were)\b[^.;$]*\([^.;)$]*$"  # what is so supposed stands in brackets
    rf"|\b(?:if|where|when|in|with|for)\s+{_WHOSE}\s+{_WHAT}\b[^.;$]*$"
    r"|\b(?:some|many|other|several|most)\s+(?:\w+\s+)?(?:authors|books|textbooks|texts|people|papers|libraries|versions|courses|notes)\s+"
    r"(?:\w+\s+)?(?:write|use|have|define|put|take|prefer|include|leave|drop|add)\b[^.;$]*$"
)
# `(for self-attention $Y = X$)`; "(for short $p = P_i$)" gives a name.
_IN_A_CASE = re.compile(
    r"(?i)\((?:for|in|if|when|under)\s+(?!short|brevity|convenience|simplicity|this|what|all|any|our)[a-zà-ÿ][\w\s,-]*$"
)
_END = re.compile(r"[.;!?](?=\s|$)")
SAID = "it is said of another version than the one that is written here"


def without_other_versions(sheet: Sheet) -> Sheet:
    """The sheet without what its sentences, or a passage in brackets, say of another version."""
    text = sheet.source.text
    apart: dict[int, Apart] = {}
    inside = bracketed = False
    for i, statement in enumerate(sheet.statements):
        before = sheet.statements[i - 1].span.end if i else 0
        between = text[before : statement.span.start] if i and before <= statement.span.start else statement.words
        if inside and (_closes(between) if bracketed else _END.search(between)):
            inside = False
        if any(before <= heading <= statement.span.start for heading in sheet.headings):
            inside = False
        said = _OTHER.search(statement.words)
        if said is not None:
            inside, bracketed = True, statement.words[: said.start()].rstrip().endswith("(")
        if _is_of_a_case(statement):
            apart[i] = Apart(statement.span, "given")
        if inside:
            apart[i] = Apart(statement.span, "undecided", SAID)
    told = tuple(found for i, found in apart.items() if isinstance(sheet.statements[i].node, sx.Relation))
    kept = [s for i, s in enumerate(sheet.statements) if i not in apart]
    return replace(sheet, statements=kept, apart=(*sheet.apart, *told)) if apart else sheet


def _is_of_a_case(statement: Statement) -> bool:
    """Whether it makes one name of two, in brackets that tell the case and end behind it."""
    match statement.node:
        case sx.Relation(sides=(first, second), operators=("=",)) if statement.words_after.lstrip().startswith(")"):
            return None not in (plain_name(first), plain_name(second)) and _IN_A_CASE.search(statement.words) is not None
    return False


def _closes(words: str) -> bool:
    """Whether a bracket ends that was open before."""
    depth = 0
    for sign in words:
        depth += {"(": 1, ")": -1}.get(sign, 0)
        if depth < 0:
            return True
    return False
