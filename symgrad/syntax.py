r"""What was written, as a tree: untyped, with places, nothing decided that only types can decide.

A superscript may be a label, a transpose or a power; `·` may be a matrix product, a Hadamard product or a step of
the chain rule; `f(x)` may be a call or a product. The tree says what stands where, and typing says what it means:

- a `Product` is a flat chain in the order written, with the operator before each factor ("" where nothing is written);
- scripts hang on `Scripted`, as they were written, and a `Mark` is a script that is no expression (`*`, `:`, `\top`);
- an operand without brackets (`\log p q`, `\nabla_h h W`) is everything joined on by juxtaposition, and the node says `bare`,
  so that typing can take a shorter one and give the rest back to the product;
- `dW` and `\Delta W` are a `Differential`, also where they turn out to be a product of `d` and `k`.

Two trees are equal when they say the same, wherever they stand.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, fields, replace
from fractions import Fraction
from functools import lru_cache

from symgrad.errors import SymgradError
from symgrad.span import Span


class Unreadable(SymgradError):
    """A piece of mathematics that cannot be read: where, and why."""

    def __init__(self, span: Span, reason: str) -> None:
        super().__init__(reason)
        self.span = span
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Node:
    """A piece of what was written."""

    span: Span = field(compare=False, repr=False)
    _children: tuple[Node, ...] | None = field(default=None, init=False, compare=False, repr=False)  # once they were asked for


@dataclass(frozen=True, slots=True)
class Name(Node):
    r"""A letter or word with its decoration, outermost first: `\mathbf{\hat y}` is base `y`, accents ("hat",), style "mathbf".

    A Greek letter, typed or as a macro, has the macro as its base (`\delta`); a word has its letters (`ReLU`, `np.sum`).
    """

    base: str
    accents: tuple[str, ...] = ()
    style: str = ""


@dataclass(frozen=True, slots=True)
class Number(Node):
    """A number in the digits it was written with, without a sign."""

    text: str

    @property
    def value(self) -> Fraction:
        r"""Exactly.

        >>> at = Span(0, 1)
        >>> [str(Number(at, t).value) for t in ("0.30", "1{,}000", "0{,}5", "1e-3")]
        ['3/10', '1000', '1/2', '1/1000']
        """
        return _value(self.text)

    @property
    def decimals(self) -> int:
        """How many digits follow the decimal point."""
        return len(self.text.replace("{,}", ".").partition("e")[0].partition(".")[2])


@lru_cache(maxsize=4096)
def _value(text: str) -> Fraction:
    head, *groups = text.split("{,}")
    thousands = groups and all(len(g.partition(".")[0]) == 3 for g in groups) and head != "0"
    return Fraction(("" if thousands else ".").join([head, *groups]))


@dataclass(frozen=True, slots=True)
class Blank(Node):
    """Nothing, where something could stand: the left of a row that begins with `=`, the base of `{}_b`, an empty cell."""


@dataclass(frozen=True, slots=True)
class Dots(Node):
    r"""`\dots` and its relatives, by their direction: "dots", "vdots", "ddots"."""

    kind: str = "dots"


@dataclass(frozen=True, slots=True)
class Mark(Node):
    r"""A script that is no expression: `*`, `+`, `:`, `\top`, `\dagger`."""

    text: str


@dataclass(frozen=True, slots=True)
class Range(Node):
    """Places of an axis in a subscript, counted from 1, both ends taken: `1:d`, `2:2:n`; without a start, all of them: `:`."""

    start: Node | None = None
    stop: Node | None = None
    step: Node | None = None


@dataclass(frozen=True, slots=True)
class Text(Node):
    """Words, where mathematics could stand."""

    text: str


@dataclass(frozen=True, slots=True)
class Scripted(Node):
    base: Node
    sub: Node | None = None
    sup: Node | None = None
    primes: int = 0


@dataclass(frozen=True, slots=True)
class Prescripted(Node):
    r"""Scripts at the left: `{}_2\begin{bmatrix}…`, `{}^{t}X`."""

    base: Node
    sub: Node | None = None
    sup: Node | None = None


@dataclass(frozen=True, slots=True)
class Accented(Node):
    r"""An accent over more than a name: `\overline{x + y}`."""

    accent: str
    body: Node


@dataclass(frozen=True, slots=True)
class Annotated(Node):
    r"""`\underbrace{x}_{note}`, `\overset{note}{x}`."""

    body: Node
    note: Node
    above: bool = False


@dataclass(frozen=True, slots=True)
class Prefix(Node):
    r"""A sign before what follows: `-`, `+`, `\pm`, `\neg`, `\forall`. Before a product it covers the product."""

    sign: str
    body: Node


@dataclass(frozen=True, slots=True)
class Postfix(Node):
    """`!` or `%` after what it belongs to."""

    sign: str
    body: Node


@dataclass(frozen=True, slots=True)
class Sum(Node):
    """At least two terms; `signs[0]` is "" when none is written."""

    terms: tuple[Node, ...]
    signs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Product(Node):
    """At least two factors; `operators[i]` stands between factors i and i + 1."""

    factors: tuple[Node, ...]
    operators: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Frac(Node):
    above: Node
    below: Node


@dataclass(frozen=True, slots=True)
class Root(Node):
    body: Node
    index: Node | None = None


@dataclass(frozen=True, slots=True)
class Group(Node):
    r"""Something in brackets: `(…)`, `\{…\}`, `⌊…⌋`; in `[0, 1)` they differ, and `\left. … \right|` has "" for one."""

    open: str
    close: str
    body: Node


@dataclass(frozen=True, slots=True)
class List(Node):
    """`[1, 2, 3]`; with one item it may be no more than a bracket. Rows parted by `;` are Lists themselves."""

    items: tuple[Node, ...]
    separator: str = ","


@dataclass(frozen=True, slots=True)
class Listing(Node):
    r"""Items without brackets of their own: `x, y \in …`, `i, j`, `(N, D)` inside its Group, `p(y \mid x)`."""

    items: tuple[Node, ...]
    separators: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Angle(Node):
    r"""`\langle a, b\rangle`: an inner product, or a shape; `\langle 1 \times d\rangle` has one item."""

    items: tuple[Node, ...]
    separator: str = ","


@dataclass(frozen=True, slots=True)
class Norm(Node):
    body: Node


@dataclass(frozen=True, slots=True)
class Abs(Node):
    body: Node


@dataclass(frozen=True, slots=True)
class Call(Node):
    r"""A function and what it is given. The function is a Name, or one with scripts: `\sigma'`, `\mathrm{softmax}_i`, `\log_2`.

    A keyword argument (`axis=0`) is a Relation. `brackets` is what encloses the arguments; "" makes it bare.
    """

    function: Node
    args: tuple[Node, ...]
    brackets: str = "("

    @property
    def bare(self) -> bool:
        return not self.brackets


@dataclass(frozen=True, slots=True)
class Matrix(Node):
    """Rows of cells; `kind` is the environment, or the one that its brackets amount to."""

    rows: tuple[tuple[Node, ...], ...]
    kind: str = "bmatrix"


@dataclass(frozen=True, slots=True)
class BigOp(Node):
    r"""`\sum_{t=1}^{T}`, `\prod_i`, `\max_x`, a bare `\sum`; the body is the rest of the product it stands in."""

    operator: str
    below: Node | None
    above: Node | None
    body: Node | None


@dataclass(frozen=True, slots=True)
class Derivative(Node):
    r"""A derivative, however written.

    `kind` is "partial", "d", "delta" (`\frac{\delta L}{\delta W}`) or "nabla"; `form` is "fraction", "slash" or "operator"
    (`\frac{\partial}{\partial W} L`, `\nabla_W L`); `of` is None where the operator stands alone. `order` and `mark` are the
    scripts on the sign: `\partial^2 L`, `\nabla^2`, `\partial^{+} h`.
    """

    of: Node | None
    wrt: tuple[Node, ...]
    kind: str = "partial"
    form: str = "fraction"
    order: Node | None = None
    mark: Node | None = None
    bare: bool = False


@dataclass(frozen=True, slots=True)
class At(Node):
    r"""A value at a point: `\frac{\partial L}{\partial w}\Big|_{w = w_0}`; the point is what stands below the bar."""

    of: Node
    point: Node


@dataclass(frozen=True, slots=True)
class Differential(Node):
    r"""A sign and the name it stands before: `dW`, `\mathrm{d}x`, `\partial L` alone, `\Delta W`. Its `sign` is "d", "∂" or "Δ"."""

    sign: str
    of: Node
    order: Node | None = None


@dataclass(frozen=True, slots=True)
class Indicator(Node):
    r"""`\mathbb 1[z > 0]`, `\mathbf 1_{z>0}`; `mark` is the 1 or I."""

    mark: Node
    condition: Node


@dataclass(frozen=True, slots=True)
class Relation(Node):
    r"""A chain of at least two sides: `a = b \approx c`; `notes` are what stood over an operator (`\overset{!}{=}`)."""

    sides: tuple[Node, ...]
    operators: tuple[str, ...]
    notes: tuple[Node | None, ...] = ()


@dataclass(frozen=True, slots=True)
class Case(Node):
    value: Node
    condition: Node | None
    words: str = ""


@dataclass(frozen=True, slots=True)
class Cases(Node):
    rows: tuple[Case, ...]


@dataclass(frozen=True, slots=True)
class Unread(Node):
    """What could not be read, why, and where in it, if that is known."""

    reason: str
    at: Span | None = None


def children(node: Node) -> tuple[Node, ...]:
    """What the node is made of, in the order of its fields."""
    if node._children is None:
        found = tuple(_nodes([getattr(node, name) for name in field_names(type(node))]))
        object.__setattr__(node, "_children", found)
        return found
    return node._children


def _nodes(values: Iterable[object]) -> Iterator[Node]:
    for value in values:
        if isinstance(value, Node):
            yield value
        elif isinstance(value, tuple):
            yield from _nodes(value)


def mapped(node: Node, change: Callable[[Node], Node]) -> Node:
    """The tree with every node changed, from the inside out; what stays the same is not copied."""
    return change(_with_children(node, lambda child: mapped(child, change)))


def replaced(node: Node, other: Callable[[Node], Node | None]) -> Node:
    """The tree with nodes changed from the outside in: where there is another for a node it stands instead, and is not gone into."""
    made = other(node)
    return _with_children(node, lambda child: replaced(child, other)) if made is None else made


def _with_children(node: Node, change: Callable[[Node], Node]) -> Node:
    """The node with everything that it is made of changed."""

    def inside(value: object) -> object:
        if isinstance(value, Node):
            return change(value)
        if isinstance(value, tuple):
            made = tuple(map(inside, value))
            return value if all(a is b for a, b in zip(made, value, strict=True)) else made
        return value

    changed = {}
    for name in field_names(type(node)):
        value = getattr(node, name)
        made = inside(value)
        if made is not value:
            changed[name] = made
    # The new values have the types of the old ones.
    return replace(node, **changed) if changed else node  # type: ignore[arg-type]


_FIELDS: dict[type[Node], tuple[str, ...]] = {}


def field_names(kind: type[Node]) -> tuple[str, ...]:
    """The fields that a kind of node is made of."""
    if kind not in _FIELDS:
        _FIELDS[kind] = tuple(f.name for f in fields(kind) if f.name not in ("span", "_children"))
    return _FIELDS[kind]


def walk(node: Node) -> Iterator[Node]:
    """The node and everything under it, from the outside in, in reading order."""
    stack = [node]
    while stack:
        current = stack.pop()
        yield current
        stack += children(current)[::-1]
