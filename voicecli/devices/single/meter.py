"""A microphone's blocks -> how loud it is: RMS and peak in dBFS, and whether it clips."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from voicecli.audio.level import SILENCE_DBFS, level_dbfs, to_float
from voicecli.audio.ring import Ring

if TYPE_CHECKING:
    from voicecli.audio.streams import StreamFormat
    from voicecli.messages import Int16

CLIPPED_DBFS = -0.1
"""A peak this high is a wave whose top is cut off. The limit is not 0: a sound server may have resampled the
wave, and then the cut tops are no longer all at full scale."""

_RING_S = 4.0
"""Seconds of sound that the meter keeps until somebody asks."""


@dataclass(frozen=True, slots=True)
class Level:
    """How loud a stretch of sound was."""

    rms_dbfs: float
    """RMS of the channel where it is highest; -3 for a full-scale sine."""
    peak_dbfs: float
    """Peak of the channel where it is highest; 0 for a full-scale sine."""
    clipped: bool
    """Whether the peak reached `CLIPPED_DBFS`."""


def level_of(samples: Int16) -> Level:
    """Measure (n, channels) samples, at least one."""
    floats = to_float(samples)
    rms_dbfs = max(level_dbfs(channel) for channel in floats.T)
    peak = float(np.abs(floats).max())
    peak_dbfs = max(SILENCE_DBFS, 20.0 * float(np.log10(peak + 1e-9)))
    return Level(rms_dbfs, peak_dbfs, peak_dbfs >= CLIPPED_DBFS)


class LevelMeter:
    """Measures what a microphone gave since the last `take`.

    `on_block` belongs to the audio thread, everything else to the one reader.
    """

    def __init__(self, form: StreamFormat) -> None:
        self._ring = Ring(round(_RING_S * form.rate_hz), form.channels)

    def on_block(self, samples: Int16, captured_at: float, overflowed: bool) -> None:  # noqa: FBT001  # as devices call it
        """Audio thread: keep (n, channels) samples."""
        del captured_at, overflowed
        self._ring.write(samples)

    @property
    def received(self) -> int:
        """Samples of each channel so far; the count stands still when the microphone is gone."""
        return self._ring.written

    def take(self) -> Level | None:
        """Level of what came since the last call, its newest 4 s at most; None when nothing came."""
        _, samples = self._ring.read(self._ring.capacity)
        return level_of(samples) if len(samples) else None
