r"""A name in three spellings: LaTeX, terminal text, and a Python identifier.

Users name quantities as they write them: `W^{(h)}`, `\hat{y}`, `h_1`, `W1`, `lambda`, `δ`. A gradient's name is
`∂L/∂h_1`; users cannot write that, so it never collides with one of theirs.
"""

from __future__ import annotations

import keyword
import re
import unicodedata
from functools import lru_cache

GREEK = dict(
    zip(
        [
            "alpha",
            "beta",
            "gamma",
            "delta",
            "epsilon",
            "zeta",
            "eta",
            "theta",
            "iota",
            "kappa",
            "lambda",
            "mu",
            "nu",
            "xi",
            "pi",
            "rho",
            "sigma",
            "tau",
            "upsilon",
            "phi",
            "chi",
            "psi",
            "omega",
            "Gamma",
            "Delta",
            "Theta",
            "Lambda",
            "Xi",
            "Pi",
            "Sigma",
            "Upsilon",
            "Phi",
            "Psi",
            "Omega",
            "varepsilon",
            "ell",
            "nabla",
        ],
        "αβγδεζηθικλμνξπρστυφχψωΓΔΘΛΞΠΣΥΦΨΩεℓ∇",
        strict=True,
    )
)
_GREEK_LATEX = {letter: "\\" + name for name, letter in reversed(GREEK.items())}
_ACCENTS = {
    "hat": "\u0302", "widehat": "\u0302", "tilde": "\u0303", "widetilde": "\u0303",
    "bar": "\u0304", "overline": "\u0304", "dot": "\u0307", "check": "\u030c", "breve": "\u0306",
    "acute": "\u0301", "grave": "\u0300", "vec": "\u20d7",
}  # fmt: skip
_ACCENT_LATEX = {"\u0302": "hat", "\u0303": "tilde", "\u0304": "bar", "\u0307": "dot"}
_SUBSCRIPT = dict(zip("0123456789+-=()aehijklmnoprstuvx", "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓ", strict=True))
_UNSUBSCRIPT = {v: k for k, v in _SUBSCRIPT.items()}
_STYLES = ("mathbf", "boldsymbol", "bm", "mathrm", "mathit", "mathsf", "text", "mathcal", "mathbb", "operatorname")

gradient_of = re.compile(r"∂(?P<of>.+)/∂(?P<wrt>.+)").fullmatch
# An invisible separator keeps the differential dh apart from a user's own symbol of that name.
_TANGENT = "d\u2063"


def gradient(of: str, wrt: str) -> str:
    """The name of a gradient.

    >>> latex(gradient("L", "h_1")), text(gradient("L", "h_1")), identifier(gradient("L", "h_1"))
    ('\\\\frac{\\\\partial L}{\\\\partial h_{1}}', '∂L/∂h₁', 'dL_dh_1')
    """
    return f"∂{of}/∂{wrt}"


_SECOND = "\u2063∂²"


_stacked = re.compile(r"vec\((?P<body>.+)\)").fullmatch


def stacked(name: str) -> str:
    r"""The name of a matrix whose columns are stacked; a derivative by one is by its transpose, so that it is a matrix.

    >>> [spell(gradient(stacked("F"), stacked("W_1"))) for spell in (text, latex, identifier)]
    ['∂vec(F)/∂vec(W₁)ᵀ', '\\frac{\\partial \\operatorname{vec}(F)}{\\partial \\operatorname{vec}(W_{1})^{\\top}}', 'dvec_F_dvec_W_1']
    """
    return f"vec({name})"


def _by(wrt: str, *others: str, mode: str) -> str:
    """What a derivative is by, as it stands below the line."""
    turned = any(map(_stacked, (wrt, *others)))
    return latex(wrt) + r"^{\top}" * turned if mode == "latex" else text(wrt) + "ᵀ" * turned


def second(of: str, wrt: str, by: str) -> str:
    """The name of a second derivative.

    >>> [spell(second("L", "w", "w")) for spell in (text, latex, identifier)]
    ['∂²L/∂w²', '\\\\frac{\\\\partial^2 L}{\\\\partial w^2}', 'd2L_dw_dw']
    >>> text(second("L", "W_1", "b"))
    '∂²L/∂W₁∂b'
    """
    return "\u2063".join([_SECOND + of, wrt, by])


