"""NumPy as people type it → a network: `sum((relu(X@W1 + b)@W2 - Y)**2)`.

    text ::= definition ((";" | newline) definition)*      definition ::= [name "="] expression

The text is parsed by Python's `ast`, held against a list of what is allowed, and never evaluated. What nobody declares is inferred: sizes
by unification, and what a name is by its letter (lower case a column, upper case a matrix, Greek a scalar), or otherwise where
something speaks against that: of all choices the one is taken that the least speaks against.
Source of the search: Hart, Nilsson, Raphael, *A formal basis for the heuristic determination of minimum cost paths* (1968).
"""

from __future__ import annotations

import ast
import heapq
import re
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import count

from symgrad import names
from symgrad.dims import ONE, Dim, Shape, show
from symgrad.errors import InvalidExpression, InvalidNetwork, ShapeError, SymgradError, UnknownName, Unsupported, nearest
from symgrad.form import apply, matrix, symbols, walk
from symgrad.network import Network
from symgrad.properties import PROPERTIES, along
from symgrad.read import choosing
from symgrad.read.arrays import Array, Refused, Typing, kinds_in_order, literal, sized, stem
from symgrad.read.call import Call, whole
from symgrad.read.calls import CALLS, METHODS, SIZED, TENSOR_METHODS, called, powered
from symgrad.read.declared import divided, quotient_sizes, read_properties, read_shapes
from symgrad.read.functions import word_of
from symgrad.read.losses import CLASSES
from symgrad.read.shaping import of_blocks
from symgrad.shapes import Shapes
from symgrad.span import Source, Span

_LONGEST = 10_000
_DEEPEST = 80
_MOST_NODES = 4_000
_MOST_DIGITS = 60
_LARGEST_EXPONENT = 64
_MOST_TRIED = 300
_FLIPPED, _MADE_SCALAR, _IMPOSSIBLE = 1.0, 2.0, 1000.0

MODULES = frozenset({"np", "numpy", "jnp", "jax", "torch", "tf", "math", "scipy", "linalg", "special", "nn", "functional", "F", "sp"})
"""The names of modules that functions are looked up in; what a function is does not depend on its module."""

# Python does not let a name be called lambda; this one of the same length stands for it while the text is parsed.
_LAMBDA = "lambdą"
# What the last expression is called when nobody names it: as a loss, or as what may have any shape.
_LOSSES = ("L", "J", "loss", "objective")
_FUNCTIONS = ("f", "g", "u", "output")
_PARAMETERS = frozenset({"W", "w", "b", "U", "V", "u", "v", "theta", "Theta", "bias", "weights", "params"})


@dataclass(frozen=True)
class Assignment:
    """One definition of the text: its name (None where none is written), its place, its tree; of `h[t] = …` the index."""

    name: str | None
    tree: ast.expr
    span: Span
    index: ast.expr | None = None


def network_of(
    text: str, dims: str = "", given: Mapping[str, tuple[int, int]] | None = None, assumed: str = "", scalar: bool = True
) -> Network:
    """The network of an expression; `dims` declares shapes as `--dims` does, `given` has the sizes of values that are given.

    `assumed` declares properties as `--assume` does: rewrites hold by them, and values are drawn so; derivatives are as without them.
    What is defined last is a loss, a `scalar`, unless it is said to be of any shape.

    Raises `SymgradError`, with the place and a caret, for what cannot be read or does not go together.

    >>> print(network_of("sum((X@w - y)**2)"))
      X  data       n×d
      w  parameter  d×1
      y  data       n×1
      L = Σ (X w − y)²  scalar
    """
    source = Source(text, "--expr")
    try:
        return network_of_assignments(source, assignments(source), read_shapes(dims), given or {}, read_properties(assumed), scalar)
    except Refused as refused:
        raise refused.at(source) from None


def network_of_assignments(
    source: Source,
    found: Sequence[Assignment],
    shapes: Mapping[str, Shape],
    given: Mapping[str, tuple[int, int]],
    properties: Mapping[str, frozenset[str]],
    scalar: bool = True,
) -> Network:
    """The network of definitions that are parsed. Raises `Refused` where they do not go together."""
    vocabulary = _Vocabulary.of(source, found, shapes, given, properties, scalar)
    typing, arrays = _best(vocabulary)
    return _built(vocabulary, typing, arrays)


# ── text → trees ─────────────────────────────────────────────────────────────────────────────────────────────────────


def assignments(source: Source) -> list[Assignment]:
    """The definitions of a text. Raises `Refused` for one that is not Python, or too long, too deep or too large."""
    if len(source.text) > _LONGEST:
        raise Refused(InvalidExpression, f"an expression of {len(source.text)} characters; {_LONGEST} are read", Span(0, 1))
    found = [_assignment(source, piece) for piece in _pieces(source)]
    if not found:
        raise Refused(InvalidExpression, "there is no expression", Span(0, 0))
    for assignment in found[:-1]:
        if assignment.name is None:
            raise Refused(InvalidExpression, "only the last expression may be without a name; write H = … in front", assignment.span)
    seen: set[str] = set()
    for assignment in found:
        head = assignment.name if assignment.index is None else f"{assignment.name}[{ast.unparse(assignment.index)}]"
        if head in seen:
            raise Refused(InvalidNetwork, f"{head} is defined twice; a definition is written once", assignment.span)
        seen |= {head} if head else set()
    return found


def _pieces(source: Source) -> Iterator[Span]:
    """The stretches between semicolons and ends of lines that stand in no bracket."""
    depth, start = 0, 0
    for i, char in enumerate(source.text):
        depth += (char in "([{") - (char in ")]}")
        if char == ";" or (char in "\r\n" and depth <= 0):
            yield from _trimmed(source, start, i)
            start, depth = i + 1, 0
    yield from _trimmed(source, start, len(source.text))


def _trimmed(source: Source, start: int, end: int) -> Iterator[Span]:
    piece = source.text[start:end]
    if piece.strip():
        yield Span(start + len(piece) - len(piece.lstrip()), end - (len(piece) - len(piece.rstrip())))


