"""A network: named definitions in order, each written once, over inputs with symbolic shapes.

    network    ::= input* definition*
    input      ::= role name shape [value]          role: parameter, data, mask or input
    definition ::= name = form                       over inputs and earlier definitions

The names are what a chain rule speaks of (∂L/∂h₃, ∂h₃/∂h₂), and a definition is differentiated once however often its name
is used.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property, lru_cache
from typing import Any

from symgrad import names
from symgrad.dims import Condition, Dim, Shape, show, solve, whole
from symgrad.errors import InvalidGiven, InvalidNetwork, ShapeError, UnknownName, Unsupported, nearest
from symgrad.form import Form, rewrite_bottom_up, symbol, symbols
from symgrad.lowering import lower
from symgrad.properties import PROPERTIES, closed
from symgrad.raising import matching, raise_form
from symgrad.rewrite import Facts, is_symmetric, simplify
from symgrad.rules import exponentials
from symgrad.tensor import Func, Node, Var, topological, var
from symgrad.typeset import described

Rows = tuple[tuple[Fraction, ...], ...]
ROLES = ("parameter", "data", "mask", "input")


@dataclass(frozen=True)
class Input:
    """A symbol that the network is given; `value` has its exact entries when they are known."""

    name: str
    shape: Shape
    role: str = "input"
    properties: frozenset[str] = frozenset()
    value: Rows | None = None


ABBREVIATION = "abbreviation"
"""What is said of a definition that only spares writing."""


@dataclass(frozen=True)
class Definition:
    """One assignment: the form as written, and its tensor."""

    name: str
    form: Form
    node: Node
    about: str = ""

    @property
    def shape(self) -> Shape:
        return self.form.shape


class Network:
    r"""Named definitions over SymPy matrix symbols.

    >>> from symgrad import Network, dimensions, relu
    >>> b = dimensions("b")
    >>> net = Network("a layer")
    >>> x, W = net.data("x", b, 2), net.parameter("W^E", 2, 3)
    >>> h = net.define("h", relu(x * W))
    >>> print(net)
    a layer
      x    data       b×2
      W^E  parameter  2×3
      h = ReLU(x W^E)  b×3
    """

    def __init__(self, title: str = "", definitions: Mapping[str, Any] | None = None) -> None:
        self.title = title
        self.inputs: dict[str, Input] = {}
        self.definitions: dict[str, Definition] = {}
        self.requirements: list[Condition] = []
        self.remarks: list[str] = []  # how what may be read in two ways was read
        self._sympy: dict[str, Any] = {}
        for name, expression in (definitions or {}).items():
            self.define(name, expression)

    # ── writing one ──────────────────────────────────────────────────────────────────────────────────────────────────

    def parameter(self, name: str, *shape: Any, value: Any = None, **properties: Any) -> Any:
        """A parameter, whose gradient is wanted. No sizes: a scalar. Returns its SymPy symbol."""
        return self._input("parameter", name, shape, value, properties)

    def data(self, name: str, *shape: Any, value: Any = None, **properties: Any) -> Any:
        """Data: inputs, targets, an initial state. `distribution=1` says that it sums to 1 along that axis."""
        return self._input("data", name, shape, value, properties)

    def mask(self, name: str, *shape: Any, value: Any = None) -> Any:
        """A mask: entries 0 and 1, so that M ⊙ M = M."""
        return self._input("mask", name, shape, value, {"mask": True})

    def define(self, name: str, expression: Any, about: str = "") -> Any:
        """Name an expression; returns the symbol to write on with. Plain SymPy symbols become inputs when first met."""
        from symgrad import sympyforms

        try:
            form = sympyforms.to_form(_no_equation(expression), sizes=self._sizes_of(expression))
        except ShapeError as error:
            raise ShapeError(f"in the definition of {name}: {error}{described(error.operands)}") from None
        for found in expression.free_symbols:
            if hasattr(found, "shape") and found.name not in self and found.is_Matrix:
                self._sympy[found.name] = found
        self.define_form(name, form, about)
        return self._symbol(name, form.shape)

    def require(self, left: Any, right: Any, because: str = "") -> None:
        """Two sizes that must be equal, such as the rows there are and the number of steps written out."""
        from symgrad.sympyforms import dim_of

        self.requirements.append(Condition(dim_of(left), right=dim_of(right), because=because))

    def _input(self, role: str, name: str, shape: Sequence[Any], value: Any, properties: Mapping[str, Any]) -> Any:
        from symgrad.sympyforms import dim_of

        dims = tuple(map(dim_of, shape))
        for size in dims:
            if not size.symbols and (size.number is None or size.number < 1):
                raise InvalidNetwork(f"{name} cannot be {show(dims)}: a size is a whole number, at least 1")
        self.declare(name, dims, role, _properties(properties), value)
        return self._symbol(name, self.inputs[name].shape)

    def _symbol(self, name: str, shape: Shape) -> Any:
        import sympy

        from symgrad import sympyforms, sympyops

        sizes = tuple(map(sympyforms.size_of, shape))
        made: Any = sympy.Symbol(name) if not shape else (sympyops.Symbol if len(shape) == 2 else sympyforms.Tensor)(name, *sizes)
        return self._sympy.setdefault(name, made)

    def _sizes_of(self, expression: Any) -> frozenset[str]:
        shapes = [*(i.shape for i in self.inputs.values()), *(d.shape for d in self.definitions.values())]
        own = {name for shape in shapes for dim in shape for name in dim.symbols}
        for found in expression.free_symbols:
            if getattr(found, "is_Matrix", False):
                own |= {s.name for size in found.shape for s in getattr(size, "free_symbols", ())}
        return frozenset(own - set(self.inputs))

    # ── the model under it, without SymPy ────────────────────────────────────────────────────────────────────────────

    def declare(self, name: str, shape: Shape, role: str = "input", properties: Iterable[str] = (), value: Any = None) -> Form:
        """An input by its shape of dimensions. Raises `InvalidNetwork` for a name that is taken."""
        self._free_name(name)
        self.inputs[name] = Input(name, shape, role, closed(properties, shape, name))
        try:
            if value is not None:
                self._set_value(name, value)
        except InvalidGiven:
            del self.inputs[name]
            raise
        self._changed()
        return symbol(name, shape)

    def define_form(self, name: str, form: Form, about: str = "") -> Form:
        """A definition by its form; symbols not met before become inputs."""
        self._free_name(name)
        for used in symbols(form):
            known = self.symbol_shape(used.name)
            if known is None:
                self.declare(used.name, used.shape)
            elif known != used.shape:
                raise ShapeError(f"in the definition of {name}: {used.name} is used as {show(used.shape)}, it is {show(known)}")
        # 1/(1 + exp(−z)) is differentiated as what it is, σ(z).
        self.definitions[name] = Definition(name, form, simplify(lower(form), Facts(), exponentials.RULES), about)
        self._changed()
        return symbol(name, form.shape)

    def define_node(self, name: str, node: Node) -> None:
        """A definition by its tensor; where no form prints it, it stands for itself."""
        try:
            self.define_form(name, matching(raise_form(node, self.facts), node.shape))
        except Unsupported:
            self._free_name(name)
            self.definitions[name] = Definition(name, symbol(name, node.shape), node, "")
            self._changed()

    def with_node(self, name: str, node: Node, form: Form | None = None) -> Network:
        """The network with another tensor for a definition, printed as `form`; names that it did not have become inputs."""
        new = Network(self.title)
        new.inputs, new.requirements, new.remarks = dict(self.inputs), list(self.requirements), list(self.remarks)
        for v in (v for v in topological([node]) if isinstance(v, Var) and v.name not in self):
            new.inputs[v.name] = Input(v.name, v.shape, "input", frozenset())
        new.definitions = {
            key: Definition(key, form or symbol(key, node.shape), node, held.about if form else "") if key == name else held
            for key, held in self.definitions.items()
        }
        return new

    def with_abbreviation(self, name: str, node: Node) -> Network:
        """The network with a name for what stands in its definitions, before the last of them; nothing there speaks of it."""
        self._free_name(name)
        new = self.given({})
        form = matching(raise_form(node, self.facts), node.shape)
        *before, last = self.definitions.values()
        short = rewrite_bottom_up(last.form, lambda f: symbol(name, form.shape) if f is form else f)
        abbreviation = Definition(name, form, node, ABBREVIATION)
        new.definitions = {each.name: each for each in (*before, abbreviation, replace(last, form=short))}
        return new

    def without_abbreviations(self) -> Network:
        """The network as its definitions depend on each other."""
        new, meant = self.given({}), dict[str, Form]()
        new.definitions = {}
        for name, each in self.definitions.items():
            form = rewrite_bottom_up(each.form, lambda f: meant.get(f.name, f) if f.op == "symbol" else f)
            if each.about == ABBREVIATION:
                meant[name] = form
            else:
                new.definitions[name] = replace(each, form=form)
        return new

    def _free_name(self, name: str) -> None:
        if not name or "∂" in name or name.count("{") != name.count("}"):
            raise InvalidNetwork(f"{name!r} cannot be a name")
        if name in self:
            raise InvalidNetwork(f"{name} is defined twice; a definition is written once")

    def _changed(self) -> None:
        for cached in ("facts", "variables", "uses"):
            self.__dict__.pop(cached, None)

    def given(self, values: Mapping[str, Any]) -> Network:
        """The same network with these given values."""
        new = copy.copy(self)
        new.inputs, new.definitions = dict(self.inputs), dict(self.definitions)
        new.requirements, new.remarks, new._sympy = list(self.requirements), list(self.remarks), dict(self._sympy)
        new._changed()
        for name, value in values.items():
            new._set_value(new.resolve(name, new.inputs), value)
        return new

    def _set_value(self, name: str, value: Any) -> None:
        rows = exact_rows(value, name)
        shape = self.inputs[name].shape
        if len(shape) not in (0, 2):
            raise InvalidGiven(f"{name} has {len(shape)} axes; a value can be given for a matrix or a scalar")
        trial: dict[str, int] = dict(self.sizes)
        fits = all(solve(d, s, trial) for d, s in zip(shape, (len(rows), len(rows[0])), strict=False))
        if not shape:
            fits = len(rows) == len(rows[0]) == 1
        if not fits:
            own = show(shape)
            now = ", ".join(f"{k} = {v}" for k, v in self.sizes.items() if any(k in d.symbols for d in shape))
            raise InvalidGiven(
                f"the value given for {name} is {len(rows)}×{len(rows[0])}, but {name} is {own}" + (f" with {now}" if now else "")
            )
        self.inputs[name] = replace(self.inputs[name], value=rows)

    # ── asking it ────────────────────────────────────────────────────────────────────────────────────────────────────

    def __contains__(self, name: str) -> bool:
        return name in self.inputs or name in self.definitions

    def symbol_shape(self, name: str) -> Shape | None:
        """The shape of an input or a definition; None for a name there is not."""
        found: Input | Definition | None = self.inputs.get(name) or self.definitions.get(name)
        return found.shape if found else None

    def resolve(self, name: str, among: Iterable[str] | None = None) -> str:
        """The network's own name for one that is written in another spelling (`W_E` for `W^E`)."""
        known = list(among if among is not None else (*self.inputs, *self.definitions))
        if name in known:
            return name
        wanted = (names.identifier(name), names.text(name))
        for spelled in (names.identifier, names.text):
            same = [n for n in known if spelled(n) in wanted]
            if len(same) == 1:
                return same[0]
        raise UnknownName(f"the network has no {name}; {nearest(name, known)}")

    @cached_property
    def variables(self) -> dict[str, Var]:
        """The tensor variable of every name."""
        inputs = {name: var(name, item.shape) for name, item in self.inputs.items()}
        return inputs | {name: var(name, d.shape) for name, d in self.definitions.items()}

    @cached_property
    def facts(self) -> Facts:
        """What is declared of inputs, and what definitions say of themselves: the rows of a softmax sum to 1, Xᵀ X is symmetric."""
        properties = {name: item.properties for name, item in self.inputs.items()}
        for definition in self.definitions.values():
            if isinstance(definition.node, Func) and definition.node.fn == "softmax":
                properties[definition.name] = frozenset({f"distribution:{definition.node.params[0]}"})
            elif is_symmetric(definition.node, Facts(properties)):
                properties[definition.name] = frozenset({"symmetric"})
        named = {d.node: self.variables[d.name] for d in self.definitions.values() if not isinstance(d.node, Var)}
        return Facts(properties, named)

    @cached_property
    def uses(self) -> dict[str, list[str]]:
        """For every name the definitions that use it, in order."""
        found: dict[str, list[str]] = {name: [] for name in self.variables}
        for definition in self.definitions.values():
            for node in topological([definition.node]):
                if isinstance(node, Var):
                    found[node.name].append(definition.name)
        return found

    @property
    def sizes(self) -> dict[str, int]:
        """The sizes that the given values settle."""
        settled: dict[str, int] = {}
        for item in self.inputs.values():
            if item.value is not None and item.shape:
                for dim, size in zip(item.shape, (len(item.value), len(item.value[0])), strict=True):
                    solve(dim, size, settled)
        for condition in self.requirements:
            if condition.right is not None and condition.right.number is not None:
                solve(condition.left, condition.right.number, settled)
        return settled

    @property
    def dims(self) -> list[Dim]:
        """Every distinct dimension of an input, a definition or a tensor inside one."""
        found: dict[Dim, None] = {}
        for item in self.inputs.values():
            found.update(dict.fromkeys(item.shape))
        for definition in self.definitions.values():
            found.update(dict.fromkeys(_dims_in(definition.node)))
            found.update(dict.fromkeys(definition.shape))
        return list(found)

    @property
    def conditions(self) -> list[Condition]:
        """What the sizes must meet, derived from the shapes: `k·m is even`."""
        found: dict[Condition, None] = {}
        for dim in self.dims:
            condition = whole(dim)
            if condition is not None:
                found[condition] = None
        found.update(dict.fromkeys(self.requirements))
        return list(found)

    @property
    def content(self) -> tuple[Any, ...]:
        """All that it says but for its title and how it is written: two networks with the same content are one function."""
        defined = tuple([(d.name, d.node, d.form.shape) for d in self.definitions.values()])
        return tuple(self.inputs.values()), defined, tuple(self.requirements)

    @property
    def parameters(self) -> list[Input]:
        return [item for item in self.inputs.values() if item.role == "parameter"]

    def default_wrt(self) -> list[str]:
        """Whose gradient is wanted when nobody says: the parameters, or all inputs where no role is declared."""
        wanted = [item.name for item in self.inputs.values() if item.role == "parameter"]
        return wanted or [item.name for item in self.inputs.values() if item.role != "mask" and "places" not in item.properties]

    def default_of(self) -> str | None:
        """The loss when nobody says: the last definition, if it is a scalar."""
        if not self.definitions:
            return None
        last = list(self.definitions.values())[-1]
        return last.name if all(dim.is_one for dim in last.shape) else None

    def sympy(self, name: str) -> Any:
        """The SymPy symbol of a name."""
        shape = self.symbol_shape(self.resolve(name))
        assert shape is not None
        return self._symbol(self.resolve(name), shape)

    @property
    def sympy_symbols(self) -> dict[str, Any]:
        """The SymPy objects that names were written with."""
        return dict(self._sympy)

    def __str__(self) -> str:
        from symgrad.typeset import text

        width = max((len(names.text(n)) for n in self.inputs), default=0)
        lines = [self.title] if self.title else []
        for item in self.inputs.values():
            lines.append(f"  {names.text(item.name):<{width}}  {item.role:<9}  {show(item.shape)}")
        for d in self.definitions.values():
            lines.append(f"  {names.text(d.name)} = {text(d.form)}  {show(d.shape)}")
        return "\n".join(lines)

    def _repr_latex_(self) -> str:
        from symgrad.typeset import latex

        rows = (rf"{names.latex(d.name)} &= {latex(d.form)}" for d in self.definitions.values())
        return r"$\begin{aligned}" + r" \\ ".join(rows) + r"\end{aligned}$"

    def _repr_svg_(self) -> str | None:
        from symgrad.emit.svg import svg

        return svg(self) or None

    def _repr_html_(self) -> str:
        from symgrad.emit.html import network_inside

        return network_inside(self)


