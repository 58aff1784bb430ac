"""Hessians and Jacobians that are zero but for blocks: a Kronecker delta says where, and only the blocks are computed.

∂²L/∂U_ij ∂U_kl = B_ijl δ_ik is an array of n·k·k numbers, not of n·k·n·k.
"""

from __future__ import annotations

from dataclasses import dataclass

from symgrad.form import Form, apply
from symgrad.textbook import scaled


@dataclass(frozen=True)
class Blocks:
    """The entries of a tensor where its deltas are 1, and where that is: the axes of the whole that are equal to each other.

    `axes` has for every axis of the whole the axis of the blocks that it is; None for one along which every block is the same.
    """

    form: Form
    equal: tuple[tuple[int, int], ...]
    axes: tuple[int | None, ...]

    def described(self, letters: str = "ijklmnpq") -> tuple[str, str]:
        """An entry of the whole and the entry of the blocks that it is, in NumPy's words: `H[i, j, i, l]`, `B[i, j, l]`."""
        names = list(letters[: len(self.axes)])
        for first, second in self.equal:
            names[second] = names[first]
        own = {axis: name for axis, name in zip(self.axes, names, strict=True) if axis is not None}
        return f"[{', '.join(names)}]", f"[{', '.join(own[axis] for axis in sorted(own))}]"


def blocks_of(form: Form) -> Blocks | None:
    """The blocks of a tensor that is a product with Kronecker deltas, or a sum of such products with the same ones.

    >>> from symgrad.dims import shape_of; from symgrad.form import symbol
    >>> b = symbol("B", shape_of(["n", "k", "k"]))
    >>> found = blocks_of(apply("einsum", [b, apply("eye", (), (b.shape[0],))], ("ijl,ik->ijkl",)))
    >>> found.form, *found.described()
    (B, '[i, j, i, l]', '[i, j, l]')
    """
    if form.op == "entries":
        return blocks_of(form.args[0])
    if form.op == "scale":
        inner = blocks_of(form.args[-1])
        return None if inner is None else Blocks(scaled(list(form.args[:-1]), inner.form), inner.equal, inner.axes)
    if form.op == "add":
        terms = [blocks_of(arg) for arg in form.args]
        first = terms[0]
        found = [t for t in terms if t is not None and first is not None and (t.equal, t.axes) == (first.equal, first.axes)]
        return Blocks(apply("add", [t.form for t in found]), found[0].equal, found[0].axes) if found and len(found) == len(terms) else None
    return _of_product(form) if form.op == "einsum" else None


def _of_product(form: Form) -> Blocks | None:
    left, _, out = form.params[0].partition("->")
    spec = left.split(",")
    pairs = list(zip(form.args, spec, strict=True))
    deltas = [ls for arg, ls in pairs if arg.op == "eye" and len(set(ls)) == 2 and all(out.count(c) == 1 for c in ls)]
    if not deltas:
        return None
    same = dict(sorted(out.index(c) for c in ls) for ls in deltas)
    if set(same) & set(same.values()) or len(same) < len(deltas):
        return None
    to = {out[second]: out[first] for first, second in same.items()}
    rest = [(arg, "".join(to.get(c, c) for c in ls)) for arg, ls in pairs if ls not in deltas]
    carried = {c for _, ls in rest for c in ls}
    kept = [c for c in out if c not in to and c in carried]
    if not rest:
        return None
    axes = tuple(kept.index(to.get(c, c)) if to.get(c, c) in kept else None for c in out)
    if len(rest) == 1 and rest[0][1] == "".join(kept):
        body = rest[0][0]
    else:
        body = apply("einsum", [arg for arg, _ in rest], (f"{','.join(ls for _, ls in rest)}->{''.join(kept)}",))
    return Blocks(body, tuple(same.items()), axes)
