"""The two pipelines, each readable as a list of stages. This one derives."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, overload

from symgrad import beyond, names
from symgrad.abbreviations import abbreviated
from symgrad.derivation import Derivation, Result, Value
from symgrad.differences import Report, check_gradients, insist
from symgrad.dims import ONE
from symgrad.errors import InvalidNetwork, Unsupported
from symgrad.evaluate import exact_values
from symgrad.form import Form, apply, rewrite_bottom_up, symbol, symbols
from symgrad.further import Further
from symgrad.gradient import Gradient, gradients
from symgrad.network import Network
from symgrad.numpycode import Program, sizes_in, work
from symgrad.opening import opened
from symgrad.raising import raise_form
from symgrad.recognised import through_names
from symgrad.recurrence import Recurrence
from symgrad.rewrite import Facts
from symgrad.steps import conventions_of, derivation_steps
from symgrad.stepwise import Steps
from symgrad.textbook import turned

if TYPE_CHECKING:
    from symgrad.general import GeneralDerivation


@overload
def derive(
    network: Network,
    wrt: Iterable[str] = (),
    of: str | None = None,
    given: Mapping[str, Any] | None = None,
    layout: str = "denominator",
    check: bool = True,
    order: int = 1,
    kinds: Iterable[str] = (),
) -> Derivation: ...


@overload
def derive(
    network: Recurrence | Steps,
    wrt: Iterable[str] = (),
    of: str | None = None,
    given: Mapping[str, Any] | None = None,
    layout: str = "denominator",
    check: bool = True,
    order: int = 1,
    kinds: Iterable[str] = (),
) -> GeneralDerivation: ...


def derive(
    network: Network | Recurrence | Steps,
    wrt: Iterable[str] = (),
    of: str | None = None,
    given: Mapping[str, Any] | None = None,
    layout: str = "denominator",
    check: bool = True,
    order: int = 1,
    kinds: Iterable[str] = (),
) -> Derivation | GeneralDerivation:
    """Derive ∂of/∂name for every name in `wrt` (default: the parameters) and hold each against finite differences.

    `of` defaults to the last definition, which must be a scalar. Gradients have the shape of their variable (denominator
    layout) unless `layout="numerator"`. A network whose last definition is no scalar, with nothing asked for, is only
    evaluated. `kinds` asks for what lies beyond gradients (`symgrad.further.KINDS`); `order=2` for the second derivatives.
    A `Recurrence` is derived for every number of steps: values and what lies beyond gradients are for one, which its `at` writes out.
    Raises `CheckFailed` when symgrad's own result is wrong.

    >>> from symgrad import Network, dimensions, square, sum
    >>> n, d = dimensions("n d")
    >>> net = Network("least squares")
    >>> X, w, y = net.data("X", n, d), net.parameter("w", d, 1), net.data("y", n, 1)
    >>> _ = net.define("L", sum(square(X * w - y)))
    >>> derive(net)["w"]
    ∂L/∂w = 2 Xᵀ (X w − y)
    """
    if isinstance(network, Steps):
        network = network.recurrence()
    if isinstance(network, Recurrence):
        from symgrad.general import derive_general

        if given or order > 1 or kinds:
            asked = "a given value" if given else "what lies beyond gradients"
            raise Unsupported(f"{asked} is for one {network.top}; --set {network.top}=5 writes the network out for it")
        return derive_general(network, wrt, of, layout, check)
    network = network.given(given or {})
    named, further_kinds = list(wrt), beyond.wanted_kinds(kinds, order)
    any_shape = any(kind in beyond.OF_ANY_SHAPE for kind in further_kinds)
    loss, wanted = _asked_of_any(network, of, named) if any_shape else _asked(network, of, named)
    target = loss
    if any_shape and loss is not None and not all(dim.is_one for dim in network.definitions[loss].shape):
        loss = None
    network = through_names(network, {*wanted, *([loss] if loss else [])})
    found = gradients(network, loss, wanted) if loss else {}
    if loss and not further_kinds:
        network = abbreviated(network, found, wanted, lambda made: _facts(made, loss))
    results = gradient_results(network, loss, found, layout)
    report = _checked(network, loss, results, layout) if check and loss else None
    values = _values(network, results, layout)
    further = _further(network, target, wanted, layout, bool(named), check, further_kinds)
    steps = derivation_steps(network, loss, found, results, values, wanted, further)
    conventions = conventions_of(network, loss)
    return Derivation(network, loss, tuple(wanted) if loss else (), results, steps, report, values, conventions, layout, further)


# Names that nobody gives to anything but a loss: without a scalar for one of these something went wrong.
_LOSSES = frozenset({"L", "J", "\\ell", "\\mathcal{L}", "loss", "Loss"})


def _asked(network: Network, of: str | None, wrt: Iterable[str]) -> tuple[str | None, list[str]]:
    """The loss and the names whose gradients are wanted."""
    wanted = list(dict.fromkeys(network.resolve(name) for name in wrt))
    if not network.definitions:
        raise InvalidNetwork("the network has no definitions")
    if of is not None:
        loss: str | None = network.resolve(of, network.definitions)
    else:
        loss = network.default_of()
        last = list(network.definitions)[-1]
        if loss is None and (wanted or last in _LOSSES):
            raise InvalidNetwork(f"{last}, the last definition, is no scalar, and a gradient is of a scalar; name one with --of")
    if loss is None:
        return None, []
    if loss in wanted:
        raise InvalidNetwork(f"{loss} is the loss, and its gradient by itself is 1; ask for a name that it depends on")
    return loss, wanted or [name for name in network.default_wrt() if name != loss]


def _asked_of_any(network: Network, of: str | None, wrt: Iterable[str]) -> tuple[str | None, list[str]]:
    """The same where what is differentiated need not be a scalar: by default the last definition."""
    last = list(network.definitions)[-1] if network.definitions else None
    target = network.resolve(of, network.definitions) if of is not None else last
    if target is not None and not all(dim.is_one for dim in network.definitions[target].shape):
        wanted = list(dict.fromkeys(network.resolve(name) for name in wrt))
        return target, wanted or [name for name in network.default_wrt() if name != target]
    return _asked(network, of, wrt)


def _further(
    network: Network, target: str | None, wrt: list[str], layout: str, mixed: bool, check: bool, kinds: list[str]
) -> tuple[Further, ...]:
    """What is asked for beyond the gradients."""
    if not kinds:
        return ()
    if target is None:
        raise InvalidNetwork(f"--kind {kinds[0]} is of a scalar, and the last definition is none; name one with --of")
    found = beyond.derived(beyond.Asked(network, target, wrt, layout, mixed, check), kinds)
    if layout == "denominator":
        return found
    return tuple(
        replace(
            each,
            form=None if each.form is None else _with_gradients_turned(each.form),
            before=tuple((name, _with_gradients_turned(form)) for name, form in each.before),
        )
        for each in found
    )


# ── the results ──────────────────────────────────────────────────────────────────────────────────────────────────────


def _facts(network: Network, loss: str | None) -> Facts:
    """What holds of the network's names, but for the one of the loss."""
    facts = network.facts
    return Facts(facts.properties, {node: name for node, name in facts.named.items() if name is not network.variables.get(loss or "")})


