r"""Tokens → syntax trees: a recursive-descent parser that decides nothing which only types can decide.

A statement that is not consumed to its last token is `Unread` as a whole, with the place and the reason: an equation is never cut short.

    statement ::= listing (relation listing)*            listing ::= sum ("," sum)*
    sum       ::= [sign] product (sign product)*         product ::= factor ([operator] factor)*
    factor    ::= atom scripts*                          atom    ::= number | name | bracket | macro …
"""

from __future__ import annotations

from dataclasses import replace

from symgrad import syntax as sx
from symgrad.read import functions as fn
from symgrad.read import vocabulary as voc
from symgrad.read.brackets import Brackets
from symgrad.read.derivatives import Derivatives
from symgrad.read.grammar import WIDE
from symgrad.read.lexer import Macros, lex
from symgrad.read.scripts import names_a_function
from symgrad.read.statements import braced_name, statements, trimmed, unwrapped, without_loose_signs
from symgrad.read.tokens import Token
from symgrad.read.written import sexpr
from symgrad.span import Source, Span
from symgrad.syntax import Node, Unreadable

_OPEN = frozenset(voc.OPENERS)
_NOT_FACTORS = (
    frozenset(voc.RELATIONS) | frozenset(voc.PRODUCTS) | frozenset(voc.SUM_SIGNS) | frozenset(voc.SEPARATORS) | frozenset(voc.CONNECTIVES)
    | frozenset(voc.CLOSERS) | frozenset(voc.PREFIXES)
    | frozenset({"\\\\", "\\top", "\\dagger", "\\prime", "\\mid", "\\|", "\\quad", "\\qquad"})
)  # fmt: skip


def parse(source: Source, span: Span, macros: Macros | None = None, typed: bool = False) -> list[Node]:
    r"""The statements of one piece of mathematics, in order; one that is `typed` stands between no signs of mathematics.

    >>> from symgrad.read.written import sexpr
    >>> text = r"h = \sigma(W x)"
    >>> [sexpr(s) for s in parse(Source(text), Span(0, len(text)))]
    ['(= h (call \\sigma (juxt W x)))']
    """
    try:
        tokens = lex(source, span, macros, typed)
    except Unreadable as error:
        return [sx.Unread(span, error.reason, error.span)]
    out: list[Node] = []
    parts = statements(unwrapped(tokens))
    for part in parts:
        node = _statement(without_loose_signs(part) if len(parts) == 1 else part)
        if node is not None:
            out.append(node)
    return out


def _statement(tokens: list[Token]) -> Node | None:
    tokens = trimmed(tokens)
    if not tokens:
        return None
    whole = Span(tokens[0].span.start, max(t.span.end for t in tokens))
    parser = _Parser(tokens)
    try:
        node = parser.relation()
        if not parser.at_end:
            raise Unreadable(parser.peek.span, f"{parser.peek.text!r} is not expected here")
        return node
    except Unreadable as error:
        return sx.Unread(whole, error.reason, error.span)
    except RecursionError:
        return sx.Unread(whole, "it is nested too deeply")


# ── parsing ──────────────────────────────────────────────────────────────────────────────────────────────────────────


