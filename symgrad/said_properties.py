"""What a sheet says that a name is: symmetric, orthogonal, one-hot, a mask; whose the words are, and whether it is only supposed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import TypeGuard

from symgrad import syntax as sx
from symgrad.constant import constant_of
from symgrad.meaning import Vocabulary
from symgrad.naming import plain_name, superscript, without_transpose
from symgrad.read.document import Statement
from symgrad.shapes import unknown
from symgrad.syntax import Node

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
_TYPED_ONE_HOT = re.compile(
    r"\b([A-Za-z])\b(?:\s+(?:is|are))?(?:\s+(?:an?|the))?\s+one[- ]?hot\b|\bone[- ]?hot (?:\w+ )?([B-HJ-Zb-hj-z])\b(?!')"
)
_COVARIANCES = frozenset({"\\Sigma", "\\Lambda"})
_NOT_SO = re.compile(r"(?i)\b(?:not|never|nor|no|without|neither|nicht|keine?|ohne|pas|sans|non|sin|sem|não|не|без)\b[^,;]*$|不[^,;]*$")
# Before a name, these make of what is said of it a condition for the lines that follow.
_SUPPOSED = re.compile(r"(?i)\b(?:if|when|whenever|for|suppose|supposing|assume|assuming|provided)\b[^,;]*$")


def typed_one_hot(words: str) -> list[str]:
    """The names that are called one-hot in words, where they are typed without dollars."""
    return [found[1] or found[2] for found in _TYPED_ONE_HOT.finditer(words)]


def properties_in_words(statements: Iterable[Statement], vocabulary: Vocabulary) -> None:
    r"""`$Y$ is one-hot`, `a mask $M$`, `M \in \{0, 1\}^{n \times d}`, `\sum_k y_k = 1`; the Σ of a Gaussian, which is symmetric."""
    statements = list(statements)
    if any(_GAUSSIAN.search(s.words) or _GAUSSIAN.search(s.words_after) for s in statements):
        for covariance in {n.base for s in statements for n in sx.walk(s.node) if isinstance(n, sx.Name)} & _COVARIANCES:
            vocabulary.properties.setdefault(covariance, set()).add("symmetric")
    nodes = [n for s in statements for n in sx.walk(s.node)]
    has_determinant = any(isinstance(n, sx.Call) and isinstance(n.function, sx.Name) and n.function.base == "\\det" for n in nodes)
    for covariance in {name for n in nodes for name in _in_the_middle(n, has_determinant)} & _COVARIANCES:
        vocabulary.properties.setdefault(covariance, set()).add("symmetric")
    for name in {name for s in statements for words in (s.words, s.words_after) for name in typed_one_hot(words)}:
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


def _in_the_middle(node: Node, has_determinant: bool) -> Iterator[str]:
    r"""The Σ of a quadratic form, `w^\top \Sigma w`; of `w^\top \Sigma^{-1} w` beside a determinant, as a likelihood has it."""
    if isinstance(node, sx.Product):
        for first, middle, last in zip(node.factors, node.factors[1:], node.factors[2:], strict=False):
            is_turned = isinstance(first, sx.Scripted) and superscript(first.sup).transposed and without_transpose(first) == last
            is_inverse = has_determinant and isinstance(middle, sx.Scripted) and superscript(middle.sup).inverse
            name = plain_name(middle.base if is_inverse and isinstance(middle, sx.Scripted) else middle) if is_turned else None
            yield from () if name is None else (name,)


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


def is_own_transpose(name: str, other: Node) -> bool:
    """Whether `A = …` says that A is symmetric: `A^T`, `A'`."""
    if not isinstance(other, sx.Scripted) or plain_name(other.base) != name or other.sub is not None:
        return False
    script = superscript(other.sup)
    return script.transposed != bool(other.primes % 2) and not script.label and script.power is None and not script.inverse


def _of_two(node: Node) -> str | None:
    r"""What the entries of `\{0, 1\}^n` and `\{-1, +1\}` are called."""
    body = node.base if isinstance(node, sx.Scripted) else node
    if not isinstance(body, sx.Group) or body.open != "\\{":
        return None
    if isinstance(body.body, sx.Prefix) and body.body.sign == "pm" and constant_of(body.body.body) == 1:
        return "signs"
    items = body.body.items if isinstance(body.body, sx.Listing) else ()
    return _OF_TWO.get(frozenset(map(constant_of, items))) if len(items) == 2 else None
