"""Slips made by a program: a right sheet, with one mistake of the catalogue in one line, in the author's own notation.

    python benchmarks/planting.py [--only PART-OF-A-NAME]… [--per N]

writes `corpus/planted.txt`. A sheet is read into its syntax trees; a mistake changes a piece of one; the piece is written back over
exactly the span it had, in the sheet's own spelling, and what is then read must be the tree that was meant. A slip is kept only where the
changed equality is false, which is found out by the values of the right sheet: both sides at random points of distinct sizes, or at the
numbers the sheet gives, or by shapes that no longer conform. The judging of the changed sheet has no part in this.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace

import click
import numpy as np
import slips
from slips import CORPUS, Slip

from symgrad import syntax as sx
from symgrad.errors import SymgradError
from symgrad.gathering import gathered
from symgrad.judge import Judge
from symgrad.literals import Rows, decimals, literal_rows
from symgrad.mistakes.made import MADE, Made
from symgrad.mistakes.notation import NEW, Notation, pieces
from symgrad.naming import plain_name, superscript
from symgrad.read.document import Sheet, read_document
from symgrad.ruling import Pair, Ruling
from symgrad.sheet import EQUALITIES, Gathered, Link
from symgrad.spaces import shape_of_node, space
from symgrad.span import Source, Span
from symgrad.syntax import Node
from symgrad.typing_rules import CHARITY
from symgrad.verifying import judged_parts, read_sheet

_POINTS = 4
_FALSE = 1e-4
# How many places for one mistake are tried on a sheet before it is said not to fit.
_MOST_TRIED = 12


# ── writing a changed tree back ──────────────────────────────────────────────────────────────────────────────────────


class Pen:
    """Writes trees in the notation of a sheet: what its author wrote as it stands there, what is new in the sheet's own signs."""

    def __init__(self, source: Source, sheet: Sheet) -> None:
        self.source, self.sheet = source, sheet
        self.own = {id(n) for s in sheet.statements for n in sx.walk(s.node)}
        scripted = [n for s in sheet.statements for n in sx.walk(s.node) if isinstance(n, sx.Scripted)]
        turned = [n for n in scripted if superscript(n.sup).transposed and n.sub is None and isinstance(n.base, (sx.Name, sx.Group))]
        spelt = [source.text[self.place(n.base).end : self.place(n).end].strip() for n in turned]
        self.transposed = max((t for t in spelt if t), key=spelt.count, default="^T")
        text = source.text
        self.hadamard = "⊙" if "⊙" in text and "\\odot" not in text else "\\circ" if "\\circ" in text and "\\odot" not in text else "\\odot"

    def place(self, node: Node) -> Span:
        r"""The whole of what an author wrote for a piece: with `\left`, and with the arguments of a macro."""
        spans = [n.span for n in sx.walk(node)]
        start, end = min(s.start for s in spans), max(s.end for s in spans)
        text = self.source.text
        for size in ("\\left", "\\bigl", "\\Bigl", "\\big", "\\Big"):
            if text[:start].endswith(size) and text[start] in "([|\\":
                start -= len(size)
        if text[start:end].endswith("\\end"):
            end = text.index("}", end) + 1
        while end < len(text) and text[end] == "}" and _depth(text[start:end]) > 0:
            end += 1
        return Span(start, end)

    def write(self, node: Node) -> str:
        if id(node) in self.own:
            place = self.place(node)
            return self.source.text[place.start : place.end]
        match node:
            case sx.Name(base=base):
                return base
            case sx.Number(text=text):
                return text
            case sx.Prefix(sign=sign, body=body):
                return sign + self.write(body)
            case sx.Group(open=left, close=right, body=body):
                return f"{left}{self.write(body)}{right}"
            case sx.Sum(terms=terms, signs=signs):
                return " ".join(f"{s} {self.write(t)}".strip() for s, t in zip(signs, terms, strict=True))
            case sx.Frac(above=above, below=below):
                return f"\\frac{{{self.write(above)}}}{{{self.write(below)}}}"
            case sx.Call(function=function, args=(arg,)):
                return f"{self.write(function)}({self.write(arg)})"
            case sx.Product():
                return self._product(node)
            case sx.Scripted():
                return self._scripted(node)
        raise SymgradError(f"no way to write {type(node).__name__}")

    def over(self, piece: Node, new: Node) -> str:
        """What is to stand where a piece stood; of a table of numbers only the entries change."""
        if not isinstance(piece, (sx.Matrix, sx.List)) or type(piece) is not type(new):
            return self.write(new)
        place = self.place(piece)
        out, at = "", place.start
        for old, cell in zip(sx.children(piece), sx.children(new), strict=True):
            held = self.place(old)
            out, at = out + self.source.text[at : held.start] + self.write(cell), held.end
        return out + self.source.text[at : place.end]

    def _product(self, node: sx.Product) -> str:
        parts = [self.write(node.factors[0])]
        for a, b, operator in zip(node.factors, node.factors[1:], node.operators, strict=False):
            parts += [self._between(a, b, operator), self.write(b)]
        return "".join(parts)

    def _between(self, a: Node, b: Node, operator: str) -> str:
        """The sign between two factors: as the author wrote it, where it stood between them."""
        if id(a) in self.own and id(b) in self.own:
            start, end = self.place(a).end, self.place(b).start
            written = self.source.text[start:end]
            if 0 <= end - start < 12 and {"": "", "odot": self.hadamard, "cdot": "\\cdot", "times": "\\times"}.get(
                operator
            ) == written.strip(" \\,;!{}"):
                return written
        sign = {"": "", "odot": self.hadamard, "circ": "\\circ", "/": "/", "*": "*"}.get(operator, "\\" + operator)
        return f" {sign} " if sign else " "

    def _scripted(self, node: sx.Scripted) -> str:
        out = self.write(node.base)
        if node.sub is not None:
            out += self._script("_", node.sub)
        if isinstance(node.sup, sx.Mark) and node.sup.span == NEW:
            return out + self.transposed
        return out + "'" * node.primes + ("" if node.sup is None else self._script("^", node.sup))

    def _script(self, sign: str, node: Node) -> str:
        written = self.write(node)
        return f"{sign}{written}" if len(written) == 1 else f"{sign}{{{written}}}"


