"""A sheet is gone through in order: its givens, its definitions and its chains of equalities are put on record.

Nothing is typed or judged here. A display that begins with `=` goes on from the one before it.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass, field, replace
from fractions import Fraction

from symgrad import names
from symgrad import syntax as sx
from symgrad.conditions import one_sentence
from symgrad.constant import constant_of, is_numeric
from symgrad.defining import gives_meaning, named_at_the_end, names_again, perhaps_turned, restate, tied
from symgrad.dims import ONE
from symgrad.literals import is_worked, literal_rows
from symgrad.meaning import Assumed, Definition, Vocabulary, is_loss, stem
from symgrad.members import alongside, exponents, families, indexed, running_letters
from symgrad.naming import letters_of, numbers_of, plain_name, spelled, superscript, without_transpose
from symgrad.numbered import name_of_entry
from symgrad.optima import is_optimised, is_said, of_which
from symgrad.origins import added_letters, as_told, origins
from symgrad.parts import Part, heads, mentions
from symgrad.prose import OF_A_TRAINED_NETWORK, definitions_in_words, layout_in_words, losses_in_words, numbers_in_words
from symgrad.read.document import Sheet, Statement
from symgrad.read.written import sexpr
from symgrad.said_functions import functions_in_words
from symgrad.said_properties import inverse_by_its_transpose, properties_in_words
from symgrad.said_shapes import (
    counted_letters,
    declarations,
    declare_each_in_words,
    declare_in_words,
    equal_sizes,
    limits_of_sums,
    shapes_in_words,
    without_features,
)
from symgrad.sequences import steps_among
from symgrad.sheet import EQUALITIES, Gathered, Link
from symgrad.signs import UNNAMED_LOSS, of_expressions
from symgrad.singles import many_of
from symgrad.spaces import shape_of_node, space
from symgrad.span import Span
from symgrad.syntax import Node

_NO_CLAIMS = frozenset(
    {
        "in",
        "notin",
        "gets",
        "sim",
        "to",
        "mapsto",
        "propto",
        "subset",
        "subseteq",
        ":",
        "+=",
        "-=",
        "<",
        ">",
        "le",
        "ge",
        "ne",
        "ll",
        "gg",
        "prec",
        "succ",
        "preceq",
        "succeq",
    }
)
_NOTHING = Assumed()
_NEAR = 4  # how many statements before another its sentence may begin
_IF = re.compile(r"(?i)\b(?:if|unless|in case|wenn|falls|si|se)\b[^.;:$=]*$")
_WHERE = re.compile(r"(?i)^\W*(?:if|iff|when|whenever|where|wherever|wenn|falls|si|se)\b")


def gathered(sheet: Sheet, part: Part, assumed: Assumed = _NOTHING) -> Gathered:
    """A part of the sheet taken apart, with the definitions that it keeps from before."""
    styled = _styled(sheet)
    vocabulary = Vocabulary(styled=styled, assumed=assumed, arguments=dict(sheet.arguments))
    found = Gathered(sheet, vocabulary, part)
    functions_in_words(sheet, vocabulary)
    vocabulary.layout = layout_in_words(sheet.source.text)
    properties_in_words((sheet.statements[i] for i in part.statements), vocabulary)
    for name, said in list(vocabulary.properties.items()):
        if (of_each := many_of(name)) is not None:
            vocabulary.properties.setdefault(of_each, set()).update(said)
    spoken = {name for i in part.statements for name in mentions(sheet.statements[i].node, styled)} if sheet.one_hot else set()
    for name in sheet.one_hot | {name for name in spoken if stem(name) in sheet.one_hot}:  # that of each step
        vocabulary.properties.setdefault(name, set()).add("one_hot")
    for i, about, shape in shapes_in_words((i, sheet.statements[i]) for i in part.statements):
        if declare_each_in_words(sheet, part.statements, vocabulary, i, about, shape) or declare_in_words(vocabulary, i, about, shape):
            found.declared.append((i, sheet.statements[i].span))
        else:
            found.links.append(Link(about, shape, "in", i, about.span.to(shape.span), about, False))
    vocabulary.heads = frozenset(name for i in part.statements for name, _ in heads(sheet.statements[i]))
    in_equations = Counter(name for i in part.statements for name in _in_equations(sheet.statements[i].node, styled))
    for i in part.statements:
        declarations(i, sheet.statements[i].node, vocabulary, vocabulary.heads | vocabulary.declared.keys())
        node = sheet.statements[i].node
        slope = node.sides[-1] if isinstance(node, sx.Relation) and isinstance(node.sides[0], sx.Name | sx.Differential) else node
        elsewhere = in_equations - Counter(_in_equations(node, styled))
        if isinstance(slope, sx.Derivative) and slope.of is not None and _is_by_any_name(slope, elsewhere, styled):
            vocabulary.dependences.rest(plain_name(slope.of, styled) or "", _results(sheet, part, styled))
            found.notations |= {i} if slope is not node else set()
        else:
            vocabulary.dependences.read(node, styled)
    without_features(sheet, vocabulary)
    vocabulary.numbers = frozenset(numbers_in_words((sheet.statements[i] for i in part.statements), styled))
    vocabulary.bold = frozenset(_bold(sheet, styled))
    vocabulary.arrays = frozenset(_arrays((sheet.statements[i].node for i in part.statements), styled))
    found.running = frozenset(_running([sheet.statements[i].node for i in part.statements]))
    found.tallies = frozenset(_tallies(sheet, part))
    if assumed.feature:
        _one_feature(vocabulary)
    several = [(name.partition("_")[0], shape) for name, shape in vocabulary.declared.items() if "_" in name]
    found.added = frozenset(added_letters(sheet.statements[i].node for i in part.statements))
    vocabulary.counting = as_told(origins((sheet.statements[i].node for i in part.statements), styled), sheet.source.text)
    scripted = [n for i in part.statements for n in sx.walk(sheet.statements[i].node) if isinstance(n, sx.Scripted)]
    pieces = [piece for n in scripted for script in (n.sub, n.sup) if script is not None for piece in sx.walk(script)]
    vocabulary.scripts = frozenset(piece.base for piece in pieces if isinstance(piece, sx.Name))
    vocabulary.single = frozenset(exponents((sheet.statements[i].node for i in part.statements), styled))
    vocabulary.tables = frozenset(_tables(scripted, styled))
    vocabulary.alongside = frozenset(alongside((sheet.statements[i].node for i in part.statements), styled))
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
    vocabulary.divisors = frozenset(_divisors(sheet, styled))
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
    vocabulary.mentioned = frozenset(_mentioned(sheet, styled, part, vocabulary.declared))
    vocabulary.sequences = sheet.sequences | steps_among(vocabulary.mentioned | vocabulary.heads | vocabulary.declared.keys())
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


def _in_equations(node: Node, styled: frozenset[str]) -> set[str]:
    return set(mentions(node, styled)) if isinstance(node, sx.Relation) else set()


def _is_by_any_name(node: sx.Derivative, stated: Container[str], styled: frozenset[str]) -> bool:
    r"""Whether it is by a name that stands for any: "for every matrix $M$ with entries $\partial L/\partial M_{ij}$", "$\bar M := …$"."""
    return all(name not in stated for by in node.wrt for name in mentions(by, styled))


def _results(sheet: Sheet, part: Part, styled: frozenset[str]) -> list[str]:
    """What no other formula is made of, and gradients are by: the loss rests on it, where nothing else says on what."""
    statements = [sheet.statements[i] for i in part.statements]
    changes = [n for s in statements for n in sx.walk(s.node) if isinstance(n, (sx.Differential, sx.Derivative))]
    formulas = {
        name: formula
        for s in statements
        for name, formula in heads(s)
        if isinstance(s.node, sx.Relation) and not any(isinstance(n, (sx.Differential, sx.Derivative)) for n in sx.walk(s.node))
    }
    inside = {name for formula in formulas.values() for name in mentions(formula, styled)}
    by = {name for n in changes for node in (n.wrt if isinstance(n, sx.Derivative) else (n.of,)) for name in mentions(node, styled)}
    outermost = [name for name in formulas if name not in inside and not name.startswith("\\bar{")]
    return [name for name in outermost if name in by] or outermost


def _tables(nodes: Iterable[sx.Scripted], styled: frozenset[str]) -> Iterator[str]:
    """The names that have entries with two indices."""
    for node in nodes:
        name = plain_name(replace(node, sub=None), styled) if node.sub is not None and len(letters_of(node.sub) or ()) == 2 else None
        if name is not None:
            yield name


def _one_feature(vocabulary: Vocabulary) -> None:
    r"""Vectors of as many entries as there are features are numbers: the x_i of `x_1, \dots, x_m \in \mathbb{R}^D`, and γ."""
    features = {rows for name, (rows, cols) in vocabulary.declared.items() if "_" in name and cols.is_one and not rows.is_one}
    for name, (rows, cols) in list(vocabulary.declared.items()):
        if rows in features and cols.is_one:
            del vocabulary.declared[name]
            if "_" not in name:
                vocabulary.declared[name] = ONE, ONE


def _running(nodes: list[Node]) -> set[str]:
    r"""The letters that sums run over, and those beside them: the c of `m_c = \frac1n \sum_i x_{ic}`."""
    running = {letter for node in nodes for letter in running_letters(node)}
    below = [set(letters_of(n.sub) or ()) for node in nodes for n in sx.walk(node) if isinstance(n, sx.Scripted)]
    return running.union(*(letters for letters in below if letters & running))


def _claimed(sheet: Sheet, part: Part, styled: frozenset[str]) -> dict[str, list[tuple[int, int]]]:
    """The sizes of the numbers that names are set equal to, in whatever step of a chain."""
    found: dict[str, list[tuple[int, int]]] = {}
    for node in (sheet.statements[i].node for i in part.statements):
        is_equation = isinstance(node, sx.Relation) and node.operators[0] in EQUALITIES
        name = _named(node.sides[0], styled) if isinstance(node, sx.Relation) and is_equation else None
        for rows in map(literal_rows, node.sides[1:]) if name is not None and isinstance(node, sx.Relation) else ():
            if rows is not None and rows != ((Fraction(0),),):
                found.setdefault(name or "", []).append((len(rows), len(rows[0])))
    return found


def _named(head: Node, styled: frozenset[str]) -> str | None:
    """A name, or that of the gradient by one."""
    match head:
        case sx.Derivative(of=sx.Node() as of, wrt=(by,), order=None):
            loss, wrt = plain_name(of, styled), plain_name(by, styled)
            return None if loss is None or wrt is None else names.gradient(loss, wrt)
    return plain_name(head, styled)


def _symmetric_forms(found: Gathered) -> None:
    """The A of `x^T A x`, which is given with a symmetric value, is symmetric: only its symmetric part counts there."""
    given = {name: literal_rows(node) for items in found.given.values() for name, node in items}
    even = {name for name, rows in given.items() if rows is not None and len(rows) > 1 and rows == tuple(zip(*rows, strict=True))}
    for product in (n for i in found.part.statements for n in sx.walk(found.sheet.statements[i].node) if isinstance(n, sx.Product)):
        for left, middle, right in zip(product.factors, product.factors[1:], product.factors[2:], strict=False):
            name, (before, _, is_turned) = plain_name(middle), perhaps_turned(left, found.vocabulary.styled)
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
    turned = {name for name, _, is_turned in (perhaps_turned(n, styled) for n in nodes) if is_turned}
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
            whole = plain_name(replace(node, sub=None), found.vocabulary.styled)  # the `σ^2` of `\\sigma_j^2`
            axes |= {n: max(axes.get(n, 0), len(below)) for n in (name, whole) if n is not None}
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
    if i in found.counting | found.notations:
        found.declared.append((i, statement.span))
        return chain
    is_known = isinstance(node.sides[0], (sx.Derivative, sx.Differential)) or {name for name, _ in heads(statement)} & known
    if OF_A_TRAINED_NETWORK.search(statement.words) and is_known:
        found.declared.append((i, statement.span))
        return Chain()
    if _says_the_layout(node) or inverse_by_its_transpose(node, found.vocabulary.styled) is not None:
        found.declared.append((i, statement.span))
        return Chain()
    if _says_where(statement, found.vocabulary.declared) or (heads(statement) and _is_infinite(node) and not is_known):
        found.declared.append((i, statement.span))
        return Chain()
    if _is_supposed(found, i, known) or _is_where_masked(found, i):
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


def _is_supposed(found: Gathered, i: int, known: Container[str]) -> bool:
    r"""`(plus $dY$ if there is a residual connection $Y = X + O W_O$)`: a sentence ends with another formula of what has one, supposed."""
    statement, statements = found.sheet.statements[i], found.sheet.statements
    formulas = [formula for name, formula in heads(statement) if name in known and not is_numeric(formula)]
    if not formulas or statement.display or not _IF.search(statement.words):
        return False
    return i + 1 == len(statements) or not one_sentence(found.sheet, i, i + 1)


def _says_where(statement: Statement, declared: Container[str]) -> bool:
    """`M_{ij} = 1` if something is so: what the entries of a matrix say, and no value."""
    match statement.node:
        case sx.Relation(sides=(sx.Scripted(base=base, sub=sub, sup=None), value), operators=("=",)) if letters_of(sub):
            is_said = not statement.display and _WHERE.match(statement.words_after) is not None
            return is_said and constant_of(value) is not None and plain_name(base) in declared
    return False


def _is_where_masked(found: Gathered, i: int) -> bool:
    r"""`$A_{ij} = 0$ there`, in the sentence that sets scores to `-\infty` for some i and j: said of these entries alone."""
    node, statements = found.sheet.statements[i].node, found.sheet.statements
    head = node.sides[0] if isinstance(node, sx.Relation) and node.operators == ("=",) and constant_of(node.sides[1]) is not None else None
    entry = head.of if isinstance(head, sx.Differential) else head
    if not isinstance(entry, sx.Scripted) or not letters_of(entry.sub):
        return False
    before = (j for j in range(max(0, i - _NEAR), i) if one_sentence(found.sheet, j, i))
    return any(isinstance(said := statements[j].node, sx.Relation) and _is_infinite(said) for j in before)


def _is_infinite(node: sx.Relation) -> bool:
    r"""`M_{ij} = 0` for `j \le i` and `-\infty` otherwise: which scores a mask takes away, and no value to compute with."""
    values = [row.value for side in node.sides[1:] if isinstance(side, sx.Cases) for row in side.rows] or node.sides[1:]
    bare = [value.body if isinstance(value, sx.Prefix) else value for value in values]
    return any(isinstance(value, sx.Name) and value.base == "\\infty" for value in bare)


def _says_the_layout(node: sx.Relation) -> bool:
    r"""`\nabla_x L = (\partial L/\partial x)^\top`: how a sheet writes the one and the other, which no line follows from."""
    turned = [isinstance(side, sx.Scripted) and superscript(side.sup).transposed for side in node.sides]
    match [without_transpose(side) if isinstance(side, sx.Scripted) else side for side in node.sides]:
        case [sx.Derivative(order=None, kind=one), sx.Group(body=sx.Derivative(order=None, kind=other)) as group] | [
            sx.Group(body=sx.Derivative(order=None, kind=one)) as group,
            sx.Derivative(order=None, kind=other),
        ]:
            derivatives = [n for side in (*node.sides, group) for n in sx.walk(side) if isinstance(n, sx.Derivative)]
            same = len({(None if n.of is None else sexpr(n.of), *map(sexpr, n.wrt)) for n in derivatives}) == 1
            return same and one != other and "nabla" in (one, other) and turned.count(True) == 1
    return False


def _updates(found: Gathered, i: int, node: sx.Relation) -> None:
    r"""`w \leftarrow w - 0.1 \cdot 8 = 0.2`: a name and its new value."""
    name = plain_name(node.sides[0], found.vocabulary.styled) or name_of_entry(node.sides[0])
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
    is_said = any(_says_what_d_is(s.node) for s in sheet.statements)
    if named and not (len(named) == 1 and is_said):
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
    if not is_said and {name for name, _ in found} & {*dependences.inside, *dependences.asked}:
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
        name, _, is_turned = perhaps_turned(node.body, styled) if isinstance(node, sx.Norm) else perhaps_turned(node, styled)
        if name is not None and (is_turned or isinstance(node, sx.Norm)):
            yield name
        elif isinstance(node, sx.Scripted) and node.primes == 1 and isinstance(node.base, sx.Name) and node.base.base.isupper():
            yield spelled(node.base)  # `E'` in the notation of statisticians
        elif isinstance(node, sx.Relation):
            yield from _moved_between(node, styled)


def _moved_between(node: sx.Relation, styled: frozenset[str]) -> Iterator[str]:
    r"""The E of `\mathrm dE = A\,\mathrm dX\,B`, where a matrix stands on both sides of what moves, and no trace around it."""
    match [side.body if isinstance(side, sx.Prefix) else side for side in node.sides]:
        case (sx.Differential(of=sx.Name() as moved), sx.Product(factors=(before, sx.Differential(of=sx.Name() as by), behind))):
            letters = [plain_name(without_transpose(f) if isinstance(f, sx.Scripted) else f, styled) for f in (before, by, behind)]
            name = plain_name(moved, styled)
            if name is not None and all(letter is not None and letter[:1].isupper() for letter in letters):
                yield name


def _entrywise(sheet: Sheet, styled: frozenset[str]) -> Iterator[str]:
    """The names that are multiplied entry by entry, which numbers are not."""
    for node in (n for statement in sheet.statements for n in sx.walk(statement.node)):
        if isinstance(node, sx.Product):
            for a, b, operator in zip(node.factors, node.factors[1:], node.operators, strict=False):
                if operator in ("odot", "circ"):
                    yield from (name for name in (plain_name(a, styled), plain_name(b, styled)) if name is not None)


def _divisors(sheet: Sheet, styled: frozenset[str]) -> set[str]:
    """The names that only divide, as the p of `m \\odot h / p` and of `1/(1 - p)`."""
    every: Counter[str] = Counter()
    below: Counter[str] = Counter()
    for node in (n for statement in sheet.statements for n in sx.walk(statement.node)):
        if isinstance(node, sx.Name) and (name := plain_name(node, styled)) is not None:
            every[name] += 1
        if isinstance(node, sx.Frac):
            divisor = node.below.body if isinstance(node.below, sx.Group) else node.below
            terms = divisor.terms if isinstance(divisor, sx.Sum) and is_numeric(divisor.terms[0]) else (divisor,)
            below.update(name for term in terms if isinstance(term, sx.Name) and (name := plain_name(term, styled)) is not None)
    return {name for name, count in below.items() if count == every[name]}


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
    if not continued and len(sides) > 1 and gives_meaning(found, i, sides, known):
        found.defining.add(i)
        start = 2
        optimum = of_which(sides[0], is_said(found.sheet, i))
        if (
            optimum is not None
            and not is_numeric(sides[1])
            and is_optimised(found.definitions, plain_name(optimum, found.vocabulary.styled), found.vocabulary.dependences)
        ):
            found.links.append(Link(optimum, sides[1], run.operators[0], i, statement.span, optimum, True, True))
        tie = tied(found, i, sides, known) if len(sides) == 3 else None
        if tie is not None:
            found.definitions.append(tie)
            known.add(tie.name)
        elif len(sides) > 2 and names_again(found, i, sides, known) and gives_meaning(found, i, sides[1:], known):
            start = 3
    stop = len(sides)
    named = named_at_the_end(found, i, sides, known) if len(sides) > start else None
    if named is not None:
        found.definitions.append(named)
        known.add(named.name)
        stop -= 1
    for k in range(start, stop):
        span = sides[k].span if k > 1 or continued else statement.span if len(sides) == 2 else sides[0].span.to(sides[k].span)
        spoken = {name for side in sides[k - 1 : k + 1] for name in mentions(side, found.vocabulary.styled)}
        optimal = any(is_optimised(found.definitions, name, found.vocabulary.dependences) for name in spoken) and is_said(found.sheet, i)
        found.links.append(Link(sides[k - 1], sides[k], run.operators[k - 1], i, span, head, k == 1 and not continued, optimal))
        restate(found, head, sides[k])


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
    exponential = {"e"} if _has_exponential(sheet) else set()
    return frozenset(base for base, styles in bold.items() if len(styles) == 2) | exponential


def _has_exponential(sheet: Sheet) -> bool:
    r"""Whether there is a bold **e**, and the plain one has but exponents: `e^{s_j}`."""
    nodes = [n for s in sheet.statements for n in sx.walk(s.node)]
    powers = {id(n.base) for n in nodes if isinstance(n, sx.Scripted) and n.sub is None and n.sup is not None}
    letters = [n for n in nodes if isinstance(n, sx.Name) and n.base == "e" and n.style in ("", "mathbf")]
    plain = [n for n in letters if not n.style]
    return 0 < len(plain) < len(letters) and all(id(n) in powers for n in plain)


def _mentioned(sheet: Sheet, styled: frozenset[str], part: Part, declared: Container[str]) -> set[str]:
    """The names that the part speaks of; a Σ that is a sign is none."""
    nodes = [sheet.statements[i].node for i in part.statements]
    spoken = {name for node in nodes for name in mentions(node, styled)}
    return spoken - {"\\Sigma"} if _is_sign_of_sums(nodes) and "\\Sigma" not in declared else spoken


def _is_sign_of_sums(nodes: list[Node]) -> bool:
    """Whether each Σ stands right before what may be summed, and is nothing by itself: `Σ xᵢ² = 36`."""
    letters = [n for node in nodes for n in sx.walk(node) if isinstance(n, sx.Name) and n.base == "\\Sigma"]
    products = [n for node in nodes for n in sx.walk(node) if isinstance(n, sx.Product) and n.operators[0] == ""]
    before = {id(n.factors[0]) for n in products}
    return all(id(letter) in before for letter in letters)
