r"""What a script is: part of a name, a transpose, an inverse or a power; and the one spelling of a name.

`W^{(2)T}` is the transpose of the name `W^{(2)}`; whether `x^2` is a power or a name is left to whoever knows the sheet's names.
A name is spelt without its style (`\mathbf{h}` is `h`) unless the sheet uses both, and with its accents and scripts.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from symgrad.syntax import Annotated, Differential, Group, List, Listing, Mark, Name, Node, Number, Prefix, Product, Scripted, Sum, Text

_TRANSPOSES = {"\\top", "T", "\\intercal", "tr", "\\mathsf{T}", "\\dagger", "H"}
_ACCENT_LATEX = {"underline": "underline", "vec": "vec"}


@dataclass(frozen=True)
class Superscript:
    """A superscript taken apart: a label that belongs to the name, a power, a transpose, an inverse."""

    label: str = ""
    power: Node | None = None
    transposed: bool = False
    inverse: bool = False


def superscript(node: Node | None) -> Superscript:
    """What a superscript says. A number or a single letter is both a possible label and a possible power."""
    if node is None:
        return Superscript()
    parts = list(node.factors) if isinstance(node, Product) else list(node.items) if isinstance(node, Listing) else [node]
    transposed = False
    while parts and _is_transpose(parts[-1]):
        transposed = not transposed
        parts.pop()
    if len(parts) == 1 and isinstance(parts[0], Prefix) and parts[0].sign == "-":
        body = parts[0].body
        pieces = list(body.factors) if isinstance(body, Product) else [body]
        while pieces and _is_transpose(pieces[-1]):
            transposed = not transposed
            pieces.pop()
        if not pieces or (len(pieces) == 1 and isinstance(pieces[0], Number) and pieces[0].text == "1"):
            return Superscript(transposed=transposed, inverse=True)
    if not parts:
        return Superscript(transposed=transposed)
    rest = parts[0] if len(parts) == 1 else node if not transposed else Product(node.span, tuple(parts), ("",) * (len(parts) - 1))
    if isinstance(rest, Mark) and rest.text in ("-\\top", "-T", "-\\intercal"):
        return Superscript(transposed=not transposed, inverse=True)
    text = script_text(rest)
    if isinstance(rest, (Group, List, Mark, Text)) and text:
        return Superscript(label=text, transposed=transposed)
    return Superscript(label=text or "", power=rest, transposed=transposed)


def _is_transpose(node: Node) -> bool:
    if isinstance(node, Mark):
        return node.text in _TRANSPOSES
    if isinstance(node, Name):
        return node.base in _TRANSPOSES and not node.accents
    return isinstance(node, Text) and node.text.strip() in _TRANSPOSES


def script_text(node: Node | None) -> str:
    """A script as it is spelt in a name; "" for one that is no part of a name."""
    match node:
        case None:
            return ""
        case Name(base=base, accents=accents):
            return _accented(base, accents)
        case Number(text=text) | Text(text=text) | Mark(text=text):
            return text.strip()
        case Group(open=left, close=right, body=body):
            inner = script_text(body)
            return f"{left}{inner}{right}" if inner else ""
        case List(items=items):
            return "[" + ",".join(map(script_text, items)) + "]"
        case Listing(items=items):
            parts = [script_text(item) for item in items]
            return ",".join(parts) if all(parts) else ""
        case Product(factors=factors, operators=operators):
            parts = [script_text(f) for f in factors]
            return "".join(parts) if all(parts) and not any(o not in ("", "-") for o in operators) else ""
        case Sum(terms=terms, signs=signs):
            parts = [script_text(t) for t in terms]
            return "".join(s + p for s, p in zip(signs, parts, strict=True)) if all(parts) else ""
        case Prefix(sign=("+" | "-") as sign, body=body):
            inner = script_text(body)
            return sign + inner if inner else ""
        case Scripted(base=Name() as base, sub=sub, sup=sup):
            return spelled(base, script_text(sub), script_text(sup))
        case Differential(sign="d", of=of, order=None):
            inner = script_text(of)  # letters of a word: the `de` of `d_{model}`
            return "d" + inner if inner else ""
    return ""


def _accented(base: str, accents: tuple[str, ...]) -> str:
    for accent in reversed(accents):
        base = f"\\{accent}{{{base}}}"
    return base


def spelled(name: Name, sub: str = "", label: str = "", styled: bool = False) -> str:
    r"""The one spelling of a name with its scripts.

    >>> from symgrad.span import Span; at = Span(0, 1)
    >>> spelled(Name(at, "W", style="mathbf"), label="(h)"), spelled(Name(at, "y", ("hat",)), sub="12")
    ('W^{(h)}', '\\hat{y}_{12}')
    """
    base = _accented(name.base, name.accents)
    if styled and name.style:
        base = f"\\{name.style}{{{base}}}"
    elif len(name.base.rstrip("'")) > 1 and not name.base.startswith("\\"):
        base = f"\\mathrm{{{base}}}"
    out = base
    if label:
        out += f"^{{{label}}}" if len(label) > 1 else f"^{label}"
    if sub:
        out += f"_{{{sub}}}" if len(sub) > 1 else f"_{sub}"
    return out


def letters_of(node: Node | None) -> tuple[str, ...] | None:
    """The index letters of a subscript such as `ij` or `i,j`; None when it is anything else."""
    match node:
        case Name(base=base, accents=()) if len(base) == 1 and base.islower():
            return (base,)
        case Product(factors=factors, operators=operators) if not any(operators):
            items = factors
        case Listing(items=items):
            pass
        case _:
            return None
    found: list[str] = []
    for item in items:
        inner = letters_of(item)
        if inner is None:
            return None
        found.extend(inner)
    is_word = "".join(found) in SCRIPT_WORDS and not isinstance(node, Listing)
    return None if is_word or len(found) > MOST_INDICES else tuple(found)


# Scripts that are words: `c_{prev}`, `h_{in}`; no name has more indices than so many.
SCRIPT_WORDS = frozenset(
    {"in", "out", "new", "old", "pre", "max", "min", "hid", "vis", "inp", "obs", "pos", "neg", "ref", "reg", "emb", "key"}
)
MOST_INDICES = 3


def numbers_of(node: Node | None) -> tuple[int, ...] | None:
    """The whole numbers of a subscript such as `2`, `12` (one digit an axis is the caller's matter), `1,2`, or `01`, which are two."""
    match node:
        case Number(text=text) if text.isdigit():
            return (int(text),) if text[0] != "0" else tuple(map(int, text))
        case Listing(items=items):
            found = [numbers_of(item) for item in items]
            return tuple(n[0] for n in found if n) if all(f is not None and len(f) == 1 for f in found) else None
    return None


def plain_name(node: Node, styled: frozenset[str] = frozenset()) -> str | None:
    """The spelling of a node that is a name with its labels and nothing else.

    >>> from symgrad.span import Span; at = Span(0, 1)
    >>> plain_name(Scripted(at, Name(at, "h"), Number(at, "1")))
    'h_1'
    """
    if isinstance(node, Annotated):
        return plain_name(node.body, styled)
    if isinstance(node, Name):
        return spelled(node, styled=node.base in styled)
    if isinstance(node, Differential):
        inner = plain_name(node.of, styled)
        sign = {"d": "d", "∂": "\\partial ", "Δ": "\\Delta "}.get(node.sign)
        return None if inner is None or sign is None or node.order is not None else sign + inner
    if isinstance(node, Scripted) and isinstance(node.base, Name):
        script, below = superscript(node.sup), script_text(node.sub)
        if script.transposed or script.inverse or (node.sub is not None and not below) or (node.sup is not None and not script.label):
            return None
        return spelled(node.base, below, script.label, node.base.base in styled) + "'" * node.primes
    return None


# Before a name that the author left unsaid, spelt out already.
MEANT = "\u2063"


def argument_name(head: str) -> str:
    """A name of our own for what the activation is applied to that gives a quantity."""
    return f"z{MEANT}{head}"


def without_argument_names(name: str) -> str:
    """The quantity that such a name is about; any other name as it is."""
    _, mark, head = name.removeprefix("\\mathrm{").removesuffix("}").partition(f"z{MEANT}")
    return head if mark else name


# A letter that stands for any number.
ANY_NUMBER = "any\u2063"


def without_transpose(node: Scripted) -> Node:
    label = superscript(node.sup).label
    if not label and node.sub is None:
        return node.base
    return replace(node, sup=Text(node.span, label) if label else None)


def is_value_of(name: str, known: str) -> bool:
    """Whether a name is one value of another: `w_0`, `w^{(1)}` of `w`.

    >>> is_value_of("w_0", "w"), is_value_of("w^{(1)}", "w"), is_value_of("w_{new}", "w")
    (True, True, False)
    """
    return re.fullmatch(re.escape(known) + r"[_^](?:\d|\{[(\[]?\d[)\]]?\})", name) is not None