def _depth(text: str) -> int:
    return sum((c == "{") - (c == "}") for c in text)


# ── whether a changed line is false ──────────────────────────────────────────────────────────────────────────────────


class Truth:
    """What the right sheet says, and whether an equality that was changed is still so."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.parts = [(judge, judged.rulings) for judge, judged in judged_parts(read_sheet(source))]

    def is_false(self, changed: Source) -> bool | None:
        """Whether some equality with another right side does not hold; None where that cannot be told, or more has changed."""
        try:
            sheet = read_sheet(changed)
        except SymgradError:
            return None
        found = None
        for judge, rulings in self.parts:
            before = judge.gathered
            if len(sheet.statements) != len(before.sheet.statements):
                return None
            after = gathered(sheet, before.part, before.vocabulary.assumed)
            if not _same_frame(before, after):
                return None
            for ruling, link in zip(rulings, after.links, strict=True):
                if (link.left, link.right) != (ruling.link.left, ruling.link.right):
                    verdict = is_false(judge, ruling, link)
                    found = verdict if found is None else found or bool(verdict)
        return found


def _same_frame(before: Gathered, after: Gathered) -> bool:
    """Whether two texts define the same names in the same way, and claim as many equalities."""
    return (
        len(before.links) == len(after.links)
        and [(d.name, d.expression) for d in before.definitions] == [(d.name, d.expression) for d in after.definitions]
        and len(before.unread) == len(after.unread)
    )


def is_false(judge: Judge, ruling: Ruling, link: Link) -> bool | None:
    if ruling.verdict != "holds":
        return None
    judge = ruling.by or judge
    link = replace(link, statement=ruling.link.statement)
    try:
        if link.operator == "in":
            return _other_shape(judge, link)
        if ruling.pair is None:
            return None
        reader = judge.pairing.reader(link)
        lefts = [ruling.pair.left] if link.left == ruling.link.left else reader.side(link.left, judge.meaning.shapes)
        pairs = []
        for left in lefts:
            for right in (r for r in reader.side(link.right, left.shapes) if r.cost < CHARITY):
                try:
                    pair = judge.pairing.paired(left, right, reader)
                except SymgradError:
                    continue
                pairs += [] if pair is None else [pair]
        return all(_differ(judge, ruling, link, pair) for pair in pairs)
    except sx.Unreadable:
        return None
    except SymgradError:
        return True  # its factors do not conform
    except RecursionError:
        return None


def _other_shape(judge: Judge, link: Link) -> bool:
    stated = space(link.right) or shape_of_node(link.right)
    own = [r.shapes.shape(r.term.rows, r.term.cols) for r in judge.pairing.reader(link).side(link.left, judge.meaning.shapes)]
    return (
        stated is not None
        and bool(own)
        and all(shape != stated and shape[::-1] != stated if stated[1].is_one else shape != stated for shape in own)
    )


def _differ(judge: Judge, ruling: Ruling, link: Link, pair: Pair) -> bool:
    """Whether the sides have other values: for the numbers of the sheet where it gives them, else at random points."""
    if ruling.numeric:
        points = [judge.lab.numeric_point(False, ruling.values)]
        slack = _rounding(link)
    else:
        points, slack = judge.lab.points[:_POINTS], 0.0
    for point in points:
        a, b = (np.asarray(point.array(node), dtype=float) for node in (pair.left_node, pair.right_node))
        gap, scale = np.max(np.abs(a - b), initial=0.0), np.max(np.abs(a), initial=0.0)
        if gap > _FALSE * max(scale, 1e-3) and gap > 4 * slack:
            return True
    return False


def _rounding(link: Link) -> float:
    """The last digit in which a printed result is written."""
    sides = [side for side in (link.left, link.right) if literal_rows(side) is not None]
    return max((10.0**-d for side in sides for row in decimals(side) for d in row if d is not None), default=0.0)


# ── planting ─────────────────────────────────────────────────────────────────────────────────────────────────────────

Change = tuple[Node, Node]  # a piece, and what is to stand in its place


class Field:
    """A right sheet to plant in."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.sheet = read_document(source)
        self.truth = Truth(source)
        self.styled = self.truth.parts[0][0].meaning.styled if self.truth.parts else frozenset()
        self.notation = Notation.of([s.node for s in self.sheet.statements], self.styled)
        self.pen = Pen(source, self.sheet)
        self._claimed = self._claims()

    def _claims(self) -> list[Span]:
        """Where the sides stand of what holds."""
        held = [r.link for _, rulings in self.truth.parts for r in rulings if r.verdict == "holds"]
        return [side.span for link in held for side in (link.left, link.right) if side.span.end > 0]

    def planted(self, mistake: Made, rng: random.Random, most: int) -> Iterator[Slip]:
        """Up to `most` slips of one kind, in lines drawn at random."""
        changes = [(i, side, change) for i, side in self._sides(mistake) for change in self._changes(mistake, side)]
        rng.shuffle(changes)
        found = 0
        for i, side, (piece, new) in changes[:_MOST_TRIED]:
            slip = self._slip(mistake, i, side, piece, new)
            if slip is not None:
                yield slip
                found += 1
                if found == most:
                    return

    def _sides(self, mistake: Made) -> Iterator[tuple[int, Node]]:
        for i, statement in enumerate(self.sheet.statements):
            node = statement.node
            if mistake.of == "shape":
                if isinstance(node, sx.Relation):
                    yield from ((i, side) for side, op in zip(node.sides[1:], node.operators, strict=True) if op == "in")
                else:
                    yield i, node
            elif isinstance(node, sx.Relation) and set(node.operators) & EQUALITIES:
                for side in node.sides if mistake.of == "count" else node.sides[1:]:
                    if any((span.start <= side.span.start and side.span.end <= span.end) or span == side.span for span in self._claimed):
                        yield i, side

    def _changes(self, mistake: Made, side: Node) -> Iterator[Change]:
        is_number = literal_rows(side) is not None and (isinstance(side, (sx.Number, sx.Prefix, sx.Matrix, sx.Scripted, sx.List)))
        is_count = not is_number and not any(isinstance(n, (sx.Name, sx.Derivative, sx.Matrix)) for n in sx.walk(side))
        wanted = {"number": is_number, "count": is_count, "formula": not is_number and not is_count, "shape": True}
        if not wanted[mistake.of]:
            return
        for piece in pieces(side):
            for new in mistake.make(piece, self.notation):
                yield piece, new

    def followed(self, rng: random.Random, per: int) -> Iterator[Slip]:
        """Printed numbers that come of a mistake made in the formula they are computed by, or in a value that is put into it.

        Two mistakes with which the same numbers come out explain them equally well.
        """
        made: dict[tuple[int, str], tuple[Node, int, dict[str, str]]] = {}
        for judge, ruling, i, side in self._results():
            for mistaken, cause, values in self._other_results(judge, ruling):
                new = _printed(side, values)
                if new is not None:
                    made.setdefault((id(side), self.pen.over(side, new)), (new, i, {}))[2].setdefault(cause, mistaken)
        sides = {id(side): side for _, _, _, side in self._results()}
        for name in sorted({name for _, _, causes in made.values() for name in causes.values()}):
            fit = [(key, held) for key, held in made.items() if next(iter(held[2].values())) == name]
            rng.shuffle(fit)
            found = 0
            for (side, _), (new, i, causes) in fit[:_MOST_TRIED]:
                mistake = Made(f"{name}, in the numbers", " ".join(causes), lambda node, notation: iter(()), "number")
                slip = self._slip(mistake, i, sides[side], sides[side], new)
                if slip is not None:
                    yield slip
                    found += 1
                if found == per:
                    break

    def _results(self) -> Iterator[tuple[Judge, Ruling, int, Node]]:
        """The numbers that the sheet prints as results, and that hold."""
        sides = {
            side.span: (i, side)
            for i, s in enumerate(self.sheet.statements)
            if isinstance(s.node, sx.Relation)
            for side in s.node.sides[1:]
            if literal_rows(side) is not None
        }
        for judge, rulings in self.truth.parts:
            for ruling in rulings:
                found = sides.get(ruling.link.right.span)
                if ruling.verdict == "holds" and ruling.numeric and ruling.pair is not None and found is not None:
                    yield judge, ruling, *found

    def _other_results(self, judge: Judge, ruling: Ruling) -> Iterator[tuple[str, str, np.ndarray]]:
        """What comes out with each mistake: its name, its cause, the numbers."""
        assert ruling.pair is not None
        for formula in _formulas(judge, ruling):
            for mistake in (p for p in MADE if p.of == "formula"):
                for piece in pieces(formula):
                    for new in mistake.make(piece, self.notation):
                        changed = sx.mapped(formula, lambda n, piece=piece, new=new: new if n is piece else n)
                        values = _value(judge, ruling, changed)
                        if values is not None:
                            yield mistake.name, mistake.cause, values
        for name, versions in judge.ledger.older.items():
            for rows in versions:
                values = _with_rows(judge, ruling, {name: rows})
                if values is not None:
                    yield "stale value", "stale_value", values
        truth = np.asarray(ruling.expected, dtype=float)
        used = {name for formula in _formulas(judge, ruling) for n in sx.walk(formula) if (name := self.notation.name(n)) is not None}
        for name, rows in ruling.values.items():
            if name not in used or name not in judge.lab.network.inputs:
                continue
            for i, j, x in ((i, j, x) for i, row in enumerate(rows) for j, x in enumerate(row) if x.denominator == 1 and x):
                slipped = tuple(tuple(-x if (k, m) == (i, j) else y for m, y in enumerate(row)) for k, row in enumerate(rows))
                values = _with_rows(judge, ruling, {name: slipped})
                if values is not None and values.shape == truth.shape and np.count_nonzero(~np.isclose(values, truth)) > 1:
                    yield "wrong given", "wrong_given", values

    def _slip(self, mistake: Made, i: int, side: Node, piece: Node, new: Node) -> Slip | None:
        text, place = self.source.text, self.pen.place(piece)
        try:
            written = self.pen.over(piece, new)
        except SymgradError:
            return None
        before, after = text[: place.start], text[place.end :]
        if before[-1:].isalpha() and written[:1].isalpha():
            written = " " + written
        if written[-1:].isalpha() and after[:1].isalpha():
            written += " "
        changed = Source(before + written + after, self.source.name)
        statement = self.sheet.statements[i].node
        meant = sx.mapped(statement, lambda n: new if n is piece else n)
        try:
            read = read_document(changed).statements
        except SymgradError:
            return None
        if len(read) != len(self.sheet.statements) or _plain(read[i].node) != _plain(meant) or not self.truth.is_false(changed):
            return None
        first, last = (self.source.place(at)[0] for at in (self.pen.place(side).start, place.start))
        return Slip(
            self.source.name,
            place.start,
            text[place.start : place.end],
            written,
            mistake.name,
            tuple(mistake.causes.split()),
            tuple(range(first, last + 1)),
        )


