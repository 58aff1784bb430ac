"""A sheet is gone through in order: its givens, its definitions and its chains of equalities are put on record.

Nothing is typed or judged here.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Container
from dataclasses import replace
from fractions import Fraction

from symgrad import names
from symgrad import syntax as sx
from symgrad.all_numbers import are_said_to_be_numbers, as_numbers
from symgrad.chains import Chain, put_on_record
from symgrad.constant import is_numeric
from symgrad.defining import perhaps_turned
from symgrad.dims import ONE
from symgrad.literals import is_worked, literal_rows
from symgrad.lying import vectors_in_words
from symgrad.meaning import Assumed, Definition, Vocabulary, stem
from symgrad.members import alongside, exponents, families, indexed, rearranged
from symgrad.naming import letters_of, plain_name, superscript
from symgrad.origins import added_letters, as_told, origins
from symgrad.parts import Part, heads, mentions
from symgrad.prose import definitions_in_words, layout_in_words, losses_in_words, numbers_in_words
from symgrad.read.document import Sheet
from symgrad.said_functions import functions_in_words
from symgrad.said_properties import properties_in_words
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
from symgrad.singles import many_of
from symgrad.spaces import shape_of_node
from symgrad.styles import styled_letters
from symgrad.syntax import Node
from symgrad.unnamed_loss import jacobians, last_results, loss_of_differentials
from symgrad.usage import (
    along_an_axis,
    array_names,
    bold_names,
    complemented,
    entrywise_names,
    mentioned_names,
    only_dividing,
    running_in_sums,
    with_two_indices,
)

_NOTHING = Assumed()


def gathered(sheet: Sheet, part: Part, assumed: Assumed = _NOTHING) -> Gathered:
    """A part of the sheet taken apart, with the definitions that it keeps from before."""
    styled = styled_letters(sheet)
    vocabulary = Vocabulary(styled=styled, assumed=assumed, arguments=dict(sheet.arguments))
    found = Gathered(sheet, vocabulary, part)
    functions_in_words(sheet, vocabulary)
    vocabulary.functions = {letter: (op, ()) for letter, op in assumed.functions} | vocabulary.functions
    vocabulary.layout = layout_in_words(sheet.source.text)
    vectors_in_words(sheet.source.text, (sheet.statements[i] for i in part.statements), vocabulary)
    properties_in_words((sheet.statements[i] for i in part.statements), vocabulary)
    for name, said in list(vocabulary.properties.items()):
        if (of_each := many_of(name)) is not None:
            vocabulary.properties.setdefault(of_each, set()).update(said)
    for row in sheet.rows:
        vocabulary.properties.setdefault(row, set()).update(vocabulary.properties.get(row.upper(), ()))
    spoken = {name for i in part.statements for name in mentions(sheet.statements[i].node, styled)} if sheet.one_hot else set()
    for name in sheet.one_hot | {name for name in spoken if stem(name) in sheet.one_hot}:  # that of each step
        vocabulary.properties.setdefault(name, set()).add("one_hot")
    for i, about, shape in shapes_in_words((i, sheet.statements[i]) for i in part.statements):
        is_declared = (
            _is_of_an_example(sheet, vocabulary, i, about, shape)
            or declare_each_in_words(sheet, part.statements, vocabulary, i, about, shape)
            or declare_in_words(vocabulary, i, about, shape)
        )
        if is_declared:
            found.declared.append((i, sheet.statements[i].span))
        else:
            found.links.append(Link(about, shape, "in", i, about.span.to(shape.span), about, False))
    vocabulary.heads = frozenset(name for i in part.statements for name, _ in heads(sheet.statements[i]))
    in_equations, in_those_before = (
        Counter(name for i in some for name in _in_equations(sheet.statements[i].node, styled)) for some in (part.statements, part.context)
    )
    for i in part.statements:
        declarations(i, sheet.statements[i].node, vocabulary, vocabulary.heads | vocabulary.declared.keys())
        node = sheet.statements[i].node
        slope = node.sides[-1] if isinstance(node, sx.Relation) and isinstance(node.sides[0], sx.Name | sx.Differential) else node
        # `dX` for any X stays so where a part further down has an X of its own.
        elsewhere = (in_equations if i in part.own else in_those_before) - Counter(_in_equations(node, styled))
        if isinstance(slope, sx.Derivative) and slope.of is not None and _is_by_any_name(slope, elsewhere, styled):
            vocabulary.dependences.rest(plain_name(slope.of, styled) or "", last_results(sheet, part, styled))
            found.notations |= {i} if slope is not node else set()
        else:
            vocabulary.dependences.read(node, styled, sheet.arguments)
    without_features(sheet, vocabulary)
    vocabulary.numbers = frozenset(numbers_in_words((sheet.statements[i] for i in part.statements), styled))
    vocabulary.bold = frozenset(bold_names(sheet, styled))
    vocabulary.arrays = frozenset(array_names((sheet.statements[i].node for i in part.statements), styled))
    found.running = frozenset(running_in_sums([sheet.statements[i].node for i in part.statements]))
    found.tallies = frozenset(_tallies(sheet, part))
    if assumed.feature:
        _one_feature(vocabulary)
    several = [(name.partition("_")[0], shape) for name, shape in vocabulary.declared.items() if "_" in name]
    found.added = frozenset(added_letters(sheet.statements[i].node for i in part.statements))
    vocabulary.counting = as_told(origins((sheet.statements[i].node for i in part.statements), styled), sheet.source.text)
    scripted = [n for i in part.statements for n in sx.walk(sheet.statements[i].node) if isinstance(n, sx.Scripted)]
    pieces = [piece for n in scripted for script in (n.sub, n.sup) if script is not None for piece in sx.walk(script)]
    vocabulary.transposes = any(superscript(n.sup).transposed for n in scripted)
    vocabulary.scripts = frozenset(piece.base for piece in pieces if isinstance(piece, sx.Name))
    vocabulary.single = frozenset(exponents((sheet.statements[i].node for i in part.statements), styled))
    vocabulary.rearranged = frozenset(rearranged(sheet.statements[i].node for i in part.statements))
    vocabulary.tables = frozenset(with_two_indices(scripted, styled))
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
    vocabulary.entrywise = frozenset(entrywise_names(sheet, styled))
    vocabulary.complemented = frozenset(complemented((sheet.statements[i].node for i in part.statements), styled))
    vocabulary.divisors = frozenset(only_dividing(sheet, styled))
    vocabulary.along_an_axis = frozenset(along_an_axis(sheet, styled))
    named_here = [*part.own, *(i for i in part.context if heads(sheet.statements[i]))]
    problems = {bisect_right(sheet.headings, sheet.statements[i].span.start) for i in named_here}
    for name in (n for n, places in sheet.scalars.items() if places & problems and n not in vocabulary.heads):
        vocabulary.declared.setdefault(name, (ONE, ONE))
    nodes = [sheet.statements[i].node for i in part.statements]
    if assumed.numbers or are_said_to_be_numbers(sheet.source.text, _first_formula(sheet), nodes, vocabulary):
        as_numbers(nodes, vocabulary)
    losses_in_words(sheet.statements, vocabulary)  # what is told once of a loss is told of all parts
    vocabulary.quantities = jacobians(sheet)
    loss_of_differentials(sheet, [sheet.statements[i].node for i in part.statements], vocabulary)
    vocabulary.claimed = _claimed(sheet, part, styled)
    limits_of_sums([sheet.statements[i].node for i in part.statements], vocabulary)
    for i, size in counted_letters((i, sheet.statements[i]) for i in part.statements):
        found.counting.add(i)
        vocabulary.sizes |= set() if size is None else {size}
    for i in part.statements:
        equal_sizes(sheet.statements[i].node, vocabulary)
    # What is differentiated by is a quantity, though its letter may count something too.
    vocabulary.sizes -= vocabulary.dependences.variables
    vocabulary.mentioned = frozenset(mentioned_names(sheet, styled, part, vocabulary.declared))
    vocabulary.rows = sheet.rows
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
        put_on_record(found, i, Chain(), known)
    chain = Chain()
    for i in part.own:
        chain = put_on_record(found, i, chain, known)
    # What is differentiated by does not sum to one on the way: that is a constraint.
    moved = {name for wrt in vocabulary.dependences.variables for name in (wrt, wrt.partition("_")[0])}
    for name in moved & vocabulary.properties.keys():
        vocabulary.properties[name].discard("distribution")
    _symmetric_forms(found)
    _without_illustrations(found)
    own = part.own
    found.links = [link for link in found.links if link.statement in own]
    found.unread = [item for item in found.unread if item[0] in own]
    found.declared = [item for item in found.declared if item[0] in own]
    return found


def _is_of_an_example(sheet: Sheet, vocabulary: Vocabulary, i: int, about: Node, node: Node) -> bool:
    r"""`$W^{[1]}$: $(20, 12288)$` under a later heading than the formulas in W, where sizes have letters: of a network in numbers."""
    shape, name = shape_of_node(node), plain_name(about, vocabulary.styled)
    at = sheet.statements[i].span.start
    section = max((heading for heading in sheet.headings if heading < at), default=0)
    has_letters = any(dim.symbols for declared in vocabulary.declared.values() for dim in declared)
    if shape is None or name is None or not has_letters or any(dim.symbols for dim in shape):
        return False
    return any(s.span.start < section and isinstance(s.node, sx.Relation) and name in mentions(s.node) for s in sheet.statements[:i])


def _first_formula(sheet: Sheet) -> int:
    """Where the first equation begins."""
    return next((s.span.start for s in sheet.statements if isinstance(s.node, sx.Relation)), len(sheet.source.text))


def _in_equations(node: Node, styled: frozenset[str]) -> set[str]:
    return set(mentions(node, styled)) if isinstance(node, sx.Relation) else set()


def _is_by_any_name(node: sx.Derivative, stated: Container[str], styled: frozenset[str]) -> bool:
    r"""Whether it is by a name that stands for any: "for every matrix $M$ with entries $\partial L/\partial M_{ij}$", "$\bar M := …$"."""
    return all(name not in stated for by in node.wrt for name in mentions(by, styled))


def _one_feature(vocabulary: Vocabulary) -> None:
    r"""Vectors of as many entries as there are features are numbers: the x_i of `x_1, \dots, x_m \in \mathbb{R}^D`, and γ."""
    features = {rows for name, (rows, cols) in vocabulary.declared.items() if "_" in name and cols.is_one and not rows.is_one}
    for name, (rows, cols) in list(vocabulary.declared.items()):
        if rows in features and cols.is_one:
            del vocabulary.declared[name]
            if "_" not in name:
                vocabulary.declared[name] = ONE, ONE


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
    for name in single & found.vocabulary.lying.keys():
        del literals[name]  # "$b$ is a row vector" is of one entry in these numbers
    single -= found.vocabulary.lying.keys()
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
