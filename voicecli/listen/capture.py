"""The microphone's end: device blocks -> ring -> Pcm16Chunk."""

from __future__ import annotations

from typing import TYPE_CHECKING

from voicecli.audio.ring import Ring
from voicecli.messages import Pcm16Chunk
from voicecli.waiting.buffers import Buffer

if TYPE_CHECKING:
    from voicecli.audio.streams import StreamFormat
    from voicecli.messages import Int16
    from voicecli.waiting.buffers import BufferFill

SILENT_AFTER_S = 3.0
"""Digital silence for this long is no quiet room: a real microphone has noise in its last bit."""


def microphone_ring(seconds: float) -> Buffer:
    """The ring between the microphone's thread and the ear."""
    return Buffer(
        "microphone ring",
        "ms",
        seconds * 1000,
        "drop_oldest",
        "a microphone cannot wait; the ear is usually 10 ms behind, and the rest is room for a computer that "
        "stands still for a while, because lost sound is lost words",
        "audio.ring_s",
    )


class Capture:
    """A ring with the time of its newest block.

    `on_block` belongs to the audio thread, everything else to the one reader.
    """

    def __init__(self, form: StreamFormat, ring_s: float) -> None:
        self._declared = microphone_ring(ring_s)
        self._ring = Ring(round(ring_s * form.rate_hz), form.channels)
        self._rate_hz = form.rate_hz
        # (position, time) of the newest block, replaced as a whole so that a reader never sees half of it.
        self._anchor = (0, 0.0)
        self.overflows = 0
        """Times the device said that it lost sound before we got it."""
        self._zeros = 0

    def on_block(self, samples: Int16, captured_at: float, overflowed: bool) -> None:  # noqa: FBT001
        """Audio thread: keep (n, channels) samples, the first taken at `captured_at`. Copies and counts."""
        self._anchor = (self._ring.written, captured_at)
        self._ring.write(samples)
        if overflowed:
            self.overflows += 1

    def read(self) -> Pcm16Chunk | None:
        """What has come since the last call, at most 100 ms of it; None when there is nothing."""
        position, samples = self._ring.read(self._rate_hz // 10)
        if not len(samples):
            return None
        self._count_zeros(samples)
        anchor, at = self._anchor
        return Pcm16Chunk(samples, self._rate_hz, position, at + (position - anchor) / self._rate_hz)

    def _count_zeros(self, samples: Int16) -> None:
        self._zeros = 0 if samples.any() else self._zeros + len(samples)

    @property
    def silent(self) -> bool:
        """Whether the device has delivered nothing but zeros for 3 s."""
        return self._zeros >= SILENT_AFTER_S * self._rate_hz

    def stats(self, adds_ms: float = 0.0) -> BufferFill:
        """How full the ring is; `adds_ms` is what the reader's pace adds."""
        ms, ring = 1000 / self._rate_hz, self._ring
        lag_s = ring.waiting / self._rate_hz
        return self._declared.filled(
            ring.waiting * ms, ring.peak * ms, ring.lost, adds_ms=adds_ms, lag_s=lag_s
        )

    @property
    def received(self) -> int:
        """Samples the device has delivered; stands still when it is gone."""
        return self._ring.written

    @property
    def lost(self) -> int:
        """Samples lost because the reader was late."""
        return self._ring.lost
