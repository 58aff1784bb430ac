"""Forms as a textbook prints them: constructors that choose among equal forms.

Transposes are pushed inwards where that costs no marks, numbers and scalars stand in front, like terms meet, a factor common to
all terms stands outside, a positive term comes first, derivatives f′ come last in a Hadamard product, and
reciprocals go below a line.
"""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache

from symgrad import names
from symgrad.dims import ONE, Dim, Shape
from symgrad.form import Form, apply, cost, number, walk
from symgrad.ops.elementwise import ELEMENTWISE, SQUARED_BEFORE_THEIR_OPERAND
from symgrad.tensor import Params, Sizes


@lru_cache(maxsize=8192)
def turned(form: Form) -> Form:
    """The transpose, pushed inwards where that leaves no more marks of transposition than it saves."""
    if form.is_scalar:
        return form
    if form.op == "transpose":
        return form.args[0]
    if form.op in ("eye", "diag"):
        return form
    if form.op in ("ones", "zeros"):
        return apply(form.op, (), (form.params[1], form.params[0]))
    if form.op == "matmul":
        return product_of([turned(arg) for arg in reversed(form.args)])
    if form.op == "sum" and form.params[0] in (0, 1) and form.args[0].op == "transpose":
        return apply("sum", [form.args[0].args[0]], (1 - form.params[0],))
    if form.op == "divide" and form.args[1].is_scalar:
        return apply("divide", [turned(form.args[0]), form.args[1]])
    if form.op == "add" and set(map(turned, form.args)) == set(form.args):
        return form  # A + Aᵀ
    outside = apply("transpose", [form])
    if form.op in ("hadamard", "add", "divide") or _is_map(form):
        args = [turned(arg) for arg in form.args]
        inside = hadamard_of(args) if form.op == "hadamard" else apply(form.op, args, form.params)
        return inside if marks(inside) < marks(outside) else outside
    if form.op == "scale":
        return apply("scale", [*form.args[:-1], turned(form.args[-1])])
    return outside


def _is_map(form: Form) -> bool:
    """Whether it is a function of every entry, f(A)ᵀ = f(Aᵀ)."""
    return len(form.args) == 1 and form.op.rstrip("'") in ELEMENTWISE


@lru_cache(maxsize=8192)
def marks(form: Form) -> int:
    """How many marks of transposition are written."""
    total, stack = 0, [form]
    while stack:
        f = stack.pop()
        total += f.op == "transpose"
        stack.extend(f.args)
    return total


def product_of(factors: list[Form]) -> Form:
    """A matrix product: nested ones flattened, numbers in front, the identity dropped."""
    scalars: list[Form] = []
    flat: list[Form] = []
    for factor in factors:
        body = factor
        taken, body = without_scalars(body)
        scalars += taken
        flat += body.args if body.op == "matmul" else [body]
    kept = [f for f in flat if f.op != "eye"] or flat[:1]
    kept = _scaled_vectors(_mixed_products(_merged_diagonals(kept)))
    body = kept[0] if len(kept) == 1 else apply("matmul", kept)
    return scaled(scalars, body)


def _merged_diagonals(factors: list[Form]) -> list[Form]:
    """diag(u) diag(v) = diag(u ⊙ v)."""
    out: list[Form] = []
    for factor in factors:
        if out and factor.op == out[-1].op == "diag" and factor.args[0].shape == out[-1].args[0].shape:
            out[-1] = apply("diag", [hadamard_of([out[-1].args[0], factor.args[0]])])
        else:
            out.append(factor)
    return out


def _mixed_products(factors: list[Form]) -> list[Form]:
    """(A ⊗ B) (C ⊗ D) = (A C) ⊗ (B D)."""
    out: list[Form] = []
    for factor in factors:
        before = out[-1] if out else factor
        if (
            out
            and before.op == factor.op == "kron"
            and all(a.shape[1] is b.shape[0] for a, b in zip(before.args, factor.args, strict=True))
        ):
            out[-1] = kron_of(*(product_of([a, b]) for a, b in zip(before.args, factor.args, strict=True)))
        else:
            out.append(factor)
    return out


