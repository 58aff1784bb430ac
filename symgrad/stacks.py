r"""Names that have a matrix for each index: the A of `\sum_i \|A_i x - b_i\|^2`, the Σ of `\log\det \Sigma_k`.

A capital with one index may as well be a row of a matrix, or a number; it is a matrix where it stands as only a matrix can: inverted, in
a trace or a determinant, in a Frobenius norm, between a transposed vector and another, in front of something in a norm.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import pairwise

from symgrad import syntax as sx
from symgrad.naming import letters_of, plain_name, script_text, superscript
from symgrad.origins import letters_that_run
from symgrad.read import functions as fn
from symgrad.syntax import Node

_OF_MATRICES = frozenset({*fn.TRACES, *fn.OF_A_MATRIX, *fn.OF_A_SYMMETRIC_MATRIX})
_OF_FROBENIUS = frozenset({"F", "\\mathrm{F}", "*", "\\ast", "op", "\\mathrm{op}"})


def stacks(trees: Iterable[Node]) -> set[str]:
    """The names that are a matrix for each index that a sum runs over, and nothing else."""
    nodes = [n for tree in trees for n in sx.walk(tree)]
    running = {letter for n in nodes if isinstance(n, sx.BigOp) for letter in letters_that_run(n)}

    def member(node: Node) -> str | None:
        """The A of an `A_i`, whatever stands at its upper right."""
        match node:
            case sx.Scripted(base=sx.Name() as base, sub=sub) if len(letters := letters_of(sub) or ()) == 1 and set(letters) <= running:
                name = plain_name(base)
                return name if name is not None and name.removeprefix("\\")[:1].isupper() else None
        return None

    members = Counter(name for n in nodes if (name := member(n)) is not None)
    # The name of a member is a node too; what stands otherwise anywhere is no stack.
    every = Counter(name for n in nodes if isinstance(n, sx.Name) and (name := plain_name(n)) in members)
    return {name for n in nodes for part in _as_matrices(n) if (name := member(part)) is not None and every[name] == members[name]}


def _as_matrices(node: Node) -> Iterator[Node]:
    """What stands as only matrices do."""
    match node:
        case sx.Scripted(sup=sx.Node() as sup) if superscript(sup).inverse:
            yield node
        case sx.Call(function=function, args=args) if fn.word_of(script_text(function)) in _OF_MATRICES:
            for arg in args:
                yield from _factors(arg)
        case sx.Scripted(base=sx.Norm(body=body), sub=sx.Node() as sub) if script_text(sub) in _OF_FROBENIUS:
            yield from _factors(body)
        case sx.Norm(body=body):
            yield from (first for first, _ in _pairs(body))
        case sx.Product():
            for before, (here, _) in zip(node.factors, pairwise(node.factors[1:]), strict=False):
                if _is_turned(before):
                    yield here


def _is_turned(node: Node) -> bool:
    return isinstance(node, sx.Scripted) and superscript(node.sup).transposed


def _factors(node: Node) -> Iterator[Node]:
    """The terms of a sum and the factors of a product, without their brackets."""
    match node:
        case sx.Sum(terms=parts) | sx.Product(factors=parts):
            for part in parts:
                yield from _factors(part)
        case sx.Group(body=body):
            yield from _factors(body)
        case _:
            yield node


def _pairs(node: Node) -> Iterator[tuple[Node, Node]]:
    """Factors with what stands behind them."""
    for n in sx.walk(node):
        if isinstance(n, sx.Product):
            yield from pairwise(n.factors)