def _formulas(judge: Judge, ruling: Ruling) -> Iterator[Node]:
    """What a result is computed by: the side before it, and where that is a name what defines it."""
    left = ruling.link.left
    if isinstance(left, (sx.Name, sx.Scripted)):
        name = plain_name(left, judge.meaning.styled)
        yield from (d.expression for d in judge.gathered.definitions[::-1] if d.name == name)
    if not isinstance(left, (sx.Name, sx.Derivative)):
        yield left


def _value(judge: Judge, ruling: Ruling, formula: Node) -> np.ndarray | None:
    try:
        reader = judge.pairing.reader(ruling.link)
        reading = reader.side(formula, judge.meaning.shapes)[0]
        if reading.cost >= CHARITY:
            return None
        return np.asarray(judge.lab.numeric_point(False, ruling.values).array(judge.meaning.tensor(reading, reader)), dtype=float)
    except (SymgradError, IndexError, ValueError, RecursionError):
        return None


def _with_rows(judge: Judge, ruling: Ruling, other: dict[str, Rows]) -> np.ndarray | None:
    assert ruling.pair is not None
    try:
        return np.asarray(judge.lab.numeric_point(False, {**ruling.values, **other}).array(ruling.pair.left_node), dtype=float)
    except (SymgradError, ValueError):
        return None


