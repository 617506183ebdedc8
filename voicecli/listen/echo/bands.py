"""10 ms of what was played and heard -> dB above the loudest possible echo, below 1 kHz and above 3 kHz.

The level of all that the microphone takes hides an "s" behind the echo of a vowel, which is 20 dB louder.
Above 3 kHz the vowel has next to nothing. So there an "s" stands out, unless the agent says one as well.

How loud the echo is in a band is learnt when the levels show that nobody but the agent spoke (`Residual`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from voicecli.audio.level import SILENCE_DBFS
from voicecli.messages import RATE_HZ

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from voicecli.messages import Float32

STEP = RATE_HZ // 100
"""Samples of a step: 10 ms."""

LOW_HZ = (100, 1000)
"""Where a voice has its strength, and a knock. Below, rooms rumble."""
HIGH_HZ = (3000, 8000)
"""Where "s", "sh" and "t" have their strength, and a voice has little."""

EARLIER, LATER = 6, 8
"""The echo may come this many steps earlier or later than it was found last. `residual` allows 10 and 12 for
its levels. Here that would be too much: an "s" of the agent would hide an "s" of the user for 0.3 s. If the
echo comes outside these limits after all, the agent is held for a moment, and no more."""

DECAY_DB = 1.5
"""The echo falls at least so fast, dB a step: in 0.4 s by 60 dB, as in usual rooms at 4 kHz."""

HISTORY = 400
"""Steps that are learnt from: 4 s."""

LAGS = 100
"""The echo comes at most this many steps after what was played."""

ENOUGH = 15
"""Loud steps of the agent's voice in a band that are needed to learn how loud its echo is there."""

LOUD_DB = 15.0
"""A step counts as loud if it is at most this far below the loudest step of its band."""

NEARLY_ALL = 95.0
"""Percentile: the loudness taken for the echo in a band is one that this share of its loud steps does not
exceed."""

LOUDER_DB = 1.0
"""`learn` raises the loudness of the echo by at most so much at a time: a person may have spoken."""

_WINDOW = np.hanning(STEP)
_POWER = 2.0 / (STEP * float(np.sum(_WINDOW**2)))
_HZ = np.fft.rfftfreq(STEP, 1 / RATE_HZ)
_BANDS = [[int(place) for place in np.searchsorted(_HZ, band)] for band in (LOW_HZ, HIGH_HZ)]


def band_levels(step: Float32) -> tuple[float, float]:
    """RMS of (160,) samples below 1 kHz, and above 3 kHz, dBFS."""
    power = np.abs(np.fft.rfft(step * _WINDOW)) ** 2 * _POWER
    low, high = (10.0 * math.log10(float(power[begin:end].sum()) + 1e-12) for begin, end in _BANDS)
    return max(SILENCE_DBFS, low), max(SILENCE_DBFS, high)


@dataclass(frozen=True, slots=True)
class Bands:
    """10 ms of the microphone, in bands."""

    low_dbfs: float
    high_dbfs: float
    low_over_db: float = math.inf
    """How much louder it is below 1 kHz than the echo can be; infinite where there is no echo."""
    high_over_db: float = math.inf
    """The same above 3 kHz. Minus infinity where it is not known how loud the echo is."""


class BandEcho:
    """Learns how loud the echo is in the bands, and compares the microphone with it, step by step."""

    def __init__(self) -> None:
        # Rows: what was played, low and high, falling slowly; what was heard, low and high.
        self._levels: NDArray[np.float64] = np.full((4, LAGS + HISTORY), SILENCE_DBFS)
        self._count = 0
        self._lag = 0
        self._louder_db: list[float] | None = None  # than what was played

    def push(self, reference: Float32, heard: Float32, *, absent: bool = False) -> Bands:
        """Take the next step: what was played, and heard. `absent`: the microphone hears no echo."""
        now, before = self._count % (LAGS + HISTORY), (self._count - 1) % (LAGS + HISTORY)
        self._levels[:2, now] = np.maximum(band_levels(reference), self._levels[:2, before] - DECAY_DB)
        low, high = self._levels[2:, now] = band_levels(heard)
        self._count += 1
        if absent:
            return Bands(low, high)
        if self._louder_db is None:
            return Bands(low, high, -math.inf, -math.inf)
        newest = self._count - 1 - self._lag
        around = np.arange(newest - LATER, min(self._count - 1, newest + EARLIER) + 1) % (LAGS + HISTORY)
        played = self._levels[:2, around].max(axis=1)
        return Bands(
            low,
            high,
            low - float(played[0]) - self._louder_db[0],
            high - float(played[1]) - self._louder_db[1],
        )

    def learn(self, lag: int) -> None:
        """Nobody but the agent spoke in the last steps, and its echo came `lag` steps late."""
        known = min(self._count, HISTORY)
        levels = np.roll(self._levels, -self._count, axis=1)[:, HISTORY - known :]
        found: list[float] = []
        for played, heard in zip(levels[:2], levels[2:, LAGS:], strict=True):
            padded = np.pad(played, (LATER, EARLIER), constant_values=SILENCE_DBFS)
            around = np.lib.stride_tricks.sliding_window_view(padded, LATER + 1 + EARLIER).max(axis=1)
            around = around[LAGS - lag : LAGS - lag + known]
            loud = around > around.max() - LOUD_DB
            if np.count_nonzero(loud) < ENOUGH:
                return
            found.append(float(np.percentile((heard - around)[loud], NEARLY_ALL)))
        before = self._louder_db or [math.inf, math.inf]
        self._louder_db = [min(new, old + LOUDER_DB) for new, old in zip(found, before, strict=True)]
        self._lag = lag

    def forget(self) -> None:
        """The echo may be louder than was known: nothing stands out until it has been learnt anew."""
        self._louder_db = None
