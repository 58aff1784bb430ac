r"""Gradients in short: `L_W` for `\partial L/\partial W`, and `\bar W` for it on sheets of adjoints.

A subscript on a loss is a derivative where it is the name of a quantity that the sheet speaks of by itself, where the loss is not made of
what is so named (`L = L_{\mathrm{rec}} + L_{\mathrm{KL}}`), and where the sheet does so more than once. A bar is one where the sheet speaks
of bars or adjoints, or says `\bar W = \partial L/\partial W` (Giles, 2008, writes so throughout). A mean's sum without a limit gets it;
`X = (x_{ij})` is the matrix x.
"""

from __future__ import annotations

import re
from dataclasses import replace

from symgrad import syntax as sx
from symgrad.heads import as_call
from symgrad.meaning import is_loss, stem
from symgrad.naming import letters_of, plain_name, spelled, superscript, without_transpose
from symgrad.parts import mentions
from symgrad.read.document import Sheet
from symgrad.syntax import Node
from symgrad.unnamed_loss import meant_loss

_FEWEST = 2
_AXES = 2
_MANY = 3
_COUNTS = frozenset("nmNMBKTdD")


_ADJOINT = re.compile(r"(?i)\b(bars?|barred|adjoints?|cotangents?)\b")


def written_out(sheet: Sheet) -> Sheet:
    """The sheet with its gradients in short as the gradients that they are."""
    made = _of_the_last_layer(_without_bars(_without_subscripts(_of_entries(sheet))))
    return replace(made, statements=[replace(s, node=sx.mapped(s.node, _with_limit)) for s in made.statements])


def _of_the_last_layer(sheet: Sheet) -> Sheet:
    r"""The sheet with `\nabla_{a^L} C` for `\nabla_a C`, where each a has its layer and this one is that of the outputs."""
    scripted = [n for s in sheet.statements for n in sx.walk(s.node) if isinstance(n, sx.Scripted) and isinstance(n.base, sx.Name)]
    below = {id(n.base) for n in scripted}
    last = {plain_name(n.base): n for n in scripted if n.sub is None and isinstance(n.sup, sx.Name) and n.sup.base == "L"}
    slopes = [n for s in sheet.statements for n in sx.walk(s.node) if isinstance(n, sx.Derivative) and n.kind == "nabla"]
    by = {id(wrt) for n in slopes for wrt in n.wrt}
    alone = {plain_name(n) for s in sheet.statements for n in sx.walk(s.node) if isinstance(n, sx.Name) and id(n) not in below | by}

    def written(node: Node) -> Node:
        if isinstance(node, sx.Derivative) and node.kind == "nabla" and len(node.wrt) == 1:
            layer = last.get(plain_name(node.wrt[0]) or "")
            if isinstance(node.wrt[0], sx.Name) and layer is not None and plain_name(node.wrt[0]) not in alone:
                return replace(node, wrt=(replace(layer, span=node.wrt[0].span),))
        return node

    return replace(sheet, statements=[replace(s, node=sx.mapped(s.node, written)) for s in sheet.statements])


def _of_entries(sheet: Sheet) -> Sheet:
    r"""The sheet with `X = x` for `X = (x_{ij})` and `X = [x_{ij}]`."""

    def whole(node: Node) -> Node:
        match node:
            case sx.Relation(sides=(sx.Name(), sx.Group(body=entry) | sx.List(items=(entry,))), operators=("=" | ":=",)):
                if isinstance(entry, sx.Scripted) and entry.sup is None and len(letters_of(entry.sub) or ()) == _AXES:
                    return replace(node, sides=(node.sides[0], entry.base))
        return node

    return replace(sheet, statements=[replace(s, node=whole(s.node)) for s in sheet.statements])


