"""Forms as NumPy prefers them: the same values from less work, and without overflow on the way.

Every rule has one signature: a form, whose operands are as NumPy prefers them already, and what names stand for → an equal form, or None
where it does not apply. The rules are tried in the order of `RULES`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from symgrad.contraction import cheapest_pair, result_of
from symgrad.dims import Dim
from symgrad.form import Form, apply, number, rewrite_bottom_up, walk
from symgrad.rewrite import Facts
from symgrad.textbook import hadamard_of, product_of, scaled, turned


@dataclass(frozen=True)
class Known:
    """What names stand for, as NumPy prefers it, what is declared of them, and the names of the sizes that are smaller than others."""

    forms: Mapping[str, Form] = field(default_factory=dict)
    facts: Facts = field(default_factory=Facts)
    small: frozenset[str] = frozenset()

    def meant(self, form: Form) -> Form:
        """What a name stands for; another form is itself."""
        while form.op == "symbol" and form.name in self.forms:
            form = self.forms[form.name]
        return form

    def nominal(self, dim: Dim) -> float:
        """A size as orders are compared by: one that is not known is large."""
        return float(dim.evaluate({name: 30 if name in self.small else 100 for name in dim.symbols}))

    def sums_to_one(self, form: Form, axis: int) -> bool:
        return form.op == "symbol" and f"distribution:{axis}" in self.facts.of(form.name)


Rule = Callable[[Form, Known], Form | None]


def native(form: Form, known: Known | None = None) -> Form:
    """The form as NumPy prefers it.

    >>> from symgrad.dims import shape_of; from symgrad.form import symbol; from symgrad.typeset import text
    >>> s, a = symbol("s", shape_of(["n", 1])), symbol("A", shape_of(["n", "m"]))
    >>> text(native(apply("matmul", [apply("diag", [s]), a])))
    's ⊙ A'
    """
    known = known or Known()

    def change(f: Form) -> Form:
        for rule in RULES:
            found = rule(f, known)
            if found is not None and found.shape == f.shape:
                f = found
        return f

    return rewrite_bottom_up(rewrite_bottom_up(form, _with_common_factors), change)


# ── without overflow ─────────────────────────────────────────────────────────────────────────────────────────────────


def _logarithm(form: Form, known: Known) -> Form | None:
    """log σ(z), log(1 − σ(z)), log softmax(z), log(1 + eᶻ), log Σ eᶻ have sources that neither overflow nor take log 0."""
    if form.op not in ("log", "log1p"):
        return None
    inner = known.meant(form.args[0])
    if form.op == "log1p":
        return apply("softplus", inner.args) if inner.op == "exp" else None
    if inner.op in ("sigmoid", "gamma"):
        return apply({"sigmoid": "log_sigmoid", "gamma": "gammaln"}[inner.op], inner.args)
    if inner.op == "softmax":
        return apply("log_softmax", inner.args, inner.params)
    if inner.op == "sum" and (body := known.meant(inner.args[0])).op == "exp":
        return apply("logsumexp", body.args, inner.params)
    rest = _beside_one(inner)
    if rest is None:
        return None
    if (grown := known.meant(rest)).op == "exp":
        return apply("softplus", grown.args)
    if rest.op == "scale" and rest.args[0] is number(-1) and (part := known.meant(rest.args[-1])).op == "sigmoid":
        return apply("log_sigmoid", [_negated(part.args[0])])
    return None


def _logistic(form: Form, known: Known) -> Form | None:
    """1/(1 + eᶻ) = σ(−z), eᶻ/(1 + eᶻ) = σ(z), and the softmax written as a quotient."""
    below = form.args[0] if form.op == "power" and form.params[0] == -1 else form.args[1] if form.op == "divide" else None
    if below is None:
        return None
    above = form.args[0] if form.op == "divide" else number(1)
    whole, part = known.meant(below), known.meant(above)
    if whole.op == "sum" and part.op == "exp" and known.meant(whole.args[0]) is part:
        (z,), (axis,) = part.args, whole.params
        long = [i for i, dim in enumerate(z.shape) if not dim.is_one]
        axis = long[0] if axis is None and len(long) == 1 else axis
        return None if axis is None else apply("softmax", [z], (axis,))
    rest = _beside_one(whole)
    grown = None if rest is None else known.meant(rest)
    if grown is None or grown.op != "exp":
        return None
    if part is grown:
        return apply("sigmoid", grown.args)
    falling = apply("sigmoid", [_negated(grown.args[0])])
    if above.op == "number":
        return scaled([above], falling)
    if above.op == "hadamard" and grown in (factors := [known.meant(f) for f in above.args]):
        at = factors.index(grown)
        return hadamard_of([*above.args[:at], apply("sigmoid", grown.args), *above.args[at + 1 :]])
    return None


def _beside_one(form: Form) -> Form | None:
    """The x of 1 + x."""
    if form.op != "add" or len(form.args) != 2:
        return None
    ones = [i for i, arg in enumerate(form.args) if arg is number(1) or arg.op == "ones"]
    return form.args[1 - ones[0]] if ones and form.args[1 - ones[0]].shape == form.shape else None


def _negated(form: Form) -> Form:
    return scaled([number(-1)], form)


# ── less work ────────────────────────────────────────────────────────────────────────────────────────────────────────


def _cross_entropy(form: Form, known: Known) -> Form | None:
    """Σ y ⊙ log softmax(z) = Σ y ⊙ z − logsumexp(z) where y sums to 1."""
    body = form.args[0] if form.op == "sum" else form
    if body.op != "hadamard" or len(body.args) != 2 or form is body:
        return None
    for weights, log in (body.args, body.args[::-1]):
        if log.op != "log_softmax" or weights.shape != log.shape or not known.sums_to_one(weights, log.params[0]):
            continue
        if form.params[0] not in (None, log.params[0]):
            continue
        first, rest = apply("hadamard", [weights, log.args[0]]), apply("logsumexp", log.args, log.params)
        spread = rest if form.params[0] is not None else apply("sum", [rest], (None,))
        return apply("add", [apply("sum", [first], form.params), _negated(spread)])
    return None


def _entrywise(form: Form, known: Known) -> Form | None:
    """Numbers in front of an entrywise product, so that −(y ⊙ z) and (−y) ⊙ z are one."""
    return hadamard_of(list(form.args)) if form.op == "hadamard" else None


def _broadcast_diagonal(form: Form, known: Known) -> Form | None:
    """diag(s) A = s ⊙ A, with s a column that is broadcast."""
    if form.op != "matmul":
        return None
    factors = _factors(form)
    at = next((i for i, f in enumerate(factors) if f.op == "diag"), None)
    if at is None:
        return None
    before, (vector,), after = factors[:at], factors[at].args, factors[at + 1 :]
    column = vector if vector.shape[-1].is_one else turned(vector)
    if after:
        return native(product_of([*before, hadamard_of([column, native(product_of(after), known)])]), known)
    return hadamard_of([native(product_of(before), known), turned(column)])


def _unrepeated(form: Form, known: Known) -> Form | None:
    """In a sum or an entrywise product of which one operand has the whole shape, nothing is repeated to it."""
    if form.op not in ("add", "hadamard", "divide"):
        return None
    slim = [_once(arg) for arg in form.args]
    for k, arg in enumerate(form.args):
        trial = [arg if i == k else s for i, s in enumerate(slim)]
        if arg.shape == form.shape and trial != list(form.args) and apply(form.op, trial, form.params).shape == form.shape:
            return apply(form.op, trial, form.params)
    return None


def _once(form: Form) -> Form:
    """`1 b` and `u 1ᵀ` are rows and columns repeated, `s 1` is a scalar repeated."""
    if form.op == "broadcast":
        return form.args[0]
    if form.op == "scale":
        last = form.args[-1]
        return scaled(list(form.args[:-1]), number(1)) if last.op == "ones" else apply("scale", [*form.args[:-1], _once(last)])
    if form.op == "matmul" and len(form.args) >= 2:
        if form.args[0].op == "ones" and form.args[0].shape[1].is_one:
            return product_of(list(form.args[1:]))
        if form.args[-1].op == "ones" and form.args[-1].shape[0].is_one:
            return product_of(list(form.args[:-1]))
    return form


def _gram(form: Form, known: Known) -> Form | None:
    """Aᵀ diag(v) A = Sᵀ S with S = √v ⊙ A where v ≥ 0: a product with its own transpose takes half the work."""
    if form.op != "matmul" or len(form.args) != 2 or any(dim.is_one for dim in form.shape):
        return None
    left, right = form.args
    for this, other, axis in ((left, right, 1), (right, left, 0)):
        if other.op != "hadamard":
            continue
        weights = [f for f in other.args if f.shape[axis].is_one and not f.shape[1 - axis].is_one]
        rest = [f for f in other.args if f not in weights]
        if not weights or len(rest) != 1 or turned(this) is not rest[0]:
            continue
        product = weights[0] if len(weights) == 1 else apply("hadamard", weights)
        if _is_nonnegative(product, known):
            root = hadamard_of([apply("sqrt", [product]), rest[0]])
            back = apply("transpose", [root])
            return apply("matmul", [back, root] if axis == 1 else [root, back])
    return None


_NEVER_NEGATIVE = frozenset(
    "exp square abs sigmoid softmax causal_softmax relu step relu' sigmoid' tanh' softplus cosh is_max is_median perm sqrt norm "
    "squared_norm ones eye".split()
)
_KEEP_THE_SIGN = frozenset("transpose sum mean slice reshape matmul broadcast diagonal diag".split())


def _is_nonnegative(form: Form, known: Known) -> bool:
    """Whether no entry is negative, as seen from how it is made."""
    form = known.meant(form)
    if form.op == "number":
        return form.value >= 0
    if form.op in ("hadamard", "scale", "divide"):
        odd = [f for f in form.args if form.args.count(f) % 2]
        return all(_is_nonnegative(f, known) for f in odd)
    if form.op == "power":
        return form.params[0].denominator == 1 and (form.params[0] % 2 == 0 or _is_nonnegative(form.args[0], known))
    if form.op == "add":
        return _is_complement(form, known) or all(_is_nonnegative(f, known) for f in form.args)
    if form.op in _KEEP_THE_SIGN:
        return all(_is_nonnegative(f, known) for f in form.args)
    return form.op in _NEVER_NEGATIVE


def _is_complement(form: Form, known: Known) -> bool:
    """1 − σ(z), 1 − softmax(z), 1 − tanh(z) ⊙ tanh(z)."""
    rest = _beside_one(form)
    if rest is None or rest.op != "scale" or rest.args[0] is not number(-1) or len(rest.args) != 2:
        return False
    part = known.meant(rest.args[1])
    if part.op in ("square", "hadamard"):
        bases = {known.meant(f) for f in part.args}
        return len(bases) == 1 and next(iter(bases)).op in ("tanh", "sigmoid", "softmax") and len(part.args) <= 2
    return part.op in ("sigmoid", "softmax")


def _palindrome(form: Form, known: Known) -> Form | None:
    """A product that turned around is itself, Aᵀ Bᵀ diag(v) B A, is Xᵀ (v ⊙ X) with X = B A."""
    factors = _factors(form) if form.op == "matmul" else []
    half = len(factors) // 2
    if half < 2 or any(dim.is_one for dim in form.shape):
        return None
    if any(_turned(left) is not right for left, right in zip(factors[:half], reversed(factors[-half:]), strict=True)):
        return None
    right = native(product_of(factors[-half:]), known)
    if len(factors) % 2 == 0:
        return apply("matmul", [apply("transpose", [right]), right])
    middle = factors[half]
    if middle.op != "diag":
        return None
    (vector,) = middle.args
    column = vector if vector.shape[-1].is_one else turned(vector)
    if _is_nonnegative(column, known):
        root = hadamard_of([apply("sqrt", [column]), right])
        return apply("matmul", [apply("transpose", [root]), root])
    return apply("matmul", [apply("transpose", [right]), hadamard_of([column, right])])


def _turned(form: Form) -> Form:
    return form if form.op == "diag" else turned(form)


def _chain(form: Form, known: Known) -> Form | None:
    """A product of several matrices, two at a time, in the order that takes the fewest multiplications."""
    if form.op != "matmul":
        return None
    factors = _factors(form)
    if any(f.op == "scale" for f in factors):
        return native(product_of(factors), known)
    sizes = [*(known.nominal(f.shape[0]) for f in factors), known.nominal(factors[-1].shape[1])]
    best: dict[tuple[int, int], tuple[float, Form]] = {(i, i): (0.0, f) for i, f in enumerate(factors)}
    for length in range(1, len(factors)):
        for i in range(len(factors) - length):
            j = i + length
            # Of equal ones the last split: from the left, as Python reads it.
            k = min(reversed(range(i, j)), key=lambda k: best[i, k][0] + best[k + 1, j][0] + sizes[i] * sizes[k + 1] * sizes[j + 1])
            work = best[i, k][0] + best[k + 1, j][0] + sizes[i] * sizes[k + 1] * sizes[j + 1]
            best[i, j] = work, apply("matmul", [best[i, k][1], best[k + 1, j][1]])
    return best[0, len(factors) - 1][1]


_FEWEST_OUTER_PRODUCTS = 4


def _outer_products(form: Form, known: Known) -> Form | None:
    """Σ_t u_t v_tᵀ = [u_1 u_2 …] [v_1 v_2 …]ᵀ: one product, where every term would be an array as large as the sum."""
    if form.op != "add" or len(form.args) < _FEWEST_OUTER_PRODUCTS:
        return None
    if not all(term.op == "matmul" and len(term.args) == 2 and term.args[0].shape[1].is_one and len(term.shape) == 2 for term in form.args):
        return None
    left, right = ([term.args[side] for term in form.args] for side in (0, 1))
    beside = apply("concat", [turned(row) for row in right], (1,))
    return apply("matmul", [apply("concat", left, (1,)), apply("transpose", [beside])])


def _factors(form: Form) -> list[Form]:
    """The factors of a matrix product, those of products inside it too."""
    return [f for arg in form.args for f in _factors(arg)] if form.op == "matmul" else [form]


def _inner(form: Form, known: Known) -> Form | None:
    """‖X‖² and tr(Aᵀ B) are ⟨X, X⟩ and ⟨A, B⟩, the diagonal of A B the sums of the rows of A ⊙ Bᵀ: no product is formed in full."""
    body = form.args[0] if form.args else form
    if form.op == "squared_norm" or (form.op == "sum" and body.op == "square"):
        base = body if form.op == "squared_norm" else body.args[0]
        return apply("sum", [apply("hadamard", [base, base])], form.params or (None,))
    if form.op in ("trace", "diagonal") and body.op == "matmul":
        *rest, last = body.args
        left = rest[0] if len(rest) == 1 else apply("matmul", rest)
        return apply("sum", [apply("hadamard", [left, turned(last)])], (None if form.op == "trace" else 1,))
    if form.op == "mean" and body.op in ("square", "hadamard"):
        sizes = tuple((dim, -1) for i, dim in enumerate(body.shape) if form.params[0] in (None, i))
        total = apply("sum", [body], form.params)
        return scaled([_over(sizes)], _inner(total, known) or total)
    return None


def _over(sizes: Sequence[tuple[Dim, int]]) -> Form:
    """The number 1 divided by sizes."""
    value, symbolic = Fraction(1), []
    for dim, power in sizes:
        if dim.number is None:
            symbolic.append((dim, power))
        else:
            value *= Fraction(dim.number) ** power
    return number(value, tuple(symbolic))


def _in_pairs(form: Form, known: Known) -> Form | None:
    """A product of tensors, two at a time in the cheapest order; a Kronecker delta, which only spreads entries, comes last."""
    if form.op != "einsum" or any(arg.op == "window" for arg in form.args):
        return None
    left, _, out = form.params[0].partition("->")
    spec = left.split(",")
    axes = [(c, dim) for letters, arg in zip(spec, form.args, strict=True) for c, dim in zip(letters, arg.shape, strict=True)]
    sizes = {c: known.nominal(dim) for c, dim in axes}
    # An axis of size 1 that only the result has is put in by the last product.
    idle = [(arg, ls) for arg, ls in zip(form.args, spec, strict=True) if arg.op == "ones" and arg.is_scalar]
    todo = [(arg, ls) for arg, ls in zip(form.args, spec, strict=True) if (arg, ls) not in idle]
    deltas = [(arg, ls) for arg, ls in todo if arg.op == "eye" and len(todo) > 1]
    todo = [pair for pair in todo if pair not in deltas]
    if len(todo) + len(deltas) <= 2 or any(len(set(ls)) < len(ls) for _, ls in todo):
        return None
    while len(todo) + len(deltas) > 2:
        while len(todo) < 2:
            todo.append(deltas.pop(0))
        letters = [ls for _, ls in todo]
        needed = out + "".join(ls for _, ls in deltas)
        i, j = cheapest_pair(letters, needed, sizes.__getitem__)
        made = result_of(letters, needed, i, j)
        todo = [*(pair for k, pair in enumerate(todo) if k not in (i, j)), (_in_order([todo[i], todo[j]], made), made)]
    return _in_order([*todo, *deltas, *idle], out)


_LETTERS = "abcdefghijklmnopqrstuvwxyz"


def _in_order(operands: Sequence[tuple[Form, str]], out: str) -> Form:
    """The product with its letters, and its operands, in the order of the result, so that equal products are one form."""
    ordered = sorted(operands, key=lambda pair: min((out.index(c) for c in pair[1] if c in out), default=len(out)))
    letters = dict(zip(dict.fromkeys(out + "".join(ls for _, ls in ordered)), _LETTERS, strict=False))
    spec = ",".join("".join(letters[c] for c in ls) for _, ls in ordered)
    return apply("einsum", [arg for arg, _ in ordered], (f"{spec}->{''.join(letters[c] for c in out)}",))


def _common_operand(form: Form, known: Known) -> Form | None:
    """A ⊗ X − B ⊗ X = (A − B) ⊗ X for products of tensors too."""
    if form.op != "add":
        return None
    parts = [(term.args[:-1], term.args[-1]) if term.op == "scale" else ((), term) for term in form.args]
    first = parts[0][1]
    if first.op != "einsum" or len(first.args) < 2:
        return None
    for k in range(len(first.args)):
        rest = [body.args[:k] + body.args[k + 1 :] for _, body in parts if body.op == "einsum"]
        same = all(body.op == "einsum" and body.params == first.params and body.args[k] is first.args[k] for _, body in parts)
        if same and all(len(r) == 1 or r[1:] == rest[0][1:] for r in rest):
            j = 1 if k == 0 else 0
            inner = apply("add", [scaled(list(scalars), body.args[j]) for scalars, body in parts])
            return apply("einsum", [inner if i == j else arg for i, arg in enumerate(first.args)], first.params)
    return None


def _with_common_factors(form: Form) -> Form:
    """A_ac x_b x_d − g_a g_c x_b x_d = (A_ac − g_a g_c) x_b x_d: the sum is of as few entries as it can be.

    A factor is common where every term has it over the same letters of the result, and nothing else in the term has these letters.
    """
    if form.op != "add":
        return form
    scalars = [term.args[:-1] if term.op == "scale" else () for term in form.args]
    bodies = [term.args[-1] if term.op == "scale" else term for term in form.args]
    if any(body.op != "einsum" for body in bodies):
        return form
    out = bodies[0].params[0].partition("->")[2]
    terms = [list(zip(body.args, body.params[0].partition("->")[0].split(","), strict=True)) for body in bodies]
    if any(body.params[0].partition("->")[2] != out for body in bodies):
        return form
    common = [pair for pair in _own_factors(terms[0], out) if all(pair in _own_factors(term, out) for term in terms[1:])]
    rest = [[(arg, ls) for arg, ls in term if (arg, "".join(c for c in ls if c in out)) not in common] for term in terms]
    inner = "".join(c for c in out if not any(c in letters for _, letters in common))
    if not common or not inner or any({c for _, ls in term for c in ls if c in out} != set(inner) for term in rest):
        return form
    parts = [apply("einsum", [a for a, _ in term], (f"{','.join(ls for _, ls in term)}->{inner}",)) for term in rest]
    total = apply("add", [scaled(list(own), part) for own, part in zip(scalars, parts, strict=True)])
    spare = iter(c for c in _LETTERS if c not in out)
    spread = [(arg, letters + "".join(next(spare) for _ in arg.shape[len(letters) :])) for arg, letters in common]
    return apply("einsum", [total, *(a for a, _ in spread)], (f"{','.join([inner, *(ls for _, ls in spread)])}->{out}",))


def _own_factors(term: Sequence[tuple[Form, str]], out: str) -> list[tuple[Form, str]]:
    """The factors of a product that share no letter with another, with their letters in the result; first these, then axes of size 1."""
    found = []
    for k, (arg, letters) in enumerate(term):
        others = {c for i, (_, ls) in enumerate(term) if i != k for c in ls}
        own = "".join(c for c in letters if c in out)
        units = all(dim.is_one for c, dim in zip(letters, arg.shape, strict=True) if c not in out)
        if own and letters.startswith(own) and len(set(letters)) == len(letters) and not set(letters) & others and units:
            found.append((arg, own))
    return found


RULES: tuple[Rule, ...] = (
    _logarithm,
    _logistic,
    _cross_entropy,
    _entrywise,
    _palindrome,
    _broadcast_diagonal,
    _unrepeated,
    _gram,
    _inner,
    _chain,
    _outer_products,
    _in_pairs,
    _common_operand,
)


# ── the softmax and its kin ──────────────────────────────────────────────────────────────────────────────────────────

_KIN = ("softmax", "log_softmax", "logsumexp")


def with_kin_opened(statements: Sequence[tuple[str, Form]]) -> list[tuple[str, Form]]:
    """Where several of softmax, its logarithm and logsumexp are of one operand, all from one exponential and one sum."""
    kinds: dict[tuple[Form, object], set[str]] = {}
    for _, form in statements:
        for f in walk(form):
            if f.op in _KIN:
                kinds.setdefault((f.args[0], f.params[0]), set()).add(f.op)
    if all(len(found) < 2 for found in kinds.values()):
        return list(statements)

    def change(f: Form) -> Form:
        return _opened(f) if f.op in _KIN and len(kinds.get((f.args[0], f.params[0]), ())) > 1 else f

    return [(name, rewrite_bottom_up(form, change)) for name, form in statements]


def _opened(form: Form) -> Form:
    """With m the largest entry, c = z − m and s = Σ eᶜ: softmax = eᶜ/s, log softmax = c − log s, logsumexp = m + log s."""
    (z,), params = form.args, form.params
    largest = apply("max", [z], params)
    below = apply("add", [z, _negated(largest)])
    grown = apply("exp", [below])
    total = apply("sum", [grown], params)
    if form.op == "softmax":
        return apply("divide", [grown, total])
    if form.op == "log_softmax":
        return apply("add", [below, _negated(apply("log", [total]))])
    return apply("add", [largest, apply("log", [total])])