def gradient_results(network: Network, loss: str | None, found: dict[str, Gradient], layout: str) -> dict[str, Result]:
    """Every gradient in both depths, in the layout asked for.

    The loss is not written by its name in its own gradient: ∂det(X)/∂X is det(X) X⁻ᵀ.
    """
    facts, results = _facts(network, loss), {}
    for name, depths in opened(facts, found).items():
        gradient = found[name]
        named = raise_form(depths.named, facts)
        written_out = None if depths.whole is None else raise_form(depths.whole, facts)
        shape = gradient.shape
        if layout == "numerator":
            named, shape = _numerator(named), shape[::-1]
            written_out = None if written_out is None else _numerator(written_out)
        results[name] = Result(gradient.of, name, shape, named, written_out, network)
    return results


def _numerator(form: Form) -> Form:
    """The transpose, gradients inside it being transposed already."""
    return turned(_with_gradients_turned(form))


def _with_gradients_turned(form: Form) -> Form:
    """The same form where the gradients inside it are in numerator layout."""

    def flip(f: Form) -> Form:
        if f.op == "transpose" and f.args[0].op == "transpose":
            return f.args[0].args[0]
        is_gradient = f.op == "symbol" and names.gradient_of(f.name) is not None
        return turned(symbol(f.name, f.shape[::-1])) if is_gradient else f

    return rewrite_bottom_up(form, flip)


