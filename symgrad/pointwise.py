r"""Equations between functions, without their argument: `\sigma' = \sigma (1 - \sigma)`, `\tanh' = 1 - \tanh^2`.

They hold for every argument, and are read with one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from symgrad import syntax as sx
from symgrad.heads import as_call
from symgrad.naming import plain_name, superscript
from symgrad.parts import mentions
from symgrad.read import functions as fn
from symgrad.read.document import Sheet
from symgrad.syntax import Node

_LETTERS = ("u", "z", "x", "t", "s", "v", "a", "r", "q")


def with_arguments(sheet: Sheet) -> Sheet:
    """The sheet with an argument in its equations between functions."""
    quantities = {plain_name(s.node.sides[0]) for s in sheet.statements if isinstance(s.node, sx.Relation)}
    known = {name for s in sheet.statements if isinstance(s.node, sx.Relation) for name in _functions(s.node)} - quantities
    called = {plain_name(n.function) for s in sheet.statements for n in sx.walk(s.node) if isinstance(n, sx.Call)}
    primed = {plain_name(n.base) for s in sheet.statements for n in sx.walk(s.node) if isinstance(n, sx.Scripted) and n.primes}
    # A σ that is not used as a function is a deviation.
    known |= {word for word in fn.ELEMENTWISE_WORDS if not word.startswith("\\") or word in (called | primed)} - quantities
    known |= {name for s in sheet.statements if (name := _alias(s.node)) is not None}
    taken = {name for s in sheet.statements for name in mentions(s.node)}
    letter = next((letter for letter in _LETTERS if letter not in taken), None)
    if letter is None:
        return sheet
    return replace(sheet, statements=[replace(s, node=_applied(s.node, known, letter)) for s in sheet.statements])


def _functions(node: sx.Relation) -> Iterator[str]:
    """The f of `f(u) = …`."""
    head = as_call(node.sides[0])
    if isinstance(head, sx.Call) and len(head.args) == 1 and node.operators[0] in ("=", ":="):
        name = plain_name(head.function)
        if name is not None:
            yield name


def _alias(node: Node) -> str | None:
    r"""The h of `h = \tanh`."""
    match node:
        case sx.Relation(sides=(sx.Name() as head, sx.Name(base=word)), operators=("=" | ":=" | "equiv",)):
            return plain_name(head) if fn.word_of(word) in fn.ELEMENTWISE_WORDS else None
    return None


def _applied(node: Node, known: set[str], letter: str) -> Node:
    """A relation that begins with a slope and speaks of nothing but functions, with their argument."""
    if not isinstance(node, sx.Relation) or set(node.operators) - {"=", "equiv"}:
        return node
    head = node.sides[0]
    by = head.wrt[0] if isinstance(head, sx.Derivative) and len(head.wrt) == 1 and head.order is None else None
    if by is not None:
        if not isinstance(by, sx.Name):
            return node
        letter = by.base
    elif not any(isinstance(n, sx.Scripted) and n.primes and n.sup is None and n.sub is None for n in _without_calls(head)):
        return node
    if by is not None and isinstance(head, sx.Derivative) and isinstance(head.of, sx.Call):
        return node  # it has its argument
    argument = sx.Name(node.span, letter)

    def is_function(inner: Node | None) -> bool:
        if not isinstance(inner, sx.Name) or inner.accents:
            return False
        return plain_name(inner) in known or fn.word_of(inner.base) in known

    def put(inner: Node) -> Node | None:
        match inner:
            case sx.Derivative() if inner is head and is_function(inner.of) and inner.of is not None:
                return sx.Call(inner.span, sx.Scripted(inner.span, inner.of, primes=1), (argument,))
            case sx.Call(function=function, args=(arg,), brackets="(") if _speaks_of_functions(arg):
                # `\sigma(1 - \sigma)` is a product: no function is applied to functions.
                whole = put(function) or function
                return sx.Product(inner.span, (whole, sx.Group(arg.span, "(", ")", sx.replaced(arg, put))), ("",))
            case sx.Call(function=sx.Name() | sx.Scripted() as function) if is_function(_base(function)):
                return inner  # it has its argument
            case sx.Scripted(base=base, sub=None, primes=primes) if is_function(base):
                itself = sx.Scripted(inner.span, base, primes=primes) if primes else base
                called = sx.Call(inner.span, itself, (argument,), "(")
                return called if inner.sup is None else sx.Scripted(inner.span, called, None, inner.sup)
            case sx.Name() if is_function(inner):
                return sx.Call(inner.span, inner, (argument,), "(")
        return None

    def _speaks_of_functions(arg: Node) -> bool:
        return any(is_function(n) for n in _without_calls(arg))

    if any(_is_power(n) for side in node.sides for n in sx.walk(side)):
        return node
    made = replace(node, sides=tuple(sx.replaced(side, put) for side in node.sides))
    left = {name for side in made.sides for name in mentions(sx.replaced(side, _numbers))} - {letter}
    return node if made == node or left else made


def _base(function: sx.Name | sx.Scripted) -> Node:
    return function.base if isinstance(function, sx.Scripted) else function


def _without_calls(node: Node) -> Iterator[Node]:
    """The nodes of a tree that are applied to nothing."""
    functions = {id(n.function) for n in sx.walk(node) if isinstance(n, sx.Call)}
    functions |= {id(n.function.base) for n in sx.walk(node) if isinstance(n, sx.Call) and isinstance(n.function, sx.Scripted)}
    return (n for n in sx.walk(node) if id(n) not in functions)


def _is_power(node: Node) -> bool:
    r"""A superscript on a function that is no number: `\sigma^{(l)}`, `\sigma^{-1}`."""
    above = node.sup if isinstance(node, sx.Scripted) else None
    return above is not None and (not isinstance(above, sx.Number) or superscript(above).transposed)


def _numbers(node: Node) -> Node | None:
    """A call without its function's name."""
    return sx.List(node.span, node.args) if isinstance(node, sx.Call) else None
