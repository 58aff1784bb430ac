r"""The words of written mathematics, as tables: what a macro, a sign or a word is.

Several spellings of one sign become one token (`\leq`, `\leqslant`, `≤` → `\le`), since nobody means different things
by them. Letters are never merged, but for a Greek letter typed and the macro that prints it.
"""

from __future__ import annotations

_GREEK = (
    "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma tau upsilon phi chi psi omega Gamma "
    "Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega"
).split()
_GREEK_LETTERS = dict(zip("αβγδεζηθικλμνξπρστυφχψωΓΔΘΛΞΠΣΥΦΨΩ", ("\\" + name for name in _GREEK), strict=True))
_OTHER_LETTERS = (
    "varepsilon vartheta uppi varpi varrho varsigma varphi varkappa digamma ell imath jmath hbar Re Im aleph wp infty emptyset varnothing"
).split()
# Letters that a macro prints and that have no other name; the macro is the base of the Name.
LETTER_MACROS = frozenset("\\" + name for name in [*_GREEK, *_OTHER_LETTERS])
# As `symgrad.names` has it, a typed ε is \epsilon and a typed φ is \phi, whatever shape the font gives them.
LETTERS = {
    **_GREEK_LETTERS, "ϵ": "\\epsilon", "ϕ": "\\phi", "ϑ": "\\vartheta", "ϱ": "\\varrho", "ς": "\\varsigma", "ϖ": "\\varpi",
    "ℓ": "\\ell", "ħ": "\\hbar", "∞": "\\infty", "∅": "\\emptyset", "µ": "\\mu", "ı": "\\imath", "ȷ": "\\jmath",
    "∆": "\\Delta", "Ω": "\\Omega",
}  # fmt: skip

# Vectors of ones and of zeros, typed as one sign.
BOLD_DIGITS = {"𝟙": "1", "𝟏": "1", "𝟘": "0", "𝟎": "0"}

