r"""Lines that are claimed under a condition: `with $A = A^T$`, `if $W^T W = I$`, `for $|r| > \kappa$`, "where it is positive".

What fails in general is tried again where the condition holds. An inequality chooses among the random points; an equation for an input
is met by making the input symmetric, orthonormal or centred, whichever meets it, and one that none of these meets is not modelled.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from symgrad import syntax as sx
from symgrad.constant import constant_of
from symgrad.errors import Unsupported
from symgrad.heads import as_call, names_more
from symgrad.literals import literal_rows
from symgrad.parts import heads, is_word, mentions
from symgrad.points import Point
from symgrad.read import functions as fn
from symgrad.read.document import Sheet
from symgrad.replacing import is_replaced
from symgrad.tensor import Node as Tensor

_COMPARISONS = frozenset({"<", ">", "le", "ge"})
# A sentence ends with a full stop, where a new paragraph begins with a capital or a heading, or with the next item of a list.
_STOP = re.compile(
    r"(?<!i\.e)(?<!e\.g)(?<!\bcf)(?<!resp)(?<!w\.r\.t)[.;!?](?=[\s$*)\\]|$)|\n\s*\n\s*(?:[A-Z#*\-]|\d+[.)])|\n[ \t]*(?:[*+\-]|\d+[.)])[ \t]"
)
_LEADS = re.compile(r"(?i)\b(?:if|for|when|where|whenever|provided(?: that)?|as long as|assuming|suppose|with)\b[^.;:]*$")
_OTHERWISE = re.compile(r"(?i)\b(?:otherwise|else|sonst|ansonsten|sinon|de lo contrario|altrimenti)\b")
# What is said to vanish there: "switch off where $Z \\le 0$" is no condition of what follows.
_PUT_OUT = re.compile(
    r"(?i)\b(?:switch\w* off|turn\w* off|shut\w* off|zero\w*(?: out)?|set\w* to (?:0|zero)|kill\w*|mask\w*(?: out)?"
    r"|block\w*|clear\w*|delet\w*|drop\w*|cut\w*)\b[^.;:]{0,40}\b(?:where|wherever|whenever|when)\W*$"
)
_LONG_PASSAGE = 400
_LEAD = 20  # how far before an equation its `for` stands
_NEAR = 4  # how many statements before a claim its condition stands
_MOST_UNKNOWNS, _FEW_UNKNOWNS = 25, 3
_NEWTON_STEPS = 40
_NEWTON_WIDTH = 1e-4
# Newton's method that has come no nearer than this by then goes nowhere.
_BY_THEN, _NEARER = 8, 0.1
_SINGULAR = 1e9
_IN_WORDS = re.compile(
    r"(?i)\b(?:where|when|if|whenever|wherever|while|as long as)\W+(?:it|this|that|the \w+)\W+(?:is|stays)\W+(?:strictly\W+)?"
    r"(positive|negative|active)\b"
)


@dataclass(frozen=True)
class Condition:
    """Something supposed at a statement: what is made true of the values drawn, and what chooses among the points."""

    statement: int
    text: str
    adjusts: tuple[str, str] | None = None
    above: tuple[Tensor, Tensor] | None = None
    vanishes: tuple[tuple[Tensor, str], ...] = ()  # gradients, or what a case makes zero, and the inputs that are moved there
    lasts: bool = True  # beyond its sentence

    @property
    def is_modelled(self) -> bool:
        return self.adjusts is not None or self.above is not None or bool(self.vanishes)

    def adjusted(self, values: dict[str, Any]) -> dict[str, Any] | None:
        """The values with the condition met; None where these sizes do not allow it."""
        if self.adjusts is None:
            return values
        name, kind = self.adjusts
        made = (ADJUSTMENTS | _VALUES)[kind](np.asarray(values[name], dtype=float)) if name in values else None
        return None if made is None else {**values, name: made}

    def at_rest(self, values: dict[str, Any], sizes: Mapping[str, int], supply: Callable[..., Any]) -> dict[str, Any] | None:
        """The values with the inputs where the gradients vanish, by Newton's method; None where that finds no single point."""
        if not self.vanishes:
            return values
        starts = {name: np.asarray(values[name], dtype=float) for _, name in self.vanishes}
        ends = np.cumsum([start.size for start in starts.values()])
        if ends[-1] > _MOST_UNKNOWNS:
            return None  # smaller sizes are drawn too

        def moved_to(flat: Any) -> dict[str, Any]:
            parts = np.split(flat, ends[:-1])
            return {**values, **{name: part.reshape(start.shape) for part, (name, start) in zip(parts, starts.items(), strict=True)}}

        def slope(flat: Any) -> Any:
            point = Point(moved_to(flat), dict(sizes), supply)
            return np.concatenate([np.asarray(point.array(gradient), dtype=float).ravel() for gradient, _ in self.vanishes])

        drawn = np.concatenate([start.ravel() for start in starts.values()])
        # A share or a probability has its place of rest between 0 and 1, and no slope elsewhere.
        others = [np.full(drawn.shape, 0.5)] if drawn.size <= _FEW_UNKNOWNS else []
        for flat in (drawn, *others):
            found = self._by_newton(flat, slope)
            if found is not None:
                return moved_to(found)
        return None

    @staticmethod
    def _by_newton(flat: Any, slope: Callable[[Any], Any]) -> Any:
        """Where the slope vanishes, from a start on; None where that leads to no single point."""
        try:
            with np.errstate(all="ignore"):
                for steps in range(_NEWTON_STEPS):
                    now = slope(flat)
                    if not np.all(np.isfinite(now)) or now.size != flat.size:
                        return None
                    if not steps:
                        first = float(np.max(np.abs(now)))
                    elif steps == _BY_THEN and float(np.max(np.abs(now))) > _NEARER * first:
                        return None
                    moved = np.eye(flat.size) * _NEWTON_WIDTH * max(1.0, float(np.max(np.abs(flat))))
                    columns = [(slope(flat + e) - slope(flat - e)) / (2 * np.max(e)) for e in moved]
                    hessian = np.stack(columns, axis=1)
                    if not np.all(np.isfinite(hessian)) or np.linalg.cond(hessian) > _SINGULAR:
                        return None
                    step = np.linalg.solve(hessian, now)
                    flat = flat - step
                    if np.max(np.abs(step)) < 1e-11 * max(1.0, float(np.max(np.abs(flat)))):
                        return flat
        except (Unsupported, ValueError, np.linalg.LinAlgError):
            return None
        return None

    def chosen(self, point: Point) -> bool:
        """Whether the point is one of those that the condition speaks of."""
        if self.above is None:
            return True
        try:
            left, right = (np.asarray(point.array(node), dtype=float) for node in self.above)
        except (Unsupported, ValueError):
            return False
        return bool(np.all(left > right))


