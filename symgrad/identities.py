r"""Identities that speak of names of their own: `\frac{\partial}{\partial A} a^\top A b = a b^\top`, where no line declares A, a or b.

Such a line is true or false by itself. Its names are typed from what is differentiated, apart from everything else on the sheet. So is a
law that a sheet begins with, before its letters are anything else.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from symgrad import syntax as sx
from symgrad.meaning import Definition, Meaning, Vocabulary
from symgrad.naming import plain_name
from symgrad.parts import mentions
from symgrad.sheet import Gathered, Link
from symgrad.signs import of_expressions
from symgrad.understanding import understood

_WHOLE = "\u2063of"
_MOST_NAMES = 8
_AS_PLAIN = 1.0


def on_its_own(gathered: Gathered, meaning: Meaning, link: Link) -> list[Meaning]:
    """Understandings of an identity that is about names which the sheet does not know; none where it is about the sheet's own."""
    expressions = list(_differentiated(link, meaning.styled))
    names = {name for e in expressions for name in mentions(e, meaning.styled)}
    if not 0 < len(names) <= _MOST_NAMES or not any(_is_strange(name, meaning) for name in names):
        return []
    if any(d.name in names for d in gathered.definitions):
        return []  # about a quantity of the sheet, of which something was not read
    wholes = [Definition(f"{_WHOLE}{i}", e, link.statement) for i, e in enumerate(expressions)]
    found = [m for m in understood(gathered.vocabulary, wholes) if not m.unread]
    # A capital that is a vector, or a small letter that is a row, is no way out for an identity that is wrong as it is usually typed.
    return [m for m in found if m.cost <= found[0].cost + _AS_PLAIN]


def as_a_law(gathered: Gathered, meaning: Meaning, link: Link) -> list[Meaning]:
    r"""Understandings of `\operatorname{tr}(ABC) = \operatorname{tr}(BCA)` apart from what its letters are only further down."""
    sides = (link.left, link.right)
    names, others = (set(mentions(side, meaning.styled)) for side in sides)
    letters = {name for name in names if not name.startswith("\\mathrm")}
    so_far = _said_so_far(gathered.vocabulary, link.statement)
    settled = {*so_far.declared, *so_far.literals}
    for known in (d for d in gathered.definitions if d.statement <= link.statement):
        settled |= {known.name, *mentions(known.expression, meaning.styled)}
    if names != others or not 0 < len(letters) <= _MOST_NAMES or letters & settled:
        return []
    if any(isinstance(n, sx.Derivative) for side in sides for n in sx.walk(side)):
        return []
    wholes = [Definition(f"{_WHOLE}{i}", side, link.statement) for i, side in enumerate(sides)]
    return [m for m in understood(so_far, wholes) if not m.unread][:1]


def _said_so_far(vocabulary: Vocabulary, statement: int) -> Vocabulary:
    """What is said of names up to a statement, without the spaces and values that they get only further down."""
    declared = {name: shape for name, shape in vocabulary.declared.items() if vocabulary.declared_at.get(name, 0) <= statement}
    literals = {name: sizes for name, sizes in vocabulary.literals.items() if vocabulary.valued_at.get(name, 0) <= statement}
    return replace(vocabulary, declared=declared, literals=literals)


def _differentiated(link: Link, styled: frozenset[str]) -> Iterator[sx.Node]:
    """The expressions, of more than one name, that a derivative is taken of, in names that occur in them."""
    for side in (link.left, link.right):
        yield from (e for e in of_expressions(side) if list(mentions(e, styled)))
    for node in (n for side in (link.left, link.right) for n in sx.walk(side)):
        if isinstance(node, sx.Derivative) and node.of is not None and len(node.wrt) == 1 and node.order is None:
            name = plain_name(node.wrt[0], styled)
            met = set(mentions(node.of, styled))
            is_met = name is not None and (name in met or name in _raised(node.of, styled))
            if plain_name(node.of, styled) is None and is_met:
                yield node.of  # also of powers, `\operatorname{tr}(X^3)`


def _raised(node: sx.Node, styled: frozenset[str]) -> Iterator[str]:
    """The names that stand with a power, and in none."""
    if isinstance(node, sx.Scripted):
        name = plain_name(node.base, styled)
        if isinstance(node.sup, sx.Number) and name is not None:
            yield name
        return
    for child in sx.children(node):
        yield from _raised(child, styled)


def _is_strange(name: str, meaning: Meaning) -> bool:
    return meaning.shape(name) is None and name not in meaning.functions and not meaning.is_size(name)
