"""A network written out step by step as loops again: NumPy that is as short, and as fast, for fifty steps as for any number.

The steps of a derivation are folded already where they are one step with t moved along. With the ends counted from the last one, which is
T, they are the equations of `stepcode`.
"""

from __future__ import annotations

from collections.abc import Sequence

from symgrad import names
from symgrad.derivation import Derivation, Step
from symgrad.dims import Dim, Shape
from symgrad.errors import Unsupported
from symgrad.families import LETTER, End, Span
from symgrad.form import Form, apply, rewrite_bottom_up, symbol, symbols, walk
from symgrad.lifting import LENGTH, NotAlikeError, from_its_head, moved_end
from symgrad.step_equations import Equation, Place, place_of
from symgrad.stepcode import Code, code

_FEWEST_STEPS = 8
_NEAR = 3

Given = tuple[str, Shape, Span | None]


def rolled(derivation: Derivation) -> Code | None:
    """The loss and its gradients with loops over t; None where the steps are few, or are not all one step with t moved along.

    Inputs over t are stacked, which takes a copy; so it is not done where they are parameters, as in a stack of layers.
    """
    spans = [step.span.values() for step in derivation.steps if step.span is not None and step.kind == "definition"]
    if derivation.of is None or max(map(len, spans), default=0) < _FEWEST_STEPS:
        return None
    wanted = [derivation.of, *(names.gradient(derivation.of, name) for name in derivation.wrt if name in derivation.results)]
    try:
        steps = [from_its_head(step) for step in derivation.steps if step.kind in ("definition", "gradient")]
        length = max(max(span) for span in spans)
        equations = _Counting(steps, length).equations()
        inputs, members = _inputs(derivation, equations, length)
        return code(inputs, equations, wanted, (LETTER, LENGTH), members=members, length=length)
    except (NotAlikeError, Unsupported):
        return None


class _Counting:
    """The steps with what lies near the last of them counted from there: `h_50` is `h_{T}`, and its sums end at T."""

    def __init__(self, steps: Sequence[Step], length: int) -> None:
        self.steps, self.length = steps, length
        forms = [term for step in steps for term in step.terms if isinstance(term, Form)]
        self.stems = {at.stem for form in forms for s in symbols(form) if (at := place_of(s.name)) is not None and at.letter == LETTER}

    def equations(self) -> list[Equation]:
        return [self._equation(step) for step in self.steps]

    def _equation(self, step: Step) -> Equation:
        head, form = step.terms[0], step.terms[-1]
        assert isinstance(head, Form)
        assert isinstance(form, Form)
        if any(isinstance(p, Dim) and LETTER in p.symbols for f in walk(form) for p in f.params):
            raise NotAlikeError  # a row of an input is no array of its own
        ends = (self.end(step.span.first), self.end(step.span.last)) if step.span else (None, None)
        return Equation(self.form(head).name, self.form(form), *ends)

    def form(self, form: Form) -> Form:
        def change(f: Form) -> Form:
            if f.op == "series":
                letter, first, last = f.params
                return apply("series", f.args, (letter, self.end(first), self.end(last)))
            at = place_of(f.name) if f.op == "symbol" else None
            if at is None or at.letter or at.stem not in self.stems:
                return f
            end = self.end(at.offset)
            return f if isinstance(end, int) else symbol(Place(at.stem, LENGTH, at.offset - self.length).name, f.shape)

        return rewrite_bottom_up(form, change)

    def end(self, end: End) -> End:
        assert isinstance(end, int)
        if end >= self.length - _NEAR:
            return moved_end(LENGTH, end - self.length)
        if end > _NEAR:
            raise NotAlikeError  # something changes on the way
        return end


def _inputs(derivation: Derivation, equations: Sequence[Equation], length: int) -> tuple[list[Given], dict[str, list[str]]]:
    """The inputs as the equations name them, and the steps of those that are over t."""
    over_t = {at.stem for e in equations for s in symbols(e.form) if (at := place_of(s.name)) is not None and at.letter == LETTER}
    over_t -= {at.stem for e in equations if (at := place_of(e.name)) is not None}
    steps: dict[str, dict[int, str]] = {}
    for name in derivation.network.inputs:
        at = place_of(name)
        family, number = (names.at_step(at.stem, LETTER), at.offset) if at is not None and at.stem in over_t else (name, 0)
        steps.setdefault(family, {})[number] = name
    given: list[Given] = []
    members = {}
    for name, numbered in steps.items():
        items = [derivation.network.inputs[each] for each in numbered.values()]
        if name in derivation.network.inputs:
            given.append((name, items[0].shape, None))
            continue
        first, last = min(numbered), max(numbered)
        if len({item.shape for item in items}) > 1 or last - first + 1 != len(items) or any(item.role == "parameter" for item in items):
            raise NotAlikeError
        given.append((name, items[0].shape, Span(first, moved_end(LENGTH, last - length))))
        members[name] = [numbered[t] for t in range(first, last + 1)]
    return given, members
