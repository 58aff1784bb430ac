"""Index notation: the form of a product of tensors that no matrix product spells, and sums over steps.

`einsum` prints as `[Σ_k A_ik B_jk C_k]_ij`. Its one parameter is the NumPy subscript string, `"ik,jk,k->ij"`; axes of
size 1 have subscripts too, which print as nothing.
"""

from __future__ import annotations

from typing import Any

from symgrad import names
from symgrad.contraction import pair_source, single_source
from symgrad.dims import ONE, Dim, Shape, show
from symgrad.errors import ShapeError, Unsupported
from symgrad.op import Op, Prec, Writer
from symgrad.ops.window import offset
from symgrad.tensor import Node, Params, einsum

_LETTERS = "ijklmnpqrstuvw"
_MORE = "abcdefghxyzo"


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
        return _write_numpy(writer, form, operands, out)
    sizes = _sizes(tuple(arg.shape for arg in form.args), form.params)
    shown = [c for c in dict.fromkeys(out + "".join(operands)) if not sizes[c].is_one]
    letters = _letters(form, operands, shown, sizes)
    spelled, conditions = _in_windows(writer, form, operands, out, letters)
    if (whole := _without_units(form, operands, out, sizes)) is not None:
        return writer.written(whole)
    summed = [letters[c] for c in shown if c not in out and spelled[c] == letters[c]]
    entries = []
    for arg, subscripts in zip(form.args, operands, strict=True):
        if arg.op == "window" or (arg.op == "ones" and arg.is_scalar):
            continue
        body = writer.write(arg, Prec.ATOM)
        places = [spelled[c] for c in subscripts if c in letters]
        below = (", " if any(len(p) > 1 for p in places) and writer.mode == "latex" else "" if writer.mode == "latex" else ",").join(places)
        needs = arg.op != "symbol" or "_" in body or "frac" in body
        body = writer.write(arg, Prec.SUM) if needs and arg.op != "symbol" else body
        if writer.mode == "latex":
            entries.append((rf"\left[{body}\right]" if needs else body) + (f"_{{{below}}}" if below else ""))
        else:
            entries.append((f"[{body}]" if needs and arg.op != "symbol" else body) + (f"[{below}]" if below else ""))
    sign = ""
    if summed or conditions:
        below = ",".join(summed) + (": " if summed and conditions else "") + ", ".join(conditions)
        sign = rf"\sum_{{{below}}} " if writer.mode == "latex" else f"Σ_{'{' * bool(conditions)}{below}{'}' * bool(conditions)} "
    free = "".join(letters[c] for c in out if c in letters)
    body = sign + " ".join(entries or ["1"])
    if not free:
        return body, Prec.PRODUCT
    if len(out) > 2 and [arg.op for arg in form.args if arg.op != "ones"] == ["symbol"]:
        free = "".join(letters.get(c, "1") for c in out)  # which axes it is repeated along
    return (rf"\left[{body}\right]_{{{free}}}" if writer.mode == "latex" else f"[{body}]_{free}"), Prec.POSTFIX


def _without_units(form: Any, operands: list[str], out: str, sizes: dict[str, Dim]) -> Any:
    """What is computed and only loses or gets axes of size 1, which need not be said; None for anything else."""
    computed = [(arg, letters) for arg, letters in zip(form.args, operands, strict=True) if not (arg.op == "ones" and arg.is_scalar)]
    if len(computed) != 1 or computed[0][0].op == "symbol":
        return None
    (arg, letters) = computed[0]
    mine, its = ([c for c in written if not sizes[c].is_one] for written in (letters, out))
    return arg if len(mine) > 1 and mine == its and len(set(mine)) == len(mine) else None


def _letters(form: Any, operands: list[str], shown: list[str], sizes: dict[str, Dim]) -> dict[str, str]:
    """What every index is called: i, j, k, …; beside windows as their sizes are, windows p, q, … and their entries i, j, …"""
    windows = [tuple(subscripts) for arg, subscripts in zip(form.args, operands, strict=True) if arg.op == "window"]
    if not windows:
        written = _sizes_written(form)
        return dict(zip(shown, [c for c in _LETTERS + _MORE if c not in written], strict=False))
    wanted = {c: str(sizes[c]) for c in shown if str(sizes[c]).isalpha() and str(sizes[c]).islower()}
    for place, entry, (_, many, width) in zip("pqr", "ijk", windows, strict=False):
        wanted |= {many: place, width: entry}
    taken = {arg.name for arg in form.args if arg.op == "symbol"}
    found: dict[str, str] = {}
    for c in [*(c for w in windows for c in w[1:] if c in shown), *shown]:
        if c not in found:
            spare = (x for x in (wanted.get(c, ""), *_LETTERS, *_MORE) if len(x) == 1 and x not in taken and x not in found.values())
            found[c] = next(spare)
    return found


