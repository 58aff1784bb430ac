r"""The density of a normal distribution where it is called, `\mathcal{N}(x \mid \mu, \Sigma)`, written out, and `\mathrm{KL}(p \| q)`.

The determinant is that of 2πΣ, so that nothing has to say how long x is. Source: Bishop (2006), (2.42) and (2.43).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from itertools import pairwise

from symgrad import syntax as sx
from symgrad.naming import letters_of, plain_name, script_text
from symgrad.read.document import Sheet, read_document
from symgrad.span import Source
from symgrad.syntax import Node

# Where p, q and r stand for the point, the mean, and the variance or the covariance; the density, and its logarithm.
_OF_A_NUMBER = r"\exp(-\frac{(p - q)^2}{2 r}) / \sqrt{2 \uppi r}", r"-\frac{1}{2} (\log(2 \uppi r) + (p - q)^2 / r)"
_OF_A_VECTOR = (
    r"\det(2 \uppi r)^{-1/2} \exp(-\frac{1}{2} (p - q)^\top r^{-1} (p - q))",
    r"-\frac{1}{2} (\log\det(2 \uppi r) + (p - q)^\top r^{-1} (p - q))",
)
# Of a covariance r I. How long the point is says the I that stands beside it, times 0, at the same place as in the trace.
_ALIKE = r"\frac{1}{2} (\operatorname{tr}(I) \log(2 \uppi r) + \|p - q\|^2 / r + 0 (p - q)^\top I (p - q))"
_OF_ALIKE = rf"\exp(-{_ALIKE})", f"-{_ALIKE}"


# Of two distributions over finitely many.
_DIVERGENCE = r"p^\top (\log p - \log q)"
_DIVERGENCES = frozenset({"KL", "D_{KL}"})


def with_densities(sheet: Sheet) -> Sheet:
    """The sheet with the formula for every density, and the logarithm of one by itself in the form that it is derived in."""
    nodes = [sx.replaced(s.node, _written) for s in sheet.statements]
    if any(isinstance(n, sx.Scripted) and n.sub is not None and _is_pi(n.base) for node in nodes for n in sx.walk(node)):
        nodes = [sx.mapped(node, _constant) for node in nodes]
    return replace(sheet, statements=[replace(s, node=node) for s, node in zip(sheet.statements, nodes, strict=True)])


def covariances(sheet: Sheet) -> set[str]:
    """The names of the covariances of densities."""
    calls = [pair for s in sheet.statements for n in sx.walk(s.node) if isinstance(n, sx.Product) for pair in pairwise(n.factors)]
    spreads = [arguments[2] for name, group in calls if (arguments := _arguments(name, group)) is not None]
    bases = [s.base if isinstance(s, sx.Scripted) and s.sup is None and len(letters_of(s.sub) or ()) == 1 else s for s in spreads]
    return {
        name
        for spread in bases
        if isinstance(spread, sx.Name) and spread.base != "I" and not _is_number(spread) and (name := plain_name(spread)) is not None
    }


def _constant(node: Node) -> Node:
    r"""The π of 2π, beside weights π_k."""
    if not isinstance(node, sx.Product):
        return node
    before = (None, *node.factors[:-1])
    upright = [isinstance(b, sx.Number) and _is_pi(f) for f, b in zip(node.factors, before, strict=True)]
    return replace(node, factors=tuple(sx.Name(f.span, "\\uppi") if turned else f for f, turned in zip(node.factors, upright, strict=True)))


def _is_pi(node: Node) -> bool:
    return isinstance(node, sx.Name) and node.base == "\\pi" and not node.accents


def _is_logarithm(function: sx.Name) -> bool:
    return function.base.removeprefix("\\") in ("log", "ln")


def _written(node: Node) -> Node | None:
    match node:
        case sx.Call(function=sx.Name() as log, args=(sx.BigOp(operator="prod", body=sx.Node() as body) as whole,)) if _is_logarithm(log):
            return sx.replaced(replace(whole, operator="sum", body=sx.Call(node.span, log, (body,))), _written)
        case sx.Call(function=sx.Name(base="log" | "ln" | "\\log" | "\\ln"), args=(sx.Product(factors=(name, group)) as whole,)):
            return _formula(name, group, whole, 1)
        case sx.Call(function=name, args=(sx.Name() as one, sx.Name() as other)) if script_text(name) in _DIVERGENCES:
            return _filled(_DIVERGENCE, {"p": one, "q": other}, node)
        case sx.Product(factors=(name, sx.Group(body=sx.Listing(items=(sx.Name() as one, sx.Name() as other))))) if (
            script_text(name) in _DIVERGENCES
        ):
            return _filled(_DIVERGENCE, {"p": one, "q": other}, node)
        case sx.Product(factors=factors, operators=operators):
            for k in range(len(factors) - 1):
                made = _formula(factors[k], factors[k + 1], node, 0)
                if made is not None:
                    rest = (*factors[:k], made, *factors[k + 2 :])
                    shorter = replace(node, factors=rest, operators=operators[:k] + operators[k + 1 :])
                    return sx.replaced(shorter if len(rest) > 1 else made, _written)
    return None


def _formula(name: Node, group: Node, whole: Node, which: int) -> Node | None:
    r"""The density of `\mathcal{N}(x \mid \mu, \Sigma)`, or its logarithm; None for what is no such call."""
    arguments = _arguments(name, group)
    if arguments is None:
        return None
    point, mean, spread = arguments
    alike = _number_before_the_identity(spread)
    formula = (_OF_ALIKE if alike is not None else _OF_A_NUMBER if _is_number(spread) else _OF_A_VECTOR)[which]
    if isinstance(mean, sx.Number) or (isinstance(mean, sx.Name) and mean.base == "0"):
        formula = formula.replace("(p - q)", "p")  # a mean of 0, which is as long as the point
    return _filled(formula, {"p": point, "q": mean, "r": alike or spread}, whole)


def _arguments(name: Node, group: Node) -> tuple[Node, ...] | None:
    match name, group:
        case sx.Name(base="N", accents=()), sx.Group(body=sx.Listing(items=(_, _, _) as items)):
            return items
    return None


def _number_before_the_identity(spread: Node) -> Node | None:
    r"""The `\sigma^2` of `\sigma^2 I`, and 1 of `I`; None of any other covariance."""
    match spread:
        case sx.Name(base="I", accents=()):
            return sx.Number(spread.span, "1")
        case sx.Product(factors=(*numbers, sx.Name(base="I", accents=()))) if len(numbers) == 1:
            return numbers[0]
        case sx.Product(factors=(*numbers, sx.Name(base="I", accents=()))):
            return replace(spread, factors=tuple(numbers), operators=spread.operators[:-1])
    return None


def _is_number(spread: Node) -> bool:
    r"""`\sigma^2`, `\sigma_k^2`, `v`, `1/\beta` and `1`, which are no matrices."""
    match spread:
        case sx.Product(factors=factors):
            return _is_number(factors[-1])
        case sx.Frac(above=above):
            return _is_number(above)
        case sx.Scripted(base=base):
            return _is_number(base)
        case sx.Name(base=base):
            return base.removeprefix("\\")[:1].islower()
    return isinstance(spread, sx.Number)


def _filled(formula: str, of: Mapping[str, Node], whole: Node) -> Node:
    def filled(node: Node) -> Node | None:
        if isinstance(node, sx.Name) and node.base in of:
            inside = of[node.base]
            return inside if isinstance(inside, (sx.Name, sx.Number, sx.Scripted)) else sx.Group(inside.span, "(", ")", inside)
        return None

    made = sx.replaced(sx.mapped(_template(formula), lambda node: replace(node, span=whole.span)), filled)
    return sx.Group(whole.span, "(", ")", made)


@cache
def _template(formula: str) -> Node:
    (statement,) = read_document(Source(f"$${formula}$$", "density")).statements
    return statement.node
