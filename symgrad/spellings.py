"""Which names of two sheets are meant to be the same: those that are spelt alike, and across spelling where only one can be meant."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from symgrad import syntax as sx
from symgrad.meaning import is_loss
from symgrad.naming import letters_of, plain_name, superscript, without_transpose
from symgrad.read.document import Statement
from symgrad.syntax import Node

_HABITS = r"\\(?:mathbf|boldsymbol|bm|vec|mathrm|mathit|text)(?![A-Za-z])|[{}()\[\]^_ ,]"


@dataclass(frozen=True)
class Correspondence:
    """For names of one sheet those of another; how many names the other has, and those that the first does not know."""

    called: dict[str, str]
    names: int
    strange: tuple[frozenset[str], ...]


def bare(name: str) -> str:
    r"""A name without what scanning, styles and habits of numbering confuse: 0 and o, braces, bold, `W_1` and `W^{(1)}`.

    >>> bare("W^{(o)}"), bare("\\mathbf{W}^0"), bare("W^{[1]}"), bare("W_1")
    ('Wo', 'Wo', 'W1', 'W1')
    """
    return re.sub(_HABITS, "", name).replace("0", "o").replace("O", "o")


def matched(own: Iterable[str], theirs: Iterable[str]) -> dict[str, str]:
    """For names of theirs our own that are meant: the same, or the only ones that are spelt alike."""
    here, there = set(own), set(theirs)
    found = {name: name for name in there & here}
    for name in sorted(there - here):
        alike = [other for other in here - there if bare(other) == bare(name)]
        rivals = [other for other in there - here if bare(other) == bare(name)]
        if len(alike) == len(rivals) == 1:
            found[name] = alike[0]
    return found


def correspondence(statements: Iterable[Statement], theirs: frozenset[str], loss: str | None) -> Correspondence:
    """The names of statements for those of a key; a loss under another letter is the key's loss, where there is one of each."""
    about = list(spoken(statements))
    every = {name for perhaps in about for name in perhaps}
    called = matched(every, theirs)
    losses = {name for name in every - theirs if is_loss(name)}
    if loss is not None and loss not in called and len(losses) == 1:
        called[loss] = losses.pop()
    known = {*called.values(), *(name for name in every if _is_a_step(name, theirs))}
    return Correspondence(called, len(about), tuple(perhaps for perhaps in about if not perhaps & known))


def spoken(statements: Iterable[Statement]) -> list[frozenset[str]]:
    r"""What statements speak of: each name with what else it may be, as `h^2_3` may be the square of `h_3`, `x_i` an entry of `x`."""
    found: dict[frozenset[str], None] = {}
    for statement in statements:
        waiting = [statement.node]
        while waiting:
            node = waiting.pop()
            perhaps = frozenset(_perhaps(node)) if isinstance(node, (sx.Name, sx.Scripted)) else frozenset[str]()
            if perhaps:
                found[perhaps] = None
            else:
                limits = (node.below, node.above) if isinstance(node, sx.BigOp) else ()
                waiting += [child for child in sx.children(node) if child not in limits]
    return list(found)


def _perhaps(node: Node) -> Iterator[str]:
    name = plain_name(node)
    if name is not None:
        yield name
    if isinstance(node, sx.Scripted) and node.sup is not None:
        yield from _perhaps(without_transpose(node) if superscript(node.sup).transposed else replace(node, sup=None))
    elif isinstance(node, sx.Scripted) and letters_of(node.sub) is not None:
        yield from _perhaps(node.base)


def _is_a_step(name: str, theirs: Iterable[str]) -> bool:
    """Whether it is `h_t`, or `h_{t-1}`, of a sheet with an `h_1`."""
    head, _, step = name.rpartition("_")
    numbered = re.compile(re.escape(head) + r"_\{?\d+\}?")
    return bool(head) and re.search("[a-z]", step) is not None and any(numbered.fullmatch(other) for other in theirs)
