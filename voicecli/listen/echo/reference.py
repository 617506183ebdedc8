"""What the loudspeaker was given, found by the time at which it sounds: the reference of the canceller.

    audio thread   on_block: samples and the DAC time of the first .....|
    listen thread                             read: 16 kHz, by ADC time of the microphone's samples

Two devices have two clocks (up to 200 ppm apart) and report times that jitter by milliseconds, so counting
samples does not tell which belong together. `Alignment` smooths the times and tells which loudspeaker sample
sounded while the microphone took a sample, and `read` interpolates there. Where a reference starts late, a
clock runs fast or a block was lost, `read` simply reads from another place.

Promises: `on_block` never waits; it copies and counts. `read` gives zeros for samples that were overwritten,
or not given yet.

Relies on: one writer thread, one reader thread, counters with one writer each that become visible in program
order, as in `ring`. The ring holds the samples, this file their times.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from voicecli.audio.level import FULL_SCALE
from voicecli.audio.ring import Ring
from voicecli.listen.echo.align import Alignment
from voicecli.messages import RATE_HZ
from voicecli.waiting.buffers import Buffer

if TYPE_CHECKING:
    from voicecli.messages import Float32, Int16
    from voicecli.waiting.buffers import BufferFill

BLOCKS = 1024
"""Blocks whose times are known: 10 s of the shortest."""

ZERO_CROSSINGS = 12
"""Half length of the interpolating sinc, in periods of its cutoff: flat to about 7 kHz."""

PHASES = 512
"""Places between two samples for which there is a sinc. To be off by half a place makes an error of -55 dB at
8 kHz, and less at lower frequencies."""

KAISER_BETA = 8.0
"""Shape of the Kaiser window over the sinc."""


def echo_reference(seconds: float) -> Buffer:
    """What was played, until the canceller has compared the microphone's sound of the same time with it."""
    return Buffer(
        "echo reference",
        "ms",
        seconds * 1000,
        "drop_oldest",
        "the loudspeaker's thread cannot wait; as much as in the microphone ring, as a canceller that is "
        "late with the one is as late with the other; what is missing counts as silence",
        "audio.ring_s",
    )


