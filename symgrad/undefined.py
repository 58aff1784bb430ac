"""What a claim speaks of that nothing on the sheet defines: names, losses without a formula, and what a loss does not depend on.

A claim that rests on such a thing is not called wrong; a first one about the gradient of a loss without a formula states it.
"""

from __future__ import annotations

from collections.abc import Collection, Container

from symgrad import names
from symgrad import syntax as sx
from symgrad.errors import Unsupported
from symgrad.implied import is_made_up
from symgrad.lab import Lab
from symgrad.meaning import Meaning, stem
from symgrad.naming import plain_name
from symgrad.read import functions as fn
from symgrad.ruling import UNKNOWN_NAME, Pair
from symgrad.sheet import Link
from symgrad.syntax import Node
from symgrad.tensor import Map, Var, topological, variables
from symgrad.tensor import Node as Tensor


def is_of_any_values(pair: Pair, are_strange: bool) -> bool:
    r"""`\sigma(-x) = 1 - \sigma(x)`: of names that are defined nowhere, and stand on both sides, it is claimed whatever they are.

    Only what has functions of these is: `x^2 = 2x` may be an equation to be solved, and `PQ = QP` a question.
    """
    sides = [{v.name for v in variables(node) if not is_made_up(v.name)} for node in (pair.left_node, pair.right_node)]
    is_equation = isinstance(pair.left_node, Var) or isinstance(pair.right_node, Var)
    has_functions = any(isinstance(n, Map) and n.fn != "power" for n in topological([pair.left_node, pair.right_node]))
    return are_strange and sides[0] == sides[1] and has_functions and not is_equation


def insist_on_names(pair: Pair, lab: Lab, declared: Collection[str]) -> None:
    """A claim about a name that is defined nowhere is not decided by drawing the name at random."""
    meaning = lab.meaning
    used = {v.name for node in (pair.left_node, pair.right_node) for v in variables(node)}
    named = {n for n in used if "∂" not in n and not is_made_up(n)}
    met = {v.name for node in lab.stated.values() for v in variables(node)}
    strangers = sorted(named - met - set(declared) - meaning.derived.keys() - set(meaning.network.variables))
    if strangers and not is_of_any_values(pair, named == set(strangers)):
        raise Unsupported(f"{names.text(strangers[0])} {UNKNOWN_NAME}")


def arguments(head: Node, functions: Container[str]) -> set[str]:
    """The u that `f'(u) = …` and `f'(u)/f(u) = …` are said for, every one of them: no name that has to be defined."""
    calls = [n for n in sx.walk(head) if isinstance(n, sx.Call)]
    found = {name for call in calls if (name := _argument(call, functions)) is not None}
    return (
        found if len(found) == 1 and len(calls) == sum(isinstance(n, sx.Name) and plain_name(n) in found for n in sx.walk(head)) else set()
    )


def _argument(call: sx.Call, functions: Container[str]) -> str | None:
    """The u of `f'(u)`, where f is a function of every entry."""
    if len(call.args) != 1 or not isinstance(call.args[0], sx.Name):
        return None
    base = call.function.base if isinstance(call.function, sx.Scripted) else call.function
    is_function = isinstance(base, sx.Name) and (fn.word_of(base.base) in fn.ELEMENTWISE_WORDS or base.base in functions)
    return plain_name(call.args[0]) if is_function else None


def is_about_strangers(pair: Pair, meaning: Meaning) -> bool:
    """Whether a claim is about names alone that are defined and declared nowhere."""
    used = {v.name for node in (pair.left_node, pair.right_node) for v in variables(node)}
    return bool(used) and not any("∂" in n or is_made_up(n) or n in meaning.derived or n in meaning.network.variables for n in used)


def insist_on_formulas(pair: Pair, meaning: Meaning, statement: int) -> None:
    """A claim about a name that only has a value, which is given further down, is no claim about every value."""
    used = {v.name for definition in meaning.network.definitions.values() for v in variables(definition.node)}
    for name in {v.name for node in (pair.left_node, pair.right_node) for v in variables(node)} - used:
        if name in meaning.network.inputs and meaning.vocabulary.valued_at.get(name, statement) > statement:
            raise Unsupported(f"{names.text(name)} has no formula, only a value further down")


def insist_on_dependence(pair: Pair, meaning: Meaning, valued: Container[str] = ()) -> None:
    """Where nothing that was read says how a loss depends on a name, a gradient by it that has no value is not called wrong."""
    met = [v.name for node in (pair.left_node, pair.right_node) for v in variables(node)]
    # A name for a gradient that has no value speaks of that gradient.
    met += [v.name for label in met if label in meaning.derived and label not in valued for v in variables(meaning.derived[label])]
    # … and by what a Jacobian is of: the gradient in a Hessian.
    met += [name for label in met if label in meaning.jacobians for name in _jacobian_names(label, meaning)]
    for match in (found for name in met if name not in valued and (found := names.gradient_of(name))):
        if match["of"] == match["wrt"] or meaning.rests_on(match["of"], match["wrt"]):
            continue
        raise Unsupported(_unknown_dependence(match["of"], match["wrt"]))


