"""A derivation as JSON, the contract that other programs rely on (version 1)."""

from __future__ import annotations

import json
from typing import Any

from symgrad import names
from symgrad.derivation import Derivation, Value
from symgrad.emit.latex import equation
from symgrad.numpycode import Program
from symgrad.pipeline import forward_program
from symgrad.solution import entries
from symgrad.typeset import latex


def emit(derivations: list[Derivation]) -> str:
    """One object for one derivation; for a paper, an object with its parts."""
    found = [as_data(d) for d in derivations]
    data: Any = found[0] if len(found) == 1 else {"version": 1, "parts": found}
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"


def as_data(derivation: Derivation) -> dict[str, Any]:
    """The contract's object: definitions, gradients with their checks, steps; and inputs, shapes and values beside them."""
    network = derivation.network
    spelled = names.identifiers(list(network.inputs))
    return {
        "version": 1,
        "title": network.title,
        "of": derivation.of,
        "layout": derivation.layout,
        "inputs": [
            {"name": i.name, "identifier": spelled[i.name], "role": i.role, "shape": list(map(str, i.shape))}
            for i in network.inputs.values()
        ],
        "definitions": [{"name": d.name, "shape": list(map(str, d.shape)), "latex": latex(d.form)} for d in network.definitions.values()],
        "parameters": [{"name": p.name, "entries": str(entries(p.shape))} for p in network.parameters],
        "conditions": list(map(str, network.conditions)),
        "gradients": [_gradient(derivation, name) for name in derivation.results],
        "values": {name: _rows(value) for name, value in derivation.values.items()},
        "conventions": list(derivation.conventions),
        "steps": [{"latex": equation(s), "rule": s.rule, "from": list(s.uses)} for s in derivation.steps],
    }


def _rows(value: Value) -> list[list[Any]]:
    """Whole numbers and floats as they are, fractions as text."""

    def plain(x: Any) -> Any:
        if isinstance(x, (int, float)):
            return x
        return int(x) if x.denominator == 1 else str(x)

    return [[plain(x) for x in row] for row in value.rows]


def _gradient(derivation: Derivation, name: str) -> dict[str, Any]:
    result = derivation.results[name]
    checks = []
    if derivation.report is not None:
        check = derivation.report.checks[name]
        checks.append({"method": check.method, "max_relative_error": check.max_relative_error, "holds": check.holds})
    return {
        "wrt": name,
        "wanted": name in derivation.wrt,
        "shape": list(map(str, result.shape)),
        "latex": latex(result.form),
        "named": latex(result.named),
        "numpy": numpy_expression(derivation, name),
        "checks": checks,
    }


def numpy_expression(derivation: Derivation, name: str) -> str:
    """The gradient as one Python expression in `np` and the identifiers of the inputs."""
    program: Program = forward_program(derivation.network, derivation.results, depth="written out")
    return program.expression(names.gradient(str(derivation.of), name))
