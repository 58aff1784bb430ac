"""Both sides of an equality in readings that go together: of one shape, as tensors, cheapest first."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from fractions import Fraction

from symgrad import syntax as sx
from symgrad.changing import Changing
from symgrad.dims import ONE, Dim
from symgrad.errors import SymgradError
from symgrad.ledger import Ledger
from symgrad.literals import literal_rows
from symgrad.meaning import Meaning
from symgrad.origins import index_letters
from symgrad.readings import Reader
from symgrad.ruling import Pair
from symgrad.shapes import Shapes
from symgrad.sheet import Gathered, Link
from symgrad.syntax import Node
from symgrad.tensor import Node as Tensor
from symgrad.terms import Term, free_of, walk
from symgrad.typing_rules import Reading, transposed

_MOST_PAIRS = 60


class Pairing:
    """Pairs the readings of both sides, in the sizes of the values that the sheet has written."""

    def __init__(self, gathered: Gathered, meaning: Meaning, ledger: Ledger) -> None:
        self.gathered, self.meaning, self.ledger = gathered, meaning, ledger
        self._changing = Changing(gathered, meaning)

    def reader(self, link: Link, charity: bool = False) -> Reader:
        letters = {
            letter for side in (link.left, link.right) for letter in _index_letters(side, self.gathered.added | self.gathered.running)
        }
        letters -= self.meaning.network.definitions.keys()  # `a_n` where n is a quantity is no entry
        return Reader(self.meaning, charity, link.statement, letters, tangents=self._changing.at(link.statement))

    def pairs(self, link: Link, charity: bool, shapes: Shapes | None = None) -> Iterator[Pair]:
        """Readings of both sides that have one shape, cheapest first; in the sizes of the sheet where no others are given.

        The right side is read in the sizes of a left one when that one's turn comes.
        Raises `Unreadable`, and where no two readings go together what is in their way.
        """
        reader = self.reader(link, charity)
        lefts = reader.side(link.left, shapes or self.meaning.shapes)
        waiting: list[tuple[float, int, int, Reading | None]] = [(left.cost, i, -1, None) for i, left in enumerate(lefts)]
        seen: set[tuple[Tensor, Tensor]] = set()
        problem: SymgradError | None = None
        for _ in range(_MOST_PAIRS):
            while waiting and waiting[0][3] is None:
                _, i, _, _ = heapq.heappop(waiting)
                for k, right in enumerate(reader.side(link.right, lefts[i].shapes)):
                    heapq.heappush(waiting, (lefts[i].cost + right.cost, i, k, right))
            if not waiting:
                break
            _, i, _, found = heapq.heappop(waiting)
            assert found is not None
            try:
                pair = self.paired(lefts[i], found, reader)
            except SymgradError as error:
                problem = problem or error
                continue
            if pair is not None and (pair.left_node, pair.right_node) not in seen:
                seen.add((pair.left_node, pair.right_node))
                yield pair
        if not seen and problem is not None:
            raise problem

    def in_numbers(self, link: Link) -> Iterator[Pair]:
        """The same in the sizes that the values have: a mask that is only given in numbers goes with every matrix that is as large."""
        shapes, sizes = self.meaning.shapes, self.ledger.sizes()
        for name, size in sizes.items():
            shapes = shapes.unify(Dim.of(name), Dim.of(size)) or shapes
        # A number for the one unit of a last layer; no formula is compared as if there were one of all things.
        rows = literal_rows(link.right)
        ones = {name for name, size in sizes.items() if size == 1} if rows is not None and len(rows) == len(rows[0]) == 1 else set()
        others = {name for name, value in self.ledger.values.items() if value != ((Fraction(1),),)}
        for name in self.gathered.vocabulary.sizes_said & ones - others:
            shapes = shapes.as_one(Dim.of(name)) or shapes
        yield from self.pairs(link, False, shapes)

    def paired(self, left: Reading, right: Reading, reader: Reader) -> Pair | None:
        a, b, shapes = left.term, right.term, right.shapes
        if _are_two_things(a, b):
            return None
        met = shapes.together((a.rows, b.rows), (a.cols, b.cols))
        is_illustrated = self.gathered.vocabulary.is_illustrated and not (_has_names(a) and _has_names(b))
        of_one_row = b.op == "number" and a.op == "symbol" and a.params[0] in self.gathered.vocabulary.of_one_row
        is_example = is_illustrated or of_one_row or _is_of_numbers(a) or _is_of_numbers(b)
        if met is None and is_example:
            met = _one_example(shapes, a, b, self.ledger.sizes)
        if met is None and self.meaning.numerator and "vjp" in (a.op, b.op):
            # A product of Jacobians is a row, as every gradient is in this layout.
            a, b = (transposed(a), b) if a.op == "vjp" else (a, transposed(b))
            met = shapes.together((a.rows, b.rows), (a.cols, b.cols))
        if (
            met is None
            and a.op == "gradient"
            and a.params[1] in self.gathered.vocabulary.lists
            and ONE in map(shapes.resolve, (b.rows, b.cols))
        ):
            b = transposed(b)  # the gradient by a list of numbers is a list, which lies either way
            met = shapes.together((a.rows, b.rows), (a.cols, b.cols))
        if met is None:
            spread = _spread(b, a, shapes) if b.op == "number" else None
            if spread is None:
                return None
            b, met = spread, shapes
        free = free_of(a, b)
        a, b = _with_free(a, free), _with_free(b, free)
        left, right = replace(left, term=a, shapes=met), replace(right, term=b, shapes=met)
        return Pair(left, right, self.meaning.tensor(left, reader), self.meaning.tensor(right, reader), free)


def _one_example(shapes: Shapes, a: Term, b: Term, sizes: Callable[[], Mapping[str, int]]) -> Shapes | None:
    """The numbers of a single example, where the formula is for a batch; or those of the sizes that the values have."""
    now: Shapes | None = shapes
    for left, right in ((a.rows, b.rows), (a.cols, b.cols)):
        if now is None:
            return None
        if now.is_one(left) != now.is_one(right):
            now = now.as_one(right if now.is_one(left) else left)
        else:
            whole, number = (
                (now.resolve(left), now.resolve(right))
                if now.resolve(right).number is not None
                else (now.resolve(right), now.resolve(left))
            )
            is_sum = len(whole.symbols) > 1 and number.number is not None and whole.symbols <= sizes().keys()
            now = now.made(whole, number) if is_sum and whole.evaluate(sizes()) == number.number else now.unify(left, right)
    return now


def _spread(number: Term, like: Term, shapes: Shapes) -> Term | None:
    r"""A number where an array is meant: all zeros; for a derivative, `\partial z/\partial b = 1`, each entry or the diagonal."""
    if number.params[0] == 0:
        return Term("zeros", (), (), like.rows, like.cols)
    if not like.op.startswith("jacobian"):
        return None
    op = "ones" if shapes.is_one(like.cols) else "eye" if shapes.resolve(like.rows) == shapes.resolve(like.cols) else ""
    return Term("scale", (Term(op, (), (), like.rows, like.cols),), number.params, like.rows, like.cols) if op else None


def _index_letters(node: Node, added: frozenset[str]) -> set[str]:
    """Letters that stand in subscripts of a side, and can be indices."""
    found: set[str] = set()
    for n in sx.walk(node):
        if isinstance(n, sx.Scripted) and n.sub is not None:
            found |= {letter for letter in index_letters(n.sub) if letter in "ijklmnpqabcrs" or letter in added}
    return found


def _is_of_numbers(term: Term) -> bool:
    """Whether a side is a list or a matrix of numbers, or is computed from such alone: `[1, -1] + [1, 2]`."""
    return term.op == "literal" or (any(t.op == "literal" for t in walk(term)) and not _has_names(term))


def _are_two_things(*sides: Term) -> bool:
    """Whether `x_1` is a name in one place and an entry of x in another."""
    terms = [t for side in sides for t in walk(side)]
    picked = {
        (t.args[0].params[0], place)
        for t in terms
        if t.op == "pick" and t.args[0].op == "symbol"
        for place in t.params
        if place is not None
    }
    named = {t.params[0] for t in terms if t.op == "symbol"} if picked else set()
    return any(f"{name}_{number}" in named for name, place in picked for number in (place, place + 1))


def _has_names(term: Term) -> bool:
    return any(t.op in ("symbol", "gradient", "jacobian") for t in walk(term))


def _with_free(term: Term, free: tuple[str, ...]) -> Term:
    return term if term.free == free else Term("scale", (term,), (Fraction(1),), term.rows, term.cols, free)
