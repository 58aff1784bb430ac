"""Which equalities give a name its meaning, and which meaning."""

from __future__ import annotations

import re
from collections.abc import Container
from dataclasses import replace
from fractions import Fraction

from symgrad import syntax as sx
from symgrad.constant import constant_of, is_numeric
from symgrad.heads import as_call, is_of_the_field, names_more
from symgrad.literals import as_list, is_worked, literal_rows
from symgrad.meaning import Definition, Vocabulary, is_loss
from symgrad.naming import letters_of, numbers_of, plain_name, script_text, spelled, superscript, without_transpose
from symgrad.optima import is_optimised, is_said
from symgrad.parts import heads, is_word, mentions
from symgrad.read import functions as fn
from symgrad.said_properties import is_own_transpose
from symgrad.sheet import Gathered
from symgrad.syntax import Node

_NOISE = frozenset({"u", "e", "\\epsilon", "\\varepsilon", "\\eta", "\\xi", "\\nu", "\\zeta"})
_OF_CHANCE = frozenset({"Var", "var", "E", "Cov", "cov", "V"})
RATES = frozenset({"\\eta", "\\alpha", "\\mu", "\\epsilon", "\\gamma", "\\mathrm{lr}"})


def restate(found: Gathered, head: Node, side: Node) -> None:
    """The other formula of a name that is taken to be defined by it: `K = \\mu^2 + \\sigma^2 - \\log\\sigma^2 = \\mu^2 + e^s - s`."""
    name = plain_name(head, found.vocabulary.styled)
    if name in found.vocabulary.assumed.restated and not is_numeric(side) and literal_rows(side) is None:
        found.definitions = [replace(d, expression=side) if d.name == name else d for d in found.definitions]


def named_at_the_end(found: Gathered, i: int, sides: list[Node], known: set[str]) -> Definition | None:
    r"""The p of `\frac{\partial f}{\partial z_k} = \frac{e^{z_k}}{\sum_j e^{z_j}} = p_k`, which nothing else defines."""
    vocabulary, (before, last) = found.vocabulary, sides[-2:]
    name = plain_name(last, vocabulary.styled)
    if name is None or is_loss(name) or len(sides) < 3 or plain_name(before, vocabulary.styled) is not None:
        return None
    is_gradient = isinstance(sides[0], sx.Derivative) and _is_named_by_its_sign(found, before, last)
    if is_numeric(before) and not is_gradient:
        return None
    letters = _index_letters(found, last, known)
    base = _whole_of(last, vocabulary.styled) if letters else name
    named = vocabulary.heads - (_valued(found, i) if _is_named_by_its_sign(found, before, last) else frozenset())
    settled = {*known, *named, *vocabulary.declared, *vocabulary.literals, *vocabulary.sizes, *vocabulary.dependences.variables}
    spoken = {plain_name(n, vocabulary.styled) for n in sx.walk(before)}
    earlier = {n for j in found.part.statements if j < i for n in mentions(found.sheet.statements[j].node, vocabulary.styled)}
    is_known = {name, base} & (settled | earlier) or any(head.partition("_")[0] == base for head in named)
    if is_known or {name, base} & spoken or (not is_gradient and any(isinstance(n, sx.Derivative) for n in sx.walk(before))):
        return None
    # What is so called is the gradient, whatever formula stands for it.
    return Definition(base, sides[0] if isinstance(sides[0], sx.Derivative) else before, i, letters)


def _is_named_by_its_sign(found: Gathered, before: Node, last: Node) -> bool:
    """Whether it stands behind `=:`."""
    sign = found.sheet.source.text[before.span.end : last.span.start]
    return "=:" in sign or "\\eqqcolon" in sign


def _valued(found: Gathered, i: int) -> frozenset[str]:
    """The names that are given values further down, and never a formula."""
    said = [
        (j > i and literal_rows(side) is not None, name) for j in found.part.statements for name, side in heads(found.sheet.statements[j])
    ]
    return frozenset(name for _, name in said) - {name for is_value, name in said if not is_value}


