"""Chains of equalities: what one statement claims, which of its sides belong together, and what is said without being a claim.

A display that begins with `=` goes on from the one before it.
"""

from __future__ import annotations

import re
from collections.abc import Container
from dataclasses import dataclass, field, replace

from symgrad import syntax as sx
from symgrad.conditions import one_sentence
from symgrad.constant import constant_of, is_numeric
from symgrad.defining import gives_meaning, named_at_the_end, names_again, restate, tied
from symgrad.dimension_analysis import is_of_sizes
from symgrad.literals import literal_rows
from symgrad.naming import letters_of, plain_name, superscript, without_transpose
from symgrad.numbered import name_of_entry
from symgrad.optima import is_optimised, is_said, is_solution, of_which, with_parameters
from symgrad.parts import differentiated, heads, mentions
from symgrad.prose import is_of_a_trained_network
from symgrad.read.document import Statement
from symgrad.read.written import sexpr
from symgrad.said_properties import inverse_by_its_transpose
from symgrad.sheet import EQUALITIES, Gathered, Link
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
_NEAR = 4  # how many statements before another its sentence may begin
_IF = re.compile(r"(?i)\b(?:if|unless|in case|wenn|falls|si|se)\b[^.;:$=]*$")
_JUST_IF = re.compile(r"(?i)\b(?:if|wenn|falls|si|se)\W*$")
_WHERE = re.compile(r"(?i)^\W*(?:if|iff|when|whenever|where|wherever|wenn|falls|si|se)\b")


# "Not differentiable at $y w^\\top x = 1$": where there is no slope.
_KINK = re.compile(
    r"(?i)\b(?:differentiable|derivative|kinks?|corners?|smooth|differenzierbar|knick|dérivable|derivable|derivabile|diferenciable)"
    r"\b[^.$]{0,20}\b(?:at|where|when|whenever|bei|wo|in|en|cuando|quando|dove)\W*$"
)
# "… as long as $f_t \\approx 1$": of a case that is supposed.
_AS_LONG_AS = re.compile(
    r"(?i)\b(?:if|when|whenever|while|unless|until|(?:as|so) long as|provided(?: that)?|wenn|solange|falls|si|quand|lorsque|tant que|cuando"
    r"|mientras|se|quando|finch[ée])\W*$"
)


@dataclass(frozen=True)
class Chain:
    """Where a chain of equalities stands: what it began with, its last side, and the block that it is in."""

    head: Node | None = None
    last: Node | None = None
    block: int = -1


def put_on_record(found: Gathered, i: int, chain: Chain, known: set[str]) -> Chain:
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
    if is_known and is_of_a_trained_network(found.sheet, statement):
        found.declared.append((i, statement.span))
        _arithmetic(found, i, node)
        return Chain()
    if _says_the_layout(node) or inverse_by_its_transpose(node, found.vocabulary.styled) is not None:
        found.declared.append((i, statement.span))
        return Chain()
    if _says_where(statement, found.vocabulary.declared) or (heads(statement) and _is_infinite(node) and not is_known):
        found.declared.append((i, statement.span))
        return Chain()
    if _is_supposed(found, i, known) or _is_where_masked(found, i) or _is_nearly(statement):
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


def _arithmetic(found: Gathered, i: int, node: sx.Relation) -> None:
    r"""The `0.24 - 0.6 = -0.36` of `\hat y = 0.24 - 0.6 = -0.36`, which is so or not, whatever ŷ is."""
    for left, right, operator in zip(node.sides[1:], node.sides[2:], node.operators[1:], strict=False):
        if is_numeric(left) and is_numeric(right) and operator in EQUALITIES:
            found.links.append(Link(left, right, operator, i, right.span, left, False))


def _is_nearly(statement: Statement) -> bool:
    r"""`as long as $f_t \approx 1$`, `not differentiable at $z = 0$`: where what was said holds, and no value of f."""
    node = statement.node
    if not isinstance(node, sx.Relation) or len(node.sides) != 2 or not is_numeric(node.sides[1]) or is_numeric(node.sides[0]):
        return False
    said = {"approx": _AS_LONG_AS, "=": _KINK}.get(node.operators[0])
    return said is not None and not statement.display and said.search(statement.words) is not None


def _is_supposed(found: Gathered, i: int, known: set[str]) -> bool:
    r"""`(plus $dY$ if there is a residual connection $Y = X + O W_O$)`: a sentence ends with another formula of what has one, supposed."""
    statement, statements = found.sheet.statements[i], found.sheet.statements
    formulas = [formula for name, formula in heads(statement) if not is_numeric(formula)]
    if not formulas or statement.display or not _IF.search(statement.words):
        return False
    assert isinstance(statement.node, sx.Relation)
    head = statement.node.sides[0]
    name = plain_name(head.base if isinstance(head, sx.Scripted) and letters_of(head.sub) else head)
    asked = {name for j in found.part.statements if j < i for name in differentiated(statements[j].node)}
    is_if = _JUST_IF.search(statement.words) is not None
    if is_if and name in asked and not {head for head, _ in heads(statement)} & {*known}:
        return True  # `If $x_q = \\psi(u_q)$ comes from a layer below`: gradients by x were those by an input
    if not {head for head, _ in heads(statement)} & {*known}:
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
    return any(_is_infinite(statements[j].node) for j in before)


def _is_infinite(node: Node) -> bool:
    r"""`M_{ij} = 0` for `j \le i` and `-\infty` otherwise: which scores a mask takes away, and no value to compute with."""
    sides = node.sides[1:] if isinstance(node, sx.Relation) else (node,)
    values = [row.value for side in sides if isinstance(side, sx.Cases) for row in side.rows] or sides
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
        of_sizes = operator == "to" and is_of_sizes(left, right) is not None  # `(m × 1)(1 × n) → m × n`
        if of_sizes or (operator == "in" and is_formula and space(right) is not None):
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
        is_value = is_numeric(sides[1])
        if is_value and optimum is None and is_solution(found.sheet, i):
            optimum = sides[0]
        parameter = None if optimum is None else plain_name(optimum, found.vocabulary.styled)
        if optimum is not None and is_optimised(found.definitions, parameter, found.vocabulary.dependences):
            _, value = _of_parameters(found, (optimum, sides[1]), known)
            found.links.append(Link(optimum, value, run.operators[0], i, statement.span, optimum, True, True))
            if is_value:
                found.defining.discard(i)
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
        said = is_said(found.sheet, i)
        left, right = _of_parameters(found, (sides[k - 1], sides[k]), known) if said else (sides[k - 1], sides[k])
        spoken = {name for side in (left, right) for name in mentions(side, found.vocabulary.styled)}
        optimal = said and any(is_optimised(found.definitions, name, found.vocabulary.dependences) for name in spoken)
        found.links.append(Link(left, right, run.operators[k - 1], i, span, head, k == 1 and not continued, optimal))
        restate(found, head, sides[k])


def _of_parameters(found: Gathered, sides: tuple[Node, Node], known: set[str]) -> tuple[Node, Node]:
    r"""`(X^\top X + \lambda I) \hat w_\lambda = X^\top y`, where nothing else is said of the estimate: of w, at a stationary point."""
    (left, right), estimates = with_parameters(sides, found.definitions, found.vocabulary.dependences, found.vocabulary.styled)
    return sides if not estimates or known & {*estimates} or found.vocabulary.heads & {*estimates} else (left, right)
