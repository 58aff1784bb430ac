"""Forms → tensors: every op's record says how; this is the walk."""

from __future__ import annotations

from symgrad.form import Form, walk
from symgrad.ops import op_named
from symgrad.tensor import Node, constant, literal, scale, var


def lower(form: Form) -> Node:
    """The tensor of a form.

    >>> from symgrad.dims import shape_of; from symgrad.form import apply, symbol
    >>> W = symbol("W", shape_of(["n", "m"]))
    >>> lower(apply("transpose", [apply("transpose", [W])])) is lower(W)
    True
    """
    done: dict[Form, Node] = {}
    for f in walk(form):
        if f.op == "symbol":
            done[f] = var(f.name, f.shape)
        elif f.op == "number":
            done[f] = scale(1, constant(f.value, ()), f.sizes)
        elif f.op == "matrix":
            done[f] = literal(f.params[0])
        else:
            done[f] = op_named(f.op).lower(tuple(done[arg] for arg in f.args), f.params)
    return done[form]