def kron_of(left: Form, right: Form) -> Form:
    """A Kronecker product: scalars in front, I ⊗ I = I, and a factor that is a number multiplies."""
    scalars, left = without_scalars(left)
    more, right = without_scalars(right)
    if left.op == right.op == "eye":
        size = left.shape[0] * right.shape[0]
        return scaled([*scalars, *more], apply("eye", (), (size,)))
    for alone, other in ((left, right), (right, left)):
        if alone.is_scalar:
            body = [] if alone.op in ("ones", "eye") else [apply("reshape", [alone], ())]
            return scaled([*scalars, *more, *body], other)
    return scaled([*scalars, *more], apply("kron", [left, right]))


def _scaled_vectors(factors: list[Form]) -> list[Form]:
    """diag(u) A x = u ⊙ (A x) and xᵀ diag(u) = (u ⊙ x)ᵀ, where x is a vector; diag(u) 1 = u."""
    out = list(factors)
    while len(out) > 1 and out[-1].shape[1].is_one and not out[0].shape[0].is_one and any(f.op == "diag" for f in out[:-1]):
        at = max(k for k, f in enumerate(out[:-1]) if f.op == "diag")
        out[at:] = [_entry_by_entry(out[at].args[0], product_of(out[at + 1 :]))]
    while len(out) > 1 and out[1].op == "diag" and out[0].shape[0].is_one and not out[0].is_scalar:
        out[:2] = [turned(_entry_by_entry(out[1].args[0], turned(out[0])))]
    return out


def _entry_by_entry(vector: Form, other: Form) -> Form:
    column = vector if vector.shape[1].is_one else turned(vector)
    return column if other.op == "ones" else hadamard_of([column, other])


def without_scalars(form: Form) -> tuple[list[Form], Form]:
    """The scalars that multiply a form, one that divides it being a reciprocal, and the form without them."""
    scalars: list[Form] = []
    while True:
        if form.op == "scale":
            scalars += form.args[:-1]
            form = form.args[-1]
        elif form.op == "divide" and form.args[1].is_scalar and not form.args[0].is_scalar:
            scalars.append(apply("power", [form.args[1]], (Fraction(-1),)))
            form = form.args[0]
        else:
            return scalars, form


_LONGEST_NUMERATOR = 6


def scaled(scalars: list[Form], body: Form) -> Form:
    """Scalars times a form; numbers are multiplied together and stand first, reciprocals go below a line."""
    taken, body = without_scalars(body)
    scalars = [*scalars, *taken]
    if body.is_scalar and ((body.op == "power" and body.params[0] < 0) or (body.op == "divide" and body.args[0].op == "number")):
        scalars, body = [*scalars, body], number(1)
    value = Fraction(1)
    sizes: list[tuple[Dim, int]] = []
    others: list[Form] = []
    below: list[Form] = []
    for s in [inner for scalar in scalars for inner in (scalar.args if scalar.op == "scale" else (scalar,))]:
        if s.op == "number":
            value *= s.value
            sizes += s.sizes
        elif s.op == "power" and s.params[0] < 0 and s.params[0] != -1:
            below.append(power_of(s.args[0], -s.params[0]))
        elif (s.op == "power" and s.params[0] == -1) or (s.op == "divide" and s.args[0].op == "number"):
            top, under = (number(1), s.args[0]) if s.op == "power" else s.args
            value *= top.value
            sizes += top.sizes
            for factor in under.args if under.op == "scale" else (under,):
                if factor.op == "number":
                    value /= factor.value
                    sizes += [(dim, -e) for dim, e in factor.sizes]
                else:
                    below.append(factor)
        else:
            others.append(s)
    if body.op == "number":
        value, sizes, body = value * body.value, [*sizes, *body.sizes], number(1)
    others = _powers(others)
    merged: dict[Dim, int] = {}
    for dim, exponent in sizes:
        merged[dim] = merged.get(dim, 0) + exponent
    lead = number(value, tuple((dim, e) for dim, e in merged.items() if e))
    if below:
        divides = lead.value.denominator != 1 or any(e < 0 for _, e in lead.sizes)
        if abs(lead.value.numerator) == 1 and not body.is_scalar and divides:
            # A number that only divides stands below the line too: (A B)/(n τ).
            below.insert(0, number(lead.value.denominator, tuple((dim, -e) for dim, e in lead.sizes if e < 0)))
            lead = number(lead.value.numerator, tuple((dim, e) for dim, e in lead.sizes if e > 0))
        if body.op == "number" and not others:
            # n/σ and 1/(2 s), a number above the line and below it.
            top = number(lead.value.numerator, tuple((dim, e) for dim, e in lead.sizes if e > 0))
            less = number(lead.value.denominator, tuple((dim, -e) for dim, e in lead.sizes if e < 0))
            under = scaled([less, *below[:-1]], below[-1])
            quotient = apply("divide", [number(abs(top.value), top.sizes), under])
            return apply("scale", [number(-1), quotient]) if top.value < 0 else quotient
        under = scaled([], below[0]) if len(below) == 1 else apply("scale", below)
        if not body.is_scalar and cost(body) > _LONGEST_NUMERATOR:
            sign = [number(-1)] if lead.value < 0 else []
            return apply("scale", [*sign, apply("divide", [number(abs(lead.value), lead.sizes), under]), *others, body])
        if body.is_scalar and body.op == "number":
            top = scaled(others[:-1], others[-1]) if others else number(1)
        else:
            top = scaled(others, body)
        quotient = apply("divide", [top, under])
        return quotient if lead is number(1) else apply("scale", [lead, quotient])
    if body.op == "number":
        if not others:
            return lead
        others, body = others[:-1], others[-1]
    front = [lead] if lead.value != 1 or lead.sizes else []
    return apply("scale", [*front, *others, body]) if front or others else body


