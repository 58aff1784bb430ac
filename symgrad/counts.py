r"""Sizes and numbers of parameters in a line of prose: `= $2 \cdot d + 1$ params per filter`, `to get $\langle km/2, 32\rangle$`.

The words beside a piece of mathematics say what it is the size of, and those further up what it follows from: how many words a filter
covers, whether it has a bias, how many there are, with which stride. A size that its words do not settle is left alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from symgrad import syntax as sx
from symgrad.dims import Dim, show
from symgrad.findings import BY_CODE
from symgrad.layer_text import number
from symgrad.naming import plain_name
from symgrad.read.document import Sheet, Statement
from symgrad.spaces import shape_of_node, size_of_node
from symgrad.verification import Claim, Finding

_NUMBER = r"(\d+|zero|one|two|three|four|five|six|seven|eight|nine|ten)"
_WIDTH = re.compile(rf"(?i)\b(?:cover\w*|window of|width(?: of)?|kernel size(?: of)?)\s+{_NUMBER}\b")
_STRIDE = re.compile(rf"(?i)\bstride(?: of)?\s+{_NUMBER}\b")
_HOW_MANY = re.compile(rf"(?i)\b{_NUMBER}\s+(?:of these|of them|(?:such )?filters|(?:such )?kernels)\b")
_BIAS = re.compile(r"(?i)(?:\+|\bwith|\band)\s*(?:an?\s+|one\s+)?bias")
_PARAMETERS = re.compile(r"(?i)^\W*(?:params|parameters|weights)\b(.{0,30})")
_EACH = re.compile(r"(?i)\b(?:per|a|each)\s+(?:filter|kernel)")
_OUTPUTS = re.compile(r"(?i)\boutputs?\b|\bto get\b")
_STEPS = re.compile(r"(?i)^\W*(?:elements|steps|positions|time steps)\b")
_RECURRENT = re.compile(r"(?i)\b(?:hidden|recurrent)\s+weights\b")
_INPUT = re.compile(r"(?i)\binputs?\b\W*$")


@dataclass
class _Facts:
    """What the words so far have said."""

    inputs: tuple[Dim, ...] = ()
    width: int | None = None
    stride: int = 1
    filters: int | None = None
    bias: bool = False

    def learn(self, words: str) -> None:
        for pattern, name in ((_WIDTH, "width"), (_STRIDE, "stride"), (_HOW_MANY, "filters")):
            found = pattern.search(words)
            if found:
                setattr(self, name, number(found))
                if name == "width":
                    self.bias = bool(_BIAS.search(words))

    @property
    def per_filter(self) -> Dim | None:
        if self.width is None or not self.inputs:
            return None
        return self.inputs[-1] * self.width + int(self.bias)

    @property
    def outputs(self) -> Dim | None:
        """How many places a filter is applied at: (positions − width) / stride + 1."""
        if self.width is None or len(self.inputs) < 3:
            return None
        positions = Dim.of(1)
        for dim in self.inputs[1:-1]:
            positions = positions * dim
        return (positions + (self.stride - self.width)) * Fraction(1, self.stride)


def counted(sheet: Sheet) -> Iterator[tuple[Claim, list[Finding]]]:
    """The sizes in prose that can be checked, with what is wrong or to be minded about them."""
    facts = _Facts()
    for i, statement in enumerate(sheet.statements):
        facts.learn(statement.words)
        node = statement.node
        if isinstance(node, sx.Angle) and len(node.items) >= 3 and _INPUT.search(statement.words):
            sizes = [size_of_node(item) for item in node.items]
            facts.inputs = tuple(size for size in sizes if size is not None)
            yield Claim(statement.span, _written(sheet, statement), "given", f"input {show(facts.inputs)}"), []
            continue
        before = sheet.statements[i - 1] if i else None
        written, expected, what = _expected(facts, statement, before)
        if written is not None and expected is not None:
            yield _judged(sheet, statement, written, expected, what)
        elif isinstance(node, sx.Angle) and before is not None and isinstance(before.node, sx.Angle):
            conform = _conforming(sheet, i)
            if conform is not None:
                yield conform


def _expected(facts: _Facts, statement: Statement, before: Statement | None) -> tuple[tuple[Dim, ...] | None, tuple[Dim, ...] | None, str]:
    """What is written, what it should be, and what it is the size of."""
    node, after = statement.node, statement.words_after
    if isinstance(node, sx.Angle):
        sizes = [size_of_node(item) for item in node.items]
        if any(size is None for size in sizes):
            return None, None, ""
        shape = tuple(size for size in sizes if size is not None)
        if len(shape) == 2 and (_OUTPUTS.search(statement.words) or _OUTPUTS.search(after[:20])) and facts.outputs is not None:
            return shape, None if facts.filters is None else (facts.outputs, Dim.of(facts.filters)), "the outputs"
        is_weight = before is not None and plain_name(before.node) is not None and _RECURRENT.search(before.words)
        if len(shape) == 2 and is_weight and facts.filters is not None:
            return shape, (shape[1] + facts.filters, shape[1]), "the recurrent weights, for the input beside the state"
        return None, None, ""
    size = None if isinstance(node, (sx.Name, sx.Number)) else size_of_node(node)
    if size is None:
        return None, None, ""
    of = _PARAMETERS.search(after)
    if of and facts.per_filter is not None:
        if _EACH.search(of[1]):
            return (size,), (facts.per_filter,), "the parameters of a filter"
        if facts.filters is not None:
            return (size,), (facts.per_filter * facts.filters,), f"the parameters of {facts.filters} filters"
    if _STEPS.search(after) and facts.outputs is not None:
        return (size,), (facts.outputs,), "the steps"
    return None, None, ""


def _judged(
    sheet: Sheet, statement: Statement, written: tuple[Dim, ...], expected: tuple[Dim, ...], what: str
) -> tuple[Claim, list[Finding]]:
    """Whether a size is what it should be; one that falls short by one leaves a bias out."""
    holds = written == expected
    claim = Claim(statement.span, _written(sheet, statement), "holds" if holds else "fails", f"{what}: {show(expected)}")
    claim.evidence.append({"method": "exact", "holds": holds})
    findings = []
    if not holds:
        kind = BY_CODE["SG216"]
        message = f"{what} come to {show(expected)}, not {show(written)}"
        if len(written) == 1 and (expected[0] - written[0]).number == 1:
            message += "; the bias is left out"
        findings.append(Finding(kind.code, kind.severity, statement.span, message, kind.cause, show(expected)))
    for dim in expected:
        for _, coefficient in dim.terms:
            if coefficient.denominator > 1:
                whole = dim * coefficient.denominator
                kind = BY_CODE["SG310"]
                about = f"{what} are whole only where {whole} is " + (
                    "even" if coefficient.denominator == 2 else f"a multiple of {coefficient.denominator}"
                )
                findings.append(Finding(kind.code, kind.severity, statement.span, about))
                break
    return claim, findings


def _conforming(sheet: Sheet, i: int) -> tuple[Claim, list[Finding]] | None:
    r"""`\langle 1 \times d\rangle \quad \langle d \times 1\rangle` under a product: the inner sizes agree."""
    first, second = sheet.statements[i - 1], sheet.statements[i]
    shapes = []
    for statement in (first, second):
        assert isinstance(statement.node, sx.Angle)
        items = statement.node.items
        shape = shape_of_node(items[0]) if len(items) == 1 else None
        if shape is None:
            return None
        shapes.append(shape)
    (rows, inner), (other, cols) = shapes
    span = first.span.to(second.span)
    holds = inner == other
    claim = Claim(span, sheet.source.slice(span).strip(), "holds" if holds else "fails", f"the product is {show((rows, cols))}")
    claim.evidence.append({"method": "shapes", "holds": holds})
    if holds:
        return claim, []
    kind = BY_CODE["SG215"]
    message = f"{show(shapes[0])} times {show(shapes[1])} does not conform: {inner} is not {other}"
    return claim, [Finding(kind.code, kind.severity, span, message, kind.cause)]


def _written(sheet: Sheet, statement: Statement) -> str:
    return sheet.source.slice(statement.span).strip()
