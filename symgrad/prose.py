r"""What a sheet says in words, and in marks that are no claims: which function `f` is, that `M` is a mask, that `X` is `n × d`."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Iterator, Sequence
from fractions import Fraction
from itertools import groupby, pairwise
from typing import TypeGuard

from symgrad import syntax as sx
from symgrad.constant import constant_of, is_numeric
from symgrad.dims import ONE, Dim
from symgrad.meaning import Function, Vocabulary
from symgrad.naming import letters_of, plain_name, script_text, superscript, without_transpose
from symgrad.origins import letters_that_run
from symgrad.read import functions as fn
from symgrad.read.document import Sheet, Statement
from symgrad.shapes import unknown
from symgrad.syntax import Node

_FUNCTION_WORD = re.compile(r"(?i)\b(relu|sigmoid|logistic|tanh|hyperbolic tangent|softplus|gelu|silu|leaky relu|identity)\b")
# `the neurons have a sigmoid activation function`, said of all of them.
_ACTIVATION = re.compile(
    r"(?i)\b(sigmoid|logistic|tanh|relu)[- ](?:activations?|transfer)\b"
    r"|\bactivation(?: function)?s?:? (?:is |are )?(?:the )?(sigmoid|tanh|relu)\b"
)
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
                if said:
                    word = {"hyperbolic tangent": "tanh", "leaky relu": "leakyrelu"}.get(said[1].lower(), said[1].lower())
                    record = fn.ELEMENTWISE_WORDS.get(word)
                    if record:
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


# Words beside a name, and what they say of it, in the languages that derivations are met in.
_PROPERTIES: tuple[tuple[str, str], ...] = (
    (
        "mask",
        r"\bmasks?\b|\bbinary\b|zeros and ones|0s and 1s|0/1|\bBernoulli\b|\bmaske\b|\bmasque\b|\bm[áa]scara\b|\bmaschera\b|маск|掩码",
    ),
    ("one_hot", r"\bone[- ]?hot\b"),
    ("orthogonal", r"\borthogonal matri|\b(?:is|are|be|ist|sei|est|es|è) (?:orthogonale?|ortogonale?)\b(?! (?:to|zu|à|a)\b)"),
    ("signs", r"\blabels? (?:of )?(?:±|\+/-|plus or minus )1\b"),
    (
        "distribution",
        r"\bdistribution\b|\bsums? to (?:1|one)\b|\bprobability vectors?\b|\bprobabilities\b|verteilung\b|\bdistribuci[óo]n\b"
        r"|\bdistribuzione\b|\bdistribui[çc][ãa]o\b|распределени|概率分布",
    ),
    (
        "symmetric",
        r"(?<!non-)(?<!a)\bsymmetric\b|\bcovariance matrix\b|\bpositive (?:semi-?)?definite\b|\bsymmetrisch\w*|\bsym[ée]trique\b"
        r"|\bsim[ée]tric[ao]s?\b|\bsimmetric[ao]\b|\bсимметричн|对称",
    ),
)
_OF_TWO: dict[frozenset[Fraction | None], str] = {
    frozenset({Fraction(0), Fraction(1)}): "mask",
    frozenset({Fraction(-1), Fraction(1)}): "signs",
}
_GAUSSIAN = re.compile(r"(?i)\bgaussians?\b|\bnormal distribution\b|\bmultivariate normal\b|\bcovariances?\b|\blog-?likelihood\b")
# `y one-hot`, typed without dollars.
_TYPED_ONE_HOT = re.compile(r"\b([A-Za-z])\b(?:\s+(?:is|are))?(?:\s+an?)?\s+one[- ]?hot\b")
_COVARIANCES = frozenset({"\\Sigma", "\\Lambda"})
_NOT_SO = re.compile(r"(?i)\b(?:not|never|nor|no|without|neither|nicht|keine?|ohne|pas|sans|non|sin|sem|não|не|без)\b[^,;]*$|不[^,;]*$")
# Before a name, these make of what is said of it a condition for the lines that follow.
_SUPPOSED = re.compile(r"(?i)\b(?:if|when|whenever|for|suppose|supposing|assume|assuming|provided)\b[^,;]*$")


def properties_in_words(statements: Iterable[Statement], vocabulary: Vocabulary) -> None:
    r"""`$Y$ is one-hot`, `a mask $M$`, `M \in \{0, 1\}^{n \times d}`, `\sum_k y_k = 1`; the Σ of a Gaussian, which is symmetric."""
    statements = list(statements)
    if any(_GAUSSIAN.search(s.words) or _GAUSSIAN.search(s.words_after) for s in statements):
        for covariance in {n.base for s in statements for n in sx.walk(s.node) if isinstance(n, sx.Name)} & _COVARIANCES:
            vocabulary.properties.setdefault(covariance, set()).add("symmetric")
    for name in {found[1] for s in statements for words in (s.words, s.words_after) for found in _TYPED_ONE_HOT.finditer(words)}:
        vocabulary.properties.setdefault(name, set()).add("one_hot")
    for previous, statement, following in zip([None, *statements], statements, [*statements[1:], None], strict=False):
        node = statement.node
        said_before = statement.words if previous is None else _of_the_next(previous, statement)
        said_after = statement.words_after if following is None else _of_the_last(statement, following)
        after = re.split(r"[.;]", said_after)[0][:50]
        before = re.split(r"[.;,]", said_before)[-1][-30:]
        clause = re.split(r"[.;,]", statement.words)[-1][-30:]  # `$2AX$ only for symmetric $A$`: only its last word leads to A
        for item, words_before, words_after in _spoken_of(node, before, after):
            about = plain_name(item, vocabulary.styled)
            if about is None or statement.display:
                continue
            for known, pattern in _PROPERTIES:
                if _is_said(pattern, words_before, words_after):
                    is_supposed = known in ("symmetric", "orthogonal") and _is_supposed(clause, words_after)
                    _learn(vocabulary, about, known, is_supposed)
            if isinstance(node, sx.Relation) and node.operators[0] == "in" and (of := _of_two(node.sides[1])) is not None:
                whole = plain_name(item.base, vocabulary.styled) if isinstance(item, sx.Scripted) else None  # the y of the entries `y_i`
                for name in {about, whole or about}:
                    vocabulary.properties.setdefault(name, set()).add(of)
        whole = inverse_by_its_transpose(node, vocabulary.styled)
        if whole is not None:
            _learn(vocabulary, whole, "orthogonal")
        match node:
            case sx.Relation(
                sides=(sx.BigOp(operator="sum", body=sx.Scripted(base=sx.Name() as base)), sx.Number(text="1")), operators=("=",)
            ):
                summed = plain_name(base, vocabulary.styled)
                if summed is not None:
                    vocabulary.properties.setdefault(summed, set()).add("distribution")


def _learn(vocabulary: Vocabulary, name: str, known: str, is_supposed: bool = False) -> None:
    if not is_supposed:
        vocabulary.properties.setdefault(name, set()).add(known)
    if known == "orthogonal":  # it is square, and nothing else has to say so
        vocabulary.declared.setdefault(name, (unknown(f"rows:{name}"), unknown(f"rows:{name}")))


_VERBS = frozenset("is are be was were means denotes has have ist sind sei est sont soit es son sea è sono é são".split())
_BETWEEN = _VERBS | frozenset(
    "and or with for of in over by from on at to where while "
    "und oder mit für von aus bei et ou avec pour de du y o con para e per di da".split()
)


def _is_between(before: Statement, after: Statement) -> bool:
    """Whether the same words stand behind the one and before the other, and may be about either; none are about a size, `n \\times n`."""
    if isinstance(after.node, sx.Product) and "times" in after.node.operators:
        return False
    return before.block != after.block and before.words_after == after.words and not before.display and not after.display


def _leading(between: str) -> tuple[int, bool]:
    """Where in the words between two names the noun begins that leads to the second, and whether it is said of the first by a verb."""
    start = len(between)
    for word in reversed(list(re.finditer(r"[\w/±+-]+|[^\w\s]", between))):
        if word[0].lower() in _BETWEEN or re.fullmatch(r"[^\w\s]", word[0]):
            return start, word[0].lower() in _VERBS
        start = word.start()
    return start, False


def _of_the_next(before: Statement, after: Statement) -> str:
    """The words before a name that are about it: `a mask` of `$p$ and a mask $M$`, nothing of `$m$ is a mask for $x$`."""
    if not _is_between(before, after):
        return after.words
    start, is_of_the_last = _leading(after.words)
    return "" if is_of_the_last else after.words[start:]


def _of_the_last(before: Statement, after: Statement) -> str:
    """The words behind a name that are about it."""
    if not _is_between(before, after):
        return before.words_after
    start, is_of_the_last = _leading(before.words_after)
    return before.words_after if is_of_the_last else before.words_after[:start]


def _spoken_of(node: Node, before: str, after: str) -> Iterator[tuple[Node, str, str]]:
    """What the words beside a statement are about: what it is, what it is said to be of some space, or the ends of an equation."""
    if isinstance(node, sx.Relation) and node.operators[0] == "=":
        yield node.sides[0], before, ""
        yield node.sides[-1], "", after if re.match(r"\W*(?:is|are)\b", after) else ""
        return
    subject = node.sides[0] if isinstance(node, sx.Relation) and node.operators[0] == "in" else node
    for item in subject.items if isinstance(subject, sx.Listing) else (subject,):
        yield item, before, after


def _is_said(pattern: str, before: str, after: str) -> bool:
    found = [match for words in (after, before) for match in re.finditer(pattern, words, re.IGNORECASE)]
    return any(not _NOT_SO.search(match.string[: match.start()]) for match in found)


def _is_supposed(before: str, after: str) -> bool:
    return _SUPPOSED.search(before) is not None or re.match(r"\W*(?:is|are)?\W*now\b", after) is not None


_CONDITIONS: tuple[tuple[str, str], ...] = (
    ("diagonal", r"\b(?:a|is|be) diagonal(?: matrix)?\b(?! of)"),
    ("orthonormal_rows", r"\brows of\b.*\borthonormal\b|\borthonormal rows\b"),
    (
        "orthonormal",
        r"\bcolumns of\b.*\borthonormal\b|\borthonormal columns\b|\borthogonal matri"
        r"|\b(?:is|are|be|ist|sei|est|es|è) (?:orthogonale?|ortogonale?)\b(?! (?:to|zu|à|a)\b)|\bunit (?:vector|norm|length)\b",
    ),
)


def inverse_by_its_transpose(node: Node, styled: frozenset[str]) -> str | None:
    """The Q of `Q^T Q = Q Q^T = I`, which says no more than that it is orthogonal."""
    match node:
        case sx.Relation(sides=(sx.Product(factors=one), sx.Product(factors=other), sx.Name(base="I"))) if len(one) == len(other) == 2:
            names = [[plain_name(without_transpose(f) if _is_turned(f) else f, styled) for f in pair] for pair in (one, other)]
            turned = [[_is_turned(f) for f in pair] for pair in (one, other)]
            same = len({name for pair in names for name in pair}) == 1
            return names[0][0] if same and sorted(turned) == [[False, True], [True, False]] else None
    return None


def _is_turned(node: Node) -> TypeGuard[sx.Scripted]:
    return isinstance(node, sx.Scripted) and superscript(node.sup).transposed


def conditions_in_words(statement: Statement, styled: frozenset[str]) -> Iterator[tuple[str, str]]:
    """`If $A$ is symmetric`, `the columns of $W$ are orthonormal`: the name, and what is supposed of it from there on."""
    name = plain_name(statement.node, styled)
    if name is None or statement.display:
        return
    after = re.split(r"[.;,]", statement.words_after)[0][:50]
    before = re.split(r"[.;]", statement.words)[-1][-40:]
    if _is_said(dict(_PROPERTIES)["symmetric"], before, after) and _is_supposed(before, after):
        yield name, "symmetric"
    for kind, pattern in _CONDITIONS:
        if _is_said(pattern, "", f"{before} , {after}"):
            yield name, kind
            return


_IS_FUNCTION_OF = re.compile(
    r"(?i)^\W*(?:is|are|be)\W+(?:the\W+)?(?:row-?wise\W+)?(softmax|sigmoid|relu|tanh|logarithm|log)"
    r"\W+of\W+(?:each row of|the rows of|the)?\W*$"
)


# `call it $r$`: a name for what the equation before it is about.
_CALLED = re.compile(
    r"(?i)(?:\b(?:call|name|denote|abbreviate|label|write)\s+(?:it|this|that)(?:\s+(?:quantity|vector|matrix|gradient|term|error|residual))?"
    r"|\bwhich\s+(?:we|I|is)\s+(?:call|denoted?|called)"
    r"|\bобознач\w+\s+(?:его|её|ее|это)|\bназов[её]м\s+(?:его|её|ее|это)|\bnenn\w*\s+(?:wir\s+)?(?:ihn|sie|es|dies\w*|das)(?:\s+wir)?"
    r"|\b(?:notons|appelons)-l[ea]|\bll[aá]m\w+l[oa]|\bchiam\w+l[oa]|\bcham\w+-l[oa]|记(?:作|为))\s*(?:by|as|now|durch|mit|als|через|por|como|con)?\W*$"
)


def definitions_in_words(statements: Iterable[tuple[int, Statement]]) -> Iterator[tuple[int, str, Node]]:
    """`$P$ is the softmax of each row of $S$`, `… call it $r$`: the statement, the name and its expression."""
    for (_, before), (i, statement) in pairwise(statements):
        name, found = plain_name(before.node), _IS_FUNCTION_OF.match(statement.words)
        if name is not None and found and plain_name(statement.node) is not None:
            word = found[1].lower().replace("logarithm", "log")
            yield i, name, sx.Call(statement.span, sx.Name(statement.span, word), (statement.node,))
        called = plain_name(statement.node)
        if (
            called is not None
            and isinstance(before.node, sx.Relation)
            and before.node.operators[-1] == "="
            and _CALLED.search(statement.words)
        ):
            sides = before.node.sides
            yield i, called, sides[0] if isinstance(sides[0], sx.Derivative) else sides[-1]


_OF_A_MATRIX = (
    r"invertible|non-?singular|regular|singular|symmetric|positive|negative|semi-?definite|definite|orthogonal|orthonormal|real|complex|square|"
    r"constant|fixed|given|known|unknown|random|full|rank|diagonal|dense|sparse|lower|upper|triangular|weight|data|design|input|output|"
    r"invertierbare?|symmetrische?|reelle?|quadratische?|inversible|symétrique|réelle|carrée|invertible|simétrica|real"
)
# `The rows of $X$ are $(1, 0)$, …` are no sizes.
_OF_ENTRIES = re.compile(
    r"(?i)\b(?:rows?|columns?|entries|values|components|examples|points|Zeilen|Spalten|filas|lignes)\W+(?:of|von|de|di)\W*$"
)
_SHAPE_WORDS = r"size|shape|dimensions?|Größe|Form|taille|tamaño|dimensión|tamanho|dimensioni?|形状|维度|大小"
_IS_OF_SHAPE = re.compile(
    r"(?i)^\W*(?:is|are(?: all| both)?|be|has|have|for|denotes?|sei|ist|sind|hat|soit|est|es|sea|son|è|é)?\W*(?:an?|the|eine?|une?|una)?\W*"
    rf"(?:(?:{_OF_A_MATRIX})\b\W*)*(?:of)?\W*"
    rf"(?:(?:with|de|der|di|mit|avec|con|com|的)?\W*(?:{_SHAPE_WORDS}))?\W*[是为]?\W*$"
)


# What a shape can be said of.
_HAS_SHAPE = (sx.Name, sx.Scripted, sx.Derivative, sx.Differential, sx.Product, sx.Sum, sx.Frac)

# `an $N \times C$ matrix $M$`
_OF_THIS_SIZE = re.compile(r"(?i)^\W*(?:[\w-]+\W+){0,2}(?:matrix|array|table|mask|tensor|Matrix|matrice|matriz)\W*$")
_MAY_BE_DEFINED = (sx.Name, sx.Scripted, sx.Derivative, sx.Differential)


def shapes_in_words(statements: Iterable[tuple[int, Statement]]) -> Iterator[tuple[int, Node, Node]]:
    r"""`$W$ is $m \times n$`, `$B$ of size $d \times r$`, `$X$ is $(N, D)$`, `H = X W \qquad (n \times d)`: the statement, what is spoken
    of, and the shape.
    """
    # What is written out for several steps stands once for each, with one place.
    told = ((i, s) for i, s in statements if not _is_a_number(s.node))  # `$K$ is $0/1$ of size $d \\times k$`
    written = [list(copies) for _, copies in groupby(told, key=lambda item: item[1].span)]
    pairs = (pair for first, second in pairwise(written) for pair in zip(first * len(second), second, strict=False))
    for (_, before), (i, statement) in pairs:
        node = statement.node
        listed = node.body if isinstance(node, sx.Group) else None
        is_listed = isinstance(listed, sx.Listing) and not _OF_ENTRIES.search(before.words)
        is_bracketed = isinstance(listed, sx.Product) and "times" in listed.operators and not statement.words.strip()
        is_shape = (isinstance(node, sx.Product) and "times" in node.operators) or is_listed or is_bracketed
        if is_shape and not before.display and not statement.display and _IS_OF_SHAPE.match(statement.words):
            yield from ((i, about, node) for about in _sized(before.node, is_said=bool(_SHAPE_WORD.search(statement.words))))
        is_size_before = isinstance(before.node, sx.Product) and "times" in before.node.operators and not before.display
        if is_size_before and isinstance(node, _MAY_BE_DEFINED) and not statement.display and _OF_THIS_SIZE.match(statement.words):
            yield i, node, before.node
        is_remark = isinstance(node, sx.Group) and isinstance(node.body, sx.Product) and shape_of_node(node) is not None
        if is_remark and before.display and statement.display and before.block == statement.block:
            yield from ((i, about, node) for about in _sized(before.node, is_said=True))


def _is_a_number(node: Node) -> bool:
    return isinstance(node, (sx.Number, sx.Frac)) and constant_of(node) is not None


_SHAPE_WORD = re.compile(rf"(?i)\b(?:{_SHAPE_WORDS})\b|^\W*(?:are|sind|sont|son|sono|são)\b")


def _sized(node: Node, is_said: bool) -> tuple[Node, ...]:
    """What a shape may be said of; where the word for it stands, also each of several names, and the name of a definition or a member."""
    if is_numeric(node):
        return ()  # a window is pooled, and has no shape
    if isinstance(node, _HAS_SHAPE):
        return (node,)
    if is_said and isinstance(node, sx.Relation) and node.operators in (("=",), ("in",)) and isinstance(node.sides[0], _MAY_BE_DEFINED):
        return (node.sides[0],)
    is_of_names = isinstance(node, sx.Listing) and all(isinstance(item, (sx.Name, sx.Scripted)) for item in node.items)
    return node.items if is_said and is_of_names and isinstance(node, sx.Listing) else ()


def declare_in_words(vocabulary: Vocabulary, i: int, about: Node, node: Node) -> bool:
    """Take the shape of a name as its words say; False where it is known already, so that they claim something."""
    # A gradient has the shape of its variable: `$dW$ is $D \times H$` is said of W.
    name = plain_name(about.of if isinstance(about, sx.Differential) else about, vocabulary.styled)
    shape = shape_of_node(node)
    if name is None or shape is None:
        return False
    vocabulary.sizes |= {symbol for dim in shape for symbol in dim.symbols}
    if name in vocabulary.declared:
        return False
    vocabulary.declare(name, shape, i)
    return True


# Of a network that has been trained: its names mean something else there.
OF_A_TRAINED_NETWORK = re.compile(
    r"(?i)(?:\b(?:test|eval(?:uation)?|inference)[- ](?:mode|time)"
    r"|\bat (?:test|inference|prediction|evaluation)(?: time)?|\b(?:during|in|for) (?:testing|inference|evaluation|prediction)"
    r"|\b(?:bei|in) der (?:Inferenz|Vorhersage)|\bzur Testzeit|\ben (?:test|inf[ée]rence|prueba)|\bà l'inférence)\b[^.;]*$"
)

_AXIS = r"(?:feature|channel|column|dimension|unit|neuron|activation|second)s?"
_ONE_OF_EACH = re.compile(
    rf"(?i)\b(?:(?:drop|skip)(?:s|p?ed|p?ing)?|(?:omit|suppress|ignor)\w*|hid(?:e|es|ing))\W+(?:the\W+)?{_AXIS}(?:\W+(?:index|subscript|axis|dimension))?\b"
    rf"|\bleav\w*\W+(?:out\W+)?(?:the\W+)?{_AXIS}\W+(?:index|subscript|axis)(?:\W+(?:out|away))?\b"
    rf"|\b(?:one|a single|a fixed|each|every)\W+{_AXIS}\W+(?:at a time|alone|separately|independently|by itself|on its own)\b"
    rf"|\b(?:each|every)\W+{_AXIS}\W+(?:is|gets)\W+(?:\w+\W+){{1,3}}(?:separately|independently|by itself|on its own)\b"
    rf"|\b(?:fix|consider|take|pick|choose|look at|work with|focus on|treat|follow)\W+(?:(?:just|only)\W+)?"
    r"(?:one|a|any|a single|a fixed|some)\W+(?:feature|channel|column|dimension)\b"
    rf"|\b(?:value|values|entry|entries)\W+of\W+(?:(?:one|a single|a fixed|some)\W+{_AXIS}|a\W+feature)\b"
)


def without_features(sheet: Sheet, vocabulary: Vocabulary) -> None:
    """`$x$ is $(N, D)$; I drop the feature index`: x is a column of N numbers, as each of the D features is."""
    if not _ONE_OF_EACH.search(sheet.source.text):
        return
    entries = {n for s in sheet.statements for n in sx.walk(s.node) if isinstance(n, sx.Scripted) and n.sub is not None}
    indices: dict[str | None, set[int]] = {}
    for entry in entries:
        indices.setdefault(plain_name(entry.base, vocabulary.styled), set()).add(
            1 if isinstance(entry.sub, (sx.Name, sx.Number)) else len(letters_of(entry.sub) or ())
        )
    for name, (rows, cols) in list(vocabulary.declared.items()):
        if indices.get(name) == {1} and not cols.is_one:
            vocabulary.declared[name] = rows, ONE


_EACH = re.compile(r"(?i)\b(?:each|every|all(?: the)?|jedes?|chaque|cada|ogni)\W*$")


def declare_each_in_words(sheet: Sheet, statements: Iterable[int], vocabulary: Vocabulary, i: int, about: Node, node: Node) -> bool:
    r"""`Each $W$ is $n \times d$`, on a sheet with `W_i` and `W_f`: the shape of every one of them."""
    shape = shape_of_node(node)
    if shape is None or not isinstance(about, sx.Name) or not any(s.node is about and _EACH.search(s.words) for s in sheet.statements):
        return False
    named = [n for j in statements for n in sx.walk(sheet.statements[j].node) if isinstance(n, sx.Scripted) and n.base == about]
    found = {plain_name(n, vocabulary.styled) for n in named if n.sub is not None}
    for name in found:
        if name is not None and name not in vocabulary.declared:
            vocabulary.declare(name, shape, i)
    vocabulary.sizes |= {symbol for dim in shape for symbol in dim.symbols}
    return bool(found)


def is_own_transpose(name: str, other: Node) -> bool:
    """Whether `A = …` says that A is symmetric: `A^T`, `A'`."""
    if not isinstance(other, sx.Scripted) or plain_name(other.base) != name or other.sub is not None:
        return False
    script = superscript(other.sup)
    return script.transposed != bool(other.primes % 2) and not script.label and script.power is None and not script.inverse


def counted_letters(statements: Iterable[tuple[int, Statement]]) -> Iterator[tuple[int, str | None]]:
    r"""The statements that say how far indices count, `j, k = 1, \dots, p`, which are no values; and the size at the end."""
    before: tuple[int, Statement] | None = None
    for i, statement in statements:
        match statement.node, before:
            case sx.Listing(items=(*some, last)), (at, sx_before) if _is_a_first(sx_before.node) and any(
                isinstance(n, sx.Dots) for n in some
            ):
                yield at, plain_name(last)
        before = i, statement


def _is_a_first(node: Node) -> bool:
    match node:
        case sx.Relation(sides=(sx.Name(accents=()) | sx.Listing() as letters, sx.Number(text="0" | "1")), operators=("=",)):
            return isinstance(letters, sx.Name) or letters_of(letters) is not None
    return False


def limits_of_sums(nodes: Sequence[Node], vocabulary: Vocabulary) -> None:
    r"""The m of `\frac1m \sum_{i=1}^m` is a size, unless it is given a value that nothing on the sheet has so many of."""
    counts = {Fraction(count) for sizes in vocabulary.claimed.values() for size in sizes for count in size if count > 1}
    values = {plain_name(node.sides[0]) for node in nodes if isinstance(node, sx.Relation) and constant_of(node.sides[1]) not in counts}
    running = set[str]()
    limits: list[Node] = []
    for node in (n for top in nodes for n in sx.walk(top) if isinstance(n, sx.BigOp) and n.operator in ("sum", "prod", "max", "min")):
        running |= letters_that_run(node)
        sides = node.below.sides if isinstance(node.below, sx.Relation) else () if node.below is None else (node.below,)
        operators = node.below.operators if isinstance(node.below, sx.Relation) else ()
        is_named = "in" in operators and plain_name(sides[-1]) is not None
        limits += [side for side in (*(() if is_named else sides), node.above) if side is not None]
    for name in (plain_name(n) for limit in limits for n in _names_in_size(limit)):
        if name is not None and name not in values and name not in running and name != "\\infty":
            vocabulary.sizes.add(name)


def _names_in_size(node: Node) -> Iterator[Node]:
    r"""The names of a limit that is a size: the n of `n - 1`, `2n`, `\{1, \dots, n\}`, the whole of `N_c`."""
    if isinstance(node, sx.Scripted) or (isinstance(node, sx.Name) and not node.accents):
        yield node
    elif isinstance(node, (sx.Sum, sx.Product, sx.Prefix, sx.Frac, sx.Group, sx.List, sx.Listing)):
        for child in sx.children(node):
            yield from _names_in_size(child)


_LOSS = re.compile(r"(?i)\b(?:loss|cost|objective|risk|criterion)(?:\s+function)?\W*$")


_IS_A_LOSS = re.compile(
    r"(?i)^\W*(?:be|is|denotes?|sei|soit|sea|seja|sia)\W+(?:an?|the|some|any|eine?|une?|uma?|una)?\W*(?:scalar|differentiable|training|final|skalare?)?"
    r"\W*(?:loss|cost|objective|verlust|kosten|perte|p[ée]rdida|perda|perdita)"
)


def losses_in_words(statements: Iterable[Statement], vocabulary: Vocabulary) -> None:
    """`a reconstruction loss $R(z)$`: what is called a loss is a scalar, whatever its letter."""
    for statement in statements:
        node = statement.node
        subject = node.function if isinstance(node, sx.Call) else node
        if isinstance(node, sx.Product) and len(node.factors) == 2 and isinstance(node.factors[1], sx.Group):
            subject = node.factors[0]
        name = plain_name(subject, vocabulary.styled)
        if name is not None and not statement.display and (_LOSS.search(statement.words) or _IS_A_LOSS.match(statement.words_after)):
            vocabulary.losses.add(name)


def equal_sizes(node: Node, vocabulary: Vocabulary) -> None:
    """`k = n` of two sizes that names were declared with: they are one size on this sheet."""
    if not isinstance(node, sx.Relation) or node.operators != ("=",):
        return
    one, other = (plain_name(side) for side in node.sides)
    if one is None or other is None or one == other or not {one, other} <= vocabulary.sizes:
        return
    vocabulary.same_size[Dim.of(one)] = Dim.of(other)
    for name, shape in vocabulary.declared.items():
        vocabulary.declared[name] = vocabulary.of_one_size(shape)


def _of_two(node: Node) -> str | None:
    r"""What the entries of `\{0, 1\}^n` and `\{-1, +1\}` are called."""
    body = node.base if isinstance(node, sx.Scripted) else node
    if not isinstance(body, sx.Group) or body.open != "\\{":
        return None
    if isinstance(body.body, sx.Prefix) and body.body.sign == "pm" and constant_of(body.body.body) == 1:
        return "signs"
    items = body.body.items if isinstance(body.body, sx.Listing) else ()
    return _OF_TWO.get(frozenset(map(constant_of, items))) if len(items) == 2 else None


def declarations(i: int, node: Node, vocabulary: Vocabulary, known: Container[str] = ()) -> None:
    r"""`W \in \mathbb{R}^{n \times d}`, also for several names; the shapes of the `known` are said or computed elsewhere."""
    if not isinstance(node, sx.Relation):
        return
    for left, right, operator in zip(node.sides, node.sides[1:], node.operators, strict=False):
        if operator != "in":
            continue
        shape = space(right)
        if shape is None:
            continue
        items = left.items if isinstance(left, sx.Listing) else (left,)
        for item in items:
            target = item.sides[-1] if isinstance(item, sx.Relation) else item
            # A gradient has the shape of its variable; where that is known, something is claimed of it.
            is_gradient = isinstance(target, sx.Differential)
            name = plain_name(target.of if isinstance(target, sx.Differential) else target, vocabulary.styled)
            if name is not None and not (is_gradient and name in known):
                vocabulary.declare(name, shape, i)
        for dim in shape:
            vocabulary.sizes |= set(dim.symbols)


# After these words a comparison is a condition, which may be one for every entry.
_CONDITIONAL = re.compile(r"(?i)\b(?:if|when|whenever|where|wherever|for|since|because|as|otherwise|units?|entries|and|or|iff)\W*$")


# What is one number, whatever its letter.
_QUANTITY = re.compile(
    r"(?i)\b(?:width|height|padding|stride|learning rate|step size|rate|temperature|probability|momentum|strength|penalty|margin"
    r"|Schrittweite|Lernrate|Temperatur|Wahrscheinlichkeit|probabilidad|tasa|taux|probabilité|tasso)\W*$"
)


def numbers_in_words(statements: Iterable[Statement], styled: frozenset[str]) -> Iterator[str]:
    r"""The v of "a variance $v > 0$", the t of `t \in \{-1, 1\}`, the P of "padding $P$": names of numbers."""
    for statement in statements:
        match statement.node:
            case sx.Relation(sides=(subject, sx.Number(text="0")), operators=(">" | "ge",)) if not _CONDITIONAL.search(
                statement.words[-30:]
            ):
                about: tuple[Node, ...] = (subject,)
            case sx.Relation(sides=(subject, sx.Group(open="{" | "\\{") | sx.List()), operators=("in",)):
                about = subject.items if isinstance(subject, sx.Listing) else (subject,)
            case sx.Name(accents=()) as subject if _QUANTITY.search(statement.words[-30:]):
                name = plain_name(subject, styled)
                if name is not None and not statement.display:
                    yield name
                continue
            case _:
                continue
        for item in about if not statement.display else ():
            name = plain_name(item, styled)
            if name is not None and not name[:1].isupper() and not (isinstance(item, sx.Scripted) and letters_of(item.sub)):
                yield name


def space(node: Node) -> tuple[Dim, Dim] | None:
    r"""The shape of `\mathbb{R}^{n \times d}` and of `\{0, 1\}^d`; None for another set."""
    if not (isinstance(node, sx.Scripted) and _is_a_set(node.base)) or node.sup is None:
        return (Dim.of(1), Dim.of(1)) if isinstance(node, sx.Name) and node.base == "R" else None
    return shape_of_node(node.sup, column=True)


def _is_a_set(node: Node) -> bool:
    """The real numbers, or a set or an interval of some."""
    match node:
        case sx.Name(base="R" | "C" | "Z" | "N", style="mathbb") | sx.Name(base="R"):
            return True
        case sx.Group(open="\\{" | "[" | "(", body=sx.Listing(items=items)) | sx.List(items=items):
            return all(constant_of(item) is not None for item in items)
    return False


def shape_of_node(node: Node, column: bool = False) -> tuple[Dim, Dim] | None:
    """`n \\times d`, `(N, D)`, `d`: sizes as they are written."""
    if isinstance(node, sx.Group):
        return shape_of_node(node.body, column)
    if isinstance(node, sx.Product) and "times" in node.operators:
        at = node.operators.index("times")
        parts = [
            _size_product(node.factors[: at + 1], node.operators[:at]),
            _size_product(node.factors[at + 1 :], node.operators[at + 1 :]),
        ]
    elif isinstance(node, sx.Listing) and len(node.items) == 2:
        parts = [size_of_node(item) for item in node.items]
    elif column:
        parts = [size_of_node(node), Dim.of(1)]
    else:
        return None
    rows, cols = parts
    return None if rows is None or cols is None else (rows, cols)


def _size_product(factors: tuple[Node, ...], operators: tuple[str, ...]) -> Dim | None:
    if "times" in operators:
        return None
    total = Dim.of(1)
    for factor in factors:
        size = size_of_node(factor)
        if size is None:
            return None
        total = total * size
    return total


def size_of_node(node: Node) -> Dim | None:
    """A size as a polynomial in names: `2d + 1`, `\\frac{k m}{2}`."""
    match node:
        case sx.Number(text=text) if text.isdigit() and len(text) < 10:
            return Dim.of(int(text))
        case sx.Name() | sx.Scripted():
            name = plain_name(node)
            return None if name is None else Dim.of(name)
        case sx.Group(body=body):
            return size_of_node(body)
        case sx.Frac(above=above, below=below):
            top, number = size_of_node(above), constant_of(below)
            return top * (1 / number) if top is not None and number else None
        case sx.Product(factors=factors, operators=operators) if all(o in ("", "cdot", "times", "*") for o in operators):
            total = Dim.of(1)
            for factor in factors:
                size = size_of_node(factor)
                if size is None:
                    return None
                total = total * size
            return total
        case sx.Sum(terms=terms, signs=signs):
            total = Dim.of(0)
            for term, sign in zip(terms, signs, strict=True):
                size = size_of_node(term)
                if size is None:
                    return None
                total = total - size if sign == "-" else total + size
            return total
    return None


_LAYOUTS = {
    "numerator": re.compile(
        r"(?i)numerator[- ]layout|jacobian (?:layout|convention|formulation)|rows (?:are|index) (?:the )?outputs"
        r"|(?:one|a) row (?:for each|per) (?:entry|component|output)"
    ),
    "denominator": re.compile(r"(?i)denominator[- ]layout|hessian formulation|columns (?:are|index) (?:the )?outputs"),
}


_KEPT_TO = re.compile(r"(?i)\b(?:we|i|notes?|text|sheet)\s+(?:\w+\s+){0,5}?(?:the\s+)?\*{0,2}(numerator|denominator)[- ]layout")


def layout_in_words(text: str) -> str:
    """The layout that a sheet says it keeps to; "" for none, or for both."""
    found = [layout for layout, pattern in _LAYOUTS.items() if pattern.search(text)]
    kept = {layout.lower() for layout in _KEPT_TO.findall(text)}
    return found[0] if len(found) == 1 else kept.pop() if len(kept) == 1 else ""
