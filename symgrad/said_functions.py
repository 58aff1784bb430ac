r"""Which function a letter is: `$\sigma$ is the ReLU`, `f = \tanh`, or by the shape of its formula on the page, `1/(1 + e^{-z})`."""

from __future__ import annotations

import re
from fractions import Fraction
from itertools import pairwise

from symgrad import syntax as sx
from symgrad.constant import constant_of
from symgrad.meaning import Function, Vocabulary
from symgrad.naming import script_text
from symgrad.read import functions as fn
from symgrad.read.document import Sheet
from symgrad.syntax import Node

_WORDS = r"(relu|sigmoid|logistic|tanh|hyperbolic tangent|softplus|gelu|silu|leaky[- ]relu|identity)\b"
_FUNCTION_WORD = re.compile(rf"(?i)\b{_WORDS}")
# `a = f(z)  (leaky ReLU, slope 0.1)`
_IN_BRACKETS = re.compile(rf"(?i)^\$?\s*\((?:the |an? )?{_WORDS}")
# `the neurons have a sigmoid activation function`, said of all of them.
_ACTIVATION = re.compile(
    r"(?i)\b(sigmoid|logistic|tanh|relu)[- ](?:activations?|transfer)\b"
    r"|\bactivation(?: function)?s?:? (?:is |are )?(?:the )?(sigmoid|tanh|relu)\b"
)
# `ReLU for the hidden layers, sigmoid for the output layer`, `hidden layers use tanh, the output layer is linear`
_PLACE = r"(hidden|inner|output|last|final)"
_USED = (
    r"(relu|sigmoid|logistic|tanh|hyperbolic tangent|softplus|gelu|silu|leaky[- ]relu|identity|(?<!-)linear)\b"
    r"(?! (?:regression|model|map|layer|transformation|combination|unit)s?\b)"
)
_BY_LAYER = re.compile(
    rf"(?i)\b{_USED}(?: (?:activations?|units?|functions?|nonlinearit\w+))?,? (?:(?:is|are) used )?"
    rf"(?:in|for|at|on)(?: \w+){{0,3}}? {_PLACE}\b"
    rf"|\b{_PLACE}(?: layers?| units?| neurons?)?(?: is| are| uses?| has| have| applies|:| with| gets)?(?: an?| the)?(?: \w+)? {_USED}"
)
_LAST = frozenset({"output", "last", "final"})
# `lrelu with slope 0.1 for z < 0`, `a leak of $0.2$`.
_LEAK = re.compile(
    r"(?i)\b(?:slope|leak(?:age)?|Steigung|pente|pendiente)\W{1,3}(?:(?:of|is|was|von|de)\W{1,2})?(?:(?:\\alpha|\\beta|[aαβ])\s?=\s?)?(\d*\.\d+)"
    r"|(?<![\w.])(\d*\.\d+)\$?\s(?:negative )?(?:slope|leak)\b"
)
_USUAL_LEAK = fn.ELEMENTWISE_WORDS["leakyrelu"]


