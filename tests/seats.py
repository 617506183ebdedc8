"""Simple engines -> what a talk gets its engines from: a `Seat` for each, and the `Session` with all."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from voicecli.engines import Seat, Session
from voicecli.system.clock import MonotonicClock
from voicecli.talk.attempts import Attempts
from voicecli.threads.lane import Lane, Place

if TYPE_CHECKING:
    from voicecli.system.clock import Clock

E = TypeVar("E")


def seat(engine: E) -> Seat[E]:
    """Always the same engine, however often it fails."""
    return Seat(lambda: engine)


def place(clock: Clock) -> Place:
    """On two cores that nobody else uses."""
    return Place(Lane(2, clock), clock)


def attempts(clock: Clock) -> Attempts:
    """Of a talk that has the cores for itself."""
    return Attempts(clock, place(clock))


def seated(
    detector: object, judge: object, scribe: object, model: object, voice: object, clock: Clock | None = None
) -> Session:
    """Each is only asked for what the test needs of it; a recogniser may come with its seat."""
    at = place(clock or MonotonicClock())
    recogniser = scribe if isinstance(scribe, Seat) else seat(scribe)
    return Session(seat(detector), seat(judge), recogniser, seat(model), seat(voice), at)  # type: ignore[arg-type]  # duck-typed
