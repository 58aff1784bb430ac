"""The two pipelines, each readable as a list of stages. This one derives."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from symgrad import names
from symgrad.derivation import Chain, Derivation, Result, Step, Value
from symgrad.differences import Report, check_gradients, insist
from symgrad.errors import InvalidNetwork
from symgrad.evaluate import exact_values
from symgrad.families import Span, fold_sums, general
from symgrad.form import Form, apply, cost, rewrite_bottom_up, symbol, symbols
from symgrad.gradient import Gradient, gradients
from symgrad.network import Definition, Network
from symgrad.numpycode import Program, sizes_in
from symgrad.op import Notation
from symgrad.ops.elementwise import ELEMENTWISE
from symgrad.raising import raise_form, turned
from symgrad.rewrite import simplify
from symgrad.rules import SIMPLIFY
from symgrad.tensor import Map, Node, Var, substitute, topological, var
from symgrad.vjp import pushforward

_LONGEST_WRITTEN_OUT = 24
_LONGEST_ON_THE_WAY = 8


def derive(
    network: Network,
    wrt: Iterable[str] = (),
    of: str | None = None,
    given: Mapping[str, Any] | None = None,
    layout: str = "denominator",
    check: bool = True,
) -> Derivation:
    """Derive ∂of/∂name for every name in `wrt` (default: the parameters) and hold each against finite differences.

    `of` defaults to the last definition, which must be a scalar. Gradients have the shape of their variable (denominator
    layout) unless `layout="numerator"`. A network whose last definition is no scalar, with nothing asked for, is only
    evaluated. Raises `CheckFailed` when symgrad's own result is wrong.

    >>> from symgrad import Network, dimensions, square, sum
    >>> n, d = dimensions("n d")
    >>> net = Network("least squares")
    >>> X, w, y = net.data("X", n, d), net.parameter("w", d, 1), net.data("y", n, 1)
    >>> _ = net.define("L", sum(square(X * w - y)))
    >>> derive(net)["w"]
    ∂L/∂w = 2 Xᵀ (X w − y)
    """
    network = network.given(given or {})
    loss, wanted = _asked(network, of, wrt)
    found = gradients(network, loss, wanted) if loss else {}
    results = _results(network, found, layout)
    report = _checked(network, loss, results, layout) if check and loss else None
    values = _values(network, results, layout)
    steps = _steps(network, loss, found, results, values, wanted)
    conventions = _conventions(network, loss)
    return Derivation(network, loss, tuple(wanted), results, steps, report, values, conventions, layout)


def _asked(network: Network, of: str | None, wrt: Iterable[str]) -> tuple[str | None, list[str]]:
    """The loss and the names whose gradients are wanted."""
    wanted = [network.resolve(name) for name in wrt]
    if not network.definitions:
        raise InvalidNetwork("the network has no definitions")
    if of is not None:
        loss: str | None = network.resolve(of, network.definitions)
    else:
        loss = network.default_of()
        if loss is None and wanted:
            last = list(network.definitions)[-1]
            raise InvalidNetwork(f"{last}, the last definition, is no scalar, and a gradient is of a scalar; name one with --of")
    if loss is None:
        return None, []
    return loss, wanted or [name for name in network.default_wrt() if name != loss]


# ── the results ──────────────────────────────────────────────────────────────────────────────────────────────────────


def _form(network: Network, node: Node) -> Form:
    return raise_form(simplify(node, network.facts, SIMPLIFY), network.facts)


def _results(network: Network, found: dict[str, Gradient], layout: str) -> dict[str, Result]:
    """Every gradient in both depths. They come from the loss backwards, so what one substitutes is already there."""
    opened: dict[Node, Node] = {}
    results = {}
    for name, gradient in found.items():
        node = simplify(gradient.node, network.facts, SIMPLIFY)
        named = raise_form(node, network.facts)
        written_out = None
        inner = [n for n in topological([node]) if isinstance(n, Var) and names.gradient_of(n.name)]
        if all(n in opened for n in inner):
            whole = simplify(substitute(node, opened), network.facts, SIMPLIFY) if inner else node
            written_out = raise_form(whole, network.facts)
            if cost(written_out) <= _LONGEST_WRITTEN_OUT:
                opened[var(gradient.name, gradient.shape)] = whole
            else:
                written_out = None
        shape = gradient.shape
        if layout == "numerator":
            named, shape = _numerator(named), shape[::-1]
            written_out = None if written_out is None else _numerator(written_out)
        results[name] = Result(gradient.of, name, shape, named, written_out, network)
    return results


def _numerator(form: Form) -> Form:
    """The transpose, gradients inside it being transposed already."""

    def flip(f: Form) -> Form:
        is_gradient = f.op == "symbol" and names.gradient_of(f.name) is not None
        return turned(symbol(f.name, f.shape[::-1])) if is_gradient else f

    return turned(rewrite_bottom_up(form, flip))


def _denominator(form: Form) -> Form:
    """A form in numerator layout with its gradients put back as transposes: what it is compared by."""

    def flip(f: Form) -> Form:
        is_gradient = f.op == "symbol" and names.gradient_of(f.name) is not None and not f.is_scalar
        return apply("transpose", [symbol(f.name, f.shape[::-1])]) if is_gradient else f

    opened = rewrite_bottom_up(form, flip)
    return opened if opened.is_scalar else apply("transpose", [opened])


def _checked(network: Network, loss: str, results: dict[str, Result], layout: str) -> Report:
    back = _denominator if layout == "numerator" else (lambda form: form)
    claimed = {name: [back(form) for form in dict.fromkeys((r.named, r.written_out)) if form is not None] for name, r in results.items()}
    statements = [(names.gradient(loss, name), forms[0]) for name, forms in claimed.items()]
    report = check_gradients(network, loss, claimed, statements)
    insist(report, loss)
    return report


def _values(network: Network, results: dict[str, Result], layout: str) -> dict[str, Value]:
    """Every quantity whose inputs are all given, by the program that is printed as NumPy."""
    program = forward_program(network, results)
    if layout == "numerator":
        back = {r.wrt: Result(r.of, r.wrt, r.shape[::-1], _denominator(r.named), None, network) for r in results.values()}
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


def forward_program(network: Network, results: Mapping[str, Result], depth: str = "named") -> Program:
    """The definitions, then the gradients, as statements; what is printed as NumPy, and what is run."""
    statements = [(d.name, d.form) for d in network.definitions.values()]
    for name, result in results.items():
        form = result.named if depth == "named" else result.form
        statements.append((names.gradient(result.of, name), form))
    return Program({name: item.shape for name, item in network.inputs.items()}, tuple(statements))


# ── the steps ────────────────────────────────────────────────────────────────────────────────────────────────────────


def _steps(
    network: Network,
    loss: str | None,
    found: dict[str, Gradient],
    results: dict[str, Result],
    values: dict[str, Value],
    wanted: list[str],
) -> tuple[Step, ...]:
    steps = _Steps()
    for definition in network.definitions.values():
        left = symbol(definition.name, definition.shape)
        rule = definition.about or "definition"
        steps.add("definition", (left, definition.form), rule, (), definition.name, shape=definition.shape)
    active = {*results, *wanted, loss}
    for definition in network.definitions.values():
        if definition.name in active:
            _differential(network, definition, active, steps)
    for name, result in results.items():
        _gradient_steps(network, found[name], result, steps)
    for name in results:
        opened = results[name].written_out
        if opened is not None and name not in wanted and cost(opened) > _LONGEST_ON_THE_WAY:
            continue
        if opened is not None and opened is not results[name].named:
            behind = steps.behind(results[name].named)
            uses = [steps.of["gradient", name], *(steps.of.get(("written out", n), g) for n, g in behind)]
            left = symbol(names.gradient(str(loss), name), results[name].shape)
            steps.add("written out", (left, opened), "substitution", uses, name)
    for item in network.inputs.values() if values else ():
        if item.value is not None and network.uses[item.name]:
            steps.add("value", (symbol(item.name, item.shape), Value(item.value)), "given", [], item.name)
    for name, value in values.items():
        match = names.gradient_of(name)
        source = steps.of.get(("gradient", match["wrt"])) if match else steps.of.get(("definition", name))
        shape = value_shape(network, name)
        steps.add("value", (symbol(name, shape), value), "evaluation", [] if source is None else [source], name)
    return steps.folded()


def value_shape(network: Network, name: str) -> Any:
    match = names.gradient_of(name)
    return network.symbol_shape(match["wrt"] if match else name) or ()


class _Steps:
    """Steps being collected; later ones refer to earlier ones by what they state."""

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self.of: dict[tuple[str, str], int] = {}

    def add(self, kind: str, terms: tuple[Any, ...], rule: str, uses: Iterable[int], name: str, **more: Any) -> None:
        number = len(self.steps) + 1
        self.of[kind, name] = number
        self.steps.append(Step(number, kind, terms, rule, tuple(dict.fromkeys(uses)), **more))

    def behind(self, form: Form) -> list[tuple[str, int]]:
        """The names whose gradients a form uses, and the steps that state these."""
        wrt = [match["wrt"] for s in symbols(form) if (match := names.gradient_of(s.name))]
        return [(name, self.of["gradient", name]) for name in wrt if ("gradient", name) in self.of]

    def folded(self) -> tuple[Step, ...]:
        """Steps that are one step with t moved along become one, and are renumbered."""
        groups: list[tuple[Step, list[Step], int]] = []
        open_groups: dict[tuple[Any, ...], int] = {}
        for step in self.steps:
            key = _family_key(step)
            at = open_groups.get(key[0]) if key else None
            if key and at is not None and abs(key[1] - groups[at][2]) == 1:
                groups[at] = (groups[at][0], [*groups[at][1], step], key[1])
                continue
            if key:
                open_groups[key[0]] = len(groups)
            groups.append((step, [step], key[1] if key else 0))
        groups = _in_order(groups)
        renumbered = {s.number: i + 1 for i, (_, members, _) in enumerate(groups) for s in members}
        out = []
        for i, (head, members, _) in enumerate(groups):
            uses = tuple(sorted({renumbered[u] for s in members for u in s.uses} - {i + 1}))
            terms, span = head.terms, None
            if len(members) > 1:
                keys = [_family_key(s) for s in members]
                terms = keys[0][0][1]  # type: ignore[index]
                span = Span(keys[0][1], keys[-1][1])  # type: ignore[index]
            terms = tuple(fold_sums(t) if isinstance(t, Form) else _folded_chain(t) for t in terms)
            out.append(Step(i + 1, head.kind, terms, head.rule, uses, span, head.shape))
        return tuple(out)


def _in_order(groups: list[tuple[Step, list[Step], int]]) -> list[tuple[Step, list[Step], int]]:
    """The groups such that each comes after those it rests on, otherwise as they were."""
    home = {s.number: i for i, (_, members, _) in enumerate(groups) for s in members}
    needs = [{home[u] for s in members for u in s.uses} - {i} for i, (_, members, _) in enumerate(groups)]
    placed: list[int] = []
    left = list(range(len(groups)))
    while left:
        ready = next((i for i in left if needs[i] <= set(placed)), left[0])
        placed.append(ready)
        left.remove(ready)
    return [groups[i] for i in placed]


def _family_key(step: Step) -> tuple[tuple[Any, ...], int] | None:
    """What steps of one family share, and which t this one is."""
    if step.kind == "value" or len(step.terms) < 2:
        return None
    forms = [t for t in step.terms if isinstance(t, Form)]
    chains = [t for t in step.terms if isinstance(t, Chain)]
    if any(names.step_index(s.name) for s in symbols(forms[0])) is False:
        return None
    markers = [symbol(n, ()) for c in chains for n in (*c.through, c.wrt)]
    found = general([*forms, *markers])
    if found is None:
        return None
    shifted, base = found
    terms: list[Any] = list(shifted[: len(forms)])
    labels = [m.name for m in shifted[len(forms) :]]
    for chain in chains:
        count = len(chain.through)
        terms.insert(1, Chain(chain.of, labels[count], tuple(labels[:count])))
        labels = labels[count + 1 :]
    return (step.kind, tuple(terms), step.rule, step.shape), base


def _folded_chain(chain: Any) -> Any:
    """A chain over h_1, h_2, h_3 as a sum over t."""
    if not isinstance(chain, Chain) or len(chain.through) < 3:
        return chain
    indexed = [names.step_index(name) for name in chain.through]
    if any(i is None for i in indexed):
        return chain
    stems, numbers = {i[0] for i in indexed if i}, [i[1] for i in indexed if i]
    if len(stems) != 1 or numbers != list(range(numbers[0], numbers[0] + len(numbers))):
        return chain
    return Chain(chain.of, chain.wrt, (names.at_step(stems.pop(), "t"),), Span(numbers[0], numbers[-1]))


def _differential(network: Network, definition: Definition, active: set[Any], steps: _Steps) -> None:
    """d of a definition in the differentials of what it uses: the local derivative, all of it in one line."""
    used = [n for n in topological([definition.node]) if isinstance(n, Var) and n.name in active]
    if not used:
        return
    moves: dict[Node, Node] = {n: var(names.tangent(n.name), n.shape) for n in used}
    form = _form(network, pushforward(definition.node, moves))
    left = symbol(names.tangent(definition.name), definition.shape)
    rule = _differential_rule(definition)
    steps.add("differential", (left, form), rule, [steps.of["definition", definition.name]], definition.name)


def _differential_rule(definition: Definition) -> str:
    found: list[str] = []
    for node in topological([definition.node]):
        if isinstance(node, Map) and (name := _spoken(node)) not in found:
            found.append(name)
    if not found:
        return "sum and product rule"
    return f"derivative of {', '.join(reversed(found))}, chain rule"


def _spoken(node: Map) -> str:
    """An elementwise function as a rule names it."""
    if node.fn == "power":
        return {2: "the square", -1: "the reciprocal"}.get(node.params[0], "a power")
    text = ELEMENTWISE[node.fn].text
    return text.template.split("(")[0] if isinstance(text, Notation) and "(" in text.template[1:] else node.fn


def _gradient_steps(network: Network, gradient: Gradient, result: Result, steps: _Steps) -> None:
    left = symbol(gradient.name, result.shape)
    if not gradient.shares:
        steps.add("gradient", (left, result.named), f"{gradient.of} does not depend on it", [], gradient.wrt)
        return
    through = tuple(share.through for share in gradient.shares)
    uses = [
        *(number for _, number in steps.behind(result.named)),
        *(steps.of["differential", name] for name in through if ("differential", name) in steps.of),
    ]
    terms: tuple[Any, ...] = (left, result.named)
    rule = "chain rule"
    if through == (gradient.of,):
        rule = "read off the differential"
    else:
        terms = (left, Chain(gradient.of, gradient.wrt, through), result.named)
        rule = "chain rule" if len(through) == 1 else "chain rule, over every use"
    steps.add("gradient", terms, rule, uses, gradient.wrt)


def _conventions(network: Network, loss: str | None) -> tuple[str, ...]:
    """What is taken for the derivative at a kink, for the functions the network has."""
    found: dict[str, None] = {}
    if loss:
        for definition in network.definitions.values():
            for node in topological([definition.node]):
                if isinstance(node, Map) and (said := ELEMENTWISE[node.fn].convention):
                    found[said] = None
    return tuple(found)
