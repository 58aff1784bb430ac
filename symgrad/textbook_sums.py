"""Sums as a textbook prints them: like terms meet, a factor common to all terms stands outside, a positive term comes first."""

from __future__ import annotations

from fractions import Fraction

from symgrad import names
from symgrad.dims import ONE, Dim, Shape
from symgrad.form import Form, apply, cost, number, walk
from symgrad.tensor import Sizes
from symgrad.textbook import diag_of, hadamard_of, kron_of, product_of, scaled, turned


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
    """2 a − 2 b = 2 (a − b), and 1/n a − 2/(k n) b = 1/n (a − 2/k b)."""
    parts = [(term, [], number(1)) if term.op == "number" else _parts(term) for term in terms]
    leads = [lead for lead, _, _ in parts]
    size = abs(leads[0].value) if all(abs(lead.value) == abs(leads[0].value) for lead in leads) else Fraction(1)
    sizes = _common_sizes([dict(lead.sizes) for lead in leads])
    if (size == 1 and not sizes) or (not sizes and any(lead.sizes for lead in leads)):
        return None
    rest = []
    for own, scalars, body in parts:
        left = tuple((dim, e - sizes.get(dim, 0)) for dim, e in own.sizes)
        rest.append(scaled([number(own.value / size, tuple((dim, e) for dim, e in left if e)), *scalars], body))
    if any(r.op == "number" for r in rest) and not any(r.shape == shape for r in rest):
        return None
    return scaled([number(size, tuple(sizes.items()))], sum_of(rest, shape))


def _common_sizes(found: list[dict[Dim, int]]) -> dict[Dim, int]:
    """The sizes that multiply or divide all terms, as often as the one that has the fewest of them."""
    first, *others = found
    shared = {dim: min((e, *(other.get(dim, 0) for other in others)), key=abs) for dim, e in first.items()}
    return {dim: e for dim, e in shared.items() if e and all(e * other.get(dim, 0) > 0 for other in found)}


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
