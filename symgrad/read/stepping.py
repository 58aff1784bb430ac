"""Recurrences in NumPy form, written out: `h[t] = tanh(h[t-1]@W + x[t]@U)` is a definition for each t.

L = sum(f(h[t]) for t in range(1, T+1))          a sum over steps; h[T] is the last one
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import reduce

from symgrad.errors import InvalidExpression
from symgrad.read.arrays import Refused
from symgrad.read.python import Assignment
from symgrad.span import Span

_ARITHMETIC = {ast.Add: 1, ast.Sub: -1}


def with_subscripts(found: Sequence[Assignment]) -> Sequence[Assignment]:
    """`h_t = f(h[t-1], x_t)` as `h[t] = f(h[t-1], x[t])`, where it is typed as `h_t = f(h_{t-1}, x_t)`; all else as it is."""
    earlier = {
        (n.value.id, n.slice.left.id)
        for a in found
        for n in ast.walk(a.tree)
        if isinstance(n, ast.Subscript) and isinstance(n.value, ast.Name)
        if isinstance(n.slice, ast.BinOp) and isinstance(n.slice.left, ast.Name) and isinstance(n.slice.right, ast.Constant)
    }
    heads_of_steps = {f"{a.name}_{a.index.id}" for a in found if isinstance(a.index, ast.Name)} | {a.name for a in found if a.name}
    letters = {letter for name, letter in earlier if f"{name}_{letter}" in heads_of_steps}
    if len(letters) != 1:
        return found
    (letter,) = letters
    used = {n.id for a in found for n in ast.walk(a.tree) if isinstance(n, ast.Name)} | {a.name for a in found if a.name}
    stepped = {name.removesuffix(f"_{letter}") for name in used if name.endswith(f"_{letter}")} | {name for name, _ in earlier}

    def parted(name: str | None) -> tuple[str, ast.expr] | None:
        """The name and the step of `h_t`, `h_T` and `h_0`."""
        base, _, step = (name or "").rpartition("_")
        if base not in stepped or not (step in (letter, letter.upper()) or step.isdecimal()):
            return None
        return base, ast.Constant(int(step)) if step.isdecimal() else ast.Name(step, ast.Load())

    class Stepped(ast.NodeTransformer):
        """Subscripts for the names of steps."""

        def visit_Name(self, node: ast.Name) -> ast.AST:
            if (parts := parted(node.id)) is None:
                return node
            made = ast.Subscript(ast.Name(parts[0], ast.Load()), parts[1], ast.Load())
            for new in (made, made.value, made.slice):
                ast.copy_location(new, node)
            return made

    heads = [parted(a.name) for a in found]
    return [
        replace(a, name=head[0] if head else a.name, index=head[1] if head else a.index, tree=Stepped().visit(a.tree))
        for a, head in zip(found, heads, strict=True)
    ]


class _ByTerms(ast.NodeTransformer):
    """`sum(a + b for t in …)` as `sum(a for t in …) + sum(b for t in …)`, each of which is one sum for every number of steps."""

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        match node:
            case ast.Call(
                func=ast.Name(id="sum"),
                args=[ast.GeneratorExp(elt=ast.BinOp(left=left, op=ast.Add() | ast.Sub() as op, right=right), generators=over)],
                keywords=[],
            ):
                sums = [ast.Call(node.func, [ast.GeneratorExp(term, copy.deepcopy(over))], []) for term in (left, right)]
                first, second = map(self.visit, sums)
                made = ast.BinOp(first, op, second)
                return ast.fix_missing_locations(ast.copy_location(made, node))
        return node


def by_terms(found: Sequence[Assignment]) -> Sequence[Assignment]:
    """The definitions with sums over steps term by term."""
    return [replace(a, tree=_ByTerms().visit(a.tree)) for a in found]


def counted(found: Sequence[Assignment]) -> tuple[str, str] | None:
    """The letter that counts steps and the name of the last: of `h[t] = …` and `h[T]`; None where no definition is for each step."""
    letters = {n.id for a in found if a.index is not None for n in ast.walk(a.index) if isinstance(n, ast.Name)}
    if not letters:
        return None
    if len(letters) > 1:
        second = next(a for a in found if a.index is not None and sorted(letters)[1] in ast.unparse(a.index))
        raise Refused(InvalidExpression, "steps are counted by one letter here", second.span)
    (letter,) = letters
    known = bases(found)
    ends: list[ast.AST] = []
    for node in (n for a in found for n in ast.walk(a.tree)):
        if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name) and node.value.id in known:
            ends.append(node.slice)
        if isinstance(node, ast.comprehension):
            ends.append(node.iter)
    bound = {n.target.id for a in found for n in ast.walk(a.tree) if isinstance(n, ast.comprehension) and isinstance(n.target, ast.Name)}
    tops = {n.id for end in ends for n in ast.walk(end) if isinstance(n, ast.Name)} - bound - {letter, "range"}
    if len(tops) > 1:
        raise Refused(InvalidExpression, f"the number of steps has one name here, and not {' and '.join(sorted(tops))}", found[-1].span)
    return letter, tops.pop() if tops else letter.upper()


def bases(found: Sequence[Assignment]) -> set[str]:
    """What has an index that counts steps: what is defined for each, and what is used with the letter or with an end."""
    return {a.name for a in found if a.index is not None and a.name} | {
        n.value.id
        for a in found
        for n in ast.walk(a.tree)
        if isinstance(n, ast.Subscript) and isinstance(n.value, ast.Name) and not isinstance(n.slice, (ast.Slice, ast.Tuple, ast.Constant))
    }


def written_out(found: Sequence[Assignment], letters: tuple[str, str], last: int) -> list[Assignment]:
    """The definitions for t = 1, …, last, each step's by itself. Raises `Refused` for a step that there cannot be."""
    letter, top = letters
    names, totals = bases(found), _totals(found[-1].tree)

    def at(assignment: Assignment, values: Mapping[str, int]) -> Assignment:
        index = assignment.index
        name = assignment.name if index is None else f"{assignment.name}_{_whole(index, values)}"
        tree = _Settled(names, values, totals).visit(copy.deepcopy(assignment.tree))
        return replace(assignment, name=name, index=None, tree=tree)

    for a in found:
        free = _at_any_step(a.tree, letter) if a.index is None else None
        if free is not None:
            said = f"{letter} counts steps; a loss is of one, as {letter} = {top}, or a sum(… for {letter} in range(1, {top}+1))"
            raise Refused(InvalidExpression, said, _span(free))
    general = [a for a in found if isinstance(a.index, ast.Name)]
    single = [at(a, {top: last}) for a in found if not isinstance(a.index, ast.Name)]
    starts = {a.name for a in single}
    of_steps = [at(a, {top: last, letter: t}) for a in general for t in range(1, last + 1)]
    return _in_order([*single, *(a for a in of_steps if a.name not in starts)])


