"""A WAV that comes in pieces -> its samples, mono, as soon as they come. Its header need not tell its length.

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
"""Most bytes in front of the samples: programs write a line or two about themselves there."""
RATES_HZ = (4000, 192_000)
"""Lowest and highest sample rate that is accepted."""
MOST_CHANNELS = 2


class NoWavError(ValueError):
    """The bytes are not a WAV that `WavPipe` can read; the message says what they are instead."""


class WavPipe:
    """Takes bytes of a WAV with 16-bit samples and one channel or two, cut anywhere."""

    def __init__(self) -> None:
        self.rate_hz = 0
        """0 until the header has come."""
        self._channels = 0
        self._rest = b""
        self._left: int | None = None
        """Bytes of samples that are still to come; None where the header does not tell."""

    @property
    def left(self) -> int | None:
        """Samples (of one channel) that are still to come; None where the header does not tell."""
        return None if self._left is None or not self._channels else self._left // (2 * self._channels)

    def push(self, block: bytes) -> Int16:
        """Take bytes, give the samples that are whole: (n,) int16, n may be 0; of two channels their mean.

        Raises NoWavError.
        """
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
            if self._left < frame:  # the samples are over; what follows them is ignored
                self._left, self._rest = 0, b""
        if self._channels == 1:
            return frames[:, 0].astype(np.int16)
        mean: Int16 = (frames.astype(np.int32).sum(axis=1) // self._channels).astype(np.int16)
        return mean

    def _head(self) -> bool:
        """Read the header up to the samples; False while some of it has not come."""
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
                # A program that writes 0 meant to come back and fill in the size; in a pipe it cannot.
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
