r"""What the names of a sheet mean: shapes by unification over its definitions, values, and the network that they make.

Definitions are read in order, every reading of one with every reading of those before, and the cheapest whole is kept first. A
literal fixes the size of a dimension for numbers, not in general: formulas are judged for all sizes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

from symgrad import names
from symgrad.dims import ONE, Dim, Shape
from symgrad.errors import SymgradError
from symgrad.implied import Dependences, function_of
from symgrad.network import Network
from symgrad.readings import Reader
from symgrad.rewrite import simplify
from symgrad.rules import SIMPLIFY
from symgrad.shapes import Shapes, is_unknown, unknown
from symgrad.span import Span
from symgrad.syntax import Node, Unreadable
from symgrad.tensor import Node as Tensor
from symgrad.tensor import Var, einsum, substitute, topological, var, variables
from symgrad.terms import Builder, Term, names_in
from symgrad.typing_rules import Note, Reading

Function = tuple[str, tuple[Fraction, ...]]

_LOSS_WORDS = ("loss", "Loss", "cost", "Cost", "MSE", "RSS", "SSE", "BCE", "CE", "NLL", "Error", "error", "Err")
_LOSS_LETTERS = ("L", "J", "E", "\\ell", *(f"\\mathcal{{{letter}}}" for letter in "LJEC"))
_SURE_LOSSES = frozenset((*_LOSS_LETTERS, *(f"\\mathrm{{{word}}}" for word in _LOSS_WORDS)))
_NEVER_ELSE = _SURE_LOSSES - {"E", "J", "C", "\\mathrm{Error}", "\\mathrm{error}", "\\mathrm{Err}"}
_SCALAR_GREEK = frozenset("\\" + n for n in ("alpha", "eta", "lambda", "epsilon", "varepsilon", "gamma", "tau", "rho", "kappa", "omega"))
_DIM_LETTERS = "nmdkpqrsuvw"
_VARIABLES = ("w", "\\theta", "\\beta", "W", "\\Theta", "x", "X")
_BEAM = 10
# Understandings that cost so much more than the cheapest are not tried: that a line holds in one says nothing.
_SPREAD = 2.5


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


def is_loss(name: str) -> bool:
    """Whether a name is one that losses have."""
    return stem(name) in _SURE_LOSSES or _bare(stem(name)) in _SURE_LOSSES


def _is_loss_here(vocabulary: Vocabulary, name: str) -> bool:
    """As `is_loss`; where another such name is differentiated and this one is not, it is something else (an error matrix E)."""
    if not is_loss(name):
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
    `activation` is applied and
    not written; with `numerator`, gradients have the transposed shape of their variable.
    """

    reopened: frozenset[str] = frozenset()
    distributions: frozenset[str] = frozenset()
    masks: frozenset[str] = frozenset()
    activation: str = ""
    numerator: bool = False


