"""A hiss over the agent -> whether the agent holds until it is known what it was. Pure.

    hiss       s s s s . . . . T O O O P                 s s s s
    speech     . . . . . . . . . # # # #                 . . . .
    agent    > > | held  . . . . until it is decided      > > | held . . .  goes on
                                 what was said                    0.3 s

Nothing is decided by a hiss alone, and nothing is lost by waiting: a held reply goes on where it broke off.
After two holds for nothing the room is taken to hiss, and the agent is held only for speech, as ever.
"""

from __future__ import annotations

import math
from collections import deque
from typing import TYPE_CHECKING

from voicecli.messages import FRAME_S

if TYPE_CHECKING:
    from voicecli.floor.facts import Hiss

HOLD_STEPS = 3
"""Steps of 10 ms of a hiss that hold the agent. A key has one or two, the agent's echo never three."""

FRESH_STEPS = 20
"""Steps of 10 ms: a hiss that has lasted longer begins no hold. It began before the agent spoke, or went on
after a hold, as a water tap does."""

WAITS_S = 0.3
"""s without hiss or speech after which the agent goes on. In "Stop" Silero finds speech 60 to 130 ms after
the hiss; the gate wants three frames of it."""

LONGEST_S = 1.5
"""s: no hiss holds the agent for longer, if no speech follows. The longest "Shh" lasts about this long."""

MOST_FOR_NOTHING = 2
REMEMBERED_S = 20.0
"""After MOST_FOR_NOTHING holds for nothing within REMEMBERED_S, a hiss does not hold the agent: perhaps
somebody wraps a present beside the microphone."""


class Hush:
    """Holds for a hiss: since when, until when, and how often for nothing."""

    def __init__(self) -> None:
        self._since = self._until = -math.inf
        self._for_nothing: deque[float] = deque(maxlen=MOST_FOR_NOTHING)

    def take(self, hiss: Hiss, *, held: bool) -> bool:
        """Take the next report of a hiss; say whether the agent holds. `held`: it does already."""
        at = hiss.at
        if hiss.barge_in == "off" or not (hiss.audible or held) or hiss.steps < HOLD_STEPS:
            return False
        if not self._lasts(at):
            if hiss.steps > FRESH_STEPS or self._in_vain(at):
                return False
            self._since = at
        self._until = at + WAITS_S
        return True

    def lasts(self, at: float, *, spoken: bool) -> bool:
        """Whether the agent still waits for what comes, as of the frame at `at`. `spoken`: it is speech."""
        if self._until == -math.inf:
            return False
        if spoken:
            self._until = max(self._until, at + FRAME_S + WAITS_S)
        if self._lasts(at):
            return True
        self._until = -math.inf
        self._for_nothing.append(at)
        return False

    def was_right(self) -> None:
        """Note that speech followed."""
        self.let_go()
        self._for_nothing.clear()

    def let_go(self) -> None:
        """Wait no longer."""
        self._until = -math.inf

    def _lasts(self, at: float) -> bool:
        return at < min(self._until, self._since + LONGEST_S)

    def _in_vain(self, at: float) -> bool:
        """Whether too many of the latest holds were for nothing."""
        return len(self._for_nothing) == MOST_FOR_NOTHING and at - self._for_nothing[0] < REMEMBERED_S
