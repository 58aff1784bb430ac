r"""Derivatives: gradients, Jacobians, Hessians, differentials."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from symgrad import syntax as sx
from symgrad.constant import constant_of
from symgrad.dims import ONE
from symgrad.naming import MEANT, letters_of, plain_name, superscript, without_transpose
from symgrad.readings.entries import as_entry
from symgrad.readings.exchanged import by_exchanged, by_function, variable_below
from symgrad.readings.named import of_each_example, symbol
from symgrad.shapes import Shapes
from symgrad.syntax import Node, Unreadable
from symgrad.terms import COLUMN, ROW, TANGENT, Term, names_in
from symgrad.typing_rules import Note, Reading, best, is_scalar, multiply, transposed

if TYPE_CHECKING:
    from symgrad.readings.reader import Reader, Variants


def derivative(reader: Reader, node: sx.Derivative, shapes: Shapes) -> Variants:
    if not node.wrt and node.of is not None:
        subject = _bare_of_transpose(node.of.factors[0] if isinstance(node.of, sx.Product) else node.of)
        about = plain_name(subject, reader.names.styled) or ""
        meant = reader.names.variable_of(about) or _of_the_losses(reader, subject)
        if meant is None and len(changing := [n for n in reader.tangents if reader.names.rests_on(about, n)]) == 1:
            meant = changing[0]  # `\nabla f` beside `df = …\, dM`
        if meant is None:
            raise Unreadable(node.span, "it is not said by what is differentiated")
        node = replace(node, wrt=(sx.Name(node.span, MEANT + meant),))
    bare = None if node.of is None else _bare_of_transpose(node.of)
    if bare is not None and bare is not node.of and node.order is None and plain_name(bare, reader.names.styled) in reader.names.losses():
        # `\nabla J^\top` turns the gradient, not the loss.
        yield from (reading.with_term(transposed(reading.term)) for reading in derivative(reader, replace(node, of=bare), shapes))
        return
    of_all = reader.names.loss_of_all(plain_name(node.of, reader.names.styled) or "") if node.of is not None else None
    if of_all is not None and len(node.wrt) == 1 and node.order is None:
        node = replace(node, of=sx.Name(node.span, MEANT + of_all))
        for reading in derivative(reader, node, shapes):
            is_gradient = reading.term.op == "gradient"
            yield reading.with_term(of_each_example(reader, reading.term, reading.shapes)) if is_gradient else reading
        return
    if node.bare and isinstance(node.of, sx.Product):
        yield from _bare_derivative(reader, node, node.of, shapes)
        return
    if node.order is not None or len(node.wrt) != 1:
        yield from _hessian(reader, node, shapes)
        return
    if node.of is None:
        raise Unreadable(node.span, "an operator without what it is applied to")
    direct = node.mark is not None
    for wrt in reader.plain(node.wrt[0], shapes):
        variable = wrt.term
        for of in reader.plain(node.of, wrt.shapes):
            as_row = node.kind != "nabla" and reader.names.numerator
            for made in _by(reader, of.term, variable, of.shapes, direct, as_row):
                if as_row and made.op == "jacobian" and is_scalar(of.shapes, of.term):
                    flat = Term("jacobian_flat", (made,), (), variable.rows, variable.cols)
                    yield Reading(wrt.cost + of.cost, of.shapes, transposed(flat), wrt.notes + of.notes)
                    continue
                reading = Reading(wrt.cost + of.cost, of.shapes, made, wrt.notes + of.notes)
                if made.op == "jacobian" and made.params[1] == "direct" and not direct:
                    about = f"{of.term.params[0]} {variable.params[0]}"
                    reading = reading.plus(0.3, of.shapes, made, Note("direct", node.span, about))
                yield reading


def _of_the_losses(reader: Reader, subject: Node) -> str | None:
    r"""`\nabla p_i` beside `\nabla J(w)`: what is differentiated by is what the losses are functions of, where that is one."""
    bare = subject.base if isinstance(subject, sx.Scripted) and letters_of(subject.sub) and subject.sup is None else subject
    about = plain_name(bare, reader.names.styled) or ""
    found = {meant for of in reader.names.losses() if of != about and (meant := reader.names.variable_of(of)) is not None}
    meant = found.pop() if len(found) == 1 else None
    return meant if meant is not None and meant != about and reader.names.rests_on(about, meant) else None


def _hessian(reader: Reader, node: sx.Derivative, shapes: Shapes) -> Iterator[Reading]:
    r"""`\nabla^2 L`, `\frac{\partial^2 L}{\partial w \partial w^\top}`: the Jacobian of the gradient, by one vector or by two names."""
    order = None if node.order is None else constant_of(node.order)
    if order is None or node.of is None or not ((order == 2 and 1 <= len(node.wrt) <= 2) or order == len(node.wrt) == 3):
        raise Unreadable(node.span, "a derivative of higher order")
    bases = [_bare_of_transpose(w) for w in node.wrt]
    yield from _of_entries(reader, node.of, bases, shapes)
    for first in reader.plain(bases[0], shapes) if order == 2 else ():
        for second in reader.plain(bases[-1], first.shapes):
            for of in reader.plain(node.of, second.shapes):
                a, b, f = first.term, second.term, of.term
                if not (a.op == b.op == f.op == "symbol") or f.params[0] not in reader.names.losses():
                    continue
                gradient = Term("gradient", (), (f.params[0], a.params[0]), a.rows, a.cols)
                jacobian = Term("jacobian", (gradient,), (b.params[0], "total", b.rows, b.cols), a.rows, a.cols)
                cost = first.cost + second.cost + of.cost
                yield Reading(cost, of.shapes, jacobian, first.notes + second.notes + of.notes)


def _belongs_to_it(of: Node, operator: str, behind: Node) -> bool:
    r"""Whether brackets right behind an operand are a part of it: nobody means `(dπ/dz) (1 - π)` by `\frac{d}{dz} π (1 - π)`."""
    names = [{n for n in sx.walk(node) if isinstance(n, sx.Name)} for node in (of, behind)]
    return not operator and isinstance(behind, sx.Group) and bool(names[0] & names[1])


def _of_entries(reader: Reader, whole: Node, bases: list[Node], shapes: Shapes) -> Iterator[Reading]:
    r"""`\frac{\partial^2 E}{\partial w_j\,\partial w_k}`: a loss by one entry after the other."""
    states = [of for of in reader.plain(whole, shapes) if of.term.op == "symbol" and of.term.params[0] in reader.names.losses()]
    for base in bases:
        states = [
            Reading(of.cost + by.cost, by.shapes, made, of.notes + by.notes)
            for of in states
            for by in reader.plain(base, of.shapes)
            if by.term.op == "entry"
            for made in _by(reader, of.term, by.term, by.shapes, False)
        ]
    yield from states if len(bases) > 1 else ()


def _bare_derivative(reader: Reader, node: sx.Derivative, product: sx.Product, shapes: Shapes) -> Iterator[Reading]:
    """`∇_h h W · v`: the operand may end before the product does; all of it first."""
    for length in range(len(product.factors), 0, -1):
        part = product.factors[:length]
        of: Node = part[0] if length == 1 else sx.Product(node.span, part, product.operators[: length - 1])
        inner = replace(node, of=of, bare=False)
        try:
            readings = list(derivative(reader, inner, shapes))
        except Unreadable:
            if length == 1:
                raise
            continue
        rest = product.factors[length:]
        if rest and _belongs_to_it(of, product.operators[length - 1], rest[0]):
            continue
        for reading in readings:
            cost = 0.4 * (len(product.factors) - length)
            if not rest:
                yield reading
                continue
            states = [reading.plus(cost, reading.shapes, reading.term)]
            for operator, factor in zip(product.operators[length - 1 :], rest, strict=True):
                states = best(
                    made
                    for left in states
                    for right in reader.read(factor, left.shapes)
                    for made in multiply(left, right, operator, node.span, reader.charity)
                )
            yield from states


def _by(reader: Reader, of: Term, variable: Term, shapes: Shapes, direct: bool, as_row: bool = False) -> Iterator[Term]:
    """The derivative of a term by a name, or by an entry of one."""
    if variable.op in ("entry", "pick", "shifted") and variable.args[0].op == "symbol":
        yield from _by_an_entry(reader, of, variable, shapes, direct)
        return
    if variable.op == "transpose" and variable.args[0].op == "pick" and of.op == "symbol" and of.params[0] in reader.names.losses():
        yield from map(transposed, _by(reader, of, variable.args[0], shapes, direct, as_row))  # k_1, a row of k and a column by itself
        return
    below = variable_below(variable)
    if below is not None:
        yield from (by_function(made, variable) for made in _by(reader, of, below, shapes, direct) if made.op != "jacobian")
        return
    if variable.op != "symbol":
        return
    name = variable.params[0]
    if of.op == "symbol" and of.params[0] in reader.names.losses():
        gradient = Term("gradient", (), (of.params[0], name), variable.rows, variable.cols)
        exchanged = None if as_row or direct else by_exchanged(reader, of.params[0], name)
        # Of what is written without the new parameter there is no derivative by it but the one by exchange.
        if exchanged is None or _speaks_of(reader, of.params[0], name):
            yield transposed(gradient) if as_row else gradient
        if exchanged is not None:
            yield exchanged
        return
    if reader.names.shape(name) is None and any(reader.names.shape(base) is not None for base in _wholes(name)):
        return  # the z_n of a z that is known, or of a Z, is one of its vectors, and no name that nothing says more of
    if of.free:
        yield from _of_an_entry(reader, of, variable, shapes, direct)
        return
    mode = "direct" if direct else "total"
    yield Term("jacobian", (of,), (name, mode, variable.rows, variable.cols), of.rows, of.cols)
    if of.op == "symbol" and not direct:
        yield Term("jacobian", (of,), (name, "direct", variable.rows, variable.cols), of.rows, of.cols)


def _wholes(name: str) -> tuple[str, ...]:
    """What a name with an index may be one vector of."""
    base, _, index = name.partition("_")
    return (base, base.upper()) if index.isalpha() else ()


def _speaks_of(reader: Reader, of: str, name: str) -> bool:
    """Whether a formula, as it is written, has a name in it or in what it is made of."""
    seen, waiting = set[str](), [of]
    while waiting:
        formula = reader.names.formula(waiting.pop())
        found = set(names_in(formula)) - seen if formula is not None else set()
        if name in found:
            return True
        seen |= found
        waiting += found
    return False


def _of_an_entry(reader: Reader, of: Term, variable: Term, shapes: Shapes, direct: bool) -> Iterator[Term]:
    r"""`\nabla_w p_k`, `\nabla_w (w^T x_i)^2`: the derivative of what has indices, by the whole of a name."""
    if not is_scalar(shapes, of) or len(of.free) > 2:
        return
    sizes = [reader.index(letter) for letter in of.free]
    whole = Term("collect", (of,), of.free, sizes[0], sizes[1] if len(sizes) > 1 else ONE)
    for jacobian in _by(reader, whole, variable, shapes, direct):
        if jacobian.op == "jacobian":
            letters = (*of.free, *("·a",) * (2 - len(of.free)), ROW, COLUMN)
            yield Term("jacobian_entry", (jacobian,), letters, variable.rows, variable.cols, of.free)


def _by_an_entry(reader: Reader, of: Term, variable: Term, shapes: Shapes, direct: bool) -> Iterator[Term]:
    """`∂L/∂W_{ij}`, `∂p_i/∂z_j`: entries of a gradient or of a Jacobian."""
    base = variable.args[0]
    entry = as_entry(of)
    whole_of = of if entry is None else entry.args[0]
    name = str(base.params[0])
    is_known = reader.names.is_defined(name) or reader.names.formula(name) is not None
    if not is_known and reader.names.is_defined(f"{name}_2"):
        return  # the h_k of `∂h_t/∂h_k` are names of their own, and no entries of an h that nothing says more of
    if not is_known and reader.names.shape(name) is None and reader.names.shape(name.upper()) is not None:
        return  # nor are the x_n entries of an x beside an X, but its rows
    for whole in _by(reader, whole_of, base, shapes, direct):
        if not whole.op.startswith("jacobian"):
            yield replace(variable, args=(whole,))
        elif whole.op == "jacobian" and variable.op == "entry" and len(variable.params) == 2 and not whole_of.free:
            at = (None, None) if entry is None else entry.params
            letters = (*at, *variable.params)
            free = tuple(sorted({letter for letter in letters if letter is not None}))
            rows = whole.rows if at[0] is None else ONE
            cols = whole.cols if at[1] is None else ONE
            if is_scalar(shapes, variable):
                yield Term("jacobian_entry", (whole,), letters, rows, cols, free)
            elif entry is not None and is_scalar(shapes, of):
                yield _by_a_member(whole, entry, variable)
        elif whole.op == "jacobian" and variable.op == "entry" and entry is not None and is_scalar(shapes, of):
            yield _by_a_member(whole, entry, variable)
        elif whole.op == "jacobian_entry" and variable.op == "entry" and len(variable.params) == 2 and is_scalar(shapes, variable):
            letters = (*whole.params[:2], *variable.params)  # that of what has indices already
            free = tuple(sorted({letter for letter in letters if letter is not None and not letter.startswith("·")}))
            yield replace(whole, params=letters, rows=ONE, cols=ONE, free=free)


def _by_a_member(jacobian: Term, entry: Term, variable: Term) -> Term:
    r"""`∂\ell_n/∂z_n`: the derivative of a number of one example by the vector of one, as the vector lies."""
    stays = COLUMN if variable.rows.is_one else ROW
    at = [letter if letter is not None else free for letter, free in zip(entry.params[:2], ("·a", "·b"), strict=True)]
    by = [letter if letter is not None else stays for letter in variable.params[:2]]
    free = tuple(sorted({letter for letter in (*entry.params[:2], *variable.params[:2]) if letter is not None}))
    return Term("jacobian_entry", (jacobian,), (*at, *by), variable.rows, variable.cols, free)


def differential(reader: Reader, node: sx.Differential, shapes: Shapes) -> Variants:
    """`dX` by itself: a change of X, where the sheet works with differentials, else the gradient by X that a name stands for."""
    inner = node.of
    if isinstance(inner, sx.Scripted) and inner.sup is not None and superscript(inner.sup).transposed:
        kept = without_transpose(inner)
        for reading in differential(reader, replace(node, of=kept), shapes):
            yield reading.with_term(transposed(reading.term))
        return
    if node.sign == "d" and reader.tangents:
        changes = [change for reading in _subjects(reader, inner, shapes) for change in _change(reader, reading)]
        if node.order is not None:  # changes of inputs do not change themselves
            changes = [again for change in changes for again in _change(reader, change)] if constant_of(node.order) == 2 else []
        yield from changes
        if changes:
            return
    name = plain_name(node, reader.names.styled)
    if name is not None and (reader.names.shape(name) is not None or reader.names.gradient_name(name) is not None):
        yield from symbol(reader, name, node, shapes, False)
        return
    found = False
    for reading in reader.plain(inner, shapes):
        term = reading.term
        base = term.args[0] if term.op in ("entry", "pick") else None
        meant = None
        if base is not None and base.op == "symbol" and node.sign in _SIGNS:
            meant = reader.names.gradient_name(_SIGNS[node.sign] + base.params[0])
        if base is not None and meant is not None:
            found = True
            whole = of_each_example(reader, Term("gradient", (), meant, base.rows, base.cols), reading.shapes)
            yield reading.with_term(replace(term, args=(whole,)))
    if not found:
        if name is None:
            raise Unreadable(node.span, "a differential")
        yield from symbol(reader, name, node, shapes, False)


def _subjects(reader: Reader, node: Node, shapes: Shapes) -> list[Reading]:
    """What changes: a name by itself, else an entry or an expression in all its readings."""
    name = plain_name(node, reader.names.styled)
    shape = None if name is None else reader.names.shape(name)
    # What is no name that is known may be an entry, or a row, of one.
    return reader.plain(node, shapes) if shape is None else [Reading(0.0, shapes, Term("symbol", (), (name,), *shape))]


def _change(reader: Reader, reading: Reading) -> Iterator[Reading]:
    """The differential of a term: a change of its own, or what the changes of the inputs make of it."""
    term, names = reading.term, reader.names
    if term.op == "entry" and term.args[0].op == "symbol":
        for whole in _change(reader, reading.with_term(term.args[0])):
            yield whole.with_term(replace(term, args=(whole.term,)))
        return
    if term.free:
        return
    total: Term | None = None
    for variable in reader.tangents:
        size = names.shape(variable)
        if size is None:
            continue
        change = Term("symbol", (), (TANGENT + variable,), *size)
        if term.op == "symbol" and term.params[0] == variable:
            yield reading.with_term(change)
            return
        if any(name == variable or names.rests_on(name, variable) for name in names_in(term)):
            jacobian = Term("jacobian", (term,), (variable, "total", *size), term.rows, term.cols)
            step = Term("jvp", (jacobian, change), (), term.rows, term.cols)
            total = step if total is None else Term("add", (total, step), (), term.rows, term.cols)
    if total is not None:
        yield reading.with_term(total)


def _bare_of_transpose(node: Node) -> Node:
    if isinstance(node, sx.Scripted) and superscript(node.sup).transposed:
        return without_transpose(node)
    if isinstance(node, sx.Scripted) and node.primes == 1 and node.sup is None:
        return node.base if node.sub is None else replace(node, primes=0)
    return node


_SIGNS = {"d": "d", "∂": "\\partial ", "Δ": "\\Delta "}


READERS: dict[type[Node], Callable[[Reader, Any, Shapes], Variants]] = {
    sx.Derivative: derivative,
    sx.Differential: differential,
}
