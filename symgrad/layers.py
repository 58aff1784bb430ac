r"""Layers, each kind a record: of which products of sizes its parameters are, and the size of what it gives out.

A convolution has $f c k^2$ weights and $f$ biases, an LSTM $4 (h d + h^2)$ and $4 h$. What people leave out or mistake in such a count is
made here too: a bias, a factor, the size of a neighbour, the gates of another cell.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from math import prod
from typing import Any

Size = int | str
Terms = Counter[tuple[Size, ...]]


def normal(terms: Terms) -> Terms:
    """Products as they are written, without ones; of names, `2 d f` is twice `d f`."""
    out: Terms = Counter()
    for factors, many in terms.items():
        numbers, letters = [n for n in factors if isinstance(n, int) and n != 1], [n for n in factors if isinstance(n, str)]
        if letters:
            out[tuple(sorted(letters))] += many * prod(numbers)
        else:
            out[tuple(sorted(numbers))] += many
    return out


@dataclass(frozen=True)
class Term:
    """A product of sizes, so many `times`: the $4 h d$ of an LSTM."""

    sizes: tuple[str, ...]
    times: int = 1
    is_bias: bool = False


@dataclass(frozen=True)
class Kind:
    """A kind of layer: its parameters, and the sizes that have to be told before anything is known of it."""

    words: str
    terms: tuple[Term, ...] = ()
    needs: tuple[str, ...] = ()
    mistaken: tuple[int, ...] = ()  # how many times its terms are sometimes taken


def _cell(words: str, gates: int, *mistaken: int) -> Kind:
    """A recurrent cell with so many gates, the candidate counted as one."""
    weights = Term(("state", "inputs"), gates), Term(("state", "state"), gates)
    return Kind(words, (*weights, Term(("state",), gates, True)), ("inputs", "state"), mistaken)


KINDS: Mapping[str, Kind] = {
    "convolution": Kind(
        "the convolution",
        (Term(("filters", "channels", "height", "width")), Term(("filters",), 1, True)),
        ("filters", "channels", "height", "width"),
    ),
    "depthwise": Kind(
        "the depthwise convolution",
        (Term(("channels", "height", "width")), Term(("channels",), 1, True)),
        ("channels", "height", "width"),
    ),
    "transposed": Kind(
        "the transposed convolution",
        (Term(("filters", "channels", "height", "width")), Term(("filters",), 1, True)),
        ("filters", "channels", "height", "width"),
    ),
    "dense": Kind("the linear layer", (Term(("inputs", "outputs")), Term(("outputs",), 1, True)), ("inputs", "outputs")),
    "embedding": Kind("the embedding", (Term(("words", "features")),), ("words", "features")),
    "norm": Kind("the norm", (Term(("features",), 2),), ("features",), (1,)),
    "rms norm": Kind("the norm", (Term(("features",)),), ("features",)),
    "rnn": _cell("the recurrent cell", 1),
    "gru": _cell("the GRU", 3, 4),
    "lstm": _cell("the LSTM", 4, 3),
    "attention": Kind("the attention", (Term(("features",) * 2, 4), Term(("features",), 4, True)), ("features",)),
    "feed-forward": Kind(
        "the feed-forward block",
        (
            Term(("features", "hidden")),
            Term(("hidden",), 1, True),
            Term(("hidden", "features")),
            Term(("features",), 1, True),
        ),
        ("features", "hidden"),
    ),
    "pool": Kind("the pooling"),
    "flatten": Kind("the flattened vector"),
}
SEPARABLE = Kind(
    "the depthwise separable convolution",
    (
        Term(("channels", "height", "width")),
        Term(("channels",), 1, True),
        Term(("channels", "filters")),
        Term(("filters",), 1, True),
    ),
    ("channels", "filters", "height", "width"),
)
WINDOWED = frozenset({"convolution", "transposed", "depthwise", "pool"})
RECURRENT = frozenset({"rnn", "gru", "lstm"})


def twice_biased(kind: str) -> Kind:
    """A cell that keeps a bias for its input and one for its state, as libraries do."""
    cell = KINDS[kind]
    return replace(cell, terms=tuple(replace(term, times=2 * term.times) if term.is_bias else term for term in cell.terms))


@dataclass(frozen=True)
class Volume:
    """What goes from layer to layer: channels (or features), at each place along some sides; no channels where nothing is said of them."""

    channels: int
    sides: tuple[int, ...] = ()

    @property
    def entries(self) -> int:
        return self.channels * prod(self.sides)

    @property
    def orders(self) -> frozenset[tuple[int, ...]]:
        """How it is written: channels first or last."""
        return frozenset({(self.channels, *self.sides) if self.channels else self.sides, self.written})

    @property
    def written(self) -> tuple[int, ...]:
        """Its sizes, channels last."""
        return (*self.sides, self.channels) if self.channels or not self.sides else self.sides

    def __str__(self) -> str:
        return "×".join(map(str, self.written))


@dataclass(frozen=True)
class Layer:
    """A layer as it is told: the sizes that are known, and whether there is a bias, where that is."""

    kind: str
    sizes: Mapping[str, Any] = field(default_factory=dict)
    bias: bool | None = None
    padding: int | None = None  # where it is not told, none or as much as keeps the size
    copies: int = 1  # cells that run both ways, biases that are kept twice

    own: Kind | None = None  # the record of several layers that are counted as one

    @property
    def record(self) -> Kind:
        return self.own or KINDS[self.kind]

    @property
    def paddings(self) -> frozenset[int]:
        """How much may be put around."""
        if self.padding is not None:
            return frozenset({self.padding})
        stride = self.sizes.get("stride", 1) if self.kind == "transposed" else 1
        same = (self.sizes.get("dilation", 1) * (self.sizes.get("width", 1) - 1) + 1 - stride) // 2
        return frozenset({0} if self.kind == "pool" else {0, same})

    @property
    def missing(self) -> tuple[str, ...]:
        """The sizes that its parameters are made of and that are not known."""
        return tuple(dict.fromkeys(size for term in self.record.terms for size in term.sizes if size not in self.sizes))

    @property
    def variants(self) -> tuple[tuple[Term, ...], ...]:
        """Its parameters, with and without biases where that is not told."""
        without = tuple(term for term in self.record.terms if not term.is_bias)
        return {True: (self.record.terms,), False: (without,), None: (self.record.terms, without)}[self.bias]

    @property
    def counts(self) -> frozenset[int]:
        """How many parameters it may have, where all its sizes are numbers."""
        is_known = not self.missing and all(isinstance(size, int) for size in self.sizes.values())
        return frozenset(self.copies * self.count(terms) for terms in self.variants) if is_known else frozenset()

    def count(self, terms: Collection[Term]) -> int:
        if any(isinstance(self.sizes[size], str) for term in terms for size in term.sizes):
            return -1
        return sum(term.times * prod(self.sizes[size] for size in term.sizes) for term in terms)

    def terms(self, of: Collection[Term]) -> Terms:
        """Products as the factors that are written: ones are not."""
        return normal(Counter((term.times, *(self.sizes[size] for size in term.sizes)) for term in of))

    def after(self, volume: Volume) -> frozenset[Volume]:
        """What it makes of its input; nothing where that is not known."""
        if self.kind == "flatten":
            return frozenset({Volume(volume.entries)})
        if self.kind in WINDOWED:
            many = (
                self.sizes.get("filters", None if volume.channels else 0) if self.kind in ("convolution", "transposed") else volume.channels
            )
            window = (self.sizes.get("height", 0), self.sizes.get("width", 0))[-len(volume.sides) :]
            if many is None or not volume.sides or 0 in window:
                return frozenset()
            return frozenset(
                Volume(many, sides) for sides in (self._slid(volume.sides, window, p) for p in self.paddings) if min(sides) > 0
            )
        name = {"dense": "outputs", "embedding": "features", "rnn": "state", "gru": "state", "lstm": "state"}.get(self.kind)
        if name is None:
            return frozenset({volume})
        is_flat = self.kind == "dense" and self.sizes.get("inputs") != volume.channels
        return frozenset({Volume(self.sizes[name], () if is_flat else volume.sides)} if name in self.sizes else ())

    def _slid(self, sides: tuple[int, ...], window: tuple[int, ...], padding: int) -> tuple[int, ...]:
        stride, dilation = self.sizes.get("stride", 1), self.sizes.get("dilation", 1)
        if self.kind == "transposed":
            return tuple((n - 1) * stride - 2 * padding + dilation * (k - 1) + 1 for n, k in zip(sides, window, strict=True))
        return tuple((n + 2 * padding - dilation * (k - 1) - 1) // max(stride, 1) + 1 for n, k in zip(sides, window, strict=True))


def stacked(widths: Sequence[int], bias: bool | None) -> Layer:
    """A fully connected network of such widths, counted as a whole."""
    names = [f"width {i}" for i in range(len(widths))]
    terms = [term for a, b in pairwise(names) for term in (Term((a, b)), Term((b,), 1, True))]
    return Layer("network", dict(zip(names, widths, strict=True)), bias, own=Kind("the network", tuple(terms)))


def of_input(layer: Layer, volume: Volume) -> Layer:
    """The layer with what it takes from its input: channels, features or inputs that are not told."""
    sizes = dict(layer.sizes)
    if not volume.channels and volume.sides:
        return layer
    if layer.kind == "depthwise":
        sizes.setdefault("channels", volume.channels)
    elif layer.kind in ("convolution", "transposed"):
        sizes.setdefault("channels", volume.channels // max(sizes.get("groups", 1), 1))
    elif layer.kind == "dense":
        sizes.setdefault("inputs", volume.entries)
    elif layer.kind in ("norm", "rms norm"):
        sizes.setdefault("features", volume.channels)
    return replace(layer, sizes=sizes)


@dataclass(frozen=True)
class Slip:
    """A count that is mistaken: its value, its products, and what is wrong with it."""

    value: int
    terms: Terms
    about: str


def slips(layer: Layer, others: Collection[int] | None) -> Iterator[Slip]:
    """The counts that come of one mistake; `others` are sizes round about, which may be taken for its own.

    None for these where the sizes themselves are drawn from what is counted: then a factor that is left out cannot be told.
    """
    for terms in layer.variants:
        weights = tuple(term for term in terms if not term.is_bias)
        biases = [term for term in terms if term.is_bias]
        if layer.bias and weights != terms:
            yield _slip(layer, weights, "the bias is left out")
        for bias in biases if layer.bias is not False and len(biases) > 1 else ():
            yield _slip(layer, tuple(t for t in terms if t != bias), f"the bias of {layer.sizes[bias.sizes[0]]} is left out")
        if layer.bias is False and weights != layer.record.terms:
            yield _slip(layer, layer.record.terms, "there is no bias")
        for times in layer.record.mistaken:
            gated = tuple(replace(term, times=times * term.times // terms[0].times) for term in terms)
            if times != terms[0].times:
                yield _slip(layer, gated, f"it has {terms[0].times}, not {times}, of these")
        for i, term in enumerate(terms if others is not None else ()):
            for j, size in enumerate(term.sizes):
                if layer.sizes[size] != 1:
                    left = replace(term, sizes=term.sizes[:j] + term.sizes[j + 1 :])
                    yield _slip(layer, (*terms[:i], left, *terms[i + 1 :]), f"a factor {layer.sizes[size]} is left out: the {size}")
                for other in {*(others or ()), *layer.sizes.values()} - {layer.sizes[size], 1}:
                    put = replace(layer, sizes={**layer.sizes, "another": other})
                    with_other = replace(term, sizes=(*term.sizes[:j], "another", *term.sizes[j + 1 :]))
                    about = f"{other} stands for {layer.sizes[size]}: the {size}"
                    yield _slip(put, (*terms[:i], with_other, *terms[i + 1 :]), about)


def _slip(layer: Layer, terms: tuple[Term, ...], about: str) -> Slip:
    return Slip(layer.copies * layer.count(terms), layer.terms(terms), about)
