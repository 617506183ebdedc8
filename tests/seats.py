"""Simple engines -> the session of a talk."""

from __future__ import annotations

from typing import TypeVar

from voicecli.engines import Seat, Session

E = TypeVar("E")


def seat(engine: E) -> Seat[E]:
    """Always the same engine, however often it fails."""
    return Seat(lambda: engine)


def seated(detector: object, judge: object, scribe: object, model: object, voice: object) -> Session:
    """Each is only asked for what the test needs of it."""
    return Session(seat(detector), seat(judge), seat(scribe), seat(model), seat(voice))  # type: ignore[arg-type]
