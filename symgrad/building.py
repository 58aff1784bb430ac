"""From typed definitions to a network: names for the sizes, functions for what is only implied, definitions that rest on each other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from symgrad.dims import ONE, Dim, Shape
from symgrad.errors import SymgradError
from symgrad.implied import function_of
from symgrad.meaning import WEIGHTS, Meaning, is_loss, numbered, stem, weights_among
from symgrad.network import Network
from symgrad.readings import Reader
from symgrad.resting import by_form, by_value
from symgrad.rewrite import simplify
from symgrad.rules import SIMPLIFY
from symgrad.shapes import Shapes, is_unknown, unknown
from symgrad.span import Span
from symgrad.syntax import Unreadable
from symgrad.tensor import variables
from symgrad.terms import Builder, Term, names_in, walk

_DIM_LETTERS = "nmdkpqrsuvw"


def built(meaning: Meaning, uses: Mapping[str, Iterable[str]] | None = None) -> Meaning | None:
    """The meaning with names for its sizes, and its network; None when the definitions cannot be built.

    `uses` says of definitions which names they come to rest on, where that is known from a network built before.
    """
    mentioned: dict[str, Shape] = {}
    for name in (*meaning.vocabulary.declared, *meaning.vocabulary.literals, *meaning.terms):
        shape = meaning.shape(name)
        if shape is not None:
            mentioned[name] = shape
    for term in meaning.terms.values():
        for t in walk(term):
            if t.op == "symbol":
                mentioned.setdefault(t.params[0], (t.rows, t.cols))
            elif t.op == "member":
                mentioned.setdefault(t.params[0], meaning.vocabulary.stacks[t.params[0]])
    shapes = meaning.shapes
    implied = _implied(meaning, uses or {})
    for name in dict.fromkeys(n for head, below in implied.items() for n in (head, *below)):
        if name not in mentioned:
            shapes, mentioned[name] = _guessed(meaning, shapes, name, mentioned)
    for zero, term in meaning.terms.items():
        others = {shapes.resolve(dim) for name, dims in mentioned.items() if name != zero for dim in dims}
        for dim in (term.rows, term.cols) if term.op == "zeros" else ():
            if shapes.is_open(dim) and shapes.resolve(dim) not in others:
                shapes = shapes.unify(dim, ONE) or shapes
    shapes = _as_counted(meaning, shapes, mentioned)
    taken = {s for dims in meaning.vocabulary.declared.values() for d in dims for s in d.symbols} | set(mentioned)
    taken |= meaning.vocabulary.sizes | {s for dims in mentioned.values() for d in dims for s in shapes.resolve(d).symbols}
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
        builder = Builder(shapes, Reader(made, False, meaning.origins.get(name, 0)).index, made.jacobian_variable)
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
    made.network = by_value(by_form(network), meaning.vocabulary.dependences.variables)
    # What is only implied must not go round a name that is seen now: `y = W relu(V x)` rests on h where h = relu(V x).
    rests = {d.name: [v.name for v in variables(d.node)] for d in made.network.definitions.values() if d.name in meaning.terms}
    if implied and uses is None and any(set(used) - names_in(meaning.terms[name]) for name, used in rests.items()):
        return built(meaning, rests)
    made.frozen = True
    return made


def _as_counted(meaning: Meaning, shapes: Shapes, mentioned: Mapping[str, Shape]) -> Shapes:
    """The shapes with the sizes of values that no definition uses: what is equal in the numbers of an example is taken to be so in general.

    `y = [0, 1, 0]` beside `L = -\\log p_2` is as long as what was defined last with three entries.
    """
    used = {name for term in meaning.terms.values() for name in names_in(term)} | meaning.terms.keys()
    stated = {**meaning.vocabulary.claimed, **{n: meaning.literal_sizes(n) for n in meaning.vocabulary.literals}}
    written = {n: sizes[0] for n, sizes in stated.items() if n in mentioned and len(set(sizes)) == 1}
    counted: dict[int, Dim] = {}
    for name in sorted(written, key=lambda n: list(meaning.terms).index(n) if n in meaning.terms else -1):
        if name in used:
            counted |= {n: dim for dim, n in zip(mentioned[name], written[name], strict=True) if n != 1 and not shapes.is_one(dim)}
    for name, sizes in written.items():
        if name in used or name in meaning.vocabulary.declared or name not in meaning.vocabulary.literals:
            continue
        whole = {shapes.shape(*mentioned[n]) for n in used & written.keys() if written[n] == sizes and 1 not in sizes}
        if len(whole) == 1:  # a mask beside the one matrix that has as many rows and columns
            shapes = shapes.together(*zip(mentioned[name], whole.pop(), strict=True)) or shapes
            continue
        alike = counted if 1 in sizes else {}  # the sides of a matrix are as long as others by accident
        for dim, count in zip(mentioned[name], sizes, strict=True):
            if shapes.is_open(dim):
                shapes = shapes.unify(dim, ONE if count == 1 else alike.get(count, unknown(f"count:{count}"))) or shapes
    return shapes


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


def _implied(meaning: Meaning, uses: Mapping[str, Iterable[str]]) -> dict[str, list[str]]:
    """What the names that are differentiated and never defined depend on."""
    vocabulary = meaning.vocabulary
    defined: dict[str, Iterable[str]] = {name: uses.get(name, names_in(term)) for name, term in meaning.terms.items()}
    values = (name for name in vocabulary.literals if not is_loss(name))  # that of a loss does not say what it depends on
    known = {**dict.fromkeys(values, ()), **{name: () for name in vocabulary.declared if not is_loss(name)}, **defined}
    weights = [name for name in weights_among(vocabulary.mentioned) if name not in meaning.terms]
    found = vocabulary.dependences.direct(known, weights)
    found = {n: below for n, below in found.items() if meaning.same_as_defined(n) is None and meaning.loss_of_all(n) is None}
    return {name: list(dict.fromkeys(meaning.same_as_defined(b) or b for b in below)) for name, below in found.items()}


def _guessed(meaning: Meaning, shapes: Shapes, name: str, known: Mapping[str, Shape]) -> tuple[Shapes, tuple[Dim, Dim]]:
    """The shape of a name that nothing settles: that of its neighbours in time or layer, else what its letter suggests."""
    shape = meaning.shape(name) or (unknown(f"rows:{name}"), unknown(f"cols:{name}"))
    own = numbered(name)
    for other, size in known.items():
        theirs = numbered(other)
        if own is not None and theirs is not None and own[0] == theirs[0] and stem(name) not in WEIGHTS:
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
    if {"mask", "distribution"} <= found:
        found = found - {"mask", "distribution"} | {"one_hot"}  # zeros and ones that sum to one
    axis = 0 if shape[1].is_one else 1
    is_matrix = not (shape[0].is_one or shape[1].is_one)
    for term in meaning.terms.values() if is_matrix else ():
        for t in walk(term):
            is_of_rows = t.op == "function" and not any(map(meaning.shapes.is_one, (t.args[0].rows, t.args[0].cols)))
            if is_of_rows and t.params[0] in ("softmax", "log_softmax"):
                axis = int(t.params[1])
    if "symmetric" in found and shape[0] is not shape[1]:
        found.discard("symmetric")
    return {f"distribution:{axis}" if p == "distribution" else f"one_hot:{axis}" if p == "one_hot" else p for p in found}
