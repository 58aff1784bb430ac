r"""A matrix by the vectors that it is made of: `U = [u_1, \dots, u_V]` has the columns `u_i`; what is transposed below each other are rows.

What is listed says of what kind the matrix is, and computes nothing: its size is the number of the last vector, and that of a vector.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial

from symgrad import syntax as sx
from symgrad.naming import letters_of, plain_name, superscript, without_transpose
from symgrad.parts import declared, heads
from symgrad.read.document import Sheet
from symgrad.said_shapes import shapes_in_words
from symgrad.span import Span
from symgrad.syntax import Node

_LETTERS = "dpqrsuvabc"


@dataclass(frozen=True)
class _Listed:
    """The letter of the vectors, how many there are, and whether they are rows."""

    base: str
    count: Node
    are_rows: bool


def with_listed_vectors(sheet: Sheet) -> Sheet:
    """The sheet with the spaces of such matrices, where nothing else says them."""
    steps = _counted_by_steps(sheet)
    found = [(i, *made) for i, s in enumerate(sheet.statements) if (made := _by_its_vectors(s.node)) and made[1].base not in steps]
    if not found:
        return sheet
    statements = list(sheet.statements)
    said = {name for s in statements for name in declared(s)}
    said |= {name for _, about, _ in shapes_in_words(list(enumerate(statements))) if (name := plain_name(about)) is not None}
    taken = {n.base for s in statements for n in sx.walk(s.node) if isinstance(n, sx.Name)}
    sizes = {base: size for s in statements for base, size in _sizes_of_vectors(s.node)}
    # Vectors that have values or formulas of their own stay what they are.
    own = {name.partition("_") for s in statements for name, _ in heads(s)}
    with_formula = {base for base, _, number in own if not number.isdigit()}
    valued = {base for base, _, number in own if number.isdigit()}
    for i, head, listed in reversed(found):
        here, node = statements[i], statements[i].node
        assert isinstance(node, sx.Relation)
        dots = sx.List(node.sides[-1].span, (sx.Dots(node.sides[-1].span, "dots"),))
        # What is listed is seen, and no name: the first vectors are no more said to be there than any other.
        shown = replace(node, sides=tuple(dots if _vectors(side) is not None else side for side in node.sides))
        statements[i] = replace(here, node=shown)
        name = plain_name(head) or ""
        if "in" in node.operators:
            statements[i] = replace(here, node=replace(node, sides=(head, node.sides[-1]), operators=("in",)))
        if listed.base not in with_formula:
            put = partial(_of_the_whole, head, listed, listed.base in valued)
            statements = [replace(s, node=sx.mapped(s.node, put)) for s in statements]
        if name in said or "in" in node.operators:
            continue
        size = sizes.get(listed.base) or sx.Name(head.span, next(letter for letter in _LETTERS if letter not in taken))
        axes = (listed.count, size) if listed.are_rows else (size, listed.count)
        space = sx.Scripted(head.span, sx.Name(head.span, "R", style="mathbb"), None, sx.Product(head.span, axes, ("times",)))
        nowhere = Span(here.span.start, here.span.start)
        told = sx.Relation(nowhere, (head, space), ("in",))
        statements.insert(i + 1, replace(here, node=told, span=nowhere, words="", words_after=""))
    return replace(sheet, statements=statements)


def _counted_by_steps(sheet: Sheet) -> set[str]:
    """The names with a letter that a recurrence counts its steps by, `h_t` beside `h_{t-1}`."""
    scripted = [n for s in sheet.statements for n in sx.walk(s.node) if isinstance(n, sx.Scripted) and isinstance(n.base, sx.Name)]
    letters = {plain_name(n) for one in scripted if isinstance(one.sub, sx.Sum) for n in sx.walk(one.sub) if isinstance(n, sx.Name)}
    return {one.base.base for one in scripted if isinstance(one.base, sx.Name) and letters & {*(letters_of(one.sub) or ())}}


def _by_its_vectors(node: Node) -> tuple[Node, _Listed] | None:
    """The name that a statement sets equal to a list of vectors of its small letter, and these."""
    if not isinstance(node, sx.Relation) or not set(node.operators) <= {"=", ":=", "in"}:
        return None
    head, *others = node.sides
    found = next((listed for side in others if (listed := _vectors(side)) is not None), None)
    name = plain_name(head)
    is_it = found is not None and name is not None and len(name) == 1 and name.isupper() and name.lower() == found.base
    return (head, found) if is_it and found is not None else None


def _vectors(node: Node) -> _Listed | None:
    """What is listed with dots before the last, one vector with a number or letter each."""
    is_turned = isinstance(node, sx.Scripted) and node.sub is None and superscript(node.sup).transposed
    items = _items(node.base) if isinstance(node, sx.Scripted) and is_turned else _items(node)
    if items is None or len(items) < 3 or not isinstance(items[-2], sx.Dots):
        return None
    vectors = [item for item in items if not isinstance(item, sx.Dots)]
    lie = {isinstance(item, sx.Scripted) and superscript(item.sup).transposed for item in vectors}
    bare = [without_transpose(item) if isinstance(item, sx.Scripted) and lie == {True} else item for item in vectors]
    bases = {item.base.base for item in bare if isinstance(item, sx.Scripted) and isinstance(item.base, sx.Name)}
    count = _number(bare[-1])
    are_below = isinstance(node, sx.Matrix) and len(node.rows) > 1
    if len(lie) != 1 or len(bases) != 1 or count is None or any(_number(item) is None for item in bare) or are_below != (lie == {True}):
        return None
    return _Listed(bases.pop(), count, are_below or is_turned)


def _of_the_whole(head: Node, listed: _Listed, by_letter: bool, node: Node) -> Node:
    r"""`U_{:,w}` for `u_w`, and for the row `x_i` as a column by itself `X_{i,:}^\top`."""
    if not isinstance(node, sx.Scripted) or node.primes or node.base != sx.Name(node.base.span, listed.base):
        return node
    index, is_turned = node.sub, superscript(node.sup).transposed
    is_index = (isinstance(index, sx.Number) and not by_letter) or len(letters_of(index) or ()) == 1
    if index is None or not is_index or not (node.sup is None or is_turned):
        return node
    every = sx.Range(node.span)
    places = (index, every) if listed.are_rows else (every, index)
    sup = sx.Mark(node.span, "T") if is_turned != listed.are_rows else None
    return sx.Scripted(node.span, replace(head, span=node.base.span), sx.Listing(node.span, places, (",",)), sup)


def _items(node: Node) -> tuple[Node, ...] | None:
    match node:
        case sx.Group(open="(" | "[", body=sx.Listing(items=items)) | sx.List(items=items):
            return items
        case sx.Matrix(rows=rows) if len(rows) == 1 or all(len(row) == 1 for row in rows):
            return tuple(cell for row in rows for cell in row)
    return None


def _number(node: Node) -> Node | None:
    r"""The V of `u_V`, and the m of `x^{(m)}`."""
    match node:
        case sx.Scripted(base=sx.Name(), sub=sx.Number() | sx.Name() as number, sup=None):
            return number
        case sx.Scripted(base=sx.Name(), sub=None, sup=sx.Group(body=sx.Number() | sx.Name() as number)):
            return number
    return None


def _sizes_of_vectors(node: Node) -> Iterator[tuple[str, Node]]:
    r"""The u of `u_w \in \mathbb{R}^d`, and the d."""
    match node:
        case sx.Relation(
            sides=(sx.Listing() | sx.Scripted() as subject, sx.Scripted(base=sx.Name(base="R"), sup=sx.Name() as size)), operators=("in",)
        ):
            for item in subject.items if isinstance(subject, sx.Listing) else (subject,):
                if isinstance(item, sx.Scripted) and isinstance(item.base, sx.Name) and (letters_of(item.sub) or _number(item) is not None):
                    yield item.base.base, size
