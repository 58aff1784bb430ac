"""Edits of activations: one for its derivative or for what goes into it, slopes and masks left out or of another."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from symgrad import names
from symgrad import syntax as sx
from symgrad.mistakes.case import Case, Diagnosis
from symgrad.mistakes.notation import is_slope
from symgrad.mistakes.operands import in_brackets, meant_name, pieces, renamed, times
from symgrad.mistakes.surroundings import SLOPES_BY_VALUE, Option, Surroundings, one_less
from symgrad.mistakes.values import called
from symgrad.read import functions as fn
from symgrad.syntax import Node


def prime(node: Node, around: Surroundings) -> Iterator[Option]:
    """An activation for its derivative, the reverse, or one that is taken at the wrong place."""
    cause = "wrong_activation_derivative"
    if not isinstance(node, sx.Call) or len(node.args) != 1:
        return
    function = node.function
    if isinstance(function, sx.Scripted) and function.primes:
        yield replace(node, function=replace(function, primes=0)), cause, "the activation itself is meant, not its derivative"
        name = around.name_of(node.args[0])
        for other in (*around.related(name), *around.siblings(name)) if name else ():
            made = replace(node, args=(meant_name(other, node.args[0].span),))
            yield made, cause, f"the derivative is meant at {names.text(other)}"
    elif isinstance(function, sx.Name):
        primed = replace(node, function=sx.Scripted(function.span, function, None, None, 1))
        yield primed, cause, "the activation's derivative is meant, not the activation"
        yield node.args[0], "activation_not_applied", "the activation does not belong here"
    elif isinstance(function, sx.Scripted):
        yield replace(node, function=replace(function, primes=1)), cause, "the activation's derivative is meant, not the activation"


def slope(node: Node, around: Surroundings) -> Iterator[Option]:
    """The derivative of an activation left out."""
    if isinstance(node, (sx.Number, sx.Relation)):
        return
    for function, pre in around.slopes:
        at = node.span
        derivative = sx.Call(at, sx.Scripted(at, sx.Name(at, function), None, None, 1), (meant_name(pre, at),))
        what = f"the derivative of {function} at {names.text(pre)} is left out"
        yield times(node, derivative, "odot"), "missing_activation_derivative", what
    for function, out in around.outputs:
        by_value = SLOPES_BY_VALUE[function](meant_name(out, node.span))
        what = f"the derivative of {function} that gives {names.text(out)} is left out"
        yield in_brackets(times(node, in_brackets(by_value), "odot")), "missing_activation_derivative", what
        diagonal = sx.Call(node.span, sx.Name(node.span, "diag"), (by_value,))
        yield in_brackets(times(node, diagonal, "")), "missing_activation_derivative", what


def other_slope(node: Node, around: Surroundings) -> Iterator[Option]:
    """The derivative of another activation, or at another name."""
    if not isinstance(node, (sx.Group, sx.Product, sx.Sum, sx.Call, sx.Indicator)) or not is_slope(node):
        return
    calls = (n for n in sx.walk(node) if isinstance(n, sx.Call)) if isinstance(node, sx.Product) else ()
    for call, word in ((n, n.function.base) for n in calls if isinstance(n.function, sx.Name)):
        function, _ = fn.ELEMENTWISE_WORDS.get(fn.word_of(word), ("", ()))
        if function in SLOPES_BY_VALUE:  # `\\tanh x (1 - \\tanh x)`
            by_value = SLOPES_BY_VALUE[function](in_brackets(call))
            yield in_brackets(by_value), "wrong_activation_derivative", f"the derivative of {function} by its value is another"
            break
    if isinstance(node, sx.Product) and not all(is_slope(f) or around.name_of(f) for f in node.factors):
        return
    for function, out in around.outputs:
        by_value = SLOPES_BY_VALUE[function](meant_name(out, node.span))
        what = f"the derivative of {function} that gives {names.text(out)} is meant here"
        if isinstance(node, sx.Call) and isinstance(node.function, sx.Name):
            by_value = replace(node, args=(by_value,))
        yield in_brackets(by_value), "wrong_activation_derivative", what


def half_slope(node: Node, around: Surroundings) -> Iterator[Option]:
    """One half of a ⊙ (1 − a), also entry by entry."""
    own = [node]
    if isinstance(node, sx.Group) and is_slope(node):
        own = [n for n in sx.walk(node.body) if isinstance(n, (sx.Name, sx.Scripted))]
    for a in (n for n in own if around.is_value_of_sigmoid(n)):
        other = a if isinstance(node, sx.Group) else one_less(node.span, a)
        shown = around.written(a)
        yield (
            in_brackets(times(node, other, "odot")),
            "wrong_activation_derivative",
            f"the derivative at {shown} is {shown} ⊙ (1 − {shown})",
        )


def mask(node: Node, around: Surroundings) -> Iterator[Option]:
    """A mask left out; numbers that are worked out have none."""
    if isinstance(node, (sx.Number, sx.Relation)) or not any(isinstance(n, sx.Name) for n in sx.walk(around.case.formula)):
        return
    for name in around.masks:
        if around.name_of(node) != name:
            yield (
                in_brackets(times(node, meant_name(name, node.span), "odot")),
                "mask_forgotten",
                f"the mask {names.text(name)} is left out",
            )
    for told in around.indicators:
        alike = [held for held in told if _numbered(held) == _numbered(node)] or told
        if not any(isinstance(n, sx.Indicator) for n in sx.walk(node)):
            yield in_brackets(times(node, alike[0], "cdot")), "mask_forgotten", "where it counts, 1[…], is left out"


def _numbered(node: Node) -> set[str]:
    """The numbers that its names have below."""
    return {n.sub.text for n in sx.walk(node) if isinstance(n, sx.Scripted) and isinstance(n.sub, sx.Number)}


def activation(node: Node, around: Surroundings) -> Iterator[Option]:
    """The pre-activation where the activation is meant, or the reverse."""
    name = around.name_of(node)
    for other in around.related(name) if name else ():
        yield renamed(node, other), *_confused(str(name), other, around)


def _confused(name: str, other: str, around: Surroundings) -> tuple[str, str]:
    wrong = other if around.case.is_followed else name  # a formula that was followed is right as it stands
    cause = "wrong_activation_derivative" if around.is_activation(wrong) else "activation_not_applied"
    return cause, f"{names.text(name)} stands where {names.text(other)} is meant"


def applied(node: Node, around: Surroundings) -> Iterator[Option]:
    """A function that is not applied."""
    if isinstance(node, (sx.Name, sx.Scripted, sx.Group, sx.Product)):
        for function in around.functions:
            made = sx.Call(node.span, sx.Name(node.span, function), (node,))
            yield made, "activation_not_applied", f"{called(function)} is not applied"


def everywhere(case: Case) -> Iterator[Diagnosis]:
    """The pre-activation for the activation, or a neighbour, wherever the name stands on the right side."""
    if case.is_followed:
        return
    around = Surroundings(case)
    found = [name for piece, _ in pieces(case.link.right) if (name := around.name_of(piece)) is not None]
    for name in dict.fromkeys(n for n in found if found.count(n) > 1):
        for other in (*around.related(name), *around.siblings(name)):

            def change(node: Node, name: str = name, other: str = other) -> Node:
                return renamed(node, other) if around.name_of(node) == name else node

            pair = case.holds_as_written(sx.mapped(case.link.right, change))
            if pair is not None:
                is_neighbour = other in around.siblings(name)
                cause = "index_off_by_one" if is_neighbour else "wrong_activation_derivative"
                message = f"{names.text(name)} stands where {names.text(other)} is meant"
                yield case.diagnosis(cause, message, pair.right_node)
