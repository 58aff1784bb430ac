"""What the worked solution of a recurrence says: the sections of a solution, with lines and sums for general T."""

from __future__ import annotations

from symgrad import names
from symgrad.derivation import KINDS, said_of_chains
from symgrad.dims import Dim
from symgrad.families import Span
from symgrad.form import symbol
from symgrad.general import GeneralDerivation
from symgrad.lifting import LENGTH
from symgrad.properties import stated
from symgrad.recurrence import Family
from symgrad.solution import Block, Cell, Equations, Inline, Math, Prose, Section, Table, entries, sizes_drawn


def general_sections(derivation: GeneralDerivation, wanted: tuple[str, ...], level: int) -> list[Section]:
    """The sections that apply, in order."""
    makers = {
        "network": (KINDS["definition"], _network),
        "shapes": ("Shapes and parameters", _shapes),
        "differentials": (KINDS["differential"], lambda d: _steps(d, "differential")),
        "gradients": (KINDS["gradient"], _gradients),
        "written out": (KINDS["written out"], lambda d: _steps(d, "written out")),
        "check": ("Check", _check),
    }
    made = [(title, make(derivation)) for name, (title, make) in makers.items() if name in wanted]
    return [Section(title, level, tuple(blocks)) for title, blocks in made if blocks]


def _steps(derivation: GeneralDerivation, kind: str) -> list[Block]:
    steps = tuple(step for step in derivation.steps if step.kind == kind)
    return [Equations(steps)] if steps else []


def _math(name: str) -> Math:
    return Math(symbol(name, ()))


def _ends(derivation: GeneralDerivation, name: str, span: Span | None) -> list[Inline]:
    """`x₁, …, x_T` for the name of every step."""
    own = derivation.network
    if span is None:
        return [_math(own.spelled(name))]
    stem, _ = names.step_index(name.replace(f"_{{{'t'}}}", "_0")) or (name, 0)
    low, high = (span.last, span.first) if span.descends else (span.first, span.last)
    first, last = (_math(own.spelled(names.at_step(stem, str(end)))) for end in (low, high))
    return [first, ", …, ", last]


def _network(derivation: GeneralDerivation) -> list[Block]:
    own = derivation.network
    said: list[Inline] = []
    for role, plural in (("parameter", "parameters"), ("data", "data"), ("mask", "masks"), ("input", "inputs")):
        items = [item for item in own.inputs if item.role == role]
        if items:
            several = len(items) > 1 or items[0].span is not None
            said.append(("; " if said else "With ") + (plural if several else role) + " ")
        for i, item in enumerate(items):
            said += [", " if i else "", *_ends(derivation, item.name, item.span), " (", Math(own.spelled_shape(item.shape)), ")"]
    held = [(item.name, words) for item in own.inputs if item.role != "mask" for words in stated(item.properties)]
    for i, (name, words) in enumerate(held):
        said += ["; " if i else ". Here ", _math(own.spelled(name)), f" {words}"]
    wanted: list[Inline] = ["Wanted, for every ", Math(Dim.of(own.top)), ": "]
    for i, name in enumerate(derivation.wrt):
        wanted += [", " if i else "", _math(names.gradient(derivation.of, name))]
    layout = "in the shape of the variable" if derivation.layout == "denominator" else "in the transposed shape of the variable"
    wanted.append(f"; every gradient is written {layout} ({derivation.layout} layout).")
    return [*([Prose((*said, "."))] if said else []), *_steps(derivation, "definition"), Prose(tuple(wanted))]


def _shapes(derivation: GeneralDerivation) -> list[Block]:
    own = derivation.network
    rows: list[tuple[Cell, ...]] = []
    for item in own.inputs:
        rows.append((tuple(_ends(derivation, item.name, item.span)), (item.role,), (Math(own.spelled_shape(item.shape)),)))
    for rule in own.definitions:
        rows.append((tuple(_ends(derivation, rule.name, rule.span)), ("definition",), (Math(own.spelled_shape(rule.shape)),)))
    blocks: list[Block] = [Table(("name", "role", "shape"), tuple(rows))]
    parameters = [item for item in own.inputs if item.role == "parameter"]
    if parameters:
        counts = [(item, _entries(item)) for item in parameters]
        total = Dim.of(0)
        for _, count in counts:
            total = total + count
        counted: list[tuple[Cell, ...]] = [
            (tuple(_ends(derivation, i.name, i.span)), (Math(own.spelled_shape(i.shape)),), (Math(own.spelled_dim(count)),))
            for i, count in counts
        ]
        counted.append((("total",), ("",), (Math(own.spelled_dim(total)),)))
        blocks.append(Table(("parameter", "shape", "entries"), tuple(counted)))
    return blocks


def _entries(item: Family) -> Dim:
    """How many entries an input has, over all of its steps."""
    if item.span is None:
        return entries(item.shape)
    low, high = (item.span.last, item.span.first) if item.span.descends else (item.span.first, item.span.last)
    first, last = (Dim.of(e) if isinstance(e, int) else Dim.of(LENGTH) + int(e[len(LENGTH) :] or 0) for e in (low, high))
    return entries(item.shape) * (last - first + 1)


def _gradients(derivation: GeneralDerivation) -> list[Block]:
    blocks = _steps(derivation, "gradient")
    if said := said_of_chains(derivation.steps):
        blocks.insert(0, Prose((said,)))
    if derivation.conventions:
        blocks.append(Prose(("At the kinks: " + "; ".join(derivation.conventions) + ".",)))
    return blocks


def _check(derivation: GeneralDerivation) -> list[Block]:
    if not derivation.lengths:
        return [Prose(("The gradients were not checked, as asked.",))]
    rows: list[tuple[Cell, ...]] = []
    for line in derivation.lines:
        assert line.check is not None
        shown: list[Inline] = [_math(line.name), *([f" for {line.span}"] if line.span else [])]
        rows.append((tuple(shown), (f"{line.check.max_relative_error:.1e}",), ("agrees" if line.check.holds else "disagrees",)))
    top = Math(Dim.of(derivation.network.top))
    lengths = ", ".join(map(str, derivation.lengths[:-1])) + f" and {derivation.lengths[-1]}"
    said: list[Inline] = ["Every formula above was compared, at ", top, f" = {lengths}, with central finite differences in float64"]
    said += [f" at {derivation.points} random points each", *sizes_drawn(derivation.sizes), ", along random directions."]
    if derivation.lengths[0] > 1:
        said += [" They are for ", top, f" ≥ {derivation.lengths[0]}."]
    said.append(" The largest relative errors:")
    return [Prose(tuple(said)), Table(("gradient", "error", ""), tuple(rows))]
