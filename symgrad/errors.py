"""The kinds of error a user can meet. Each message says what, where and what to do.

*Unsupported* ("symgrad does not know this yet") is never confused with *wrong input* or with a failed check.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Any


class SymgradError(Exception):
    """Base of all errors meant for a reader; the command prints the message and exits with `status`."""

    status = 2


class ShapeError(SymgradError):
    """Operands whose shapes do not go together; `operands` are the forms, for whoever can print them."""

    def __init__(self, message: str, operands: tuple[Any, ...] = ()) -> None:
        super().__init__(message)
        self.operands = operands


class UnknownName(SymgradError):
    """A name that the network, the catalogue or the folder does not have."""


class InvalidNetwork(SymgradError):
    """A network that cannot be: a name defined twice, a loss that is no scalar, a file without a network."""


class InvalidExpression(SymgradError):
    """A text that is no expression, or one that says what symgrad does not read; with its place."""


class InvalidGiven(SymgradError):
    """A given value that cannot be read, or whose shape does not fit its symbol."""


class Unsupported(SymgradError):
    """An operation that a pass does not know. Raised with its name; never taken as zero, never left out."""


class SizeClash(Unsupported):
    """A value whose size is not the one that is drawn for its dimension: the sheet speaks of the sizes of its own numbers."""


class Vanishing(Unsupported):
    """Two sides that are equal, but zero everywhere as they are understood."""


class CheckFailed(SymgradError):
    """symgrad's own result disagrees with finite differences: the result is wrong and is not printed."""

    status = 1


def nearest(name: str, known: Iterable[str]) -> str:
    """A clause that suggests the nearest known name, or lists what there is.

    >>> nearest("W_e", ["W_E", "W_o"])
    'did you mean W_E?'
    >>> nearest("q", ["x", "y"])
    'there are: x, y'
    """
    names = list(known)
    folded = {n.lower(): n for n in names}
    close = difflib.get_close_matches(name.lower(), folded, n=1, cutoff=0.5)
    if close:
        return f"did you mean {folded[close[0]]}?"
    return "there are: " + (", ".join(names) if names else "none")
