"""Tokens: the pieces that written mathematics is made of."""

from __future__ import annotations

from dataclasses import dataclass

from symgrad.span import Span


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of mathematics: `kind` says what it is, `text` which one, `spaced` whether a space stood before it, `apart` a wide one."""

    kind: str
    text: str
    span: Span
    style: str = ""
    accents: tuple[str, ...] = ()
    spaced: bool = False
    apart: bool = False
