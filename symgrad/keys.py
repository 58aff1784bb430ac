"""A key to judge a sheet by: what it gives, beside what the sheet gives, and what its values would have led to.

A given that differs from the key's is no mistake in the derivation: it is reported as what it is, and the sheet is judged for the values
that it writes. Names are matched as they are spelt, and across spelling where only one name can be meant (`W^0` for `W^o`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from symgrad import names
from symgrad.errors import SymgradError
from symgrad.findings import BY_CODE
from symgrad.judge import Judge, Judged
from symgrad.mistakes.numbers import rows_text
from symgrad.network import Network
from symgrad.parts import heads
from symgrad.read.document import Sheet
from symgrad.sheet import Rows, literal_rows
from symgrad.verification import Finding


@dataclass(frozen=True)
class Key:
    """What a key gives: the exact entries of its named values."""

    source: str
    given: Mapping[str, Rows]


def key_of_networks(source: str, networks: list[Network]) -> Key:
    """The given values of networks; a name that several give has the value of the first."""
    found: dict[str, Rows] = {}
    for network in networks:
        for item in network.inputs.values():
            if item.value is not None:
                found.setdefault(item.name, item.value)
    return Key(source, found)


def key_of_sheet(sheet: Sheet) -> Key:
    """The values that another sheet gives its names first."""
    found: dict[str, Rows] = {}
    for statement in sheet.statements:
        for name, expression in heads(statement):
            rows = literal_rows(expression)
            if rows is not None:
                found.setdefault(name, rows)
    return Key(sheet.source.name, found)


def _bare(name: str) -> str:
    """A name without what scanning and styles confuse: 0 and o, braces, bold."""
    return re.sub(r"\\mathbf|\\boldsymbol|[{}() ]", "", name).replace("0", "o").replace("O", "o")


def matched(name: str, key: Key) -> str | None:
    """The key's name for one of the sheet's, when there is just one that can be meant."""
    if name in key.given:
        return name
    alike = [other for other in key.given if _bare(other) == _bare(name)]
    return alike[0] if len(alike) == 1 else None


def against(key: Key, judge: Judge, judged: Judged) -> Iterator[Finding]:
    """Givens that differ from the key's, and the results that the key's would have had."""
    found = judge.gathered
    kind = BY_CODE["SG213"]
    for i in sorted(found.given):
        if i not in found.part.own:
            continue
        for name, node in found.given[i]:
            other = matched(name, key)
            rows = literal_rows(node)
            if other is None or rows is None or _same(rows, key.given[other]):
                continue
            theirs = key.given[other]
            message = (
                f"{names.text(name)} is {rows_text(rows)} here and {rows_text(theirs)} in {key.source}; the sheet is judged for its own"
            )
            led = list(_led_to(judge, judged, name, theirs))
            if led:
                message += "; the key's leads to " + ", ".join(led)
            yield Finding(kind.code, "warning", node.span, message, kind.cause, rows_text(theirs))


def _same(one: Rows, other: Rows) -> bool:
    flat = [x for row in one for x in row]
    return flat == [x for row in other for x in row]


def _led_to(judge: Judge, judged: Judged, name: str, rows: Rows) -> Iterator[str]:
    """What the results of the sheet would have been, for those that depend on the name."""
    told = set()
    for ruling in judged.rulings:
        right = literal_rows(ruling.link.right)
        if right is None:
            continue
        try:
            (reading, *_) = judge.reader(ruling.link).side(ruling.link.head, judge.meaning.shapes)
            node = judge.meaning.tensor(reading, judge.reader(ruling.link))
            values = {n: v for n, v in judge.values.items() if n in judge.lab.network.inputs or n in _given_names(judge)}
            now, then = (
                np.asarray(judge.numeric_point(False, {**values, name: v}).array(node), dtype=float) for v in (judge.values[name], rows)
            )
        except (SymgradError, ValueError, KeyError):
            continue
        shown = rows_text(_whole(then))
        if not np.allclose(now, then) and (shown, right) not in told:
            told.add((shown, right))
            yield f"{rows_text(right)} → {shown}"


def _given_names(judge: Judge) -> set[str]:
    """The names that are given by their values."""
    return {name for given in judge.gathered.given.values() for name, _ in given}


def _whole(values: Any) -> Any:
    return np.round(values).astype(int) if np.allclose(values, np.round(values)) else values
