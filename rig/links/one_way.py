"""One direction of a link: packets in, and when each comes out, or why it does not. Pure: told the time.

    put(packet)  ->  dead?  |  queue, at `bytes_per_s`  |  lost by chance?  |  delay + jitter  ->  due(now)

The queue is bounded and drops what does not fit (drop tail). What is lost by chance has used the link's time
before, as on a radio. Packets keep their order unless told otherwise: then each waits for the one before it.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from random import Random


@dataclass(frozen=True, slots=True)
class Conditions:
    """What one direction does to packets."""

    delay_s: float = 0.0
    jitter_s: float = 0.0
    """Each packet takes up to so much longer, any time being as likely."""
    loss: float = 0.0
    """Chance of each packet to be lost, from 0 to 1."""
    bytes_per_s: float = 0.0
    """Most that passes; 0: any amount."""
    queue_bytes: int = 64_000
    """Most that waits for its turn, where the rate is bounded."""
    reorders: bool = False
    """Whether jitter may let one packet overtake another."""
    dead: bool = False
    """Nothing passes: neither what comes in, nor what is on its way."""


@dataclass(slots=True)
class LinkCounts:
    """Packets of one direction so far."""

    came: int = 0
    passed: int = 0
    passed_bytes: int = 0
    lost: int = 0
    """By chance."""
    overflowed: int = 0
    """The queue was full."""
    died: int = 0
    """The link was dead."""
    most_queued: int = 0
    """Bytes."""


class OneWay:
    """What is on its way in one direction. For one thread."""

    def __init__(self, seed: int, conditions: Conditions | None = None) -> None:
        self.conditions = conditions or Conditions()
        """In force for packets that come from now on, and `dead` for all. It may be replaced at any time."""
        self.counts = LinkCounts()
        self._random = Random(seed)
        self._free_at = 0.0  # when all that waits for the rate has had its turn
        self._last_due = 0.0
        self._number = 0
        self._flying: list[tuple[float, int, bytes]] = []

    def put(self, packet: bytes, now: float) -> None:
        """A packet comes in."""
        it, counts = self.conditions, self.counts
        counts.came += 1
        if it.dead:
            counts.died += 1
            return
        leaves = now
        if it.bytes_per_s:
            queued = round(max(0.0, self._free_at - now) * it.bytes_per_s) + len(packet)
            if queued > it.queue_bytes:
                counts.overflowed += 1
                return
            counts.most_queued = max(counts.most_queued, queued)
            leaves = self._free_at = max(now, self._free_at) + len(packet) / it.bytes_per_s
        if self._random.random() < it.loss:
            counts.lost += 1
            return
        due = leaves + it.delay_s + self._random.uniform(0.0, it.jitter_s)
        if not it.reorders:
            due = self._last_due = max(due, self._last_due)
        self._number += 1
        heapq.heappush(self._flying, (due, self._number, packet))

    def due(self, now: float) -> list[bytes]:
        """The packets that come out now, in order."""
        out: list[bytes] = []
        while self._flying and self._flying[0][0] <= now:
            _, _, packet = heapq.heappop(self._flying)
            if self.conditions.dead:
                self.counts.died += 1
                continue
            self.counts.passed += 1
            self.counts.passed_bytes += len(packet)
            out.append(packet)
        return out

    @property
    def next_at(self) -> float | None:
        """When the next packet is due; None where nothing is on its way."""
        return self._flying[0][0] if self._flying else None