def _assignment(source: Source, span: Span) -> Assignment:
    # Inside brackets a line may end; it is a space here, so that places stay where they are.
    written = re.sub(r"[\r\n\t]", " ", source.slice(span))
    written = re.sub(r"(?<![\w.])lambda(?!\w)(?!\s*\w*\s*:)", _LAMBDA, written)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            body = ast.parse(written).body
    except SyntaxError as error:
        at = min(max((error.offset or 1) - 1, 0), len(written) - 1)
        raise Refused(InvalidExpression, f"this is no expression: {error.msg}", Span(span.start + at, span.start + at + 1)) from None
    except (ValueError, MemoryError, RecursionError) as error:
        raise Refused(InvalidExpression, f"this is no expression: {error or 'it is nested too deeply'}", span) from None
    _placed(body, written, span.start)
    statement = body[0]
    if len(body) == 1 and isinstance(statement, ast.Expr):
        name, tree = None, statement.value
    elif (
        len(body) == 1 and isinstance(statement, ast.Assign) and len(statement.targets) == 1 and isinstance(statement.targets[0], ast.Name)
    ):
        name, tree = _plain(statement.targets[0].id), statement.value
    elif isinstance(statement, ast.Assign) and len(body) == len(statement.targets) == 1 and (head := _indexed(statement.targets[0])):
        return _of_this_step(Assignment(head[0], statement.value, span, head[1]))
    else:
        raise Refused(InvalidExpression, "a definition is written name = expression", span)
    return Assignment(name, tree, span)


def _indexed(target: ast.expr) -> tuple[str, ast.expr] | None:
    """The name and the index of `h[t]`, which is defined for each step, or of `h[0]`."""
    if not isinstance(target, ast.Subscript) or not isinstance(target.value, ast.Name):
        return None
    return (target.value.id, target.slice) if isinstance(target.slice, (ast.Name, ast.Constant, ast.BinOp)) else None


def _of_this_step(assignment: Assignment) -> Assignment:
    """`h[t+1] = f(h[t])` as `h[t] = f(h[t-1])`."""
    index = assignment.index
    if not isinstance(index, ast.BinOp):
        return assignment
    letter, ahead = index.left, index.right
    if not (isinstance(letter, ast.Name) and isinstance(ahead, ast.Constant) and isinstance(index.op, (ast.Add, ast.Sub))):
        raise Refused(InvalidExpression, "a step is defined as h[t] = … or h[t+1] = …", assignment.span)
    step = letter.id
    back: ast.operator = ast.Sub() if isinstance(index.op, ast.Add) else ast.Add()

    class Earlier(ast.NodeTransformer):
        """t as t − 1."""

        def visit_Name(self, node: ast.Name) -> ast.AST:
            return ast.copy_location(ast.BinOp(node, back, ahead), node) if node.id == step else node

    return replace(assignment, tree=Earlier().visit(assignment.tree), index=letter)


def _placed(body: Sequence[ast.stmt], written: str, start: int) -> None:
    """Places as characters of the whole text, where `ast` counts bytes of a line; and the bounds on size and depth."""
    at_byte = [i for i, char in enumerate(written) for _ in char.encode("utf-8", "surrogatepass")] + [len(written)]
    stack: list[tuple[ast.AST, int]] = [(statement, 0) for statement in body]
    nodes = 0
    while stack:
        node, depth = stack.pop()
        nodes += 1
        if isinstance(node, (ast.expr, ast.stmt, ast.keyword)):
            node.col_offset, node.end_col_offset = start + at_byte[node.col_offset], start + at_byte[node.end_col_offset or 0]
        if depth > _DEEPEST or nodes > _MOST_NODES:
            bound = f"deeper than {_DEEPEST} levels" if depth > _DEEPEST else f"of more than {_MOST_NODES} pieces"
            raise Refused(InvalidExpression, f"an expression {bound}; give its parts names", Span(start, start + len(written)))
        stack.extend((child, depth + 1) for child in ast.iter_child_nodes(node))


def _plain(name: str) -> str:
    """A name as it is meant: `lambda_`, and the name that stands for lambda, are lambda."""
    return "lambda" if name in (_LAMBDA, "lambda_") else name


# ── what is declared, and what names may be ──────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class _Vocabulary:
    """What is known before anything is typed: the definitions, the declared shapes, the sizes, and what each other name may be."""

    source: Source
    definitions: tuple[Assignment, ...]
    shapes: Mapping[str, Shape]
    sizes: frozenset[str]
    kinds: Mapping[str, tuple[str, ...]]
    lengths: Mapping[str, Dim]
    properties: Mapping[str, frozenset[str]]
    loss: str
    scalar: bool
    quotients: Shapes

    def size(self, name: str) -> Dim:
        """The size of that name; of one that is divided by another, `d//h`, what it is then."""
        return self.quotients.resolve(Dim.of(name))

    @classmethod
    def of(
        cls,
        source: Source,
        found: Sequence[Assignment],
        shapes: Mapping[str, Shape],
        given: Mapping[str, tuple[int, int]],
        properties: Mapping[str, frozenset[str]],
        scalar: bool,
    ) -> _Vocabulary:
        used = list(dict.fromkeys(name for a in found for name in _names_in(a.tree, "pi" in shapes)))
        defined = {a.name for a in found if a.name}
        sizes = {name for shape in shapes.values() for dim in shape for name in dim.symbols} - set(shapes)
        sizes |= {name for a in found for name in _sizes_in(a.tree)} - set(shapes) - defined
        divided_sizes = {pair for a in found for pair in _divided(a.tree) if not set(pair) & (set(shapes) | defined)}
        sizes |= {name for pair in divided_sizes for name in pair}
        shapes = divided(shapes, divided_sizes)
        for name in shapes:
            if name not in used and name not in defined:
                raise UnknownName(f"--dims: the expression has no {name}; {nearest(name, used)}")
        for name in properties:
            if name not in used or name in defined or name in sizes:
                raise UnknownName(f"--assume: the expression has no input {name}; {nearest(name, [n for n in used if n not in defined])}")
        square = {name for name, held in properties.items() if any(PROPERTIES[p].square for p in held)}
        lengths = {name: shape[0] for name, shape in shapes.items() if len(shape) == 1 and name not in defined}
        shapes = {name: shape for name, shape in shapes.items() if name not in lengths}
        kinds = {
            name: ("column", "row") if name in lengths else ("matrix",) if name in square else _kinds(name, given.get(name))
            for name in used
            if name not in shapes and name not in defined and name not in sizes
        }
        kinds |= {name: ("scalar",) for name in _counts(found) if name in kinds}
        free = (name for name in (_LOSSES if scalar else _FUNCTIONS) if name not in used)
        loss = next(name for name in free)
        named = [replace(a, name=a.name or loss) for a in found]
        if len({a.name for a in named}) < len(named):
            raise Refused(InvalidExpression, f"{loss} is defined already; give the last expression a name of its own", found[-1].span)
        quotients = quotient_sizes(divided_sizes)
        return cls(source, tuple(named), shapes, frozenset(sizes), kinds, lengths, properties, named[-1].name or loss, scalar, quotients)