def names_again(found: Gathered, i: int, sides: list[Node], known: set[str]) -> bool:
    """Whether a chain gives a second name to what it computes, as `a = z = W x`, or to a value, as `m = v = 0.5`."""
    name = plain_name(sides[1], found.vocabulary.styled)
    if name is None or name in known or is_loss(name) or isinstance(sides[1], sx.Differential):
        return False
    if isinstance(sides[1], sx.Scripted) and superscript(sides[1].sup).power is not None:
        base = plain_name(replace(sides[1], sup=None), found.vocabulary.styled)
        is_known = base is not None and base in known | found.vocabulary.heads
    else:
        is_known = False
    if is_known:
        return False  # `g = c^2` of a c that is known is its square, and no name
    if literal_rows(sides[2]) is not None:
        return name not in found.vocabulary.heads
    settled = {*found.vocabulary.heads, *found.vocabulary.declared, *found.vocabulary.sizes}
    earlier = {n for j in found.part.statements if j < i for n in mentions(found.sheet.statements[j].node, found.vocabulary.styled)}
    return name not in settled | earlier


def tied(found: Gathered, i: int, sides: list[Node], known: set[str]) -> Definition | None:
    """The `W_e` of `W_d = W_e^T = W^T`: an input that is set to another, which is met here first."""
    (name, _, turned), (other, fresh, other_turned) = (perhaps_turned(side, found.vocabulary.styled) for side in sides[1:])
    if name is None or other is None or name in known or other in known:
        return None
    nodes = [n for j in found.part.statements if j < i for n in sx.walk(found.sheet.statements[j].node)]
    scripted = {id(n.base) for n in nodes if isinstance(n, sx.Scripted) and n.sub is not None}
    earlier = {plain_name(n, found.vocabulary.styled) for n in nodes if isinstance(n, (sx.Name, sx.Scripted)) and id(n) not in scripted}
    if other in earlier or name not in earlier:
        return None
    expression = fresh if turned == other_turned else sx.Scripted(fresh.span, fresh, None, sx.Text(fresh.span, "T"))
    return Definition(name, expression, i)


def perhaps_turned(node: Node, styled: frozenset[str]) -> tuple[str | None, Node, bool]:
    """A name that stands as it is or transposed, without the transpose, and whether there is one."""
    if isinstance(node, sx.Scripted) and superscript(node.sup).transposed and superscript(node.sup).power is None:
        bare = without_transpose(node)
        return plain_name(bare, styled), bare, True
    return plain_name(node, styled), node, False


