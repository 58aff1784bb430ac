r"""Networks from formulas as people write them: LaTeX on a command line, the definitions of a Markdown or LaTeX sheet.

They are read and understood as `verify` reads a sheet. A derivation has nothing to hold a reading against, so only a plain one is taken:
what could be meant only by changing what is written, or is no scalar where a loss is, is refused.
"""

from __future__ import annotations

import ast
import re
import unicodedata
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from symgrad import examples, names
from symgrad import syntax as sx
from symgrad.applying import applied
from symgrad.constant import is_numeric
from symgrad.dims import ONE, Dim, Shape
from symgrad.errors import InvalidExpression, InvalidNetwork, SymgradError, UnknownName, Unsupported, nearest
from symgrad.gathering import gathered
from symgrad.heads import without_arguments
from symgrad.literals import literal_rows
from symgrad.meaning import Definition, Meaning, is_loss_here, stem
from symgrad.naming import plain_name
from symgrad.network import Network
from symgrad.origins import letters_that_run
from symgrad.parts import parts
from symgrad.properties import PROPERTIES, along
from symgrad.read import stepping
from symgrad.read.arrays import Refused
from symgrad.read.declared import read_properties, read_shapes
from symgrad.read.document import Sheet, read_document
from symgrad.read.expression import looks_like_parameters, network_of, network_of_assignments
from symgrad.read.functions import UNNAMED, WORDS, word_of
from symgrad.read.python import Assignment, assignments
from symgrad.readings.named import LABEL_OR_POWER
from symgrad.readings.runs import NOT_ITS_SIZE
from symgrad.readings.sums import AGAIN
from symgrad.recurrence import Recurrence, recurrence_of
from symgrad.shapes import is_unknown, unknown
from symgrad.sheet import Gathered
from symgrad.span import Source, Span
from symgrad.step_letters import counted
from symgrad.syntax import Unreadable
from symgrad.tensor import variables
from symgrad.terms import names_in, walk
from symgrad.understanding import understood
from symgrad.unrolling import unrolled

_WIDTH = 8
_NOT_AS_WRITTEN = "this fits together only if it is not read as written; declare sizes"
# What the last definition depends on: the `(x, y)` of `f(x, y) = x^\top y`, which is no function that is used.
_LAST_HEAD = re.compile(r"(?P<name>(?:^|[;\n])\s*\\?[A-Za-z]\w*)(?P<arguments>\([^()=;\n]*\)\s*)(?==[^;\n]*$)")
_LONGEST = 10_000
# What a reading may say of itself and still be what is written.
_PLAIN = frozenset({"direct", "drifted"})
# On a sheet the loss of a batch is meant summed, L = (y − ŷ)²; its definition is printed with the sum.
_PLAIN_ON_A_SHEET = _PLAIN | {"loss_summed"}
# What may be a scalar where a vector does not fit: the target of one example, a bias; and what such a reading may cost at most.
_SCALARS_AT_LAST = frozenset({"y", "t", "b", "c", "\\hat{y}"})
_PLAIN_COST = 2.0
_MOST_SCALARS = 6
_MOST_STEPS = 60
# The numbers of steps that a general formula is read for: enough that a sum over all but one of them is seen to be one.
_COMPARED = (4, 6)


def network_of_text(
    text: str,
    dims: str = "",
    given: Mapping[str, tuple[int, int]] | None = None,
    assumed: str = "",
    settings: Mapping[str, int] | None = None,
    scalar: bool = True,
) -> Network | Recurrence:
    r"""The network of an expression, in NumPy or in LaTeX; a recurrence where it is for any number of steps.

    `settings` says how many steps are written out, by the letter of the last, as in `{"T": 5}`. What is defined last is a loss, a
    `scalar`, unless it is said to be of any shape.

    >>> print(network_of_text(r"\frac{1}{2}\|Xw - y\|_2^2"))
      X  data       n×m
      w  parameter  m×1
      y  data       n×1
      L = 1/2 (X w − y)ᵀ (X w − y)  1×1
    """
    if is_formula(text):
        return network_of_formula(text, dims, assumed, settings, scalar)
    source = Source(text, "--expr")
    try:
        found = assignments(source)
        counting = stepping.counted(found)
        last = _last(settings or {}, counting[1] if counting else None, "--expr")
        if counting is None:
            return network_of(text, dims, given, assumed, scalar)
        return _stepped(source, found, counting, last, read_shapes(dims), read_properties(assumed), scalar)
    except Refused as refused:
        raise refused.at(source) from None


