"""A derivation as a NumPy function that returns the loss and its gradients, shared work computed once."""

from __future__ import annotations

from symgrad import names
from symgrad.derivation import Derivation
from symgrad.dims import show
from symgrad.errors import Unsupported
from symgrad.general import GeneralDerivation
from symgrad.numpycode import function_source
from symgrad.pipeline import forward_program


def emit(derivation: Derivation | GeneralDerivation) -> str:
    """The source of a module with one function `loss_and_gradients` (`forward` where there is no loss)."""
    if isinstance(derivation, GeneralDerivation):
        top = derivation.network.top
        raise Unsupported(f"--format numpy is for one {top}; --set {top}=5 writes the network out for it")
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
    wanted = [names.gradient(derivation.of, name) for name in derivation.wrt if name in derivation.results]
    program = program.needed([derivation.of, *wanted]).shared()
    spelled = program.identifiers
    pairs = ", ".join(f"{spelled[n]!r}: {spelled[names.gradient(derivation.of, n)]}" for n in derivation.wrt)
    return function_source("loss_and_gradients", program, f"{spelled[derivation.of]}, {{{pairs}}}", _doc(derivation, spelled))


def _beyond(derivation: Derivation) -> str:
    """One function `derivatives` of the inputs and the directions, with everything that was asked for in a dictionary."""
    further = [each for each in derivation.further if each.form is not None]
    gradients = [names.gradient(str(derivation.of), name) for name in derivation.wrt] if derivation.of else []
    wanted = [*([derivation.of] if derivation.of else []), *gradients, *(each.name for each in further)]
    program = forward_program(derivation.network, derivation.results, further=further).needed(wanted).shared()
    spelled = program.identifiers
    pairs = ", ".join(f"{spelled[name]!r}: {spelled[name]}" for name in wanted)
    doc = _doc(derivation, spelled)
    doc += [f"{spelled[name]}: {show(shape)}, direction" for each in further for name, shape in each.directions]
    return function_source("derivatives", program, f"{{{pairs}}}", list(dict.fromkeys(doc)))


def _doc(derivation: Derivation, spelled: dict[str, str]) -> list[str]:
    title = derivation.network.title or "A network"
    first = f"{title}." if not title.endswith(".") else title
    lines = [first.replace("\\", "/").replace('"', "'"), ""]
    for item in derivation.network.inputs.values():
        shape = show(item.shape)
        lines.append(f"{spelled[item.name]}: {shape}" + (f", {item.role}" if item.role != "input" else ""))
    return lines