def _with_limit(node: Node) -> Node:
    r"""`\frac1m \sum_i` and `(1/m) \sum_i` are means: short for `\frac1m \sum_{i=1}^m`."""
    match node:
        case sx.Product(
            factors=(
                sx.Frac(above=sx.Number(text="1"), below=sx.Name(base=base, accents=()) as count)
                | sx.Group(body=sx.Frac(above=sx.Number(text="1"), below=sx.Name(base=base, accents=()) as count)),
                sx.BigOp() as total,
            )
        ):
            if total.operator == "sum" and isinstance(total.below, sx.Name) and total.above is None and base in _COUNTS:
                one = sx.Number(total.below.span, "1")
                below = sx.Relation(total.below.span, (total.below, one), ("=",))
                return replace(node, factors=(node.factors[0], replace(total, below=below, above=count)))
    return node


def _without_bars(sheet: Sheet) -> Sheet:
    losses = [loss for s in sheet.statements if (loss := _loss_of_bars(s.node)) is not None]
    stated = [loss for s in sheet.statements if (loss := _loss_of_an_adjoint(s.node)) is not None]
    said = bool(stated) or any(_ADJOINT.search(s.words) for s in sheet.statements)
    if not losses and not said and len(_barred(sheet)) < _MANY:
        return sheet
    if any(isinstance(n, sx.Differential) and n.sign == "d" for s in sheet.statements for n in sx.walk(s.node)):
        losses = losses or stated or [meant_loss(sheet, sheet.statements[0].span)]
    # Of one step or another: `\bar c_{t+1}` is of the c that `c_t = …` is about.
    related = {stem(name) for s in sheet.statements if isinstance(s.node, sx.Relation) for name in mentions(s.node)}

    def opened(node: Node) -> Node:
        base = node.base if isinstance(node, sx.Scripted) else node
        if not isinstance(base, sx.Name) or base.accents[:1] != ("bar",):
            return _whole(node)
        bare = replace(base, accents=base.accents[1:])  # the `\\hat x` of `\\bar{\\hat x}`
        return sx.Differential(base.span, "d", bare) if isinstance(node, sx.Name) else node

    def _whole(node: Node) -> Node:
        """`\\bar W_1^T`: the scripts belong to what the bar is over."""
        if isinstance(node, sx.Scripted) and isinstance(node.base, sx.Differential) and node.base.span.start == node.span.start:
            return sx.Differential(node.span, "d", replace(node, base=node.base.of))
        return node

    def spelt_out(node: Node) -> Node | None:
        """Where `dM` is a change of M, the gradient by it is spelt as one."""
        of = _under_a_bar(node)
        if of is None or not {stem(name) for name in mentions(of)} <= related:
            return None
        gradient = sx.Derivative(node.span, losses[0], (of,), "nabla")
        return sx.Scripted(node.span, gradient, None, sx.Mark(node.span, "T")) if _is_turned(node) else gradient

    def kept(node: Node) -> Node:
        if losses:
            return sx.replaced(node, spelt_out)
        made = sx.mapped(node, opened)
        bars = [n for n in sx.walk(made) if isinstance(n, sx.Differential)]
        return made if all({stem(name) for name in mentions(n.of)} & related for n in bars) else node

    return replace(sheet, statements=[replace(s, node=kept(s.node)) for s in sheet.statements])


def _is_turned(node: Node) -> bool:
    return isinstance(node, sx.Scripted) and superscript(node.sup).transposed


def _loss_of_bars(node: Node) -> Node | None:
    r"""The ℓ of `d\ell = \langle \bar M, dM \rangle`, `d\ell = \operatorname{tr}(\bar M^T dM)`: changes weighed by what is barred."""
    match node:
        case sx.Relation(sides=(sx.Differential(sign="d", of=loss, order=None), *others)) if is_loss(plain_name(loss) or ""):
            names = [{plain_name(of) for n in sx.walk(side) if (of := _under_a_bar(n)) is not None} for side in others]
            changes = [{plain_name(n.of) for n in sx.walk(side) if isinstance(n, sx.Differential) and n.sign == "d"} for side in others]
            return loss if any(barred & changed for barred, changed in zip(names, changes, strict=True)) else None
    return None


