r"""The parts of a sheet: one network each, with what still holds of the parts before.

A sheet of several problems uses its letters again. A part begins where a heading stands, or the words "now let", and what follows
defines a name anew: from names that the sheet has not met, or together with others. A name defined anew takes along what was
defined by means of it. A mere second equation for a known name is a claim about it, and begins nothing.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Container, Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, replace

from symgrad import syntax as sx
from symgrad.constant import is_numeric
from symgrad.meaning import is_loss
from symgrad.naming import is_value_of, letters_of, plain_name, superscript, without_transpose
from symgrad.read import functions as fn
from symgrad.read.document import Sheet, Statement
from symgrad.read.written import sexpr
from symgrad.said_shapes import shapes_in_words
from symgrad.styles import told_apart
from symgrad.syntax import Node

_ANEW = re.compile(r"(?i)\b(now (let|consider|suppose|take|assume|with)|instead|redefine|in place of)\b")
# `For $C = A^{-1}$:` after `For $C = AB$:` is another case of the same letters.
_ANOTHER_CASE = re.compile(r"(?:^|[.:;!?\n*-])\s*For\s*$")
# An item of a list begins with a function of its own: `\item $f(X) = \operatorname{tr}(AX)$`.
_ITEM = re.compile(r"(?:\\item|(?:^|\n)\s*(?:[-*]|\d+[.)]|\([a-z]\)))\s*$")
# Words before an equation that holds for what follows only: `If we set $W_d = W_e^T$`.
_IN_CASE = re.compile(r"(?i)\b(if (we|you|one)|in the (special )?case|for tied|with tied|suppose)\b[^.$]*$")
# `With $\Omega = \sigma^2 I$ …` at the beginning of a sentence, of an input that definitions were written with.
_WITH = re.compile(r"(?:^|[.;:]\W+)(?:With|For|When|If|Mit|Für|Con|Avec|Pour|Para)\W*$")
# A numbered problem, in the languages that derivations are met in: it stands by itself, unless it speaks of what was defined before.
# "This is Exercise 3 with $b = 0$" begins none.
_PROBLEM = re.compile(
    r"(?i)(?:(?:^|\n)[ \t]*(?:[#*>_\\][^\n.]*?)?|[.:;!?]\s+\W*|[({]\s*)"
    r"(?:aufgabe|problem|exercise|question|task|übung|exercice|ejercicio|esercizio|problema|exerc[íi]cio|задача|упражнение|题|問)"
    r"\W{0,2}(?:\d+|[IVX]+\b)"
)

# What a problem says of names that an earlier one declared.
_AS_BEFORE = re.compile(
    r"(?i)\b(?:as (?:before|above)|same|again|still|previous|earlier|preceding|above|continu\w+|further"
    r"|wie (?:oben|vorher)|weiterhin|même|mismo)\b"
    r"|\b(?:in|of|from|to) (?:problem|exercise|question|part|task)\W{0,2}\d"
)

# An item of a list, a numbered problem: perhaps an exercise of its own.
_EXERCISE = re.compile(rf"\\item\b|(?:^|\n)\s*(?:\*\*)?\(?\d+[.)]|{_PROBLEM.pattern[4:]}", re.IGNORECASE)

# `If the weights were not tied, $\hat x = V h + c$`: what follows is about another network, with the same loss.
_WERE_IT_SO = re.compile(r"(?i)\bif\b[^.$]*\b(?:were|was|had)\b[^.$]*$")

# `With the penalty on the code, (c) becomes $\delta = …$`: of another loss.
_BECOMES = re.compile(r"(?i)\b(becomes|turns into|wird (dann )?zu|devient|se convierte en)\W*$")


@dataclass(frozen=True)
class Part:
    """The statements of a part, and the earlier ones whose definitions it keeps."""

    own: range
    context: tuple[int, ...] = ()
    anew: frozenset[str] = frozenset()

    @property
    def statements(self) -> tuple[int, ...]:
        return (*self.context, *self.own)


def parts(sheet: Sheet) -> list[Part]:
    """The sheet cut where names are defined anew."""
    sheet = told_apart(sheet)
    found: list[Part] = []
    begin, context, renewed = 0, tuple[int, ...](), frozenset[str]()
    aside: tuple[tuple[int, ...], set[str]] | None = None  # what stood before a case that is only supposed, and the names of the case
    cuts = [c for c in _cuts(sheet) if c]
    exercises = _exercises(sheet)
    said = _Before(sheet)
    for cut in sorted({*cuts, *exercises} - {0}):
        before = (*context, *range(begin, cut))
        if aside is not None and _begins_under_a_heading(sheet, before, range(cut, cut + 1)):
            own = {name for i in range(begin, cut) for name in mentions(sheet.statements[i].node)}
            known = {name for i in aside[0] for name in mentions(sheet.statements[i].node)}
            spoken = {name for i in range(cut, len(sheet.statements)) for name in mentions(sheet.statements[i].node)}
            if own - known and not (own - known) & spoken:  # the case ends with its section: what makes it one is not spoken of again
                found.append(Part(range(begin, cut), _wanted(sheet, context, range(begin, cut)), renewed))
                before = context = aside[0]
                renewed, begin = frozenset(aside[1]), cut
            aside = None
        anew = redeclared = _declared_elsewhere(sheet, before, cut) if cut in exercises else set[str]()
        if cut in cuts:
            stop = next((c for c in cuts if c > cut), len(sheet.statements))
            rest = range(cut, len(sheet.statements))
            redeclared |= _redeclared(sheet, before, range(cut, stop))
            said = said.grown(before)
            anew = _defined_anew(sheet, said, range(cut, stop)) or _declared_anew(sheet, before, rest) or _used_anew(sheet, before, rest)
            anew |= redeclared | _of_another_network(sheet, before, range(cut, stop))
        if anew:
            found.append(Part(range(begin, cut), _wanted(sheet, context, range(begin, cut)), renewed))
            # What was an input and is settled now was defined nowhere, so that nothing said by means of it is outdated.
            known = {name for i in before for name, _ in heads(sheet.statements[i])}
            supposed = _WERE_IT_SO.search(sheet.statements[cut].words[-60:]) is not None
            stop = next((c for c in cuts if c > cut), len(sheet.statements))
            recipes = _recipes(sheet, before, range(cut, stop), anew & known)
            context, renewed = _still_holding(sheet, before, (anew & known) | redeclared, supposed, recipes), frozenset(anew)
            is_case = _ANOTHER_CASE.search(sheet.statements[cut].words) or supposed
            aside = (before, anew & known) if is_case else None
            begin = cut
    last = range(begin, len(sheet.statements))
    found.append(Part(last, _wanted(sheet, context, last), renewed))
    return found


def split(sheet: Sheet, part: Part, cut: int) -> tuple[Part, Part] | None:
    """The part cut before a statement that may define its name anew, or for a batch (H after h); None where it defines nothing again."""
    before = (*part.context, *range(part.own.start, cut))
    known = {name: node for i in before for name, node in heads(sheet.statements[i])}
    anew = {
        name
        for name, formula in heads(sheet.statements[cut])
        if name in known and known[name] != formula and not is_numeric(formula) and not _is_the_same(formula, known[name])
        if formula != spelt_out(known[name], known, 0)
        if not isinstance(known[name], sx.Derivative)
    }
    anew = anew or ({n.lower() for n, _ in heads(sheet.statements[cut]) if len(n) == 1 and n.isupper()} & known.keys())
    if not anew:
        return None
    after = range(cut, part.own.stop)
    first = Part(range(part.own.start, cut), part.context, part.anew)
    context = _still_holding(sheet, before, anew, recipes=_recipes(sheet, before, after, anew))
    return first, Part(after, _wanted(sheet, context, after), frozenset(anew))


def batches(sheet: Sheet, part: Part) -> list[int]:
    """Where a name is defined in capitals that was defined in small letters before: the same network, for a batch."""
    small: set[str] = set()
    found = []
    for i in part.own:
        named = {name for name, _ in heads(sheet.statements[i])}
        found += [i] if small & {name.lower() for name in named if len(name) == 1 and name.isupper()} else []
        small |= named
    return found


def _cuts(sheet: Sheet) -> list[int]:
    """The first statement after each heading, and statements that words announce as new."""
    places = [s.span.start for s in sheet.statements]
    blocks = [i for i, s in enumerate(sheet.statements) if not i or sheet.statements[i - 1].block != s.block]
    cuts = {bisect_left(places, heading) for heading in sheet.headings}
    cuts |= {i for i in blocks if _ANEW.search(sheet.statements[i].words[-120:])}
    cuts |= {i for i in blocks if _PROBLEM.search(sheet.statements[i].words)}
    in_case = (_IN_CASE, _WERE_IT_SO, _BECOMES)
    cuts |= {i for i in blocks if any(said.search(sheet.statements[i].words[-60:]) for said in in_case)}
    cuts |= {i for i in blocks if _WITH.search(sheet.statements[i].words)}
    cuts |= {i for i in blocks if _ANOTHER_CASE.search(sheet.statements[i].words) or _ITEM.search(sheet.statements[i].words)}
    return sorted(c for c in cuts if c < len(places))


class _Before:
    """What the statements before a cut say. It grows from one cut to the next: a long list has one at every item."""

    def __init__(self, sheet: Sheet) -> None:
        self._sheet = sheet
        self.statements: tuple[int, ...] = ()
        self.known: dict[str, Node] = {}
        self.mentioned: set[str] = set()

    def grown(self, before: tuple[int, ...]) -> _Before:
        """What these statements say, where they begin with those before; else of others."""
        made = self if before[: len(self.statements)] == self.statements else _Before(self._sheet)
        for i in before[len(made.statements) :]:
            made.known.update(heads(self._sheet.statements[i]))
            made.mentioned.update(mentions(self._sheet.statements[i].node))
        made.statements = before
        return made


def _defined_anew(sheet: Sheet, earlier: _Before, after: range) -> set[str]:
    """Names that statements define again, when they are definitions of another network and not claims about the first."""
    before, known, mentioned = earlier.statements, earlier.known, earlier.mentioned
    first = sheet.statements[after.start]
    if _WITH.search(first.words):
        inside = {name for i in before for _, expression in heads(sheet.statements[i]) for name in mentions(expression)}
        asked = {name for i in before for name in differentiated(sheet.statements[i].node)}
        said = [(name, side) for name, side in heads(first) if not is_numeric(side) and not is_word(side)]  # `For $\\phi = \\tanh$`
        settled = {name for name, _ in said if name in inside - asked - known.keys()}
        if settled and any(isinstance(n, sx.Derivative) for i in before for n in sx.walk(sheet.statements[i].node)):
            return settled
    if _IN_CASE.search(first.words[-60:]):
        settled = {name for name, expression in heads(first) if name in mentioned and name not in known and not is_numeric(expression)}
        if settled:
            return settled
    if _WERE_IT_SO.search(first.words[-60:]) or _BECOMES.search(first.words[-60:]):
        other = {name for name, expression in heads(first) if name in known and known[name] != expression and not is_numeric(expression)}
        if other:
            return other
    if _ANOTHER_CASE.search(first.words):
        other = {name for name, expression in heads(first) if name in known and known[name] != expression and not is_numeric(expression)}
        told = [i for i in before if _ANOTHER_CASE.search(sheet.statements[i].words)]
        other |= {name for i in told for name, expression in heads(sheet.statements[i]) if heads(first) and not is_numeric(expression)}
        if other:
            return other
    if _ITEM.search(first.words):
        other = {n for n, expression in heads(first) if n in sheet.arguments and n in known and known[n] != expression}
        if other:
            return other
    again: dict[str, bool] = {}
    met: set[str] = set()
    formulas: dict[str, Node] = {}
    for i in after:
        for name, expression in heads(sheet.statements[i]):
            fresh = set(mentions(expression)) - mentioned - met
            whole, _, index = name.partition("_")
            # With a τ that is new here `p_i = …` says what another p is.
            name = whole if name not in known and whole in known and len(index) == 1 and index.isalpha() and fresh - {name} else name
            if name in known and name not in met and known[name] != expression and not is_numeric(expression):
                is_same = _is_the_same(spelt_out(expression, formulas), spelt_out(known[name], known))
                # `z^{l+1} = W^{l+1} g(z^l)` after `z^l = W^l a^{l-1}`, `a^l = g(z^l)`
                is_same = is_same or expression == spelt_out(known[name], known, 0)
                # `a_t = W h_{t-1} + …` reminds of a formula.
                is_same = is_same or any(isinstance(n, sx.Dots) for n in sx.walk(expression))
                # What was said to be a derivative is claimed to have a formula.
                is_claim = isinstance(known[name], sx.Derivative) and not isinstance(expression, sx.Derivative)
                if not is_same and not is_claim and not _is_the_same(expression, known[name]):
                    again[name] = bool(fresh)
            met.add(name)
            formulas.setdefault(name, expression)
        met |= set(mentions(sheet.statements[i].node))
    gradients = {name for i in before if again for name, side in heads(sheet.statements[i]) if isinstance(side, sx.Derivative)}
    if again.keys() <= gradients and not any(again.values()):
        return set()  # another formula for `g_t = \partial L/\partial h_t` is a claim about that gradient, at each step
    return set(again) if len(again) > 1 or any(again.values()) else set()


def is_word(node: Node) -> bool:
    """Whether it is the name of a function of the field, by itself."""
    return isinstance(node, sx.Name) and len(node.base) > 1 and fn.word_of(node.base) in fn.WORDS


def spelt_out(node: Node, settled: Mapping[str, Node], depth: int = 3) -> Node:
    """The expression with formulas for the names that have some."""

    def put(inner: Node) -> Node:
        name = plain_name(inner) if isinstance(inner, (sx.Name, sx.Scripted)) else None
        formula = settled.get(name or "")
        return inner if formula is None or is_numeric(formula) else formula

    made = sx.mapped(node, put)
    return made if depth == 0 or made == node else spelt_out(made, settled, depth - 1)


def _is_the_same(new: Node, old: Node) -> bool:
    r"""Whether a formula is one for values of its names: `σ(X w_0)`, `m / (1 - 0.9)` of `σ(X w)`, `m / (1 - \beta)`."""
    before, after = set(mentions(old)), set(mentions(new))
    numbers = [{n.text for n in sx.walk(node) if isinstance(n, sx.Number) and n.decimals} for node in (old, new)]
    if after and after < before and numbers[1] - numbers[0]:
        return True
    names = {name for name in mentions(old) if "_" not in name and "^" not in name}

    def without_number(node: Node) -> Node:
        if not isinstance(node, sx.Scripted):
            return node
        name, base = plain_name(node), plain_name(node.base)
        return node.base if name is not None and base in names and is_value_of(name, base or "") else node

    return sx.mapped(new, without_number) == old


def _declared_anew(sheet: Sheet, before: tuple[int, ...], after: range) -> set[str]:
    """Names that are declared now though they were used before, where nothing that follows speaks of what was defined there."""
    if not _begins_under_a_heading(sheet, before, after):
        return set()
    settled = {name for i in before for name, _ in heads(sheet.statements[i])}
    spoken = {name for i in after for name in mentions(sheet.statements[i].node)}
    if not settled or settled & spoken:
        return set()
    used = {name for i in before for name in mentions(sheet.statements[i].node)} - {
        name for i in before for name in declared(sheet.statements[i])
    }
    sized = {name for _, about, _ in shapes_in_words((i, sheet.statements[i]) for i in after) if (name := plain_name(about)) is not None}
    return used & (sized | {name for i in after for name in declared(sheet.statements[i])})


def _redeclared(sheet: Sheet, before: tuple[int, ...], after: range) -> set[str]:
    """Names that are of now this space and now that, and were declared under another heading: what was said there is not said here."""
    known = {name: space for i in before for name, space in _spaces(sheet.statements[i])}
    again = {name for i in after for name, space in _spaces(sheet.statements[i]) if known.get(name, space) != space}
    if _begins_under_a_heading(sheet, before, after):
        spoken = {name for i in after for name in mentions(sheet.statements[i].node)}
        again |= several_spaces(sheet) & known.keys() & spoken
    return again


def _of_another_network(sheet: Sheet, before: tuple[int, ...], after: range) -> set[str]:
    """What was defined before and is differentiated now, under a heading of its own, by what is defined here and it cannot rest on."""
    if not _begins_under_a_heading(sheet, before, after):
        return set()
    settled = {name for i in before for name, _ in heads(sheet.statements[i])}
    met = {name for i in before for name in mentions(sheet.statements[i].node)}
    nodes = [node for i in after if heads(sheet.statements[i]) and isinstance(node := sheet.statements[i].node, sx.Relation)]
    nodes = [node for node in nodes if not _says_what_d_is(node)]  # `dv := \\partial L/\\partial v`, for any v
    nodes = [node for node in nodes if not is_numeric(node.sides[1])]
    # `X = x`, and `X_{jn} = x_{nj}`, is another name for what is known, and makes no other network.
    for node in tuple(nodes):
        if _is_made_of_one(node.sides[1], met):
            nodes.remove(node)
            met |= {*mentions(node.sides[0])}
    own = {name for node in nodes for name in mentions(node.sides[0])}
    # `a = \tilde W x` of an a that is known: what was defined before does rest on it.
    own -= {name for i in after for head, formula in heads(sheet.statements[i]) if head in settled for name in mentions(formula)}
    # So does it on what is written in it: with `\\tilde W = M \\odot W`, `a = (M \\odot W) x` speaks of the same.
    written = {sexpr(n) for i in before for n in sx.walk(sheet.statements[i].node) if isinstance(n, sx.Product | sx.Sum)} if own else set()
    own -= {name for node in nodes if sexpr(node.sides[1]) in written for name in mentions(node.sides[0])}
    # And `S_{ik}` is an entry of the S that is known.
    own -= {name for name in own if name.partition("_")[0] in met and name.partition("_")[2].strip("{}").isalpha()}
    found = set()
    for node in (n for i in after for n in sx.walk(sheet.statements[i].node) if isinstance(n, sx.Derivative)):
        of = None if node.of is None else plain_name(node.of)
        by = {name for w in node.wrt for name in mentions(w)}
        if of in settled - own and by & (own - met - settled):
            found.add(of)
    # With another p that is made of them, `L = -\\sum_i y_i \\log p_i` does rest on them.
    anew = {name.partition("_")[0] for i in after for name, _ in heads(sheet.statements[i]) if name in settled}
    of_what = {name: set(mentions(formula)) for i in before for name, formula in heads(sheet.statements[i])}
    return {name for name in found if not anew & of_what.get(name, set())}


def _is_made_of_one(node: Node, known: Container[str]) -> bool:
    """Whether it is a name that is known, an entry of one, or one transposed."""
    return isinstance(node, (sx.Name, sx.Scripted)) and any(name in known for name in mentions(node))


def _says_what_d_is(node: Node) -> bool:
    match node:
        case sx.Relation(sides=(sx.Differential(of=of), sx.Derivative(wrt=(wrt,)), *_)):
            return plain_name(of) is not None and plain_name(of) == plain_name(wrt)
    return False


def _declared_elsewhere(sheet: Sheet, before: tuple[int, ...], cut: int) -> set[str]:
    """What an earlier exercise declared, where another begins that defines names of its own and speaks of none defined there.

    It declares some too, or it is a numbered problem, which points to no other: the X of another f may be of another size.

    What is declared before the first exercise is said of them all. What an earlier one spoke of, and this one declares, is another too.
    """
    begins = _exercises(sheet)
    own = range(cut, next((i for i in begins if i > cut), len(sheet.statements)))
    earlier = [i for i in before if i >= begins[0]]
    settled = {name for i in before for name, _ in heads(sheet.statements[i])}
    rest = range(cut, len(sheet.statements))
    settled -= {name for i in rest for name, _ in heads(sheet.statements[i])} | {n for i in rest for n in declared(sheet.statements[i])}
    spoken = {name for i in rest for name in mentions(sheet.statements[i].node)}
    declares = {name for i in own for name in declared(sheet.statements[i])}
    defined = {name for i in own for name, formula in heads(sheet.statements[i]) if not is_numeric(formula)}
    is_another = _PROBLEM.search(sheet.statements[cut].words) is not None and not any(
        _AS_BEFORE.search(sheet.statements[i].words) for i in own
    )
    defines = bool(defined) and (declares or is_another)
    claims = any(isinstance(n, sx.Derivative) for i in earlier for n in sx.walk(sheet.statements[i].node))
    if not (defines and claims) or settled & spoken:
        return set()
    of_all = {name for i in before if i not in earlier for name in declared(sheet.statements[i])}
    used = {name for i in earlier for name in mentions(sheet.statements[i].node)} - of_all
    return declares & used | {name for i in earlier for name in declared(sheet.statements[i])} | {*_in_words(sheet, earlier).values()}


def _exercises(sheet: Sheet) -> list[int]:
    """The first statements of the items and numbered problems of a sheet."""
    text = sheet.source.text
    ends = [0, *(s.span.end for s in sheet.statements)]
    return [i for i, s in enumerate(sheet.statements) if _EXERCISE.search(text, ends[i], max(ends[i], s.span.start))]


def _begins_under_a_heading(sheet: Sheet, before: tuple[int, ...], after: range) -> bool:
    """Whether a heading stands between a statement and those before it."""
    first = sheet.statements[after.start].span.start
    return any(sheet.statements[i].span.start < heading <= first for i in before[-1:] for heading in sheet.headings)


def several_spaces(sheet: Sheet) -> set[str]:
    """The names that a sheet declares to be now of this space and now of that."""
    found: dict[str, Node] = {}
    return {name for s in sheet.statements for name, space in _spaces(s) if found.setdefault(name, space) != space}


def _spaces(statement: Statement) -> Iterator[tuple[str, Node]]:
    """The names that a statement says to be of some space, and the space."""
    if isinstance(statement.node, sx.Relation):
        for name in declared(statement):
            yield name, statement.node.sides[1]


def _used_anew(sheet: Sheet, before: tuple[int, ...], after: range) -> set[str]:
    """Names of another problem, where a numbered one begins and nothing from there on speaks of what was defined before."""
    if not _PROBLEM.search(sheet.statements[after.start].words):
        return set()
    settled = {name for i in before for name, _ in heads(sheet.statements[i])} | sheet.arguments.keys()
    settled -= {name for i in after for name, _ in heads(sheet.statements[i])}
    spoken = {name for i in after for name in mentions(sheet.statements[i].node)}
    said = {name for i in before for name in declared(sheet.statements[i])}
    used = {name for i in before for name in mentions(sheet.statements[i].node)}
    return set() if settled & spoken else (used & spoken) - said


def declared(statement: Statement) -> set[str]:
    """The names that a statement says to be of some space."""
    node = statement.node
    if not isinstance(node, sx.Relation) or node.operators[0] != "in":
        return set()
    subject = node.sides[0]
    return {name for item in (subject.items if isinstance(subject, sx.Listing) else (subject,)) if (name := plain_name(item)) is not None}


def _in_words(sheet: Sheet, statements: Iterable[int]) -> dict[int, str]:
    r"""The statements that say the size of a name in words, `$A$ of size $p \times m$`, and the name."""
    sizes = shapes_in_words([(i, sheet.statements[i]) for i in statements])
    return {i: name for i, about, _ in sizes if (name := plain_name(about)) is not None}


def _recipes(sheet: Sheet, before: tuple[int, ...], after: range, anew: set[str]) -> set[int]:
    r"""The formulas that stand for the new meaning of a name too: `a = \mathrm{relu}(z)` after another z, where nothing else says it.

    What follows speaks of them, and differentiates what they lead to; values that they had are over.
    """
    nodes = [sheet.statements[i].node for i in after]
    asked = {name for node in nodes for n in sx.walk(node) if isinstance(n, sx.Derivative) and n.of is not None for name in mentions(n.of)}
    own = {name for i in after for name, formula in heads(sheet.statements[i]) if not is_numeric(formula)}
    of = {
        name: (i, formula)
        for i in before
        for name, formula in heads(sheet.statements[i])
        if isinstance(node := sheet.statements[i].node, sx.Relation) and not any(map(is_numeric, node.sides[1:]))
    }
    found: set[int] = set()
    rests: dict[str, bool] = {}

    def is_of_it(name: str) -> bool:
        """Whether a name is made of one that is defined anew, by formulas that nothing here replaces."""
        if name not in rests:
            rests[name] = False
            if name in anew:
                rests[name] = True
            elif name in of and name not in own:
                made_of = [is_of_it(inner) for inner in mentions(of[name][1])]  # each of them: it is found on the way
                rests[name] = any(made_of)
                found.update({of[name][0]} if rests[name] else ())
        return rests[name]

    leading = [name for name in asked if is_of_it(name) and name not in anew]
    beside = [is_of_it(name) for node in nodes for name in mentions(node)] if leading else []
    return found if beside else set()


def _still_holding(
    sheet: Sheet, before: tuple[int, ...], anew: set[str], supposed: bool = False, recipes: Set[int] = frozenset()
) -> tuple[int, ...]:
    r"""The statements whose definitions do not rest on a name defined anew; those that do keep their words where it is only supposed.

    What was said to be a gradient, `\delta^l := \partial C/\partial z^l`, is that of the new C; what followed for the old one is over.
    """
    gone, meant = set(anew), set[int]()
    for i in before if not supposed else ():
        for name, expression in heads(sheet.statements[i]):
            if isinstance(expression, sx.Derivative) and expression.of is not None and anew & set(mentions(expression.of)):
                meant.add(i)
                gone |= {name, *_wholes(sheet.statements[i].node)}
            elif gone & set(mentions(expression)):
                gone.add(name)
    worded = _in_words(sheet, before) if anew else {}

    def spoken_of(statement: Statement) -> set[str]:
        return {name for name, _ in heads(statement)} | ({*_wholes(statement.node)} if heads(statement) else set())

    kept = (i for i in before if i in meant or i in recipes or (not gone & spoken_of(sheet.statements[i]) and worded.get(i) not in anew))
    return tuple(i for i in kept if not (said := declared(sheet.statements[i]) or _compared(sheet.statements[i])) or not said <= anew)


def _wholes(node: Node) -> Iterator[str]:
    r"""The δ whose entries `\delta_j = …` speaks of."""
    head = node.sides[0] if isinstance(node, sx.Relation) else node
    if isinstance(head, sx.Scripted) and letters_of(head.sub) is not None and (name := plain_name(replace(head, sub=None))) is not None:
        yield name


def _compared(statement: Statement) -> set[str]:
    r"""The names that an inequality is about: the X of `\det X > 0`."""
    node = statement.node
    is_so = isinstance(node, sx.Relation) and set(node.operators) <= {"<", ">", "le", "ge", "leq", "geq", "ne"}
    return (
        {name for name in mentions(node) if fn.word_of(name.removeprefix("\\mathrm{").removesuffix("}")) not in fn.WORDS}
        if is_so
        else set()
    )


def _wanted(sheet: Sheet, context: tuple[int, ...], own: range) -> tuple[int, ...]:
    """The earlier statements that a part speaks of, directly or through others."""
    spoken = {name for i in own for name in mentions(sheet.statements[i].node)}
    spoken |= _made_of_inputs(sheet, context, own) | _losses_behind(sheet, context, own)
    kept: list[int] = []
    for i in reversed(context):
        named, node = heads(sheet.statements[i]), sheet.statements[i].node
        of = {name for n in sx.walk(node) if isinstance(n, sx.Derivative) and n.of is not None for name in mentions(n.of)}
        # What defines the entries `z_i` defines z.
        whole = set(mentions(node.sides[0])) if named and isinstance(node, sx.Relation) else set()
        # A gradient by what is no more spoken of: `dX = dZ W_1^\\top`.
        by = {name for n in sx.walk(node) if isinstance(n, sx.Differential) and n.sign == "d" for name in mentions(n.of)}
        by |= {name for n in sx.walk(node) if isinstance(n, sx.Derivative) for w in n.wrt for name in mentions(w)}
        if spoken & whole or (not named and by <= spoken and (not of or of & spoken)):
            kept.append(i)
            # A claim that was made before calls for nothing now.
            spoken |= set(mentions(node)) if named or not isinstance(node, sx.Relation) or "=" not in node.operators else set()
    return tuple(reversed(kept))


def _made_of_inputs(sheet: Sheet, context: tuple[int, ...], own: range) -> set[str]:
    """What was computed before from inputs that have a formula here, where gradients go on: the loss rests on it, not on the inputs."""
    nodes = [sheet.statements[i].node for i in own]
    slopes = [n for node in nodes for n in sx.walk(node) if isinstance(n, (sx.Differential, sx.Derivative))]
    with_formula = {name for i in (*context, *own) for name, _ in heads(sheet.statements[i])}
    if not slopes or any(isinstance(n, sx.Derivative) and n.of is not None and with_formula & set(mentions(n.of)) for n in slopes):
        return set()
    settled = {name for i in own for name, formula in heads(sheet.statements[i]) if not is_numeric(formula)}
    settled -= {name for i in context for name, _ in heads(sheet.statements[i])}
    found: set[str] = set()
    for i in context:
        for name, formula in heads(sheet.statements[i]):
            is_slope = any(isinstance(n, (sx.Differential, sx.Derivative)) for n in sx.walk(formula))
            found |= {name} if not is_slope and (settled | found) & set(mentions(formula)) else set()
    return found


def _losses_behind(sheet: Sheet, context: tuple[int, ...], own: range) -> set[str]:
    """The losses that `dW = \\dots` is by where a part names none: they have their formulas further up."""
    slopes = [n for i in own for n in sx.walk(sheet.statements[i].node) if isinstance(n, (sx.Differential, sx.Derivative))]
    if not any(isinstance(n, sx.Differential) and n.sign == "d" for n in slopes) or any(isinstance(n, sx.Derivative) for n in slopes):
        return set()

    def losses(statements: Iterable[int]) -> set[str]:
        formulas = [head for i in statements for head in heads(sheet.statements[i]) if is_loss(head[0]) and not is_numeric(head[1])]
        return {name for name, formula in formulas if not any(isinstance(n, sx.Differential) for n in sx.walk(formula))}

    return set() if losses(own) else losses(context)


def heads(statement: Statement) -> list[tuple[str, Node]]:
    """The name that a statement begins with and what it sets it equal to; none for a claim about anything else."""
    node = statement.node
    if not isinstance(node, sx.Relation) or node.operators[0] not in ("=", ":=", "==", "equiv", "triangleq"):
        return []
    name = plain_name(node.sides[0])
    return [] if name is None or name.startswith("\\partial") else [(name, node.sides[1])]


def mentions(node: Node, styled: frozenset[str] = frozenset()) -> list[str]:
    """The names in a tree, as they are spelt; of `p_i` also the `p`, whose entry it may be."""
    found: list[str] = []
    stack = [node]
    while stack:
        current = stack.pop()
        if isinstance(current, sx.Scripted) and isinstance(current.base, sx.Name) and current.base.base == "e" and current.sup is not None:
            stack.append(current.sup)  # what the exponential is of
        if isinstance(current, sx.Scripted) and superscript(current.sup).transposed:
            current = without_transpose(current)
        name = plain_name(current, styled) if isinstance(current, (sx.Name, sx.Scripted)) else None
        if name is not None:
            found.append(name)
            if isinstance(current, sx.Scripted) and letters_of(current.sub) is not None:
                script = superscript(current.sup)
                is_labelled = bool(script.label) and script.power is None  # the `δ^{(4)}` of `δ^{(4)}_j`
                stack.append(replace(current, sub=None) if is_labelled else current.base)
            continue
        stack.extend(reversed(sx.children(current)))
    return found


def differentiated(node: Node) -> set[str]:
    """By what something is differentiated."""
    return {name for n in sx.walk(node) if isinstance(n, sx.Derivative) for wrt in n.wrt for name in mentions(wrt)}