def _symmetric(value: Any) -> Any:
    return (value + value.T) / 2 if value.shape[0] == value.shape[1] else None


def _antisymmetric(value: Any) -> Any:
    return (value - value.T) / 2 if value.shape[0] == value.shape[1] else None


def _orthonormal(value: Any) -> Any:
    return np.linalg.qr(value)[0] if value.shape[0] >= value.shape[1] else None


def _orthonormal_rows(value: Any) -> Any:
    return np.linalg.qr(value.T)[0].T if value.shape[0] <= value.shape[1] else None


def _diagonal(value: Any) -> Any:
    return np.diag(np.diag(value)) if value.shape[0] == value.shape[1] else None


def _centred(value: Any) -> Any:
    return value - value.mean(axis=0, keepdims=True) if value.shape[0] > 1 else None


def _of_sum_one(value: Any) -> Any:
    return np.abs(value) / np.abs(value).sum()


ADJUSTMENTS: dict[str, Callable[[Any], Any]] = {
    "symmetric": _symmetric,
    "orthonormal": _orthonormal,
    "orthonormal_rows": _orthonormal_rows,
    "antisymmetric": _antisymmetric,
    "diagonal": _diagonal,
    "centred": _centred,
    "of_sum_one": _of_sum_one,
}


# The values that an input is put to, `for $\varepsilon = 0$`; an equation in general is not met by them.
_VALUES: dict[str, Callable[[Any], Any]] = {"0": np.zeros_like, "1": np.ones_like}
_PUT_TO = re.compile(
    r"(?i)\b(?:(?:if|for|when|where|with|at|setting|set|put|take|wenn|für|bei|mit|si|pour|avec|quand|para|con|cuando|se|per|quando|com)"
    r"|at the (?:kink|corner|jump|edge|boundary|margin|origin|point|minimum|maximum|optimum|optimal \w+))\W*$"
)
# `We start at $w = 0$`: a value for good, until the next step.
_STARTS_AT = re.compile(
    r"(?i)\b(?:start|begin|beginn|initiali[sz]|init|d[ée]but|part)\w*\W+(?:\w+\W+)?(?:at|with|bei|mit|avec|con|com)\W*$"
)

