"""Products of tensors pair by pair: in which order, and each pair as NumPy computes it fastest.

Indices are letters, as in `np.einsum`: `"ij,jk->ik"`. A letter of one operand alone that the result does not have is summed first, so
that a pair has four kinds of letters: those of both and of the result (a batch), of both only (summed), of the left, and of the right.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from itertools import combinations

from symgrad.errors import Unsupported
from symgrad.op import Prec

Source = tuple[str, Prec]
Part = tuple[str, str]
"""An operand's source, which binds like an atom, and its letters."""


def cheapest_pair(operands: Sequence[str], out: str, size: Callable[[str], float]) -> tuple[int, int]:
    """The two operands whose product takes the fewest multiplications; of equals, the one that adds least to what is kept.

    >>> cheapest_pair(["ij", "jk", "kl"], "il", {"i": 9, "j": 9, "k": 9, "l": 1}.get)
    (1, 2)
    """

    def work(pair: tuple[int, int]) -> tuple[float, float]:
        kept = _volume(result_of(operands, out, *pair), size) - sum(_volume(operands[i], size) for i in pair)
        return _volume("".join(operands[i] for i in pair), size), kept

    return min(combinations(range(len(operands)), 2), key=work)


def result_of(operands: Sequence[str], out: str, i: int, j: int) -> str:
    """The letters of the product of two operands: those that the result or another operand still needs.

    They stand so that a matrix product gives them, batch, left, right, or where nothing is summed as the result has them.

    >>> result_of(["ij", "jk", "kl"], "il", 0, 1)
    'ik'
    """
    needed = {*out, *"".join(letters for k, letters in enumerate(operands) if k not in (i, j))}
    left, right = operands[i], operands[j]
    kept = [c for c in dict.fromkeys(left + right) if c in needed]
    if not any(c in right and c not in needed for c in left):
        # What is summed later stands where a product of matrices wants it: last on the left, first on the right.
        later = len(out) if out[:1] in kept else -1
        return "".join(sorted(kept, key=lambda c: out.index(c) if c in out else later))
    return "".join(sorted(kept, key=lambda c: (c not in left or c not in right, c not in left)))


def _volume(letters: str, size: Callable[[str], float]) -> float:
    volume = 1.0
    for letter in set(letters):
        volume *= size(letter)
    return volume


# ── as source ────────────────────────────────────────────────────────────────────────────────────────────────────────


def single_source(part: Part, out: str, units: str = "") -> Source:
    """One tensor with letters summed, moved, and axes of size 1 put in for those that it does not have.

    >>> single_source(("A", "ijk"), "ki")[0]
    'np.sum(A, axis=1).T'
    """
    body, letters = part
    if len(set(letters)) < len(letters):
        kept = "".join(c for c in out if c in letters)
        return _widened(f"np.einsum('{letters}->{kept}', {body})", kept, out), Prec.ATOM
    body, letters = _summed(part, out, units)
    kept = "".join(c for c in out if c in letters)
    return _widened(_moved(body, letters, kept), kept, out), Prec.ATOM


def pair_source(left: Part, right: Part, out: str, units: str = "", size: Callable[[str], str] | None = None) -> Source:
    """The product of two tensors: `*` where nothing is summed, `@` for matrices, `tensordot` for what can be made matrices.

    >>> pair_source(("A", "ij"), ("B", "kj"), "ik")
    ('A @ B.T', <Prec.PRODUCT: 2>)
    >>> pair_source(("A", "ij"), ("b", "i"), "ji")
    ('A.T * b', <Prec.PRODUCT: 2>)
    >>> pair_source(("A", "btd"), ("W", "de"), "bte")[0]
    'np.tensordot(A, W, ((2,), (0,)))'
    >>> pair_source(("Q", "bid"), ("K", "bjd"), "bij")[0]
    'Q @ K.transpose(0, 2, 1)'

    With `size`, the source of a letter's size, what can be made matrices without moving axes is:

    >>> pair_source(("X", "btd"), ("W", "de"), "bte", size=lambda c: f"n{c}")[0]
    '(X.reshape(-1, nd) @ W).reshape(nb, nt, ne)'

    Axes of size 1, which `units` has the letters of, are left out of the work:

    >>> pair_source(("x", "tju"), ("W", "ij"), "tiu", units="u")[0]
    '(x[:, :, 0] @ W.T)[:, :, None]'
    """
    summed = set(left[1]) & set(right[1]) - set(out) - set(units)
    if summed:
        # Where nothing is summed, NumPy broadcasts what has size 1.
        left, right = (_without(part, units) for part in (left, right))
    if any(len(set(letters)) < len(letters) for _, letters in (left, right)):
        return f"np.einsum('{left[1]},{right[1]}->{out}', {left[0]}, {right[0]})", Prec.ATOM
    left, right = (_summed(part, out + other, units) for part, other in ((left, right[1]), (right, left[1])))
    own = "".join(c for c in out if c in left[1] or c in right[1])
    source, prec = _product(left, right, own, size)
    if own == out:
        return source, prec
    return _widened(source if prec is Prec.ATOM else f"({source})", own, out), Prec.ATOM