def functions_in_words(sheet: Sheet, vocabulary: Vocabulary) -> None:
    r"""`$\sigma$ is the ReLU`, `f = \tanh`, `\phi(z) = \max(0, z)`."""
    for statement in sheet.statements:
        node = statement.node
        match node:
            case sx.Name(base=base) if base in fn.UNNAMED or base == "\\sigma":
                said = _FUNCTION_WORD.search(statement.words_after[:60]) or _FUNCTION_WORD.search(statement.words[-40:])
                record = _by_its_word(said)
                if record:
                    vocabulary.functions[base] = record
            case sx.Relation(sides=(_, sx.Call(function=sx.Name(base=base), args=(_,)))) if base in fn.UNNAMED and (
                record := _by_its_word(_IN_BRACKETS.search(statement.words_after))
            ):
                vocabulary.functions[base] = record
            case sx.Relation(sides=(sx.Name(base=base), sx.Name(base=word)), operators=("=" | ":=",)):
                record = fn.ELEMENTWISE_WORDS.get(fn.word_of(word))
                if record and (base in fn.UNNAMED or base == "\\sigma"):
                    vocabulary.functions[base] = record
            case sx.Relation(
                sides=(sx.Scripted(base=sx.Name(base=base), sub=None, sup=layer), sx.Name(base=word)), operators=("=" | ":=",)
            ):
                record = fn.ELEMENTWISE_WORDS.get(fn.word_of(word))
                if record and base in fn.UNNAMED:
                    vocabulary.functions[f"{base}^{script_text(layer)}"] = record
            case sx.Relation(sides=(sx.Call(function=sx.Name(base=base), args=(sx.Name() as argument,)), body, *_)) if (
                base in fn.UNNAMED or base == "\\sigma"
            ):
                record = recognised_function(body, argument)
                if record:
                    vocabulary.functions[base] = record
        for before, after in pairwise(node.sides) if isinstance(node, sx.Relation) else ():
            _function_in_a_chain(before, after, vocabulary)
    _by_layer(sheet, vocabulary)
    named = {found[1] or found[2] for found in _ACTIVATION.finditer(sheet.source.text)}
    meant = fn.ELEMENTWISE_WORDS.get(next(iter(named)).lower()) if len(named) == 1 else None
    if meant is not None:
        vocabulary.functions = dict.fromkeys(fn.UNNAMED, meant) | vocabulary.functions
    slopes = {found[1] or found[2] for found in _LEAK.finditer(sheet.source.text)}
    if len(slopes) == 1:
        leaky: Function = ("leaky_relu", (Fraction(slopes.pop()),))
        bases = {n.base for s in sheet.statements for n in sx.walk(s.node) if isinstance(n, sx.Name)}
        usual = {base for base in bases if fn.ELEMENTWISE_WORDS.get(fn.word_of(base)) == _USUAL_LEAK}
        usual |= {base for base, record in vocabulary.functions.items() if record == _USUAL_LEAK}
        vocabulary.functions |= dict.fromkeys(usual, leaky)


def _by_layer(sheet: Sheet, vocabulary: Vocabulary) -> None:
    r"""The `g^{[l]}` of layers by their numbers, where words say what hidden layers apply, and what the last one does."""
    text = " ".join(sheet.source.text.split())
    said = [(found[2] or found[3], _by_the_word(found[1] or found[4])) for found in _BY_LAYER.finditer(text)]
    labels: dict[str, dict[int, str]] = {}
    nodes = [n for s in sheet.statements for n in sx.walk(s.node)] if said else []
    last = max((number for n in nodes if isinstance(n, sx.Scripted) and (number := _layer_of(n.sup)) is not None), default=0)
    for function in (n.function for n in nodes if isinstance(n, sx.Call)):
        if isinstance(function, sx.Scripted) and isinstance(function.base, sx.Name) and function.base.base in fn.UNNAMED:
            number = _layer_of(function.sup)
            if number is not None:
                labels.setdefault(function.base.base, {})[number] = script_text(function.sup)
    for base, layers in labels.items():
        for place, record in said:
            for layer, label in layers.items():
                if record is not None and (layer == last) == (place.lower() in _LAST):
                    vocabulary.functions.setdefault(f"{base}^{label}", record)


def _layer_of(label: Node | None) -> int | None:
    """The number of `[2]` and of `(2)`, which a prime may stand behind."""
    number = script_text(label).strip("[(){}]\u2032'")
    return int(number) if number.isdigit() else None


def _by_its_word(said: re.Match[str] | None) -> Function | None:
    """The function that is named in words."""
    return None if said is None else _by_the_word(said[1])


def _by_the_word(word: str) -> Function | None:
    word = word.lower().replace("-", " ")
    if word in ("identity", "linear"):
        return "identity", ()
    return fn.ELEMENTWISE_WORDS.get({"hyperbolic tangent": "tanh", "leaky relu": "leakyrelu"}.get(word, word))


def _function_in_a_chain(call: Node, body: Node, vocabulary: Vocabulary) -> None:
    r"""`y_j = F(a_j) = \frac{1}{1 + e^{-a_j}}`"""
    match call:
        case (
            sx.Call(function=sx.Name(base=base), args=(argument,))
            | sx.Product(factors=(sx.Name(base=base), sx.Group(open="(", body=argument)), operators=("",))
        ) if base in (*fn.UNNAMED, "F"):
            record = recognised_function(body, argument)
            if record:
                vocabulary.functions.setdefault(base, record)


