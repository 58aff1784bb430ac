"""A recurrence as NumPy for every number of steps: a loop where a step needs the one before it, one product over all of them elsewhere.

The equations that differ in their number only are a *family*: one array with t along its first axis; what they are is in
`step_equations.py`.
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
from symgrad.form import Form, apply, rewrite_bottom_up, symbol, symbols
from symgrad.lifting import LENGTH, end_at, moved_end
from symgrad.numpycode import NumPyWriter, Sizes
from symgrad.numpyforms import native
from symgrad.step_equations import (
    Equation,
    Place,
    Program,
    components,
    form_at,
    group_of,
    lift_out,
    lower,
    numbered_places,
    order_of,
    place_number,
    place_of,
    range_of,
    upper,
    waits,
)
from symgrad.vectorised import NotVectorisedError, Vectorising

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
    at = place_number(end)
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
        plain = [e.name for e in program.equations if group_of(e.name, program.families) == e.name]
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
            first, last = lower(equation.first, equation.last), upper(equation.first, equation.last)
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
                start, stop = (self.counted(family.index(place_number(end))) for end in (first, moved_end(last, 1)))
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
        own = {group_of(e.name, self.program.families) for e in equations}
        for stem in self.families:
            if stem in own and _is_local(stem, equations, self.program.equations, self.keep):
                self.local.add(stem)
            elif stem in own:
                self.allocate(stem)
        ranges = [range_of(e) for e in equations]
        down = _descends(equations, own, self.program)
        edges = sorted({order_of(lo) for lo, _ in ranges} | {order_of(hi) + 1 for _, hi in ranges})
        ends = {order_of(lo): lo for lo, _ in ranges} | {order_of(hi) + 1: moved_end(hi, 1) for _, hi in ranges}
        while any(end_at(ends[a], self.least) > end_at(ends[b], self.least) for a, b in pairwise(edges)):
            self.least += 1  # what holds at one place only must not meet
        pieces = [(ends[a], moved_end(ends[b], -1)) for a, b in pairwise(edges)]
        for lo, hi in reversed(pieces) if down else pieces:
            active = [e for e, (a, b) in zip(equations, ranges, strict=True) if order_of(a) <= order_of(lo) and order_of(hi) <= order_of(b)]
            one = lo if order_of(lo) == order_of(hi) else None
            written = [_statement(e, one) for e in active]
            body = [f"{self.spell(name)} = {self.write(form)}" for name, form in _sorted(written)]
            if one is None:
                start, stop = (hi, moved_end(lo, -1)) if down else (lo, moved_end(hi, 1))
                steps = ", ".join([self.counted(place_number(start)), self.counted(place_number(stop))] + ["-1"] * down)
                self.lines.append(f"for {self.letters[LETTER]} in range({steps}):")
                body = [f"    {line}" for line in body]
            self.lines += body


def _is_local(stem: str, loop: Sequence[Equation], equations: Sequence[Equation], keep: Iterable[str]) -> bool:
    """Whether a step is needed only where it is made."""
    for equation in equations:
        head = place_of(equation.name)
        for at in numbered_places(equation.form):
            if at.stem == stem and (equation not in loop or head is None or (at.letter, at.offset) != (head.letter, head.offset)):
                return False
    return stem not in keep


def _statement(equation: Equation, end: End | None) -> tuple[str, Form]:
    """An equation at one place, if there is one: its name and its form."""
    if equation.first is None:
        return equation.name, equation.form
    return form_at(symbol(equation.name, equation.form.shape), end).name, form_at(equation.form, end)


def _descends(equations: Sequence[Equation], own: Iterable[str], program: Program) -> bool:
    """Whether a step needs those after it."""
    signs = set()
    for equation in equations:
        head = place_of(equation.name)
        for at in numbered_places(equation.form):
            if head is not None and at.stem in own:
                apart = at.offset - head.offset if at.letter == head.letter else order_of(at.end) - order_of(head.end)
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
            arrays.setdefault(at.stem, (e.form.shape, []))[1].extend(range_of(e))
    plain = {name: shape for name, shape, span in inputs if span is None}
    for name in plain:
        at = place_of(name)
        if at is not None and at.stem in arrays:
            arrays[at.stem][1].append(at.end)
    families = {}
    for stem, (shape, ends) in arrays.items():
        first = lower(*ends)
        if isinstance(first, str):
            raise Unsupported("steps that are counted from the last one only")
        families[stem] = Family(first, upper(*ends), shape)
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
