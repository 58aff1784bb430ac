"""Names with their scripts, taken apart in every way that the sheet allows."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from symgrad import syntax as sx
from symgrad.dims import ONE, Dim
from symgrad.naming import MEANT, letters_of, numbers_of, script_text, spelled, superscript
from symgrad.origins import beside_of, index_letters
from symgrad.readings.brackets import norm
from symgrad.readings.calls import is_function
from symgrad.readings.entries import entries, indexed, kronecker, label_and_index
from symgrad.readings.scripts import finished, raised, runs_in
from symgrad.shapes import Shapes, unknown
from symgrad.syntax import Node, Unreadable
from symgrad.terms import Term, mapped
from symgrad.typing_rules import Note, Reading, is_scalar, transposed

if TYPE_CHECKING:
    from symgrad.readings.reader import Reader, Variants

_STRANGE = 3.0
_OF_A_MATRIX = 0.5  # a power of e is the exponential of a matrix, and not of its entries
_AXES = 2  # of what is spoken of: a matrix


def number(reader: Reader, node: sx.Number, shapes: Shapes) -> Variants:
    yield Reading(0.0, shapes, Term("number", (), (node.value,)))


def name(reader: Reader, node: sx.Name, shapes: Shapes) -> Variants:
    if node.base.startswith(MEANT):
        yield from symbol(reader, node.base.removeprefix(MEANT), node, shapes, False)
        return
    if (place := _place(reader, node)) is not None:
        yield Reading(0.0, shapes, place)
        return
    yield from named(reader, node, None, None, node, shapes)


def _place(reader: Reader, node: sx.Name) -> Term | None:
    r"""The i of `\sum_i i x_i`, where a sum runs over it, is the number of the entry."""
    if node.base not in _COUNTING or node.accents or node.base not in reader.running or reader.names.shape(node.base) is not None:
        return None
    numbers = Term("counting", (), (Dim.of(reader.running[node.base]),), reader.index(node.base), ONE)
    return Term("entry", (numbers,), (node.base, None), ONE, ONE, (node.base,))


def scripted(reader: Reader, node: sx.Scripted, shapes: Shapes) -> Variants:
    base = node.base
    if isinstance(base, sx.Name):
        is_other = reader.names.is_defined("e") and ("e" not in reader.names.styled or base.style != "")
        is_exponential = base.base == "e" and reader.names.shape("e") is None and not is_other
        if is_exponential and node.sup is not None and node.sub is None:
            for cost, now, (inner,), notes in reader.each([node.sup], shapes):
                yield Reading(cost, now, mapped("exp", inner), notes)
                square = not is_scalar(now, inner) and now.resolve(inner.rows) is now.resolve(inner.cols)
                if square:
                    yield Reading(cost + _OF_A_MATRIX, now, Term("function", (inner,), ("expm",), inner.rows, inner.cols), notes)
            return
        place = None if node.sub is not None else _place(reader, base)
        if place is not None:
            yield from raised(reader, Reading(0.0, shapes, place), node.sup, node.primes, node)
            return
        yield from named(reader, base, node.sub, node.sup, node, shapes, node.primes)
        return
    if isinstance(base, sx.Norm):
        yield from norm(reader, base, shapes, node.sub, node.sup)
        return
    if isinstance(base, sx.Abs) and script_text(node.sub) in ("1", "2", "\\infty"):  # `|w|_1` is a norm, and no entry of what has no signs
        yield from norm(reader, sx.Norm(base.span, base.body), shapes, node.sub, node.sup)
        return
    if isinstance(base, sx.Number) and base.text in ("0", "1") and (node.sub is not None or superscript(node.sup).transposed):
        # Nobody transposes a number: `1ᵀ`, `1ₙ`, `0[n×m]` are typed for ones and zeros.
        yield from named(reader, sx.Name(base.span, base.text, (), "mathbf"), node.sub, node.sup, node, shapes)
        return
    if isinstance(base, sx.Call) and len(base.args) == 1 and not is_function(reader, base):
        # `E(A B)^T` is E times the transpose of A B.
        factor = replace(node, base=sx.Group(base.span, "(", ")", base.args[0]))
        yield from reader.read(sx.Product(node.span, (base.function, factor), ("",)), shapes)
        return
    if isinstance(base, sx.Group) and base.open == "[" and node.sub is not None:
        collected = list(_collected(reader, base, node.sub, shapes))
        for reading in collected:
            yield from raised(reader, reading, node.sup, node.primes, node)
        if collected:
            return
    has_entries = node.sub is None
    for reading in reader.plain(base, shapes):
        options = [reading] if node.sub is None else entries(reader, reading.term, node.sub, reading)
        has_entries = has_entries or bool(options)
        for option in options[:2]:
            yield from raised(reader, option, node.sup, node.primes, node)
    if node.sub is not None and not has_entries:
        raise Unreadable(node.sub.span, "a subscript on brackets that is no index")


def _collected(reader: Reader, node: sx.Group, sub: Node, shapes: Shapes) -> Iterator[Reading]:
    r"""`\left[\sum_k A_{ki} B_{kj}\right]_{ij}`: the matrix, or the column, that has these entries."""
    letters = letters_of(sub) or ()
    bound = set(letters) - reader.indices
    reader.indices |= bound
    try:
        found = reader.plain(node.body, shapes) if letters else []
    except Unreadable:
        found = []
    finally:
        reader.indices -= bound
    for reading in found:
        if set(reading.term.free) == set(letters) and is_scalar(reading.shapes, reading.term):
            sizes = [reader.index(letter) for letter in letters]
            yield reading.with_term(Term("collect", (reading.term,), letters, sizes[0], sizes[1] if len(sizes) > 1 else ONE))


def named(
    reader: Reader, base: sx.Name, sub: Node | None, sup: Node | None, node: Node, shapes: Shapes, primes: int = 0
) -> Iterator[Reading]:
    """A name with its scripts, in every way they can be taken apart."""
    letters = letters_of(sub)
    delta = reader.names.shape("\\delta")
    plain = delta is None or any(map(shapes.is_one, delta))  # an error vector δ has one index, Kronecker's two
    if base.base == "\\delta" and sup is None and letters is not None and len(letters) == 2 and plain:
        yield from kronecker(reader, letters[0], letters[1], shapes)
    if letters is not None and len(letters) > _AXES and set(letters) <= reader.indices:
        raise Unreadable(node.span, f"a quantity with {len(letters)} indices")
    script = superscript(sup)
    below = script_text(sub)
    styled = base.base in reader.names.styled
    stem = spelled(base, "", "", styled)
    if letters is not None and len(letters) == 1 and (stack := reader.names.stack(stem)) is not None:
        met = shapes.unify(reader.index(letters[0]), stack[0])
        if met is not None:
            member = Term("member", (), (stem, letters[0]), stack[1], stack[2], letters)
            yield from finished(reader, Reading(0.0, met, member), script, primes, node)
        return
    constant = _constant(reader, base, sub, shapes) if reader.names.shape(spelled(base, below, script.label, styled)) is None else None
    if constant is not None:
        yield from finished(reader, constant, script, primes, node)
    takes: list[tuple[float, str, Node | None, Node | None]] = []  # cost, name, entry subscript, power

    def offer(cost: float, label: str, power: Node | None) -> None:
        full = spelled(base, below, label, styled)
        if primes and reader.names.shape(full + "'") is not None:
            takes.append((cost - 0.5, full + "'", None, power))
            return  # beside a `c'` of its own nobody means the transpose of `c`
        if primes and reader.names.primes_are_names and not (sub is not None or script.power is not None):
            takes.append((cost, full + "'", None, power))
            cost += 2.0
        bare = spelled(base, "", label, styled)
        if sub is None or below:
            takes.append((cost + _as_an_index(reader, full, bare, sub, shapes), full, None, power))
        if sub is not None:
            takes.append((cost, bare, sub, power))

    at_steps = script.power is not None and runs_in(reader, script.power)
    if script.power is None:
        offer(0.0, script.label, None)
    elif at_steps and base.base in _RAISED and reader.names.shape(spelled(base, below, script.label, styled)) is None:
        takes.append((0.0, spelled(base, "", "", styled), sub, script.power))  # the γ^t of a discounted sum
    else:
        wholes_too = [spelled(base, text, script.label, styled) for text in dict.fromkeys((below, ""))]
        labelled = bool(script.label) and any(reader.names.shape(name) is not None for name in wholes_too)
        is_number = isinstance(script.power, (sx.Number, sx.Frac, sx.Prefix))
        is_known = any(reader.names.shape(spelled(base, text, "", styled)) is not None for text in (below, ""))
        if script.label and (labelled or not is_number or not is_known):
            offer(0.0 if labelled or not is_number else 6.0, script.label, None)
        if not labelled:
            offer(0.0 if is_number else 6.0, "", script.power)
    numbered = label_and_index(sub, reader.indices)
    if numbered is not None:
        # `y_{2,k}` is entry k of `y_2`, and no name of its own.
        own = spelled(base, script_text(numbered[0]), script.label, styled)
        takes = [(cost + 3.0, name, entry, power) for cost, name, entry, power in takes] + [(0.0, own, numbered[1], script.power)]
    is_example = script.power is None or _EXAMPLE.fullmatch(script.label) is not None
    wholes = list(_of_the_whole(reader, base, sub, script.label if is_example else "", node, shapes))
    for whole in wholes:
        yield from finished(reader, whole, replace(script, label="", power=None if is_example else script.power), primes, node)
    for cost, name, entry, power in takes:
        # Where the sheet has U, an unknown `u_i` is one of its rows before it is a thing of its own.
        strange = _STRANGE if wholes and reader.names.shape(name) is None else 1.0 if constant is not None else 0.0
        done = replace(script, power=power, label="")
        for reading in symbol(reader, name, node, shapes, entry is not None):
            doubts = _doubts(reader, name, sub, node, at_steps and power is None) if entry is None else ()
            reading = reading.plus(cost + strange, reading.shapes, reading.term, *doubts)
            options = [reading] if entry is None else entries(reader, reading.term, entry, reading)
            for option in options:
                yield from finished(reader, option, done, primes if not name.endswith("'") else 0, node)


def symbol(reader: Reader, name: str, node: Node, shapes: Shapes, as_base: bool) -> Iterator[Reading]:
    """A name by itself. What nobody knows is offered in every shape it may have."""
    if as_base and reader.names.shape(name) is None and not _is_index_base(reader, name):
        return
    known = reader.names.shape(name)
    if known is not None:
        constant = None if reader.names.is_defined(name) or reader.names.is_given(name) else _declared_constant(name, known)
        yield Reading(0.0, shapes, constant or Term("symbol", (), (name,), *known))
        return
    special = _special(reader, name, node, shapes)
    if special is not None:
        yield special
        return
    meant = reader.names.gradient_name(name)
    if meant is not None:
        of_variable = reader.names.shape(meant[1]) or (unknown(f"rows:{meant[1]}"), unknown(f"cols:{meant[1]}"))
        yield Reading(0.0, shapes, of_each_example(reader, Term("gradient", (), meant, *of_variable), shapes))
        return
    drifted = reader.names.same_as(name)
    if drifted is not None:
        shape = reader.names.shape(drifted)
        assert shape is not None
        yield Reading(0.5, shapes, Term("symbol", (), (drifted,), *shape), (Note("drifted", node.span, f"{name} {drifted}"),))
        return
    rows, cols = unknown(f"rows:{name}"), unknown(f"cols:{name}")
    term = Term("symbol", (), (name,), rows, cols)
    for cost, kind in reader.names.kinds(name):
        if as_base and kind == "scalar":
            continue  # what has entries is no scalar
        bound: Shapes | None = shapes
        if kind in ("column", "scalar") and bound is not None:
            bound = bound.unify(cols, ONE)
        if kind in ("row", "scalar") and bound is not None:
            bound = bound.unify(rows, ONE)
        if bound is not None:
            yield Reading(cost, bound, term)


def of_each_example(reader: Reader, gradient: Term, shapes: Shapes) -> Term:
    """The gradient of the loss of an example, where the sheet means that by what it has one of for every example."""
    count = reader.names.examples
    if count is None or count not in map(shapes.resolve, (gradient.rows, gradient.cols)):
        return gradient
    return Term("hadamard", (Term("size", (), (count,)), gradient), (), gradient.rows, gradient.cols, gradient.free)


def _of_the_whole(reader: Reader, base: sx.Name, sub: Node | None, label: str, node: Node, shapes: Shapes) -> Iterator[Reading]:
    """`x_i`, `x_{ij}` where the sheet has X, `a^{[2](i)}` where it has `A^{[2]}`: an example, a row or column of the whole, or an entry."""
    numbered = _EXAMPLE.fullmatch(label)
    if len(base.base) > 1 or not (base.base.islower() or numbered):
        return
    letters = letters_of(sub)
    capital = replace(base, base=base.base.upper())
    if numbered and numbered[2] in reader.indices:
        letter, rest, below = numbered[2], numbered[1], script_text(sub)
        own = reader.names.shape(spelled(base, below, rest))
        if own is not None:
            whole = Reading(0.0, shapes, Term("symbol", (), (spelled(base, below, rest),), *own))
            thin = shapes.is_one(own[1]) or shapes.is_one(own[0])
            for at, cost in (((letter, None), 0.1),) if thin else (((None, letter), 0.2), ((letter, None, "column"), 0.6)):
                yield from indexed(reader, whole, at, cost)
        columns_first = True
    elif numbers_of(sub) is not None and not label:
        if reader.names.is_defined(spelled(base, script_text(sub))):
            return  # the h_1 of `h_t = \tanh(a_t)`, which is a step before it is a row of the H of `H = 20`
        yield from _numbered_member(reader, base, capital, numbers_of(sub) or (), shapes)
        return
    elif letters is not None and len(letters) <= 2 and not label:
        letter, rest, below = letters[0], "", ""
        if reader.names.shape(spelled(base)) is not None and not reader.names.comes_later(spelled(base), reader.statement):
            return
        if len(letters) == 1 and (reader.names.has_numbers(spelled(base)) or reader.names.is_one_row(spelled(base))):
            return
        columns_first = False
    else:
        return
    name = spelled(capital, below, rest)
    shape = reader.names.shape(name)
    # The data x_i are the rows of X also where nothing says so; of other letters it must be said.
    implied = numbered or (base.base == "x" and not reader.names.is_defined(name)) or (letters is not None and len(letters) == 2)
    if shape is None and implied and reader.names.is_mentioned(name) and base.base.islower():
        shape = unknown(f"rows:{name}"), unknown(f"cols:{name}")
    if shape is None or capital == base or reader.names.is_rearranged(name):
        return
    reading = Reading(0.0, shapes, Term("symbol", (), (name,), *shape))
    if not numbered and letters is not None and len(letters) == 2:  # `x_{ij}` is an entry of X
        yield from indexed(reader, reading, letters, 0.2)
        return
    lies = reader.names.lies(name)
    if lies != "row":
        yield from indexed(reader, reading, (None, letter), 0.2 if columns_first else 0.7)
    if lies == "column":
        return
    yield from indexed(reader, reading, (letter, None, "column"), 0.6 if columns_first else 0.3)
    if reader.names.lies_as_a_row(spelled(base, below or letter, rest)):
        yield from indexed(reader, reading, (letter, None), 0.2)
    elif reader.names.is_given(name):  # beside lists of numbers, which may be rows, an example may be the row that it is
        yield from indexed(reader, reading, (letter, None), 0.9)


def _numbered_member(reader: Reader, base: sx.Name, capital: sx.Name, numbers: tuple[int, ...], shapes: Shapes) -> Iterator[Reading]:
    """`x_2` where the sheet has no x and gives X in numbers: the second example, a row of X before it is a column."""
    name = spelled(capital)
    shape = reader.names.shape(name)
    if len(numbers) != 1 or not numbers[0] or capital == base or shape is None or not reader.names.is_given(name):
        return
    if reader.names.shape(spelled(base)) is not None or all(map(shapes.is_one, shape)):
        return  # the B of `B = 64` is no matrix, whose rows were b_1 and b_2
    whole, at = Term("symbol", (), (name,), *shape), numbers[0] - 1
    row = Term("pick", (whole,), (at, None), ONE, shape[1])
    yield Reading(0.3, shapes, transposed(row))
    yield Reading(0.9, shapes, row)
    yield Reading(0.7, shapes, Term("pick", (whole,), (None, at), shape[0], ONE))


def _as_an_index(reader: Reader, full: str, bare: str, sub: Node | None, shapes: Shapes) -> float:
    """What it costs to read `p_i` as a name of its own: much, where `p` or the index `i` is known and `p_i` is not.

    So it does to read the `v_2` of a vector v that is given in numbers so, or of one with an index that runs, or the `W_{12}` of a matrix.
    """
    letters, numbers, whole = index_letters(sub) or None, numbers_of(sub), reader.names.shape(bare)
    is_of_entries = reader.names.is_given(bare) or reader.names.is_indexed(bare) or reader.names.is_counted_through(bare)
    if numbers is not None and whole is not None and reader.names.shape(full) is None and is_of_entries:
        long = [not shapes.is_one(dim) for dim in whole].count(True)
        is_member = long == 2 and len(numbers) == 1 and reader.names.is_family(bare)  # k_1, of the keys k_j that a sum runs over
        return 4.0 if is_member or long == (2 if len(numbers) == 2 or numbers[0] > 9 else 1) else 0.0
    if numbers is not None and bare in reader.names.counting.indexed and reader.names.shape(full) is None:
        return 4.0
    if letters is None and _runs_beside(reader, sub) and reader.names.shape(full) is None:
        return 4.0
    if letters is None or reader.names.shape(full) is not None:
        return 0.0
    return 4.0 if reader.names.shape(bare) is not None else 3.0 if set(letters) <= reader.indices else 0.0


def _doubts(reader: Reader, name: str, sub: Node | None, node: Node, at_steps: bool) -> tuple[Note, ...]:
    r"""Why a name is hardly one of its own: the x_i of `\sum_{i,j} x_i`, the x^k of `\sum_k a_k x^k`."""
    letters = index_letters(sub)
    if reader.names.shape(name) is not None:
        return ()
    if at_steps:
        return (Note(LABEL_OR_POWER, node.span, "this may be one of several or a power; write a subscript, or brackets around the base"),)
    return (Note("name_at_an_index", node.span),) if letters and set(letters) <= reader.running.keys() else ()


def _runs_beside(reader: Reader, sub: Node | None) -> bool:
    """Whether a subscript is `i + 1`, where a sum runs over i."""
    found = [beside_of(item) for item in (sub.items if isinstance(sub, sx.Listing) else (sub,))]
    return any(at is not None and at[0] in reader.running for at in found)


def _is_index_base(reader: Reader, name: str) -> bool:
    return bool(reader.indices)


def _constant(reader: Reader, base: sx.Name, sub: Node | None, shapes: Shapes) -> Reading | None:
    r"""`\mathbf{1}_{n}`, `I_n`, `\mathbf{0}_{n \times m}`, the commutation matrix `K_{n,m}`: of the sizes that stand below."""
    sizes = reader.sizes(sub)
    if sizes is not None and len(sizes) == 2 and base == sx.Name(base.span, "K") and not reader.names.is_mentioned("K"):
        return Reading(0.0, shapes, Term("function", (), ("commutation", *sizes), sizes[0] * sizes[1], sizes[0] * sizes[1]))
    if sizes is None or len(sizes) > 2 or base.base not in ("1", "0", "I") or base.accents:
        return None
    if base.base == "I":
        return Reading(0.0, shapes, Term("eye", (), (), sizes[0], sizes[0])) if len(sizes) == 1 else None
    rows, cols = (*sizes, ONE)[:2]
    return Reading(0.0, shapes, Term("ones" if base.base == "1" else "zeros", (), (), rows, cols))


def _bare(name: str) -> str:
    """The name without its bold type."""
    return name.removeprefix("\\mathbf{").removesuffix("}") if name.startswith("\\mathbf{") else name


def _declared_constant(name: str, shape: tuple[Dim, Dim]) -> Term | None:
    r"""`\mathbf{1}_N \in \mathbb{R}^N` declares the size of the ones, and no variable; so it is for zeros and for a square I."""
    whole, _, script = name.partition("_")
    op = {"1": "ones", "0": "zeros", "I": "eye", "\\mathbb{I}": "eye"}.get(_bare(whole)) if not script.isdigit() else None
    return None if op is None or (op == "eye" and shape[0] != shape[1]) else Term(op, (), (), *shape)


def _special(reader: Reader, name: str, node: Node, shapes: Shapes) -> Reading | None:
    bare = _bare(name)
    # Two of them in one line need not be of one size, unless they are given the same one.
    place = reader.statement if "_" in name else f"{reader.statement}:{node.span.start}"
    if name in ("I", "\\mathbb{I}") or name.startswith("I_"):
        dim = unknown(f"eye:{name}:{place}")
        return Reading(0.0, shapes, Term("eye", (), (), dim, dim))
    if name == "\\uppi" or (name == "\\pi" and not reader.names.is_indexed(name)):
        return Reading(0.0, shapes, Term("number", (), (Fraction(math.pi),)))
    if bare == "1" or name.startswith("1_"):
        dim = unknown(f"ones:{name}:{place}")
        return Reading(0.0, shapes, Term("ones", (), (), dim, ONE))
    if reader.names.is_size(name):
        return Reading(0.0, shapes, Term("size", (), (Dim.of(name),)))
    return None


LABEL_OR_POWER = "label_or_power"
"""The kind of note for a superscript with a letter that a sum runs over, read as a part of the name."""
# Letters that count, and those whose powers are taken; others with a superscript that runs may be one of several.
_COUNTING = frozenset("ijklmnpqrst")
_RAISED = frozenset({"\\gamma", "\\beta", "\\alpha", "\\lambda", "\\rho", "\\epsilon", "\\varepsilon", "\\eta", "\\delta", "\\tau"})

_EXAMPLE = re.compile(r"(.*)\(([a-z])\)")


READERS: dict[type[Node], Callable[[Reader, Any, Shapes], Variants]] = {
    sx.Number: number,
    sx.Name: name,
    sx.Scripted: scripted,
}
