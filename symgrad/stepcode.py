"""A recurrence as NumPy for every number of steps: a loop where a step needs the one before it, one product over all of them elsewhere.

    equation ::= name = form [t = first, …, last]          over h_{t-1}, x_{t}, h_{T}, h_0 and sums over t, as in `recurrence`

The equations that differ in their number only are a *family*: one array with t along its first axis. What several equations have in
common, moved along in t or not, becomes a family of its own, and so does what a loop does not have to wait for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain, pairwise
from types import MappingProxyType

from symgrad import names
from symgrad.dims import Dim, Shape
from symgrad.errors import Unsupported
from symgrad.families import LETTER, End, Span
from symgrad.form import Form, apply, rewrite_bottom_up, symbol, symbols, walk
from symgrad.lifting import LENGTH, end_at, moved_end
from symgrad.numpycode import NumPyWriter, Sizes, is_cheap
from symgrad.numpyforms import native
from symgrad.sharing import replaced
from symgrad.vectorised import NotVectorisedError, Vectorising

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


def _order(end: End) -> int:
    return end_at(end, _LONG)


def _lower(*ends: End) -> End:
    return min(ends, key=_order)


def _upper(*ends: End) -> End:
    return max(ends, key=_order)


def _numbered(form: Form) -> list[Place]:
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
        places = [at for at in _numbered(form) if at.stem in self.families]
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
        own = _range(equation) if spanned else None
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
        first, last = _lower(*(use.first for use in uses)), _upper(*(use.last for use in uses))
        everywhere = uses[0].letter and _order(first) < _order(last)
        for use in uses:
            equation = self.equations[use.equation]
            to = symbol(Place(stem, use.letter, use.offset).name if everywhere else temporary, key.shape)
            self.equations[use.equation] = replace(equation, form=replaced(equation.form, {use.form: to}))
        made = Equation(temporary, _at(key, first))
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
    first, last = _lower(*(use.first for use in uses)), _upper(*(use.last for use in uses))
    return isinstance(first, int) or first == last


def _extent(form: Form) -> int:
    return sum(1 for _ in walk(form))


# ── which waits for which ────────────────────────────────────────────────────────────────────────────────────────────


def _group(name: str, families: Iterable[str]) -> str:
    at = place_of(name)
    return at.stem if at is not None and at.stem in families else name


def components(program: Program) -> list[list[Equation]]:
    """The equations in the order of work, those that wait for each other together."""
    of: dict[str, list[Equation]] = {}
    for equation in program.equations:
        of.setdefault(_group(equation.name, program.families), []).append(equation)
    needs = {group: {g for e in own for s in symbols(e.form) if (g := _group(s.name, program.families)) in of} for group, own in of.items()}
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
    own = {_group(e.name, program.families) for e in equations}
    return any(_group(s.name, program.families) in own for e in equations for s in symbols(e.form))


def lift_out(program: Program) -> None:
    """What a loop does not have to wait for is computed for every t before it."""
    while True:
        found = next((uses for part in components(program) if waits(part, program) for uses in _free(part, program)), None)
        if found is None:
            return
        program.name(found)


def _free(part: Sequence[Equation], program: Program) -> Iterable[list[Use]]:
    own = {_group(e.name, program.families) for e in part}
    members = {i for i, e in enumerate(program.equations) if e in part}

    def waiting(form: Form) -> bool:
        return any(_group(s.name, program.families) in own for s in symbols(form))

    by_key = program.uses()
    largest = sorted(by_key.values(), key=lambda uses: -_extent(uses[0].key))
    for uses in largest:
        here = [use for use in uses if use.equation in members and not waiting(use.form)]
        if here and _can_be_named(here) and any(program.equations[use.equation].form is not use.form for use in here):
            yield here


# ── as source ────────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Family:
    """One array over t, from the place `first` to the place `last`, with the shape of one step."""

    first: int
    last: End
    shape: Shape

    def index(self, place: Place) -> Place:
        """The place, counted from the first that there is."""
        return replace(place, offset=place.offset - self.first)

    @property
    def length(self) -> Dim:
        return _dim(self.last) - self.first + 1


def _dim(end: End) -> Dim:
    at = _place(end)
    return Dim.of(at.letter) + at.offset if at.letter else Dim.of(at.offset)


class Writing:
    """The body of the function, line by line; `letters` are what t and T are called in it."""

    def __init__(
        self,
        program: Program,
        inputs: Mapping[str, Shape],
        families: Mapping[str, Family],
        given: Mapping[str, Sequence[str]],  # the inputs over t, with their steps where these are the arguments
        letters: Sequence[str],
        keep: Iterable[str],
        least: int,
    ) -> None:
        self.keep = set(keep)
        self.program, self.families, self.inputs, self.lines = program, families, inputs, list[str]()
        plain = [e.name for e in program.equations if _group(e.name, program.families) == e.name]
        self.identifiers = names.identifiers(list(dict.fromkeys([*letters, *inputs, *given, *chain(*given.values()), *families, *plain])))
        self.letters = dict(zip((LETTER, LENGTH), (self.identifiers[letter] for letter in letters), strict=True))
        steps = {stem: families[stem].shape for stem in given}
        spelled = self.identifiers | {stem: f"{self.identifiers[stem]}[0]" for stem in steps}
        self.size = Sizes({**inputs, **steps}, spelled, {LENGTH: self.letters[LENGTH]})
        self.writer = NumPyWriter(self.spell, self.size, False)
        self.allocated = set(given)
        self.local: set[str] = set()
        self.least = least
        for stem, steps_of in given.items():
            self.stack(stem, steps_of)

    def stack(self, stem: str, members: Sequence[str]) -> None:
        """The array over t of an input that is given step by step."""
        if members:
            each = ", ".join(self.identifiers[name] for name in members)
            axes = ".reshape(-1, 1, 1)" * all(dim.is_one for dim in self.families[stem].shape)  # a scalar may be a plain number
            self.lines.append(f"{self.identifiers[stem]} = np.array([{each}]){axes}")

    def spell(self, name: str) -> str:
        at = place_of(name)
        if at is not None and at.stem in self.local:
            return self.identifiers[at.stem]
        if at is not None and at.stem in self.families:
            return f"{self.identifiers[at.stem]}[{self.counted(self.families[at.stem].index(at))}]"
        return self.identifiers[name]

    def counted(self, place: Place) -> str:
        """`t - 1`, `T`, 0."""
        if not place.letter:
            return str(place.offset)
        return self.letters[place.letter] + (f" {'+-'[place.offset < 0]} {abs(place.offset)}" if place.offset else "")

    def write(self, form: Form) -> str:
        return self.writer.write(form)

    def allocate(self, stem: str) -> None:
        """An array for a family that is filled step by step."""
        if stem not in self.allocated:
            self.allocated.add(stem)
            family = self.families[stem]
            sizes = ", ".join(self.size(dim).removeprefix("(").removesuffix(")") for dim in (family.length, *family.shape))
            self.lines.append(f"{self.identifiers[stem]} = np.empty(({sizes}))")
            for name in self.inputs:
                at = place_of(name)
                if at is not None and at.stem == stem:
                    self.lines.append(f"{self.spell(name)} = {self.identifiers[name]}")

    def array(self, first: End, last: End) -> Callable[[str], Form | None]:
        """What a name in t stands for between two places: that piece of its array."""

        def piece(name: str) -> Form | None:
            at = place_of(name)
            if at is None or at.stem not in self.families or at.letter != LETTER:
                return None
            family = self.families[at.stem]
            whole = symbol(at.stem, (family.length, *family.shape))
            start, stop = _dim(first) + at.offset - family.first, _dim(last) + at.offset - family.first + 1
            return whole if start.number == 0 and stop is family.length else apply("slice", [whole], (0, start, stop, 1))

        return piece

    def component(self, equations: Sequence[Equation]) -> None:
        """The lines of one component."""
        if waits(equations, self.program):
            self.loop(equations)
        else:
            for equation in equations:
                self.line(equation)

    def line(self, equation: Equation) -> None:
        """An equation that waits for nothing of its own: a value, or an array over t at once."""
        at = place_of(equation.name)
        if at is None or at.stem not in self.families:
            self.lines.append(f"{self.spell(equation.name)} = {self.write(self.summed(equation.form))}")
        elif equation.first is None or equation.last is None:
            self.allocate(at.stem)
            self.lines.append(f"{self.spell(equation.name)} = {self.write(self.summed(equation.form))}")
        else:
            first, last = _lower(equation.first, equation.last), _upper(equation.first, equation.last)
            family = self.families[at.stem]
            try:
                body = self.write(native(Vectorising(self.array(first, last)).of(equation.form)))
            except NotVectorisedError:
                self.loop([equation])
                return
            if (first, last) == (family.first, family.last):
                self.lines.append(f"{self.identifiers[at.stem]} = {body}")
            else:
                self.allocate(at.stem)
                start, stop = (self.counted(family.index(_place(end))) for end in (first, moved_end(last, 1)))
                self.lines.append(f"{self.identifiers[at.stem]}[{start}:{stop}] = {body}")

    def summed(self, form: Form) -> Form:
        """A form in which every sum over t is one product of arrays over t."""

        def change(f: Form) -> Form:
            if f.op != "series":
                return f
            _, first, last = f.params
            return native(Vectorising(self.array(first, last)).total(f.args[0]))

        return rewrite_bottom_up(form, change)

    def loop(self, equations: Sequence[Equation]) -> None:
        """A recurrence: step by step in the direction in which it is given, what holds at one place only beside the loop."""
        own = {_group(e.name, self.program.families) for e in equations}
        for stem in self.families:
            if stem in own and _is_local(stem, equations, self.program.equations, self.keep):
                self.local.add(stem)
            elif stem in own:
                self.allocate(stem)
        ranges = [_range(e) for e in equations]
        down = _descends(equations, own, self.program)
        edges = sorted({_order(lo) for lo, _ in ranges} | {_order(hi) + 1 for _, hi in ranges})
        ends = {_order(lo): lo for lo, _ in ranges} | {_order(hi) + 1: moved_end(hi, 1) for _, hi in ranges}
        while any(end_at(ends[a], self.least) > end_at(ends[b], self.least) for a, b in pairwise(edges)):
            self.least += 1  # what holds at one place only must not meet
        pieces = [(ends[a], moved_end(ends[b], -1)) for a, b in pairwise(edges)]
        for lo, hi in reversed(pieces) if down else pieces:
            active = [e for e, (a, b) in zip(equations, ranges, strict=True) if _order(a) <= _order(lo) and _order(hi) <= _order(b)]
            one = lo if _order(lo) == _order(hi) else None
            written = [_statement(e, one) for e in active]
            body = [f"{self.spell(name)} = {self.write(form)}" for name, form in _sorted(written)]
            if one is None:
                start, stop = (hi, moved_end(lo, -1)) if down else (lo, moved_end(hi, 1))
                steps = ", ".join([self.counted(_place(start)), self.counted(_place(stop))] + ["-1"] * down)
                self.lines.append(f"for {self.letters[LETTER]} in range({steps}):")
                body = [f"    {line}" for line in body]
            self.lines += body


def _is_local(stem: str, loop: Sequence[Equation], equations: Sequence[Equation], keep: Iterable[str]) -> bool:
    """Whether a step is needed only where it is made."""
    for equation in equations:
        head = place_of(equation.name)
        for at in _numbered(equation.form):
            if at.stem == stem and (equation not in loop or head is None or (at.letter, at.offset) != (head.letter, head.offset)):
                return False
    return stem not in keep


def _place(end: End, stem: str = "") -> Place:
    return Place(stem, LENGTH, int(end[len(LENGTH) :] or 0)) if isinstance(end, str) else Place(stem, "", end)


def _range(equation: Equation) -> tuple[End, End]:
    if equation.first is not None and equation.last is not None:
        return _lower(equation.first, equation.last), _upper(equation.first, equation.last)
    at = place_of(equation.name)
    assert at is not None
    return at.end, at.end


def _at(form: Form, end: End | None) -> Form:
    """A form in t at one place, if there is one."""
    if end is None:
        return form
    there = _place(end)

    def change(f: Form) -> Form:
        at = place_of(f.name) if f.op == "symbol" else None
        return symbol(replace(there, stem=at.stem, offset=at.offset + there.offset).name, f.shape) if at and at.letter == LETTER else f

    return rewrite_bottom_up(form, change)


def _statement(equation: Equation, end: End | None) -> tuple[str, Form]:
    """An equation at one place, if there is one: its name and its form."""
    if equation.first is None:
        return equation.name, equation.form
    return _at(symbol(equation.name, equation.form.shape), end).name, _at(equation.form, end)


def _descends(equations: Sequence[Equation], own: Iterable[str], program: Program) -> bool:
    """Whether a step needs those after it."""
    signs = set()
    for equation in equations:
        head = place_of(equation.name)
        for at in _numbered(equation.form):
            if head is not None and at.stem in own:
                apart = at.offset - head.offset if at.letter == head.letter else _order(at.end) - _order(head.end)
                signs.add((apart > 0) - (apart < 0))
    signs.discard(0)
    if len(signs) > 1:
        raise Unsupported("a step that needs those before it and those after it")
    return signs == {1}


def _sorted(statements: Sequence[tuple[str, Form]]) -> list[tuple[str, Form]]:
    """Statements such that each comes after those it uses."""
    waiting, out = dict(statements), []
    while waiting:
        ready = next((n for n, form in waiting.items() if not any(s.name in waiting for s in symbols(form))), None)
        if ready is None:
            raise Unsupported("steps that wait for each other")
        out.append((ready, waiting.pop(ready)))
    return out


def _needed(equations: Sequence[Equation], wanted: Iterable[str]) -> list[Equation]:
    """The equations that lead to a wanted name, whatever its number."""

    def stem(name: str) -> str:
        at = place_of(name)
        return at.stem if at is not None else name

    keep = set(map(stem, wanted))
    while True:
        more = {stem(s.name) for e in equations if stem(e.name) in keep for s in symbols(e.form)} - keep
        if not more:
            return [e for e in equations if stem(e.name) in keep]
        keep |= more


# ── the whole ────────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Code:
    """A function's arguments, the lines of its body, and what names are called in it."""

    arguments: tuple[str, ...]
    lines: tuple[str, ...]
    identifiers: Mapping[str, str]
    least: int
    firsts: Mapping[str, int]

    def identifier(self, name: str) -> str:
        """What a value is called: an array over t by its family, one step of it by its place there."""
        at = place_of(name)
        if at is None or (name in self.identifiers and not at.letter):
            return self.identifiers[name]
        if at.letter:
            return self.identifiers[at.stem]
        return f"{self.identifiers[at.stem]}[{at.offset - self.firsts[at.stem]}]"


