"""The thread that converts the sound of one adapted device, from its beginning until `close`."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Protocol

from voicecli.system.priority import step_forward
from voicecli.threads.worker import Worker

if TYPE_CHECKING:
    from collections.abc import Callable

    from voicecli.system.clock import Clock

POLL_S = 0.005
"""Seconds between two looks at the ring, which the audio thread cannot announce without a lock: a quarter of
a usual block."""

END_S = 1.0
"""Longest wait for the end; a call of `move` takes less than 1 ms."""


class Moves(Protocol):
    """What calls a `move` again and again, as `Mover` does."""

    @property
    def failure(self) -> BaseException | None:
        """What `move` raised, if it did."""
        ...

    def close(self) -> None:
        """Call it no more."""
        ...


class Mover:
    """Calls `move` every `POLL_S`."""

    def __init__(self, move: Callable[[], None], clock: Clock) -> None:
        self._stop = threading.Event()

        def body() -> None:
            step_forward()  # the sound waits for this thread
            while not clock.wait(self._stop, POLL_S):
                move()

        self._worker = Worker("adapt", body, lambda: None)
        self._worker.start()

    @property
    def failure(self) -> BaseException | None:
        """What `move` raised, if it did."""
        return self._worker.failure

    def close(self) -> None:
        """End the thread, and wait for that."""
        self._stop.set()
        self._worker.join(END_S)
