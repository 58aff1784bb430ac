r"""A sheet completed by a key: what the key defines and gives, for names that the sheet uses and never defines.

A sheet of results alone (`\frac{\partial L}{\partial W} = …`) is then judged as one that begins with the key's definitions. They are put
in front without a place, under the names that the sheet has. What the sheet itself defines, gives or declares is left as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from symgrad import syntax as sx
from symgrad.dims import latex_shape
from symgrad.literals import literal_rows
from symgrad.meaning import WEIGHTS, is_loss, stem
from symgrad.naming import letters_of, plain_name, superscript, without_transpose
from symgrad.network import Network
from symgrad.parts import Part, declared, heads, mentions
from symgrad.properties import PROPERTIES
from symgrad.read.document import Sheet, Statement
from symgrad.span import Source, Span
from symgrad.spellings import correspondence
from symgrad.syntax import Node
from symgrad.typeset import latex

_WEIGHTS = WEIGHTS | frozenset(("u", "v", "b", "\\beta"))


@dataclass(frozen=True)
class Problem:
    """One problem of a key, as statements, and what it says of each name: a formula, or else a value that is given.

    What is `by_example` has the other shape where examples are columns instead of rows.
    """

    statements: tuple[Statement, ...]
    formulas: Mapping[str, Node]
    given: Mapping[str, Node]
    by_example: frozenset[str]

    @property
    def names(self) -> frozenset[str]:
        """All that it speaks of."""
        return frozenset(name for statement in self.statements for name in mentions(statement.node))

    @property
    def loss(self) -> str | None:
        """What is differentiated: its last formula with the name of a loss."""
        return next((name for name in reversed(list(self.formulas)) if is_loss(name)), None)


def by_example(network: Network) -> frozenset[str]:
    """The names that have an axis of examples, which no weight has, and rows beside them; all but weights where there is no such axis."""
    shapes = {item.name: item.shape for held in (network.inputs, network.definitions) for item in held.values()}
    of_weights = {symbol for name, shape in shapes.items() if stem(name) in _WEIGHTS for dim in shape for symbol in dim.symbols}
    examples = {symbol for shape in shapes.values() for dim in shape for symbol in dim.symbols} - of_weights
    has_one = {name for name, shape in shapes.items() if any(dim.symbols & examples for dim in shape)}
    rows = {name for name, shape in shapes.items() if len(shape) == 2 and shape[0].is_one and not shape[1].is_one}
    return frozenset(has_one | rows if has_one else shapes.keys() - {name for name in shapes if stem(name) in _WEIGHTS})


def problem_of(sheet: Sheet, part: Part, examples: frozenset[str]) -> Problem:
    """What a part of a key says of its names."""
    formulas: dict[str, Node] = {}
    given: dict[str, Node] = {}
    statements = tuple(sheet.statements[i] for i in part.statements)
    for statement in statements:
        for name, expression in heads(statement):
            if literal_rows(expression) is not None:
                given.setdefault(name, expression)
            elif name not in given:
                formulas.setdefault(name, expression)
    return Problem(statements, formulas, {name: node for name, node in given.items() if name not in formulas}, examples)


def text_of_network(network: Network, name: str) -> Source:
    """A network as a sheet says it: the spaces and properties of its inputs, their values, and its definitions."""
    lines = []
    for item in network.inputs.values():
        if len(item.shape) not in (0, 2):
            continue
        space = rf"\mathbb{{R}}^{{{latex_shape(item.shape)}}}" if item.shape else r"\mathbb{R}"
        said = [PROPERTIES[known.partition(":")[0]].said for known in sorted(item.properties)]
        lines.append(f"Here ${item.name} \\in {space}$ {' and '.join(said)}.")
        if item.value is not None:
            rows = r" \\ ".join(" & ".join(map(str, row)) for row in item.value)
            lines.append(rf"$${item.name} = \begin{{bmatrix}} {rows} \end{{bmatrix}}$$")
    lines += [f"$${definition.name} = {latex(definition.form)}$$" for definition in network.definitions.values()]
    return Source("\n\n".join(lines) + "\n", name)


def problem_for(statements: Sequence[Statement], problems: Iterable[Problem]) -> Problem | None:
    """The problem of a key that a part of a sheet is about: the one with the most of its names."""
    best: tuple[int, Problem | None] = 0, None
    for problem in problems:
        about = correspondence(statements, problem.names, problem.loss)
        best = max(best, (about.names - len(about.strange), problem), key=lambda counted: counted[0])
    return best[1]


# ── completing ───────────────────────────────────────────────────────────────────────────────────────────────────────

TURNINGS = ("", "examples", "everything")
"""How a key is put in: as it is, with examples as columns instead of rows (or the reverse), with the weights transposed too."""


@dataclass(frozen=True)
class Asked:
    """What a part of a sheet leaves to a key: its own statements, and the earlier ones whose definitions it keeps."""

    context: tuple[Statement, ...]
    own: tuple[Statement, ...]


def asked(sheet: Sheet, part: Part, raw: Sheet) -> Asked:
    """The statements of a part, as they stood before its recurrences were written out."""
    starts = [sheet.statements[i].span.start for i in part.context]
    first, last = (sheet.statements[i].span.start for i in (part.own.start, part.own.stop - 1))
    context = tuple(s for s in raw.statements if s.span.start < first and s.span.start in starts)
    return Asked(context, tuple(s for s in raw.statements if first <= s.span.start <= last))


def completed(sheet: Sheet, about: Asked, problem: Problem, turning: str = "", values: bool = False) -> Sheet | None:
    """A sheet of these statements with what they leave to the key between them, in blocks below 0; None where that is nothing.

    A part that defines all that it speaks of leaves nothing, or with `values` those that it does not give.
    """
    missing = list(_missing(about.own, problem, turning))
    leans = any(literal_rows(expression) is None for statement in missing for _, expression in heads(statement))
    if not missing or not (leans or values):
        return None
    marked = [replace(statement, block=-1 - k) for k, statement in enumerate(missing)]
    return replace(sheet, statements=[*about.context, *marked, *about.own], headings=[])


def part_of(sheet: Sheet) -> Part:
    """The part of a completed sheet that is not the key's, and that comes after it."""
    start = 1 + max(i for i, statement in enumerate(sheet.statements) if statement.block < 0)
    return Part(range(start, len(sheet.statements)), tuple(range(start)))


