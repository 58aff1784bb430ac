"""What is derived beyond gradients: one derivative each, as it is printed and as it is checked. Plain data."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from symgrad.differences import Check
from symgrad.dims import Shape
from symgrad.form import Form, symbol

KINDS = {
    "jacobian": "Jacobians",
    "jvp": "Jacobian-vector products",
    "vjp": "Vector-Jacobian products",
    "hvp": "Hessian-vector products",
    "hessian": "Second derivatives",
    "kronecker": "Matrices with their columns stacked",
    "differential": "The differential",
    "stationary": "Stationary points",
}
"""The kinds, in the order in which they are printed, with the titles of their sections."""


@dataclass(frozen=True)
class Further:
    """A derivative of some kind: `left` = `form`, where `left` is as a textbook writes it and `name` is unique.

    `form` is None where it would be longer than anybody reads, and `remark` says why. `before` are equations that the form rests
    on, `stated` those that lead to it, each with its rule; `conditions` say what must hold of some forms; `directions` are the
    symbols that are not the network's. `uses` are the names whose gradients or differentials it comes from.
    """

    kind: str
    name: str
    of: str
    wrt: tuple[str, ...]
    left: Form
    form: Form | None
    rule: str
    remark: str = ""
    before: tuple[tuple[str, Form], ...] = ()
    stated: tuple[tuple[Form, Form, str], ...] = ()
    conditions: tuple[tuple[Form, str], ...] = ()
    directions: tuple[tuple[str, Shape], ...] = ()
    uses: tuple[str, ...] = ()
    check: Check | None = field(default=None, repr=False)
    long: Form | None = field(default=None, repr=False)
    """The form that is longer than anybody reads: what is computed, and not printed."""

    @property
    def computed(self) -> Form | None:
        """What its NumPy computes."""
        return self.form if self.form is not None else self.long

    def __repr__(self) -> str:
        from symgrad.typeset import text

        return f"{text(self.left)} = {'…' if self.form is None else text(self.form)}"

    def _repr_latex_(self) -> str:
        from symgrad.typeset import latex

        return f"${latex(self.left)} = " + (r"\dots" if self.form is None else latex(self.form)) + "$"

    @property
    def sympy(self) -> Any:
        """The derivative as a SymPy matrix expression."""
        from symgrad.sympyops import to_sympy

        return None if self.form is None else to_sympy(self.form)


def fresh(shape: Shape, taken: Iterable[str], letters: str = "vuqz") -> Form:
    """A direction of that shape by a letter that is not taken: small for a vector, a capital for a matrix."""
    used = set(taken)
    small = sum(not dim.is_one for dim in shape) < 2
    for letter in (*letters, *(f"{letters[0]}_{i}" for i in range(1, 99))):
        name = letter if small else letter.upper()
        if name not in used:
            return symbol(name, shape)
    raise AssertionError("every letter is taken")
