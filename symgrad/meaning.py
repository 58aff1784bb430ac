r"""What the names of a sheet mean: what its words and marks say of them, and one typed understanding of its definitions."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache

from symgrad import names
from symgrad.dims import ONE, Dim
from symgrad.implied import Dependences
from symgrad.naming import ANY_NUMBER
from symgrad.network import Network
from symgrad.origins import Origins
from symgrad.readings import Reader
from symgrad.rewrite import simplify
from symgrad.rules import SIMPLIFY
from symgrad.shapes import Shapes, unknown
from symgrad.span import Span
from symgrad.syntax import Node, Unreadable
from symgrad.tensor import Node as Tensor
from symgrad.tensor import Var, einsum, var, variables
from symgrad.terms import Builder, Term, settled, walk
from symgrad.typing_rules import Note, Reading

Function = tuple[str, tuple[Fraction, ...]]

_LOSS_WORDS = ("loss", "Loss", "cost", "Cost", "MSE", "RSS", "SSE", "BCE", "CE", "NLL", "KL", "ELBO", "Error", "error", "Err")
_LOSS_LETTERS = ("L", "J", "E", "\\ell", *(f"\\mathcal{{{letter}}}" for letter in "LJEC"))
_SURE_LOSSES = frozenset((*_LOSS_LETTERS, *(f"\\mathrm{{{word}}}" for word in _LOSS_WORDS)))
_NEVER_ELSE = _SURE_LOSSES - {"E", "J", "C", "\\mathrm{Error}", "\\mathrm{error}", "\\mathrm{Err}"}
_SCALAR_GREEK = frozenset("\\" + n for n in ("alpha", "eta", "lambda", "epsilon", "varepsilon", "gamma", "tau", "rho", "kappa", "omega"))
# What it costs that a vector is a row, and where others are.
_ROW, _ROW_AFTER_ROW = 2.0, 0.5
# … and that the label of a case that is one of two is a number.
_LABEL_OF_TWO = 0.4
_VARIABLES = ("w", "\\theta", "\\beta", "W", "\\Theta", "x", "X")


# The letters that rules have for themselves, which no other letter drifted to.
_OF_A_RULE = re.compile(r"\\(?:check|breve|acute|grave)\{")


@lru_cache(maxsize=4096)
def stem(name: str) -> str:
    r"""The name without its subscripts and superscripts.

    >>> stem("W^{(h)}"), stem("\\hat{y}_{2}"), stem("L")
    ('W', '\\hat{y}', 'L')
    """
    depth = 0
    for i, char in enumerate(name):
        depth += (char == "{") - (char == "}")
        if char in "^_" and depth == 0 and i:
            return name[:i]
    return name


# Matrices of data.
_DATA = frozenset({"X", "Y", "T"})


def is_loss(name: str) -> bool:
    """Whether a name is one that losses have; a logarithm that is a name is that of a likelihood."""
    return stem(name) in _SURE_LOSSES or bare(stem(name)) in _SURE_LOSSES or name.startswith("\\log ")


def is_loss_here(vocabulary: Vocabulary, name: str) -> bool:
    """As `is_loss`; where another such name is differentiated and this one is not, it is something else (an error matrix E); so is one
    that is transposed, or has a norm, or is bold.
    """
    if name in vocabulary.quantities or name in vocabulary.bold:
        return False
    if not is_loss(name):
        return name in vocabulary.losses
    if name in vocabulary.arrays and stem(name) not in _NEVER_ELSE:
        return False
    asked = {stem(n) for n in (*vocabulary.dependences.inside, *vocabulary.dependences.asked) if is_loss(n)}
    return not asked or stem(name) in asked or stem(name) in _NEVER_ELSE


@dataclass(frozen=True)
class Definition:
    """A name and the expression that the sheet gives it."""

    name: str
    expression: Node
    statement: int
    letters: tuple[str, ...] = ()


@dataclass(frozen=True)
class Assumed:
    """What a sheet leaves unsaid, tried as a hypothesis about the whole of it.

    `reopened` are names given as one row that may stand for a batch later; `distributions` sum to one; `masks` are zeros and ones;
    `activation` is applied and not written; the shapes declared of the `undeclared` are wrong; with `numerator`, gradients have the
    transposed shape of their variable; `dZ` of a batch of `examples` is the gradient of the sum over them, not of the mean;
    vectors of every example are one `feature` of them, where all is entry by entry; all names are `numbers`;
    `functions` that no line names are these, each a letter and what it stands for;
    the `restated` are defined by the next formula that they are said to equal; of the `gradients`, each a name, what it is the
    gradient of and by what, the formulas are claims.
    """

    reopened: frozenset[str] = frozenset()
    distributions: frozenset[str] = frozenset()
    masks: frozenset[str] = frozenset()
    undeclared: frozenset[str] = frozenset()
    activation: str = ""
    numerator: bool = False
    examples: str = ""
    feature: bool = False
    numbers: bool = False
    functions: frozenset[tuple[str, str]] = frozenset()
    restated: frozenset[str] = frozenset()
    gradients: frozenset[tuple[str, str, str]] = frozenset()


@dataclass
class Vocabulary:
    """What the sheet's own words and marks say, before anything is typed."""

    styled: frozenset[str] = frozenset()
    functions: dict[str, Function] = field(default_factory=dict)
    declared: dict[str, tuple[Dim, Dim]] = field(default_factory=dict)
    declared_at: dict[str, int] = field(default_factory=dict)
    sizes: set[str] = field(default_factory=set)
    same_size: dict[Dim, Dim] = field(default_factory=dict)  # a size that is said to be another: `n = m`
    losses: set[str] = field(default_factory=set)
    quantities: frozenset[str] = frozenset()  # never losses here, whatever they are called
    stacks: dict[str, tuple[Dim, Dim, Dim]] = field(default_factory=dict)  # what has a matrix for each index: how many, rows, columns
    beside_capitals: dict[str, str] = field(default_factory=dict)  # Greek before a matrix, a number, or behind one, a column
    has_roots: bool = False  # A^{1/2} is the root of the matrix: a formula by itself, of which nothing says that it is symmetric
    literals: dict[str, list[tuple[int, int]]] = field(default_factory=dict)
    valued_at: dict[str, int] = field(default_factory=dict)  # the statement that gives a name its first value
    lists: set[str] = field(default_factory=set)  # names given as `[1, 2, 3]`, which may be a row or a column
    claimed: dict[str, list[tuple[int, int]]] = field(default_factory=dict)  # sizes of the numbers that names and gradients come to
    layout: str = ""  # of Jacobians, where the sheet announces one
    lying: dict[str, str] = field(default_factory=dict)  # vectors that are said to be a "row" or a "column"
    has_rows_throughout: bool = False  # all of whose vectors are said to be rows
    examples_lie: str = ""  # as "row" or "column" in the matrix of all of them, where words say so
    is_illustrated: bool = False  # by single numbers, for sizes of one
    of_one_row: set[str] = field(default_factory=set)  # names whose numbers are those of one row, or of one entry
    properties: dict[str, set[str]] = field(default_factory=dict)
    assumed: Assumed = field(default_factory=Assumed)
    mentioned: frozenset[str] = frozenset()
    bold: frozenset[str] = frozenset()
    arrays: frozenset[str] = frozenset()  # transposed, or in a norm, as no number is
    entrywise: frozenset[str] = frozenset()
    divisors: frozenset[str] = frozenset()  # names that only divide
    complemented: frozenset[str] = frozenset()  # the y of `1 - y`
    along_an_axis: frozenset[str] = frozenset()  # vectors by an index that runs along an axis of a matrix
    numbers: frozenset[str] = frozenset()  # said to be positive, or one of a set
    families: frozenset[str] = frozenset()  # the v of v_1, …, v_C, which are vectors
    transposes: bool = False  # whether it writes any as `A^T`, so that a prime is hardly one
    scripts: frozenset[str] = frozenset()  # the letters that stand in scripts: indices, steps, labels
    indexed: frozenset[str] = frozenset()  # the names that have entries or members by an index that runs
    alongside: frozenset[frozenset[str]] = frozenset()  # names that one sum runs over together
    tables: frozenset[str] = frozenset()  # the w of `w_{jk}`
    rows: frozenset[str] = frozenset()  # those that are one row of their capital
    single: frozenset[str] = frozenset()  # the names whose members are numbers, and no rows of a matrix
    rearranged: frozenset[str] = frozenset()  # the X of `X_{jn} = x_{nj}`
    members: dict[str, Dim] = field(default_factory=dict)  # the sizes of the vectors of a family, where they are declared
    heads: frozenset[str] = frozenset()
    counting: Origins = field(default_factory=Origins)
    arguments: dict[str, tuple[str, ...]] = field(default_factory=dict)
    sequences: frozenset[frozenset[str]] = frozenset()  # names of the same thing at every time step
    dependences: Dependences = field(default_factory=Dependences)

    def declare(self, name: str, shape: tuple[Dim, Dim], statement: int) -> None:
        """Take the shape of a name as a statement gives it, unless that statement is believed to err."""
        self.declared_at[name] = statement
        if name not in self.assumed.undeclared:
            self.declared[name] = shape

    @property
    def sizes_said(self) -> set[str]:
        """The letters of sizes that the sheet itself writes."""
        return {symbol for shape in self.declared.values() for dim in shape for symbol in dim.symbols} | self.sizes

    def of_one_size(self, shape: tuple[Dim, Dim]) -> tuple[Dim, Dim]:
        """A shape with the sizes that are said to be equal as one."""
        return self.same_size.get(shape[0], shape[0]), self.same_size.get(shape[1], shape[1])


