"""A sheet taken apart: who is named, what is given, what is defined, and the chains of equalities that are claimed.

Nothing is typed or judged here. A display that begins with `=` goes on from the one before it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from fractions import Fraction

from symgrad import syntax as sx
from symgrad.dims import Dim
from symgrad.meaning import Definition, Function, Vocabulary
from symgrad.naming import letters_of, script_text, spelled, superscript
from symgrad.read import functions as fn
from symgrad.read.document import Sheet, Statement
from symgrad.readings import constant_of
from symgrad.span import Span
from symgrad.syntax import Node

EQUALITIES = frozenset({"=", ":=", "==", "equiv", "triangleq", "approx"})
_NO_CLAIMS = frozenset({"in", "notin", "gets", "sim", "to", "mapsto", "propto", "subset", "subseteq", ":", "+=", "-="})
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


@dataclass
class Gathered:
    """What a sheet says, in the order it says it."""

    sheet: Sheet
    vocabulary: Vocabulary
    definitions: list[Definition] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)
    given: dict[int, list[tuple[str, Node]]] = field(default_factory=dict)
    defining: set[int] = field(default_factory=set)
    unread: list[tuple[int, Span, str]] = field(default_factory=list)
    declared: list[tuple[int, Span]] = field(default_factory=list)


def plain_name(node: Node, styled: frozenset[str] = frozenset()) -> str | None:
    """The spelling of a node that is a name with its labels and nothing else.

    >>> from symgrad.span import Span; at = Span(0, 1)
    >>> plain_name(sx.Scripted(at, sx.Name(at, "h"), sx.Number(at, "1")))
    'h_1'
    """
    if isinstance(node, sx.Annotated):
        return plain_name(node.body, styled)
    if isinstance(node, sx.Name):
        return spelled(node, styled=node.base in styled)
    if isinstance(node, sx.Differential):
        inner = plain_name(node.of, styled)
        sign = {"d": "d", "∂": "\\partial ", "Δ": "\\Delta "}.get(node.sign)
        return None if inner is None or sign is None or node.order is not None else sign + inner
    if isinstance(node, sx.Scripted) and isinstance(node.base, sx.Name):
        script, below = superscript(node.sup), script_text(node.sub)
        if script.transposed or script.inverse or (node.sub is not None and not below) or (node.sup is not None and not script.label):
            return None
        return spelled(node.base, below, script.label, node.base.base in styled) + "'" * node.primes
    return None


def gathered(sheet: Sheet, reopened: frozenset[str] = frozenset()) -> Gathered:
    """The sheet taken apart."""
    styled = _styled(sheet)
    vocabulary = Vocabulary(styled=styled, reopened=reopened)
    found = Gathered(sheet, vocabulary)
    _functions_in_prose(sheet, vocabulary)
    for statement in sheet.statements:
        _declarations(statement.node, vocabulary)
    vocabulary.mentioned = frozenset(_mentioned(sheet, styled))
    last: Node | None = None
    head: Node | None = None
    block = -1
    known: set[str] = set(vocabulary.declared)
    for i, statement in enumerate(sheet.statements):
        node = statement.node
        if isinstance(node, sx.Unread):
            found.unread.append((i, statement.span, node.reason))
            last = None
            continue
        if not isinstance(node, sx.Relation):
            # An expression by itself claims nothing; inline mention of a name does not end a chain of displays.
            if statement.display:
                last, head = node, node
            continue
        if not set(node.operators) <= EQUALITIES:
            if set(node.operators) & _NO_CLAIMS:
                found.declared.append((i, statement.span))
            else:
                found.unread.append((i, statement.span, f"a relation with {', '.join(sorted(set(node.operators) - EQUALITIES))}"))
            continue
        sides = list(node.sides)
        operators = list(node.operators)
        if isinstance(sides[0], sx.Blank):
            if last is None or (not statement.display and block != statement.block):
                sides, operators = sides[1:], operators[1:]
                head = sides[0]
            else:
                sides[0] = last
        else:
            head = sides[0]
        if any(isinstance(side, (sx.Blank, sx.Unread)) for side in sides):
            bad = next(side for side in sides if isinstance(side, (sx.Blank, sx.Unread)))
            reason = bad.reason if isinstance(bad, sx.Unread) else "nothing stands between two equal signs"
            found.unread.append((i, statement.span, reason))
            sides = [side for side in sides if not isinstance(side, (sx.Blank, sx.Unread))]
            operators = ["="] * (len(sides) - 1)
            if not sides:
                continue
        last, block = sides[-1], statement.block
        assert head is not None
        _links(found, i, statement, sides, operators, head, known)
    return found


def _links(found: Gathered, i: int, statement: Statement, sides: list[Node], operators: list[str], head: Node, known: set[str]) -> None:
    continued = isinstance(statement.node, sx.Relation) and isinstance(statement.node.sides[0], sx.Blank)
    styled = found.vocabulary.styled
    name = None if continued or len(sides) < 2 else plain_name(sides[0], styled)
    start = 1
    if name is not None and not name.startswith("\\partial "):
        literal = literal_rows(sides[1])
        letters = _index_letters(sides[0], known)
        base = spelled(sides[0].base) if letters and isinstance(sides[0], sx.Scripted) and isinstance(sides[0].base, sx.Name) else name
        if literal is not None and name not in known:
            found.given.setdefault(i, []).append((name, sides[1]))
            found.vocabulary.literals.setdefault(name, []).append((len(literal), len(literal[0])))
            known.add(name)
            start = 2
            found.defining.add(i)
        elif literal is None and base not in known and not _is_differential(sides[0]) and not _speaks_of(sides[1], name, styled):
            expression = next((side for side in sides[1:] if literal_rows(side) is None), sides[1])
            found.definitions.append(Definition(base, expression, i, letters))
            known.add(base)
            found.defining.add(i)
            start = 2
            if len(sides) == 2:
                return
    for k in range(start, len(sides)):
        span = sides[k].span if k > 1 or continued else statement.span if len(sides) == 2 else sides[0].span.to(sides[k].span)
        found.links.append(Link(sides[k - 1], sides[k], operators[k - 1], i, span, head, k == 1 and not continued))


def _is_differential(node: Node) -> bool:
    return isinstance(node, sx.Differential)


def _speaks_of(node: Node, name: str, styled: frozenset[str]) -> bool:
    return any(plain_name(n, styled) == name for n in sx.walk(node))


def _index_letters(node: Node, known: set[str]) -> tuple[str, ...]:
    r"""The indices of a definition such as `z_i = …`; a letter that names a step or a layer is not one."""
    if isinstance(node, sx.Scripted) and isinstance(node.base, sx.Name):
        letters = letters_of(node.sub)
        if letters and all(letter in "ijkmnpq" for letter in letters):
            return letters
    return ()


def literal_rows(node: Node) -> Rows | None:
    """The entries of a number, a matrix or a list of numbers; a list is a row here."""
    if isinstance(node, (sx.Group, sx.Prescripted, sx.Annotated)):
        return literal_rows(node.body if not isinstance(node, sx.Prescripted) else node.base)
    if isinstance(node, sx.Scripted) and isinstance(node.base, (sx.Matrix, sx.List)) and node.sub is None:
        script = superscript(node.sup)
        rows = literal_rows(node.base)
        if rows is not None and script.transposed and not script.power and not script.label:
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


def decimals(node: Node) -> list[list[int | None]]:
    """For every entry of a literal how many decimals it is written with; None for one that is exact."""
    if isinstance(node, sx.Prescripted):
        return decimals(node.base)
    if isinstance(node, (sx.Group, sx.Annotated)):
        return decimals(node.body)
    if isinstance(node, sx.Scripted) and isinstance(node.base, (sx.Matrix, sx.List)):
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
    """Letters that the sheet uses both in bold and plain, so that they are two names."""
    seen: dict[str, set[bool]] = {}
    for statement in sheet.statements:
        for node in sx.walk(statement.node):
            if isinstance(node, sx.Name) and len(node.base.removeprefix("\\")) >= 1 and node.style in ("", "mathbf", "mathcal"):
                seen.setdefault(node.base, set()).add(bool(node.style))
    both = {base for base, styles in seen.items() if len(styles) == 2}
    # A bold letter met once among plain ones is a slip of the hand, not another name.
    return frozenset(b for b in both if _uses(sheet, b, True) >= 3 and _uses(sheet, b, False) >= 3)


def _uses(sheet: Sheet, base: str, styled: bool) -> int:
    return sum(
        isinstance(node, sx.Name) and node.base == base and bool(node.style) == styled
        for statement in sheet.statements
        for node in sx.walk(statement.node)
    )


def _mentioned(sheet: Sheet, styled: frozenset[str]) -> Iterator[str]:
    for statement in sheet.statements:
        for node in sx.walk(statement.node):
            name = plain_name(node, styled) if isinstance(node, (sx.Name, sx.Scripted)) else None
            if name is not None:
                yield name


_FUNCTION_WORD = re.compile(r"(?i)\b(relu|sigmoid|logistic|tanh|hyperbolic tangent|softplus|gelu|silu|leaky relu|identity)\b")


def _functions_in_prose(sheet: Sheet, vocabulary: Vocabulary) -> None:
    r"""`$\sigma$ is the ReLU`, `f = \tanh`, `\phi(z) = \max(0, z)`."""
    for statement in sheet.statements:
        node = statement.node
        match node:
            case sx.Name(base=base) if base in fn.UNNAMED or base == "\\sigma":
                said = _FUNCTION_WORD.search(statement.words_after[:60]) or _FUNCTION_WORD.search(statement.words[-40:])
                if said:
                    word = {"hyperbolic tangent": "tanh", "leaky relu": "leakyrelu"}.get(said[1].lower(), said[1].lower())
                    record = fn.ELEMENTWISE_WORDS.get(word)
                    if record:
                        vocabulary.functions[base] = record
            case sx.Relation(sides=(sx.Name(base=base), sx.Name(base=word)), operators=("=" | ":=",)):
                record = fn.ELEMENTWISE_WORDS.get(fn.word_of(word))
                if record and (base in fn.UNNAMED or base == "\\sigma"):
                    vocabulary.functions[base] = record
            case sx.Relation(sides=(sx.Call(function=sx.Name(base=base), args=(sx.Name() as argument,)), body, *_)) if (
                base in fn.UNNAMED or base == "\\sigma"
            ):
                record = _recognised(body, argument)
                if record:
                    vocabulary.functions[base] = record


def _recognised(body: Node, argument: sx.Name) -> Function | None:
    """Which function an expression in one letter is, by its shape on the page."""
    match body:
        case sx.Call(function=sx.Name(base=word), args=(sx.Name() as inner,)) if inner == argument:
            return fn.ELEMENTWISE_WORDS.get(fn.word_of(word))
        case sx.Call(function=sx.Name(base=word), args=(sx.Number(text="0"), sx.Name() as inner)) if (
            inner == argument and fn.word_of(word) == "max"
        ):
            return "relu", ()
        case sx.Frac(above=sx.Number(text="1"), below=sx.Sum(terms=(sx.Number(text="1"), _))):
            return "sigmoid", ()
    return None


def _declarations(node: Node, vocabulary: Vocabulary) -> None:
    r"""`W \in \mathbb{R}^{n \times d}`, also for several names."""
    if not isinstance(node, sx.Relation):
        return
    for left, right, operator in zip(node.sides, node.sides[1:], node.operators, strict=False):
        if operator != "in":
            continue
        shape = _space(right)
        if shape is None:
            continue
        items = left.items if isinstance(left, sx.Listing) else (left,)
        for item in items:
            target = item.sides[-1] if isinstance(item, sx.Relation) else item
            name = plain_name(target, vocabulary.styled)
            if name is not None:
                vocabulary.declared[name] = shape
        for dim in shape:
            vocabulary.sizes |= set(dim.symbols)


def _space(node: Node) -> tuple[Dim, Dim] | None:
    if not (isinstance(node, sx.Scripted) and isinstance(node.base, sx.Name) and node.base.base == "R") or node.sup is None:
        return (Dim.of(1), Dim.of(1)) if isinstance(node, sx.Name) and node.base == "R" else None
    return shape_of_node(node.sup, column=True)


def shape_of_node(node: Node, column: bool = False) -> tuple[Dim, Dim] | None:
    """`n \\times d`, `(N, D)`, `d`: sizes as they are written."""
    if isinstance(node, sx.Group):
        return shape_of_node(node.body, column)
    if isinstance(node, sx.Product) and "times" in node.operators:
        at = node.operators.index("times")
        parts = [
            _size_product(node.factors[: at + 1], node.operators[:at]),
            _size_product(node.factors[at + 1 :], node.operators[at + 1 :]),
        ]
    elif isinstance(node, sx.Listing) and len(node.items) == 2:
        parts = [size_of_node(item) for item in node.items]
    elif column:
        parts = [size_of_node(node), Dim.of(1)]
    else:
        return None
    rows, cols = parts
    return None if rows is None or cols is None else (rows, cols)


def _size_product(factors: tuple[Node, ...], operators: tuple[str, ...]) -> Dim | None:
    if "times" in operators:
        return None
    total = Dim.of(1)
    for factor in factors:
        size = size_of_node(factor)
        if size is None:
            return None
        total = total * size
    return total


def size_of_node(node: Node) -> Dim | None:
    """A size as a polynomial in names: `2d + 1`, `\\frac{k m}{2}`."""
    match node:
        case sx.Number(text=text) if text.isdigit() and len(text) < 10:
            return Dim.of(int(text))
        case sx.Name() | sx.Scripted():
            name = plain_name(node)
            return None if name is None else Dim.of(name)
        case sx.Group(body=body):
            return size_of_node(body)
        case sx.Frac(above=above, below=below):
            top, number = size_of_node(above), constant_of(below)
            return top * (1 / number) if top is not None and number else None
        case sx.Product(factors=factors, operators=operators) if all(o in ("", "cdot", "times", "*") for o in operators):
            total = Dim.of(1)
            for factor in factors:
                size = size_of_node(factor)
                if size is None:
                    return None
                total = total * size
            return total
        case sx.Sum(terms=terms, signs=signs):
            total = Dim.of(0)
            for term, sign in zip(terms, signs, strict=True):
                size = size_of_node(term)
                if size is None:
                    return None
                total = total - size if sign == "-" else total + size
            return total
    return None


def instance(statement: Statement, node: Node) -> Statement:
    return replace(statement, node=node)
