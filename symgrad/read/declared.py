"""What is declared of names on a command line: `X: n,d; w: d,1; k: scalar`, and `A: symmetric; y: one-hot`.

    declarations ::= declaration (";" declaration)*       declaration ::= name ":" what

A shape is `scalar`, one size (a vector, a column unless it only fits as a row), or two sizes and more, between commas or `×`; a size is a
name or a whole number, or sums, products and quotients (`d//h`) of these. Properties are words of `symgrad.properties`, between commas.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from symgrad.dims import ONE, Dim, Shape
from symgrad.errors import InvalidExpression, nearest
from symgrad.properties import BY_WORD
from symgrad.read.arrays import Refused
from symgrad.shapes import Shapes
from symgrad.span import Source, Span

_NAME = re.compile(r"[^\W\d]\w*")
_SIZES = re.compile(r"\s*[,×x]\s*|\s+by\s+|(?<![*·+-])\s+(?![*·+-])")
_LONGEST = 10_000
_LARGEST = 10**6
_MOST_AXES = 6


def read_declarations(text: str, option: str) -> Iterator[tuple[str, str, Source, Span]]:
    """Every name that is declared, and what of it, with its place. Raises `SymgradError` with the place that cannot be read."""
    source = Source(text, option)
    if len(text) > _LONGEST:
        raise InvalidExpression(f"{option}: {len(text)} characters; {_LONGEST} are read")
    seen: set[str] = set()
    start = 0
    for piece in re.split(r"([;\n])", text):
        span = Span(start, start + len(piece))
        start += len(piece)
        if not piece.strip(" \t\r;\n"):
            continue
        name, colon, what = piece.partition(":")
        name = name.strip()
        if not colon or not _NAME.fullmatch(name) or not what.strip():
            raise Refused(InvalidExpression, "a declaration is a name, a colon and what it is, as in X: n,d", _bare(source, span)).at(
                source
            )
        if name in seen:
            raise Refused(InvalidExpression, f"{name} is declared twice", _bare(source, span)).at(source)
        seen.add(name)
        yield name, what.strip(), source, _bare(source, Span(span.start + len(piece) - len(what), span.end))


def _bare(source: Source, span: Span) -> Span:
    """Without the space around it."""
    text = source.slice(span)
    return Span(span.start + len(text) - len(text.lstrip()), span.end - (len(text) - len(text.rstrip())))


def read_shapes(text: str) -> dict[str, Shape]:
    """The shapes that are declared.

    >>> from symgrad.dims import show
    >>> {name: show(shape) for name, shape in read_shapes("X: n,d; w: d,1; b: 3; k: scalar").items()}
    {'X': 'n×d', 'w': 'd×1', 'b': '3', 'k': 'scalar'}
    >>> {name: show(shape) for name, shape in read_shapes("Q: n,d//h; W: d,d//2").items()}
    {'Q': 'n×dₕ', 'W': 'dₕ·h×(dₕ·h/2)'}
    """
    shapes = {name: _shape(what, source, span) for name, what, source, span in read_declarations(text, "--dims")}
    sizes = {size for shape in shapes.values() for dim in shape for size in dim.symbols}
    return divided(shapes, [(whole, parts) for size in sizes for whole, sign, parts in [size.partition("//")] if sign])


def divided(shapes: Mapping[str, Shape], quotients: Iterable[tuple[str, str]]) -> dict[str, Shape]:
    """The shapes where sizes are divided by others, `d//h`: d is h times another size."""
    known = quotient_sizes(quotients)
    return {name: known.shape(*shape) for name, shape in shapes.items()}


def quotient_sizes(quotients: Iterable[tuple[str, str]]) -> Shapes:
    """What sizes are that are divided by others, and the quotients by their names."""
    found: dict[str, Dim] = {}
    for whole, parts in quotients:
        quotient = Dim.of(f"{whole}_{parts}")
        found |= {whole: quotient * Dim.of(parts), f"{whole}//{parts}": quotient}
    return Shapes(found)


def read_properties(text: str) -> dict[str, frozenset[str]]:
    """The properties that are declared, without their axes.

    >>> {name: sorted(found) for name, found in read_properties("A: symmetric, positive; y: one-hot").items()}
    {'A': ['positive', 'symmetric'], 'y': ['one_hot']}
    """
    return {name: _properties(what, source, span) for name, what, source, span in read_declarations(text, "--assume")}


def _properties(what: str, source: Source, span: Span) -> frozenset[str]:
    words = [" ".join(word.lower().split()) for word in what.split(",")]
    for word in words:
        if word not in BY_WORD:
            raise Refused(InvalidExpression, f"symgrad knows no property {word!r}; {nearest(word, BY_WORD)}", span).at(source)
    return frozenset(BY_WORD[word] for word in words)


def _shape(what: str, source: Source, span: Span) -> Shape:
    inside = what[1:-1].strip(" ,") if what[0] + what[-1] in ("()", "[]") else what
    if inside in ("scalar", ""):
        return ()
    sizes = _SIZES.split(inside)
    if len(sizes) > _MOST_AXES:
        raise Refused(InvalidExpression, f"{len(sizes)} sizes; an array has at most {_MOST_AXES} axes", span).at(source)
    return tuple(_size(size, source, span) for size in sizes)


def _size(text: str, source: Source, span: Span) -> Dim:
    """A size: a name, a whole number, or sums and products of these, `h*k + 1`."""
    first, *rest = re.split(r"\s*([+-])\s*", text)
    size = _product(first)
    for sign, term in zip(rest[::2], rest[1::2], strict=True):
        further = _product(term)
        size = None if size is None or further is None else size + further if sign == "+" else size - further
    if size is None or (size.number is not None and size.number < 1):
        wanted = f"a size is a name or a whole number from 1 to {_LARGEST}, not {text or 'nothing'}"
        raise Refused(InvalidExpression, wanted, span).at(source)
    return size


def _product(text: str) -> Dim | None:
    """The product of names and whole numbers; None where something else is written."""
    size = ONE
    text, *divisors = re.split(r"\s*//\s*", text)
    for factor in re.split(r"\s*[*·]\s*", text):
        if factor.isdecimal() and factor.isascii() and len(factor) <= 7 and 1 <= int(factor) <= _LARGEST:
            size = size * Dim.of(int(factor))
        elif _NAME.fullmatch(factor):
            size = size * Dim.of(factor)
        else:
            return None
    for divisor in divisors:
        quotient = _over(size, divisor)
        if quotient is None:
            return None
        size = quotient
    return size


def _over(size: Dim, divisor: str) -> Dim | None:
    """The `d//h` of --dims; of a name by a name it is a size of its own, until it is known what d is."""
    if divisor.isdecimal() and divisor.isascii() and 1 <= int(divisor) <= _LARGEST:
        return size / int(divisor)
    if not _NAME.fullmatch(divisor):
        return None
    found = size.over(Dim.of(divisor))
    return Dim.of(f"{size.name}//{divisor}") if found is None and size.name is not None else found
