"""The functions that an expression may call, by the words that NumPy and people have for them.

Each is one function from a call to a typed array, in the room of its kind. A vector is a column or a row, and sums keep their axes.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable

from symgrad.errors import Unsupported
from symgrad.read import axes, einsums, entrywise, functions, gradients, losses, matrices, reductions, shaping
from symgrad.read.arrays import Array, Refused
from symgrad.read.call import Call
from symgrad.read.norms import norm, normalized, of_singular_values
from symgrad.read.special import SPECIAL
from symgrad.read.windows import convolution, convolved, pooling

_MATRIX_WORDS = {
    "inverse": "the inverse",
    "det": "the determinant",
    "logdet": "the log-determinant",
    "cholesky": "the Cholesky factor",
    "expm": "the exponential",
    "sqrtm": "the square root",
    "logm": "the logarithm",
}


CALLS: dict[str, Callable[[Call], Array]] = {
    **losses.LOSSES,
    **entrywise.ENTRYWISE,
    **SPECIAL,
    **{word: reductions.on_an_axis(op) for word, op in functions.ALONG_AN_AXIS.items()},
    **{word: matrices.of_a_matrix(op, _MATRIX_WORDS[op], op in ("det", "logdet")) for word, op in functions.OF_A_MATRIX.items()},
    **dict.fromkeys(functions.SUMS, reductions.reduction("sum")),
    **dict.fromkeys(functions.MEANS, reductions.reduction("mean")),
    **dict.fromkeys(functions.PRODUCTS_OF_ENTRIES, reductions.reduction("prod")),
    **dict.fromkeys(functions.TRACES, matrices.of_a_matrix("trace", "the trace", True)),
    **dict.fromkeys(functions.DIAGONALS, matrices.diagonal_or_its_matrix),
    "diagflat": matrices.diagonal_or_its_matrix,
    "diagonal": matrices.diagonal,
    **dict.fromkeys(("matmul", "mm", "mv", "bmm"), matrices.product),
    "dot": matrices.dot,
    "inner": einsums.inner,
    "vdot": einsums.vdot,
    "tensordot": einsums.tensordot,
    "multidot": matrices.multiplied,
    **dict.fromkeys(functions.OUTERS, matrices.outer),
    "transpose": axes.transposed,
    "permute": axes.transposed,
    "swapaxes": axes.swapped,
    "amax": entrywise.extreme("maximum"),
    "amin": entrywise.extreme("minimum"),
    "reducemax": entrywise.extreme("maximum"),
    "reducemin": entrywise.extreme("minimum"),
    "reducesum": reductions.reduction("sum"),
    "reducemean": reductions.reduction("mean"),
    "reduceprod": reductions.reduction("prod"),
    "reducelogsumexp": reductions.on_an_axis("logsumexp"),
    "average": lambda call: losses.average(call, reductions.reduction("mean")),
    "pad": shaping.padded,
    "softplus": losses.by_keyword("beta", "softplusof", entrywise.ENTRYWISE["softplus"]),
    "gelu": lambda call: losses.gelu(call, entrywise.ENTRYWISE["gelu"]),
    "huberloss": lambda call: losses.huber(call, entrywise.ENTRYWISE["huber"]),
    "arange": shaping.counted,
    "linspace": shaping.evenly,
    "full": shaping.filled_with,
    "block": shaping.blocks,
    "solve": matrices.solved,
    "grad": gradients.gradient,
    "jacobian": gradients.jacobian,
    "hessian": gradients.hessian,
    "slogdet": matrices.slogdet,
    "matrixexp": lambda call: CALLS["expm"](call),
    "matrixpower": matrices.power,
    **dict.fromkeys(("norm", "matrixnorm", "vectornorm"), norm),
    "normalize": normalized,
    "nuclearnorm": of_singular_values("nuclear_norm"),
    "spectralnorm": of_singular_values("spectral_norm"),
    "pinv": matrices.pseudoinverse,
    "convolve": convolved,
    "var": reductions.variance,
    "std": reductions.deviation,
    "eigvalsh": matrices.eigenvalues,
    "eigenvalues": matrices.eigenvalues,
    "causalsoftmax": reductions.causal_softmax,
    "expanddims": axes.expanded,
    "unsqueeze": axes.expanded,
    "squeeze": axes.squeezed,
    "item": axes.scalar,
    "float": axes.scalar,
    "moveaxis": axes.moved,
    "broadcastto": shaping.broadcast_to,
    "tile": shaping.tiled,
    "repeat": shaping.repeated,
    "stack": shaping.stacked,
    "flip": shaping.flipped(None),
    "flipud": shaping.flipped(0),
    "fliplr": shaping.flipped(1),
    "roll": shaping.rolled,
    **dict.fromkeys(("sort", "sorted"), shaping.in_order),
    "median": shaping.median,
    "diff": shaping.difference,
    "glu": shaping.gated,
    "tril": shaping.triangle(True),
    "triu": shaping.triangle(False),
    "tri": shaping.triangular_ones,
    "cumsum": shaping.cumulated,
    "cumprod": shaping.multiplied_up,
    "kron": matrices.kronecker,
    "vec": axes.in_one_column,
    "ravel": axes.ravelled,
    "flatten": axes.flattened,
    "reshape": axes.reshaped,
    "view": axes.reshaped,
    "eye": shaping.identity,
    "identity": shaping.identity,
    "ones": shaping.filled("ones"),
    "zeros": shaping.filled("zeros"),
    "oneslike": shaping.filled_like("ones"),
    "zeroslike": shaping.filled_like("zeros"),
    "hstack": shaping.joined(1),
    "vstack": shaping.joined(0),
    "columnstack": shaping.joined(1),
    **dict.fromkeys(("cat", "concat", "concatenate"), shaping.joined(None)),
    "einsum": einsums.einsum,
    "conv1d": convolution(1),
    "conv2d": convolution(2),
    "maxpool1d": pooling(1, "max"),
    "maxpool2d": pooling(2, "max"),
    "avgpool1d": pooling(1, "mean"),
    "avgpool2d": pooling(2, "mean"),
}
_NOT_HERE = {
    "dropout": "what it drops is drawn at random; multiply by a mask M that is declared as one",
    **dict.fromkeys(("quantile", "percentile"), "the entries it is between depend on how many there are; np.median is there"),
    **dict.fromkeys(
        ("svd", "svdvals"), "norm(A, 2) is the largest singular value, norm(A, 'nuc') the sum of all, and eigvalsh(A.T@A) has their squares"
    ),
    **dict.fromkeys(("argmax", "argmin", "argsort"), "where an entry stands has no slope"),
    **dict.fromkeys(("qr", "eig"), "its factors are known up to signs only; write what is made of them, as in logdet or eigvalsh"),
}
"""Functions that people ask for, and what to write in their place."""
METHODS = (
    "sum", "mean", "max", "prod", "min", "dot", "trace", "diagonal", "reshape", "view", "ravel", "flatten", "transpose", "permute",
    "swapaxes", "var", "std", "copy", "clip", "squeeze", "repeat", "cumsum", "cumprod",
)  # fmt: skip
"""The functions that an array has as methods."""
TENSOR_METHODS = frozenset(
    "abs add astype bool clamp clampmax clampmin cos det diag digamma div exp flip inverse item lgamma log logdet logsumexp logsoftmax "
    "maskedfill matmul mm mul mv norm pow relu roll sigmoid sin softmax sort sqrt square sub tanh tril triu unsqueeze".split()
)
"""What PyTorch has as methods too."""
SIZED = {
    **dict.fromkeys(("arange", "eye", "identity", "full", "ones", "zeros", "tri"), slice(None)),
    **dict.fromkeys(("reshape", "view"), slice(1, None)),
    **dict.fromkeys(("layernorm", "rmsnorm"), slice(1, 2)),
}
"""The functions of which these arguments are sizes."""


def called(call: Call) -> Array:
    """The array that a call is. Raises `Refused` for a word that is no function."""
    function = CALLS.get(call.word)
    if function is None:
        if call.word in _NOT_HERE:
            raise Refused(Unsupported, f"symgrad has no {call.spelled}: {_NOT_HERE[call.word]}", call.span)
        close = difflib.get_close_matches(call.word, CALLS, n=1)
        raise Refused(Unsupported, f"symgrad has no function {call.spelled}{f'; did you mean {close[0]}?' if close else ''}", call.span)
    odd = [name for name in call.keywords if name not in losses.KEYWORDS.get(call.word, _KEYWORDS) | _OWN.get(call.word, set())]
    if odd:
        raise call.refused(f"{call.word} has no argument {odd[0]} here", call.keywords[odd[0]])
    return function(call)


_OWN = {"norm": {"p"}, "normalize": {"p"}, "flatten": {"start_dim", "end_dim"}}
"""What only these functions take."""
_KEYWORDS = frozenset(
    {
        "axis",
        "dim",
        "mode",
        "keepdims",
        "keepdim",
        "axes",
        "stride",
        "padding",
        "dilation",
        "bias",
        "kernel_size",
        "ord",
        "optimize",
        "dtype",
        "k",
        "diagonal",
        "n",
        "pad_width",
        "value",
        "constant_values",
        "ddof",
        "correction",
        "unbiased",
        "min",
        "max",
        "a_min",
        "a_max",
        "shift",
        "shifts",
        "dims",
        "create_graph",
        "retain_graph",
        "transpose_a",
        "transpose_b",
    }
)
