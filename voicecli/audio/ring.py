"""The one ring of samples: a writer on one thread, a reader on another, no lock.

    write (one thread)     claim, copy, publish ....|
    read  (the other)                               the oldest ones held, in order: a microphone's chunks
    copy  (the other)                               the frames from any position on: what a loudspeaker was
                                                    given, and what it is given next

Promises: `write` never waits, never fails and copies once; when the reader is late the oldest frames are
lost, and both `read` and `copy` say how many. Every counter has one owner: `_claimed` and `written` belong to
the writer, the read position to the reader. Losses are returned as counts, never raised, as in PortAudio's
`pa_ringbuffer.h`. That one refuses new samples when it is full; this one overwrites the oldest, because a
microphone wants the newest. A writer that must lose none, such as the jitter buffer, counts the free room
itself and writes no more than that.

Relies on: one writer thread, one reader thread, and attribute stores that become visible in program order
(CPython, with or without the global lock). A reader that was overtaken while it copied finds out by
reading `_claimed` again afterwards and drops what may be torn.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from voicecli.messages import Float32, Int16


class Ring:
    """Holds the newest `capacity` frames: (n, channels) int16, or (n,) where `channels` is None."""

    def __init__(self, capacity: int, channels: int | None = None) -> None:
        if capacity < 1 or (channels is not None and channels < 1):
            raise ValueError("a ring holds at least one frame of one channel")
        self.capacity = capacity
        self._frame = () if channels is None else (channels,)  # its shape
        self._frames: Int16 = np.zeros((capacity, *self._frame), np.int16)
        self._claimed = 0  # writer: frames it has begun to write
        self.written = 0
        """Writer: frames written since the beginning, which can be read."""
        self._read = 0  # reader: frames taken or lost
        self.lost = 0
        """Reader: frames lost so far."""
        self.peak = 0
        """Reader: most frames it ever found waiting."""

    @property
    def waiting(self) -> int:
        """Frames that wait for `read`, at most `capacity`."""
        return min(self.capacity, self.written - self._read)

    def write(self, frames: Int16) -> None:
        """Writer only: append frames. Of more than `capacity` only the newest stay."""
        self._claimed += len(frames)
        kept = frames[-self.capacity :]
        start = (self._claimed - len(kept)) % self.capacity
        first = min(len(kept), self.capacity - start)
        self._frames[start : start + first] = kept[:first]
        if first < len(kept):
            self._frames[: len(kept) - first] = kept[first:]
        self.written = self._claimed

    def copy(self, position: int, out: Int16 | Float32) -> int:
        """Reader only: fill `out`, of at most `capacity` frames, with the frames from `position` on.

        All of them must have been written. Returns how many at the beginning of `out` must not be used: the
        writer had overwritten them, before or during this copy.
        """
        start = position % self.capacity
        first = min(len(out), self.capacity - start)
        out[:first] = self._frames[start : start + first]
        if first < len(out):
            out[first:] = self._frames[: len(out) - first]
        lost = self._claimed - self.capacity - position
        return min(lost, len(out)) if lost > 0 else 0

    def read(self, most: int) -> tuple[int, Int16]:
        """Reader only: the oldest frames still held, at most `most`.

        Returns the position of the first one (frames since the beginning, the lost ones counted) and a
        copy, int16, of no frames when nothing waits.
        """
        written = self.written
        self._lose(written - self.capacity)
        waiting = written - self._read
        self.peak = max(self.peak, waiting)
        position = self._read
        out = np.empty((min(waiting, most), *self._frame), np.int16)
        torn = self.copy(position, out)
        self._read += len(out)
        self.lost += torn
        return position + torn, out[torn:]

    def _lose(self, oldest: int) -> None:
        if oldest > self._read:
            self.lost += oldest - self._read
            self._read = oldest