def gives_meaning(found: Gathered, i: int, sides: list[Node], known: set[str]) -> bool:
    """Whether a name is given a value or a definition here, and no claim is made about it."""
    vocabulary = found.vocabulary
    if _is_own_function(found, i, sides, known):
        return True  # it is written out wherever it is called
    name = plain_name(sides[0], vocabulary.styled)
    if name is None or name.startswith("\\partial ") or (isinstance(sides[0], sx.Differential) and not _is_step(sides)):
        return False
    if name in (*fn.UNNAMED, "\\sigma") and is_word(sides[1]):
        return True  # `\\phi = \\tanh` says which function it is
    if _is_told_function(sides[0], vocabulary) and isinstance(sides[1], sx.Name) and fn.word_of(sides[1].base) in fn.ELEMENTWISE_WORDS:
        return True  # so does `g^{[2]} = \\sigma`
    valued = {n for items in found.given.values() for n, _ in items} if is_numeric(sides[1]) else set()
    if _is_exponential(sides[0], known | vocabulary.declared.keys(), valued) or (
        constant_of(sides[0]) is not None and is_numeric(sides[1])
    ):
        return False  # `e^{0.8} = 2.226`
    if _is_an_entry(found, sides[0], is_worked(sides[1])):
        return False  # `y_0 = 1 \\cdot 1 + 0 \\cdot 2 = 1` of a y with a formula
    if name not in known and (below := _some_function_of(sides[1], vocabulary)):
        vocabulary.dependences.rest(name, below)
        return True  # `L = \\ell(o, y)`, with an ℓ that nothing says more of
    gradient = _as_gradient(found, i, name) if name not in known else None
    if gradient is not None:
        found.definitions.append(Definition(name, gradient, i))
        known.add(name)
        return False
    if _is_model(found, i, sides[0], sides[1]):
        return True  # `y = Xβ + ε`: how the data came to be, and nothing that β settles
    if _is_a_distribution(sides[1]):
        return True  # `p(z) = \\mathcal N(0, I)`: the p may also be how many entries something has
    if isinstance(sides[1], sx.Prefix) and sides[1].sign == "pm":
        return True  # a label, `t = \\pm 1`
    other = plain_name(sides[1], vocabulary.styled)
    if name in vocabulary.sizes and (other in vocabulary.sizes or (other is not None and other not in known | vocabulary.declared.keys())):
        return True  # `k = n`, of two sizes, or `n^{[0]} = n_x`, another name for one
    if name in vocabulary.sizes and sides[1] in (chosen := _choices(found, name)) and len(chosen) > 1:
        return True  # `f = 4d` in one place, and `f = \\tfrac83 d` in another
    literal = literal_rows(sides[1])
    if is_numeric(sides[1]) and _is_every_entry(found, sides[0], known):
        return False
    is_number = set(vocabulary.claimed.get(name, ())) == {(1, 1)}  # by its later values
    zero = literal is not None and literal == ((Fraction(0),),) and not is_loss(name) and not is_number
    if zero and name not in known and not re.search(r"[_^]\{?[(\[]?0", name):
        found.given.setdefault(i, []).append((name, sides[1]))
        return True  # a value to begin with, `B = 0`, that says nothing of its size or of the general case
    if literal is not None and not zero:
        stated = {n for items in found.given.values() for n, _ in items}
        if name in known and name not in found.tallies and (name not in stated or len(sides) > 2 or is_worked(sides[1])):
            return False
        found.given.setdefault(i, []).append((name, sides[1]))
        if name in vocabulary.sizes:
            return True
        vocabulary.literals.setdefault(name, []).append((len(literal), len(literal[0])))
        vocabulary.valued_at.setdefault(name, i)
        if isinstance(as_list(sides[1]), sx.List) and len(literal) == 1:
            vocabulary.lists.add(name)
        known.add(name)
        return True
    if name in vocabulary.assumed.reopened and is_numeric(sides[1]) and not zero:
        # Its rows stay open: it is known by its values, not by this product.
        width = next((len(rows[0]) for rows in map(literal_rows, sides[2:]) if rows is not None), None)
        vocabulary.literals.setdefault(name, []).append((1, width or 1))
        known.add(name)
        return True
    if is_loss(name) and is_numeric(sides[1]) and not zero and name not in known:
        # `L = \log 2 = 0.693` is what a loss comes to, and not what it is.
        found.given.setdefault(i, []).extend((name, side) for side in sides[2:] if literal_rows(side) is not None)
        vocabulary.literals.setdefault(name, []).append((1, 1))
        known.add(name)
        return True
    letters = _index_letters(found, sides[0], known)
    is_label = isinstance(sides[0], sx.Scripted) and plain_name(sides[0].base) in known
    if letters and name not in known and (is_label or set(vocabulary.claimed.get(name, ())) == {(1, 1)}):
        # The q of `\\ell_q = …`, the k of `d_k = d / h` is a label where the other side has no such index.
        scripts = [script for n in sx.walk(sides[1]) if isinstance(n, sx.Scripted) for script in (n.sub, n.sup) if script is not None]
        written = {n.base for script in scripts for n in sx.walk(script) if isinstance(n, sx.Name)}
        letters = letters if written & set(letters) else ()
    base = _whole_of(sides[0], vocabulary.styled) if letters else name
    used = _blocks(sides[1], vocabulary.styled) or mentions(sides[1], vocabulary.styled)
    if base in known or name in used or is_own_transpose(name, sides[1]):
        return False
    arguments = {argument for d in found.definitions for argument in vocabulary.arguments.get(d.name, ())}
    may_vary = not arguments or base in arguments  # the S of `J(w) = w^T S w` is settled
    if may_vary and is_optimised(found.definitions, base, vocabulary.dependences) and is_said(found.sheet, i):
        return False
    expression = sides[1] if zero else next((side for side in sides[1:] if literal_rows(side) is None), sides[1])
    spoken = {plain_name(n, vocabulary.styled) for n in sx.walk(expression) if isinstance(n, (sx.Name, sx.Scripted))}
    # `s = \log v`, and then `v = e^s`: of two that give each other the later one is meant.
    found.definitions = [d for d in found.definitions if d.name not in spoken or base not in mentions(d.expression, vocabulary.styled)]
    found.definitions.append(Definition(base, expression, i, letters))
    known.add(base)
    return True