def _counts(found: Sequence[Assignment]) -> set[str]:
    """The N and the T by which something is divided, and that stand elsewhere as powers only: how many there are, and a temperature."""
    nodes = [node for a in found for node in ast.walk(a.tree)]
    below = [node.right for node in nodes if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div)]
    divisors = {id(leaf) for node in below for leaf in _factors(node)}
    powers = {id(node.left) for node in nodes if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow)}
    named = [node for node in nodes if isinstance(node, ast.Name) and node.id in ("N", "T")]
    return {node.id for node in named if id(node) in divisors} - {node.id for node in named if id(node) not in divisors | powers}


def _factors(node: ast.expr) -> Iterator[ast.expr]:
    """What is multiplied: the 2 and the N of `2*N`."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
        yield from _factors(node.left)
        yield from _factors(node.right)
    else:
        yield node


def _names_in(tree: ast.expr, pi: bool = False) -> Iterator[str]:
    """The names of quantities, in the order in which they are written; whether `pi` is one."""
    functions = {id(n.func) for n in ast.walk(tree) if isinstance(n, ast.Call)}
    found = [n for n in ast.walk(tree) if isinstance(n, ast.Name) and id(n) not in functions and (pi or n.id != "pi") and not _is_module(n)]
    inside = {id(n.value) for n in ast.walk(tree) if isinstance(n, ast.Attribute) and _is_module(n.value)}
    for node in sorted(found, key=lambda n: n.col_offset):
        if id(node) not in inside:
            yield _plain(node.id)


def _is_range(node: ast.expr) -> bool:
    """Every place of an axis in order: `np.arange(n)`, `range(len(y))`."""
    return isinstance(node, ast.Call) and (_dotted(node.func) or "").rpartition(".")[2] in ("arange", "range") and len(node.args) == 1


def _is_module(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id in ("np", "numpy", "jnp", "torch", "tf", "math", "scipy")


def _sizes_in(tree: ast.expr) -> Iterator[str]:
    """The names that stand where a size is asked for: the d of `eye(d)`."""
    for call in (n for n in ast.walk(tree) if isinstance(n, ast.Call)):
        word = word_of(_dotted(call.func) or "")
        if word in SIZED:
            for arg in call.args if _is_method(call) else call.args[SIZED[word]]:
                yield from _free_names(arg)


def _divided(tree: ast.expr) -> Iterator[tuple[str, str]]:
    """The d and the h of `d//h`, which are sizes."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.BinOp) or not isinstance(node.op, ast.FloorDiv):
            continue
        if isinstance(node.left, ast.Name) and isinstance(node.right, ast.Name):
            yield _plain(node.left.id), _plain(node.right.id)


def _free_names(node: ast.AST) -> Iterator[str]:
    """The names of a size, but for those whose shape or length is asked for."""
    if isinstance(node, ast.Name):
        yield _plain(node.id)
    elif not isinstance(node, (ast.Attribute, ast.Call)):
        for child in ast.iter_child_nodes(node):
            yield from _free_names(child)


def _is_method(call: ast.Call) -> bool:
    return isinstance(call.func, ast.Attribute) and not _from_module(call.func)


def _is_correlation(node: ast.Subscript) -> bool:
    """Whether it is what is beside the diagonal of `np.corrcoef(x, y)[0, 1]`."""
    of_two = isinstance(node.value, ast.Call) and word_of(_dotted(node.value.func) or "") == "corrcoef" and len(node.value.args) == 2
    places = node.slice.elts if isinstance(node.slice, ast.Tuple) else []
    return of_two and sorted(whole(place) or 0 for place in places) == [0, 1]


def _is_pair(node: ast.expr) -> bool:
    """Whether it is a call of PyTorch that gives a pair, or a tuple: `torch.max(X, dim=1)`, `torch.autograd.grad(f, x)`."""
    if not isinstance(node, ast.Call):
        return False
    dotted = _dotted(node.func) or (node.func.attr if isinstance(node.func, ast.Attribute) else "")
    word, is_torch = word_of(dotted), dotted.startswith("torch.") or any(k.arg == "dim" for k in node.keywords)
    along = len(node.args) > 1 or any(k.arg == "dim" for k in node.keywords)
    return is_torch and (word in ("sort", "grad") or (word in ("max", "min", "median") and along))


def _from_module(node: ast.Attribute) -> bool:
    """Whether it is a function of a module: `np.linalg.inv`."""
    root = (_dotted(node) or "").split(".")[0]
    return root in MODULES and (root != "F" or word_of(node.attr) not in METHODS)


def _is_new(place: ast.expr) -> bool:
    """Whether it makes a new axis: the None of `x[:, None]`, and `np.newaxis`."""
    if isinstance(place, (ast.Name, ast.Attribute)):
        return (_dotted(place) or "").rpartition(".")[2] == "newaxis"
    return isinstance(place, ast.Constant) and place.value is None


