"""Judging one understanding of a sheet: every equality in order, with evidence.

A claim holds by its plainest reading, or, with a note, by a less usual one; later lines are judged from what the sheet says.
"""

from __future__ import annotations

import heapq
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import islice
from typing import Any

import numpy as np

from symgrad import names
from symgrad import syntax as sx
from symgrad.changing import Changing
from symgrad.conditions import Condition, active, branches, comparisons, in_words, is_behind, modelled, one_sentence, put_to, words_before
from symgrad.constant import is_numeric
from symgrad.dimension_analysis import is_of_sizes
from symgrad.dims import show
from symgrad.errors import SymgradError, Unsupported
from symgrad.held import held, with_held
from symgrad.identities import on_its_own
from symgrad.implied import is_made_up
from symgrad.lab import Evidence, Lab, sizes_from
from symgrad.meaning import Meaning, stem
from symgrad.naming import ANY_NUMBER, MEANT, plain_name
from symgrad.optima import with_parameters
from symgrad.origins import index_letters
from symgrad.parts import mentions
from symgrad.points import Point
from symgrad.prose import conditions_in_words, shape_of_node, space
from symgrad.raising import raise_form
from symgrad.readings import Reader
from symgrad.rounding import Rounding
from symgrad.shapes import Shapes, is_unknown
from symgrad.sheet import Gathered, Link, Rows, decimals, is_worked, literal_rows
from symgrad.span import Span
from symgrad.syntax import Node, Unreadable
from symgrad.tensor import Literal, Var, substitute, topological, var, variables
from symgrad.tensor import Node as Tensor
from symgrad.terms import Term, free_of, walk
from symgrad.typeset import latex, text
from symgrad.typing_rules import CHARITY, Note, Reading, transposed
from symgrad.updates import renewed
from symgrad.verification import Claim

_MOST_PAIRS = 60
_FIRST_PAIRS = 3
_CONDITION = re.compile(
    r"(?i)\b(?:if|assum\w+|suppos\w+|when|whenever|such that|i\.?e\.?|provided|orthonormal|orthogonal|subject to|constraint)\W*$"
)
# After these words an equation for an input is a condition only where it is one that can be met.
_PERHAPS_A_CONDITION = re.compile(r"(?i)\b(?:with|where|for|under|unit|normalised|normalized|symmetric|has|have|is)\W*$")
UNKNOWN_NAME = "is defined nowhere"
# How far `≈ 1/3` may be from the value.
_ROUGHLY = 0.01


@dataclass(frozen=True)
class Pair:
    """Both sides of an equality in one reading, as tensors of one shape."""

    left: Reading
    right: Reading
    left_node: Tensor
    right_node: Tensor
    free: tuple[str, ...] = ()

    @property
    def cost(self) -> float:
        return self.left.cost + self.right.cost

    @property
    def notes(self) -> tuple[Note, ...]:
        return (*self.left.notes, *self.right.notes)

    @property
    def gradient(self) -> re.Match[str] | None:
        """What the left side is the gradient `of`, and by which name (`wrt`); None where it is no gradient."""
        return names.gradient_of(self.left_node.name) if isinstance(self.left_node, Var) else None


@dataclass
class Ruling:
    """What became of one equality.

    `stated` is a gradient that the sheet may state, of a loss that it does not define; `values` are those that the sheet had given
    when it came to this line; `by` is the judge of its own that an identity has.
    """

    link: Link
    verdict: str
    evidence: list[dict[str, Any]] = field(default_factory=list)
    pair: Pair | None = None
    notes: list[Note] = field(default_factory=list)
    reason: str = ""
    numeric: bool = False
    expected: Any = None
    found: Any = None
    stated: tuple[str, str] | None = None
    values: dict[str, Rows] = field(default_factory=dict)
    by: Judge | None = None


@dataclass
class Judged:
    """All rulings of one understanding, and what it cost."""

    meaning: Meaning
    rulings: list[Ruling] = field(default_factory=list)

    @property
    def failures(self) -> int:
        """How many lines are wrong, or of two shapes; one that is claimed for several steps is one line."""
        return len({r.link.span for r in self.rulings if r.verdict == "fails" or r.reason == MISFIT})

    @property
    def doubt(self) -> int:
        """How many lines are wrong, or not decided."""
        return len({r.link.span for r in self.rulings if r.verdict in ("fails", "undecided", "unread")})