def second_along(of: str, wrt: str, direction: str) -> str:
    """The name of a Hessian times a direction.

    >>> identifier(second_along("L", "w", "v"))
    'd2L_dw_dw_v'
    """
    return second(of, wrt, wrt) + "\u2063" + direction


def is_second(name: str) -> bool:
    """Whether it is the name of a second derivative."""
    return name.startswith(_SECOND) and name.count("\u2063") > 2


def second_entry(name: str, rows: str, columns: str, mode: str) -> str:
    """An entry of a second derivative, its indices written at the variables; without indices the whole.

    >>> second_entry(second("L", "W", "W"), "ij", "kl", "text")
    '∂²L/∂Wᵢⱼ∂Wₖₗ'
    """
    of, wrt, by = name.removeprefix(_SECOND).split("\u2063")[:3]
    if _stacked(wrt) or _stacked(by):
        if mode == "latex":
            return rf"\frac{{\partial^2 {latex(of)}}}{{\partial {latex(wrt)} \, \partial {_by(by, wrt, mode=mode)}}}"
        return f"∂²{text(of)}/∂{text(wrt)}∂{_by(by, wrt, mode=mode)}"
    same = wrt == by and not rows
    if mode == "latex":
        spelled = latex(wrt) if "^" not in latex(wrt) else rf"\left({latex(wrt)}\right)"
        each = [rf"\partial {indexed(latex(n), letters, mode)}" for n, letters in ((wrt, rows), (by, columns))]
        below = rf"\partial {spelled}^2" if same else r" \, ".join(each)
        return rf"\frac{{\partial^2 {latex(of)}}}{{{below}}}"
    if same:
        spelled = text(wrt) if "^" not in text(wrt) else f"({text(wrt)})"
        return f"∂²{text(of)}/∂{spelled}²"
    return f"∂²{text(of)}/∂{indexed(text(wrt), rows, mode)}∂{indexed(text(by), columns, mode)}"


def indexed(name: str, letters: str, mode: str) -> str:
    """What is spelled out already, with indices; in parentheses where it has a subscript of its own.

    >>> indexed("W", "ij", "text"), indexed("(Xᵀ X)", "ik", "text"), indexed("W_{1}", "ij", "latex")
    ('Wᵢⱼ', '(Xᵀ X)ᵢₖ', '\\\\left(W_{1}\\\\right)_{ij}')
    """
    if not letters:
        return name
    own = name[-1] not in ")]" and (any(c in _UNSUBSCRIPT for c in name) or "_" in name)
    if mode == "latex":
        return (rf"\left({name}\right)" if own else name) + f"_{{{letters}}}"
    return (f"({name})" if own else name) + _text_script("_", letters)


def gradient_entry(name: str, of: str, wrt: str, mode: str) -> str:
    """An entry of a Jacobian, the indices `of` and `wrt` written at the variables.

    >>> gradient_entry(gradient("z", "W"), "i", "jk", "text")
    '∂zᵢ/∂Wⱼₖ'
    """
    match = gradient_of(name)
    assert match is not None
    spell = latex if mode == "latex" else text
    above, below = indexed(spell(match["of"]), of, mode), indexed(spell(match["wrt"]), wrt, mode)
    return rf"\frac{{\partial {above}}}{{\partial {below}}}" if mode == "latex" else f"∂{above}/∂{below}"


def accented(name: str, accent: str) -> str:
    r"""A name with an accent on its letter: the tangent ẇ and the cotangent w̄ of w.

    >>> accented("W^{(h)}", "dot"), accented("h_1", "bar"), text(accented(r"\hat{y}", "dot"))
    ('\\dot{W}^{(h)}', '\\bar{h}_1', 'ŷ̇')
    """
    head, rest = re.fullmatch(r"(\\[A-Za-z]+\{[^{}]*\}|\\[A-Za-z]+|[^\W_]+|.)(.*)", name, re.DOTALL).groups()  # type: ignore[union-attr]
    return rf"\{accent}{{{head}}}{rest}"


