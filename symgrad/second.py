"""Second derivatives of a scalar: the product of the Hessian with a direction, and the Hessian itself.

The product is how the gradient moves when the variable moves along v. The Hessian is what v is multiplied by: a matrix where both
variables are vectors, an entry with its indices where one is a matrix. Rows go with the first variable, columns with the second.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from symgrad import names
from symgrad.coefficient import as_matrix, in_components, long_axes, matrix_shape
from symgrad.dims import Shape
from symgrad.directional import Movement, applied, held_against_differences
from symgrad.errors import Unsupported
from symgrad.form import Form, apply, cost, symbol, walk
from symgrad.further import Further, fresh
from symgrad.gradient import gradients
from symgrad.network import Network
from symgrad.opening import LONGEST_DERIVATIVE, with_short_ones_opened
from symgrad.raising import matching, raise_form
from symgrad.rewrite import simplify
from symgrad.rules import SIMPLIFY
from symgrad.stacked import LAYOUT, applied_to, has_stacked, stacked, stacked_size
from symgrad.tangents import equations, held, push, spread
from symgrad.tensor import Node, add, constant, var


class Second:
    """The second derivatives of one scalar, each found once."""

    def __init__(self, network: Network, of: str, wrt: Sequence[str]) -> None:
        self.network, self.of = network, of
        self.found = gradients(network, of, wrt)
        self.gradients = with_short_ones_opened(network.facts, self.found)
        self.equations = equations(network, of, self.gradients)

    def product(self, wrt: str, taken: Iterable[str]) -> Further:
        """The Hessian by one name, times a direction whose letter is not taken."""
        shape = self.network.variables[wrt].shape
        direction = fresh(shape, [*self.network.variables, *taken])

        def spelled(name: str) -> str:
            return names.tangent(name, direction.name)

        moved = push(self.equations, {wrt: var(direction.name, shape)}, self.network.facts, spelled)
        gradient = names.gradient(self.of, wrt)
        node = moved.of(gradient, spelled, shape)
        before = tuple((name, self._raised(n)) for name, n in moved.behind(node))
        return Further(
            "hvp", names.second_along(self.of, wrt, direction.name), self.of, (wrt,), self._left(wrt, direction),
            self._raised(node), "the differential of the gradient, along the direction",
            before=before, directions=((direction.name, shape),), uses=(wrt,),
        )  # fmt: skip

    def _left(self, wrt: str, direction: Form) -> Form:
        """`H v`, or `H[V]` where the Hessian is no matrix."""
        hessian = symbol(names.second(self.of, wrt, wrt), matrix_shape(direction.shape, direction.shape))
        if len(direction.shape) == 2 and direction.shape[1].is_one:
            return apply("matmul", [hessian, direction])
        return apply("applied", [hessian, direction], direction.shape)

    def hessian(self, wrt: str, by: str) -> Further:
        """One block of the Hessian, rows by `wrt`, columns by `by`."""
        rows, columns = (self.network.variables[name].shape for name in (wrt, by))
        name = names.second(self.of, wrt, by)
        gradient = names.gradient(self.of, wrt)
        remark, form, long = "", None, None
        try:
            terms = spread(self.equations, by, columns, self.network.facts).get(gradient)
            node = simplify(
                as_matrix(add(terms), rows, columns) if terms else constant(0, matrix_shape(rows, columns)), self.network.facts, SIMPLIFY
            )
            form = self._entries(node, rows)
            if cost(form) > LONGEST_DERIVATIVE:
                form, long, remark = None, form, "it is longer than anybody reads, its product with a direction is not"
        except Unsupported as error:
            remark = str(error)
        left: Form = symbol(name, matrix_shape(rows, columns))
        if (form is None and len(left.shape) > 2) or (form is not None and form.op == "entries"):
            left = apply("entries", [left], (long_axes(rows),))
        rule = "read off the differential of the gradient"
        return Further("hessian", name, self.of, (wrt, by), left, form, rule, remark, uses=(wrt,), long=long)

    def kronecker(self, wrt: str, by: str) -> Further | None:
        """One block as a matrix, its variables with their columns stacked; None where it is one as it stands, or no short sum."""
        rows, columns = (self.network.variables[name].shape for name in (wrt, by))
        if not has_stacked(rows, columns):
            return None
        try:
            terms = spread(self.equations, by, columns, self.network.facts).get(names.gradient(self.of, wrt))
            form = stacked(simplify(add(terms), self.network.facts, SIMPLIFY), rows, columns, self.network.facts) if terms else None
        except Unsupported:
            return None
        if form is None or cost(form) > LONGEST_DERIVATIVE:
            return None
        name = names.second(self.of, *(names.stacked(n) if long_axes(s) > 1 else n for n, s in ((wrt, rows), (by, columns))))
        left = symbol(name, (stacked_size(rows), stacked_size(columns)))
        return Further("kronecker", name, self.of, (wrt, by), left, form, "read off the differential of the gradient", LAYOUT, uses=(wrt,))

    def _entries(self, node: Node, rows: Shape) -> Form:
        form = matching(raise_form(in_components(node, self.network.facts), self.network.facts), node.shape)
        by_entry = len(node.shape) > 2 or any(f.op == "einsum" for f in walk(form))
        return apply("entries", [form], (long_axes(rows),)) if by_entry else form

    def _raised(self, node: Node) -> Form:
        return raise_form(node, self.network.facts)

    def checked(self, further: Further) -> Further:
        """With its comparison with finite differences of the gradient. Raises `CheckFailed` when it is wrong."""
        if further.computed is None:
            return further
        wrt, by = further.wrt[0], further.wrt[-1]
        rows, columns = (self.network.variables[name].shape for name in (wrt, by))
        if further.kind == "hvp":
            direction = symbol(*further.directions[0])
            slope = matching(further.computed, rows)
        else:
            direction = fresh(columns, self.network.variables)
            stack = further.kind == "kronecker"
            slope = applied_to(further.computed, rows, direction) if stack else applied(further.computed, rows, columns, direction)
        statements = []
        for name, node in self.gradients.items():
            form = matching(self._raised(node), self.network.variables[name].shape)
            statements.append((names.gradient(self.of, name), form))
        statements += further.before
        value = symbol(names.gradient(self.of, wrt), rows)
        return held_against_differences(self.network, further, Movement(value, {by: direction}, slope, statements))


def second_derivatives(network: Network, of: str, wrt: Iterable[str], *, blocks: str = "all", check: bool = True) -> list[Further]:
    """The Hessian-vector product of every name, then the blocks of the Hessian: of "all" pairs, the "diagonal" ones, or "none".

    A definition is moved by itself, what it is made of being held fixed, so it has no block with another name.
    """
    wanted = list(wrt)
    inputs = [name for name in wanted if name in network.inputs]
    apart = [Second(held(network, name), of, [name]) for name in wanted if name not in network.inputs]
    together = [Second(network, of, inputs)] if inputs else []
    found: list[tuple[Second, Further]] = []
    for second, own in [*((s, inputs) for s in together), *((s, [s.found[n].wrt for n in s.found if n in wanted]) for s in apart)]:
        for name in own:
            found.append((second, second.product(name, [n for _, each in found for n, _ in each.directions])))
        pairs = [(a, b) for i, a in enumerate(own) for b in own[i:] if blocks == "all" or a == b]
        for a, b in pairs if blocks != "none" else []:
            found += [(second, each) for each in (second.hessian(a, b), second.kronecker(a, b)) if each is not None]
    return [second.checked(further) if check else further for second, further in found]
