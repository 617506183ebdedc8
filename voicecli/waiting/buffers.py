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

_TOO_BUSY = "close what keeps the processor busy"

REMEDIES = {
    "microphone overflows": f"{_TOO_BUSY}, or raise audio.latency_ms in the settings",
    "microphone samples lost": f"{_TOO_BUSY}: speech was not looked at in time",
    "loudspeaker underflows": f"{_TOO_BUSY}, or raise audio.latency_ms in the settings",
    "gaps in the reply": f"{_TOO_BUSY}, or raise playback.jitter_min_ms in the settings",
    "pieces of speech lost": f"pause now and then, or set a quicker transcribe.model; {_TOO_BUSY}",
    EVENTS_LOST: "read faster, or close what keeps the processor or the disk busy",
}
"""Counter of losses -> what to do."""