def tangent(name: str, along: str = "") -> str:
    """The name of a differential; `along` a direction of one input.

    >>> latex(tangent("h_1")), text(tangent("h_1")), text(tangent(gradient("L", "h"), "V"))
    ('\\\\mathrm{d}h_{1}', 'dh₁', 'd_V(∂L/∂h)')
    """
    return _TANGENT + (f"{along}\u2063" if along else "") + name


def _tangent_parts(name: str) -> tuple[str, str]:
    """The direction, if it has one, and what moves."""
    along, _, inner = name.removeprefix(_TANGENT).rpartition("\u2063")
    return along, inner


def is_tangent(name: str) -> bool:
    """Whether it is the name of a differential."""
    return name.startswith(_TANGENT)


def temporary(number: int) -> str:
    """The name of what code keeps for later; the prime keeps it apart from every name a user can have (the identifier is t_1)."""
    return f"t′{number}"


def is_temporary(name: str) -> bool:
    return name.startswith("t′")


@lru_cache(maxsize=4096)
def latex(name: str) -> str:
    r"""As LaTeX; what is LaTeX already stays, but for braces around scripts.

    >>> [latex(n) for n in ("W^E", "h_12", "W1", "lambda", "y_hat", "loss", "δ", "ŷ")]
    ['W^{E}', 'h_{12}', 'W_{1}', '\\lambda', '\\hat{y}', '\\mathrm{loss}', '\\delta', '\\hat{y}']
    """
    if match := gradient_of(name):
        return rf"\frac{{\partial {latex(match['of'])}}}{{\partial {_by(match['wrt'], match['of'], mode='latex')}}}"
    if match := _stacked(name):
        return rf"\operatorname{{vec}}({latex(match['body'])})"
    if is_second(name):
        return second_entry(name, "", "", "latex")
    if is_tangent(name):
        along, inner = (latex(part) if part else "" for part in _tangent_parts(name))
        return r"\mathrm{d}" + (f"_{{{along}}}" if along else "") + (rf"\left({inner}\right)" if inner.startswith(r"\frac") else inner)
    if "\\" in name or "{" in name:
        return re.sub(r"([_^])([A-Za-z0-9])(?=$|[\^_])", r"\1{\2}", name)
    head, scripts = _split(name)
    return _latex_word(head) + "".join(f"{mark}{{{_latex_script(body)}}}" for mark, body in scripts)


def _split(name: str) -> tuple[str, list[tuple[str, str]]]:
    """`W^E_3` → ("W", [("^", "E"), ("_", "3")]); a trailing number is a subscript; `_hat` is an accent."""
    plain = "".join(_UNSUBSCRIPT.get(c, c) if c not in _UNSUBSCRIPT else "\0" + _UNSUBSCRIPT[c] for c in name)
    plain = re.sub(r"(\0.)+", lambda m: "_" + m[0].replace("\0", ""), plain)
    parts = re.split(r"([_^])", plain)
    head, marks = parts[0], list(zip(parts[1::2], parts[2::2], strict=True))
    while marks and marks[0][1] in _ACCENTS:
        head += marks.pop(0)[1]
    if not head:
        return name, []
    if match := re.fullmatch(r"([^\W\d]+)(\d+)", head):
        head = match[1]
        marks.insert(0, ("_", match[2]))
    merged: dict[str, str] = {}
    for mark, body in marks:
        merged[mark] = f"{merged[mark]},{body}" if mark in merged else body
    return head, list(merged.items())


def _latex_word(word: str) -> str:
    for accent in ("hat", "tilde", "bar", "dot"):
        if word.endswith(accent) and len(word) > len(accent):
            return rf"\{accent}{{{_latex_word(word[: -len(accent)])}}}"
    if word in GREEK:
        return "\\" + word
    if word in _GREEK_LATEX:
        return _GREEK_LATEX[word]
    decomposed = unicodedata.normalize("NFD", word)
    if len(decomposed) == 2 and decomposed[1] in _ACCENT_LATEX:
        return rf"\{_ACCENT_LATEX[decomposed[1]]}{{{decomposed[0]}}}"
    word = _escaped(word)
    return word if len(word.rstrip("'")) == 1 else rf"\mathrm{{{word}}}"