def _is_told_function(head: Node, vocabulary: Vocabulary) -> bool:
    r"""Whether words or an equation say which function a letter is, perhaps in one layer: the `g^{[2]}` of `g^{[2]} = \sigma`."""
    match head:
        case sx.Scripted(base=sx.Name(base=base), sub=None, sup=sx.Node() as layer):
            return f"{base}^{script_text(layer)}" in vocabulary.functions
    return False


def _is_a_distribution(node: Node) -> bool:
    match node:
        case sx.Product(factors=(sx.Name(base="N" | "U", style="mathcal"), sx.Group(body=sx.Listing()))):
            return True
    return False


def _choices(found: Gathered, name: str) -> list[Node]:
    """What a size is set to in terms of other sizes, anywhere on the sheet."""
    sizes, styled = found.vocabulary.sizes, found.vocabulary.styled
    relations = (s.node for s in found.sheet.statements if isinstance(s.node, sx.Relation) and s.node.operators == ("=",))
    made = (node.sides[1] for node in relations if plain_name(node.sides[0], styled) == name and not is_numeric(node.sides[1]))
    return list(dict.fromkeys(side for side in made if set(mentions(side, styled)) <= sizes))


def _is_own_function(found: Gathered, i: int, sides: list[Node], known: set[str]) -> bool:
    r"""Whether it is the first formula of a function, `\phi(s) = \max(0, s)^2`, of an argument that is nothing else here."""
    head = as_call(sides[0])
    base = head.function if isinstance(head, sx.Call) else None
    if (
        not isinstance(head, sx.Call)
        or not isinstance(base, sx.Name)
        or not (base.base in fn.UNNAMED or fn.word_of(base.base) not in fn.WORDS)
    ):
        return False
    arguments = frozenset(name for arg in head.args if (name := plain_name(arg, found.vocabulary.styled)) is not None)
    settled = {*known, *found.vocabulary.heads, *found.vocabulary.declared, *found.vocabulary.literals, *found.vocabulary.sizes}
    if len(arguments) != 1 or len(head.args) != 1 or arguments & settled or names_more((sides[1],), arguments):
        return False
    if is_numeric(sides[1]) or is_of_the_field(head, sides[1]):
        return False
    earlier = (found.sheet.statements[j].node for j in found.part.statements if j < i)
    heads_before = (as_call(node.sides[0]) for node in earlier if isinstance(node, sx.Relation))
    return not any(isinstance(h, sx.Call) and plain_name(h.function) == plain_name(base) for h in heads_before)


