"""The plain understanding of formulas that nothing is held against, and the network that it is.

What could be meant only by changing what is written is refused, with what would have to be declared.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterator, Mapping, Sequence
from itertools import combinations

from symgrad import names
from symgrad import syntax as sx
from symgrad.constant import is_numeric
from symgrad.dims import ONE, Shape
from symgrad.errors import InvalidExpression, InvalidNetwork, SymgradError, UnknownName, Unsupported, nearest
from symgrad.expectations import is_expectation
from symgrad.meaning import Definition, Meaning, stem
from symgrad.naming import letters_of, plain_name, superscript
from symgrad.network import Network
from symgrad.origins import letters_that_run
from symgrad.properties import PROPERTIES, along
from symgrad.read.arrays import Refused
from symgrad.read.expression import looks_like_parameters
from symgrad.read.functions import UNNAMED, WORDS, word_of
from symgrad.readings.brackets import SPECTRAL_OR_NOT
from symgrad.readings.named import LABEL_OR_POWER
from symgrad.readings.runs import NOT_ITS_SIZE
from symgrad.readings.sums import AGAIN
from symgrad.shapes import is_unknown, unknown
from symgrad.sheet import Gathered
from symgrad.span import Span
from symgrad.stacks import stacks
from symgrad.syntax import Unreadable
from symgrad.tensor import Einsum, topological, variables
from symgrad.terms import names_in, walk
from symgrad.understanding import understood

WIDTH = 8
_NOT_AS_WRITTEN = "this fits together only if it is not read as written; declare sizes"
# What a reading may say of itself and still be what is written.
_PLAIN = frozenset({"direct", "drifted"})
# On a sheet the loss of a batch is meant summed, L = (y − ŷ)²; its definition is printed with the sum.
PLAIN_ON_A_SHEET = _PLAIN | {"loss_summed"}
# What may be a scalar where a vector does not fit: the target of one example, a bias; and what such a reading may cost at most.
_SCALARS_AT_LAST = frozenset({"y", "t", "b", "c", "\\hat{y}", "\\Delta", "C", "D"})
_PLAIN_COST = 2.0
_MOST_SCALARS = 6
_AXES_OF_A_STACK = 3
_PRIME = "'"
# What a reading says of itself in words that help.
_SAID = frozenset({NOT_ITS_SIZE, AGAIN, LABEL_OR_POWER, SPECTRAL_OR_NOT})


def _is_of_entries(node: sx.Node) -> bool:
    """Whether an expression is made of squares or logarithms of entries, which are added up for a loss."""
    for n in sx.walk(node):
        if isinstance(n, sx.Scripted) and isinstance(n.sup, sx.Number) and n.sup.text == "2":
            return True
        if isinstance(n, sx.Name) and n.base in ("\\log", "\\ln", "log", "ln"):
            return True
    return False


def leading_to(loss: str, meaning: Meaning) -> set[str]:
    """The names of the loss and of the definitions that lead to it."""
    needed, waiting = set[str](), [loss]
    while waiting:
        name = waiting.pop()
        if name in meaning.terms and name not in needed:
            needed.add(name)
            built = meaning.network.definitions.get(name)
            waiting += names_in(meaning.terms[name]) if built is None else [v.name for v in variables(built.node)]
    return needed | {loss}


def not_plain(meaning: Meaning, kept: Sequence[Definition], plain: Container[str] = _PLAIN) -> SymgradError | Refused | None:
    """Why an understanding of these definitions is none that is plain."""
    for definition in kept:
        span = definition.expression.span
        if definition.name in meaning.unread:
            return meaning.unread[definition.name]
        if is_numeric(definition.expression):
            return Refused(InvalidNetwork, f"{names.text(definition.name)} is only given by numbers here, and a formula is needed", span)
        for note in meaning.notes.get(definition.name, ()):
            if note.kind == "loss_summed" and (note.kind not in plain or not _is_of_entries(definition.expression)):
                return Refused(InvalidNetwork, "as its sizes are understood, this is no scalar; write its sum, or declare sizes", span)
            if note.kind not in plain:
                said = note.text if note.kind in _SAID else _NOT_AS_WRITTEN
                return Refused(InvalidExpression, said, note.span)
        if definition.name not in meaning.network.definitions:
            return Refused(Unsupported, "symgrad cannot make a network of this", span)
    return None


def declare_shapes(found: Gathered, shapes: Mapping[str, Shape]) -> None:
    """Shapes that are declared, under the names of the sheet; a capital is a matrix, though B and N count things elsewhere."""
    known = {names.identifier(name): name for name in (*found.vocabulary.mentioned, *(d.name for d in found.definitions))}
    for name, shape in shapes.items():
        if names.identifier(name) not in known:
            raise UnknownName(f"--dims: the expression has no {name}; {nearest(name, sorted(known))}")
        own = known[names.identifier(name)]
        if len(shape) == _AXES_OF_A_STACK:
            found.vocabulary.stacks[own] = shape[0], shape[1], shape[2]
            continue
        if own in found.vocabulary.stacks:
            del found.vocabulary.stacks[own]
        found.vocabulary.declared[own] = (shape[0] if shape else ONE, shape[1] if len(shape) > 1 else ONE)
    # The d of √d, beside a K of m×d, is that size.
    counts = {size for shape in shapes.values() for dim in shape for size in dim.symbols} - set(shapes)
    found.vocabulary.sizes |= counts - {d.name for d in found.definitions} - found.vocabulary.declared.keys()
    take_as_matrices(found, ("B", "N"))


# Greek letters that are numbers before a matrix, as vectors and rows are not.
_BEFORE_MATRICES = frozenset({"\\beta", "\\rho", "\\kappa", "\\tau", "\\omega"})


def greek_beside_capitals(found: Gathered) -> None:
    r"""The α of `\Psi \alpha` is a column, and the β of `\beta X^\top X` a number, where nothing else is said of them."""
    told: dict[str, set[str]] = {}
    for product in (n for d in found.definitions for n in sx.walk(d.expression) if isinstance(n, sx.Product)):
        for first, operator, second in zip(product.factors, product.operators, product.factors[1:], strict=False):
            one, other = (n.base if isinstance(n, sx.Scripted) else n for n in (first, second))
            if operator or not (isinstance(one, sx.Name) and isinstance(other, sx.Name)):
                continue
            if _is_capital(one) and is_greek(plain_name(second) or "") and isinstance(second, sx.Name):
                told.setdefault(plain_name(second) or "", set()).add("column")
            if _is_capital(other) and isinstance(first, sx.Name) and first.base in _BEFORE_MATRICES:
                told.setdefault(plain_name(first) or "", set()).add("scalar")
    free = {name: kinds for name, kinds in told.items() if len(kinds) == 1 and name not in found.vocabulary.declared}
    found.vocabulary.beside_capitals |= {name: kind for name, (kind,) in ((n, tuple(k)) for n, k in free.items())}


def _is_capital(node: sx.Name) -> bool:
    return node.base.removeprefix("\\")[:1].isupper() and not node.accents


def take_as_stacks(found: Gathered) -> None:
    """Capitals that are a matrix for each index."""
    for name in stacks(d.expression for d in found.definitions) - {d.name for d in found.definitions} - found.vocabulary.declared.keys():
        found.vocabulary.stacks[name] = unknown(f"count:{name}"), unknown(f"rows:{name}"), unknown(f"cols:{name}")


def take_as_matrices(found: Gathered, letters: Container[str]) -> None:
    """Capitals that may count something are matrices here, unless they are known to be sizes."""
    vocabulary = found.vocabulary
    told = vocabulary.sizes | vocabulary.declared.keys() | vocabulary.literals.keys() | vocabulary.stacks.keys()
    for name in vocabulary.mentioned - told:
        if stem(name) in letters:
            vocabulary.declared[name] = unknown(f"rows:{name}"), unknown(f"cols:{name}")


def vectors_beside_matrices(found: Gathered) -> Iterator[str]:
    r"""The x and the y of `x_i^\top W y_j`, whose members are vectors."""
    products = [n for d in found.definitions for n in sx.walk(d.expression) if isinstance(n, sx.Product)]
    for first, second, third in (run for p in products for run in zip(p.factors, p.factors[1:], p.factors[2:], strict=False)):
        match first, second, third:
            case sx.Scripted(base=sx.Name() as one), sx.Name(base=matrix), sx.Scripted(base=sx.Name() as other, sup=None):
                letters = letters_of(first.sub), letters_of(third.sub)
                if superscript(first.sup).transposed and matrix[:1].isupper() and all(found and len(found) == 1 for found in letters):
                    yield from (name for name in (plain_name(one), plain_name(other)) if name is not None and name[:1].islower())


def assumed_of(found: Gathered, properties: Mapping[str, frozenset[str]]) -> dict[str, frozenset[str]]:
    """What is declared and what the sheet says of its names, by name.

    It is taken from what the reading uses: derivatives are of what is written, and properties hold of the values.
    """
    known = {names.identifier(name): name for name in found.vocabulary.mentioned}
    said = {name: frozenset(held) for name, held in found.vocabulary.properties.items()}
    found.vocabulary.properties.clear()
    for name, held in properties.items():
        if names.identifier(name) not in known:
            raise UnknownName(f"--assume: the expression has no {name}; {nearest(name, sorted(known))}")
        own = known[names.identifier(name)]
        said[own] = said.get(own, frozenset()) | held
        if any(PROPERTIES[p].square for p in held) and own not in found.vocabulary.declared:
            found.vocabulary.declared[own] = unknown(f"rows:{own}"), unknown(f"rows:{own}")
    return said


def plainly_understood(found: Gathered) -> Meaning:
    """The cheapest plain understanding. Raises `Refused`, or `Unreadable`, where there is none."""
    for _, span, reason in found.unread:
        raise Unreadable(span, reason)
    if not found.definitions:
        raise Refused(
            InvalidNetwork, "this defines nothing to differentiate; write the loss alone, and by which name with --wrt", Span(0, 0)
        )
    for definition in found.definitions:
        _refuse_unknown_functions(definition.expression, found.vocabulary.functions)
        _refuse_parts_of_sets(definition.expression)
        _refuse_indices_of_indices(definition.expression)
        _refuse_expectations(definition.expression)
        _refuse_indices_outside(definition)
    meanings = sorted(_plain(found), key=lambda meaning: (len(_thin(meaning)), meaning.cost, _columns_in_capitals(meaning)))
    if meanings and not _thin(meanings[0]) and not _is_of_two_functions(meanings[0], found):
        return meanings[0]
    if (numbers := _of_numbers(found)) is not None:
        return numbers
    of_columns = bool(meanings) and not _thin(meanings[0])
    members = _members(found)
    scalars = sorted(n for n in found.vocabulary.mentioned - members if stem(n) in _SCALARS_AT_LAST and n not in found.vocabulary.declared)
    alone = tuple(sorted(_alone_in_sums(found) - members))
    capitals = tuple(name for name in scalars if not stem(name).removeprefix("\\")[:1].islower() and not stem(name).startswith("\\hat"))
    tried = dict.fromkeys((tuple(sorted({*alone, *capitals})), alone))
    for chosen in (*tried, *(c for several in (1, 2) for c in combinations(scalars[:_MOST_SCALARS], several))):
        found.vocabulary.declared |= dict.fromkeys(chosen, (ONE, ONE))
        meanings = [meaning for meaning in _plain(found) if not _thin(meaning) and meaning.cost < _PLAIN_COST] if chosen else []
        if meanings:
            return meanings[0]
        for name in chosen:
            del found.vocabulary.declared[name]
    if of_columns:
        said = "a product of two columns is no matrix product; write \\odot for one of entries, or a transpose, or declare sizes"
        raise Refused(InvalidExpression, said, found.definitions[-1].expression.span)
    raise _why_not(found)


def _begins_with_a_row(node: sx.Node) -> bool:
    r"""Whether it is an inner product as it is written, `\mu^\top w`, or a number times one."""
    first = next((f for f in node.factors if isinstance(f, sx.Scripted)), None) if isinstance(node, sx.Product) else None
    return first is not None and superscript(first.sup).transposed


def _alone_in_sums(found: Gathered) -> set[str]:
    r"""The a and the b of `\sum_i (y_i - a x_i - b)^2`: small letters without an index in a sum over one, never written as vectors are."""
    nodes = [n for d in found.definitions for total in sx.walk(d.expression) if isinstance(total, sx.BigOp) for n in sx.walk(total)]
    single = {n.base for n in nodes if isinstance(n, sx.Name) and len(n.base) == 1 and n.base.islower() and not n.accents}
    indices = {n for total in nodes if isinstance(total, sx.BigOp) for n in letters_that_run(total)}
    # The r of `\gamma (r - \mu^\top w)`.
    for terms in (n.terms for d in found.definitions for n in sx.walk(d.expression) if isinstance(n, sx.Sum)):
        if any(map(_begins_with_a_row, terms)):
            single |= {t.base for t in terms if isinstance(t, sx.Name) and len(t.base) == 1 and t.base.islower() and not t.accents}
    known = (
        found.vocabulary.declared.keys() | found.vocabulary.arrays | found.vocabulary.sizes | {d.name for d in found.definitions} | {"e"}
    )
    return (single & found.vocabulary.mentioned) - indices - known


def _members(found: Gathered) -> set[str]:
    """The `b_i` of a sum over i, and the b that it is an entry of: no numbers."""
    names_found: set[str] = set()
    for tree in (d.expression for d in found.definitions):
        running = {letter for n in sx.walk(tree) if isinstance(n, sx.BigOp) for letter in letters_that_run(n)}
        for n in sx.walk(tree):
            if isinstance(n, sx.Scripted) and set(letters_of(n.sub) or ()) & running:
                names_found |= {name for name in (plain_name(n), plain_name(n.base)) if name is not None}
    return names_found


_OF_VECTORS = re.compile(r"\\sum|\\top|\\mathsf|\\intercal|\^\s*\{?\s*T|[ᵀ‖]|\\\||\\[lr]Vert|\\langle|\\cdot|\\mathbf|\\bold|\\odot|\\vec")
"""What is written of vectors and of matrices only."""


_OF_FUNCTIONS = re.compile(r"(?<![A-Za-z])[A-Za-z]\s*\(\s*\\?[A-Za-z]+\s*\)")
"""`h(y)`, of which nothing says that it is a product."""


def _of_numbers(found: Gathered) -> Meaning | None:
    """A plain understanding in which every name is a number, as in `3x^2 + 2x`: where no name is a matrix, and nothing says vector."""
    if _members(found):
        return None  # what has an index that runs is no number
    (first, *_) = [*understood(found.vocabulary, found.definitions, 1), None]
    inputs = set() if first is None else {name for term in first.terms.values() for name in names_in(term)} - first.terms.keys()
    if any(stem(name)[:1].isupper() for name in inputs) or inputs & found.vocabulary.declared.keys():
        return None
    if _OF_VECTORS.search(found.sheet.source.text) or _OF_FUNCTIONS.search(found.sheet.source.text):
        return None
    found.vocabulary.declared.update(dict.fromkeys(inputs, (ONE, ONE)))
    meanings = sorted(_plain(found), key=lambda meaning: meaning.cost)
    if meanings:
        return meanings[0]
    for name in inputs:
        del found.vocabulary.declared[name]
    return None


def _is_of_two_functions(meaning: Meaning, found: Gathered) -> bool:
    r"""Whether functions of columns stand beside each other, `\sin(x) \cos(y)`, which are multiplied only as aᵀ b."""
    if "\\cdot" in found.sheet.source.text or "\\langle" in found.sheet.source.text:
        return False
    inner = [t for term in meaning.terms.values() for t in walk(term) if t.op == "inner" and t.args[0] != t.args[1]]
    return any(arg.op == "elementwise" for t in inner for arg in t.args)


def _plain(found: Gathered) -> Iterator[Meaning]:
    for meaning in understood(found.vocabulary, found.definitions, WIDTH):
        notes = {note.kind for noted in meaning.notes.values() for note in noted}
        whole = all(d.name in meaning.network.definitions for d in found.definitions)
        capitals = any(stem(name)[:1].isupper() for name in _thin(meaning))
        if whole and not meaning.unread and notes <= _PLAIN and not capitals and not _broad(meaning, found):
            yield meaning


def _broad(meaning: Meaning, found: Gathered) -> bool:
    """Whether a vector by its letter came out as a matrix, and no subscript says that it has rows."""
    for item in meaning.network.inputs.values():
        full = len(item.shape) == 2 and not item.shape[0].is_one and not item.shape[1].is_one
        written = (
            re.search(rf"(?<![A-Za-z\\]){re.escape(stem(item.name).rstrip(_PRIME))}\}}*{_PRIME}*_", found.sheet.source.text) is not None
        )
        if full and not written and meaning.kinds(item.name)[0][1] == "column" and item.name not in meaning.vocabulary.declared:
            return True
    return False


def _thin(meaning: Meaning) -> list[str]:
    """The names that came out with one row, though nobody declares it: matrices by their letter, or vectors that are scalars."""
    found = [item.name for item in meaning.network.inputs.values() if item.shape[0].is_one and item.name not in declared_names(meaning)]
    multiplied = {
        str(a.params[0]) for term in meaning.terms.values() for t in walk(term) if t.op == "inner" for a in t.args if a.op == "symbol"
    }
    vectors = [i.name for i in meaning.network.inputs.values() if i.name in multiplied and i.shape[1].is_one and stem(i.name)[:1].isupper()]
    # A Greek letter may be a number, but nobody means a row by one.
    rows = {name for name in found if not meaning.network.inputs[name].shape[1].is_one and meaning.kinds(name)[0][1] != "row"}
    return [n for n in found if n in rows or (meaning.kinds(n)[0][1] in ("matrix", "column") and not is_greek(n))] + vectors


def is_of_a_function(node: sx.Node, found: Gathered) -> bool:
    """Whether it is a call of one of the sheet's own functions."""
    return isinstance(node, sx.Call) and isinstance(node.function, sx.Name) and node.function.base in found.vocabulary.functions


