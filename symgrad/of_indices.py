r"""Arguments that are indices: the a of `\sum_a \pi_\theta(a)\, r(a)`, the x of `\sum_x p(x) \log q(x)`.

What is applied to nothing but letters that sums run over has an entry for each: it is written `\pi_a`, `r_a`. The parameter below a name
says on what it depends, and is no index.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from symgrad import syntax as sx
from symgrad.heads import as_call
from symgrad.naming import plain_name
from symgrad.origins import letters_that_run
from symgrad.read import functions as fn
from symgrad.read.document import Sheet
from symgrad.syntax import Node


def with_indices_for_arguments(sheet: Sheet) -> Sheet:
    """The sheet with an index for such an argument."""
    nodes = [n for s in sheet.statements for n in sx.walk(s.node)]
    running = {letter for n in nodes if isinstance(n, sx.BigOp) for letter in letters_that_run(n)}
    applied: dict[str, set[str | None]] = {}
    for call in (call for n in nodes for call in _calls(n)):
        name = plain_name(call.function)
        if name is not None:
            applied.setdefault(name, set()).update(map(plain_name, call.args))
    summed = {name for n in nodes if isinstance(n, sx.BigOp) and n.body is not None for name in _applied_inside(n)}
    found = {name for name, letters in applied.items() if letters <= running and name in summed and not name.endswith("'")}
    if not found:
        return sheet

    def written(node: Node) -> Node:
        if isinstance(node, sx.Product):
            return _with_indices(node, found)
        return _indexed(node) if isinstance(node, sx.Call) and plain_name(node.function) in found else node

    return replace(sheet, statements=[replace(s, node=sx.mapped(s.node, written)) for s in sheet.statements])


def _calls(node: Node) -> Iterator[sx.Call]:
    """What is applied to one name in round brackets, where the letter is no function of the field."""
    if isinstance(node, sx.Call):
        pairs: list[Node] = [node]
    elif isinstance(node, sx.Product):
        pairs = [_pair(a, b) for a, b, sign in zip(node.factors, node.factors[1:], node.operators, strict=False) if not sign]
    else:
        return
    for call in map(as_call, pairs):
        if isinstance(call, sx.Call) and call.brackets == "(" and len(call.args) == 1 and not _is_of_the_field(call.function):
            yield call


def _pair(first: Node, second: Node) -> Node:
    return sx.Product(first.span.to(second.span), (first, second), ("",))


def _is_of_the_field(function: Node) -> bool:
    base = function.base if isinstance(function, sx.Scripted) else function
    return not isinstance(base, sx.Name) or base.base == "\\sigma" or fn.word_of(base.base) in fn.WORDS


def _applied_inside(total: sx.BigOp) -> Iterator[str]:
    """What is applied to the letter of a sum in its body."""
    letters = letters_that_run(total)
    for call in (call for n in sx.walk(total) for call in _calls(n)):
        name = plain_name(call.function)
        if name is not None and plain_name(call.args[0]) in letters:
            yield name


def _indexed(call: sx.Call) -> Node:
    base = call.function.base if isinstance(call.function, sx.Scripted) else call.function
    return sx.Scripted(call.span, base, call.args[0])


def _with_indices(node: sx.Product, found: set[str]) -> Node:
    factors, operators = [node.factors[0]], list[str]()
    for operator, factor in zip(node.operators, node.factors[1:], strict=True):
        call = as_call(_pair(factors[-1], factor)) if not operator else factor
        if isinstance(call, sx.Call) and not operator and plain_name(call.function) in found:
            factors[-1] = _indexed(call)
        else:
            factors.append(factor)
            operators.append(operator)
    return factors[0] if len(factors) == 1 else replace(node, factors=tuple(factors), operators=tuple(operators))
