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
        column_slice,
        columns,
        cos,
        cosh,
        diag,
        divide,
        elu,
        erf,
        exp,
        gelu,
        hadamard,
        hard_tanh,
        leaky_relu,
        log,
        log1p,
        log_softmax,
        logdet,
        logsumexp,
        maximum,
        mean,
        minimum,
        norm,
        ones,
        power,
        relu,
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
        sqrt,
        square,
        squared_norm,
        step,
        sum,
        tanh,
        unfold,
    )
    from symgrad.network import Network
    from symgrad.paper import Paper, Part
    from symgrad.pipeline import derive
    from symgrad.sympyforms import dimensions
    from symgrad.verifying import verify

__version__ = "0.1.0"

__all__ = [
    "Network",
    "Paper",
    "Part",
    "abs",
    "arctan",
    "column_slice",
    "columns",
    "cos",
    "cosh",
    "derive",
    "diag",
    "differential",
    "dimensions",
    "divide",
    "elu",
    "erf",
    "exp",
    "gelu",
    "hadamard",
    "hard_tanh",
    "hessian",
    "hvp",
    "jacobian",
    "jvp",
    "leaky_relu",
    "log",
    "log1p",
    "log_softmax",
    "logdet",
    "logsumexp",
    "maximum",
    "mean",
    "minimum",
    "norm",
    "ones",
    "power",
    "relu",
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
    "sqrt",
    "square",
    "squared_norm",
    "stationary_point",
    "step",
    "sum",
    "tanh",
    "unfold",
    "verify",
    "vjp",
]

_BEYOND = ("differential", "hessian", "hvp", "jacobian", "jvp", "stationary_point", "vjp")
_HOMES = dict.fromkeys(_BEYOND, "beyond") | {
    "Network": "network",
    "Paper": "paper",
    "Part": "paper",
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