def _powers(scalars: list[Form]) -> list[Form]:
    """Scalars that stand more than once as powers: a b a = a² b."""
    return [power_of(s, Fraction(scalars.count(s))) for s in dict.fromkeys(scalars)]


def diag_of(vector: Form) -> Form:
    """The diagonal matrix of a vector, row or column, its scalars in front."""
    scalars, body = without_scalars(vector)
    return scaled(scalars, apply("diag", [body.args[0] if body.op == "transpose" else body]))


def power_of(form: Form, exponent: Fraction) -> Form:
    if exponent == 1:
        return form
    if exponent == Fraction(1, 2):
        return apply("sqrt", [form])
    return apply("square", [form]) if exponent == 2 else apply("power", [form], (exponent,))


def hadamard_of(factors: list[Form]) -> Form:
    """A Hadamard product: masks and plain factors first, derivatives f′ last, reciprocals below."""
    flat: list[Form] = []
    scalars: list[Form] = []
    for factor in factors:
        body = factor
        taken, body = without_scalars(body)
        scalars += taken
        flat += body.args if body.op == "hadamard" else [body]
    for op, triangle in (("tril", "tri"), ("triu", "transpose")):
        tri = next((f for f in flat if f.op == triangle and (f.op == "tri" or f.args[0].op == "tri")), None)
        if tri is not None and len(flat) > 1:
            # A triangle of ones is a mask: twice is once.
            rest = [f for f in flat if f is not tri]
            return scaled(scalars, linear(op, hadamard_of(rest), ()) if rest else tri)
    flat = _squared([f for f in flat if f.op != "ones"] or flat[:1])
    above = [f for f in flat if not (f.op == "power" and f.params[0] < 0)]
    below = [power_of(f.args[0], -f.params[0]) for f in flat if f.op == "power" and f.params[0] < 0]
    above.sort(key=lambda f: f.op.endswith("'"))
    if not above:
        if len(below) == 1:
            return scaled(scalars, next(f for f in flat))
        return scaled(scalars, apply("power", [apply("hadamard", below)], (Fraction(-1),)))
    body = above[0] if len(above) == 1 else apply("hadamard", above)
    if below:
        body = apply("divide", [body, below[0] if len(below) == 1 else apply("hadamard", below)])
    return scaled(scalars, body)


def _squared(factors: list[Form]) -> list[Form]:
    """tanh²(z) for tanh(z) ⊙ tanh(z), where the square of a function is written so."""
    out: list[Form] = []
    for factor in factors:
        if factor.op in SQUARED_BEFORE_THEIR_OPERAND and factor in out:
            out[out.index(factor)] = power_of(factor, Fraction(2))
        else:
            out.append(factor)
    return out


