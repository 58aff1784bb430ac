r"""Whether a text writes decimals with a comma, as most of the world does: `0{,}5`, `\eta = 0,1`.

The comma that groups thousands (`50{,}000`) and the one between two items (`x = 1,2`) look the same, so the whole text decides.
"""

from __future__ import annotations

import re
from functools import lru_cache

_BRACED = re.compile(r"(\d+)((?:\{,\}\d+)+)")
_PLAIN = re.compile(r"(?<![\d.,(\[{])(?<!\d )(0,\d+)(?![\d,])")
_POINT = re.compile(r"\d\.\d")
# That many different numbers below one, in a text without a decimal point.
_ENOUGH = 2


@lru_cache(maxsize=16)
def has_decimal_commas(text: str) -> bool:
    r"""Whether a comma between digits is a decimal one.

    >>> [has_decimal_commas(t) for t in ("b = 0{,}05", "50{,}000 words", "a = 0,5 und b = 0,25", "i = 0,1", "0.5 and 0,1 and 0,2")]
    [True, False, True, False, False]
    """
    for head, groups in _BRACED.findall(text):
        if head == "0" or any(len(group) != 3 for group in groups.split("{,}")[1:]):
            return True
    return len(set(_PLAIN.findall(text))) >= _ENOUGH and not _POINT.search(text)
