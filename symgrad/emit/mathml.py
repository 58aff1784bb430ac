r"""LaTeX → MathML Core, which every browser draws without a script or a font.

latex2mathml reads the LaTeX; what it makes is written out here anew, from the elements and attributes that MathML Core has, with every
text escaped: what a sheet says never becomes markup. Alphabets, alignment and the spaces around functions, which Core leaves to the
author, are put in. What cannot be converted whole is shown as it was typed, never in part.

Source: MathML Core, W3C, https://www.w3.org/TR/mathml-core/.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Mapping
from functools import lru_cache
from html import escape, unescape
from typing import Literal
from xml.etree.ElementTree import Element

from symgrad.read import vocabulary as voc
from symgrad.read.lexer import Macro

_LONGEST = 40_000
_MOST_EXPANSIONS = 2_000

_ELEMENTS = frozenset(
    (
        "math mrow mi mn mo mtext mspace mfrac msqrt mroot msub msup msubsup munder mover munderover mtable mtr mtd mstyle mpadded "
        "mphantom mmultiscripts"
    ).split()
)
_ATTRIBUTES = frozenset(
    (
        "display stretchy fence form largeop movablelimits minsize maxsize lspace rspace width height depth voffset displaystyle "
        "scriptlevel accent accentunder linethickness"
    ).split()
)
Style = Literal["inline", "large", "block"]
_STYLES: dict[Style, dict[str, str]] = {"inline": {}, "large": {"displaystyle": "true"}, "block": {"display": "block"}}
_PLAIN = re.compile(r"[\w.+%-]{0,20}")
_ALIGNED = {"left": "l", "right": "r"}
_MARK = re.compile(r"mark-[a-z]{1,12}")

# Not operators, whatever block of Unicode they are from: an operator has space around it.
_IDENTIFIERS = frozenset("∂∇⊤⊥∞∅∆′″‴")
_OPERATORS = frozenset({"Sm", "Ps", "Pe"})  # signs and brackets


def mathml(latex: str, style: Style = "inline", macros: Mapping[str, Macro] | None = None) -> str:
    r"""The mathematics as one `math` element; in a `code` element as it was typed where it cannot be converted whole.

    Its style is "inline", "large" (in a line, with fractions and sums of full size) or "block" (on a line of its own).

    >>> mathml("x^2")
    '<math><mrow><msup><mi>x</mi><mn>2</mn></msup></mrow></math>'
    >>> mathml(r"x \nosuchmacro")
    '<code class="typed">x \\nosuchmacro</code>'
    """
    found = converted(latex, style, macros)
    return found if found is not None else typed(latex)


def typed(written: str) -> str:
    """What somebody wrote, as it is."""
    return f'<code class="typed">{escape(written.strip())}</code>'


def converted(latex: str, style: Style = "inline", macros: Mapping[str, Macro] | None = None) -> str | None:
    """The mathematics as a `math` element, or None where some of it would be lost."""
    expanded = _expanded(latex, macros or {})
    return None if expanded is None else _converted(expanded, style)


@lru_cache(maxsize=1024)
def _converted(latex: str, style: Style) -> str | None:
    from latex2mathml.converter import Converter

    if len(latex) > _LONGEST or _DEFINES.search(latex):
        return None
    prepared = _prepared(latex)
    try:
        element = Converter(display="inline" if style == "inline" else "block").convert_to_element(prepared)
        if not _is_whole(prepared, element):
            return None
        return _written(element, _STYLES[style])
    except Exception:  # the converter ends with any kind of error on what it does not know
        return None


# ── before the converter ─────────────────────────────────────────────────────────────────────────────────────────────

_DEFINES = re.compile(r"\\(?:(?:re|provide)?(?:new)?(?:command|environment)|def|let|DeclareMathOperator)(?![A-Za-z])")
_COMMENT = re.compile(r"(?<!\\)%[^\n]*")
_SILENT = re.compile(r"\\(?:label|ref|eqref|cite|vspace\*?|index|tag\*?)\s*\{[^{}]*\}|\\(?:nonumber|notag|allowbreak|par\b)")
_INSIDE_TEXT = re.compile(r"\\(text(?:rm|bf|it|sf|tt|normal)?|mbox|hbox|mathrm)\s*\{")
_STARRED = re.compile(r"\\(begin|end)\{((?:[bpvVB]|small)?matrix|cases|dcases)\*\}")
_SPELLED = (
    (re.compile(r"\\(begin|end)\{([bp])smallmatrix\}"), r"\\\1{\2matrix}"),
    (re.compile(r"\\(begin|end)\{[dr]cases\}"), r"\\\1{cases}"),
    (re.compile(r"\\(begin|end)\{(?:(?:fl)?align(?:at|ed|edat)?|eqnarray|IEEEeqnarray|split)\*?\}(?:\{\w*\})?"), r"\\\1{align*}"),
    (re.compile(r"\\(begin|end)\{(?:gathered|gather|multline|multlined|dmath)\*?\}"), r"\\\1{matrix}"),
    (re.compile(r"\\(?:begin|end)\{(?:equation|displaymath|math|subequations)\*?\}"), ""),
    (re.compile(r"\\(?:bm|pmb|symbf|bold)(?![A-Za-z])"), r"\\boldsymbol"),
    (re.compile(r"\\(?:mathds|mathbbm|Bbb)(?![A-Za-z])"), r"\\mathbb"),
    (re.compile(r"\\(?:mathop|mathord|mathbin|mathrel|ensuremath|mathstrut|mathnormal|mathup)(?![A-Za-z])"), ""),
    (re.compile(r"\\(?:T|transpose|trans)(?![A-Za-z])"), r"\\top"),
    *((re.compile(rf"{re.escape(command)}(?![A-Za-z])"), rf"\\mathbb{{{letter}}}") for command, letter in voc.SETS.items()),
    (re.compile(r"\\(?:coloneqq|coloneq|defeq)(?![A-Za-z])"), ":="),
    (re.compile(r"\\(?:nicefrac|sfrac|flatfrac)(?![A-Za-z])"), r"\\frac"),
    (re.compile(r"\\(argmax|argmin|softmax|diag|Diag|tr|Tr|ReLU|relu|sigmoid|sign|sgn|rank|Var|Cov|softplus)(?![A-Za-z])"),
     r"\\operatorname{\1}"),
    (re.compile(r"\\enspace(?![A-Za-z])"), r"\\;"),
    (re.compile(r"\\(?:displaystyle|textstyle|scriptstyle|limits|displaylimits)(?![A-Za-z])(?!\s*\\limits)"), ""),
    (re.compile(r"\\math(?:rm|up|sf)\{([A-Za-z])\}"), r"\\text{\1}"),
    (re.compile(r"\{,\}"), ","),
    # In braces, so that a script behind it is one of the whole.
    (re.compile(r"(\\begin\{(?:[bpvVB]matrix|cases|array)\})"), r"{\1"),
    (re.compile(r"(\\end\{(?:[bpvVB]matrix|cases|array)\})"), r"\1}"),
)  # fmt: skip
# How each of these changes the depth at which a row stands; the name of an environment closes its own brace.
_DEPTH = {"\\begin{": 2, "\\end{": 0, "{": 1, "}": -1}
_ROW = re.compile(r"\\\\|\\begin\{|\\end\{|\\.|\{|\}")


def _prepared(latex: str) -> str:
    """In the spellings that the converter knows; rows outside any environment get one."""
    latex = _SILENT.sub("", _COMMENT.sub("", latex))
    latex = _STARRED.sub(r"\\\1{\2}", latex)
    for spelling, common in _SPELLED:
        latex = spelling.sub(common, latex)
    latex = re.sub(r"\\\\\s*\[-?\d[^\]\n]*\]", r"\\\\", latex)
    latex = _split_text(latex)
    if _has_rows(latex):
        name = "align*" if re.search(r"(?<!\\)&", latex) else "matrix"
        latex = rf"\begin{{{name}}}{latex}\end{{{name}}}"
    return latex


_MATHEMATICS = re.compile(r"((?<!\\)\$[^$]*(?<!\\)\$|\\[{}])")  # inside a text


def _has_rows(latex: str) -> bool:
    level = 0
    for match in _ROW.finditer(latex):
        if match[0] == "\\\\" and level == 0:
            return True
        level += _DEPTH.get(match[0], 0)
    return False


def _split_text(latex: str) -> str:
    r"""`\text{for $t$ in {1, 2}}` with its mathematics outside, since the converter's text has neither braces nor mathematics."""
    out, i = [], 0
    while match := _INSIDE_TEXT.search(latex, i):
        end = closing(latex, match.end() - 1)
        if end is None:
            break
        inside = latex[match.end() : end]
        out.append(latex[i : match.start()])
        if match[1] == "mathrm" and not ("$" in inside or "\\ " in inside or " " in inside.strip()):
            out.append(latex[match.start() : match.end()] + inside + "}")
        else:
            name = "text" if match[1] in ("mbox", "hbox", "mathrm") else match[1]
            for k, piece in enumerate(_MATHEMATICS.split(inside)):
                plain = re.sub(r"\\([%&#_$])", r"\1", re.sub(r"[{}]", "", piece)) if k % 2 == 0 else piece.strip("$")
                if plain:
                    out.append(rf"\{name}{{{plain}}}" if k % 2 == 0 else f" {{{plain}}} ")
        i = end + 1
    return "".join([*out, latex[i:]])


