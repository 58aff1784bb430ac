r"""Layers as they are told: `16 filters of size $5 \times 5$, padding 2`, `nn.Linear(64, 20)`, `a GRU with 256 hidden units`.

A sentence, an item of a list or a row of a table tells of a layer where it names one kind of it. What it says of sizes is taken from the
words; what it does not say is not guessed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise

from symgrad.layers import RECURRENT, WINDOWED, Layer, Volume, twice_biased

_WORDS = (
    ("zero",), ("one", "eins"), ("two", "zwei", "dos", "deux"), ("three", "drei", "tres", "trois"), ("four", "vier", "cuatro", "quatre"),
    ("five", "fünf", "cinco", "cinq"), ("six", "sechs", "seis"), ("seven", "sieben"), ("eight", "acht", "ocho", "huit"), ("nine", "neun"),
    ("ten", "zehn"), ("eleven",), ("twelve", "zwölf"),
)  # fmt: skip
_NUMBERS = {word: i for i, words in enumerate(_WORDS) for word in words}
_ORDINALS = (
    "first|1st|erste[rsn]?|primer[ao]?|premi[eè]re?",
    "second|2nd|zweite[rsn]?|segund[ao]|deuxi[eè]me|seconde",
    "third|3rd|dritte[rsn]?|tercer[ao]?|troisi[eè]me",
    "fourth|4th|vierte[rsn]?",
    "fifth|5th",
    "sixth|6th",
)
_THE = r"(?i)\b(?:the|an?|der|die|das|eine?|el|la|le|un|una|une|• *)\s+"
# … and what stands behind an ordinal that has none: "2nd conv:".
_A_LAYER = r"\s+(?:conv|pool|max|average|fc|fully|dense|linear|hidden|layer)"
NUMBER = rf"(\d+|{'|'.join(_NUMBERS)})"
_BY = r"\s*[×xX]\s*"
_NO = r"(?:no|without|ohne|sans|sin|sem|senza)"

_FILTERS = (
    rf"(?<![×x])(?<![×x] )\b{NUMBER}\s+(?:(?!bias|for|per|each|of|an?\b|has|have|with|and\b|is\b|on\b)[a-z×\d-]+\s+){{0,3}}?"
    r"(?:filters?|kernels?|feature maps|output channels|filtern|filtros|filtres|filtri)\b"
)

# The kinds in the words that people have for them. The first that a stretch names is its kind where the rest are parts of it.
_KINDS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (kind, re.compile(rf"(?i)(?:{pattern})"))
    for kind, pattern in (
        ("transposed", r"\btransposed?[\s-]+conv\w*|\bdeconv\w*|\bup-?conv\w*"),
        ("depthwise", r"\bdepthwise\b"),
        ("convolution", rf"(?<!\bred )\bconv\w*(?! (?:neural |neuronal )?net)|\w*faltung\w*|\bpointwise\b|{_FILTERS}"),
        ("pool", r"\b\w*pool\w*\b|\bsubsampling\b"),
        ("dense", r"\b(?:fc|linear|dense|fully[- ]connected|affine|projection|classifier|softmax layer|output layer)\d*\b|\bnn\.linear\b"
                  r"|\bvollst[äa]ndig verbunden\w*|\bdensa\b|\btotalmente conectad\w*|\bcompl[eè]tement connect\w*"),
        ("embedding", r"\b\w*embeddings?\b|\blookup table\b"),
        ("rms norm", r"\brms[- ]?norm\w*"),
        ("norm", r"\b(?:layer|batch)[- ]?norm\w*|\b(?-i:LN)\d?\b|\bbn\d?\b"),
        ("lstm", r"\b\w*lstm\w*"),
        ("gru", r"\b\w*gru\w{0,4}\b"),
        ("rnn", r"\brnns?\b|\b(?:vanilla|simple|plain|elman) (?:rnn|recurrent)\w*|\brecurrent (?:cell|layer)"),
        ("feed-forward", r"\bfeed-?\s?forward\b|\bffn\b|\bmlp(?: block)?\b"),
        ("attention", r"\b(?:multi-head |self-)?attention\b|\bmha\b"),
        ("flatten", r"\bflatten\w*|\bvectori[sz]ed?\b|\baplan\w*"),
    )
)  # fmt: skip
# Layers of other kinds: what is told of them is not understood.
_OTHER = re.compile(
    r"(?i)\b(?:transposed?(?!\s*-?\s*conv)|output[ _]padding"
    r"|separable|circular|causal|deformable|residual|inception|bottleneck|skip|squeeze|bidirectional"
    r"|upsampl\w*|unpool\w*|moe|experts?|ceil\w*|gated|hidden layers? (?:of|with)|swiglu|glu|lora|adapter)\b|\b\w+Transpose\w*"
)
_OVER_ALL = re.compile(r"(?i)\b(?:adaptive|global)\w*\s*(?:avg|average|max)?\s*pool\w*|\bGlobal\w*Pool\w*|\bAdaptive\w*Pool\w*\(1\)")
_PLURAL = re.compile(
    r"(?i)\b(?:layers|convolutions|projections|schichten|capas|(?:every|each|all|jede|cada)\s+(?:\w+\s+)?(?:conv|pool|layer)\w*)\b"
)
# A layer that is spoken of, and not told: `instead of the GRU`, `in front of the convolution`.
_ASIDE = re.compile(
    r"(?i)\b(?:instead of|rather than|than|unlike|in front of|on top of|before|after|behind|into|feeding|like|as in|compared (?:to|with)"
    r"|anstelle|statt)\s+(?:\w+\s+){0,2}?(?=\w*(?:conv|pool|dense|linear|embedding|norm|lstm|gru|rnn|attention|mlp|faltung|layer))\S+(?:\s+with\s+\d+\s+(?:filters|channels|units)\b)?"
)
SUPPOSED = re.compile(r"(?i)\b(?:if|were|would|had|suppose|instead|imagine|wenn|h[äa]tte|wäre|w[üu]rde|alternatively|drop the)\b")

_SQUARE = re.compile(rf"(?<![\d×·*(,])(?<!×\s)(\d+){_BY}(\d+)(?!\d|{_BY}\d)")
_LINE = re.compile(
    rf"(?i)\b(?:width|length|window(?:s)?(?: of)?(?: size| width)?|kernel(?:[_ ]size)?|cover\w*|receptive field"
    rf"|breite|länge|f|k)\s*(?:of|=|von|size)?\s*{NUMBER}\b"
)
_MANY = re.compile(
    rf"(?i){_FILTERS}|\b{NUMBER}\s*@\s*(?=\d)"
    rf"|\b(?:filters|out(?:put)?[_ ]channels|channels out|c_?out)\s*(?:=|:)?\s*{NUMBER}\b|\b{NUMBER} channels out\b"
)
_CHANNELS = re.compile(
    rf"(?i)\b(?:in(?:put)?[_ ]channels|channels in|c_?in)\s*(?:=|:)?\s*{NUMBER}\b|\b{NUMBER} (?:input channels|channels in)\b"
)
_FROM_TO = re.compile(
    rf"(?i)\b{NUMBER}\s*(?:inputs?|in|input features|features?|units?|channels?|eing[äa]ngen?|entradas)?"
    rf"\s*(?:to|→|->|nach|(?:(?<=inputs)|(?<=gängen)|(?<=gänge)|(?<=entradas))\s*(?:,|,?\s*(?:and|und|y)\b))\s*{NUMBER}\b(?!\s*and back)"
    rf"(?:\s*(channels|outputs?|ausg[äa]ngen?|salidas|units|features|classes|tags))?"
)
_UNITS = re.compile(
    rf"(?i)\b{NUMBER}\s+(?:hidden |output )?(?:units?|neurons?|outputs?|classes|tags|labels|einheiten|neuronen|klassen|neuronas|clases)\b"
)
_STATE = re.compile(
    rf"(?i)\b{NUMBER}\s+hidden units?\b|\b(?:hidden|state)(?: state)?(?: size| dimension)?(?: of)?(?: size)?"
    rf"\s*(?:has\s*)?(?:[a-z]\w?\s*=\s*|=\s*)?{NUMBER}\b"
)
_INPUTS = re.compile(
    rf"(?i)\b{NUMBER}\s+inputs?\b"
    rf"|\binputs?(?: size| dimension| features)?(?: of)?(?: has)?\s*(?:[a-z]\w?\s*=\s*|=\s*)?{NUMBER}\b(?!\s*[×x])"
)
_ENTRIES = re.compile(
    rf"(?i)\b(?:over|of|for)?\s*{NUMBER}\s+(?:features|channels|dimensions|filters|feature maps)\b|\bchannels\s*{NUMBER}\b"
)
_TABLE_OF = re.compile(rf"(?i)\b(?:table of|shape|size)\s*\(?(\d+){_BY}(\d+)")
_VOCABULARY = re.compile(rf"(?i)\b{NUMBER}\s+(?:words|tokens|positions|rows|items|users|symbols|wörter[n]?|palabras)\b")
_FEATURES = re.compile(
    rf"(?i)\bto\s+{NUMBER}\s+(?:numbers|features|dimensions|entries)\b|\b(?:dimension|dim)s?\s*(?:of|=|[a-z]\s*=)?\s*{NUMBER}\b"
)
_TWO_BIASES = re.compile(r"(?i)\b(?:two|2|both|zwei)\s+bias|\bbias_?(?:ih|hh)|\bb_?(?:ih|hh)\b")
_STRIDE = re.compile(rf"(?i)\b(?:strides?|schrittweite|paso|pas|s(?=\s*=))\s*(?:of|=|von|de|[a-z]\s*=)?\s*{NUMBER}\b")
_PADDING = re.compile(
    rf"(?i)\b(?:zero-)?(?:pad(?:ding)?|relleno|p(?=\s*=))\s*(?:of|=|von|de|[a-z]\s*=)?\s*{NUMBER}\b"
    rf"|\b{NUMBER} (?:pixels? of )?(?:zero[- ])?padding\b"
)
_DILATION = re.compile(rf"(?i)\bdilation\s*(?:of|=)?\s*{NUMBER}\b")
_GROUPS = re.compile(rf"(?i)\b{NUMBER} groups\b|\bgroups\s*=?\s*{NUMBER}\b")
_SAME = re.compile(r"(?i)\bsame[\s\"'’”-]*(?:padding|convolution)?\b(?! shape)|\bpadding\s*=?\s*[\"'‘“]?same")
_NO_PADDING = re.compile(rf"(?i)\b{_NO}\s+(?:zero[- ])?(?:pad|relleno)|\bvalid\b")
NO_BIAS = re.compile(rf"(?i)\b{_NO}\s+(?:any\s+|an?\s+)?(?:bias|biais|sesgo)|\bbias\s*=\s*false|\bbias-free\b")
IN_CALLS = re.compile(r"(?i)\bbias\s*=\s*(?:true|false)")
BIAS = re.compile(r"(?i)\bbias|\bbiais\b|\bsesgos?\b")
_ONE_LINE = re.compile(r"(?i)\b1-?d\b|\bone-dimensional|conv1d|pool1d|\btemporal\b|\b1d")
_COLOUR, _GREY = re.compile(r"(?i)\bRGB\b|\bcolou?r\b|\bfarb\w*|\bcouleur\b"), re.compile(r"(?i)\bgr[ae]y\w*\b|\bgrau\w*|\bgris\b")
_ON_COLOUR = re.compile(
    r"(?i)\b(?:on|over|to|for|of|auf|sobre|sur|à)\s+(?:an?|the|einem?|una?|une)\s+(?:\w+\s+){0,2}?"
    r"(?:(?:RGB|colou?r|gr[ae]y\w*|farb)[\s-]*(?:images?|\w*bild\w*)|im[aá]gen\w*\s+(?:RGB|a color)|image\s+(?:RGB|en couleur))"
)
_DEEP = re.compile(rf"(?i)\b(?:filters?|kernels?)\s+(?:(?:of|with)\s+)?(?:(?:size|shape)\s+)?(\d+){_BY}(\d+){_BY}(\d+)(?!\d|{_BY}\d)")
_CHANNELLED = re.compile(rf"(?i)\b{NUMBER}\s+(?:input )?(?:channels?|leads|electrodes|sensors|kanälen?|kanäle|canales|canaux)\b")
IMAGE = re.compile(
    r"(?i)\b(?:images?|windows of|sequences?|series|recordings?|inputs?|\w*bild\w*|im[aá]gen\w*|entrada|entr[ée]e|eingabe"
    r"|maps|last feature map|signals?|sensor|spectrogram)\b"
)
_SIZE = rf"\d+{_BY}\d+(?:{_BY}\d+)?"
# The input of a layer in the clause that tells of the layer: `on an RGB image of size 32×32`, `input 32×32×1`, `a 28×28×32 volume`.
_TAKES = tuple(
    re.compile(rf"(?i){pattern}")
    for pattern in (
        r"\b(?:takes?|receives?|gets|acts? on|slides? over|runs? over|(?:applied|fed) (?:to|with)|on|over|for|from)"
        r"\s+(?:in\s+|as (?:its )?input\s+)?(?:an?|the)\s+[^.;:]*?\b(?:images?|inputs?|volumes?|signals?|(?:feature )?maps)\b",
        rf"\b(?:(?:RGB|colou?r|gr[ae]y\w*|farb)[\s-]+)?(?:images?|input(?:\s+volume)?|\w*bild\w*|im[aá]gen\w*|entrada|eingabe)\b"
        r"(?:\s*(?:\b(?:en niveaux de gris|RGB|en couleur|a color|en escala de grises|of|with|de|der|is|has)\b"
        rf"|\b(?:size|shape|größe|tamaño|taille)\b|[:=]))*\s*{_SIZE}(?:\s+(?:RGB|gr[ae]y\w*)\b)?",
        rf"\b(?:sequences?|signals?|series|inputs?)\s+of\s+length\s+{NUMBER}(?:\s+(?:with|and)\s+{NUMBER}\s+(?:input\s+)?channels)?",
        rf"\b(?:on|over|auf|sobre|sur)\s+\d+{_BY}\d+{_BY}\d+(?:\s+(?:input|image|volume)s?\b)?",
        rf"\b(?:takes?|receives?|gets)\s+(?:an?\s+|the\s+)?{_SIZE}(?:\s+(?:input|image|volume)s?\b)?",
        rf"\b(?:an?|the)\s+{_SIZE}\s+(?:(?:RGB|gr[ae]y\w*|colou?r|input)\s+)*(?:images?|inputs?|volumes?|matrix|(?:feature\s+)?maps)\b",
    )
)
_GIVEN_OUT = re.compile(r"(?i)\b(?:gives?|outputs?|produc\w*|yields?|becomes?|get|resulting|into|to)\s+(?:(?!for\b)\w+\s+){0,2}$|→\s*$")
_CUBE = re.compile(rf"(?<![\d×])(\d+){_BY}(\d+){_BY}(\d+)(?!\d|{_BY}\d)")
_BATCHED = re.compile(r"\(\s*(?:\w+)\s*,\s*(\d+)\s*,\s*(\d+)\s*,\s*(\d+)\s*\)")
_TUPLE = re.compile(r"\(\s*(\d+)\s*,\s*(\d+)\s*,\s*(\d+)\s*\)")
_SAMPLES = re.compile(
    rf"(?i)\b(?:length|[lLtT]\s*=)\s*(?:of|=|[a-z]\s*=)?\s*{NUMBER}\b|\b{NUMBER}\s+(?:samples|time steps|steps|positions)\b"
)
_LABEL = re.compile(r"(?i)\b(conv|\w*pool|fc|dense|linear|layer|schicht|capa|couche|block)[\s_-]*(\d+)\b(?!\s*[×x])")
_CALL = re.compile(
    r"\b(?:nn\.)?(Conv[12]d|Conv[12]D|Linear|Dense|Embedding|LSTM|GRU|RNN|BatchNorm[12]d|LayerNorm|Max\w*Pool\w*|A\w*g\w*Pool\w*)"
    r"\(((?:[^()]|\([^()]*\))*)\)"
)
_BY_PLACE: Mapping[str, tuple[str, ...]] = {
    "conv1d": ("channels", "filters", "width", "stride", "padding"),
    "conv2d": ("channels", "filters", "window", "stride", "padding"),
    "linear": ("inputs", "outputs"),
    "dense": ("outputs",),
    "embedding": ("words", "features"),
    "lstm": ("inputs", "state"),
    "gru": ("inputs", "state"),
    "rnn": ("inputs", "state"),
    "batchnorm1d": ("features",),
    "batchnorm2d": ("features",),
    "layernorm": ("features",),
}
_KNOWN = re.compile(r"(?i)\b(?:the|this|that|der|die|das|el|la|le)\s+(?:[\w×-]+\s+){0,3}$")
_BETWEEN = re.compile(r"(?i),\s*(?:and\s+|then\s+|followed by\s+)*|\band(?: then)?\s+(?=an?\s)|\bthen\s+(?=an?\s)")
WIDTHS = re.compile(r"\b\d+(?:\s*(?:[-–—]|→|->)\s*\d+){2,}")
_NETWORK = re.compile(
    r"(?i)network|\bnet\b|\bmlp\b|perceptron|\bnetz\w*|réseau|perceptrón|\bred\b|\brede\b"
    r"|\b(?:auto)?(?:en|de)coder\b|layer sizes|\bwidths\b"
)
_UNIT = r"(?:units?|neurons?|nodes?|einheiten|neuronen|neuronas|unidades|neurones|unités)"
_WIDTH_LIST = rf"{NUMBER}(?:(?:\s*,\s*|\s*,?\s*(?:and|und|y|et)\s+)\d+\b(?!\s*(?:in|out|classes|klassen|ausg|salidas|sorties|clases)))*"
# The ends of a fully connected network, and what is between.
_ENDS = tuple(
    (end, re.compile(rf"(?i){pattern}"))
    for end, pattern in (
        (
            "in",
            rf"\b{NUMBER}[-\s]+(?:inputs?(?:\s+(?:{_UNIT}|features?))?|features|eingängen?|entradas|entrées)\b"
            rf"|\binput(?:\s+(?:layer|size|dimension|of|with|has))*\s*[:=]?\s*{NUMBER}\b(?!\s*[×x])",
        ),
        (
            "hidden",
            rf"\b(?:(?:{NUMBER}\s+)?(?:hidden\s+layers?|verdeckten?\s+schicht(?:en)?|capas?\s+ocultas?|couches?\s+cachées?)"
            rf"\s*(?:of|with|has|have|having|mit|aus|von|de|con|avec|à|:)?\s*(?:sizes?|widths?)?\s*(?P<many>{_WIDTH_LIST})\b"
            rf"|(?P<short>\d+)\s+hidden\s+{_UNIT}|hidden\s+(?P<bare>\d+)\b)",
        ),
        (
            "out",
            rf"\b(?:{NUMBER}|(?:a\s+)?single)\s+(?:outputs?(?:\s+{_UNIT})?|classes|ausg[äa]ngen?|klassen|salidas?|clases|sorties?)\b"
            rf"|\boutput(?:\s+(?:layer|size|dimension|of|with|has))*\s*[:=]?\s*{NUMBER}\b(?!\s*[×x])",
        ),
    )
)
_NOT_DENSE = re.compile(
    r"(?i)\b(?:\w*rnns?|\w*lstm\w*|\w*gru|recurrent\w*|\w*conv\w*|cnn|attention|\w*embedding\w*|filters?|kernels?|bidirectional|skip|residual"
    r"|experts?|transformer|rekurrent\w*|recurrente\w*|récurrent\w*)\b"
)
_NO_HIDDEN = re.compile(r"(?i)\b(?:softmax|logistic|linear|multinomial)\s+(?:regression|classifier)|\bperceptron\b")
# `n^{[0]} = 12288, n^{[1]} = 20`, and `W^{[1]}: (20, 12288)`, the brackets gone.
_NUMBERED_WIDTH = re.compile(r"\b[nd]\s*[\^_]?\s*\(?\s*(\d)\s*\)?\s*=\s*(\d+)\b(?!\s*[×x]|\.\d)")
_NUMBERED_SHAPE = re.compile(
    r"\bW\s*[\^_]?\s*\(?\s*(\d)\s*\)?\s*(?::|=|∈|\\in|is|has\s+(?:the\s+)?shape|of\s+(?:size|shape))\s*"
    r"(?:\\mathbb\s*R\s*\^\s*)?\(?\s*(\d+)\s*[,×]\s*(\d+)\b"
)


@dataclass(frozen=True)
class Mention:
    """A layer that is named: where, which one it is called, and what is said of it."""

    kind: str
    at: int
    text: str
    number: int | None = None
    is_plural: bool = False
    is_supposed: bool = False
    is_known: bool = False  # whether it is spoken of as one that is known: `the convolution`
    is_first: bool = False  # whether the stretch begins with it, as an item does


def number(found: re.Match[str]) -> int:
    """The number of a match, in digits or in words: the first of its groups that has one."""
    return _in_digits(next(group for group in found.groups() if group))


def _in_digits(told: str) -> int:
    return int(told) if told.isdecimal() else _NUMBERS[told.lower()]


def mentions(text: str, begin: int, breaks: list[tuple[int, int]]) -> list[Mention]:
    """The layers that a stretch of text names, each with the text that tells of it; `breaks` are claims, which do not."""
    pieces = []
    start = 0
    for left, right in [*breaks, (len(text), len(text))]:
        pieces.append((start, text[start:left]))
        start = right
    found: list[Mention] = []
    for at, piece in pieces:
        is_supposed = SUPPOSED.search(text) is not None
        for kind, start, clause in _clauses(piece):
            if kind:
                label = _LABEL.search(clause)
                order = next((i for i, word in enumerate(_ORDINALS, 1) if re.search(_ordinal(word), clause)), None)
                is_plural = _PLURAL.search(clause) is not None
                before = text[: at + start]
                found.append(
                    Mention(
                        kind,
                        begin + at + start,
                        clause,
                        int(label[2]) if label else order,
                        is_plural,
                        is_supposed,
                        _KNOWN.search(before) is not None,
                        not before.strip(" \t\n•0123456789.()"),
                    )
                )
            elif found:
                found[-1] = replace(found[-1], text=f"{found[-1].text} ; {clause}")
    return found


def _ordinal(word: str) -> str:
    return rf"{_THE}(?:{word})\b|^\W*(?:{word}){_A_LAYER}"


def _clauses(piece: str) -> Iterator[tuple[str, int, str]]:
    """A stretch with the kind of layer that it names and where; clause by clause where each names one at most."""
    kind, place = _kind(piece)
    if kind == "other" and not _OTHER.search(piece):
        stops = [0, *(m.end() for m in _BETWEEN.finditer(piece)), len(piece)]
        clauses = [(start, piece[start:end]) for start, end in pairwise(stops)]
        kinds = [_kind(clause) for _, clause in clauses]
        if sum(kind not in ("", "other", "layer") for kind, _ in kinds) > 1 and not any(kind == "other" for kind, _ in kinds):
            yield from ((kind, start + at, clause) for (kind, at), (start, clause) in zip(kinds, clauses, strict=True))
            return
    yield kind, place, piece


def _kind(piece: str) -> tuple[str, int]:
    """The kind of layer that is named, and where; "other" for one that is not known, or where there are several."""
    piece = _ASIDE.sub(lambda m: " " * len(m[0]), piece)
    found = [(kind, m.start()) for kind, pattern in _KINDS if (m := pattern.search(piece))]
    if _OVER_ALL.search(piece):
        return ("other" if len(found) > 1 else "over all"), 0
    if _OTHER.search(piece):
        return "other", 0
    if len(found) > 1:
        found = [(kind, at) for kind, at in found if kind != "flatten"]
    for own in ("depthwise", "transposed"):
        if {kind for kind, _ in found} == {own, "convolution"}:
            found = [(kind, at) for kind, at in found if kind == own]
    if {kind for kind, _ in found} == {"pool", "convolution"} and not re.search(r"(?i)\bconv|faltung", piece):
        found = [(kind, at) for kind, at in found if kind == "pool"]
    if {kind for kind, _ in found} == {"dense", "embedding"} and re.search(r"(?i)embedding (?:layer|table|matrix)", piece):
        found = []
    if not found:
        label = _LABEL.search(piece) or re.search(_ordinal("|".join(_ORDINALS)), piece)
        return ("layer", label.start()) if label else ("", 0)
    return found[0] if len(found) == 1 else ("other", found[0][1])


def layer_of(mention: Mention, bias: bool | None, is_line: bool = False) -> Layer | None:
    """The layer with the sizes that its text tells; None for a kind that has none."""
    if mention.kind in ("other", "layer", "over all") or (mention.kind == "transposed" and _SAME.search(mention.text)):
        return None
    text, kind = " ".join(mention.text.split()), mention.kind
    sizes: dict[str, int] = dict(_called(text))
    told_bias = False if NO_BIAS.search(text) else True if BIAS.search(text) or _CALL.search(text) else bias

    def take(name: str, *patterns: re.Pattern[str]) -> None:
        for pattern in patterns:
            found = pattern.search(text)
            if found and name not in sizes:
                sizes[name] = number(found)

    if kind in WINDOWED:
        text = re.sub(rf"\((\d+{_BY}\d+)\)", r" \1 ", text)
        square = _SQUARE.search(text)
        if square and "height" not in sizes:
            sizes |= {"height": int(square[1]), "width": int(square[2])}
        is_line = is_line or _ONE_LINE.search(text) is not None
        if square is None:
            take("width", _LINE)
            if "width" in sizes and "height" not in sizes:
                sizes["height"] = 1 if is_line else sizes["width"]
        take("stride", _STRIDE)
        take("dilation", _DILATION)
    if kind in ("convolution", "transposed"):
        deep = _DEEP.search(text)
        if deep and "height" not in sizes:
            sizes |= {"height": int(deep[1]), "width": int(deep[2]), "channels": int(deep[3])}
        coloured = _ON_COLOUR.search(text)
        ends = _FROM_TO.search(text)
        if ends and (ends[3] == "channels" or "→" in ends[0]) and "filters" not in sizes:
            sizes["channels"], sizes["filters"] = map(_in_digits, (ends[1], ends[2]))
        take("filters", _MANY)
        take("channels", _CHANNELS)
        if coloured and "channels" not in sizes:
            sizes["channels"] = 3 if _COLOUR.search(coloured[0]) else 1
        take("groups", _GROUPS)
        if re.search(r"(?i)\bpointwise\b", text):
            sizes |= {"height": 1, "width": 1}
        if "channels" in sizes:
            sizes["channels"] //= max(sizes.get("groups", 1), 1)
    if kind == "pool" and "height" in sizes:
        sizes.setdefault("stride", sizes["width"])
    if kind == "dense":
        ends = _FROM_TO.search(text)
        if ends and not {"inputs", "outputs"} & set(sizes):
            sizes["inputs"], sizes["outputs"] = map(_in_digits, (ends[1], ends[2]))
        take("outputs", _UNITS, re.compile(r"(?i)\b(?:fc|dense|linear|connected|layer|units)\d*\W{1,3}(\d+)\W*$"))
    if kind in RECURRENT:
        take("state", _STATE)
        take("inputs", _INPUTS)
    if kind == "embedding":
        of = _TABLE_OF.search(text)
        if of and "words" not in sizes:
            sizes |= {"words": int(of[1]), "features": int(of[2])}
        take("words", _VOCABULARY)
        take("features", _FEATURES)
    if kind in ("norm", "rms norm"):
        take("features", _ENTRIES)
    if kind == "feed-forward":
        ends = _FROM_TO.search(text) or re.search(rf"(?i)\bfrom\s*{NUMBER}\s*to\s*{NUMBER}\s*and back", text)
        if ends:
            sizes["features"], sizes["hidden"] = map(_in_digits, (ends[1], ends[2]))
    own = twice_biased(kind) if kind in RECURRENT and _TWO_BIASES.search(text) else None
    return Layer(kind, sizes, told_bias if own is None else True, _padding(text, sizes), own=own)


def settings(text: str) -> tuple[int | None, int | None]:
    """The stride and the padding that are told, None where they are not."""
    stride = _STRIDE.search(text)
    return None if stride is None else number(stride), _padding(text, {})


def _padding(text: str, sizes: Mapping[str, int]) -> int | None:
    """How much is put around; None where that is not told."""
    told = _PADDING.search(text)
    if "padding" in sizes:
        return sizes["padding"]
    if _SAME.search(text):
        return sizes.get("dilation", 1) * (sizes.get("width", 1) - 1) // 2
    if told:
        return number(told)
    return 0 if _NO_PADDING.search(text) or _CALL.search(text) else None


def _called(text: str) -> Iterator[tuple[str, int]]:
    """The sizes of a call: `nn.Conv2d(3, 32, 7, stride=2)`."""
    call = _CALL.search(text)
    if call is None:
        return
    names = ("filters", "window", "stride") if call[1] in ("Conv1D", "Conv2D") else _BY_PLACE.get(call[1].lower(), ("window", "stride"))
    given = [argument.strip() for argument in re.split(r",(?![^(]*\))", call[2])]
    for name, told in zip(names, given, strict=False):
        sides = re.fullmatch(r"\(?(\d+)\s*[×,]\s*(\d+)\)?", told)
        if sides is not None and name == "window":
            yield from (("height", int(sides[1])), ("width", int(sides[2])))
            continue
        if not told.isdecimal():
            break
        yield from ((name, int(told)),) if name != "window" else (("height", int(told)), ("width", int(told)))
        if name == "width":
            yield "height", 1


def volume_of(text: str, is_input: bool = False) -> Volume | None:
    """The input that is told, by its sizes and channels or its colours; None where it is none.

    Where it `is_input` in any case, it may also be told without its channels.
    """
    text = " ".join(text.split())
    if not IMAGE.search(text) and not is_input:
        return None
    batched, cube, square = _BATCHED.search(text), _CUBE.search(text), _SQUARE.search(text)
    cubic = batched or cube or _TUPLE.search(text)
    if cubic is not None:
        a, b, c = (int(cubic[i]) for i in (1, 2, 3))
        return Volume(a, (b, c)) if b == c != a else Volume(c, (a, b)) if a == b else None
    told = _CHANNELLED.search(text)
    channels = number(told) if told else 3 if _COLOUR.search(text) else 1 if _GREY.search(text) else 0
    if square is not None and (channels or is_input):
        return Volume(channels, (int(square[1]), int(square[2])))
    samples = _SAMPLES.search(text)
    return Volume(channels, (number(samples),)) if samples is not None and (channels or is_input) and square is None else None


def taken(text: str) -> tuple[Volume, int, int] | None:
    """The input that a layer is said to take, and where the words stand that say so."""
    for pattern in _TAKES:
        for found in pattern.finditer(text):
            volume = volume_of(found[0], True)
            if volume is not None and not _GIVEN_OUT.search(text[: found.start()]):
                return volume, found.start(), found.end()
    return None


def widths(text: str) -> Iterator[tuple[int, list[int]]]:
    """Where a fully connected network is told by its widths: `784–128–10`, `784 inputs, hidden layers of 128 units and 10 outputs`."""
    for found in WIDTHS.finditer(text):
        if _NETWORK.search(text[max(0, found.start() - 80) : found.end() + 80]):
            yield found.start(), [int(n) for n in re.findall(r"\d+", found[0])]
    for sentence in re.finditer(r"[^.;\n](?:[^.;\n]|\n(?!\s*\n)|\.(?=\d))*", text):
        told = None if _NOT_DENSE.search(sentence[0]) else _from_end_to_end(sentence[0])
        if told is not None:
            yield sentence.start() + told[0], told[1]
    yield from _numbered(text)


def _from_end_to_end(sentence: str) -> tuple[int, list[int]] | None:
    """The widths of a network whose inputs, hidden layers and outputs are told one after the other, and where."""
    found: list[tuple[int, int, str, re.Match[str]]] = []
    for end, pattern in _ENDS:
        for m in pattern.finditer(sentence):
            if not any(a < m.end() and m.start() < b for a, b, _, _ in found):
                found.append((m.start(), m.end(), end, m))
    found.sort(key=lambda f: f[:2])
    ends = [end for _, _, end, _ in found]
    if len(ends) < 2 or ends != ["in", *["hidden"] * (len(ends) - 2), "out"] or (len(ends) == 2 and not _NO_HIDDEN.search(sentence)):
        return None
    out: list[int] = []
    for _, _, end, m in found:
        if end != "hidden":
            out.append(number(m) if any(m.groups()) else 1)
            continue
        listed = [_in_digits(n) for n in re.findall(rf"(?i){NUMBER}\b", m["many"] or m["short"] or m["bare"])]
        layers = _in_digits(m[1]) if m[1] else 1
        if m[1] and layers != len(listed) > 1:
            return None
        out += listed * layers if len(listed) == 1 else listed
    return found[0][0], out


def _numbered(text: str) -> Iterator[tuple[int, list[int]]]:
    """Widths by the numbers of their layers, and by the shapes of their weights, each of which fits the next."""
    for run in _runs([(m.start(), int(m[1]), (int(m[2]),)) for m in _NUMBERED_WIDTH.finditer(text)]):
        if run[0][1] == 0 and len(run) > 2:
            yield run[0][0], [size[0] for _, _, size in run]
    for run in _runs([(m.start(), int(m[1]), (int(m[2]), int(m[3]))) for m in _NUMBERED_SHAPE.finditer(text)]):
        for into, out in ((1, 0), (0, 1)):
            fits = all(a[2][out] == b[2][into] for a, b in pairwise(run))
            if run[0][1] == 1 and len(run) > 1 and fits:
                yield run[0][0], [run[0][2][into], *(size[out] for _, _, size in run)]
                break


def _runs(numbered: list[tuple[int, int, tuple[int, ...]]]) -> Iterator[list[tuple[int, int, tuple[int, ...]]]]:
    """Those that stand after each other with numbers that go up by one."""
    run: list[tuple[int, int, tuple[int, ...]]] = []
    for one in numbered:
        if run and one[1] != run[-1][1] + 1:
            yield run
            run = []
        run.append(one)
    if run:
        yield run


def dense_of(told: list[int], bias: bool | None) -> list[Layer]:
    return [Layer("dense", {"inputs": a, "outputs": b}, bias) for a, b in pairwise(told)]
