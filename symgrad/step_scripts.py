"""Scripts that speak of a step: their letter and what is added to it, `t`, `t-1`, `(l+1)`; their numbers; what no sum binds."""

from __future__ import annotations

from collections.abc import Iterator

from symgrad import syntax as sx
from symgrad.naming import plain_name
from symgrad.read.document import Statement
from symgrad.syntax import Node


def scripts_of_head(statement: Statement) -> list[Node]:
    """The scripts of what a statement is about, the left side of its equation."""
    return list(scripts_in(statement.node.sides[0])) if isinstance(statement.node, sx.Relation) else []


def scripts_in(node: Node) -> Iterator[Node]:
    """The scripts of names: subscripts, and superscripts that can be labels."""
    for found in sx.walk(node):
        if isinstance(found, sx.Scripted) and isinstance(found.base, sx.Name):
            yield from script_pieces(found.sub)
            yield from script_pieces(found.sup)


def script_pieces(node: Node | None) -> list[Node]:
    """The letters and numbers of a script that stand for themselves: the t and the i of `h_{t,i}` and of `h_{ti}`."""
    if node is None:
        return []
    if isinstance(node, sx.Listing):
        return list(node.items)
    if isinstance(node, sx.Product) and not any(node.operators):
        return list(node.factors)
    return [node]


def inner_script(node: Node) -> Node:
    """A script without its brackets."""
    if isinstance(node, sx.Group):
        return inner_script(node.body)
    if isinstance(node, sx.List) and len(node.items) == 1:
        return inner_script(node.items[0])
    return node


def offset_of(script: Node) -> tuple[str, int] | None:
    """The letter of a script and what is added to it: `t`, `t-1`, `(l+1)`."""
    match inner_script(script):
        case sx.Name(base=base, accents=()):
            return base, 0
        case sx.Sum(terms=(sx.Name(base=base), sx.Number(text=text)), signs=(_, sign)) if text.isdigit() and len(text) < 3:
            return base, -int(text) if sign == "-" else int(text)
    return None


def numbers_in(script: Node) -> list[int]:
    """The number that a script is, if it is one."""
    match inner_script(script):
        case sx.Number(text=text) if text.isdigit() and len(text) < 2:
            return [int(text)]
    return []


def has_script(node: Node, letter: str) -> bool:
    """Whether something in a formula has this letter as its script."""
    return any(offset_of(script) == (letter, 0) for script in scripts_in(node))


def order_of_letters(node: Node, letters: frozenset[str]) -> tuple[str, str] | None:
    """The letters of the earlier and the later step, in `k < t`; None for anything else."""
    match node:
        case sx.Relation(sides=(sx.Name(base=one), sx.Name(base=other)), operators=("<" | "le" | ">" | "ge" as sign,)):
            if {one, other} <= letters:
                return (one, other) if sign in ("<", "le") else (other, one)
    return None


def free_letters(node: Node, letters: frozenset[str]) -> set[str]:
    """The letters of scripts that no sum or product binds."""
    if isinstance(node, sx.BigOp):
        bound = bound_letter(node)
        inside = free_letters(node.body, letters) if node.body is not None else set()
        limits = [_free_in_limits(limit, letters) for limit in (node.below, node.above) if limit is not None]
        return (inside | {x for limit in limits for x in limit}) - ({bound} if bound else set())
    if isinstance(node, sx.Scripted) and isinstance(node.base, sx.Name):
        offsets = [offset_of(piece) for script in (node.sub, node.sup) for piece in script_pieces(script)]
        return {o[0] for o in offsets if o is not None and o[0] in letters}
    return {letter for child in sx.children(node) for letter in free_letters(child, letters)}


def _free_in_limits(node: Node, letters: frozenset[str]) -> set[str]:
    side = node.sides[-1] if isinstance(node, sx.Relation) else node
    return {n.base for n in sx.walk(side) if isinstance(n, sx.Name) and n.base in letters} if side is not node else set()


def bound_letter(node: sx.BigOp) -> str | None:
    """The i of a sum over i."""
    below = node.below.sides[0] if isinstance(node.below, sx.Relation) else node.below
    return below.base if isinstance(below, sx.Name) else None


def explicit_head(statement: Statement) -> list[str]:
    """The name that a statement defines for one step in particular: `a^{(0)} = x`."""
    if not isinstance(statement.node, sx.Relation) or len(statement.node.sides) < 2:
        return []
    numbered = any(numbers_in(script) for script in scripts_in(statement.node.sides[0]))
    name = plain_name(statement.node.sides[0])
    return [name] if numbered and name is not None else []


def without_scripts(node: Node) -> str | None:
    """A name without its scripts."""
    return plain_name(node.base) if isinstance(node, sx.Scripted) else plain_name(node)
