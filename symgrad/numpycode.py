"""Forms → NumPy source, as an expert writes it; and nothing else is run when something is evaluated.

`*` with broadcasting for `diag(s) W`, no matrix of ones where broadcasting does its work, shared expressions computed once.
Arrays are two-dimensional (a column is n×1), scalars may be plain numbers.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import pairwise
from math import lcm

from symgrad import names
from symgrad.dims import Dim, Shape
from symgrad.errors import Unsupported
from symgrad.form import Form, apply, number, symbol, walk
from symgrad.numpyforms import Known, native, with_kin_opened
from symgrad.numpyfunctions import HELPERS, helpers_in, in_place
from symgrad.op import Prec
from symgrad.reusing import AUGMENTED, reused
from symgrad.rewrite import Facts
from symgrad.sharing import replaced, shared
from symgrad.textbook import scaled
from symgrad.typeset import Typesetter


def sizes_in(form: Form) -> set[str]:
    """The names of the sizes that the source of a form will ask for."""
    found: set[str] = set()
    for f in walk(form):
        dims = [dim for dim, _ in f.sizes] if f.op == "number" else [p for p in f.params if isinstance(p, Dim)]
        found.update(name for dim in dims for name in dim.symbols)
    return found


# ── programs ─────────────────────────────────────────────────────────────────────────────────────────────────────────

_CHEAP = {"symbol", "number", "matrix", "transpose", "slice", "flip", "ones", "zeros", "eye", "reshape", "diag", "window"}


@dataclass(frozen=True)
class Program:
    """Statements in order, each a name and a form, over inputs with known shapes.

    A size is read off an input's shape; `sizes` has those that are settled already. `exact` keeps numbers as fractions; `facts` are what
    is declared of the names, `small` the sizes that are taken to be smaller than others. Where `asking`, a size that no input tells is
    an argument of the source.
    """

    inputs: Mapping[str, Shape]
    statements: tuple[tuple[str, Form], ...]
    exact: bool = False
    sizes: Mapping[str, int] = field(default_factory=dict)
    facts: Facts = field(default_factory=Facts)
    small: frozenset[str] = frozenset()
    asking: bool = False

    @property
    def identifiers(self) -> dict[str, str]:
        return names.identifiers(list(dict.fromkeys([*self.inputs, *(name for name, _ in self.statements)])))

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
        """The same program as NumPy prefers it, every costly expression that occurs twice named and computed once."""
        forms: dict[str, Form] = {}
        for name, form in self.statements:
            forms[name] = native(form, Known(forms, self.facts, self.small))
        return replace(self, statements=tuple(shared(with_kin_opened(list(forms.items())), is_cheap)))

    def reusing(self, keep: Collection[str]) -> Program:
        """The same program, in which what nothing needs any more is written over, unless its name is to be kept."""
        return replace(self, statements=tuple(reused(self.statements, keep)))

    def writer(self) -> NumPyWriter:
        spelled = self.identifiers
        return NumPyWriter(spelled.__getitem__, Sizes(self.inputs, spelled, self.sizes, self.asking), self.exact)

    def lines(self) -> list[str]:
        """One assignment a statement."""
        return self.written()[0]

    def written(self) -> tuple[list[str], dict[str, str]]:
        """One assignment a statement; and the sizes that it asks for, as they are spelled."""
        writer = self.writer()
        return [writer.assignment(name, form) for name, form in self.statements], writer.asked

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
            opened = replaced(form, {symbol(n, f.shape): f for n, f in inlined.items()})
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
        return in_place(source)


def _occurrences(form: Form) -> Iterable[Form]:
    stack = [form]
    while stack:
        f = stack.pop()
        yield f
        stack.extend(f.args)


def work(form: Form) -> int:
    """About how much there is to compute in a form: products of matrices count for more than what is done entry by entry."""
    steps = (f for f in walk(native(form)) if not is_cheap(f))
    return sum(10 if f.op in ("matmul", "einsum", "inverse") else 1 for f in steps)


def is_cheap(form: Form) -> bool:
    """Whether it costs less to compute a form again than to keep it."""
    if form.op in _CHEAP or _is_bool(form):
        return True
    return form.op == "scale" and all(arg.op in _CHEAP for arg in form.args)


class Sizes:
    """A dimension as source: an axis of an input that has it, or its polynomial in such axes; or, where `asking`, a name of its own."""

    def __init__(
        self, inputs: Mapping[str, Shape], spelled: Mapping[str, str], sizes: Mapping[str, int | str], asking: bool = False
    ) -> None:
        self._axes: dict[Dim, str] = {}
        self._known = sizes
        self._asking = asking
        self._taken = frozenset(spelled.values())
        self.asked: dict[str, str] = {}
        for name, shape in inputs.items():
            for axis, dim in enumerate(shape):
                self._axes.setdefault(dim, f"{spelled[name]}.shape[{axis}]")

    def __call__(self, dim: Dim) -> str:
        if dim.number is not None:
            return str(dim.number)
        if dim in self._axes and not dim.symbols & self._known.keys():
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
        own = names.identifier(name)
        if found is None and self._asking and own not in self._taken:
            return self.asked.setdefault(name, own)
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
    if form.op in ("hadamard", "transpose", "slice", "flip"):
        return all(map(_is_bool, form.args))
    return form.op in ("step", "relu'", "hard_tanh'", "relu6'")


def _bare_operands(form: Form) -> tuple[Form, ...]:
    """The operands of a form that may be bool arrays: next to numbers they act as 0 and 1."""
    mixed = form.op in ("hadamard", "divide") or (form.op == "matmul" and len(form.args) == 2)
    scales = form.op == "scale" and (form.args[0].op != "number" or form.args[0].value != -1)
    mixed = mixed or (form.op == "einsum" and len(form.args) == 2)
    if _is_bool(form) or scales or (mixed and not all(map(_is_bool, form.args))):
        return form.args
    return ()


def _without_negated_bool(form: Form) -> Form:
    """`-t * (z > 0)` for `-(z > 0) * t`, where the minus would be the bools'."""
    if form.op == "scale" and len(form.args) == 2 and form.args[0] == number(-1) and form.args[1].op == "hadamard":
        factors = sorted(form.args[1].args, key=_is_bool)
        return scaled([number(-1)], apply("hadamard", factors)) if not _is_bool(factors[0]) else form
    return form