class _Parser(Derivatives, Brackets):
    """Statements, sums, products, calls and atoms; their scripts, derivatives and brackets have rooms of their own."""

    def relation(self) -> Node:
        start = self.peek.span
        sides: list[Node] = []
        operators: list[str] = []
        notes: list[Node | None] = []
        sides.append(self._side(start))
        while True:
            operator = self._relation_sign()
            if operator is None:
                break
            operators.append(operator[0])
            notes.append(operator[1])
            sides.append(self._side(self.peek.span))
        if not operators:
            return sides[0]
        return sx.Relation(self._from(start), tuple(sides), tuple(operators), tuple(notes) if any(notes) else ())

    def _relation_sign(self) -> tuple[str, Node | None] | None:
        token = self.peek
        if token.text in ("\\overset", "\\stackrel") and self.ahead(1).text == "{":
            mark = self._at
            self.take()
            note = self._argument()
            if self.peek.text == "{" and self.ahead(1).text in voc.RELATIONS and self.ahead(2).text == "}":
                self.take()
                sign = self.take()
                self.take()
                return voc.RELATIONS[sign.text], note
            if self.peek.text in voc.RELATIONS:
                return voc.RELATIONS[self.take().text], note
            self._at = mark
            return None
        if token.text in voc.RELATIONS and token.kind in ("sign", "macro"):
            self.take()
            return voc.RELATIONS[token.text], None
        return None

    def _side(self, start: Span) -> Node:
        if self.at_end or self.peek.text in voc.RELATIONS or self.peek.text in ("}", ")", "]"):
            return sx.Blank(Span(start.start, start.start))
        return self.listing()

    def listing(self) -> Node:
        start = self.peek.span
        items = [self.sum()]
        separators: list[str] = []
        while self.peek.text in voc.SEPARATORS and not self.at_end:
            separators.append(voc.SEPARATORS[self.take().text])
            if self.at_end or self.peek.text in (")", "]", "\\}", "}", "&", "\\\\") or self.peek.kind in ("end", "row"):
                break
            items.append(self.sum())
        if len(items) == 1:
            return items[0]
        return sx.Listing(self._from(start), tuple(items), tuple(separators[: len(items) - 1]))

    def sum(self) -> Node:
        return self._deeper(self._sum)

    def _sum(self) -> Node:
        start = self.peek.span
        terms: list[Node] = []
        signs: list[str] = []
        if self.peek.text in voc.PREFIXES:
            sign = voc.PREFIXES[self.take().text]
            body = self.product()
            first: Node = sx.Prefix(self._from(start), sign, body)
        else:
            first = self.product()
        terms.append(first)
        signs.append("")
        while self.peek.text in voc.SUM_SIGNS and not self.at_end:
            signs.append(voc.SUM_SIGNS[self.take().text])
            terms.append(self.product())
        if len(terms) == 1:
            return first
        if isinstance(first, sx.Prefix) and first.sign in ("+", "-"):
            terms[0], signs[0] = first.body, first.sign
        return sx.Sum(self._from(start), tuple(terms), tuple(signs))

    def product(self) -> Node:
        start = self.peek.span
        factors = [self._signed_factor()]
        operators: list[str] = []
        while True:
            token = self.peek
            if token.text in voc.PRODUCTS and token.kind in ("sign", "macro"):
                self.take()
                operators.append(voc.PRODUCTS[token.text])
                factors.append(self._signed_factor())
            elif self._begins_factor():
                operators.append("")
                factors.append(self.factor())
            else:
                break
        if len(factors) == 1:
            return factors[0]
        return _slashed(sx.Product(self._from(start), tuple(factors), tuple(operators)))

    def _signed_factor(self) -> Node:
        if self.peek.text in ("+", "-"):
            start = self.peek.span
            sign = self.take().text
            return sx.Prefix(self._from(start), sign, self.factor())
        return self.factor()

    def _begins_factor(self) -> bool:
        token = self.peek
        if self._stops and WIDE in self._stops[-1] and token.apart:
            return False
        if self.at_end or (self._stops and token.text in self._stops[-1]) or self._is_evaluated():
            return False
        if token.kind in ("number", "letter", "word", "begin"):
            return True
        if token.kind == "delimiter":
            return token.text == "."
        if token.text in _OPEN or token.text in ("{", "|", "\\|", "\\lvert", "\\lVert"):
            return True
        return token.kind == "macro" and token.text not in _NOT_FACTORS

    def factor(self) -> Node:
        return self._deeper(self._factor)

    def _factor(self) -> Node:
        start = self.peek.span
        token = self.peek
        if token.text in ("^", "_") or token.kind == "script":
            raise Unreadable(token.span, "a script without a base")
        if token.text == "{" and self.ahead(1).text == "}" and self.ahead(2).text in ("_", "^"):
            return self._prescripted(start)
        if token.text == "\\partial":
            return self._partial(start)
        if token.text == "\\nabla":
            return self._nabla(start)
        if self._is_operator():
            return self._operator(start)
        if self._is_differential():
            return self._differential(start)
        if token.text in voc.BIG_OPERATORS or (token.text in voc.EXTREMA and self._has_limits() and not self._has_axis()):
            return self._big(start)
        called = self._called(self._scripted(self.atom(), start), start)
        return (
            self._scripted(called, start) if isinstance(called, (sx.Call, sx.Indicator)) and not getattr(called, "bare", False) else called
        )

    def _called(self, node: Node, start: Span) -> Node:
        """A function and what it is given."""
        base = node.base if isinstance(node, sx.Scripted) else node
        if not isinstance(base, sx.Name):
            return node
        if (base.base in ("1", "I") and base.style in ("mathbb", "mathbf")) or (base.base == "1" and self.peek.text in ("[", "\\{")):
            return self._indicator(node, base, start)
        is_function = names_a_function(base)
        if is_function and self.peek.text in ("(", "[", "\\{") and not (self.peek.text == "[" and base.base in voc.FUNCTION_LETTERS):
            arguments = self._arguments()
            if fn.word_of(base.base) in fn.DIAGONALS and isinstance(node, sx.Name) and len(arguments) > 1:
                return _diagonal(self._from(start), arguments)
            return sx.Call(self._from(start), node, arguments, "(")
        is_upright_word = len(base.base) > 1 and base.style in voc.UPRIGHT
        # Behind `\nabla J^\top` no argument of J opens.
        is_turned = isinstance(node, sx.Scripted) and isinstance(node.sup, sx.Mark)
        if self.peek.text == "(" and not is_turned and (_is_loss(base) or (is_upright_word and (self._holds(",") or self._is_of_a_name()))):
            arguments = self._arguments()
            return sx.Call(self._from(start), node, arguments, "(")
        if _is_bare(base) and self._begins_factor():
            first = self.peek.span
            factors = [self.factor()]
            while self._begins_factor() and not self._is_bare_function():
                at, factor = self._at, self.factor()
                if _is_beside(factor, factors):
                    self._at = at
                    break
                factors.append(factor)
            argument = factors[0]
            if len(factors) > 1:
                argument = sx.Product(first.to(factors[-1].span), tuple(factors), ("",) * (len(factors) - 1))
            return sx.Call(self._from(start), node, (argument,), "")
        return node

    def _is_of_a_name(self) -> bool:
        r"""Whether the bracket that opens here holds one letter: `\\mathrm{count}(v)`."""
        return self.ahead(1).kind in ("letter", "macro") and self.ahead(2).text == ")"

    def _is_bare_function(self) -> bool:
        r"""Whether a function begins, also one that is spelled out: `\det X \operatorname{tr}(…)` is no determinant of the trace."""
        if self.peek.text in voc.FUNCTION_MACROS:
            return True
        is_upright = voc.STYLES.get(self.peek.text) in voc.UPRIGHT
        return is_upright and braced_name(self._tokens, self._at + 1)[0] in voc.BARE_FUNCTIONS

    def _arguments(self) -> tuple[Node, ...]:
        opened = self.take()
        close = voc.OPENERS[opened.text]
        items: list[Node] = []
        if self.peek.text == close:
            raise Unreadable(opened.span, "a function of nothing")
        while True:
            items.append(self._deeper(self._one_argument))
            if self.peek.text in (",", ";", "\\mid", "|") and not self.at_end:
                self.take()
                continue
            break
        self.expect(close, "a bracket")
        return tuple(items)

    def _one_argument(self) -> Node:
        start = self.peek.span
        sides = [self.sum()]
        operators = []
        while (sign := self._relation_sign()) is not None:
            operators.append(sign[0])
            sides.append(self.sum())
        return sides[0] if not operators else sx.Relation(self._from(start), tuple(sides), tuple(operators))

    def _indicator(self, node: Node, mark: Node, start: Span) -> Node:
        if self.peek.text not in ("[", "(", "\\{"):
            return node
        at = self._at
        opened = self.take()
        condition = self._one_argument()
        if isinstance(condition, sx.Relation):
            self.expect(voc.OPENERS[opened.text], "a bracket")
            return sx.Indicator(self._from(start), mark, condition)
        self._at = at
        return node

    def _big(self, start: Span) -> Node:
        token = self.take()
        operator = {**voc.BIG_OPERATORS, **voc.EXTREMA}[token.text]
        below = above = None
        while self.peek.text in ("_", "^") or self.peek.kind == "script":
            mark = self.take()
            script: Node = self._typed_script(mark) if mark.kind == "script" else self._script()
            if mark.text[0] == "_":
                below = script
            else:
                above = script
        has_sign = operator == "sum" and self.peek.text == "-"
        body = self.product() if self._begins_factor() or has_sign else None
        return sx.BigOp(self._from(start), operator, below, above, body)

    def atom(self) -> Node:
        token = self.peek
        start = token.span
        if self.at_end:
            raise Unreadable(start, "something is missing at the end")
        if token.kind == "number":
            self.take()
            if token.text == "1" and self.peek.text in ("[", "\\{") and not self.peek.spaced:
                return sx.Name(start, "1") if self._holds_relation() else sx.Number(start, "1")
            return sx.Number(start, token.text)
        if token.kind in ("letter", "word"):
            self.take()
            return sx.Name(start, token.text, token.accents, token.style)
        if token.kind == "begin":
            return self._environment(start)
        if token.kind == "delimiter":
            return self._half_open(start)
        if token.text == "{":
            return self._braces(start)
        if token.text in ("|", "\\|", "\\lvert", "\\lVert"):
            return self._bars(start)
        if token.text in _OPEN:
            return self._bracketed(start)
        if token.kind == "macro":
            return self._macro(start)
        raise Unreadable(start, f"{token.text!r} is not expected here")

    def _macro(self, start: Span) -> Node:
        token = self.peek
        text = token.text
        if text == "\\frac":
            return self._fraction(start)
        if text == "\\sqrt":
            self.take()
            index = None
            if self.peek.text == "[":
                self.take()
                index = self.sum()
                self.expect("]", "a root")
            body = self.atom() if self.peek.text == "(" else self._argument()
            return sx.Root(self._from(start), body, index)
        if text in voc.ACCENTS:
            self.take()
            body = self._argument()
            accent = voc.ACCENTS[text]
            if isinstance(body, sx.Name):
                return replace(body, accents=(accent, *body.accents), span=self._from(start))
            if isinstance(body, sx.Scripted) and isinstance(body.base, sx.Name):
                base = replace(body.base, accents=(accent, *body.base.accents), span=start.to(body.base.span))
                return replace(body, base=base, span=self._from(start))
            return sx.Accented(self._from(start), accent, body)
        if text in voc.TEXT_MACROS_SET or text in voc.STYLES:
            return self._styled(start)
        if text in ("\\underbrace", "\\overbrace"):
            self.take()
            body = self._argument()
            note: Node = sx.Blank(start)
            if self.peek.text in ("_", "^"):
                self.take()
                note = self._note()
            return sx.Annotated(self._from(start), body, note, text == "\\overbrace")
        if text in ("\\overset", "\\underset", "\\stackrel"):
            self.take()
            note = self._argument()
            body = self._argument()
            return sx.Annotated(self._from(start), body, note, text != "\\underset")
        if text in voc.DOTS:
            self.take()
            return sx.Dots(start, voc.DOTS[text])
        if text in voc.LETTER_MACROS:
            self.take()
            return sx.Name(start, text)
        if text in voc.FUNCTION_MACROS or text in voc.EXTREMA:
            self.take()
            return sx.Name(start, text.removeprefix("\\"))
        if text in voc.BIG_OPERATORS:
            return self._big(start)
        raise Unreadable(start, f"the command {text} is not known")

    def _note(self) -> Node:
        """What stands under a brace: a shape, or words."""
        mark = self._at
        try:
            return self._script()
        except Unreadable:
            self._at = mark
            tokens = self._argument_tokens()
            return sx.Text(tokens[0].span.to(tokens[-1].span) if tokens else self.peek.span, " ".join(t.text for t in tokens))

    def _styled(self, start: Span) -> Node:
        macro = self.take().text
        style = voc.STYLES.get(macro, "text" if macro in voc.TEXT_MACROS_SET else "")
        tokens = self._argument_tokens()
        span = self._from(start)
        letters = "".join(t.text for t in tokens)
        plain = bool(tokens) and all(t.kind in ("letter", "word", "number") and not t.accents for t in tokens)
        if style == "text":
            dotted = all(t.kind in ("letter", "word") or t.text == "." for t in tokens) and letters.replace(".", "").isalnum()
            if (plain or dotted) and (letters in voc.FUNCTIONS or letters in voc.WORDS or letters.replace(".", "").isalnum()):
                return sx.Name(span, letters, (), "mathrm")
            return sx.Text(span, " ".join(t.text for t in tokens))
        if not tokens:
            return sx.Blank(span)
        if len(tokens) == 1:
            token = tokens[0]
            if token.kind == "number":
                if token.text == "1" and style in ("mathbb", "mathbf"):
                    return sx.Name(span, "1", (), style)
                return sx.Number(span, token.text)
            if token.kind in ("letter", "word"):
                return sx.Name(span, token.text, token.accents, style if len(token.text) == 1 else "mathrm")
            if token.text in voc.LETTER_MACROS:
                return sx.Name(span, token.text, (), style)
        if plain and style in voc.UPRIGHT:
            return sx.Name(span, letters, (), "mathrm")
        body = self._inner(tokens, start)
        if style in ("mathbf", "mathcal", "mathrm", "mathsf"):
            body = _with_style(body, style)
        return sx.Group(span, "{", "}", body) if isinstance(body, (sx.Sum, sx.Product, sx.Prefix)) else body


