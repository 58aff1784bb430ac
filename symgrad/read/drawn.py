r"""Matrices whose columns or rows are drawn: lines above and below `x_1 & \cdots & x_m`, dashes beside `x_1^\top`, bars in `[u_1 | u_2]`.

A line says that what it goes through is a whole column, and nothing more: the matrix is the same without it.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterator, Sequence
from dataclasses import replace

from symgrad.read import vocabulary as voc
from symgrad.read.tokens import Token

Tokens = list[Token]
Cell = list[Token]

_MATRIX = re.compile(r"\w?(?:small)?matrix\*?\}|array\}")
_BARS = frozenset({"|", "\\vert", "\\mid", "\\lvert", "\\rvert", "\\big", "\\Big"})
_DASHES = frozenset(
    {"-", "−", "–", "—", "\\textemdash", "\\text", "\\mbox", "{", "}", "\\leftarrow", "\\rightarrow", "\\longleftarrow", "\\longrightarrow"}
)
_DOTS = frozenset({"\\vdots", "\\cdots", "\\dots", "\\ldots", "\\ddots", "\\dotsc", "…", "⋯"})
_JOINING = frozenset({*voc.RELATIONS, "+", "-", "−", ",", ";", "(", ")"})
_SPACES = frozenset({"\\,", "\\;", "\\:", "\\ ", "\\!", "\\quad", "~"})


def without_lines(tokens: Tokens) -> Tokens:
    """The tokens without what is drawn in matrices, and with commas for the bars between columns."""
    out: Tokens = []
    i = 0
    while i < len(tokens):
        end = _end_of_matrix(tokens, i)
        drawn = _bare(tokens[i : end + 1]) if end is not None else _columns(tokens, i)
        if drawn is None:
            out.append(tokens[i])
            i += 1
        else:
            made, length = drawn
            out += made
            i += length
    return out


def _end_of_matrix(tokens: Tokens, i: int) -> int | None:
    r"""The `\end` of a matrix that begins at a place and has no other in it."""
    if tokens[i].text != "\\begin" or not _MATRIX.match("".join(t.text for t in tokens[i + 2 : i + 12])):
        return None
    for k in range(i + 1, len(tokens)):
        if tokens[k].text in ("\\begin", "\\end"):
            return k if tokens[k].text == "\\end" else None
    return None


def _bare(matrix: Tokens) -> tuple[Tokens, int] | None:
    r"""A matrix, from `\begin` to `\end`, without its lines; None where none are drawn."""
    start = _behind_braces(matrix, 1)
    start = _behind_braces(matrix, start) if matrix[start].text == "{" else start  # where an array tells its columns
    rows = [list(_parted(row, ("&",))) for row in _parted(matrix[start:-1], ("\\\\",))]
    rows = rows[: None if any(rows[-1]) else -1]
    kept = [row for row in rows if not _is_lines(row)]
    drawn = [row for row in kept if len(row) > 2 and _is_dash(row[0]) and _is_dash(row[-1])]
    if drawn and all(row in drawn or _is_dots(row) for row in kept):
        kept = [[cell for cell in row if cell and not _is_dash(cell)] for row in kept]
    elif len(kept) == len(rows):
        return None
    if not kept:
        return None
    sign = matrix[start]
    made = matrix[:start]
    for k, row in enumerate(kept):
        made += [replace(sign, kind="sign", text="\\\\")] if k else []
        for j, cell in enumerate(row):
            made += [replace(sign, kind="sign", text="&"), *cell] if j else cell
    return [*made, matrix[-1]], len(matrix)


def _behind_braces(tokens: Tokens, start: int) -> int:
    return next(k for k in range(start, len(tokens)) if tokens[k].text == "}") + 1


def _parted(tokens: Sequence[Token], signs: Container[str]) -> Iterator[Cell]:
    """What stands between the signs that are in no braces."""
    cell: Cell = []
    level = 0
    for token in tokens:
        level += (token.text == "{") - (token.text == "}")
        if token.text in signs and not level:
            yield cell
            cell = []
        else:
            cell.append(token)
    yield cell


def _is_lines(row: list[Cell]) -> bool:
    """Whether a row has bars alone, some of them perhaps left out."""
    return (
        any(row) and all(token.text in _BARS or (token.text in _DOTS and len(row) > 1) for cell in row for token in cell) and _has_bar(row)
    )


def _has_bar(row: list[Cell]) -> bool:
    return any(token.text in _BARS for cell in row for token in cell)


def _is_dash(cell: Cell) -> bool:
    return bool(cell) and all(token.text in _DASHES for token in cell) and any(token.text not in "{}" for token in cell)


def _is_dots(row: list[Cell]) -> bool:
    return all(token.text in _DOTS for cell in row for token in cell)


def _columns(tokens: Tokens, i: int) -> tuple[Tokens, int] | None:
    r"""`[u_1 | u_2 | \cdots | u_V]` with commas: names of one letter, and dots, which only bars part."""
    if tokens[i].text != "[":
        return None
    end = next((k for k in range(i + 1, len(tokens)) if tokens[k].text in ("[", "]")), len(tokens) - 1)
    pieces = list(_parted([token for token in tokens[i + 1 : end] if token.text not in _SPACES], _BARS))
    names = [piece for piece in pieces if not (piece and _is_dots([piece]))]
    is_list = tokens[end].text == "]" and len(pieces) > 2 and all(len(name) > 1 for name in names)
    if not is_list or len({name[0].text for name in names}) != 1 or any(token.text in _JOINING for name in names for token in name):
        return None
    made = [tokens[i], *pieces[0]]
    for piece in pieces[1:]:
        made += [replace(piece[0], kind="sign", text=","), *piece]
    return [*made, tokens[end]], end - i + 1