def _escaped(word: str) -> str:
    """What LaTeX takes for a sign of its own."""
    return re.sub(r"([%#&$~])", lambda m: r"\sim{}" if m[1] == "~" else "\\" + m[1], word.replace("′", "'"))


def _latex_script(body: str) -> str:
    return _latex_word(body) if body in GREEK else _escaped(body)


@lru_cache(maxsize=4096)
def text(name: str) -> str:
    r"""For a terminal: Unicode where it has the letter.

    >>> [text(n) for n in (r"\hat{y}", "W^{(h)}", "h_{t-1}", "W^E", "W1", r"\mathcal{L}", "W_{hy}")]
    ['ŷ', 'W^(h)', 'hₜ₋₁', 'W^E', 'W1', 'L', 'W_hy']
    """
    if match := gradient_of(name):
        return f"∂{text(match['of'])}/∂{_by(match['wrt'], match['of'], mode='text')}"
    if match := _stacked(name):
        return f"vec({text(match['body'])})"
    if is_second(name):
        return second_entry(name, "", "", "text")
    if name.startswith(_TANGENT):
        along, inner = (text(part) if part else "" for part in _tangent_parts(name))
        sign = f"d_{along} " if along else "d"
        return f"{sign.strip()}({inner})" if "/" in inner else sign + inner
    out = name
    for style in _STYLES:
        out = re.sub(rf"\\{style}\s*\{{([^{{}}]*)\}}", r"\1", out)
    for command, mark in _ACCENTS.items():
        out = re.sub(
            rf"\\{command}\s*(?:\{{([^{{}}]*)\}}|(\w))",
            lambda m, mark=mark: unicodedata.normalize("NFC", (m[1] or m[2]) + mark),  # type: ignore[misc]
            out,
        )
    out = re.sub(r"\\([A-Za-z]+)\s*", lambda m: GREEK.get(m[1], m[1]), out)
    if "\\" not in name and "{" not in name:
        head, scripts = _split(name)
        if not (re.fullmatch(r"[^\W\d_]+\d+", name)):
            word = unicodedata.normalize("NFC", _text_word(head))
            letters = [(mark, GREEK.get(body, body)) for mark, body in scripts]
            out = word + "".join(mark + (body if len(body) == 1 else f"{{{body}}}") for mark, body in letters)
    return re.sub(r"([_^])(?:\{([^{}]*)\}|(.))", lambda m: _text_script(m[1], m[2] or m[3] or ""), out)


def _text_word(word: str) -> str:
    for accent in ("hat", "tilde", "bar", "dot"):
        if word.endswith(accent) and len(word) > len(accent):
            return _text_word(word[: -len(accent)]) + _ACCENTS[accent]
    return GREEK.get(word, word)


def _text_script(mark: str, body: str) -> str:
    if mark == "_" and all(c in _SUBSCRIPT for c in body):
        return "".join(_SUBSCRIPT[c] for c in body)
    if mark == "_" and re.search(r"\w[+-]\w", body):
        return f"{mark}({body.replace('-', '−')})"  # h_{T-1} is no difference
    return mark + body.replace("-", "−")


