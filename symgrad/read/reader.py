"""Trees of Python's `ast` → typed arrays, under one choice of what each name is.

Each kind of node has its reader in a table; what is in no table is refused, with its place.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction

from symgrad.dims import ONE, Dim, show
from symgrad.errors import InvalidExpression, InvalidNetwork, ShapeError, Unsupported, nearest
from symgrad.form import apply, matrix
from symgrad.properties import PROPERTIES
from symgrad.read.arrays import Array, Refused, literal, sized
from symgrad.read.call import Call, whole
from symgrad.read.calls import CALLS, METHODS, TENSOR_METHODS, called
from symgrad.read.entrywise import powered
from symgrad.read.functions import word_of
from symgrad.read.known import Vocabulary
from symgrad.read.losses import CLASSES
from symgrad.read.places import of_pair, subscripted
from symgrad.read.python import Assignment, plain
from symgrad.read.shaping import of_blocks
from symgrad.read.trees import MODULES, dotted_name, from_module, is_pair
from symgrad.read.typing import Typing
from symgrad.span import Span

_MOST_DIGITS = 60
_LARGEST_EXPONENT = 64


@dataclass
class Reader:
    """Reads trees under one choice of kinds."""

    vocabulary: Vocabulary
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
        name, span = plain(node.id), self.span(node)
        if name in self.defined:
            known = self.defined[name]
            make = self.typing.declared(name, known.shape, span).make
            named = replace(known, make=make, span=span, bare=None, names=known.names, literal=None, norm_of=None, ends=(name, name))
            return named if known.masked is None or known.masked.literal == 0 else replace(named, masked=named)
        if any(a.name == name for a in self.vocabulary.definitions):
            raise Refused(InvalidNetwork, f"{name} is used before it is defined", span)
        if name in self.vocabulary.shapes:
            return self._as_assumed(name, self.typing.declared(name, self.vocabulary.shapes[name], span))
        if name in self.vocabulary.sizes:
            return sized(self.vocabulary.size(name), span)
        if name == "pi":
            return self._pi(node)
        if name not in self.kinds:
            raise Refused(InvalidExpression, f"{name} is a module, and no quantity", span)
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

    def is_input(self, name: str) -> bool:
        """Whether a name is of an input: no definition, no size, no number."""
        return plain(name) in (*self.kinds, *self.vocabulary.shapes)

    def is_mask(self, name: str) -> bool:
        """Whether an input is declared to be of 0 and 1."""
        return "mask" in self.vocabulary.properties.get(plain(name), ())

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
        left, right = self.array(node.left), self.array(node.right)
        made = combine(typing, left, right, span)
        if isinstance(node.op, ast.Add):
            # 0 where a softmax takes part, and a large negative number elsewhere: S + where(np.tri(n) > 0, 0, -1e9).
            kept = next((a for a, b in ((left, right), (right, left)) if b.masked is not None and b.masked.literal == 0), None)
            return made if kept is None or kept.lead else replace(made, masked=kept)
        return made

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
        dotted = dotted_name(node) or ""
        if dotted.split(".")[0] in MODULES and node.attr in ("pi",):
            return self._pi(node)
        if node.attr in ("T", "mT"):
            array = self.array(node.value)
            axes = range(len(array.shape))
            order = [*axes[:-2], axes[-1], axes[-2]]
            whole_order = node.attr == "T" or not array.lead
            return self.typing.transpose(array, self.span(node)) if whole_order else self.typing.permuted(array, order, self.span(node))
        if node.attr in ("values", "indices") and is_pair(node.value):
            return of_pair(self, node, node.attr == "values")
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
        if isinstance(node.func, ast.Attribute) and not from_module(node.func):
            word = word_of(node.func.attr)
            if word not in METHODS and word not in TENSOR_METHODS:
                raise Refused(Unsupported, f"symgrad knows no method .{node.func.attr}; {nearest(word, METHODS)}", span)
            return called(Call(node.func.attr, [node.func.value, *node.args], keywords, span, self, is_method=True))
        dotted = dotted_name(node.func)
        made = dotted_name(node.func.func) if isinstance(node.func, ast.Call) and not node.func.args else None
        if made is not None and isinstance(node.func, ast.Call) and word_of(made) in CLASSES:
            keywords |= {str(k.arg): k.value for k in node.func.keywords}  # nn.MSELoss(reduction="sum")(X @ w, y)
            return called(Call(CLASSES[word_of(made)], node.args, keywords, span, self))
        if dotted is None:
            raise Refused(InvalidExpression, "only a function by its name can be called", self.span(node.func))
        word = word_of(dotted)
        if word == "len" and len(node.args) == 1:
            return sized(self.size(node), span)
        name = plain(dotted)
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

    # ── sizes ────────────────────────────────────────────────────────────────────────────────────────────────────────

    def size(self, node: ast.expr) -> Dim:
        """A size: a whole number, a name, `X.shape[0]`, `len(X)`, or sums and products of these."""
        value = whole(node)
        if value is not None and 0 < value <= 10**6:
            return Dim.of(value)
        if isinstance(node, ast.Name) and plain(node.id) in self.vocabulary.sizes:
            return self.vocabulary.size(plain(node.id))
        if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Attribute) and node.value.attr == "shape":
            array, axis = self.array(node.value.value), whole(node.slice)
            if axis is not None and -len(array.shape) <= axis < len(array.shape):
                return self.typing.shapes.resolve(array.shape[axis])
        if isinstance(node, ast.Call) and dotted_name(node.func) == "len" and len(node.args) == 1:
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
_ARRAYS: dict[type[ast.expr], Callable[[Reader, ast.expr], Array]] = {
    ast.Name: Reader._name,  # type: ignore[dict-item]
    ast.Constant: Reader._constant,  # type: ignore[dict-item]
    ast.UnaryOp: Reader._unary,  # type: ignore[dict-item]
    ast.BinOp: Reader._binary,  # type: ignore[dict-item]
    ast.Compare: Reader._compare,  # type: ignore[dict-item]
    ast.Attribute: Reader._attribute,  # type: ignore[dict-item]
    ast.Call: Reader._call,  # type: ignore[dict-item]
    ast.List: Reader._list,  # type: ignore[dict-item]
    ast.Tuple: Reader._list,  # type: ignore[dict-item]
    ast.Subscript: subscripted,  # type: ignore[dict-item]
}
_OVER_AN_INDEX = r"comprehension (the sum of x[i]*y[i] is sum(x*y), or in LaTeX \sum_i x_i y_i)"
_NOT_READ = {
    "Lambda": "lambda", "IfExp": "if … else (where(Z > 0, A, B) chooses entry by entry)", "ListComp": _OVER_AN_INDEX,
    "GeneratorExp": _OVER_AN_INDEX, "SetComp": "comprehension", "DictComp": "comprehension", "BoolOp": "and, or",
    "JoinedStr": "text", "Dict": "dictionary", "Set": "set", "NamedExpr": ":=", "Await": "await", "Yield": "yield",
    "Starred": "starred argument", "Slice": "slice here",
}  # fmt: skip