# One token for each sign, however it is spelt.
SIGNS = {
    "·": "\\cdot", "⋅": "\\cdot", "∙": "\\cdot", "•": "\\cdot", "‧": "\\cdot", "・": "\\cdot", "×": "\\times", "✕": "\\times",
    "⊙": "\\odot", "⨀": "\\odot", "∘": "\\circ", "◦": "\\circ", "○": "\\circ", "⊗": "\\otimes", "⨂": "\\otimes", "⊘": "\\oslash",
    "★": "\\star", "⋆": "\\star", "☆": "\\star", "∗": "*", "÷": "\\div", "⁄": "/", "∕": "/", "⊕": "\\oplus", "⊖": "\\ominus",
    "−": "-", "–": "-", "‐": "-", "‑": "-", "﹣": "-", "±": "\\pm", "∓": "\\mp",
    "≤": "\\le", "⩽": "\\le", "≥": "\\ge", "⩾": "\\ge", "≠": "\\ne", "≈": "\\approx", "≃": "\\simeq", "≅": "\\cong",
    "≡": "\\equiv", "∼": "\\sim", "∝": "\\propto", "∈": "\\in", "∉": "\\notin", "⊂": "\\subset", "⊆": "\\subseteq",
    "≔": ":=", "≜": "\\triangleq", "≝": "\\triangleq", "≪": "\\ll", "≫": "\\gg", "⊥": "\\perp",
    "→": "\\to", "⟶": "\\to", "←": "\\gets", "⟵": "\\gets", "↦": "\\mapsto",
    "⇒": "\\Rightarrow", "⟹": "\\Rightarrow", "⇔": "\\Leftrightarrow", "⟺": "\\Leftrightarrow", "∴": "\\therefore", "∵": "\\because",
    "∂": "\\partial", "𝜕": "\\partial", "∇": "\\nabla", "∑": "\\sum", "∏": "\\prod", "∫": "\\int", "√": "\\sqrt",
    "⟨": "\\langle", "〈": "\\langle", "⟩": "\\rangle", "〉": "\\rangle", "‖": "\\|", "∥": "\\|", "∣": "|",
    "⌊": "\\lfloor", "⌋": "\\rfloor", "⌈": "\\lceil", "⌉": "\\rceil",
    "…": "\\dots", "⋯": "\\dots", "⋮": "\\vdots", "⋱": "\\ddots", "′": "'", "’": "'", "‘": "'", "ʹ": "'", "`": "`",
    "⊤": "\\top", "⊺": "\\top", "†": "\\dagger", "∀": "\\forall", "∃": "\\exists", "¬": "\\neg", "∧": "\\land", "∨": "\\lor",
    "∪": "\\cup", "∩": "\\cap", "∖": "\\setminus",
}  # fmt: skip
SYNONYMS = {
    "\\ast": "*", "\\bullet": "\\cdot", "\\centerdot": "\\cdot", "\\bigodot": "\\odot", "\\bigstar": "\\star", "\\bigcirc": "\\circ",
    "\\bigotimes": "\\otimes", "\\oast": "\\circledast",
    "\\leq": "\\le", "\\leqslant": "\\le", "\\geq": "\\ge", "\\geqslant": "\\ge", "\\neq": "\\ne", "\\lt": "<", "\\gt": ">",
    "\\approxeq": "\\approx", "\\thickapprox": "\\approx", "\\thicksim": "\\sim", "\\varpropto": "\\propto", "\\owns": "\\ni",
    "\\coloneqq": ":=", "\\coloneq": ":=", "\\colonequals": ":=", "\\defeq": ":=", "\\eqdef": ":=", "\\vcentcolon": ":",
    "\\part": "\\partial", "\\colon": ":", "\\eqqcolon": "=:", "\\doteq": "\\triangleq",
    "\\rightarrow": "\\to", "\\longrightarrow": "\\to", "\\leftarrow": "\\gets", "\\longleftarrow": "\\gets", "\\longmapsto": "\\mapsto",
    "\\implies": "\\Rightarrow", "\\Longrightarrow": "\\Rightarrow", "\\iff": "\\Leftrightarrow",
    "\\Longleftrightarrow": "\\Leftrightarrow",
    "\\impliedby": "\\Leftarrow", "\\Longleftarrow": "\\Leftarrow",
    "\\lbrace": "\\{", "\\rbrace": "\\}", "\\lbrack": "[", "\\rbrack": "]", "\\vert": "|", "\\Vert": "\\|", "\\parallel": "\\|",
    "\\lgroup": "(", "\\rgroup": ")", "\\lparen": "(", "\\rparen": ")", "\\divides": "\\mid",
    "\\ldots": "\\dots", "\\cdots": "\\dots", "\\dotsc": "\\dots", "\\dotsb": "\\dots", "\\dotsm": "\\dots", "\\dotso": "\\dots",
    "\\hdots": "\\dots", "\\iddots": "\\ddots", "\\adots": "\\ddots",
    "\\dfrac": "\\frac", "\\tfrac": "\\frac", "\\cfrac": "\\frac", "\\nicefrac": "\\frac", "\\sfrac": "\\frac", "\\flatfrac": "\\frac",
    "\\intercal": "\\top", "\\T": "\\top", "\\transpose": "\\top", "\\trans": "\\top", "\\tran": "\\top", "\\dag": "\\dagger",
    "\\wedge": "\\land", "\\vee": "\\lor", "\\lnot": "\\neg", "\\smallsetminus": "\\setminus", "\\nexists": "\\exists",
    "\\cr": "\\\\", "\\newline": "\\\\", "\\tabularnewline": "\\\\",
    "\\smallint": "\\int", "\\argmax": "\\argmax", "\\dbinom": "\\binom", "\\tbinom": "\\binom", "\\dsum": "\\sum",
    "\\backslash": "\\setminus", "\\And": "\\land", "\\%": "%", "\\&": "\\land", "\\_": "_", "\\*": "*",
}  # fmt: skip

