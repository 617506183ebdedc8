"""The head of a WAV file with 16-bit samples, of any size."""

from __future__ import annotations

import struct

HEAD_BYTES = 80
"""Size of the head, always: it is written first, and again once the size of the samples is known."""

_LARGEST = 0xFFFFFFFF
"""Largest size that RIFF's 32 bits can tell, bytes: 27 hours of a voice at 22 050 Hz."""


def head(rate_hz: int, channels: int, data_bytes: int) -> bytes:
    """Give everything in front of the samples; RF64 in place of RIFF where they need more than 4 GiB.

    The European Broadcasting Union's Tech 3306 describes RF64. In front of `fmt ` stands a `JUNK` chunk of
    28 bytes, which players skip. In RF64 the same place holds `ds64`, with sizes of 64 bits.
    """
    frame = 2 * channels
    riff_bytes = HEAD_BYTES - 8 + data_bytes
    large = riff_bytes > _LARGEST
    sizes = struct.pack("<QQQL", riff_bytes, data_bytes, data_bytes // frame, 0) if large else bytes(28)
    return b"".join(
        (
            struct.pack("<4sL4s", b"RF64" if large else b"RIFF", min(riff_bytes, _LARGEST), b"WAVE"),
            struct.pack("<4sL", b"ds64" if large else b"JUNK", 28),
            sizes,
            struct.pack("<4sLHHLLHH", b"fmt ", 16, 1, channels, rate_hz, rate_hz * frame, frame, 16),
            struct.pack("<4sL", b"data", _LARGEST if large else data_bytes),
        )
    )
