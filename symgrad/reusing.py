"""Arrays that nothing needs any more are written over: `t /= s; t -= Y` for `t / s - Y`, which saves the memory of every step.

Only arrays that are no definitions and no gradients, whose names a reader knows, that the program has made itself, that no other name
sees, and that hold floats whatever the inputs hold: an array of whole numbers cannot be divided in place.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from symgrad import names
from symgrad.form import Form, apply, number, symbol, walk
from symgrad.sharing import Statement, replaced

AUGMENTED = {"add": "+", "hadamard": "*", "divide": "/", "scale": "*"}
"""The ops that can be done in place, with their signs."""

_FLOAT = frozenset(
    "exp log sqrt tanh sigmoid softmax log_softmax logsumexp softplus log_sigmoid sin cos divide inverse mean standardize".split()
)
_PASSED_ON = frozenset("add hadamard scale matmul sum max maximum minimum relu transpose square einsum".split())
_VIEWS = frozenset("symbol transpose slice flip reshape broadcast diagonal einsum windows unfold".split())


def reused(statements: Sequence[Statement], keep: Collection[str]) -> list[Statement]:
    """The same statements, where a name that is not kept may be assigned to again: (t′, t′ / s) is `t /= s`.

    >>> from symgrad.dims import shape_of
    >>> z, y = symbol("z", shape_of(["n", 1])), symbol("y", shape_of(["n", 1]))
    >>> t = symbol("t′1", z.shape)
    >>> reused([("t′1", apply("exp", [z])), ("g", apply("divide", [t, y]))], {"g"})
    [('t′1', exp(z)), ('t′1', divide(t′1, y)), ('g', t′1)]
    """
    last: dict[str, int] = {}
    for i, (_, form) in enumerate(statements):
        last |= {f.name: i for f in walk(form) if f.op == "symbol"}
    seen_by_others = {f.name for _, form in statements if form.op in _VIEWS for f in walk(form) if f.op == "symbol"}
    floats: set[str] = set()
    free: set[str] = set()
    out: list[Statement] = []
    same: dict[Form, Form] = {}
    for i, (name, form) in enumerate(statements):
        form = replaced(form, same)
        ending = [s for s in walk(form) if s.op == "symbol" and s.name in free and last[s.name] == i]
        written = False
        while (found := _in_place(form, ending)) is not None:
            operand, (whole, step) = found
            out.append((operand.name, step))
            form, written = replaced(form, {whole: operand}), True
        if written and form.op == "symbol" and names.is_temporary(name):
            # What is left of the statement is another name for the same array.
            same[symbol(name, form.shape)] = form
            last[form.name] = last.get(name, i)
            if name in seen_by_others:
                free.discard(form.name)
            continue
        out.append((name, form))
        if _is_float(form, floats):
            floats.add(name)
            seen = name in keep or name in seen_by_others
            is_own = form.op not in _VIEWS or (written and form.op == "symbol")
            if names.is_temporary(name) and is_own and not seen:
                free.add(name)
    return out


def _in_place(form: Form, ending: Sequence[Form]) -> tuple[Form, tuple[Form, Form]] | None:
    """An operand that can be written over, the part of the form that is then in it, and what is written."""
    for operand in ending:
        for user in walk(form):
            if user.op not in AUGMENTED or user.shape != operand.shape or user.args.count(operand) != 1:
                continue
            rest = [arg for arg in user.args if arg is not operand]
            if (user.op == "divide" and user.args[0] is not operand) or rest in ([], [number(-1)]):
                continue  # s / t cannot be written over t, and a − t is one step, not two
            # What stands beside it may still read it, as the whole right-hand side is computed first.
            if operand not in walk(replaced(form, {user: symbol("′", user.shape)})):
                in_front = user.op in ("divide", "add", "hadamard")
                return operand, (user, apply(user.op, [operand, *rest] if in_front else [*rest, operand]))
    return None


def _is_float(form: Form, floats: Collection[str]) -> bool:
    """Whether every entry is a float even where the inputs are whole numbers."""
    known: dict[Form, bool] = {}
    for f in walk(form):
        if f.op == "symbol":
            known[f] = f.name in floats
        elif f.op in _PASSED_ON:
            known[f] = any(known[arg] for arg in f.args)
        else:
            known[f] = f.op in _FLOAT
    return known[form]