def _stepped(
    source: Source,
    found: Sequence[Assignment],
    counting: tuple[str, str],
    last: int | None,
    shapes: Mapping[str, Shape],
    properties: Mapping[str, frozenset[str]],
    scalar: bool,
) -> Network | Recurrence:
    """A recurrence in NumPy form. What its names are is read off two steps, and is the same for all."""

    bases = stepping.bases(found)

    def of_any(name: str) -> str:
        """`h_2` is h at some step; the name of what there is one of is itself."""
        base = re.sub(r"_\d+$", "", name)
        return base if base in bases else name

    def made(length: int, known: Mapping[str, Shape]) -> Network:
        definitions = stepping.written_out(found, counting, length)
        present = {n.id for a in definitions for n in ast.walk(a.tree) if isinstance(n, ast.Name)} | {str(a.name) for a in definitions}
        own = {name: known[base] for name in present if (base := of_any(name)) in known}
        held = {name: properties[base] for name in present if (base := of_any(name)) in properties}
        return network_of_assignments(source, definitions, own, {}, held, scalar)

    for name in (*shapes, *properties):
        if name not in {of_any(n.id) for a in found for n in ast.walk(a.tree) if isinstance(n, ast.Name)}:
            raise UnknownName(f"--dims: the expression has no {name}")
    known = {**_alike(made(2, shapes), of_any), **shapes}
    if last is not None:
        return made(last, known)
    return recurrence_of({length: made(length, known) for length in _COMPARED}, *counting)


def _alike(network: Network, of_any: Callable[[str], str]) -> dict[str, Shape]:
    """The shapes of inputs by what they are without their step, one shape for all of its steps: equal layers."""
    same: dict[Dim, Dim] = {}

    def settled(dim: Dim) -> Dim:
        return settled(same[dim]) if dim in same else dim

    shapes: dict[str, Shape] = {}
    for name in network.inputs:
        base, shape = of_any(name), network.inputs[name].shape
        for own, other in zip(shape, shapes.setdefault(base, shape), strict=True):
            if settled(own) is not settled(other):
                same[settled(own)] = settled(other)
    return {base: tuple(map(settled, shape)) for base, shape in shapes.items()}


def is_formula(text: str) -> bool:
    """Whether a text is LaTeX, or mathematics in Unicode, and not NumPy.

    >>> [is_formula(text) for text in (r"\\|x\\|", "x^2", "xᵀ A x", "2 A x", "x.T@A@x", "sum(x", "δ*x")]
    [True, True, True, True, False, False, False]
    """
    if (
        "\\" in text
        or "^" in text
        or any(unicodedata.normalize("NFKC", c) != c or (unicodedata.category(c) == "Sm" and c not in "+-*/<>=|~") for c in text)
    ):
        return True
    if "‖" in text or "⊙" in text:
        return True
    if re.search(r"[@\[]|\*\*|\bnp\.", text) or any(text.count(a) != text.count(b) for a, b in ("()", "{}")):
        return False
    try:
        assignments(Source(text, "--expr"))
    except Refused:
        return bool(text.strip())
    return False


# ── a formula on the command line ────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class _Piece:
    """A definition of the text, where it stands in the sheet that is made of it, and by how much that is further on."""

    inside: Span
    shift: int


