"""symgrad derives the gradients of a neural network as a textbook does, and checks them.

    from symgrad import Network, derive, dimensions, relu, square, sum

Importing symgrad loads neither SymPy nor NumPy; the names below are loaded when they are first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_EXPR = [
    "abs",
    "arctan",
    "columns",
    "column_slice",
    "cos",
    "cosh",
    "diag",
    "dimensions",
    "divide",
    "elu",
    "erf",
    "exp",
    "gelu",
    "hadamard",
    "hard_tanh",
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
    "step",
    "sum",
    "tanh",
    "unfold",
]
_HOMES = {"Network": "network", "Paper": "paper", "Part": "paper", "derive": "pipeline"} | dict.fromkeys(_EXPR, "expr")

if TYPE_CHECKING:
    from symgrad.expr import abs as abs
    from symgrad.expr import arctan as arctan
    from symgrad.network import Network as Network


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"symgrad has no {name}")
    return getattr(import_module(f"symgrad.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*_HOMES, "__version__"])