# Letters of functions, `\\rho_\\tau(r)`, where they are no entries.
_FUNCTIONS = frozenset(("\\phi", "\\varphi", "\\psi", "\\rho"))


def _refuse_unknown_functions(tree: sx.Node, known: Container[str]) -> None:
    """Raises `Refused` for `y(x, w)`, where a name before several others in parentheses is a function, and for f(x): defined nowhere."""
    running = {letter for n in sx.walk(tree) if isinstance(n, sx.BigOp) for letter in letters_that_run(n)}
    for node in sx.walk(tree):
        function = node.function if isinstance(node, sx.Call) else None
        function = function.base if isinstance(function, sx.Scripted) else function
        match node:
            case sx.BigOp(operator="sum", body=sx.Product(factors=(sx.Name(base=letter) as function, sx.Group(open="("), *_))):
                if letter in _FUNCTIONS:
                    raise Refused(Unsupported, f"nothing says what the function {names.text(letter)} is", function.span)
        if isinstance(function, sx.Name) and function.base in UNNAMED and function.base not in known:
            raise Refused(Unsupported, f"nothing says what the function {names.text(function.base)} is", node.span)
        match node:
            case sx.Scripted(base=sx.Call(function=sx.Name(base=word, style="mathrm")) as call) if len(word) > 1 and word not in known:
                if word_of(word) not in WORDS:
                    raise Refused(Unsupported, f"nothing says what the function {names.text(word)} is", call.span)
        if not isinstance(node, sx.Product):
            continue
        for name, behind, operator in zip(node.factors, node.factors[1:], node.operators, strict=False):
            base = name.base if isinstance(name, sx.Scripted) else name
            is_called = isinstance(behind, sx.Group) and behind.open == "(" and operator == ""
            body = behind.body if is_called and isinstance(behind, sx.Group) else None
            is_function = isinstance(name, sx.Scripted) and name.sup is None and not set(letters_of(name.sub) or ()) & running
            is_word = isinstance(name, sx.Name) and name.style == "mathrm" and len(name.base) > 1
            if is_called and (is_function or is_word) and isinstance(base, sx.Name) and (is_word or base.base in _FUNCTIONS):
                raise Refused(Unsupported, f"nothing says what the function {names.text(plain_name(name) or base.base)} is", name.span)
            if isinstance(base, sx.Name) and isinstance(body, sx.Listing) and any(isinstance(n, sx.Name) for n in sx.walk(body)):
                raise Refused(
                    Unsupported, f"nothing says what the function {names.text(base.base)} is", Span(name.span.start, behind.span.end)
                )


