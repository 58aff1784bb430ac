"""Arrays: typed pieces of an expression, and the form that each will be once every size is known.

    array ::= leading axes × rows × columns

Only what is declared to have more than two axes, or is made of it, has leading axes; there axes that are summed away are gone, as in
NumPy, and of matrices they stay with size 1. What would have one axis left is a row.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

from symgrad.dims import ONE, Dim, Shape
from symgrad.errors import SymgradError
from symgrad.form import Form, apply, number
from symgrad.shapes import Shapes
from symgrad.span import Source, Span, caret

Make = Callable[[Shapes], Form]


class Refused(Exception):
    """A place in an expression that cannot be, the kind of error that it is, and the names whose kind may be to blame."""

    def __init__(self, kind: type[SymgradError], message: str, span: Span, names: frozenset[str] = frozenset()) -> None:
        super().__init__(message)
        self.kind, self.message, self.span, self.names = kind, message, span, names

    def at(self, source: Source) -> SymgradError:
        """The error with its place: line, column, the line itself and a caret."""
        line, column = source.place(self.span.start)
        first, *more = self.message.splitlines()
        return self.kind("\n".join([f"{source.name}:{line}:{column}: {first}", caret(source, self.span), *more]))


@dataclass(frozen=True)
class Array:
    """A piece of an expression; `lead` are the axes before its rows and columns.

    `names` are the undeclared names in it; `bare` is the one name of which it is a function entry by entry; `kept` says that an axis of
    size 1 is what a sum left; `ends` are the names that a matrix product begins and ends with; `literal` is the value of a number;
    `norm_of` what it is the norm of; `flat` says that NumPy has it as a vector of one axis, a column here or a row; `owed` is what has been
    paid for turning it, which a quadratic form x @ A @ y need not. `mask` says that its entries are 0 and 1, `causal` that they are 1 on
    and below the diagonal, `anticausal` above it, `opposite` the mask that is 1 where this one is 0; `masked` is what stands where such a
    mask is 1, beside entries that a softmax leaves out; `stacked` is the shape of the matrix whose columns it has on top of each other;
    `upright` says that an axis was made by hand in it, `x[:, None]`: who writes so counts the axes of vectors as NumPy does.
    `is_product` says that it is a matrix product and nothing more, `rate` is a name by itself or below a number, `1/n`; `scales` are the
    letters of numbers that multiply its entries from the left, `behind` the columns that do so from the right, `stretched` all columns that
    multiply or divide them, and `lies` says that a row was added to its rows: gains lie as biases do.
    """

    rows: Dim
    cols: Dim
    make: Make
    span: Span
    names: frozenset[str] = frozenset()
    bare: str | None = None
    kept: bool = False
    ends: tuple[str | None, str | None] | None = None
    literal: Fraction | None = None
    norm_of: Array | None = None
    lead: Shape = ()
    flat: bool = False
    owed: float = 0.0
    mask: bool = False
    causal: bool = False
    anticausal: bool = False
    opposite: Array | None = None
    masked: Array | None = None
    stacked: Shape | None = None
    upright: bool = False
    is_product: bool = False
    rate: str | None = None
    scales: frozenset[str] = frozenset()
    behind: frozenset[str] = frozenset()
    stretched: frozenset[str] = frozenset()
    lies: bool = False

    @property
    def shape(self) -> Shape:
        """Every axis."""
        return (*self.lead, self.rows, self.cols)


def literal(value: Fraction, span: Span) -> Array:
    """A number."""
    return Array(ONE, ONE, lambda _: number(value), span, literal=value)


def sized(dim: Dim, span: Span) -> Array:
    """A size as a number: the n of `sum(x) / n`."""

    def make(shapes: Shapes) -> Form:
        found = shapes.resolve(dim)
        if found.number is not None:
            return number(found.number)
        factor = found.terms[0][1] if len(found.terms) == 1 else Fraction(1)  # n/2 is 1/2 times n
        return number(factor, ((found * (1 / factor), 1),))

    return Array(ONE, ONE, make, span)


def squeezed(form: Form) -> Form:
    """A scalar of shape () where a matrix of 1×1 is needed."""
    return form if form.shape else apply("reshape", [form], (ONE, ONE))