@lru_cache(maxsize=4096)
def identifier(name: str) -> str:
    r"""A Python identifier; names that are identifiers already stay as they are.

    >>> [identifier(n) for n in ("W1", "W^{(h)}", r"\hat{y}", "h_{t-1}", "lambda", "δ", "x'")]
    ['W1', 'W_h', 'y_hat', 'h_t_1', 'lambda_', 'delta', 'x_prime']
    """
    if match := gradient_of(name):
        return f"d{identifier(match['of'])}_d{identifier(match['wrt'])}"
    if match := _stacked(name):
        return f"vec_{identifier(match['body'])}"
    if is_second(name):
        of, wrt, by, *direction = map(identifier, name.removeprefix(_SECOND).split("\u2063"))
        return "_".join([f"d2{of}", f"d{wrt}", f"d{by}", *direction])
    if name.endswith("\u2063star"):
        return identifier(name.removesuffix("\u2063star")) + "_star"
    if is_tangent(name):
        along, inner = _tangent_parts(name)
        return f"d{identifier(inner)}" + (f"_along_{identifier(along)}" if along else "")
    out = name
    for style in _STYLES:
        out = re.sub(rf"\\{style}\s*\{{([^{{}}]*)\}}", r"\1", out)
    out = re.sub(r"\\(hat|tilde|bar|dot|vec)\s*\{?(\\?\w+)\}?", r"\2_\1 ", out)
    out = re.sub(r"['′](?!\d)", "_prime", out)
    out = "".join(_UNSUBSCRIPT.get(c, c) if c in _UNSUBSCRIPT else c for c in out)
    out = "".join(_GREEK_LATEX[c][1:] if c in _GREEK_LATEX else c for c in out)
    # Python reads 𝐱 and x as one name (NFKC), so they are made one here, where a clash is seen.
    decomposed = unicodedata.normalize("NFKD", out)
    out = "".join(f"_{_ACCENT_LATEX[c]}" if c in _ACCENT_LATEX else c for c in decomposed)
    out = unicodedata.normalize("NFKC", out)
    if not out.isidentifier():
        kept = "".join(c if f"a{c}".isidentifier() else "_" for c in out)
        out = re.sub("_+", "_", kept).strip("_")
    if not out.isidentifier():
        out = "v_" + out
    return out + "_" if keyword.iskeyword(out) or out == "np" else out


def identifiers(names: list[str]) -> dict[str, str]:
    """Distinct identifiers for distinct names, in order; a clash gets a number.

    >>> identifiers(["W^o", "W_o", "x"])
    {'W^o': 'W_o', 'W_o': 'W_o_2', 'x': 'x'}
    """
    taken: set[str] = set()
    chosen: dict[str, str] = {}
    for name in names:
        base = candidate = identifier(name)
        number = 2
        while candidate in taken:
            candidate, number = f"{base}_{number}", number + 1
        taken.add(candidate)
        chosen[name] = candidate
    return chosen


_INDEXED = re.compile(r"^(.*_)(?:\{(\d+)\}|(\d+))(.*)$")


def step_index(name: str) -> tuple[str, int] | None:
    r"""The name with its step number taken out, and the number: `h_3` → ("h_{}", 3); None without one.

    >>> step_index("h_3"), step_index(r"\hat{y}_{12}"), step_index("W1"), step_index("∂L/∂h_2")
    (('h_{}', 3), ('\\hat{y}_{}', 12), None, ('∂L/∂h_{}', 2))
    """
    if match := gradient_of(name):
        inner = step_index(match["wrt"])
        return None if inner is None else (gradient(match["of"], inner[0]), inner[1])
    if name.startswith(_TANGENT):
        along, moving = _tangent_parts(name)
        inner = step_index(moving)
        return None if inner is None else (tangent(inner[0], along), inner[1])
    if is_second(name):
        return None
    match2 = _INDEXED.match(name)
    if match2 is None:
        return None
    return f"{match2[1]}{{}}{match2[4]}", int(match2[2] or match2[3])


def counted_from(name: str, letter: str) -> tuple[str, int] | None:
    r"""The name with its step taken out, and how far that is from a letter: `h_{t-1}` → ("h_{}", −1); None for another name.

    >>> counted_from("h_{t-1}", "t"), counted_from("∂L/∂h_{T}", "T"), counted_from("h_1", "t")
    (('h_{}', -1), ('∂L/∂h_{}', 0), None)
    """
    if not re.search(rf"_\{{{letter}([+-]\d+)?\}}", name):
        return None
    found = step_index(re.sub(rf"_\{{{letter}([+-]\d+)?\}}", lambda m: f"_{{{1000 + int(m[1] or 0)}}}", name))
    return None if found is None else (found[0], found[1] - 1000)


def at_step(stem: str, index: str) -> str:
    """The name of a stem at a step: ("h_{}", "t-1") → `h_{t-1}`."""
    return stem.replace("_{}", f"_{{{index}}}", 1)