def in_denominator_layout(form: Form) -> Form:
    """A form in numerator layout with its gradients put back as transposes: what it is compared by."""

    def flip(f: Form) -> Form:
        is_gradient = f.op == "symbol" and names.gradient_of(f.name) is not None and not f.is_scalar
        return apply("transpose", [symbol(f.name, f.shape[::-1])]) if is_gradient else f

    opened = rewrite_bottom_up(form, flip)
    return opened if opened.is_scalar else apply("transpose", [opened])


def _checked(network: Network, loss: str, results: dict[str, Result], layout: str) -> Report:
    back = in_denominator_layout if layout == "numerator" else (lambda form: form)
    claimed = {name: [back(form) for form in dict.fromkeys((r.named, r.written_out)) if form is not None] for name, r in results.items()}
    statements = [(names.gradient(loss, name), forms[0]) for name, forms in claimed.items()]
    report = check_gradients(network, loss, claimed, statements)
    insist(report, loss)
    return report


def _values(network: Network, results: dict[str, Result], layout: str) -> dict[str, Value]:
    """Every quantity whose inputs are all given, by the program that is printed as NumPy."""
    program = forward_program(network, results)
    if layout == "numerator":
        back = {r.wrt: Result(r.of, r.wrt, r.shape[::-1], in_denominator_layout(r.named), None, network) for r in results.values()}
        program = forward_program(network, back)
    known = {item.name: item.value for item in network.inputs.values() if item.value is not None}
    if not known:
        return {}
    computable, kept = set(known), []
    for name, form in program.statements:
        if all(f.name in computable for f in symbols(form)) and sizes_in(form) <= set(network.sizes):
            computable.add(name)
            kept.append((name, form))
    if not kept:
        return {}
    inputs = {name: shape for name, shape in program.inputs.items() if name in known}
    found, _ = exact_values(Program(inputs, tuple(kept), sizes=network.sizes), known)
    turned_names = [name for name in found if layout == "numerator" and names.gradient_of(name)]
    found.update({name: found[name].T for name in turned_names})
    return {name: Value(tuple(tuple(_plain(x) for x in row) for row in array)) for name, array in found.items()}


def _plain(x: Any) -> Any:
    return x if not isinstance(x, float) and not hasattr(x, "dtype") else float(x)


def _is_shorter(result: Result) -> bool:
    """Whether a gradient written out takes less work than from the gradients next to it, as p − y does."""
    return result.written_out is not None and work(result.written_out) < work(result.named)


def forward_program(network: Network, results: Mapping[str, Result], depth: str = "named", further: Iterable[Further] = ()) -> Program:
    """The definitions, the gradients, and what lies beyond them, as statements; what is printed as NumPy, and what is run."""
    statements = [(d.name, d.form) for d in network.definitions.values()]
    for name, result in results.items():
        form = result.form if depth == "written out" or _is_shorter(result) else result.named
        scalar = not network.symbol_shape(name) and form.shape == (ONE, ONE)
        statements.append((names.gradient(result.of, name), apply("reshape", [form], ()) if scalar else form))
    inputs = {name: item.shape for name, item in network.inputs.items()}
    for each in further:
        inputs |= dict(each.directions)
        known = {name for name, _ in statements}
        statements += [(name, form) for name, form in each.before if name not in known]
        if each.computed is not None:
            statements.append((each.name, each.computed))
    # A size that only parameters have is a rank or the width of a hidden layer.
    of_data, of_parameters = (
        {name for i in network.inputs.values() if (i.role == "parameter") is own for dim in i.shape for name in dim.symbols}
        for own in (False, True)
    )
    return Program(inputs, tuple(statements), facts=network.facts, small=frozenset(of_parameters - of_data), asking=True)
