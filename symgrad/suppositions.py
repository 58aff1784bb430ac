"""What a claim is made under: conditions that the sheet has said, what its own sentence compares, the stationary point it is about."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import cached_property

import numpy as np

from symgrad import names
from symgrad import syntax as sx
from symgrad.conditions import (
    Condition,
    active,
    branches,
    comparisons,
    in_words,
    is_behind,
    is_of_another_activation,
    is_without_penalty,
    modelled,
    one_sentence,
    put_to,
    words_before,
)
from symgrad.constant import constant_of
from symgrad.errors import SymgradError
from symgrad.lab import Lab
from symgrad.meaning import Meaning, stem
from symgrad.naming import letters_of, plain_name
from symgrad.optima import MULTIPLIERS, PENALTIES, is_bound
from symgrad.pairing import Pairing
from symgrad.parts import mentions
from symgrad.ruling import Pair, Ruling
from symgrad.said_properties import conditions_in_words, is_own_transpose
from symgrad.sheet import Gathered, Link
from symgrad.syntax import Node
from symgrad.tensor import add, constant, variables

_CONDITION = re.compile(
    r"(?i)\b(?:if|assum\w+|suppos\w+|when|whenever|such that|i\.?e\.?|provided|orthonormal|orthogonal|subject to|constraint)\W*$"
)
# What stands behind these is one case; behind "with" or "is" it may be what comes out.
_CASE = re.compile(r"(?i)\b(?:if|for|when|whenever|case|falls|wenn|für|si|pour|para|se|per)\W*$")
# After these words an equation for an input is a condition only where it is one that can be met.
_PERHAPS_A_CONDITION = re.compile(r"(?i)\b(?:with|where|for|under|unit|normalised|normalized|symmetric|has|have|is)\W*$")
# The factors of a penalty, as they are named.
# `Only for symmetric $A$ is that $2AX$`: said of one line, and of nothing that follows.
_THERE_ALONE = re.compile(r"(?i)\b(?:only|just|nur|seulement|s[óo]lo|solo|só)\b[^.;]*$")
_PARAGRAPH = re.compile(r"\n[ \t]*\n")
_OPENS = " \n$\\[&"  # what stands before a formula that is set apart

_ESTIMATE = re.compile(r"\\(?:wide)?hat\{(.+)\}")
# What is smaller is zero.
_NOTHING = 1e-8


class Suppositions:
    """What has been supposed so far, and where to try the claims that are made under it."""

    def __init__(self, gathered: Gathered, meaning: Meaning, lab: Lab, pairing: Pairing) -> None:
        self.gathered, self.meaning, self.lab, self.pairing = gathered, meaning, lab, pairing
        self._conditions: list[Condition] = []
        self._supposed_of: dict[int, tuple[Link, list[Condition]]] = {}
        self._labs: dict[tuple[Condition, ...], Lab] = {(): lab}

    def hear(self, i: int) -> None:
        """What the words around a statement suppose from there on, and what those right behind it do: `$…$ for a symmetric $A$`."""
        statements = self.gathered.sheet.statements
        follows = i + 1 < len(statements) and is_behind(self.gathered.sheet, i)
        for at in (i, i + 1) if follows else (i,):
            said = conditions_in_words(statements[at], self.meaning.styled)
            for name, kind in said if at == i else (*said, *_own_transposes(statements[at].node, self.meaning.styled)):
                if name in self.meaning.network.inputs:
                    text = f"{names.text(name)} is {kind.replace('_', ' in its ')}"
                    self._conditions.append(Condition(i, text, (name, kind), lasts=_THERE_ALONE.search(statements[at].words) is None))

    def of(self, link: Link) -> tuple[list[Condition], Lab]:
        """What a claim is made under, and where to try it."""
        if id(link) not in self._supposed_of:
            self._supposed_of[id(link)] = link, list(self._supposed(link))  # the link is kept alive, and so its identity
        supposed = self._supposed_of[id(link)][1]
        # Where to try it depends on what is supposed, not on where that is said.
        modelled = tuple(replace(c, statement=0) for c in supposed if c.is_modelled)
        if modelled not in self._labs:
            self._labs[modelled] = self.lab.under(modelled)
        return supposed, self._labs[modelled]

    def cases(self, link: Link) -> Iterator[tuple[Lab, str, bool]]:
        """Where each case that a claim may be about holds, what is supposed there, and whether it is sure to be about it.

        A case is one of a definition by cases, if its sentence speaks of one, or a value that an input was put to before.
        """
        sheet = self.gathered.sheet
        for definition in self.gathered.definitions:
            cases = list(branches(definition.expression, words_before(sheet, link.statement)))
            cases += active(sheet, definition.expression, definition.statement, link.statement)
            for larger, smaller in cases:
                under = f"{sheet.source.slice(larger.span).strip()} > {sheet.source.slice(smaller.span).strip()}"
                for condition in self._compared_as(definition.statement, larger, smaller):
                    if condition.is_modelled:
                        yield self.lab.under([condition]), under, True
        for condition in self._still_put(link):
            said = sheet.source.text[sheet.statements[condition.statement].span.end : link.span.start].rstrip(_OPENS)
            yield self.lab.under([condition]), condition.text, _PARAGRAPH.search(said) is None

    def _still_put(self, link: Link) -> Iterator[Condition]:
        """Values that inputs were put to in a sentence before, `for $T = 1$ we get …. Hence …`, while no formula speaks of the input."""
        sheet, i = self.gathered.sheet, link.statement
        for j, given in self.gathered.given.items():
            start, end = sheet.statements[j].span.end, link.span.start
            if not j < i or one_sentence(sheet, j, i) or any(start <= heading <= end for heading in sheet.headings):
                continue
            spoken = {name for k in range(j + 1, i + 1) for name in mentions(sheet.statements[k].node, self.meaning.styled)}
            for name, value in given:
                put = put_to(sheet, j, name, value) if name in self.meaning.network.inputs and name not in spoken else None
                yield from () if put is None else (put,)

    def is_case(self, link: Link) -> bool:
        """`for $s_i = 1$ it is …`: one case of what an entry may be, and no claim about every one of them."""
        words = self.gathered.sheet.statements[link.statement].words[-40:]
        is_entry = isinstance(link.left, sx.Scripted) and link.left.sup is None and bool(letters_of(link.left.sub))
        return is_entry and _CASE.search(words) is not None and link.left is link.head and constant_of(link.right) is not None

    def is_condition(self, link: Link, pair: Pair, lab: Lab) -> bool:
        """`A x = b`, where each side has inputs that the other has not: an equation for them, and no claim about anything computed."""
        left, right = ({v.name for v in variables(node)} for node in (pair.left_node, pair.right_node))
        if not left | right and set(mentions(link.left)) == set(mentions(link.right)):
            return False  # `dm + md = 3dm` of sizes asks for nothing that sizes could meet
        own = {name for name, _ in _own_transposes(sx.Relation(link.span, (link.left, link.right), ("=",)), self.meaning.styled)}
        if left == right == own:
            return not left & self.meaning.network.definitions.keys()
        if not all(name in self.meaning.network.inputs for name in left | right):
            return False
        words = self.gathered.sheet.statements[link.statement].words[-40:]
        if (bool(left - right) and bool(right - left)) or _CONDITION.search(words) is not None:
            return True
        # `A = A^T` of an input says something of A, and nothing that could be wrong.
        alone = [plain_name(side, self.meaning.styled) for side in (link.left, link.right)]
        of_itself = left == right and left in ({alone[0]}, {alone[1]})
        return (of_itself or _PERHAPS_A_CONDITION.search(words) is not None) and self._model(link, pair, lab).is_modelled

    def taken_as_said(self, link: Link, pair: Pair, lab: Lab) -> Ruling:
        """The ruling on a condition: taken as said, and from here on supposed."""
        self._conditions.append(self._of_case(link) if self.is_case(link) else self._model(link, pair, lab))
        return Ruling(link, "given", pair=pair)

    def _of_case(self, link: Link) -> Condition:
        """A case as the value of the one input that the entries are computed from, `y = 1` for `s_i = 2 y_i - 1 = 1`."""
        text = self.gathered.sheet.source.slice(link.span).strip()
        name = plain_name(link.left.base, self.meaning.styled) if isinstance(link.left, sx.Scripted) else None
        known, value = self.meaning.network.definitions.get(name or ""), constant_of(link.right)
        opened = None if known is None or value is None else self.lab.fully_opened(known.node)
        inputs = [] if opened is None else [v for v in variables(opened) if not all(dim.is_one for dim in v.shape)]
        if opened is None or value is None or len(inputs) != 1 or inputs[0].shape != opened.shape:
            return Condition(link.statement, text)
        return Condition(link.statement, text, vanishes=((add([opened, constant(-value, opened.shape)]), inputs[0].name),), lasts=False)

    def _supposed(self, link: Link) -> Iterator[Condition]:
        """What a claim is made under: equations for inputs from where they stand on, and what its own sentence compares."""
        sheet, i = self.gathered.sheet, link.statement
        own = self.gathered.part.statements
        resting = list(self._resting(link)) if link.optimal else []
        yield from resting
        # Constraints are met where the multipliers are at rest too; to meet them by itself would lead away from there.
        free = {name for condition in resting if len(condition.vanishes) > 1 for _, name in condition.vanishes}
        for condition in self._conditions:
            here = condition.statement <= i and not (condition.adjusts and condition.adjusts[0] in free)
            if here and ((condition.is_modelled and condition.lasts) or one_sentence(sheet, condition.statement, i)):
                yield condition
        for j, given in self.gathered.given.items():
            for name, value in given if j <= i and one_sentence(sheet, j, i) else ():
                put = put_to(sheet, j, name, value) if name in self.meaning.network.inputs else None
                yield from () if put is None else (put,)
        if is_without_penalty(sheet, i):
            yield from self._without_penalty(link)
        if is_of_another_activation(sheet, i) and any(mentions(side) for side in (link.left, link.right)):
            yield Condition(i, "another activation stands in the network")
        for j, larger, smaller in comparisons(sheet, own, i):
            yield from self._compared_as(j, larger, smaller)
        for j, head, positive in in_words(sheet, own, i):
            zero = sx.Number(head.span, "0")
            yield from self._compared_as(j, head, zero) if positive else self._compared_as(j, zero, head)

    def _without_penalty(self, link: Link) -> Iterator[Condition]:
        r"""Zero for the factor of the penalty, the \lambda that a line said of the data term alone does not speak of."""
        spoken = {name for side in (link.left, link.right) for name in mentions(side, self.meaning.styled)}
        inputs = self.meaning.network.inputs
        for name in (n for n in PENALTIES if n in inputs and n not in spoken and all(dim.is_one for dim in inputs[n].shape)):
            yield Condition(link.statement, f"{names.text(name)} = 0", (name, "0"), lasts=False)

    def _resting(self, link: Link) -> Iterator[Condition]:
        """Where the gradient vanishes by the input that an equation is for, or else by one that gradients are asked by."""
        # Where σ² is at rest, σ is.
        network, asked = self.meaning.network, {n.removesuffix("^2") for n in self.gathered.vocabulary.dependences.variables}
        alone = (plain_name(link.left, self.meaning.styled) or "").removesuffix("^2")
        both = [n.removesuffix("^2") for side in (link.left, link.right) for n in mentions(side, self.meaning.styled)]
        moved = self._moved if not set(both) & asked else frozenset[str]()  # by `\mathrm dw`, and no `\partial/\partial w`
        spoken = [alone] if alone in network.inputs else [n for n in both if n in asked or n in moved]
        before = [d.name for d in self.gathered.definitions if d.statement <= link.statement]
        for loss in reversed([name for name in before if name in self.meaning.losses()]):
            for name in (n for n in spoken if n is not None and n in network.inputs and self.meaning.rests_on(loss, n)):
                free = [n for n in network.inputs if n in asked and n != name and self.meaning.rests_on(loss, n)]
                multipliers = list(self._multipliers(loss))
                # A formula in the estimate of another parameter is so where that is at rest too.
                estimated = {match[1] for n in both if (match := _ESTIMATE.fullmatch(n))} & network.inputs.keys() & asked - {name}
                ways = [self._at_rest(link, loss, [name, *sorted(estimated)])]
                if multipliers:
                    together = self._at_rest(link, loss, dict.fromkeys([name, *free, *multipliers]))
                    ways.insert(0 if is_bound(self.gathered.sheet) else 1, together)
                yield ways[0] if len(ways) == 1 else next((way for way in ways if self._is_met(way, name)), ways[0])
                return

    def _is_met(self, way: Condition, name: str) -> bool:
        r"""Whether there are points of rest, and not only at nothing: `S w = \lambda w` is said of another w than 0."""
        return any(np.any(np.abs(np.asarray(point.values[name], dtype=float)) > _NOTHING) for point in self.lab.under([way]).points)

    def _at_rest(self, link: Link, loss: str, by: Iterable[str]) -> Condition:
        slopes = tuple((self.lab.fully_opened(self.lab.gradient_node(loss, name)), name) for name in by)
        shown = " and ".join(names.text(names.gradient(loss, name)) for _, name in slopes)
        return Condition(link.statement, f"{shown} vanish{'es' if len(slopes) == 1 else ''}", vanishes=slopes)

    def _multipliers(self, loss: str) -> Iterator[str]:
        """The multipliers of a Lagrangian: the Greek letters that it is linear in."""
        for name in (
            n for n in self.meaning.network.inputs if n.startswith("\\") and stem(n) in MULTIPLIERS and self.meaning.rests_on(loss, n)
        ):
            if all(v.name != name for v in variables(self.lab.fully_opened(self.lab.gradient_node(loss, name)))):
                yield name

    @cached_property
    def _moved(self) -> frozenset[str]:
        """The names that differentials are taken of."""
        nodes = (n for i in self.gathered.part.statements for n in sx.walk(self.gathered.sheet.statements[i].node))
        return frozenset(
            name for n in nodes if isinstance(n, sx.Differential) and (name := plain_name(n.of, self.meaning.styled)) is not None
        )

    def _compared_as(self, statement: int, larger: Node, smaller: Node) -> Iterator[Condition]:
        span = self.gathered.sheet.statements[statement].span
        text = self.gathered.sheet.source.slice(span).strip()
        try:
            pair = next(self.pairing.pairs(Link(larger, smaller, "=", statement, span, larger, False), False), None)
        except (SymgradError, RecursionError):
            pair = None
        yield Condition(statement, text, above=None if pair is None else (pair.left_node, pair.right_node))

    def _model(self, link: Link, pair: Pair, lab: Lab) -> Condition:
        def agrees(condition: Condition) -> bool:
            try:
                return lab.under([condition]).equal(pair.left_node, pair.right_node).holds
            except (SymgradError, ValueError):
                return False

        used = {v.name for node in (pair.left_node, pair.right_node) for v in variables(node)}
        text = self.gathered.sheet.source.slice(link.span).strip()
        inputs = [name for name in self.meaning.network.inputs if name in used]
        return modelled(link.statement, text, inputs, agrees) or Condition(link.statement, text)


def _own_transposes(node: Node, styled: frozenset[str]) -> Iterator[tuple[str, str]]:
    """The A of `A = A^T`, which is symmetric."""
    match node:
        case sx.Relation(sides=(left, right), operators=("=",)):
            for one, other in ((left, right), (right, left)):
                name = plain_name(one, styled)
                if name is not None and is_own_transpose(name, other):
                    yield name, "symmetric"