def _at_any_step(tree: ast.AST, letter: str) -> ast.Subscript | None:
    """What is taken at a step that no sum runs over."""
    if isinstance(tree, (ast.GeneratorExp, ast.ListComp)) and any(ast.unparse(n.target) == letter for n in tree.generators):
        return None
    if isinstance(tree, ast.Subscript) and any(isinstance(n, ast.Name) and n.id == letter for n in ast.walk(tree.slice)):
        return tree
    return next((found for child in ast.iter_child_nodes(tree) if (found := _at_any_step(child, letter)) is not None), None)


def _totals(tree: ast.expr) -> set[Span]:
    """The sums over steps that are terms of the loss: a loss is a number, so the entries of their terms are added up, too.

    Anywhere else a sum over steps is Python's, of arrays: `sum(h[t] for t in range(1, T+1)) @ V`.
    """
    if isinstance(tree, ast.BinOp) and isinstance(tree.op, (ast.Add, ast.Sub)):
        return _totals(tree.left) | _totals(tree.right)
    if isinstance(tree, ast.UnaryOp):
        return _totals(tree.operand)
    if isinstance(tree, ast.BinOp) and isinstance(tree.op, (ast.Mult, ast.Div)):
        sides = [side for side in (tree.left, tree.right) if any(isinstance(n, ast.comprehension) for n in ast.walk(side))]
        return _totals(sides[0]) if len(sides) == 1 and not (isinstance(tree.op, ast.Div) and sides[0] is tree.right) else set()
    return {_span(tree)} if isinstance(tree, ast.Call) else set()


