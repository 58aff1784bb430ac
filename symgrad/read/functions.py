"""The functions that people name, and the ops that they are.

A word is looked up as written, and then in lower case. `Along` functions work along an axis.
"""

from __future__ import annotations

from fractions import Fraction

# Functions of every entry: word → op and parameters.
ELEMENTWISE_WORDS: dict[str, tuple[str, tuple[Fraction, ...]]] = {
    "relu": ("relu", ()),
    "leakyrelu": ("leaky_relu", (Fraction(1, 100),)),
    "lrelu": ("leaky_relu", (Fraction(1, 100),)),
    "elu": ("elu", (Fraction(1),)),
    "huber": ("huber", (Fraction(1),)),
    "selu": ("selu", ()),
    "sigmoid": ("sigmoid", ()),
    "sigm": ("sigmoid", ()),
    "logistic": ("sigmoid", ()),
    "expit": ("sigmoid", ()),
    "\\sigma": ("sigmoid", ()),
    "tanh": ("tanh", ()),
    "softplus": ("softplus", ()),
    "silu": ("silu", ()),
    "swish": ("silu", ()),
    "gelu": ("gelu", ()),
    "hardtanh": ("hard_tanh", ()),
    "hardsigmoid": ("hard_sigmoid", ()),
    "hardswish": ("hard_swish", ()),
    "relu6": ("relu6", ()),
    "softsign": ("softsign", ()),
    "logsigmoid": ("log_sigmoid", ()),
    "mish": ("mish", ()),
    "erf": ("erf", ()),
    "\\Gamma": ("gamma", ()),
    "lgamma": ("gammaln", ()),
    "gammaln": ("gammaln", ()),
    "loggamma": ("gammaln", ()),
    "digamma": ("polygamma", (Fraction(0),)),
    "trigamma": ("polygamma", (Fraction(1),)),
    "polygamma": ("polygamma", (Fraction(0),)),
    "exp": ("exp", ()),
    "log": ("log", ()),
    "ln": ("log", ()),
    "sqrt": ("sqrt", ()),
    "abs": ("abs", ()),
    "sign": ("sign", ()),
    "sgn": ("sign", ()),
    "floor": ("floor", ()),
    "sin": ("sin", ()),
    "cos": ("cos", ()),
    "sinh": ("sinh", ()),
    "cosh": ("cosh", ()),
    "tan": ("tan", ()),
    "arctan": ("arctan", ()),
    "artanh": ("arctanh", ()),
    "arctanh": ("arctanh", ()),
    "arcsin": ("arcsin", ()),
    "arccos": ("arccos", ()),
    "step": ("step", ()),
    "heaviside": ("step", ()),
    "square": ("power", (Fraction(2),)),
}
# What an undeclared f stands for: a smooth function that no sheet means, so that nothing holds by what it happens to be.
UNNAMED = {"f": "silu", "g": "gelu", "\\phi": "silu", "\\varphi": "silu", "\\psi": "gelu", "\\rho": "gelu", "a": "silu", "act": "silu"}
ALONG_AN_AXIS = {"softmax": "softmax", "logsoftmax": "log_softmax", "logsumexp": "logsumexp", "lse": "logsumexp", "cumprod": "cumprod"}
OF_A_MATRIX = {
    "inv": "inverse", "det": "det", "logdet": "logdet", "inverse": "inverse", "cholesky": "cholesky", "chol": "cholesky", "expm": "expm",
    "sqrtm": "sqrtm", "logm": "logm",
}  # fmt: skip
OF_A_SYMMETRIC_MATRIX = {"eig": "eigenvalues", "eigvec": "eigenvectors", "vech": "vech"}
# One number of a matrix that need not be square: the largest singular value, `\sigma_{\max}(A)`.
OF_SINGULAR_VALUES = {"svmax": "spectral_norm", "spectralnorm": "spectral_norm", "nuclearnorm": "nuclear_norm"}
# The adjugate of a matrix and its cofactors, and whether they are turned.
COFACTORS = {"adj": False, "adjugate": False, "cof": True}
# At a matrix, along another.
ALONG_A_MATRIX = {fn: fn for fn in ("dexpm", "dsqrtm", "dlogm")}
# Where the largest and the smallest of them are meant, `\lambda_{\max}(A)`.
EXTREME_EIGENVALUES = {"eigmax": "max", "eigmin": "min"}
# What only makes a matrix of another shape of its entries: word → op. Sizes are written below, where what it is given does not tell them.
REARRANGEMENTS = {
    "lower": "lower", "toeplitz": "toeplitz", "diagonals": "diagonal_sums", "unfold": "unfold", "fold": "fold", "pad": "pad",
    "reshape": "reshape", "flip": "flip", "roll": "roll",
}  # fmt: skip
# The entries of a vector in order, and the permutation that brings them there.
ORDERS = {"sort": "sort", "sorted": "sort", "perm": "perm"}
MEDIANS = frozenset({"median"})
# Of a matrix, as large as it is.
TRIANGLES = {"tril": "tril", "triu": "triu"}
# What undoes another word, `vec^{-1}`.
INVERSES = {"vec": "unvec", "vech": "symmetric"}
SCATTERS = {"std": "std", "standardize": "standardize"}
TRACES = frozenset({"tr", "trace"})
DIAGONALS = frozenset({"diag", "diagonal"})
SUMS = frozenset({"sum"})
SUMS_OF_ROWS = frozenset({"rowsum", "rowsums"})
SUMS_OF_COLUMNS = frozenset({"colsum", "colsums", "columnsum"})
COLUMNS_STACKED = frozenset({"vec"})
MEANS = frozenset({"mean", "avg", "average"})
PRODUCTS = frozenset({"dot", "matmul"})
OUTERS = frozenset({"outer"})
PRODUCTS_OF_ENTRIES = frozenset({"prod"})
MAXIMA = frozenset({"max", "maximum"})
MINIMA = frozenset({"min", "minimum"})
LEFT_OUT = frozenset({"masked"})  # −∞ where the second is 0

# One number of all the entries: `f(X) = \\det X` is a quantity and no function that is applied to other things.
OF_THE_WHOLE = frozenset({"det", "logdet", *TRACES, *SUMS})

# Every word that is a function, and never the name of a quantity.
WORDS = frozenset(
    {
        *ELEMENTWISE_WORDS,
        *ALONG_AN_AXIS,
        *OF_A_MATRIX,
        *OF_A_SYMMETRIC_MATRIX,
        *OF_SINGULAR_VALUES,
        *COFACTORS,
        *ALONG_A_MATRIX,
        *EXTREME_EIGENVALUES,
        *REARRANGEMENTS,
        *ORDERS,
        *MEDIANS,
        *TRIANGLES,
        *SCATTERS,
        *TRACES,
        *DIAGONALS,
        *SUMS,
        *SUMS_OF_ROWS,
        *SUMS_OF_COLUMNS,
        *COLUMNS_STACKED,
        *MEANS,
        *PRODUCTS,
        *OUTERS,
        *PRODUCTS_OF_ENTRIES,
        *MAXIMA,
        *MINIMA,
        *LEFT_OUT,
    }
)


def word_of(base: str) -> str:
    """The word that a function's name is looked up by: without a module, a backslash or capitals.

    >>> word_of("\\\\mathrm"), word_of("np.Sum"), word_of("\\\\sigma")
    ('mathrm', 'sum', '\\\\sigma')
    """
    if base in ("\\sigma", "\\phi", "\\varphi", "\\psi", "\\rho", "\\Gamma"):
        return base
    return base.removeprefix("\\").rpartition(".")[2].replace("_", "").lower()
