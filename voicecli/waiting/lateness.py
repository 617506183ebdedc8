"""How much later than usual each engine gives what it was asked for, seconds.

What is usual is learnt: an engine that is slow on this computer is not late. It is the median of the last
`REMEMBERED` times, so a load that lasts for minutes is late for minutes, and in the end is the usual. Where a
bound is given, the usual is never more: a computer that is too slow from the beginning is late all the time.
"""

from __future__ import annotations

import math
from collections import deque
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

REMEMBERED = 200
"""Times of an engine that count for what is usual: some minutes of talk. Chosen, not measured."""

KNOWN = 5
"""With fewer times nobody knows what is usual: it is the bound, and without one no engine is late."""

IN_A_ROW = 3
"""Newest calls whose median shows how late an engine is: one slow call alone is no pressure."""

FRESH_S = 20.0
"""s: what an engine took before that says nothing of now. Two turns and their replies take about as long, and
the language model may be asked but once in each."""


class Lateness:
    """How late each engine of a talk is. One thread reports for each engine, another may ask for all of them.

    What the other thread reads is replaced as a whole.
    """

    def __init__(self, most_s: Mapping[Hashable, float]) -> None:
        """`most_s` bounds the usual time of an engine for work of size 1, s; none where it has no key."""
        self._most_s = most_s
        self._times: dict[Hashable, deque[float]] = {}
        self._usual: dict[Hashable, float] = {}
        self._newest: dict[Hashable, tuple[tuple[float, float], ...]] = {}  # when, and how late

    def took(self, engine: Hashable, now: float, seconds: float, size: float = 1.0) -> None:
        """An engine took `seconds` for work of this size; any unit of size, the same one in each call."""
        times = self._times.setdefault(engine, deque(maxlen=REMEMBERED))
        late_s = self._beyond(engine, seconds, size)
        times.append(seconds / size)
        if len(times) >= KNOWN:
            self._usual[engine] = median(times)
        self._newest[engine] = (*self._newest.get(engine, ())[1 - IN_A_ROW :], (now, late_s))

    def late_s(self, engine: Hashable, now: float, under_way_s: float = 0.0, size: float = 1.0) -> float:
        """How late it is now; `under_way_s`: since it was asked for what it has not given yet."""
        fresh = [late_s for at, late_s in self._newest.get(engine, ()) if now - at <= FRESH_S]
        fresh += [0.0] * (IN_A_ROW - len(fresh))
        return max(median(fresh), self._beyond(engine, under_way_s, size))

    def _beyond(self, engine: Hashable, seconds: float, size: float) -> float:
        most_s = self._most_s.get(engine, math.inf)
        usual = min(self._usual.get(engine, most_s), most_s)
        return max(0.0, seconds - usual * size)
