"""A tensor's value at a point: names have values, and every node is computed once.

In float64, or exactly in fractions where every function met is rational (`exact=True`). Functions are evaluated by the NumPy that
their records spell, as everywhere else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from functools import lru_cache
from typing import Any

import numpy as np

from symgrad import names
from symgrad.dims import Dim, Shape
from symgrad.errors import SizeClash, Unsupported
from symgrad.evaluate import compiled
from symgrad.form import apply, symbol
from symgrad.numpycode import Program
from symgrad.sampling import MOST_ENTRIES
from symgrad.tensor import UNIT, Add, Einsum, Eye, Func, Literal, Map, Node, Params, Var, topological

_LARGEST_EXACT = 10_000
_NEED_AN_INVERSE = frozenset({"inverse", "logdet"})
_SINGULAR = 1e10


class Singular(Unsupported):
    """A matrix that has no inverse at a point, of which another point may have one."""


class Point:
    """Values for names and sizes; `supply` is asked for a variable that has no value yet (a gradient, a Jacobian)."""

    def __init__(
        self, values: Mapping[str, Any], sizes: Mapping[str, int], supply: Callable[[Var, Point], Any] | None = None, exact: bool = False
    ) -> None:
        self.values: dict[str, Any] = dict(values)
        self.sizes = sizes
        self.exact = exact
        self._supply = supply
        self._done: dict[Node, Any] = {}
        self._shapes: dict[Shape, tuple[int, ...]] = {}

    def array(self, node: Node) -> Any:
        """The value of a node, with its axes. Raises `Unsupported` where there is none."""
        for n in topological([node], self._done):
            if n not in self._done:  # what one name stands for may hold another further on
                try:
                    self._done[n] = self._value(n)
                except np.linalg.LinAlgError as error:
                    raise Unsupported(f"it has no value here: {error}") from error
        return self._done[node]

    def moved(self, name: str, value: Any) -> Point:
        """The same point but for the value of one name."""
        return Point({**self.values, name: value}, self.sizes, self._supply, self.exact)

    def forget(self) -> None:
        """Forget what was computed, because what it was computed from has changed."""
        self._done.clear()

    def shape(self, shape: Shape) -> tuple[int, ...]:
        """The shape in numbers."""
        known = self._shapes.get(shape)
        if known is None:
            known = self._shapes[shape] = self._settled(shape)
        return known

    def _settled(self, shape: Shape) -> tuple[int, ...]:
        sizes = []
        for dim in shape:
            if any(name not in self.sizes for name in dim.symbols):
                raise Unsupported(f"the size {dim} is not settled")
            sizes.append(int(dim.evaluate(self.sizes)))
            if sizes[-1] < 0:
                raise Unsupported(f"the size {dim} is less than nothing here")
        total = 1
        for size in sizes:
            total *= size
        if total > (_LARGEST_EXACT if self.exact else MOST_ENTRIES):
            raise Unsupported(f"a tensor of {total} entries is too large to compare")
        return tuple(sizes)

    def _number(self, value: Fraction) -> Any:
        return value if self.exact else float(value)

    def _value(self, node: Node) -> Any:
        if isinstance(node, Var):
            if node.name not in self.values and self._supply is None:
                raise Unsupported(f"{names.text(node.name)} has no value")
            value = np.asarray(self.values[node.name] if node.name in self.values else self._supply(node, self))  # type: ignore[misc]
            wanted = self.shape(node.shape)
            if value.shape != wanted and value.size != int(np.prod(wanted)):
                shown = ["×".join(map(str, shape)) for shape in (value.shape, wanted)]
                raise SizeClash(f"{names.text(node.name)} has a value of {shown[0]}, not {shown[1]}")
            return value.reshape(wanted)
        if isinstance(node, Literal):
            return self._literal(node.rows)
        if isinstance(node, Eye):
            (size, _) = self.shape(node.shape)
            return self._literal([[Fraction(int(i == j)) for j in range(size)] for i in range(size)]) if self.exact else np.eye(size)
        if isinstance(node, Einsum):
            return self._einsum(node)
        self.shape(node.shape)  # before anything of that size is made
        operands = [self._done[operand] for operand in node.operands]
        if isinstance(node, Func) and node.fn in _NEED_AN_INVERSE and not self.exact and _is_singular(operands[0]):
            raise Singular("a matrix here has no inverse")
        try:
            return self._computed(node, operands)
        except np.linalg.LinAlgError:
            raise Singular("a matrix here has no inverse") from None

    def _computed(self, node: Node, operands: list[Any]) -> Any:
        if isinstance(node, Add):
            total = operands[0]
            for operand in operands[1:]:
                total = total + operand
            return total
        if isinstance(node, Map):
            name = node.fn + "'" * node.order
            return self._called(name, node.params, operands, node.shape)
        if isinstance(node, Func):
            return self._called(node.fn, node.params, operands, node.shape)
        raise Unsupported(f"no value is known for {type(node).__name__}")

    def _literal(self, rows: Any) -> Any:
        made = np.empty((len(rows), len(rows[0])), dtype=object if self.exact else float)
        for i, row in enumerate(rows):
            for j, x in enumerate(row):
                made[i, j] = self._number(x)
        return made

    def _einsum(self, node: Einsum) -> Any:
        shape = self.shape(node.shape)
        number: Any = self._number(node.coefficient)
        for dim, exponent in node.sizes:
            if any(name not in self.sizes for name in dim.symbols):
                raise Unsupported(f"the size {dim} is not settled")
            size = dim.evaluate(self.sizes)
            number = number * self._number(Fraction(size) ** exponent)
        if not node.factors:
            return np.full(shape, number, dtype=object if self.exact else float)
        arrays, subscripts = [], []
        for factor, labels in node.factors:
            array = self._done[factor]
            kept = tuple(i for i, label in enumerate(labels) if label != UNIT)
            arrays.append(array.reshape(tuple(array.shape[i] for i in kept)))
            subscripts.append([labels[i] for i in kept])
        carried = {label for subscript in subscripts for label in subscript}
        out = [label for label in node.out if label in carried]
        arguments: list[Any] = []
        for array, subscript in zip(arrays, subscripts, strict=True):
            arguments += [array, subscript]
        # A path is worth its planning only where three or more factors meet.
        found = np.einsum(*arguments, list(dict.fromkeys(out)), optimize=len(arrays) > 2 and not self.exact)
        sizes = {label: size for label, size in zip(node.out, shape, strict=True) if label != UNIT}
        position = [sizes[label] if label in carried else 1 for label in node.out if label != UNIT]
        spread = np.broadcast_to(np.asarray(found).reshape(position), [sizes[label] for label in node.out if label != UNIT])
        return (spread * number).reshape(shape)

    def _called(self, name: str, params: Params, operands: list[Any], shape: Shape) -> Any:
        needs = frozenset(symbol for p in params if isinstance(p, Dim) for symbol in p.symbols)
        for size in sorted(needs - self.sizes.keys()):
            raise Unsupported(f"the size {size} is not settled")
        sizes = tuple(sorted((n, self.sizes[n]) for n in needs))
        run = _function(name, params, tuple(o.shape for o in operands), sizes, self.exact)
        with np.errstate(all="ignore"):
            try:
                value = run({f"x{i}": operand for i, operand in enumerate(operands)})
            except (TypeError, AttributeError, ZeroDivisionError, ValueError) as error:
                raise Unsupported(f"{name} has no exact value here") from error
        made = np.asarray(value)
        if made.dtype == bool:
            made = made.astype(object if self.exact else float)
        if self.exact and made.dtype != object:
            made = made.astype(object)
        return made.reshape(self.shape(shape))


@lru_cache(maxsize=4096)
def _function(
    name: str, params: Params, shapes: tuple[tuple[int, ...], ...], sizes: tuple[tuple[str, int], ...], exact: bool
) -> Callable[[Mapping[str, Any]], Any]:
    """The NumPy of one op, compiled once for operands of these sizes."""
    known = dict(sizes)
    settled = tuple(Dim.of(int(p.evaluate(known))) if isinstance(p, Dim) else p for p in params)
    args = [symbol(f"x{i}", tuple(map(Dim.of, shape))) for i, shape in enumerate(shapes)]
    form = apply(name, args, settled)
    program = Program({a.name: a.shape for a in args}, (("value", form),), exact)
    run = compiled(program).run
    return lambda given: run(given, {})["value"]


def _is_singular(matrix: Any) -> bool:
    """Whether a matrix has no inverse, or one that has no digits; LAPACK complains aloud of what is not finite."""
    return not np.all(np.isfinite(np.asarray(matrix, dtype=float))) or bool(np.any(np.linalg.cond(matrix) > _SINGULAR))