def network_of_formula(
    text: str, dims: str = "", assumed: str = "", settings: Mapping[str, int] | None = None, scalar: bool = True
) -> Network | Recurrence:
    r"""The network of LaTeX definitions between semicolons or lines; the last may go without a name.

    One that is for any number of steps is a recurrence, or is written out for the number that is set.
    Raises `SymgradError`, with the place and a caret, for what cannot be read plainly.
    """
    source = Source(text, "--expr")
    if len(text) > _LONGEST:
        raise InvalidExpression(f"--expr: an expression of {len(text)} characters; {_LONGEST} are read")
    shapes, properties = read_shapes(dims), read_properties(assumed)
    sheet_text, pieces = _as_sheet(text, scalar)
    written = _written(Source(sheet_text, "--expr.md"))

    def own(span: Span) -> Span:
        """A place of the sheet as one of the text."""
        for piece in pieces:
            if piece.inside.start <= span.start <= piece.inside.end:
                return Span(max(span.start - piece.shift, 0), max(min(span.end, piece.inside.end) - piece.shift, 1))
        return Span(0, len(text))

    def made(last: int | None, stacks: Container[str] = ()) -> Network:
        sheet = unrolled(written, last)
        (part, *others) = parts(sheet)
        if others:
            raise Refused(InvalidExpression, "a name is defined twice", Span(0, len(text)))
        found = gathered(sheet, part)
        for link in found.links:
            if _is_of_a_function(link.left, found):
                continue  # f(z) = max(0, z) says what the function f is
            raise Refused(InvalidExpression, "this is no definition of a name that is new", link.span)
        # The L of tr(Xᵀ L X), which has another name then.
        found.vocabulary.quantities = frozenset({"L"}) - {definition.name for definition in found.definitions}
        _declare(found, shapes)
        _equal_layers(found, stacks)
        held = _assume(found, properties)
        meaning = _understood(found)
        network = _network(meaning, text, held, _leading_to(found.definitions[-1].name, meaning))
        _has_clear_exponentials(found, network)
        return network

    try:
        counting = counted(written)
        last = _last(settings or {}, counting.top if counting else None, "--expr")
        if counting is None or last is not None:
            return made(last)
        networks = {length: made(length, counting.stepped) for length in _COMPARED}
        return recurrence_of(networks, names.text(counting.letter), names.text(counting.top))
    except Unreadable as error:
        raise Refused(InvalidExpression, f"this is not read: {error.reason}", own(error.span)).at(source) from None
    except Refused as refused:
        raise Refused(refused.kind, refused.message, own(refused.span)).at(source) from None


def _has_clear_exponentials(found: Gathered, network: Network) -> None:
    r"""Refuses the `e^{tA}` of `x^\top e^{tA} y`, which is nearly always the exponential of a matrix and is read as that of entries."""
    for definition in found.definitions:
        factors = [f for node in sx.walk(definition.expression) if isinstance(node, sx.Product) for f in node.factors]
        for factor in factors:
            match factor:
                case sx.Scripted(base=sx.Name(base="e"), sup=sx.Node() as exponent):
                    entries = {id(n.base) for n in sx.walk(exponent) if isinstance(n, sx.Scripted) and n.sub is not None}
                    whole = [n.base for n in sx.walk(exponent) if isinstance(n, sx.Name) and id(n) not in entries]
                    shapes = [network.inputs[name].shape for name in whole if name in network.inputs]
                    if sum(not any(dim.is_one for dim in shape) for shape in shapes) == 1:
                        said = r"this may be the exponential of the matrix, \operatorname{expm}(A), or of its entries, \exp(A)"
                        raise Refused(InvalidExpression, said, factor.span)


def _last(settings: Mapping[str, int], top: str | None, where: str) -> int | None:
    """How many steps are to be written out. Raises `InvalidNetwork` for a setting that is not of the letter of the last step."""
    for name, value in settings.items():
        if top is None:
            what = "an expression" if where == "--expr" else "a sheet"
            raise InvalidNetwork(f"{where}: {what} is not a function, so there is nothing to set")
        if name != names.text(top):
            raise InvalidNetwork(f"{where}: it has no number {name} to set; the number of steps is {names.text(top)}")
        if not 1 <= value <= _MOST_STEPS:
            raise InvalidNetwork(f"{where}: {name} = {value}; from 1 to {_MOST_STEPS} steps are written out")
        return value
    return None


def _equal_layers(found: Gathered, stacks: Container[str]) -> None:
    """The matrices of the layers of a stack have one shape: that of W^{(1)} is that of W^{(2)}; `stacks` are the letters of such."""
    alike: dict[str, list[str]] = {}
    for name in found.vocabulary.mentioned:
        if stem(name)[:1].isupper() and stem(name) in stacks:
            alike.setdefault(re.sub(r"\d+", "*", name), []).append(name)
    for spelled, members in alike.items():
        if len(members) > 1 and not any(name in found.vocabulary.declared for name in members):
            shared = unknown(f"rows:{spelled}"), unknown(f"cols:{spelled}")
            found.vocabulary.declared.update(dict.fromkeys(members, shared))


def _as_sheet(text: str, scalar: bool) -> tuple[str, list[_Piece]]:
    """The definitions as displays of a sheet; one without a name is of L, or of u where it may have any shape, or of what is free."""
    text = _LAST_HEAD.sub(lambda head: head["name"] + " " * len(head["arguments"]), text)
    out, pieces, start = "", [], 0
    used = _letters_used(text)
    name = next((letter for letter in ("LJ" if scalar else "uv") if letter not in used), "F")
    for piece in re.split(r"((?<!\\)[;\n]|\\\\(?=\s))", text):
        body = piece.strip(" \t\r$")
        if body and body not in (";", "\n", "\\\\"):
            at = start + piece.index(body)
            out += "$$" + ("" if _has_equation(body) else f"{name} = ")
            pieces.append(_Piece(Span(len(out), len(out) + len(body)), len(out) - at))
            out += body + "$$\n\n"
        start += len(piece)
    if not pieces:
        raise InvalidExpression("--expr: there is no expression")
    return out, pieces


