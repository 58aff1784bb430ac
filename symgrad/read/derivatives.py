"""Derivatives: fractions of differentials, gradients, differentials alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from symgrad import syntax as sx
from symgrad.read import vocabulary as voc
from symgrad.read.scripts import Scripts
from symgrad.read.statements import depth_after
from symgrad.read.tokens import Token
from symgrad.span import Span
from symgrad.syntax import Node, Unreadable

_UPRIGHT = frozenset({"\\mathrm", "\\rm", "\\mathsf", "\\operatorname"})


class Derivatives(Scripts):
    """What differentiates."""

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
                script: Node = self._typed_script(token)
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
        return replace(node, of=_as_a_power(whole, node.wrt), span=self._from(start), bare=len(operands) > 1)

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

    def _is_operator(self) -> bool:
        """`d/dt f`: the sign of differentiation alone above the slash, and joined to its letter below."""
        signs = [self.ahead(n) for n in range(4)]
        is_joined = not any(token.spaced for token in signs[1:])
        return (
            [t.text for t in signs[:3]] == ["d", "/", "d"]
            and is_joined
            and (signs[3].kind == "letter" or signs[3].text in voc.LETTER_MACROS)
        )

    def _operator(self, start: Span) -> Node:
        for _ in range(3):
            self.take()
        wrt = self._operand()
        return self._operated(sx.Derivative(self._from(start), None, (wrt,), "d", "operator"), start)

    def _is_upright_d(self) -> bool:
        taken = self._upright_d()
        if not taken:
            return False
        following = self.ahead(taken)
        return following.kind in ("letter", "word") or any(
            following.text in known for known in (voc.LETTER_MACROS, voc.STYLES, voc.ACCENTS)
        )

    def _upright_d(self) -> int:
        r"""How many tokens `\mathrm{d}` or `\mathrm d` takes; 0 where none stands here."""
        if self.peek.text in voc.STYLES and [self.ahead(n).text for n in (1, 2, 3)] == ["{", "d", "}"]:
            return 4
        return 2 if self.peek.text in _UPRIGHT and self.ahead(1).text == "d" else 0

    def _take_d(self) -> str:
        if self.peek.text in ("d", "\\Delta"):
            return "Δ" if self.take().text == "\\Delta" else "d"
        for _ in range(self._upright_d()):
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
                level = depth_after(level, below[k])
                k += 1
            wrt.append(self._inner(below[j:k], start))
            i = k
        if len(wrt) == 1 and isinstance(wrt[0], sx.Scripted) and order is not None and wrt[0].sup == order:
            wrt = [replace(wrt[0], sup=None) if wrt[0].sub is not None or wrt[0].primes else wrt[0].base] * 2
        kind = {"\\partial": "partial", "d": "d", "\\delta": "delta"}[top[0]]
        of = of if of is None else _as_a_power(of, wrt)
        return sx.Derivative(self._from(start), of, tuple(wrt), kind, "fraction", order, mark)


def _as_a_power(of: Node, wrt: Sequence[Node]) -> Node:
    r"""`x^3` in brackets where it is differentiated by x, as no name with a label is."""
    match of:
        case sx.Scripted(base=sx.Name(base=letter), sub=None, sup=sx.Number()) if any(
            isinstance(by, sx.Name) and by.base == letter for by in wrt
        ):
            return sx.Group(of.span, "(", ")", of)
    return of


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
    if first.text in _UPRIGHT and len(tokens) > 1 and tokens[1].text == "d":
        return "d", 2
    return None
