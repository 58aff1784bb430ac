r"""Values given anew: after `\mu \leftarrow 5.2` what was computed from the old μ no longer stands.

Several names are often renewed one after the other from gradients at the old values, so that new values count from the first line on
that holds with them and not with the old ones.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from symgrad import names
from symgrad.literals import Rows
from symgrad.meaning import Meaning


def renewed(meaning: Meaning, values: Mapping[str, Rows], changed: Mapping[str, Rows]) -> dict[str, Rows]:
    """The values with those that have changed, without what was computed from the names that did."""
    kept = {name: rows for name, rows in values.items() if name in changed or not _rests_on_one(meaning, name, changed)}
    return {**kept, **changed}


def _rests_on_one(meaning: Meaning, name: str, changed: Iterable[str]) -> bool:
    match = names.gradient_of(name)
    return any(meaning.rests_on(match["of"] if match else name, other) for other in changed)
