"""A sheet taken apart: who is named, what is given, what is defined, and the chains of equalities that are claimed.

Nothing is typed or judged here. A display that begins with `=` goes on from the one before it.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass, field, replace
from fractions import Fraction

from symgrad import syntax as sx
from symgrad.constant import constant_of, is_numeric
from symgrad.dims import ONE
from symgrad.heads import as_call
from symgrad.meaning import Assumed, Definition, Vocabulary, is_loss
from symgrad.members import exponents, families, indexed, running_letters
from symgrad.naming import letters_of, numbers_of, plain_name, spelled, superscript, without_transpose
from symgrad.optima import is_optimised, is_said, of_which
from symgrad.origins import added_letters, origins
from symgrad.parts import Part, heads, is_word, mentions
from symgrad.prose import (
    counted_letters,
    declarations,
    declare_each_in_words,
    declare_in_words,
    definitions_in_words,
    equal_sizes,
    functions_in_words,
    is_own_transpose,
    layout_in_words,
    limits_of_sums,
    losses_in_words,
    numbers_in_words,
    properties_in_words,
    shape_of_node,
    shapes_in_words,
    space,
    without_features,
)
from symgrad.read import functions as fn
from symgrad.read.document import Sheet, Statement
from symgrad.signs import UNNAMED_LOSS, of_expressions
from symgrad.span import Span
from symgrad.syntax import Node

EQUALITIES = frozenset({"=", ":=", "==", "equiv", "triangleq", "approx"})
_NO_CLAIMS = frozenset(
    {"in", "notin", "gets", "sim", "to", "mapsto", "propto", "subset", "subseteq", ":", "+=", "-=", "<", ">", "le", "ge", "ne", "ll", "gg"}
)
_NOTHING = Assumed()
Rows = tuple[tuple[Fraction, ...], ...]


@dataclass(frozen=True)
class Link:
    """One equality of a chain: a side and the one before it."""

    left: Node
    right: Node
    operator: str
    statement: int
    span: Span
    head: Node
    first: bool
    optimal: bool = False  # it says where the gradient of the loss vanishes


@dataclass
class Gathered:
    """What a sheet says, in the order it says it."""

    sheet: Sheet
    vocabulary: Vocabulary
    part: Part
    definitions: list[Definition] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)
    given: dict[int, list[tuple[str, Node]]] = field(default_factory=dict)
    updates: dict[int, list[tuple[str, Node]]] = field(default_factory=dict)
    defining: set[int] = field(default_factory=set)
    counting: set[int] = field(default_factory=set)
    running: frozenset[str] = frozenset()  # the letters that sums run over, and indices beside them
    added: frozenset[str] = frozenset()  # the letters of sums of indices
    quantities: frozenset[str] = frozenset()  # the letters that have a formula, and so count nothing
    tallies: frozenset[str] = frozenset()  # names of what is counted again and again
    unread: list[tuple[int, Span, str]] = field(default_factory=list)
    declared: list[tuple[int, Span]] = field(default_factory=list)


def gathered(sheet: Sheet, part: Part, assumed: Assumed = _NOTHING) -> Gathered:
    """A part of the sheet taken apart, with the definitions that it keeps from before."""
    styled = _styled(sheet)
    vocabulary = Vocabulary(styled=styled, assumed=assumed, arguments=dict(sheet.arguments))
    found = Gathered(sheet, vocabulary, part)
    functions_in_words(sheet, vocabulary)
    vocabulary.layout = layout_in_words(sheet.source.text)
    properties_in_words((sheet.statements[i] for i in part.statements), vocabulary)
    for name in sheet.one_hot:
        vocabulary.properties.setdefault(name, set()).add("one_hot")
    for i, about, shape in shapes_in_words((i, sheet.statements[i]) for i in part.statements):
        if declare_each_in_words(sheet, part.statements, vocabulary, i, about, shape) or declare_in_words(vocabulary, i, about, shape):
            found.declared.append((i, sheet.statements[i].span))
        else:
            found.links.append(Link(about, shape, "in", i, about.span.to(shape.span), about, False))
    vocabulary.heads = frozenset(name for i in part.statements for name, _ in heads(sheet.statements[i]))
    for i in part.statements:
        declarations(i, sheet.statements[i].node, vocabulary, vocabulary.heads | vocabulary.declared.keys())
        vocabulary.dependences.read(sheet.statements[i].node, styled)
    without_features(sheet, vocabulary)
    vocabulary.numbers = frozenset(numbers_in_words((sheet.statements[i] for i in part.statements), styled))
    vocabulary.bold = frozenset(_bold(sheet, styled))
    vocabulary.arrays = frozenset(_arrays((sheet.statements[i].node for i in part.statements), styled))
    found.running = frozenset(_running([sheet.statements[i].node for i in part.statements]))
    found.tallies = frozenset(_tallies(sheet, part))
    several = [(name.partition("_")[0], shape) for name, shape in vocabulary.declared.items() if "_" in name]
    found.added = frozenset(added_letters(sheet.statements[i].node for i in part.statements))
    vocabulary.counting = origins((sheet.statements[i].node for i in part.statements), styled)
    scripted = [n for i in part.statements for n in sx.walk(sheet.statements[i].node) if isinstance(n, sx.Scripted)]
    pieces = [piece for n in scripted for script in (n.sub, n.sup) if script is not None for piece in sx.walk(script)]
    vocabulary.scripts = frozenset(piece.base for piece in pieces if isinstance(piece, sx.Name))
    vocabulary.single = frozenset(exponents((sheet.statements[i].node for i in part.statements), styled))
    vocabulary.indexed = frozenset(indexed((sheet.statements[i].node for i in part.statements), styled))
    members = {base for base, shape in several if not shape[0].is_one}
    members |= set(families((sheet.statements[i].node for i in part.statements), styled))
    vocabulary.families = frozenset(members - vocabulary.declared.keys())
    for name, stated in list(vocabulary.declared.items()):
        base, _, letter = name.partition("_")
        if base in vocabulary.families and letter in found.running and stated[1].is_one and not stated[0].is_one:
            vocabulary.members[base] = stated[0]  # `x_i \in \mathbb{R}^d` is said of the rows of x
            del vocabulary.declared[name]
        elif letter in found.running and base not in vocabulary.declared and stated == (ONE, ONE) and base[:1].islower():
            del vocabulary.declared[name]  # `y_i \in \mathbb{R}`: the entries of y
    for base in vocabulary.families - vocabulary.members.keys():
        stated_of = {stated for name, stated in vocabulary.declared.items() if name.partition("_")[0] == base and "_" in name}
        if len(stated_of) == 1 and not (stated := stated_of.pop())[0].is_one and stated[1].is_one:
            vocabulary.members[base] = stated[0]  # `x_1, \dots, x_N \in \mathbb{R}^d`
    vocabulary.entrywise = frozenset(_entrywise(sheet, styled))
    vocabulary.along_an_axis = frozenset(_along_an_axis(sheet, styled))
    named_here = [*part.own, *(i for i in part.context if heads(sheet.statements[i]))]
    problems = {bisect_right(sheet.headings, sheet.statements[i].span.start) for i in named_here}
    for name in (n for n, places in sheet.scalars.items() if places & problems and n not in vocabulary.heads):
        vocabulary.declared.setdefault(name, (ONE, ONE))
    losses_in_words((sheet.statements[i] for i in part.statements), vocabulary)
    _loss_of_differentials(sheet, [sheet.statements[i].node for i in part.statements], vocabulary)
    vocabulary.claimed = _claimed(sheet, part, styled)
    limits_of_sums([sheet.statements[i].node for i in part.statements], vocabulary)
    for i, size in counted_letters((i, sheet.statements[i]) for i in part.statements):
        found.counting.add(i)
        vocabulary.sizes |= set() if size is None else {size}
    for i in part.statements:
        equal_sizes(sheet.statements[i].node, vocabulary)
    # What is differentiated by is a quantity, though its letter may count something too.
    vocabulary.sizes -= vocabulary.dependences.variables
    vocabulary.mentioned = frozenset(_mentioned(sheet, styled, part))
    known: set[str] = set()
    in_words = definitions_in_words((i, sheet.statements[i]) for i in part.statements)
    written = {name for i in part.statements for name, node in heads(sheet.statements[i]) if literal_rows(node) is None}
    formulas = {name for i in part.statements for name, node in heads(sheet.statements[i]) if plain_name(node) is None} & written
    found.quantities = frozenset(name for name in formulas if len(name) == 1) - found.running
    for i, name, expression in in_words:
        if name not in written and name not in known:
            found.definitions.append(Definition(name, expression, i))
            found.defining.add(i)
            known.add(name)
    for i in part.context:
        _add(found, i, Chain(), known)
    chain = Chain()
    for i in part.own:
        chain = _add(found, i, chain, known)
    _symmetric_forms(found)
    _without_illustrations(found)
    own = part.own
    found.links = [link for link in found.links if link.statement in own]
    found.unread = [item for item in found.unread if item[0] in own]
    found.declared = [item for item in found.declared if item[0] in own]
    return found


def _running(nodes: list[Node]) -> set[str]:
    r"""The letters that sums run over, and those beside them: the c of `m_c = \frac1n \sum_i x_{ic}`."""
    running = {letter for node in nodes for letter in running_letters(node)}
    below = [set(letters_of(n.sub) or ()) for node in nodes for n in sx.walk(node) if isinstance(n, sx.Scripted)]
    return running.union(*(letters for letters in below if letters & running))


def _claimed(sheet: Sheet, part: Part, styled: frozenset[str]) -> dict[str, list[tuple[int, int]]]:
    """The sizes of the numbers that names are set equal to, in whatever step of a chain."""
    found: dict[str, list[tuple[int, int]]] = {}
    for node in (sheet.statements[i].node for i in part.statements):
        name = plain_name(node.sides[0], styled) if isinstance(node, sx.Relation) and node.operators[0] in EQUALITIES else None
        for rows in map(literal_rows, node.sides[1:]) if name is not None and isinstance(node, sx.Relation) else ():
            if rows is not None and rows != ((Fraction(0),),):
                found.setdefault(name or "", []).append((len(rows), len(rows[0])))
    return found


def _symmetric_forms(found: Gathered) -> None:
    """The A of `x^T A x`, which is given with a symmetric value, is symmetric: only its symmetric part counts there."""
    given = {name: literal_rows(node) for items in found.given.values() for name, node in items}
    even = {name for name, rows in given.items() if rows is not None and len(rows) > 1 and rows == tuple(zip(*rows, strict=True))}
    for product in (n for i in found.part.statements for n in sx.walk(found.sheet.statements[i].node) if isinstance(n, sx.Product)):
        for left, middle, right in zip(product.factors, product.factors[1:], product.factors[2:], strict=False):
            name, (before, _, is_turned) = plain_name(middle), _perhaps_turned(left, found.vocabulary.styled)
            if name in even and is_turned and before == plain_name(right, found.vocabulary.styled):
                found.vocabulary.properties.setdefault(name or "", set()).add("symmetric")


def _tallies(sheet: Sheet, part: Part) -> set[str]:
    r"""The `\text{params}` of `\text{params} = 8 \cdot 26 = 208` and `\text{params} = 64 \cdot 10 = 640`: each time of something else."""
    worked: dict[str, int] = {}
    used: set[str] = set()
    for statement in (sheet.statements[i] for i in part.statements):
        named = heads(statement)
        for name, expression in named:
            worked[name] = worked.get(name, 0) + 1
            used |= set() if is_numeric(expression) and is_worked(expression) else {name}
        sides = statement.node.sides[1:] if named and isinstance(statement.node, sx.Relation) else (statement.node,)
        used |= {name for side in sides for name in mentions(side)}
    return {name for name, times in worked.items() if times > 1} - used


def _without_illustrations(found: Gathered) -> None:
    """Numbers for one row, or of one entry, say nothing of the shapes in general, nor do single numbers for what the sheet transposes."""
    literals, styled = found.vocabulary.literals, found.vocabulary.styled
    axes = _axes(found)
    for stated in (literals, found.vocabulary.claimed):
        for name in [n for n, sizes in stated.items() if axes.get(n, 0) > max(_long(size) for size in sizes)]:
            del stated[name]
            found.vocabulary.of_one_row.add(name)
    single = {name for name, sizes in literals.items() if set(sizes) == {(1, 1)}}
    nodes = (n for i in found.part.statements for n in sx.walk(found.sheet.statements[i].node))
    turned = {name for name, _, is_turned in (_perhaps_turned(n, styled) for n in nodes) if is_turned}
    if single & turned and single == literals.keys():
        found.vocabulary.literals = {name: literals[name] for name in single if name.startswith("\\")}
        found.vocabulary.is_illustrated = True


def _axes(found: Gathered) -> dict[str, int]:
    """By how many indices names are spoken of, two for `n_{ij} = (x_{ij} - \\mu_i) r_i`; of those that run, or that formulas are for."""
    letters = found.running | {letter for d in found.definitions for letter in d.letters}
    axes: dict[str, int] = {}
    for node in (n for i in found.part.statements for n in sx.walk(found.sheet.statements[i].node) if isinstance(n, sx.Scripted)):
        below, name = letters_of(node.sub) or (), plain_name(node.base, found.vocabulary.styled)
        if name is not None and below and set(below) <= letters:
            axes[name] = max(axes.get(name, 0), len(below))
    return axes


def _long(size: tuple[int, int]) -> int:
    """How many axes numbers have: 0 for a single one, 1 for a list."""
    return sum(count > 1 for count in size)


@dataclass(frozen=True)
class Chain:
    """Where a chain of equalities stands: what it began with, its last side, and the block that it is in."""

    head: Node | None = None
    last: Node | None = None
    block: int = -1


# Of a network that has been trained: its names mean something else there, and no line is about that.
_ELSEWHERE = re.compile(
    r"(?i)(?:\b(?:test|eval(?:uation)?|inference)[- ](?:mode|time)"
    r"|\bat (?:test|inference|prediction|evaluation)(?: time)?|\b(?:during|in|for) (?:testing|inference|evaluation|prediction)"
    r"|\b(?:bei|in) der (?:Inferenz|Vorhersage)|\bzur Testzeit|\ben (?:test|inf[ée]rence|prueba)|\bà l'inférence)\b[^.;]*$"
)


def _add(found: Gathered, i: int, chain: Chain, known: set[str]) -> Chain:
    """What one statement says, and where the chain of equalities then stands."""
    statement = found.sheet.statements[i]
    node = statement.node
    if isinstance(node, sx.Unread):
        found.unread.append((i, statement.span, node.reason))
        return Chain()
    if not isinstance(node, sx.Relation):
        # An expression by itself claims nothing; inline mention of a name does not end a chain of displays.
        return Chain(node, node, statement.block) if statement.display else chain
    if i in found.counting:
        found.declared.append((i, statement.span))
        return chain
    is_known = isinstance(node.sides[0], (sx.Derivative, sx.Differential)) or {name for name, _ in heads(statement)} & known
    if _ELSEWHERE.search(statement.words) and is_known:
        found.declared.append((i, statement.span))
        return Chain()
    if _says_where(statement, found.vocabulary.declared):
        found.declared.append((i, statement.span))
        return Chain()
    node = _without_models(node)
    strange = set(node.operators) - EQUALITIES - _NO_CLAIMS
    if strange:
        found.unread.append((i, statement.span, f"a relation with {', '.join(sorted(strange))}"))
        return chain
    _shape_links(found, i, node)
    _updates(found, i, node)
    if not set(node.operators) & EQUALITIES:
        if not any(link.statement == i for link in found.links):
            found.declared.append((i, statement.span))
        return chain
    general = [any(isinstance(n, sx.Dots) for n in sx.walk(side)) for side in node.sides]
    if any(general):
        found.declared.append((i, statement.span))  # the general look of a thing, and nothing to compute
        named = plain_name(node.sides[0], found.vocabulary.styled)
        if general.count(False) < 2 or general[0] or (named is not None and named not in known):
            return Chain()
        node = _without_sides(node, general)
    runs = _runs(node, chain.last if statement.display or chain.block == statement.block else None)
    for reason, span in runs.gaps:
        found.unread.append((i, span, reason))
    for run in runs.runs:
        continued = run.continued and chain.head is not None
        head = chain.head if continued and chain.head is not None else run.sides[0]
        _links(found, i, run, head, known)
        chain = Chain(head, run.sides[-1], statement.block)
    return chain


_WHERE = re.compile(r"(?i)^\W*(?:if|iff|when|whenever|where|wherever|wenn|falls|si|se)\b")


def _says_where(statement: Statement, declared: Container[str]) -> bool:
    """`M_{ij} = 1` if something is so: what the entries of a matrix say, and no value."""
    match statement.node:
        case sx.Relation(sides=(sx.Scripted(base=base, sub=sub, sup=None), value), operators=("=",)) if letters_of(sub):
            is_said = not statement.display and _WHERE.match(statement.words_after) is not None
            return is_said and constant_of(value) is not None and plain_name(base) in declared
    return False


def _updates(found: Gathered, i: int, node: sx.Relation) -> None:
    r"""`w \leftarrow w - 0.1 \cdot 8 = 0.2`: a name and its new value."""
    name = plain_name(node.sides[0], found.vocabulary.styled)
    if node.operators[0] == "gets" and name is not None and literal_rows(node.sides[-1]) is not None:
        found.updates.setdefault(i, []).append((name, node.sides[-1]))


def _without_models(node: sx.Relation) -> sx.Relation:
    r"""`R \approx UV^T` is a model, which no line follows from; only numbers are rounded."""
    operators = [
        "sim" if op == "approx" and not (is_numeric(a) or is_numeric(b)) else op
        for a, b, op in zip(node.sides, node.sides[1:], node.operators, strict=False)
    ]
    return replace(node, operators=tuple(operators)) if len(operators) == len(node.operators) else node


def _without_sides(node: sx.Relation, dropped: list[bool]) -> sx.Relation:
    """The relation without some of its sides, the first of which is kept; each other side keeps the sign before it."""
    sides = tuple(side for side, drop in zip(node.sides, dropped, strict=True) if not drop)
    operators = tuple(sign for sign, drop in zip(node.operators, dropped[1:], strict=True) if not drop)
    return replace(node, sides=sides, operators=operators, notes=())


@dataclass
class _Run:
    """Sides with nothing unread between them; `continued` where the first is the last side of the statement before."""

    sides: list[Node]
    operators: list[str]
    continued: bool = False


@dataclass
class _Runs:
    runs: list[_Run] = field(default_factory=list)
    gaps: list[tuple[str, Span]] = field(default_factory=list)


def _loss_of_differentials(sheet: Sheet, nodes: list[Node], vocabulary: Vocabulary) -> None:
    """`dV = P^T dO`, where no loss is named: the gradients of one that everything else leads to."""
    dependences = vocabulary.dependences
    with_formula = {name for s in sheet.statements for name, side in heads(s) if not is_numeric(side)}
    losses = [name for name in dict.fromkeys((*vocabulary.heads, *dependences.inside, *dependences.asked)) if is_loss(name)]
    named = [name for name in losses if name in with_formula or name not in vocabulary.heads]  # of others there is a number only
    if with_formula & {*named} or vocabulary.losses or any(e for node in nodes for e in of_expressions(node)):
        return
    if named and not (len(named) == 1 and any(_says_what_d_is(s.node) for s in sheet.statements)):
        return
    spoken = {name for node in nodes for name in mentions(sx.mapped(node, _without_differentials))}
    found = []
    for node in nodes:
        sides = node.sides if isinstance(node, sx.Relation) else ()
        for n in (n for side in sides for n in sx.walk(side)):
            of = n.of if isinstance(n, sx.Differential) and n.sign == "d" and n.order is None else None
            name = None if of is None or _is_entry_of(of, vocabulary.indexed, vocabulary.styled) else plain_name(of, vocabulary.styled)
            if name in spoken:
                found.append((name, dependences.asked if n is sides[0] else dependences.inside))
    if {name for name, _ in found} & {*dependences.inside, *dependences.asked}:
        return  # `dS` beside `\nabla S` is the differential of S
    for name, held in found:
        held.setdefault((*named, *losses, UNNAMED_LOSS)[0], {})[name] = None


def _is_entry_of(node: Node, indexed: frozenset[str], styled: frozenset[str]) -> bool:
    """Whether it is an entry by its number, `x_1`, of what runs by an index elsewhere."""
    return isinstance(node, sx.Scripted) and numbers_of(node.sub) is not None and plain_name(node.base, styled) in indexed


def _says_what_d_is(node: Node) -> bool:
    r"""`dh_t = \partial L/\partial h_t`: differentials are short for gradients."""
    match node:
        case sx.Relation(sides=(sx.Differential(sign="d", of=of, order=None), sx.Derivative(wrt=(wrt,)), *_)):
            return plain_name(of) is not None and plain_name(of) == plain_name(wrt)
    return False


def _without_differentials(node: Node) -> Node:
    return sx.Blank(node.span) if isinstance(node, sx.Differential) else node


def _bold(sheet: Sheet, styled: frozenset[str]) -> Iterator[str]:
    """The names that are printed bold: vectors and matrices."""
    for statement in sheet.statements:
        for node in sx.walk(statement.node):
            base = node.base if isinstance(node, sx.Scripted) else node
            if isinstance(base, sx.Name) and base.style in ("mathbf", "boldsymbol", "bm", "bf", "vec"):
                name = plain_name(node, styled)
                if name is not None:
                    yield name


def _arrays(nodes: Iterable[Node], styled: frozenset[str]) -> Iterator[str]:
    """The names that stand transposed or in a norm."""
    for node in (n for whole in nodes for n in sx.walk(whole)):
        name, _, is_turned = _perhaps_turned(node.body, styled) if isinstance(node, sx.Norm) else _perhaps_turned(node, styled)
        if name is not None and (is_turned or isinstance(node, sx.Norm)):
            yield name


def _entrywise(sheet: Sheet, styled: frozenset[str]) -> Iterator[str]:
    """The names that are multiplied entry by entry, which numbers are not."""
    for node in (n for statement in sheet.statements for n in sx.walk(statement.node)):
        if isinstance(node, sx.Product):
            for a, b, operator in zip(node.factors, node.factors[1:], node.operators, strict=False):
                if operator in ("odot", "circ"):
                    yield from (name for name in (plain_name(a, styled), plain_name(b, styled)) if name is not None)


def _along_an_axis(sheet: Sheet, styled: frozenset[str]) -> Iterator[str]:
    r"""The Greek letters with an entry for each column of a matrix: the γ of `y_{kl} = \gamma_l h_{kl} + \beta_l`."""
    scripted = [n for s in sheet.statements for n in sx.walk(s.node) if isinstance(n, sx.Scripted) and n.sub is not None]
    axes = {letters[1] for n in scripted if len(letters := letters_of(n.sub) or ()) == 2}
    for node in scripted:
        name = plain_name(node.base, styled)
        if name is not None and name.startswith("\\") and len(letters := letters_of(node.sub) or ()) == 1 and letters[0] in axes:
            yield name


def _runs(node: sx.Relation, last: Node | None) -> _Runs:
    """The sides of a relation, cut where one cannot be read."""
    sides, operators = list(node.sides), ["", *node.operators]
    out = _Runs()
    current: _Run | None = None
    for k, (side, operator) in enumerate(zip(sides, operators, strict=True)):
        if k == 0 and isinstance(side, sx.Blank):
            current = None if last is None else _Run([last], [], True)
        elif isinstance(side, (sx.Blank, sx.Unread)):
            reason = side.reason if isinstance(side, sx.Unread) else "nothing stands between two equal signs"
            before = sides[k - 1].span if k else side.span
            out.gaps.append((reason, before.to(side.span)))
            current = None
        elif current is None or operator in _NO_CLAIMS:
            current = _Run([side], [])
        else:
            current.sides.append(side)
            current.operators.append(operator)
        if current is not None and not any(run is current for run in out.runs):
            out.runs.append(current)
    return out


def _shape_links(found: Gathered, i: int, node: sx.Relation) -> None:
    r"""`W^\top \delta \in \mathbb{R}^d`: what is computed, and the shape that it is said to have."""
    known = found.vocabulary
    for left, right, operator in zip(node.sides, node.sides[1:], node.operators, strict=False):
        is_formula = isinstance(left, (sx.Product, sx.Sum, sx.Derivative, sx.Prefix, sx.Call, sx.Frac))
        is_formula = is_formula or (isinstance(left, sx.Differential) and plain_name(left, known.styled) not in known.declared)
        if operator == "in" and is_formula and space(right) is not None:
            found.links.append(Link(left, right, "in", i, left.span.to(right.span), left, False))
    for noted in (n for n in sx.walk(node) if isinstance(n, sx.Annotated)):
        if shape_of_node(noted.note) is not None:
            found.links.append(Link(noted.body, noted.note, "in", i, noted.span, noted.body, False))


def _links(found: Gathered, i: int, run: _Run, head: Node, known: set[str]) -> None:
    """The equalities of a chain; the first says what its name means, when nothing before did."""
    statement, sides, continued = found.sheet.statements[i], run.sides, run.continued
    start = 1
    if not continued and len(sides) > 1 and _gives_meaning(found, i, sides, known):
        found.defining.add(i)
        start = 2
        optimum = of_which(sides[0], is_said(found.sheet, i))
        if (
            optimum is not None
            and not is_numeric(sides[1])
            and is_optimised(found.definitions, plain_name(optimum, found.vocabulary.styled), found.vocabulary.dependences)
        ):
            found.links.append(Link(optimum, sides[1], run.operators[0], i, statement.span, optimum, True, True))
        tied = _tied(found, i, sides, known) if len(sides) == 3 else None
        if tied is not None:
            found.definitions.append(tied)
            known.add(tied.name)
        elif len(sides) > 2 and _names_again(found, i, sides, known) and _gives_meaning(found, i, sides[1:], known):
            start = 3
    stop = len(sides)
    named = _named_at_the_end(found, i, sides, known) if len(sides) > start else None
    if named is not None:
        found.definitions.append(named)
        known.add(named.name)
        stop -= 1
    for k in range(start, stop):
        span = sides[k].span if k > 1 or continued else statement.span if len(sides) == 2 else sides[0].span.to(sides[k].span)
        spoken = {name for side in sides[k - 1 : k + 1] for name in mentions(side, found.vocabulary.styled)}
        optimal = any(is_optimised(found.definitions, name, found.vocabulary.dependences) for name in spoken) and is_said(found.sheet, i)
        found.links.append(Link(sides[k - 1], sides[k], run.operators[k - 1], i, span, head, k == 1 and not continued, optimal))
        _restate(found, head, sides[k])


def _restate(found: Gathered, head: Node, side: Node) -> None:
    """The other formula of a name that is taken to be defined by it: `K = \\mu^2 + \\sigma^2 - \\log\\sigma^2 = \\mu^2 + e^s - s`."""
    name = plain_name(head, found.vocabulary.styled)
    if name in found.vocabulary.assumed.restated and not is_numeric(side) and literal_rows(side) is None:
        found.definitions = [replace(d, expression=side) if d.name == name else d for d in found.definitions]


def _named_at_the_end(found: Gathered, i: int, sides: list[Node], known: set[str]) -> Definition | None:
    r"""The p of `\frac{\partial f}{\partial z_k} = \frac{e^{z_k}}{\sum_j e^{z_j}} = p_k`, which nothing else defines."""
    vocabulary, (before, last) = found.vocabulary, sides[-2:]
    name = plain_name(last, vocabulary.styled)
    if name is None or is_loss(name) or len(sides) < 3 or plain_name(before, vocabulary.styled) is not None or is_numeric(before):
        return None
    letters = _index_letters(found, last, known)
    base = _whole_of(last, vocabulary.styled) if letters else name
    settled = {*known, *vocabulary.heads, *vocabulary.declared, *vocabulary.literals, *vocabulary.sizes, *vocabulary.dependences.variables}
    spoken = {plain_name(n, vocabulary.styled) for n in sx.walk(before)}
    earlier = {n for j in found.part.statements if j < i for n in mentions(found.sheet.statements[j].node, vocabulary.styled)}
    is_known = {name, base} & (settled | earlier) or any(head.partition("_")[0] == base for head in vocabulary.heads)
    if is_known or {name, base} & spoken or any(isinstance(n, sx.Derivative) for n in sx.walk(before)):
        return None
    # What is so called is the gradient, whatever formula stands for it.
    return Definition(base, sides[0] if isinstance(sides[0], sx.Derivative) else before, i, letters)


def _names_again(found: Gathered, i: int, sides: list[Node], known: set[str]) -> bool:
    """Whether a chain gives a second name to what it computes, as `a = z = W x`, or to a value, as `m = v = 0.5`."""
    name = plain_name(sides[1], found.vocabulary.styled)
    if name is None or name in known or is_loss(name) or isinstance(sides[1], sx.Differential):
        return False
    if isinstance(sides[1], sx.Scripted) and superscript(sides[1].sup).power is not None:
        base = plain_name(replace(sides[1], sup=None), found.vocabulary.styled)
        is_known = base is not None and base in known | found.vocabulary.heads
    else:
        is_known = False
    if is_known:
        return False  # `g = c^2` of a c that is known is its square, and no name
    if literal_rows(sides[2]) is not None:
        return name not in found.vocabulary.heads
    settled = {*found.vocabulary.heads, *found.vocabulary.declared, *found.vocabulary.sizes}
    earlier = {n for j in found.part.statements if j < i for n in mentions(found.sheet.statements[j].node, found.vocabulary.styled)}
    return name not in settled | earlier


def _tied(found: Gathered, i: int, sides: list[Node], known: set[str]) -> Definition | None:
    """The `W_e` of `W_d = W_e^T = W^T`: an input that is set to another, which is met here first."""
    (name, _, turned), (other, fresh, other_turned) = (_perhaps_turned(side, found.vocabulary.styled) for side in sides[1:])
    if name is None or other is None or name in known or other in known:
        return None
    nodes = [n for j in found.part.statements if j < i for n in sx.walk(found.sheet.statements[j].node)]
    scripted = {id(n.base) for n in nodes if isinstance(n, sx.Scripted) and n.sub is not None}
    earlier = {plain_name(n, found.vocabulary.styled) for n in nodes if isinstance(n, (sx.Name, sx.Scripted)) and id(n) not in scripted}
    if other in earlier or name not in earlier:
        return None
    expression = fresh if turned == other_turned else sx.Scripted(fresh.span, fresh, None, sx.Text(fresh.span, "T"))
    return Definition(name, expression, i)


def _perhaps_turned(node: Node, styled: frozenset[str]) -> tuple[str | None, Node, bool]:
    """A name that stands as it is or transposed, without the transpose, and whether there is one."""
    if isinstance(node, sx.Scripted) and superscript(node.sup).transposed and superscript(node.sup).power is None:
        bare = without_transpose(node)
        return plain_name(bare, styled), bare, True
    return plain_name(node, styled), node, False


def _gives_meaning(found: Gathered, i: int, sides: list[Node], known: set[str]) -> bool:
    """Whether a name is given a value or a definition here, and no claim is made about it."""
    vocabulary = found.vocabulary
    name = plain_name(sides[0], vocabulary.styled)
    if name is None or name.startswith("\\partial ") or (isinstance(sides[0], sx.Differential) and not _is_step(sides)):
        return False
    if name in (*fn.UNNAMED, "\\sigma") and is_word(sides[1]):
        return True  # `\\phi = \\tanh` says which function it is
    if _is_exponential(sides[0]) or (constant_of(sides[0]) is not None and is_numeric(sides[1])):
        return False  # `e^{0.8} = 2.226`
    if _is_an_entry(found, sides[0], is_worked(sides[1])):
        return False  # `y_0 = 1 \\cdot 1 + 0 \\cdot 2 = 1` of a y with a formula
    if name not in known and (below := _some_function_of(sides[1], vocabulary)):
        vocabulary.dependences.rest(name, below)
        return True  # `L = \\ell(o, y)`, with an ℓ that nothing says more of
    gradient = _as_gradient(found, i, name) if name not in known else None
    if gradient is not None:
        found.definitions.append(Definition(name, gradient, i))
        known.add(name)
        return False
    if _is_model(found, i, sides[0], sides[1]):
        return True  # `y = Xβ + ε`: how the data came to be, and nothing that β settles
    if isinstance(sides[1], sx.Prefix) and sides[1].sign == "pm":
        return True  # a label, `t = \\pm 1`
    if name in vocabulary.sizes and plain_name(sides[1]) in vocabulary.sizes:
        return True  # `k = n`, of two sizes
    literal = literal_rows(sides[1])
    if is_numeric(sides[1]) and _is_every_entry(found, sides[0], known):
        return False
    is_number = set(vocabulary.claimed.get(name, ())) == {(1, 1)}  # by its later values
    zero = literal is not None and literal == ((Fraction(0),),) and not is_loss(name) and not is_number
    if zero and name not in known and not re.search(r"[_^]\{?[(\[]?0", name):
        found.given.setdefault(i, []).append((name, sides[1]))
        return True  # a value to begin with, `B = 0`, that says nothing of its size or of the general case
    if literal is not None and not zero:
        stated = {n for items in found.given.values() for n, _ in items}
        if name in known and name not in found.tallies and (name not in stated or len(sides) > 2 or is_worked(sides[1])):
            return False
        found.given.setdefault(i, []).append((name, sides[1]))
        if name in vocabulary.sizes:
            return True
        vocabulary.literals.setdefault(name, []).append((len(literal), len(literal[0])))
        vocabulary.valued_at.setdefault(name, i)
        if isinstance(_as_list(sides[1]), sx.List) and len(literal) == 1:
            vocabulary.lists.add(name)
        known.add(name)
        return True
    if name in vocabulary.assumed.reopened and is_numeric(sides[1]) and not zero:
        # Its rows stay open: it is known by its values, not by this product.
        width = next((len(rows[0]) for rows in map(literal_rows, sides[2:]) if rows is not None), None)
        vocabulary.literals.setdefault(name, []).append((1, width or 1))
        known.add(name)
        return True
    if is_loss(name) and is_numeric(sides[1]) and not zero and name not in known:
        # `L = \log 2 = 0.693` is what a loss comes to, and not what it is.
        found.given.setdefault(i, []).extend((name, side) for side in sides[2:] if literal_rows(side) is not None)
        vocabulary.literals.setdefault(name, []).append((1, 1))
        known.add(name)
        return True
    letters = _index_letters(found, sides[0], known)
    is_label = isinstance(sides[0], sx.Scripted) and plain_name(sides[0].base) in known
    if letters and name not in known and (is_label or set(vocabulary.claimed.get(name, ())) == {(1, 1)}):
        # The q of `\\ell_q = …`, the k of `d_k = d / h` is a label where the other side has no such index.
        scripts = [script for n in sx.walk(sides[1]) if isinstance(n, sx.Scripted) for script in (n.sub, n.sup) if script is not None]
        written = {n.base for script in scripts for n in sx.walk(script) if isinstance(n, sx.Name)}
        letters = letters if written & set(letters) else ()
    base = _whole_of(sides[0], vocabulary.styled) if letters else name
    used = _blocks(sides[1], vocabulary.styled) or mentions(sides[1], vocabulary.styled)
    if base in known or name in used or is_own_transpose(name, sides[1]):
        return False
    if is_optimised(found.definitions, base, vocabulary.dependences) and is_said(found.sheet, i):
        return False
    expression = sides[1] if zero else next((side for side in sides[1:] if literal_rows(side) is None), sides[1])
    spoken = {plain_name(n, vocabulary.styled) for n in sx.walk(expression) if isinstance(n, (sx.Name, sx.Scripted))}
    # `s = \log v`, and then `v = e^s`: of two that give each other the later one is meant.
    found.definitions = [d for d in found.definitions if d.name not in spoken or base not in mentions(d.expression, vocabulary.styled)]
    found.definitions.append(Definition(base, expression, i, letters))
    known.add(base)
    return True


def _is_an_entry(found: Gathered, node: Node, is_computed: bool) -> bool:
    """Whether it is an entry, by its numbers, of what has a formula for every index, and is computed or is so by sums of indices."""
    numbers = numbers_of(node.sub) if isinstance(node, sx.Scripted) and node.sup is None else None
    if numbers is None or not isinstance(node, sx.Scripted):
        return False
    base = plain_name(node.base, found.vocabulary.styled)
    is_so = is_computed or base in found.vocabulary.counting.indexed
    axes = [len(d.letters) for d in found.definitions if d.name == base and is_so]
    return any(count in (len(numbers), len(str(numbers[0]))) for count in axes)


def _as_gradient(found: Gathered, i: int, name: str) -> Node | None:
    """The gradient that a name is taken to be, whatever formula it is given."""
    for of, wrt in ((of, wrt) for known, of, wrt in found.vocabulary.assumed.gradients if known == name):
        statements = [found.sheet.statements[j] for j in found.part.statements]
        own = {plain_name(s.node.sides[0]): s.node.sides[0] for s in statements if isinstance(s.node, sx.Relation) and heads(s)}
        if of in own and wrt in own:
            return sx.Derivative(found.sheet.statements[i].span, own[of], (own[wrt],))
    return None


def _is_every_entry(found: Gathered, node: Node, known: set[str]) -> bool:
    """Whether it is said of each entry of what is defined: `p_i = 0.5`."""
    letters = _index_letters(found, node, known)
    base = plain_name(node.base, found.vocabulary.styled) if letters and isinstance(node, sx.Scripted) else None
    return set(letters) <= found.running and any(d.name == base and not is_numeric(d.expression) for d in found.definitions)


def _is_exponential(node: Node) -> bool:
    """`e^{-2s}`, which is no name."""
    if not (isinstance(node, sx.Scripted) and isinstance(node.base, sx.Name) and node.base.base == "e" and node.sub is None):
        return False
    return isinstance(node.sup, (sx.Prefix, sx.Product, sx.Frac))


def _blocks(node: Node, styled: frozenset[str]) -> list[str]:
    """What a matrix is put together of, where each cell is a name: the `W_g` of `W = [W_g, W_u]` is no entry of W."""
    rows = (node.items,) if isinstance(node, sx.List) else node.rows if isinstance(node, sx.Matrix) else ()
    found = [plain_name(cell, styled) for row in rows for cell in row]
    return [name for name in found if name is not None] if None not in found else []


_NOISE = frozenset({"u", "e", "\\epsilon", "\\varepsilon", "\\eta", "\\xi", "\\nu", "\\zeta"})
_OF_CHANCE = frozenset({"Var", "var", "E", "Cov", "cov", "V"})


def _some_function_of(node: Node, vocabulary: Vocabulary) -> list[str]:
    """The names that a function which nobody knows is applied to; none for anything else."""
    called = as_call(node)
    if not isinstance(called, sx.Call) or any(isinstance(arg, sx.Relation) for arg in called.args):
        return []
    function = plain_name(called.function, vocabulary.styled)
    base = called.function.base if isinstance(called.function, sx.Scripted) else called.function
    if function is None or not isinstance(base, sx.Name) or function in vocabulary.heads | vocabulary.declared.keys():
        return []
    below = [plain_name(arg, vocabulary.styled) for arg in called.args]
    is_known = fn.word_of(base.base) in fn.WORDS or base.base in vocabulary.functions
    if is_known or (len(below) < 2 and not is_loss(function) and function != "l"):
        return []
    return [n for n in below if n is not None] if None not in below else []


def _is_model(found: Gathered, i: int, head: Node, node: Node) -> bool:
    """Whether the last term is noise: a letter that no formula speaks of, but for its distribution, where y - Xβ is a residual."""
    noise = node.terms[-1] if isinstance(node, sx.Sum) and node.signs[-1] == "+" else None
    base = noise.base if isinstance(noise, sx.Scripted) else noise
    if noise is None or not isinstance(node, sx.Sum) or not isinstance(base, sx.Name) or base.base not in _NOISE:
        return False
    later = [s.node for s in found.sheet.statements[i + 1 :]]
    residuals = (n for other in later for n in sx.walk(other) if isinstance(n, sx.Sum) and {head, node.terms[0]} <= set(n.terms))
    about = [other for other in later if {spelled(base), plain_name(noise)} & set(mentions(other))]
    return next(residuals, None) is not None and all(map(_is_of_chance, about))


def _is_of_chance(node: Node) -> bool:
    r"""`\varepsilon \sim \mathcal N(0, I)`, `Var(u) = \Omega`, `E[u] = 0`."""
    if not isinstance(node, sx.Relation):
        return False
    about = node.sides[0]
    first = about.factors[0] if isinstance(about, sx.Product) else about.function if isinstance(about, sx.Call) else about
    return "sim" in node.operators or (isinstance(first, sx.Name) and first.base.rpartition("\\")[2] in _OF_CHANCE)


_RATES = frozenset({"\\eta", "\\alpha", "\\mu", "\\epsilon", "\\gamma", "\\mathrm{lr}"})


def _is_step(sides: list[Node]) -> bool:
    r"""`\Delta w = -\eta \delta x`: what is added to w, and no gradient by it."""
    head = sides[0]
    is_delta = isinstance(head, sx.Differential) and head.sign == "Δ"
    return is_delta and any(isinstance(n, sx.Name) and plain_name(n) in _RATES for n in sx.walk(sides[1]))


def is_worked(node: Node) -> bool:
    """Whether numbers are calculated with, and not only stated."""
    steps = [n for n in sx.walk(node) if isinstance(n, (sx.Product, sx.Sum, sx.Frac))]
    return any(sum(isinstance(m, sx.Number) for m in sx.walk(step)) > 1 for step in steps)


def _whole_of(node: Node, styled: frozenset[str]) -> str:
    r"""The name of what an entry is of: the `z^{(2)}` of `z^{(2)}_j`."""
    assert isinstance(node, sx.Scripted) and isinstance(node.base, sx.Name)
    return spelled(node.base, "", superscript(node.sup).label, node.base.base in styled)


def _index_letters(found: Gathered, node: Node, known: set[str]) -> tuple[str, ...]:
    r"""The indices of a definition such as `z_i = …`; a letter that names a step, a layer or a quantity (`n = \tanh(a_n)`) is not one."""
    if isinstance(node, sx.Scripted) and isinstance(node.base, sx.Name):
        letters = letters_of(node.sub)
        # The head h of `Q_h = X W_h` is no index: such matrices are names of their own.
        told = found.running if len(letters or ()) > 1 or not node.base.base[:1].isupper() else frozenset[str]()
        others = known | found.quantities
        if letters and all(
            (letter in "ijkmnpq" or letter in told or letter in found.added or (letter == "l" and len(letters) > 1))
            and letter not in others
            for letter in letters
        ):
            return letters
    return ()


def literal_rows(node: Node) -> Rows | None:
    """The entries of a number, a matrix or a list of numbers; a list is a row here."""
    node = _as_list(node)
    if isinstance(node, (sx.Group, sx.Prescripted, sx.Annotated)):
        return literal_rows(node.body if not isinstance(node, sx.Prescripted) else node.base)
    if isinstance(node, sx.Scripted) and isinstance(_as_list(node.base), (sx.Matrix, sx.List)) and node.sub is None:
        script = superscript(node.sup)
        rows = literal_rows(node.base)
        if rows is not None and script.transposed != (node.primes == 1) and not script.power and not script.label:
            return tuple(zip(*rows, strict=True))
        return None
    if isinstance(node, sx.Matrix):
        cells = [[c for c in row if not isinstance(c, sx.Blank)] for row in node.rows]
    elif isinstance(node, sx.List) and node.items and all(isinstance(item, sx.List) for item in node.items):
        cells = [list(item.items) for item in node.items if isinstance(item, sx.List)]
    elif isinstance(node, sx.List) and len(node.items) > 1:
        cells = [list(node.items)]
    else:
        value = constant_of(node)
        return None if value is None else ((value,),)
    cells = [row for row in cells if row]
    values = [[constant_of(cell) for cell in row] for row in cells]
    if not values or any(x is None for row in values for x in row) or len({len(row) for row in values}) != 1:
        return None
    return tuple(tuple(x for x in row if x is not None) for row in values)


def literal_cells(node: Node) -> list[Node] | None:
    """The entries of a vector of numbers as they are written; None for anything else."""
    rows = literal_rows(node)
    if rows is None or len(rows) * len(rows[0]) < 2 or 1 not in (len(rows), len(rows[0])):
        return None
    inner = _as_list(node.base if isinstance(node, sx.Scripted) else node)
    cells = (cell for row in inner.rows for cell in row) if isinstance(inner, sx.Matrix) else getattr(inner, "items", ())
    return [cell for cell in cells if not isinstance(cell, sx.Blank)]


def masked_entries(node: Node) -> str:
    """The mask of a matrix of names and zeros, as `[1 0; 0 1]`; "" for any other."""
    if not isinstance(node, sx.Matrix):
        return ""
    cells = [[c for c in row if not isinstance(c, sx.Blank)] for row in node.rows]
    kept = [["0" if constant_of(c) == 0 else "1" if constant_of(c) is None else "" for c in row] for row in cells if row]
    found = {entry for row in kept for entry in row}
    return "[" + "; ".join(" ".join(row) for row in kept) + "]" if found == {"0", "1"} else ""


def _as_list(node: Node) -> Node:
    """`(1, 2)` as the list that it is."""
    if isinstance(node, sx.Group) and node.open == "(" and isinstance(node.body, sx.Listing) and set(node.body.separators) == {","}:
        return sx.List(node.span, node.body.items)
    return node


def decimals(node: Node) -> list[list[int | None]]:
    """For every entry of a literal how many decimals it is written with; None for one that is exact."""
    node = _as_list(node)
    if isinstance(node, sx.Prescripted):
        return decimals(node.base)
    if isinstance(node, (sx.Group, sx.Annotated)):
        return decimals(node.body)
    if isinstance(node, sx.Scripted) and isinstance(_as_list(node.base), (sx.Matrix, sx.List)):
        inner = decimals(node.base)
        return [list(column) for column in zip(*inner, strict=True)]
    if isinstance(node, sx.Matrix):
        return [[_digits(c) for c in row if not isinstance(c, sx.Blank)] for row in node.rows if row]
    if isinstance(node, sx.List) and node.items and all(isinstance(item, sx.List) for item in node.items):
        return [[_digits(c) for c in item.items] for item in node.items if isinstance(item, sx.List)]
    if isinstance(node, sx.List) and len(node.items) > 1:
        return [[_digits(c) for c in node.items]]
    return [[_digits(node)]]


def _digits(node: Node) -> int | None:
    """Decimals of a number written with a point; a sum of products is exact as it stands."""
    if isinstance(node, sx.Number):
        return _written(node)
    if isinstance(node, sx.Prefix):
        return _digits(node.body)
    if isinstance(node, sx.Group):
        return _digits(node.body)
    if isinstance(node, sx.Product) and len(node.factors) == 2 and isinstance(node.factors[0], sx.Number):
        power = node.factors[1]
        if isinstance(power, sx.Scripted) and isinstance(power.base, sx.Number) and power.base.text == "10" and power.sup is not None:
            exponent = constant_of(power.sup)
            own = _written(node.factors[0])
            return None if exponent is None else (own or 0) - int(exponent)
    return None


def _written(node: sx.Number) -> int | None:
    text = node.text.lower()
    exponent = int(text.partition("e")[2] or 0) if "e" in text else 0
    return node.decimals - exponent if node.decimals or exponent else None


def _styled(sheet: Sheet) -> frozenset[str]:
    r"""Letters that the sheet gives a meaning both in bold and plain, so that they are two names.

    The plain `O_{ij}` is an entry of a bold O, and no second meaning.
    """
    bold: dict[str, set[bool]] = {}
    for statement in sheet.statements:
        if isinstance(statement.node, sx.Relation):
            head = statement.node.sides[0]
            for item in head.items if isinstance(head, sx.Listing) else (head,):
                base = item.base if isinstance(item, sx.Scripted) else item
                is_entry = isinstance(item, sx.Scripted) and len(letters_of(item.sub) or ()) == 2
                if isinstance(base, sx.Name) and base.style in ("", "mathbf", "mathcal") and not is_entry:
                    bold.setdefault(base.base, set()).add(bool(base.style))
    return frozenset(base for base, styles in bold.items() if len(styles) == 2)


def _mentioned(sheet: Sheet, styled: frozenset[str], part: Part) -> Iterator[str]:
    for i in part.statements:
        yield from mentions(sheet.statements[i].node, styled)
