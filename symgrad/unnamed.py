r"""Quantities that a sheet differentiates by and never defines, though what they are can only be one thing.

*What an activation is applied to*: in `f_t = \sigma(W_f x_t + b_f)` it may be called `\hat f_t`, `z_f` or `a^f_t`, and lines for
`d\hat f_t` are about it. *A copy for another way to the loss*: in `dc_t = dh_t \circ … + dc_{next}` the last term is what `c_t` gets from
where it goes besides, so `c_{next}` is `c_t` itself, on its way there.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

from symgrad import syntax as sx
from symgrad.constant import is_numeric
from symgrad.meaning import is_loss, stem
from symgrad.naming import argument_name, plain_name, script_text
from symgrad.parts import heads, mentions
from symgrad.read import functions as fn
from symgrad.read.document import Sheet, Statement
from symgrad.span import Span
from symgrad.syntax import Node

_ARGUMENTS = re.compile(r"(?i)\b(?:arguments?|inputs?|pre-?activations?|Argumente?|arguments?|argumentos?)\b")
_NEAR = 60  # how far from the names that is said
_PREACTIVATIONS = frozenset({"z", "a", "s", "u", "p", "\\mathrm{net}"})
_SCORES = frozenset({"S", "Z", "E", "s", "z"})
_SOFTMAX = frozenset({"softmax", "Softmax"})


def with_unnamed(sheet: Sheet) -> Sheet:
    """The sheet with a definition for each such quantity, at the place that it follows from."""
    asked = {name: node for s in sheet.statements for name, node in _differentiated(s.node)}
    # A value further down, `a_z = 0.3`, does not say what it is.
    found = [head for s in sheet.statements for head in heads(s)]
    known, defined = {name for name, _ in found}, {name for name, formula in found if not is_numeric(formula)}
    strange = {name: node for name, node in asked.items() if name not in defined}
    if not strange:
        return _with_arguments_of_their_own(sheet)
    out: list[Statement] = []
    told = _told(sheet, strange)
    unused = strange.keys() - {name for s in sheet.statements for _, side in heads(s) for name in _used(side)}
    slopes = _slopes(sheet)
    for i, statement in enumerate(sheet.statements):
        before = [told[i]] if i in told else list(_before(statement, strange, asked, unused, slopes))
        out += before
        out.append(_of_the_named(statement, before))
    made = replace(sheet, statements=out) if len(out) > len(sheet.statements) else _with_arguments_of_their_own(sheet)
    return made if any(map(is_loss, known)) else _with_copies(made, strange)


def _differentiated(node: Node) -> Iterator[tuple[str, Node]]:
    r"""What gradients are by: the z of `dz` and of `\partial L/\partial z`."""
    for n in sx.walk(node):
        found = (n.of,) if isinstance(n, sx.Differential) and n.sign == "d" else n.wrt if isinstance(n, sx.Derivative) else ()
        yield from ((name, by) for by in found if (name := plain_name(by)) is not None)


def _used(node: Node) -> Iterator[str]:
    """The names in an expression, but for those that it differentiates, or differentiates by."""
    plain = sx.mapped(node, lambda n: sx.Blank(n.span) if isinstance(n, (sx.Differential, sx.Derivative)) else n)
    return (name for n in sx.walk(plain) if (name := plain_name(n)) is not None)


# ── what activations are applied to ──────────────────────────────────────────────────────────────────────────────────


def _activated(node: Node) -> tuple[Node, Node, str] | None:
    """The head, what its activation is applied to, and the sign of `h = \\tanh(W x + b)`; None for anything else."""
    match node:
        case sx.Relation(sides=(head, sx.Call(args=(inner,), function=function), *_), operators=(sign, *_)) if _is_elementwise(function):
            return (head, inner, sign) if plain_name(head) is not None and isinstance(inner, (sx.Sum, sx.Product)) else None
        case sx.Relation(sides=(head, sx.Call(args=(sx.Number(text="0"), inner), function=sx.Name(base="max")), *_), operators=(sign, *_)):
            return (head, inner, sign) if plain_name(head) is not None and isinstance(inner, (sx.Sum, sx.Product)) else None
    return None


def _with_arguments_of_their_own(sheet: Sheet) -> Sheet:
    r"""The sheet with names for what activations are applied to, where it has a `\delta_h = …` that may be the gradient by one of these."""
    formulas = {name for s in sheet.statements for name, formula in heads(s) if not is_numeric(formula) and not _is_slope(formula)}
    if not any(name.startswith("\\delta") for name in formulas):
        return sheet
    named = [formula for s in sheet.statements for _, formula in heads(s)]  # `a_t = W h_{t-1} + b`, said further down
    out: list[Statement] = []
    for statement in sheet.statements:
        match statement.node:
            case sx.Relation(sides=(head, sx.Call() as call, *rest)) as node if (
                (found := _activated(node)) and not is_numeric(found[1]) and found[1] not in named
            ):
                at, inner = Span(statement.span.start, statement.span.start), found[1]
                own = _argument(head, at)
                out.append(replace(statement, node=sx.Relation(at, (own, inner), ("=",)), span=at))
                args = tuple(own if arg is inner else arg for arg in call.args)
                statement = replace(statement, node=replace(node, sides=(head, replace(call, args=args), *rest)))
        out.append(statement)
    return replace(sheet, statements=out)


def _argument(head: Node, at: Span) -> Node:
    """The name of what an activation is applied to; where there is one for each step, of that step."""
    if isinstance(head, sx.Scripted) and isinstance(head.base, sx.Name) and _is_of_a_step(head):
        return replace(head, span=at, base=sx.Name(at, argument_name(plain_name(head.base) or "")))
    return sx.Name(at, argument_name(plain_name(head) or ""))


def _is_of_a_step(head: Node) -> bool:
    """Whether there is one for each step, whose letter the names have."""
    return isinstance(head, sx.Scripted) and any(isinstance(n, sx.Name) for s in (head.sub, head.sup) if s is not None for n in sx.walk(s))


def _is_slope(formula: Node) -> bool:
    return isinstance(formula, (sx.Derivative, sx.Differential))


def _told(sheet: Sheet, strange: dict[str, Node]) -> dict[int, Statement]:
    r"""By the activation that they belong before, the definitions of "$a_z, a_r, a$, the arguments of the three nonlinearities"."""
    for statement in sheet.statements:
        listed = statement.node.items if isinstance(statement.node, sx.Listing) else ()
        named = [name for name in map(plain_name, listed) if name in strange]
        found = [(i, call) for i, s in enumerate(sheet.statements) if (call := _activated(s.node)) is not None]
        is_said = _ARGUMENTS.search(statement.words[-_NEAR:]) or _ARGUMENTS.search(statement.words_after[:_NEAR])
        if is_said and len(listed) == len(named) == len(found) > 1:
            made: dict[int, Statement] = {}
            for name, (i, (head, inner, sign)) in zip(named, found, strict=True):
                node = sx.Relation(sheet.statements[i].span, (_at(strange.pop(name or ""), head), inner), (sign,))
                made[i] = replace(sheet.statements[i], node=node)
            return made
    return {}


def _before(
    statement: Statement, strange: dict[str, Node], asked: dict[str, Node], unused: set[str], slopes: dict[str, list[Node]]
) -> Iterator[Statement]:
    """The definition of what the activation of this statement is applied to, where the sheet has a name for it."""
    found = _activated(statement.node)
    if found is None:
        yield from _before_a_softmax(statement, strange, unused, slopes)
        return
    head, inner, sign = found
    for name, node in strange.items():
        if _is_before(node, head, may_be_alike=name in unused) or (plain_name(head) in asked and _is_accented(node, head)):
            yield replace(statement, node=sx.Relation(statement.span, (_at(node, head), inner), (sign,)))
            strange.pop(name)
            return


def _before_a_softmax(
    statement: Statement, strange: dict[str, Node], unused: set[str], slopes: dict[str, list[Node]]
) -> Iterator[Statement]:
    r"""The S of `dS = A \odot (dA - \dots)` where `A = \mathrm{softmax}(Q K^\top/\sqrt d)`: nothing else is said of it.

    Where the scale is a factor of dS, it is what is scaled.
    """
    match statement.node:
        case sx.Relation(sides=(head, sx.Call(args=(inner,), function=function), *_), operators=(sign, *_)) if _is_softmax(function):
            name = next((n for n, node in strange.items() if isinstance(node, sx.Name) and node.base in _SCORES and n in unused), None)
            # A scale that has a name may be before the softmax, or behind it.
            if name is not None and any(_names(formula) & _names(inner) for formula in slopes.get(name, ())):
                return
            if name is not None and any(map(_has_a_quotient, slopes.get(name, ()))):
                inner = inner.above if isinstance(inner, sx.Frac) else sx.Blank(inner.span)
            if name is not None and isinstance(inner, (sx.Sum, sx.Product, sx.Frac)) and isinstance(head, sx.Name):
                yield replace(statement, node=sx.Relation(statement.span, (_at(strange.pop(name), head), inner), (sign,)))


def _is_softmax(function: Node) -> bool:
    base = function.base if isinstance(function, sx.Scripted) else function
    return isinstance(base, sx.Name) and fn.word_of(base.base) in _SOFTMAX


def _slopes(sheet: Sheet) -> dict[str, list[Node]]:
    r"""What a sheet writes gradients by each name equal to: the formula of `dS = \frac{1}{\sqrt d} A \odot (dA - \dots)`."""
    found: dict[str, list[Node]] = {}
    for statement in sheet.statements:
        match statement.node:
            case sx.Relation(sides=(sx.Differential(of=of) | sx.Derivative(wrt=(of,)), *formulas)) if plain_name(of) is not None:
                found.setdefault(plain_name(of) or "", []).extend(formulas)
    return found


def _names(formula: Node) -> set[str]:
    """The names in a formula, but for those of its quotients and roots."""
    return set(mentions(sx.mapped(formula, lambda n: sx.Blank(n.span) if isinstance(n, (sx.Frac, sx.Root)) else n)))


def _has_a_quotient(formula: Node) -> bool:
    return any(isinstance(n, (sx.Frac, sx.Root)) for n in sx.walk(formula))


def _of_the_named(statement: Statement, before: list[Statement]) -> Statement:
    r"""`f = \sigma(0.7 + 0.1) = …` with `\sigma(z_f)` put before the numbers, where they were given a name."""
    match statement.node, [s.node for s in before]:
        case sx.Relation(sides=(head, sx.Call() as call, *rest)) as node, [sx.Relation(sides=(name, inner))] if is_numeric(inner):
            return replace(
                statement, node=replace(node, sides=(head, replace(call, args=(name,)), call, *rest), operators=("=", *node.operators))
            )
    return statement


def _is_elementwise(function: Node) -> bool:
    base = function.base if isinstance(function, sx.Scripted) else function
    return isinstance(base, sx.Name) and (base.base in fn.UNNAMED or fn.word_of(base.base) in fn.ELEMENTWISE_WORDS)


def _is_accented(node: Node, head: Node) -> bool:
    r"""Whether a name is the head with an accent, a prime or a word such as `pre`: `\hat f_t`, `f_t^{pre}`."""
    (base, scripts), (own, theirs) = _taken_apart(node), _taken_apart(head)
    more = scripts - theirs
    is_marked = len(base.accents) > len(own.accents) or any(len(piece) > 1 and piece.isalpha() for piece in more)
    return base.base == own.base and not theirs - scripts and is_marked and sum(more.values()) <= 1


def _is_before(node: Node, head: Node, may_be_alike: bool) -> bool:
    """Whether a name has the letter of the head among its scripts (`z_f`, `a^f_t`), or perhaps the same scripts: the `a_t` of `h_t`."""
    (base, scripts), (own, theirs) = _taken_apart(node), _taken_apart(head)
    is_letter = base.base in _PREACTIVATIONS and not own.accents
    return is_letter and (scripts == theirs + Counter([own.base]) or (may_be_alike and scripts == theirs))


def _taken_apart(node: Node) -> tuple[sx.Name, Counter[str]]:
    """The letter of a name and the pieces of its scripts, in whatever order they stand."""
    if isinstance(node, sx.Scripted) and isinstance(node.base, sx.Name):
        scripts = [piece for script in (node.sub, node.sup) for piece in _pieces(script)]
        return node.base, Counter(filter(None, map(script_text, scripts)))
    return (node if isinstance(node, sx.Name) else sx.Name(node.span, "")), Counter()


def _pieces(script: Node | None) -> tuple[Node, ...]:
    match script:
        case None:
            return ()
        case sx.Listing(items=items):
            return tuple(piece for item in items for piece in _pieces(item))
        case sx.Product(factors=factors, operators=operators) if not any(operators):
            return tuple(piece for factor in factors for piece in _pieces(factor))
        case sx.Scripted(base=sx.Name() as base, sub=sub, sup=None):
            return (base, *_pieces(sub))
        case sx.Group(body=body):
            return _pieces(body)
    return (script,)


def _at(node: Node, head: Node) -> Node:
    """The name in the place of the head that it is defined at."""
    return replace(node, span=head.span)


# ── copies ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def _with_copies(sheet: Sheet, strange: dict[str, Node]) -> Sheet:
    """The sheet with every copy defined behind what it is a copy of, and no copies of what is not defined."""
    copies = dict(_copies(sheet, strange))
    others = strange.keys() - copies.keys()
    labels = {label for name, of in copies.items() for label in _taken_apart(strange[name])[1] - _taken_apart(of)[1]}

    def itself(node: Node) -> Node:
        """`c_{t-1}^{next}`, of a step that is not defined, is `c_{t-1}`."""
        name = plain_name(node) if isinstance(node, sx.Scripted) else None
        is_label = isinstance(node, sx.Scripted) and script_text(node.sup) in labels
        return replace(node, sup=None) if is_label and isinstance(node, sx.Scripted) and name in others else node

    out: list[Statement] = []
    for statement in sheet.statements:
        out.append(replace(statement, node=sx.mapped(statement.node, itself)))
        for name, of in list(copies.items()):
            if plain_name(of) in dict(heads(statement)):
                span = statement.node.sides[0].span if isinstance(statement.node, sx.Relation) else statement.span
                sides = (replace(strange[name], span=span), replace(of, span=span))
                out.append(replace(statement, node=sx.Relation(statement.span, sides, ("=",))))
                del copies[name]
    return replace(sheet, statements=out)


def _copies(sheet: Sheet, strange: dict[str, Node]) -> Iterator[tuple[str, Node]]:
    """The names whose gradients are a term of the gradient of a name of the same letter, and that name."""
    for statement in sheet.statements:
        match statement.node:
            case sx.Relation(sides=(sx.Differential(sign="d", of=of), sx.Sum(terms=terms, signs=signs), *_)):
                whole = plain_name(of)
                for term, sign in zip(terms, signs, strict=True):
                    name = plain_name(term.of) if isinstance(term, sx.Differential) and sign != "-" else None
                    if name in strange and whole is not None and name != whole and stem(name) == stem(whole):
                        yield name, of