def _refuse_parts_of_sets(tree: sx.Node) -> None:
    r"""Raises `Refused` for `\sum_{i \in S} x_i + \sum_{i=1}^n x_i`: nothing says which of the n are in S."""
    sums = [n for n in sx.walk(tree) if isinstance(n, sx.BigOp) and isinstance(n.below, sx.Relation)]
    over = {n: n.below.sides[-1] for n in sums if isinstance(n.below, sx.Relation) and n.below.operators == ("in",)}
    named = {n: plain_name(members) for n, members in over.items() if plain_name(members) is not None}
    for total, name in named.items():
        if any(letters_that_run(other) & letters_that_run(total) and named.get(other) != name for other in sums):
            said = f"nothing says which indices are in {names.text(name or '')}; take the terms times a mask"
            raise Refused(Unsupported, said, total.span)


def _refuse_expectations(tree: sx.Node) -> None:
    r"""Raises `Refused` for `\mathbb{E}[x^\top A x]`, which is no E times what stands in the brackets."""
    for node in sx.walk(tree):
        if is_expectation(node):
            raise Refused(Unsupported, "symgrad has no expectations; write the mean over samples, \\frac1n \\sum_i", node.span)


def _refuse_indices_outside(definition: Definition) -> None:
    r"""Raises `Refused` for the y_i of `\sum_i x_i^2 + y_i`, where no sum runs over its index."""
    totals = [n for n in sx.walk(definition.expression) if isinstance(n, sx.BigOp)]
    running = {letter for total in totals for letter in letters_that_run(total)} - set(definition.letters)
    for node, letters in _free_entries(definition.expression, frozenset()):
        if letters & running:
            said = "the sum over its index ends before this; put all that is summed in brackets"
            raise Refused(InvalidExpression, said, node.span)
        free = letters - set(definition.letters)
        if free and isinstance(node, sx.Scripted) and set(letters_of(node.sub) or ()) & running:
            raise Refused(InvalidExpression, f"no sum runs over the {min(free)} of this", node.span)


