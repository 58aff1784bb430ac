"""What a sheet leaves unsaid, tried as hypotheses about whole parts of it.

An activation that no line writes, a batch that is never named, the layout, a name that is used anew: each is kept only if more lines
hold with it than without. The search is bounded, and what was tried once is remembered.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from symgrad import syntax as sx
from symgrad.all_numbers import could_be_numbers
from symgrad.by_layer import errors_as_gradients
from symgrad.constant import is_numeric
from symgrad.dims import Dim
from symgrad.errors import SymgradError
from symgrad.gathering import gathered
from symgrad.judge import Judge
from symgrad.literals import literal_rows
from symgrad.meaning import Assumed, stem
from symgrad.naming import plain_name, superscript
from symgrad.parts import Part, batches, mentions, split
from symgrad.read import functions as fn
from symgrad.read.document import Sheet
from symgrad.ruling import Judged
from symgrad.sheet import Gathered
from symgrad.understanding import understood

Understood = tuple[Judge, Judged]

# Understandings that cost so little more are as plain as each other: a softmax by rows or by columns, a bias as row or column.
_AS_PLAIN = 0.5
# How often a part is cut for names that are used anew, and how many hypotheses are tried on a sheet.
_MOST_CUTS = 4
_MOST_TRIED = 80


@dataclass
class Search:
    """The search for what is meant on one sheet."""

    sheet: Sheet
    _known: dict[Part, Understood] = field(default_factory=dict)
    _tries: int = 0

    @property
    def is_over(self) -> bool:
        """Whether enough was tried, or it took too long."""
        return self._tries > _MOST_TRIED or self.sheet.allowance.is_spent

    def with_cuts(self, part: Part, deepest: int = _MOST_CUTS) -> list[Understood]:
        """The part, cut where a name is defined anew though nothing announces it: believed where it explains two failures or more."""
        best = self.best(part)
        failing = [r.link.statement for r in best[1].rulings if r.verdict in ("fails", "undecided") and r.link.first]
        restated = _restated(best) if failing else []
        otherwise = _otherwise(self.sheet, best) if failing else []
        cuts = [*failing, *(batches(self.sheet, part) if best[1].doubt > 1 else []), *restated]
        for cut in [i for i in dict.fromkeys(cuts) if i > part.own.start] if deepest else []:
            # A line that holds may as well be what its name means from there on: in terms of other names, by which it is differentiated.
            most = best[1].doubt - (1 if cut in restated or cut in otherwise else 2)
            halves = split(self.sheet, part, cut) if most >= 0 else None
            if halves is None or self.is_over:
                continue
            first = self.best(halves[0])
            if first[1].doubt > most:
                continue
            rest = self.with_cuts(halves[1], deepest - 1)
            if first[1].doubt + sum(judged.doubt for _, judged in rest) <= most:
                return [first, *rest]
        return [best]

    def best(self, part: Part) -> Understood:
        """The understanding under which most holds; what may be left unsaid is assumed where something fails, if it explains more."""
        if part in self._known:
            return self._known[part]
        assumed = Assumed()
        best = _tried(gathered(self.sheet, part))
        assert best is not None
        for hypotheses, needed in _HYPOTHESES:
            if hypotheses is _layout_in_doubt and best[0].gathered.vocabulary.layout == "numerator":
                needed = 1  # it is announced
            # A gradient that is off by a factor may be no failure yet, as nothing says what it is of; nor one made of what cannot be read.
            is_worth = best[1].doubt if hypotheses in (_examples_in_doubt, _gradients_in_doubt) else best[1].failures
            if not is_worth or best[1].doubt < needed:
                continue
            for hypothesis in hypotheses(best[0], assumed):
                self._tries += 1
                if best[1].doubt < needed or self.is_over:
                    break
                trial = _tried(gathered(self.sheet, part, hypothesis), best[1].doubt - needed)
                if trial is None or (hypothesis.numerator and best[1].failures - trial[1].failures < needed):
                    continue  # a layout shows in lines that are wrong without it
                if _of_their_kind(best[0], trial[0], hypothesis) and not _made_strange(best[0], trial[0]):
                    best, assumed = trial, hypothesis
        errors = errors_as_gradients(best[0], assumed)
        if errors is not None and not self.is_over:
            trial = _tried(gathered(self.sheet, part, errors))
            mistaken = {name for name, _, _ in errors.gradients}
            failing = [r for r in (trial[1].rulings if trial else ()) if r.verdict == "fails" and plain_name(r.link.head) in mistaken]
            best = trial if trial is not None and failing else best
        self._known[part] = best
        return best


def _restated(best: Understood) -> list[int]:
    """The lines that hold and say anew what a scalar of the sheet is, in other names."""
    judge, judged = best
    losses = set(judge.meaning.losses())
    return [
        r.link.statement
        for r in judged.rulings
        if r.verdict == "holds" and r.link.first and not r.numeric and plain_name(r.link.left, judge.meaning.styled) in losses
    ]


_ITEM = re.compile(r"\\item\b|(?:^|[\s{*])\(?(?:[b-h]|ii+|iv|[2-9])[.)](?=[\s}*])")


def _otherwise(sheet: Sheet, best: Understood) -> list[int]:
    """The lines of another item that give a name another formula, and then numbers that are right by it: another way to the same."""
    judge, judged = best
    defined = {d.name: sheet.statements[d.statement].span.end for d in judge.gathered.definitions}
    right = {r.link.statement for r in judged.rulings if r.verdict == "holds" and literal_rows(r.link.right) is not None}
    found = []
    for r in (r for r in judged.rulings if r.verdict == "fails" and r.link.first and not r.numeric and r.link.statement in right):
        since = defined.get(plain_name(r.link.left, judge.meaning.styled) or "")
        if since is not None and _ITEM.search(sheet.source.text, since, r.link.span.start):
            found.append(r.link.statement)
    return found


def _of_their_kind(before: Judge, after: Judge, hypothesis: Assumed) -> bool:
    """Whether what was believed to be declared wrongly is still a vector where a vector was declared, a matrix where a matrix was.

    What comes out as it was declared was not declared wrongly.
    """
    shapes = [(before.gathered.vocabulary.declared.get(name), after.meaning.shape(name)) for name in hypothesis.undeclared]
    if any(a == b for a, b in shapes):
        return False
    return all(a is None or (b is not None and [d.is_one for d in a].count(True) == [d.is_one for d in b].count(True)) for a, b in shapes)


def _made_strange(before: Judge, after: Judge) -> bool:
    """Whether an entry, such as the `y_i` of a y that is known, has become a thing of its own, or a matrix W a number."""
    known = {*before.lab.network.inputs, *before.lab.network.definitions}
    matrices = [name for name in before.lab.network.inputs if stem(name)[:1].isupper() and _wide(before, name) == 2]
    return any(name not in known and name.partition("_")[0] in known for name in after.lab.network.inputs) or any(
        _wide(after, name) == 0 for name in matrices
    )


def _wide(judge: Judge, name: str) -> int | None:
    """How many sizes of a name are not one."""
    shape = judge.meaning.shape(name)
    return None if shape is None else sum(not dim.is_one for dim in shape)


def _tried(found: Gathered, most: int | None = None) -> Understood | None:
    """The cheapest understanding, or one that is about as plain, or one that explains two failures more.

    No understanding is plain in which an entry of what is known means something of its own.

    None where more than `most` lines are in doubt in each.
    """
    best: Understood | None = None
    for meaning in understood(found.vocabulary, found.definitions, allowance=found.sheet.allowance):
        judge = Judge(found, meaning)
        limit = most
        if best is not None:
            as_plain = meaning.cost <= best[1].meaning.cost + _AS_PLAIN
            limit = best[1].doubt - (1 if as_plain or best[1].estranges or _may_be_of_numbers(best[0]) else 2)
        judged = judge.run(limit)
        if judged is not None:
            best = judge, judged
            if not judged.doubt:
                break
    return best


def _may_be_of_numbers(judge: Judge) -> bool:
    """Whether a loss is no scalar as it is written and is one of numbers, in small letters of which none is transposed."""
    meaning = judge.meaning
    is_summed = any(note.kind == "loss_summed" for notes in meaning.notes.values() for note in notes)
    return (
        is_summed
        and not meaning.vocabulary.transposes
        and not any(stem(name).lstrip("\\")[:1].isupper() for name in meaning.network.inputs)
    )


def _rows_in_doubt(judge: Judge, assumed: Assumed) -> Iterator[Assumed]:
    """Names given as one row that may stand for a batch later."""
    one_row = [n for n, sizes in judge.gathered.vocabulary.literals.items() if any(1 in s for s in sizes)]
    one_row += [d.name for d in judge.gathered.definitions if is_numeric(d.expression) and _has_rows(d.expression)]
    for name in one_row[:6]:
        yield replace(assumed, reopened=frozenset({name}))


def _has_rows(node: sx.Node) -> bool:
    """Whether a calculation is one with vectors or matrices."""
    return any(isinstance(n, (sx.Matrix, sx.List, sx.Listing)) for n in sx.walk(node))


def _distributions_in_doubt(judge: Judge, assumed: Assumed) -> Iterator[Assumed]:
    """The targets of a softmax cross-entropy, which sum to one whether or not anybody says so."""
    network = judge.lab.network
    if not any("log" in repr(d.form) for d in network.definitions.values()):
        return
    shapes = {d.shape for d in network.definitions.values() if re.search(r"softmax|\bexp\b", repr(d.form)) and any(map(_is_wide, d.shape))}
    known = {n for n, said in judge.gathered.vocabulary.properties.items() if said & {"one_hot", "distribution"}}
    targets = frozenset(n for n, i in network.inputs.items() if i.shape in shapes and stem(n).lstrip("\\") in _TARGETS) - known
    if targets:
        yield replace(assumed, distributions=targets)


def _is_wide(dim: Dim) -> bool:
    return not dim.is_one


def _masks_in_doubt(judge: Judge, assumed: Assumed) -> Iterator[Assumed]:
    """A matrix called `M` whose entries are only zeros and ones, though nobody says so; it is inverted nowhere."""
    valued = {name: literal_rows(node) or () for given in judge.gathered.given.values() for name, node in given}
    others = {name for name, rows in valued.items() if any(x not in (0, 1) for row in rows for x in row)}
    nodes = (judge.gathered.sheet.statements[i].node for i in judge.gathered.part.statements)
    others |= {
        plain_name(n.base) or "" for node in nodes for n in sx.walk(node) if isinstance(n, sx.Scripted) and superscript(n.sup).inverse
    }
    masks = frozenset(n for n in judge.lab.network.inputs if stem(n).lstrip("\\") in _MASKS and n not in others)
    if masks:
        yield replace(assumed, masks=masks)


def _activations_in_doubt(judge: Judge, assumed: Assumed) -> Iterator[Assumed]:
    """A ReLU that no line writes; a sheet that writes one and then forgets it is mistaken."""
    if not judge.meaning.activations() and "relu" not in {d.form.op for d in judge.lab.network.definitions.values()}:
        yield replace(assumed, activation="relu")


def _declarations_in_doubt(judge: Judge, assumed: Assumed) -> Iterator[Assumed]:
    """A shape that is declared and does not fit what is computed."""
    vocabulary = judge.gathered.vocabulary
    for name in [n for n in vocabulary.declared_at if n in vocabulary.declared][:_MOST_DECLARED]:
        yield replace(assumed, undeclared=frozenset({name}))


def _features_in_doubt(judge: Judge, assumed: Assumed) -> Iterator[Assumed]:
    r"""Vectors of every example in formulas that are entry by entry, as `\frac1m \sum_i (x_i - \mu)^2`: what they say of one feature."""
    if judge.gathered.vocabulary.members and any(_is_square_of_vector(d.expression) for d in judge.gathered.definitions):
        yield replace(assumed, feature=True)


def _functions_in_doubt(judge: Judge, assumed: Assumed) -> Iterator[Assumed]:
    """The g of `o = g(z)` as the function whose slope the lines have, `o (1 - o)`, where none says which it is."""
    gathered = judge.gathered
    nodes = (n for i in gathered.part.statements for n in sx.walk(gathered.sheet.statements[i].node))
    called = (n.function.base if isinstance(n.function, sx.Scripted) else n.function for n in nodes if isinstance(n, sx.Call))
    letters = {f.base for f in called if isinstance(f, sx.Name) and f.base in fn.UNNAMED} - gathered.vocabulary.functions.keys()
    for letter in sorted(letters):
        yield from (replace(assumed, functions=assumed.functions | {(letter, op)}) for op in _USUAL_FUNCTIONS)


def _numbers_in_doubt(judge: Judge, assumed: Assumed) -> Iterator[Assumed]:
    """All names as numbers, where nothing is written as only vectors or matrices are."""
    gathered = judge.gathered
    if could_be_numbers((gathered.sheet.statements[i].node for i in gathered.part.statements), gathered.vocabulary):
        yield replace(assumed, numbers=True)


def _is_square_of_vector(node: sx.Node) -> bool:
    return any(isinstance(n, sx.Scripted) and isinstance(n.base, sx.Group) and superscript(n.sup).power is not None for n in sx.walk(node))


def _examples_in_doubt(judge: Judge, assumed: Assumed) -> Iterator[Assumed]:
    """Gradients named `dZ` of the sum over a batch, where the loss is the mean (Ng's custom)."""
    if any(isinstance(n, sx.Differential) for i in judge.gathered.part.own for n in sx.walk(judge.gathered.sheet.statements[i].node)):
        yield from (replace(assumed, examples=size) for size in sorted(judge.gathered.vocabulary.sizes))


def _formulas_in_doubt(judge: Judge, assumed: Assumed) -> Iterator[Assumed]:
    """Names that are given two formulas: the one in other quantities may be what is differentiated."""
    styled, defined = judge.meaning.styled, {d.name for d in judge.gathered.definitions}
    links = [link for link in judge.gathered.links if not is_numeric(link.right)]
    heads = [plain_name(link.head, styled) for link in links if not link.first or _is_idle(judge, plain_name(link.head, styled))]
    for name in dict.fromkeys(name for name in heads if name in defined):
        yield replace(assumed, restated=assumed.restated | {name})


def _gradients_in_doubt(judge: Judge, assumed: Assumed) -> Iterator[Assumed]:
    r"""A δ with a formula that is wrong, where all that is made of it holds once it is a gradient: the slip is in its formula."""
    meaning = judge.meaning
    own = [d for d in judge.gathered.definitions if d.statement in judge.gathered.part.own and not d.letters]
    for loss in meaning.losses():
        behind = [name for name in meaning.network.definitions if name != loss and meaning.rests_on(loss, name)]
        for name in [d.name for d in own if d.name not in (loss, *behind) and not isinstance(d.expression, sx.Derivative)]:
            uses = [link for link in judge.gathered.links if link.first and name in mentions(link.right, meaning.styled)]
            uses = [link for link in uses if isinstance(link.left, (sx.Derivative, sx.Differential))]
            wrt = next((by for by in behind if uses and all(judge.comparison.holds_with(link, name, loss, by) for link in uses)), None)
            if wrt is not None:
                yield replace(assumed, gradients=assumed.gradients | {(name, loss, wrt)})


_NAMED_FOR = re.compile(r"(?:g|G|\\mathrm\{grad\})_\{?(?P<by>.+?)\}?")


def _gradients_by_name(judge: Judge, assumed: Assumed) -> Iterator[Assumed]:
    r"""`g_w` and `g_b` as gradients by w and b, where one of them is that by its formula, and another is not."""
    meaning, lab = judge.meaning, judge.lab
    known = judge.meaning.network.definitions
    named = {name: match["by"] for name in known if (match := _NAMED_FOR.fullmatch(name)) and match["by"] in meaning.network}
    for loss in (loss for loss in meaning.losses() if loss in known and len(named) > 1):
        slopes = {name: by for name, by in named.items() if meaning.rests_on(loss, by) and not meaning.rests_on(loss, name)}
        try:
            right = {name for name, by in slopes.items() if lab.equal(known[name].node, lab.gradient_node(loss, by)).holds}
        except (SymgradError, RecursionError):
            continue
        if right and len(right) < len(slopes):
            yield replace(assumed, gradients=assumed.gradients | {(name, loss, by) for name, by in slopes.items() if name not in right})


def _is_idle(judge: Judge, name: str | None) -> bool:
    r"""Whether the formula of a name is in words that no other line knows: `E = \sum \frac12\|target - output\|^2`."""
    statements, styled = judge.gathered.sheet.statements, judge.meaning.styled
    for definition in (d for d in judge.gathered.definitions if d.name == name):
        elsewhere = (i for i in judge.gathered.part.statements if i != definition.statement)
        others = {n for i in elsewhere for n in mentions(statements[i].node, styled)}
        return others.isdisjoint(mentions(definition.expression, styled))
    return False


def _layout_in_doubt(judge: Judge, assumed: Assumed) -> Iterator[Assumed]:
    """Gradients as rows, where the sheet keeps to it."""
    yield replace(assumed, numerator=True)


# What may be left unsaid, and how many failing lines it must explain to be believed.
_HYPOTHESES: tuple[tuple[Callable[[Judge, Assumed], Iterator[Assumed]], int], ...] = (
    (_activations_in_doubt, 2),
    (_functions_in_doubt, 1),
    (_rows_in_doubt, 1),
    (_distributions_in_doubt, 0),
    (_masks_in_doubt, 1),
    (_examples_in_doubt, 2),
    (_layout_in_doubt, 2),
    (_formulas_in_doubt, 1),
    (_gradients_in_doubt, 0),
    (_gradients_by_name, 0),
    (_features_in_doubt, 2),
    (_numbers_in_doubt, 1),
    (_declarations_in_doubt, 2),
)
_MOST_DECLARED = 12
_USUAL_FUNCTIONS = ("sigmoid", "tanh", "relu")
_MASKS = frozenset({"M", "m", "Omega", "mathrm{mask}"})
_TARGETS = frozenset({"y", "Y", "t", "T", "q", "Q", "p", "P", "tau"})
