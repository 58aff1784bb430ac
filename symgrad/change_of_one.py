r"""What the change of one name does to a loss, by what a gradient is: `dL = \operatorname{tr}(\bar S^T dS)`, while all else stays.

Such a line says what is looked at next, or how gradients are written, `df = \langle \nabla f, dX \rangle` for any f. It is no claim about
what else the loss rests on, which may change too.
"""

from __future__ import annotations

from dataclasses import replace

from symgrad import syntax as sx
from symgrad.naming import plain_name, superscript, without_transpose
from symgrad.read import functions as fn
from symgrad.syntax import Node


def is_by_definition(change: Node, weighed: Node) -> bool:
    r"""Whether both say how a loss changes with one name: `\langle \nabla_W L, dW \rangle` is so for `dL`."""
    pair = _pair(weighed)
    if pair is None:
        return False
    match change:
        case sx.Differential(sign="d", of=of, order=None):
            return plain_name(of) == pair[0]
    return _pair(change) == pair


def _pair(node: Node) -> tuple[str, str] | None:
    r"""The L and the W of `\langle \nabla_W L, dW \rangle`, `\operatorname{tr}(\nabla_W L^T dW)`; None for what is no such thing."""
    match node:
        case sx.Angle(items=(one, other)):
            return _of((one, other), {(False, False)})
        case sx.Call(function=sx.Name(base=word), args=(product,)) if fn.word_of(word) in fn.TRACES:
            return _of(_factors(product), {(True, False), (False, True)})
    return _of(_factors(node), {(True, False)})


def _factors(node: Node) -> tuple[Node, ...]:
    r"""Those of `\bar S^T dS`, and of `\nabla f^T dX`, where nothing says by what is differentiated."""
    match node:
        case sx.Product(factors=factors, operators=("" | "cdot",)):
            return factors
        case sx.Derivative(of=sx.Product(factors=(of, change), operators=("" | "cdot",)), wrt=(), order=None):
            return replace(node, of=of), change
    return ()


def _of(factors: tuple[Node, ...], turned: set[tuple[bool, ...]]) -> tuple[str, str] | None:
    """What the one factor is the gradient of, and by what, where the other is the change of that and both are turned as is told."""
    bare = [_as_it_stands(factor) for factor in factors]
    if tuple(is_turned for _, is_turned in bare) not in turned:
        return None
    match sorted((node for node, _ in bare), key=lambda node: isinstance(node, sx.Differential)):
        case [sx.Derivative(of=sx.Node() as of, wrt=wrt, order=None), sx.Differential(sign="d", of=moved, order=None)] if len(wrt) < 2:
            loss, name = plain_name(of), plain_name(moved)
            is_same = loss is not None and name is not None and all(plain_name(by) == name for by in wrt)
            return (loss, name) if is_same and loss is not None and name is not None else None
    return None


def _as_it_stands(node: Node) -> tuple[Node, bool]:
    """A factor without its transpose and brackets, and whether it has one."""
    match node:
        case sx.Group(body=body):
            return _as_it_stands(body)
        case sx.Scripted(sup=sx.Node() as sup) if superscript(sup).transposed and not superscript(sup).inverse:
            bare, is_turned = _as_it_stands(without_transpose(node))
            return bare, not is_turned
        case sx.Differential(of=sx.Scripted(sup=sx.Node() as sup) as of) if superscript(sup).transposed:
            return replace(node, of=without_transpose(of)), True
        case sx.Derivative(of=sx.Scripted(sup=sx.Node() as sup) as of) if superscript(sup).transposed:
            return replace(node, of=without_transpose(of)), True  # `\nabla f^T` turns the gradient
    return node, False