class Judge:
    """Rules on the links of a sheet, in order, keeping the values it has written so far."""

    def __init__(self, gathered: Gathered, meaning: Meaning) -> None:
        self.gathered, self.meaning = gathered, meaning
        self.activation = gathered.vocabulary.assumed.activation
        self.changing = Changing(gathered, meaning)
        self.lab = Lab(meaning)
        self.values: dict[str, Rows] = {}
        self.older: dict[str, list[Rows]] = {}
        self.anew: dict[str, Rows] = {}  # what steps lead to, which counts from the first line on that holds with it
        self.meant: dict[str, Rows] = {}  # of values that were written wrongly, what they should be
        self._written_at: dict[str, int] = {}
        self._last_given = -1
        self._order: dict[str, int] = {}  # which value was written before which
        self.stated: set[str] = set()  # names with a value that nothing allows to compute
        self.unnamed: list[Rows] = []
        self.repairs_tried = 0
        self.gradients: dict[Span, str] = {}  # what a chain of equalities began with
        self.conditions: list[Condition] = []
        self._supposed_of: dict[int, tuple[Link, list[Condition]]] = {}
        self._labs: dict[tuple[Condition, ...], Lab] = {(): self.lab}
        self.rounding = Rounding(node for given in gathered.given.values() for _, node in given)

    def run(self, most: int | None = None) -> Judged | None:
        """All rulings; None as soon as more than `most` lines are in doubt."""
        if most is not None and most < 0:
            return None
        judged = Judged(self.meaning)
        by_statement: dict[int, list[Link]] = {}
        for link in self.gathered.links:
            by_statement.setdefault(link.statement, []).append(link)
        for i in self.gathered.part.statements:
            for name, node in self.gathered.given.get(i, []):
                if put_to(self.gathered.sheet, i, name, node) is None:
                    self._give(name, node)
                    self._last_given = i
            self._hear_conditions(i)
            for link in by_statement.get(i, []):
                values = dict(self.values)
                ruling = self.rule(link)
                if ruling.verdict == "unread" and judged.rulings and judged.rulings[-1].link.right is link.left:
                    before = judged.rulings[-1]
                    if before.verdict == "unread":
                        # The side between cannot be read; what stands before it and what stands behind it can still be compared.
                        ruling = self._across(before.link, link) or ruling
                ruling.values = values
                judged.rulings.append(ruling)
                self._remember(link, ruling)
                if most is not None and ruling.verdict not in ("holds", "given") and judged.doubt > most:
                    return None
            for name, node in self.gathered.updates.get(i, []):
                rows = literal_rows(node)
                self.anew |= {} if rows is None else {name: self._as_vector(name, rows)}
        self._in_hindsight(judged)
        return judged

    def _across(self, before: Link, link: Link) -> Ruling | None:
        """The ruling on the ends of `a = b = c`, where b cannot be read; None where nothing can be said of them."""
        ruling = self.rule(replace(link, left=before.left))
        return None if ruling.verdict == "unread" else ruling

    def _in_hindsight(self, judged: Judged) -> None:
        r"""`dL = \operatorname{tr}(G^\top dX)`, and only then `\nabla_X L = G`: what rests on a gradient that is stated further down."""
        for k, ruling in enumerate(judged.rulings if self.lab.stated else ()):
            if ruling.verdict == "undecided" and ruling.pair is not None:
                again = self.rule(ruling.link)
                if again.verdict == "holds":
                    judged.rulings[k] = replace(again, values=ruling.values)

    def _given_once(self) -> Iterator[tuple[str, Node]]:
        r"""The inputs that keep the one value they are given: `y = T x with` may stand before `T = \begin{bmatrix} …`."""
        stated = [item for items in self.gathered.given.values() for item in items]
        heads = [name for link in self.gathered.links if (name := plain_name(link.head, self.meaning.styled)) is not None]
        changed = {name for name in heads if name in self.meaning.network.inputs}
        for name, node in stated:
            if [other for other, _ in stated].count(name) == 1 and name in self.meaning.network.inputs and name not in changed:
                yield name, node

    def _hear_conditions(self, i: int) -> None:
        """What the words around a statement suppose from there on, and what those right behind it do: `$…$ for a symmetric $A$`."""
        statements = self.gathered.sheet.statements
        for at in (i, i + 1) if i + 1 < len(statements) and is_behind(self.gathered.sheet, i) else (i,):
            for name, kind in conditions_in_words(statements[at], self.meaning.styled):
                if name in self.meaning.network.inputs:
                    self.conditions.append(Condition(i, f"{names.text(name)} is {kind.replace('_', ' in its ')}", (name, kind)))

    # ── values ───────────────────────────────────────────────────────────────────────────────────────────────────────

    def _give(self, name: str, node: Node) -> None:
        rows = literal_rows(node)
        shape = self.meaning.shape(name)
        if rows == ((Fraction(0),),) and shape is not None and not all(dim.is_one for dim in shape):
            sizes = [dim.number for dim in shape]
            rows = None if None in sizes else ((Fraction(0),) * int(sizes[1] or 1),) * int(sizes[0] or 1)
        if rows is not None:
            self._write(name, rows)

    def _as_vector(self, name: str, rows: Rows) -> Rows:
        """A list as the column that its name is."""
        shape = self.meaning.shape(name)
        turned = shape is not None and len(rows) == 1 and len(rows[0]) > 1 and shape[1].is_one and not shape[0].is_one
        return tuple((x,) for x in rows[0]) if turned else rows

    def _write(self, name: str, rows: Rows, statement: int = -1) -> None:
        rows = self._as_vector(name, rows)
        if name in self.values and self.values[name] != rows and (statement < 0 or self._written_at.get(name) != statement):
            self.older.setdefault(name, []).append(self.values[name])
            if name in self.meaning.network.inputs:
                self._forget_what_rests_on(name)
        self.values[name] = rows
        self._written_at[name] = statement
        self._order[name] = 1 + max(self._order.values(), default=0)

    def _forget_what_rests_on(self, name: str) -> None:
        """Values that were computed from an input are another example's, or another step's, once it has a new value."""
        for other in [n for n in self.values if n != name]:
            match = names.gradient_of(other)  # of a loss that rests on it
            if self.meaning.rests_on(other if match is None else match["of"], name):
                self.older.setdefault(other, []).append(self.values.pop(other))

    def _remember(self, link: Link, ruling: Ruling) -> None:
        if ruling.pair is not None and ruling.pair.left.term.op == "gradient" and link.first:
            self.gradients[link.head.span] = names.gradient(*ruling.pair.left.term.params)
        if ruling.pair is not None and ruling.stated is not None:
            self.lab.state(*ruling.stated, ruling.pair.right_node)
        if ruling.pair is not None and ruling.verdict in ("holds", "given") and not ruling.numeric and ruling.by is None:
            self._keep_shapes(ruling.pair)
        rows = literal_rows(link.right)
        if rows is None or ruling.verdict in ("unread", "undecided"):
            return
        is_rounded = ruling.verdict == "holds" and any(e["method"] == "rounded" for e in ruling.evidence)
        head = plain_name(link.head, self.meaning.styled)
        same = self.meaning.derived.get(head or "")  # `g = ∂L/∂y` has the value that g is given
        gradient = same.name if isinstance(same, Var) else self.gradients.get(link.head.span)
        labels = [name for name in (head, gradient) if name is not None]
        self.unnamed += [] if labels else [rows]
        self.rounding.learn(link.right, labels, is_rounded)
        meant = _as_written(ruling) if ruling.verdict == "fails" else None
        for name in labels:
            self._write(name, rows, link.statement)
            self.meant.pop(name, None)
            if meant is not None:
                self.meant[name] = meant

    def _keep_shapes(self, pair: Pair) -> None:
        """A name met first in a claim that holds has the shape that it has there."""
        network = self.meaning.network
        for v in (v for node in (pair.left_node, pair.right_node) for v in variables(node)):
            known = "∂" in v.name or is_made_up(v.name) or v.name in network or v.name in self.meaning.derived
            if not known and len(v.shape) == 2 and not any(is_unknown(symbol) for dim in v.shape for symbol in dim.symbols):
                network.declare(v.name, v.shape)

    def _sizes(self) -> dict[str, int]:
        """The sizes that the values of the sheet have; none where they clash."""
        try:
            return sizes_from(self.meaning, {k: v for k, v in self.values.items() if "∂" not in k})
        except SymgradError:
            return {}

    def numeric_point(self, exact: bool, values: dict[str, Rows] | None = None) -> Point:
        values = self.values if values is None else values
        # Nobody gives a value to what only keeps a quotient from being 0/0.
        values = {**{name: ((Fraction(0),),) for name in _NEGLIGIBLE if name in self.meaning.network.inputs}, **values}
        return self.lab.exact_point(values, sizes_from(self.meaning, {k: v for k, v in values.items() if "∂" not in k}), exact)

    # ── reading both sides ───────────────────────────────────────────────────────────────────────────────────────────

    def reader(self, link: Link, charity: bool = False) -> Reader:
        letters = {letter for side in (link.left, link.right) for letter in _index_letters(side, self.gathered.added)}
        letters -= self.meaning.network.definitions.keys()  # `a_n` where n is a quantity is no entry
        return Reader(self.meaning, charity, link.statement, letters, tangents=self.changing.at(link.statement))

    def pairs(self, link: Link, charity: bool) -> Iterator[Pair]:
        """Readings of both sides that have one shape, cheapest first.

        The right side is read in the sizes of a left one when that one's turn comes.
        Raises `Unreadable`, and where no two readings go together what is in their way.
        """
        reader = self.reader(link, charity)
        lefts = reader.side(link.left, self.meaning.shapes)
        waiting: list[tuple[float, int, int, Reading | None]] = [(left.cost, i, -1, None) for i, left in enumerate(lefts)]
        seen: set[tuple[Tensor, Tensor]] = set()
        problem: SymgradError | None = None
        for _ in range(_MOST_PAIRS):
            while waiting and waiting[0][3] is None:
                _, i, _, _ = heapq.heappop(waiting)
                for k, right in enumerate(reader.side(link.right, lefts[i].shapes)):
                    heapq.heappush(waiting, (lefts[i].cost + right.cost, i, k, right))
            if not waiting:
                break
            _, i, _, found = heapq.heappop(waiting)
            assert found is not None
            try:
                pair = self.paired(lefts[i], found, reader)
            except SymgradError as error:
                problem = problem or error
                continue
            if pair is not None and (pair.left_node, pair.right_node) not in seen:
                seen.add((pair.left_node, pair.right_node))
                yield pair
        if not seen and problem is not None:
            raise problem

    def paired(self, left: Reading, right: Reading, reader: Reader) -> Pair | None:
        a, b, shapes = left.term, right.term, right.shapes
        met = shapes.together((a.rows, b.rows), (a.cols, b.cols))
        is_illustrated = self.gathered.vocabulary.is_illustrated and not (_has_names(a) and _has_names(b))
        is_example = is_illustrated or _is_of_numbers(a) or _is_of_numbers(b)
        if met is None and is_example:
            met = _one_example(shapes, a, b, self._sizes)
        if met is None and self.meaning.numerator and "vjp" in (a.op, b.op):
            # A product of Jacobians is a row, as every gradient is in this layout.
            a, b = (transposed(a), b) if a.op == "vjp" else (a, transposed(b))
            met = shapes.together((a.rows, b.rows), (a.cols, b.cols))
        if met is None:
            zero = b.op == "number" and b.params[0] == 0
            if not zero:
                return None
            b, met = Term("zeros", (), (), a.rows, a.cols), shapes
        free = free_of(a, b)
        a, b = _with_free(a, free), _with_free(b, free)
        left, right = replace(left, term=a, shapes=met), replace(right, term=b, shapes=met)
        return Pair(left, right, self.meaning.tensor(left, reader), self.meaning.tensor(right, reader), free)

    # ── ruling ───────────────────────────────────────────────────────────────────────────────────────────────────────

    def rule(self, link: Link) -> Ruling:
        """Holds, fails, undecided or unread, by the cheapest reading that holds."""
        if self.gathered.sheet.allowance.is_spent:
            return Ruling(link, "undecided", reason=self.gathered.sheet.allowance.reason)
        if link.operator == "in":
            return self._of_shape(link)
        sizes = is_of_sizes(link.left, link.right)
        if sizes is not None and (sizes or mentions(link.left, self.meaning.styled)):
            return Ruling(link, "holds" if sizes else "fails", [{"method": "shapes", "holds": sizes}], reason="" if sizes else MISFIT)
        identity = self._as_identity(link)
        if identity is not None and identity.verdict == "holds":
            return identity
        claim = self._as_claim(link)  # with the values that the sheet gives
        if claim.verdict in ("fails", "undecided"):
            claim = self._where_held(link) or claim
        if identity is None or claim.verdict in ("holds", "given") or claim.numeric:
            return claim
        is_open = identity.reason == MISFIT and claim.verdict != "fails"  # it may be one that a small repair mends
        return identity if identity.verdict == "fails" or is_open else claim

    def _as_identity(self, link: Link) -> Ruling | None:
        """The ruling on an identity about names of its own, by the plainest typing of them in which it holds."""
        failed: Ruling | None = None
        for meaning in on_its_own(self.gathered, self.meaning, link):
            judge = Judge(self.gathered, meaning)
            for i in (i for i in self.gathered.part.statements if i <= link.statement):
                judge._hear_conditions(i)
            ruling = replace(judge._as_claim(link), by=judge)
            if ruling.verdict == "holds":
                return ruling
            failed = failed or ruling
        return failed

    def _where_held(self, link: Link) -> Ruling | None:
        """The ruling where the names are constants that its sentence says are; None where it says so of none, or nothing is decided."""
        names_held = frozenset(held(self.gathered.sheet, self.gathered.part.own, link.statement, self.meaning))
        if not names_held:
            return None
        judge = Judge(self.gathered, with_held(self.meaning, names_held))
        judge.values = dict(self.values)
        ruling = judge._as_claim(link)
        under = f"{', '.join(sorted(map(names.text, names_held)))} constant"
        shown = [{**evidence, "under": under} for evidence in ruling.evidence]
        return replace(ruling, evidence=shown, by=judge) if ruling.verdict in ("holds", "fails") else None

    def _at_an_optimum(self, link: Link) -> Ruling | None:
        """The ruling on what is said of a stationary point; None where none is found."""
        resting = [c for c in self._supposing(link)[0] if c.vanishes is not None]
        if not resting:
            return None
        general, self.lab = self.lab, self._supposing(link)[1]
        try:
            if not self.lab.points:
                return None
            evidence, found = None, None
            for pair in self.pairs(link, False):
                found = pair if found is None else found
                evidence = self.lab.equal(pair.left_node, pair.right_node)
                if evidence.holds:
                    shown = {**_shown(evidence), "under": resting[0].text}
                    return Ruling(link, "holds", [shown], pair, list(pair.notes))
        except (SymgradError, RecursionError):
            return None
        finally:
            self.lab = general
        return None if found is None else Ruling(link, "undecided", pair=found, reason=f"it is not where {resting[0].text}")

    def _as_claim(self, link: Link) -> Ruling:
        """The ruling in the names of the sheet."""
        if link.optimal:
            ruling = self._at_an_optimum(link)
            if ruling is not None:
                return ruling
        failed: Ruling | None = None
        for charity in (False, True):
            try:
                ruling = self._first_that_holds(link, self.pairs(link, charity))
            except Unreadable as error:
                if charity and failed is not None:
                    break
                return Ruling(link, "unread", reason=error.reason, notes=[Note("at", error.span)])
            except (SymgradError, RecursionError) as error:
                failed = failed or Ruling(link, "undecided", reason=_reason(error))
                continue
            if ruling.verdict in ("holds", "given"):
                return ruling
            if failed is None or failed.reason == MISFIT:
                failed = ruling
        assert failed is not None
        if failed.verdict == "fails" or failed.reason == MISFIT:
            return (
                self._of_one_letter(link, failed)
                or self._under_conditions(link)
                or self._in_one_case(link)
                or self._at_estimates(link)
                or failed
            )
        return failed

    def _at_estimates(self, link: Link) -> Ruling | None:
        r"""`S = \sum_n (x_n - \hat\mu)(x_n - \hat\mu)^T`, where S is defined with μ: what is computed from a parameter, at its estimate."""
        known = self.gathered
        (left, right), estimates = with_parameters(
            (link.left, link.right), known.definitions, known.vocabulary.dependences, self.meaning.styled
        )
        if not estimates:
            return None
        made = replace(link, left=left, right=right)
        try:
            ruling = self._first_that_holds(made, self.pairs(made, False))
        except (SymgradError, RecursionError):
            return None
        under = f"{', '.join(map(names.text, estimates))} for what it estimates"
        shown = [{**evidence, "under": under} for evidence in ruling.evidence]
        return replace(ruling, link=link, evidence=shown) if ruling.verdict == "holds" else None

    def _of_one_letter(self, link: Link, failed: Ruling) -> Ruling | None:
        """`σ'(u) = σ(u)(1 − σ(u))`: an identity of functions, whose letter is any number, whatever it stands for elsewhere."""
        letters = {name for side in (link.left, link.right) for name in _arguments(side)}
        if len(letters) != 1 or any(isinstance(n, (sx.Derivative, sx.Differential)) for s in (link.left, link.right) for n in sx.walk(s)):
            return None
        (letter,) = letters

        def anything(node: Node) -> Node:
            is_letter = isinstance(node, (sx.Name, sx.Scripted)) and plain_name(node, self.meaning.styled) == letter
            return sx.Name(node.span, MEANT + ANY_NUMBER) if is_letter else node

        made = replace(link, left=sx.mapped(link.left, anything), right=sx.mapped(link.right, anything))
        try:
            ruling = self._first_that_holds(made, self.pairs(made, False))
        except (SymgradError, RecursionError):
            return None
        if ruling.verdict == "holds":
            return replace(ruling, link=link, notes=[])
        is_misfit = failed.reason == MISFIT  # it has no reading but this one
        return ruling if is_misfit and ruling.verdict == "fails" and ruling.pair is not None else None

    def _under_conditions(self, link: Link) -> Ruling | None:
        """The claim where the conditions hold that it is made under; None where there are none, or it fails there too."""
        supposed, lab = self._supposing(link)
        if not supposed:
            return None
        general, self.lab = self.lab, lab
        try:
            ruling = self._first_that_holds(link, self.pairs(link, False))
        except (SymgradError, RecursionError):
            return None
        finally:
            self.lab = general
        if ruling.verdict == "holds":
            under = "; ".join(c.text for c in supposed if c.is_modelled)
            return replace(ruling, evidence=[{**shown, "under": under} for shown in ruling.evidence])
        if ruling.verdict == "fails":
            loose = [c.text for c in supposed if not c.is_modelled]
            reason = f"it is claimed where {loose[0]}, which is not put in here" if loose else ""
            return replace(ruling, verdict="undecided", reason=reason) if reason else None
        return ruling if ruling.verdict == "undecided" else None

    def _in_one_case(self, link: Link) -> Ruling | None:
        """The claim for one case of a definition by cases, where its sentence speaks of one."""
        sheet = self.gathered.sheet
        for definition in self.gathered.definitions:
            cases = list(branches(definition.expression, words_before(sheet, link.statement)))
            cases += active(sheet, definition.expression, definition.statement, link.statement)
            for larger, smaller in cases:
                for condition in self._compared_as(definition.statement, larger, smaller):
                    general, self.lab = self.lab, self.lab.under([condition])
                    try:
                        ruling = self._first_that_holds(link, self.pairs(link, False)) if condition.is_modelled else None
                    except (SymgradError, RecursionError):
                        ruling = None
                    finally:
                        self.lab = general
                    if ruling is not None and ruling.verdict == "holds":
                        source = self.gathered.sheet.source
                        under = f"{source.slice(larger.span).strip()} > {source.slice(smaller.span).strip()}"
                        return replace(ruling, evidence=[{**shown, "under": under} for shown in ruling.evidence])
        return None

    def _supposing(self, link: Link) -> tuple[list[Condition], Lab]:
        """What a claim is made under, and where to try it."""
        if id(link) not in self._supposed_of:
            self._supposed_of[id(link)] = link, list(self._supposed(link))  # the link is kept alive, and so its identity
        supposed = self._supposed_of[id(link)][1]
        # Where to try it depends on what is supposed, not on where that is said.
        modelled = tuple(replace(c, statement=0) for c in supposed if c.is_modelled)
        if modelled not in self._labs:
            self._labs[modelled] = self.lab.under(modelled)
        return supposed, self._labs[modelled]

    def _supposed(self, link: Link) -> Iterator[Condition]:
        """What a claim is made under: equations for inputs from where they stand on, and what its own sentence compares."""
        sheet, i = self.gathered.sheet, link.statement
        own = self.gathered.part.statements
        if link.optimal:
            yield from self._resting(link)
        for condition in self.conditions:
            here = condition.statement <= i
            if here and (condition.is_modelled or one_sentence(sheet, condition.statement, i)):
                yield condition
        for j, given in self.gathered.given.items():
            for name, value in given if j <= i and one_sentence(sheet, j, i) else ():
                put = put_to(sheet, j, name, value) if name in self.meaning.network.inputs else None
                yield from () if put is None else (put,)
        for j, larger, smaller in comparisons(sheet, own, i):
            yield from self._compared_as(j, larger, smaller)
        for j, head, positive in in_words(sheet, own, i):
            zero = sx.Number(head.span, "0")
            yield from self._compared_as(j, head, zero) if positive else self._compared_as(j, zero, head)

    def _resting(self, link: Link) -> Iterator[Condition]:
        """Where the gradient vanishes by the input that an equation is for, or else by one that gradients are asked by."""
        network, asked = self.meaning.network, self.gathered.vocabulary.dependences.variables
        alone = plain_name(link.left, self.meaning.styled)
        both = [n for side in (link.left, link.right) for n in mentions(side, self.meaning.styled)]
        spoken = [alone] if alone in network.inputs else [n for n in both if n in asked]
        before = [d.name for d in self.gathered.definitions if d.statement <= link.statement]
        for loss in reversed([name for name in before if name in self.meaning.losses()]):
            for name in (n for n in spoken if n is not None and n in network.inputs and self.meaning.rests_on(loss, n)):
                gradient = self.lab.fully_opened(self.lab.gradient_node(loss, name))
                yield Condition(link.statement, f"{names.text(names.gradient(loss, name))} vanishes", vanishes=(gradient, name))
                return

    def _compared_as(self, statement: int, larger: Node, smaller: Node) -> Iterator[Condition]:
        span = self.gathered.sheet.statements[statement].span
        text = self.gathered.sheet.source.slice(span).strip()
        try:
            pair = next(self.pairs(Link(larger, smaller, "=", statement, span, larger, False), False), None)
        except (SymgradError, RecursionError):
            pair = None
        yield Condition(statement, text, above=None if pair is None else (pair.left_node, pair.right_node))

    def _of_shape(self, link: Link) -> Ruling:
        """Whether what is computed has the shape that is written behind it."""
        stated = space(link.right) or shape_of_node(link.right)
        if stated is None:
            return Ruling(link, "unread", reason="the shape that is written here", notes=[Note("at", link.right.span)])
        try:
            readings = self.reader(link).side(link.left, self.meaning.shapes)
        except Unreadable as error:
            return Ruling(link, "unread", reason=error.reason, notes=[Note("at", error.span)])
        own = [r.shapes.shape(r.term.rows, r.term.cols) for r in readings]
        vector = stated[1].is_one
        for reading, shape in zip(readings, own, strict=True):
            if shape == stated or (vector and shape[::-1] == stated):
                return Ruling(link, "holds", [{"method": "shapes", "holds": True}])
            met = reading.shapes.together((shape[0], stated[0]), (shape[1], stated[1]))
            if met is not None:
                return Ruling(link, "given")
        return Ruling(link, "fails", reason=f"it is {show(own[0])}, not {show(stated)}" if own else MISFIT)

    def _first_that_holds(self, link: Link, pairs: Iterator[Pair]) -> Ruling:
        failed: Ruling | None = None
        for pair in pairs:
            try:
                ruling = self.compared(link, pair)
            except (SymgradError, RecursionError) as error:
                ruling = Ruling(link, "undecided", pair=pair, reason=_reason(error))
            if ruling.verdict == "holds":
                return ruling
            if ruling.verdict == "given":
                # A strange reading, of which nothing is known, is no way out for one that is wrong as it is usually read.
                is_strange = (
                    failed is not None and failed.verdict == "fails" and failed.pair is not None and pair.cost > failed.pair.cost + 1.0
                )
                if not is_strange:
                    return ruling
                continue
            if failed is None or (failed.verdict == "undecided" and ruling.verdict == "fails"):
                failed = ruling
        if failed is None:
            return Ruling(link, "fails" if self._has_sure_shapes(link) else "undecided", reason=MISFIT)
        return failed

    def _has_sure_shapes(self, link: Link) -> bool:
        """Whether the sheet itself gives the shapes of all that an equality speaks of: by declaration or by numbers."""
        known = self.gathered.vocabulary
        waiting, seen = [n for side in (link.left, link.right) for n in mentions(side, self.meaning.styled)], set[str]()
        while waiting:
            name = waiting.pop()
            if name in seen or name in known.declared or name in known.literals:
                continue
            seen.add(name)
            definition = self.meaning.network.definitions.get(name)
            if definition is not None:
                waiting += [v.name for v in variables(definition.node)]
            elif name in self.meaning.network.inputs:
                return False
        return True

    def compared(self, link: Link, pair: Pair) -> Ruling:
        """One pair, by numbers where the sheet has numbers, in general otherwise."""
        literal = _has_literal(pair.left_node) or _has_literal(pair.right_node)
        constant = not variables(pair.left_node) or not variables(pair.right_node)
        if constant and not literal:
            return self._constant(link, pair)
        if literal:
            return self._by_numbers(link, pair)
        try:
            return self._in_general(link, pair)
        except Unsupported:
            if not self.values:
                raise
            numeric = self._by_numbers(link, pair)  # what cannot be compared in general may hold for the values given
            if numeric.verdict == "holds":
                return numeric
            raise

    def _in_general(self, link: Link, pair: Pair) -> Ruling:
        """Formulas, for all values of their names."""
        if self._is_instance(pair):
            return Ruling(link, "given", pair=pair)
        evidence = self.lab.equal(pair.left_node, pair.right_node)
        stated = None if evidence.holds else self._stated(link, pair)
        if stated is not None:
            return Ruling(link, "given", pair=pair, stated=stated)
        if not evidence.holds and (self.rounding.has_numbers(link.left) or self.rounding.has_numbers(link.right)):
            return self._by_numbers(link, pair)  # a number that was computed stands in the formula
        if not evidence.holds and self._rests_on_results(pair):
            return self._by_numbers(link, pair)  # the formula of what was computed is not written, only its value
        if not evidence.holds and self._has_a_value(link.right):
            numeric = self._by_numbers(link, pair)  # the value of a name stands for the name
            if numeric.verdict == "holds":
                return numeric
        self._insist_on_names(pair, evidence)
        self._insist_on_dependence(pair, evidence)
        if not evidence.holds and self._is_condition(link, pair):
            return self._given_as_condition(link, pair)
        return Ruling(link, "holds" if evidence.holds else "fails", [_shown(evidence)], pair, list(pair.notes))

    def _has_a_value(self, side: Node) -> bool:
        r"""Whether a number in a formula is the value of something: the 4 of `4 h^T`, where \partial L/\partial\hat y came out as 4.

        A small number, which formulas have of their own, is one only beside a single name, or where so many examples are given:
        the 3 of `\frac13 X^T (p - y)`.
        """
        known = {abs(rows[0][0]) for rows in (*self.values.values(), *self.unnamed) if len(rows) == 1 and len(rows[0]) == 1}
        written = {abs(n.value) for n in sx.walk(side) if isinstance(n, sx.Number)}
        found = known & written
        counts = {Fraction(size) for rows in self.values.values() for size in (len(rows), len(rows[0])) if size > 1}
        is_count = any(isinstance(n, sx.Frac) and self._counts(n.below) in counts for n in sx.walk(side))
        return is_count or bool(found - _OF_FORMULAS) or (bool(found) and len(set(mentions(side, self.meaning.styled))) == 1)

    def _rests_on_results(self, pair: Pair) -> bool:
        """Whether something that is known only by what came out, as `\\hat r = 1 \\cdot 2 + 0.5 \\cdot 1`, is behind a side."""
        results = self._results() & self.meaning.network.inputs.keys() & self.values.keys()
        return any(results & self.numbers_behind(node) for node in (pair.left_node, pair.right_node) if results)

    def _results(self) -> set[str]:
        """The names whose values are worked out in numbers, and not given."""
        return {name for given in self.gathered.given.values() for name, node in given if is_worked(node)}

    def _comes_anew(self, link: Link) -> bool:
        """`\\hat r = 1.29 \\cdot 2.13` where r̂ came out before: the same again, with values that were computed since."""
        head = plain_name(link.head, self.meaning.styled)
        if head is None or not link.first or head not in self._results() & self._order.keys() or not is_worked(link.right):
            return False
        since = {x for name, order in self._order.items() if order > self._order[head] for row in self.values.get(name, ()) for x in row}
        return any(n.value in since for n in sx.walk(link.right) if isinstance(n, sx.Number))

    def _counts(self, below: Node) -> Fraction | None:
        """The number below a fraction, or the value of a name that stands there."""
        if isinstance(below, sx.Number):
            return below.value
        rows = self.values.get(plain_name(below, self.meaning.styled) or "")
        return rows[0][0] if rows is not None and len(rows) == len(rows[0]) == 1 else None

    def agrees(self, link: Link, pair: Pair, values: dict[str, Rows]) -> bool:
        """Whether both sides are equal, in general or for the values given. Nothing is learnt from it."""
        try:
            if self._rests_on_nothing(pair):
                return False
            if not (_has_literal(pair.left_node) or _has_literal(pair.right_node)):
                if self.lab.equal(pair.left_node, pair.right_node).holds:
                    return True
                _, lab = self._supposing(link)
                if lab is not self.lab and lab.equal(pair.left_node, pair.right_node).holds:
                    return True
                if variables(pair.left_node) and variables(pair.right_node) and not self._rests_on_results(pair):
                    return False
            return self.with_values(link, pair, values).verdict == "holds"
        except (SymgradError, RecursionError):
            return False

    def holds_with(self, link: Link, name: str, of: str, wrt: str) -> bool:
        """Whether a claim holds once a name in it is a gradient, whatever formula it has."""
        gradient = var(names.gradient(of, wrt), self.meaning.network.variables[wrt].shape)
        try:
            for pair in islice(self.pairs(link, False), _FIRST_PAIRS):
                found = [v for v in variables(pair.right_node) if v.name == name and v.shape == gradient.shape]
                meant: dict[Tensor, Tensor] = dict.fromkeys(found, gradient)
                if meant and self.lab.equal(pair.left_node, substitute(pair.right_node, meant)).holds:
                    return True
        except (SymgradError, RecursionError):
            return False
        return False

    def _rests_on_nothing(self, pair: Pair) -> bool:
        """Whether a gradient is by what its loss was not computed from: a loss that is known as a number only."""
        met = [m for node in (pair.left_node, pair.right_node) for v in variables(node) if (m := names.gradient_of(v.name))]
        losses = self.meaning.network.definitions
        return any(m["of"] in losses and m["of"] != m["wrt"] and not self.meaning.rests_on(m["of"], m["wrt"]) for m in met)

    def _is_instance(self, pair: Pair) -> bool:
        """`p = σ(X w_0)` where p is defined as `σ(X w)` and w has no value: the definition, at a value of what it is computed from."""
        left, network = pair.left_node, self.meaning.network
        definition = network.definitions.get(left.name) if isinstance(left, Var) else None
        if definition is None:
            return False
        valued = [v for v in variables(pair.right_node) if v.name in self.values]
        return any(
            substitute(definition.node, {v: other}) is pair.right_node
            for v in variables(definition.node)
            for other in valued
            if v.name not in self.values and other.shape == v.shape and stem(other.name) == stem(v.name)
        )

    def _insist_on_dependence(self, pair: Pair, evidence: Evidence) -> None:
        """Where nothing that was read says how a loss depends on a name, a gradient by it is not called wrong."""
        met = [v.name for node in (pair.left_node, pair.right_node) for v in variables(node)]
        # … and by what a Jacobian is of: the gradient in a Hessian.
        met += [name for label in met if label in self.meaning.jacobians for name in self._jacobian_names(label)]
        for match in (found for name in met if (found := names.gradient_of(name)) and not evidence.holds):
            if match["of"] == match["wrt"] or self.meaning.rests_on(match["of"], match["wrt"]):
                continue
            raise Unsupported(f"nothing that was read says how {names.text(match['of'])} depends on {names.text(match['wrt'])}")

    def _is_condition(self, link: Link, pair: Pair) -> bool:
        """`A x = b`, where each side has inputs that the other has not: an equation for them, and no claim about anything computed."""
        left, right = ({v.name for v in variables(node)} for node in (pair.left_node, pair.right_node))
        if not all(name in self.meaning.network.inputs for name in left | right):
            return False
        words = self.gathered.sheet.statements[link.statement].words[-40:]
        if (bool(left - right) and bool(right - left)) or _CONDITION.search(words) is not None:
            return True
        # `A = A^T` of an input says something of A, and nothing that could be wrong.
        alone = [plain_name(side, self.meaning.styled) for side in (link.left, link.right)]
        of_itself = left == right and left in ({alone[0]}, {alone[1]})
        return (of_itself or _PERHAPS_A_CONDITION.search(words) is not None) and self._model(link, pair).is_modelled

    def _given_as_condition(self, link: Link, pair: Pair) -> Ruling:
        """Taken as said, and from here on supposed."""
        self.conditions.append(self._model(link, pair))
        return Ruling(link, "given", pair=pair)

    def _model(self, link: Link, pair: Pair) -> Condition:
        def agrees(condition: Condition) -> bool:
            try:
                return self.lab.under([condition]).equal(pair.left_node, pair.right_node).holds
            except (SymgradError, ValueError):
                return False

        used = {v.name for node in (pair.left_node, pair.right_node) for v in variables(node)}
        text = self.gathered.sheet.source.slice(link.span).strip()
        inputs = [name for name in self.meaning.network.inputs if name in used]
        return modelled(link.statement, text, inputs, agrees) or Condition(link.statement, text)

    def _constant(self, link: Link, pair: Pair) -> Ruling:
        """A side without names: equal in general, or for the values that the sheet gives."""
        general: Ruling | None = None
        try:
            evidence = self.lab.equal(pair.left_node, pair.right_node)
            general = Ruling(link, "holds" if evidence.holds else "fails", [_shown(evidence)], pair, list(pair.notes))
        except SymgradError:
            pass
        if general is not None and general.verdict == "holds":
            return general
        numeric = self._by_numbers(link, pair)
        if numeric.verdict == "undecided" and self._is_condition(link, pair):
            return self._given_as_condition(link, pair)
        is_zero = isinstance(link.right, sx.Number) and link.right.value == 0
        if numeric.verdict == "undecided" and is_zero and any(isinstance(n, sx.Derivative) for n in sx.walk(link.head)):
            return Ruling(link, "given", pair=pair)  # "setting the gradient to zero"
        if numeric.verdict == "undecided" and general is not None and not self._is_number(link):
            self._insist_on_names(pair, Evidence("identity_test", False))
            return general
        return numeric

    def _is_number(self, link: Link) -> bool:
        return _is_stated(link.right) or _is_stated(link.left)

    def _insist_on_names(self, pair: Pair, evidence: Evidence) -> None:
        """A claim about a name that is defined nowhere is not decided by drawing the name at random."""
        if evidence.holds:
            return
        known = self.gathered.vocabulary
        used = {v.name for node in (pair.left_node, pair.right_node) for v in variables(node)}
        named = {n for n in used if "∂" not in n and not is_made_up(n)}
        met = {v.name for node in self.lab.stated.values() for v in variables(node)}
        strangers = sorted(named - met - known.declared.keys() - self.meaning.derived.keys() - set(self.meaning.network.variables))
        if strangers:
            raise Unsupported(f"{names.text(strangers[0])} {UNKNOWN_NAME}")

    def _stated(self, link: Link, pair: Pair) -> tuple[str, str] | None:
        """The gradient that a claim states, of a loss that is defined nowhere, where nothing before it settles that.

        Raises `Unsupported` where a claim rests on such a name otherwise.
        """
        implied = self.meaning.implied
        left, match = pair.left_node, pair.gradient
        if match is None or not implied:
            values = {v.name for node in (left, pair.right_node) for v in variables(node)}
            values |= {name for label in values & self.meaning.jacobians.keys() for name in self._jacobian_names(label)}
            loose = sorted(values & implied.keys())
            if loose:
                raise Unsupported(f"{names.text(loose[0])} {UNKNOWN_NAME}")
            return None
        of, wrt = match["of"], match["wrt"]
        whole, _, step = wrt.partition("_")
        if step.isalpha() and whole in self.meaning.network:
            raise Unsupported(f"{names.text(wrt)} is an entry of {names.text(whole)}, and not by itself what {names.text(of)} depends on")
        uncovered = self._uncovered(wrt, pair.right_node)
        if link.first and uncovered == {of} and wrt in implied.get(of, ()) and (of, wrt) not in self.lab.stated:
            return of, wrt
        if uncovered:
            raise Unsupported(f"{names.text(sorted(uncovered)[0])} {UNKNOWN_NAME}")
        return None

    def _jacobian_names(self, label: str) -> set[str]:
        of, _, _ = self.meaning.jacobians[label]
        return {v.name for v in variables(of)}

    def _uncovered(self, wrt: str, right: Tensor) -> set[str]:
        """Names without a definition that a derivative goes through, where the other side names no derivative instead."""
        network, implied = self.meaning.network, self.meaning.implied
        named = {v.name for v in variables(right)}
        named |= {v.name for name in named & self.meaning.derived.keys() for v in variables(self.meaning.derived[name])}
        stops = {m["wrt"] for name in named if (m := names.gradient_of(name))} | {w for _, w in self.lab.stated}
        stops -= {wrt} - {w for _, w in self.lab.stated}
        taken = {name for label in named & self.meaning.jacobians.keys() for name in self._jacobian_names(label)}
        found: set[str] = set()
        seen, stack = {wrt}, [wrt]
        while stack:
            current = stack.pop()
            if current in stops:
                continue
            for name, definition in network.definitions.items():
                if any(v.name == current for v in variables(definition.node)):
                    if name in implied and name not in taken:
                        found.add(name)
                    if name not in seen:
                        seen.add(name)
                        stack.append(name)
        return found

    def _by_numbers(self, link: Link, pair: Pair) -> Ruling:
        try:
            ruling = self.with_values(link, pair, self.values)
        except Unsupported as error:
            ruling = self._with_what_follows(link, pair) or Ruling(link, "undecided", pair=pair, reason=str(error))
        is_stated = _is_stated(link.right) and not _is_stated(link.left)
        if is_stated and ruling.verdict in ("undecided", "fails") and self._cannot_compute(link):
            head = plain_name(link.head, self.meaning.styled)
            self.stated |= set() if head is None else {head}
            return Ruling(link, "given", pair=pair)
        if is_stated and ruling.verdict == "undecided" and self._is_upstream(pair):
            return Ruling(link, "given", pair=pair)
        if ruling.verdict == "fails" and (self._is_update(link) or self._comes_anew(link)):
            return Ruling(link, "given", pair=pair)
        if ruling.verdict == "fails":
            ruling = self._renewed(link, pair) or self._with_new_values(link, pair) or ruling
        if ruling.verdict not in ("holds", "given"):
            ruling = self._unwritten(link, pair, ruling) or self._unnamed(link, pair, ruling.verdict == "undecided") or ruling
        if ruling.verdict == "fails":
            ruling = self._as_meant(link, pair) or ruling
        if ruling.verdict == "fails":
            self._insist_on_dependence(pair, Evidence("numeric", False))
        return ruling

    def _with_new_values(self, link: Link, pair: Pair) -> Ruling | None:
        """The numbers hold with the new values of steps that were taken, and what is computed from them."""
        values = renewed(self.meaning, self.values, self.anew)
        if values == self.values:
            return None
        try:
            ruling = self.with_values(link, pair, values)
        except (SymgradError, ValueError):
            return None
        if ruling.verdict != "holds":
            return None
        self.values = {name: rows for name, rows in self.values.items() if name in values}
        for name, rows in self.anew.items():
            self._write(name, rows)
        self.anew = {}
        return ruling

    def _as_meant(self, link: Link, pair: Pair) -> Ruling | None:
        """The numbers hold with what a value should be that was written wrongly further up: the slip was one of the pen."""
        behind = {name for node in (pair.left_node, pair.right_node) for name in self.numbers_behind(node)}
        wrong = sorted(name for name in behind if name in self.meant)
        if not wrong:
            return None
        try:
            ruling = self.with_values(link, pair, {**self.values, **{name: self.meant[name] for name in wrong}})
        except (SymgradError, ValueError):
            return None
        note = Note("as_meant", link.right.span, wrong[0])
        return replace(ruling, notes=[*ruling.notes, note]) if ruling.verdict == "holds" else None

    def _with_what_follows(self, link: Link, pair: Pair) -> Ruling | None:
        """The same by values that stand further down."""
        behind = self.numbers_behind(pair.left_node) | self.numbers_behind(pair.right_node)
        found = {name: literal_rows(node) for name, node in self._given_once() if name in behind and name not in self.values}
        if not found:
            return None
        known, older = dict(self.values), {name: list(rows) for name, rows in self.older.items()}
        try:
            for name, node in self._given_once():
                if name in found:
                    self._give(name, node)
            return self.with_values(link, pair, self.values)
        except (SymgradError, ValueError):
            return None
        finally:
            self.values, self.older = known, older

    def _is_update(self, link: Link) -> bool:
        """`w = 0.5 - 0.1 \\cdot 8`, where w was 0.5: a step of descent, which gives w a new value."""
        name = plain_name(link.left, self.meaning.styled)
        if name is None or name not in self.values or not isinstance(link.right, sx.Sum):
            return False
        if link.operator == ":=":
            return name in self.meaning.network.inputs
        sign, first = link.right.signs[0], literal_rows(link.right.terms[0])
        first = first and (tuple(tuple(-x for x in row) for row in first) if sign == "-" else first)
        turned = None if first is None else tuple(zip(*first, strict=True))
        return self.values[name] in (first, turned) and name in self.meaning.network.inputs

    def _renewed(self, link: Link, pair: Pair) -> Ruling | None:
        """The same for an example that comes later: what rests on a value given since is computed anew."""
        stale = {name for name in self.values if self._is_stale(name)}
        head = plain_name(link.head, self.meaning.styled)
        if head in self.stated and is_numeric(link.right) and not is_numeric(link.left):
            return Ruling(link, "given", pair=pair)  # nothing allows to compute it, this time either
        if not stale:
            return None
        try:
            ruling = self.with_values(link, pair, {name: rows for name, rows in self.values.items() if name not in stale})
        except Unsupported:
            # What it is computed from was given anew; that it cannot be computed from it leaves a new value, and nothing to compare.
            return Ruling(link, "given", pair=pair) if link.first and head in stale and _is_stated(link.right) else None
        except (SymgradError, ValueError):
            return None
        return ruling if ruling.verdict == "holds" else None

    def _is_stale(self, name: str) -> bool:
        """Whether something that a value was computed from has been given another value since."""
        since, match = self._order[name], names.gradient_of(name)
        newer = [other for other, order in self._order.items() if order > since and other in self.older]
        if match is not None:
            return any(self.meaning.rests_on(match["of"], other) for other in newer)
        return any(self.meaning.rests_on(name, other) for other in newer)

    def _is_upstream(self, pair: Pair) -> bool:
        """Whether the left side is the gradient that comes from above: of a loss that the sheet does not define."""
        match = pair.gradient
        return match is not None and match["wrt"] in self.meaning.implied.get(match["of"], ())

    def _cannot_compute(self, link: Link) -> bool:
        """Whether a name's value is stated that nothing on the sheet allows to compute: an input behind it has no value."""
        head = plain_name(link.head, self.meaning.styled)
        same = self.meaning.derived.get(head or "")
        match = names.gradient_of(same.name) if isinstance(same, Var) else None
        if match is not None and match["of"] in self.meaning.implied:
            return True
        definition = self.meaning.network.definitions.get(head or "")
        if head is None or definition is None or (head in self.values and not self._is_of_another_example(head)):
            return False
        stack, known = [v.name for v in variables(definition.node)], set(self.values)
        while stack:
            name = stack.pop()
            if name in known:
                continue
            below = self.meaning.network.definitions.get(name)
            if below is None:
                return True
            stack += [v.name for v in variables(below.node)]
        return False

    def _is_of_another_example(self, name: str) -> bool:
        """Whether other values were given since the one that a name has was stated."""
        return 0 <= self._written_at.get(name, -1) < self._last_given

    def with_values(self, link: Link, pair: Pair, values: dict[str, Rows]) -> Ruling:
        """Both sides computed from the values that the sheet gives, in fractions where that is possible."""
        for exact in (True, False):
            try:
                point = self.numeric_point(exact, values)
                a, b = point.array(pair.left_node), point.array(pair.right_node)
                break
            except Unsupported:
                if not exact:
                    raise
            except (TypeError, ZeroDivisionError, AttributeError):
                continue
        else:
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

    def _carried(self, link: Link, pair: Pair, values: dict[str, Rows], a: Any, b: Any) -> Any:
        """What half a unit in every rounded number that a side is computed from can change of it, to first order."""
        total = np.zeros(np.shape(b))
        point = self.numeric_point(False, values)
        for side, node, now in ((link.left, pair.left_node, a), (link.right, pair.right_node, b)):
            base = self._value_of(side, link, values, np.shape(now))
            for changed in self.rounding.nudged(side) if base is not None else ():
                moved = self._value_of(changed, link, values, np.shape(now))
                if moved is not None:
                    total = total + np.abs(moved - base)
            for name, rows in self.rounding.nudged_values(self.numbers_behind(node), values):
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
                stack += [*self.meaning.network.definitions, *(n for n in self.values if names.gradient_of(n))]
            for source in (self.meaning.network.definitions.get(name), self.meaning.derived.get(name)):
                if source is not None:
                    stack += [v.name for v in variables(source if isinstance(source, Tensor) else source.node)]
        return found

    def _value_of(self, side: Node, link: Link, values: dict[str, Rows], shape: tuple[int, ...]) -> Any:
        """The value of a side with a number changed; None where it has none of that shape."""
        rows = literal_rows(side)
        try:
            if rows is not None:
                found = np.array([[float(x) for x in row] for row in rows])
            else:
                reader = self.reader(link)
                reading = reader.side(side, self.meaning.shapes)[0]
                found = np.asarray(self.numeric_point(False, values).array(self.meaning.tensor(reading, reader)), dtype=float)
        except (SymgradError, IndexError, ValueError):
            return None
        return found if found.shape == shape else found.T if found.T.shape == shape else None

    def _unwritten(self, link: Link, pair: Pair, ruling: Ruling) -> Ruling | None:
        """The numbers hold once an activation is applied that no line writes, where that is assumed."""
        if self.activation != "relu" or ruling.expected is None or np.shape(ruling.expected) != np.shape(ruling.found):
            return None
        expected, found = np.asarray(ruling.expected, dtype=float), np.asarray(ruling.found, dtype=float)
        if not np.allclose(np.maximum(expected, 0.0), found, rtol=0.0, atol=1e-9):
            return None
        note = Note("activation_unwritten", link.right.span, self.activation)
        evidence = {"method": "exact", "holds": True, "max_error": 0.0}
        return replace(ruling, verdict="holds", evidence=[evidence], notes=[*ruling.notes, note])

    def _unnamed(self, link: Link, pair: Pair, undecided: bool) -> Ruling | None:
        """The numbers hold with a result further up that was never given a name."""
        names_here = {v.name for node in (pair.left_node, pair.right_node) for v in variables(node)}
        nearest: Ruling | None = None
        for rows in reversed(self.unnamed[-6:]):
            for name in sorted(n for n in names_here if n in self.values and self.values[n] != rows):
                try:
                    ruling = self.with_values(link, pair, {**self._without(name), name: rows})
                except (SymgradError, ValueError):
                    continue
                if ruling.verdict == "holds":
                    self._write(name, rows)
                    note = Note("unnamed_value", link.span, name)
                    return replace(ruling, notes=[*ruling.notes, note])
                nearest = nearest or ruling
        # Only that result has the shape of what is written, so that is what was computed, and wrongly.
        return nearest if undecided else None

    def _without(self, name: str) -> dict[str, Rows]:
        """The values but for those that were computed from a name."""
        return {n: rows for n, rows in self.values.items() if n != name and not self.meaning.rests_on(n, name)}


