"""What waits to be sent to the server: sound of the microphone, and requests. For any threads.

Promises: whoever adds never waits. Both kinds leave in the order in which they were added. Of sound at most
`KEPT_S` wait, also while there is no connection; then the oldest is lost, and counted.
Relies on: one thread that sends.
"""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING, TypeAlias

from voicecli.messages import RATE_HZ
from voicecli.satellite.protocol.requests import Asked
from voicecli.satellite.protocol.sound_blocks import HeardBlock
from voicecli.waiting.buffers import Buffer

if TYPE_CHECKING:
    from collections.abc import Callable

    from voicecli.waiting.buffers import BufferFill

Parcel: TypeAlias = HeardBlock | Asked

KEPT_S = 5.0
"""Sound that is kept for the server while it cannot be reached, s."""

SOUND_OUT = Buffer(
    "sound to the server",
    "ms",
    KEPT_S * 1000,
    "drop_oldest",
    "a microphone cannot wait for a network; what was said up to 5 s before a connection came back is still "
    "heard, and older words would be answered too late",
)

ON_ITS_WAY_S = 2.0
"""Sound that was sent and is kept, s: what a broken connection did not carry is sent again on the next."""

REQUESTS_OUT = Buffer(
    "requests to the server",
    "requests",
    64,
    "drop_oldest",
    "keys and typed lines, which a person makes; while the server cannot be reached the newest count",
)

AS_GOOD_AS_HEARD_MS = 2
"""Less than this of a block is no part of it that was not heard, but rounding to whole ms."""

_WRAP = 1 << 32


class Outgoing:
    """The two queues."""

    def __init__(self) -> None:
        self.wake: Callable[[], None] = lambda: None
        """Called, on any thread, when there is something to send."""
        self._lock = threading.Lock()
        self._added = 0
        self._sound: deque[tuple[int, HeardBlock]] = deque()
        self._asked: deque[tuple[int, Asked]] = deque()
        self._gone: deque[tuple[int, HeardBlock]] = deque()  # sent, the newest ON_ITS_WAY_S of it
        self._samples = self._peak = 0
        self._asked_peak = self._asked_lost = 0
        self.lost = 0
        """Samples of the microphone that were not sent, because too many waited."""

    def sound(self, block: HeardBlock) -> None:
        """Add sound; the oldest goes where too much waits."""
        with self._lock:
            self._added += 1
            self._sound.append((self._added, block))
            self._samples += len(block.samples)
            self._lose()
        self.wake()

    def ask(self, request: Asked) -> None:
        """Add a request; the oldest goes where too many wait."""
        with self._lock:
            self._added += 1
            self._asked.append((self._added, request))
            if len(self._asked) > REQUESTS_OUT.capacity:
                self._asked.popleft()
                self._asked_lost += 1
            self._asked_peak = max(self._asked_peak, len(self._asked))
        self.wake()

    def first(self) -> Parcel | None:
        """What was added first; it stays until it is `sent`."""
        with self._lock:
            queue = self._older()
            return queue[0][1] if queue else None

    def sent(self, parcel: Parcel) -> None:
        """Take it out, unless it was lost meanwhile."""
        with self._lock:
            queue = self._older()
            if queue and queue[0][1] is parcel:
                number, _ = queue.popleft()
                if isinstance(parcel, HeardBlock):
                    self._samples -= len(parcel.samples)
                    self._gone.append((number, parcel))
                    while parcel.ms - self._gone[0][1].ms > ON_ITS_WAY_S * 1000:
                        self._gone.popleft()

    def again(self, heard_ms: int) -> None:
        """Send again what the server has not heard: up to this time, ms modulo 2^32, it has.

        A block of which it has heard a part goes again, and it leaves that part out.
        """
        with self._lock:
            while self._gone and (_end_ms(self._gone[-1][1]) - heard_ms) % _WRAP < _WRAP // 2:
                number, block = self._gone.pop()
                self._sound.appendleft((number, block))
                self._samples += len(block.samples)
            self._lose()

    def _lose(self) -> None:
        """Drop the oldest sound where too much waits."""
        while self._samples > KEPT_S * RATE_HZ:
            _, oldest = self._sound.popleft()
            self._samples -= len(oldest.samples)
            self.lost += len(oldest.samples)
        self._peak = max(self._peak, self._samples)

    def _older(self) -> deque[tuple[int, HeardBlock]] | deque[tuple[int, Asked]]:
        if not self._asked or (self._sound and self._sound[0][0] < self._asked[0][0]):
            return self._sound
        return self._asked

    @property
    def waiting_s(self) -> float:
        """Sound that waits, s."""
        return self._samples / RATE_HZ

    def filled(self) -> list[BufferFill]:
        """Both for the buffer audit."""
        with self._lock:
            ms = 1000 / RATE_HZ
            return [
                SOUND_OUT.filled(self._samples * ms, self._peak * ms, self.lost, lag_s=self.waiting_s),
                REQUESTS_OUT.filled(len(self._asked), self._asked_peak, self._asked_lost),
            ]


def _end_ms(block: HeardBlock) -> int:
    """Until when its sound counts as not heard, ms."""
    return block.ms + len(block.samples) * 1000 // RATE_HZ - AS_GOOD_AS_HEARD_MS
