"""The gradients of a recurrence for general T: what the derivations for several lengths have in common, held against differences.

The network is written out and derived for a few lengths. Every line of these derivations has to be one line in T; what is printed is
that line, and it is put back into numbers and compared with finite differences, also for lengths that it was not made from.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from symgrad import names
from symgrad.derivation import Step
from symgrad.differences import Check, Report, check_gradients, insist
from symgrad.errors import InvalidNetwork, ShapeError, Unsupported
from symgrad.families import End, Span
from symgrad.form import Form, rename, symbols
from symgrad.gradient import gradients
from symgrad.lifting import NotAlikeError, form_at, lifted_step, lifted_steps, name_at, values_at
from symgrad.pipeline import gradient_results, in_denominator_layout
from symgrad.recurrence import LENGTHS, Recurrence, not_general
from symgrad.step_equations import Equation
from symgrad.stepcode import Code, code
from symgrad.steps import conventions_of, derivation_steps

_SHORT = (1, 2, 3, 4)
"""Lengths at which the boundaries of a recurrence meet; the equations are not made from them."""


@dataclass(frozen=True)
class Line:
    """∂of/∂wrt for general T, for every t of a span where wrt is one name in t."""

    of: str
    wrt: str
    form: Form
    span: Span | None
    check: Check | None

    @property
    def name(self) -> str:
        return names.gradient(self.of, self.wrt)

    def __repr__(self) -> str:
        from symgrad.typeset import text

        return f"{names.text(self.name)} = {text(self.form)}" + (f" for {self.span}" if self.span else "")


@dataclass(frozen=True)
class GeneralDerivation:
    """The steps for general T, as they are printed; `lengths` are those at which they were checked."""

    network: Recurrence
    of: str
    wrt: tuple[str, ...]
    steps: tuple[Step, ...]
    lines: tuple[Line, ...]
    lengths: tuple[int, ...]
    sizes: list[dict[str, int]] = field(default_factory=list)
    points: int = 0
    conventions: tuple[str, ...] = ()
    layout: str = "denominator"
    lifted: tuple[Step, ...] = field(default=(), repr=False)
    """The steps in the names of the recurrence, which can be put back into numbers."""

    def at(self, length: int) -> list[tuple[str, Form]]:
        """What the lines say at one length, in numbers: every gradient by its name, each after those it uses, as in `network.at`."""
        if self.lengths and length < self.lengths[0]:
            raise InvalidNetwork(f"the lines are for {self.network.top} ≥ {self.lengths[0]}")
        lines = _in_order(dict(_lines_at(self.lifted, "gradient", length, self.layout)))
        return [(self.network.spelled(name), rename(form, self.network.spelled)) for name, form in lines]

    def code(self) -> Code:
        """NumPy for every number of steps: the loss, and what its gradients need."""
        own = self.network
        loss = own.resolve(self.of)
        wanted = [names.gradient(loss, own.resolve(name)) for name in self.wrt]
        equations = [Equation(d.name, d.form, *_ends(d.span)) for d in own.definitions]
        for step in self.lifted:
            head, form = step.terms[0], step.terms[-1]
            if step.kind == "gradient" and isinstance(head, Form) and isinstance(form, Form):
                equations.append(Equation(head.name, form, *_ends(step.span)))
        inputs = [(item.name, item.shape, item.span) for item in own.inputs]
        return code(inputs, equations, [loss, *wanted], (own.letter, own.top), self.lengths[0] if self.lengths else 1)

    def __getitem__(self, name: str) -> Line:
        """The line for a name, in any spelling."""
        own = self.network.spelled(self.network.resolve(name))
        return next(line for line in self.lines if line.wrt == own)

    def __str__(self) -> str:
        from symgrad.emit.text import emit
        from symgrad.solution import document

        return emit(document(self))

    def _repr_html_(self) -> str:
        from symgrad.emit.html import inside
        from symgrad.solution import document

        return inside(document(self))


def _ends(span: Span | None) -> tuple[End | None, End | None]:
    return (None, None) if span is None else (span.first, span.last)


def derive_general(
    recurrence: Recurrence, wrt: Iterable[str] = (), of: str | None = None, layout: str = "denominator", check: bool = True
) -> GeneralDerivation:
    """Derive for every T. Raises `Unsupported` where the lengths have no lines in common, `CheckFailed` where one is wrong."""
    wanted = list(dict.fromkeys(recurrence.resolve(name) for name in wrt))
    loss = _loss(recurrence, of)
    wanted = wanted or _default_wrt(recurrence)
    if loss in wanted:
        raise InvalidNetwork(f"{loss} is the loss, and its gradient by itself is 1; ask for a name that it depends on")
    runs = {length: _steps(recurrence, loss, wanted, layout, length) for length in LENGTHS}
    try:
        steps = lifted_steps({length: [s for s in steps if s.kind != "written out"] for length, steps in runs.items()})
    except NotAlikeError:
        raise Unsupported(not_general(recurrence.top)) from None
    steps += _written_out(runs, len(steps))
    reports = _checked(recurrence, loss, wanted, layout, steps) if check else {}
    shown = tuple(map(recurrence.spelled_step, steps))
    lines = tuple(_line(recurrence, loss, step, reports) for step in steps if step.kind == "gradient")
    sizes = [size for report in reports.values() for size in report.sizes]
    points = max((c.points for report in reports.values() for c in report.checks.values()), default=0)
    conventions = conventions_of(recurrence.instance(LENGTHS[0]), loss)
    spelled = tuple(map(recurrence.spelled, wanted))
    return GeneralDerivation(
        recurrence, recurrence.spelled(loss), spelled, shown, lines, tuple(reports), sizes, points, conventions, layout, steps
    )


def _loss(recurrence: Recurrence, of: str | None) -> str:
    """The loss: what is asked for, or the last definition; a scalar there is one of."""
    rule = next((r for r in recurrence.definitions if r.name == recurrence.resolve(of)), None) if of else recurrence.definitions[-1]
    if rule is None or rule.span is not None or not all(dim.is_one for dim in rule.shape):
        said = names.text(of or recurrence.spelled(recurrence.definitions[-1].name))
        raise InvalidNetwork(f"{said} is no scalar that there is one of, and a gradient is of a scalar; name one with --of")
    if name_at(rule.name, 1) != name_at(rule.name, 2):
        raise Unsupported(f"the loss is {names.text(recurrence.spelled(rule.name))}; give it a name of its own, as in L = …")
    return rule.name


def _default_wrt(recurrence: Recurrence) -> list[str]:
    parameters = [item.name for item in recurrence.inputs if item.role == "parameter"]
    return parameters or [item.name for item in recurrence.inputs if item.role != "mask"]


def _steps(recurrence: Recurrence, loss: str, wanted: Sequence[str], layout: str, length: int) -> tuple[Step, ...]:
    network = recurrence.instance(length)
    members = [name for each in wanted for name in recurrence.members(each, length)]
    found = gradients(network, loss, members)
    results = gradient_results(network, loss, found, layout)
    return derivation_steps(network, loss, found, results, {}, members)


def _written_out(runs: dict[int, tuple[Step, ...]], before: int) -> tuple[Step, ...]:
    """The gradients that can be written out for every length in the same way."""
    found: list[Step] = []
    first, *others = ([s for s in steps if s.kind == "written out"] for steps in runs.values())
    for step in first:
        head = step.terms[0]
        assert isinstance(head, Form)
        if step.span is None and names.step_index(head.name) is not None:
            continue
        same = [next((s for s in steps if s.terms[0] is head), None) for steps in others]
        if None in same:
            continue
        try:
            lifted = lifted_step(tuple(runs), (step, *(s for s in same if s is not None)))
        except NotAlikeError:
            continue
        if all(number <= before for number in lifted.uses):
            found.append(replace(lifted, number=before + len(found) + 1))
    return tuple(found)


# ── the check ────────────────────────────────────────────────────────────────────────────────────────────────────────


def _checked(recurrence: Recurrence, loss: str, wanted: Sequence[str], layout: str, steps: Sequence[Step]) -> dict[int, Report]:
    """The comparison with finite differences at every length down to the smallest that the lines are for."""
    reports: dict[int, Report] = {}
    for length in (*reversed(LENGTHS), *reversed(_SHORT)):
        report = _report(recurrence, loss, wanted, layout, steps, length)
        if length in LENGTHS:
            if report is None:
                raise Unsupported(not_general(recurrence.top))
            insist(report, loss)
        if report is None or not report.holds:
            break
        reports[length] = report
    return dict(sorted(reports.items()))


def _report(recurrence: Recurrence, loss: str, wanted: Sequence[str], layout: str, steps: Sequence[Step], length: int) -> Report | None:
    """The comparison at one length; None where the lines do not say every gradient once, as at T = 1 when h₁ and h_T have their own."""
    try:
        network = recurrence.instance(length)
        members = [name for each in wanted for name in recurrence.members(each, length)]
        expected = {names.gradient(loss, name): name for name in gradients(network, loss, members)}
        lines = _lines_at(steps, "gradient", length, layout)
        again = _lines_at(steps, "written out", length, layout)
    except (NotAlikeError, ShapeError):
        return None
    if len(lines) > len(dict(lines)) or dict(lines).keys() != expected.keys():
        return None
    claimed = {expected[name]: [form, *(f for n, f in again if n == name)] for name, form in lines}
    return check_gradients(network, loss, claimed, _in_order(dict(lines)))


def _lines_at(steps: Sequence[Step], kind: str, length: int, layout: str) -> list[tuple[str, Form]]:
    """What the lines of a kind say at one length, in numbers."""
    found = []
    for step in steps:
        head, form = step.terms[0], step.terms[-1]
        if step.kind == kind and isinstance(head, Form) and isinstance(form, Form):
            for t in values_at(step.span, length):
                said = form_at(form, length, t if step.span else None)
                found.append((name_at(head.name, length, t), in_denominator_layout(said) if layout == "numerator" else said))
    return found


def _in_order(lines: dict[str, Form]) -> list[tuple[str, Form]]:
    """The lines such that each comes after those it uses."""
    out: dict[str, Form] = {}
    waiting = dict(lines)
    while waiting:
        ready = [name for name, form in waiting.items() if not any(s.name in waiting for s in symbols(form))]
        if not ready:
            raise NotAlikeError
        out |= {name: waiting.pop(name) for name in ready}
    return list(out.items())


def _line(recurrence: Recurrence, loss: str, step: Step, reports: dict[int, Report]) -> Line:
    head, form = step.terms[0], step.terms[-1]
    assert isinstance(head, Form)
    assert isinstance(form, Form)
    match = names.gradient_of(head.name)
    assert match is not None
    check = Check(recurrence.spelled(match["wrt"])) if reports else None
    for length, report in reports.items():
        for t in values_at(step.span, length):
            own = report.checks.get(name_at(match["wrt"], length, t))
            if own is not None and check is not None:
                check.max_relative_error = max(check.max_relative_error, own.max_relative_error)
                check.points, check.agreed = check.points + own.points, check.agreed + own.agreed
    return Line(
        recurrence.spelled(loss), recurrence.spelled(match["wrt"]), recurrence.spelled_form(form), recurrence.spelled_span(step.span), check
    )
