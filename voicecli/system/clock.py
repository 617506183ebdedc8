"""The clocks: the one place of the program that reads the time.

Whatever needs the time gets a `Clock` as an argument. Tests give a `FakeClock` and run a minute of talk in
microseconds.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import threading


class Clock(Protocol):
    """A source of time."""

    def now(self) -> float:
        """Seconds, on a clock that never goes back."""
        ...

    def local(self) -> datetime:
        """Local date and time."""
        ...

    def wait(self, event: threading.Event, timeout_s: float) -> bool:
        """Wait for `event`, at most `timeout_s`; say whether it is set."""
        ...


class MonotonicClock:
    """The computer's own monotonic clock."""

    def now(self) -> float:
        """Seconds since some fixed moment."""
        return time.monotonic()

    def local(self) -> datetime:
        """Date and time in the computer's time zone."""
        return datetime.now().astimezone()

    def wait(self, event: threading.Event, timeout_s: float) -> bool:
        """Wait on the event itself, so that setting it ends the wait at once."""
        return event.wait(timeout_s)


SOME_DAY = datetime(2026, 3, 17, 15, 42, tzinfo=UTC)
"""When a `FakeClock` begins, unless told otherwise: a Tuesday afternoon."""


class FakeClock:
    """A clock that moves only when told, or by the waits asked of it."""

    def __init__(self, start: float = 100.0, local: datetime = SOME_DAY) -> None:
        """`start` is what `now` gives at first, `local` what `local` gives."""
        self._now = start
        self._origin = local - timedelta(seconds=start)

    def now(self) -> float:
        """Seconds, as the clock was last moved."""
        return self._now

    def local(self) -> datetime:
        """Date and time, which move on as `now` does."""
        return self._origin + timedelta(seconds=self._now)

    def advance(self, seconds: float) -> None:
        """Move the clock on."""
        self._now += seconds

    def wait(self, event: threading.Event, timeout_s: float) -> bool:
        """Return at once, with the time moved on by `timeout_s` unless the event was set."""
        if not event.is_set():
            self.advance(timeout_s)
        return event.is_set()
