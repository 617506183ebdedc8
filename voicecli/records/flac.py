"""Samples -> the bytes of a FLAC stream, as soon as a frame is whole. The only file that writes with av.

A FLAC stream can be read up to wherever it ends, because each frame (0.1 s) stands for itself. Only its head
tells how long it is; that place holds 0, which means unknown, until `length` is written there.
Source of the form: RFC 9639.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import numpy as np

from voicecli.audio.level import to_int16

if TYPE_CHECKING:
    from av.audio.frame import AudioFrame

    from voicecli.messages import Float32

LENGTH_AT = 21
"""Byte whose four low bits, with the next 32, hold the number of samples: 4 bytes of mark, 4 of the block's
head, then bit 108 of STREAMINFO (RFC 9639, 8.2)."""

COMPRESSION = "5"
"""libav's level, 0 to 12. On a demo, 3 took as long and made a file 1.3 % larger; 8 took twice as long and
saved 1.1 %."""


class _Sink:
    """Where libav puts its bytes. It has no `seek`, so libav never goes back."""

    def __init__(self) -> None:
        self._bytes = bytearray()

    def write(self, data: bytes) -> int:
        self._bytes += data
        return len(data)

    def take(self) -> bytes:
        taken = bytes(self._bytes)
        self._bytes.clear()
        return taken


class FlacStream:
    """A stereo stream of 16 bits. Loads libav, which takes 0.1 s the first time."""

    def __init__(self, rate_hz: int) -> None:
        import av

        logging.getLogger("libav").setLevel(logging.CRITICAL)
        self._rate_hz = rate_hz
        self._sink = _Sink()
        self._container = av.open(self._sink, "w", format="flac", options={"flush_packets": "1"})
        self._stream = self._container.add_stream(
            "flac", rate=rate_hz, options={"compression_level": COMPRESSION}
        )
        self._stream.codec_context.format = "s16"
        self._stream.codec_context.layout = "stereo"
        self.count = 0
        """Samples of each channel so far."""

    def push(self, left: Float32, right: Float32) -> bytes:
        """Take (n,) float32 of each side; give the bytes that are ready."""
        if len(left):
            self._encode(self._frame(left, right))
        return self._sink.take()

    def finish(self) -> bytes:
        """Give the last bytes; nothing can be pushed any more."""
        self._encode(None)
        self._container.close()
        return self._sink.take()

    def length(self) -> bytes:
        """Five bytes for `LENGTH_AT`: how long the stream is."""
        return (0xF << 36 | self.count).to_bytes(5, "big")  # before it: the low bits of "16 bits a sample"

    def _frame(self, left: Float32, right: Float32) -> AudioFrame:
        import av

        both = to_int16(np.stack((left, right), axis=1))
        frame = av.AudioFrame.from_ndarray(both.reshape(1, -1), format="s16", layout="stereo")
        frame.sample_rate = self._rate_hz
        frame.pts = self.count
        self.count += len(left)
        return frame

    def _encode(self, frame: AudioFrame | None) -> None:
        for packet in self._stream.encode(frame):
            self._container.mux(packet)
