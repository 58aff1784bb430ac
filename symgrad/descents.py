r"""Steps of gradient descent: what their numbers stand for, and which way they go.

`u \leftarrow 1 + 0.1 \cdot 0.2386` beside u = 1, a learning rate of 0.1 and a gradient by u is `u - 0.1\, \partial L/\partial u`, which its
numbers are then held against. And a step along the gradient of a loss, `W \leftarrow W + \eta\, \partial L/\partial W`, climbs: it is wrong
wherever nothing speaks of ascent (Cauchy, 1847; Goodfellow et al., *Deep Learning*, 4.3).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from fractions import Fraction

from symgrad import syntax as sx
from symgrad.constant import constant_of, is_numeric, numeral
from symgrad.defining import RATES
from symgrad.findings import BY_CAUSE
from symgrad.literals import Rows, literal_rows
from symgrad.meaning import is_loss
from symgrad.naming import numbers_of, plain_name, script_text
from symgrad.numbered import name_of_entry
from symgrad.read.document import Sheet, Statement
from symgrad.span import Span
from symgrad.syntax import Node
from symgrad.verification import Claim, Finding

_RATE = re.compile(
    r"(?i)(?:learning[- ]?rates?|step[- ]?sizes?|lernrate|schrittweite|\blr\b|\brate|\\?\beta\b|η|\\alpha|α)[^\d\n.]{0,25}?(\d*\.?\d+)"
)
_CLIMBS = re.compile(
    r"(?i)ascen|ascend|maximi[sz]|maximum|likelihood|elbo|reward|uphill|adversar|attack|climb|policy|log[- ]?prob|dual|lagrang|increas"
)
# Rules by which a step is not the rate times the gradient (Goodfellow et al., 8.3 and 8.5).
_OTHER_STEPS = re.compile(
    r"(?i)momentum|heavy[- ]ball|nesterov|\badam\w*|rmsprop|adagrad|adadelta|\bdecay|newton|velocity|clip|proximal|projected"
)
# Signs that stand for `\\leftarrow` between a name and its next value, where it is not said what it tends to.
_ARROWS = frozenset({"to", ":"})
_LIMIT = re.compile(
    r"(?i)\b(?:as|when|if|for|lim(?:it)?|let(?:ting)?|für|wenn|si|cuando|quand|pour|se)\W*$"
    r"|\b(?:converg|tend|approach|eventual|konvergier|approche|tiend)\w*\b[^.;]{0,40}$"
)
_IN_THE_LIMIT = re.compile(r"(?i)^\W*(?:as|when|for|in the limit|eventually|für|quand|cuando)\b")
_LISTED = re.compile(r"(?i)\W*(?:and|und|et|y)?\W*")
# What marks the value after a step.
_NEW = re.compile(r"\(?(?:new|neu|next|updated?|nuevo|nouveau|\+|[a-z]\+1)\)?")
_RATES = RATES | {"\\varepsilon", "\\tau", "\\rho"}


def with_descents(sheet: Sheet) -> Sheet:
    """The sheet with the formula of a step in front of its numbers, where the sheet says the value, the rate and the gradient."""
    rates = {Fraction(found[1]) for found in _RATE.finditer(sheet.source.text)}
    if not rates or _CLIMBS.search(sheet.source.text) or _OTHER_STEPS.search(sheet.source.text):
        return sheet
    values: dict[str, Rows] = {}
    gradients: dict[str, Node] = {}  # those before a step; a loss that comes later, of another model, is none of its business
    differentiated = _differentiated_by(sheet)
    out: list[Statement] = []
    for statement in sheet.statements:
        node = statement.node
        gradients |= _gradients(node)
        if not isinstance(node, sx.Relation):
            out.append(statement)
            continue
        if _is_one_more(node, out):
            node = replace(node, operators=("gets",))
        if _is_behind_its_rate(statement, node, values, gradients, out):
            node = replace(node, operators=("gets",))
        if _is_by_an_arrow(statement, node, values, differentiated):
            node = replace(node, operators=("gets", *node.operators[1:]))
        head = node.sides[0]
        steps = ((start, step) for start in _starts(head) if (step := _step(node, start, values, gradients, rates)) is not None)
        start, step = next(steps, (_stepped(node), None))
        if step is not None:
            first = "gets" if start is head else "="
            node = replace(node, sides=(head, step, *node.sides[1:]), operators=(first, "=", *node.operators[1:]))
        out.append(replace(statement, node=node))
        renewed = start if start is not head and _is_new(head) else None
        for value in (head, renewed):
            name, rows = None if value is None else name_of_entry(value), literal_rows(node.sides[-1])
            if name is not None and rows is not None:
                values |= {name: rows, **{f"{name}_{at}": ((entry,),) for at, entry in _entries(rows)}}
        if renewed is not None:  # what is computed from it is computed from its new value from now on
            at = Span(statement.span.end, statement.span.end)
            out.append(replace(statement, node=sx.Relation(at, (renewed, node.sides[-1]), ("gets",)), span=at, words="", words_after=""))
    return replace(sheet, statements=out)


def _starts(head: Node) -> Iterator[Node]:
    """What a step to a value may begin at: `w` itself, the w of `w_{new}`, the `w_1` of `w_2`."""
    yield head
    if not isinstance(head, sx.Scripted):
        return
    if _is_new(head):
        scripts = {"sub": head.sub, "sup": head.sup}
        kept = {which: script for which, script in scripts.items() if script is not None and not _NEW.fullmatch(script_text(script))}
        if isinstance(head.sub, sx.Listing) and _NEW.fullmatch(script_text(head.sub.items[-1])):
            kept["sub"] = head.sub.items[0]  # `w_{1, new}`
        yield replace(head, sub=kept.get("sub"), sup=kept.get("sup"), primes=0) if kept else head.base
    if (numbers := numbers_of(head.sub)) is not None and len(numbers) == 1 and numbers[0] and head.sub is not None:
        yield replace(head, sub=sx.Number(head.sub.span, str(numbers[0] - 1)))


def _stepped(node: sx.Relation) -> Node | None:
    r"""The w of `w_{new} = w - \eta\, \partial L/\partial w = 0.8`."""
    match node.sides[1:]:
        case (sx.Sum(terms=(first, *_)), *_, last) if literal_rows(last) is not None and first in list(_starts(node.sides[0]))[1:]:
            return first
    return None


def _is_new(head: Node) -> bool:
    if not isinstance(head, sx.Scripted):
        return False
    last = head.sub.items[-1] if isinstance(head.sub, sx.Listing) else head.sub
    return head.primes == 1 or any(script is not None and _NEW.fullmatch(script_text(script)) for script in (last, head.sup))


def _is_behind_its_rate(
    statement: Statement, node: sx.Relation, values: Mapping[str, Rows], gradients: Mapping[str, Node], before: list[Statement]
) -> bool:
    r"""Whether what has a value and a gradient has another value behind the rate: "With $\eta = 1$: $w = 0.7$", and what follows it."""
    name, rows = name_of_entry(node.sides[0]), literal_rows(node.sides[-1])
    if name is None or rows is None or not before or node.operators != ("=",) or name not in gradients or values.get(name, rows) == rows:
        return False
    last = before[-1].node
    if isinstance(last, sx.Relation) and last.operators[0] == "gets":
        return _LISTED.fullmatch(statement.words) is not None
    return isinstance(last, sx.Relation) and plain_name(last.sides[0]) in _RATES and is_numeric(last.sides[-1])


def _is_one_more(node: sx.Relation, before: list[Statement]) -> bool:
    r"""Whether `c \approx 0.3481` stands behind a step of another name: what c comes to in the same step."""
    last = before[-1].node if before else None
    return node.operators == ("approx",) and isinstance(last, sx.Relation) and last.operators[0] == "gets"


def _is_by_an_arrow(statement: Statement, node: sx.Relation, values: dict[str, Rows], differentiated: set[str]) -> bool:
    r"""Whether `b \to [0, 0.7]`, or `W_{11}: 0.5 - 0.5 \cdot 0.2 = 0.4`, is a step of what has a value and is differentiated by."""
    name, rows = name_of_entry(node.sides[0]), literal_rows(node.sides[-1])
    if node.operators[0] not in _ARROWS or set(node.operators[1:]) - {"=", "approx"} or name is None or name not in values or rows is None:
        return False
    is_said = bool({name, name.rpartition("_")[0]} & differentiated)
    is_limit = _LIMIT.search(statement.words) or _IN_THE_LIMIT.match(statement.words_after)
    return is_said and _is_like(rows, values[name]) and not is_limit


def _is_like(rows: Rows | None, before: Rows) -> bool:
    """Whether numbers are as many as those before, in a row or in a column."""
    return rows is not None and (len(before), len(before[0])) in {(len(rows), len(rows[0])), (len(rows[0]), len(rows))}


def _differentiated_by(sheet: Sheet) -> set[str]:
    """What a sheet differentiates by, anywhere on it."""
    slopes = (n for s in sheet.statements for n in sx.walk(s.node) if isinstance(n, sx.Derivative))
    return {name for slope in slopes for by in slope.wrt if (name := name_of_entry(by)) is not None}


def _entries(rows: Rows) -> Iterator[tuple[str, Fraction]]:
    """The entries of a vector, or of a matrix, with how their places are written."""
    is_vector = 1 in (len(rows), len(rows[0]))
    for i, row in enumerate(rows, 1):
        for j, entry in enumerate(row, 1):
            yield (str(max(i, j)) if is_vector else f"{{{i}{j}}}"), entry


def _gradients(node: Node) -> Iterator[tuple[str, Node]]:
    """By what a loss is differentiated at the beginning of an equation, or by itself, with the derivative; of a function `f'(x)`."""
    head = node.sides[0] if isinstance(node, sx.Relation) else node
    if isinstance(head, sx.Derivative) and head.order is None and len(head.wrt) == 1 and _is_of_a_loss(head):
        name = name_of_entry(head.wrt[0])
        if name is not None:
            yield name, head
    for n in sx.walk(node):
        match n:
            case sx.Call(function=sx.Scripted(primes=1, sup=None), args=(sx.Name() as at,)):
                yield plain_name(at) or "", n


def _is_of_a_loss(node: sx.Derivative) -> bool:
    name = None if node.of is None else plain_name(node.of)
    return name is not None and is_loss(name)


def _step(node: sx.Relation, start: Node, values: Mapping[str, Rows], gradients: Mapping[str, Node], rates: set[Fraction]) -> Node | None:
    r"""`u - 0.1 \partial L/\partial u` for `u \leftarrow 1 + 0.1 \cdot 0.2386`; for `u \leftarrow 1 + 0.02386` where 0.1 is the rate."""
    name = name_of_entry(start)
    if node.operators[0] not in ("gets", "=") or name is None or name not in values:
        return None
    slope = gradients.get(name) or _of_an_entry(start, name, gradients) or _at_a_number(start, gradients)
    match node.sides[1]:
        case sx.Sum(span=span, terms=(first, change), signs=(sign, _)) if slope is not None and is_numeric(change):
            rows = literal_rows(first if sign != "-" else sx.Prefix(first.span, "-", first))
            rate = change.factors[0] if isinstance(change, sx.Product) and len(change.factors) == 2 else None
            if rate is None and len(rates) == 1:
                rate = numeral(min(rates), change.span)
            if rows != values[name] or rate is None or constant_of(rate) not in rates:
                return None
            return _against(start, span, rate, slope)
        case value if slope is not None and len(node.sides) == 2 and _is_like(literal_rows(value), values[name]) and len(rates) == 1:
            if node.operators == ("=",) and not _is_new(node.sides[0]):
                return None
            return _against(start, value.span, numeral(min(rates), value.span), slope)
    return None


def _against(head: Node, span: Span, rate: Node, slope: Node) -> Node:
    """A step against the slope."""
    way = sx.Product(span, (replace(rate, span=span), replace(slope, span=span)), ("",))
    return sx.Sum(span, (replace(head, span=span), way), ("", "-"))


def _of_an_entry(head: Node, name: str, gradients: Mapping[str, Node]) -> Node | None:
    """The derivative by an entry of what the gradient is by."""
    whole = gradients.get(name.rpartition("_")[0])
    return replace(whole, wrt=(head,)) if isinstance(whole, sx.Derivative) and isinstance(head, sx.Scripted) else None


def _at_a_number(start: Node, gradients: Mapping[str, Node]) -> Node | None:
    """The slope of a function of numbers at one of the values of its argument: the `f'(x_1)` that is told by `f'(x)`."""
    slope = gradients.get(plain_name(start.base) or "") if isinstance(start, sx.Scripted) and numbers_of(start.sub) else None
    return replace(slope, args=(start,)) if isinstance(slope, sx.Call) else None


# ── which way a step goes ────────────────────────────────────────────────────────────────────────────────────────────


def descended(sheet: Sheet) -> Iterator[tuple[Claim, list[Finding]]]:
    """The steps in names that go along the gradient of a loss."""
    if _CLIMBS.search(sheet.source.text):
        return
    kind = BY_CAUSE["sign"]
    for statement in sheet.statements:
        if isinstance(statement.node, sx.Relation) and _climbs(statement.node):
            span = statement.node.sides[1].span
            written = sheet.source.slice(statement.span).strip()
            message = "a step against the gradient makes a loss smaller, and this one goes along it"
            finding = Finding(kind.code, kind.severity, span, message, kind.cause, "a minus before the gradient")
            yield Claim(statement.span, written, "fails", reason=message), [finding]


def _climbs(node: sx.Relation) -> bool:
    r"""`W \leftarrow W + \eta \frac{\partial L}{\partial W}`, also for `W_{new}` and `W^{(t+1)}`."""
    match node.sides[:2]:
        case (head, sx.Sum(terms=(start, way), signs=(_, "+"))):
            return _base(head) == _base(start) != "" and _is_along(way, start)
    return False


def _is_along(way: Node, start: Node) -> bool:
    """Whether a term is a rate times the gradient of a loss by what stands before it."""
    match way:
        case sx.Product(factors=(rate, sx.Derivative(order=None) as slope), operators=("" | "cdot" | "times" | "*",)):
            is_rate = plain_name(rate) in _RATES or (constant_of(rate) or 0) > 0
            return is_rate and any(_base(by) == _base(start) for by in slope.wrt) and _is_of_a_loss(slope)
        case sx.Product(factors=(rate, slope), operators=("" | "cdot" | "times" | "*",)):
            return plain_name(rate) in _RATES and plain_name(slope) == f"d{plain_name(start)}"
    return False


def _base(node: Node) -> str:
    """The letter of a name, without the scripts that tell its steps apart."""
    base = node.base if isinstance(node, sx.Scripted) else node
    return base.base if isinstance(base, sx.Name) else ""
