"""What a tree of Python's `ast` says by its shape alone: its names, its sizes, which function is called, which places are taken."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from symgrad.read.call import whole
from symgrad.read.calls import METHODS, SIZED
from symgrad.read.functions import word_of
from symgrad.read.python import Assignment, plain

MODULES = frozenset(
    {"np", "numpy", "jnp", "jax", "torch", "tf", "math", "scipy", "linalg", "special", "nn", "functional", "F", "sp", "optax"}
)
"""The names of modules that functions are looked up in; what a function is does not depend on its module."""


def counts(found: Sequence[Assignment]) -> set[str]:
    """The N and the T by which something is divided, and that stand elsewhere as powers only: how many there are, and a temperature."""
    nodes = [node for a in found for node in ast.walk(a.tree)]
    below = [node.right for node in nodes if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div)]
    divisors = {id(leaf) for node in below for leaf in _factors(node)}
    powers = {id(node.left) for node in nodes if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow)}
    named = [node for node in nodes if isinstance(node, ast.Name) and node.id in ("N", "T")]
    return {node.id for node in named if id(node) in divisors} - {node.id for node in named if id(node) not in divisors | powers}


def _factors(node: ast.expr) -> Iterator[ast.expr]:
    """What is multiplied: the 2 and the N of `2*N`."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
        yield from _factors(node.left)
        yield from _factors(node.right)
    else:
        yield node


def names_in(tree: ast.expr, pi: bool = False) -> Iterator[str]:
    """The names of quantities, in the order in which they are written; whether `pi` is one."""
    functions = {id(n.func) for n in ast.walk(tree) if isinstance(n, ast.Call)}
    found = [n for n in ast.walk(tree) if isinstance(n, ast.Name) and id(n) not in functions and (pi or n.id != "pi") and not _is_module(n)]
    inside = {id(n.value) for n in ast.walk(tree) if isinstance(n, ast.Attribute) and _is_module(n.value)}
    for node in sorted(found, key=lambda n: n.col_offset):
        if id(node) not in inside:
            yield plain(node.id)


def is_range(node: ast.expr) -> bool:
    """Every place of an axis in order: `np.arange(n)`, `range(len(y))`."""
    return isinstance(node, ast.Call) and (dotted_name(node.func) or "").rpartition(".")[2] in ("arange", "range") and len(node.args) == 1


def _is_module(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id in ("np", "numpy", "jnp", "torch", "tf", "math", "scipy", "optax")


def sizes_in(tree: ast.expr) -> Iterator[str]:
    """The names that stand where a size is asked for: the d of `eye(d)`."""
    for call in (n for n in ast.walk(tree) if isinstance(n, ast.Call)):
        word = word_of(dotted_name(call.func) or "")
        if word in SIZED:
            for arg in call.args if _is_method(call) else call.args[SIZED[word]]:
                yield from _free_names(arg)


def divided_in(tree: ast.expr) -> Iterator[tuple[str, str]]:
    """The d and the h of `d//h`, which are sizes."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.BinOp) or not isinstance(node.op, ast.FloorDiv):
            continue
        if isinstance(node.left, ast.Name) and isinstance(node.right, ast.Name):
            yield plain(node.left.id), plain(node.right.id)


def _free_names(node: ast.AST) -> Iterator[str]:
    """The names of a size, but for those whose shape or length is asked for."""
    if isinstance(node, ast.Name):
        yield plain(node.id)
    elif not isinstance(node, (ast.Attribute, ast.Call)):
        for child in ast.iter_child_nodes(node):
            yield from _free_names(child)


def _is_method(call: ast.Call) -> bool:
    return isinstance(call.func, ast.Attribute) and not from_module(call.func)


def is_correlation(node: ast.Subscript) -> bool:
    """Whether it is what is beside the diagonal of `np.corrcoef(x, y)[0, 1]`."""
    of_two = isinstance(node.value, ast.Call) and word_of(dotted_name(node.value.func) or "") == "corrcoef" and len(node.value.args) == 2
    places = node.slice.elts if isinstance(node.slice, ast.Tuple) else []
    return of_two and sorted(whole(place) or 0 for place in places) == [0, 1]


def is_pair(node: ast.expr) -> bool:
    """Whether it is a call of PyTorch that gives a pair, or a tuple: `torch.max(X, dim=1)`, `torch.autograd.grad(f, x)`."""
    if not isinstance(node, ast.Call):
        return False
    dotted = dotted_name(node.func) or (node.func.attr if isinstance(node.func, ast.Attribute) else "")
    word, is_torch = word_of(dotted), dotted.startswith("torch.") or any(k.arg == "dim" for k in node.keywords)
    along = len(node.args) > 1 or any(k.arg == "dim" for k in node.keywords)
    return is_torch and (word in ("sort", "grad") or (word in ("max", "min", "median") and along))


def from_module(node: ast.Attribute) -> bool:
    """Whether it is a function of a module: `np.linalg.inv`."""
    root = (dotted_name(node) or "").split(".")[0]
    return root in MODULES and (root != "F" or word_of(node.attr) not in METHODS)


def is_new(place: ast.expr) -> bool:
    """Whether it makes a new axis: the None of `x[:, None]`, and `np.newaxis`."""
    if isinstance(place, (ast.Name, ast.Attribute)):
        return (dotted_name(place) or "").rpartition(".")[2] == "newaxis"
    return isinstance(place, ast.Constant) and place.value is None


def dotted_name(node: ast.expr) -> str | None:
    """`np.linalg.inv` as it is written; None for what is no chain of names."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        inner = dotted_name(node.value)
        return None if inner is None else f"{inner}.{node.attr}"
    return None
