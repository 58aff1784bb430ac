"""The loss of a sheet that names none: what its gradients and differentials are of."""

from __future__ import annotations

import re

from symgrad import syntax as sx
from symgrad.constant import is_numeric
from symgrad.meaning import Vocabulary, is_loss
from symgrad.naming import numbers_of, plain_name
from symgrad.parts import Part, heads, mentions
from symgrad.read import functions as fn
from symgrad.read.document import Sheet, Statement
from symgrad.signs import UNNAMED_LOSS, of_expressions
from symgrad.span import Span
from symgrad.syntax import Node

# "`dX` always means $\\partial L/\\partial X$", of an L that is said to be the loss.
_D_MEANS = re.compile(
    r"\bd[A-Z][`$*\"”]*\s+(?:\w+\s+)?(?:means|denotes|stands for|is short(?:hand)? for|abbreviates|for|is)\s+(?:the gradient\s+)?"
    r"[`$*\"“]*\s*(?:\\d?frac\s*\{\s*)?(?:\\partial|∂|\\nabla|∇)"
)
_LETTERS = frozenset({"J", "\\mathbf{J}", "\\mathcal{J}"})


def last_results(sheet: Sheet, part: Part, styled: frozenset[str]) -> list[str]:
    """What no other formula is made of, and gradients are by: the loss rests on it, where nothing else says on what."""
    statements = [sheet.statements[i] for i in part.statements]
    changes = [n for s in statements for n in sx.walk(s.node) if isinstance(n, (sx.Differential, sx.Derivative))]
    formulas = {
        name: formula
        for s in statements
        for name, formula in heads(s)
        if isinstance(s.node, sx.Relation) and not any(isinstance(n, (sx.Differential, sx.Derivative)) for n in sx.walk(s.node))
    }
    inside = {name for formula in formulas.values() for name in mentions(formula, styled)}
    by = {name for n in changes for node in (n.wrt if isinstance(n, sx.Derivative) else (n.of,)) for name in mentions(node, styled)}
    outermost = [name for name in formulas if name not in inside and not name.startswith("\\bar{")]
    return [name for name in outermost if name in by] or outermost


# "the Jacobian is $J = …$", "with Jacobian matrix $J_i$".
_JACOBIAN = re.compile(r"(?i)\bjacobi(?:an|sche|ana|enne)?\w*\b[^.;]{0,60}$")


def jacobians(sheet: Sheet) -> frozenset[str]:
    """The J that is a Jacobian by its words, or by a diagonal in its formula, and no loss."""
    found: set[str] = set()
    for statement in sheet.statements:
        for name, formula in heads(statement):
            letter = name.partition("_")[0]
            if letter in _LETTERS and is_loss(name) and (_JACOBIAN.search(statement.words[-90:]) or _has_a_matrix(formula)):
                found |= {name, letter}
    return frozenset(found)


def _has_a_matrix(formula: Node) -> bool:
    """Whether a matrix, or a diagonal, is written out in it."""
    called = (n.function for n in sx.walk(formula) if isinstance(n, sx.Call) and isinstance(n.function, sx.Name))
    return any(isinstance(n, sx.Matrix) for n in sx.walk(formula)) or any(fn.word_of(function.base) == "diag" for function in called)


def meant_loss(sheet: Sheet, at: Span) -> Node:
    """What gradients are of where it is not said: the one loss that the sheet differentiates, or else has a formula for."""
    differentiated = (n.of for s in sheet.statements for n in sx.walk(s.node) if isinstance(n, sx.Derivative) and n.of is not None)
    losses = {name: node for node in differentiated if (name := plain_name(node)) is not None and is_loss(name)}
    losses = losses or {name: node for s in sheet.statements for name, _ in heads(s) if is_loss(name) and (node := _head(s)) is not None}
    return next(iter(losses.values())) if len(losses) == 1 else sx.Name(at, UNNAMED_LOSS)


def _head(statement: Statement) -> Node | None:
    return statement.node.sides[0] if isinstance(statement.node, sx.Relation) and plain_name(statement.node.sides[0]) else None


def loss_of_differentials(sheet: Sheet, nodes: list[Node], vocabulary: Vocabulary) -> None:
    """`dV = P^T dO`, where no loss is named: the gradients of one that everything else leads to."""
    dependences = vocabulary.dependences
    with_formula = {name for s in sheet.statements for name, side in heads(s) if not is_numeric(side)}
    spoken_of = dict.fromkeys((*vocabulary.heads, *dependences.inside, *dependences.asked))
    losses = [name for name in spoken_of if is_loss(name) and name not in vocabulary.quantities]
    named = [name for name in losses if name in with_formula or name not in vocabulary.heads]  # of others there is a number only
    named = sorted(vocabulary.losses) or named
    if with_formula & {*named} or any(e for node in nodes for e in of_expressions(node)):
        return
    is_said = any(_says_what_d_is(s.node) for s in sheet.statements)
    is_said = is_said or (bool(vocabulary.losses) and _D_MEANS.search(sheet.source.text) is not None)
    if named and not (len(named) == 1 and is_said):
        return
    spoken = {name for node in nodes for name in mentions(sx.mapped(node, _without_differentials))}
    found = []
    for node in nodes:
        sides = node.sides if isinstance(node, sx.Relation) else ()
        for n in (n for side in sides for n in sx.walk(side)):
            of = n.of if isinstance(n, sx.Differential) and n.sign == "d" and n.order is None else None
            name = None if of is None or _is_entry_of(of, vocabulary.indexed, vocabulary.styled) else plain_name(of, vocabulary.styled)
            if name in spoken:
                found.append((name, dependences.asked if n is sides[0] else dependences.inside))
    slopes = (n.of for node in nodes for n in sx.walk(node) if isinstance(n, sx.Derivative) and n.of is not None)
    if not is_said and {name for name, _ in found} & {plain_name(of, vocabulary.styled) for of in slopes}:
        return  # `dS` beside `\nabla S` is the differential of S; `\partial P_{ij}/\partial S_{ik}` are slopes of entries
    for name, held in found:
        held.setdefault((*named, *losses, UNNAMED_LOSS)[0], {})[name] = None


def _is_entry_of(node: Node, indexed: frozenset[str], styled: frozenset[str]) -> bool:
    """Whether it is an entry by its number, `x_1`, of what runs by an index elsewhere."""
    return isinstance(node, sx.Scripted) and numbers_of(node.sub) is not None and plain_name(node.base, styled) in indexed


def _says_what_d_is(node: Node) -> bool:
    r"""`dh_t = \partial L/\partial h_t`: differentials are short for gradients."""
    match node:
        case sx.Relation(sides=(sx.Differential(sign="d", of=of, order=None), sx.Derivative(wrt=(wrt,)), *_)):
            return plain_name(of) is not None and plain_name(of) == plain_name(wrt)
    return False


def _without_differentials(node: Node) -> Node:
    return sx.Blank(node.span) if isinstance(node, sx.Differential) else node