def sum_of(terms: list[Form], shape: Shape) -> Form:
    """A sum: a positive term first, a factor common to all terms outside, constants and biases as plain terms."""
    terms = [inner for term in terms for inner in (term.args if term.op == "add" and term.shape == shape else (term,))]
    terms = _like_terms(terms) or [apply("zeros", (), shape) if shape else number(0)]
    terms = _of_full_size(terms, shape)
    if len(terms) == 1:
        return terms[0]
    for join in (_joined_constants, _joined_identities, _joined_diagonals):
        terms = join(terms)
    if len(terms) == 1:
        return terms[0]
    if any(not _is_filled(_parts(term)[2]) for term in terms):
        terms = [plain_constant(term) for term in terms]
    if all(map(_negative, terms)):
        return scaled([number(-1)], sum_of([scaled([number(-1)], term) for term in terms], shape))
    if all(_parts(term)[2].op == "transpose" for term in terms):
        return turned(sum_of([turned(term) for term in terms], shape[::-1]))
    terms.sort(key=lambda term: not _is_gradient(term))
    terms = _beside_their_transposes(terms) if len(shape) == 2 else terms
    first = next(term for term in terms if not _negative(term))
    terms = [first, *(term for term in terms if term is not first)]
    full = [t for t in terms if t.shape == shape]
    if full:
        terms = [_plain_bias(term, shape) if len(full) > 1 or term is not full[0] else term for term in terms]
    return (
        _common_number(terms, shape)
        or _common_scalar(terms, shape)
        or _common_divisor(terms, shape)
        or _common_factor(terms)
        or _common_sum(terms)
        or _common_side(terms)
        or _turned_pair(terms, shape)
        or _outer_sum(terms, shape)
        or apply("add", terms)
    )


def _beside_their_transposes(terms: list[Form]) -> list[Form]:
    """Aᵀ behind its A, the others as they are."""
    left, out = list(terms), []
    while left:
        term = left.pop(0)
        other = turned(term)
        pair = [term, other] if other in left and "transpose" in (term.op, other.op) else [term]
        left = [rest for rest in left if rest not in pair[1:]]
        out += sorted(pair, key=lambda form: form.op == "transpose")
    return out


def _of_full_size(terms: list[Form], shape: Shape) -> list[Form]:
    """Where only numbers and biases are left of a sum, the first is written as the matrix that it stands for: c + (1 − c) = 1 1ᵀ."""
    if len(shape) != 2 or all(dim.is_one for dim in shape) or any(term.shape == shape for term in terms):
        return terms
    first = terms[0]
    if first.is_scalar:
        return [scaled([first], apply("ones", (), shape)), *terms[1:]]
    rows, columns = (apply("ones", (), (shape[0], ONE)), apply("ones", (), (ONE, shape[1])))
    return [product_of([rows, first] if first.shape[0].is_one else [first, columns]), *terms[1:]]


def _like_terms(terms: list[Form]) -> list[Form]:
    """Terms that differ in their number only are counted together."""
    counted: dict[tuple[Sizes, tuple[Form, ...], Form], Fraction] = {}
    for term in terms:
        lead, scalars, body = _parts(term)
        key = (lead.sizes, tuple(scalars), body)
        counted[key] = counted.get(key, Fraction(0)) + lead.value
    return [scaled([number(n, sizes), *scalars], body) for (sizes, scalars, body), n in counted.items() if n]


def _joined_constants(terms: list[Form]) -> list[Form]:
    """a 1 + b 1 = (a + b) 1, at the place of the first."""
    constant = [term for term in terms if _parts(term)[2].op == "ones" and _parts(term)[1]]
    return terms if len(constant) == len(terms) else _joined_scalars(terms, constant)


def _joined_identities(terms: list[Form]) -> list[Form]:
    """I + λ I = (1 + λ) I."""
    return _joined_scalars(terms, [term for term in terms if _parts(term)[2].op == "eye"])


def _joined_scalars(terms: list[Form], alike: list[Form]) -> list[Form]:
    """Terms of one body, each times scalars of its own, as one at the place of the first."""
    if len(alike) < 2:
        return terms
    scalars = [scaled([lead, *own], number(1)) for lead, own, _ in map(_parts, alike)]
    joined = scaled([sum_of(scalars, ())], _parts(alike[0])[2])
    return [joined if term is alike[0] else term for term in terms if term not in alike[1:]]


