r"""The cross-entropy by its name: `L = \mathrm{CE}(\hat y, y)`, or `L = \ell(\hat y, y)` on a sheet that says that ℓ is one.

It is that of a softmax or of a sigmoid, whichever the estimate was computed by; of two arguments the label is the one that was not. Of
batches nothing is said here, as a sum over them may be meant as well as a mean.
"""

from __future__ import annotations

import re
from dataclasses import replace

from symgrad import syntax as sx
from symgrad.heads import as_call
from symgrad.meaning import is_loss, stem
from symgrad.naming import plain_name
from symgrad.parts import heads
from symgrad.read.document import Sheet, prose
from symgrad.syntax import Node

_NAMES = frozenset({"ce", "xe", "bce", "xent", "crossentropy", "crossentropyloss", "binarycrossentropy"})
_SAID = re.compile(r"(?i)\b(?:cross[- ]?entropy|Kreuzentropie|entrop[ií][ae] cruzada|entropie crois[ée]e)")
_OTHERS = re.compile(r"(?i)\b(?:squared|quadratic|hinge|absolute|huber|mse|MAE|generic|any|arbitrary)\b")


def with_cross_entropies(sheet: Sheet) -> Sheet:
    """The sheet with the formula for every such call."""
    activations = {_family(name): made for s in sheet.statements for name, e in heads(s) if (made := _activation(e)) is not None}
    if not activations:
        return sheet
    words = prose(sheet.source)
    is_told = _SAID.search(words) is not None and _OTHERS.search(words) is None
    defined = {_called(s.node.sides[0]) for s in sheet.statements if isinstance(s.node, sx.Relation)}

    def written(node: Node) -> Node:
        called, function = as_call(node), _called(node)
        if not isinstance(called, sx.Call) or len(called.args) != 2 or function is None or function in defined:
            return node
        is_one = re.sub(r"[^a-z]", "", function.replace("mathrm", "").lower()) in _NAMES
        if not is_one and not (is_told and (is_loss(function) or function == "\\ell")):
            return node
        first, second = called.args
        found = ((o, y, activations.get(_family(plain_name(o)))) for o, y in ((first, second), (second, first)) if _is_label(plain_name(y)))
        pairs = [(o, y, activation) for o, y, activation in found if activation is not None]
        if len(pairs) != 1:
            return node
        output, label, activation = pairs[0]
        return _formula(node, output, label, activation)

    return replace(sheet, statements=[replace(s, node=sx.mapped(s.node, written)) for s in sheet.statements])


def _called(node: Node) -> str | None:
    """The name of what is called."""
    called = as_call(node)
    return plain_name(called.function) if isinstance(called, sx.Call) else None


def _family(name: str | None) -> str:
    r"""`\hat{y}` of a `\hat{y}_t`."""
    return (name or "").partition("_")[0]


def _is_label(name: str | None) -> bool:
    return stem(name or "") in ("y", "t", "d")


def _activation(expression: Node) -> str | None:
    called = as_call(expression)
    word = _called(called) or ""
    return "softmax" if "softmax" in word else "sigmoid" if word in ("\\sigma", "\\mathrm{sigmoid}", "sigmoid") else None


def _formula(node: Node, output: Node, label: Node, activation: str) -> Node:
    at = node.span

    def logarithm(inside: Node) -> Node:
        return sx.Call(at, sx.Name(at, "\\log"), (inside,))

    def less(inside: Node) -> Node:
        return sx.Group(at, "(", ")", sx.Sum(at, (sx.Number(at, "1"), inside), ("", "-")))

    first = sx.Product(at, (label, logarithm(output)), ("*",))
    if activation == "sigmoid":
        second = sx.Product(at, (less(label), logarithm(less(output))), ("*",))
        return sx.Sum(at, (first, second), ("-", "-"))
    return sx.Prefix(at, "-", sx.Call(at, sx.Name(at, "sum"), (first,)))
