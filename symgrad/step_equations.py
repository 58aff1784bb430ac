"""The equations of a recurrence, for every number of steps: where names stand in t, what equations have in common, which waits for which.

    equation ::= name = form [t = first, …, last]          over h_{t-1}, x_{t}, h_{T}, h_0 and sums over t, as in `recurrence`

What several equations have in common, moved along in t or not, becomes a family of its own, and so does what a loop does not have to
wait for.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from symgrad import names
from symgrad.families import LETTER, End
from symgrad.form import Form, rewrite_bottom_up, symbol, symbols, walk
from symgrad.lifting import LENGTH, end_at, moved_end
from symgrad.numpycode import is_cheap
from symgrad.sharing import replaced

_LONG = 50
"""A number of steps at which ends are put in order: every equation is for all T from a few on."""


@dataclass(frozen=True)
class Equation:
    """One line: for every t from `first` to `last`, or for one place or none where both are None."""

    name: str
    form: Form
    first: End | None = None
    last: End | None = None


@dataclass(frozen=True)
class Place:
    """Where a name stands in its family: `h_{t-1}` is the stem h at t − 1, `h_{T}` at T, `h_0` at 0."""

    stem: str
    letter: str
    offset: int

    @property
    def end(self) -> End:
        """The place of a name without t."""
        return moved_end(LENGTH, self.offset) if self.letter == LENGTH else self.offset

    @property
    def name(self) -> str:
        return names.at_step(self.stem, _counted(self.letter, self.offset))


def _counted(letter: str, offset: int) -> str:
    return str(offset) if not letter else letter if not offset else f"{letter}{offset:+d}"


def place_of(name: str) -> Place | None:
    """The place that a name says it has; None for one without a number.

    >>> place_of("h_{t-1}"), place_of("W")
    (Place(stem='h_{}', letter='t', offset=-1), None)
    """
    for letter in (LETTER, LENGTH):
        found = names.counted_from(name, letter)
        if found is not None:
            return Place(found[0], letter, found[1])
    number = names.step_index(name)
    return None if number is None else Place(number[0], "", number[1])


def _lettered(form: Form, letter: str, by: int) -> Form:
    """The form in t, for one whose names are counted from a letter, moved along."""

    def change(f: Form) -> Form:
        at = place_of(f.name) if f.op == "symbol" else None
        return symbol(Place(at.stem, LETTER, at.offset + by).name, f.shape) if at is not None and at.letter == letter else f

    return rewrite_bottom_up(form, change)


def order_of(end: End) -> int:
    """Where a place comes among others, for a number of steps that is large."""
    return end_at(end, _LONG)


def lower(*ends: End) -> End:
    """The earliest of some places."""
    return min(ends, key=order_of)


def upper(*ends: End) -> End:
    """The latest of some places."""
    return max(ends, key=order_of)


def place_number(end: End, stem: str = "") -> Place:
    """The place that an end of a range is, of this stem."""
    return Place(stem, LENGTH, int(end[len(LENGTH) :] or 0)) if isinstance(end, str) else Place(stem, "", end)


def range_of(equation: Equation) -> tuple[End, End]:
    """The first and the last place that an equation is for."""
    if equation.first is not None and equation.last is not None:
        return lower(equation.first, equation.last), upper(equation.first, equation.last)
    at = place_of(equation.name)
    assert at is not None
    return at.end, at.end


def form_at(form: Form, end: End | None) -> Form:
    """A form in t at one place, if there is one."""
    if end is None:
        return form
    there = place_number(end)

    def change(f: Form) -> Form:
        at = place_of(f.name) if f.op == "symbol" else None
        return symbol(replace(there, stem=at.stem, offset=at.offset + there.offset).name, f.shape) if at and at.letter == LETTER else f

    return rewrite_bottom_up(form, change)


def numbered_places(form: Form) -> list[Place]:
    """The places that the names in a form have."""
    return [at for s in symbols(form) if (at := place_of(s.name)) is not None]


# ── what equations have in common ────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Use:
    """Where an expression stands in an equation: `key` with t moved along, from `first` to `last`; without a letter it is one for all t."""

    equation: int
    form: Form
    key: Form
    letter: str = ""
    offset: int = 0
    first: End = 0
    last: End = 0


class Program:
    """The equations, and every name in them that stands for one step of a family."""

    def __init__(self, equations: Sequence[Equation], families: Iterable[str]) -> None:
        self.equations = list(equations)
        self.families = set(families)
        self._made = 0

    def uses(self) -> dict[Form, list[Use]]:
        """Every costly expression, with where it stands."""
        found: dict[Form, list[Use]] = {}
        for i, equation in enumerate(self.equations):
            for form, ends in self._sites(equation):
                use = None if is_cheap(form) else self._use(i, form, ends)
                if use is not None:
                    found.setdefault(use.key, []).append(use)
        return found

    def _use(self, equation: int, form: Form, ends: tuple[End, End] | None) -> Use | None:
        places = [at for at in numbered_places(form) if at.stem in self.families]
        letters = {at.letter for at in places}
        if letters <= {""}:
            return Use(equation, form, form)
        if len(letters) > 1 or (letters == {LETTER} and ends is None):
            return None
        (letter,) = letters
        first, last = ends if letter == LETTER and ends is not None else (LENGTH, LENGTH)
        offset = max(at.offset for at in places)
        key = _lettered(form, letter, -offset)
        return Use(equation, form, key, letter, offset, moved_end(first, offset), moved_end(last, offset))

    def _sites(self, equation: Equation) -> Iterable[tuple[Form, tuple[End, End] | None]]:
        """Every expression in an equation, with the values of t that it is for, if it is in t."""
        spanned = equation.first is not None and equation.last is not None
        own = range_of(equation) if spanned else None
        inside: set[Form] = set()
        for series in [f for f in walk(equation.form) if f.op == "series"]:
            _, first, last = series.params
            for f in walk(series.args[0]):
                inside.add(f)
                yield f, (first, last)
        for f in walk(equation.form):
            if f not in inside and not any(g.op == "series" for g in walk(f)):
                yield f, own

    def name(self, uses: Sequence[Use]) -> None:
        """A name of its own for an expression, or where it is in t a family."""
        self._made += 1
        temporary, key = names.temporary(self._made), uses[0].key
        stem = f"{temporary}_{{}}"
        first, last = lower(*(use.first for use in uses)), upper(*(use.last for use in uses))
        everywhere = uses[0].letter and order_of(first) < order_of(last)
        for use in uses:
            equation = self.equations[use.equation]
            to = symbol(Place(stem, use.letter, use.offset).name if everywhere else temporary, key.shape)
            self.equations[use.equation] = replace(equation, form=replaced(equation.form, {use.form: to}))
        made = Equation(temporary, form_at(key, first))
        if everywhere:
            self.families.add(stem)
            made = Equation(Place(stem, LETTER, 0).name, key, first, last)
        self.equations.insert(min(use.equation for use in uses), made)

    def share(self) -> None:
        """What occurs twice, for the same t or for another, is computed once; the largest first."""
        while True:
            twice = [uses for uses in self.uses().values() if len(uses) > 1 and _can_be_named(uses)]
            if not twice:
                return
            self.name(max(twice, key=lambda uses: _extent(uses[0].key)))


def _can_be_named(uses: Sequence[Use]) -> bool:
    """A family begins at a number, or is at one place only."""
    first, last = lower(*(use.first for use in uses)), upper(*(use.last for use in uses))
    return isinstance(first, int) or first == last


def _extent(form: Form) -> int:
    return sum(1 for _ in walk(form))


# ── which waits for which ────────────────────────────────────────────────────────────────────────────────────────────


def group_of(name: str, families: Iterable[str]) -> str:
    """The family that a name is a member of, or the name itself."""
    at = place_of(name)
    return at.stem if at is not None and at.stem in families else name


def components(program: Program) -> list[list[Equation]]:
    """The equations in the order of work, those that wait for each other together."""
    of: dict[str, list[Equation]] = {}
    for equation in program.equations:
        of.setdefault(group_of(equation.name, program.families), []).append(equation)
    needs = {
        group: {g for e in own for s in symbols(e.form) if (g := group_of(s.name, program.families)) in of} for group, own in of.items()
    }
    reach = {group: set(own) for group, own in needs.items()}
    for middle in reach:
        for group in reach:
            if middle in reach[group]:
                reach[group] |= reach[middle]
    done: set[str] = set()
    out: list[list[Equation]] = []

    def visit(group: str) -> None:
        if group in done:
            return
        together = {group} | {g for g in reach[group] if group in reach[g]}
        done.update(together)
        for member in [g for g in of if g in together]:
            for other in [g for g in of if g in needs[member] - together]:
                visit(other)
        out.append([e for g in of if g in together for e in of[g]])

    for group in of:
        visit(group)
    return out


def waits(equations: Sequence[Equation], program: Program) -> bool:
    """Whether a component is a recurrence, not one array from others."""
    own = {group_of(e.name, program.families) for e in equations}
    return any(group_of(s.name, program.families) in own for e in equations for s in symbols(e.form))


def lift_out(program: Program) -> None:
    """What a loop does not have to wait for is computed for every t before it."""
    while True:
        found = next((uses for part in components(program) if waits(part, program) for uses in _free(part, program)), None)
        if found is None:
            return
        program.name(found)


def _free(part: Sequence[Equation], program: Program) -> Iterable[list[Use]]:
    own = {group_of(e.name, program.families) for e in part}
    members = {i for i, e in enumerate(program.equations) if e in part}

    def waiting(form: Form) -> bool:
        return any(group_of(s.name, program.families) in own for s in symbols(form))

    by_key = program.uses()
    largest = sorted(by_key.values(), key=lambda uses: -_extent(uses[0].key))
    for uses in largest:
        here = [use for use in uses if use.equation in members and not waiting(use.form)]
        if here and _can_be_named(here) and any(program.equations[use.equation].form is not use.form for use in here):
            yield here
