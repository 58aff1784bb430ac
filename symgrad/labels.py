r"""Labels of classes as what they pick: in `-\log p_y` the y is no index that runs, but the right class of an example.

An entry at a label is the inner product with the label's one-hot vector, `\mathbb{1}[k = y]` and `\delta_{ky}` are its entries, and
`\sum_{j \ne y}` leaves one out. The vector is the one-hot vector that the sheet speaks of, or one that is made for the label.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import takewhile

from symgrad import syntax as sx
from symgrad.chosen import one_hot_given
from symgrad.differing import BEHIND
from symgrad.literals import literal_rows
from symgrad.naming import plain_name, superscript, without_transpose
from symgrad.origins import letters_that_run
from symgrad.parts import heads
from symgrad.read import functions as fn
from symgrad.read.document import Sheet, Statement
from symgrad.rows_of_capitals import vectors_by_place
from symgrad.said_properties import typed_one_hot
from symgrad.spaces import space
from symgrad.span import Span
from symgrad.syntax import Node

_ROW = "row"  # brackets around a row at a label, until it is known whether something is differentiated by it
_LETTERS = frozenset("yocg")
_PROBABILITIES = frozenset({"p", "q", "\\hat{p}", "\\hat{y}"})
_CLASSES = ("k", "r", "q", "p", "\\kappa")
_COLUMNS = re.compile(
    r"(?i)\b(?:columns|spalten|colonnes|columnas|colonne|colunas|столбц\w+)\W+(?:of|von|de|da|di)?\W*(?:(?:an?|the)\W+)?(?:matrix)?\W*$"
)
# "$u_k = v_k$ off the true class": said of all indices but the label.
_ELSEWHERE = re.compile(
    r"(?i)^\W*(?:off|away from|outside|except (?:at|for)|for (?:all |every |the )?(?:other|wrong|incorrect|remaining))\b"
)
# "$\\partial L/\\partial w_k = c_k x$ for the wrong classes"
_WRONG_CLASSES = re.compile(
    r"(?i)^\W*(?:for|of|at) (?:all |any |each |every )?(?:the )?(?:other|wrong|incorrect|remaining|non-?target|false)"
    r"(?: \w+)? (?:class(?:es)?|labels?|rows?|scores?|logits?)\b"
)
_CLASS = r"(?:true|correct|right|target|gold|actual) (?:class|label)\b"
_IS_THE_CLASS = re.compile(rf"(?i)^\W*(?:(?:is|being|denotes|for)\s+)?the {_CLASS}")
_THE_CLASS = re.compile(rf"(?i)\b{_CLASS}\W*(?:is|by|=)?\W*$")
_ONE_HOT = re.compile(r"(?i)\bone[- ]?hot\b")
_FORMULA = re.compile(r"\$\$[^$]*\$\$|\$[^$]*\$")
_IF = re.compile(r"(?i)^\W*(?:if|when|iff|where|whenever|exactly (?:if|when)|if and only if)\W*$")


def picked_beside_all(sheet: Sheet) -> Sheet:
    r"""As `picked`; the y of a `z_y` beside the `z_k` of a sum over k is a label too, where nothing but formulas tells."""
    rows = {name for s in sheet.statements for n in sx.walk(s.node) for name in vectors_by_place(n)}
    among = {name for s in sheet.statements for total in _of_all_classes(s.node) for name in _indexed_by(total)}
    told = [pair for s in sheet.statements for pair in (*_beside_running(s.node), *_likelihoods(s.node))]
    # The u_o of `\sum_k \log \sigma(-u_k^\top v)` may be none of the u_k.
    return picked(sheet, [(name, label) for name, label in told if name not in rows or name in among], rows)


def picked(sheet: Sheet, told: Sequence[tuple[str, str]] = (), rows: Container[str] = ()) -> Sheet:
    """The sheet with entries at labels written by one-hot vectors, and the names of those that were made.

    Of some it may be `told` what is a vector, and which of its indices a label; `rows` have a vector for each index.
    """
    vectors = {name for s in sheet.statements if isinstance(s.node, sx.Relation) for name in [_head(s.node)] if name is not None}
    classes = dict(_classes(sheet))
    vectors -= classes.keys()
    labels = {name for s in sheet.statements for name in _labels(s.node, vectors, classes)}
    labels |= {label for _, label in told} | set(_told_labels(sheet))
    labels -= {name for s in sheet.statements for name in (*_running(s.node), *_of_a_batch(s.node))} | vectors
    if not labels:
        return sheet
    said = one_hot_said(sheet) or _target(sheet)
    made = {label: said if said is not None and said not in labels else f"e_{label}" for label in labels}
    given = dict(found for s in sheet.statements for found in one_hot_given(s)) if classes.keys() & labels else {}
    for label in classes.keys() & labels:
        made[label] = next((name for name, at in given.items() if at in (classes[label] - 1, classes[label])), made[label])
    spoken = {name for s in sheet.statements for name in _alone(s.node)}
    vectors |= {name for name in spoken if re.fullmatch(r"\\?[a-zα-ω]+", name)} - labels  # `z_y` of a z that has no formula
    vectors |= {name for name, _ in told}
    by_columns = {name for s in sheet.statements if _COLUMNS.search(s.words) and (name := plain_name(s.node)) is not None}
    by_columns |= {name for s in sheet.statements for name in _scored_by_columns(s)}
    said_whole = [s.node for s in sheet.statements if isinstance(s.node, sx.Relation) and _is_whole(s.node)]
    wholes = {name for node in said_whole if (name := plain_name(node.sides[0])) is not None}
    used = {n.base for s in sheet.statements for n in sx.walk(s.node) if isinstance(n, sx.Name)}
    picking = _Picking(made, vectors - labels, spoken, by_columns, wholes, rows, next((k for k in _CLASSES if k not in used), "\\varkappa"))
    statements = picking.at_labels(list(picking.by_cases(sheet.statements)))
    changed = [replace(s, node=sx.mapped(s.node, picking.node)) for s in statements]
    sheet = replace(sheet, statements=statements)
    for i, statement in enumerate(sheet.statements):
        for other in _told_of(sheet.statements, i, picking.excludes):
            if picking.excludes(statement.node, sheet.statements[other].node):
                changed[other] = replace(changed[other], node=picking.elsewhere(changed[other].node, statement.node))
    for i, statement in enumerate(sheet.statements):
        if _WRONG_CLASSES.match(statement.words_after) and (beyond := picking.beyond_the_label(statement.node)) is not None:
            changed[i] = replace(changed[i], node=picking.elsewhere(changed[i].node, beyond))
    changed = [replace(s, node=sx.mapped(s.node, _bracketed)) for s in changed]
    return replace(sheet, statements=changed, one_hot=frozenset(_spelled(name) for name in made.values()))


def _scored_by_columns(statement: Statement) -> Iterator[str]:
    r"""The U of `\mathrm{softmax}(U^T v)`, which has a column for each class."""
    sides = [formula for _, formula in heads(statement)]
    for n in sx.walk(statement.node):
        if isinstance(n, sx.Call) and isinstance(n.function, sx.Name) and fn.word_of(n.function.base) == "softmax":
            sides += n.args
    for side in sides:
        match side:
            case sx.Product(factors=(sx.Scripted() as turned, _)) if superscript(turned.sup).transposed:
                name = plain_name(without_transpose(turned))
                yield from () if name is None else (name,)


def _told_of(statements: Sequence[Statement], i: int, is_of: Callable[[Node, Node], bool]) -> Iterator[int]:
    r"""What a condition in a sentence is said of: the claim right before it, `v_k = …, k \ne y`, or else what follows.

    "For $k \ne y$," goes for the displays that follow with no words between them.
    """
    here, before = statements[i], statements[i - 1]
    is_behind = (here.display and here.block == before.block) or BEHIND.match(here.words)
    if i and is_behind and is_of(here.node, before.node):
        yield i - 1
        return
    if i + 1 == len(statements) or statements[i].words_after.lstrip()[:1] == ".":
        return
    yield i + 1
    if not statements[i].display and statements[i + 1].display:
        yield from takewhile(lambda k: statements[k].display and not statements[k].words.strip(" .,;:"), range(i + 2, len(statements)))


def _classes(sheet: Sheet) -> Iterator[tuple[str, int]]:
    """The letters that are given as one whole number, and that number: the right class `c = 2`."""
    for statement in sheet.statements:
        for name, formula in heads(statement):
            if len(name) == 1 and isinstance(formula, sx.Number) and formula.text.isdigit():
                yield name, int(formula.text)


def extremum_of_others(node: sx.BigOp, index: Node, body: Node, others: Node) -> Node:
    r"""`\max_{k \ne y} z_k` as the largest of what is −∞ where `others`, 1 − e_k, is 0; a minimum is −max(−x)."""
    sign = "-" if node.operator == "min" else ""

    def signed(one: Node) -> Node:
        return sx.Prefix(node.span, sign, one) if sign else one

    inside = sx.Call(node.span, sx.Name(node.span, "masked"), (signed(sx.Group(body.span, "(", ")", body)), others))
    return sx.Group(node.span, "(", ")", signed(replace(node, operator="max", below=index, body=inside)))


def _bracketed(node: Node) -> Node:
    return replace(node, open="(") if isinstance(node, sx.Group) and node.open == _ROW else node


def _inside(node: Node) -> Node:
    return _inside(node.body) if isinstance(node, sx.Group) else node


def _with_index(index: str | None, label: Node, node: Node) -> Node:
    """The `z_y` for a `z_k`."""
    if not isinstance(node, sx.Scripted) or node.sub is None:
        return node
    return replace(node, sub=sx.mapped(node.sub, lambda n: replace(label, span=n.span) if plain_name(n) == index else n))


def _spelled(name: str) -> str:
    return plain_name(sx.Name(Span(0, 0), name)) or name


def _head(node: sx.Relation) -> str | None:
    """What a relation defines, without the index that it defines it by; what is a vector itself is no entry of one."""
    head = node.sides[0]
    if _is_whole(node):
        return plain_name(head)
    return plain_name(head.base if isinstance(head, sx.Scripted) and isinstance(head.base, sx.Name) else head)


def _is_whole(node: Node) -> bool:
    r"""Whether a relation says of its head that it has several entries: `u_o = [0.3, 0.4]`, `u_o \in \mathbb{R}^d`."""
    if not isinstance(node, sx.Relation):
        return False
    stated = [size for size in map(space, node.sides[1:]) if size is not None] if node.operators == ("in",) else []
    rows = literal_rows(node.sides[-1]) or ()
    return len(rows) * len(rows[0] if rows else ()) > 1 or any(not all(dim.is_one for dim in shape) for shape in stated)


def one_hot_said(sheet: Sheet) -> str | None:
    """The vector that is called one-hot."""
    for statement in sheet.statements:
        name = plain_name(statement.node) if not statement.display else None
        if name is not None and (_ONE_HOT.search(statement.words[-30:]) or _ONE_HOT.search(statement.words_after[:30])):
            return name
    pairs = zip(sheet.statements, [*sheet.statements[1:], None], strict=True)
    of_entries = (name for s, behind in pairs if (name := _one_at_labels(s.node, behind)) is not None)
    return next(of_entries, next(iter(typed_one_hot(_FORMULA.sub(" ", sheet.source.text))), None))


def _one_at_labels(node: Node, behind: Statement | None) -> str | None:
    r"""The Y of `Y_{i, y_i} = 1`, and of "$Y_{ij} = 1$ if $j = y_i$"."""
    match node:
        case sx.Relation(
            sides=(sx.Scripted(base=sx.Name() as base, sub=sx.Listing(items=pair) | sx.Product(factors=pair)), sx.Number(text="1")),
            operators=("=",),
        ) if len(pair) == 2:
            pass
        case _:
            return None
    match behind:
        case Statement(node=sx.Relation(sides=sides, operators=("=",)), words=words) if _IF.match(words) and plain_name(pair[1]):
            pair = (pair[0], *(side for side in sides if plain_name(side) != plain_name(pair[1])))
    match pair:
        case (sx.Name(base=example), sx.Scripted(sub=sx.Name(base=of))) if example == of:
            return plain_name(base)
    return None


def _labels(node: Node, vectors: set[str], classes: dict[str, int]) -> Iterator[str]:
    """The letters that stand for a class: in `\\log p_y`, `1[k = y]`, `\\sum_{j \\ne y}`; in a logarithm also what has a number."""
    for n in sx.walk(node):
        match n:
            case sx.Call(function=sx.Name(base=word), args=(sx.Scripted(base=sx.Name() as base, sub=sx.Node() as sub),)):
                if fn.word_of(word) in ("log", "ln") and plain_name(base) in vectors:
                    yield from _label(sub)
                    yield from classes.keys() & {plain_name(sub)}
            case sx.Indicator(condition=sx.Relation(sides=(one, other), operators=("=",))):
                yield from (*_label(one), *_label(other))
            case sx.BigOp(below=sx.Relation(sides=(_, other), operators=("ne",))):
                yield from _label(other)
            case sx.Scripted(base=base, sub=sx.Node() as sub) if _is_along_an_axis(base):
                yield from _label(sub)


def _is_along_an_axis(node: Node) -> bool:
    r"""`\mathrm{softmax}(z)`, `[\mathrm{softmax}(z)]`"""
    match node:
        case sx.Call(function=sx.Name(base=word)):
            return fn.word_of(word) in fn.ALONG_AN_AXIS
        case sx.Group(body=body) | sx.List(items=(body,)):
            return _is_along_an_axis(body)
    return False


def _told_labels(sheet: Sheet) -> Iterator[str]:
    """The c of "with $c$ the true class", where an entry at it stands in a formula."""
    indices = {name for s in sheet.statements for n in sx.walk(s.node) if isinstance(n, sx.Scripted) and n.sub for name in _label(n.sub)}
    for statement in sheet.statements:
        name = plain_name(statement.node)
        if name in indices and (_IS_THE_CLASS.match(statement.words_after) or _THE_CLASS.search(statement.words)):
            yield from _label(statement.node)


def _likelihoods(node: Node) -> Iterator[tuple[str, str]]:
    r"""The p and the y of a `\log p_y` by itself, where y is no quantity."""
    scripts = {id(m) for n in sx.walk(node) if isinstance(n, sx.Scripted) and n.sub is not None for m in sx.walk(n.sub)}
    quantities = {plain_name(n) for n in sx.walk(node) if isinstance(n, sx.Name) and id(n) not in scripts}
    for n in sx.walk(node):
        match n:
            case sx.Call(function=sx.Name(base=word), args=(sx.Scripted(base=sx.Name() as base, sub=sx.Node() as sub, sup=None),)):
                name = plain_name(base)
                if fn.word_of(word) in ("log", "ln") and name in _PROBABILITIES and plain_name(sub) not in quantities:
                    yield from ((name, label) for label in _label(sub))


def _beside_running(node: Node) -> Iterator[tuple[str, str]]:
    """The z and the y of a `z_y` beside `z_k`, where k runs and y is no quantity."""
    scripted = [n for n in sx.walk(node) if isinstance(n, sx.Scripted) and isinstance(n.base, sx.Name) and isinstance(n.sub, sx.Name)]
    running = set(_running(node))
    scripts = [m for n in sx.walk(node) if isinstance(n, sx.Scripted) and n.sub is not None for m in sx.walk(n.sub)]
    quantities = {plain_name(n) for n in sx.walk(node) if isinstance(n, sx.Name) and not any(n is m for m in scripts)}
    limits = {plain_name(m) for n in sx.walk(node) if isinstance(n, sx.BigOp) and n.below is not None for m in sx.walk(n.below)}
    summed = {plain_name(n.base) for n in scripted if n.sub is not None and plain_name(n.sub) in running}
    for n in scripted:
        assert n.sub is not None
        name, script = plain_name(n.base), plain_name(n.sub)
        if name in summed and name is not None and script not in running | (quantities - limits):
            yield from ((name, label) for label in _label(n.sub))


def _of_all_classes(node: Node, is_below: bool = False) -> Iterator[sx.BigOp]:
    """The sums and maxima over every class: in a logarithm, below a line, of all but the label."""
    match node:
        case sx.BigOp(operator="sum", below=below) if is_below or (isinstance(below, sx.Relation) and "ne" in below.operators):
            yield node
        case sx.BigOp(operator="max"):
            yield node
        case sx.Frac():
            yield from (*_of_all_classes(node.above, is_below), *_of_all_classes(node.below, True))
            return
    is_logarithm = isinstance(node, sx.Call) and isinstance(node.function, sx.Name) and fn.word_of(node.function.base) in ("log", "ln")
    for child in sx.children(node):
        yield from _of_all_classes(child, is_below or is_logarithm)


def _indexed_by(total: sx.BigOp) -> Iterator[str]:
    """What has the index of a sum."""
    running = letters_that_run(total)
    for n in sx.walk(total):
        if isinstance(n, sx.Scripted) and n.sub is not None and plain_name(n.sub) in running:
            yield plain_name(n.base) or ""


def _target(sheet: Sheet) -> str | None:
    r"""The y of `-\sum_k y_k \log p_k`, which is the one-hot vector of the class beside it."""
    for statement in sheet.statements:
        for total in (n for n in sx.walk(statement.node) if isinstance(n, sx.BigOp) and n.operator == "sum"):
            match total.body:
                case sx.Product(
                    factors=(sx.Scripted(base=sx.Name() as target, sub=sx.Name() as index), sx.Call(function=sx.Name(base=word)))
                ):
                    if fn.word_of(word) in ("log", "ln") and total.below is not None and plain_name(total.below) == plain_name(index):
                        return plain_name(target)
    return None


def _label(node: Node) -> Iterator[str]:
    name = plain_name(node)
    base = node.base if isinstance(node, sx.Scripted) else node
    if name is not None and isinstance(base, sx.Name) and base.base in _LETTERS and not base.accents:
        yield name


def _alone(node: Node) -> Iterator[str]:
    """The names that stand by themselves, and not only with an index."""
    name = plain_name(node) if isinstance(node, (sx.Name, sx.Scripted)) else None
    if name is not None:
        yield name
    for child in sx.children(node):
        if not (isinstance(node, sx.Scripted) and child is node.base and node.sub is not None):
            yield from _alone(child)


def _running(node: Node) -> Iterator[str]:
    """The indices that sums run over."""
    for n in sx.walk(node):
        if isinstance(n, sx.BigOp) and n.below is not None:
            name = plain_name(n.below.sides[0] if isinstance(n.below, sx.Relation) else n.below)
            if name is not None:
                yield name


def _free(node: Node) -> Iterator[str]:
    """The indices in subscripts that no sum runs over."""
    bound = letters_that_run(node) if isinstance(node, sx.BigOp) else set()
    if isinstance(node, sx.Scripted) and node.sub is not None:
        places = node.sub.items if isinstance(node.sub, sx.Listing) else (node.sub,)
        yield from (name for place in places if (name := plain_name(place)) is not None)
    yield from (name for child in sx.children(node) for name in _free(child) if name not in bound)


def _of_a_batch(node: Node) -> Iterator[str]:
    r"""The `y_i`, `y^{(i)}` of a sum over i: labels of many examples, and no one class."""
    for n in sx.walk(node):
        if isinstance(n, sx.BigOp) and n.body is not None:
            bound = set(_running(replace(n, body=None)))
            for inner in sx.walk(n.body):
                if isinstance(inner, sx.Scripted) and bound & {
                    plain_name(m) for script in (inner.sub, inner.sup) if script for m in sx.walk(script)
                }:
                    name = plain_name(inner)
                    if name is not None:
                        yield name


class _Picking:
    """One pass over a tree, from the inside out."""

    def __init__(
        self,
        made: dict[str, str],
        vectors: set[str],
        spoken: set[str],
        by_columns: set[str],
        wholes: set[str],
        rows: Container[str],
        letter: str,
    ) -> None:
        self.made, self.vectors, self.spoken, self.by_columns, self.wholes = made, vectors, spoken, by_columns, wholes
        self.rows, self.letter = rows, letter  # what has a vector for each class, and the index of a class that nothing else has

    def excludes(self, condition: Node, claim: Node) -> bool:
        r"""Whether `w \ne o` stands beside a claim about the w-th of something."""
        match _inside(condition):
            case sx.Relation(sides=(index, label), operators=("ne",)) if self._name(label) and isinstance(claim, sx.Relation):
                return set(claim.operators) == {"="} and plain_name(index) in set(_free(claim))
        return False

    def at_labels(self, statements: list[Statement]) -> list[Statement]:
        r"""The statements with `\partial L/\partial z_y = p_y - 1` for `\partial L/\partial z_k = p_k - 1` where it says `k = y`."""
        made = list(statements)
        running = {name for s in statements for name in _running(s.node)}
        for i, statement in enumerate(statements):
            condition = _inside(statement.node)
            claims = [at for at in _told_of(statements, i, self._is_at_label) if self._is_at_label(condition, statements[at].node)]
            if not isinstance(condition, sx.Relation) or not (claims or self._is_a_case(condition, running)):
                continue
            index, label = condition.sides
            made[i] = replace(statement, node=sx.Listing(condition.span, (index, label), (",",)))
            for at in claims:
                made[at] = replace(made[at], node=sx.mapped(made[at].node, partial(_with_index, plain_name(index), label)))
        return made

    def _is_a_case(self, condition: Node, indices: Container[str | None]) -> bool:
        """Whether `k = y` says of an index that it is the label, and gives no value."""
        match _inside(condition):
            case sx.Relation(sides=(sx.Name() as index, sx.Name() as label), operators=("=",)):
                return self._name(label) is not None and self._name(index) is None and plain_name(index) in indices
        return False

    def _is_at_label(self, condition: Node, claim: Node) -> bool:
        """Whether `k = y` stands beside a claim about the k-th of something."""
        return isinstance(claim, sx.Relation) and set(claim.operators) == {"="} and self._is_a_case(condition, set(_free(claim)))

    def beyond_the_label(self, claim: Node) -> sx.Relation | None:
        """The `k ≠ y` of a claim about the k-th class, where there is one label."""
        indices = {name for name in _free(claim) if name not in self.made}
        if len(self.made) != 1 or len(indices) != 1 or not (isinstance(claim, sx.Relation) and set(claim.operators) == {"="}):
            return None
        index, label = (sx.Name(claim.span, name) for name in (*indices, *self.made))
        return sx.Relation(claim.span, (index, label), ("ne",))

    def by_cases(self, statements: Sequence[Statement]) -> Iterator[Statement]:
        r"""The statements with `u_k = v_k` off the true class and `u_c = -\sum_{k \ne c} v_k` as one equation for all k."""
        waiting = list(statements)
        for i, statement in enumerate(statements):
            if statement not in waiting:
                continue
            at = next((j for j in (i + 1, i + 2) if j < len(statements) and self._are_cases(statements[i : j + 1])), None)
            first, last = statement.node, None if at is None else statements[at].node
            if at is None or not isinstance(first, sx.Relation) or not isinstance(last, sx.Relation):
                yield statement
                continue
            head, label = first.sides[0], last.sides[0].sub if isinstance(last.sides[0], sx.Scripted) else None
            assert isinstance(head, sx.Scripted) and head.sub is not None and label is not None
            entry = sx.Scripted(label.span, self._one_hot(label), head.sub)
            others, here = (sx.Group(side.span, "(", ")", side) for side in (first.sides[1], last.sides[1]))
            terms = (
                sx.Product(others.span, (self._all_but(label, head.sub), others), ("",)),
                sx.Product(here.span, (entry, here), ("",)),
            )
            yield replace(statement, node=replace(first, sides=(head, sx.Sum(first.span.to(last.span), terms, ("", "+")))))
            for other in statements[i + 1 : at + 1]:
                waiting.remove(other)

    def _are_cases(self, run: Sequence[Statement]) -> bool:
        """Whether the first of a run is about all but the label that the last is about, and what stands between says so."""
        first, last = run[0].node, run[-1].node
        match first, last:
            case (
                sx.Relation(sides=(sx.Scripted(base=sx.Name() as one, sub=sx.Name() as index, sup=None), _), operators=("=",)),
                sx.Relation(sides=(sx.Scripted(base=sx.Name() as other, sub=sx.Name() as label, sup=None), _), operators=("=",)),
            ) if one == other or plain_name(one) == plain_name(other):
                told = _ELSEWHERE.match(run[0].words_after) is not None if len(run) == 2 else self.excludes(run[1].node, first)
                return told and self._name(label) is not None and self._name(index) is None
        return False

    def elsewhere(self, claim: Node, condition: Node) -> Node:
        """The claim for all indices but the label."""
        told = _inside(condition)
        assert isinstance(claim, sx.Relation) and isinstance(told, sx.Relation)
        index, label = told.sides
        rest = self._all_but(label, index)
        head, *others = (sx.Product(side.span, (rest, sx.Group(side.span, "(", ")", side)), ("",)) for side in claim.sides)
        defines = plain_name(claim.sides[0]) is not None  # `c_j = …` is of no class but these
        return replace(claim, sides=(claim.sides[0] if defines else head, *others))

    def _all_but(self, label: Node, index: Node) -> Node:
        """`1 - e_{y,k}`."""
        one = sx.Number(label.span, "1")
        return sx.Group(label.span, "(", ")", sx.Sum(label.span, (one, sx.Scripted(label.span, self._one_hot(label), index)), ("", "-")))

    def _whole(self, base: sx.Name) -> sx.Name | None:
        """The U whose row `u_o` is."""
        capital = replace(base, base=base.base.upper())
        known = len(base.base) == 1 and base.base.islower() and plain_name(base) not in self.spoken
        return capital if known and plain_name(capital) in self.spoken else None

    def node(self, node: Node) -> Node:
        match node:
            case sx.Scripted() if plain_name(without_transpose(node)) in self.wholes:
                return node
            case sx.Scripted(base=sx.Name(base="e" | "1") | sx.Number(text="1") as base, sub=sx.Node() as sub, sup=sup) if self._name(sub):
                vector = replace(self._one_hot(sub), span=base.span)
                return vector if sup is None else replace(node, base=vector, sub=None)
            case sx.Call(function=sx.Name(base=word), args=(label,)) if fn.word_of(word) == "onehot" and self._name(label):
                return replace(self._one_hot(label), span=node.span)
            case sx.Scripted(base=sx.Name(), sub=sx.Node() as sub, sup=sx.Node()) if self._name(sub) and self._is_of_layer(node):
                product = sx.Product(node.span, (self._one_hot(sub), replace(node, sub=None)), ("odot",))
                return sx.Call(node.span, sx.Name(node.span, "sum"), (product,))
            case sx.Scripted(base=sx.Name() as base, sub=sx.Node() as sub) if self._name(sub) and plain_name(base) in self.rows:
                index = sx.Name(node.span, self.letter)
                member = sx.Product(
                    node.span, (sx.Scripted(node.span, self._one_hot(sub), index), replace(node, sub=index, sup=None)), ("",)
                )
                row = sx.Group(node.span, "(", ")", sx.BigOp(node.span, "sum", index, None, member))
                return row if node.sup is None else replace(node, base=row, sub=None)
            case sx.Scripted(base=sx.Name() as base, sub=sx.Node() as sub) if self._name(sub) and plain_name(base) in self.vectors:
                product = sx.Product(node.span, (self._one_hot(sub), base), ("odot",))
                entry = sx.Call(node.span, sx.Name(node.span, "sum"), (product,))
                return entry if node.sup is None else replace(node, base=sx.Group(node.span, "(", ")", entry), sub=None)
            case sx.Scripted(base=sx.Call() | sx.Group() | sx.List(items=(_,)) as base, sub=sx.Node() as sub, sup=None) if self._name(sub):
                return sx.Call(node.span, sx.Name(node.span, "sum"), (sx.Product(node.span, (self._one_hot(sub), base), ("odot",)),))
            case sx.Scripted(base=sx.Name(base="\\delta"), sub=sx.Product(factors=(one, other)) | sx.Listing(items=(one, other))):
                return self._entry(node, one, other)
            case sx.Indicator(condition=sx.Relation(sides=(one, other), operators=("=",))):
                return self._entry(node, one, other)
            case sx.BigOp(operator="sum", below=sx.Relation(sides=(index, other), operators=("ne",)), body=sx.Node() as body) if self._name(
                other
            ):
                factors = (self._all_but(other, index), sx.Group(node.span, "(", ")", body))
                return replace(node, below=index, body=sx.Product(node.span, factors, ("",)))
            case sx.BigOp(operator="max" | "min", below=sx.Relation(sides=(index, other), operators=("ne",)), body=sx.Node() as body) if (
                self._name(other)
            ):
                return extremum_of_others(node, index, body, self._all_but(other, index))
            case sx.Derivative(
                wrt=(sx.Call(function=sx.Name(base="sum"), args=(sx.Product(factors=(sx.Name(base=one_hot), whole)) as product,)) as entry,)
            ) if one_hot in self.made.values():
                by_the_vector = sx.Group(node.span, "(", ")", replace(node, wrt=(whole,)))
                return replace(entry, span=node.span, args=(replace(product, span=node.span, factors=(product.factors[0], by_the_vector)),))
            case sx.Derivative(wrt=(sx.Group(open="row", body=sx.Product(factors=(sx.Name() as columns_of, vector))),)):
                by_columns = sx.Group(node.span, "(", ")", replace(node, wrt=(columns_of,)))
                return sx.Product(node.span, (by_columns, vector), ("",))
            case sx.Derivative(wrt=(sx.Group(open="row", body=sx.Product(factors=(sx.Scripted(base=whole), vector))),)):
                by_the_whole = replace(node, wrt=(whole,))
                turned = sx.Scripted(node.span, sx.Group(node.span, "(", ")", by_the_whole), None, sx.Mark(node.span, "T"))
                return sx.Product(node.span, (turned, vector), ("",))
            case sx.Scripted(base=sx.Name() as base, sub=sx.Node() as sub) if self._name(sub) and (held := self._whole(base)):
                row = self._picked_from(held, sub, plain_name(held) not in self.by_columns)
                return row if node.sup is None else replace(node, base=row, sub=None)
            case sx.Scripted(base=sx.Name() as base, sub=sx.Listing(items=(sx.Range(start=None, stop=None), label))) if self._name(label):
                column = self._picked_from(base, label, False)
                return column if node.sup is None else replace(node, base=column, sub=None)
            case sx.Scripted(base=sx.Name() as base, sub=sx.Listing(items=(label, sx.Range(start=None, stop=None)))) if self._name(label):
                column = self._picked_from(base, label, True)
                return column if superscript(node.sup).transposed else sx.Scripted(node.span, column, None, sx.Mark(node.span, "T"))
        return node

    def _picked_from(self, whole: sx.Name, label: Node, by_rows: bool) -> sx.Group:
        """The row or the column of a matrix at a label, as a column by itself."""
        columns = sx.Scripted(label.span, whole, None, sx.Mark(label.span, "T")) if by_rows else whole
        return sx.Group(label.span, _ROW, ")", sx.Product(label.span, (columns, self._one_hot(label)), ("",)))

    def _is_of_layer(self, node: sx.Scripted) -> bool:
        """Whether a superscript numbers a vector: the `z^{(2)}` of `z^{(2)}_c`."""
        script = superscript(node.sup)
        return bool(script.label) and script.power is None and plain_name(node.base) in self.vectors

    def _entry(self, node: Node, one: Node, other: Node) -> Node:
        """`1[k = y]`, whichever of the two is the label."""
        label, index = (one, other) if self._name(one) else (other, one)
        return sx.Scripted(node.span, self._one_hot(label), index) if self._name(label) and not self._name(index) else node

    def _name(self, node: Node) -> str | None:
        return self.made.get(plain_name(node) or "")

    def _one_hot(self, label: Node) -> sx.Name:
        return sx.Name(label.span, self.made[plain_name(label) or ""])
