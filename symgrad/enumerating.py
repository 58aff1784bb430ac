r"""What is said for every i of names that there are one by one: `\frac{\partial z}{\partial w_i} = x_i` beside `w_1`, `w_2`, `w_3`.

The statement becomes one for each number, and a sum over i the sum of its terms. Where the sheet has the vector `w` itself, `w_i` is an
entry of it and nothing is written out.
"""

from __future__ import annotations

from collections.abc import Container, Iterator
from dataclasses import replace

from symgrad import syntax as sx
from symgrad.constant import is_numeric
from symgrad.literals import literal_rows
from symgrad.naming import letters_of, plain_name, superscript
from symgrad.origins import convolved
from symgrad.parts import heads
from symgrad.read.document import Sheet, Statement
from symgrad.readings.sums import of_all
from symgrad.step_letters import Steps, counting
from symgrad.step_scripts import bound_letter
from symgrad.syntax import Node
from symgrad.unrolling import instances

_MOST = 8
LETTERS = frozenset("ijkmnpq")
_OF_LAYERS = frozenset({"l", "\\ell"})  # where they count steps these are written out as recurrences are


def enumerated(sheet: Sheet) -> Sheet:
    """The sheet with its statements for every i written out where their names are numbered."""
    plain = _with_plain_letters(sheet)
    families = _families(plain)
    if not families:
        return sheet
    sheet = plain
    defined = {name for s in sheet.statements for name, formula in heads(s) if any(isinstance(n, sx.Name) for n in sx.walk(formula))}
    counted = [replace(s, node=sx.mapped(s.node, _counted)) for s in sheet.statements]
    letters = LETTERS | (_OF_LAYERS - counting(sheet))
    out = [made for s in counted for made in _each(s, families, defined, letters)]
    return replace(sheet, statements=out)


def _with_plain_letters(sheet: Sheet) -> Sheet:
    r"""The sheet with `\ell` as the index `l`, where it is nothing but an index, counts no steps, and there is no other l."""
    letters = [n for s in sheet.statements for n in sx.walk(s.node) if isinstance(n, sx.Name) and n.base in _OF_LAYERS]
    scripted = [n.sub for s in sheet.statements for n in sx.walk(s.node) if isinstance(n, sx.Scripted) and n.sub is not None]
    limits = [n.below for s in sheet.statements for n in sx.walk(s.node) if isinstance(n, sx.BigOp) and n.below is not None]
    below = {id(n) for place in (*scripted, *limits) for n in sx.walk(place)}
    if not letters or any(n.base != "\\ell" or id(n) not in below for n in letters) or counting(sheet):
        return sheet

    def written(node: Node) -> Node:
        return replace(node, base="l") if isinstance(node, sx.Name) and node.base == "\\ell" else node

    return replace(sheet, statements=[replace(s, node=sx.mapped(s.node, written)) for s in sheet.statements])


def _counted(node: Node) -> Node:
    """A sum under a condition as one over all, so that the condition is written out too."""
    return of_all(node) if isinstance(node, sx.BigOp) and node.operator == "sum" and node.body is not None else node


def _families(sheet: Sheet) -> dict[str, int]:
    """The letters that stand with the numbers 1 to n, never alone, and how many there are."""
    numbers: dict[str, set[int]] = {}
    alone: set[str] = set()
    for statement in sheet.statements:
        inside = {id(n.base) for n in sx.walk(statement.node) if isinstance(n, sx.Scripted)}
        for node in sx.walk(statement.node):
            if isinstance(node, sx.Name) and id(node) not in inside:
                alone.add(plain_name(node) or "")
            elif isinstance(node, sx.Scripted) and isinstance(node.sub, sx.Number) and node.sub.text.isdigit() and len(node.sub.text) < 2:
                numbers.setdefault(plain_name(node.base) or "", set()).add(int(node.sub.text))
    alone -= _valued_apart(sheet)
    alone |= convolved(statement.node for statement in sheet.statements)  # entries of what has a formula
    found = {base: max(held) for base, held in numbers.items() if base not in alone and held - {0} == set(range(1, max(held) + 1))}
    families = {base: count for base, count in found.items() if 1 < count <= _MOST}
    for statement in sheet.statements if families else ():  # `m_i = y_i w^T x_i` of numbered x_1, x_2, x_3: there are as many
        for base, letter in _named_by_letter(statement):
            others = [plain_name(n.base) or "" for n in _with(statement.node, letter) if plain_name(n.base) != base]
            counts = {families.get(other) for other in others}
            if base not in alone and base not in numbers and len(counts) == 1 and None not in counts:
                families[base] = next(iter(counts)) or 0
        for base, letter in _named_by_letter(statement):  # and of the `V_1`, `V_2` of `V_\\ell = M_\\ell \\odot W_\\ell` as many M and W
            with_it = [n for n in _with(statement.node, letter) if letters_of(n.sub) == (letter,)] if letter in _OF_LAYERS else []
            if base in families and base not in alone:
                families |= {name: families[base] for n in with_it if (name := plain_name(n.base) or "") not in alone}
    return {base: count for base, count in families.items() if base not in _of_others(sheet, families, alone)}


