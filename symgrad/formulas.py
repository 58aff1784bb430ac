r"""Networks from formulas on a command line: LaTeX, and mathematics in Unicode, as people write them; what is NumPy goes to its reader.

They are read and understood as `verify` reads a sheet. A derivation has nothing to hold a reading against, so only a plain one is taken:
what could be meant only by changing what is written, or is no scalar where a loss is, is refused.
"""

from __future__ import annotations

import ast
import re
import unicodedata
from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass, replace

from symgrad import examples, names
from symgrad import syntax as sx
from symgrad.applying import applied
from symgrad.datasets import over_pairs
from symgrad.densities import covariances, with_densities
from symgrad.dims import Dim, Shape
from symgrad.errors import InvalidExpression, InvalidNetwork, SymgradError, UnknownName
from symgrad.gathering import gathered
from symgrad.heads import without_arguments
from symgrad.index_pairs import masks, with_masks
from symgrad.labels import picked_beside_all
from symgrad.letter_powers import exponents, with_letter_powers
from symgrad.meaning import stem
from symgrad.naming import plain_name
from symgrad.network import Network
from symgrad.one_example import of_one_example
from symgrad.open_sums import READ_ON, with_brackets
from symgrad.parts import parts
from symgrad.plain_meaning import (
    assumed_of,
    declare_shapes,
    greek_beside_capitals,
    is_of_a_function,
    leading_to,
    network_meant,
    plainly_understood,
    refuse_cross_products,
    take_as_stacks,
    vectors_beside_matrices,
)
from symgrad.primed_names import with_primed_names
from symgrad.read import stepping
from symgrad.read.arrays import Refused
from symgrad.read.declared import read_properties, read_shapes
from symgrad.read.document import Sheet, Statement, read_document
from symgrad.read.expression import network_of, network_of_assignments
from symgrad.read.functions import WORDS, word_of
from symgrad.read.python import Assignment, assignments
from symgrad.recurrence import Recurrence, recurrence_of
from symgrad.remarks import told
from symgrad.rows_of_capitals import with_rows_of_capitals
from symgrad.shapes import unknown
from symgrad.sheet import Gathered
from symgrad.span import Source, Span
from symgrad.step_letters import counted
from symgrad.syntax import Unreadable
from symgrad.targets import targeted
from symgrad.unrolling import unrolled
from symgrad.unsaid_indices import with_ends, with_indices

# What the last definition depends on: the `(x, y)` of `f(x, y) = x^\top y`, which is no function that is used.
_LAST_HEAD = re.compile(r"(?P<name>(?:^|[;\n])\s*\\?[A-Za-z]\w*)(?P<arguments>\([^()=;\n]*\)\s*)(?==[^;\n]*$)")
# Greek letters as code has them, which are no products of letters; `xi` and `pi` may be x_i and p_i.
_SHORTENED = {"lam": "lambda", "eps": "epsilon"}
_WORDS_OF_LETTERS = sorted({*names.GREEK, *_SHORTENED} - {"nu", "xi", "pi", "Xi", "Pi"})
_SPELT = re.compile(rf"(?<![\\A-Za-z])(?<!rm{{)(?<!text{{)(?<!name{{)(?:{'|'.join(_WORDS_OF_LETTERS)})(?![A-Za-z(])")
_LONGEST = 10_000
_MOST_STEPS = 60
# The numbers of steps that a general formula is read for: enough that a sum over all but one of them is seen to be one.
COMPARED = (4, 6)


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
    network = _network_of(text, dims, given, assumed, settings, scalar)
    if isinstance(network, Network):
        network.remarks += told(text, network)
    return network


