"""Sound as binary messages: a header of 12 bytes, then int16 samples, little endian, mono.

bytes 0-3    ms of the first sample, modulo 2^32: of the microphone's clock, or of the reply
bytes 4-7    number of the reply, from 1 on; 0: the microphone
bytes 8-9    flags: FADES, AFTER_GAP
bytes 10-11  0
"""

from __future__ import annotations

import base64
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from voicecli.messages import Int16

WIRE_HZ = 24_000
"""Samples a second in both directions: what OpenAI's Realtime protocol has for `audio/pcm`."""

LEAST_HZ, MOST_HZ = 8_000, 48_000
"""Bounds of the rates that a server may put in their place."""

FADES = 1
"""Flag: the block ends a fade. The rest of the reply was dropped, or is on hold until the next block."""

AFTER_GAP = 2
"""Flag: sound of the microphone is missing before this block."""

MOST_BYTES = 1 << 20
"""Longest message of sound that is taken: 20 s."""

_HEADER = struct.Struct("<IIHH")
_WRAP = 1 << 32


@dataclass(frozen=True, slots=True)
class HeardBlock:
    """Sound of the microphone, on its way to the server."""

    samples: Int16
    """(n,) int16 at 16 kHz, or, on the wire, at the rate that the server takes. None at all where the
    microphone is off from here on: what comes next does not follow what came before."""
    ms: int
    """When the microphone heard the first sample, ms on its own clock."""
    after_gap: bool = False


@dataclass(frozen=True, slots=True)
class ReplyBlock:
    """Sound of a reply, as it comes from the server."""

    reply: int
    """Number of the reply in its session, from 1 on."""
    start_ms: int
    """Position of the first sample in the reply."""
    samples: Int16
    """(n,) int16 at `rate_hz`."""
    fades: bool = False
    """Whether it ends a fade: what follows was dropped, or is on hold."""
    rate_hz: int = WIRE_HZ


def packed(block: HeardBlock) -> bytes:
    """The message for a block."""
    flags = AFTER_GAP if block.after_gap else 0
    return _HEADER.pack(block.ms % _WRAP, 0, flags, 0) + block.samples.astype("<i2").tobytes()


def unpacked(data: bytes, rate_hz: int = WIRE_HZ) -> ReplyBlock:
    """The block of a message, whose samples are of this rate. Raises ValueError where it is none."""
    if not _HEADER.size <= len(data) <= MOST_BYTES or (len(data) - _HEADER.size) % 2:
        raise ValueError("no header, half a sample, or too long")
    start_ms, reply, flags, _ = _HEADER.unpack_from(data)
    if not reply:
        raise ValueError("of no reply")
    samples = np.frombuffer(data, "<i2", offset=_HEADER.size).astype(np.int16)
    return ReplyBlock(reply, start_ms, samples, bool(flags & FADES), rate_hz)


def samples_of(delta: object) -> Int16:
    """(n,) int16 of base64 text. Raises ValueError."""
    if not isinstance(delta, str) or len(delta) > MOST_BYTES:
        raise ValueError("no sound, or too much")
    data = base64.b64decode(delta, validate=True)
    if len(data) % 2:
        raise ValueError("half a sample")
    return np.frombuffer(data, "<i2").astype(np.int16)
