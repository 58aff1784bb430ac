r"""Names of several letters that a text has of its own, as code has them: with equations for `xc_i` and for `dxc_i`, `xc` is one name.

A product of x and c would begin neither. So is `dmu` the differential of μ, where the text has a `\mu`.
"""

from __future__ import annotations

import re
from functools import lru_cache

_HEAD = re.compile(r"(?:\$|\\\\|&|\bquad\b|\(|,\s)\s*([a-z]{2,5})(?:_\w|_\{[^{}]*\})?\s*(?:&\s*)?=")
_SHORT_GREEK = ("mu", "nu", "xi")


@lru_cache(maxsize=16)
def own_words(text: str) -> frozenset[str]:
    r"""The names of several letters, and the Greek ones that a `d` is written before.

    >>> sorted(own_words(r"$xc_i = x_i - \mu$ $dxc_i = d\hat x_i / std$ $ab = 3$ $dmu = -\sum_i dxc_i$"))
    ['mu', 'xc']
    """
    heads = set(_HEAD.findall(text))
    greek = {name for name in _SHORT_GREEK if f"d{name}" in heads and f"\\{name}" in text}
    return frozenset({head for head in heads if f"d{head}" in heads} | greek)


def is_greek(word: str) -> bool:
    """Whether such a name is that of a Greek letter."""
    return word in _SHORT_GREEK