def closing(text: str, start: int) -> int | None:
    """The place of the brace that closes the one at `start`.

    >>> closing("{a{b}}c", 0)
    5
    """
    level = 0
    i = start
    while i < len(text):
        if text[i] == "\\":
            i += 2
            continue
        level += (text[i] == "{") - (text[i] == "}")
        if level == 0:
            return i
        i += 1
    return None


_COMMAND = re.compile(r"\\(?:[A-Za-z]+|.)", re.DOTALL)


def _expanded(latex: str, macros: Mapping[str, Macro]) -> str | None:
    """With the author's own commands written out; None where they do not come to an end."""
    if not macros:
        return latex
    i = count = 0
    while match := _COMMAND.search(latex, i):
        macro = macros.get(match[0])
        if macro is None:
            i = match.end()
            continue
        count += 1
        if count > _MOST_EXPANSIONS or len(latex) > _LONGEST:
            return None
        arguments, end = _arguments(latex, match.end(), macro.arguments)
        body = re.sub(r"#(\d)", lambda m, a=arguments: a[int(m[1]) - 1] if 0 < int(m[1]) <= len(a) else "", macro.body)  # type: ignore[misc]
        latex = f"{latex[: match.start()]}{{{body}}}{latex[end:]}"
        i = match.start()
    return latex