@dataclass
class Vocabulary:
    """What the sheet's own words and marks say, before anything is typed."""

    styled: frozenset[str] = frozenset()
    functions: dict[str, Function] = field(default_factory=dict)
    declared: dict[str, tuple[Dim, Dim]] = field(default_factory=dict)
    sizes: set[str] = field(default_factory=set)
    literals: dict[str, list[tuple[int, int]]] = field(default_factory=dict)
    properties: dict[str, set[str]] = field(default_factory=dict)
    assumed: Assumed = field(default_factory=Assumed)
    mentioned: frozenset[str] = frozenset()
    adjoints: bool = False
    related: frozenset[str] = frozenset()
    arguments: dict[str, tuple[str, ...]] = field(default_factory=dict)
    dependences: Dependences = field(default_factory=Dependences)


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
    tangents: tuple[str, ...] = ()

    # ── what a reader asks ───────────────────────────────────────────────────────────────────────────────────────────

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
        base = stem(name)
        letter = re.sub(r"\\(hat|tilde|bar|vec|dot|mathbf|boldsymbol|mathrm)\{(.*)\}", r"\2", base)
        if _is_loss_here(self.vocabulary, name):
            return [(0.0, "scalar")]
        if letter in _SCALAR_GREEK:
            return [(0.0, "scalar"), (3.0, "column"), (4.0, "matrix")]
        if letter.startswith("\\") and letter[1:2].islower():
            return [(0.0, "column"), (0.8, "matrix"), (1.2, "scalar"), (3.0, "row")]
        if letter in ("n", "m", "N", "B", "k", "c", "t"):
            return [(0.0, "scalar"), (1.0, "column"), (3.0, "matrix"), (3.0, "row")]
        if letter == "T":
            return [(0.2, "scalar"), (0.6, "matrix"), (3.0, "column"), (4.0, "row")]
        if letter[:1].isupper() or letter.startswith("\\"):
            return [(0.0, "matrix"), (3.0, "column"), (4.0, "row"), (4.0, "scalar")]
        if letter in ("b", "c"):
            return [(0.0, "column"), (1.0, "row"), (1.5, "matrix"), (2.5, "scalar")]
        return [(0.0, "column"), (1.5, "matrix"), (2.0, "row"), (2.5, "scalar")]

    def is_size(self, name: str) -> bool:
        return name in self.vocabulary.sizes

    def is_mentioned(self, name: str) -> bool:
        return name in self.vocabulary.mentioned

    @property
    def numerator(self) -> bool:
        return self.vocabulary.assumed.numerator

    def gradient_name(self, name: str) -> tuple[str, str] | None:
        loss = self.loss
        if loss is None:
            return None
        if not self.frozen:
            match = re.fullmatch(r"\\bar\{(.*)\}(.*)", name)
            known = match is not None and self.vocabulary.adjoints and match[1] + match[2] in self.vocabulary.related
            return (loss, match[1] + match[2]) if match is not None and known else None
        for mark in ("d", "\\Delta ", "\\partial "):
            if name.startswith(mark) and self.shape(name.removeprefix(mark)) is not None:
                return loss, name.removeprefix(mark)
        match = re.fullmatch(r"\\bar\{(.*)\}(.*)", name)
        if match and self.shape(match[1] + match[2]) is not None:
            return loss, match[1] + match[2]
        head, _, below = name.partition("_")
        wrt = below.removeprefix("{").removesuffix("}")
        if head == loss and self.shape(wrt) is not None:
            return loss, wrt
        return None

    @property
    def loss(self) -> str | None:
        """The scalar that gradients are of when nobody says."""
        scalars = self.losses()
        named = [name for name in scalars if is_loss(name)]
        return next(iter(reversed(named or scalars)), None)

    def variable_of(self, name: str) -> str | None:
        known = [n for n in self.vocabulary.arguments.get(name, ()) if self.shape(n) is not None]
        if len(known) == 1:
            return known[0]
        inputs = [n for n in self.network.inputs if self.rests_on(name, n)] if self.frozen else []
        return next((n for letter in _VARIABLES for n in inputs if stem(n) == letter), None)

    def rests_on(self, name: str, below: str) -> bool:
        definition = self.network.definitions.get(name)
        return definition is not None and any(v.name == below or self.rests_on(v.name, below) for v in variables(definition.node))

    def losses(self) -> list[str]:
        if not self.frozen:
            asked = self.vocabulary.dependences
            return [n for n in dict.fromkeys((*self.terms, *asked.inside, *asked.asked)) if is_loss(n)]
        found = self.network.definitions.values()
        return [d.name for d in found if all(dim.is_one for dim in d.shape)]

    def same_as(self, name: str) -> str | None:
        """A name never defined that differs from one defined only by its accent or style."""
        if not self.frozen or name in self.network:
            return None
        bare = _bare(name)
        same = [n for n in (*self.network.definitions, *self.network.inputs) if _bare(n) == bare and n != bare]
        return same[0] if len(same) == 1 and name != bare else None

    def same_as_defined(self, name: str) -> str | None:
        """As `same_as`, before anything is built: among the names that the sheet defines."""
        bare = _bare(name)
        same = [n for n in self.terms if _bare(n) == bare and n != bare]
        return same[0] if name not in self.terms and name != bare and len(same) == 1 else None

    def siblings(self, name: str) -> list[str]:
        own = _numbered(name)
        if own is None:
            return []
        found = []
        for other in (*self.network.inputs, *self.network.definitions):
            theirs = _numbered(other)
            if theirs is not None and theirs[0] == own[0] and abs(theirs[1] - own[1]) == 1:
                found.append(other)
        return found

    def activations(self) -> list[tuple[str, str, tuple[Fraction, ...]]]:
        found: dict[tuple[str, str, tuple[Fraction, ...]], None] = {}
        for term in self.terms.values():
            stack = [term]
            while stack:
                t = stack.pop()
                if t.op == "elementwise" and t.params[0] in _ACTIVATIONS and t.args[0].op == "symbol":
                    found[t.args[0].params[0], t.params[0], tuple(t.params[1:])] = None
                stack.extend(t.args)
        return list(found)

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
        builder = Builder(reading.shapes, reader.index, self.jacobian_variable)
        return simplify(builder.node(reading.term), self.network.facts, SIMPLIFY)

    def jacobian_variable(self, term: Term, of: Tensor, shapes: Shapes) -> Tensor:
        """A Jacobian as a variable with the axes of both, in the sizes of the claim; its value is found where it is needed."""
        name, mode = str(term.params[0]), str(term.params[1])
        shape = self.network.symbol_shape(name)
        if shape is None:
            raise Unreadable(Span(0, 0), f"{name} is not defined")
        size = of.shape[-2:]
        if isinstance(of, Var) and mode == "total" and all(dim.is_one for dim in of.shape):
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