@lru_cache(maxsize=4096)
def _dims_in(node: Node) -> tuple[Dim, ...]:
    """Every distinct dimension of a tensor and of those inside it."""
    return tuple(dict.fromkeys(dim for inner in topological([node]) for dim in inner.shape))


def _no_equation(expression: Any) -> Any:
    if not hasattr(expression, "free_symbols"):
        raise InvalidNetwork(f"a definition needs a SymPy expression, not {expression!r}")
    return expression


def _properties(flags: Mapping[str, Any]) -> list[str]:
    """`symmetric=True` → "symmetric"; `distribution=1` → "distribution:1"."""
    found = []
    for name, value in flags.items():
        if name not in PROPERTIES:
            raise InvalidNetwork(f"symgrad knows no property {name!r}; {nearest(name, PROPERTIES)}")
        if value is not False and value is not None:
            found.append(f"{name}:{int(value)}" if PROPERTIES[name].along_an_axis else name)
    return found


def exact_rows(value: Any, name: str) -> Rows:
    """A given value as exact rows: nested lists, a plain number, a list (a column), or an array; decimals stay exact.

    >>> exact_rows([[1, "1/2"], [0.1, -3]], "x")
    ((Fraction(1, 1), Fraction(1, 2)), (Fraction(1, 10), Fraction(-3, 1)))
    """
    if hasattr(value, "tolist"):
        value = value.tolist()
    if not isinstance(value, (list, tuple)):
        value = [[value]]
    if not value:
        raise InvalidGiven(f"the value given for {name} is empty")
    if not isinstance(value[0], (list, tuple)):
        value = [[entry] for entry in value]
    if any(not isinstance(row, (list, tuple)) or len(row) != len(value[0]) or not row for row in value):
        raise InvalidGiven(f"the value given for {name} needs rows of one length")
    try:
        return tuple(tuple(_exact(entry) for entry in row) for row in value)
    except (ValueError, TypeError, ZeroDivisionError):
        raise InvalidGiven(f"the value given for {name} has an entry that is no number") from None


def _exact(entry: Any) -> Fraction:
    if isinstance(entry, bool):
        raise TypeError
    return Fraction(str(entry)) if isinstance(entry, (float, str)) else Fraction(entry)
