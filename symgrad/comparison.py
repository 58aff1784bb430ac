"""Comparing both sides of an equality in one reading: in general, for the values that the sheet gives, or in the sizes that these have."""

from __future__ import annotations

from fractions import Fraction
from itertools import islice

from symgrad import names
from symgrad import syntax as sx
from symgrad.arithmetic import Arithmetic, in_numbers
from symgrad.constant import numbers_by_themselves
from symgrad.errors import ShapeError, SizeClash, SymgradError, Unsupported, Vanishing
from symgrad.lab import Lab
from symgrad.ledger import Ledger
from symgrad.literals import Rows
from symgrad.meaning import Meaning, stem
from symgrad.pairing import Pairing
from symgrad.ruling import Pair, Ruling, shown_as
from symgrad.sheet import Gathered, Link
from symgrad.suppositions import Suppositions
from symgrad.syntax import Node
from symgrad.tensor import Func, Literal, Var, substitute, topological, var, variables
from symgrad.tensor import Node as Tensor
from symgrad.undefined import arguments, insist_on_dependence, insist_on_formulas, insist_on_names, rests_on_nothing, stated_gradient

FIRST_PAIRS = 3  # so many readings of an equality are tried where what is meant is among the first


class Comparison:
    """What becomes of a pair of readings, with what the sheet has said and given so far."""

    def __init__(
        self,
        gathered: Gathered,
        meaning: Meaning,
        lab: Lab,
        ledger: Ledger,
        pairing: Pairing,
        arithmetic: Arithmetic,
        suppositions: Suppositions,
    ) -> None:
        self.gathered, self.meaning, self.lab, self.ledger = gathered, meaning, lab, ledger
        self.pairing, self.arithmetic, self.suppositions = pairing, arithmetic, suppositions
        self._sized: dict[tuple[tuple[str, int], ...], Lab] = {}  # the lab in sizes that values have

    def compared(self, link: Link, pair: Pair, lab: Lab) -> Ruling:
        """One pair, by numbers where the sheet has numbers, in general otherwise."""
        literal = _has_literal(pair.left_node) or _has_literal(pair.right_node)
        constant = not variables(pair.left_node) or not variables(pair.right_node)
        if constant and not literal:
            return self._constant(link, pair, lab)
        if literal:
            return self.arithmetic.by_numbers(link, pair)
        try:
            return self._in_general(link, pair, lab)
        except (Unsupported, ShapeError) as error:
            if not self.ledger.values or isinstance(error, Vanishing):
                raise  # what is zero in general is so for the values given, too
            numeric = self.arithmetic.by_numbers(link, pair)  # what cannot be compared in general may hold for the values given
            # An entry further on than the sizes that are drawn reach is one of those given alone.
            if numeric.verdict == "holds" or (isinstance(error, ShapeError) and numeric.verdict == "fails"):
                return numeric
            if not isinstance(error, SizeClash):
                raise
            return self._in_general(link, pair, self._in_sizes_of_values() or lab)

    def _in_sizes_of_values(self) -> Lab | None:
        """The lab in the sizes that the values of the sheet have, for a formula that is written out for as many entries."""
        sizes = tuple(sorted(self.ledger.sizes().items()))
        if sizes and sizes not in self._sized:
            self._sized[sizes] = self.lab.in_sizes(dict(sizes))
        return self._sized.get(sizes)

    def _in_general(self, link: Link, pair: Pair, lab: Lab) -> Ruling:
        """Formulas, for all values of their names."""
        if self._is_instance(pair):
            return Ruling(link, "given", pair=pair)
        lab = self._in_sizes_given(pair) or lab if lab is self.lab else lab
        evidence = lab.equal(pair.left_node, pair.right_node)
        stated = None if evidence.holds else stated_gradient(link, pair, lab)
        if stated is not None:
            return Ruling(link, "given", pair=pair, stated=stated)
        if not evidence.holds and (self.ledger.rounding.has_numbers(link.left) or self.ledger.rounding.has_numbers(link.right)):
            return self.arithmetic.by_numbers(link, pair)  # a number that was computed stands in the formula
        if not evidence.holds and are_two_entries(pair):
            return self.arithmetic.by_numbers(link, pair)  # `\pi_1 = \pi_2`, which no formula says: so it came out
        if not evidence.holds and self.arithmetic.rests_on_results(pair):
            return self.arithmetic.by_numbers(link, pair)  # the formula of what was computed is not written, only its value
        if not evidence.holds and (self.arithmetic.has_a_value(link) or self.arithmetic.is_known_by_value(link, pair)):
            # The value of a name stands for the name, or what was so far a number gets its formula.
            numeric = self.arithmetic.by_numbers(link, pair)
            if numeric.verdict == "holds":
                return numeric
        if not evidence.holds and self.has_a_result(link.right):
            numeric = self.arithmetic.by_numbers(link, pair)  # the 10 of `10 X^{-T}` is the determinant that was worked out before
            if numeric.verdict == "holds":
                return numeric
        if not evidence.holds and (with_data := self.arithmetic.with_the_data(link, pair, self.ledger.values)) is not None:
            return with_data
        if not evidence.holds:
            insist_on_names(pair, lab, {*self.gathered.vocabulary.declared, *arguments(link.head, self.meaning.functions)})
            insist_on_formulas(pair, self.meaning, link.statement)
            insist_on_dependence(pair, self.meaning)
            if self.suppositions.is_condition(link, pair, lab):
                return self.suppositions.taken_as_said(link, pair, lab)
        elif rests_on_nothing(pair, self.meaning):
            return Ruling(link, "undecided", pair=pair, reason="nothing that was read says what the loss depends on here")
        return Ruling(link, "holds" if evidence.holds else "fails", [shown_as(evidence)], pair, list(pair.notes))

    def has_a_result(self, side: Node) -> bool:
        """Whether a number that was worked out before, of nothing that has a name, stands in a formula."""
        found = {rows[0][0] for rows in self.ledger.unnamed if len(rows) == len(rows[0]) == 1} - set(map(Fraction, range(-2, 3)))
        return any(n.value in found for n in numbers_by_themselves(side))

    def _in_sizes_given(self, pair: Pair) -> Lab | None:
        """The lab in the sizes of the values, for a number that entries make up by their places: what the fifth is depends on how many."""
        nodes = (pair.left_node, pair.right_node)
        is_number = all(dim.is_one for node in nodes for dim in node.shape)
        if not is_number or not any(isinstance(n, Func) and n.fn == "slice" for n in topological(nodes)):
            return None
        return self._in_sizes_of_values()

    def _is_instance(self, pair: Pair) -> bool:
        """`p = σ(X w_0)` where p is defined as `σ(X w)` and w has no value: the definition, at a value of what it is computed from."""
        left, network = pair.left_node, self.meaning.network
        definition = network.definitions.get(left.name) if isinstance(left, Var) else None
        if definition is None:
            return False
        valued = [v for v in variables(pair.right_node) if v.name in self.ledger.values]
        return any(
            substitute(definition.node, {v: other}) is pair.right_node
            for v in variables(definition.node)
            for other in valued
            if v.name not in self.ledger.values and other.shape == v.shape and stem(other.name) == stem(v.name)
        )

    def _constant(self, link: Link, pair: Pair, lab: Lab) -> Ruling:
        """A side without names: equal in general, or for the values that the sheet gives."""
        general: Ruling | None = None
        try:
            evidence = lab.equal(pair.left_node, pair.right_node)
            general = Ruling(link, "holds" if evidence.holds else "fails", [shown_as(evidence)], pair, list(pair.notes))
        except SymgradError:
            pass
        if general is not None and general.verdict == "holds":
            return general
        try:
            numeric = self.arithmetic.by_numbers(link, pair)
        except SymgradError:  # a Jacobian of a size that no value has
            if general is None:
                raise
            numeric = Ruling(link, "undecided", pair=pair, reason="what it is computed from has no value")
        is_open = numeric.verdict == "undecided"
        if is_open and general is not None and self._is_fixed(pair, lab):
            return self._without_values(link, general, lab)
        is_condition = is_open and self.suppositions.is_condition(link, pair, lab)
        if is_condition or (numeric.verdict in ("undecided", "fails") and self.suppositions.is_case(link)):
            return self.suppositions.taken_as_said(link, pair, lab)
        is_zero = isinstance(link.right, sx.Number) and link.right.value == 0
        if is_open and is_zero and any(isinstance(n, sx.Derivative) for n in sx.walk(link.head)):
            return Ruling(link, "given", pair=pair)  # "setting the gradient to zero"
        if is_open and general is not None and not (in_numbers(link.left) or in_numbers(link.right)):
            return self._without_values(link, general, lab)
        return numeric

    def _without_values(self, link: Link, general: Ruling, lab: Lab) -> Ruling:
        """What was ruled in general of names that the sheet knows."""
        assert general.pair is not None
        insist_on_names(general.pair, lab, {*self.gathered.vocabulary.declared, *arguments(link.head, self.meaning.functions)})
        return general

    @staticmethod
    def _is_fixed(pair: Pair, lab: Lab) -> bool:
        """Whether no values are needed to refute it."""
        try:
            return all(lab.is_fixed(node) for node in (pair.left_node, pair.right_node))
        except SymgradError:
            return False

    # ── what others ask ──────────────────────────────────────────────────────────────────────────────────────────────

    def agrees(self, link: Link, pair: Pair, values: dict[str, Rows]) -> bool:
        """Whether both sides are equal, in general or for the values given. Nothing is learnt from it."""
        try:
            if rests_on_nothing(pair, self.meaning):
                return False
            if not (_has_literal(pair.left_node) or _has_literal(pair.right_node)):
                if self._are_equal(pair):
                    return True
                _, lab = self.suppositions.of(link)
                labs = [lab] if lab is not self.lab else [case for case, *_ in self.suppositions.cases(link)]
                if any(lab.equal(pair.left_node, pair.right_node).holds for lab in labs):
                    return True
                if variables(pair.left_node) and variables(pair.right_node) and not self.arithmetic.rests_on_results(pair):
                    return self.arithmetic.with_the_data(link, pair, values) is not None
            return self.arithmetic.with_values(link, pair, values).verdict == "holds"
        except (SymgradError, RecursionError):
            return False

    def _are_equal(self, pair: Pair) -> bool:
        """Whether both sides are equal in general, or in the sizes of the values if they are written out for as many entries."""
        try:
            return (self._in_sizes_given(pair) or self.lab).equal(pair.left_node, pair.right_node).holds
        except SizeClash:
            return (self._in_sizes_of_values() or self.lab).equal(pair.left_node, pair.right_node).holds

    def holds_with(self, link: Link, name: str, of: str, wrt: str) -> bool:
        """Whether a claim holds once a name in it is a gradient, whatever formula it has."""
        gradient = var(names.gradient(of, wrt), self.meaning.network.variables[wrt].shape)
        try:
            for pair in islice(self.pairing.pairs(link, False), FIRST_PAIRS):
                right = self._opened(pair.right_node, name)
                found = [v for v in variables(right) if v.name == name and v.shape == gradient.shape]
                meant: dict[Tensor, Tensor] = dict.fromkeys(found, gradient)
                if meant and self.lab.equal(pair.left_node, substitute(right, meant)).holds:
                    return True
        except (SymgradError, RecursionError):
            return False
        return False

    def _opened(self, node: Tensor, name: str) -> Tensor:
        """The formula with what rests on a name written out: the δ of one step is made of that of the next."""
        known = self.meaning.network.definitions
        while True:
            own = [v for v in variables(node) if v.name in known and v.name != name and self.meaning.rests_on(v.name, name)]
            made: dict[Tensor, Tensor] = {v: known[v.name].node for v in own}
            if not made:
                return node
            node = substitute(node, made)


def are_two_entries(pair: Pair) -> bool:
    """Whether both sides are an entry of the same, by its number."""
    a, b = pair.left.term, pair.right.term
    return a.op == b.op == "pick" and a.args == b.args and a.params != b.params


def _has_literal(node: Tensor) -> bool:
    return any(isinstance(n, Literal) for n in topological([node]))
