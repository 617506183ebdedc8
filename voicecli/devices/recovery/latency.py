"""Which latency to ask of a device: more after it lost sound, less after a long calm. Pure: told the time.

    xruns   x      x  x                                                x  x
    asked   40 ------- 60 ------- calm for CALM_S -------- 40 --------- 60 ----- calm for twice as long -- 40

An xrun: the device had no sound to play, or no room for what it heard, because this program came too late.
"""

from __future__ import annotations

FACTOR = 1.5
"""From one step to the next: 40, 60, 90, 135, 200 ms. A choice."""

MOMENT_S = 1.0
"""Seconds. Xruns so close together have one cause, and count as one."""

MOMENTS, WITHIN_S = 2, 30.0
"""Moments with xruns, and seconds: so many within that time, and the latency grows. One moment alone is not
worth the gap of opening the device anew."""

SETTLE_S = 3.0
"""Seconds after a device was opened in which its xruns do not count: on a busy computer PulseAudio's device
begins with up to 0.9 s of them, whatever comes after (docs/decisions/0039)."""

CALM_S, LONGEST_CALM_S = 120.0, 3600.0
"""Seconds without an xrun after which the latency shrinks. It doubles each time that it was too short."""


class Following:
    """The latency asked of one device: `start_ms` up to `most_ms`; always `start_ms` if that is more."""

    def __init__(self, start_ms: int, most_ms: int) -> None:
        self._ladder = [start_ms]
        while self._ladder[-1] < most_ms:
            self._ladder.append(min(most_ms, round(self._ladder[-1] * FACTOR)))
        self._step = 0
        self._seen = 0
        self._moments: list[float] = []
        self._calm_since = self._counts_from = 0.0
        self._calm_s = CALM_S
        self._shrank = False

    @property
    def asked_ms(self) -> int:
        """What to ask of the device when it is opened, ms."""
        return self._ladder[self._step]

    def opened(self, now: float) -> None:
        """Note that the device was opened."""
        self._moments = []
        self._calm_since, self._counts_from = now, now + SETTLE_S

    def see(self, xruns: int, now: float) -> None:
        """Take the count of xruns so far. Call it a few times a second."""
        more, self._seen = xruns > self._seen, xruns
        if not more or now < self._counts_from:
            return
        self._calm_since, self._counts_from = now, now + MOMENT_S
        recent = (at for at in self._moments if now - at < WITHIN_S)
        self._moments = [*recent, now][-MOMENTS:]

    def due(self, now: float) -> int:
        """Give 1 where the device should be opened anew with more latency, -1 with less, else 0."""
        if len(self._moments) >= MOMENTS and self._step + 1 < len(self._ladder):
            return 1
        return -1 if self._step and now - self._calm_since >= self._calm_s else 0

    def step(self, now: float) -> None:
        """Take the step that is `due`; the caller then opens the device anew."""
        due = self.due(now)
        self._step += due
        if due > 0 and self._shrank:
            self._calm_s = min(LONGEST_CALM_S, 2 * self._calm_s)
        self._shrank = due < 0 or (self._shrank and due == 0)
