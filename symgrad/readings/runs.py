r"""What an index runs through: `i`, `i=1` to n − 1, `2 \le i \le n`, `i < j`, `j \ne i`, `i \in S`.

An index that runs through a part of its axis stands at the entries of that part: Σ_{i=1}^{n−1} x_i is Σ x_{1:n−1}, and the x_{i+1} beside
it is x_{2:n}. Of two indices of which one is less than the other, the entries are taken times a triangle of ones.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from symgrad import syntax as sx
from symgrad.constant import constant_of
from symgrad.dims import ONE, Dim
from symgrad.naming import letters_of, plain_name
from symgrad.origins import beside_of, letters_inside
from symgrad.readings.apart import HALF, apart, is_symmetric, vanishes_where_equal
from symgrad.shapes import Shapes, is_unknown
from symgrad.span import Span
from symgrad.syntax import Node, Unreadable
from symgrad.terms import Term, free_of, walk
from symgrad.typing_rules import Note, Reading

if TYPE_CHECKING:
    from symgrad.readings.reader import Reader

NOT_ITS_SIZE = "limit"
"""The kind of note for a sum whose limits are not those of what it runs through, though it is read as the sum over all of it."""

_SWAPPED = {"<": ">", ">": "<", "le": "ge", "ge": "le", "ne": "ne"}
_ALIASES = {"leq": "le", "leqslant": "le", "geq": "ge", "geqslant": "ge", "neq": "ne"}
# Where the entries of a matrix lie that are taken, by how its first index lies to its second and a number.
_TRIANGLES = {
    ("ge", 0): "lower", (">", -1): "lower", (">", 0): "below", ("ge", 1): "below",
    ("le", 0): "upper", ("<", 1): "upper", ("<", 0): "above", ("le", -1): "above",
    ("ne", 0): "beside",
}  # fmt: skip
_WITHOUT_DIAGONAL = frozenset({"below", "above", "beside"})
_BESIDE_ITS_SIZE, _CUT = 0.2, 0.3


@dataclass(frozen=True)
class Side:
    """A limit: a size; or an index that runs already, and a number beside it."""

    size: Dim
    letter: str = ""


@dataclass
class Run:
    """The letters that run, where each begins and ends (to the end of the axis where nothing is said), and how they lie to others."""

    letters: tuple[str, ...]
    first: dict[str, Dim] = field(default_factory=dict)
    last: dict[str, Dim] = field(default_factory=dict)
    beside: list[tuple[str, str, str, int]] = field(default_factory=list)  # i, how it lies to j + a number, j, the number
    is_of_a_set: bool = False
    is_unclear: bool = False
    problem: Unreadable | None = None  # why a part of an axis is not read

    def origin(self, letter: str) -> int:
        """The number of the first place of the axis: a sum that begins at 0 counts from there."""
        return 0 if self.first.get(letter, ONE).number == 0 else 1


_LEAVES_OUT_ONE = "what leaves out one of what its index runs through by its number; write k \\ne y, for a class y"


def run_of(reader: Reader, node: sx.BigOp) -> Run | None:
    """What the index of a sum runs through; None for a sum of which nothing is said. Raises `Unreadable` for what is not read."""
    if node.below is None and node.above is None:
        return None
    run = Run(())
    for condition in _conditions(node.below):
        _add(reader, run, condition, node.body)
    if not run.letters:
        raise Unreadable((node.below or node).span, "what is summed over")
    if node.above is not None:
        for letter in run.letters:
            _ends(reader, run, letter, node.above, "le")
    return run


# ── what is written under the sign ───────────────────────────────────────────────────────────────────────────────────


def _conditions(node: Node | None) -> Iterator[Node]:
    r"""The conditions between commas, each a chain of sides or a letter: `i=1,\, i \ne j` is a `i = 1` and a `i \ne j`."""
    if isinstance(node, sx.Group) and node.open in ("{", ""):
        node = node.body
    if node is None:
        return
    if not isinstance(node, sx.Relation):
        yield from node.items if isinstance(node, sx.Listing) and letters_of(node) is None else (node,)
        return
    sides: list[Node] = []
    operators: list[str] = []
    for side, operator in zip(node.sides, (*node.operators, ","), strict=True):
        items = [side]
        if isinstance(side, sx.Listing) and (sides or letters_of(side) is None):
            items = list(side.items)
        sides.append(items[0])
        for item in items[1:]:
            yield _chained(node, sides, operators)
            sides, operators = [item], []
        if operator in (":", ","):
            yield _chained(node, sides, operators)
            sides, operators = [], []
        else:
            operators.append(operator)


def _chained(whole: Node, sides: list[Node], operators: list[str]) -> Node:
    return sides[0] if len(sides) == 1 else sx.Relation(whole.span, tuple(sides), tuple(operators))


def _add(reader: Reader, run: Run, condition: Node, body: Node | None) -> None:
    """What a condition says of the letters that run."""
    if not isinstance(condition, sx.Relation):
        letters = letters_of(condition)
        if letters is None:
            raise Unreadable(condition.span, "what is summed over")
        _runs(run, letters)
        return
    sides, operators = condition.sides, [_ALIASES.get(operator, operator) for operator in condition.operators]
    if operators == ["in"]:
        _in_a_set(reader, run, sides[0], sides[1], condition)
    elif operators == ["="]:
        for letter in _letters(sides[0], condition):
            _runs(run, (letter,))
            _ends(reader, run, letter, sides[1], "ge")
    elif set(operators) <= _SWAPPED.keys():
        _ordered(reader, run, sides, operators, condition, body)
    else:
        raise Unreadable(condition.span, "what is summed over")


def _letters(node: Node, condition: Node) -> tuple[str, ...]:
    inner = node.body if isinstance(node, sx.Group) and node.open == "(" else node
    letters = letters_of(inner)
    if letters is None:
        raise Unreadable(condition.span, "what is summed over")
    return letters


def _runs(run: Run, letters: tuple[str, ...]) -> None:
    run.letters += tuple(letter for letter in letters if letter not in run.letters)


def _in_a_set(reader: Reader, run: Run, member: Node, members: Node, condition: Node) -> None:
    r"""`i \in S`, which is all there is; `i \in \{1, \dots, n\}`, `i \in [n]`, which say from where to where."""
    letters = _letters(member, condition)
    _runs(run, letters)
    if plain_name(members) is not None:
        run.is_of_a_set = True
        run.is_unclear |= len(letters) > 1  # pairs are seldom all that there are
        return
    ends: tuple[Node, ...] = ()
    if isinstance(members, sx.List) and len(members.items) == 1:
        ends = (sx.Number(members.span, "1"), members.items[0])
    elif isinstance(members, sx.Group) and members.open == "\\{" and isinstance(members.body, sx.Listing):
        items = members.body.items
        if len(items) >= 3 and isinstance(items[-2], sx.Dots):
            ends = (items[0], items[-1])
    if not ends or len(letters) != 1:
        raise Unreadable(condition.span, "a set of which not all members are told")
    _ends(reader, run, letters[0], ends[0], "ge")
    _ends(reader, run, letters[0], ends[1], "le")


def _ordered(reader: Reader, run: Run, sides: tuple[Node, ...], operators: list[str], condition: Node, body: Node | None) -> None:
    r"""`2 \le i < n`, `i < j`, `1 \le i < j \le n`, `j \ne i`."""
    # The n of `i \le n` stands below nothing.
    indices = letters_inside(body) | reader.indices | set(run.letters)
    known = [letter if (letter := _letter(side)) in indices else None for side in sides]
    met = {letter for letter in known if letter is not None}
    outer = {letter for letter in met if letter in reader.running}
    outer = outer or ({letter for letter in met if letter in reader.indices} if len(met) > 1 else set())
    if len(outer) == len(met) > 1:
        if operators != ["ne"]:
            raise Unreadable(condition.span, "which of these indices is summed over")
        outer = {known[1] or ""}
    inner = [letter for letter in known if letter is not None and letter not in outer]
    if not inner and not set(run.letters) & met:
        raise Unreadable(condition.span, "what is summed over")
    _runs(run, tuple(inner))
    for left, operator, right in zip(range(len(sides)), operators, range(1, len(sides)), strict=False):
        here, there = known[left], known[right]
        if here is not None and here in run.letters:
            _ends(reader, run, here, sides[right], operator)
        elif there is not None and there in run.letters:
            _ends(reader, run, there, sides[left], _SWAPPED[operator])
        else:
            raise Unreadable(condition.span, "what is summed over")


def _letter(node: Node) -> str | None:
    letters = letters_of(node) if isinstance(node, sx.Name) else None
    return letters[0] if letters else None


def _ends(reader: Reader, run: Run, letter: str, node: Node, operator: str) -> None:
    """What a limit says: `letter operator node`."""
    side = _side(reader, run, node)
    if side is None:
        if operator == "ge" or (isinstance(node, sx.Name) and node.base == "\\infty"):
            raise Unreadable(node.span, "where a sum begins or ends")
        run.is_unclear = True
    elif side.letter:
        number = side.size.number
        if number is None:
            raise Unreadable(node.span, "a sum whose ends are apart by more than a number")
        run.beside.append((letter, operator, side.letter, number))
    elif operator in ("le", "<"):
        run.last[letter] = side.size - (operator == "<")
    elif operator in ("ge", ">"):
        run.first[letter] = side.size + (operator == ">")
    else:
        raise Unreadable(node.span, _LEAVES_OUT_ONE)


def _side(reader: Reader, run: Run, node: Node) -> Side | None:
    """A size, or an index that runs with a number beside it."""
    number = constant_of(node)
    if number is not None:
        return Side(Dim.of(int(number))) if number.denominator == 1 else None
    size = reader.size(node)
    by = beside_of(node)
    known = {*run.letters, *reader.indices}
    if by is not None and by[0] in known and (by[0] in run.letters or by[0] in reader.running or size is None):
        return Side(Dim.of(by[1]), by[0])
    return None if size is None else Side(size)


# ── what runs, in what was read ──────────────────────────────────────────────────────────────────────────────────────


def limited(reader: Reader, node: sx.BigOp, run: Run, reading: Reading) -> Iterator[tuple[Reading, tuple[str, ...]]]:
    """A reading of what is summed, with the letters that are summed over, through what they run through."""
    letters = run.letters
    for letter, operator, other, by in run.beside:
        met = reading.shapes.unify(reader.index(letter), reader.index(other))
        if met is None:
            return
        if (kind := _TRIANGLES.get((operator, by))) is None:
            raise Unreadable(node.span, "a sum that ends further than one beside another index")
        reading = reading.plus(0.0, met, _among_pairs(reader, reading.term, kind, letter, other, {letter, other} <= set(letters)))
    told = [letter for letter in letters if letter in run.first or letter in run.last]
    states = [(reading, letters)]
    if any(t.op == "shifted" for t in walk(reading.term)):
        # Entries at sums of two indices end where what they are of does.
        counts = [(letter, size) for letter in told if letter in reading.term.free and (size := count(reader, run, letter)) is not None]
        for letter, size in counts:
            known = reading.shapes.resolve(reader.index(letter))
            if size.number is None or known.number is not None or any(map(is_unknown, known.symbols)):
                reading = replace(reading, shapes=reading.shapes.unify(known, size) or reading.shapes)
        yield reading, letters
        return
    for letter in told:
        states = [
            (made, tuple(name if one == letter else one for one in held))
            for now, held in states
            for made, name in _through(reader, node, run, letter, now)
        ]
    if not told and (run.is_unclear or run.is_of_a_set):
        states = [(_as_all(reader, node, run, r), held) for r, held in states]
    yield from states


def beside(reader: Reader, i: str, j: str) -> Term:
    """Ones where two indices differ, zeros where they are one."""
    return Term("triangle", (), ("beside",), reader.index(i), reader.index(j))


def _among_pairs(reader: Reader, term: Term, kind: str, i: str, j: str, both_run: bool) -> Term:
    """The term times 1 for the pairs that count, and 0 for the others."""
    halved = both_run and kind in ("below", "above") and is_symmetric(term, i, j)
    kind = "beside" if halved else kind
    smooth = apart(term, i, j) if kind in _WITHOUT_DIAGONAL else term
    if not (kind == "beside" and smooth is term and vanishes_where_equal(term, i, j)):
        whole = Term("triangle", (), (kind,), reader.index(i), reader.index(j))
        mask = Term("entry", (whole,), (i, j), ONE, ONE, tuple(sorted({i, j})))
        smooth = Term("hadamard", (mask, smooth), (), term.rows, term.cols, free_of(mask, term))
    return replace(smooth, op="scale", args=(smooth,), params=(HALF,)) if halved else smooth


def _as_all(reader: Reader, node: sx.BigOp, run: Run, reading: Reading) -> Reading:
    """A sum to an end that is no size, or over a set: over all of what it runs through, as far as nothing says how much that is."""
    sizes = [reading.shapes.resolve(reader.index(letter)) for letter in run.letters if letter in reading.term.free]
    if not run.is_unclear and all(any(map(is_unknown, size.symbols)) for size in sizes):
        return reading
    said = "this may be less than all of what the sum runs through"
    return reading.plus(0.0, reading.shapes, reading.term, Note(NOT_ITS_SIZE, node.span, said))


def _through(reader: Reader, node: sx.BigOp, run: Run, letter: str, reading: Reading) -> Iterator[tuple[Reading, str]]:
    """The readings in which a letter runs from its first place to its last, and what it is called then."""
    term, shapes = reading.term, reading.shapes
    if letter not in term.free:
        yield reading, letter
        return
    first, last = run.first.get(letter, ONE), run.last.get(letter)
    origin = run.origin(letter)
    start, axis = first - origin, reader.index(letter)
    ahead = [by for size, by in _places(term, letter) if shapes.resolve(size) is shapes.resolve(axis)]
    behind = max([0, *ahead])
    whole = shapes.resolve(axis)
    is_open = any(map(is_unknown, whole.symbols))
    if last is None and is_open and start.number == 0 and not any(ahead):
        yield reading, letter
        return
    if last is not None and is_open:
        needed = _whole_of(last + behind - origin + 1)
        met = None if needed is None else shapes.unify(whole, needed)
        if met is None:
            yield _misfit(reading, node, last, whole), letter
            return
        shapes, whole = met, shapes.resolve(needed or whole)
    stop = whole if last is None else last - origin + 1
    moved = [by for _, by in _places(term, letter)]
    if start.number == 0 and stop is whole and not any(moved):
        yield reading.plus(0.0, shapes, term), letter
        return
    is_number = (whole - stop).number is None and stop.number is not None
    if is_number or not (_is_size(start) and _is_size(whole - stop)):
        # The 3 of `\sum_{i=1}^3` may be the n of an example; and an end that is no size is left to what is summed.
        yield _misfit(reading, node, stop, whole), letter
        if not is_number:
            return
    name = f"{letter}\u00b7{node.span.start}"
    made = _Cut(reader, letter, name, start, stop, shapes, node.span)
    try:
        found = made.of(term)
    except Unreadable as problem:
        run.problem = problem
        return
    met = made.shapes.unify(reader.index(name), stop - start)
    if met is not None:
        yield reading.plus(_CUT, met, found), name


def _whole_of(needed: Dim) -> Dim | None:
    """How long an axis is that is read up to there: n for n − 1; None where that is not clear."""
    named = [(monomial, c) for monomial, c in needed.terms if monomial]
    if needed.number is not None:
        return needed if needed.number > 0 else None
    if len(named) != 1 or named[0][1].denominator != 1 or named[0][1] < 0:
        return None
    rest = needed - Dim(dict(named))
    return needed - rest if rest.number is not None and rest.number < 0 else needed


def _is_size(dim: Dim) -> bool:
    """Whether it is 0 or more, whatever its names stand for."""
    return all(c > 0 for _, c in dim.terms)


def _misfit(reading: Reading, node: sx.BigOp, stop: Dim, whole: Dim) -> Reading:
    """The sum over all, though its limits say otherwise: only where it is held against numbers."""
    shown = "" if any(map(is_unknown, whole.symbols)) else f", and what it runs through has {whole} entries"
    note = Note(NOT_ITS_SIZE, (node.above or node).span, f"the sum ends at {stop}{shown}; declare sizes with --dims")
    return reading.plus(_BESIDE_ITS_SIZE, reading.shapes, reading.term, note)


def _places(term: Term, letter: str) -> Iterator[tuple[Dim, int]]:
    """The sizes of the axes at whose places an index stands, and how far beside it."""
    for t in walk(term):
        if t.op not in ("entry", "beside"):
            continue
        for axis, at in enumerate(t.params[:2]):
            size = (t.args[0].rows, t.args[0].cols)[axis]
            if isinstance(at, tuple) and at[0] == letter:
                yield size, at[1]
            elif at == letter:
                yield size, 0


@dataclass
class _Cut:
    """Terms in which the entries of an index are those of a part of its axis, where another index stands."""

    reader: Reader
    letter: str
    name: str
    start: Dim
    stop: Dim
    shapes: Shapes
    span: Span

    def of(self, term: Term) -> Term:
        if self.letter not in term.free:
            return term
        if term.op in ("entry", "beside") and any(self._is_here(at) for at in term.params[:2]):
            return self._entry(term)
        if not term.args or term.op in ("shifted", "jacobian_entry"):
            raise Unreadable(self.span, f"a part of what {self.letter} runs through, in this")
        free = tuple(sorted(self.name if one == self.letter else one for one in term.free))
        return replace(term, args=tuple(map(self.of, term.args)), free=free)

    def _is_here(self, at: object) -> bool:
        return (at[0] if isinstance(at, tuple) else at) == self.letter

    def _entry(self, term: Term) -> Term:
        (arg,) = term.args
        places = list(term.params)
        for axis, at in enumerate(term.params[:2]):
            if not self._is_here(at):
                continue
            by = at[1] if isinstance(at, tuple) else 0
            start, stop = self.start + by, self.stop + by
            size = (arg.rows, arg.cols)[axis]
            if self.shapes.is_open(size):
                whole = self.shapes.resolve(self.reader.index(self.letter))
                self.shapes = self.shapes.unify(size, whole if _is_size(whole - stop) else stop) or self.shapes
            size = self.shapes.resolve(size)
            if arg.free or not _is_size(start) or not (_is_size(size - stop) or (stop.number is not None and size.number is None)):
                raise Unreadable(self.span, f"entries beside what {self.letter} runs through")
            shape = (stop - start, arg.cols) if axis == 0 else (arg.rows, stop - start)
            if arg.op == "counting":
                arg = replace(arg, params=(arg.params[0] + start,), rows=stop - start)
            elif stop - start is not size:
                arg = Term("function", (arg,), ("slice", axis, start, stop, 1), *shape)
            places[axis] = self.name
        is_whole = not any(isinstance(at, tuple) for at in places)
        free = tuple(sorted({self.name if one == self.letter else one for one in term.free}))
        return replace(term, op="entry" if is_whole else "beside", args=(arg,), params=tuple(places), free=free)


def count(reader: Reader, run: Run, letter: str) -> Dim | None:
    """How many places a letter runs through, where its limits say that."""
    first, last = run.first.get(letter, ONE), run.last.get(letter)
    return None if last is None or any(letter in (one, other) for one, _, other, _ in run.beside) else last - first + 1


def leaves_out(term: Term) -> bool:
    """Whether an index runs through a part of an axis in it, or of the pairs of two."""
    entries = [t.args[0] for t in walk(term) if t.op == "entry"]
    return any(arg.op == "triangle" or (arg.op == "function" and arg.params[0] == "slice") for arg in entries)