def _product(left: Part, right: Part, out: str, size: Callable[[str], str] | None) -> Source:
    if out and out[0] not in left[1]:
        left, right = right, left  # what comes first in the result comes first in memory
    (a, la), (b, lb) = left, right
    summed = "".join(c for c in la if c in lb and c not in out)
    if not summed:
        return f"{_aligned(left, out)} * {_aligned(right, out)}", Prec.PRODUCT
    batch = "".join(c for c in out if c in la and c in lb)
    first, second = ("".join(c for c in out if c in own and c not in other) for own, other in ((la, lb), (lb, la)))
    if not out:
        return f"np.vdot({a}, {_moved(b, lb, la)})", Prec.ATOM
    if out.endswith(first) and first and second and out != batch + first + second:
        # What stands to the right in the result is the right operand.
        left, right, (a, la), (b, lb), first, second = right, left, (b, lb), (a, la), second, first
    made = batch + first + second
    if not batch:
        if len(la) <= 2 and len(lb) <= 2 and len(summed) == 1:
            source = f"{_moved(a, la, first + summed)} @ {_moved(b, lb, summed + second)}"
            return (source, Prec.PRODUCT) if made == out else (_moved(f"({source})", made, out), Prec.ATOM)
        if size is not None and made == out:
            with suppress(Unsupported):  # a size that no input has: tensordot asks for none
                flat = _as_matrices(left, right, summed, size)
                if flat is not None:
                    return (f"({flat}).reshape({', '.join(map(size, out))})", Prec.ATOM) if len(out) > 2 else (flat, Prec.PRODUCT)
        # tensordot leaves the letters in the operands' own order.
        made = "".join(c for c in la if c in first) + "".join(c for c in lb if c in second)
        axes = tuple(tuple(own.index(c) for c in summed) for own in (la, lb))
        return _moved(f"np.tensordot({a}, {b}, {axes})", made, out), Prec.ATOM
    if len(summed) == len(first) == len(second) == 1:
        source = f"{_moved(a, la, batch + first + summed)} @ {_moved(b, lb, batch + summed + second)}"
        return (source, Prec.PRODUCT) if made == out else (_moved(f"({source})", made, out), Prec.ATOM)
    slow = bool(first and second)
    return f"np.einsum('{la},{lb}->{out}', {a}, {b}{', optimize=True' * slow})", Prec.ATOM


def _as_matrices(left: Part, right: Part, summed: str, size: Callable[[str], str]) -> str | None:
    """The product with every operand flattened to a matrix, where the summed letters stand together in both, in one order."""
    (a, la), (b, lb) = left, right
    written = []
    for body, letters, before in ((a, la, False), (b, lb, True)):
        own = letters.replace(summed, "")
        first, second = (summed, own) if letters == summed + own else (own, summed)
        if letters != first + second or not own:
            return None
        shape = f"-1, {size(second)}" if len(second) == 1 else f"{size(first)}, -1" if len(first) == 1 else None
        if shape is None:
            return None
        flat = body if len(letters) == 2 else f"{body}.reshape({shape})"
        written.append(flat if (first == summed) is before else f"{flat}.T")
    return " @ ".join(written)


def _without(part: Part, units: str) -> Part:
    """An operand without its axes of size 1."""
    body, letters = part
    if not set(letters) & set(units):
        return part
    return f"{body}[{', '.join('0' if c in units else ':' for c in letters)}]", "".join(c for c in letters if c not in units)


def _summed(part: Part, needed: str, units: str) -> Part:
    """An operand without the letters that nothing needs."""
    body, letters = part = _without(part, "".join(c for c in units if c not in needed))
    axes = tuple(i for i, c in enumerate(letters) if c not in needed)
    if not axes:
        return part
    kept = "".join(c for c in letters if c in needed)
    return f"np.sum({body}{f', axis={axes[0] if len(axes) == 1 else axes}' * bool(kept)})", kept


def _moved(body: str, letters: str, wanted: str) -> str:
    """The axes in another order."""
    if letters == wanted:
        return body
    if len(letters) == 2:
        return f"{body}.T"
    return f"{body}.transpose({', '.join(str(letters.index(c)) for c in wanted)})"


def _aligned(part: Part, out: str) -> str:
    """An operand as it broadcasts to the result: `v[:, None]`."""
    body, letters = part
    kept = "".join(c for c in out if c in letters)
    start = min((out.index(c) for c in kept), default=len(out))
    return _widened(_moved(body, letters, kept), kept, out[start:])


def _widened(body: str, letters: str, out: str) -> str:
    """An axis of size 1 for every letter of the result that the operand does not have."""
    if letters == out:
        return body
    return f"{body}[{', '.join(':' if c in letters else 'None' for c in out)}]"
