"""A paper: several networks worked one after the other, as a problem sheet has them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from symgrad.errors import UnknownName
from symgrad.network import Network
from symgrad.recurrence import Recurrence

DRAWN_STEPS = 3
"""How many steps of a recurrence are written out where a general one cannot be shown."""

SECTIONS = ("picture", "network", "shapes", "differentials", "gradients", "written out", "further", "values", "check")


@dataclass(frozen=True)
class Part:
    """One problem: a network, what is asked of it, and which sections its solution shows (all that apply by default)."""

    title: str
    network: Network | Recurrence
    remark: str = ""
    wrt: tuple[str, ...] = ()
    of: str | None = None
    show: tuple[str, ...] = SECTIONS

    @property
    def written_out(self) -> Network:
        """The network, a recurrence written out for a few steps."""
        return self.network.at(DRAWN_STEPS) if isinstance(self.network, Recurrence) else self.network


@dataclass(frozen=True)
class Paper:
    """Problems in order under one title."""

    title: str
    parts: tuple[Part, ...]


def chosen(parts: Sequence[Part], wanted: str) -> Part:
    """The part of that number, counted from 1, or the only one whose title begins so. Raises `UnknownName`."""
    if wanted.isdecimal() and 0 < int(wanted) <= len(parts):
        return parts[int(wanted) - 1]
    found = [part for part in parts if part.title.lower().startswith(wanted.lower())]
    exact = [part for part in found if part.title.lower() == wanted.lower()]
    if len(exact or found) != 1:
        there = "; ".join(f"{number}: {part.title}" for number, part in enumerate(parts, start=1))
        raise UnknownName(f"there is {'more than one' if found else 'no'} part {wanted!r}; there are {there}")
    return (exact or found)[0]
