"""Evaluation, by running exactly the NumPy that is emitted.

The source comes from `numpycode`, from checked forms and sanitised identifiers; nothing a user wrote is ever executed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache
from typing import Any

import numpy as np

from symgrad.numpycode import Program
from symgrad.numpyfunctions import HELPERS

Arrays = dict[str, Any]


@dataclass(frozen=True)
class Compiled:
    """A program as a function: inputs (by name) and perturbations (added to definitions, by name) → every value by name.

    Beside the inputs it is given the sizes that it has `asked` for.
    """

    run: Callable[[Mapping[str, Any], Mapping[str, Any]], Arrays]
    asked: tuple[str, ...] = ()


def compiled(program: Program) -> Compiled:
    """Compile a program once, to be run at many points."""
    spelled = program.identifiers
    assignments, asked = program.written()
    lines = ["def run(given, moved):"]
    lines += [f"    {own} = given[{name!r}]" for name, own in {**{name: spelled[name] for name in program.inputs}, **asked}.items()]
    for (name, _), assignment in zip(program.statements, assignments, strict=True):
        lines.append(f"    {assignment}")
        lines.append(f"    if {name!r} in moved: {spelled[name]} = {spelled[name]} + moved[{name!r}]")
    every = ", ".join(f"{name!r}: {spelled[name]}" for name, _ in program.statements)
    lines.append(f"    return {{{every}}}")
    space = dict(_space())
    exec("\n".join(lines), space)
    return Compiled(space["run"], tuple(asked))


@lru_cache(maxsize=1)
def _space() -> dict[str, Any]:
    """What emitted code may call."""
    space: dict[str, Any] = {"np": np, "F": Fraction}
    for helper, (args, body) in HELPERS.items():
        exec(f"def {helper}({args}):\n    return {body}", space)
    return space


def exact_values(program: Program, given: Mapping[str, Any]) -> tuple[Arrays, bool]:
    """Every statement's value at the given rows, in exact fractions where the functions are rational, else in floats.

    Returns the values, as two-dimensional arrays, and whether they are exact.
    """
    as_objects = {name: np.array([list(row) for row in rows], dtype=object) for name, rows in given.items()}
    try:
        exact = compiled(replace(program, exact=True)).run(as_objects, {})
        found = {name: np.atleast_2d(np.asarray(value, dtype=object)) for name, value in exact.items()}
        if all(isinstance(x, (int, Fraction)) for value in found.values() for x in value.flat):
            return found, True
    except (TypeError, AttributeError):
        pass  # a function without exact values met a fraction: floats it is
    as_floats = {name: np.array([[float(x) for x in row] for row in rows]) for name, rows in given.items()}
    values = compiled(program).run(as_floats, {})
    return {name: np.atleast_2d(np.asarray(value, dtype=float)) for name, value in values.items()}, False