def _dotted(node: ast.expr) -> str | None:
    """`np.linalg.inv` as it is written; None for what is no chain of names."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        inner = _dotted(node.value)
        return None if inner is None else f"{inner}.{node.attr}"
    return None


def _kinds(name: str, given: tuple[int, int] | None) -> tuple[str, ...]:
    """What a name may be; the shape of a value that is given for it settles that."""
    usual = kinds_in_order(name, names.GREEK)
    if given is None:
        return usual
    if usual[0] == "matrix":
        return ("matrix",)
    rows, cols = given
    fits = {"scalar": rows == cols == 1, "column": cols == 1, "row": rows == 1}
    return tuple(kind for kind in usual if fits[kind]) or ("matrix",)


# ── the search for what names are ────────────────────────────────────────────────────────────────────────────────────

Typed = tuple[Typing, dict[str, Array]]


def _best(vocabulary: _Vocabulary) -> Typed:
    """The arrays of the definitions under the choice of kinds that the least speaks against."""
    serial = count()
    start = dict.fromkeys(vocabulary.kinds, 0)
    tried = {tuple(start.values())}
    cost, blamed, typed, refused = _typed(vocabulary, start)
    queue = [(cost, next(serial), start, blamed, typed)]
    first = refused
    best: tuple[float, Typed] | None = None
    while queue and len(tried) < _MOST_TRIED:
        cost, _, choice, blamed, typed = heapq.heappop(queue)
        if typed is not None and (best is None or cost < best[0]):
            best = cost, typed
        if not blamed or (best is not None and best[0] <= _flips(vocabulary, choice) + _FLIPPED):
            break
        for name in sorted(blamed):
            for kind in range(len(vocabulary.kinds.get(name, ()))):
                other = {**choice, name: kind}
                if tuple(other.values()) in tried:
                    continue
                if (
                    vocabulary.kinds[name][kind] == "scalar"
                    and name not in (typed[0] if typed else Typing(vocabulary.source)).beside_scalars
                ):
                    continue
                tried.add(tuple(other.values()))
                cost, further, made, _ = _typed(vocabulary, other)
                heapq.heappush(queue, (cost, next(serial), other, further, made))
    if best is None:
        assert first is not None
        raise first
    if best[0] >= _IMPOSSIBLE:
        raise _no_scalar(vocabulary, best[1])
    return best[1]


def _no_scalar(vocabulary: _Vocabulary, typed: Typed) -> Refused:
    typing, arrays = typed
    last = vocabulary.definitions[-1]
    typing.settle()
    array = arrays[vocabulary.loss]
    typing.lettered(array.shape)
    return Refused(InvalidNetwork, f"{last.name} is {typing.shown(array)}, and a gradient is of a scalar; sum it", last.span)


def _flips(vocabulary: _Vocabulary, choice: Mapping[str, int]) -> float:
    kinds = (vocabulary.kinds[name][k] for name, k in choice.items() if k)
    return sum(_MADE_SCALAR if kind == "scalar" else _FLIPPED for kind in kinds)


def _typed(vocabulary: _Vocabulary, choice: Mapping[str, int]) -> tuple[float, frozenset[str], Typed | None, Refused | None]:
    """The definitions under a choice of kinds: what it costs, which names are to blame, and the arrays, or why there are none."""
    kinds = {name: vocabulary.kinds[name][k] for name, k in choice.items()}
    taken = frozenset({*vocabulary.sizes, *kinds, *vocabulary.shapes, *(a.name for a in vocabulary.definitions if a.name)})
    reader = _Reader(vocabulary, kinds, Typing(vocabulary.source, taken))
    typing = reader.typing
    cost = _flips(vocabulary, choice)
    try:
        for definition in vocabulary.definitions:
            array = reader.array(definition.tree)
            assert definition.name is not None
            reader.defined[definition.name] = reader.as_declared(definition, array)
    except Refused as refused:
        if refused.kind is not ShapeError and not any(choice.values()):
            raise
        # The further it was read before something did not fit, the nearer it is to fitting.
        unread = 1 - refused.span.end / max(len(vocabulary.source.text), 1)
        return (2 + unread) * _IMPOSSIBLE + cost + typing.cost, refused.names, None, refused
    loss = reader.defined[vocabulary.loss]
    if vocabulary.scalar and not typing.is_scalar(loss):
        typing.blame(0.0, loss.names | typing.beside_scalars)
        cost += _IMPOSSIBLE
    return cost + typing.cost, frozenset(typing.blamed), (typing, reader.defined), None


# ── trees → typed arrays ─────────────────────────────────────────────────────────────────────────────────────────────


@dataclass
class _Reader:
    """Reads trees under one choice of kinds."""

    vocabulary: _Vocabulary
    kinds: Mapping[str, str]
    typing: Typing
    defined: dict[str, Array] = field(default_factory=dict)

    def span(self, node: ast.AST) -> Span:
        return Span(node.col_offset, node.end_col_offset)  # type: ignore[attr-defined]

    def as_declared(self, definition: Assignment, array: Array) -> Array:
        """A definition whose shape is declared too has to have it."""
        shape = self.vocabulary.shapes.get(definition.name or "")
        if shape is not None:
            known = shape or (ONE, ONE)
            if len(known) == 1:
                known = (ONE, *known) if self.typing.shapes.is_one(array.rows) else (*known, ONE)
            fits = len(known) == len(array.shape)
            met = self.typing.shapes.together(*zip(array.shape, known, strict=True)) if fits else None
            if met is None:
                raise self.typing.clash(f"{definition.name} is declared {show(shape)}", definition.span, array)
            self.typing.shapes = met
        return array

    def array(self, node: ast.expr) -> Array:
        """The typed array of a tree. Raises `Refused` for what is not allowed and what does not go together."""
        read = _ARRAYS.get(type(node))
        if read is None:
            what = _NOT_READ.get(type(node).__name__, f"a Python {type(node).__name__}")
            raise Refused(InvalidExpression, f"symgrad reads no {what} in an expression", self.span(node))
        return read(self, node)

    def _name(self, node: ast.Name) -> Array:
        name, span = _plain(node.id), self.span(node)
        if name in self.defined:
            known = self.defined[name]
            make = self.typing.declared(name, known.shape, span).make
            return replace(known, make=make, span=span, bare=None, names=known.names, literal=None, norm_of=None, ends=(name, name))
        if any(a.name == name for a in self.vocabulary.definitions):
            raise Refused(InvalidNetwork, f"{name} is used before it is defined", span)
        if name in self.vocabulary.shapes:
            return self._as_assumed(name, self.typing.declared(name, self.vocabulary.shapes[name], span))
        if name in self.vocabulary.sizes:
            return sized(self.vocabulary.size(name), span)
        if name == "pi":
            return self._pi(node)
        return self._as_assumed(name, self.typing.name(name, self.kinds[name], span, self.vocabulary.lengths.get(name)))

    def _as_assumed(self, name: str, array: Array) -> Array:
        """A matrix with a property that only square ones have is square."""
        for known in self.vocabulary.properties.get(name, ()):
            if PROPERTIES[known].square:
                self.typing.square(array, f"{known.replace('_', ' ')} is said", array.span)
        return replace(array, mask="mask" in self.vocabulary.properties.get(name, ()))

    def condition(self, node: ast.expr) -> Array:
        """What says where: a comparison, or an input of 0 and 1."""
        return self.typing.as_mask(self.array(node), (*self.kinds, *self.vocabulary.shapes))

    def is_mask(self, name: str) -> bool:
        """Whether an input is declared to be of 0 and 1."""
        return "mask" in self.vocabulary.properties.get(_plain(name), ())

    def _pi(self, node: ast.expr) -> Array:
        return Array(ONE, ONE, lambda _: apply("pi", ()), self.span(node))

    def _constant(self, node: ast.Constant) -> Array:
        span = self.span(node)
        if type(node.value) not in (int, float):
            raise Refused(InvalidExpression, f"{ast.unparse(node)[:20]} is no number", span)
        too_long = Refused(InvalidExpression, f"a number of more than {_MOST_DIGITS} digits", span)
        if isinstance(node.value, int):
            if node.value >= 10**_MOST_DIGITS:
                raise too_long
            return literal(Fraction(node.value), span)
        # As it is written: 0.1 is 1/10.
        written = self.vocabulary.source.slice(span).replace("_", "").lower()
        mantissa, _, exponent = written.partition("e")
        if len(mantissa) > _MOST_DIGITS or abs(int(exponent or 0)) > _MOST_DIGITS:
            raise too_long
        return literal(Fraction(written), span)

    def _unary(self, node: ast.UnaryOp) -> Array:
        if isinstance(node.op, ast.UAdd):
            return self.array(node.operand)
        if isinstance(node.op, ast.USub):
            return self.typing.negative(self.array(node.operand), self.span(node))
        if isinstance(node.op, ast.Invert) and (mask := self.condition(node.operand)).mask:
            return self._inverse_mask(mask, self.span(node))
        raise Refused(
            InvalidExpression, f"symgrad reads no {'~' if isinstance(node.op, ast.Invert) else 'not'} in an expression", self.span(node)
        )

    def _binary(self, node: ast.BinOp) -> Array:
        span, typing = self.span(node), self.typing
        if isinstance(node.op, ast.Pow):
            return self._power(node)
        if isinstance(node.op, ast.FloorDiv):
            return sized(self.size(node), span)
        if isinstance(node.op, (ast.BitAnd, ast.BitOr)):
            return self._masks_joined(node)
        combine = _OPERATORS.get(type(node.op))
        if combine is None:
            sign = {"BitXor": "^", "Mod": "%", "LShift": "<<", "RShift": ">>"}
            shown = sign.get(type(node.op).__name__, type(node.op).__name__)
            raise Refused(InvalidExpression, f"symgrad reads no {shown} in an expression", span)
        return combine(typing, self.array(node.left), self.array(node.right), span)

    def _power(self, node: ast.BinOp) -> Array:
        """A power entry by entry, `A**-1` too, as in NumPy."""
        span, base, above = self.span(node), self.array(node.left), self.array(node.right)
        exponent = above.literal
        if exponent is None:
            return powered(self.typing, base, above, span)
        if abs(exponent) > _LARGEST_EXPONENT or exponent.denominator > 1000:
            raise Refused(InvalidExpression, f"an exponent beyond {_LARGEST_EXPONENT}", self.span(node.right))
        if base.literal is not None:
            if exponent.denominator == 1 and (base.literal or exponent >= 0):
                return literal(base.literal ** int(exponent), span)
            if not base.literal:
                raise Refused(InvalidExpression, "a power of 0", span)
        if exponent == 2 and base.norm_of is not None:
            return self.typing.one("squared_norm", base.norm_of, ONE, ONE, span)
        if exponent == 1:
            return replace(base, span=span)
        op = {Fraction(2): "square", Fraction(1, 2): "sqrt"}.get(exponent)
        return self.typing.elementwise(op or "power", [base], span, () if op else (exponent,))

    def _attribute(self, node: ast.Attribute) -> Array:
        dotted = _dotted(node) or ""
        if dotted.split(".")[0] in MODULES and node.attr in ("pi",):
            return self._pi(node)
        if node.attr in ("T", "mT"):
            array = self.array(node.value)
            axes = range(len(array.shape))
            order = [*axes[:-2], axes[-1], axes[-2]]
            whole_order = node.attr == "T" or not array.lead
            return self.typing.transpose(array, self.span(node)) if whole_order else self.typing.permuted(array, order, self.span(node))
        if node.attr in ("values", "indices") and _is_pair(node.value):
            return self._of_pair(node, node.attr == "values")
        if node.attr == "size":
            return sized(self.size(node), self.span(node))
        raise Refused(Unsupported, f"symgrad reads no .{node.attr} in an expression; .T and .shape it does", self.span(node))

    def _compare(self, node: ast.Compare) -> Array:
        """A comparison as a mask of 0 and 1: 1[left − right > 0]; that of a mask with a number is the mask, or 1 less it."""
        span, typing = self.span(node), self.typing
        left, right = self.array(node.left), self.array(node.comparators[0])
        if isinstance(node.ops[0], (ast.Eq, ast.NotEq)) and right.literal in (0, 1):
            left = self.condition(node.left)
        if len(node.ops) == 1 and left.mask and right.literal is not None:
            holds = [_COMPARED[type(node.ops[0])](value, right.literal) for value in (0, 1) if type(node.ops[0]) in _COMPARED]
            if holds == [False, True]:
                return replace(left, span=span, bare=None)
            if holds == [True, False]:
                return self._inverse_mask(left, span)
        if len(node.ops) != 1 or not isinstance(node.ops[0], (ast.Gt, ast.GtE, ast.Lt, ast.LtE)):
            raise Refused(InvalidExpression, "a comparison is one of > >= < <=, between two sides, or of a mask with 0 or 1", span)
        if isinstance(node.ops[0], (ast.Lt, ast.GtE)):
            left, right = right, left
        gap = left if right.literal == 0 else typing.add([left, typing.negative(right, right.span)], span)
        mask = replace(typing.elementwise("step", [gap], span), mask=True)
        return mask if isinstance(node.ops[0], (ast.Gt, ast.Lt)) else self._inverse_mask(mask, span)

    def _masks_joined(self, node: ast.BinOp) -> Array:
        """Where both masks are 1; where one of them is, 1 − (1 − a)(1 − b)."""
        span = self.span(node)
        masks = [self.condition(side) for side in (node.left, node.right)]
        if not all(mask.mask for mask in masks):
            raise Refused(InvalidExpression, "& and | stand between comparisons and masks", span)
        if isinstance(node.op, ast.BitAnd):
            return replace(self.typing.times(masks[0], masks[1], span), mask=True)
        one, other = (self._inverse_mask(mask, span) for mask in masks)
        neither = self.typing.times(one, other, span)
        return self._inverse_mask(replace(neither, mask=True), span)

    def _inverse_mask(self, mask: Array, span: Span) -> Array:
        """1 where the mask is 0."""
        if mask.opposite is not None:
            return replace(mask.opposite, span=span)
        made = self.typing.add([literal(Fraction(1), span), self.typing.negative(mask, span)], span)
        return replace(made, mask=True, causal=mask.anticausal, anticausal=mask.causal, opposite=mask)

    def _call(self, node: ast.Call) -> Array:
        span = self.span(node)
        if any(isinstance(arg, ast.Starred) for arg in node.args) or any(k.arg is None for k in node.keywords):
            raise Refused(InvalidExpression, "symgrad reads no starred argument in an expression", span)
        keywords = {str(k.arg): k.value for k in node.keywords}
        if isinstance(node.func, ast.Attribute) and not _from_module(node.func):
            word = word_of(node.func.attr)
            if word not in METHODS and word not in TENSOR_METHODS:
                raise Refused(Unsupported, f"symgrad knows no method .{node.func.attr}; {nearest(word, METHODS)}", span)
            return called(Call(node.func.attr, [node.func.value, *node.args], keywords, span, self, is_method=True))
        dotted = _dotted(node.func)
        made = _dotted(node.func.func) if isinstance(node.func, ast.Call) and not node.func.args else None
        if made is not None and isinstance(node.func, ast.Call) and word_of(made) in CLASSES:
            keywords |= {str(k.arg): k.value for k in node.func.keywords}  # nn.MSELoss(reduction="sum")(X @ w, y)
            return called(Call(CLASSES[word_of(made)], node.args, keywords, span, self))
        if dotted is None:
            raise Refused(InvalidExpression, "only a function by its name can be called", self.span(node.func))
        word = word_of(dotted)
        if word == "len" and len(node.args) == 1:
            return sized(self.size(node), span)
        name = _plain(dotted)
        if word not in CALLS and (name in self.kinds or name in self.vocabulary.shapes or name in self.defined):
            raise Refused(InvalidExpression, f"{name} is no function; a product is written *, a matrix product @", span)
        return called(Call(dotted, node.args, keywords, span, self))

    def _list(self, node: ast.List | ast.Tuple) -> Array:
        """A matrix written out: `array([[1, 2], [3, 4]])`; a list of numbers is a column."""
        rows = [list(item.elts) if isinstance(item, (ast.List, ast.Tuple)) else [item] for item in node.elts]
        if not rows or not rows[0] or any(len(row) != len(rows[0]) for row in rows):
            raise Refused(InvalidExpression, "a matrix written out needs rows of one length", self.span(node))
        arrays = [[self.array(item) for item in row] for row in rows]
        values = [[array.literal for array in row] for row in arrays]
        flat = not any(isinstance(item, (ast.List, ast.Tuple)) for item in node.elts)
        if any(value is None for row in values for value in row):
            return self._of_scalars(node, arrays, flat)
        form = matrix([[value or Fraction(0) for value in row] for row in values])
        return Array(Dim.of(len(rows)), Dim.of(len(rows[0])), lambda _: form, self.span(node), flat=flat)

    def _of_scalars(self, node: ast.List | ast.Tuple, rows: list[list[Array]], flat: bool) -> Array:
        """A matrix whose entries are scalars that are no numbers."""
        for array in (array for row in rows for array in row):
            if not self.typing.is_scalar(array):
                said = "a matrix written out has scalars in it; block, hstack and vstack join matrices"
                raise Refused(ShapeError, said, array.span, array.names)
        return replace(of_blocks(self.typing, rows, self.span(node)), flat=flat)

    # ── sizes and slices ─────────────────────────────────────────────────────────────────────────────────────────────

    def size(self, node: ast.expr) -> Dim:
        """A size: a whole number, a name, `X.shape[0]`, `len(X)`, or sums and products of these."""
        value = whole(node)
        if value is not None and 0 < value <= 10**6:
            return Dim.of(value)
        if isinstance(node, ast.Name) and _plain(node.id) in self.vocabulary.sizes:
            return self.vocabulary.size(_plain(node.id))
        if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Attribute) and node.value.attr == "shape":
            array, axis = self.array(node.value.value), whole(node.slice)
            if axis is not None and -len(array.shape) <= axis < len(array.shape):
                return self.typing.shapes.resolve(array.shape[axis])
        if isinstance(node, ast.Call) and _dotted(node.func) == "len" and len(node.args) == 1:
            return self.typing.shapes.resolve(self.array(node.args[0]).shape[0])
        if isinstance(node, ast.Attribute) and node.attr == "size":
            total = ONE
            for dim in self.array(node.value).shape:
                total = total * self.typing.shapes.resolve(dim)
            return total
        if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Add, ast.Sub, ast.Mult, ast.FloorDiv)):
            left, right = (Dim.of(w) if (w := whole(side)) is not None else self.size(side) for side in (node.left, node.right))
            found = _ON_SIZES[type(node.op)](left, right)
            if found is not None:
                return found
        shown = self.vocabulary.source.slice(self.span(node))
        raise Refused(InvalidExpression, f"{shown} is no size: a whole number, a name, or X.shape[0]", self.span(node))

    def _subscript(self, node: ast.Subscript) -> Array:
        if isinstance(node.value, ast.Attribute) and node.value.attr == "shape":
            return sized(self.size(node), self.span(node))
        if isinstance(node.value, ast.Call) and word_of(_dotted(node.value.func) or "") == "slogdet" and whole(node.slice) == 1:
            return called(Call("logdet", node.value.args, {}, self.span(node), self))
        if _is_correlation(node):
            return called(Call("pearson", node.value.args, {}, self.span(node), self))  # type: ignore[attr-defined]
        if _is_pair(node.value) and (which := whole(node.slice)) is not None:
            return self._of_pair(node, which == 0)
        if choosing.chooses(self, node):
            raise Refused(Unsupported, choosing.HOW, self.span(node))
        array, span = self.array(node.value), self.span(node)
        places = list(node.slice.elts) if isinstance(node.slice, ast.Tuple) else [node.slice]
        if any(map(self._has_places, places)):
            return self._picked(array, places, span)
        if array.flat and len(places) > 2 and sum(not _is_new(p) for p in places) == 1:
            return self._among_new_axes(array, [_is_new(p) for p in places], span)
        if array.lead or sum(not _is_new(p) for p in places) > 2:
            return self._places(array, places, span)
        if any(map(_is_new, places)) and not (array.flat or self.typing.is_vector(array)):
            return self._places(array, places, span)
        if any(map(_is_new, places)):
            return self._new_axis(array, places, span)
        if len(places) == 1 and not array.lead and self.typing.shapes.is_one(array.rows) and not self.typing.shapes.is_one(array.cols):
            places = [ast.Slice(), places[0]]  # the places of a row
        whole_vector = self.typing.is_vector(array)
        for axis, place in enumerate(places):
            array = self._cut(array, axis, place, span)
        taken = [place for place in places if not isinstance(place, (ast.Slice, ast.List))]
        return replace(array, flat=len(taken) == 1) if not whole_vector else array

    def _of_pair(self, node: ast.Subscript | ast.Attribute, is_first: bool) -> Array:
        """The values of a function of PyTorch that gives them together with their places."""
        if not is_first:
            raise Refused(Unsupported, "symgrad has values, and not the places where they stand", self.span(node))
        return replace(self.array(node.value), span=self.span(node))

    def _has_places(self, node: ast.expr) -> bool:
        """Whether it is a name whose values are places: the labels of `P[arange(n), labels]`, the words of `E[words]`."""
        return isinstance(node, ast.Name) and _plain(node.id) in (*self.kinds, *self.vocabulary.shapes)

    def _picked(self, array: Array, places: Sequence[ast.expr], span: Span) -> Array:
        """Rows, columns or entries at the places that an input has, as products with rows of zeros and a 1."""
        t = self.typing
        axis = next(i for i, place in enumerate(places) if self._has_places(place))
        of_each_row = axis == 1 and len(places) == len(array.shape) == 2 and _is_range(places[0])
        rest = [place for i, place in enumerate(places) if i != axis]
        whole_rest = all(isinstance(p, ast.Slice) and p.lower is p.upper is p.step is None for p in rest)
        if not (of_each_row or whole_rest) or axis >= len(array.shape):
            raise Refused(Unsupported, "names of places stand alone, E[words], or with all rows, P[arange(n), labels]", span)
        if t.is_vector(array):
            array = t.column(array, span)
        length, found = t.shapes.resolve(array.shape[axis]), self.array(places[axis])
        column = t.is_vector(found)
        found = t.column(found, span) if column else found
        lead = () if column else (found.rows,)
        hot = t.one("one_hot", found, found.rows if column else found.cols, length, span, lambda shapes: shapes.shape(length), lead)
        if of_each_row:
            return replace(t.reduced("sum", t.times(array, hot, span), [1], False, span), flat=True)
        if column and len(array.shape) == 2:
            made = t.matmul(hot, array, span) if axis == 0 else t.matmul(array, t.transpose(hot, span), span)
            return replace(made, flat=t.is_vector(array))
        letters = "abcdef"[: len(array.shape)]
        own = "w" if column else "uw"
        spec = f"{own}{letters[axis]},{letters}->{letters.replace(letters[axis], own)}"
        shape = [*array.shape[:axis], *((found.rows,) if column else found.shape), *array.shape[axis + 1 :]]
        return t.index_product(spec, [hot, array], shape, span)

    def _places(self, array: Array, places: Sequence[ast.expr], span: Span) -> Array:
        """The places of an array of more than two axes; as in NumPy, an axis of which one place is taken is gone."""
        rank = len(array.shape)
        ellipses = [i for i, p in enumerate(places) if isinstance(p, ast.Constant) and p.value is ...]
        if len(ellipses) == 1:
            missing = rank - (len(places) - 1)
            places = [*places[: ellipses[0]], *(ast.Slice() for _ in range(missing)), *places[ellipses[0] + 1 :]]
        old = [place for place in places if not _is_new(place)]
        if len(old) > rank:
            raise Refused(InvalidExpression, f"{len(old)} places, and an array has {'two' if rank == 2 else rank} axes", span)
        for axis, place in enumerate(old):
            array = self._cut(array, axis, place, span)
        gone = [axis for axis, place in enumerate(old) if not isinstance(place, (ast.Slice, ast.List))]
        if any(map(_is_new, places)):
            if gone:
                raise Refused(Unsupported, "a new axis beside a place that is taken; write it in two steps", span)
            for at, place in enumerate(places):
                array = self.typing.with_axis(array, at, span) if _is_new(place) else array
            return array
        return self.typing.without(array, gone, span) if gone else array

    def _among_new_axes(self, array: Array, new: Sequence[bool], span: Span) -> Array:
        """`w[:, None, None]`: a vector along one of several axes."""
        at, last = list(new).index(False), len(new) - 1
        column = replace(self.typing.column(array, span), flat=False)
        made = self.typing.transpose(column, span) if at == last else column
        for _ in range(at if at < last else last - 1):
            made = self.typing.with_axis(made, 0, span)
        while len(made.shape) < len(new):
            made = self.typing.with_axis(made, len(made.shape), span)
        return replace(made, bare=None, span=span, upright=True)

    def _new_axis(self, array: Array, places: Sequence[ast.expr], span: Span) -> Array:
        """`x[:, None]` is the vector as a column, `x[None, :]` as a row."""
        new = list(map(_is_new, places))
        whole_other = all(
            n or (isinstance(p, ast.Slice) and p.lower is p.upper is p.step is None) for n, p in zip(new, places, strict=True)
        )
        if not self.typing.is_vector(array) or new not in ([True, False], [False, True], [True]) or not whole_other:
            raise Refused(InvalidExpression, "a new axis makes a column x[:, None] or a row x[None, :] of a vector", span)
        if self.typing.is_scalar(array) and array.names:
            raise Refused(ShapeError, "a new axis of a scalar: it needs a vector", span, array.names)
        column = self.typing.column(array, span)
        made = column if new == [False, True] else self.typing.transpose(column, span)
        return replace(made, bare=None, span=span, flat=False, upright=True)

    def _cut(self, array: Array, axis: int, place: ast.expr, span: Span) -> Array:
        length = self.typing.shapes.resolve(array.shape[axis])
        if isinstance(place, ast.Slice):
            if place.lower is place.upper is place.step is None:
                return array
            step = 1 if place.step is None else whole(place.step)
            if step is None or step == 0:
                raise Refused(Unsupported, "the step of a slice is a whole number, and not 0", self.span(place))
            if step < 0:
                # x[i:j:-1] is what stands from j + 1 to i, the last of it first.
                first = Dim.of(0) if place.upper is None else self._place(place.upper, length) + 1
                last = length if place.lower is None else self._place(place.lower, length) + 1
                turned = self.typing.flipped(self.typing.sliced(array, axis, first, last, 1, span), axis, span)
                return turned if step == -1 else self.typing.sliced(turned, axis, Dim.of(0), last - first, -step, span)
            start = Dim.of(0) if place.lower is None else self._place(place.lower, length)
            stop = length if place.upper is None else self._place(place.upper, length)
            return self.typing.sliced(array, axis, start, stop, step, span)
        if isinstance(place, ast.List) and len(place.elts) == 1:
            place = place.elts[0]
        at = self._place(place, length)
        return self.typing.sliced(array, axis, at, at + 1, 1, span)

    def _place(self, node: ast.expr, length: Dim) -> Dim:
        """A position from 0; a negative one counts from the end."""
        value = whole(node)
        if value is not None and abs(value) <= 10**6:
            return Dim.of(value) if value >= 0 else length + value
        return self.size(node)


_COMPARED: dict[type[ast.cmpop], Callable[[int, Fraction], bool]] = {
    ast.Gt: lambda entry, value: entry > value,
    ast.GtE: lambda entry, value: entry >= value,
    ast.Lt: lambda entry, value: entry < value,
    ast.LtE: lambda entry, value: entry <= value,
    ast.Eq: lambda entry, value: entry == value,
    ast.NotEq: lambda entry, value: entry != value,
}
_ON_SIZES: dict[type[ast.operator], Callable[[Dim, Dim], Dim | None]] = {
    ast.Add: lambda left, right: left + right,
    ast.Sub: lambda left, right: left - right,
    ast.Mult: lambda left, right: left * right,
    ast.FloorDiv: lambda left, right: left / right.number if right.number else left.over(right),
}
_OPERATORS: dict[type[ast.operator], Callable[[Typing, Array, Array, Span], Array]] = {
    ast.Add: lambda t, left, right, span: t.add([left, right], span),
    ast.Sub: lambda t, left, right, span: t.add([left, t.negative(right, right.span)], span),
    ast.Mult: lambda t, left, right, span: t.times(left, right, span),
    ast.Div: lambda t, left, right, span: t.over(left, right, span),
    ast.MatMult: lambda t, left, right, span: t.matmul(left, right, span),
}
_ARRAYS: dict[type[ast.expr], Callable[[_Reader, ast.expr], Array]] = {
    ast.Name: _Reader._name,  # type: ignore[dict-item]
    ast.Constant: _Reader._constant,  # type: ignore[dict-item]
    ast.UnaryOp: _Reader._unary,  # type: ignore[dict-item]
    ast.BinOp: _Reader._binary,  # type: ignore[dict-item]
    ast.Compare: _Reader._compare,  # type: ignore[dict-item]
    ast.Attribute: _Reader._attribute,  # type: ignore[dict-item]
    ast.Call: _Reader._call,  # type: ignore[dict-item]
    ast.List: _Reader._list,  # type: ignore[dict-item]
    ast.Tuple: _Reader._list,  # type: ignore[dict-item]
    ast.Subscript: _Reader._subscript,  # type: ignore[dict-item]
}
_OVER_AN_INDEX = r"comprehension (the sum of x[i]*y[i] is sum(x*y), or in LaTeX \sum_i x_i y_i)"
_NOT_READ = {
    "Lambda": "lambda", "IfExp": "if … else (where(Z > 0, A, B) chooses entry by entry)", "ListComp": _OVER_AN_INDEX,
    "GeneratorExp": _OVER_AN_INDEX, "SetComp": "comprehension", "DictComp": "comprehension", "BoolOp": "and, or",
    "JoinedStr": "text", "Dict": "dictionary", "Set": "set", "NamedExpr": ":=", "Await": "await", "Yield": "yield",
    "Starred": "starred argument", "Slice": "slice here",
}  # fmt: skip


# ── typed arrays → a network ─────────────────────────────────────────────────────────────────────────────────────────


def _built(vocabulary: _Vocabulary, typing: Typing, arrays: Mapping[str, Array]) -> Network:
    typing.settle()
    inputs = [name for a in vocabulary.definitions for name in _names_in(a.tree, True)]
    inputs = [n for n in dict.fromkeys(inputs) if n in vocabulary.kinds or (n in vocabulary.shapes and n not in arrays)]
    typing.lettered(dim for name in inputs for dim in typing.met.get(name, ()))
    typing.lettered(dim for array in arrays.values() for dim in array.shape)
    forms = {}
    for definition in vocabulary.definitions:
        assert definition.name is not None
        try:
            form = forms[definition.name] = arrays[definition.name].make(typing.shapes)
        except SymgradError as error:
            raise Refused(type(error), str(error), definition.span) from None
        typing.made[definition.name] = form.shape
    found = {f.name: f.shape for form in forms.values() for f in symbols(form) if f.name not in forms}
    places = {f.name for form in forms.values() for part in walk(form) if part.op == "one_hot" for f in symbols(part)}
    network = Network()
    parameters = looks_like_parameters(dict(zip(inputs, inputs, strict=True)))
    for name in inputs:
        if name in found:
            said = {*(("places",) if name in places else ()), *(("mask",) if name in typing.masks else ())}
            held = along(vocabulary.properties.get(name, ()), found[name]) | said
            role = (
                "data"
                if name in places
                else "mask"
                if "mask" in held
                else "parameter"
                if name in parameters
                else "data"
                if parameters
                else "input"
            )
            network.declare(name, found[name], role, held)
    for name, form in forms.items():
        network.define_form(name, form)
    return network


def looks_like_parameters(identifiers: Mapping[str, str]) -> set[str]:
    """The names that look like parameters by their identifiers; a b alone may as well be the right side of A x = b."""
    found = {name for name, identifier in identifiers.items() if stem(identifier) in _PARAMETERS}
    return found if any(stem(identifiers[name]) not in ("b", "u", "v") for name in found) else set()
