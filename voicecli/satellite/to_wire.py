"""Sound of the microphone, 16 kHz -> the rate that the server takes, without a seam. For the link's thread.

A voicecli takes 16 kHz, and then nothing is held. The protocol's own rate is 24 kHz: the filter holds 20 ms.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from voicecli.audio.convert import Resampler
from voicecli.audio.level import to_float, to_int16
from voicecli.messages import RATE_HZ
from voicecli.satellite.protocol.sound_blocks import WIRE_HZ, HeardBlock

if TYPE_CHECKING:
    from collections.abc import Iterator

    from voicecli.messages import Float32


class ToWire:
    """What one connection is sent of the microphone."""

    def __init__(self, rate_hz: int = WIRE_HZ) -> None:
        self.rate_hz = rate_hz
        self._began_ms = 0.0
        self._after_gap = False
        self._forget()

    def push(self, block: HeardBlock) -> Iterator[HeardBlock]:
        """Give what can be sent with this block; one without samples lets out what is held."""
        if self.rate_hz == RATE_HZ:
            if len(block.samples):
                yield block
            return
        if block.after_gap or not len(block.samples):
            yield from self.finish()
        if not len(block.samples):
            return
        if not self._taken:
            self._began_ms, self._after_gap = block.ms, block.after_gap
        self._taken += len(block.samples)
        yield from self._given(self._resampler.push(to_float(block.samples)), block)

    def finish(self) -> Iterator[HeardBlock]:
        """Let out what is held: nothing follows it, or something else."""
        if self._taken:
            rest = self._resampler.push(np.zeros(0, np.float32), last=True)
            yield from self._given(rest, HeardBlock(np.zeros(0, np.int16), 0))
        self._forget()

    def _given(self, samples: Float32, block: HeardBlock) -> Iterator[HeardBlock]:
        if len(samples):
            ms = round(self._began_ms + self._out * 1000 / self.rate_hz)
            self._out += len(samples)
            yield replace(block, samples=to_int16(samples), ms=ms, after_gap=self._after_gap)
            self._after_gap = False

    def _forget(self) -> None:
        self._resampler = Resampler(RATE_HZ, self.rate_hz)
        self._taken = self._out = 0  # samples into and out of it
