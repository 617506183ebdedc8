"""Places where sound, text or events wait: how much, what happens when one is full, and why."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable

Policy: TypeAlias = Literal["block", "drop_oldest", "drop_newest", "latest", "drop_lightest"]

POLICIES: dict[Policy, str] = {
    "block": "the writer waits, or first hands on what is inside, so nothing is lost; all stages before it "
    "wait as well",
    "drop_oldest": "the writer may not wait, and the newest is worth most: the oldest is lost and counted",
    "drop_newest": "what does not fit is refused and counted; what is inside stays whole",
    "latest": "the newest replaces the one that waits, because it says all that the old one did",
    "drop_lightest": "the least important is lost first and counted (`events.weight`): first words that may "
    "still change, then how far a turn is, last its outcome and errors",
}
"""What happens to a writer that finds no room."""


@dataclass(frozen=True, slots=True)
class Buffer:
    """A place where something waits, declared once, by the file that holds it.

    `docs/backpressure.md` is made of the declarations, and the buffer audit shows them with their fill.
    """

    name: str
    unit: str
    """What `capacity` counts: `ms` of sound, `clauses`, `events`."""
    capacity: float
    policy: Policy
    why: str
    """Why this policy, and why so much."""
    setting: str = ""
    """The settings that `capacity` comes from; empty where it is fixed."""

    def __post_init__(self) -> None:
        if self.capacity <= 0 or self.policy not in POLICIES:
            raise ValueError(f"{self.name}: a capacity above 0 and one of {', '.join(POLICIES)}")

    def holding(self, capacity: float) -> Buffer:
        """The same place with another capacity."""
        return replace(self, capacity=capacity)

    def filled(
        self,
        fill: float | None,
        peak: float | None,
        losses: int = 0,
        *,
        adds_ms: float = 0.0,
        asked_ms: float | None = None,
        lag_s: float = 0.0,
        of: str = "",
    ) -> BufferFill:
        """What is in it at this moment; `of` says which one, where there are several."""
        name = f"{self.name}: {of}" if of else self.name
        return BufferFill(
            name, self.unit, self.capacity, fill, peak, losses, adds_ms, self.policy, lag_s, asked_ms
        )


@dataclass(frozen=True, slots=True)
class BufferFill:
    """One buffer at one moment."""

    name: str
    unit: str
    """What `capacity`, `fill` and `peak` count: `ms` of sound, `clauses`, `events`."""
    capacity: float
    fill: float | None
    """Amount that waits now; None where nobody can look."""
    peak: float | None
    """Most that ever waited; None where nobody can look."""
    losses: int
    """Items or samples lost because the buffer was full; 0 where the writer waits."""
    adds_ms: float
    """Latency that it adds at least, even when all is well, ms."""
    policy: str
    """What happens when it is full: see `POLICIES`."""
    lag_s: float = 0.0
    """How long the oldest of what waits has waited, s, where that is known."""
    asked_ms: float | None = None
    """Of a device: the latency that was asked for, ms. `adds_ms` is what the device says it has."""


def added_ms(buffers: Iterable[BufferFill]) -> float:
    """Latency that all of them together add to the way from mouth to ear, even when all is well, ms."""
    return sum(buffer.adds_ms for buffer in buffers)


EVENTS_LOST = "events lost"
SOUND_UNSENT = "samples for the server lost"

LOST = {
    "microphone overflows": "some of what you said may be lost",
    "microphone samples lost": "some of what you said may be lost",
    "loudspeaker underflows": "the loudspeaker had gaps",
    "gaps in the reply": "the reply had gaps",
    "pieces of speech lost": "some of what you said was lost",
    SOUND_UNSENT: "some of what you said did not reach the server",
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
    SOUND_UNSENT: "pause while the connection is lost, or move nearer to the network",
    EVENTS_LOST: "read faster, or close what keeps the processor or the disk busy",
}
"""Counter of losses -> what to do."""