@dataclass
class Meaning:
    """One typed understanding of a sheet; it answers what a `Reader` asks."""

    vocabulary: Vocabulary
    shapes: Shapes = field(default_factory=Shapes)
    terms: dict[str, Term] = field(default_factory=dict)
    notes: dict[str, tuple[Note, ...]] = field(default_factory=dict)
    origins: dict[str, int] = field(default_factory=dict)
    derived: dict[str, Tensor] = field(default_factory=dict)
    cost: float = 0.0
    unread: dict[str, Unreadable] = field(default_factory=dict)
    network: Network = field(default_factory=Network)
    frozen: bool = False
    jacobians: dict[str, tuple[Tensor, str, str]] = field(default_factory=dict)
    implied: dict[str, list[str]] = field(default_factory=dict)
    _simplified: dict[Tensor, Tensor] = field(default_factory=dict)

    # ── what a reader asks ───────────────────────────────────────────────────────────────────────────────────────────

    def stack(self, name: str) -> tuple[Dim, Dim, Dim] | None:
        return self.vocabulary.stacks.get(name)

    @property
    def has_roots(self) -> bool:
        return self.vocabulary.has_roots

    @property
    def styled(self) -> frozenset[str]:
        return self.vocabulary.styled

    @property
    def functions(self) -> dict[str, Function]:
        return self.vocabulary.functions

    def shape(self, name: str) -> tuple[Dim, Dim] | None:
        if self.frozen:
            found = self.network.symbol_shape(name)
            if found is not None:
                return found[0], found[1]
            if name in self.derived:
                return self.derived[name].shape[0], self.derived[name].shape[1]
        if name in self.vocabulary.declared:
            return self.vocabulary.declared[name]
        if name in self.terms or name in self.vocabulary.literals:
            return unknown(f"rows:{name}"), unknown(f"cols:{name}")
        return None

    def kinds(self, name: str) -> list[tuple[float, str]]:
        if name == ANY_NUMBER:
            return [(0.0, "scalar")]
        base = stem(name)
        letter = re.sub(r"\\(hat|tilde|bar|vec|dot|check|breve|acute|grave|mathbf|boldsymbol|mathrm)\{(.*)\}", r"\2", base)
        if is_loss_here(self.vocabulary, name):
            return [(0.0, "scalar")]
        if (said := self.vocabulary.lying.get(name)) is not None:
            return [(0.0, said), (3.0, "matrix"), (5.0, "scalar")]
        if name in self.vocabulary.bold and (letter[:1].islower() or letter[1:2].islower()):
            return [(0.0, "column"), (1.5, "matrix"), (2.0, "row"), (5.0, "scalar")]
        if name in self.vocabulary.families:
            return [(0.0, "matrix"), (3.0, "column"), (4.0, "row"), (5.0, "scalar")]
        if name in self.vocabulary.tables and letter[:1].islower():
            return [(0.0, "matrix"), (3.0, "column"), (4.0, "row"), (5.0, "scalar")]
        if name in self.vocabulary.along_an_axis:
            return [(0.0, "column"), (0.3, "row"), (3.0, "matrix"), (3.0, "scalar")]
        if name in self.vocabulary.divisors and letter[:1].islower():
            return [(0.0, "scalar"), (1.0, "column"), (2.0, "matrix"), (2.0, "row")]
        if name in self.vocabulary.entrywise and letter.startswith("\\"):
            return [(0.0, "column"), (0.8, "matrix"), (2.0, "row"), (3.0, "scalar")]
        if (beside := self.vocabulary.beside_capitals.get(name)) is not None:
            return [(0.0, beside), (1.2, "column" if beside == "scalar" else "scalar"), (1.5, "matrix"), (3.0, "row")]
        if letter in _SCALAR_GREEK and name in self.vocabulary.indexed:
            return [(0.0, "column"), (2.0, "row"), (3.0, "scalar"), (3.0, "matrix")]  # the multipliers of `\\sum_i \\alpha_i`
        if letter in _SCALAR_GREEK or (name in self.vocabulary.numbers and name not in self.vocabulary.bold):
            return [(0.0, "scalar"), (3.0, "column"), (4.0, "matrix")]
        if letter == "\\sigma":
            return [(0.0, "scalar"), (0.5, "column"), (0.8, "row"), (1.5, "matrix")]  # a deviation, of one thing or of each
        if letter.startswith("\\") and letter[1:2].islower():
            return [(0.0, "column"), (0.8, "matrix"), (1.2, "scalar"), (3.0, "row")]
        if letter == "t" and name == letter and letter not in self.vocabulary.scripts:
            return [(0.0, "scalar"), (0.3, "column"), (0.6, "row"), (1.5, "matrix")]  # targets; no time passes here
        if letter in ("n", "m", "N", "k", "c", "d", "t") or (
            letter == "B" and not self.is_mentioned("A") and name not in self.vocabulary.arrays
        ):  # B counts a batch, but beside an A, or where it is transposed
            return [(0.0, "scalar"), (1.0, "column"), (3.0, "matrix"), (3.0, "row")]
        if letter == "T":
            return [(0.2, "scalar"), (0.6, "matrix"), (3.0, "column"), (4.0, "row")]
        if letter[:1].isupper() or letter.startswith("\\"):
            return [(0.0, "matrix"), (3.0, "column"), (4.0, "row"), (4.0, "scalar")]
        if letter in ("b", "c"):
            return [(0.0, "column"), (1.0, "row"), (2.5, "scalar"), (3.5, "matrix")]
        if self.vocabulary.has_rows_throughout:
            return [(0.0, "row"), (1.5, "matrix"), (2.0, "column"), (2.5, "scalar")]
        row = _ROW_AFTER_ROW if self._has_computed_rows else _ROW
        return [
            (0.0, "column"),
            (1.5, "matrix"),
            (row, "row"),
            (_LABEL_OF_TWO if letter == "y" and name in self.vocabulary.complemented else 2.2 if letter == "y" else 2.5, "scalar"),
        ]

    @property
    def _has_computed_rows(self) -> bool:
        """Whether a definition came out as a row, as the others then do too."""
        return any(self.shapes.is_one(term.rows) and not self.shapes.is_one(term.cols) for term in self.terms.values())

    @property
    def primes_are_names(self) -> bool:
        r"""Whether the v' of a sheet that writes `v^\top` for transposes is another v."""
        return self.vocabulary.transposes

    def is_family(self, name: str) -> bool:
        """Whether the x_i are vectors, by how they are written, or because each is defined as one."""
        return self.is_collected(name) or (name[:1].islower() and self.kinds(name)[0][1] == "matrix")

    def is_collected(self, name: str) -> bool:
        r"""Whether the h_i of `h_i = \tanh(W x_i)` are columns by their definition."""
        term = self.terms.get(name)
        return term is not None and term.op == "collect" and len(term.params) == 1 and not self.shapes.is_one(term.cols)

    @property
    def has_rows(self) -> bool:
        r"""Whether the vectors of a family may be rows: while definitions are read, and on a sheet that has one such as `y_i = x_i W`."""
        return not self.frozen or any(t.op == "collect" and t.args[0].op == "transpose" for t in self.terms.values())

    def lies(self, name: str) -> str:
        """How the examples of a matrix of data lie in it by the words of the sheet: "row" or "column"; "" where nothing is said."""
        return self.vocabulary.examples_lie if name in _DATA else ""

    def literal_sizes(self, name: str) -> list[tuple[int, int]]:
        """The sizes of the numbers that a name is given; those of a list as the name is understood."""
        sizes = self.vocabulary.literals[name]
        is_column = name in self.vocabulary.lists and self.shapes.is_one(unknown(f"cols:{name}"))
        return [size[::-1] if is_column and size[0] == 1 else size for size in sizes]

    def comes_later(self, name: str, statement: int) -> bool:
        """Whether a name is only known by a value that is given further down."""
        vocabulary = self.vocabulary
        is_elsewhere = name in vocabulary.declared or name in self.terms
        return not is_elsewhere and vocabulary.valued_at.get(name, statement) > statement

    @property
    def counting(self) -> Origins:
        return self.vocabulary.counting

    @property
    def convolves(self) -> bool:
        return any(t.op == "shifted" for term in self.terms.values() for t in walk(term))

    def is_size(self, name: str) -> bool:
        return name in self.vocabulary.sizes

    def is_given(self, name: str) -> bool:
        return name in self.vocabulary.literals

    def is_indexed(self, name: str) -> bool:
        return name in self.vocabulary.indexed

    def is_counted_through(self, name: str) -> bool:
        """Whether a vector is spoken of by all its entries, `x_1` and `x_2` beside a 2 by 2 matrix of numbers."""
        found = self.shape(name)
        many = next(k for k in range(1, len(self.vocabulary.mentioned) + 2) if f"{name}_{k}" not in self.vocabulary.mentioned) - 1
        long = [] if found is None else [self.shapes.resolve(dim) for dim in found if not self.shapes.is_one(dim)]
        if many < 2 or len(long) != 1:
            return False
        sides = ((other, axis, label) for other in self.vocabulary.literals for axis, label in enumerate(("rows", "cols")))
        return any(
            self.shapes.resolve(unknown(f"{label}:{other}")) is long[0] and self.literal_sizes(other)[-1][axis] == many
            for other, axis, label in sides
        )

    def is_one_row(self, name: str) -> bool:
        return name in self.vocabulary.rows

    def lies_as_a_row(self, name: str) -> bool:
        lying = self.vocabulary.lying
        if name in lying:
            return lying[name] == "row"
        # A label's row lies as that of what it is taken from.
        is_label = "one_hot" in self.vocabulary.properties.get(stem(name).upper(), ())
        return is_label and any(kind == "row" and other.partition("_")[2] == name.partition("_")[2] for other, kind in lying.items())

    def has_numbers(self, name: str) -> bool:
        return name in self.vocabulary.single

    def is_mentioned(self, name: str) -> bool:
        return name in self.vocabulary.mentioned

    def is_defined(self, name: str) -> bool:
        return name in self.vocabulary.heads

    def is_rearranged(self, name: str) -> bool:
        return name in self.vocabulary.rearranged

    def formula(self, name: str) -> Term | None:
        term = self.terms.get(name)
        return None if term is None else settled(term, self.shapes.resolve)

    @property
    def numerator(self) -> bool:
        return self.vocabulary.assumed.numerator

    @property
    def examples(self) -> Dim | None:
        return Dim.of(self.vocabulary.assumed.examples) if self.vocabulary.assumed.examples else None

    def gradient_name(self, name: str) -> tuple[str, str] | None:
        loss = self.loss
        if loss is None:
            return None
        if not self.frozen:
            return (loss, name[1:]) if name.startswith("d") and self.shape(name[1:]) is not None else None
        for mark in ("d", "\\Delta ", "\\partial "):
            if name.startswith(mark) and self.shape(wrt := name.removeprefix(mark)) is not None:
                return self._loss_by(wrt) or loss, wrt
        head, _, below = name.partition("_")
        wrt = below.removeprefix("{").removesuffix("}")
        if head == loss and self.shape(wrt) is not None:
            return loss, wrt
        return None

    def _loss_by(self, wrt: str) -> str | None:
        """Of several losses the last that a name leads to and that is no term of another: the sum of those of all examples or steps."""
        resting = [of for of in self.losses() if is_loss(of) and self.rests_on(of, wrt)]
        return next((of for of in reversed(resting) if not any(self.rests_on(other, of) for other in resting)), None)

    @property
    def loss(self) -> str | None:
        """The scalar that gradients are of when nobody says."""
        scalars = self.losses()
        if self.vocabulary.assumed.examples:
            scalars = [name for name in scalars if name in self.terms] or scalars
        named = [name for name in scalars if is_loss(name)]
        return next(iter(reversed(named or scalars)), None)

    def loss_of_all(self, name: str) -> str | None:
        """The loss that is defined, for that of an example, which is not."""
        loss = self.loss
        return loss if self.vocabulary.assumed.examples and is_loss(name) and name not in self.terms and loss in self.terms else None

    @property
    def layout(self) -> str:
        return self.vocabulary.layout

    def variable_of(self, name: str) -> str | None:
        known = [n for n in self.vocabulary.arguments.get(name, ()) if self.shape(n) is not None]
        known = [n for n in known if self.rests_on(name, n)] if self.frozen and len(known) > 1 else known
        if len(known) == 1:
            return known[0]
        if self.frozen and known and len(known) < len(self.vocabulary.arguments[name]):
            return None  # `J(\\theta)` of a J that is a function of w and b elsewhere
        inputs = [n for n in self.network.inputs if self.rests_on(name, n)] if self.frozen else []
        return next((n for letter in _VARIABLES for n in inputs if stem(n) == letter), None)

    def rests_on(self, name: str, below: str) -> bool:
        """Whether a name is computed from another; what a gradient is known by may lead back to itself."""
        seen, waiting = {name}, [name]
        while waiting:
            current = waiting.pop()
            definition = self.network.definitions.get(current)
            node = self.derived.get(current) if definition is None else definition.node
            found = {v.name for v in variables(node)} if node is not None else set()
            if below in found:
                return True
            waiting += found - seen
            seen |= found
        return False

    def losses(self) -> list[str]:
        if not self.frozen:
            asked = self.vocabulary.dependences
            named = [n for n in dict.fromkeys((*self.terms, *asked.inside, *asked.asked)) if is_loss(n)]
            others = [n for n in self.terms if n in asked.asked or n in asked.inside]
            return named + [n for n in others if n not in named and self._came_out_scalar(n)]
        found = self.network.definitions.values()
        return [d.name for d in found if all(dim.is_one for dim in d.shape)]

    def _came_out_scalar(self, name: str) -> bool:
        return self.shapes.is_one(unknown(f"rows:{name}")) and self.shapes.is_one(unknown(f"cols:{name}"))

    def same_as(self, name: str) -> str | None:
        """A name never defined that differs from one defined only by its accent or style."""
        if not self.frozen or name in self.network:
            return None
        plain = bare(name)
        same = [n for n in (*self.network.definitions, *self.network.inputs) if bare(n) == plain and n != plain and not _OF_A_RULE.match(n)]
        return same[0] if len(same) == 1 and name != plain and not _OF_A_RULE.match(name) else None

    def same_as_defined(self, name: str) -> str | None:
        """As `same_as`, before anything is built: among the names that the sheet defines."""
        plain = bare(name)
        same = [n for n in self.terms if bare(n) == plain and n != plain and not _OF_A_RULE.match(n)]
        return same[0] if name not in self.terms and not _OF_A_RULE.match(name) and name != plain and len(same) == 1 else None

    def siblings(self, name: str) -> list[str]:
        own = numbered(name)
        if own is None:
            return []
        found = []
        for other in (*self.network.inputs, *self.network.definitions, *self.derived):
            theirs = numbered(other)
            if theirs is not None and theirs[0] == own[0] and abs(theirs[1] - own[1]) == 1:
                found.append(other)
        return found

    def activations(self) -> list[tuple[str, str, tuple[Fraction, ...]]]:
        found: dict[tuple[str, str, tuple[Fraction, ...]], None] = {}
        for term in self.terms.values():
            for t in walk(term):
                if t.op == "elementwise" and t.params[0] in _ACTIVATIONS and t.args[0].op == "symbol":
                    found[t.args[0].params[0], t.params[0], tuple(t.params[1:])] = None
        return list(found)

    def hadamard_factors(self) -> set[str]:
        """The vectors and matrices that definitions multiply by entry by entry."""
        found = [t for term in self.terms.values() for t in walk(term) if t.op == "hadamard"]
        symbols = {a for t in found for a in t.args if a.op == "symbol"}
        return {str(a.params[0]) for a in symbols if not all(map(self.shapes.is_one, (a.rows, a.cols)))}

    def preactivation(self, name: str) -> list[str]:
        found = []
        for defined, term in self.terms.items():
            if term.op in ("elementwise", "function") and term.args and term.args[0].op == "symbol" and len(term.args) == 1:
                if defined == name:
                    found.append(str(term.args[0].params[0]))
                elif term.args[0].params[0] == name:
                    found.append(defined)
        return found

    # ── from terms to tensors ────────────────────────────────────────────────────────────────────────────────────────

    def tensor(self, reading: Reading, reader: Reader) -> Tensor:
        """The tensor of a reading, simplified."""
        key = reading.shapes.key
        if key not in reader.builders:  # what readings of the same sizes have in common is built once
            reader.builders[key] = Builder(reading.shapes, reader.index, self.jacobian_variable)
        made = reader.builders[key].node(reading.term)
        if made not in self._simplified:
            self._simplified[made] = simplify(made, self.network.facts, SIMPLIFY)
        return self._simplified[made]

    def jacobian_variable(self, term: Term, of: Tensor, shapes: Shapes) -> Tensor:
        """A Jacobian as a variable with the axes of both, in the sizes of the claim; its value is found where it is needed."""
        name, mode = str(term.params[0]), str(term.params[1])
        shape = self.network.symbol_shape(name)
        if shape is None and name in self.derived:
            shape = self.derived[name].shape[0], self.derived[name].shape[1]
        if shape is None:
            raise Unreadable(Span(0, 0), f"{name} is not defined")
        size = of.shape[-2:]
        is_loss = isinstance(of, Var) and names.gradient_of(of.name) is None and all(dim.is_one for dim in of.shape)
        if isinstance(of, Var) and is_loss and mode == "total":
            gradient = var(names.gradient(of.name, name), shapes.shape(*shape))
            return einsum([(gradient, (2, 3))], (0, 1, 2, 3), (ONE, ONE, *gradient.shape))
        if isinstance(of, Var) and of.name in self.network:
            of = self.network.variables[of.name]
        label = f"J\u2063{len(self.jacobians)}"
        for known, held in self.jacobians.items():
            if held == (of, name, mode):
                label = known
        self.jacobians[label] = (of, name, mode)
        return var(label, (*size, *shapes.shape(*shape)))