def _printed(side: Node, values: np.ndarray) -> Node | None:
    """The numbers in the shape and the digits of a printed result; None where they have another shape or are the same."""
    rows = literal_rows(side)
    is_plain = all(isinstance(n, (sx.Number, sx.Prefix)) for n in sx.walk(side) if n is not side)
    if rows is None or not is_plain or not np.all(np.isfinite(values)):
        return None
    if values.shape != (len(rows), len(rows[0])):
        values = values.T
    digits = [d or 0 for row in decimals(side) for d in row]
    if values.shape != (len(rows), len(rows[0])):
        return None
    most = max(digits) or (0 if np.allclose(values, np.round(values)) else 4)
    if not np.any(np.abs(values - np.array(rows, dtype=float)) > 3 * 10.0 ** -max(most, 1)):
        return None
    cells = tuple(tuple(_number(float(x), most) for x in row) for row in values)
    if isinstance(side, sx.Matrix) and [len(row) for row in side.rows] == [len(row) for row in cells]:
        return replace(side, span=NEW, rows=cells)
    if isinstance(side, sx.List) and len(side.items) == len(cells[0]) > 1 and len(cells) == 1:
        return replace(side, span=NEW, items=cells[0])
    return cells[0][0] if isinstance(side, (sx.Number, sx.Prefix)) else None


