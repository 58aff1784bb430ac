"""A formula for a general step with numbers for its letters: `h_3` for `h_t`, sums and products over steps as their terms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from symgrad import syntax as sx
from symgrad.naming import plain_name
from symgrad.step_letters import Steps, is_like_a_step
from symgrad.step_scripts import bound_letter, free_letters, has_script, inner_script, offset_of, script_pieces, without_scripts
from symgrad.syntax import Node

MOST_TERMS = 12


class _OutOfRange(Exception):
    """A step before the first or after the last."""


def settled_at(node: Node, values: Mapping[str, int], steps: Steps) -> Node | None:
    """The node with numbers for its letters; None where a step is out of range."""
    try:
        return put_at(node, values, steps)
    except _OutOfRange:
        return None


def put_at(node: Node, values: Mapping[str, int], steps: Steps) -> Node:
    """The node with numbers for its letters. Raises `_OutOfRange` for a step that there is none of."""
    if isinstance(node, sx.BigOp) and node.operator in ("sum", "prod") and node.body is not None:
        bound = bound_letter(node)
        if (
            bound is not None
            and (free_letters(node.body, steps.letters | {bound}) & {bound})
            and (bound in steps.letters or is_like_a_step(node, steps.letters, steps.tops))
            and not _is_over_entries(node, bound, steps)
        ):
            return _terms(node, bound, values, steps)
    if isinstance(node, sx.List) and any(isinstance(item, sx.Dots) for item in node.items):
        node = _with_every_step(node, values, steps)
    if isinstance(node, sx.Scripted) and isinstance(node.base, sx.Name):
        sub = None if node.sub is None else _script(node.sub, values, steps, False)
        is_power = plain_name(node.base if node.sub is None else replace(node, sup=None)) in steps.raised
        sup = None if node.sup is None else _script(node.sup, values, steps, not is_power)
        return node if sub is node.sub and sup is node.sup else replace(node, sub=sub, sup=sup)
    if isinstance(node, sx.Name) and node.base in steps.counts and not node.accents:
        return sx.Number(node.span, str(steps.last))
    changed = {}
    for name in sx.field_names(type(node)):
        value = getattr(node, name)
        if isinstance(node, sx.Scripted) and name == "sup" and isinstance(value, sx.Name):
            continue  # the T of a transpose
        made = _inside(value, values, steps)
        if made is not value:
            changed[name] = made
    # The new values have the types of the old ones.
    return replace(node, **changed) if changed else node  # type: ignore[arg-type]


def _with_every_step(node: sx.List, values: Mapping[str, int], steps: Steps) -> sx.List:
    r"""`[h_1, \dots, h_T]` with all that the dots stand for, from the number before them to the step behind."""
    at = next(i for i, item in enumerate(node.items) if isinstance(item, sx.Dots))
    match node.items[:at], node.items[at + 1 :]:
        case (*some, sx.Scripted(base=base, sub=sx.Number(text=low)) as last), (sx.Scripted(base=other, sub=sx.Node() as high),):
            if plain_name(base) == plain_name(other) is not None and low.isdigit():
                numbers = range(int(low), _count(high, values, steps) + 1)
                return replace(node, items=(*some, *(replace(last, sub=sx.Number(last.span, str(k))) for k in numbers)))
    return node


def _inside(value: object, values: Mapping[str, int], steps: Steps) -> object:
    if isinstance(value, Node):
        return put_at(value, values, steps)
    if isinstance(value, tuple):
        made = tuple(_inside(item, values, steps) for item in value)
        return value if all(a is b for a, b in zip(made, value, strict=True)) else made
    return value


def _is_over_entries(node: sx.BigOp, bound: str, steps: Steps) -> bool:
    """Whether a sum without limits runs over entries of what its letter counts no steps of."""
    counted = {
        without_scripts(n) for n in sx.walk(node) if isinstance(n, sx.Scripted) and has_script(n, bound) and isinstance(n.base, sx.Name)
    }
    return node.above is None and not isinstance(node.below, sx.Relation) and bool(counted) and counted <= steps.entered


def _terms(node: sx.BigOp, bound: str, values: Mapping[str, int], steps: Steps) -> Node:
    low = 1
    if isinstance(node.below, sx.Relation):
        low = _count(node.below.sides[-1], values, steps)
    high = steps.last if node.above is None else _count(node.above, values, steps)
    if node.below is not None and not isinstance(node.below, sx.Relation) and node.above is None:
        low = _first_in_range(node, bound, values, steps)
    if node.operator == "prod" and _counts_down(node, values, steps):
        low, high = high, low
    if high - low > max(MOST_TERMS, steps.last):
        raise _OutOfRange
    if node.body is None or high < low:
        return sx.Number(node.span, "0" if node.operator == "sum" else "1")
    span = node.span
    terms = [put_at(node.body, {**values, bound: value}, steps) for value in range(low, high + 1)]
    grouped = tuple(sx.Group(span, "(", ")", term) if isinstance(term, sx.Sum) else term for term in terms)
    if len(grouped) == 1:
        return grouped[0]
    if node.operator == "sum":
        return sx.Group(span, "(", ")", sx.Sum(span, grouped, ("",) + ("+",) * (len(grouped) - 1)))
    # The later step stands first, as in the product of a chain rule.
    return sx.Product(span, tuple(reversed(grouped)), ("cdot",) * (len(grouped) - 1))


def _counts_down(node: sx.BigOp, values: Mapping[str, int], steps: Steps) -> bool:
    r"""Whether a product begins at the later of two steps, whatever is added to them: `\prod_{j=t}^{k+1}` where k is before t."""
    limits = [node.below.sides[-1] if isinstance(node.below, sx.Relation) else node.below, node.above]
    starts = [limit.terms[0] if isinstance(limit, sx.Sum) else limit for limit in limits if limit is not None]
    if len(starts) < 2 or not any(isinstance(start, sx.Name) for start in starts):
        return False
    low, high = (_count(start, values, steps) for start in starts)
    return low > high


def _first_in_range(node: sx.BigOp, bound: str, values: Mapping[str, int], steps: Steps) -> int:
    assert node.body is not None
    for value in (0, 1, 2):
        if settled_at(node.body, {**values, bound: value}, steps) is not None:
            return max(value, 1)
    return 1


def _count(node: Node, values: Mapping[str, int], steps: Steps) -> int:
    """The number of a limit: `1`, `T`, `t+1`."""
    match node:
        case sx.Number(text=text) if text.isdigit() and len(text) < 3:
            return int(text)
        case sx.Name(base=base) if base in values:
            return values[base]
        case sx.Name(base=base) if base in steps.tops:
            return steps.last
        case sx.Sum(terms=(first, second), signs=(_, sign)):
            by = _count(second, values, steps)
            return _count(first, values, steps) + (-by if sign == "-" else by)
    raise _OutOfRange


def _script(script: Node, values: Mapping[str, int], steps: Steps, above: bool) -> Node:
    """A script with numbers for its letters. A bare `T` above is a transpose, not the last step."""
    if isinstance(script, (sx.Listing, sx.Product)):
        pieces = script_pieces(script)
        if len(pieces) > 1:
            made = tuple(_script(piece, values, steps, above) for piece in pieces)
            if isinstance(script, sx.Listing):
                return replace(script, items=made)
            return replace(script, factors=made)
    inner = inner_script(script)
    offset = offset_of(script)
    if offset is None:
        return put_at(script, values, steps)  # the sizes of `\\mathbb{R}^{n_l \\times n_{l-1}}`
    letter, by = offset
    if letter in values:
        number = values[letter] + by
    elif letter in steps.tops and not (above and letter == "T" and inner is script and by == 0):
        number = steps.last + by
    else:
        return script
    if not 0 <= number <= steps.last:
        raise _OutOfRange
    # Above it would be a power: `z^l` is no `z^2`, but a name.
    is_label = above and script is inner
    return _exchanged(script, inner, (sx.Text if is_label else sx.Number)(inner.span, str(number)))


def _exchanged(script: Node, inner: Node, number: Node) -> Node:
    if script is inner:
        return number
    if isinstance(script, sx.Group):
        return replace(script, body=_exchanged(script.body, inner, number))
    assert isinstance(script, sx.List)
    return replace(script, items=(_exchanged(script.items[0], inner, number),))
