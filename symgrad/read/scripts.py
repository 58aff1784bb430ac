"""Scripts: subscripts, superscripts, primes, places of entries, points of evaluation."""

from __future__ import annotations

from dataclasses import replace
from itertools import takewhile

from symgrad import syntax as sx
from symgrad.naming import MOST_INDICES, SCRIPT_WORDS, letters_of
from symgrad.read import functions as fn
from symgrad.read import vocabulary as voc
from symgrad.read.grammar import LONGEST_SCRIPT, Grammar
from symgrad.read.lexer import lex
from symgrad.read.statements import depth_after
from symgrad.read.tokens import Token
from symgrad.span import Source, Span
from symgrad.syntax import Node, Unreadable

_MOST_PLACES = 3
# The letters that count rows, steps and tokens, where they stand in square brackets.
_PLACES = frozenset("ijklmnpqrstvbc")
# `x^{\\odot 2}`, `x^∘2`: a power of every entry.
_EVERY_PLACE = frozenset({"\\cdot", "\\bullet"})
_OF_EVERY_ENTRY = frozenset({"\\odot", "\\circ"})
_MARKS = frozenset(
    {"*", "+", "-", ":", "\\top", "\\dagger", "\\star", "\\circ", "\\perp", "\\ast", "\\bullet"}
    | {"\\gets", "\\to", "\\uparrow", "\\downarrow", "\\leftrightarrow"}  # `h^{\\leftarrow}`: what comes from behind
)


class Scripts(Grammar):
    """What stands above, below and before an atom."""

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
            elif token.text == "^" and (length := self._inverse_with_a_prime()):
                one = sx.Number(token.span, "1")
                sup, primes = _joined(sup, sx.Prefix(token.span, "-", one)), primes + 1
                for _ in range(length):
                    self.take()
            elif token.text == "^":
                self.take()
                sup = _joined(sup, self._script())
            elif token.text == "_":
                self.take()
                sub = _joined(sub, self._script())
            elif token.kind == "script":
                self.take()
                script = self._typed_script(token)
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
        if postfix == "%" and isinstance(base, sx.Number) and self._is_share(base):
            return replace(base, span=self._from(start), text=_hundredths(base.text))
        return sx.Postfix(self._from(start), postfix, base) if postfix else base

    def _is_share(self, number: sx.Number) -> bool:
        r"""Whether a per cent is a hundredth: not in `3/4 \cdot 100 = 75\%`, which says it twice."""
        signs = [token.text for token in self._tokens]
        doubles = any(sign == "100" and behind != "%" for sign, behind in zip(signs, [*signs[1:], ""], strict=True))
        return number.text.replace(".", "", 1).isdecimal() and not doubles

    def _is_index(self, base: Node, sup: Node | None) -> bool:
        """Whether brackets right behind something hold places of it, or sizes: `W[1:d, :]`, `I[n]`, `unfold[2, 1](X)`."""
        is_word = isinstance(base, sx.Name) and base.base in voc.WITH_SIZES_IN_BRACKETS
        sign = base.base if isinstance(base, sx.Name) else base.text if isinstance(base, sx.Number) else ""
        is_constant = (sign in ("I", "0", "1") or (sign == "K" and self._holds("\\times"))) and not self._holds_relation()
        return is_word or (sup is None and (is_constant or self._holds(":") or self._counts(base)))

    def _counts(self, base: Node) -> bool:
        r"""Whether brackets right behind a name say which of its rows, steps or tokens: `h[t - 1]`, `E[v]`, `E[\mathrm{tok}_t]`."""
        if not isinstance(base, sx.Name) or base.style == "mathbb" or names_a_function(base):
            return False
        inside = list(takewhile(lambda t: t.text != "]", (self.ahead(n) for n in range(1, LONGEST_SCRIPT))))
        index = [t for t in inside if t.text not in ("+", "-", ",")]
        letters = [t for t in index if t.kind != "number"]
        is_counted = all(t.text in _PLACES for t in letters) and (bool(letters) or all(t.text.isdigit() for t in index))
        is_of_a_list = len(index) == len(inside) > 2 and inside[-2].text == "_" and not any(t.text in voc.PRODUCTS for t in inside)
        return bool(index) and (is_counted or is_of_a_list)

    def _holds(self, sign: str) -> bool:
        """Whether a sign, such as the colon of places, stands in the brackets or braces that open here, and in no others inside."""
        level = 0
        for n in range(LONGEST_SCRIPT):
            token = self.ahead(n)
            level = depth_after(level, token)
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

    def _all_along_an_axis(self) -> Node | None:
        r"""`n\cdot}`, `\cdot k}`: a row and a column, with a dot for every place of the other axis; None for anything else."""
        start = self.peek.span
        texts = [self.ahead(n).text for n in range(4)]
        inside = [text for text in texts[: texts.index("}")] if text != ","] if "}" in texts else []
        if len(inside) != 2 or sum(text in _EVERY_PLACE for text in inside) != 1:
            return None
        items: list[Node] = []
        while self.peek.text != "}":
            if self.peek.text in _EVERY_PLACE:
                items.append(sx.Range(self.take().span))
            elif self.peek.text == ",":
                self.take()
            else:
                items.append(self.atom())
        self.take()
        return sx.Listing(self._from(start), tuple(items), (",",))

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

    def _inverse_with_a_prime(self) -> int:
        r"""How many tokens `^{-\prime}` and `^{-1\prime}` are: the transposed inverse, as statisticians write it; 0 for anything else."""
        texts = [self.ahead(n).text for n in range(1, 6)]
        digits = 1 if texts[2] == "1" else 0
        is_one = texts[:2] == ["{", "-"] and texts[2 + digits] in ("\\prime", "'") and texts[3 + digits] == "}"
        return 5 + digits if is_one else 0

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
            places = self._places_until_brace() if holds_places else self._all_along_an_axis()
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
        node = _of_letters(self.relation())
        while self.peek.text in ("\\top",) and not self.at_end:
            mark = sx.Mark(self.peek.span, self.take().text)
            node = _joined(node, mark)
        if self.peek.text in _MARKS and self.ahead(1).text == "}":
            mark = sx.Mark(self.peek.span, self.take().text)
            node = _joined(node, mark)
        return node

    def _script_of(self, tokens: list[Token]) -> tuple[Node, int]:
        inner = self._parser(tokens)
        inner.take()
        script = inner._script()
        return script, inner._at

    def _typed_script(self, token: Token) -> Node:
        """Superscript and subscript letters as typed: `ᵀ`, `₁₂`, `ₜ₋₁`, and the sign of `h₋`."""
        body = token.text[1:]
        if body in ("T", "+", "-", "*"):
            return sx.Mark(token.span, body)
        parser = self._parser(lex(Source(body), Span(0, len(body))))
        node = _moved(_of_letters(parser.relation()), token.span)
        if not parser.at_end:
            raise Unreadable(token.span, "a script that cannot be read")
        return node


