"""Names for what stands several times in a long gradient: with E = X W − Y a formula is as short as a textbook's.

An abbreviation is a definition of the network that nothing else uses. Gradients are written with it wherever its value stands in them,
and are derived as without it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping

from symgrad.form import Form, cost
from symgrad.gradient import Gradient
from symgrad.network import Network
from symgrad.raising import raise_form
from symgrad.rewrite import Facts, simplify
from symgrad.rules import SIMPLIFY
from symgrad.tensor import Add, Einsum, Func, Map, Node, split, topological, variables
from symgrad.textbook import turned
from symgrad.typeset import text

_LONG = 19
# How many letters with indices are as long to read as a factor of a product of matrices.
_A_FACTOR = 6
# As many where functions have words for names.
_OF_WORDS = 8
_MOST = 4
# A function of one letter, softmax_rows(Z), gets a name where it stands so often.
_OFTEN = 4
_SHORTEST = 3
_MOST_NODES = 300
# Capitals of matrices and small letters of others, which are no e and no d: the probabilities of a softmax, what is left of a
# difference, what comes into a function.
_LETTERS = {"softmax": ("PQ", "pq"), "difference": ("ER", "r"), "sum": ("ZU", "z")}
_OTHERS = ("SZRUVFGHKBCDEPQ", "szruvfghkbcpq")


def abbreviated(network: Network, found: Mapping[str, Gradient], wanted: Iterable[str], facts: Callable[[Network], Facts]) -> Network:
    """The network with names for what stands several times in gradients that are longer than anybody reads."""
    nodes = [found[name].node for name in wanted if {share.through for share in found[name].shares} == {found[name].of}]
    for _ in range(_MOST):
        made = [simplify(node, facts(network), SIMPLIFY) for node in nodes]
        long = [node for node in made if _length(raise_form(node, facts(network))) > _LONG]
        best = _most_written(long, facts(network))
        if best is None:
            break
        network = network.with_abbreviation(_free_letter(best, network), best)
    return network


def _most_written(long: Iterable[Node], facts: Facts) -> Node | None:
    """What a name spares the most for: how often it is written besides once, times how long it is."""
    written: Counter[Form] = Counter()
    candidates: dict[Node, Form] = {}
    for node in long:
        inside = topological([node])
        if len(inside) <= _MOST_NODES:
            written.update(_times(raise_form(node, facts)))
            candidates |= {n: raise_form(n, facts) for n in inside if _may_have_a_name(n)}
    ways = {n: {form, turned(form)} if len(form.shape) == 2 else {form} for n, form in candidates.items()}
    stands = {n: sum(written[form] for form in forms) for n, forms in ways.items()}
    long_enough = {n: form for n, form in candidates.items() if _length(form) >= _SHORTEST or (isinstance(n, Func) and stands[n] >= _OFTEN)}
    spared = {n: (stands[n] - 1) * max(_length(form) - 1, 1) for n, form in long_enough.items() if stands[n] > 1}
    # Of those that spare as much the outermost, which comes after what it is made of.
    return max(reversed(spared), key=lambda n: spared[n], default=None)


def _length(form: Form) -> int:
    """How much there is to read of a form: factors, or what stands for one where they have indices, or are functions of long names."""
    written = len(text(form))
    return max(cost(form), written // _OF_WORDS) if len(form.shape) < 3 else written // _A_FACTOR


def _may_have_a_name(node: Node) -> bool:
    return isinstance(node, (Add, Map, Func, Einsum)) and bool(variables(node))


def _times(form: Form) -> Counter[Form]:
    """How often every part of a form is written, counted without writing it out."""
    times = Counter({form: 1})
    for part in _outermost_first(form):
        for arg in part.args:
            times[arg] += times[part]
    return times


def _outermost_first(form: Form) -> list[Form]:
    done: dict[Form, None] = {}
    stack = [(form, iter(form.args))]
    while stack:
        part, rest = stack[-1]
        inner = next((arg for arg in rest if arg not in done), None)
        if inner is None:
            done[part] = None
            stack.pop()
        else:
            stack.append((inner, iter(inner.args)))
    return list(reversed(done))


def _free_letter(node: Node, network: Network) -> str:
    """A letter that nothing has: a capital of a matrix, a small one of a vector or a scalar."""
    is_difference = isinstance(node, Add) and any(split(term)[0] < 0 for term in node.operands)
    kind = node.fn if isinstance(node, Func) else "difference" if is_difference else "sum" if isinstance(node, Add) else ""
    is_matrix = len(node.shape) > 1 and not any(dim.is_one for dim in node.shape[-2:])
    sizes = {name for dim in network.dims for name in dim.symbols}
    own, others = (pair[not is_matrix] for pair in (_LETTERS.get(kind, ("", "")), _OTHERS))
    taken = {*network.variables, *sizes} if is_matrix else {name.lower() for name in (*network.variables, *sizes)}
    return next((letter for letter in own + others if letter not in taken), f"{others[0]}_1")