def _as_written(ruling: Ruling) -> Rows | None:
    """What should stand where a number is wrong, in the digits that are written there."""
    if not ruling.numeric or np.ndim(ruling.expected) != 2 or np.shape(ruling.expected) != np.shape(ruling.found):
        return None
    digits = [d for row in decimals(ruling.link.right) for d in row if d is not None]
    exact = [[x if isinstance(x, Fraction) else Fraction(float(x)) for x in row] for row in ruling.expected]
    return tuple(tuple(round(x, max(digits)) if digits else x for x in row) for row in exact)


def _one_example(shapes: Shapes, a: Term, b: Term, sizes: Callable[[], Mapping[str, int]]) -> Shapes | None:
    """The numbers of a single example, where the formula is for a batch; or those of the sizes that the values have."""
    now: Shapes | None = shapes
    for left, right in ((a.rows, b.rows), (a.cols, b.cols)):
        if now is None:
            return None
        if now.is_one(left) != now.is_one(right):
            now = now.as_one(right if now.is_one(left) else left)
        else:
            whole, number = (
                (now.resolve(left), now.resolve(right))
                if now.resolve(right).number is not None
                else (now.resolve(right), now.resolve(left))
            )
            is_sum = len(whole.symbols) > 1 and number.number is not None and whole.symbols <= sizes().keys()
            now = now.made(whole, number) if is_sum and whole.evaluate(sizes()) == number.number else now.unify(left, right)
    return now