def _is_an_entry(found: Gathered, node: Node, is_computed: bool) -> bool:
    """Whether it is an entry, by its numbers, of what has a formula for every index or is what a function makes of a whole."""
    numbers = numbers_of(node.sub) if isinstance(node, sx.Scripted) and node.sup is None else None
    if numbers is None or not isinstance(node, sx.Scripted):
        return False
    base = plain_name(node.base, found.vocabulary.styled)
    own = [d for d in found.definitions if d.name == base]
    if not is_computed and any(isinstance(d.expression, sx.Call) and not d.letters for d in own):
        return True  # `p_1 = 0.27` of a `p = softmax(z)`
    if len(numbers) == 1 and any(not d.letters and _is_as_long(found, node.base, d.expression, is_computed) for d in own):
        return True  # `z_1 = 0.5` and `z_2 = 0.1` of a `z = W x + b`, where b has two entries, or W two rows
    counted = [size for size in found.vocabulary.claimed.get(base or "", ()) if 1 in size]
    if len(numbers) == 1 and any(not d.letters for d in own) and counted and all(numbers[0] <= max(size) > 1 for size in counted):
        return True  # `z_3 = -0.5` of a z that came out with four entries
    return any(len(d.letters) in (len(numbers), len(str(numbers[0]))) for d in own)


def _is_as_long(found: Gathered, name: Node, expression: Node, is_computed: bool) -> bool:
    """Whether what is computed from a matrix, or with a bias, has as many entries as are given values one by one.

    Values that are worked out may be those of several examples, so that a column of data says nothing of them.
    """
    base, styled, literals = plain_name(name), found.vocabulary.styled, found.vocabulary.literals
    told = {head for i in found.part.statements for head, _ in heads(found.sheet.statements[i])}
    many = next(k for k in range(1, len(told) + 2) if f"{base}_{k}" not in told) - 1
    terms = expression.terms if isinstance(expression, sx.Sum) else (expression,)
    added = [size for term in terms for size in literals.get(plain_name(term, styled) or "", ()) if len(terms) > 1]
    data = set() if is_computed else {used for together in found.sheet.sequences for used in together}
    inside = [size for used in mentions(expression, styled) for size in literals.get(used, ()) if min(size) > 1 or used in data]
    return many > 1 and any(many in size for size in added + inside)


def _as_gradient(found: Gathered, i: int, name: str) -> Node | None:
    """The gradient that a name is taken to be, whatever formula it is given."""
    for of, wrt in ((of, wrt) for known, of, wrt in found.vocabulary.assumed.gradients if known == name):
        statements = [found.sheet.statements[j] for j in found.part.statements]
        own = {plain_name(s.node.sides[0]): s.node.sides[0] for s in statements if isinstance(s.node, sx.Relation) and heads(s)}
        if of in own and wrt in own:
            return sx.Derivative(found.sheet.statements[i].span, own[of], (own[wrt],))
    return None


def _is_every_entry(found: Gathered, node: Node, known: set[str]) -> bool:
    """Whether it is said of each entry of what is defined: `p_i = 0.5`."""
    letters = _index_letters(found, node, known)
    base = plain_name(node.base, found.vocabulary.styled) if letters and isinstance(node, sx.Scripted) else None
    return set(letters) <= found.running and any(d.name == base and not is_numeric(d.expression) for d in found.definitions)


def _is_exponential(node: Node, known: Container[str], valued: Container[str]) -> bool:
    """`e^{-2s}`, which is no name; nor is `e^{x + y}` of an x and a y that are known, while `e^{t + 1}` may be an error.

    What `e^z` comes to in numbers is no name either where z is `valued`.
    """
    if not (isinstance(node, sx.Scripted) and isinstance(node.base, sx.Name) and node.base.base == "e" and node.sub is None):
        return False
    is_of_known = isinstance(node.sup, sx.Sum) and all(name in known for name in mentions(node.sup)) and bool(mentions(node.sup))
    return isinstance(node.sup, (sx.Prefix, sx.Product, sx.Frac)) or is_of_known or plain_name(node.sup or node) in valued


def _blocks(node: Node, styled: frozenset[str]) -> list[str]:
    """What a matrix is put together of, where each cell is a name: the `W_g` of `W = [W_g, W_u]` is no entry of W."""
    rows = (node.items,) if isinstance(node, sx.List) else node.rows if isinstance(node, sx.Matrix) else ()
    found = [plain_name(cell, styled) for row in rows for cell in row]
    return [name for name in found if name is not None] if None not in found else []