def _missing(own: Sequence[Statement], problem: Problem, turning: str) -> Iterator[Statement]:
    """The key's statements about names that these use and do not settle themselves, in the key's order."""
    about = correspondence(own, problem.names, problem.loss)
    settled = {name for s in own for name, expression in heads(s) if literal_rows(expression) is None}
    valued = {name for s in own for name, expression in heads(s) if literal_rows(expression) is not None}
    shaped = {name for s in own for name in declared(s)}
    strange = [perhaps for perhaps in about.strange if not perhaps & (settled | valued)]
    if len(strange) > about.names / 2:
        return  # it speaks of other things, and a letter or two that both have mean something else

    def here(name: str) -> str:
        return about.called.get(name, name)

    needed: set[str] = set()
    waiting = [name for name in (*problem.formulas, *problem.given) if name in about.called]
    while waiting:
        name = waiting.pop()
        if name not in needed and here(name) not in settled:
            needed.add(name)
            waiting += mentions(problem.formulas[name]) if name in problem.formulas else ()
    if not any(name in problem.formulas or here(name) not in valued for name in needed):
        return
    nodes = {plain_name(n): n for s in own for n in sx.walk(s.node) if isinstance(n, (sx.Name, sx.Scripted))}
    renamed = {name: nodes[other] for name, other in about.called.items() if other != name and other in nodes}
    turned = {"": frozenset[str](), "examples": problem.by_example, "everything": problem.names}[turning]
    place = Span(own[0].span.start, own[0].span.start)
    left = (shaped | settled, valued - {here(name) for name in problem.formulas})
    told: set[str] = set()
    for statement in problem.statements:
        node = _wanted(statement, needed, problem, told)
        own_word = [{here(name) for name in of} for of in (declared(statement), dict(heads(statement)))]
        if node is None or any(told_here & said for told_here, said in zip(own_word, left, strict=True)):
            continue
        node = _named(_turned(node, turned) if turned else node, renamed)
        yield replace(statement, node=_placed(node, place), span=place)


