r"""Layers told in words and what is counted of them: `8 filters of size $5 \times 5$, padding 2` on `$3 \times 32 \times 32$`.

The words say which layer comes next; from its input follow the size of its output and the number of its parameters, which the lines
below it claim. Of what is not told nothing is judged, and after a size that is wrong the next layer may go on from either.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from symgrad import syntax as sx
from symgrad.constant import constant_of
from symgrad.findings import BY_CODE
from symgrad.read.document import Sheet, Statement
from symgrad.verification import Claim, Finding

_NUMBERS = {word: i for i, word in enumerate("zero one two three four five six seven eight nine ten".split())}
_NUMBER = rf"(\d+|{'|'.join(_NUMBERS)})"
_BY = r"\s*[×xX]\s*"
_SQUARE = re.compile(rf"(?<![\d×])(\d+){_BY}(\d+)(?!\d|{_BY}\d)")
_FILTERS = re.compile(
    rf"(?i)\b{_NUMBER}\s+(?:[a-z\d×-]+\s+){{0,3}}?(?:filters?|kernels?|feature maps|output channels|filtros|filtres|filtri)\b"
)
_CONV = re.compile(r"(?i)\b(?:conv\w*|filters?|kernels?|faltung\w*|filtros|filtres|filtri)\b")
_POOL = re.compile(r"(?i)\b\w*pool\w*\b")
_DENSE = re.compile(r"(?i)\b(?:fc|linear|dense|fully[- ]connected|affine)\d?\b")
_FLAT = re.compile(r"(?i)\bflatten\w*|\bvectori[sz]ed?\b")
_FROM_TO = re.compile(r"(?i)\b(\d+)\s*(?:inputs?|features?|units?)?\s*(?:to|→|->|nach|in|à|a)\s*(\d+)\b")
_STRIDE = re.compile(rf"(?i)\bstrides?\s*(?:of|=|von|de)?\s*{_NUMBER}\b")
_PADDING = re.compile(rf"(?i)\bpad(?:ding)?\s*(?:of|=|von|de)?\s*{_NUMBER}\b")
_SAME = re.compile(r"(?i)\bsame[\s\"'’”-]*(?:padding|convolution)|\bpadding\s*=?\s*[\"'‘“]?same")
_UNTOLD = re.compile(r"(?i)\b(?:dilat|group|depthwise|transpos|separable|circular|causal)")
_IMAGE = re.compile(r"(?i)\b(?:images?|inputs?|bild\w*|im[aá]gen\w*|entrada|entr[ée]e)\b")
_COLOUR, _GREY = re.compile(r"(?i)\b(?:RGB|colou?r)\b"), re.compile(r"(?i)\bgr[ae]y\w*\b")
_CUBE = re.compile(rf"(?<![\d×])(\d+){_BY}(\d+){_BY}(\d+)(?!\d|{_BY}\d)")
_NO_BIAS = re.compile(r"(?i)\b(?:no|without|ohne|sans|sin)\s+(?:an?\s+)?bias")
_BIAS = re.compile(r"(?i)\bbias")
_NO_PADDING = re.compile(r"(?i)\b(?:no|without|ohne|sans|sin)\s+(?:zero[- ])?pad|\bvalid\b")
_PARAMETERS = re.compile(r"(?i)\b(?:param|weights|gewichte|poids|pesos)\w*")
_OUTPUT = re.compile(r"(?i)\b(?:outputs?|gives?|giving|becomes|ausgabe|salida|sortie)\b[^.,;]{0,20}$")
_SIDE = re.compile(r"(?i)^(?:[hwo]?out\w*|O|outputs?(?:size|width|height)?)$")
_SIDE_IN_WORDS = re.compile(r"(?i)\boutput\s+(?:width|height|size)\b[^.,;]{0,10}$")
# A sentence that begins so tells of a layer, whether or not it is understood.
_LABEL = re.compile(r"(?i)^\W*(?:conv|\w*pool|fc|dense|linear|fully|flatten|block|residual)")

Volume = tuple[int, int, int]  # channels, height, width


@dataclass(frozen=True)
class _Layer:
    """What follows from a layer: the volumes it may give out, and the numbers of parameters it may have."""

    volumes: frozenset[Volume] = frozenset()
    parameters: frozenset[int] = frozenset()


_UNKNOWN = _Layer()


def convolved(sheet: Sheet) -> list[tuple[Claim, list[Finding]]]:
    """The sizes and counts that follow from layers told in words, with what is wrong about them; none where more are wrong than hold."""
    found = list(_followed(sheet))
    wrong = sum(claim.verdict == "fails" for claim, _ in found)
    return found if 2 * wrong < len(found) else []


def _followed(sheet: Sheet) -> Iterator[tuple[Claim, list[Finding]]]:
    text = _plain(sheet.source.text)
    biases = (0,) if _NO_BIAS.search(text) else (1,) if _BIAS.search(text) else (0, 1)
    volumes: frozenset[Volume] = frozenset()
    layer = _UNKNOWN
    for begin, end in _sentences(text):
        sentence = text[begin:end]
        if not volumes:
            volumes = _image(sentence)
            continue
        told = _told(sentence, volumes, biases)
        if told is _UNKNOWN:
            return
        if told is not None:
            layer, volumes = told, told.volumes
        for statement in (s for s in sheet.statements if begin <= s.span.start < end):
            claimed = _claimed(sheet, statement, layer)
            if claimed is not None:
                yield claimed[0]
                volumes |= claimed[1]


def _plain(source: str) -> str:
    """The text with the signs of mathematics as they are typed, and everything in its place."""
    text = re.sub(r"\\times|\\cdot", lambda m: ("×" if m[0] == "\\times" else "·").ljust(len(m[0])), source)
    text = re.sub(r"(?m)^\s*\|.*$", lambda m: " " * len(m[0]), text)  # tables are read elsewhere
    return re.sub(r"[$*`~{}]|\\text(?=\{)", lambda m: " " * len(m[0]), text)


def _sentences(text: str) -> Iterator[tuple[int, int]]:
    begin = 0
    for stop in re.finditer(r"[.;](?=\s)|\n\s*\n|\n\s*(?=[-•])", text):
        yield begin, stop.end()
        begin = stop.end()
    yield begin, len(text)


def _number(found: re.Match[str] | None, default: int) -> int:
    return default if found is None else int(found[1]) if found[1].isdecimal() else _NUMBERS[found[1].lower()]


def _image(sentence: str) -> frozenset[Volume]:
    """The input, channels first or last, or by its colours."""
    if not _IMAGE.search(sentence):
        return frozenset()
    cube, square = _CUBE.search(sentence), _SQUARE.search(sentence)
    if cube is not None:
        a, b, c = (int(cube[i]) for i in (1, 2, 3))
        return frozenset({(a, b, c)} if b == c != a else {(c, a, b)} if a == b != c else ())
    channels = 3 if _COLOUR.search(sentence) else 1 if _GREY.search(sentence) else 0
    return frozenset({(channels, int(square[1]), int(square[2]))} if square is not None and channels else ())


def _told(sentence: str, volumes: frozenset[Volume], biases: tuple[int, ...]) -> _Layer | None:
    """The layer that a sentence tells of; `_UNKNOWN` where it is not understood, None where there is none."""
    square, filters, ends = _SQUARE.search(sentence), _FILTERS.search(sentence), _FROM_TO.search(sentence)
    if _UNTOLD.search(sentence):
        return _UNKNOWN
    if _POOL.search(sentence) and square is not None and filters is None:
        size = int(square[1])
        return _Layer(_slid(volumes, None, size, _number(_STRIDE.search(sentence), size), _number(_PADDING.search(sentence), 0)))
    if _CONV.search(sentence) and square is not None and filters is not None:
        size, many = int(square[1]), _number(filters, 1)
        stride, padding = _number(_STRIDE.search(sentence), 1), _PADDING.search(sentence)
        paddings = {(size - 1) // 2} if _SAME.search(sentence) else {_number(padding, 0)}
        if padding is None and not _NO_PADDING.search(sentence) and not _SAME.search(sentence):
            paddings = {0, (size - 1) // 2}
        out = frozenset(v for p in paddings for v in _slid(volumes, many, size, stride, p))
        return _Layer(out, frozenset(many * (c * size * int(square[2]) + bias) for c, _, _ in volumes for bias in biases))
    if _DENSE.search(sentence) and ends is not None:
        inputs, outputs = int(ends[1]), int(ends[2])
        return _Layer(frozenset({(outputs, 1, 1)}), frozenset(outputs * (inputs + bias) for bias in biases))
    if _FLAT.search(sentence):
        return _Layer(frozenset((c * h * w, 1, 1) for c, h, w in volumes))
    return _UNKNOWN if _LABEL.search(sentence) else None


def _slid(volumes: frozenset[Volume], many: int | None, size: int, stride: int, padding: int) -> frozenset[Volume]:
    """What a window that slides over a volume gives out."""

    def places(side: int) -> int:
        return (side + 2 * padding - size) // max(stride, 1) + 1

    return frozenset((many or c, places(h), places(w)) for c, h, w in volumes)


def _claimed(sheet: Sheet, statement: Statement, layer: _Layer) -> tuple[tuple[Claim, list[Finding]], frozenset[Volume]] | None:
    """What a statement says of the layer, whether it is so, and the volumes that it speaks of; None where it says nothing of it."""
    node, words = statement.node, statement.words[-60:]
    if isinstance(node, sx.Product) and set(node.operators) == {"times"} and len(node.factors) in (3, 4) and _OUTPUT.search(words):
        sizes = [constant_of(factor) for factor in node.factors[-3:]]
        if None in sizes or not layer.volumes:
            return None
        a, b, c = (int(size or 0) for size in sizes)
        expected = sorted(layer.volumes)
        right = bool({(a, b, c), (c, a, b)} & layer.volumes)
        claimed = {(a, b, c), (c, a, b)} & layer.volumes or ({(c, a, b)} if a == b else {(a, b, c)})
        shown = " or ".join("×".join(map(str, v)) for v in expected)
        return _judged(sheet, statement, right, "SG215", f"the output is {shown}, channels first"), frozenset(claimed)
    if not isinstance(node, sx.Relation) or set(node.operators) != {"="}:
        return None
    values = [(i, int(number)) for i, side in enumerate(node.sides) if (number := constant_of(side)) is not None]
    if not values:
        return None
    named = re.sub(r"\\(?:text|mathrm|mathit)|[\\{}_^\s]", "", sheet.source.slice(node.sides[0].span)) if values[0][0] else ""
    value = values[0][1]
    if layer.parameters and _PARAMETERS.search(named or f"{words[-25:]} {statement.words_after[:15]}"):
        right = value in layer.parameters
        return _judged(sheet, statement, right, "SG216", f"the parameters are {_either(layer.parameters)}"), frozenset()
    if layer.volumes and (_SIDE.match(named) or (not named and _SIDE_IN_WORDS.search(words))):
        sides = {side for _, *both in layer.volumes for side in both}
        sized = frozenset((c, value, value) for c, _, _ in layer.volumes)
        return _judged(sheet, statement, value in sides, "SG215", f"the output has a side of {_either(sides)}"), sized
    return None


def _either(numbers: frozenset[int] | set[int]) -> str:
    return " or ".join(map(str, sorted(numbers)))


def _judged(sheet: Sheet, statement: Statement, right: bool, code: str, about: str) -> tuple[Claim, list[Finding]]:
    claim = Claim(statement.span, sheet.source.slice(statement.span).strip(), "holds" if right else "fails", about)
    claim.evidence.append({"method": "exact", "holds": right})
    kind = BY_CODE[code]
    return claim, [] if right else [Finding(kind.code, kind.severity, statement.span, about, kind.cause)]
