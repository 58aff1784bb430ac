r"""Counts of parameters held against the layers that the sheet has: `10 \cdot 20 + 20 \cdot 3` of weights that have biases beside them.

A count is called wrong only where its terms say how it came about: the weights of every layer and not all of the biases, or one other
factor. Any other number may count something else.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from symgrad import syntax as sx
from symgrad.constant import constant_of
from symgrad.findings import BY_CAUSE
from symgrad.judge import Judge
from symgrad.meaning import stem
from symgrad.naming import plain_name
from symgrad.read.document import Sheet, Statement
from symgrad.span import Span
from symgrad.verification import Finding

_PARAMETERS = re.compile(r"(?i)\bparam(?:s|eters?|ètres|etri)?\b|\bparameter(?:s|n)?\b|par[áâ]metros")
_NOT_ALL = re.compile(r"(?i)\b(?:without|no|ohne|sans|sin|sem|excluding|ignoring)\s+(?:\w+\s+)?bias|\bweights (?:only|alone)|bias-free")
_DATA = frozenset("xXtTyYzZ")
_BIASES = frozenset("bc")
_BEFORE = 160

Terms = Counter[tuple[int, ...]]


def tallied(sheet: Sheet, judges: Iterable[Judge]) -> Iterator[Finding]:
    """What is wrong with the counts of a sheet; nothing where it leaves out biases in so many words."""
    if _NOT_ALL.search(sheet.source.text):
        return
    counts = [s for s in sheet.statements if _is_a_count(sheet, s)]
    for judge in judges:
        layers = _layers(judge, _numbers(sheet.statements)) if counts else None
        for statement in counts if layers is not None else ():
            found = None if layers is None else _against(layers, statement)
            if found is not None:
                yield found


def _is_a_count(sheet: Sheet, statement: Statement) -> bool:
    start = statement.span.start
    before = sheet.source.text[max(0, start - _BEFORE) : start].rpartition("\n\n\n")[2]
    head = statement.node.sides[0] if isinstance(statement.node, sx.Relation) else statement.node
    if isinstance(head, (sx.Name, sx.Scripted)):
        return bool(_PARAMETERS.search((plain_name(head) or "").replace("\\mathrm{", " ").replace("_", " ")))
    return bool(_PARAMETERS.search(before + " " + statement.words_after[:40]))


@dataclass(frozen=True)
class _Layers:
    """The sizes of the weights, each as rows and columns, and of the biases."""

    weights: Terms
    biases: Terms

    @property
    def total(self) -> int:
        return sum(a * b * n for (a, b), n in self.weights.items()) + sum(a * n for (a,), n in self.biases.items())


def _numbers(statements: Iterable[Statement]) -> dict[str, int]:
    """The sizes that are given numbers: the h of `h = 20`."""
    found: dict[str, set[int]] = {}
    for node in (s.node for s in statements):
        items = node.items if isinstance(node, sx.Listing) else (node,)
        for item in items:
            value = constant_of(item.sides[-1]) if isinstance(item, sx.Relation) and item.operators == ("=",) else None
            name = plain_name(item.sides[0]) if isinstance(item, sx.Relation) else None
            if name is not None and value is not None and value.denominator == 1 and value > 0:
                found.setdefault(name, set()).add(int(value))
    return {name: held.pop() for name, held in found.items() if len(held) == 1}


def _layers(judge: Judge, numbers: Mapping[str, int]) -> _Layers | None:
    """The weights and biases that are multiplied and added on this sheet; None where the size of one is not known."""
    weights: Terms = Counter()
    biases: Terms = Counter()
    for name, held in judge.lab.network.inputs.items():
        letter = stem(name).removeprefix("\\mathbf{").removesuffix("}")
        is_matrix = not any(dim.is_one for dim in held.shape)
        if letter in _DATA or not (is_matrix or letter in _BIASES) or len(letter) > 1:
            continue
        if any(symbol not in numbers for dim in held.shape for symbol in dim.symbols):
            return None
        size = tuple(sorted(int(dim.evaluate(numbers)) for dim in held.shape))
        if is_matrix:
            weights[size] += 1
        else:
            biases[size[-1:]] += 1
    return _Layers(weights, biases) if weights and biases else None


def _against(layers: _Layers, statement: Statement) -> Finding | None:
    sides = statement.node.sides if isinstance(statement.node, sx.Relation) else (statement.node,)
    side = next((s for s in sides if isinstance(s, sx.Sum) and constant_of(s) is not None), None)
    terms = None if side is None else _terms(side)
    if side is None or terms is None:
        return None
    missing, extra = layers.weights + layers.biases - terms, terms - layers.weights - layers.biases
    if not missing or constant_of(side) == layers.total:
        return None
    left_out = not extra and not missing & layers.weights
    other_factor = missing.total() == extra.total() == 1 and terms.total() > 2
    if not (left_out or other_factor):
        return None
    which = " and ".join(str(size[0]) for size in missing) if left_out else ""
    about = f"; the bias of {which} is left out" if left_out else ""
    return _wrong(side.span.to(sides[-1].span), f"the parameters come to {layers.total}{about}", str(layers.total))


def _terms(side: sx.Sum) -> Terms | None:
    """Each term of a sum as its factors, which are whole numbers."""
    found: Terms = Counter()
    for term, sign in zip(side.terms, side.signs, strict=True):
        factors = term.factors if isinstance(term, sx.Product) else (term,)
        values = [constant_of(f) for f in factors]
        if sign == "-" or any(v is None or v.denominator != 1 for v in values):
            return None
        found[tuple(sorted(int(v) for v in values if v is not None))] += 1
    return found


def _wrong(span: Span, message: str, suggestion: str) -> Finding:
    kind = BY_CAUSE["param_count"]
    return Finding(kind.code, kind.severity, span, message, kind.cause, suggestion)
