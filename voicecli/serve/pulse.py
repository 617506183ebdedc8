"""How late the server's loop is: a task that ought to wake every TICK_S, and a histogram of how late it does.

A loop that is late is late for everybody: sound leaves late, and pings are answered late.
"""

from __future__ import annotations

import asyncio
import bisect
from typing import TYPE_CHECKING

from voicecli.metrics import families as f
from voicecli.metrics.families import BUCKETS_S, Distribution

if TYPE_CHECKING:
    from voicecli.system.clock import Clock

TICK_S = 0.1


class LoopPulse:
    """Counts from its making on; `run` is the task."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._counts = [0] * (len(BUCKETS_S) + 1)
        self._late_s = 0.0

    async def run(self) -> None:
        """Beat until cancelled."""
        while True:
            due = self._clock.now() + TICK_S
            await asyncio.sleep(TICK_S)
            self.beat(self._clock.now() - due)

    def beat(self, late_s: float) -> None:
        """Count a beat that came so late."""
        self._counts[bisect.bisect_left(BUCKETS_S, late_s)] += 1
        self._late_s += max(0.0, late_s)

    def distribution(self) -> Distribution:
        """How late the beats were."""
        return Distribution(f.LOOP_LAG, (), tuple(self._counts), self._late_s)
