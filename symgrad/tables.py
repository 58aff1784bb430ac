r"""Tables of a sheet: values of names, data of examples, and formulas with their results.

`| $w_1$ | 0.3 |` gives a value; columns headed `$x_i$` and `$y_i$` give those of every row, vectors `(2, 1)` the rows of a matrix; columns
headed `x` and `y` give two lists;
`| $z = w x + b$ | 0.7 |` says what a formula comes to; names beside columns headed `old`, `gradient` and `new` take a step of descent; a
column headed "shape" gives the shapes of the names before it. Any other table is passed over.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

from symgrad import syntax as sx
from symgrad.constant import constant_of
from symgrad.heads import as_call
from symgrad.literals import literal_cells
from symgrad.meaning import is_loss
from symgrad.naming import letters_of, plain_name
from symgrad.parts import heads, is_word, mentions
from symgrad.read.document import Sheet, Statement, is_latex, legible
from symgrad.read.latex import parse
from symgrad.span import Span
from symgrad.syntax import Node

_MARKDOWN = re.compile(r"(?:^[ \t]*\|.*\|[ \t]*(?:\n|\Z)){2,}", re.MULTILINE)
_TABULAR = re.compile(r"\\begin\{(tabular[x*]?)\}.*?\\end\{\1\}", re.DOTALL)
_RULE = re.compile(r"[\s|:-]*-[\s|:-]*")
_LINES = re.compile(r"\\(?:hline|toprule|midrule|bottomrule|cline\{[^}]*\})")
_NUMBERED = re.compile(r"(?i)\s*\$?\s*(?:#|no\.?|nr\.?|[ijkn]|example|sample|point|beispiel|exemple)?\s*\$?\s*")
_SHAPE = re.compile(r"(?i)\W*(?:shapes?|sizes?|dims?|dimensions?|Form|Größe|Dimension(?:en)?|taille|tamaño|forme|forma)\b.{0,20}")
_SIZES = re.compile(r"`?([(\[]?\s*\w+\s*(?:,|×|\\times)\s*\w+\s*[)\]]?)`?")
# `key $k_i$`: what a name is called stands before it.
_LABELLED = re.compile(r"[A-Za-zÀ-ÿ]{3,}(?:[ -][A-Za-zÀ-ÿ.]+){0,2} (\$[^$]+\$|\\\([^()]+\\\))")
_DERIVATIVE = re.compile(r"(?i)\W*(?:the )?(?:derivative|gradient|slope|ableitung|gradiente?|dérivée|derivada)\b.{0,20}")
_MOST_CELLS = 2000
_PAIR = 2
_TARGETS = frozenset({"y", "t"})
_OF_A_STEP = {
    "old": re.compile(r"(?i)\W*(?:old|before|current|start|initial|alt|ancien\w*|viej\w+|antes)(?: (?:value|weight)s?)?\W*"),
    "gradient": re.compile(r"(?i)\W*(?:grad(?:ient)?|slope|derivative|gradient\w*|dérivée|derivada)s?\W*"),
    "new": re.compile(r"(?i)\W*(?:new|after|updated?|neu|nouve\w+|nuev\w+|después)(?: (?:value|weight)s?)?\W*"),
}


@dataclass(frozen=True)
class Cell:
    """What stands in a cell: its place, and its mathematics where it is read as some."""

    span: Span
    text: str
    node: Node | None

    @property
    def is_number(self) -> bool:
        return self.node is not None and constant_of(self.node) is not None and not self._is_shape

    @property
    def _is_shape(self) -> bool:
        r"""Whether it is `32 \times 50 \times 256`, of a tensor, and no product that was worked out."""
        node = self.node
        return isinstance(node, sx.Product) and len(node.factors) > 2 and set(node.operators) == {"times"} and self.text.count("=") == 0

    @property
    def entries(self) -> tuple[Node, ...]:
        """The number, or those of a vector; none of anything else."""
        if self.node is None or self.is_number:
            return () if self.node is None else (self.node,)
        return tuple(literal_cells(self.node) or ())

    @property
    def name(self) -> Node | None:
        """A name, marked as mathematics or as short as one."""
        is_marked = self.text.startswith(("$", "\\("))
        found = plain_name(self.node) if self.node is not None and (is_marked or len(self.text) < 4) else None
        return self.node if found is not None and not isinstance(self.node, sx.Number) else None


def tabulated(sheet: Sheet) -> Sheet:
    """The sheet with what its tables say among its statements, in their places."""
    found = list(_said(sheet))
    if not found:
        return sheet
    block = max((s.block for s in sheet.statements), default=0)
    extra = [Statement(node, node.span, block + k, False) for k, node in enumerate(found, 1)]
    sheet.statements = sorted([*sheet.statements, *extra], key=lambda s: s.span.start)
    return sheet


def _said(sheet: Sheet) -> Iterator[Node]:
    for rows in tables(sheet):
        spoken = {name for s in sheet.statements for name in mentions(s.node)}
        given = list(_slopes(sheet, rows)) or list(_shapes(sheet, rows)) or list(_values(rows)) or list(_columns(rows, spoken))
        given = given or list(_columns(_turned(rows), spoken)) or list(_steps(sheet, rows))
        yield from given or _results(rows)


def tables(sheet: Sheet) -> Iterator[list[list[Cell]]]:
    """The tables of a sheet, each by its rows."""
    text = legible(sheet.source)
    is_tex = is_latex(sheet.source)
    for table in (_TABULAR if is_tex else _MARKDOWN).finditer(text):
        rows = list(_rows_of(sheet, text, table.start(), table.end(), is_tex))
        if len(rows) >= 2 and sum(map(len, rows)) <= _MOST_CELLS:
            yield rows


def _rows_of(sheet: Sheet, text: str, start: int, stop: int, is_tex: bool) -> Iterator[list[Cell]]:
    if is_tex:
        head = re.compile(r"\\begin\{tabular[x*]?\}\s*(?:\{[^{}]*\}){1,2}").match(text, start)
        start, stop = head.end() if head else start, text.rfind("\\end{", start, stop)
        text = text[:start] + _LINES.sub(lambda m: " " * len(m[0]), text[start:stop]) + text[stop:]
        ends, between = re.compile(r"\\\\(?:\[[^\]]*\])?|\Z"), re.compile(r"(?<!\\)&")
    else:
        ends, between = re.compile(r"\n|\Z"), re.compile(r"(?<!\\)\|")
    while start < stop:
        end = ends.search(text, start, stop)
        assert end is not None
        line = Span(start, end.start())
        start = max(end.end(), start + 1)
        written = text[line.start : line.end]
        if not written.strip() or (not is_tex and _RULE.fullmatch(written)):
            continue
        bounds = [m.span() for m in between.finditer(text, line.start, line.end)]
        if is_tex:
            bounds = [(line.start, line.start), *bounds, (line.end, line.end)]
        yield [_cell(sheet, text, left[1], right[0]) for left, right in pairwise(bounds)]


def _cell(sheet: Sheet, text: str, start: int, stop: int) -> Cell:
    while start < stop and text[start].isspace():
        start += 1
    while stop > start and text[stop - 1].isspace():
        stop -= 1
    labelled = _LABELLED.fullmatch(text, start, stop)
    start = start if labelled is None else labelled.start(1)
    written = text[start:stop]
    marks = next(((a, b) for a, b in (("$", "$"), ("\\(", "\\)")) if written.startswith(a) and written.endswith(b)), ("", ""))
    inside = Span(start + len(marks[0]), stop - len(marks[1]))
    is_plain = bool(marks[0]) or re.fullmatch(r"\(?[-−+]?[-−+\d.,/ ]+\)?|[A-Za-z]?[\w^{}()\[\]]{0,3}|\S", written) is not None
    nodes = parse(sheet.source, inside, sheet.macros) if is_plain and inside.start < inside.end else []
    node = nodes[0] if len(nodes) == 1 and not any(isinstance(n, (sx.Unread, sx.Blank)) for n in sx.walk(nodes[0])) else None
    return Cell(Span(start, stop), written, node)


def _shapes(sheet: Sheet, rows: list[list[Cell]]) -> Iterator[Node]:
    r"""`X \in \mathbb{R}^{n \times d}` for every row with a name, or several, and a shape of two sizes in the column that is headed so."""
    head, *body = rows
    column = next((k for k, cell in enumerate(head) if k and _SHAPE.fullmatch(cell.text)), None)
    for row in body if column is not None else ():
        if len(row) != len(head) or column is None:
            continue
        about, shape = row[0].node, _shape_in(sheet, row[column])
        about = about.sides[0] if isinstance(about, sx.Relation) else about
        items = about.items if isinstance(about, sx.Listing) else (about,)
        if about is None or shape is None or any(item is None or plain_name(item) is None for item in items):
            continue
        reals = sx.Name(shape.span, "R", style="mathbb")
        yield sx.Relation(shape.span, (about, sx.Scripted(shape.span, reals, None, shape)), ("in",))


def _shape_in(sheet: Sheet, cell: Cell) -> Node | None:
    """The sizes of a cell, in mathematics, in code, or plain: `$n \\times d$`, `(n, d)`, n × d."""
    node = cell.node
    if node is None and (plain := _SIZES.fullmatch(cell.text)):
        inside = Span(cell.span.start + plain.start(1), cell.span.start + plain.end(1))
        nodes = parse(sheet.source, inside, sheet.macros)
        node = nodes[0] if len(nodes) == 1 else None
    inner = node.body if isinstance(node, sx.Group) else node
    is_listed = isinstance(inner, sx.Listing) and len(inner.items) == 2
    is_product = isinstance(inner, sx.Product) and inner.operators.count("times") == 1
    return inner if is_listed or is_product else None


def _slopes(sheet: Sheet, rows: list[list[Cell]]) -> Iterator[Node]:
    r"""The derivative of the function in every row, below heads such as `f(X)` and `\partial f/\partial X`, `f(x)` and "derivative"."""
    head, *body = rows
    column = next((k for k, cell in enumerate(head) if k and _is_derivative(sheet, cell)), None)
    if column is None or any(len(row) != len(head) or _is_equation(row[column]) for row in body):
        return
    # `gradient by $x$` is read as its letter, behind what it is called.
    by = head[column].name or _argument(head[column]) or _argument(head[column - 1])
    name = head[column - 1].name
    for row in body:
        of, slope = row[column - 1].node, row[column].node
        own = of
        if isinstance(of, sx.Relation):  # `| $\\|x\\|^2 = x^T x$ |`
            yield of
            own, of = of.sides[0], of.sides[-1]
        if of is None or slope is None:
            continue
        letters = [n for n in sx.walk(of) if isinstance(n, (sx.Name, sx.Scripted)) and plain_name(n) in mentions(of) and not is_word(n)]
        wrt = by or _argument(replace(row[column - 1], node=own)) or (letters[0] if len({*map(plain_name, letters)}) == 1 else None)
        if wrt is None or plain_name(wrt) not in mentions(of):
            continue
        held = slope if isinstance(slope, sx.Relation) else sx.Relation(slope.span, (slope,), ())
        # `a (1 - a)` below `da/dz` is of the a that the head says.
        whole = sx.Group(of.span, "(", ")", of)
        sides = [side if name is None else _with(side, name, whole) for side in held.sides]
        yield sx.Relation(held.span, (sx.Derivative(held.span, whole, (wrt,)), *sides), ("=", *held.operators))


def _is_equation(cell: Cell) -> bool:
    r"""Whether it says itself what it is the derivative of: `f'(z) = f(z) (1 - f(z))`."""
    match cell.node:
        case sx.Relation(sides=(sx.Derivative() | sx.Call(function=sx.Scripted(primes=1)), *_)):
            return True
    return False


def _with(node: Node, name: Node, formula: Node) -> Node:
    """The expression with a formula in the place of a name."""
    return sx.mapped(node, lambda n: formula if plain_name(n) == plain_name(name) else n)


def _argument(cell: Cell) -> Node | None:
    r"""The x of `f(x)`, `f'(x)` and `\nabla_x f`."""
    match cell.node and as_call(cell.node):
        case sx.Derivative(wrt=(wrt, *_)):
            return wrt
        case sx.Call(args=(argument,)):
            return argument
    return None


def _is_derivative(sheet: Sheet, cell: Cell) -> bool:
    """Whether a head speaks of a derivative, in mathematics or in words, which may stand before the letter that it is by."""
    match cell.node:
        case sx.Derivative(order=None) | sx.Call(function=sx.Scripted(primes=1), args=(_,)):
            return True
    label = re.split(r"[|&]", sheet.source.text[: cell.span.start])[-1]
    return _DERIVATIVE.fullmatch(label.strip() + cell.text) is not None


def _values(rows: list[list[Cell]]) -> Iterator[Node]:
    """A name and its value in each row, or names above and their values below."""
    body = rows if rows[0][0].name is not None and len(rows[0]) == 2 and rows[0][1].is_number else rows[1:]
    if all(len(row) == 2 and row[0].name is not None and row[1].is_number for row in body):
        for row in body:
            yield _equation(row[0].name, row[1])
    elif len(rows) == 2 and len(rows[0]) == len(rows[1]):
        pairs = [(above.name, below) for above, below in zip(*rows, strict=True) if above.text or below.text]
        if all(name is not None and below.is_number for name, below in pairs):
            yield from (_equation(name, below) for name, below in pairs)


def _columns(rows: list[list[Cell]], spoken: set[str]) -> Iterator[Node]:
    """Names above columns of numbers or vectors: one for each row where they have an index, lists where they have none."""
    head, *body = rows
    if not head:
        return
    counts = _NUMBERED.fullmatch(head[0].text) is not None and len(head) > 1
    if any(len(row) != len(head) for row in body):
        return
    sizes = [{len(row[k].entries) for row in body} for k in range(len(head))]
    filled = [k for k in range(counts, len(head)) if len(sizes[k]) == 1 and 0 not in sizes[k]]
    indexed = {k: _index_of(head[k]) for k in filled}
    is_full = len(filled) == len(head) - counts
    if counts and is_full and len(set(indexed.values())) == 1 and None not in indexed.values() and all(row[0].is_number for row in body):
        for row in body:
            for k, letter in indexed.items():
                node = head[k].node
                if node is not None and (head[k].name is None or _numbered(head[k], letter or "", body[0]) in spoken):
                    yield _equation(_numbered_node(node, letter or "", row), row[k])
        for k, letter in indexed.items():
            if head[k].name is not None and _numbered(head[k], letter or "", body[0]) not in spoken:
                yield _column(head, body, k, spoken)
        return
    named = [k for k in filled if head[k].name is not None and not isinstance(head[k].node, sx.Number)]
    # Columns of words or of formulas beside those of data are passed over; data have what is to be predicted.
    is_of_data = any(_base(head[k]) in _TARGETS for k in named) and len(named) > 1
    if len(body) > 1 and (len(named) == len(head) - counts or is_of_data):
        for k in named:
            yield _column(head, body, k, spoken)


def _turned(rows: list[list[Cell]]) -> list[list[Cell]]:
    """A table of data whose names stand before rows of numbers, with the names above columns; no rows of any other."""
    is_of_rows = len({len(row) for row in rows}) == 1 and all(len(row) > _PAIR and all(c.is_number for c in row[1:]) for row in rows)
    return [list(column) for column in zip(*rows, strict=True)] if is_of_rows else [[]]


def _base(cell: Cell) -> str | None:
    """The x of `x` and of `x_i`."""
    base = cell.node.base if isinstance(cell.node, sx.Scripted) and _index_of(cell) is not None else cell.node
    return plain_name(base) if isinstance(base, sx.Node) else None


def _column(head: list[Cell], body: list[list[Cell]], k: int, spoken: set[str]) -> Node:
    """A name, without its index, and the column of its numbers, or the matrix of its rows."""
    node = head[k].node
    name = node.base if isinstance(node, sx.Scripted) and _index_of(head[k]) is not None else node
    assert isinstance(name, sx.Node)
    return _list(_of_rows(name, spoken) if len(body[0][k].entries) > 1 else name, body, k)


def _steps(sheet: Sheet, rows: list[list[Cell]]) -> Iterator[Node]:
    """Beside every name what it was before a step of descent, the gradient by it, and what it becomes."""
    head, *body = rows
    columns = {word: k for k, cell in enumerate(head) for word, pattern in _OF_A_STEP.items() if pattern.fullmatch(cell.text)}
    losses = {name: s.node.sides[0] for s in sheet.statements for name, _ in heads(s) if is_loss(name) and isinstance(s.node, sx.Relation)}
    if "new" not in columns or not columns.keys() & {"old", "gradient"} or len(losses) != 1:
        return
    (loss,) = losses.values()
    if any(len(row) != len(head) or row[0].name is None or not all(row[k].is_number for k in columns.values()) for row in body):
        return
    for word, k in sorted(columns.items(), reverse=True):  # the old value, then the new one, and the gradients, before any is renewed
        for row in body if word != "new" else ():
            assert row[0].name is not None
            yield _equation(row[0].name if word == "old" else sx.Derivative(row[k].span, loss, (row[0].name,)), row[k])
    for row in body:
        made = _equation(row[0].name, row[columns["new"]])
        yield replace(made, operators=("gets",)) if isinstance(made, sx.Relation) else made


def _results(rows: list[list[Cell]]) -> Iterator[Node]:
    """A formula for a name, and behind it the number that it comes to."""
    for row in rows:
        for cell, value in pairwise(row):
            node = cell.node
            if not isinstance(node, sx.Relation) or not value.is_number or value.node is None or set(node.operators) != {"="}:
                continue
            if plain_name(node.sides[0]) is not None and any(isinstance(n, sx.Name) for n in sx.walk(node.sides[-1])):
                yield sx.Relation(cell.span.to(value.span), (*node.sides, value.node), (*node.operators, "="))


def _equation(name: Node | None, value: Cell) -> Node:
    assert name is not None and value.node is not None
    return sx.Relation(value.span, (name, value.node), ("=",))


def _index_of(cell: Cell) -> str | None:
    r"""The i of `x_i`, `x^{(i)}`, `\partial C / \partial w_i`."""
    found: set[str] = set()
    for node in sx.walk(cell.node) if cell.node is not None else ():
        if isinstance(node, sx.Scripted):
            found |= set(letters_of(node.sub) or ()) | set(letters_of(_bare(node.sup)) or ())
    return found.pop() if len(found) == 1 else None


def _bare(node: Node | None) -> Node | None:
    return node.body if isinstance(node, sx.Group) else node


def _list(name: Node | None, body: list[list[Cell]], k: int) -> Node:
    """A name and the column of its numbers."""
    place = body[0][k].span
    return _equation(name, Cell(place, "", sx.Matrix(place, tuple(row[k].entries for row in body))))


def _of_rows(name: Node, spoken: set[str]) -> Node:
    """The X whose rows the `x_i` are, where the sheet speaks of it."""
    whole = replace(name, base=name.base.upper()) if isinstance(name, sx.Name) and len(name.base) == 1 else name
    return whole if plain_name(whole) in spoken else name


def _numbered(cell: Cell, letter: str, row: list[Cell]) -> str | None:
    return None if cell.node is None else plain_name(_numbered_node(cell.node, letter, row))


def _numbered_node(node: Node, letter: str, row: list[Cell]) -> Node:
    """`x_i` of the row whose number is 2 as `x_2`."""
    number = sx.Number(node.span, row[0].text.strip("$ "))
    return sx.mapped(node, lambda n: number if isinstance(n, sx.Name) and n.base == letter and not n.accents else n)
