r"""What the change of one name does to a loss, by what a gradient is: `dL = \operatorname{tr}(\bar S^T dS)`, while all else stays.

Such a line says what is looked at next. It is no claim about what else the loss rests on, and that may change too.
"""

from __future__ import annotations

from symgrad import syntax as sx
from symgrad.naming import plain_name, superscript, without_transpose
from symgrad.read import functions as fn
from symgrad.syntax import Node


def is_by_definition(change: Node, weighed: Node) -> bool:
    r"""Whether the second is the gradient by one name, paired with its change: `\langle \nabla_W L, dW \rangle` for `dL`."""
    match weighed:
        case sx.Angle(items=(one, other)):
            return _is_pair(change, (one, other), (False, False))
        case sx.Call(function=sx.Name(base=word), args=(sx.Product(factors=(one, other), operators=("" | "cdot",)),)) if (
            fn.word_of(word) in fn.TRACES
        ):
            return _is_pair(change, (one, other), (True, False)) or _is_pair(change, (one, other), (False, True))
        case sx.Product(factors=(one, other), operators=("" | "cdot",)):
            return _is_pair(change, (one, other), (True, False))
    return False


def _is_pair(change: Node, factors: tuple[Node, Node], turned: tuple[bool, bool]) -> bool:
    """Whether the factors are a gradient and the change of what it is by, each turned as is told, in either order."""
    bare = [_as_it_stands(factor) for factor in factors]
    if tuple(is_turned for _, is_turned in bare) != turned or not isinstance(change, sx.Differential):
        return False
    match sorted((node for node, _ in bare), key=lambda node: isinstance(node, sx.Differential)):
        case [sx.Derivative(of=sx.Node() as of, wrt=(by,), order=None), sx.Differential(sign="d", of=moved, order=None)]:
            names = [plain_name(node) for node in (change.of, of, by, moved)]
            return None not in names and names[0] == names[1] and names[2] == names[3]
    return False


def _as_it_stands(node: Node) -> tuple[Node, bool]:
    """A factor without its transpose and brackets, and whether it has one."""
    is_turned = False
    while True:
        match node:
            case sx.Scripted(sup=sx.Node() as sup, sub=None) if superscript(sup).transposed and not superscript(sup).inverse:
                node, is_turned = without_transpose(node), not is_turned
            case sx.Differential(sign="d", of=sx.Scripted(sup=sx.Node() as sup) as of) if superscript(sup).transposed:
                return sx.Differential(node.span, "d", without_transpose(of), node.order), not is_turned
            case sx.Group(body=body):
                node = body
            case _:
                return node, is_turned
