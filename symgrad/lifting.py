"""One equation for every length: what is alike in the equations of several lengths, with a symbol for the length.

The same line of a derivation at T = 5, 6 and 7 differs in whole numbers only. A number that is the same in all of them is itself, one
that is a fixed distance from the length is `T`, `T-1`, …, a factor that shrinks with it is `1/T`; anything else is no line for every T.
This is the least general generalisation of Plotkin, *A note on inductive generalization* (1970), over lines that all have to be one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

from symgrad import names
from symgrad.derivation import Chain, Step, Term
from symgrad.dims import Dim, Shape
from symgrad.families import LETTER, End, Span, at, expand
from symgrad.form import Form, apply, number, rewrite_bottom_up, symbol, walk

LENGTH = "T"
"""The letter of the length inside names and dimensions, whatever it is called when it is printed."""


class NotAlikeError(Exception):
    """Equations of several lengths that are no one equation."""


# ── several lengths → one line ───────────────────────────────────────────────────────────────────────────────────────


def lifted_steps(runs: Mapping[int, Sequence[Step]]) -> tuple[Step, ...]:
    """The steps that those of every length are instances of; raises `NotAlikeError` where they are not."""
    lengths = tuple(runs)
    if len({len(steps) for steps in runs.values()}) > 1:
        raise NotAlikeError
    return tuple(lifted_step(lengths, steps) for steps in zip(*runs.values(), strict=True))


def lifted_step(lengths: tuple[int, ...], steps: tuple[Step, ...]) -> Step:
    first = steps[0]
    if any(
        (s.kind, s.rule, s.uses, len(s.terms), s.span is None) != (first.kind, first.rule, first.uses, len(first.terms), first.span is None)
        for s in steps
    ):
        raise NotAlikeError
    found = [_lifted_term(lengths, terms) for terms in zip(*(s.terms for s in steps), strict=True)]
    terms = tuple(term for term in found if term is not None)
    span = None
    if first.span is not None:
        spans = [s.span for s in steps if s.span is not None]
        span = Span(lifted_end(lengths, [s.first for s in spans]), lifted_end(lengths, [s.last for s in spans]))
    shape = None if first.shape is None else lifted_shape(lengths, [s.shape or () for s in steps])
    return from_its_head(replace(first, terms=terms, span=span, shape=shape))


def _lifted_term(lengths: tuple[int, ...], terms: tuple[Term, ...]) -> Term | None:
    """A term of every length; None for a chain of as many links as there are steps, which only explains what the line says without it."""
    if all(isinstance(t, Form) for t in terms):
        return lifted_form(lengths, [t for t in terms if isinstance(t, Form)])
    chains = [t for t in terms if isinstance(t, Chain)]
    if len(chains) < len(terms):
        raise NotAlikeError
    if len({(len(c.through), c.span is None) for c in chains}) > 1:
        return None
    through = tuple(lifted_name(lengths, found) for found in zip(*(c.through for c in chains), strict=True))
    spans = [c.span for c in chains if c.span is not None]
    span = Span(lifted_end(lengths, [s.first for s in spans]), lifted_end(lengths, [s.last for s in spans])) if spans else None
    return Chain(chains[0].of, lifted_name(lengths, [c.wrt for c in chains]), through, span)


def lifted_form(lengths: tuple[int, ...], forms: Sequence[Form]) -> Form:
    """The form that those of every length are instances of."""
    first = forms[0]
    if all(form is first for form in forms):
        return first
    if len({(form.op, len(form.args), len(form.params)) for form in forms}) > 1:
        raise NotAlikeError
    if first.op == "symbol":
        return symbol(lifted_name(lengths, [f.name for f in forms]), lifted_shape(lengths, [f.shape for f in forms]))
    if first.op == "number":
        return _lifted_number(lengths, forms)
    args = [lifted_form(lengths, [f.args[i] for f in forms]) for i in range(len(first.args))]
    if first.op == "series":
        ends = [lifted_end(lengths, [f.params[i] for f in forms]) for i in (1, 2)]
        return apply("series", args, (LETTER, *ends))
    return apply(first.op, args, tuple(_lifted_value(lengths, [f.params[i] for f in forms]) for i in range(len(first.params))))


def lifted_name(lengths: tuple[int, ...], found: Sequence[str]) -> str:
    """`h_5`, `h_6`, `h_7` at those lengths is `h_{T}`.

    >>> lifted_name((5, 6), ["∂L/∂h_4", "∂L/∂h_5"]), lifted_name((5, 6), ["h_1", "h_1"])
    ('∂L/∂h_{T-1}', 'h_1')
    """
    if len(set(found)) == 1:
        return found[0]
    indexed = [names.step_index(name) for name in found]
    steps = [step for step in indexed if step is not None]
    if len(steps) < len(found) or len({stem for stem, _ in steps}) > 1:
        raise NotAlikeError
    return names.at_step(steps[0][0], str(lifted_end(lengths, [n for _, n in steps])))


def lifted_end(lengths: tuple[int, ...], values: Sequence[End]) -> End:
    """A number that is the same at every length, or is that far from the length."""
    if len(set(values)) == 1:
        return values[0]
    offsets = {int(value) - length for value, length in zip(values, lengths, strict=True)}
    if len(offsets) > 1:
        raise NotAlikeError
    offset = offsets.pop()
    return LENGTH if offset == 0 else f"{LENGTH}{offset:+d}"


def lifted_shape(lengths: tuple[int, ...], shapes: Sequence[Shape]) -> Shape:
    if len({len(shape) for shape in shapes}) > 1:
        raise NotAlikeError
    return tuple(_lifted_dim(lengths, dims) for dims in zip(*shapes, strict=True))


def _lifted_dim(lengths: tuple[int, ...], dims: Sequence[Dim]) -> Dim:
    if len(set(dims)) == 1:
        return dims[0]
    apart = {dim - length for dim, length in zip(dims, lengths, strict=True)}
    if len(apart) > 1:
        raise NotAlikeError
    return apart.pop() + Dim.of(LENGTH)


def _lifted_number(lengths: tuple[int, ...], forms: Sequence[Form]) -> Form:
    """A number that is the same at every length, or one over the length, or that many times it."""
    if len({form.sizes for form in forms}) > 1:
        raise NotAlikeError
    for power in (-1, 1):
        shares = {form.value / Fraction(length) ** power for form, length in zip(forms, lengths, strict=True)}
        if len(shares) == 1:
            return number(shares.pop(), (*forms[0].sizes, (Dim.of(LENGTH), power)))
    raise NotAlikeError


def _lifted_value(lengths: tuple[int, ...], values: Sequence[Any]) -> Any:
    if all(type(value) is type(values[0]) and value == values[0] for value in values):
        return values[0]
    if all(isinstance(value, Dim) for value in values):
        return _lifted_dim(lengths, values)
    if all(isinstance(value, tuple) for value in values) and len({len(value) for value in values}) == 1:
        return tuple(_lifted_value(lengths, inner) for inner in zip(*values, strict=True))
    raise NotAlikeError


def from_its_head(step: Step) -> Step:
    """A line for all t, with t counted from what it states: ∂L/∂h_{t-1} for t = T, …, 2 is ∂L/∂h_t for t = T−1, …, 1."""
    if step.span is None or not isinstance(step.terms[0], Form):
        return step
    if any(isinstance(t, Form) and any(f.op == "series" for f in walk(t)) for t in step.terms):
        raise NotAlikeError  # a sum over t in a line for all t would need a letter of its own
    by = offset(step.terms[0].name)
    if by is None:
        raise NotAlikeError
    span = Span(moved_end(step.span.first, by), moved_end(step.span.last, by))
    return replace(step, terms=tuple(_moved(term, -by) for term in step.terms), span=span)


def offset(name: str) -> int | None:
    """What is added to t in a name: 0 for `h_{t}`, −1 for `∂L/∂h_{t-1}`; None where there is no t."""
    zero, ten = at(name, LETTER, 100), at(name, LETTER, 200)
    if zero == ten:
        return None
    found = names.step_index(zero)
    return None if found is None else found[1] - 100


def _moved(term: Term, by: int) -> Term:
    if isinstance(term, Chain):
        return replace(term, wrt=_moved_name(term.wrt, by), through=tuple(_moved_name(name, by) for name in term.through))
    if not isinstance(term, Form):
        return term

    def change(f: Form) -> Form:
        if f.op == "symbol":
            return symbol(_moved_name(f.name, by), f.shape)
        if f.op in ("slice", "pad") and LETTER in f.params[1].symbols:
            start = f.params[1] + by
            return apply(f.op, f.args, (f.params[0], start, *((start + 1, 1) if f.op == "slice" else f.params[2:])))
        return f

    return rewrite_bottom_up(term, change)


def _moved_name(name: str, by: int) -> str:
    base = offset(name)
    if base is None:
        return name
    stem, _ = names.step_index(at(name, LETTER, 100)) or (name, 0)
    return names.at_step(stem, LETTER if base + by == 0 else f"{LETTER}{base + by:+d}")


def moved_end(end: End, by: int) -> End:
    """`T` moved by −1 is `T-1`."""
    if isinstance(end, int):
        return end + by
    moved = int(end[len(LENGTH) :] or 0) + by
    return LENGTH if moved == 0 else f"{LENGTH}{moved:+d}"


# ── one line → one length ────────────────────────────────────────────────────────────────────────────────────────────


def end_at(end: End, length: int) -> int:
    """`T-1` at T = 5 is 4."""
    return end if isinstance(end, int) else length + int(end[len(LENGTH) :] or 0)


def values_at(span: Span | None, length: int) -> list[int]:
    """The values of t that a line stands for at that length; [0] for a line without t."""
    if span is None:
        return [0]
    first, last = end_at(span.first, length), end_at(span.last, length)
    down = span.descends
    return list(range(first, last - 1, -1)) if down else list(range(first, last + 1))


def name_at(name: str, length: int, t: int = 0) -> str:
    """`h_{t-1}` and `h_{T}` at a length and a t."""
    return at(at(name, LENGTH, length), LETTER, t)


def form_at(form: Form, length: int, t: int | None) -> Form:
    """A form of a line at one length and, where the line is for all t, at one t; sums over t are written out."""

    def settled(f: Form) -> Form:
        if f.op == "symbol":
            return symbol(at(f.name, LENGTH, length), shape_at(f.shape, length))
        if f.op == "number":
            value = f.value
            for dim, power in f.sizes:
                if LENGTH in dim.symbols:
                    value *= Fraction(int(dim_at(dim, length).number or 0)) ** power
            return number(value, tuple((dim, power) for dim, power in f.sizes if LENGTH not in dim.symbols))
        if f.op == "series":
            first, last = end_at(f.params[1], length), end_at(f.params[2], length)
            if last < first:
                raise NotAlikeError  # a sum without terms: this length is too short for the line
            return apply("series", f.args, (f.params[0], first, last))
        params = tuple(dim_at(p, length) if isinstance(p, Dim) else p for p in f.params)
        return f if params == f.params else apply(f.op, f.args, params)

    found = rewrite_bottom_up(form, settled)
    return expand(found if t is None else apply("series", [found], (LETTER, t, t)))


def shape_at(shape: Shape, length: int) -> Shape:
    return tuple(dim_at(dim, length) for dim in shape)


def dim_at(dim: Dim, length: int) -> Dim:
    """The dimension with a number for T."""
    if LENGTH not in dim.symbols:
        return dim
    total = Dim.of(0)
    for monomial, coefficient in dim.terms:
        term = Dim({tuple((n, p) for n, p in monomial if n != LENGTH): coefficient})
        for name, power in monomial:
            term = term * (length**power if name == LENGTH else 1)
        total = total + term
    return total
