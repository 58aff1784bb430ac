"""Forms → NumPy source, as an expert writes it; and nothing else is run when something is evaluated.

`*` with broadcasting for `diag(s) W`, no matrix of ones where broadcasting does its work, shared expressions computed once.
Arrays are two-dimensional (a column is n×1), scalars may be plain numbers.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from math import lcm

from symgrad import names
from symgrad.dims import Dim, Shape
from symgrad.errors import Unsupported
from symgrad.form import Form, apply, rewrite_bottom_up, symbol, walk
from symgrad.op import Prec
from symgrad.textbook import hadamard_of, product_of, turned
from symgrad.typeset import Typesetter

# ── functions that NumPy lacks ───────────────────────────────────────────────────────────────────────────────────────

_ERF = "np.vectorize(__import__('math').erf, otypes=[float])"
HELPERS: dict[str, tuple[str, str]] = {
    "_softmax": ("z, axis", "(lambda e: e / np.sum(e, axis=axis, keepdims=True))(np.exp(z - np.max(z, axis=axis, keepdims=True)))"),
    "_log_softmax": ("z, axis", "z - np.logaddexp.reduce(z, axis=axis, keepdims=True)"),
    "_erf": ("z", f"{_ERF}(z)"),
    "_gelu": ("z", f"z * (1 + {_ERF}(z / np.sqrt(2))) / 2"),
    "_gelu_prime": ("z", f"(1 + {_ERF}(z / np.sqrt(2))) / 2 + z * np.exp(-z**2 / 2) / np.sqrt(2 * np.pi)"),
    "_silu": ("z", "z / (1 + np.exp(-z))"),
    "_silu_prime": ("z", "(1 + np.exp(-z) * (1 + z)) / (1 + np.exp(-z))**2"),
    "_hard_swish_prime": ("z", "np.where(np.abs(z) < 3, z / 3 + 0.5, z >= 3)"),
    "_softsign": ("z", "z / (1 + np.abs(z))"),
    "_mish_prime": (
        "z",
        "(lambda t: t + z * (1 - t**2) / (1 + np.exp(-z)))(np.tanh(np.logaddexp(0, z)))",
    ),
    "_huber": ("z, d", "np.where(np.abs(z) <= d, z**2 / 2, d * (np.abs(z) - d / 2))"),
    "_standardize": ("z, axis, e", "(z - np.mean(z, axis=axis, keepdims=True)) / np.sqrt(np.var(z, axis=axis, keepdims=True) + e)"),
    "_std": ("z, axis, e", "np.sqrt(np.var(z, axis=axis, keepdims=axis is not None) + e)"),
    "_is_max": ("z, axis", "1.0 * (z == np.max(z, axis=axis, keepdims=True))"),
    "_causal_softmax": ("z", "(lambda e: e / np.sum(e, axis=1, keepdims=True))(np.tri(*z.shape) * np.exp(z - np.max(z)))"),
    "_elu": ("z, a", "np.where(z > 0, z, a * np.expm1(np.minimum(z, 0)))"),
    "_elu_prime": ("z, a", "np.where(z > 0, 1, a * np.exp(np.minimum(z, 0)))"),
    "_leaky_relu": ("z, a", "np.where(z > 0, z, a * z)"),
    "_lower": (
        "v, n",
        "(lambda i, j: np.where(i >= j, v[np.where(i >= j, j * n - j * (j + 1) // 2 + i, 0), 0], 0))(*np.indices((n, n)))",
    ),
    "_vech": ("a", "a.T[np.triu_indices(len(a))][:, None]"),
    "_symmetric": (
        "v, n",
        "(lambda i, j: (lambda low, high: v[low * n - low * (low + 1) // 2 + high, 0])(np.minimum(i, j), np.maximum(i, j)))"
        "(*np.indices((n, n)))",
    ),
    "_toeplitz": ("t, n, m", "t[np.arange(n)[:, None] - np.arange(m) + m - 1, 0]"),
    "_diagonal_sums": ("a", "np.array([[np.trace(a, k)] for k in range(a.shape[1] - 1, -len(a), -1)])"),
    "_eigenvalues": ("a", "np.linalg.eigvalsh((a + a.T) / 2)[:, None]"),
    "_eigenvectors": ("a", "(lambda v: v * np.sign(np.sum(v, axis=0)))(np.linalg.eigh((a + a.T) / 2)[1])"),
    "_polar": ("a", "(lambda u, _, v: u @ v)(*np.linalg.svd(a, full_matrices=False))"),
    "_window": ("n, p, i, s, d, m", "1.0 * (np.arange(n)[:, None, None] == s * np.arange(p)[:, None] + d * np.arange(i) - m)"),
    "_windows": (
        "x, axis, i, s, d, m",
        "np.moveaxis(np.lib.stride_tricks.sliding_window_view(np.pad(x, np.eye(x.ndim, dtype=int)[axis][:, None] * m), d * (i - 1) + 1, "
        "axis=axis)[..., ::d], -1, axis + 1)[(slice(None),) * axis + (slice(None, None, s),)]",
    ),
    "_unfold": (
        "x, width, stride",
        "np.lib.stride_tricks.sliding_window_view(x, width, axis=0)[::stride].swapaxes(1, 2).reshape(-1, width * x.shape[1])",
    ),
    "_fold": (
        "g, width, stride, n",
        "g.reshape(n, -1) if width == stride else "
        "sum((np.arange(n)[:, None] == stride * np.arange(len(g)) + w) @ part for w, part in enumerate(np.hsplit(g, width)))",
    ),
}  # fmt: skip


def helpers_in(source: str) -> list[str]:
    return [name for name in HELPERS if re.search(rf"(?<!\w){name}\(", source)]


def sizes_in(form: Form) -> set[str]:
    """The names of the sizes that the source of a form will ask for."""
    found: set[str] = set()
    for f in walk(form):
        dims = [dim for dim, _ in f.sizes] if f.op == "number" else [p for p in f.params if isinstance(p, Dim)]
        found.update(name for dim in dims for name in dim.symbols)
    return found


def _as_expression(source: str) -> str:
    """Helper calls with the helper written in place, so that the source needs only `np`."""
    for name in helpers_in(source):
        args, body = HELPERS[name]
        written = f"(lambda {args}: {body})("
        source = re.sub(rf"(?<!\w){name}\(", lambda _, written=written: written, source)  # type: ignore[misc]
    return source


# ── forms as NumPy prefers them ──────────────────────────────────────────────────────────────────────────────────────


def native(form: Form) -> Form:
    """The same value with broadcasting in the place of diagonal matrices and matrices of ones."""
    return rewrite_bottom_up(form, _native)


def _native(form: Form) -> Form:
    if form.op == "matmul" and form.args[0].op == "diag":
        return hadamard_of([_column(form.args[0].args[0]), product_of(list(form.args[1:]))])
    if form.op == "matmul" and form.args[-1].op == "diag":
        return hadamard_of([product_of(list(form.args[:-1])), turned(_column(form.args[-1].args[0]))])
    for i, arg in enumerate(form.args[1:-1], start=1):
        if form.op == "matmul" and arg.op == "diag":
            scaled_rows = hadamard_of([_column(arg.args[0]), product_of(list(form.args[i + 1 :]))])
            return product_of([*form.args[:i], scaled_rows])
    if form.op in ("add", "hadamard", "divide"):
        slim = [_unrepeated(arg) for arg in form.args]
        for k, arg in enumerate(form.args):
            trial = [arg if i == k else s for i, s in enumerate(slim)]
            if arg.shape == form.shape and apply(form.op, trial, form.params).shape == form.shape:
                return apply(form.op, trial, form.params)
    return form


def _column(vector: Form) -> Form:
    return vector if vector.shape[-1].is_one else turned(vector)


def _unrepeated(form: Form) -> Form:
    """`1 b` and `u 1ᵀ` are rows and columns repeated."""
    if form.op == "broadcast":
        return form.args[0]
    if form.op == "scale":
        return apply("scale", [*form.args[:-1], _unrepeated(form.args[-1])])
    if form.op == "matmul" and len(form.args) >= 2:
        if form.args[0].op == "ones" and form.args[0].shape[1].is_one:
            return product_of(list(form.args[1:]))
        if form.args[-1].op == "ones" and form.args[-1].shape[0].is_one:
            return product_of(list(form.args[:-1]))
    return form


# ── programs ─────────────────────────────────────────────────────────────────────────────────────────────────────────

_CHEAP = {"symbol", "number", "matrix", "transpose", "slice", "ones", "zeros", "eye", "reshape", "diag", "window"}


@dataclass(frozen=True)
class Program:
    """Statements in order, each a name and a form, over inputs with known shapes.

    A size is read off an input's shape; `sizes` has those that are settled already. `exact` keeps numbers as fractions.
    """

    inputs: Mapping[str, Shape]
    statements: tuple[tuple[str, Form], ...]
    exact: bool = False
    sizes: Mapping[str, int] = field(default_factory=dict)

    @property
    def identifiers(self) -> dict[str, str]:
        return names.identifiers([*self.inputs, *(name for name, _ in self.statements)])

    def needed(self, wanted: Iterable[str]) -> Program:
        """The same program without the statements that do not lead to a wanted name."""
        keep = set(wanted)
        kept: list[tuple[str, Form]] = []
        for name, form in reversed(self.statements):
            if name in keep:
                kept.append((name, form))
                keep |= {f.name for f in walk(form) if f.op == "symbol"}
        return replace(self, statements=tuple(reversed(kept)))

    def shared(self) -> Program:
        """The same program with every costly expression that occurs twice named and computed once."""
        statements = [(name, native(form)) for name, form in self.statements]
        uses: dict[Form, int] = {}
        seen: set[Form] = set()
        for _, form in statements:
            for f in walk(form):
                if f not in seen:
                    seen.add(f)
                    for arg in f.args:
                        uses[arg] = uses.get(arg, 0) + 1
            uses[form] = uses.get(form, 0) + 1
        own = {form: name for name, form in reversed(statements)}
        taken: dict[Form, Form] = {}
        temporaries = 0
        out: list[tuple[str, Form]] = []
        for name, form in statements:
            for f in walk(form):
                if f is form or f in taken or f.op in _CHEAP or uses.get(f, 0) < 2:
                    continue
                if f in own and any(done == own[f] for done, _ in out):
                    taken[f] = symbol(own[f], f.shape)
                elif f not in own and not _only_scales(f):
                    # The prime keeps it apart from every name a user can have; the identifier is t_1.
                    temporaries += 1
                    label = f"t′{temporaries}"
                    out.append((label, _replace(f, taken)))
                    taken[f] = symbol(label, f.shape)
            already = own[form] if own[form] != name else None
            out.append((name, symbol(already, form.shape) if already else _replace(form, taken)))
        return replace(self, statements=tuple(out))

    def writer(self) -> Typesetter:
        spelled = self.identifiers
        return _NumPy(spelled.__getitem__, _Sizes(self.inputs, spelled, self.sizes), self.exact)

    def lines(self) -> list[str]:
        """One assignment a statement."""
        writer = self.writer()
        spelled = self.identifiers
        return [f"{spelled[name]} = {writer.write(form)}" for name, form in self.statements]

    def expression(self, name: str) -> str:
        """One Python expression in `np` and the inputs that has the value of that statement."""
        program = self.needed([name]).shared()
        forms = dict(program.statements)
        uses = dict.fromkeys(forms, 0)
        for form in forms.values():
            for f in _occurrences(form):
                if f.op == "symbol" and f.name in uses:
                    uses[f.name] += 1
        inlined: dict[str, Form] = {}
        kept: list[tuple[str, Form]] = []
        for target, form in program.statements:
            opened = native(_replace(form, {symbol(n, f.shape): f for n, f in inlined.items()}))
            if target == name:
                kept.append((target, opened))
            elif uses[target] <= 1 or opened.op in _CHEAP:
                inlined[target] = opened
            else:
                kept.append((target, opened))
        writer, spelled = program.writer(), program.identifiers
        parts = [f"{spelled[t]} := {writer.write(f)}" for t, f in kept[:-1]]
        result = writer.write(kept[-1][1])
        source = f"({', '.join([*parts, result])})[-1]" if parts else result
        return _as_expression(source)


def _occurrences(form: Form) -> Iterable[Form]:
    stack = [form]
    while stack:
        f = stack.pop()
        yield f
        stack.extend(f.args)


def _only_scales(form: Form) -> bool:
    return form.op == "scale" and all(arg.op in _CHEAP for arg in form.args)


def _replace(form: Form, by: Mapping[Form, Form]) -> Form:
    """The form with subforms replaced, the largest ones first."""
    if not by:
        return form
    done: dict[Form, Form] = {}
    for f in walk(form):
        if f in by:
            done[f] = by[f]
        else:
            args = tuple(done[arg] for arg in f.args)
            done[f] = f if args == f.args else apply(f.op, args, f.params)
    return done[form]


class _Sizes:
    """A dimension as source: an axis of an input that has it, or its polynomial in such axes."""

    def __init__(self, inputs: Mapping[str, Shape], spelled: Mapping[str, str], sizes: Mapping[str, int]) -> None:
        self._axes: dict[Dim, str] = {}
        self._known = sizes
        for name, shape in inputs.items():
            for axis, dim in enumerate(shape):
                self._axes.setdefault(dim, f"{spelled[name]}.shape[{axis}]")

    def __call__(self, dim: Dim) -> str:
        if dim.number is not None:
            return str(dim.number)
        if dim in self._axes:
            return self._axes[dim]
        denominator = lcm(*(coefficient.denominator for _, coefficient in dim.terms))
        pieces = []
        for monomial, coefficient in (dim * denominator).terms:
            factors = [self._symbol(name) for name, power in monomial for _ in range(power)]
            if coefficient != 1 or not factors:
                factors.insert(0, str(coefficient))
            pieces.append(" * ".join(factors))
        joined = " + ".join(pieces).replace("+ -", "- ")
        whole = f"({joined})" if len(pieces) > 1 else joined
        return whole if denominator == 1 else f"({whole} // {denominator})"

    def _symbol(self, name: str) -> str:
        dim = Dim.of(name)
        if name in self._known:
            return str(self._known[name])
        if dim in self._axes:
            return self._axes[dim]
        found = next((source for axis in self._axes if (source := self._solved(axis, name)) is not None), None)
        if found is None:
            raise Unsupported(f"the size {name} cannot be read off the shape of any input")
        return found

    def _solved(self, axis: Dim, name: str) -> str | None:
        """The size from an axis that has it beside sizes that are axes themselves: m is (W.shape[0] - x.shape[0]) // 2 of 2m + d."""
        if axis.symbols == {name} and {p for m, _ in axis.terms for _, p in m} | {2} <= {1, 2} and ((name, 2),) in dict(axis.terms):
            return self._root(axis, name)
        terms = dict(axis.terms)
        factor = terms.pop(((name, 1),), None)
        rest = Dim(terms)
        if factor is None or factor < 0 or name in rest.symbols:
            return None
        if not all(Dim.of(other) in self._axes or other in self._known for other in rest.symbols):
            return None
        source = self._axes[axis] if rest.number == 0 else f"({self._axes[axis]} - {self(rest)})"
        source = source if factor.denominator == 1 else f"{factor.denominator} * {source}"
        return f"({source})" if factor.numerator == 1 else f"({source} // {factor.numerator})"

    def _root(self, axis: Dim, name: str) -> str:
        """The size from an axis that is a quadratic in it: n is round((8 * v.shape[0] + 1)**0.5 - 1) // 2 of n (n + 1) / 2."""
        scale = lcm(*(c.denominator for _, c in axis.terms))
        a, b, c = (int(dict((axis * scale).terms).get(key, 0)) for key in (((name, 2),), ((name, 1),), ()))
        return f"(round(({4 * a * scale} * {self._axes[axis]} + {b * b - 4 * a * c})**0.5 - {b}) // {2 * a})"


