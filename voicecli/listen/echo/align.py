"""How one device's clock runs against another's: jittering times -> a steady line.

A Kalman filter of two states, the offset between the clocks and their drift. At first the offset follows each
measurement, then less and less; the filter believes a drift only after it has seen it for long.
"""

from __future__ import annotations

from collections import deque

JITTER_S = 0.005
"""Assumed standard deviation of one measured time. It is larger than that of a single block, because the
errors of neighbouring blocks are alike."""

DRIFT = 1.5e-4
"""Standard deviation of the drift before anything is measured: crystals differ by 200 ppm at most."""

WANDER = 1e-7
"""How much a drift changes in a second, as a random walk. With this value, offsets are averaged over about a
minute: the times that sound servers report slide by some 10 ms in half a minute, though no clock does so
(measured)."""

JUMP_S = 0.008
JUMP_COUNT = 25
"""When the median error of the last JUMP_COUNT measurements is above JUMP_S, samples or time were lost."""


class Alignment:
    """What another clock shows now; `advance` moves the caller's own clock on. Both in seconds."""

    def __init__(self) -> None:
        self.offset_s = 0.0
        """What the other clock shows now."""
        self._drift = 0.0
        self._known = False
        self._offset_var = self._cross = 0.0
        self._drift_var = DRIFT**2
        self._errors: deque[float] = deque(maxlen=JUMP_COUNT)
        self.jumps = 0

    @property
    def pace(self) -> float:
        """Seconds of the other clock in one of this."""
        return 1.0 + self._drift

    def restart(self) -> None:
        """Take the next measurement for exact, without smoothing; keep the drift."""
        self._known = False

    def update(self, measured_s: float) -> None:
        """Take a measurement: the other clock shows about `measured_s` now."""
        if not self._known:
            self._take(measured_s)
            return
        error = measured_s - self.offset_s
        self._errors.append(error)
        if abs(error) > JUMP_S:
            usual = sorted(self._errors)[len(self._errors) // 2]
            if len(self._errors) == JUMP_COUNT and abs(usual) > JUMP_S:
                self.jumps += 1
                self._take(self.offset_s + usual)
                return
            error = JUMP_S if error > 0 else -JUMP_S  # one outlier must not change much
        certainty = self._offset_var + JITTER_S**2
        gain, drift_gain = self._offset_var / certainty, self._cross / certainty
        self.offset_s += gain * error
        self._drift += drift_gain * error
        self._drift_var -= drift_gain * self._cross
        self._offset_var *= 1.0 - gain
        self._cross *= 1.0 - gain

    def advance(self, seconds: float) -> None:
        """Let `seconds` pass on this clock."""
        self.offset_s += seconds * self.pace
        self._offset_var += seconds * (2.0 * self._cross + seconds * self._drift_var)
        self._cross += seconds * self._drift_var
        self._drift_var += seconds * WANDER**2

    def _take(self, measured_s: float) -> None:
        self.offset_s = measured_s
        self._offset_var, self._cross = JITTER_S**2, 0.0
        self._known = True
        self._errors.clear()
