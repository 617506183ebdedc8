"""What the workers share: whose turn it is, where its time went, and a way to tell the outside."""

from __future__ import annotations

import itertools
import threading
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from voicecli.channel import Channel, Closed

if TYPE_CHECKING:
    from voicecli.clock import Clock
    from voicecli.events import Event


@dataclass(slots=True)
class TurnTimes:
    """Moments of one turn, seconds on the monotonic clock, in the order in which they follow from one another.

    Each is written once, by the worker that reaches it, and read when the turn is over. The turn may be
    decided anywhere between the second and the last.
    """

    speech_ended_at: float | None = None
    """The last speech sample met the microphone."""
    heard_at: float | None = None
    """It had come through the device and the detector."""
    draft_at: float | None = None
    """The draft that was spoken began: so many quiet frames, or a partial transcript that held."""
    transcribed_at: float | None = None
    """The transcript was there."""
    first_token_at: float | None = None
    """The language model gave its first text."""
    first_clause_at: float | None = None
    """The first clause was complete."""
    first_audio_at: float | None = None
    """The first clause was synthesised."""
    decided_at: float | None = None
    """The turn was taken."""
    playback_at: float | None = None
    """The first audible sample left the loudspeaker, the device's latency included."""

    def latency_ms(self) -> dict[str, float]:
        """Milliseconds each stage added, by `STAGES`, and their `total`; empty unless the turn came to sound.

        What was done before the user fell silent added nothing.
        """
        moments = [getattr(self, field.name) for field in fields(self)]
        if any(at is None for at in moments):
            return {}
        # One that is reached early waits for those before it: nothing adds less than nothing.
        reached = list(itertools.accumulate(moments[:-1], max)) + moments[-1:]
        spent = {
            stage: round((at - before) * 1000, 1)
            for stage, (before, at) in zip(STAGES, itertools.pairwise(reached), strict=True)
        }
        return {**spent, "total": round((moments[-1] - moments[0]) * 1000, 1)}

    @property
    def decided_ms(self) -> float | None:
        """Milliseconds from the last speech sample to the decision, whatever was done meanwhile."""
        if self.decided_at is None or self.speech_ended_at is None:
            return None
        return round((self.decided_at - self.speech_ended_at) * 1000, 1)


STAGES = (
    "device_in",
    "pause",
    "transcribe",
    "first_token",
    "first_clause",
    "first_audio",
    "decision",
    "playback",
)
"""What lies between one moment of `TurnTimes` and the next."""


class Turns:
    """The floor. A reply belongs to a turn; one to an older turn than `newest` is not wanted any more.

    `newest` is written by the listening thread alone, `settled` by the replying thread alone; every worker
    may read both. The times of a turn exist from `open` until `settle`.
    """

    def __init__(self, clock: Clock, began: float) -> None:
        """`began` is the time the `t` of events is counted from."""
        self.clock = clock
        self.stop = threading.Event()
        self.ready = False
        """Written by the replying thread: the model is warm, or it failed. Before that nobody is heard."""
        self.newest = 0
        self.settled = 0
        """No reply to this turn, or to an older one, is still to come."""
        self.times: dict[int, TurnTimes] = {}
        self.events: Channel[Event] = Channel("events", 1024, "drop_oldest")
        """For a view: one that is late loses the oldest, the voice never waits for it."""
        self._began = began

    def open(self) -> int:
        """Listening thread: the user begins a turn; give its number."""
        turn = self.newest + 1
        self.times[turn] = TurnTimes()
        self.newest = turn
        return turn

    def settle(self, turn: int) -> None:
        """Replying thread: this turn is over, and with it those before."""
        for old in [number for number in self.times if number <= turn]:
            del self.times[old]
        self.settled = turn

    def cancelled(self, turn: int) -> bool:
        """Whether the reply to `turn` is not wanted any more."""
        return self.stop.is_set() or turn < self.newest

    def elapsed_s(self) -> float:
        """Seconds since the talk began, the `t` of events."""
        return round(self.clock.now() - self._began, 3)

    def emit(self, event: Event) -> None:
        """Tell the outside; after the end there is nobody to tell."""
        try:
            self.events.put(event)
        except Closed:
            self.stop.set()