def _is_bool(form: Form) -> bool:
    """Whether the source of a form is a bool array."""
    if form.op in ("hadamard", "transpose", "slice"):
        return all(map(_is_bool, form.args))
    return form.op in ("step", "relu'", "hard_tanh'", "relu6'")


def _bare_operands(form: Form) -> tuple[Form, ...]:
    """The operands of a form that may be bool arrays: next to numbers they act as 0 and 1."""
    mixed = form.op in ("hadamard", "divide") or (form.op == "matmul" and len(form.args) == 2)
    scales = form.op == "scale" and (form.args[0].op != "number" or form.args[0].value != -1)
    if _is_bool(form) or scales or (mixed and not all(map(_is_bool, form.args))):
        return form.args
    return ()


class _NumPy(Typesetter):
    """The typesetter in Python; `exact` keeps numbers as fractions."""

    def __init__(self, spell: object, size: _Sizes, exact: bool) -> None:
        super().__init__("numpy", spell, size)  # type: ignore[arg-type]
        self._exact = exact
        self._bare: tuple[Form, ...] = ()

    def write(self, form: Form | Dim, least: Prec = Prec.SUM) -> str:
        """A comparison that nothing turns into numbers is written `1 * (z > 0)`: with bools, + is "or" and − is an error."""
        if isinstance(form, Dim) or not _is_bool(form) or form in self._bare:
            return super().write(form, least)
        written = "1 * " + super().write(form, Prec.QUOTIENT)
        return written if least <= Prec.PRODUCT else f"({written})"

    def written(self, form: Form) -> tuple[str, Prec]:
        outer, self._bare = self._bare, _bare_operands(form)
        try:
            return super().written(form)
        finally:
            self._bare = outer

    def _number(self, value: Fraction, form: Form) -> tuple[str, Prec]:
        if not self._exact or (value.denominator == 1 and not form.sizes):
            return super()._number(value, form)
        parts = [f"F({value.numerator}, {value.denominator})"]
        parts += [f"F({self._size(dim)})**({exponent})" for dim, exponent in form.sizes]
        return " * ".join(parts), Prec.PRODUCT if len(parts) > 1 else Prec.ATOM


def function_source(name: str, program: Program, returns: str, doc: Sequence[str] = ()) -> str:
    """A module: the helpers that are used, and one function of the inputs."""
    spelled = program.identifiers
    body = program.lines()
    helpers = helpers_in("\n".join(body))
    out = ["import numpy as np", ""]
    for helper in helpers:
        args, text = HELPERS[helper]
        out += ["", f"def {helper}({args}):", f"    return {text}", ""]
    out += ["", f"def {name}({', '.join(spelled[i] for i in program.inputs)}):"]
    if doc:
        out += [f'    """{doc[0]}', *(f"    {line}".rstrip() for line in doc[1:]), '    """']
    out += [f"    {line}" for line in body]
    out += [f"    return {returns}", ""]
    return "\n".join(out)