def _arguments(latex: str, at: int, count: int) -> tuple[list[str], int]:
    found = []
    for _ in range(count):
        while at < len(latex) and latex[at].isspace():
            at += 1
        end = closing(latex, at) if latex[at : at + 1] == "{" else None
        if end is not None:
            found.append(latex[at + 1 : end])
            at = end + 1
        else:
            command = _COMMAND.match(latex, at)
            length = len(command[0]) if command else 1
            found.append(latex[at : at + length])
            at += length
    return found, at


# ── nothing is dropped ───────────────────────────────────────────────────────────────────────────────────────────────

_NOT_SHOWN = re.compile(
    r"\\(?:begin|end)\s*\{[^{}]*\}(?:\s*(?:\[[lcr|]*\]|\{[lcr|]*\}))?|\\(?:hspace\*?|color|class|kern|mspace|hskip)\s*\{[^{}]*\}"
    r"|\\(?:textcolor)\s*\{[^{}]*\}|\\operatorname\*?|\\[A-Za-z]+|\\."
)


def _letters(text: str) -> Counter[str]:
    return Counter(c for c in unicodedata.normalize("NFKD", text) if c.isalnum())


def _is_whole(latex: str, element: Element) -> bool:
    """Whether every letter and digit that was typed is shown, and no command as its name."""
    shown = unescape("".join(e.text or "" for e in element.iter()))
    return "\\" not in shown and not _letters(_NOT_SHOWN.sub(" ", latex)) - _letters(shown)


# ── what the converter made, as MathML Core ──────────────────────────────────────────────────────────────────────────


def _written(element: Element, given: Mapping[str, str] | None = None) -> str:
    tag, text = element.tag, _shown(element)
    attributes = {k: v for k, v in element.attrib.items() if k in _ATTRIBUTES and _PLAIN.fullmatch(v)}
    if len(element) != _OPERANDS.get(tag, len(element)):
        raise ValueError(f"{tag} has {len(element)} operands")
    if tag not in _ELEMENTS:
        tag = "mrow"
    if tag == "math":
        attributes = {}
    attributes |= given or {}
    classes = [_ALIGNED.get(element.get("columnalign", ""), "")] if tag == "mtd" else []
    classes += [c for c in element.get("class", "").split() if _MARK.fullmatch(c)]
    if tag == "mo" and (text in _IDENTIFIERS or (len(text) > 1 and text.isalpha() and "movablelimits" not in attributes)):
        tag, attributes = "mi", {}
    if tag == "mi" and len(text) == 1 and text not in _IDENTIFIERS and (text in ":;" or unicodedata.category(text) in _OPERATORS):
        tag, attributes = "mo", {"stretchy": "false"} if unicodedata.category(text) != "Sm" else {}
    variant = element.get("mathvariant", "")
    if tag in ("mi", "mn", "mtext", "mo") and variant:
        if variant == "normal" and tag == "mi" and len(text) == 1:
            attributes["mathvariant"] = "normal"
        else:
            text = "".join(_in_alphabet(c, variant) for c in text)
    if tag == "mo":
        text = {"-": "−", "*": "∗"}.get(text, text)
    if any(classes):
        attributes["class"] = " ".join(filter(None, classes))
    opening = "".join(f' {k}="{escape(v)}"' for k, v in attributes.items())
    inside = escape(text, quote=False) + _children(list(element), tag)
    return f"<{tag}{opening}>{inside}</{tag}>"