def _sizes_written(form: Any) -> set[str]:
    """The names of sizes that its operands show, as `reshape[n×k](A)` does; an index is called otherwise."""
    found: set[str] = set()
    left = [arg for arg in form.args if arg.op != "ones"]
    while left:
        part = left.pop()
        found.update(name for param in part.params if isinstance(param, Dim) for name in param.symbols)
        left += part.args
    return found


def _in_windows(writer: Writer, form: Any, operands: list[str], out: str, letters: dict[str, str]) -> tuple[dict[str, str], list[str]]:
    """How every index is written, that of an axis with windows on it as `2p+i−1`, and the conditions where it is not summed."""
    spelled, conditions = dict(letters), []
    for arg, subscripts in zip(form.args, operands, strict=True):
        if arg.op != "window":
            continue
        whole, many, width = tuple(subscripts)
        at = offset(arg.params, letters.get(many, ""), letters.get(width, ""), writer.mode)
        if whole in letters and whole not in out and spelled[whole] == letters[whole]:
            spelled[whole] = at
        else:
            conditions.append(f"{at}={spelled.get(whole, '0')}")
    return spelled, conditions


def _write_numpy(writer: Writer, form: Any, operands: list[str], out: str) -> tuple[str, Prec]:
    """One or two operands by the fastest function; else `np.einsum`. Windows on an axis that only one operand has are a view of that."""
    parts = [(writer.write(arg, Prec.SUM), subscripts) for arg, subscripts in zip(form.args, operands, strict=True)]
    for k, arg in enumerate(form.args):
        if arg.op != "window":
            continue
        whole, many, width = tuple(operands[k])
        beside = [i for i, (_, subscripts) in enumerate(parts) if whole in subscripts and i != k]
        if whole in out or len(beside) != 1 or form.args[beside[0]].op == "window":
            continue
        (i,) = beside
        body, subscripts = parts[i]
        if subscripts.count(whole) == 1:
            stride = ", ".join(writer.write(Dim.of(param), Prec.SUM) for param in arg.params[3:])
            view = f"_windows({body}, {subscripts.index(whole)}, {writer.write(arg.params[2], Prec.SUM)}, {stride})"
            parts[i], parts[k] = (view, subscripts.replace(whole, many + width)), ("", "")
    full = [
        (writer.write(arg, Prec.ATOM), subscripts)
        for arg, subscripts in zip(form.args, operands, strict=True)
        if not (arg.op == "ones" and arg.is_scalar)
    ]
    if 1 <= len(full) <= 2 and not any(arg.op == "window" for arg in form.args):
        sizes = _sizes(tuple(arg.shape for arg in form.args), form.params)
        units = "".join(c for c, dim in sizes.items() if dim.is_one)
        return (
            single_source(full[0], out, units)
            if len(full) == 1
            else pair_source(full[0], full[1], out, units, lambda c: writer.write(sizes[c], Prec.SUM))
        )
    spec = ",".join(subscripts for body, subscripts in parts if body) + "->" + out
    return f"np.einsum({spec!r}, {', '.join(body for body, _ in parts if body)}, optimize=True)", Prec.ATOM


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
    if form.op == "divide" and form.args[1].is_scalar:
        inner, under = (
            _entry(writer, form.args[0], letters, rows)[0],
            writer.write(form.args[1], Prec.POSTFIX if writer.mode == "text" else Prec.SUM),
        )
        return (rf"\frac{{{inner}}}{{{under}}}" if writer.mode == "latex" else f"{inner}/{under}"), Prec.PRODUCT
    if form.op == "series":
        letter, first, last = form.params
        inner = _entry(writer, form.args[0], letters, rows)[0]
        return (
            rf"\sum_{{{letter}={first}}}^{{{last}}} " if writer.mode == "latex" else f"Σ[{letter}={first}..{last}] "
        ) + inner, Prec.PRODUCT
    if form.op == "einsum":
        return _entry_of_product(writer, form, letters)
    if form.op == "number":
        return writer.written(form)
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


# ── matrices at places of tensors, as `symgrad.batches` prints them ──────────────────────────────────────────────────


