"""A form for every t at once: t becomes the first axis, and a sum over t one product.

Symbols in t stand for one step of an array; `array(name)` gives the piece of that array over all values of t. What does not depend on t
stays as it is, as NumPy broadcasts it.
"""

from __future__ import annotations

from collections.abc import Callable

from symgrad.form import Form, apply
from symgrad.ops.elementwise import ELEMENTWISE
from symgrad.textbook import scaled

Array = Callable[[str], Form | None]
"""The array over t that a name stands for; None for a name without t."""

_ENTRYWISE = frozenset((*ELEMENTWISE, *(f"{name}'" for name in ELEMENTWISE), "add", "hadamard", "divide"))
_ALONG = frozenset("sum mean max prod softmax log_softmax logsumexp is_max median is_median standardize std".split())


class NotVectorisedError(Exception):
    """An op that has no form for every t at once."""


class Vectorising:
    """Forms over one span of t."""

    def __init__(self, array: Array) -> None:
        self.array = array
        self._done: dict[Form, Form] = {}
        self._moving: dict[Form, bool] = {}

    def moves(self, form: Form) -> bool:
        """Whether a form depends on t."""
        if form not in self._moving:
            own = form.op == "symbol" and self.array(form.name) is not None
            self._moving[form] = own or any(self.moves(arg) for arg in form.args)
        return self._moving[form]

    def of(self, form: Form) -> Form:
        """The form with t as its first axis; a scalar of shape () gets the axes of a matrix."""
        if not self.moves(form):
            return form
        if form not in self._done:
            self._done[form] = self._stacked(form)
        return self._done[form]

    def _stacked(self, form: Form) -> Form:
        if form.op == "symbol":
            found = self.array(form.name)
            assert found is not None
            return found
        if form.op in _ENTRYWISE:
            return apply(form.op, [self.of(arg) for arg in form.args], form.params)
        if form.op == "scale":
            moving = [self.of(arg) for arg in form.args if self.moves(arg)]
            still = [arg for arg in form.args[:-1] if not self.moves(arg)]
            body = form.args[-1]
            rest = moving if self.moves(body) else [*moving, body]
            return scaled(still, rest[0] if len(rest) == 1 else apply("hadamard", rest))
        if form.op == "matmul":
            return self._product(form, "t")
        if form.op == "transpose":
            return apply("einsum", [self.of(form.args[0])], ("tij->tji",))
        if form.op == "squared_norm":
            inner = self.of(form.args[0])
            return _over_all(apply("hadamard", [inner, inner]))
        if form.op in _ALONG:
            axis, *rest = form.params
            inner = self.of(form.args[0])
            if axis is not None:
                return apply(form.op, [inner], (axis + 1, *rest))
            if form.op in ("sum", "mean", "max", "median", "prod"):
                return _over_all(inner, form.op)
        raise NotVectorisedError(form.op)

    def _product(self, form: Form, kept: str) -> Form:
        """A B for every t, or with `kept` empty the sum of them."""
        left, right = form.args[0], form.args[1] if len(form.args) == 2 else apply("matmul", form.args[1:])
        operands, subscripts = [], []
        for factor, letters in ((left, "ij"), (right, "jk")):
            body = factor.args[0] if factor.op == "transpose" else factor
            letters = letters[::-1] if factor.op == "transpose" else letters
            operands.append(self.of(body))
            subscripts.append("t" * self.moves(body) + letters)
        return apply("einsum", operands, (f"{','.join(subscripts)}->{kept}ik",))

    def total(self, form: Form) -> Form:
        """Σ_t of a form."""
        if not self.moves(form):
            raise NotVectorisedError("a sum of equal terms")
        if form.op == "scale":
            still = [arg for arg in form.args[:-1] if not self.moves(arg)]
            moving = [arg for arg in form.args if arg not in still]
            if len(moving) == 1 and still:
                return scaled(still, self.total(moving[0]))
        if form.op == "add" and all(self.moves(arg) and arg.shape == form.shape for arg in form.args):
            return apply("add", [self.total(arg) for arg in form.args])
        if form.op == "sum" and form.params[0] is None:
            return apply("sum", [self.of(form.args[0])], (None,))
        if form.op == "squared_norm":
            inner = self.of(form.args[0])
            return apply("sum", [apply("hadamard", [inner, inner])], (None,))
        if form.op == "matmul":
            return self._product(form, "")
        return apply("einsum", [self.of(form)], ("tij->ij",))


def _over_all(form: Form, op: str = "sum") -> Form:
    """Along both axes of every matrix, which stay with size 1."""
    return apply(op, [apply(op, [form], (1,))], (2,))
