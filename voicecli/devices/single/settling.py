"""Silence for a loudspeaker that has just been opened, until it takes sound no faster than it plays it.

    device   dry dry . dry dry dry . . . . . . . . . . . .      dry: what it was given before is lost
    given    silence for CALM_S after the last of them   sound

PulseAudio's ALSA device, opened for 40 ms on a busy computer, ran dry hundreds of times in its first 0.9 s,
and each time threw away what it had been given (docs/decisions/0039).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from voicecli.audio.streams import OnOutput
    from voicecli.messages import Int16
    from voicecli.system.clock import Clock

CALM_S = 0.25
"""Seconds. Such a device ran dry again after at most 0.02 s (10 devices)."""

LONGEST_S = 3.0
"""Seconds after which the device gets its sound in any case: a driver may always say that it ran dry."""


class Settling:
    """An `OnOutput`, which calls `fill` once the device has settled. For the audio thread alone."""

    def __init__(self, fill: OnOutput, clock: Clock) -> None:
        self._fill = fill
        self._clock = clock
        self._calm_at = self._latest = -1.0
        self._settled = False

    def __call__(self, block: Int16, at: float, dry: bool) -> None:  # noqa: FBT001  # as devices call it
        """Fill (n,) int16."""
        if self._settled or self._settles(self._clock.now(), dry=dry):
            self._fill(block, at, dry)
        else:
            block[:] = 0

    def _settles(self, now: float, *, dry: bool) -> bool:
        if self._latest < 0:
            self._calm_at, self._latest = now + CALM_S, now + LONGEST_S
        elif dry:
            self._calm_at = now + CALM_S
        self._settled = now >= min(self._calm_at, self._latest)
        return self._settled
