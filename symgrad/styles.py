r"""Letters that a sheet has in two styles for two things: the loss `\mathcal L` of a batch, and the L of one example."""

from __future__ import annotations

from dataclasses import replace

from symgrad import syntax as sx
from symgrad.naming import letters_of, spelled
from symgrad.read.document import Sheet
from symgrad.syntax import Node


def told_apart(sheet: Sheet) -> Sheet:
    """The sheet with such letters under two names, to whoever does not look at styles."""
    styled = styled_letters(sheet)
    if not styled:
        return sheet

    def put(node: Node) -> Node:
        is_one = isinstance(node, sx.Name) and node.base in styled and node.style in ("mathbf", "mathcal")
        return (
            replace(node, base=spelled(replace(node, accents=()), styled=True), style="") if is_one and isinstance(node, sx.Name) else node
        )

    return replace(sheet, statements=[replace(s, node=sx.mapped(s.node, put)) for s in sheet.statements])


def styled_letters(sheet: Sheet) -> frozenset[str]:
    r"""Letters that the sheet gives a meaning both in bold and plain, so that they are two names.

    The plain `O_{ij}` is an entry of a bold O, as `z_n` is of a bold z, and no second meaning.
    """
    bold: dict[str, set[bool]] = {}
    for statement in sheet.statements:
        if isinstance(statement.node, sx.Relation):
            head = statement.node.sides[0]
            for item in head.items if isinstance(head, sx.Listing) else (head,):
                base = item.base if isinstance(item, sx.Scripted) else item
                letters = letters_of(item.sub) or () if isinstance(item, sx.Scripted) else ()
                is_entry = len(letters) == 2 or (len(letters) == 1 and isinstance(base, sx.Name) and not base.style)
                if isinstance(base, sx.Name) and base.style in ("", "mathbf", "mathcal") and not is_entry:
                    bold.setdefault(base.base, set()).add(bool(base.style))
    exponential = {"e"} if _has_exponential(sheet) else set()
    return frozenset(base for base, styles in bold.items() if len(styles) == 2) | exponential


def _has_exponential(sheet: Sheet) -> bool:
    r"""Whether there is a bold **e**, and the plain one has but exponents: `e^{s_j}`."""
    nodes = [n for s in sheet.statements for n in sx.walk(s.node)]
    powers = {id(n.base) for n in nodes if isinstance(n, sx.Scripted) and n.sub is None and n.sup is not None}
    letters = [n for n in nodes if isinstance(n, sx.Name) and n.base == "e" and n.style in ("", "mathbf")]
    plain = [n for n in letters if not n.style]
    return 0 < len(plain) < len(letters) and all(id(n) in powers for n in plain)