def code(
    inputs: Sequence[tuple[str, Shape, Span | None]],
    equations: Sequence[Equation],
    wanted: Sequence[str],
    letters: Sequence[str],
    least: int = 1,
    members: Mapping[str, Sequence[str]] = MappingProxyType({}),
    length: int | None = None,
) -> Code:
    """The code that computes what is wanted. An input over t is an array with t along its first axis; one of them says what T is.

    The equations are for T from `least` on; the code says so where it is for more than that. With a `length` it is for
    this one, and the steps of the inputs over t, which `members` has, are the arguments.
    """
    arrays: dict[str, tuple[Shape, list[End]]] = {}
    for name, shape, span in inputs:
        if span is not None and (at := place_of(name)) is not None:
            arrays.setdefault(at.stem, (shape, []))[1].extend((span.first, span.last))
    given = {at.stem: tuple(members.get(name, ())) for name, _, span in inputs if span is not None and (at := place_of(name)) is not None}
    computed = [Equation(e.name, native(e.form), e.first, e.last) for e in _needed(equations, wanted)]
    stems = {at.stem for e in computed if (at := place_of(e.name)) is not None and (e.first is not None or at.letter)}
    if stems & set(given):
        raise Unsupported("steps of which some are given and some are computed")
    program = Program(computed, stems | set(given))
    program.share()
    lift_out(program)
    for e in program.equations:
        at = place_of(e.name)
        if at is not None and at.stem in program.families:
            arrays.setdefault(at.stem, (e.form.shape, []))[1].extend(_range(e))
    plain = {name: shape for name, shape, span in inputs if span is None}
    for name in plain:
        at = place_of(name)
        if at is not None and at.stem in arrays:
            arrays[at.stem][1].append(at.end)
    families = {}
    for stem, (shape, ends) in arrays.items():
        first = _lower(*ends)
        if isinstance(first, str):
            raise Unsupported("steps that are counted from the last one only")
        families[stem] = Family(first, _upper(*ends), shape)
    keep = [at.stem for name in wanted if (at := place_of(name)) is not None]
    writing = Writing(program, plain, families, given, letters, keep, least)
    top = writing.letters[LENGTH]
    counted = next((stem for stem in given if isinstance(families[stem].last, str)), None)
    if length is not None:
        writing.lines.append(f"{top} = {length}")
    elif counted is not None:
        beyond = (families[counted].length - Dim.of(LENGTH)).number or 0
        writing.lines.append(f"{top} = len({writing.identifiers[counted]})" + (f" {'-+'[beyond < 0]} {abs(int(beyond))}" if beyond else ""))
    start = len(writing.lines)
    for part in components(program):
        writing.component(part)
    if writing.least > (length or 1):
        said = f"{top} must be at least {writing.least}"
        writing.lines[start:start] = [f"if {top} < {writing.least}:", f"    raise ValueError({said!r})"]
    named = dict.fromkeys(each for name, _, span in inputs for each in members.get(name, [_argument(name, span)]))
    arguments = [writing.identifiers[each] for each in named]
    return Code(
        tuple([*arguments, top] if length is None and counted is None else arguments),
        tuple(writing.lines),
        writing.identifiers,
        writing.least,
        {stem: family.first for stem, family in families.items()},
    )


def _argument(name: str, span: Span | None) -> str:
    at = place_of(name)
    return at.stem if at is not None and span is not None else name
