"""Index notation: the form of a product of tensors that no matrix product spells, and sums over steps.

`einsum` prints as `[Σ_k A_ik B_jk C_k]_ij`. Its one parameter is the NumPy subscript string, `"ik,jk,k->ij"`; axes of
size 1 have subscripts too, which print as nothing.
"""

from __future__ import annotations

from typing import Any

from symgrad.dims import Dim, Shape, show
from symgrad.errors import ShapeError, Unsupported
from symgrad.op import Op, Prec, Writer
from symgrad.tensor import Node, Params, einsum

_LETTERS = "ijklmnpqrstuvw"


def _read(spec: str) -> tuple[list[str], str]:
    left, _, out = spec.partition("->")
    return left.split(","), out


def _sizes(shapes: tuple[Shape, ...], params: Params) -> dict[str, Dim]:
    sizes: dict[str, Dim] = {}
    operands, _ = _read(params[0])
    for subscripts, shape in zip(operands, shapes, strict=True):
        if len(subscripts) != len(shape):
            raise ShapeError(f"einsum subscripts {subscripts!r} for a {show(shape)}")
        for letter, dim in zip(subscripts, shape, strict=True):
            if sizes.setdefault(letter, dim) is not dim:
                raise ShapeError(f"einsum index {letter} runs over {sizes[letter]} and over {dim}")
    return sizes


def _shape(shapes: tuple[Shape, ...], params: Params) -> Shape:
    sizes = _sizes(shapes, params)
    return tuple(sizes[letter] for letter in _read(params[0])[1])


def _lower(nodes: tuple[Node, ...], params: Params) -> Node:
    shapes = tuple(n.shape for n in nodes)
    operands, out = _read(params[0])
    number = {letter: i for i, letter in enumerate(_sizes(shapes, params))}
    factors = [(n, tuple(number[c] for c in subs)) for n, subs in zip(nodes, operands, strict=True)]
    return einsum(factors, tuple(number[c] for c in out), _shape(shapes, params))


def _write(writer: Writer, form: Any) -> tuple[str, Prec]:
    operands, out = _read(form.params[0])
    if writer.mode == "numpy":
        args = ", ".join(writer.write(arg, Prec.SUM) for arg in form.args)
        return f"np.einsum({form.params[0]!r}, {args}, optimize=True)", Prec.ATOM
    sizes = _sizes(tuple(arg.shape for arg in form.args), form.params)
    shown = [c for c in dict.fromkeys(out + "".join(operands)) if not sizes[c].is_one]
    letters = dict(zip(shown, _LETTERS, strict=False))
    summed = [letters[c] for c in shown if c not in out]
    entries = []
    for arg, subscripts in zip(form.args, operands, strict=True):
        body = writer.write(arg, Prec.ATOM)
        below = "".join(letters[c] for c in subscripts if c in letters)
        needs = arg.op != "symbol" or "_" in body or "frac" in body
        if writer.mode == "latex":
            entries.append((rf"\left[{body}\right]" if needs else body) + (f"_{{{below}}}" if below else ""))
        else:
            entries.append((f"[{body}]" if needs and arg.op != "symbol" else body) + (f"[{','.join(below)}]" if below else ""))
    sign = ""
    if summed:
        sign = rf"\sum_{{{','.join(summed)}}} " if writer.mode == "latex" else f"Σ_{','.join(summed)} "
    free = "".join(letters[c] for c in out if c in letters)
    body = sign + " ".join(entries)
    if not free:
        return body, Prec.PRODUCT
    return (rf"\left[{body}\right]_{{{free}}}" if writer.mode == "latex" else f"[{body}]_{free}"), Prec.POSTFIX


def _write_series(writer: Writer, form: Any) -> tuple[str, Prec]:
    letter, first, last = form.params
    if writer.mode == "numpy":
        raise Unsupported("a series is written out before it becomes NumPy")
    body = writer.write(form.args[0], Prec.PRODUCT)
    if writer.mode == "latex":
        return rf"\sum_{{{letter}={first}}}^{{{last}}} {body}", Prec.PRODUCT
    return f"Σ[{letter}={first}..{last}] {body}", Prec.PRODUCT


def _no_tensor(nodes: tuple[Node, ...], params: Params) -> Node:
    raise Unsupported("a series is written out before it becomes a tensor (see symgrad.families.expand)")


RECORDS: tuple[Op, ...] = (
    Op("einsum", None, _shape, _lower, _write, _write, _write),
    Op("series", 1, lambda shapes, _: shapes[0], _no_tensor, _write_series, _write_series, _write_series),
)