def _number(x: float, digits: int) -> Node:
    text = f"{abs(x):.{digits}f}"
    text = text.rstrip("0").rstrip(".") if "." in text and abs(float(text) - abs(x)) < 1e-9 else text
    made = sx.Number(NEW, text)
    return sx.Prefix(NEW, "-", made) if round(x, digits) < 0 else made


def _plain(node: Node) -> Node:
    """The tree without what two spellings of one thing differ in: brackets that a product needs, styles of a transpose."""

    def change(n: Node) -> Node:
        if isinstance(n, sx.Group) and n.open == "(" and not isinstance(n.body, (sx.Listing,)):
            return n.body
        if isinstance(n, (sx.Mark, sx.Name, sx.Text)) and superscript(n).transposed:
            return sx.Mark(n.span, "\\top")
        if isinstance(n, sx.Product):
            return _flat(n)
        return n

    return sx.mapped(node, change)


def _flat(node: sx.Product) -> Node:
    factors: list[Node] = []
    operators: list[str] = []
    for i, factor in enumerate(node.factors):
        operators += [node.operators[i - 1]] if i else []
        inner = isinstance(factor, sx.Product)
        factors += factor.factors if inner else [factor]
        operators += factor.operators if inner else []
    return sx.Product(node.span, tuple(factors), tuple(operators))


def planted(source: Source, per: int = 1) -> list[Slip]:
    """The slips of a sheet: up to `per` of each kind that fits; those that make the same text are one, under all their causes."""
    field = Field(source)
    found: dict[str, Slip] = {}

    def keep(slip: Slip) -> None:
        same = found.get(slip.planted_in(source.text))
        kept = slip if same is None else replace(same, causes=tuple(dict.fromkeys(same.causes + slip.causes)))
        found[slip.planted_in(source.text)] = kept

    for mistake in MADE:
        for slip in field.planted(mistake, random.Random(f"{source.name}/{mistake.name}"), per):
            keep(slip)
    for slip in field.followed(random.Random(source.name), per):
        keep(slip)
    return list(found.values())


@click.command()
@click.option("--only", multiple=True, help="Sheets whose name contains this.")
@click.option("--per", default=1, help="How many slips of one kind for a sheet.")
def main(only: tuple[str, ...], per: int) -> None:
    names = sorted(p.name for p in CORPUS.iterdir() if p.suffix in (".md", ".tex"))
    wanted = [name for name in names if not only or any(o in name for o in only)]
    found = [slip for slip in slips.planted() if slip.sheet in names and slip.sheet not in wanted]
    for name in wanted:
        own = planted(Source((CORPUS / name).read_text("utf-8"), name), per)
        click.echo(f"{name}: {len(own)}", err=True)
        found += own
        slips.write_planted(found)


if __name__ == "__main__":
    main()