def _wanted(statement: Statement, needed: set[str], problem: Problem, told: set[str]) -> Node | None:
    """What is taken of a statement of the key: a definition, a value, a space, or a name that words are about."""
    node = statement.node
    for name, expression in heads(statement):
        settles = name in needed and name not in told and expression is (problem.formulas.get(name) or problem.given.get(name))
        told |= {name} if settles else set()
        return replace(node, sides=node.sides[:2], operators=("=",)) if settles and isinstance(node, sx.Relation) else None
    names = declared(statement) or {plain_name(node) or ""}
    return node if names <= needed | {n for f in needed if f in problem.formulas for n in mentions(problem.formulas[f])} else None


def _named(node: Node, renamed: Mapping[str, Node]) -> Node:
    """The tree with names of the key as the sheet has them."""
    return sx.replaced(node, lambda n: _in_place(n, lambda name, _: renamed.get(name)))


def _turned(node: Node, turned: frozenset[str]) -> Node:
    """The tree with these names transposed: what they are in, the values that they are given, the spaces that they are of."""
    if isinstance(node, sx.Relation) and node.operators[0] == "in":
        return replace(node, sides=(node.sides[0], _turned_space(node.sides[1]))) if _subjects(node) <= turned else node
    if not isinstance(node, sx.Relation):
        return node
    head, expression = node.sides
    if literal_rows(expression) is None:

        def other(name: str, whole: Node) -> Node | None:
            return _transpose(whole) if name in turned else None

        expression = sx.replaced(expression, lambda n: _entry(n) or _in_place(n, other))
    return replace(node, sides=(head, _transpose(expression) if plain_name(head) in turned else expression))


def _in_place(node: Node, other: Callable[[str, Node], Node | None]) -> Node | None:
    """What stands for a name, with the power, the transpose or the index that it has; None for anything else."""
    if not isinstance(node, (sx.Name, sx.Scripted)):
        return None
    name = plain_name(node)
    made = None if name is None else other(name, node)
    if made is not None or not isinstance(node, sx.Scripted) or node.sup is None:
        return made
    script = superscript(node.sup)
    is_turned = script.transposed and script.power is None
    made = _in_place(without_transpose(node) if is_turned else replace(node, sup=None), other)
    sup = sx.Mark(node.span, "\\top") if is_turned else node.sup
    return None if made is None else sx.Scripted(node.span, made, None, sup)


def _entry(node: Node) -> Node | None:
    """`x_i`, which is the same of a row and of a column."""
    return node if isinstance(node, sx.Scripted) and letters_of(node.sub) is not None else None


def _transpose(node: Node) -> Node:
    return sx.Scripted(node.span, _bracketed(node), None, sx.Mark(node.span, "\\top"))


def _bracketed(node: Node) -> Node:
    return node if isinstance(node, (sx.Name, sx.Matrix, sx.List)) else sx.Group(node.span, "(", ")", node)


def _subjects(node: sx.Relation) -> set[str | None]:
    subject = node.sides[0]
    return {plain_name(item) for item in (subject.items if isinstance(subject, sx.Listing) else (subject,))}


def _turned_space(node: Node) -> Node:
    r"""`\mathbb{R}^{b \times n}` for `\mathbb{R}^{n \times b}`."""
    size = node.sup if isinstance(node, sx.Scripted) else None
    if isinstance(node, sx.Scripted) and isinstance(size, sx.Product) and size.operators == ("times",):
        return replace(node, sup=replace(size, factors=size.factors[::-1]))
    return node


def _placed(node: Node, place: Span) -> Node:
    return sx.mapped(node, lambda n: replace(n, span=place))
