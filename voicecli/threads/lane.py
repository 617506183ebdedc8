"""Who computes next: a worker that is about to call an engine waits here, and the most urgent goes first.

In this file a turn is the right to compute, not a turn of the talk. `urgency` says which work is urgent. An
engine serves one call at a time, except the language model, which has a slot for each talk. Nothing under way
is stopped: llama.cpp's threads give way by their priority (`priority.step_back`), and all else is short.
Capture, conversion, echo cancelling, detection and the gate take no turn, and never wait.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from itertools import count
from typing import TYPE_CHECKING

from voicecli.waiting.urgency import PATIENCE_S, Request, Work, who_begins

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator

    from voicecli.system.clock import Clock

SHARE = 0.5
"""Largest share of its time that a talk's recogniser spends on words that may still change. The user may
pause at any moment, and the final pass then waits for the pass that is going on."""


class Lane:
    """Shared by all talks of a process."""

    def __init__(self, cores: int, clock: Clock) -> None:
        self._cores = cores
        self._clock = clock
        self._changed = threading.Condition()
        self._numbers = count(1)
        self._waiting: list[Request] = []
        self._at_work: list[Request] = []
        self.waited_s: dict[Work, float] = dict.fromkeys(Work, 0.0)
        """How long each kind of work waited for its turns, in all, s."""

    @contextmanager
    def turn(self, work: Work, engine: Hashable = None) -> Iterator[Request]:
        """Wait for a turn, and have it."""
        with self._changed:
            request = self._request(work, engine)
            self._waiting.append(request)
            while request not in self._next():
                self._changed.wait(PATIENCE_S)
            self._waiting.remove(request)
            self._at_work.append(request)
            self.waited_s[work] += self._clock.now() - request.asked_at
        try:
            yield request
        finally:
            self.end(request)

    def end(self, request: Request) -> None:
        """End a turn, even if its work still runs. A second call does nothing."""
        with self._changed:
            if request in self._at_work:
                self._at_work.remove(request)
                self._changed.notify_all()

    @property
    def waiting(self) -> int:
        """How many calls wait for their turn."""
        with self._changed:
            return len(self._waiting)

    def has_room(self, work: Work, engine: Hashable = None) -> bool:
        """Whether such work would begin at once."""
        with self._changed:
            request = self._request(work, engine)
            return request in self._next(request)

    def _request(self, work: Work, engine: Hashable) -> Request:
        return Request(work, next(self._numbers), engine, self._clock.now())

    def _next(self, *more: Request) -> list[Request]:
        return who_begins([*self._waiting, *more], self._at_work, self._cores, self._clock.now())


class Place:
    """One talk's place at the lane."""

    def __init__(self, lane: Lane, clock: Clock) -> None:
        self._lane = lane
        self._clock = clock
        self._rests_until: dict[Hashable, float] = {}
        self._at_work: dict[Hashable, Request] = {}

    @contextmanager
    def turn(self, work: Work, engine: Hashable = None) -> Iterator[None]:
        """Wait for a turn, and have it."""
        with self._lane.turn(work, engine) as request:
            self._at_work[engine] = request
            began_at = self._clock.now()
            try:
                yield
            finally:
                now = self._clock.now()
                self._rests_until[engine] = now + (now - began_at) * (1 / SHARE - 1)

    def give_up(self, engine: Hashable) -> None:
        """End the turn of a call that hangs in this engine, so that others need not wait for it."""
        if (request := self._at_work.pop(engine, None)) is not None:
            self._lane.end(request)

    def room_for(self, engine: Hashable) -> Work:
        """The least urgent of PARTIAL and LOOK that would begin at once; FINAL where neither would.

        After each turn an engine takes no PARTIAL work for a while, so that such work keeps within SHARE.
        """
        if not self._lane.has_room(Work.LOOK, engine):
            return Work.FINAL
        rested = self._clock.now() >= self._rests_until.get(engine, 0.0)
        return Work.PARTIAL if rested and self._lane.has_room(Work.PARTIAL, engine) else Work.LOOK
