"""Sound of any rate -> sound of one rate: a talk's voice has one, whoever speaks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from voicecli.audio.convert import Resampler
from voicecli.audio.level import to_float, to_int16

if TYPE_CHECKING:
    from voicecli.messages import Int16

ONE_RATE_HZ = 24_000
"""What most servers of OpenAI's API give: then nothing need be converted."""


class OneRate:
    """The sound of one clause."""

    def __init__(self) -> None:
        self._resampler: Resampler | None = None

    def push(self, samples: Int16, rate_hz: int, *, last: bool = False) -> Int16:
        """(n,) int16 at `rate_hz`, the same in each call -> (m,) at ONE_RATE_HZ; `last` lets out the rest."""
        if rate_hz == ONE_RATE_HZ:
            return samples
        self._resampler = self._resampler or Resampler(rate_hz, ONE_RATE_HZ)
        return to_int16(self._resampler.push(to_float(samples), last=last))

    def finish(self) -> Int16:
        """What is still held."""
        nothing = np.zeros(0, np.int16)
        return nothing if self._resampler is None else self.push(nothing, self._resampler.from_hz, last=True)