def _some_function_of(node: Node, vocabulary: Vocabulary) -> list[str]:
    """The names that a function which nobody knows is applied to; none for anything else."""
    called = as_call(node)
    if not isinstance(called, sx.Call) or any(isinstance(arg, sx.Relation) for arg in called.args):
        return []
    function = plain_name(called.function, vocabulary.styled)
    base = called.function.base if isinstance(called.function, sx.Scripted) else called.function
    if function is None or not isinstance(base, sx.Name) or function in vocabulary.heads | vocabulary.declared.keys():
        return []
    below = [plain_name(arg, vocabulary.styled) for arg in called.args]
    is_known = fn.word_of(base.base) in fn.WORDS or base.base in vocabulary.functions
    if is_known or (len(below) < 2 and not is_loss(function) and function != "l"):
        return []
    return [n for n in below if n is not None] if None not in below else []


def _is_model(found: Gathered, i: int, head: Node, node: Node) -> bool:
    """Whether the last term is noise: a letter that no formula speaks of, but for its distribution, where y - Xβ is a residual."""
    noise = node.terms[-1] if isinstance(node, sx.Sum) and node.signs[-1] == "+" else None
    base = noise.base if isinstance(noise, sx.Scripted) else noise
    if noise is None or not isinstance(node, sx.Sum) or not isinstance(base, sx.Name) or base.base not in _NOISE:
        return False
    later = [s.node for s in found.sheet.statements[i + 1 :]]
    residuals = (n for other in later for n in sx.walk(other) if isinstance(n, sx.Sum) and {head, node.terms[0]} <= set(n.terms))
    about = [other for other in later if {spelled(base), plain_name(noise)} & set(mentions(other))]
    return next(residuals, None) is not None and all(map(_is_of_chance, about))


def _is_of_chance(node: Node) -> bool:
    r"""`\varepsilon \sim \mathcal N(0, I)`, `Var(u) = \Omega`, `E[u] = 0`."""
    if not isinstance(node, sx.Relation):
        return False
    about = node.sides[0]
    first = about.factors[0] if isinstance(about, sx.Product) else about.function if isinstance(about, sx.Call) else about
    return "sim" in node.operators or (isinstance(first, sx.Name) and first.base.rpartition("\\")[2] in _OF_CHANCE)


def _is_step(sides: list[Node]) -> bool:
    r"""`\Delta w = -\eta \delta x`: what is added to w, and no gradient by it."""
    head = sides[0]
    is_delta = isinstance(head, sx.Differential) and head.sign == "Δ"
    return is_delta and any(isinstance(n, sx.Name) and plain_name(n) in RATES for n in sx.walk(sides[1]))


def _whole_of(node: Node, styled: frozenset[str]) -> str:
    r"""The name of what an entry is of: the `z^{(2)}` of `z^{(2)}_j`."""
    assert isinstance(node, sx.Scripted) and isinstance(node.base, sx.Name)
    return spelled(node.base, "", superscript(node.sup).label, node.base.base in styled)


def _index_letters(found: Gathered, node: Node, known: set[str]) -> tuple[str, ...]:
    r"""The indices of a definition such as `z_i = …`; a letter that names a step, a layer or a quantity (`n = \tanh(a_n)`) is not one."""
    if isinstance(node, sx.Scripted) and isinstance(node.base, sx.Name):
        letters = letters_of(node.sub)
        # The head h of `Q_h = X W_h` is no index: such matrices are names of their own.
        told = found.running if len(letters or ()) > 1 or not node.base.base[:1].isupper() else frozenset[str]()
        others = known | found.quantities
        if letters and all(
            (letter in "ijkmnpq" or letter in told or letter in found.added or (letter == "l" and len(letters) > 1))
            and letter not in others
            for letter in letters
        ):
            return letters
    return ()