def _free_entries(node: sx.Node, bound: frozenset[str]) -> Iterator[tuple[sx.Node, frozenset[str]]]:
    """What has an index that no sum around it runs over, and these indices."""
    bound = bound | letters_that_run(node) if isinstance(node, sx.BigOp) else bound
    if isinstance(node, sx.Scripted) and isinstance(node.base, sx.Name) and (letters := frozenset(letters_of(node.sub) or ())) - bound:
        yield node, letters - bound
    for child in sx.children(node):
        yield from _free_entries(child, bound)


def refuse_cross_products(found: Gathered, meaning: Meaning) -> None:
    r"""Raises `Refused` for `a \times b` of two vectors, which is hardly their product entry by entry."""
    for product in (n for d in found.definitions for n in sx.walk(d.expression) if isinstance(n, sx.Product)):
        for first, operator, second in zip(product.factors, product.operators, product.factors[1:], strict=False):
            shapes = [meaning.network.symbol_shape(plain_name(side) or "") for side in (first, second)]
            if operator == "times" and all(shape is not None and [dim.is_one for dim in shape] == [False, True] for shape in shapes):
                said = "a cross product is cross(a, b), in NumPy; \\odot is the product entry by entry, and a b^\\top that of all pairs"
                raise Refused(Unsupported, said, first.span.to(second.span))