def _joined(before: Node | None, after: Node) -> Node:
    if before is None:
        return after
    factors = (*before.factors, after) if isinstance(before, sx.Product) and not any(before.operators) else (before, after)
    return sx.Product(before.span.to(after.span), factors, ("",) * (len(factors) - 1))


def _has_index_of(sub: Node, sup: Node) -> bool:
    """Whether a superscript has an index of the subscript in it, as in `p_i^{y_i}`: it is a power, and no part of a name."""
    scripts = [n for n in sx.walk(sup) if isinstance(n, sx.Scripted) and isinstance(n.base, sx.Name)]
    return any(set(letters_of(sub) or ()) & set(letters_of(n.sub) or ()) for n in scripts)


def _moved(node: Node, span: Span) -> Node:
    changed: dict[str, object] = {"span": span}
    for name in sx.field_names(type(node)):
        value = getattr(node, name)
        if isinstance(value, Node):
            changed[name] = _moved(value, span)
        elif isinstance(value, tuple) and value and isinstance(value[0], Node):
            changed[name] = tuple(_moved(v, span) if isinstance(v, Node) else v for v in value)
    return replace(node, **changed)  # type: ignore[arg-type]


def names_a_function(name: sx.Name) -> bool:
    is_word = len(name.base) > 1 and not name.base.startswith("\\") and fn.word_of(name.base) in fn.WORDS
    return name.base in voc.FUNCTIONS or name.base in voc.FUNCTION_LETTERS or name.base.rpartition(".")[2] in voc.FUNCTIONS or is_word


def _hundredths(text: str) -> str:
    """`0.865` for the 86.5 of `86.5%`, to as many digits."""
    whole, _, behind = text.partition(".")
    digits = whole.zfill(3)
    return f"{digits[:-2]}.{digits[-2:]}{behind}"


def _of_letters(script: Node) -> Node:
    """The d and the j of `W_{dj}`, where nothing changes."""
    factors = script.factors if isinstance(script, sx.Product) else (script,)
    if not any(isinstance(factor, sx.Differential) and factor.sign == "d" and factor.order is None for factor in factors):
        return script
    letters: list[Node] = []
    signs: list[str] = []
    for factor, sign in zip(factors, ("", *(script.operators if isinstance(script, sx.Product) else ())), strict=True):
        signs.append(sign)
        if isinstance(factor, sx.Differential):
            letters.append(sx.Name(Span(factor.span.start, factor.span.start + 1), "d"))
            signs.append("")
        letters.append(factor.of if isinstance(factor, sx.Differential) else factor)
    return sx.Product(script.span, tuple(letters), tuple(signs[1:]))
