"""A paper: several networks worked one after the other, as a problem sheet has them."""

from __future__ import annotations

from dataclasses import dataclass

from symgrad.network import Network

SECTIONS = ("picture", "network", "shapes", "differentials", "gradients", "written out", "further", "values", "check")


@dataclass(frozen=True)
class Part:
    """One problem: a network, what is asked of it, and which sections its solution shows (all that apply by default)."""

    title: str
    network: Network
    remark: str = ""
    wrt: tuple[str, ...] = ()
    of: str | None = None
    show: tuple[str, ...] = SECTIONS


@dataclass(frozen=True)
class Paper:
    """Problems in order under one title."""

    title: str
    parts: tuple[Part, ...]