def _refuse_indices_of_indices(tree: sx.Node) -> None:
    r"""Raises `Refused` for `\mu_{c_i}` in a sum over i: nothing says which of them the c_i is."""
    running = {letter for n in sx.walk(tree) if isinstance(n, sx.BigOp) for letter in letters_that_run(n)}
    for node in sx.walk(tree):
        inner = (
            [n for n in sx.walk(node.sub) if isinstance(n, sx.Scripted)] if isinstance(node, sx.Scripted) and node.sub is not None else []
        )
        if any(running & set(letters_of(n.sub) or ()) for n in inner):
            said = "nothing says which one an index with an index picks; write a one-hot matrix Y for labels, \\sum_k Y_{ik} \\log p_{ik}"
            raise Refused(Unsupported, said, node.span)


def _columns_in_capitals(meaning: Meaning) -> int:
    """How many matrices by their letter came out as columns, though nobody declares it."""
    columns = [i.name for i in meaning.network.inputs.values() if i.shape[1].is_one and i.name not in declared_names(meaning)]
    return sum(stem(name)[:1].isupper() and meaning.kinds(name)[0][1] == "matrix" for name in columns)


def is_greek(name: str) -> bool:
    """Whether it is a lower-case Greek letter, which may be a scalar as well as a vector."""
    return names.text(stem(name)) in names.GREEK.values() and names.text(stem(name)).islower()


