r"""Which inputs change in a statement of differentials: W in `dL = \operatorname{tr}(G^T dW)`, A and B in `d(AB) = dA\,B + A\,dB`."""

from __future__ import annotations

from collections.abc import Iterator

from symgrad import syntax as sx
from symgrad.meaning import Meaning
from symgrad.naming import plain_name
from symgrad.sheet import Gathered
from symgrad.signs import as_it_stands, of_expressions
from symgrad.syntax import Node


class Changing:
    """The inputs that change, on a sheet where differentials are made of others; none elsewhere (there `dW` is a gradient)."""

    def __init__(self, gathered: Gathered, meaning: Meaning) -> None:
        self._gathered, self._meaning = gathered, meaning
        nodes = [gathered.sheet.statements[i].node for i in gathered.part.own]
        self._everywhere = self._inputs(list(dict.fromkeys(name for node in nodes for name in self._named(node))))
        self._everywhere = self._everywhere if any(self._has_differentials(node) for node in nodes) else ()

    def at(self, statement: int) -> tuple[str, ...]:
        """Those of one statement: the ones that it names, and those that what it names rests on where none of these is among them.

        All where it names none.
        """
        node = self._gathered.sheet.statements[statement].node
        head = node.sides[0] if isinstance(node, sx.Relation) else None
        named = [name for side in sx.children(node) if side is not head for name in self._named(side)]
        found = tuple(n for n in self._inputs(named) if n in self._everywhere)
        return found or self._everywhere

    def _inputs(self, changed: list[str]) -> tuple[str, ...]:
        inputs = self._meaning.network.inputs
        named = {n for n in inputs if n in changed}
        others = [c for c in changed if c not in named and not any(self._meaning.rests_on(c, n) for n in named)]
        return tuple(n for n in inputs if n in named or any(self._meaning.rests_on(c, n) for c in others))

    def _has_differentials(self, node: Node) -> bool:
        """Whether a statement makes the differential of a name, or of an expression, of other differentials."""
        named = list(self._named(node))
        return any(self._meaning.rests_on(named[0], name) for name in named[1:]) or (bool(named) and any(of_expressions(node)))

    def _named(self, node: Node) -> Iterator[str]:
        for found in sx.walk(node):
            if isinstance(found, sx.Differential) and found.sign == "d":
                of = as_it_stands(found.of)
                name = plain_name(of, self._meaning.styled)
                if isinstance(of, sx.Scripted) and (name is None or self._meaning.shape(name) is None):
                    name = plain_name(of.base, self._meaning.styled)  # `dA_i` is a part of `dA`
                if name is not None:
                    yield name
