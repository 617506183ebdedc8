"""Sound in binary frames, for clients that ask for it: 12 bytes of header, then int16; little endian, mono.

4 bytes   ms of the first sample, modulo 2^32: on the microphone's clock, or from the reply's beginning
4 bytes   number of the reply; 0: the microphone
2 bytes   flags
2 bytes   0, for later
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from voicecli.messages import Int16

HEADER = struct.Struct("<IIHH")

FADES = 1
"""This block ends a fade: the rest was dropped, or is on hold. A client with credit falls silent at once, and
keeps what it has; the next block has it go on."""

AFTER_GAP = 2
"""Sound of the microphone before this block was lost."""

_MS = 1 << 32


@dataclass(frozen=True, slots=True)
class ClientSound:
    """A block of sound as a client sent it."""

    samples: Int16
    """(n,) int16."""
    at_ms: int
    """When the microphone heard the first, ms modulo 2^32 on the client's clock."""
    after_gap: bool


def framed(samples: Int16, start_ms: int, reply: int, *, fades: bool) -> bytes:
    """(n,) int16 of a reply, as a frame."""
    header = HEADER.pack(start_ms % _MS, reply % _MS, FADES if fades else 0, 0)
    return header + samples.astype("<i2").tobytes()


def unframed(data: bytes) -> ClientSound:
    """A client's frame. Raises ValueError where it is none, or ends in the middle of a sample."""
    if len(data) < HEADER.size:
        raise ValueError(f"a binary frame begins with {HEADER.size} bytes of header")
    at_ms, _, flags, _ = HEADER.unpack_from(data)
    if (len(data) - HEADER.size) % 2:
        raise ValueError("audio ends in the middle of a sample")
    samples = np.frombuffer(data, "<i2", offset=HEADER.size).astype(np.int16)
    return ClientSound(samples, at_ms, bool(flags & AFTER_GAP))
