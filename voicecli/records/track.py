"""Blocks with the times at which they met the air -> one side of a recording, a sample for each moment.

A device's clock runs up to 200 ppm beside the computer's, and the times that it reports jitter by
milliseconds. `Alignment` draws a steady line through them; where that line falls between two samples, this
file interpolates. Sound that is missing, because a device was away or a reader was late, is silence.

    device    [block at 1.00 s][block at 1.02 s]      (device gone)      [block at 3.50 s] ...
    track     ................. ................ 0 0 0 0 0 0 0 0 0 0 0 0 ................. ...
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from voicecli.audio.convert import Resampler
from voicecli.listen.echo.align import Alignment

if TYPE_CHECKING:
    from voicecli.messages import Float32

BREAK_S = 0.1
"""Where a block's time is this far from where the blocks before it lead, sound is missing: no clock drifts
and no time jitters so far."""

KEPT_S = 0.02
"""Sound after the place that was reached is kept this long, s: a correction of the line may step back."""

EXACT = 1e-3
"""Closer than this to a sample, in samples, counts as being on it."""


class Track:
    """Mono float32 at `to_hz`; sample k stands at `began_at + k / to_hz` s."""

    def __init__(self, from_hz: int, to_hz: int, began_at: float) -> None:
        self._from_hz = from_hz
        self._to_hz = to_hz
        self._began_at = began_at
        self._taken = 0
        self._made: list[Float32] = []
        self.ready = 0
        """Samples made so far, those that were taken included."""
        self._line: Alignment | None = None  # position in the run, s, by time
        self._line_at = 0.0
        self._run_s = 0.0  # length of what was pushed of this run, at the device's rate
        self._resampler = Resampler(from_hz, to_hz)
        self._run: Float32 = np.zeros(0, np.float32)  # this run at `to_hz`, as far as it is still needed
        self._run_begin = 0  # position in the run of the first sample of it
        self._expected = -1

    def push(self, samples: Float32, at: float, position: int, *, after_loss: bool = False) -> None:
        """Take (n,) samples, the first at time `at`; `position` tells whether they follow the last ones."""
        if self._broken(at, position) or after_loss:
            self.end_run()
            self._line, self._run_s = Alignment(), 0.0
            self._resampler = Resampler(self._from_hz, self._to_hz)
            self._run, self._run_begin = np.zeros(0, np.float32), 0
        elif self._line is not None:
            self._line.advance(at - self._line_at)
        assert self._line is not None
        self._line_at = at
        self._line.update(self._run_s)
        self._expected = position + len(samples)
        self._run_s += len(samples) / self._from_hz
        self._run = np.concatenate((self._run, self._resampler.push(samples)))
        self._make()

    def _broken(self, at: float, position: int) -> bool:
        if self._line is None or position != self._expected:
            return True
        led_to = self._line.offset_s + (at - self._line_at) * self._line.pace
        return abs(led_to - self._run_s) > BREAK_S

    def end_run(self) -> None:
        """Let out what the resampler still holds: what comes next does not follow."""
        if self._line is not None:
            rest = self._resampler.push(np.zeros(0, np.float32), last=True)
            self._run = np.concatenate((self._run, rest))
            self._make(last=True)
            self._line = None

    def _place(self, sample: int) -> float:
        """Where in the run the sound of this sample is, in samples at `to_hz`."""
        assert self._line is not None
        at = self._began_at + sample / self._to_hz
        return (self._line.offset_s + (at - self._line_at) * self._line.pace) * self._to_hz

    def _make(self, *, last: bool = False) -> None:
        """Make as many samples as the run has sound for."""
        assert self._line is not None
        pace = self._line.pace
        first = self._place(self.ready)
        if first < -EXACT:  # the run begins later
            count = math.ceil((-first - EXACT) / pace)
            self._add(np.zeros(count, np.float32))
            first = self._place(self.ready)
        end = self._run_begin + len(self._run)
        ahead = 1 if last else 2  # samples after a place that the interpolation needs
        count = math.floor((end - ahead - first + EXACT) / pace) + 1
        if count > 0 and len(self._run):
            self._add(self._interpolated(first + pace * np.arange(count)))
        kept_from = math.floor(self._place(self.ready)) - round(KEPT_S * self._to_hz)
        done = max(0, min(len(self._run), kept_from - self._run_begin))
        self._run = self._run[done:]
        self._run_begin += done

    def _interpolated(self, places: np.ndarray) -> Float32:
        """Values between samples, by cubic Hermite curves; a place on a sample gives that sample."""
        places = places - self._run_begin
        whole = np.rint(places)
        if np.abs(places - whole).max() < EXACT:
            exact: Float32 = self._run[np.clip(whole.astype(np.int64), 0, len(self._run) - 1)]
            return exact
        whole = np.floor(places).astype(np.int64)
        share = (places - whole).astype(np.float32)
        last = len(self._run) - 1
        before, left, right, after = (self._run[np.clip(whole + step, 0, last)] for step in (-1, 0, 1, 2))
        slope = (right - before) / 2
        bend = before - 2.5 * left + 2 * right - 0.5 * after
        twist = (after - before) / 2 + 1.5 * (left - right)
        curve: Float32 = ((twist * share + bend) * share + slope) * share + left
        return curve

    def _add(self, samples: Float32) -> None:
        self._made.append(samples)
        self.ready += len(samples)

    def take(self, until: int) -> Float32:
        """All samples up to number `until` that were not taken yet; silence where there is no sound."""
        if self.ready < until:
            self._add(np.zeros(until - self.ready, np.float32))
        made = np.concatenate([*self._made, np.zeros(0, np.float32)])
        count = max(0, until - self._taken)
        self._made = [made[count:]]
        self._taken += count
        return made[:count]

    def skip(self, until: int) -> None:
        """Throw away all samples up to number `until` that were not taken yet."""
        if until > self._taken:
            made = np.concatenate([*self._made, np.zeros(0, np.float32)])
            self._made = [made[until - self._taken :]]
            self.ready = max(self.ready, until)
            self._taken = until