def _reason(error: Exception) -> str:
    return str(error) if isinstance(error, SymgradError) else "it is nested too deeply"


_NEGLIGIBLE = ("\\epsilon", "\\varepsilon")
# Numbers that stand in formulas by themselves.
_OF_FORMULAS = frozenset({Fraction(0), Fraction(1), Fraction(2), Fraction(1, 2), Fraction(3)})
MISFIT = "the two sides have different shapes"


def _index_letters(node: Node, added: frozenset[str]) -> set[str]:
    """Letters that stand in subscripts of a side, and can be indices."""
    found: set[str] = set()
    for n in sx.walk(node):
        if isinstance(n, sx.Scripted) and n.sub is not None:
            found |= {letter for letter in index_letters(n.sub) if letter in "ijklmnpqabcrs" or letter in added}
    return found


def _arguments(node: Node) -> Iterator[str]:
    """The quantities of a side, without the functions that are called."""
    if isinstance(node, sx.Call):
        for arg in node.args:
            yield from _arguments(arg)
        return
    name = plain_name(node) if isinstance(node, (sx.Name, sx.Scripted)) else None
    if name is not None:
        yield name
        return
    for child in sx.children(node):
        yield from _arguments(child)


def _is_of_numbers(term: Term) -> bool:
    """Whether a side is a list or a matrix of numbers, or is computed from such alone: `[1, -1] + [1, 2]`."""
    return term.op == "literal" or (any(t.op == "literal" for t in walk(term)) and not _has_names(term))


