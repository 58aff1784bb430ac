r"""The step before in words: `h_prev` beside `h_t` and `h_{t-1}`.

Where the sheet writes `h_{t-1}` nowhere, `h_prev` may be an input of one step, and is left as one. Beside `dh_next`, what comes back from
the next step, `dh_prev` is what this step hands back in turn and not the whole derivative: `W^T da_t` where `a_t = W h_prev + …`.
"""

from __future__ import annotations

import re
from dataclasses import replace

from symgrad import syntax as sx
from symgrad.naming import letters_of, plain_name
from symgrad.parts import heads
from symgrad.read.document import Sheet
from symgrad.step_scripts import offset_of
from symgrad.syntax import Node

_WORDS = frozenset({"prev", "previous", "old"})
_NEXT = "next"
_SPOKEN = re.compile(r"(?<![A-Za-z\\])d([A-Za-z])_(?:\{|\\text\{|\\mathrm\{|\{\\text\{|\{\\mathrm\{)?(next|prev|previous|old)\b")


def at_the_step_before(sheet: Sheet) -> Sheet:
    """The sheet with `h_{t-1}` for `h_prev`."""
    earlier = {found for s in sheet.statements for n in sx.walk(s.node) if (found := _earlier(n)) is not None}
    stepped = {(plain_name(n.base), n.sub) for s in sheet.statements for n in _stepped(s.node) if heads(s)}
    before = {base: sub for base, letter, sub in earlier if any(base == b and letters_of(own) == (letter,) for b, own in stepped)}
    for base, own in stepped:  # so it is beside `dh_next`, which speaks of several steps
        if (base, _NEXT) in _SPOKEN.findall(sheet.source.text) and base is not None and isinstance(own, sx.Name):
            before.setdefault(base, sx.Sum(own.span, (own, sx.Number(own.span, "1")), ("", "-")))
    if not before:
        return sheet

    back = _handed_back(sheet)

    def put(node: Node) -> Node | None:
        match node:
            case sx.Differential(sign="d", of=sx.Scripted(base=base, sub=sx.Text(text=word))) if made := back.get((plain_name(base), word)):
                return sx.Group(node.span, "(", ")", made)
            case sx.Differential():
                return node
            case sx.Scripted(base=base, sub=sx.Text(text=word)) if word in _WORDS and (name := plain_name(base)) in before:
                return replace(node, sub=before[name or ""])
        return None

    return replace(sheet, statements=[replace(s, node=sx.replaced(s.node, put)) for s in sheet.statements])


def _handed_back(sheet: Sheet) -> dict[tuple[str | None, str], Node]:
    """What `dh_prev` and `dh_next` are where both are spoken of, and one equation alone multiplies `h_prev` by something."""
    spoken = set(_SPOKEN.findall(sheet.source.text))
    found: dict[tuple[str | None, str], Node] = {}
    for name in {base for base, word in spoken if word == _NEXT}:
        uses = [(s.node, n) for s in sheet.statements if heads(s) for n in _at_rest(s.node) if _is_of_before(n, name)]
        node, used = uses[0] if len(uses) == 1 else (None, None)
        head = node.sides[0] if isinstance(node, sx.Relation) else None
        if not isinstance(head, sx.Scripted) or not isinstance(head.sub, sx.Name) or used is None:
            continue
        after = sx.Sum(head.span, (head.sub, sx.Number(head.span, "1")), ("", "+"))
        for word, of in (*((word, head) for word in _WORDS), (_NEXT, replace(head, sub=after))):
            made = _turned(node, used, sx.Differential(head.span, "d", of))
            if made is not None and {(name, word), (name, _NEXT)} <= spoken and any((name, w) in spoken for w in _WORDS):
                found[name, word] = made
    return found


def _at_rest(node: Node) -> list[Node]:
    """What stands in an equation outside of changes."""
    return (
        [node]
        if isinstance(node, sx.Scripted)
        else [n for c in sx.children(node) if not isinstance(c, sx.Differential) for n in _at_rest(c)]
    )


def _is_of_before(node: Node, name: str | None) -> bool:
    return isinstance(node, sx.Scripted) and isinstance(node.sub, sx.Text) and node.sub.text in _WORDS and plain_name(node.base) == name


def _turned(node: Node | None, used: Node, change: Node) -> Node | None:
    """The gradient that goes back through `W h_prev` or `h_prev W`, of a sum on the right side."""
    sides = node.sides if isinstance(node, sx.Relation) else ()
    terms = [t for side in sides[1:] for t in (side.terms if isinstance(side, sx.Sum) else (side,))]
    for term in terms:
        match term:
            case sx.Product(factors=(sx.Name() | sx.Scripted() as weight, last), operators=("",)) if last is used:
                return replace(term, factors=(_transposed(weight), change))
            case sx.Product(factors=(first, sx.Name() | sx.Scripted() as weight), operators=("",)) if first is used:
                return replace(term, factors=(change, _transposed(weight)))
    return None


def _transposed(weight: Node) -> Node:
    turn = sx.Mark(weight.span, "T")
    is_bare = isinstance(weight, sx.Scripted) and weight.sup is None
    return replace(weight, sup=turn) if is_bare else sx.Scripted(weight.span, weight, None, turn)  # type: ignore[call-arg]


def _earlier(node: Node) -> tuple[str, str, Node] | None:
    """The h, the t and the script of `h_{t-1}`."""
    if not isinstance(node, sx.Scripted) or node.sub is None or not isinstance(node.base, sx.Name):
        return None
    offset, base = offset_of(node.sub), plain_name(node.base)
    return (base, offset[0], node.sub) if base is not None and offset is not None and offset[1] == -1 else None


def _stepped(node: Node) -> list[sx.Scripted]:
    """What an equation is about, where that has a script."""
    head = node.sides[0] if isinstance(node, sx.Relation) else None
    return [head] if isinstance(head, sx.Scripted) else []
