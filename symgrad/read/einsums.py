"""Products that are summed over indices: einsum, tensordot, inner products."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from symgrad.dims import Dim
from symgrad.errors import ShapeError
from symgrad.read.arrays import Array, Refused
from symgrad.read.call import Call, first, whole

_LETTERS = "abcdefghijklmnopqrstuvwxyz"


def tensordot(call: Call) -> Array:
    """`tensordot(A, B, axes=1)`, `tensordot(A, B, axes=([0], [1]))`."""
    left, right = (call.array(arg, tensors=True) for arg in call.args[:2]) if len(call.args) > 1 else (None, None)
    if left is None or right is None:
        raise call.refused(f"{call.word} takes two arrays and the axes that are summed")
    node = call.keywords.get("axes", call.args[2] if len(call.args) > 2 else None)
    count = 2 if node is None else whole(node)
    ranks = len(left.shape), len(right.shape)
    if count is not None:
        pairs = [(ranks[0] - count + i, i) for i in range(count)] if 0 <= count <= min(ranks) else None
    elif isinstance(node, (ast.Tuple, ast.List)) and len(node.elts) == 2:
        sides = [list(side.elts) if isinstance(side, (ast.Tuple, ast.List)) else [side] for side in node.elts]
        places = [[call.place(item, rank) for item in side] for side, rank in zip(sides, ranks, strict=True)]
        pairs = list(zip(*places, strict=True)) if len(places[0]) == len(places[1]) else None
    else:
        pairs = None
    if pairs is None:
        raise call.refused(f"the axes of {call.word} are a number, or a pair of lists", node)
    return _summed_over(call, left, right, pairs)


def _summed_over(call: Call, left: Array, right: Array, pairs: Sequence[tuple[int, int]]) -> Array:
    t = call.typing
    own = list(_LETTERS[: len(left.shape)])
    other = list(_LETTERS[len(own) : len(own) + len(right.shape)])
    for i, j in pairs:
        met = t.shapes.unify(left.shape[i], right.shape[j])
        if met is None:
            raise t.clash(
                f"{call.word} sums over {t.shapes.resolve(left.shape[i])} and over {t.shapes.resolve(right.shape[j])}",
                call.span,
                left,
                right,
            )
        t.shapes, other[j] = met, own[i]
    summed = {own[i] for i, _ in pairs}
    sizes = dict(zip(own + other, (*left.shape, *right.shape), strict=True))
    # A vector has one axis, as in NumPy.
    thin = {
        c
        for array, letters in ((left, own), (right, other))
        if array.flat
        for c, d in zip(letters, array.shape, strict=True)
        if t.shapes.is_one(d)
    }
    out = [c for c in (*own, *other) if c not in summed and c not in thin]
    return t.index_product(f"{''.join(own)},{''.join(other)}->{''.join(out)}", [left, right], [sizes[c] for c in out], call.span)


def inner(call: Call) -> Array:
    """Of vectors their inner product; of matrices that of each two rows, A Bᵀ."""
    left, right = call.arrays(2)
    t = call.typing
    if t.is_vector(left) and t.is_vector(right):
        return t.matmul(t.transpose(t.column(left, left.span), left.span), t.column(right, right.span), call.span)
    return t.matmul(left, t.transpose(right, right.span), call.span)


def vdot(call: Call) -> Array:
    """The sum of the products of all entries."""
    left, right = call.arrays(2, tensors=True)
    t = call.typing
    if t.is_vector(left) and t.is_vector(right):
        return inner(call)
    return t.reduced("sum", t.times(left, right, call.span), None, False, call.span)


def _spelled_out(left: str, out: str, arrays: list[Array]) -> tuple[str, str]:
    """Letters in the place of an ellipsis: as many as the operand with the most axes has more than its own."""
    letters = left.split(",")
    more = max((len(a.shape) - len(own.replace("...", "")) for own, a in zip(letters, arrays, strict=False) if "..." in own), default=0)
    spare = "".join(c for c in _LETTERS if c not in left)[: max(more, 0)]
    for k, (own, array) in enumerate(zip(letters, arrays, strict=False)):
        missing = len(array.shape) - len(own.replace("...", ""))
        letters[k] = own.replace("...", spare[len(spare) - missing :] if missing > 0 else "")
    return ",".join(letters), out.replace("...", spare)


def einsum(call: Call) -> Array:
    """`einsum("ij,jk->ik", A, B)`; a vector has one letter or two."""
    spec = first(call)
    if not isinstance(spec, ast.Constant) or not isinstance(spec.value, str):
        raise call.refused('einsum begins with its letters in quotes, as in einsum("ij,jk->ik", A, B)', spec)
    left, arrow, out = spec.value.replace(" ", "").partition("->")
    arrays = [call.array(arg, tensors=True) for arg in call.args[1:]]
    left, out = _spelled_out(left, out, arrays)
    letters = left.split(",")
    if not all(c in _LETTERS for c in left.replace(",", "") + out):
        raise call.refused("the letters of einsum are a to z", spec)
    if len(letters) != len(arrays):
        raise call.refused(f"einsum has letters for {len(letters)} operands, and {len(arrays)} are given")
    if not arrow:
        every = left.replace(",", "")
        out = "".join(sorted(c for c in set(every) if every.count(c) == 1))
    if len(set(out)) != len(out) or not set(out) <= set(left):
        raise call.refused(f"a result with the letters {out!r}: each is an operand's, and there once", spec)
    spare = [c for c in reversed(_LETTERS) if c not in left]
    t = call.typing
    sizes: dict[str, Dim] = {}
    spelled = []
    for own, array in zip(letters, arrays, strict=True):
        if len(own) == 1 and t.is_vector(array):
            own = own + spare.pop() if t.shapes.is_one(array.cols) else spare.pop() + own
        if len(own) != len(array.shape):
            many = "two" if len(array.shape) == 2 else len(array.shape)
            blamed = frozenset((array.bare,)) if array.bare in t.met else frozenset()
            raise Refused(ShapeError, f"einsum gives {own!r} to an operand with {many} axes", call.reader.span(spec), blamed)
        for letter, dim in zip(own, array.shape, strict=True):
            met = t.shapes.unify(sizes.setdefault(letter, dim), dim)
            if met is None:
                known = t.shapes.resolve(sizes[letter])
                raise t.clash(f"the index {letter} of einsum runs over {known} and over {t.shapes.resolve(dim)}", call.span, *arrays)
            t.shapes = met
        spelled.append(own)
    return t.index_product(f"{','.join(spelled)}->{out}", arrays, [sizes[c] for c in out], call.span)
