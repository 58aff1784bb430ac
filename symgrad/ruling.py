"""What becomes of the equalities of a sheet: the pair of readings that was compared, the verdict and its evidence."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from symgrad import names
from symgrad.errors import SymgradError
from symgrad.implied import is_made_up
from symgrad.lab import Evidence, Lab
from symgrad.literals import Rows, decimals
from symgrad.meaning import Meaning
from symgrad.raising import raise_form
from symgrad.sheet import Gathered, Link
from symgrad.tensor import Node as Tensor
from symgrad.tensor import Var, variables
from symgrad.typeset import latex, text
from symgrad.typing_rules import CHARITY, Note, Reading
from symgrad.verification import Claim

if TYPE_CHECKING:
    from symgrad.judge import Judge

MISFIT = "the two sides have different shapes"
UNKNOWN_NAME = "is defined nowhere"


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

    @property
    def estranges(self) -> bool:
        """Whether the `x_i` of an x that is known came out as something of its own: no line says what, and it is an entry."""
        known = self.meaning.network
        pairs = [r.pair for r in self.rulings if r.verdict == "undecided" and r.pair is not None]
        met = {v.name for pair in pairs for node in (pair.left_node, pair.right_node) for v in variables(node)}
        split = [(name, name.partition("_")) for name in met if name not in known]
        return any(base in known and len(index) == 1 and index.isalpha() for _, (base, _, index) in split)


def shown_as(evidence: Evidence) -> dict[str, Any]:
    shown: dict[str, Any] = {"method": evidence.method, "holds": evidence.holds}
    if evidence.points:
        shown |= {"points": evidence.points, "max_relative_error": evidence.error}
    return shown


def as_written(ruling: Ruling) -> Rows | None:
    """What should stand where a number is wrong, in the digits that are written there."""
    if not ruling.numeric or np.ndim(ruling.expected) != 2 or np.shape(ruling.expected) != np.shape(ruling.found):
        return None
    if not all(math.isfinite(x) for row in ruling.expected for x in row):
        return None
    digits = [d for row in decimals(ruling.link.right) for d in row if d is not None]
    exact = [[x if isinstance(x, Fraction) else Fraction(float(x)) for x in row] for row in ruling.expected]
    return tuple(tuple(round(x, max(digits)) if digits else x for x in row) for row in exact)


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
    """The names on both sides of an equality, as it was read."""
    if ruling.pair is None:
        return set()
    return {v.name for node in (ruling.pair.left_node, ruling.pair.right_node) for v in variables(node) if isinstance(v, Var)}
