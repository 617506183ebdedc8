"""A WAV that comes in pieces -> its samples, mono, as they come; its header need not know how long it is.

Source of the format: Microsoft's "Multiple Channel Audio Data and WAVE Files".
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import numpy as np

from voicecli.audio.recordings.headers import UNKNOWN_BYTES

if TYPE_CHECKING:
    from voicecli.messages import Int16

_PCM, _EXTENSIBLE = 1, 0xFFFE
_LARGEST_HEAD = 1 << 16
"""Bytes in front of the samples; programs write a line or two about themselves there."""
RATES_HZ = (4000, 192_000)
MOST_CHANNELS = 2


class NoWavError(ValueError):
    """What comes is no such WAV; the message says what it is: `32 bits a sample`."""


class WavPipe:
    """Takes bytes as they come. 16-bit samples, one channel or two."""

    def __init__(self) -> None:
        self.rate_hz = 0
        """0 until the header has come."""
        self._channels = 0
        self._rest = b""
        self._left: int | None = None
        """Bytes of samples to come; None where the header does not tell."""

    @property
    def left(self) -> int | None:
        """Samples to come, as the header has it; None where it does not tell."""
        return None if self._left is None or not self._channels else self._left // (2 * self._channels)

    def push(self, block: bytes) -> Int16:
        """(n,) int16, n may be 0: the mean of the channels. Raises NoWavError."""
        self._rest += block
        if not self.rate_hz and not self._head():
            return np.zeros(0, np.int16)
        frame = 2 * self._channels
        here = len(self._rest) if self._left is None else min(len(self._rest), self._left)
        whole = here // frame * frame
        frames = np.frombuffer(self._rest[:whole], "<i2").reshape(-1, self._channels)
        self._rest = self._rest[whole:]
        if self._left is not None:
            self._left -= whole
            if self._left < frame:  # what follows is no sound
                self._left, self._rest = 0, b""
        if self._channels == 1:
            return frames[:, 0].astype(np.int16)
        mean: Int16 = (frames.astype(np.int32).sum(axis=1) // self._channels).astype(np.int16)
        return mean

    def _head(self) -> bool:
        """Read what is in front of the samples; False where it has not all come."""
        packed = self._rest
        if packed[:4] not in (b"RIFF"[: len(packed)], b"RF64"[: len(packed)]) or (
            len(packed) >= 12 and packed[8:12] != b"WAVE"
        ):
            raise NoWavError("no WAV")
        at, form = 12, b""
        while len(packed) >= at + 8:
            name, size = struct.unpack_from("<4sI", packed, at)
            begin = at + 8
            if name == b"data":
                self._read_form(form)
                # 0 where a program hoped to come back and fill it in.
                self._left = None if size >= UNKNOWN_BYTES or size == 0 else size
                self._rest = packed[begin:]
                return True
            at = begin + size + size % 2
            if at > _LARGEST_HEAD:
                raise NoWavError("a WAV without samples")
            if name == b"fmt ":
                form = packed[begin : begin + size]
        return False

    def _read_form(self, form: bytes) -> None:
        if len(form) < 16:
            raise NoWavError("a WAV that does not tell its form")
        kind, channels, rate_hz, _, _, bits = struct.unpack_from("<HHIIHH", form)
        if kind not in (_PCM, _EXTENSIBLE) or bits != 16:
            raise NoWavError(f"a WAV with {bits} bits a sample, or packed, instead of plain 16")
        if not 1 <= channels <= MOST_CHANNELS:
            raise NoWavError(f"a WAV with {channels} channels instead of one or two")
        if not RATES_HZ[0] <= rate_hz <= RATES_HZ[1]:
            raise NoWavError(f"a WAV of {rate_hz} Hz")
        self._channels, self.rate_hz = channels, rate_hz
