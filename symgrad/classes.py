r"""Labels of steps: in `L_t = -\log (p_t)_{y_t}` the y_t is the right class at step t, and `u_{y_t}` its unit vector.

An entry at the label is the inner product with the one-hot vector of the step, which is made for it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from symgrad import syntax as sx
from symgrad.naming import letters_of, plain_name, spelled
from symgrad.parts import heads
from symgrad.read.document import Sheet
from symgrad.span import Span
from symgrad.syntax import Node

_LETTERS = frozenset("ycgswk")
_UNITS = frozenset({"e", "u", "1", "\\delta"})
# `with y_t the one-hot vector of k_t`: a vector that has a name of its own.
_CALLED = re.compile(
    r"(?<![A-Za-z\\])([A-Za-z])_\{?(\w)\}?\$?,? ?(?:is|=|be|for|denotes)? ?(?:the|a) one-?hot (?:vector|encoding|form|version)?"
    r" ?(?:of|for) (?:the )?(?:class|label|target)? ?\$?([A-Za-z])_\{?\2\}?(?!\w)"
)


def by_class(sheet: Sheet) -> Sheet:
    """The sheet with entries at the label of a step written by a one-hot vector for each step."""
    stepped = {name for s in sheet.statements for name, _ in heads(s)}

    def whole(node: Node) -> Node:
        """`(p_t)_{y_t}` for `p_{t, y_t}`, where `p_t` is what the sheet defines."""
        match node:
            case sx.Scripted(base=sx.Name() as base, sub=sx.Listing(items=(step, sx.Scripted(base=sx.Name(base=letter)) as label))):
                inner = sx.Scripted(node.span, base, step)
                if letter in _LETTERS and plain_name(inner) in stepped and plain_name(label.sub or label) == plain_name(step):
                    return replace(node, base=sx.Group(node.span, "(", ")", inner), sub=label)
        return node

    sheet = replace(sheet, statements=[replace(s, node=sx.mapped(s.node, whole)) for s in sheet.statements])
    labels = {letter for s in sheet.statements for n in sx.walk(s.node) for letter in _picking(n)}
    if not labels:
        return sheet

    called = {vector: label for vector, _, label in _CALLED.findall(" ".join(sheet.source.text.split())) if label in labels}

    def put(node: Node) -> Node | None:
        match node:
            case sx.Scripted(base=sx.Name(base=own, accents=()) as named, sub=sx.Node()) if own in called:
                return replace(node, base=replace(named, base=called[own], accents=("vec",)))
        if any(True for _ in _picking(node)) and isinstance(node, sx.Scripted):
            inner = node.base.body if isinstance(node.base, sx.Group) else node.base
            vector = _one_hot(node.sub) if node.sub is not None else None
            if vector is not None:
                turned = sx.Scripted(node.span, sx.Group(node.span, "(", ")", vector), None, sx.Mark(node.span, "T"))
                whole = sx.Group(node.span, "(", ")", sx.Product(node.span, (turned, inner), ("",)))
                return whole if node.sup is None else sx.Scripted(node.span, whole, None, node.sup)
        match node:
            case sx.Scripted(base=sx.Name(base=unit), sub=sx.Scripted(base=sx.Name(base=letter)) as label, sup=sup) if unit in _UNITS:
                if letter in labels and (made := _one_hot(label)) is not None:
                    return made if sup is None else sx.Scripted(node.span, sx.Group(node.span, "(", ")", made), None, sup)
        return None

    names = {spelled(sx.Name(Span(0, 0), letter, ("vec",))) for letter in labels}
    return replace(sheet, statements=[replace(s, node=sx.replaced(s.node, put)) for s in sheet.statements], one_hot=sheet.one_hot | names)


def _picking(node: Node) -> Iterator[str]:
    r"""The y of `(p_t)_{y_t}` and `\log(p_t)_{y_t}`: the label has the index of what it picks from."""
    match node:
        case sx.Scripted(
            base=sx.Group() | sx.Call() | sx.Scripted() as whole, sub=sx.Scripted(base=sx.Name(base=letter), sub=own), primes=0
        ):
            index = letters_of(own)
            steps = {letters_of(n.sub) for n in sx.walk(whole) if isinstance(n, sx.Scripted) and n.sub is not None}
            if letter in _LETTERS and index is not None and len(index) == 1 and index in steps:
                yield letter


def _one_hot(label: Node) -> Node | None:
    """The vector of a label, at its step."""
    match label:
        case sx.Scripted(base=sx.Name() as base):
            return replace(label, base=replace(base, accents=("vec",)))
    return None
