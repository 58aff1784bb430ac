r"""LaTeX mathematics in the notation of Typst: what the records of `symgrad.ops` and names are spelled with.

    math   ::= piece*
    piece  ::= atom [_ group] [^ group]        atom ::= sign | command group* | group | \left … \right | matrix

Letters and signs become their Unicode characters; a command that nobody knows is written by its name, so that nothing is lost.
Source: the Typst reference, chapter Math (typst 0.13).
"""

from __future__ import annotations

import json
import re
from functools import lru_cache

from symgrad import names

_TOKEN = re.compile(r"\\[A-Za-z]+|\\.|\s+|\d+(?:\.\d+)?|.", re.DOTALL)
_SIGNS = {
    "top": "⊤", "odot": "⊙", "oslash": "⊘", "otimes": "⊗", "times": "×", "cdot": "⋅", "dots": "…", "ldots": "…", "cdots": "⋯", "vdots": "⋮",
    "partial": "∂", "nabla": "∇", "infty": "∞", "in": "∈", "le": "≤", "leq": "≤", "ge": "≥", "geq": "≥", "ne": "≠", "neq": "≠", "to": "→",
    "sim": "∼", "approx": "≈", "pm": "±", "sum": "∑", "prod": "∏", "int": "∫", "circ": "∘", "star": "⋆", "dagger": "†", "prime": "′",
    "langle": "⟨", "rangle": "⟩", "lVert": "‖", "rVert": "‖", "lvert": "|", "rvert": "|", "Vert": "‖", "mid": "|", "ast": "∗",
    "lfloor": "⌊", "rfloor": "⌋", "lceil": "⌈", "rceil": "⌉", "rightarrow": "→", "leftarrow": "←", "ell": "ℓ", "perp": "⊥", "parallel": "∥",
    "vartheta": "ϑ", "varphi": "φ", "phi": "ϕ", "epsilon": "ϵ", "varepsilon": "ε", "varrho": "ϱ", "varsigma": "ς", "cap": "∩", "cup": "∪",
}  # fmt: skip
_SPACES = {"quad": "quad", "qquad": "wide", ",": "thin", ";": "thick", ":": "med", " ": "space", "!": "", "enspace": "space"}
_AROUND = {
    "frac": "frac({}, {})", "tfrac": "inline(frac({}, {}))", "dfrac": "display(frac({}, {}))", "sqrt": "sqrt({})", "hat": "hat({})",
    "widehat": "hat({})", "tilde": "tilde({})", "widetilde": "tilde({})", "bar": "macron({})", "dot": "dot({})", "ddot": "dot.double({})",
    "vec": "arrow({})", "overrightarrow": "arrow({})", "overleftarrow": "accent({}, arrow.l)", "overline": "overline({})",
    "underline": "underline({})", "mathbf": "bold(upright({}))", "boldsymbol": "bold({})", "bm": "bold({})", "mathcal": "cal({})",
    "mathbb": "bb({})", "mathsf": "sans({})", "mathit": "italic({})", "mathfrak": "frak({})", "mathscr": "cal({})",
    "underset": "limits({1})_({0})", "overset": "limits({1})^({0})",
}  # fmt: skip
_UPRIGHT = frozenset({"mathrm", "text", "textrm", "textit", "textbf", "mbox"})
_FUNCTIONS = frozenset(
    "arccos arcsin arctan argmax argmin cos cosh det dim exp inf ker lim ln log max min sin sinh sup tan tanh tr".split()
)
_BIG = frozenset("bigl bigr Bigl Bigr biggl biggr big Big displaystyle textstyle scriptstyle limits nolimits".split())


@lru_cache(maxsize=4096)
def math(latex: str) -> str:
    r"""The formula in Typst's notation, without the dollars around it.

    >>> math(r"\frac{\partial L}{\partial W^{(h)}}"), math(r"\hat{y}_{12}^{\top}"), math(r"\mathrm{ReLU}\left(x, W\right)")
    ('frac(∂ L, ∂ W^(\\( h \\)))', 'hat(y)_(12)^(⊤)', '"ReLU"lr(\\( x \\, W \\))')
    """
    return _Reader(_TOKEN.findall(latex)).until("")


