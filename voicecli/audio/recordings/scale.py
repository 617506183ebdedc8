"""Finds full scale in a recording of floats: samples -> the number to divide them by."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from voicecli.messages import Float32

LOUDEST_FLOAT = 128.0
"""42 dB over full scale. Nobody turns a recording up so far, so larger values are integers kept as floats."""

INTEGER_SCALES = (2.0**15, 2.0**23, 2.0**31)
"""Full scale of 16, 24 and 32 bits."""

GLITCHES = 20
"""This many samples, plus one in 10,000, may be above the scale that `Scale` finds: the reader clips them."""

_LOWEST = -40
"""Exponents of two below this are counted as this one."""


def scaled(block: Float32, full: float) -> Float32:
    """A block whose full scale is `full` -> the same within [-1, 1].

    A float recording may hold anything. NaN becomes silence; the rest is clipped, as a loudspeaker clips it.
    """
    within: Float32 = np.nan_to_num(block / np.float32(full), nan=0.0, posinf=1.0, neginf=-1.0).clip(
        -1.0, 1.0
    )
    return within


class Scale:
    """Takes all samples of a recording, then tells their scale. Keeps a count and a peak per power of two."""

    def __init__(self) -> None:
        self._counts = np.zeros(128 - _LOWEST + 2, np.int64)
        self._peaks = np.zeros(self._counts.size)

    def push(self, samples: Float32) -> None:
        """Count samples, of any shape; infinite ones and NaN are ignored."""
        sizes = np.abs(samples[np.isfinite(samples)])
        if not sizes.size:
            return
        places = np.clip(np.frexp(sizes)[1], _LOWEST, 129) - _LOWEST
        self._counts += np.bincount(places, minlength=self._counts.size)
        for place in np.unique(places):
            self._peaks[place] = max(self._peaks[place], sizes[places == place].max())

    @property
    def full(self) -> float:
        """Full scale: 1 where the samples stay within it, else the least that clips nothing but glitches."""
        least = GLITCHES + self._counts.sum() // 10_000
        above = np.cumsum(self._counts[::-1])[::-1]
        common = np.flatnonzero(above > least)
        peak = float(self._peaks[common[-1]]) if common.size else 1.0
        if peak <= LOUDEST_FLOAT:
            return max(1.0, peak)
        return next((scale for scale in INTEGER_SCALES if peak <= scale), peak)
