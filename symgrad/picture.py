"""The picture of a network as data: points with labels, and lines between them. Emitters draw it.

A layer whose mask is given is drawn neuron by neuron, dropped lines faint. Any other network is drawn as the graph of its
quantities from left to right, the parameters written on the arrows, so that a shared weight shows on every arrow it is on.
"""

from __future__ import annotations

from dataclasses import dataclass

from symgrad import names
from symgrad.form import Form, rewrite_bottom_up, symbols, walk
from symgrad.network import Definition, Network

_MOST_NEURONS = 12
_MOST_POINTS = 40


@dataclass(frozen=True)
class Point:
    """A quantity at (x, y), in units of one arrow; `faint` when it is dropped."""

    name: str
    x: float
    y: float
    faint: bool = False


@dataclass(frozen=True)
class Line:
    """An arrow between two points; `label` is the name of the parameter on it."""

    start: int
    end: int
    label: str = ""
    faint: bool = False


@dataclass(frozen=True)
class Picture:
    """`kind` is "layer" or "graph"; lines refer to points by their place."""

    kind: str
    points: tuple[Point, ...]
    lines: tuple[Line, ...]


def picture_of(network: Network) -> Picture | None:
    """The picture, or None for a network with too many quantities to be told apart."""
    for definition in network.definitions.values():
        layer = _masked_layer(network, definition)
        if layer is not None:
            return layer
    return _graph(network)


def _masked_layer(network: Network, definition: Definition) -> Picture | None:
    """`z = (M ⊙ W) h` or `z = W (m ⊙ h)` with the mask's entries given."""
    form = _opened(network, definition.form)
    if form.op != "matmul" or len(form.args) != 2 or not form.args[1].shape[1].is_one:
        return None
    weight, vector = form.args
    over_weights, over_nodes = _mask_of(network, weight), _mask_of(network, vector)
    found = over_weights or over_nodes
    if found is None:
        return None
    rows = network.inputs[found].value
    source = next((s.name for s in symbols(vector) if s.name != over_nodes), None)
    if rows is None or source is None or len(rows) + len(rows[0]) > _MOST_NEURONS:
        return None
    inputs = len(rows[0]) if over_weights else len(rows)
    outputs = len(rows) if over_weights else next(iter(_output_sizes(network, definition)), 0)
    if not outputs:
        return None
    kept = [[bool(rows[i][j]) if over_weights else bool(rows[j][0]) for j in range(inputs)] for i in range(outputs)]
    return _layer(source, definition.name, kept, bool(over_nodes))


def _output_sizes(network: Network, definition: Definition) -> list[int]:
    sizes = network.sizes
    dim = definition.shape[0]
    return [int(dim.evaluate(sizes))] if dim.symbols <= set(sizes) else []


def _opened(network: Network, form: Form) -> Form:
    """The product with a named masked weight or vector replaced by its definition."""

    def change(f: Form) -> Form:
        if f.op == "symbol" and f.name in network.definitions:
            inner = network.definitions[f.name].form
            if _mask_of(network, inner):
                return inner
        return f

    return rewrite_bottom_up(form, change)


def _mask_of(network: Network, form: Form) -> str | None:
    if form.op != "hadamard":
        return None
    for arg in form.args:
        item = network.inputs.get(arg.name) if arg.op == "symbol" else None
        if item is not None and item.role == "mask":
            return item.name
    return None


def _layer(source: str, target: str, kept: list[list[bool]], nodes: bool) -> Picture:
    outputs, inputs = len(kept), len(kept[0])
    gone = [nodes and not any(row[j] for row in kept) for j in range(inputs)]
    points = [Point(f"{source}[{j + 1}]", 0.0, (inputs - 1) / 2 - j, gone[j]) for j in range(inputs)]
    points += [Point(f"{target}[{i + 1}]", 3.0, (outputs - 1) / 2 - i) for i in range(outputs)]
    lines = [Line(j, inputs + i, "", not kept[i][j]) for i in range(outputs) for j in range(inputs)]
    return Picture("layer", tuple(points), tuple(sorted(lines, key=lambda line: not line.faint)))


def entry_label(name: str) -> tuple[str, int]:
    """A neuron's quantity and its number: `h[2]` → ("h", 2)."""
    head, _, number = name.rpartition("[")
    return head, int(number.rstrip("]"))


def _graph(network: Network) -> Picture | None:
    """Quantities by depth; a definition stands one arrow to the right of the last definition it uses."""
    shown = [n for n, item in network.inputs.items() if item.role not in ("parameter", "mask") and network.uses[n]]
    shown += list(network.definitions)
    if len(shown) > _MOST_POINTS or len(network.definitions) < 2:
        return None
    depth: dict[str, int] = {}
    for definition in network.definitions.values():
        before = [depth[s.name] for s in symbols(definition.form) if s.name in network.definitions]
        depth[definition.name] = max(before, default=0) + 1
    for name in shown:
        if name in network.inputs:
            depth[name] = min(depth[user] for user in network.uses[name]) - 1
    # An initial state stands in the line of its recurrence; data below what uses it.
    recurrent = {name for name in shown if name in network.inputs and _starts_recurrence(network, name)}
    filled: dict[int, int] = {}
    points: list[Point] = []
    place: dict[str, int] = {}
    for name in [*network.definitions, *(n for n in shown if n in network.inputs)]:
        below = name in network.inputs and name not in recurrent
        x = depth[name] + (1 if below else 0)
        row = filled.get(x, 0 if not below else 1)
        row = max(row, 1) if below else row
        filled[x] = row + 1
        place[name] = len(points)
        points.append(Point(name, float(x), float(-row)))
    lines = []
    for definition in network.definitions.values():
        for used in symbols(definition.form):
            if used.name in place:
                label = _label(network, definition.form, used)
                lines.append(Line(place[used.name], place[definition.name], label))
    return Picture("graph", tuple(points), tuple(lines))


def _starts_recurrence(network: Network, name: str) -> bool:
    found = names.step_index(name)
    return found is not None and any(names.step_index(d) == (found[0], found[1] + 1) for d in network.definitions)


def _label(network: Network, form: Form, used: Form) -> str:
    """The parameter that multiplies the quantity in this definition."""
    for f in walk(form):
        if f.op == "matmul" and any(used in symbols(arg) for arg in f.args):
            for s in symbols(f):
                if s.name in network.inputs and network.inputs[s.name].role == "parameter":
                    return s.name
    return ""