RELATIONS = {
    "=": "=", ":=": ":=", "=:": "=", "==": "==", "+=": "+=", "-=": "-=", "<": "<", ">": ">", ":": ":",
    **{"\\" + name: name for name in (
        "approx equiv triangleq in notin ni subset subseteq supset le ge ne propto to gets mapsto sim simeq cong ll gg perp succ "
        "prec succeq preceq lesssim gtrsim asymp models vdash hookrightarrow rightsquigarrow leftrightarrow supseteq uparrow "
        "downarrow"
    ).split()},
}  # fmt: skip
PRODUCTS = {
    "*": "*", "/": "/", "@": "@",
    **{"\\" + name: name for name in "cdot times star odot circ otimes oslash div circledast boxtimes bmod diamond".split()},
}  # fmt: skip
SUM_SIGNS = {"+": "+", "-": "-", **{"\\" + name: name for name in ["pm", "mp", "oplus", "ominus", "cup", "cap", "setminus"]}}
PREFIXES = {"+": "+", "-": "-", "\\pm": "pm", "\\mp": "mp", "\\neg": "neg", "\\forall": "forall", "\\exists": "exists"}
SEPARATORS = {",": ",", ";": ";", "\\mid": "|", "\\land": "and", "\\lor": "or"}
# Commands for sets of numbers that nearly everybody defines, where a sheet leaves the definition out.
SETS = {"\\R": "R", "\\RR": "R", "\\Reals": "R", "\\reals": "R", "\\N": "N", "\\NN": "N", "\\Z": "Z"}

CONNECTIVES = {
    "\\Rightarrow": "implies", "\\Leftrightarrow": "iff", "\\Leftarrow": "because", "\\therefore": "therefore", "\\because": "because",
    "\\leadsto": "implies", "=>": "implies",
}  # fmt: skip

DOTS = {"\\dots": "dots", "\\vdots": "vdots", "\\ddots": "ddots", "...": "dots"}
ACCENTS = {
    **{"\\" + name: name for name in "hat tilde bar dot ddot vec check breve acute grave mathring underline".split()},
    "\\widehat": "hat", "\\widetilde": "tilde", "\\overline": "bar", "\\overrightarrow": "vec", "\\underbar": "underline",
    "\\widebar": "bar", "\\overset{\\to}": "vec", "\\utilde": "tilde",
}  # fmt: skip
COMBINING = {
    "\u0302": "hat", "\u0303": "tilde", "\u0304": "bar", "\u0305": "bar", "\u0307": "dot", "\u0308": "ddot", "\u20d7": "vec",
    "\u030c": "check", "\u0306": "breve", "\u0301": "acute", "\u0300": "grave", "\u0332": "underline", "\u030a": "mathring",
}  # fmt: skip
# Each style macro and the style it sets; those that mean the same to a reader have one name.
STYLES = {
    **{"\\" + name: name for name in "mathbf mathrm mathit mathsf mathtt mathcal mathbb mathfrak mathscr operatorname".split()},
    "\\boldsymbol": "mathbf", "\\bm": "mathbf", "\\pmb": "mathbf", "\\symbf": "mathbf", "\\mathbfit": "mathbf", "\\bold": "mathbf",
    "\\mathnormal": "mathit", "\\Bbb": "mathbb", "\\mathds": "mathbb", "\\mathbbm": "mathbb", "\\bbm": "mathbb",
    "\\mathup": "mathrm", "\\symrm": "mathrm", "\\operatorname*": "operatorname", "\\operatornamewithlimits": "operatorname",
    "\\mathop": "", "\\mathord": "", "\\mathbin": "", "\\mathrel": "", "\\mathopen": "", "\\mathclose": "", "\\mathpunct": "",
    "\\mathinner": "", "\\boxed": "", "\\fbox": "", "\\cancel": "", "\\bcancel": "", "\\xcancel": "", "\\smash": "", "\\ensuremath": "",
    "\\framebox": "", "\\underbracket": "", "\\emph": "mathit",
}  # fmt: skip
SWITCHES = {
    "\\bf": "mathbf", "\\bfseries": "mathbf", "\\rm": "mathrm", "\\it": "mathit", "\\cal": "mathcal", "\\sf": "mathsf", "\\tt": "mathtt",
    "\\boldmath": "mathbf",
    **{"\\" + name: "" for name in (
        "displaystyle textstyle scriptstyle scriptscriptstyle limits nolimits displaylimits tiny scriptsize footnotesize small "
        "normalsize large Large LARGE huge Huge mathstrut strut notag nonumber hline centering par relax allowbreak nobreak "
        "noindent unboldmath hfil hfill null vfill medskip smallskip bigskip qed qedhere eqno leqno protect mathchoice raggedright "
        "itshape"
    ).split()},
}  # fmt: skip
# Styles in which several letters are a word and not a product of letters.
UPRIGHT = frozenset({"mathrm", "mathsf", "mathtt", "operatorname", "text", "mathit"})
UNICODE_STYLES = (
    ("DOUBLE-STRUCK", "mathbb"), ("BOLD", "mathbf"), ("SCRIPT", "mathcal"), ("FRAKTUR", "mathfrak"), ("BLACK-LETTER", "mathfrak"),
    ("MONOSPACE", "mathtt"), ("SANS-SERIF", "mathsf"),
)  # fmt: skip

