"""Loudness: samples -> dBFS."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from voicecli.messages import Float32, Int16

SILENCE_DBFS = -100.0
"""What digital silence is called; below the noise of a 16-bit converter (about -96 dBFS)."""

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
"""Nothing that happens in a room stays so close to its median; pink noise in frames of 32 ms does."""


def only_noise(levels_dbfs: Sequence[float] | Float32, speech_dbfs: float) -> bool:
    """Whether frames of some seconds hold nothing as loud as speech, and nothing that happens either.

    So sounds a headset that is muted by its own switch, with noise of -75 to -63 dBFS instead of zeros; a
    room where nobody speaks seldom does.
    """
    loudest = float(np.max(levels_dbfs))
    return loudest < min(speech_dbfs, float(np.median(levels_dbfs)) + STEADY_DB)


def first_audible(samples: Float32, rate_hz: int, floor_dbfs: float = -50.0) -> int:
    """First sample that can be heard, found in frames of 10 ms; n when none of (n,) can."""
    frame = rate_hz // 100
    loud = np.nonzero(frame_levels_dbfs(samples, frame) > floor_dbfs)[0]
    return int(loud[0]) * frame if loud.size else samples.size


def end_of_sound(samples: Float32, rate_hz: int, floor_dbfs: float, range_db: float) -> int:
    """Position after the last sample within `range_db` of the loudest, in blocks of 10 ms; 0 when none is.

    What is not 6 dB above the room's `floor_dbfs` does not count.
    """
    block = rate_hz // 100
    levels = frame_levels_dbfs(samples, block)
    if not levels.size:
        return 0
    loud = np.nonzero(levels > max(float(levels.max()) - range_db, floor_dbfs + 6.0))[0]
    return int(loud[-1] + 1) * block if loud.size else 0