def _letters_used(text: str) -> set[str]:
    """The letters that stand for quantities: not those of macros, of words that are functions, and of what stands below.

    The L that is differentiated in a formula is the loss.
    """
    if "nabla" in text or "partial" in text or any(sign in text for sign in "∇∂"):
        return set()
    plain = re.sub(r"\\[A-Za-z]+|_\{[^{}]*\}|_[A-Za-z]", " ", text)
    return {letter for run in re.findall("[A-Za-z]+", plain) if word_of(run) not in WORDS for letter in run}


def _has_equation(text: str) -> bool:
    """Whether an equal sign stands in no braces and no parentheses."""
    depth = 0
    for char in text:
        depth += (char in "{([") - (char in "})]")
        if char == "=" and depth == 0:
            return True
    return False


def _written(source: Source) -> Sheet:
    """What a text says, its own functions written out where they are called, the numbers of examples below."""
    return examples.below(without_arguments(applied(read_document(source))))


# ── a sheet ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def networks_of_sheet(source: Source, last: int | None = None) -> list[Network]:
    """The networks of a sheet, one for each part that defines a loss: the definitions that lead to it, and the values that are given.

    What the part differentiates by are the parameters. Where the sheet says no number of steps, `last` are written out, or else a few.
    Raises `SymgradError` for a sheet that defines no loss, or one that is not read plainly.
    """
    return _of_parts(source, last)


def sources_of_sheet(source: Source, settings: Mapping[str, int] | None = None) -> list[Network | Recurrence]:
    """The networks of a sheet; those for any number of steps are recurrences, or are written out for the number that is set."""
    counting = counted(_written(source))
    last = _last(settings or {}, counting.top if counting else None, source.name)
    if counting is None or last is not None:
        return [*networks_of_sheet(source, last)]
    runs = [_of_parts(source, length, counting.stepped) for length in _COMPARED]
    letter, top = names.text(counting.letter), names.text(counting.top)
    return [_general_or_plain(dict(zip(_COMPARED, networks, strict=True)), letter, top) for networks in zip(*runs, strict=True)]


def _general_or_plain(networks: Mapping[int, Network], letter: str, top: str) -> Network | Recurrence:
    """A part that is the same for every length has no steps."""
    first = networks[_COMPARED[0]]
    return first if len({str(network) for network in networks.values()}) == 1 else recurrence_of(networks, letter, top)


def _of_parts(source: Source, last: int | None, stacks: Container[str] = ()) -> list[Network]:
    """The networks of a sheet, written out for so many steps; the matrices of `stacks` have one shape."""
    made: list[Network] = []
    unread: list[tuple[Span, str]] = []
    try:
        sheet = unrolled(_written(source), last)
        for part in parts(sheet):
            found = gathered(sheet, part)
            unread += [(span, reason) for _, span, reason in found.unread]
            loss = _loss(found)
            if loss is not None:
                _equal_layers(found, stacks)
                made.append(_network_of_part(found, loss))
                _read_all(made[-1], found)
        if not made and unread:
            raise Unreadable(*unread[0])
    except Unreadable as error:
        raise Refused(InvalidExpression, f"this is not read: {error.reason}", error.span).at(source) from None
    except Refused as refused:
        raise refused.at(source) from None
    if not made:
        raise InvalidNetwork(
            f"{source.name}: this sheet defines no loss; a loss is a scalar called L, J, E, C, ℓ or loss, or what is differentiated"
        )
    return made


def _loss(found: Gathered) -> str | None:
    """The loss of a part: the last definition with the name of one, else the last that is differentiated."""
    dependences = found.vocabulary.dependences
    defined = [d.name for d in found.definitions if not _is_derivative(d.expression)]
    for candidates in ([n for n in defined if is_loss_here(found.vocabulary, n)], [n for n in defined if n in dependences.asked]):
        asked = [name for name in candidates if name in dependences.asked]
        if candidates:
            return (asked or candidates)[-1]
    return None