class NumPyWriter(Typesetter):
    """The typesetter in Python; `exact` keeps numbers as fractions."""

    def __init__(self, spell: object, size: Sizes, exact: bool) -> None:
        super().__init__("numpy", spell, size)  # type: ignore[arg-type]
        self._exact = exact
        self._bare: tuple[Form, ...] = ()
        self.asked = size.asked

    def write(self, form: Form | Dim, least: Prec = Prec.SUM) -> str:
        """A comparison that nothing turns into numbers is written `1 * (z > 0)`: with bools, + is "or" and − is an error."""
        if isinstance(form, Dim) or not _is_bool(form) or form in self._bare:
            return super().write(form, least)
        written = "1 * " + super().write(form, Prec.QUOTIENT)
        return written if least <= Prec.PRODUCT else f"({written})"

    def written(self, form: Form) -> tuple[str, Prec]:
        form = _without_negated_bool(form)
        outer, self._bare = self._bare, _bare_operands(form)
        try:
            return super().written(form)
        finally:
            self._bare = outer

    def assignment(self, name: str, form: Form) -> str:
        """`t = …`, or `t /= …` where what is assigned is made of t itself."""
        sign = AUGMENTED.get(form.op)
        rest = [arg for arg in form.args if not (arg.op == "symbol" and arg.name == name)]
        if sign is None or len(rest) != len(form.args) - 1 or not rest:
            return f"{self._spell(name)} = {self.write(form)}"
        other = rest[0] if len(rest) == 1 else apply(form.op, rest)
        bare = sign != "+" and _is_bool(other)
        source = self.written(other)[0] if bare else self.write(other)
        if sign == "+" and source.startswith("-") and len(rest) == 1:
            sign, source = "-", self.write(scaled([number(-1)], other))
        return f"{self._spell(name)} {sign}= {source}"

    def _number(self, value: Fraction, form: Form) -> tuple[str, Prec]:
        if not self._exact or (value.denominator == 1 and not form.sizes):
            return super()._number(value, form)
        parts = [f"F({value.numerator}, {value.denominator})"]
        parts += [f"F({self._size(dim)})**({exponent})" for dim, exponent in form.sizes]
        return " * ".join(parts), Prec.PRODUCT if len(parts) > 1 else Prec.ATOM


def function_source(name: str, program: Program, returns: str, doc: Sequence[str] = ()) -> str:
    """A module: the helpers that are used, and one function of the inputs."""
    spelled = program.identifiers
    lines, asked = program.written()
    doc = [*doc, *(f"{own}: size" for own in asked.values())]
    return module_source(name, [*(spelled[i] for i in program.inputs), *asked.values()], lines, returns, doc)


_LONGEST_LINE = 120


def _wrapped(line: str) -> list[str]:
    """A long sum with one term a line.

    >>> _wrapped("    x = " + " + ".join(f"a_{i} @ b" for i in range(3))) == ["    x = a_0 @ b + a_1 @ b + a_2 @ b"]
    True
    """
    start = line.find(" = ") + 3
    if len(line) <= _LONGEST_LINE or start < 3:
        return [line]
    depth, cuts = 0, []
    for i, char in enumerate(line):
        depth += (char in "([{") - (char in ")]}")
        if depth == 0 and i > start and line[i : i + 3] in (" + ", " - "):
            cuts.append(i)
    if not cuts:
        return _broken(line)
    indent = " " * (len(line) - len(line.lstrip()))
    terms = [line[a:b].strip() for a, b in pairwise([start, *cuts, len(line)])]
    return [f"{line[:start]}(", *(f"{indent}    {term}" for term in terms), f"{indent})"]


def _broken(line: str) -> list[str]:
    """A long line broken after commas inside brackets."""
    out, depth, start, last, quoted = [], 0, 0, 0, False
    indent = " " * (len(line) - len(line.lstrip()) + 4)
    for i, char in enumerate(line):
        depth += (char in "([{") - (char in ")]}")
        if i - start > _LONGEST_LINE - len(indent) and last > start:
            out.append(line[start:last].rstrip())
            start = last
        quoted ^= char == "'"
        if char == "," and depth and not quoted:
            last = i + 1
    return [part if k == 0 else indent + part.lstrip() for k, part in enumerate([*out, line[start:]])]


def module_source(name: str, arguments: Sequence[str], body: Sequence[str], returns: str, doc: Sequence[str] = ()) -> str:
    """A module with one function of that body, and the functions that NumPy lacks."""
    helpers = helpers_in("\n".join(body))
    out = ["import numpy as np", ""]
    for helper in helpers:
        args, text = HELPERS[helper]
        out += ["", f"def {helper}({args}):", f"    return {text}", ""]
    out += ["", f"def {name}({', '.join(arguments)}):"]
    if doc:
        out += [f'    """{doc[0]}', *(f"    {line}".rstrip() for line in doc[1:]), '    """']
    out += [f"    {part}" for line in body for part in _wrapped(line)]
    out += [f"    return {returns}", ""]
    return "\n".join(out)