def _joined_diagonals(terms: list[Form]) -> list[Form]:
    """diag(u) − 2 diag(v) = diag(u − 2 v), at the place of the first."""
    diagonal = [term for term in terms if _parts(term)[2].op == "diag"]
    vectors = [scaled([lead, *scalars], body.args[0]) for lead, scalars, body in map(_parts, diagonal)]
    if len(diagonal) < 2 or any(vector.shape != vectors[0].shape for vector in vectors):
        return terms
    joined = diag_of(sum_of(vectors, vectors[0].shape))
    return [joined if term is diagonal[0] else term for term in terms if term not in diagonal[1:]]


def plain_constant(term: Form) -> Form:
    """In a sum, a matrix filled with a number or with what is made of scalars alone is that: `1 − h ⊙ h`, `v + ε`."""
    lead, scalars, body = _parts(term)
    plain = _is_filled(body) and all(part.is_scalar and not _is_gradient(part) for scalar in scalars for part in walk(scalar))
    return scaled([lead, *scalars], number(1)) if plain else term


def _is_gradient(form: Form) -> bool:
    return form.op == "symbol" and names.gradient_of(form.name) is not None


def _is_filled(body: Form) -> bool:
    """Whether every entry is 1."""
    outer = body.op == "matmul" and len(body.args) == 2 and body.args[0].shape[1].is_one
    return body.op == "ones" or (outer and all(factor.op == "ones" for factor in body.args))


def _plain_bias(term: Form, shape: Shape) -> Form:
    """In a sum, a row `b` added to every row is written `b`."""
    lead, scalars, body = _parts(term)
    if body.op == "matmul" and len(body.args) == 2:
        ones, row = body.args
        if ones.op == "ones" and row.op == "symbol" and row.shape[0].is_one and not shape[0].is_one:
            return scaled([lead, *scalars], row)
        column, ones = body.args
        if ones.op == "ones" and column.op == "symbol" and column.shape[1].is_one and not shape[1].is_one:
            return scaled([lead, *scalars], column)
    return term


def _common_number(terms: list[Form], shape: Shape) -> Form | None:
    """2 a − 2 b = 2 (a − b)."""
    parts = [(term, [], number(1)) if term.op == "number" else _parts(term) for term in terms]
    lead = parts[0][0]
    size = abs(lead.value)
    if (size == 1 and not lead.sizes) or not all(abs(n.value) == size and n.sizes == lead.sizes for n, _, _ in parts):
        return None
    rest = []
    for own, scalars, body in parts:
        rest.append(scaled([number(own.value / size), *scalars], body))
    if any(r.op == "number" for r in rest) and not any(r.shape == shape for r in rest):
        return None
    return scaled([number(size, lead.sizes)], sum_of(rest, shape))


def _common_scalar(terms: list[Form], shape: Shape) -> Form | None:
    """a X + a Y = a (X + Y)."""
    parts = [_parts(term) for term in terms]
    shared = next((s for s in parts[0][1] if all(s in scalars for _, scalars, _ in parts)), None)
    if shared is None:
        return None
    rest = []
    for lead, scalars, body in parts:
        left = list(scalars)
        left.remove(shared)
        rest.append(scaled([lead, *left], body))
    return scaled([shared], sum_of(rest, shape))


def _common_divisor(terms: list[Form], shape: Shape) -> Form | None:
    """(A X)/τ + (B X)/τ = ((A + B) X)/τ."""
    parts = [_parts(term) for term in terms]
    under = parts[0][2].args[1] if parts[0][2].op == "divide" else None
    if under is None or not under.is_scalar or not all(body.op == "divide" and body.args[1] is under for _, _, body in parts):
        return None
    above = [scaled([lead, *scalars], body.args[0]) for lead, scalars, body in parts]
    return None if any(a.is_scalar for a in above) else scaled([apply("power", [under], (Fraction(-1),))], sum_of(above, shape))


def _negative(form: Form) -> bool:
    lead = form.args[0] if form.op == "scale" else form
    return lead.op == "number" and lead.value < 0


