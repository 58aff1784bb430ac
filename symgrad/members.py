r"""Families of vectors: in `\sum_i (w^T x_i - y_i)^2` the x_i are vectors, the rows of a matrix x, and the y_i are numbers.

Which letters with an index are vectors is seen from how they are written: transposed, behind a transposed factor, or in a norm.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from symgrad import syntax as sx
from symgrad.naming import letters_of, spelled, superscript
from symgrad.origins import beside_of, letters_that_run
from symgrad.syntax import Node

_JOINED = ("", "cdot")


def families(nodes: Iterable[Node], styled: frozenset[str]) -> Iterator[str]:
    """The names whose members, by an index that a sum runs over, are vectors."""
    nodes = list(nodes)
    running = {letter for node in nodes for letter in running_letters(node)}
    # Beside a single example x, the x_i of a batch are other names.
    single = {name for node in nodes if isinstance(node, sx.Relation) for name in alone(node, styled)}
    for node in nodes:
        for found in vectors(node):
            base = found.base if isinstance(found, sx.Scripted) else found
            letters = _index(found.sub) if isinstance(found, sx.Scripted) else None
            if isinstance(base, sx.Name) and letters and len(letters) == 1 and set(letters) <= running and _is_small(base):
                yield from {spelled(base, "", "", base.base in styled)} - single


def indexed(nodes: Iterable[Node], styled: frozenset[str]) -> Iterator[str]:
    """The names that stand with an index that a sum runs over."""
    nodes = list(nodes)
    running = {letter for node in nodes for letter in running_letters(node)}
    for found in (n for node in nodes for n in sx.walk(node)):
        if isinstance(found, sx.Scripted) and isinstance(found.base, sx.Name) and set(_index(found.sub) or ()) & running:
            yield spelled(found.base, "", "", found.base.base in styled)


def alongside(nodes: Iterable[Node], styled: frozenset[str]) -> Iterator[frozenset[str]]:
    r"""The names that one sum runs over together: the x and y of `\sum_i x_i y_i`, of which there are as many."""
    for found in (n for node in nodes for n in sx.walk(node)):
        if isinstance(found, sx.BigOp) and found.body is not None:
            for letter in set(letters_that_run(found)):
                together = {name for n in sx.walk(found.body) if _is_numbered(n, letter) for name in _member(n, styled)}
                if len(together) > 1:
                    yield frozenset(together)


def _is_numbered(node: Node, letter: str) -> bool:
    return isinstance(node, sx.Scripted) and letters_of(node.sub) == (letter,)


def exponents(nodes: Iterable[Node], styled: frozenset[str]) -> Iterator[str]:
    r"""The names whose members are numbers, since `e^{z_k}` is computed of them, and those that are made of them or weigh them.

    These are the p of `p_k = e^{z_k} / \sum_j e^{z_j}`, and the y of `-\sum_k y_k \log p_k`.
    """
    nodes = list(nodes)
    found = {name for node in nodes for n in sx.walk(node) for name in _member(_exponent(n), styled)}
    for node in nodes:
        if isinstance(node, sx.Relation) and {name for n in sx.walk(node) for name in _member(_exponent(n), styled)}:
            found |= set(_member(node.sides[0], styled))
    for product in (n for node in nodes for n in sx.walk(node) if isinstance(n, sx.Product)):
        of = {name for n in product.factors if isinstance(n, sx.Call) for arg in n.args for name in _member(arg, styled)}
        if of & found:
            found |= {name for n in product.factors for name in _member(n, styled)}
    yield from found


def _exponent(node: Node) -> Node | None:
    """What `e^{…}` is to the power of."""
    match node:
        case sx.Scripted(base=sx.Name(base="e", accents=()), sub=None, sup=sx.Node() as sup):
            return sup
        case sx.Call(function=sx.Name(base="exp"), args=(inner,)):
            return inner
    return None


def _member(node: Node | None, styled: frozenset[str]) -> Iterator[str]:
    """The name of which a node is a member by one index."""
    if isinstance(node, sx.Scripted) and node.sup is None and isinstance(node.base, sx.Name) and len(letters_of(node.sub) or ()) == 1:
        yield spelled(node.base, "", "", node.base.base in styled)


def alone(node: Node, styled: frozenset[str]) -> Iterator[str]:
    """The names that stand in a formula without an index."""
    if isinstance(node, sx.Scripted) and node.sub is not None and isinstance(node.base, sx.Name):
        yield from (name for script in (node.sub, node.sup) if script is not None for name in alone(script, styled))
    elif isinstance(node, sx.Name):
        yield spelled(node, "", "", node.base in styled)
    else:
        for child in sx.children(node):
            yield from alone(child, styled)


def _is_small(base: sx.Name) -> bool:
    letter = base.base.rstrip("'")
    return letter.islower() if len(letter) == 1 else letter.startswith("\\") and letter[1].islower() and letter != "\\delta"


def rearranged(nodes: Iterable[Node]) -> Iterator[str]:
    r"""The capitals that are made of their small letters: the X of `X_{jn} = x_{nj}`."""
    for node in nodes:
        match node:
            case sx.Relation(sides=(sx.Scripted(base=sx.Name() as whole, sub=one), sx.Scripted(base=sx.Name() as part, sub=other))):
                if whole.base == part.base.upper() != part.base and sorted(letters_of(one) or ()) == sorted(letters_of(other) or ("",)):
                    yield whole.base


def running_letters(node: Node) -> Iterator[str]:
    """The letters that sums run over."""
    for n in sx.walk(node):
        if isinstance(n, sx.BigOp):
            yield from letters_that_run(n)


def _index(sub: Node | None) -> tuple[str, ...] | None:
    """The letters of a subscript; the i of `i + 1`."""
    beside = beside_of(sub)
    return letters_of(sub) if beside is None else beside[:1]


def vectors(node: Node) -> Iterator[Node]:
    """What is written as vectors are."""
    for n in sx.walk(node):
        if isinstance(n, sx.Scripted) and superscript(n.sup).transposed:
            yield from _terms(n.base) if isinstance(n.base, sx.Group) else (n,)
        elif isinstance(n, sx.Product):
            for left, operator, right in zip(n.factors, n.operators, n.factors[1:], strict=False):
                if operator in _JOINED and isinstance(left, sx.Scripted) and superscript(left.sup).transposed:
                    yield from _terms(right)
        elif isinstance(n, sx.Norm):
            yield from _terms(n.body)
        elif isinstance(n, sx.Angle):
            yield from n.items


def _terms(node: Node) -> Iterator[Node]:
    r"""A factor, what is above its line, or the terms of a sum in brackets; of `\sum_k r_{ik} \mu_k` the last factor."""
    inner = node.body if isinstance(node, sx.Group) else node.above if isinstance(node, sx.Frac) else node
    if isinstance(inner, sx.Sum):
        for term in inner.terms:
            yield from _terms(term) if isinstance(term, (sx.BigOp, sx.Group)) else (term,)
    elif isinstance(inner, sx.BigOp) and isinstance(inner.body, sx.Product):
        yield inner.body.factors[-1]
    else:
        yield inner
