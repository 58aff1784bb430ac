"""A derivation: what is stated, by which rule, and from which steps it follows. Plain data; emitters print it.

derivation ::= network, loss, result*, step*, check report, values
step       ::= number, kind, terms joined by "=", rule, numbers of the steps it rests on, span of t
term       ::= Form | Chain | Value
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from symgrad.differences import Report
from symgrad.dims import Shape
from symgrad.families import Span
from symgrad.form import Form
from symgrad.further import Further
from symgrad.network import Network


@dataclass(frozen=True)
class Chain:
    """The chain rule in named quantities: ∂of/∂wrt as a sum over `through` of ∂of/∂u · ∂u/∂wrt.

    The last factor is the direct dependence: everything else that u is made of is held fixed. With a span, `through` is one
    name in t and stands for the sum over it.
    """

    of: str
    wrt: str
    through: tuple[str, ...]
    span: Span | None = None


@dataclass(frozen=True)
class Value:
    """A matrix of numbers: exact fractions, or floats."""

    rows: tuple[tuple[Any, ...], ...]

    @property
    def exact(self) -> bool:
        return all(isinstance(x, (int, Fraction)) for row in self.rows for x in row)


Term = Form | Chain | Value

KINDS = {
    "definition": "The network",
    "differential": "Local derivatives",
    "gradient": "The gradients, from the loss backwards",
    "written out": "Written out",
    "value": "With the given values",
}


@dataclass(frozen=True)
class Step:
    """One line of a derivation: its terms are equal to each other."""

    number: int
    kind: str
    terms: tuple[Term, ...]
    rule: str
    uses: tuple[int, ...] = ()
    span: Span | None = None
    shape: Shape | None = None


@dataclass(frozen=True)
class Result:
    """∂of/∂wrt in two depths: in the named quantities next to it, and with their gradients substituted.

    `written_out` is None where it would be longer than anybody reads.
    """

    of: str
    wrt: str
    shape: Shape
    named: Form
    written_out: Form | None
    network: Network = field(repr=False)

    @property
    def form(self) -> Form:
        return self.written_out if self.written_out is not None else self.named

    @property
    def sympy(self) -> Any:
        """The gradient as a SymPy matrix expression, written out where that is short enough, else in named quantities."""
        from symgrad.sympyops import to_sympy

        return to_sympy(self.form, self.network.sympy_symbols)

    def __repr__(self) -> str:
        from symgrad import names
        from symgrad.typeset import text

        return f"{names.text(names.gradient(self.of, self.wrt))} = {text(self.form)}"

    def _repr_latex_(self) -> str:
        from symgrad import names
        from symgrad.typeset import latex

        return f"${names.latex(names.gradient(self.of, self.wrt))} = {latex(self.form)}$"


@dataclass(frozen=True)
class Derivation:
    """A network's gradients with the steps that lead to them and the check that they passed."""

    network: Network
    of: str | None
    wrt: tuple[str, ...]
    results: dict[str, Result]
    steps: tuple[Step, ...]
    report: Report | None
    values: dict[str, Value]
    conventions: tuple[str, ...] = ()
    layout: str = "denominator"
    further: tuple[Further, ...] = ()

    def __getitem__(self, name: str) -> Result:
        """The result for a name, in any spelling."""
        return self.results[self.network.resolve(name, self.results)]

    def of_kind(self, kind: str) -> tuple[Further, ...]:
        """What was derived beyond the gradients, of that kind."""
        return tuple(further for further in self.further if further.kind == kind)

    def __str__(self) -> str:
        from symgrad.emit.text import emit
        from symgrad.solution import document

        return emit(document(self))

    def _repr_latex_(self) -> str:
        rows = (result._repr_latex_().strip("$").replace(" = ", " &= ", 1) for result in self.results.values())
        return r"$\begin{aligned}" + r" \\ ".join(rows) + r"\end{aligned}$"

    def _repr_html_(self) -> str:
        from symgrad.emit.html import inside
        from symgrad.solution import document

        return inside(document(self))


def said_of_chains(steps: Iterable[Step]) -> str:
    """What the factors of the chain rule are; the sign ∂⁺ is that of Pascanu, Mikolov, Bengio (2013), (5)."""
    chains = [t for step in steps if step.kind == "gradient" and "every use" in step.rule for t in step.terms if isinstance(t, Chain)]
    if not chains:
        return ""
    said = "In a sum over uses, the last factor is the direct dependence: all other quantities are held fixed."
    return said + (" That of the loss itself is written with ∂⁺." if any(chain.of in chain.through for chain in chains) else "")