def _under_a_bar(node: Node) -> Node | None:
    """The `W_1` of `\\bar W_1^T`; None for what has no bar."""
    whole = without_transpose(node) if isinstance(node, sx.Scripted) and _is_turned(node) else node
    base = whole.base if isinstance(whole, sx.Scripted) else whole
    if not isinstance(base, sx.Name) or base.accents[:1] != ("bar",):
        return None
    bare = replace(base, accents=base.accents[1:])
    return replace(whole, base=bare) if isinstance(whole, sx.Scripted) else bare


def _barred(sheet: Sheet) -> set[str]:
    """Quantities that the sheet defines and that it also writes equations for with a bar over them."""
    heads = {plain_name(s.node.sides[0]) for s in sheet.statements if isinstance(s.node, sx.Relation)}
    return {h for h in heads if h is not None and h.startswith("\\bar{") and h.replace("\\bar{", "", 1).replace("}", "", 1) in heads}


def _loss_of_an_adjoint(node: Node) -> Node | None:
    r"""The L of `\bar O = \partial L/\partial O`."""
    match node:
        case sx.Relation(sides=(head, sx.Derivative(of=loss, wrt=(wrt,)), *_)):
            of = _under_a_bar(head)
            return loss if of is not None and plain_name(of) is not None and plain_name(of) == plain_name(wrt) else None
    return None


def _without_subscripts(sheet: Sheet) -> Sheet:
    defined, made_of = set[str](), set[str]()
    spoken: set[str] = set()
    short: dict[str, tuple[str, tuple[str, ...]]] = {}
    for statement in sheet.statements:
        node = statement.node
        if isinstance(node, sx.Relation):
            called = as_call(node.sides[0])
            head = plain_name(called.function if isinstance(called, sx.Call) else called)
            if head is not None and is_loss(head):
                defined.add(head)
                made_of |= _shortened(node.sides[1:]).keys() if "_" not in head else set()
        short |= _shortened((node,))
        spoken |= _alone(node)
    found = {whole for whole, (base, below) in short.items() if base in defined and whole not in made_of and set(below) <= spoken}
    if len(found) < _FEWEST:
        return sheet

    def opened(node: Node) -> Node:
        if isinstance(node, sx.Scripted) and plain_name(node) in found and node.sub is not None:
            wrt = _pieces(node.sub)
            order = sx.Number(node.span, str(len(wrt))) if len(wrt) > 1 else None
            return sx.Derivative(node.span, node.base, wrt, order=order)
        return node

    return replace(sheet, statements=[replace(s, node=sx.mapped(s.node, opened)) for s in sheet.statements])


def _shortened(nodes: tuple[Node, ...]) -> dict[str, tuple[str, tuple[str, ...]]]:
    """Losses with names for a subscript: how they are spelt, without it and what the subscript names, two for a second derivative."""
    short: dict[str, tuple[str, tuple[str, ...]]] = {}
    for found in (n for node in nodes for n in sx.walk(node)):
        if isinstance(found, sx.Scripted) and isinstance(found.base, sx.Name) and found.sup is None and not found.primes:
            whole, below = plain_name(found), [plain_name(piece) for piece in _pieces(found.sub)]
            names = tuple(name for name in below if name is not None)
            if whole is not None and len(names) == len(below) in (1, 2) and is_loss(spelled(found.base)):
                short[whole] = spelled(found.base), names
    return short


def _pieces(sub: Node | None) -> tuple[Node, ...]:
    r"""The names that a subscript is of: `W`, `\beta\beta`."""
    if isinstance(sub, sx.Product) and not any(sub.operators):
        return sub.factors
    return () if sub is None or isinstance(sub, sx.Text) else (sub,)


def _alone(node: Node) -> set[str]:
    """The names that stand by themselves, and not as a subscript."""
    found: set[str] = set()
    stack = [node]
    while stack:
        current = stack.pop()
        name = plain_name(current) if isinstance(current, (sx.Name, sx.Scripted)) else None
        if name is not None:
            found.add(name)
        if isinstance(current, sx.Scripted):
            stack.append(current.base)
            continue
        stack.extend(sx.children(current))
    return found
