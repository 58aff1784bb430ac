r"""The cheapest understandings of a sheet's definitions together.

Definitions are read in order, every reading of one with every reading of those before, and the cheapest whole is kept first. A
literal fixes the size of a dimension for numbers, not in general: formulas are judged for all sizes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from symgrad import names
from symgrad import syntax as sx
from symgrad.allowance import Allowance
from symgrad.building import built
from symgrad.dims import ONE, Dim
from symgrad.meaning import Definition, Meaning, Vocabulary, bare, is_loss, is_loss_here, stem, weights_among
from symgrad.naming import plain_name
from symgrad.parts import mentions
from symgrad.readings import Reader
from symgrad.sequences import of_one_shape
from symgrad.shapes import Shapes, unknown
from symgrad.syntax import Unreadable
from symgrad.terms import Term, names_in, walk
from symgrad.typing_rules import Note, Reading, is_scalar, transposed

_BEAM = 10
_VECTORS = frozenset("xwhuv")
# What it costs to understand a definition so that the value written for it has another shape.
_NOT_ITS_VALUE = 2.0
# What it costs that the gradient by something comes out as a number, and that it is none.
_NOT_ITS_GRADIENT = 2.0
# What it costs to read the lists of a sheet as columns.
_LISTS_AS_COLUMNS = 0.3
# What it costs that the one letter of a sheet about functions is a number.
_A_NUMBER = 0.3
# What it costs elsewhere that what is called x is a number.
_X_A_NUMBER = 1.0
_A_BIAS_OF_EACH = 3.0
# Understandings that cost so much more than the cheapest are not tried: that a line holds in one says nothing.
_SPREAD = 2.5
# What it costs that a loss is no scalar as written, and that all but one of what it is computed from are scalars: so is that one.
_LOSS_SUMMED, _ONE_IS_WIDE = 1.0, 3.0
# What it costs that a capital is a vector, or a number.
_THIN = (0.0, 0.5, 1.5)
# What it costs that targets lie otherwise than the estimates in one sum.
_TURNED_TARGETS = 1.5
_TARGETS = frozenset({"y", "t"})
# Nobody takes the softmax of one number.
_SOFTMAX_OF_ONE = 3.0
# An index is more often one of entries.
_VECTORS_FOR_AN_INDEX = 0.5


def understood(
    vocabulary: Vocabulary, definitions: Sequence[Definition], width: int = 4, allowance: Allowance | None = None
) -> list[Meaning]:
    """The cheapest understandings of the definitions together, as meanings with their networks.

    When the allowance is spent only the cheapest is followed.
    """
    beam = [Meaning(vocabulary, _from_literals(vocabulary))]
    if vocabulary.lists:
        beam.append(Meaning(vocabulary, _from_literals(vocabulary, True), cost=_LISTS_AS_COLUMNS))
    alone = _alone(vocabulary, definitions)
    rows = Shapes().unify(unknown(f"rows:{alone}"), ONE) if alone is not None else None
    number = rows.unify(unknown(f"cols:{alone}"), ONE) if rows is not None else None
    if alone is not None and number is not None:
        beam.append(Meaning(vocabulary, number, cost=_A_NUMBER - (_X_A_NUMBER if stem(alone) in _VECTORS else 0.0)))
    for definition in _members_first(definitions):
        if allowance is not None and allowance.is_spent:
            beam = beam[:1]
        extended = [new for meaning in beam for new in _with(meaning, definition)]
        extended.sort(key=lambda m: m.cost)
        # A formula that goes together only where numbers have other sizes than they are written with is not read.
        agreeing = [m for m in extended if _sizes_agree(m)] or [_misfit(m, definition) for m in beam if _sizes_agree(m)]
        beam = _distinct(agreeing or extended)[:_BEAM]
    beam = sorted((replace(m, cost=m.cost + _oddness(m)) for m in beam), key=lambda m: m.cost)
    consistent = [m for m in beam if _sizes_agree(m)] or beam
    made = []
    for meaning in consistent:
        if meaning.cost > consistent[0].cost + _SPREAD:
            break
        frozen = built(meaning)
        if frozen is not None:
            made.append(frozen)
        if len(made) == width:
            break
    return made


def _members_first(definitions: Sequence[Definition]) -> list[Definition]:
    r"""The definitions in order, but for `L = \sum_i \ell_i, \quad \ell_i = …`, where what is defined for every index comes first."""
    found: list[Definition] = []
    for new in definitions:
        users = (k for k, d in enumerate(found) if new.name in mentions(d.expression) and d.name not in mentions(new.expression))
        found.insert(next(users, len(found)) if new.letters else len(found), new)
    return found


def _alone(vocabulary: Vocabulary, definitions: Sequence[Definition]) -> str | None:
    """The one letter that all the definitions are functions of, where nothing says of what shape it is."""
    nodes = [n for d in definitions for n in sx.walk(d.expression)]
    if any(isinstance(n, sx.Scripted) and n.sub is not None for n in nodes):
        return None
    called = {plain_name(n.function) for n in nodes if isinstance(n, sx.Call)} | {"\\sigma", "\\pi", "e"}
    known = {d.name for d in definitions} | vocabulary.functions.keys() | vocabulary.sizes
    used = {name for n in nodes if isinstance(n, sx.Name) and (name := plain_name(n)) is not None} - called - known
    name = used.pop() if len(used) == 1 else None
    is_told = name is None or name in vocabulary.declared or name in vocabulary.literals or name in vocabulary.arrays
    return None if is_told or name is None or not stem(name).islower() or name in vocabulary.bold else name


def _from_literals(vocabulary: Vocabulary, columns: bool = False) -> Shapes:
    """A literal that is a vector makes its name one, a list a row or a column; a family has rows of the size that is declared.

    What there is one of at every time step is of one shape. Other sizes are left open.
    """
    shapes = of_one_shape(
        Shapes(), vocabulary.sequences, lambda name: vocabulary.declared.get(name) or (unknown(f"rows:{name}"), unknown(f"cols:{name}"))
    )
    for name, size in vocabulary.members.items():
        shapes = shapes.unify(unknown(f"cols:{name}"), size) or shapes
    for name in vocabulary.literals:
        if name in vocabulary.declared or name in vocabulary.assumed.reopened:
            continue
        sizes = vocabulary.literals[name]
        # A list of what stands as a column elsewhere is that column.
        is_drawn = name in vocabulary.lists and any(size[1] == 1 < size[0] for size in sizes)
        turned = columns and name in vocabulary.lists and not is_drawn
        sizes = [size[::-1] if is_drawn and size[0] == 1 else size for size in sizes]
        for axis, label in enumerate(("rows", "cols")):
            if all(size[1 - axis if turned else axis] == 1 for size in sizes):
                bound = shapes.unify(unknown(f"{label}:{name}"), ONE)
                shapes = bound or shapes
    return shapes


def _shape(meaning: Meaning, name: str) -> tuple[Dim, Dim]:
    """The shape of a name, which may be open yet."""
    return meaning.shape(name) or (unknown(f"rows:{name}"), unknown(f"cols:{name}"))


def _with(meaning: Meaning, definition: Definition) -> list[Meaning]:
    name = definition.name
    reader = Reader(meaning, False, definition.statement, set(definition.letters))
    reader.weights.extend(n for n in weights_among(meaning.vocabulary.mentioned) if n not in meaning.terms)
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
    return found or [_misfit(meaning, definition)]


def _misfit(meaning: Meaning, definition: Definition) -> Meaning:
    """The meaning without a definition that does not go together."""
    problem = Unreadable(definition.expression.span, "its sizes do not fit together")
    return replace(meaning, unread={**meaning.unread, definition.name: problem}, cost=meaning.cost + 10.0)


def _as_definition(meaning: Meaning, definition: Definition, reading: Reading) -> Iterable[Reading]:
    name, term, shapes = definition.name, reading.term, reading.shapes
    if definition.letters:
        free = [letter for letter in definition.letters if letter in term.free]
        if set(term.free) - set(definition.letters) or not free:
            return
        sizes = [unknown(f"index:{letter}:{definition.statement}") for letter in definition.letters]
        rows, cols = sizes[0], sizes[1] if len(sizes) > 1 else ONE
        if not shapes.is_one(term.rows) or not shapes.is_one(term.cols):
            # `h_i = \tanh(W x_i)`: a vector for every i, the rows of h.
            if len(sizes) > 1 or not (shapes.is_one(term.cols) or _is_of_rows(shapes, term)) or not term.free:
                return
            if not shapes.is_one(term.cols):  # `y_i = x_i W`: the vectors are rows themselves
                term = transposed(term)
            cols = term.rows
            reading = reading.plus(_VECTORS_FOR_AN_INDEX, shapes, term)
        term = Term("collect", (term,), definition.letters, rows, cols)
    elif term.free:
        return
    of_examples = bool(definition.letters) and name not in meaning.vocabulary.dependences.subjects  # `\ell_i`, and `L` of all of them
    if is_loss_here(meaning.vocabulary, name) and not of_examples and not (shapes.is_one(term.rows) and shapes.is_one(term.cols)):
        note = Note("loss_summed", definition.expression.span, name)
        reading = reading.plus(_ONE_IS_WIDE if _has_one_wide(shapes, term) else _LOSS_SUMMED, shapes, term, note)
        term = Term("sum", (term,), (None,), ONE, ONE, term.free)
    own = _shape(meaning, name)
    if term.op == "number" and term.params[0] == 0 and not is_loss(name):
        term = Term("zeros", (), (), *own)  # h_0 = 0 says nothing of its size
    met = shapes.together((own[0], term.rows), (own[1], term.cols))
    written = set(meaning.vocabulary.claimed.get(name, ()))
    if met is not None and written == {(1, 1)}:
        # What comes out as a number is one, though its letter or those that it is made of suggest something else.
        single = met.together((own[0], ONE), (own[1], ONE))
        if single is not None:
            yield reading.plus(0.0, single, term)
        reading = reading.plus(_NOT_ITS_VALUE, reading.shapes, term)
    elif met is not None and written and met.is_one(own[0]) and met.is_one(own[1]):
        reading = reading.plus(_NOT_ITS_VALUE, reading.shapes, term)
    if met is not None:
        capital = meaning.kinds(name)[0][1] == "matrix" and (met.is_one(own[0]) or met.is_one(own[1]))
        yield reading.plus(0.6 if capital else 0.0, met, term)
    elif not is_loss_here(meaning.vocabulary, name) or of_examples:
        turned = shapes.together((own[0], term.cols), (own[1], term.rows))
        if turned is not None:
            note = Note("missing_transpose", definition.expression.span)
            yield reading.plus(12.0, turned, Term("transpose", (term,), (), term.cols, term.rows), note)


def _has_one_wide(shapes: Shapes, term: Term) -> bool:
    """Whether a vector is computed with scalars alone."""
    symbols = {t for t in walk(term) if t.op == "symbol"}
    wide = {t for t in symbols if not (shapes.is_one(t.rows) and shapes.is_one(t.cols))}
    return len(symbols) > 1 == len(wide)


def _is_of_rows(shapes: Shapes, term: Term) -> bool:
    """Whether a row is computed from the rows of a matrix."""
    rows = (t.args[0] for t in walk(term) if t.op == "entry" and len(t.params) == 2 and t.params[1] is None)
    return shapes.is_one(term.rows) and any(not shapes.is_one(whole.cols) and not shapes.is_one(whole.rows) for whole in rows)


def _oddness(meaning: Meaning) -> float:
    """What it costs that names in capitals came out as vectors, that y has not the shape of its estimate, and that words lose their sense.

    An identity of one entry is no identity, and the power of a matrix that came out square is its product with itself.
    """
    names_used = {name for term in meaning.terms.values() for name in names_in(term)} - meaning.terms.keys()
    total = 0.0
    claimed = meaning.vocabulary.claimed
    in_numbers = {n for name, term in meaning.terms.items() if set(claimed.get(name, ())) == {(1, 1)} for n in names_in(term)}
    transposed = {
        t.args[0].params[0] for term in meaning.terms.values() for t in walk(term) if t.op == "transpose" and t.args[0].op == "symbol"
    }
    for name in names_used:
        shape = _shape(meaning, name)
        ones = [meaning.shapes.is_one(dim) for dim in shape].count(True)
        if ones and stem(name)[:1].isupper() and name not in meaning.vocabulary.literals and name not in meaning.vocabulary.declared:
            # What a number that is written out is made of may be numbers too: the S of `H = (N - K)/S + 1 = 4`.
            total += _THIN[1 if name in in_numbers else ones] if meaning.kinds(name)[0][1] == "matrix" else 0.0
        if meaning.shapes.is_one(shape[0]) and meaning.shapes.is_one(shape[1]) and not _is_told(meaning, name):
            # Nobody transposes a number, and what is called x is rarely one.
            total += 2.0 if name in transposed else _X_A_NUMBER if stem(name) in _VECTORS else 0.0
    for term in (t for whole in meaning.terms.values() for t in walk(whole)):
        if term.op == "eye" and meaning.shapes.is_one(term.rows):
            total += 2.0
        elif term.op == "function" and term.params[0] in ("softmax", "log_softmax") and is_scalar(meaning.shapes, term):
            total += _SOFTMAX_OF_ONE
        elif term.op == "add" and _has_bias_of_each(meaning, term):
            total += _A_BIAS_OF_EACH
        elif term.op == "elementwise" and term.params[0] == "power" and _is_square(meaning, term.args[0]):
            total += 1.0
    every = names_used | meaning.terms.keys()
    # Nobody transposes what is computed and comes out as a number, in whatever line.
    total += 2.0 * sum(_is_number(meaning, name) for name in meaning.terms.keys() & meaning.vocabulary.arrays)
    for name in every:
        plain = bare(name)
        if plain != name and plain in every:  # y and its estimate are alike
            first, second = (_shape(meaning, n) for n in (name, plain))
            total += 2.0 if meaning.shapes.shape(*first) != meaning.shapes.shape(*second) else 0.0
    for match in (names.gradient_of(stated) for stated, sizes in claimed.items() if set(sizes) == {(1, 1)}):
        if match is not None and match["wrt"] in every and not _is_number(meaning, match["wrt"]):
            total += _NOT_ITS_GRADIENT
    # What one sum runs over together there is as much of, and targets lie as what they are compared with.
    for together in (held & every for held in meaning.vocabulary.alongside):
        total += 2.0 * (len(_lengths(meaning, together)) > 1)
        total += _TURNED_TARGETS * (
            any(stem(n) in _TARGETS for n in together) and {"row", "column"} <= {_lies(meaning, n) for n in together}
        )
    return total


def _has_bias_of_each(meaning: Meaning, term: Term) -> bool:
    """Whether the b of `X W + b` has an entry for every row of an X that has several columns: examples share their bias."""
    added = [t for t in term.args if t.op == "symbol" and stem(t.params[0]) == "b" and t.params[0] not in meaning.vocabulary.declared]
    data = [t.args[0].params[0] for t in term.args if t.op == "matmul" and t.args[0].op == "symbol"]
    declared = [shape for name in data if (shape := meaning.vocabulary.declared.get(name)) is not None]
    lengths = {rows for rows, cols in declared if not meaning.shapes.is_one(rows) and not meaning.shapes.is_one(cols)}
    return any(meaning.shapes.resolve(_shape(meaning, t.params[0])[0]) in lengths for t in added)


def _lies(meaning: Meaning, name: str) -> str:
    """How a vector lies; "" for what is none."""
    rows, cols = map(meaning.shapes.is_one, _shape(meaning, name))
    return "" if rows == cols else "row" if rows else "column"


def _is_number(meaning: Meaning, name: str) -> bool:
    return all(map(meaning.shapes.is_one, _shape(meaning, name)))


def _lengths(meaning: Meaning, vectors: Iterable[str]) -> set[Dim]:
    """How many entries vectors have, or those of them that are some."""
    shapes = [_shape(meaning, name) for name in vectors]
    ones = [(shape, [meaning.shapes.is_one(dim) for dim in shape]) for shape in shapes]
    return {meaning.shapes.resolve(shape[is_one[0]]) for shape, is_one in ones if is_one.count(True) == 1}


def _is_square(meaning: Meaning, term: Term) -> bool:
    """Whether it came out as a square matrix."""
    return not meaning.shapes.is_one(term.rows) and meaning.shapes.resolve(term.rows) is meaning.shapes.resolve(term.cols)


def _is_told(meaning: Meaning, name: str) -> bool:
    """Whether the sheet itself says of what shape a name is."""
    return name in meaning.vocabulary.literals or name in meaning.vocabulary.declared


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
    for name in meaning.vocabulary.literals.keys() - meaning.vocabulary.assumed.reopened:
        sizes = meaning.literal_sizes(name)
        for axis, label in enumerate(("rows", "cols")):
            dim = meaning.shapes.resolve(unknown(f"{label}:{name}"))
            size = sizes[-1][axis]
            if dim.number is not None and dim.number != size:
                return False
            if found.setdefault(dim, size) != size:
                return False
    return True
