"""How full each buffer is, for the buffer audit of `voicecli bench`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class BufferFill:
    """One buffer at one moment."""

    name: str
    unit: str
    """What `capacity`, `fill` and `peak` count: `ms` of sound, `clauses`, `events`."""
    capacity: float
    fill: float
    """Amount that waits now."""
    peak: float
    """Most that ever waited."""
    losses: int
    """Items or samples lost because the buffer was full; 0 where the writer waits."""
    adds_ms: float
    """Latency that it adds at least, even when all is well, ms."""
    policy: str
    """What happens when it is full: `wait`, `drop_oldest`, or `drop_lightest` (see `events.weight`)."""
    lag_s: float = 0.0
    """How long the oldest of what waits has waited, s, where that is known."""


EVENTS_LOST = "events lost"

LOST = {
    "microphone overflows": "some of what you said may be lost",
    "microphone samples lost": "some of what you said may be lost",
    "loudspeaker underflows": "the loudspeaker had gaps",
    "gaps in the reply": "the reply had gaps",
    "pieces of speech lost": "some of what you said was lost",
    EVENTS_LOST: "something was not shown, or not written",
}
"""Counter of losses -> what it means to a person."""
