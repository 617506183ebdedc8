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
"""A peak this high is a wave whose top is cut off. Not 0: on its way a sound server may have resampled it,
and then the cut tops are no longer all at full scale."""

_RING_S = 4.0


@dataclass(frozen=True, slots=True)
class Level:
    """How loud a stretch of sound was."""

    rms_dbfs: float
    """Of the channel that is loudest by it; -3 for a full-scale sine."""
    peak_dbfs: float
    """Of the loudest channel; 0 for a full-scale sine."""
    clipped: bool


def level_of(samples: Int16) -> Level:
    """Measure (n, channels) samples, at least one."""
    floats = to_float(samples)
    rms_dbfs = max(level_dbfs(channel) for channel in floats.T)
    peak = float(np.abs(floats).max())
    peak_dbfs = max(SILENCE_DBFS, 20.0 * float(np.log10(peak + 1e-9)))
    return Level(rms_dbfs, peak_dbfs, peak_dbfs >= CLIPPED_DBFS)


class LevelMeter:
    """What a microphone gave since it was last asked.

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
        """Samples so far; stands still when the microphone is gone."""
        return self._ring.written

    def take(self) -> Level | None:
        """Level of all that came since the last call, at most 4 s; None when nothing did."""
        _, samples = self._ring.read(self._ring.capacity)
        return level_of(samples) if len(samples) else None
