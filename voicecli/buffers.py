"""How full a place is where sound or text waits, for the buffer audit of `voicecli bench`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class BufferFill:
    """One such place at one moment."""

    name: str
    unit: str
    """What `capacity`, `fill` and `peak` count: `ms` of sound, `clauses`, `events`."""
    capacity: float
    fill: float
    """What waits now."""
    peak: float
    """The most that ever waited."""
    losses: int
    """Items or samples lost because it was full; 0 where the writer waits."""
    adds_ms: float
    """Latency it adds at least, even when all is well."""
    policy: str
    """What happens when it is full: `wait`, `drop_oldest`, or `drop_lightest`: what is missed least."""


EVENTS_LOST = "events lost"

LOST = {
    "microphone overflows": "some of what you said may be lost",
    "microphone samples lost": "some of what you said may be lost",
    "loudspeaker underflows": "the loudspeaker had gaps",
    "gaps in the reply": "the reply had gaps",
    "pieces of speech lost": "some of what you said was lost",
    EVENTS_LOST: "something was not shown, or not written",
}
"""What each counter of losses means to a person."""
