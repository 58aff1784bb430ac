"""Forms written out: LaTeX and terminal text, with parentheses where precedence asks for them.

The spellings are in the records of `symgrad.ops`; this module only reads them. The same writer, with names as
Python identifiers, writes NumPy (see `numpycode`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from fractions import Fraction
from typing import Any

from symgrad import names
from symgrad.batches import on_paper
from symgrad.dims import Dim, latex_shape, show
from symgrad.form import Form
from symgrad.op import Infix, Notation, Prec, decimal, side_by_side
from symgrad.ops import op_named


class Typesetter:
    """Writes forms in one mode; `spell` gives the name of a symbol. With `shapes`, symbols carry their shapes."""

    def __init__(self, mode: str, spell: Callable[[str], str], size: Callable[[Dim], str], shapes: bool = False) -> None:
        self.mode = mode
        self._spell = spell
        self._size = size
        self._shapes = shapes

    def write(self, form: Form | Dim, least: Prec = Prec.SUM) -> str:
        """The form, in parentheses when it binds less tightly than `least`. A dimension is written too."""
        if isinstance(form, Dim):
            return self._size(form)
        written, prec = self.written(form)
        if self._shapes and form.shape and "symbol" in (form.op, *(arg.op for arg in form.args if form.op == "transpose")):
            written, prec = self._with_shape(written, form), Prec.ATOM
        if prec >= least:
            return written
        return rf"\left({written}\right)" if self.mode == "latex" else f"({written})"

    def _with_shape(self, written: str, form: Form) -> str:
        if self.mode == "latex":
            return rf"\underset{{{latex_shape(form.shape)}}}{{{written}}}"
        return f"{written}⟨{show(form.shape)}⟩"

    def written(self, form: Form) -> tuple[str, Prec]:
        """The form and how tightly it binds, without parentheses around it."""
        if form.op == "symbol":
            return self._spell(form.name), self._symbol_prec(form.name)
        if form.op == "number":
            return self._number(form.value, form)
        if form.op == "matrix":
            return self._matrix(form.params[0]), Prec.ATOM
        record = op_named(form.op)
        spelling: Any = getattr(record, self.mode)
        if isinstance(spelling, Infix):
            parts = [self.write(arg, spelling.inner) for arg in form.args]
            return (side_by_side(self, form.args, parts) if spelling.sign == " " else spelling.sign.join(parts)), spelling.prec
        if isinstance(spelling, Notation):
            parts = [self.write(arg, spelling.inner) for arg in form.args]
            tight = {}
            if "{t" in spelling.template:  # else every level of a chain would be written twice
                tight = {f"t{i}": self.write(arg, Prec.PREFIX) for i, arg in enumerate(form.args)}
            params = {f"p{i}": self._param(p) for i, p in enumerate(form.params)}
            return spelling.template.format(*parts, **tight, **params), spelling.prec
        return spelling(self, form)  # type: ignore[no-any-return]

    def _symbol_prec(self, name: str) -> Prec:
        if self.mode != "numpy" and (names.gradient_of(name) or names.is_second(name)):
            return Prec.POSTFIX if self.mode == "latex" else Prec.QUOTIENT
        # A power of a name that has a superscript already needs parentheses in LaTeX.
        return Prec.POSTFIX if self.mode == "latex" and "^" in self._spell(name) else Prec.ATOM

    def _param(self, value: Any) -> str:
        if isinstance(value, Fraction) and value.denominator != 1:
            return str(float(value))
        return str(value)

    def _power_of_ten(self, value: Fraction) -> str | None:
        """10^9 and not 1000000000."""
        zeros = len(str(value.numerator)) - 1
        if zeros < _MOST_ZEROS or value != 10**zeros:
            return None
        return f"10^{{{zeros}}}" if self.mode == "latex" else f"10^{zeros}"

    def _number(self, value: Fraction, form: Form) -> tuple[str, Prec]:
        above = [self._power(dim, exponent) for dim, exponent in form.sizes if exponent > 0]
        below = [self._power(dim, -exponent) for dim, exponent in form.sizes if exponent < 0]
        sign = ("−" if self.mode == "text" else "-") if value < 0 else ""
        value, turns = _without_pi(value)
        top, bottom = abs(value.numerator), value.denominator
        short = None if self.mode == "numpy" or form.sizes else decimal(abs(value)) or self._power_of_ten(abs(value))
        if short is not None:
            return sign + short, Prec.PRODUCT if sign else Prec.ATOM
        if turns:
            (above if turns > 0 else below).insert(0, self._pi(abs(turns)))
        if bottom != 1:
            below.insert(0, str(bottom))
        if top != 1 or not above:
            above.insert(0, str(top))
        times = {"latex": r" \, ", "text": "·", "numpy": " * "}[self.mode]
        if not below:
            prec = Prec.ATOM if len(above) == 1 and not sign else Prec.PRODUCT
            return sign + times.join(above), prec
        if self.mode == "latex":
            top_line, bottom_line = (_bare(line) if len(line) == 1 else times.join(line) for line in (above, below))
            return rf"{sign}\frac{{{top_line}}}{{{bottom_line}}}", Prec.PRODUCT if sign else Prec.POSTFIX
        under = times.join(below)
        if len(below) > 1 or any(_is_product(dim) for dim, exponent in form.sizes if exponent == -1):
            under = f"({under})"  # 1/(h·w)
        slash = " / " if self.mode == "numpy" else "/"
        return f"{sign}{times.join(above)}{slash}{under}", Prec.PRODUCT

    def _pi(self, exponent: int) -> str:
        letter = {"latex": r"\pi", "text": "π", "numpy": "np.pi"}[self.mode]
        return letter if exponent == 1 else f"{letter}**{exponent}" if self.mode == "numpy" else f"{letter}^{exponent}"

    def _power(self, dim: Dim, exponent: int) -> str:
        body = self._size(dim)
        if len(dim.terms) > 1 or (exponent != 1 and _is_product(dim)):
            body = f"({body})"
        if exponent == 1:
            return body
        return f"{body}**{exponent}" if self.mode == "numpy" else f"{body}^{{{exponent}}}" if self.mode == "latex" else f"{body}^{exponent}"

    def _matrix(self, rows: tuple[tuple[Fraction, ...], ...]) -> str:
        if self.mode == "latex":
            body = r" \\ ".join(" & ".join(fraction_latex(x) for x in row) for row in rows)
            return rf"\begin{{bmatrix}} {body} \end{{bmatrix}}"
        if self.mode == "numpy":
            return "np.array([" + ", ".join("[" + ", ".join(_python(x) for x in row) + "]" for row in rows) + "])"
        return "[" + "; ".join("  ".join(str(x).replace("-", "−") for x in row) for row in rows) + "]"


def _bare(line: list[str]) -> str:
    """The one factor above or below a line, which needs no parentheses."""
    (factor,) = line
    return factor[1:-1] if factor.startswith("(") and factor.endswith(")") else factor


_MOST_ZEROS = 6


def _is_product(dim: Dim) -> bool:
    """Whether a size is written with several factors: 2n, h·w; a sum of several terms is in parentheses anyway."""
    (monomial, times), *others = dim.terms
    return not others and (times != 1 or sum(power for _, power in monomial) > 1)


# Powers of π, as the rational number that it is computed with; quotients of them by small numbers are written with the letter.
_PI = {Fraction(math.pi) ** k: k for k in (1, 2, -1, -2)}
_LONGEST_OF_PI, _SHORTEST_WITH_PI = 10_000, 64


def _without_pi(value: Fraction) -> tuple[Fraction, int]:
    """2π as 2 and 1, 1/π as 1 and −1; any other number as itself and 0."""
    if value.numerator.bit_length() + value.denominator.bit_length() > _SHORTEST_WITH_PI:
        for pi, exponent in _PI.items():
            rest = value / pi
            if max(abs(rest.numerator), rest.denominator) < _LONGEST_OF_PI:
                return rest, exponent
    return value, 0


def fraction_latex(x: Fraction) -> str:
    if x.denominator == 1:
        return str(x.numerator)
    return rf"{'-' if x < 0 else ''}\tfrac{{{abs(x.numerator)}}}{{{x.denominator}}}"


def _python(x: Fraction) -> str:
    return str(x.numerator) if x.denominator == 1 else f"{x.numerator} / {x.denominator}"


_LATEX, _LATEX_SHAPES = (Typesetter("latex", names.latex, lambda dim: dim.latex, shapes) for shapes in (False, True))
_TEXT, _TEXT_SHAPES = (Typesetter("text", names.text, str, shapes) for shapes in (False, True))


def latex(form: Form, shapes: bool = False) -> str:
    r"""The form as LaTeX; with `shapes`, the shape of every symbol under it.

    >>> from symgrad.dims import shape_of; from symgrad.form import apply, symbol
    >>> latex(apply("transpose", [symbol("W^{(h)}", shape_of(["d", "d"]))]))
    'W^{(h)\\top}'
    """
    return (_LATEX_SHAPES if shapes else _LATEX).write(on_paper(form))


def text(form: Form, shapes: bool = False) -> str:
    """The form as terminal text; with `shapes`, the shape of every symbol behind it.

    >>> from symgrad.dims import shape_of; from symgrad.form import apply, symbol
    >>> x, w = symbol("x", shape_of(["n", 1])), symbol("∂L/∂z", shape_of(["n", 1]))
    >>> text(apply("matmul", [w, apply("transpose", [x])]))
    '(∂L/∂z) xᵀ'
    """
    return (_TEXT_SHAPES if shapes else _TEXT).write(on_paper(form))


def described(operands: Iterable[Form]) -> str:
    """The operands of a clash with their shapes, as a further line of a message; nothing when there are none."""
    shown = [f"{text(form)} is {show(form.shape)}" for form in operands]
    return "\n  where " + ", ".join(shown) if shown else ""