def _is_of_entries(node: sx.Node) -> bool:
    """Whether an expression is made of squares or logarithms of entries, which are added up for a loss."""
    for n in sx.walk(node):
        if isinstance(n, sx.Scripted) and isinstance(n.sup, sx.Number) and n.sup.text == "2":
            return True
        if isinstance(n, sx.Name) and n.base in ("\\log", "\\ln", "log", "ln"):
            return True
    return False


def _is_derivative(node: sx.Node) -> bool:
    return any(isinstance(n, sx.Derivative) for n in sx.walk(node))


def _network_of_part(found: Gathered, loss: str) -> Network:
    """The network that leads to the loss. Raises `Refused` or `Unreadable` where it is not read plainly."""
    said = _assume(found, {})
    _as_matrices(found, ("B",))
    meanings = understood(found.vocabulary, found.definitions, _WIDTH)
    problem: SymgradError | Refused | None = None
    for meaning in meanings:
        needed = _leading_to(loss, meaning)
        kept = [d for d in found.definitions if d.name in needed]
        found_wrong = _problem(meaning, kept, _PLAIN_ON_A_SHEET) or _shrunk(meaning, kept)
        if found_wrong is None:
            break
        problem = problem or found_wrong
    else:
        span = next(d.expression.span for d in found.definitions if d.name == loss)
        raise problem or Refused(InvalidExpression, "the sizes of what leads to this do not fit together", span)
    dependences = found.vocabulary.dependences
    asked = {*dependences.asked.get(loss, ()), *dependences.inside.get(loss, ())}
    network = _network(meaning, found.sheet.source.text, said, needed, asked)
    given = {name: literal_rows(node) for stated in reversed(found.given.values()) for name, node in reversed(stated)}
    return network.given({name: rows for name, rows in given.items() if name in network.inputs and rows is not None})


def _read_all(network: Network, found: Gathered) -> None:
    """Raises `Unreadable` where an input of the network is defined by something that was not read."""
    for _, span, reason in found.unread:
        head, equal, _rest = found.sheet.source.slice(span).partition("=")
        spelled = re.sub(r"[${}\s]|\\(left|right|displaystyle|quad)\b", "", head)
        if equal and any(spelled == re.sub(r"[{}\s]", "", name) for name in network.inputs):
            raise Unreadable(span, reason)


def _shrunk(meaning: Meaning, kept: Sequence[Definition]) -> Refused | None:
    """A matrix by its letter that came out as 1×1, though nobody declares it."""
    for name in (n for definition in kept for n in names_in(meaning.terms[definition.name])):
        item = meaning.network.inputs.get(name)
        matrix = stem(name)[:1].isupper() and name not in _declared(meaning) and name not in meaning.vocabulary.literals
        if item is not None and matrix and all(dim.is_one for dim in item.shape) and meaning.kinds(name)[0][1] == "matrix":
            said = f"{names.text(name)} would have to be 1×1 for this to fit together; declare its shape"
            return Refused(InvalidNetwork, said, kept[-1].expression.span)
    return None


def _leading_to(loss: str, meaning: Meaning) -> set[str]:
    """The names of the loss and of the definitions that lead to it."""
    needed, waiting = set[str](), [loss]
    while waiting:
        name = waiting.pop()
        if name in meaning.terms and name not in needed:
            needed.add(name)
            built = meaning.network.definitions.get(name)
            waiting += names_in(meaning.terms[name]) if built is None else [v.name for v in variables(built.node)]
    return needed | {loss}


def _problem(meaning: Meaning, kept: Sequence[Definition], plain: Container[str] = _PLAIN) -> SymgradError | Refused | None:
    """Why an understanding of these definitions is none that is plain."""
    for definition in kept:
        span = definition.expression.span
        if definition.name in meaning.unread:
            return meaning.unread[definition.name]
        if is_numeric(definition.expression):
            return Refused(InvalidNetwork, f"{names.text(definition.name)} is only given by numbers here, and a formula is needed", span)
        for note in meaning.notes.get(definition.name, ()):
            if note.kind == "loss_summed" and (note.kind not in plain or not _is_of_entries(definition.expression)):
                return Refused(InvalidNetwork, "as its sizes are understood, this is no scalar; write its sum, or declare sizes", span)
            if note.kind not in plain:
                said = note.text if note.kind in (NOT_ITS_SIZE, AGAIN, LABEL_OR_POWER) else _NOT_AS_WRITTEN
                return Refused(InvalidExpression, said, note.span)
        if definition.name not in meaning.network.definitions:
            return Refused(Unsupported, "symgrad cannot make a network of this", span)
    return None


