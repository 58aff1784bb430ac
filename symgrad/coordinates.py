r"""Functions of a vector that are given by its coordinates: `f(w) = w_1^2 + 2 w_2^2` is one of the numbers `w_1`, `w_2`.

Its values at a vector, `f(w^{(0)})` where the sheet has `w^{(0)} = (1, 2)^T`, are those at the vector's coordinates.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from symgrad import syntax as sx
from symgrad.heads import as_call
from symgrad.literals import literal_cells
from symgrad.members import alone
from symgrad.naming import plain_name
from symgrad.read.document import Sheet
from symgrad.syntax import Node

Coordinates = tuple[Node, ...]


def by_coordinates(sheet: Sheet) -> Sheet:
    """The sheet with such functions as functions of numbers."""
    functions: dict[str, tuple[str, Coordinates]] = {}
    for statement in sheet.statements:
        if isinstance(statement.node, sx.Relation):
            functions |= _defined(statement.node)
    # `f(x) = x^T A x = x_1^2 + …` is a function of the vector, of which these are the entries.
    functions = {name: told for name, told in functions.items() if not _is_of_the_whole(sheet, name, told[0])}
    if not functions:
        return sheet
    values: dict[str, Coordinates] = {}
    out = []
    for statement in sheet.statements:
        out.append(replace(statement, node=sx.mapped(statement.node, _Spread(functions, values).node)))
        if isinstance(statement.node, sx.Relation) and (name := plain_name(statement.node.sides[0])) is not None:
            cells = literal_cells(statement.node.sides[-1])
            values |= {} if cells is None else {name: tuple(cells)}
    return replace(sheet, statements=out)


def _is_of_the_whole(sheet: Sheet, name: str, vector: str) -> bool:
    """Whether a formula of a function has its vector without an index."""
    for node in (s.node for s in sheet.statements if isinstance(s.node, sx.Relation)):
        head, formulas = as_call(node.sides[0]), [set(alone(side, frozenset())) for side in node.sides[1:]]
        if plain_name(head.function if isinstance(head, sx.Call) else head) == name and any(vector in met for met in formulas):
            return True
    return False


def _defined(node: sx.Relation) -> dict[str, tuple[str, Coordinates]]:
    """What is defined as a function of one vector, by its coordinates alone: its name, the vector's, and the coordinates."""
    match as_call(node.sides[0]):
        case sx.Call(function=sx.Name() as function, args=(sx.Name() as vector,)):
            inside = [n for n in sx.walk(node.sides[1]) if isinstance(n, sx.Scripted) and n.base == vector]
            numbers = {n.sub.text: n.sub for n in inside if isinstance(n.sub, sx.Number)}
            whole = sum(n == vector for n in sx.walk(node.sides[1])) != len(inside)
            several = len(numbers) > 1 and set(numbers) == {str(k) for k in range(1, len(numbers) + 1)}
            name, argument = plain_name(function), plain_name(vector)
            if several and not whole and name is not None and argument is not None:
                return {name: (argument, tuple(sx.Scripted(vector.span, vector, numbers[k]) for k in sorted(numbers)))}
    return {}


class _Spread:
    """One pass over a tree, from the inside out."""

    def __init__(self, functions: Mapping[str, tuple[str, Coordinates]], values: Mapping[str, Coordinates]) -> None:
        self.functions, self.values = functions, values

    def node(self, node: Node) -> Node:
        match node:
            case sx.Product() | sx.Call():
                call = as_call(node)
                if isinstance(call, sx.Call) and len(call.args) == 1 and plain_name(call.function) in self.functions:
                    at = self._coordinates(*self.functions[plain_name(call.function) or ""], call.args[0])
                    return node if at is None else replace(call, args=at)
            case sx.Derivative(of=sx.Name() as function, wrt=()) if plain_name(function) in self.functions:
                return replace(node, of=sx.Call(function.span, function, self.functions[plain_name(function) or ""][1]))
            case sx.Derivative(of=sx.Name() | sx.Call() as of, wrt=(variable,)):
                named = plain_name(of.function if isinstance(of, sx.Call) else of)
                argument, coordinates = self.functions.get(named or "", ("", ()))
                if plain_name(variable) == argument:
                    whole = of if isinstance(of, sx.Call) else sx.Call(of.span, of, coordinates)
                    return replace(node, of=whole, wrt=(), kind="nabla", form="operator")
        return node

    def _coordinates(self, argument: str, coordinates: Coordinates, at: Node) -> Coordinates | None:
        if plain_name(at) == argument:
            return coordinates
        known: Sequence[Node] | None = self.values.get(plain_name(at) or "") or literal_cells(at)
        return tuple(known) if known is not None and len(known) == len(coordinates) else None