SIZES = frozenset("\\" + big + side for big in ("big", "Big", "bigg", "Bigg") for side in ("", "l", "r", "m"))
TEXT_MACROS = "text textrm textbf textit textsf texttt textnormal textmd textup textsc mbox hbox intertext shortintertext"
TEXT_MACROS_SET = frozenset("\\" + name for name in TEXT_MACROS.split())
# Words for a constant that nothing depends on, where they are added.
CONSTANTS = frozenset({"const", "consts", "constant", "constants", "cst", "cte", "konst"})
# Macros whose argument is not mathematics and is passed over with them.
SILENT_MACROS = (
    "label hspace hspace* vspace vspace* color phantom hphantom vphantom ref eqref cite footnote index mspace kern hskip nolinkurl"
)

FUNCTIONS = frozenset(
    (
        "sin cos tan sec csc cot sinh cosh tanh coth arcsin arccos arctan artanh atanh arctanh log ln lg exp det tr Tr trace Trace "
        "diag Diag blkdiag softmax Softmax SoftMax logsoftmax LogSoftmax ReLU relu RELU Relu LeakyReLU lrelu sigmoid Sigmoid sigm "
        "logistic sign sgn rank vec Vec mat sum mean avg var Var Cov cov std logsumexp LSE softplus Softplus GELU gelu ELU elu SELU "
        "selu SiLU silu Swish swish LayerNorm LN BatchNorm BN RMSNorm MSE BCE CE NLL KL CrossEntropy concat Concat dropout Dropout "
        "Attention attention MultiHead conv Conv conv2d reshape flatten Flatten erf round pool MaxPool maxpool AvgPool one_hot "
        "onehot OneHot Re Im gcd dim cond ker inv Inv pinv norm clip hinge step Heaviside abs sqrt transpose dot outer matmul max "
        "min argmax argmin sup inf logit expit prod repeat cumsum pad FFN MLP RNN LSTM GRU Linear Embedding Bernoulli Normal erfc "
        "arg Pr rowsum rowsums colsum colsums columnsum lgamma gammaln digamma trigamma polygamma adj adjugate cof"
    ).split()
)
# These stand before their argument also without brackets.
BARE_FUNCTIONS = frozenset(
    (
        "sin cos tan sec csc cot sinh cosh tanh coth arcsin arccos arctan artanh atanh arctanh log ln lg exp det tr Tr trace Trace "
        "diag Diag softmax ReLU relu sigmoid sign sgn rank vec logsumexp softplus erf adj cof"
    ).split()
)
FUNCTION_MACROS = frozenset(
    "\\" + name
    for name in (
        "sin cos tan sec csc cot sinh cosh tanh coth arcsin arccos arctan log ln lg exp det dim ker deg gcd arg Pr hom "
        # not in LaTeX, but nobody uses them for anything else
        "tr Tr trace Trace diag Diag softmax Softmax relu ReLU Relu sigmoid Sigmoid sgn sign rank vect erf logit var Var Cov KL softplus"
    ).split()
)
# A letter before brackets that is nearly always a function.
FUNCTION_LETTERS = frozenset({"\\sigma", "\\phi", "\\varphi", "\\Gamma", "f", "g"})
BIG_OPERATORS = {
    **{"\\" + name: name for name in "sum prod int coprod iint oint bigcup bigcap bigoplus lim limsup liminf".split()},
}  # fmt: skip
# Big operators with limits, functions with brackets: `\max_j z_j` and `\max(0, z)`.
EXTREMA = {
    **{"\\" + name: name for name in ["max", "min", "sup", "inf", "argmax", "argmin"]},
    **{name: name for name in ["max", "min", "sup", "inf", "argmax", "argmin"]},
}  # fmt: skip
# Words of several letters that people type without a macro, and that are not products of their letters.
# What an axis is called, in `softmax_rows` and `pad[rows 1:n]`.
AXES = frozenset({"row", "rows", "rowwise", "col", "cols", "column", "columns", "columnwise", "causal"})
# What stands before sizes in brackets: `unfold[2, 1](X)`.
WITH_SIZES_IN_BRACKETS = frozenset({"unfold", "fold", "pad", "roll", "reshape", "vec", "Huber", "LeakyReLU", "ELU", "polygamma"})
WORDS = frozenset(
    (
        "loss Loss cost Cost error Error grad Grad params lr MSE BCE NLL RSS SSE RMSE CE ReLU softmax sigmoid tanh BPTT acc pred "
        "target bias out net input output dscores dscore dlogits dhidden dout dprobs dpred dloss dinput doutput"
    ).split()
)