def _parts(term: Form) -> tuple[Form, list[Form], Form]:
    """Number, scalars and body of a term; a number below the line counts, as in (A v)/(2 r)."""
    lead, body = number(1), term
    scalars: tuple[Form, ...] = ()
    if term.op == "scale":
        lead, scalars = (term.args[0], term.args[1:-1]) if term.args[0].op == "number" else (number(1), term.args[:-1])
        body = term.args[-1]
    if body.op == "divide" and body.args[1].op == "scale" and body.args[1].args[0].op == "number":
        below, *under = body.args[1].args
        divisor = under[0] if len(under) == 1 else apply("scale", under)
        lead = scaled([lead, number(1 / below.value, tuple((dim, -e) for dim, e in below.sizes))], number(1))
        body = apply("divide", [body.args[0], divisor])
    return lead, list(scalars), body


def _common_factor(terms: list[Form]) -> Form | None:
    """X a − X b = X (a − b), on the left or on the right, for products of either kind."""
    parts = [_parts(term) for term in terms]
    bodies = [body for _, _, body in parts]
    for op, join in (("matmul", product_of), ("hadamard", hadamard_of)):
        for end in (0, -1):
            factor = next((b.args[end] for b in bodies if b.op == op), None)
            if factor is None or not all(_has_factor(b, op, end, factor) for b in bodies):
                continue
            rests = [_without(b, op, end, factor) for b in bodies]
            if any(r is None for r in rests):
                continue
            inner = []
            for (n, scalars, _), rest in zip(parts, rests, strict=True):
                inner.append(scaled([n, *scalars], rest))  # type: ignore[arg-type]
            if any(i.shape != inner[0].shape for i in inner):
                continue
            bracket = sum_of(inner, inner[0].shape)
            return join([factor, bracket] if end == 0 else [bracket, factor])
    return _common_entrywise(parts)


def _common_entrywise(parts: list[tuple[Form, list[Form], Form]]) -> Form | None:
    """a ⊙ x ⊙ b − b ⊙ y = b ⊙ (a ⊙ x − y): the factors of a Hadamard product may stand in any order."""
    bodies = [list(body.args) for _, _, body in parts if body.op == "hadamard"]
    if len(bodies) < len(parts):
        return None
    shared = next((f for f in bodies[0] if all(f in other for other in bodies)), None)
    if shared is None:
        return None
    inner = []
    for (lead, scalars, _), factors in zip(parts, bodies, strict=True):
        factors.remove(shared)
        inner.append(scaled([lead, *scalars], factors[0] if len(factors) == 1 else apply("hadamard", factors)))
    if any(i.shape != inner[0].shape for i in inner):
        return None
    return hadamard_of([shared, sum_of(inner, inner[0].shape)])


def _common_sum(terms: list[Form]) -> Form | None:
    """1ᵀ A − 1ᵀ B = 1ᵀ (A − B)."""
    parts = [_parts(term) for term in terms]
    first = parts[0][2]
    if not all(b.op == "sum" and b.params == first.params and b.args[0].shape == first.args[0].shape for _, _, b in parts):
        return None
    bracket = sum_of([scaled([n, *scalars], b.args[0]) for n, scalars, b in parts], first.args[0].shape)
    return apply("sum", [bracket], first.params)


def _common_side(terms: list[Form]) -> Form | None:
    """I ⊗ A + I ⊗ B = I ⊗ (A + B), and A ⊗ I + B ⊗ I = (A + B) ⊗ I."""
    parts = [_parts(term) for term in terms]
    if not all(body.op == "kron" for _, _, body in parts):
        return None
    for side in (0, 1):
        shared, others = parts[0][2].args[side], [body.args[1 - side] for _, _, body in parts]
        if all(body.args[side] is shared and other.shape == others[0].shape for (_, _, body), other in zip(parts, others, strict=True)):
            bracket = sum_of([scaled([n, *scalars], other) for (n, scalars, _), other in zip(parts, others, strict=True)], others[0].shape)
            return kron_of(shared, bracket) if side == 0 else kron_of(bracket, shared)
    return None


