"""16 kHz samples -> what Whisper is to encode of them: where there is sound, and a window that holds it.

Where the numbers come from: docs/decisions/0003-short-window.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from voicecli.messages import RATE_HZ

if TYPE_CHECKING:
    from voicecli.messages import Float32

LONGEST_S = 28.0
"""More sound than this leaves no SILENCE_AFTER_S after it in Whisper's window."""
SHORTEST_S = 0.1
"""Less sound than this holds no word."""

WINDOW_S = 30.0
"""What Whisper was trained on."""
MIN_WINDOW_S = 6.0
"""The shortest window that is encoded."""
SILENCE_AFTER_S = 2.0
"""Silence after the sound: with less, Whisper writes the sentence again, in a loop (0003)."""


def check_samples(samples: Float32) -> None:
    """Raise ValueError, which says what is wrong, unless these are samples that can be transcribed."""
    if samples.dtype != np.float32 or samples.ndim != 1:
        raise ValueError(f"samples to transcribe: want (n,) float32, got {samples.shape} {samples.dtype}")
    if not 0 < samples.size <= LONGEST_S * RATE_HZ:
        got_s = samples.size / RATE_HZ
        raise ValueError(f"samples to transcribe: want above 0 and at most {LONGEST_S:g} s, got {got_s:g} s")
    if np.isnan(samples).any():
        raise ValueError("samples to transcribe: some are NaN")
    if np.isinf(samples).any():
        raise ValueError("samples to transcribe: some are infinite")
    if np.abs(samples).max() > 1.0:
        raise ValueError("samples to transcribe: some are outside [-1, 1]")


def window_s(audio_s: float) -> float:
    """Seconds to encode for this much audio, silence after it included."""
    return min(WINDOW_S, max(MIN_WINDOW_S, audio_s + SILENCE_AFTER_S))


def sounding_s(samples: Float32) -> tuple[float, float]:
    """Where sound begins and ends, in seconds; `samples` are (n,) float32 at 16 kHz, at least 20 ms.

    Sound is what is within 30 dB of the loudest 20 ms, or 10 dB above the quietest tenth: soft speech after
    the slam of a door is sound, too.
    """
    block = RATE_HZ // 50
    blocks = samples[: samples.size // block * block].reshape(-1, block)
    power = np.mean(blocks.astype(np.float64) ** 2, axis=1)
    floor = max(float(np.quantile(power, 0.1)), 1e-9)
    sound = np.flatnonzero(power >= min(float(power.max()) * 1e-3, floor * 10))
    return float(sound[0]) * block / RATE_HZ, float(sound[-1] + 1) * block / RATE_HZ


def cut(samples: Float32, longest_s: float) -> list[Float32]:
    """Parts of at most `longest_s`: what is longer is cut in two at the quietest 0.1 s of its middle half."""
    if samples.size <= longest_s * RATE_HZ:
        return [samples]
    block = RATE_HZ // 10
    first = samples.size // 4
    blocks = samples[first : first + samples.size // 2 // block * block].reshape(-1, block)
    power = np.mean(blocks.astype(np.float64) ** 2, axis=1)
    at = first + int(np.argmin(power)) * block + block // 2
    return [*cut(samples[:at], longest_s), *cut(samples[at:], longest_s)]