# Between values that are given together stand signs, and no verb.
_LISTS = re.compile(
    r"(?i)[\s$,;\\()]*(?:(?:and|und|et|y|e|with|mit|avec|con|as well as)\b[\s$\\(]*)?(?:(?:the|a|an|one|two|three|four|\d+)\b\s*)*"
    r"(?:(?:points?|inputs?|data|examples?|labels?|targets?|vectors?|weights?|values?)\b[\s$\\(]*)*"
)


def put_to(sheet: Sheet, statement: int, name: str, value: sx.Node) -> Condition | None:
    r"""The condition that an input has a value, `for $\varepsilon = 0$`; None where it is given that value for good."""
    said = sheet.statements[statement]
    before = sheet.source.text[: said.span.start][-_LEAD:]
    if said.display or not isinstance(value, sx.Number) or value.text not in _VALUES or not _PUT_TO.search(before):
        return None
    if _STARTS_AT.search(before) or _is_one_of_several(sheet, statement):
        return None
    return Condition(statement, sheet.source.slice(said.span).strip(), (name, value.text))


def _is_one_of_several(sheet: Sheet, i: int) -> bool:
    r"""`Take $\lambda = 1$ and the points $x_1 = (1, 2)$, …`: a value beside others, which is given with them for good."""
    for first, second in ((i - 1, i), (i, i + 1)):
        other = second if first == i else first
        if first < 0 or second >= len(sheet.statements) or not one_sentence(sheet, first, second):
            continue
        node, between = (
            sheet.statements[other].node,
            sheet.source.text[sheet.statements[first].span.end : sheet.statements[second].span.start],
        )
        if not isinstance(node, sx.Relation) or node.operators != ("=",) or not _LISTS.fullmatch(between):
            continue
        rows = literal_rows(node.sides[1]) if isinstance(node.sides[0], (sx.Name, sx.Scripted)) else None
        if rows is not None and (rows != ((rows[0][0],),) or rows[0][0] not in (0, 1)):
            return True
    return False


def modelled(statement: int, text: str, names: Sequence[str], agrees: Callable[[Condition], bool]) -> Condition | None:
    """The condition as the adjustment of an input that makes its equation agree; None where none does."""
    for name in names:
        for kind in ADJUSTMENTS:
            condition = Condition(statement, text, (name, kind))
            if agrees(condition):
                return condition
    return None


def comparisons(sheet: Sheet, statements: Sequence[int], i: int) -> Iterator[tuple[int, sx.Node, sx.Node]]:
    """The inequalities of the sentence of a statement: before it, or right behind it after a word such as `if`; larger side first."""
    led = False
    for j in statements:
        statement = sheet.statements[j]
        node = statement.node
        if j > i and constant_of(node) is not None and one_sentence(sheet, i, j):
            return  # `-1$ if $m < 1$ and $0$ otherwise`: what comes now is said of another case
        if (j > i and led) or j == i or not isinstance(node, sx.Relation) or len(node.sides) != 2 or node.operators[0] not in _COMPARISONS:
            continue
        if _PUT_OUT.search(statement.words):
            continue
        is_other = i - 3 < j < i and _OTHERWISE.search(_between(sheet, j, i)) is not None
        if is_other or ((j < i or _LEADS.search(statement.words)) and one_sentence(sheet, min(i, j), max(i, j))):
            led = led or j < i
            left, right = node.sides
            yield (j, left, right) if (node.operators[0] in (">", "ge")) != is_other else (j, right, left)


# Words that speak of one case of a definition by cases.
_CASE = re.compile(
    r"(?i)\b(?:if|when|where|for|otherwise|else|case|zone|region|regime|range|branch|side|inside|outside|small|large|active)\b"
)


