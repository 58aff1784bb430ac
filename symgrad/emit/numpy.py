"""A derivation as a NumPy function that returns the loss and its gradients, shared work computed once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from symgrad import names
from symgrad.deltas import blocks_of
from symgrad.derivation import Derivation
from symgrad.dims import show
from symgrad.further import Further
from symgrad.general import GeneralDerivation
from symgrad.numpycode import function_source, module_source
from symgrad.pipeline import forward_program
from symgrad.rolling import rolled


def emit(derivation: Derivation | GeneralDerivation) -> str:
    """The source of a module with one function `loss_and_gradients` (`forward` where there is no loss)."""
    if isinstance(derivation, GeneralDerivation):
        return _for_every_length(derivation)
    network = derivation.network
    program = forward_program(network, derivation.results)
    if derivation.further:
        return _beyond(derivation)
    if derivation.of is None:
        last = list(network.definitions)
        program = program.shared()
        spelled = program.identifiers
        returns = ", ".join(spelled[name] for name in last)
        return function_source("forward", program, returns, _doc(derivation, spelled))
    if (made := rolled(derivation)) is not None:
        pairs = ", ".join(f"{made.identifier(n)!r}: {made.identifier(names.gradient(derivation.of, n))}" for n in derivation.wrt)
        doc = _doc(derivation, made.identifiers)
        return module_source("loss_and_gradients", made.arguments, made.lines, f"{made.identifier(derivation.of)}, {{{pairs}}}", doc)
    wanted = [names.gradient(derivation.of, name) for name in derivation.wrt if name in derivation.results]
    program = program.needed([derivation.of, *wanted]).shared().reusing([derivation.of, *wanted])
    spelled = program.identifiers
    pairs = ", ".join(f"{spelled[n]!r}: {spelled[names.gradient(derivation.of, n)]}" for n in derivation.wrt)
    return function_source("loss_and_gradients", program, f"{spelled[derivation.of]}, {{{pairs}}}", _doc(derivation, spelled))


def _for_every_length(derivation: GeneralDerivation) -> str:
    """The function for any number of steps: what there is one of for every t is an array with t along its first axis."""
    network, made = derivation.network, derivation.code()
    loss = network.resolve(derivation.of)
    pairs = []
    for name in map(network.resolve, derivation.wrt):
        pairs.append(f"{made.identifier(name)!r}: {made.identifier(names.gradient(loss, name))}")
    doc = [_first_line(network.title), ""]
    for item in network.inputs:
        span = network.spelled_span(item.span)
        shape = show(network.spelled_shape(item.shape))
        role = f", {item.role}" if item.role != "input" else ""
        doc.append(f"{made.identifier(item.name)}: {shape}{role}" + (f", for {span} along the first axis" if span else ""))
    returns = f"{made.identifier(loss)}, {{{', '.join(pairs)}}}"
    return module_source("loss_and_gradients", made.arguments, made.lines, returns, doc)


def emit_only(derivation: Derivation, *wanted: str) -> str:
    """The same, with only these of the values of what lies beyond the gradients, by their names."""
    further = [each for each in derivation.further if each.computed is not None and each.name in wanted]
    return _function_of(derivation, further, wanted)


def _beyond(derivation: Derivation) -> str:
    """One function `derivatives` of the inputs and the directions, with everything that was asked for in a dictionary."""
    further = [each for each in derivation.further if each.computed is not None]
    gradients = [names.gradient(str(derivation.of), name) for name in derivation.wrt] if derivation.of else []
    return _function_of(derivation, further, [*([derivation.of] if derivation.of else []), *gradients, *(each.name for each in further)])


def _function_of(derivation: Derivation, further: Sequence[Further], wanted: Sequence[str]) -> str:
    program = forward_program(derivation.network, derivation.results, further=further).needed(wanted)
    blocks = {each.name: found for each in further if each.computed is not None and (found := blocks_of(each.computed)) is not None}
    statements = tuple((name, blocks[name].form if name in blocks else form) for name, form in program.statements)
    program = replace(program, statements=statements).shared().reusing(wanted)
    spelled = program.identifiers
    keys = {name: spelled[name] + "_blocks" * (name in blocks) for name in wanted}
    pairs = ", ".join(f"{keys[name]!r}: {spelled[name]}" for name in wanted)
    doc = _doc(derivation, spelled)
    doc += [f"{spelled[name]}: {show(shape)}, direction" for each in further for name, shape in each.directions]
    for name, found in blocks.items():
        whole, entry = found.described()
        doc += ["", f"{keys[name]}: {show(found.form.shape)}, all that is not zero: {spelled[name]}{whole} is {keys[name]}{entry}"]
    return function_source("derivatives", program, f"{{{pairs}}}", list(dict.fromkeys(doc)) if not blocks else doc)


def _doc(derivation: Derivation, spelled: Mapping[str, str]) -> list[str]:
    lines = [_first_line(derivation.network.title), ""]
    for item in derivation.network.inputs.values():
        shape = show(item.shape)
        lines.append(f"{spelled[item.name]}: {shape}" + (f", {item.role}" if item.role != "input" else ""))
    return lines


def _first_line(title: str) -> str:
    first = title or "A network"
    return (first if first.endswith(".") else f"{first}.").replace("\\", "/").replace('"', "'")
