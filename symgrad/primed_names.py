r"""Names with a prime that are other names: the z_i' of `\sum_i z_i^\top z_i'`, the x' of `\|x - x'\|^2`.

A prime is a transpose in a product, where nothing else writes one and no name stands beside itself with a prime in a sum: `x'Ax`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from symgrad import syntax as sx
from symgrad.naming import plain_name, superscript
from symgrad.read.document import Sheet
from symgrad.syntax import Node

_FUNCTIONS = frozenset({"f", "g", "\\phi", "\\varphi", "\\psi", "\\sigma"})


def with_primed_names(sheet: Sheet) -> Sheet:
    """The sheet with `x'` as a name, where it is one."""
    nodes = [n for s in sheet.statements for n in sx.walk(s.node)]
    is_turned = any(isinstance(n, sx.Scripted) and superscript(n.sup).transposed for n in nodes)
    apart = {name for n in nodes for name in _beside_themselves(n)}
    functions = {id(n.function) for n in nodes if isinstance(n, sx.Call)}
    factors = {id(factor) for n in nodes if isinstance(n, sx.Product) for factor in n.factors}

    def written(node: Node) -> Node | None:
        match node:
            case sx.Scripted(base=sx.Name(base=letter, accents=()) as base, sub=sub, sup=None, primes=1) if len(letter) == 1:
                if id(node) not in functions and letter not in _FUNCTIONS and (is_turned or letter in apart or id(node) not in factors):
                    own = replace(base, base=letter + "'")
                    return own if sub is None else replace(node, base=own, primes=0)
        return None

    return replace(sheet, statements=[replace(s, node=sx.replaced(s.node, written)) for s in sheet.statements])


def _beside_themselves(node: Node) -> Iterator[str]:
    """The x of `x - x'`, and of `k(x, x')`."""
    parts = node.terms if isinstance(node, sx.Sum) else node.items if isinstance(node, sx.Listing) else ()
    parts = node.args if isinstance(node, sx.Call) else parts
    bare = {plain_name(part) for part in parts}
    for part in parts:
        match part:
            case sx.Scripted(base=sx.Name(base=letter), primes=1) if plain_name(replace(part, primes=0) if part.sub else part.base) in bare:
                yield letter