_OPERANDS = {"mfrac": 2, "mroot": 2, "msub": 2, "msup": 2, "munder": 2, "mover": 2, "msubsup": 3, "munderover": 3}
_ROWS = frozenset({"mrow", "math", "mtd", "mstyle", "msqrt", "mpadded", "mphantom"})
# What brackets grow with; beside anything else they keep their size, which browsers set better.
_TALL = frozenset({"mfrac", "mtable", "munder", "munderover", "msqrt", "mroot"})
# A minus behind one of these is a difference, behind any other operator a sign.
_SIGNS = frozenset("-−+±")
_AFTER_OPERANDS = frozenset(")]}|‖⟩!⊤′")
_THIN = '<mspace width="0.167em"></mspace>'


def _children(children: list[Element], tag: str) -> str:
    if tag not in _ROWS:
        return "".join(map(_written, children))
    out: list[str] = []
    before: Element | None = None
    flat = {"stretchy": "false"} if not any(e.tag in _TALL for child in children for e in child.iter()) else {}
    for child in _joined(children):
        if before is not None and _needs_space(before, child):
            out.append(_THIN)
        given = dict(flat) if child.get("stretchy") == "true" else {}
        if _shown(child) in _SIGNS and before is not None and before.tag == "mo" and _shown(before) not in _AFTER_OPERANDS:
            given["form"] = "prefix"
        if _shown(child) == "=" and before is None:
            given["form"] = "infix"
        out.append(_written(child, given))
        before = child
    return "".join(out)


def _joined(children: list[Element]) -> list[Element]:
    r"""Upright letters that follow each other are one word: `\mathrm{loss}`."""
    out: list[Element] = []
    for child in children:
        last = out[-1] if out else None
        if last is not None and all(_is_upright_letter(e) for e in (last, child)) and len(last) == len(child) == 0:
            word = Element("mi", {"mathvariant": "normal"})
            word.text = (last.text or "") + (child.text or "")
            out[-1] = word
        else:
            out.append(child)
    return out


def _is_upright_letter(element: Element) -> bool:
    return element.tag == "mi" and element.get("mathvariant") == "normal" and (element.text or "").isalpha()


def _shown(element: Element) -> str:
    return unescape(element.text or "")


def _needs_space(before: Element, after: Element) -> bool:
    return (_is_function(before) and _is_operand(after)) or (_is_function(after) and _is_operand(before))


def _is_function(element: Element) -> bool:
    """A word, or one with scripts: log, tanh², diag."""
    if element.tag in ("msub", "msup", "msubsup", "munder", "mover", "munderover") and len(element):
        return _is_function(element[0])
    text = element.text or ""
    return element.tag in ("mi", "mo") and len(text) > 1 and text.isalpha() and text.isascii()


def _is_operand(element: Element) -> bool:
    return element.tag not in ("mo", "mspace", "mtext") or (element.text or "").isalpha()


# The alphabets of Unicode's block of mathematical letters; a letter that stood in Unicode before is under its older name.
_ALPHABETS = {
    "bold": "MATHEMATICAL BOLD", "italic": "MATHEMATICAL ITALIC", "bold-italic": "MATHEMATICAL BOLD ITALIC",
    "double-struck": "MATHEMATICAL DOUBLE-STRUCK", "script": "MATHEMATICAL SCRIPT", "fraktur": "MATHEMATICAL FRAKTUR",
    "monospace": "MATHEMATICAL MONOSPACE", "sans-serif": "MATHEMATICAL SANS-SERIF", "sans-serif-italic": "MATHEMATICAL SANS-SERIF ITALIC",
}  # fmt: skip
_OLDER = {"MATHEMATICAL DOUBLE-STRUCK": "DOUBLE-STRUCK", "MATHEMATICAL SCRIPT": "SCRIPT", "MATHEMATICAL FRAKTUR": "BLACK-LETTER"}


def _in_alphabet(char: str, variant: str) -> str:
    alphabet = _ALPHABETS.get(variant)
    name = unicodedata.name(char, "")
    if alphabet is None or not re.match(r"(LATIN|GREEK) (SMALL|CAPITAL) LETTER \w+$|DIGIT \w+$", name):
        return char
    short = re.sub(r"^(?:LATIN|GREEK) (SMALL|CAPITAL) LETTER", r"\1", name)
    for family in (alphabet, _OLDER.get(alphabet, alphabet), alphabet.replace(" ITALIC", "") if char.isdigit() else alphabet):
        try:
            return unicodedata.lookup(f"{family} {short}")
        except KeyError:
            continue
    return char
