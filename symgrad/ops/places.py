r"""Entries of pooled tensors, as `symgrad.pooled` prints them: `x[b,c,2p+i]`, `max_i x[b,c,2p+i]`, `Σ_{p,i: 2p+i=l} …`, `1[a = b]`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from symgrad.dims import Shape
from symgrad.errors import Unsupported
from symgrad.op import Op, Prec, Writer
from symgrad.tensor import Node, Params


@dataclass(frozen=True)
class Place:
    """The number of an entry along an axis, `2p+i−1`: how many times each letter, and a number."""

    terms: tuple[tuple[int, str], ...] = ()
    plus: int = 0

    def times(self, factor: int, other: Place, moved: int) -> Place:
        """`factor` times this place, and the other, and a number."""
        terms = tuple((factor * k, letter) for k, letter in self.terms) + other.terms
        return Place(terms, factor * self.plus + other.plus + moved)

    def written(self, mode: str) -> str:
        sign = "*" if mode == "numpy" else ""
        shown = "+".join(letter if k == 1 else f"{k}{sign}{letter}" for k, letter in self.terms)
        number = (f"+{self.plus}" if shown and self.plus > 0 else str(self.plus)) if self.plus or not shown else ""
        return shown + (number.replace("-", "−") if mode == "text" else number)


def _entry(writer: Writer, form: Any) -> tuple[str, Prec]:
    (body,), places = form.args, form.params
    if writer.mode == "numpy":
        at = ", ".join(place.written("numpy") for place in places)
        return f"{writer.write(body, Prec.ATOM)}[{at}]", Prec.ATOM
    at = ",".join(place.written(writer.mode) for place in places if place != Place())
    return writer.write(body, Prec.ATOM) + (f"_{{{at}}}" if writer.mode == "latex" else f"[{at}]"), Prec.ATOM


def _loops(writer: Writer, letters: Params, dims: Params) -> str:
    return " ".join(f"for {letter} in range({writer.write(dim, Prec.SUM)})" for letter, dim in zip(letters, dims, strict=True))


def _most(writer: Writer, form: Any) -> tuple[str, Prec]:
    """The largest of what letters run through."""
    (body,), (letters, dims) = form.args, form.params
    if writer.mode == "numpy":
        return f"max([{writer.write(body, Prec.SUM)} {_loops(writer, letters, dims)}])", Prec.ATOM
    sign = rf"\max_{{{','.join(letters)}}}" if writer.mode == "latex" else f"max_{','.join(letters)}"
    return f"{sign} {writer.write(body, Prec.PRODUCT)}", Prec.PRODUCT


def _total(writer: Writer, form: Any) -> tuple[str, Prec]:
    """The sum over letters, for which places are equal."""
    (body,), (letters, dims, equal) = form.args, form.params
    if writer.mode == "numpy":
        conditions = "".join(f" if {one.written('numpy')} == {other.written('numpy')}" for one, other in equal)
        return f"sum([{writer.write(body, Prec.SUM)} {_loops(writer, letters, dims)}{conditions}])", Prec.ATOM
    below = ",".join(letters) + (": " if equal else "") + ", ".join(f"{a.written(writer.mode)}={b.written(writer.mode)}" for a, b in equal)
    sign = rf"\sum_{{{below}}}" if writer.mode == "latex" else f"Σ_{'{' * bool(equal)}{below}{'}' * bool(equal)}"
    return f"{sign} {writer.write(body, Prec.PRODUCT)}", Prec.PRODUCT


def _same(writer: Writer, form: Any) -> tuple[str, Prec]:
    """1 where two numbers are equal."""
    one, other = (writer.write(arg, Prec.SUM) for arg in form.args)
    if writer.mode == "numpy":
        return f"1.0 * ({one} == {other})", Prec.PRODUCT
    return (rf"\mathbb{{1}}\left[{one} = {other}\right]" if writer.mode == "latex" else f"1[{one} = {other}]"), Prec.ATOM


def _tensor(writer: Writer, form: Any) -> tuple[str, Prec]:
    """The tensor that has these entries."""
    (body,), (letters, shape) = form.args, form.params
    if writer.mode == "numpy":
        loops = [(letter, dim) for letter, dim in zip(letters, shape, strict=True) if letter]
        made = f"[{writer.write(body, Prec.SUM)} {_loops(writer, *zip(*loops, strict=True))}]" if loops else writer.write(body, Prec.SUM)
        return f"np.reshape({made}, ({', '.join(writer.write(dim, Prec.SUM) for dim in shape)},))", Prec.ATOM
    shown = writer.write(body, Prec.SUM)
    return (rf"\left[{shown}\right]_{{{''.join(letters)}}}" if writer.mode == "latex" else f"[{shown}]_{''.join(letters)}"), Prec.ATOM


def _only_printed(nodes: tuple[Node, ...], params: Params) -> Node:
    raise Unsupported("the entries of a tensor have letters only in print")


def _a_number(shapes: tuple[Shape, ...], params: Params) -> Shape:
    return ()


RECORDS: tuple[Op, ...] = (
    Op("entry", 1, _a_number, _only_printed, _entry, _entry, _entry),
    Op("most", 1, _a_number, _only_printed, _most, _most, _most),
    Op("total", 1, _a_number, _only_printed, _total, _total, _total),
    Op("same", 2, _a_number, _only_printed, _same, _same, _same),
    Op("tensor", 1, lambda _, params: params[1], _only_printed, _tensor, _tensor, _tensor),
)