# ── what is meant ────────────────────────────────────────────────────────────────────────────────────────────────────


def _declare(found: Gathered, shapes: Mapping[str, Shape]) -> None:
    """Shapes that are declared, under the names of the sheet; a capital is a matrix, though B and N count things elsewhere."""
    known = {names.identifier(name): name for name in (*found.vocabulary.mentioned, *(d.name for d in found.definitions))}
    for name, shape in shapes.items():
        if names.identifier(name) not in known:
            raise UnknownName(f"--dims: the expression has no {name}; {nearest(name, sorted(known))}")
        found.vocabulary.declared[known[names.identifier(name)]] = (shape[0] if shape else ONE, shape[1] if len(shape) > 1 else ONE)
    # The d of √d, beside a K of m×d, is that size.
    counts = {size for shape in shapes.values() for dim in shape for size in dim.symbols} - set(shapes)
    found.vocabulary.sizes |= counts - {d.name for d in found.definitions} - found.vocabulary.declared.keys()
    _as_matrices(found, ("B", "N"))


def _as_matrices(found: Gathered, letters: Container[str]) -> None:
    """Capitals that may count something are matrices here, unless they are known to be sizes."""
    vocabulary = found.vocabulary
    for name in vocabulary.mentioned - vocabulary.sizes - vocabulary.declared.keys() - vocabulary.literals.keys():
        if stem(name) in letters:
            vocabulary.declared[name] = unknown(f"rows:{name}"), unknown(f"cols:{name}")


def _assume(found: Gathered, properties: Mapping[str, frozenset[str]]) -> dict[str, frozenset[str]]:
    """What is declared and what the sheet says of its names, by name.

    It is taken from what the reading uses: derivatives are of what is written, and properties hold of the values.
    """
    known = {names.identifier(name): name for name in found.vocabulary.mentioned}
    said = {name: frozenset(held) for name, held in found.vocabulary.properties.items()}
    found.vocabulary.properties.clear()
    for name, held in properties.items():
        if names.identifier(name) not in known:
            raise UnknownName(f"--assume: the expression has no {name}; {nearest(name, sorted(known))}")
        own = known[names.identifier(name)]
        said[own] = said.get(own, frozenset()) | held
        if any(PROPERTIES[p].square for p in held) and own not in found.vocabulary.declared:
            found.vocabulary.declared[own] = unknown(f"rows:{own}"), unknown(f"rows:{own}")
    return said


def _understood(found: Gathered) -> Meaning:
    """The cheapest plain understanding. Raises `Refused`, or `Unreadable`, where there is none."""
    for _, span, reason in found.unread:
        raise Unreadable(span, reason)
    if not found.definitions:
        raise Refused(InvalidNetwork, "this defines nothing to differentiate", Span(0, 0))
    for definition in found.definitions:
        _refuse_unknown_functions(definition.expression, found.vocabulary.functions)
        _refuse_parts_of_sets(definition.expression)
    meanings = sorted(_plain(found), key=lambda meaning: (len(_thin(meaning)), meaning.cost, _columns_in_capitals(meaning)))
    if meanings and not _thin(meanings[0]) and not _is_of_two_functions(meanings[0], found):
        return meanings[0]
    if (numbers := _of_numbers(found)) is not None:
        return numbers
    if meanings and not _thin(meanings[0]):
        said = "a product of two columns is no matrix product; write \\odot for one of entries, or a transpose, or declare sizes"
        raise Refused(InvalidExpression, said, found.definitions[-1].expression.span)
    scalars = sorted(n for n in found.vocabulary.mentioned if stem(n) in _SCALARS_AT_LAST and n not in found.vocabulary.declared)
    for several in (1, 2):
        for chosen in combinations(scalars[:_MOST_SCALARS], several):
            found.vocabulary.declared |= dict.fromkeys(chosen, (ONE, ONE))
            meanings = [meaning for meaning in _plain(found) if not _thin(meaning) and meaning.cost < _PLAIN_COST]
            if meanings:
                return meanings[0]
            for name in chosen:
                del found.vocabulary.declared[name]
    raise _why_not(found)


_OF_VECTORS = re.compile(r"\\sum|\\top|\\mathsf|\\intercal|\^\s*\{?\s*T|[ᵀ_‖]|\\\||\\[lr]Vert|\\langle|\\cdot|\\mathbf|\\bold|\\odot|\\vec")
"""What is written of vectors and of matrices only."""