_ACTIVATIONS = frozenset({"relu", "sigmoid", "tanh", "leaky_relu", "elu", "silu", "gelu", "softplus", "hard_tanh"})


@lru_cache(maxsize=4096)
def bare(name: str) -> str:
    """The name without its accents."""
    return re.sub(
        r"\\(hat|tilde|bar|vec|dot|check|breve|acute|grave|mathbf|boldsymbol|widehat|widetilde)\{((?:[^{}]|\{[^{}]*\})*)\}", r"\2", name
    )


def numbered(name: str) -> tuple[str, int] | None:
    """The name with its number taken out, and the number: in a subscript, or in a superscript `(2)` or `[2]`."""
    match = re.search(r"(?<=[_^])(?:(\d)|\{[(\[]?(\d+)[)\]]?\})", name)
    if match is not None:
        return name[: match.start()] + "#" + name[match.end() :], int(match[1] or match[2])
    match = re.search(r"(?<=[_^])(?:t|l|\{[(\[]?[tl]([+-]1)?[)\]]?\})", name)  # t and t - 1, where steps are not written out
    return None if match is None else (name[: match.start()] + "#" + name[match.end() :], int(match[1] or 0))


WEIGHTS = frozenset(("W", "U", "V", "\\Theta", "\\theta", "w", "\\mathbf{W}", "A", "K", "M"))


def weights_among(mentioned: Iterable[str]) -> list[str]:
    """The names that people give to weights."""
    return [n for n in mentioned if stem(n) in WEIGHTS]
