"""NumPy as people type it → a network: `sum((relu(X@W1 + b)@W2 - Y)**2)`.

The text is parsed by Python's `ast`, held against a list of what is allowed, and never evaluated. What nobody declares is inferred: sizes
by unification, and what a name is by its letter (lower case a column, upper case a matrix, Greek a scalar), or otherwise where
something speaks against that: of all choices the one is taken that the least speaks against.
Source of the search: Hart, Nilsson, Raphael, *A formal basis for the heuristic determination of minimum cost paths* (1968).
"""

from __future__ import annotations

import heapq
from collections.abc import Mapping, Sequence
from itertools import count

from symgrad.dims import Shape
from symgrad.errors import InvalidNetwork, ShapeError, SymgradError
from symgrad.form import symbols, walk
from symgrad.network import Network
from symgrad.properties import along
from symgrad.read.anew import with_versions
from symgrad.read.arrays import Array, Refused
from symgrad.read.declared import read_properties, read_shapes
from symgrad.read.kinds import stem
from symgrad.read.known import Vocabulary
from symgrad.read.python import Assignment, assignments
from symgrad.read.reader import Reader
from symgrad.read.trees import names_in
from symgrad.read.typing import Typing
from symgrad.span import Source

_MOST_TRIED = 300
_FLIPPED, _MADE_SCALAR, _IMPOSSIBLE = 1.0, 2.0, 1000.0
_PARAMETERS = frozenset({"W", "w", "b", "U", "V", "u", "v", "theta", "Theta", "bias", "weights", "params"})


def network_of(
    text: str, dims: str = "", given: Mapping[str, tuple[int, int]] | None = None, assumed: str = "", scalar: bool = True
) -> Network:
    """The network of an expression; `dims` declares shapes as `--dims` does, `given` has the sizes of values that are given.

    `assumed` declares properties as `--assume` does: rewrites hold by them, and values are drawn so; derivatives are as without them.
    What is defined last is a loss, a `scalar`, unless it is said to be of any shape.

    Raises `SymgradError`, with the place and a caret, for what cannot be read or does not go together.

    >>> print(network_of("sum((X@w - y)**2)"))
      X  data       n×d
      w  parameter  d×1
      y  data       n×1
      L = Σ (X w − y)²  scalar
    """
    source = Source(text, "--expr")
    try:
        return network_of_assignments(
            source, with_versions(assignments(source)), read_shapes(dims), given or {}, read_properties(assumed), scalar
        )
    except Refused as refused:
        raise refused.at(source) from None


def network_of_assignments(
    source: Source,
    found: Sequence[Assignment],
    shapes: Mapping[str, Shape],
    given: Mapping[str, tuple[int, int]],
    properties: Mapping[str, frozenset[str]],
    scalar: bool = True,
) -> Network:
    """The network of definitions that are parsed. Raises `Refused` where they do not go together."""
    vocabulary = Vocabulary.of(source, found, shapes, given, properties, scalar)
    typing, arrays = _best(vocabulary)
    return _built(vocabulary, typing, arrays)


# ── the search for what names are ────────────────────────────────────────────────────────────────────────────────────


Typed = tuple[Typing, dict[str, Array]]


def _best(vocabulary: Vocabulary) -> Typed:
    """The arrays of the definitions under the choice of kinds that the least speaks against."""
    serial = count()
    start = dict.fromkeys(vocabulary.kinds, 0)
    tried = {tuple(start.values())}
    cost, blamed, typed, refused = _typed(vocabulary, start)
    queue = [(cost, next(serial), start, blamed, typed)]
    first = refused
    best: tuple[float, Typed] | None = None
    while queue and len(tried) < _MOST_TRIED:
        cost, _, choice, blamed, typed = heapq.heappop(queue)
        if typed is not None and (best is None or cost < best[0]):
            best = cost, typed
        if not blamed or (best is not None and best[0] <= _flips(vocabulary, choice) + _FLIPPED):
            break
        for name in sorted(blamed):
            for kind in range(len(vocabulary.kinds.get(name, ()))):
                other = {**choice, name: kind}
                if tuple(other.values()) in tried:
                    continue
                told = typed[0] if typed else Typing(vocabulary.source)
                if vocabulary.kinds[name][kind] == "scalar" and name not in told.beside_scalars:
                    continue
                if vocabulary.kinds[name][kind] == "matrix" and name not in told.with_rows:
                    continue
                tried.add(tuple(other.values()))
                cost, further, made, _ = _typed(vocabulary, other)
                heapq.heappush(queue, (cost, next(serial), other, further, made))
    if best is None:
        assert first is not None
        raise first
    if best[0] >= _IMPOSSIBLE:
        raise _no_scalar(vocabulary, best[1])
    return best[1]


