"""Every expression once: what occurs twice in a program gets a name.

A program is statements in order, each a name and a form over inputs and earlier names.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import count

from symgrad import names
from symgrad.form import Form, apply, symbol, walk

Statement = tuple[str, Form]


def shared(statements: Sequence[Statement], is_cheap: Callable[[Form], bool]) -> list[Statement]:
    """The same statements, with every costly expression that occurs twice computed once.

    A statement whose whole form occurs in an earlier one is moved before that. An inverse that is only applied is not named: each
    application is a `solve`, which is more accurate and no slower.

    >>> from symgrad.dims import shape_of
    >>> x = symbol("x", shape_of(["n", 1]))
    >>> shared([("a", apply("sum", [apply("exp", [x])], (0,))), ("b", apply("exp", [x]))], lambda f: f.op == "symbol")
    [('b', exp(x)), ('a', sum(b, 0))]
    """
    uses = _uses(statements)
    own = {form: name for name, form in reversed(statements)}
    forms = dict(statements)
    out: dict[str, Form] = {}
    taken: dict[Form, Form] = {}
    numbers = count(1)

    def write(name: str) -> None:
        form = forms[name]
        for f in walk(form):
            if f is form or f in taken or is_cheap(f):
                continue
            if f in own and own[f] != name:
                if own[f] not in out:
                    write(own[f])
                taken[f] = symbol(own[f], f.shape)
            elif uses.get(f, 0) > 1:
                label = names.temporary(next(numbers))
                out[label] = replaced(f, taken)
                taken[f] = symbol(label, f.shape)
        first = own[form]
        out[name] = symbol(first, form.shape) if first != name and first in out else replaced(form, taken)

    for name, _ in statements:
        if name not in out:
            write(name)
    return list(out.items())


def _uses(statements: Sequence[Statement]) -> dict[Form, int]:
    """How often each form is an operand or a statement; once less than that where an inverse is only applied."""
    uses: dict[Form, int] = {}
    applied: dict[Form, int] = {}
    seen: set[Form] = set()
    for _, form in statements:
        for f in walk(form):
            if f in seen:
                continue
            seen.add(f)
            for arg in f.args:
                uses[arg] = uses.get(arg, 0) + 1
                if _is_inverse(arg) and (f.op in ("matmul", "transpose")):
                    applied[arg] = applied.get(arg, 0) + 1
        uses[form] = uses.get(form, 0) + 1
    return {f: 0 if applied.get(f) == count else count for f, count in uses.items()}


def _is_inverse(form: Form) -> bool:
    return form.op == "inverse" or (form.op == "transpose" and form.args[0].op == "inverse")


def replaced(form: Form, by: Mapping[Form, Form]) -> Form:
    """The form with subforms replaced, the largest ones first."""
    if not by:
        return form
    done: dict[Form, Form] = {}
    for f in walk(form):
        if f in by:
            done[f] = by[f]
        else:
            args = tuple(done[arg] for arg in f.args)
            done[f] = f if args == f.args else apply(f.op, args, f.params)
    return done[form]