def _placed(shapes: tuple[Shape, ...], params: Params) -> Shape:
    """Two axes that no letter has; of one a row, or a column where it is not the last; of none a scalar."""
    if len(params) != len(shapes[0]):
        raise ShapeError(f"{len(params)} places of a {show(shapes[0])}")
    kept = [axis for axis, place in enumerate(params) if place is None]
    dims = tuple(shapes[0][axis] for axis in kept)
    if len(dims) == 1:
        return (ONE, *dims) if kept[0] == len(params) - 1 else (*dims, ONE)
    return dims


def _write_placed(writer: Writer, form: Any) -> tuple[str, Prec]:
    """`X_b`, `Q[b,:,h,:]`; in LaTeX the places stand below."""
    (body,), places = form.args, form.params
    if writer.mode == "numpy":
        at = ", ".join(":" if p is None else p or "0" for p in places)
        return f"np.reshape({writer.write(body, Prec.ATOM)}[{at}], ({', '.join(writer.write(d, Prec.SUM) for d in form.shape)}))", Prec.ATOM
    alone = sum(p is None and not dim.is_one for p, dim in zip(places, body.shape, strict=True)) == 0
    whole = [":" if p is None else p for p in places if p or (p is None and not alone)]
    while len(whole) > 1 and whole[-1] == ":" and len(form.shape) == 2 and form.shape[0] is not ONE and places[-2:] == (None, None):
        whole.pop()
    shown = writer.write(body, Prec.SUM)
    bare = body.op == "symbol" and not any(c in body.name for c in "_^∂")
    if all(place == ":" for place in whole):
        return writer.written(body)
    if writer.mode == "latex":
        return (shown if bare else rf"\left({shown}\right)") + f"_{{{','.join(whole)}}}", Prec.ATOM
    if ":" in whole:
        return f"{writer.write(body, Prec.ATOM)}[{','.join(whole)}]", Prec.ATOM
    return (shown if bare else f"({shown})") + f"_{''.join(whole)}", Prec.ATOM


def _looped(writer: Writer, body: Any, letters: Params, dims: Params) -> str:
    loops = " ".join(f"for {c} in range({writer.write(dim, Prec.SUM)})" for c, dim in zip(letters, dims, strict=True) if c)
    return f"[{writer.write(body, Prec.SUM)} {loops}]"


def _write_stack(writer: Writer, form: Any) -> tuple[str, Prec]:
    """`[X_b W]_b`: the tensor whose b-th matrix is X_b W."""
    (body,), (letters, shape) = form.args, form.params
    if writer.mode == "numpy":
        sizes = ", ".join(writer.write(dim, Prec.SUM) for dim in shape)
        return f"np.reshape({_looped(writer, body, letters, shape[: len(letters)])}, ({sizes}))", Prec.ATOM
    inside, below = writer.write(body, Prec.SUM), "".join(letters)
    if not below:
        return writer.written(body)
    return (
        rf"\left[{inside}\right]_{{{','.join(c for c in letters if c)}}}" if writer.mode == "latex" else f"[{inside}]_{below}"
    ), Prec.ATOM


def _write_over(writer: Writer, form: Any) -> tuple[str, Prec]:
    (body,), (letters, dims) = form.args, form.params
    if writer.mode == "numpy":
        return f"sum({_looped(writer, body, letters, dims)})", Prec.ATOM
    sign = rf"\sum_{{{','.join(letters)}}}" if writer.mode == "latex" else f"Σ_{','.join(letters)}"
    return f"{sign} {writer.write(body, Prec.PRODUCT)}", Prec.PRODUCT


def _only_printed(nodes: tuple[Node, ...], params: Params) -> Node:
    raise Unsupported("the places of a tensor have letters only in print")


RECORDS: tuple[Op, ...] = (
    Op("einsum", None, _shape, _lower, _write, _write, _write),
    Op("entries", 1, lambda shapes, _: shapes[0], lambda nodes, _: nodes[0], _write_entries, _write_entries, _write_entries),
    Op("applied", 2, lambda _, params: params, _is_written_only, _applied, _applied, _applied),
    Op("at", 1, _placed, _only_printed, _write_placed, _write_placed, _write_placed),
    Op("stack", 1, lambda _, params: params[1], _only_printed, _write_stack, _write_stack, _write_stack),
    Op("over", 1, lambda shapes, _: shapes[0], _only_printed, _write_over, _write_over, _write_over),
    Op("series", 1, lambda shapes, _: shapes[0], _no_tensor, _write_series, _write_series, _write_series),
)
