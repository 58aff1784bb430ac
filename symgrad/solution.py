"""A derivation as a document: sections of prose, equations, tables, values and a picture, in a teacher's order.

    document ::= title, section*            section ::= title, level, block*
    block    ::= Prose | Equations | Table | Drawing

Emitters print a document; what is said, and in what order, is decided here.
"""

from __future__ import annotations

from dataclasses import dataclass

from symgrad import names
from symgrad.derivation import KINDS, Derivation, Step
from symgrad.dims import Dim, Shape
from symgrad.form import Form, matrix, symbol
from symgrad.network import Network
from symgrad.paper import SECTIONS, Part
from symgrad.picture import Picture, picture_of


@dataclass(frozen=True)
class Math:
    """Mathematics inside prose or a table: a form, a name, a shape or a dimension."""

    of: Form | Dim | Shape
    text: str = ""


Inline = str | Math


@dataclass(frozen=True)
class Prose:
    parts: tuple[Inline, ...]


@dataclass(frozen=True)
class Equations:
    steps: tuple[Step, ...]


@dataclass(frozen=True)
class Table:
    head: tuple[str, ...]
    rows: tuple[tuple[Inline, ...], ...]


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


def document(derivation: Derivation, shapes: bool = False) -> Document:
    """The worked solution of one network."""
    title = derivation.network.title or "Derivation"
    return Document(title, tuple(sections(derivation, SECTIONS, 1, shapes)))


def paper_document(title: str, worked: list[tuple[Part, Derivation]], shapes: bool = False) -> Document:
    """The worked solutions of a whole sheet."""
    found: list[Section] = []
    for part, derivation in worked:
        found.append(Section(part.title, 1, (Prose((part.remark,)),) if part.remark else ()))
        found += sections(derivation, part.show, 2, shapes)
    return Document(title, tuple(found))


def sections(derivation: Derivation, wanted: tuple[str, ...], level: int, shapes: bool) -> list[Section]:
    """The sections that apply, in order."""
    makers = {
        "picture": lambda: _picture(derivation.network),
        "network": lambda: _network(derivation, shapes),
        "shapes": lambda: _shapes(derivation.network),
        "differentials": lambda: _steps(derivation, "differential"),
        "gradients": lambda: _gradients(derivation),
        "written out": lambda: _steps(derivation, "written out"),
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
        if name in wanted and (blocks := makers[name]()):
            out.append(Section(titles[name], level, tuple(blocks)))
    return out


def _of_kind(derivation: Derivation, kind: str) -> tuple[Step, ...]:
    return tuple(step for step in derivation.steps if step.kind == kind)


def _steps(derivation: Derivation, kind: str) -> list[Block]:
    steps = _of_kind(derivation, kind)
    return [Equations(steps)] if steps else []


def _math(name: str, shape: Shape = ()) -> Math:
    return Math(symbol(name, shape))


def _network(derivation: Derivation, shapes: bool) -> list[Block]:
    network = derivation.network
    groups: list[Inline] = []
    for role, plural in (("parameter", "parameters"), ("data", "data"), ("mask", "masks"), ("input", "inputs")):
        items = [item for item in network.inputs.values() if item.role == role and network.uses[item.name]]
        if not items:
            continue
        groups.append(("; " if groups else "With ") + (role if len(items) == 1 else plural) + " ")
        for i, item in enumerate(items):
            groups += [", " if i else "", _math(item.name), " (", Math(item.shape), ")"]
    blocks: list[Block] = [Equations(_of_kind(derivation, "definition"))]
    if groups:
        blocks.insert(0, Prose((*groups, ".")))
    if derivation.of:
        blocks.append(Prose(_wanted(derivation)))
    return blocks


def _wanted(derivation: Derivation) -> tuple[Inline, ...]:
    out: list[Inline] = ["Wanted: "]
    for i, name in enumerate(derivation.wrt):
        out += [", " if i else "", _math(names.gradient(str(derivation.of), name))]
    layout = "in the shape of the variable" if derivation.layout == "denominator" else "in the transposed shape of the variable"
    return (*out, f"; every gradient is written {layout} ({derivation.layout} layout).")


def _shapes(network: Network) -> list[Block]:
    rows: list[tuple[Inline, ...]] = []
    counts: list[tuple[Inline, ...]] = []
    total = Dim.of(0)
    for item in network.inputs.values():
        if network.uses[item.name]:
            rows.append((_math(item.name), item.role, Math(item.shape)))
    for definition in network.definitions.values():
        rows.append((_math(definition.name), "definition", Math(definition.shape)))
    for item in network.parameters:
        count = entries(item.shape)
        total = total + count
        counts.append((_math(item.name), Math(item.shape), Math(count)))
    blocks: list[Block] = [Table(("name", "role", "shape"), tuple(rows))]
    if counts:
        counts.append(("total", "", Math(total, total.factored())))
        blocks.append(Table(("parameter", "shape", "entries"), tuple(counts)))
    for condition in network.conditions:
        blocks.append(Prose((f"The shapes ask that {condition}.",)))
    return blocks


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
    if not derivation.of:
        return []
    blocks: list[Block] = [Equations(_of_kind(derivation, "gradient"))]
    shared = [s for s in _of_kind(derivation, "gradient") if "every use" in s.rule]
    if shared:
        said = "In a sum over uses, the last factor is the direct dependence: all other quantities are held fixed."
        blocks.insert(0, Prose((said,)))
    if derivation.conventions:
        blocks.append(Prose(("At the kinks: " + "; ".join(derivation.conventions) + ".",)))
    return blocks


def _values(derivation: Derivation) -> list[Block]:
    steps = _of_kind(derivation, "value")
    if not steps:
        return []
    given: list[Inline] = ["Given "]
    items = [item for item in derivation.network.inputs.values() if item.value is not None]
    for i, item in enumerate(items):
        assert item.value is not None
        given += [", " if i else "", _math(item.name), " = ", Math(matrix(item.value))]
    return [Prose((*given, ".")), Equations(steps)]


def _check(derivation: Derivation) -> list[Block]:
    report = derivation.report
    if not derivation.of:
        return []
    if report is None:
        return [Prose(("The gradients were not checked, as asked.",))]
    rows: list[tuple[Inline, ...]] = []
    for check in report.checks.values():
        name = _math(names.gradient(derivation.of, check.wrt))
        rows.append((name, f"{check.max_relative_error:.1e}", "agrees" if check.holds else "disagrees"))
    sizes = "; ".join(
        dict.fromkeys(", ".join(f"{names.text(k)} = {v}" for k, v in point.items()) for point in report.sizes if point)
    )
    where = f" (sizes {sizes})" if sizes else ""
    points = max(check.points for check in report.checks.values())
    said = (
        f"Every formula above was compared with central finite differences in float64 at {points} random points{where}, along "
        "random directions. The largest relative errors:"
    )
    most = 12
    if len(rows) > most:
        worst = max(report.checks.values(), key=lambda check: check.max_relative_error)
        summary = f"{len(rows)} gradients agree; the largest relative error is {worst.max_relative_error:.1e}, in "
        return [Prose((said,)), Prose((summary, _math(names.gradient(derivation.of, worst.wrt)), "."))]
    return [Prose((said,)), Table(("gradient", "error", ""), tuple(rows))]


def _picture(network: Network) -> list[Block]:
    picture = picture_of(network)
    if picture is None:
        return []
    caption = {
        "layer": "Kept connections are drawn, dropped ones are faint.",
        "graph": "The quantities of the network, with the parameters on the arrows.",
    }[picture.kind]
    return [Drawing(picture, caption)]
