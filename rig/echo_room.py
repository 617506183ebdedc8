"""Simulates a room: what the agent says comes back to the microphone, later, fainter, on another clock.

The loudspeaker's clock is the true one. The microphone takes sample n at n / 16000 / (1 + drift) s.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import soxr

from voicecli.audio.level import to_float, to_int16
from voicecli.listen.echo.reference import Reference
from voicecli.messages import RATE_HZ

if TYPE_CHECKING:
    from collections.abc import Iterator

    from voicecli.audio.convert import Cleaner
    from voicecli.messages import Float32

BLOCK_S = 0.02
OUTPUT_LATENCY_S = 0.04
INPUT_LATENCY_S = 0.04
BEGAN_AT = 500.0
"""When both devices begin, s on the computer's clock."""
FINE = 8
"""The sound in the air has this many times 16 kHz, so that the microphone can sample it at any time."""
REVERBERATION_S = 0.1
"""Length of the room's impulse response."""
FADES_S = 0.025
"""Time constant of the reverberation. It falls by 60 dB in 0.17 s, as in a furnished room."""


@dataclass(frozen=True, slots=True)
class EchoPath:
    """How sound gets from the loudspeaker into the microphone."""

    delay_s: float = 0.04
    level_db: float = -15.0
    """Of the echo in the microphone, relative to what the loudspeaker is given."""
    drift_ppm: float = 0.0
    """How much faster the microphone's clock runs."""
    jitter_s: float = 0.002
    """Standard deviation of the times that both devices report."""
    noise_dbfs: float = -70.0
    """Of the room, in the microphone."""
    loudspeaker_hz: int = 22_050
    starts_s: float = 0.0
    """How much later than the microphone the loudspeaker begins."""
    lost_at_s: float | None = None
    """When the loudspeaker stands still for one and a half blocks; None: never."""

    def response(self) -> Float32:
        """The room's impulse response, without the delay: (n,) float32 at 16 kHz."""
        random = np.random.default_rng(1)
        times = np.arange(round(REVERBERATION_S * RATE_HZ)) / RATE_HZ
        taps = 0.15 * random.standard_normal(times.size) * np.exp(-times / FADES_S)
        taps[0] = 1.0
        taps *= 10 ** (self.level_db / 20) / np.sqrt(np.sum(taps**2))
        return taps.astype(np.float32)


@dataclass(frozen=True, slots=True)
class HeardInRoom:
    """One block of the microphone, and what the cleaner made of it."""

    microphone: Float32
    near: Float32
    """The person's share of it."""
    cleaned: Float32
    """What the cleaner gave for this block: samples of earlier blocks, because it holds some back."""
    cost_s: float
    """How long the cleaner took."""


def sounding(far: Float32, path: EchoPath) -> Float32:
    """What the microphone hears of `far`, (n,) float32 at 16 kHz: by the true clock, `FINE` times as fine."""
    size = far.size + round(REVERBERATION_S * RATE_HZ)
    echo = np.fft.irfft(np.fft.rfft(far, size) * np.fft.rfft(path.response(), size), size)
    fine: Float32 = soxr.resample(echo, RATE_HZ, RATE_HZ * FINE).astype(np.float32)
    lag = round((path.delay_s + path.starts_s) * RATE_HZ * FINE)
    if path.lost_at_s is not None:
        at = round(path.lost_at_s * RATE_HZ * FINE)
        gap = np.zeros(round(1.5 * BLOCK_S * RATE_HZ * FINE), np.float32)
        fine = np.concatenate((fine[:at], gap, fine[at:]))
    return np.concatenate((np.zeros(max(0, lag), np.float32), fine[max(0, -lag) :]))


class EchoRoom:
    """Gives a reference and a canceller the blocks and times that two devices would."""

    def __init__(self, far: Float32, path: EchoPath, near: Float32 | None = None) -> None:
        """`far` is what the agent says, `near` the person: (n,) float32 at 16 kHz, from the beginning."""
        self.path = path
        self.reference = Reference(path.loudspeaker_hz, 4.0)
        self._random = np.random.default_rng(2)
        self._blocks = to_int16(
            soxr.resample(far, RATE_HZ, path.loudspeaker_hz).astype(np.float32)
            if path.loudspeaker_hz != RATE_HZ
            else far
        )
        air = sounding(far, path)
        count = int(far.size * (1 + path.drift_ppm * 1e-6))
        taken = np.arange(count) * (FINE / (1 + path.drift_ppm * 1e-6))
        echo = np.interp(taken, np.arange(air.size), air, right=0.0)
        self.near = np.zeros(count, np.float32)
        if near is not None:
            self.near[: min(count, near.size)] = near[:count]
        noise = self._random.standard_normal(count) * 10 ** (path.noise_dbfs / 20)
        self.microphone: Float32 = np.clip(echo + self.near + noise, -1, 1).astype(np.float32)
        self._given = 0

    def _jitter(self) -> float:
        return float(self._random.normal(0.0, self.path.jitter_s))

    def _give(self, until: float) -> None:
        """Give the loudspeaker the blocks that it asks for until the time `until`, s since both began."""
        rate = self.path.loudspeaker_hz
        size = round(BLOCK_S * rate)
        while self._given < self._blocks.size:
            at = self._given / rate + self.path.starts_s
            if self.path.lost_at_s is not None and self._given / rate >= self.path.lost_at_s:
                at += 1.5 * BLOCK_S
            if at - OUTPUT_LATENCY_S > until:
                return
            self.reference.on_block(
                self._blocks[self._given : self._given + size], BEGAN_AT + at + self._jitter()
            )
            self._given += size

    def run(self, cleaner: Cleaner) -> Iterator[HeardInRoom]:
        """Push the microphone's sound through the cleaner, block by block."""
        size = round(BLOCK_S * RATE_HZ)
        pace = RATE_HZ * (1 + self.path.drift_ppm * 1e-6)
        for begin in range(0, self.microphone.size - size + 1, size):
            self._give((begin + size) / pace + INPUT_LATENCY_S)
            block = to_float(to_int16(self.microphone[begin : begin + size]))
            at = BEGAN_AT + begin / pace + self._jitter()
            before = time.perf_counter()
            cleaned = cleaner.push(block, at)
            cost_s = time.perf_counter() - before
            yield HeardInRoom(block, self.near[begin : begin + size], cleaned, cost_s)


def joined(heard: list[HeardInRoom]) -> tuple[Float32, Float32]:
    """All of the microphone's sound and the cleaned one, sample for sample; the last few are held back."""
    cleaned = np.concatenate([moment.cleaned for moment in heard])
    microphone = np.concatenate([moment.microphone for moment in heard])
    return microphone[: cleaned.size], cleaned


def power_db(samples: Float32, begin_s: float = 0.0, end_s: float | None = None) -> float:
    """Mean power of a stretch, dB."""
    end = None if end_s is None else round(end_s * RATE_HZ)
    part = samples[round(begin_s * RATE_HZ) : end].astype(np.float64)
    return float(10 * np.log10(np.mean(part**2) + 1e-12))