def _valued_apart(sheet: Sheet) -> set[str]:
    """The δ that is one number beside `\\delta_1` and `\\delta_2`, which are numbers too: a name of its own, and no vector of them."""
    values = [
        (name, literal_rows(node.sides[-1])) for s in sheet.statements for name, _ in heads(s) if isinstance(node := s.node, sx.Relation)
    ]
    numbers = {name for name, rows in values if rows is not None and len(rows) == len(rows[0]) == 1}
    return {name for name in numbers if {f"{name}_1", f"{name}_2"} <= numbers}


def _of_others(sheet: Sheet, families: Container[str], whole: Container[str]) -> set[str]:
    r"""The numbered names with one formula for all, `\ell_i = \sum_j s_{ij}`, in which others stand that are not numbered; and what stands
    in the formula for an entry of a vector, as the `x_i` of `u_i = (x_i - \mu) s` beside `u = (1, -1)`.
    """
    found: set[str] = set()
    for statement in sheet.statements:
        for base, letter in _named_by_letter(statement):
            with_it = _with(statement.node, letter)
            found |= {base for n in with_it if plain_name(n.base) not in families or letters_of(n.sub) != (letter,)}
            found |= {plain_name(n.base) or "" for n in with_it} if base in whole else set()
            # `L_i = \\sum_j f(s_j)` of one s for each i, whose index is not written: as many L, and of none is it this s.
            formulas = [formula for _, formula in heads(statement) if not is_numeric(formula)]
            is_hidden = letter in LETTERS and formulas and all(plain_name(n.base) == base for n in with_it)
            found |= {base} if is_hidden else set()
    return found


def _named_by_letter(statement: Statement) -> Iterator[tuple[str, str]]:
    """The ℓ and the i of `ell_i = …`."""
    for name, _ in heads(statement):
        head = statement.node.sides[0] if isinstance(statement.node, sx.Relation) else statement.node
        letters = letters_of(head.sub) if isinstance(head, sx.Scripted) else None
        if isinstance(head, sx.Scripted) and letters is not None and len(letters) == 1 and superscript(head.sup).label == "":
            yield plain_name(head.base) or name, letters[0]


def _with(node: Node, letter: str) -> list[sx.Scripted]:
    """The names that stand with a letter below."""
    return [n for n in sx.walk(node) if isinstance(n, sx.Scripted) and letter in (letters_of(n.sub) or ())]


def _each(statement: Statement, families: dict[str, int], defined: set[str], counted: frozenset[str]) -> Iterator[Statement]:
    letters = {letter for n in sx.walk(statement.node) if isinstance(n, sx.Scripted) for letter in letters_of(n.sub) or ()}
    for letter in sorted(letters & counted):
        with_it = _with(statement.node, letter)
        counts = {families.get(plain_name(n.base) or "") for n in with_it if letters_of(n.sub) == (letter,)}
        if len(counts) != 1 or None in counts or any(letters_of(n.sub) != (letter,) for n in with_it):
            continue
        count = next(iter(counts)) or 0
        made = [s for s in instances([statement], _steps(statement.node, letter, count)) if s is not statement]
        if made and not any(superscript(n.sup).label and superscript(n.sup).power is None for n in with_it):
            # What is said to be a gradient is one, and its formula a claim.
            named = [(s, {name for name, side in heads(s) if not isinstance(side, sx.Derivative)}) for s in made]
            yield from [s for s, names in named if not names & defined or len(made) == 1] or [statement]
            return
    yield statement


def _steps(node: Node, letter: str, count: int) -> Steps:
    limits = [n.above for n in sx.walk(node) if isinstance(n, sx.BigOp) and bound_letter(n) == letter]
    return Steps(frozenset({letter}), frozenset(x.base for x in limits if isinstance(x, sx.Name)), 1, count)