def declared_names(meaning: Meaning) -> set[str]:
    """The names whose shapes are said, down to their sizes."""
    return {name for name, shape in meaning.vocabulary.declared.items() if not any(is_unknown(s) for dim in shape for s in dim.symbols)}


def _why_not(found: Gathered) -> SymgradError | Refused:
    """Why no understanding is plain."""
    (meaning, *_) = [*understood(found.vocabulary, found.definitions, 1), None]
    if meaning is None:
        return Refused(InvalidExpression, "its sizes do not fit together; declare some with --dims", found.definitions[-1].expression.span)
    problem = not_plain(meaning, found.definitions)
    if problem is not None:
        return problem
    thin = _thin(meaning)
    if _broad(meaning, found):
        said = "for this to fit together a vector would have to be a matrix; write ‖…‖ for a norm, or declare sizes with --dims"
        return Refused(InvalidExpression, said, found.definitions[-1].expression.span)
    if thin:
        said = f"{names.text(thin[0])} would have to have one row for this to fit together; declare sizes with --dims"
        return Refused(InvalidExpression, said, found.definitions[-1].expression.span)
    return Refused(Unsupported, "symgrad cannot make a network of this", found.definitions[-1].expression.span)


def network_meant(
    meaning: Meaning, text: str, properties: Mapping[str, frozenset[str]], needed: Container[str], asked: Container[str] = ()
) -> Network:
    """The network of the definitions that are needed, with its inputs in the order in which the text has them, and with roles.

    The parameters are what is asked for, or what looks like parameters.
    """
    made = meaning.network
    definitions = [definition for definition in made.definitions.values() if definition.name in needed]
    for definition in definitions:
        nodes = topological([definition.node])
        dims = {dim for node in nodes for dim in (*node.shape, *(dim for dim, _ in (node.sizes if isinstance(node, Einsum) else ())))}
        if any(is_unknown(size) for dim in dims for size in dim.symbols):
            said = f"nothing says how large an I or a vector of ones in {names.text(definition.name)} is; declare sizes"
            raise InvalidExpression(said)
    used = {v.name for definition in definitions for v in variables(definition.node)}
    order = sorted((name for name in made.inputs if name in used), key=lambda name: (_first(name, text), _at(name, text)))
    parameters = {name for name in order if name in asked} or looks_like_parameters({name: names.identifier(name) for name in order})
    network = Network()
    for name in order:
        shape = made.inputs[name].shape
        held = along(properties.get(name, ()), shape)
        role = "mask" if "mask" in held else "parameter" if name in parameters else "data" if parameters else "input"
        network.declare(name, shape, role, held)
    for definition in definitions:
        form = definition.form
        if form.op == "reshape" and form.is_scalar and form.args[0].is_scalar and definition.name not in used:
            form = form.args[0]  # a loss is a number; only what others use has to stay 1×1
        if form.op == "symbol" and form.name == definition.name:
            network.define_node(definition.name, definition.node)
        else:
            network.define_form(definition.name, form)
    return network


def _first(name: str, text: str) -> int:
    """Where a name, or one of its family, stands first in the text."""
    return min((at for s in (*_spellings(name), stem(name)) if (at := _found(s, text)) >= 0), default=len(text))


def _at(name: str, text: str) -> int:
    """Where the name itself stands first, with its number."""
    return min((at for s in _spellings(name) if (at := _found(s, text)) >= 0), default=len(text))


def _found(spelling: str, text: str) -> int:
    r"""Where a spelling stands; the x of `\max` is none."""
    return text.find(spelling) if "\\" in spelling else _MACROS.sub(lambda m: " " * len(m[0]), text).find(spelling)


_MACROS = re.compile(r"\\(?:mathrm|operatorname|text)\*?\{[^{}]*\}|\\[A-Za-z]+")


def _spellings(name: str) -> tuple[str, ...]:
    return name, name.replace("{", "").replace("}", ""), names.text(name)