_OF_FUNCTIONS = re.compile(r"(?<![A-Za-z])[A-Za-z]\s*\(\s*\\?[A-Za-z]+\s*\)")
"""`h(y)`, of which nothing says that it is a product."""


def _of_numbers(found: Gathered) -> Meaning | None:
    """A plain understanding in which every name is a number, as in `3x^2 + 2x`: where no name is a matrix, and nothing says vector."""
    (first, *_) = [*understood(found.vocabulary, found.definitions, 1), None]
    inputs = set() if first is None else {name for term in first.terms.values() for name in names_in(term)} - first.terms.keys()
    if any(stem(name)[:1].isupper() for name in inputs) or inputs & found.vocabulary.declared.keys():
        return None
    if _OF_VECTORS.search(found.sheet.source.text) or _OF_FUNCTIONS.search(found.sheet.source.text):
        return None
    found.vocabulary.declared.update(dict.fromkeys(inputs, (ONE, ONE)))
    meanings = sorted(_plain(found), key=lambda meaning: meaning.cost)
    if meanings:
        return meanings[0]
    for name in inputs:
        del found.vocabulary.declared[name]
    return None


def _is_of_two_functions(meaning: Meaning, found: Gathered) -> bool:
    r"""Whether functions of columns stand beside each other, `\sin(x) \cos(y)`, which are multiplied only as aᵀ b."""
    if "\\cdot" in found.sheet.source.text or "\\langle" in found.sheet.source.text:
        return False
    inner = [t for term in meaning.terms.values() for t in walk(term) if t.op == "inner" and t.args[0] != t.args[1]]
    return any(arg.op == "elementwise" for t in inner for arg in t.args)


def _plain(found: Gathered) -> Iterator[Meaning]:
    for meaning in understood(found.vocabulary, found.definitions, _WIDTH):
        notes = {note.kind for noted in meaning.notes.values() for note in noted}
        whole = all(d.name in meaning.network.definitions for d in found.definitions)
        capitals = any(stem(name)[:1].isupper() for name in _thin(meaning))
        if whole and not meaning.unread and notes <= _PLAIN and not capitals and not _broad(meaning, found):
            yield meaning


def _broad(meaning: Meaning, found: Gathered) -> bool:
    """Whether a vector by its letter came out as a matrix, and no subscript says that it has rows."""
    for item in meaning.network.inputs.values():
        full = len(item.shape) == 2 and not item.shape[0].is_one and not item.shape[1].is_one
        written = re.search(rf"(?<![A-Za-z\\]){re.escape(stem(item.name))}\}}*_", found.sheet.source.text) is not None
        if full and not written and meaning.kinds(item.name)[0][1] == "column" and item.name not in meaning.vocabulary.declared:
            return True
    return False


def _thin(meaning: Meaning) -> list[str]:
    """The names that came out with one row, though nobody declares it: matrices by their letter, or vectors that are scalars."""
    found = [item.name for item in meaning.network.inputs.values() if item.shape[0].is_one and item.name not in _declared(meaning)]
    multiplied = {
        str(a.params[0]) for term in meaning.terms.values() for t in walk(term) if t.op == "inner" for a in t.args if a.op == "symbol"
    }
    vectors = [i.name for i in meaning.network.inputs.values() if i.name in multiplied and i.shape[1].is_one and stem(i.name)[:1].isupper()]
    return [name for name in found if meaning.kinds(name)[0][1] in ("matrix", "column") and not is_greek(name)] + vectors


def _is_of_a_function(node: sx.Node, found: Gathered) -> bool:
    return isinstance(node, sx.Call) and isinstance(node.function, sx.Name) and node.function.base in found.vocabulary.functions


def _refuse_unknown_functions(tree: sx.Node, known: Container[str]) -> None:
    """Raises `Refused` for `y(x, w)`, where a name before several others in parentheses is a function, and for f(x): defined nowhere."""
    for node in sx.walk(tree):
        function = node.function if isinstance(node, sx.Call) else None
        function = function.base if isinstance(function, sx.Scripted) else function
        if isinstance(function, sx.Name) and function.base in UNNAMED and function.base not in known:
            raise Refused(Unsupported, f"nothing says what the function {names.text(function.base)} is", node.span)
        if not isinstance(node, sx.Product):
            continue
        for name, behind, operator in zip(node.factors, node.factors[1:], node.operators, strict=False):
            base = name.base if isinstance(name, sx.Scripted) else name
            body = behind.body if isinstance(behind, sx.Group) and behind.open == "(" and operator == "" else None
            if isinstance(base, sx.Name) and isinstance(body, sx.Listing) and any(isinstance(n, sx.Name) for n in sx.walk(body)):
                raise Refused(
                    Unsupported, f"nothing says what the function {names.text(base.base)} is", Span(name.span.start, behind.span.end)
                )


