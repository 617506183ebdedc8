"""Facts, as they happen -> any number of readers, each at its own pace.

Promises: a writer never waits; all readers see the facts in one order; a reader that lags, or ends, changes
nothing for the others. What waits for a reader is bounded: past its capacity it loses the lightest facts, the
oldest of these first, and each loss is counted. `close` lets readers drain what is left, then ends them.
Relies on: any number of writers, none of them an audio thread (a lock is held); one thread for each reader.
"""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING, Generic, TypeVar

from voicecli.threads.channel import ChannelClosed, ChannelStats

if TYPE_CHECKING:
    from collections.abc import Callable

    from voicecli.waiting.buffers import Buffer, BufferFill

T = TypeVar("T")


class Log(Generic[T]):
    """Passes facts to all readers there are. None is kept for readers that come later."""

    def __init__(self, declared: Buffer, weights: int = 1, weigh: Callable[[T], int] = lambda _: 0) -> None:
        """`weigh` gives the weight of a fact, 0 to `weights` - 1; a late reader loses weight 0 first.

        `declared` says how much may wait for a reader that names no other bound. Raises ValueError for a
        policy that a log does not keep.
        """
        if declared.policy != ("drop_lightest" if weights > 1 else "drop_oldest"):
            raise ValueError(f"a log with {weights} weights does not {declared.policy}")
        self._declared = declared
        self.name = declared.name
        self.policy = declared.policy
        self._weights = weights
        self._weigh = weigh
        self._lock = threading.Lock()
        self._readers: list[Reader[T]] = []
        self._closed = False
        self._put = 0
        self._lost_by_those_gone = 0

    def reader(
        self, name: str, capacity: int | None = None, wants: Callable[[T], bool] = lambda _: True
    ) -> Reader[T]:
        """Make a reader of the facts from now on that `wants` chooses."""
        capacity = int(self._declared.capacity) if capacity is None else capacity
        reader = Reader(self, name, capacity, self._weights, wants)
        with self._lock:
            if self._closed:
                reader._end()  # noqa: SLF001  # Log and Reader are one thing under one lock
            else:
                self._readers.append(reader)
        return reader

    def put(self, fact: T) -> None:
        """Add a fact; never waits. Raises ChannelClosed."""
        with self._lock:
            if self._closed:
                raise ChannelClosed(self.name)
            self._put += 1
            weight = self._weigh(fact)
            for reader in self._readers:
                reader._take(self._put, weight, fact)  # noqa: SLF001

    def close(self) -> None:
        """Accept no more; every reader drains what is left and then gets ChannelClosed. Idempotent."""
        with self._lock:
            self._closed = True
            for reader in self._readers:
                reader._end()  # noqa: SLF001

    def stats(self) -> list[ChannelStats]:
        """The counters of each reader, in the order in which they came."""
        with self._lock:
            return [reader._stats() for reader in self._readers]  # noqa: SLF001

    def filled(self) -> list[BufferFill]:
        """The same for the buffer audit."""
        with self._lock:
            return [
                self._declared.holding(each.capacity).filled(each._lag, each._peak, each._lost, of=each.name)  # noqa: SLF001
                for each in self._readers
            ]

    @property
    def lost(self) -> int:
        """Facts lost by all readers, those that have left included."""
        with self._lock:
            return self._lost_by_those_gone + sum(reader._lost for reader in self._readers)  # noqa: SLF001

    def _leave(self, reader: Reader[T]) -> None:
        with self._lock:
            if reader in self._readers:
                self._readers.remove(reader)
                self._lost_by_those_gone += reader._lost  # noqa: SLF001
            reader._forget()  # noqa: SLF001


class Reader(Generic[T]):
    """One reader of a log: its queue, and its counts of lost facts."""

    def __init__(
        self, log: Log[T], name: str, capacity: int, weights: int, wants: Callable[[T], bool]
    ) -> None:
        if capacity < 1:
            raise ValueError("a reader holds at least one fact")
        self.name = name
        self.capacity = capacity
        self._log = log
        self._wants = wants
        # One queue a weight, each in order, so that losing the lightest and reading the oldest cost the same
        # however much waits. The log's lock guards all of it.
        self._waiting: list[deque[tuple[int, T]]] = [deque() for _ in range(weights)]
        self._changed = threading.Condition(log._lock)  # noqa: SLF001
        self._ended = False
        self._lag = self._peak = self._lost = self._told = 0

    def get(self, timeout_s: float | None = None) -> T:
        """Take the oldest fact. Raises ChannelClosed at the end, TimeoutError when none came in time."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._ended or self._lag > 0, timeout_s):
                raise TimeoutError(self.name)
            if not self._lag:
                raise ChannelClosed(self.name)
            self._lag -= 1
            return min((queue for queue in self._waiting if queue), key=_number_of_first).popleft()[1]

    def newly_lost(self) -> int:
        """Number of facts lost since the last call, so that the reader can report the gap."""
        with self._changed:
            lost, self._told = self._lost - self._told, self._lost
            return lost

    def leave(self) -> None:
        """Read no more; from now on nothing waits, is lost or is counted here. Idempotent."""
        self._log._leave(self)  # noqa: SLF001

    def stats(self) -> ChannelStats:
        """The counters at this moment; `fill` is the lag."""
        with self._changed:
            return self._stats()

    # ---- with the lock held

    def _take(self, number: int, weight: int, fact: T) -> None:
        if not self._wants(fact):
            return
        self._waiting[weight].append((number, fact))
        if self._lag < self.capacity:
            self._lag += 1
            self._peak = max(self._peak, self._lag)
        else:
            next(queue for queue in self._waiting if queue).popleft()
            self._lost += 1
        self._changed.notify_all()

    def _end(self) -> None:
        self._ended = True
        self._changed.notify_all()

    def _forget(self) -> None:
        for queue in self._waiting:
            queue.clear()
        self._lag = 0
        self._end()

    def _stats(self) -> ChannelStats:
        name = f"{self._log.name}: {self.name}"
        return ChannelStats(name, self.capacity, self._lag, self._peak, 0, self._lost, self._log.policy)


def _number_of_first(queue: deque[tuple[int, T]]) -> int:
    return queue[0][0]
