"""Recordings of floats: which number full scale is in this one. Samples -> what to divide them by."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from voicecli.messages import Float32

LOUDEST_FLOAT = 128.0
"""42 dB over full scale: nobody turns a recording up so far. Beyond it, integers were kept as floats."""

INTEGER_SCALES = (2.0**15, 2.0**23, 2.0**31)

GLITCHES = 20
"""So many samples may be above full scale without anything being made of them, and one in 10,000."""

_LOWEST = -40
"""Exponent of two below which samples count as nothing."""


class Scale:
    """Fed with all samples, it knows their scale; holds one count and one peak for each power of two."""

    def __init__(self) -> None:
        self._counts = np.zeros(128 - _LOWEST + 2, np.int64)
        self._peaks = np.zeros(self._counts.size)

    def push(self, samples: Float32) -> None:
        """Any shape; what is not finite does not count."""
        sizes = np.abs(samples[np.isfinite(samples)])
        if not sizes.size:
            return
        places = np.clip(np.frexp(sizes)[1], _LOWEST, 129) - _LOWEST
        self._counts += np.bincount(places, minlength=self._counts.size)
        for place in np.unique(places):
            self._peaks[place] = max(self._peaks[place], sizes[places == place].max())

    @property
    def full(self) -> float:
        """What stands for full scale: 1 where they keep to it, else so much that nothing real is clipped."""
        least = GLITCHES + self._counts.sum() // 10_000
        above = np.cumsum(self._counts[::-1])[::-1]
        common = np.flatnonzero(above > least)
        peak = float(self._peaks[common[-1]]) if common.size else 1.0
        if peak <= LOUDEST_FLOAT:
            return max(1.0, peak)
        return next((scale for scale in INTEGER_SCALES if peak <= scale), peak)