def _joined(pieces: list[str]) -> str:
    """With spaces between, but not beside a word, where Typst would keep them."""
    out = ""
    for piece in pieces:
        beside = piece.startswith('"') or (out.rstrip("'").endswith('"') and not out.endswith('\\"'))
        out += piece if not out or beside else f" {piece}"
    return out


class _Reader:
    """Reads tokens once, from left to right."""

    def __init__(self, tokens: list[str]) -> None:
        self._tokens = tokens
        self._at = 0

    def _peek(self) -> str:
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def _next(self) -> str:
        token = self._peek()
        self._at += 1
        return token

    def _skip(self) -> None:
        while self._peek().isspace():
            self._at += 1

    def until(self, *closing: str) -> str:
        """The pieces before one of these tokens, which is read too, with spaces between them."""
        out: list[str] = []
        while (token := self._peek()) not in ("", *closing):
            if token.isspace():
                self._at += 1
            elif token in "_^":
                self._at += 1
                base = out.pop() if out else '""'
                out.append(f"{base}{token}({self._group()})")
            elif token == "'":
                self._at += 1
                out.append((out.pop() if out else '""') + "'")
            else:
                piece = self._atom()
                out += [piece] if piece else []
        self._at += 1
        return _joined(out)

    def _group(self) -> str:
        self._skip()
        if self._peek() == "{":
            self._at += 1
            return self.until("}")
        return self._atom()

    def _raw(self) -> str:
        """A group as plain text, its commands undone."""
        self._skip()
        if self._peek() != "{":
            return self._next()
        depth, out = 0, ""
        while token := self._next():
            depth += (token == "{") - (token == "}")
            if depth == 0:
                break
            out += "" if token in "{}" else token[1:] if token.startswith("\\") else token
        return out

    def _atom(self) -> str:
        token = self._next()
        if token == "{":
            inside = self.until("}")
            return f"lr({inside})" if " " in inside else inside or '""'
        if not token.startswith("\\"):
            return '""' if not token else token if token[0].isalnum() or token in "+-−=<>!|" else f"\\{token}"
        return self._command(token[1:])

    def _command(self, name: str) -> str:
        if name == "left":
            return self._fenced()
        if name == "begin":
            return self._matrix()
        if name in _SPACES:
            return _SPACES[name]
        if name in _SIGNS:
            return _SIGNS[name]
        if name in names.GREEK:
            return names.GREEK[name]
        if name in _UPRIGHT:
            word = self._raw()
            return f"upright({word})" if len(word) == 1 and word.isalpha() else json.dumps(word, ensure_ascii=False)
        if name == "operatorname":
            return f"op({json.dumps(self._raw(), ensure_ascii=False)})"
        if name in _FUNCTIONS:
            return f'op("{name}")'
        if name in _AROUND:
            wanted = 2 if "{1}" in _AROUND[name] or _AROUND[name].count("{}") == 2 else 1
            return _AROUND[name].format(*(self._group() for _ in range(wanted)))
        if name in _BIG:
            return ""
        if len(name) == 1 and not name.isalpha():
            return "‖" if name == "|" else f"\\{name}"
        return json.dumps(name)

    def _fence(self) -> str:
        token = self._next()
        if token == ".":
            return ""
        return _SIGNS.get(token[1:], "‖" if token == r"\|" else token) if len(token) > 1 else f"\\{token}"

    def _fenced(self) -> str:
        opening = self._fence()
        inside = self.until(r"\right")
        return f"lr({opening} {inside} {self._fence()})"

    def _matrix(self) -> str:
        kind = self._raw()
        fences = {"bmatrix": '"["', "pmatrix": '"("', "vmatrix": '"|"', "matrix": "#none"}
        rows: list[list[str]] = [[]]
        while self._at < len(self._tokens):
            start = self._at
            cell = self.until("&", r"\\", r"\end")
            rows[-1].append(cell or '""')
            closing = self._tokens[self._at - 1] if self._at - 1 < len(self._tokens) else ""
            if closing == r"\\":
                rows.append([])
            elif closing != "&" or self._at == start:
                break
        self._raw()
        return f"mat(delim: {fences.get(kind, '#none')}, {'; '.join(', '.join(row) for row in rows)})"
