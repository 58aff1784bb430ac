"""Tensors on paper: one matrix for each place of the other axes, where there is one; index notation elsewhere.

`Σ_b X_bᵀ Δ_b` is what a textbook writes for `einsum("btd,bte->de", X, Δ)`, and `[X_b W]_b` is the tensor whose b-th matrix is X_b W.
What is printed here has the value of the form that it is made of, and its NumPy is a loop over the letters, by which tests compare them;
what is computed with are the forms themselves.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence
from fractions import Fraction
from functools import lru_cache
from itertools import combinations

from symgrad.dims import ONE, Dim, Shape
from symgrad.form import Form, apply, number, rewrite_bottom_up, symbol, symbols, walk
from symgrad.ops.elementwise import ELEMENTWISE
from symgrad.pooled import by_entries, is_pooled
from symgrad.raising import raise_form
from symgrad.rewrite import Facts
from symgrad.tensor import Factor, einsum, var
from symgrad.textbook import hadamard_of, power_of, product_of, scaled, turned, without_scalars
from symgrad.textbook_sums import sum_of

Places = tuple[str | None, ...]
"""For each axis its letter, "" for the one place of an axis of size 1, or None for an axis of the matrix."""

_LETTERS = "bhnmijkpqrsuvwacdefglotxyz"
_MOST_SUMMED = 3
_BESIDE = frozenset({"add", "hadamard", "divide"})
_ALONG = frozenset(
    {
        "softmax",
        "log_softmax",
        "logsumexp",
        "standardize",
        "std",
        "max",
        "median",
        "prod",
        "cumprod",
        "is_max",
        "is_median",
        "sum",
        "mean",
        "slice",
        "flip",
        "roll",
        "concat",
    }
)


@lru_cache(maxsize=4096)
def on_paper(form: Form) -> Form:
    """The form as it is printed: of one with matrices only, itself.

    >>> from symgrad.dims import shape_of; from symgrad.typeset import text
    >>> X, G = symbol("X", shape_of("btd")), symbol("G", shape_of("bte"))
    >>> text(apply("einsum", [X, G], ("btd,bte->de",)))
    'Σ_b X_bᵀ G_b'
    """
    # What only the calculus gave more than two axes, as a second derivative, is written by its entries.
    if form.op == "entries":
        return form
    if is_pooled(form) and (found := by_entries(form)) is not None:
        return found
    if len(form.shape) <= 2 and all(len(f.shape) <= 2 for f in symbols(form)):
        return by_pairs(form)
    return _shown(form, frozenset(f.name for f in symbols(form)))


def _shown(form: Form, taken: frozenset[str]) -> Form:
    """The form with what has a matrix form for each place written so; `taken` are names and letters in use."""
    if all(len(f.shape) <= 2 for f in walk(form)):
        return form
    if len(form.shape) > 2 and not _is_plain(form) and without_scalars(form)[1].op != "reshape":
        letters = _fresh(form.shape[:-2], taken)
        inside = _at(form, (*letters, None, None), taken | {*letters})
        turned_only = form.op == "einsum" and len(form.args) == 1 and inside is not None and inside.op == "at"
        if inside is not None and (turned_only or not _is_split(inside)):
            return apply("stack", [inside], (tuple(letters), form.shape))
    if form.op == "einsum" and len(form.shape) <= 2:
        found = _product(form, {}, taken, 0) or (_is_led(form) and _rows(form, taken)) or _product(form, {}, taken) or _rows(form, taken)
        if found:
            return found
    if form.op in ("sum", "squared_norm") and form.params in ((), (None,)) and not _is_plain(form.args[0]):
        letters = _fresh(form.args[0].shape[:-2], taken)
        inside = _at(form.args[0], (*letters, None, None), taken | {*letters}) if letters else None
        if inside is not None and not _is_split(inside):
            return _over(dict(zip(letters, form.args[0].shape, strict=False)), apply(form.op, [inside], form.params))
    args = [_shown(arg, taken) for arg in form.args]
    if form.op == "transpose" and (summed := _opened(args[0], "over")) is not None:
        return _closed(summed, turned(summed[1]))
    return _added(args, form.shape) if form.op == "add" else apply(form.op, args, form.params) if args else form


_Opened = tuple[list[Form], Form, Form]
"""The scalars before a sum over letters, or before a matrix for each of them, what stands in it, and it itself."""


def _opened(form: Form, op: str) -> _Opened | None:
    scalars, body = without_scalars(form)
    return (scalars, body.args[0], body) if body.op == op else None


def _closed(opened: _Opened, inside: Form) -> Form:
    scalars, _, body = opened
    return scaled(scalars, apply(body.op, [inside], body.params))


def _added(terms: list[Form], shape: Shape) -> Form:
    """A sum, in which what is summed over the same letters, or there is for each of them, stands together: Σ_n (A_n + A_nᵀ) x."""
    for op in ("over", "stack"):
        alike: dict[object, list[_Opened]] = {}
        for term in terms:
            if (found := _opened(term, op)) is not None:
                alike.setdefault(found[2].params, []).append(found)
        for group in alike.values():
            if len(group) > 1:
                inside = sum_of([scaled(scalars, body) for scalars, body, _ in group], group[0][1].shape)
                scalars, body = without_scalars(inside)
                made = scaled(scalars, apply(op, [body], group[0][2].params))
                rest = [t for t in terms if (found := _opened(t, op)) is None or found[2].params != group[0][2].params]
                return made if not rest else _added([made, *rest], shape)
    return apply("add", terms)


def _is_plain(form: Form) -> bool:
    """Whether it is made of symbols entry by entry, so that it reads well without indices."""
    return all(f.op in ("symbol", "number", "ones", "zeros", "scale", "broadcast", *_BESIDE) or _is_map(f) for f in walk(form))


def _is_map(form: Form) -> bool:
    return form.op.removesuffix("'") in ELEMENTWISE


def _is_split(form: Form) -> bool:
    """Whether somewhere in it no matrix form was found, only a tensor of which places are taken."""
    held = (f.args[0] for f in walk(form) if f.op == "at" and len(f.args[0].shape) > 2)
    # The heads of a matrix, and what is in another shape, are read well by their places.
    return any(f.op not in ("symbol", "one_hot") and not (f.op == "reshape" and _is_short(f.args[0])) for f in held)


def _is_short(form: Form) -> bool:
    return form.op == "symbol" or len(form.shape) <= 2


def _fresh(dims: Sequence[Dim], taken: frozenset[str]) -> list[str]:
    """A letter for each axis: the one of its size where that is a letter, the k of K, or another one."""
    found: list[str] = []
    for dim in dims:
        own = str(dim).lower() if len(str(dim)) == 1 and str(dim).isalpha() else ""
        free = (c for c in (own, *_LETTERS) if c and c not in taken and c not in found)
        found.append("" if dim.is_one else next(free))
    return found


def _over(letters: Mapping[str, Dim], body: Form) -> Form:
    """Σ over the letters, in front of it what does not depend on them."""
    kept = {letter: dim for letter, dim in letters.items() if letter}
    if not kept:
        return body
    *scalars, rest = body.args if body.op == "scale" else (body,)
    outside = [s for s in scalars if not any(f.op == "at" and set(f.params) & kept.keys() for f in walk(s))]
    inside = scaled([s for s in scalars if s not in outside], rest)
    return scaled(outside, apply("over", [inside], (tuple(kept), tuple(kept.values()))))


# ── entries of what is made of all pairs ─────────────────────────────────────────────────────────────────────────────


def by_pairs(form: Form) -> Form:
    """A form of matrices alone, in which what is of all pairs of rows is written by its entries: `[Σ_k (X_ik − C_jk)²]_ij`."""
    if all(len(f.shape) <= 2 for f in walk(form)):
        return form
    if form.op == "einsum" and len(form.shape) <= 2 and any(len(arg.shape) > 2 for arg in form.args):
        letters = _indices(form.shape, _in_use(form))
        inside = _entry_of_product(form, tuple(letters))
        if inside is not None:
            return apply("stack", [inside], (tuple(letters), form.shape)) if any(letters) else inside
    if form.op in ("sum", "mean", "squared_norm") and form.params in ((), (None,)) and len(form.args[0].shape) > 2:
        shape = form.args[0].shape
        letters = _indices(shape, _in_use(form))
        inside = _entry(form.args[0], tuple(letters))
        if inside is not None:
            entry = power_of(inside, Fraction(2)) if form.op == "squared_norm" else inside
            share = number(1, tuple((dim, -1) for dim in shape if not dim.is_one)) if form.op == "mean" else number(1)
            return scaled([share], _over(dict(zip(letters, shape, strict=True)), entry))
    return apply(form.op, list(map(by_pairs, form.args)), form.params) if form.args else form


def _indices(dims: Sequence[Dim], taken: Container[str]) -> list[str]:
    """The indices of entries, i, j, …: a letter for each axis that is longer than 1."""
    free = iter([c for c in "ijklpqrsuvabcefgh" if c not in taken])
    return ["" if dim.is_one else next(free) for dim in dims]


def _in_use(form: Form) -> set[str]:
    """The names that are written, and those of sizes."""
    return {f.name for f in symbols(form)} | {name for f in symbols(form) for dim in f.shape for name in dim.symbols}


def _entry(form: Form, places: tuple[str, ...]) -> Form | None:
    """The entry of a form at these places, one for each of its axes that is longer than 1; None for what has no such entry."""
    places = tuple("" if dim.is_one else place for place, dim in zip(places[len(places) - len(form.shape) :], form.shape, strict=True))
    if form.op == "ones":
        return number(1)
    if not any(places):
        return by_pairs(form)
    if form.op == "transpose":
        return _entry(form.args[0], places[::-1])
    if form.op == "einsum":
        return _entry_of_product(form, places)
    if form.op == "broadcast":
        return _entry(form.args[0], places)
    if form.op in ("square", "scale", *_BESIDE) or _is_map(form):
        args = [arg if arg.is_scalar else _entry(arg, places) for arg in form.args]
        if any(arg is None for arg in args):
            return None
        found = [arg for arg in args if arg is not None]
        return scaled(found[:-1], found[-1]) if form.op in ("scale", "hadamard") else apply(form.op, found, form.params)
    return apply("at", [by_pairs(form)], places) if len(form.shape) <= 2 and form.op != "window" else None


def _entry_of_product(form: Form, places: tuple[str, ...]) -> Form | None:
    if any(arg.op == "window" for arg in form.args):
        return None
    operands, _, out = form.params[0].partition("->")
    sizes = {c: dim for arg, subs in zip(form.args, operands.split(","), strict=True) for c, dim in zip(subs, arg.shape, strict=True)}
    spelled = dict(zip(out, places, strict=True))
    summed = [c for c in dict.fromkeys(operands.replace(",", "")) if c not in spelled and not sizes[c].is_one]
    spelled |= dict(zip(summed, _indices([sizes[c] for c in summed], {*_in_use(form), *places}), strict=True))
    factors = [_entry(arg, tuple(spelled.get(c, "") for c in subs)) for arg, subs in zip(form.args, operands.split(","), strict=True)]
    if any(factor is None for factor in factors):
        return None
    body = scaled([factor for factor in factors[:-1] if factor is not None], factors[-1] or number(1))
    return _over({spelled[c]: sizes[c] for c in summed}, body)


# ── one place of a tensor ────────────────────────────────────────────────────────────────────────────────────────────


def _at(form: Form, places: Places, taken: frozenset[str]) -> Form | None:
    """The matrix that a form has at these places; None where a form of matrices does not say it."""
    places = places[len(places) - len(form.shape) :]
    if all(place is None for place in places):
        return _shown(form, taken)
    places = tuple("" if place is not None and dim.is_one else place for place, dim in zip(places, form.shape, strict=True))
    found = _inside(form, places, taken)
    if found is not None:
        return found
    body = apply(form.op, [_shown(arg, taken) for arg in form.args], form.params) if form.args else form
    return apply("at", [body], places)


def _inside(form: Form, places: Places, taken: frozenset[str]) -> Form | None:
    """The places taken of the operands, where that is the same."""
    if form.op in ("ones", "zeros"):
        kept = [dim for dim, place in zip(form.shape, places, strict=True) if place is None]
        return apply(form.op, (), tuple(kept)) if len(kept) == 2 else None
    if form.op == "scale":
        scalars, body = [_shown(arg, taken) for arg in form.args[:-1]], _at(form.args[-1], places, taken)
        return None if body is None else scaled(scalars, body)
    if form.op == "einsum":
        out = form.params[0].partition("->")[2]
        return _product(form, {c: place for c, place in zip(out, places, strict=True) if place is not None}, taken)
    shape = tuple(dim for dim, place in zip(form.shape, places, strict=True) if place is None)
    if len(places) == 2 and places[1] is None:
        shape = (ONE, *shape)
        if form.op == "matmul":
            if form.args[0].op == "diag":  # row n of diag(w) A is w_n A_n
                entry, row = _at(form.args[0].args[0], (places[0], ""), taken), _at(product_of(list(form.args[1:])), places, taken)
                return None if entry is None or row is None else scaled([entry], row)
            first = _at(form.args[0], places, taken)
            return None if first is None else product_of([first, *form.args[1:]])
    if form.op == "inverse" and all(place is not None for place in places[:-2]):
        body = _at(form.args[0], places, taken) if places[-2:] == (None, None) else None
        return None if body is None else apply("inverse", [body])
    if len(shape) != 2:
        return None
    if form.op == "broadcast":
        body = _at(form.args[0], places, taken)
        return None if body is None else _repeated(body, shape)
    if form.op in _ALONG and len(places) > 2 and form.params[0] is not None and places[form.params[0]] is None:
        axis = sum(place is None for place in places[: form.params[0]])
        args = [_at(arg, places, taken) for arg in form.args]
        return None if None in args else apply(form.op, args, (axis, *form.params[1:]))  # type: ignore[arg-type]
    if form.op in _BESIDE or _is_map(form):
        args = [arg if arg.is_scalar else _at(arg, places, taken) for arg in form.args]
        if any(arg is None for arg in args):
            return None
        return _repeated(apply(form.op, args, form.params), shape)  # type: ignore[arg-type]
    return None


# ── products ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def _is_led(form: Form) -> bool:
    """Whether a matrix has the first axis of a tensor that it is made of: a row for each example."""
    operands, _, out = form.params[0].partition("->")
    return any(len(arg.shape) > 2 and letters[0] == out[:1] for arg, letters in zip(form.args, operands.split(","), strict=True))


def _rows(form: Form, taken: frozenset[str]) -> Form | None:
    """A matrix given row by row."""
    out = form.params[0].partition("->")[2]
    if len(form.shape) < 2 or form.shape[0].is_one:
        return None
    letters = _fresh(form.shape[:1], taken)
    row = _product(form, {out[0]: letters[0]}, taken | {*letters})
    return None if row is None or _is_split(row) else apply("stack", [row], (tuple(letters), form.shape))


def _product(form: Form, fixed: Mapping[str, str], taken: frozenset[str], most: int = _MOST_SUMMED) -> Form | None:
    """A product in which some letters have their place and others are summed place by place, as a product of matrices.

    As few sums as can be are written, and at most so many.
    """
    if any(arg.op == "window" for arg in form.args):
        return None
    operands, _, out = form.params[0].partition("->")
    spelled = [(arg, letters) for arg, letters in zip(form.args, operands.split(","), strict=True) if arg.op != "ones"]
    sizes = {c: dim for arg, letters in zip(form.args, operands.split(","), strict=True) for c, dim in zip(letters, arg.shape, strict=True)}
    for summed in _choices(spelled, out, sizes, most):
        named = _fresh([sizes[c] for c in summed], taken)
        place = {**fixed, **dict(zip(summed, named, strict=True))}
        found = _matrices(spelled, [c for c in out if c not in fixed], sizes, place, taken | {*named})
        if found is not None:
            return _over({letter: sizes[c] for c, letter in zip(summed, named, strict=True)}, found)
    return None


def _choices(spelled: Sequence[tuple[Form, str]], out: str, sizes: Mapping[str, Dim], most: int) -> Iterator[tuple[str, ...]]:
    """Which summed letters may be written as sums: none, one of those that come first in tensors, …"""
    leading = dict.fromkeys(c for arg, letters in spelled if len(arg.shape) > 2 for c in letters[: len(arg.shape) - 2])
    every = [*leading, *(c for _, letters in spelled for c in letters if c not in leading)]
    summed = [c for c in dict.fromkeys(every) if c not in out and not sizes[c].is_one]
    for many in range(most + 1):
        yield from combinations(summed, many)


def _matrices(
    spelled: Sequence[tuple[Form, str]], out: Sequence[str], sizes: Mapping[str, Dim], place: Mapping[str, str], taken: frozenset[str]
) -> Form | None:
    """The product of the matrices at these places; None where it is not one."""
    if len([c for c in out if not sizes[c].is_one]) > 2:
        return None
    label = {c: i for i, c in enumerate(sizes)}
    factors: list[Factor] = []
    meant: dict[str, tuple[Form, Places]] = {}
    for k, (arg, letters) in enumerate(spelled):
        left = [c for c in letters if c not in place and not sizes[c].is_one]
        if len(left) > 2 or len(set(left)) < len(left):
            return None
        free = [c for c in letters if c not in place]
        surplus = [c for c in free if sizes[c].is_one][: max(0, len(free) - 2)]
        places = tuple(place.get(c, "" if c in surplus else None) for c in letters)
        kept = [c for c in free if c not in surplus]
        shape = placed_shape(arg, places)
        labels = tuple(label[c] for c in kept)
        if len(kept) == 1:
            labels = (*labels, 0) if shape[1].is_one and not shape[0].is_one else (0, *labels)
        meant[f"⟨{k}⟩"] = arg, places
        factors.append((var(f"⟨{k}⟩", shape), labels))
    ends = list(out)[-2:]
    ends = [ends[0]] if len(ends) == 2 and all(c in place for c in ends[1:]) else ends
    shape = tuple(sizes[c] for c in ends)
    shape, labels = ((ONE, *shape), (0, *(label[c] for c in ends))) if len(ends) == 1 else (shape, tuple(label[c] for c in ends))
    raised = raise_form(einsum(factors, labels, shape), Facts())
    if any(f.op == "einsum" for f in walk(raised)):
        return None
    inside: dict[str, Form | None] = {}
    for name, (arg, places) in meant.items():
        found, wanted = _at(arg, places, taken), placed_shape(arg, places)
        # A column of a product of matrices may come as the row that it is in the product.
        inside[name] = turned(found) if found is not None and found.shape == wanted[::-1] != wanted else found
    return rewrite_bottom_up(raised, lambda f: inside.get(f.name) or f if f.op == "symbol" else _joined(f))


def _joined(form: Form) -> Form:
    """The same with its operands joined as a textbook has them: numbers in front, products of products flat."""
    if form.op == "matmul":
        return product_of(list(form.args))
    if form.op == "hadamard":
        return hadamard_of(list(form.args))
    if form.op == "scale":
        return scaled(list(form.args[:-1]), form.args[-1])
    return turned(form.args[0]) if form.op == "transpose" else form


def _repeated(form: Form, shape: Shape) -> Form:
    """A column or a row repeated to a matrix; a name alone is left as it is, as a bias is."""
    scalars, body = without_scalars(form)
    if scalars and body.shape == form.shape != shape:
        return scaled(scalars, _repeated(body, shape))
    if form.op == "symbol" or form.shape == shape or len(form.shape) != 2:
        return form if form.shape == shape else apply("broadcast", [form], shape)
    if form.shape[1].is_one and form.shape[0] is shape[0]:
        return product_of([form, apply("ones", (), (ONE, shape[1]))])
    if form.shape[0].is_one and form.shape[1] is shape[1]:
        return product_of([apply("ones", (), (shape[0], ONE)), form])
    return apply("broadcast", [form], shape)


def placed_shape(form: Form, places: Places) -> Shape:
    """The shape of what is at places: a matrix, a row (or a column where the axis is not the last), or a scalar."""
    return apply("at", [symbol("⟨⟩", form.shape)], places).shape