def branches(expression: sx.Node, words: str) -> Iterator[tuple[sx.Node, sx.Node]]:
    """What a definition by cases compares, either way round, where the words before a claim speak of one case; larger side first."""
    if _CASE.search(words):
        for node in (n for n in sx.walk(expression) if isinstance(n, sx.Case)):
            if isinstance(node.condition, sx.Relation) and node.condition.operators[0] in _COMPARISONS:
                left, right = node.condition.sides
                yield left, right
                yield right, left


# Words that speak of where a maximum is taken on, for the lines that follow.
# The "active set" and a positive definite matrix are none.
_ACTIVE = re.compile(
    r"(?i)\b(?:active|positive|violated|nonzero|non-zero|aktiv|positiv|activ[aoe]s?|positiv[aoe]s?)\b"
    r"(?!\W{1,3}(?:sets?|subset|ind(?:ices|ex)|constraints?|semi|definite|class|labels?|examples?|pairs?|numbers?|constants?|scalars?|integers?)\b)"
)


def active(sheet: Sheet, expression: sx.Node, defined: int, i: int) -> Iterator[tuple[sx.Node, sx.Node]]:
    """`while it is active`, said of `max(0, u)` between its definition and a claim further down that passage: u, and what it is above."""
    if defined >= i or not one_passage(sheet, defined, i) or not _ACTIVE.search(_between(sheet, defined, i)):
        return
    for node in sx.walk(expression):
        match node:
            case sx.Call(function=sx.Name(base="\\max" | "max"), args=(sx.Number(text="0") as zero, inner)):
                yield inner, zero


# `… = 2 A w$ for a symmetric $A$`: the words right behind a claim that say when it is so.
_BEHIND = re.compile(
    r"^\s*,?\s*(?:if|when|whenever|for|where|provided|assuming|since|because|as|using|with|given|falls|wenn|weil|da|für|si|pour|para|cuando|quando|per)\b[^,;:]*$"
)


def is_behind(sheet: Sheet, i: int) -> bool:
    """Whether the next statement stands in a condition that the statement is claimed under."""
    here, after = sheet.statements[i : i + 2]
    return after.block == here.block + 1 and _BEHIND.match(after.words) is not None


def words_before(sheet: Sheet, i: int) -> str:
    """What is written between a statement and the one before it."""
    return _between(sheet, max(0, i - 1), i)


def is_of_another_activation(sheet: Sheet, i: int) -> bool:
    """Whether a statement is claimed for a network that its words change: "if the hidden layer uses ReLU instead".

    So is one after a replacement that makes no definition another, and what follows `$\\phi(a) = a$` where words said another φ before.
    """
    if _is_with_its_own_function(sheet, i):
        return True
    changed = any(is_replaced(sheet, j) and one_sentence(sheet, j, i) for j in range(max(0, i - _NEAR), i))
    return changed or _INSTEAD.search(words_before(sheet, i)) is not None


def _is_with_its_own_function(sheet: Sheet, i: int) -> bool:
    """Whether an activation was given by a word, and before a statement, in its section, by a formula of its argument."""
    begins = max((heading for heading in sheet.headings if heading <= sheet.statements[i].span.start), default=0)
    said = {name for s in sheet.statements[:i] for name, side in heads(s) if name in fn.UNNAMED and is_word(side)}
    return any(_function(s.node) in said for s in sheet.statements[: i + 1] if said and s.span.start >= begins)


def _function(node: sx.Node) -> str | None:
    r"""The φ of `\phi(a) = a`."""
    head = as_call(node.sides[0]) if isinstance(node, sx.Relation) and node.operators == ("=",) else None
    if not isinstance(node, sx.Relation) or not isinstance(head, sx.Call) or len(head.args) != 1 or not isinstance(head.function, sx.Name):
        return None
    return None if is_word(node.sides[1]) or names_more(node.sides[1:], frozenset(mentions(head.args[0]))) else head.function.base


