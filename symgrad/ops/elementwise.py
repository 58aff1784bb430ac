"""Elementwise functions: the table of their spellings and derivatives.

Sources: Abramowitz & Stegun (1964) for the classical ones; Goodfellow, Bengio, Courville, *Deep Learning* (2016), §6.3 for
ReLU, leaky ReLU, sigmoid, tanh, softplus; Clevert et al. (2016) for ELU; Hendrycks & Gimpel (2016) for GELU and SiLU; Huber (1964);
Courbariaux et al. (2015) for the hard sigmoid, in the slope 1/6 of Howard et al. (2019), who have the hard swish; Misra (2019) for Mish;
Klambauer et al. (2017) for SELU; Krizhevsky (2010) for ReLU6; Abramowitz & Stegun (1964), §6 for the gamma function and its kin.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

from symgrad.op import Elementwise, Notation, Prec, Special, Spelling, Writer
from symgrad.ops.linear import is_negative
from symgrad.tensor import Node, Params, constant, einsum, elementwise, func, scale

X = Sequence[Node]
HALF, SIXTH = Fraction(1, 2), Fraction(1, 6)
SELU_SCALE, SELU_SLOPE = Fraction("1.0507009873554805"), Fraction("1.6732632423543772")


def _function(latex: str, text: str) -> tuple[Notation, Notation]:
    literal = latex.replace("{", "{{").replace("}", "}}")
    return Notation(rf"{literal}\left({{0}}\right)"), Notation(f"{text}({{0}})")


def _of(name: str, x: Node, *params: Any) -> Node:
    return elementwise(name, [x], params)


def _power(writer: Writer, form: Any) -> tuple[str, Prec]:
    """`x^{\\odot p}` of a matrix, `x^{p}` of a scalar: a power of a matrix is another thing."""
    exponent = form.params[0]
    base = _base(writer, form)
    if writer.mode == "numpy":
        whole = exponent.denominator == 1
        if exponent < 0:
            return f"1 / {base}" + ("" if exponent == -1 else f"**{-exponent if whole else f'({-exponent})'}"), Prec.PRODUCT
        return f"{base}**{exponent if whole else f'({exponent})'}", Prec.POSTFIX
    scalar = all(dim.is_one for dim in form.shape)
    if exponent < 0:
        return _reciprocal(writer, form, scalar)
    return f"{base}{_exponent(writer, exponent, scalar)}", Prec.POSTFIX


def _exponent(writer: Writer, exponent: Fraction, scalar: bool) -> str:
    return _raised(writer, str(exponent), scalar)


def _raised(writer: Writer, shown: str, scalar: bool) -> str:
    if writer.mode == "latex":
        return f"^{{{'' if scalar else chr(92) + 'odot '}{shown}}}"
    if shown == "2" and scalar:
        return "²"
    return f"^{'' if scalar else '∘'}{shown if len(shown) == 1 else f'({shown})'}"


def _reciprocal(writer: Writer, form: Any, scalar: bool) -> tuple[str, Prec]:
    """A negative power stands below a line (of a scalar) or behind ⊘ (entry by entry)."""
    below = form.params[0]
    body = writer.write(form.args[0], Prec.SUM if below == -1 and scalar and writer.mode == "latex" else Prec.PREFIX)
    if below != -1:
        body = _base(writer, form) + _exponent(writer, -below, scalar)
    if writer.mode == "latex":
        return (rf"\frac{{1}}{{{body}}}", Prec.POSTFIX) if scalar else (rf"\mathbf{{1}} \oslash {body}", Prec.PRODUCT)
    return f"1/{body}" if scalar else f"1 ⊘ {body}", Prec.PRODUCT


SQUARED_BEFORE_THEIR_OPERAND = frozenset({"tanh", "sin", "cos", "sinh", "cosh"})
"""Functions whose square is written tanh²(x)."""


def _base(writer: Writer, form: Any) -> str:
    """What a power is of; a name with a superscript is in parentheses, W^2 squared is (W^2)²."""
    base = writer.write(form.args[0], Prec.ATOM)
    return f"({base})" if writer.mode == "text" and form.args[0].op == "symbol" and "^" in base else base


def _exp(writer: Writer, form: Any) -> tuple[str, Prec]:
    """`exp(x)`; of a scalar times a logarithm the power that it is, `x^{γ}`."""
    scalars, below, body = _times_what(form.args[0])
    if body.op != "log" or (not below and all(s.op == "number" for s in scalars)):
        return (r"\exp\left({}\right)" if writer.mode == "latex" else "exp({})").format(writer.write(form.args[0], Prec.SUM)), Prec.ATOM
    number = next((s.value for s in scalars if s.op == "number" and not s.sizes), Fraction(1))
    letters = [s for s in scalars if s.op != "number" or s.sizes]
    alone = len(letters) == 1 and number == 1 and not below
    above = [str(abs(number.numerator))] * (abs(number.numerator) != 1 or not letters)
    above += [writer.write(s, Prec.SUM if alone else Prec.PREFIX) for s in letters]
    under = [str(number.denominator)] * (number.denominator != 1) + [writer.write(s, Prec.POSTFIX) for s in below]
    sign = ("−" if writer.mode == "text" else "-") * (number < 0)
    exponent = sign + "/".join((" ".join(above), *under))
    return _base(writer, body) + _raised(writer, exponent, all(dim.is_one for dim in form.shape)), Prec.POSTFIX


def _times_what(form: Any) -> tuple[list[Any], list[Any], Any]:
    """The scalars that multiply a form, one that divides it, and the form without them."""
    *scalars, body = form.args if form.op == "scale" else (form,)
    if body.op != "divide" or not all(dim.is_one for dim in body.args[1].shape):
        return scalars, [], body
    *more, inner = body.args[0].args if body.args[0].op == "scale" else (body.args[0],)
    return [*scalars, *more], [body.args[1]], inner


def _square(writer: Writer, form: Any) -> tuple[str, Prec]:
    base = _base(writer, form)
    if writer.mode == "numpy":
        return f"{base}**2", Prec.POSTFIX
    if form.args[0].op in SQUARED_BEFORE_THEIR_OPERAND:
        name, opening, rest = base.partition(r"\left(" if writer.mode == "latex" else "(")
        return f"{name}{'^{2}' if writer.mode == 'latex' else '²'}{opening}{rest}", Prec.ATOM
    scalar = all(dim.is_one for dim in form.shape)
    if writer.mode == "latex":
        return f"{base}^{{2}}" if scalar else rf"{base}^{{\odot 2}}", Prec.POSTFIX
    return f"{base}²" if scalar else f"{base}^∘2", Prec.POSTFIX


def _record(
    name: str,
    spelling: tuple[Spelling, Spelling],
    numpy: str | Notation,
    derivative: Callable[[Node, Node], Node],
    scalar: Callable[..., Any],
    **facets: Any,
) -> Elementwise:
    """A function of one operand, its derivative as a function of (x, y)."""
    latex, text = spelling
    return Elementwise(name, latex, text, numpy, lambda xs, y, _: (derivative(xs[0], y),), scalar, **facets)


def _crosses_zero(xs: X, _: Params) -> tuple[Node, ...]:
    return (xs[0],)


def _crosses(*values: int) -> Callable[[X, Params], tuple[Node, ...]]:
    return lambda xs, _: tuple(xs[0] - value for value in values)


def _root(writer: Writer, form: Any) -> tuple[str, Prec]:
    inside = writer.write(form.args[0], Prec.SUM)
    return (f"√{inside}" if len(inside) == 1 else f"√({inside})"), Prec.ATOM


def _step(writer: Writer, form: Any) -> tuple[str, Prec]:
    """`1[x > y]` of a difference, `1[x > 0]` of anything else."""
    (body,) = form.args
    terms = body.args if body.op == "add" else (body,)
    sides = [[term for term in terms if is_negative(term) is below] for below in (False, True)]
    left, right = (" + ".join(_size(writer, term, i) for i, term in enumerate(side)) or "0" for side in sides)
    written = f"{right} < 0" if left == "0" else f"{left} > {right}"
    return (rf"\mathbb{{1}}\left[{written}\right]" if writer.mode == "latex" else f"1[{written}]"), Prec.ATOM


def _size(writer: Writer, term: Any, place: int) -> str:
    """A term of a sum without a minus in front of it."""
    shown = writer.write(term, Prec.SUM if place == 0 or is_negative(term) else Prec.PRODUCT)
    return shown.removeprefix("-").removeprefix("−").lstrip() if is_negative(term) else shown


def _of_a_number(latex: str, text: str, usual: Fraction) -> tuple[Special, Special]:
    """A function that has a number of its own, `Huber_δ(x)`; the usual one is left out. NumPy has a template of its own."""

    def in_latex(writer: Writer, form: Any) -> tuple[str, Prec]:
        inside, own = writer.write(form.args[0], Prec.SUM), form.params[0]
        return rf"{latex}{'' if own == usual else f'_{{{own}}}'}\left({inside}\right)", Prec.ATOM

    def in_text(writer: Writer, form: Any) -> tuple[str, Prec]:
        inside, own = writer.write(form.args[0], Prec.SUM), form.params[0]
        return f"{text}{'' if own == usual else f'[{own}]'}({inside})", Prec.ATOM

    return in_latex, in_text


def _polygamma(writer: Writer, form: Any) -> tuple[str, Prec]:
    """`digamma(x)`, `trigamma(x)`, and from then on by number; ψ is a letter that people have other uses for."""
    order = form.params[0]
    name = {0: "digamma", 1: "trigamma"}.get(order, "polygamma")
    inside = writer.write(form.args[0], Prec.SUM)
    if writer.mode == "latex":
        below = f"_{{{order}}}" if name == "polygamma" else ""
        return rf"\operatorname{{{name}}}{below}\left({inside}\right)", Prec.ATOM
    return f"{name}{f'[{order}]' if name == 'polygamma' else ''}({inside})", Prec.ATOM


def _over_the_root_of(times: int, x: Node) -> Node:
    """x / √π, x / √(2π)."""
    labels = tuple(range(len(x.shape)))
    root = elementwise("sqrt", [scale(times, func("pi", (), (), ()))])
    return einsum([(root**-1, ()), (x, labels)], labels, x.shape)


def _gelu_prime(x: Node) -> Node:
    """Φ(x) + x φ(x), with Φ the normal distribution function and φ its density."""
    density = _over_the_root_of(2, _of("exp", scale(-HALF, x**2)))
    labels = tuple(range(len(x.shape)))
    root = elementwise("sqrt", [constant(2, ())])
    return scale(HALF, 1 + _of("erf", einsum([(x, labels), (root**-1, ())], labels, x.shape))) + x * density


RECORDS: tuple[Elementwise, ...] = (
    _record("relu", _function(r"\mathrm{ReLU}", "ReLU"), "np.maximum({0}, 0)",
            lambda x, y: _of("step", x), lambda S, x: S.Max(0, x),
            primed=True, numpy_prime="({t0} > 0)", kinks=_crosses_zero, convention="ReLU′(0) = 0"),
    _record("step", (_step, _step), "({t0} > 0)",
            lambda x, y: constant(0, x.shape), lambda S, x: S.Heaviside(x, 0),
            kinks=_crosses_zero, convention="1[x > 0] is 0 at 0"),
    Elementwise("leaky_relu", *_of_a_number(r"\mathrm{LeakyReLU}", "LeakyReLU", Fraction(1, 100)), "_leaky_relu({0}, {p0})",
            lambda xs, y, p: (_of("step", xs[0]) * (1 - p[0]) + p[0],) if p[0] else (_of("step", xs[0]),),
            lambda S, x, a: S.Piecewise((x, x > 0), (a * x, True)),
            primed=True, numpy_prime="np.where({0} > 0, 1, {p0})", kinks=_crosses_zero, convention="LeakyReLU′(0) = its slope below 0"),
    Elementwise("elu", *_of_a_number(r"\mathrm{ELU}", "ELU", Fraction(1)), "_elu({0}, {p0})",
            lambda xs, y, p: (_of("step", xs[0]) + (1 - _of("step", xs[0])) * _of("exp", xs[0]) * p[0],),
            lambda S, x, a: S.Piecewise((x, x > 0), (a * (S.exp(x) - 1), True)),
            primed=True, numpy_prime="_elu_prime({0}, {p0})", kinks=_crosses_zero, convention="ELU′(0) = α"),
    _record("selu", _function(r"\mathrm{SELU}", "SELU"), "_selu({0})",
            lambda x, y: scale(SELU_SCALE, _of("step", x) + scale(SELU_SLOPE, (1 - _of("step", x)) * _of("exp", x))),
            lambda S, x: S.Float(float(SELU_SCALE)) * S.Piecewise((x, x > 0), (S.Float(float(SELU_SLOPE)) * (S.exp(x) - 1), True)),
            primed=True, numpy_prime="_selu_prime({0})", kinks=_crosses_zero, convention="SELU′(0) is its slope below 0",
            source="Klambauer et al. (2017)"),
    _record("sigmoid", _function(r"\sigma", "σ"), Notation("1 / (1 + np.exp(-{t0}))", Prec.PRODUCT),
            lambda x, y: y * (1 - y), lambda S, x: 1 / (1 + S.exp(-x)),
            primed=True, in_output=True, numpy_prime=Notation("0.25 / np.cosh({t0} / 2)**2", Prec.PRODUCT)),
    _record("tanh", _function(r"\tanh", "tanh"), "np.tanh({0})",
            lambda x, y: 1 - y * y, lambda S, x: S.tanh(x),
            primed=True, in_output=True, numpy_prime=Notation("1 / np.cosh({0})**2", Prec.PRODUCT)),
    _record("softplus", _function(r"\mathrm{softplus}", "softplus"), "_softplus({0})",
            lambda x, y: _of("sigmoid", x), lambda S, x: S.log(1 + S.exp(x))),
    _record("silu", _function(r"\mathrm{SiLU}", "SiLU"), "_silu({0})",
            lambda x, y: _of("sigmoid", x) * (1 + x * (1 - _of("sigmoid", x))), lambda S, x: x / (1 + S.exp(-x)),
            primed=True, numpy_prime="_silu_prime({0})"),
    _record("gelu", _function(r"\mathrm{GELU}", "GELU"), "_gelu({0})",
            lambda x, y: _gelu_prime(x), lambda S, x: x * (1 + S.erf(x / S.sqrt(2))) / 2, primed=True,
            numpy_prime="_gelu_prime({0})"),
    _record("erf", _function(r"\mathrm{erf}", "erf"), "_erf({0})",
            lambda x, y: 2 * _over_the_root_of(1, _of("exp", -(x**2))),
            lambda S, x: S.erf(x)),
    _record("gamma", _function(r"\Gamma", "Γ"), "np.exp(_gammaln({0}))",
            lambda x, y: y * _of("polygamma", x, Fraction(0)), lambda S, x: S.gamma(x), domain="positive",
            source="Abramowitz & Stegun (1964), 6.1.1"),
    _record("gammaln", _function(r"\log \Gamma", "log Γ"), "_gammaln({0})",
            lambda x, y: _of("polygamma", x, Fraction(0)), lambda S, x: S.loggamma(x), domain="positive",
            source="Abramowitz & Stegun (1964), 6.3.1"),
    Elementwise("polygamma", _polygamma, _polygamma, "_polygamma({0}, {p0})",
            lambda xs, y, p: (_of("polygamma", xs[0], p[0] + 1),), lambda S, x, n: S.polygamma(n, x), domain="positive",
            source="Abramowitz & Stegun (1964), 6.4.1"),
    _record("exp", (_exp, _exp), "np.exp({0})", lambda x, y: y, lambda S, x: S.exp(x)),
    _record("log", _function(r"\log", "log"), "np.log({0})", lambda x, y: x**-1, lambda S, x: S.log(x), domain="positive"),
    _record("log1p", (Notation(r"\log\left(1 + {0}\right)", inner=Prec.PRODUCT), Notation("log(1 + {0})", inner=Prec.PRODUCT)),
            "np.log1p({0})", lambda x, y: (1 + x)**-1, lambda S, x: S.log(1 + x), domain="positive"),
    _record("sqrt", (Notation(r"\sqrt{{{0}}}"), _root), "np.sqrt({0})",
            lambda x, y: scale(HALF, y**-1), lambda S, x: S.sqrt(x), domain="positive"),
    _record("abs", (Notation(r"\left|{0}\right|"), Notation("|{0}|")), "np.abs({0})",
            lambda x, y: _of("sign", x), lambda S, x: S.Abs(x), kinks=_crosses_zero, convention="the derivative of |x| at 0 is 0"),
    _record("sign", _function(r"\operatorname{sign}", "sign"), "np.sign({0})",
            lambda x, y: constant(0, x.shape), lambda S, x: S.sign(x), kinks=_crosses_zero, convention="sign(0) = 0"),
    _record("floor", _function(r"\operatorname{floor}", "floor"), "np.floor({0})",
            lambda x, y: constant(0, x.shape), lambda S, x: S.floor(x)),
    _record("square", (_square, _square), "", lambda x, y: 2 * x, lambda S, x: x**2),
    Elementwise("power", _power, _power, "",
            lambda xs, y, p: (p[0] * xs[0] ** (p[0] - 1),), lambda S, x, p: x ** S.Rational(p.numerator, p.denominator),
            domain="positive"),
    _record("sin", _function(r"\sin", "sin"), "np.sin({0})", lambda x, y: _of("cos", x), lambda S, x: S.sin(x)),
    _record("cos", _function(r"\cos", "cos"), "np.cos({0})", lambda x, y: -_of("sin", x), lambda S, x: S.cos(x)),
    _record("tan", _function(r"\tan", "tan"), "np.tan({0})", lambda x, y: 1 + y * y, lambda S, x: S.tan(x)),
    _record("sinh", _function(r"\sinh", "sinh"), "np.sinh({0})", lambda x, y: _of("cosh", x), lambda S, x: S.sinh(x)),
    _record("cosh", _function(r"\cosh", "cosh"), "np.cosh({0})", lambda x, y: _of("sinh", x), lambda S, x: S.cosh(x)),
    _record("arctan", _function(r"\arctan", "arctan"), "np.arctan({0})", lambda x, y: (1 + x * x)**-1, lambda S, x: S.atan(x)),
    _record("arctanh", _function(r"\operatorname{artanh}", "artanh"), "np.arctanh({0})",
            lambda x, y: (1 - x * x)**-1, lambda S, x: S.atanh(x), domain="unit"),
    _record("arcsin", _function(r"\arcsin", "arcsin"), "np.arcsin({0})",
            lambda x, y: _of("sqrt", 1 - x * x)**-1, lambda S, x: S.asin(x), domain="unit"),
    _record("arccos", _function(r"\arccos", "arccos"), "np.arccos({0})",
            lambda x, y: -(_of("sqrt", 1 - x * x)**-1), lambda S, x: S.acos(x), domain="unit"),
    _record("hard_tanh", _function(r"\mathrm{hardtanh}", "hardtanh"), "np.clip({0}, -1, 1)",
            lambda x, y: _of("step", 1 - _of("abs", x)), lambda S, x: S.Max(-1, S.Min(1, x)),
            primed=True, numpy_prime="(np.abs({0}) < 1)", kinks=_crosses(-1, 1), convention="hardtanh′(±1) = 0"),
    _record("hard_sigmoid", _function(r"\mathrm{hardsigmoid}", "hardsigmoid"), "np.clip({t0} / 6 + 0.5, 0, 1)",
            lambda x, y: scale(SIXTH, _of("step", 3 - _of("abs", x))), lambda S, x: S.Max(0, S.Min(1, x / 6 + S.Rational(1, 2))),
            primed=True, numpy_prime="((np.abs({0}) < 3) / 6)", kinks=_crosses(-3, 3),
            convention="hardsigmoid′(±3) = 0"),
    _record("hard_swish", _function(r"\mathrm{hardswish}", "hardswish"), "_hard_swish({0})",
            lambda x, y: _of("hard_sigmoid", x) + scale(SIXTH, x * _of("step", 3 - _of("abs", x))),
            lambda S, x: x * S.Max(0, S.Min(1, x / 6 + S.Rational(1, 2))),
            primed=True, numpy_prime="_hard_swish_prime({0})", kinks=_crosses(-3, 3),
            convention="hardswish′(3) = 1 and hardswish′(−3) = 0"),
    _record("relu6", _function(r"\mathrm{ReLU6}", "ReLU6"), "np.clip({0}, 0, 6)",
            lambda x, y: _of("step", 3 - _of("abs", x - 3)), lambda S, x: S.Max(0, S.Min(6, x)),
            primed=True, numpy_prime="(np.abs({t0} - 3) < 3)", kinks=_crosses(0, 6), convention="ReLU6′(0) = ReLU6′(6) = 0"),
    _record("softsign", _function(r"\mathrm{softsign}", "softsign"), "_softsign({0})",
            lambda x, y: (1 + _of("abs", x)) ** -2, lambda S, x: x / (1 + S.Abs(x)),
            primed=True, numpy_prime=Notation("1 / (1 + np.abs({0}))**2", Prec.PRODUCT)),
    _record("log_sigmoid", _function(r"\log \sigma", "log σ"), Notation("-_softplus(-{t0})", Prec.PRODUCT),
            lambda x, y: _of("sigmoid", -x), lambda S, x: -S.log(1 + S.exp(-x))),
    _record("mish", _function(r"\mathrm{Mish}", "Mish"), "_mish({0})",
            lambda x, y: _of("tanh", _of("softplus", x)) + x * _of("sigmoid", x) * (1 - _of("tanh", _of("softplus", x)) ** 2),
            lambda S, x: x * S.tanh(S.log(1 + S.exp(x))), primed=True, numpy_prime="_mish_prime({0})"),
    Elementwise("huber", *_of_a_number(r"\mathrm{Huber}", "Huber", Fraction(1)), "_huber({0}, {p0})",
            lambda xs, y, p: (scale(p[0], _of("hard_tanh", scale(1 / p[0], xs[0]))),),
            lambda S, x, d: S.Piecewise((x**2 / 2, S.Abs(x) <= d), (d * S.Abs(x) - S.Rational(d.numerator, d.denominator)**2 / 2, True)),
            source="Huber (1964)"),
    Elementwise("maximum", Notation(r"\max\left({0}, {1}\right)"), Notation("max({0}, {1})"), "np.maximum({0}, {1})",
            lambda xs, y, _: (_of("step", xs[0] - xs[1]), 1 - _of("step", xs[0] - xs[1])), lambda S, x, z: S.Max(x, z),
            arity=2, kinks=lambda xs, _: (xs[0] - xs[1],), convention="max(x, y) counts as y where x = y"),
    Elementwise("minimum", Notation(r"\min\left({0}, {1}\right)"), Notation("min({0}, {1})"), "np.minimum({0}, {1})",
            lambda xs, y, _: (1 - _of("step", xs[0] - xs[1]), _of("step", xs[0] - xs[1])), lambda S, x, z: S.Min(x, z),
            arity=2, kinks=lambda xs, _: (xs[0] - xs[1],), convention="min(x, y) counts as x where x = y"),
    Elementwise("masked", Notation(r"\operatorname{{masked}}\left({0}, {1}\right)"), Notation("masked({0}, {1})"),
            "np.where({t1} > 0, {0}, -np.inf)",
            lambda xs, y, _: (_of("step", xs[1]), constant(0, xs[1].shape)),
            lambda S, x, m: S.Piecewise((x, m > 0), (-S.oo, True)), arity=2, domain="a mask"),
)  # fmt: skip

ELEMENTWISE: dict[str, Elementwise] = {record.name: record for record in RECORDS}
