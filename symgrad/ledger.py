"""The values that a sheet has written so far, which of them no longer stand, and what they were before."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Set
from contextlib import contextmanager
from fractions import Fraction

from symgrad import names
from symgrad.errors import SymgradError
from symgrad.lab import sizes_from
from symgrad.literals import Rows, literal_rows
from symgrad.meaning import Meaning
from symgrad.rounding import Rounding
from symgrad.syntax import Node


class Ledger:
    """The values by their names, in the order in which a sheet writes them."""

    def __init__(self, meaning: Meaning, given: Iterable[Node]) -> None:
        self.meaning = meaning
        self.values: dict[str, Rows] = {}
        self.older: dict[str, list[Rows]] = {}
        self.anew: dict[str, Rows] = {}  # what steps lead to, which counts from the first line on that holds with it
        self.stepped: set[str] = set()  # the names whose values are those that steps led to
        self.meant: dict[str, Rows] = {}  # of values that were written wrongly, what they should be
        self.unnamed: list[Rows] = []
        self.stated: set[str] = set()  # names with a value that nothing allows to compute
        self.rounding = Rounding(given)
        self._written_at: dict[str, int] = {}
        self._last_given = -1
        self._order: dict[str, int] = {}  # which value was written before which
        self._members: dict[str, dict[int, tuple[Fraction, ...]]] = {}

    # ── writing ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def give(self, name: str, node: Node, statement: int = -1) -> None:
        """A value that is given, at a statement or for now only."""
        rows = literal_rows(node)
        shape = self.meaning.shape(name)
        if rows == ((Fraction(0),),) and shape is not None and not all(dim.is_one for dim in shape):
            sizes = [dim.number for dim in shape]
            if None not in sizes:  # else what the others are says how many
                rows = ((Fraction(0),) * int(sizes[1] or 1),) * int(sizes[0] or 1)
        if rows is not None:
            self.write(name, rows)
        if statement >= 0:
            self._last_given = statement
            self._renew_entry(name, rows)

    def renew(self, name: str, node: Node) -> None:
        """The value that a step leads to."""
        rows = literal_rows(node)
        if name not in self.meaning.network.inputs and self._renew_entry(name, rows):
            return
        self.anew |= {} if rows is None else {name: self._as_vector(name, rows)}

    def _renew_entry(self, name: str, rows: Rows | None) -> bool:
        r"""`w_2 = 0.2 - 0.5 \cdot 0.18`, where w is a vector that has a value: what a step leads to in one entry of it, or of a matrix."""
        whole, _, number = name.rpartition("_")
        old = self.anew.get(whole, self.values.get(whole))
        if rows is None or old is None or len(rows) != 1 or len(rows[0]) != 1 or whole not in self.meaning.network.inputs:
            return False
        places = [int(digit) - 1 for digit in number.strip("{}") if digit.isdecimal()]
        if 1 in (len(old), len(old[0])):
            places = [0, *places] if len(old) == 1 else [*places, 0]
        if len(places) != 2 or not (0 <= places[0] < len(old) and 0 <= places[1] < len(old[0])) or len(old) * len(old[0]) == 1:
            return False
        if any(self.meaning.rests_on(defined, name) for defined in self.meaning.network.definitions):
            return False
        i, j = places
        if old[i][j] != rows[0][0]:
            self.anew[whole] = (*old[:i], (*old[i][:j], rows[0][0], *old[i][j + 1 :]), *old[i + 1 :])
        return True

    def enter(self, result: Node, rows: Rows, labels: list[str], statement: int, how: str, meant: Rows | None) -> None:
        """A result that a line comes to, for all names that it has there, "rounded", "exact" or neither for certain.

        `meant` where it is wrong and another should stand there.
        """
        self.unnamed += [] if labels else [rows]
        if how == "exact":
            self.rounding.forget(labels)
        else:
            self.rounding.learn(result, labels, how == "rounded")
        for name in labels:
            self.write(name, rows, statement)
            self.meant.pop(name, None)
            if meant is not None:
                self.meant[name] = meant

    def write(self, name: str, rows: Rows, statement: int = -1) -> None:
        rows = self._as_vector(name, rows)
        if name in self.values and self.values[name] != rows and (statement < 0 or self._written_at.get(name) != statement):
            self.older.setdefault(name, []).append(self.values[name])
            if name in self.meaning.network.inputs:
                self._forget_what_rests_on(name)
        self.values[name] = rows
        self._written_at[name] = statement
        self._order[name] = 1 + max(self._order.values(), default=0)
        self._write_whole(name, rows, statement)

    def is_member(self, name: str) -> bool:
        """Whether it is the `x_1` of an x that the network has, and nothing is computed from `x_1` alone."""
        base, _, number = name.rpartition("_")
        if base not in self.meaning.network.inputs or not number.isdecimal():
            return False
        return not any(self.meaning.rests_on(defined, name) for defined in self.meaning.network.definitions)

    def _write_whole(self, name: str, rows: Rows, statement: int) -> None:
        """`x_1 = (2, 1)`, `x_2 = (1, -2)`, `y_1 = 1`, `y_2 = -1`: with its members an input has its value, one by one."""
        base, _, number = name.rpartition("_")
        shape = self.meaning.network.symbol_shape(base) if self.is_member(name) else None
        if shape is None or (base in self.values and base not in self._members):
            return
        members = self._members.setdefault(base, {})
        members[int(number)] = tuple(x for row in rows for x in row)
        long = {len(member) for member in members.values()}
        is_vector = shape[1].is_one
        if sorted(members) == list(range(1, len(members) + 1)) and len(long) == 1 and is_vector == (long == {1}) and not shape[0].is_one:
            if self.values.pop(base, None) is not None:  # it grows, and has no other value than before
                self._forget_what_rests_on(base)
            self.write(base, tuple(members[k] for k in sorted(members)), statement)

    def forget(self, solved: Set[str]) -> None:
        """The values of parameters that were solved for no longer stand."""
        self.values = {name: rows for name, rows in self.values.items() if name not in solved}

    def start_again(self) -> None:
        """The inputs as they were given first: another step is taken from the same start."""
        for name in [n for n in self.older if n in self.meaning.network.inputs]:
            self.write(name, self.older[name][0])

    @contextmanager
    def with_further(self, given: Iterable[tuple[str, Node]]) -> Iterator[None]:
        """The values with others that are given, for as long as one claim is tried."""
        values, older = dict(self.values), {name: list(rows) for name, rows in self.older.items()}
        try:
            for name, node in given:
                self.give(name, node)
            yield
        finally:
            self.values, self.older = values, older

    def count_anew(self, kept: Container[str]) -> None:
        """The new values of steps count from here on, and of the old ones those that are kept."""
        self.values = {name: rows for name, rows in self.values.items() if name in kept}
        for name, rows in self.anew.items():
            self.write(name, rows)
        self.stepped |= self.anew.keys()
        self.anew = {}

    def _as_vector(self, name: str, rows: Rows) -> Rows:
        """A list as the column that its name is."""
        shape = self.meaning.shape(name)
        turned = shape is not None and len(rows) == 1 and len(rows[0]) > 1 and shape[1].is_one and not shape[0].is_one
        return tuple((x,) for x in rows[0]) if turned else rows

    def _forget_what_rests_on(self, name: str) -> None:
        """Values that were computed from an input are another example's, or another step's, once it has a new value."""
        for other in [n for n in self.values if n != name]:
            match = names.gradient_of(other)  # of a loss that rests on it
            if self.meaning.rests_on(other if match is None else match["of"], name):
                self.older.setdefault(other, []).append(self.values.pop(other))

    # ── asking ───────────────────────────────────────────────────────────────────────────────────────────────────────

    def sizes(self) -> dict[str, int]:
        """The sizes that the values of the sheet have; none where they clash."""
        try:
            return sizes_from(self.meaning, {k: v for k, v in self.values.items() if "∂" not in k})
        except SymgradError:
            return {}

    def written_at(self, name: str) -> int:
        """The statement that came to the value of a name; -1 where it was given."""
        return self._written_at.get(name, -1)

    def since(self, name: str) -> list[str]:
        """The names that were written after one."""
        at = self._order.get(name)
        return [] if at is None else [other for other, order in self._order.items() if order > at]

    def is_stale(self, name: str) -> bool:
        """Whether something that a value was computed from has been given another value since."""
        match = names.gradient_of(name)
        computed = name if match is None else match["of"]
        return any(self.meaning.rests_on(computed, other) for other in self.since(name) if other in self.older)

    def is_of_another_example(self, name: str) -> bool:
        """Whether other values were given since the one that a name has was stated."""
        return 0 <= self._written_at.get(name, -1) < self._last_given

    def without(self, name: str) -> dict[str, Rows]:
        """The values but for those that were computed from a name."""
        return {n: rows for n, rows in self.values.items() if n != name and not self.meaning.rests_on(n, name)}