def _bare(name: str) -> str:
    return re.sub(r"\\(hat|tilde|bar|vec|dot|mathbf|boldsymbol|widehat|widetilde)\{([^{}]*)\}", r"\2", name)


def _numbered(name: str) -> tuple[str, int] | None:
    """The name with its number taken out, and the number: in a subscript, or in a superscript `(2)` or `[2]`."""
    match = re.search(r"(?<=[_^])(?:(\d)|\{[(\[]?(\d+)[)\]]?\})", name)
    if match is not None:
        return name[: match.start()] + "#" + name[match.end() :], int(match[1] or match[2])
    match = re.search(r"(?<=[_^])(?:t|l|\{[(\[]?[tl]([+-]1)?[)\]]?\})", name)  # t and t - 1, where steps are not written out
    return None if match is None else (name[: match.start()] + "#" + name[match.end() :], int(match[1] or 0))


# ── understanding definitions ────────────────────────────────────────────────────────────────────────────────────────


def understood(vocabulary: Vocabulary, definitions: Sequence[Definition], width: int = 4) -> list[Meaning]:
    """The cheapest understandings of the definitions together, as meanings with their networks."""
    beam = [Meaning(vocabulary, _from_literals(vocabulary))]
    for definition in definitions:
        extended = [new for meaning in beam for new in _with(meaning, definition)]
        extended.sort(key=lambda m: m.cost)
        beam = _distinct(extended)[:_BEAM]
    beam.sort(key=lambda m: m.cost + _oddness(m))
    consistent = [m for m in beam if _sizes_agree(m)] or beam
    made = []
    for meaning in consistent:
        if meaning.cost > consistent[0].cost + _SPREAD:
            break
        frozen = _frozen(meaning)
        if frozen is not None:
            made.append(frozen)
        if len(made) == width:
            break
    return made


def _from_literals(vocabulary: Vocabulary) -> Shapes:
    """A literal that is a vector makes its name one; other sizes are left open."""
    shapes = Shapes()
    for name, sizes in vocabulary.literals.items():
        if name in vocabulary.declared or name in vocabulary.assumed.reopened:
            continue
        for axis, label in enumerate(("rows", "cols")):
            if all(size[axis] == 1 for size in sizes):
                bound = shapes.unify(unknown(f"{label}:{name}"), ONE)
                shapes = bound or shapes
    return shapes


def _with(meaning: Meaning, definition: Definition) -> list[Meaning]:
    name = definition.name
    reader = Reader(meaning, 0, definition.statement, set(definition.letters))
    reader.weights.extend(n for n in _weights(meaning.vocabulary.mentioned) if n not in meaning.terms)
    try:
        readings = reader.side(definition.expression, meaning.shapes)
    except Unreadable as error:
        return [replace(meaning, unread={**meaning.unread, name: error}, cost=meaning.cost + 10.0)]
    found: list[Meaning] = []
    for reading in readings:
        for made in _as_definition(meaning, definition, reading):
            terms = {**meaning.terms, name: made.term}
            notes = {**meaning.notes, name: made.notes}
            origins = {**meaning.origins, name: definition.statement}
            cost = meaning.cost + made.cost
            found.append(replace(meaning, shapes=made.shapes, terms=terms, notes=notes, origins=origins, cost=cost))
    if not found:
        misfit = Unreadable(definition.expression.span, "its sizes do not fit together")
        return [replace(meaning, unread={**meaning.unread, name: misfit}, cost=meaning.cost + 10.0)]
    return found