def _network_of(
    text: str,
    dims: str,
    given: Mapping[str, tuple[int, int]] | None,
    assumed: str,
    settings: Mapping[str, int] | None,
    scalar: bool,
) -> Network | Recurrence:
    if is_formula(text):
        return network_of_formula(text, dims, assumed, settings, scalar)
    source = Source(text, "--expr")
    try:
        found = stepping.by_terms(stepping.with_subscripts(assignments(source)))
        counting = stepping.counted(found)
        last = last_step(settings or {}, counting[1] if counting else None, "--expr")
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
    return recurrence_of({length: made(length, known) for length in COMPARED}, *counting)


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
    if re.search(r"[@\[]|\bnp\.", text) or any(text.count(a) != text.count(b) for a, b in ("()", "{}")):
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
    shapes = {_SHORTENED.get(name, name): shape for name, shape in read_shapes(dims).items()}
    properties = {_SHORTENED.get(name, name): held for name, held in read_properties(assumed).items()}
    text = _SPELT.sub(lambda found: names.GREEK[_SHORTENED.get(found[0], found[0])].rjust(len(found[0])), text)
    sheet_text, pieces = _as_sheet(text, scalar)
    made_sheet = Source(sheet_text, "--expr.md")
    written, as_typed = own_functions_applied(made_sheet, shapes), read_document(made_sheet)
    reads_on = any(new.node is not old.node for new, old in zip(with_brackets(as_typed).statements, as_typed.statements, strict=True))
    of_their_place = {**dict.fromkeys(covariances(as_typed), "positive_definite"), **dict.fromkeys(masks(as_typed), "mask")}

    def own(span: Span) -> Span:
        """A place of the sheet as one of the text."""
        for piece in pieces:
            if piece.inside.start <= span.start <= piece.inside.end:
                return Span(max(span.start - piece.shift, 0), max(min(span.end, piece.inside.end) - piece.shift, 1))
        return Span(0, len(text))

    def made(last: int | None, stacks: Container[str] = ()) -> Network:
        sheet = unrolled(written, last)
        try:
            return understood(sheet, stacks)
        except _OfMatrices as error:
            try:
                return understood(error.written_in(sheet), stacks)
            except SymgradError:
                raise Refused(InvalidExpression, _MAY_BE_EITHER, error.found[0].span) from None

    def understood(sheet: Sheet, stacks: Container[str]) -> Network:
        (part, *others) = parts(sheet)
        if others:
            raise Refused(InvalidExpression, "a name is defined twice", Span(0, len(text)))
        found = gathered(sheet, part)
        for link in found.links:
            if is_of_a_function(link.left, found):
                continue  # f(z) = max(0, z) says what the function f is
            raise Refused(InvalidExpression, "this is no definition of a name that is new", link.span)
        # The L of tr(Xᵀ L X), which has another name then, and the E of D σ(E X).
        found.vocabulary.quantities = frozenset("LEJC") - {definition.name for definition in found.definitions}
        found.vocabulary.has_roots = True
        found.vocabulary.numbers |= exponents(as_typed)
        found.vocabulary.families |= frozenset(vectors_beside_matrices(found))
        take_as_stacks(found)
        declare_shapes(found, shapes)
        greek_beside_capitals(found)
        equal_layers(found, stacks)
        for name, known in of_their_place.items():
            found.vocabulary.properties.setdefault(name, set()).add(known)
            if name not in found.vocabulary.stacks:
                found.vocabulary.declared.setdefault(name, (unknown(f"rows:{name}"), unknown(f"cols:{name}")))
        held = assumed_of(found, properties)
        meaning = plainly_understood(found)
        refuse_cross_products(found, meaning)
        network = network_meant(meaning, text, held, leading_to(found.definitions[-1].name, meaning))
        _has_clear_exponentials(found, network)
        network.remarks += [READ_ON] * reads_on
        return network

    try:
        for node in (n for s in as_typed.statements for n in sx.walk(s.node) if isinstance(n, sx.Unread)):
            raise Unreadable(node.at or node.span, node.reason)
        counting = counted(written)
        last = last_step(settings or {}, counting.top if counting else None, "--expr")
        if counting is None or last is not None:
            return made(last)
        networks = {length: made(length, counting.stepped) for length in COMPARED}
        return recurrence_of(networks, names.text(counting.letter), names.text(counting.top))
    except Unreadable as error:
        raise Refused(InvalidExpression, f"this is not read: {error.reason}", own(error.span)).at(source) from None
    except Refused as refused:
        raise Refused(refused.kind, refused.message, own(refused.span)).at(source) from None


_MAY_BE_EITHER = r"this may be the exponential of the matrix, \operatorname{expm}(A), or of its entries, \exp(A)"


