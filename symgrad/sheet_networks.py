"""The networks of a sheet that is not judged but derived: one for each part that defines a loss."""

from __future__ import annotations

import re
from collections.abc import Container, Mapping, Sequence

from symgrad import names
from symgrad import syntax as sx
from symgrad.errors import InvalidExpression, InvalidNetwork, SymgradError
from symgrad.formulas import COMPARED, equal_layers, last_step, own_functions_applied
from symgrad.gathering import gathered
from symgrad.literals import literal_rows
from symgrad.meaning import Definition, Meaning, is_loss_here, stem
from symgrad.network import Network
from symgrad.parts import parts
from symgrad.plain_meaning import (
    PLAIN_ON_A_SHEET,
    WIDTH,
    assumed_of,
    declared_names,
    leading_to,
    network_meant,
    not_plain,
    take_as_matrices,
)
from symgrad.read.arrays import Refused
from symgrad.recurrence import Recurrence, recurrence_of
from symgrad.sheet import Gathered
from symgrad.span import Source, Span
from symgrad.step_letters import counted
from symgrad.syntax import Unreadable
from symgrad.terms import names_in
from symgrad.understanding import understood
from symgrad.unrolling import unrolled


def networks_of_sheet(source: Source, last: int | None = None) -> list[Network]:
    """The networks of a sheet, one for each part that defines a loss: the definitions that lead to it, and the values that are given.

    What the part differentiates by are the parameters. Where the sheet says no number of steps, `last` are written out, or else a few.
    Raises `SymgradError` for a sheet that defines no loss, or one that is not read plainly.
    """
    return _of_parts(source, last)


def sources_of_sheet(source: Source, settings: Mapping[str, int] | None = None) -> list[Network | Recurrence]:
    """The networks of a sheet; those for any number of steps are recurrences, or are written out for the number that is set."""
    counting = counted(own_functions_applied(source))
    last = last_step(settings or {}, counting.top if counting else None, source.name)
    if counting is None or last is not None:
        return [*networks_of_sheet(source, last)]
    runs = [_of_parts(source, length, counting.stepped) for length in COMPARED]
    letter, top = names.text(counting.letter), names.text(counting.top)
    return [_general_or_plain(dict(zip(COMPARED, networks, strict=True)), letter, top) for networks in zip(*runs, strict=True)]


def _general_or_plain(networks: Mapping[int, Network], letter: str, top: str) -> Network | Recurrence:
    """A part that is the same for every length has no steps."""
    first = networks[COMPARED[0]]
    return first if len({str(network) for network in networks.values()}) == 1 else recurrence_of(networks, letter, top)


def _of_parts(source: Source, last: int | None, stacks: Container[str] = ()) -> list[Network]:
    """The networks of a sheet, written out for so many steps; the matrices of `stacks` have one shape."""
    made: list[Network] = []
    unread: list[tuple[Span, str]] = []
    try:
        sheet = unrolled(own_functions_applied(source), last)
        for part in parts(sheet):
            found = gathered(sheet, part)
            unread += [(span, reason) for _, span, reason in found.unread]
            loss = _loss(found)
            if loss is not None:
                equal_layers(found, stacks)
                made.append(_network_of_part(found, loss))
                _read_all(made[-1], found)
        if not made and unread:
            raise Unreadable(*unread[0])
    except Unreadable as error:
        raise Refused(InvalidExpression, f"this is not read: {error.reason}", error.span).at(source) from None
    except Refused as refused:
        raise refused.at(source) from None
    if not made:
        raise InvalidNetwork(
            f"{source.name}: this sheet defines no loss; a loss is a scalar called L, J, E, C, ℓ or loss, or what is differentiated"
        )
    return made


def _loss(found: Gathered) -> str | None:
    """The loss of a part: the last definition with the name of one, else the last that is differentiated."""
    dependences = found.vocabulary.dependences
    defined = [d.name for d in found.definitions if not _is_derivative(d.expression)]
    for candidates in ([n for n in defined if is_loss_here(found.vocabulary, n)], [n for n in defined if n in dependences.asked]):
        asked = [name for name in candidates if name in dependences.asked]
        if candidates:
            return (asked or candidates)[-1]
    return None


def _is_derivative(node: sx.Node) -> bool:
    return any(isinstance(n, sx.Derivative) for n in sx.walk(node))


def _network_of_part(found: Gathered, loss: str) -> Network:
    """The network that leads to the loss. Raises `Refused` or `Unreadable` where it is not read plainly."""
    said = assumed_of(found, {})
    take_as_matrices(found, ("B",))
    meanings = understood(found.vocabulary, found.definitions, WIDTH)
    problem: SymgradError | Refused | None = None
    for meaning in meanings:
        needed = leading_to(loss, meaning)
        kept = [d for d in found.definitions if d.name in needed]
        found_wrong = not_plain(meaning, kept, PLAIN_ON_A_SHEET) or _shrunk(meaning, kept)
        if found_wrong is None:
            break
        problem = problem or found_wrong
    else:
        span = next(d.expression.span for d in found.definitions if d.name == loss)
        raise problem or Refused(InvalidExpression, "the sizes of what leads to this do not fit together", span)
    dependences = found.vocabulary.dependences
    asked = {*dependences.asked.get(loss, ()), *dependences.inside.get(loss, ())}
    network = network_meant(meaning, found.sheet.source.text, said, needed, asked)
    given = {name: literal_rows(node) for stated in reversed(found.given.values()) for name, node in reversed(stated)}
    return network.given({name: rows for name, rows in given.items() if name in network.inputs and rows is not None})


def _read_all(network: Network, found: Gathered) -> None:
    """Raises `Unreadable` where an input of the network is defined by something that was not read."""
    for _, span, reason in found.unread:
        head, equal, _rest = found.sheet.source.slice(span).partition("=")
        spelled = re.sub(r"[${}\s]|\\(left|right|displaystyle|quad)\b", "", head)
        if equal and any(spelled == re.sub(r"[{}\s]", "", name) for name in network.inputs):
            raise Unreadable(span, reason)


def _shrunk(meaning: Meaning, kept: Sequence[Definition]) -> Refused | None:
    """A matrix by its letter that came out as 1×1, though nobody declares it."""
    for name in (n for definition in kept for n in names_in(meaning.terms[definition.name])):
        item = meaning.network.inputs.get(name)
        matrix = stem(name)[:1].isupper() and name not in declared_names(meaning) and name not in meaning.vocabulary.literals
        if item is not None and matrix and all(dim.is_one for dim in item.shape) and meaning.kinds(name)[0][1] == "matrix":
            said = f"{names.text(name)} would have to be 1×1 for this to fit together; declare its shape"
            return Refused(InvalidNetwork, said, kept[-1].expression.span)
    return None