def recognised_function(body: Node, argument: Node) -> Function | None:
    """Which function an expression in one letter is, by its shape on the page."""
    match body:
        case sx.Call(function=sx.Name(base=word), args=(inner,)) if inner == argument:
            return fn.ELEMENTWISE_WORDS.get(fn.word_of(word))
        case sx.Call(function=sx.Name(base=word), args=(sx.Number(text="0"), inner)) if inner == argument and fn.word_of(word) == "max":
            return "relu", ()
        case sx.Cases(rows=(first, second)):
            return _by_cases(first, second, argument)
        case sx.Call(function=sx.Name(base=word), args=(inside,)) if fn.word_of(word) in ("log", "ln") and _is_one_and(
            inside, argument, ""
        ):
            return "softplus", ()
    above, below = _quotient(body)
    if below is None:
        return None
    if isinstance(above, sx.Number) and above.text == "1" and _is_one_and(below, argument, "-"):
        return "sigmoid", ()
    if _exponent_sign(above, argument) == "" and _is_one_and(below, argument, ""):
        return "sigmoid", ()
    if above == argument and _is_one_and(below, argument, "-"):
        return "silu", ()
    if _exponentials(above, argument, "-") and _exponentials(below, argument, "+"):
        return "tanh", ()
    return None


def _quotient(body: Node) -> tuple[Node, Node | None]:
    r"""What stands above and below a line or a slash, `1/(1 + e^{-z})`, `(1 + e^{-z})^{-1}`; None below for no quotient."""
    match body:
        case sx.Frac(above=above, below=below):
            return above, _bare(below)
        case sx.Product(factors=(above, below), operators=("/",)):
            return _bare(above), _bare(below)
        case sx.Scripted(base=sx.Group(body=below), sub=None, sup=sx.Prefix(sign="-", body=sx.Number(text="1"))):
            return sx.Number(body.span, "1"), below
        case sx.Group(body=inner):
            return _quotient(inner)
    return body, None


def _bare(node: Node) -> Node:
    return node.body if isinstance(node, sx.Group) else node


def _exponent_sign(node: Node, argument: Node) -> str | None:
    """The sign before z in `e^z`, `exp(-z)`; None for anything else."""
    match node:
        case sx.Call(function=sx.Name(base=word), args=(exponent,)) if fn.word_of(word) == "exp":
            pass
        case sx.Scripted(base=sx.Name(base="e"), sub=None, sup=exponent) if exponent is not None:
            pass
        case _:
            return None
    exponent = _bare(exponent)
    if isinstance(exponent, sx.Prefix) and exponent.sign == "-":
        return "-" if _bare(exponent.body) == argument else None
    return "" if exponent == argument else None


def _is_one_and(node: Node, argument: Node, sign: str) -> bool:
    """`1 + e^z`, or with a minus in the exponent, in either order."""
    match _bare(node):
        case sx.Sum(terms=(first, second), signs=("" | "+", "+")):
            one, power = (first, second) if isinstance(first, sx.Number) else (second, first)
            return isinstance(one, sx.Number) and one.text == "1" and _exponent_sign(power, argument) == sign
    return False


def _exponentials(node: Node, argument: Node, between: str) -> bool:
    """`e^z - e^{-z}`, or with a plus between them."""
    match _bare(node):
        case sx.Sum(terms=(first, second), signs=("" | "+", sign)):
            return sign == between and _exponent_sign(first, argument) == "" and _exponent_sign(second, argument) == "-"
    return False


_ABOVE = frozenset({">", "ge", "geq"})
_BELOW = frozenset({"<", "le", "leq"})


def _by_cases(first: sx.Case, second: sx.Case, argument: Node) -> Function | None:
    r"""`u` where `u > 0` and `0`, or `0.1 u`, elsewhere: the ReLU and the leaky ReLU."""
    match first.condition:
        case sx.Relation(sides=(sx.Name() as letter, sx.Number(text="0")), operators=(operator,)) if letter == argument:
            above, below = (first.value, second.value) if operator in _ABOVE else (second.value, first.value)
        case _:
            return None
    if operator not in _ABOVE | _BELOW or above != argument:
        return None
    if below == sx.Number(below.span, "0"):
        return "relu", ()
    match below:
        case sx.Product(factors=(slope, sx.Name() as letter)) if letter == argument and (value := constant_of(slope)) is not None:
            return "leaky_relu", (value,)
    return None