MATRICES = frozenset(
    "matrix bmatrix pmatrix vmatrix Vmatrix Bmatrix smallmatrix bsmallmatrix psmallmatrix array matrix* bmatrix* pmatrix*".split()
)
CASES = frozenset({"cases", "dcases", "rcases", "cases*", "dcases*"})
ROWS = frozenset(
    (
        "aligned alignedat split gathered align align* alignat alignat* gather gather* flalign flalign* multline multline* "
        "multlined eqnarray eqnarray* equation equation* eqnarray math displaymath subequations IEEEeqnarray IEEEeqnarray* dmath "
        "dmath* empheq"
    ).split()
)
DISPLAYS = ROWS - {"aligned", "alignedat", "split", "gathered", "multlined", "subequations"}
OPENERS = {
    "(": ")",
    "[": "]",
    "\\{": "\\}",
    "\\langle": "\\rangle",
    "\\lfloor": "\\rfloor",
    "\\lceil": "\\rceil",
    "\\lvert": "\\rvert",
    "\\lVert": "\\rVert",
    "\\llbracket": "\\rrbracket",
}
CLOSERS = frozenset(OPENERS.values())

SUPERSCRIPTS = dict(
    zip(
        "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ⁿⁱᵀᵗᵈᵏᵐˡʰʲᵒᵖʳˢᵘᵛʷˣʸᶻᵃᵇᶜᵉᶠᵍᴸᴴᴱᴺᴹᴿᵂᵁᵒᴰᴬᴮᴳᴵᴶᴷᴼᴾ",
        "0123456789+-=()niTtdkmlhjoprsuvwxyzabcefgLHENMRWUoDABGIJKOP",
        strict=True,
    )
)
SUBSCRIPTS = dict(zip("₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓᵦ", "0123456789+-=()aehijklmnoprstuvxβ", strict=True))