def _no_scalar(vocabulary: Vocabulary, typed: Typed) -> Refused:
    typing, arrays = typed
    last = vocabulary.definitions[-1]
    typing.settle()
    array = arrays[vocabulary.loss]
    typing.lettered(array.shape)
    return Refused(InvalidNetwork, f"{last.name} is {typing.shown(array)}, and a gradient is of a scalar; sum it", last.span)


def _flips(vocabulary: Vocabulary, choice: Mapping[str, int]) -> float:
    kinds = (vocabulary.kinds[name][k] for name, k in choice.items() if k)
    return sum(_MADE_SCALAR if kind == "scalar" else _FLIPPED for kind in kinds)


def _typed(vocabulary: Vocabulary, choice: Mapping[str, int]) -> tuple[float, frozenset[str], Typed | None, Refused | None]:
    """The definitions under a choice of kinds: what it costs, which names are to blame, and the arrays, or why there are none."""
    kinds = {name: vocabulary.kinds[name][k] for name, k in choice.items()}
    taken = frozenset({*vocabulary.sizes, *kinds, *vocabulary.shapes, *(a.name for a in vocabulary.definitions if a.name)})
    reader = Reader(vocabulary, kinds, Typing(vocabulary.source, taken))
    typing = reader.typing
    cost = _flips(vocabulary, choice)
    try:
        for definition in vocabulary.definitions:
            array = reader.array(definition.tree)
            assert definition.name is not None
            reader.defined[definition.name] = reader.as_declared(definition, array)
    except Refused as refused:
        if refused.kind is not ShapeError and not any(choice.values()):
            raise
        # The further it was read before something did not fit, the nearer it is to fitting.
        unread = 1 - refused.span.end / max(len(vocabulary.source.text), 1)
        return (2 + unread) * _IMPOSSIBLE + cost + typing.cost, refused.names, None, refused
    loss = reader.defined[vocabulary.loss]
    if vocabulary.scalar and not typing.is_scalar(loss):
        typing.blame(0.0, loss.names | typing.beside_scalars)
        cost += _IMPOSSIBLE
    return cost + typing.cost, frozenset(typing.blamed), (typing, reader.defined), None


# ── typed arrays → a network ─────────────────────────────────────────────────────────────────────────────────────────


def _built(vocabulary: Vocabulary, typing: Typing, arrays: Mapping[str, Array]) -> Network:
    typing.settle()
    inputs = [name for a in vocabulary.definitions for name in names_in(a.tree, True)]
    inputs = [n for n in dict.fromkeys(inputs) if n in vocabulary.kinds or (n in vocabulary.shapes and n not in arrays)]
    typing.lettered(dim for name in inputs for dim in typing.met.get(name, ()))
    typing.lettered(dim for array in arrays.values() for dim in array.shape)
    forms = {}
    for definition in vocabulary.definitions:
        assert definition.name is not None
        try:
            form = forms[definition.name] = arrays[definition.name].make(typing.shapes)
        except SymgradError as error:
            raise Refused(type(error), str(error), definition.span) from None
        typing.made[definition.name] = form.shape
    found = {f.name: f.shape for form in forms.values() for f in symbols(form) if f.name not in forms}
    places = {f.name for form in forms.values() for part in walk(form) if part.op == "one_hot" for f in symbols(part)}
    network = Network()
    parameters = looks_like_parameters(dict(zip(inputs, inputs, strict=True)))
    for name in inputs:
        if name in found:
            said = {*(("places",) if name in places else ()), *(("mask",) if name in typing.masks else ())}
            held = along(vocabulary.properties.get(name, ()), found[name]) | said
            role = (
                "data"
                if name in places
                else "mask"
                if "mask" in held
                else "parameter"
                if name in parameters
                else "data"
                if parameters
                else "input"
            )
            network.declare(name, found[name], role, held)
    for name, form in forms.items():
        network.define_form(name, form)
    return network


def looks_like_parameters(identifiers: Mapping[str, str]) -> set[str]:
    """The names that look like parameters by their identifiers; a b alone may as well be the right side of A x = b."""
    found = {name for name, identifier in identifiers.items() if stem(identifier) in _PARAMETERS}
    return found if any(stem(identifiers[name]) not in ("b", "u", "v") for name in found) else set()
