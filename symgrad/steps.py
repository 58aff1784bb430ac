"""The steps of a derivation, as a teacher would write them.

The network; the differential of every definition (its local derivative); the chain rule from the loss backwards; gradients
written out; the numbers. Steps that are one step with t moved along become one line.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from symgrad import names
from symgrad.derivation import Chain, Result, Step, Value
from symgrad.families import Span, fold_sums, general
from symgrad.form import Form, apply, cost, symbol, symbols, walk
from symgrad.further import Further
from symgrad.gradient import Gradient, depend_on
from symgrad.network import Definition, Network
from symgrad.op import Notation
from symgrad.ops.elementwise import ELEMENTWISE
from symgrad.raising import raise_form
from symgrad.reverse import pushforward
from symgrad.rewrite import Facts, simplify
from symgrad.rules import SIMPLIFY
from symgrad.tensor import Map, Node, Var, elementwise, topological, var

_LONGEST_ON_THE_WAY = 8


def derivation_steps(
    network: Network,
    loss: str | None,
    found: dict[str, Gradient],
    results: dict[str, Result],
    values: dict[str, Value],
    wanted: list[str],
    further: tuple[Further, ...] = (),
) -> tuple[Step, ...]:
    steps = _Steps()
    for definition in network.definitions.values():
        left = symbol(definition.name, definition.shape)
        rule = definition.about or "definition"
        steps.add("definition", (left, definition.form), rule, (), definition.name, shape=definition.shape)
    active = {*results, *wanted, loss}
    if loss is None and further:
        active |= depend_on(network, set(wanted))
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
    for each in further:
        _further_steps(each, steps)
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

    def latest(self, name: str) -> int | None:
        """The step that says most of how that name moves, or how the loss does with it."""
        return next((self.of[kind, name] for kind in ("written out", "gradient", "differential") if (kind, name) in self.of), None)

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
    form = raise_form(simplify(pushforward(definition.node, moves), network.facts, SIMPLIFY), network.facts)
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


def _further_steps(further: Further, steps: _Steps) -> None:
    """The equations that it rests on, then the derivative itself."""
    kind = f"further {further.kind}"
    uses = [number for name in further.uses if (number := steps.latest(name))]
    for name, form in further.before:
        if (kind, name) not in steps.of:
            steps.add(kind, (symbol(name, form.shape), form), "chain rule", [n for _, n in steps.behind(form)], name)
        uses.append(steps.of[kind, name])
    for left, right, rule in further.stated:
        steps.add(kind, (left, right), rule, uses, further.name)
        uses = [steps.of[kind, further.name]]
    if further.form is not None:
        steps.add(kind, (further.left, further.form), further.rule, uses, further.name)


# Functions whose derivatives have formulas that few know by heart.
_WITH_A_SLOPE_TO_TELL = frozenset({"gelu", "silu", "mish", "softsign", "elu", "hard_swish"})


def slopes_of(forms: Iterable[Form], network: Network) -> Iterator[tuple[Form, Form]]:
    """The formulas of the derivatives that stand with a prime: GELU′(z) = (1 + erf(z/√2))/2 + z exp(−z²/2)/√(2π)."""
    primed = {(f.op.removesuffix("'"), f.params) for form in forms for f in walk(form) if f.op.endswith("'")}
    letter = next(c for c in "ztuvs" if network.symbol_shape(c) is None)
    for name, params in sorted(primed, key=lambda each: each[0]):
        if name in _WITH_A_SLOPE_TO_TELL:
            z = var(letter, ())
            (slope,) = ELEMENTWISE[name].derivative([z], elementwise(name, [z], params), params)
            yield apply(f"{name}'", [symbol(letter, ())], params), raise_form(simplify(slope, Facts(), SIMPLIFY), Facts())


def conventions_of(network: Network, loss: str | None) -> tuple[str, ...]:
    """What is taken for the derivative at a kink, for the functions the network has."""
    found: dict[str, None] = {}
    if loss:
        for definition in network.definitions.values():
            for node in topological([definition.node]):
                if isinstance(node, Map) and (said := ELEMENTWISE[node.fn].convention):
                    found[said] = None
    return tuple(found)