# ── pieces ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def _with_style(node: Node, style: str) -> Node:
    """A style over several letters, on each of them."""
    match node:
        case sx.Name(style=""):
            return replace(node, style=style)
        case sx.Scripted(base=base):
            return replace(node, base=_with_style(base, style))
        case sx.Product(factors=factors):
            return replace(node, factors=tuple(_with_style(f, style) for f in factors))
    return node


def _diagonal(span: Span, entries: tuple[Node, ...]) -> Node:
    r"""`\operatorname{diag}(2, 3)` as the matrix that it is; with dots between them it is left to who knows what they stand for."""
    if any(isinstance(n, sx.Dots) for entry in entries for n in sx.walk(entry)):
        return sx.Call(span, sx.Name(span, "diag"), entries, "(")
    zero = sx.Number(span, "0")
    return sx.Matrix(span, tuple(tuple(entry if i == k else zero for k in range(len(entries))) for i, entry in enumerate(entries)))


def _is_bare(name: sx.Name) -> bool:
    return name.base in voc.BARE_FUNCTIONS


def _is_beside(factor: Node, argument: list[Node]) -> bool:
    r"""Whether a bracket speaks of a function of the same, and is a factor beside it: `\tanh x (1 - \tanh x)`, `\sin x (1 + \cos x)`."""
    if not isinstance(factor, sx.Group) or len(argument) > 1:
        return False
    of = {sexpr(n.args[0]) for n in sx.walk(factor) if isinstance(n, sx.Call) and n.bare}
    return sexpr(argument[0]) in of


def _is_loss(name: sx.Name) -> bool:
    return name.base in ("L", "J", "E", "\\ell", "loss", "Loss", "cost") and not name.accents


def _slashed(product: sx.Product) -> Node:
    """`1/2 x` and `a/b`: a slash divides the factor before it by the factor after it."""
    if "/" not in product.operators:
        return product
    factors, operators = [product.factors[0]], []
    for operator, factor in zip(product.operators, product.factors[1:], strict=True):
        if operator == "/":
            left = factors.pop()
            factors.append(sx.Frac(left.span.to(factor.span), left, factor))
        else:
            operators.append(operator)
            factors.append(factor)
    if len(factors) == 1:
        return factors[0]
    return sx.Product(product.span, tuple(factors), tuple(operators))
