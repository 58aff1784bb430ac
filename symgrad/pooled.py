"""Tensors that are pooled, and windows in windows, by their entries: `[max_i x[b,c,2p+i]]_bcp` and the gradients of such.

What has no entries that are written so, as a softmax or windows around which there are zeros, is left as it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from symgrad.dims import Dim
from symgrad.form import Form, apply, number, symbols, walk
from symgrad.ops.elementwise import ELEMENTWISE
from symgrad.ops.places import Place
from symgrad.textbook import scaled

_BESIDE = frozenset({"add", "hadamard", "divide", "scale"})
_LETTERS = "pqrstuvw", "ijklmnabefgh"
_OTHERS = "abefghjklmno"


def is_pooled(form: Form) -> bool:
    """Whether largest entries are taken in windows, or windows of what has windows."""
    parts = [f for f in walk(form) if _has_windows(f)]
    return any(f.op in ("max", "is_max") or (f.op == "einsum" and _is_windowed(f) and any(map(_has_windows, _operands(f)))) for f in parts)


def _has_windows(form: Form) -> bool:
    return any(f.op == "window" for f in walk(form))


def _operands(form: Form) -> list[Form]:
    return [arg for arg in form.args if arg.op != "window"]


def _is_windowed(form: Form) -> bool:
    return any(arg.op == "window" for arg in form.args)


def by_entries(form: Form) -> Form | None:
    """The form by its entries; None where they are not written so."""
    naming = _Naming({f.name for f in symbols(form)})
    letters = [naming.of_size(dim) for dim in form.shape]
    found = _Entries(naming).of(form, [Place(((1, letter),)) if letter else Place() for letter in letters])
    if found is None or not any(letters):
        return found
    numbers, body = _without_numbers(found)
    return scaled(numbers, apply("tensor", [body], (tuple(letters), form.shape)))


class _Naming:
    """Letters that nothing else has."""

    def __init__(self, taken: set[str]) -> None:
        self.taken = taken

    def of_size(self, dim: Dim) -> str:
        """The letter of the size of an axis, where it is one; "" for the only place of an axis."""
        return "" if dim.is_one else self.fresh(_own(dim) + _LETTERS[1])

    def fresh(self, wanted: str) -> str:
        letter: str = next(c for c in (*wanted, *(f"{c}{k}" for k in (1, 2, 3) for c in wanted)) if c not in self.taken)
        self.taken.add(letter)
        return letter


def _own(dim: Dim) -> str:
    """The letter of a size, where it is one."""
    return str(dim) if len(str(dim)) == 1 and str(dim).isalpha() else ""


class _Entries:
    """One pass through a form, with the places of the entry that is meant."""

    def __init__(self, naming: _Naming) -> None:
        self.naming = naming

    def of(self, form: Form, places: Sequence[Place]) -> Form | None:
        places = [Place() if dim.is_one else place for place, dim in zip(places[len(places) - len(form.shape) :], form.shape, strict=True)]
        if form.op in ("number", "ones"):
            return form if form.op == "number" else number(1)
        if form.op == "symbol":
            return apply("entry", [form], tuple(places)) if places else form
        if form.op == "einsum":
            return self._product(form, places)
        if form.op in ("max", "is_max") and form.params[0] is not None:
            return self._largest(form, places)
        if form.op in ("sum", "squared_norm") and form.params in ((), (None,)):
            return self._sum(form)
        if not _has_windows(form) and form.op.rstrip("'") not in ELEMENTWISE and form.op not in _BESIDE:
            return apply("entry", [form], tuple(places)) if places else form
        if form.op in _BESIDE or (len(form.args) == 1 and form.op.rstrip("'") in ELEMENTWISE):
            args = [self.of(arg, places) for arg in form.args]
            if None in args:
                return None
            found = [arg for arg in args if arg is not None]
            return _times(found) if form.op in ("scale", "hadamard") else apply(form.op, found, form.params)
        return None

    def _sum(self, form: Form) -> Form | None:
        (arg,) = form.args
        letters = [self.naming.of_size(dim) for dim in arg.shape]
        body = self.of(arg, [Place(((1, letter),)) if letter else Place() for letter in letters])
        if body is None:
            return None
        run = [(letter, dim) for letter, dim in zip(letters, arg.shape, strict=True) if letter]
        return _over(run, (), apply("square", [body]) if form.op == "squared_norm" else body)

    def _largest(self, form: Form, places: Sequence[Place]) -> Form | None:
        (arg,), axis = form.args, form.params[0]
        letter = self.naming.fresh(_LETTERS[1])
        every = self.of(arg, [Place(((1, letter),)) if k == axis else place for k, place in enumerate(places)])
        self.naming.taken.discard(letter)  # it has a meaning only in there
        if every is None:
            return None
        nested = every.op == "most"
        letters, dims = every.params if nested else ((), ())
        largest = apply("most", [every.args[0] if nested else every], ((letter, *letters), (arg.shape[axis], *dims)))
        if form.op == "max":
            return largest
        own = self.of(arg, places)
        return None if own is None else apply("same", [own, largest])

    def _product(self, form: Form, places: Sequence[Place]) -> Form | None:
        operands, _, out = form.params[0].partition("->")
        pairs = list(zip(form.args, operands.split(","), strict=True))
        sizes = {c: dim for arg, subs in pairs for c, dim in zip(subs, arg.shape, strict=True)}
        at: dict[str, Place] = dict(zip(out, places, strict=True))
        if len(at) < len(out):
            return None
        windows = [(arg.params, subs) for arg, subs in pairs if arg.op == "window"]
        run: list[tuple[str, Dim]] = []

        def named(c: str, wanted: str) -> Place:
            if c in at:
                return at[c]
            letter = "" if sizes[c].is_one else self.naming.fresh(wanted)
            at[c] = place = Place(((1, letter),)) if letter else Place()
            run.extend([(letter, sizes[c])] if letter else [])
            return place

        equal = []
        for _, (_, many, _) in windows:
            named(many, _LETTERS[0])
        for (_, _, _, stride, dilation, padding), (whole, many, width) in windows:
            if not isinstance(padding, int):
                return None
            spot = at[many].times(stride, named(width, _LETTERS[1]).times(dilation, Place(), 0), -padding)
            if whole in at:
                equal.append((spot, at[whole]))
            elif padding:
                return None  # an entry beside the end is 0
            else:
                at[whole] = spot
        in_windows = len(run)
        for arg, subs in pairs:
            for c in subs if arg.op != "window" else ():
                named(c, _own(sizes[c]) + _OTHERS)
        run = [*run[in_windows:], *run[:in_windows]]
        found = [self.of(arg, [at[c] for c in subs]) for arg, subs in pairs if arg.op != "window"]
        self.naming.taken -= {letter for letter, _ in run}
        factors = [f for f in found if f is not None and not (f.op == "number" and f.value == 1 and not f.sizes)]
        return None if None in found else _over(run, tuple(equal), _times(factors))


def _over(run: Sequence[tuple[str, Dim]], equal: tuple[tuple[Place, Place], ...], body: Form) -> Form:
    if not run:
        return body
    numbers, rest = _without_numbers(body)
    letters, dims = zip(*run, strict=True)
    return scaled(numbers, apply("total", [rest], (letters, dims, equal)))


def _without_numbers(body: Form) -> tuple[list[Form], Form]:
    """The numbers in front, and the rest."""
    numbers = [f for f in (body.args[:-1] if body.op == "scale" else ()) if f.op == "number"]
    return numbers, scaled([f for f in body.args[:-1] if f not in numbers], body.args[-1]) if numbers else body


def _times(factors: Sequence[Form]) -> Form:
    """A product of numbers; what is the largest of the largest is the largest, 1[a = b] 1[b = c] = 1[a = c]."""
    flat = [inner for f in factors for inner in (f.args if f.op == "scale" else (f,))]
    kept = list(_joined(flat))
    return scaled(kept[:-1], kept[-1]) if kept else number(1)


def _joined(factors: Sequence[Form]) -> Iterator[Form]:
    same = [f for f in factors if f.op == "same"]
    behind = {f.args[0]: f for f in same}
    ends = {f.args[1] for f in same}
    for f in factors:
        if f.op == "same" and f.args[0] in ends:
            continue  # it is joined to the one before
        while f.op == "same" and f.args[1] in behind:
            f = apply("same", [f.args[0], behind[f.args[1]].args[1]])
        yield f
