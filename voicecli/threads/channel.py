"""A bounded queue between two threads that either side can close, and that counts what it holds and loses.

Promises: never holds more than its capacity; `close` lets the reader drain what is left and then raises
`ChannelClosed` to both sides; capacity, policy and their reason are declared where it is made.
Relies on: any number of writers and readers, none of them an audio thread (a lock is held).
"""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from voicecli.waiting.buffers import Buffer, BufferFill

T = TypeVar("T")


class ChannelClosed(Exception):  # noqa: N818  # an end, not an error
    """The channel is closed: nothing more comes, and nothing more is accepted."""


@dataclass(frozen=True, slots=True)
class ChannelStats:
    """Counters of a channel."""

    name: str
    capacity: int
    fill: int
    peak: int
    waits: int
    """Times a writer had to wait."""
    drops: int
    """Items lost because the channel was full."""
    policy: str
    """What happens when it is full."""


class Channel(Generic[T]):
    """A first-in first-out queue.

    With the policy `block` a writer waits for room (backpressure). With the others it never waits: a full
    channel loses the new item (`drop_newest`), or else the oldest. Losses are counted.
    """

    def __init__(self, declared: Buffer) -> None:
        """Raises ValueError for `drop_lightest`, which only a `Log` knows."""
        if declared.capacity < 1 or declared.policy == "drop_lightest":
            raise ValueError("a channel holds at least one item, and weighs none")
        self._declared = declared
        self.name = declared.name
        self.capacity = int(declared.capacity)
        self.policy = declared.policy
        self._items: deque[T] = deque()
        self._closed = False
        self._changed = threading.Condition()
        self._peak = self._waits = self._drops = 0

    def put(self, item: T) -> None:
        """Add an item; when full, waits or drops as declared. Raises ChannelClosed."""
        with self._changed:
            if self.policy == "block" and len(self._items) >= self.capacity and not self._closed:
                self._waits += 1
                self._changed.wait_for(lambda: self._closed or len(self._items) < self.capacity)
            if self._closed:
                raise ChannelClosed(self.name)
            if len(self._items) >= self.capacity:
                self._drops += 1
                if self.policy == "drop_newest":
                    return
                self._items.popleft()
            self._items.append(item)
            self._peak = max(self._peak, len(self._items))
            self._changed.notify_all()

    def get(self, timeout_s: float | None = None) -> T:
        """Take the oldest item. Raises ChannelClosed if closed and empty, TimeoutError if none is in time."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._closed or bool(self._items), timeout_s):
                raise TimeoutError(self.name)
            if not self._items:
                raise ChannelClosed(self.name)
            item = self._items.popleft()
            self._changed.notify_all()
            return item

    def close(self) -> None:
        """Accept no more; what is inside can still be read. Idempotent."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def filled(self) -> BufferFill:
        """The same for the buffer audit. Its reader sleeps on it, so it adds no latency."""
        stats = self.stats()
        return self._declared.filled(stats.fill, stats.peak, stats.drops)

    def stats(self) -> ChannelStats:
        """The counters at this moment."""
        with self._changed:
            return ChannelStats(
                self.name, self.capacity, len(self._items), self._peak, self._waits, self._drops, self.policy
            )
