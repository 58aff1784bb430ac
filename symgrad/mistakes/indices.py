"""Edits of indices: two that changed places, a neighbour in time or layer, another place, sums over them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import product

from symgrad import names
from symgrad import syntax as sx
from symgrad.mistakes.case import Case, Diagnosis
from symgrad.mistakes.notation import bare
from symgrad.mistakes.operands import in_brackets, renamed, transposed
from symgrad.mistakes.surroundings import Option, Surroundings
from symgrad.mistakes.values import are_steps
from symgrad.naming import letters_of, plain_name
from symgrad.origins import Place, index_letters, place_of, places_of
from symgrad.ruling import MISFIT
from symgrad.syntax import Node

_MOST_OTHERS = 8


def letters(node: Node, around: Surroundings) -> Iterator[Option]:
    """Two indices that changed places: the transpose in index notation."""
    if isinstance(node, sx.Scripted) and isinstance(node.sub, sx.Product) and len(letters_of(node.sub) or ()) == 2:
        turned = replace(node.sub, factors=node.sub.factors[::-1])
        yield replace(node, sub=turned), "missing_transpose", "the two indices have changed places"


def exchanged(case: Case) -> Iterator[Diagnosis]:
    r"""The two indices of what is differentiated by, one for the other all over the right side: `\delta_{il} x_k` for `\delta_{ik} x_l`."""
    wrt = case.link.left.wrt if isinstance(case.link.left, sx.Derivative) else ()
    two = letters_of(wrt[0].sub) or () if len(wrt) == 1 and isinstance(wrt[0], sx.Scripted) else ()
    if case.is_followed or len(set(two)) != 2:
        return
    other = dict(zip(two, reversed(two), strict=True))

    def put(node: Node) -> Node:
        if not isinstance(node, sx.Scripted) or node.sub is None or not set(letters_of(node.sub) or ()) & other.keys():
            return node
        sub = sx.mapped(node.sub, lambda n: replace(n, base=other.get(n.base, n.base)) if isinstance(n, sx.Name) else n)
        return replace(node, sub=sub)

    pair = case.holds_as_written(sx.mapped(case.link.right, put))
    if pair is not None:
        message = f"the indices {two[0]} and {two[1]} have changed places"
        yield case.diagnosis("missing_transpose", message, None if pair.free else pair.right_node)


def shifted(case: Case) -> Iterator[Diagnosis]:
    r"""The steps of one letter, all one too far or one short: `\delta_2 h_2 + \delta_3 h_3` for `\delta_2 h_1 + \delta_3 h_2`."""
    counted = [n for n in sx.walk(case.link.right) if isinstance(n, sx.Scripted) and isinstance(n.base, sx.Name) and _number(n) is not None]
    letters = [n.base.base for n in counted if isinstance(n.base, sx.Name)]
    for letter in dict.fromkeys(letters) if not case.is_followed else ():
        for by in (-1, 1) if letters.count(letter) > 1 else ():

            def put(node: Node, letter: str = letter, by: int = by) -> Node:
                number = _number(node) if isinstance(node, sx.Scripted) else None
                if number is None or not isinstance(node, sx.Scripted) or not isinstance(node.base, sx.Name) or node.base.base != letter:
                    return node
                return replace(node, sub=sx.Number(node.span, str(max(number + by, 0))))

            pair = case.holds_as_written(sx.mapped(case.link.right, put))
            if pair is not None:
                message = f"every {names.text(letter)} is one step {'too far' if by < 0 else 'short'}"
                yield case.diagnosis("index_off_by_one", message, None if pair.free else pair.right_node)


def _number(node: sx.Scripted) -> int | None:
    """The number below a name."""
    return int(node.sub.text) if isinstance(node.sub, sx.Number) and node.sub.text.isdecimal() else None


def of_another_shape(node: Node, around: Surroundings) -> Iterator[Option]:
    """Where the two sides have different shapes: one of the names is another, of another shape."""
    name = around.name_of(node) if around.case.ruling.reason == MISFIT else None
    for other in around.matrices[:_MOST_OTHERS] if name is not None else ():
        if other != name:
            yield renamed(node, other), "unknown", f"{names.text(str(name))} stands where {names.text(other)} is meant"


def index(node: Node, around: Surroundings) -> Iterator[Option]:
    """A neighbour in time or layer is meant; in a sum over the steps, one that the sheet writes with the same letter."""
    name = around.name_of(node)
    for other in around.siblings(name) if name else ():
        what = f"{names.text(str(name))} stands where {names.text(other)} is meant"
        yield renamed(node, other), "stale_value" if are_steps(around.case, str(name), other) else "index_off_by_one", what
    if name is None and isinstance(node, sx.Scripted):
        if isinstance(node.sub, sx.Number) and node.sub.text.isdigit() and around.name_of(node.base) is not None:
            for near in {int(node.sub.text) - 1, int(node.sub.text) + 1} - {0}:
                yield replace(node, sub=replace(node.sub, text=str(near))), "index_off_by_one", "the entry beside it is meant"
        if letters_of(node.sub) is not None and node.sup is not None:
            whole = replace(node, sub=None)
            for sup in _beside(node.sup) if around.siblings(around.name_of(whole) or "") else ():
                yield replace(node, sup=sup), "index_off_by_one", "the layer beside it is meant"
        for neighbour in around.notation.neighbours(bare(node)):
            made = neighbour if bare(node) is node else transposed(neighbour)
            yield made, _of_steps(node, neighbour, around), "the neighbour one step on or back is meant"


def _beside(script: Node) -> Iterator[Node]:
    """The number of a layer, one further and one back: `2`, `(2)`, `[2]`."""
    match script:
        case sx.Number(text=text) | sx.Text(text=text) if text.isdigit():
            yield from (replace(script, text=str(near)) for near in (int(text) - 1, int(text) + 1) if near >= 0)
        case sx.Group(body=body):
            yield from (replace(script, body=made) for made in _beside(body))
        case sx.List(items=(item,)):
            yield from (replace(script, items=(made,)) for made in _beside(item))


def place(node: Node, around: Surroundings) -> Iterator[Option]:
    """Another index where indices are summed: one further or back, with the other sign, or one that the sheet has for the same name."""
    if isinstance(node, sx.Derivative) and len(node.wrt) == 1:
        yield from ((replace(node, wrt=(made,)), cause, message) for made, cause, message in place(node.wrt[0], around))
    if not isinstance(node, sx.Scripted) or node.sub is None:
        return
    subs = [n.sub for s in around.case.judge.gathered.sheet.statements for n in sx.walk(s.node) if isinstance(n, sx.Scripted)]
    steps = {step for sub in subs for one in places_of(sub) or () if isinstance(one, Place) for step in one.apart} - {1}
    for sub in _other_places(node.sub, sorted(steps)):
        yield replace(node, sub=sub), "index_off_by_one", "another index is meant"
    # An index that cannot be read is no slip of one that can.
    for statement in around.case.judge.gathered.sheet.statements if index_letters(node.sub) else ():
        for other in sx.walk(statement.node):
            if isinstance(other, sx.Scripted) and other.base == node.base and places_of(other.sub) is not None and other.sub != node.sub:
                yield replace(node, sub=other.sub), "index_off_by_one", "another index is meant"


def _other_places(sub: Node, steps: Sequence[int]) -> Iterator[Node]:
    if isinstance(sub, sx.Listing):
        for k, item in enumerate(sub.items):
            yield from (replace(sub, items=(*sub.items[:k], made, *sub.items[k + 1 :])) for made in _other_places(item, steps))
    elif isinstance(sub, sx.Sum) and place_of(sub) is not None:
        turned = tuple("-" if sign == "+" else "+" for sign in sub.signs)
        for k in range(1, len(sub.terms)):
            yield replace(sub, signs=(*sub.signs[:k], turned[k], *sub.signs[k + 1 :]))
        yield replace(sub, signs=(sub.signs[0], *turned[1:]))
        for sign in "+-":
            yield replace(sub, terms=(*sub.terms, sx.Number(sub.span, "1")), signs=(*sub.signs, sign))
        for step, (k, term) in product(steps, enumerate(sub.terms)):
            made = sx.Product(term.span, (sx.Number(term.span, str(step)), term), ("",))
            yield replace(sub, terms=(*sub.terms[:k], made, *sub.terms[k + 1 :]))


def _of_steps(node: Node, neighbour: Node, around: Surroundings) -> str:
    own, other = (plain_name(bare(n), around.case.judge.meaning.styled) for n in (node, neighbour))
    return "stale_value" if own and other and are_steps(around.case, own, other) else "index_off_by_one"


def summation(node: Node, around: Surroundings) -> Iterator[Option]:
    """A sum that does not belong, or one that is left out."""
    if isinstance(node, sx.BigOp) and node.body is not None:
        yield node.body, "missing_sum", "this sum does not belong here"
        return
    loose = [letter for letter in _letters(node) if letter not in _letters(around.case.link.left)]
    for letters in _runs_of(loose) if isinstance(node, (sx.Product, sx.Sum, sx.Scripted)) else ():
        summed = node
        for letter in letters:
            summed = sx.BigOp(node.span, "sum", sx.Name(node.span, letter), None, summed)
        yield in_brackets(summed), "missing_sum", f"the sum over {' and '.join(letters)} is left out"
    if isinstance(node, (sx.Name, sx.Scripted, sx.Group, sx.Product, sx.Call, sx.Differential, sx.Derivative)):
        for axis in ("0", "1"):
            along = sx.Relation(node.span, (sx.Name(node.span, "axis"), sx.Number(node.span, axis)), ("=",))
            total = sx.Call(node.span, sx.Name(node.span, "sum"), (node, along))
            for made in (total, transposed(total)):
                yield made, "missing_sum", "the sum over the examples is left out"


def _runs_of(letters: list[str]) -> list[list[str]]:
    """Each letter by itself, and all together."""
    return [[letter] for letter in letters] + ([letters] if len(letters) > 1 else [])


def _letters(node: Node) -> list[str]:
    subs = [n.sub for n in sx.walk(node) if isinstance(n, sx.Scripted) and n.sub is not None]
    return list(dict.fromkeys(letter for sub in subs for letter in letters_of(sub) or ()))
