"""A voice that never pauses (a television): its turn is ended, then it is ignored until it pauses. Pure.

    voice    # # # # # # # # # # # # # # # # # # # # # # # # .  .  .  .    # # #
    turn     open . . . . . . max_s | ended, answered                      the next
    onsets                             x   x   x   x   x   x   QUIET_S     taken
    agent                                  > > > > > > >

What was said until then is answered, because it may be a user's: nothing tells a lecture from a dictation.
Each onset that follows is dropped, so the answer can be heard; keys and typed lines work as ever.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from voicecli import events
from voicecli.floor.orders import EndSegment
from voicecli.messages import SpeechStarted

if TYPE_CHECKING:
    from voicecli.floor.facts import Frame
    from voicecli.floor.turns.exchange import Exchange, Out
    from voicecli.messages import SegmentEvent

QUIET_S = 0.5
"""s without speech after which the voice has paused. A choice: longer than the gaps between the words of a
person who reads aloud, and shorter than a pause that ends a turn."""


class Endless:
    """Whether a turn has grown too long, and whether the voice of the last such turn still goes on."""

    def __init__(self, out: Out, exchange: Exchange, longest_s: float) -> None:
        self._out = out
        self._exchange = exchange
        self._longest_s = longest_s
        self._ending = 0  # the newest turn that was ended for its length
        self._spoke_at = math.inf
        self.ignores = False
        """The voice of a turn that was ended still goes on, and is not listened to."""
        self._dropping = False  # some of it was thrown away since
        self._told = False

    def look(self, frame: Frame) -> None:
        """End the newest turn if it is longer than it may be, and tell the user, once in a talk."""
        turn = self._exchange.turns.get(self._exchange.newest)
        if turn is None or not turn.is_open or frame.at - turn.began_at < self._longest_s:
            return
        if self._ending != turn.number:
            self._ending = turn.number
            self._out.add(EndSegment())
            if not self._told:
                self._told = True
                found = f"a turn was ended after {self._longest_s:g} s; what follows is dropped until a pause"
                remedy = (
                    "switch off what talks beside you, use push to talk, or raise turn.max_s in the settings"
                )
                self._out.tell(events.Warned(self._out.t, found, remedy, turn.number))

    def ended(self, at: float) -> None:
        """The newest turn is over; if it was ended for its length, what follows is not listened to."""
        if self._ending == self._exchange.newest:
            self.ignores, self._dropping, self._spoke_at = True, False, at

    def take(self, event: SegmentEvent) -> None:
        """Take what the gate finds of the voice that is not listened to: it is thrown away."""
        if isinstance(event, SpeechStarted):
            self._spoke_at = event.at
            self._out.add(EndSegment(drop=True))
            if not self._dropping:
                self._dropping = True
                self._out.drop("endless", self._ending)

    def pauses(self, frame: Frame) -> bool:
        """Whether the voice has paused by now, so that the talk listens to the next speech."""
        if frame.at - self._spoke_at >= QUIET_S:
            self.ignores = False
        return not self.ignores

    def let_go(self) -> None:
        """The microphone closes."""
        self.ignores = False
