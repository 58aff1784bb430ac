"""How the names of a sheet are used on the page: bold, transposed, entry by entry, only below a line, along an axis of a matrix."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable, Iterator
from dataclasses import replace

from symgrad import syntax as sx
from symgrad.constant import is_numeric
from symgrad.defining import perhaps_turned
from symgrad.members import running_letters
from symgrad.naming import letters_of, plain_name, spelled, without_transpose
from symgrad.parts import Part, mentions
from symgrad.read.document import Sheet
from symgrad.syntax import Node


def with_two_indices(nodes: Iterable[sx.Scripted], styled: frozenset[str]) -> Iterator[str]:
    """The names that have entries with two indices."""
    for node in nodes:
        name = plain_name(replace(node, sub=None), styled) if node.sub is not None and len(letters_of(node.sub) or ()) == 2 else None
        if name is not None:
            yield name


def running_in_sums(nodes: list[Node]) -> set[str]:
    r"""The letters that sums run over, and those beside them: the c of `m_c = \frac1n \sum_i x_{ic}`."""
    running = {letter for node in nodes for letter in running_letters(node)}
    below = [set(letters_of(n.sub) or ()) for node in nodes for n in sx.walk(node) if isinstance(n, sx.Scripted)]
    return running.union(*(letters for letters in below if letters & running))


def complemented(nodes: Iterable[Node], styled: frozenset[str]) -> Iterator[str]:
    """The y of `1 - y`: the label of a case that is one of two."""
    for node in nodes:
        for n in sx.walk(node):
            match n:
                case sx.Sum(terms=(sx.Number(text="1"), other), signs=("", "-")) if (name := plain_name(other, styled)) is not None:
                    yield name


def bold_names(sheet: Sheet, styled: frozenset[str]) -> Iterator[str]:
    """The names that are printed bold: vectors and matrices."""
    for statement in sheet.statements:
        for node in sx.walk(statement.node):
            base = node.base if isinstance(node, sx.Scripted) else node
            if isinstance(base, sx.Name) and base.style in ("mathbf", "boldsymbol", "bm", "bf", "vec"):
                name = plain_name(node, styled)
                if name is not None:
                    yield name


def array_names(nodes: Iterable[Node], styled: frozenset[str]) -> Iterator[str]:
    """The names that stand transposed or in a norm."""
    for node in (n for whole in nodes for n in sx.walk(whole)):
        name, _, is_turned = perhaps_turned(node.body, styled) if isinstance(node, sx.Norm) else perhaps_turned(node, styled)
        if name is not None and (is_turned or isinstance(node, sx.Norm)):
            yield name
        elif isinstance(node, sx.Scripted) and node.primes == 1 and isinstance(node.base, sx.Name) and node.base.base.isupper():
            yield spelled(node.base)  # `E'` in the notation of statisticians
        elif isinstance(node, sx.Relation):
            yield from _moved_between(node, styled)


def _moved_between(node: sx.Relation, styled: frozenset[str]) -> Iterator[str]:
    r"""The E of `\mathrm dE = A\,\mathrm dX\,B`, where a matrix stands on both sides of what moves, and no trace around it."""
    match [side.body if isinstance(side, sx.Prefix) else side for side in node.sides]:
        case (sx.Differential(of=sx.Name() as moved), sx.Product(factors=(before, sx.Differential(of=sx.Name() as by), behind))):
            letters = [plain_name(without_transpose(f) if isinstance(f, sx.Scripted) else f, styled) for f in (before, by, behind)]
            name = plain_name(moved, styled)
            if name is not None and all(letter is not None and letter[:1].isupper() for letter in letters):
                yield name


def entrywise_names(sheet: Sheet, styled: frozenset[str]) -> Iterator[str]:
    """The names that are multiplied entry by entry, which numbers are not."""
    for node in (n for statement in sheet.statements for n in sx.walk(statement.node)):
        if isinstance(node, sx.Product):
            for a, b, operator in zip(node.factors, node.factors[1:], node.operators, strict=False):
                if operator in ("odot", "circ"):
                    yield from (name for name in (plain_name(a, styled), plain_name(b, styled)) if name is not None)


def only_dividing(sheet: Sheet, styled: frozenset[str]) -> set[str]:
    r"""The names that only divide, as the p of `m \odot h / p` and of `1/(1 - p)`, and the s of `\frac{1}{2 s^2}`."""
    every: Counter[str] = Counter()
    below: Counter[str] = Counter()
    for node in (n for statement in sheet.statements for n in sx.walk(statement.node)):
        if isinstance(node, sx.Name) and (name := plain_name(node, styled)) is not None:
            every[name] += 1
        if isinstance(node, sx.Frac):
            divisor = node.below.body if isinstance(node.below, sx.Group) else node.below
            terms = divisor.terms if isinstance(divisor, sx.Sum) and is_numeric(divisor.terms[0]) else (divisor,)
            below.update(name for term in terms for name in _factors(term, styled))
        if isinstance(node, sx.Derivative):
            every.subtract(name for by in node.wrt if isinstance(by, sx.Name) and (name := plain_name(by, styled)) is not None)
    return {name for name, count in below.items() if count == every[name]}


def _factors(node: Node, styled: frozenset[str]) -> Iterator[str]:
    """The s of `2 s^2`: what is multiplied by numbers alone, perhaps with a power."""
    match node:
        case sx.Name():
            name = plain_name(node, styled)
            if name is not None:
                yield name
        case sx.Scripted(base=sx.Name() as base, sub=None, sup=sx.Number(), primes=0):
            yield from _factors(base, styled)
        case sx.Product(factors=(*numbers, last)) if all(map(is_numeric, numbers)):
            yield from _factors(last, styled)


def along_an_axis(sheet: Sheet, styled: frozenset[str]) -> Iterator[str]:
    r"""The Greek letters with an entry for each column of a matrix: the γ of `y_{kl} = \gamma_l h_{kl} + \beta_l`."""
    scripted = [n for s in sheet.statements for n in sx.walk(s.node) if isinstance(n, sx.Scripted) and n.sub is not None]
    axes = {letters[1] for n in scripted if len(letters := letters_of(n.sub) or ()) == 2}
    for node in scripted:
        name = plain_name(node.base, styled)
        if name is not None and name.startswith("\\") and len(letters := letters_of(node.sub) or ()) == 1 and letters[0] in axes:
            yield name


def mentioned_names(sheet: Sheet, styled: frozenset[str], part: Part, declared: Container[str]) -> set[str]:
    """The names that the part speaks of; a Σ that is a sign is none."""
    nodes = [sheet.statements[i].node for i in part.statements]
    spoken = {name for node in nodes for name in mentions(node, styled)}
    return spoken - {"\\Sigma"} if _is_sign_of_sums(nodes) and "\\Sigma" not in declared else spoken


def _is_sign_of_sums(nodes: list[Node]) -> bool:
    """Whether each Σ stands right before what may be summed, and is nothing by itself: `Σ xᵢ² = 36`."""
    letters = [n for node in nodes for n in sx.walk(node) if isinstance(n, sx.Name) and n.base == "\\Sigma"]
    products = [n for node in nodes for n in sx.walk(node) if isinstance(n, sx.Product) and n.operators[0] == ""]
    before = {id(n.factors[0]) for n in products}
    return all(id(letter) in before for letter in letters)
