"""Brackets, bars and environments: what stands between two signs."""

from __future__ import annotations

from dataclasses import replace

from symgrad import syntax as sx
from symgrad.read import vocabulary as voc
from symgrad.read.grammar import LONGEST_SCRIPT, WIDE
from symgrad.read.scripts import Scripts
from symgrad.read.statements import RELATION_TEXTS, depth_after
from symgrad.read.tokens import Token
from symgrad.span import Span
from symgrad.syntax import Node, Unreadable

_MOST_CELLS = 100_000


class Brackets(Scripts):
    """What is held between an opening and a closing sign."""

    def _holds_relation(self) -> bool:
        level = 0
        for n in range(60):
            token = self.ahead(n)
            level = depth_after(level, token)
            if level == 0:
                return False
            if token.text in RELATION_TEXTS:
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
        self._stops.append(frozenset({WIDE}) if opened.text == "[" else frozenset({"|"}) if is_told else frozenset())
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
        for n in range(LONGEST_SCRIPT):
            level = depth_after(level, self.ahead(n))
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
