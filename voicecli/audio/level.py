"""Loudness: samples -> dBFS."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from voicecli.messages import Float32, Int16

SILENCE_DBFS = -100.0
"""Level given for digital silence: below the noise of a 16-bit converter (about -96 dBFS)."""

FAINT_DBFS = -30.0
"""Speech whose loudest 20 ms are below this is faint."""

RAISED_DBFS = -20.0
"""Level that `raised` brings the loudest 20 ms of faint speech to."""

MOST_RAISED_DB = 45.0
"""`raised` amplifies by no more than this."""

FULL_SCALE = 32768.0
"""int16 value that float 1.0 stands for."""


def to_float(samples: Int16) -> Float32:
    """int16 of any shape -> float32 in [-1, 1)."""
    return samples.astype(np.float32) / np.float32(FULL_SCALE)


def to_int16(samples: Float32) -> Int16:
    """float32 in [-1, 1] -> int16; what lies outside is clipped."""
    scaled: Float32 = np.clip(np.rint(samples * FULL_SCALE), -FULL_SCALE, FULL_SCALE - 1)
    return scaled.astype(np.int16)


def level_dbfs(samples: Float32) -> float:
    """RMS of float samples in dBFS: 0 for a full-scale square wave, -3 for a full-scale sine."""
    if samples.size == 0:
        return SILENCE_DBFS
    power = float(np.dot(samples, samples)) / samples.size
    return max(SILENCE_DBFS, 10.0 * float(np.log10(power + 1e-12)))


def frame_levels_dbfs(samples: Float32, frame: int) -> Float32:
    """RMS of each whole run of `frame` samples, dBFS: (n,) -> (n // frame,)."""
    frames = samples[: samples.size // frame * frame].reshape(-1, frame)
    power = np.mean(np.square(frames), axis=1, dtype=np.float64)
    return np.maximum(SILENCE_DBFS, 10.0 * np.log10(power + 1e-12)).astype(np.float32)


STEADY_DB = 10.0
"""dB above the median level. Pink noise in frames of 32 ms stays within it; where somebody moves or speaks,
some frame does not."""


UNMUTED_DBFS = -60.0
"""A person who speaks to a microphone is louder than this; what a headset's mute switch lets through is
softer. (The gate that finds speech has a lower limit of its own, `segment.min_level_dbfs`.)"""


def only_noise(levels_dbfs: Sequence[float] | Float32, speech_dbfs: float) -> bool:
    """Whether frames over some seconds are all softer than speech, and steady, as if nothing happened there.

    A headset muted by its own switch sounds like that: it gives noise of -75 to -63 dBFS instead of zeros. A
    room where nobody speaks seldom does. `speech_dbfs`: the level from which on sound may be speech.
    """
    loudest = float(np.max(levels_dbfs))
    return loudest < min(max(speech_dbfs, UNMUTED_DBFS), float(np.median(levels_dbfs)) + STEADY_DB)


def first_audible(samples: Float32, rate_hz: int, floor_dbfs: float = -50.0) -> int:
    """First sample above `floor_dbfs`, found in frames of 10 ms; n if none of the (n,) samples is."""
    frame = rate_hz // 100
    loud = np.nonzero(frame_levels_dbfs(samples, frame) > floor_dbfs)[0]
    return int(loud[0]) * frame if loud.size else samples.size


def end_of_sound(samples: Float32, rate_hz: int, floor_dbfs: float, range_db: float) -> int:
    """Find the sample where sound ends: after the last 10 ms within `range_db` of the loudest; 0 if silent.

    A block that is less than 6 dB above the room's `floor_dbfs` does not count.
    """
    block = rate_hz // 100
    levels = frame_levels_dbfs(samples, block)
    if not levels.size:
        return 0
    loud = np.nonzero(levels > max(float(levels.max()) - range_db, floor_dbfs + 6.0))[0]
    return int(loud[-1] + 1) * block if loud.size else 0


def raised(samples: Float32, rate_hz: int) -> Float32:
    """Make faint speech as loud as usual, and leave anything else: (n,) float32 in [-1, 1] -> the same.

    Whisper finds fewer words in soft speech: it misses some where the peak is -50 dBFS. See
    docs/decisions/0012.
    """
    levels = frame_levels_dbfs(samples, rate_hz // 50)
    loudest_dbfs = float(levels.max()) if levels.size else SILENCE_DBFS
    if not SILENCE_DBFS < loudest_dbfs < FAINT_DBFS:
        return samples
    gain = np.float32(10 ** (min(MOST_RAISED_DB, RAISED_DBFS - loudest_dbfs) / 20))
    louder: Float32 = np.clip(samples * gain, -1.0, 1.0)
    return louder


class OffsetRemover:
    """Takes a constant offset (DC) out of a stream. Cheap converters and damaged recordings have one.

    With an offset no pause would be silent. The remover follows the mean of the samples so slowly that it
    does not change voices or hum. Within a block, what it subtracts changes in a straight line, so nobody
    hears a step.
    """

    FOLLOWS_S = 2.0
    """Seconds over which the mean is taken."""
    LEAST = 0.0005
    """Smallest offset that is removed, a share of full scale (-66 dBFS): the noise of a room is louder than
    that."""

    def __init__(self, rate_hz: int) -> None:
        self._rate_hz = rate_hz
        self._offset: np.float32 | None = None

    def push(self, samples: Float32) -> Float32:
        """(n,) -> (n,); what would leave [-1, 1] is clipped."""
        if not samples.size:
            return samples
        mean = samples.mean(dtype=np.float32)
        before = mean if self._offset is None else self._offset
        share = min(1.0, samples.size / self._rate_hz / self.FOLLOWS_S)
        after = before + np.float32(share) * (mean - before)
        self._offset = after
        if max(abs(before), abs(after)) < self.LEAST:
            return samples
        line = np.linspace(before, after, samples.size, dtype=np.float32)
        without: Float32 = np.clip(samples - line, -1.0, 1.0)
        return without
