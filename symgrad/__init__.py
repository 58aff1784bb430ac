"""symgrad derives the gradients of a neural network as a textbook does, and checks them.

    from symgrad import Network, derive, dimensions, relu, square, sum

Importing symgrad loads neither SymPy nor NumPy; the names below are loaded when they are first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from symgrad.beyond import differential, hessian, hvp, jacobian, jvp, stationary_point, vjp
    from symgrad.expr import (
        abs,
        arctan,
        causal_softmax,
        column_slice,
        columns,
        cos,
        cosh,
        det,
        diag,
        divide,
        eigenvalues,
        eigenvectors,
        elu,
        erf,
        exp,
        eye,
        gelu,
        hadamard,
        hard_sigmoid,
        hard_swish,
        hard_tanh,
        huber,
        inv,
        kron,
        leaky_relu,
        log,
        log1p,
        log_sigmoid,
        log_softmax,
        logdet,
        logsumexp,
        lower_triangular,
        matrix_power,
        max,
        maximum,
        mean,
        minimum,
        mish,
        norm,
        nuclear_norm,
        ones,
        power,
        relu,
        relu6,
        reshape,
        row_slice,
        rows,
        sigmoid,
        sign,
        silu,
        sin,
        sinh,
        softmax,
        softplus,
        softsign,
        sqrt,
        square,
        squared_norm,
        standardize,
        std,
        step,
        sum,
        symmetric,
        tanh,
        toeplitz,
        trace,
        unfold,
        unvec,
        vec,
        vech,
    )
    from symgrad.network import Network
    from symgrad.paper import Paper, Part
    from symgrad.pipeline import derive
    from symgrad.stepwise import Steps
    from symgrad.sympyforms import dimensions
    from symgrad.verifying import verify

__version__ = "0.1.0"

__all__ = [
    "Network",
    "Paper",
    "Part",
    "Steps",
    "abs",
    "arctan",
    "causal_softmax",
    "column_slice",
    "columns",
    "cos",
    "cosh",
    "derive",
    "det",
    "diag",
    "differential",
    "dimensions",
    "divide",
    "eigenvalues",
    "eigenvectors",
    "elu",
    "erf",
    "exp",
    "eye",
    "gelu",
    "hadamard",
    "hard_sigmoid",
    "hard_swish",
    "hard_tanh",
    "hessian",
    "huber",
    "hvp",
    "inv",
    "jacobian",
    "jvp",
    "kron",
    "leaky_relu",
    "log",
    "log1p",
    "log_sigmoid",
    "log_softmax",
    "logdet",
    "logsumexp",
    "lower_triangular",
    "matrix_power",
    "max",
    "maximum",
    "mean",
    "minimum",
    "mish",
    "norm",
    "nuclear_norm",
    "ones",
    "power",
    "relu",
    "relu6",
    "reshape",
    "row_slice",
    "rows",
    "sigmoid",
    "sign",
    "silu",
    "sin",
    "sinh",
    "softmax",
    "softplus",
    "softsign",
    "sqrt",
    "square",
    "squared_norm",
    "standardize",
    "stationary_point",
    "std",
    "step",
    "sum",
    "symmetric",
    "tanh",
    "toeplitz",
    "trace",
    "unfold",
    "unvec",
    "vec",
    "vech",
    "verify",
    "vjp",
]

_BEYOND = ("differential", "hessian", "hvp", "jacobian", "jvp", "stationary_point", "vjp")
_HOMES = dict.fromkeys(_BEYOND, "beyond") | {
    "Network": "network",
    "Paper": "paper",
    "Part": "paper",
    "Steps": "stepwise",
    "derive": "pipeline",
    "dimensions": "sympyforms",
    "verify": "verifying",
}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"symgrad has no {name}")
    return getattr(import_module(f"symgrad.{_HOMES.get(name, 'expr')}"), name)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
