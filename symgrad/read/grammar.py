"""What the rooms of the parser share: the stream of tokens, and the rules that they call of each other."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Self

from symgrad import syntax as sx
from symgrad.read import vocabulary as voc
from symgrad.read.statements import END
from symgrad.read.tokens import Token
from symgrad.span import Span
from symgrad.syntax import Node, Unreadable

_DEEPEST = 60
# The longest script that is read again as tokens.
LONGEST_SCRIPT = 200
# Among what a product stops at: a space of two or more.
WIDE = "  "


class Grammar(ABC):
    """A stream of tokens, and the names of the rules that stand in other rooms."""

    def __init__(self, tokens: Sequence[Token]) -> None:
        self._tokens = list(tokens)
        self._at = 0
        self._depth = 0
        self._stops: list[frozenset[str]] = []
        start = tokens[-1].span.end if tokens else 0
        self._end = replace(END, span=Span(start, start))

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
        inner = self._parser(tokens)
        node = inner._deeper(inner.relation)
        if not inner.at_end:
            raise Unreadable(inner.peek.span, f"{inner.peek.text!r} is not expected here")
        return node

    def _has_limits(self) -> bool:
        return self.ahead(1).text == "_"

    def _has_axis(self) -> bool:
        r"""`\max_{\text{rows}}(X)` is a function, and no letter runs."""
        return any(self.ahead(n).text in voc.AXES for n in (2, 3, 5))

    def _skip_stops(self) -> None:
        """The stops of the sentence that cases stand in."""
        while self.peek.text in (".", ",", ";") and not self.at_end:
            self.take()

    def _parser(self, tokens: Sequence[Token]) -> Self:
        """A parser of a piece of this one's tokens, as deep in brackets."""
        inner = type(self)(tokens)
        inner._depth = self._depth
        return inner

    # ── the rules ────────────────────────────────────────────────────────────────────────────────────────────────────

    @abstractmethod
    def relation(self) -> Node:
        """A statement: listings with relations between them."""

    @abstractmethod
    def listing(self) -> Node:
        """Sums with commas between them."""

    @abstractmethod
    def sum(self) -> Node:
        """Products with signs between them."""

    @abstractmethod
    def product(self) -> Node:
        """Factors side by side or with operators between them."""

    @abstractmethod
    def factor(self) -> Node:
        """An atom with its scripts."""

    @abstractmethod
    def atom(self) -> Node:
        """A number, a name, a bracket, a macro."""

    @abstractmethod
    def _one_argument(self) -> Node:
        """What stands between the commas of a call."""

    @abstractmethod
    def _begins_factor(self) -> bool:
        """Whether another factor begins here."""

    @abstractmethod
    def _holds_relation(self) -> bool:
        """Whether the bracket that opens here has a relation in it."""
