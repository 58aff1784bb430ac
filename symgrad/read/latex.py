r"""Tokens → syntax trees: a recursive-descent parser that decides nothing which only types can decide.

A statement that is not consumed to its last token is `Unread` as a whole, with the place and the reason: an equation is never cut short.

    statement ::= listing (relation listing)*            listing ::= sum ("," sum)*
    sum       ::= [sign] product (sign product)*         product ::= factor ([operator] factor)*
    factor    ::= atom scripts*                          atom    ::= number | name | bracket | macro …
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import takewhile

from symgrad import syntax as sx
from symgrad.naming import MOST_INDICES, SCRIPT_WORDS, letters_of
from symgrad.read import functions as fn
from symgrad.read import vocabulary as voc
from symgrad.read.lexer import Macros, lex
from symgrad.read.tokens import Token
from symgrad.span import Source, Span
from symgrad.syntax import Node, Unreadable

_DEEPEST = 60
_MOST_CELLS = 100_000
_OPEN = frozenset(voc.OPENERS)
_END = Token("end", "", Span(0, 0))


def parse(source: Source, span: Span, macros: Macros | None = None) -> list[Node]:
    r"""The statements of one piece of mathematics, in order.

    >>> from symgrad.read.written import sexpr
    >>> text = r"h = \sigma(W x)"
    >>> [sexpr(s) for s in parse(Source(text), Span(0, len(text)))]
    ['(= h (call \\sigma (juxt W x)))']
    """
    try:
        tokens = lex(source, span, macros)
    except Unreadable as error:
        return [sx.Unread(span, error.reason)]
    out: list[Node] = []
    for part in _statements(_unwrapped(tokens)):
        node = _statement(part)
        if node is not None:
            out.append(node)
    return out


def _statement(tokens: list[Token]) -> Node | None:
    tokens = _trimmed(tokens)
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
        return sx.Unread(whole, error.reason)
    except RecursionError:
        return sx.Unread(whole, "it is nested too deeply")


# ── taking apart ─────────────────────────────────────────────────────────────────────────────────────────────────────


def _unwrapped(tokens: list[Token]) -> list[Token]:
    r"""Environments that only arrange rows (`aligned`, `split`) opened, layout and labels taken out."""
    out: list[Token] = []
    i = 0
    matrices = 0
    while i < len(tokens):
        token = tokens[i]
        if token.text in ("\\begin", "\\end"):
            name, after = _braced_name(tokens, i + 1)
            if name in voc.ROWS:
                out.append(replace(token, kind="row", text="\\\\"))
                i = _past_arguments(tokens, after, name) if token.text == "\\begin" else after
                continue
            matrices += 1 if token.text == "\\begin" else -1
            out.append(replace(token, kind=token.text[1:], text=name))
            i = after
            if token.text == "\\begin" and name in ("array", "alignedat", "subarray"):
                i = _past_arguments(tokens, i, "array")
            continue
        if token.text in ("\\tag", "\\label", "\\tag*"):
            _, i = _braced_name(tokens, i + 1)
            continue
        if token.text.startswith("\\") and token.text[1:] in voc.SILENT_MACROS.split():
            _, i = _braced_name(tokens, i + 1)
            continue
        if token.text == "\\color" or token.text == "\\textcolor":
            _, i = _braced_name(tokens, i + 1)
            continue
        if token.kind == "macro" and (token.text in voc.SIZES or (voc.SWITCHES.get(token.text) == "" and token.text in voc.SWITCHES)):
            i += 1
            continue
        if token.text in ("\\left", "\\right", "\\middle"):
            following = tokens[i + 1] if i + 1 < len(tokens) else _END
            if following.text == ".":
                out.append(replace(following, kind="delimiter", text="." if token.text == "\\left" else ".)"))
                i += 2
                continue
            i += 1
            continue
        out.append(token)
        i += 1
    return out


def _braced_name(tokens: Sequence[Token], i: int) -> tuple[str, int]:
    if i >= len(tokens) or tokens[i].text != "{":
        return "", i
    j, level, inner = i, 0, []
    while j < len(tokens):
        level += (tokens[j].text == "{") - (tokens[j].text == "}")
        if level == 0:
            break
        if j > i:
            inner.append(tokens[j].text)
        j += 1
    return "".join(inner), j + 1


def _past_arguments(tokens: Sequence[Token], i: int, name: str) -> int:
    """Past the column arguments of an environment."""
    if name.startswith(("array", "alignat", "alignedat", "IEEE")):
        while i < len(tokens) and tokens[i].text in ("{", "["):
            close = "}" if tokens[i].text == "{" else "]"
            while i < len(tokens) and tokens[i].text != close:
                i += 1
            i += 1
    return i


_RELATION_TEXTS = frozenset(voc.RELATIONS) - {":"}
_BREAKS = frozenset({"\\quad", "\\qquad", "\\\\", "\\newline"})


def _statements(tokens: list[Token]) -> list[list[Token]]:
    """Split where a reader sees a new statement: rows, wide spaces, words, connectives, commas between relations."""
    rough: list[list[Token]] = [[]]
    level = 0
    i = 0
    while i < len(tokens):
        token = tokens[i]
        level = _level(level, token)
        if level == 0 and (token.kind == "row" or token.text in _BREAKS or token.text in voc.CONNECTIVES):
            rough.append([])
        elif level == 0 and token.text == "&":
            if _begins_a_column(tokens, i, rough[-1]):
                rough.append([])
        elif level == 0 and token.text in voc.TEXT_MACROS_SET and not _is_word_function(tokens, i):
            _, i = _braced_name(tokens, i + 1)
            if not rough[-1] and i < len(tokens) and tokens[i].text == "=":
                i += 1  # `\\text{hidden layer} = h = f(Wx)`: words for what stands behind the sign
            rough.append([])
            continue
        else:
            rough[-1].append(token)
        i += 1
    out: list[list[Token]] = []
    for part in rough:
        pieces = _at_commas(part)
        out.extend(pieces)
    return out


def _begins_a_column(tokens: Sequence[Token], i: int, before: Sequence[Token]) -> bool:
    """Whether another equation, or a remark in brackets, stands behind a `&`: `a &= b & c &= d`, `H &= XW & & (n \\times d)`."""
    outside = _outside_brackets(before)
    if not any(t.text in _RELATION_TEXTS for t in outside) or outside[-1].text in _GOES_ON:
        return False
    row = list(takewhile(lambda t: t.kind != "row" and t.text not in _BREAKS, _outside_brackets(tokens[i + 1 :])))
    cell = list(takewhile(lambda t: t.text != "&", row))
    if not cell:
        return False
    is_equation = cell[0].text not in _GOES_ON and any(t.text in _RELATION_TEXTS for t in row)
    is_remark = cell[0].text == "(" and all(t.text in ("(", ")", *_LOOSE) for t in cell)
    return is_equation or is_remark


def _outside_brackets(tokens: Sequence[Token]) -> list[Token]:
    """The tokens that stand in no brackets, with the brackets themselves."""
    found: list[Token] = []
    level = 0
    for token in tokens:
        before, level = level, _level(level, token)
        found += [token] if not before or not level else []
    return found


def _is_word_function(tokens: Sequence[Token], i: int) -> bool:
    """`\\text{ReLU}(z)`: words that name a function or a quantity belong to the mathematics."""
    name, after = _braced_name(tokens, i + 1)
    following = tokens[after].text if after < len(tokens) else ""
    before = tokens[i - 1].text if i else ""
    return name in voc.FUNCTIONS or name in voc.WORDS or following in ("(", "_", "^") or before in ("_", "^")


def _level(level: int, token: Token) -> int:
    if token.text in ("{", "(", "[", "\\{", "\\langle", "\\lfloor", "\\lceil") or token.kind == "begin":
        return level + 1
    if token.text in ("}", ")", "]", "\\}", "\\rangle", "\\rfloor", "\\rceil") or (token.kind == "end" and token is not _END):
        return max(0, level - 1)
    return level


def _at_commas(tokens: list[Token]) -> list[list[Token]]:
    """`a = 1, b = 2` is two statements; `x, y \\in R` is one."""
    level, cuts, relations = 0, [], []
    for i, token in enumerate(tokens):
        level = _level(level, token)
        if level == 0 and token.text in (",", ";"):
            cuts.append(i)
        if level == 0 and token.text in _RELATION_TEXTS:
            relations.append(i)
    kept: list[int] = []
    for cut in cuts:
        before = [r for r in relations if (kept[-1] if kept else -1) < r < cut]
        after = [r for r in relations if r > cut]
        if before and (after or cut == len(tokens) - 1):
            kept.append(cut)
        elif before and not after:
            kept.append(cut)  # an equation, then an aside: `h = Wx, t = 1 … T` or `x = 2, say`
    pieces, start = [], 0
    for cut in [*kept, len(tokens)]:
        pieces.append(tokens[start:cut])
        start = cut + 1
    return pieces


_LOOSE = frozenset({",", ";", ".", ":", "\\star", "\\cdot", "\\times", "*", "&", "\\\\"})


def _trimmed(tokens: list[Token]) -> list[Token]:
    """Without punctuation that hangs at the ends, and without labels such as `2.` or `(A)`."""
    if len(tokens) > 1 and _is_label(tokens):
        return []
    start, end = 0, len(tokens)
    while end > start and tokens[end - 1].text in _LOOSE and (end < 2 or tokens[end - 2].text not in ("_", "^")):
        end -= 1
    while start < end and tokens[start].text in (",", ";", ".", ":", "&", "\\\\"):
        start += 1
    tokens = tokens[start:end]
    texts = [t.text for t in tokens[:4]]
    if len(texts) >= 3 and texts[0] == "(" and (len(texts[1]) == 1 or tokens[1].kind == "number"):
        length = 3 if texts[2] == ")" else 4 if texts[2:4] == [".", ")"] else 0
        if length and len(tokens) > length and tokens[length].spaced and tokens[length].text not in _RELATION_TEXTS:
            following = tokens[length]
            if following.kind in ("letter", "macro", "word") and following.text not in voc.PRODUCTS and any(t.text == "=" for t in tokens):
                return _trimmed(tokens[length:])
    if len(tokens) == 1 and tokens[0].text in voc.PRODUCTS:
        return []  # a sign that the words around it explain
    return tokens


# The letters that count rows, steps and tokens, where they stand in square brackets.
_PLACES = frozenset("ijklmnpqrstvbc")
# Behind these an equation goes on, and with these.
_GOES_ON = frozenset({*_RELATION_TEXTS, *voc.SUM_SIGNS, *voc.PRODUCTS})
_LABEL = re.compile(r"\(?(\d+|[A-Za-z]|[ivx]{1,4})[.)]{1,2}")


def _is_label(tokens: Sequence[Token]) -> bool:
    """`2.`, `(A)`, `(ii)`, `b)`: the number of an exercise, and no mathematics."""
    return 1 <= len(tokens) <= 7 and _LABEL.fullmatch("".join(t.text for t in tokens)) is not None


# ── parsing ──────────────────────────────────────────────────────────────────────────────────────────────────────────


class _Parser:
    def __init__(self, tokens: Sequence[Token]) -> None:
        self._tokens = list(tokens)
        self._at = 0
        self._depth = 0
        self._stops: list[frozenset[str]] = []
        start = tokens[-1].span.end if tokens else 0
        self._end = replace(_END, span=Span(start, start))

    # ── the stream ───────────────────────────────────────────────────────────────────────────────────────────────────

    @property
    def peek(self) -> Token:
        return self._tokens[self._at] if self._at < len(self._tokens) else self._end

    def ahead(self, n: int) -> Token:
        return self._tokens[self._at + n] if self._at + n < len(self._tokens) else self._end

    @property
    def at_end(self) -> bool:
        return self._at >= len(self._tokens)

    def take(self) -> Token:
        token = self.peek
        self._at += 1
        return token

    def expect(self, text: str, what: str) -> Token:
        if self.peek.text != text:
            raise Unreadable(self.peek.span, f"{what} is not closed: {text!r} is missing")
        return self.take()

    def _from(self, start: Span) -> Span:
        last = self._tokens[min(self._at, len(self._tokens)) - 1].span if self._at else start
        return Span(start.start, max(start.end, last.end))

    def _deeper(self, parse: Callable[[], Node]) -> Node:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise Unreadable(self.peek.span, f"brackets nested more than {_DEEPEST} deep")
        try:
            return parse()
        finally:
            self._depth -= 1

    # ── statements ───────────────────────────────────────────────────────────────────────────────────────────────────

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

    # ── products ─────────────────────────────────────────────────────────────────────────────────────────────────────

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
        if self._stops and _WIDE in self._stops[-1] and token.apart:
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
        if self._is_differential():
            return self._differential(start)
        if token.text in voc.BIG_OPERATORS or (token.text in voc.EXTREMA and self._has_limits() and not self._has_axis()):
            return self._big(start)
        called = self._called(self._scripted(self.atom(), start), start)
        return (
            self._scripted(called, start) if isinstance(called, (sx.Call, sx.Indicator)) and not getattr(called, "bare", False) else called
        )

    def _prescripted(self, start: Span) -> Node:
        self.take()
        self.take()
        sub = sup = None
        while self.peek.text in ("_", "^"):
            mark = self.take().text
            script = self._script()
            if mark == "_":
                sub = script
            else:
                sup = script
        if self.at_end or not self._begins_factor():
            return sx.Unread(self._from(start), "nothing stands after a script at the left")
        base = self.factor()
        return sx.Prescripted(self._from(start), base, sub, sup)

    # ── scripts ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def _scripted(self, base: Node, start: Span) -> Node:
        sub: Node | None = None
        sup: Node | None = None
        primes = 0
        postfix = ""
        while not self.at_end:
            token = self.peek
            if token.text == "'" or token.text == "\\prime":
                self.take()
                primes += 1
            elif token.text == "^" and self._is_prime_script():
                self.take()
                primes += self._prime_script()
            elif token.text == "^":
                self.take()
                sup = _joined(sup, self._script())
            elif token.text == "_":
                self.take()
                sub = _joined(sub, self._script())
            elif token.kind == "script":
                self.take()
                script = _typed_script(token)
                if token.text[0] == "^":
                    sup = _joined(sup, script)
                else:
                    sub = _joined(sub, script)
            elif token.kind == "dotT":
                self.take()
                sup = _joined(sup, sx.Mark(token.span, "T"))
            elif token.text in ("!", "%"):
                self.take()
                postfix = token.text
                break
            elif token.text == "[" and not token.spaced and self._is_index(base, sup):
                if sub is not None:
                    base, sub = self._with_scripts(base, sub, sup, primes, start), None
                self.take()
                sub = self._places("]")
                self.expect("]", "a bracket")
            elif self._is_evaluated():
                if sub is not None or sup is not None or primes:
                    base = self._with_scripts(base, sub, sup, primes, start)
                    sub, sup, primes = None, None, 0
                base = self._evaluated(base, start)
            else:
                break
        if sub is not None or sup is not None or primes:
            base = self._with_scripts(base, sub, sup, primes, start)
        return sx.Postfix(self._from(start), postfix, base) if postfix else base

    def _is_index(self, base: Node, sup: Node | None) -> bool:
        """Whether brackets right behind something hold places of it, or sizes: `W[1:d, :]`, `I[n]`, `unfold[2, 1](X)`."""
        is_word = isinstance(base, sx.Name) and base.base in voc.WITH_SIZES_IN_BRACKETS
        sign = base.base if isinstance(base, sx.Name) else base.text if isinstance(base, sx.Number) else ""
        is_constant = (sign in ("I", "0", "1") or (sign == "K" and self._holds("\\times"))) and not self._holds_relation()
        return is_word or (sup is None and (is_constant or self._holds(":") or self._counts(base)))

    def _counts(self, base: Node) -> bool:
        r"""Whether brackets right behind a name say which of its rows, steps or tokens: `h[t - 1]`, `E[v]`, `E[\mathrm{tok}_t]`."""
        if not isinstance(base, sx.Name) or base.style == "mathbb" or _is_function(base):
            return False
        inside = list(takewhile(lambda t: t.text != "]", (self.ahead(n) for n in range(1, _LONGEST_SCRIPT))))
        index = [t for t in inside if t.text not in ("+", "-", ",")]
        letters = [t for t in index if t.kind != "number"]
        is_counted = all(t.text in _PLACES for t in letters) and (bool(letters) or all(t.text.isdigit() for t in index))
        is_of_a_list = len(index) == len(inside) > 2 and inside[-2].text == "_" and not any(t.text in voc.PRODUCTS for t in inside)
        return bool(index) and (is_counted or is_of_a_list)

    def _holds(self, sign: str) -> bool:
        """Whether a sign, such as the colon of places, stands in the brackets or braces that open here, and in no others inside."""
        level = 0
        for n in range(_LONGEST_SCRIPT):
            token = self.ahead(n)
            level = _level(level, token)
            if level == 0:
                return False
            if level == 1 and token.text == sign:
                return True
        return False

    def _places_until_brace(self) -> Node | None:
        """Places up to a brace; None where the colon says something else, as in `(i,j): r_{ij} > 0`."""
        at = self._at
        try:
            places = self._places("}")
            self.expect("}", "a brace")
        except Unreadable:
            self._at = at
            return None
        return places

    def _places(self, close: str) -> Node:
        r"""`1:d,:`, `:,3`, `2, 1`, `\text{rows } 1:2:n`: a place or a stretch for every axis, or sizes."""
        start = self.peek.span
        items: list[Node] = []
        while True:
            if self.peek.text in voc.TEXT_MACROS_SET or self.peek.text in voc.AXES:
                items.append(self.atom())
            items.append(self._place(close))
            if self.peek.text != ",":
                break
            self.take()
        return items[0] if len(items) == 1 else sx.Listing(self._from(start), tuple(items), (",",) * (len(items) - 1))

    def _place(self, close: str) -> Node:
        start = self.peek.span
        if self.peek.text == ":" and self.ahead(1).text in (",", close):
            self.take()
            return sx.Range(start)
        found = [self.sum()]
        while self.peek.text == ":" and len(found) < _MOST_PLACES:
            self.take()
            found.append(self.sum())
        if len(found) == 1:
            return found[0]
        return sx.Range(self._from(start), found[0], found[-1], found[1] if len(found) == _MOST_PLACES else None)

    def _is_evaluated(self) -> bool:
        """Whether a bar stands here that says at which point."""
        closes = self._stops and "|" in self._stops[-1]
        return self.peek.text == "|" and self.ahead(1).text == "_" and not closes

    def _evaluated(self, base: Node, start: Span) -> Node:
        self.take()
        self.take()
        point = self._script()
        return sx.At(self._from(start), base, point.body if isinstance(point, sx.Group) and point.open == "{" else point)

    def _with_scripts(self, base: Node, sub: Node | None, sup: Node | None, primes: int, start: Span) -> Node:
        span = self._from(start)
        if isinstance(base, sx.Annotated) and base.note is not None and sub is not None and isinstance(base.note, sx.Blank):
            return replace(base, note=sub, span=span)
        is_mark = isinstance(base, sx.Name) and base.base in ("1", "I") and base.style in ("mathbb", "mathbf")
        if (is_mark or (isinstance(base, sx.Number) and base.text == "1")) and isinstance(sub, (sx.Relation, sx.Group)):
            inner = sub.body if isinstance(sub, sx.Group) else sub
            if isinstance(inner, sx.Relation):
                return sx.Indicator(span, base, inner)
        if isinstance(base, sx.Name) and sub is not None and sup is not None and _has_index_of(sub, sup):
            base, sub = sx.Group(span, "(", ")", sx.Scripted(span, base, sub, None, primes)), None
            return sx.Scripted(span, base, None, sup)
        return sx.Scripted(span, base, sub, sup, primes)

    def _is_prime_script(self) -> bool:
        after = self.ahead(1)
        if after.text in ("\\prime", "'"):
            return True
        if after.text != "{":
            return False
        n = 2
        while self.ahead(n).text in ("\\prime", "'"):
            n += 1
        return n > 2 and self.ahead(n).text == "}"

    def _prime_script(self) -> int:
        if self.peek.text != "{":
            self.take()
            return 1
        self.take()
        count = 0
        while self.peek.text != "}":
            self.take()
            count += 1
        self.take()
        return count

    def _script(self) -> Node:
        token = self.peek
        if self.at_end:
            raise Unreadable(token.span, "a script is missing")
        if token.text == "{":
            holds_places = self._holds(":")
            self.take()
            if self.peek.text == "}":
                raise Unreadable(token.span, "an empty script")
            places = self._places_until_brace() if holds_places else None
            return self._until_brace() if places is None else places
        if token.text in _OF_EVERY_ENTRY and not self.ahead(1).spaced and (self.ahead(1).kind == "number" or self.ahead(1).text == "("):
            self.take()
            return sx.Prefix(token.span.to(self.peek.span), "odot", self.atom())
        if token.text in _MARKS:
            self.take()
            return sx.Mark(token.span, token.text)
        if token.kind == "number" and len(token.text) > 1 and token.text.isdigit():
            # TeX takes one digit; people mean the number they typed.
            self.take()
            return sx.Number(token.span, token.text)
        return self.atom()

    def _until_brace(self) -> Node:
        if self.peek.text in _OF_EVERY_ENTRY and self.ahead(1).text != "}":
            sign = self.take()
            power = self.sum()
            self.expect("}", "a brace")
            return sx.Prefix(self._from(sign.span), "odot", power)
        texts: list[Token] = []
        n = 0
        while self.ahead(n).text in _MARKS and self.ahead(n).kind in ("sign", "macro"):
            texts.append(self.ahead(n))
            n += 1
        if texts and self.ahead(n).text == "}":
            for _ in range(n + 1):
                self.take()
            return sx.Mark(texts[0].span.to(texts[-1].span), "".join(t.text for t in texts))
        word = self._word_in_braces()
        if word is not None:
            return word
        self._stops.append(frozenset())
        try:
            start = self.peek.span
            node: Node
            if self.peek.text == "-" and (self.ahead(1).text in ("\\top", "T") or self.ahead(1).text in voc.STYLES):
                self.take()
                body = self._script()
                node = sx.Prefix(self._from(start), "-", body)
            else:
                node = self._deeper(self._script_body)
            self.expect("}", "a brace")
        finally:
            self._stops.pop()
        return node

    def _word_in_braces(self) -> sx.Text | None:
        """The `next` of `c^{next}`: more letters in one go than a name has indices, or letters that are a word."""
        letters: list[Token] = []
        while (token := self.ahead(len(letters))).kind == "letter" and "a" <= token.text <= "z" and not token.accents:
            if letters and token.spaced:
                return None
            letters.append(token)
        word = "".join(t.text for t in letters)
        if token.text != "}" or not (len(word) > MOST_INDICES or word in SCRIPT_WORDS):
            return None
        for _ in range(len(letters) + 1):
            self.take()
        return sx.Text(letters[0].span.to(letters[-1].span), word)

    def _script_body(self) -> Node:
        node = self.relation()
        while self.peek.text in ("\\top",) and not self.at_end:
            mark = sx.Mark(self.peek.span, self.take().text)
            node = _joined(node, mark)
        if self.peek.text in _MARKS and self.ahead(1).text == "}":
            mark = sx.Mark(self.peek.span, self.take().text)
            node = _joined(node, mark)
        return node

    # ── derivatives ──────────────────────────────────────────────────────────────────────────────────────────────────

    def _partial(self, start: Span) -> Node:
        r"""`\partial L / \partial W`, or `\partial L` alone."""
        self.take()
        order = mark = None
        while self.peek.text == "^":
            self.take()
            script = self._script()
            if isinstance(script, sx.Mark):
                mark = script
            else:
                order = script
        if self.peek.text == "/" and self.ahead(1).text == "\\partial":
            self.take()
            self.take()
            wrt = self._operand()
            return self._operated(sx.Derivative(self._from(start), None, (wrt,), "partial", "operator", order, mark), start)
        sub = None
        if self.peek.text == "_":
            self.take()
            sub = self._script()
            of = self._operand()
            return sx.Derivative(self._from(start), of, (sub,), "partial", "operator", order, mark)
        called = self.peek.text.removeprefix("\\") in voc.FUNCTIONS
        of = self.factor() if called else self._operand()
        if self.peek.text == "/" and self.ahead(1).text == "\\partial":
            self.take()
            self.take()
            wrt = self._operand()
            return sx.Derivative(self._from(start), of, (wrt,), "partial", "slash", order, mark)
        return sx.Differential(self._from(start), "∂", of, order)

    def _operand(self) -> Node:
        """One factor with its scripts: what stands after a sign of differentiation."""
        start = self.peek.span
        if self.at_end:
            raise Unreadable(start, "nothing is differentiated")
        return self._scripted(self.atom(), start)

    def _nabla(self, start: Span) -> Node:
        self.take()
        order = None
        wrt: tuple[Node, ...] = ()
        while self.peek.text in ("_", "^") or self.peek.kind == "script":
            token = self.take()
            if token.kind == "script":
                script: Node = _typed_script(token)
                is_sub = token.text[0] == "_"
            else:
                script = self._script()
                is_sub = token.text == "_"
            if is_sub:
                wrt = script.items if isinstance(script, sx.Listing) else (script,)
            else:
                order = script
        node = sx.Derivative(self._from(start), None, wrt, "nabla", "operator", order)
        return self._operated(node, start)

    def _operated(self, node: sx.Derivative, start: Span) -> Node:
        """An operator takes everything that is joined on without a sign."""
        if not self._begins_factor():
            return node
        first = self.peek.span
        operands = [self.factor()]
        while self._begins_factor():
            operands.append(self.factor())
        whole: Node = operands[0]
        if len(operands) > 1:
            whole = sx.Product(first.to(operands[-1].span), tuple(operands), ("",) * (len(operands) - 1))
        return replace(node, of=whole, span=self._from(start), bare=len(operands) > 1)

    def _is_differential(self) -> bool:
        """`dW`, `\\mathrm{d}x`, `\\Delta W`: a sign joined to a letter."""
        token, following = self.peek, self.ahead(1)
        if token.text == "\\Delta":
            return following.kind in ("letter",) or following.text in voc.LETTER_MACROS or following.text in voc.STYLES
        if token.kind == "letter" and token.text == "d" and not token.accents and not token.style:
            letter = following.kind in ("letter", "word") or following.text in voc.LETTER_MACROS or following.text in voc.ACCENTS
            letter = letter or following.text in voc.STYLES
            return letter and (not following.spaced or following.kind == "macro")
        return self._is_upright_d()

    def _is_upright_d(self) -> bool:
        return (
            self.peek.text in voc.STYLES
            and [self.ahead(n).text for n in (1, 2, 3)] == ["{", "d", "}"]
            and (self.ahead(4).kind in ("letter", "word") or self.ahead(4).text in voc.LETTER_MACROS or self.ahead(4).text in voc.STYLES)
        )

    def _take_d(self) -> str:
        if self.peek.text in ("d", "\\Delta"):
            return "Δ" if self.take().text == "\\Delta" else "d"
        for _ in range(4):
            self.take()
        return "d"

    def _differential(self, start: Span) -> Node:
        sign = self._take_d()
        of = self._operand()
        if self.peek.text == "/" and sign == "d":
            mark = self._at
            self.take()
            if self._is_differential() and self.peek.text != "\\Delta":
                self._take_d()
                wrt = self._operand()
                return sx.Derivative(self._from(start), of, (wrt,), "d", "slash")
            self._at = mark
        return sx.Differential(self._from(start), sign, of)

    def _fraction(self, start: Span) -> Node:
        self.take()
        above, below = self._argument_tokens(), self._argument_tokens()
        derivative = self._derivative_fraction(above, below, start)
        if derivative is not None:
            if derivative.of is None:
                return self._operated(derivative, start)
            return derivative
        return sx.Frac(self._from(start), self._inner(above, start), self._inner(below, start))

    def _derivative_fraction(self, above: list[Token], below: list[Token], start: Span) -> sx.Derivative | None:
        r"""`\frac{\partial L}{\partial W}`, `\frac{d}{dx}`, `\frac{\partial^2 L}{\partial x \partial y}`."""
        top, bottom = _sign_of(above), _sign_of(below)
        if top is not None and bottom is None and top[0] == "\\partial" and len(above) == 1 and below:
            bottom = top  # `\frac{\partial}{z_k}`, with the second sign left out
            below = [above[0], *below]
        if top is None or bottom is None or top[0] != bottom[0]:
            return None
        if top[0] == "d" and len(below) <= bottom[1]:
            return None
        rest = above[top[1] :]
        order: Node | None = None
        mark: Node | None = None
        if rest and rest[0].text == "^" and len(rest) > 1:
            script, used = self._script_of(rest)
            rest = rest[used:]
            if isinstance(script, sx.Mark):
                mark = script
            else:
                order = script
        of = self._inner(rest, start) if rest else None
        wrt: list[Node] = []
        i = 0
        while i < len(below):
            sign = _sign_of(below[i:])
            if sign is None:
                return None
            j = i + sign[1]
            level, k = 0, j
            while k < len(below):
                if level == 0 and k > j and _sign_of(below[k:]) is not None and below[k - 1].text not in ("_", "^"):
                    break
                level = _level(level, below[k])
                k += 1
            wrt.append(self._inner(below[j:k], start))
            i = k
        if len(wrt) == 1 and isinstance(wrt[0], sx.Scripted) and order is not None and wrt[0].sup == order:
            wrt = [replace(wrt[0], sup=None) if wrt[0].sub is not None or wrt[0].primes else wrt[0].base] * 2
        kind = {"\\partial": "partial", "d": "d", "\\delta": "delta"}[top[0]]
        return sx.Derivative(self._from(start), of, tuple(wrt), kind, "fraction", order, mark)

    def _script_of(self, tokens: list[Token]) -> tuple[Node, int]:
        inner = _Parser(tokens)
        inner._depth = self._depth
        inner.take()
        script = inner._script()
        return script, inner._at

    def _argument_tokens(self) -> list[Token]:
        if self.at_end:
            raise Unreadable(self.peek.span, "an argument is missing")
        if self.peek.text != "{":
            return [self._first_digit() if self.peek.kind == "number" else self.take()]
        opened = self.take()
        level = 1
        out: list[Token] = []
        while not self.at_end:
            token = self.take()
            level += (token.text == "{") - (token.text == "}")
            if level == 0:
                return out
            out.append(token)
        raise Unreadable(opened.span, "a brace is not closed")

    def _argument(self) -> Node:
        start = self.peek.span
        return self._inner(self._argument_tokens(), start)

    def _first_digit(self) -> Token:
        r"""An argument without braces is one digit: `\frac12` is a half."""
        token = self.take()
        if len(token.text) > 1:
            cut = token.span.start + 1
            self._at -= 1
            self._tokens[self._at] = replace(token, text=token.text[1:], span=Span(min(cut, token.span.end), token.span.end), spaced=False)
            token = replace(token, text=token.text[0], span=Span(token.span.start, min(cut, token.span.end)))
        return token

    def _inner(self, tokens: list[Token], start: Span) -> Node:
        if not tokens:
            return sx.Blank(start)
        inner = _Parser(tokens)
        inner._depth = self._depth
        node = inner._deeper(inner.relation)
        if not inner.at_end:
            raise Unreadable(inner.peek.span, f"{inner.peek.text!r} is not expected here")
        return node

    # ── calls and big operators ──────────────────────────────────────────────────────────────────────────────────────

    def _called(self, node: Node, start: Span) -> Node:
        """A function and what it is given."""
        base = node.base if isinstance(node, sx.Scripted) else node
        if not isinstance(base, sx.Name):
            return node
        if (base.base in ("1", "I") and base.style in ("mathbb", "mathbf")) or (base.base == "1" and self.peek.text in ("[", "\\{")):
            return self._indicator(node, base, start)
        is_function = _is_function(base)
        if is_function and self.peek.text in ("(", "[", "\\{") and not (self.peek.text == "[" and base.base in voc.FUNCTION_LETTERS):
            arguments = self._arguments()
            if fn.word_of(base.base) in fn.DIAGONALS and isinstance(node, sx.Name) and len(arguments) > 1:
                return _diagonal(self._from(start), arguments)
            return sx.Call(self._from(start), node, arguments, "(")
        is_upright_word = len(base.base) > 1 and base.style in voc.UPRIGHT
        if self.peek.text == "(" and (_is_loss(base) or (is_upright_word and (self._holds(",") or self._is_of_a_name()))):
            arguments = self._arguments()
            return sx.Call(self._from(start), node, arguments, "(")
        if _is_bare(base) and self._begins_factor():
            first = self.peek.span
            factors = [self.factor()]
            while self._begins_factor() and not self._is_bare_function():
                factors.append(self.factor())
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
        return is_upright and _braced_name(self._tokens, self._at + 1)[0] in voc.BARE_FUNCTIONS

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

    def _has_limits(self) -> bool:
        return self.ahead(1).text == "_"

    def _has_axis(self) -> bool:
        r"""`\max_{\text{rows}}(X)` is a function, and no letter runs."""
        return any(self.ahead(n).text in voc.AXES for n in (2, 3, 5))

    def _big(self, start: Span) -> Node:
        token = self.take()
        operator = {**voc.BIG_OPERATORS, **voc.EXTREMA}[token.text]
        below = above = None
        while self.peek.text in ("_", "^") or self.peek.kind == "script":
            mark = self.take()
            script: Node = _typed_script(mark) if mark.kind == "script" else self._script()
            if mark.text[0] == "_":
                below = script
            else:
                above = script
        body = None
        if self._begins_factor() or (self.peek.text in ("-", "+") and operator == "sum" and below is None):
            body = self.product() if self._begins_factor() else None
        return sx.BigOp(self._from(start), operator, below, above, body)

    # ── atoms ────────────────────────────────────────────────────────────────────────────────────────────────────────

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

    def _holds_relation(self) -> bool:
        level = 0
        for n in range(60):
            token = self.ahead(n)
            level = _level(level, token)
            if level == 0:
                return False
            if token.text in _RELATION_TEXTS:
                return True
        return False

    def _half_open(self, start: Span) -> Node:
        """`\\left. x \\right|`: brackets of which one is not written."""
        self.take()
        body = self.sum()
        if self._is_evaluated():
            return self._evaluated(body, start)
        if (not self.at_end and self.peek.text in ("|", ")", "]")) or self.peek.kind == "delimiter":
            self.take()
        return sx.Group(self._from(start), "(", ")", body)

    def _braces(self, start: Span) -> Node:
        self.take()
        if self.peek.text == "}":
            self.take()
            return sx.Blank(start)
        switch = voc.SWITCHES.get(self.peek.text, "")
        if switch:
            self.take()
        self._stops.append(frozenset())
        try:
            node = self._deeper(self.relation)
            self.expect("}", "a brace")
        finally:
            self._stops.pop()
        if switch and isinstance(node, sx.Name):
            return replace(node, style=switch)
        if isinstance(node, (sx.Sum, sx.Product, sx.Listing, sx.Prefix, sx.Relation)):
            return sx.Group(self._from(start), "{", "}", node)
        return node

    def _bars(self, start: Span) -> Node:
        token = self.take()
        double = token.text in ("\\|", "\\lVert")
        closes = {"|": "|", "\\|": "\\|", "\\lvert": "\\rvert", "\\lVert": "\\rVert"}[token.text]
        if not double and token.text == "|" and self.peek.text == "|":
            self.take()
            double, closes = True, "||"
        self._stops.append(frozenset({"|", "\\|"}))
        try:
            body = self._deeper(self.listing)
        finally:
            self._stops.pop()
        if closes == "||":
            self.expect("|", "a norm")
            self.expect("|", "a norm")
        else:
            self.expect(closes, "a norm" if double else "an absolute value")
        return sx.Norm(self._from(start), body) if double else sx.Abs(self._from(start), body)

    def _bracketed(self, start: Span) -> Node:
        is_told = self.peek.text == "\\{" and self._bars_within() == 1  # `\{i | m_i < 1\}`
        opened = self.take()
        close = voc.OPENERS[opened.text]
        self._stops.append(frozenset({_WIDE}) if opened.text == "[" else frozenset({"|"}) if is_told else frozenset())
        try:
            return self._deeper(lambda: self._bracket_body(opened, close, start))
        finally:
            self._stops.pop()

    def _bracket_body(self, opened: Token, close: str, start: Span) -> Node:
        if self.peek.text == close:
            raise Unreadable(start, "empty brackets")
        if opened.text == "[" and (numbers := self._plain_numbers()) is not None:
            return numbers
        items: list[Node] = []
        rows: list[list[Node]] = [[]]
        while True:
            item = self._deeper(self._one_argument)
            items.append(item)
            rows[-1].append(item)
            if self.peek.text == "," and not self.at_end:
                self.take()
                if self.peek.text == close:
                    break
                continue
            if opened.text == "[" and self.peek.apart and self._begins_cell():
                continue  # `[x  h]`, side by side
            if self._separates(opened) and not self.at_end:
                separator = self.take().text
                if separator == ";":
                    rows.append([])
                continue
            break
        if self.peek.text not in (close, ")", "]"):
            raise Unreadable(opened.span, f"a bracket {opened.text} is not closed")
        closed = self.take().text
        span = self._from(start)
        if opened.text == "\\langle":
            return sx.Angle(span, tuple(items))
        if opened.text == "[" and closed == "]" and (len(items) > 1 or len(rows) > 1 or isinstance(items[0], sx.List)):
            if len(rows) > 1:
                return sx.List(span, tuple(sx.List(row[0].span.to(row[-1].span), tuple(row)) for row in rows if row))
            return sx.List(span, tuple(items))
        body: Node = items[0]
        if len(items) > 1:
            body = sx.Listing(items[0].span.to(items[-1].span), tuple(items), (",",) * (len(items) - 1))
        return sx.Group(span, opened.text, closed, body)

    def _separates(self, opened: Token) -> bool:
        """Whether rows are told apart here, or a set from its condition."""
        if self.peek.text == "|":
            return opened.text == "\\{" and bool(self._stops) and "|" in self._stops[-1]
        return (self.peek.text == "\\mid" and opened.text in ("[", "(", "\\{")) or (self.peek.text == ";" and opened.text in ("[", "("))

    def _bars_within(self) -> int:
        """How many bars stand in the brackets that open here."""
        level = 0
        for n in range(_LONGEST_SCRIPT):
            level = _level(level, self.ahead(n))
            if level == 0:
                return sum(self.ahead(k).text == "|" for k in range(n))
        return 0

    def _begins_cell(self) -> bool:
        self._stops.append(frozenset())
        try:
            return self._begins_factor()
        finally:
            self._stops.pop()

    def _plain_numbers(self) -> Node | None:
        """`[-2 1]`, `[1 0 2; 3 4 5]`: numbers with spaces between them."""
        start = self._tokens[self._at - 1].span
        rows: list[list[Node]] = [[]]
        n, sign, count = 0, None, 0
        while True:
            token = self.ahead(n)
            if token.kind == "number":
                number: Node = sx.Number(token.span, token.text)
                if sign is not None:
                    number = sx.Prefix(sign.span.to(token.span), sign.text, number)
                if rows[-1] and not (sign or token).spaced:
                    return None
                rows[-1].append(number)
                sign, count = None, count + 1
            elif token.text in ("-", "+") and sign is None and (not rows[-1] or (token.spaced and not self.ahead(n + 1).spaced)):
                sign = token
            elif token.text == ";" and sign is None:
                rows.append([])
            elif token.text == "]" and sign is None:
                break
            else:
                return None
            n += 1
        if count < 2:
            return None
        for _ in range(n + 1):
            self.take()
        span = self._from(start)
        if len(rows) > 1:
            return sx.List(span, tuple(sx.List(span, tuple(row)) for row in rows if row))
        return sx.List(span, tuple(rows[0]))

    def _environment(self, start: Span) -> Node:
        name = self.take().text
        if name in voc.CASES:
            return self._cases(name, start)
        if name not in voc.MATRICES:
            raise Unreadable(start, f"the environment {name or 'without a name'} is not known")
        rows: list[list[Node]] = [[]]
        cells = 0
        while True:
            self._stops.append(frozenset({"&"}))
            try:
                blank = self.at_end or self.peek.text in ("&", "\\\\") or self.peek.kind in ("end", "row")
                rows[-1].append(sx.Blank(self.peek.span) if blank else self._deeper(self.listing))
            finally:
                self._stops.pop()
            cells += 1
            if cells > _MOST_CELLS:
                raise Unreadable(start, f"a matrix of more than {_MOST_CELLS} entries")
            token = self.peek
            if self.at_end:
                raise Unreadable(start, f"{name} is not ended")
            if token.text == "&":
                self.take()
            elif token.text == "\\\\" or token.kind == "row":
                self.take()
                if self.peek.text == "[" and self.ahead(1).kind == "number":
                    while not self.at_end and self.take().text != "]":
                        pass
                rows.append([])
            elif token.kind == "end" and token is not self._end:
                self.take()
                break
            else:
                raise Unreadable(token.span, f"{token.text!r} is not expected in a matrix")
        kept = tuple(tuple(row) for row in rows if any(not isinstance(cell, sx.Blank) for cell in row))
        if not kept:
            raise Unreadable(start, "an empty matrix")
        return sx.Matrix(self._from(start), kept, name.removesuffix("*"))

    def _cases(self, name: str, start: Span) -> Node:
        rows: list[sx.Case] = []
        while not self.at_end and self.peek.kind != "end":
            value = self._deeper(self.listing)
            condition: Node | None = None
            words = ""
            self._skip_stops()
            if self.peek.text == "&":
                self.take()
            if [self.ahead(n).text for n in range(3)] == ["i", "f", "&"]:
                for _ in range(3):
                    self.take()
            while self.peek.text in voc.TEXT_MACROS_SET:
                self.take()
                words += "".join(t.text for t in self._argument_tokens())
            self._skip_stops()
            if self.peek.text not in ("\\\\",) and self.peek.kind not in ("end", "row") and not self.at_end:
                condition = self._deeper(self.relation)
            self._skip_stops()
            rows.append(sx.Case(value.span, value, condition, words))
            if self.peek.text == "\\\\" or self.peek.kind == "row":
                self.take()
        if self.at_end:
            raise Unreadable(start, f"{name} is not ended")
        self.take()
        return sx.Cases(self._from(start), tuple(rows))

    def _skip_stops(self) -> None:
        """The stops of the sentence that cases stand in."""
        while self.peek.text in (".", ",", ";") and not self.at_end:
            self.take()

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

_LONGEST_SCRIPT = 200
_MOST_PLACES = 3
# Among what a product stops at: a space of two or more.
_WIDE = "  "
# `x^{\\odot 2}`, `x^∘2`: a power of every entry.
_OF_EVERY_ENTRY = frozenset({"\\odot", "\\circ"})
_MARKS = frozenset({"*", "+", "-", ":", "\\top", "\\dagger", "\\star", "\\circ", "\\perp", "\\ast", "\\bullet"})
_NOT_FACTORS = (
    frozenset(voc.RELATIONS) | frozenset(voc.PRODUCTS) | frozenset(voc.SUM_SIGNS) | frozenset(voc.SEPARATORS) | frozenset(voc.CONNECTIVES)
    | frozenset(voc.CLOSERS) | frozenset(voc.PREFIXES)
    | frozenset({"\\\\", "\\top", "\\dagger", "\\prime", "\\mid", "\\|", "\\quad", "\\qquad"})
)  # fmt: skip


def _joined(before: Node | None, after: Node) -> Node:
    if before is None:
        return after
    factors = (*before.factors, after) if isinstance(before, sx.Product) and not any(before.operators) else (before, after)
    return sx.Product(before.span.to(after.span), factors, ("",) * (len(factors) - 1))


def _has_index_of(sub: Node, sup: Node) -> bool:
    """Whether a superscript has an index of the subscript in it, as in `p_i^{y_i}`: it is a power, and no part of a name."""
    scripts = [n for n in sx.walk(sup) if isinstance(n, sx.Scripted) and isinstance(n.base, sx.Name)]
    return any(set(letters_of(sub) or ()) & set(letters_of(n.sub) or ()) for n in scripts)


def _typed_script(token: Token) -> Node:
    """Superscript and subscript letters as typed: `ᵀ`, `₁₂`, `ₜ₋₁`."""
    body = token.text[1:]
    if body == "T":
        return sx.Mark(token.span, "T")
    parser = _Parser(lex(Source(body), Span(0, len(body))))
    node = _moved(parser.relation(), token.span)
    if not parser.at_end:
        raise Unreadable(token.span, "a script that cannot be read")
    return node


def _moved(node: Node, span: Span) -> Node:
    changed: dict[str, object] = {"span": span}
    for name in sx.field_names(type(node)):
        value = getattr(node, name)
        if isinstance(value, Node):
            changed[name] = _moved(value, span)
        elif isinstance(value, tuple) and value and isinstance(value[0], Node):
            changed[name] = tuple(_moved(v, span) if isinstance(v, Node) else v for v in value)
    return replace(node, **changed)  # type: ignore[arg-type]


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


def _sign_of(tokens: Sequence[Token]) -> tuple[str, int] | None:
    """The sign of differentiation that tokens begin with, and how many tokens it takes."""
    if not tokens:
        return None
    first = tokens[0]
    if first.text in ("\\partial", "\\delta"):
        return first.text, 1
    if first.text == "d" and first.kind == "letter":
        return "d", 1
    if first.text in voc.STYLES and [t.text for t in tokens[1:4]] == ["{", "d", "}"]:
        return "d", 4
    return None


def _diagonal(span: Span, entries: tuple[Node, ...]) -> Node:
    r"""`\operatorname{diag}(2, 3)` as the matrix that it is; with dots between them it is left to who knows what they stand for."""
    if any(isinstance(n, sx.Dots) for entry in entries for n in sx.walk(entry)):
        return sx.Call(span, sx.Name(span, "diag"), entries, "(")
    zero = sx.Number(span, "0")
    return sx.Matrix(span, tuple(tuple(entry if i == k else zero for k in range(len(entries))) for i, entry in enumerate(entries)))


def _is_function(name: sx.Name) -> bool:
    is_word = len(name.base) > 1 and not name.base.startswith("\\") and fn.word_of(name.base) in fn.WORDS
    return name.base in voc.FUNCTIONS or name.base in voc.FUNCTION_LETTERS or name.base.rpartition(".")[2] in voc.FUNCTIONS or is_word


def _is_bare(name: sx.Name) -> bool:
    return name.base in voc.BARE_FUNCTIONS


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
