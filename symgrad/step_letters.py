"""Which letters count the steps of a sheet's recurrences, those of the last step, and the numbers of the first and the last.

A letter counts steps where a formula speaks of it and of its neighbour (`h_t` and `h_{t-1}`, `a^{(l)}` and `a^{(l+1)}`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction

from symgrad import syntax as sx
from symgrad.constant import constant_of
from symgrad.literals import literal_rows
from symgrad.members import alone
from symgrad.naming import plain_name
from symgrad.origins import added_letters
from symgrad.read.document import Sheet, Statement
from symgrad.step_scripts import (
    bound_letter,
    explicit_head,
    free_letters,
    has_script,
    inner_script,
    numbers_in,
    offset_of,
    order_of_letters,
    script_pieces,
    scripts_in,
    scripts_of_head,
    without_scripts,
)
from symgrad.syntax import Node

_STEPS = 3
_TOPS = {"t": "T", "\\tau": "T", "l": "L", "\\ell": "L", "k": "K", "n": "N", "i": "N", "s": "S", "j": "J", "h": "H"}


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
    raised: frozenset[str] = frozenset()
    """Numbers that are raised to the step: the `\\beta_1` of `1 - \\beta_1^t`."""


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
    pieces = [(n.base, piece) for n in named for piece in (*script_pieces(n.sub), *script_pieces(n.sup))]
    stepped = {base for base, piece in pieces if (offset_of(piece) or ("", 0))[0] == letter}
    numbered = {number for base, piece in pieces if base in stepped for number in numbers_in(piece)}
    if max(numbered, default=0) > 1:
        return None
    return Counted(letter, _TOPS[letter], frozenset(base.base for base in stepped if isinstance(base, sx.Name)))


def counting(sheet: Sheet) -> frozenset[str]:
    """The letters that count the steps of its recurrences."""
    steps = steps_of(sheet)
    return frozenset() if steps is None else steps.letters


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
        largest = max([largest, beyond.get(at, 0), *(n for s in scripts_in(node) for n in numbers_in(s) if at not in beyond)])
        learns = any(_is_of_a_name(n) for side in node.sides[1:] for n in sx.walk(side))
        if not learns:
            letters |= shifted & (plain | shifted) & _TOPS.keys()
            of_head = [offset_of(script) or ("", 0) for script in scripts_in(node.sides[0])]
            ahead |= {letter for letter, by in of_head if by == 1}
            level |= {letter for letter, by in of_head if by == 0 and letter in shifted}
        head = plain_name(node.sides[0])
        if head is not None:
            letters |= {letter for letter in plain if letter in ("t", "\\tau") and has_script(node.sides[0], letter)}
    whole = {name for s in sheet.statements for name in alone(s.node, frozenset())}
    letters |= {letter for s in sheet.statements for letter in _heads(s.node, whole)}
    letters |= {earlier for earlier, later in _ordered(sheet) if later in letters}  # the other one may be the last: `t < n`
    letters &= _general(sheet, letters) - _of_one_step(sheet) - added_letters(s.node for s in sheet.statements)
    if not letters or largest > 6:
        return None
    if largest == _STEPS and _is_of_two(sheet):
        largest = 2
    tops = frozenset(_TOPS[letter] for letter in letters if letter in _TOPS)
    starts = [n for s in sheet.statements for name in explicit_head(s) for script in scripts_of_head(s) for n in numbers_in(script)]
    if ahead & letters and not level & letters:
        return Steps(frozenset(letters), tops, min(starts, default=0), largest)
    steps = Steps(frozenset(letters), tops, 1, largest)
    return replace(steps, first=1 + min(_begun(sheet, steps), default=0))


def _is_of_a_name(node: Node) -> bool:
    """Whether it is the slope of a quantity, and not of a formula that says what it is at each step."""
    return isinstance(node, sx.Differential) or (isinstance(node, sx.Derivative) and (node.of is None or plain_name(node.of) is not None))


def _beyond(sheet: Sheet) -> Iterator[tuple[int, int]]:
    r"""The statements that say that nothing comes from beyond the last step, `\delta_4 = 0` beside `\delta_{t+1}`, and that step, 3."""
    ahead = {
        n.base
        for s in sheet.statements
        for n in sx.walk(s.node)
        if isinstance(n, sx.Scripted)
        and any((offset_of(piece) or ("", 0))[1] == 1 for piece in (*script_pieces(n.sub), *script_pieces(n.sup)))
    }
    for at, statement in enumerate(sheet.statements):
        match statement.node:
            case sx.Relation(sides=(sx.Scripted(base=base) as head, value), operators=("=" | ":=",)) if base in ahead:
                numbers = [n for script in scripts_in(head) for n in numbers_in(script)]
                if literal_rows(value) == ((Fraction(0),),) and len(numbers) == 1 and numbers[0] > 1:
                    yield at, numbers[0] - 1


def raised_to(sheet: Sheet, letters: frozenset[str]) -> frozenset[str]:
    r"""The numbers that are raised to the step: the `\beta` of `\beta^t` where it is given as 0.9 or stands in `1 - \beta^t`.

    No z of `z^t`, which is another at each step; that has a line of its own, or a script of another kind somewhere.
    """
    nodes = [n for s in sheet.statements for n in sx.walk(s.node)]
    raised = [(n, _without_power(n)) for n in nodes if isinstance(n, sx.Scripted) and isinstance(n.base, sx.Name) and n.sup is not None]
    relations = [s.node for s in sheet.statements if isinstance(s.node, sx.Relation)]
    heads = [node.sides[0] for node in relations]
    labelled = {
        name
        for n, name in raised
        if n in heads or not (isinstance(n.sup, (sx.Name, sx.Sum)) and (offset_of(n.sup) or ("", 0))[0] in letters)
    }
    given = {plain_name(node.sides[0]) for node in relations if constant_of(node.sides[-1]) is not None}
    from_one = {id(term) for n in nodes if isinstance(n, sx.Sum) and constant_of(n.terms[0]) == 1 for term in n.terms[1:]}
    return frozenset(name for n, name in raised if name and name not in labelled and (name in given or id(n) in from_one))


def _without_power(node: sx.Scripted) -> str | None:
    return plain_name(node.base if node.sub is None else replace(node, sup=None))


def entered_by(sheet: Sheet, steps: Steps) -> set[str]:
    """The names that have one of several letters of steps as their index, and never another, a number or a last step."""
    found: dict[str, set[tuple[str, int]]] = {}
    for statement in sheet.statements:
        for node in sx.walk(statement.node):
            base = without_scripts(node) if isinstance(node, sx.Scripted) else None
            for piece in (*script_pieces(node.sub), *script_pieces(node.sup)) if isinstance(node, sx.Scripted) and base is not None else ():
                found.setdefault(base or "", set()).update(
                    [offset] if (offset := offset_of(piece)) else [("", n) for n in numbers_in(piece)]
                )
    return {base for base, scripts in found.items() if len(scripts) == 1 and all(x in steps.letters and not by for x, by in scripts)}


def _offsets(node: Node) -> Iterator[tuple[str, int]]:
    r"""The letters of scripts, with what is added to them; not the i of `\sum_{i=1}^{n-1} (x_{i+1} - x_i)^2`, which counts its terms."""
    if isinstance(node, sx.BigOp):
        bound = bound_letter(node)
        yield from (offset for child in sx.children(node) for offset in _offsets(child) if offset[0] != bound)
        return
    if isinstance(node, sx.Scripted) and isinstance(node.base, sx.Name):
        pieces = (*script_pieces(node.sub), *script_pieces(node.sup))
        yield from (offset for piece in pieces if (offset := offset_of(piece)) is not None)
    for child in sx.children(node):
        yield from _offsets(child)


def _is_of_two(sheet: Sheet) -> bool:
    """Whether a sheet calculates its steps in numbers, and comes to an end with the second."""
    numbers = [n for s in sheet.statements if isinstance(s.node, sx.Relation) for script in scripts_in(s.node) for n in numbers_in(script)]
    worked = [
        {n for script in scripts_of_head(s) for n in numbers_in(script)}
        for s in sheet.statements
        if isinstance(s.node, sx.Relation) and literal_rows(s.node.sides[-1]) is not None
    ]
    return max(numbers, default=0) == 2 and {1} in worked and {2} in worked


def _begun(sheet: Sheet, steps: Steps) -> Iterator[int]:
    """The steps that recurrences begin with: the 1 of `a^{(1)} = x`, where layer 1 is the input."""
    used = used_names(sheet, steps)
    for statement in sheet.statements:
        base = without_scripts(statement.node.sides[0]) if isinstance(statement.node, sx.Relation) else None
        if base in used and base in reached(used, base) and explicit_head(statement) and is_start(statement):
            yield min(n for script in scripts_of_head(statement) for n in numbers_in(script))


def _ordered(sheet: Sheet) -> Iterator[tuple[str, str]]:
    """The letters of two steps of which one is said to be earlier, `k < t`; not of entries such as the k of `h_{t,k}`."""
    named = [n for s in sheet.statements for n in sx.walk(s.node) if isinstance(n, sx.Scripted) and isinstance(n.base, sx.Name)]
    below = [[offset[0] for piece in script_pieces(n.sub) if (offset := offset_of(piece)) is not None] for n in named]
    alone = {letters[0] for letters in below if len(letters) == 1} - {letter for letters in below if len(letters) > 1 for letter in letters}
    yield from (pair for s in sheet.statements if (pair := order_of_letters(s.node, frozenset(alone))) is not None)


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
            found |= {offset[0] for script in scripts_in(node.sides[0]) if (offset := offset_of(script)) is not None}
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
    return node.base.base.isupper() and node.base.base not in whole and offset_of(node.sub) == (letter, 0)


def _general(sheet: Sheet, letters: set[str]) -> set[str]:
    """The letters that the sheet does more with than look at one step: sums, a last step, a step by its number, the step after."""
    found: set[str] = set()
    counted = [n for s in sheet.statements for n in sx.walk(s.node) if isinstance(n, sx.Scripted) and isinstance(n.base, sx.Name)]
    # Below or above: the 2 of `h_t^2`, whose steps are counted below, is a power.
    places = [(n.base, is_above, p) for n in counted for is_above, script in enumerate((n.sub, n.sup)) for p in script_pieces(script)]
    general = {(base, is_above) for base, is_above, p in places if offset_of(p) in {(x, 0) for x in letters}}
    if any((base, is_above) in general and numbers_in(p) for base, is_above, p in places):
        return letters
    for statement in sheet.statements:
        for node in sx.walk(statement.node):
            if isinstance(node, sx.BigOp):
                bound = bound_letter(node)
                found |= {bound} & letters if bound is not None else set()
                found |= letters if is_like_a_step(node, frozenset(letters), frozenset(_TOPS[x] for x in letters if x in _TOPS)) else set()
        for script in scripts_in(statement.node):
            offset = offset_of(script)
            if offset is not None and offset[1] > 0:
                found |= {offset[0]} & letters
            if offset is not None:
                found |= {
                    letter for letter in letters if _TOPS.get(letter) == offset[0] and (letter != "t" or inner_script(script) is not script)
                }
        if isinstance(statement.node, sx.Relation) and explicit_head(statement):
            found |= letters
        tops = {_TOPS[letter]: letter for letter in letters if letter in _TOPS}
        for node in sx.walk(statement.node):
            if isinstance(node, sx.Scripted) and isinstance(node.sub, sx.Name) and node.sub.base in tops:
                found.add(tops[node.sub.base])
    return found


def used_names(sheet: Sheet, steps: Steps) -> dict[str | None, set[str | None]]:
    """What the formula of a name for a general step is made of; names are without their scripts."""
    found: dict[str | None, set[str | None]] = {}
    for node in (s.node for s in sheet.statements if isinstance(s.node, sx.Relation)):
        if isinstance(node.sides[0], sx.Scripted) and free_letters(node.sides[0], steps.letters):
            stepped = [n for side in node.sides[1:] for n in sx.walk(side) if isinstance(n, sx.Scripted) and free_letters(n, steps.letters)]
            found.setdefault(without_scripts(node.sides[0]), set()).update(map(without_scripts, stepped))
    return found


def reached(used: Mapping[str | None, set[str | None]], start: str | None) -> set[str | None]:
    """All that a name is made of, at whatever step."""
    found, waiting = set[str | None](), [start]
    while waiting:
        new = used.get(waiting.pop(), set()) - found
        found |= new
        waiting += new
    return found


def is_start(statement: Statement) -> bool:
    """Whether a statement for one step gives what the recurrence begins with: another name, or a value."""
    node = statement.node
    return isinstance(node, sx.Relation) and not any(isinstance(n, (sx.Product, sx.Sum, sx.Call)) for n in sx.walk(node.sides[1]))


def is_like_a_step(node: sx.BigOp, letters: frozenset[str], tops: frozenset[str]) -> bool:
    r"""`\sum_{k=1}^{t}`, `\prod_{k=t+1}^{T}`: another letter for a step, seen from its limits."""
    limits = [n.base for limit in (node.below, node.above) if limit is not None for n in sx.walk(limit) if isinstance(n, sx.Name)]
    return any(base in letters | tops for base in limits)
