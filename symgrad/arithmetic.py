"""Claims judged by numbers: both sides computed from the values that a sheet has written, and what excuses a result that differs.

A result may be of rounded numbers, of new values that steps lead to, of another example, or of what should have been written further up.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np

from symgrad import names
from symgrad import syntax as sx
from symgrad.constant import constant_of, is_numeric, numbers_by_themselves
from symgrad.errors import SymgradError, Unsupported
from symgrad.lab import Lab
from symgrad.ledger import Ledger
from symgrad.literals import Rows, decimals, is_worked, literal_rows
from symgrad.meaning import Meaning, stem, weights_among
from symgrad.naming import plain_name
from symgrad.pairing import Pairing
from symgrad.parts import heads, mentions
from symgrad.readings import Reader
from symgrad.ruling import Pair, Ruling
from symgrad.sheet import Gathered, Link
from symgrad.syntax import Node
from symgrad.tensor import Node as Tensor
from symgrad.tensor import Var, variables
from symgrad.typing_rules import Note
from symgrad.undefined import insist_on_dependence
from symgrad.updates import renewed

# At how many points a formula with the numbers of data in it is held against the one without.
_DRAWS = 4
# How far `≈ 1/3` may be from the value.
_ROUGHLY = 0.01
_DATA = frozenset({"x", "X"})
# Numbers that stand in formulas by themselves.
_OF_FORMULAS = frozenset({Fraction(0), Fraction(1), Fraction(2), Fraction(1, 2), Fraction(3)})

# Words that speak of what was so before a step.
_LOOKS_BACK = re.compile(
    r"(?i)\b(?:had|promis\w+|predict\w+|expected|anticipated|(?:linear|quadratic) model|lineari[sz]ation|taylor|(?<!as )before|was|from"
    r"|previous\w*|old)\b"
)
_AT_THE_START = re.compile(r"(?i)\b(?:initial\w*|starting|original|anfänglich\w*|Anfangs\w+|inicial\w*|iniziali?|initiaux)\b")
# Words that say that what follows is computed once a step is taken: "the new loss is", "after this update we have".
_LOOKS_AHEAD = re.compile(
    r"(?i)\b(?:new|updated)\s+(?!(?:weight|parameter|bias|value)s?\b)\w+(?:\s\w+)?\W*(?:(?:value|is|becomes|now|of|equals)\W+)*$"
    r"|\bafter (?:the|this|that|one|a) (?:\w+ )?(?:step|update)s?\b"
)
_BY_NEW_VALUES = re.compile(
    r"(?i)\b(?:with|w/|using|by|at|mit|avec|con)\s+(?:(?:the|these|those|our|den|les|los)\s+)?(?:new|updated|neuen|nouve\w+|nuev\w+)\b"
)
_LAST_SENTENCE = re.compile(r"[.;](?=\s|$)")
# A new item of an exercise, and words that say that it is about what a step has led to.
_ITEM = re.compile(r"(?m)^[ \t]*(?:\\item\b|(?:[*_#]+\s*)*\(?[a-h1-9ivx]{1,3}\)|#+ )")
_AFTERWARDS = re.compile(r"(?i)\b(?:new|now|updated?|after|afterwards|again|neu\w*|nach|danach|apr[èe]s|despu[ée]s)\b")


class Arithmetic:
    """Rules on claims by the values of the ledger, in which it also writes what a claim shows of them."""

    def __init__(self, gathered: Gathered, meaning: Meaning, lab: Lab, ledger: Ledger, pairing: Pairing) -> None:
        self.gathered, self.meaning, self.lab, self.ledger, self.pairing = gathered, meaning, lab, ledger, pairing
        self._activation = gathered.vocabulary.assumed.activation

    # ── ruling ───────────────────────────────────────────────────────────────────────────────────────────────────────

    def by_numbers(self, link: Link, pair: Pair) -> Ruling:
        if self._is_of_new_values(link, pair):
            self.ledger.count_anew(renewed(self.meaning, self.ledger.values, self.ledger.anew))
        try:
            ruling = self.with_values(link, pair, self.ledger.values)
        except Unsupported as error:
            ruling = self._with_what_follows(link, pair) or Ruling(link, "undecided", pair=pair, reason=str(error))
        is_wrong = ruling.verdict == "fails" and self._is_of_values(link.left)
        is_stated = in_numbers(link.right) and not in_numbers(link.left) and not is_wrong
        if is_stated and ruling.verdict in ("undecided", "fails") and self._cannot_compute(link, ruling.verdict == "fails"):
            head = plain_name(link.head, self.meaning.styled)
            self.ledger.stated |= set() if head is None else {head}
            return Ruling(link, "given", pair=pair)
        if is_stated and ruling.verdict == "undecided" and self._is_upstream(pair):
            return Ruling(link, "given", pair=pair)
        if ruling.verdict == "fails" and (self._is_update(link) or self._comes_anew(link)):
            return Ruling(link, "given", pair=pair)
        if ruling.verdict == "fails" and self._is_of_untold_values(link, pair):
            untold = Ruling(link, "undecided", pair=pair, reason="not all new values that it is computed from are told")
            return self._with_new_values(link, pair) or untold
        if ruling.verdict == "fails":
            ruling = self._renewed(link, pair) or self._with_new_values(link, pair) or self._looking_back(link, pair) or ruling
        if ruling.verdict not in ("holds", "given"):
            ruling = self._unwritten(link, ruling) or self._unnamed(link, pair, ruling.verdict == "undecided") or ruling
        if ruling.verdict == "fails":
            ruling = self._as_meant(link, pair) or ruling
        if ruling.verdict == "fails":
            insist_on_dependence(pair, self.meaning, self.ledger.values)
        return ruling

    def with_values(self, link: Link, pair: Pair, values: dict[str, Rows]) -> Ruling:
        """Both sides computed from the values that the sheet gives, in fractions where that is possible."""
        if is_numeric(link.left) and is_numeric(link.right):
            values = {}  # numbers alone need none, and their sizes may clash from one example to the next
        for exact in (True, False):
            try:
                point = self.lab.numeric_point(exact, values)
                a, b = point.array(pair.left_node), point.array(pair.right_node)
                break
            except Unsupported:
                if not exact:
                    raise
            except (TypeError, ZeroDivisionError, AttributeError):
                continue
        else:
            raise Unsupported("it has no value here")
        if not all(np.all(np.isfinite(np.asarray(side, dtype=float))) for side in (a, b)):
            raise Unsupported("it has no value here")
        slack = tolerance(link, np.shape(b))
        gap = np.abs(np.asarray(a, dtype=float) - np.asarray(b, dtype=float))
        scale = 1e-9 * max(1.0, float(np.max(np.abs(np.asarray(a, dtype=float)), initial=0.0)))
        holds = bool(np.all(gap <= slack + scale))
        carried = False
        if not holds:
            slack = slack + self._carried(link, pair, values, np.asarray(a, dtype=float), np.asarray(b, dtype=float))
            holds = carried = bool(np.all(gap <= slack + scale))
        differs = bool(np.any(gap > scale))
        method = "rounded" if np.any(slack) and (differs or not holds) else "exact" if point.exact else "numeric"
        evidence = {"method": method, "holds": holds, "max_error": float(np.max(gap, initial=0.0))}
        notes = [*pair.notes, Note("rounded", link.right.span)] if carried else list(pair.notes)
        return Ruling(link, "holds" if holds else "fails", [evidence], pair, notes, numeric=True, expected=a, found=b)

    def with_the_data(self, link: Link, pair: Pair, values: dict[str, Rows]) -> Ruling | None:
        """A formula with the numbers of the data in the place of their names: `2 (14 w - 23)` for `2 \\sum_i x_i (w x_i - y_i)`.

        It holds where it does for those data and whatever else is met, drawn at random; None where data still stand by their names.
        """
        shown = {v.name for v in variables(pair.right_node)}
        data = self.numbers_behind(pair.left_node) & self.meaning.network.inputs.keys() & values.keys()
        # What is 0 or 1 may as well have been forgotten: that is judged in general.
        if not data or shown & values.keys() or any(all(x in (0, 1) for row in values[name] for x in row) for name in data):
            return None
        rulings = []
        for drawn in self.drawn_beside(pair, values):
            try:
                rulings.append(self.with_values(link, pair, drawn))
            except (SymgradError, ValueError):
                return None
        if not rulings or any(ruling.verdict != "holds" for ruling in rulings):
            return None
        evidence = {**rulings[0].evidence[0], "method": "identity_test", "points": len(rulings), "under": "the values of the data"}
        return replace(rulings[0], evidence=[evidence], numeric=False)

    def drawn_beside(self, pair: Pair, values: dict[str, Rows]) -> list[dict[str, Rows]]:
        """Values with draws for all that a claim speaks of and that has none; none where nothing is open."""
        inputs = self.meaning.network.inputs
        behind = {name for node in (pair.left_node, pair.right_node) for name in self.numbers_behind(node)}
        open_names = sorted(behind & inputs.keys() - values.keys())
        shapes = [inputs[name].shape for name in open_names]
        symbols = sorted({symbol for shape in shapes for dim in shape for symbol in dim.symbols})
        sizes = {**{symbol: 2 + k for k, symbol in enumerate(symbols)}, **self.ledger.sizes()}
        if not open_names or any(len(shape) != 2 for shape in shapes):
            return []
        found = []
        for rng in map(np.random.default_rng, range(_DRAWS)):
            drawn = {}
            for name, shape in zip(open_names, shapes, strict=True):
                rows, columns = (int(dim.evaluate(sizes)) for dim in shape)
                drawn[name] = tuple(tuple(Fraction(int(x), 7) for x in rng.integers(-40, 40, columns)) for _ in range(rows))
            found.append({**values, **drawn})
        return found

    # ── computing ────────────────────────────────────────────────────────────────────────────────────────────────────

    def _carried(self, link: Link, pair: Pair, values: dict[str, Rows], a: Any, b: Any) -> Any:
        """What half a unit in every rounded number that a side is computed from can change of it, to first order."""
        total = np.zeros(np.shape(b))
        point = self.lab.numeric_point(False, values)
        for side, node, now in ((link.left, pair.left_node, a), (link.right, pair.right_node, b)):
            reader = self.pairing.reader(link)  # one, so that what stays the same is read once
            base = self._value_of(side, reader, values, np.shape(now))
            for changed in self.ledger.rounding.nudged(side) if base is not None else ():
                moved = self._value_of(changed, reader, values, np.shape(now))
                if moved is not None:
                    total = total + np.abs(moved - base)
            for name, rows in self.ledger.rounding.nudged_values(self.numbers_behind(node), values):
                try:
                    moved = np.asarray(point.moved(name, np.array(rows, dtype=float)).array(node), dtype=float)
                except (SymgradError, ValueError):
                    continue
                total = total + np.where(np.isfinite(moved) & np.isfinite(now), np.abs(np.nan_to_num(moved) - np.nan_to_num(now)), 0.0)
        return total

    def numbers_behind(self, node: Tensor) -> set[str]:
        """The names that a side is computed from, through definitions and gradients."""
        found: set[str] = set()
        stack = [v.name for v in variables(node)]
        while stack:
            name = stack.pop()
            if name in found:
                continue
            found.add(name)
            match = names.gradient_of(name)
            if match:
                stack += [*self.meaning.network.definitions, *(n for n in self.ledger.values if names.gradient_of(n))]
            if name in self.meaning.jacobians:
                stack += [v.name for v in variables(self.meaning.jacobians[name][0])]
            for source in (self.meaning.network.definitions.get(name), self.meaning.derived.get(name)):
                if source is not None:
                    stack += [v.name for v in variables(source if isinstance(source, Tensor) else source.node)]
        return found

    def _value_of(self, side: Node, reader: Reader, values: dict[str, Rows], shape: tuple[int, ...]) -> Any:
        """The value of a side with a number changed; None where it has none of that shape."""
        rows = literal_rows(side)
        try:
            if rows is not None:
                found = np.array([[float(x) for x in row] for row in rows])
            else:
                reading = reader.side(side, self.meaning.shapes)[0]
                found = np.asarray(self.lab.numeric_point(False, values).array(self.meaning.tensor(reading, reader)), dtype=float)
        except (SymgradError, IndexError, ValueError):
            return None
        return found if found.shape == shape else found.T if found.T.shape == shape else None

    # ── nothing to compare ───────────────────────────────────────────────────────────────────────────────────────────

    def _is_upstream(self, pair: Pair) -> bool:
        """Whether the left side is the gradient that comes from above: of a loss that the sheet does not define."""
        match = pair.gradient
        return match is not None and match["wrt"] in self.meaning.implied.get(match["of"], ())

    def _cannot_compute(self, link: Link, computed: bool) -> bool:
        """Whether a name's value is stated that nothing on the sheet allows to compute: an input behind it has no value.

        `computed`: it came to another value than it has.
        """
        head = plain_name(link.head, self.meaning.styled)
        same = self.meaning.derived.get(head or "")
        match = names.gradient_of(same.name) if isinstance(same, Var) else None
        if match is not None and match["of"] in self.meaning.implied:
            # Of a loss without a formula the gradient by what it is directly of, or by anything that those do not settle.
            return not computed or match["wrt"] in self.meaning.implied[match["of"]]
        if head in self.meaning.unread and head not in self.ledger.values:
            return True
        definition = self.meaning.network.definitions.get(head or "")
        if head is None or definition is None or (head in self.ledger.values and not self.ledger.is_of_another_example(head)):
            return False
        stack, known = [v.name for v in variables(definition.node)], set(self.ledger.values)
        while stack:
            name = stack.pop()
            if name in known:
                continue
            below = self.meaning.network.definitions.get(name)
            if below is None:
                return True
            stack += [v.name for v in variables(below.node)]
        return False

    def _is_of_values(self, side: Node) -> bool:
        """Whether a side is a formula, and all names in it have values: it comes to a number, whatever the name before it is defined by."""
        spoken = mentions(side, self.meaning.styled)
        return plain_name(side, self.meaning.styled) is None and bool(spoken) and all(name in self.ledger.values for name in spoken)

    def _is_update(self, link: Link) -> bool:
        """`w = 0.5 - 0.1 \\cdot 8`, where w was 0.5: a step of descent, which gives w a new value."""
        name = plain_name(link.left, self.meaning.styled)
        if name is None or name not in self.ledger.values or not isinstance(link.right, sx.Sum):
            return False
        if link.operator == ":=":
            return name in self.meaning.network.inputs
        sign, first = link.right.signs[0], literal_rows(link.right.terms[0])
        first = first and (tuple(tuple(-x for x in row) for row in first) if sign == "-" else first)
        turned = None if first is None else tuple(zip(*first, strict=True))
        return self.ledger.values[name] in (first, turned) and name in self.meaning.network.inputs

    def _comes_anew(self, link: Link) -> bool:
        """`\\hat r = 1.29 \\cdot 2.13` where r̂ came out before: the same again, with values that were computed since."""
        head = plain_name(link.head, self.meaning.styled)
        if head is None or not link.first or not is_worked(link.right):
            return False
        if self._is_solved_for(head, link.statement):
            return True
        if head not in self._results():
            return False
        since = {x for name in self.ledger.since(head) for row in self.ledger.values.get(name, ()) for x in row}
        return any(n.value in since for n in numbers_by_themselves(link.right))

    def _is_solved_for(self, head: str, statement: int) -> bool:
        r"""Whether `\theta = (X^\top X)^{-1} X^\top y` stands between the value that a name starts with and this statement."""
        statements = self.gathered.sheet.statements
        told = [(i, value) for i in range(statement) for name, value in heads(statements[i]) if name == head]
        return len(told) > 1 and is_numeric(told[0][1]) and not is_numeric(told[-1][1])

    # ── by other values ──────────────────────────────────────────────────────────────────────────────────────────────

    def _renewed(self, link: Link, pair: Pair) -> Ruling | None:
        """The same for an example that comes later: what rests on a value given since is computed anew."""
        stale = {name for name in self.ledger.values if self.ledger.is_stale(name)}
        head = plain_name(link.head, self.meaning.styled)
        if head in self.ledger.stated and is_numeric(link.right) and not is_numeric(link.left):
            return Ruling(link, "given", pair=pair)  # nothing allows to compute it, this time either
        if not stale:
            return None
        try:
            ruling = self.with_values(link, pair, {name: rows for name, rows in self.ledger.values.items() if name not in stale})
        except Unsupported:
            # What it is computed from was given anew; that it cannot be computed from it leaves a new value, and nothing to compare.
            return Ruling(link, "given", pair=pair) if link.first and head in stale and in_numbers(link.right) else None
        except (SymgradError, ValueError):
            return None
        return ruling if ruling.verdict == "holds" else None

    def _with_new_values(self, link: Link, pair: Pair) -> Ruling | None:
        """The numbers hold with the new values of steps that were taken, and what is computed from them."""
        values = renewed(self.meaning, self.ledger.values, self.ledger.anew)
        if values == self.ledger.values:
            return None
        try:
            ruling = self.with_values(link, pair, values)
        except (SymgradError, ValueError):
            return None
        if ruling.verdict != "holds":
            return None
        self.ledger.count_anew(values)
        return ruling

    def _words_before(self, link: Link) -> str:
        """The words before a claim, of its own sentence."""
        return _LAST_SENTENCE.split(self.gathered.sheet.statements[link.statement].words)[-1]

    def _is_of_new_values(self, link: Link, pair: Pair) -> bool:
        """Whether words say that a result is of after the steps that were taken: it must not hold with the values of before."""
        if not self.ledger.anew or not in_numbers(link.right) or plain_name(link.head, self.meaning.styled) in self.meaning.network.inputs:
            return False
        words = self._words_before(link)
        behind = self.numbers_behind(pair.left_node)
        return bool(_LOOKS_AHEAD.search(words)) and self.ledger.anew.keys() <= behind

    def _is_of_untold_values(self, link: Link, pair: Pair) -> bool:
        """Whether words speak of after a step that only some of what it is computed from have taken on the sheet."""
        changed = self.ledger.anew.keys() | {name for name in self.ledger.older if name in self.meaning.network.inputs}
        words = self._words_before(link)
        if not changed or not _AFTERWARDS.search(words):
            return not changed and _BY_NEW_VALUES.search(words) is not None
        slopes = (names.gradient_of(name) for name in self.ledger.values)
        trained = {match["wrt"] for match in slopes if match is not None and match["wrt"] in self.meaning.network.inputs}
        if weights_among(changed):  # a gradient by the data is not for a step
            trained = {name for name in trained if stem(name) not in _DATA}
        return bool(trained & self.numbers_behind(pair.left_node) - changed)

    def _looking_back(self, link: Link, pair: Pair) -> Ruling | None:
        """The numbers hold with the values before the last step, where the words look back: "the decrease that had been promised"."""
        inputs = self.meaning.network.inputs
        once = {name: literal_rows(node) for name, node in self._given_once() if name in self.ledger.stepped}
        before = {name: rows for name, rows in once.items() if rows is not None and name in self.ledger.values}
        before |= {name: rows[-1] for name, rows in self.ledger.older.items() if name in inputs and name in self.ledger.values}
        words = self._words_before(link)
        is_of_the_start = _AT_THE_START.search(words) is not None
        if not before or not (is_of_the_start or _LOOKS_BACK.search(words) or self._is_in_another_item(link, before)):
            return None
        if is_of_the_start:
            before |= {name: rows[0] for name, rows in self.ledger.older.items() if name in before}
        try:
            ruling = self.with_values(link, pair, renewed(self.meaning, self.ledger.values, before))
        except (SymgradError, ValueError):
            return None
        shown = [
            {**evidence, "under": "the values of the start" if is_of_the_start else "the values before the last step"}
            for evidence in ruling.evidence
        ]
        return replace(ruling, evidence=shown) if ruling.verdict == "holds" else None

    def _is_in_another_item(self, link: Link, before: Iterable[str]) -> bool:
        r"""Whether an item begins between a step and this, "(e)" behind "(d) one step of gradient descent", and nothing of after it."""
        statements, at = self.gathered.sheet.statements, [self.ledger.written_at(name) for name in before]
        if max(at) < 0 or max(at) >= link.statement:
            return False
        passage = self.gathered.sheet.source.text[statements[max(at)].span.end : statements[link.statement].span.start]
        begins = list(_ITEM.finditer(passage))
        return bool(begins) and not _AFTERWARDS.search(passage[begins[0].start() :])

    def _as_meant(self, link: Link, pair: Pair) -> Ruling | None:
        """The numbers hold with what a value should be that was written wrongly further up: the slip was one of the pen."""
        behind = {name for node in (pair.left_node, pair.right_node) for name in self.numbers_behind(node)}
        wrong = sorted(name for name in behind if name in self.ledger.meant)
        if not wrong:
            return None
        try:
            ruling = self.with_values(link, pair, {**self.ledger.values, **{name: self.ledger.meant[name] for name in wrong}})
        except (SymgradError, ValueError):
            return None
        note = Note("as_meant", link.right.span, wrong[0])
        return replace(ruling, notes=[*ruling.notes, note]) if ruling.verdict == "holds" else None

    def _with_what_follows(self, link: Link, pair: Pair) -> Ruling | None:
        """The same by values that stand further down."""
        behind = self.numbers_behind(pair.left_node) | self.numbers_behind(pair.right_node)
        found = [(name, node) for name, node in self._given_once() if name in behind and name not in self.ledger.values]
        if not found:
            return None
        try:
            with self.ledger.with_further(found):
                return self.with_values(link, pair, self.ledger.values)
        except (SymgradError, ValueError):
            return None

    def _given_once(self) -> Iterator[tuple[str, Node]]:
        r"""The inputs that keep the one value they are given: `y = T x with` may stand before `T = \begin{bmatrix} …`."""
        stated = [item for items in self.gathered.given.values() for item in items]
        heads = [name for link in self.gathered.links if (name := plain_name(link.head, self.meaning.styled)) is not None]
        changed = {name for name in heads if name in self.meaning.network.inputs}
        for name, node in stated:
            if [other for other, _ in stated].count(name) == 1 and name in self.meaning.network.inputs and name not in changed:
                yield name, node

    def _unwritten(self, link: Link, ruling: Ruling) -> Ruling | None:
        """The numbers hold once an activation is applied that no line writes, where that is assumed."""
        if self._activation != "relu" or ruling.expected is None or np.shape(ruling.expected) != np.shape(ruling.found):
            return None
        expected, found = np.asarray(ruling.expected, dtype=float), np.asarray(ruling.found, dtype=float)
        if not np.allclose(np.maximum(expected, 0.0), found, rtol=0.0, atol=1e-9):
            return None
        note = Note("activation_unwritten", link.right.span, self._activation)
        evidence = {"method": "exact", "holds": True, "max_error": 0.0}
        return replace(ruling, verdict="holds", evidence=[evidence], notes=[*ruling.notes, note])

    def _unnamed(self, link: Link, pair: Pair, undecided: bool) -> Ruling | None:
        """The numbers hold with a result further up that was never given a name; a formula in names is not right by such a value."""
        if not in_numbers(link.right) and not in_numbers(link.left):
            return None
        names_here = {v.name for node in (pair.left_node, pair.right_node) for v in variables(node)}
        nearest: Ruling | None = None
        for rows in reversed(self.ledger.unnamed[-6:]):
            is_number = len(rows) == len(rows[0]) == 1
            for name in sorted(n for n in names_here if n in self.ledger.values and self.ledger.values[n] != rows):
                if is_number and not len(self.ledger.values[name]) == len(self.ledger.values[name][0]) == 1:
                    continue  # no vector is a number that came out
                try:
                    ruling = self.with_values(link, pair, {**self.ledger.without(name), name: rows})
                except (SymgradError, ValueError):
                    continue
                if ruling.verdict == "holds":
                    self.ledger.write(name, rows)
                    note = Note("unnamed_value", link.span, name)
                    return replace(ruling, notes=[*ruling.notes, note])
                nearest = nearest or ruling
        # Only that result has the shape of what is written, so that is what was computed, and wrongly.
        return nearest if undecided else None

    # ── numbers in formulas ──────────────────────────────────────────────────────────────────────────────────────────

    def is_known_by_value(self, link: Link, pair: Pair) -> bool:
        r"""Whether a name that so far had a value only, `w_{new} \approx (-3.01, 2.17)^T`, is set equal to a formula in other names."""
        alone, others = pair.left_node, {v.name for v in variables(pair.right_node)}
        if not link.first or not isinstance(alone, Var) or alone.name not in self.meaning.network.inputs or alone.name in others:
            return False
        return alone.name in self.ledger.values and bool(others) and not in_numbers(link.right)

    def has_a_value(self, link: Link) -> bool:
        r"""Whether a number in a formula is the value of something: the 4 of `4 h^T`, where \partial L/\partial\hat y came out as 4.

        So is one with decimals, the 0.25 of `0.25 X X^T`, and the 2.5 of `0.5 \|x\|^2 h = 2.5 h`. A small number, which formulas have of
        their own, is one only beside a single name, or where so many examples are given: the 3 of `\frac13 X^T (p - y)`.
        """
        side = link.right
        known = {abs(rows[0][0]) for rows in (*self.ledger.values.values(), *self.ledger.unnamed) if len(rows) == 1 and len(rows[0]) == 1}
        numbers = numbers_by_themselves(side)
        written = {abs(n.value) for n in numbers}
        found = known & written | {abs(n.value) for n in numbers if n.decimals}
        before = {abs(n.value) for n in numbers_by_themselves(link.left)}
        if before and written - before - _OF_FORMULAS:
            return True
        counts = {Fraction(size) for rows in self.ledger.values.values() for size in (len(rows), len(rows[0])) if size > 1}
        if any(isinstance(n, sx.Sum) and any(constant_of(term) == 0 for term in n.terms) for n in sx.walk(side)):
            return True  # the 0 of `(y - 0)(1 - y^2)`, which no formula has
        is_count = any(isinstance(n, sx.Frac) and self._counts(n.below) in counts for n in sx.walk(side))
        return is_count or bool(found - _OF_FORMULAS) or (bool(found) and len(set(mentions(side, self.meaning.styled))) == 1)

    def _counts(self, below: Node) -> Fraction | None:
        """The number below a fraction, or the value of a name that stands there."""
        if isinstance(below, sx.Number):
            return below.value
        rows = self.ledger.values.get(plain_name(below, self.meaning.styled) or "")
        return rows[0][0] if rows is not None and len(rows) == len(rows[0]) == 1 else None

    def rests_on_results(self, pair: Pair) -> bool:
        """Whether something that is known only by what came out, as `\\hat r = 1 \\cdot 2 + 0.5 \\cdot 1`, is behind a side."""
        results = self._results() & self.meaning.network.inputs.keys() & self.ledger.values.keys()
        return any(results & self.numbers_behind(node) for node in (pair.left_node, pair.right_node) if results)

    def _results(self) -> set[str]:
        """The names whose values are worked out in numbers, and not given."""
        return {name for given in self.gathered.given.values() for name, node in given if is_worked(node)}


def in_numbers(side: Node) -> bool:
    r"""Whether a side is of numbers alone, such as `[1, 2]^T` or `-\log 0.3`."""
    return literal_rows(side) is not None or is_numeric(side)


def tolerance(link: Link, shape: tuple[int, ...]) -> Any:
    """Half a unit of the last digit written, entry by entry; of the side that is written in digits."""
    total = np.zeros(shape)
    for side in (link.left, link.right):
        rows = literal_rows(side)
        if rows is None:
            continue
        digits = decimals(side)
        grid = np.array([[0.0 if d is None else 0.5001 * 10.0 ** (-d) for d in row] for row in digits])
        if grid.shape != shape and grid.T.shape == shape:
            grid = grid.T
        if grid.shape == shape:
            total = total + grid
        if link.operator == "approx" and not np.any(grid):
            about = [[0.5 if x.denominator == 1 else _ROUGHLY * abs(float(x)) for x in row] for row in rows]
            total = total + (about if np.shape(about) == shape else np.transpose(about) if np.shape(about)[::-1] == shape else 0.0)
    return total
