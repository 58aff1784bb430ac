"""Forms as a textbook prints them: constructors that choose among equal forms; those of sums are in `textbook_sums.py`.

Transposes are pushed inwards where that costs no marks, numbers and scalars stand in front, derivatives f′ come last in a Hadamard
product, and reciprocals go below a line.
"""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache

from symgrad.dims import Dim
from symgrad.form import Form, apply, cost, number
from symgrad.ops.elementwise import ELEMENTWISE, SQUARED_BEFORE_THEIR_OPERAND
from symgrad.tensor import Params


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
    if form.op in ("hadamard", "add", "divide") or is_map(form):
        args = [turned(arg) for arg in form.args]
        inside = hadamard_of(args) if form.op == "hadamard" else apply(form.op, args, form.params)
        return inside if marks(inside) < marks(outside) else outside
    if form.op == "scale":
        return apply("scale", [*form.args[:-1], turned(form.args[-1])])
    return outside


def is_map(form: Form) -> bool:
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
    if any(s.op == "exp" for s in others):
        # γ p^(γ − 1): letters stand before powers and exponentials.
        *others, body = [*sorted([*others, body], key=_is_no_letter)] if body.is_scalar else [*sorted(others, key=_is_no_letter), body]
    front = [lead] if lead.value != 1 or lead.sizes else []
    return apply("scale", [*front, *others, body]) if front or others else body


def _is_no_letter(form: Form) -> bool:
    return form.op != "symbol"


def _powers(scalars: list[Form]) -> list[Form]:
    """Scalars that stand more than once as powers: a b a = a² b."""
    return [power_of(s, Fraction(scalars.count(s))) for s in dict.fromkeys(scalars)]


def diag_of(vector: Form) -> Form:
    """The diagonal matrix of a vector, row or column, its scalars in front."""
    scalars, body = without_scalars(vector)
    return scaled(scalars, apply("diag", [body.args[0] if body.op == "transpose" else body]))


def power_of(form: Form, exponent: Fraction) -> Form:
    """A power, entry by entry: as it is, as a square or as a root where it is one."""
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
    flat = _squared(_like_side_by_side([f for f in flat if f.op != "ones"] or flat[:1]))
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


def _like_side_by_side(factors: list[Form]) -> list[Form]:
    """R ⊙ R ⊙ A for R ⊙ A ⊙ R."""
    return [f for first in dict.fromkeys(factors) for f in [first] * factors.count(first)]


def _squared(factors: list[Form]) -> list[Form]:
    """tanh²(z) for tanh(z) ⊙ tanh(z), where the square of a function is written so."""
    out: list[Form] = []
    for factor in factors:
        if factor.op in SQUARED_BEFORE_THEIR_OPERAND and factor in out:
            out[out.index(factor)] = power_of(factor, Fraction(2))
        else:
            out.append(factor)
    return out


def total_of(form: Form) -> Form:
    """The sum of all entries, scalars in front of it."""
    if form.op == "scale":
        return scaled(list(form.args[:-1]), total_of(form.args[-1]))
    return apply("sum", [form], (None,))


def trace_of(form: Form) -> Form:
    """The trace, scalars in front of it; tr(A y yᵀ) = yᵀ A y."""
    scalars, body = without_scalars(form)
    ends = [k for k, factor in enumerate(body.args[:-1], 1) if factor.shape[1].is_one] if body.op == "matmul" else []
    if ends:
        return scaled(scalars, product_of([*body.args[ends[0] :], *body.args[: ends[0]]]))
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
