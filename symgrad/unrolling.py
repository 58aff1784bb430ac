r"""Recurrences written for a general step or layer, written out: `h_t = \tanh(W h_{t-1})` for t = 1, 2, 3.

Every statement with a letter that counts steps becomes one for each step that it makes sense for, sums and products over steps become their
terms, and the last step (`h_T`, `a^{(L)}`) gets its number. What holds at every step written out is taken to hold; what fails at one does
not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from symgrad import syntax as sx
from symgrad.naming import letters_of, plain_name
from symgrad.origins import convolved, letters_that_run
from symgrad.read.document import Sheet, Statement
from symgrad.settling import MOST_TERMS, put_at, settled_at
from symgrad.step_letters import Steps, entered_by, is_start, raised_to, reached, steps_of, used_names
from symgrad.step_scripts import (
    explicit_head,
    free_letters,
    has_script,
    numbers_in,
    offset_of,
    order_of_letters,
    scripts_in,
    scripts_of_head,
    without_scripts,
)
from symgrad.syntax import Node

_TAU = "\\tau"
_TIMES, _LAYERS = frozenset({"t", "\\tau"}), frozenset({"l", "\\ell", "L"})


def _with_a_usual_end(sheet: Sheet) -> Sheet:
    r"""The sheet with T for τ where its time ends there, `\sum_{t=1}^{\tau}`, and nothing else is called T."""
    names_met = [n for s in sheet.statements for n in sx.walk(s.node) if isinstance(n, sx.Name)]
    sums = [n for s in sheet.statements for n in sx.walk(s.node) if isinstance(n, sx.BigOp) and isinstance(n.below, sx.Relation)]
    ends = any(isinstance(n.above, sx.Name) and n.above.base == _TAU and letters_that_run(n) == {"t"} for n in sums)
    if not ends or any(n.base == "T" for n in names_met):
        return sheet

    def as_usual(node: Node) -> Node:
        return replace(node, base="T") if isinstance(node, sx.Name) and node.base == _TAU and not node.accents else node

    return replace(sheet, statements=[replace(s, node=sx.mapped(s.node, as_usual)) for s in sheet.statements])


def unrolled(sheet: Sheet, last: int | None = None) -> Sheet:
    """The sheet with its recurrences written out, for `last` steps where it says no number; the same sheet where there are none."""
    sheet = _with_sums_of_named(_with_a_usual_end(sheet))
    steps = steps_of(sheet)
    if steps is None:
        return sheet
    sheet = replace(sheet, statements=[replace(s, node=_with_bare_sums(s.node, steps.letters)) for s in sheet.statements])
    sheet = replace(sheet, statements=[made for s in sheet.statements for made in _with_top_apart(s, steps)])
    steps = replace(steps, entered=frozenset(entered_by(sheet, steps)) if len(steps.letters) > 1 else frozenset())
    steps = replace(steps, raised=raised_to(sheet, steps.letters))
    if last is not None:
        heads = {plain_name(s.node.sides[0]) for s in sheet.statements if isinstance(s.node, sx.Relation)}
        steps = replace(steps, last=last, counts=steps.tops - heads)
    out: list[Statement] = []
    explicit = _starts(sheet, steps) | _tops(sheet, steps)
    order: tuple[str, str] | None = None
    for group in _groups(sheet.statements):
        order = order_of_letters(group[0].node, steps.letters) or order
        if _only_counts(group[0].node, steps):
            continue
        out += _written_out(group, steps, explicit, order)
    return replace(sheet, statements=out, sequences=sheet.sequences | set(_sequences(sheet, steps)))


def _sequences(sheet: Sheet, steps: Steps) -> Iterator[frozenset[str]]:
    """The names of what there is one of at every time step; not at every layer, which may have any width."""
    named = [n for s in sheet.statements for n in sx.walk(s.node) if isinstance(n, sx.Scripted) and isinstance(n.base, sx.Name)]
    counted = [(n, offset) for n in named for script in scripts_in(n) if (offset := offset_of(script)) and offset[0] in steps.letters]
    layered = {letter for n, (letter, _) in counted if isinstance(n.base, sx.Name) and n.base.base.isupper()} | _LAYERS
    for node, (letter, by) in counted:
        if letter in _TIMES or letter not in layered:
            members = (settled_at(node, {letter: i - by}, steps) for i in range(steps.last + 1))
            yield frozenset(name for member in members if member is not None and (name := plain_name(member)) is not None)


def _with_sums_of_named(sheet: Sheet) -> Sheet:
    r"""The sheet with `\sum_{t=1}^3 f(h_t)` as its terms, where `h_1`, `h_2` and `h_3` are defined one by one."""
    heads = {plain_name(s.node.sides[0]) for s in sheet.statements if isinstance(s.node, sx.Relation)}

    whole = convolved(s.node for s in sheet.statements)  # `y_1` is an entry of what has a formula

    def as_terms(node: Node) -> Node:
        match node:
            case sx.BigOp(below=sx.Relation(sides=(sx.Name(base=letter), sx.Number())), above=sx.Number(text=high)) if high.isdigit():
                letters = frozenset({letter})
                steps = Steps(letters, frozenset(), 1, int(high[:3]), raised=raised_to(sheet, letters))
                counted = [n for n in sx.walk(node) if isinstance(n, sx.Scripted) and has_script(n, letter)]
                counted = [n for n in counted if isinstance(n.base, sx.Name) and plain_name(n.base) not in whole]
                named = [{plain_name(put_at(n, {letter: i}, steps)) for i in range(1, steps.last + 1)} for n in counted if not _shifted(n)]
                if steps.last <= MOST_TERMS and any(names <= heads for names in named):
                    return settled_at(node, {}, steps) or node
        return node

    return replace(sheet, statements=[replace(s, node=sx.mapped(s.node, as_terms)) for s in sheet.statements])


def _with_bare_sums(node: Node, letters: frozenset[str]) -> Node:
    r"""`\frac{dL}{dw} = \sum \delta_t h_{t-1}` with the step that the sum is over, where the other side speaks of none."""
    if not isinstance(node, sx.Relation) or free_letters(node.sides[0], letters):
        return node

    def bound(inner: Node) -> Node:
        if not isinstance(inner, sx.BigOp) or inner.operator != "sum" or inner.below is not None or inner.body is None:
            return inner
        free = sorted(free_letters(inner.body, letters))
        return replace(inner, below=sx.Name(inner.span, free[0])) if len(free) == 1 else inner

    return sx.mapped(node, bound)


def _shifted(node: Node) -> bool:
    return any((offset_of(script) or ("", 0))[1] for script in scripts_in(node))


def _only_counts(node: Node, steps: Steps) -> bool:
    r"""`t = 1`, `t = 1, \dots, T`, `l \in …`: for which steps, and no claim."""
    if isinstance(node, sx.Relation):
        head = node.sides[0]
        return isinstance(head, sx.Name) and head.base in steps.letters and not head.accents
    return isinstance(node, sx.Name) and node.base in steps.letters | steps.tops


# ── writing out ──────────────────────────────────────────────────────────────────────────────────────────────────────


def _groups(statements: list[Statement]) -> Iterator[list[Statement]]:
    """Each statement with the ones that begin with `=` and go on from it."""
    group: list[Statement] = []
    for statement in statements:
        goes_on = isinstance(statement.node, sx.Relation) and isinstance(statement.node.sides[0], sx.Blank)
        if group and not goes_on:
            yield group
            group = []
        group.append(statement)
    if group:
        yield group


def instances(group: list[Statement], steps: Steps) -> Iterator[Statement]:
    """Statements that belong together, once for each number of the letter that they have free."""
    yield from _written_out(group, steps, set())


def _written_out(group: list[Statement], steps: Steps, explicit: set[str], order: tuple[str, str] | None = None) -> Iterator[Statement]:
    free = sorted({letter for s in group for letter in free_letters(s.node, steps.letters)})
    if not free:
        settled = [settled_at(s.node, {}, steps) for s in group]
        yield from (replace(s, node=node) for s, node in zip(group, settled, strict=True) if node is not None)
        return
    made = False
    for values in _numbered(free, steps, order):
        nodes = [settled_at(s.node, values, steps) for s in group]
        if len(group) == 1 and nodes[0] is None:
            nodes = [_name_alone(group[0].node, values, steps)]
        if any(node is None for node in nodes):
            continue
        instances = [replace(s, node=node) for s, node in zip(group, nodes, strict=True) if node is not None]
        head = _head(instances[0])
        if {head, _whole(instances[0])} & explicit and head not in explicit_head(group[0]) and not _says_what_it_is(group[0].node):
            continue
        made = True
        yield from instances
    if not made:
        yield from group


def _name_alone(node: Node, values: dict[str, int], steps: Steps) -> Node | None:
    r"""`\delta_T = \partial L/\partial h_T` of `\delta_t = \partial L/\partial h_t = … \delta_{t+1}`, which leads beyond the last step."""
    match node:
        case sx.Relation(sides=(head, sx.Derivative() as meant, _, *_), operators=("=" | ":=" | "equiv" as sign, *_)):
            return settled_at(replace(node, sides=(head, meant), operators=(sign,)), values, steps)
    return None


def _numbered(free: list[str], steps: Steps, order: tuple[str, str] | None) -> Iterator[dict[str, int]]:
    """The numbers that the free letters of a line stand for; of two letters it must be said which step is the earlier one."""
    numbers = range(steps.first, steps.last + 1)
    if len(free) == 1:
        yield from ({free[0]: number} for number in numbers)
    elif order is not None and sorted(order) == free:
        yield from ({order[0]: i, order[1]: j} for i in numbers for j in numbers if i < j)


def _starts(sheet: Sheet, steps: Steps) -> set[str]:
    """The names that recurrences begin with: of several values that are given, the first; the others are claimed to follow.

    Of what has a formula that never comes back to it, as `e_t = y_t - d_t`, the first value is claimed to follow too.
    """
    first: dict[str, tuple[int, str]] = {}
    used = used_names(sheet, steps)
    for statement in sheet.statements:
        base = without_scripts(statement.node.sides[0]) if isinstance(statement.node, sx.Relation) else None
        if base in used and base not in reached(used, base):
            continue
        for name in explicit_head(statement) if is_start(statement) else ():
            number = min(n for script in scripts_of_head(statement) for n in numbers_in(script))
            letter = re.sub(r"\d+", "", name)
            first[letter] = min(first.get(letter, (number, name)), (number, name))
    return {name for _, name in first.values()}


def _says_what_it_is(node: Node) -> bool:
    r"""`\delta^{(l)} := \partial J/\partial z^{(l)}` for every l: a line of its own for the last one is a claim."""
    return isinstance(node, sx.Relation) and isinstance(node.sides[1], sx.Derivative)


def _tops(sheet: Sheet, steps: Steps) -> set[str]:
    """The names of the last step that have a line of their own: `A^{[L]} = σ(Z^{[L]})` beside `A^{[l]} = g(Z^{[l]})`."""
    found = set()
    heads = [(s.node.sides[0], s.node) for s in sheet.statements if isinstance(s.node, sx.Relation)]
    # Of `δ^{(l)} = ∂C/∂z^{(l)}` the line for δ^{(L)} is a claim, and no other definition.
    meant = {
        without_scripts(head)
        for head, node in heads
        if free_letters(head, steps.letters) and any(isinstance(n, sx.Derivative) for n in sx.walk(node))
    }
    for statement in sheet.statements:
        node = statement.node
        if isinstance(node, sx.Relation) and isinstance(node.sides[0], (sx.Scripted, sx.Differential)):
            if without_scripts(node.sides[0]) in meant:
                continue
            settled = settled_at(node.sides[0], {}, steps)
            own, name = plain_name(node.sides[0]), None if settled is None else plain_name(settled)
            if name is not None and own != name and not free_letters(node.sides[0], steps.letters):
                found.add(name)
    return found


def _with_top_apart(statement: Statement, steps: Steps) -> Iterator[Statement]:
    r"""`a^{(L)} = z^{(L)}` before `\hat y = a^{(L)}` for `\hat y = a^{(L)} = z^{(L)}`: the last step has a line of its own."""
    match statement.node:
        case sx.Relation(sides=(name, sx.Scripted() as top, _), operators=("=", "=")) as node if plain_name(name) is not None:
            settled = settled_at(top, {}, steps)
            is_top = settled is not None and plain_name(settled) not in (None, plain_name(top)) and not free_letters(top, steps.letters)
            if is_top and settled_at(name, {}, steps) == name:
                yield replace(statement, node=replace(node, sides=node.sides[1:], operators=("=",)))
                yield replace(statement, node=replace(node, sides=node.sides[:2], operators=("=",)))
                return
    yield statement


def _head(statement: Statement) -> str | None:
    return plain_name(statement.node.sides[0]) if isinstance(statement.node, sx.Relation) else None


def _whole(statement: Statement) -> str | None:
    r"""What the head is an entry of: the `a^{(1)}` of `a^{(1)}_j = …`."""
    head = statement.node.sides[0] if isinstance(statement.node, sx.Relation) else None
    is_entry = isinstance(head, sx.Scripted) and isinstance(head.base, sx.Name) and head.sup is not None and letters_of(head.sub)
    return plain_name(replace(head, sub=None)) if is_entry and isinstance(head, sx.Scripted) else None
