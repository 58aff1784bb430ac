"""Names that are given anew, as in code: of `h = W1@x; h = relu(h)` the first is h_1, and the h behind it is that."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Container, Sequence
from dataclasses import replace
from itertools import count

from symgrad.read.python import Assignment


def with_versions(found: Sequence[Assignment]) -> list[Assignment]:
    """The definitions with a name of its own for each. The last of several keeps the name, unless an input has it: `x = W@x`."""
    used = {n.id for a in found for n in ast.walk(a.tree) if isinstance(n, ast.Name)} | {a.name for a in found if a.name}
    defined = Counter(a.name for a in found if a.name and a.index is None)
    of_inputs = {a.name for i, a in enumerate(found) if a.name in _names(a) and a.name not in {b.name for b in found[:i]}}
    met: Counter[str] = Counter()
    now: dict[str, str] = {}
    out = []
    for a in found:
        tree = _Renamed(now).visit(a.tree)
        name = a.name
        if name is not None and a.index is None and (defined[name] > 1 or name in of_inputs):
            met[name] += 1
            is_last = met[name] == defined[name] and name not in of_inputs
            now[name] = name if is_last else _fresh(name, met[name], used)
            used.add(now[name])
            name = now[name]
        out.append(replace(a, name=name, tree=tree))
    return out


def _names(a: Assignment) -> set[str]:
    return {n.id for n in ast.walk(a.tree) if isinstance(n, ast.Name)} if a.index is None else set()


def _fresh(name: str, version: int, used: Container[str]) -> str:
    return next(made for k in count(version) if (made := f"{name}_{k}") not in used)


class _Renamed(ast.NodeTransformer):
    """Names as they are called at that place."""

    def __init__(self, now: dict[str, str]) -> None:
        self.now = now

    def visit_Name(self, node: ast.Name) -> ast.AST:
        return ast.copy_location(ast.Name(self.now.get(node.id, node.id), node.ctx), node)