class Reference:
    """Holds the newest `seconds` the loudspeaker was given, (n,) int16 at `rate_hz`."""

    def __init__(self, rate_hz: int, seconds: float) -> None:
        self._rate_hz = rate_hz
        self._declared = echo_reference(seconds)
        self._ring = Ring(round(rate_hz * seconds))
        self._starts = [0] * BLOCKS
        self._times = [0.0] * BLOCKS
        self._blocks = 0  # writer: blocks whose time can be read
        self._sounded_until = -math.inf  # writer: when the last block that is not silent ends
        self._block = 0  # reader: the block that sounded last, as far as it knows
        self._alignment = Alignment()
        self._half, self._kernel = _kernel(rate_hz)
        self.short_s = 0.0
        """Reader: how much of what it last read the loudspeaker had not been given yet, s."""
        self._end = self._peak = self._lost = 0  # reader: after the newest sample it read; in samples

    def stats(self) -> BufferFill:
        """What was played and not compared yet."""
        ms, waits = 1000 / self._rate_hz, min(self._ring.capacity, max(0, self._ring.written - self._end))
        return self._declared.filled(waits * ms, self._peak * ms, self._lost)

    # ---- audio thread

    def on_block(self, block: Int16, at: float) -> None:
        """Keep (n,) int16 whose first sample sounds at time `at`."""
        number = self._blocks % BLOCKS  # the reader is done with this slot: it reads only the newer half
        self._starts[number] = self._ring.written
        self._times[number] = at
        self._ring.write(block)
        self._blocks += 1
        if block.any():
            self._sounded_until = at + len(block) / self._rate_hz

    # ---- listening thread

    def sounded_since(self, at: float) -> bool:
        """Whether anything but digital silence was given that sounds after time `at`."""
        return self._sounded_until > at

    def restart(self) -> None:
        """Begin anew: what is read next does not follow what was read last."""
        self._alignment.restart()

    def follow(self, at: float, count: int) -> None:
        """Skip what sounded while `count` samples at 16 kHz were taken, the first at time `at`."""
        position = self._position_at(at)
        if position is not None:
            self._alignment.update(position / self._rate_hz)
        self._alignment.advance(count / RATE_HZ)

    def read(self, at: float, count: int, lead_s: float = 0.0) -> Float32:
        """What sounded while `count` samples at 16 kHz were taken, the first at time `at`: (count,) float32.

        With `lead_s`, what sounds so many seconds later. Each call continues where the last one ended, unless
        `restart` is called between them.
        """
        position = self._position_at(at)
        if position is None:
            self.short_s = 0.0
            return np.zeros(count, np.float32)
        self._alignment.update(position / self._rate_hz)
        begin = (self._alignment.offset_s + lead_s) * self._rate_hz
        step = self._alignment.pace * self._rate_hz / RATE_HZ
        self._alignment.advance(count / RATE_HZ)
        return self._interpolate(begin + step * np.arange(count))

    def _position_at(self, at: float) -> float | None:
        """The sample that sounds at time `at`, by the times of the blocks as they were reported."""
        newest = self._blocks - 1
        if newest < 0:
            return None
        self._block = max(self._block, newest - BLOCKS // 2)
        while self._block < newest and self._times[(self._block + 1) % BLOCKS] <= at:
            self._block += 1
        number = self._block % BLOCKS
        return self._starts[number] + (at - self._times[number]) * self._rate_hz

    def _interpolate(self, places: np.ndarray) -> Float32:
        """Sound at fractional positions, ascending, (n,) float64 -> (n,) float32."""
        whole = np.floor(places).astype(np.int64)
        begin, end = int(whole[0]) - self._half + 1, int(whole[-1]) + self._half + 1
        window = self._window(begin, end)
        if not window.any():
            return np.zeros(places.size, np.float32)
        taps = np.lib.stride_tricks.sliding_window_view(window, 2 * self._half)[whole - whole[0]]
        phases = np.rint((places - whole) * PHASES).astype(np.int64)
        sound: Float32 = np.einsum("ij,ij->i", taps, self._kernel[phases])
        return sound

    def _window(self, begin: int, end: int) -> Float32:
        """Samples `begin` to `end`, zeros where there are none."""
        window = np.zeros(end - begin, np.float32)
        written = self._ring.written
        self._peak = max(self._peak, min(self._ring.capacity, written - max(0, begin)))
        self._lost += max(0, min(end, written - self._ring.capacity) - max(begin, self._end, 0))
        self._end = max(self._end, min(end, written))
        self.short_s = max(0, end - written) / self._rate_hz
        low, high = max(begin, 0, written - self._ring.capacity), min(end, written)
        if low >= high:
            return window
        if lost := self._ring.copy(low, window[low - begin : high - begin]):
            window[low - begin : low - begin + lost] = 0
        window /= np.float32(FULL_SCALE)
        return window


def _kernel(rate_hz: int) -> tuple[int, Float32]:
    """Half a sinc's length h, samples, and a sinc for each phase: (PHASES + 1, 2 h), each with a sum of 1."""
    cutoff = 0.92 * min(1.0, RATE_HZ / rate_hz)  # of half of `rate_hz`
    half = math.ceil(ZERO_CROSSINGS / cutoff)
    places = np.arange(-half + 1, half + 1) - np.arange(PHASES + 1)[:, np.newaxis] / PHASES
    shape = np.sqrt(np.maximum(0.0, 1.0 - (places / half) ** 2))
    kernel = np.sinc(cutoff * places) * np.i0(KAISER_BETA * shape)
    kernel /= kernel.sum(axis=1, keepdims=True)
    return half, kernel.astype(np.float32)
