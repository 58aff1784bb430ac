"""Judging one understanding of a sheet: every equality in order, with evidence.

A claim holds by its plainest reading, or, with a note, by a less usual one; later lines are judged from what the sheet says.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from itertools import islice

from symgrad import names
from symgrad import syntax as sx
from symgrad.arithmetic import Arithmetic, in_numbers
from symgrad.change_of_one import is_by_definition
from symgrad.comparison import FIRST_PAIRS, Comparison
from symgrad.conditions import put_to
from symgrad.constant import constant_of, is_numeric
from symgrad.dimension_analysis import is_of_sizes, what_it_is
from symgrad.dims import Shape, show
from symgrad.errors import SymgradError, Unsupported, Vanishing
from symgrad.fitted import at_the_fit
from symgrad.held import held, with_held
from symgrad.identities import as_a_law, on_its_own
from symgrad.implied import is_made_up
from symgrad.lab import Lab
from symgrad.ledger import Ledger
from symgrad.literals import has_many_digits, literal_rows
from symgrad.meaning import Meaning, bare, is_loss
from symgrad.naming import ANY_NUMBER, MEANT, plain_name
from symgrad.optima import is_bound, is_solved_for, with_parameters
from symgrad.pairing import Pairing
from symgrad.parts import mentions
from symgrad.read import functions as fn
from symgrad.read.written import sexpr
from symgrad.ruling import MISFIT, Judged, Pair, Ruling, as_written, shown_as
from symgrad.shapes import is_unknown
from symgrad.sheet import Gathered, Link
from symgrad.spaces import shape_of_node, space
from symgrad.span import Span
from symgrad.suppositions import Suppositions
from symgrad.syntax import Node, Unreadable
from symgrad.tensor import Func, Var, topological, variables
from symgrad.typing_rules import Note
from symgrad.undefined import insist_on_names, rests_on_nothing

_SAME_START = re.compile(
    r"(?i)\b(?:from|at) the same (?:start\w*|point|weights|parameters|(?:initial|starting) \w+)|\bback (?:to|at) the start\b"
    r"|\b(?:start|begin)\w* (?:again|over|afresh) (?:from|at|with)\b|\bv?om (?:selben|gleichen) (?:Start\w*|Punkt)\b"
    r"|\bdesde el mismo (?:punto|inicio)\b|\bdu même (?:point|départ)\b"
)


class Judge:
    """Rules on the links of a sheet, in order, keeping the values it has written so far."""

    def __init__(self, gathered: Gathered, meaning: Meaning) -> None:
        self.gathered, self.meaning = gathered, meaning
        self.lab = Lab(meaning, _spelled_out(meaning))
        self.ledger = Ledger(meaning, (node for given in gathered.given.values() for _, node in given))
        self.pairing = Pairing(gathered, meaning, self.ledger)
        self.suppositions = Suppositions(gathered, meaning, self.lab, self.pairing)
        self.arithmetic = Arithmetic(gathered, meaning, self.lab, self.ledger, self.pairing)
        self.comparison = Comparison(gathered, meaning, self.lab, self.ledger, self.pairing, self.arithmetic, self.suppositions)
        self.gradients: dict[Span, str] = {}  # what a chain of equalities began with
        self._wrong: dict[Span, Ruling] = {}  # where in such a chain a result is wrong for the first time
        self._solved: set[str] = set()  # the parameters that were solved for
        self._formulas: dict[str, list[Node]] = {}  # what lines that hold say of names and gradients
        self.repairs_tried = 0

    def run(self, most: int | None = None) -> Judged | None:
        """All rulings; None as soon as more than `most` lines are in doubt."""
        if most is not None and most < 0:
            return None
        judged = Judged(self.meaning)
        by_statement: dict[int, list[Link]] = {}
        for link in self.gathered.links:
            by_statement.setdefault(link.statement, []).append(link)
        for i in self.gathered.part.statements:
            if _SAME_START.search(self.gathered.sheet.statements[i].words):
                self.ledger.start_again()
            for name, node in self.gathered.given.get(i, []):
                if put_to(self.gathered.sheet, i, name, node) is None or self.ledger.is_member(name):
                    self.ledger.give(name, node, i)
            if self._solved and any(d.statement == i and is_loss(d.name) for d in self.gathered.definitions):
                self.ledger.forget(self._solved)  # the parameters of another loss
            self.suppositions.hear(i)
            for link in by_statement.get(i, []):
                values = dict(self.ledger.values)
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
                self.ledger.renew(name, node)
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

    def _remember(self, link: Link, ruling: Ruling) -> None:
        if ruling.verdict == "holds" and ruling.by is None and mentions(link.right, self.meaning.styled):
            for side in {sexpr(link.head), sexpr(link.left)}:
                self._formulas.setdefault(side, []).append(link.right)
        if ruling.pair is not None and ruling.pair.left.term.op == "gradient" and link.first:
            self.gradients[link.head.span] = names.gradient(*ruling.pair.left.term.params)
        if ruling.pair is not None and ruling.stated is not None:
            self.lab.state(*ruling.stated, ruling.pair.right_node)
        if ruling.pair is not None and ruling.verdict in ("holds", "given") and not ruling.numeric and ruling.by is None:
            self._keep_shapes(ruling.pair)
        rows = literal_rows(link.right)
        if ruling.verdict == "fails" and (ruling.numeric or link.first):
            self._wrong.setdefault(link.head.span, ruling)
        # A gradient of what nothing was read of can only be taken as it stands.
        is_stated = ruling.pair is not None and rests_on_nothing(ruling.pair, self.meaning)
        # The sizes of `5 \times 4` below a brace are no value.
        is_size = link.operator == "in"
        # Nor is what is supposed of an entry for once, or what is so in one case.
        is_case = ruling.verdict == "given" and self.suppositions.is_case(link)
        name = plain_name(link.head, self.meaning.styled) or ""
        is_put = ruling.verdict == "given" and put_to(self.gathered.sheet, link.statement, name, link.right) is not None
        is_case = is_case or is_put or self._case_of(link) is not None
        if rows is None or is_size or is_case or ruling.verdict == "unread" or (ruling.verdict == "undecided" and not is_stated):
            return
        head = name or None
        same = self.meaning.derived.get(name)  # `g = ∂L/∂y` has the value that g is given
        gradient = same.name if isinstance(same, Var) else self.gradients.get(link.head.span)
        labels = [name for name in (head, gradient) if name is not None]
        # What comes out of a wrong calculation is wrong too: `δ = (0.63 - 1) = -0.37`.
        wrong = self._wrong.get(link.head.span)
        if wrong is not None and not wrong.numeric:
            wrong = self._by_what_it_is(link, ruling, wrong)
        meant = None if wrong is None else as_written(replace(wrong, link=link))
        self.ledger.enter(link.right, rows, labels, link.statement, self._how_exact(ruling, labels), meant)

    def _by_what_it_is(self, link: Link, ruling: Ruling, wrong: Ruling) -> Ruling | None:
        """The number that a chain which began with a wrong formula should have come to, `\\delta = y - \\hat y = 0.4`."""
        if ruling.pair is None or wrong.pair is None:
            return None
        pair = replace(ruling.pair, left=wrong.pair.left, left_node=wrong.pair.left_node)
        try:
            return self.arithmetic.with_values(replace(link, left=link.head), pair, self.ledger.values)
        except (SymgradError, RecursionError):
            return None

    def _how_exact(self, ruling: Ruling, labels: list[str]) -> str:
        """Whether a result was "rounded", or is "exact": what it comes to without a rest, from numbers that are so."""
        methods = {e["method"] for e in ruling.evidence} if ruling.verdict == "holds" else set()
        if "rounded" in methods:
            return "rounded"
        if not methods or not methods <= {"exact", "numeric"} or ruling.pair is None:
            return ""
        behind = {name for node in (ruling.pair.left_node, ruling.pair.right_node) for name in self.arithmetic.numbers_behind(node)}
        return "exact" if self.ledger.rounding.is_exact(ruling.link.left, behind - set(labels)) else ""

    def _keep_shapes(self, pair: Pair) -> None:
        """A name met first in a claim that holds has the shape that it has there."""
        network = self.meaning.network
        for v in (v for node in (pair.left_node, pair.right_node) for v in variables(node)):
            known = "∂" in v.name or is_made_up(v.name) or v.name in network or v.name in self.meaning.derived
            if not known and len(v.shape) == 2 and not any(is_unknown(symbol) for dim in v.shape for symbol in dim.symbols):
                network.declare(v.name, v.shape)

    # ── ruling ───────────────────────────────────────────────────────────────────────────────────────────────────────

    def rule(self, link: Link) -> Ruling:
        """Holds, fails, undecided or unread, by the cheapest reading that holds."""
        if self.gathered.sheet.allowance.is_spent:
            return Ruling(link, "undecided", reason=self.gathered.sheet.allowance.reason)
        sizes = is_of_sizes(link.left, link.right)
        if sizes is not None and (sizes or mentions(link.left, self.meaning.styled) or link.operator == "in"):
            reason = "" if sizes else what_it_is(link.left, link.right)
            return Ruling(link, "holds" if sizes else "fails", [{"method": "shapes", "holds": sizes}], reason=reason)
        if link.operator == "in":
            shape = self._of_shape(link)
            return Ruling(link, "given") if shape.verdict == "fails" and self._is_by_convention(link) else shape
        identity = self._apart(link, on_its_own(self.gathered, self.meaning, link))
        if identity is not None and identity.verdict == "holds":
            return identity
        claim = self._as_claim(link)  # with the values that the sheet gives
        if claim.verdict in ("fails", "undecided"):
            claim = self._where_held(link) or claim
        if claim.verdict == "undecided" and in_numbers(link.right) and not in_numbers(link.left):
            claim = self._by_its_formula(link) or claim
        if claim.reason == MISFIT:
            claim = self._apart(link, as_a_law(self.gathered, self.meaning, link)) or claim
        if claim.verdict == "undecided" and _is_of_same(link.left, link.right):
            return Ruling(link, "given")  # `\\delta q := \\partial E/\\partial q`, for any q
        if claim.verdict in ("fails", "undecided", "unread") and is_by_definition(link.left, link.right):
            return Ruling(link, "given")
        if identity is None or claim.verdict in ("holds", "given") or claim.numeric or self.comparison.has_a_result(link.right):
            return claim  # what has the number of an example in it is no identity
        is_open = identity.reason == MISFIT and claim.verdict != "fails"  # it may be one that a small repair mends
        return identity if identity.verdict == "fails" or is_open else claim

    def _is_by_convention(self, link: Link) -> bool:
        r"""`$\nabla_X f$ is the $m \times n$ matrix with $df = \langle \nabla_X f, dX \rangle$`: what a gradient is, of any f."""
        statements = self.gathered.sheet.statements
        near = (s.node for s in statements[link.statement : link.statement + 3])
        equations = (node.sides for node in near if isinstance(node, sx.Relation))
        return isinstance(link.left, sx.Derivative) and any(is_by_definition(sides[0], sides[1]) for sides in equations)

    def _as_claim(self, link: Link) -> Ruling:
        """The ruling in the names of the sheet."""
        is_zero = isinstance(link.right, sx.Number) and link.right.value == 0
        if link.optimal and is_zero and isinstance(link.head, sx.Derivative):
            return Ruling(link, "given")  # "and setting this to zero"
        if link.optimal:
            name = plain_name(link.left, self.meaning.styled)
            is_value = is_numeric(link.right) and name in self.lab.network.inputs
            ruling = None if is_value else self._at_an_optimum(link)
            is_open = ruling is None or ruling.verdict != "holds"
            if is_open and not isinstance(link.head, sx.Derivative) and not is_bound(self.gathered.sheet):
                before = (d.name for d in self.gathered.definitions if d.statement <= link.statement)
                losses = [name for name in before if name in self.meaning.losses() and name in self.lab.network.definitions]
                vocabulary = self.gathered.vocabulary
                asked = vocabulary.dependences.variables.union(*(vocabulary.arguments.get(loss, ()) for loss in losses))
                ruling = at_the_fit(link, self.pairing.pairs(link, False), self.lab, self.ledger, losses, asked, self._solved) or ruling
            if is_value and name is not None:
                self._solved.add(name)
                return ruling if ruling is not None and ruling.verdict != "undecided" else Ruling(link, "given")
            if ruling is not None:
                return ruling
        in_its_case = self._in_its_case(link)
        if in_its_case is not None:
            return in_its_case
        failed: Ruling | None = None
        for charity in (False, True):
            try:
                ruling = self._first_that_holds(link, self.pairing.pairs(link, charity))
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
                or (self._in_numbers(link) if failed.reason == MISFIT else None)
                or self._where_it_is_claimed(link)
                or self._with_values_put_in(link, failed)
                or self._at_estimates(link)
                or failed
            )
        return self._in_one_case(link) or failed

    def _case_of(self, link: Link) -> tuple[str, Lab] | None:
        """What the sentence of a number that a derivative is said to be compares, `-1$ if $m < 1$`, and where to try it."""
        if not isinstance(link.left, sx.Derivative) or not is_numeric(link.right):
            return None
        supposed, lab = self.suppositions.of(link)
        is_case = bool(supposed) and all(condition.above is not None for condition in supposed)
        return ("; ".join(condition.text for condition in supposed), lab) if is_case else None

    def _in_its_case(self, link: Link) -> Ruling | None:
        """The ruling on such a number where its sentence says; None where it is not decided there."""
        case = self._case_of(link)
        if case is None:
            return None
        under, lab = case
        try:
            ruling = self._first_that_holds(link, self.pairing.pairs(link, False), lab)
        except (SymgradError, RecursionError):
            return None
        shown = [{**evidence, "under": under} for evidence in ruling.evidence]
        return replace(ruling, evidence=shown) if ruling.verdict in ("holds", "fails") else None

    def _first_that_holds(self, link: Link, pairs: Iterator[Pair], lab: Lab | None = None) -> Ruling:
        """The ruling by the first pair that holds, at the points of the lab that a condition has where there is one; else why none does."""
        failed: Ruling | None = None
        vanishes = False
        for pair in pairs:
            if failed is not None and failed.pair is not None and self._is_a_way_out(pair, failed.pair):
                continue
            try:
                ruling = self.comparison.compared(link, pair, lab or self.lab)
            except (SymgradError, RecursionError) as error:
                vanishes = vanishes or (isinstance(error, Vanishing) and (failed is None or failed.verdict != "fails"))
                ruling = Ruling(link, "undecided", pair=pair, reason=_reason(error))
            if ruling.verdict == "holds" and self._has_matrix_as_number(link, pair):
                ruling = Ruling(link, "undecided", pair=pair, reason=MISFIT)
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
            # What is equal as it is usually read, though both sides are zero, is not refuted by a stranger reading.
            if failed is None or (failed.verdict == "undecided" and ruling.verdict == "fails" and not vanishes):
                failed = ruling
        if failed is None:
            return Ruling(link, "fails" if self._has_sure_shapes(link) else "undecided", reason=MISFIT)
        return failed

    def _is_a_way_out(self, pair: Pair, failed: Pair) -> bool:
        """Whether capitals that nothing defines are no matrices, where the line fails for matrices: `tr(A B C) = tr(A C B)`."""

        def matrices(read: Pair) -> set[str]:
            used = {v for node in (read.left_node, read.right_node) for v in variables(node)}
            return {v.name for v in used if bare(v.name)[:1].isupper() and not any(dim.is_one for dim in v.shape)}

        return any(self.meaning.shape(name) is None for name in matrices(failed) - matrices(pair))

    def _has_matrix_as_number(self, link: Link, pair: Pair) -> bool:
        """Whether a capital that nothing defines is a number under a trace: `tr(A B C) = tr(A C B)`, where A is known not to be square."""
        calls = [n for side in (link.left, link.right) for n in sx.walk(side) if isinstance(n, sx.Call)]
        traced = (arg for n in calls if isinstance(n.function, sx.Name) and fn.word_of(n.function.base) in fn.TRACES for arg in n.args)
        under = {name for arg in traced for name in mentions(arg, self.meaning.styled)}
        read = {v for node in (pair.left_node, pair.right_node) for v in variables(node) if all(dim.is_one for dim in v.shape)}
        return any(v.name in under and bare(v.name)[:1].isupper() and self.meaning.shape(v.name) is None for v in read)

    def _of_shape(self, link: Link) -> Ruling:
        """Whether what is computed has the shape that is written behind it."""
        stated = space(link.right) or shape_of_node(link.right)
        if stated is None:
            return Ruling(link, "unread", reason="the shape that is written here", notes=[Note("at", link.right.span)])
        stated = self.gathered.vocabulary.of_one_size(stated)
        try:
            readings = self.pairing.reader(link).side(link.left, self.meaning.shapes)
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
        if own and self._may_be(own[0], stated):
            return Ruling(link, "given")
        return Ruling(link, "fails", reason=f"it is {show(own[0])}, not {show(stated)}" if own else MISFIT)

    def _may_be(self, shape: Shape, stated: Shape) -> bool:
        """Whether the sizes differ only where the sheet has no letter of its own, and the one that is shown was chosen for it."""
        told = self.gathered.vocabulary.sizes_said
        return all(a is b or (len(a.symbols) == 1 and not set(a.symbols) & told) for a, b in zip(shape, stated, strict=True))

    def _has_sure_shapes(self, link: Link) -> bool:
        """Whether the sheet itself gives the shapes of all that an equality speaks of: by declaration or by numbers."""
        known, network = self.gathered.vocabulary, self.meaning.network
        used = {v.name for definition in network.definitions.values() for v in variables(definition.node)}
        waiting, seen = [n for side in (link.left, link.right) for n in mentions(side, self.meaning.styled)], set[str]()
        while waiting:
            name = waiting.pop()
            if name in seen or name in known.declared or name in known.literals:
                seen.add(name)
                continue
            seen.add(name)
            definition = network.definitions.get(name)
            if definition is not None:
                waiting += [v.name for v in variables(definition.node)]
            elif name in network.inputs:
                return False
        # What is only given in numbers has the shape of its numbers, and no other.
        is_alone = any(name in known.literals and name not in known.declared and name not in used for name in seen)
        is_known = seen & known.literals.keys() <= self.ledger.values.keys()
        return not is_alone or (is_known and next(self.pairing.in_numbers(link), None) is None)

    # ── other ways to take a claim ───────────────────────────────────────────────────────────────────────────────────

    def _apart(self, link: Link, meanings: Iterable[Meaning]) -> Ruling | None:
        """The ruling on an identity about names of its own, by the plainest typing of them in which it holds."""
        failed: Ruling | None = None
        for meaning in meanings:
            judge = Judge(self.gathered, meaning)
            for i in (i for i in self.gathered.part.statements if i <= link.statement):
                judge.suppositions.hear(i)
            ruling = replace(judge._as_claim(link), by=judge)
            if ruling.verdict == "holds":
                return ruling
            failed = failed or ruling
        return failed

    def _by_its_formula(self, link: Link) -> Ruling | None:
        r"""The ruling on `\delta = (0.1, -0.2)` by the formula that holds for δ further up, where not all that δ is of has a value."""
        formulas = reversed(self._formulas.get(sexpr(link.left), []))
        rulings = (self._as_claim(replace(link, left=formula)) for formula in formulas)
        found = [ruling for ruling in rulings if ruling.numeric and ruling.verdict in ("holds", "fails")]
        return min(found, key=lambda ruling: ruling.verdict != "holds", default=None)

    def _where_held(self, link: Link) -> Ruling | None:
        """The ruling where the names are constants that its sentence says are; None where it says so of none, or nothing is decided."""
        names_held = frozenset(held(self.gathered.sheet, self.gathered.part.own, link.statement, self.meaning))
        if not names_held:
            return None
        judge = Judge(self.gathered, with_held(self.meaning, names_held))
        judge.ledger.values = dict(self.ledger.values)
        ruling = judge._as_claim(link)
        under = f"{', '.join(sorted(map(names.text, names_held)))} constant"
        shown = [{**evidence, "under": under} for evidence in ruling.evidence]
        return replace(ruling, evidence=shown, by=judge) if ruling.verdict in ("holds", "fails") else None

    def _at_an_optimum(self, link: Link) -> Ruling | None:
        """The ruling on what is said of a stationary point; None where none is found."""
        supposed, lab = self.suppositions.of(link)
        resting = [c for c in supposed if c.vanishes]
        moved = {name for condition in resting for _, name in condition.vanishes}
        valued = moved & self.ledger.values.keys() - self._solved - {plain_name(link.left, self.meaning.styled)}
        if not resting or (valued and (isinstance(link.head, sx.Derivative) or is_numeric(link.right))):
            return None  # where a parameter has a value, that is where it is worked out
        try:
            if not lab.points:
                return None
            found: Pair | None = None
            is_open = False
            for pair in self.pairing.pairs(link, False):
                try:
                    insist_on_names(pair, lab, self.gathered.vocabulary.declared)
                except Unsupported:
                    is_open = is_open or found is None
                    continue  # what is said of an n that nobody knows may be so
                try:
                    evidence = lab.equal(pair.left_node, pair.right_node)
                except Vanishing:
                    return None
                except Unsupported:
                    is_open = True
                    continue  # a name of its own that is an entry in another reading
                found = pair if found is None else found
                if evidence.holds:
                    shown = {**shown_as(evidence), "under": resting[0].text}
                    return Ruling(link, "holds", [shown], pair, list(pair.notes))
        except (SymgradError, RecursionError):
            return None
        if found is None:
            return None
        if is_solved_for(self.gathered.sheet, link) and self._is_of_one_unknown(link, found):
            return Ruling(link, "fails", [{"method": "identity_test", "holds": False, "under": resting[0].text}], found)
        # With the numbers of data in it an equation is one of these data alone.
        has_numbers = any(isinstance(n, sx.Number) and n.value not in (0, 1, 2) for side in (link.left, link.right) for n in sx.walk(side))
        is_open = is_open or (has_numbers and any(name in self.ledger.values for name in mentions(link.right, self.meaning.styled)))
        return None if is_open else Ruling(link, "undecided", pair=found, reason=f"it is not where {resting[0].text}")

    def _is_of_one_unknown(self, link: Link, pair: Pair) -> bool:
        """Whether the gradient by the name at the left is all that vanishes, and its loss is made of all that stands at the right."""
        name, network = plain_name(link.left, self.meaning.styled), self.meaning.network
        losses = [loss for loss in self.meaning.losses() if loss in network.definitions and self.meaning.rests_on(loss, name or "")]
        asked = {n for n in self.gathered.vocabulary.dependences.variables if n in network.inputs}
        known = {n for loss in losses for n in self.arithmetic.numbers_behind(network.variables[loss]) if n in network.inputs}
        shown = {v.name for v in variables(pair.right_node)}
        return len(losses) == 1 and asked & known <= {name} and name in network.inputs and shown <= known

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
            ruling = self._first_that_holds(made, self.pairing.pairs(made, False))
        except (SymgradError, RecursionError):
            return None
        under = f"{', '.join(map(names.text, estimates))} for what it estimates"
        shown = [{**evidence, "under": under} for evidence in ruling.evidence]
        return replace(ruling, link=link, evidence=shown) if ruling.verdict == "holds" else None

    def _in_numbers(self, link: Link) -> Ruling | None:
        """The ruling in the sizes that the values have; None where it has no shape in these either, or formulas are not equal in these."""
        comes_to_numbers = in_numbers(link.left) or in_numbers(link.right)
        try:
            ruled = (self.arithmetic.by_numbers(link, pair) for pair in self.pairing.in_numbers(link))
            best = min(islice(ruled, FIRST_PAIRS), key=lambda ruling: ruling.verdict != "holds", default=None)
        except (SymgradError, RecursionError):
            return None
        # A symmetric matrix in numbers hides a transpose: formulas are compared so only where a size is that of what is written out.
        holds = best is not None and best.verdict == "holds"
        is_named = None not in (plain_name(link.left), plain_name(link.right))  # `s = h`, as they came out
        return best if comes_to_numbers or (holds and (is_named or self._has_counted_size(link))) else None

    def _with_values_put_in(self, link: Link, failed: Ruling) -> Ruling | None:
        r"""The ruling by the values of the sheet on `\delta_1 \cdot 1 + \delta_2 \cdot 0`, whose numbers are what names are worth."""
        if failed.pair is None or not (_has_values_for_names(link.right) or self._rests_on_a_value(failed.pair)):
            return None
        try:
            ruling = self.arithmetic.with_values(link, failed.pair, self.ledger.values)
        except (SymgradError, RecursionError):
            return None
        return ruling if ruling.verdict == "holds" else None

    def _rests_on_a_value(self, pair: Pair) -> bool:
        r"""Whether a name has a formula with a number that was worked out, `\delta = -0.0528\, h (1 - h)`, right for these values only."""
        met = {v.name for node in (pair.left_node, pair.right_node) for v in variables(node)}
        formulas = (d.expression for d in self.gathered.definitions if d.name in met)
        return any(has_many_digits(n) for formula in formulas if not is_numeric(formula) for n in sx.walk(formula))

    def _has_counted_size(self, link: Link) -> bool:
        """Whether a line speaks of what has as many entries as are written out, `z = (z_1, z_2)`, and no letter for how many."""
        met = (self.meaning.shape(name) for side in (link.left, link.right) for name in mentions(side, self.meaning.styled))
        return any(dim.number is not None and dim.number > 1 for shape in met if shape is not None for dim in shape)

    def _of_one_letter(self, link: Link, failed: Ruling) -> Ruling | None:
        """`σ'(u) = σ(u)(1 − σ(u))`: an identity of functions, whose letter is any number, whatever it stands for elsewhere."""
        letters = {name for side in (link.left, link.right) for name in _arguments(side, self.meaning.shape)}
        nodes = [n for side in (link.left, link.right) for n in sx.walk(side)]
        # The trace of a number is that number, and no other trace is.
        if len(letters) != 1 or any(isinstance(n, (sx.Derivative, sx.Differential, sx.Norm)) or _is_of_a_whole(n) for n in nodes):
            return None
        (letter,) = letters

        def anything(node: Node) -> Node:
            is_letter = isinstance(node, (sx.Name, sx.Scripted)) and plain_name(node, self.meaning.styled) == letter
            return sx.Name(node.span, MEANT + ANY_NUMBER) if is_letter else node

        made = replace(link, left=sx.mapped(link.left, anything), right=sx.mapped(link.right, anything))
        try:
            ruling = self._first_that_holds(made, self.pairing.pairs(made, False))
        except (SymgradError, RecursionError):
            return None
        if ruling.verdict == "holds":
            return replace(ruling, link=link, notes=[])
        is_misfit = failed.reason == MISFIT  # it has no reading but this one
        return ruling if is_misfit and ruling.verdict == "fails" and ruling.pair is not None else None

    def _where_it_is_claimed(self, link: Link) -> Ruling | None:
        """The ruling where conditions hold, or else in a case that is spoken of; None where there are none."""
        ruling = self._under_conditions(link)
        return ruling if ruling is not None and ruling.verdict == "holds" else self._in_one_case(link) or ruling

    def _under_conditions(self, link: Link) -> Ruling | None:
        """The claim where the conditions hold that it is made under; None where there are none, or it fails there too."""
        supposed, lab = self.suppositions.of(link)
        if not supposed:
            return None
        try:
            ruling = self._first_that_holds(link, self.pairing.pairs(link, False), lab)
        except (SymgradError, RecursionError):
            return None
        if ruling.verdict == "holds":
            under = "; ".join(c.text for c in supposed if c.is_modelled)
            return replace(ruling, evidence=[{**shown, "under": under} for shown in ruling.evidence])
        if ruling.verdict == "fails":
            loose = [c.text for c in supposed if not c.is_modelled]
            reason = f"it is claimed where {loose[0]}, which is not put in here" if loose else ""
            return replace(ruling, verdict="undecided", reason=reason) if reason else None
        return ruling if ruling.verdict == "undecided" else None

    def _in_one_case(self, link: Link) -> Ruling | None:
        """The claim for one case of a definition by cases, where its sentence speaks of one, or for a value that was said before."""
        for lab, under, is_sure in self.suppositions.cases(link):
            try:
                ruling = self._first_that_holds(link, self.pairing.pairs(link, False), lab)
            except (SymgradError, RecursionError):
                continue
            if ruling.verdict == "holds" and is_sure:
                return replace(ruling, evidence=[{**shown, "under": under} for shown in ruling.evidence])
            if ruling.verdict == "holds":
                return Ruling(link, "undecided", reason=f"it holds for {under} only, which may be meant here")
        return None


def _reason(error: Exception) -> str:
    return str(error) if isinstance(error, SymgradError) else "it is nested too deeply"


def _has_values_for_names(node: Node) -> bool:
    r"""Whether every product in it has a number behind a name, or the 0 or 1 that nobody writes for a coefficient."""
    terms = node.terms if isinstance(node, sx.Sum) else (node,)
    products = [term for term in terms if isinstance(term, sx.Product)]

    def is_put_in(product: sx.Product) -> bool:
        values = [constant_of(factor) for factor in product.factors]
        return (values[0] is None and values[-1] is not None) or (
            None in values and any(v is not None and abs(v) in (0, 1) for v in values)
        )

    return len(products) == len(terms) and all(map(is_put_in, products))


def _is_of_same(one: Node, other: Node) -> bool:
    """Whether two sides are derivatives of and by what is written alike."""
    if not isinstance(one, sx.Derivative) or not isinstance(other, sx.Derivative):
        return False
    return (one.of, one.wrt, one.order) == (other.of, other.wrt, other.order) and one.of is not None


def _arguments(node: Node, known: Callable[[str], object]) -> Iterator[str]:
    """The quantities of a side, without the functions that are called, the numbers e and π, and the exponents of what is `known`."""
    if isinstance(node, sx.Call):
        for arg in node.args:
            yield from _arguments(arg, known)
        return
    name = plain_name(node) if isinstance(node, (sx.Name, sx.Scripted)) else None
    is_power = isinstance(node, sx.Scripted) and node.sub is None and isinstance(node.sup, sx.Number)
    if name in _NUMBERS and known(name or "") is None:
        return
    if name is not None and not (is_power and known(name) is None):
        yield name
        return
    for child in sx.children(node):
        yield from _arguments(child, known)


_NUMBERS = frozenset({"e", "\\pi"})


def _is_of_a_whole(node: Node) -> bool:
    """Whether it is a function of a whole matrix or vector, a determinant or a softmax."""
    if not isinstance(node, sx.Call):
        return False
    base = node.function.base if isinstance(node.function, sx.Scripted) else node.function
    word = fn.word_of(base.base) if isinstance(base, sx.Name) else ""
    return word in fn.WORDS and word not in fn.ELEMENTWISE_WORDS


def _spelled_out(meaning: Meaning) -> dict[str, int]:
    r"""The sizes of what definitions take entry by entry to the last of its numbers: `\sum_{i=1}^2 (\hat y_i - y_i)^2` of two examples."""
    taken: dict[Var, set[int]] = {}
    for node in topological([definition.node for definition in meaning.network.definitions.values()]):
        if isinstance(node, Func) and node.fn == "slice" and isinstance(node.operands[0], Var):
            axis, start, stop, _ = node.params
            if axis == 0 and stop == start + 1 and start.number is not None:
                taken.setdefault(node.operands[0], set()).add(start.number)
    counts = {vector: {size[0] for size in meaning.vocabulary.literals.get(vector.name, ())} for vector in taken}
    found = {vector.shape[0].name: len(places) for vector, places in taken.items() if counts[vector] == {len(places)}}
    return {symbol: size for symbol, size in found.items() if symbol is not None}
