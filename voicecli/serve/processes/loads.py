"""Which process gets the next client: the one with the fewest. And how often one may be started again. Pure.

A process tells how many talk with it. A client that was handed to it is not among these at first, so for
PENDING_S it counts beside them.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from voicecli.system.clock import Clock

PENDING_S = 1.0
"""A connection has begun a talk within this, or was only a request."""

MOST_STARTS = 5
STARTS_S = 600.0
"""At most MOST_STARTS within this, of all processes together: what fails more often fails again."""


@dataclass(slots=True)
class _Load:
    talking: int = 0
    pending: deque[float] = field(default_factory=deque)


class Loads:
    """How much each process has to do, by its number."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._loads: dict[int, _Load] = {}

    def add(self, number: int) -> None:
        """A process is there, and takes clients."""
        self._loads[number] = _Load()

    def remove(self, number: int) -> None:
        """A process is gone."""
        self._loads.pop(number, None)

    def talking(self, number: int, count: int) -> None:
        """A process tells how many talk with it."""
        load = self._loads[number]
        for _ in range(min(len(load.pending), count - load.talking)):
            load.pending.popleft()
        load.talking = count

    def handed(self, number: int) -> None:
        """A process was given a connection."""
        self._loads[number].pending.append(self._clock.now())

    def order(self) -> list[int]:
        """The processes, from the one with the fewest clients on."""
        return sorted(self._loads, key=lambda number: (self._count(self._loads[number]), number))

    def _count(self, load: _Load) -> int:
        while load.pending and self._clock.now() - load.pending[0] > PENDING_S:
            load.pending.popleft()
        return load.talking + len(load.pending)


class Restarts:
    """Counts what was started again."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._starts: deque[float] = deque(maxlen=MOST_STARTS)

    def allowed(self) -> bool:
        """Whether one more may be started; if so, it counts."""
        now = self._clock.now()
        if len(self._starts) == MOST_STARTS and now - self._starts[0] < STARTS_S:
            return False
        self._starts.append(now)
        return True
