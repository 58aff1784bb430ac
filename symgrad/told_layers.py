"""The layers that a sheet tells of one after the other, with what goes into each and comes out: what a claim can be about."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from symgrad import layer_text
from symgrad.layer_text import Mention, layer_of, mentions
from symgrad.layers import RECURRENT, SEPARABLE, WINDOWED, Layer, Volume, of_input
from symgrad.read.document import Sheet, told_in_code
from symgrad.tables import tables

_ALL = re.compile(r"(?i)\b(?:all|every|each|alle|jede|todas|toutes)\b")
_BREAK = re.compile(
    r"(?<!\b[a-z]\.[a-z])(?<!\bcf)(?<!\bvs)[.;](?=\s)|\n\s*\n|\n\s*(?=•|\d+[.)]\s|\(?[a-h]\)\s)"
    r"|\n[ \t]*(?=(?i:(?:conv|\w*pool\w*|fc|dense|linear|layer|lstm|gru|rnn|embedding|flatten|param\w*|output)\w*(?:[ _-]?\d+)?\s*[:(]))"
)
_OWN = ("filters", "height", "width", "inputs", "outputs", "state", "words", "features")  # sizes that tell one layer from another
# What has to be told of a layer to be one of the network, and not only spoken of.
_TELLING = {"convolution": ("filters", "height"), "transposed": ("filters", "height"), "pool": ("height",), "dense": ("outputs",)}


_SEPARABLE = re.compile(r"(?i)\bdepthwise[\s-]+separable\b|\bseparable\s+conv")
_STANDARD = re.compile(r"(?i)\b(?:standard|ordinary|regular)\s+(?:\w+\s+)?conv")
_PARTS = (
    ("depthwise", re.compile(""), ("channels", "height", "width")),
    ("convolution", re.compile(r"(?i)\bpointwise\b|\b1\s*×\s*1\b"), ("channels", "filters")),
    ("convolution", _STANDARD, ("channels", "filters", "height", "width")),
)


@dataclass
class Told:
    """A layer of the sheet with what goes in and comes out: one of several where not all is known."""

    kind: str
    number: int | None
    layers: tuple[Layer, ...]
    before: frozenset[Volume] = frozenset()
    after: frozenset[Volume] = frozenset()
    is_chained: bool = False
    is_in_table: bool = False
    claimed: set[int | None] = field(default_factory=set)

    @property
    def counts(self) -> frozenset[int]:
        return frozenset(count for layer in self.layers for count in layer.counts)


_PUT = tuple(
    (re.compile(pattern), put)
    for pattern, put in (
        (r"(?m)^[ \t]*(?:[-*+]|\\item(?:\[[^\]]*\])?)(?=\s)", "•"),
        (r"\\times(?![A-Za-z])", "×"),
        (r"(?<=[\d)])(?:\\?\*| \\?\*)(?= ?[\d(])", "·"),
        (r"(?:(?<=\d)|(?<=\d ))x(?= ?\d)", "×"),
        (r"\\cdot(?![A-Za-z])", "·"),
        (r"\\(?:to|rightarrow|longrightarrow|Rightarrow)(?![A-Za-z])", "→"),
        (r"\\langle(?![A-Za-z])", "⟨"),
        (r"\\rangle(?![A-Za-z])", "⟩"),
        (r"\\(?:textbf|textit|emph|text|mathrm|texttt|left|right)\b", ""),
        (r"\\[,;!: ]", ""),
        (r"-+>|=>", "→"),
        (r"---?", "–"),
        (r"(?<=\d)\{,\}(?=\d{3})", ""),
        (r"\\item\b", "•"),
        (r"[$*`~{}\[\]]|\\[()]", ""),
    )
)


def plain(source: str) -> str:
    """The text with signs as they are typed, and everything in its place."""
    text = source
    for pattern, put in _PUT:
        text = pattern.sub(lambda m, put=put: put.ljust(len(m[0])), text)  # type: ignore[misc]
    return text


def _bias(segments: Iterable[str]) -> tuple[bool | None, frozenset[str]]:
    """Whether the layers of a sheet have biases, None where it says nothing of them or both; and the kinds that are said to have none."""
    said: set[bool] = set()
    unbiased: set[str] = set()
    for segment in segments:
        text = layer_text.IN_CALLS.sub("", segment)
        kinds = {mention.kind for mention in mentions(text, 0, [])}
        if layer_text.BIAS.search(layer_text.NO_BIAS.sub("", text)) and "norm" not in kinds:
            said.add(True)
        if layer_text.NO_BIAS.search(text) and not layer_text.SUPPOSED.search(text):
            if not kinds or _ALL.search(text):
                said.add(False)
            unbiased |= kinds if not re.search(r"\d", text) else set()
    return said.pop() if len(said) == 1 else None, frozenset(unbiased)


class ToldLayers:
    """A sheet that is gone through for its layers."""

    def __init__(self, sheet: Sheet, biased: frozenset[str] = frozenset()) -> None:
        self.sheet = sheet
        self.text = plain(self._prose())
        self.bias, self.unbiased = _bias(self.text[begin:end] for begin, end in self.segments())
        self.biased = biased  # kinds of layers whose counts have biases all over the sheet
        self.volumes: frozenset[Volume] = frozenset()
        self.told: list[Told] = []
        self.current: list[Told] = []
        self.network: list[Told] = []
        self.is_topic = False  # whether a label says what a paragraph is about
        self.usual: dict[str, Layer] = {}
        self.separable: Layer | None = None  # what is told of a depthwise separable convolution, whose parts are told next
        self.is_in_table = False
        self.is_on_trust = False  # whether the volumes are as they are claimed, and nothing confirms it

    def _bias_of(self, kind: str) -> bool | None:
        return None if kind in self.unbiased else self.bias if self.bias is not None else True if kind in self.biased else None

    def _prose(self) -> str:
        text = told_in_code(self.sheet.source)
        self.tables = list(tables(self.sheet))
        for rows in self.tables:
            start, end = rows[0][0].span.start, max(row[-1].span.end for row in rows if row)
            start, end = text.rfind("\n", 0, start) + 1, text.find("\n", end)
            end = len(text) if end < 0 else end
            text = text[:start] + re.sub(r"[^\n]", " ", text[start:end]) + text[end:]
        return text

    def segments(self) -> Iterator[tuple[int, int]]:
        """Where its sentences, items and paragraphs begin and end."""
        begin = 0
        for stop in _BREAK.finditer(self.text):
            yield begin, stop.end()
            begin = stop.end()
        yield begin, len(self.text)

    def tell(self, mention: Mention) -> None:
        """The layer of a mention is what the next claims are about: a new one, or one that was told before."""
        if self.is_topic and mention.is_plural:
            return  # `Attention. Four linear layers …` tells of what the attention is made of
        is_line = any(len(volume.sides) == 1 for volume in self.volumes)
        layer = layer_of(mention, self._bias_of(mention.kind), is_line)
        if mention.kind == "other" and _SEPARABLE.search(mention.text):
            whole = layer_of(replace(mention, kind="convolution"), self.bias)
            self.separable = whole if whole is not None and {"channels", "filters", "width"} <= set(whole.sizes) else None
        old = self._told_before(mention)
        if mention.kind == "over all":
            self.volumes = frozenset(Volume(v.channels) for v in self.volumes)
            self.current = []
        elif layer is not None and _STANDARD.search(mention.text) and not set(layer.sizes) & set(_OWN):
            if self.separable is None:
                self.current = []  # one that another is compared with
            else:
                self._go_on(mention, layer)
        elif layer is None or (old and not self._is_anew(mention, layer, old)):
            self.current = [] if mention.is_supposed else old
            if not old and mention.kind == "other" and re.search(r"\d", mention.text) and not mention.is_supposed:
                self.volumes, self.network = frozenset(), []
        elif mention.is_plural and layer.kind in WINDOWED and "filters" not in layer.sizes:
            self.usual[layer.kind], self.current = layer, []
        else:
            self._go_on(mention, layer)

    def _told_before(self, mention: Mention) -> list[Told]:
        alike = [t for t in self.told if t.kind == mention.kind or (mention.kind == "layer" and t.kind not in ("pool", "flatten"))]
        numbered = [t for t in alike if t.number == mention.number]
        ordered = alike[mention.number - 1 : mention.number] if mention.number else []
        return numbered or ordered if mention.number else alike

    def _is_anew(self, mention: Mention, layer: Layer, old: Sequence[Told]) -> bool:
        """Whether the sizes that are told are those of another layer than those that a table, or its own name, tell of."""
        told = {name: size for name, size in layer.sizes.items() if name in _OWN}
        own = told or (self.usual[layer.kind].sizes if mention.is_first and layer.kind in self.usual else {})
        alike = [t for t in old if any(all(one.sizes.get(n) == size for n, size in told.items()) for one in t.layers)]
        is_again = any(t.is_in_table for t in alike) or (alike and (mention.number is not None or mention.is_known))
        return bool(own) and (self.is_in_table or not is_again)

    def _go_on(self, mention: Mention, layer: Layer) -> None:
        usual = self.usual.get(layer.kind)
        if usual is not None:
            layer = replace(layer, sizes={**usual.sizes, **layer.sizes}, padding=usual.padding if layer.padding is None else layer.padding)
        layer = self._part(mention, layer)
        flat = self.network and self.network[-1].kind in ("dense", "flatten") and layer.kind in WINDOWED
        volumes = frozenset(v for v in self.volumes if v.sides) if flat else self.volumes  # features have no window to slide over
        filled = {volume: of_input(layer, volume) for volume in volumes} if not (mention.is_supposed or self.is_on_trust) else {}
        layers = (*(filled.values() or (layer,)), *self._as_before(layer), *self._together_with(layer))
        after = frozenset(out for volume, one in filled.items() for out in one.after(volume))
        told = Told(layer.kind, mention.number, layers, self.volumes, after, is_in_table=self.is_in_table)
        if not after and not filled:
            after = layer.after(Volume(0)) if layer.kind in ("dense", "embedding", "lstm", "gru", "rnn") else frozenset()
            told.after = after
        told.is_chained = bool(filled) and (layer.kind not in RECURRENT | {"dense"} or self._fits(layer))
        self.current = [told]
        if not mention.is_supposed and (layer.kind not in _TELLING or set(layer.sizes) & set(_TELLING[layer.kind])):
            self.told.append(told)
            self.volumes, self.is_on_trust = told.after, False
            self.network.append(told)

    def _part(self, mention: Mention, layer: Layer) -> Layer:
        """A part of a depthwise separable convolution, or the usual one that it is compared with, with the sizes that were told of it."""
        if self.separable is None or set(layer.sizes) - {"height", "width"}:
            return layer
        names = next((names for kind, word, names in _PARTS if kind == layer.kind and word.search(mention.text)), ())
        own = {name: self.separable.sizes[name] for name in names}
        return replace(layer, sizes={**own, **layer.sizes}, bias=self.separable.bias if layer.bias is None else layer.bias)

    def _together_with(self, layer: Layer) -> Iterator[Layer]:
        """Both parts of a depthwise separable convolution, of which a count behind the second may be."""
        whole = self.separable
        if whole is not None and layer.kind == "convolution" and layer.sizes == {**layer.sizes, "height": 1, "width": 1}:
            sizes = {**layer.sizes, "height": whole.sizes["height"], "width": whole.sizes["width"]}
            yield replace(layer, sizes=sizes, own=SEPARABLE)

    def _as_before(self, layer: Layer) -> Iterator[Layer]:
        """A cell that nothing is told of may have the sizes of the one before: `an LSTM with …; a GRU has …`."""
        before = next((t for t in reversed(self.told) if t.kind in RECURRENT), None)
        if layer.kind in RECURRENT and not layer.sizes and before is not None:
            yield replace(layer, sizes=before.layers[0].sizes)

    def _fits(self, layer: Layer) -> bool:
        """Whether it takes what the layer before gives out."""
        told = layer.sizes.get("inputs")
        return layer.kind == "dense" if told is None else any(told in (v.entries, v.channels) for v in self.volumes)