def _as_definition(meaning: Meaning, definition: Definition, reading: Reading) -> Iterable[Reading]:
    name, term, shapes = definition.name, reading.term, reading.shapes
    if definition.letters:
        free = [letter for letter in definition.letters if letter in term.free]
        if set(term.free) - set(definition.letters) or not free:
            return
        sizes = [unknown(f"index:{letter}:{definition.statement}") for letter in definition.letters]
        rows, cols = sizes[0], sizes[1] if len(sizes) > 1 else ONE
        if not shapes.is_one(term.rows) or not shapes.is_one(term.cols):
            return
        term = Term("collect", (term,), definition.letters, rows, cols)
    elif term.free:
        return
    if _is_loss_here(meaning.vocabulary, name) and not (shapes.is_one(term.rows) and shapes.is_one(term.cols)):
        note = Note("loss_summed", definition.expression.span, name)
        reading = reading.plus(1.0, shapes, term, note)
        term = Term("sum", (term,), (None,), ONE, ONE, term.free)
    own = meaning.shape(name) or (unknown(f"rows:{name}"), unknown(f"cols:{name}"))
    if term.op == "number" and term.params[0] == 0 and not is_loss(name):
        term = Term("zeros", (), (), *own)  # h_0 = 0 says nothing of its size
    met = shapes.together((own[0], term.rows), (own[1], term.cols))
    if met is not None:
        capital = meaning.kinds(name)[0][1] == "matrix" and (met.is_one(own[0]) or met.is_one(own[1]))
        yield reading.plus(0.6 if capital else 0.0, met, term)
    elif not _is_loss_here(meaning.vocabulary, name):
        turned = shapes.together((own[0], term.cols), (own[1], term.rows))
        if turned is not None:
            note = Note("missing_transpose", definition.expression.span)
            yield reading.plus(12.0, turned, Term("transpose", (term,), (), term.cols, term.rows), note)


_WEIGHTS = frozenset(("W", "U", "V", "\\Theta", "\\theta", "w", "\\mathbf{W}", "A", "K", "M"))


def _weights(mentioned: Iterable[str]) -> list[str]:
    return [n for n in mentioned if stem(n) in _WEIGHTS]


def _oddness(meaning: Meaning) -> float:
    """What it costs that names in capitals came out as vectors, and that y has not the shape of its estimate."""
    names_used = {name for term in meaning.terms.values() for name in names_in(term)} - meaning.terms.keys()
    total = 0.0
    for name in names_used:
        shape = meaning.shape(name) or (unknown(f"rows:{name}"), unknown(f"cols:{name}"))
        thin = meaning.shapes.is_one(shape[0]) or meaning.shapes.is_one(shape[1])
        if thin and stem(name)[:1].isupper() and name not in meaning.vocabulary.literals and name not in meaning.vocabulary.declared:
            total += 0.5 if meaning.kinds(name)[0][1] == "matrix" else 0.0
    every = names_used | meaning.terms.keys()
    for name in every:
        plain = _bare(name)
        if plain != name and plain in every:  # y and its estimate are alike
            first, second = (meaning.shape(n) or (unknown(f"rows:{n}"), unknown(f"cols:{n}")) for n in (name, plain))
            total += 2.0 if meaning.shapes.shape(*first) != meaning.shapes.shape(*second) else 0.0
    return total


def _distinct(beam: list[Meaning]) -> list[Meaning]:
    seen: set[Any] = set()
    kept = []
    for meaning in beam:
        key = (frozenset(meaning.terms.items()), frozenset(meaning.shapes.bound.items()))
        if key not in seen:
            seen.add(key)
            kept.append(meaning)
    return kept


