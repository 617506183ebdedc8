"""Speech cut into pieces, put together with pauses, and set in a room: the sounds of turn_set.py."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from voicecli.audio.frames import frames_of
from voicecli.listen.gate.detect import Silero
from voicecli.messages import FRAME_SAMPLES, RATE_HZ
from voicecli.models.store import models_root

if TYPE_CHECKING:
    from voicecli.messages import Float32

BEFORE_S, AFTER_S = 0.5, 3.0
"""Seconds without speech, before and after a turn."""
LEVEL_DBFS = -23.0
"""RMS of the speech: about what people reach at a headset."""
ROOM_DB = 55
"""How far the speech is above the noise of a "clean" recording."""


@dataclass(frozen=True, slots=True)
class SpokenTurn:
    """Speech from its first sample to its last, and where it pauses."""

    samples: Float32
    pauses: list[tuple[float, float, str]]
    """Begin and end in seconds, and kind."""


def loud(samples: Float32) -> np.ndarray:
    """Which blocks of 10 ms are within 40 dB of the loudest and 6 dB above the recording's noise."""
    blocks = samples[: samples.size // 160 * 160].reshape(-1, 160)
    power = np.mean(blocks.astype(np.float64) ** 2, axis=1)
    return power > max(power.max() * 1e-4, 4 * np.quantile(power, 0.05))


def trimmed(samples: Float32) -> Float32:
    """Cut off what is not loud at both ends."""
    where = np.flatnonzero(loud(samples))
    return samples[where[0] * 160 : (where[-1] + 1) * 160]


def silences(samples: Float32, at_least_s: float) -> list[tuple[int, int]]:
    """Each silence inside the speech that is long enough: its first sample, and the one after its last."""
    edges = np.flatnonzero(np.diff(np.concatenate(([1], loud(samples), [1]))))
    pairs = [(int(a) * 160, int(b) * 160) for a, b in zip(edges[::2], edges[1::2], strict=True)]
    inside = [(a, b) for a, b in pairs if a > 0 and b < samples.size // 160 * 160]
    return [(a, b) for a, b in inside if b - a >= at_least_s * RATE_HZ]


def boundary(whole: Float32, before: Float32, after: Float32) -> tuple[int, int]:
    """Find where two parts of a sentence meet in `whole`: in a silence nearby, else in the quietest 20 ms.

    The lengths of the parts, spoken by themselves, tell about where that is.
    """
    about = round(whole.size * before.size / (before.size + after.size))
    near = round(0.15 * RATE_HZ)
    for first, last in silences(whole, 0.03):
        if first - near < about < last + near:
            return first, last
    at = quietest(whole, about, near)
    return at, at


def quietest(samples: Float32, about: int, near: int) -> int:
    """The middle of the 20 ms with the least energy, at most `near` samples from `about`."""
    low = max(0, about - near)
    energy = np.convolve(samples[low : about + near].astype(np.float64) ** 2, np.ones(320), mode="valid")
    return low + int(np.argmin(energy)) + 160


def join(pieces: list[Float32], gaps: list[tuple[float, str]]) -> SpokenTurn:
    """Put pauses of these lengths between pieces, whose cut ends fade within 5 ms."""
    parts, pauses, at = [faded(pieces[0])], [], pieces[0].size
    for (length_s, kind), piece in zip(gaps, pieces[1:], strict=True):
        silence = np.zeros(round(length_s * RATE_HZ), np.float32)
        pauses.append((at / RATE_HZ, (at + silence.size) / RATE_HZ, kind))
        parts += [silence, faded(piece)]
        at += silence.size + piece.size
    return SpokenTurn(np.concatenate(parts), pauses)


def faded(piece: Float32) -> Float32:
    """Fade both ends of a piece, so that they do not click."""
    ramp = np.linspace(0, 1, 80, dtype=np.float32)
    piece = piece.copy()
    piece[:80] *= ramp
    piece[-80:] *= ramp[::-1]
    return piece


def voiced(samples: Float32) -> Float32:
    """Cut off breath and clicks at both ends: keep 0.1 s around what the detector takes for speech."""
    detector = Silero(models_root() / "vad-silero" / "silero_vad_16k_op15.onnx").session()
    scores = [detector.score(frame).probability for frame in frames_of(samples)]
    speech = np.convolve(np.array(scores) >= 0.5, np.ones(3), mode="valid") == 3  # a click is shorter
    where = np.flatnonzero(speech) * FRAME_SAMPLES
    return samples[max(0, where[0] - RATE_HZ // 10) : where[-1] + 3 * FRAME_SAMPLES + RATE_HZ // 10]


def in_a_room(turn: SpokenTurn, noise: str, random: np.random.Generator) -> Float32:
    """Bring a turn to its level, put silence around it, and noise over all, white or like a fan's."""
    speech = turn.samples
    blocks = speech[: speech.size // 160 * 160].reshape(-1, 160)
    level = np.sqrt(np.mean(blocks[loud(speech)] ** 2))
    speech = speech * np.float32(10 ** (LEVEL_DBFS / 20) / level)
    quiet = [np.zeros(round(s * RATE_HZ), np.float32) for s in (BEFORE_S, AFTER_S)]
    sound = np.concatenate((quiet[0], speech, quiet[1]))
    hiss = random.standard_normal(sound.size + 4096)
    if random.random() < 0.5:  # a fan: 6 dB less per octave above about 300 Hz
        hiss = np.convolve(hiss, 0.89 ** np.arange(64), mode="same")
    hiss = hiss[: sound.size] / hiss.std()
    snr_db = ROOM_DB if noise == "clean" else int(noise.removesuffix(" dB"))
    noisy = sound + hiss * 10 ** ((LEVEL_DBFS - snr_db) / 20)
    return np.clip(noisy, -1.0, 1.0).astype(np.float32)
