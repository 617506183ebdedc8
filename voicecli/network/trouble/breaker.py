"""Whether a server is asked at all: not while it has just failed again and again (a circuit breaker).

    closed     every question goes to the server          FAILURES in a row           -> open
    open       none does, for FIRST_S, then twice as      the time is over            -> half open
               long each time, LONGEST_S at most
    half open  one question goes there, as a probe        it is answered              -> closed
                                                          it fails                    -> open

All talks that ask the server share it, each on a thread of its own.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from voicecli.system.clock import Clock

FAILURES = 3
"""Failures in a row that open it. A choice: one may be chance, and each costs its user a turn."""
FIRST_S = 5.0
"""How long it stays open at first, s. A choice: about the time to read an error and to ask once more."""
LONGEST_S = 60.0
"""How long it stays open at most, s, also where the server asks for more."""

BreakerState: TypeAlias = Literal["closed", "open", "half open"]


class Breaker:
    """What is known of whether one server works. Any thread."""

    def __init__(self, clock: Clock) -> None:
        """`clock` tells when to try again."""
        self._clock = clock
        self._lock = threading.Lock()
        self._failures = 0
        self._opened = False
        self._open_s = 0.0
        self._until = 0.0
        self._asked = 0
        self._probe = 0
        """Number of the question that is under way as a probe; 0 for none."""

    @property
    def state(self) -> BreakerState:
        """Whether questions go to the server."""
        if not self._opened:
            return "closed"
        return "open" if self._clock.now() < self._until else "half open"

    @property
    def open_for_s(self) -> float:
        """How long no question goes to the server yet, s."""
        return max(0.0, self._until - self._clock.now()) if self._opened else 0.0

    def ask(self) -> int:
        """Give a number to a question that may go to the server; 0 where it may not.

        Call `worked`, `failed` or `left` with that number when it is known what came of it.
        """
        with self._lock:
            if self._opened and (self._probe or self._clock.now() < self._until):
                return 0
            self._asked += 1
            if self._opened:
                self._probe = self._asked
            return self._asked

    def worked(self, question: int) -> bool:
        """The server has answered: say whether that closes it."""
        with self._lock:
            closes, self._opened = self._opened, False
            self._failures, self._open_s = 0, 0.0
            self._release(question)
            return closes

    def failed(self, question: int, wait_s: float | None = None) -> bool:
        """The server has failed, or wants to be left alone for `wait_s`; say whether that opens it.

        A probe that fails keeps it open, and so says False.
        """
        with self._lock:
            probed = question == self._probe
            self._release(question)
            if self._opened and not probed:
                return False  # the question was under way before it opened
            self._failures += 1
            if not (probed or wait_s or self._failures >= FAILURES):
                return False
            self._open_s = min(max(FIRST_S, 2 * self._open_s, wait_s or 0.0), LONGEST_S)
            self._until = self._clock.now() + self._open_s
            opens, self._opened = not self._opened, True
            return opens

    def left(self, question: int) -> None:
        """Nobody wants the answer any more: that proves nothing."""
        with self._lock:
            self._release(question)

    def _release(self, question: int) -> None:
        if question == self._probe:
            self._probe = 0