def _sizes_agree(meaning: Meaning) -> bool:
    """No dimension has two sizes in the literals."""
    found: dict[Dim, int] = {}
    for name, sizes in meaning.vocabulary.literals.items():
        if name in meaning.vocabulary.assumed.reopened:
            continue
        for axis, label in enumerate(("rows", "cols")):
            dim = meaning.shapes.resolve(unknown(f"{label}:{name}"))
            size = sizes[-1][axis]
            if dim.number is not None and dim.number != size:
                return False
            if found.setdefault(dim, size) != size:
                return False
    return True


def _frozen(meaning: Meaning) -> Meaning | None:
    """The meaning with names for its sizes, and its network; None when the definitions cannot be built."""
    mentioned: dict[str, tuple[Dim, Dim]] = {}
    for name in (*meaning.vocabulary.declared, *meaning.vocabulary.literals, *meaning.terms):
        shape = meaning.shape(name)
        if shape is not None:
            mentioned[name] = shape
    for term in meaning.terms.values():
        stack = [term]
        while stack:
            t = stack.pop()
            if t.op == "symbol":
                mentioned.setdefault(t.params[0], (t.rows, t.cols))
            stack.extend(t.args)
    shapes = meaning.shapes
    implied = _implied(meaning)
    for name in dict.fromkeys(n for head, below in implied.items() for n in (head, *below)):
        if name not in mentioned:
            shapes, mentioned[name] = _guessed(meaning, shapes, name, mentioned)
    for zero, term in meaning.terms.items():
        others = {shapes.resolve(dim) for name, dims in mentioned.items() if name != zero for dim in dims}
        for dim in (term.rows, term.cols) if term.op == "zeros" else ():
            if shapes.is_open(dim) and shapes.resolve(dim) not in others:
                shapes = shapes.unify(dim, ONE) or shapes
    used = {name for term in meaning.terms.values() for name in names_in(term)} | meaning.terms.keys()
    for name, sizes in meaning.vocabulary.literals.items():
        if name not in used and name not in meaning.vocabulary.declared and len(set(sizes)) == 1:
            for dim, count in zip(mentioned[name], sizes[0], strict=True):
                if shapes.is_open(dim):
                    shapes = shapes.unify(dim, Dim.of(count)) or shapes
    taken = {s for dims in meaning.vocabulary.declared.values() for d in dims for s in d.symbols} | set(mentioned)
    fresh = (n for i in range(1000) for n in (letter + (str(i) if i else "") for letter in _DIM_LETTERS) if n not in taken)
    for dims in mentioned.values():
        for dim in dims:
            for symbol in sorted(shapes.resolve(dim).symbols):
                if is_unknown(symbol):
                    shapes = shapes.unify(Dim.of(symbol), Dim.of(next(fresh))) or shapes
    network = Network()
    made = replace(meaning, shapes=shapes, network=network, jacobians={}, derived={}, implied=implied)
    for name in (n for n in mentioned if n not in meaning.terms and n not in implied):
        size = shapes.shape(*mentioned[name])
        network.declare(name, size, properties=_properties(meaning, name, size))
    for name, definition in _in_order(meaning.terms, implied):
        if definition is None:
            made_up = function_of(name, shapes.shape(*mentioned[name]), {n: shapes.shape(*mentioned[n]) for n in implied[name]})
            network.define_node(name, made_up)
            continue
        own = shapes.shape(*mentioned[name])
        builder = Builder(shapes, Reader(made, 0, meaning.origins.get(name, 0)).index, made.jacobian_variable)
        try:
            node = simplify(builder.node(definition), network.facts, SIMPLIFY)
        except SymgradError:
            network.declare(name, own)
            continue
        if node.shape != own:
            return None
        if all(v.name in network for v in variables(node)):
            try:
                network.define_node(name, node)
            except SymgradError as error:
                network.declare(name, own)
                made.unread = {**made.unread, name: Unreadable(Span(0, 0), str(error))}
        elif any(v.name == name for v in variables(node)):
            network.declare(name, own)  # an update by itself, `w := w - …`
        else:
            made.derived[name] = node
    made.network = _sharing(network)
    made.frozen = True
    return made


