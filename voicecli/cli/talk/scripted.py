"""A scripted user: plays one recording after another to a talk on simulated devices."""

from __future__ import annotations

from typing import TYPE_CHECKING

from voicecli.devices.simulated import RecordedUser

if TYPE_CHECKING:
    from collections.abc import Iterator

    from voicecli.messages import Int16
    from voicecli.system.clock import Clock
    from voicecli.talk import Talk


class Script:
    """Says each line once the agent has answered the one before and `pause_s` of quiet have passed."""

    def __init__(self, lines: Iterator[Iterator[Int16]], pause_s: float, clock: Clock) -> None:
        self.user = RecordedUser()
        self._lines = lines
        self._pause_s = pause_s
        self._clock = clock
        self._quiet_since: float | None = None

    def finished(self, talk: Talk) -> bool:
        """Say the next line if it is time; give whether the last was answered. Call it again and again."""
        if not (self.user.finished and talk.idle):
            self._quiet_since = None
            return False
        now = self._clock.now()
        self._quiet_since = self._quiet_since or now
        if now - self._quiet_since < self._pause_s:
            return False
        self._quiet_since = None
        line = next(self._lines, None)
        if line is not None:
            self.user.say(line)
        return line is None
