"""A derivation as a document: sections of prose, equations, tables, values and a picture, in a teacher's order.

    document ::= title, section*            section ::= title, level, block*
    block    ::= Prose | Equations | Table | Drawing

Emitters print a document; what is said, and in what order, is decided here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from symgrad import names
from symgrad.derivation import KINDS, Derivation, Step, said_of_chains
from symgrad.differences import Report
from symgrad.dims import Condition, Dim, Shape
from symgrad.form import Form, symbol
from symgrad.further import KINDS as BEYOND
from symgrad.further import Further
from symgrad.general import GeneralDerivation
from symgrad.network import Network
from symgrad.paper import SECTIONS, Part
from symgrad.pictures import picture_of
from symgrad.pictures.picture import Picture
from symgrad.properties import stated
from symgrad.steps import slopes_of


@dataclass(frozen=True)
class Math:
    """Mathematics inside prose or a table: a form, a name, a shape or a dimension."""

    of: Form | Dim | Shape


@dataclass(frozen=True)
class Letters:
    """Mathematics in prose that is only letters and signs: `M ⊙ W`, `b = 4`."""

    of: str


Inline = str | Math | Letters
Cell = tuple[Inline, ...]


@dataclass(frozen=True)
class Prose:
    parts: tuple[Inline, ...]


@dataclass(frozen=True)
class Equations:
    steps: tuple[Step, ...]


@dataclass(frozen=True)
class Table:
    head: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True)
class Drawing:
    picture: Picture
    caption: str


Block = Prose | Equations | Table | Drawing


@dataclass(frozen=True)
class Section:
    title: str
    level: int
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Document:
    title: str
    sections: tuple[Section, ...]


def document(derivation: Derivation | GeneralDerivation) -> Document:
    """The worked solution of one network."""
    title = derivation.network.title or "Derivation"
    return Document(title, tuple(sections(derivation, SECTIONS, 1)))


def paper_document(title: str, worked: Sequence[tuple[Part, Derivation | GeneralDerivation]]) -> Document:
    """The worked solutions of a whole sheet."""
    found: list[Section] = []
    for part, derivation in worked:
        found.append(Section(part.title, 1, (Prose(_said(part.remark)),) if part.remark else ()))
        found += sections(derivation, part.show, 2)
    return Document(title, tuple(found))


def _said(remark: str) -> tuple[Inline, ...]:
    """Prose with its mathematics between backquotes."""
    pieces = remark.split("`")
    if len(pieces) % 2 == 0:
        return (remark,)
    return tuple(Letters(piece) if i % 2 else piece for i, piece in enumerate(pieces) if piece)


def sections(derivation: Derivation | GeneralDerivation, wanted: tuple[str, ...], level: int) -> list[Section]:
    """The sections that apply, in order."""
    if isinstance(derivation, GeneralDerivation):
        from symgrad.general_solution import general_sections

        return general_sections(derivation, wanted, level)
    makers = {
        "picture": lambda: _picture(derivation.network),
        "network": lambda: _network(derivation),
        "shapes": lambda: _shapes(derivation.network),
        "differentials": lambda: _steps(derivation, "differential"),
        "gradients": lambda: _gradients(derivation),
        "written out": lambda: _written_out(derivation),
        "values": lambda: _values(derivation),
        "check": lambda: _check(derivation),
    }
    titles = {
        "picture": "Picture", "network": KINDS["definition"], "shapes": "Shapes and parameters",
        "differentials": KINDS["differential"], "gradients": KINDS["gradient"], "written out": KINDS["written out"],
        "values": KINDS["value"], "check": "Check",
    }  # fmt: skip
    out = []
    for name in SECTIONS:
        if name == "further" and name in wanted:
            out += [Section(title, level, tuple(blocks)) for title, blocks in _further(derivation)]
        elif name in wanted and (blocks := makers[name]()):
            out.append(Section(titles[name], level, tuple(blocks)))
    return out


def _of_kind(derivation: Derivation, kind: str) -> tuple[Step, ...]:
    return tuple(step for step in derivation.steps if step.kind == kind)


def _steps(derivation: Derivation, kind: str) -> list[Block]:
    steps = _of_kind(derivation, kind)
    return [Equations(steps)] if steps else []


def _math(name: str, shape: Shape = ()) -> Math:
    return Math(symbol(name, shape))


def _network(derivation: Derivation) -> list[Block]:
    network = derivation.network
    groups: list[Inline] = []
    for role, plural in (("parameter", "parameters"), ("data", "data"), ("mask", "masks"), ("input", "inputs")):
        items = [item for item in network.inputs.values() if item.role == role and network.uses[item.name]]
        if not items:
            continue
        groups.append(("; " if groups else "With ") + (role if len(items) == 1 else plural) + " ")
        for i, run in enumerate(_runs([(item.name, item.shape) for item in items])):
            shape = network.symbol_shape(run[0]) or ()
            groups += [", " if i else "", *_named_run(run), " (", Math(shape), ")"]
    blocks: list[Block] = [Equations(_of_kind(derivation, "definition")), *(Prose((f"{r}.",)) for r in network.remarks)]
    if groups:
        blocks.insert(0, Prose((*groups, ".", *_assumed(network))))
    if derivation.of:
        blocks.append(Prose(_wanted(derivation)))
    return blocks


def _assumed(network: Network) -> list[Inline]:
    """What is declared of inputs: `A is symmetric`."""
    out: list[Inline] = []
    for item in network.inputs.values():
        for said in stated(item.properties) if item.role != "mask" and network.uses[item.name] else ():
            out += ["; " if out else " Here ", _math(item.name, item.shape), f" {said}"]
    return [*out, "."] if out else out


def _wanted(derivation: Derivation) -> tuple[Inline, ...]:
    out: list[Inline] = ["Wanted: "]
    for i, name in enumerate(derivation.wrt):
        out += [", " if i else "", _math(names.gradient(str(derivation.of), name))]
    layout = "in the shape of the variable" if derivation.layout == "denominator" else "in the transposed shape of the variable"
    return (*out, f"; every gradient is written {layout} ({derivation.layout} layout).")


def _shapes(network: Network) -> list[Block]:
    rows: list[tuple[Cell, ...]] = []
    used = [(i.name, (i.role, i.shape)) for i in network.inputs.values() if network.uses[i.name]]
    defined = [(d.name, ("definition", d.shape)) for d in network.definitions.values()]
    kinds = dict([*used, *defined])
    for run in [*_runs(used), *_runs(defined)]:
        role, shape = kinds[run[0]]
        rows.append((tuple(_named_run(run)), (role,), (Math(shape),)))
    blocks: list[Block] = [Table(("name", "role", "shape"), tuple(rows))]
    if network.parameters:
        blocks.append(_counts(network))
    conditions: list[Inline] = []
    for condition in network.conditions:
        conditions += ["The shapes ask that " if not conditions else "; that ", *_condition(condition)]
    if conditions:
        blocks.append(Prose((*conditions, ".")))
    return blocks


def _condition(condition: Condition) -> list[Inline]:
    why: list[Inline] = [" (", *_said(condition.because), ")"] if condition.because else []
    if condition.right is not None:
        return [Math(condition.left), " = ", Math(condition.right), *why]
    said = " is even" if condition.modulus == 2 else f" is divisible by {condition.modulus}"
    return [Math(condition.left), said, *why]


def _runs(items: Sequence[tuple[str, object]]) -> list[tuple[str, ...]]:
    """Every run h_1, h_2, …, h_T of at least three alike; other names by themselves."""
    runs: list[list[str]] = []
    open_runs: dict[object, list[str]] = {}
    for name, kind in items:
        found = names.step_index(name)
        before = open_runs.get((found[0], kind)) if found else None
        last = names.step_index(before[-1]) if before else None
        if found and before and last and abs(found[1] - last[1]) == 1:
            before.append(name)
            continue
        run = [name]
        runs.append(run)
        if found:
            open_runs[found[0], kind] = run
    return [names for run in runs for names in ([tuple(run)] if len(run) > 2 else [(name,) for name in run])]


def _named_run(run: tuple[str, ...]) -> list[Inline]:
    """The names of a run; of a long one the first and the last."""
    if len(run) > 3:
        return [_math(run[0]), ", …, ", _math(run[-1])]
    return [part for i, name in enumerate(run) for part in (", " if i else "", _math(name))]


def _counts(network: Network) -> Table:
    """Entries of every parameter, of the parameters that one definition takes together, and in total."""
    rows: list[tuple[Cell, ...]] = []
    for item in network.parameters:
        rows.append(((_math(item.name),), (Math(item.shape),), _count(entries(item.shape))))
    groups: dict[tuple[str, ...], str] = {}
    for definition in network.definitions.values():
        used = tuple(item.name for item in network.parameters if definition.name in network.uses[item.name])
        if 1 < len(used) < len(network.parameters):
            groups.setdefault(used, definition.name)
    for used in groups:
        together: list[Inline] = []
        for i, name in enumerate(used):
            together += [", " if 0 < i < len(used) - 1 else " and " if i else "", _math(name)]
        rows.append((tuple(together), ("together",), _count(_total(network, used))))
    rows.append((("total",), ("",), _count(_total(network, tuple(item.name for item in network.parameters)))))
    return Table(("parameter", "shape", "entries"), tuple(rows))


def _total(network: Network, used: tuple[str, ...]) -> Dim:
    total = Dim.of(0)
    for name in used:
        total = total + entries(network.inputs[name].shape)
    return total


def _count(count: Dim) -> Cell:
    """A count, with its common factor taken out where it has one: 64d + 32 = 32 (2d + 1)."""
    common = count.content
    if common < 2 or len(count.terms) < 2:
        return (Math(count),)
    return (Math(count), f" = {common}(", Math(count * Fraction(1, common)), ")")


def entries(shape: Shape) -> Dim:
    """How many entries a tensor of that shape has.

    >>> from symgrad.dims import shape_of
    >>> print(entries(shape_of([2, "d"])))
    2d
    """
    count = Dim.of(1)
    for dim in shape:
        count = count * dim
    return count


def _gradients(derivation: Derivation) -> list[Block]:
    if not derivation.of and derivation.further:
        return []
    if not derivation.of:
        last = symbol(list(derivation.network.definitions)[-1], ())
        return [
            Prose(
                (
                    "None: the last definition, ",
                    Math(last),
                    ", is no scalar, and a gradient is of a scalar.",
                )
            )
        ]
    blocks: list[Block] = [Equations(_of_kind(derivation, "gradient"))]
    if said := said_of_chains(derivation.steps):
        blocks.insert(0, Prose((said,)))
    for left, right in slopes_of([result.named for result in derivation.results.values()], derivation.network):
        blocks.append(Prose(("Here ", Math(left), " = ", Math(right), ".")))
    if derivation.conventions:
        blocks.append(Prose(("At the kinks: " + "; ".join(derivation.conventions) + ".",)))
    return blocks


def _written_out(derivation: Derivation) -> list[Block]:
    blocks = _steps(derivation, "written out")
    longer = [name for name in derivation.wrt if derivation.results[name].written_out is None]
    if longer:
        said: list[Inline] = ["Longer than anybody reads when written out, and so left in the named quantities: "]
        for i, name in enumerate(longer):
            said += [", " if i else "", _math(names.gradient(str(derivation.of), name))]
        blocks.append(Prose((*said, ".")))
    return blocks


def _further(derivation: Derivation) -> list[tuple[str, list[Block]]]:
    """What lies beyond the gradients: a section for each kind, with what is said of it and what was left out."""
    found: list[tuple[str, list[Block]]] = []
    for kind, title in BEYOND.items():
        own = derivation.of_kind(kind)
        blocks = _steps(derivation, f"further {kind}")
        said = dict.fromkeys(each.remark for each in own if each.remark and each.form is not None)
        blocks = [*([Prose((" ".join(said),))] if said else []), *(_conditions(each) for each in own if each.conditions), *blocks]
        blocks += [Prose((Math(each.left), f" is not written out: {each.remark}.")) for each in own if each.form is None]
        if blocks:
            found.append((title, blocks))
    return found


def _conditions(further: Further) -> Prose:
    """Where a solution stands."""
    out: list[Inline] = []
    for form, said in further.conditions:
        out += [" and " if out else "Where ", Math(form), f" {said}"]
    return Prose((*out, ":"))


def _values(derivation: Derivation) -> list[Block]:
    steps = _of_kind(derivation, "value")
    if not steps:
        return []
    return [Equations(steps)]


def _check(derivation: Derivation) -> list[Block]:
    report = derivation.report
    beyond = [each for each in derivation.further if each.check is not None and each.kind != "stationary"]
    vanishing = _vanishing(derivation)
    if not derivation.of and not beyond:
        unchecked = any(each.form is not None for each in derivation.further) and not vanishing
        return [Prose(("The derivatives were not checked, as asked.",))] if unchecked else vanishing
    if derivation.of and report is None:
        return [
            Prose(("The derivatives were not checked, as asked." if derivation.further else "The gradients were not checked, as asked.",))
        ]
    rows: list[tuple[Cell, ...]] = []
    of = str(derivation.of)
    report = report or Report()
    for run in _runs([(name, ()) for name in report.checks]):
        error = max(report.checks[name].max_relative_error for name in run)
        agrees = all(report.checks[name].holds for name in run)
        shown = tuple(_named_run(tuple(names.gradient(of, name) for name in run)))
        rows.append((shown, (f"{error:.1e}",), ("agrees" if agrees else "disagrees",)))
    for each in beyond:
        assert each.check is not None
        agrees = each.check.holds
        rows.append(((Math(each.left),), (f"{each.check.max_relative_error:.1e}",), ("agrees" if agrees else "disagrees",)))
    every = [*report.checks.values(), *(each.check for each in beyond if each.check is not None)]
    points = max(check.points for check in every)
    said = f"Every formula above was compared with central finite differences in float64 at {points} random points"
    where = sizes_drawn(report.sizes)
    return [
        Prose((said, *where, ", along random directions. The largest relative errors:")),
        Table(("derivative" if beyond else "gradient", "error", ""), tuple(rows)),
        *vanishing,
    ]


def _vanishing(derivation: Derivation) -> list[Block]:
    """How far from 0 the gradient is at the stationary points."""
    rows: list[tuple[Cell, ...]] = []
    for each in derivation.of_kind("stationary"):
        if each.check is not None:
            left = (_math(names.gradient(each.of, each.wrt[0])), " at this ", _math(each.wrt[0]))
            rows.append((left, (f"{each.check.max_relative_error:.1e}",), ("vanishes" if each.check.holds else "does not vanish",)))
    said = "At random points the gradient was evaluated where it should vanish, in units of its size where the variable is 0:"
    return [Prose((said,)), Table(("gradient", "size", ""), tuple(rows))] if rows else []


def sizes_drawn(points: Sequence[Mapping[str, int]]) -> list[Inline]:
    """The sizes that were drawn, each point's once."""
    out: list[Inline] = []
    for point in dict.fromkeys(tuple(point.items()) for point in points if point):
        out.append("; " if out else " (sizes ")
        for i, (name, size) in enumerate(point):
            out += [", " if i else "", Math(Dim.of(name)), f" = {size}"]
    return [*out, ")"] if out else []


def _picture(network: Network) -> list[Block]:
    network = network.without_abbreviations()
    picture = picture_of(network)
    if picture is None or (picture.kind == "graph" and len(network.definitions) < 2):
        return []
    caption = {
        "layer": "Kept connections are drawn, dropped ones are faint.",
        "recurrence": "The quantities of the network, with the parameters on the arrows.",
        "graph": "The quantities of the network, with the parameters on the arrows.",
    }[picture.kind]
    return [Drawing(picture, caption)]
