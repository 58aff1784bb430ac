"""How long a sheet may take: what is not judged when that is spent is undecided, and said to be."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter, process_time

SECONDS = 30
OVER = "it comes when the time for one sheet"


class Allowance:
    """Time of the processor from now on; a clock of one's own counts anything else.

    >>> ticks = iter(range(10))
    >>> allowance = Allowance(2, lambda: next(ticks))
    >>> [allowance.is_spent for _ in range(4)]
    [False, False, True, True]
    """

    def __init__(self, seconds: float = SECONDS, clock: Callable[[], float] | None = None) -> None:
        self.seconds = seconds
        self._clock = clock or process_time
        self._until = self._clock() + seconds
        # Before so much time has passed at all the processor's clock, which is slow to ask, need not be looked at.
        self._not_before = 0.0 if clock else perf_counter() + seconds

    @property
    def is_spent(self) -> bool:
        """Whether the time is over."""
        return perf_counter() >= self._not_before and self._clock() > self._until

    @property
    def reason(self) -> str:
        """Why something was not judged."""
        return f"{OVER}, {self.seconds:g} seconds, is over"
