"""Samples that cross a boundary -> what `talk --debug` writes of them: shape, level, least and greatest.

A probe runs on threads that can spare microseconds, never on audio threads. Without `--debug` there is none.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from voicecli.audio.level import SILENCE_DBFS, level_dbfs, to_float

if TYPE_CHECKING:
    from collections.abc import Callable

    from voicecli.messages import Float32, Int16

EVERY_S = 1.0
"""s. Sound that comes in small pieces is reported once in this time."""


@dataclass(frozen=True, slots=True)
class Figures:
    """What `--debug` says of samples, whatever sound they are."""

    shape: tuple[int, ...]
    """Shape of the last piece."""
    dtype: str
    level_dbfs: float
    least: float
    greatest: float
    """Both in the unit of the dtype: int16 up to 32767, float32 up to 1."""


@dataclass(frozen=True, slots=True)
class Crossing:
    """Sound that crossed a boundary."""

    place: str
    """`microphone`: blocks from the ring; `frames`: as the detector gets them; `voice`: as it was made."""
    at: float
    """When it crossed, s on the talk's clock."""
    rate_hz: int
    duration_s: float
    pieces: int
    figures: Figures


def figures(samples: Int16 | Float32) -> Figures:
    """Look at samples of any shape, int16 or float32."""
    shape, dtype = samples.shape, str(samples.dtype)
    if not samples.size:
        return Figures(shape, dtype, SILENCE_DBFS, 0.0, 0.0)
    level = level_dbfs(_floats(samples).ravel())
    return Figures(shape, dtype, level, float(samples.min()), float(samples.max()))


def _floats(samples: Int16 | Float32) -> Float32:
    if samples.dtype == np.int16:
        return to_float(samples.astype(np.int16, copy=False))
    return samples.astype(np.float32, copy=False)


class Probe:
    """Tells `tell` of sound; of small pieces once in `EVERY_S`. Each place belongs to one thread."""

    def __init__(self, tell: Callable[[Crossing], None]) -> None:
        self._tell = tell
        self._since: dict[str, tuple[float, list[Figures], int]] = {}

    def whole(self, place: str, samples: Int16 | Float32, rate_hz: int, at: float) -> None:
        """Tell of a piece by itself."""
        self._tell(Crossing(place, at, rate_hz, len(samples) / rate_hz, 1, figures(samples)))

    def piece(self, place: str, samples: Int16 | Float32, rate_hz: int, at: float) -> None:
        """Add a small piece to what is told once in a while."""
        began, seen, count = self._since.get(place, (at, [], 0))
        seen.append(figures(samples))
        count += len(samples)
        if at - began < EVERY_S:
            self._since[place] = began, seen, count
            return
        self._since[place] = at, [], 0
        powers = [10 ** (each.level_dbfs / 10) for each in seen]
        level = 10.0 * float(np.log10(sum(powers) / len(powers)))
        together = Figures(
            seen[-1].shape,
            seen[-1].dtype,
            level,
            min(each.least for each in seen),
            max(each.greatest for each in seen),
        )
        self._tell(Crossing(place, at, rate_hz, count / rate_hz, len(seen), together))