def _has_names(term: Term) -> bool:
    return any(t.op in ("symbol", "gradient", "jacobian") for t in walk(term))


def _with_free(term: Term, free: tuple[str, ...]) -> Term:
    return term if term.free == free else Term("scale", (term,), (Fraction(1),), term.rows, term.cols, free)


def _has_literal(node: Tensor) -> bool:
    return any(isinstance(n, Literal) for n in topological([node]))


def _shown(evidence: Evidence) -> dict[str, Any]:
    shown: dict[str, Any] = {"method": evidence.method, "holds": evidence.holds}
    if evidence.points:
        shown |= {"points": evidence.points, "max_relative_error": evidence.error}
    return shown


def _is_stated(side: Node) -> bool:
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


def reading_of(ruling: Ruling, lab: Lab, mode: str = "text") -> str:
    """How an equality was read, in our own notation."""
    pair = ruling.pair
    if pair is None or pair.free:
        return ""
    try:
        write = latex if mode == "latex" else text
        left, right = (raise_form(node, lab.network.facts) for node in (pair.left_node, pair.right_node))
        shown = f"{write(left)} = {write(right)}"
        return "a chain of Jacobians" if is_made_up(shown) else shown
    except SymgradError:
        return ""


def claim_of(ruling: Ruling, gathered: Gathered, lab: Lab) -> Claim:
    source = gathered.sheet.source
    written = source.slice(ruling.link.span).strip()
    return Claim(ruling.link.span, written, ruling.verdict, reading_of(ruling, lab), ruling.reason, ruling.evidence)


def is_charitable(ruling: Ruling) -> bool:
    return ruling.pair is not None and ruling.pair.cost >= CHARITY


def uses(ruling: Ruling) -> set[str]:
    if ruling.pair is None:
        return set()
    return {v.name for node in (ruling.pair.left_node, ruling.pair.right_node) for v in variables(node) if isinstance(v, Var)}
