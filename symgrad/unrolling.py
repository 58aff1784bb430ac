r"""Recurrences written for a general step or layer, written out: `h_t = \tanh(W h_{t-1})` for t = 1, 2, 3.

A letter counts steps where a formula speaks of it and of its neighbour (`h_t` and `h_{t-1}`, `a^{(l)}` and `a^{(l+1)}`). Every statement
with the letter becomes one for each step that it makes sense for, sums and products over steps become their terms, and the last step
(`h_T`, `a^{(L)}`) gets its number. What holds at every step written out is taken to hold; what fails at one does not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction

from symgrad import syntax as sx
from symgrad.literals import literal_rows
from symgrad.members import alone
from symgrad.naming import letters_of, plain_name
from symgrad.origins import added_letters, convolved, letters_that_run
from symgrad.read.document import Sheet, Statement
from symgrad.syntax import Node

_STEPS = 3
_TAU = "\\tau"
_TOPS = {"t": "T", "\\tau": "T", "l": "L", "\\ell": "L", "k": "K", "n": "N", "i": "N", "s": "S", "j": "J", "h": "H"}
_TIMES, _LAYERS = frozenset({"t", "\\tau"}), frozenset({"l", "\\ell", "L"})
_MOST_TERMS = 12


@dataclass(frozen=True)
class Steps:
    """The letters that count steps, the letters of the last one, and the numbers of the first and last that formulas are for."""

    letters: frozenset[str]
    tops: frozenset[str]
    first: int
    last: int
    counts: frozenset[str] = frozenset()
    """The letters of the last step that stand for its number where they are factors: the T of `1/T`."""
    entered: frozenset[str] = frozenset()
    """Of several letters, names that none counts the steps of: beside `\\delta_t` and `\\delta_k` the y of `\\sum_k y_k \\log p_k`."""


@dataclass(frozen=True)
class Counted:
    """The letter that counts steps, the letter of the last, and the letters of the names that there are one of for each step."""

    letter: str
    top: str
    stepped: frozenset[str]


def counted(sheet: Sheet) -> Counted | None:
    """How a sheet that is for any number of steps counts them; None where it is not."""
    steps = steps_of(sheet)
    if steps is None or len(steps.letters) > 1:
        return None
    (letter,) = steps.letters
    named = [n for s in sheet.statements for n in sx.walk(s.node) if isinstance(n, sx.Scripted) and isinstance(n.base, sx.Name)]
    pieces = [(n.base, piece) for n in named for piece in (*_pieces(n.sub), *_pieces(n.sup))]
    stepped = {base for base, piece in pieces if (_offset(piece) or ("", 0))[0] == letter}
    numbered = {number for base, piece in pieces if base in stepped for number in _numbers(piece)}
    if max(numbered, default=0) > 1:
        return None
    return Counted(letter, _TOPS[letter], frozenset(base.base for base in stepped if isinstance(base, sx.Name)))


def counting(sheet: Sheet) -> frozenset[str]:
    """The letters that count the steps of its recurrences."""
    steps = steps_of(sheet)
    return frozenset() if steps is None else steps.letters


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
    steps = replace(steps, entered=frozenset(_entered(sheet, steps)) if len(steps.letters) > 1 else frozenset())
    if last is not None:
        heads = {plain_name(s.node.sides[0]) for s in sheet.statements if isinstance(s.node, sx.Relation)}
        steps = replace(steps, last=last, counts=steps.tops - heads)
    out: list[Statement] = []
    explicit = _starts(sheet, steps) | _tops(sheet, steps)
    order: tuple[str, str] | None = None
    for group in _groups(sheet.statements):
        order = _order(group[0].node, steps.letters) or order
        if _only_counts(group[0].node, steps):
            continue
        out += _written_out(group, steps, explicit, order)
    return replace(sheet, statements=out, sequences=sheet.sequences | set(_sequences(sheet, steps)))


def _sequences(sheet: Sheet, steps: Steps) -> Iterator[frozenset[str]]:
    """The names of what there is one of at every time step; not at every layer, which may have any width."""
    named = [n for s in sheet.statements for n in sx.walk(s.node) if isinstance(n, sx.Scripted) and isinstance(n.base, sx.Name)]
    counted = [(n, offset) for n in named for script in _scripts(n) if (offset := _offset(script)) and offset[0] in steps.letters]
    layered = {letter for n, (letter, _) in counted if isinstance(n.base, sx.Name) and n.base.base.isupper()} | _LAYERS
    for node, (letter, by) in counted:
        if letter in _TIMES or letter not in layered:
            members = (_settled(node, {letter: i - by}, steps) for i in range(steps.last + 1))
            yield frozenset(name for member in members if member is not None and (name := plain_name(member)) is not None)


def _with_sums_of_named(sheet: Sheet) -> Sheet:
    r"""The sheet with `\sum_{t=1}^3 f(h_t)` as its terms, where `h_1`, `h_2` and `h_3` are defined one by one."""
    heads = {plain_name(s.node.sides[0]) for s in sheet.statements if isinstance(s.node, sx.Relation)}

    whole = convolved(s.node for s in sheet.statements)  # `y_1` is an entry of what has a formula

    def as_terms(node: Node) -> Node:
        match node:
            case sx.BigOp(below=sx.Relation(sides=(sx.Name(base=letter), sx.Number())), above=sx.Number(text=high)) if high.isdigit():
                steps = Steps(frozenset({letter}), frozenset(), 1, int(high[:3]))
                counted = [n for n in sx.walk(node) if isinstance(n, sx.Scripted) and _has_script(n, letter)]
                counted = [n for n in counted if isinstance(n.base, sx.Name) and plain_name(n.base) not in whole]
                named = [{plain_name(_put(n, {letter: i}, steps)) for i in range(1, steps.last + 1)} for n in counted if not _shifted(n)]
                if steps.last <= _MOST_TERMS and any(names <= heads for names in named):
                    return _settled(node, {}, steps) or node
        return node

    return replace(sheet, statements=[replace(s, node=sx.mapped(s.node, as_terms)) for s in sheet.statements])


def _with_bare_sums(node: Node, letters: frozenset[str]) -> Node:
    r"""`\frac{dL}{dw} = \sum \delta_t h_{t-1}` with the step that the sum is over, where the other side speaks of none."""
    if not isinstance(node, sx.Relation) or _free(node.sides[0], letters):
        return node

    def bound(inner: Node) -> Node:
        if not isinstance(inner, sx.BigOp) or inner.operator != "sum" or inner.below is not None or inner.body is None:
            return inner
        free = sorted(_free(inner.body, letters))
        return replace(inner, below=sx.Name(inner.span, free[0])) if len(free) == 1 else inner

    return sx.mapped(node, bound)


def _shifted(node: Node) -> bool:
    return any((_offset(script) or ("", 0))[1] for script in _scripts(node))


# ── which letters count steps ────────────────────────────────────────────────────────────────────────────────────────


def steps_of(sheet: Sheet) -> Steps | None:
    """The steps of the recurrences of a sheet; None where there are none."""
    letters: set[str] = set()
    ahead: set[str] = set()
    level: set[str] = set()
    largest = _STEPS
    beyond = dict(_beyond(sheet))
    for at, statement in enumerate(sheet.statements):
        node = statement.node
        if not isinstance(node, sx.Relation):
            continue
        found = list(_offsets(node))
        shifted = {letter for letter, by in found if by in (1, -1)}
        plain = {letter for letter, by in found if by == 0}
        largest = max([largest, beyond.get(at, 0), *(n for s in _scripts(node) for n in _numbers(s) if at not in beyond)])
        learns = any(isinstance(n, (sx.Derivative, sx.Differential)) for side in node.sides[1:] for n in sx.walk(side))
        if not learns:
            letters |= shifted & (plain | shifted) & _TOPS.keys()
            of_head = [_offset(script) or ("", 0) for script in _scripts(node.sides[0])]
            ahead |= {letter for letter, by in of_head if by == 1}
            level |= {letter for letter, by in of_head if by == 0 and letter in shifted}
        head = plain_name(node.sides[0])
        if head is not None:
            letters |= {letter for letter in plain if letter in ("t", "\\tau") and _has_script(node.sides[0], letter)}
    whole = {name for s in sheet.statements for name in alone(s.node, frozenset())}
    letters |= {letter for s in sheet.statements for letter in _heads(s.node, whole)}
    letters |= {earlier for earlier, later in _ordered(sheet) if later in letters}  # the other one may be the last: `t < n`
    letters &= _general(sheet, letters) - _of_one_step(sheet) - added_letters(s.node for s in sheet.statements)
    if not letters or largest > 6:
        return None
    if largest == _STEPS and _is_of_two(sheet):
        largest = 2
    tops = frozenset(_TOPS[letter] for letter in letters if letter in _TOPS)
    starts = [n for s in sheet.statements for name in _explicit_head(s) for script in _scripts_of_head(s) for n in _numbers(script)]
    if ahead & letters and not level & letters:
        return Steps(frozenset(letters), tops, min(starts, default=0), largest)
    steps = Steps(frozenset(letters), tops, 1, largest)
    return replace(steps, first=1 + min(_begun(sheet, steps), default=0))


def _beyond(sheet: Sheet) -> Iterator[tuple[int, int]]:
    r"""The statements that say that nothing comes from beyond the last step, `\delta_4 = 0` beside `\delta_{t+1}`, and that step, 3."""
    ahead = {
        n.base
        for s in sheet.statements
        for n in sx.walk(s.node)
        if isinstance(n, sx.Scripted) and any((_offset(piece) or ("", 0))[1] == 1 for piece in (*_pieces(n.sub), *_pieces(n.sup)))
    }
    for at, statement in enumerate(sheet.statements):
        match statement.node:
            case sx.Relation(sides=(sx.Scripted(base=base) as head, value), operators=("=" | ":=",)) if base in ahead:
                numbers = [n for script in _scripts(head) for n in _numbers(script)]
                if literal_rows(value) == ((Fraction(0),),) and len(numbers) == 1 and numbers[0] > 1:
                    yield at, numbers[0] - 1


def _entered(sheet: Sheet, steps: Steps) -> set[str]:
    """The names that have one of several letters of steps as their index, and never another, a number or a last step."""
    found: dict[str, set[tuple[str, int]]] = {}
    for statement in sheet.statements:
        for node in sx.walk(statement.node):
            base = _base(node) if isinstance(node, sx.Scripted) else None
            for piece in (*_pieces(node.sub), *_pieces(node.sup)) if isinstance(node, sx.Scripted) and base is not None else ():
                found.setdefault(base or "", set()).update([offset] if (offset := _offset(piece)) else [("", n) for n in _numbers(piece)])
    return {base for base, scripts in found.items() if len(scripts) == 1 and all(x in steps.letters and not by for x, by in scripts)}


def _offsets(node: Node) -> Iterator[tuple[str, int]]:
    r"""The letters of scripts, with what is added to them; not the i of `\sum_{i=1}^{n-1} (x_{i+1} - x_i)^2`, which counts its terms."""
    if isinstance(node, sx.BigOp):
        bound = bound_letter(node)
        yield from (offset for child in sx.children(node) for offset in _offsets(child) if offset[0] != bound)
        return
    if isinstance(node, sx.Scripted) and isinstance(node.base, sx.Name):
        pieces = (*_pieces(node.sub), *_pieces(node.sup))
        yield from (offset for piece in pieces if (offset := _offset(piece)) is not None)
    for child in sx.children(node):
        yield from _offsets(child)


def _is_of_two(sheet: Sheet) -> bool:
    """Whether a sheet calculates its steps in numbers, and comes to an end with the second."""
    numbers = [n for s in sheet.statements if isinstance(s.node, sx.Relation) for script in _scripts(s.node) for n in _numbers(script)]
    worked = [
        {n for script in _scripts_of_head(s) for n in _numbers(script)}
        for s in sheet.statements
        if isinstance(s.node, sx.Relation) and literal_rows(s.node.sides[-1]) is not None
    ]
    return max(numbers, default=0) == 2 and {1} in worked and {2} in worked


def _begun(sheet: Sheet, steps: Steps) -> Iterator[int]:
    """The steps that recurrences begin with: the 1 of `a^{(1)} = x`, where layer 1 is the input."""
    used = _used(sheet, steps)
    for statement in sheet.statements:
        base = _base(statement.node.sides[0]) if isinstance(statement.node, sx.Relation) else None
        if base in used and base in _reached(used, base) and _explicit_head(statement) and _is_start(statement):
            yield min(n for script in _scripts_of_head(statement) for n in _numbers(script))


def _ordered(sheet: Sheet) -> Iterator[tuple[str, str]]:
    """The letters of two steps of which one is said to be earlier, `k < t`; not of entries such as the k of `h_{t,k}`."""
    named = [n for s in sheet.statements for n in sx.walk(s.node) if isinstance(n, sx.Scripted) and isinstance(n.base, sx.Name)]
    below = [[offset[0] for piece in _pieces(n.sub) if (offset := _offset(piece)) is not None] for n in named]
    alone = {letters[0] for letters in below if len(letters) == 1} - {letter for letters in below if len(letters) > 1 for letter in letters}
    yield from (pair for s in sheet.statements if (pair := _order(s.node, frozenset(alone))) is not None)


def _of_one_step(sheet: Sheet) -> set[str]:
    """The letters of a step that is worked through by itself: `x_t = 1`, `h_{t-1} = 0.5` are its values."""
    found: set[str] = set()
    for statement in sheet.statements:
        node = statement.node
        value = node.sides[1] if isinstance(node, sx.Relation) and node.operators[0] == "=" else None
        if value is not None and literal_rows(value) not in (None, ((Fraction(0),),)):
            assert isinstance(node, sx.Relation)
            if isinstance(node.sides[0], sx.Derivative):
                continue  # `\partial z^l_j/\partial b^l_j = 1`
            found |= {offset[0] for script in _scripts(node.sides[0]) if (offset := _offset(script)) is not None}
    return found


def _heads(node: Node, whole: set[str]) -> Iterator[str]:
    r"""The h of `\sum_{h=1}^H Z_h W_h`: how many matrices there are, each a name of its own and none a part of a `whole`."""
    for found in sx.walk(node):
        letter = bound_letter(found) if isinstance(found, sx.BigOp) else None
        if letter is None or not isinstance(found, sx.BigOp) or not isinstance(found.above, sx.Name) or found.body is None:
            continue
        if _TOPS.get(letter) == found.above.base and any(_is_numbered(n, letter, whole) for n in sx.walk(found.body)):
            yield letter


def _is_numbered(node: Node, letter: str, whole: set[str]) -> bool:
    """A capital with nothing but this letter below it."""
    if not isinstance(node, sx.Scripted) or not isinstance(node.base, sx.Name) or node.sub is None:
        return False
    return node.base.base.isupper() and node.base.base not in whole and _offset(node.sub) == (letter, 0)


def _general(sheet: Sheet, letters: set[str]) -> set[str]:
    """The letters that the sheet does more with than look at one step: sums, a last step, a step by its number, the step after."""
    found: set[str] = set()
    counted = [n for s in sheet.statements for n in sx.walk(s.node) if isinstance(n, sx.Scripted) and isinstance(n.base, sx.Name)]
    # Below or above: the 2 of `h_t^2`, whose steps are counted below, is a power.
    places = [(n.base, is_above, p) for n in counted for is_above, script in enumerate((n.sub, n.sup)) for p in _pieces(script)]
    general = {(base, is_above) for base, is_above, p in places if _offset(p) in {(x, 0) for x in letters}}
    if any((base, is_above) in general and _numbers(p) for base, is_above, p in places):
        return letters
    for statement in sheet.statements:
        for node in sx.walk(statement.node):
            if isinstance(node, sx.BigOp):
                bound = bound_letter(node)
                found |= {bound} & letters if bound is not None else set()
                found |= letters if _like_a_step(node, frozenset(letters), frozenset(_TOPS[x] for x in letters if x in _TOPS)) else set()
        for script in _scripts(statement.node):
            offset = _offset(script)
            if offset is not None and offset[1] > 0:
                found |= {offset[0]} & letters
            if offset is not None:
                found |= {
                    letter for letter in letters if _TOPS.get(letter) == offset[0] and (letter != "t" or _inner(script) is not script)
                }
        if isinstance(statement.node, sx.Relation) and _explicit_head(statement):
            found |= letters
        tops = {_TOPS[letter]: letter for letter in letters if letter in _TOPS}
        for node in sx.walk(statement.node):
            if isinstance(node, sx.Scripted) and isinstance(node.sub, sx.Name) and node.sub.base in tops:
                found.add(tops[node.sub.base])
    return found


def _scripts_of_head(statement: Statement) -> list[Node]:
    return list(_scripts(statement.node.sides[0])) if isinstance(statement.node, sx.Relation) else []


def _scripts(node: Node) -> Iterator[Node]:
    """The scripts of names: subscripts, and superscripts that can be labels."""
    for found in sx.walk(node):
        if isinstance(found, sx.Scripted) and isinstance(found.base, sx.Name):
            yield from _pieces(found.sub)
            yield from _pieces(found.sup)


def _pieces(node: Node | None) -> list[Node]:
    if node is None:
        return []
    if isinstance(node, sx.Listing):
        return list(node.items)
    if isinstance(node, sx.Product) and not any(node.operators):
        return list(node.factors)
    return [node]


def _inner(node: Node) -> Node:
    if isinstance(node, sx.Group):
        return _inner(node.body)
    if isinstance(node, sx.List) and len(node.items) == 1:
        return _inner(node.items[0])
    return node


def _offset(script: Node) -> tuple[str, int] | None:
    """The letter of a script and what is added to it: `t`, `t-1`, `(l+1)`."""
    match _inner(script):
        case sx.Name(base=base, accents=()):
            return base, 0
        case sx.Sum(terms=(sx.Name(base=base), sx.Number(text=text)), signs=(_, sign)) if text.isdigit() and len(text) < 3:
            return base, -int(text) if sign == "-" else int(text)
    return None


def _numbers(script: Node) -> list[int]:
    match _inner(script):
        case sx.Number(text=text) if text.isdigit() and len(text) < 2:
            return [int(text)]
    return []


def _has_script(node: Node, letter: str) -> bool:
    return any(_offset(script) == (letter, 0) for script in _scripts(node))


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
    free = sorted({letter for s in group for letter in _free(s.node, steps.letters)})
    if not free:
        settled = [_settled(s.node, {}, steps) for s in group]
        yield from (replace(s, node=node) for s, node in zip(group, settled, strict=True) if node is not None)
        return
    made = False
    for values in _numbered(free, steps, order):
        nodes = [_settled(s.node, values, steps) for s in group]
        if len(group) == 1 and nodes[0] is None:
            nodes = [_name_alone(group[0].node, values, steps)]
        if any(node is None for node in nodes):
            continue
        instances = [replace(s, node=node) for s, node in zip(group, nodes, strict=True) if node is not None]
        head = _head(instances[0])
        if {head, _whole(instances[0])} & explicit and head not in _explicit_head(group[0]) and not _says_what_it_is(group[0].node):
            continue
        made = True
        yield from instances
    if not made:
        yield from group


def _name_alone(node: Node, values: dict[str, int], steps: Steps) -> Node | None:
    r"""`\delta_T = \partial L/\partial h_T` of `\delta_t = \partial L/\partial h_t = … \delta_{t+1}`, which leads beyond the last step."""
    match node:
        case sx.Relation(sides=(head, sx.Derivative() as meant, _, *_), operators=("=" | ":=" | "equiv" as sign, *_)):
            return _settled(replace(node, sides=(head, meant), operators=(sign,)), values, steps)
    return None


def _numbered(free: list[str], steps: Steps, order: tuple[str, str] | None) -> Iterator[dict[str, int]]:
    """The numbers that the free letters of a line stand for; of two letters it must be said which step is the earlier one."""
    numbers = range(steps.first, steps.last + 1)
    if len(free) == 1:
        yield from ({free[0]: number} for number in numbers)
    elif order is not None and sorted(order) == free:
        yield from ({order[0]: i, order[1]: j} for i in numbers for j in numbers if i < j)


def _order(node: Node, letters: frozenset[str]) -> tuple[str, str] | None:
    """The letters of the earlier and the later step, in `k < t`; None for anything else."""
    match node:
        case sx.Relation(sides=(sx.Name(base=one), sx.Name(base=other)), operators=("<" | "le" | ">" | "ge" as sign,)):
            if {one, other} <= letters:
                return (one, other) if sign in ("<", "le") else (other, one)
    return None


def _free(node: Node, letters: frozenset[str]) -> set[str]:
    """The letters of scripts that no sum or product binds."""
    if isinstance(node, sx.BigOp):
        bound = bound_letter(node)
        inside = _free(node.body, letters) if node.body is not None else set()
        limits = [_free_in_limits(limit, letters) for limit in (node.below, node.above) if limit is not None]
        return (inside | {x for limit in limits for x in limit}) - ({bound} if bound else set())
    if isinstance(node, sx.Scripted) and isinstance(node.base, sx.Name):
        offsets = [_offset(piece) for script in (node.sub, node.sup) for piece in _pieces(script)]
        return {o[0] for o in offsets if o is not None and o[0] in letters}
    return {letter for child in sx.children(node) for letter in _free(child, letters)}


def _free_in_limits(node: Node, letters: frozenset[str]) -> set[str]:
    side = node.sides[-1] if isinstance(node, sx.Relation) else node
    return {n.base for n in sx.walk(side) if isinstance(n, sx.Name) and n.base in letters} if side is not node else set()


def bound_letter(node: sx.BigOp) -> str | None:
    """The i of a sum over i."""
    below = node.below.sides[0] if isinstance(node.below, sx.Relation) else node.below
    return below.base if isinstance(below, sx.Name) else None


def _explicit_head(statement: Statement) -> list[str]:
    """The name that a statement defines for one step in particular: `a^{(0)} = x`."""
    if not isinstance(statement.node, sx.Relation) or len(statement.node.sides) < 2:
        return []
    numbered = any(_numbers(script) for script in _scripts(statement.node.sides[0]))
    name = plain_name(statement.node.sides[0])
    return [name] if numbered and name is not None else []


def _starts(sheet: Sheet, steps: Steps) -> set[str]:
    """The names that recurrences begin with: of several values that are given, the first; the others are claimed to follow.

    Of what has a formula that never comes back to it, as `e_t = y_t - d_t`, the first value is claimed to follow too.
    """
    first: dict[str, tuple[int, str]] = {}
    used = _used(sheet, steps)
    for statement in sheet.statements:
        base = _base(statement.node.sides[0]) if isinstance(statement.node, sx.Relation) else None
        if base in used and base not in _reached(used, base):
            continue
        for name in _explicit_head(statement) if _is_start(statement) else ():
            number = min(n for script in _scripts_of_head(statement) for n in _numbers(script))
            letter = re.sub(r"\d+", "", name)
            first[letter] = min(first.get(letter, (number, name)), (number, name))
    return {name for _, name in first.values()}


def _used(sheet: Sheet, steps: Steps) -> dict[str | None, set[str | None]]:
    """What the formula of a name for a general step is made of; names are without their scripts."""
    found: dict[str | None, set[str | None]] = {}
    for node in (s.node for s in sheet.statements if isinstance(s.node, sx.Relation)):
        if isinstance(node.sides[0], sx.Scripted) and _free(node.sides[0], steps.letters):
            stepped = [n for side in node.sides[1:] for n in sx.walk(side) if isinstance(n, sx.Scripted) and _free(n, steps.letters)]
            found.setdefault(_base(node.sides[0]), set()).update(map(_base, stepped))
    return found


def _reached(used: Mapping[str | None, set[str | None]], start: str | None) -> set[str | None]:
    """All that a name is made of, at whatever step."""
    found, waiting = set[str | None](), [start]
    while waiting:
        new = used.get(waiting.pop(), set()) - found
        found |= new
        waiting += new
    return found


def _says_what_it_is(node: Node) -> bool:
    r"""`\delta^{(l)} := \partial J/\partial z^{(l)}` for every l: a line of its own for the last one is a claim."""
    return isinstance(node, sx.Relation) and isinstance(node.sides[1], sx.Derivative)


def _tops(sheet: Sheet, steps: Steps) -> set[str]:
    """The names of the last step that have a line of their own: `A^{[L]} = σ(Z^{[L]})` beside `A^{[l]} = g(Z^{[l]})`."""
    found = set()
    heads = [(s.node.sides[0], s.node) for s in sheet.statements if isinstance(s.node, sx.Relation)]
    # Of `δ^{(l)} = ∂C/∂z^{(l)}` the line for δ^{(L)} is a claim, and no other definition.
    meant = {_base(head) for head, node in heads if _free(head, steps.letters) and any(isinstance(n, sx.Derivative) for n in sx.walk(node))}
    for statement in sheet.statements:
        node = statement.node
        if isinstance(node, sx.Relation) and isinstance(node.sides[0], (sx.Scripted, sx.Differential)):
            if _base(node.sides[0]) in meant:
                continue
            settled = _settled(node.sides[0], {}, steps)
            own, name = plain_name(node.sides[0]), None if settled is None else plain_name(settled)
            if name is not None and own != name and not _free(node.sides[0], steps.letters):
                found.add(name)
    return found


def _with_top_apart(statement: Statement, steps: Steps) -> Iterator[Statement]:
    r"""`a^{(L)} = z^{(L)}` before `\hat y = a^{(L)}` for `\hat y = a^{(L)} = z^{(L)}`: the last step has a line of its own."""
    match statement.node:
        case sx.Relation(sides=(name, sx.Scripted() as top, _), operators=("=", "=")) as node if plain_name(name) is not None:
            settled = _settled(top, {}, steps)
            is_top = settled is not None and plain_name(settled) not in (None, plain_name(top)) and not _free(top, steps.letters)
            if is_top and _settled(name, {}, steps) == name:
                yield replace(statement, node=replace(node, sides=node.sides[1:], operators=("=",)))
                yield replace(statement, node=replace(node, sides=node.sides[:2], operators=("=",)))
                return
    yield statement


def _base(node: Node) -> str | None:
    """A name without its scripts."""
    return plain_name(node.base) if isinstance(node, sx.Scripted) else plain_name(node)


def _is_start(statement: Statement) -> bool:
    """Whether a statement for one step gives what the recurrence begins with: another name, or a value."""
    node = statement.node
    return isinstance(node, sx.Relation) and not any(isinstance(n, (sx.Product, sx.Sum, sx.Call)) for n in sx.walk(node.sides[1]))


def _head(statement: Statement) -> str | None:
    return plain_name(statement.node.sides[0]) if isinstance(statement.node, sx.Relation) else None


def _whole(statement: Statement) -> str | None:
    r"""What the head is an entry of: the `a^{(1)}` of `a^{(1)}_j = …`."""
    head = statement.node.sides[0] if isinstance(statement.node, sx.Relation) else None
    is_entry = isinstance(head, sx.Scripted) and isinstance(head.base, sx.Name) and head.sup is not None and letters_of(head.sub)
    return plain_name(replace(head, sub=None)) if is_entry and isinstance(head, sx.Scripted) else None


class _OutOfRange(Exception):
    """A step before the first or after the last."""


def _settled(node: Node, values: Mapping[str, int], steps: Steps) -> Node | None:
    """The node with numbers for its letters; None where a step is out of range."""
    try:
        return _put(node, values, steps)
    except _OutOfRange:
        return None


def _put(node: Node, values: Mapping[str, int], steps: Steps) -> Node:
    if isinstance(node, sx.BigOp) and node.operator in ("sum", "prod") and node.body is not None:
        bound = bound_letter(node)
        if (
            bound is not None
            and (_free(node.body, steps.letters | {bound}) & {bound})
            and (bound in steps.letters or _like_a_step(node, steps.letters, steps.tops))
            and not _is_over_entries(node, bound, steps)
        ):
            return _terms(node, bound, values, steps)
    if isinstance(node, sx.List) and any(isinstance(item, sx.Dots) for item in node.items):
        node = _with_every_step(node, values, steps)
    if isinstance(node, sx.Scripted) and isinstance(node.base, sx.Name):
        sub = None if node.sub is None else _script(node.sub, values, steps, False)
        sup = None if node.sup is None else _script(node.sup, values, steps, True)
        return node if sub is node.sub and sup is node.sup else replace(node, sub=sub, sup=sup)
    if isinstance(node, sx.Name) and node.base in steps.counts and not node.accents:
        return sx.Number(node.span, str(steps.last))
    changed = {}
    for name in sx.field_names(type(node)):
        value = getattr(node, name)
        if isinstance(node, sx.Scripted) and name == "sup" and isinstance(value, sx.Name):
            continue  # the T of a transpose
        made = _inside(value, values, steps)
        if made is not value:
            changed[name] = made
    # The new values have the types of the old ones.
    return replace(node, **changed) if changed else node  # type: ignore[arg-type]


def _with_every_step(node: sx.List, values: Mapping[str, int], steps: Steps) -> sx.List:
    r"""`[h_1, \dots, h_T]` with all that the dots stand for, from the number before them to the step behind."""
    at = next(i for i, item in enumerate(node.items) if isinstance(item, sx.Dots))
    match node.items[:at], node.items[at + 1 :]:
        case (*some, sx.Scripted(base=base, sub=sx.Number(text=low)) as last), (sx.Scripted(base=other, sub=sx.Node() as high),):
            if plain_name(base) == plain_name(other) is not None and low.isdigit():
                numbers = range(int(low), _count(high, values, steps) + 1)
                return replace(node, items=(*some, *(replace(last, sub=sx.Number(last.span, str(k))) for k in numbers)))
    return node


def _inside(value: object, values: Mapping[str, int], steps: Steps) -> object:
    if isinstance(value, Node):
        return _put(value, values, steps)
    if isinstance(value, tuple):
        made = tuple(_inside(item, values, steps) for item in value)
        return value if all(a is b for a, b in zip(made, value, strict=True)) else made
    return value


def _like_a_step(node: sx.BigOp, letters: frozenset[str], tops: frozenset[str]) -> bool:
    r"""`\sum_{k=1}^{t}`, `\prod_{k=t+1}^{T}`: another letter for a step, seen from its limits."""
    limits = [n.base for limit in (node.below, node.above) if limit is not None for n in sx.walk(limit) if isinstance(n, sx.Name)]
    return any(base in letters | tops for base in limits)


def _is_over_entries(node: sx.BigOp, bound: str, steps: Steps) -> bool:
    """Whether a sum without limits runs over entries of what its letter counts no steps of."""
    counted = {_base(n) for n in sx.walk(node) if isinstance(n, sx.Scripted) and _has_script(n, bound) and isinstance(n.base, sx.Name)}
    return node.above is None and not isinstance(node.below, sx.Relation) and bool(counted) and counted <= steps.entered


def _terms(node: sx.BigOp, bound: str, values: Mapping[str, int], steps: Steps) -> Node:
    low = 1
    if isinstance(node.below, sx.Relation):
        low = _count(node.below.sides[-1], values, steps)
    high = steps.last if node.above is None else _count(node.above, values, steps)
    if node.below is not None and not isinstance(node.below, sx.Relation) and node.above is None:
        low = _first_in_range(node, bound, values, steps)
    if node.operator == "prod" and _counts_down(node, values, steps):
        low, high = high, low
    if high - low > max(_MOST_TERMS, steps.last):
        raise _OutOfRange
    if node.body is None or high < low:
        return sx.Number(node.span, "0" if node.operator == "sum" else "1")
    span = node.span
    terms = [_put(node.body, {**values, bound: value}, steps) for value in range(low, high + 1)]
    grouped = tuple(sx.Group(span, "(", ")", term) if isinstance(term, sx.Sum) else term for term in terms)
    if len(grouped) == 1:
        return grouped[0]
    if node.operator == "sum":
        return sx.Group(span, "(", ")", sx.Sum(span, grouped, ("",) + ("+",) * (len(grouped) - 1)))
    # The later step stands first, as in the product of a chain rule.
    return sx.Product(span, tuple(reversed(grouped)), ("cdot",) * (len(grouped) - 1))


def _counts_down(node: sx.BigOp, values: Mapping[str, int], steps: Steps) -> bool:
    r"""Whether a product begins at the later of two steps, whatever is added to them: `\prod_{j=t}^{k+1}` where k is before t."""
    limits = [node.below.sides[-1] if isinstance(node.below, sx.Relation) else node.below, node.above]
    starts = [limit.terms[0] if isinstance(limit, sx.Sum) else limit for limit in limits if limit is not None]
    if len(starts) < 2 or not any(isinstance(start, sx.Name) for start in starts):
        return False
    low, high = (_count(start, values, steps) for start in starts)
    return low > high


def _first_in_range(node: sx.BigOp, bound: str, values: Mapping[str, int], steps: Steps) -> int:
    assert node.body is not None
    for value in (0, 1, 2):
        if _settled(node.body, {**values, bound: value}, steps) is not None:
            return max(value, 1)
    return 1


def _count(node: Node, values: Mapping[str, int], steps: Steps) -> int:
    """The number of a limit: `1`, `T`, `t+1`."""
    match node:
        case sx.Number(text=text) if text.isdigit() and len(text) < 3:
            return int(text)
        case sx.Name(base=base) if base in values:
            return values[base]
        case sx.Name(base=base) if base in steps.tops:
            return steps.last
        case sx.Sum(terms=(first, second), signs=(_, sign)):
            by = _count(second, values, steps)
            return _count(first, values, steps) + (-by if sign == "-" else by)
    raise _OutOfRange


def _script(script: Node, values: Mapping[str, int], steps: Steps, above: bool) -> Node:
    """A script with numbers for its letters. A bare `T` above is a transpose, not the last step."""
    if isinstance(script, (sx.Listing, sx.Product)):
        pieces = _pieces(script)
        if len(pieces) > 1:
            made = tuple(_script(piece, values, steps, above) for piece in pieces)
            if isinstance(script, sx.Listing):
                return replace(script, items=made)
            return replace(script, factors=made)
    inner = _inner(script)
    offset = _offset(script)
    if offset is None:
        return _put(script, values, steps)  # the sizes of `\\mathbb{R}^{n_l \\times n_{l-1}}`
    letter, by = offset
    if letter in values:
        number = values[letter] + by
    elif letter in steps.tops and not (above and letter == "T" and inner is script and by == 0):
        number = steps.last + by
    else:
        return script
    if not 0 <= number <= steps.last:
        raise _OutOfRange
    # Above it would be a power: `z^l` is no `z^2`, but a name.
    is_label = above and script is inner
    return _exchanged(script, inner, (sx.Text if is_label else sx.Number)(inner.span, str(number)))


def _exchanged(script: Node, inner: Node, number: Node) -> Node:
    if script is inner:
        return number
    if isinstance(script, sx.Group):
        return replace(script, body=_exchanged(script.body, inner, number))
    assert isinstance(script, sx.List)
    return replace(script, items=(_exchanged(script.items[0], inner, number),))
