r"""`p_i^\alpha`, `x_i^p` and `|x_i|^p` as powers: on a sheet a superscript may be a label, in a formula by itself hardly."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from symgrad import names
from symgrad import syntax as sx
from symgrad.naming import letters_of, plain_name
from symgrad.origins import letters_that_run
from symgrad.read.document import Sheet
from symgrad.syntax import Node

# The letter of a layer is none.
_SMALL = frozenset("\\" + name for name in names.GREEK if name.islower()) - {"\\ell"}
# Those of indices, steps and layers are none.
_LATIN = frozenset("abcdefghmnopqrsuvw")
_COMPUTED = (sx.Frac, sx.Prefix, sx.Product, sx.Sum)


def with_letter_powers(sheet: Sheet) -> Sheet:
    """The sheet with brackets around what stands to the power of a letter."""
    latin = exponents(sheet)

    def bracketed(node: Node) -> Node:
        match node:
            case sx.Scripted(base=sx.Name() as base, sup=sup) if base.base != "e":
                is_greek = _greek(sup)
                is_power = is_greek or (_latin(sup) in latin and _is_entry(node))
            case sx.Scripted(base=sx.Abs() | sx.Norm(), sup=sup):
                is_power = _latin(sup) in latin and _latin(node.sub) is None
            case _:
                return node
        whole = node.base if node.sub is None else replace(node, sup=None)
        return replace(node, base=sx.Group(node.span, "(", ")", whole), sub=None) if is_power else node

    return replace(sheet, statements=[replace(s, node=sx.mapped(s.node, bracketed)) for s in sheet.statements])


def exponents(sheet: Sheet) -> frozenset[str]:
    r"""The Latin letters that are exponents: the p of `x_i^p`, of `|x_i|^p`, `(1 - x_i)^p` and `\|x\|_p`.

    The a and the n of `x_i^a - x_i^n` tell two x apart, and what stands in a norm is a vector and hardly raised.
    """
    nodes = [n for s in sheet.statements for n in sx.walk(s.node)]
    run = {letter for n in nodes if isinstance(n, sx.BigOp) for letter in letters_that_run(n)}
    above = {
        (plain_name(n.base), letter) for s in sheet.statements for n in _outside_norms(s.node) if _is_entry(n) and (letter := _latin(n.sup))
    }
    told = [base for base, _ in above]
    by_brackets = {letter for n in nodes if isinstance(n, sx.Scripted) for letter in _of_brackets(n)}
    return frozenset({letter for base, letter in above if told.count(base) == 1} | by_brackets) - run


def _outside_norms(node: Node) -> Iterator[sx.Scripted]:
    if isinstance(node, sx.Scripted):
        yield node
    if not isinstance(node, sx.Norm):
        for child in sx.children(node):
            yield from _outside_norms(child)


def _of_brackets(node: sx.Scripted) -> Iterator[str]:
    if isinstance(node.base, (sx.Abs, sx.Group, sx.Norm)):
        letters = (_latin(node.sup), _latin(node.sub) if isinstance(node.base, sx.Norm) else None)
        yield from (letter for letter in letters if letter is not None)


def _is_entry(node: sx.Scripted) -> bool:
    """Whether it is an entry by its index, of a vector by its letter."""
    return isinstance(node.base, sx.Name) and node.base.base[:1].islower() and letters_of(node.sub) is not None


def _greek(node: Node | None) -> bool:
    r"""Whether it is a small Greek letter, or `1 - \alpha`, `-\alpha`, `\alpha/2`, which no label is."""
    if not isinstance(node, (sx.Name, *_COMPUTED)):
        return False
    inside = [n for n in sx.walk(node) if not isinstance(n, (*_COMPUTED, sx.Number))]
    return len(inside) == 1 and isinstance(inside[0], sx.Name) and inside[0].base in _SMALL and not inside[0].accents


def _latin(node: Node | None) -> str | None:
    """The letter of an exponent: p, p − 1, 2p, p/2, −p."""
    if not isinstance(node, (sx.Name, *_COMPUTED)):
        return None
    inside = [n for n in sx.walk(node) if not isinstance(n, (*_COMPUTED, sx.Number))]
    match inside:
        case [sx.Name(base=letter, accents=())] if letter in _LATIN:
            return letter
    return None
