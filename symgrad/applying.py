r"""Functions used by their definition: `f(w^T x)`, `L(w_0)`, `f'(2)`, `\nabla L(w_0)` where the sheet says what `f(z)` and `L(w)` are.

A value at other arguments than those of the definition is written out, with what is defined from the arguments in between; a derivative at
a point is the derivative by that point of what is so written out. Where nothing says what a function is, or it is one that the field knows
by name, its calls stay as they are.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

from symgrad import syntax as sx
from symgrad.constant import constant_of
from symgrad.heads import as_call, is_of_the_field, names_more
from symgrad.naming import plain_name, superscript
from symgrad.read import functions as fn
from symgrad.read.document import Sheet, Statement
from symgrad.span import Span
from symgrad.syntax import Node

_DEEPEST = 12
# `h = g(W x)` where `g(z) = …`: how many statements later a function may be said that is used.
_AHEAD = 4


def applied(sheet: Sheet) -> Sheet:
    """The sheet with the calls of its own functions written out."""
    known = _Known(elsewhere=frozenset(name for s in sheet.statements for name in _spoken_elsewhere(s.node)))
    out: list[Statement] = []
    for i, statement in enumerate(sheet.statements):
        known.problem = bisect_right(sheet.headings, statement.span.start)
        for ahead in sheet.statements[i : i + _AHEAD]:
            known.look_ahead(ahead.node, statement.node)
        made = _Written(known, statement.span)
        node = changed = statement.node
        known.forget(_heads(node))
        heads = [head for head in _heads(node) if not known.is_other(head)]
        if isinstance(node, sx.Relation) and heads:
            sides = (_head(node), *(made.of(side) for side in node.sides[1:]))
            same = all(a is b for a, b in zip(sides, node.sides, strict=True))
            changed = node if same else replace(node, sides=sides)
        else:
            changed = made.of(node)
        out += [replace(statement, node=point, span=_nowhere(statement.span), words="", words_after="") for point in made.points]
        out.append(replace(statement, node=changed))
        for name, arguments, body in heads:
            known.learn(name, arguments, changed.sides[1] if isinstance(changed, sx.Relation) else body)
    return replace(sheet, statements=out, scalars={name: frozenset(problems) for name, problems in known.scalars.items()})


def _spoken_elsewhere(node: Node) -> set[str]:
    """The names in a statement that stand there without an index, if it is no function of them, and gives them no number."""
    if isinstance(node, sx.Relation) and len(node.sides) == 2 and constant_of(node.sides[1]) is not None:
        return set()
    within = list(sx.walk(node))
    indexed = {id(n.base) for n in within if isinstance(n, sx.Scripted) and n.sub is not None}
    arguments = {plain_name(arg) for n in within if isinstance(called := as_call(n), sx.Call) for arg in called.args}
    found = {plain_name(n) for n in within if isinstance(n, sx.Name) and id(n) not in indexed}
    return {name for name in found - arguments if name is not None}


def _nowhere(span: Span) -> Span:
    return Span(span.start, span.start)


_Head = tuple[str, tuple[str, ...], Node]  # a name, its arguments, and the side that says what it is


@dataclass(frozen=True)
class _Function:
    arguments: tuple[str, ...]
    body: Node


@dataclass
class _Known:
    """What the sheet has defined so far: functions by their arguments, and quantities."""

    functions: dict[str, _Function] = field(default_factory=dict)
    bodies: dict[str, Node] = field(default_factory=dict)
    scalars: dict[str, set[int]] = field(default_factory=dict)  # and the numbers of the headings that they are such under
    elsewhere: frozenset[str] = frozenset()  # names that formulas speak of which are about no function of them
    problem: int = 0
    learnt_in: dict[str, int] = field(default_factory=dict)

    def forget(self, heads: Sequence[_Head]) -> None:
        """Under another heading `f(z) = …` is another f, where its argument is used and f itself is not."""
        for name, arguments, body in heads:
            spoken = _names(body)
            if self.learnt_in.get(name) not in (None, self.problem) and arguments and set(arguments) & spoken and name not in spoken:
                self.functions.pop(name, None)
                self.bodies.pop(name, None)

    def are_numbers(self, names: Iterable[str]) -> None:
        """Take note of arguments that are numbers."""
        for name in names:
            self.scalars.setdefault(name, set()).add(self.problem)

    def is_other(self, head: _Head) -> bool:
        """Whether a function that is known is spoken of at other arguments than those of its definition."""
        name, arguments, _ = head
        return bool(arguments) and name in self.functions and set(self.functions[name].arguments) != set(arguments)

    def learn(self, name: str, arguments: tuple[str, ...], body: Node) -> None:
        if any(isinstance(n, (sx.Dots, sx.Unread, sx.Blank)) for n in sx.walk(body)) or name in _names(body):
            return
        if arguments and name not in self.functions:
            self.functions[name] = _Function(arguments, body)
            self.learnt_in[name] = self.problem
        self.bodies.setdefault(name, body)

    def look_ahead(self, node: Node, used: Node) -> None:
        r"""Learn of a function before it is defined: one of numbers, or one used right before, `h(x^{(i)})` where `h(x) = …`."""
        own = {name for name, arguments, _ in _heads(used) if arguments}  # at the x of `f(x) = x^T A x` it is defined
        for name, arguments, body in _heads(node):
            spoken = {plain_name(n) for n in sx.walk(body) if isinstance(n, sx.Name) and fn.word_of(n.base) not in fn.WORDS}
            is_of_numbers = len(arguments) == 1 and name in fn.UNNAMED and spoken <= {*arguments, "e"}
            if is_of_numbers or (node is not used and arguments and name not in {*self.bodies, *own} and _is_called(used, name, arguments)):
                self.functions.setdefault(name, _Function(arguments, body))

    def rests_on(self, name: str, below: frozenset[str], depth: int = _DEEPEST) -> bool:
        """Whether a quantity is computed from one of the names."""
        body = self.bodies.get(name)
        return body is not None and depth > 0 and any(n in below or self.rests_on(n, below, depth - 1) for n in _names(body))


def _heads(node: Node) -> list[_Head]:
    """What a statement defines."""
    if not isinstance(node, sx.Relation) or len(node.sides) < 2 or node.operators[0] not in ("=", ":=", "equiv", "triangleq"):
        return []
    if not any(isinstance(n, sx.Name) for n in sx.walk(node.sides[1])):
        return []  # a value, at the point that stands in brackets
    head = as_call(node.sides[0])
    if isinstance(head, sx.Call) and head.brackets == "(" and not head.bare:
        name = plain_name(head.function)
        arguments = [plain_name(arg) for arg in head.args]
        if name is None or name.endswith("'") or not arguments or is_of_the_field(head, node.sides[1]):
            return []
        plain = tuple(a for a in arguments if a is not None)
        return [(name, plain, node.sides[1])] if len(plain) == len(arguments) else []
    name = plain_name(head)
    return [] if name is None else [(name, (), node.sides[1])]


def _is_called(node: Node, name: str, arguments: tuple[str, ...]) -> bool:
    """Whether a function stands in a formula at other arguments than those that it is defined with."""
    pairs = (
        as_call(sx.Product(a.span.to(b.span), (a, b), ("",)))
        for n in sx.walk(node)
        if isinstance(n, sx.Product)
        for a, b in pairwise(n.factors)
        if plain_name(a) == name
    )
    calls = [n for n in (*pairs, *sx.walk(node)) if isinstance(n, sx.Call) and plain_name(n.function) == name]
    return any(len(n.args) == len(arguments) and tuple(map(plain_name, n.args)) != arguments for n in calls)


def _head(node: sx.Relation) -> Node:
    """The side that is defined: `f(x, W) = W x` defines f, as nothing else could tell what its arguments are."""
    head = as_call(node.sides[0])
    arguments = [plain_name(arg) for arg in head.args] if isinstance(head, sx.Call) else []
    if len(arguments) < 2 or names_more(node.sides[1:], frozenset(a for a in arguments if a is not None)):
        return node.sides[0]
    assert isinstance(head, sx.Call)
    return head.function


def _names(node: Node) -> set[str]:
    """The names in a formula, with and without their scripts."""
    found = {plain_name(n) for n in sx.walk(node) if isinstance(n, (sx.Name, sx.Scripted))}
    return {name for name in found if name is not None}


class _Refused(Exception):
    """A formula that cannot be written out at other arguments."""


class _Written:
    """One statement with its calls written out, and the points that had to be named for it."""

    def __init__(self, known: _Known, span: Span) -> None:
        self.known, self.span = known, span
        self.points: list[Node] = []

    def of(self, node: Node) -> Node:
        node = self._with_calls(node) if isinstance(node, sx.Product) else node
        made = self._whole(node)
        if made is not None:
            return made
        changed = {}
        for name in sx.field_names(type(node)):
            value = getattr(node, name)
            new = self._inside(value)
            if new is not value:
                changed[name] = new
        # The new values have the types of the old ones.
        return replace(node, **changed) if changed else node  # type: ignore[arg-type]

    def _with_calls(self, node: sx.Product) -> Node:
        """A product in which a letter and the bracket behind it are a call, where the letter is a function that is known."""
        factors, operators = [node.factors[0]], list[str]()
        for operator, factor in zip(node.operators, node.factors[1:], strict=True):
            pair = sx.Product(factors[-1].span.to(factor.span), (factors[-1], factor), ("",))
            call = as_call(pair) if not operator else pair
            if isinstance(call, sx.Call) and self._function(call) is not None:
                factors[-1] = call
            else:
                factors.append(factor)
                operators.append(operator)
        if len(factors) == len(node.factors):
            return node
        return factors[0] if len(factors) == 1 else replace(node, factors=tuple(factors), operators=tuple(operators))

    def _function(self, call: sx.Call) -> _Function | None:
        """The definition of what is called, perhaps with primes."""
        named = replace(call.function, primes=0) if isinstance(call.function, sx.Scripted) else call.function
        function = self.known.functions.get(plain_name(named) or "")
        return function if function is not None and len(call.args) == len(function.arguments) and call.brackets == "(" else None

    def _inside(self, value: object) -> object:
        if isinstance(value, Node):
            return self.of(value)
        if isinstance(value, tuple):
            made = tuple(map(self._inside, value))
            return value if all(a is b for a, b in zip(made, value, strict=True)) else made
        return value

    def _whole(self, node: Node) -> Node | None:
        """A call or a derivative at a point, written out; None where the node is neither."""
        try:
            match node:
                case sx.Derivative(of=sx.At(of=inner, point=point)):
                    return self._derivative(replace(node, of=inner), self._assignments(self._variables(inner, node.wrt), point))
                case sx.At(of=sx.Derivative(of=inner) as derivative, point=point) if inner is not None:
                    return self._derivative(derivative, self._assignments(self._variables(inner, derivative.wrt), point))
                case sx.At(of=inner, point=point):
                    return self._at(inner, self._assignments(self._variables(inner, ()), point))
                case sx.Derivative(of=sx.Call() as call):
                    given = self._arguments(call)
                    if not given and not node.wrt and len(call.args) > 1 and self._function(call) is not None:
                        return _gradient(node, call.function, call.args)
                    return self._derivative(node, given)
                case sx.Derivative(of=sx.Name() as function, wrt=(), form="operator"):
                    return self._slopes(node, function)
                case sx.Product(
                    factors=(sx.Derivative(of=inner, wrt=(variable,)) as derivative, sx.Group(open="(", body=point)), operators=("",)
                ):
                    if inner is not None and _same_letter(variable, point):
                        return self._derivative(derivative, self._assignments([plain_name(variable)], point))
                case sx.Call(function=sx.Scripted(primes=primes, sup=None)) if primes:
                    return self._primed(node, primes)
                case sx.Call():
                    return self._called(node)
        except _Refused:
            pass
        return None

    def _slopes(self, node: sx.Derivative, function: sx.Name) -> Node | None:
        r"""`\nabla f`, `\nabla^2 f` of a function of several numbers: a column of derivatives, a matrix of second ones."""
        known = self.known.functions.get(plain_name(function) or "")
        order = 1 if node.order is None else constant_of(node.order)
        if known is None or len(known.arguments) < 2 or order not in (1, 2) or not self._are_numbers(known):
            return None
        self.known.are_numbers(known.arguments)
        variables = [sx.Name(node.span, name) for name in known.arguments]
        first = replace(node, order=None)
        if order == 1:
            return sx.Matrix(node.span, tuple((replace(first, wrt=(v,)),) for v in variables))
        rows = (tuple(replace(node, wrt=(v, w), kind="partial", form="fraction") for w in variables) for v in variables)
        return sx.Matrix(node.span, tuple(rows))

    def _are_numbers(self, function: _Function) -> bool:
        """Whether a function of single letters is computed by sums, products and powers of them alone, as one of numbers is."""
        inside = [n for n in sx.walk(function.body) if isinstance(n, (sx.Name, sx.Scripted))]
        plain = all(len(name) == 1 and name.islower() for name in function.arguments)
        turned = any(isinstance(n, sx.Scripted) and superscript(n.sup).transposed for n in inside)
        spoken = {plain_name(n) for n in inside if isinstance(n, sx.Name)}
        return plain and not turned and spoken <= {*function.arguments, "e"}

    def _called(self, call: sx.Call) -> Node | None:
        function = self._function(call)
        if function is None:
            return None
        given = self._arguments(call)
        return self._at(function.body, given) if given else call.function

    def _arguments(self, call: sx.Call) -> dict[str, Node]:
        """What a call puts for the arguments of the function's definition; nothing where it is the definition's own."""
        function = self._function(call)
        if function is None:
            return {}
        names = [plain_name(arg) for arg in call.args]
        if set(names) & set(function.arguments):
            return {}  # its own arguments, in whatever order they are written
        given = {name: self.of(arg) for name, arg in zip(function.arguments, call.args, strict=True)}
        if len(given) == 1 and constant_of(call.args[0]) == 0 and not self._are_numbers(function):
            return {name: _of_its_size(value, name) for name, value in given.items()}
        return self._learnt(given)

    def _learnt(self, given: dict[str, Node]) -> dict[str, Node]:
        """The same; an argument for which a number is put is a number."""
        self.known.are_numbers(name for name, value in given.items() if constant_of(value) is not None)
        return given

    def _variables(self, of: Node, wrt: tuple[Node, ...]) -> list[str | None]:
        """By what is differentiated; where it is not said, the one argument of the function."""
        function = self.known.functions.get(plain_name(of.function if isinstance(of, sx.Call) else of) or "")
        return [plain_name(w) for w in wrt] or list(function.arguments if function is not None else ())

    def _assignments(self, variables: list[str | None], point: Node) -> dict[str, Node]:
        """What `|_{w = w_0}`, `|_{w_0}` and `(w_0)` behind a derivative put for its variable."""
        items = point.items if isinstance(point, sx.Listing) else (point,)
        found: dict[str, Node] = {}
        for item in items:
            if isinstance(item, sx.Relation) and len(item.sides) == 2:
                name, value = plain_name(item.sides[0]), item.sides[1]
            elif len(variables) == 1:
                name, value = variables[0], item
            else:
                raise _Refused
            if name is None:
                raise _Refused
            found[name] = self.of(value)
        return self._learnt(found)

    def _at(self, body: Node, given: Mapping[str, Node]) -> Node:
        """A formula at other values of the names in it."""
        if not given:
            raise _Refused
        return sx.Group(self.span, "(", ")", _put(body, given, self.known, _DEEPEST))

    def _derivative(self, node: sx.Derivative, given: Mapping[str, Node]) -> Node | None:
        r"""`\nabla L(w_0)`: the derivative by the point of the function at the point."""
        if not given or node.of is None:
            return None
        of = self._body(node.of)
        asked = [plain_name(w) for w in node.wrt] or list(given)
        if of is None or any(name not in given for name in asked):
            return None
        if len(given) == 1:
            given = {name: _of_its_size(value, name) for name, value in given.items()}
        points = {name: self._point(name, value) for name, value in given.items()}
        wrt = tuple(points[name] for name in asked if name is not None)
        return _gradient(node, self._at(of, points), wrt)

    def _body(self, node: Node) -> Node | None:
        """What is differentiated, written out so far that its variable is met."""
        name = plain_name(node.function if isinstance(node, sx.Call) else node)
        return self.known.bodies.get(name) if name is not None else None if isinstance(node, sx.Call) else node

    def _primed(self, node: sx.Call, primes: int) -> Node | None:
        """`f'(x)`, `f''(x)` of a function of numbers that works on every entry."""
        function = self._function(node)
        if function is None or len(function.arguments) != 1 or primes > 3:
            return None
        (argument,) = function.arguments
        own = plain_name(node.args[0]) == argument
        of_numbers = self._are_numbers(function) and argument not in self.known.elsewhere
        if own and (of_numbers or _names(function.body) <= {argument, "e", *self.known.functions}):
            self.known.are_numbers([argument])
        point = node.args[0] if own else self._point(argument, self.of(node.args[0]))
        made: Node = function.body if own else self._at(function.body, {argument: point})
        for _ in range(primes):
            total = sx.Call(node.span, sx.Name(node.span, "sum"), (made,))
            made = sx.Derivative(node.span, total, (point,), kind="d")
        return made

    def _point(self, name: str, value: Node) -> Node:
        """A name for the point at which something is differentiated; the point itself where it has one."""
        inner = value.body if isinstance(value, sx.Group) else value
        if plain_name(inner) is not None:
            return inner
        at = sx.Name(_nowhere(self.span), f"{name}^*" if not self.points else f"{name}^{{*{len(self.points) + 1}}}")
        if isinstance(inner, sx.Product) and constant_of(inner.factors[0]) == 0:
            at = replace(at, base=f"{name}^{{*0}}")  # which is always the same
        self.points.append(sx.Relation(_nowhere(self.span), (at, inner), ("=",)))
        return at


def _gradient(node: sx.Derivative, of: Node, wrt: tuple[Node, ...]) -> Node:
    r"""The derivative by one variable, or `\nabla f(x, y)`: a column of those by each."""
    if node.wrt or len(wrt) == 1:
        return replace(node, of=of, wrt=wrt)
    return sx.Matrix(node.span, tuple((replace(node, of=of, wrt=(variable,)),) for variable in wrt))


def _of_its_size(value: Node, name: str) -> Node:
    """What is put for a name: the 0 of `L(0)` is as large as w, which `0 w` says."""
    return sx.Product(value.span, (value, sx.Name(value.span, name)), ("",)) if constant_of(value) == 0 else value


def _same_letter(variable: Node, point: Node) -> bool:
    """`w` and `w_0`, `w^{(1)}`."""
    bare = point.base if isinstance(point, sx.Scripted) else None
    return isinstance(bare, sx.Name) and isinstance(variable, sx.Name) and bare.base == variable.base


def _put(node: Node, given: Mapping[str, Node], known: _Known, depth: int) -> Node:
    """The formula with values for names, also in what is defined from them."""
    if depth == 0:
        raise _Refused
    if isinstance(node, (sx.Name, sx.Scripted)):
        name = plain_name(node)
        if name is not None and name in given:
            value = given[name]
            return value if isinstance(value, (sx.Name, sx.Group)) else sx.Group(node.span, "(", ")", value)
        if name is not None and known.rests_on(name, frozenset(given)):
            made = _put(known.bodies[name], given, known, depth - 1)
            return sx.Group(node.span, "(", ")", made)
        if isinstance(node, sx.Scripted) and isinstance(node.base, sx.Name):
            bare = plain_name(node.base)
            touched = bare in given or (bare is not None and known.rests_on(bare, frozenset(given)))
            script = superscript(node.sup)
            if node.sub is not None and script.power is not None and plain_name(replace(node, sup=None)) in given:
                base = _put(replace(node, sup=None), given, known, depth)  # the power of `w_1`
                return sx.Scripted(node.span, base, None, _put(script.power, given, known, depth))
            if touched and (node.sub is not None or (script.label and script.power is None)):
                raise _Refused
            base = _put(node.base, given, known, depth) if touched else node.base
            above = node.sup if node.sup is None or script.power is None else _put(node.sup, given, known, depth)
            return replace(node, base=base, sup=above)
        if isinstance(node, sx.Name):
            return node

    def inside(value: object) -> object:
        if isinstance(value, Node):
            return _put(value, given, known, depth)
        if isinstance(value, tuple):
            return tuple(map(inside, value))
        return value

    changed = {name: inside(getattr(node, name)) for name in sx.field_names(type(node))}
    # The new values have the types of the old ones.
    return replace(node, **changed)  # type: ignore[arg-type]
