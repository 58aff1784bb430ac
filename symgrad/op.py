"""What an op is: one record with every facet a pass asks for.

The records in `symgrad.ops` are the only list of operations: the reader's vocabulary, the type checker, the derivative,
the typesetter and the NumPy code all read them. A facet that is missing raises `Unsupported` where it is needed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from fractions import Fraction
from itertools import pairwise
from typing import Any, Protocol

from symgrad import names
from symgrad.dims import Shape
from symgrad.tensor import Func, Node, Params


class Prec(IntEnum):
    """How tightly a written form binds; a looser one inside a tighter one gets parentheses."""

    SUM = 1
    PRODUCT = 2
    QUOTIENT = 3
    PREFIX = 4
    POSTFIX = 5
    ATOM = 6


class Written(Protocol):
    """A form being written: what a notation may ask of it."""

    @property
    def args(self) -> tuple[Any, ...]: ...
    @property
    def params(self) -> Params: ...
    @property
    def shape(self) -> Shape: ...


class Writer(Protocol):
    """A typesetter as a notation sees it."""

    mode: str  # "latex", "text" or "numpy"

    def write(self, form: Any, least: Prec) -> str:
        """The form, in parentheses when it binds less tightly than `least`."""
        ...

    def written(self, form: Any) -> tuple[str, Prec]:
        """The form and how tightly it binds, without parentheses around it."""
        ...


Special = Callable[[Writer, Any], tuple[str, Prec]]


@dataclass(frozen=True)
class Notation:
    """A template in operands `{0}`, `{1}`, … and parameters `{p0}`, …

    `{0}` is written to bind at least like `inner`, `{t0}` like a factor of a product.
    """

    template: str
    prec: Prec = Prec.ATOM
    inner: Prec = Prec.SUM


@dataclass(frozen=True)
class Infix:
    """Operands joined by a sign: `A B`, `A ⊙ B`."""

    sign: str
    prec: Prec
    inner: Prec


def side_by_side(writer: Writer, forms: Sequence[Any], parts: Sequence[str]) -> str:
    """Factors in a row; in LaTeX a differential keeps its distance: dh W would else read as d(hW)."""
    parts = [*(_closed(writer, part) for part in parts[:-1]), parts[-1]]
    out = parts[0]
    for (left, right), part in zip(pairwise(forms), parts[1:], strict=True):
        apart = writer.mode == "latex" and (_is_differential(left) or _is_differential(right))
        out += (r" \, " if apart else " ") + part
    return out


def _closed(writer: Writer, part: str) -> str:
    """A logarithm with a product behind it, in brackets: log softmax(Z)ᵀ Y would else be the logarithm of a product."""
    if writer.mode == "latex":
        return rf"\left({part}\right)" if part.startswith(("\\log ", "\\log\\det")) else part
    return f"({part})" if part.startswith("log ") else part


def _is_differential(form: Any) -> bool:
    body = form.args[0] if form.op == "transpose" else form
    return body.op == "symbol" and names.is_tangent(body.name)


Spelling = Notation | Infix | Special

ShapeRule = Callable[[tuple[Shape, ...], Params], Shape]
LowerRule = Callable[[tuple[Node, ...], Params], Node]


@dataclass(frozen=True)
class Op:
    """One operation on matrices or tensors.

    `shape` gives the result's shape and raises `ShapeError`; `lower` gives its tensor form; `latex`, `text`, `numpy`
    are its spellings; `arity` is None for any number of operands; `scalar(sympy, *entries, *params)` is its value on SymPy
    scalars, for elementwise ops; `source` is where the formula is from.
    """

    name: str
    arity: int | None
    shape: ShapeRule
    lower: LowerRule
    latex: Spelling
    text: Spelling
    numpy: Spelling
    scalar: Callable[..., Any] | None = None
    source: str = ""


@dataclass(frozen=True)
class Elementwise:
    """An elementwise function and its calculus.

    `derivative(operands, y)` gives the partial derivative by each operand, as tensors of the same shape, `y` being the
    output. `primed` functions are written f′(x) where a textbook would (ReLU′), and by formula elsewhere.
    `kinks(operands)` vanish where the function is not differentiable; `domain` is what operands are drawn from. A `numpy`
    string is a template that binds like an atom; the empty one means that the notation spells NumPy too.
    """

    name: str
    latex: Spelling
    text: Spelling
    numpy: str | Notation
    derivative: Callable[[Sequence[Node], Node, Params], tuple[Node, ...]]
    scalar: Callable[..., Any]
    arity: int = 1
    primed: bool = False
    in_output: bool = False
    numpy_prime: str | Notation = ""
    kinks: Callable[[Sequence[Node], Params], tuple[Node, ...]] | None = None
    convention: str = ""
    domain: str = "real"
    source: str = ""


@dataclass(frozen=True)
class Function:
    """The calculus of an op that is neither multilinear nor elementwise.

    `vjp(node, cotangent)` gives the cotangent of each operand; `jvp(node, tangents)` the tangent of the output (a tangent
    of None is zero). `kinks(node)` change their signs where it is not differentiable.
    """

    name: str
    vjp: Callable[[Func, Node], tuple[Node, ...]]
    jvp: Callable[[Func, Sequence[Node | None]], Node]
    kinks: Callable[[Func], tuple[Node, ...]] | None = None
    domain: str = "real"
    source: str = ""


_LARGEST_DENOMINATOR, _MOST_DECIMALS = 128, 12


def decimal(value: Fraction) -> str | None:
    """A number with many, though finitely many, digits as people type it: 0.044715, not 8943/200000; None for any other."""
    if value.denominator <= _LARGEST_DENOMINATOR or 10**_MOST_DECIMALS % value.denominator:
        return None
    whole, rest = divmod(value.numerator * 10**_MOST_DECIMALS // value.denominator, 10**_MOST_DECIMALS)
    return f"{whole}.{rest:0{_MOST_DECIMALS}d}".rstrip("0")
