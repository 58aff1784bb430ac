"""A layer with a given mask, neuron by neuron: dropped connections faint, dropped nodes crossed out."""

from __future__ import annotations

from symgrad.form import Form, rewrite_bottom_up, symbols
from symgrad.network import Definition, Network
from symgrad.pictures.picture import HEIGHT, MORE, Label, Link, Node, Picture, entry_label

_MOST = 8
_FIRST = 5
_WIDE = 10.0
_APART = 1.4
_MOST_LABELLED = 12


def masked_layer(network: Network, definition: Definition) -> Picture | None:
    """`z = (M ⊙ W) h`, `z = h (M ⊙ W)` or the mask on h instead, with the mask's entries given; None for anything else."""
    form = _opened(network, definition.form)
    if form.op != "matmul" or len(form.args) != 2:
        return None
    row = form.args[0].shape[0].is_one
    if not row and not form.args[1].shape[1].is_one:
        return None
    weight, vector = form.args[::-1] if row else form.args
    over_weights, over_nodes = _mask_of(network, weight), _mask_of(network, vector)
    found = over_weights or over_nodes
    entries = network.inputs[found].value if found else None
    source = next((s.name for s in symbols(vector) if s.name != over_nodes), None)
    if entries is None or source is None:
        return None
    sizes = network.sizes
    dim = definition.shape[1] if row else definition.shape[0]
    if not dim.symbols <= set(sizes):
        return None
    outputs = int(dim.evaluate(sizes))
    if over_weights:
        kept = [[bool(x) for x in line] for line in (zip(*entries, strict=True) if row else entries)]
    else:
        kept = [[bool(x) for line in entries for x in line]] * outputs
    named = next((s.name for s in symbols(weight) if s.name != over_weights), "")
    return _drawn(network.title, source, definition.name, named, kept, bool(over_nodes), row)


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


def _drawn(title: str, source: str, target: str, weight: str, kept: list[list[bool]], nodes: bool, row: bool) -> Picture:
    outputs, inputs = len(kept), len(kept[0])
    left, right = _shown(inputs), _shown(outputs)
    gone = {j for j in range(inputs) if nodes and not kept[0][j]}
    made = _column(source, left, "data", 0.0, gone) + _column(target, right, "definition", 0.0, set())
    wide = _WIDE + max(node.width for node in made)
    made = [node if i < len(left) else _moved(node, wide) for i, node in enumerate(made)]
    lines = [(a, len(left) + b, i, j) for b, i in enumerate(right) for a, j in enumerate(left) if i is not None and j is not None]
    labelled = weight and sum(kept[i][j] for _, _, i, j in lines) <= _MOST_LABELLED
    links = []
    for a, b, i, j in lines:
        label = entry_label(weight, *((j + 1, i + 1) if row else (i + 1, j + 1))) if labelled and kept[i][j] else None
        links.append(Link(a, b, label, (weight,) if label else (), not kept[i][j]))
    left_out = [
        f"{n} of {what}" for n, what in ((inputs - len(left) + 1, "the inputs"), (outputs - len(right) + 1, "the outputs")) if n > 1
    ]
    return Picture("layer", title, tuple(made), tuple(sorted(links, key=lambda link: not link.faint)), " and ".join(left_out))


def _shown(count: int) -> list[int | None]:
    """The numbers of the neurons that are drawn; None stands for those between."""
    if count <= _MOST:
        return list(range(count))
    return [*range(_FIRST), None, count - 1]


def _column(name: str, shown: list[int | None], role: str, x: float, gone: set[int]) -> list[Node]:
    out = []
    for k, i in enumerate(shown):
        y = (k - (len(shown) - 1) / 2) * (HEIGHT + _APART)
        if i is None:
            out.append(Node(MORE, "more", Label(r"\vdots", "⋮"), x, y))
        else:
            label = entry_label(name, i + 1)
            out.append(Node(f"{name}[{i + 1}]", role, label, x, y, i in gone))
    return out


def _moved(node: Node, x: float) -> Node:
    return Node(node.name, node.role, node.label, x, node.y, node.faint)