def _refuse_parts_of_sets(tree: sx.Node) -> None:
    r"""Raises `Refused` for `\sum_{i \in S} x_i + \sum_{i=1}^n x_i`: nothing says which of the n are in S."""
    sums = [n for n in sx.walk(tree) if isinstance(n, sx.BigOp) and isinstance(n.below, sx.Relation)]
    over = {n: n.below.sides[-1] for n in sums if isinstance(n.below, sx.Relation) and n.below.operators == ("in",)}
    named = {n: plain_name(members) for n, members in over.items() if plain_name(members) is not None}
    for total, name in named.items():
        if any(letters_that_run(other) & letters_that_run(total) and named.get(other) != name for other in sums):
            said = f"nothing says which indices are in {names.text(name or '')}; take the terms times a mask"
            raise Refused(Unsupported, said, total.span)


def _columns_in_capitals(meaning: Meaning) -> int:
    """How many matrices by their letter came out as columns, though nobody declares it."""
    columns = [i.name for i in meaning.network.inputs.values() if i.shape[1].is_one and i.name not in _declared(meaning)]
    return sum(stem(name)[:1].isupper() and meaning.kinds(name)[0][1] == "matrix" for name in columns)


def is_greek(name: str) -> bool:
    """Whether it is a lower-case Greek letter, which may be a scalar as well as a vector."""
    return names.text(stem(name)) in names.GREEK.values() and names.text(stem(name)).islower()


def _declared(meaning: Meaning) -> set[str]:
    return {name for name, shape in meaning.vocabulary.declared.items() if not any(is_unknown(s) for dim in shape for s in dim.symbols)}


def _why_not(found: Gathered) -> SymgradError | Refused:
    """Why no understanding is plain."""
    (meaning, *_) = [*understood(found.vocabulary, found.definitions, 1), None]
    if meaning is None:
        return Refused(InvalidExpression, "its sizes do not fit together; declare some with --dims", found.definitions[-1].expression.span)
    problem = _problem(meaning, found.definitions)
    if problem is not None:
        return problem
    thin = _thin(meaning)
    if _broad(meaning, found):
        said = "for this to fit together a vector would have to be a matrix; write ‖…‖ for a norm, or declare sizes with --dims"
        return Refused(InvalidExpression, said, found.definitions[-1].expression.span)
    if thin:
        said = f"{names.text(thin[0])} would have to have one row for this to fit together; declare sizes with --dims"
        return Refused(InvalidExpression, said, found.definitions[-1].expression.span)
    return Refused(Unsupported, "symgrad cannot make a network of this", found.definitions[-1].expression.span)


def _network(
    meaning: Meaning, text: str, properties: Mapping[str, frozenset[str]], needed: Container[str], asked: Container[str] = ()
) -> Network:
    """The network of the definitions that are needed, with its inputs in the order in which the text has them, and with roles.

    The parameters are what is asked for, or what looks like parameters.
    """
    made = meaning.network
    definitions = [definition for definition in made.definitions.values() if definition.name in needed]
    used = {v.name for definition in definitions for v in variables(definition.node)}
    order = sorted((name for name in made.inputs if name in used), key=lambda name: _first(name, text))
    parameters = {name for name in order if name in asked} or looks_like_parameters({name: names.identifier(name) for name in order})
    network = Network()
    for name in order:
        shape = made.inputs[name].shape
        held = along(properties.get(name, ()), shape)
        role = "mask" if "mask" in held else "parameter" if name in parameters else "data" if parameters else "input"
        network.declare(name, shape, role, held)
    for definition in definitions:
        form = definition.form
        if form.op == "reshape" and form.is_scalar and form.args[0].is_scalar and definition.name not in used:
            form = form.args[0]  # a loss is a number; only what others use has to stay 1×1
        if form.op == "symbol" and form.name == definition.name:
            network.define_node(definition.name, definition.node)
        else:
            network.define_form(definition.name, form)
    return network


def _first(name: str, text: str) -> int:
    """Where a name stands first in the text."""
    spellings = (name, name.replace("{", "").replace("}", ""), names.text(name), stem(name))
    return min((at for s in spellings if (at := text.find(s)) >= 0), default=len(text))
