r"""Names with what they depend on behind them: `J(w) = …`, `\nabla L(W)` speak of `J` and `L`.

A name that the sheet defines, and that is no function of the field, is read without the names in brackets after it. A function
defined by one argument and used with another (`f(x)`, `f(y)`) is left alone.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import replace

from symgrad import syntax as sx
from symgrad.constant import constant_of
from symgrad.naming import is_value_of, plain_name
from symgrad.parts import is_word
from symgrad.read import functions as fn
from symgrad.read.document import Sheet, Statement
from symgrad.said_functions import recognised_function
from symgrad.syntax import Node

_NO_ARGUMENTS = frozenset[str]()
_LOGARITHMS = frozenset({"log", "ln"})


def _with_logarithms(sheet: Sheet) -> Sheet:
    r"""The sheet with `\log p` as a name, where it says `\log p(x) = …` and nowhere speaks of p but in its logarithm."""
    heads = [s.node.sides[0] for s in sheet.statements if isinstance(s.node, sx.Relation)]
    named = {name for head in heads if (name := _in_a_logarithm(head)) is not None}
    named -= {name for head in heads for name in (plain_name(as_call(head)), _applied(as_call(head))[0]) if name is not None}
    if not named:
        return sheet

    def written(node: Node) -> Node:
        name = _in_a_logarithm(node)
        return sx.Name(node.span, f"\\log {name}") if name in named else node

    changed = [replace(s, node=sx.mapped(s.node, written)) for s in sheet.statements]
    alone = {plain_name(n) for s in changed for n in sx.walk(s.node) if isinstance(n, (sx.Name, sx.Scripted))}
    wholes = {plain_name(n.base) for head in heads for n in sx.walk(head) if isinstance(n, sx.Scripted) and plain_name(n) in named}
    return sheet if (named | wholes) & alone else replace(sheet, statements=changed)


def _in_a_logarithm(node: Node) -> str | None:
    r"""The p of `\log p` and `\log p(x)`."""
    match node:
        case sx.Call(function=sx.Name(base=word), args=(inside,)) if fn.word_of(word) in _LOGARITHMS:
            called = as_call(inside)
            of = called.function if isinstance(called, sx.Call) else inside
            is_function = isinstance(of, sx.Name) and fn.word_of(of.base) in fn.WORDS  # `\log \det A`
            return None if is_function else plain_name(of)
    return None


def without_arguments(sheet: Sheet) -> Sheet:
    """The sheet with `J(w)` written `J`, for every name that it defines so, and `∇J` as one name where J is none."""
    sheet = _with_logarithms(sheet)
    defined: dict[str, frozenset[str]] = {}
    every: dict[str, frozenset[str]] = {}
    defined_in: dict[str, int] = {}

    applied = {name for s in sheet.statements for n in sx.walk(s.node) if (name := _applied(as_call(n))[0]) is not None}

    where: dict[str, set[int]] = {}  # the statements that speak of a name, but for the heads of equations
    subjects = {id(n.of) for s in sheet.statements for n in sx.walk(s.node) if isinstance(n, sx.Derivative)}
    for s in sheet.statements:
        for side in s.node.sides[1:] if isinstance(s.node, sx.Relation) else (s.node,):
            for name in (plain_name(n) for n in sx.walk(side) if isinstance(n, (sx.Name, sx.Scripted)) and id(n) not in subjects):
                where.setdefault(name or "", set()).add(id(s))

    def is_spoken_of(names: Iterable[str], but_for: Statement) -> bool:
        return any(where.get(name, set()) - {id(but_for)} for name in names)

    def learn(statement: Statement, anew: bool) -> None:
        if not isinstance(statement.node, sx.Relation):
            return
        head, problem = as_call(statement.node.sides[0]), bisect_right(sheet.headings, statement.span.start)
        name, arguments = _applied(head)
        if name is None:
            name, arguments = plain_name(head), _NO_ARGUMENTS
        elif isinstance(head, sx.Call) and is_of_the_field(head, statement.node.sides[1]):
            return  # a function of its argument alone, such as `f(z) = \max(0, z)`
        elif not names_more(statement.node.sides[1:], arguments) and (
            is_spoken_of((name,), statement) or not is_spoken_of(arguments, statement)
        ):
            return  # one that other lines apply, or that is of any letter
        if is_word(statement.node.sides[1]):
            return  # `\\phi = \\tanh`
        if name is None or (name.endswith("'") and name.rstrip("'") in applied - defined.keys()):
            return  # `g'(z) = …` is the derivative of the g that is applied elsewhere, and no quantity
        if name not in defined or (anew and arguments and defined_in[name] != problem):
            defined[name], defined_in[name] = arguments, problem
            every[name] = every.get(name, _NO_ARGUMENTS) | arguments

    for statement in sheet.statements:
        learn(statement, False)

    def stripped(node: Node) -> Node:
        called = as_call(node)
        name, arguments = _applied(called)
        if name is None and isinstance(called, sx.Call):
            name = _taken_at(called, defined)
            arguments = defined.get(name or "", _NO_ARGUMENTS)
        if name is None or name not in defined or not isinstance(called, sx.Call):
            return node
        known = defined[name]
        if len(known) == len(arguments) == 1 and all(map(is_value_of, arguments, known)):
            return called.function  # `J(w_0)`: at one value of the w of `J(w)`
        if isinstance(node, sx.Product) and not known:
            return node  # a factor and a bracket
        return called.function if not known or arguments <= known or known <= arguments else node

    asked = {plain_name(n.of) for s in sheet.statements for n in sx.walk(s.node) if isinstance(n, sx.Derivative) and n.of and n.wrt}

    def named(node: Node) -> Node:
        """`∇J`, where nothing says what J is, is a name like any other."""
        if isinstance(node, sx.Derivative) and node.form == "operator" and not node.wrt and isinstance(node.of, sx.Name):
            name = plain_name(node.of)
            if name not in defined and name not in asked and node.order is None:
                return sx.Name(node.span, f"\\nabla {name}")
        return node

    changed = []
    for statement in sheet.statements:
        learn(statement, True)  # under another heading `f(z) = …` is another f
        node = sx.mapped(statement.node, stripped)
        changed.append(replace(statement, node=node if _is_of_a_change(node) else sx.mapped(node, named)))
    by_name = {name: tuple(sorted(known)) for name, known in every.items() if known}
    return replace(sheet, statements=changed, arguments=by_name)


def _is_of_a_change(node: Node) -> bool:
    r"""`dF = \langle \nabla F, dX \rangle`: there it is the gradient of F, whatever F is."""
    match node:
        case sx.Relation(sides=(sx.Differential(sign="d", of=of, order=None), *others)):
            slopes = (n.of for side in others for n in sx.walk(side) if isinstance(n, sx.Derivative) and n.of is not None)
            return any(plain_name(slope) == plain_name(of) for slope in slopes)
    return False


def as_call(node: Node) -> Node:
    """`F(w)` where the letter is no function that is known: a name and one pair of brackets, and nothing else."""
    match node:
        case sx.Product(factors=(sx.Name() | sx.Scripted() as name, sx.Group(open="(", body=body)), operators=("",)):
            arguments = body.items if isinstance(body, sx.Listing) else (body,)
            return sx.Call(node.span, name, arguments)
    return node


def slope_of(node: Node) -> str | None:
    r"""The a of `\sigma'(a) = \sigma(a)(1 - \sigma(a))`, which stands for any argument; None for what is no such law."""
    match node:
        case sx.Relation(sides=(sx.Call(function=sx.Scripted(base=sx.Name(), primes=1), args=(sx.Name() as argument,)), *_)):
            return plain_name(argument)
    return None


def _applied(node: Node) -> tuple[str | None, frozenset[str]]:
    """The name and the names in brackets behind it; None for anything else."""
    if not isinstance(node, sx.Call) or node.brackets != "(" or not isinstance(node.function, (sx.Name, sx.Scripted)):
        return None, _NO_ARGUMENTS
    name = plain_name(node.function)
    letter = node.function.base if isinstance(node.function, sx.Scripted) else node.function
    base = letter.base if isinstance(letter, sx.Name) else ""
    if name is None or base == "\\sigma" or fn.word_of(base) in fn.WORDS:
        return None, _NO_ARGUMENTS
    arguments = [plain_name(arg) for arg in node.args]
    if not arguments or None in arguments:
        return None, _NO_ARGUMENTS
    return name, frozenset(a for a in arguments if a is not None)


def _taken_at(call: sx.Call, defined: Mapping[str, frozenset[str]]) -> str | None:
    """The J of `J(0, 1)`, which is defined by as many arguments."""
    name = plain_name(call.function) if isinstance(call.function, (sx.Name, sx.Scripted)) else None
    is_at_numbers = bool(call.args) and all(constant_of(argument) is not None for argument in call.args)
    return name if name is not None and is_at_numbers and len(defined.get(name, ())) == len(call.args) else None


def names_more(sides: tuple[Node, ...], arguments: frozenset[str]) -> bool:
    """Whether the sides speak of names beyond the arguments, or make one number of all entries: sums, norms, traces."""
    for side in sides:
        for node in sx.walk(side):
            if isinstance(node, (sx.Norm, sx.BigOp)):
                return True
            if isinstance(node, (sx.Name, sx.Scripted)):
                name, letter = plain_name(node), node.base if isinstance(node, sx.Scripted) else node
                word = fn.word_of(letter.base) if isinstance(letter, sx.Name) else ""
                is_word = word in fn.WORDS
                if word in fn.OF_THE_WHOLE:
                    return True
                if name is not None and name not in arguments and not is_word and name != "e":
                    return True
    return False


def is_of_the_field(head: sx.Call, body: Node) -> bool:
    """Whether a function is known by its name or by what it is said to be: the sigmoid, the ReLU."""
    base = head.function.base if isinstance(head.function, sx.Scripted) else head.function
    if not isinstance(base, sx.Name) or fn.word_of(base.base) in fn.WORDS:
        return True
    (argument, *rest) = head.args
    unnamed = base.base in fn.UNNAMED or base.base == "\\sigma"
    return unnamed and not rest and isinstance(argument, sx.Name) and recognised_function(body, argument) is not None
