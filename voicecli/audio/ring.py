"""A ring of int16 frames between the audio thread and one reader, without a lock.

Promises: `write` never waits, never fails and copies once; when the reader is late the oldest samples
are lost, and `read` says how many. Every counter has one owner: `_claimed` and `_written` belong to the
writer, the read position to the reader. Counts are returned, never raised (after PortAudio's
`pa_ringbuffer.h`, which refuses new samples instead: a microphone wants the newest).

Relies on: one writer thread, one reader thread, and attribute stores that become visible in program order
(CPython, with or without the global lock). A reader that was overtaken while it copied finds out by
reading `_claimed` again afterwards and drops what may be torn.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from voicecli.messages import Int16


class Ring:
    """Holds the newest `capacity` frames of `channels` samples each."""

    def __init__(self, capacity: int, channels: int = 1) -> None:
        if capacity < 1 or channels < 1:
            raise ValueError("a ring holds at least one frame of one channel")
        self.capacity = capacity
        self.channels = channels
        self._frames: Int16 = np.zeros((capacity, channels), np.int16)
        self._claimed = 0  # writer: frames it has begun to write
        self._written = 0  # writer: frames that can be read
        self._read = 0  # reader: frames taken or lost
        self.lost = 0  # reader: frames lost so far
        self.peak = 0  # reader: most frames it ever found waiting

    @property
    def written(self) -> int:
        """Frames written since the beginning."""
        return self._written

    @property
    def waiting(self) -> int:
        """Frames that wait for the reader, at most `capacity`."""
        return min(self.capacity, self._written - self._read)

    def write(self, frames: Int16) -> None:
        """Writer only: append (n, channels) frames. Of more than `capacity` only the newest stay."""
        count = len(frames)
        self._claimed += count
        kept = frames[-self.capacity :]
        start = (self._claimed - len(kept)) % self.capacity
        first = min(len(kept), self.capacity - start)
        self._frames[start : start + first] = kept[:first]
        self._frames[: len(kept) - first] = kept[first:]
        self._written = self._claimed

    def read(self, most: int) -> tuple[int, Int16]:
        """Reader only: the oldest frames still held, at most `most`.

        Returns the position of the first one (frames since the beginning, the lost ones counted) and a
        copy, (n, channels) int16, n = 0 when nothing waits.
        """
        written = self._written
        self._lose(written - self.capacity)
        waiting = written - self._read
        self.peak = max(self.peak, waiting)
        count = min(waiting, most)
        start = self._read % self.capacity
        first = min(count, self.capacity - start)
        out = np.concatenate((self._frames[start : start + first], self._frames[: count - first]))
        position = self._read
        self._read += count
        torn = self._claimed - self.capacity - position
        if torn > 0:  # the writer came round while we copied
            torn = min(torn, count)
            self.lost += torn
            return position + torn, out[torn:]
        return position, out

    def _lose(self, oldest: int) -> None:
        if oldest > self._read:
            self.lost += oldest - self._read
            self._read = oldest
