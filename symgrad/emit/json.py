"""A derivation as JSON, the contract that other programs rely on (version 1)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from symgrad import families, names
from symgrad.derivation import Derivation, Value
from symgrad.differences import Check
from symgrad.dims import Shape
from symgrad.emit.latex import equation
from symgrad.further import Further
from symgrad.general import GeneralDerivation
from symgrad.numpycode import Program
from symgrad.pipeline import forward_program
from symgrad.solution import entries
from symgrad.span import Span
from symgrad.typeset import latex
from symgrad.verification import Verification


def emit_verification(verification: Verification) -> str:
    """A verification as one JSON object."""
    return _dumped(_verification(verification))


def emit_verifications(verifications: list[Verification]) -> str:
    """Several sheets: a list of what each is alone."""
    return _dumped([_verification(v) for v in verifications])


def _dumped(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2) + "\n"


def _verification(verification: Verification) -> dict[str, object]:
    def place(span: Span) -> dict[str, int]:
        (line, column), (end_line, end_column) = map(verification.source.place, (span.start, span.end))
        return {"line": line, "column": column, "end_line": end_line, "end_column": end_column}

    claims = [
        {**place(c.span), "latex": c.latex, "reading": c.reading, "verdict": c.verdict, "reason": c.reason, "evidence": c.evidence}
        for c in verification.claims
    ]
    findings = [
        {
            "code": f.code,
            "severity": f.severity,
            **place(f.span),
            "message": f.message,
            "cause": f.cause,
            "suggestion": f.suggestion,
            "example": f.example,
        }
        for f in verification.findings
    ]
    return {
        "version": 1,
        "file": verification.source.name,
        "claims": claims,
        "findings": findings,
        "summary": verification.summary,
    }


def emit(derivations: Sequence[Derivation | GeneralDerivation]) -> str:
    """One object for one derivation; for a paper, an object with its parts."""
    found = [_for_every_length(d) if isinstance(d, GeneralDerivation) else as_data(d) for d in derivations]
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
        "further": [_further(derivation, each) for each in derivation.further],
        "values": {name: _rows(value) for name, value in derivation.values.items()},
        "conventions": list(derivation.conventions),
        "remarks": list(network.remarks),
        "steps": [{"latex": equation(s), "rule": s.rule, "from": list(s.uses)} for s in derivation.steps],
    }


def _for_every_length(derivation: GeneralDerivation) -> dict[str, Any]:
    """The contract's object for general T: `for` has the values of t, and there is no NumPy without a number of steps."""
    own = derivation.network

    def place(name: str, shape: Shape, span: families.Span | None) -> dict[str, Any]:
        spelled = own.spelled_span(span)
        return {"name": own.spelled(name), "shape": list(map(str, own.spelled_shape(shape))), "for": spelled and spelled.latex}

    return {
        "version": 1,
        "title": own.title,
        "of": derivation.of,
        "layout": derivation.layout,
        "steps_for": own.top,
        "inputs": [{**place(i.name, i.shape, i.span), "role": i.role} for i in own.inputs],
        "definitions": [{**place(d.name, d.shape, d.span), "latex": latex(own.spelled_form(d.form))} for d in own.definitions],
        "gradients": [
            {
                "wrt": line.wrt,
                "wanted": line.wrt in derivation.wrt,
                "for": line.span and line.span.latex,
                "shape": list(map(str, line.form.shape)),
                "latex": latex(line.form),
                "numpy": None,
                "checks": [] if line.check is None else [{**_check(line.check), "at": list(derivation.lengths)}],
            }
            for line in derivation.lines
        ],
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


def _check(check: Check) -> dict[str, Any]:
    return {"method": check.method, "max_relative_error": check.max_relative_error, "holds": check.holds}


def _gradient(derivation: Derivation, name: str) -> dict[str, Any]:
    result = derivation.results[name]
    checks = []
    if derivation.report is not None:
        checks.append(_check(derivation.report.checks[name]))
    return {
        "wrt": name,
        "wanted": name in derivation.wrt,
        "shape": list(map(str, result.shape)),
        "latex": latex(result.form),
        "named": latex(result.named),
        "numpy": numpy_expression(derivation, name),
        "checks": checks,
    }


def _further(derivation: Derivation, further: Further) -> dict[str, Any]:
    """A derivative beyond the gradient; `latex` is null where it is longer than anybody reads."""
    form = further.form
    spelled = names.identifiers([*derivation.network.inputs, *(name for name, _ in further.directions)])
    return {
        "kind": further.kind,
        "of": further.of,
        "wrt": list(further.wrt),
        "shape": list(map(str, further.left.shape)),
        "left": latex(further.left),
        "latex": None if form is None else latex(form),
        "numpy": None if further.computed is None else _beyond_program(derivation, further).expression(further.name),
        "directions": [{"name": n, "identifier": spelled[n], "shape": list(map(str, shape))} for n, shape in further.directions],
        "remark": further.remark,
        "conditions": [f"{latex(form)} {said}" for form, said in further.conditions],
        "checks": [] if further.check is None else [_check(further.check)],
    }


def _beyond_program(derivation: Derivation, further: Further) -> Program:
    return forward_program(derivation.network, derivation.results, "written out", [further])


def numpy_expression(derivation: Derivation, name: str) -> str:
    """The gradient as one Python expression in `np` and the identifiers of the inputs."""
    program: Program = forward_program(derivation.network, derivation.results, depth="written out")
    return program.expression(names.gradient(str(derivation.of), name))
