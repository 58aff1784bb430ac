r"""One example in small letters beside all of them as columns: `dz = a - y`, where only `Z = W X + b` and `A = \sigma(Z)` are defined.

What the capitals are made by goes for one column, and so does the term of the mean for the loss of one example, which such lines are
about.
"""

from __future__ import annotations

from collections.abc import Container
from dataclasses import replace

from symgrad import syntax as sx
from symgrad.constant import is_numeric
from symgrad.heads import as_call
from symgrad.meaning import is_loss
from symgrad.naming import plain_name, script_text, superscript, without_transpose
from symgrad.parts import heads, mentions
from symgrad.read.document import Sheet
from symgrad.span import Span
from symgrad.syntax import Node

_FEWEST = 2
_DATA = ("X", "Y", "A^{[0]}")


def with_one_example(sheet: Sheet) -> Sheet:
    """The sheet with definitions for one example, and its gradients as those of its loss."""
    formulas = {
        name: (s.node.sides[0], side)
        for s in sheet.statements
        if isinstance(s.node, sx.Relation)
        for name, side in heads(s)
        if name[0].isupper() and name not in _DATA and not is_numeric(side) and not is_loss(name) and name not in mentions(side)
    }
    capitals = {*formulas, *_DATA}
    known = {name for s in sheet.statements for name, side in heads(s) if not is_numeric(side)}
    spoken = {name for s in sheet.statements for name in mentions(s.node)}
    small = {name for name in formulas if _in_small(name) in spoken - known}
    at = next((i for i, s in enumerate(sheet.statements) if _term_of_a_mean(s.node) is not None), None)
    lines = [i for i, s in enumerate(sheet.statements) if _is_of_one(s.node, {*map(_in_small, small)})]
    if at is None or len(small) < _FEWEST or len(lines) < _FEWEST or "\\ell" in spoken:
        return sheet
    own = range(lines[0], lines[-1] + 1)
    if any(_has_rows(side, capitals) for _, side in formulas.values()) or any(
        capitals & {*mentions(sheet.statements[i].node)} for i in own
    ):
        return sheet
    mean = sheet.statements[at]
    nowhere = Span(mean.span.start, mean.span.start)
    loss = sx.Name(nowhere, "\\ell")
    made = [(_lower(head, capitals), _lower(side, capitals)) for head, side in formulas.values() if capitals & {*mentions(side)}]
    made.append((loss, _worked_out(sheet, _of_one_column(_term_of_a_mean(mean.node) or loss))))
    given = [replace(mean, node=sx.Relation(nowhere, sides, ("=",)), span=nowhere, words="", words_after="") for sides in made]
    ones = {*map(_in_small, formulas), "x", "y"}
    given = [replace(s, node=sx.replaced(s.node, lambda n: _as_one(n, ones))) for s in given]
    statements = [
        replace(s, node=sx.replaced(sx.mapped(s.node, lambda n: _by_its_loss(n, loss)), lambda n: _as_one(n, ones))) if i in own else s
        for i, s in enumerate(sheet.statements)
    ]
    return replace(sheet, statements=[*statements[:at], *given, *statements[at:]])


def _has_rows(formula: Node, capitals: Container[str]) -> bool:
    """Whether examples are rows in it, as in `X W`: one of them would lie otherwise than it does by itself."""
    return any(isinstance(n, sx.Product) and plain_name(n.factors[0]) in capitals for n in sx.walk(formula))


def _in_small(name: str) -> str:
    return "x" if name == "A^{[0]}" else name[0].lower() + name[1:]


def _is_of_one(node: Node, small: Container[str]) -> bool:
    """Whether it is a gradient in terms of one example."""
    return isinstance(node, sx.Relation) and isinstance(node.sides[0], sx.Differential) and any(name in small for name in mentions(node))


def _term_of_a_mean(node: Node) -> Node | None:
    r"""The `\mathcal{L}(a^{[2](i)}, y^{(i)})` of `J = \frac1m \sum_i \mathcal{L}(a^{[2](i)}, y^{(i)})`."""
    match node:
        case sx.Relation(sides=(sx.Name() as head, sx.Prefix(sign="-", body=side) as minus)):
            term = _term_of_a_mean(sx.Relation(node.span, (head, side), ("=",)))
            return None if term is None else replace(minus, body=sx.Group(term.span, "(", ")", term))
        case sx.Relation(sides=(sx.Name(base=name), sx.Product(factors=(*_, sx.BigOp(operator="sum", body=sx.Node() as body))))):
            numbered = any(isinstance(n, sx.Scripted) and script_text(n.sup).replace(" ", "").endswith("(i)") for n in sx.walk(body))
            return body if is_loss(name) and numbered else None
    return None


def _of_one_column(term: Node) -> Node:
    """The term without the numbers of examples."""

    def bare(node: Node) -> Node:
        match node:
            case sx.Scripted(base=base, sub=sub, sup=sx.Group(open="(")):
                return base if sub is None else replace(node, sup=None)
            case sx.Scripted(sup=sx.Product(factors=(label, sx.Group(open="(")))):
                return replace(node, sup=label)
        return node

    return sx.mapped(term, bare)


def _worked_out(sheet: Sheet, term: Node) -> Node:
    r"""`\mathcal{L}(a^{[2]}, y)` by the formula that the sheet has for `\mathcal{L}(a, y)`."""
    called = as_call(term)
    if not isinstance(called, sx.Call):
        return term
    equations = ((as_call(s.node.sides[0]), s.node.sides[1]) for s in sheet.statements if isinstance(s.node, sx.Relation))
    name = plain_name(called.function)
    own = ((head, side) for head, side in equations if isinstance(head, sx.Call) and plain_name(head.function) == name)
    head, side = next(own, (called, term))
    put = {plain_name(a): sx.Group(b.span, "(", ")", b) for a, b in zip(head.args, called.args, strict=False)}
    return side if side is term else sx.replaced(side, lambda n: put.get(plain_name(n)) if isinstance(n, sx.Name) else None)


def _lower(node: Node, capitals: Container[str]) -> Node:
    def put(inner: Node) -> Node | None:
        name = plain_name(inner) if isinstance(inner, (sx.Name, sx.Scripted)) else None
        if name is None or name not in capitals:
            return None
        if name == "A^{[0]}":
            return sx.Name(inner.span, "x")
        base = inner.base if isinstance(inner, sx.Scripted) else inner
        assert isinstance(base, sx.Name)
        lowered = replace(base, base=base.base.lower())
        return replace(inner, base=lowered) if isinstance(inner, sx.Scripted) else lowered

    return sx.replaced(node, put)


def _as_one(node: Node, ones: Container[str]) -> Node | None:
    """A name of its own for what is of one example: a member of all of them would be another."""
    if not isinstance(node, (sx.Name, sx.Scripted)):
        return None
    bare = without_transpose(node) if isinstance(node, sx.Scripted) and superscript(node.sup).transposed else node
    if plain_name(bare) not in ones:
        return None
    base = node.base if isinstance(node, sx.Scripted) else node
    assert isinstance(base, sx.Name)
    own = replace(base, accents=("vec",))
    return replace(node, base=own) if isinstance(node, sx.Scripted) else own


def _by_its_loss(node: Node, loss: Node) -> Node:
    return sx.Derivative(node.span, loss, (node.of,), "nabla") if isinstance(node, sx.Differential) and node.sign == "d" else node