def _sharing(network: Network) -> Network:
    """The network with definitions written by means of each other: `p = σ(Xw)` rests on `z = Xw`, though z is named later."""
    named = {d.node: d.name for d in reversed(network.definitions.values()) if d.node.operands}
    nodes: dict[str, Tensor] = {}
    for name, definition in network.definitions.items():
        inside = [n for n in topological([definition.node])[:-1] if n in named and named[n] != name]
        values = {n: network.variables[named[n]] for n in inside if n is not definition.node}
        nodes[name] = substitute(definition.node, dict(values)) if values else definition.node
    if all(nodes[name] is d.node for name, d in network.definitions.items()):
        return network
    shared = Network()
    for item in network.inputs.values():
        shared.declare(item.name, item.shape, item.role, item.properties)

    def define(name: str) -> None:
        if name in shared.definitions:
            return
        for v in variables(nodes[name]):
            if v.name in nodes:
                define(v.name)
        shared.define_node(name, nodes[name])

    for name in nodes:
        define(name)
    return shared


def _in_order(terms: Mapping[str, Term], implied: Mapping[str, Sequence[str]]) -> list[tuple[str, Term | None]]:
    """Definitions with what they use before them; one that needs itself is left as it stands. None for what is only implied."""
    done: dict[str, Term | None] = {}
    visiting: set[str] = set()

    def visit(name: str) -> None:
        if name in done or name in visiting or (name not in terms and name not in implied):
            return
        visiting.add(name)
        for used in sorted(names_in(terms[name])) if name in terms else implied[name]:
            visit(used)
        done[name] = terms.get(name)

    for name in (*terms, *implied):
        visit(name)
    return list(done.items())


def _implied(meaning: Meaning) -> dict[str, list[str]]:
    """What the names that are differentiated and never defined depend on."""
    vocabulary = meaning.vocabulary
    defined: dict[str, Iterable[str]] = {name: names_in(term) for name, term in meaning.terms.items()}
    known = {**dict.fromkeys(vocabulary.literals, ()), **{name: () for name in vocabulary.declared if not is_loss(name)}, **defined}
    found = vocabulary.dependences.direct(known, _weights(vocabulary.mentioned))
    found = {name: below for name, below in found.items() if meaning.same_as_defined(name) is None}
    return {name: list(dict.fromkeys(meaning.same_as_defined(b) or b for b in below)) for name, below in found.items()}


def _guessed(meaning: Meaning, shapes: Shapes, name: str, known: Mapping[str, tuple[Dim, Dim]]) -> tuple[Shapes, tuple[Dim, Dim]]:
    """The shape of a name that nothing settles: that of its neighbours in time or layer, else what its letter suggests."""
    shape = meaning.shape(name) or (unknown(f"rows:{name}"), unknown(f"cols:{name}"))
    own = _numbered(name)
    for other, size in known.items():
        theirs = _numbered(other)
        if own is not None and theirs is not None and own[0] == theirs[0] and stem(name) not in _WEIGHTS:
            met = shapes.together((shape[0], size[0]), (shape[1], size[1]))
            if met is not None:
                return met, shape
    kind = meaning.kinds(name)[0][1]
    if kind in ("column", "scalar"):
        shapes = shapes.unify(shape[1], ONE) or shapes
    if kind in ("row", "scalar"):
        shapes = shapes.unify(shape[0], ONE) or shapes
    return shapes, shape


def _properties(meaning: Meaning, name: str, shape: Shape) -> set[str]:
    """What the sheet says of a name, or is assumed to leave unsaid; a distribution sums to one along the axis of the softmax."""
    found = set(meaning.vocabulary.properties.get(name, ()))
    if name in meaning.vocabulary.assumed.distributions:
        found.add("distribution")
    if name in meaning.vocabulary.assumed.masks:
        found.add("mask")
    axis = 0 if shape[1].is_one else 1
    for term in meaning.terms.values():
        stack = [term]
        while stack:
            t = stack.pop()
            if t.op == "function" and t.params[0] in ("softmax", "log_softmax"):
                axis = int(t.params[1])
            stack.extend(t.args)
    if "symmetric" in found and shape[0] is not shape[1]:
        found.discard("symmetric")
    return {f"distribution:{axis}" if p == "distribution" else f"one_hot:{axis}" if p == "one_hot" else p for p in found}