# `dL = <G, dS>` for the data term`: said of the loss without its penalty.
_PENALTY = r"(?:regulari[sz]\w+|penalt\w+|weight decay|prior)(?: terms?| part)?"
_WITHOUT_PENALTY = re.compile(
    rf"(?i)\bdata[- ](?:fit(?:ting)?[- ])?(?:terms?|part|loss)\b|\bunregulari[sz]ed\b|\bDatenterm\b|\bterme d'attache\b"
    r"|\b(?:without|ignoring|leaving out|apart from|disregarding|dropping|ohne|sans|sin) (?:the |our |any |den |die |das )?"
    rf"{_PENALTY}\b"
)


def is_without_penalty(sheet: Sheet, i: int) -> bool:
    """Whether the words beside a statement, in its sentence, say that it is about the data term of the loss alone."""
    said = sheet.statements[i]
    before, after = re.split(r"[.;:]", said.words)[-1], re.split(r"[.;,]", said.words_after)[0]
    return any(_WITHOUT_PENALTY.search(words) is not None for words in (before, after))


def one_passage(sheet: Sheet, first: int, last: int) -> bool:
    """Whether no heading stands between two statements, and little text."""
    start, end = sheet.statements[first].span.end, sheet.statements[last].span.start
    return not any(start <= heading <= end for heading in sheet.headings) and len(_between(sheet, first, last)) < _LONG_PASSAGE


def one_sentence(sheet: Sheet, first: int, last: int) -> bool:
    """Whether no sentence ends between two statements."""
    start, end = sheet.statements[first].span.end, sheet.statements[last].span.start
    if any(start <= heading <= end for heading in sheet.headings):
        return False
    return start <= end and _STOP.search(_between(sheet, first, last)) is None


def _between(sheet: Sheet, first: int, last: int) -> str:
    """The text between two statements, without the statements that stand there."""
    text = sheet.source.text
    ends = [s.span for s in sheet.statements[first : last + 1]]
    return " ".join(text[a.end : b.start] for a, b in pairwise(ends))


_ACTIVATION = r"(?:(?:leaky[- ])?ReLU|tanh|sigmoid|logistic|softplus|GELU|ELU|SiLU|swish|identity|linear)"
_INSTEAD = re.compile(
    rf"(?i)\b{_ACTIVATION}\b[^.$]{{0,40}}\b(?:instead|in place of|rather than)\b|\b(?:instead|in place) of\b[^.$]{{0,40}}\b{_ACTIVATION}\b"
    rf"|\b{_ACTIVATION}\b[^.$]{{0,20}}\breplaced\b|\breplacing\b[^.$]{{0,20}}\b{_ACTIVATION}\b"
)
_NAMES_IT = re.compile(r"(?i)\b(?:with|setting)\W*$")
_CASE_BEFORE = re.compile(r"(?i)\b(?:if|when|whenever|with|under|assuming|suppose|setting|even)\W*$")


def is_conditional(sheet: Sheet, i: int) -> bool:
    """Whether a statement is claimed for a case that words put before it: "even with $J = 0$ we get …", "for ReLU instead of tanh"."""
    return is_of_another_activation(sheet, i) or any(
        isinstance(sheet.statements[j].node, sx.Relation)
        and _CASE_BEFORE.search(sheet.statements[j].words)
        and not _gives_a_name(sheet, j)
        and one_sentence(sheet, j, i)
        for j in range(max(0, i - _NEAR), i)
    )


def _gives_a_name(sheet: Sheet, i: int) -> bool:
    r"""`With $e = \hat x - x$`: a formula gets a name, and nothing is supposed."""
    named = {name for name, formula in heads(sheet.statements[i]) if constant_of(formula) is None}
    before = {name for statement in sheet.statements[:i] for name, _ in heads(statement)}
    return bool(named - before) and _NAMES_IT.search(sheet.statements[i].words) is not None


def in_words(sheet: Sheet, statements: Sequence[int], i: int) -> Iterator[tuple[int, sx.Node, bool]]:
    """Said in the sentence of a statement, of what an equation before begins with: "where it is positive" (False for negative)."""
    for j in statements:
        node = sheet.statements[j].node
        if j < i and isinstance(node, sx.Relation) and node.operators[0] in ("=", ":=") and one_sentence(sheet, j, i):
            found = _IN_WORDS.search(sheet.statements[j].words_after)
            if found:
                yield j, node.sides[0], found[1].lower() != "negative"
