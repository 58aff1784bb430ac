"""Index notation: the form of a product of tensors that no matrix product spells, and sums over steps.

`einsum` prints as `[Σ_k A_ik B_jk C_k]_ij`. Its one parameter is the NumPy subscript string, `"ik,jk,k->ij"`; axes of
size 1 have subscripts too, which print as nothing.
"""

from __future__ import annotations

from typing import Any

from symgrad import names
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
    return f"Σ[{letter}={first}..{last}] ".replace("-", "−") + body, Prec.PRODUCT


def _no_tensor(nodes: tuple[Node, ...], params: Params) -> Node:
    raise Unsupported("a series is written out before it becomes a tensor (see symgrad.families.expand)")


# ── one entry of a tensor of more than two axes ──────────────────────────────────────────────────────────────────────


def _write_entries(writer: Writer, form: Any) -> tuple[str, Prec]:
    """`2 (Xᵀ X)_ik δ_jl`: the entry at i, j, k, l, each factor with its own indices. As NumPy it is the whole tensor."""
    if writer.mode == "numpy":
        return writer.written(form.args[0])
    return _entry(writer, form.args[0], _LETTERS[: len(form.shape)], form.params[0])


def _entry(writer: Writer, form: Any, letters: str, rows: int) -> tuple[str, Prec]:
    """The entry of a form at these letters, the first `rows` of which are the first variable's; "·" is an axis of size 1."""
    minus = "-" if writer.mode == "latex" else "−"
    if form.op == "symbol" and names.is_second(form.name):
        return names.second_entry(form.name, letters[:rows], letters[rows:], writer.mode), Prec.POSTFIX
    if form.op == "symbol" and names.gradient_of(form.name) and rows:
        return names.gradient_entry(form.name, letters[:rows], letters[rows:], writer.mode), Prec.POSTFIX
    if form.op == "add":
        out = ""
        for term in form.args:
            shown = _entry(writer, term, letters, rows)[0]
            sign = f" {minus} " if shown.startswith(minus) else " + "
            out += (sign if out else "") + (shown.removeprefix(minus) if out and sign == f" {minus} " else shown)
        return out, Prec.SUM
    if form.op == "scale":
        *scalars, body = form.args
        sign = minus if scalars[0].op == "number" and scalars[0].value == -1 and not scalars[0].sizes else ""
        parts = [writer.write(s, Prec.PREFIX if s.op != "number" else Prec.PRODUCT) for s in scalars[bool(sign) :]]
        inner, prec = _entry(writer, body, letters, rows)
        if prec < Prec.PRODUCT:
            inner = rf"\left({inner}\right)" if writer.mode == "latex" else f"({inner})"
        return sign + " ".join([*parts, inner]), Prec.PRODUCT
    if form.op == "series":
        letter, first, last = form.params
        inner = _entry(writer, form.args[0], letters, rows)[0]
        return (
            rf"\sum_{{{letter}={first}}}^{{{last}}} " if writer.mode == "latex" else f"Σ[{letter}={first}..{last}] "
        ) + inner, Prec.PRODUCT
    if form.op == "einsum":
        return _entry_of_product(writer, form, letters)
    if form.op in ("ones", "zeros"):
        return ("1" if form.op == "ones" else "0"), Prec.ATOM
    return _factor(writer, form, "".join(c for c, dim in zip(letters, form.shape, strict=True) if not dim.is_one)), Prec.POSTFIX


def _entry_of_product(writer: Writer, form: Any, letters: str) -> tuple[str, Prec]:
    operands, out = _read(form.params[0])
    sizes = _sizes(tuple(arg.shape for arg in form.args), form.params)
    spelled = dict(zip(out, letters, strict=True))
    more = iter(c for c in _LETTERS if c not in letters)
    summed = [c for c in dict.fromkeys("".join(operands)) if c not in spelled and not sizes[c].is_one]
    spelled |= {c: next(more) for c in summed}
    scalars, factors = [], []
    for arg, subscripts in zip(form.args, operands, strict=True):
        below = "".join(spelled[c] for c in subscripts if not sizes[c].is_one)
        if not below:
            scalars.append(writer.write(arg, Prec.PREFIX))
            continue
        if arg.op == "scale":
            scalars += [writer.write(s, Prec.PREFIX if s.op != "number" else Prec.PRODUCT) for s in arg.args[:-1]]
        if arg.op != "ones":
            factors.append(_factor(writer, arg.args[-1] if arg.op == "scale" else arg, below))
    below = ",".join(spelled[c] for c in summed)
    sign = "" if not summed else rf"\sum_{{{below}}} " if writer.mode == "latex" else f"Σ_{below} "
    return " ".join([*scalars, sign + " ".join(factors or ["1"])]), Prec.PRODUCT


def _factor(writer: Writer, form: Any, letters: str) -> str:
    """One factor with its indices: δ_ij, a symbol's entry, or the entry of a matrix in parentheses."""
    if form.op == "transpose" and form.args[0].op == "symbol" and len(letters) == 2:
        form, letters = form.args[0], letters[::-1]
    elif form.op == "transpose" and len(letters) < 2:
        form = form.args[0]
    body = r"\delta" if writer.mode == "latex" else "δ"
    if form.op != "eye":
        body = writer.write(form, Prec.SUM)
        if form.op != "symbol" or any(c in body for c in "_^") or names.text(form.name)[-1:] != form.name[-1:]:
            body = rf"\left({body}\right)" if writer.mode == "latex" else f"({body})"
    return names.indexed(body, letters, writer.mode)


def _applied(writer: Writer, form: Any) -> tuple[str, Prec]:
    """A derivative applied to a direction: `∂²L/∂W² [V]`."""
    body, direction = writer.written(form.args[0])[0], writer.write(form.args[1], Prec.SUM)
    return (rf"{body}\left[{direction}\right]" if writer.mode == "latex" else f"{body} [{direction}]"), Prec.POSTFIX


def _is_written_only(nodes: tuple[Node, ...], params: Params) -> Node:
    raise Unsupported("a derivative applied to a direction stands only on the left of an equation")


RECORDS: tuple[Op, ...] = (
    Op("einsum", None, _shape, _lower, _write, _write, _write),
    Op("entries", 1, lambda shapes, _: shapes[0], lambda nodes, _: nodes[0], _write_entries, _write_entries, _write_entries),
    Op("applied", 2, lambda _, params: params, _is_written_only, _applied, _applied, _applied),
    Op("series", 1, lambda shapes, _: shapes[0], _no_tensor, _write_series, _write_series, _write_series),
)
