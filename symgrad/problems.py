r"""Sheets of several problems that share no more than their letters, or of which one is in numbers alone: each is read by itself.

After `s_i = w^\top x_i + b` a heading, and then `s = W x` in another loss, of which no line spoke before: x is no more one of many there,
and w no vector. Nothing may speak of what the formulas before came to; what was said of other names there holds on.

In a "scalar check (H = 1)" all formulas hold on, and of the sizes none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from symgrad import syntax as sx
from symgrad.constant import is_numeric
from symgrad.dropped_indices import DROPPED
from symgrad.heads import as_call
from symgrad.literals import literal_rows
from symgrad.meaning import stem
from symgrad.naming import plain_name
from symgrad.parts import declared, heads, is_word, mentions
from symgrad.read.document import Sheet, Statement
from symgrad.read.written import sexpr
from symgrad.span import Span
from symgrad.step_scripts import bound_letter, offset_of, scripts_in
from symgrad.syntax import Node

_INDEX = re.compile(r"_[a-z]$")
# `SCALAR SANITY CHECK (H = 1)`, `## A scalar example`, `**One-dimensional check.**`, `**(d) Numbers.** Scalar case: $w = 0.5$`
_OF_SCALARS = re.compile(
    r"(?im)^[ \t#*_]*(?:\(?[a-z0-9]\)[ \t]*)?(?:[\w ]{1,30}[.:][*_]*[ \t]+)?(?:in the |an? |the )?(?:\w+ )?"
    r"(?:scalar|one[- ]dimensional|1-?d)\b(?: \w+)? (?:check|example|case|test|instance|numbers?|version|walkthrough|sanity check)\b"
)
# `**3.** *Softplus.*`, `Q3:`, `## Question 3`
_NUMBER = re.compile(r"[ \t#*_]*(?i:problem|question|exercise|task|q)?[ .]*(\d+)\b")
_SECTION = re.compile(r"##? ")
_FEWEST_QUESTIONS, _FEWEST_SECTIONS = 4, 2
_FEWEST_VALUES = 2
_TIMES = frozenset({"t", "\\tau"})


@dataclass(frozen=True)
class Problem:
    """A problem as a sheet, and where what it says stands: the rest holds on from others, which judge it."""

    sheet: Sheet
    own: Span | None = None

    def is_own(self, span: Span) -> bool:
        return self.own is None or self.own.start <= span.start < self.own.end


def problems(sheet: Sheet) -> list[Problem]:
    """The sheet cut under the headings where another problem begins, and a check in numbers apart from it."""
    cut = _by_numbers(sheet)
    cut = cut if len(cut) > 1 else _by_headings(sheet)
    cut = cut if len(cut) > 1 else _by_losses(sheet)
    cut = cut if len(cut) > 1 else _by_capitals(sheet)
    scalars = _OF_SCALARS.search(sheet.source.text)
    if len(cut) > 1:
        return [Problem(each) for each in cut]
    if scalars is None:
        return _with_one_step_apart(sheet)
    start = scalars.start()
    end = next((heading for heading in sheet.headings if heading > scalars.end()), len(sheet.source.text))
    before = [s for s in sheet.statements if s.span.start < start]
    inside = [s for s in sheet.statements if start <= s.span.start < end]
    anew = {name for s in inside for name, value in heads(s) if not is_numeric(value)}
    context = [s for s in _without_sizes(before) if not anew & {name for name, _ in heads(s)}]
    context = _in_small_letters(context, inside)
    if not context or not any(isinstance(s.node, sx.Relation) for s in inside):
        return [Problem(sheet)]
    return _with_a_check_apart(sheet, context, start, end)


def _with_a_check_apart(sheet: Sheet, context: list[Statement], start: int, end: int) -> list[Problem]:
    """The sheet without a passage of numbers, and that passage with what holds on in it."""
    inside = [s for s in sheet.statements if start <= s.span.start < end]
    rest = replace(sheet, statements=[s for s in sheet.statements if not start <= s.span.start < end])
    return [Problem(rest), Problem(_alone(sheet, context, start, end, inside, opened=False), Span(start, end))]


def _with_one_step_apart(sheet: Sheet) -> list[Problem]:
    r"""The numbers of one step, `z_t = (0.5, 0.2)`, apart from sums over all steps, `\sum_t \delta_t x_t^\top`: there are more."""
    sums = [s for s in sheet.statements if any(isinstance(n, sx.BigOp) and bound_letter(n) in _TIMES for n in sx.walk(s.node))]
    valued = [s for s in sheet.statements if _step_of(s) & _TIMES] if sums else []
    first = valued[0].span.start if valued else 0
    text = sheet.source.text
    start = max(text.rfind("\n\n", 0, first) + 2, *(h for h in sheet.headings if h <= first), 0)
    end = next((heading for heading in sheet.headings if heading > first), len(text))
    before = [s for s in sheet.statements if s.span.start < start]
    if len(valued) < _FEWEST_VALUES or not before or any(s.span.start >= start for s in sums):
        return [Problem(sheet)]
    return _with_a_check_apart(sheet, [s for s in _without_sizes(before) if s not in sums], start, end)


def _step_of(statement: Statement) -> set[str]:
    """The t of `z_t = (0.5, 0.2)` and of `h_{t-1} = 1`."""
    node = statement.node
    if not isinstance(node, sx.Relation) or node.operators[0] != "=" or literal_rows(node.sides[1]) is None:
        return set()
    return {offset[0] for script in scripts_in(node.sides[0]) if (offset := offset_of(script)) is not None}


def _in_small_letters(before: list[Statement], inside: list[Statement]) -> list[Statement]:
    """The formulas with the w that the scalars have for a W."""
    own = {name for s in inside for name, _ in heads(s)}
    known = {name for s in before for name in mentions(s.node)}
    small = {name.upper(): name for name in own if len(name) == 1 and name not in known and name.upper() in known}

    def put(node: Node) -> Node:
        return replace(node, base=small.get(node.base, node.base)) if isinstance(node, sx.Name) and not node.accents else node

    return [replace(s, node=sx.mapped(s.node, put)) for s in before] if small else before


def _without_sizes(statements: list[Statement]) -> list[Statement]:
    """The formulas, and the sets that letters stand for, without what is said of sizes."""
    sized = [s.node for s in statements if isinstance(s.node, sx.Product) and set(s.node.operators) == {"times"}]
    sizes = {name for node in sized for name in mentions(node)}
    return [s for s in statements if _says_no_size(s.node) and not sizes & {name for name, value in heads(s) if is_numeric(value)}]


def _says_no_size(node: Node) -> bool:
    """Whether it is an equation, or a set of letters."""
    match node:
        case sx.Relation(sides=(_, sx.Group(open="\\{" | "{")), operators=("in",)):
            return True
        case sx.Relation(operators=operators):
            return "in" not in operators
    return isinstance(node, sx.Listing)


def _by_headings(sheet: Sheet) -> list[Sheet]:
    """The sheet cut under the headings where another problem begins."""
    found: list[Sheet] = []
    statements, begin, start = sheet.statements, 0, 0
    context: list[Statement] = []
    for heading in sheet.headings:
        cut = next((i for i, s in enumerate(statements) if s.span.start >= heading), len(statements))
        if not begin < cut < len(statements):
            continue
        before, after = [*context, *statements[begin:cut]], statements[cut:]
        anew = _names_anew(before, after)
        if anew:
            found.append(_alone(sheet, context, start, heading, statements[begin:cut]))
            context = _holding_on(before, after, anew)
            begin, start = cut, heading
    return [*found, _alone(sheet, context, start, len(sheet.source.text), statements[begin:])] if found else [sheet]


def _by_numbers(sheet: Sheet) -> list[Sheet]:
    """The sheet cut into numbered questions, or into sections in each of which the loss is another."""
    numbered: list[int] = []
    for heading in sheet.headings:
        number = _NUMBER.match(sheet.source.text, heading)
        numbered += [heading] if number is not None and int(number[1]) == len(numbered) + 1 else []
    sections = [heading for heading in sheet.headings if _SECTION.match(sheet.source.text, heading)]
    cut = _by_questions(sheet, numbered)
    return cut if len(cut) > 1 else _by_questions(sheet, sections)


def _by_questions(sheet: Sheet, starts: list[int]) -> list[Sheet]:
    """The sheet cut into questions: each differentiates what it tells itself, and none rests on another but for functions."""
    if len(starts) < _FEWEST_SECTIONS:
        return [sheet]
    ends = [*starts[1:], len(sheet.source.text)]
    opening = [s for s in sheet.statements if s.span.start < starts[0]]
    questions = [[s for s in sheet.statements if a <= s.span.start < b] for a, b in zip(starts, ends, strict=True)]
    told = [dict(found for s in own for found in _told(s)) for own in questions]
    spoken = [{name for s in own for name in mentions(s.node)} for own in questions]
    functions = [s for own in questions for s in own if _is_function(s)]
    formulas = {name for own in questions for s in own for name, _ in _formulas(s)}
    called = {name for s in functions for name, _ in _formulas(s)}
    names = {name for one in told for name in one}
    again = {name for name in names if len({sexpr(one[name]) for one in told if name in one}) > 1}
    asked = [set(_asked(own)) - {""} for own in questions]
    # `\\ell(\\mu, \\Sigma)` in one section and `\\ell(\\beta)` in the next are of two problems, whatever else they share.
    losses = set.union(*asked).intersection(*({name for s in own for name, _ in _formulas(s)} for own in questions))
    is_another_loss = any(len({sexpr(one[loss]) for one in told}) == len(told) for loss in losses)
    is_asked_elsewhere = any((of & names) - one.keys() - called for of, one in zip(asked, told, strict=True))
    is_asked = 2 * sum(any(True for _ in _asked(own)) for own in questions) >= len(questions) >= _FEWEST_QUESTIONS
    if not again or is_asked_elsewhere or not (is_another_loss or is_asked):
        return [sheet]
    before = set[str]()
    for one, said in zip(told, spoken, strict=True):
        if (said - one.keys()) & before:
            return [sheet]
        before |= ((one.keys() - again if not is_another_loss else set()) | (one.keys() & formulas)) - called
    found = []
    for start, end, own, one, said in zip(starts, ends, questions, told, spoken, strict=True):
        known = [s for s in (*opening, *functions) if s not in own and not one.keys() & dict(_told(s)).keys()]
        context = [s for s in known if said & (dict(_told(s)).keys() or {*mentions(s.node)}) and s.span.start < start]
        found.append(_alone(sheet, context, start, end, own))
    return found


def _asked(statements: list[Statement]) -> Iterator[str]:
    """What is differentiated, by its name; "" for an expression."""
    for node in (n for s in statements for n in sx.walk(s.node)):
        match node:
            case sx.Derivative(of=sx.Node() as of):
                call = as_call(of)
                name = call.function if isinstance(call, sx.Call) else call
                yield "" if is_word(name) else (plain_name(name) or "").split("_")[0]
            case sx.Call(function=sx.Scripted(base=base, primes=1)):
                yield plain_name(base) or ""


def _told(statement: Statement) -> list[tuple[str, Node]]:
    """The names that a statement gives a formula, a value or a space, and which."""
    node = statement.node
    spaces = [(name, node.sides[1]) for name in declared(statement)] if isinstance(node, sx.Relation) else []
    return [*_formulas(statement), *heads(statement), *spaces]


def _is_function(statement: Statement) -> bool:
    r"""Whether it says what a function is of any argument, and is no law about one that is known by its word, as of `\tanh x`."""
    node = statement.node
    call = as_call(node.sides[0]) if isinstance(node, sx.Relation) else node
    return isinstance(call, sx.Call) and not (plain_name(call.function) or "").startswith("\\mathrm") and bool(_formulas(statement))


def _by_losses(sheet: Sheet) -> list[Sheet]:
    """The sheet cut where "write g = dL/dz" speaks of a z that is told there, and that the L further up does not rest on."""
    told_of = [(i, name, expression) for i, s in enumerate(sheet.statements) for name, expression in heads(s)]
    formulas = [(i, name, e) for i, name, e in told_of if not is_numeric(e) and not isinstance(e, sx.Derivative)]
    for i, statement in enumerate(sheet.statements):
        loss, by = _gradient_named(statement.node)
        if not by:
            continue
        told = [k for k, name, _ in formulas if name == loss]
        first = min((k for k, name, _ in formulas if name == by), default=i)
        if told and max(told) < first < i and stem(by) not in _behind(loss, formulas):
            at = sheet.statements[first].span.start
            start = max((heading for heading in sheet.headings if heading <= at), default=at)
            cut = next(k for k, s in enumerate(sheet.statements) if s.span.start >= start)
            before, own = sheet.statements[:cut], sheet.statements[cut:]
            anew = {loss, *(name for s in own for name, _ in heads(s))}
            context = _holding_on(before, own, anew)
            return [_alone(sheet, [], 0, start, before), _alone(sheet, context, start, len(sheet.source.text), own)] if cut else [sheet]
    return [sheet]


def _by_capitals(sheet: Sheet) -> list[Sheet]:
    """The sheet cut under the heading where the matrices of all come in, after one feature was fixed and its index dropped."""
    dropped = DROPPED.search(sheet.source.text)
    for heading in (h for h in sheet.headings if dropped is not None and h > dropped.end()):
        cut = next((i for i, s in enumerate(sheet.statements) if s.span.start >= heading), len(sheet.statements))
        before, own = sheet.statements[:cut], sheet.statements[cut:]
        small = {name.partition("_")[0] for s in before for name in mentions(s.node)}
        end = next((h for h in sheet.headings if h > heading), len(sheet.source.text))
        capitals = {name for s in own if s.span.start < end for name in declared(s) if len(name) == 1 and name.isupper()}
        if before and any(name.lower() in small for name in capitals):
            return [_alone(sheet, [], 0, heading, before), _alone(sheet, [], heading, len(sheet.source.text), own)]
    return [sheet]


def _gradient_named(node: Node) -> tuple[str, str]:
    r"""The L and the z of `g = \partial L/\partial z`; "" for both in anything else."""
    match node:
        case sx.Relation(sides=(_, sx.Derivative(of=of, wrt=(by,), order=None))) if of is not None:
            return plain_name(of) or "", plain_name(by) or ""
    return "", ""


def _behind(loss: str, formulas: list[tuple[int, str, Node]]) -> set[str]:
    """The letters of the names that a loss rests on."""
    waiting, seen = [stem(loss)], set[str]()
    while waiting:
        base = waiting.pop()
        if base not in seen:
            seen.add(base)
            waiting += [stem(met) for _, name, expression in formulas if stem(name) == base for met in mentions(expression)]
    return seen


def _alone(sheet: Sheet, context: list[Statement], start: int, end: int, own: list[Statement], opened: bool = True) -> Sheet:
    """The sheet with nothing but one problem in it, where it stands, and what holds on from those before."""
    first = sheet.headings[0] if sheet.headings and opened else 0
    # The words alone that a sheet opens with are said of all that follows.
    opening = [Span(0, first)] if sheet.statements[0].span.start >= first else []
    kept = sorted([*opening, *(s.span for s in context), Span(start, end)], key=lambda span: span.start)
    text, at = sheet.source.text, 0
    shown = []
    for span in kept:
        shown += [_blank(text[at : span.start]), text[max(at, span.start) : span.end]]
        at = max(at, span.end)
    shown.append(_blank(text[at:]))
    return replace(sheet, source=replace(sheet.source, text="".join(shown)), statements=[*context, *own])


def _blank(text: str) -> str:
    """As many blanks, in as many lines."""
    return re.sub(r"[^\r\n]", " ", text)


def _names_anew(before: list[Statement], after: list[Statement]) -> set[str]:
    """The names that are others from here on; none where it is the same problem."""
    known, own = (dict(found for s in held for found in _formulas(s)) for held in (before, after))
    wholes = {base for name in known if (base := _INDEX.sub("", name)) != name and base in own and name not in own}
    if not wholes:
        return set()
    used, spoken = ({name for s in held for name in mentions(s.node)} for held in (before, after))
    slopes = [n for s in after for n in sx.walk(s.node) if isinstance(n, sx.Derivative) and n.of is not None]
    asked = {plain_name(n.of) for n in slopes if n.of is not None}
    inside = {name for formula in known.values() for name in mentions(formula)}
    if not (asked & own.keys()) - used or spoken & (known.keys() - inside):
        return set()
    letters = {_INDEX.sub("", name) for name in spoken}
    numbers = {name for s in before for name, value in heads(s) if isinstance(value, sx.Number)} - own.keys() - known.keys()
    return {name for name in used - numbers if _INDEX.sub("", name) in letters}


def _holding_on(before: list[Statement], after: list[Statement], anew: set[str]) -> list[Statement]:
    """What was said before of names that stay what they are, where it is spoken of."""
    wanted = {name for s in after for name in mentions(s.node)} - anew
    kept: list[Statement] = []
    for statement in reversed(before):
        spoken = set(mentions(statement.node))
        if spoken & wanted and not spoken & anew:
            kept.append(statement)
            wanted |= spoken
    return kept[::-1]


def _formulas(statement: Statement) -> list[tuple[str, Node]]:
    """The name that a statement gives a formula, also as a function of others, `J(w) = …`."""
    node = statement.node
    if not isinstance(node, sx.Relation) or node.operators[0] not in ("=", ":=") or is_numeric(node.sides[1]):
        return []
    call = as_call(node.sides[0])
    name = plain_name(call.function if isinstance(call, sx.Call) else call)
    return [] if name is None else [(name, node.sides[1])]