def of_another_network(pair: Pair, meaning: Meaning) -> str | None:
    """What a gradient speaks of that its loss does not depend on, a batch `X` and no `x`; None where there is no such thing."""
    network = meaning.network
    met = [v.name for node in (pair.left_node, pair.right_node) for v in variables(node)]
    losses = {m["of"] for name in met if (m := names.gradient_of(name)) and m["of"] in network.definitions}
    behind = {name for of in met for name in network.inputs if name == of or meaning.rests_on(of, name)}
    strange = sorted(name for name in behind if losses and not any(meaning.rests_on(loss, name) for loss in losses))
    return _unknown_dependence(min(losses), strange[0]) if strange else None


def _unknown_dependence(of: str, wrt: str) -> str:
    return f"nothing that was read says how {names.text(of)} depends on {names.text(wrt)}"


def rests_on_nothing(pair: Pair, meaning: Meaning) -> bool:
    """Whether a gradient is by what its loss was not computed from: a loss that is known as a number only."""
    met = [m for node in (pair.left_node, pair.right_node) for v in variables(node) if (m := names.gradient_of(v.name))]
    losses = meaning.network.definitions
    return any(m["of"] in losses and m["of"] != m["wrt"] and not meaning.rests_on(m["of"], m["wrt"]) for m in met)


def stated_gradient(link: Link, pair: Pair, lab: Lab) -> tuple[str, str] | None:
    """The gradient that a claim states, of a loss that is defined nowhere, where nothing before it settles that.

    Raises `Unsupported` where a claim rests on such a name otherwise.
    """
    meaning, implied = lab.meaning, lab.meaning.implied
    left, match = pair.left_node, pair.gradient
    if match is None or not implied:
        values = {v.name for node in (left, pair.right_node) for v in variables(node)}
        values |= {name for label in values & meaning.jacobians.keys() for name in _jacobian_names(label, meaning)}
        loose = sorted(values & implied.keys())
        if loose:
            raise Unsupported(f"{names.text(loose[0])} {UNKNOWN_NAME}")
        return None
    of, wrt = match["of"], match["wrt"]
    whole, _, step = wrt.partition("_")
    if step.isalpha() and whole in meaning.network:
        raise Unsupported(f"{names.text(wrt)} is an entry of {names.text(whole)}, and not by itself what {names.text(of)} depends on")
    # What lies behind a quantity is no matter of its slopes: ∂v/∂x goes through no loss.
    uncovered = {name for name in _uncovered(wrt, pair.right_node, lab) if name == of or meaning.rests_on(of, name)}
    if link.first and uncovered == {of} and wrt in implied.get(of, ()) and (of, wrt) not in lab.stated:
        return of, wrt
    if uncovered:
        raise Unsupported(f"{names.text(sorted(uncovered)[0])} {UNKNOWN_NAME}")
    return None


def _uncovered(wrt: str, right: Tensor, lab: Lab) -> set[str]:
    """Names without a definition that a derivative goes through, where the other side names no derivative instead."""
    meaning, network, implied = lab.meaning, lab.network, lab.meaning.implied
    named = {v.name for v in variables(right)}
    named |= {v.name for name in named & meaning.derived.keys() for v in variables(meaning.derived[name])}
    stops = {m["wrt"] for name in named if (m := names.gradient_of(name))} | {w for _, w in lab.stated}
    stops -= {wrt} - {w for _, w in lab.stated}
    taken = {name for label in named & meaning.jacobians.keys() for name in _jacobian_names(label, meaning)}
    # Who writes the slope of the loss of one step leaves the losses of the others out by mistake.
    slopes = {stem(m["of"]) for name in named if (m := names.gradient_of(name)) and m["of"] in implied and stem(m["of"]) != m["of"]}
    found: set[str] = set()
    is_by_chain = False
    seen, stack = {wrt}, [wrt]
    while stack:
        current = stack.pop()
        if current in stops:
            is_by_chain = True
            continue
        for name, definition in network.definitions.items():
            if any(v.name == current for v in variables(definition.node)):
                if name in implied and name not in taken and stem(name) not in slopes:
                    found.add(name)
                if name not in seen:
                    seen.add(name)
                    stack.append(name)
    # So does who goes by the chain rule through one quantity, where another leads to the loss of the next step.
    return found - ({name for name in found if stem(name) != name} if is_by_chain else set())


def _jacobian_names(label: str, meaning: Meaning) -> set[str]:
    of, _, _ = meaning.jacobians[label]
    return {v.name for v in variables(of)}
