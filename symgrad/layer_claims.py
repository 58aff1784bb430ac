r"""What a sheet claims of the layers that it tells of: the sizes of their outputs, the numbers of their parameters, and totals of these.

A claim belongs to the layer that its sentence, item or row names, or to the one before where it names nothing else. It is wrong where its
words say what it counts and nothing that they may mean comes to that, or where its products are those of a known slip. What the words do
not settle is left alone; after a size that is wrong the next layer may go on from either.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import NamedTuple

from symgrad import layer_text
from symgrad import syntax as sx
from symgrad.constant import constant_of
from symgrad.findings import BY_CODE
from symgrad.layer_text import mentions, volume_of
from symgrad.layers import RECURRENT, WINDOWED, Layer, Size, Terms, Volume, of_input, slips, stacked
from symgrad.products import formula, terms_of
from symgrad.read.document import Sheet, Statement
from symgrad.read.latex import parse
from symgrad.span import Span
from symgrad.syntax import Node
from symgrad.tables import Cell
from symgrad.told_layers import Told, ToldLayers, plain
from symgrad.verification import Claim, Finding

_PARAMETERS = re.compile(r"(?i)\b(?:param|weights|gewichte|poids|pesos|par[áâà]m)\w*|#\s*param")
_PLAIN_LAYERS = ("convolution", "dense", "lstm", "gru", "rnn")
_NORMALISED = re.compile(r"(?i)\bnorm(?:ali[sz]\w+)?\b|\b(?:batch|layer|group)[- ]?norm|\bbn\b")
_WEIGHTS = re.compile(r"(?i)\b(?:weights?|gewichte|poids|pesos)\b(?! and bias)")
_WITH_BIASES = re.compile(r"(?i)\bweights?\s+and\s+\d+\s+bias\w*")
_OF_ONE = re.compile(r"(?i)\b(?:per|a|each|one|jede[rs]?|cada|pro)\s+(?:filter|kernel|filtro)")
# What else is counted, and what makes a count one of some part, or of several.
_OTHER_COUNT = re.compile(
    r"(?i)\b(?:multipl\w*|macs?|flops?|operations|bytes?|memory|connections|values|activations?|bits?|kb|mb|fewer"
    r"|(?<!with )(?<!and )biases|difference|factor"
    r"|ratio|saves?|zahlen|eintr[äa]ge)\b|¦.*\b(?:entries|numbers|features|outputs?|inputs?|elements|steps|entradas)\b"
)
_COUNTED = re.compile(r"(?i)\b(?:multipl(?:ic|y)\w*|mults?|macs?|madds?|flops?|operations|bytes?|memory|activations|parameters)\b")
_SHARED = re.compile(
    r"(?i)\b(?:per|each|every|one|single|both|twice|double[sd]?|all|together|heads?|blocks?|layers|gates?|times"
    r"|directions?|of which|only|half|first|last)\b"
)
_TOTAL = re.compile(
    r"(?i)\b(?:total|altogether|in all|overall|(?:whole|entire|full) (?:network|model|net|cnn)|sum(?:ming)?(?: up)?"
    r"|insgesamt|zusammen|gesamt\w*|en tout|somme|suma)\b"
)
_OUTPUT = re.compile(
    r"(?i)(?:\b(?:outputs?|gives?|giving|becomes?|leaves|leaving|produc\w*|yields?|turns|into|to|so|hence|thus|i\.\s?e\.|ausgabe|also|salida"
    r"|sortie|now|shrinks|get|we have|after|it is|es ist)\b|→|⇒|:\s*$)[^.;]{0,30}$"
)
_NOT_OUTPUT = re.compile(r"(?i)\b(?:inputs?|takes?|filters?|kernels?|weights?|windows?|from|size|eingabe|gewicht\w*|entrada|W)\W*$")
# What is no claim: a stride that is told, and the input, which is gone from the text.
_SETTING = re.compile(r"\s*(?:[sSpPfFkK]\s*=\s*\d+\s*)?$")
_OF_A_FILTER = re.compile(r"(?i)\b(?:filters?|kernels?)\s+(?:(?:of|with)\s+)?(?:(?:size|shape)\s+)?$")
_OF_THE_WEIGHTS = re.compile(r"(?i)^\W*(?:filters?|kernels?|weights?|windows?|images?|inputs?|convolutions?)\b")
_SIDE = re.compile(r"(?i)^(?:[hwlnto]_?(?:out|o|new)\w*|O|outputs?(?:size|width|height|length)?)$")
_SIDE_IN_WORDS = re.compile(
    r"(?i)\b(?:output (?:width|height|size|length|side)|spatial size|side|height|width|length|seitenl[äa]nge|positions)\b[^.;]{0,25}$"
)
_SHAPE = re.compile(r"(?<![\w×.])(\d+(?:\s*×\s*\d+)+)(?!\s*[×·=+]|\w)|\(\s*((?:(?:\w+|batch size)\s*,\s*)+\d+)\s*\)|⟨\s*([\w\s×,]+?)\s*⟩")
_RESHAPED = re.compile(r"(?i)\breshaped?\s+(?:it\s+)?(?:in)?to\s+\(?(\d+)\s*[×,]\s*(\d+)\s*[×,]\s*(\d+)(?!\s*[×,])")
_IN_COLUMN, _WHOLE = re.compile(r"(?i)\W*(?:inputs?|in|eingabe|entrada)\b"), re.compile(r"\s*\d+(?:(?:\s*×\s*\d+){2})?\s*")
_LABELLED = re.compile(r"\s*(?:\*\*\s+)?(?:\*{1,2}(?=[^\s*])|\\paragraph\{|\\(?:textbf|emph)\{)")
_HEADING = re.compile(r"(?m)^\s*(?:#{1,6}\s[^\n]*|\\(?:sub)*section[^\n]*)")
_ROLES = tuple(
    (role, re.compile(rf"(?i){pattern}"))
    for role, pattern in (
        ("parameters", r"\b(?:param|par[áâà]m)\w*|#"),
        ("weights", r"\b(?:weights|gewichte|poids|pesos)\b"),
        ("biases", r"\b(?:bias(?:es)?|biais|sesgos)\b"),
        ("total", r"\b(?:total|sum|gesamt|summe)\b"),
        ("output", r"\b(?:outputs?|out|shape|ausgabe|salida|sortie)\b"),
    )
)
# Words that speak of the layer before, and of nothing else.
_STOCK = re.compile(
    r"(?i)^(?:the|its?|it|this|that|layer|outputs?|sizes?|shapes?|width|height|length|side|spatial|dimensions?|params?|parameters?|weights?|bias(?:es)?"
    r"|filters?|number|count|has|have|having|are|is|gives?|becomes|therefore|thus|hence|so|then|and|with|one|for|of|in|each|now|which|we|get|again|also"
    r"|learnable|trainable|stays?|same|there|e|g|i|makes?|needs?|contains?|per|a|an|to|these|since|because|as|learn|nothing|calculation|map|maps|feature|volumes?"
    r"|tensors?|activations?|result|resulting|new|will|be|rounded|down|up"
    r"|anzahl|der|die|das|parameter[ns]?|ausgabe|größe|seitenlänge|also|hat|sie|dann|ist|es|el|la|los|salida|tiene|número|parámetros|de|tamaño|su|entonces|luego"
    r"|nombre|param[eè]tres|sortie|est|taille|donc|elle|il|le|ainsi|größe|seine|ihre|damit|somit"
    r"|text|mathrm|par|noindent|z|b)$"
)
_MOST_MISSING = 3
# A sum of products that is worked out where it stands between words: `32 input channels: 64·32·3·3 = 18432 parameters`.
_TERM = r"(?:\d[\d\s()·×*+]*[\d)]|\([\d\s()·×*+]*[\d)]|\d)"
_TYPED = re.compile(rf"(?<![\w^.,]){_TERM}(?:\s*=\s*{_TERM})+(?!\w|[.,]\d|\s*[\d·×*+/^%=(–-])")
_APART = re.compile(r"\d\s+[\d(]")
_NOT_THIS = re.compile(r"(?i)\b(?:without|shar\w+|frozen|pre-?trained|after|left|remain\w*|prun\w*|ohne|sans|sin)\b")
_WORD = re.compile(r"[^\W\d_]{2,}$")
_GOES_ON = re.compile(r"[\w=+*·×/^()\\–-]\s*$|,$")
# A number of parameters without a formula.
_COUNT_WORD = r"(?:param\w*|par[áâà]m\w*)"
_ADJECTIVES = r"(?:(?:trainable|learnable|free|lernbare|freie|trainierbare)\s+)?"
_LONE = re.compile(
    rf"(?i)(?:\b(?:{_COUNT_WORD}|totals?|sum|summe|suma|somme|in\s+all|altogether|insgesamt|zusammen|gesamt|en\s+tout)"
    r"(?:\s*(?::|=|\bis|\bare|\bof|\bhas|\bsind|\bhat|\bdes?|\bson|\best))*\s*(?P<behind>\d+(?:,\d{3})*))"
    rf"(?![\w,]*\.?\d|\w|\s*(?:[·×*+/^%=–(-]|million|thousand|k\b))"
    rf"|(?<![\w.,=+*·×/^≈~–(-])(?<![=+*·×/≈~–-]\s)(?P<before>\d+(?:,\d{{3}})*)\s+{_ADJECTIVES}{_COUNT_WORD}\b"
)
_STATED = re.compile(rf"(?i)=\s*(\d+(?:,\d{{3}})*)\b|\b(\d+(?:,\d{{3}})*)\s+{_ADJECTIVES}(?:weights?|bias\w*|{_COUNT_WORD})")
_ROUGHLY = re.compile(
    r"(?i)(?:\b(?:about|around|roughly|approximately|approx\.?|nearly|almost|over|more\s+than|less\s+than|than|fewer|only|another|extra|additional"
    r"|circa|ca\.|etwa|rund|fast|environ|unos|another|by|saves?)|[≈~≥≤<>])\s*$"
)


class _Words(NamedTuple):
    """The words around a claim: those before it, as far as the claim before that, and those behind it."""

    before: str
    after: str
    is_strange: bool  # whether the sentence names no layer, and speaks of more than the one before
    subject: str = ""  # what else its section or its list counts, where that is no number of parameters

    @property
    def all(self) -> str:
        return f"{self.subject} {self.before[-60:]} ¦ {self.after[:25]}"


@dataclass(frozen=True)
class _Found:
    claim: Claim
    findings: list[Finding]
    is_explained: bool = False


def layered(sheet: Sheet) -> list[tuple[Claim, list[Finding]]]:
    """The claims about layers, with what is wrong about them; none that are not explained where more are wrong than hold."""
    reading = _Reading(sheet)
    found = list(reading.found())
    if reading.usually_biased:
        found = list(_Reading(sheet, reading.usually_biased).found())
    holding = sum(f.claim.verdict == "holds" for f in found)
    failing = len(found) - holding
    kept = [f for f in found if f.claim.verdict == "holds" or (failing <= holding + 1 if f.is_explained else failing <= holding)]
    return [(f.claim, f.findings) for f in kept]


class _Reading(ToldLayers):
    """A sheet that is gone through for its layers, and for what is claimed of each."""

    def __init__(self, sheet: Sheet, biased: frozenset[str] = frozenset()) -> None:
        super().__init__(sheet, biased)
        self.counted: Counter[tuple[str, bool]] = Counter()  # counts that are right with a bias only, or without
        self.statements = [s for s in sheet.statements if not isinstance(s.node, sx.Unread)]
        self.widths: set[int] = set()
        self.groups: list[list[Told]] = []  # the layers of each of these
        self.latest: Told | None = None  # the layer that was counted last
        self.is_counting = False  # whether the sentence before says that parameters are counted from here on
        self.typed: set[Span] = set()  # where something is worked out that only is read here
        self.stacks: list[Told] = []  # networks that are told by their widths, whole and by layers
        self.section, self.list_of = "", ""  # what the label of a section says, and the words that a list comes after

    @property
    def usually_biased(self) -> frozenset[str]:
        """Kinds of layers that nothing is said of, and that are counted with biases but for one count at most."""
        with_bias = {kind for (kind, has), many in self.counted.items() if has and many > 1 >= self.counted[kind, False]}
        found = set(with_bias if sum(self.counted[kind, True] for kind in with_bias) > 2 else ())
        # One layer of a small network, all the others of which have theirs, unless what follows it takes the place of a bias.
        has, has_not = (sum(self.counted[kind, biased] for kind in _PLAIN_LAYERS) for biased in (True, False))
        if has_not == 1 <= has and not _NORMALISED.search(self.sheet.source.text):
            found |= {kind for kind in _PLAIN_LAYERS if self.counted[kind, False]}
        return frozenset(found)

    def found(self) -> Iterator[_Found]:
        for at, told in layer_text.widths(self.text):
            bias = self._bias_of("dense")
            layers = layer_text.dense_of(told, bias)
            made = [Told("dense", i, (layer,), is_chained=True) for i, layer in enumerate(layers, 1)]
            self.widths.add(at)
            self.groups.append(made)
            self.stacks += [Told("network", None, (stacked(told, bias),)), *made]
            self.network, self.told = list(self.network or made), [*self.told, *made]
        stretches: list[tuple[int, int, list[list[Cell]] | None]] = [(begin, end, None) for begin, end in self.segments()]
        stretches += [(rows[0][0].span.start, rows[0][0].span.start, rows) for rows in self.tables if rows[0]]
        for begin, end, rows in sorted(stretches, key=lambda s: s[:2]):
            yield from self._segment(begin, end) if rows is None else self._table(rows)

    # ── claims in the text ───────────────────────────────────────────────────────────────────────────────────────────

    def _segment(self, begin: int, end: int) -> Iterator[_Found]:
        text = self.text[begin:end]
        heading = _HEADING.search(text)
        if heading is not None:
            self.current, self.is_topic = [], False
            text = re.sub(r"[^\n]", " ", text[: heading.end()]) + text[heading.end() :]
        subject = self._subject(begin, end, heading)
        within = layer_text.taken(text)  # `a conv layer takes a 32×32×3 image`
        if within is not None and self._goes_in(text, *within[1:]):
            text = text[: within[1]] + " " * (within[2] - within[1]) + text[within[2] :]
        else:
            within = None
        claims = self._claims(text, begin)
        named = mentions(text, begin, [(span.start - begin, span.end - begin) for span, _ in claims])
        if any(begin <= at < end for at in self.widths):
            named, self.current = [], []
        if not self.told and all(mention.kind == "layer" for mention in named):
            named = []
        volume = volume_of(text[: named[0].at - begin] if named else text)
        if volume is None and within is not None:
            if not named:
                self._with_input(within[0])
            elif within[0] not in self.volumes:
                is_pooled = within[0].channels in {v.channels for v in self.volumes}  # by a layer that is not told
                self.volumes, self.network = frozenset({within[0]}), self.network if is_pooled else []
        elif volume is not None:
            self.volumes, self.current, self.network = frozenset({volume}), [], []
            # The sizes of the input are not those of the layer that it goes through.
            named[:1] = [replace(m, text=m.text.removeprefix(text[: m.at - begin])) for m in named[:1]]
        stops = [begin]
        is_carried, is_stock, is_counted = True, True, False
        waiting = list(named)
        taken: Counter[int] = Counter()
        for span, statement in claims:
            while waiting and waiting[0].at < span.start:
                self.tell(waiting.pop(0))
                is_carried, taken = False, Counter()
            following = next((s.start for s, _ in claims if s.start > span.start), end)
            is_stock = is_stock and _is_stock(self.text[stops[-1] : span.start])
            words = _Words(self.text[stops[-1] : span.start], self.text[span.end : following], is_carried and not is_stock, subject)
            stops.append(span.end)
            is_anew = not named and self._with_settings(words.before)
            if statement is None:
                yield from self._shape(span, words._replace(is_strange=words.is_strange and not is_anew))
                continue
            if isinstance(statement, int):
                yield from () if subject else self._alone(span, statement, words)
                continue
            if span in self.typed:
                yield from self._worked_out(statement)
            is_counted = bool(_PARAMETERS.search(words.all)) or (is_counted and not _OTHER_COUNT.search(words.all))
            if _TOTAL.search(words.before[-80:]) or _TOTAL.search(words.after[:30]):
                yield from () if subject else self._total(statement)
                continue
            about = self.current
            if len(about) > 1:
                taken[0] += 1
                about = about[taken[0] - 1 : taken[0]] if len(claims) == len(about) else about
            if words.is_strange or not about:
                yield from self._by_products(
                    statement, words, self.current if self.is_topic else self.stacks if is_counted or self.is_counting else []
                )
            else:
                yield from self._number(statement, words, about, is_counted)
        for mention in waiting:
            self.tell(mention)
        shaped = _RESHAPED.search(text)
        if shaped is not None and not any(mention.at > begin + shaped.start() for mention in named):
            a, b, c = (int(n) for n in shaped.groups())
            self.volumes = frozenset({Volume(a, (b, c)) if b == c != a else Volume(c, (a, b))})
        if text.strip() and (heading is not None or named or not claims or _OTHER_COUNT.search(text)):
            self.is_counting = bool(_PARAMETERS.search(self.text[begin:end])) and not claims
        if named and not (self.is_topic and all(mention.is_plural for mention in named)):
            self.is_topic = bool(_LABELLED.match(self.sheet.source.text, begin)) and not claims

    def _goes_in(self, text: str, start: int, end: int) -> bool:
        """Whether an input is that of the first layer that a sentence tells of, or of the one before where it tells of none."""
        named = mentions(text[:start] + " " * (end - start) + text[end:], 0, [])
        if not named:
            told = self.current[0] if len(self.current) == 1 else None
            return told is not None and told.kind in WINDOWED and not told.before and "width" in told.layers[0].sizes
        return all(mention.at > start for mention in named[1:]) and (named[0].at < start or named[0].kind in WINDOWED)

    def _with_input(self, volume: Volume) -> None:
        """The layer before, with an input that is told after it."""
        told = self.current[0]
        layer = told.layers[0]
        if not volume.channels and "channels" in layer.sizes:
            volume = Volume(layer.sizes["channels"], volume.sides)
        layer = of_input(layer, volume)
        told.layers, told.before, told.after = (layer,), frozenset({volume}), layer.after(volume)
        self.volumes = told.after

    def _with_settings(self, words: str) -> bool:
        """Whether the layer before is told with another stride or padding: `with stride 2 it is …`."""
        stride, padding = layer_text.settings(words)
        if len(self.current) != 1 or self.current[0].kind not in WINDOWED or (stride is None and padding is None):
            return False
        told = self.current[0]
        sizes = {**told.layers[0].sizes} if stride is None else {**told.layers[0].sizes, "stride": stride}
        layer = replace(told.layers[0], sizes=sizes, padding=told.layers[0].padding if padding is None else padding)
        after = frozenset(out for v in told.before for out in layer.after(v))
        self.current = [Told(told.kind, told.number, (layer,), told.before, after)]
        return True

    def _subject(self, begin: int, end: int, heading: re.Match[str] | None) -> str:
        """The words by which something else than parameters is counted from here on: "Multiplications", "it costs k² C of them, so"."""
        text = self.text[begin:end]
        if heading is not None or _LABELLED.match(self.sheet.source.text, begin):
            self.section, self.list_of = text if heading is None else heading[0], ""
        elif not text.startswith("•"):
            self.list_of = text
        said = next((said for said in (self.list_of, self.section) if _COUNTED.search(said)), "")
        found = None if _PARAMETERS.search(said) else _COUNTED.search(said)
        return "" if found is None else found[0]

    def _claims(self, text: str, begin: int) -> list[tuple[Span, Statement | int | None]]:
        """What may claim something: numbers that are worked out, those that stand alone, and shapes; in order."""
        end = begin + len(text)
        inside = [s for s in self.statements if begin <= s.span.start < end]
        inside += self._typed(text, begin, inside)
        counted: list[tuple[Span, Statement | int | None]] = [(s.span, s) for s in inside if formula(s.node) is not None]
        counted = [(s, node) for s, node in counted if not _SETTING.match(text[s.start - begin : s.end - begin] or "=")]
        counted += self._lone(text, begin, [span for span, _ in counted])
        shapes = [
            Span(begin + m.start(), begin + m.end())
            for m in _SHAPE.finditer(text)
            if (len(_sizes_of(m)) > 2 and not _OF_A_FILTER.search(text[: m.start()]))
            or (len(_sizes_of(m)) == 2 and any(len(v.written) == 2 for v in self.volumes))
        ]
        apart = [span for span in shapes if not any(c.start < span.end and span.start < c.end for c, _ in counted)]
        return sorted([*counted, *((span, None) for span in apart)], key=lambda c: c[0])

    def _typed(self, text: str, begin: int, inside: Sequence[Statement]) -> Iterator[Statement]:
        """Sums of products that are worked out in prose, where nothing else was read."""
        for found in _TYPED.finditer(text):
            span = Span(begin + found.start(), begin + found.end())
            before = self.sheet.source.text[max(0, span.start - 40) : span.start]
            goes_on = _GOES_ON.search(before.rstrip("$")) and not _WORD.search(before.rstrip())
            beside = [s for s in inside if s.span.start < span.end and span.start < s.span.end]
            is_read = any(formula(s.node) is not None or "," not in self.sheet.source.slice(s.span) for s in beside)
            if _APART.search(found[0]) or goes_on or is_read:
                continue
            nodes = parse(self.sheet.source, span, self.sheet.macros)
            if len(nodes) == 1 and isinstance(nodes[0], sx.Relation) and all(constant_of(side) is not None for side in nodes[0].sides):
                self.typed.add(span)
                yield Statement(nodes[0], span, -1, False)

    def _lone(self, text: str, begin: int, taken: Sequence[Span]) -> Iterator[tuple[Span, int]]:
        """Numbers of parameters that stand by themselves, and totals; not those that are told roughly."""
        for found in _LONE.finditer(text):
            name = "behind" if found["behind"] else "before"
            span = Span(begin + found.start(name), begin + found.start(name) + len(found[name]))
            value = int(found[name].replace(",", ""))
            is_part = re.search(r"\d\s+$", text[: found.start(name)]) or re.match(r"\s+\d{3}\b", text[found.end(name) :])  # `238 510`
            if value < 10 or value % 1000 == 0 or is_part or _ROUGHLY.search(text[: found.start(name)]):
                continue
            if not any(s.start < span.end and span.start < s.end for s in taken):
                yield span, value

    def _shape(self, span: Span, words: _Words) -> Iterator[_Found]:
        is_another = _NOT_OUTPUT.search(words.before) or _OF_THE_WEIGHTS.search(words.after)
        if len(self.current) != 1 or is_another or (words.before.strip(" ,.:;") and not _OUTPUT.search(words.before)):
            return
        if words.is_strange:
            return
        found = _SHAPE.match(self.text, span.start)
        if found is not None:
            yield from self._held_against(self.current[0], _sizes_of(found), span)

    def _held_against(self, told: Told, sizes: tuple[int, ...], span: Span) -> Iterator[_Found]:
        """Whether a shape is that of what a layer gives out."""
        if not told.after:
            if len(sizes) == 3 and told.kind in WINDOWED:
                first = sizes[0] != sizes[1]
                self.volumes = told.after = frozenset({Volume(sizes[0], sizes[1:]) if first else Volume(sizes[2], sizes[:2])})
                self.is_on_trust = True
            return
        rank = {len(v.written) for v in told.after}
        own = sizes if len(sizes) in rank else sizes[1:]
        if len(own) not in rank:
            return
        right = any(own in v.orders for v in told.after)
        shown = " or ".join(sorted(map(str, told.after)))
        last = ", channels last" if any(v.channels and v.sides for v in told.after) else ""
        near = [v for v in told.after if v.sides and any(own in beside.orders for beside in self._beside(told, v))]
        yield self._judged(span, right, "SG215", f"the output is {shown}{last}", is_explained=bool(near))
        if not right and any(not v.channels for v in told.after):
            told.after = self.volumes = told.after | {Volume(0, own)}
        elif not right:
            both = {Volume(own[0], own[1:]), Volume(own[-1], own[:-1])}
            told.after = self.volumes = told.after | both
        else:
            told.after = self.volumes = frozenset(v for v in told.after if own in v.orders)

    def _beside(self, told: Told, volume: Volume) -> Iterator[Volume]:
        """What people write for a volume: the channels of the input, sides as they were, or as another stride makes them."""
        for before in told.before:
            yield Volume(before.channels, volume.sides)
            yield Volume(volume.channels, before.sides)
            for layer in told.layers:
                for changed in (replace(layer, sizes={**layer.sizes, "stride": 1}), replace(layer, padding=0)):
                    yield from (Volume(volume.channels, v.sides) for v in changed.after(before))
        for step in (-1,) if told.kind == "pool" else (-1, 1):  # a pooling may round up
            yield Volume(volume.channels, tuple(side + step for side in volume.sides))
        if volume.channels % 2 == 0:
            yield Volume(volume.channels // 2, volume.sides)
        yield Volume(2 * volume.channels, volume.sides)

    def _number(self, statement: Statement, words: _Words, about: Sequence[Told], is_counted: bool) -> Iterator[_Found]:
        node = formula(statement.node)
        if node is None:
            return
        value = constant_of(node)
        count = int(value) if value is not None and value.denominator == 1 else None
        named = self._name(statement)
        is_as_before = any(told.kind in RECURRENT and len(told.layers) > 1 for told in about)  # `a GRU has …`, after an LSTM
        is_counted = is_counted or bool(_PARAMETERS.search(named)) or is_as_before
        if count is not None and not is_counted:
            yield from self._side(statement, node, count, words, named, about)
        is_formula = isinstance(node, (sx.Sum, sx.Product, sx.Call, sx.Scripted)) or is_counted
        if is_formula and (count is not None or value is None) and (not _OTHER_COUNT.search(words.all) or _PARAMETERS.search(words.all)):
            is_stated = isinstance(statement.node, sx.Relation)
            yield from self._count(statement.span, terms_of(node), count, words, about, is_counted, is_stated)

    def _name(self, statement: Statement) -> str:
        node = statement.node
        if not isinstance(node, sx.Relation) or constant_of(node.sides[0]) is not None:
            return ""
        return re.sub(r"\\(?:text|mathrm|mathit)|[\\{}_^\s]", "", self.sheet.source.slice(node.sides[0].span))

    def _side(self, statement: Statement, node: Node, value: int, words: _Words, named: str, about: Sequence[Told]) -> Iterator[_Found]:
        """Whether a number is the side of what a layer gives out, by its name, its words or its form."""
        if len(about) != 1 or about[0].kind not in WINDOWED or not about[0].after:
            return
        told = about[0]
        sides = {side for v in told.after for side in v.sides}
        is_so_called = _SIDE.match(named) or (not named and _SIDE_IN_WORDS.search(words.before))
        is_slid = any(_slides(node, layer, v) for v in told.before for layer in told.layers)
        if not is_so_called and not is_slid:
            return
        shown = " or ".join(map(str, sorted(sides)))
        yield self._judged(statement.span, value in sides, "SG215", f"the output has a side of {shown}", is_explained=is_slid)
        if value not in sides:
            told.after = self.volumes = told.after | {Volume(v.channels, (value,) * len(v.sides)) for v in told.after}
        else:
            told.after = self.volumes = frozenset(v for v in told.after if value in v.sides)

    def _count(
        self,
        span: Span,
        terms: Terms | None,
        value: int | None,
        words: _Words,
        about: Sequence[Told],
        is_counted: bool,
        is_stated: bool = True,
    ) -> Iterator[_Found]:
        """Whether a number, or a sum of products, is that of the parameters of a layer."""
        layers = [layer for told in about for layer in told.layers if layer.record.terms]
        if not layers or len({layer.kind for layer in layers}) > 1:
            return
        numbers = sorted({n for term in terms for n in term}, key=str) if terms else []
        filled = [made for layer in layers for made in _filled(layer, numbers)]
        known = [layer for layer in layers if not layer.missing]
        whole = len(known) == len(layers)
        right = {count for layer in filled for count in _admitted(layer, words._replace(before=_WITH_BIASES.sub("", words.before)).all)}
        is_so_made = terms is not None and any(terms == layer.terms(v) for layer in filled for v in layer.variants)
        if is_so_made or (value in right and (whole or any(value in layer.counts for layer in known))):
            for told in about:
                told.claimed |= {value} & told.counts if len(about) > 1 else {value}
                self.latest = told if value in told.claimed else self.latest
            unsaid = next((layer for layer in filled if layer.bias is None and len(set(layer.variants)) > 1), None)
            if unsaid is not None and value is not None:
                with_bias = {replace(layer, bias=True).counts == frozenset({value}) for layer in filled}
                self.counted[unsaid.kind, any(with_bias)] += 1
            yield self._judged(span, True, "SG216", f"the parameters of {filled[0].record.words}")
            return
        if value in right:
            return
        others = {n for t in self.told for v in (*t.before, *t.after) for n in (v.channels, *v.sides)}
        others |= {n for n in numbers if isinstance(n, int)}
        made = [s for layer in filled for s in slips(layer, others if whole and len(about) == 1 else None)]
        slip = next((s for s in made if terms is not None and s.terms == terms), None)
        made += [s for layer in known for s in slips(layer, None)] if len(about) == 1 else []
        slip = slip or next((s for s in made if known and is_counted and s.value == value), None)
        expected = " or ".join(map(str, sorted({c for layer in filled for c in layer.counts}))) if whole else ""
        what = filled[0].record.words if filled else ""
        if slip is not None:
            come = f"the parameters of {what} come to {expected}; " if expected else f"{what}: "
            for told in about if len(about) == 1 else ():
                told.claimed |= {value} | told.counts
                self.latest = told
            yield self._judged(span, False, "SG216", come + slip.about, is_explained=True, suggestion=expected)
        elif value is not None and is_counted and whole and is_stated and not _SHARED.search(words.all):
            for told in about if len(about) == 1 else ():
                told.claimed |= {value} | told.counts
                self.latest = told
            yield self._judged(span, False, "SG216", f"the parameters of {what} come to {expected}", suggestion=expected)

    def _by_products(self, statement: Statement, words: _Words, about: Sequence[Told]) -> Iterator[_Found]:
        """Whether a sum of products is that of one of these layers, or of one whose biases are left out."""
        node = formula(statement.node)
        terms = None if node is None or _OTHER_COUNT.search(words.all) else terms_of(node)
        if terms is None or not isinstance(node, (sx.Sum, sx.Product, sx.Call)):
            return
        numbers = sorted({n for term in terms for n in term}, key=str)
        layers = [made for told in about for layer in told.layers for made in _filled(layer, numbers)]
        right = next((layer for layer in layers if any(terms == layer.terms(v) for v in layer.variants)), None)
        if right is not None:
            for told in about:
                told.claimed |= {int(constant_of(node) or 0)} & told.counts
                self.latest = told if right in told.layers else self.latest
            if right.bias is None and len(set(right.variants)) > 1:
                self.counted["dense" if right.own else right.kind, terms == right.terms(right.record.terms)] += 1
            yield self._judged(statement.span, True, "SG216", f"the parameters of {right.record.words}")
        elif not _WEIGHTS.search(words.all):
            slip = next(((layer, slip) for layer in layers for slip in slips(layer, None) if slip.terms == terms), None)
            if slip is not None:
                about_it = f"the parameters of {slip[0].record.words}: {slip[1].about}"
                yield self._judged(statement.span, False, "SG216", about_it, is_explained=True)

    def _worked_out(self, statement: Statement) -> Iterator[_Found]:
        """Whether what is worked out in prose comes to what is written."""
        sides = statement.node.sides if isinstance(statement.node, sx.Relation) else ()
        values = [constant_of(side) for side in sides]
        right = len(set(values)) == 1
        yield self._judged(statement.span, right, "SG212", f"it comes to {values[0]}", is_explained=True, suggestion=str(values[0]))

    def _alone(self, span: Span, value: int, words: _Words) -> Iterator[_Found]:
        """Whether a number without a formula is that of the parameters of a layer, of the network, or of what was counted above."""
        near = f"{words.before[-60:]} ¦ {words.after[:30]}"
        if layer_text.SUPPOSED.search(near) or _NOT_THIS.search(near):
            return
        if _OTHER_COUNT.search(near) and not _PARAMETERS.search(near):
            return
        networks = [told for told in self.stacks if told.kind == "network"]
        if _TOTAL.search(words.before[-80:]) or _TOTAL.search(words.after[:30]):
            counted = self._together() if self.latest is not None else []
            each = [{c for c in t.claimed if c is not None} for t in counted]
            if len(each) > 1 and all(each):
                yield from self._summed(span, value, each, [t.counts for t in counted])
            elif len(networks) == 1:
                yield from self._count(span, None, value, words._replace(before="parameters", after=""), networks, True)
        elif not _PARAMETERS.search(near):
            return
        elif len(self.current) == 1 and not words.is_strange:
            yield from self._count(span, None, value, words, self.current, True)
        elif len(networks) == 1 and not self.current and self._is_beside_widths(span.start):
            yield from self._count(span, None, value, words, networks, True)

    def _is_beside_widths(self, place: int) -> bool:
        """Whether the paragraph has told of a network by its widths."""
        return any(at <= place and not re.search(r"\n\s*\n", self.text[at:place]) for at in self.widths)

    def _together(self) -> list[Told]:
        """The layers that a total is of: those that are counted with the last one that was."""
        group = next((made for made in self.groups if any(self.latest is told for told in made)), self.network)
        return [t for t in group if t.layers and t.layers[0].record.terms]

    def _summed(self, span: Span, value: int, each: Sequence[set[int]], true: Sequence[frozenset[int]]) -> Iterator[_Found]:
        """Whether a total is the sum of the counts as they are written, or as they should be; or of the last of them."""
        options = [written if written & counts else written | counts for written, counts in zip(each, true, strict=True)]
        if sum(len(option) for option in options) > 3 * len(options):
            return
        sums = [{sum(chosen) for chosen in product(*options[i:])} for i in range(len(options) - 1)]
        if any(value in some for some in sums):
            yield self._judged(span, True, "SG216", "the sum of the layers")
        elif all(len(written) == 1 for written in each):
            total = sum(next(iter(written)) for written in each)
            others = [int(n.replace(",", "")) for m in _STATED.finditer(self.text[: span.start]) for n in m.groups() if n]
            if value - total in {a + b for a in (0, *others) for b in others}:
                return  # something else was counted that was not understood
            yield self._judged(span, False, "SG212", f"the counts above come to {total}", is_explained=True, suggestion=str(total))

    def _total(self, statement: Statement) -> Iterator[_Found]:
        """Whether a total is of all layers of the network."""
        node = formula(statement.node)
        terms = None if not isinstance(node, sx.Sum) or set(node.signs) - {"", "+"} else [constant_of(t) for t in node.terms]
        counted = self._together()
        yield from self._by_products(statement, _Words("", "", True), self.stacks)
        if terms is None or None in terms or len(counted) < 2 or not all(t.is_chained or i == 0 for i, t in enumerate(counted)):
            return
        summed = Counter(int(t) for t in terms if t is not None and t)
        each = [{c for c in t.claimed if c is not None} or t.counts for t in counted]
        if not all(each):
            return
        left = Counter(summed)
        missing = []
        for counts in each:
            taken = next((c for c in sorted(counts) if left[c]), None)
            if taken is None:
                missing.append(counts)
            else:
                left[taken] -= 1
        extra = sum((+left).values())
        if not missing and not extra:
            yield self._judged(statement.span, True, "SG216", "the sum of the layers")
        elif len(missing) == 1 and extra <= 1 and len(each) > 2:
            shown = " or ".join(map(str, sorted(missing[0])))
            yield self._judged(statement.span, False, "SG216", f"the {shown} parameters of a layer are not in the sum", is_explained=True)

    # ── tables ───────────────────────────────────────────────────────────────────────────────────────────────────────

    def _table(self, rows: list[list[Cell]]) -> Iterator[_Found]:
        head, *body = rows
        self.is_in_table = True
        yield from self._rows(head, body)
        self.is_in_table = False

    def _rows(self, head: list[Cell], body: list[list[Cell]]) -> Iterator[_Found]:
        roles = _roles([plain(cell.text) for cell in head])
        if "output" not in roles and "parameters" not in roles:
            return
        written: list[int] = []
        for row in body:
            if len(row) != len(head):
                continue
            texts = [
                (f"{plain(above.text)} {plain(cell.text)}" if re.fullmatch(r"\W*\d+\W*", cell.text) else plain(cell.text)).strip()
                for above, cell, role in zip(head, row, roles, strict=True)
                if not role and not (_IN_COLUMN.match(above.text) and _WHOLE.fullmatch(plain(cell.text)))
            ]
            text = " ; ".join(texts)
            cells = {role: cell for role, cell in zip(roles, row, strict=True) if role}
            count, *parts = (_count_in(self.sheet, cells.get(role)) for role in ("parameters", "weights", "biases"))
            worked = _count_in(self.sheet, cells.get("parameters"), as_worked=True)
            is_slip = count is not None and worked is not None and count != worked
            if is_slip:
                yield self._judged(cells["parameters"].span, False, "SG212", f"it comes to {worked}", is_explained=True)
            if count is not None and None not in parts:
                total = sum(part for part in parts if part is not None)
                yield self._judged(
                    cells["parameters"].span, count == total, "SG216", f"weights and biases come to {total}", is_explained=True
                )
            if _TOTAL.search(text):
                if count is not None and written:
                    total = sum(written)
                    about = f"the rows above come to {total}"
                    yield self._judged(cells["parameters"].span, count == total, "SG216", about, is_explained=True)
                continue
            written += [count] if count is not None else []
            volume = volume_of(f"{text} {plain(cells['output'].text)}") if "output" in cells else None
            if volume is not None and re.search(r"(?i)\b(?:input|eingabe|image|entrada)\b", text):
                self.volumes, self.network = frozenset({volume}), []
                continue
            into = [
                volume_of(f"input {told}") if "×" in told else Volume(int(told))
                for above, told in zip(head, (plain(cell.text) for cell in row), strict=True)
                if _IN_COLUMN.match(above.text) and _WHOLE.fullmatch(told)
            ]
            if not self.volumes and len(into) == 1 and into[0] is not None:
                self.volumes = frozenset({into[0]})
            named = mentions(text, row[0].span.start, [])
            if not named:
                self.current = []
                continue
            out = plain(cells["output"].text).strip() if "output" in cells else ""
            if named[0].kind == "dense" and len(into) == 1 and into[0] is not None and not into[0].sides and out.isdecimal():
                named[0] = replace(named[0], text=f"{named[0].text} ; {into[0].channels} → {out}")
            self.tell(named[0])
            if len(self.current) != 1:
                continue
            told = self.current[0]
            if "output" in cells:
                yield from self._cell_of_output(told, cells["output"])
            if count is not None and not told.layers[0].record.terms:
                yield self._judged(cells["parameters"].span, count == 0, "SG216", f"{told.layers[0].record.words} has no parameters")
            elif count is not None and not is_slip:
                words = _Words("parameters", "", False)
                yield from self._count(cells["parameters"].span, None, count, words, [told], True)

    def _cell_of_output(self, told: Told, cell: Cell) -> Iterator[_Found]:
        written = plain(cell.text).strip()
        shape = _SHAPE.search(written)
        sizes = _sizes_of(shape) if shape is not None else (int(written),) if written.isdecimal() else ()
        if sizes:
            yield from self._held_against(told, sizes, cell.span)

    def _judged(self, span: Span, right: bool, code: str, about: str, is_explained: bool = False, suggestion: str = "") -> _Found:
        claim = Claim(span, self.sheet.source.slice(span).strip(), "holds" if right else "fails", about)
        claim.evidence.append({"method": "exact", "holds": right})
        kind = BY_CODE[code]
        return _Found(claim, [] if right else [Finding(kind.code, kind.severity, span, about, kind.cause, suggestion)], is_explained)


def _is_stock(words: str) -> bool:
    return all(_STOCK.match(word) for word in re.findall(r"[^\W\d_]+", words))


def _sizes_of(found: re.Match[str]) -> tuple[int, ...]:
    """The sizes of a shape; a name at its head is that of a batch."""
    told = [part.strip() for part in re.split(r"[×,]", next(group for group in found.groups() if group))]
    told = told[1:] if not told[0].isdecimal() else told
    return tuple(map(int, told)) if all(part.isdecimal() for part in told) else ()


def _filled(layer: Layer, numbers: Sequence[Size]) -> Iterator[Layer]:
    """The layer with the sizes that are not told drawn from the numbers of a formula."""
    missing = layer.missing
    if len(missing) <= _MOST_MISSING and len(numbers) <= 8:
        for drawn in product(numbers, repeat=len(missing)):
            yield replace(layer, sizes={**layer.sizes, **dict(zip(missing, drawn, strict=True))})


def _admitted(layer: Layer, words: str) -> Iterator[int]:
    """What a count that is spoken of so may be."""
    yield from layer.counts
    if layer.kind == "convolution" and (_OF_ONE.search(words) or not _PARAMETERS.search(words)):
        yield from replace(layer, sizes={**layer.sizes, "filters": 1}).counts
    if _WEIGHTS.search(words):
        yield from replace(layer, bias=False).counts


def _slides(node: Node, layer: Layer, volume: Volume) -> bool:
    r"""Whether a formula is that of a window that slides: `(32 - 5)/2 + 1` for a kernel of 5, `28 / 2` for a pool."""
    sides, window = set(volume.sides), {layer.sizes.get("width"), layer.sizes.get("height")} - {None}
    window |= {(layer.sizes.get("dilation", 1)) * (k - 1) + 1 for k in window if k is not None}
    for inner in sx.walk(node):
        if isinstance(inner, sx.Sum) and constant_of(inner.terms[0]) in sides:
            subtracted = {constant_of(t) for t, sign in zip(inner.terms, inner.signs, strict=True) if sign == "-"}
            if subtracted & window:
                return True
    match node:
        case sx.Frac(above=above, below=below):
            return layer.kind == "pool" and constant_of(above) in sides and constant_of(below) in window
        case sx.Product(factors=(above, below), operators=("/",)):
            return layer.kind == "pool" and constant_of(above) in sides and constant_of(below) in window
        case sx.Group(open="\\lfloor" | "\\lceil", body=body):
            return _slides(body, layer, volume)
    return False


def _roles(heads: Sequence[str]) -> list[str]:
    """What each column holds: "output", "parameters", "weights" and "biases" that make these, or "" for what tells of the layer."""
    found = [next((role for role, pattern in _ROLES if pattern.search(head)), "") for head in heads]
    return [("parameters" if "weights" in found else "") if role == "total" else role for role in found]


def _count_in(sheet: Sheet, cell: Cell | None, as_worked: bool = False) -> int | None:
    """The number that a cell comes to; or that what is worked out in it does, `5·5·3·16 + 16` before `= 1,216`."""
    if cell is None:
        return None
    written = re.sub(r"(?<=\d)(?:,|\{,\}|\\,| |\s)(?=\d{3}\b)", "", cell.text.strip("$ *`"))
    stated = written.rpartition("=")[2].strip()
    if stated.isdecimal() and not as_worked:
        return int(stated)
    inside = Span(
        cell.span.start + len(cell.text) - len(cell.text.lstrip("$*`")), cell.span.end - len(cell.text) + len(cell.text.rstrip("$*`"))
    )
    if as_worked and "=" in cell.text:
        inside = Span(inside.start, cell.span.start + cell.text.index("="))
    nodes = (
        parse(sheet.source, inside, sheet.macros)
        if re.fullmatch(r"[\d\s=+*·×().,$\\a-z]+", cell.text) and inside.start < inside.end
        else []
    )
    node = formula(nodes[0]) if len(nodes) == 1 else None
    value = None if node is None else constant_of(node)
    return int(value) if value is not None and value.denominator == 1 else None
