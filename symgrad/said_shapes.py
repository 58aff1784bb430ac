r"""Which shape a sheet says that a name has: `$W$ is $m \times n$`, `W \in \mathbb{R}^{n \times d}`; and which letters are sizes."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Iterator, Sequence
from fractions import Fraction
from itertools import groupby, pairwise

from symgrad import syntax as sx
from symgrad.constant import constant_of, is_numeric
from symgrad.dims import ONE, Dim
from symgrad.meaning import Vocabulary
from symgrad.naming import letters_of, plain_name
from symgrad.origins import letters_that_run
from symgrad.read.document import Sheet, Statement
from symgrad.spaces import shape_of_node, space
from symgrad.syntax import Node

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
    has_its_size: Statement | None = (
        None  # what its size stood in front of: more that is said behind `an $m \times n$ matrix $W$` is of something else
    )
    for (_, before), (i, statement) in pairs:
        node = statement.node
        listed = node.body if isinstance(node, sx.Group) else None
        is_listed = isinstance(listed, sx.Listing) and not _OF_ENTRIES.search(before.words)
        is_bracketed = isinstance(listed, sx.Product) and "times" in listed.operators and not statement.words.strip()
        is_shape = (isinstance(node, sx.Product) and "times" in node.operators) or is_listed or is_bracketed
        is_said_behind = is_shape and not before.display and not statement.display and before is not has_its_size
        is_another = _NEXT_SENTENCE.match(statement.words) is not None and not _SHAPE_WORD.search(statement.words)
        if is_said_behind and _IS_OF_SHAPE.match(statement.words) and not is_another:
            yield from ((i, about, node) for about in _sized(before.node, is_said=bool(_SHAPE_WORD.search(statement.words))))
        is_size_before = isinstance(before.node, sx.Product) and "times" in before.node.operators and not before.display
        if is_size_before and isinstance(node, _MAY_BE_DEFINED) and not statement.display and _OF_THIS_SIZE.match(statement.words):
            has_its_size = statement
            yield i, node, before.node
        is_remark = isinstance(node, sx.Group) and isinstance(node.body, sx.Product) and shape_of_node(node) is not None
        if is_remark and before.display and statement.display and before.block == statement.block:
            yield from ((i, about, node) for about in _sized(before.node, is_said=True))


# `… + 1$. Input $32 \\times 32$`
_NEXT_SENTENCE = re.compile(r"\s*[.;!?]\s+[A-Z]")


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