class _OfMatrices(Exception):
    r"""There is an `e^{tA}` as in `x^\top e^{tA} y`, which is nearly always the exponential of a matrix and was read as that of entries."""

    def __init__(self, found: Sequence[sx.Node]) -> None:
        self.found = found

    def written_in(self, sheet: Sheet) -> Sheet:
        """The sheet with `expm(tA)` in their place."""

        def other(node: sx.Node) -> sx.Node | None:
            if not any(node is factor or node == factor for factor in self.found):
                return None
            assert isinstance(node, sx.Scripted) and isinstance(node.sup, sx.Node)
            return sx.Call(node.span, sx.Name(node.span, "expm", (), "mathrm"), (node.sup,))

        return replace(sheet, statements=[replace(s, node=sx.replaced(s.node, other)) for s in sheet.statements])


def _has_clear_exponentials(found: Gathered, network: Network) -> None:
    """Raises `_OfMatrices` where the exponential of one matrix is a factor."""
    unclear: list[sx.Node] = []
    for definition in found.definitions:
        factors = [f for node in sx.walk(definition.expression) if isinstance(node, sx.Product) for f in node.factors]
        for factor in factors:
            match factor:
                case sx.Scripted(base=sx.Name(base="e"), sup=sx.Node() as exponent):
                    entries = {id(n.base) for n in sx.walk(exponent) if isinstance(n, sx.Scripted) and n.sub is not None}
                    whole = [n.base for n in sx.walk(exponent) if isinstance(n, sx.Name) and id(n) not in entries]
                    shapes = [network.inputs[name].shape for name in whole if name in network.inputs]
                    if sum(not any(dim.is_one for dim in shape) for shape in shapes) == 1:
                        unclear.append(factor)
    if unclear:
        raise _OfMatrices(unclear)


def last_step(settings: Mapping[str, int], top: str | None, where: str) -> int | None:
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


def equal_layers(found: Gathered, stacks: Container[str]) -> None:
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
    found: list[tuple[str, int]] = []
    used = _letters_used(text)
    name = next((letter for letter in ("LJ" if scalar else "uv") if letter not in used), "F")
    for piece in re.split(r"((?<!\\)[;\n](?![^()\n]*\))|\\\\(?=\s))", text):  # not at the semicolon of N(x; μ, Σ)
        body = piece.strip(" \t\r$")
        if body and body not in (";", "\n", "\\\\"):
            found.append((body, start + piece.index(body)))
        start += len(piece)
    # What has no name is the loss, also where it stands before what it is made of.
    for body, at in sorted(found, key=lambda each: not _has_equation(each[0])):
        out += "$$" + ("" if _has_equation(body) else f"{name} = ")
        pieces.append(_Piece(Span(len(out), len(out) + len(body)), len(out) - at))
        out += body + "$$\n\n"
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


_REWRITINGS = (
    with_primed_names,
    with_letter_powers,
    with_masks,
    with_densities,
    of_one_example,
    with_brackets,
    over_pairs,
    with_rows_of_capitals,
    targeted,
    picked_beside_all,
)


def _in_plain_terms(sheet: Sheet) -> Sheet:
    """The sheet with what is a manner of speaking in the terms of everything else."""
    for rewriting in _REWRITINGS:
        sheet = rewriting(sheet)
    return sheet


def own_functions_applied(source: Source, known: Container[str] = ()) -> Sheet:
    """What a text says, its own functions written out where they are called, the numbers of examples below; `known` are declared names."""
    written = applied(_in_plain_terms(with_ends(with_indices(read_document(source)), known)))
    return examples.below(without_arguments(_without_functions(written)))


def _without_functions(sheet: Sheet) -> Sheet:
    """The sheet without the definitions of functions that were written out wherever they are called: their x is none of the rest."""
    before, last = sheet.statements[:-1], sheet.statements[-1:]

    def is_done(statement: Statement) -> bool:
        match statement.node:
            case sx.Relation(
                sides=(sx.Call(function=function) | sx.Product(factors=(function, sx.Group(open="("))), _), operators=("=" | ":=",)
            ):
                others = (n for s in sheet.statements if s is not statement for n in sx.walk(s.node))
                return plain_name(function) not in (None, *map(plain_name, others))
        return False

    return replace(sheet, statements=[*(s for s in before if not is_done(s)), *last])