def _in_order(found: list[Assignment]) -> list[Assignment]:
    """The definitions such that each comes after those it uses, the last of the text last; as they are where that cannot be."""
    defined = {a.name for a in found}
    uses = {a.name: {n.id for n in ast.walk(a.tree) if isinstance(n, ast.Name)} & defined for a in found}
    out: list[Assignment] = []
    done: set[str | None] = set()
    waiting = sorted(found, key=lambda a: a.span.start)
    while waiting:
        ready = next((a for a in waiting if uses[a.name] <= done), None)
        if ready is None:
            raise Refused(InvalidExpression, "this is defined by itself", waiting[0].span)
        waiting.remove(ready)
        out.append(ready)
        done.add(ready.name)
    return out


def _whole(node: ast.AST, values: Mapping[str, int]) -> int:
    """The number of an index or an end: `t`, `t-1`, `T+1`."""
    if isinstance(node, ast.Constant) and isinstance(node.value, int):
        return node.value
    if isinstance(node, ast.Name) and node.id in values:
        return values[node.id]
    if isinstance(node, ast.BinOp) and type(node.op) in _ARITHMETIC:
        return _whole(node.left, values) + _ARITHMETIC[type(node.op)] * _whole(node.right, values)
    raise Refused(InvalidExpression, "a step is written t, t-1, 1 or T", _span(node))


def _span(node: ast.AST) -> Span:
    return Span(node.col_offset, node.end_col_offset)  # type: ignore[attr-defined]


class _Settled(ast.NodeTransformer):
    """A tree with numbers for what counts steps."""

    def __init__(self, names: set[str], values: Mapping[str, int], totals: set[Span]) -> None:
        self.names, self.values, self.totals = names, values, totals

    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
        if not isinstance(node.value, ast.Name) or node.value.id not in self.names or isinstance(node.slice, (ast.Slice, ast.Tuple)):
            return self.generic_visit(node)
        step = _whole(node.slice, self.values)
        if step < 0:
            raise Refused(InvalidExpression, f"this is step {step}; the first one that there can be is 0", _span(node))
        return ast.copy_location(ast.Name(f"{node.value.id}_{step}", ast.Load()), node)

    def visit_Name(self, node: ast.Name) -> ast.AST:
        made: ast.expr = ast.Constant(self.values[node.id]) if node.id in self.values else node
        return ast.copy_location(made, node)

    def visit_Call(self, node: ast.Call) -> ast.AST:
        if not (len(node.args) == 1 and isinstance(node.args[0], (ast.GeneratorExp, ast.ListComp)) and not node.keywords):
            return self.generic_visit(node)
        body, (over, *more) = node.args[0].elt, node.args[0].generators
        name = node.func.attr if isinstance(node.func, ast.Attribute) else node.func.id if isinstance(node.func, ast.Name) else ""
        if name != "sum" or more or over.ifs or not isinstance(over.target, ast.Name) or not _is_range(over.iter):
            raise Refused(InvalidExpression, "a sum over steps is written sum(… for t in range(1, T+1))", _span(node))
        assert isinstance(over.iter, ast.Call)
        ends = [_whole(arg, self.values) for arg in over.iter.args]
        low, high = (0, ends[0]) if len(ends) == 1 else (ends[0], ends[1])
        settled = [_Settled(self.names, {**self.values, over.target.id: t}, set()) for t in range(low, high)]
        terms: list[ast.expr] = [each.visit(copy.deepcopy(body)) for each in settled]
        if not terms:
            raise Refused(InvalidExpression, "a sum without terms", _span(node))
        if _span(node) in self.totals:
            terms = [ast.copy_location(ast.Call(node.func, [term], []), node) for term in terms]
        return reduce(lambda total, term: ast.copy_location(ast.BinOp(total, ast.Add(), term), node), terms)


def _is_range(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "range" and len(node.args) in (1, 2)