def _turned_pair(terms: list[Form], shape: Shape) -> Form | None:
    """A x + Aᵀ x + b = (A + Aᵀ) x + b, and s A + s Aᵀ + b = s (A + Aᵀ) + b, also where x or s is over a scalar."""
    parts = [_parts(term) for term in terms]
    for i, (lead, scalars, body) in enumerate(parts):
        for j in range(i):
            before = parts[j]
            if len(terms) == 2 or (lead, scalars) != before[:2]:
                continue
            if scalars and _is_pair(before[2], body):
                pair = scaled([lead, *scalars], sum_of([before[2], body], shape))
                return sum_of([pair, *(term for k, term in enumerate(terms) if k not in (i, j))], shape)
            pair_of = [before[2], body]
            is_over = all(b.op == "divide" for b in pair_of) and body.args[1] is before[2].args[1]
            pair_of = [b.args[0] for b in pair_of] if is_over else pair_of
            if any(b.op != "matmul" for b in pair_of):
                continue
            for end in (0, -1):
                rests = [_without(b, "matmul", end, b.args[end]) for b in pair_of]
                if pair_of[0].args[end] is pair_of[1].args[end] and _is_pair(*rests):
                    two = [terms[j], terms[i]]
                    joined = _common_divisor(two, shape) if is_over else _common_factor(two)
                    rest = [term for k, term in enumerate(terms) if k not in (i, j)]
                    return None if joined is None else sum_of([joined, *rest], shape)
    return None


def _outer_sum(terms: list[Form], shape: Shape) -> Form | None:
    """A x + A y + B x + B y = (A + B) (x + y), of terms with the same scalars; the others stand beside it."""
    parts = [_parts(term) for term in terms]
    for lead, scalars, _ in parts:
        alike = [term for term, part in zip(terms, parts, strict=True) if part[:2] == (lead, scalars) and part[2].op == "matmul"]
        rests: dict[Form, list[Form]] = {}
        for body in (_parts(term)[2] for term in alike):
            rests.setdefault(body.args[0], []).append(product_of(list(body.args[1:])))
        rows = list(rests.values())
        if len(rows) < 2 or len(rows[0]) < 2 or any(set(row) != set(rows[0]) for row in rows):
            continue
        left, right = (sum_of(list(each), next(iter(each)).shape) for each in (rests, rows[0]))
        joined = scaled([lead, *scalars], product_of([left, right]))
        beside = [term for term in terms if term not in alike]
        return sum_of([joined, *beside], shape) if beside else joined
    return None


def _is_pair(form: Form | None, other: Form | None) -> bool:
    """A single matrix and its transpose."""
    return form is not None and other is not None and cost(form) == 1 and turned(form) is other


def _has_factor(body: Form, op: str, end: int, factor: Form) -> bool:
    """Whether it begins or ends so; a Kronecker product alone is one times I, which is shorter than writing it twice."""
    return (body.op == op and body.args[end] is factor) or (body is factor and op == "matmul" and factor.op == "kron")


def _without(body: Form, op: str, end: int, factor: Form) -> Form | None:
    if body.op != op:
        return apply("eye", (), (body.shape[1 if end == 0 else 0],))
    rest = list(body.args[1:] if end == 0 else body.args[:-1])
    if not rest:
        return None
    return rest[0] if len(rest) == 1 else apply(op, rest)


def total_of(form: Form) -> Form:
    if form.op == "scale":
        return scaled(list(form.args[:-1]), total_of(form.args[-1]))
    return apply("sum", [form], (None,))


def trace_of(form: Form) -> Form:
    """The trace, scalars in front of it."""
    scalars, body = without_scalars(form)
    return scaled(scalars, apply("trace", [body]))


def linear(op: str, form: Form, params: Params) -> Form:
    """A linear op of one operand, scalars in front of it."""
    scalars, body = without_scalars(form)
    return scaled(scalars, apply(op, [body], params))


def row_sum(form: Form) -> Form:
    """The sum of each row, a column; of a diagonal matrix its diagonal."""
    if form.op == "diag":
        return form.args[0] if form.args[0].shape[1].is_one else turned(form.args[0])
    if form.op == "scale":
        return scaled(list(form.args[:-1]), row_sum(form.args[-1]))
    return apply("sum", [form], (1,))
